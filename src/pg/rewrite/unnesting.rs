//! Functions that return rows in the list of a SELECT.
//!
//! The planner unnests them above a projection of all the rest, where a column that the list reads and an output of the
//! same name are two columns of one name. So such a list gets names of its own, and a SELECT around it that gives the
//! outputs theirs.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, Select, SelectItem, SetExpr, TableFactor, Visit, Visitor,
};

use super::syntax::{empty_query, folded, from_query, function_name};

/// Sets a list apart whose outputs have names of columns it reads.
pub(super) fn apart(select: &mut Select) {
    let Some(names) = names(&select.projection).filter(|_| clashes(&select.projection)) else {
        return;
    };
    let own = |number: usize| Ident::with_quote('"', format!("forebay_{number}"));
    let mut outputs = Vec::with_capacity(names.len());
    for (number, (item, alias)) in select.projection.iter_mut().zip(names).enumerate() {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = &*item {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: own(number) };
        }
        outputs.push(SelectItem::ExprWithAlias { expr: Expr::Identifier(own(number)), alias });
    }
    let body = Box::new(SetExpr::Select(Box::new(select.clone())));
    let Some(outer) = from_query(Query { body, ..empty_query() }) else { return };
    if let SetExpr::Select(mut outer) = *outer.body {
        outer.projection = outputs;
        if let Some(TableFactor::Derived { alias: Some(alias), .. }) =
            outer.from.first_mut().map(|table| &mut table.relation)
        {
            alias.columns.clear();
        }
        *select = *outer;
    }
}

/// What the outputs are called; `None` where that cannot be told yet.
fn names(list: &[SelectItem]) -> Option<Vec<Ident>> {
    list.iter()
        .map(|item| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.clone()),
            SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.clone()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().cloned(),
            _ => None,
        })
        .collect()
}

fn clashes(list: &[SelectItem]) -> bool {
    let mut read = Read::default();
    let mut calculated = Vec::new();
    for item in list {
        if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
            && expr.visit(&mut read).is_continue()
            && let SelectItem::ExprWithAlias { alias, .. } = item
            && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        {
            calculated.push(folded(alias));
        }
    }
    read.unnests && calculated.iter().any(|name| read.columns.contains(name))
}

/// What the expressions of a list read.
#[derive(Default)]
struct Read {
    columns: BTreeSet<String>,
    /// Whether one returns rows.
    unnests: bool,
}

impl Visitor for Read {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => drop(self.columns.insert(folded(name))),
            Expr::CompoundIdentifier(parts) => self.columns.extend(parts.last().map(folded)),
            Expr::Function(function) => {
                self.unnests |= function_name(&function.name).as_deref() == Some("unnest");
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn check(sql: &str, want: &str) {
        let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).unwrap();
        let Statement::Query(query) = &mut parsed[0] else { panic!("no query: {sql}") };
        if let SetExpr::Select(select) = query.body.as_mut() {
            super::apart(select);
        }
        assert_eq!(query.to_string(), want);
    }

    #[test]
    fn names_that_clash_are_given_outside() {
        for fine in [
            "SELECT unnest(t.a) AS x FROM t",
            "SELECT unnest(t.a), t.b + 1 AS c FROM t",
            "SELECT t.a, t.b + 1 AS b FROM t",
        ] {
            check(fine, fine);
        }
        check(
            "SELECT unnest(t.a) AS x, t.c, t.b + 1 AS b FROM t",
            "SELECT \"forebay_0\" AS x, \"forebay_1\" AS c, \"forebay_2\" AS b FROM (SELECT unnest(t.a) \
             AS \"forebay_0\", t.c AS \"forebay_1\", t.b + 1 AS \"forebay_2\" FROM t) AS forebay_t",
        );
    }
}
