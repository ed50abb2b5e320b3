-- over nothing, over NULLs, over rows
SELECT count(*);
SELECT count(*), sum(1), max(1);
SELECT sum(x) FROM (VALUES (NULL::int)) t(x);
SELECT count(x), sum(x), avg(x), min(x), max(x) FROM (VALUES (1)) t(x) WHERE false;
SELECT count(*) FROM tpch.nation;
SELECT count(n_comment) FROM tpch.nation;
SELECT count(DISTINCT n_regionkey) FROM tpch.nation;
SELECT count(DISTINCT (n_regionkey, n_name)) FROM tpch.nation;
SELECT count(nope) FROM tpch.nation;
SELECT count() FROM tpch.nation;
SELECT sum(n_nationkey), avg(n_nationkey), min(n_nationkey), max(n_nationkey) FROM tpch.nation;
SELECT sum(DISTINCT n_regionkey), avg(DISTINCT n_regionkey) FROM tpch.nation;
SELECT sum(n_name) FROM tpch.nation;
SELECT avg(true);
SELECT max(n_name), min(n_name) FROM tpch.nation;
SELECT max(true);
SELECT min(o_orderdate), max(o_orderdate) FROM tpch.orders;
SELECT count(*) FILTER (WHERE n_regionkey = 1) FROM tpch.nation;
SELECT sum(n_nationkey) FILTER (WHERE n_regionkey > 1), count(*) FROM tpch.nation;
SELECT string_agg(n_name, ', ' ORDER BY n_name) FROM tpch.nation WHERE n_regionkey = 0;
SELECT array_agg(n_nationkey ORDER BY n_nationkey DESC) FROM tpch.nation WHERE n_regionkey = 0;
SELECT array_agg(n_name ORDER BY n_name) FILTER (WHERE n_nationkey < 3) FROM tpch.nation;
SELECT array_agg(DISTINCT n_regionkey ORDER BY n_regionkey DESC) FROM tpch.nation;
SELECT bool_and(n_nationkey >= 0), bool_or(n_nationkey > 100), every(n_regionkey < 5) FROM tpch.nation;
SELECT bit_and(n_nationkey), bit_or(n_nationkey), bit_xor(n_nationkey) FROM tpch.nation;
SELECT stddev(n_nationkey), stddev_pop(n_nationkey), stddev_samp(n_nationkey) FROM tpch.nation;
SELECT variance(n_nationkey), var_pop(n_nationkey), var_samp(n_nationkey) FROM tpch.nation;
SELECT corr(n_nationkey, n_regionkey), covar_pop(n_nationkey, n_regionkey), covar_samp(n_nationkey, n_regionkey) FROM tpch.nation;
SELECT regr_slope(n_nationkey, n_regionkey), regr_intercept(n_nationkey, n_regionkey), regr_r2(n_nationkey, n_regionkey), regr_count(n_nationkey, n_regionkey) FROM tpch.nation;
SELECT regr_avgx(n_nationkey, n_regionkey), regr_avgy(n_nationkey, n_regionkey), regr_sxx(n_nationkey, n_regionkey), regr_sxy(n_nationkey, n_regionkey), regr_syy(n_nationkey, n_regionkey) FROM tpch.nation;
SELECT stddev(x) FROM (VALUES (1)) t(x);
SELECT var_pop(x) FROM (VALUES (1)) t(x);
SELECT json_agg(n_nationkey ORDER BY n_nationkey) FROM tpch.nation WHERE n_regionkey = 1;
SELECT any_value(1);
SELECT pg_typeof(count(*)), pg_typeof(sum(1)), pg_typeof(sum(1::int8)), pg_typeof(sum(1::int2)), pg_typeof(avg(1));
SELECT pg_typeof(sum(1.5)), pg_typeof(avg(1.5::float8)), pg_typeof(max('a')), pg_typeof(stddev(1)), pg_typeof(bit_and(1::int2));

