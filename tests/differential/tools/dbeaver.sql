-- Origin: written from what is public about the tool, not recorded from it. Some statements are shortened, narrowed to
-- this data's schemas, or wrapped (IS NOT NULL) so that values of the server itself do not matter.

-- Connection
SET extra_float_digits = 3;
SET application_name = 'DBeaver 24.2.0 - Main <tpch>';
SET application_name = 'DBeaver 24.2.0 - Metadata <tpch>';
SELECT current_schema(),session_user;
-- rows: ignored
SELECT version();
SHOW search_path;
SELECT typcategory FROM pg_catalog.pg_type WHERE 1<>1 LIMIT 1;
SELECT * FROM pg_catalog.pg_enum WHERE 1<>1 LIMIT 1;
SELECT reltype FROM pg_catalog.pg_class WHERE 1<>1 LIMIT 1;
-- rows: ignored
SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datname='tpch';
-- rows: ignored
SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE NOT datistemplate AND datallowconn ORDER BY db.datname;
-- rows: ignored
SELECT datname, pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype FROM pg_catalog.pg_database db WHERE datname = 'tpch';
SELECT * FROM pg_catalog.pg_settings where name='standard_conforming_strings';
-- rows: ignored
select * from pg_catalog.pg_settings where name in ('DateStyle', 'TimeZone') order by name;
-- rows: ignored
SELECT a.oid,a.* FROM pg_catalog.pg_roles a WHERE rolname = 'forebay' ORDER BY a.rolname;
SELECT oid, * FROM pg_catalog.pg_am ORDER BY oid;
SELECT t.oid,t.*,pg_tablespace_location(t.oid) loc FROM pg_catalog.pg_tablespace t ORDER BY t.oid;
SELECT x.oid,x.* FROM pg_catalog.pg_language x ORDER BY x.oid;
SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass WHERE nspname IN ('kinds', 'tpch', 'pg_catalog') ORDER BY nspname;
SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C') AND t.oid IN (16, 23, 25, 1700) ORDER BY t.oid;
-- rows: ignored
SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C');
select e.*,d.description from pg_catalog.pg_enum e left outer join pg_catalog.pg_description d on d.objoid = e.enumtypid;
SELECT c.oid,c.collname,c.collnamespace,c.collencoding,c.collcollate FROM pg_catalog.pg_collation c WHERE c.collname IN ('C', 'POSIX', 'default') ORDER BY c.oid;
select string_agg(word, ',' ORDER BY word) from pg_catalog.pg_get_keywords() where word <> ALL ('{a,abs,absolute}'::text[]) and catcode = 'R';

