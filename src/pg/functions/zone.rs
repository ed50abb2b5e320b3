//! `AT TIME ZONE` (PostgreSQL manual, section 9.9.4), and zones by their names.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};
use chrono::{LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::decode::{self, Zone, checked_timestamp};

const SECOND_US: i64 = 1_000_000;
const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// `AT TIME ZONE`: the zone first, then the moment.
pub(super) fn at_time_zone() -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(AtTimeZone { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AtTimeZone {
    signature: Signature,
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

impl ScalarUDFImpl for AtTimeZone {
    fn name(&self) -> &str {
        "timezone"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let [zone, moment] = arg_types else {
            return plan_err!("function timezone does not take these arguments");
        };
        let zone = match zone {
            DataType::Interval(_) | DataType::Duration(_) => INTERVAL,
            _ => DataType::Utf8,
        };
        match moment {
            DataType::Timestamp(_, None) => Ok(vec![zone, LOCAL]),
            _ => Ok(vec![zone, utc()]),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(match arg_types {
            [_, DataType::Timestamp(_, None)] => utc(),
            _ => LOCAL,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [zone, moment] = args.args.as_slice() else {
            return plan_err!("function timezone takes two arguments");
        };
        let constant =
            matches!((zone, moment), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let moved = moved(&zone.to_array(length)?, &moment.to_array(length)?)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&moved, 0)?));
        }
        Ok(ColumnarValue::Array(moved))
    }
}

/// The zone of each row; mostly all rows have one.
enum Zones<'a> {
    Names { names: &'a arrow::array::StringArray, known: Option<(&'a str, Zone)> },
    Offsets(&'a arrow::array::IntervalMonthDayNanoArray),
}

impl<'a> Zones<'a> {
    fn at(&mut self, row: usize) -> Result<Option<Zone>, Error> {
        match self {
            Zones::Names { names, .. } if names.is_null(row) => Ok(None),
            Zones::Names { names, known } => {
                let name: &'a str = names.value(row);
                if let Some((last, zone)) = known
                    && *last == name
                {
                    return Ok(Some(*zone));
                }
                let zone = decode::zone(name)?;
                *known = Some((name, zone));
                Ok(Some(zone))
            }
            Zones::Offsets(offsets) if offsets.is_null(row) => Ok(None),
            Zones::Offsets(offsets) => offset(offsets.value(row)).map(Some),
        }
    }
}

/// The zone that is `interval` ahead of UTC (`timestamp_izone`).
fn offset(interval: IntervalMonthDayNano) -> Result<Zone, Error> {
    if interval.months != 0 || interval.days != 0 {
        let message = "interval time zone must not include months or days";
        return Err(Error::InvalidParameterValue(message.to_owned()));
    }
    let seconds = i32::try_from(interval.nanoseconds / 1_000_000_000);
    seconds.map(Zone::Offset).map_err(|_range| outside())
}

fn outside() -> Error {
    Error::DatetimeOverflow("timestamp out of range".to_owned())
}

fn moved(zones: &ArrayRef, moments: &ArrayRef) -> Result<ArrayRef, Error> {
    let mut zones = match zones.data_type() {
        DataType::Interval(_) => Zones::Offsets(zones.as_primitive::<IntervalMonthDayNanoType>()),
        _ => Zones::Names { names: zones.as_string::<i32>(), known: None },
    };
    let local = matches!(moments.data_type(), DataType::Timestamp(_, None));
    let moments = moments.as_primitive::<TimestampMicrosecondType>();
    let results = moments.iter().enumerate().map(|(row, moment)| {
        let (Some(zone), Some(us)) = (zones.at(row)?, moment) else { return Ok(None) };
        if matches!(us, i64::MIN | i64::MAX) {
            return Ok(Some(us));
        }
        let east_s = if local { zone.east_of_local(us) } else { zone.east_at(us) };
        let east_us = i64::from(east_s) * SECOND_US;
        let moved = if local { us.checked_sub(east_us) } else { us.checked_add(east_us) };
        checked_timestamp(moved).map(Some).ok_or_else(outside)
    });
    let array = results.collect::<Result<TimestampMicrosecondArray, Error>>()?;
    Ok(if local { Arc::new(array.with_timezone("UTC")) } else { Arc::new(array) })
}

/// The zone of that name, in any case.
pub(super) fn find(name: &str) -> std::result::Result<Tz, Error> {
    let known = chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
    let unknown = || Error::InvalidParameterValue(format!("time zone \"{name}\" not recognized"));
    known.copied().ok_or_else(unknown)
}

/// A local time in UTC. One that a jump skipped counts from before it, one that happened twice is the second, as
/// PostgreSQL has it (`DetermineTimeZoneOffset`).
pub(super) fn to_utc(zone: Tz, local: NaiveDateTime) -> Option<NaiveDateTime> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(found) => Some(found.naive_utc()),
        LocalResult::Ambiguous(_, second) => Some(second.naive_utc()),
        LocalResult::None => {
            // No jump of a zone is longer than a day.
            let before = zone.from_utc_datetime(&local.checked_sub_signed(TimeDelta::days(1))?);
            let seconds = i64::from(before.offset().fix().local_minus_utc());
            local.checked_sub_signed(TimeDelta::seconds(seconds))
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::{find, to_utc};

    fn check(zone: &str, hour: u32, month: u32, day: u32, want: &str) {
        let local =
            NaiveDate::from_ymd_opt(2026, month, day).and_then(|d| d.and_hms_opt(hour, 30, 0));
        let found = to_utc(find(zone).expect("a zone"), local.expect("a time")).expect("in range");
        assert_eq!(found.to_string(), want);
    }

    #[test]
    fn local_times_around_a_jump() {
        check("Europe/Berlin", 1, 3, 29, "2026-03-29 00:30:00");
        check("europe/berlin", 2, 3, 29, "2026-03-29 01:30:00");
        check("Europe/Berlin", 2, 10, 25, "2026-10-25 01:30:00");
        check("UTC", 2, 10, 25, "2026-10-25 02:30:00");
    }
}
