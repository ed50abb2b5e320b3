"""psqlODBC through pyodbc: the driver that BI tools bring, with its own catalog queries."""

import glob
import urllib.parse

import pytest
from cases import LINES, ORACLE, SERVER, TPCH, same_rows

DRIVER = next(iter(glob.glob("/usr/lib/*/odbc/psqlodbcw.so") + glob.glob("/usr/lib/psqlodbcw.so")), None)
if DRIVER is None:
    pytest.skip("no psqlODBC (package odbc-postgresql)", allow_module_level=True)
pyodbc = pytest.importorskip("pyodbc")


def connect(target, **more):
    url = urllib.parse.urlsplit(target)
    parts = {"Driver": DRIVER, "Server": url.hostname, "Port": url.port, "Uid": url.username, "Database": url.path[1:], **more}
    return pyodbc.connect(";".join(f"{key}={value}" for key, value in parts.items()), autocommit=True)


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


def test_error(pair):
    with pytest.raises(pyodbc.Error) as caught:
        ask(pair[0], "SELECT nope FROM nation")
    assert caught.value.args[0] in ("42703", "42S22")
    assert ask(pair[0], "SELECT 1 AS one")[1] == [(1,)]
