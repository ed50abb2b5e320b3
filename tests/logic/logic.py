"""The public sqllogictest files of SQLite on Forebay and on PostgreSQL: the same rows, or the family fails.

    logic.py JAR BINARY DSN WORK [FAMILY…]

JAR holds the files below `test/`, BINARY is Forebay's, DSN names a PostgreSQL whose user may make databases, WORK is a
directory of our own. The files make tables and fill them. PostgreSQL does that; what it then holds is published as files in a
source root of our own, views as what they show, anew after each change that a query follows. PostgreSQL is the reference:
queries that it refuses, and records that the files mark as not for it, do not count. Answers are compared as text, in
order where the file asks for order.

    FOREBAY_TEST_SEED     which files and queries are drawn
    FOREBAY_TEST_FILES    files drawn of each family (5), `all` for all
    FOREBAY_TEST_QUERIES  queries drawn of each of them (120), `all` for all

Prints a line for each family and fails those where less than RATE_MIN of the queries agree. Ends with a line
`N passed, N failed, N skipped` over families.
"""

import concurrent.futures
import dataclasses
import io
import itertools
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
import zipfile

import psycopg
import pyarrow
import pyarrow.csv
import pyarrow.parquet
from psycopg.pq import ExecStatus

# The part of the queries of a family that has to agree.
RATE_MIN = 0.95
# The differences shown of a family; more of one cause say no more.
SHOWN_MAX = 10
# Queries drawn together.
RUN_LEN = 10
# A statement that runs away is a difference and not the end of the run.
STATEMENT_TIMEOUT_MS = 20_000

# The Arrow types of the types in the files' CREATE TABLE, by OID.
ARROW = {
    21: pyarrow.int16(),
    23: pyarrow.int32(),
    20: pyarrow.int64(),
    700: pyarrow.float32(),
    701: pyarrow.float64(),
    25: pyarrow.string(),
    1042: pyarrow.string(),
    1043: pyarrow.string(),
}


@dataclasses.dataclass
class Record:
    """One statement or query of a file that is meant for PostgreSQL."""

    query: bool
    sort: str
    sql: str


def family(name):
    """`test/index/between/10/slt_good_0.test` is of the family `index/between`, `test/select1.test` of its own."""
    parts = name.removeprefix("test/").removesuffix(".test").split("/")
    return "/".join(parts[: max(1, min(2, len(parts) - 1))])


def records(text):
    """The records of a file in order, up to a `halt` that is meant for PostgreSQL."""
    for paragraph in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        lines = [line for line in paragraph.split("\n") if line and not line.startswith("#")]
        meant = True
        while lines and lines[0].startswith(("skipif", "onlyif")):
            word, engine = lines.pop(0).split()[:2]
            meant = meant and (engine == "postgresql") == (word == "onlyif")
        if not lines or not meant:
            continue
        words = lines[0].split("#")[0].split()
        if words[0] == "halt":
            return
        if words[0] in ("statement", "query"):
            sql = list(itertools.takewhile(lambda line: line != "----", lines[1:]))
            sort = words[2] if words[0] == "query" and len(words) > 2 else "nosort"
            yield Record(words[0] == "query", sort, "\n".join(sql))


class Connection:
    """One connection in the simple protocol, answers as text."""

    def __init__(self, dsn):
        self.inner = psycopg.connect(dsn, autocommit=True, connect_timeout=20)

    def run(self, sql):
        """Rows as tuples of bytes, or the SQLSTATE and message of an error."""
        result = self.inner.pgconn.exec_(sql.encode())
        match result.status:
            case ExecStatus.TUPLES_OK:
                columns = range(result.nfields)
                return [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]
            case ExecStatus.COMMAND_OK | ExecStatus.EMPTY_QUERY:
                return []
            case _:
                state = (result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) or b"?????").decode()
                return f"{state} {result.error_message.decode(errors='replace').strip()}"


