"""Data frames: pandas, polars and ibis, over SQLAlchemy, ADBC and connectorx. Both servers give the same frames."""

import datetime
import decimal
import warnings

import adbc_driver_postgresql.dbapi as adbc
import connectorx
import ibis
import pandas
import polars
import pyarrow
import pytest
import sqlalchemy
from cases import ORACLE, SERVER
from ibis import _

TARGETS = [SERVER, ORACLE]

STATEMENTS = {
    "lines": "SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber LIMIT 2000",
    "kinds": "SELECT id, flag, small, medium, large, single, double, amount, whole, label, day, clock, moment, instant,"
    " numbers, words FROM kinds.kinds ORDER BY id",
    "names": "SELECT n_name, n_nationkey FROM nation ORDER BY 1",
    "scalars": "SELECT 1::int2 a, 2::int4 b, 3::int8 c, 1.5::float4 d, 2.5::float8 e, 'x'::varchar(3) f, 'y'::char(3) g,"
    " true h, '2020-01-01'::date i",
    "documents": "SELECT '{\"a\": 1}'::json a, '{\"a\": 1}'::jsonb b",
    "arrays": "SELECT ARRAY[1, 2] a, ARRAY[1.5::float8] b, ARRAY['x'] c, ARRAY[true] d",
    "aggregates": "SELECT count(*) c, sum(l_quantity) s, avg(l_tax) a FROM lineitem",
    "nothing": "SELECT * FROM nation WHERE false",
    "division by zero": "SELECT 1 / 0",
    "no such column": "SELECT nope",
}


def told(frame):
    """All a frame says, as values that compare."""
    if isinstance(frame, pandas.DataFrame):
        return repr(frame.dtypes.to_dict()), repr(frame.index.name), repr(frame.to_dict("list"))
    if isinstance(frame, pyarrow.Table):
        return frame.schema.to_string(), repr(frame.to_pydict())
    if isinstance(frame, polars.DataFrame):
        return repr(frame.schema), repr(frame.to_dicts())
    return repr(frame)


def same(read):
    """Asserts that `read` gives the same for both servers; what one refuses the other refuses too."""
    seen = []
    for target in TARGETS:
        try:
            seen.append(told(read(target)))
        # A panic of connectorx is no Exception.
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            seen.append(f"refused as {type(error).__name__}")
    assert seen[0] == seen[1]
    return seen[0]


def refused(read, words):
    with pytest.raises(Exception, match=words):
        read(SERVER)


def engine(target, driver="psycopg"):
    url = target.replace("postgresql://", f"postgresql+{driver}://")
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)


# ---- pandas


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_pandas_read_sql(driver, name):
    same(lambda target: pandas.read_sql(STATEMENTS[name], engine(target, driver)))


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
@pytest.mark.parametrize("name", ["lines", "kinds"])
def test_pandas_backends(backend, name):
    same(lambda target: pandas.read_sql(STATEMENTS[name], engine(target), dtype_backend=backend))


def test_pandas_tables():
    same(lambda target: pandas.read_sql_table("nation", engine(target)).sort_values("n_nationkey"))
    same(lambda target: pandas.read_sql_table("lineitem", engine(target)).dtypes.to_dict())
    columns = ["day", "instant", "amount"]
    same(
        lambda target: pandas.read_sql_table(
            "kinds", engine(target), schema="kinds", columns=columns, index_col="id"
        ).sort_index()
    )
    with pytest.raises(ValueError, match="Table nope not found"):
        pandas.read_sql_table("nope", engine(SERVER))


def test_pandas_parts_and_parameters():
    streamed = {"stream_results": True}

    def sizes(target):
        with engine(target).connect().execution_options(**streamed) as connection:
            return [len(part) for part in pandas.read_sql_query("SELECT * FROM orders", connection, chunksize=4000)]

    same(sizes)
    by_region = sqlalchemy.text("SELECT n_name FROM nation WHERE n_regionkey = :region ORDER BY 1")
    same(lambda target: pandas.read_sql_query(by_region, engine(target), params={"region": 2}))
    dates = "SELECT o_orderdate, o_orderkey FROM orders ORDER BY 2 LIMIT 20"
    same(lambda target: pandas.read_sql_query(dates, engine(target), parse_dates=["o_orderdate"], index_col="o_orderkey"))


