"""The statements every client suite runs against Forebay and against PostgreSQL, and how answers are compared.

`SERVER` and `ORACLE` are the two DSNs; they may be the same server, which tests the suites themselves.
"""

import datetime
import decimal
import math
import os
import pathlib

SERVER = os.environ["FOREBAY_TEST_SERVER"]
ORACLE = os.environ["FOREBAY_TEST_PG"]

TPCH = {
    path.stem: path.read_text().rstrip().rstrip(";")
    for path in sorted((pathlib.Path(__file__).parents[2] / "data" / "tpch").glob("q*.sql"))
}

# Positions of the ORDER BY columns. Rows that tie on them may come in any order.
ORDER = {
    "q02": (0, 2, 1, 3), "q03": (1, 2), "q05": (1,), "q10": (2,), "q11": (1,), "q13": (1, 0),
    "q16": (3, 0, 1, 2), "q18": (4, 3), "q21": (1, 0),
}  # fmt: skip

LINES = "SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber"

# One line each: name, statement, parameters. `$1::type` says the type where a driver would leave it open.
QUERIES = [
    ("constant", "SELECT 1 AS one, 'x' AS letter, NULL AS nothing, true AS yes", ()),
    ("unnamed", "SELECT 1, 'x', 1 + 1, count(*), upper('a') FROM region", ()),
    ("empty", "SELECT n_name, n_nationkey FROM nation WHERE n_nationkey < 0", ()),
    ("no columns of rows", "SELECT n_nationkey FROM nation ORDER BY n_nationkey LIMIT 0", ()),
    ("integers", "SELECT 1::int2, 2::int4, 3::int8, (-9223372036854775807 - 1)::int8 AS least", ()),
    ("numerics", "SELECT 1.50::numeric(10,2) AS a, 0.00::numeric(10,2) AS b, -123456.789 AS c, 1e10::numeric(20,0) AS d", ()),
    ("floats", "SELECT 0.1::float8 AS a, 1e300::float8 AS b, 'NaN'::float8 AS c, '-Infinity'::float8 AS d, 1.5::float4 AS e", ()),
    ("dates", "SELECT date '2026-03-01' AS a, timestamp '2026-03-01 12:30:15.25' AS b, timestamptz '2026-03-01 12:30:15+02' AS c", ()),
    ("intervals", "SELECT interval '1 month 2 days 03:04:05.5' AS a, date '2026-01-31' + interval '1 month' AS b", ()),
    ("texts", "SELECT 'it''s' AS a, U&'\\00e9' AS b, E'a\\tb' AS c, 'héllo — 世界'::text AS d", ()),
    ("bytes", "SELECT '\\x00ff'::bytea AS a", ()),
    ("arrays", "SELECT ARRAY[1,2,3] AS a, ARRAY['x','y z',NULL] AS b", ()),
    ("aggregates", "SELECT count(*) AS n, sum(n_nationkey) AS total, avg(n_nationkey) AS mean, min(n_name) AS lo, max(n_name) AS hi FROM nation", ()),
    ("numeric aggregates", "SELECT sum(o_totalprice) AS a, avg(o_totalprice) AS b, min(o_totalprice) AS c FROM orders", ()),
    ("division", "SELECT 7 / 2 AS a, -7 / 2 AS b, 7 % 3 AS c, 7.0 / 2 AS d, 1::float8 / 3 AS e", ()),
    ("join", "SELECT n_name, r_name FROM nation JOIN region ON n_regionkey = r_regionkey ORDER BY n_name", ()),
    ("outer join", "SELECT r_name, n_name FROM region LEFT JOIN nation ON n_regionkey = r_regionkey AND n_name LIKE 'A%' ORDER BY 1, 2", ()),
    ("window", "SELECT n_name, row_number() OVER (PARTITION BY n_regionkey ORDER BY n_name) AS place FROM nation ORDER BY n_name", ()),
    ("cte", "WITH t AS (SELECT n_regionkey AS k, count(*) AS c FROM nation GROUP BY 1) SELECT k, c FROM t ORDER BY k", ()),
    ("union", "SELECT n_name AS name FROM nation UNION ALL SELECT r_name FROM region ORDER BY name", ()),
    ("values", "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (x, y) ORDER BY x", ()),
    ("schema name", "SELECT r_name FROM tpch.region ORDER BY r_regionkey", ()),
    ("nulls first", "SELECT id, medium FROM kinds.kinds ORDER BY medium DESC, id", ()),
    ("many rows", "SELECT l_orderkey, l_linenumber, l_extendedprice, l_shipdate, l_comment FROM lineitem ORDER BY 1, 2 LIMIT 5000", ()),
    ("kinds", "SELECT * FROM kinds.kinds ORDER BY id", ()),
    ("one parameter", "SELECT n_name FROM nation WHERE n_nationkey = $1::int8", (7,)),
    ("text parameter", "SELECT n_nationkey FROM nation WHERE n_name = $1::text", ("FRANCE",)),
    ("quoted parameter", "SELECT $1::text AS a", ("it's \\ \"quoted\" %",)),
    ("null parameter", "SELECT $1::int4 AS a, $2::text AS b", (None, None)),
    ("date parameter", "SELECT count(*) AS n FROM orders WHERE o_orderdate < $1::date", (datetime.date(1995, 1, 1),)),
    ("numeric parameter", "SELECT count(*) AS n FROM lineitem WHERE l_discount = $1::numeric", (decimal.Decimal("0.05"),)),
    ("float parameter", "SELECT $1::float8 AS a", (0.1,)),
    ("boolean parameter", "SELECT $1::bool AS a, NOT $2::bool AS b", (True, False)),
    ("bytes parameter", "SELECT $1::bytea AS a", (b"\x00\xff",)),
    ("timestamp parameter", "SELECT $1::timestamp AS a", (datetime.datetime(2026, 3, 1, 12, 30, 15, 250000),)),
    ("two parameters", "SELECT s_suppkey FROM supplier WHERE s_acctbal BETWEEN $1::numeric AND $2::numeric ORDER BY 1", (decimal.Decimal(0), decimal.Decimal(1000))),
    ("limit parameter", "SELECT o_orderkey FROM orders ORDER BY 1 LIMIT $1::int8", (3,)),
]  # fmt: skip

