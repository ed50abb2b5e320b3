"""Migration tools themselves, each against a database that holds nothing yet.

Every tool has the same four steps in its own words (`projects`), so that all of them, on both servers, end in the same
tables with the same rows.
"""

import os
import uuid
from contextlib import contextmanager
from decimal import Decimal

import psycopg
import pytest
from servers import Site
from tools import TOOLS, finish

ORACLE = os.environ.get("FOREBAY_TEST_PG")
STEPS = (1, 2, 3)
LABELS = 4
VIEW = 5
# The second statement of the last step, and what makes it fail.
BROKEN = ("DELETE FROM labels", "DELETE FROM missing")


@contextmanager
def forebay(path):
    """A server of its own, whose database `forebay` is there without a dataset."""
    (path / "root").mkdir()
    with Site(path, path / "root").serve() as server:
        yield f"postgresql://forebay@{server['host']}:{server['port']}/forebay"


@contextmanager
def postgresql(_path):
    """A database of its own, with the search path that PostgreSQL begins with."""
    name = f"migrations_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(ORACLE, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute(f'ALTER DATABASE {name} SET search_path = "$user", public')
        try:
            yield f"{ORACLE.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Target:
    """An empty database and a tool's project for it."""

    def __init__(self, tool, home, url):
        self.tool = tool
        self.home = home
        self.url = url
        tool.set_up(home)

    def place(self, *steps, replaced=("", "")):
        for step in steps:
            self.tool.place(self.home, step, replaced)

    def apply(self):
        return finish(self.tool.start(self.home, self.url))

    def apply_twice_at_once(self):
        processes = [self.tool.start(self.home, self.url) for _ in range(2)]
        return [finish(process) for process in processes]

    def mend(self):
        if self.tool.mend:
            done(finish(self.tool.start(self.home, self.url, self.tool.mend)))

    def connect(self):
        return psycopg.connect(self.url, autocommit=True, connect_timeout=10)

    def history(self):
        with self.connect() as connection:
            return [str(version) for (version,) in connection.execute(self.tool.history)]

    def state(self):
        """Everything the steps make, but for what the clock tells."""
        with self.connect() as connection:
            return {name: connection.execute(query).fetchall() for name, query in STATE.items()}

    def check(self):
        """Everything is as the three steps leave it."""
        state = self.state()
        for name, wanted in WANTED.items():
            assert state[name] == wanted, name

    def texts(self):
        """What the server writes itself, from what it understood: defaults of columns and constraints."""
        with self.connect() as connection:
            return dict(connection.execute(TEXTS).fetchall())

    def refused(self, statement):
        """The SQLSTATE with which a statement fails."""
        with self.connect() as connection, pytest.raises(psycopg.Error) as caught:
            connection.execute(statement)
        return caught.value.sqlstate


@pytest.fixture(params=[forebay, postgresql], ids=["forebay", "postgresql"])
def server(request):
    return request.param


@pytest.fixture(params=TOOLS, ids=[tool.name for tool in TOOLS])
def target(request, server, tmp_path):
    tool = request.param
    if not tool.installed():
        pytest.skip(f"{tool.name} is not installed")
    home = tmp_path / "project"
    home.mkdir()
    with server(tmp_path) as url:
        yield Target(tool, home, url)


def done(result):
    code, said = result
    assert code == 0, said


# Tables of the tools themselves are not among these.
OWN = "('accounts', 'labels', 'orders', 'countries')"

STATE = {
    "columns": f"""
        SELECT table_schema, table_name, column_name, data_type, character_maximum_length, numeric_precision,
            numeric_scale, is_nullable
        FROM information_schema.columns WHERE table_schema IN ('public', 'shop') AND table_name IN {OWN}
        ORDER BY table_schema, table_name, ordinal_position
    """,
    "constraints": f"""
        SELECT conrelid::regclass::text, conname, contype
        FROM pg_constraint WHERE conrelid IN (SELECT oid FROM pg_class WHERE relname IN {OWN}) ORDER BY 1, 2
    """,
    "indexes": f"SELECT indexdef FROM pg_indexes WHERE tablename IN {OWN} ORDER BY 1",
    "sequences": """
        SELECT schemaname, sequencename, data_type::text, start_value, increment_by FROM pg_sequences
        WHERE sequencename IN ('invoice_number', 'accounts_id_seq', 'countries_place_seq') ORDER BY 1, 2
    """,
    "comments": """
        SELECT obj_description('accounts'::regclass, 'pg_class'), col_description('accounts'::regclass, attnum)
        FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attname = 'balance'
    """,
    "accounts": "SELECT id, email, full_name, active, balance, settings, locale FROM accounts ORDER BY id",
    "orders": "SELECT id::text, account_id, number, state FROM shop.orders ORDER BY id",
    "countries": "SELECT code, name, place FROM shop.countries ORDER BY code",
}


