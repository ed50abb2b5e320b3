"""pg_dump, pg_restore and pg_dumpall: what they write of Forebay is what they write of PostgreSQL, and can be restored."""

import re

import psycopg
import pytest
from cases import ORACLE, SERVER
from programs import database, output, run
from servers import BINARY, Site


def dump(target, *arguments):
    return output("pg_dump", *arguments, target)


def entries(text):
    """A dump in its parts. What differs by nature is left out: random keys, the exact version of the server, the two
    indexes beside the keys that only the PostgreSQL of the tests has, and its schema `forebay`, which is an extension here."""
    text = re.sub(r"(?m)^(\\(un)?restrict|-- Dumped from database version) .*$", r"\1", text)
    text = re.sub(r"(?m)^DROP (INDEX .*|SCHEMA (IF EXISTS )?forebay;)\n", "", text)
    parts = re.split(r"(?m)^--\n(?=-- (?:Name: |Data for |PostgreSQL database dump complete))", text)
    return [part for part in parts if not re.match(r"-- Name: (.*; Type: INDEX;|(SCHEMA )?forebay; Type: (SCHEMA|ACL);)", part)]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--schema-only",),
        ("--schema-only", "-n", "tpch"),
        ("--schema-only", "-n", "kinds"),
        ("--schema-only", "-N", "kinds"),
        ("--schema-only", "-t", "tpch.nation", "-t", "kinds.kinds"),
        ("--schema-only", "-t", "tpch.*", "-T", "tpch.lineitem"),
        ("--schema-only", "--no-owner", "--no-privileges"),
        ("--schema-only", "--clean", "--if-exists"),
        ("--schema-only", "--create"),
        ("--schema-only", "--no-comments", "--no-security-labels", "--no-publications", "--no-subscriptions"),
        ("--schema-only", "--use-set-session-authorization"),
        ("--schema-only", "--strict-names", "-n", "tpch"),
        ("--section=pre-data",),
        ("--section=post-data",),
        ("-t", "tpch.nation"),
        ("-t", "kinds.kinds"),
        ("--data-only", "-t", "tpch.region"),
        ("--data-only", "-t", "tpch.nation", "--inserts"),
        ("--data-only", "-t", "kinds.kinds", "--column-inserts", "--rows-per-insert=3"),
        ("--data-only", "-t", "tpch.region", "--disable-triggers"),
        ("--data-only", "-t", "tpch.region", "--serializable-deferrable"),
        ("--data-only", "-t", "tpch.region", "--enable-row-security"),
    ],
    ids=" ".join,
)
def test_pg_dump_writes_the_same(arguments):
    got, want = (entries(dump(target, *arguments)) for target in (SERVER, ORACLE))
    if "--create" in arguments:
        # Before the schemas stands the database itself, whose locale, comment and settings are those of its cluster.
        got, want = ([part for part in parts if not re.match(r"-- Name: (DATABASE )?tpch; Type: (DATABASE|COMMENT)", part)] for parts in (got, want))
    assert got == want


def test_pg_dump_writes_the_same_rows():
    got, want = (dump(target, "--data-only", "-n", "tpch") for target in (SERVER, ORACLE))
    # Rows come in any order, and end with a line like any other.
    assert [sorted(part.splitlines()) for part in entries(got)] == [sorted(part.splitlines()) for part in entries(want)]


def test_pg_dump_refuses_the_same():
    for arguments in (("-t", "nope"), ("-n", "nope"), ("-d", "nope")):
        got, want = (run("pg_dump", target, *arguments) for target in (SERVER, ORACLE))
        assert got.returncode == want.returncode == 1
        got, want = (re.sub(r"(port |:)\d+", r"\1", done.stderr) for done in (got, want))
        assert got == want


@pytest.mark.parametrize("options", [("-Fc",), ("-Ft",), ("-Fd",), ("-Fd", "-j", "2")], ids=" ".join)
def test_archives_restore_into_postgresql(options, tmp_path):
    archive = str(tmp_path / "archive")
    dump(SERVER, *options, "-f", archive, "-n", "tpch", "-n", "kinds")
    listed = output("pg_restore", "--list", archive)
    assert len(re.findall(r" TABLE DATA ", listed)) == 9
    with database("forebay_restored") as target:
        output("pg_restore", "--exit-on-error", "-d", target, archive)
        same_tables(target)


def test_a_dump_restores_into_postgresql():
    """With the views of the server itself, which are not in it."""
    with database("forebay_restored") as target:
        output("psql", "-X", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1", target, stdin=dump(SERVER))
        same_tables(target)


def same_tables(target):
    """Whether PostgreSQL has the same rows in this database as in that of the tests."""
    with psycopg.connect(target) as restored, psycopg.connect(ORACLE) as oracle:
        names = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('tpch', 'kinds') ORDER BY 1"
        hashes = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {} t"
        for connection in (restored, oracle):
            connection.execute("SET search_path = public")
        tables = [name for (name,) in oracle.execute(names)]
        assert tables == [name for (name,) in restored.execute(names)] and len(tables) == 9
        for table in tables:
            got, want = (connection.execute(hashes.format(table)).fetchone() for connection in (restored, oracle))
            assert got == want, table


@pytest.mark.parametrize(
    "arguments",
    [("--roles-only",), ("--globals-only", "--no-role-passwords"), ("--tablespaces-only",), ("--schema-only", "--no-role-passwords")],
    ids=" ".join,
)
def test_pg_dumpall(arguments):
    text = output("pg_dumpall", "-l", "tpch", "-d", SERVER, *arguments)
    assert "-- PostgreSQL database cluster dump complete" in text
    assert ("CREATE ROLE forebay;" in text) == ("--tablespaces-only" not in arguments)
    assert ("CREATE TABLE tpch.nation (" in text) == ("--schema-only" in arguments)


@pytest.mark.skipif(not BINARY, reason="no FOREBAY_TEST_BINARY")
def test_roles_and_grants(tmp_path):
    with Site(tmp_path).serve() as place:
        target = "postgresql://forebay@{host}:{port}/{dbname}".format(**place)
        with psycopg.connect(target, autocommit=True) as connection:
            for sql in (
                "CREATE ROLE readers",
                "CREATE ROLE ann LOGIN CONNECTION LIMIT 3",
                "GRANT readers TO ann",
                "ALTER ROLE ann SET statement_timeout = '5s'",
                "GRANT USAGE ON SCHEMA tpch TO readers",
                "GRANT SELECT ON tpch.nation TO readers WITH GRANT OPTION",
                "GRANT SELECT ON tpch.nation TO PUBLIC",
            ):
                connection.execute(sql)
        roles = output("pg_dumpall", "-l", "tpch", "-d", target, "--roles-only", "--no-role-passwords")
        for line in (
            "CREATE ROLE readers;",
            "ALTER ROLE readers WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;",
            "ALTER ROLE ann WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 3;",
            "ALTER ROLE ann SET statement_timeout TO '5s';",
            "GRANT readers TO ann GRANTED BY forebay;",
        ):
            assert line in roles.splitlines(), roles
        schema = dump(target, "--schema-only")
        grants = sorted(line for line in schema.splitlines() if line.startswith(("GRANT", "REVOKE")))
        assert grants == [
            "GRANT SELECT ON TABLE tpch.nation TO PUBLIC;",
            "GRANT SELECT ON TABLE tpch.nation TO readers WITH GRANT OPTION;",
            "GRANT USAGE ON SCHEMA tpch TO readers;",
        ]
