//! Arithmetic of dates, timestamps and intervals as PostgreSQL's date.c and timestamp.c do it. Infinite moments stay where
//! they are.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, Decimal128Array, Int32Array, IntervalMonthDayNanoArray,
    PrimitiveArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::compute::kernels::arity::{binary, try_binary};
use arrow::datatypes::{
    DataType, Date32Type, Float64Type, Int32Type, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalUnit, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::zone::find;
use crate::error::Error;
use crate::pg::decode::checked_timestamp;
use crate::pg::encode::{civil, days_from_civil};
use crate::pg::functions::of_constants;
use crate::pg::zone::Zone;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const CLOCK: DataType = DataType::Time64(TimeUnit::Microsecond);
const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// `timestamp - timestamp`: days and a time, as `timestamp_mi` has it.
pub(crate) fn elapsed() -> Arc<ScalarUDF> {
    made(Kind::Elapsed)
}

/// `timestamp + interval`, or `- interval` when `back` (`timestamp_pl_interval`).
pub(crate) fn later(back: bool) -> Arc<ScalarUDF> {
    made(Kind::Later { back })
}

/// `time + interval`, or `- interval` when `back`: around the clock, whatever the days (`time_pl_interval`).
pub(crate) fn around(back: bool) -> Arc<ScalarUDF> {
    made(Kind::Around { back })
}

/// `timestamptz + interval` in `time_zone`: days and months are the zone's (`timestamptz_pl_interval`).
pub(crate) fn zoned(time_zone: &str, back: bool) -> Arc<ScalarUDF> {
    made(Kind::Zoned { zone: time_zone.to_owned(), back })
}

/// `date - date` (`date_mi`).
pub(crate) fn day_difference() -> Arc<ScalarUDF> {
    made(Kind::DayDifference)
}

/// `date + integer`, or `date - integer` when `back` (`date_pli`, `date_mii`).
pub(crate) fn days_later(back: bool) -> Arc<ScalarUDF> {
    made(Kind::DaysLater { back })
}

/// `interval * number`, or `interval / number` (`interval_mul`, `interval_div`).
pub(crate) fn scaled(divide: bool) -> Arc<ScalarUDF> {
    made(if divide { Kind::Divided } else { Kind::Multiplied })
}

/// How long an interval is, a month of 30 days and a day of 24 hours: what intervals are compared by
/// (`interval_cmp_value`).
pub(crate) fn length() -> Arc<ScalarUDF> {
    made(Kind::Length)
}

/// Midnight of a day, `interval` later, in microseconds since 1970; `None` outside of what PostgreSQL counts.
pub(crate) fn after_midnight(day: i32, interval: IntervalMonthDayNano) -> Option<i64> {
    moved(Zone::UTC, i64::from(day).checked_mul(DAY_US)?, interval)
}

fn made(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Moments { kind, signature }))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Elapsed,
    Later { back: bool },
    Around { back: bool },
    Zoned { zone: String, back: bool },
    DayDifference,
    DaysLater { back: bool },
    Multiplied,
    Divided,
    Length,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Moments {
    kind: Kind,
    signature: Signature,
}

impl ScalarUDFImpl for Moments {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Elapsed => "timestamp_minus",
            Kind::Later { back: false } => "timestamp_plus",
            Kind::Later { back: true } => "timestamp_less",
            Kind::Around { back: false } => "time_plus",
            Kind::Around { back: true } => "time_less",
            Kind::Zoned { back: false, .. } => "timestamptz_plus",
            Kind::Zoned { back: true, .. } => "timestamptz_less",
            Kind::DayDifference => "date_minus",
            Kind::DaysLater { back: false } => "date_plus",
            Kind::DaysLater { back: true } => "date_less",
            Kind::Multiplied => "interval_times",
            Kind::Divided => "interval_over",
            Kind::Length => "interval_length",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::Later { .. } => LOCAL,
            Kind::Around { .. } => CLOCK,
            Kind::Zoned { .. } => utc(),
            Kind::DayDifference => DataType::Int32,
            Kind::DaysLater { .. } => DataType::Date32,
            Kind::Length => DataType::Decimal128(38, 0),
            _ => INTERVAL,
        })
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(match (&self.kind, arg_types) {
            // Differences are the same in every zone.
            (Kind::Elapsed, [DataType::Timestamp(_, Some(_)), _]) => vec![utc(), utc()],
            (Kind::Elapsed, [_, _]) => vec![LOCAL, LOCAL],
            (Kind::Later { .. }, [_, _]) => vec![LOCAL, INTERVAL],
            (Kind::Around { .. }, [_, _]) => vec![CLOCK, INTERVAL],
            (Kind::Zoned { .. }, [_, _]) => vec![utc(), INTERVAL],
            (Kind::DayDifference, [_, _]) => vec![DataType::Date32, DataType::Date32],
            (Kind::DaysLater { .. }, [_, _]) => vec![DataType::Date32, DataType::Int32],
            (Kind::Length, [_]) => vec![INTERVAL],
            (Kind::Multiplied | Kind::Divided, [_, _]) => vec![INTERVAL, DataType::Float64],
            _ => return plan_err!("{} takes other arguments", self.name()),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut arrays = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            arrays.push(arg.to_array(length)?);
        }
        let result = match (&self.kind, arrays.as_slice()) {
            (Kind::Length, [one]) => lengths(one)?,
            (_, [left, right]) => self.calculated(left, right)?,
            _ => return plan_err!("{} takes one or two arguments", self.name()),
        };
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(result))
    }
}

