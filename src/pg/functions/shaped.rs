//! Functions whose result takes its type from their arguments.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, ListArray, PrimitiveArray, StructArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit, TimestampMicrosecondType};
use chrono::{LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::error::Error;

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    [Kind::Array, Kind::ExpandArray, Kind::TimeZone].map(made).to_vec()
}

/// `AT TIME ZONE`: the zone first, then the moment.
pub(super) fn at_time_zone() -> Arc<ScalarUDF> {
    made(Kind::TimeZone)
}

fn made(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Shaped { kind, signature }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// `ARRAY(SELECT …)`: an empty array where the aggregate over no rows is NULL.
    Array,
    /// `information_schema._pg_expandarray`: elements with their numbers, from 1.
    ExpandArray,
    /// `AT TIME ZONE` (PostgreSQL manual, section 9.9.4).
    TimeZone,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Shaped {
    kind: Kind,
    signature: Signature,
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
}

const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

impl ScalarUDFImpl for Shaped {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Array => "forebay_array",
            Kind::ExpandArray => "forebay_expandarray",
            Kind::TimeZone => "timezone",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match (self.kind, arg_types) {
            (Kind::Array | Kind::ExpandArray, [list @ DataType::List(_)]) => Ok(vec![list.clone()]),
            (Kind::TimeZone, [_, DataType::Timestamp(_, None)]) => Ok(vec![DataType::Utf8, LOCAL]),
            (Kind::TimeZone, [_, _]) => Ok(vec![DataType::Utf8, utc()]),
            _ => plan_err!("function {} does not take these arguments", self.name()),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(match (self.kind, arg_types) {
            (Kind::ExpandArray, [DataType::List(item)]) => {
                let pair = DataType::Struct(pair_fields(item));
                DataType::List(Arc::new(Field::new("item", pair, true)))
            }
            (Kind::TimeZone, [_, DataType::Timestamp(_, None)]) => utc(),
            (Kind::TimeZone, _) => LOCAL,
            (_, [list, ..]) => list.clone(),
            _ => DataType::Null,
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if self.kind == Kind::Array
            && let [list] = args.arg_fields
        {
            return Ok(Arc::new(list.as_ref().clone().with_name(self.name()).with_nullable(true)));
        }
        let types: Vec<DataType> =
            args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut arrays = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            arrays.push(arg.to_array(length)?);
        }
        let result: ArrayRef = match self.kind {
            Kind::Array => Arc::new(without_nulls(arrays[0].as_list::<i32>())?),
            Kind::ExpandArray => Arc::new(expanded(arrays[0].as_list::<i32>())?),
            Kind::TimeZone => time_zone(&arrays[0], &arrays[1])?,
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// The lists with empty ones in place of NULL, their values packed.
fn without_nulls(lists: &ListArray) -> Result<ListArray> {
    let mut lengths = Vec::with_capacity(lists.len());
    let mut picked: Vec<u64> = Vec::new();
    for index in 0..lists.len() {
        let (start, end) = (lists.value_offsets()[index], lists.value_offsets()[index + 1]);
        let range = if lists.is_null(index) { 0..0 } else { start..end };
        lengths.push(range.len());
        picked.extend(range.filter_map(|position| u64::try_from(position).ok()));
    }
    let values = take(lists.values(), &UInt64Array::from(picked), None)?;
    let DataType::List(item) = lists.data_type() else {
        return plan_err!("not a list");
    };
    Ok(ListArray::try_new(Arc::clone(item), OffsetBuffer::from_lengths(lengths), values, None)?)
}

fn pair_fields(item: &FieldRef) -> Fields {
    let element = item.as_ref().clone().with_name("x").with_nullable(true);
    Fields::from(vec![element, Field::new("n", DataType::Int32, true)])
}

fn expanded(lists: &ListArray) -> Result<ListArray> {
    let packed = without_nulls(lists)?;
    let mut numbers = Vec::with_capacity(packed.values().len());
    for index in 0..packed.len() {
        numbers.extend(1..=packed.value_length(index));
    }
    let DataType::List(item) = lists.data_type() else {
        return plan_err!("not a list");
    };
    let fields = pair_fields(item);
    let columns: Vec<ArrayRef> =
        vec![Arc::clone(packed.values()), Arc::new(Int32Array::from(numbers))];
    let pairs = StructArray::try_new(fields.clone(), columns, None)?;
    let item = Arc::new(Field::new("item", DataType::Struct(fields), true));
    Ok(ListArray::try_new(item, packed.offsets().clone(), Arc::new(pairs), None)?)
}

fn time_zone(zones: &ArrayRef, moments: &ArrayRef) -> Result<ArrayRef> {
    let names = zones.as_string::<i32>();
    let local = matches!(moments.data_type(), DataType::Timestamp(_, None));
    let values: &PrimitiveArray<TimestampMicrosecondType> = moments.as_primitive();
    let mut known: Option<(String, Tz)> = None;
    let mut results: Vec<Option<i64>> = Vec::with_capacity(values.len());
    for index in 0..values.len() {
        if names.is_null(index) || values.is_null(index) {
            results.push(None);
            continue;
        }
        let name = names.value(index);
        let zone = match &known {
            Some((kept, zone)) if kept == name => *zone,
            _ => {
                let zone = find(name).map_err(|e| DataFusionError::External(Box::new(e)))?;
                known = Some((name.to_owned(), zone));
                zone
            }
        };
        let moment = chrono::DateTime::from_timestamp_micros(values.value(index));
        let moved = moment.and_then(|moment| {
            if local {
                to_utc(zone, moment.naive_utc())
            } else {
                Some(moment.with_timezone(&zone).naive_local())
            }
        });
        let moved = moved.ok_or_else(|| {
            let error = Error::DatetimeOverflow("timestamp out of range".to_owned());
            DataFusionError::External(Box::new(error))
        })?;
        results.push(Some(moved.and_utc().timestamp_micros()));
    }
    let array = TimestampMicrosecondArray::from(results);
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
