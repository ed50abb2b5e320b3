-- Origin: written from what is public about the tool, not recorded from it. Some statements are shortened, narrowed to
-- this data's schemas, or wrapped (IS NOT NULL) so that values of the server itself do not matter.

-- Source check and discovery through pgjdbc
SET extra_float_digits = 3;
SET application_name = 'PostgreSQL JDBC Driver';
-- rows: ignored
SHOW server_version_num;
SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'pg_catalog' AND table_name = 'pg_class';
SELECT table_schema, table_name FROM information_schema.table_privileges WHERE grantee = current_user AND privilege_type = 'SELECT' AND table_schema = 'kinds';
SELECT DISTINCT table_catalog, table_schema, table_name, privilege_type
FROM   information_schema.table_privileges
WHERE  (grantee = 'forebay' AND privilege_type = 'SELECT') AND table_schema IN ('kinds', 'tpch')
UNION ALL
SELECT r.rolname AS table_catalog,
       n.nspname AS table_schema,
       c.relname AS table_name,
       -- the initial query is supposed to get a SELECT type. Since we use a UNION query
       -- to get Views that we can read (i.e. select) - then lets fill this columns with SELECT
       -- value to keep the backward-compatibility
       COALESCE ('SELECT') AS privilege_type
FROM   pg_class c
JOIN   pg_namespace n ON n.oid = relnamespace
JOIN   pg_roles r ON r.oid = relowner,
       Unnest(COALESCE(relacl::text[], Format('{%s=arwdDxt/%s}', rolname, rolname)::text[])) acl,
       Regexp_split_to_array(acl, '=|/') s
WHERE  r.rolname = 'forebay' AND n.nspname = 'kinds'
AND    c.relkind IN ('r', 'v', 'm', 'p', 'f')
AND    (s[1] = 'forebay' OR s[1] = '') AND s[2] LIKE '%r%';
SELECT slot_name, plugin, database FROM pg_replication_slots WHERE slot_name = 'airbyte_slot' AND plugin = 'pgoutput' AND database = 'tpch';
SELECT pubname FROM pg_publication WHERE pubname = 'airbyte_publication';
SELECT schemaname, tablename FROM pg_publication_tables WHERE pubname = 'airbyte_publication';
SHOW wal_level;
select * from pg_stat_replication where pid = 0;
SELECT pg_current_wal_lsn() IS NOT NULL;
select last_value from pg_sequences where false;
SELECT (case when (select count(1) from pg_catalog.pg_type where typname = 'hstore') = 0 then 0 else 1 end);
WITH ctids AS (SELECT relname, oid FROM pg_class WHERE oid = '"kinds"."kinds"'::regclass) SELECT relname, pg_relation_size(oid) >= 0 AS ok FROM ctids;
SELECT pg_relation_filenode('"kinds"."kinds"') IS NULL;
SELECT (SELECT COUNT(*) FROM "kinds"."kinds" WHERE "id" IS NULL) > 0 AS has_nulls;
SELECT MAX("id") AS "id" FROM "kinds"."kinds";
SELECT "id" FROM "kinds"."kinds" WHERE ctid > '(0,0)'::tid LIMIT 1;
SELECT "n_nationkey","n_name","n_regionkey","n_comment" FROM "tpch"."nation";
SELECT "id","label" FROM "kinds"."kinds" WHERE "id" > 3 ORDER BY "id" ASC;
SELECT "o_orderkey" FROM "tpch"."orders" WHERE "o_orderdate" > '1998-08-01' ORDER BY "o_orderdate" ASC, 1;
SELECT DISTINCT(xmin::text::bigint) IS NOT NULL FROM "kinds"."kinds";
SELECT (txid_snapshot_xmin(txid_current_snapshot()) >> 32) AS num_wraparound, (txid_snapshot_xmin(txid_current_snapshot()) % (2^32)::bigint) > 0 AS xmin_xid_value;
SELECT current_setting('transaction_isolation');
