"""SQLAlchemy: the dialect's first connection, reflection, Core."""

import pytest
import sqlalchemy
from cases import ORACLE, SERVER, TPCH, same_rows
from sqlalchemy import func, select

DRIVERS = ["psycopg2", "psycopg"]


def engine(target, driver):
    return sqlalchemy.create_engine(target.replace("postgresql://", f"postgresql+{driver}://"))


@pytest.fixture(params=DRIVERS)
def pair(request):
    engines = engine(SERVER, request.param), engine(ORACLE, request.param)
    yield engines
    for each in engines:
        each.dispose()


def test_connect(pair):
    with pair[0].connect() as connection:
        assert connection.dialect.server_version_info[0] == 15
        assert connection.dialect.default_schema_name == "tpch"
        assert connection.scalar(sqlalchemy.text("SELECT 1")) == 1


@pytest.mark.parametrize("name", TPCH)
def test_tpch(pair, name):
    sql = TPCH[name].replace(":", "\\:")
    rows = []
    for each in pair:
        with each.connect() as connection:
            rows.append([tuple(row) for row in connection.execute(sqlalchemy.text(sql))])
    same_rows(*rows, name)


def test_inspector_names(pair):
    server, oracle = map(sqlalchemy.inspect, pair)
    assert {"tpch", "kinds", "information_schema"} <= set(server.get_schema_names())
    assert sorted(server.get_table_names()) == sorted(oracle.get_table_names())
    assert sorted(server.get_table_names("kinds")) == ["kinds"]
    assert server.get_view_names("tpch") == []
    assert server.has_table("lineitem") and not server.has_table("nope")
    with pytest.raises(sqlalchemy.exc.NoSuchTableError):
        server.get_columns("nope")


@pytest.mark.parametrize("schema, table", [("tpch", "lineitem"), ("tpch", "orders"), ("kinds", "kinds"), (None, "region")])
def test_inspector_columns(pair, schema, table):
    seen = [
        [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in sqlalchemy.inspect(each).get_columns(table, schema)]
        for each in pair
    ]
    assert seen[0] == seen[1]


def test_inspector_constraints(pair):
    server = sqlalchemy.inspect(pair[0])
    assert server.get_foreign_keys("lineitem") == []
    assert server.get_check_constraints("lineitem") == []
    assert isinstance(server.get_pk_constraint("lineitem"), dict)
    assert isinstance(server.get_indexes("lineitem"), list)
    assert isinstance(server.get_unique_constraints("lineitem"), list)
    assert isinstance(server.get_table_comment("lineitem"), dict)


def test_reflect_and_select(pair):
    rows = []
    for each in pair:
        metadata = sqlalchemy.MetaData()
        metadata.reflect(each)
        nation, region = metadata.tables["nation"], metadata.tables["region"]
        statement = (
            select(region.c.r_name, func.count().label("nations"), func.max(nation.c.n_name).label("last"))
            .join(nation, nation.c.n_regionkey == region.c.r_regionkey)
            .where(nation.c.n_name.like("%A%"), nation.c.n_nationkey.in_(range(20)))
            .group_by(region.c.r_name)
            .order_by(region.c.r_name)
            .limit(4)
        )
        with each.connect() as connection:
            rows.append([tuple(row) for row in connection.execute(statement)])
    same_rows(*rows)


def test_stream_results(pair):
    with pair[0].connect().execution_options(stream_results=True, max_row_buffer=500) as connection:
        result = connection.execute(sqlalchemy.text("SELECT l_orderkey FROM lineitem"))
        assert sum(len(block) for block in result.partitions(1000)) > 50_000
