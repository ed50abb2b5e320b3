//! The calendar: fields of dates, times and intervals, where their units start, values made of fields, and casts.
//!
//! Owns `extract`, `date_part`, `date_trunc`, `isfinite`, `OVERLAPS` and the `make_…` functions. Arrow has no infinities of dates and timestamps: the
//! greatest and the least number stand for them, as they do in PostgreSQL. Imports: error, pg::encode, pg::decode.
//! Used by: pg::functions, pg::rewrite.

pub(in crate::pg) mod convert;
mod field;
pub(in crate::pg) mod make;
mod overlaps;
mod truncate;
mod unit;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array,
    IntervalMonthDayNanoArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Field, FieldRef, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalUnit, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue, plan_err};
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, lit,
};

use self::field::Found;
use self::unit::Unit;
use super::zone::find;
use crate::error::{Error, Result};
use crate::pg::adt::timetz::{self, TimeTz};
use crate::pg::decode;
use crate::pg::encode::OutputSettings;
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;
use crate::pg::types;
use crate::pg::zone::Zone;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const TIME: DataType = DataType::Time64(TimeUnit::Microsecond);
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// The function `name` in the session of `facts`; `None` when it is none of these.
pub(super) fn function(name: &str, facts: &Facts) -> Option<Arc<ScalarUDF>> {
    let zone = facts.setting("TimeZone").unwrap_or("UTC");
    let kind = match name {
        "extract" => Kind::Extract,
        "date_part" => Kind::Part,
        "date_trunc" => Kind::Truncate,
        "isfinite" => Kind::Finite,
        "date_bin" => Kind::Bin,
        "overlaps" => return Some(overlaps::function(zone)),
        _ => return make::function(name, zone),
    };
    let signature = Signature::user_defined(Volatility::Immutable);
    Some(Arc::new(ScalarUDF::new_from_impl(Calendar { kind, zone: zone.to_owned(), signature })))
}

/// Whether a day or moment is infinite, and if so, whether it comes before all others.
pub(super) fn infinite(value: i64) -> Option<bool> {
    match value {
        i64::MIN => Some(true),
        i64::MAX => Some(false),
        _ => None,
    }
}

