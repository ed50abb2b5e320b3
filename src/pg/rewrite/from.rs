//! Functions in FROM.
//!
//! The planner takes `unnest` there, which sees the tables before it, and `generate_series` of integers. A function that
//! returns rows becomes one that returns lists ([`listing`]), unnested; any other a SELECT of its value.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CastKind, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, Select, SelectItem, SetExpr, TableAlias,
    TableAliasColumnDef, TableFactor, TableWithJoins, Value, Visit, Visitor,
    WildcardAdditionalOptions,
};

use super::syntax::{call, cast_to, function_name, listing, selecting};

/// Rewrites one item of FROM.
pub(super) fn factor(factor: &mut TableFactor) {
    match factor {
        TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
            let lists = std::mem::take(array_exprs);
            let name = if lists.len() == 1 { &["unnest"] as &[&str] } else { &[] };
            let lists = lists.into_iter().map(flattened).collect();
            *factor = unnested(alias.take(), "unnest", lists, name, *with_ordinality);
        }
        TableFactor::Function { name, args, with_ordinality, alias, .. } => {
            let Some(bare) = function_name(name) else { return };
            let call =
                Call { name: bare, args: std::mem::take(args), ordinality: *with_ordinality };
            *factor = call.factor(alias.take());
        }
        TableFactor::Table { name, args: Some(args), alias, with_ordinality, .. } => {
            let Some(bare) = function_name(name) else { return };
            let args = &mut args.args;
            if bare == "generate_series" && !*with_ordinality && args.iter().all(is_integer) {
                *name = ObjectName::from(vec![Ident::new(bare.as_str())]);
                name_columns(alias, &bare, &["generate_series"], false);
                return;
            }
            let call =
                Call { name: bare, args: std::mem::take(args), ordinality: *with_ordinality };
            *factor = call.factor(alias.take());
        }
        _ => {}
    }
}

/// `TABLE t` as `SELECT * FROM t`.
pub(super) fn tables(body: &mut Box<SetExpr>) {
    match body.as_mut() {
        SetExpr::SetOperation { left, right, .. } => {
            tables(left);
            tables(right);
        }
        SetExpr::Table(table) => {
            let parts = [table.schema_name.take(), table.table_name.take()];
            let name = parts.into_iter().flatten().map(Ident::new).collect::<Vec<Ident>>();
            let all = SelectItem::Wildcard(WildcardAdditionalOptions::default());
            let mut query = selecting(vec![all]);
            if let SetExpr::Select(select) = query.body.as_mut() {
                let relation = named(ObjectName::from(name), None);
                select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
            }
            *body = query.body;
        }
        _ => {}
    }
}

/// `FROM a, f(a.x) JOIN b ON …` as `FROM a CROSS JOIN f(a.x) JOIN b ON …`: the planner sees the tables before a function
/// that stands in a join of its own as little as those of a query further out.
pub(super) fn chained(select: &mut Select) {
    let mut from: Vec<TableWithJoins> = Vec::with_capacity(select.from.len());
    for mut table in std::mem::take(&mut select.from) {
        match from.last_mut() {
            Some(before) if sees_before(&table) => {
                before.joins.push(Join {
                    relation: table.relation,
                    global: false,
                    join_operator: JoinOperator::CrossJoin(JoinConstraint::None),
                });
                before.joins.append(&mut table.joins);
            }
            _ => from.push(table),
        }
    }
    select.from = from;
}

/// Whether it begins with a function that may see tables before it, and joins that mean the same behind those tables.
fn sees_before(table: &TableWithJoins) -> bool {
    let lateral = matches!(
        table.relation,
        TableFactor::UNNEST { .. } | TableFactor::Derived { lateral: true, .. }
    );
    let plain = table.joins.iter().all(|join| {
        matches!(
            join.join_operator,
            JoinOperator::Join(JoinConstraint::On(_))
                | JoinOperator::Inner(JoinConstraint::On(_))
                | JoinOperator::Left(JoinConstraint::On(_))
                | JoinOperator::LeftOuter(JoinConstraint::On(_))
                | JoinOperator::CrossJoin(JoinConstraint::None)
        )
    });
    lateral && plain && !table.joins.is_empty()
}

