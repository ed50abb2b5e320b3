import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade():
    labels = op.create_table(
        "labels",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("label", sa.Text, nullable=False),
    )
    op.execute("UPDATE accounts SET locale = 'fr'")
    op.execute("DELETE FROM labels WHERE id = 0")
    op.bulk_insert(labels, [{"id": 1, "label": "new"}])