/// A value of a type that has fields. Days and microseconds count from 1970.
#[derive(Debug, Clone, Copy)]
enum Value {
    Date(i32),
    Time(i64),
    ZonedTime(TimeTz),
    Local(i64),
    Zoned(i64),
    Interval(IntervalMonthDayNano),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// `extract(field, value)`: numeric
    Extract,
    /// `date_part(field, value)`: double precision
    Part,
    /// `date_trunc(field, value [, zone])`
    Truncate,
    /// `isfinite(value)`
    Finite,
    /// `date_bin(stride, value, origin)`
    Bin,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Calendar {
    kind: Kind,
    /// The session's.
    zone: String,
    signature: Signature,
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

fn interval_out_of_range() -> Error {
    Error::DatetimeOverflow("interval out of range".to_owned())
}

impl ScalarUDFImpl for Calendar {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Extract => "extract",
            Kind::Part => "date_part",
            Kind::Truncate => "date_trunc",
            Kind::Finite => "isfinite",
            Kind::Bin => "date_bin",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(match (self.kind, arg_types) {
            (Kind::Extract, _) => DataType::Decimal128(38, 0),
            (Kind::Part, _) => DataType::Float64,
            (Kind::Truncate, [_, DataType::Time64(_)]) => INTERVAL,
            // The only time zone a date becomes local in is the session's.
            (Kind::Truncate, [_, DataType::Date32] | [_, _, _]) => utc(),
            (Kind::Truncate, [_, value]) => value.clone(),
            (Kind::Bin, [_, value, origin]) if at_instants(value, origin) => utc(),
            (Kind::Bin, _) => LOCAL,
            (Kind::Truncate, _) => DataType::Null,
            (Kind::Finite, _) => DataType::Boolean,
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let types: Vec<DataType> =
            args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let data_type = match (self.kind, types.as_slice(), args.scalar_arguments) {
            (Kind::Extract, [_, value], [Some(unit), _]) => {
                let word = unit.try_as_str().flatten().unwrap_or_default().to_lowercase();
                let unit = Unit::of_moment(&word);
                DataType::Decimal128(38, field::places(unit, *value == DataType::Date32))
            }
            _ => self.return_type(&types)?,
        };
        // The one type with fields that is kept as a text.
        if let [_, value] = args.arg_fields
            && value.data_type().is_string()
            && types::of_field(value).oid != types::TIMETZ
        {
            return self.refused(&types);
        }
        Ok(Arc::new(Field::new(self.name(), data_type, true)))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let text = |data_type: &DataType| data_type.is_string() || data_type.is_null();
        let value = match (self.kind, arg_types) {
            (Kind::Truncate, [unit, value, zone]) if text(unit) && text(zone) => {
                let moment = with_fields(value)
                    .filter(|kind| matches!(kind, DataType::Timestamp(..) | DataType::Date32));
                return match moment {
                    Some(moment) => Ok(vec![DataType::Utf8, moment, DataType::Utf8]),
                    None => self.refused(arg_types),
                };
            }
            (Kind::Bin, [stride, value, origin]) => {
                let interval = text(stride) || matches!(stride, DataType::Interval(_));
                return match bin_types(value, origin).filter(|_| interval) {
                    Some([value, origin]) => Ok(vec![INTERVAL, value, origin]),
                    None => self.refused(arg_types),
                };
            }
            (Kind::Part | Kind::Extract, [unit, value]) if text(unit) && value.is_string() => {
                Some(DataType::Utf8)
            }
            (Kind::Truncate | Kind::Part | Kind::Extract, [unit, value]) if text(unit) => {
                with_fields(value)
            }
            (Kind::Finite, [value]) => match with_fields(value) {
                Some(kind) => return Ok(vec![kind]),
                None => None,
            },
            _ => None,
        };
        match value {
            Some(value) => Ok(vec![DataType::Utf8, value]),
            None => self.refused(arg_types),
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

    /// A comparison of a year is one with its first day, by which files are left out.
    fn preimage(
        &self,
        args: &[Expr],
        lit_expr: &Expr,
        info: &SimplifyContext,
    ) -> DfResult<PreimageResult> {
        let local = match args {
            [_, value] => !matches!(info.get_data_type(value)?, DataType::Timestamp(_, Some(_))),
            _ => false,
        };
        let year = match lit_expr {
            Expr::Literal(ScalarValue::Decimal128(Some(year), _, 0), _) => {
                i32::try_from(*year).ok()
            }
            _ => None,
        };
        match year {
            Some(year) if local && self.kind == Kind::Extract => {
                let date_part = datafusion::functions::datetime::date_part();
                date_part.inner().preimage(args, &lit(year), info)
            }
            _ => Ok(PreimageResult::None),
        }
    }
}

/// The type a value is taken as, when it has fields.
fn with_fields(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Time32(_) | DataType::Time64(_) => TIME,
        DataType::Timestamp(_, None) => LOCAL,
        DataType::Timestamp(_, Some(_)) => utc(),
        DataType::Interval(_) | DataType::Duration(_) => INTERVAL,
        _ => return None,
    })
}

fn type_name(data_type: &DataType) -> String {
    types::sql_name(types::of_data_type(data_type).oid)
}

/// The same of a type with fields: the one that is kept as text is a time with its zone.
fn value_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 => types::sql_name(types::TIMETZ),
        other => type_name(other),
    }
}

/// The values of an array of a type [`with_fields`] gives, one by one.
fn values(array: &ArrayRef) -> Box<dyn Iterator<Item = Option<Value>> + '_> {
    match array.data_type() {
        DataType::Date32 => {
            Box::new(array.as_primitive::<Date32Type>().iter().map(|day| day.map(Value::Date)))
        }
        DataType::Time64(_) => Box::new(
            array.as_primitive::<Time64MicrosecondType>().iter().map(|us| us.map(Value::Time)),
        ),
        DataType::Timestamp(_, None) => Box::new(
            array.as_primitive::<TimestampMicrosecondType>().iter().map(|us| us.map(Value::Local)),
        ),
        DataType::Timestamp(_, Some(_)) => Box::new(
            array.as_primitive::<TimestampMicrosecondType>().iter().map(|us| us.map(Value::Zoned)),
        ),
        // It was read before.
        DataType::Utf8 => Box::new(array.as_string::<i32>().iter().map(|text| {
            let time = timetz::read(text?, &OutputSettings::default()).ok()?;
            Some(Value::ZonedTime(time))
        })),
        _ => Box::new(
            array
                .as_primitive::<IntervalMonthDayNanoType>()
                .iter()
                .map(|interval| interval.map(Value::Interval)),
        ),
    }
}