/// A function called in FROM.
struct Call {
    name: String,
    args: Vec<FunctionArg>,
    ordinality: bool,
}

impl Call {
    fn factor(self, alias: Option<TableAlias>) -> TableFactor {
        if self.args.is_empty()
            && let Some(relation) = showing(&self.name)
        {
            return relation_as(relation, alias, &self.name);
        }
        let values = self.args.iter().map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
            _ => None,
        });
        let Some(args) = values.collect::<Option<Vec<Expr>>>() else { return self.value(alias) };
        let (lists, names): (Vec<Expr>, Vec<&str>) =
            if let Some(columns) = columns(&self.name, args.clone()) {
                columns.into_iter().unzip()
            } else if let Some(fields) = fields(&self.name) {
                let list = call(listing(&self.name).unwrap_or_default(), args);
                let field = |name: &&str| {
                    let name = Expr::value(Value::SingleQuotedString((*name).to_owned()));
                    call("forebay_member", vec![list.clone(), name])
                };
                (fields.iter().map(field).collect(), fields.to_vec())
            } else if let Some(listing) = listing(&self.name) {
                let name = if self.name.contains("_array_elements") { "value" } else { "" };
                (vec![call(listing, args)], vec![name])
            } else if self.name == "unnest" {
                let names = if args.len() == 1 { vec!["unnest"] } else { Vec::new() };
                (args.into_iter().map(flattened).collect(), names)
            } else if self.name == "generate_series" {
                (vec![call("forebay_series", args)], vec!["generate_series"])
            } else {
                return self.value(alias);
            };
        unnested(alias, &self.name, lists, &names, self.ordinality)
    }

    /// `LATERAL (SELECT f(…)) AS alias`
    fn value(self, mut alias: Option<TableAlias>) -> TableFactor {
        name_columns(&mut alias, &self.name, &[&self.name], self.ordinality);
        let mut value = call(&self.name, Vec::new());
        if let Expr::Function(function) = &mut value
            && let FunctionArguments::List(list) = &mut function.args
        {
            list.args = self.args;
        }
        let mut columns = vec![SelectItem::UnnamedExpr(value)];
        if self.ordinality {
            let one = Expr::value(Value::SingleQuotedString("1".to_owned()));
            columns.push(SelectItem::UnnamedExpr(cast_to(Box::new(one), "int8")));
        }
        let subquery = Box::new(selecting(columns));
        TableFactor::Derived { lateral: true, subquery, alias, sample: None }
    }
}

/// `unnest` takes an array of any number of dimensions apart into its elements.
pub(super) fn flattened(list: Expr) -> Expr {
    call("forebay_flatten", vec![list])
}

/// Lists side by side, under the names of their columns: an empty one stands for the alias.
fn unnested(
    mut alias: Option<TableAlias>,
    function: &str,
    mut lists: Vec<Expr>,
    names: &[&str],
    ordinality: bool,
) -> TableFactor {
    // Columns without names are the planner's to name, unless there are aliases.
    if !names.is_empty() || ordinality {
        name_columns(&mut alias, function, names, ordinality);
    }
    if ordinality {
        lists.push(call("forebay_ordinality", lists.clone()));
    }
    TableFactor::UNNEST {
        alias,
        array_exprs: lists,
        with_offset: false,
        with_offset_alias: None,
        with_ordinality: false,
    }
}

/// Names the columns that the alias does not. The one column of a function that returns plain values goes by the alias,
/// or by the function's name.
fn name_columns(alias: &mut Option<TableAlias>, function: &str, names: &[&str], ordinality: bool) {
    let alias = alias.get_or_insert_with(|| TableAlias {
        explicit: true,
        name: Ident::new(function),
        columns: Vec::new(),
        at: None,
    });
    let last = ordinality.then_some("ordinality");
    for name in names.iter().copied().chain(last).skip(alias.columns.len()) {
        let name = match name {
            "" => alias.name.clone(),
            name if name == function => alias.name.clone(),
            name => Ident::new(name),
        };
        alias.columns.push(TableAliasColumnDef { name, data_type: None });
    }
}

