//! ORDER BY, GROUP BY, DISTINCT, LIMIT, VALUES and set operations (PostgreSQL's parse_clause.c and analyze.c).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Distinct, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr,
    Ident, LimitClause, OrderByKind, Query, Select, SelectItem, SetExpr, SetOperator,
    UnaryOperator, Value, Visit, Visitor,
};

use super::calls::{Allowed, in_clause};
use super::tables::folded;
use super::{at, bracket, constant_type, first, output, start, width};
use crate::error::{Error, Place, Result};
use crate::pg::rewrite::MARK;

/// Checks what stands around the SELECTs of a query.
/// Errors: 42601, 42703, 42P10, 22P02 and 0A000.
pub(super) fn query(query: &Query) -> Result<()> {
    body(&query.body)?;
    if let Some(order) = &query.order_by
        && let OrderByKind::Expressions(keys) = &order.kind
    {
        for key in keys {
            position(&key.expr, width(&query.body), "ORDER BY")?;
            match query.body.as_ref() {
                body @ SetExpr::SetOperation { .. } => named(&key.expr, body)?,
                SetExpr::Select(select) => unambiguous(&key.expr, &select.projection)?,
                _ => {}
            }
        }
        if let SetExpr::Select(select) = query.body.as_ref() {
            let keys: Vec<&Expr> = keys.iter().map(|key| &key.expr).collect();
            distinct(select, &keys)?;
        }
    }
    if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
        limit.iter().try_for_each(|limit| count(limit, "LIMIT"))?;
        offset.iter().try_for_each(|offset| count(&offset.value, "OFFSET"))?;
    }
    Ok(())
}

/// Errors: 42702 for a key that is the name of two outputs that differ.
fn unambiguous(key: &Expr, items: &[SelectItem]) -> Result<()> {
    let Expr::Identifier(ident) = key else { return Ok(()) };
    let name = |ident: &Ident| {
        let name = folded(ident);
        name.split(MARK).next().map_or_else(String::new, str::to_owned)
    };
    let wanted = name(ident);
    let mut outputs = items.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if name(alias) == wanted => Some(expr),
        SelectItem::UnnamedExpr(expr @ Expr::Identifier(own)) if folded(own) == wanted => {
            Some(expr)
        }
        SelectItem::UnnamedExpr(expr @ Expr::CompoundIdentifier(parts)) => {
            parts.last().filter(|own| folded(own) == wanted).map(|_| expr)
        }
        _ => None,
    });
    let Some(first) = outputs.next() else { return Ok(()) };
    match outputs.any(|other| differ(first, other)) {
        true => Err(Error::AmbiguousKey(wanted).near(at(ident.span.start))),
        false => Ok(()),
    }
}

/// Whether two outputs differ for sure: a column may be named with its table or without it.
fn differ(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Nested(inner), other) | (other, Expr::Nested(inner)) => differ(inner, other),
        (Expr::Identifier(one), Expr::CompoundIdentifier(parts))
        | (Expr::CompoundIdentifier(parts), Expr::Identifier(one)) => {
            parts.last().is_none_or(|other| folded(one) != folded(other))
        }
        (Expr::CompoundIdentifier(one), Expr::CompoundIdentifier(other)) => one
            .iter()
            .rev()
            .zip(other.iter().rev())
            .any(|(one, other)| folded(one) != folded(other)),
        _ => one != other,
    }
}

fn body(query: &SetExpr) -> Result<()> {
    match query {
        SetExpr::SetOperation { left, right, op, .. } => {
            body(left)?;
            body(right)?;
            if let (Some(one), Some(other)) = (width(left), width(right))
                && one != other
            {
                let word = match op {
                    SetOperator::Union => "UNION",
                    SetOperator::Intersect => "INTERSECT",
                    _ => "EXCEPT",
                };
                let message = format!("each {word} query must have the same number of columns");
                return Err(Error::Syntax(message).near(first(right)));
            }
            Ok(())
        }
        SetExpr::Values(values) => {
            let wide = values.rows.first().map_or(0, |row| row.len());
            match values.rows.iter().find(|row| row.len() != wide) {
                Some(row) => {
                    let message = "VALUES lists must all be the same length".to_owned();
                    Err(Error::Syntax(message).near(row.first().and_then(start)))
                }
                None => values
                    .rows
                    .iter()
                    .try_for_each(|row| in_clause(&row.to_vec(), "VALUES", Allowed::Sets)),
            }
        }
        _ => Ok(()),
    }
}