-- A schema
SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr, pg_catalog.pg_get_partkeydef(c.oid) as partition_key FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_class'::regclass WHERE c.relnamespace=$oid(kinds) AND c.relkind not in ('i','I','c');
SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value,dsc.description,dep.objid FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum) LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid) LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' and dep.refobjsubid = a.attnum and dep.classid = dep.refclassid WHERE NOT a.attisdropped AND c.relkind not in ('i','I','c') AND c.oid=$oid(kinds.kinds) ORDER BY a.attnum;
SELECT c.oid,c.*,t.relname as tabrelname,rt.relnamespace as refnamespace,d.description, case when c.contype='c' then "substring"(pg_get_constraintdef(c.oid), 7) else null end consrc_copy FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_constraint'::regclass WHERE c.conrelid=$oid(kinds.kinds) ORDER BY c.oid;
SELECT i.*,i.indkey as keys,c.relname,c.relnamespace,c.relam,c.reltablespace,tc.relname as tabrelname,dsc.description,pg_catalog.pg_get_expr(i.indpred, i.indrelid) as pred_expr,pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as expr,pg_catalog.pg_relation_size(i.indexrelid) as index_rel_size,pg_catalog.pg_stat_get_numscans(i.indexrelid) as index_num_scans FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid=i.indrelid LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid=dsc.objoid WHERE i.indrelid=$oid(kinds.kinds) ORDER BY tabrelname, c.relname;
SELECT DISTINCT dep.deptype, dep.classid, dep.objid, cl.relkind, attr.attname,pg_get_expr(ad.adbin, ad.adrelid) adefval, CASE WHEN cl.relkind IS NOT NULL THEN cl.relkind || COALESCE(dep.objsubid::text, '') WHEN tg.oid IS NOT NULL THEN 'T'::text WHEN ty.oid IS NOT NULL THEN 'y'::text ELSE '' END AS type, COALESCE(coc.relname, clrw.relname) AS ownertable FROM pg_depend dep LEFT JOIN pg_class cl ON dep.objid=cl.oid LEFT JOIN pg_attribute attr ON dep.objid=attr.attrelid AND dep.objsubid=attr.attnum LEFT JOIN pg_trigger tg ON dep.objid=tg.oid LEFT JOIN pg_type ty ON dep.objid=ty.oid LEFT JOIN pg_constraint co ON dep.objid=co.oid LEFT JOIN pg_class coc ON co.conrelid=coc.oid LEFT JOIN pg_rewrite rw ON dep.objid=rw.oid LEFT JOIN pg_class clrw ON clrw.oid=rw.ev_class LEFT JOIN pg_attrdef ad ON ad.oid = dep.objid WHERE dep.refobjid=$oid(kinds.kinds) AND cl.relkind IS NOT NULL ORDER BY type;
SELECT i.*,c.relnamespace FROM pg_catalog.pg_inherits i,pg_catalog.pg_class c WHERE i.inhrelid=$oid(kinds.kinds) AND c.oid=i.inhparent ORDER BY i.inhseqno;
SELECT DISTINCT x.oid,x.*,p.relnamespace as func_schema_id,d.description FROM pg_catalog.pg_trigger x LEFT OUTER JOIN pg_catalog.pg_class p ON p.oid=x.tgfoid LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=x.oid AND d.objsubid=0 WHERE x.tgrelid=$oid(kinds.kinds) AND NOT x.tgisinternal;
SELECT c.oid,c.*,d.description FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid WHERE c.relkind IN ('v', 'm') AND c.relnamespace = $oid(kinds);
SELECT p.oid as poid,p.*,pg_catalog.pg_get_expr(p.proargdefaults, 0) as arg_defaults,d.description FROM pg_catalog.pg_proc p LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=p.oid AND d.objsubid = 0 WHERE p.pronamespace=$oid(kinds) ORDER BY p.proname;
SELECT c.relname,ts.n_live_tup >= 0 FROM pg_catalog.pg_class c LEFT JOIN pg_stat_user_tables ts ON ts.relid = c.oid WHERE c.oid = $oid(kinds.kinds);
select c.oid,pg_catalog.pg_total_relation_size(c.oid) >= 0 as total_rel_size,pg_catalog.pg_relation_size(c.oid) >= 0 as rel_size FROM pg_class c WHERE c.relnamespace=$oid(kinds) ORDER BY 1;
SELECT * FROM information_schema.table_privileges WHERE table_catalog='tpch' AND table_schema='kinds' AND table_name='kinds' ORDER BY privilege_type;
SELECT * FROM information_schema.column_privileges WHERE table_catalog='tpch' AND table_schema='kinds' AND table_name='kinds' AND column_name = 'id' ORDER BY privilege_type;
SELECT c.oid,c.*,d.description FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid WHERE c.relnamespace=$oid(kinds) AND c.relkind = 'S';
SELECT pc.oid,pc.relname FROM pg_catalog.pg_class pc WHERE pc.relnamespace = $oid(kinds) AND pc.relname ILIKE 'k%' ORDER BY pc.relname LIMIT 100;
SELECT x.oid,x.* FROM pg_catalog.pg_event_trigger x;
SELECT e.oid, cfg.tbls, n.nspname as schema_name, e.* FROM pg_catalog.pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace LEFT JOIN (SELECT ARRAY_AGG(ns.nspname || '.' || cls.relname) tbls, oid_ext FROM (SELECT unnest(e1.extconfig) oid, e1.oid oid_ext FROM pg_catalog.pg_extension e1) c JOIN pg_class cls ON cls.oid = c.oid JOIN pg_namespace ns ON ns.oid = cls.relnamespace GROUP BY oid_ext) cfg ON cfg.oid_ext = e.oid WHERE e.extname <> 'plpgsql' ORDER BY e.oid;
-- rows: ignored
SELECT sa.* FROM pg_catalog.pg_stat_activity sa;
-- rows: ignored
SELECT * FROM pg_catalog.pg_locks;

-- Reading rows
SELECT * FROM kinds.kinds LIMIT 200;
SELECT x.* FROM tpch.nation x WHERE n_regionkey = 1 ORDER BY x.n_name LIMIT 200;
SELECT count(*) FROM kinds.kinds;
SELECT n_name, n_regionkey FROM tpch.nation ORDER BY 1 LIMIT 200 OFFSET 3;
SELECT x.*, ctid FROM tpch.region x ORDER BY r_regionkey LIMIT 200;
EXPLAIN (FORMAT XML) SELECT 1 WHERE nope;
