-- select lists and names
SELECT 1 AS a, 2 "B", 3 c;
SELECT 1 AS "a b", 'x' AS "é";
SELECT 1 AS select;
SELECT 1 AS "select";
SELECT 1 value;
SELECT 1, 1, 'a', 'a';
SELECT n_name, n_name FROM tpch.nation WHERE n_nationkey = 0;
SELECT *, n_name FROM tpch.nation WHERE n_nationkey = 0;
SELECT nation.* FROM tpch.nation WHERE n_nationkey = 0;
SELECT tpch.nation.* FROM tpch.nation WHERE n_nationkey = 0;
SELECT n.n_name AS name FROM tpch.nation AS n WHERE n.n_nationkey = 0;
SELECT N_NAME FROM TPCH.NATION WHERE n_nationkey = 0;
SELECT "n_name" FROM "tpch"."nation" WHERE "n_nationkey" = 0;
SELECT "N_NAME" FROM tpch.nation;
SELECT n_name FROM nation WHERE n_nationkey = 0;
SELECT n_name FROM tpch.tpch.nation WHERE n_nationkey = 0;
SELECT n_name FROM nope.tpch.nation;
SELECT n_name FROM ONLY tpch.nation WHERE n_nationkey = 0;
SELECT n_name FROM tpch.nation AS n(a, b) WHERE a = 0;
SELECT a, b FROM tpch.nation AS n(a, b) WHERE a = 0;
SELECT FROM tpch.nation;
SELECT * FROM tpch.region WHERE r_regionkey = 1;
SELECT;
SELECT FROM tpch.region;
SELECT now() = now() AS same, upper('a'), count(*), 1 + 1, 'x' || 'y', -1, NOT true;
SELECT 'a'::text, 1::int8, CAST(1 AS int2), true, NULL, ARRAY[1], (SELECT 1), CASE WHEN true THEN 1 END, coalesce(1), date '2026-03-01';
SELECT (1 + 2), (n_name), n_name::varchar, extract(year FROM now()) > 0 FROM tpch.nation LIMIT 1;
SELECT trim(' a '), substring('abc' from 1 for 1), position('a' in 'a'), overlay('a' placing 'b' from 1), nullif(1, 2), greatest(1, 2), current_date IS NULL;
SELECT CASE WHEN true THEN n_name END, coalesce(n_name, ''), n_name || '' FROM tpch.nation WHERE n_nationkey = 0;
SELECT interval '1 day', timestamp '2026-03-01', ROW(1), EXISTS (SELECT 1), 1 IN (1), 1 BETWEEN 0 AND 2, 'a' LIKE 'a';
SELECT current_user, session_user, current_schema, current_catalog;
SELECT pg_catalog.upper('a'), tpch.nation.n_name FROM tpch.nation WHERE n_nationkey = 0;

