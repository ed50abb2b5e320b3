//! Arithmetic of integers that refuses to leave the range of its type (`int4pl` and its kin in PostgreSQL's int.c and
//! int8.c); DataFusion's own wraps around.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Datum, Int16Array};
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType, Int16Type, Int32Type};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::functions::of_constants;
use crate::pg::types;

/// What is done with one or two integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    /// `a + b`
    Plus,
    /// `a - b`
    Minus,
    /// `a * b`
    Times,
    /// `a / b`, towards zero
    Over,
    /// `a % b`, with the sign of `a`
    Modulo,
    /// `-a`
    Negate,
    /// `abs(a)`
    Absolute,
    /// `a << b` of a smallint, which has room for fewer bits than it is moved in
    ShiftLeft,
    /// `a >> b` of a smallint
    ShiftRight,
}

/// The function that does it.
pub(crate) fn function(operation: Operation) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Integers { operation, signature }))
}

/// The signed integer that PostgreSQL takes values of `data_type` for; `None` for what is no integer there.
pub(crate) fn whole(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => Some(DataType::Int16),
        DataType::UInt16 | DataType::Int32 => Some(DataType::Int32),
        DataType::UInt32 | DataType::Int64 => Some(DataType::Int64),
        DataType::Dictionary(_, value) => whole(value),
        _ => None,
    }
}

/// The type two integers are calculated in: the wider one. NULL takes the other's.
pub(crate) fn wider(left: &DataType, right: &DataType) -> Option<DataType> {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => {
            Some(if left.primitive_width() < right.primitive_width() { right } else { left })
        }
        (Some(one), None) if right.is_null() => Some(one),
        (None, Some(one)) if left.is_null() => Some(one),
        _ => None,
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Integers {
    operation: Operation,
    signature: Signature,
}

impl ScalarUDFImpl for Integers {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Plus => "integer_plus",
            Operation::Minus => "integer_minus",
            Operation::Times => "integer_times",
            Operation::Over => "integer_over",
            Operation::Modulo => "integer_modulo",
            Operation::Negate => "integer_negate",
            Operation::Absolute => "integer_abs",
            Operation::ShiftLeft => "smallint_shift_left",
            Operation::ShiftRight => "smallint_shift_right",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let found = match arg_types {
            [_, _] if self.shifts() => Some(DataType::Int16),
            [one] => whole(one),
            [left, right] => wider(left, right),
            _ => None,
        };
        match found {
            Some(found) => Ok(found),
            None => plan_err!("{} takes integers", self.name()),
        }
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        if self.shifts() {
            return Ok(vec![DataType::Int16, DataType::Int32]);
        }
        Ok(vec![self.return_type(arg_types)?; arg_types.len()])
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let done = match args.args.as_slice() {
            [one] if self.operation == Operation::Absolute => absolute(one),
            [one] => negated(one),
            [left, right] if self.shifts() => {
                shifted(left, right, self.operation == Operation::ShiftLeft)
            }
            [left, right] => calculated(self.operation, left, right),
            _ => return plan_err!("{} takes one or two integers", self.name()),
        };
        done.map_err(|error| refused(error, args.return_field.data_type()))
    }
}

impl Integers {
    fn shifts(&self) -> bool {
        matches!(self.operation, Operation::ShiftLeft | Operation::ShiftRight)
    }
}

