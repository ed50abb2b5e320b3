//! The place of a row in its table (`ctid`): versions never change, so the files of a table in their order, and the rows
//! of each in theirs, are one sequence that stays. Only Parquet tells which row of its file a row is.

use std::any::Any;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::logical_expr::Expr;
use parquet::arrow::RowNumber;

use super::provider::VersionTable;
use crate::catalog::manifest::Format;

/// The column that counts the rows of the files before a row's own.
pub const BEFORE: &str = "forebay_before";
/// The column that counts the rows before a row in its file.
pub const WITHIN: &str = "forebay_within";

/// The same table with [`BEFORE`] and [`WITHIN`] behind its columns; `None` where rows do not tell, and where the table
/// has columns that are called so.
pub fn with_places(table: &dyn TableProvider) -> Option<Arc<dyn TableProvider>> {
    let table: &VersionTable = (table as &dyn Any).downcast_ref()?;
    let schema = table.schema();
    let taken = [BEFORE, WITHIN].iter().any(|name| schema.field_with_name(name).is_ok());
    let told = table.format() == Format::Parquet && !taken;
    told.then(|| Arc::new(table.placed()) as Arc<dyn TableProvider>)
}

/// Whether a filter is one of places, which files know nothing of.
pub(super) fn is_read(filter: &Expr) -> bool {
    filter.column_refs().iter().any(|column| [BEFORE, WITHIN].contains(&column.name.as_str()))
}

/// The first as a column of a directory, the second as one that the reader makes.
pub(super) fn fields() -> (FieldRef, FieldRef) {
    let number = |name| Field::new(name, DataType::Int64, false);
    (Arc::new(number(BEFORE)), Arc::new(number(WITHIN).with_extension_type(RowNumber)))
}

/// A table's schema with both.
pub(super) fn schema(own: &Schema) -> SchemaRef {
    let (before, within) = fields();
    let fields = own.fields().iter().cloned().chain([before, within]);
    Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>()))
}

/// The files with what they say of both; `None` when one does not know its rows.
pub(super) fn files(files: &[PartitionedFile]) -> Option<Vec<PartitionedFile>> {
    let mut before = 0_i64;
    let file = |file: &PartitionedFile| {
        let mut placed = file.clone();
        placed.partition_values.push(ScalarValue::Int64(Some(before)));
        let told = file.statistics.as_deref()?;
        let Precision::Exact(rows) = told.num_rows else { return None };
        placed.statistics = Some(Arc::new(statistics(told.clone())));
        before = before.checked_add(i64::try_from(rows).ok()?)?;
        Some(placed)
    };
    files.iter().map(file).collect()
}

/// Statistics of a table's own columns as those of all.
pub(super) fn statistics(mut own: Statistics) -> Statistics {
    own.column_statistics.extend([(); 2].map(|()| ColumnStatistics::new_unknown()));
    own
}
