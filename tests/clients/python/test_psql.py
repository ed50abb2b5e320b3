"""psql: what it prints, its backslash commands, \\copy, interrupt."""

import re
import signal
import subprocess
import time

import pytest
from cases import ERRORS, ORACLE, SERVER, SLOW, TPCH, same_rows


def psql(target, *arguments, stdin=None):
    command = ["psql", "-X", "-v", "VERBOSITY=default", "-d", target, *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=100)


def both(*arguments, stdin=None):
    return psql(SERVER, *arguments, stdin=stdin), psql(ORACLE, *arguments, stdin=stdin)


def same_output(*arguments, stdin=None):
    got, want = both(*arguments, stdin=stdin)
    assert (got.stdout, got.stderr, got.returncode) == (want.stdout, want.stderr, want.returncode)


def shown(command):
    done = psql(SERVER, "-c", command)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def cell(value):
    return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else value


@pytest.mark.parametrize("name", TPCH)
def test_tpch(name):
    got, want = both("-q", "-A", "-F", "\x1f", "-P", "footer=off", "-c", TPCH[name])
    assert (got.stderr, got.returncode) == ("", 0)
    tables = [[line.split("\x1f") for line in done.stdout.splitlines()] for done in (got, want)]
    assert tables[0][0] == tables[1][0]
    same_rows(*([tuple(map(cell, row)) for row in table[1:]] for table in tables), name)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM kinds.kinds ORDER BY id",
        "SELECT n_name, n_nationkey FROM nation ORDER BY 1",
        "SELECT 1; SELECT 2 AS two; SELECT r_name FROM region ORDER BY 1",
        "SELECT 1; SELECT 1 / 0; SELECT 2",
        "BEGIN; SELECT 1; COMMIT",
        "SELECT NULL AS a, '' AS b, true AS c, 1.10::numeric(5,2) AS d",
        "SET DateStyle = 'ISO, DMY'; SHOW DateStyle; SELECT date '2026-03-01'",
        "SET TimeZone = 'Europe/Berlin'; SELECT timestamptz '2026-03-01 12:00:00+00'",
        "SET extra_float_digits = 0; SELECT 0.1::float8 + 0.2::float8",
        "SET bytea_output = 'escape'; SELECT '\\x00ff41'::bytea",
        "",
    ],
)
def test_prints_the_same(sql):
    same_output("-c", sql)


@pytest.mark.parametrize("script", [
    "SELECT n_nationkey, n_name, n_comment FROM nation \\gdesc\n",
    "SELECT * FROM kinds.kinds \\gdesc\n",
    "SELECT l_extendedprice * 2 AS twice, sum(l_tax) OVER () AS s FROM lineitem \\gdesc\n",
    "\\x on\nSELECT * FROM region ORDER BY 1;\n",
    "\\set FETCH_COUNT 1000\nSELECT l_orderkey, l_comment FROM lineitem ORDER BY l_orderkey, l_linenumber LIMIT 2500;\n",
    "\\copy (SELECT * FROM nation ORDER BY 1) TO STDOUT\n",
    "\\copy (SELECT * FROM nation ORDER BY 1) TO STDOUT CSV HEADER\n",
    "COPY (SELECT * FROM kinds.kinds ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER);\n",
    "SELECT n_name FROM nation WHERE n_nationkey = 1 \\gset\n\\echo :n_name\n",
    "PREPARE p (int8) AS SELECT n_name FROM nation WHERE n_nationkey = $1;\nEXECUTE p(3);\nDEALLOCATE p;\nEXECUTE p(3);\n",
    "BEGIN;\nDECLARE c CURSOR FOR SELECT r_name FROM region ORDER BY 1;\nFETCH 2 FROM c;\nFETCH ALL FROM c;\nCLOSE c;\nCOMMIT;\n",
    "BEGIN;\nSAVEPOINT s;\nSELECT nope;\nROLLBACK TO s;\nSELECT 1;\nRELEASE s;\nEND;\n",
    "BEGIN;\nSELECT nope;\nSELECT 1;\nCOMMIT;\n",
    "ROLLBACK;\nBEGIN;\nBEGIN;\nROLLBACK;\n",
])  # fmt: skip
def test_scripts(script):
    same_output(stdin=script)


@pytest.mark.parametrize("sql", [case[0] for case in ERRORS])
def test_error_text_and_caret(sql):
    got, want = both("-c", sql)
    assert (got.stderr, got.returncode) == (want.stderr, want.returncode)


@pytest.mark.parametrize(
    "command, wanted",
    [
        ("\\l", [r"^ forebay +\|", r"^ +Name +\| +Owner"]),
        ("\\dn", [r"^ +tpch +\| forebay", r"^ +kinds +\|"]),
        ("\\dt", [rf"^ tpch +\| {table} +\| table +\| forebay" for table in ("customer", "lineitem", "region")]),
        ("\\dt kinds.*", [r"^ kinds +\| kinds +\| table"]),
        ("\\d", [r"^ tpch +\| lineitem +\| table"]),
        ("\\d+ region", [r"^ r_name +\| text"]),
        ("\\dt+ region", [r"^ tpch +\| region"]),
        ("\\du", [r"^ forebay +\| Superuser"]),
        ("\\conninfo", [r'connected to database "tpch" as user "forebay"']),
        ("\\dv forebay.*", [r"^ forebay +\| versions +\| view"]),
        ("\\encoding", [r"^UTF8$"]),
    ],
)
def test_backslash(command, wanted):
    output = shown(command)
    for pattern in wanted:
        assert re.search(pattern, output, re.MULTILINE), f"{pattern!r} is not in\n{output}"


@pytest.mark.parametrize("command", ["\\dv", "\\dt nope*", "\\di nope", "\\dp", "\\ds", "\\dT nope", "\\dx nope", "\\db nope", "\\dF nope", "\\dy"])
def test_backslash_finds_nothing(command):
    done = psql(SERVER, "-c", command)
    assert done.returncode == 0 and "ERROR" not in done.stderr, done.stderr


@pytest.mark.parametrize("table", ["lineitem", "kinds.kinds"])
def test_describe_prints_the_same_columns(table):
    got, want = (done.stdout.split("Indexes:")[0] for done in both("-c", f"\\d {table}"))
    assert got.rstrip() == want.rstrip()


def test_copy_to_file(tmp_path):
    contents = []
    for place, target in enumerate((SERVER, ORACLE)):
        file = tmp_path / f"{place}.csv"
        done = psql(target, "-c", f"\\copy (SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber) TO '{file}' CSV HEADER")
        assert done.stdout.startswith("COPY "), done.stderr
        contents.append(file.read_bytes())
    assert contents[0] == contents[1]


def test_interrupt():
    process = subprocess.Popen(["psql", "-X", "-d", SERVER, "-c", SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, stderr = process.communicate(timeout=10)
    assert time.monotonic() - started < 2
    assert "canceling statement due to user request" in stderr


def test_database_names():
    other = SERVER.rsplit("/", 1)[0]
    assert psql(f"{other}/forebay", "-Atc", "SELECT count(*) FROM tpch.region").stdout == "5\n"
    assert 'database "nope" does not exist' in psql(f"{other}/nope", "-c", "SELECT 1").stderr
