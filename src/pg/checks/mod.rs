//! What PostgreSQL's parse analysis refuses by the text of a statement alone: functions where none of their kind may
//! stand, lists that do not go together, names given twice. The planner has other words for some of it and lets the rest
//! pass.
//!
//! Each error says where it lies. The order of the checks is that of a walk over the statement, not PostgreSQL's: of two
//! mistakes in one statement the other one may be told.

mod calls;
mod clauses;
mod recursion;
mod references;
mod tables;
mod updatable;
mod volatile;
mod windows;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, Expr, Query, Select, SelectItem, SetExpr, Statement, Value, Visit, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::Location;

pub(crate) use self::references::explained;
pub(crate) use self::updatable::not_updatable;
use crate::error::{Error, Place, Result};

/// Checks one statement, as it was parsed.
/// Errors: with their places, as PostgreSQL has them.
pub(crate) fn statement(statement: &Statement) -> Result<()> {
    match statement.visit(&mut Checks::default()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

#[derive(Default)]
struct Checks {
    /// The addresses of subqueries that rows are compared with.
    beside_rows: Vec<*const Query>,
}

fn broken(result: Result<()>) -> ControlFlow<Box<Error>> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(Box::new(error)),
    }
}

impl Visitor for Checks {
    type Break = Box<Error>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        broken(clauses::query(query).and_then(|()| tables::query(query)))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        broken(
            clauses::select(select)
                .and_then(|()| tables::select(select))
                .and_then(|()| calls::select(select)),
        )
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        self.beside_rows.extend(clauses::beside_row(expr).map(std::ptr::from_ref));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        let scalar = |query: &Query| !self.beside_rows.contains(&std::ptr::from_ref(query));
        broken(calls::expression(expr).and_then(|()| clauses::expression(expr, scalar)))
    }
}

/// A place the parser tells; it leaves some out.
fn at(location: Location) -> Option<Place> {
    (0 < location.line).then_some(Place::At(location.line, location.column))
}

/// Where an expression begins, as `exprLocation` of PostgreSQL's nodeFuncs.c has it; `None` where the parser does not tell.
fn start(expr: &Expr) -> Option<Place> {
    match expr {
        Expr::Identifier(ident) => at(ident.span.start),
        Expr::CompoundIdentifier(parts) => at(parts.first()?.span.start),
        Expr::Value(value) => at(value.span.start),
        Expr::Function(function) => at(function.name.0.first()?.as_ident()?.span.start),
        Expr::BinaryOp { left: inner, .. }
        | Expr::Between { expr: inner, .. }
        | Expr::InList { expr: inner, .. }
        | Expr::InSubquery { expr: inner, .. }
        | Expr::Like { expr: inner, .. }
        | Expr::ILike { expr: inner, .. }
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsNotTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::IsNotFalse(inner)
        | Expr::Nested(inner)
        | Expr::Collate { expr: inner, .. }
        | Expr::CompoundFieldAccess { root: inner, .. }
        | Expr::AtTimeZone { timestamp: inner, .. } => start(inner),
        Expr::Cast { kind: CastKind::DoubleColon, expr: inner, .. } => start(inner),
        _ => None,
    }
}

/// How many columns a query has; `None` where `*` is one of them.
fn width(query: &SetExpr) -> Option<usize> {
    match query {
        SetExpr::Select(select) => {
            let plain = select.projection.iter().all(|item| {
                matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. })
            });
            plain.then_some(select.projection.len())
        }
        SetExpr::Query(query) => width(&query.body),
        SetExpr::SetOperation { left, .. } => width(left),
        SetExpr::Values(values) => values.rows.first().map(|row| row.len()),
        _ => None,
    }
}

/// The expression of an output.
fn output(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

/// The first column of the first row of a query, where its errors lie.
fn first(query: &SetExpr) -> Option<Place> {
    match query {
        SetExpr::Select(select) => start(output(select.projection.first()?)?),
        SetExpr::Query(query) => first(&query.body),
        SetExpr::SetOperation { left, .. } => first(left),
        SetExpr::Values(values) => start(values.rows.first()?.first()?),
        _ => None,
    }
}

/// The bracket a subquery stands in.
fn bracket(query: &Query) -> Option<Place> {
    let location = match (&query.with, query.body.as_ref()) {
        (Some(with), _) => with.with_token.0.span.start,
        (None, SetExpr::Select(select)) => select.select_token.0.span.start,
        (None, SetExpr::SetOperation { left, .. }) => match left.as_ref() {
            SetExpr::Select(select) => select.select_token.0.span.start,
            _ => return None,
        },
        _ => return None,
    };
    (0 < location.line).then_some(Place::Bracket(location.line, location.column))
}

/// PostgreSQL's type of a constant, `unknown` for one in quotes; `None` for what is no constant.
fn constant_type(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Nested(inner) => constant_type(inner),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) if text.parse::<i32>().is_ok() => Some("integer"),
            Value::Number(text, _) if text.parse::<i64>().is_ok() => Some("bigint"),
            Value::Number(..) => Some("numeric"),
            Value::Boolean(_) => Some("boolean"),
            Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) | Value::Null => {
                Some("unknown")
            }
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
