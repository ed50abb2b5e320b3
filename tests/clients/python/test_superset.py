"""Superset itself: a database is added, its tables become datasets, charts and SQL Lab ask them, all as over PostgreSQL.

Run by `tests/run clients/pages`, which installs it.
"""

import os
import subprocess

import pytest
from browser import differences, free_port, started
from cases import ORACLE, SERVER

PYTHON = os.environ.get("FOREBAY_TEST_SUPERSET", "")
# Superset makes its own database first.
pytestmark = pytest.mark.timeout(900)

CONFIG = """
SECRET_KEY = "only for this test, on this machine"
SQLALCHEMY_DATABASE_URI = "sqlite:///{data}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
PREVENT_UNSAFE_DB_CONNECTIONS = False
"""

TABLES = [("tpch", "orders"), ("tpch", "lineitem"), ("kinds", "kinds")]


def metric(aggregate, column):
    label = f"{aggregate}({column})"
    return {"expressionType": "SIMPLE", "column": {"column_name": column}, "aggregate": aggregate, "label": label}


def over_time(grain):
    time = {
        "timeGrain": grain, "columnType": "BASE_AXIS", "sqlExpression": "o_orderdate", "label": "o_orderdate",
        "expressionType": "SQL",
    }  # fmt: skip
    metrics = [metric("SUM", "o_totalprice"), metric("AVG", "o_totalprice"), metric("COUNT_DISTINCT", "o_custkey")]
    return "orders", {
        "metrics": metrics, "columns": [time], "granularity": "o_orderdate", "time_range": "1995-01-01 : 1996-01-01",
        "row_limit": 5_000,
    }  # fmt: skip


GRAINS = ["PT1H", "P1D", "P1W", "P1M", "P3M", "P1Y", "1969-12-28T00:00:00Z/P1W", "P1W/1970-01-03T00:00:00Z"]
CHARTS = {
    "counts": ("orders", {"metrics": ["count"], "columns": ["o_orderpriority"], "orderby": [["count", False]], "row_limit": 100}),
    "filters": ("orders", {
        "metrics": ["count"], "columns": ["o_orderstatus"],
        "filters": [
            {"col": "o_orderpriority", "op": "IN", "val": ["1-URGENT", "2-HIGH"]},
            {"col": "o_clerk", "op": "ILIKE", "val": "%1%"},
            {"col": "o_totalprice", "op": ">", "val": 1000},
        ],
        "extras": {"having": "count(*) > 1", "where": "o_comment not like '%x%'"}, "row_limit": 10,
    }),
    "series": ("orders", {
        "metrics": [metric("SUM", "o_totalprice")], "columns": ["o_orderstatus", "o_orderpriority"],
        "series_columns": ["o_orderpriority"], "series_limit": 2, "series_limit_metric": metric("SUM", "o_totalprice"),
        "row_limit": 10,
    }),
    "rows": ("kinds", {"columns": ["id", "label", "amount", "moment"], "row_limit": 10}),
    "unknown": ("kinds", {"columns": ["id", "nope"], "row_limit": 10}),
} | {f"by {grain}": over_time(grain) for grain in GRAINS}  # fmt: skip
QUERIES = ["SELECT * FROM kinds.kinds ORDER BY id", "SELECT nope FROM orders", "SELECT count(*) FROM orders; SELECT 1", "SHOW work_mem"]


