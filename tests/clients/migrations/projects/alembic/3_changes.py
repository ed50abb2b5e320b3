import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade():
    op.add_column("accounts", sa.Column("locale", sa.String(5), nullable=False, server_default="en"))
    op.alter_column("accounts", "display_name", new_column_name="full_name")
    op.drop_column("orders", "note", schema="shop")
    op.alter_column("orders", "account_id", type_=sa.BigInteger, schema="shop")
    op.create_unique_constraint("countries_name_key", "countries", ["name"], schema="shop")
    op.create_index("orders_number_idx", "orders", ["number"], unique=True, schema="shop")
    accounts = sa.table("accounts", sa.column("email"), sa.column("full_name"), sa.column("locale"), sa.column("balance"))
    op.execute(
        accounts.update().where(accounts.c.email.like("%.de")).values(locale="de", balance=accounts.c.balance + 10)
    )
    op.execute(accounts.delete().where(accounts.c.full_name.like("Eve%")))