fn relation_as(relation: &str, alias: Option<TableAlias>, function: &str) -> TableFactor {
    // Without an alias its columns go by the function's name.
    let alias = alias.unwrap_or_else(|| TableAlias {
        explicit: true,
        name: Ident::new(function),
        columns: Vec::new(),
        at: None,
    });
    named(ObjectName::from(vec![Ident::new("pg_catalog"), Ident::new(relation)]), Some(alias))
}

fn named(name: ObjectName, alias: Option<TableAlias>) -> TableFactor {
    TableFactor::Table {
        name,
        alias,
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    }
}

/// Whether an argument is an integer: of those the planner's own series makes one number after the other.
fn is_integer(arg: &FunctionArg) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let fine = match expr {
                Expr::Value(value) => match &value.value {
                    Value::Number(digits, _) => digits.parse::<i64>().is_ok(),
                    _ => false,
                },
                Expr::Nested(_) | Expr::UnaryOp { .. } => true,
                _ => false,
            };
            if fine { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    }
    arg.visit(&mut Search).is_continue()
}

/// `expr::text[]`
fn texts(expr: Expr) -> Expr {
    let element = ArrayElemTypeDef::SquareBracket(Box::new(DataType::Text), None);
    let data_type = DataType::Array(element);
    let (kind, expr) = (CastKind::DoubleColon, Box::new(expr));
    Expr::Cast { kind, expr, data_type, array: false, format: None }
}

/// The names of columns, and functions that return each as a list.
struct Columns(&'static [&'static str], &'static [&'static str]);

/// The columns of what `name` returns as rows, by the functions that return them.
fn listing_columns(name: &str) -> Option<Columns> {
    const PAIR: &[&str] = &["key", "value"];
    Some(match name {
        "pg_options_to_table" => Columns(
            &["option_name", "option_value"],
            &["forebay_option_names", "forebay_option_values"],
        ),
        "json_each" => Columns(PAIR, &["forebay_json_names", "forebay_json_values"]),
        "jsonb_each" => Columns(PAIR, &["forebay_jsonb_names", "forebay_jsonb_values"]),
        "json_each_text" => Columns(PAIR, &["forebay_json_names", "forebay_json_texts"]),
        "jsonb_each_text" => Columns(PAIR, &["forebay_jsonb_names", "forebay_jsonb_texts"]),
        "ts_token_type" => Columns(
            &["tokid", "alias", "description"],
            &["forebay_token_numbers", "forebay_token_names", "forebay_token_descriptions"],
        ),
        "pg_partition_tree" => Columns(
            &["relid", "parentrelid", "isleaf", "level"],
            &[
                "forebay_partitions",
                "forebay_partition_parents",
                "forebay_partition_leaves",
                "forebay_partition_levels",
            ],
        ),
        "pg_partition_ancestors" => Columns(&["relid"], &["forebay_partitions"]),
        _ => return None,
    })
}

/// The columns of what `name` returns as rows, as lists side by side, and what they are called.
pub(super) fn columns(name: &str, args: Vec<Expr>) -> Option<Vec<(Expr, &'static str)>> {
    let Columns(names, lists) = listing_columns(name)?;
    let options = name == "pg_options_to_table";
    let args: Vec<Expr> = if options { args.into_iter().map(texts).collect() } else { args };
    let column = |(list, name): (&&str, &&'static str)| (call(list, args.clone()), *name);
    Some(lists.iter().zip(names).map(column).collect())
}

/// The columns of what `name` returns as rows, which its list has as composite values.
pub(super) fn fields(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "information_schema._pg_expandarray" | "_pg_expandarray" => Some(&["x", "n"]),
        "pg_options_to_table" => Some(&["option_name", "option_value"]),
        "aclexplode" => Some(&["grantor", "grantee", "privilege_type", "is_grantable"]),
        _ => None,
    }
}