class Visit:
    """What Superset says of one server."""

    def __init__(self, browser, target):
        self.browser, self.seen = browser, {}
        address = target.replace("postgresql:", "postgresql+psycopg2:")
        wanted = {"sqlalchemy_uri": address, "database_name": address, "expose_in_sqllab": True}
        self.seen["connection"] = self.ask("/database/test_connection/", wanted)
        database = self.ask("/database/", wanted)["id"]
        for page in ("schemas", "catalogs", "function_names"):
            self.seen[page] = self.ask(f"/database/{database}/{page}/")
        tables = self.ask(f"/database/{database}/tables/?q=(schema_name:tpch)")
        self.seen["tables"] = sorted(table["value"] for table in tables["result"])
        datasets = {}
        for schema, table in TABLES:
            place = f"name={table}&schema={schema}"
            self.seen[f"{table} metadata"] = self.ask(f"/database/{database}/table_metadata/?{place}")
            self.seen[f"{table} all"] = self.ask(f"/database/{database}/select_star/{table}/{schema}/")
            made = self.ask("/dataset/", {"database": database, "schema": schema, "table_name": table})
            datasets[table] = made["id"]
            columns = self.ask(f"/dataset/{made['id']}")["result"]["columns"]
            self.seen[f"{table} columns"] = [[column[key] for key in ("column_name", "type", "is_dttm")] for column in columns]
        for name, (table, query) in CHARTS.items():
            self.seen[f"chart {name}"] = self.chart(datasets[table], query)
        for query in QUERIES:
            answer = self.ask("/sqllab/execute/", {"database_id": database, "sql": query, "schema": "tpch", "runAsync": False})
            kept = {key: answer.get(key) for key in ("status", "data", "columns", "errors")} if isinstance(answer, dict) else answer
            self.seen[f"query {query}"] = kept
        for dataset in datasets.values():
            self.ask(f"/dataset/{dataset}", method="DELETE")

    def ask(self, path, body=None, method=None):
        return self.browser.json(f"/api/v1{path}", body, method)

    def chart(self, dataset, query):
        """The rows of a chart, in an order of ours: not every chart asks for one."""
        source = {"id": dataset, "type": "table"}
        answer = self.ask("/chart/data", {"datasource": source, "force": True, "queries": [query], "result_format": "json", "result_type": "full"})
        if not isinstance(answer, dict):
            return answer
        [result] = answer["result"]
        shown = {key: result[key] for key in ("status", "error", "rowcount", "colnames", "coltypes")}
        return shown | {"data": sorted(result["data"] or [], key=str)}


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    data, port = tmp_path_factory.mktemp("superset"), free_port()
    (data / "superset_config.py").write_text(CONFIG.format(data=data))
    environment = os.environ | {"SUPERSET_CONFIG_PATH": str(data / "superset_config.py"), "FLASK_APP": "superset", "SUPERSET_HOME": str(data)}
    superset = os.path.join(os.path.dirname(PYTHON), "superset")
    admin = ["--username", "admin", "--firstname", "a", "--lastname", "b", "--email", "admin@example.com", "--password", "admin"]
    for command in (["db", "upgrade"], ["fab", "create-admin", *admin], ["init"]):
        done = subprocess.run([superset, *command], capture_output=True, text=True, env=environment, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
    with started([superset, "run", "-p", str(port)], port, data / "output", env=environment) as browser:
        login = {"username": "admin", "password": "admin", "provider": "db", "refresh": True}
        token = browser.json("/api/v1/security/login", login)["access_token"]
        browser.headers["Authorization"] = f"Bearer {token}"
        yield Visit(browser, SERVER).seen, Visit(browser, ORACLE).seen


@pytest.mark.parametrize("part", ["connection", "schemas", "catalogs", "function_names", "tables"])
def test_finds_the_same(visits, part):
    got, want = (seen[part] for seen in visits)
    assert not differences(got, want)


@pytest.mark.parametrize("table", [table for _, table in TABLES])
@pytest.mark.parametrize("part", ["metadata", "all", "columns"])
def test_describes_the_same(visits, table, part):
    got, want = (seen[f"{table} {part}"] for seen in visits)
    assert not differences(got, want)


@pytest.mark.parametrize("chart", CHARTS)
def test_draws_the_same(visits, chart):
    got, want = (seen[f"chart {chart}"] for seen in visits)
    assert not differences(got, want)


@pytest.mark.parametrize("query", QUERIES)
def test_runs_the_same(visits, query):
    got, want = (seen[f"query {query}"] for seen in visits)
    assert not differences(got, want)
