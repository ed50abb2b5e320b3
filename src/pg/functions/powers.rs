//! Roots, powers, exponentials and logarithms of numerics (numeric.c), to some 30 digits.
//!
//! Calculated with a fixed point in 256 bits: [`DIGITS`] digits after it leave room for the product of two numbers
//! below a hundred. Arguments are brought into that range first.

use std::f64::consts::LOG10_E;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, Decimal256Array, Int32Array};
use arrow::datatypes::{DataType, i256};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::numerics::widened;
use crate::error::{Error, Result as OurResult};
use crate::pg::functions::of_constants;
use crate::pg::numeric::{self, Number, POWER_SCALE, ROOT_SCALE};

/// Digits after the point while calculating.
const DIGITS: i32 = 36;

/// The function of numerics that is called `name`; `None` where there is none.
pub(crate) fn function(name: &str, arguments: usize) -> Option<Arc<ScalarUDF>> {
    let operation = match (name, arguments) {
        ("sqrt", 1) => Operation::Root,
        ("exp", 1) => Operation::Exponential,
        ("ln", 1) => Operation::NaturalLogarithm,
        ("log" | "log10", 1) => Operation::CommonLogarithm,
        ("log", 2) => Operation::Logarithm,
        ("power" | "pow", 2) => Operation::Power,
        _ => return None,
    };
    Some(made(operation, false))
}

/// The function that tells how many digits one of these shows after the point, of its arguments and how many digits these
/// show; `None` for other functions.
pub(crate) fn digits_of(function: &ScalarUDF) -> Option<Arc<ScalarUDF>> {
    let operation = OPERATIONS.iter().find(|operation| operation.name() == function.name())?;
    Some(made(*operation, true))
}

fn made(operation: Operation, counts: bool) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Function { operation, counts, signature }))
}

const OPERATIONS: [Operation; 6] = [
    Operation::Root,
    Operation::Exponential,
    Operation::NaturalLogarithm,
    Operation::CommonLogarithm,
    Operation::Logarithm,
    Operation::Power,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Root,
    Exponential,
    NaturalLogarithm,
    CommonLogarithm,
    /// Of the second to the base of the first.
    Logarithm,
    Power,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    operation: Operation,
    /// Whether it gives the number of digits in the place of the number.
    counts: bool,
    signature: Signature,
}

impl Function {
    fn scale(&self) -> i8 {
        if self.operation == Operation::Root { ROOT_SCALE } else { POWER_SCALE }
    }
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Root => "numeric_sqrt",
            Operation::Exponential => "numeric_exp",
            Operation::NaturalLogarithm => "numeric_ln",
            Operation::CommonLogarithm => "numeric_log10",
            Operation::Logarithm => "numeric_log",
            Operation::Power => "numeric_power",
        }
    }

    fn digits_name(self) -> &'static str {
        match self {
            Operation::Root => "numeric_sqrt_digits",
            Operation::Exponential => "numeric_exp_digits",
            Operation::NaturalLogarithm => "numeric_ln_digits",
            Operation::CommonLogarithm => "numeric_log10_digits",
            Operation::Logarithm => "numeric_log_digits",
            Operation::Power => "numeric_power_digits",
        }
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        if self.counts { self.operation.digits_name() } else { self.operation.name() }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(match self.counts {
            true => DataType::Int32,
            false => numeric::of_scale(self.scale()),
        })
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let exact = |own: &DataType| own.is_null() || own.is_decimal() || own.is_integer();
        if !types.iter().all(exact) {
            return plan_err!("{} takes numerics", self.name());
        }
        Ok(types.to_vec())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let columns = args.args.iter().map(|arg| match arg {
            ColumnarValue::Array(array) => Column::of(array),
            ColumnarValue::Scalar(scalar) => Column::of(&scalar.to_array()?),
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let array: ArrayRef = match self.counts {
            true => Arc::new(counted(self.operation, &columns, rows)?),
            false => Arc::new(self.values(&columns, rows)?),
        };
        if constant {
            return of_constants(&array);
        }
        Ok(ColumnarValue::Array(array))
    }
}

