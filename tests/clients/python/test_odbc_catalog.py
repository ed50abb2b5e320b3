"""The catalog functions of psqlODBC, each with patterns, exact names and names that nothing has, row by row as PostgreSQL's.

SQLColumnPrivileges, which pyodbc has no method for, is called by itself.
"""

import ctypes
import ctypes.util
import itertools

import pytest
from cases import ORACLE, SERVER, same_rows
from test_odbc import connection_string, pair, pyodbc  # noqa: F401, a fixture

# Where two servers with equal tables differ by nature.
#
# The server's own views and functions, which PostgreSQL has not; where PostgreSQL stores long values, which columnar files
# do not, and where sessions have temporary tables of their own.
OWN_SCHEMAS = ("forebay", "pg_toast", "pg_temp")
# Pages of an index, and rows of PostgreSQL's own tables, are those of its storage; OIDs of tables are given out in the
# order in which they are made; and the driver counts columns on from one schema to the next, those of the own ones too.
OWN_COLUMNS = {"statistics": ("cardinality", "pages"), "columns": ("table oid", "ordinal_position")}
# The driver asks for these rows in no order.
UNORDERED = ("procedures", "tables", "tablePrivileges")

CATALOGS = (None, "tpch", "%", "nope")
SCHEMAS = ("tpch", None, "%", "kinds", "tp%", "t_ch", "pg_catalog", "information\\_schema", "nope", "TPCH", "it's")
TABLES = ("lineitem", None, "%", "line%", "p_rt", "part\\_supp", "kinds", "pg_index", "tables", "nope", "LineItem", 'a"b')
COLUMNS = (None, "%", "l_orderkey", "l\\_ship%", "_d", "nope")
KINDS = (None, "TABLE", "VIEW", "SYSTEM TABLE", "TABLE,VIEW", "'TABLE','SYSTEM TABLE'", "MATERIALIZED VIEW", "nope")
PROCEDURES = ("abs", None, "%", "array\\_%", "date_trunc", "generate_series", "nope", "pg_get_keywords")


def one_by_one(*values, **named):
    """Calls with the first value of each argument, and with each of the others in its place; first without a schema too."""
    usual = {name: choices[0] for name, choices in named.items()}
    calls = [usual]
    for name, choices in named.items():
        calls += [usual | {name: choice} for choice in choices[1:]]
    if "schema" in named:
        calls += [call | {"schema": None} for call in calls if call["schema"] is not None and call != usual]
    return [(*values, call) for call in calls]


CALLS = list(
    itertools.chain(
        one_by_one("tables", table=TABLES, catalog=CATALOGS, schema=SCHEMAS, tableType=KINDS),
        # Lists of catalogs, of schemas and of kinds of tables have calls of their own.
        [("tables", {"table": "", "catalog": "", "schema": "%", "tableType": ""})],
        [("tables", {"table": "", "catalog": "%", "schema": "", "tableType": ""})],
        [("tables", {"table": "", "catalog": "", "schema": "", "tableType": "%"})],
        one_by_one("columns", table=TABLES, catalog=CATALOGS, schema=SCHEMAS, column=COLUMNS),
        one_by_one("statistics", table=TABLES, catalog=CATALOGS, schema=SCHEMAS, unique=(True, False), quick=(True, False)),
        one_by_one("rowIdColumns", table=TABLES, catalog=CATALOGS, schema=SCHEMAS, nullable=(True, False)),
        one_by_one("rowVerColumns", table=TABLES, catalog=CATALOGS, schema=SCHEMAS, nullable=(True, False)),
        one_by_one("primaryKeys", table=TABLES, catalog=CATALOGS, schema=SCHEMAS),
        one_by_one("foreignKeys", table=TABLES, catalog=CATALOGS, schema=SCHEMAS),
        one_by_one("foreignKeys", foreignTable=TABLES, foreignCatalog=CATALOGS, foreignSchema=SCHEMAS),
        [("foreignKeys", {"table": "orders", "schema": "tpch", "foreignTable": "lineitem", "foreignSchema": "tpch"})],
        one_by_one("procedures", procedure=PROCEDURES, catalog=CATALOGS, schema=("pg_catalog", *SCHEMAS)),
        one_by_one("procedureColumns", procedure=PROCEDURES, catalog=CATALOGS, schema=("pg_catalog", *SCHEMAS)),
        one_by_one("tablePrivileges", table=TABLES, catalog=CATALOGS, schema=SCHEMAS),
        [("getTypeInfo", {"sqlType": kind}) for kind in (*range(-11, 14), *range(91, 94), 999)],
    )
)


