//! Casts between dates, times, timestamps and intervals, and to types with a modifier. Arrow's own lose the infinities
//! and cut off what PostgreSQL rounds.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, IntervalMonthDayNanoArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, IntervalMonthDayNano, IntervalMonthDayNanoType, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue, plan_err};
use datafusion::logical_expr::interval_arithmetic::Interval;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{DAY_US, INTERVAL, LOCAL, SECOND_US, TIME, utc, with_fields};
use crate::error::{Error, Result};
use crate::pg::decode::{checked_timestamp, modifier};
use crate::pg::functions::of_constants;
use crate::pg::zone::Zone;

/// The function that casts values of `source` to `target`; `None` where Arrow's own cast does as PostgreSQL's.
/// Timestamps with time zone are taken in UTC.
pub(in crate::pg) fn between(source: &DataType, target: &DataType) -> Option<Arc<ScalarUDF>> {
    use DataType::{Date32, Interval, Time64, Timestamp};
    let kind = match (source, target) {
        (Date32, Timestamp(_, None)) => Kind::Midnight,
        (Timestamp(..), Date32) => Kind::Day,
        (Timestamp(..), Time64(_)) => Kind::TimeOfDay,
        (Interval(_), Time64(_)) => Kind::TimeOfInterval,
        (Time64(_), Interval(_)) => Kind::IntervalOfTime,
        _ => return None,
    };
    Some(made(kind))
}

/// The function that makes values of a date or time type fit its modifier.
pub(in crate::pg) fn fitting(modifier: i32) -> Arc<ScalarUDF> {
    made(Kind::Fitted(modifier))
}

fn made(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Conversion { kind, signature }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// A date as the timestamp of its midnight.
    Midnight,
    /// The date of a timestamp.
    Day,
    /// The time of a timestamp; an infinite one has none.
    TimeOfDay,
    /// The time of an interval, its whole days left out.
    TimeOfInterval,
    IntervalOfTime,
    Fitted(i32),
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Conversion {
    kind: Kind,
    signature: Signature,
}

impl ScalarUDFImpl for Conversion {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Midnight => "timestamp_of_date",
            Kind::Day => "date_of_timestamp",
            Kind::TimeOfDay => "time_of_timestamp",
            Kind::TimeOfInterval => "time_of_interval",
            Kind::IntervalOfTime => "interval_of_time",
            Kind::Fitted(_) => "fitted_to_modifier",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let zoned = matches!(arg_types, [DataType::Timestamp(_, Some(_))]);
        Ok(vec![match (self.kind, arg_types) {
            (Kind::Midnight, [_]) => DataType::Date32,
            (Kind::Day | Kind::TimeOfDay, [_]) if zoned => utc(),
            (Kind::Day | Kind::TimeOfDay, [_]) => LOCAL,
            (Kind::TimeOfInterval, [_]) => INTERVAL,
            (Kind::IntervalOfTime, [_]) => TIME,
            (Kind::Fitted(_), [own]) => with_fields(own).unwrap_or_else(|| own.clone()),
            _ => return plan_err!("{} takes one argument", self.name()),
        }])
    }

    fn return_type(&self, arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(match (self.kind, arg_types) {
            (Kind::Midnight, _) => LOCAL,
            (Kind::Day, _) => DataType::Date32,
            (Kind::TimeOfDay | Kind::TimeOfInterval, _) => TIME,
            (Kind::IntervalOfTime, _) => INTERVAL,
            (Kind::Fitted(_), [own]) => own.clone(),
            _ => return plan_err!("{} takes one argument", self.name()),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return plan_err!("{} takes one argument", self.name());
        };
        let constant = matches!(value, ColumnarValue::Scalar(_));
        let array = value.to_array(if constant { 1 } else { args.number_rows })?;
        let result =
            self.converted(&array).map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(result))
    }

    /// A comparison of a timestamp's date is one of the timestamp with the midnights, by which files are left out.
    fn preimage(
        &self,
        args: &[Expr],
        lit_expr: &Expr,
        info: &SimplifyContext,
    ) -> DfResult<PreimageResult> {
        let (Kind::Day, [moment], Expr::Literal(ScalarValue::Date32(Some(day)), _)) =
            (self.kind, args, lit_expr)
        else {
            return Ok(PreimageResult::None);
        };
        let DataType::Timestamp(_, zone) = info.get_data_type(moment)? else {
            return Ok(PreimageResult::None);
        };
        let midnight = |day: i64| {
            let us = checked_timestamp(day.checked_mul(DAY_US))?;
            Some(ScalarValue::TimestampMicrosecond(Some(us), zone.clone()))
        };
        let day = i64::from(*day);
        let (Some(start), Some(end)) = (midnight(day), midnight(day + 1)) else {
            return Ok(PreimageResult::None);
        };
        let interval = Box::new(Interval::try_new(start, end)?);
        Ok(PreimageResult::Range { expr: moment.clone(), interval })
    }
}