-- where, order, limit
SELECT n_name FROM tpch.nation WHERE n_regionkey = 1 AND n_nationkey > 2 OR n_name = 'CHINA';
SELECT n_name FROM tpch.nation ORDER BY n_name LIMIT 3;
SELECT n_name FROM tpch.nation ORDER BY n_name DESC LIMIT 3;
SELECT n_name FROM tpch.nation ORDER BY n_name OFFSET 22;
SELECT n_name FROM tpch.nation ORDER BY n_name LIMIT 2 OFFSET 3;
SELECT n_name FROM tpch.nation ORDER BY n_name OFFSET 3 LIMIT 2;
SELECT n_name FROM tpch.nation ORDER BY n_name OFFSET 3 ROWS FETCH FIRST 2 ROWS ONLY;
SELECT n_name FROM tpch.nation ORDER BY n_name FETCH FIRST ROW ONLY;
SELECT n_name FROM tpch.nation ORDER BY n_name FETCH NEXT 2 ROWS ONLY;
SELECT n_regionkey FROM tpch.nation ORDER BY n_regionkey FETCH FIRST 1 ROW WITH TIES;
SELECT n_name FROM tpch.nation LIMIT 0;
SELECT count(*) FROM (SELECT 1 FROM tpch.nation LIMIT ALL) t;
SELECT count(*) FROM (SELECT 1 FROM tpch.nation LIMIT NULL) t;
SELECT n_name FROM tpch.nation ORDER BY n_name LIMIT 1 + 1;
SELECT n_name FROM tpch.nation ORDER BY n_name LIMIT '2';
SELECT n_name FROM tpch.nation LIMIT 'a';
SELECT n_name FROM tpch.nation LIMIT -1;
SELECT n_name FROM tpch.nation OFFSET -1;
SELECT n_name FROM tpch.nation ORDER BY n_name LIMIT 1.5;
SELECT n_name FROM tpch.nation LIMIT n_nationkey;
SELECT n_name, n_regionkey FROM tpch.nation ORDER BY 2 DESC, 1;
SELECT n_name FROM tpch.nation ORDER BY n_regionkey, n_nationkey DESC;
SELECT n_name AS x FROM tpch.nation ORDER BY x LIMIT 2;
SELECT n_name AS n_regionkey FROM tpch.nation ORDER BY n_regionkey LIMIT 2;
SELECT n_name FROM tpch.nation ORDER BY length(n_name), n_name LIMIT 4;
SELECT n_name FROM tpch.nation ORDER BY 3;
SELECT n_name FROM tpch.nation ORDER BY 'a';
SELECT n_name AS x FROM tpch.nation ORDER BY x || 'a' LIMIT 1;
SELECT x FROM (VALUES (1), (NULL), (2)) t(x) ORDER BY x;
SELECT x FROM (VALUES (1), (NULL), (2)) t(x) ORDER BY x DESC;
SELECT x FROM (VALUES (1), (NULL), (2)) t(x) ORDER BY x NULLS FIRST;
SELECT x FROM (VALUES (1), (NULL), (2)) t(x) ORDER BY x DESC NULLS LAST;
SELECT x FROM (VALUES (1), (NULL), (2)) t(x) ORDER BY x ASC NULLS LAST;
SELECT x, y FROM (VALUES (1, 'b'), (1, 'a'), (0, 'c')) t(x, y) ORDER BY x, y DESC;
SELECT n_name FROM tpch.nation WHERE n_nationkey = 0 FOR UPDATE;
SELECT n_name FROM tpch.nation WHERE n_nationkey = 0 FOR SHARE OF nation;
SELECT n_name FROM tpch.nation WHERE n_nationkey = 0 FOR UPDATE NOWAIT;
SELECT count(*) FROM tpch.nation TABLESAMPLE SYSTEM (100);
SELECT count(*) FROM tpch.nation TABLESAMPLE BERNOULLI (100) REPEATABLE (1);
SELECT n_name FROM tpch.nation WHERE n_nationkey = ANY ('{1,2}'::int[]);
SELECT n_name FROM tpch.nation WHERE n_name IN ('FRANCE', 'CHINA');
SELECT n_name FROM tpch.nation WHERE n_name BETWEEN 'C' AND 'F';
SELECT n_name FROM tpch.nation WHERE NOT (n_regionkey = 1 OR n_regionkey = 2) AND n_nationkey < 6;
SELECT n_name FROM tpch.nation WHERE true AND n_nationkey < 2;
SELECT n_name FROM tpch.nation WHERE NULL;
SELECT n_name FROM tpch.nation WHERE n_nationkey < 2 -- a comment;
SELECT n_name /* inside */ FROM tpch.nation WHERE /* nested /* twice */ */ n_nationkey < 2;
SELECT ctid IS NOT NULL FROM tpch.nation WHERE n_nationkey = 1;
SELECT tableoid = 'tpch.nation'::regclass FROM tpch.nation WHERE n_nationkey = 1;
SELECT xmin IS NOT NULL FROM tpch.nation WHERE n_nationkey = 1;
SELECT tableoid::regclass FROM tpch.nation WHERE n_nationkey = 1;

-- row values
SELECT n_name FROM tpch.nation WHERE (n_nationkey, n_regionkey) = (1, 1);
SELECT n_name FROM tpch.nation WHERE (n_regionkey, n_nationkey) > (3, 20);
SELECT n_name FROM tpch.nation WHERE (n_nationkey, n_regionkey) IN ((1, 1), (2, 1), (3, 9));
SELECT n_name FROM tpch.nation WHERE (n_nationkey, n_name) NOT IN ((1, 'x')) AND n_nationkey < 2;
SELECT n_name FROM tpch.nation WHERE ROW(n_nationkey, n_regionkey) <> ROW(1, 1) AND n_nationkey < 3;

-- names beside a star

