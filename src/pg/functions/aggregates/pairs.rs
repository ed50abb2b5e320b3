//! Regression and correlation of pairs (`float8_regr_accum`, by the method of Youngs and Cramer): the dependent value
//! first.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use super::float;
use crate::pg::functions::floats::out_of_range;

/// Every aggregate of this kind.
pub(super) fn all() -> impl Iterator<Item = Arc<AggregateUDF>> {
    let made = |(name, kind)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(AggregateUDF::new_from_impl(Pairs { name, kind, signature }))
    };
    [
        ("corr", Kind::Correlation),
        ("covar_pop", Kind::Covariance { sample: false }),
        ("covar_samp", Kind::Covariance { sample: true }),
        ("regr_avgx", Kind::MeanX),
        ("regr_avgy", Kind::MeanY),
        ("regr_count", Kind::Count),
        ("regr_intercept", Kind::Intercept),
        ("regr_r2", Kind::Determination),
        ("regr_slope", Kind::Slope),
        ("regr_sxx", Kind::SquaresX),
        ("regr_sxy", Kind::Products),
        ("regr_syy", Kind::SquaresY),
    ]
    .into_iter()
    .map(made)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Correlation,
    Covariance { sample: bool },
    MeanX,
    MeanY,
    Count,
    Intercept,
    Determination,
    Slope,
    SquaresX,
    Products,
    SquaresY,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Pairs {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl AggregateUDFImpl for Pairs {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [y, x] if [y, x].iter().all(|own| own.is_numeric() || own.is_null()) => {
                Ok(vec![DataType::Float64, DataType::Float64])
            }
            [y, x] => plan_err!(
                "No function matches the given name and argument types '{}({y}, {x})'",
                self.name
            ),
            _ => plan_err!("{} expects 2 arguments", self.name),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(if self.kind == Kind::Count { DataType::Int64 } else { DataType::Float64 })
    }

    fn state_fields(&self, _args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let names = ["count", "x", "xx", "y", "yy", "xy"];
        Ok(names.map(|name| Arc::new(Field::new(name, DataType::Float64, false))).to_vec())
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Sums::new(self.kind)))
    }
}

/// How many pairs, the sums of both sides, and of squares and products of distances from the means.
#[derive(Debug)]
struct Sums {
    kind: Kind,
    count: f64,
    x: f64,
    xx: f64,
    y: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn new(kind: Kind) -> Sums {
        Sums { kind, count: 0.0, x: 0.0, xx: 0.0, y: 0.0, yy: 0.0, xy: 0.0 }
    }

    /// Errors: 22003 for sums of finite numbers that are none.
    fn add(&mut self, y: f64, x: f64) -> Result<()> {
        let before = self.count;
        let finite = [self.x, self.y, y, x].iter().all(|value| value.is_finite());
        self.count += 1.0;
        self.x += x;
        self.y += y;
        if before > 0.0 {
            let (from_x, from_y) = (x * self.count - self.x, y * self.count - self.y);
            let scale = 1.0 / (self.count * before);
            self.xx += from_x * from_x * scale;
            self.yy += from_y * from_y * scale;
            self.xy += from_x * from_y * scale;
            self.settle(finite)?;
        } else {
            if !x.is_finite() {
                (self.xx, self.xy) = (f64::NAN, f64::NAN);
            }
            if !y.is_finite() {
                (self.yy, self.xy) = (f64::NAN, f64::NAN);
            }
        }
        Ok(())
    }

    /// What grew beyond all bounds is no distance any more; from `finite` numbers it does not grow so far.
    /// Errors: 22003.
    fn settle(&mut self, finite: bool) -> Result<()> {
        let sums = [self.x, self.y, self.xx, self.yy, self.xy];
        if finite && sums.iter().any(|sum| sum.is_infinite()) {
            return Err(out_of_range("overflow"));
        }
        for sum in [&mut self.xx, &mut self.yy, &mut self.xy] {
            if sum.is_infinite() {
                *sum = f64::NAN;
            }
        }
        Ok(())
    }

