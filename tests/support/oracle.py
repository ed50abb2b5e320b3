"""A throwaway PostgreSQL that holds the same rows as a source root, so that answers can be compared.

    oracle.py start DIR ROOT    make a cluster in DIR, load the newest version of every database of ROOT,
                                print its DSN
    oracle.py stop DIR          stop it

A database of the source root becomes a schema, as in Forebay; the connection's database is `tpch` with that schema
first in the search path. Column types are those Forebay announces for the same Arrow types. PostgreSQL refuses to run
as root, so root hands the cluster to the user `postgres`.

The cluster is what a Forebay looks like to its clients: everything belongs to the role `forebay`, text is ordered
bytewise and has the letters of Unicode, tables have no indexes but those of their keys and no TOAST, and there is the
schema `forebay` with its views (`forebay.sql`). What an operating system's locales or a template add is dropped.
"""

import io
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys

# What only this cluster has: collations of the operating system.
ALIKE = """
    DO $$
    DECLARE own text;
    BEGIN
        FOR own IN SELECT format('DROP COLLATION pg_catalog.%I', collname) FROM pg_collation
            WHERE collname NOT IN ('default', 'C', 'POSIX', 'ucs_basic')
        LOOP EXECUTE own; END LOOP;
    END $$;
"""

# What minor releases of PostgreSQL 15 have brought since the one whose catalogs are ours: a function for pg_upgrade, and a
# version that each column keeps among its options.
NEWER = """
    DELETE FROM pg_description WHERE classoid = 'pg_proc'::regclass AND objoid = 4551;
    DELETE FROM pg_proc WHERE oid = 4551;
    UPDATE pg_attribute SET attoptions = NULL WHERE attoptions::text LIKE '{pg_attver=%';
"""

# Files have no TOAST, and no transaction has written them. Nothing here is long enough to need it.
FILES = """
    DO $$
    DECLARE toast record;
    BEGIN
        FOR toast IN SELECT reltoastrelid AS own, indexrelid AS index FROM pg_class
            JOIN pg_index ON indrelid = reltoastrelid WHERE pg_class.oid >= 16384
        LOOP
            ASSERT pg_relation_size(toast.own) = 0, 'values are in TOAST';
            DELETE FROM pg_class WHERE oid IN (toast.own, toast.index);
            DELETE FROM pg_attribute WHERE attrelid IN (toast.own, toast.index);
            DELETE FROM pg_index WHERE indexrelid = toast.index;
            DELETE FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid IN (toast.own, toast.index);
        END LOOP;
        UPDATE pg_class SET reltoastrelid = 0, relfrozenxid = own.relfrozenxid FROM pg_class own
            WHERE pg_class.oid >= 16384 AND pg_class.relkind = 'r' AND own.oid = 'pg_class'::regclass;
    END $$;
"""


def binaries():
    """The directory of PostgreSQL 15's programs."""
    for place in ("/usr/lib/postgresql/15/bin", "/usr/pgsql-15/bin", "/opt/homebrew/opt/postgresql@15/bin"):
        if os.path.exists(f"{place}/initdb"):
            return place
    found = shutil.which("initdb")
    if found is None:
        sys.exit("no PostgreSQL 15 programs found")
    return os.path.dirname(found)


def run(*command, **options):
    """Runs a program of the cluster, as `postgres` when we are root."""
    if os.geteuid() == 0:
        command = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command)
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", **options)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(directory, root):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    data, port = str(directory / "data"), free_port()
    programs = binaries()
    run(f"{programs}/initdb", "-D", data, "-U", "forebay", "-A", "trust", "-E", "UTF8", "--no-sync",
        "--locale=C", f"--lc-ctype={letters()}")
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": directory,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "shared_buffers": "256MB",
        "timezone": "UTC",
        "search_path": "tpch, public",
    }
    options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
    control = (f"{programs}/pg_ctl", "-D", data, "-l", str(directory / "log"), "-w", "-t", "60")
    server = f"postgresql://forebay@127.0.0.1:{port}"
    run(*control, "-o", f"{options} -b", "start")
    add_forebay(server)
    run(*control, "-o", options, "restart")
    load(server, pathlib.Path(root))
    return f"{server}/tpch"


def letters():
    """The locale whose letters are Unicode's; C where the operating system has none without a language."""
    known = subprocess.run(["locale", "-a"], check=True, capture_output=True, text=True).stdout.split()
    return "C.UTF-8" if {"C.UTF-8", "C.utf8"} & set(known) else "C"


