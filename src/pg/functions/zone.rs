//! `AT TIME ZONE` (PostgreSQL manual, section 9.9.4), and zones by their names.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::decode::{self, checked_timestamp};
use crate::pg::functions::of_constants;
use crate::pg::zone::Zone;

const SECOND_US: i64 = 1_000_000;
const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// `AT TIME ZONE`: the zone first, then the moment.
pub(super) fn at_time_zone() -> Arc<ScalarUDF> {
    made("timezone", decode::zone)
}

/// The same in the zone that a session is in by its name, which is never an abbreviation.
pub(super) fn in_session_zone() -> Arc<ScalarUDF> {
    made("session_timezone", find)
}

fn made(name: &'static str, named: fn(&str) -> Result<Zone, Error>) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(AtTimeZone { name, named: Named(named), signature }))
}

/// How a zone's name is read; told apart by the function's name.
#[derive(Debug, Clone, Copy)]
struct Named(fn(&str) -> Result<Zone, Error>);

impl PartialEq for Named {
    fn eq(&self, _other: &Named) -> bool {
        true
    }
}

impl Eq for Named {}

impl std::hash::Hash for Named {
    fn hash<H: std::hash::Hasher>(&self, _state: &mut H) {}
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AtTimeZone {
    name: &'static str,
    named: Named,
    signature: Signature,
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

impl ScalarUDFImpl for AtTimeZone {
    fn name(&self) -> &str {
        self.name
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
        let moved = moved(&zone.to_array(length)?, &moment.to_array(length)?, self.named.0)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&moved);
        }
        Ok(ColumnarValue::Array(moved))
    }
}

/// The zone of each row; mostly all rows have one.
enum Zones<'a> {
    Names {
        names: &'a arrow::array::StringArray,
        named: fn(&str) -> Result<Zone, Error>,
        known: Option<(&'a str, Zone)>,
    },
    Offsets(&'a arrow::array::IntervalMonthDayNanoArray),
}

impl<'a> Zones<'a> {
    fn at(&mut self, row: usize) -> Result<Option<Zone>, Error> {
        match self {
            Zones::Names { names, .. } if names.is_null(row) => Ok(None),
            Zones::Names { names, named, known } => {
                let name: &'a str = names.value(row);
                if let Some((last, zone)) = known
                    && *last == name
                {
                    return Ok(Some(*zone));
                }
                let zone = named(name)?;
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
    seconds.map(Zone::offset).map_err(|_range| outside())
}

fn outside() -> Error {
    Error::DatetimeOverflow("timestamp out of range".to_owned())
}

fn moved(
    zones: &ArrayRef,
    moments: &ArrayRef,
    named: fn(&str) -> Result<Zone, Error>,
) -> Result<ArrayRef, Error> {
    let mut zones = match zones.data_type() {
        DataType::Interval(_) => Zones::Offsets(zones.as_primitive::<IntervalMonthDayNanoType>()),
        _ => Zones::Names { names: zones.as_string::<i32>(), named, known: None },
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

/// The zone a session is in.
/// Errors: 22023 for a name of none.
pub(super) fn find(name: &str) -> std::result::Result<Zone, Error> {
    let unknown = || Error::InvalidParameterValue(format!("time zone \"{name}\" not recognized"));
    Zone::of_session(name).ok_or_else(unknown)
}