SELECT * FROM (SELECT *, row_number() OVER (ORDER BY r_name) AS rn FROM tpch.region) t WHERE rn = 1;
SELECT *, r_regionkey + 1 AS s FROM tpch.region ORDER BY s DESC LIMIT 1;
SELECT s FROM (SELECT r.*, r_regionkey + 1 AS s FROM tpch.region r) x ORDER BY s DESC LIMIT 1;
SELECT *, upper(r_name) AS r_name FROM tpch.region ORDER BY 1 LIMIT 1;
WITH t AS (SELECT *, 1 AS one FROM tpch.region) SELECT one, count(*) FROM t GROUP BY one;
SELECT x.one FROM (SELECT *, 1 AS one, 2 AS two FROM generate_series(1, 2)) x;
SELECT *, n_name AS nn FROM tpch.region r JOIN tpch.nation n ON n_regionkey = r_regionkey ORDER BY nn LIMIT 1;
SELECT *, k + 1 AS k FROM (VALUES (1)) a(k) JOIN (VALUES (1)) b(k) USING (k);
SELECT t.a FROM (SELECT 1 AS a, 2 AS a) t;
WITH t AS (SELECT 1 AS a, 2 AS a) SELECT a FROM t;

-- names of outputs in ORDER BY and HAVING

SELECT -n_nationkey AS n_nationkey FROM tpch.nation ORDER BY n_nationkey + 1 LIMIT 1;
SELECT -n_nationkey AS n_nationkey FROM tpch.nation ORDER BY n_nationkey LIMIT 1;
SELECT -n_nationkey AS n_nationkey, count(*) FROM tpch.nation GROUP BY n_nationkey HAVING n_nationkey > 22 ORDER BY 1;
SELECT n_regionkey % 2 AS n_regionkey, count(*) FROM tpch.nation GROUP BY n_regionkey ORDER BY 1, 2;

-- clauses said in others

SELECT n_name FROM tpch.nation ORDER BY n_regionkey, n_name OFFSET 3 FETCH FIRST 2 ROWS WITH TIES;
SELECT count(*), min(c) FROM (SELECT n_regionkey, count(*) AS c FROM tpch.nation GROUP BY 1 ORDER BY 2 FETCH FIRST ROW WITH TIES) t;
SELECT 1 FETCH FIRST 1 ROWS WITH TIES;
SELECT count(*) FROM tpch.nation TABLESAMPLE BERNOULLI (0);
SELECT count(*) FROM tpch.nation TABLESAMPLE SYSTEM (101);
SELECT a, b, n_regionkey FROM tpch.nation AS n(a, b) WHERE a = 0;
WITH t(a) AS (SELECT 1, 2 AS b) SELECT b FROM t u(x);
SELECT 1 FROM (SELECT 1) t(a, b);
SELECT n_name FROM tpch.nation ORDER BY n_name LIMIT (SELECT 2);
SELECT n_name FROM tpch.nation GROUP BY ALL n_name ORDER BY 1 LIMIT 1;
SELECT n_regionkey FROM tpch.nation GROUP BY n_regionkey, () ORDER BY 1;
SELECT 1 FROM tpch.nation HAVING true;
SELECT 1 WHERE 'yes' AND NOT 'f';
SELECT true AND 'nope';
SELECT sum(x) OVER (w PARTITION BY x) FROM (VALUES (1), (2)) t(x) WINDOW w AS (ORDER BY x);
SELECT sum(x) OVER (ORDER BY x ROWS NULL PRECEDING) FROM (VALUES (1), (2)) t(x);
-- columns of tables in ORDER BY, beside outputs called like them
SELECT n_nationkey::text FROM tpch.nation n ORDER BY n.n_nationkey LIMIT 12;
SELECT 5 - n_regionkey AS n_regionkey, n_name FROM tpch.nation n ORDER BY n.n_regionkey, n_regionkey DESC, n.n_name LIMIT 7;
SELECT x.n_name FROM (SELECT lower(n.n_name) AS n_name FROM tpch.nation n ORDER BY n.n_nationkey DESC LIMIT 3) x ORDER BY 1;
SELECT array(SELECT n.n_name || '!' AS n_name FROM tpch.nation n ORDER BY n.n_name DESC LIMIT 2);
WITH w AS (SELECT max(n.n_name) AS n_regionkey FROM tpch.nation n GROUP BY n.n_regionkey ORDER BY n.n_regionkey LIMIT 2) SELECT * FROM w ORDER BY 1;
SELECT count(*) AS n_regionkey FROM tpch.nation n GROUP BY n.n_regionkey ORDER BY n.n_regionkey;
SELECT (SELECT upper(n.n_name) AS n_name FROM tpch.nation n ORDER BY n.n_name LIMIT 1) AS v;
SELECT n_name FROM tpch.nation WHERE n_name IN (SELECT upper(n.n_name) AS n_name FROM tpch.nation n ORDER BY n.n_name LIMIT 2) ORDER BY 1;

