//! Sums of double precision that do not leave its range (`float8pl`), and whose NaN is greater than any number.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion_functions_aggregate_common::aggregate::groups_accumulator::prim_op::PrimitiveGroupsAccumulator;

use crate::pg::functions::floats::{out_of_range, with_one_nan};

/// `inner`, a sum of double precision, within its range.
pub(crate) fn sum(inner: Box<dyn Accumulator>) -> Box<dyn Accumulator> {
    Box::new(Bounded { inner, infinite: false })
}

/// A sum for each group.
pub(crate) fn sums() -> Box<dyn GroupsAccumulator> {
    let left = Arc::new(AtomicBool::new(false));
    let leaves = Arc::clone(&left);
    let add = move |sum: &mut f64, term: f64| {
        let added = *sum + term;
        if added.is_infinite() && sum.is_finite() && term.is_finite() {
            leaves.store(true, Ordering::Relaxed);
        }
        *sum = added;
    };
    // A sum of -0 alone is -0.
    let inner = PrimitiveGroupsAccumulator::<Float64Type, _>::new(&DataType::Float64, add)
        .with_starting_value(-0.0);
    Box::new(BoundedGroups { inner: Box::new(inner), left })
}

#[derive(Debug)]
struct Bounded {
    inner: Box<dyn Accumulator>,
    /// Whether a term was infinite: the sum is so from then on.
    infinite: bool,
}

impl Bounded {
    /// Has `take` add `terms`, and looks at the sum before the first that is infinite.
    fn add(
        &mut self,
        terms: &[ArrayRef],
        take: impl Fn(&mut dyn Accumulator, &[ArrayRef]) -> Result<()>,
    ) -> Result<()> {
        let term = terms.first().and_then(|terms| terms.as_primitive_opt::<Float64Type>());
        let first = term.filter(|_| !self.infinite).and_then(|term| {
            term.values()
                .iter()
                .enumerate()
                .position(|(row, value)| value.is_infinite() && term.is_valid(row))
        });
        let Some(first) = first else { return take(self.inner.as_mut(), terms) };
        let part = |from: usize, count: usize| -> Vec<ArrayRef> {
            terms.iter().map(|terms| terms.slice(from, count)).collect()
        };
        take(self.inner.as_mut(), &part(0, first))?;
        let before = self.inner.evaluate()?;
        self.kept(before)?;
        self.infinite = true;
        let rest = terms[0].len() - first;
        take(self.inner.as_mut(), &part(first, rest))
    }

    /// Errors: 22003 where a sum of finite numbers is none.
    fn kept(&self, sum: ScalarValue) -> Result<ScalarValue> {
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

impl Accumulator for Bounded {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(values, |inner, values| inner.update_batch(values))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.inner.evaluate()?;
        self.kept(sum)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = self.inner.state()?.into_iter();
        state.map(|sum| self.kept(sum)).collect()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.add(states, |inner, states| inner.merge_batch(states))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }
}

struct BoundedGroups {
    inner: Box<dyn GroupsAccumulator>,
    /// Whether finite numbers have left the range.
    left: Arc<AtomicBool>,
}

impl BoundedGroups {
    fn check(&self) -> Result<()> {
        match self.left.load(Ordering::Relaxed) {
            true => Err(out_of_range("overflow")),
            false => Ok(()),
        }
    }
}

impl GroupsAccumulator for BoundedGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.inner.update_batch(values, group_indices, opt_filter, total_num_groups)?;
        self.check()
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(with_one_nan(self.inner.evaluate(emit_to)?))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(self.inner.state(emit_to)?.into_iter().map(with_one_nan).collect())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.inner.merge_batch(values, group_indices, total_num_groups)?;
        self.check()
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
