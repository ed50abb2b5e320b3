"""Each operator between values of any two types, each function and cast of a value of each, and what queries around such
an expression make of it: the rows, names and types, or the SQLSTATE, are the same on both servers.

Types are found twice, when an expression is planned and when the plan is rewritten; here they meet. One expression of
many is always run; `tests/long random` runs them all.
"""

import itertools
import os

import psycopg
import pytest
from cases import ORACLE, SERVER
from psycopg.adapt import Loader

ALL = bool(os.environ.get("FOREBAY_TEST_RANDOM"))
EVERY = 1 if ALL else 16
CHUNKS = 64 if ALL else 4

VALUES = {
    "i2": "3::int2",
    "i4": "4::int4",
    "i8": "5::int8",
    "f4": "1.5::float4",
    "f8": "2.5::float8",
    "n": "7.25::numeric(10,2)",
    "t": "'tx'::text",
    "vc": "'vc'::varchar(5)",
    "c": "'c'::char(3)",
    "b": "true",
    "d": "date '2024-01-31'",
    "ts": "timestamp '2024-02-03 04:05:06.7'",
    "tz": "timestamptz '2024-02-03 04:05:06+02'",
    "tm": "time '10:11:12'",
    "iv": "interval '1 mon 2 days 03:00'",
    "by": r"'\x0102'::bytea",
    "u": "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
    "j": """'{"a":1}'::jsonb""",
    "nm": "'nm'::name",
    "oid": "5::oid",
    "ai": "ARRAY[1,2]",
    "at": "ARRAY['a','b']",
}
# OFFSET keeps PostgreSQL from computing with the constants, which would change what it says of their lengths.
SOURCE = f"(SELECT {', '.join(f'{value} AS {name}' for name, value in VALUES.items())} OFFSET 0) s"
OPERATORS = ("+", "-", "*", "/", "%", "||", "=", "<", "^", "&", "<<", "@>")
FUNCTIONS = (
    "abs({x})",
    "length({x})",
    "upper({x})",
    "round({x})",
    "ceil({x})",
    "sqrt({x})",
    "power({x}, 2)",
    "mod({x}, 2)",
    "date_trunc('day', {x})",
    "extract(epoch FROM {x})",
    "age({x})",
    "to_char({x}, '999')",
    "coalesce({x}, NULL)",
    "coalesce(NULL, {x})",
    "greatest({x}, {x})",
    "nullif({x}, {x})",
    "CASE WHEN b THEN {x} END",
    "CASE WHEN b THEN {x} ELSE {x} END",
    "{x} AT TIME ZONE 'UTC'",
    "-{x}",
    "@{x}",
    "~{x}",
    "concat({x}, {x})",
    "{x} IS NULL",
    "{x} IN ({x})",
    "ARRAY[{x}]",
    "ROW({x})",
    "to_jsonb({x})",
)
CASTS = (
    "text",
    "varchar(2)",
    "char(4)",
    "int2",
    "int4",
    "int8",
    "float4",
    "float8",
    "numeric",
    "numeric(5,1)",
    "date",
    "timestamp",
    "timestamp(0)",
    "timestamptz",
    "interval",
    "time",
    "timetz",
    "bool",
    "bytea",
    "name",
    "oid",
    "text[]",
    "jsonb",
)
ALONE = "SELECT {e} AS a FROM {s}"
AROUND = (
    "SELECT a FROM (SELECT {e} AS a FROM {s}) q WHERE a IS NOT NULL",
    "SELECT a FROM (SELECT {e} AS a FROM {s}) q UNION ALL SELECT {e} FROM {s}",
    "SELECT max(a) FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT min({e}) AS m, count({e}) FROM {s}",
    "SELECT sum(a), avg(a) FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT a - a AS x FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT a + a AS x FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT a || a AS x FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT a = a, a < a, a IN (a) FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT a * 2, a / 2 FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT -a FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT lag(a) OVER (), first_value(a) OVER () FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT (SELECT {e} FROM {s}) AS a UNION SELECT {e} FROM {s}",
    "WITH w AS (SELECT {e} AS a FROM {s}) "
    "SELECT a.a, pg_typeof(b.a), array_agg(a.a) FROM w a JOIN w b ON a.a = b.a GROUP BY a.a, b.a",
    "SELECT coalesce(a, NULL), CASE WHEN a IS NULL THEN a ELSE a END, nullif(a, NULL), ARRAY[a] "
    "FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT a + i4, a - d, a || 'x' FROM (SELECT {e} AS a, i4, d FROM {s}) q",
    "SELECT a + interval '1 day' FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT a - ts FROM (SELECT {e} AS a, ts FROM {s}) q",
    "SELECT round(a), abs(a) FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT length(a), upper(a) FROM (SELECT {e} AS a FROM {s}) q",
    "SELECT extract(epoch FROM a), a::date FROM (SELECT {e} AS a FROM {s}) q",
)
# What is not as PostgreSQL has it, by a part of the expression and of the statement around it.
KNOWN = (
    # One number of digits for all elements of an array.
    ("n || ai", ""),
    ("ai || n", ""),
    # Digits of a power that another function or query takes.
    ("n ^ i8", "avg(a)"),
    ("n ^ i8", ") AS a UNION"),
    # An array of an array that is NULL has no elements there.
    ("nullif(a", "ARRAY[a]"),
    # A time becomes an interval by itself; refused.
    ("-tm", ""),
    ("tm", "sum(a)"),
    ("tm", "-a "),
    ("::time", "sum(a)"),
    ("::time", "-a "),
    # Another SQLSTATE.
    ("* oid", ""),
    ("/ oid", ""),
    ("oid *", ""),
    # DataFusion forgets the types of an array's elements where it keeps one array; refused.
    ("ARRAY[n]", ""),
    *(
        (array, around)
        for array in ("ARRAY[", "|| at", "at ||", "|| ai", "ai ||")
        for around in ("max(a)", "min(", "lag(a)", ") AS a UNION")
    ),
)


