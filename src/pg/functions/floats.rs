//! Arithmetic of floating point that refuses what PostgreSQL's refuses (float.h): overflow, underflow and division by
//! zero, where DataFusion goes on with infinities and zeros.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowNativeTypeOp, AsArray, Datum, PrimitiveArray};
use arrow::compute::cast;
use arrow::compute::kernels::numeric;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::functions::of_constants;

/// What is done with one or two floating point numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Floats {
    /// `a + b`
    Plus,
    /// `a - b`
    Minus,
    /// `a * b`
    Times,
    /// `a / b`
    Over,
    /// `a::real`
    Narrow,
    /// `-a`
    Negate,
    /// What `a` is ordered by: one zero, one NaN
    Order,
    /// A numeric as `real`
    Single,
    /// A numeric as `double precision`
    Double,
}

/// The function that does it.
pub(crate) fn function(operation: Floats) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Function { operation, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    operation: Floats,
    signature: Signature,
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        match self.operation {
            Floats::Plus => "float_plus",
            Floats::Minus => "float_minus",
            Floats::Times => "float_times",
            Floats::Over => "float_over",
            Floats::Narrow => "float_narrow",
            Floats::Negate => "float_negate",
            Floats::Order => "float_order",
            Floats::Single => "numeric_float4",
            Floats::Double => "numeric_float8",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match (self.operation, types) {
            (Floats::Double, _) => DataType::Float64,
            (Floats::Narrow | Floats::Single, _)
            | (_, [DataType::Float32] | [DataType::Float32, DataType::Float32]) => {
                DataType::Float32
            }
            _ => DataType::Float64,
        })
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match (self.operation, types) {
            (Floats::Narrow, [_]) => Ok(vec![DataType::Float64]),
            (Floats::Single | Floats::Double, [number]) if number.is_decimal() => {
                Ok(vec![number.clone()])
            }
            (Floats::Negate | Floats::Order, [_]) => Ok(vec![self.return_type(types)?]),
            (_, [_, _]) => Ok(vec![self.return_type(types)?; 2]),
            _ => plan_err!("{} takes two numbers", self.name()),
        }
    }

    /// What is sorted by a number is by what it is ordered by.
    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        match (self.operation, inputs) {
            (Floats::Order, [value]) => Ok(value.sort_properties),
            _ => Ok(SortProperties::Unordered),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let done = match args.args.as_slice() {
            [value] => match self.operation {
                Floats::Order => with_one_form(&operand(value)?),
                Floats::Negate => with_one_nan(numeric::neg(&operand(value)?)?),
                Floats::Single => read::<Float32Type>(&operand(value)?, "real")?,
                Floats::Double => read::<Float64Type>(&operand(value)?, "double precision")?,
                _ => narrowed(value)?,
            },
            [left, right] if args.return_field.data_type() == &DataType::Float32 => {
                calculated::<Float32Type>(self.operation, left, right)?
            }
            [left, right] => calculated::<Float64Type>(self.operation, left, right)?,
            _ => return plan_err!("{} takes one or two numbers", self.name()),
        };
        if constant {
            return of_constants(&done);
        }
        Ok(ColumnarValue::Array(done))
    }
}

