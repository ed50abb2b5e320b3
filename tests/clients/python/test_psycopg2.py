"""psycopg 2: the simple protocol with parameters bound by the client."""

import io
import threading
import time

import psycopg2
import psycopg2.errors
import psycopg2.extensions
import pytest
from cases import ERRORS, LINES, ORACLE, QUERIES, SERVER, SLOW, TPCH, percent, same_rows


@pytest.fixture(scope="module")
def pair():
    server, oracle = psycopg2.connect(SERVER), psycopg2.connect(ORACLE)
    server.autocommit = oracle.autocommit = True
    yield server, oracle
    server.close()
    oracle.close()


@pytest.fixture
def server():
    connection = psycopg2.connect(SERVER)
    yield connection
    connection.close()


def ask(connection, sql, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [(column.name, column.type_code) for column in cursor.description], cursor.fetchall()


@pytest.mark.parametrize("name", TPCH)
def test_tpch(pair, name):
    (got_columns, got), (want_columns, want) = (ask(connection, TPCH[name]) for connection in pair)
    assert got_columns == want_columns
    same_rows(got, want, name)


@pytest.mark.parametrize("name, sql, parameters", QUERIES, ids=[case[0] for case in QUERIES])
def test_query(pair, name, sql, parameters):
    sql = percent(sql, parameters) if parameters else sql
    (got_columns, got), (want_columns, want) = (ask(c, sql, parameters or None) for c in pair)
    assert got_columns == want_columns
    same_rows(got, want)


@pytest.mark.parametrize("sql, state", ERRORS, ids=[case[0] for case in ERRORS])
def test_error(pair, sql, state):
    seen = []
    for connection in pair:
        with pytest.raises(psycopg2.Error) as caught:
            ask(connection, sql)
        diag = caught.value.diag
        seen.append((caught.value.pgcode, diag.severity, diag.statement_position))
    assert seen[0][0] == state
    assert seen[0] == seen[1]


def test_named_cursor(pair, server):
    with server, server.cursor("lines") as cursor:
        cursor.itersize = 1000
        cursor.execute(LINES)
        got = [row for row in cursor]
    same_rows(got, ask(pair[1], LINES)[1])


def test_scrollable_cursor(server):
    with server, server.cursor("nations", scrollable=True) as cursor:
        cursor.execute("SELECT n_nationkey FROM nation ORDER BY 1")
        assert cursor.fetchmany(3) == [(0,), (1,), (2,)]
        cursor.scroll(-1)
        assert cursor.fetchone() == (2,)
        cursor.scroll(0, mode="absolute")
        assert cursor.fetchone() == (0,)


def test_cursor_with_hold(server):
    cursor = server.cursor("held", withhold=True)
    cursor.execute("SELECT r_name FROM region ORDER BY 1")
    server.commit()
    assert len(cursor.fetchall()) == 5
    cursor.close()


@pytest.mark.parametrize("options", ["", "(FORMAT csv)", "(FORMAT csv, HEADER)", "(FORMAT csv, DELIMITER ';', NULL 'none', FORCE_QUOTE *)", "(FORMAT text, NULL '')", "(FORMAT binary)"])
@pytest.mark.parametrize("source", [f"({LINES} LIMIT 5000)", "(SELECT * FROM kinds.kinds ORDER BY id)", "region"])
def test_copy_to(pair, source, options):
    seen = []
    for connection in pair:
        buffer = io.BytesIO()
        with connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {source} TO STDOUT {options}", buffer)
            seen.append((buffer.getvalue(), cursor.rowcount))
    if source == "region" and "binary" not in options:
        seen = [(sorted(data.splitlines()), count) for data, count in seen]
    assert seen[0] == seen[1]


def test_cancel(server):
    started = time.monotonic()
    timer = threading.Timer(0.5, server.cancel)
    timer.start()
    with pytest.raises(psycopg2.errors.QueryCanceled):
        ask(server, SLOW)
    assert time.monotonic() - started < 2
    server.rollback()
    assert ask(server, "SELECT 1")[1] == [(1,)]


def test_statement_timeout(server):
    server.autocommit = True
    with server.cursor() as cursor:
        cursor.execute("SET statement_timeout = '300ms'")
        started = time.monotonic()
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute(SLOW)
        assert time.monotonic() - started < 2


def test_transaction(server):
    status = psycopg2.extensions
    assert server.get_transaction_status() == status.TRANSACTION_STATUS_IDLE
    ask(server, "SELECT 1")
    assert server.get_transaction_status() == status.TRANSACTION_STATUS_INTRANS
    with pytest.raises(psycopg2.errors.UndefinedTable):
        ask(server, "SELECT * FROM nope")
    assert server.get_transaction_status() == status.TRANSACTION_STATUS_INERROR
    with pytest.raises(psycopg2.errors.InFailedSqlTransaction):
        ask(server, "SELECT 1")
    server.rollback()
    assert ask(server, "SELECT 1")[1] == [(1,)]


def test_session(server):
    server.set_session(isolation_level="REPEATABLE READ", readonly=True)
    assert ask(server, "SHOW transaction_isolation")[1] == [("repeatable read",)]
    server.rollback()
    server.set_client_encoding("UTF8")
    assert server.server_version // 10000 == 15
    assert server.get_parameter_status("standard_conforming_strings") == "on"
    assert server.get_parameter_status("integer_datetimes") == "on"
