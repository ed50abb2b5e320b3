//! Operators of numbers, dates and intervals with PostgreSQL's result types and ranges (manual, 9.3 and 9.9).

use std::sync::Arc;

use arrow::datatypes::{DECIMAL256_MAX_PRECISION, DataType, Field, IntervalUnit};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{
    Between, BinaryExpr, Cast, Expr, ExprSchemable, Operator, ScalarUDF, cast,
};

use super::operators::call;
use super::{common, zones};
use crate::error::Error;
use crate::pg::catalog::index;
use crate::pg::encode::is_oid;
use crate::pg::functions::chain;
use crate::pg::functions::floats::{self, Floats};
use crate::pg::functions::integers::{self, Operation};
use crate::pg::functions::moments;
use crate::pg::functions::numerics::{self, Numerics};
use crate::pg::numeric;
use crate::pg::types::{self, TYPE_KEY};

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// The type an untyped literal beside `other` is read as; `None` where the planner knows or nothing does.
pub(super) fn beside(op: Operator, other: &DataType) -> Option<Field> {
    let calculates = op.is_numerical_operators();
    if !calculates && !compares(op) {
        return None;
    }
    let plain = |data_type| Some(Field::new("", data_type, true));
    match other {
        DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) | DataType::Time64(_)
            if !calculates =>
        {
            plain(other.clone())
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if !calculates => {
            plain(DataType::Binary)
        }
        DataType::Interval(_) if matches!(op, Operator::Multiply | Operator::Divide) => {
            plain(DataType::Float64)
        }
        DataType::Float32 | DataType::Float64 | DataType::Interval(_) => plain(other.clone()),
        DataType::Decimal128(..) | DataType::Decimal256(..) => {
            let metadata = [(TYPE_KEY.to_owned(), "numeric".to_owned())];
            let field = Field::new("", other.clone(), true);
            Some(field.with_metadata(metadata.into_iter().collect()))
        }
        DataType::Date32 if op == Operator::Minus => plain(DataType::Date32),
        DataType::Date32 if op == Operator::Plus => plain(DataType::Int32),
        DataType::Timestamp(..) if op == Operator::Minus => plain(other.clone()),
        DataType::Timestamp(..) if op == Operator::Plus => plain(INTERVAL),
        other => integers::whole(other).and_then(plain),
    }
}

/// An operator between two values whose types are known.
/// Errors: 42883 for operators PostgreSQL does not have.
pub(super) fn binary(
    binary: BinaryExpr,
    schema: &DFSchema,
    time_zone: &str,
) -> Result<Transformed<Expr>> {
    let BinaryExpr { left, op, right } = binary;
    let (Ok(left_type), Ok(right_type)) = (left.get_type(schema), right.get_type(schema)) else {
        return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })));
    };
    if let Some(done) = compared_moments(op, (&left, &left_type), (&right, &right_type), time_zone)
    {
        return Ok(Transformed::yes(done));
    }
    if let Some(operation) = shift(op)
        && integers::whole(&left_type) == Some(DataType::Int16)
        && integers::whole(&right_type).is_some()
    {
        let by = cast(*right, DataType::Int32);
        return Ok(Transformed::yes(call(integers::function(operation), vec![*left, by])));
    }
    if !op.is_numerical_operators() {
        let expr = compared(BinaryExpr { left, op, right }, &left_type, &right_type);
        return Ok(expr);
    }
    if let (Some(operation), Some(wider)) =
        (of_integers(op), integers::wider(&left_type, &right_type))
    {
        let link = integers::function(operation);
        let sides = ((*left, &left_type), (*right, &right_type));
        let chain = of_chain(link, sides.0, sides.1, &wider, schema)?;
        return Ok(Transformed::yes(chain));
    }
    if let Some(done) = of_moments(op, (&left, &left_type), (&right, &right_type), time_zone)? {
        return Ok(Transformed::yes(done));
    }
    if let Some(done) = of_numerics(op, (&left, &left_type), (&right, &right_type)) {
        return Ok(Transformed::yes(done));
    }
    let factor = |own: &DataType, other: &DataType| match op {
        Operator::Multiply => alike(own, other).or_else(|| long(own, other)),
        _ => None,
    };
    let wide = |own: &DataType, other: &DataType| {
        widened(own, other).or_else(|| factor(own, other)).or_else(|| roomy(own, other))
    };
    let (from_left, from_right) = (wide(&left_type, &right_type), wide(&right_type, &left_type));
    let changed = from_left.is_some() || from_right.is_some();
    let floating = [(&from_left, &left_type), (&from_right, &right_type)]
        .iter()
        .all(|(wide, own)| wide.as_ref().unwrap_or(own).is_floating());
    if floating {
        return match of_floats(op) {
            Some(operation) => {
                let link = floats::function(operation);
                let wanted = link.return_type(&[left_type.clone(), right_type.clone()])?;
                let (left, left_type) = nearest(*left, left_type);
                let (right, right_type) = nearest(*right, right_type);
                let sides = ((left, &left_type), (right, &right_type));
                Ok(Transformed::yes(of_chain(link, sides.0, sides.1, &wanted, schema)?))
            }
            None => Err(no_operator(&left_type, op, &right_type)),
        };
    }
    let left = from_left.map_or_else(|| *left.clone(), |wide| cast(*left.clone(), wide));
    let right = from_right.map_or_else(|| *right.clone(), |wide| cast(*right.clone(), wide));
    let expr = Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) });
    Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
}