-- ordered sets
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY n_name) FROM tpch.nation;
SELECT percentile_cont(1.5) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY o_totalprice) FROM tpch.orders;
SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY x DESC) FROM (VALUES (1), (2), (10)) t(x);
SELECT mode() WITHIN GROUP (ORDER BY n_regionkey) FROM tpch.nation;
SELECT rank(10) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT dense_rank(10) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT percent_rank(10) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT cume_dist(10) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation;
SELECT percentile_cont(0.5) FROM tpch.nation;
SELECT n_regionkey, percentile_cont(0.5) WITHIN GROUP (ORDER BY n_nationkey) FROM tpch.nation GROUP BY 1;

-- misuse
SELECT count(count(*)) FROM tpch.nation;
SELECT n_name, count(*) FROM tpch.nation;
SELECT count(*) FROM tpch.nation WHERE count(*) > 1;
SELECT n_regionkey FROM tpch.nation GROUP BY n_name;
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY 3;
SELECT n_regionkey, count(*) FROM tpch.nation GROUP BY count(*);
SELECT count(DISTINCT *) FROM tpch.nation;
SELECT length(DISTINCT n_name) FROM tpch.nation;
SELECT n_regionkey, max(n_name ORDER BY n_nationkey), min(n_nationkey ORDER BY n_name), avg(n_nationkey ORDER BY n_name) FROM tpch.nation GROUP BY n_regionkey ORDER BY 1;
SELECT n_regionkey, count(n_name ORDER BY n_name), sum(n_nationkey ORDER BY n_name), bool_and(n_nationkey > 0 ORDER BY n_name), bit_or(n_nationkey ORDER BY n_name) FROM tpch.nation GROUP BY n_regionkey ORDER BY 1;
SELECT max(n_name ORDER BY n_nationkey DESC) FILTER (WHERE n_regionkey = 1) FROM tpch.nation;
SELECT sum(DISTINCT n_regionkey ORDER BY n_regionkey) FROM tpch.nation;

-- Casts tell aggregates apart.
SELECT sum(r_regionkey::float8), sum(r_regionkey) FROM tpch.region;
SELECT avg(r_regionkey::float8), avg(r_regionkey), avg(r_regionkey::numeric(10,2)) FROM tpch.region;
SELECT count(DISTINCT r_regionkey::text), count(DISTINCT r_regionkey), count(DISTINCT (r_regionkey + 1)::text), count(DISTINCT r_regionkey + 1) FROM tpch.region;
SELECT max(r_name), max(r_name::varchar(3)), min(r_regionkey::text), min(r_regionkey) FROM tpch.region;
SELECT string_agg(r_regionkey::text, ',' ORDER BY r_regionkey), string_agg(r_name, ',' ORDER BY r_regionkey) FROM tpch.region;
SELECT count(*) FILTER (WHERE r_regionkey::text > '1'), count(*) FILTER (WHERE r_regionkey > 1) FROM tpch.region;
SELECT n_regionkey, sum(n_nationkey), sum(n_nationkey::float8) FROM tpch.nation GROUP BY n_regionkey HAVING sum(n_nationkey::float8) > 40 ORDER BY sum(n_nationkey::float8) DESC, 1;
SELECT n_nationkey, sum(n_nationkey) OVER (ORDER BY n_nationkey), sum(n_nationkey::float8) OVER (ORDER BY n_nationkey) FROM tpch.nation ORDER BY 1 LIMIT 3;
SELECT array_agg(r_regionkey::text ORDER BY r_regionkey), array_agg(r_regionkey ORDER BY r_regionkey), bool_and(r_regionkey::int4::bool), bool_or(r_regionkey > 1) FROM tpch.region;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY r_regionkey::float8), percentile_disc(0.5) WITHIN GROUP (ORDER BY r_regionkey), mode() WITHIN GROUP (ORDER BY r_regionkey::text) FROM tpch.region;
SELECT avg(r_regionkey::numeric(10,2)), avg(r_regionkey::numeric(10,2) + 1), stddev(r_regionkey::numeric(4,1)) FROM tpch.region;
SELECT r_name::varchar(2), avg(r_regionkey::numeric(10,2)) FROM tpch.region GROUP BY 1 ORDER BY 1;
-- groups of values cast to types of their own
SELECT count(DISTINCT r_name::varchar), max(r_name::varchar) FROM tpch.region;
SELECT array_agg(DISTINCT r_name::varchar(2) ORDER BY r_name::varchar(2)) FROM tpch.region;
SELECT r_name::varchar(1), count(*) FROM tpch.region GROUP BY 1 ORDER BY 1;
SELECT g, min(c), max(c) FROM (VALUES (0, 'NaN'::float8), (0, 0.1), (0, 2), (1, 1), (1, 'NaN'), (2, 'Infinity'), (3, '-Infinity')) t (g, c) GROUP BY g ORDER BY g;
SELECT g, min(c), max(c) FROM (VALUES (0, 'NaN'::float4), (0, 0.5), (0, 2), (1, 1), (1, 'NaN'), (2, 'Infinity'), (3, '-Infinity')) t (g, c) GROUP BY g ORDER BY g;
SELECT json_agg(DISTINCT c), json_agg(DISTINCT c) FILTER (WHERE c > 5) FROM (VALUES (3), (1), (NULL), (2), (3), (10)) t (c);
SELECT jsonb_agg(DISTINCT c ORDER BY c DESC) FROM (VALUES (3), (1), (NULL), (2), (3), (10)) t (c);
SELECT max(o), min(o), pg_typeof(max(o)) FROM (VALUES (3::oid), (1::oid)) t (o);

