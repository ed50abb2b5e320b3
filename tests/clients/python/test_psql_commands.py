"""psql's backslash commands: every one that asks the server prints on Forebay what it prints on PostgreSQL, byte for byte.

What is another on every server is made alike in one spot, `MASKS`. Nothing else may differ. Commands that write have no
place here, nor those about what this server has not: encodings other than UTF8, TOAST tables, templates of
databases; and this server is an extension of its own.
"""

import re

import pytest
from cases import ORACLE, SERVER
from test_psql import psql

# One command a line. Variants with S, +, patterns and several arguments are commands of their own.
COMMANDS = r"""
\d
\dS
\d nation
\d+ nation
\d lineitem
\d tpch.partsupp
\d kinds.kinds
\d+ kinds.kinds
\d kinds.*
\d tpch.*
\d+ tpch.*
\d n*
\d nation_pkey
\d+ nation_pkey
\d nation region
\d "nation"
\d "Nation"
\d NATION
\d pg_class
\d+ pg_class
\d pg_class_oid_index
\d+ pg_class_oid_index
\d pg_tables
\d+ pg_tables
\d pg_stat_activity
\d+ pg_stat_activity
\d pg_settings
\d+ pg_settings
\d+ pg_roles
\d information_schema.columns
\d+ information_schema.columns
\d+ information_schema.tables
\d information_schema.*
\d pg_catalog.pg_t*
\d+ pg_catalog.pg_stat*
\d nope
\d nope.nope
\d tpch.nope
\d tpch.tpch.nation
\d other.tpch.nation
\d a.b.c.d
\d nation_pkey nope
\d [a-m]*
\d ???ion
\d regio(n|x)
\d pg_catalog.*activity
\da
\da sum
\da pg_catalog.*
\da s*
\da nope
\daS
\daS max
\da sum int4
\da percentile*
\dA
\dA+
\dA btree
\dA+ h*
\dA nope
\dAc
\dAc btree
\dAc+ btree
\dAc btree int*
\dAc+ gin
\dAc * text
\dAf
\dAf btree int*
\dAf+ hash
\dAf+ gist
\dAo
\dAo btree
\dAo+ btree integer_ops
\dAo+ gin
\dAp
\dAp btree integer_ops
\dAp+ btree integer_ops
\dAp+ brin
\db
\db pg_default
\db nope
\dc
\dcS
\dc utf8*
\dcS utf8*
\dcS+ koi8*
\dC
\dC+
\dC int*
\dC+ timestamp*
\dC nope
\dd
\ddS
\dd nation
\ddS pg_catalog.int*
\dD
\dDS
\dD+
\dDS+
\dD information_schema.*
\dD+ information_schema.*
\ddp
\ddp forebay
\ddp nope
\dE
\dE+
\dES
\des
\des+
\des nope
\det
\det+
\det tpch.*
\deu
\deu+
\dew
\dew+
\df
\df+
\dfS
\dfS+ pg_catalog.abs
\dfa
\dfn
\dfp
\dft
\dfw
\dfaS
\dfnS
\dfpS
\dftS
\dftS+
\dfwS
\dfwS+
\dfawS
\dfx
\df abs
\df+ abs
\df abs int*
\df abs integer
\df *_to_char
\df to_char
\df to_char timestamp*
\df pg_catalog.* integer
\df * bytea
\df substring text int int
\df pg_get_*
\df+ pg_get_viewdef
\df+ age
\df+ generate_series
\df+ round
\df+ json_*
\df jsonb_path_query
\df percentile_cont
\df rank
\df information_schema.*
\df+ information_schema.*
\df nope
\df nope.*
\dF
\dF+
\dF english
\dF+ english
\dF+ simple
\dF nope
\dF+ nope
\dFd
\dFd+
\dFd simple
\dFd+ simple
\dFd nope
\dFp
\dFp+
\dFp default
\dFp nope
\dFp+ nope
\dFt
\dFt+
\dFt snowball
\dFt+ nope
\dg
\dg+
\dgS
\dgS+
\dg forebay
\dg nope
\dgS pg_read*
\di
\diS
\di nation*
\di tpch.*
\di nope
\diS pg_class*
\dl
\dl+
\dL
\dL+
\dLS
\dLS+
\dL plpgsql
\dL nope
\dm
\dm+
\dmS
\dm nope
\dn
\dn+
\dn tpch
\dn+ tpch
\dn nope
\dn pg_catalog
\dn+ information_schema
\do
\doS
\doS =
\doS+ pg_catalog.=
\do+ pg_catalog.||
\do pg_catalog.+ integer
\doS - int4 int4
\doS ! NONE
\doS !! NONE tsquery
\do nope
\dO
\dOS
\dO+
\dOS+
\dO "C"
\dOS "C"
\dO nope
\dp
\dp nation
\dp tpch.*
\dp pg_catalog.pg_authid
\dp pg_catalog.pg_subscription
\dp information_schema.ta*
\dP
\dPi
\dPt
\dPn
\dP nope
\dP+
\dPi+
\dPtn+
\drds
\drds forebay
\drds nope
\drds * tpch
\drg
\dRp
\dRp+
\dRp nope
\dRs
\dRs+
\ds
\ds+
\dsS
\ds nope
\dt
\dtS
\dt tpch.n*
\dt kinds.*
\dt *.nation
\dt nope
\dt nation region
\dt pg_catalog.pg_a*
\dti
\dtvmsE
\dtiS pg_class*
\dT
\dTS
\dT+
\dTS+
\dT int4
\dT+ int4
\dT integer
\dT int
\dT pg_catalog.*
\dT _int4
\dT int4[]
\dT+ information_schema.*
\dT tpch.*
\dT nation
\dT+ "char"
\dT+ *range
\dT nope
\du
\du+
\duS
\duS+
\du forebay
\du nope
\dv
\dvS
\dv pg_catalog.pg_stat*
\dv information_schema.*
\dv nope
\dx plpgsql
\dx+ plpgsql
\dx nope
\dx+ nope
\dX
\dX+
\dX nope
\dy
\dy+
\dy nope
\l tpch
\list tpch
\l t?ch
\l nope
\sf abs
\sf abs(integer)
\sf abs(numeric)
\sf+ abs(numeric)
\sf pg_relation_size
\sf pg_relation_size(regclass)
\sf+ pg_relation_size(regclass)
\sf pg_relation_size(regclass, text)
\sf generate_series(int4, int4)
\sf format(text, "any")
\sf pg_catalog.round(numeric)
\sf age(timestamptz)
\sf lpad(text,int)
\sf make_interval
\sf json_populate_record
\sf sum(int4)
\sf rank()
\sf nope
\sf nope(int)
\sf abs(nope)
\sf
\sf information_schema._pg_truetypid
\sf+ information_schema._pg_expandarray
\sf information_schema._pg_interval_type
\sv pg_tables
\sv+ pg_tables
\sv pg_stat_activity
\sv+ pg_stat_activity
\sv pg_roles
\sv pg_settings
\sv pg_locks
\sv pg_stat_all_tables
\sv pg_stat_user_tables
\sv information_schema.tables
\sv information_schema.columns
\sv+ information_schema.schemata
\sv nation
\sv nation_pkey
\sv nope
\sv nope.nope
\sv
\z
\z nation
\z tpch.*
\z kinds.kinds
\z nope
\z pg_catalog.pg_authid
\encoding
\encoding SQL_ASCII
\encoding nope
\lo_list
\lo_list+
\lo_import nope
\lo_export 1 nope
\lo_unlink 1
\lo_unlink nope
\errverbose
\gdesc
\g
\gx
\gexec
\gset
\crosstabview
\watch
\echo hi there
\qecho hi :x
\warn oh
\timing
\timing on
\timing off
\timing nope
\h SELECT
\h nope
\copyright
\dconfig work_mem
\dconfig+ work_mem
\dconfig enable_*
\dconfig+ enable_*
\dconfig datestyle
\dconfig+ *timeout
\dconfig nope
\set
\set x 1
\unset x
\if true
\endif
\else
\pset
\pset format csv
\pset nope
\a
\t
\x
\x on
\x nope
\H
\f
\C title
\T border=1
\cd nope
\! true
\getenv x NOPE
\setenv NOPE x
\i nope
\ir nope
\include nope
\o /dev/null
\w /dev/null
\r
\reset
\p
\print
\s /dev/null
\e nope nope nope
\ef nope
\ev nope
\password nope nope
\prompt
\c
\c nope
\c tpch
\connect tpch forebay
\copy
\copy nope to stdout
\copy nation to stdout
\copy nation to stdout csv header
\copy (select * from nation order by 1) to stdout with (format csv, force_quote *)
\copy nation (n_name) to stdout
\copy nope
\q
\?
\? options
\? variables
\nope
\d&
\dz
""".strip().splitlines()  # fmt: skip