/// A number as the nearest of floating point, where it is a numeric that Arrow would round twice, and its type.
fn nearest(expr: Expr, own: DataType) -> (Expr, DataType) {
    match common::is_rounded(&own, &DataType::Float64) {
        true => (common::nearest(expr, &DataType::Float64), DataType::Float64),
        false => (expr, own),
    }
}

/// `-x` of an integer, in its own range, and of floating point, where `-NaN` is NaN.
/// Errors: 42883 for a value that PostgreSQL has no such operator for.
pub(super) fn negative(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if let Ok((_, field)) = expr.to_field(schema) {
        let own = types::of_field(&field).oid;
        let unsigned = [types::DATE, types::TIMESTAMP, types::TIMESTAMPTZ, types::TIME];
        if unsigned.contains(&own) || is_oid(own) {
            let message = format!("operator does not exist: - {}", types::sql_name(own));
            let error = Error::OperatorMismatch(message).hint(
                "No operator matches the given name and argument type. You might need to add an explicit type cast.",
            );
            return Err(DataFusionError::External(Box::new(error)));
        }
    }
    Ok(signed(expr, schema))
}

fn signed(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    if expr.get_type(schema).is_ok_and(|found| found.is_floating()) {
        return Transformed::yes(call(floats::function(Floats::Negate), vec![expr]));
    }
    let whole = expr.get_type(schema).ok().and_then(|found| integers::whole(&found));
    match (whole, &expr) {
        // The planner reads `-1` and a sign before a cast literal alike; both stay literals.
        (Some(_), Expr::Literal(ScalarValue::Int32(Some(value)), _)) if *value != i32::MIN => {
            Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(-value)), None))
        }
        (Some(_), Expr::Literal(ScalarValue::Int64(Some(value)), _)) if *value != i64::MIN => {
            Transformed::yes(Expr::Literal(ScalarValue::Int64(Some(-value)), None))
        }
        (Some(_), _) => Transformed::yes(call(integers::function(Operation::Negate), vec![expr])),
        (None, _) => Transformed::no(Expr::Negative(Box::new(expr))),
    }
}

fn shift(op: Operator) -> Option<Operation> {
    match op {
        Operator::BitwiseShiftLeft => Some(Operation::ShiftLeft),
        Operator::BitwiseShiftRight => Some(Operation::ShiftRight),
        _ => None,
    }
}

fn of_integers(op: Operator) -> Option<Operation> {
    match op {
        Operator::Plus => Some(Operation::Plus),
        Operator::Minus => Some(Operation::Minus),
        Operator::Multiply => Some(Operation::Times),
        Operator::Divide => Some(Operation::Over),
        Operator::Modulo => Some(Operation::Modulo),
        _ => None,
    }
}

