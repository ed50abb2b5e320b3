//! `generate_series` as a list (PostgreSQL manual, section 9.25): what is unnested where the bounds are known only row by row.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::functions_nested::range::gen_series_udf;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::integers::{whole, wider};
use crate::error::Error;

/// Numbers that the series of one batch of rows may have: they are in memory at once. Ten times more would take a
/// gigabyte, a tenth refuses what people try.
const NUMBERS_MAX: usize = 1 << 24;

/// The function.
pub(super) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Series { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Series {
    signature: Signature,
}

/// The type of a series of integers: the widest, at least of 32 bits. A bound may be NULL without a type.
fn integer(types: &[DataType]) -> Option<DataType> {
    let mut widest = DataType::Int32;
    for kind in types.iter().filter(|kind| !kind.is_null()) {
        whole(kind)?;
        widest = wider(&widest, kind)?;
    }
    Some(widest)
}

impl ScalarUDFImpl for Series {
    fn name(&self) -> &str {
        "forebay_series"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let wanted = match (integer(arg_types), arg_types.len()) {
            (Some(kind), 2 | 3) => Some(vec![kind; arg_types.len()]),
            (_, 3) => gen_series_udf().coerce_types(arg_types).ok(),
            _ => None,
        };
        wanted.ok_or_else(|| {
            let error =
                Error::UndefinedFunction("function generate_series does not exist".to_owned());
            let error = error.hint(
                "No function matches the given name and argument types. You might need to add \
                 explicit type casts.",
            );
            DataFusionError::External(Box::new(error))
        })
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match integer(arg_types) {
            Some(kind) => Ok(DataType::new_list(kind, true)),
            None => gen_series_udf().return_type(arg_types),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let Some(kind) = integer(&types) else {
            return gen_series_udf().invoke_with_args(args);
        };
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut bounds = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            let wide = cast(&arg.to_array(length)?, &DataType::Int64)?;
            bounds.push(wide.as_primitive::<Int64Type>().clone());
        }
        let lists = series(&bounds, &kind).map_err(|e| DataFusionError::External(Box::new(e)))?;
        let lists: ArrayRef = Arc::new(lists);
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&lists, 0)?));
        }
        Ok(ColumnarValue::Array(lists))
    }
}

/// Errors: 22023 for a step of zero; 54000 for more numbers than memory should hold.
fn series(bounds: &[Int64Array], kind: &DataType) -> std::result::Result<ListArray, Error> {
    let rows = bounds.first().map_or(0, Array::len);
    let mut numbers: Vec<i64> = Vec::new();
    let mut lengths = Vec::with_capacity(rows);
    let mut known = Vec::with_capacity(rows);
    for row in 0..rows {
        let bound = |index: usize| match bounds.get(index) {
            Some(values) => values.is_valid(row).then(|| values.value(row)),
            None => Some(1),
        };
        let before = numbers.len();
        let bounds = (bound(0), bound(1), bound(2));
        known.push(matches!(bounds, (Some(_), Some(_), Some(_))));
        if let (Some(start), Some(stop), Some(step)) = bounds {
            if step == 0 {
                let message = "step size cannot equal zero".to_owned();
                return Err(Error::InvalidParameterValue(message));
            }
            let mut next = Some(start);
            while let Some(number) = next
                && (if step > 0 { number <= stop } else { stop <= number })
            {
                if NUMBERS_MAX <= numbers.len() {
                    return Err(Error::ProgramLimitExceeded(
                        "generate_series has too many numbers".to_owned(),
                    )
                    .detail(format!("At most {NUMBERS_MAX} are made at once.")));
                }
                numbers.push(number);
                next = number.checked_add(step);
            }
        }
        lengths.push(numbers.len() - before);
    }
    let numbers: ArrayRef = match kind {
        DataType::Int32 => {
            // Between bounds of 32 bits.
            let numbers = numbers.into_iter().map(|number| i32::try_from(number).unwrap_or(0));
            Arc::new(Int32Array::from_iter_values(numbers))
        }
        _ => Arc::new(Int64Array::from(numbers)),
    };
    let item = Arc::new(Field::new_list_field(kind.clone(), true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    ListArray::try_new(item, offsets, numbers, Some(NullBuffer::from(known)))
        .map_err(|error| Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray, Int64Array};
    use arrow::datatypes::{DataType, Int32Type};

    use super::series;

    fn check(start: i64, stop: i64, step: Option<i64>, want: &[i32]) {
        let one = |value| Int64Array::from(vec![value]);
        let bounds = [one(Some(start)), one(Some(stop)), one(step)];
        let lists = series(&bounds, &DataType::Int32).expect("a series");
        let numbers = lists.value(0);
        assert_eq!(numbers.as_primitive::<Int32Type>().values(), want);
        assert_eq!(lists.is_null(0), step.is_none());
    }

    #[test]
    fn series_end_at_their_bounds() {
        check(1, 3, Some(1), &[1, 2, 3]);
        check(3, 1, Some(-2), &[3, 1]);
        check(1, 0, Some(1), &[]);
        check(1, 2, None, &[]);
        check(2_147_483_646, 2_147_483_647, Some(2), &[2_147_483_646]);
    }

    #[test]
    fn series_are_refused() {
        let one = |value| Int64Array::from(vec![value]);
        let state = |stop, step| {
            let bounds = [one(1), one(stop), one(step)];
            series(&bounds, &DataType::Int64).err().map_or("", |error| error.state())
        };
        assert_eq!(state(2, 0), "22023");
        assert_eq!(state(i64::MAX, 1), "54000");
        assert_eq!(state(i64::MAX, i64::MAX), "");
    }
}
