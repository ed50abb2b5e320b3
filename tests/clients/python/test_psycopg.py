"""psycopg 3: the extended protocol in text and binary, cursors, pipelines, COPY."""

import threading
import time

import psycopg
import pytest
from cases import ERRORS, LINES, ORACLE, QUERIES, SERVER, SLOW, TPCH, same_rows


@pytest.fixture(scope="module")
def pair():
    with (
        psycopg.connect(SERVER, autocommit=True, cursor_factory=psycopg.RawCursor) as server,
        psycopg.connect(ORACLE, autocommit=True, cursor_factory=psycopg.RawCursor) as oracle,
    ):
        yield server, oracle


@pytest.fixture
def server():
    with psycopg.connect(SERVER, cursor_factory=psycopg.RawCursor) as connection:
        yield connection


def ask(connection, sql, parameters=(), binary=False, prepare=None):
    cursor = connection.execute(sql, parameters, binary=binary, prepare=prepare)
    columns = [(c.name, c.type_code, c.internal_size, c.precision, c.scale) for c in cursor.description]
    return columns, cursor.fetchall()


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("name", TPCH)
def test_tpch(pair, name, binary):
    (got_columns, got), (want_columns, want) = (ask(c, TPCH[name], binary=binary) for c in pair)
    assert [column[:2] for column in got_columns] == [column[:2] for column in want_columns]
    same_rows(got, want, name)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("name, sql, parameters", QUERIES, ids=[case[0] for case in QUERIES])
def test_query(pair, name, sql, parameters, binary):
    (got_columns, got), (want_columns, want) = (ask(c, sql, parameters, binary) for c in pair)
    assert got_columns == want_columns
    same_rows(got, want)


@pytest.mark.parametrize("sql, state", ERRORS, ids=[case[0] for case in ERRORS])
def test_error(pair, sql, state):
    seen = []
    for connection in pair:
        with pytest.raises(psycopg.Error) as caught:
            ask(connection, sql, prepare=True)
        seen.append((caught.value.sqlstate, caught.value.diag.statement_position))
    assert seen[0][0] == state
    assert seen[0] == seen[1]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_server_cursor(pair, server, binary):
    with psycopg.RawServerCursor(server, "lines") as cursor:
        cursor.itersize = 1000
        cursor.execute(LINES, binary=binary)
        got = list(cursor)
    same_rows(got, ask(pair[1], LINES)[1])


def test_server_cursor_with_parameters(server):
    with psycopg.RawServerCursor(server, "nations", scrollable=True) as cursor:
        cursor.execute("SELECT n_name FROM nation WHERE n_regionkey = $1::int8 ORDER BY 1", (3,))
        first = cursor.fetchone()
        cursor.scroll(0, mode="absolute")
        assert cursor.fetchone() == first
        assert len(cursor.fetchall()) == 4


def test_stream(pair, server):
    with server.cursor() as cursor:
        got = list(cursor.stream(LINES, binary=True))
    same_rows(got, ask(pair[1], LINES)[1])


def test_pipeline(server):
    with server.pipeline():
        cursors = [server.execute("SELECT $1::int8 * 2 AS twice", (number,)) for number in range(200)]
    assert [cursor.fetchone()[0] for cursor in cursors] == [2 * number for number in range(200)]


def test_pipeline_error_skips_to_sync(server):
    server.autocommit = True
    with pytest.raises(psycopg.errors.DivisionByZero):
        with server.pipeline() as pipeline:
            server.execute("SELECT 1")
            server.execute("SELECT 1 / 0")
            pipeline.sync()
    assert ask(server, "SELECT 3 AS x")[1] == [(3,)]


def test_prepared_after_threshold(server):
    server.prepare_threshold = 2
    for number in range(10):
        assert ask(server, "SELECT n_nationkey FROM nation WHERE n_nationkey = $1::int8", (number,))[1] == [(number,)]
    assert len(ask(server, "SELECT name, statement, parameter_types::text FROM pg_prepared_statements")[1]) >= 1


def test_a_prepared_fetch_tells_what_the_cursor_of_now_has(server):
    for sql, kind in [("SELECT 1 AS a", 23), ("SELECT 'x'::text AS b, now()", 25)]:
        server.execute(f"DECLARE again CURSOR FOR {sql}")
        columns, rows = ask(server, "FETCH ALL FROM again", prepare=True)
        assert columns[0][:2] == (sql.split(" AS ")[1][0], kind)
        assert len(rows[0]) == len(columns)
        server.execute("CLOSE again")


@pytest.mark.parametrize("sql", [
    "SELECT min(o_orderdate), max(o_orderdate::timestamp), max(o_custkey), min(o_totalprice) FROM orders",
    "SELECT max(l_orderkey), min(l_orderkey + 1) FROM lineitem",
    "SELECT o_orderkey FROM orders ORDER BY o_totalprice DESC LIMIT 3",
    "SELECT count(*), max(o_totalprice) FROM orders JOIN customer ON o_custkey = c_custkey WHERE c_acctbal > 9000",
])  # fmt: skip
def test_a_plan_that_runs_again_has_learned_nothing(pair, sql):
    server, oracle = pair
    want = oracle.execute(sql).fetchall()
    assert [server.execute(sql, prepare=True).fetchall() for _ in range(4)] == [want] * 4