/// An operator of ours between values that become `wanted`. Behind others of that type it is one more link of a chain.
fn of_chain(
    link: Arc<ScalarUDF>,
    (left, left_type): (Expr, &DataType),
    (right, right_type): (Expr, &DataType),
    wanted: &DataType,
    schema: &DFSchema,
) -> Result<Expr> {
    let before = match left {
        Expr::ScalarFunction(before) if left_type == wanted => before,
        left => return Ok(call(link, vec![left, right])),
    };
    let mut links = match chain::links(&before.func) {
        Some(links) => links.to_vec(),
        None if is_link(&before) => vec![Arc::clone(&before.func)],
        None => return Ok(call(link, vec![Expr::ScalarFunction(before), right])),
    };
    links.push(link);
    let mut args = Vec::with_capacity(before.args.len() + 1);
    for arg in before.args {
        let own = arg.get_type(schema)?;
        args.push(if own == *wanted { arg } else { cast(arg, wanted.clone()) });
    }
    args.push(if right_type == wanted { right } else { cast(right, wanted.clone()) });
    Ok(call(chain::function(links), args))
}

/// Whether a call is an operator of ours between two numbers.
fn is_link(function: &ScalarFunction) -> bool {
    const OPERATORS: &[Operator] =
        &[Operator::Plus, Operator::Minus, Operator::Multiply, Operator::Divide, Operator::Modulo];
    let ours = |op: &Operator| {
        let integers = of_integers(*op).map(integers::function);
        let floats = of_floats(*op).map(floats::function);
        integers.into_iter().chain(floats).any(|own| *own == *function.func)
    };
    OPERATORS.iter().any(ours)
}

fn of_floats(op: Operator) -> Option<Floats> {
    match op {
        Operator::Plus => Some(Floats::Plus),
        Operator::Minus => Some(Floats::Minus),
        Operator::Multiply => Some(Floats::Times),
        Operator::Divide => Some(Floats::Over),
        _ => None,
    }
}

/// Operators of numerics whose digits are each value's own; `None` for those the planner does alike.
fn of_numerics(
    op: Operator,
    (left, left_type): Operand<'_>,
    (right, right_type): Operand<'_>,
) -> Option<Expr> {
    let varies = numeric::varies(left_type) || numeric::varies(right_type);
    let operation = match op {
        Operator::Divide if is_numeric_pair(left_type, right_type) => Numerics::Over,
        Operator::Multiply if varies && is_numeric_pair(left_type, right_type) => Numerics::Times,
        _ => return None,
    };
    Some(call(numerics::function(operation), vec![left.clone(), right.clone()]))
}

/// Whether two such values are calculated as numeric: one is, and the other is exact.
pub(super) fn is_numeric_pair(left: &DataType, right: &DataType) -> bool {
    // An unsigned integer of 64 bits is numeric to PostgreSQL.
    let numeric = |own: &DataType| own.is_decimal() || matches!(own, DataType::UInt64);
    is_exact(left) && is_exact(right) && (numeric(left) || numeric(right))
}

fn no_operator(left: &DataType, op: Operator, right: &DataType) -> DataFusionError {
    let name = |data_type| types::sql_name(types::of_data_type(data_type).oid);
    let words = format!("operator does not exist: {} {op} {}", name(left), name(right));
    let error = Error::OperatorMismatch(words).hint(
        "No operator matches the given name and argument types. You might need to add explicit type casts.",
    );
    DataFusionError::External(Box::new(error))
}

/// What `own` becomes beside `other`: exact numbers and `real` are calculated in double precision, and an unsigned
/// integer of 64 bits is numeric.
fn widened(own: &DataType, other: &DataType) -> Option<DataType> {
    match own {
        DataType::Float32 if is_exact(other) => Some(DataType::Float64),
        exact if is_exact(exact) && other.is_floating() => Some(DataType::Float64),
        DataType::UInt64 => Some(DataType::Decimal128(20, 0)),
        _ => None,
    }
}

/// What a numeric of the widest kind becomes beside an exact number with more digits after the point, where it leaves no
/// room for them: the planner has no type for both then.
pub(super) fn roomy(own: &DataType, other: &DataType) -> Option<DataType> {
    let DataType::Decimal256(precision, scale) = own else { return None };
    let (precision, scale) = (*precision, *scale);
    let beside = match other {
        DataType::Decimal32(_, beside)
        | DataType::Decimal64(_, beside)
        | DataType::Decimal128(_, beside)
        | DataType::Decimal256(_, beside) => *beside,
        _ => return None,
    };
    let kept = scale.max(0).unsigned_abs();
    let more = beside.max(0).unsigned_abs().saturating_sub(kept);
    let narrow = DECIMAL256_MAX_PRECISION.saturating_sub(more);
    (narrow < precision).then_some(DataType::Decimal256(narrow, scale))
}

