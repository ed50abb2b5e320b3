-- Origin: recorded from the real client at a PostgreSQL 15. Repeated statements are left out, parameters are literals,
-- OIDs of this data's tables and schemas are named.

-- sequelize, typeorm, knex, postgres.js, node-postgres
SET client_min_messages TO warning;SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE;
WITH ranges AS (  SELECT pg_range.rngtypid, pg_type.typname AS rngtypname,         pg_type.typarray AS rngtyparray, pg_range.rngsubtype    FROM pg_range LEFT OUTER JOIN pg_type ON pg_type.oid = pg_range.rngtypid)SELECT pg_type.typname, pg_type.typtype, pg_type.oid, pg_type.typarray,       ranges.rngtypname, ranges.rngtypid, ranges.rngtyparray  FROM pg_type LEFT OUTER JOIN ranges ON pg_type.oid = ranges.rngsubtype WHERE (pg_type.typtype IN('b', 'e'));
SELECT 1+1 AS result;
-- rows: ignored
SELECT schema_name FROM information_schema.schemata WHERE schema_name <> 'information_schema' AND schema_name != 'public' AND schema_name !~ E'^pg_';
SELECT table_name FROM information_schema.tables WHERE table_schema = 'kinds' AND table_type LIKE '%TABLE' AND table_name != 'spatial_ref_sys';
SELECT pk.constraint_type as "Constraint",c.column_name as "Field", c.column_default as "Default",c.is_nullable as "Null", (CASE WHEN c.udt_name = 'hstore' THEN c.udt_name ELSE c.data_type END) || (CASE WHEN c.character_maximum_length IS NOT NULL THEN '(' || c.character_maximum_length || ')' ELSE '' END) as "Type", (SELECT array_agg(e.enumlabel) FROM pg_catalog.pg_type t JOIN pg_catalog.pg_enum e ON t.oid=e.enumtypid WHERE t.typname=c.udt_name) AS "special", (SELECT pgd.description FROM pg_catalog.pg_statio_all_tables AS st INNER JOIN pg_catalog.pg_description pgd on (pgd.objoid=st.relid) WHERE c.ordinal_position=pgd.objsubid AND c.table_name=st.relname) AS "Comment" FROM information_schema.columns c LEFT JOIN (SELECT tc.table_schema, tc.table_name, cu.column_name, tc.constraint_type FROM information_schema.TABLE_CONSTRAINTS tc JOIN information_schema.KEY_COLUMN_USAGE  cu ON tc.table_schema=cu.table_schema and tc.table_name=cu.table_name and tc.constraint_name=cu.constraint_name and tc.constraint_type='PRIMARY KEY') pk ON pk.table_schema=c.table_schema AND pk.table_name=c.table_name AND pk.column_name=c.column_name WHERE c.table_name = 'kinds' AND c.table_schema = 'kinds';
SELECT i.relname AS name, ix.indisprimary AS primary, ix.indisunique AS unique, ix.indkey AS indkey, array_agg(a.attnum) as column_indexes, array_agg(a.attname) AS column_names, pg_get_indexdef(ix.indexrelid) AS definition FROM pg_class t, pg_class i, pg_index ix, pg_attribute a, pg_namespace s WHERE t.oid = ix.indrelid AND i.oid = ix.indexrelid AND a.attrelid = t.oid AND t.relkind = 'r' and t.relname = 'kinds' AND s.oid = t.relnamespace AND s.nspname = 'kinds' GROUP BY i.relname, ix.indexrelid, ix.indisprimary, ix.indisunique, ix.indkey ORDER BY i.relname;
SELECT DISTINCT tc.constraint_name as constraint_name, tc.constraint_schema as constraint_schema, tc.constraint_catalog as constraint_catalog, tc.table_name as table_name,tc.table_schema as table_schema,tc.table_catalog as table_catalog,tc.initially_deferred as initially_deferred,tc.is_deferrable as is_deferrable,kcu.column_name as column_name,ccu.table_schema  AS referenced_table_schema,ccu.table_catalog  AS referenced_table_catalog,ccu.table_name  AS referenced_table_name,ccu.column_name AS referenced_column_name FROM information_schema.table_constraints AS tc JOIN information_schema.key_column_usage AS kcu ON tc.constraint_name = kcu.constraint_name JOIN information_schema.constraint_column_usage AS ccu ON ccu.constraint_name = tc.constraint_name WHERE constraint_type = 'FOREIGN KEY' AND tc.table_name = 'kinds' AND tc.table_catalog = 'tpch' AND tc.table_schema = 'kinds';
SELECT table_name FROM information_schema.tables WHERE table_schema = 'kinds' AND table_name = 'kinds';
-- rows: ignored
SHOW SERVER_VERSION;
SELECT constraint_catalog AS "constraintCatalog", constraint_schema AS "constraintSchema", constraint_name AS "constraintName", table_catalog AS "tableCatalog", table_schema AS "tableSchema", table_name AS "tableName", constraint_type AS "constraintType", is_deferrable AS "isDeferrable", initially_deferred AS "initiallyDeferred" from INFORMATION_SCHEMA.table_constraints WHERE table_name='kinds';
-- rows: ignored
SELECT version();
SELECT * FROM current_schema();
SELECT * FROM current_database();
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables" WHERE ("table_schema" = 'kinds' AND "table_name" = 'kinds');
SELECT TRUE FROM information_schema.columns WHERE table_name = 'pg_class' and column_name = 'relispartition';
SELECT columns.*, pg_catalog.col_description((quote_ident(table_catalog) || '.' || quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'kinds' AND "table_name" = 'kinds');
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'kinds' AND "t"."relname" = 'kinds'));
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type" FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid"  AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace" INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname" WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND (("ns"."nspname" = 'kinds' AND "t"."relname" = 'kinds'));
SELECT "con"."conname" AS "constraint_name", "con"."nspname" AS "table_schema", "con"."relname" AS "table_name", "att2"."attname" AS "column_name", "ns"."nspname" AS "referenced_table_schema", "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name", "con"."confdeltype" AS "on_delete", "con"."confupdtype" AS "on_update", "con"."condeferrable" AS "deferrable", "con"."condeferred" AS "deferred" FROM ( SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "con1"."contype", "ns"."nspname", "cl"."relname", "con1"."condeferrable", CASE WHEN "con1"."condeferred" THEN 'INITIALLY DEFERRED' ELSE 'INITIALLY IMMEDIATE' END as condeferred, CASE "con1"."confdeltype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confdeltype", CASE "con1"."confupdtype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confupdtype" FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f' AND (("ns"."nspname" = 'kinds' AND "cl"."relname" = 'kinds')) ) "con" INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child" INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid"  AND "cl"."relispartition" = 'f'INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent";
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'kinds' AND "table_name" = 'kinds' AND "column_name"='numbers';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'kinds' AND "table_name" = 'kinds' AND "column_name"='words';
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'kinds' AND "t"."typname" = 'int4' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'kinds' AND "t"."typname" = 'text' ORDER BY "e"."enumsortorder";
SELECT "table_schema", "table_name", obj_description((quote_ident("table_schema") || '.' || quote_ident("table_name"))::regclass, 'pg_class') AS table_comment FROM "information_schema"."tables";
SELECT columns.*, pg_catalog.col_description((quote_ident(table_catalog) || '.' || quote_ident(table_schema) || '.' || quote_ident(table_name))::regclass::oid, ordinal_position) AS description, ('"' || "udt_schema" || '"."' || "udt_name" || '"')::"regtype"::text AS "regtype", pg_catalog.format_type("col_attr"."atttypid", "col_attr"."atttypmod") AS "format_type" FROM "information_schema"."columns" LEFT JOIN "pg_catalog"."pg_attribute" AS "col_attr" ON "col_attr"."attname" = "columns"."column_name" AND "col_attr"."attrelid" = ( SELECT "cls"."oid" FROM "pg_catalog"."pg_class" AS "cls" LEFT JOIN "pg_catalog"."pg_namespace" AS "ns" ON "ns"."oid" = "cls"."relnamespace" WHERE "cls"."relname" = "columns"."table_name" AND "ns"."nspname" = "columns"."table_schema" ) WHERE ("table_schema" = 'kinds' AND "table_name" = 'kinds') OR ("table_schema" = 'tpch' AND "table_name" = 'customer') OR ("table_schema" = 'tpch' AND "table_name" = 'lineitem') OR ("table_schema" = 'tpch' AND "table_name" = 'nation') OR ("table_schema" = 'tpch' AND "table_name" = 'orders') OR ("table_schema" = 'tpch' AND "table_name" = 'part') OR ("table_schema" = 'tpch' AND "table_name" = 'partsupp') OR ("table_schema" = 'tpch' AND "table_name" = 'region') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_type') OR ("table_schema" = 'tpch' AND "table_name" = 'supplier') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_table') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_authid') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_shadow') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_roles') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic_ext_data') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_settings') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_file_settings') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_hba_file_rules') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_ident_file_mappings') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_config') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_shmem_allocations') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_backend_memory_contexts') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_user_mapping') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_activity') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_replication_origin_status') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_subscription') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_attribute') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_class') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_attrdef') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_inherits') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_index') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_replication') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_slru') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_wal_receiver') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_recovery_prefetch') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_operator') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_opfamily') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_opclass') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_am') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_amop') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_amproc') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_language') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_largeobject_metadata') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_aggregate') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic_ext') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_rewrite') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_trigger') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_event_trigger') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_description') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_cast') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_enum') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_namespace') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_conversion') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_depend') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_database') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_db_role_setting') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_tablespace') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_auth_members') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_shdepend') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_shdescription') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_ts_config') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_ts_config_map') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_ts_dict') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_ts_parser') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_ts_template') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_extension') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_data_wrapper') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_server') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_policy') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_replication_origin') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_default_acl') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_init_privs') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_seclabel') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_shseclabel') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_collation') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_parameter_acl') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_partitioned_table') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_range') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_transform') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_sequence') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_publication') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_publication_namespace') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_publication_rel') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_subscription_rel') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_group') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_user') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_policies') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_rules') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_views') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_matviews') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_indexes') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_sequences') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext_exprs') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_publication_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_locks') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_cursors') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_available_extensions') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_available_extension_versions') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_prepared_xacts') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_prepared_statements') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_seclabels') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_timezone_abbrevs') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_timezone_names') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_sys_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_xact_sys_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_user_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_all_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_xact_all_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_xact_user_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_all_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_sys_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_user_tables') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_all_indexes') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_sys_indexes') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_user_indexes') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_all_indexes') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_sys_indexes') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_user_indexes') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_all_sequences') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_sys_sequences') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_statio_user_sequences') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_subscription') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_ssl') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_gssapi') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_replication_slots') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_replication_slots') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_database') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_database_conflicts') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_user_functions') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_xact_user_functions') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_archiver') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_bgwriter') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_wal') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_progress_analyze') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_progress_vacuum') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_progress_cluster') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_progress_create_index') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_progress_basebackup') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_progress_copy') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_user_mappings') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_stat_subscription_stats') OR ("table_schema" = 'pg_catalog' AND "table_name" = 'pg_largeobject') OR ("table_schema" = 'information_schema' AND "table_name" = 'role_column_grants') OR ("table_schema" = 'information_schema' AND "table_name" = 'information_schema_catalog_name') OR ("table_schema" = 'information_schema' AND "table_name" = 'column_domain_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'applicable_roles') OR ("table_schema" = 'information_schema' AND "table_name" = 'administrable_role_authorizations') OR ("table_schema" = 'information_schema' AND "table_name" = 'domain_constraints') OR ("table_schema" = 'information_schema' AND "table_name" = 'attributes') OR ("table_schema" = 'information_schema' AND "table_name" = 'column_privileges') OR ("table_schema" = 'information_schema' AND "table_name" = 'character_sets') OR ("table_schema" = 'information_schema' AND "table_name" = 'check_constraint_routine_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'check_constraints') OR ("table_schema" = 'information_schema' AND "table_name" = 'column_udt_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'collations') OR ("table_schema" = 'information_schema' AND "table_name" = 'collation_character_set_applicability') OR ("table_schema" = 'information_schema' AND "table_name" = 'key_column_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'column_column_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'columns') OR ("table_schema" = 'information_schema' AND "table_name" = 'domain_udt_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'constraint_column_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'constraint_table_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'domains') OR ("table_schema" = 'information_schema' AND "table_name" = 'referential_constraints') OR ("table_schema" = 'information_schema' AND "table_name" = 'enabled_roles') OR ("table_schema" = 'information_schema' AND "table_name" = 'parameters') OR ("table_schema" = 'information_schema' AND "table_name" = 'routine_column_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'routine_privileges') OR ("table_schema" = 'information_schema' AND "table_name" = 'role_routine_grants') OR ("table_schema" = 'information_schema' AND "table_name" = 'routine_routine_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'table_privileges') OR ("table_schema" = 'information_schema' AND "table_name" = 'routine_sequence_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'routine_table_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'udt_privileges') OR ("table_schema" = 'information_schema' AND "table_name" = 'routines') OR ("table_schema" = 'information_schema' AND "table_name" = 'role_table_grants') OR ("table_schema" = 'information_schema' AND "table_name" = 'schemata') OR ("table_schema" = 'information_schema' AND "table_name" = 'sequences') OR ("table_schema" = 'information_schema' AND "table_name" = 'sql_features') OR ("table_schema" = 'information_schema' AND "table_name" = 'tables') OR ("table_schema" = 'information_schema' AND "table_name" = 'sql_implementation_info') OR ("table_schema" = 'information_schema' AND "table_name" = 'sql_parts') OR ("table_schema" = 'information_schema' AND "table_name" = 'sql_sizing') OR ("table_schema" = 'information_schema' AND "table_name" = 'transforms') OR ("table_schema" = 'information_schema' AND "table_name" = 'table_constraints') OR ("table_schema" = 'information_schema' AND "table_name" = 'view_routine_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'role_udt_grants') OR ("table_schema" = 'information_schema' AND "table_name" = 'triggered_update_columns') OR ("table_schema" = 'information_schema' AND "table_name" = 'triggers') OR ("table_schema" = 'information_schema' AND "table_name" = 'user_defined_types') OR ("table_schema" = 'information_schema' AND "table_name" = 'usage_privileges') OR ("table_schema" = 'information_schema' AND "table_name" = 'role_usage_grants') OR ("table_schema" = 'information_schema' AND "table_name" = 'view_column_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'view_table_usage') OR ("table_schema" = 'information_schema' AND "table_name" = 'views') OR ("table_schema" = 'information_schema' AND "table_name" = 'data_type_privileges') OR ("table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_table_columns') OR ("table_schema" = 'information_schema' AND "table_name" = 'element_types') OR ("table_schema" = 'information_schema' AND "table_name" = 'column_options') OR ("table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_data_wrappers') OR ("table_schema" = 'information_schema' AND "table_name" = 'foreign_data_wrapper_options') OR ("table_schema" = 'information_schema' AND "table_name" = 'foreign_data_wrappers') OR ("table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_servers') OR ("table_schema" = 'information_schema' AND "table_name" = 'foreign_server_options') OR ("table_schema" = 'information_schema' AND "table_name" = 'foreign_servers') OR ("table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_tables') OR ("table_schema" = 'information_schema' AND "table_name" = 'foreign_table_options') OR ("table_schema" = 'information_schema' AND "table_name" = 'foreign_tables') OR ("table_schema" = 'information_schema' AND "table_name" = '_pg_user_mappings') OR ("table_schema" = 'information_schema' AND "table_name" = 'user_mapping_options') OR ("table_schema" = 'information_schema' AND "table_name" = 'user_mappings');
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "cnst"."conname" AS "constraint_name", pg_get_constraintdef("cnst"."oid") AS "expression", CASE "cnst"."contype" WHEN 'p' THEN 'PRIMARY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK' WHEN 'x' THEN 'EXCLUDE' END AS "constraint_type", "a"."attname" AS "column_name" FROM "pg_constraint" "cnst" INNER JOIN "pg_class" "t" ON "t"."oid" = "cnst"."conrelid" INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "cnst"."connamespace" LEFT JOIN "pg_attribute" "a" ON "a"."attrelid" = "cnst"."conrelid" AND "a"."attnum" = ANY ("cnst"."conkey") WHERE "t"."relkind" IN ('r', 'p') AND (("ns"."nspname" = 'kinds' AND "t"."relname" = 'kinds') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'customer') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'lineitem') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'nation') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'part') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'partsupp') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'region') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statistic') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_type') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'supplier') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_foreign_table') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_authid') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shadow') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_roles') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statistic_ext_data') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_settings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_file_settings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_hba_file_rules') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ident_file_mappings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_config') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shmem_allocations') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_backend_memory_contexts') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_user_mapping') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_activity') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_replication_origin_status') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_subscription') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_attribute') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_proc') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_class') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_attrdef') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_constraint') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_inherits') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_index') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_replication') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_slru') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_wal_receiver') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_recovery_prefetch') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_operator') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_opfamily') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_opclass') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_am') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_amop') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_amproc') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_language') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_largeobject_metadata') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_aggregate') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statistic_ext') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_rewrite') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_trigger') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_event_trigger') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_description') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_cast') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_enum') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_namespace') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_conversion') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_depend') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_database') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_db_role_setting') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_tablespace') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_auth_members') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shdepend') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shdescription') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_config') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_config_map') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_dict') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_parser') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_template') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_extension') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_foreign_data_wrapper') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_foreign_server') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_policy') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_replication_origin') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_default_acl') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_init_privs') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_seclabel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shseclabel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_collation') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_parameter_acl') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_partitioned_table') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_range') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_transform') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_sequence') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication_namespace') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication_rel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_subscription_rel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_group') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_user') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_policies') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_rules') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_views') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_matviews') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stats') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stats_ext') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stats_ext_exprs') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_locks') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_cursors') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_available_extensions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_available_extension_versions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_prepared_xacts') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_prepared_statements') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_seclabels') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_timezone_abbrevs') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_timezone_names') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_all_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_sys_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_user_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_all_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_sys_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_user_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_all_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_sys_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_user_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_subscription') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_ssl') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_gssapi') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_replication_slots') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_replication_slots') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_database') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_database_conflicts') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_user_functions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_user_functions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_archiver') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_bgwriter') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_wal') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_analyze') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_vacuum') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_cluster') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_create_index') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_basebackup') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_copy') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_user_mappings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_subscription_stats') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_largeobject') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_column_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'information_schema_catalog_name') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_domain_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'applicable_roles') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'administrable_role_authorizations') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'domain_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'attributes') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'character_sets') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'check_constraint_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'check_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_udt_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'collations') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'collation_character_set_applicability') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'key_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'columns') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'domain_udt_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'constraint_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'constraint_table_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'domains') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'referential_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'enabled_roles') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'parameters') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_routine_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'table_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_sequence_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_table_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'udt_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routines') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_table_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'schemata') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sequences') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_features') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'tables') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_implementation_info') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_parts') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_sizing') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'transforms') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'table_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'view_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_udt_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'triggered_update_columns') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'triggers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'user_defined_types') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'usage_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_usage_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'view_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'view_table_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'views') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'data_type_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_table_columns') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'element_types') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_data_wrappers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_data_wrapper_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_data_wrappers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_servers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_server_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_servers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_tables') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_table_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_tables') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_user_mappings') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'user_mapping_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'user_mappings'));
SELECT "ns"."nspname" AS "table_schema", "t"."relname" AS "table_name", "i"."relname" AS "constraint_name", "a"."attname" AS "column_name", CASE "ix"."indisunique" WHEN 't' THEN 'TRUE' ELSE'FALSE' END AS "is_unique", pg_get_expr("ix"."indpred", "ix"."indrelid") AS "condition", "types"."typname" AS "type_name", "am"."amname" AS "index_type" FROM "pg_class" "t" INNER JOIN "pg_index" "ix" ON "ix"."indrelid" = "t"."oid" INNER JOIN "pg_attribute" "a" ON "a"."attrelid" = "t"."oid"  AND "a"."attnum" = ANY ("ix"."indkey") INNER JOIN "pg_namespace" "ns" ON "ns"."oid" = "t"."relnamespace" INNER JOIN "pg_class" "i" ON "i"."oid" = "ix"."indexrelid" INNER JOIN "pg_type" "types" ON "types"."oid" = "a"."atttypid" INNER JOIN "pg_am" "am" ON "i"."relam" = "am"."oid" LEFT JOIN "pg_constraint" "cnst" ON "cnst"."conname" = "i"."relname" WHERE "t"."relkind" IN ('r', 'p') AND "cnst"."contype" IS NULL AND (("ns"."nspname" = 'kinds' AND "t"."relname" = 'kinds') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'customer') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'lineitem') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'nation') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'orders') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'part') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'partsupp') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'region') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statistic') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_type') OR ("ns"."nspname" = 'tpch' AND "t"."relname" = 'supplier') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_foreign_table') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_authid') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shadow') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_roles') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statistic_ext_data') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_settings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_file_settings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_hba_file_rules') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ident_file_mappings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_config') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shmem_allocations') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_backend_memory_contexts') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_user_mapping') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_activity') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_replication_origin_status') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_subscription') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_attribute') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_proc') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_class') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_attrdef') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_constraint') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_inherits') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_index') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_replication') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_slru') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_wal_receiver') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_recovery_prefetch') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_operator') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_opfamily') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_opclass') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_am') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_amop') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_amproc') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_language') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_largeobject_metadata') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_aggregate') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statistic_ext') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_rewrite') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_trigger') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_event_trigger') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_description') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_cast') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_enum') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_namespace') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_conversion') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_depend') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_database') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_db_role_setting') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_tablespace') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_auth_members') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shdepend') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shdescription') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_config') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_config_map') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_dict') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_parser') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_ts_template') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_extension') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_foreign_data_wrapper') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_foreign_server') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_policy') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_replication_origin') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_default_acl') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_init_privs') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_seclabel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_shseclabel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_collation') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_parameter_acl') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_partitioned_table') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_range') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_transform') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_sequence') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication_namespace') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication_rel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_subscription_rel') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_group') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_user') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_policies') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_rules') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_views') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_matviews') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stats') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stats_ext') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stats_ext_exprs') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_publication_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_locks') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_cursors') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_available_extensions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_available_extension_versions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_prepared_xacts') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_prepared_statements') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_seclabels') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_timezone_abbrevs') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_timezone_names') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_all_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_sys_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_user_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_all_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_sys_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_user_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_all_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_sys_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_statio_user_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_subscription') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_ssl') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_gssapi') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_replication_slots') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_replication_slots') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_database') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_database_conflicts') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_user_functions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_xact_user_functions') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_archiver') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_bgwriter') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_wal') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_analyze') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_vacuum') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_cluster') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_create_index') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_basebackup') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_progress_copy') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_user_mappings') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_stat_subscription_stats') OR ("ns"."nspname" = 'pg_catalog' AND "t"."relname" = 'pg_largeobject') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_column_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'information_schema_catalog_name') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_domain_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'applicable_roles') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'administrable_role_authorizations') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'domain_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'attributes') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'character_sets') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'check_constraint_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'check_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_udt_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'collations') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'collation_character_set_applicability') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'key_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'columns') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'domain_udt_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'constraint_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'constraint_table_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'domains') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'referential_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'enabled_roles') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'parameters') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_routine_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'table_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_sequence_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routine_table_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'udt_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'routines') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_table_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'schemata') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sequences') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_features') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'tables') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_implementation_info') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_parts') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'sql_sizing') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'transforms') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'table_constraints') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'view_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_udt_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'triggered_update_columns') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'triggers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'user_defined_types') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'usage_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'role_usage_grants') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'view_column_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'view_table_usage') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'views') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'data_type_privileges') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_table_columns') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'element_types') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'column_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_data_wrappers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_data_wrapper_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_data_wrappers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_servers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_server_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_servers') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_foreign_tables') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_table_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'foreign_tables') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = '_pg_user_mappings') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'user_mapping_options') OR ("ns"."nspname" = 'information_schema' AND "t"."relname" = 'user_mappings'));
SELECT "con"."conname" AS "constraint_name", "con"."nspname" AS "table_schema", "con"."relname" AS "table_name", "att2"."attname" AS "column_name", "ns"."nspname" AS "referenced_table_schema", "cl"."relname" AS "referenced_table_name", "att"."attname" AS "referenced_column_name", "con"."confdeltype" AS "on_delete", "con"."confupdtype" AS "on_update", "con"."condeferrable" AS "deferrable", "con"."condeferred" AS "deferred" FROM ( SELECT UNNEST ("con1"."conkey") AS "parent", UNNEST ("con1"."confkey") AS "child", "con1"."confrelid", "con1"."conrelid", "con1"."conname", "con1"."contype", "ns"."nspname", "cl"."relname", "con1"."condeferrable", CASE WHEN "con1"."condeferred" THEN 'INITIALLY DEFERRED' ELSE 'INITIALLY IMMEDIATE' END as condeferred, CASE "con1"."confdeltype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confdeltype", CASE "con1"."confupdtype" WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END as "confupdtype" FROM "pg_class" "cl" INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_constraint" "con1" ON "con1"."conrelid" = "cl"."oid" WHERE "con1"."contype" = 'f' AND (("ns"."nspname" = 'kinds' AND "cl"."relname" = 'kinds') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'customer') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'lineitem') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'nation') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'orders') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'part') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'partsupp') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'region') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statistic') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_type') OR ("ns"."nspname" = 'tpch' AND "cl"."relname" = 'supplier') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_foreign_table') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_authid') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_shadow') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_roles') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statistic_ext_data') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_settings') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_file_settings') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_hba_file_rules') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_ident_file_mappings') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_config') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_shmem_allocations') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_backend_memory_contexts') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_user_mapping') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_activity') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_replication_origin_status') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_subscription') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_attribute') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_proc') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_class') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_attrdef') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_constraint') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_inherits') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_index') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_replication') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_slru') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_wal_receiver') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_recovery_prefetch') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_operator') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_opfamily') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_opclass') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_am') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_amop') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_amproc') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_language') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_largeobject_metadata') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_aggregate') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statistic_ext') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_rewrite') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_trigger') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_event_trigger') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_description') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_cast') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_enum') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_namespace') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_conversion') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_depend') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_database') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_db_role_setting') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_tablespace') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_auth_members') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_shdepend') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_shdescription') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_ts_config') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_ts_config_map') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_ts_dict') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_ts_parser') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_ts_template') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_extension') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_foreign_data_wrapper') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_foreign_server') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_policy') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_replication_origin') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_default_acl') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_init_privs') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_seclabel') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_shseclabel') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_collation') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_parameter_acl') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_partitioned_table') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_range') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_transform') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_sequence') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_publication') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_publication_namespace') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_publication_rel') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_subscription_rel') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_group') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_user') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_policies') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_rules') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_views') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_matviews') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stats') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stats_ext') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stats_ext_exprs') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_publication_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_locks') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_cursors') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_available_extensions') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_available_extension_versions') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_prepared_xacts') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_prepared_statements') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_seclabels') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_timezone_abbrevs') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_timezone_names') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_xact_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_xact_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_xact_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_all_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_sys_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_user_tables') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_all_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_sys_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_user_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_all_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_sys_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_user_indexes') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_all_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_sys_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_statio_user_sequences') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_subscription') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_ssl') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_gssapi') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_replication_slots') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_replication_slots') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_database') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_database_conflicts') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_user_functions') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_xact_user_functions') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_archiver') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_bgwriter') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_wal') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_progress_analyze') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_progress_vacuum') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_progress_cluster') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_progress_create_index') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_progress_basebackup') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_progress_copy') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_user_mappings') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_stat_subscription_stats') OR ("ns"."nspname" = 'pg_catalog' AND "cl"."relname" = 'pg_largeobject') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'role_column_grants') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'information_schema_catalog_name') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'column_domain_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'applicable_roles') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'administrable_role_authorizations') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'domain_constraints') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'attributes') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'column_privileges') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'character_sets') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'check_constraint_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'check_constraints') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'column_udt_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'collations') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'collation_character_set_applicability') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'key_column_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'column_column_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'columns') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'domain_udt_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'constraint_column_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'constraint_table_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'domains') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'referential_constraints') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'enabled_roles') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'parameters') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'routine_column_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'routine_privileges') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'role_routine_grants') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'routine_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'table_privileges') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'routine_sequence_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'routine_table_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'udt_privileges') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'routines') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'role_table_grants') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'schemata') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'sequences') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'sql_features') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'tables') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'sql_implementation_info') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'sql_parts') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'sql_sizing') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'transforms') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'table_constraints') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'view_routine_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'role_udt_grants') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'triggered_update_columns') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'triggers') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'user_defined_types') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'usage_privileges') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'role_usage_grants') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'view_column_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'view_table_usage') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'views') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'data_type_privileges') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = '_pg_foreign_table_columns') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'element_types') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'column_options') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = '_pg_foreign_data_wrappers') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'foreign_data_wrapper_options') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'foreign_data_wrappers') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = '_pg_foreign_servers') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'foreign_server_options') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'foreign_servers') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = '_pg_foreign_tables') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'foreign_table_options') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'foreign_tables') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = '_pg_user_mappings') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'user_mapping_options') OR ("ns"."nspname" = 'information_schema' AND "cl"."relname" = 'user_mappings')) ) "con" INNER JOIN "pg_attribute" "att" ON "att"."attrelid" = "con"."confrelid" AND "att"."attnum" = "con"."child" INNER JOIN "pg_class" "cl" ON "cl"."oid" = "con"."confrelid"  AND "cl"."relispartition" = 'f'INNER JOIN "pg_namespace" "ns" ON "cl"."relnamespace" = "ns"."oid" INNER JOIN "pg_attribute" "att2" ON "att2"."attrelid" = "con"."conrelid" AND "att2"."attnum" = "con"."parent";
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic' AND "column_name"='stanumbers1';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic' AND "column_name"='stanumbers4';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic' AND "column_name"='stanumbers5';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic' AND "column_name"='stanumbers2';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic' AND "column_name"='stanumbers3';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_type' AND "column_name"='typacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_table' AND "column_name"='ftoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_shadow' AND "column_name"='useconfig';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_roles' AND "column_name"='rolconfig';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic_ext_data' AND "column_name"='stxdexpr';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_settings' AND "column_name"='enumvals';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_hba_file_rules' AND "column_name"='options';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_hba_file_rules' AND "column_name"='user_name';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_hba_file_rules' AND "column_name"='database';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_user_mapping' AND "column_name"='umoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_subscription' AND "column_name"='subpublications';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_attribute' AND "column_name"='attacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_attribute' AND "column_name"='attoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_attribute' AND "column_name"='attfdwoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc' AND "column_name"='proargmodes';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc' AND "column_name"='proargtypes';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc' AND "column_name"='protrftypes';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc' AND "column_name"='proallargtypes';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc' AND "column_name"='proacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc' AND "column_name"='proconfig';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_proc' AND "column_name"='proargnames';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_class' AND "column_name"='reloptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_class' AND "column_name"='relacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint' AND "column_name"='conppeqop';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint' AND "column_name"='confkey';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint' AND "column_name"='conexclop';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint' AND "column_name"='conpfeqop';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint' AND "column_name"='conkey';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint' AND "column_name"='conffeqop';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_constraint' AND "column_name"='confdelsetcols';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_index' AND "column_name"='indoption';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_index' AND "column_name"='indclass';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_index' AND "column_name"='indkey';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_index' AND "column_name"='indcollation';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_language' AND "column_name"='lanacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_largeobject_metadata' AND "column_name"='lomacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic_ext' AND "column_name"='stxkind';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_statistic_ext' AND "column_name"='stxkeys';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_trigger' AND "column_name"='tgattr';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_event_trigger' AND "column_name"='evttags';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_namespace' AND "column_name"='nspacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_database' AND "column_name"='datacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_db_role_setting' AND "column_name"='setconfig';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_tablespace' AND "column_name"='spcoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_tablespace' AND "column_name"='spcacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_extension' AND "column_name"='extcondition';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_extension' AND "column_name"='extconfig';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_data_wrapper' AND "column_name"='fdwacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_data_wrapper' AND "column_name"='fdwoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_server' AND "column_name"='srvacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_foreign_server' AND "column_name"='srvoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_policy' AND "column_name"='polroles';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_default_acl' AND "column_name"='defaclacl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_init_privs' AND "column_name"='initprivs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_parameter_acl' AND "column_name"='paracl';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_partitioned_table' AND "column_name"='partcollation';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_partitioned_table' AND "column_name"='partclass';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_partitioned_table' AND "column_name"='partattrs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_publication_rel' AND "column_name"='prattrs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_group' AND "column_name"='grolist';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_user' AND "column_name"='useconfig';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_policies' AND "column_name"='roles';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats' AND "column_name"='most_common_freqs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats' AND "column_name"='elem_count_histogram';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats' AND "column_name"='most_common_elem_freqs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext' AND "column_name"='most_common_val_nulls';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext' AND "column_name"='most_common_freqs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext' AND "column_name"='exprs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext' AND "column_name"='kinds';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext' AND "column_name"='most_common_vals';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext' AND "column_name"='most_common_base_freqs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext' AND "column_name"='attnames';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext_exprs' AND "column_name"='most_common_elem_freqs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext_exprs' AND "column_name"='most_common_freqs';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_stats_ext_exprs' AND "column_name"='elem_count_histogram';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_publication_tables' AND "column_name"='attnames';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_available_extension_versions' AND "column_name"='requires';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_prepared_statements' AND "column_name"='parameter_types';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'pg_catalog' AND "table_name" = 'pg_user_mappings' AND "column_name"='umoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_table_columns' AND "column_name"='attfdwoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_data_wrappers' AND "column_name"='fdwoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_servers' AND "column_name"='srvoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'information_schema' AND "table_name" = '_pg_foreign_tables' AND "column_name"='ftoptions';
SELECT "udt_schema", "udt_name" FROM "information_schema"."columns" WHERE "table_schema" = 'information_schema' AND "table_name" = '_pg_user_mappings' AND "column_name"='umoptions';
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'float4' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'aclitem' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'text' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'pg_statistic' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'char' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'oidvector' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'oid' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'int2' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'int2vector' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'name' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'bool' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'float8' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'pg_catalog' AND "t"."typname" = 'regtype' ORDER BY "e"."enumsortorder";
SELECT "e"."enumlabel" AS "value" FROM "pg_enum" "e" INNER JOIN "pg_type" "t" ON "t"."oid" = "e"."enumtypid" INNER JOIN "pg_namespace" "n" ON "n"."oid" = "t"."typnamespace" WHERE "n"."nspname" = 'information_schema' AND "t"."typname" = 'text' ORDER BY "e"."enumsortorder";
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = 'kinds' AND "table_name" = 'kinds';
SELECT * FROM "information_schema"."columns" WHERE "table_schema" = 'kinds' AND "table_name" = 'kinds' AND "column_name" = 'id';
SELECT * FROM "information_schema"."tables" WHERE "table_schema" = 'kinds' AND "table_name" = 'typeorm_metadata';
-- rows: ignored
select version();
set search_path to "kinds","tpch";
select * from information_schema.columns where table_name = 'kinds' and table_catalog = current_database() and table_schema = current_schema();
select * from information_schema.tables where table_name = 'kinds' and table_schema = current_schema();
select * from information_schema.columns where table_name = 'kinds' and column_name = 'id' and table_schema = current_schema();
select "id" from "kinds" where "id" < '2' order by "id" asc limit '1';
select count(*) as "c" from "nation" group by "n_regionkey";
select b.oid, b.typarray
      from pg_catalog.pg_type a
      left join pg_catalog.pg_type b on b.oid = a.typelem
      where a.typcategory = 'A'
      group by b.oid, b.typarray
      order by b.oid;
SELECT * FROM kinds.kinds WHERE id = '1';
SELECT '{1,2}'::int[];
begin;
SELECT 1;
commit;
SELECT 'a'::text;
SELECT id FROM kinds.kinds WHERE id = '1';

-- drizzle-kit introspect
SELECT
    n.nspname AS table_schema,
    c.relname AS table_name,
    CASE
        WHEN c.relkind = 'r' THEN 'table'
        WHEN c.relkind = 'v' THEN 'view'
        WHEN c.relkind = 'm' THEN 'materialized_view'
    END AS type,
	c.relrowsecurity AS rls_enabled
FROM
    pg_catalog.pg_class c
JOIN
    pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE
	c.relkind IN ('r', 'v', 'm')
     AND n.nspname = 'kinds' or n.nspname = 'tpch';
select s.nspname as table_schema
  from pg_catalog.pg_namespace s
  join pg_catalog.pg_user u on u.usesysid = s.nspowner
  where nspname not in ('information_schema', 'pg_catalog', 'public')
        and nspname not like 'pg_toast%'
        and nspname not like 'pg_temp_%'
  order by table_schema;
select schemaname, sequencename, start_value, min_value, max_value, increment_by, cycle, cache_size from pg_sequences as seq WHERE schemaname = 'kinds' or schemaname = 'tpch';
select n.nspname as enum_schema,
  t.typname as enum_name,
  e.enumlabel as enum_value,
  e.enumsortorder as sort_order
  from pg_type t
  join pg_enum e on t.oid = e.enumtypid
  join pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE n.nspname = 'kinds' or n.nspname = 'tpch'
  order by enum_schema, enum_name, sort_order;
-- rows: ignored
SELECT rolname, rolinherit, rolcreatedb, rolcreaterole FROM pg_roles;
SELECT schemaname, tablename, policyname as name, permissive as "as", roles as to, cmd as for, qual as using, with_check as "withCheck" FROM pg_policies WHERE schemaname = 'kinds' or schemaname = 'tpch';
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"kinds"."kinds"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'kinds'  -- Filter by schema
    AND cls.relname = 'kinds'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."customer"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'customer'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."lineitem"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'lineitem'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."nation"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'nation'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."orders"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'orders'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."part"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'part'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."partsupp"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'partsupp'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."region"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'region'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT
    a.attrelid::regclass::text AS table_name,  -- Table, view, or materialized view name
    a.attname AS column_name,   -- Column name
    CASE
        WHEN NOT a.attisdropped THEN
            CASE
                WHEN a.attnotnull THEN 'NO'
                ELSE 'YES'
            END
        ELSE NULL
    END AS is_nullable,  -- NULL or NOT NULL constraint
    a.attndims AS array_dimensions,  -- Array dimensions
    CASE
        WHEN a.atttypid = ANY ('{int,int8,int2}'::regtype[])
        AND EXISTS (
            SELECT FROM pg_attrdef ad
            WHERE ad.adrelid = a.attrelid
            AND ad.adnum = a.attnum
            AND pg_get_expr(ad.adbin, ad.adrelid) = 'nextval('''
                || pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass || '''::regclass)'
        )
        THEN CASE a.atttypid
            WHEN 'int'::regtype THEN 'serial'
            WHEN 'int8'::regtype THEN 'bigserial'
            WHEN 'int2'::regtype THEN 'smallserial'
        END
        ELSE format_type(a.atttypid, a.atttypmod)
    END AS data_type,  -- Column data type
--    ns.nspname AS type_schema,  -- Schema name
    pg_get_serial_sequence('"tpch"."supplier"', a.attname)::regclass AS seq_name,  -- Serial sequence (if any)
    c.column_default,  -- Column default value
    c.data_type AS additional_dt,  -- Data type from information_schema
    c.udt_name AS enum_name,  -- Enum type (if applicable)
    c.is_generated,  -- Is it a generated column?
    c.generation_expression,  -- Generation expression (if generated)
    c.is_identity,  -- Is it an identity column?
    c.identity_generation,  -- Identity generation strategy (ALWAYS or BY DEFAULT)
    c.identity_start,  -- Start value of identity column
    c.identity_increment,  -- Increment for identity column
    c.identity_maximum,  -- Maximum value for identity column
    c.identity_minimum,  -- Minimum value for identity column
    c.identity_cycle,  -- Does the identity column cycle?
    enum_ns.nspname AS type_schema  -- Schema of the enum type
FROM
    pg_attribute a
JOIN
    pg_class cls ON cls.oid = a.attrelid  -- Join pg_class to get table/view/materialized view info
JOIN
    pg_namespace ns ON ns.oid = cls.relnamespace  -- Join namespace to get schema info
LEFT JOIN
    information_schema.columns c ON c.column_name = a.attname
        AND c.table_schema = ns.nspname
        AND c.table_name = cls.relname  -- Match schema and table/view name
LEFT JOIN
    pg_type enum_t ON enum_t.oid = a.atttypid  -- Join to get the type info
LEFT JOIN
    pg_namespace enum_ns ON enum_ns.oid = enum_t.typnamespace  -- Join to get the enum schema
WHERE
    a.attnum > 0  -- Valid column numbers only
    AND NOT a.attisdropped  -- Skip dropped columns
    AND cls.relkind IN ('r', 'v', 'm')  -- Include regular tables ('r'), views ('v'), and materialized views ('m')
    AND ns.nspname = 'tpch'  -- Filter by schema
    AND cls.relname = 'supplier'  -- Filter by table name
ORDER BY
    a.attnum;  -- Order by column number;
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'kinds' and constraint_schema = 'kinds';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'customer' and constraint_schema = 'tpch';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'lineitem' and constraint_schema = 'tpch';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'nation' and constraint_schema = 'tpch';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'orders' and constraint_schema = 'tpch';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'part' and constraint_schema = 'tpch';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'partsupp' and constraint_schema = 'tpch';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'region' and constraint_schema = 'tpch';
SELECT c.column_name, c.data_type, constraint_type, constraint_name, constraint_schema
      FROM information_schema.table_constraints tc
      JOIN information_schema.constraint_column_usage AS ccu USING (constraint_schema, constraint_name)
      JOIN information_schema.columns AS c ON c.table_schema = tc.constraint_schema
        AND tc.table_name = c.table_name AND ccu.column_name = c.column_name
      WHERE tc.table_name = 'supplier' and constraint_schema = 'tpch';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'kinds'
						AND tc.constraint_schema = 'kinds'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'customer'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'lineitem'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'nation'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'orders'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'part'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'partsupp'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'region'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
						tc.constraint_name,
						tc.constraint_type,
						pg_get_constraintdef(con.oid) AS constraint_definition
					FROM
						information_schema.table_constraints AS tc
						JOIN pg_constraint AS con
							ON tc.constraint_name = con.conname
							AND con.conrelid = (
								SELECT oid
								FROM pg_class
								WHERE relname = tc.table_name
								AND relnamespace = (
									SELECT oid
									FROM pg_namespace
									WHERE nspname = tc.constraint_schema
								)
							)
					WHERE
						tc.table_name = 'supplier'
						AND tc.constraint_schema = 'tpch'
						AND tc.constraint_type = 'CHECK'
						AND con.contype = 'c';
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'kinds'
            AND rel.relname = 'kinds'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'customer'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'lineitem'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'nation'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'orders'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'part'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'partsupp'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'region'
            AND con.contype IN ('f');
SELECT
            con.contype AS constraint_type,
            nsp.nspname AS constraint_schema,
            con.conname AS constraint_name,
            rel.relname AS table_name,
            att.attname AS column_name,
            fnsp.nspname AS foreign_table_schema,
            frel.relname AS foreign_table_name,
            fatt.attname AS foreign_column_name,
            CASE con.confupdtype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS update_rule,
            CASE con.confdeltype
              WHEN 'a' THEN 'NO ACTION'
              WHEN 'r' THEN 'RESTRICT'
              WHEN 'n' THEN 'SET NULL'
              WHEN 'c' THEN 'CASCADE'
              WHEN 'd' THEN 'SET DEFAULT'
            END AS delete_rule
          FROM
            pg_catalog.pg_constraint con
            JOIN pg_catalog.pg_class rel ON rel.oid = con.conrelid
            JOIN pg_catalog.pg_namespace nsp ON nsp.oid = con.connamespace
            LEFT JOIN pg_catalog.pg_attribute att ON att.attnum = ANY (con.conkey)
              AND att.attrelid = con.conrelid
            LEFT JOIN pg_catalog.pg_class frel ON frel.oid = con.confrelid
            LEFT JOIN pg_catalog.pg_namespace fnsp ON fnsp.oid = frel.relnamespace
            LEFT JOIN pg_catalog.pg_attribute fatt ON fatt.attnum = ANY (con.confkey)
              AND fatt.attrelid = con.confrelid
          WHERE
            nsp.nspname = 'tpch'
            AND rel.relname = 'supplier'
            AND con.contype IN ('f');
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'kinds' AND
      t.relname = 'kinds';
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'customer';
SELECT conname AS primary_key
            FROM   pg_constraint join pg_class on (pg_class.oid = conrelid)
            WHERE  contype = 'p'
            AND    connamespace = 'tpch'::regnamespace
            AND    pg_class.relname = 'lineitem';
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'nation';
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'orders';
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'part';
SELECT conname AS primary_key
            FROM   pg_constraint join pg_class on (pg_class.oid = conrelid)
            WHERE  contype = 'p'
            AND    connamespace = 'tpch'::regnamespace
            AND    pg_class.relname = 'partsupp';
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'region';
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'supplier';
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'kinds' and schemaname = 'kinds'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'customer' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'nation' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'orders' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'part' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'region' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'supplier' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'partsupp';
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'partsupp' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
SELECT  DISTINCT ON (t.relname, ic.relname, k.i) t.relname as table_name, ic.relname AS indexname,
        k.i AS index_order,
        i.indisunique as is_unique,
        am.amname as method,
        ic.reloptions as with,
        coalesce(a.attname, pg_get_indexdef(i.indexrelid, k.i, false)) AS column_name,
          CASE
        WHEN pg_get_expr(i.indexprs, i.indrelid) IS NOT NULL THEN 1
        ELSE 0
    END AS is_expression,
        i.indoption[k.i-1] & 1 = 1 AS descending,
        i.indoption[k.i-1] & 2 = 2 AS nulls_first,
        pg_get_expr(
                              i.indpred,
                              i.indrelid
                          ) as where,
         opc.opcname
      FROM pg_class t
          LEFT JOIN pg_index i ON t.oid = i.indrelid
          LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
		  CROSS JOIN LATERAL (SELECT unnest(i.indkey), generate_subscripts(i.indkey, 1) + 1) AS k(attnum, i)
          LEFT JOIN pg_attribute AS a
            ON i.indrelid = a.attrelid AND k.attnum = a.attnum
          JOIN pg_namespace c on c.oid = t.relnamespace
        LEFT JOIN pg_am AS am ON ic.relam = am.oid
        JOIN pg_opclass opc ON opc.oid = ANY(i.indclass)
      WHERE
      c.nspname = 'tpch' AND
      t.relname = 'lineitem';
SELECT
          idx.indexrelname AS index_name,
          idx.relname AS table_name,
          schemaname,
          CASE WHEN con.conname IS NOT NULL THEN 1 ELSE 0 END AS generated_by_constraint
        FROM
          pg_stat_user_indexes idx
        LEFT JOIN
          pg_constraint con ON con.conindid = idx.indexrelid
        WHERE idx.relname = 'lineitem' and schemaname = 'tpch'
        group by index_name, table_name,schemaname, generated_by_constraint;
