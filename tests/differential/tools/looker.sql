-- Origin: written from what is public about the tool, not recorded from it. Some statements are shortened, narrowed to
-- this data's schemas, or wrapped (IS NOT NULL) so that values of the server itself do not matter.

-- Connection tests and pools
SELECT 1;
SELECT current_setting('TIMEZONE') AS tz, current_database() AS db;
SET application_name = 'Looker';
SELECT pg_backend_pid() IS NOT NULL;
SET TIME ZONE 'UTC';
SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'pg_catalog', 'forebay') ORDER BY table_schema, table_name LIMIT 5000;
SELECT column_name, data_type, ordinal_position FROM information_schema.columns WHERE table_schema = 'kinds' AND table_name = 'kinds' ORDER BY ordinal_position;
SELECT a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS data_type FROM pg_attribute a WHERE a.attrelid = 'kinds.kinds'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;
-- rows: ignored
SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database();
SELECT has_schema_privilege('looker_scratch', 'CREATE');
SELECT nspname FROM pg_namespace WHERE nspname = 'looker_scratch';
SELECT pg_cancel_backend(0);

-- Explores
SELECT
    (DATE(orders.o_orderdate )) AS "orders.created_date",
    COUNT(*) AS "orders.count",
    COALESCE(SUM(orders.o_totalprice ), 0) AS "orders.total"
FROM tpch.orders  AS orders
WHERE ((( orders.o_orderdate  ) >= (DATE '1995-01-01') AND ( orders.o_orderdate  ) < (DATE '1995-01-08')))
GROUP BY
    (DATE(orders.o_orderdate ))
ORDER BY
    1 DESC
FETCH NEXT 500 ROWS ONLY;
SELECT
    (TO_CHAR(DATE_TRUNC('month', orders.o_orderdate ), 'YYYY-MM')) AS "orders.created_month",
    COUNT(DISTINCT orders.o_custkey ) AS "orders.customers"
FROM tpch.orders AS orders
GROUP BY
    (DATE_TRUNC('month', orders.o_orderdate ))
ORDER BY
    1 DESC
FETCH NEXT 500 ROWS ONLY;
SELECT
    (EXTRACT(YEAR FROM orders.o_orderdate )::integer) AS "orders.created_year",
    AVG(orders.o_totalprice ) AS "orders.average",
    COALESCE(COALESCE(CAST( ( SUM(DISTINCT (CAST(FLOOR(COALESCE( orders.o_totalprice ,0)*(1000000*1.0)) AS DECIMAL(38,0))) + ('x' || MD5(orders.o_orderkey ::varchar))::bit(64)::bigint::DECIMAL(65)  *18446744073709551616 + ('x' || SUBSTR(MD5(orders.o_orderkey ::varchar),17))::bit(64)::bigint::DECIMAL(65) ) - SUM(DISTINCT ('x' || MD5(orders.o_orderkey ::varchar))::bit(64)::bigint::DECIMAL(65)  *18446744073709551616 + ('x' || SUBSTR(MD5(orders.o_orderkey ::varchar),17))::bit(64)::bigint::DECIMAL(65)) )  AS DOUBLE PRECISION) / CAST((1000000*1.0) AS DOUBLE PRECISION), 0), 0) AS "orders.symmetric"
FROM tpch.orders AS orders
WHERE orders.o_orderkey < 100
GROUP BY
    1
ORDER BY
    1;
SELECT * FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY z___min_rank) as z___pivot_row_rank, RANK() OVER (PARTITION BY z__pivot_col_rank ORDER BY z___min_rank) as z__pivot_col_ordering, CASE WHEN z___min_rank = z___rank THEN 1 ELSE 0 END AS z__is_highest_ranked_cell FROM (
SELECT *, MIN(z___rank) OVER (PARTITION BY "nation.region") as z___min_rank FROM (
SELECT *, RANK() OVER (ORDER BY "nation.region" ASC, z__pivot_col_rank) AS z___rank FROM (
SELECT *, DENSE_RANK() OVER (ORDER BY CASE WHEN "nation.letter" IS NULL THEN 1 ELSE 0 END, "nation.letter") AS z__pivot_col_rank FROM (
SELECT
    LEFT(nation.n_name, 1) AS "nation.letter",
    nation.n_regionkey AS "nation.region",
    COUNT(*) AS "nation.count"
FROM tpch.nation AS nation
GROUP BY
    1,
    2) ww
) bb WHERE z__pivot_col_rank <= 16384
) aa
) xx
) zz
 WHERE (z__pivot_col_rank <= 50 OR z__is_highest_ranked_cell = 1) AND (z___pivot_row_rank <= 500 OR z__pivot_col_ordering = 1) ORDER BY z___pivot_row_rank, z__pivot_col_rank;
-- rows: ignored
EXPLAIN SELECT 1;

-- Superset: its engine spec and the statements of charts
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = '999999999';
SELECT DATE_TRUNC('week', (o_orderdate + INTERVAL '1 day')::timestamp) + INTERVAL '-1 day' AS __timestamp, count(*) AS count FROM tpch.orders GROUP BY 1 ORDER BY 1 LIMIT 3;
SELECT string_agg(DISTINCT coalesce(CAST(r_name AS varchar), ''), '|RECORD|') AS list, count(DISTINCT r_name::varchar) AS count FROM tpch.region;