/// What an exact number becomes beside a numeric of the widest kind. The planner would give both the same digits after the
/// point, and a product would show those of both.
fn alike(own: &DataType, other: &DataType) -> Option<DataType> {
    match (own, other) {
        (
            DataType::Decimal32(precision, scale)
            | DataType::Decimal64(precision, scale)
            | DataType::Decimal128(precision, scale),
            DataType::Decimal256(..),
        ) => Some(DataType::Decimal256(*precision, *scale)),
        (own, DataType::Decimal256(..)) if own.is_integer() => Some(DataType::Decimal256(20, 0)),
        _ => None,
    }
}

/// Digits after the point up to which a product of 38 digits has room for those of any bigint before it.
const PRODUCT_SCALE_MAX: i8 = 18;

/// What a numeric becomes beside another when their product has more digits after the point.
fn long(own: &DataType, other: &DataType) -> Option<DataType> {
    let (DataType::Decimal128(precision, scale), DataType::Decimal128(_, beside)) = (own, other)
    else {
        return None;
    };
    let long = PRODUCT_SCALE_MAX < scale.saturating_add(*beside);
    long.then_some(DataType::Decimal256(*precision, *scale))
}

fn is_exact(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_decimal()
}

pub(super) fn compares(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// Comparisons of floating point with exact numbers are made in double precision, so that `0.1::real = 0.1` is false.
/// Numerics get room for each other's digits.
fn compared(binary: BinaryExpr, left: &DataType, right: &DataType) -> Transformed<Expr> {
    let mixed = left.is_floating() && is_exact(right) || is_exact(left) && right.is_floating();
    let (narrow_left, narrow_right) = (roomy(left, right), roomy(right, left));
    if compares(binary.op) && (narrow_left.is_some() || narrow_right.is_some()) {
        let BinaryExpr { left, op, right } = binary;
        let narrow = |expr: Expr, wanted: Option<DataType>| match wanted {
            Some(wanted) => cast(expr, wanted),
            None => expr,
        };
        return Transformed::yes(between(
            narrow(*left, narrow_left),
            op,
            narrow(*right, narrow_right),
        ));
    }
    if !mixed || !compares(binary.op) {
        return Transformed::no(Expr::BinaryExpr(binary));
    }
    let double = |expr: Box<Expr>, own: &DataType| match own {
        DataType::Float64 => expr,
        _ => Box::new(cast(*expr, DataType::Float64)),
    };
    let BinaryExpr { left: left_expr, op, right: right_expr } = binary;
    let (left, right) = (double(left_expr, left), double(right_expr, right));
    Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right }))
}

// ---- dates, times, intervals

type Operand<'a> = (&'a Expr, &'a DataType);

/// `None` for operands that are none of ours.
fn of_moments(
    op: Operator,
    (left, left_type): Operand<'_>,
    (right, right_type): Operand<'_>,
    time_zone: &str,
) -> Result<Option<Expr>> {
    use DataType::{Date32, Interval, Timestamp};
    let whole = |data_type: &DataType| integers::whole(data_type).is_some();
    Ok(match (op, left_type, right_type) {
        (Operator::Plus | Operator::Minus, Date32, number) if whole(number) => {
            Some(moved(op, (left, left_type), (right, right_type))?)
        }
        (Operator::Plus, number, Date32) if whole(number) => {
            Some(moved(op, (right, right_type), (left, left_type))?)
        }
        (Operator::Plus | Operator::Minus, Timestamp(_, Some(_)), Interval(_)) => {
            Some(zoned(op, left, right, time_zone))
        }
        (Operator::Plus, Interval(_), Timestamp(_, Some(_))) => {
            Some(zoned(op, right, left, time_zone))
        }
        (Operator::Plus | Operator::Minus, Timestamp(_, None), Interval(_)) => {
            Some(later(op, left, right))
        }
        (Operator::Plus, Interval(_), Timestamp(_, None)) => Some(later(op, right, left)),
        (Operator::Minus, Timestamp(_, Some(_)), Date32 | Timestamp(_, None)) => {
            let right = zones::moment(right, right_type, time_zone);
            Some(call(moments::elapsed(), vec![left.clone(), right]))
        }
        (Operator::Minus, Date32 | Timestamp(_, None), Timestamp(_, Some(_))) => {
            let left = zones::moment(left, left_type, time_zone);
            Some(call(moments::elapsed(), vec![left, right.clone()]))
        }
        _ => of_interval(op, (left, left_type), (right, right_type)),
    })
}