def test_pandas_cannot_write_beside_what_is_published():
    frame = pandas.DataFrame({"a": [1]})
    refused(lambda target: frame.to_sql("written", engine(target), schema="tpch"), "permission denied for schema tpch")


# ---- ADBC


@pytest.mark.parametrize("name", STATEMENTS)
def test_adbc(name):
    def read(target):
        with adbc.connect(target) as connection, connection.cursor() as cursor:
            cursor.execute(STATEMENTS[name])
            return cursor.fetch_arrow_table()

    same(read)


@pytest.mark.parametrize(
    "sql, parameters",
    [
        ("SELECT $1::int8 + 1 AS a, $2::text AS b", (1, "x")),
        ("SELECT n_name FROM nation WHERE n_nationkey = $1", (1,)),
        ("SELECT n_name FROM nation WHERE n_name = $1", ("FRANCE",)),
        ("SELECT count(*) FROM orders WHERE o_orderdate < $1", (datetime.date(1995, 1, 1),)),
        ("SELECT $1 AS a", (1.5,)),
        ("SELECT $1::float8 AS a", (None,)),
        ("SELECT $1 AS a", (b"x",)),
        ("SELECT $1 AS a", (datetime.datetime(2020, 1, 1, 1),)),
        ("SELECT $1 AS a", (decimal.Decimal("1.50"),)),
        ("SELECT $1 AS a", ([1, 2],)),
    ],
)
def test_adbc_parameters(sql, parameters):
    def read(target):
        with adbc.connect(target) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetch_arrow_table()

    same(read)


@pytest.mark.parametrize("schema, table", [("tpch", "lineitem"), ("kinds", "kinds"), ("pg_catalog", "pg_type"), (None, "orders")])
def test_adbc_table_schemas(schema, table):
    def read(target):
        with adbc.connect(target) as connection:
            return connection.adbc_get_table_schema(table, db_schema_filter=schema).to_string()

    same(read)


@pytest.mark.parametrize("depth", ["db_schemas", "tables", "all"])
@pytest.mark.parametrize("wanted", [{"db_schema_filter": "tpch"}, {"db_schema_filter": "kinds"}, {"table_name_filter": "line%"}])
def test_adbc_objects(depth, wanted):
    """Of the connection's own database: PostgreSQL has others, Forebay has a schema of its own."""

    def ordered(value):
        if isinstance(value, list):
            return sorted((ordered(item) for item in value), key=repr)
        if isinstance(value, dict):
            return {key: ordered(item) for key, item in value.items()}
        return value

    def read(target):
        with adbc.connect(target) as connection:
            catalogs = connection.adbc_get_objects(depth=depth, **wanted).read_all().to_pylist()
        own = next(catalog for catalog in catalogs if catalog["catalog_name"] == "tpch")
        schemas = [s for s in own["catalog_db_schemas"] if s["db_schema_name"] in ("tpch", "kinds")]
        for table in (table for schema in schemas for table in schema["db_schema_tables"] or []):
            # Keys and other constraints are the oracle's own.
            table.pop("table_constraints")
        return ordered(schemas)

    same(read)


def test_adbc_prepares():
    def read(target):
        with adbc.connect(target) as connection, connection.cursor() as cursor:
            prepared = cursor.adbc_prepare("SELECT n_name FROM nation WHERE n_nationkey = $1 AND n_name = $2")
            return str(prepared), str(cursor.adbc_execute_schema("SELECT * FROM kinds.kinds"))

    same(read)


def test_adbc_transactions():
    def read(target):
        with adbc.connect(target) as connection, connection.cursor() as cursor:
            counts = []
            for end in (connection.commit, connection.rollback):
                cursor.execute("SELECT count(*) FROM nation")
                counts.append(cursor.fetchall())
                end()
            return counts

    same(read)


