//! The rows that a statement makes and those that go, from what its query says of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, new_null_array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;

use super::assigned::Place;
use crate::catalog::log::Stamped;
use crate::catalog::table::{Default, Table};
use crate::error::{Error, Result};
use crate::pg::encode::{OutputSettings, value_bytes};
use crate::pg::types;
use crate::rows::{Refused, Rows, batch_of};

/// Characters of a value that an error tells.
const TOLD_LEN_MAX: usize = 64;

/// A table whose rows change, and how errors tell of them.
pub(super) struct Target<'a> {
    pub(super) table: &'a Table,
    pub(super) rows: &'a Rows,
    pub(super) output: &'a OutputSettings,
}

impl Target<'_> {
    /// The columns while NULL may be in any of them.
    pub(super) fn loose(&self) -> SchemaRef {
        let fields = self.table.columns.fields().iter();
        let fields = fields.map(|field| (**field).clone().with_nullable(true));
        Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
    }

    /// The rows of an INSERT.
    /// Errors: 22001.
    pub(super) fn inserted(
        &self,
        places: &[Place],
        batches: &[RecordBatch],
    ) -> Result<RecordBatch> {
        let loose = self.loose();
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
            new.push(self.shaped(&loose, arrays.collect(), batch.num_rows())?);
        }
        let new = self.joined(&loose, &new)?;
        match self.table.is_log {
            true => Stamped::NONE.put_on(self.table, &new),
            false => Ok(new),
        }
    }

    /// Rows of these arrays.
    /// Errors: 22001.
    pub(super) fn of_arrays(
        &self,
        places: &[Place],
        arrays: Vec<ArrayRef>,
        count: usize,
    ) -> Result<RecordBatch> {
        let fields = places
            .iter()
            .zip(&arrays)
            .map(|(place, array)| Field::new(&place.name, array.data_type().clone(), true));
        let columns: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
        self.inserted(places, &[batch_of(&columns, arrays, count)?])
    }

    /// The rows of an UPDATE: the numbers they had, and what they are now. A row that was found twice counts once.
    /// Errors: 22001; 40001 for rows that are gone.
    pub(super) fn updated(
        &self,
        places: &[Place],
        batches: &[RecordBatch],
    ) -> Result<(Vec<i64>, RecordBatch)> {
        let loose = self.loose();
        let (mut numbers, mut seen) = (Vec::new(), BTreeSet::new());
        let mut changed = Vec::with_capacity(batches.len());
        for batch in batches {
            let batch = first_of_each(batch, &mut seen)?;
            let Some((own, values)) = batch.columns().split_last() else { continue };
            let own = own.as_primitive::<Int64Type>().values();
            let before = self.rows.take(own).map_err(|refused| self.refused(&refused, None))?;
            let mut arrays = before.columns().to_vec();
            for (place, array) in places.iter().zip(values) {
                if let Some(slot) = arrays.get_mut(place.index) {
                    *slot = Arc::clone(array);
                }
            }
            changed.push(self.shaped(&loose, arrays, batch.num_rows())?);
            numbers.extend(own);
        }
        Ok((numbers, self.joined(&loose, &changed)?))
    }

    /// The numbers of the rows that a DELETE names.
    pub(super) fn deleted(&self, batches: &[RecordBatch]) -> Vec<i64> {
        let numbers = batches.iter().filter_map(|batch| batch.columns().last());
        let numbers: BTreeSet<i64> =
            numbers.flat_map(|it| it.as_primitive::<Int64Type>().values().to_vec()).collect();
        numbers.into_iter().collect()
    }

    fn joined(&self, columns: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch> {
        match columns.fields().is_empty() {
            true => {
                let count = batches.iter().map(RecordBatch::num_rows).sum();
                batch_of(columns, Vec::new(), count)
            }
            false => concat_batches(columns, batches).map_err(internal),
        }
    }

    /// Arrays as the table's types and lengths have them.
    /// Errors: 22001.
    fn shaped(
        &self,
        columns: &SchemaRef,
        arrays: Vec<ArrayRef>,
        count: usize,
    ) -> Result<RecordBatch> {
        let mut own = Vec::with_capacity(arrays.len());
        for (array, field) in arrays.into_iter().zip(columns.fields()) {
            let array = match array.data_type() == field.data_type() {
                true => array,
                false => arrow::compute::cast(&array, field.data_type()).map_err(internal)?,
            };
            own.push(within_length(array, field)?);
        }
        batch_of(columns, own, count)
    }

    /// Rows as the table's, all that is to be known of them being there.
    /// Errors: 23502 for the first row with NULL in a column that may not have it; 22001.
    pub(super) fn fitted(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let arrays = batch.columns();
        let columns = arrays.iter().zip(self.table.columns.fields());
        let first =
            columns.filter(|(_, field)| !field.is_nullable()).filter_map(|(array, field)| {
                let row = (0..array.len()).find(|row| array.is_null(*row))?;
                Some((row, field))
            });
        if let Some((row, field)) = first.min_by_key(|(row, _)| *row) {
            let message = format!(
                "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                field.name(),
                self.table.name
            );
            let told = self.told(arrays, row);
            return Err(
                Error::NotNullViolation(message).detail(format!("Failing row contains ({told})."))
            );
        }
        self.shaped(&self.table.columns, arrays.to_vec(), batch.num_rows())
    }

    /// What is wrong with row `row` of `batch`, for which a check is false.
    pub(super) fn unchecked(&self, constraint: &str, batch: &RecordBatch, row: usize) -> Error {
        let message = format!(
            "new row for relation \"{}\" violates check constraint \"{constraint}\"",
            self.table.name
        );
        let told = self.told(batch.columns(), row);
        Error::CheckViolation(message).detail(format!("Failing row contains ({told})."))
    }

    /// Why rows cannot change so. `inserted` are those that were to come.
    pub(super) fn refused(&self, refused: &Refused, inserted: Option<&RecordBatch>) -> Error {
        match refused {
            Refused::Gone(_) => {
                let name = &self.table.name;
                let message = format!("a row of table \"{name}\" was changed by another commit");
                Error::SerializationFailure(message)
            }
            Refused::Duplicate { index, row } => {
                let index = self.table.index(*index);
                let name = index.map_or("?", |index| &index.name);
                let message = format!("duplicate key value violates unique constraint \"{name}\"");
                let error = Error::UniqueViolation(message);
                let numbers: Vec<i16> = index
                    .map_or_else(Vec::new, |it| it.keys.iter().map(|key| key.column).collect());
                match inserted {
                    Some(batch) => {
                        let key = self.key(&numbers, batch, *row);
                        error.detail(format!("Key {key} already exists."))
                    }
                    None => error,
                }
            }
            Refused::Failed(error) => error.clone(),
        }
    }

    /// `(columns)=(values)` of a row.
    pub(super) fn key(&self, numbers: &[i16], batch: &RecordBatch, row: usize) -> String {
        let places: Vec<usize> =
            numbers.iter().filter_map(|number| self.table.place(*number)).collect();
        let names: Vec<&str> = numbers.iter().filter_map(|it| self.table.column(*it)).collect();
        let values =
            places.iter().filter_map(|place| self.text(batch.columns().get(*place)?, *place, row));
        format!("({})=({})", names.join(", "), values.collect::<Vec<_>>().join(", "))
    }

    /// A row as errors tell it.
    fn told(&self, arrays: &[ArrayRef], row: usize) -> String {
        // What the commit gives is not known yet.
        let own = |(place, _): &(usize, &ArrayRef)| {
            let default = self.table.attributes.get(*place).and_then(|it| it.default.as_ref());
            !matches!(default, Some(Default::Stamped(_)))
        };
        let texts = arrays.iter().enumerate().filter(own).map(|(place, array)| {
            let text = self.text(array, place, row).unwrap_or_else(|| "?".to_owned());
            match text.char_indices().nth(TOLD_LEN_MAX) {
                Some(_) => text.chars().take(TOLD_LEN_MAX).chain("...".chars()).collect(),
                None => text,
            }
        });
        texts.collect::<Vec<String>>().join(", ")
    }

    fn text(&self, array: &ArrayRef, place: usize, row: usize) -> Option<String> {
        let value = ScalarValue::try_from_array(array, row).ok()?;
        if value.is_null() {
            return Some("null".to_owned());
        }
        let oid = types::of_field(self.table.columns.fields().get(place)?).oid;
        let bytes = value_bytes(&value, oid, false, self.output).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The rows of a batch whose number, in the last column, was not there before.
fn first_of_each(batch: &RecordBatch, seen: &mut BTreeSet<i64>) -> Result<RecordBatch> {
    let Some(numbers) = batch.columns().last() else { return Ok(batch.clone()) };
    let numbers = numbers.as_primitive::<Int64Type>().values();
    let places: Vec<Option<u64>> = (0_u64..)
        .zip(numbers)
        .filter_map(|(place, number)| seen.insert(*number).then_some(Some(place)))
        .collect();
    if places.len() == batch.num_rows() {
        return Ok(batch.clone());
    }
    take_record_batch(batch, &arrow::array::UInt64Array::from(places)).map_err(internal)
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
    Error::Internal(format!("rows of a table: {error}"))
}