/// A time that stands where an interval must, as one: beside what has no operator with times, and some with intervals.
pub(super) fn lasting(
    expr: Expr,
    own: DataType,
    op: Operator,
    other: &DataType,
) -> (Expr, DataType) {
    let meant = match (&own, other) {
        (DataType::Time64(_), DataType::Timestamp(_, Some(_))) => {
            matches!(op, Operator::Plus | Operator::Minus)
        }
        (DataType::Time64(_), DataType::Interval(_)) => compares(op),
        (DataType::Time64(_), number) if number.is_numeric() => {
            matches!(op, Operator::Multiply | Operator::Divide)
        }
        _ => false,
    };
    match meant {
        true => (zones::converted(expr, &own, &INTERVAL), INTERVAL),
        false => (expr, own),
    }
}

/// An interval by a number, a timestamp by a time, and a date at a time: the planner has no such operators. What lies
/// between two moments is an interval, not a duration, and a date by an interval is a timestamp. None of it asks for the
/// time zone, so that an expression has its type as soon as it is planned.
pub(super) fn of_interval(op: Operator, left: Operand<'_>, right: Operand<'_>) -> Option<Expr> {
    match (op, left.1, right.1) {
        (Operator::Multiply, DataType::Interval(_), number) if number.is_numeric() => {
            Some(scaled(left.0, right.0, false))
        }
        (Operator::Multiply, number, DataType::Interval(_)) if number.is_numeric() => {
            Some(scaled(right.0, left.0, false))
        }
        (Operator::Divide, DataType::Interval(_), number) if number.is_numeric() => {
            Some(scaled(left.0, right.0, true))
        }
        (Operator::Plus | Operator::Minus, DataType::Date32, DataType::Interval(_)) => {
            Some(later(op, &local(left.0), right.0))
        }
        (Operator::Plus, DataType::Interval(_), DataType::Date32) => {
            Some(later(op, &local(right.0), left.0))
        }
        // The cast is one in the session's zone when the plan is rewritten.
        (
            Operator::Minus,
            zoned @ DataType::Timestamp(_, Some(_)),
            DataType::Date32 | DataType::Timestamp(_, None),
        ) => {
            let right = cast(right.0.clone(), zoned.clone());
            Some(call(moments::elapsed(), vec![left.0.clone(), right]))
        }
        (
            Operator::Minus,
            DataType::Date32 | DataType::Timestamp(_, None),
            zoned @ DataType::Timestamp(_, Some(_)),
        ) => {
            let left = cast(left.0.clone(), zoned.clone());
            Some(call(moments::elapsed(), vec![left, right.0.clone()]))
        }
        (Operator::Minus, DataType::Timestamp(_, None), DataType::Date32) => {
            Some(call(moments::elapsed(), vec![left.0.clone(), local(right.0)]))
        }
        (Operator::Minus, DataType::Date32, DataType::Timestamp(_, None)) => {
            Some(call(moments::elapsed(), vec![local(left.0), right.0.clone()]))
        }
        // The planner takes what lies between two dates for a bigint.
        (Operator::Minus, DataType::Date32, DataType::Date32) => {
            Some(call(moments::day_difference(), vec![left.0.clone(), right.0.clone()]))
        }
        (Operator::Minus, DataType::Timestamp(_, one), DataType::Timestamp(_, other))
            if one.is_some() == other.is_some() =>
        {
            Some(call(moments::elapsed(), vec![left.0.clone(), right.0.clone()]))
        }
        (Operator::Plus | Operator::Minus, DataType::Timestamp(_, None), DataType::Time64(_)) => {
            Some(later(op, left.0, &zones::converted(right.0.clone(), right.1, &INTERVAL)))
        }
        (Operator::Plus, DataType::Time64(_), DataType::Timestamp(_, None)) => {
            Some(later(op, right.0, &zones::converted(left.0.clone(), left.1, &INTERVAL)))
        }
        (Operator::Plus | Operator::Minus, DataType::Time64(_), DataType::Interval(_)) => {
            let around = moments::around(op == Operator::Minus);
            Some(call(around, vec![left.0.clone(), right.0.clone()]))
        }
        (Operator::Plus, DataType::Interval(_), DataType::Time64(_)) => {
            Some(call(moments::around(false), vec![right.0.clone(), left.0.clone()]))
        }
        (Operator::Plus, DataType::Date32, DataType::Time64(_)) => {
            Some(later(op, &local(left.0), &zones::converted(right.0.clone(), right.1, &INTERVAL)))
        }
        (Operator::Plus, DataType::Time64(_), DataType::Date32) => {
            Some(later(op, &local(right.0), &zones::converted(left.0.clone(), left.1, &INTERVAL)))
        }
        _ => None,
    }
}

