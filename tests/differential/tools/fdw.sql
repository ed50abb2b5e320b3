-- Origin: recorded from the real client at a PostgreSQL 15. Repeated statements are left out, parameters are literals,
-- OIDs of this data's tables and schemas are named.

-- IMPORT FOREIGN SCHEMA, estimates, pushed-down queries, ANALYZE (postgres_fdw 15)
SET search_path = pg_catalog;
SET timezone = 'GMT';
SET datestyle = ISO;
SET intervalstyle = postgres;
SET extra_float_digits = 3;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'kinds';
SELECT relname,   attname,   format_type(atttypid, atttypmod),   attnotnull,   pg_get_expr(adbin, adrelid),   attgenerated,   collname,   collnsp.nspname FROM pg_class c   JOIN pg_namespace n ON     relnamespace = n.oid   LEFT JOIN pg_attribute a ON     attrelid = c.oid AND attnum > 0       AND NOT attisdropped   LEFT JOIN pg_attrdef ad ON     adrelid = c.oid AND adnum = attnum   LEFT JOIN pg_collation coll ON     coll.oid = attcollation   LEFT JOIN pg_namespace collnsp ON     collnsp.oid = collnamespace WHERE c.relkind IN ('r','v','f','m','p')   AND n.nspname = 'kinds' AND NOT c.relispartition  ORDER BY c.relname, a.attnum;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'tpch';
SELECT relname,   attname,   format_type(atttypid, atttypmod),   attnotnull,   pg_get_expr(adbin, adrelid),   attgenerated,   collname,   collnsp.nspname FROM pg_class c   JOIN pg_namespace n ON     relnamespace = n.oid   LEFT JOIN pg_attribute a ON     attrelid = c.oid AND attnum > 0       AND NOT attisdropped   LEFT JOIN pg_attrdef ad ON     adrelid = c.oid AND adnum = attnum   LEFT JOIN pg_collation coll ON     coll.oid = attcollation   LEFT JOIN pg_namespace collnsp ON     collnsp.oid = collnamespace WHERE c.relkind IN ('r','v','f','m','p')   AND n.nspname = 'tpch' AND c.relname IN ('nation', 'region') ORDER BY c.relname, a.attnum;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SELECT relname,   attname,   format_type(atttypid, atttypmod),   attnotnull,   pg_get_expr(adbin, adrelid),   attgenerated,   NULL, NULL FROM pg_class c   JOIN pg_namespace n ON     relnamespace = n.oid   LEFT JOIN pg_attribute a ON     attrelid = c.oid AND attnum > 0       AND NOT attisdropped   LEFT JOIN pg_attrdef ad ON     adrelid = c.oid AND adnum = attnum WHERE c.relkind IN ('r','v','f','m','p')   AND n.nspname = 'tpch' AND NOT c.relispartition  AND c.relname NOT IN ('nation', 'region') ORDER BY c.relname, a.attnum;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
-- rows: ignored
EXPLAIN SELECT NULL FROM tpch.nation;
-- rows: ignored
EXPLAIN SELECT count(*) FROM tpch.nation;
DECLARE c1 CURSOR FOR
SELECT count(*) FROM tpch.nation;
FETCH 100 FROM c1;
CLOSE c1;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
-- rows: ignored
EXPLAIN SELECT n_name, n_regionkey FROM tpch.nation WHERE ((n_nationkey < 3));
-- rows: ignored
EXPLAIN SELECT r_regionkey, r_name FROM tpch.region;
-- rows: ignored
EXPLAIN SELECT n_name, n_regionkey FROM tpch.nation WHERE ((n_nationkey < 3)) ORDER BY n_name ASC NULLS LAST;
-- rows: ignored
EXPLAIN SELECT n_name, n_regionkey FROM tpch.nation WHERE ((n_nationkey < 3)) ORDER BY n_regionkey ASC NULLS LAST;
-- rows: ignored
EXPLAIN SELECT n_name, n_regionkey FROM tpch.nation WHERE ((((SELECT null::bigint)::bigint) = n_regionkey)) AND ((n_nationkey < 3));
-- rows: ignored
EXPLAIN SELECT r_regionkey, r_name FROM tpch.region ORDER BY r_regionkey ASC NULLS LAST;
-- rows: ignored
EXPLAIN SELECT r_regionkey, r_name FROM tpch.region WHERE ((((SELECT null::bigint)::bigint) = r_regionkey));
-- rows: ignored
EXPLAIN SELECT r1.n_name, r2.r_name FROM (tpch.nation r1 INNER JOIN tpch.region r2 ON (((r1.n_regionkey = r2.r_regionkey)) AND ((r1.n_nationkey < 3))));
-- rows: ignored
EXPLAIN SELECT r1.n_name, r2.r_name FROM (tpch.nation r1 INNER JOIN tpch.region r2 ON (((r1.n_regionkey = r2.r_regionkey)) AND ((r1.n_nationkey < 3)))) ORDER BY r1.n_name ASC NULLS LAST;
DECLARE c1 CURSOR FOR
SELECT r1.n_name, r2.r_name FROM (tpch.nation r1 INNER JOIN tpch.region r2 ON (((r1.n_regionkey = r2.r_regionkey)) AND ((r1.n_nationkey < 3))));
FETCH 100 FROM c1;
CLOSE c1;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
-- rows: ignored
EXPLAIN SELECT id, amount, words FROM kinds.kinds WHERE (((label = 'plain') OR (id < 2)));
-- rows: ignored
EXPLAIN SELECT id, amount, words FROM kinds.kinds WHERE (((label = 'plain') OR (id < 2))) ORDER BY id ASC NULLS LAST;
-- rows: ignored
EXPLAIN SELECT id, amount, words FROM kinds.kinds WHERE (((label = 'plain') OR (id < 2))) ORDER BY id ASC NULLS LAST LIMIT 2::bigint;
DECLARE c1 CURSOR FOR
SELECT id, amount, words FROM kinds.kinds WHERE (((label = 'plain') OR (id < 2)));
FETCH 100 FROM c1;
CLOSE c1;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
-- rows: ignored
EXPLAIN SELECT l_quantity, l_discount, l_returnflag FROM tpch.lineitem WHERE ((l_shipdate < '1995-01-01'));
-- rows: ignored
EXPLAIN SELECT l_quantity, l_discount, l_returnflag FROM tpch.lineitem WHERE ((l_shipdate < '1995-01-01')) ORDER BY l_returnflag ASC NULLS LAST;
-- rows: ignored
EXPLAIN SELECT l_returnflag, sum(l_quantity), avg(l_discount) FROM tpch.lineitem WHERE ((l_shipdate < '1995-01-01')) GROUP BY 1;
DECLARE c1 CURSOR FOR
SELECT l_returnflag, sum(l_quantity), avg(l_discount) FROM tpch.lineitem WHERE ((l_shipdate < '1995-01-01')) GROUP BY 1;
FETCH 100 FROM c1;
CLOSE c1;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
-- rows: ignored
EXPLAIN SELECT o_orderkey, o_custkey, o_orderstatus, o_totalprice, o_orderdate, o_orderpriority, o_clerk, o_shippriority, o_comment FROM tpch.orders WHERE ((o_orderdate >= '1995-01-01')) AND ((o_orderdate <= '1995-01-03')) AND ((o_orderpriority ~~ '1%'));
DECLARE c1 CURSOR FOR
SELECT o_orderkey, o_custkey, o_orderstatus, o_totalprice, o_orderdate, o_orderpriority, o_clerk, o_shippriority, o_comment FROM tpch.orders WHERE ((o_orderdate >= '1995-01-01')) AND ((o_orderdate <= '1995-01-03')) AND ((o_orderpriority ~~ '1%'));
FETCH 100 FROM c1;
CLOSE c1;
COMMIT TRANSACTION;
START TRANSACTION ISOLATION LEVEL REPEATABLE READ;
-- rows: ignored
SELECT pg_catalog.pg_relation_size('tpch.region'::pg_catalog.regclass) / 8192;
DECLARE c1 CURSOR FOR SELECT r_regionkey, r_name, r_comment FROM tpch.region;
FETCH 100 FROM c1;
CLOSE c1;
COMMIT TRANSACTION;