@pytest.mark.parametrize("kind", ["text", "csv", "binary"])
def test_copy_to(pair, kind):
    seen = []
    for connection in pair:
        with connection.cursor() as cursor, cursor.copy(f"COPY ({LINES}) TO STDOUT (FORMAT {kind})") as copy:
            seen.append(b"".join(bytes(block) for block in copy))
    assert seen[0] == seen[1]


def test_copy_rows(server):
    with server.cursor() as cursor:
        with cursor.copy("COPY (SELECT n_nationkey, n_name FROM nation ORDER BY 1) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int8", "text"])
            rows = list(copy.rows())
    assert len(rows) == 25 and rows[0] == (0, "ALGERIA")


def test_copy_leave_early(server):
    with server.cursor() as cursor:
        with cursor.copy(f"COPY ({LINES}) TO STDOUT") as copy:
            next(iter(copy))
            server.cancel_safe()
            with pytest.raises(psycopg.errors.QueryCanceled):
                for _ in copy:
                    pass
    server.rollback()
    assert ask(server, "SELECT 1 AS x")[1] == [(1,)]


def test_cancel(server):
    started = time.monotonic()
    timer = threading.Timer(0.5, server.cancel_safe)
    timer.start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        ask(server, SLOW)
    assert time.monotonic() - started < 2
    server.rollback()
    assert ask(server, "SELECT 1 AS x")[1] == [(1,)]


def test_transactions_and_savepoints(server):
    with server.transaction():
        ask(server, "SELECT 1 AS x")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            with server.transaction():
                ask(server, "SELECT nope FROM region")
        assert ask(server, "SELECT 2 AS x")[1] == [(2,)]
    assert server.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_client_binding(pair):
    for connection in pair:
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute("SELECT %s::text AS a, %s::date AS b", ("it's", "2026-03-01"))
            assert cursor.fetchone()[0] == "it's"


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_temporary_tables(pair, binary):
    """A session's own tables, filled with parameters of every kind that the columns tell of."""

    def walk(connection):
        seen = []
        with psycopg.connect(connection.info.dsn, autocommit=True, cursor_factory=psycopg.RawCursor) as own:
            cursor = own.cursor(binary=binary)
            cursor.execute(
                "CREATE TEMP TABLE t (id int NOT NULL, name varchar(5), price numeric(10, 2), at timestamptz, tags text[])"
            )
            insert = "INSERT INTO t (id, name, price, tags) VALUES ($1, $2, $3, $4) RETURNING id, price, tags"
            for number in range(8):
                row = (number, f"n{number}", str(number / 8), ["a", None, str(number)])
                seen.append(cursor.execute(insert, row, prepare=True).fetchall())
            cursor.executemany("INSERT INTO t (id, name) VALUES ($1, $2)", [(n, None) for n in range(100, 120)])
            seen.append(cursor.rowcount)
            cursor.execute("UPDATE t SET price = price + $1, name = $2 WHERE id > $3 AND id < 100", (1, "x", 5))
            seen.append(cursor.statusmessage)
            cursor.execute("DELETE FROM t WHERE id = ANY ($1) RETURNING id", ([1, 2, 300],))
            seen.append((cursor.statusmessage, cursor.fetchall()))
            for row in [(None, "x", 1, None), (1, "too long", 1, None), (1, "x", 10**10, None)]:
                with pytest.raises(psycopg.Error) as failed:
                    cursor.execute(insert, row)
                seen.append(failed.value.sqlstate)
            seen.append(cursor.execute("SELECT * FROM t WHERE id < $1 ORDER BY id", (110,)).fetchall())
            seen.append([(c.name, c.type_code, c.precision, c.scale) for c in cursor.description])
        return seen

    got, want = map(walk, pair)
    assert got == want


def test_temporary_tables_go_back_with_their_transaction(server):
    with psycopg.connect(SERVER) as other:
        server.execute("CREATE TEMP TABLE t AS SELECT 1 AS a")
        server.commit()
        server.execute("INSERT INTO t VALUES (2)")
        with pytest.raises(psycopg.errors.DivisionByZero), server.transaction():
            server.execute("DELETE FROM t")
            server.execute("DROP TABLE t")
            server.execute("SELECT 1 / 0")
        assert server.execute("SELECT sum(a) FROM t").fetchone() == (3,)
        server.rollback()
        assert server.execute("SELECT a FROM t").fetchall() == [(1,)]
        with pytest.raises(psycopg.errors.UndefinedTable):
            other.execute("SELECT * FROM t")
        other.rollback()
        assert other.execute("SELECT count(*) FROM pg_class WHERE relname = 't'").fetchone() == (0,)
