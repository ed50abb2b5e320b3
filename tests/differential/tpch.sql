-- The 22 queries of the benchmark, then analysts' questions over the same tables.
select
  l_returnflag,
  l_linestatus,
  sum(l_quantity) as sum_qty,
  sum(l_extendedprice) as sum_base_price,
  sum(l_extendedprice * (1 - l_discount)) as sum_disc_price,
  sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) as sum_charge,
  avg(l_quantity) as avg_qty,
  avg(l_extendedprice) as avg_price,
  avg(l_discount) as avg_disc,
  count(*) as count_order
from
  lineitem
where
  l_shipdate <= date '1998-12-01' - interval '90' day
group by
  l_returnflag,
  l_linestatus
order by
  l_returnflag,
  l_linestatus;

select
  s_acctbal,
  s_name,
  n_name,
  p_partkey,
  p_mfgr,
  s_address,
  s_phone,
  s_comment
from
  part,
  supplier,
  partsupp,
  nation,
  region
where
  p_partkey = ps_partkey
  and s_suppkey = ps_suppkey
  and p_size = 15
  and p_type like '%BRASS'
  and s_nationkey = n_nationkey
  and n_regionkey = r_regionkey
  and r_name = 'EUROPE'
  and ps_supplycost = (
    select
      min(ps_supplycost)
    from
      partsupp,
      supplier,
      nation,
      region
    where
      p_partkey = ps_partkey
      and s_suppkey = ps_suppkey
      and s_nationkey = n_nationkey
      and n_regionkey = r_regionkey
      and r_name = 'EUROPE'
  )
order by
  s_acctbal desc,
  n_name,
  s_name,
  p_partkey
limit 100;

select
  l_orderkey,
  sum(l_extendedprice * (1 - l_discount)) as revenue,
  o_orderdate,
  o_shippriority
from
  customer,
  orders,
  lineitem
where
  c_mktsegment = 'BUILDING'
  and c_custkey = o_custkey
  and l_orderkey = o_orderkey
  and o_orderdate < date '1995-03-15'
  and l_shipdate > date '1995-03-15'
group by
  l_orderkey,
  o_orderdate,
  o_shippriority
order by
  revenue desc,
  o_orderdate
limit 10;

select
  o_orderpriority,
  count(*) as order_count
from
  orders
where
  o_orderdate >= date '1993-07-01'
  and o_orderdate < date '1993-07-01' + interval '3' month
  and exists (
    select
      *
    from
      lineitem
    where
      l_orderkey = o_orderkey
      and l_commitdate < l_receiptdate
  )
group by
  o_orderpriority
order by
  o_orderpriority;

select
  n_name,
  sum(l_extendedprice * (1 - l_discount)) as revenue
from
  customer,
  orders,
  lineitem,
  supplier,
  nation,
  region
where
  c_custkey = o_custkey
  and l_orderkey = o_orderkey
  and l_suppkey = s_suppkey
  and c_nationkey = s_nationkey
  and s_nationkey = n_nationkey
  and n_regionkey = r_regionkey
  and r_name = 'ASIA'
  and o_orderdate >= date '1994-01-01'
  and o_orderdate < date '1994-01-01' + interval '1' year
group by
  n_name
order by
  revenue desc;

select
  sum(l_extendedprice * l_discount) as revenue
from
  lineitem
where
  l_shipdate >= date '1994-01-01'
  and l_shipdate < date '1994-01-01' + interval '1' year
  and l_discount between 0.06 - 0.01 and 0.06 + 0.01
  and l_quantity < 24;

select
  supp_nation,
  cust_nation,
  l_year,
  sum(volume) as revenue
from
  (
    select
      n1.n_name as supp_nation,
      n2.n_name as cust_nation,
      extract(year from l_shipdate) as l_year,
      l_extendedprice * (1 - l_discount) as volume
    from
      supplier,
      lineitem,
      orders,
      customer,
      nation n1,
      nation n2
    where
      s_suppkey = l_suppkey
      and o_orderkey = l_orderkey
      and c_custkey = o_custkey
      and s_nationkey = n1.n_nationkey
      and c_nationkey = n2.n_nationkey
      and (
        (n1.n_name = 'FRANCE' and n2.n_name = 'GERMANY')
        or (n1.n_name = 'GERMANY' and n2.n_name = 'FRANCE')
      )
      and l_shipdate between date '1995-01-01' and date '1996-12-31'
  ) as shipping
group by
  supp_nation,
  cust_nation,
  l_year
order by
  supp_nation,
  cust_nation,
  l_year;

