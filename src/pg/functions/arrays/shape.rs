//! Dimensions: telling, joining, filling and cutting them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StringArray, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, interleave, take};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, plan_err};

use super::external;
use super::leaves::{Leaves, depth, rebuilt};
use crate::error::Error;

/// Elements `array_fill` makes at most in one array. PostgreSQL stops at a gigabyte, of its own memory.
const FILLED_LEN_MAX: usize = 10_000_000;

/// The lengths along each dimension of a row; none for an array without elements.
fn lengths(lists: &ListArray, row: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut next: Option<ArrayRef> = lists.is_valid(row).then(|| lists.value(row));
    while let Some(values) = next.take() {
        if values.is_empty() {
            return Vec::new();
        }
        found.push(values.len());
        next = values.as_list_opt::<i32>().map(|inner| inner.value(0));
    }
    found
}

fn small(number: usize) -> Option<i32> {
    i32::try_from(number).ok()
}

/// Looks at arrays that are to be the elements of one (`accumArrayResultArr`).
/// Errors: 22004 for NULL; 2202E for an empty one first, and for one of other dimensions than the first.
pub(in crate::pg::functions) fn check_elements(lists: &ListArray) -> Result<()> {
    let refused = |message: &str| Err(external(Error::ArraySubscript(message.to_owned())));
    let first = lengths(lists, 0);
    for row in 0..lists.len() {
        if lists.is_null(row) {
            let message = "cannot accumulate null arrays".to_owned();
            return Err(external(Error::NullNotAllowed(message)));
        }
        if first.is_empty() {
            return refused("cannot accumulate empty arrays");
        }
        if lengths(lists, row) != first {
            return refused("cannot accumulate arrays of different dimensionality");
        }
    }
    Ok(())
}

/// `array_length`: NULL where there is no such dimension.
pub(super) fn length(lists: &ListArray, dimension: &ArrayRef) -> Result<ArrayRef> {
    let dimensions = dimension.as_primitive::<Int64Type>();
    let found = (0..lists.len()).map(|row| {
        let index = dimensions.is_valid(row).then(|| dimensions.value(row).checked_sub(1))??;
        lengths(lists, row).get(usize::try_from(index).ok()?).copied().and_then(small)
    });
    Ok(Arc::new(found.collect::<Int32Array>()))
}

/// `array_ndims`: NULL for an array without elements.
pub(super) fn dimensions(lists: &ListArray) -> Result<ArrayRef> {
    let found = (0..lists.len()).map(|row| match lengths(lists, row).len() {
        0 => None,
        count => small(count),
    });
    Ok(Arc::new(found.collect::<Int32Array>()))
}

/// `array_dims`
pub(super) fn bounds(lists: &ListArray, first: i64) -> Result<ArrayRef> {
    let found = (0..lists.len()).map(|row| {
        let lengths = lengths(lists, row);
        let bound = |length: &usize| {
            let last = i64::try_from(*length).unwrap_or(i64::MAX).saturating_add(first - 1);
            format!("[{first}:{last}]")
        };
        (!lengths.is_empty()).then(|| lengths.iter().map(bound).collect::<String>())
    });
    Ok(Arc::new(found.collect::<StringArray>()))
}

/// `cardinality`: the number of all elements.
pub(super) fn cardinality(lists: &ListArray) -> Result<ArrayRef> {
    let leaves = Leaves::of(lists);
    let count = |row: usize| lists.is_valid(row).then(|| small(leaves.range(row).len()))?;
    Ok(Arc::new((0..lists.len()).map(count).collect::<Int32Array>()))
}

/// `trim_array`: without the last elements.
/// Errors: 2202E for more of them than there are.
pub(super) fn trimmed(lists: &ListArray, counts: &ArrayRef) -> Result<ArrayRef> {
    let counts = counts.as_primitive::<Int64Type>();
    let (mut picked, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..lists.len() {
        let known = lists.is_valid(row) && counts.is_valid(row);
        valid.push(known);
        if !known {
            lengths.push(0);
            continue;
        }
        let range = row_range(lists, row);
        let count = usize::try_from(counts.value(row)).ok().filter(|count| *count <= range.len());
        let Some(count) = count else {
            return Err(external(Error::ArraySubscript(format!(
                "number of elements to trim must be between 0 and {}",
                range.len()
            ))));
        };
        lengths.push(range.len() - count);
        picked.extend(range.start..range.end - count);
    }
    let trimmed = rebuilt(lists, lists.values(), picked, lengths)?;
    let trimmed = trimmed.as_list::<i32>().clone();
    let (item, offsets, values, _) = trimmed.into_parts();
    Ok(Arc::new(ListArray::try_new(item, offsets, values, Some(NullBuffer::from(valid)))?))
}

/// Where the items of a row stand among those of the outermost dimension.
pub(super) fn row_range(lists: &ListArray, row: usize) -> std::ops::Range<usize> {
    let at = |index: usize| {
        lists.value_offsets().get(index).map_or(0, |offset| usize::try_from(*offset).unwrap_or(0))
    };
    if lists.is_null(row) { 0..0 } else { at(row)..at(row + 1) }
}

/// Each element as an array of its own, of the type `wanted`.
/// Errors: 22000 for an element beside an array of several dimensions.
pub(super) fn singles(elements: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    let DataType::List(item) = wanted else { return plan_err!("not a list") };
    if item.data_type().is_list() {
        let message = "argument must be empty or one-dimensional array".to_owned();
        return Err(external(Error::Data(message)));
    }
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(1, elements.len()));
    let elements = cast(elements, item.data_type())?;
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, elements, None)?))
}

