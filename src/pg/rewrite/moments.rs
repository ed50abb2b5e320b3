//! SQL's own syntax for dates, times and intervals, as calls and casts.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Interval, IntervalFields, Value,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::syntax::{call, cast_to, folded, function_name, text_literal};
use crate::error::{Error, Result};
use crate::pg::functions::calendar::make;

/// The type of `interval '…' day to second (3)`; `None` for fields that PostgreSQL has not.
pub(super) fn interval_type(interval: &Interval) -> Option<DataType> {
    use DateTimeField::{Day, Hour, Minute, Month, Second, Year};
    let fields = match (&interval.leading_field, &interval.last_field) {
        (None, None) => None,
        (Some(field), last) => Some(match (field, last) {
            (Year, None) => IntervalFields::Year,
            (Month, None) => IntervalFields::Month,
            (Day, None) => IntervalFields::Day,
            (Hour, None) => IntervalFields::Hour,
            (Minute, None) => IntervalFields::Minute,
            (Second, None) => IntervalFields::Second,
            (Year, Some(Month)) => IntervalFields::YearToMonth,
            (Day, Some(Hour)) => IntervalFields::DayToHour,
            (Day, Some(Minute)) => IntervalFields::DayToMinute,
            (Day, Some(Second)) => IntervalFields::DayToSecond,
            (Hour, Some(Minute)) => IntervalFields::HourToMinute,
            (Hour, Some(Second)) => IntervalFields::HourToSecond,
            (Minute, Some(Second)) => IntervalFields::MinuteToSecond,
            _ => return None,
        }),
        (None, Some(_)) => return None,
    };
    let precision = match (interval.leading_precision, interval.fractional_seconds_precision) {
        (None, digits) => digits,
        // `second (3)` counts digits, not seconds.
        (Some(digits), None) if matches!(fields, Some(IntervalFields::Second)) => Some(digits),
        _ => return None,
    };
    Some(DataType::Interval { fields, precision })
}

/// `EXTRACT (field FROM value)` as a call.
pub(super) fn extract(field: &DateTimeField, value: Expr) -> Expr {
    let field = match field {
        DateTimeField::Custom(word) => folded(word),
        known => known.to_string(),
    };
    call("extract", vec![Expr::value(Value::SingleQuotedString(field)), value])
}

/// `(a, b) OVERLAPS (c, d)` as a call.
/// Errors: 42601 for sides that are no pairs.
pub(super) fn overlaps(left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<Option<Expr>> {
    if *op != BinaryOperator::Overlaps {
        return Ok(None);
    }
    let wrong = |side| {
        Error::Syntax(format!("wrong number of parameters on {side} side of OVERLAPS expression"))
    };
    let pair = |expr: &Expr, side| match expr {
        Expr::Tuple(items) if items.len() == 2 => Ok(items.clone()),
        _ => Err(wrong(side)),
    };
    Ok(Some(call("overlaps", [pair(left, "left")?, pair(right, "right")?].concat())))
}

/// A literal of `to_timestamp ('…')` is a number: with one argument there is only that of numbers.
pub(super) fn epoch(function: &mut Function) {
    if let FunctionArguments::List(list) = &mut function.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(value))] = list.args.as_mut_slice()
        && text_literal(value).is_some()
    {
        let text = std::mem::replace(value, Expr::value(Value::Null));
        *value = cast_to(Box::new(text), "float8");
    }
}

/// `make_interval (days => 10)`: arguments in their order, those left out 0.
/// Errors: 42883 for a name the function does not have, 42601 for one given twice.
pub(super) fn positional(
    function: &mut Function,
    locate: &dyn Fn(Location) -> usize,
) -> Result<()> {
    let Some(name) = function_name(&function.name) else { return Ok(()) };
    let Some(names) = make::argument_names(&name) else { return Ok(()) };
    let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
    if list.args.iter().all(|arg| matches!(arg, FunctionArg::Unnamed(_))) {
        return Ok(());
    }
    let mut values: Vec<Option<Expr>> = vec![None; names.len()];
    for (index, arg) in list.args.iter().enumerate() {
        let mut at = None;
        let (place, value) = match arg {
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. }
            | FunctionArg::ExprNamed {
                name: Expr::Identifier(name),
                arg: FunctionArgExpr::Expr(value),
                ..
            } => {
                at = Some((locate)(name.span.start));
                let name = folded(name);
                (names.iter().position(|known| *known == name), value)
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => (Some(index), value),
            _ => return Ok(()),
        };
        match place.and_then(|place| Some((names.get(place)?, values.get_mut(place)?))) {
            Some((_, empty @ None)) => *empty = Some(value.clone()),
            Some((twice, Some(_))) => {
                let message = format!("argument name \"{twice}\" used more than once");
                let error = Error::Syntax(message);
                return Err(match at {
                    Some(at) => error.at(at),
                    None => error,
                });
            }
            None => return Err(undefined(&name)),
        }
    }
    let optional = name == "make_interval";
    let last = values.iter().rposition(Option::is_some).unwrap_or(0);
    let mut args = Vec::with_capacity(values.len());
    for value in values.into_iter().take(last + 1) {
        let value = match value {
            Some(value) => value,
            None if optional => Expr::value(Value::SingleQuotedString("0".to_owned())),
            None => return Err(undefined(&name)),
        };
        args.push(FunctionArg::Unnamed(FunctionArgExpr::Expr(value)));
    }
    list.args = args;
    Ok(())
}

fn undefined(name: &str) -> Error {
    Error::UndefinedFunction(format!("function {name} does not exist with these arguments")).hint(
        "No function matches the given name and argument types. \
         You might need to add explicit type casts.",
    )
}