impl Moments {
    fn calculated(&self, left: &ArrayRef, right: &ArrayRef) -> Result<ArrayRef> {
        Ok(match &self.kind {
            Kind::Elapsed => {
                let left = left.as_primitive::<TimestampMicrosecondType>();
                let right = right.as_primitive::<TimestampMicrosecondType>();
                let result: IntervalMonthDayNanoArray = try_binary(left, right, difference)?;
                Arc::new(result)
            }
            Kind::Later { back } => Arc::new(moved_by(Zone::UTC, left, right, *back)?),
            Kind::Around { back } => {
                let times = left.as_primitive::<Time64MicrosecondType>();
                let intervals = right.as_primitive::<IntervalMonthDayNanoType>();
                let result: Time64MicrosecondArray = binary(times, intervals, |time, interval| {
                    let by = interval.nanoseconds / 1000;
                    let moved = if *back { time - by % DAY_US } else { time + by % DAY_US };
                    moved.rem_euclid(DAY_US)
                })?;
                Arc::new(result)
            }
            Kind::Zoned { zone, back } => {
                let zone = find(zone).map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
                Arc::new(moved_by(zone, left, right, *back)?.with_timezone("UTC"))
            }
            Kind::DayDifference => {
                let left = left.as_primitive::<Date32Type>();
                let result: Int32Array =
                    try_binary(left, right.as_primitive::<Date32Type>(), between_days)?;
                Arc::new(result)
            }
            Kind::DaysLater { back } => {
                let left = left.as_primitive::<Date32Type>();
                let result: Date32Array =
                    try_binary(left, right.as_primitive::<Int32Type>(), |day, count| {
                        if matches!(day, i32::MIN | i32::MAX) {
                            return Ok(day);
                        }
                        let done =
                            if *back { day.checked_sub(count) } else { day.checked_add(count) };
                        let finite = done.filter(|day| !matches!(*day, i32::MIN | i32::MAX));
                        finite.ok_or_else(|| outside("date"))
                    })?;
                Arc::new(result)
            }
            Kind::Divided => times(left, right, |value, divisor| {
                if divisor == 0.0 {
                    return Err(ArrowError::ExternalError(Box::new(Error::DivisionByZero)));
                }
                Ok(value / divisor)
            })?,
            _ => times(left, right, |value, factor| Ok(value * factor))?,
        })
    }
}

pub(super) fn length_of(interval: IntervalMonthDayNano) -> i128 {
    let days = i128::from(interval.months) * 30 + i128::from(interval.days);
    days * i128::from(DAY_US) * 1_000 + i128::from(interval.nanoseconds)
}