def label(call):
    name, arguments = call
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def answer(connection, name, arguments):
    cursor = connection.cursor()
    try:
        getattr(cursor, name)(**arguments)
    except (pyodbc.Error, TypeError, ValueError) as error:
        return str(error), []
    columns = [column[0].lower() for column in cursor.description]
    own = OWN_COLUMNS.get(name, ())
    rows = []
    for row in cursor.fetchall():
        schemas = [value for column, value in zip(columns, row) if column.endswith("_schem")]
        if not any((schema or "").startswith(OWN_SCHEMAS) for schema in schemas):
            rows.append([None if column in own else value for column, value in zip(columns, row)])
    if name in UNORDERED:
        rows.sort(key=repr)
    return [column[:6] for column in cursor.description], rows


@pytest.mark.parametrize("call", CALLS, ids=map(label, CALLS))
def test_call(pair, call):
    (got_columns, got), (want_columns, want) = (answer(connection, *call) for connection in pair)
    assert got_columns == want_columns
    same_rows(got, want)


PRIVILEGES = [tuple(arguments.values()) for (arguments,) in one_by_one(catalog=CATALOGS, schema=SCHEMAS, table=TABLES, column=COLUMNS)]


@pytest.mark.parametrize("names", PRIVILEGES, ids=lambda names: ".".join(map(str, names)))
def test_column_privileges(names):
    got, want = (column_privileges(target, names) for target in (SERVER, ORACLE))
    assert got == want


def column_privileges(target, names):
    """The state of SQLColumnPrivileges, or its rows as texts."""
    odbc = ctypes.CDLL(ctypes.util.find_library("odbc"))
    success = (0, 1)
    environment, connection, statement = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    odbc.SQLAllocHandle(1, None, ctypes.byref(environment))
    odbc.SQLSetEnvAttr(environment, 200, ctypes.c_void_p(3), 0)
    odbc.SQLAllocHandle(2, environment, ctypes.byref(connection))
    text = connection_string(target).encode()
    try:
        assert odbc.SQLDriverConnect(connection, None, text, len(text), None, 0, None, 0) in success
        odbc.SQLAllocHandle(3, connection, ctypes.byref(statement))
        arguments = []
        for name in names:
            name = None if name is None else name.encode()
            arguments += [name, ctypes.c_short(0 if name is None else len(name))]
        if odbc.SQLColumnPrivileges(statement, *arguments) not in success:
            state, message = ctypes.create_string_buffer(6), ctypes.create_string_buffer(512)
            odbc.SQLGetDiagRec(3, statement, 1, state, None, message, 512, None)
            return state.value, message.value
        rows = []
        while odbc.SQLFetch(statement) in success:
            cells = []
            for place in range(1, 9):
                value, length = ctypes.create_string_buffer(256), ctypes.c_long()
                odbc.SQLGetData(statement, place, 1, value, 256, ctypes.byref(length))
                cells.append(None if length.value == -1 else value.value)
            rows.append(cells)
        return [row for row in rows if not (row[1] or b"").decode().startswith(OWN_SCHEMAS)]
    finally:
        if statement:
            odbc.SQLFreeHandle(3, statement)
        odbc.SQLDisconnect(connection)
        odbc.SQLFreeHandle(2, connection)
        odbc.SQLFreeHandle(1, environment)
