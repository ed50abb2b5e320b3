//! `(a, b) OVERLAPS (c, d)` (`overlaps_timestamp` and its kin).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{
    DataType, IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result as DfResult, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{INTERVAL, LOCAL, TIME, convert, type_name, utc, with_fields};
use crate::error::{Error, Result};
use crate::pg::functions::moments::moved;
use crate::pg::functions::of_constants;
use crate::pg::functions::zone::find;
use crate::pg::zone::Zone;

/// `overlaps(a, b, c, d)` in the session's `zone`.
pub(super) fn function(zone: &str) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Overlaps { zone: zone.to_owned(), signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Overlaps {
    /// The session's.
    zone: String,
    signature: Signature,
}

impl ScalarUDFImpl for Overlaps {
    fn name(&self) -> &str {
        "overlaps"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Boolean)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let kinds: Vec<Option<DataType>> = arg_types.iter().map(with_fields).collect();
        let has = |kind: &DataType| kinds.iter().flatten().any(|found| found == kind);
        let times = has(&TIME);
        // A literal without a type is what the others are.
        let moment = match () {
            () if times => TIME,
            () if has(&utc()) => utc(),
            () => LOCAL,
        };
        let coerced = kinds.iter().zip(arg_types).enumerate().map(|(index, (kind, given))| {
            match kind {
                // The second of a pair may be how long it is.
                Some(DataType::Interval(_)) if index % 2 == 1 => Some(INTERVAL),
                Some(DataType::Interval(_)) => None,
                Some(kind) => ((*kind == TIME) == times).then(|| kind.clone()),
                None => (given.is_null() || given.is_string()).then(|| moment.clone()),
            }
        });
        match coerced.collect::<Option<Vec<DataType>>>() {
            Some(coerced) if coerced.len() == 4 => Ok(coerced),
            _ => {
                let names = arg_types.iter().map(type_name).collect::<Vec<_>>().join(", ");
                plan_err!(
                    "No function matches the given name and argument types 'overlaps({names})'"
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
            .rows(&arrays, length)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(Arc::new(result)))
    }
}

impl Overlaps {
    fn rows(&self, arrays: &[ArrayRef], length: usize) -> Result<BooleanArray> {
        let zone = find(&self.zone)?;
        let zoned = arrays.iter().any(|array| *array.data_type() == utc());
        let moments = arrays.iter().map(|array| match array.data_type() {
            DataType::Time64(_) | DataType::Interval(_) => Ok(Arc::clone(array)),
            _ if zoned => convert::to_instant(array, zone),
            _ => convert::to_local(array),
        });
        let moments = moments.collect::<Result<Vec<ArrayRef>>>()?;
        let [a, b, c, d] = moments.as_slice() else {
            return Err(Error::Internal("overlaps takes four arguments".to_owned()));
        };
        let rows = (0..length).map(|row| {
            let first = (moment(a, row), end(a, b, row, zone)?);
            let second = (moment(c, row), end(c, d, row, zone)?);
            Ok(overlap(first, second))
        });
        rows.collect()
    }
}

fn moment(array: &ArrayRef, row: usize) -> Option<i64> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Time64(_) => Some(array.as_primitive::<Time64MicrosecondType>().value(row)),
        _ => Some(array.as_primitive::<TimestampMicrosecondType>().value(row)),
    }
}

/// The end of a pair: itself, or how long after the start it is.
fn end(start: &ArrayRef, end: &ArrayRef, row: usize, zone: Zone) -> Result<Option<i64>> {
    let Some(intervals) = end.as_primitive_opt::<IntervalMonthDayNanoType>() else {
        return Ok(moment(end, row));
    };
    let Some(start_at) = moment(start, row).filter(|_| intervals.is_valid(row)) else {
        return Ok(None);
    };
    let interval = intervals.value(row);
    let end = match start.data_type() {
        DataType::Time64(_) => {
            let us = interval.nanoseconds / 1_000;
            Some((start_at + us % super::DAY_US).rem_euclid(super::DAY_US))
        }
        DataType::Timestamp(_, Some(_)) => moved(zone, start_at, interval),
        _ => moved(Zone::UTC, start_at, interval),
    };
    let outside = || Error::DatetimeOverflow("timestamp out of range".to_owned());
    end.map(Some).ok_or_else(outside)
}

/// Whether two spans of time share a moment, their ends not counted but where a span is one moment. `None` where what is
/// unknown decides.
fn overlap(first: (Option<i64>, Option<i64>), second: (Option<i64>, Option<i64>)) -> Option<bool> {
    let (start, end) = ordered(first)?;
    let (other_start, other_end) = ordered(second)?;
    match start.cmp(&other_start) {
        std::cmp::Ordering::Greater => {
            if start < other_end? {
                Some(true)
            } else {
                end.map(|_| false)
            }
        }
        std::cmp::Ordering::Less => {
            if other_start < end? {
                Some(true)
            } else {
                other_end.map(|_| false)
            }
        }
        std::cmp::Ordering::Equal => end.and(other_end).map(|_| true),
    }
}

/// A span from its earlier end; one end may be unknown, and is the later then.
fn ordered(span: (Option<i64>, Option<i64>)) -> Option<(i64, Option<i64>)> {
    match span {
        (Some(a), Some(b)) => Some((a.min(b), Some(a.max(b)))),
        (Some(a), None) | (None, Some(a)) => Some((a, None)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn spans_overlap() {
        let check = |first: (i64, i64), second: (i64, i64), want| {
            let found = overlap((Some(first.0), Some(first.1)), (Some(second.0), Some(second.1)));
            assert_eq!(found, Some(want), "{first:?} {second:?}");
        };
        check((1, 5), (4, 9), true);
        check((5, 1), (4, 9), true);
        check((1, 4), (4, 9), false);
        check((1, 1), (1, 9), true);
        check((6, 7), (4, 9), true);
        assert_eq!(overlap((Some(1), None), (Some(4), Some(9))), None);
        assert_eq!(overlap((Some(5), None), (Some(4), Some(9))), Some(true));
        assert_eq!(overlap((None, None), (Some(4), Some(9))), None);
    }
}