def is_known(expression, sql):
    return any(part in expression and around in sql for part, around in KNOWN)



def expressions():
    for (one, other), operator in itertools.product(itertools.product(VALUES, VALUES), OPERATORS):
        yield f"{one} {operator} {other}"
    for name in VALUES:
        for function in FUNCTIONS:
            yield function.format(x=name)
        for kind in CASTS:
            yield f"{name}::{kind}"


class AsText(Loader):
    """Values as they came over the wire."""

    def load(self, data):
        return bytes(data).decode()


@pytest.fixture(scope="module")
def both():
    connections = [psycopg.connect(address, autocommit=True) for address in (ORACLE, SERVER)]
    for connection in connections:
        connection.execute("SET timezone = 'Europe/Berlin'")
        connection.execute("SET statement_timeout = '10s'")
        for oid in connection.execute("SELECT oid FROM pg_type WHERE oid < 10000").fetchall():
            connection.adapters.register_loader(oid[0], AsText)
    yield connections
    for connection in connections:
        connection.close()


def answer(connection, sql):
    try:
        cursor = connection.execute(sql)
    except psycopg.Error as error:
        return error.sqlstate
    return [(column.name, column.type_code) for column in cursor.description], cursor.fetchall()


def is_refused(found):
    return isinstance(found, str)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_same(both, chunk):
    told, run = [], 0

    def same(sql):
        nonlocal run
        if is_known(expression, sql):
            return False
        run += 1
        wanted, found = (answer(connection, sql.format(e=expression, s=SOURCE)) for connection in both)
        if wanted != found:
            told.append(f"{sql.format(e=expression, s='s')}\n  forebay:  {found}\n  postgres: {wanted}")
        return not is_refused(wanted) and not is_refused(found)

    for expression in list(expressions())[chunk * EVERY :: CHUNKS * EVERY]:
        if not same(ALONE):
            continue
        for sql in AROUND:
            same(sql)
    assert run > 0
    assert not told, f"{len(told)} of {run} differ\n" + "\n".join(told[:20])
