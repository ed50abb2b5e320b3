"""Queries drawn at random give on both servers the same rows, column names and types, and SQLSTATEs.

A few of one seed are always run. `tests/long random` runs many of another seed each time; FOREBAY_TEST_RANDOM says how
many, FOREBAY_TEST_SEED which. What differs is made simpler before it is told.
"""

import contextlib
import decimal
import os
import random

import psycopg
import pytest
from cases import ORACLE, SERVER
from draws import Draws, simplest
from queries import Query

FEW, FIRST_SEED = 200, "1"
COUNT = int(os.environ.get("FOREBAY_TEST_RANDOM") or FEW)
SEED = os.environ.get("FOREBAY_TEST_SEED") or (str(random.randrange(1 << 30)) if COUNT > FEW else FIRST_SEED)
CHUNK = 100
# What takes longer is cut off and compared with nothing.
STATEMENT_TIMEOUT_MS = 10_000
CUT_OFF = ("57014", "54000", "54001")
# Rows whose values cannot be computed may be left out before or after: which conditions come first is not promised.
DATA_EXCEPTION = "22"
# What Forebay does not answer for now, and says so.
REFUSED = {
    "EXCLUDE in the frame of a window": "the planner has no such frames",
    "DISTINCT ON by ": "what is told apart by keys is not sorted by them there",
    "a grouping set in a subquery that refers to a query around it": "the planner has no such subqueries",
    "a subquery in the condition of a join that refers to both sides": "the planner has no such joins",
    "physical plan does not support logical expression OuterReferenceColumn": "a subquery that reads two queries up",
    'column "__forebay_digits_': "numerics of several scales beside a parameter in VALUES",
    "inconsistent metadata across values list": "the planner wants one type of the casts in a column of VALUES",
}


class Answer:
    """Rows and columns, or the SQLSTATE and the message there are instead."""

    def __init__(self, rows=(), columns=(), state=None, message=""):
        self.rows, self.columns, self.state, self.message = rows, columns, state, message

    @staticmethod
    def of(cursor):
        return Answer(cursor.fetchall(), [(column.name, column.type_code) for column in cursor.description])

    def is_cut_off(self):
        return self.state in CUT_OFF or any(text in self.message for text in REFUSED)

    def shown(self, row):
        if self.state:
            return f"{self.state} {self.message}"
        return f"{len(self.rows)} rows {self.columns}, row {row}: {self.rows[row:row + 2]}"


def at_once(connection, sql, parameters, binary):
    return Answer.of(psycopg.RawCursor(connection).execute(sql, parameters, prepare=bool(parameters), binary=binary))


def in_pieces(connection, sql):
    """Through a cursor."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(f"DECLARE pieces CURSOR FOR {sql}")
        got = [Answer.of(cursor.execute(f"FETCH {count} FROM pieces")) for count in (2, 3, "ALL")]
    return Answer([row for piece in got for row in piece.rows], got[0].columns)


def answers(connection, query, manner):
    """What each execution of `query` gives."""
    got = []
    for parameters in query.executions():
        try:
            if manner == "pieces" and not parameters:
                got.append(in_pieces(connection, query.sql))
            else:
                got.append(at_once(connection, query.sql, parameters, manner == "binary"))
        except (psycopg.Error, ArithmeticError, ValueError) as error:
            # Without a state it is of Python, which has no year 10000.
            state = getattr(error, "sqlstate", None) or type(error).__name__
            got.append(Answer(state=state, message=str(error).split("\n")[0]))
    return got


def plain(value):
    """Of values that are equal any may stand for its group; NaN equals itself."""
    if isinstance(value, decimal.Decimal):
        return value.normalize() + 0
    if isinstance(value, list):
        return [plain(member) for member in value]
    return str(value + 0) if isinstance(value, float) else value


def same(got, want):
    if got.is_cut_off() or want.is_cut_off():
        return True
    if got.state or want.state:
        return got.state == want.state or any((answer.state or "").startswith(DATA_EXCEPTION) for answer in (got, want))
    return got.columns == want.columns and first_difference(got, want) is None


def first_difference(got, want):
    """The first row that differs; `None` when there is none."""
    places = range(max(len(got.rows), len(want.rows)))
    plainly = [[list(map(plain, row)) for row in answer.rows] for answer in (got, want)]
    return next((place for place in places if plainly[0][place : place + 1] != plainly[1][place : place + 1]), None)


class Difference:
    """The first execution of a query that differs."""

    def __init__(self, query, manner, parameters, got, want):
        self.query, self.manner, self.parameters, self.got, self.want = query, manner, parameters, got, want

    @staticmethod
    def of(server, oracle, query):
        manner = ("plain", "binary", "pieces")[len(query.sql) % 3]
        both = answers(server, query, manner), answers(oracle, query, manner)
        for parameters, got, want in zip(query.executions(), *both):
            if not same(got, want):
                return Difference(query, manner, parameters, got, want)
        return None

    def shape(self):
        """What stays while a query is made simpler."""
        if self.got.state or self.want.state:
            return self.got.state, self.want.state
        return "columns" if self.got.columns != self.want.columns else "rows"

    def simplified(self, server, oracle):
        best = self

        def holds(told):
            nonlocal best
            found = Difference.of(server, oracle, Query(Draws(told=told)))
            if found is None or found.shape() != self.shape():
                return False
            best = found
            return True

        simplest(self.query.draws.drawn, holds)
        return best

    def __str__(self):
        row = first_difference(self.got, self.want) or 0
        how = f"{self.manner} {self.parameters}" if self.parameters else self.manner
        return f"{self.query.sql};\n  {how}\n  forebay:  {self.got.shown(row)}\n  postgres: {self.want.shown(row)}"


@contextlib.contextmanager
def connections():
    with psycopg.connect(SERVER, autocommit=True) as server, psycopg.connect(ORACLE, autocommit=True) as oracle:
        for connection in (server, oracle):
            connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        yield server, oracle


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("chunk", range(COUNT // CHUNK))
def test_the_same_rows(chunk):
    told = []
    with connections() as (server, oracle):
        for number in range(chunk * CHUNK, (chunk + 1) * CHUNK):
            difference = Difference.of(server, oracle, Query.seeded(f"{SEED}/{number}"))
            if difference is not None:
                told.append(f"{number}: {difference.simplified(server, oracle)}")
    assert not told, f"seed {SEED}: {len(told)} of {CHUNK} differ\n" + "\n".join(told)