/// Units by their words; mostly all rows have one.
struct Units<'a> {
    words: &'a StringArray,
    /// The type of the values, as errors call it.
    kind: String,
    find: fn(&str) -> Option<Unit>,
    known: Option<(&'a str, Unit)>,
}

impl<'a> Units<'a> {
    fn at(&mut self, row: usize) -> Result<Option<Unit>> {
        if self.words.is_null(row) {
            return Ok(None);
        }
        let word = self.words.value(row);
        if let Some((known, unit)) = self.known
            && known == word
        {
            return Ok(Some(unit));
        }
        let lower = word.to_lowercase();
        let unit = (self.find)(&lower).ok_or_else(|| {
            let kind = &self.kind;
            Error::InvalidParameterValue(format!("unit \"{lower}\" not recognized for type {kind}"))
        })?;
        self.known = Some((word, unit));
        Ok(Some(unit))
    }

    /// Why values of this type have no such unit.
    fn unsupported(&self, row: usize) -> Error {
        let (word, kind) = (self.words.value(row).to_lowercase(), &self.kind);
        let error =
            Error::FeatureNotSupported(format!("unit \"{word}\" not supported for type {kind}"));
        match kind == "interval" && (self.find)(&word) == Some(Unit::Week) {
            true => error.detail("Months usually have fractional weeks."),
            false => error,
        }
    }
}

/// The types `date_bin` takes a value and its origin as; a literal without a type takes the other's.
fn bin_types(value: &DataType, origin: &DataType) -> Option<[DataType; 2]> {
    let text = |data_type: &DataType| data_type.is_string() || data_type.is_null();
    let moment = |own: &DataType, other: &DataType| match own {
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => with_fields(own),
        _ if text(own) && !text(other) => with_fields(other),
        _ => None,
    };
    Some([moment(value, origin)?, moment(origin, value)?])
}

/// Whether `date_bin` of such types is one of timestamps with time zone, which dates rather become.
fn at_instants(value: &DataType, origin: &DataType) -> bool {
    let zoned = |data_type: &DataType| matches!(data_type, DataType::Timestamp(_, Some(_)));
    let date = |data_type: &DataType| *data_type == DataType::Date32;
    zoned(value) || zoned(origin) || date(value) && date(origin)
}

impl Calendar {
    fn refused<T>(&self, arg_types: &[DataType]) -> DfResult<T> {
        let names = arg_types.iter().map(type_name).collect::<Vec<_>>().join(", ");
        plan_err!(
            "No function matches the given name and argument types '{}({names})'",
            self.name()
        )
    }

    fn result(&self, arrays: &[ArrayRef], wanted: &DataType) -> Result<ArrayRef> {
        let zone = find(&self.zone)?;
        Ok(match arrays {
            [value] => {
                let finite = values(value).map(|value| {
                    Some(match value? {
                        Value::Date(day) => !matches!(day, i32::MIN | i32::MAX),
                        Value::Local(us) | Value::Zoned(us) => infinite(us).is_none(),
                        Value::Time(_) | Value::ZonedTime(_) | Value::Interval(_) => true,
                    })
                });
                Arc::new(finite.collect::<BooleanArray>())
            }
            [unit, value] if self.kind == Kind::Truncate => {
                let value = match value.data_type() {
                    DataType::Date32 => convert::to_instant(value, zone)?,
                    DataType::Time64(_) => convert::to_intervals(value),
                    _ => Arc::clone(value),
                };
                truncated(unit, &value, |_row| Ok(zone))?
            }
            [unit, value] if self.kind == Kind::Part => {
                extracted(unit, &convert::to_local(value)?, zone, wanted)?
            }
            [unit, value] => extracted(unit, value, zone, wanted)?,
            [stride, value, origin] if self.kind == Kind::Bin => {
                let moment = |array: &ArrayRef| match wanted {
                    DataType::Timestamp(_, None) => convert::to_local(array),
                    _ => convert::to_instant(array, zone),
                };
                binned(stride, &moment(value)?, &moment(origin)?)?
            }
            [unit, value, zones] => {
                let zones = zones.as_string::<i32>();
                let cut = truncated(unit, &convert::to_instant(value, zone)?, |row| {
                    match zones.is_null(row) {
                        true => Ok(zone),
                        false => decode::zone(zones.value(row)),
                    }
                })?;
                without(cut, zones)?
            }
            _ => return Err(Error::Internal(format!("{} of no arguments", self.name()))),
        })
    }
}

