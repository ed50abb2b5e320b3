//! Timestamps with time zone where their calendar matters: PostgreSQL takes the session's zone, the planner UTC.

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, lit};

use super::operators::call;
use crate::pg::facts::Facts;
use crate::pg::functions;

/// The operand of a cast, moved to or from the session's zone when the cast needs it.
pub(super) fn cast(expr: Expr, source: &DataType, target: &DataType, facts: &Facts) -> Expr {
    use DataType::{Date32, Date64, Time64, Timestamp};
    let Some(zone) = zone(facts) else { return expr };
    match (source, target) {
        (Timestamp(_, Some(_)), Date32 | Date64 | Time64(_) | Timestamp(_, None)) => {
            moved(zone, expr)
        }
        (Timestamp(_, None), Timestamp(_, Some(_))) => moved(zone, expr),
        (Date32 | Date64, Timestamp(_, Some(_))) => moved(zone, local(expr)),
        _ => expr,
    }
}

/// `date_trunc` and `date_part` of a timestamp with time zone, and `date_trunc` of a date, which becomes one.
pub(super) fn function(expr: Expr, schema: &DFSchema, facts: &Facts) -> Result<Transformed<Expr>> {
    let Expr::ScalarFunction(mut function) = expr else { return Ok(Transformed::no(expr)) };
    let (name, kind) = match function.args.as_slice() {
        [_, moment] => (function.name().to_owned(), moment.get_type(schema).ok()),
        _ => return Ok(Transformed::no(Expr::ScalarFunction(function))),
    };
    let with_zone = matches!(kind, Some(DataType::Timestamp(_, Some(_))));
    let (truncates, takes) = match name.as_str() {
        "date_trunc" => (true, false),
        "date_part" => (false, true),
        _ => (false, false),
    };
    let of_date = truncates && matches!(kind, Some(DataType::Date32));
    let own = zone(facts);
    if of_date {
        let date = std::mem::replace(&mut function.args[1], lit(ScalarValue::Null));
        function.args[1] = local(date);
        let truncated = Expr::ScalarFunction(function);
        return Ok(Transformed::yes(moved(own.unwrap_or("UTC"), truncated)));
    }
    // Seconds since the epoch are the same everywhere.
    let epoch = matches!(&function.args[0],
        Expr::Literal(ScalarValue::Utf8(Some(field)), _) if field.eq_ignore_ascii_case("epoch"));
    let Some(own) = own.filter(|_| with_zone && (truncates || takes) && !epoch) else {
        return Ok(Transformed::no(Expr::ScalarFunction(function)));
    };
    let moment = std::mem::replace(&mut function.args[1], lit(ScalarValue::Null));
    function.args[1] = moved(own, moment);
    let done = Expr::ScalarFunction(function);
    Ok(Transformed::yes(if truncates { moved(own, done) } else { done }))
}

/// The session's zone, when it is not UTC.
fn zone(facts: &Facts) -> Option<&str> {
    facts.setting("TimeZone").filter(|zone| !matches!(*zone, "UTC" | "Etc/UTC" | "GMT"))
}

/// `expr AT TIME ZONE zone`
fn moved(zone: &str, expr: Expr) -> Expr {
    call(functions::time_zone(), vec![lit(zone), expr])
}

/// A date as the timestamp of its midnight.
fn local(date: Expr) -> Expr {
    datafusion::logical_expr::cast(date, DataType::Timestamp(TimeUnit::Microsecond, None))
}