# Commands whose output has sizes on disk; see `masked`.
SIZED = r"""
\d+
\dS+
\dt+
\dt+ nation
\dt+ kinds.*
\dtS+
\di+
\di+ nation*
\diS+
\dv+
\dv+ pg_catalog.pg_*
\dv+ information_schema.*
\dtvmsE+
\db+
\db+ pg_global
\l+ tpch
""".strip().splitlines()  # fmt: skip

SCRIPTS = [
    "SELECT 1 AS a, 'x' AS b, now() AS c, 1.5 AS d, NULL AS e, ARRAY[1] AS f \\gdesc\n",
    "SELECT n_name::varchar(3), n_nationkey::numeric(5,2), 'a'::char(4), '1'::bit(3), interval '1' AS i, r.* FROM nation, region r \\gdesc\n",
    "SELECT nope \\gdesc\n",
    "SELECT FROM nation \\gdesc\n",
    "SET work_mem = '4MB' \\gdesc\n",
    "SELECT count(*), sum(n_nationkey), avg(n_nationkey), max(n_name), string_agg(n_name, ',') FROM nation \\gdesc\n",
    "\\d nation\n\\gdesc\n",
    "SELECT * FROM nation ORDER BY 1 LIMIT 2 \\gx\n",
    "SELECT * FROM nation ORDER BY 1 LIMIT 2 \\gx (format=csv)\n",
    "SELECT * FROM nation ORDER BY 1 LIMIT 2 \\g (format=html border=2)\n",
    "SELECT * FROM region ORDER BY 1 \\g (format=latex)\nSELECT 1 \\g (format=asciidoc)\nSELECT 1 \\g (format=troff-ms)\nSELECT 1 \\g (format=wrapped)\n",
    "SELECT 1 \\g nope/nope\n",
    "SELECT 1 \\g | cat\n",
    "SELECT 'SELECT ' || n FROM generate_series(1, 3) n \\gexec\n",
    "SELECT format('SELECT %L, %s', n_name, n_nationkey), 'SELECT nope' FROM nation ORDER BY 1 LIMIT 2 \\gexec\n",
    "SELECT 1 AS x, 'y z' AS y, NULL AS z \\gset\n\\echo :x :y :'y' :\"y\" :{?x} :{?z}\n",
    "SELECT 1 AS x \\gset p_\n\\echo :p_x\nSELECT 1 WHERE false \\gset\nSELECT 1 FROM nation \\gset\n",
    "SELECT r_name, n_regionkey % 2 AS even, count(*) FROM nation JOIN region ON r_regionkey = n_regionkey GROUP BY 1, 2 ORDER BY 1, 2 \\crosstabview\n",
    "SELECT r_name, n_name, n_nationkey FROM nation JOIN region ON r_regionkey = n_regionkey WHERE n_nationkey < 6 ORDER BY 1, 2 \\crosstabview r_name n_name n_nationkey n_nationkey\n",
    "SELECT 1, 2 \\crosstabview\nSELECT 1 AS a, 2 AS b, 3 AS c \\crosstabview a nope\nSELECT 1 AS a, 2 AS b, 3 AS c \\crosstabview 1 1\n",
    "SELECT 1 / 0;\n\\errverbose\n",
    "SELECT nope;\n\\errverbose\n",
    "SELECT 'x'::int4;\n\\errverbose\n",
    "\\set VERBOSITY terse\nSELECT nope;\n\\set VERBOSITY sqlstate\nSELECT nope;\n\\set SHOW_CONTEXT always\nSELECT nope;\n",
    "SELECT 1;\n\\echo :ROW_COUNT :SQLSTATE :ERROR :LAST_ERROR_MESSAGE\nSELECT nope;\n\\echo :ROW_COUNT :SQLSTATE :ERROR :LAST_ERROR_MESSAGE :LAST_ERROR_SQLSTATE\n",
    "\\echo :SERVER_VERSION_NUM :DBNAME :USER :ENCODING :VERSION_NUM\n",
    "PREPARE watched AS SELECT 1 \\watch 0.1\n",
    "SELECT 1 / 0 \\watch 0.1\n",
    "SELECT 1;\n\\p\n\\g\n\\r\n\\p\nSELECT 2 \\p\n\\g\n",
    "\\set ECHO_HIDDEN on\n\\d nation\n\\dn\n\\du\n",
    "\\set ON_ERROR_ROLLBACK on\nBEGIN;\nSELECT nope;\nSELECT 1;\nCOMMIT;\n",
    "\\set AUTOCOMMIT off\nSELECT 1;\n\\echo :AUTOCOMMIT\nCOMMIT;\n",
    "\\set FETCH_COUNT 2\nSELECT r_name FROM region ORDER BY 1;\n",
    "\\set SINGLESTEP off\n\\set QUIET on\n\\set HIDE_TABLEAM on\n\\d+ nation\n\\set HIDE_TOAST_COMPRESSION on\n\\d+ nation\n\\dt\n",
    "\\if :{?SERVER_NAME}\n\\echo known\n\\else\n\\echo no\n\\endif\nSELECT current_user = 'forebay' AS own \\gset\n\\if :own\n\\echo own\n\\endif\n",
    "\\pset null (null)\n\\pset border 2\n\\pset linestyle unicode\nSELECT id, flag, medium, single, label FROM kinds.kinds ORDER BY id;\n",
    "\\pset numericlocale on\nSELECT 1234567.891, 12345678, -1000;\n\\pset expanded auto\nSELECT * FROM region ORDER BY 1 LIMIT 1;\n",
    "BEGIN;\n\\d nation\nSELECT nope;\n\\d nation\n\\dt\nROLLBACK;\n\\dn\n",
    "\\set PROMPT1 '%n@%/%R%# '\n\\c -\n\\conninfo\n",
    "SELECT 1 AS a \\; SELECT 2 AS b \\; SELECT 3 AS c;\n\\set SHOW_ALL_RESULTS off\nSELECT 1 AS a \\; SELECT 2 AS b;\n",
    "\\copy (SELECT 1) TO STDOUT\n\\copy region TO PROGRAM 'cat'\n",
    "COPY region TO STDOUT;\nCOPY (SELECT 1, NULL, 'a b') TO STDOUT (FORMAT csv, HEADER);\nCOPY nope TO STDOUT;\n",
    "\\set HISTSIZE nope\n\\set AUTOCOMMIT nope\n\\set FETCH_COUNT nope\n\\unset AUTOCOMMIT\n\\echo :AUTOCOMMIT\n",
    "\\df+ abs\n\\df+ lower\n\\x\n\\df+ upper\n\\dT+ text\n\\d+ nation\n\\l+ nope\n",
    "SET search_path = kinds;\n\\d\n\\dt\n\\d kinds\n\\d nation\nSET search_path = tpch, kinds;\n\\d\n\\d kinds\nSET search_path = '';\n\\d\n\\d tpch.nation\n",
    "SET search_path = information_schema;\n\\d\n\\dv ta*\n\\d tables\n\\dD\n\\df\n",
]  # fmt: skip