/// `int2shl` and `int2shr`: in 32 bits, of which the last 16 stay.
fn shifted(left: &ColumnarValue, right: &ColumnarValue, to_left: bool) -> Result<ColumnarValue> {
    let moved = |value: i32, by: i32| {
        let by = by.cast_unsigned();
        let moved = if to_left { value.wrapping_shl(by) } else { value.wrapping_shr(by) };
        let [low, high, _, _] = moved.to_le_bytes();
        i16::from_le_bytes([low, high])
    };
    let constant = matches!((left, right), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
    let arrays = ColumnarValue::values_to_arrays(&[left.clone(), right.clone()])?;
    let pairs = arrays[0].as_primitive::<Int16Type>().iter();
    let pairs = pairs.zip(arrays[1].as_primitive::<Int32Type>());
    let done = pairs.map(|(value, by)| Some(moved(value?.into(), by?)));
    let done: ArrayRef = Arc::new(done.collect::<Int16Array>());
    if constant { of_constants(&done) } else { Ok(ColumnarValue::Array(done)) }
}

fn negated(value: &ColumnarValue) -> Result<ColumnarValue> {
    match value {
        ColumnarValue::Array(array) => Ok(ColumnarValue::Array(numeric::neg(array)?)),
        ColumnarValue::Scalar(scalar) => of_constants(&numeric::neg(&scalar.to_array()?)?),
    }
}

/// Where a number is below zero its opposite takes its place.
fn absolute(value: &ColumnarValue) -> Result<ColumnarValue> {
    let array = match value {
        ColumnarValue::Array(array) => Arc::clone(array),
        ColumnarValue::Scalar(scalar) => scalar.to_array()?,
    };
    let zero = ScalarValue::new_zero(array.data_type())?;
    let below = arrow::compute::kernels::cmp::lt(&array, &zero.to_scalar()?)?;
    let opposite = numeric::neg_wrapping(&array)?;
    let still = arrow::compute::kernels::cmp::lt(&opposite, &zero.to_scalar()?)?;
    if arrow::compute::and(&below, &still)?.true_count() > 0 {
        let words = "the least number has no opposite".to_owned();
        return Err(ArrowError::ArithmeticOverflow(words).into());
    }
    let done = arrow::compute::kernels::zip::zip(&below, &opposite, &array)?;
    match value {
        ColumnarValue::Array(_) => Ok(ColumnarValue::Array(done)),
        ColumnarValue::Scalar(_) => of_constants(&done),
    }
}

fn calculated(
    operation: Operation,
    left: &ColumnarValue,
    right: &ColumnarValue,
) -> Result<ColumnarValue> {
    let kernel: fn(&dyn Datum, &dyn Datum) -> std::result::Result<ArrayRef, ArrowError> =
        match operation {
            Operation::Plus => numeric::add,
            Operation::Times => numeric::mul,
            Operation::Over => numeric::div,
            Operation::Modulo => numeric::rem,
            _ => numeric::sub,
        };
    Ok(ColumnarValue::Array(match (left, right) {
        (ColumnarValue::Array(left), ColumnarValue::Array(right)) => kernel(left, right)?,
        (ColumnarValue::Array(left), ColumnarValue::Scalar(right)) => {
            kernel(left, &right.to_scalar()?)?
        }
        (ColumnarValue::Scalar(left), ColumnarValue::Array(right)) => {
            kernel(&left.to_scalar()?, right)?
        }
        (ColumnarValue::Scalar(left), ColumnarValue::Scalar(right)) => {
            return of_constants(&kernel(&left.to_array()?, &right.to_array()?)?);
        }
    }))
}

/// An overflow in PostgreSQL's words; anything else as it is.
fn refused(error: DataFusionError, data_type: &DataType) -> DataFusionError {
    match &error {
        DataFusionError::ArrowError(inner, _)
            if matches!(inner.as_ref(), ArrowError::ArithmeticOverflow(_)) =>
        {
            let name = types::sql_name(types::of_data_type(data_type).oid);
            let error = Error::NumericOutOfRange(format!("{name} out of range"));
            DataFusionError::External(Box::new(error))
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::wider;

    fn check(left: &DataType, right: &DataType, want: Option<&DataType>) {
        assert_eq!(wider(left, right).as_ref(), want, "{left} and {right}");
    }

    #[test]
    fn results_are_of_the_wider_type() {
        check(&DataType::Int16, &DataType::Int16, Some(&DataType::Int16));
        check(&DataType::Int8, &DataType::UInt8, Some(&DataType::Int16));
        check(&DataType::UInt16, &DataType::Int16, Some(&DataType::Int32));
        check(&DataType::Int32, &DataType::UInt32, Some(&DataType::Int64));
        check(&DataType::Int64, &DataType::Null, Some(&DataType::Int64));
        check(&DataType::Int32, &DataType::Float64, None);
        check(&DataType::UInt64, &DataType::Int64, None);
        check(&DataType::Null, &DataType::Null, None);
    }
}