-- distinct outputs in the order of their expressions

SELECT DISTINCT upper(n_name) FROM tpch.nation ORDER BY upper(n_name) LIMIT 1;
SELECT DISTINCT n_regionkey + 1 FROM tpch.nation ORDER BY n_regionkey + 1 DESC LIMIT 1;
SELECT DISTINCT n_regionkey::int AS k FROM tpch.nation ORDER BY n_regionkey::int LIMIT 1;
SELECT DISTINCT date_trunc('month', o_orderdate)::date FROM tpch.orders ORDER BY date_trunc('month', o_orderdate)::date LIMIT 1;
SELECT DISTINCT n_regionkey::text, n_name FROM tpch.nation ORDER BY n_regionkey::text, n_name LIMIT 1;
SELECT DISTINCT n_regionkey % 2, n_regionkey FROM tpch.nation ORDER BY n_regionkey % 2 DESC, n_regionkey;
SELECT n_name FROM tpch.nation ORDER BY 1 FETCH FIRST (1 + 1) ROWS ONLY;
SELECT n_name FROM tpch.nation ORDER BY 1 OFFSET (1) ROWS FETCH NEXT (SELECT 2) ROW ONLY;
SELECT n_name FROM tpch.nation ORDER BY 1 OFFSET 2 ROWS FETCH NEXT '2' ROWS ONLY;
(SELECT n_name FROM tpch.nation ORDER BY 1 FETCH FIRST (1) ROW ONLY) UNION ALL SELECT 'x';
SELECT 1 FETCH FIRST (-1) ROWS ONLY;
SELECT 1 FETCH FIRST (NULL) ROWS ONLY;
VALUES (timestamp(0) '2020-01-01 00:00:01.5'), ('2020-01-01 00:00:02.25');
VALUES (time(0) '00:00:01.5'), ('00:00:02.25');
VALUES (interval(0) '1.5 s'), ('2.25 s');
VALUES ('a'::char(3)), ('b');
VALUES ('a'::char(3)), (NULL), ('b'::char(3));
VALUES ('a'::char(3)), ('b'::char(5));
VALUES ('a'::char(3)), ('b'::text);
VALUES ('a'::varchar(3)), ('b'::char(5));
VALUES (B'101'::bit(3)), ('11');
VALUES (B'101'::varbit(3)), ('11111');
SELECT ARRAY['a'::char(3), 'bcccccc']::text, ARRAY['a'::varchar(3), 'bcccccc'];
SELECT ARRAY[timestamp(0) '2020-01-01 00:00:01.5', '2020-01-01 00:00:02.25'];
SELECT;
SELECT WHERE false;
SELECT count(*) FROM (SELECT) t;
SELECT EXISTS (SELECT WHERE false), EXISTS (SELECT);
SELECT small, (medium + id) / small FROM kinds.kinds WHERE small <> 0 AND small < 100 ORDER BY 1;
SELECT r_regionkey, (length(r_name) + length(r_comment)) / r_regionkey FROM tpch.region WHERE r_regionkey > 0 ORDER BY 1;
SELECT count(*) FROM tpch.customer WHERE c_custkey <> 1 AND (c_nationkey + c_acctbal) / (c_custkey - 1) > 0;
SELECT count(*) FROM (SELECT c_custkey, (c_nationkey + c_acctbal) / (c_custkey - 1) AS q FROM tpch.customer WHERE c_custkey <> 1) s WHERE q > 0;
SELECT CASE WHEN id < 0 THEN small ELSE large END + 1::int2 FROM kinds.kinds WHERE id < 3 ORDER BY id;
SELECT id, label::int FROM kinds.kinds WHERE label ~ '^[0-9]+$' ORDER BY 1;
SELECT DISTINCT ON (n_regionkey) n_regionkey, to_jsonb(n_nationkey) FROM tpch.nation ORDER BY 1, 2 DESC;
SELECT DISTINCT ON (k) k, i FROM (VALUES (1, interval '30 days'), (1, interval '1 mon 1 day'), (2, NULL), (1, interval '720:00:01')) t(k, i) ORDER BY k, i DESC NULLS LAST;
SELECT DISTINCT ON (k) k, a FROM (VALUES (1, '{1,NULL}'::int[]), (1, '{1,2}'), (1, '{0}')) t(k, a) ORDER BY k, a DESC;
SELECT DISTINCT ON (k) k, a FROM (VALUES (1, '10.0.0.1'::inet), (1, '9.0.0.1'::inet)) t(k, a) ORDER BY k, a DESC;
