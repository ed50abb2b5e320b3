"""pgAdmin itself: what it shows of the databases, in its tree, its panels and its query tool, is what it shows of PostgreSQL.

Run by `tests/run clients/pages`, which installs it.
"""

import os
import pathlib
import re
import time

import pytest
from browser import differences, free_port, started
from cases import ORACLE, SERVER
from psycopg.conninfo import conninfo_to_dict

PYTHON = os.environ.get("FOREBAY_TEST_PGADMIN", "")
# Walking through a database as slowly as pages do it.
pytestmark = pytest.mark.timeout(900)

CONFIG = """
import os
SERVER_MODE = False
MASTER_PASSWORD_REQUIRED = False
DEFAULT_SERVER_PORT = int(os.environ["FOREBAY_TEST_PORT"])
DATA_DIR = os.environ["FOREBAY_TEST_DATA"]
LOG_FILE = DATA_DIR + "/log"
SQLITE_PATH = DATA_DIR + "/pgadmin.db"
SESSION_DB_PATH = DATA_DIR + "/sessions"
STORAGE_DIR = DATA_DIR + "/storage"
"""

PANELS = ("obj", "sql", "dependency", "dependent")
IN_DATABASE = ("event_trigger", "foreign_data_wrapper", "publication", "subscription")
IN_SCHEMA = (
    "aggregate", "collation", "domain", "foreign_table", "fts_configuration", "fts_dictionary", "fts_parser", "fts_template",
    "function", "mview", "operator", "procedure", "sequence", "table", "trigger_function", "type", "view",
)  # fmt: skip
IN_TABLE = (
    "check_constraint", "column", "exclusion_constraint", "foreign_key", "index", "partition", "primary_key", "rule",
    "row_security_policy", "trigger", "unique_constraint",
)  # fmt: skip
QUERIES = [
    "SELECT * FROM kinds.kinds ORDER BY id",
    "SELECT nope",
    "SELECT count(*) FROM tpch.orders",
    "SHOW work_mem",
    "WITH x AS (SELECT 1) TABLE x",
    "BEGIN; SELECT 1; COMMIT",
]
# What each server numbers by itself.
NUMBERS = re.compile(r"(^|_)(oid|id|pid|did|scid|tid|xmin)$|^(seqtypid|attrelid|relowner|typoid|elemoid|attypid|conoid|inode)$")
# What PostgreSQL counted in its own tables.
COUNTED = {"reltuples", "rows_cnt", "rows_estimate"}


def told(value):
    if isinstance(value, dict):
        return {key: told(part) for key, part in value.items() if not NUMBERS.search(key) and key not in COUNTED}
    return [told(part) for part in value] if isinstance(value, list) else value


