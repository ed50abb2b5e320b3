"""psql's backslash commands: every one that asks the server prints on Forebay what it prints on PostgreSQL, byte for byte.

What is another on every server is made alike in one spot, `MASKS`. Nothing else may differ. Commands that write have no
place here, nor those about what this server has not: encodings of several bytes other than UTF8, TOAST tables,
templates of databases; and this server is an extension of its own.
"""

import functools
import os
import re
import subprocess

import pytest
from cases import ORACLE, SERVER
from servers import BINARY, Site
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
\conninfo
\d+ information_schema.*
\do+ pg_catalog.*
\dT+ pg_catalog.*
\dAo+
\dAp+
\dAf+
\dAc+
\dFd+ pg_catalog.*
\dF+ pg_catalog.*
\dd pg_catalog.*
\ddS abs
\ddS *.pg_class
\d "nat"*
\d n[a]tion
\d $nation
\d tpch.n*.x
\d tpch.nation.n_name
\d *.*nation
\d n_?
\d "Na""tion"
\d 'nation'
\d nation;
\d   nation
\dt n* r*
\dt "n"*
\dt tpch."nation"
\dt tpch.
\dt .nation
\dt tpch.*n
\dt (nation|region)
\dt !nation
\dt nat+ion
\dt ^nation
\df pg_catalog.a* - -
\df * -
\df abs -
\df int4pl int4 int4
\df int4pl int int
\df pg_catalog.to_char timestamp*
\df *array* anyarray
\df+ array_agg
\df+ pg_catalog.lo_*
\df a*b
\df "abs"
\df abs "int4"
\df format text any
\df substring "text" integer
\do = text
\do = text text
\do pg_catalog.~~ text
\do "="
\do ~*
\do <->
\do pg_catalog.<@ anyarray anyarray
\dC boolean
\dC "int4"
\dC *text*
\dT "int4"
\dT pg_catalog."varchar"
\dT character varying
\dT varchar
\dT timestamp*
\dT+ bool
\dT time
\dT double precision
\dT float8
\dT _*
\dTS int*
\dD+ information_schema.yes_or_no
\dO+ *
\dOS pg_catalog.*
\dc+ *latin1*
\dcS pg_catalog.*
\dL+ *
\dn nope.*
\dn tpch.nope
\du f*
\du "forebay"
\dg+ pg_*
\dgS+ pg_monitor
\drds *
\drds * *
\l nope.nope
\dv pg_catalog.pg_s*
\dvS pg_views
\dvS+ pg_views
\dmS+
\dsS+
\dES+
\dP *
\dPtn tpch.*
\dPx
\dX tpch.*
\dy *
\dF tpch.*
\dRp *
\dRs *
\dRs+ *
\des *
\det *
\dew *
\deu *
\dew+ *
\dAc hash
\dAc hash *
\dAf * int4
\dAo hash
\dAo * *int*
\dAp hash
\dAp+ gist *range*
\sf pg_get_viewdef
\sf pg_get_viewdef(oid)
\sf+ pg_get_viewdef(oid)
\sf pg_catalog.pg_get_viewdef(oid, bool)
\sf "abs"(int4)
\sf ABS(INT)
\sf nope.abs
\sf pg_catalog.nope(int)
\sf abs(
\sf 1
\sf abs(int4, int4)
\sf information_schema._pg_char_max_length
\sf+ information_schema._pg_numeric_scale
\sf json_populate_record(anyelement, json, bool)
\sf now
\sf count
\sf ts_debug(text)
\sf xpath(text,xml)
\sf pg_start_backup
\sf interval_pl_time
\sf "overlaps"(timestamp,interval,timestamp,interval)
\sf percentile_cont(float8, float8)
\sv pg_catalog.pg_views
\sv "pg_views"
\sv PG_VIEWS
\sv 1
\sv pg_class
\sv pg_class_oid_index
\sv information_schema.role_table_grants
\sv+ information_schema._pg_foreign_tables
\sv nope.nope.nope
\ef abs(int4
\ev pg_class
\z pg_catalog.pg_stat*
\z information_schema.*
\lo_list nope
\dl nope
\dconfig+ role
\dconfig client*
\h ALTER TABLE
\h *
\timing maybe
\x auto
\gset x
\gexec x
\gdesc x
\g x y
\crosstabview 1 2 3 4 5
\copy nation to
\copy nation to stdout with (format text, delimiter '|', null 'x')
\copy nation to stdout delimiter '|' csv quote ''''
\copy nation(n_name, nope) to stdout
\copy tpch.nation to stdout csv header quote '"' force quote n_name
\copy (select 1 to stdout
\copy (select nope) to stdout
\copy nation to '/nope/nope'
\copy nation to program 'cat | head -1'
\copy (values (1, 'a'), (2, null)) to stdout (format csv, null 'N', header true)
\copy (select n_name from nation where n_name = 'FRANCE') to pstdout
\getenv
\setenv
\unset
\encoding utf8
\encoding UNICODE
\ir
\set x 'a b' c
\pset border
\pset border nope
\pset columns 10
\pset footer off
\pset unicode_border_linestyle double
\pset fieldsep ','
\pset xheader_width full
\d pg_toast
\d pg_index
\d+ pg_index
\d pg_statistic
\d+ pg_proc
\d pg_database
\d+ pg_database
\d pg_largeobject
\d+ pg_shdescription
\d pg_proc_proname_args_nsp_index
\d+ pg_attribute_relid_attnam_index
\d+ pg_stats
\d pg_stats_ext
\d information_schema.sql_features
\d+ information_schema.sql_sizing
\d+ kinds.*
\d+ lineitem
\d+ partsupp
\dti+ nope
\dtn
\dts
\dit nation*
\dvt nation
\disv nation*
\dtm
\dtE
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
    r"""
SELECT 1 AS a, 2 AS b, 3 AS c UNION ALL SELECT 1, 2, 4 \crosstabview
SELECT n_regionkey, n_name, n_nationkey FROM nation WHERE n_nationkey < 8 ORDER BY 1, 2 \crosstabview
SELECT n_regionkey AS r, left(n_name, 1) AS l, count(*) AS c FROM nation GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview 2 1 3
SELECT n_regionkey AS r, left(n_name, 1) AS l, count(*) AS c, n_regionkey % 3 AS o FROM nation GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview l r c o
SELECT 'a' AS a, NULL AS b, 3 AS c UNION ALL SELECT NULL, 'x', 4 \crosstabview
SELECT 1 \crosstabview
SELECT 1 AS x, 2 AS x, 3 AS y \crosstabview x y
SELECT 1 AS a, 2 AS b, 3 AS c, 4 AS d \crosstabview a b c nope
SELECT 1 AS a, 2 AS b, 3 AS c \crosstabview 9 1
SELECT 1 AS a, 2 AS b, 3 AS c WHERE false \crosstabview
SELECT nope \crosstabview
""",
    r"""
SELECT flag, small, medium, large, single, double, amount, precise, whole, label, bytes, day, clock, moment, instant, numbers, words FROM kinds.kinds \gdesc
SELECT $1::int4 \gdesc
SELECT 1; SELECT 2 \gdesc
SHOW work_mem \gdesc
EXPLAIN SELECT 1 \gdesc
VALUES (1, 'a') \gdesc
TABLE region \gdesc
SELECT 1 AS "a b", 2 AS "A", 3 AS "?column?" \gdesc
SELECT row(1, 2), ARRAY[[1]], '1'::"char", 'x'::name, 1::oid, 'nation'::regclass, '{}'::json, '{}'::jsonb, 'a'::bpchar, 'a'::char(3), interval '1' day to second \gdesc
BEGIN \gdesc
COPY nation TO STDOUT \gdesc
FETCH 1 FROM nope \gdesc
;\gdesc
\gdesc
""",
    r"""
SELECT 1 AS a, 2 AS a \gset
\echo :a
SELECT 1 AS "x y" \gset
SELECT 1 AS x \gset y-
SELECT nope \gset
\echo :ERROR :SQLSTATE
SELECT NULL AS z \gset
\echo :{?z} :z
SET work_mem = '1MB' \gset
SELECT 'DROP' AS "PROMPT1", 'x' AS lower \gset pre_
\echo :pre_lower :pre_PROMPT1
""",
    r"""
SELECT 'SELECT 1/0', 'SELECT 2' \gexec
SELECT NULL, 'SELECT 1', '' \gexec
SELECT format('SELECT count(*) AS %I FROM %I', table_name, table_name) FROM information_schema.tables WHERE table_schema = 'tpch' ORDER BY table_name COLLATE "C" \gexec
\set ECHO all
SELECT 'SELECT 1' \gexec
\set ECHO queries
SELECT 2;
\set ECHO errors
SELECT nope;
""",
    r"""
\set x 5
\set name nation
\set lit 'it''s'
SELECT :x + 1, :'lit', :"name", :'x'::int;
SELECT * FROM :name WHERE n_nationkey = :x;
SELECT ':x', $$:x$$, ":x";
SELECT a[1:2] FROM (SELECT ARRAY[1,2,3] a) t;
SELECT 1::int;
\if :x
\elif true
\echo elif
\endif
\if 1
\echo one
\else
\echo two
\endif
\if nope
\endif
\endif
\elif x
\else
""",
    r"""
\pset format csv
SELECT id, label, words, bytes FROM kinds.kinds ORDER BY id;
\pset format html
SELECT id, label FROM kinds.kinds ORDER BY id;
\pset format unaligned
SELECT id, label, moment FROM kinds.kinds ORDER BY id;
\pset format latex-longtable
SELECT id, label FROM kinds.kinds ORDER BY id LIMIT 3;
\pset format asciidoc
SELECT id, label FROM kinds.kinds ORDER BY id LIMIT 3;
\pset format wrapped
\pset columns 60
SELECT n_name, n_comment FROM nation ORDER BY 1 LIMIT 4;
\pset format aligned
\pset linestyle old-ascii
SELECT id, label FROM kinds.kinds ORDER BY id;
\x
SELECT * FROM kinds.kinds ORDER BY id LIMIT 3;
""",
    r"""
\set FETCH_COUNT 3
SELECT n_name FROM nation ORDER BY 1;
SELECT n_name FROM nation ORDER BY 1 \g | head -3
SELECT n_name FROM nation ORDER BY 1 LIMIT 4 \gx
SELECT 1; SELECT nope; SELECT 2 \; SELECT 3;
BEGIN;
SELECT n_name FROM nation ORDER BY 1 LIMIT 4;
COMMIT;
VALUES (1), (2), (3), (4);
TABLE region;
SHOW work_mem;
""",
    r"""
\set ON_ERROR_STOP on
SELECT 1;
SELECT nope;
SELECT 2;
""",
    r"""
\set VERBOSITY verbose
SELECT nope;
SELECT 1/0;
SELECT * FROM nope;
SELECT 'x'::int;
SELEC;
\set VERBOSITY terse
SELECT nope;
SELECT 'x'::int4;
\errverbose
\set VERBOSITY sqlstate
SELECT 1/0;
SELECT nope();
""",
    r"""
\echo :DBNAME :USER :HOST :ENCODING :SERVER_VERSION_NUM
\c
\c tpch
\c "dbname=tpch"
\c -reuse-previous=on user=forebay
\conninfo
\c tpch nope
SELECT 1;
\c nope
SELECT 1;
""",
    r"""
PREPARE a AS SELECT $1::int4 + 1 AS n;
EXECUTE a(1);
EXECUTE a;
\d nation
DEALLOCATE a;
DECLARE c CURSOR FOR SELECT 1;
BEGIN;
DECLARE c CURSOR FOR SELECT n_name FROM nation ORDER BY 1;
FETCH 2 FROM c;
\dt
MOVE 3 FROM c;
CLOSE c;
SAVEPOINT s;
SELECT nope;
ROLLBACK TO s;
\dn
COMMIT;
SET LOCAL work_mem = '1MB';
BEGIN READ ONLY;
BEGIN;
ROLLBACK;
ROLLBACK;
""",
    r"""
\set ON_ERROR_ROLLBACK interactive
\set SHOW_ALL_RESULTS on
SELECT 1 \; SELECT nope \; SELECT 2;
BEGIN \; SELECT 1 \; COMMIT;
SELECT 1 AS a \; SELECT 2 AS b \gset
\echo :a :b
SELECT 1 AS one \; SELECT 2 AS two \gx
SELECT 1 \; SELECT 2 \g | cat
""",
    r"""
\timing on
\timing off
\qecho text
\o | cat
SELECT 1;
\o
\w | cat
SELECT 5 \w | cat
\g
\p
\r
\i /dev/null
\ir /nope
\cd /
\! echo shell
\set
\unset x
""",
    r"""
\d nation \d region
\d nation; SELECT 1;
\dt \\ SELECT 1 AS x;
SELECT 1 \\ SELECT 2;
\x \dt
\x
\d nation region supplier
\echo `echo back` 'quoted text' "double" -n
\echo -n no newline
\echo
""",
    r"""
\set QUIET on
\pset title 'a title'
SELECT 1;
\C
\pset tuples_only
SELECT 1;
\pset recordsep ';'
\a
SELECT 1, 2;
\f '|'
\t
SELECT 1, 2;
\pset fieldsep_zero
\pset null N
\pset numericlocale
\pset pager off
\pset tableattr x
\pset expanded
\pset
""",
]  # fmt: skip

# What there is to see of roles.
ROLES = r"""
CREATE ROLE psql_ann LOGIN CONNECTION LIMIT 3 VALID UNTIL '2030-01-01 00:00:00+00';
CREATE ROLE psql_crew NOLOGIN NOINHERIT CREATEROLE;
GRANT psql_crew TO psql_ann;
ALTER ROLE psql_ann SET work_mem = '8MB';
ALTER ROLE psql_ann SET search_path = tpch, kinds;
GRANT SELECT ON nation TO psql_crew;
GRANT SELECT ON ALL TABLES IN SCHEMA kinds TO psql_crew WITH GRANT OPTION;
GRANT USAGE ON SCHEMA tpch TO psql_crew;
GRANT USAGE ON SCHEMA tpch TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA tpch GRANT SELECT ON TABLES TO psql_crew;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO psql_ann;
\du
\du+
\dg psql_*
\drds
\drds psql_ann
\ddp
\ddp tpch
\dp nation
\dp kinds.*
\z
\dn+
\dn+ tpch
\d nation
SET ROLE psql_ann;
\dt
\d nation
\dn
SELECT r_name FROM nation JOIN (VALUES (0, 'r')) v (k, r_name) ON k = n_nationkey;
RESET ROLE;
ALTER ROLE psql_ann RESET work_mem;
\drds
"""

# Said in an encoding of one byte; the letter is another one in each.
ENCODED = b"""
SHOW client_encoding;
\\encoding
SELECT '\xe9' AS "\xe9", length('\xe9'), '\xe9'::bytea, ARRAY['\xe9', 'x "\xe9'], row('\xe9', 1), '{"\xe9": "\xe9"}'::json;
SELECT '\xe9' AS a \\gdesc
SELECT * FROM "\xe9";
SELECT '\xe9'::int4;
COPY (SELECT '\xe9' AS "\xe9", NULL AS n) TO STDOUT (FORMAT csv, HEADER, NULL '\xe9');
COPY (SELECT '\xe9,' AS a, NULL AS n) TO STDOUT (NULL '\xe9');
\\copy (SELECT '\xe9') TO STDOUT CSV
PREPARE p (text) AS SELECT $1 || '\xe9';
EXECUTE p('\xe9');
SELECT label FROM kinds.kinds WHERE id = 4;
SELECT chr(8364), chr(381);
SET application_name = 'caf\xe9';
SHOW application_name;
SELECT n_name FROM nation ORDER BY 1 LIMIT 2;
\\encoding UTF8
SELECT label FROM kinds.kinds WHERE id = 4;
"""

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


# Commands that leave a session as it was share one: starting psql takes longer than most of them.
SHARING = re.compile(r"\\(d|z|l|sf|sv|copy )")
SHARED = [command for command in COMMANDS if SHARING.match(command)]
TOGETHER = 25
MARK = "-- the next command\n"


@functools.cache
def session(target, number):
    """What each command of one session prints: to the output, and of errors."""
    commands = SHARED[number * TOGETHER : (number + 1) * TOGETHER]
    done = psql(target, stdin="".join(f"\\echo {MARK}\\warn {MARK}{command}\n" for command in commands))
    printed = ([masked(text) for text in out.split(MARK)[1:]] for out in (done.stdout, done.stderr))
    return dict(zip(commands, zip(*printed), strict=True))


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command):
    if not SHARING.match(command):
        return prints_the_same("-c", command)
    number = SHARED.index(command) // TOGETHER
    assert session(SERVER, number)[command] == session(ORACLE, number)[command]


@pytest.mark.parametrize("command", SIZED)
def test_command_with_sizes(command):
    prints_the_same("-A", "-c", command)


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(script):
    prints_the_same(stdin=script)


@pytest.mark.parametrize("encoding", ["LATIN1", "LATIN9", "WIN1252", "KOI8R", "ISO_8859_5", "WIN1251", "SQL_ASCII"])
def test_encoding(encoding):
    def said(target):
        command = ["psql", "-X", "-d", target]
        done = subprocess.run(command, capture_output=True, input=ENCODED, env={**os.environ, "PGCLIENTENCODING": encoding})
        return done.stdout, done.stderr, done.returncode

    assert said(SERVER) == said(ORACLE)


@pytest.mark.skipif(not BINARY, reason="no FOREBAY_TEST_BINARY")
def test_roles(tmp_path):
    """On a server of its own, and on PostgreSQL in a transaction that comes to nothing."""
    with Site(tmp_path).serve() as place:
        got = psql("postgresql://forebay@{host}:{port}/{dbname}".format(**place), stdin=ROLES)
    want = psql(ORACLE, stdin=f"BEGIN;{ROLES}ROLLBACK;\n")
    assert f"BEGIN\n{got.stdout}ROLLBACK\n" == want.stdout
    assert (got.stderr, got.returncode) == (want.stderr, want.returncode)
