//! Aggregates PostgreSQL has and DataFusion lacks, or has with other digits.

mod deviation;
mod ordered;
mod pairs;
mod single;

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray};
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::AggregateUDF;

/// The name of [`single_value`].
pub(crate) const SINGLE_VALUE: &str = single::NAME;

/// All of them.
pub(super) fn all() -> Vec<Arc<AggregateUDF>> {
    let mut all = vec![single::aggregate()];
    all.extend(deviation::all());
    all.extend(pairs::all());
    all.extend(ordered::all());
    all
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
