"""postgres_fdw: PostgreSQL reads Forebay's tables as its own, and what it hands down it gets back as from PostgreSQL."""

import re

import psycopg
import pytest
from cases import ORACLE, SERVER, TPCH, same_rows
from programs import database
from psycopg.conninfo import conninfo_to_dict

SCHEMAS = ("tpch", "kinds")

# A subquery for each row, which PostgreSQL runs by itself over tables it has no index of.
SLOW = {"q20"}


def imported(connection, server, target, **options):
    """The tables behind `target` in schemas named after `server`."""
    place = conninfo_to_dict(target)
    options = {"host": place["host"], "port": place["port"], "dbname": place["dbname"], **options}
    listed = ", ".join(f"{name} '{value}'" for name, value in options.items())
    connection.execute(f"CREATE SERVER {server} FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({listed})")
    connection.execute(f"CREATE USER MAPPING FOR CURRENT_USER SERVER {server} OPTIONS (user '{place['user']}')")
    for schema in SCHEMAS:
        connection.execute(f"CREATE SCHEMA {server}_{schema}")
        connection.execute(f"IMPORT FOREIGN SCHEMA {schema} FROM SERVER {server} INTO {server}_{schema}")


@pytest.fixture(scope="module")
def connection():
    """PostgreSQL with the tables of both servers: `forebay_…` and `oracle_…`, and with estimates of their own."""
    with database("forebay_fdw") as target, psycopg.connect(target, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS public")
        connection.execute("CREATE EXTENSION postgres_fdw SCHEMA public")
        connection.execute("SET statement_timeout = '60s'")
        imported(connection, "forebay", SERVER)
        imported(connection, "oracle", ORACLE)
        for server, target in (("asked_forebay", SERVER), ("asked_oracle", ORACLE)):
            imported(connection, server, target, use_remote_estimate="true")
            for table in ("tpch.nation", "kinds.kinds"):
                connection.execute(f"ALTER FOREIGN TABLE {server}_{table} OPTIONS (ADD fetch_size '2')")
        yield connection


@pytest.fixture
def both(connection):
    """Runs a statement over the tables of one server and then of the other."""

    def run(sql, parameters=None, prefix="", name=""):
        answers = []
        for server in ("forebay", "oracle"):
            schemas = ", ".join(f"{prefix}{server}_{schema}" for schema in SCHEMAS)
            connection.execute(f"SET search_path = {schemas}")
            cursor = connection.execute(sql, parameters, prepare=False)
            answers.append(([column.name for column in cursor.description], cursor.fetchall()))
        (got_names, got), (want_names, want) = answers
        assert got_names == want_names
        same_rows(got, want, name)
        return got

    return run


def remote(connection, server, sql):
    """The statements that a plan sends to `server`, and whether anything but the scan is left to do here."""
    schemas = ", ".join(f"{server}_{schema}" for schema in SCHEMAS)
    connection.execute(f"SET search_path = {schemas}")
    plan = [line for (line,) in connection.execute(f"EXPLAIN (VERBOSE, COSTS OFF) {sql}")]
    return [line.split("Remote SQL: ", 1)[1] for line in plan if "Remote SQL: " in line], plan[0]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_imports_the_same_tables(connection, schema):
    sql = """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation, a.attfdwoptions
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
        WHERE c.relnamespace = %s::regnamespace ORDER BY 1, a.attnum"""
    got, want = (connection.execute(sql, (f"{server}_{schema}",)).fetchall() for server in ("forebay", "oracle"))
    assert got and got == want


def test_imports_some_tables(connection):
    for limits, wanted in (
        ("LIMIT TO (nation, region)", ["nation", "region"]),
        ("EXCEPT (customer, lineitem, nation, orders, part, partsupp)", ["region", "supplier"]),
    ):
        connection.execute("CREATE SCHEMA part")
        connection.execute(f"IMPORT FOREIGN SCHEMA tpch {limits} FROM SERVER forebay INTO part OPTIONS (import_collate 'false')")
        names = connection.execute("SELECT relname FROM pg_class WHERE relnamespace = 'part'::regnamespace ORDER BY 1")
        assert [name for (name,) in names] == wanted
        connection.execute("DROP SCHEMA part CASCADE")
    with pytest.raises(psycopg.errors.FdwSchemaNotFound, match='schema "nope" is not present on foreign server'):
        connection.execute("IMPORT FOREIGN SCHEMA nope FROM SERVER forebay INTO public")


@pytest.mark.parametrize("prefix", ["", "asked_"], ids=["own estimates", "remote estimates"])
@pytest.mark.parametrize("name", [name for name in TPCH if name not in SLOW])
def test_tpch(both, name, prefix):
    both(TPCH[name], prefix=prefix, name=name)


# What postgres_fdw hands down, with what it writes for it.
PUSHED = [
    "SELECT * FROM kinds ORDER BY id",
    "SELECT id FROM kinds WHERE flag ORDER BY id",
    "SELECT id FROM kinds WHERE NOT flag OR flag IS NULL ORDER BY id",
    "SELECT id FROM kinds WHERE small > 1 AND medium < 100000 ORDER BY id",
    "SELECT id FROM kinds WHERE single > 0.5 OR double = 'NaN' ORDER BY id",
    "SELECT id FROM kinds WHERE amount BETWEEN -1.5 AND 1000 ORDER BY id",
    "SELECT id FROM kinds WHERE label LIKE 'p%' ORDER BY id",
    "SELECT id FROM kinds WHERE label ~ '^p' ORDER BY id",
    "SELECT id FROM kinds WHERE label IN ('plain', 'other') ORDER BY id",
    "SELECT id FROM kinds WHERE label = 'it''s \\ \"quoted\"' ORDER BY id",
    "SELECT id FROM kinds WHERE day >= '2000-01-01' AND moment > '1999-12-31 23:59:59.5' ORDER BY id",
    "SELECT id FROM kinds WHERE instant <= '2030-01-01 00:00:00+02' ORDER BY id",
    "SELECT id FROM kinds WHERE clock < '12:00' ORDER BY id",
    "SELECT id FROM kinds WHERE bytes = '\\x00ff' ORDER BY id",
    "SELECT id FROM kinds WHERE numbers = ARRAY[1, 2, 3] ORDER BY id",
    "SELECT id FROM kinds WHERE 2 = ANY (numbers) ORDER BY id",
    "SELECT id FROM kinds WHERE numbers[1] = 1 ORDER BY id",
    "SELECT id FROM kinds WHERE medium IS DISTINCT FROM 1 ORDER BY id",
    "SELECT id, -id, upper(label), length(label) FROM kinds WHERE length(label) > 3 ORDER BY id",
    "SELECT id FROM kinds WHERE CASE WHEN flag THEN small ELSE medium END > 0 ORDER BY id",
    "SELECT id FROM kinds ORDER BY label DESC NULLS LAST, id LIMIT 3",
    "SELECT id FROM kinds ORDER BY id OFFSET 1 LIMIT 2",
    "SELECT count(*), count(label), min(day), max(instant), sum(amount), avg(double) FILTER (WHERE flag) FROM kinds WHERE double < 'Infinity'",
    "SELECT n_regionkey, count(*), min(n_name) FROM nation GROUP BY 1 HAVING count(*) > 4 ORDER BY 1",
    "SELECT DISTINCT n_regionkey FROM nation ORDER BY 1",
    "SELECT r_name, count(n_name) FROM region LEFT JOIN nation ON n_regionkey = r_regionkey AND n_name < 'F' GROUP BY 1 ORDER BY 1",
    "SELECT n_name, r_name FROM nation FULL JOIN region ON n_nationkey = r_regionkey ORDER BY 1, 2",
    "SELECT r_name FROM region WHERE EXISTS (SELECT FROM nation WHERE n_regionkey = r_regionkey AND n_nationkey < 3) ORDER BY 1",
    "SELECT n FROM nation n WHERE n_nationkey < 3 ORDER BY n_nationkey",
    "SELECT o_orderkey, o_totalprice * 2 FROM orders WHERE o_totalprice * 1.1 > 400000 ORDER BY 1",
    "SELECT array_agg(n_name ORDER BY n_name), string_agg(n_name, ', ' ORDER BY n_name DESC) FROM nation WHERE n_regionkey = 2",
    "SELECT o_orderpriority, round(avg(o_totalprice), 2), stddev(o_shippriority) FROM orders GROUP BY 1 ORDER BY 1",
    "SELECT l_returnflag, sum(l_quantity) FROM lineitem GROUP BY GROUPING SETS ((l_returnflag), ()) ORDER BY 1",
    "SELECT extract(year FROM o_orderdate) AS y, count(*) FROM orders GROUP BY 1 ORDER BY 1",
    "SELECT count(*) FROM lineitem JOIN orders ON l_orderkey = o_orderkey WHERE o_orderdate < l_shipdate - 30",
]


@pytest.mark.parametrize("sql", PUSHED)
def test_pushes_down_the_same(both, connection, sql):
    statements = []
    for server in ("forebay", "oracle"):
        sent, _ = remote(connection, server, sql)
        statements.append(sent)
    assert statements[0] and statements[0] == statements[1]
    both(sql)
    both(sql, prefix="asked_")


def test_remote_estimates(connection):
    """With the costs of EXPLAIN a join with a small side is looked up row by row, or done there, and grows with its rows."""
    costs = []
    for table in ("region", "nation", "lineitem"):
        (line,) = connection.execute(f"EXPLAIN SELECT * FROM asked_forebay_tpch.{table}").fetchone()
        cost, rows, width = re.search(r"cost=[\d.]+\.\.([\d.]+) rows=(\d+) width=(\d+)", line).groups()
        costs.append((float(cost), int(rows), int(width)))
    assert [rows for _, rows, _ in costs[:2]] == [5, 25]
    assert costs == sorted(costs) and all(width > 0 for _, _, width in costs)


def test_analyze(connection):
    connection.execute("ANALYZE forebay_tpch.nation, forebay_kinds.kinds")
    sql = "SELECT reltuples FROM pg_class WHERE oid = 'forebay_tpch.nation'::regclass"
    assert connection.execute(sql).fetchone() == (25.0,)
    sql = "SELECT count(*) FROM pg_stats WHERE schemaname = 'forebay_tpch' AND tablename = 'nation'"
    assert connection.execute(sql).fetchone() == (4,)


def test_parameters(both, connection):
    for plan in ("force_custom_plan", "force_generic_plan"):
        connection.execute(f"SET plan_cache_mode = {plan}")
        for key in (3, 7, None):
            connection.execute("DEALLOCATE ALL")
            connection.execute("PREPARE p (bigint, text) AS SELECT n_name FROM nation WHERE n_nationkey = $1 OR n_name = $2")
            both("SELECT n_name FROM nation WHERE n_nationkey = %s", (key,))
    connection.execute("RESET plan_cache_mode")


def test_looks_up_rows_of_its_own_tables(connection):
    connection.execute("CREATE TEMP TABLE keys AS SELECT * FROM (VALUES (1::bigint), (17), (24)) AS k (key)")
    connection.execute("ANALYZE keys")
    sql = "SELECT key, n_name FROM keys JOIN {}_tpch.nation ON n_nationkey = key ORDER BY 1"
    for prefix in ("", "asked_"):
        got, want = (connection.execute(sql.format(prefix + server)).fetchall() for server in ("forebay", "oracle"))
        assert len(got) == 3 and got == want


def test_a_transaction_sees_one_version(connection):
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        first = connection.execute("SELECT count(*) FROM forebay_tpch.nation").fetchone()
        with connection.transaction():
            again = connection.execute("SELECT count(*) FROM forebay_tpch.nation").fetchone()
        assert first == again == (25,)


def test_errors_come_through(connection):
    with pytest.raises(psycopg.errors.DivisionByZero, match="division by zero") as caught:
        connection.execute("SELECT n_name FROM forebay_tpch.nation WHERE 1 / n_regionkey > 0")
    assert "remote SQL command: SELECT n_name FROM tpch.nation" in caught.value.diag.context
    for sql in (
        "INSERT INTO {}_tpch.region VALUES (9, 'x', 'y')",
        "UPDATE {}_tpch.region SET r_name = 'x'",
        "DELETE FROM {}_tpch.region WHERE r_regionkey = 1",
        "TRUNCATE {}_tpch.region",
    ):
        with pytest.raises(psycopg.Error) as caught, connection.transaction():
            connection.execute(sql.format("forebay"))
        assert caught.value.sqlstate in ("25006", "42809", "0A000"), caught.value
    assert connection.execute("SELECT count(*) FROM forebay_tpch.region").fetchone() == (5,)