/// The relation that shows what the set-returning function `name` returns without arguments.
fn showing(name: &str) -> Option<&'static str> {
    Some(match name {
        "pg_get_keywords" => "pg_get_keywords",
        "pg_show_all_settings" => "pg_settings",
        "pg_timezone_names" => "pg_timezone_names",
        "pg_timezone_abbrevs" => "pg_timezone_abbrevs",
        "pg_lock_status" => "pg_locks",
        "pg_available_extensions" => "pg_available_extensions",
        "pg_cursor" => "pg_cursors",
        "pg_prepared_statement" => "pg_prepared_statements",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn check(from: &str, want: &str) {
        let sql = format!("SELECT 1 FROM {from}");
        let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, &sql).expect("a statement");
        let Some(Statement::Query(query)) = statements.first_mut() else { panic!("no query") };
        let SetExpr::Select(select) = query.body.as_mut() else { panic!("no select") };
        for table in &mut select.from {
            super::factor(&mut table.relation);
        }
        assert_eq!(query.to_string(), format!("SELECT 1 FROM {want}"));
    }

    #[test]
    fn rows_become_lists() {
        check("unnest(a) AS x", "UNNEST(forebay_flatten(a)) AS x (x)");
        check("pg_catalog.unnest(a)", "UNNEST(forebay_flatten(a)) AS unnest (unnest)");
        check(
            "unnest(a, b) AS t (x, y)",
            "UNNEST(forebay_flatten(a), forebay_flatten(b)) AS t (x, y)",
        );
        check(
            "unnest(a) WITH ORDINALITY AS t (x)",
            "UNNEST(forebay_flatten(a), forebay_ordinality(forebay_flatten(a))) AS t (x, ordinality)",
        );
        check("generate_series(1, -2) AS s", "generate_series(1, -2) AS s (s)");
        check("generate_series(1, a.x) AS s", "UNNEST(forebay_series(1, a.x)) AS s (s)");
        check(
            "LATERAL generate_series(1, 2)",
            "UNNEST(forebay_series(1, 2)) AS generate_series (generate_series)",
        );
        check("json_array_elements(j) AS e", "UNNEST(forebay_json_elements(j)) AS e (value)");
        check(
            "jsonb_each(j) AS e (k)",
            "UNNEST(forebay_jsonb_names(j), forebay_jsonb_values(j)) AS e (k, value)",
        );
        check(
            "_pg_expandarray(a) AS e",
            "UNNEST(forebay_member(forebay_expandarray(a), 'x'), \
             forebay_member(forebay_expandarray(a), 'n')) AS e (x, n)",
        );
    }

    #[test]
    fn functions_see_the_tables_before() {
        let check = |from: &str, want: &str| {
            let sql = format!("SELECT 1 FROM {from}");
            let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, &sql).unwrap();
            let Statement::Query(query) = &mut parsed[0] else { panic!("no query: {from}") };
            let SetExpr::Select(select) = query.body.as_mut() else { panic!("no SELECT: {from}") };
            super::chained(select);
            assert_eq!(select.to_string(), format!("SELECT 1 FROM {want}"));
        };
        for fine in ["a, UNNEST(a.x)", "a, b JOIN c ON true", "a, UNNEST(a.x) RIGHT JOIN b ON true"]
        {
            check(fine, fine);
        }
        check(
            "a, UNNEST(a.x) AS u LEFT JOIN b ON u = b.y, c",
            "a CROSS JOIN UNNEST(a.x) AS u LEFT JOIN b ON u = b.y, c",
        );
    }

    #[test]
    fn values_become_one_row() {
        check("upper('a') AS u", "LATERAL (SELECT upper('a')) AS u (u)");
        check(
            "current_database()",
            "LATERAL (SELECT current_database()) AS current_database (current_database)",
        );
        check("pg_lock_status() AS l", "pg_catalog.pg_locks AS l");
        check("forebay.refresh()", "forebay.refresh()");
    }
}
