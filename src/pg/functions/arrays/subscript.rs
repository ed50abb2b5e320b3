//! Subscripts (PostgreSQL manual, section 8.15.3), and those of `jsonb` (8.14.5).

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, StringArray, StringBuilder, UInt64Array, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, plan_err};

use super::leaves::leaf_field;
use super::shape::row_range;
use super::{DIMENSIONS_MAX, external};
use crate::error::Error;
use crate::pg::catalog::rows;
use crate::pg::functions::json;
use crate::pg::types::{self, TYPE_KEY};

/// What a subscripted `base` is.
/// Errors: 42804 for a type without subscripts, 54000 for too many of them.
pub(super) fn field(name: &str, base: &FieldRef, count: usize) -> Result<Field> {
    if DIMENSIONS_MAX < count && base.data_type().is_list() {
        return Err(external(Error::ProgramLimitExceeded(format!(
            "number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
        ))));
    }
    match leaf_field(base.data_type()) {
        Some(item) => Ok(item.as_ref().clone().with_name(name).with_nullable(true)),
        None if types::of_field(base).oid == types::NAME && count == 1 => {
            Ok(rows::field(name, "char").with_nullable(true))
        }
        None if types::of_field(base).oid == types::JSONB => {
            let metadata = [(TYPE_KEY.to_owned(), "jsonb".to_owned())].into_iter().collect();
            Ok(Field::new(name, DataType::Utf8, true).with_metadata(metadata))
        }
        None => {
            let kind = types::sql_name(types::of_field(base).oid);
            Err(external(Error::no_subscripts(&kind)))
        }
    }
}

/// The letters of a `name`, which is an array of bytes that counts from 0.
pub(super) fn letters(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let names = cast(&arrays[0], &DataType::Utf8)?;
    let places = cast(&arrays[1], &DataType::Utf8)?;
    let letter = |(name, place): (Option<&str>, Option<&str>)| {
        let byte = name?.as_bytes().get(place?.parse::<usize>().ok()?)?;
        byte.is_ascii().then(|| char::from(*byte).to_string())
    };
    let pairs = names.as_string::<i32>().iter().zip(places.as_string::<i32>());
    let letters: StringArray = pairs.map(letter).collect();
    Ok(Arc::new(letters))
}

