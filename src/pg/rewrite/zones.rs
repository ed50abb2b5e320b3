//! Timestamps with time zone where their calendar matters: PostgreSQL takes the session's zone, the planner UTC.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, lit};

use super::operators::call;
use crate::pg::facts::Facts;
use crate::pg::functions;
use crate::pg::functions::calendar::convert;
use crate::pg::zone::Zone;

/// The operand of a cast, converted as far as Arrow's own cast would do it in another way, and moved to or from the
/// session's zone when the cast needs it.
pub(super) fn cast(expr: Expr, source: &DataType, target: &DataType, facts: &Facts) -> Expr {
    use DataType::{Date32, Date64, Time64, Timestamp};
    let own = zone(facts);
    match (source, target) {
        (Timestamp(_, Some(_)), Date32 | Time64(_)) => {
            let source = Timestamp(TimeUnit::Microsecond, None);
            let moment = match own {
                Some(zone) => moved(zone, expr),
                None => expr,
            };
            converted(moment, &source, target)
        }
        (Date32, Timestamp(_, Some(_))) => moved(own.unwrap_or("UTC"), local(expr)),
        _ => match (source, target, own) {
            (Timestamp(_, Some(_)), Date64 | Timestamp(_, None), Some(zone)) => moved(zone, expr),
            // A column's timestamps stay what they are in UTC, so that files are left out by them.
            (Timestamp(_, None), Timestamp(_, Some(_)), None)
                if matches!(expr, Expr::Column(_)) =>
            {
                expr
            }
            (Timestamp(_, None), Timestamp(_, Some(_)), own) => moved(own.unwrap_or("UTC"), expr),
            (Date64, Timestamp(_, Some(_)), Some(zone)) => moved(zone, local(expr)),
            _ => converted(expr, source, target),
        },
    }
}

pub(super) fn converted(expr: Expr, source: &DataType, target: &DataType) -> Expr {
    match convert::between(source, target) {
        Some(function) => call(function, vec![expr]),
        None => expr,
    }
}

/// `age` of timestamps with time zone takes their fields in the session's zone (`timestamptz_age`); the planner's own
/// takes them in the zone of their type.
pub(super) fn function(expr: Expr, schema: &DFSchema, facts: &Facts) -> Result<Transformed<Expr>> {
    let Expr::ScalarFunction(mut function) = expr else { return Ok(Transformed::no(expr)) };
    let Some(own) = zone(facts).filter(|_| function.name() == "age") else {
        return Ok(Transformed::no(Expr::ScalarFunction(function)));
    };
    let mut changed = false;
    for arg in &mut function.args {
        if let Ok(DataType::Timestamp(unit, Some(_))) = arg.get_type(schema) {
            let moment = std::mem::replace(arg, lit(ScalarValue::Null));
            let name = Zone::of_session(own).unwrap_or(Zone::UTC).arrow_name();
            let kind = DataType::Timestamp(unit, Some(Arc::from(name)));
            *arg = datafusion::logical_expr::cast(moment, kind);
            changed = true;
        }
    }
    let expr = Expr::ScalarFunction(function);
    Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
}

/// The session's zone, when it is not UTC.
fn zone(facts: &Facts) -> Option<&str> {
    facts.setting("TimeZone").filter(|zone| !is_utc(zone))
}

/// `expr`, which is compared with a timestamp with time zone, as one: a timestamp without is local in the session's zone
/// (`timestamp_cmp_timestamptz_internal`). `None` where the planner's own coercion, which takes it in UTC, does as well.
pub(super) fn instant(expr: &Expr, kind: &DataType, time_zone: &str) -> Option<Expr> {
    let local = matches!(kind, DataType::Timestamp(_, None) | DataType::Date32);
    // A column stays what it is in UTC, so that files are left out by it.
    let same = is_utc(time_zone) && matches!(expr, Expr::Column(_));
    (local && !same).then(|| moment(expr, kind, time_zone))
}

/// A date or a timestamp without time zone as one with, local in the session's zone.
pub(super) fn moment(expr: &Expr, kind: &DataType, time_zone: &str) -> Expr {
    let local = match kind {
        DataType::Date32 => local(expr.clone()),
        _ => expr.clone(),
    };
    moved(time_zone, local)
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC" | "GMT")
}

/// `expr AT TIME ZONE zone`
fn moved(zone: &str, expr: Expr) -> Expr {
    call(functions::in_session_zone(), vec![lit(zone), expr])
}

/// A date as the timestamp of its midnight.
pub(super) fn local(date: Expr) -> Expr {
    let kind = DataType::Timestamp(TimeUnit::Microsecond, None);
    match convert::between(&DataType::Date32, &kind) {
        Some(function) => call(function, vec![date]),
        None => datafusion::logical_expr::cast(date, kind),
    }
}
