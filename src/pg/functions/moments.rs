//! Arithmetic of timestamps and intervals as PostgreSQL's timestamp.c does it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Decimal128Array, IntervalMonthDayNanoArray, PrimitiveArray,
    TimestampMicrosecondArray,
};
use arrow::compute::kernels::arity::try_binary;
use arrow::datatypes::{
    DataType, Float64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use chrono::{DateTime, Months, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::shaped::{find, to_utc};
use crate::error::Error;

const DAY_US: i64 = 86_400_000_000;
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// `timestamp - timestamp`: days and a time, as `timestamp_mi` has it.
pub(crate) fn elapsed() -> Arc<ScalarUDF> {
    made(Kind::Elapsed)
}

/// `timestamptz + interval` in `time_zone`: days and months are the zone's (`timestamptz_pl_interval`).
pub(crate) fn zoned(time_zone: &str) -> Arc<ScalarUDF> {
    made(Kind::Zoned(time_zone.to_owned()))
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

/// Midnight of a day, `interval` later, in microseconds since 1970; `None` outside of what chrono counts.
pub(crate) fn after_midnight(day: i32, interval: IntervalMonthDayNano) -> Option<i64> {
    later(chrono_tz::UTC, i64::from(day).checked_mul(DAY_US)?, interval)
}

fn made(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Moments { kind, signature }))
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Elapsed,
    Zoned(String),
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
            Kind::Zoned(_) => "timestamptz_plus",
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
            Kind::Zoned(_) => utc(),
            Kind::Length => DataType::Decimal128(38, 0),
            _ => INTERVAL,
        })
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(match (&self.kind, arg_types) {
            // Differences are the same in every zone.
            (Kind::Elapsed, [DataType::Timestamp(_, Some(_)), _]) => vec![utc(), utc()],
            (Kind::Elapsed, [_, _]) => vec![LOCAL, LOCAL],
            (Kind::Zoned(_), [_, _]) => vec![utc(), INTERVAL],
            (Kind::Length, [_]) => vec![INTERVAL],
            (_, [_, _]) => vec![INTERVAL, DataType::Float64],
            _ => return plan_err!("{} takes other arguments", self.name()),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let result = match args.args.as_slice() {
            [one] => lengths(&one.to_array(length)?)?,
            [left, right] => self.calculated(&left.to_array(length)?, &right.to_array(length)?)?,
            _ => return plan_err!("{} takes one or two arguments", self.name()),
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
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
            Kind::Zoned(name) => {
                let zone = find(name).map_err(|e| ArrowError::ExternalError(Box::new(e)))?;
                let left = left.as_primitive::<TimestampMicrosecondType>();
                let right = right.as_primitive::<IntervalMonthDayNanoType>();
                let result: TimestampMicrosecondArray =
                    try_binary(left, right, |moment, interval| {
                        later(zone, moment, interval).ok_or_else(|| outside("timestamp"))
                    })?;
                Arc::new(result.with_timezone("UTC"))
            }
            Kind::Multiplied | Kind::Length => {
                times(left, right, |value, factor| Ok(value * factor))?
            }
            Kind::Divided => times(left, right, |value, divisor| {
                if divisor == 0.0 {
                    return Err(ArrowError::ExternalError(Box::new(Error::DivisionByZero)));
                }
                Ok(value / divisor)
            })?,
        })
    }
}

fn lengths(intervals: &ArrayRef) -> Result<ArrayRef> {
    let lengths: Decimal128Array =
        intervals.as_primitive::<IntervalMonthDayNanoType>().unary(|interval| {
            let days = i128::from(interval.months) * 30 + i128::from(interval.days);
            days * i128::from(DAY_US) * 1_000 + i128::from(interval.nanoseconds)
        });
    Ok(Arc::new(lengths.with_precision_and_scale(38, 0)?))
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

fn outside(kind: &str) -> ArrowError {
    ArrowError::ExternalError(Box::new(Error::DatetimeOverflow(format!("{kind} out of range"))))
}

fn difference(left: i64, right: i64) -> Result<IntervalMonthDayNano, ArrowError> {
    let elapsed = left.checked_sub(right).ok_or_else(|| outside("interval"))?;
    let days = i32::try_from(elapsed / DAY_US).map_err(|_range| outside("interval"))?;
    Ok(IntervalMonthDayNano::new(0, days, elapsed % DAY_US * 1_000))
}

/// The moment `interval` after `moment`: months and days by the zone's calendar, the rest by the clock.
fn later(zone: Tz, moment: i64, interval: IntervalMonthDayNano) -> Option<i64> {
    let mut moment = DateTime::from_timestamp_micros(moment)?;
    if interval.months != 0 || interval.days != 0 {
        let mut local: NaiveDateTime = zone.from_utc_datetime(&moment.naive_utc()).naive_local();
        let months = Months::new(interval.months.unsigned_abs());
        local = if interval.months < 0 {
            local.checked_sub_months(months)?
        } else {
            local.checked_add_months(months)?
        };
        local = local.checked_add_signed(TimeDelta::try_days(i64::from(interval.days))?)?;
        moment = to_utc(zone, local)?.and_utc();
    }
    moment
        .checked_add_signed(TimeDelta::nanoseconds(interval.nanoseconds))
        .map(|moment| moment.timestamp_micros())
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

    use super::{DAY_US, difference, later, parts};

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
    }

    #[test]
    fn days_are_the_zones() {
        // Noon before the clocks go forward in Berlin: the next noon is 23 hours away.
        let noon = 1_774_695_600_000_000;
        let check = |interval, hours: i64| {
            let zone = super::find("Europe/Berlin").expect("a zone");
            let found = later(zone, noon, interval).expect("in range");
            assert_eq!(found - noon, hours * 3_600_000_000);
        };
        check(IntervalMonthDayNano::new(0, 1, 0), 23);
        check(IntervalMonthDayNano::new(0, 0, 24 * 3_600 * SECOND), 24);
        check(IntervalMonthDayNano::new(0, -1, 0), -24);
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