    fn value(&self) -> Option<f64> {
        let least = if self.kind == (Kind::Covariance { sample: true }) { 2.0 } else { 1.0 };
        if self.count < least {
            return None;
        }
        let unless = |flat: bool, value: f64| (!flat).then_some(value);
        let (flat_x, flat_y) = (self.xx == 0.0, self.yy == 0.0);
        match self.kind {
            Kind::Count => Some(self.count),
            Kind::Correlation => unless(flat_x || flat_y, self.xy / (self.xx * self.yy).sqrt()),
            Kind::Covariance { sample: false } => Some(self.xy / self.count),
            Kind::Covariance { sample: true } => Some(self.xy / (self.count - 1.0)),
            Kind::MeanX => Some(self.x / self.count),
            Kind::MeanY => Some(self.y / self.count),
            Kind::Intercept => unless(flat_x, (self.y - self.x * self.xy / self.xx) / self.count),
            Kind::Determination if flat_y && !flat_x => Some(1.0),
            Kind::Determination => unless(flat_x, (self.xy * self.xy) / (self.xx * self.yy)),
            Kind::Slope => unless(flat_x, self.xy / self.xx),
            Kind::SquaresX => Some(self.xx),
            Kind::SquaresY => Some(self.yy),
            Kind::Products => Some(self.xy),
        }
    }
}

impl Accumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (ys, xs) =
            (values[0].as_primitive::<Float64Type>(), values[1].as_primitive::<Float64Type>());
        for (y, x) in ys.iter().zip(xs) {
            if let (Some(y), Some(x)) = (y, x) {
                self.add(y, x)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.kind == Kind::Count {
            return ScalarValue::Float64(Some(self.count)).cast_to(&DataType::Int64);
        }
        Ok(ScalarValue::Float64(self.value()))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sums = [self.count, self.x, self.xx, self.y, self.yy, self.xy];
        Ok(sums.map(|sum| ScalarValue::Float64(Some(sum))).to_vec())
    }

    /// `float8_regr_combine`.
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            let sums: Option<Vec<f64>> = states.iter().map(|state| float(state, row)).collect();
            let Some(&[count, x, xx, y, yy, xy]) = sums.as_deref() else { continue };
            if count == 0.0 {
                continue;
            }
            let other = Sums { kind: self.kind, count, x, xx, y, yy, xy };
            if self.count == 0.0 {
                *self = other;
                continue;
            }
            let finite = [self.x, self.y, x, y].iter().all(|value| value.is_finite());
            let (own, total) = (self.count, self.count + count);
            let (from_x, from_y) = (self.x / own - x / count, self.y / own - y / count);
            self.xx += xx + own * count * from_x * from_x / total;
            self.yy += yy + own * count * from_y * from_y / total;
            self.xy += xy + own * count * from_x * from_y / total;
            (self.x, self.y, self.count) = (self.x + x, self.y + y, total);
            self.settle(finite)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Sums};

    #[track_caller]
    fn check(kind: Kind, pairs: &[(f64, f64)], want: Option<f64>) {
        let mut sums = Sums::new(kind);
        pairs.iter().try_for_each(|(y, x)| sums.add(*y, *x)).expect("in range");
        assert_eq!(sums.value(), want, "{kind:?}");
    }

    #[test]
    fn a_line_is_found() {
        let line = [(1.0, 0.0), (3.0, 1.0), (5.0, 2.0)];
        check(Kind::Slope, &line, Some(2.0));
        check(Kind::Intercept, &line, Some(1.0));
        check(Kind::Correlation, &line, Some(1.0));
        check(Kind::Determination, &line, Some(1.0));
        check(Kind::Covariance { sample: true }, &line, Some(2.0));
    }

    #[test]
    fn what_leaves_the_range_is_refused() {
        let mut sums = Sums::new(Kind::Slope);
        sums.add(1e200, 1e200).expect("in range");
        assert!(sums.add(-1e200, -1e200).is_err());
    }

    #[test]
    fn what_does_not_vary_has_no_slope() {
        let flat = [(1.0, 4.0), (2.0, 4.0)];
        check(Kind::Slope, &flat, None);
        check(Kind::Correlation, &flat, None);
        check(Kind::Determination, &[(4.0, 1.0), (4.0, 2.0)], Some(1.0));
        check(Kind::Covariance { sample: true }, &[(1.0, 1.0)], None);
        check(Kind::MeanX, &[], None);
    }
}