fn refused(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// 22003, in float.c's words.
pub(in crate::pg::functions) fn out_of_range(what: &str) -> DataFusionError {
    refused(Error::NumericOutOfRange(format!("value out of range: {what}")))
}

/// What a floating point number is, for both widths.
pub(super) trait Float: ArrowNativeTypeOp {
    fn is_infinite(self) -> bool;
    fn is_nan(self) -> bool;
}

impl Float for f32 {
    fn is_infinite(self) -> bool {
        f32::is_infinite(self)
    }
    fn is_nan(self) -> bool {
        f32::is_nan(self)
    }
}

impl Float for f64 {
    fn is_infinite(self) -> bool {
        f64::is_infinite(self)
    }
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
}

fn calculated<T>(operation: Floats, left: &ColumnarValue, right: &ColumnarValue) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: Float,
{
    let kernel: fn(&dyn Datum, &dyn Datum) -> std::result::Result<ArrayRef, ArrowError> =
        match operation {
            Floats::Plus => numeric::add,
            Floats::Times => numeric::mul,
            Floats::Over => numeric::div,
            _ => numeric::sub,
        };
    let (one, two) = (operand(left)?, operand(right)?);
    let done = match (left, right) {
        (ColumnarValue::Array(_), ColumnarValue::Scalar(scalar)) => {
            kernel(&one, &scalar.to_scalar()?)?
        }
        (ColumnarValue::Scalar(scalar), ColumnarValue::Array(_)) => {
            kernel(&scalar.to_scalar()?, &two)?
        }
        _ => kernel(&one, &two)?,
    };
    let zero = T::Native::ZERO;
    let suspect = |value: &T::Native| {
        value.is_infinite()
            || value.is_nan() && operation == Floats::Over
            || value.is_zero() && matches!(operation, Floats::Times | Floats::Over)
    };
    let results: &PrimitiveArray<T> = done.as_primitive();
    // Most batches have none, and then no pair is looked at.
    if results.values().iter().any(suspect) {
        for (row, result) in results.iter().enumerate() {
            let Some(result) = result.filter(suspect) else { continue };
            let (left, right) = (at::<T>(&one, row), at::<T>(&two, row));
            if operation == Floats::Over {
                if right == zero && !left.is_nan() {
                    return Err(refused(Error::DivisionByZero));
                }
                if result.is_infinite() && !left.is_infinite() {
                    return Err(out_of_range("overflow"));
                }
                if result.is_zero() && left != zero && !right.is_infinite() {
                    return Err(out_of_range("underflow"));
                }
                continue;
            }
            if result.is_infinite() && !left.is_infinite() && !right.is_infinite() {
                return Err(out_of_range("overflow"));
            }
            if operation == Floats::Times && result.is_zero() && left != zero && right != zero {
                return Err(out_of_range("underflow"));
            }
        }
    }
    Ok(with_one_nan(done))
}

/// `numeric_float4` and `numeric_float8`: the nearest number to the digits.
/// Errors: 22003 for one that is out of range.
fn read<T>(numbers: &ArrayRef, kind: &str) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType,
    T::Native: Float + std::str::FromStr,
{
    let texts = cast(numbers, &DataType::Utf8)?;
    let read = |text: &str| {
        let number = text.parse::<T::Native>().ok();
        let zero = !text.contains(|letter: char| matches!(letter, '1'..='9'));
        let fits = |number: &T::Native| !number.is_infinite() && (zero || !number.is_zero());
        number.filter(fits).ok_or_else(|| {
            let words = format!("\"{text}\" is out of range for type {kind}");
            refused(Error::NumericOutOfRange(words))
        })
    };
    let done = texts.as_string::<i32>().iter().map(|text| text.map(read).transpose());
    Ok(Arc::new(done.collect::<Result<PrimitiveArray<T>>>()?))
}

fn operand(value: &ColumnarValue) -> Result<ArrayRef> {
    match value {
        ColumnarValue::Array(array) => Ok(Arc::clone(array)),
        ColumnarValue::Scalar(scalar) => scalar.to_array(),
    }
}

/// The value of a row; a constant has one for all.
fn at<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> T::Native {
    let array: &PrimitiveArray<T> = array.as_primitive();
    array.value(if array.len() == 1 { 0 } else { row })
}

/// `dtof`.
fn narrowed(value: &ColumnarValue) -> Result<ArrayRef> {
    let wide = operand(value)?;
    let narrow = cast(&wide, &DataType::Float32)?;
    let pairs = wide.as_primitive::<Float64Type>().iter().zip(narrow.as_primitive::<Float32Type>());
    for (wide, narrow) in pairs {
        let (Some(wide), Some(narrow)) = (wide, narrow) else { continue };
        if narrow.is_infinite() && !wide.is_infinite() {
            return Err(out_of_range("overflow"));
        }
        if narrow == 0.0 && wide != 0.0 {
            return Err(out_of_range("underflow"));
        }
    }
    Ok(narrow)
}

/// Both zeros of floating point when `value` is one of them.
pub(crate) fn zeros(value: &ScalarValue) -> Option<[ScalarValue; 2]> {
    match value {
        ScalarValue::Float32(Some(0.0)) => {
            Some([0.0, -0.0].map(|zero| ScalarValue::Float32(Some(zero))))
        }
        ScalarValue::Float64(Some(0.0)) => {
            Some([0.0, -0.0].map(|zero| ScalarValue::Float64(Some(zero))))
        }
        _ => None,
    }
}

/// Values in one form where PostgreSQL's are equal: with one zero, and one NaN. All other types stay as they are.
pub(crate) fn with_one_form(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => {
            let values = values.as_primitive::<Float32Type>();
            let one = |value: f32| if value.is_nan() { f32::NAN } else { value + 0.0 };
            Arc::new(values.unary::<_, Float32Type>(one))
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>();
            let one = |value: f64| if value.is_nan() { f64::NAN } else { value + 0.0 };
            Arc::new(values.unary::<_, Float64Type>(one))
        }
        _ => Arc::clone(values),
    }
}

