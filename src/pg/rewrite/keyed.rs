//! Columns that a key in GROUP BY tells: `SELECT n.id, n.name, count(*) … GROUP BY n.id` is allowed where `id` is the
//! primary key of its table (PostgreSQL manual, 7.2.3). The planner wants them in GROUP BY, where they change no group.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, OrderBy, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    SetExpr, Value, Visit, Visitor,
};

use super::syntax::{folded, is_aggregate};
use super::system_columns::{Ctes, Tables};
use crate::pg::facts::Facts;

/// A table of a FROM clause whose rows a key tells apart.
struct Keyed {
    alias: String,
    columns: Vec<String>,
    key: Vec<String>,
}

/// A column by the place of its table among those of FROM.
type Place = (usize, String);

/// Adds such columns to GROUP BY. What a name of `ctes` means is no table.
pub(super) fn determined(query: &mut Query, ctes: &[Ctes], facts: &Facts) {
    let order = query.order_by.take();
    body(&mut query.body, order.as_ref(), ctes, facts);
    query.order_by = order;
}

fn body(set: &mut SetExpr, order: Option<&OrderBy>, ctes: &[Ctes], facts: &Facts) {
    match set {
        SetExpr::Select(select) => complete(select, order, ctes, facts),
        SetExpr::SetOperation { left, right, .. } => {
            body(left, None, ctes, facts);
            body(right, None, ctes, facts);
        }
        _ => {}
    }
}

fn complete(select: &mut Select, order: Option<&OrderBy>, ctes: &[Ctes], facts: &Facts) {
    let GroupByExpr::Expressions(keys, modifiers) = &select.group_by else { return };
    if keys.is_empty() || !modifiers.is_empty() {
        return;
    }
    let tables = keyed(select, ctes, facts);
    if tables.iter().all(|table| table.key.is_empty()) {
        return;
    }
    let grouped: BTreeSet<Place> = keys
        .iter()
        .filter_map(|key| place(&tables, key).or_else(|| place(&tables, output(select, key)?)))
        .collect();
    let told: BTreeSet<usize> = (0..tables.len())
        .filter(|at| {
            let key = tables.get(*at).map(|table| table.key.as_slice()).unwrap_or_default();
            !key.is_empty() && key.iter().all(|column| grouped.contains(&(*at, column.clone())))
        })
        .collect();
    if told.is_empty() {
        return;
    }
    let mut seen = Seen { found: Vec::new(), queries: 0, aggregates: 0 };
    // The visitor never breaks.
    let _done = select.projection.visit(&mut seen);
    let _done = select.having.visit(&mut seen);
    if let Some(order) = order {
        let _done = order.visit(&mut seen);
    }
    seen.found.extend(all_of(select, &tables));
    let mut known = grouped;
    let mut added = Vec::new();
    for expr in seen.found {
        if let Some(place) = place(&tables, &expr)
            && told.contains(&place.0)
            && known.insert(place)
        {
            added.push(expr);
        }
    }
    if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
        keys.extend(added);
    }
}

/// The tables of FROM with their keys; those that are none have no columns.
fn keyed(select: &Select, ctes: &[Ctes], facts: &Facts) -> Vec<Keyed> {
    let tables = Tables::of(&select.from, &[]);
    let keyed = tables.iter().map(|table| {
        let written = match &table.schema {
            None if ctes.iter().any(|ctes| ctes.has(&table.name)) => None,
            schema => facts.written(schema.as_deref(), &table.name),
        };
        if let Some((_, written)) = written {
            let names = written.columns.fields().iter().map(|field| field.name().clone());
            let key = written.primary_key().map(|(_, index)| {
                let own = index.keys.iter().filter_map(|key| written.column(key.column));
                own.map(str::to_owned).collect()
            });
            let alias = table.alias.clone();
            let (columns, key) = (names.collect(), key.unwrap_or_default());
            return Keyed { alias, columns, key };
        }
        let found = match &table.schema {
            Some(schema) => facts.table(schema, &table.name).map(|(table, _)| table),
            None if ctes.iter().any(|ctes| ctes.has(&table.name)) => None,
            None => facts.visible(&table.name).map(|(_, table, _)| table),
        };
        let alias = table.alias.clone();
        match found {
            Some(found) => {
                let schema = found.schema();
                let columns = schema.fields().iter().map(|field| field.name().clone()).collect();
                Keyed { alias, columns, key: found.key.clone() }
            }
            None => Keyed { alias, columns: Vec::new(), key: Vec::new() },
        }
    });
    keyed.collect()
}

/// Which column of which table an expression is; `None` where that is not certain.
fn place(tables: &[Keyed], expr: &Expr) -> Option<Place> {
    let (alias, column) = match expr {
        Expr::Identifier(column) => (None, folded(column)),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [alias, column] | [_, alias, column] => (Some(folded(alias)), folded(column)),
            _ => return None,
        },
        Expr::Nested(inner) => return place(tables, inner),
        _ => return None,
    };
    let mut found = tables.iter().enumerate().filter(|(_, table)| {
        alias.as_ref().is_none_or(|alias| *alias == table.alias) && table.columns.contains(&column)
    });
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Some((at, column)),
        _ => None,
    }
}

/// What a key of GROUP BY means that is the position or the name of an output.
fn output<'a>(select: &'a Select, key: &Expr) -> Option<&'a Expr> {
    match key {
        Expr::Value(value) => {
            let Value::Number(number, _) = &value.value else { return None };
            let at = number.parse::<usize>().ok()?.checked_sub(1)?;
            match select.projection.get(at)? {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(expr)
                }
                _ => None,
            }
        }
        Expr::Identifier(name) => select.projection.iter().find_map(|item| match item {
            SelectItem::ExprWithAlias { expr, alias } if folded(alias) == folded(name) => {
                Some(expr)
            }
            _ => None,
        }),
        _ => None,
    }
}

/// The columns that `*` stands for.
fn all_of(select: &Select, tables: &[Keyed]) -> Vec<Expr> {
    let named = |alias: Option<String>| {
        tables
            .iter()
            .filter(move |table| alias.as_ref().is_none_or(|alias| *alias == table.alias))
            .flat_map(|table| {
                table.columns.iter().map(|column| {
                    let parts = [&table.alias, column];
                    Expr::CompoundIdentifier(
                        parts.map(|part| Ident::with_quote('"', part)).to_vec(),
                    )
                })
            })
    };
    let mut all = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::Wildcard(_) => all.extend(named(None)),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let alias = name.0.last().and_then(|part| part.as_ident()).map(folded);
                all.extend(alias.into_iter().flat_map(|alias| named(Some(alias))));
            }
            _ => {}
        }
    }
    all
}

/// The columns that are shown as they are, out of aggregates. In subqueries those with the name of a table: one without may
/// be of the subquery.
struct Seen {
    found: Vec<Expr>,
    queries: usize,
    aggregates: usize,
}

fn aggregates(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if is_aggregate(function))
}

impl Visitor for Seen {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let seen = match expr {
            Expr::Identifier(_) => self.queries == 0,
            Expr::CompoundIdentifier(_) => true,
            _ => false,
        };
        if seen && self.aggregates == 0 {
            self.found.push(expr.clone());
        }
        self.aggregates += usize::from(aggregates(expr));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.aggregates -= usize::from(aggregates(expr));
        ControlFlow::Continue(())
    }
}
