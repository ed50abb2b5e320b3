"""COPY FROM STDIN: the same rows and the same refusals as PostgreSQL's, in every format."""

import uuid

import psycopg
import pytest
from programs import database
from servers import Site

COLUMNS = "id int, word text, price numeric(8,2), at timestamptz, ok boolean DEFAULT true, list int[], raw bytea, fix char(3)"
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)

# Options and columns, what is sent, in several parts.
SENT = [
    ("", [b"1\tone\t1.005\t2020-01-02 03:04:05+00\tt\t{1,NULL}\t\\\\x00ff\tab\n", b"2\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\t\\N\n"]),
    ("", [b"3\ta\\tb\\\\\\n\\x41\\102\t2\t2020-01-02\tno\t{}\t\\\\x\tabc"]),
    ("", [b"4\ta", b"\\\nb\t1\t2020-01-02\tno\t{}\t\\\\x\tabc\n\\.\n"]),
    ("", [b""]),
    ("(id, word)", [b"1\tx\r\n2\ty\r\n"]),
    ("(word) | (FORMAT csv)", [b'"a,""b""\nc"\n\n""\nplain\r\n', b'x"y"z\n']),
    ("(id, word) | (FORMAT csv, HEADER, NULL 'n', DELIMITER ';')", [b"id;word\n1;n\n2;\"n\"\n3;\n"]),
    ("(id, word) | (FORMAT csv, HEADER match)", [b"id,word\n1,x\n"]),
    ("(id, word) | (FORMAT csv, HEADER match)", [b"id,words\n1,x\n"]),
    ("(id, word) | (FORMAT csv, HEADER match)", [b"id\n1,x\n"]),
    ("(id, word) | (FORMAT csv, FORCE_NOT_NULL (word), FORCE_NULL (id))", [b'"",\n1,""\n']),
    ("(id, word) | (FORMAT csv, QUOTE '''', ESCAPE '\\')", [b"1,'it\\'s'\n2,'a\\\\b'\n"]),
    ("(id, word) | WITH DELIMITER AS '|' NULL AS 'x'", [b"1|x\nx|y\n"]),
    ("(id, word) | (FORMAT binary)", [SIGNATURE, b"\0\2\0\0\0\4\0\0\0\7\0\0\0\2hi", b"\0\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]),
    ("(id, word) | (FORMAT binary)", [SIGNATURE, b"\0\1\0\0\0\4\0\0\0\7\xff\xff"]),
    ("(id, word) | (FORMAT binary)", [b"id\t1\n"]),
    ("(id, word)", [b"1\n"]),
    ("(id, word)", [b"1\ta\tb\n"]),
    ("(id, word)", [b"x\ta\n"]),
    ("(id, word)", [b"1\t\xff\n"]),
    ("(word) | (FORMAT csv)", [b'"never\nends\n']),
    ("(id)", [b"1\n1\n", b"2\n"]),
    ("(fix)", [b"abcd\n"]),
    ("(price)", [b"12345678\n"]),
]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Servers that nobody else counts the tables of."""
    with Site(tmp_path_factory.mktemp("copied")).serve() as server, database("forebay_copied") as oracle:
        yield f"postgresql://forebay@{server['host']}:{server['port']}/forebay", oracle


@pytest.fixture(params=["own", "block"])
def tables(request, servers):
    """A connection to each server with a table of that name in it."""
    name = f"copied_{uuid.uuid4().hex[:8]}"
    connections = [psycopg.connect(url, autocommit=request.param == "own") for url in servers]
    for connection in connections:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET search_path = public")
        connection.execute(f"CREATE TABLE {name} ({COLUMNS}, CHECK (id <> 99))")
        connection.commit()
    yield name, connections
    for connection in connections:
        connection.rollback()
        connection.execute(f"DROP TABLE {name}")
        connection.commit()
        connection.close()


def copied(connection, sql, parts):
    """What becomes of it: the tag, or the code and the words of the error."""
    try:
        with connection.cursor() as cursor:
            with cursor.copy(sql) as copy:
                for part in parts:
                    copy.write(part)
            return cursor.statusmessage
    except psycopg.Error as error:
        connection.rollback()
        return error.sqlstate, error.diag.message_primary


@pytest.mark.parametrize("what, parts", SENT)
def test_rows_are_as_postgresql_reads_them(tables, what, parts):
    name, connections = tables
    columns, _, options = what.partition("|")
    outcomes = []
    for connection in connections:
        outcome = copied(connection, f"COPY {name} {columns} FROM STDIN {options}", parts)
        rows = connection.execute(f"SELECT * FROM {name} ORDER BY id, word").fetchall()
        connection.execute(f"DELETE FROM {name}")
        outcomes.append((outcome, rows))
    assert outcomes[0] == outcomes[1]


def test_a_client_may_give_up(tables):
    name, connections = tables
    for connection in connections:
        with pytest.raises(ValueError, match="enough"):
            with connection.cursor() as cursor, cursor.copy(f"COPY {name} (id) FROM STDIN") as copy:
                copy.write(b"1\n")
                raise ValueError("enough")
        connection.rollback()
        assert connection.execute(f"SELECT count(*) FROM {name}").fetchone() == (0,)


def test_a_check_refuses_all_of_it(tables):
    name, connections = tables
    outcomes = [copied(connection, f"COPY {name} (id) FROM STDIN", [b"1\n", b"99\n"]) for connection in connections]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == "23514"


def test_many_rows(tables):
    name, connections = tables
    connection = connections[0]
    rows = 100_000
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY {name} (id, word) FROM STDIN") as copy:
            for first in range(0, rows, 1_000):
                copy.write("".join(f"{number + 100}\tword {number}\n" for number in range(first, first + 1_000)))
        assert cursor.statusmessage == f"COPY {rows}"
    assert connection.execute(f"SELECT count(*), sum(id) FROM {name}").fetchone() == (rows, sum(range(100, rows + 100)))
