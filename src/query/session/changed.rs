//! The rows of a table after a change. A table is replaced as a whole: who reads it goes on with what it was.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, RecordBatchOptions, StringArray, new_null_array,
};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{Field, Int64Type};
use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;

use super::assigned::Place;
use crate::error::{Error, Result};
use crate::pg::encode::{OutputSettings, value_bytes};
use crate::pg::facts::TemporaryTable;
use crate::pg::types;

/// Rows of one batch of a table: single rows that are inserted are put together up to here.
const BATCH_ROWS: usize = 8_192;

/// Characters of a value that an error tells.
const TOLD_LEN_MAX: usize = 64;

/// All rows of a table after a change, and those that it changed.
pub(super) type Rows = (Vec<RecordBatch>, RecordBatch);

/// A table whose rows change, and how errors tell of them.
pub(super) struct Target<'a> {
    pub(super) table: &'a TemporaryTable,
    pub(super) output: &'a OutputSettings,
}

impl Target<'_> {
    /// All rows after an INSERT, and those that are new.
    pub(super) fn inserted(&self, places: &[Place], batches: &[RecordBatch]) -> Result<Rows> {
        let mut new = Vec::with_capacity(batches.len());
        for batch in batches {
            let mut arrays: Vec<Option<ArrayRef>> = vec![None; self.table.columns.fields().len()];
            for (place, array) in places.iter().zip(batch.columns()) {
                if let Some(slot) = arrays.get_mut(place.index) {
                    *slot = Some(Arc::clone(array));
                }
            }
            let arrays =
                arrays.into_iter().zip(self.table.columns.fields()).map(|(array, field)| {
                    array.unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
                });
            new.push(self.fitted(arrays.collect(), batch.num_rows())?);
        }
        let new = concat_batches(&self.table.columns, &new).map_err(internal)?;
        let mut rows = self.table.rows.clone();
        match rows.last_mut() {
            Some(last) if last.num_rows() + new.num_rows() <= BATCH_ROWS => {
                *last = concat_batches(&self.table.columns, [&*last, &new]).map_err(internal)?;
            }
            _ if new.num_rows() == 0 => {}
            _ => rows.push(new.clone()),
        }
        Ok((rows, new))
    }

    /// All rows after an UPDATE, and those that changed, as they are now. Changed rows come last, as PostgreSQL writes them.
    pub(super) fn updated(&self, places: &[Place], batches: &[RecordBatch]) -> Result<Rows> {
        let old = concat_batches(&self.table.columns, &self.table.rows).map_err(internal)?;
        let mut changed = Vec::with_capacity(batches.len());
        let mut kept = vec![true; old.num_rows()];
        for batch in batches {
            let Some((numbers, values)) = batch.columns().split_last() else { continue };
            leave(&mut kept, numbers);
            let own = take_record_batch(&old, numbers).map_err(internal)?;
            let mut arrays = own.columns().to_vec();
            for (place, array) in places.iter().zip(values) {
                if let Some(slot) = arrays.get_mut(place.index) {
                    *slot = Arc::clone(array);
                }
            }
            changed.push(self.fitted(arrays, batch.num_rows())?);
        }
        let changed = concat_batches(&self.table.columns, &changed).map_err(internal)?;
        let kept = filter_record_batch(&old, &BooleanArray::from(kept)).map_err(internal)?;
        let rows = [kept, changed.clone()];
        Ok((rows.into_iter().filter(|batch| 0 < batch.num_rows()).collect(), changed))
    }

    /// All rows after a DELETE, and those that went.
    pub(super) fn deleted(&self, batches: &[RecordBatch]) -> Result<Rows> {
        let old = concat_batches(&self.table.columns, &self.table.rows).map_err(internal)?;
        let mut kept = vec![true; old.num_rows()];
        for batch in batches {
            if let Some(numbers) = batch.columns().last() {
                leave(&mut kept, numbers);
            }
        }
        let gone: BooleanArray = kept.iter().map(|kept| Some(!kept)).collect();
        let gone = filter_record_batch(&old, &gone).map_err(internal)?;
        let rows = filter_record_batch(&old, &BooleanArray::from(kept)).map_err(internal)?;
        Ok((if rows.num_rows() == 0 { Vec::new() } else { vec![rows] }, gone))
    }

    /// Rows as the table's: of its types and lengths, without NULL where it may not be.
    /// Errors: 22001, 23502.
    pub(super) fn fitted(&self, arrays: Vec<ArrayRef>, count: usize) -> Result<RecordBatch> {
        let mut own = Vec::with_capacity(arrays.len());
        for (array, field) in arrays.into_iter().zip(self.table.columns.fields()) {
            let array = match array.data_type() == field.data_type() {
                true => array,
                false => arrow::compute::cast(&array, field.data_type()).map_err(internal)?,
            };
            let array = within_length(array, field)?;
            own.push(array);
        }
        self.check_nulls(&own)?;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        RecordBatch::try_new_with_options(Arc::clone(&self.table.columns), own, &options)
            .map_err(internal)
    }

    /// Errors: 23502 for the first row with NULL in a column that may not have it.
    fn check_nulls(&self, arrays: &[ArrayRef]) -> Result<()> {
        let columns = arrays.iter().zip(self.table.columns.fields());
        let first =
            columns.filter(|(_, field)| !field.is_nullable()).filter_map(|(array, field)| {
                let row = (0..array.len()).find(|row| array.is_null(*row))?;
                Some((row, field))
            });
        let Some((row, field)) = first.min_by_key(|(row, _)| *row) else { return Ok(()) };
        let message = format!(
            "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
            field.name(),
            self.table.name
        );
        let told = self.told(arrays, row);
        Err(Error::NotNullViolation(message).detail(format!("Failing row contains ({told}).")))
    }

    /// A row as errors tell it.
    fn told(&self, arrays: &[ArrayRef], row: usize) -> String {
        let fields = self.table.columns.fields();
        let texts = arrays.iter().zip(fields).map(|(array, field)| {
            let value = ScalarValue::try_from_array(array, row).ok()?;
            if value.is_null() {
                return Some("null".to_owned());
            }
            let oid = types::of_field(field).oid;
            let bytes = value_bytes(&value, oid, false, self.output).ok()?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            Some(match text.char_indices().nth(TOLD_LEN_MAX) {
                Some(_) => text.chars().take(TOLD_LEN_MAX).chain("...".chars()).collect(),
                None => text,
            })
        });
        let texts: Vec<String> = texts.map(|text| text.unwrap_or_else(|| "?".to_owned())).collect();
        texts.join(", ")
    }
}

