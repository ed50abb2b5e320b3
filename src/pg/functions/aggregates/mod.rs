//! Aggregates PostgreSQL has and DataFusion lacks, or has with other digits.

mod bounded;
mod deviation;
mod extremes;
mod ordered;
mod own;
mod pairs;
mod real;
mod shown;
mod single;

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray};
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::AggregateUDF;

pub(crate) use self::bounded::{sum as bounded_sum, sums as bounded_sums};

/// The name of [`single_value`].
pub(crate) const SINGLE_VALUE: &str = single::NAME;

/// All of them.
pub(super) fn all() -> Vec<Arc<AggregateUDF>> {
    let mut all = vec![single::aggregate()];
    all.extend(deviation::all());
    all.extend(extremes::all());
    all.extend(pairs::all());
    all.extend(ordered::all());
    all.extend(own::all());
    all
}

/// `sum(real)`, in the place of the planner's.
pub(super) fn sum_of_reals() -> Arc<AggregateUDF> {
    real::sum()
}

/// The aggregate of values of type `oid` that stands for the planner's of that name.
pub(super) fn own(name: &str, oid: u32) -> Option<Arc<AggregateUDF>> {
    own::of(name, oid)
}

/// How many digits the greatest, or the least, of numerics shows.
pub(super) fn extreme_digits(greatest: bool) -> Arc<AggregateUDF> {
    shown::digits(greatest)
}

/// The aggregate that stands for a scalar subquery.
pub(super) fn single_value() -> Arc<AggregateUDF> {
    single::aggregate()
}

/// A floating point value of a row.
fn float(array: &ArrayRef, row: usize) -> Option<f64> {
    let array = array.as_primitive::<Float64Type>();
    array.is_valid(row).then(|| array.value(row))
}