impl Function {
    fn values(&self, columns: &[Column], rows: usize) -> Result<Decimal256Array> {
        let value = |row: usize| -> OurResult<Option<i256>> {
            let numbers: Option<Vec<Number>> =
                columns.iter().map(|column| column.number(row)).collect();
            let Some(numbers) = numbers else { return Ok(None) };
            let number = calculated(self.operation, &numbers)?;
            number.at(self.scale().into()).ok_or_else(numeric::overflow).map(Some)
        };
        let values = (0..rows).map(value).collect::<OurResult<Vec<_>>>();
        let values = values.map_err(|error| DataFusionError::External(Box::new(error)))?;
        Ok(Decimal256Array::from(values).with_data_type(numeric::of_scale(self.scale())))
    }
}

/// How many digits are shown of each result: the arguments come first, then how many digits they show.
fn counted(operation: Operation, columns: &[Column], rows: usize) -> Result<Int32Array> {
    let (numbers, shown) = columns.split_at(columns.len() / 2);
    let count = |row: usize| {
        let numbers = numbers.iter().zip(shown).map(|(number, shown)| {
            let digits = shown.number(row)?.value.to_i128()?;
            Some(number.number(row)?.showing(i32::try_from(digits).ok()?))
        });
        digits(operation, &numbers.collect::<Option<Vec<Number>>>()?)
    };
    Ok((0..rows).map(count).collect())
}

/// A column of exact numbers.
struct Column {
    values: Decimal256Array,
    scale: i32,
    /// Whether each shows digits of its own number.
    varies: bool,
}

impl Column {
    fn of(array: &ArrayRef) -> Result<Column> {
        let (values, scale) = widened(array)?;
        Ok(Column { values, scale, varies: numeric::varies(array.data_type()) })
    }

    /// The number of a row, with the digits that it shows; a constant has one for all.
    fn number(&self, row: usize) -> Option<Number> {
        let row = if self.values.len() == 1 { 0 } else { row };
        if self.values.is_null(row) {
            return None;
        }
        let number = Number { value: self.values.value(row), scale: self.scale };
        Some(if self.varies { number.showing(number.own_digits()) } else { number })
    }
}

/// How many digits of the result are shown after the point (`numeric_ln` and its kin); `None` for a call of other
/// arguments.
fn digits(operation: Operation, numbers: &[Number]) -> Option<i32> {
    let wanted = match (operation, numbers) {
        (Operation::Root, [number]) => numeric::root_digits(*number),
        (Operation::Exponential, [number]) => DIGITS_MIN - truncated(number.nearest() * LOG10_E),
        (Operation::NaturalLogarithm, [number]) => DIGITS_MIN - weight_of_logarithm(*number),
        (Operation::CommonLogarithm, [number]) => {
            DIGITS_MIN - weight_of_logarithm(*number) + weight_of_logarithm(TEN)
        }
        (Operation::Logarithm, [base, number]) => {
            DIGITS_MIN - weight_of_logarithm(*number) + weight_of_logarithm(*base)
        }
        (Operation::Power, [base, exponent]) => {
            if base.value == i256::ZERO {
                return Some(DIGITS_MIN);
            }
            if exponent.trimmed().scale == 0 {
                return Some(DIGITS_MIN.max(base.scale));
            }
            DIGITS_MIN - truncated(base.nearest().ln() * exponent.nearest() * LOG10_E)
        }
        _ => return None,
    };
    numbers.iter().map(|number| number.scale).chain([wanted, 0]).max()
}

/// `NUMERIC_MIN_SIG_DIGITS`
const DIGITS_MIN: i32 = 16;

const TEN: Number = Number { value: i256::from_parts(10, 0), scale: 0 };

fn truncated(value: f64) -> i32 {
    format!("{:.0}", value.trunc()).parse().unwrap_or(0)
}

/// The power of ten of the first digit of a logarithm, near enough (`estimate_ln_dweight`).
fn weight_of_logarithm(number: Number) -> i32 {
    let near = number.nearest();
    if !(0.9..=1.1).contains(&near) {
        return truncated(near.ln().abs().log10());
    }
    let one = Number { value: i256::ONE, scale: 0 }.at(number.scale).unwrap_or(i256::ZERO);
    match number.value.wrapping_sub(one).wrapping_abs() {
        i256::ZERO => 0,
        above => i32::try_from(above.to_string().len()).unwrap_or(0) - 1 - number.scale,
    }
}