/// The moment that a literal tells, or a literal date with a literal interval.
fn known(expr: &Expr) -> Option<i64> {
    let call = match expr {
        Expr::Literal(ScalarValue::TimestampMicrosecond(moment, None), _) => return *moment,
        Expr::ScalarFunction(call) => call,
        _ => return None,
    };
    let back = [false, true].into_iter().find(|back| *moments::later(*back) == *call.func)?;
    let [
        Expr::ScalarFunction(midnight),
        Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _),
    ] = call.args.as_slice()
    else {
        return None;
    };
    let [Expr::Literal(ScalarValue::Date32(Some(day)), _)] = midnight.args.as_slice() else {
        return None;
    };
    let interval = if back { moments::negated(*interval)? } else { *interval };
    moments::after_midnight(*day, interval)
}

/// A date compared with a known timestamp, as a comparison with a date: files are pruned by it, and no row is cast.
fn dated(left: &Expr, op: Operator, right: &Expr) -> Option<Expr> {
    const DAY_US: i64 = 86_400_000_000;
    let (midnight, day) = match known(right)? {
        i64::MIN => (true, i32::MIN),
        i64::MAX => (true, i32::MAX),
        us => (us.rem_euclid(DAY_US) == 0, i32::try_from(us.div_euclid(DAY_US)).ok()?),
    };
    // A moment in the day comes after its date and before the next one.
    let op = match op {
        Operator::Lt if !midnight => Operator::LtEq,
        Operator::GtEq if !midnight => Operator::Gt,
        Operator::Eq | Operator::NotEq if !midnight => return None,
        Operator::Lt
        | Operator::LtEq
        | Operator::Gt
        | Operator::GtEq
        | Operator::Eq
        | Operator::NotEq => op,
        _ => return None,
    };
    let day = Expr::Literal(ScalarValue::Date32(Some(day)), None);
    Some(between(left.clone(), op, day))
}

/// Comparisons of dates with timestamps, of timestamps without time zone with such that have one, and of intervals.
fn compared_moments(
    op: Operator,
    (left, left_type): Operand<'_>,
    (right, right_type): Operand<'_>,
    time_zone: &str,
) -> Option<Expr> {
    use DataType::{Date32, Interval, Timestamp};
    if !compares(op) {
        return None;
    }
    match (left_type, right_type) {
        (Timestamp(_, Some(_)), _) => zones::instant(right, right_type, time_zone)
            .map(|right| between(left.clone(), op, right)),
        (_, Timestamp(_, Some(_))) => {
            zones::instant(left, left_type, time_zone).map(|left| between(left, op, right.clone()))
        }
        (Date32, Timestamp(_, None)) => {
            Some(dated(left, op, right).unwrap_or_else(|| between(local(left), op, right.clone())))
        }
        (Timestamp(_, None), Date32) => Some(
            op.swap()
                .and_then(|op| dated(right, op, left))
                .unwrap_or_else(|| between(left.clone(), op, local(right))),
        ),
        (Interval(_), Interval(_)) => {
            let length = |interval: &Expr| call(moments::length(), vec![interval.clone()]);
            Some(between(length(left), op, length(right)))
        }
        _ => None,
    }
}