select
  o_year,
  sum(case
    when nation = 'BRAZIL' then volume
    else 0
  end) / sum(volume) as mkt_share
from
  (
    select
      extract(year from o_orderdate) as o_year,
      l_extendedprice * (1 - l_discount) as volume,
      n2.n_name as nation
    from
      part,
      supplier,
      lineitem,
      orders,
      customer,
      nation n1,
      nation n2,
      region
    where
      p_partkey = l_partkey
      and s_suppkey = l_suppkey
      and l_orderkey = o_orderkey
      and o_custkey = c_custkey
      and c_nationkey = n1.n_nationkey
      and n1.n_regionkey = r_regionkey
      and r_name = 'AMERICA'
      and s_nationkey = n2.n_nationkey
      and o_orderdate between date '1995-01-01' and date '1996-12-31'
      and p_type = 'ECONOMY ANODIZED STEEL'
  ) as all_nations
group by
  o_year
order by
  o_year;

select
  nation,
  o_year,
  sum(amount) as sum_profit
from
  (
    select
      n_name as nation,
      extract(year from o_orderdate) as o_year,
      l_extendedprice * (1 - l_discount) - ps_supplycost * l_quantity as amount
    from
      part,
      supplier,
      lineitem,
      partsupp,
      orders,
      nation
    where
      s_suppkey = l_suppkey
      and ps_suppkey = l_suppkey
      and ps_partkey = l_partkey
      and p_partkey = l_partkey
      and o_orderkey = l_orderkey
      and s_nationkey = n_nationkey
      and p_name like '%green%'
  ) as profit
group by
  nation,
  o_year
order by
  nation,
  o_year desc;

select
  c_custkey,
  c_name,
  sum(l_extendedprice * (1 - l_discount)) as revenue,
  c_acctbal,
  n_name,
  c_address,
  c_phone,
  c_comment
from
  customer,
  orders,
  lineitem,
  nation
where
  c_custkey = o_custkey
  and l_orderkey = o_orderkey
  and o_orderdate >= date '1993-10-01'
  and o_orderdate < date '1993-10-01' + interval '3' month
  and l_returnflag = 'R'
  and c_nationkey = n_nationkey
group by
  c_custkey,
  c_name,
  c_acctbal,
  c_phone,
  n_name,
  c_address,
  c_comment
order by
  revenue desc
limit 20;

select
  ps_partkey,
  sum(ps_supplycost * ps_availqty) as value
from
  partsupp,
  supplier,
  nation
where
  ps_suppkey = s_suppkey
  and s_nationkey = n_nationkey
  and n_name = 'GERMANY'
group by
  ps_partkey having
    sum(ps_supplycost * ps_availqty) > (
      select
        sum(ps_supplycost * ps_availqty) * 0.0001
      from
        partsupp,
        supplier,
        nation
      where
        ps_suppkey = s_suppkey
        and s_nationkey = n_nationkey
        and n_name = 'GERMANY'
    )
order by
  value desc;

select
  l_shipmode,
  sum(case
    when o_orderpriority = '1-URGENT'
      or o_orderpriority = '2-HIGH'
      then 1
    else 0
  end) as high_line_count,
  sum(case
    when o_orderpriority <> '1-URGENT'
      and o_orderpriority <> '2-HIGH'
      then 1
    else 0
  end) as low_line_count
from
  orders,
  lineitem
where
  o_orderkey = l_orderkey
  and l_shipmode in ('MAIL', 'SHIP')
  and l_commitdate < l_receiptdate
  and l_shipdate < l_commitdate
  and l_receiptdate >= date '1994-01-01'
  and l_receiptdate < date '1994-01-01' + interval '1' year
group by
  l_shipmode
order by
  l_shipmode;

select
  c_count,
  count(*) as custdist
from
  (
    select
      c_custkey,
      count(o_orderkey)
    from
      customer left outer join orders on
        c_custkey = o_custkey
        and o_comment not like '%special%requests%'
    group by
      c_custkey
  ) as c_orders (c_custkey, c_count)
group by
  c_count
order by
  custdist desc,
  c_count desc;

select
  100.00 * sum(case
    when p_type like 'PROMO%'
      then l_extendedprice * (1 - l_discount)
    else 0
  end) / sum(l_extendedprice * (1 - l_discount)) as promo_revenue
from
  lineitem,
  part
where
  l_partkey = p_partkey
  and l_shipdate >= date '1995-09-01'
  and l_shipdate < date '1995-09-01' + interval '1' month;