/// Values whose NaN are all greater than any number: what a processor makes of no number has a sign, and Arrow puts it
/// below all others then.
pub(crate) fn with_one_nan(values: ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float32 => {
            let own = values.as_primitive::<Float32Type>();
            if !own.values().iter().any(|value| value.is_nan()) {
                return values;
            }
            let one = |value: f32| if value.is_nan() { f32::NAN } else { value };
            Arc::new(own.unary::<_, Float32Type>(one))
        }
        DataType::Float64 => {
            let own = values.as_primitive::<Float64Type>();
            if !own.values().iter().any(|value| value.is_nan()) {
                return values;
            }
            let one = |value: f64| if value.is_nan() { f64::NAN } else { value };
            Arc::new(own.unary::<_, Float64Type>(one))
        }
        _ => values,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::ColumnarValue;

    use super::{Float64Type, Floats, calculated};
    use crate::error::Error;

    #[track_caller]
    fn check(operation: Floats, left: f64, right: f64, want: &str) {
        let value = |value: f64| ColumnarValue::Scalar(ScalarValue::Float64(Some(value)));
        let state = match calculated::<Float64Type>(operation, &value(left), &value(right)) {
            Ok(_) => "",
            Err(datafusion::common::DataFusionError::External(error)) => {
                error.downcast_ref::<Error>().map_or("?", Error::state)
            }
            Err(_) => "?",
        };
        assert_eq!(state, want, "{operation:?} {left} {right}");
    }

    #[test]
    fn out_of_range_is_refused() {
        check(Floats::Plus, 1e308, 1e308, "22003");
        check(Floats::Minus, -1e308, 1e308, "22003");
        check(Floats::Times, 1e308, 10.0, "22003");
        check(Floats::Times, 1e-200, 1e-200, "22003");
        check(Floats::Over, 1.0, 0.0, "22012");
        check(Floats::Over, 0.0, 0.0, "22012");
        check(Floats::Over, 1e308, 1e-10, "22003");
        check(Floats::Over, 1e-308, 1e300, "22003");
    }

    #[test]
    fn infinities_and_nan_are_numbers() {
        check(Floats::Plus, f64::INFINITY, 1.0, "");
        check(Floats::Minus, f64::INFINITY, f64::INFINITY, "");
        check(Floats::Times, f64::INFINITY, 0.0, "");
        check(Floats::Times, 0.0, 5.0, "");
        check(Floats::Over, f64::NAN, 0.0, "");
        check(Floats::Over, 1.0, f64::INFINITY, "");
        check(Floats::Over, f64::INFINITY, 2.0, "");
    }
}
