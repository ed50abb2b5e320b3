"""Writes a database `kinds` into a source root, one small table with every type and its awkward values, and declares
keys and comments of the tables, which `oracle.py` gives to those of PostgreSQL too.

    kinds.py ROOT
"""

import datetime
import decimal
import hashlib
import json
import pathlib
import sys

import pyarrow
import pyarrow.parquet

UTC = datetime.timezone.utc
DAY = datetime.date
STAMP = datetime.datetime
D = decimal.Decimal

# Column name, Arrow type, values. Every column ends in a NULL; shorter lists are padded with NULLs.
COLUMNS = [
    ("flag", pyarrow.bool_(), [True, False]),
    ("small", pyarrow.int16(), [0, 1, -1, 32767, -32768]),
    ("medium", pyarrow.int32(), [0, 7, -7, 2**31 - 1, -(2**31)]),
    ("large", pyarrow.int64(), [0, 42, -42, 2**63 - 1, -(2**63)]),
    ("single", pyarrow.float32(), [0.0, 1.5, -2.25, 3.4028235e38, float("nan"), float("inf"), float("-inf")]),
    ("double", pyarrow.float64(), [0.1, -0.0, 1e300, 5e-324, float("nan"), float("inf"), float("-inf")]),
    ("amount", pyarrow.decimal128(15, 2), [D("0.00"), D("1.10"), D("-9999999999999.99"), D("100.00"), D("10000.05")]),
    ("precise", pyarrow.decimal128(38, 10), [D("0E-10"), D("1234567890123456789012345678.0123456789"), D("-0.0000000001")]),
    ("whole", pyarrow.decimal128(20, 0), [D(0), D("18446744073709551615"), D(10000), D(-100000000)]),
    ("label", pyarrow.string(), ["", "plain", "tab\tnew\nline\\back", 'quote " and \' comma ,', "héllo — 世界 🎉", "NULL", "\\N"]),
    ("bytes", pyarrow.binary(), [b"", b"\x00\xff\x01", b"abc\\"]),
    ("day", pyarrow.date32(), [DAY(1970, 1, 1), DAY(2000, 2, 29), DAY(1, 1, 1), DAY(9999, 12, 31), DAY(1969, 12, 31)]),
    ("clock", pyarrow.time64("us"), [datetime.time(0), datetime.time(23, 59, 59, 999999), datetime.time(12, 30, 0, 500000)]),
    ("moment", pyarrow.timestamp("us"), [STAMP(2026, 3, 1, 12, 30, 15, 250000), STAMP(1970, 1, 1), STAMP(1969, 12, 31, 23, 59, 59, 999999), STAMP(1900, 1, 1), STAMP(9999, 12, 31, 23, 59, 59)]),
    ("instant", pyarrow.timestamp("us", "UTC"), [STAMP(2026, 3, 1, 12, 30, 15, 250000, UTC), STAMP(1970, 1, 1, tzinfo=UTC), STAMP(1999, 12, 31, 23, 59, 59, 999999, UTC)]),
    ("numbers", pyarrow.list_(pyarrow.int32()), [[1, 2, 3], [], [None, -1]]),
    ("words", pyarrow.list_(pyarrow.string()), [["a", "b c"], [], ['q"x', "back\\slash", "", "NULL", None, "com,ma", "{}"]]),
]

# What the manifests say. PostgreSQL's correlated subqueries would take minutes without the keys of TPC-H.
DECLARED = {
    "tpch": {
        "region": {"key": ["r_regionkey"]},
        "nation": {"key": ["n_nationkey"]},
        "supplier": {"key": ["s_suppkey"]},
        "customer": {"key": ["c_custkey"]},
        "part": {"key": ["p_partkey"]},
        "partsupp": {"key": ["ps_partkey", "ps_suppkey"]},
        "orders": {"key": ["o_orderkey"]},
        "lineitem": {"key": ["l_orderkey", "l_linenumber"]},
    },
    "kinds": {
        "kinds": {
            "comment": "One row for each awkward value; it's \"quoted\"",
            "columns": {"id": {"comment": "No key, yet never NULL"}, "label": {"comment": "héllo"}},
        }
    },
}


def main(root):
    count = max(len(values) for _, _, values in COLUMNS) + 1
    arrays = [pyarrow.array(range(count), pyarrow.int64())]
    fields = [pyarrow.field("id", pyarrow.int64(), nullable=False)]
    for name, kind, values in COLUMNS:
        arrays.append(pyarrow.array(values + [None] * (count - len(values)), kind))
        fields.append(pyarrow.field(name, kind))
    directory = pathlib.Path(root) / "kinds" / "v1"
    directory.mkdir(parents=True, exist_ok=True)
    table = pyarrow.Table.from_arrays(arrays, schema=pyarrow.schema(fields))
    pyarrow.parquet.write_table(table, directory / "kinds.parquet")
    declare(directory, DECLARED["kinds"])
    for version in sorted((pathlib.Path(root) / "tpch").iterdir()):
        if (version / "_SUCCESS").exists():
            declare(version, DECLARED["tpch"])


def declare(version, tables):
    """Writes the `_manifest.json` of a version that is there."""
    files = [path for path in sorted(version.rglob("*")) if path.is_file() and not path.name.startswith("_")]
    declared = {
        "files": [
            {
                "path": str(path.relative_to(version)),
                "bytes": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        ],
        "tables": tables,
    }
    (version / "_manifest.json").write_text(json.dumps(declared))


if __name__ == "__main__":
    main(*sys.argv[1:])
