import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "1"
down_revision = None


def upgrade():
    accounts = op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(40), nullable=False),
        sa.Column("display_name", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column(
            "balance", sa.Numeric(12, 2), nullable=False, server_default=sa.text("0"), comment='in euros; never "negative"'
        ),
        sa.Column("settings", postgresql.JSONB, nullable=False, server_default="{}"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("email", name="accounts_email_key"),
        sa.CheckConstraint("balance >= 0", name="accounts_balance_check"),
        comment="who may log in",
    )
    op.create_index("accounts_created_at_idx", "accounts", ["created_at"])
    op.bulk_insert(
        accounts,
        [
            {
                "email": "ada@example.org",
                "display_name": "Ada",
                "balance": 12.5,
                "settings": {"theme": "dark", "tags": ["a", "b"]},
            },
            {"email": "bob@example.de", "display_name": None, "balance": 0, "settings": {}},
            {"email": "eve@example.org", "display_name": "Eve's; account", "balance": 0.01, "settings": {}},
        ],
    )