/// The digits of a result that are shown. Errors: 0A000 where there are more than a column has room for.
fn rounded(exact: Number, operation: Operation, numbers: &[Number]) -> OurResult<Number> {
    let digits = digits(operation, numbers).unwrap_or(DIGITS_MIN);
    let most = i32::from(POWER_SCALE);
    if most < digits && exact.value != i256::ZERO {
        let words =
            format!("numeric with {digits} digits after the decimal point is not supported");
        return Err(Error::FeatureNotSupported(words));
    }
    let scale = digits.min(most);
    Ok(match exact.at(scale) {
        Some(value) => Number { value, scale },
        None => exact,
    })
}

/// Errors: 2201E, 2201F, 22003.
fn calculated(operation: Operation, numbers: &[Number]) -> OurResult<Number> {
    match (operation, numbers) {
        (Operation::Root, [number]) => {
            if number.value.is_negative() {
                let words = "cannot take square root of a negative number".to_owned();
                return Err(Error::InvalidPower(words));
            }
            // Half the digits of the square are the root's.
            let room = (74 - number.whole_digits()) / 2;
            let digits = room.min(ROOT_SCALE.into());
            let shown = numeric::root_digits(*number).min(digits);
            let root = Number { value: number.root(digits)?, scale: digits };
            Ok(Number { value: root.at(shown).ok_or_else(numeric::overflow)?, scale: shown })
        }
        (Operation::Exponential, [number]) => {
            rounded(exponential(fixed(*number)?)?, operation, numbers)
        }
        (Operation::NaturalLogarithm, [number]) => {
            rounded(point(logarithm(*number)?), operation, numbers)
        }
        (Operation::CommonLogarithm, [number]) => {
            rounded(divided(logarithm(*number)?, *LN_10)?, operation, numbers)
        }
        (Operation::Logarithm, [base, number]) => {
            rounded(divided(logarithm(*number)?, logarithm(*base)?)?, operation, numbers)
        }
        (Operation::Power, [base, exponent]) => {
            rounded(raised(*base, *exponent)?, operation, numbers)
        }
        _ => Err(Error::Internal("a power of too many numbers".to_owned())),
    }
}

// ---- the fixed point

/// A number with [`DIGITS`] digits after the point.
type Fixed = i256;

fn point(value: Fixed) -> Number {
    Number { value, scale: DIGITS }
}

fn whole(value: i128) -> Fixed {
    i256::from_i128(value).wrapping_mul(*ONE)
}

static ONE: LazyLock<Fixed> =
    LazyLock::new(|| (0..DIGITS).fold(i256::ONE, |one, _| one.wrapping_mul(i256::from_i128(10))));
/// `ln 2`
static LN_2: LazyLock<Fixed> = LazyLock::new(|| series(whole(2)));
/// `ln 10`
static LN_10: LazyLock<Fixed> = LazyLock::new(|| {
    // Ten is 1.25 times 2 to the third.
    let rest = series(ONE.wrapping_mul(i256::from_i128(5)).wrapping_div(i256::from_i128(4)));
    LN_2.wrapping_mul(i256::from_i128(3)).wrapping_add(rest)
});

fn fixed(number: Number) -> OurResult<Fixed> {
    number.at(DIGITS).ok_or_else(numeric::overflow)
}

fn product(left: Fixed, right: Fixed) -> Fixed {
    left.wrapping_mul(right).wrapping_div(*ONE)
}

fn divided(dividend: Fixed, divisor: Fixed) -> OurResult<Number> {
    let value = point(dividend).divided(point(divisor), DIGITS, true)?;
    Ok(point(value))
}

