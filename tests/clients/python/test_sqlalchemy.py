"""SQLAlchemy: the dialect's first connection, reflection, Core."""

import asyncio
import warnings

import pytest
import sqlalchemy
from cases import ORACLE, SERVER, TPCH, same_rows
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope
from sqlalchemy.ext.asyncio import create_async_engine

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


# ---- reflection of whole schemas

SCHEMAS = [None, "tpch", "kinds", "information_schema", "pg_catalog"]
KINDS = ["TABLE", "VIEW", "MATERIALIZED_VIEW", "ANY"]
NAMES = ["table_names", "view_names", "materialized_view_names", "sequence_names", "foreign_table_names", "enums"]

# What is asked is the same with every driver, and psycopg asks with parameters of the server.
one_driver = pytest.mark.parametrize("pair", ["psycopg"], indirect=True)


def plain(found):
    """What reflection found with types as the dialect writes them."""
    if isinstance(found, dict):
        return {key: plain(value) for key, value in found.items()}
    if isinstance(found, list):
        return [plain(value) for value in found]
    if isinstance(found, sqlalchemy.types.NullType):
        return "no type"
    if isinstance(found, sqlalchemy.types.TypeEngine):
        return found.compile(dialect=postgresql.dialect())
    return found


def reflected(pair, read):
    with warnings.catch_warnings():
        # Of types that the dialect has none for.
        warnings.simplefilter("ignore", sqlalchemy.exc.SAWarning)
        return [plain(read(sqlalchemy.inspect(each))) for each in pair]


@one_driver
@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "what",
    ["columns", "pk_constraint", "foreign_keys", "unique_constraints", "check_constraints", "table_comment", "table_options"],
)
def test_reflection(pair, what, kind, schema):
    for scope in ObjectScope:
        server, oracle = reflected(
            pair, lambda inspector: getattr(inspector, f"get_multi_{what}")(schema=schema, kind=ObjectKind[kind], scope=scope)
        )
        assert server == oracle


@one_driver
@pytest.mark.parametrize("schema", ["kinds", "information_schema", "pg_catalog"])
def test_reflection_of_indexes(pair, schema):
    """Of schemas whose tables have none of PostgreSQL's own."""
    server, oracle = reflected(pair, lambda inspector: inspector.get_multi_indexes(schema=schema, kind=ObjectKind.ANY))
    assert server == oracle


@one_driver
@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("what", NAMES)
def test_reflection_of_names(pair, what, schema):
    server, oracle = reflected(pair, lambda inspector: getattr(inspector, f"get_{what}")(schema))
    assert sorted(server, key=repr) == sorted(oracle, key=repr)


@one_driver
@pytest.mark.parametrize("schema", SCHEMAS)
def test_reflection_asks_whether_there_is(pair, schema):
    def read(inspector):
        tables = [inspector.has_table(name, schema) for name in ("lineitem", "nope", "pg_class", "kinds", "tables")]
        indexes = [inspector.has_index("lineitem", name, schema) for name in ("lineitem_pkey", "nope")]
        return [*tables, *indexes, inspector.has_sequence("x", schema), inspector.has_schema(schema or "nope")]

    server, oracle = reflected(pair, read)
    assert server == oracle


def test_asyncpg():
    """The dialect of asyncpg prepares everything it sends."""

    async def read(target):
        engine = create_async_engine(target.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.connect() as connection:
            found = await connection.run_sync(
                lambda sync: plain(sqlalchemy.inspect(sync).get_multi_columns(schema="kinds", kind=ObjectKind.ANY))
            )
            rows = (await connection.execute(sqlalchemy.text(TPCH["q05"].replace(":", "\\:")))).all()
            streamed = await connection.stream(sqlalchemy.text("SELECT l_orderkey FROM lineitem"))
            count = sum([len(part) async for part in streamed.partitions(1000)])
        await engine.dispose()
        return found, [tuple(row) for row in rows], count

    async def both():
        return await read(SERVER), await read(ORACLE)

    server, oracle = asyncio.run(both())
    assert (server[0], server[2]) == (oracle[0], oracle[2])
    same_rows(server[1], oracle[1], "q05")
