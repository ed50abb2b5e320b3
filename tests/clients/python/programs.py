"""PostgreSQL's own programs, run against either server."""

import contextlib
import subprocess

import psycopg
from cases import ORACLE
from psycopg.conninfo import conninfo_to_dict

# Long enough for a busy machine; only a failure waits for it.
LIMIT_SECONDS = 100


def run(*command, stdin=None, text=True):
    return subprocess.run(command, capture_output=True, text=text, input=stdin, timeout=LIMIT_SECONDS)


def output(*command, stdin=None, text=True):
    """What a program prints that succeeds and warns of nothing."""
    done = run(*command, stdin=stdin, text=text)
    assert (done.returncode, done.stderr) == (0, "" if text else b""), done.stderr
    return done.stdout


def address(target):
    """Host and port of a server, as all of PostgreSQL's programs take them."""
    place = conninfo_to_dict(target)
    return ["-h", place["host"], "-p", place["port"], "-U", place["user"]]


@contextlib.contextmanager
def database(name):
    """A database of its own on PostgreSQL; the DSN of it. Other suites never see what is in there."""
    with psycopg.connect(ORACLE, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{ORACLE.rsplit('/', 1)[0]}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