/// `x BETWEEN a AND b` of dates, timestamps or intervals that are compared in a way of their own, as two comparisons.
pub(super) fn ranged(range: Between, schema: &DFSchema, time_zone: &str) -> Transformed<Expr> {
    let kind = |expr: &Expr| expr.get_type(schema).unwrap_or(DataType::Null);
    let own = kind(&range.expr);
    let side = |op, bound: &Expr| {
        compared_moments(op, (&range.expr, &own), (bound, &kind(bound)), time_zone)
    };
    let (low, high) = (side(Operator::GtEq, &range.low), side(Operator::LtEq, &range.high));
    if low.is_none() && high.is_none() {
        return Transformed::no(Expr::Between(range));
    }
    let plain = |op, bound: &Expr| between(range.expr.as_ref().clone(), op, bound.clone());
    let low = low.unwrap_or_else(|| plain(Operator::GtEq, &range.low));
    let high = high.unwrap_or_else(|| plain(Operator::LtEq, &range.high));
    let both = between(low, Operator::And, high);
    Transformed::yes(if range.negated { Expr::Not(Box::new(both)) } else { both })
}

/// `x IN (…)` of dates, timestamps or intervals that are compared in a way of their own, as comparisons; `None` where no
/// item is.
pub(super) fn listed_moments(list: &InList, schema: &DFSchema, time_zone: &str) -> Option<Expr> {
    let kind = |expr: &Expr| expr.get_type(schema).unwrap_or(DataType::Null);
    let own = kind(&list.expr);
    let (op, joint) = match list.negated {
        false => (Operator::Eq, Operator::Or),
        true => (Operator::NotEq, Operator::And),
    };
    let compared: Vec<Option<Expr>> = list
        .list
        .iter()
        .map(|item| compared_moments(op, (&list.expr, &own), (item, &kind(item)), time_zone))
        .collect();
    if compared.iter().all(Option::is_none) {
        return None;
    }
    let plain = |item: &Expr| between(list.expr.as_ref().clone(), op, item.clone());
    let terms = compared.into_iter().zip(&list.list);
    terms
        .map(|(term, item)| term.unwrap_or_else(|| plain(item)))
        .reduce(|left, right| between(left, joint, right))
}

/// A date as the timestamp of its midnight.
fn local(date: &Expr) -> Expr {
    zones::local(date.clone())
}

fn between(left: Expr, op: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr { left: Box::new(left), op, right: Box::new(right) })
}

/// A date some days on. Errors: 42883 for a bigint, which PostgreSQL has no such operator for.
fn moved(op: Operator, (date, _): Operand<'_>, (number, number_type): Operand<'_>) -> Result<Expr> {
    if integers::whole(number_type) == Some(DataType::Int64) {
        return Err(no_operator(&DataType::Date32, op, number_type));
    }
    let number = cast(number.clone(), DataType::Int32);
    Ok(call(moments::days_later(op == Operator::Minus), vec![date.clone(), number]))
}

/// A timestamp an interval on, or back.
fn later(op: Operator, moment: &Expr, interval: &Expr) -> Expr {
    call(moments::later(op == Operator::Minus), vec![moment.clone(), interval.clone()])
}

/// Days and months are those of the session's zone.
fn zoned(op: Operator, moment: &Expr, interval: &Expr, time_zone: &str) -> Expr {
    let plus = moments::zoned(time_zone, op == Operator::Minus);
    call(plus, vec![moment.clone(), interval.clone()])
}

fn scaled(interval: &Expr, number: &Expr, divide: bool) -> Expr {
    let number = cast(number.clone(), DataType::Float64);
    call(moments::scaled(divide), vec![interval.clone(), number])
}

// ---- casts

/// Refuses a cast that PostgreSQL does not have although Arrow does.
/// Errors: 42846.
pub(super) fn castable(source: &Field, target: &Field) -> Result<()> {
    use DataType::{List, Map, Null, Struct, Union};
    let fine = match (source.data_type(), target.data_type()) {
        // What has no type of its own yet, and what has none in PostgreSQL.
        (Null | Struct(_) | Map(..) | Union(..), _) => true,
        // Arrays of any dimensions are of one type.
        (List(from), List(to)) => return castable(leaf(from), leaf(to)),
        _ => index::casts(types::of_field(source).oid, types::of_field(target).oid),
    };
    if fine {
        return Ok(());
    }
    let name = |field: &Field| types::sql_name(types::of_field(field).oid);
    let error =
        Error::CannotCoerce(format!("cannot cast type {} to {}", name(source), name(target)));
    Err(DataFusionError::External(Box::new(error)))
}

fn leaf(field: &Field) -> &Field {
    match field.data_type() {
        DataType::List(item) => leaf(item),
        _ => field,
    }
}