/// Checks one SELECT.
/// Errors: 42601 and 42P10.
pub(super) fn select(select: &Select) -> Result<()> {
    for item in &select.projection {
        if let SelectItem::Wildcard(options) = item
            && select.from.is_empty()
        {
            let message = "SELECT * with no tables specified is not valid".to_owned();
            return Err(Error::Syntax(message).near(at(options.wildcard_token.0.span.start)));
        }
    }
    let wide = width(&SetExpr::Select(Box::new(select.clone())));
    if let GroupByExpr::Expressions(keys, _) = &select.group_by {
        for key in keys {
            position(key, wide, "GROUP BY")?;
            if let Some(index) = index(key)
                && let Some(expr) = select.projection.get(index).and_then(output)
            {
                in_clause(expr, "GROUP BY", Allowed::Sets)?;
            }
        }
    }
    if let Some(Distinct::On(keys)) = &select.distinct {
        keys.iter().try_for_each(|key| position(key, wide, "SELECT DISTINCT ON"))?;
    }
    truths(&select.selection, "WHERE")?;
    truths(&select.having, "HAVING")
}

/// The subquery that a row is compared with, which has as many columns.
pub(super) fn beside_row(expr: &Expr) -> Option<&Query> {
    let (Expr::BinaryOp { left, right, .. }
    | Expr::AnyOp { left, right, .. }
    | Expr::AllOp { left, right, .. }) = expr
    else {
        return None;
    };
    match right.as_ref() {
        Expr::Subquery(query) => row(left).map(|_| query.as_ref()),
        _ => None,
    }
}

/// Checks one expression, whose parts have been checked. A `scalar` subquery is one that no row is compared with.
/// Errors: 42601 for rows and subqueries of other widths than their places; 42804 for constants that are no truths.
pub(super) fn expression(expr: &Expr, scalar: impl Fn(&Query) -> bool) -> Result<()> {
    match expr {
        Expr::Subquery(query)
            if scalar(query) && width(&query.body).is_some_and(|width| width != 1) =>
        {
            let message = "subquery must return only one column".to_owned();
            Err(Error::Syntax(message).near(bracket(query)))
        }
        Expr::InSubquery { expr, subquery, .. } => {
            let own = row(expr).unwrap_or(1);
            match width(&subquery.body) {
                Some(width) if width != own => {
                    let many = if own < width { "many" } else { "few" };
                    let message = format!("subquery has too {many} columns");
                    Err(Error::Syntax(message).near(Place::Word("in".to_owned())))
                }
                _ => Ok(()),
            }
        }
        Expr::BinaryOp { left, op, right } => match (row(left), row(right)) {
            (Some(one), Some(other)) if one != other => {
                let message = "unequal number of entries in row expressions".to_owned();
                Err(Error::Syntax(message).near(Place::Operator(op.to_string())))
            }
            _ => match op {
                BinaryOperator::And => truths([left.as_ref(), right.as_ref()], "AND"),
                BinaryOperator::Or => truths([left.as_ref(), right.as_ref()], "OR"),
                _ => Ok(()),
            },
        },
        Expr::Collate { expr, .. } => match constant_type(expr) {
            Some("unknown") | None => Ok(()),
            Some(kind) => {
                let message = format!("collations are not supported by type {kind}");
                Err(Error::DatatypeMismatch(message).near(Place::Word("collate".to_owned())))
            }
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => truths([expr.as_ref()], "NOT"),
        Expr::Case { operand: None, conditions, .. } => {
            truths(conditions.iter().map(|when| &when.condition), "CASE/WHEN")
        }
        _ => Ok(()),
    }
}

/// Errors: 42804 and 22P02 for a constant that is no truth.
fn truths<'a>(exprs: impl IntoIterator<Item = &'a Expr>, clause: &str) -> Result<()> {
    for expr in exprs {
        match constant_type(expr) {
            Some("unknown" | "boolean") | None => {}
            Some(kind) => {
                let message = format!("argument of {clause} must be type boolean, not type {kind}");
                return Err(Error::DatatypeMismatch(message).near(start(expr)));
            }
        }
    }
    Ok(())
}

