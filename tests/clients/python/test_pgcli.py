"""pgcli: what it completes from, its backslash commands, and itself at a terminal."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pytest
from cases import ORACLE, SERVER
from programs import LIMIT_SECONDS
from pgcli.pgexecute import PGExecute
from pgspecial.main import PGSpecial

# Schemas that both servers have.
OURS = ("kinds", "tpch")
CATALOGS = ("information_schema", "pg_catalog")


@pytest.fixture(scope="module")
def executors():
    made = [PGExecute(dsn=target) for target in (SERVER, ORACLE)]
    yield made
    for executor in made:
        executor.conn.close()


def same(executors, ask, schemas=OURS, many=True):
    """Whether both servers tell a completer the same of these schemas."""
    got, want = (sorted(repr(row) for row in ask(executor) if row[0] in schemas) for executor in executors)
    assert got == want and (want or not many)


@pytest.mark.parametrize("schemas", [OURS, CATALOGS], ids=["tables", "catalogs"])
@pytest.mark.parametrize("what", ["tables", "views", "table_columns", "view_columns", "datatypes", "foreignkeys"])
def test_completes_the_same(executors, what, schemas):
    same(executors, lambda executor: getattr(executor, what)(), schemas, many=False)


def test_completes_the_same_functions(executors):
    def names(executor):
        for function in executor.functions():
            yield (function.schema_name, function.func_name, function.return_type, function.is_aggregate, function.is_window, function.arg_names)

    same(executors, names, CATALOGS)


def test_completes_from_schemas_and_databases(executors):
    server, oracle = executors
    assert set(OURS + CATALOGS) <= set(server.schemata()) & set(oracle.schemata())
    assert "tpch" in server.databases() and "tpch" in oracle.databases()
    assert server.search_path() == oracle.search_path() or server.search_path()[-1] == "tpch"
    assert server.get_timezone() == oracle.get_timezone()
    assert list(server.casing())[:1] == list(oracle.casing())[:1]


@pytest.mark.parametrize("command", [
    "\\d nation", "\\d tpch.region", "\\d kinds.kinds", "\\dt", "\\dt kinds.*", "\\dt tpch.n*", "\\dv tpch.*", "\\dm", "\\ds", "\\dE", "\\di kinds.*",
    "\\dT+ int4", "\\dT tpch.*", "\\dD", "\\dF english", "\\df lower", "\\df+ nope", "\\dx nope", "\\dn kinds", "\\dn tpch", "\\dp kinds.*", "\\ddp",
    "\\d nope",
])  # fmt: skip
def test_prints_the_same(executors, command):
    answers = []
    for executor in executors:
        special = PGSpecial()
        lines = executor.run(command, special, exception_formatter=str)
        answers.append([(title, [tuple(row) for row in rows or ()], headers, status) for title, rows, headers, status, *_ in lines])
    assert answers[0] and answers[0] == answers[1]


@pytest.mark.parametrize("sql", [
    "SELECT n_name, n_nationkey FROM nation ORDER BY 1",
    "SELECT 1; SELECT 2 AS two",
    "SELECT nope",
    "SET search_path = kinds; SHOW search_path",
    "RESET search_path",
    "SELECT * FROM kinds.kinds ORDER BY id\\G",
])  # fmt: skip
def test_runs_the_same(executors, sql):
    answers = []
    for executor in executors:
        results = executor.run(sql, PGSpecial(), exception_formatter=str)
        answers.append([(title, list(rows or ()), headers, status) for title, rows, headers, status, *_ in results])
    # NaN is not equal to itself.
    assert answers[0] and repr(answers[0]) == repr(answers[1])


def test_explains(executors):
    """F5 runs a statement as EXPLAIN ANALYZE of JSON and draws its tree."""
    from pgcli.explain_output_formatter import ExplainOutputFormatter

    ((_, rows, *_),) = executors[0].run("SELECT count(*) FROM nation JOIN region ON r_regionkey = n_regionkey", explain_mode=True)
    drawn = "\n".join(ExplainOutputFormatter(80).format_output(rows, ["QUERY PLAN"]))
    assert "Exec" in drawn, drawn


class Terminal:
    """pgcli at a terminal of its own."""

    def __init__(self, target, home):
        config = home / "config"
        config.write_text("[main]\nless_chatty = True\nkeyring = False\nenable_pager = False\nauto_expand = False\nsmart_completion = True\n")
        environment = {**os.environ, "HOME": str(home), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "LC_ALL": "C.UTF-8", "PAGER": "cat"}
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        command = [os.path.join(os.path.dirname(sys.executable), "pgcli"), "--pgclirc", str(config), "--prompt", "ready> ", target]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
        os.close(slave)
        self.seen = ""

    def until(self, pattern, again=None):
        """What is shown up to and with `pattern`, without colours and movements of the cursor; after each second without
        it `again` is typed."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while not (found := re.search(pattern, self.seen)):
            left = deadline - time.monotonic()
            assert left > 0, self.seen
            if not select.select([self.master], [], [], left if again is None else 1)[0]:
                self.send(again or "")
                continue
            text = os.read(self.master, 65536).decode(errors="replace")
            self.seen += re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>]|\][^\x07]*\x07)|\r", "", text)
        shown, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return shown

    def send(self, text):
        os.write(self.master, text.encode())

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminal(tmp_path):
    terminal = Terminal(SERVER, tmp_path)
    yield terminal
    terminal.close()


def test_at_a_terminal(terminal):
    terminal.until("ready>")
    # Offered while it is typed, once the completer has read the catalogs: until then its last letter is typed again.
    terminal.send("SELECT * FROM natio")
    terminal.until("nation", again="\x7fo")
    terminal.send("\x03")
    terminal.until("ready>")
    terminal.send("SELECT n_name, n_nationkey FROM nation WHERE n_nationkey < 2 ORDER BY 1;\r")
    shown = terminal.until("SELECT 2")
    assert "| ALGERIA   | 0 " in shown and "| ARGENTINA | 1 " in shown
    terminal.send("\\d region\r")
    shown = terminal.until('"region_pkey" PRIMARY KEY, btree \\(r_regionkey\\)')
    assert re.search(r"\| r_regionkey +\| bigint +\| +not null", shown)
    terminal.send("SELECT nope;\r")
    terminal.until('column "nope" does not exist')
    terminal.send("\\q\r")
    assert terminal.process.wait(LIMIT_SECONDS) == 0
