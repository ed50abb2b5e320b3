-- Origin: written from what is public about the tool, not recorded from it. Some statements are shortened, narrowed to
-- this data's schemas, or wrapped (IS NOT NULL) so that values of the server itself do not matter.

-- Source metadata, as Hasura asks for it (catalog queries of its public sources)
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET client_encoding = 'UTF8'; SET client_min_messages TO WARNING;
-- rows: ignored
SELECT current_setting('server_version_num');
SELECT exists ( SELECT 1 FROM information_schema.schemata WHERE schema_name = 'hdb_catalog' );
SELECT exists ( SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'pgcrypto' );
-- rows: ignored
SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ('information_schema', 'pg_catalog', 'hdb_catalog', 'hdb_views', 'forebay') AND schema_name NOT LIKE 'pg_toast%' AND schema_name NOT LIKE 'pg_temp%' ORDER BY schema_name ASC;
-- order: ignored
SELECT
  schema.nspname AS table_schema,
  "table".relname AS table_name,
  coalesce(columns.info, '[]') AS columns,
  primary_key.info AS primary_key,
  coalesce(unique_constraints.info, '[]') AS unique_constraints,
  coalesce(foreign_key_constraints.info, '[]') AS foreign_key_constraints,
  CASE "table".relkind
    WHEN 'v' THEN jsonb_build_object(
      'is_updatable', ((pg_catalog.pg_relation_is_updatable("table".oid, true) & 4) = 4),
      'is_deletable', ((pg_catalog.pg_relation_is_updatable("table".oid, true) & 16) = 16),
      'is_insertable', ((pg_catalog.pg_relation_is_updatable("table".oid, true) & 8) = 8))
    ELSE NULL
  END AS view_info,
  description.description AS description
FROM pg_catalog.pg_class "table"
JOIN pg_catalog.pg_namespace schema ON schema.oid = "table".relnamespace
LEFT JOIN pg_catalog.pg_description description
  ON description.classoid = 'pg_catalog.pg_class'::regclass
 AND description.objoid = "table".oid
 AND description.objsubid = 0
LEFT JOIN LATERAL
  ( SELECT jsonb_agg(jsonb_build_object(
      'name', "column".attname,
      'position', "column".attnum,
      'type', coalesce(base_type.typname, "type".typname),
      'is_nullable', NOT "column".attnotnull,
      'description', pg_catalog.col_description("table".oid, "column".attnum)
    )) AS info
    FROM pg_catalog.pg_attribute "column"
    LEFT JOIN pg_catalog.pg_type "type" ON "type".oid = "column".atttypid
    LEFT JOIN pg_catalog.pg_type base_type ON "type".typtype = 'd' AND base_type.oid = "type".typbasetype
    WHERE "column".attrelid = "table".oid
      AND "column".attnum > 0
      AND NOT "column".attisdropped
  ) columns ON true
LEFT JOIN LATERAL
  ( SELECT jsonb_build_object(
      'constraint', jsonb_build_object('name', class.relname, 'oid', class.oid :: integer),
      'columns', coalesce(columns.info, '[]')
    ) AS info
    FROM pg_catalog.pg_index index
    JOIN pg_catalog.pg_class class ON class.oid = index.indexrelid
    LEFT JOIN LATERAL
      ( SELECT jsonb_agg("column".attname) AS info
        FROM pg_catalog.pg_attribute "column"
        WHERE "column".attrelid = "table".oid
          AND "column".attnum = ANY (index.indkey)
      ) AS columns ON true
    WHERE index.indrelid = "table".oid
      AND index.indisprimary
  ) primary_key ON true
LEFT JOIN LATERAL
  ( SELECT jsonb_agg(jsonb_build_object('name', class.relname, 'oid', class.oid :: integer)) AS info
    FROM pg_catalog.pg_index index
    JOIN pg_catalog.pg_class class ON class.oid = index.indexrelid
    WHERE index.indrelid = "table".oid
      AND index.indisunique
      AND NOT index.indisprimary
  ) unique_constraints ON true
LEFT JOIN LATERAL
  ( SELECT jsonb_agg(jsonb_build_object('constraint', "constraint".conname)) AS info
    FROM pg_catalog.pg_constraint "constraint"
    WHERE "constraint".conrelid = "table".oid AND "constraint".contype = 'f'
  ) foreign_key_constraints ON true
