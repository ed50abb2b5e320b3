SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY n_regionkey;
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY 1 ORDER BY 1;
SELECT n_regionkey AS r, count(*) FROM tpch.nation GROUP BY r ORDER BY r DESC;
SELECT n_regionkey % 2 AS odd, sum(n_nationkey) FROM tpch.nation GROUP BY n_regionkey % 2;
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY n_regionkey HAVING count(*) > 4;
SELECT n_regionkey, count(*) AS c FROM tpch.nation GROUP BY n_regionkey HAVING c > 4;
SELECT n_regionkey, max(n_name) FROM tpch.nation GROUP BY n_regionkey HAVING max(n_name) > 'R' ORDER BY 2;
SELECT 1 FROM tpch.nation HAVING count(*) > 1;
SELECT count(*) FROM tpch.nation HAVING false;
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY n_regionkey ORDER BY count(*) DESC, n_regionkey LIMIT 2;
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY ROLLUP (n_regionkey);
SELECT n_regionkey, n_nationkey % 2 AS odd, count(*) FROM tpch.nation GROUP BY ROLLUP (n_regionkey, n_nationkey % 2);
SELECT n_regionkey, n_nationkey % 2 AS odd, count(*) FROM tpch.nation GROUP BY CUBE (n_regionkey, n_nationkey % 2);
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY GROUPING SETS ((n_regionkey), ());
SELECT n_regionkey, n_nationkey % 2, sum(n_nationkey) FROM tpch.nation GROUP BY GROUPING SETS ((n_regionkey), (n_nationkey % 2));
SELECT n_regionkey, grouping(n_regionkey), count(*) FROM tpch.nation GROUP BY ROLLUP (n_regionkey);
SELECT grouping(n_regionkey, n_nationkey), n_regionkey, n_nationkey FROM tpch.nation WHERE n_nationkey < 3 GROUP BY CUBE (n_regionkey, n_nationkey);
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY n_regionkey, GROUPING SETS ((), (n_regionkey));
SELECT count(*) FROM tpch.nation GROUP BY ();
SELECT count(*) FROM tpch.nation WHERE false GROUP BY ();
SELECT count(*) FROM tpch.nation WHERE false GROUP BY n_regionkey;
SELECT n_regionkey, sum(n_nationkey) FROM tpch.nation GROUP BY GROUPING SETS ((), ()) ORDER BY 1;
SELECT grouping(n_name) FROM tpch.nation GROUP BY n_regionkey;
SELECT DISTINCT n_regionkey FROM tpch.nation;
SELECT DISTINCT n_regionkey, n_nationkey % 2 FROM tpch.nation;
SELECT DISTINCT n_regionkey FROM tpch.nation ORDER BY n_regionkey DESC;
SELECT DISTINCT n_regionkey FROM tpch.nation ORDER BY n_name;
SELECT DISTINCT ON (n_regionkey) n_regionkey, n_name FROM tpch.nation ORDER BY n_regionkey, n_name DESC;
SELECT DISTINCT ON (n_regionkey) n_name FROM tpch.nation ORDER BY n_regionkey, n_nationkey;
SELECT DISTINCT ON (n_regionkey % 2) n_regionkey, n_name FROM tpch.nation ORDER BY n_regionkey % 2, n_name;
SELECT DISTINCT ON (n_regionkey) n_name FROM tpch.nation ORDER BY n_name;
SELECT DISTINCT ON (1) n_regionkey, n_name FROM tpch.nation ORDER BY 1, 2;
SELECT ALL n_regionkey FROM tpch.nation WHERE n_nationkey < 3;
SELECT o_orderpriority, count(*), sum(o_totalprice) FROM tpch.orders GROUP BY o_orderpriority ORDER BY 1;
SELECT o_orderstatus, o_orderpriority, count(*) FROM tpch.orders GROUP BY 1, 2 ORDER BY 1, 2;
SELECT extract(year FROM o_orderdate) AS y, count(*) FROM tpch.orders GROUP BY y ORDER BY y;
SELECT date_trunc('year', o_orderdate) AS y, count(*), avg(o_totalprice) FROM tpch.orders GROUP BY 1 ORDER BY 1;
SELECT l_returnflag, l_linestatus, sum(l_quantity), avg(l_extendedprice), count(*) FROM tpch.lineitem GROUP BY ROLLUP (l_returnflag, l_linestatus) ORDER BY 1, 2;
SELECT n.n_nationkey, n.n_name, r.r_name FROM tpch.nation n JOIN tpch.region r ON r.r_regionkey = n.n_regionkey GROUP BY n.n_nationkey, r.r_regionkey;
SELECT n_nationkey, n_name, count(*) FROM tpch.nation WHERE n_nationkey < 3 GROUP BY n_nationkey;
SELECT count(*), n_regionkey + 1 FROM tpch.nation GROUP BY n_regionkey;
SELECT n_regionkey + n_nationkey FROM tpch.nation GROUP BY n_regionkey;
SELECT upper(n_name) FROM tpch.nation GROUP BY upper(n_name) HAVING length(upper(n_name)) > 10;
SELECT n_regionkey, count(DISTINCT n_name), count(*) FILTER (WHERE n_name < 'J') FROM tpch.nation GROUP BY 1;
SELECT (SELECT max(n_nationkey) FROM tpch.nation) AS m, n_regionkey FROM tpch.nation GROUP BY n_regionkey;
SELECT n_regionkey, array_agg(n_nationkey ORDER BY n_nationkey) FROM tpch.nation GROUP BY 1 ORDER BY 1;
SELECT n_regionkey, string_agg(n_name, '|' ORDER BY n_name DESC) FROM tpch.nation GROUP BY 1 ORDER BY 1;
SELECT GROUP BY 1;
SELECT 1 GROUP BY ();
SELECT 1 AS x GROUP BY x;
SELECT 'a' GROUP BY 'a';