-- aggregates that only casts in their arguments tell apart

SELECT sum(x::int8), sum(x::int2) FROM (VALUES (1)) t(x);
SELECT sum(x + 1), sum(x + 1::int8) FROM (VALUES (1)) t(x);
SELECT max(x), max(x::text), min(x::float8) FROM (VALUES (1), (2)) t(x);
SELECT count(DISTINCT x::date), count(DISTINCT x) FROM (VALUES (timestamp '2024-01-01 12:00'), (timestamp '2024-01-01 13:00')) t(x);
SELECT count(x), count(x::text), count(x::int), count(DISTINCT x::text), array_agg(x::text), array_agg(x) FROM (VALUES (1), (2)) t(x);
SELECT coalesce(sum(n_regionkey), 0), coalesce(sum(n_regionkey::int), 0) FROM tpch.nation;
SELECT avg(n_regionkey), avg(n_regionkey::float8) FROM tpch.nation;
SELECT min(n_name), min(n_name::varchar(3)), min(n_name COLLATE "C") FROM tpch.nation;
SELECT min(o_orderdate), min(o_orderdate::text), max(o_orderdate::timestamp) FROM tpch.orders;
SELECT (SELECT max(x) + max(x::int8) FROM (VALUES (1)) t(x)), max(y), max(y::text) FROM (VALUES (2)) u(y);

-- the types of min and max, and NaN in groups

SELECT max(x), min(x), pg_typeof(max(x)) FROM (VALUES (oid '1259'), (oid '1')) t(x);
SELECT pg_typeof(max(x::regclass)) FROM (VALUES (oid '1259')) t(x);
SELECT max(x), min(x), pg_typeof(max(x)) FROM (VALUES ('a'::char(3)), ('b'::char(3))) t(x);
SELECT max(x) || '|', pg_typeof(max(x)) FROM (VALUES ('a'::varchar(3)), ('b'::varchar(3))) t(x);
SELECT pg_typeof(max(relname)), pg_typeof(max(relkind)) FROM pg_class;
SELECT k, max(x), min(x) FROM (VALUES (1, 'NaN'::float8), (1, 1), (2, 2), (2, NULL), (3, NULL)) t(k, x) GROUP BY k ORDER BY k;
SELECT k, max(x), min(x) FROM (VALUES (1, 'NaN'::float4), (1, 1), (2, 2)) t(k, x) GROUP BY k ORDER BY k;
SELECT max(j) FROM (VALUES (json '1')) t(j);
SELECT max(j) FROM (VALUES (jsonb '1')) t(j);
SELECT max(b) FROM (VALUES (true)) t(b);