/// How many values a row has that is written out.
fn row(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Tuple(items) => Some(items.len()),
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("row") => {
            match &function.args {
                FunctionArguments::List(list) => list
                    .args
                    .iter()
                    .all(|arg| matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Expr(_))))
                    .then_some(list.args.len()),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The output that a key means by its number, from 0.
fn index(key: &Expr) -> Option<usize> {
    match key {
        Expr::Nested(inner) => index(inner),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => text.parse::<usize>().ok()?.checked_sub(1),
            _ => None,
        },
        _ => None,
    }
}

/// Errors: 42P10 for a number beyond the outputs; 42601 for any other constant.
fn position(key: &Expr, width: Option<usize>, clause: &str) -> Result<()> {
    let (value, sign) = match key {
        Expr::Nested(inner) => return position(inner, width, clause),
        Expr::Value(value) => (value, ""),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) if matches!(value.value, Value::Number(..)) => (value, "-"),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let place = at(value.span.start).filter(|_| sign.is_empty());
    match &value.value {
        Value::Placeholder(_) => Ok(()),
        Value::Number(text, _) if text.parse::<i32>().is_ok() => {
            let number = text.parse::<usize>().unwrap_or(0);
            let inside = sign.is_empty() && 0 < number && width.is_none_or(|width| number <= width);
            if inside {
                return Ok(());
            }
            let message = format!("{clause} position {sign}{text} is not in select list");
            Err(Error::InvalidColumnReference(message).near(place))
        }
        _ => {
            let clause = clause.trim_start_matches("SELECT ");
            let message = format!("non-integer constant in {clause}");
            Err(Error::Syntax(message).near(place))
        }
    }
}

/// Errors: 0A000 and 42703 for a key of a set operation that is none of its columns.
fn named(key: &Expr, query: &SetExpr) -> Result<()> {
    match key {
        Expr::Value(_) => Ok(()),
        Expr::Identifier(name) => match names(query) {
            Some(names) if !names.contains(&folded(name)) => {
                let message = format!("column \"{}\" does not exist", folded(name));
                Err(Error::UndefinedColumn(message).near(at(name.span.start)))
            }
            _ => Ok(()),
        },
        other => {
            let message = "invalid UNION/INTERSECT/EXCEPT ORDER BY clause".to_owned();
            Err(Error::FeatureNotSupported(message)
                .detail("Only result column names can be used, not expressions or functions.")
                .hint(
                    "Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
                )
                .near(start(other)))
        }
    }
}

/// The names of a query's columns, where all have one.
fn names(query: &SetExpr) -> Option<Vec<String>> {
    match query {
        SetExpr::SetOperation { left, .. } => names(left),
        SetExpr::Select(select) => select.projection.iter().map(output_name).collect(),
        _ => None,
    }
}

fn output_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(folded(name)),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => Some(folded(parts.last()?)),
        _ => None,
    }
}