with revenue (supplier_no, total_revenue) as (
  select
    l_suppkey,
    sum(l_extendedprice * (1 - l_discount))
  from
    lineitem
  where
    l_shipdate >= date '1996-01-01'
    and l_shipdate < date '1996-01-01' + interval '3' month
  group by
    l_suppkey
)
select
  s_suppkey,
  s_name,
  s_address,
  s_phone,
  total_revenue
from
  supplier,
  revenue
where
  s_suppkey = supplier_no
  and total_revenue = (
    select
      max(total_revenue)
    from
      revenue
  )
order by
  s_suppkey;

select
  p_brand,
  p_type,
  p_size,
  count(distinct ps_suppkey) as supplier_cnt
from
  partsupp,
  part
where
  p_partkey = ps_partkey
  and p_brand <> 'Brand#45'
  and p_type not like 'MEDIUM POLISHED%'
  and p_size in (49, 14, 23, 45, 19, 3, 36, 9)
  and ps_suppkey not in (
    select
      s_suppkey
    from
      supplier
    where
      s_comment like '%Customer%Complaints%'
  )
group by
  p_brand,
  p_type,
  p_size
order by
  supplier_cnt desc,
  p_brand,
  p_type,
  p_size;

select
  sum(l_extendedprice) / 7.0 as avg_yearly
from
  lineitem,
  part
where
  p_partkey = l_partkey
  and p_brand = 'Brand#23'
  and p_container = 'MED BOX'
  and l_quantity < (
    select
      0.2 * avg(l_quantity)
    from
      lineitem
    where
      l_partkey = p_partkey
  );

select
  c_name,
  c_custkey,
  o_orderkey,
  o_orderdate,
  o_totalprice,
  sum(l_quantity)
from
  customer,
  orders,
  lineitem
where
  o_orderkey in (
    select
      l_orderkey
    from
      lineitem
    group by
      l_orderkey having
        sum(l_quantity) > 300
  )
  and c_custkey = o_custkey
  and o_orderkey = l_orderkey
group by
  c_name,
  c_custkey,
  o_orderkey,
  o_orderdate,
  o_totalprice
order by
  o_totalprice desc,
  o_orderdate
limit 100;

select
  sum(l_extendedprice* (1 - l_discount)) as revenue
from
  lineitem,
  part
where
  (
    p_partkey = l_partkey
    and p_brand = 'Brand#12'
    and p_container in ('SM CASE', 'SM BOX', 'SM PACK', 'SM PKG')
    and l_quantity >= 1 and l_quantity <= 1 + 10
    and p_size between 1 and 5
    and l_shipmode in ('AIR', 'AIR REG')
    and l_shipinstruct = 'DELIVER IN PERSON'
  )
  or
  (
    p_partkey = l_partkey
    and p_brand = 'Brand#23'
    and p_container in ('MED BAG', 'MED BOX', 'MED PKG', 'MED PACK')
    and l_quantity >= 10 and l_quantity <= 10 + 10
    and p_size between 1 and 10
    and l_shipmode in ('AIR', 'AIR REG')
    and l_shipinstruct = 'DELIVER IN PERSON'
  )
  or
  (
    p_partkey = l_partkey
    and p_brand = 'Brand#34'
    and p_container in ('LG CASE', 'LG BOX', 'LG PACK', 'LG PKG')
    and l_quantity >= 20 and l_quantity <= 20 + 10
    and p_size between 1 and 15
    and l_shipmode in ('AIR', 'AIR REG')
    and l_shipinstruct = 'DELIVER IN PERSON'
  );

select
  s_name,
  s_address
from
  supplier,
  nation
where
  s_suppkey in (
    select
      ps_suppkey
    from
      partsupp
    where
      ps_partkey in (
        select
          p_partkey
        from
          part
        where
          p_name like 'forest%'
      )
      and ps_availqty > (
        select
          0.5 * sum(l_quantity)
        from
          lineitem
        where
          l_partkey = ps_partkey
          and l_suppkey = ps_suppkey
          and l_shipdate >= date '1994-01-01'
          and l_shipdate < date '1994-01-01' + interval '1' year
      )
  )
  and s_nationkey = n_nationkey
  and n_name = 'CANADA'
order by
  s_name;

select
  s_name,
  count(*) as numwait
from
  supplier,
  lineitem l1,
  orders,
  nation
