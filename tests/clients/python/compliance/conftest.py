"""SQLAlchemy's own suite for dialects, over tables that Forebay does not make itself: PostgreSQL makes and fills them, class
by class, and Forebay serves what is exported from there. Started by `test_compliance.py`.
"""

import os
import pathlib
import subprocess
import sys
import time

import pyarrow
import pyarrow.parquet
import pytest
import sqlalchemy

pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403
from sqlalchemy.dialects.postgresql import provision as _own  # noqa: E402, F401
from sqlalchemy.testing import config, engines, provision  # noqa: E402
from sqlalchemy.testing.plugin import pytestplugin  # noqa: E402
from sqlalchemy.testing.util import adict  # noqa: E402

from needs import WRITERS  # noqa: E402

sys.path.append(str(pathlib.Path(__file__).parents[3] / "support"))
import oracle  # noqa: E402

# It would make extensions.
provision.post_configure_engine.fns["postgresql"] = lambda url, engine, follower: None

BINARY = os.environ["FOREBAY_TEST_BINARY"]
HOME = pathlib.Path(os.environ["FOREBAY_COMPLIANCE_HOME"])

# Parquet's types for those of PostgreSQL; all others are texts.
ARROW = {
    "bool": pyarrow.bool_(), "int2": pyarrow.int16(), "int4": pyarrow.int32(), "int8": pyarrow.int64(),
    "float4": pyarrow.float32(), "float8": pyarrow.float64(), "numeric": pyarrow.decimal128(20, 4), "bytea": pyarrow.binary(),
    "date": pyarrow.date32(), "time": pyarrow.time64("us"), "timestamp": pyarrow.timestamp("us"),
    "timestamptz": pyarrow.timestamp("us", "UTC"),
}  # fmt: skip


def name_of(cls):
    return cls.__name__.partition("_postgresql")[0].lower()


def url(address, driver="psycopg"):
    return address.replace("postgresql://", f"postgresql+{driver}://")


def pytest_collection_modifyitems(session, config, items):  # noqa: F811
    pytestplugin.pytest_collection_modifyitems(session, config, items)
    for item in items:
        name = item.cls.__name__.partition("_postgresql")[0]
        test = item.name.partition("[")[0]
        reasons = [WRITERS[key] for key in (name, f"{name}.{test}", f"{name}.{item.name}") if key in WRITERS]
        if reasons:
            item.add_marker(pytest.mark.skip(reason=reasons[0]))


def export(maker, cls, schema):
    """Lets PostgreSQL make and fill the tables of one class, and writes them down for Forebay."""
    own = sqlalchemy.MetaData()
    cls.bind, cls._tables_metadata = maker, own
    cls.tables, cls.other, cls.sequences = adict(), adict(), adict()
    cls.define_tables(own)
    own.create_all(maker)
    cls.tables.update(own.tables)
    if cls.run_inserts:
        cls._load_fixtures()
        with maker.begin() as connection:
            cls.insert_data(connection)
    with maker.connect() as connection:
        for table in own.sorted_tables:
            write(connection, table, HOME / "root" / (table.schema or schema) / "v1")
    own.drop_all(maker)
    cls.bind = None


def write(connection, table, directory):
    quote = connection.dialect.identifier_preparer.format_table
    columns = connection.exec_driver_sql(
        "SELECT attname, typname FROM pg_attribute JOIN pg_type t ON t.oid = atttypid"
        " WHERE attrelid = %s::text::regclass AND attnum > 0 ORDER BY attnum",
        (quote(table).replace("%%", "%"),),
    ).all()
    rows = connection.execute(sqlalchemy.select(sqlalchemy.text("*")).select_from(table)).all()
    kinds = [ARROW.get(kind, pyarrow.string()) for _, kind in columns]
    arrays = [pyarrow.array([row[at] for row in rows], kind) for at, kind in enumerate(kinds)]
    content = pyarrow.Table.from_arrays(arrays, names=[column for column, _ in columns])
    directory.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(content, directory / f"{table.name}.parquet")


@pytest.fixture(scope="session")
def exported(request):
    """The root with the tables of all classes; the PostgreSQL that made them is gone."""
    base = sqlalchemy.testing.fixtures.TablesTest
    wanted = [item.cls for item in request.session.items if not item.get_closest_marker("skip")]
    classes = {name_of(cls): cls for cls in wanted if issubclass(cls, base)}
    (HOME / "root").mkdir()
    (HOME / "none").mkdir()
    try:
        server = oracle.start(HOME / "oracle", HOME / "none")
        maker = sqlalchemy.create_engine(url(server), poolclass=sqlalchemy.pool.NullPool)
        with maker.begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA tpch; CREATE SCHEMA test_schema")
        for schema, cls in classes.items():
            export(maker, cls, schema)
    finally:
        oracle.stop(HOME / "oracle")
    base.run_create_tables = base.run_inserts = base.run_deletes = None
    for cls in classes.values():
        cls.run_create_tables = cls.run_inserts = cls.run_deletes = None
    return HOME / "root"


@pytest.fixture(scope="session", autouse=True)
def served(exported):
    """One Forebay with a database for each class; each class reads from its own."""
    command = [BINARY, "serve", "--source", exported, "--state", HOME / "state", "--listen", "127.0.0.1:0"]
    with open(HOME / "out", "w") as out, open(HOME / "log", "w") as log:
        server = subprocess.Popen(command, stdout=out, stderr=log)
    try:
        yield ready(server)
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="class", autouse=True)
def own_database(request, served):
    """Makes the database of a class the one that the suite connects to."""
    if not issubclass(request.cls, sqlalchemy.testing.fixtures.TablesTest):
        yield
        return
    address = url(f"postgresql://forebay@{served}/{name_of(request.cls)}")
    config._current.push_engine(engines.testing_engine(address, options={"scope": "class"}), sqlalchemy.testing)
    yield
    config._current.pop(sqlalchemy.testing)


def ready(server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        for line in (HOME / "out").read_text().splitlines():
            if line.startswith("forebay: ready, postgres on "):
                return line.rsplit(" ", 1)[1]
        time.sleep(0.05)
    raise RuntimeError((HOME / "log").read_text()[-2000:])
