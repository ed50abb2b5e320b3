//! Arithmetic of numerics whose digits are each value's own ([`crate::pg::numeric`]).

use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray, Decimal256Array, Float64Array, Int32Array, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DECIMAL256_MAX_PRECISION, DataType, Decimal256Type, DecimalType as _, Float32Type, Float64Type,
    Int64Type, IntervalUnit, i256,
};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::decode;
use crate::pg::functions::of_constants;
use crate::pg::numeric::{self, Number, QUOTIENT_SCALE, TRIMMED_SCALE};

/// What is done with one or two numerics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Numerics {
    /// `a / b`
    Over,
    /// `a * b` where a factor's digits are its own
    Times,
    /// `avg`: a sum by the count of what was summed, in double precision too
    Mean,
    /// `div(a, b)`
    Div,
    /// `factorial(a)`
    Factorial,
    /// A cast from floating point or text
    Read,
    /// `scale(a)`
    Scale,
    /// How many digits `a / b` has after the point, of two numbers that show so many each.
    QuotientDigits,
    /// How many digits the text of a number has after the point.
    TextScale,
    /// The text of a number with so many digits after the point.
    Shown,
    /// `min_scale(a)`
    MinScale,
    /// `trim_scale(a)`
    TrimScale,
}

impl Numerics {
    /// What plans call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Numerics::Over => "numeric_div",
            Numerics::Times => "numeric_mul",
            Numerics::Mean => "numeric_avg",
            Numerics::Div => "div",
            Numerics::Factorial => "factorial",
            Numerics::Read => "numeric_in",
            Numerics::Scale => "scale",
            Numerics::QuotientDigits => "numeric_div_scale",
            Numerics::TextScale => "numeric_text_scale",
            Numerics::Shown => "numeric_shown",
            Numerics::MinScale => "min_scale",
            Numerics::TrimScale => "trim_scale",
        }
    }
}

/// Those that statements call by name.
pub(super) fn all() -> impl Iterator<Item = Arc<ScalarUDF>> {
    use Numerics::{Div, Factorial, MinScale, Scale, TrimScale};
    [Div, Factorial, MinScale, Scale, TrimScale].into_iter().map(function)
}

/// The function that does it.
pub(crate) fn function(operation: Numerics) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Function { operation, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    operation: Numerics,
    signature: Signature,
}