# Tools differ in two words: a column that counts is a serial or an identity, and the clock is now() or CURRENT_TIMESTAMP.
TEXTS = f"""
    SELECT table_name || '.' || column_name,
        CASE column_default WHEN 'CURRENT_TIMESTAMP' THEN 'now()' ELSE column_default END
    FROM information_schema.columns WHERE table_schema IN ('public', 'shop') AND table_name IN {OWN}
        AND column_default IS NOT NULL AND column_name <> 'id'
    UNION ALL SELECT table_name || '.' || column_name, 'counts' FROM information_schema.columns
    WHERE table_name IN {OWN} AND (column_default = 'nextval(''accounts_id_seq''::regclass)' OR is_identity = 'YES')
    UNION ALL SELECT conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid IN (SELECT oid FROM pg_class WHERE relname IN {OWN})
"""

WANTED = {
    "columns": [
        ("public", "accounts", "id", "integer", None, 32, 0, "NO"),
        ("public", "accounts", "email", "character varying", 40, None, None, "NO"),
        ("public", "accounts", "full_name", "text", None, None, None, "YES"),
        ("public", "accounts", "active", "boolean", None, None, None, "NO"),
        ("public", "accounts", "balance", "numeric", None, 12, 2, "NO"),
        ("public", "accounts", "settings", "jsonb", None, None, None, "NO"),
        ("public", "accounts", "created_at", "timestamp with time zone", None, None, None, "NO"),
        ("public", "accounts", "locale", "character varying", 5, None, None, "NO"),
        ("shop", "countries", "code", "text", None, None, None, "NO"),
        ("shop", "countries", "name", "character varying", 60, None, None, "NO"),
        ("shop", "countries", "place", "bigint", None, 64, 0, "NO"),
        ("shop", "orders", "id", "uuid", None, None, None, "NO"),
        ("shop", "orders", "account_id", "bigint", None, 64, 0, "NO"),
        ("shop", "orders", "number", "bigint", None, 64, 0, "NO"),
        ("shop", "orders", "state", "character varying", 10, None, None, "NO"),
    ],
    "constraints": [
        ("accounts", "accounts_balance_check", "c"),
        ("accounts", "accounts_email_key", "u"),
        ("accounts", "accounts_pkey", "p"),
        ("shop.countries", "countries_name_key", "u"),
        ("shop.countries", "countries_pkey", "p"),
        ("shop.orders", "orders_pkey", "p"),
        ("shop.orders", "orders_state_check", "c"),
    ],
    "indexes": [
        ("CREATE INDEX accounts_created_at_idx ON public.accounts USING btree (created_at)",),
        ("CREATE UNIQUE INDEX accounts_email_key ON public.accounts USING btree (email)",),
        ("CREATE UNIQUE INDEX accounts_pkey ON public.accounts USING btree (id)",),
        ("CREATE UNIQUE INDEX countries_name_key ON shop.countries USING btree (name)",),
        ("CREATE UNIQUE INDEX countries_pkey ON shop.countries USING btree (code)",),
        ("CREATE UNIQUE INDEX orders_number_idx ON shop.orders USING btree (number)",),
        ("CREATE UNIQUE INDEX orders_pkey ON shop.orders USING btree (id)",),
    ],
    "sequences": [
        ("public", "accounts_id_seq", "integer", 1, 1),
        ("shop", "countries_place_seq", "bigint", 1, 1),
        ("shop", "invoice_number", "bigint", 1000, 10),
    ],
    "comments": [("who may log in", 'in euros; never "negative"')],
    "accounts": [
        (1, "ada@example.org", "Ada", True, Decimal("12.50"), {"tags": ["a", "b"], "theme": "dark"}, "en"),
        (2, "bob@example.de", None, True, Decimal("10.00"), {}, "de"),
    ],
    "orders": [
        ("00000000-0000-0000-0000-000000000001", 1, 1000, "paid"),
        ("00000000-0000-0000-0000-000000000002", 2, 1010, "open"),
    ],
    "countries": [("de", "Germany", 1), ("fr", "France", 2), ("it", "Italy", 4)],
}