-- orders of distinct values

SELECT array_agg(DISTINCT n_regionkey ORDER BY n_regionkey), array_agg(DISTINCT n_regionkey ORDER BY n_regionkey DESC) FROM tpch.nation;
SELECT string_agg(DISTINCT left(n_name, 1), ',' ORDER BY left(n_name, 1)), string_agg(DISTINCT left(n_name, 1), ',' ORDER BY left(n_name, 1) DESC) FROM tpch.nation;
SELECT string_agg(n_name, ',' ORDER BY n_nationkey), string_agg(n_name, ',' ORDER BY n_nationkey DESC), array_agg(n_name ORDER BY n_name) FROM tpch.nation;

-- Distinct values of types whose equal values look different
SELECT json_agg(DISTINCT x) FROM (VALUES ('{"b": 1}'::jsonb), ('{"a": 1}'), ('[2]'), (NULL), ('{"a": 1}'), (NULL)) t (x);
SELECT jsonb_agg(DISTINCT x) FILTER (WHERE x IS NOT NULL), count(*), count(DISTINCT x) FROM (VALUES ('1'::jsonb), ('1.0'), ('"a"'), (NULL)) t (x);
SELECT array_agg(DISTINCT x ORDER BY x DESC) FROM (VALUES ('{"a": 1}'::jsonb), ('{"b": 1}'), ('{"a": 1}')) t (x);
SELECT k, array_agg(DISTINCT x), max(k) FROM (VALUES (1, interval '2 days'), (1, '1 day'), (2, '3 days'), (2, '3 days')) t (k, x) GROUP BY k ORDER BY k;
SELECT array_agg(DISTINCT x) FROM (VALUES ('10.0.0.2'::inet), ('9.0.0.1'), ('10.0.0.2')) t (x);
SELECT array_agg(DISTINCT x) FROM (SELECT '{}'::jsonb AS x WHERE false) t;
SELECT array_agg(x ORDER BY x), array_agg(x ORDER BY x DESC) FROM (VALUES ('10'::jsonb), ('9'), ('"a"'), ('[1]'), ('{"a": 1}'), ('true')) t (x);
SELECT json_agg(DISTINCT row_to_json(r)::jsonb || jsonb_build_object('n', r_regionkey % 2)) FILTER (WHERE r_regionkey < 3) FROM tpch.region r;
SELECT row_number() OVER (ORDER BY x), x FROM (VALUES ('10'::jsonb), ('9'), ('"a"')) t (x) ORDER BY x, interval '1 day';
SELECT string_agg(n_name, n_regionkey::text ORDER BY n_name), string_agg(n_name, '-' || n_regionkey ORDER BY n_nationkey DESC) FROM tpch.nation;
SELECT n_regionkey, string_agg(n_name, CASE WHEN n_nationkey > 10 THEN '>' ELSE NULL END ORDER BY n_nationkey) FROM tpch.nation GROUP BY 1 ORDER BY 1;
SELECT string_agg(NULL::text, n_name), string_agg(n_name, n_comment) FILTER (WHERE false) FROM tpch.nation;
SELECT string_agg(DISTINCT n_name, n_regionkey::text ORDER BY n_name), string_agg(DISTINCT n_regionkey::text, n_regionkey::text) FROM tpch.nation;
SELECT string_agg(x, d ORDER BY x) FROM (VALUES ('\x01'::bytea, '\xff'::bytea), ('\x02', '\x00'), (NULL, '\x05'), ('\x03', NULL)) t(x, d);
SELECT string_agg(n_name, n_nationkey) FROM tpch.nation;
SELECT nullif(1::int2, 2::int8), nullif(10, n_nationkey), nullif(1.5, 1.50), sum(nullif(7, n_nationkey)) OVER () FROM tpch.nation ORDER BY 2 LIMIT 1;
SELECT string_agg(n_name, ',' ORDER BY n_nationkey), string_agg(n_name, ',' ORDER BY n_regionkey, n_name DESC), string_agg(n_name, ';' ORDER BY n_name DESC) FROM tpch.nation WHERE n_nationkey < 6;
SELECT n_regionkey, string_agg(n_name, ',' ORDER BY n_nationkey), string_agg(n_name, ',' ORDER BY n_name DESC), array_agg(n_nationkey ORDER BY n_name), count(DISTINCT n_name) FROM tpch.nation GROUP BY 1 ORDER BY 1;
SELECT string_agg(n_name, ',' ORDER BY n_nationkey), string_agg(DISTINCT n_regionkey::text, ','), first_value(n_name) OVER (ORDER BY max(n_nationkey)) FROM tpch.nation GROUP BY n_name ORDER BY 1 LIMIT 2;
SELECT min(o_orderdate), max(o_orderdate::timestamp), max(o_custkey + 1), min(o_comment) FROM tpch.orders;
SELECT max(l_orderkey), min(l_orderkey + 1), max(l_shipdate - 1) FROM tpch.lineitem;
PREPARE ends AS SELECT min(o_orderdate), max(o_orderdate::timestamp), max(o_custkey), min(o_totalprice) FROM tpch.orders;
EXECUTE ends;
EXECUTE ends;
EXECUTE ends;
DEALLOCATE ends;
SELECT bool_or(n_nationkey IN (SELECT r_regionkey FROM tpch.region)), bool_or(n_regionkey IN (SELECT r_regionkey FROM tpch.region)) FROM tpch.nation;
SELECT n_regionkey, bool_or(n_nationkey IN (SELECT 1)), bool_or(n_nationkey IN (SELECT 2)) FROM tpch.nation GROUP BY 1 ORDER BY 1;
SELECT max((SELECT 1)), max((SELECT 2));
SELECT bool_or(EXISTS (SELECT 1)), bool_or(EXISTS (SELECT 1 FROM tpch.region WHERE r_regionkey = n_nationkey)), bool_and(NOT EXISTS (SELECT 1 FROM tpch.region WHERE r_regionkey = n_nationkey)) FROM tpch.nation;
SELECT sum((SELECT r_regionkey FROM tpch.region WHERE r_regionkey = n_regionkey)), sum((SELECT r_regionkey FROM tpch.region WHERE r_regionkey = n_nationkey)) FROM tpch.nation;
SELECT count(*) FILTER (WHERE n_nationkey IN (SELECT r_regionkey FROM tpch.region)), count(*) FILTER (WHERE n_nationkey NOT IN (SELECT r_regionkey FROM tpch.region)) FROM tpch.nation;
SELECT length(string_agg(r_name, ',' ORDER BY r_name)), octet_length(string_agg(r_name, ',')), strpos(string_agg(r_name, ',' ORDER BY r_name), 'ASIA'), position('E' in string_agg(r_name, ',' ORDER BY r_name)), char_length(string_agg(r_name, '')) FROM tpch.region;
-- Sums leave the range of double precision each by itself.
SELECT g, sum(x) FROM (VALUES (1, 'inf'::float8), (2, 1e308), (2, 1e308)) t(g, x) GROUP BY g;
SELECT g, sum(x) FROM (VALUES (1, 'inf'::float8), (2, 1e308), (2, 1), (3, '-0'), (4, 'nan'), (5, NULL)) t(g, x) GROUP BY g ORDER BY g;
SELECT sum(x) FROM (VALUES (1e308::float8), (1e308), ('inf')) t(x);
SELECT sum(x) FROM (VALUES ('inf'::float8), (1e308), (1e308)) t(x);
