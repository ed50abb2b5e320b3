//! Casts and subqueries that tell expressions of a SELECT apart. The planner names expressions without their casts: `x` and
//! `x::text` in GROUP BY, or `max(x)` and `max(x::text)`, would be one column to it, and so would aggregates of two
//! subqueries. Where there are such, they stand in calls, which have names of their own, until [`super::plan`] takes them
//! out of these.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident,
    OrderByKind, Query, Select, SelectItem, SetExpr, Value, Visit, VisitMut, Visitor, VisitorMut,
};

use super::syntax::{call, function_name, is_aggregate};
use crate::pg::functions;

/// Puts the casts of `query` into calls where only they tell two of its expressions apart.
pub(super) fn tell_apart(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let mut found = Computed(Vec::new());
    // The visitors never break.
    let _done = select.projection.visit(&mut found);
    let _done = select.having.visit(&mut found);
    let _done = query.order_by.visit(&mut found);
    if is_grouped(select) {
        found.0.extend(select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                Some(expr.clone())
            }
            _ => None,
        }));
        let _done = select.group_by.visit(&mut Keys(&mut found.0));
    }
    let casts = casts(&found.0);
    let queries = 1 < found.0.iter().filter(|expr| has_query(expr)).count();
    if casts.is_empty() && !queries {
        return;
    }
    let mut wrap = Wrap { casts: &casts, queries, calls: 0, depth: 0 };
    let _done = VisitMut::visit(&mut select.projection, &mut wrap);
    let _done = VisitMut::visit(&mut select.group_by, &mut wrap);
    let _done = VisitMut::visit(&mut select.having, &mut wrap);
    if let Some(OrderByKind::Expressions(keys)) =
        query.order_by.as_mut().map(|order| &mut order.kind)
    {
        for key in keys {
            let _done = VisitMut::visit(key, &mut wrap);
        }
    }
}

fn is_grouped(select: &Select) -> bool {
    !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty())
}

/// The casts in expressions that are alike without them.
fn casts(exprs: &[Expr]) -> BTreeSet<String> {
    let mut alike: BTreeMap<String, BTreeMap<String, &Expr>> = BTreeMap::new();
    for expr in exprs {
        alike.entry(written(expr, false)).or_default().insert(written(expr, true), expr);
    }
    let mut casts = Casts(BTreeSet::new());
    for exprs in alike.values().filter(|exprs| 1 < exprs.len()) {
        for expr in exprs.values() {
            let _done = expr.visit(&mut casts);
        }
    }
    casts.0
}

/// An expression as it is compared: columns without their tables, and with casts or without.
fn written(expr: &Expr, with_casts: bool) -> String {
    struct Write {
        with_casts: bool,
    }
    impl VisitorMut for Write {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            let plain = match &mut *expr {
                Expr::CompoundIdentifier(parts) => parts.pop().map(Expr::Identifier),
                Expr::Nested(inner) => Some(inner.as_ref().clone()),
                Expr::Cast { expr, .. } if !self.with_casts => Some(expr.as_ref().clone()),
                Expr::Cast { kind, .. } => {
                    *kind = CastKind::Cast;
                    None
                }
                wrapped => unwrapped(wrapped),
            };
            if let Some(plain) = plain {
                *expr = plain;
            }
            ControlFlow::Continue(())
        }
    }
    let mut expr = expr.clone();
    let _done = VisitMut::visit(&mut expr, &mut Write { with_casts });
    expr.to_string().to_lowercase()
}

/// What stands in a call of ours.
fn unwrapped(expr: &Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    match (function_name(&function.name)?.as_str(), list.args.first()?) {
        (functions::CAST, FunctionArg::Unnamed(FunctionArgExpr::Expr(cast))) => Some(cast.clone()),
        _ => None,
    }
}

/// Aggregates and windows.
struct Computed(Vec<Expr>);

impl Visitor for Computed {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && (function.over.is_some() || is_aggregate(function))
        {
            self.0.push(expr.clone());
        }
        ControlFlow::Continue(())
    }
}

/// All that is grouped by, and the parts of it.
struct Keys<'a>(&'a mut Vec<Expr>);

impl Visitor for Keys<'_> {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.0.push(expr.clone());
        ControlFlow::Continue(())
    }
}

struct Casts(BTreeSet<String>);

impl Visitor for Casts {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if matches!(expr, Expr::Cast { .. }) {
            self.0.insert(written(expr, true));
        }
        ControlFlow::Continue(())
    }
}

fn has_query(expr: &Expr) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expr.visit(&mut Search).is_break()
}

struct Wrap<'a> {
    /// Casts as they are compared.
    casts: &'a BTreeSet<String>,
    /// Whether subqueries are told apart, too: the planner has one name for all of a kind.
    queries: bool,
    /// How many aggregates and windows are around.
    calls: usize,
    /// How many queries are around.
    depth: usize,
}

impl Wrap<'_> {
    fn computes(&self, expr: &Expr) -> bool {
        self.depth == 0
            && matches!(expr, Expr::Function(call) if call.over.is_some() || is_aggregate(call))
    }
}

impl VisitorMut for Wrap<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.calls += usize::from(self.computes(expr));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.calls -= usize::from(self.computes(expr));
        let told = match &*expr {
            Expr::Cast { data_type, .. } => {
                self.casts.contains(&written(expr, true)).then(|| data_type.to_string())
            }
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => {
                (self.queries && 0 < self.calls && self.depth == 0).then(|| expr.to_string())
            }
            _ => None,
        };
        if let Some(told) = told {
            let told = Expr::value(Value::SingleQuotedString(told));
            let own = std::mem::replace(expr, Expr::Identifier(Ident::new("")));
            *expr = call(functions::CAST, vec![own, told]);
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::Statement;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[track_caller]
    fn check(sql: &str, want: &str) {
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect("a query").pop();
        let Some(Statement::Query(mut query)) = parsed else { panic!("{sql}") };
        super::tell_apart(&mut query);
        assert_eq!(query.to_string(), want, "{sql}");
    }

    #[test]
    fn casts_that_tell_apart_stand_in_calls() {
        check(
            "SELECT x, t.x::TEXT FROM t GROUP BY x, CAST(x AS TEXT)",
            "SELECT x, forebay_cast(t.x::TEXT, 'TEXT') FROM t \
             GROUP BY x, forebay_cast(CAST(x AS TEXT), 'TEXT')",
        );
        check(
            "SELECT max(x), max(x::TEXT) + 1 FROM t",
            "SELECT max(x), max(forebay_cast(x::TEXT, 'TEXT')) + 1 FROM t",
        );
        check(
            "SELECT x::INT, x::TEXT FROM t GROUP BY 1, 2",
            "SELECT forebay_cast(x::INT, 'INT'), forebay_cast(x::TEXT, 'TEXT') FROM t GROUP BY 1, 2",
        );
    }

    #[test]
    fn subqueries_in_aggregates_stand_in_calls() {
        check(
            "SELECT max((SELECT 1)), max((SELECT 2))",
            "SELECT max(forebay_cast((SELECT 1), '(SELECT 1)')), \
             max(forebay_cast((SELECT 2), '(SELECT 2)'))",
        );
        check("SELECT max((SELECT 1)), (SELECT 2)", "SELECT max((SELECT 1)), (SELECT 2)");
    }

    #[test]
    fn other_casts_stay() {
        let same = |sql: &str| check(sql, sql);
        same("SELECT x, max(y::INT) FROM t GROUP BY x");
        same("SELECT x, x::TEXT FROM t");
        same("SELECT max(x::INT), min(x::TEXT) FROM t");
    }
}