def test_adbc_cannot_write_beside_what_is_published():
    def write(target):
        with adbc.connect(target) as connection, connection.cursor() as cursor:
            cursor.adbc_ingest("written", pyarrow.table({"a": [1]}), mode="create", db_schema_name="tpch")

    refused(write, "permission denied for schema tpch")


# ---- connectorx and polars


@pytest.mark.parametrize("protocol", ["binary", "csv", "cursor", "simple"])
@pytest.mark.parametrize("name", STATEMENTS)
def test_connectorx(protocol, name):
    same(lambda target: connectorx.read_sql(f"{target}?cxprotocol={protocol}", STATEMENTS[name], return_type="arrow"))


@pytest.mark.parametrize("protocol", ["binary", "cursor"])
def test_connectorx_partitions(protocol):
    def rows(target, sql, **how):
        frame = connectorx.read_sql(f"{target}?cxprotocol={protocol}", sql, return_type="polars", **how)
        return frame.sort(frame.columns[:2])

    same(lambda target: rows(target, "SELECT o_orderkey, o_custkey FROM orders", partition_on="o_orderkey", partition_num=3))
    parts = [f"SELECT n_nationkey, n_name FROM nation WHERE n_regionkey = {region}" for region in range(5)]
    same(lambda target: rows(target, parts))


@pytest.mark.parametrize("through", ["connectorx", "adbc"])
@pytest.mark.parametrize("name", ["lines", "kinds", "aggregates", "nothing"])
def test_polars_by_address(through, name):
    same(lambda target: polars.read_database_uri(STATEMENTS[name], target, engine=through))


@pytest.mark.parametrize("name", ["lines", "kinds"])
def test_polars_by_connection(name):
    same(lambda target: polars.read_database(STATEMENTS[name], engine(target)))

    def read(target):
        with adbc.connect(target) as connection:
            return polars.read_database(STATEMENTS[name], connection)

    same(read)


def test_polars_in_batches():
    def heights(target):
        with engine(target).connect() as connection:
            parts = polars.read_database("SELECT * FROM orders", connection, iter_batches=True, batch_size=5000)
            return [part.height for part in parts]

    same(heights)


# ---- ibis


@pytest.fixture(scope="module")
def backends():
    addresses = [sqlalchemy.engine.make_url(target) for target in TARGETS]
    opened = [
        ibis.postgres.connect(host=a.host, port=a.port, user=a.username, password=a.password, database=a.database)
        for a in addresses
    ]
    yield opened
    for each in opened:
        each.disconnect()


def nation(backend):
    return backend.table("nation")


def kinds(backend):
    return backend.table("kinds", database="kinds")