WHERE "table".relkind IN ('r', 't', 'v', 'm', 'f', 'p')
  AND schema.nspname = 'kinds';
WITH partitions AS (
  SELECT array(
    WITH partitioned_tables AS (SELECT array(SELECT oid FROM pg_class WHERE relkind = 'p') AS parent_tables)
    SELECT child.relname FROM partitioned_tables, pg_catalog.pg_inherits AS i
    JOIN pg_catalog.pg_class AS child ON child.oid = i.inhrelid
    WHERE i.inhparent = any (parent_tables)
  ) AS names
)
SELECT info_schema.table_name FROM information_schema.tables AS info_schema, partitions
WHERE info_schema.table_schema = 'kinds' AND NOT (info_schema.table_name = any (partitions.names));
-- order: ignored
SELECT COALESCE(Json_agg(Row_to_json(info)), '[]' :: json) AS tables
FROM (
  SELECT
    pgn.nspname as table_schema,
    pgc.relname as table_name,
    case
      when pgc.relkind = 'r' then 'TABLE'
      when pgc.relkind = 'f' then 'FOREIGN TABLE'
      when pgc.relkind = 'v' then 'VIEW'
      when pgc.relkind = 'm' then 'MATERIALIZED VIEW'
      when pgc.relkind = 'p' then 'PARTITIONED TABLE'
    end as table_type,
    obj_description(pgc.oid) AS comment,
    COALESCE(json_agg(DISTINCT row_to_json(isc) :: jsonb || jsonb_build_object('comment', col_description(pga.attrelid, pga.attnum))) filter (WHERE isc.column_name IS NOT NULL), '[]' :: json) AS columns,
    COALESCE(json_agg(DISTINCT row_to_json(ist) :: jsonb || jsonb_build_object('comment', obj_description(pgt.oid))) filter (WHERE ist.trigger_name IS NOT NULL), '[]' :: json) AS triggers,
    row_to_json(isv) AS view_info
  FROM pg_class as pgc
  INNER JOIN pg_namespace as pgn ON pgc.relnamespace = pgn.oid
  LEFT OUTER JOIN pg_attribute AS pga ON pga.attrelid = pgc.oid
  LEFT OUTER JOIN information_schema.columns AS isc ON isc.table_schema = pgn.nspname AND isc.table_name = pgc.relname AND isc.column_name = pga.attname
  LEFT OUTER JOIN pg_trigger AS pgt ON pgt.tgrelid = pgc.oid
  LEFT OUTER JOIN information_schema.triggers AS ist ON ist.event_object_schema = pgn.nspname AND ist.event_object_table = pgc.relname AND ist.trigger_name = pgt.tgname
  LEFT OUTER JOIN information_schema.views AS isv ON isv.table_schema = pgn.nspname AND isv.table_name = pgc.relname
  WHERE pgc.relkind IN ('r', 'v', 'f', 'm', 'p') and pgn.nspname = 'kinds'
  GROUP BY pgc.oid, pgn.nspname, pgc.relname, table_type, isv.*
) AS info;
SELECT p.proname::text AS function_name, pn.nspname::text AS function_schema, pd.description,
  CASE WHEN p.provariadic = 0::oid THEN false ELSE true END AS has_variadic,
  CASE WHEN p.provolatile = 'i'::"char" THEN 'IMMUTABLE'::text WHEN p.provolatile = 's'::"char" THEN 'STABLE'::text WHEN p.provolatile = 'v'::"char" THEN 'VOLATILE'::text ELSE NULL::text END AS function_type,
  rt.typname::text AS return_type_name, p.proretset AS returns_set, p.pronargs AS n_args
FROM pg_proc p
JOIN pg_namespace pn ON pn.oid = p.pronamespace
JOIN pg_type rt ON rt.oid = p.prorettype
LEFT JOIN pg_description pd ON p.oid = pd.objoid
WHERE pn.nspname::text !~~ 'pg_%'::text AND pn.nspname::text <> ALL (ARRAY['information_schema'::text, 'forebay'])
  AND NOT (EXISTS (SELECT 1 FROM pg_aggregate WHERE pg_aggregate.aggfnoid::oid = p.oid));
SELECT jsonb_agg(jsonb_build_object('name', t.typname, 'oid', t.oid)) FROM (SELECT typname, oid::int FROM pg_type WHERE oid IN (16, 23) ORDER BY oid) t;