where
  s_suppkey = l1.l_suppkey
  and o_orderkey = l1.l_orderkey
  and o_orderstatus = 'F'
  and l1.l_receiptdate > l1.l_commitdate
  and exists (
    select
      *
    from
      lineitem l2
    where
      l2.l_orderkey = l1.l_orderkey
      and l2.l_suppkey <> l1.l_suppkey
  )
  and not exists (
    select
      *
    from
      lineitem l3
    where
      l3.l_orderkey = l1.l_orderkey
      and l3.l_suppkey <> l1.l_suppkey
      and l3.l_receiptdate > l3.l_commitdate
  )
  and s_nationkey = n_nationkey
  and n_name = 'SAUDI ARABIA'
group by
  s_name
order by
  numwait desc,
  s_name
limit 100;

select
  cntrycode,
  count(*) as numcust,
  sum(c_acctbal) as totacctbal
from
  (
    select
      substring(c_phone from 1 for 2) as cntrycode,
      c_acctbal
    from
      customer
    where
      substring(c_phone from 1 for 2) in
        ('13', '31', '23', '29', '30', '18', '17')
      and c_acctbal > (
        select
          avg(c_acctbal)
        from
          customer
        where
          c_acctbal > 0.00
          and substring(c_phone from 1 for 2) in
            ('13', '31', '23', '29', '30', '18', '17')
      )
      and not exists (
        select
          *
        from
          orders
        where
          o_custkey = c_custkey
      )
  ) as custsale
group by
  cntrycode
order by
  cntrycode;

