"""The parts of which random expressions are made, by the kind of their values.

`{int}` and its kin stand for an expression of that kind, `{one}` for one of a kind that is the same throughout, `{own}`
for one of the kind wanted, `{condition}` for a condition, `{again}` for the expression before.
"""

TABLES = {
    "tpch.region": {"r_regionkey": "int", "r_name": "text"},
    "tpch.nation": {"n_nationkey": "int", "n_name": "text", "n_regionkey": "int"},
    "kinds.kinds": {
        "id": "int", "flag": "bool", "small": "int", "medium": "int", "large": "int", "double": "float", "amount": "numeric",
        "whole": "numeric", "label": "text", "day": "date", "moment": "timestamp", "instant": "timestamptz", "numbers": "ints", "words": "texts",
    },
    "tpch.supplier": {"s_suppkey": "int", "s_nationkey": "int", "s_acctbal": "numeric", "s_name": "text"},
    "tpch.customer": {"c_custkey": "int", "c_nationkey": "int", "c_mktsegment": "text", "c_acctbal": "numeric"},
}  # fmt: skip
# Type and values; None is NULL.
CONSTANTS = {
    "int": ("int4", ["0", "1", "2", "3", "7", "-1", "10", None]),
    "text": ("text", ["ASIA", "A", "", "plain", "%A%", "a,b", None]),
    "numeric": ("numeric", ["0.5", "100", "1.10", "-3.25", None]),
    "float": ("float8", ["1.5", "NaN", "0", None]),
    "bool": ("bool", ["true", "false", None]),
    "date": ("date", ["1970-01-01", "2000-02-29", "1999-12-31", None]),
    "timestamp": ("timestamp", ["1970-01-01 00:00:00", "2000-02-29 13:14:15.5", None]),
    "timestamptz": ("timestamptz", ["1970-01-01 00:00:00+00", "2000-02-29 13:14:15.5+02", None]),
    "interval": ("interval", ["1 day", "1 mon -2 days 03:04:05", "36:00:00", "0", None]),
    "ints": ("int4[]", ["{}", "{1,2,3}", "{NULL,7}", None]),
    "texts": ("text[]", ["{}", "{A,b}", "{NULL,ASIA}", None]),
    "json": ("jsonb", ["1", '{"a": 1, "b": [1, null, "x"]}', "[]", '["A", {"a": null}]', '"A"', "null", None]),
}
KINDS = ["int", "int", "text", "text", "numeric", "numeric", "float", "bool", "bool", "date", "timestamp", "timestamptz", "interval", "ints", "texts", "json"]
CALLS = {
    "int": [
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "({int} % 5)", "({int} / 3)", "length({text})", "abs({int})", "(- {int})",
        "position('A' in {text})", "extract(year FROM {date})::int4", "({date} - {date})", "cardinality({ints})", "array_length({texts}, 1)",
        "({ints})[1]", "({ints})[{int}]", "array_position({ints}, 2)", "sign({numeric})::int4", "ascii({text})", "floor({numeric})::int4",
        "({json} ->> 'a')::int4", "extract(dow FROM {timestamp})::int4", "({bool})::int4", "mod({int}, 3)", "({int} & 6)", "(({int})::int4 << 1)",
        "octet_length({text})", "strpos({text}, {text})", "width_bucket({numeric}, 0, 100, 4)", "num_nulls({one}, {int}, ({text})::text)",
    ],
    "text": [
        "upper({text})", "({text} || {text})", "substr({text}, 2, 3)", "left({text}, 2)", "trim({text})", "({int})::text", "right({text}, -1)",
        "lpad({text}, 4, '*')", "replace({text}, 'A', 'bb')", "split_part({text}, 'A', 1)", "concat({text}, {int}, {bool})", "reverse({text})",
        "concat_ws('-', {text}, {int}, {text})", "({text} || {int})", "regexp_replace({text}, '[A-M]', '<\\&>', 'g')", "({texts})[1]",
        "substring({text} from '[A-Z]+.')", "array_to_string({ints}, ',', '*')", "to_char({date}, 'YYYY-MM-DD Day')", "({date})::text",
        "to_char({timestamp}, 'HH24:MI:SS')", "({bool})::text", "({numeric})::text", "format('%s|%s', {text}, {int})", "md5({text})", "initcap({text})",
        "translate({text}, 'AEI', 'xy')", "rtrim({text}, 'AE')", "({json} ->> 'a')", "({json} #>> '{{b,2}}')", "({json})::text", "repeat({text}, 2)",
        "overlay({text} placing 'zz' from 2 for 1)", "quote_literal({text})", "({interval})::text", "({ints})::text", "({text})::varchar(3)::text",
        "to_char({numeric}, '999D99')", "jsonb_typeof({json})", "(regexp_match({text}, '(.)A'))[1]", "({timestamp})::text", "quote_nullable({text})",
    ],
    "numeric": [
        "({numeric} + {numeric})", "({numeric} * 2)", "({numeric} - {int})", "round({numeric}, 1)", "abs({numeric})", "({numeric} * {numeric})",
        "({int})::numeric", "trunc({numeric})", "({numeric} / 4)", "({numeric} / {numeric})", "ceil({numeric})", "({numeric} % 7)",
        "({numeric})::numeric(12,1)", "extract(epoch FROM {interval})", "extract(second FROM {timestamp})", "power({numeric}, 2)", "({int} + 0.5)", "round({numeric})",
        "({int} * {numeric})", "sqrt(abs({numeric}))", "extract(month FROM {date})",
    ],
    "float": ["({float} * 2)", "({int})::float8", "abs({float})", "({float} + {int})", "({numeric})::float8", "floor({float})", "sqrt(abs({float}))", "({float} * {numeric})", "round({float})"],
    "bool": ["{condition}"],
    "date": ["({date} + 1)", "({timestamp})::date", "({date} - ({int})::int4)", "make_date(2000 + ({int} % 90)::int4, 2, 3)"],
    "timestamp": [
        "({timestamp} + interval '1 day')", "({date})::timestamp", "date_trunc('month', {timestamp})", "({date} + {interval})", "({timestamp} - {interval})",
        "({timestamptz} AT TIME ZONE 'Asia/Tokyo')", "date_trunc('quarter', {timestamp})",
    ],
    "timestamptz": ["({timestamptz} + {interval})", "({timestamp} AT TIME ZONE 'America/New_York')", "({date})::timestamptz", "date_trunc('hour', {timestamptz})"],
    "interval": [
        "({interval} + {interval})", "({timestamp} - {timestamp})", "({interval} * 2)", "age({timestamp}, {timestamp})", "(- {interval})", "({interval} / 2)",
        "justify_days({interval})", "make_interval(days => ({int} % 90)::int4)", "({timestamptz} - {timestamptz})", "justify_hours({interval})",
    ],
    "ints": [
        "ARRAY[({int} % 99)::int4, 7]", "array_append({ints}, 4)", "({ints} || {ints})", "({ints})[1:2]", "array_remove({ints}, 1)", "({ints} || 5)", "array_replace({ints}, 1, NULL)",
        "ARRAY[length({text}), 7, NULL]",
    ],
    "texts": ["ARRAY[{text}, {text}]", "string_to_array({text}, 'A')", "({texts} || {text})", "({texts})[2:3]", "array_prepend({text}, {texts})", "regexp_split_to_array({text}, '[AE]')"],
    "json": [
        "jsonb_build_object('a', {int}, 'b', ({text})::text)", "jsonb_build_array({int}, ({text})::text, {bool})", "to_jsonb(({text})::text)", "to_jsonb({int})", "({json} -> 'a')", "({json} -> 0)",
        "({json} -> 'b' -> 1)", "({json} || {json})", "jsonb_strip_nulls({json})", "to_jsonb({ints})", "to_jsonb({date})", "to_jsonb({numeric})", "jsonb_build_object('k', {json})",
        "({json} #> '{{b,0}}')", "({json} - 'a')",
    ],
}  # fmt: skip
ANY_KIND = [
    "coalesce({own}, {own})", "CASE WHEN {condition} THEN {own} ELSE {own} END", "nullif({own}, {own})", "greatest({own}, {own})", "least({own}, {own}, {own})",
    "CASE WHEN {condition} THEN {own} END", "CASE {one} WHEN {one} THEN {own} WHEN {one} THEN {own} ELSE {own} END", "coalesce({own}, {own}, {own})",
    "CASE WHEN {condition} THEN {own} WHEN {condition} THEN NULL ELSE {own} END",
]  # fmt: skip
# Without depth only the first three.
CONDITIONS = [
    "({one} = {one})", "({one} < {one})", "({one} >= {one})", "({condition} AND {condition})", "({condition} OR {condition})",
    "(NOT {condition})", "({one} IS NULL)", "({one} IS NOT NULL)", "({one} IS DISTINCT FROM {one})", "({one} IN ({one}, {one}))",
    "({one} NOT IN ({one}, {one}))", "({text} LIKE '%A%')", "({text} NOT LIKE 'A%')", "({one} BETWEEN {one} AND {one})", "({one} <> {one})",
    "({one} NOT BETWEEN {one} AND {one})", "({bool} IS TRUE)", "({bool} IS NOT FALSE)", "({bool} IS UNKNOWN)", "({text} ~ 'A.*A')", "({text} !~* '^a')",
    "({text} ILIKE '_a%')", "({text} LIKE {text})", "({int} = ANY ({ints}))", "({int} <> ALL ({ints}))", "({text} = ANY ({texts}))", "({int} > ALL ({ints}))",
    "({one} = ANY (ARRAY[{one}, {one}]))", "(({int}, {text}) = ({int}, {text}))", "(({int}, {text}) < ({int}, {text}))", "({int} < {numeric})", "({int} = {float})",
    "({date} <= {timestamp})", "({json} @> '{{\"a\": 1}}')", "({json} ? 'a')", "({ints} && ARRAY[1, 2])", "({ints} @> ARRAY[1])", "({json} = {json})",
    "({ints} < {ints})", "({interval} > {interval})", "(({int}, {date}) IS NULL)", "({bool} = {condition})", "starts_with({text}, 'A')", "({text} SIMILAR TO '(A|B)%')",
    "({numeric} = {float})", "({timestamptz} < {timestamp})", "({text} < {text})",
]  # fmt: skip
ONE = ["int", "int", "int", "text", "text", "numeric", "bool", "date", "float", "timestamp"]
AGGREGATES = {
    "int": ["count(*)", "count({one})", "count(DISTINCT {one})", "max({int})", "min({int})", "count(*) FILTER (WHERE {condition})", "bit_or({int})", "count(DISTINCT ({int}, ({text})::text))"],
    "numeric": ["sum({numeric})", "sum({int})", "avg({int})", "max({numeric})", "sum(DISTINCT {int})", "avg({numeric})", "sum({int}) FILTER (WHERE {condition})", "round(stddev({int}), 6)"],
    "text": ["max({text})", "min({text})", "string_agg(DISTINCT {text}, ',')", "string_agg({text}, ';' ORDER BY {again})", "mode() WITHIN GROUP (ORDER BY ({text})::text)"],
    "bool": ["bool_or({condition})", "bool_and({condition})", "every({condition})"],
    "date": ["max({date})", "min({date})", "percentile_disc(0.4) WITHIN GROUP (ORDER BY {date})"],
    "timestamp": ["max({timestamp})", "min({timestamp})"],
    "float": ["max({float})", "min({float})", "percentile_cont(0.25) WITHIN GROUP (ORDER BY {int})"],
    "interval": ["max({interval})", "sum({interval})", "avg({interval})"],
    "ints": ["array_agg(({int} % 99)::int4 ORDER BY {again} % 99)", "array_agg(DISTINCT ({int} % 99)::int4)", "max({ints})"],
    "texts": ["array_agg({text}::text ORDER BY {again}::text DESC NULLS LAST)", "array_agg(DISTINCT {text}::text)"],
    "json": ["jsonb_agg({int} ORDER BY {again})", "jsonb_agg({date} ORDER BY {again})"],
}  # fmt: skip
# Of rows that come in one order but for equal ones.
WINDOWED = {
    "int": [
        "row_number()", "rank()", "dense_rank()", "ntile(3)", "count(*)", "count({column})", "lag({int})", "lead({int}, 2, 0)", "first_value({int})", "max({int})",
        "nth_value({int}, 2)", "last_value({int})", "count(*) FILTER (WHERE {condition})",
    ],
    "numeric": ["sum({int})", "sum({numeric})", "avg({int})", "avg({numeric})", "min({numeric})"],
    "float": ["percent_rank()", "cume_dist()", "max({float})"],
    "text": ["lag({text}::text, 1, 'none')", "first_value({text}::text)", "last_value({text}::text)", "max({text})", "string_agg({text}, ',')"],
    "bool": ["bool_and({condition})", "bool_or({condition})"],
    "ints": ["array_agg(({int} % 99)::int4)"],
    "date": ["max({date})", "lead({date})"],
}  # fmt: skip
FRAMES = [
    "", "", "ROWS UNBOUNDED PRECEDING", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING", "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING",
    "ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING", "RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", "RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
    "GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW", "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW", "ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING",
]  # fmt: skip
# For an order by one number.
RANGES = ["RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING", "RANGE BETWEEN 2 FOLLOWING AND 5 FOLLOWING", "RANGE 3 PRECEDING"]
