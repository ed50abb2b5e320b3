//! Names in expressions of ORDER BY and HAVING: they mean columns of FROM, where the planner takes an output of that name
//! first. Only a key that is nothing but a name may mean an output (`findTargetlistEntrySQL92` of PostgreSQL's
//! parse_clause.c).
//!
//! Such an output goes by a marked name in its SELECT, so that the planner cannot take it for the column; the query around
//! knows it by its own.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, Ident, OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr,
    TableAlias, TableAliasColumnDef, TableFactor, Visit, VisitMut, Visitor, VisitorMut,
};

use super::outputs::{folded, shown};
use crate::pg::rewrite::MARK;

/// Hides outputs of all SELECTs of `query`, whose outputs have their names, where expressions mean columns.
pub(super) fn uncover(query: &mut Query) {
    struct Uncover;
    impl VisitorMut for Uncover {
        type Break = ();
        fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
            hide(query);
            for cte in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
                part(&mut cte.alias);
                rename(&mut cte.alias, &cte.query);
            }
            ControlFlow::Continue(())
        }
        fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            if let TableFactor::Table { alias: Some(alias), .. }
            | TableFactor::Derived { alias: Some(alias), .. } = factor
            {
                part(alias);
            }
            if let TableFactor::Derived { subquery, alias: Some(alias), .. } = factor {
                rename(alias, subquery);
            }
            ControlFlow::Continue(())
        }
    }
    // The visitor never breaks.
    let _done = query.visit(&mut Uncover);
}

/// The name of output `index` when it is hidden: it ends with a mark.
fn hidden(name: &str, index: usize) -> String {
    format!("{name}{MARK}{index}{MARK}")
}

fn hide(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let keys: &mut [OrderByExpr] = match query.order_by.as_mut().map(|order| &mut order.kind) {
        Some(OrderByKind::Expressions(keys)) => keys.as_mut_slice(),
        _ => &mut [],
    };
    let mut named = Names(BTreeSet::new());
    // The visitor never breaks.
    let _done = select.having.visit(&mut named);
    for key in keys.iter().filter(|key| output(&key.expr).is_none()) {
        let _done = key.expr.visit(&mut named);
    }
    let joined = select.from.len() > 1 || select.from.iter().any(|table| !table.joins.is_empty());
    for (index, item) in select.projection.iter_mut().enumerate() {
        let Some(name) = item_name(item, joined).filter(|name| named.0.contains(name)) else {
            continue;
        };
        let marked = Ident::with_quote('"', hidden(&name, index));
        let expr = match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr.clone(),
            _ => continue,
        };
        for key in keys.iter_mut().filter(|key| output(&key.expr).as_ref() == Some(&name)) {
            key.expr = Expr::Identifier(marked.clone());
        }
        if let Some(Distinct::On(keys)) = &mut select.distinct {
            for key in keys.iter_mut().filter(|key| output(key).as_ref() == Some(&name)) {
                *key = expr.clone();
            }
        }
        *item = SelectItem::ExprWithAlias { expr, alias: marked };
    }
}

/// The output that a key means if it is nothing but a name.
fn output(key: &Expr) -> Option<String> {
    match key {
        Expr::Identifier(name) => Some(folded(name)),
        Expr::Nested(inner) => output(inner),
        _ => None,
    }
}

/// The name of an output that is not the column of that name itself, as far as one table's columns go.
fn item_name(item: &SelectItem, joined: bool) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            let name = shown(&folded(alias)).to_owned();
            let own = match expr {
                Expr::Identifier(own) => Some(own),
                Expr::CompoundIdentifier(parts) if !joined => parts.last(),
                _ => None,
            };
            own.is_none_or(|own| folded(own) != name).then_some(name)
        }
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) if joined => {
            parts.last().map(folded)
        }
        _ => None,
    }
}

/// All names that stand alone.
struct Names(BTreeSet<String>);

impl Visitor for Names {
    type Break = ();
    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr {
            self.0.insert(folded(name));
        }
        ControlFlow::Continue(())
    }
}

/// Gives the hidden outputs of a subquery their own names again, and marks all of one name.
fn rename(alias: &mut TableAlias, query: &Query) {
    let Some(names) = first(&query.body).map(names) else { return };
    // What `*` stands for is not known here.
    let Some(names) = names.into_iter().collect::<Option<Vec<String>>>() else { return };
    if !names.iter().any(|name| name.contains(MARK)) {
        return;
    }
    let own = alias.columns.iter().map(|column| shown(&folded(&column.name)).to_owned());
    let all: Vec<String> = own
        .chain(names.iter().skip(alias.columns.len()).map(|name| shown(name).to_owned()))
        .collect();
    for (index, name) in all.iter().enumerate().skip(alias.columns.len()) {
        let unique = all.iter().filter(|other| *other == name).count() == 1;
        // A name that two columns have means neither.
        let name = if unique { name.clone() } else { format!("{name}{MARK}{index}") };
        let name = Ident::with_quote('"', name);
        alias.columns.push(TableAliasColumnDef { name, data_type: None });
    }
}

/// Marks names that an alias gives to several columns: they mean none of them.
fn part(alias: &mut TableAlias) {
    let names: Vec<String> = alias.columns.iter().map(|column| folded(&column.name)).collect();
    for (index, (column, name)) in alias.columns.iter_mut().zip(&names).enumerate() {
        if names.iter().filter(|other| *other == name).count() > 1 {
            column.name = Ident::with_quote('"', format!("{name}{MARK}{index}"));
        }
    }
}

/// The SELECT that names the columns of a query.
fn first(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::SetOperation { left, .. } => first(left),
        SetExpr::Query(query) => first(&query.body),
        _ => None,
    }
}

/// The names of outputs; `None` for a wildcard.
fn names(select: &Select) -> Vec<Option<String>> {
    let name = |item: &SelectItem| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(folded(name)),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(folded),
        _ => None,
    };
    select.projection.iter().map(name).collect()
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
        super::uncover(&mut query);
        assert_eq!(query.to_string().replace('\u{1}', "~"), want, "{sql}");
    }

    #[test]
    fn outputs_hide_from_expressions() {
        check(
            "SELECT -n AS n FROM t ORDER BY n, n + 1",
            "SELECT -n AS \"n~0~\" FROM t ORDER BY \"n~0~\", n + 1",
        );
        check(
            "SELECT count(*) AS c FROM t HAVING c > 1",
            "SELECT count(*) AS \"c~0~\" FROM t HAVING c > 1",
        );
        check("SELECT -n AS n FROM t ORDER BY n", "SELECT -n AS n FROM t ORDER BY n");
        check("SELECT t.n FROM t ORDER BY n + 1", "SELECT t.n FROM t ORDER BY n + 1");
        check(
            "SELECT t.n FROM t, u ORDER BY n + 1",
            "SELECT t.n AS \"n~0~\" FROM t, u ORDER BY n + 1",
        );
    }

    #[test]
    fn queries_around_know_the_names() {
        check(
            "SELECT * FROM (SELECT -n AS n, k FROM t ORDER BY n + 1) AS s (a)",
            "SELECT * FROM (SELECT -n AS \"n~0~\", k FROM t ORDER BY n + 1) AS s (a, \"k\")",
        );
        check(
            "WITH s AS (SELECT -n AS n, k FROM t ORDER BY n + 1) SELECT n FROM s",
            "WITH s (\"n\", \"k\") AS (SELECT -n AS \"n~0~\", k FROM t ORDER BY n + 1) SELECT n FROM s",
        );
    }
}