-- Generated queries
SELECT coalesce(json_agg("root"), '[]') AS "root" FROM ( SELECT row_to_json( ( SELECT "_e" FROM ( SELECT "_root.base"."n_name" AS "n_name" ) AS "_e" ) ) AS "root" FROM ( SELECT * FROM "tpch"."nation" WHERE (("tpch"."nation"."n_nationkey") < (('3')::integer)) ORDER BY n_nationkey LIMIT 2 ) AS "_root.base" ) AS "_root";
SELECT coalesce(json_agg("root" ORDER BY "root.pg.r_name" ASC NULLS LAST), '[]' ) AS "root" FROM ( SELECT row_to_json( ( SELECT "_1_e" FROM ( SELECT "_0_root.base"."r_name" AS "r_name", "_root.ar.root.nations"."nations" AS "nations" ) AS "_1_e" ) ) AS "root", "_0_root.base"."r_name" AS "root.pg.r_name" FROM ( SELECT * FROM "tpch"."region" WHERE ('true') ORDER BY "r_name" ASC NULLS LAST ) AS "_0_root.base" LEFT OUTER JOIN LATERAL ( SELECT coalesce(json_agg("nations" ORDER BY "nations"->>'n_name'), '[]' ) AS "nations" FROM ( SELECT row_to_json( ( SELECT "_e" FROM ( SELECT "b"."n_name" AS "n_name" ) AS "_e" ) ) AS "nations" FROM ( SELECT * FROM "tpch"."nation" WHERE (("_0_root.base"."r_regionkey") = ("n_regionkey")) ) AS "b" ) AS "_n" ) AS "_root.ar.root.nations" ON ('true') ORDER BY "root.pg.r_name" ASC NULLS LAST ) AS "_2_root";
SELECT json_build_object('aggregate', json_build_object('count', COUNT(*), 'max', json_build_object('o_totalprice', max("o_totalprice")))) AS "root" FROM (SELECT "o_totalprice" FROM "tpch"."orders" WHERE ("o_orderstatus" = (('F')::text))) AS "_r";

-- PostgREST and Supabase ask the catalogs like this
SELECT c.relname, a.attname, NOT (a.attnotnull OR t.typtype = 'd' AND t.typnotnull) AS nullable, information_schema._pg_char_max_length(information_schema._pg_truetypid(a.*, t.*), information_schema._pg_truetypmod(a.*, t.*))::integer AS length FROM pg_attribute a JOIN (pg_class c JOIN pg_namespace n ON c.relnamespace = n.oid) ON a.attrelid = c.oid JOIN pg_type t ON a.atttypid = t.oid WHERE NOT pg_is_other_temp_schema(n.oid) AND a.attnum > 0 AND n.nspname = 'kinds' ORDER BY a.attnum;
SELECT "n"."n_name", row_to_json("nation_region".*)::jsonb AS "region" FROM "tpch"."nation" n LEFT JOIN LATERAL (SELECT "r"."r_name" FROM "tpch"."region" r WHERE "r"."r_regionkey" = "n"."n_regionkey" AND "r"."r_regionkey" < 3) AS "nation_region" ON true ORDER BY n_nationkey LIMIT 6;
SELECT c.relname, g.rolname AS grantor, a.privilege_type FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a JOIN pg_roles g ON g.oid = a.grantor WHERE c.relname = 'region' ORDER BY a.privilege_type;
SELECT x.table_name, grantee.rolname AS grantee, x.privilege_type, x.is_grantable FROM (SELECT relname AS table_name, (aclexplode(coalesce(relacl, acldefault('r', relowner)))).* FROM pg_class WHERE relname = 'nation' AND relkind = 'r') AS x LEFT JOIN pg_roles AS grantee ON grantee.oid = x.grantee ORDER BY x.privilege_type;
SELECT set_config('search_path', '"tpch"', true), set_config('role', 'forebay', true), set_config('request.method', 'GET', true);
SELECT proname, array_agg((coalesce(name, ''), type::regtype::text, mode = 'v') ORDER BY idx) AS args FROM pg_proc, unnest(proargnames, proargtypes, proargmodes) WITH ORDINALITY AS _ (name, type, mode, idx) WHERE type IS NOT NULL AND proname IN ('make_interval', 'jsonb_set') GROUP BY pg_proc.oid, proname ORDER BY 1;
