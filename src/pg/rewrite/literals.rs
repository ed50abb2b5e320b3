//! Numbers in a statement's text: one that fits is an `integer`, a longer one a `bigint` or `numeric` (PostgreSQL
//! manual, 4.1.2.6). The planner takes every whole number for 64 bits, so each gets a cast, except where a number is no
//! value: positions in ORDER BY and GROUP BY, counts of rows, bounds of window frames.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, DateTimeField, Distinct, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, GroupByExpr, Ident, IntervalFields, JoinConstraint, JoinOperator,
    LimitClause, NamedWindowExpr, ObjectName, OrderByKind, Query, Select, UnaryOperator, Value,
    WindowFrame, WindowFrameBound, WindowType,
};

use super::syntax::{cast_to, text_literal};

/// Gives a number its type.
pub(super) fn typed(expr: &mut Expr) {
    let Expr::Value(value) = expr else { return };
    let Value::Number(text, _) = &value.value else { return };
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        if text.contains(['e', 'E']) {
            // The planner would keep the exponent as a scale below zero.
            let text = Expr::value(Value::SingleQuotedString(text.clone()));
            *expr = cast(text, "numeric");
        }
        return;
    }
    if text.parse::<i32>().is_ok() {
        let digits = Value::SingleQuotedString(text.clone()).with_span(value.span);
        *expr = cast(Expr::Value(digits), "int4");
    } else if text.parse::<i64>().is_err() && text.parse::<u64>().is_ok() {
        // The planner has unsigned numbers of 64 bits, PostgreSQL goes on to numeric.
        let number = std::mem::replace(expr, Expr::value(Value::Null));
        *expr = cast(number, "numeric");
    }
}

/// A number behind a minus is one literal, so that the least of each type is of that type (`doNegate` in gram.y).
pub(super) fn signed(expr: &mut Expr) {
    let Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } = expr else { return };
    let Some(digits) = digits(inner) else { return };
    let negative = format!("-{digits}");
    if negative.parse::<i32>().is_ok() {
        *expr = integer(negative);
    } else if negative.parse::<i64>().is_ok() {
        **inner = Expr::value(Value::Number(digits, false));
    }
}

/// The digits of a whole number without a sign that [`typed`] has seen.
fn digits(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) => digits(inner),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) if !text.contains(['.', 'e', 'E']) => Some(text.clone()),
            _ => None,
        },
        Expr::Cast { expr: inner, data_type: DataType::Custom(name, _), .. }
            if name.to_string() == "numeric" =>
        {
            digits(inner)
        }
        other => number(other).filter(|text| !text.starts_with('-')).map(str::to_owned),
    }
}

/// An `integer`. Its digits are a text until the plan is made: the planner names expressions by their literals but not
/// their casts, and `sum(1)` must not go by the name of `sum(1::int8)`.
fn integer(text: String) -> Expr {
    cast(Expr::value(Value::SingleQuotedString(text)), "int4")
}

/// A cast to the bare word `int4`, which the parser never leaves so: that tells ours from the client's.
fn cast(expr: Expr, name: &str) -> Expr {
    let data_type = DataType::Custom(ObjectName::from(vec![Ident::new(name)]), Vec::new());
    Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(expr),
        data_type,
        array: false,
        format: None,
    }
}

