"""dbt: what it does that reads runs on both servers alike; what would write is refused with its reason."""

import json

import pytest
import yaml
from cases import ORACLE, SERVER
from dbt.cli.main import dbtRunner
from sqlalchemy.engine import make_url

MODELS = {
    "busy.sql": """
        {{ config(materialized='ephemeral') }}
        select o_custkey, count(*) as orders, sum(o_totalprice) as spent from {{ source('tpch', 'orders') }} group by 1
    """,
    "best.sql": """
        select c_name, orders, spent from {{ ref('busy') }} join {{ source('tpch', 'customer') }} on c_custkey = o_custkey
        order by spent desc, c_name
    """,
    "nations.sql": """
        {{ config(materialized='view') }}
        select n.n_name, r.r_name, count(*) over (partition by r.r_name) as neighbours
        from {{ source('tpch', 'nation') }} n join {{ source('tpch', 'region') }} r on n.n_regionkey = r.r_regionkey
        order by n.n_name
    """,
    "copied.sql": "{{ config(materialized='table') }} select * from {{ source('tpch', 'region') }}",
    "pivoted.sql": """
        {% set statuses = dbt_utils_free_values() %}
        select o_orderpriority
        {% for status in statuses %}, count(*) filter (where o_orderstatus = '{{ status }}') as "{{ status }}" {% endfor %}
        from {{ source('tpch', 'orders') }} group by 1 order by 1
    """,
}

# Reads rows while models are compiled, as packages of macros do.
MACROS = """
{% macro dbt_utils_free_values() %}
    {% set found = run_query("select distinct o_orderstatus from tpch.orders order by 1") %}
    {% if execute %}{{ return(found.columns[0].values()) }}{% else %}{{ return([]) }}{% endif %}
{% endmacro %}
"""


def column(name, *tests):
    return {"name": name, "data_tests": list(tests)}


def accepted(*values):
    return {"accepted_values": {"arguments": {"values": list(values)}}}


SOURCES = {
    "version": 2,
    "sources": [
        {
            "name": "tpch",
            "schema": "tpch",
            "freshness": {"warn_after": {"count": 1, "period": "day"}},
            "tables": [
                {
                    "name": "nation",
                    "columns": [
                        column("n_nationkey", "unique", "not_null"),
                        column(
                            "n_regionkey",
                            {"relationships": {"arguments": {"to": "source('tpch', 'region')", "field": "r_regionkey"}}},
                        ),
                    ],
                },
                {
                    "name": "region",
                    "columns": [
                        column("r_name", accepted("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")),
                        # Fails: there are five.
                        column("r_regionkey", accepted(0, 1, 2, 3)),
                    ],
                },
                {"name": "orders", "loaded_at_field": "o_orderdate::timestamp"},
                {"name": "customer"},
            ],
        }
    ],
}


@pytest.fixture(params=[SERVER, ORACLE], ids=["forebay", "postgres"])
def target(request):
    return request.param


@pytest.fixture
def dbt(target, tmp_path):
    """Runs dbt's command line in a project of its own; returns its result."""
    address = make_url(target)
    output = {
        "type": "postgres", "host": address.host, "port": address.port, "user": address.username,
        "password": address.password or "", "dbname": address.database, "schema": "tpch", "threads": 2,
    }  # fmt: skip
    files = {
        "dbt_project.yml": {"name": "shop", "version": "1.0", "profile": "shop", "flags": {"send_anonymous_usage_stats": False}},
        "profiles.yml": {"shop": {"target": "own", "outputs": {"own": output}}},
        "models/sources.yml": SOURCES,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(yaml.safe_dump(content))
    (tmp_path / "macros").mkdir()
    (tmp_path / "macros" / "values.sql").write_text(MACROS)
    for name, sql in MODELS.items():
        (tmp_path / "models" / name).write_text(sql)

    def run(*arguments):
        places = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
        return dbtRunner().invoke(["--quiet", *arguments, *places])

    run.home = tmp_path
    return run


def shown(dbt, model, limit=5):
    result = dbt("show", "--select", model, "--limit", str(limit))
    assert result.success, result.exception or result.result
    table = result.result.results[0].agate_table
    return table.column_names, [tuple(map(str, row)) for row in table.rows]


def test_debug(dbt):
    assert dbt("debug").success


def test_show(dbt):
    names, rows = shown(dbt, "best")
    assert names == ("c_name", "orders", "spent")
    assert len(rows) == 5 and rows[0][0].startswith("Customer#")
    assert shown(dbt, "nations")[1][0] == ("ALGERIA", "AFRICA", "5")
    names, rows = shown(dbt, "pivoted", limit=1)
    assert names == ("o_orderpriority", "F", "O", "P")


def test_data_tests(dbt):
    result = dbt("test")
    outcomes = {run.node.name.split("__")[0]: str(run.status) for run in result.result.results}
    assert outcomes == {
        "source_not_null_tpch_nation_n_nationkey": "pass",
        "source_unique_tpch_nation_n_nationkey": "pass",
        "source_relationships_tpch_nation_n_regionkey": "pass",
        "source_accepted_values_tpch_region_r_name": "pass",
        "source_accepted_values_tpch_region_r_regionkey": "fail",
    }


def test_compile_and_list(dbt):
    assert dbt("compile").success
    compiled = (dbt.home / "target" / "compiled" / "shop" / "models" / "best.sql").read_text()
    assert '"tpch"."tpch"."customer"' in compiled
    names = dbt("list", "--resource-type", "model").result
    assert names == ["shop.best", "shop.busy", "shop.copied", "shop.nations", "shop.pivoted"]


def test_freshness(dbt):
    result = dbt("source", "freshness", "--select", "source:tpch.orders")
    (found,) = result.result.results
    assert found.max_loaded_at.year == 1998 and str(found.status) == "warn"


def test_docs_catalog(dbt):
    """The columns of all relations, as dbt reads them from the system catalogs."""
    assert dbt("docs", "generate", "--no-compile").success
    catalog = json.loads((dbt.home / "target" / "catalog.json").read_text())
    assert catalog["errors"] is None
    orders = catalog["sources"]["source.shop.tpch.orders"]
    assert orders["metadata"]["type"] == "BASE TABLE" and orders["metadata"]["schema"] == "tpch"
    columns = {name: column["type"] for name, column in orders["columns"].items()}
    assert columns["o_orderdate"] == "date" and columns["o_totalprice"].startswith("numeric")
    assert [column["index"] for column in orders["columns"].values()] == list(range(1, len(columns) + 1))


@pytest.mark.parametrize("target", [SERVER], ids=["forebay"], indirect=True)
@pytest.mark.parametrize("model", ["nations", "copied"])
def test_run_is_refused(dbt, model):
    result = dbt("run", "--select", model)
    assert not result.success
    (failed,) = result.result.results
    assert "cross-database references are not implemented" in failed.message
