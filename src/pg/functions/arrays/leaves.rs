//! The elements of arrays of any number of dimensions.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;

/// How many dimensions an array of that type has when it has elements; 0 for what is no array.
pub(super) fn depth(data_type: &DataType) -> usize {
    match data_type {
        DataType::List(item) => 1 + depth(item.data_type()),
        _ => 0,
    }
}

/// The field of the elements.
pub(super) fn leaf_field(data_type: &DataType) -> Option<FieldRef> {
    match data_type {
        DataType::List(item) if item.data_type().is_list() => leaf_field(item.data_type()),
        DataType::List(item) => Some(Arc::clone(item)),
        _ => None,
    }
}

/// The elements of lists in one array, and where those of each row stand in it.
pub(super) struct Leaves {
    pub(super) values: ArrayRef,
    ends: Vec<usize>,
    first: usize,
    /// The rows that are NULL have no elements.
    nulls: Option<arrow::buffer::NullBuffer>,
}

impl Leaves {
    pub(super) fn of(lists: &ListArray) -> Leaves {
        let mut offsets: Vec<usize> = whole(lists.value_offsets());
        let mut values = Arc::clone(lists.values());
        while let Some(inner) = values.as_list_opt::<i32>() {
            let inside = whole(inner.value_offsets());
            offsets = offsets.iter().filter_map(|at| inside.get(*at).copied()).collect();
            values = Arc::clone(inner.values());
        }
        let first = offsets.first().copied().unwrap_or(0);
        let ends = offsets.into_iter().skip(1).collect();
        Leaves { values, ends, first, nulls: lists.nulls().cloned() }
    }

    /// Where the elements of a row stand.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return 0..0;
        }
        let start = match row.checked_sub(1) {
            None => self.first,
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
        };
        start..self.ends.get(row).copied().unwrap_or(start)
    }

    /// The value of `column` in the row that each element is of.
    pub(super) fn beside(&self, column: &ArrayRef) -> Result<ArrayRef> {
        let mut rows: Vec<Option<u64>> = vec![None; self.values.len()];
        for row in 0..self.ends.len() {
            for slot in rows.get_mut(self.range(row)).unwrap_or_default() {
                *slot = u64::try_from(row).ok();
            }
        }
        Ok(take(column, &UInt64Array::from(rows), None)?)
    }
}

fn whole(offsets: &[i32]) -> Vec<usize> {
    offsets.iter().map(|offset| usize::try_from(*offset).unwrap_or(0)).collect()
}

/// `lists` with other elements in the places of its own.
pub(super) fn with_leaves(lists: &ListArray, leaves: ArrayRef) -> Result<ListArray> {
    let DataType::List(item) = lists.data_type() else {
        return datafusion::common::plan_err!("not a list");
    };
    let values: ArrayRef = match lists.values().as_list_opt::<i32>() {
        Some(inner) => Arc::new(with_leaves(inner, leaves)?),
        None => leaves,
    };
    let item = Arc::new(item.as_ref().clone().with_data_type(values.data_type().clone()));
    let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
    Ok(ListArray::try_new(item, offsets, values, nulls)?)
}

/// Lists of the `picked` elements, `lengths` of them in each row.
pub(super) fn rebuilt(
    lists: &ListArray,
    values: &ArrayRef,
    picked: Vec<usize>,
    lengths: Vec<usize>,
) -> Result<ArrayRef> {
    let item = match lists.data_type() {
        DataType::List(item) => Arc::clone(item),
        _ => return datafusion::common::plan_err!("not a list"),
    };
    let picked: Vec<Option<u64>> = picked.into_iter().map(|at| u64::try_from(at).ok()).collect();
    let values = take(values, &UInt64Array::from(picked), None)?;
    let item = Arc::new(item.as_ref().clone().with_data_type(values.data_type().clone()));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(item, offsets, values, lists.nulls().cloned())?))
}

/// All elements in one dimension.
pub(super) fn flattened(lists: &ListArray) -> Result<ArrayRef> {
    let leaves = Leaves::of(lists);
    let (mut picked, mut lengths) = (Vec::new(), Vec::new());
    for row in 0..lists.len() {
        let range = leaves.range(row);
        lengths.push(range.len());
        picked.extend(range);
    }
    let Some(field) = leaf_field(lists.data_type()) else {
        return datafusion::common::plan_err!("not a list");
    };
    let picked: Vec<Option<u64>> = picked.into_iter().map(|at| u64::try_from(at).ok()).collect();
    let values = take(&leaves.values, &UInt64Array::from(picked), None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(field, offsets, values, lists.nulls().cloned())?))
}
