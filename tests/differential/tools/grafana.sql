-- Origin: written from what is public about the tool, not recorded from it. Some statements are shortened, narrowed to
-- this data's schemas, or wrapped (IS NOT NULL) so that values of the server itself do not matter.

-- Connection, version, tables, columns of the query builder
SELECT 1;
SELECT current_setting('server_version_num')::int/100 as version;
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';
SELECT quote_ident(table_name) as "table" FROM information_schema.tables WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog', '_timescaledb_cache', '_timescaledb_catalog', '_timescaledb_internal', '_timescaledb_config', 'timescaledb_information', 'timescaledb_experimental') AND quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s) ORDER BY 1;
select quote_ident(table_name) as "table" from information_schema.tables where quote_ident(table_schema) not in ('information_schema', 'pg_catalog', '_timescaledb_cache', '_timescaledb_catalog', '_timescaledb_internal', '_timescaledb_config', 'timescaledb_information', 'timescaledb_experimental') and table_type = 'BASE TABLE' and quote_ident(table_schema) = 'kinds';
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE quote_ident(table_name) = 'kinds' ORDER BY 1;
SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns WHERE CASE WHEN array_length(parse_ident('tpch.nation'),1) = 2 THEN quote_ident(table_schema) = (parse_ident('tpch.nation'))[1] AND quote_ident(table_name) = (parse_ident('tpch.nation'))[2] ELSE quote_ident(table_name) = 'tpch.nation' AND quote_ident(table_schema) IN (SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END FROM generate_series(array_lower(string_to_array(current_setting('search_path'),','),1), array_upper(string_to_array(current_setting('search_path'),','),1)) as i, string_to_array(current_setting('search_path'),',') s) END ORDER BY 1;
SELECT datname FROM pg_database WHERE datname = 'tpch';

-- Panels: the macros expanded
SELECT o_orderdate AS "time", o_totalprice FROM tpch.orders WHERE o_orderdate BETWEEN '1995-01-01T00:00:00Z' AND '1995-01-03T00:00:00Z' ORDER BY 1, 2;
SELECT floor(extract(epoch from o_orderdate)/86400)*86400 AS "time", sum(o_totalprice) AS total FROM tpch.orders WHERE o_orderdate BETWEEN '1995-01-01T00:00:00Z' AND '1995-01-10T00:00:00Z' GROUP BY 1 ORDER BY 1;
SELECT extract(epoch from o_orderdate) as "time", o_orderpriority AS metric, count(*) AS value FROM tpch.orders WHERE extract(epoch from o_orderdate) >= 788918400 AND extract(epoch from o_orderdate) <= 789004800 GROUP BY 1, 2 ORDER BY 1, 2;
SELECT o_orderdate AS "time", avg(o_totalprice) AS avg FROM tpch.orders WHERE o_orderdate >= '1995-01-01T00:00:00Z' AND o_orderdate <= '1995-01-05T00:00:00Z' GROUP BY o_orderdate ORDER BY o_orderdate LIMIT 50;
SELECT date_trunc('day', moment) AS "time", count(*) FROM kinds.kinds WHERE moment BETWEEN '2026-01-01T00:00:00Z' AND '2026-12-31T00:00:00Z' GROUP BY 1 ORDER BY 1;
SELECT date_bin('300.000s'::interval, moment, 'epoch'::timestamp) AS "time", count(*) FROM kinds.kinds WHERE id < 2 GROUP BY 1 ORDER BY 1;
SELECT instant AS "time", double FROM kinds.kinds WHERE instant BETWEEN '2026-01-01T00:00:00Z' AND '2026-12-31T00:00:00Z' ORDER BY instant ASC;
SELECT to_timestamp(floor(extract(epoch from instant)/3600)*3600) AS "time", max(double) FROM kinds.kinds WHERE id < 3 GROUP BY 1 ORDER BY 1;
SELECT DISTINCT c_mktsegment AS __text, c_mktsegment AS __value FROM tpch.customer ORDER BY 1;
