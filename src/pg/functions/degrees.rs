//! Trigonometry in degrees, exact where the answer is (`dsind` and its kin in float.c), and functions of floating
//! point that DataFusion has with other digits.

use std::f64::consts::{LN_2, PI};
use std::sync::{Arc, LazyLock};

use arrow::array::{AsArray, Float64Array};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility,
};

use crate::error::{Error, Result as OurResult};
use crate::pg::functions::of_constants;

type Unary = fn(f64) -> OurResult<f64>;

/// Every function of this kind.
pub(super) fn all() -> impl Iterator<Item = Arc<ScalarUDF>> {
    let functions: [(&'static str, Unary); 14] = [
        ("acosd", |x| {
            inverse(x, |x| if x < 0.0 { 90.0 + asind_first(-x) } else { acosd_first(x) })
        }),
        ("asind", |x| inverse(x, |x| if x < 0.0 { -asind_first(-x) } else { asind_first(x) })),
        ("atand", |x| Ok(x.atan() / EXACT.atan_1 * 45.0)),
        ("cosd", |x| periodic(x, cosd)),
        ("cotd", |x| periodic(x, |x| ratio(cosd(x), sind(x), EXACT.cot_45))),
        ("sind", |x| periodic(x, sind)),
        ("tand", |x| periodic(x, |x| ratio(sind(x), cosd(x), EXACT.tan_45))),
        // A division and a product, in this order of rounding.
        ("degrees", |x| finite(x, x / RADIANS)),
        ("radians", |x| finite(x, x * RADIANS)),
        ("acosh", |x| Ok(acosh(x))),
        ("asinh", |x| Ok(asinh(x))),
        ("atanh", |x| Ok(atanh(x))),
        ("forebay_dlog10", dlog10),
        ("forebay_dsign", |x| {
            Ok(if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                0.0
            })
        }),
    ];
    let functions = functions.into_iter().map(|(name, work)| (name, Work::One(work)));
    functions.chain([("atan2d", Work::Two(|y, x| y.atan2(x) / EXACT.atan_1 * 45.0))]).map(made)
}