-- expressions that only their casts tell apart

SELECT x, x::text FROM (VALUES (1)) t(x) GROUP BY x, x::text;
SELECT x::int8, x::text FROM (VALUES (1)) t(x) GROUP BY x::int8, x::text;
SELECT x::date AS day, x, count(*), max(x::date) FROM (VALUES (timestamp '2024-01-01 12:00'), (timestamp '2024-01-01 13:00')) t(x) GROUP BY day, x ORDER BY day, x;
SELECT x::date, date_trunc('hour', x), count(*) FROM (VALUES (timestamp '2024-01-01 12:00'), (timestamp '2024-01-01 13:00')) t(x) GROUP BY 1, 2 ORDER BY x::date, 2 DESC;
SELECT date_trunc('month', o_orderdate)::date AS m, date_trunc('month', o_orderdate), count(*) FROM tpch.orders GROUP BY 1, 2 ORDER BY 1 LIMIT 2;
SELECT x, x::text FROM (VALUES (1), (2)) t(x) GROUP BY ROLLUP (x, x::text) ORDER BY 1, 2;
SELECT x::int, x::text FROM (VALUES (1), (2)) t(x) GROUP BY CUBE (x::int, x::text) HAVING x::int > 1 OR x::text = '1' ORDER BY x::int, x::text;
SELECT n_regionkey, n_regionkey::text, count(*) FROM tpch.nation GROUP BY n_regionkey, n_regionkey::text HAVING n_regionkey::text > '2' ORDER BY n_regionkey::text;
SELECT upper(x::text), x::text, x FROM (VALUES (1)) t(x) GROUP BY x, x::text, upper(x::text);
SELECT x::varchar(1), x::varchar(2) FROM (VALUES ('abc')) t(x) GROUP BY x::varchar(1), x::varchar(2);
SELECT t.x, t.x::int % 2 = 0 AS even, sum(t.x::int) FROM (VALUES ('1'), ('2')) t(x) GROUP BY t.x, t.x::int % 2 = 0 ORDER BY 1;

-- types without equality

SELECT j FROM (VALUES (json '1')) t(j) GROUP BY j;
SELECT DISTINCT j FROM (VALUES (json '1')) t(j);
SELECT DISTINCT ON (j) j FROM (VALUES (json '1')) t(j);
SELECT count(DISTINCT j) FROM (VALUES (json '1')) t(j);
SELECT array_agg(j ORDER BY j) FROM (VALUES (json '1')) t(j);
SELECT j FROM (VALUES (json '1')) t(j) UNION ALL SELECT j FROM (VALUES (json '1')) t(j);
SELECT x FROM (VALUES (xid '1')) t(x) GROUP BY x;
SELECT relacl FROM pg_class GROUP BY relacl LIMIT 0;

-- Rows as keys
SELECT count(*) FROM tpch.region r GROUP BY r.*;
SELECT row_to_json(r)::text, count(*) FROM tpch.region r JOIN tpch.nation ON n_regionkey = r_regionkey GROUP BY r.* ORDER BY 1;
SELECT r, count(*) FROM tpch.region r GROUP BY r.* ORDER BY r LIMIT 2;
SELECT n.n_name, row_to_json(r) FROM tpch.nation n LEFT JOIN tpch.region r ON r.r_regionkey = n.n_regionkey AND r.r_name = 'ASIA' GROUP BY n.n_name, r.* ORDER BY 1 LIMIT 3;
