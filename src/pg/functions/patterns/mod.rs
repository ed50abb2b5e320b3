//! `to_char`, `to_date`, `to_timestamp` and `to_number` (PostgreSQL manual, section 9.8).
//!
//! Owns: templates and what is written and read by them. What of a template we do not have is refused with 0A000, never
//! left out. Imports: error, pg::facts. Used by: pg::functions.

mod moment;
mod number;
mod read;
mod spell;
mod template;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Decimal256Array, StringArray};
use arrow::array::{Decimal128Array, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Field, FieldRef, Float32Type,
    Float64Type, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use chrono::DateTime;
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use self::moment::Moment;
use self::number::Template;
use self::template::Part;
use super::zone::find;
use crate::error::{Error, Result};
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;
use crate::pg::zone::Zone;

const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const TIME: DataType = DataType::Time64(TimeUnit::Microsecond);
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);
/// The places after the point of what `to_number` gives when no literal template tells them.
const PLACES: i8 = 10;

/// The function `name` in the session of `facts`; `None` when it is none of these.
pub(super) fn function(name: &str, facts: &Facts) -> Option<Arc<ScalarUDF>> {
    let kind = match name {
        "to_char" => Kind::Char,
        "to_date" => Kind::Date,
        "to_timestamp" => Kind::Timestamp,
        "to_number" => Kind::Number,
        _ => return None,
    };
    let signature = Signature::user_defined(Volatility::Immutable);
    let zone = facts.setting("TimeZone").unwrap_or("UTC").to_owned();
    Some(Arc::new(ScalarUDF::new_from_impl(Patterns { kind, zone, signature })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Char,
    Date,
    Timestamp,
    Number,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Patterns {
    kind: Kind,
    zone: String,
    signature: Signature,
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

impl ScalarUDFImpl for Patterns {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Char => "to_char",
            Kind::Date => "to_date",
            Kind::Timestamp => "to_timestamp",
            Kind::Number => "to_number",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(match self.kind {
            Kind::Char => DataType::Utf8,
            Kind::Date => DataType::Date32,
            Kind::Timestamp => utc(),
            Kind::Number => DataType::Decimal128(38, PLACES),
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let places = match args.scalar_arguments {
            [_, Some(ScalarValue::Utf8(Some(template)))] => read::places(template),
            _ => PLACES,
        };
        let data_type = match self.kind {
            Kind::Number => DataType::Decimal128(38, places),
            _ => self.return_type(&[])?,
        };
        Ok(Arc::new(Field::new(self.name(), data_type, true)))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let text = |data_type: &DataType| data_type.is_string() || data_type.is_null();
        let first = match (self.kind, arg_types) {
            (Kind::Timestamp, [seconds]) if seconds.is_numeric() => {
                return Ok(vec![DataType::Float64]);
            }
            (Kind::Char, [value, template]) if text(template) => written_as(value),
            (Kind::Char, _) => None,
            (_, [value, template]) if text(value) && text(template) => Some(DataType::Utf8),
            _ => None,
        };
        match first {
            Some(first) => Ok(vec![first, DataType::Utf8]),
            None => {
                let name = |kind: &DataType| {
                    crate::pg::types::sql_name(crate::pg::types::of_data_type(kind).oid)
                };
                let names: Vec<String> = arg_types.iter().map(name).collect();
                plan_err!(
                    "No function matches the given name and argument types '{}({})'",
                    self.name(),
                    names.join(", ")
                )
            }
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut arrays = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            arrays.push(arg.to_array(length)?);
        }
        let result = self
            .result(&arrays, args.return_field.data_type())
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// The type `to_char` takes a value as.
fn written_as(value: &DataType) -> Option<DataType> {
    Some(match value {
        DataType::Timestamp(_, Some(_)) => utc(),
        DataType::Timestamp(_, None) => LOCAL,
        DataType::Interval(_) | DataType::Duration(_) => INTERVAL,
        DataType::Time32(_) | DataType::Time64(_) => TIME,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        whole if whole.is_integer() => DataType::Int64,
        DataType::Date32
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => value.clone(),
        _ => return None,
    })
}

impl Patterns {
    fn result(&self, arrays: &[ArrayRef], wanted: &DataType) -> Result<ArrayRef> {
        let zone = find(&self.zone)?;
        let [value, template] = arrays else {
            return Ok(Arc::new(from_epoch(&arrays[0])?));
        };
        let templates = template.as_string::<i32>();
        Ok(match self.kind {
            Kind::Char => Arc::new(written(value, templates, zone)?),
            Kind::Date => {
                let days = read(value, templates, |text, parts| {
                    let (moment, _) = read::moment(text, parts)?;
                    Ok(Date32Type::from_naive_date(moment.date()))
                })?;
                Arc::new(Date32Array::from(days))
            }
            Kind::Timestamp => {
                let moments = read(value, templates, |text, parts| {
                    let (moment, offset) = read::moment(text, parts)?;
                    let moment = match offset {
                        Some(seconds) => moment
                            .checked_sub_signed(chrono::TimeDelta::seconds(seconds))
                            .map(|moment| moment.and_utc().timestamp_micros()),
                        None => zone.instant(moment),
                    };
                    moment.ok_or_else(outside)
                })?;
                Arc::new(TimestampMicrosecondArray::from(moments).with_timezone("UTC"))
            }
            Kind::Number => Arc::new(numbers(value, templates, wanted)?),
        })
    }
}

fn outside() -> Error {
    Error::DatetimeOverflow("timestamp out of range".to_owned())
}

/// Calls `each` for every row that has both a text and a template.
fn read<T>(
    values: &ArrayRef,
    templates: &StringArray,
    each: impl Fn(&str, &[Part]) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    let texts = values.as_string::<i32>();
    let mut known = Known::default();
    let mut results = Vec::with_capacity(texts.len());
    for (text, template) in texts.iter().zip(templates) {
        results.push(match (text, template) {
            (Some(text), Some(template)) => Some(each(text, known.parts(template)?)?),
            _ => None,
        });
    }
    Ok(results)
}

/// The template of the row before: mostly all rows have one.
#[derive(Default)]
struct Known {
    text: Option<String>,
    parts: Vec<Part>,
}

impl Known {
    fn parts(&mut self, text: &str) -> Result<&[Part]> {
        if self.text.as_deref() != Some(text) {
            self.parts = template::parts(text).ok_or_else(|| {
                Error::FeatureNotSupported("\"SP\" is not supported in a template".to_owned())
            })?;
            self.text = Some(text.to_owned());
        }
        Ok(&self.parts)
    }
}

fn numbers(
    values: &ArrayRef,
    templates: &StringArray,
    wanted: &DataType,
) -> Result<Decimal128Array> {
    let texts = values.as_string::<i32>();
    let mut results = Vec::with_capacity(texts.len());
    for (text, template) in texts.iter().zip(templates) {
        results.push(match (text, template) {
            (Some(text), Some(template)) => match read::number(text, template)? {
                Some(digits) => {
                    let value = ScalarValue::try_from_string(digits, wanted).map_err(|_range| {
                        Error::NumericOutOfRange("value overflows numeric format".to_owned())
                    })?;
                    match value {
                        ScalarValue::Decimal128(value, _, _) => value,
                        _ => None,
                    }
                }
                None => None,
            },
            _ => None,
        });
    }
    Ok(Decimal128Array::from(results).with_data_type(wanted.clone()))
}

/// `to_timestamp(double precision)`: seconds since 1970.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn from_epoch(seconds: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let mut moments = Vec::with_capacity(seconds.len());
    for seconds in seconds.as_primitive::<Float64Type>() {
        moments.push(match seconds {
            // PostgreSQL ends in the year 294276.
            Some(seconds) if seconds.is_nan() => {
                return Err(Error::DatetimeOverflow("timestamp cannot be NaN".to_owned()));
            }
            Some(f64::INFINITY) => Some(i64::MAX),
            Some(f64::NEG_INFINITY) => Some(i64::MIN),
            Some(seconds) if !(-2.1e11..9.2e12).contains(&seconds) => return Err(outside()),
            Some(seconds) => Some((seconds * 1e6).round_ties_even() as i64),
            None => None,
        });
    }
    Ok(TimestampMicrosecondArray::from(moments).with_timezone("UTC"))
}

fn written(values: &ArrayRef, templates: &StringArray, zone: Zone) -> Result<StringArray> {
    let mut known = Known::default();
    let mut number: Option<(String, Template)> = None;
    let mut results: Vec<Option<String>> = Vec::with_capacity(values.len());
    let temporal = values.data_type().is_temporal();
    for (index, template) in templates.iter().enumerate() {
        // An empty template gives nothing, and so does an infinite moment.
        let written = values.is_valid(index) && !(temporal && is_infinite(values, index));
        let Some(template) = template.filter(|template| written && !template.is_empty()) else {
            results.push(None);
            continue;
        };
        if temporal {
            let moment = moment_at(values, index, zone)?;
            results.push(Some(moment.written(known.parts(template)?)?));
            continue;
        }
        let parsed = match number.take() {
            Some((text, parsed)) if text == template => parsed,
            _ => Template::parse(template)?,
        };
        let (digits, digits_max) = digits_at(values, index)?;
        // An integer is written with an exponent in double precision.
        let double = *values.data_type() == DataType::Int64 && parsed.is_scientific();
        let digits_max = if double { Some(15) } else { digits_max };
        results.push(Some(parsed.written(&digits, digits_max)));
        number = Some((template.to_owned(), parsed));
    }
    Ok(StringArray::from(results))
}

fn is_infinite(values: &ArrayRef, index: usize) -> bool {
    match values.data_type() {
        DataType::Date32 => {
            matches!(values.as_primitive::<Date32Type>().value(index), i32::MIN | i32::MAX)
        }
        DataType::Timestamp(..) => {
            let us = values.as_primitive::<TimestampMicrosecondType>().value(index);
            matches!(us, i64::MIN | i64::MAX)
        }
        _ => false,
    }
}

fn moment_at(values: &ArrayRef, index: usize, zone: Zone) -> Result<Moment> {
    let zoned = |us: i64| {
        let local = zone.local(us).ok_or_else(outside)?;
        let zone = (zone.abbreviation(us), i64::from(zone.east_at(us)));
        Ok(Moment::of_time(local, Some(zone)))
    };
    Ok(match values.data_type() {
        DataType::Interval(_) => {
            Moment::of_interval(values.as_primitive::<IntervalMonthDayNanoType>().value(index))
        }
        DataType::Time64(_) => {
            let us = values.as_primitive::<Time64MicrosecondType>().value(index);
            Moment::of_interval(IntervalMonthDayNano::new(0, 0, us.saturating_mul(1_000)))
        }
        DataType::Date32 => {
            let day = values.as_primitive::<Date32Type>().value_as_date(index);
            let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0)).ok_or_else(outside)?;
            zoned(zone.instant(midnight).ok_or_else(outside)?)?
        }
        kind => {
            let micros = values.as_primitive::<TimestampMicrosecondType>().value(index);
            if matches!(kind, DataType::Timestamp(_, Some(_))) {
                zoned(micros)?
            } else {
                let moment = DateTime::from_timestamp_micros(micros).ok_or_else(outside)?;
                Moment::of_time(moment.naive_utc(), None)
            }
        }
    })
}

/// A number's digits, and how many of them its type has when it is floating point.
fn digits_at(values: &ArrayRef, index: usize) -> Result<(String, Option<usize>)> {
    Ok(match values.data_type() {
        DataType::Decimal128(..) => {
            let values: &Decimal128Array = values.as_primitive::<Decimal128Type>();
            (values.value_as_string(index), None)
        }
        DataType::Decimal256(..) => {
            let values: &Decimal256Array = values.as_primitive::<Decimal256Type>();
            (values.value_as_string(index), None)
        }
        DataType::Int64 => (values.as_primitive::<Int64Type>().value(index).to_string(), None),
        DataType::Float32 => {
            let value = f64::from(values.as_primitive::<Float32Type>().value(index));
            (plain(value), Some(6))
        }
        _ => (plain(values.as_primitive::<Float64Type>().value(index)), Some(15)),
    })
}

fn plain(value: f64) -> String {
    match value {
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        _ => value.to_string(),
    }
}