fn made((name, work): (&'static str, Work)) -> Arc<ScalarUDF> {
    let takes = match work {
        Work::One(_) => vec![DataType::Float64],
        Work::Two(_) => vec![DataType::Float64, DataType::Float64],
    };
    let signature = Signature::new(TypeSignature::Exact(takes), Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Function { name, work, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    name: &'static str,
    work: Work,
    signature: Signature,
}

#[derive(Debug, Clone, Copy)]
enum Work {
    One(Unary),
    Two(fn(f64, f64) -> f64),
}

/// A name has one function.
impl PartialEq for Work {
    fn eq(&self, _other: &Work) -> bool {
        true
    }
}

impl Eq for Work {}

impl std::hash::Hash for Work {
    fn hash<H: std::hash::Hasher>(&self, _state: &mut H) {}
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let columns: Vec<&Float64Array> = arrays.iter().map(AsArray::as_primitive).collect();
        let done: Float64Array = match (self.work, columns.as_slice()) {
            (Work::One(work), [values]) => values
                .iter()
                .map(|value| value.map(work).transpose())
                .collect::<OurResult<_>>()
                .map_err(|error| DataFusionError::External(Box::new(error)))?,
            (Work::Two(work), [left, right]) => {
                left.iter().zip(*right).map(|(left, right)| Some(work(left?, right?))).collect()
            }
            _ => return plan_err!("{} takes other numbers", self.name),
        };
        if constant {
            return of_constants(&done);
        }
        Ok(ColumnarValue::Array(Arc::new(done)))
    }
}

/// Errors: 22003 for what overflows.
fn finite(argument: f64, result: f64) -> OurResult<f64> {
    if result.is_infinite() && argument.is_finite() {
        return Err(Error::NumericOutOfRange("value out of range: overflow".to_owned()));
    }
    Ok(result)
}

/// From here on the approximations of the C library are as they are: beyond them a square is a number without its one.
const LARGE: f64 = 268_435_456.0;

/// As glibc and all of fdlibm's kin calculate it: Rust's has other last digits.
fn asinh(value: f64) -> f64 {
    let size = value.abs();
    let done = if size < 1.0 / LARGE || !size.is_finite() {
        return value;
    } else if size > LARGE {
        size.ln() + LN_2
    } else if size > 2.0 {
        (2.0 * size + 1.0 / ((size * size + 1.0).sqrt() + size)).ln()
    } else {
        let square = size * size;
        (size + square / (1.0 + (1.0 + square).sqrt())).ln_1p()
    };
    done.copysign(value)
}

/// As [`asinh`]. What is below one has been refused.
fn acosh(value: f64) -> f64 {
    if value >= LARGE {
        value.ln() + LN_2
    } else if value > 2.0 {
        (2.0 * value - 1.0 / (value + (value * value - 1.0).sqrt())).ln()
    } else {
        let above = value - 1.0;
        (above + (2.0 * above + above * above).sqrt()).ln_1p()
    }
}

/// As [`asinh`]. What is beyond one has been refused.
fn atanh(value: f64) -> f64 {
    let size = value.abs();
    let twice = size + size;
    let done = if size < 1.0 / LARGE {
        return value;
    } else if size < 0.5 {
        0.5 * (twice + twice * size / (1.0 - size)).ln_1p()
    } else {
        0.5 * (twice / (1.0 - size)).ln_1p()
    };
    done.copysign(value)
}

fn dlog10(value: f64) -> OurResult<f64> {
    let refused = |words: &str| Err(Error::InvalidLogarithm(words.to_owned()));
    if value == 0.0 {
        return refused("cannot take logarithm of zero");
    }
    if value < 0.0 {
        return refused("cannot take logarithm of a negative number");
    }
    Ok(value.log10())
}

/// What the machine's functions give for 30, 45 and 60 degrees: by these their results are scaled.
struct Exact {
    sin_30: f64,
    one_minus_cos_60: f64,
    asin_half: f64,
    acos_half: f64,
    atan_1: f64,
    tan_45: f64,
    cot_45: f64,
}

static EXACT: LazyLock<Exact> = LazyLock::new(|| {
    let mut exact = Exact {
        sin_30: (30.0 * RADIANS).sin(),
        one_minus_cos_60: 1.0 - (60.0 * RADIANS).cos(),
        asin_half: 0.5_f64.asin(),
        acos_half: 0.5_f64.acos(),
        atan_1: 1.0_f64.atan(),
        tan_45: 1.0,
        cot_45: 1.0,
    };
    exact.tan_45 = sind_first(45.0, &exact) / cosd_first(45.0, &exact);
    exact.cot_45 = cosd_first(45.0, &exact) / sind_first(45.0, &exact);
    exact
});

const RADIANS: f64 = PI / 180.0;

fn outside() -> Error {
    Error::NumericOutOfRange("input is out of range".to_owned())
}

fn periodic(degrees: f64, work: fn(f64) -> f64) -> OurResult<f64> {
    if degrees.is_infinite() {
        return Err(outside());
    }
    Ok(if degrees.is_nan() { degrees } else { work(degrees) })
}

fn inverse(value: f64, work: fn(f64) -> f64) -> OurResult<f64> {
    if value.is_nan() {
        return Ok(value);
    }
    if !(-1.0..=1.0).contains(&value) {
        return Err(outside());
    }
    Ok(work(value))
}

/// Of an angle up to 30 degrees.
fn sind_to_30(degrees: f64, exact: &Exact) -> f64 {
    (degrees * RADIANS).sin() / exact.sin_30 / 2.0
}

/// Of an angle up to 60 degrees.
fn cosd_to_60(degrees: f64, exact: &Exact) -> f64 {
    1.0 - (1.0 - (degrees * RADIANS).cos()) / exact.one_minus_cos_60 / 2.0
}

/// Of an angle in the first quadrant.
fn sind_first(degrees: f64, exact: &Exact) -> f64 {
    if degrees <= 30.0 { sind_to_30(degrees, exact) } else { cosd_to_60(90.0 - degrees, exact) }
}

/// Of an angle in the first quadrant.
fn cosd_first(degrees: f64, exact: &Exact) -> f64 {
    if degrees <= 60.0 { cosd_to_60(degrees, exact) } else { sind_to_30(90.0 - degrees, exact) }
}

fn sind(degrees: f64) -> f64 {
    let turned = degrees % 360.0;
    let (mut sign, mut angle) = if turned < 0.0 { (-1.0, -turned) } else { (1.0, turned) };
    if angle > 180.0 {
        (sign, angle) = (-sign, 360.0 - angle);
    }
    if angle > 90.0 {
        angle = 180.0 - angle;
    }
    sign * sind_first(angle, &EXACT)
}

fn cosd(degrees: f64) -> f64 {
    let (mut sign, mut angle) = (1.0, (degrees % 360.0).abs());
    if angle > 180.0 {
        angle = 360.0 - angle;
    }
    if angle > 90.0 {
        (sign, angle) = (-sign, 180.0 - angle);
    }
    sign * cosd_first(angle, &EXACT)
}

/// A tangent; zero has no sign here.
fn ratio(above: f64, below: f64, at_45: f64) -> f64 {
    let ratio = above / below / at_45;
    if ratio == 0.0 { 0.0 } else { ratio }
}

/// Of a value from zero to one.
fn asind_first(value: f64) -> f64 {
    if value <= 0.5 {
        value.asin() / EXACT.asin_half * 30.0
    } else {
        90.0 - value.acos() / EXACT.acos_half * 60.0
    }
}

/// Of a value from zero to one.
fn acosd_first(value: f64) -> f64 {
    if value <= 0.5 {
        90.0 - value.asin() / EXACT.asin_half * 30.0
    } else {
        value.acos() / EXACT.acos_half * 60.0
    }
}

#[cfg(test)]
mod tests {
    use super::{EXACT, acosd_first, asind_first, cosd, ratio, sind};

    #[test]
    #[expect(clippy::float_cmp, reason = "exact is the point")]
    fn round_angles_have_round_answers() {
        for (degrees, sine, cosine) in [
            (0.0, 0.0, 1.0),
            (30.0, 0.5, sind(60.0)),
            (90.0, 1.0, 0.0),
            (150.0, 0.5, -sind(60.0)),
            (210.0, -0.5, -sind(60.0)),
            (-90.0, -1.0, 0.0),
            (360.0, 0.0, 1.0),
            (480.0, sind(60.0), -0.5),
        ] {
            assert_eq!((sind(degrees), cosd(degrees)), (sine, cosine), "{degrees}");
        }
        assert_eq!(ratio(sind(45.0), cosd(45.0), EXACT.tan_45), 1.0);
        assert_eq!((asind_first(0.5), acosd_first(0.5)), (30.0, 60.0));
    }
}
