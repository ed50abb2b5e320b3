//! `make_date`, `make_time`, `make_timestamp`, `make_timestamptz` and `make_interval`.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int32Array, IntervalMonthDayNanoArray,
    StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type, IntervalMonthDayNano};
use datafusion::common::{DataFusionError, Result as DfResult, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{DAY_US, INTERVAL, LOCAL, SECOND_US, TIME, interval_out_of_range, type_name, utc};
use crate::error::{Error, Result};
use crate::pg::decode::{self, checked_timestamp};
use crate::pg::encode::{civil, days_from_civil};
use crate::pg::functions::of_constants;
use crate::pg::functions::zone::find;
use crate::pg::zone::Zone;

/// The function `name` in the session's `zone`; `None` when it is none of these.
pub(super) fn function(name: &str, zone: &str) -> Option<Arc<ScalarUDF>> {
    let kind = match name {
        "make_date" => Kind::Date,
        "make_time" => Kind::Time,
        "make_timestamp" => Kind::Timestamp,
        "make_timestamptz" => Kind::Timestamptz,
        "make_interval" => Kind::Interval,
        _ => return None,
    };
    let signature = Signature::one_of(
        vec![
            datafusion::logical_expr::TypeSignature::Nullary,
            datafusion::logical_expr::TypeSignature::UserDefined,
        ],
        Volatility::Immutable,
    );
    Some(Arc::new(ScalarUDF::new_from_impl(Make { kind, zone: zone.to_owned(), signature })))
}

/// The names of the arguments, in order (`pg_proc.proargnames`).
pub(in crate::pg) fn argument_names(function: &str) -> Option<&'static [&'static str]> {
    Some(match function {
        "make_date" => &["year", "month", "day"],
        "make_time" => &["hour", "min", "sec"],
        "make_timestamp" => &["year", "month", "mday", "hour", "min", "sec"],
        "make_timestamptz" => &["year", "month", "mday", "hour", "min", "sec", "timezone"],
        "make_interval" => &["years", "months", "weeks", "days", "hours", "mins", "secs"],
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Make {
    kind: Kind,
    /// The session's.
    zone: String,
    signature: Signature,
}

impl ScalarUDFImpl for Make {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Date => "make_date",
            Kind::Time => "make_time",
            Kind::Timestamp => "make_timestamp",
            Kind::Timestamptz => "make_timestamptz",
            Kind::Interval => "make_interval",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        use DataType::{Float64, Int32, Utf8};
        let wanted: Vec<DataType> = match (self.kind, arg_types.len()) {
            (Kind::Date, 3) => vec![Int32; 3],
            (Kind::Time, 3) => vec![Int32, Int32, Float64],
            (Kind::Timestamp | Kind::Timestamptz, 6) => [vec![Int32; 5], vec![Float64]].concat(),
            (Kind::Timestamptz, 7) => [vec![Int32; 5], vec![Float64, Utf8]].concat(),
            (Kind::Interval, count @ 0..7) => vec![Int32; count],
            (Kind::Interval, 7) => [vec![Int32; 6], vec![Float64]].concat(),
            _ => Vec::new(),
        };
        let fits = |(given, wanted): (&DataType, &DataType)| match wanted {
            _ if given.is_null() || given.is_string() => true,
            Int32 => given.is_integer() && !matches!(given, DataType::Int64 | DataType::UInt64),
            Float64 => given.is_numeric(),
            _ => false,
        };
        if wanted.len() == arg_types.len() && arg_types.iter().zip(&wanted).all(fits) {
            return Ok(wanted);
        }
        let names = arg_types.iter().map(type_name).collect::<Vec<_>>().join(", ");
        plan_err!(
            "No function matches the given name and argument types '{}({names})'",
            self.name()
        )
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(match self.kind {
            Kind::Date => DataType::Date32,
            Kind::Time => TIME,
            Kind::Timestamp => LOCAL,
            Kind::Timestamptz => utc(),
            Kind::Interval => INTERVAL,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut arrays = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            arrays.push(arg.to_array(length)?);
        }
        let result = self
            .made(&Columns::of(&arrays), length)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// The arguments by their types, each kind in order.
struct Columns<'a> {
    whole: Vec<&'a Int32Array>,
    seconds: Option<&'a Float64Array>,
    zones: Option<&'a StringArray>,
    arrays: &'a [ArrayRef],
}

/// A row of them.
struct Row<'a> {
    whole: Vec<i32>,
    seconds: f64,
    zone: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(arrays: &'a [ArrayRef]) -> Columns<'a> {
        let whole = arrays.iter().filter_map(|array| array.as_primitive_opt::<Int32Type>());
        Columns {
            whole: whole.collect(),
            seconds: arrays.iter().find_map(|array| array.as_primitive_opt::<Float64Type>()),
            zones: arrays.iter().find_map(|array| array.as_string_opt::<i32>()),
            arrays,
        }
    }

    /// `None` when any argument is NULL.
    fn row(&self, row: usize) -> Option<Row<'a>> {
        if self.arrays.iter().any(|array| array.is_null(row)) {
            return None;
        }
        Some(Row {
            whole: self.whole.iter().map(|array| array.value(row)).collect(),
            seconds: self.seconds.map_or(0.0, |array| array.value(row)),
            zone: self.zones.map(|array| array.value(row)),
        })
    }

    fn each<T>(
        &self,
        length: usize,
        make: impl Fn(Row<'a>) -> Result<T>,
    ) -> impl Iterator<Item = Result<Option<T>>> {
        (0..length).map(move |row| self.row(row).map(&make).transpose())
    }
}

impl Make {
    fn made(&self, columns: &Columns<'_>, length: usize) -> Result<ArrayRef> {
        Ok(match self.kind {
            Kind::Date => {
                let dates = columns.each(length, |row| date(&row.whole));
                Arc::new(dates.collect::<Result<Date32Array>>()?)
            }
            Kind::Time => {
                let times = columns.each(length, |row| time(&row.whole, row.seconds));
                Arc::new(times.collect::<Result<Time64MicrosecondArray>>()?)
            }
            Kind::Timestamp => {
                let moments = columns.each(length, |row| timestamp(&row.whole, row.seconds));
                Arc::new(moments.collect::<Result<TimestampMicrosecondArray>>()?)
            }
            Kind::Timestamptz => {
                let own = find(&self.zone)?;
                let moments = columns.each(length, |row| instant(&row, own));
                let moments = moments.collect::<Result<TimestampMicrosecondArray>>()?;
                Arc::new(moments.with_timezone("UTC"))
            }
            Kind::Interval => {
                let intervals = columns.each(length, |row| {
                    interval(&row.whole, row.seconds).ok_or_else(interval_out_of_range)
                });
                Arc::new(intervals.collect::<Result<IntervalMonthDayNanoArray>>()?)
            }
        })
    }
}

fn at(values: &[i32], index: usize) -> i32 {
    values.get(index).copied().unwrap_or(0)
}

/// Days since 1970. A year below 1 counts from 1 BC, which is -1. `None` for a day that does not exist.
fn day_of(year: i32, month: i32, day: i32) -> Option<i64> {
    let year = match year {
        0 => return None,
        1.. => i64::from(year),
        _ => i64::from(year) + 1,
    };
    let (month, day) = (u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    if !(1..=12).contains(&month) {
        return None;
    }
    let found = days_from_civil(year, month, day);
    (civil(found) == (year, month, day)).then_some(found)
}

/// `make_date`
fn date(values: &[i32]) -> Result<i32> {
    let (year, month, day) = (at(values, 0), at(values, 1), at(values, 2));
    let outside = |what: &str, year: i32| {
        Error::DatetimeOverflow(format!("{what} out of range: {year}-{month:02}-{day:02}"))
    };
    // PostgreSQL shows such a year as it counts it.
    let shown = if year < 0 { year + 1 } else { year };
    let found = day_of(year, month, day).ok_or_else(|| outside("date field value", shown))?;
    decode::checked_date(found).ok_or_else(|| outside("date", shown))
}

/// A time of the day in microseconds (`float_time_overflows`).
fn clock_us(hour: i32, minute: i32, seconds: f64) -> Option<i64> {
    let us = (seconds * 1e6).round_ties_even();
    let fits = (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=6e7).contains(&us);
    let us = fits.then(|| whole(us))?;
    let us = (i64::from(hour) * 60 + i64::from(minute)) * 60 * SECOND_US + us;
    (us <= DAY_US).then_some(us)
}

#[expect(clippy::cast_possible_truncation, reason = "callers have checked the range")]
fn whole(value: f64) -> i64 {
    value as i64
}

fn no_time(hour: i32, minute: i32, seconds: f64) -> Error {
    let seconds = shown_seconds(seconds);
    Error::DatetimeOverflow(format!("time field value out of range: {hour}:{minute:02}:{seconds}"))
}

/// C's `%02g` of numbers of that size.
fn shown_seconds(seconds: f64) -> String {
    let text = format!("{seconds}");
    if text.len() < 2 { format!("0{text}") } else { text }
}

/// `make_time`
fn time(values: &[i32], seconds: f64) -> Result<i64> {
    let (hour, minute) = (at(values, 0), at(values, 1));
    clock_us(hour, minute, seconds).ok_or_else(|| no_time(hour, minute, seconds))
}

/// `make_timestamp`: local microseconds since 1970.
fn timestamp(values: &[i32], seconds: f64) -> Result<i64> {
    let (year, month, day) = (at(values, 0), at(values, 1), at(values, 2));
    let (hour, minute) = (at(values, 3), at(values, 4));
    let found = day_of(year, month, day).ok_or_else(|| {
        let text = format!("{year}-{month:02}-{day:02}");
        Error::DatetimeOverflow(format!("date field value out of range: {text}"))
    })?;
    let time_us = clock_us(hour, minute, seconds).ok_or_else(|| no_time(hour, minute, seconds))?;
    let us = found.checked_mul(DAY_US).and_then(|us| us.checked_add(time_us));
    checked_timestamp(us).ok_or_else(|| {
        let seconds = shown_seconds(seconds);
        Error::DatetimeOverflow(format!(
            "timestamp out of range: {year}-{month:02}-{day:02} {hour}:{minute:02}:{seconds}"
        ))
    })
}

/// `make_timestamptz`
fn instant(row: &Row<'_>, own: Zone) -> Result<i64> {
    let local = timestamp(&row.whole, row.seconds)?;
    let zone = row.zone.map_or(Ok(own), sane_zone)?;
    let east_s = zone.east_of_local(local);
    checked_timestamp(local.checked_sub(i64::from(east_s) * SECOND_US))
        .ok_or_else(|| Error::DatetimeOverflow("timestamp out of range".to_owned()))
}

/// `parse_sane_timezone`: offsets count to the east here, unlike in `AT TIME ZONE`.
fn sane_zone(name: &str) -> Result<Zone> {
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        let message = format!("invalid input syntax for type numeric time zone: \"{name}\"");
        return Err(Error::InvalidParameterValue(message)
            .hint("Numeric time zones must have \"-\" or \"+\" as first character."));
    }
    if name.starts_with(['+', '-']) {
        return match decode::offset(name) {
            Some(Ok(seconds)) => Ok(Zone::offset(seconds)),
            Some(Err(_range)) => {
                let message = format!("numeric time zone \"{name}\" out of range");
                Err(Error::InvalidParameterValue(message))
            }
            None => {
                let message = format!("time zone \"{name}\" not recognized");
                Err(Error::InvalidParameterValue(message))
            }
        };
    }
    decode::zone(name)
}

/// `make_interval`
fn interval(values: &[i32], seconds: f64) -> Option<IntervalMonthDayNano> {
    let part = |index| i64::from(at(values, index));
    let months = i32::try_from(part(0) * 12 + part(1)).ok()?;
    let days = i32::try_from(part(2) * 7 + part(3)).ok()?;
    let us = (seconds * 1e6).round_ties_even();
    let us = (us.abs() < 9e15).then(|| whole(us))?;
    let us = ((part(4) * 60 + part(5)) * 60 * SECOND_US).checked_add(us)?;
    Some(IntervalMonthDayNano::new(months, days, us.checked_mul(1_000)?))
}

#[cfg(test)]
mod tests {
    use super::{date, interval, sane_zone, time, timestamp};
    use arrow::datatypes::IntervalMonthDayNano;

    #[test]
    fn dates_and_times() {
        assert_eq!(date(&[1970, 1, 2]).ok(), Some(1));
        assert_eq!(date(&[-1, 12, 31]).ok(), Some(-719_163));
        for (values, want) in [
            ([2026, 2, 30], "date field value out of range: 2026-02-30"),
            ([0, 1, 1], "date field value out of range: 0-01-01"),
            ([-44, 2, 30], "date field value out of range: -43-02-30"),
            ([6_000_000, 1, 1], "date out of range: 6000000-01-01"),
        ] {
            assert_eq!(date(&values).map_err(|error| error.to_string()), Err(want.to_owned()));
        }
        assert_eq!(time(&[24, 0], 0.0).ok(), Some(86_400_000_000));
        let error = time(&[25, 0], 0.0).map_err(|error| error.to_string());
        assert_eq!(error, Err("time field value out of range: 25:00:00".to_owned()));
        assert_eq!(timestamp(&[1970, 1, 1, 0, 1], 0.5).ok(), Some(60_500_000));
    }

    #[test]
    fn intervals() {
        let want = IntervalMonthDayNano::new(14, 25, 18_367_500_000_000);
        assert_eq!(interval(&[1, 2, 3, 4, 5, 6], 7.5), Some(want));
        assert_eq!(interval(&[i32::MAX], 0.0), None);
        assert_eq!(interval(&[], f64::NAN), None);
    }

    #[test]
    fn zones_are_told_from_mistakes() {
        assert!(sane_zone("+05:30").is_ok());
        assert!(sane_zone("5").is_err());
        assert!(sane_zone("+20").is_err());
    }
}