def stop(directory):
    data = str(pathlib.Path(directory) / "data")
    run(f"{binaries()}/pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    shutil.rmtree(directory, ignore_errors=True)


def add_forebay(server):
    """Renames the database and adds the schema `forebay`, of a server in binary upgrade mode."""
    import psycopg

    with psycopg.connect(f"{server}/template1", autocommit=True) as connection:
        connection.execute("DROP DATABASE postgres")
        connection.execute("CREATE DATABASE tpch OID 2147483647")
    with psycopg.connect(f"{server}/tpch", autocommit=True) as connection:
        connection.execute(ALIKE)
        connection.execute(pathlib.Path(__file__).with_name("forebay.sql").read_text())


def load(server, root):
    import psycopg

    with psycopg.connect(f"{server}/tpch", autocommit=True) as connection:
        for database in sorted(entry for entry in root.iterdir() if entry.is_dir() and entry.name[0] not in "_."):
            connection.execute(f'CREATE SCHEMA "{database.name}"')
            version = newest_version(database)
            declared = manifest(version)
            for table, files in tables(version):
                name = f'"{database.name}"."{table}"'
                load_table(connection, name, files)
                declare(connection, name, declared.get(table, {}))
        connection.execute("ANALYZE")
        connection.execute(FILES)
        connection.execute(NEWER)


def newest_version(database):
    """The greatest version by name; a directory with an alias file in it is not one, nor is a hidden one."""

    def counts(entry):
        aliased = (entry / "_ALIAS").exists() or (entry / "_SYMLINK").exists()
        return entry.is_dir() and not entry.name.startswith(("_", ".")) and not aliased

    return max(filter(counts, database.iterdir()), key=lambda entry: entry.name.encode())


def manifest(version):
    """What the version's manifest declares of its tables."""
    file = version / "_manifest.json"
    return json.loads(file.read_text()).get("tables", {}) if file.exists() else {}


def tables(version):
    """Every table of a version with its Parquet files."""
    for entry in sorted(version.iterdir()):
        if entry.name.startswith(("_", ".")):
            continue
        if entry.is_dir():
            yield entry.name, sorted(entry.rglob("*.parquet"))
        elif entry.suffix == ".parquet":
            yield entry.stem, [entry]


def declare(connection, name, declared):
    """Keys and comments, as a manifest declares them."""
    if declared.get("key"):
        columns = ", ".join(f'"{column}"' for column in declared["key"])
        connection.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({columns})")
    comments = {f"TABLE {name}": declared.get("comment")}
    for column, comment in declared.get("columns", {}).items():
        comments[f'COLUMN {name}."{column}"'] = comment.get("comment")
    for target, comment in comments.items():
        if comment is not None:
            quoted = comment.replace("'", "''")
            connection.execute(f"COMMENT ON {target} IS '{quoted}'")


def load_table(connection, name, files):
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    schema = pyarrow.parquet.read_schema(files[0])
    columns = ", ".join(
        f'"{field.name}" {sql_type(field.type)}{"" if field.nullable else " NOT NULL"}' for field in schema
    )
    connection.execute(f"CREATE TABLE {name} ({columns})")
    for file in files:
        rows = pyarrow.parquet.read_table(file)
        buffer = io.BytesIO()
        pyarrow.csv.write_csv(
            pyarrow.table([text(column) for column in rows.columns], names=rows.column_names),
            buffer,
            pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed"),
        )
        with connection.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
            copy.write(buffer.getvalue())


def sql_type(kind):
    """The PostgreSQL type that Forebay announces for an Arrow type."""
    import pyarrow

    simple = {
        pyarrow.bool_(): "boolean",
        pyarrow.int16(): "smallint",
        pyarrow.int32(): "integer",
        pyarrow.int64(): "bigint",
        pyarrow.float32(): "real",
        pyarrow.float64(): "double precision",
        pyarrow.string(): "text",
        pyarrow.large_string(): "text",
        pyarrow.string_view(): "text",
        pyarrow.binary(): "bytea",
        pyarrow.date32(): "date",
        pyarrow.time64("us"): "time",
        pyarrow.timestamp("us"): "timestamp",
        pyarrow.timestamp("us", "UTC"): "timestamptz",
    }
    if pyarrow.types.is_decimal(kind):
        return f"numeric({kind.precision},{kind.scale})"
    if pyarrow.types.is_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    return simple[kind]


def text(column):
    """The column in PostgreSQL's input syntax, NULL as NULL."""
    import pyarrow

    kind = column.type
    if pyarrow.types.is_binary(kind):
        return pyarrow.array([None if v is None else "\\x" + v.hex() for v in column.to_pylist()], pyarrow.string())
    if pyarrow.types.is_list(kind):
        return pyarrow.array([None if v is None else array(v) for v in column.to_pylist()], pyarrow.string())
    if pyarrow.types.is_floating(kind):
        return pyarrow.array([None if v is None else repr(v) for v in column.to_pylist()], pyarrow.string())
    if pyarrow.types.is_string(kind):
        return column
    return column.cast(pyarrow.string())


def array(values):
    def element(value):
        if value is None:
            return "NULL"
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "{" + ",".join(element(value) for value in values) + "}"


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["start", directory, root]:
            print(start(directory, root))
        case ["stop", directory]:
            stop(directory)
        case _:
            sys.exit(__doc__)