/// The number inside a cast that [`typed`] made.
fn number(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Nested(inner) => number(inner),
        Expr::Cast { expr: inner, data_type: DataType::Custom(name, _), .. } => {
            let [part] = name.0.as_slice() else { return None };
            let ours = part
                .as_ident()
                .is_some_and(|ident| ident.quote_style.is_none() && ident.value == "int4");
            match inner.as_ref() {
                Expr::Value(value) if ours => match &value.value {
                    Value::SingleQuotedString(text) => Some(text),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

/// The digits of a number that is no integer, with its sign.
pub(super) fn fraction(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) => fraction(inner),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => fraction(expr)
            .filter(|digits| !digits.starts_with('-'))
            .map(|digits| format!("-{digits}")),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) if text.contains('.') => Some(text.clone()),
            _ => None,
        },
        Expr::Cast { expr: inner, data_type: DataType::Custom(name, _), .. }
            if name.to_string() == "numeric" =>
        {
            match inner.as_ref() {
                Expr::Value(value) => match &value.value {
                    Value::Number(text, _) | Value::SingleQuotedString(text) => Some(text.clone()),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

/// Takes the type away again.
pub(super) fn bare(expr: &mut Expr) {
    let Some(text) = number(expr) else { return };
    let plain = |digits: &str| Expr::value(Value::Number(digits.to_owned(), false));
    *expr = match text.strip_prefix('-') {
        Some(digits) => Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(plain(digits)) },
        None => plain(text),
    };
}

/// Positions and counts of a query.
pub(super) fn query(query: &mut Query) {
    if let Some(order) = &mut query.order_by
        && let OrderByKind::Expressions(keys) = &mut order.kind
    {
        keys.iter_mut().for_each(|key| bare(&mut key.expr));
    }
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit, offset, .. }) => {
            limit.iter_mut().for_each(count);
            offset.iter_mut().for_each(|offset| count(&mut offset.value));
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
            bare(offset);
            bare(limit);
        }
        None => {}
    }
    if let Some(fetch) = &mut query.fetch {
        fetch.quantity.iter_mut().for_each(count);
    }
    fetched(query);
}

/// A count of rows; a text without a type is read as one.
fn count(expr: &mut Expr) {
    if let Expr::Value(value) = expr
        && let Value::SingleQuotedString(text) = &value.value
        && text.trim().parse::<u64>().is_ok()
    {
        value.value = Value::Number(text.trim().to_owned(), false);
    }
    bare(expr);
}

/// `FETCH FIRST n ROWS ONLY` is `LIMIT n`. Other forms are left for the planner to refuse.
fn fetched(query: &mut Query) {
    let plain = query.fetch.as_ref().is_some_and(|fetch| !fetch.with_ties && !fetch.percent);
    let own = match &query.limit_clause {
        None | Some(LimitClause::LimitOffset { limit: None, .. }) => plain,
        Some(_) => false,
    };
    if !own {
        return;
    }
    let count = query.fetch.take().and_then(|fetch| fetch.quantity);
    let count = count.unwrap_or_else(|| Expr::value(Value::Number("1".to_owned(), false)));
    match &mut query.limit_clause {
        Some(LimitClause::LimitOffset { limit, .. }) => *limit = Some(count),
        clause => {
            let (limit, offset, limit_by) = (Some(count), None, Vec::new());
            *clause = Some(LimitClause::LimitOffset { limit, offset, limit_by });
        }
    }
}

/// Positions and frames of a SELECT.
pub(super) fn select(select: &mut Select) {
    let joins = select.from.iter_mut().flat_map(|table| &mut table.joins);
    let on = joins.filter_map(|join| match &mut join.join_operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on))
        | JoinOperator::Left(JoinConstraint::On(on))
        | JoinOperator::LeftOuter(JoinConstraint::On(on))
        | JoinOperator::Right(JoinConstraint::On(on))
        | JoinOperator::RightOuter(JoinConstraint::On(on))
        | JoinOperator::FullOuter(JoinConstraint::On(on)) => Some(on),
        _ => None,
    });
    on.chain(&mut select.selection).chain(&mut select.having).for_each(truth);
    if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
        keys.iter_mut().for_each(bare);
    }
    if let Some(Distinct::On(keys)) = &mut select.distinct {
        keys.iter_mut().for_each(bare);
    }
    for window in &mut select.named_window {
        if let NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
            spec.window_frame.iter_mut().for_each(frame);
        }
    }
}

/// A literal that is a condition is a truth.
fn truth(condition: &mut Expr) {
    if text_literal(condition).is_some() {
        let literal = std::mem::replace(condition, Expr::value(Value::Null));
        *condition = cast_to(Box::new(literal), "bool");
    }
}

/// Frames of a call, and `count(1)`, which the planner knows for `count(*)`.
pub(super) fn function(function: &mut Function) {
    if let Some(WindowType::WindowSpec(spec)) = &mut function.over {
        spec.window_frame.iter_mut().for_each(frame);
    }
    let counts = match function.name.0.as_slice() {
        [part] => part.as_ident().is_some_and(|name| name.value.eq_ignore_ascii_case("count")),
        _ => false,
    };
    if counts
        && let FunctionArguments::List(list) = &mut function.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_mut_slice()
        && list.duplicate_treatment.is_none()
    {
        bare(argument);
    }
}

fn frame(frame: &mut WindowFrame) {
    let bounds = std::iter::once(&mut frame.start_bound).chain(frame.end_bound.as_mut());
    for bound in bounds {
        if let WindowFrameBound::Preceding(Some(count)) | WindowFrameBound::Following(Some(count)) =
            bound
        {
            bare(count);
            interval(count);
        }
    }
}

/// In a frame the planner reads intervals, but no casts to them.
fn interval(expr: &mut Expr) {
    if let Expr::Cast { expr: inner, data_type: DataType::Interval { fields, .. }, .. } = expr {
        let leading_field = match fields {
            None => None,
            Some(IntervalFields::Year) => Some(DateTimeField::Year),
            Some(IntervalFields::Month) => Some(DateTimeField::Month),
            Some(IntervalFields::Day) => Some(DateTimeField::Day),
            Some(IntervalFields::Hour) => Some(DateTimeField::Hour),
            Some(IntervalFields::Minute) => Some(DateTimeField::Minute),
            Some(IntervalFields::Second) => Some(DateTimeField::Second),
            Some(_) => return,
        };
        let value = std::mem::replace(inner.as_mut(), Expr::value(Value::Null));
        *expr = Expr::Interval(datafusion::sql::sqlparser::ast::Interval {
            value: Box::new(value),
            leading_field,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        });
    }
}