/// `jsonb` at a path of names and numbers.
pub(super) fn members(arrays: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = cast(&arrays[0], &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let mut found = StringBuilder::new();
    for row in 0..texts.len() {
        let steps = arrays.iter().skip(1).map(|key| {
            let keys = key.as_string::<i32>();
            keys.is_valid(row).then(|| keys.value(row).to_owned())
        });
        let steps: Vec<Option<String>> = steps.collect();
        if texts.is_null(row) {
            found.append_null();
            continue;
        }
        let value = json::at_path(texts.value(row), &steps).map_err(external)?;
        found.append_option(value);
    }
    Ok(Arc::new(found.finish()))
}

/// `a[i][j]`: NULL for what there is not, and for more or fewer subscripts than dimensions.
pub(super) fn elements(
    lists: &ListArray,
    keys: &[ArrayRef],
    first: i64,
    wanted: &DataType,
) -> Result<ArrayRef> {
    let mut at: Vec<Option<usize>> = (0..lists.len()).map(Some).collect();
    let mut level: ArrayRef = Arc::new(lists.clone());
    for key in keys {
        let Some(here) = level.as_list_opt::<i32>() else {
            return Ok(new_null_array(wanted, lists.len()));
        };
        let keys = key.as_primitive::<Int64Type>();
        for (row, place) in at.iter_mut().enumerate() {
            *place = place.filter(|_| keys.is_valid(row)).and_then(|place| {
                let range = row_range(here, place);
                let index = usize::try_from(keys.value(row).checked_sub(first)?).ok()?;
                let found = range.start.checked_add(index)?;
                (found < range.end).then_some(found)
            });
        }
        level = Arc::clone(here.values());
    }
    if level.data_type().is_list() {
        return Ok(new_null_array(wanted, lists.len()));
    }
    let at: Vec<Option<u64>> =
        at.into_iter().map(|place| place.and_then(|place| u64::try_from(place).ok())).collect();
    Ok(take(&level, &UInt64Array::from(at), None)?)
}

/// `a[i:j][k:l]`: an array without elements where nothing is inside the bounds.
pub(super) fn slices(
    lists: &ListArray,
    bounds: &[ArrayRef],
    first: i64,
    wanted: &DataType,
) -> Result<ArrayRef> {
    let mut known = Vec::with_capacity(lists.len());
    for row in 0..lists.len() {
        known.push(lists.is_valid(row) && bounds.iter().all(|bound| bound.is_valid(row)));
    }
    let cuts: Vec<Vec<(i64, i64)>> = (0..lists.len())
        .map(|row| {
            let bound = |pair: &[ArrayRef]| {
                let at = |index: usize| {
                    pair.get(index).map_or(0, |b| b.as_primitive::<Int64Type>().value(row))
                };
                // As an index from 0, which is where those of every array begin.
                (at(0).saturating_sub(first), at(1).saturating_sub(first))
            };
            bounds.chunks(2).map(bound).collect()
        })
        .collect();
    let rows: Vec<(usize, usize)> = (0..lists.len()).map(|row| (row, row)).collect();
    let empty: Vec<bool> =
        (0..lists.len()).map(|row| !known[row] || is_empty(lists, row, &cuts[row])).collect();
    let cut = cut(lists, &rows, &cuts, &empty, 0)?;
    let (item, offsets, values, _) = cut.into_parts();
    let nulls = Some(arrow::buffer::NullBuffer::from(known));
    let list: ArrayRef = Arc::new(ListArray::try_new(item, offsets, values, nulls)?);
    Ok(cast(&list, wanted)?)
}

/// Whether a slice has no elements: one of its dimensions has none.
fn is_empty(lists: &ListArray, row: usize, cuts: &[(i64, i64)]) -> bool {
    let mut level = lists.clone();
    let mut at = row;
    for (index, cut) in cuts.iter().enumerate() {
        let range = row_range(&level, at);
        if within(&range, *cut).is_empty() {
            return true;
        }
        at = range.start;
        let inner = level.values().as_list_opt::<i32>().cloned();
        match inner {
            Some(inner) => level = inner,
            // More bounds than dimensions.
            None => return index + 1 < cuts.len(),
        }
    }
    false
}

/// The items of `range` that are inside the bounds, both included.
fn within(range: &Range<usize>, (low, high): (i64, i64)) -> Range<usize> {
    let low = usize::try_from(low).unwrap_or(0);
    let end = usize::try_from(high.saturating_add(1)).unwrap_or(0);
    let start = range.start.saturating_add(low).min(range.end);
    start..range.start.saturating_add(end).clamp(start, range.end)
}

/// The lists at the first of each pair of `rows`, cut as the second, a row of the outermost, says.
fn cut(
    lists: &ListArray,
    rows: &[(usize, usize)],
    cuts: &[Vec<(i64, i64)>],
    empty: &[bool],
    level: usize,
) -> Result<ListArray> {
    let DataType::List(item) = lists.data_type() else { return plan_err!("not a list") };
    let (mut picked, mut lengths) = (Vec::new(), Vec::new());
    for (at, row) in rows {
        let range = row_range(lists, *at);
        let range = match cuts[*row].get(level) {
            _ if empty[*row] => 0..0,
            Some(bounds) => within(&range, *bounds),
            None => range,
        };
        lengths.push(range.len());
        picked.extend(range.map(|place| (place, *row)));
    }
    let values: ArrayRef = match lists.values().as_list_opt::<i32>() {
        Some(inner) => Arc::new(cut(inner, &picked, cuts, empty, level + 1)?),
        None => {
            let places = picked.iter().map(|(place, _)| u64::try_from(*place).ok());
            take(lists.values(), &places.collect::<UInt64Array>(), None)?
        }
    };
    let offsets = OffsetBuffer::from_lengths(lengths);
    let item = Arc::new(item.as_ref().clone().with_data_type(values.data_type().clone()));
    Ok(ListArray::try_new(item, offsets, values, None)?)
}
