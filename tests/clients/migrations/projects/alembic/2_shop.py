import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2"
down_revision = "1"


def upgrade():
    op.execute("CREATE SCHEMA shop")
    number = sa.Sequence("invoice_number", start=1000, increment=10, schema="shop", data_type=sa.BigInteger)
    op.execute(sa.schema.CreateSequence(number))
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False, server_default=number.next_value()),
        sa.Column("state", sa.String(10), nullable=False, server_default="open"),
        sa.Column("note", sa.Text),
        sa.CheckConstraint("state IN ('open', 'paid', 'sent')", name="orders_state_check"),
        schema="shop",
    )
    countries = op.create_table(
        "countries",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("place", sa.BigInteger, sa.Identity()),
        schema="shop",
    )
    op.execute(
        """
        INSERT INTO shop.orders (id, account_id, state, note)
            SELECT '00000000-0000-0000-0000-000000000001', id, 'paid', 'first'
            FROM accounts WHERE email = 'ada@example.org'
        """
    )
    op.execute("INSERT INTO shop.orders (id, account_id) VALUES ('00000000-0000-0000-0000-000000000002', 2)")
    op.bulk_insert(countries, [{"code": "de", "name": "Deutschland"}, {"code": "fr", "name": "France"}])
    insert = postgresql.insert(countries)
    changed = insert.on_conflict_do_update(index_elements=["code"], set_={"name": insert.excluded.name})
    op.execute(changed.values([{"code": "de", "name": "Germany"}, {"code": "it", "name": "Italy"}]))
    op.execute(insert.values(code="fr", name="Frankreich").on_conflict_do_nothing())
