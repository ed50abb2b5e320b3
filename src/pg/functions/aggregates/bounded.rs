//! Sums of double precision that do not leave its range (`float8pl`), and whose NaN is greater than any number.

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::Float64Type;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::pg::functions::floats::{out_of_range, with_one_nan};

/// `inner`, a sum of double precision, within its range.
pub(crate) fn sum(inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
    Box::new(Bounded { inner, bounds: Bounds::default() })
}

/// The same for sums of groups.
pub(crate) fn sums(inner: Box<dyn GroupsAccumulator>) -> Box<dyn GroupsAccumulator> {
    Box::new(Bounded { inner, bounds: Bounds::default() })
}

#[derive(Debug)]
struct Bounded<T> {
    inner: T,
    bounds: Bounds,
}

/// What may be infinite.
#[derive(Debug, Default)]
struct Bounds {
    /// Whether a term was: what is infinite may be so by that then.
    infinite: bool,
}

impl Bounds {
    fn see(&mut self, terms: &[ArrayRef]) {
        let term = terms.first().and_then(|terms| terms.as_primitive_opt::<Float64Type>());
        let infinite = |array: &[f64]| array.iter().any(|value| value.is_infinite());
        self.infinite = self.infinite || term.is_some_and(|array| infinite(array.values()));
    }

    /// Errors: 22003 where a sum of finite numbers is none.
    fn kept(&self, sums: ArrayRef) -> Result<ArrayRef> {
        let values = sums.as_primitive_opt::<Float64Type>().map(|sums| sums.values());
        let infinite = values.is_some_and(|values| values.iter().any(|value| value.is_infinite()));
        if infinite && !self.infinite {
            return Err(out_of_range("overflow"));
        }
        Ok(with_one_nan(sums))
    }

    fn kept_one(&self, sum: ScalarValue) -> Result<ScalarValue> {
        match sum {
            ScalarValue::Float64(Some(value)) if value.is_infinite() && !self.infinite => {
                Err(out_of_range("overflow"))
            }
            ScalarValue::Float64(Some(value)) if value.is_nan() => {
                Ok(ScalarValue::Float64(Some(f64::NAN)))
            }
            sum => Ok(sum),
        }
    }
}

impl Accumulator for Bounded<Box<dyn Accumulator>> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.bounds.see(values);
        self.inner.update_batch(values)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.bounds.kept_one(self.inner.evaluate()?)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = self.inner.state()?.into_iter();
        state.map(|sum| self.bounds.kept_one(sum)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.bounds.see(states);
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

impl GroupsAccumulator for Bounded<Box<dyn GroupsAccumulator>> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.bounds.see(values);
        self.inner.update_batch(values, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.bounds.kept(self.inner.evaluate(emit_to)?)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let state = self.inner.state(emit_to)?.into_iter();
        state.map(|sums| self.bounds.kept(sums)).collect()
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.bounds.see(values);
        self.inner.merge_batch(values, group_indices, total_num_groups)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, opt_filter)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}