impl Conversion {
    fn converted(&self, array: &ArrayRef) -> Result<ArrayRef> {
        Ok(match self.kind {
            Kind::Midnight => Arc::new(midnights(array)?),
            Kind::Day => {
                let moments = array.as_primitive::<TimestampMicrosecondType>();
                let days = moments.iter().map(|us| us.map(day).transpose());
                Arc::new(days.collect::<Result<Date32Array>>()?)
            }
            Kind::TimeOfDay => {
                let moments = array.as_primitive::<TimestampMicrosecondType>();
                let times = moments.iter().map(|us| {
                    us.filter(|us| super::infinite(*us).is_none()).map(|us| us.rem_euclid(DAY_US))
                });
                Arc::new(times.collect::<Time64MicrosecondArray>())
            }
            Kind::TimeOfInterval => {
                let intervals = array.as_primitive::<IntervalMonthDayNanoType>();
                let times: Time64MicrosecondArray =
                    intervals.unary(|interval| (interval.nanoseconds / 1_000).rem_euclid(DAY_US));
                Arc::new(times)
            }
            Kind::IntervalOfTime => to_intervals(array),
            Kind::Fitted(modifier) => fitted(array, modifier),
        })
    }
}

/// Dates and timestamps as timestamps without time zone.
pub(in crate::pg) fn to_local(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        DataType::Date32 => Ok(Arc::new(midnights(array)?)),
        _ => Ok(Arc::clone(array)),
    }
}

/// Dates and timestamps as timestamps with time zone; one without is local in `zone`.
pub(in crate::pg) fn to_instant(array: &ArrayRef, zone: Zone) -> Result<ArrayRef> {
    if let DataType::Timestamp(_, Some(_)) = array.data_type() {
        return Ok(Arc::clone(array));
    }
    let local = to_local(array)?;
    let moments = local.as_primitive::<TimestampMicrosecondType>().iter().map(|us| match us {
        None => Ok(None),
        Some(us) if super::infinite(us).is_some() => Ok(Some(us)),
        Some(us) => {
            let east_us = i64::from(zone.east_of_local(us)) * SECOND_US;
            let outside = || Error::DatetimeOverflow("timestamp out of range".to_owned());
            checked_timestamp(us.checked_sub(east_us)).map(Some).ok_or_else(outside)
        }
    });
    let moments = moments.collect::<Result<TimestampMicrosecondArray>>()?;
    Ok(Arc::new(moments.with_timezone("UTC")))
}

/// Times as intervals.
pub(super) fn to_intervals(array: &ArrayRef) -> ArrayRef {
    let times = array.as_primitive::<Time64MicrosecondType>();
    let intervals: IntervalMonthDayNanoArray =
        times.unary(|us| IntervalMonthDayNano::new(0, 0, us.saturating_mul(1_000)));
    Arc::new(intervals)
}

fn midnights(array: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let days = array.as_primitive::<Date32Type>();
    days.iter().map(|day| day.map(midnight).transpose()).collect()
}

fn midnight(day: i32) -> Result<i64> {
    match day {
        i32::MIN => Ok(i64::MIN),
        i32::MAX => Ok(i64::MAX),
        day => checked_timestamp(i64::from(day).checked_mul(DAY_US))
            .ok_or_else(|| Error::DatetimeOverflow("date out of range for timestamp".to_owned())),
    }
}

fn day(us: i64) -> Result<i32> {
    match us {
        i64::MIN => Ok(i32::MIN),
        i64::MAX => Ok(i32::MAX),
        us => i32::try_from(us.div_euclid(DAY_US))
            .map_err(|_range| Error::DatetimeOverflow("timestamp out of range".to_owned())),
    }
}

fn fitted(array: &ArrayRef, modifier: i32) -> ArrayRef {
    match array.data_type() {
        DataType::Timestamp(_, zone) => {
            let moments = array.as_primitive::<TimestampMicrosecondType>();
            let moments: TimestampMicrosecondArray =
                moments.unary(|us| modifier::timestamp(us, modifier));
            Arc::new(moments.with_timezone_opt(zone.clone()))
        }
        DataType::Time64(_) => {
            let times = array.as_primitive::<Time64MicrosecondType>();
            let times: Time64MicrosecondArray = times.unary(|us| modifier::rounded(us, modifier));
            Arc::new(times)
        }
        DataType::Interval(_) => {
            let intervals = array.as_primitive::<IntervalMonthDayNanoType>();
            let intervals: IntervalMonthDayNanoArray =
                intervals.unary(|value| modifier::interval(value, modifier));
            Arc::new(intervals)
        }
        _ => Arc::clone(array),
    }
}

#[cfg(test)]
mod tests {
    use super::{day, midnight};

    #[test]
    fn infinities_stay_infinite() {
        assert_eq!(midnight(i32::MAX).ok(), Some(i64::MAX));
        assert_eq!(day(i64::MIN).ok(), Some(i32::MIN));
        assert_eq!(midnight(1).ok(), Some(86_400_000_000));
        assert_eq!(day(-1).ok(), Some(-1));
        assert!(midnight(i32::MAX - 1).is_err());
    }
}
