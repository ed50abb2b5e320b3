//! Whether there is a row of a subquery that an outer join may leave out: a column that is never NULL tells.
//!
//! `row_to_json(s)` of `LEFT JOIN (SELECT …) AS s` is NULL where there is none, and a row of NULLs where all its columns
//! are. The column has a name that no statement can say, and goes to subqueries whose rows are asked for as values and
//! which no wildcard lists.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, TableFactor, Value, Visit, Visitor,
};

use super::MARK;
use super::syntax::folded;
use super::whole_rows::alone;

/// What it is called in the subquery of that name.
pub(super) fn column(alias: &str) -> String {
    format!("{MARK}{alias}")
}

/// Adds it where it is needed.
pub(super) fn tell(select: &mut Select) {
    if select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_)))
        || select.from.iter().all(|table| table.joins.is_empty())
    {
        return;
    }
    let mut wanted = Rows::default();
    // The visitor never breaks.
    let _done = select.visit(&mut wanted);
    let listed = |name: &str| {
        select.projection.iter().any(|item| match item {
            SelectItem::QualifiedWildcard(
                SelectItemQualifiedWildcardKind::ObjectName(prefix),
                _,
            ) => {
                prefix.0.last().and_then(|part| part.as_ident()).map(folded).as_deref()
                    == Some(name)
            }
            SelectItem::QualifiedWildcard(..) => true,
            _ => false,
        })
    };
    let wanted: BTreeSet<String> = wanted.0.into_iter().filter(|name| !listed(name)).collect();
    let joined = select.from.iter_mut().filter(|table| !table.joins.is_empty());
    let factors = joined.flat_map(|table| {
        let joins = table.joins.iter_mut().map(|join| &mut join.relation);
        std::iter::once(&mut table.relation).chain(joins)
    });
    for factor in factors {
        if let TableFactor::Derived { subquery, alias: Some(alias), .. } = factor
            && wanted.contains(&folded(&alias.name))
            && alias.columns.is_empty()
            && let SetExpr::Select(inner) = subquery.body.as_mut()
            && !matches!(inner.distinct, Some(Distinct::On(_)))
        {
            inner.projection.push(SelectItem::ExprWithAlias {
                expr: Expr::value(Value::Boolean(true)),
                alias: Ident::with_quote('"', column(&folded(&alias.name))),
            });
        }
    }
}

/// Names that stand where a row may.
#[derive(Default)]
struct Rows(BTreeSet<String>);

impl Visitor for Rows {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => drop(self.0.insert(folded(name))),
            Expr::QualifiedWildcard(name, _) => {
                self.0.extend(name.0.iter().filter_map(|part| part.as_ident()).map(folded));
            }
            Expr::Function(function) => {
                if let FunctionArguments::List(list) = &function.args {
                    let values = list.args.iter().filter_map(|arg| match arg {
                        FunctionArg::Unnamed(value @ FunctionArgExpr::QualifiedWildcard(_)) => {
                            alone(value)
                        }
                        _ => None,
                    });
                    self.0.extend(values.map(folded));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