/// `ln x` of a number between one half and two, by the series of the inverse hyperbolic tangent.
fn series(number: Fixed) -> Fixed {
    let (above, below) = (number.wrapping_sub(*ONE), number.wrapping_add(*ONE));
    let ratio = above.wrapping_mul(*ONE).wrapping_div(below);
    let square = product(ratio, ratio);
    let (mut term, mut sum, mut odd) = (ratio, i256::ZERO, 1);
    while term != i256::ZERO {
        sum = sum.wrapping_add(term.wrapping_div(i256::from_i128(odd)));
        term = product(term, square);
        odd += 2;
    }
    sum.wrapping_mul(i256::from_i128(2))
}

/// Errors: 2201E.
fn logarithm(number: Number) -> OurResult<Fixed> {
    if number.value == i256::ZERO {
        return Err(Error::InvalidLogarithm("cannot take logarithm of zero".to_owned()));
    }
    if number.value.is_negative() {
        let words = "cannot take logarithm of a negative number".to_owned();
        return Err(Error::InvalidLogarithm(words));
    }
    // As ten to the `tens` times a number between one and ten, that as two to the `twos` times one between 3/4 and 3/2.
    let length = i32::try_from(number.value.to_string().len()).unwrap_or(0);
    let tens = length - 1 - number.scale;
    let mut mantissa = Number { value: number.value, scale: length - 1 }
        .at(DIGITS)
        .ok_or_else(numeric::overflow)?;
    let bound = ONE.wrapping_mul(i256::from_i128(3)).wrapping_div(i256::from_i128(2));
    let mut twos = 0;
    while mantissa > bound {
        mantissa = mantissa.wrapping_div(i256::from_i128(2));
        twos += 1;
    }
    let tens = LN_10.wrapping_mul(i256::from_i128(tens.into()));
    let twos = LN_2.wrapping_mul(i256::from_i128(twos));
    Ok(series(mantissa).wrapping_add(tens).wrapping_add(twos))
}

/// Errors: 22003 for a result of too many digits.
fn exponential(exponent: Fixed) -> OurResult<Number> {
    // e to the x is two to the `twos` times e to a rest below one half; that rest is divided by 256 for the series.
    let twos = exponent.wrapping_div(*LN_2);
    let rest = exponent.wrapping_rem(*LN_2);
    let twos = twos.to_i128().and_then(|twos| i32::try_from(twos).ok()).unwrap_or(i32::MAX);
    if twos > 140 {
        return Err(numeric::overflow());
    }
    if twos < -140 {
        return Ok(point(i256::ZERO));
    }
    let small = rest.wrapping_div(i256::from_i128(256));
    let (mut term, mut sum, mut index) = (*ONE, i256::ZERO, 1);
    while term != i256::ZERO {
        sum = sum.wrapping_add(term);
        term = product(term, small).wrapping_div(i256::from_i128(index));
        index += 1;
    }
    for _ in 0..8 {
        sum = product(sum, sum);
    }
    let unit = (0..twos.abs()).fold(i256::ONE, |unit, _| unit.wrapping_mul(i256::from_i128(2)));
    if twos < 0 {
        return Ok(point(sum.wrapping_div(unit)));
    }
    // Digits beyond the precision make room for those before the point.
    let kept = Number { value: sum, scale: DIGITS };
    for scale in (16..=DIGITS).rev() {
        let value = kept.at(scale).and_then(|value| value.checked_mul(unit));
        if let Some(value) = value {
            return Ok(Number { value, scale });
        }
    }
    Err(numeric::overflow())
}

/// Errors: 2201F, 22003.
fn raised(base: Number, exponent: Number) -> OurResult<Number> {
    let exponent = exponent.trimmed();
    let negative = exponent.value.is_negative();
    if base.value == i256::ZERO {
        if negative {
            let words = "zero raised to a negative power is undefined".to_owned();
            return Err(Error::InvalidPower(words));
        }
        let value = if exponent.value == i256::ZERO { *ONE } else { i256::ZERO };
        return Ok(point(value));
    }
    let times = exponent.value.to_i128().filter(|_| exponent.scale == 0);
    if let Some(times) = times.and_then(|times| u32::try_from(times.unsigned_abs()).ok()) {
        let raised = repeated(base.trimmed(), times)?;
        if !negative {
            return Ok(raised);
        }
        let one = Number { value: i256::ONE, scale: 0 };
        return one.divided(raised, DIGITS, true).map(point);
    }
    if base.value.is_negative() {
        let words = "a negative number raised to a non-integer power yields a complex result";
        return Err(Error::InvalidPower(words.to_owned()));
    }
    let logarithm = point(logarithm(base)?);
    let scale = i8::try_from(DIGITS).unwrap_or(i8::MAX);
    exponential(logarithm.times(exponent, scale)?)
}