/// Errors: 42P10 for an order that DISTINCT does not leave, or that DISTINCT ON does not begin with.
fn distinct(select: &Select, order: &[&Expr]) -> Result<()> {
    let meaning = |key: &'_ Expr| meant(select, key);
    match &select.distinct {
        Some(Distinct::Distinct) => {
            let all = select.projection.iter().any(|item| output(item).is_none());
            let given: Vec<Expr> = select.projection.iter().filter_map(output).map(bare).collect();
            // What is more than a column may be written in two ways: the planner knows better.
            let lost = |key: &&&Expr| {
                let meaning = meaning(key);
                !all && is_column(&meaning) && !given.contains(&meaning)
            };
            match order.iter().find(lost) {
                Some(key) => {
                    let message =
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
                    Err(Error::InvalidColumnReference(message.to_owned()).near(start(key)))
                }
                None => Ok(()),
            }
        }
        Some(Distinct::On(keys)) => {
            let wanted: Vec<Expr> = keys.iter().map(meaning).collect();
            let order: Vec<Expr> = order.iter().map(|key| meaning(key)).collect();
            if !wanted.iter().chain(&order).all(is_column) {
                return Ok(());
            }
            let leading = order.iter().take_while(|key| wanted.contains(key)).count();
            let behind = order.iter().skip(leading).find(|key| wanted.contains(key));
            let (ordered, _rest) = order.split_at(leading);
            let unmatched = keys.iter().zip(&wanted).find(|(_, key)| match behind {
                Some(behind) => *key == behind,
                None => leading < order.len() && !ordered.contains(key),
            });
            match unmatched {
                Some((key, _)) => {
                    let message =
                        "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
                    Err(Error::InvalidColumnReference(message.to_owned()).near(start(key)))
                }
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_))
}

/// The expression that a key of ORDER BY or DISTINCT ON stands for, as [`bare`] has it.
fn meant(select: &Select, key: &Expr) -> Expr {
    let outputs = &select.projection;
    if let Some(expr) = index(key).and_then(|index| outputs.get(index)).and_then(output) {
        return bare(expr);
    }
    if let Expr::Identifier(name) = key {
        let name = folded(name);
        let own = outputs.iter().find(|item| output_name(item).as_deref() == Some(&name));
        if let Some(expr) = own.and_then(output) {
            return bare(expr);
        }
    }
    bare(key)
}

/// An expression without what two ways to write it may differ in: tables before columns, and brackets.
fn bare(expr: &Expr) -> Expr {
    use datafusion::sql::sqlparser::ast::{VisitMut, VisitorMut};
    struct Bare;
    impl VisitorMut for Bare {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            let column = match expr {
                Expr::Identifier(name) => folded(name),
                Expr::CompoundIdentifier(parts) => match parts.last() {
                    Some(name) => folded(name),
                    None => return ControlFlow::Continue(()),
                },
                Expr::Nested(inner) => {
                    *expr = inner.as_ref().clone();
                    return ControlFlow::Continue(());
                }
                _ => return ControlFlow::Continue(()),
            };
            *expr = Expr::Identifier(Ident::new(column));
            ControlFlow::Continue(())
        }
    }
    let mut expr = expr.clone();
    // The visitor never breaks.
    let _done = VisitMut::visit(&mut expr, &mut Bare);
    expr
}

/// Errors: 42803, 42P20 and 0A000 for calls, 42P10 for columns, 22P02 and 42804 for constants of another type.
fn count(expr: &Expr, clause: &str) -> Result<()> {
    in_clause(expr, clause, Allowed::Nothing)?;
    if let Some(place) = column(expr) {
        let message = format!("argument of {clause} must not contain variables");
        return Err(Error::InvalidColumnReference(message).near(place));
    }
    let Expr::Value(value) = expr else { return Ok(()) };
    match &value.value {
        Value::SingleQuotedString(text) if text.trim().parse::<i64>().is_err() => {
            let error = Error::InvalidText { kind: "bigint".to_owned(), text: text.clone() };
            Err(error.near(start(expr)))
        }
        Value::Boolean(_) => {
            let message = format!("argument of {clause} must be type bigint, not type boolean");
            Err(Error::DatatypeMismatch(message).near(start(expr)))
        }
        _ => Ok(()),
    }
}

/// The place of a column that `expr` reads, outside of subqueries.
fn column(expr: &Expr) -> Option<Option<Place>> {
    struct Search(usize, Option<Option<Place>>);
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            self.0 -= 1;
            ControlFlow::Continue(())
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) if self.0 == 0 => {
                    self.1 = Some(start(expr));
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let mut search = Search(0, None);
    // What it found is in it.
    let _done = expr.visit(&mut search);
    search.1
}