# Statement, SQLSTATE. The same state, and the same position where PostgreSQL tells one.
ERRORS = [
    ("SELEC 1", "42601"),
    ("SELECT 1 FROM", "42601"),
    ("SELECT nope FROM lineitem", "42703"),
    ("SELECT * FROM nope", "42P01"),
    ("SELECT * FROM nope.nope", "42P01"),
    ("SELECT nope(1)", "42883"),
    ("SELECT n_nationkey FROM nation n JOIN nation m ON true", "42702"),
    ("SELECT n_name, count(*) FROM nation", "42803"),
    ("SELECT 1 / 0", "22012"),
    ("SELECT 'x'::int4", "22P02"),
    ("SELECT 9223372036854775807 + 1", "22003"),
    ("SELECT date '2026-02-30'", "22008"),
    ("SELECT (SELECT n_name FROM nation)", "21000"),
    ("SHOW nope", "42704"),
    ("EXECUTE nope", "26000"),
    ("FETCH nope", "34000"),
]

# Runs for minutes on either server unless it is stopped.
SLOW = "SELECT count(*) FROM lineitem a, lineitem b, lineitem c WHERE a.l_comment < b.l_comment AND b.l_comment < c.l_comment"


def same_value(left, right):
    numbers = (int, float, decimal.Decimal)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, numbers) and isinstance(right, numbers):
        if left == right or (math.isnan(left) and math.isnan(right)):
            return True
        return math.isclose(left, right, rel_tol=1e-9)
    if isinstance(left, (bytes, bytearray, memoryview)) and isinstance(right, (bytes, bytearray, memoryview)):
        return bytes(left) == bytes(right)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same_value, left, right))
    return type(left) is type(right) and left == right


def same_rows(got, want, name=""):
    """Asserts that two answers are equal; ties of the query's ORDER BY may come in any order."""
    assert len(got) == len(want), f"{len(got)} rows, PostgreSQL has {len(want)}"
    keys = ORDER.get(name)
    if keys is not None:
        for place, (left, right) in enumerate(zip(got, want)):
            assert same_value([left[k] for k in keys], [right[k] for k in keys]), f"order differs at row {place}"
        got, want = sorted(map(tuple, got), key=repr), sorted(map(tuple, want), key=repr)
    for place, (left, right) in enumerate(zip(got, want)):
        assert same_value(left, right), f"row {place}: {left!r}, PostgreSQL has {right!r}"


def percent(sql, parameters):
    """The statement with psycopg's `%s` in place of `$n`, which all cases use once and in order."""
    sql = sql.replace("%", "%%")
    for number in range(len(parameters), 0, -1):
        sql = sql.replace(f"${number}", "%s")
    return sql