/// A number times itself, its last digits cut off where there is no room.
fn repeated(base: Number, times: u32) -> OurResult<Number> {
    let (mut done, mut square) = (Number { value: i256::ONE, scale: 0 }, base);
    let mut left = times;
    while left > 0 {
        if left % 2 == 1 {
            done = multiplied(done, square)?;
        }
        left /= 2;
        if left > 0 {
            square = multiplied(square, square)?;
        }
    }
    Ok(done)
}

fn multiplied(left: Number, right: Number) -> OurResult<Number> {
    if let Some(value) = left.value.checked_mul(right.value) {
        let number = Number { value, scale: left.scale + right.scale };
        return Ok(match number.at(DIGITS) {
            Some(value) if number.scale > DIGITS => point(value),
            _ => number,
        });
    }
    let scale = i8::try_from(DIGITS.min(left.scale + right.scale)).unwrap_or(0);
    let value = left.times(right, scale)?;
    Ok(Number { value, scale: scale.into() })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::i256;

    use super::{Number, Operation, calculated};

    fn number(text: &str) -> Number {
        let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let value = i256::from_string(&text.replace('.', "")).expect("digits");
        Number { value, scale: i32::try_from(scale).expect("short") }
    }

    /// As PostgreSQL 15 shows them.
    #[track_caller]
    fn check(operation: Operation, numbers: &[&str], want: &str) {
        let numbers: Vec<Number> = numbers.iter().map(|text| number(text)).collect();
        let found = match calculated(operation, &numbers) {
            Ok(found) => {
                let digits = usize::try_from(found.scale).expect("a number");
                let shown = want.split_once('.').map_or(0, |(_, digits)| digits.len());
                assert_eq!(digits, shown, "{operation:?} {numbers:?}");
                found.value.to_string()
            }
            Err(error) => error.state().to_owned(),
        };
        assert_eq!(
            found,
            want.replace('.', "").trim_start_matches('0'),
            "{operation:?} {numbers:?}"
        );
    }

    #[test]
    fn powers_and_logarithms_are_those_of_postgresql() {
        check(Operation::Exponential, &["1.0"], "2.7182818284590452");
        check(Operation::Exponential, &["-1.5"], "0.2231301601484298");
        check(Operation::NaturalLogarithm, &["2.0"], "0.6931471805599453");
        check(Operation::NaturalLogarithm, &["12345.678"], "9.4210613212918320");
        check(Operation::CommonLogarithm, &["100.0"], "2.0000000000000000");
        check(Operation::CommonLogarithm, &["0.002"], "-2.6989700043360188");
        check(Operation::Logarithm, &["2.0", "64.0"], "6.0000000000000000");
        check(Operation::Power, &["2.0", "0.5"], "1.4142135623730950");
        check(Operation::Power, &["2", "100"], "1267650600228229401496703205376.0000000000000000");
        check(Operation::Power, &["2.0", "-1"], "0.5000000000000000");
        check(Operation::Power, &["-2.0", "3"], "-8.0000000000000000");
        check(Operation::Power, &["1.05", "30"], "4.3219423751506620");
        check(Operation::Root, &["4"], "2.000000000000000");
    }

    #[test]
    fn what_is_undefined_is_refused() {
        check(Operation::NaturalLogarithm, &["0"], "2201E");
        check(Operation::NaturalLogarithm, &["-1"], "2201E");
        check(Operation::Root, &["-1"], "2201F");
        check(Operation::Power, &["0", "-1"], "2201F");
        check(Operation::Power, &["-8", "0.5"], "2201F");
        check(Operation::Power, &["10", "100"], "22003");
        check(Operation::Exponential, &["1000"], "22003");
    }
}
