//! Variances and standard deviations: exact for exact numbers (`numeric_stddev_internal`), by the method of Youngs and
//! Cramer for floating point (`float8_accum`).

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal256Type, Field, FieldRef, Float64Type, Int64Type, i256};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use super::float;
use crate::error::Error;
use crate::pg::numeric::{self, DEVIATION_SCALE, Number, VARIANCE_SCALE};

/// Digits after the point that values are squared with at most: their squares have twice as many.
const SCALE_MAX: i8 = 20;

/// Every aggregate of this kind, by its names.
pub(super) fn all() -> impl Iterator<Item = Arc<AggregateUDF>> {
    let made = |(name, aliases, root, sample): (&'static str, &[&str], bool, bool)| {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        let signature = Signature::user_defined(Volatility::Immutable);
        let kind = Kind { root, sample };
        Arc::new(AggregateUDF::new_from_impl(Deviation { name, aliases, kind, signature }))
    };
    [
        ("stddev", ["stddev_samp"].as_slice(), true, true),
        ("stddev_pop", &[], true, false),
        ("variance", &["var_samp"], false, true),
        ("var_pop", &[], false, false),
    ]
    .into_iter()
    .map(made)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    /// A deviation is the root of a variance.
    root: bool,
    /// Of a sample, and not of all there are.
    sample: bool,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Deviation {
    name: &'static str,
    aliases: Vec<String>,
    kind: Kind,
    signature: Signature,
}

impl Deviation {
    fn scale(&self) -> i8 {
        if self.kind.root { DEVIATION_SCALE } else { VARIANCE_SCALE }
    }
}

impl AggregateUDFImpl for Deviation {
    fn name(&self) -> &str {
        self.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![match types {
            [DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Null] => {
                DataType::Float64
            }
            [
                DataType::Decimal32(_, scale)
                | DataType::Decimal64(_, scale)
                | DataType::Decimal128(_, scale)
                | DataType::Decimal256(_, scale),
            ] => numeric::of_scale((*scale).clamp(0, SCALE_MAX)),
            [integer] if integer.is_integer() => numeric::of_scale(0),
            [other] => {
                return plan_err!(
                    "No function matches the given name and argument types '{}({other})'",
                    self.name
                );
            }
            _ => return plan_err!("{} expects 1 argument", self.name),
        }])
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match types {
            [DataType::Decimal256(..)] => numeric::of_scale(self.scale()),
            _ => DataType::Float64,
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let value = match args.input_fields.first().map(|field| field.data_type().clone()) {
            Some(DataType::Decimal256(_, scale)) => {
                [numeric::of_scale(scale), numeric::of_scale(scale.saturating_mul(2))]
            }
            _ => [DataType::Float64, DataType::Float64],
        };
        let [sum, squares] = value;
        Ok(vec![
            Arc::new(Field::new("count", DataType::Int64, false)),
            Arc::new(Field::new("sum", sum, false)),
            Arc::new(Field::new("squares", squares, false)),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(match args.expr_fields.first().map(|field| field.data_type()) {
            Some(DataType::Decimal256(_, scale)) => Box::new(Exact {
                kind: self.kind,
                out: self.scale(),
                scale: *scale,
                count: 0,
                sum: i256::ZERO,
                squares: i256::ZERO,
            }),
            _ => Box::new(Inexact { kind: self.kind, count: 0, sum: 0.0, squares: 0.0 }),
        })
    }
}

fn refused(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn overflow() -> DataFusionError {
    refused(numeric::overflow())
}

/// Sums of exact numbers, and of their squares.
#[derive(Debug)]
struct Exact {
    kind: Kind,
    out: i8,
    scale: i8,
    count: i64,
    sum: i256,
    squares: i256,
}

impl Exact {
    fn each(&mut self, values: &[ArrayRef], add: bool) -> Result<()> {
        for value in values[0].as_primitive::<Decimal256Type>().iter().flatten() {
            let square = value.checked_mul(value).ok_or_else(overflow)?;
            let (sum, squares) = match add {
                true => (self.sum.checked_add(value), self.squares.checked_add(square)),
                false => (self.sum.checked_sub(value), self.squares.checked_sub(square)),
            };
            self.count = self.count.wrapping_add(if add { 1 } else { -1 });
            self.sum = sum.ok_or_else(overflow)?;
            self.squares = squares.ok_or_else(overflow)?;
        }
        Ok(())
    }

    /// `None` when there are too few.
    fn value(&self) -> Result<Option<i256>> {
        if self.count < 1 + i64::from(self.kind.sample) {
            return Ok(None);
        }
        let count = i256::from_i128(self.count.into());
        let above = self
            .squares
            .checked_mul(count)
            .zip(self.sum.checked_mul(self.sum))
            .map(|(squares, square)| squares.wrapping_sub(square));
        let value = above.ok_or_else(overflow)?;
        if value <= i256::ZERO {
            return Ok(Some(i256::ZERO));
        }
        let above = Number { value, scale: i32::from(self.scale) * 2 };
        let less = if self.kind.sample { count.wrapping_sub(i256::ONE) } else { count };
        let below = Number { value: count.wrapping_mul(less), scale: 0 };
        let digits = above.quotient_scale(below).min(self.out.into());
        let variance =
            Number { value: above.divided(below, digits, true).map_err(refused)?, scale: digits };
        let done = match self.kind.root {
            true => Number { value: variance.root(digits).map_err(refused)?, scale: digits },
            false => variance,
        };
        done.at(self.out.into()).ok_or_else(overflow).map(Some)
    }
}

impl Accumulator for Exact {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, true)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, false)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Decimal256(self.value()?, 76, self.out))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let squares = self.scale.saturating_mul(2);
        Ok(vec![
            ScalarValue::Int64(Some(self.count)),
            ScalarValue::Decimal256(Some(self.sum), 76, self.scale),
            ScalarValue::Decimal256(Some(self.squares), 76, squares),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let counts = states[0].as_primitive::<Int64Type>();
        let sums = states[1].as_primitive::<Decimal256Type>();
        let squares = states[2].as_primitive::<Decimal256Type>();
        for row in 0..counts.len() {
            self.count = self.count.wrapping_add(counts.value(row));
            self.sum = self.sum.checked_add(sums.value(row)).ok_or_else(overflow)?;
            self.squares = self.squares.checked_add(squares.value(row)).ok_or_else(overflow)?;
        }
        Ok(())
    }
}

/// A sum of floating point numbers, and the sum of the squares of their distances from the mean.
#[derive(Debug)]
struct Inexact {
    kind: Kind,
    count: i64,
    sum: f64,
    squares: f64,
}

/// A count as a number. Counts above 2 to the 53rd do not occur.
#[expect(clippy::cast_precision_loss, reason = "float8_accum counts in double precision too")]
fn number(count: i64) -> f64 {
    count as f64
}

impl Inexact {
    fn add(&mut self, value: f64) -> Result<()> {
        let before = number(self.count);
        self.count = self.count.wrapping_add(1);
        let count = number(self.count);
        let was_infinite = self.sum.is_infinite() || self.squares.is_infinite();
        self.sum += value;
        if before > 0.0 {
            let distance = value * count - self.sum;
            self.squares += distance * distance / (count * before);
            if self.sum.is_infinite() || self.squares.is_infinite() {
                if !was_infinite && !value.is_infinite() {
                    return Err(super::super::floats::out_of_range("overflow"));
                }
                self.squares = f64::NAN;
            }
        } else if !value.is_finite() {
            self.squares = f64::NAN;
        }
        Ok(())
    }

    fn remove(&mut self, value: f64) {
        let count = number(self.count);
        self.count = self.count.wrapping_sub(1);
        let rest = number(self.count);
        if rest <= 0.0 {
            (self.sum, self.squares) = (0.0, 0.0);
            return;
        }
        let distance = value * count - self.sum;
        self.squares = (self.squares - distance * distance / (count * rest)).max(0.0);
        self.sum -= value;
    }
}

impl Accumulator for Inexact {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values[0]
            .as_primitive::<Float64Type>()
            .iter()
            .flatten()
            .try_for_each(|value| self.add(value))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values[0]
            .as_primitive::<Float64Type>()
            .iter()
            .flatten()
            .for_each(|value| self.remove(value));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let count = number(self.count);
        let divisor = if self.kind.sample { count - 1.0 } else { count };
        let variance = (divisor > 0.0).then(|| self.squares / divisor);
        let root = |variance: f64| if self.kind.root { variance.sqrt() } else { variance };
        Ok(ScalarValue::Float64(variance.map(root)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![
            ScalarValue::Int64(Some(self.count)),
            ScalarValue::Float64(Some(self.sum)),
            ScalarValue::Float64(Some(self.squares)),
        ])
    }

    /// `float8_combine`.
    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let counts = states[0].as_primitive::<Int64Type>();
        for row in 0..counts.len() {
            let count = counts.value(row);
            let (Some(sum), Some(squares)) = (float(&states[1], row), float(&states[2], row))
            else {
                continue;
            };
            if count == 0 {
                continue;
            }
            if self.count == 0 {
                (self.count, self.sum, self.squares) = (count, sum, squares);
                continue;
            }
            let (own, other) = (number(self.count), number(count));
            let distance = self.sum / own - sum / other;
            self.count = self.count.wrapping_add(count);
            self.sum += sum;
            self.squares += squares + own * other * distance * distance / number(self.count);
        }
        Ok(())
    }
}