# What is another on every server, and what stands in its place.
MASKS = [
    # Sizes on disk, in unaligned output.
    (re.compile(r"(?<=\|)\d+ (bytes|kB|MB)(?=\||$)", re.MULTILINE), "size"),
    # When \watch ran.
    (re.compile(r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}"), "moment"),
    # Where the server listens and who built it.
    (re.compile(r"(?<=port )\"?\d+"), "number"),
    (re.compile(r"^(PORT|SERVER_VERSION_NAME) = .*", re.MULTILINE), r"\1"),
    # Lines of PostgreSQL's source.
    (re.compile(r"^LOCATION: .*\n", re.MULTILINE), ""),
    # OIDs of what is not PostgreSQL's own, in the queries that \set ECHO_HIDDEN shows.
    (re.compile(r"(?<=')\d{5,}(?=')"), "oid"),
    # A limit that this server has by default.
    (re.compile(r"^ statement_timeout .*\n", re.MULTILINE), ""),
]


def masked(text):
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    return text


def prints_the_same(*arguments, stdin=None):
    got, want = (psql(target, *arguments, stdin=stdin) for target in (SERVER, ORACLE))
    assert (masked(got.stdout), masked(got.stderr)) == (masked(want.stdout), masked(want.stderr))
    assert got.returncode == want.returncode


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command):
    prints_the_same("-c", command)


@pytest.mark.parametrize("command", SIZED)
def test_command_with_sizes(command):
    prints_the_same("-A", "-c", command)


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(script):
    prints_the_same(stdin=script)