EXPRESSIONS = {
    "count": lambda b: nation(b).count(),
    "filter": lambda b: nation(b).filter(_.n_nationkey < 5).order_by("n_nationkey"),
    "aggregates": lambda b: b.table("lineitem")
    .group_by("l_returnflag")
    .aggregate(
        n=_.count(), total=_.l_quantity.sum(), mean=_.l_tax.mean(), last=_.l_shipdate.max(), deviation=_.l_discount.std(),
        parts=_.l_partkey.nunique(), median=_.l_quantity.median(),
    )
    .order_by("l_returnflag"),
    "statistics": lambda b: b.table("lineitem").aggregate(
        a=_.l_quantity.var(), b=_.l_quantity.std(how="pop"), c=_.l_quantity.quantile(0.25), d=_.l_returnflag.mode(),
        e=_.l_partkey.bit_xor(),
    ),
    "join": lambda b: nation(b)
    .join(b.table("region"), _.n_regionkey == b.table("region").r_regionkey)[["n_name", "r_name"]]
    .order_by("n_name"),
    "anti join": lambda b: b.table("region").anti_join(
        nation(b).filter(_.n_name.startswith("A")), b.table("region").r_regionkey == nation(b).n_regionkey
    ).order_by("r_name"),
    "windows": lambda b: nation(b)
    .mutate(
        place=ibis.row_number().over(group_by="n_regionkey", order_by="n_name"),
        before=_.n_name.lag().over(group_by="n_regionkey", order_by="n_name"),
        running=_.n_nationkey.sum().over(group_by="n_regionkey", order_by="n_name", rows=(None, 0)),
        third=ibis.ntile(3).over(order_by="n_name"),
        share=ibis.percent_rank().over(order_by="n_regionkey"),
        mean=_.n_nationkey.mean().over(rows=(1, 1), order_by="n_nationkey"),
    )
    .order_by("n_nationkey"),
    "strings": lambda b: nation(b)
    .mutate(
        a=_.n_name.lower(), b=_.n_name.length(), c=_.n_name.substr(1, 3), d=_.n_name.right(2), e=_.n_name.replace("A", "x"),
        f=_.n_name.contains("AN"), g=_.n_name.find("A"), h=_.n_name.lpad(20, "-"), i=_.n_name.reverse(), j=_.n_name.strip(),
        k=_.n_name.re_search("A.*A"), l=_.n_name.re_replace("[AE]", "_"), m=_.n_name.re_extract("(A)(.)", 2),
        n=_.n_name.capitalize(), o=_.n_name.ascii_str(), p=_.n_name.repeat(2), q=_.n_name + "!", r=_.n_name.ilike("%a%"),
        s=_.n_name.split("A"),
    )
    .order_by("n_nationkey"),
    "numbers": lambda b: b.table("lineitem")
    .order_by(["l_orderkey", "l_linenumber"])
    .limit(20)
    .mutate(
        a=_.l_tax.round(1), b=_.l_tax.ceil(), c=_.l_partkey % 7, d=_.l_partkey // 7, e=_.l_partkey / 7, f=-_.l_tax,
        g=_.l_extendedprice.ln(), h=_.l_quantity**2, i=_.l_tax.sign(), j=_.l_partkey.cast("float64"), k=_.l_tax.cast("int64"),
        m=_.l_partkey.cast("string"), n=_.l_partkey.clip(100, 1000), o=_.l_partkey & 5, p=_.l_linenumber << 2,
    ),
    "dates": lambda b: b.table("orders")
    .order_by("o_orderkey")
    .limit(20)
    .mutate(
        a=_.o_orderdate.year(), b=_.o_orderdate.quarter(), c=_.o_orderdate.week_of_year(), d=_.o_orderdate.day_of_week.index(),
        e=_.o_orderdate.day_of_week.full_name(), f=_.o_orderdate.truncate("M"), g=_.o_orderdate.strftime("%Y-%m-%d"),
        h=_.o_orderdate + ibis.interval(days=3), i=_.o_orderdate.cast("timestamp"),
        j=_.o_orderdate.between("1995-01-01", "1996-01-01"),
    ),
    "moments": lambda b: kinds(b)
    .order_by("id")
    .select(
        "id", a=_.moment.hour(), b=_.moment.second(), c=_.moment.microsecond(), d=_.moment.date(), e=_.moment.time(),
        f=_.moment.epoch_seconds(), g=_.moment.truncate("h"), h=_.moment.strftime("%Y%m%d %H:%M:%S"), i=_.moment.bucket(days=1),
    ),
    "cases": lambda b: nation(b)
    .mutate(
        a=ibis.cases((_.n_regionkey == 0, "zero"), (_.n_regionkey == 1, "one"), else_="many"), b=_.n_nationkey.isin([1, 2, 3]),
        c=ibis.coalesce(ibis.null("string"), _.n_name), d=_.n_name.nullif("FRANCE"), e=(_.n_nationkey > 3).ifelse(1, 0),
        f=ibis.greatest(_.n_nationkey, 5), g=_.n_name.isnull(), h=_.n_nationkey.fill_null(0),
    )
    .order_by("n_nationkey"),
    "sets": lambda b: nation(b)[["n_regionkey"]]
    .difference(b.table("region").select(n_regionkey="r_regionkey").filter(_.n_regionkey < 3))
    .order_by("n_regionkey"),
    "collections": lambda b: nation(b)
    .group_by("n_regionkey")
    .aggregate(
        a=_.n_name.collect(order_by="n_name"), b=_.n_name.group_concat(",", order_by="n_name"), c=(_.n_nationkey > 10).any(),
        d=(_.n_nationkey > 10).all(),
    )
    .order_by("n_regionkey"),
    "having": lambda b: nation(b).group_by("n_regionkey").having(_.count() > 4).aggregate(n=_.count()).order_by("n_regionkey"),
    "subquery": lambda b: b.table("orders").filter(_.o_totalprice == b.table("orders").o_totalprice.max())[["o_orderkey"]],
    "kinds": lambda b: kinds(b).order_by("id"),
    "arrays": lambda b: kinds(b)
    .filter(_.id < 3)
    .order_by("id")
    .select(
        a=_.numbers.length(), b=_.numbers[0], c=_.numbers.contains(2), d=_.words + ["x"], e=_.numbers.sort(), f=_.words.join("-"),
        g=_.numbers[1:], h=_.numbers.index(2), i=_.numbers.remove(1), j=_.numbers.map(lambda x: x + 1),
        k=_.numbers.filter(lambda x: x > 1),
    ),
    "unnested": lambda b: kinds(b).filter(_.id < 3).select("id", n=_.numbers.unnest()).order_by(["id", "n"]),
    "described": lambda b: b.table("region").describe().order_by("pos"),
    "casts": lambda b: nation(b)
    .order_by("n_nationkey")
    .limit(1)
    .select(
        a=ibis.literal("1").cast("int64"), b=ibis.literal("2020-01-01").cast("date"), c=ibis.literal("1.5").cast("decimal(10,2)"),
        d=ibis.literal(1).cast("boolean"), e=ibis.literal("1").cast("float32"), f=ibis.literal([1, 2]), g=ibis.literal(b"x"),
        h=ibis.interval(days=1), i=ibis.time("12:00:00"), j=ibis.null(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_ibis_expressions(backends, name):
    seen = []
    for backend in backends:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = EXPRESSIONS[name](backend).to_pandas()
        seen.append(told(answer))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", ["join", "kinds", "dates"])
def test_ibis_in_other_frames(backends, name):
    tables = [told(EXPRESSIONS[name](backend).to_pyarrow()) for backend in backends]
    assert tables[0] == tables[1]
    frames = [told(EXPRESSIONS[name](backend).to_polars()) for backend in backends]
    assert frames[0] == frames[1]


def test_ibis_looks_around(backends):
    server, oracle = backends
    assert sorted(server.list_tables()) == sorted(oracle.list_tables())
    assert server.list_tables(database="kinds") == oracle.list_tables(database="kinds")
    assert server.list_tables(like="^n") == ["nation"]
    assert {"tpch", "kinds", "information_schema"} <= set(server.list_databases())
    assert (server.current_database, server.current_catalog) == (oracle.current_database, oracle.current_catalog)
    for table, schema in [("lineitem", "tpch"), ("kinds", "kinds"), ("pg_class", "pg_catalog"), ("tables", "information_schema")]:
        assert str(server.get_schema(table, database=schema)) == str(oracle.get_schema(table, database=schema))
    with pytest.raises(ibis.common.exceptions.TableNotFound):
        server.table("nope")
    batches = server.table("lineitem").to_pyarrow_batches(chunk_size=10_000)
    assert sum(len(batch) for batch in batches) == server.table("lineitem").count().to_pandas()


def test_ibis_cannot_write(backends):
    with pytest.raises(Exception, match="permission denied for schema tpch"):
        backends[0].create_table("written", schema=ibis.schema({"a": "int64"}), database="tpch")
    with pytest.raises(Exception, match="permission denied for schema tpch"):
        backends[0].create_view("written", nation(backends[0]), database="tpch")