fn lengths(intervals: &ArrayRef) -> Result<ArrayRef> {
    let lengths: Decimal128Array =
        intervals.as_primitive::<IntervalMonthDayNanoType>().unary(length_of);
    Ok(Arc::new(lengths.with_precision_and_scale(38, 0)?))
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

fn overflow(message: &str) -> ArrowError {
    ArrowError::ExternalError(Box::new(Error::DatetimeOverflow(message.to_owned())))
}

fn outside(kind: &str) -> ArrowError {
    overflow(&format!("{kind} out of range"))
}

fn between_days(left: i32, right: i32) -> Result<i32, ArrowError> {
    if [left, right].iter().any(|day| matches!(*day, i32::MIN | i32::MAX)) {
        return Err(overflow("cannot subtract infinite dates"));
    }
    left.checked_sub(right).ok_or_else(|| outside("integer"))
}

fn difference(left: i64, right: i64) -> Result<IntervalMonthDayNano, ArrowError> {
    if [left, right].iter().any(|us| matches!(*us, i64::MIN | i64::MAX)) {
        return Err(overflow("cannot subtract infinite timestamps"));
    }
    let elapsed = left.checked_sub(right).ok_or_else(|| outside("interval"))?;
    let days = i32::try_from(elapsed / DAY_US).map_err(|_range| outside("interval"))?;
    Ok(IntervalMonthDayNano::new(0, days, elapsed % DAY_US * 1_000))
}

fn moved_by(
    zone: Zone,
    moments: &ArrayRef,
    intervals: &ArrayRef,
    back: bool,
) -> Result<TimestampMicrosecondArray, ArrowError> {
    let moments = moments.as_primitive::<TimestampMicrosecondType>();
    let intervals = intervals.as_primitive::<IntervalMonthDayNanoType>();
    try_binary(moments, intervals, |moment, interval| {
        let interval = match back {
            false => interval,
            true => negated(interval).ok_or_else(|| outside("interval"))?,
        };
        moved(zone, moment, interval).ok_or_else(|| outside("timestamp"))
    })
}

/// An interval as far back as it went on.
pub(crate) fn negated(interval: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    Some(IntervalMonthDayNano::new(
        interval.months.checked_neg()?,
        interval.days.checked_neg()?,
        interval.nanoseconds.checked_neg()?,
    ))
}

/// The moment `interval` after `moment`: months, then days, by the zone's calendar, the rest by the clock. `None` outside
/// of what PostgreSQL counts.
pub(super) fn moved(zone: Zone, moment: i64, interval: IntervalMonthDayNano) -> Option<i64> {
    if matches!(moment, i64::MIN | i64::MAX) {
        return Some(moment);
    }
    let mut moment = moment;
    if interval.months != 0 {
        moment = by_calendar(zone, moment, |day| {
            let (year, month, day) = civil(day);
            let months = year.checked_mul(12)? + i64::from(month) - 1 + i64::from(interval.months);
            let year = months.div_euclid(12);
            let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
            // The 31st of a shorter month is its last day.
            let first = days_from_civil(year, month, 1);
            let length = match month {
                12 => 31,
                _ => days_from_civil(year, month + 1, 1) - first,
            };
            Some(first + i64::from(day).min(length) - 1)
        })?;
    }
    if interval.days != 0 {
        moment = by_calendar(zone, moment, |day| day.checked_add(interval.days.into()))?;
    }
    checked_timestamp(moment.checked_add(interval.nanoseconds / 1_000))
}

/// The moment of another day, at the same local time.
fn by_calendar(zone: Zone, moment: i64, other: impl FnOnce(i64) -> Option<i64>) -> Option<i64> {
    let local = moment.checked_add(i64::from(zone.east_at(moment)) * SECOND_US)?;
    let day = other(local.div_euclid(DAY_US))?;
    let local = day.checked_mul(DAY_US)?.checked_add(local.rem_euclid(DAY_US))?;
    checked_timestamp(local.checked_sub(i64::from(zone.east_of_local(local)) * SECOND_US))
}

/// Intervals by numbers; what is left of a month becomes days, of a day time.
fn times(
    left: &ArrayRef,
    right: &ArrayRef,
    apply: impl Fn(f64, f64) -> Result<f64, ArrowError>,
) -> Result<ArrayRef> {
    let left = left.as_primitive::<IntervalMonthDayNanoType>();
    let right: &PrimitiveArray<Float64Type> = right.as_primitive();
    let result: IntervalMonthDayNanoArray = try_binary(left, right, |interval, number| {
        let months = apply(f64::from(interval.months), number)?;
        let days = apply(f64::from(interval.days), number)?;
        let time = apply((interval.nanoseconds / 1_000) as f64, number)?;
        parts(months, days, time).ok_or_else(|| outside("interval"))
    })?;
    Ok(Arc::new(result))
}

/// An interval by a number that is not zero.
pub(super) fn divided(
    interval: IntervalMonthDayNano,
    divisor: f64,
) -> Option<IntervalMonthDayNano> {
    parts(
        f64::from(interval.months) / divisor,
        f64::from(interval.days) / divisor,
        (interval.nanoseconds / 1_000) as f64 / divisor,
    )
}

fn parts(months: f64, days: f64, time_us: f64) -> Option<IntervalMonthDayNano> {
    let micro = |value: f64| (value * 1e6).round_ties_even() / 1e6;
    let whole_months = whole(months, f64::from(i32::MAX))?;
    let mut whole_days = whole(days, f64::from(i32::MAX))?;
    let month_days = micro((months - months.trunc()) * 30.0);
    let mut seconds = micro((days - days.trunc() + month_days - month_days.trunc()) * 86_400.0);
    if seconds.abs() >= 86_400.0 {
        let carried = whole(seconds / 86_400.0, f64::from(i32::MAX))?;
        whole_days = whole_days.checked_add(carried)?;
        seconds -= (seconds / 86_400.0).trunc() * 86_400.0;
    }
    whole_days = whole_days.checked_add(whole(month_days, f64::from(i32::MAX))?)?;
    let time = whole((time_us + seconds * 1e6).round_ties_even(), 9.0e15)?;
    Some(IntervalMonthDayNano::new(
        i32::try_from(whole_months).ok()?,
        i32::try_from(whole_days).ok()?,
        time.checked_mul(1_000)?,
    ))
}

/// The whole part of a number of at most `limit`.
#[expect(clippy::cast_possible_truncation, reason = "the limit is far below 63 bits")]
fn whole(value: f64, limit: f64) -> Option<i64> {
    (value.abs() <= limit).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::IntervalMonthDayNano;

    use super::{DAY_US, difference, moved, parts};

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn differences_are_days_and_time() {
        let check = |left, right, days, nanoseconds| {
            let want = IntervalMonthDayNano::new(0, days, nanoseconds);
            assert_eq!(difference(left, right).expect("in range"), want);
        };
        check(DAY_US * 3 / 2, 0, 1, 43_200 * SECOND);
        check(0, DAY_US * 3 / 2, -1, -43_200 * SECOND);
        assert!(difference(i64::MIN, 1).is_err());
        assert!(difference(1, i64::MAX).is_err());
    }

    #[test]
    fn days_are_the_zones() {
        // Noon before the clocks go forward in Berlin: the next noon is 23 hours away.
        let noon = 1_774_695_600_000_000;
        let check = |interval, hours: i64| {
            let zone = super::find("Europe/Berlin").expect("a zone");
            let found = moved(zone, noon, interval).expect("in range");
            assert_eq!(found - noon, hours * 3_600_000_000);
        };
        check(IntervalMonthDayNano::new(0, 1, 0), 23);
        check(IntervalMonthDayNano::new(0, 0, 24 * 3_600 * SECOND), 24);
        check(IntervalMonthDayNano::new(0, -1, 0), -24);
        let day = IntervalMonthDayNano::new(1, 1, 1);
        assert_eq!(moved(super::Zone::UTC, i64::MAX, day), Some(i64::MAX));
    }

    #[test]
    fn months_end_on_their_last_day() {
        let check = |day: i32, months, want: i64| {
            let found = super::after_midnight(day, IntervalMonthDayNano::new(months, 0, 0));
            assert_eq!(found, Some(want * DAY_US));
        };
        // 1970-01-31, and a month, a year, two months before.
        check(30, 1, 58);
        check(30, 12, 395);
        check(30, -2, -32);
        assert_eq!(super::after_midnight(30, IntervalMonthDayNano::new(i32::MAX, 0, 0)), None);
    }

    #[test]
    fn parts_of_months_become_days() {
        let check = |months, days, time, want: (i32, i32, i64)| {
            let want = IntervalMonthDayNano::new(want.0, want.1, want.2 * SECOND);
            assert_eq!(parts(months, days, time), Some(want));
        };
        check(1.5, 0.0, 0.0, (1, 15, 0));
        check(0.0, 0.5, 0.0, (0, 0, 43_200));
        check(-0.5, -0.5, -1e6, (0, -15, -43_201));
        assert_eq!(parts(1e12, 0.0, 0.0), None);
    }
}
