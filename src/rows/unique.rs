//! Unique indexes: the keys of the rows there are, shared between the values of a table as the rows are.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::row::{RowConverter, SortField};
use imbl::OrdMap;

use super::{Unique, failed};
use crate::error::Result;

/// The rows' numbers by their keys.
#[derive(Debug, Clone)]
pub(super) struct UniqueIndex {
    of: Unique,
    rows: OrdMap<Key, i64>,
}

/// The values of a row's columns, as bytes that are equal where they are.
pub type Key = Box<[u8]>;

impl UniqueIndex {
    pub(super) fn new(of: Unique) -> UniqueIndex {
        UniqueIndex { of, rows: OrdMap::new() }
    }

    pub(super) fn of(&self) -> &Unique {
        &self.of
    }

    /// The row with this key.
    pub(super) fn find(&self, key: &[u8]) -> Option<i64> {
        self.rows.get(key).copied()
    }

    /// Adds rows; the place of the first whose key is there already.
    pub(super) fn add(
        &mut self,
        numbers: &[i64],
        batch: &RecordBatch,
    ) -> Result<Result<(), usize>> {
        let keys = self.keys(batch)?;
        for (row, (key, number)) in keys.into_iter().zip(numbers).enumerate() {
            let Some(key) = key else { continue };
            if self.rows.contains_key(&key) {
                return Ok(Err(row));
            }
            self.rows.insert(key, *number);
        }
        Ok(Ok(()))
    }

    pub(super) fn remove(&mut self, batch: &RecordBatch) -> Result<()> {
        for key in self.keys(batch)?.into_iter().flatten() {
            self.rows.remove(&key);
        }
        Ok(())
    }

    /// The keys of rows; `None` for one with NULL that is like no other.
    pub(super) fn keys(&self, batch: &RecordBatch) -> Result<Vec<Option<Key>>> {
        let columns = self.of.columns.iter().filter_map(|place| batch.columns().get(*place));
        keys(&columns.cloned().collect::<Vec<_>>(), self.of.nulls_distinct)
    }
}

/// The keys that columns make, equal where PostgreSQL calls the values equal.
pub(super) fn keys(columns: &[ArrayRef], nulls_distinct: bool) -> Result<Vec<Option<Key>>> {
    let columns: Vec<ArrayRef> = columns.iter().map(normal).collect();
    let count = columns.first().map_or(0, |column| column.len());
    let fields = columns.iter().map(|array| SortField::new(array.data_type().clone()));
    let converter = RowConverter::new(fields.collect()).map_err(failed)?;
    let rows = converter.convert_columns(&columns).map_err(failed)?;
    let keyed = |row: usize| !nulls_distinct || columns.iter().all(|it| it.is_valid(row));
    let keys = (0..count).map(|row| keyed(row).then(|| Box::from(rows.row(row).as_ref())));
    Ok(keys.collect())
}

/// Values that are equal made alike: one zero, one NaN.
fn normal(array: &ArrayRef) -> ArrayRef {
    macro_rules! normal {
        ($kind:ty, $nan:expr) => {{
            let normal = |value| match value {
                value if value != value => $nan,
                value if value == 0.0 => 0.0,
                value => value,
            };
            std::sync::Arc::new(array.as_primitive::<$kind>().unary::<_, $kind>(normal)) as ArrayRef
        }};
    }
    match array.data_type() {
        DataType::Float32 => normal!(Float32Type, f32::NAN),
        DataType::Float64 => normal!(Float64Type, f64::NAN),
        _ => std::sync::Arc::clone(array),
    }
}
