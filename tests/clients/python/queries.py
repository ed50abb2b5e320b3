"""SELECTs drawn at random over the test data, such that their rows come in one order.

Where rows tie, in an ORDER BY as in a window, all of their columns do. What may differ by the order in which rows come,
like a sum of floats, is not drawn.
"""

from draws import Draws
from expressions import (
    AGGREGATES, ANY_KIND, CALLS, CONDITIONS, CONSTANTS, FRAMES, KINDS, ONE, RANGES, TABLES, WINDOWED,
)  # fmt: skip

DIRECTIONS = ["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]
# How often a statement with parameters is executed.
EXECUTIONS = 3


class Query:
    """One query: its `sql`, and per execution the values of its parameters, which are none or `EXECUTIONS` times some."""

    def __init__(self, draws):
        self.draws, self.names = draws, 0
        self.parameters = [[] for _ in range(EXECUTIONS)] if draws.chance(0.25) else None
        self.sql = self.whole()

    @staticmethod
    def seeded(seed):
        return Query(Draws(seed=seed))

    def executions(self):
        """The parameters of each execution."""
        return self.parameters or [[]]

    def name(self):
        self.names += 1
        return f"t{self.names}"

    # ---- expressions; `columns` are pairs of a name and a kind

    def column(self, columns, kind):
        fitting = [name for name, own in columns if own == kind]
        return self.draws.choice(fitting) if fitting else None

    def constant(self, kind):
        type_name, values = CONSTANTS[kind]
        if self.parameters is not None and self.draws.chance(0.3):
            for execution in self.parameters:
                execution.append(self.draws.choice(values))
            return f"${len(self.parameters[0])}::{type_name}"
        value = self.draws.choice(values)
        if value is None:
            return f"NULL::{type_name}"
        if kind in ("int", "numeric", "bool"):
            return value
        bare = kind == "text" and self.draws.chance(0.7)
        return f"'{value}'" if bare else f"'{value}'::{type_name}"

    def filled(self, template, columns, kind, depth):
        one, drawn = self.draws.choice(ONE), ""
        out, rest = "", template.replace("{{", "\0").replace("}}", "\1")
        while "{" in rest:
            before, _, rest = rest.partition("{")
            wanted, _, rest = rest.partition("}")
            if wanted == "condition":
                drawn = self.condition(columns, depth - 1)
            elif wanted == "again":
                pass
            elif wanted == "column":
                drawn = self.draws.choice(columns)[0]
            else:
                drawn = self.expression(columns, {"own": kind, "one": one}.get(wanted, wanted), depth - 1)
            out += before + drawn
        return (out + rest).replace("\0", "{").replace("\1", "}")

    def expression(self, columns, kind, depth):
        if depth <= 0 or not self.draws.chance(0.65):
            column = self.column(columns, kind)
            return self.constant(kind) if column is None or self.draws.chance(0.2) else column
        if depth > 1 and kind in ("int", "text", "numeric") and self.draws.chance(0.06):
            return self.scalar(columns, kind)
        # The planner forgets that a CASE in FROM is of jsonb: operators over it are refused.
        of_any = [template for template in ANY_KIND if kind != "json" or "CASE" not in template]
        templates = of_any if self.draws.chance(0.3) else CALLS[kind]
        return self.filled(self.draws.choice(templates), columns, kind, depth)

    def scalar(self, columns, kind):
        """A subquery with one row."""
        source, inner = self.table()
        where = f" WHERE {self.condition(inner + columns, 1)}" if self.draws.chance(0.8) else ""
        if self.draws.chance(0.3):
            own = self.expression(inner, kind, 1)
            return f"(SELECT {own} FROM {source}{where} ORDER BY 1{self.draws.choice(DIRECTIONS)} LIMIT 1)"
        return f"(SELECT {self.aggregate(inner, kind)} FROM {source}{where})"

    def condition(self, columns, depth):
        if depth > 1 and self.draws.chance(0.15):
            return self.subquery_condition(columns)
        templates = CONDITIONS[:3] if depth <= 0 else CONDITIONS
        return self.filled(self.draws.choice(templates), columns, "bool", depth)

    def subquery_condition(self, columns):
        source, inner = self.table()
        kind = self.draws.choice(["int", "int", "text"])
        key, value = self.expression(inner, kind, 0), self.expression(columns, kind, 1)
        word = self.draws.choice(["", "NOT "])
        template = self.draws.choice([
            "{word}EXISTS (SELECT 1 FROM {source} WHERE {key} = {value})",
            "{word}EXISTS (SELECT {key} FROM {source} WHERE {value} = {key} AND {both})",
            "{value} {word}IN (SELECT {key} FROM {source} WHERE {own})",
            "{value} {word}IN (SELECT {key} FROM {source} WHERE {both})",
            "{value} = (SELECT max({key}) FROM {source} WHERE {both})",
            "{value} >= ALL (SELECT {key} FROM {source} WHERE {own})",
            "{value} < ANY (SELECT {key} FROM {source} WHERE {both})",
            "({value}, 1) {word}IN (SELECT {key}, {number} FROM {source})",
            "(SELECT count({key}) FROM {source} WHERE {both} AND {value} IS NOT NULL) > 1",
            "{value} IN (SELECT {key} FROM {source} WHERE {own} GROUP BY 1 HAVING count(*) > 1)",
        ])  # fmt: skip
        drawn = {"source": source, "key": key, "value": value, "word": word}
        if "{both}" in template:
            drawn["both"] = self.condition(inner + columns, 1)
        if "{own}" in template:
            drawn["own"] = self.condition(inner, 1)
        if "{number}" in template:
            drawn["number"] = self.expression(inner, "int", 1)
        return f"({template.format(**drawn)})"

    def aggregate(self, columns, kind):
        return self.filled(self.draws.choice(AGGREGATES[kind]), columns, kind, 2)

    # ---- FROM

    def table(self):
        table, name = self.draws.choice(list(TABLES)), self.name()
        return f"{table} {name}", [(f"{name}.{column}", kind) for column, kind in TABLES[table].items()]

    def derived(self, query, kinds, lateral=""):
        name = self.name()
        return f"{lateral}({query}) {name}", outputs(name, kinds)

    def values(self):
        kinds, name = self.draws.choices(KINDS, 1, 3), self.name()
        # Constants alone: the types of a column are those of all of its rows.
        rows = ", ".join("(" + ", ".join(self.constant(kind) for kind in kinds) + ")" for _ in range(self.draws.between(1, 4)))
        return f"(VALUES {rows}) {name} ({', '.join(f'c{place}' for place in range(len(kinds)))})", outputs(name, kinds)

    def function(self, columns):
        """A function of `columns` in FROM."""
        name = self.name()
        template, kinds, argument, depth = self.draws.choice([
            ("generate_series(1, {} % 5) {} (g)", ["int"], "int", 0),
            ("unnest({}) WITH ORDINALITY {} (g, o)", ["int", "int"], "ints", 1),
            ("unnest({}) {} (g)", ["text"], "texts", 1),
            ("jsonb_array_elements(jsonb_build_array({}, 'x')) {} (g)", ["json"], "int", 0),
        ])  # fmt: skip
        source = template.format(self.expression(columns, argument, depth), name)
        return source, [(f"{name}.{column}", kind) for column, kind in zip("go", kinds)]

    def source(self, depth, outer=()):
        """A FROM clause and its columns."""
        if depth <= 0 or not self.draws.chance(0.65):
            return self.values() if self.draws.chance(0.08) else self.table()
        if self.draws.chance(0.3):
            return self.derived(*self.select(depth - 1))
        left, own = self.source(depth - 1)
        if self.draws.chance(0.15):
            return self.lateral(left, own, depth)
        right, other = self.source(depth - 1)
        from_key, to_key = self.column(own, "int"), self.column(other, "int")
        join = self.draws.choice(["JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        on = f"{from_key} = {to_key}" if from_key and to_key else "true"
        if join != "FULL JOIN" and self.draws.chance(0.35):
            on += f" AND {self.condition(own + other, 2)}"
        return f"({left} {join} {right} ON {on})", own + other

    def lateral(self, left, own, depth):
        if self.draws.chance(0.4):
            right, other = self.function(own)
        else:
            right, other = self.derived(*self.select(min(depth - 1, 1), own), lateral="LATERAL ")
        join, on = self.draws.choice(["JOIN", "LEFT JOIN"]), "true"
        if self.draws.chance(0.3):
            on = self.condition(own + other, 1)
        return f"({left} {join} {right} ON {on})", own + other

    # ---- SELECT: a query and the kinds of its outputs c0, c1, …; `outer` are columns of what it is lateral to

    def select(self, depth, outer=()):
        forms = [self.plain] * 6 + [self.grouped] * 5 + [self.windowed, self.windowed, self.sets, self.sets, self.first_of, self.limited]
        if depth <= 0:
            forms = forms[:11]
        return self.draws.choice(forms)(depth, outer)

    def plain(self, depth, outer=(), kinds=None):
        source, columns = self.source(depth)
        seen = columns + list(outer)
        where = f" WHERE {self.condition(seen, 2)}" if self.draws.chance(0.6) else ""
        kinds = kinds or self.draws.choices(KINDS, 1, 3)
        drawn = named([self.expression(seen, kind, 2) for kind in kinds])
        distinct = "DISTINCT " if self.draws.chance(0.2) else ""
        return f"SELECT {distinct}{drawn} FROM {source}{where}", kinds

    def grouped(self, depth, outer=()):
        source, columns = self.source(depth)
        where = f" WHERE {self.condition(columns + list(outer), 2)}" if self.draws.chance(0.5) else ""
        # PostgreSQL 15 leaves constant keys of grouping sets out of ORDER BY, so keys are columns.
        keys = {self.column(columns, kind): kind for kind in self.draws.choices(["int", "text", "bool", "date"], 0, 2)}
        keys.pop(None, None)
        kinds = self.draws.choices(list(AGGREGATES), 1, 3)
        gathered = [(self.aggregate(columns, kind), kind) for kind in kinds]
        known = [*keys.items(), *gathered]
        group, sets = "", False
        if keys:
            how = self.draws.choice(["{}"] * 5 + ["ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())", "GROUPING SETS ({0}, {0}, ())"])
            group, sets = " GROUP BY " + how.format(", ".join(keys)), "(" in how
        if self.draws.chance(0.3):
            gathered = [(self.expression(known, kind, 1), kind) for kind in kinds]
        elif keys and not sets and self.draws.chance(0.15):
            by = ", ".join(key + self.draws.choice(DIRECTIONS) for key in keys)
            gathered.append((f"sum(count(*)) OVER (ORDER BY {by})", "numeric"))
        elif sets:
            gathered.append((f"grouping({', '.join(keys)})", "int"))
        having = f" HAVING {self.condition(known, 1)}" if self.draws.chance(0.3) else ""
        drawn = [*keys.items(), *gathered]
        return f"SELECT {named([text for text, _ in drawn])} FROM {source}{where}{group}{having}", [kind for _, kind in drawn]

    def windowed(self, depth, outer=()):
        source, columns = self.derived(*self.select(depth - 1, outer), lateral="LATERAL " if outer else "")
        part = f"PARTITION BY {self.draws.choice(columns)[0]} " if self.draws.chance(0.5) else ""
        frame, key = self.draws.choice(FRAMES), self.column(columns, "int")
        kinds = self.draws.choices(list(WINDOWED), 1, 2)
        if key and self.draws.chance(0.2):
            # Of rows with one key any may be first.
            order, frame = key, self.draws.choice(RANGES)
            drawn = [(self.draws.choice(["count(*)", f"sum({key})"]), "numeric") for _ in kinds]
        else:
            order = ", ".join(column + self.draws.choice(DIRECTIONS) for column, _ in columns)
            drawn = [(self.filled(self.draws.choice(WINDOWED[kind]), columns, kind, 1), kind) for kind in kinds]
        calls = [(f"{call} OVER ({part}ORDER BY {order} {frame})", kind) for call, kind in drawn]
        if self.draws.chance(0.2):
            calls = [(f"{call} OVER w", kind) for call, kind in drawn]
            source += f" WINDOW w AS ({part}ORDER BY {order} {frame})"
        drawn = columns + calls
        return f"SELECT {named([text for text, _ in drawn])} FROM {source}", [kind for _, kind in drawn]

    def sets(self, depth, outer=()):
        kinds = self.draws.choices(KINDS, 1, 2)
        query = self.arm(kinds, depth, outer)
        for _ in range(self.draws.between(1, 2)):
            word = self.draws.choice(["UNION ALL", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"])
            query = f"{query} {word} {self.arm(kinds, depth, outer)}"
        return query, kinds

    def arm(self, kinds, depth, outer):
        query, _ = self.plain(min(depth - 1, 1), outer, kinds)
        return f"({self.cut(query, kinds)})" if self.draws.chance(0.2) else query

    def first_of(self, depth, outer=()):
        source, columns = self.derived(*self.select(depth - 1, outer), lateral="LATERAL " if outer else "")
        names = [name for name, _ in columns]
        directions = [name + self.draws.choice(DIRECTIONS) for name in names]
        return f"SELECT DISTINCT ON ({names[0]}) {named(names)} FROM {source} ORDER BY {', '.join(directions)}", [kind for _, kind in columns]

    def limited(self, depth, outer=()):
        query, kinds = self.select(depth - 1, outer)
        return self.cut(f"SELECT * FROM ({query}) {self.name()}", kinds), kinds

    def cut(self, query, kinds):
        return f"{query} {self.order(kinds)}{self.limit()}"

    def order(self, kinds):
        return "ORDER BY " + ", ".join(f"{place}{self.draws.choice(DIRECTIONS)}" for place in range(1, len(kinds) + 1))

    def limit(self):
        offset = f" OFFSET {self.draws.between(0, 5)}" if self.draws.chance(0.2) else ""
        return f" LIMIT {self.draws.between(1, 40)}{offset}"

    # ---- the whole

    def whole(self):
        """A query ordered by all of its outputs."""
        form = self.draws.choice([self.bare, self.bare, self.bare, self.nested, self.nested, self.named_parts, self.recursive])
        query, kinds = form()
        return self.cut(query, kinds)

    def bare(self):
        query, kinds = self.draws.choice([self.plain, self.plain, self.grouped, self.windowed, self.sets])(2)
        return query, kinds

    def nested(self):
        query, kinds = self.select(2)
        return f"SELECT * FROM ({query}) {self.name()}", kinds

    def named_parts(self):
        """A WITH that is read twice."""
        query, kinds = self.select(2)
        how = self.draws.choice(["", "", "MATERIALIZED ", "NOT MATERIALIZED "])
        head = f"WITH w AS {how}({query}) SELECT"
        own, other = outputs("a", kinds), outputs("b", kinds)
        drawn = self.draws.choices(KINDS, 1, 3)
        if self.draws.chance(0.5):
            join = self.draws.choice(["JOIN", "LEFT JOIN", "FULL JOIN"])
            listed = named([self.expression(own + other, kind, 1) for kind in drawn])
            return f"{head} {listed} FROM w a {join} w b ON a.c0 = b.c0", drawn
        if self.draws.chance(0.5):
            word = self.draws.choice(["UNION ALL", "EXCEPT", "INTERSECT"])
            return f"{head} * FROM w a {word} SELECT * FROM w b WHERE {self.condition(other, 2)}", kinds
        listed = named([self.expression(own, kind, 2) for kind in drawn])
        return f"{head} {listed} FROM w a WHERE EXISTS (SELECT 1 FROM w b WHERE {self.condition(own + other, 1)})", drawn

    def recursive(self):
        columns = [("w.n", "int"), ("w.x", "int")]
        word = self.draws.choice(["UNION ALL", "UNION"])
        start = self.draws.choice(["SELECT 1, 2", f"VALUES (0, {self.draws.between(0, 3)}), (2, 1)", "SELECT n_regionkey::int4, 1 FROM tpch.nation WHERE n_nationkey < 9"])
        step = self.draws.choice(["w.x + 1", "w.x * 2 % 7", "coalesce(nullif(w.x, 4), 9)", "w.n"])
        query = f"WITH RECURSIVE w (n, x) AS ({start} {word} SELECT w.n + 1, {step} FROM w WHERE w.n < {self.draws.between(1, 9)})"
        source, inner = self.table()
        kinds = self.draws.choices(KINDS, 1, 3)
        listed = named([self.expression(columns + inner, kind, 1) for kind in kinds])
        join = self.draws.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN"])
        return f"{query} SELECT {listed} FROM w {join} {source} ON w.n = {self.column(inner, 'int')} WHERE {self.condition(columns + inner, 1)}", kinds


def outputs(name, kinds):
    return [(f"{name}.c{place}", kind) for place, kind in enumerate(kinds)]


def named(drawn):
    return ", ".join(f"{text} AS c{place}" for place, text in enumerate(drawn))