SELECT count(*) FROM region;
SELECT count(*) FROM nation;
SELECT count(*) FROM supplier;
SELECT count(*) FROM customer;
SELECT count(*) FROM part;
SELECT count(*) FROM partsupp;
SELECT count(*) FROM orders;
SELECT count(*) FROM lineitem;
SELECT * FROM region ORDER BY r_regionkey;
SELECT * FROM nation ORDER BY n_nationkey;
SELECT * FROM supplier WHERE s_suppkey < 5 ORDER BY s_suppkey;
SELECT * FROM customer WHERE c_custkey < 5 ORDER BY c_custkey;
SELECT * FROM part WHERE p_partkey < 5 ORDER BY p_partkey;
SELECT * FROM partsupp WHERE ps_partkey < 3 ORDER BY ps_partkey, ps_suppkey;
SELECT * FROM orders WHERE o_orderkey < 10 ORDER BY o_orderkey;
SELECT * FROM lineitem WHERE l_orderkey < 3 ORDER BY l_orderkey, l_linenumber;
SELECT c_mktsegment, count(*), avg(c_acctbal), min(c_acctbal), max(c_acctbal) FROM customer GROUP BY c_mktsegment ORDER BY 1;
SELECT n_name, count(*) FROM customer JOIN nation ON c_nationkey = n_nationkey GROUP BY n_name ORDER BY 2 DESC, 1 LIMIT 10;
SELECT date_trunc('month', o_orderdate)::date AS month, sum(o_totalprice) AS revenue FROM orders GROUP BY 1 ORDER BY 1;
SELECT extract(year FROM l_shipdate) AS y, extract(quarter FROM l_shipdate) AS q, sum(l_extendedprice) FROM lineitem GROUP BY 1, 2 ORDER BY 1, 2;
SELECT l_shipmode, round(avg(l_quantity), 2), round(sum(l_extendedprice) / 1000, 1) FROM lineitem GROUP BY 1 ORDER BY 1;
SELECT p_brand, count(DISTINCT p_type), sum(p_retailprice) FROM part GROUP BY 1 HAVING count(*) > 70 ORDER BY 1;
SELECT p_size, count(*) FROM part WHERE p_container IN ('SM BOX', 'LG CASE') GROUP BY p_size ORDER BY p_size;
SELECT o_orderpriority, count(*) FILTER (WHERE o_orderstatus = 'F'), count(*) FILTER (WHERE o_orderstatus <> 'F') FROM orders GROUP BY 1 ORDER BY 1;
SELECT c_name, sum(o_totalprice) AS total, rank() OVER (ORDER BY sum(o_totalprice) DESC) FROM customer JOIN orders ON c_custkey = o_custkey GROUP BY c_name ORDER BY total DESC LIMIT 5;
SELECT l_orderkey, sum(l_quantity) AS q FROM lineitem GROUP BY l_orderkey ORDER BY q DESC, l_orderkey LIMIT 10;
SELECT l_receiptdate - l_shipdate AS days, count(*) FROM lineitem GROUP BY 1 ORDER BY 1;
SELECT l_shipdate + 30 AS due, count(*) FROM lineitem WHERE l_orderkey < 20 GROUP BY 1 ORDER BY 1;
SELECT avg(l_receiptdate - l_commitdate), min(l_receiptdate - l_commitdate) FROM lineitem;
SELECT to_char(o_orderdate, 'YYYY-MM') AS m, count(*) FROM orders GROUP BY m ORDER BY m LIMIT 12;
SELECT o_orderdate, count(*) FROM orders WHERE o_orderdate >= date '1998-07-01' GROUP BY 1 ORDER BY 1;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY l_extendedprice), percentile_disc(0.9) WITHIN GROUP (ORDER BY l_extendedprice) FROM lineitem;
SELECT sum(o_totalprice) OVER (PARTITION BY o_custkey ORDER BY o_orderdate, o_orderkey), o_orderkey FROM orders WHERE o_custkey IN (1, 4, 7) ORDER BY o_custkey, o_orderdate, o_orderkey;
SELECT CASE WHEN c_acctbal < 0 THEN 'debt' WHEN c_acctbal < 5000 THEN 'some' ELSE 'rich' END AS class, count(*) FROM customer GROUP BY 1 ORDER BY 1;
SELECT width_bucket(o_totalprice, 0, 500000, 10) AS b, count(*) FROM orders GROUP BY 1 ORDER BY 1;
SELECT floor(c_acctbal / 1000) * 1000 AS bin, count(*) FROM customer GROUP BY 1 ORDER BY 1;
SELECT split_part(c_phone, '-', 1) AS code, count(*) FROM customer GROUP BY 1 ORDER BY 1;
SELECT substring(c_phone from 1 for 2)::int AS code, sum(c_acctbal) FROM customer GROUP BY 1 ORDER BY 1;
SELECT s_name FROM supplier WHERE s_comment ~* 'customer.*complaints' ORDER BY 1;
SELECT count(*) FROM customer c WHERE NOT EXISTS (SELECT 1 FROM orders WHERE o_custkey = c.c_custkey);
SELECT o_orderdate::timestamp, o_orderdate::timestamptz, o_totalprice::float8, o_totalprice::text FROM orders WHERE o_orderkey < 5 ORDER BY o_orderkey;
SELECT json_build_object('key', o_orderkey, 'total', o_totalprice, 'date', o_orderdate) FROM orders WHERE o_orderkey < 5 ORDER BY o_orderkey;
SELECT row_to_json(r) FROM region r ORDER BY r_regionkey;
SELECT n_regionkey, json_agg(json_build_object('n', n_name) ORDER BY n_name) FROM nation GROUP BY 1 ORDER BY 1;
SELECT o_custkey, array_agg(o_orderkey ORDER BY o_orderkey), string_agg(o_orderstatus, '' ORDER BY o_orderkey) FROM orders WHERE o_custkey < 8 GROUP BY 1 ORDER BY 1;
SELECT round(corr(l_quantity, l_extendedprice)::numeric, 9), round(regr_slope(l_extendedprice, l_quantity)::numeric, 3) FROM lineitem;
SELECT stddev(o_totalprice), variance(o_totalprice) FROM orders;
SELECT d::date, count(o_orderkey) FROM generate_series('1998-07-28'::date, '1998-08-02'::date, '1 day') d LEFT JOIN orders ON o_orderdate = d GROUP BY d ORDER BY d;
SELECT l_returnflag, l_linestatus, grouping(l_returnflag, l_linestatus), count(*) FROM lineitem GROUP BY CUBE (l_returnflag, l_linestatus) ORDER BY 1, 2, 3;
SELECT DISTINCT ON (o_custkey) o_custkey, o_orderkey, o_orderdate FROM orders WHERE o_custkey < 20 ORDER BY o_custkey, o_orderdate DESC, o_orderkey;
SELECT max(o_orderdate) - min(o_orderdate), age(max(o_orderdate), min(o_orderdate)) FROM orders;
SELECT p_name FROM part WHERE p_name LIKE 'f%green%' ORDER BY p_name;
SELECT upper(left(n_name, 1)) || lower(substr(n_name, 2)) AS name FROM nation ORDER BY name;
SELECT count(*), sum(l_tax), avg(l_tax), min(l_tax), max(l_tax) FROM lineitem WHERE l_discount BETWEEN 0.05 AND 0.07;
SELECT o_orderkey FROM orders ORDER BY o_totalprice DESC LIMIT 5 OFFSET 100;
SELECT n_name, lead(n_name) OVER (PARTITION BY n_regionkey ORDER BY n_name) FROM nation ORDER BY n_regionkey, n_name;
SELECT sum(1) FROM lineitem WHERE l_shipdate <= date '1998-12-01' - interval '90' day;
SELECT l_orderkey, count(*) FROM lineitem WHERE l_comment IS NOT NULL AND l_shipinstruct = 'NONE' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3;