def shaped(rows, sort):
    """The rows as the file wants them compared."""
    key = lambda value: (value is not None, value)
    match sort:
        case "rowsort":
            return sorted(rows, key=lambda row: [key(value) for value in row])
        case "valuesort":
            return sorted((value for row in rows for value in row), key=key)
        case _:
            return rows


def rows(csv, schema):
    """A table of what COPY wrote: texts in quotes, NULL as nothing."""
    if not csv:
        return schema.empty_table()
    return pyarrow.csv.read_csv(
        io.BytesIO(csv),
        pyarrow.csv.ReadOptions(column_names=schema.names),
        pyarrow.csv.ParseOptions(ignore_empty_lines=False),
        pyarrow.csv.ConvertOptions(
            column_types=schema, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )


class Tables:
    """The tables of one file: a schema in PostgreSQL, and a database of the source root for each state that is queried."""

    def __init__(self, root, name, postgres, forebay):
        self.root, self.name, self.postgres, self.forebay = root, name, postgres, forebay
        self.states = 0
        self.changed = False
        postgres.run(f"CREATE SCHEMA {name}; SET search_path = {name}")

    def write(self, sql):
        """What PostgreSQL refuses of it changes nothing, and so nothing in either."""
        self.postgres.run(sql)
        self.changed = True

    def publish(self):
        """Puts the state of now into the source root, when it is new."""
        if not self.changed:
            return
        self.changed = False
        shutil.rmtree(self.root / f"{self.name}_{self.states}", ignore_errors=True)
        self.states += 1
        database = f"{self.name}_{self.states}"
        version = self.root / database / "_making"
        version.mkdir(parents=True)
        for table, schema, csv in self.contents():
            pyarrow.parquet.write_table(rows(csv, schema), version / f"{table}.parquet")
        # It appears whole, for other files' refreshes run beside this.
        version.rename(version.with_name("v1"))
        for sql in (f"SELECT forebay.refresh('{database}')", f"SET search_path = {database}"):
            answer = self.forebay.run(sql)
            assert not isinstance(answer, str), answer

    def contents(self):
        """Every table and view with its schema and rows."""
        found = self.postgres.run(
            "SELECT c.relname, a.attname, a.atttypid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            f" WHERE c.relnamespace = '{self.name}'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0"
            " ORDER BY c.relname, a.attnum"
        )
        for table, columns in itertools.groupby(found, key=lambda row: row[0].decode()):
            schema = pyarrow.schema([(column.decode(), ARROW[int(oid)]) for _, column, oid in columns])
            with self.postgres.inner.cursor().copy(
                f'COPY (SELECT * FROM "{table}") TO STDOUT (FORMAT csv, FORCE_QUOTE *)'
            ) as copy:
                yield table, schema, b"".join(bytes(block) for block in copy)

    def drop(self):
        shutil.rmtree(self.root / f"{self.name}_{self.states}", ignore_errors=True)
        self.postgres.run(f"DROP SCHEMA {self.name} CASCADE")


@dataclasses.dataclass
class Tally:
    agreeing: int = 0
    count: int = 0
    # Queries that PostgreSQL refuses: how many, and how many of them the other answers.
    refused: int = 0
    answered: int = 0
    seconds: float = 0
    differences: list = dataclasses.field(default_factory=list)

    def add(self, other):
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def number(variable, default):
    """None for all."""
    text = os.environ.get(variable, str(default))
    return None if text == "all" else int(text)


def drawn(count, dice):
    """The numbers of the queries to run, in runs, for between them tables may have to be published anew."""
    wanted = number("FOREBAY_TEST_QUERIES", 120)
    if wanted is None:
        return range(count)
    starts = range(0, count, RUN_LEN)
    starts = dice.sample(starts, min(-(-wanted // RUN_LEN), len(starts)))
    return {start + index for start in starts for index in range(RUN_LEN)}


def check_file(jar, name, seed, root, oracle, served):
    """Runs what is drawn of one file."""
    with zipfile.ZipFile(jar) as files:
        script = list(records(files.read(name).decode()))
    wanted = drawn(sum(record.query for record in script), random.Random(f"{seed} {name}"))
    postgres, forebay = Connection(oracle), Connection(served)
    postgres.run(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
    forebay.run(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
    tables = Tables(root, re.sub(r"\W", "_", name.removesuffix(".test")), postgres, forebay)
    tally = Tally()
    query = -1
    for record in script:
        if not record.query:
            tables.write(record.sql)
            continue
        query += 1
        if query not in wanted:
            continue
        tables.publish()
        want = postgres.run(record.sql)
        started = time.monotonic()
        got = forebay.run(record.sql)
        tally.seconds += time.monotonic() - started
        if isinstance(want, str):
            tally.refused += 1
            tally.answered += not isinstance(got, str)
            continue
        tally.count += 1
        if not isinstance(got, str) and shaped(got, record.sort) == shaped(want, record.sort):
            tally.agreeing += 1
        elif len(tally.differences) < SHOWN_MAX:
            answers = f"  forebay:  {str(got)[:500]}\n  postgres: {str(want)[:500]}"
            tally.differences.append(f"{name}: {record.sql}\n{answers}")
    tables.drop()
    return tally


def serve(binary, work):
    """Forebay over an empty source root, and the DSN of it."""
    (work / "root").mkdir()
    process = subprocess.Popen(
        [binary, "serve", "--source", work / "root", "--state", work / "state", "--listen", "127.0.0.1:0",
         "--versions-settle", "0ms"],
        stdout=subprocess.PIPE, stderr=open(work / "server.log", "w"), text=True,
    )  # fmt: skip
    for line in process.stdout:
        if line.startswith("forebay: ready, postgres on "):
            return process, f"postgresql://forebay@{line.split()[-1]}/forebay"
    sys.exit((work / "server.log").read_text())


def main(jar, binary, dsn, work, wanted):
    work = pathlib.Path(work)
    work.mkdir(exist_ok=True)
    seed = int(os.environ.get("FOREBAY_TEST_SEED", time.time_ns() % 2**32))
    print(f"FOREBAY_TEST_SEED={seed}", flush=True)
    with zipfile.ZipFile(jar) as files:
        names = sorted(name for name in files.namelist() if name.endswith(".test"))
    files_max = number("FOREBAY_TEST_FILES", 5)
    families = {}
    for key, members in itertools.groupby(names, key=family):
        members = list(members)
        if files_max is not None and len(members) > files_max:
            members = random.Random(f"{seed} {key}").sample(members, files_max)
        if not wanted or key in wanted:
            families[key] = members
    administrator = Connection(dsn)
    administrator.run("DROP DATABASE IF EXISTS logic")
    created = administrator.run("CREATE DATABASE logic")
    assert not isinstance(created, str), created
    server, served = serve(binary, work)
    failed, compared = [], 0
    try:
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
            oracle = dsn.rsplit("/", 1)[0] + "/logic"
            pending = {
                key: [pool.submit(check_file, jar, name, seed, work / "root", oracle, served) for name in names]
                for key, names in families.items()
            }
            for key, futures in pending.items():
                tally = Tally()
                for future in futures:
                    tally.add(future.result())
                # Some files have no query: those drawn of a family may be such.
                enough = tally.agreeing >= RATE_MIN * tally.count
                compared += tally.count
                print(
                    f"{'ok' if enough else 'FAILED'} {key}: {tally.agreeing} of {tally.count} agree,"
                    f" {tally.refused} refused by PostgreSQL ({tally.answered} answered), {tally.seconds:.1f} s",
                    flush=True,
                )
                for difference in tally.differences[:SHOWN_MAX]:
                    print(difference, flush=True)
                if not enough:
                    failed.append(key)
    finally:
        server.terminate()
        server.wait(60)
        administrator.run("DROP DATABASE logic WITH (FORCE)")
    print(f"{len(pending) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return bool(failed) or compared == 0


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:5], sys.argv[5:]))
