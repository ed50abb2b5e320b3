"""COPY through psql: the bytes of PostgreSQL in every format, which PostgreSQL reads back into the same rows."""

import psycopg
import pytest
from cases import ORACLE, SERVER
from programs import database, output, run

OPTIONS = [
    "",
    "(FORMAT text, DELIMITER '|', NULL 'x')",
    "(FORMAT text, HEADER)",
    "(FORMAT csv)",
    "(FORMAT csv, HEADER true, NULL 'nothing')",
    "(FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\', FORCE_QUOTE *)",
    "(FORMAT csv, FORCE_QUOTE (label, words), ENCODING 'UTF8')",
    "(FORMAT binary)",
    "WITH CSV HEADER",
    "WITH DELIMITER AS E'\\t' NULL AS 'x'",
]


def with_options(source, options):
    """What `COPY source TO STDOUT options` writes, of any server."""
    return lambda target: output("psql", "-X", "-q", "-c", f"COPY {source} TO STDOUT {options}", target, text=False)


@pytest.fixture(scope="module")
def copies():
    """A database of PostgreSQL with the same tables, empty."""
    with database("forebay_copies") as target:
        schema = output("pg_dump", "--schema-only", ORACLE)
        output("psql", "-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", target, stdin=schema)
        yield target


@pytest.mark.parametrize("options", OPTIONS)
def test_every_type(copies, options):
    rows = with_options("(SELECT * FROM kinds.kinds ORDER BY id)", options)
    got, want = rows(SERVER), rows(ORACLE)
    assert got == want
    with psycopg.connect(copies) as connection:
        # FORCE_QUOTE is for writing only.
        reading = options.replace("FORCE_QUOTE *", "FORCE_NULL (id)").replace("FORCE_QUOTE (label, words), ", "")
        with connection.cursor() as cursor, cursor.copy(f"COPY kinds.kinds FROM STDIN {reading}") as copy:
            copy.write(got)
        back = connection.execute("SELECT * FROM kinds.kinds ORDER BY id").fetchall()
        with psycopg.connect(ORACLE) as oracle:
            assert repr(back) == repr(oracle.execute("SELECT * FROM kinds.kinds ORDER BY id").fetchall())
        connection.rollback()


@pytest.mark.parametrize("options", ["", "(FORMAT csv)", "(FORMAT binary)"])
def test_tables_move_by_pipe(copies, options):
    for table in ("nation", "orders"):
        got = with_options(f"tpch.{table}", options)(SERVER)
        output("psql", "-X", "-q", "-c", f"COPY tpch.{table} FROM STDIN {options}", copies, stdin=got, text=False)
        sums = f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM tpch.{table} t"
        with psycopg.connect(copies, autocommit=True) as connection, psycopg.connect(ORACLE) as oracle:
            assert connection.execute(sums).fetchone() == oracle.execute(sums).fetchone()
            connection.execute(f"TRUNCATE tpch.{table} CASCADE")


@pytest.mark.parametrize("source", [
    "tpch.region (r_name, r_regionkey)",
    "region",
    "(VALUES (1, 'a', NULL), (2, E'tab\\tand\\nline', '\\N'))",
    "(SELECT 1 WHERE false)",
    "(WITH n AS (SELECT n_name FROM nation ORDER BY 1 LIMIT 2) SELECT *, E'\\\\.' FROM n)",
    "(SELECT ARRAY[1, NULL, 3], ARRAY['a,b', 'c\"d'], ROW(1, 'x y'), '{\"a\": [1, 2]}'::jsonb, interval '1 day 02:00', inet '::1')",
    "(SELECT n_name, r_name FROM nation JOIN region ON n_regionkey = r_regionkey ORDER BY 1)",
])  # fmt: skip
@pytest.mark.parametrize("options", ["", "CSV HEADER", "(FORMAT binary)"])
def test_writes_the_same(source, options):
    rows = with_options(source, options)
    assert sorted(rows(SERVER).split(b"\n")) == sorted(rows(ORACLE).split(b"\n"))


@pytest.mark.parametrize("sql", [
    "COPY nope TO STDOUT",
    "COPY tpch.region (nope) TO STDOUT",
    "COPY (SELECT nope FROM region) TO STDOUT",
    "COPY (SELECT 1 / 0) TO STDOUT",
    "COPY region TO STDOUT (FORMAT nope)",
    "COPY region TO STDOUT (FORMAT csv, DELIMITER 'ab')",
    "COPY region TO STDOUT (FORMAT binary, DELIMITER ',')",
    "COPY region TO STDOUT (NULL E'\\n')",
    "COPY region TO STDOUT (QUOTE '\"')",
    "COPY region TO STDOUT (HEADER match)",
    "COPY region TO STDOUT (FORMAT csv, FORMAT text)",
    "COPY region TO STDOUT (FORCE_QUOTE *)",
    "COPY region TO STDOUT (FORMAT csv, FORCE_QUOTE (nope))",
    "COPY region TO STDOUT (nope)",
    "COPY region TO STDOUT (DELIMITER 'a')",
    "COPY region TO STDOUT (DELIMITER E'\\n')",
    "COPY region TO STDOUT (FORMAT csv, DELIMITER '\"')",
    "COPY region TO STDOUT (FORMAT csv, NULL 'a,b')",
    "COPY region TO STDOUT (FORMAT csv, NULL '\"')",
    "COPY region TO STDOUT (FORMAT csv, HEADER 2)",
    "COPY region TO STDOUT (FORMAT binary, HEADER)",
    "COPY region TO STDOUT (FORMAT csv, FORCE_NULL (r_name))",
    "COPY region TO STDOUT (FORMAT csv, FORCE_QUOTE r_name)",
    "COPY region TO STDOUT (FORMAT csv, FORCE_QUOTE (r_name, r_name))",
    "COPY region (r_name, r_name) TO STDOUT",
    "COPY region TO STDOUT (FORMAT)",
    "COPY region TO STDOUT (FREEZE maybe)",
    "COPY region TO STDOUT CSV CSV",
    "COPY region TO STDOUT WITH ESCAPE 'x'",
    "COPY (SELECT 1 AS a) TO STDOUT (FORMAT csv, FORCE_QUOTE (b))",
    "COPY region TO STDOUT (ENCODING 'nope')",
])  # fmt: skip
def test_refuses_the_same(sql):
    got, want = (run("psql", "-X", "-v", "VERBOSITY=verbose", "-c", sql, target) for target in (SERVER, ORACLE))
    # Where in the source of PostgreSQL an error comes from is its own.
    got, want = ([line for line in done.stderr.splitlines() if not line.startswith("LOCATION")] for done in (got, want))
    assert got == want


def test_nothing_is_taken(tmp_path):
    """COPY FROM is refused before a row is sent, and the connection goes on."""
    file = tmp_path / "rows"
    file.write_text("9\tNOWHERE\tx\n")
    # psql skips what may be data when such a COPY fails, up to the end that it is told.
    script = f"\\copy tpch.region FROM '{file}'\nCOPY tpch.region FROM STDIN;\n\\.\nSELECT count(*) FROM tpch.region;\n"
    done = run("psql", "-X", "-A", "-t", SERVER, stdin=script)
    assert done.stdout == "5\n" and done.stderr.count("ERROR:  cannot change the tables of a version") == 2, done.stderr
