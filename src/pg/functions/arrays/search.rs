//! Elements found by their value.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListArray, make_comparator,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::SortOptions;
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::Result;

use super::external;
use super::leaves::{Leaves, rebuilt, with_leaves};
use crate::error::Error;
use crate::pg::functions::floats::with_one_form;

/// Errors: 0A000 for an array of several dimensions.
fn flat(lists: &ListArray, what: &str) -> Result<()> {
    if lists.values().data_type().is_list() {
        let message = format!("{what} multidimensional arrays is not supported");
        return Err(external(Error::FeatureNotSupported(message)));
    }
    Ok(())
}

/// Which elements are the value of their row; NULL is NULL.
fn same_as(leaves: &Leaves, value: &ArrayRef) -> Result<BooleanArray> {
    let values = with_one_form(&leaves.beside(value)?);
    Ok(not_distinct(&with_one_form(&leaves.values), &values)?)
}

/// `array_remove`: without every element that is `value`; NULL is removed like any other.
pub(super) fn removed(lists: &ListArray, value: &ArrayRef) -> Result<ArrayRef> {
    flat(lists, "removing elements from")?;
    let leaves = Leaves::of(lists);
    let same = same_as(&leaves, value)?;
    let (mut picked, mut lengths) = (Vec::new(), Vec::new());
    for row in 0..lists.len() {
        let before = picked.len();
        picked.extend(leaves.range(row).filter(|at| !same.value(*at)));
        lengths.push(picked.len() - before);
    }
    rebuilt(lists, &leaves.values, picked, lengths)
}

/// `array_replace`: `to` in place of every element that is `from`.
pub(super) fn replaced(lists: &ListArray, from: &ArrayRef, to: &ArrayRef) -> Result<ArrayRef> {
    let leaves = Leaves::of(lists);
    let same = same_as(&leaves, from)?;
    let values = zip(&same, &leaves.beside(to)?, &leaves.values)?;
    Ok(Arc::new(with_leaves(lists, values)?))
}

/// `array_position`: the subscript of the first element that is `value`, from `start` on.
/// Errors: 22004 for a `start` that is NULL; 0A000 for an array of several dimensions.
pub(super) fn position(
    lists: &ListArray,
    value: &ArrayRef,
    start: Option<&ArrayRef>,
    first: i64,
) -> Result<ArrayRef> {
    flat(lists, "searching for elements in")?;
    let leaves = Leaves::of(lists);
    let same = same_as(&leaves, value)?;
    let mut found = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        let mut range = leaves.range(row);
        let begin = range.start;
        if let Some(start) = start
            && lists.is_valid(row)
        {
            let starts = start.as_primitive::<Int64Type>();
            if starts.is_null(row) {
                let message = "initial position must not be null".to_owned();
                return Err(external(Error::NullNotAllowed(message)));
            }
            let skipped = usize::try_from(starts.value(row).saturating_sub(first)).unwrap_or(0);
            range.start = range.start.saturating_add(skipped).min(range.end);
        }
        let at = range.into_iter().find(|at| same.value(*at));
        found.push(at.and_then(|at| subscript(at - begin, first)));
    }
    Ok(Arc::new(Int32Array::from(found)))
}

fn subscript(index: usize, first: i64) -> Option<i32> {
    i64::try_from(index).ok().and_then(|index| i32::try_from(index + first).ok())
}

/// `array_positions`: the subscripts of all elements that are `value`.
pub(super) fn positions(lists: &ListArray, value: &ArrayRef, first: i64) -> Result<ArrayRef> {
    flat(lists, "searching for elements in")?;
    let leaves = Leaves::of(lists);
    let same = same_as(&leaves, value)?;
    let (mut found, mut lengths) = (Vec::new(), Vec::new());
    for row in 0..lists.len() {
        let before = found.len();
        let range = leaves.range(row);
        let begin = range.start;
        let hits = range.filter(|at| same.value(*at));
        found.extend(hits.filter_map(|at| subscript(at - begin, first)));
        lengths.push(found.len() - before);
    }
    let item = Arc::new(Field::new_list_field(DataType::Int32, true));
    let (offsets, values) =
        (OffsetBuffer::from_lengths(lengths), Arc::new(Int32Array::from(found)));
    Ok(Arc::new(ListArray::try_new(item, offsets, values, lists.nulls().cloned())?))
}

/// Whether `left` has every element of `right` (`@>`), or one of them (`&&`). NULL is equal to none.
pub(super) fn related(left: &ListArray, right: &ListArray, all: bool) -> Result<ArrayRef> {
    let (left_leaves, right_leaves) = (Leaves::of(left), Leaves::of(right));
    let (own, other) = (&with_one_form(&left_leaves.values), &with_one_form(&right_leaves.values));
    let compare = make_comparator(own, other, SortOptions::default())?;
    let mut found = Vec::with_capacity(left.len());
    for row in 0..left.len() {
        if left.is_null(row) || right.is_null(row) {
            found.push(None);
            continue;
        }
        let range = left_leaves.range(row);
        let mut has = right_leaves.range(row).map(|at| {
            other.is_valid(at)
                && range
                    .clone()
                    .any(|own_at| own.is_valid(own_at) && compare(own_at, at) == Ordering::Equal)
        });
        found.push(Some(if all { has.all(|has| has) } else { has.any(|has| has) }));
    }
    Ok(Arc::new(BooleanArray::from(found)))
}

/// How one array stands to another (`btarraycmp`): element by element, NULL above all, then by the number of elements.
pub(super) fn ordered(left: &ListArray, right: &ListArray) -> Result<ArrayRef> {
    let (left_leaves, right_leaves) = (Leaves::of(left), Leaves::of(right));
    let options = SortOptions { descending: false, nulls_first: false };
    let (left_values, right_values) =
        (with_one_form(&left_leaves.values), with_one_form(&right_leaves.values));
    let compare = make_comparator(&left_values, &right_values, options)?;
    let mut found = Vec::with_capacity(left.len());
    for row in 0..left.len() {
        if left.is_null(row) || right.is_null(row) {
            found.push(None);
            continue;
        }
        let (own, other) = (left_leaves.range(row), right_leaves.range(row));
        let lengths = own.len().cmp(&other.len());
        let order = own.zip(other).map(|(at, other_at)| compare(at, other_at));
        let order = order.into_iter().find(|order| order.is_ne()).unwrap_or(lengths);
        found.push(Some(match order {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }));
    }
    Ok(Arc::new(Int32Array::from(found)))
}
