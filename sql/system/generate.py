#!/usr/bin/env python3
"""Writes the static half of pg_catalog from a real PostgreSQL 15.

Usage: generate.py <psql connection string>, on a freshly made cluster (initdb -U forebay --locale=C.UTF-8), so that
the bootstrap role has our name. Output: columns.txt (every relation of pg_catalog and information_schema with its
columns) and one <relation>.txt in COPY text format per relation whose rows never change.
"""

import difflib
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
# Rows below PostgreSQL's first user OID are its own; the others belong to the cluster this ran on.
SYSTEM = "oid < 16384"
# A query per relation; columns in the relation's own order. Node trees are left out: only PostgreSQL reads them.
DATA = {
    "pg_type": f"select * from pg_type where {SYSTEM} order by oid",
    "pg_proc": """select oid, proname, pronamespace, proowner, prolang, procost, prorows, provariadic, prosupport::oid,
        prokind, prosecdef, proleakproof, proisstrict, proretset, provolatile, proparallel, pronargs, pronargdefaults,
        prorettype, proargtypes, proallargtypes, proargmodes, proargnames, null, protrftypes,
        prosrc, probin, null, proconfig, proacl
        from pg_proc where oid < 16384 order by oid""",
    # What pg_get_function_arguments says where defaults are involved.
    "proc_defaults": """select oid, pg_get_function_arguments(oid) from pg_proc
        where pronargdefaults > 0 and oid < 16384 order by oid""",
    # What pg_get_function_sqlbody says of functions in SQL that have no text.
    "proc_bodies": """select oid, pg_get_function_sqlbody(oid) from pg_proc
        where prosqlbody is not null and oid < 16384 order by oid""",
    "pg_operator": f"select * from pg_operator where {SYSTEM} order by oid",
    "pg_cast": f"select * from pg_cast where {SYSTEM} order by oid",
    "pg_aggregate": "select * from pg_aggregate order by aggfnoid::oid",
    "pg_amop": f"select * from pg_amop where {SYSTEM} order by oid",
    "pg_amproc": f"select * from pg_amproc where {SYSTEM} order by oid",
    "pg_am": f"select * from pg_am where {SYSTEM} order by oid",
    # There is no schema `public`.
    "pg_init_privs": """select * from pg_init_privs where objoid < 16384 and objoid <> 'public'::regnamespace
        order by classoid, objoid, objsubid""",
    "pg_language": f"select * from pg_language where {SYSTEM} order by oid",
    "pg_tablespace": "select * from pg_tablespace order by oid",
    "pg_collation": """select oid, collname, collnamespace, collowner, collprovider, collisdeterministic, collencoding,
        collcollate, collctype, colliculocale, collversion from pg_collation
        where collname in ('default', 'C', 'POSIX', 'ucs_basic') order by oid""",
    "pg_range": "select * from pg_range order by rngtypid",
    # As they lie: clients gather them without an order.
    "pg_opclass": f"select * from pg_opclass where {SYSTEM} order by ctid",
    "pg_opfamily": f"select * from pg_opfamily where {SYSTEM} order by oid",
    "pg_conversion": f"select * from pg_conversion where {SYSTEM} order by oid",
    "pg_ts_config": f"select * from pg_ts_config where {SYSTEM} order by oid",
    "pg_ts_config_map": f"select * from pg_ts_config_map where mapcfg < 16384 order by 1, 2, 3",
    "pg_ts_dict": f"select * from pg_ts_dict where {SYSTEM} order by oid",
    "pg_ts_parser": f"select * from pg_ts_parser where {SYSTEM} order by oid",
    "pg_ts_template": f"select * from pg_ts_template where {SYSTEM} order by oid",
    # What ts_token_type says of the one parser there is.
    "ts_token_type": "select tokid, alias, description from ts_token_type('default')",
    "pg_extension": f"select * from pg_extension where {SYSTEM} order by oid",
    "pg_depend": "select * from pg_depend where objid < 16384 order by ctid",
    "pg_rewrite": """select oid, rulename, ev_class, ev_type, ev_enabled, is_instead, null, null from pg_rewrite
        where oid < 16384 order by oid""",
    # The checks of domains; constraints of tables are in `indexes`.
    "pg_constraint": """select oid, conname, connamespace, contype, condeferrable, condeferred, convalidated, conrelid,
        contypid, conindid, conparentid, confrelid, confupdtype, confdeltype, confmatchtype, conislocal, coninhcount,
        connoinherit, conkey, confkey, conpfeqop, conppeqop, conffeqop, confdelsetcols, conexclop, null
        from pg_constraint where contypid <> 0 and oid < 16384 order by oid""",
    # Not those on collations of the operating system and on the schema `public`.
    "pg_description": """select * from pg_description where objoid <> 'public'::regnamespace
        and (classoid <> 'pg_collation'::regclass
            or objoid in (select oid from pg_collation where collname in ('default', 'C', 'POSIX', 'ucs_basic')))
        order by classoid, objoid, objsubid""",
    "pg_authid": """select oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
        rolbypassrls, rolconnlimit, null, null from pg_authid where oid <> 10 and oid < 16384 order by oid""",
    "pg_auth_members": "select * from pg_auth_members order by 1, 2",
    "pg_settings": "select * from pg_settings order by name",
    "pg_timezone_abbrevs": "select * from pg_timezone_abbrevs order by 1",
    "information_schema.sql_features": "select * from information_schema.sql_features",
    "information_schema.sql_implementation_info": "select * from information_schema.sql_implementation_info",
    "information_schema.sql_parts": "select * from information_schema.sql_parts",
    "information_schema.sql_sizing": "select * from information_schema.sql_sizing",
    # The indexes of pg_catalog, with the constraints they stand for.
    "indexes": """select i.indexrelid, i.indrelid, c.relname, c.relisshared, c.reltablespace, i.indisunique,
        i.indisprimary, i.indkey, i.indcollation, i.indclass, i.indoption, k.oid, k.conname, k.contype
        from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
        left join pg_constraint k on k.conindid = i.indexrelid
        where t.oid < 16384 and t.relnamespace = 'pg_catalog'::regnamespace order by i.indexrelid""",
    # Tables of PostgreSQL's own with their TOAST and its index.
    "toast": """select c.oid, t.oid, i.indexrelid from pg_class c join pg_class t on t.oid = c.reltoastrelid
        join pg_index i on i.indrelid = t.oid where c.oid < 16384 order by c.oid""",
    "keywords": "select word, catcode, barelabel, catdesc, baredesc from pg_get_keywords()",
}
COLUMNS = """
    select case when a.attnum = 1 then
             format(E'%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n', n.nspname, c.relname, c.oid, c.reltype, c.relkind,
                    c.relisshared, coalesce(c.relacl::text, '\\N'), coalesce(c.reloptions::text, '\\N')) else '' end
           || format(E' %s\\t%s\\t%s', a.attname, t.typname, a.attnotnull)
           || case when a.attcollation <> t.typcollation then format(E'\\t%s', a.attcollation) else '' end
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
    join pg_type t on t.oid = a.atttypid
    where n.nspname in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'v')
    order by n.nspname desc, c.relname, a.attnum"""

