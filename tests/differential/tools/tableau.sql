-- Origin: written from what is public about the tool, not recorded from it. Some statements are shortened, narrowed to
-- this data's schemas, or wrapped (IS NOT NULL) so that values of the server itself do not matter.

-- Session start and capability probes (the ODBC driver's and Tableau's own)
SET DateStyle = 'ISO';
SET extra_float_digits = 2;
show transaction_isolation;
select oid, typbasetype from pg_type where typname = 'lo';
select NULL, NULL, NULL;
SELECT CURRENT_DATABASE() AS "db";
show max_identifier_length;
SHOW search_path;
BEGIN;SET TRANSACTION READ ONLY;
ROLLBACK;
select n.nspname, c.relname, c.relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n where c.relname like 'kinds' and n.nspname like 'kinds' and relkind in ('r', 'v', 'm', 'f', 'p') and n.oid = relnamespace order by nspname, relname;
select relname, nspname, relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n where relkind in ('r', 'v', 'm', 'f', 'p') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_1', 'forebay') and n.oid = relnamespace order by nspname, relname;
select n.nspname, c.relname, a.attname, a.atttypid, t.typname, a.attnum, a.attlen, a.atttypmod, a.attnotnull, c.relhasrules, c.relkind, c.oid, pg_get_expr(d.adbin, d.adrelid), case t.typtype when 'd' then t.typbasetype else 0 end, t.typtypmod, c.relhasoids, '', c.relhassubclass from (((pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on n.oid = c.relnamespace and c.relname like 'kinds' and n.nspname like 'kinds') inner join pg_catalog.pg_attribute a on (not a.attisdropped) and a.attnum > 0 and a.attrelid = c.oid) inner join pg_catalog.pg_type t on t.oid = a.atttypid) left outer join pg_attrdef d on a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum order by n.nspname, c.relname, attnum;
select n.nspname, c.relname, a.attname, a.atttypid, t.typname, a.attnum, a.attlen, a.atttypmod, a.attnotnull, c.relhasrules, c.relkind, c.oid, pg_get_expr(d.adbin, d.adrelid), case t.typtype when 'd' then t.typbasetype else 0 end, t.typtypmod, 0, attidentity, c.relhassubclass from (((pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on n.oid = c.relnamespace and c.oid = $oid(kinds.kinds)) inner join pg_catalog.pg_attribute a on (not a.attisdropped) and a.attnum > 0 and a.attrelid = c.oid) inner join pg_catalog.pg_type t on t.oid = a.atttypid) left outer join pg_attrdef d on a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum order by n.nspname, c.relname, attnum;
select ta.attname, ia.attnum, ic.relname, n.nspname, tc.relname from pg_catalog.pg_attribute ta, pg_catalog.pg_attribute ia, pg_catalog.pg_class tc, pg_catalog.pg_index i, pg_catalog.pg_namespace n, pg_catalog.pg_class ic where tc.relname = 'kinds' AND n.nspname = 'kinds' AND tc.oid = i.indrelid AND n.oid = tc.relnamespace AND i.indisprimary = 't' AND ia.attrelid = i.indexrelid AND ta.attrelid = i.indrelid AND ta.attnum = i.indkey[ia.attnum-1] AND (NOT ta.attisdropped) AND (NOT ia.attisdropped) AND ic.oid = i.indexrelid order by ia.attnum;
select c.relname, i.indkey, i.indisunique, i.indisclustered, a.amname, c.relhasrules, n.nspname, c.oid, d.relhasoids, i.indoption from pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_class d, pg_catalog.pg_am a, pg_catalog.pg_namespace n where d.relname = 'kinds' and n.nspname = 'kinds' and n.oid = d.relnamespace and d.oid = i.indrelid and i.indexrelid = c.oid and c.relam = a.oid order by i.indisprimary desc, i.indisunique, n.nspname, c.relname;
select 'tpch'::name as "PKTABLE_CAT", n2.nspname as "PKTABLE_SCHEM", c2.relname as "PKTABLE_NAME", a2.attname as "PKCOLUMN_NAME", n1.nspname, c1.relname, a1.attname, i::int2 as "KEY_SEQ", case ref.confupdtype when 'c' then 0::int2 when 'n' then 2::int2 when 'd' then 4::int2 when 'r' then 1::int2 else 3::int2 end as "UPDATE_RULE", ref.conname as "FK_NAME" from ((((((( (select cn.oid, conrelid, conkey, confrelid, confkey, generate_series(array_lower(conkey, 1), array_upper(conkey, 1)) as i, confupdtype, confdeltype, condeferrable, condeferred, conname from pg_catalog.pg_constraint cn, pg_catalog.pg_class c, pg_catalog.pg_namespace n where contype = 'f' and conrelid = c.oid and relname = 'kinds' and n.oid = c.relnamespace and n.nspname = 'kinds') ref inner join pg_catalog.pg_class c1 on c1.oid = ref.conrelid) inner join pg_catalog.pg_namespace n1 on n1.oid = c1.relnamespace) inner join pg_catalog.pg_attribute a1 on a1.attrelid = c1.oid and a1.attnum = conkey[i]) inner join pg_catalog.pg_class c2 on c2.oid = ref.confrelid) inner join pg_catalog.pg_namespace n2 on n2.oid = c2.relnamespace) inner join pg_catalog.pg_attribute a2 on a2.attrelid = c2.oid and a2.attnum = confkey[i])) order by n1.nspname, c1.relname, i;
SELECT * FROM (SELECT n_name, n_regionkey FROM tpch.nation) "Custom SQL Query" LIMIT 0;
SELECT "nation"."n_name" AS "n_name" FROM "tpch"."nation" "nation" WHERE 1 = 0;
CREATE LOCAL TEMPORARY TABLE "#Tableau_1_Connect" ( "COL" INTEGER ) ON COMMIT PRESERVE ROWS;
DROP TABLE "#Tableau_1_Connect";
SELECT COUNT(1) FROM (SELECT 1 AS "x") "t" HAVING COUNT(1) > 0;

