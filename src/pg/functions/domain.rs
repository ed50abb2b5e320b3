//! Functions of floating point that refuse what they are not defined for, as PostgreSQL's do (float.c, numeric.c);
//! DataFusion answers with infinities and NaN.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::floats::out_of_range;
use super::guard;
use crate::error::Error;

/// The functions that are guarded, by DataFusion's names.
pub(crate) const NAMES: &[&str] = &[
    "acos", "acosh", "asin", "atanh", "cos", "cot", "exp", "ln", "log", "log10", "log2", "power",
    "sin", "sqrt", "tan",
];

/// `inner` behind a check of its arguments.
pub(crate) fn guarded(inner: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    guard::guarded(inner, invoked)
}

fn invoked(inner: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    let mut columns = Vec::with_capacity(args.args.len());
    for arg in &args.args {
        let length = match arg {
            ColumnarValue::Array(array) => array.len(),
            ColumnarValue::Scalar(_) => 1,
        };
        let wide = cast(&arg.to_array(length)?, &DataType::Float64)?;
        columns.push(wide.as_primitive::<Float64Type>().clone());
    }
    check(inner.name(), &columns).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let length = if constant { 1 } else { args.number_rows };
    let done = inner.invoke_with_args(args)?;
    if matches!(inner.name(), "exp" | "power") {
        let results = cast(&done.to_array(length)?, &DataType::Float64)?;
        bounded(&columns, results.as_primitive::<Float64Type>())?;
    }
    Ok(done)
}

/// What left the range of its type. Errors: 22003.
fn bounded(columns: &[Float64Array], results: &Float64Array) -> Result<()> {
    for (row, result) in results.iter().enumerate() {
        let finite = columns.iter().all(|column| value(column, row).is_none_or(f64::is_finite));
        let zero =
            columns.len() > 1 && columns.first().and_then(|base| value(base, row)) == Some(0.0);
        match result {
            Some(result) if result.is_infinite() && finite => return Err(out_of_range("overflow")),
            Some(0.0) if finite && !zero => return Err(out_of_range("underflow")),
            _ => {}
        }
    }
    Ok(())
}

/// Errors: 2201E, 2201F.
fn check(name: &str, columns: &[Float64Array]) -> std::result::Result<(), Error> {
    match (name, columns) {
        ("sqrt", [values]) => {
            if values.iter().flatten().any(|value| value < 0.0) {
                return Err(power("cannot take square root of a negative number"));
            }
        }
        ("exp", _) => {}
        (name @ ("acos" | "acosh" | "asin" | "atanh" | "cos" | "cot" | "sin" | "tan"), columns) => {
            let defined = |value: f64| {
                value.is_nan()
                    || match name {
                        "acos" | "asin" | "atanh" => (-1.0..=1.0).contains(&value),
                        "acosh" => value >= 1.0,
                        _ => value.is_finite(),
                    }
            };
            if !columns.iter().flat_map(|column| column.iter().flatten()).all(defined) {
                return Err(Error::NumericOutOfRange("input is out of range".to_owned()));
            }
        }
        ("power", [bases, exponents]) => {
            let length = bases.len().max(exponents.len());
            for index in 0..length {
                if let (Some(base), Some(exponent)) = (value(bases, index), value(exponents, index))
                {
                    raised(base, exponent)?;
                }
            }
        }
        (_, columns) => {
            for value in columns.iter().flat_map(|column| column.iter().flatten()) {
                if value == 0.0 {
                    return Err(logarithm("cannot take logarithm of zero"));
                }
                if value < 0.0 {
                    return Err(logarithm("cannot take logarithm of a negative number"));
                }
            }
        }
    }
    Ok(())
}

/// The value of a row; a constant has one for all.
fn value(column: &Float64Array, index: usize) -> Option<f64> {
    let index = if column.len() == 1 { 0 } else { index };
    column.is_valid(index).then(|| column.value(index))
}

fn raised(base: f64, exponent: f64) -> std::result::Result<(), Error> {
    if base == 0.0 && exponent < 0.0 {
        return Err(power("zero raised to a negative power is undefined"));
    }
    if base < 0.0 && exponent.is_finite() && exponent.floor() != exponent {
        let words = "a negative number raised to a non-integer power yields a complex result";
        return Err(power(words));
    }
    Ok(())
}

fn power(words: &str) -> Error {
    Error::InvalidPower(words.to_owned())
}

fn logarithm(words: &str) -> Error {
    Error::InvalidLogarithm(words.to_owned())
}

#[cfg(test)]
mod tests {
    use arrow::array::Float64Array;

    use super::check;

    fn state(name: &str, columns: &[&[f64]]) -> &'static str {
        let columns: Vec<Float64Array> =
            columns.iter().map(|values| Float64Array::from(values.to_vec())).collect();
        check(name, &columns).err().map_or("", |error| error.state())
    }

    #[test]
    fn arguments_outside_the_domain_are_refused() {
        assert_eq!(state("ln", &[&[1.0, 0.0]]), "2201E");
        assert_eq!(state("log", &[&[2.0], &[-1.0]]), "2201E");
        assert_eq!(state("sqrt", &[&[4.0, -0.5]]), "2201F");
        assert_eq!(state("power", &[&[0.0], &[1.0, -1.0]]), "2201F");
        assert_eq!(state("power", &[&[-8.0], &[0.5]]), "2201F");
        assert_eq!(state("power", &[&[-8.0], &[3.0]]), "");
        assert_eq!(state("ln", &[&[f64::NAN]]), "");
        assert_eq!(state("asin", &[&[1.0, 1.5]]), "22003");
        assert_eq!(state("acosh", &[&[0.5]]), "22003");
        assert_eq!(state("sin", &[&[f64::INFINITY]]), "22003");
        assert_eq!(state("tan", &[&[f64::NAN]]), "");
    }
}
