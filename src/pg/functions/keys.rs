//! What values are equal and ordered by where their Arrow form tells neither: equal values of `jsonb`, `numrange` or
//! `interval` may differ in it, and in an array NULL is the greatest element.
//!
//! A key is a text of hexadecimal digits: two values stand to one another as their keys do.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StringArray, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Field, FieldRef, Float64Type, Int64Type,
    IntervalMonthDayNanoType, UInt64Type,
};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::{json, moments};
use crate::error::Error;
use crate::pg::adt;
use crate::pg::catalog::rows;
use crate::pg::functions::of_constants;
use crate::pg::types;

/// The function that gives the key of a value.
pub(crate) fn function() -> Arc<ScalarUDF> {
    made(false)
}

/// The function that gives an array of the keys of an array's elements.
pub(crate) fn of_elements() -> Arc<ScalarUDF> {
    made(true)
}

/// The function that keeps the first of equal elements that stand side by side in an array.
pub(crate) fn first_of_equal() -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(FirstOfEqual { signature }))
}

fn made(each: bool) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Key { each, signature }))
}

/// Whether equal values of `field` may differ in their Arrow form.
pub(crate) fn is_needed(field: &Field) -> bool {
    match field.data_type() {
        DataType::List(item) => is_needed(item) || item.data_type().is_floating(),
        DataType::Struct(fields) => {
            fields.iter().any(|field| is_needed(field) || field.data_type().is_floating())
        }
        DataType::Interval(_) => true,
        text if text.is_string() => {
            let pg_type = types::of_field(field);
            match pg_type.oid {
                types::JSONB => true,
                // Values of one length are filled up alike.
                types::BPCHAR => pg_type.modifier < 0,
                oid => adt::has_equal_texts(oid),
            }
        }
        _ => false,
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    /// Whether the elements of an array have keys of their own.
    each: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Key {
    fn name(&self) -> &str {
        if self.each { "forebay_element_keys" } else { "forebay_value_key" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(match self.each {
            true => DataType::new_list(DataType::Utf8, true),
            false => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ([value], [field]) = (args.args.as_slice(), args.arg_fields.as_slice()) else {
            return plan_err!("{} takes one value", self.name());
        };
        let constant = matches!(value, ColumnarValue::Scalar(_));
        let array = value.to_array(if constant { 1 } else { args.number_rows })?;
        let keys: ArrayRef = match (self.each, field.data_type()) {
            (true, DataType::List(item)) => {
                let lists = array.as_list::<i32>();
                let keys = Arc::new(keys(lists.values(), item)?);
                let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
                let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
                Arc::new(ListArray::try_new(item, offsets, keys, nulls)?)
            }
            _ => Arc::new(keys(&array, field)?),
        };
        if constant {
            return of_constants(&keys);
        }
        Ok(ColumnarValue::Array(keys))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FirstOfEqual {
    signature: Signature,
}

impl ScalarUDFImpl for FirstOfEqual {
    fn name(&self) -> &str {
        "forebay_first_of_equal"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [list] => Ok(list.clone()),
            _ => plan_err!("{} takes one array", self.name()),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        match args.arg_fields {
            [list] => Ok(Arc::clone(list)),
            _ => plan_err!("{} takes one array", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ([value], [field]) = (args.args.as_slice(), args.arg_fields.as_slice()) else {
            return plan_err!("{} takes one array", self.name());
        };
        let (DataType::List(item), Some(element)) = (field.data_type(), rows::element(field))
        else {
            return plan_err!("{} takes an array", self.name());
        };
        let array = value.to_array(args.number_rows)?;
        let lists = array.as_list::<i32>();
        let keys = keys(lists.values(), &element)?;
        let key = |at: usize| keys.is_valid(at).then(|| keys.value(at));
        let (mut kept, mut lengths) = (Vec::new(), Vec::with_capacity(lists.len()));
        let bounds: Vec<usize> =
            lists.value_offsets().iter().map(|at| usize::try_from(*at).unwrap_or(0)).collect();
        for range in bounds.windows(2) {
            let before = kept.len();
            let (from, to) = (range[0], range[1]);
            kept.extend((from..to).filter(|at| *at == from || key(at - 1) != key(*at)));
            lengths.push(kept.len() - before);
        }
        let kept: UInt64Array = kept.into_iter().map(|at| u64::try_from(at).ok()).collect();
        let values = take(lists.values(), &kept, None)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        let item = Arc::clone(item);
        let lists = ListArray::try_new(item, offsets, values, lists.nulls().cloned())?;
        Ok(ColumnarValue::Array(Arc::new(lists)))
    }
}

/// The keys of the values of a column.
/// Errors: 0A000 for a type that has no order.
pub(super) fn keys(array: &ArrayRef, field: &FieldRef) -> Result<StringArray> {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let values = Values::of(array, field)?;
    let mut bytes = Vec::new();
    let keys = (0..array.len()).map(|row| {
        if values.is_null(row) {
            return Ok(None);
        }
        bytes.clear();
        values.put(row, &mut bytes)?;
        let digits = bytes.iter().flat_map(|byte| {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            [DIGITS[high], DIGITS[low]]
        });
        Ok(Some(digits.collect::<String>()))
    });
    keys.collect()
}

/// Marks before a value of an array or a record: NULL is greater than all others, an end less.
const END: u8 = 0;
const VALUE: u8 = 1;
const NULL: u8 = 2;

/// The values of one column, as far as their keys differ in how they are made.
enum Values {
    Whole(ArrayRef),
    Unsigned(ArrayRef),
    Float(ArrayRef),
    Interval(ArrayRef),
    Decimal(ArrayRef, i8),
    Text(ArrayRef, u32),
    Bytes(ArrayRef),
    List(ArrayRef, Box<Values>),
    Record(ArrayRef, Vec<Values>),
    Null,
}

impl Values {
    /// Errors: 0A000 for a type that has no order.
    fn of(array: &ArrayRef, field: &Field) -> Result<Values> {
        let as_type = |data_type: DataType| cast(array, &data_type);
        let own = Arc::clone(array);
        Ok(match array.data_type() {
            DataType::Null => Values::Null,
            DataType::UInt64 => Values::Unsigned(own),
            DataType::Boolean => Values::Whole(as_type(DataType::Int64)?),
            DataType::Date32
            | DataType::Time64(_)
            | DataType::Timestamp(..)
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => Values::Whole(whole(array)?),
            DataType::Float16 | DataType::Float32 | DataType::Float64 => {
                Values::Float(as_type(DataType::Float64)?)
            }
            DataType::Interval(_) => Values::Interval(own),
            DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) => {
                let scale = *scale;
                Values::Decimal(as_type(DataType::Decimal128(38, scale))?, scale)
            }
            DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => {
                Values::Decimal(own, *scale)
            }
            text if text.is_string() => {
                Values::Text(as_type(DataType::Utf8)?, types::of_field(field).oid)
            }
            bytes if bytes.is_binary() => Values::Bytes(as_type(DataType::Binary)?),
            DataType::List(item) => {
                let values = Values::of(array.as_list::<i32>().values(), item)?;
                Values::List(own, Box::new(values))
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns().iter().zip(fields);
                let columns = columns.map(|(column, field)| Values::of(column, field));
                Values::Record(own, columns.collect::<Result<_>>()?)
            }
            _ => {
                let kind = types::sql_name(types::of_field(field).oid);
                let message =
                    format!("comparing values of type {kind} within others is not supported");
                return Err(external(Error::FeatureNotSupported(message)));
            }
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Values::Whole(array)
            | Values::Unsigned(array)
            | Values::Float(array)
            | Values::Interval(array)
            | Values::Decimal(array, _)
            | Values::Text(array, _)
            | Values::Bytes(array)
            | Values::List(array, _)
            | Values::Record(array, _) => array.is_null(row),
            Values::Null => true,
        }
    }

    /// Errors: a text that is none of its type.
    fn put(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Values::Null => {}
            Values::Whole(array) => {
                let turned = array.as_primitive::<Int64Type>().value(row) ^ i64::MIN;
                out.extend(turned.to_be_bytes());
            }
            Values::Unsigned(array) => {
                out.extend(array.as_primitive::<UInt64Type>().value(row).to_be_bytes());
            }
            Values::Float(array) => {
                out.extend(float(array.as_primitive::<Float64Type>().value(row)).to_be_bytes());
            }
            Values::Interval(array) => {
                let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
                out.extend((moments::length_of(value) ^ i128::MIN).to_be_bytes());
            }
            Values::Decimal(array, scale) => {
                let digits = match array.as_primitive_opt::<Decimal128Type>() {
                    Some(array) => array.value(row).to_string(),
                    None => array.as_primitive::<Decimal256Type>().value(row).to_string(),
                };
                out.extend(adt::range::decimal_key(&digits, *scale));
            }
            Values::Text(array, oid) => put_text(*oid, array.as_string::<i32>().value(row), out)?,
            Values::Bytes(array) => put_bytes(array.as_binary::<i32>().value(row), out),
            Values::List(..) => {
                let mut dimensions = Vec::new();
                self.put_elements(row, 0, &mut dimensions, out)?;
                out.push(END);
                let count = dimensions.iter().take_while(|length| **length > 0).count();
                for number in std::iter::once(count).chain(dimensions.into_iter().take(count)) {
                    out.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
                }
            }
            Values::Record(_, columns) => {
                for column in columns {
                    column.put_marked(row, out)?;
                }
            }
        }
        Ok(())
    }

    fn put_marked(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if self.is_null(row) {
            out.push(NULL);
            return Ok(());
        }
        out.push(VALUE);
        self.put(row, out)
    }

    /// The elements of all dimensions in a row, and how many each has (`array_cmp`).
    fn put_elements(
        &self,
        row: usize,
        depth: usize,
        dimensions: &mut Vec<usize>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let Values::List(array, inner) = self else { return self.put_marked(row, out) };
        let lists = array.as_list::<i32>();
        let offset = |at: usize| {
            let offset = lists.value_offsets().get(at).copied().unwrap_or(0);
            usize::try_from(offset).unwrap_or(0)
        };
        let range = offset(row)..offset(row + 1);
        if dimensions.len() <= depth {
            dimensions.push(range.len());
        }
        for at in range {
            inner.put_elements(at, depth + 1, dimensions, out)?;
        }
        Ok(())
    }
}

/// Numbers, days and moments as 64 bits.
fn whole(array: &ArrayRef) -> Result<ArrayRef> {
    let narrow = match array.data_type() {
        DataType::Date32 => cast(array, &DataType::Int32)?,
        _ => Arc::clone(array),
    };
    Ok(cast(&narrow, &DataType::Int64)?)
}

/// Bits that sort as floating point does in PostgreSQL: zero has no sign, and not a number is the greatest.
fn float(value: f64) -> u64 {
    let bits = match value {
        nan if nan.is_nan() => f64::NAN.to_bits() & !(1 << 63),
        0.0 => 0.0_f64.to_bits(),
        other => other.to_bits(),
    };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn put_text(oid: u32, text: &str, out: &mut Vec<u8>) -> Result<()> {
    match oid {
        types::JSONB => put_bytes(json::key_of(text).map_err(external)?.as_bytes(), out),
        types::BPCHAR => put_bytes(text.trim_end_matches(' ').as_bytes(), out),
        oid if adt::is_keyed(oid) => put_bytes(&adt::key(oid, text).map_err(external)?, out),
        _ => put_bytes(text.as_bytes(), out),
    }
    Ok(())
}

/// Bytes that end before any other: a zero in them is told from the end by what follows it.
fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.push(*byte);
        if *byte == 0 {
            out.push(1);
        }
    }
    out.extend([0, 0]);
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int32Array, ListArray, StringArray};
    use arrow::datatypes::{DataType, Field, Int32Type};

    use super::keys;
    use crate::pg::catalog::rows::tagged;

    /// The keys of `values` rise from each to the next.
    fn check_rising(values: &ArrayRef, field: Field) {
        let keys = keys(values, &Arc::new(field)).expect("keys");
        let keys: Vec<_> = keys.iter().map(|key| key.expect("no NULL").to_owned()).collect();
        assert!(keys.is_sorted_by(|one, next| one < next), "{values:?}: {keys:?}");
    }

    #[test]
    fn null_is_the_greatest_element() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([
            Some(vec![]),
            Some(vec![Some(-1)]),
            Some(vec![Some(1), Some(2)]),
            Some(vec![Some(1), None]),
            Some(vec![Some(2)]),
            Some(vec![None]),
        ]);
        let lists: ArrayRef = Arc::new(lists);
        check_rising(&lists, Field::new_list("c", Field::new("item", DataType::Int32, true), true));
    }

    #[test]
    fn scalars_keep_their_order() {
        let numbers = Int32Array::from(vec![i32::MIN, -1, 0, 1, i32::MAX]);
        let numbers: ArrayRef = Arc::new(numbers);
        check_rising(&numbers, Field::new("c", DataType::Int32, true));
        let floats = Float64Array::from(vec![
            f64::NEG_INFINITY,
            -1.5,
            -0.0,
            1e-300,
            2.0,
            f64::INFINITY,
            f64::NAN,
        ]);
        let floats: ArrayRef = Arc::new(floats);
        check_rising(&floats, Field::new("c", DataType::Float64, true));
        let texts = StringArray::from(vec!["null", "\"a\"", "1.50", "[1]", "{}"]);
        let texts: ArrayRef = Arc::new(texts);
        check_rising(&texts, tagged(Field::new("c", DataType::Utf8, true), "jsonb"));
    }

    #[test]
    fn equal_values_have_one_key() {
        let of = |texts: Vec<&str>, name: &str| {
            let field = Arc::new(tagged(Field::new("c", DataType::Utf8, true), name));
            let texts: ArrayRef = Arc::new(StringArray::from(texts));
            let keys = keys(&texts, &field).expect("keys");
            keys.value(0) == keys.value(1)
        };
        assert!(of(vec!["{\"a\": 1}", "{\"a\": 1.0}"], "jsonb"));
        assert!(of(vec!["[1,2)", "[1.0,2.00)"], "numrange"));
        assert!(of(vec!["a ", "a"], "bpchar"));
        assert!(!of(vec!["a ", "a"], "text"));
    }
}