/// Whether values of that type are calculated as numerics here.
fn is_exact(data_type: &DataType) -> bool {
    data_type.is_null() || data_type.is_decimal() || data_type.is_integer()
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.operation.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match (self.operation, types) {
            (Numerics::Mean, [own @ (DataType::Float64 | DataType::Interval(_)), _]) => own.clone(),
            // The difference of two moments, before a rewrite has made an interval of it.
            (Numerics::Mean, [DataType::Duration(_), _]) => {
                DataType::Interval(IntervalUnit::MonthDayNano)
            }
            (Numerics::Over | Numerics::Times | Numerics::Mean, _) => {
                numeric::of_scale(QUOTIENT_SCALE)
            }
            (Numerics::Div | Numerics::Factorial, _) => numeric::of_scale(0),
            (Numerics::Read | Numerics::TrimScale, _) => numeric::of_scale(TRIMMED_SCALE),
            (
                Numerics::Scale
                | Numerics::MinScale
                | Numerics::QuotientDigits
                | Numerics::TextScale,
                _,
            ) => DataType::Int32,
            (Numerics::Shown, _) => DataType::Utf8,
        })
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let exact = types.iter().all(is_exact);
        match (self.operation, types) {
            (Numerics::Over | Numerics::Times | Numerics::Div, [_, _]) if exact => {}
            (Numerics::Scale | Numerics::MinScale | Numerics::TrimScale, [_]) if exact => {}
            (Numerics::Shown, [_, _]) if exact => {}
            (Numerics::QuotientDigits, [_, _, _, _]) if exact => {}
            (Numerics::Factorial, [one]) if one.is_integer() || one.is_null() => {
                return Ok(vec![DataType::Int64]);
            }
            (
                Numerics::Mean,
                [DataType::Float64 | DataType::Interval(_) | DataType::Duration(_), _],
            ) => {}
            (Numerics::Mean, [sum, _]) if is_exact(sum) => {}
            (Numerics::Read, [DataType::Float32 | DataType::Float64 | DataType::Utf8]) => {}
            (Numerics::TextScale, [_]) => return Ok(vec![DataType::Utf8]),
            (Numerics::Read, [text]) if text.is_string() => return Ok(vec![DataType::Utf8]),
            _ => return plan_err!("{} takes numbers", self.name()),
        }
        Ok(types.to_vec())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        // Intervals have an average of their own.
        if self.operation == Numerics::Mean
            && matches!(args.return_field.data_type(), DataType::Interval(_))
            && let Some(average) = args.args.first()
        {
            return Ok(average.clone());
        }
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let columns = args.args.iter().map(|arg| match arg {
            ColumnarValue::Array(array) => Ok(Arc::clone(array)),
            // One value stands for all rows.
            ColumnarValue::Scalar(scalar) => scalar.to_array(),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let done: ArrayRef = match (self.operation, columns.as_slice()) {
            (Numerics::Mean, [sums, counts]) if sums.data_type() == &DataType::Float64 => {
                Arc::new(means(sums.as_primitive(), &cast(counts, &DataType::Float64)?, rows))
            }
            (Numerics::Over | Numerics::Mean, [left, right]) => {
                both(left, right, rows, QUOTIENT_SCALE, |left, right| {
                    left.over(right, QUOTIENT_SCALE)
                })?
            }
            (Numerics::Times, [left, right]) => {
                both(left, right, rows, QUOTIENT_SCALE, |left, right| {
                    left.times(right, QUOTIENT_SCALE)
                })?
            }
            (Numerics::Div, [left, right]) => {
                both(left, right, rows, 0, |left, right| left.divided(right, 0, false))?
            }
            (Numerics::Factorial, [values]) => factorials(values)?,
            (Numerics::Read, [values]) => read(values)?,
            (Numerics::QuotientDigits, [left, right, left_digits, right_digits]) => {
                quotient_digits((left, left_digits), (right, right_digits), rows)?
            }
            (Numerics::TextScale, [texts]) => Arc::new(text_scales(texts.as_string())),
            (Numerics::Shown, [values, digits]) => texts(values, digits, rows)?,
            (Numerics::Scale, [values]) => scales(values, false)?,
            (Numerics::MinScale, [values]) => scales(values, true)?,
            (Numerics::TrimScale, [values]) => trimmed(values)?,
            _ => return plan_err!("{} takes one or two numbers", self.name()),
        };
        if constant {
            return of_constants(&done);
        }
        Ok(ColumnarValue::Array(done))
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Exact numbers in the widest type, and their scale.
pub(super) fn widened(array: &ArrayRef) -> Result<(Decimal256Array, i32)> {
    let scale = match array.data_type() {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    };
    let wide = cast(array, &numeric::of_scale(scale))?;
    Ok((wide.as_primitive::<Decimal256Type>().clone(), i32::from(scale)))
}

/// A column of exact numbers.
struct Column {
    values: Decimal256Array,
    scale: i32,
}

impl Column {
    fn of(array: &ArrayRef) -> Result<Column> {
        let (values, scale) = widened(array)?;
        Ok(Column { values, scale })
    }

    /// The number of a row; a constant has one for all.
    fn number(&self, row: usize) -> Option<Number> {
        let row = if self.values.len() == 1 { 0 } else { row };
        self.values
            .is_valid(row)
            .then(|| Number { value: self.values.value(row), scale: self.scale })
    }
}

impl Column {
    /// The number of a row where it counts digits.
    fn count(&self, row: usize) -> Option<i32> {
        self.number(row)?.value.to_i128().and_then(|count| i32::try_from(count).ok())
    }
}

fn decimals(values: Vec<Option<i256>>, scale: i8) -> Result<ArrayRef> {
    let array = Decimal256Array::from(values).with_data_type(numeric::of_scale(scale));
    Ok(Arc::new(array))
}

fn both(
    left: &ArrayRef,
    right: &ArrayRef,
    rows: usize,
    scale: i8,
    work: impl Fn(Number, Number) -> crate::error::Result<i256>,
) -> Result<ArrayRef> {
    let (left, right) = (Column::of(left)?, Column::of(right)?);
    let values = (0..rows).map(|row| match (left.number(row), right.number(row)) {
        (Some(left), Some(right)) => work(left, right).map(Some),
        _ => Ok(None),
    });
    decimals(values.collect::<crate::error::Result<_>>().map_err(external)?, scale)
}

fn means(sums: &Float64Array, counts: &ArrayRef, rows: usize) -> Float64Array {
    let counts = counts.as_primitive::<Float64Type>();
    let at = |column: &Float64Array, row: usize| {
        let row = if column.len() == 1 { 0 } else { row };
        column.is_valid(row).then(|| column.value(row))
    };
    (0..rows).map(|row| Some(at(sums, row)? / at(counts, row)?)).collect()
}

/// `float8_numeric` and `float4_numeric`: as many digits as the type always keeps. Texts as `numeric_in` reads them.
fn read(values: &ArrayRef) -> Result<ArrayRef> {
    let read = |text: &str| numeric_of(text).map_err(external);
    let texts: Vec<Option<i256>> = match values.data_type() {
        DataType::Float32 => {
            let values = values.as_primitive::<Float32Type>();
            let each =
                values.iter().map(|value| value.map(|value| read(&shortened(value.into(), 5))));
            each.map(Option::transpose).collect::<Result<_>>()?
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>();
            let each = values.iter().map(|value| value.map(|value| read(&shortened(value, 14))));
            each.map(Option::transpose).collect::<Result<_>>()?
        }
        _ => {
            let values = values.as_string::<i32>();
            values.iter().map(|text| text.map(read).transpose()).collect::<Result<_>>()?
        }
    };
    decimals(texts, TRIMMED_SCALE)
}

/// Not finite numbers as the words `numeric_in` has for them.
fn shortened(value: f64, decimals: usize) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else {
        format!("{value:.decimals$e}")
    }
}

fn numeric_of(text: &str) -> crate::error::Result<i256> {
    let number = match decode::numeric(text)? {
        ScalarValue::Decimal128(Some(value), _, scale) => {
            Number { value: i256::from_i128(value), scale: scale.into() }
        }
        ScalarValue::Decimal256(Some(value), _, scale) => Number { value, scale: scale.into() },
        _ => return Err(numeric::overflow()),
    };
    number.at(TRIMMED_SCALE.into()).ok_or_else(numeric::overflow)
}

/// `numeric_fac`; 56! has 75 digits.
fn factorials(values: &ArrayRef) -> Result<ArrayRef> {
    let factorial = |number: i64| {
        if number < 0 {
            let words = "factorial of a negative number is undefined".to_owned();
            return Err(Error::NumericOutOfRange(words));
        }
        if number > 56 {
            return Err(numeric::overflow());
        }
        Ok((1..=number).fold(i256::ONE, |product, factor| {
            product.wrapping_mul(i256::from_i128(factor.into()))
        }))
    };
    let values = values.as_primitive::<Int64Type>().iter();
    let values = values.map(|value| value.map(factorial).transpose());
    decimals(values.collect::<crate::error::Result<_>>().map_err(external)?, 0)
}

/// How many digits are after the point: those shown, or those needed.
fn scales(values: &ArrayRef, needed: bool) -> Result<ArrayRef> {
    let varies = numeric::varies(values.data_type());
    let column = Column::of(values)?;
    let scale = |number: Number| match (needed, varies) {
        (true, _) => number.trimmed().scale,
        (false, false) => number.scale,
        (false, true) => number.own_digits(),
    };
    let values: Int32Array =
        (0..column.values.len()).map(|row| column.number(row).map(scale)).collect();
    Ok(Arc::new(values))
}

fn text_scales(texts: &StringArray) -> Int32Array {
    let scale = |text: &str| match text.split_once('.') {
        Some((_, digits)) => i32::try_from(digits.len()).ok(),
        None => Some(0),
    };
    texts.iter().map(|text| text.and_then(scale)).collect()
}

/// `select_div_scale` of numbers that show so many digits each.
fn quotient_digits(
    (left, left_digits): (&ArrayRef, &ArrayRef),
    (right, right_digits): (&ArrayRef, &ArrayRef),
    rows: usize,
) -> Result<ArrayRef> {
    let (left, right) = (Column::of(left)?, Column::of(right)?);
    let (left_digits, right_digits) = (Column::of(left_digits)?, Column::of(right_digits)?);
    let digits = (0..rows).map(|row| {
        let left = left.number(row)?.showing(left_digits.count(row)?);
        let right = right.number(row)?.showing(right_digits.count(row)?);
        Some(left.quotient_scale(right).min(QUOTIENT_SCALE.into()))
    });
    Ok(Arc::new(digits.collect::<Int32Array>()))
}

/// Numbers with so many digits after the point; none that is not zero is left out, but of those that are made of more
/// digits than they show.
fn texts(values: &ArrayRef, digits: &ArrayRef, rows: usize) -> Result<ArrayRef> {
    let varies = numeric::varies(values.data_type());
    let (values, digits) = (Column::of(values)?, Column::of(digits)?);
    let texts = (0..rows).map(|row| {
        let (number, wanted) = (values.number(row)?, digits.count(row)?);
        let least = if varies { 0 } else { number.trimmed().scale };
        let scale = i8::try_from(wanted.max(least)).ok();
        let written = scale.and_then(|scale| Some((number.at(scale.into())?, scale)));
        let (value, scale) = match written {
            Some(written) => written,
            None => (number.value, i8::try_from(number.scale).ok()?),
        };
        Some(Decimal256Type::format_decimal(value, DECIMAL256_MAX_PRECISION, scale))
    });
    Ok(Arc::new(texts.collect::<StringArray>()))
}

fn trimmed(values: &ArrayRef) -> Result<ArrayRef> {
    let column = Column::of(values)?;
    let values = (0..column.values.len()).map(|row| match column.number(row) {
        Some(number) => number.at(TRIMMED_SCALE.into()).ok_or_else(numeric::overflow).map(Some),
        None => Ok(None),
    });
    decimals(values.collect::<crate::error::Result<_>>().map_err(external)?, TRIMMED_SCALE)
}