-- Sheets
SELECT "nation"."n_name" AS "n_name", SUM("customer"."c_acctbal") AS "sum:c_acctbal:ok" FROM "tpch"."customer" "customer" INNER JOIN "tpch"."nation" "nation" ON ("customer"."c_nationkey" = "nation"."n_nationkey") GROUP BY 1 ORDER BY 1;
SELECT DATE_TRUNC( 'MONTH', CAST("orders"."o_orderdate" AS TIMESTAMP) ) AS "tmn:o_orderdate:ok", SUM("orders"."o_totalprice") AS "sum:o_totalprice:ok" FROM "tpch"."orders" "orders" GROUP BY 1 ORDER BY 1;
SELECT CAST(TRUNC(EXTRACT(YEAR FROM "orders"."o_orderdate")) AS INTEGER) AS "yr:o_orderdate:ok", SUM(1) AS "cnt:orders:ok" FROM "tpch"."orders" "orders" GROUP BY 1 ORDER BY 1;
SELECT CAST(TRUNC(EXTRACT(QUARTER FROM "orders"."o_orderdate")) AS INTEGER) AS "qr", (CAST(TRUNC(EXTRACT(DOW FROM "orders"."o_orderdate")) AS INTEGER) + 1) AS "wd", COUNT(DISTINCT "orders"."o_custkey") AS "ctd" FROM "tpch"."orders" "orders" GROUP BY 1, 2 ORDER BY 1, 2;
SELECT "t0"."k" AS "k", SUM("t0"."m") AS "m" FROM (SELECT "n_regionkey" AS "k", MIN("n_nationkey") AS "m" FROM "tpch"."nation" GROUP BY 1, "n_name") "t0" GROUP BY 1 HAVING (SUM("t0"."m") > 20) ORDER BY 1;
SELECT ("nation"."n_name" || CAST("nation"."n_nationkey" AS TEXT)) AS "calc", (CASE WHEN ("nation"."n_nationkey" >= 10) THEN 'big' WHEN NOT ("nation"."n_nationkey" >= 10) THEN 'small' ELSE CAST(NULL AS TEXT) END) AS "size" FROM "tpch"."nation" "nation" ORDER BY 1;
SELECT (CASE WHEN (STRPOS(CAST(LOWER("nation"."n_name") AS TEXT),CAST('an' AS TEXT)) > 0) THEN TRUE ELSE FALSE END) AS "has", COUNT(1) AS "c" FROM "tpch"."nation" "nation" GROUP BY 1 ORDER BY 1;
SELECT MIN("orders"."o_orderdate") AS "TEMP1", MAX("orders"."o_orderdate") AS "TEMP2", COUNT(1) AS "TEMP3" FROM "tpch"."orders" "orders" HAVING (COUNT(1) > 0);
SELECT "orders"."o_orderpriority" AS "p", PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY "orders"."o_totalprice") AS "med" FROM "tpch"."orders" "orders" GROUP BY 1 ORDER BY 1;
SELECT ("orders"."o_orderdate" + 7 * INTERVAL '1 DAY') AS "later", (DATE '1998-08-02' - "orders"."o_orderdate") AS "age" FROM "tpch"."orders" "orders" WHERE "orders"."o_orderkey" < 5 ORDER BY 1;
