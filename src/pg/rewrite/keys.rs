//! Columns in ORDER BY that are called like an output: `SELECT a::text FROM t ORDER BY t.a`.
//!
//! `t.a` is the column of the table, and the output is called `a` too (PostgreSQL manual, 7.5); so is `a` as a part of an
//! expression, where no output goes by its name. The planner sorts above the list, to which it adds the column, and then knows no more which of the two is meant. So such an output gets a name of
//! its own, behind [`MARK`], which clients do not see; a key that means the output says its position.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor, Value, Visit,
    Visitor,
};

use super::MARK;
use super::syntax::{empty_query, folded, from_query};

/// Renames such outputs of a query whose outputs nobody calls by their names.
pub(super) fn rename(query: &mut Query) {
    if let SetExpr::Query(inner) = query.body.as_mut() {
        if query.order_by.is_none() {
            rename(inner);
        }
        return;
    }
    let Some(columns) = ordered_by(query) else { return };
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let mut renamed = Vec::new();
    for (index, item) in select.projection.iter_mut().enumerate() {
        if let SelectItem::ExprWithAlias { expr, alias } = item
            && columns.contains(&folded(alias))
            && !is_column(expr, &folded(alias))
        {
            renamed.push((folded(alias), index));
            *alias = Ident::with_quote('"', format!("{}{MARK}{index}", folded(alias)));
        }
    }
    let Some(order) = &mut query.order_by else { return };
    let OrderByKind::Expressions(keys) = &mut order.kind else { return };
    for key in keys {
        if let Expr::Identifier(name) = bare(&key.expr)
            && let Some((_, index)) = renamed.iter().find(|(own, _)| *own == folded(name))
        {
            key.expr = Expr::value(Value::Number((index + 1).to_string(), false));
        }
    }
}

/// The same for a query in FROM or WITH: around it stands one that gives the outputs their names.
pub(super) fn set_apart(query: &mut Query) {
    branches(&mut query.body);
    let clash = ordered_by(query).is_some_and(|columns| match query.body.as_ref() {
        SetExpr::Select(select) => clashes(select, &columns),
        _ => false,
    });
    let names = match query.body.as_ref() {
        SetExpr::Select(select) if clash => names(select),
        _ => None,
    };
    let Some(names) = names else { return };
    rename(query);
    let SetExpr::Select(select) = query.body.as_ref() else { return };
    let outputs = select.projection.iter().zip(names).filter_map(|(item, alias)| match item {
        SelectItem::ExprWithAlias { alias: own, .. } => {
            Some(SelectItem::ExprWithAlias { expr: Expr::Identifier(own.clone()), alias })
        }
        SelectItem::UnnamedExpr(_) => Some(SelectItem::UnnamedExpr(Expr::Identifier(alias))),
        _ => None,
    });
    let outputs = outputs.collect();
    let Some(mut outer) = from_query(std::mem::replace(query, empty_query())) else { return };
    if let SetExpr::Select(select) = outer.body.as_mut() {
        select.projection = outputs;
        if let Some(TableFactor::Derived { alias: Some(alias), .. }) =
            select.from.first_mut().map(|table| &mut table.relation)
        {
            alias.columns.clear();
        }
    }
    *query = outer;
}

/// Sets the queries in parentheses apart that a query is made of.
fn branches(body: &mut SetExpr) {
    match body {
        SetExpr::Query(inner) => set_apart(inner),
        SetExpr::SetOperation { left, right, .. } => {
            branches(left);
            branches(right);
        }
        _ => {}
    }
}

fn clashes(select: &Select, columns: &BTreeSet<String>) -> bool {
    select.projection.iter().any(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            columns.contains(&folded(alias)) && !is_column(expr, &folded(alias))
        }
        _ => false,
    })
}

/// What the outputs are called; `None` where a wildcard is among them.
fn names(select: &Select) -> Option<Vec<Ident>> {
    let names = select.projection.iter().map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().cloned(),
        _ => None,
    });
    names.collect()
}

/// Whether an output is a column under its own name.
fn is_column(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Identifier(own) => folded(own) == name,
        Expr::CompoundIdentifier(parts) => parts.last().is_some_and(|own| folded(own) == name),
        _ => false,
    }
}

/// The columns of tables a query is ordered by, or by expressions of, without their tables; `None` where there are none.
fn ordered_by(query: &Query) -> Option<BTreeSet<String>> {
    let OrderByKind::Expressions(keys) = &query.order_by.as_ref()?.kind else { return None };
    let mut columns = Columns::default();
    for key in keys {
        // Alone it is the output.
        if !matches!(bare(&key.expr), Expr::Identifier(_)) {
            // The visitor never breaks.
            let _done = key.expr.visit(&mut columns);
        }
    }
    (!columns.0.is_empty()).then_some(columns.0)
}

/// A key without the brackets around it.
fn bare(key: &Expr) -> &Expr {
    match key {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

#[derive(Default)]
struct Columns(BTreeSet<String>);

impl Visitor for Columns {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::CompoundIdentifier(parts) => self.0.extend(parts.last().map(folded)),
            Expr::Identifier(name) => {
                self.0.insert(folded(name));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{Query, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn check(change: fn(&mut Query), sql: &str, want: &str) {
        let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
        let Statement::Query(query) = &mut parsed[0] else { panic!("no query: {sql}") };
        change(query);
        assert_eq!(query.to_string().replace('\u{1}', "~"), want, "{sql}");
    }

    #[test]
    fn outputs_called_like_keys_are_renamed() {
        for fine in [
            "SELECT t.a, b AS c FROM t ORDER BY t.a",
            "SELECT f(a) AS a FROM t ORDER BY a",
            "SELECT t.a AS a FROM t ORDER BY t.a",
        ] {
            check(super::rename, fine, fine);
            check(super::set_apart, fine, fine);
        }
        check(
            super::rename,
            "SELECT f(a) AS a, b FROM t ORDER BY t.a, a DESC",
            "SELECT f(a) AS \"a~0\", b FROM t ORDER BY t.a, 1 DESC",
        );
        check(
            super::set_apart,
            "SELECT b, f(a) AS a FROM t ORDER BY t.a LIMIT 2",
            "SELECT b, \"a~1\" AS a FROM (SELECT b, f(a) AS \"a~1\" FROM t ORDER BY t.a LIMIT 2) AS forebay_t",
        );
    }
}
