"""psqlODBC through pyodbc: the driver that BI tools bring, with its own catalog queries."""

import decimal
import glob
import urllib.parse

import pytest
from cases import LINES, ORACLE, SERVER, TPCH, same_rows

DRIVER = next(iter(glob.glob("/usr/lib/*/odbc/psqlodbcw.so") + glob.glob("/usr/lib/psqlodbcw.so")), None)
if DRIVER is None:
    pytest.skip("no psqlODBC (package odbc-postgresql)", allow_module_level=True)
pyodbc = pytest.importorskip("pyodbc")


def connection_string(target, **more):
    url = urllib.parse.urlsplit(target)
    parts = {"Driver": DRIVER, "Server": url.hostname, "Port": url.port, "Uid": url.username, "Database": url.path[1:], **more}
    return ";".join(f"{key}={value}" for key, value in parts.items())


def connect(target, **more):
    return pyodbc.connect(connection_string(target, **more), autocommit=True)


@pytest.fixture(scope="module")
def pair():
    server, oracle = connect(SERVER), connect(ORACLE)
    yield server, oracle
    server.close()
    oracle.close()


def ask(connection, sql, *parameters):
    cursor = connection.cursor().execute(sql, *parameters)
    return [column[:2] for column in cursor.description], [tuple(row) for row in cursor.fetchall()]


@pytest.mark.parametrize("name", TPCH)
def test_tpch(pair, name):
    (got_columns, got), (want_columns, want) = (ask(connection, TPCH[name]) for connection in pair)
    assert got_columns == want_columns
    same_rows(got, want, name)


def test_parameters(pair):
    sql = "SELECT n_name, n_nationkey FROM nation WHERE n_regionkey = ? AND n_name > ? ORDER BY 1"
    (got_columns, got), (want_columns, want) = (ask(connection, sql, 3, "F") for connection in pair)
    assert got_columns == want_columns
    same_rows(got, want)


def test_declare_fetch(pair):
    connection = connect(SERVER, UseDeclareFetch=1, Fetch=1000)
    same_rows(ask(connection, LINES)[1], ask(pair[1], LINES)[1])
    connection.close()


def test_catalog(pair):
    server = pair[0].cursor()
    tables = {(row.table_schem, row.table_name) for row in server.tables(tableType="TABLE")}
    assert {("tpch", "lineitem"), ("kinds", "kinds")} <= tables
    seen = [
        [tuple(row)[2:11] for row in connection.cursor().columns(table="lineitem", schema="tpch")] for connection in pair
    ]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 16


# What the driver's dialog and data sources offer: how rows come, how statements are prepared, what types are told.
OPTIONS = [
    *({"UseDeclareFetch": 1, "Fetch": rows} for rows in (1, 7, 100, 100_000)),
    {"UseDeclareFetch": 1, "Fetch": 3, "UseServerSidePrepare": 0},
    {"UseServerSidePrepare": 0},
    {"UseServerSidePrepare": 1},
    {"Parse": 1},
    {"DisallowPremature": 1},
    {"UpdatableCursors": 1},
    {"UpdatableCursors": 0},
    {"ByteaAsLongVarBinary": 1},
    {"ByteaAsLongVarBinary": 0},
    {"BoolsAsChar": 0},
    {"BoolsAsChar": 1},
    {"TrueIsMinus1": 1},
    {"TextAsLongVarchar": 0},
    {"UnknownsAsLongVarchar": 1},
    {"UnknownSizes": 1},
    {"UnknownSizes": 2},
    {"MaxVarcharSize": 20},
    {"MaxLongVarcharSize": 30},
    {"NumericAs": 12},
    {"LFConversion": 1},
    {"ShowOidColumn": 1, "FakeOidIndex": 1},
    {"ShowSystemTables": 1},
    {"RowVersioning": 1},
    {"LowerCaseIdentifier": 1},
    {"Protocol": "7.4-0"},
    {"Protocol": "7.4-1"},
    {"Protocol": "7.4-2"},
    {"ConnSettings": "SET+search_path+TO+kinds"},
    {"XaOpt": 0, "GssAuthUseGSS": 0, "KeepaliveTime": 5, "KeepaliveInterval": 5},
    {"D6": -101, "CX": "1c305008b"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: ",".join(f"{key}={value}" for key, value in options.items()))
def test_options(options):
    def seen(target):
        connection = connect(target, **options)
        answers = [
            ask(connection, "SELECT * FROM kinds.kinds ORDER BY id"),
            ask(connection, "SELECT n_name, n_nationkey FROM tpch.nation WHERE n_regionkey = ? AND n_name > ? ORDER BY 1", 3, "F"),
            ask(connection, "SELECT ? AS a, ?::int4 + 1 AS b, ?::numeric AS c", "it's", 7, decimal.Decimal("1.50")),
            ask(connection, "SELECT o_orderkey FROM tpch.orders ORDER BY 1 LIMIT 250"),
            ask(connection, "SHOW search_path"),
        ]
        cursor = connection.cursor()
        for columns in (cursor.columns(table="kinds", schema="kinds"), cursor.tables(table="%", schema="tpch")):
            answers.append((columns.description, [tuple(row) for row in columns.fetchall()]))
        connection.close()
        return answers

    for (got_columns, got), (want_columns, want) in zip(seen(SERVER), seen(ORACLE)):
        assert got_columns == want_columns
        same_rows(got, want)


def test_transactions_over_cursors():
    """A portal of the driver lives as long as its transaction, and a failed statement fails those after it."""
    def seen(target):
        connection = connect(target, UseDeclareFetch=1, Fetch=2)
        connection.autocommit = False
        steps = []
        outer = connection.cursor().execute("SELECT n_nationkey FROM nation ORDER BY 1")
        steps.append([outer.fetchone()[0] for _ in range(3)])
        steps.append(connection.cursor().execute("SELECT count(*) FROM region").fetchval())
        steps.append([row[0] for row in outer.fetchall()])
        for sql in ("SELECT 1/0", "SELECT 1"):
            try:
                steps.append(connection.cursor().execute(sql).fetchval())
            except pyodbc.Error as error:
                steps.append(error.args)
        connection.rollback()
        steps.append(connection.cursor().execute("SELECT 2").fetchval())
        connection.commit()
        connection.close()
        return steps

    assert seen(SERVER) == seen(ORACLE)


def test_information():
    """SQLGetInfo, for every number that the driver knows."""
    def seen(target):
        connection, known = connect(target), {}
        # Names of the data source and of the server are those of the connection.
        for number in {*range(0, 175), *range(10000, 10027)} - {2, 13}:
            try:
                known[number] = connection.getinfo(number)
            except (pyodbc.Error, ValueError) as error:
                known[number] = error.args
        known[18] = known[18].split(" ")[0]
        connection.close()
        return known

    assert seen(SERVER) == seen(ORACLE)


def test_error(pair):
    with pytest.raises(pyodbc.Error) as caught:
        ask(pair[0], "SELECT nope FROM nation")
    assert caught.value.args[0] in ("42703", "42S22")
    assert ask(pair[0], "SELECT 1 AS one")[1] == [(1,)]