class Walk:
    """Everything pgAdmin shows of one server, by the place where it shows it."""

    def __init__(self, browser, target):
        self.browser, self.seen = browser, {}
        place = conninfo_to_dict(target)
        server = {
            "name": place["port"], "host": place["host"], "port": int(place["port"]), "db": "tpch", "username": place["user"],
            "connect_now": False, "connection_params": [{"name": "sslmode", "value": "prefer", "keyword": "sslmode"}],
        }  # fmt: skip
        self.server = browser.json("/browser/server/obj/1/", server)["node"]["_id"]
        connected = browser.json(f"/browser/server/connect/1/{self.server}", {"password": "x"})
        assert connected["success"] == 1, connected
        [database] = [node for node in self.nodes("database", []) if node["label"] == "tpch"]
        self.database(database)
        for kind in ("role", "tablespace"):
            self.children(kind, [], kind, ("obj", "sql"))
        self.queries(database["_id"])

    def path(self, kind, operation, ids):
        return f"/browser/{kind}/{operation}/" + "/".join(map(str, [1, self.server, *ids]))

    def nodes(self, kind, ids):
        answer = self.browser.json(self.path(kind, "nodes", ids) + "/")
        return (answer.get("data") or []) if isinstance(answer, dict) else []

    def look(self, kind, ids, label, panels=PANELS):
        for panel in panels:
            shown = told(self.browser.json(self.path(kind, panel, ids)))
            # What depends on what is in no order.
            self.seen[f"{label} {panel}"] = sorted(shown, key=str) if isinstance(shown, list) else shown

    def children(self, kind, ids, label, panels=PANELS):
        nodes = self.nodes(kind, ids)
        self.seen[f"{label}: {kind}"] = sorted(node["label"] for node in nodes)
        for node in nodes:
            self.look(kind, [*ids, node["_id"]], f"{label} {kind} {node['label']}", panels)
        return nodes

    def database(self, node):
        ids = [node["_id"]]
        answer = self.browser.json(self.path("database", "connect", ids), {})
        assert answer["success"] == 1, answer
        self.look("database", ids, "database")
        for kind in IN_DATABASE:
            self.children(kind, ids, "database")
        for schema in self.nodes("schema", ids):
            if schema["label"] not in ("tpch", "kinds"):
                continue
            label, inside = schema["label"], [*ids, schema["_id"]]
            self.look("schema", inside, label)
            for kind in IN_SCHEMA:
                for table in self.children(kind, inside, label):
                    if kind == "table":
                        self.table([*inside, table["_id"]], f"{label}.{table['label']}")

    def table(self, ids, label):
        for script in ("select_sql", "insert_sql", "update_sql", "delete_sql", "count_rows"):
            self.seen[f"{label} {script}"] = told(self.browser.json(self.path("table", script, ids)))
        for kind in IN_TABLE:
            self.children(kind, ids, label)

    def queries(self, database):
        number = 1_000_000 + int(self.server)
        opened = {"user": "forebay", "database": "tpch", "dbname": "tpch"}
        path = f"/sqleditor/initialize/sqleditor/{number}/1/{self.server}/{database}"
        assert self.browser.json(path, opened)["success"] == 1
        for query in QUERIES:
            self.browser.json(f"/sqleditor/query_tool/start/{number}", {"sql": query, "explain_plan": None})
            for _ in range(300):
                answer = self.browser.json(f"/sqleditor/poll/{number}")
                # A query that fails is an answer that fails.
                if not isinstance(answer, dict) or answer["data"]["status"] != "Busy":
                    break
                time.sleep(0.1)
            shown = ("status", "result", "rows_affected", "colinfo", "types", "primary_keys")
            if isinstance(answer, dict):
                answer = told({key: answer["data"].get(key) for key in shown})
            self.seen[f"query {query}"] = answer
        found = self.browser.json(f"/search_objects/search/{self.server}/{database}?text=nation&type=all")
        names = sorted((row["type"], row["name"]) for row in found["data"])
        self.seen["search"] = [list(name) for name in names]


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    data, port = tmp_path_factory.mktemp("pgadmin"), free_port()
    [package] = pathlib.Path(PYTHON).parents[1].glob("lib/python3*/site-packages/pgadmin4")
    (package / "config_local.py").write_text(CONFIG)
    environment = os.environ | {"FOREBAY_TEST_PORT": str(port), "FOREBAY_TEST_DATA": str(data), "PGADMIN_INT_PORT": str(port)}
    with started([PYTHON, "pgAdmin4.py"], port, data / "output", cwd=package, env=environment) as browser:
        browser.text("/browser/")
        script = browser.text("/browser/js/utils.js")[1]
        browser.headers["X-pgA-CSRFToken"] = re.search(r"csrf_token'?\]?\s*=\s*'([^']+)'", script).group(1)
        yield Walk(browser, SERVER).seen, Walk(browser, ORACLE).seen


def test_the_same_tree(walks):
    got, want = (seen.keys() for seen in walks)
    assert got == want, sorted(got ^ want)


@pytest.mark.parametrize("part", ["database", "role", "tablespace", "tpch", "tpch.", "kinds", "kinds.", "query", "search"])
def test_shows_the_same(walks, part):
    got, want = walks
    places = [place for place in want if re.match(re.escape(part) + ("" if part.endswith(".") else r"\b(?!\.)"), place)]
    assert places
    found = [f"{place}{found}" for place in places for found in differences(got.get(place, "nothing"), want[place])]
    assert not found, "\n".join(found)