/// NULL where `others` are.
fn without(array: ArrayRef, others: &StringArray) -> Result<ArrayRef> {
    let Some(nulls) = others.nulls() else { return Ok(array) };
    let mask = BooleanArray::new(!nulls.inner(), None);
    arrow::compute::nullif(&array, &mask).map_err(|error| Error::Data(error.to_string()))
}

fn extracted(unit: &ArrayRef, array: &ArrayRef, zone: Zone, wanted: &DataType) -> Result<ArrayRef> {
    let words = unit.as_string::<i32>();
    let timed =
        matches!(array.data_type(), DataType::Interval(_) | DataType::Time64(_) | DataType::Utf8);
    let of = if timed {
        |word: &str| Unit::of_moment(word).filter(|unit| *unit != Unit::Reserved)
    } else {
        Unit::of_moment
    };
    let mut units = Units { words, kind: value_name(array.data_type()), find: of, known: None };
    let mut found = |row: usize, value: Option<Value>| -> Result<Option<Found>> {
        let (Some(unit), Some(value)) = (units.at(row)?, value) else { return Ok(None) };
        match field::find(unit, value, zone)? {
            Some(found) => Ok(Some(found)),
            None => Err(units.unsupported(row)),
        }
    };
    let rows = values(array).enumerate();
    if *wanted == DataType::Float64 {
        let doubles = rows.map(|(row, value)| Ok(found(row, value)?.and_then(Found::double)));
        return Ok(Arc::new(doubles.collect::<Result<Float64Array>>()?));
    }
    let numbers = rows.map(|(row, value)| match found(row, value)? {
        Some(Found::Infinite { .. }) => Err(Error::FeatureNotSupported(
            "an infinite field of an infinite moment is not supported as numeric".to_owned(),
        )
        .hint("date_part gives it in double precision.")),
        Some(found) => Ok(found.digits()),
        None => Ok(None),
    });
    let numbers = numbers.collect::<Result<Decimal128Array>>()?;
    Ok(Arc::new(numbers.with_data_type(wanted.clone())))
}

/// `zone` tells the one of a row.
fn truncated(
    unit: &ArrayRef,
    array: &ArrayRef,
    zone: impl Fn(usize) -> Result<Zone>,
) -> Result<ArrayRef> {
    let words = unit.as_string::<i32>();
    let kind = type_name(array.data_type());
    let mut units = Units { words, kind, find: Unit::of_interval, known: None };
    if let DataType::Interval(_) = array.data_type() {
        let intervals = array.as_primitive::<IntervalMonthDayNanoType>().iter().enumerate();
        let cut = intervals.map(|(row, value)| {
            let (Some(unit), Some(value)) = (units.at(row)?, value) else { return Ok(None) };
            truncate::interval(unit, value).map(Some).ok_or_else(|| units.unsupported(row))
        });
        return Ok(Arc::new(cut.collect::<Result<IntervalMonthDayNanoArray>>()?));
    }
    let moments = array.as_primitive::<TimestampMicrosecondType>();
    let zoned = matches!(array.data_type(), DataType::Timestamp(_, Some(_)));
    let cut = moments.iter().enumerate().map(|(row, value)| {
        let (Some(unit), Some(us)) = (units.at(row)?, value) else { return Ok(None) };
        let start = match zoned {
            true => truncate::zoned(unit, us, zone(row)?),
            false => truncate::local(unit, us),
        };
        start.map(Some).ok_or_else(|| units.unsupported(row))
    });
    let cut = cut.collect::<Result<TimestampMicrosecondArray>>()?;
    Ok(Arc::new(if zoned { cut.with_timezone("UTC") } else { cut }))
}

/// `timestamp_bin` of each row.
fn binned(strides: &ArrayRef, values: &ArrayRef, origins: &ArrayRef) -> Result<ArrayRef> {
    let strides = strides.as_primitive::<IntervalMonthDayNanoType>().iter();
    let moments = values.as_primitive::<TimestampMicrosecondType>().iter();
    let origins = origins.as_primitive::<TimestampMicrosecondType>().iter();
    let bins = strides.zip(moments).zip(origins).map(|((stride, value), origin)| {
        let (Some(stride), Some(value), Some(origin)) = (stride, value, origin) else {
            return Ok(None);
        };
        truncate::bin(stride, value, origin).map(Some)
    });
    let bins = bins.collect::<Result<TimestampMicrosecondArray>>()?;
    let zoned = matches!(values.data_type(), DataType::Timestamp(_, Some(_)));
    Ok(Arc::new(if zoned { bins.with_timezone("UTC") } else { bins }))
}