/// A whole number cast to another whole type that holds it, as the literal it is.
pub(super) fn folded(cast: &Cast) -> Option<Expr> {
    let Expr::Literal(value, _) = cast.expr.as_ref() else { return None };
    let target = cast.field.data_type();
    let plain =
        cast.field.metadata().is_empty() && integers::whole(target).as_ref() == Some(target);
    if !plain {
        return None;
    }
    // A list may hold a hundred thousand integers: they are read without looking at any setting.
    if let (ScalarValue::Utf8(Some(digits)), DataType::Int32) = (value, target) {
        let number = digits.parse().ok()?;
        return Some(Expr::Literal(ScalarValue::Int32(Some(number)), None));
    }
    if !matches!(value, ScalarValue::Int32(Some(_)) | ScalarValue::Int64(Some(_))) {
        return None;
    }
    let folded = value.cast_to(target).ok()?;
    Some(Expr::Literal(folded, None))
}

/// `x IN (…)` of an integer, its list of the integer's own type, which the planner would fold one by one.
pub(super) fn listed(mut list: InList, own: &DataType, schema: &DFSchema) -> Transformed<Expr> {
    let floating = |item: &Expr| item.get_type(schema).is_ok_and(|found| found.is_floating());
    if own.is_floating() || own.is_numeric() && list.list.iter().any(floating) {
        return listed_floats(list, own, schema);
    }
    if !matches!(own, DataType::Int16 | DataType::Int64) {
        return Transformed::no(Expr::InList(list));
    }
    let fitting = |item: &Expr| match item {
        Expr::Literal(value @ ScalarValue::Int32(Some(_)), None) => value.cast_to(own).ok(),
        _ => None,
    };
    let Some(values) = list.list.iter().map(fitting).collect::<Option<Vec<ScalarValue>>>() else {
        return Transformed::no(Expr::InList(list));
    };
    list.list = values.into_iter().map(|value| Expr::Literal(value, None)).collect();
    Transformed::yes(Expr::InList(list))
}

/// `x IN (…)` of floating point: in double precision unless all are `real`, or become so as several constants of one type do,
/// and its two zeros are one number, which the planner's own sets of values tell apart.
fn listed_floats(list: InList, own: &DataType, schema: &DFSchema) -> Transformed<Expr> {
    let kinds = list.list.iter().map(|item| item.get_type(schema).unwrap_or(DataType::Utf8));
    let kinds: Vec<DataType> = kinds.collect();
    if !kinds.iter().all(|kind| kind.is_numeric() || kind.is_null()) {
        return Transformed::no(Expr::InList(list));
    }
    let constant = |item: &Expr| item.column_refs().is_empty();
    let one_type = 1 < list.list.len() && list.list.iter().all(constant);
    let single = matches!(own, DataType::Float32 | DataType::Null)
        && kinds.iter().all(|kind| match kind {
            DataType::Float32 | DataType::Null => true,
            other => one_type && *other != DataType::Float64,
        });
    let wanted = if single { DataType::Float32 } else { DataType::Float64 };
    let moved = |expr: Expr, kind: &DataType| match &expr {
        Expr::Literal(value, None) => match value.cast_to(&wanted) {
            Ok(value) => Expr::Literal(value, None),
            Err(_beyond) => cast(expr, wanted.clone()),
        },
        _ if *kind == wanted => expr,
        _ => cast(expr, wanted.clone()),
    };
    let InList { expr, list: items, negated } = list;
    let mut expr = Box::new(moved(*expr, own));
    let mut items: Vec<Expr> =
        items.into_iter().zip(&kinds).map(|(item, kind)| moved(item, kind)).collect();
    if items.iter().all(|item| matches!(item, Expr::Literal(..))) {
        let zeros = items.iter().filter_map(Expr::as_literal).find_map(floats::zeros);
        items.extend(zeros.into_iter().flatten().map(|zero| Expr::Literal(zero, None)));
    } else {
        // A zero less than zero and zero are zero.
        let zero =
            if single { ScalarValue::Float32(Some(0.0)) } else { ScalarValue::Float64(Some(0.0)) };
        let plain = |expr: Expr| between(expr, Operator::Plus, Expr::Literal(zero.clone(), None));
        expr = Box::new(plain(*expr));
        items = items.into_iter().map(plain).collect();
    }
    Transformed::yes(Expr::InList(InList { expr, list: items, negated }))
}