WRITTEN = {
    "accounts.id": "counts",
    "accounts.active": "true",
    "accounts.balance": "0",
    "accounts.settings": "'{}'::jsonb",
    "accounts.created_at": "now()",
    "accounts.locale": "'en'::character varying",
    "countries.place": "counts",
    "orders.number": "nextval('shop.invoice_number'::regclass)",
    "orders.state": "'open'::character varying",
    "accounts_balance_check": "CHECK ((balance >= (0)::numeric))",
    "accounts_email_key": "UNIQUE (email)",
    "accounts_pkey": "PRIMARY KEY (id)",
    "countries_name_key": "UNIQUE (name)",
    "countries_pkey": "PRIMARY KEY (code)",
    "orders_pkey": "PRIMARY KEY (id)",
    "orders_state_check": "CHECK (((state)::text = ANY ((ARRAY['open'::character varying, 'paid'::character varying, "
    "'sent'::character varying])::text[])))",
}

REFUSED = {
    "INSERT INTO accounts (email) VALUES ('ada@example.org')": "23505",
    "INSERT INTO accounts (email, balance) VALUES ('new', -1)": "23514",
    "INSERT INTO accounts (full_name) VALUES ('new')": "23502",
    "INSERT INTO accounts (email, locale) VALUES ('new', 'too long')": "22001",
    "INSERT INTO accounts (email, balance) VALUES ('new', 1e10)": "22003",
    "INSERT INTO shop.orders (id, account_id) SELECT id, 1 FROM shop.orders": "23505",
    "INSERT INTO shop.orders VALUES (gen_random_uuid(), 1, 1000)": "23505",
    "UPDATE shop.countries SET name = 'Italy' WHERE code = 'de'": "23505",
    "UPDATE shop.orders SET state = 'lost'": "23514",
}


def test_apply(target):
    """What is applied is there as the migrations say, holds, and is not applied again."""
    target.place(*STEPS)
    done(target.apply())
    target.check()
    assert target.history() == target.tool.recorded(STEPS)
    assert {statement: target.refused(statement) for statement in REFUSED} == REFUSED
    done(target.apply())
    target.check()
    assert target.history() == target.tool.recorded(STEPS)
    assert target.texts() == WRITTEN


def test_one_by_one(target):
    """Migrations that come with one release after the other, the last of them with a view."""
    for step in STEPS:
        target.place(step)
        done(target.apply())
    target.check()
    target.place(VIEW)
    done(target.apply())
    assert target.history() == target.tool.recorded((*STEPS, VIEW))
    with target.connect() as connection:
        assert connection.execute("SELECT * FROM shop.paid").fetchall() == [("ada@example.org", 1)]


def test_fail_half_way(target):
    """A migration that fails leaves nothing, and everything before it stays; mended, it is applied."""
    target.place(*STEPS)
    done(target.apply())
    target.place(LABELS, replaced=BROKEN)
    code, said = target.apply()
    assert code != 0
    assert "missing" in said
    target.check()
    target.mend()
    assert target.history() == target.tool.recorded(STEPS)
    target.place(LABELS)
    done(target.apply())
    assert target.history() == target.tool.recorded((*STEPS, LABELS))
    with target.connect() as connection:
        assert connection.execute("SELECT * FROM labels").fetchall() == [(1, "new")]
        assert connection.execute("SELECT DISTINCT locale FROM accounts").fetchall() == [("fr",)]


def test_two_at_once(target):
    """Two instances that start together: everything is applied once, whoever does it."""
    target.place(*STEPS)
    results = target.apply_twice_at_once()
    assert any(code == 0 for code, _ in results), results
    if target.tool.waits:
        assert all(code == 0 for code, _ in results), results
    done(target.apply())
    target.check()
    assert target.history() == target.tool.recorded(STEPS)