# Views, rules other than those of views, and checks, each as its definition and as the one written for people.
DEFINITIONS = """
    select oid, pg_get_viewdef(oid), pg_get_viewdef(oid, true) from pg_class where relkind = 'v' and oid < 16384
    union all select oid, pg_get_ruledef(oid), pg_get_ruledef(oid, true) from pg_rewrite
        where rulename <> '_RETURN' and oid < 16384
    union all select oid, pg_get_constraintdef(oid), pg_get_constraintdef(oid, true) from pg_constraint
        where contypid <> 0 and oid < 16384
    order by 1"""


def marked(full: str, pretty: str) -> str:
    """The two texts in one: where they differ, ⟨what the full one has¦what the one for people has⟩."""
    full, pretty = (re.findall(r"\w+|\s+|.", text) for text in (full, pretty))
    text = []
    for operation, start, end, other, last in difflib.SequenceMatcher(None, full, pretty, False).get_opcodes():
        kept, other = "".join(full[start:end]), "".join(pretty[other:last])
        text.append(kept if operation == "equal" else f"⟨{kept}¦{other}⟩")
    return "".join(text)


def run(connection: str, *arguments: str) -> str:
    command = ["psql", connection, "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    connection = sys.argv[1]
    (HERE / "columns.txt").write_text(run(connection, "-At", "-c", COLUMNS))
    for name, query in DATA.items():
        # A regproc prints as a name, which is not unique: its OID is what joins.
        names = f"""select string_agg(attname || case when atttypid = 'regproc'::regtype then '::oid' else '' end, ', '
            order by attnum) from pg_attribute where attrelid = '{name}'::regclass and attnum > 0"""
        if query.startswith("select * from pg_"):
            query = query.replace("*", run(connection, "-At", "-c", names).strip(), 1)
        text = run(connection, "-c", f"copy ({query}) to stdout")
        (HERE / f"{name}.txt").write_text(text)
    definitions = [line.split("\t") for line in run(connection, "-c", f"copy ({DEFINITIONS}) to stdout").splitlines()]
    lines = [f"{oid}\t{marked(full, pretty)}\n" for oid, full, pretty in definitions]
    (HERE / "definitions.txt").write_text("".join(lines))


main()