/// The items of two arrays behind each other. An array of one dimension less is one item of the other. NULL joins to
/// the other one.
/// Errors: 2202E for arrays whose inner dimensions differ.
pub(super) fn joined(left: &ArrayRef, right: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    let DataType::List(item) = wanted else { return Ok(new_null_array(wanted, left.len())) };
    let (left, right) = (as_wanted(left, wanted)?, as_wanted(right, wanted)?);
    let mut picked: Vec<(usize, usize)> = Vec::new();
    let (mut row_lengths, mut valid) = (Vec::new(), Vec::new());
    for row in 0..left.len() {
        let before = picked.len();
        let inner = |lists: &ListArray| lengths(lists, row).into_iter().skip(1).collect::<Vec<_>>();
        let (left_inner, right_inner) = (inner(&left), inner(&right));
        let (left_range, right_range) = (row_range(&left, row), row_range(&right, row));
        if !left_range.is_empty() && !right_range.is_empty() && left_inner != right_inner {
            return Err(external(
                Error::ArraySubscript("cannot concatenate incompatible arrays".to_owned()).detail(
                    "Arrays with differing element dimensions are not compatible for \
                     concatenation.",
                ),
            ));
        }
        picked.extend(left_range.map(|at| (0, at)));
        picked.extend(right_range.map(|at| (1, at)));
        row_lengths.push(picked.len() - before);
        valid.push(left.is_valid(row) || right.is_valid(row));
    }
    let values = interleave(&[left.values().as_ref(), right.values().as_ref()], &picked)?;
    let offsets = OffsetBuffer::from_lengths(row_lengths);
    let nulls = Some(NullBuffer::from(valid));
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, nulls)?))
}

/// An array as one of type `wanted`: of one dimension less, it becomes the one item of it.
fn as_wanted(array: &ArrayRef, wanted: &DataType) -> Result<ListArray> {
    let missing = depth(wanted).saturating_sub(depth(array.data_type()));
    let DataType::List(item) = wanted else { return plan_err!("not a list") };
    if array.data_type().is_null() || missing == 0 {
        return Ok(cast(array, wanted)?.as_list::<i32>().clone());
    }
    if missing > 1 {
        return Err(external(
            Error::ArraySubscript("cannot concatenate incompatible arrays".to_owned())
                .detail("Arrays of these dimensions are not compatible for concatenation."),
        ));
    }
    let inner = cast(array, item.data_type())?;
    let inner_lists = inner.as_list::<i32>();
    // One without elements adds nothing.
    let filled = |row: usize| !row_range(inner_lists, row).is_empty();
    let rows = (0..inner.len()).filter(|row| filled(*row));
    let picked: Vec<Option<u64>> = rows.map(|row| u64::try_from(row).ok()).collect();
    let lengths = (0..inner.len()).map(|row| usize::from(filled(row)));
    let offsets = OffsetBuffer::from_lengths(lengths);
    let values = take(&inner, &arrow::array::UInt64Array::from(picked), None)?;
    Ok(ListArray::try_new(Arc::clone(item), offsets, values, inner.nulls().cloned())?)
}

/// `array_fill`: a value, and the length of each dimension.
/// Errors: 22004 for a length that is NULL, 54000 for too many elements.
pub(super) fn filled(arrays: &[ArrayRef], wanted: &DataType) -> Result<ArrayRef> {
    let [value, lengths @ ..] = arrays else { return plan_err!("no value to fill with") };
    let too_long = || {
        external(Error::ProgramLimitExceeded(format!(
            "array size exceeds the maximum allowed ({FILLED_LEN_MAX})"
        )))
    };
    let mut rows: Vec<Vec<usize>> = Vec::with_capacity(value.len());
    for row in 0..value.len() {
        let mut own = Vec::with_capacity(lengths.len());
        for length in lengths {
            let length = length.as_primitive::<Int64Type>();
            if length.is_null(row) {
                let message = "dimension values cannot be null".to_owned();
                return Err(external(Error::NullNotAllowed(message)));
            }
            own.push(usize::try_from(length.value(row)).map_err(|_negative| too_long())?);
        }
        if own.contains(&0) {
            own.fill(0);
        }
        rows.push(own);
    }
    let totals = rows
        .iter()
        .map(|own| own.iter().try_fold(1_usize, |total, length| total.checked_mul(*length)));
    let totals = totals.collect::<Option<Vec<usize>>>().ok_or_else(too_long)?;
    if totals
        .iter()
        .try_fold(0_usize, |sum, total| sum.checked_add(*total))
        .is_none_or(|sum| FILLED_LEN_MAX < sum)
    {
        return Err(too_long());
    }
    let every =
        totals.iter().zip(0_u64..).flat_map(|(total, row)| std::iter::repeat_n(row, *total));
    let every = every.collect::<arrow::array::UInt64Array>();
    let mut result = take(value, &every, None)?;
    // From the innermost dimension outwards.
    for level in (0..lengths.len()).rev() {
        let item = item_at(wanted, level)?;
        let counts = rows.iter().flat_map(|own| {
            let outer = own.iter().take(level).product::<usize>();
            std::iter::repeat_n(own.get(level).copied().unwrap_or(0), outer)
        });
        let offsets = OffsetBuffer::from_lengths(counts);
        let values = cast(&result, item.data_type())?;
        result = Arc::new(ListArray::try_new(item, offsets, values, None)?);
    }
    Ok(result)
}

/// The field of the items `level` dimensions inside `list`.
fn item_at(list: &DataType, level: usize) -> Result<arrow::datatypes::FieldRef> {
    match (list, level) {
        (DataType::List(item), 0) => Ok(Arc::clone(item)),
        (DataType::List(item), _) => item_at(item.data_type(), level - 1),
        _ => plan_err!("not a list"),
    }
}