fn leave(kept: &mut [bool], numbers: &ArrayRef) {
    for number in numbers.as_primitive::<Int64Type>().values() {
        if let Some(slot) = usize::try_from(*number).ok().and_then(|index| kept.get_mut(index)) {
            *slot = false;
        }
    }
}

/// Texts of a column with a length: spaces behind it are cut, `character(n)` is filled up with them.
/// Errors: 22001 for a longer one.
fn within_length(array: ArrayRef, field: &Field) -> Result<ArrayRef> {
    let pg_type = types::of_field(field);
    let padded = pg_type.oid == types::BPCHAR;
    let length = match pg_type.oid {
        types::VARCHAR | types::BPCHAR => pg_type.modifier - 4,
        _ => return Ok(array),
    };
    let (Ok(length), Some(texts)) = (usize::try_from(length), array.as_string_opt::<i32>()) else {
        return Ok(array);
    };
    let fit = |text: &str| -> Result<String> {
        let mut own: String = text.chars().take(length).collect();
        if text.chars().skip(length).any(|letter| letter != ' ') {
            let kind = types::format_type(pg_type.oid, pg_type.modifier);
            return Err(Error::StringTooLong(format!("value too long for type {kind}")));
        }
        if padded {
            let missing = length.saturating_sub(own.chars().count());
            own.extend(std::iter::repeat_n(' ', missing));
        }
        Ok(own)
    };
    let texts = texts.iter().map(|text| text.map(fit).transpose());
    Ok(Arc::new(texts.collect::<Result<StringArray>>()?))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn internal(error: arrow::error::ArrowError) -> Error {
    Error::Internal(format!("temporary table: {error}"))
}
