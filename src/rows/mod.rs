//! Rows: what tables that users write hold, in memory.
//!
//! A value of rows never changes. A change of it makes another that shares all batches it did not touch, so that who
//! reads goes on with what it saw, a transaction goes back by taking the value it began with, and a commit is one swap.
//!
//! Owns: the rows, their numbers, and the unique indexes over them. Invariants: numbers grow with each row that is added
//! and none is used twice; a unique index tells of exactly the rows there are; after a change that was refused the value
//! is what it was. On failure: [`Refused`] says which row is gone or double; nothing else can fail but Arrow itself.
//!
//! Imports: error. Used by: catalog, pg, query.

mod ipc;
mod unique;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions, new_null_array,
};
use arrow::compute::{cast, concat_batches, filter, filter_record_batch, interleave_record_batch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};

pub use ipc::{decode, encode, schema_bytes, schema_of};
pub use unique::Key;
use unique::UniqueIndex;

use crate::error::{Error, Result};

/// Rows of one batch: single rows that are added are put together up to here. More would copy too much for each change,
/// fewer would make scans slow.
const BATCH_ROWS: usize = 8_192;

/// The rows of one table.
#[derive(Debug, Clone)]
pub struct Rows {
    columns: SchemaRef,
    chunks: Vec<Arc<Chunk>>,
    indexes: Vec<UniqueIndex>,
    /// The number that the next row gets.
    next: i64,
    /// How many rows have come, and how many other changes there have been.
    revision: u64,
    len: usize,
    bytes: usize,
}

/// Some rows and their numbers, which grow.
#[derive(Debug)]
struct Chunk {
    numbers: Int64Array,
    batch: RecordBatch,
    bytes: usize,
}

/// Columns whose values no two rows have together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// `pg_class.oid` of the index.
    pub oid: u32,
    /// The columns, by their place.
    pub columns: Vec<usize>,
    /// Whether rows with NULL are like no other.
    pub nulls_distinct: bool,
}

/// A change of rows: those that go, then those that come.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Whether all go.
    pub all: bool,
    /// Numbers of those that go.
    pub deleted: Vec<i64>,
    /// Those that come, of the table's columns.
    pub inserted: Option<RecordBatch>,
    /// Of a log: the number that the caller has told for the first of them.
    pub first: Option<i64>,
}

/// Why a change cannot be made.
#[derive(Debug, Clone)]
pub enum Refused {
    /// A row that is to go is not there any more.
    Gone(i64),
    /// Two rows would have the same key.
    Duplicate {
        /// The index.
        index: u32,
        /// The later of the two, by its place among those that come.
        row: usize,
    },
    /// Arrow failed.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Failed(error)
    }
}

impl Rows {
    /// No rows.
    pub fn empty(columns: &SchemaRef, unique: &[Unique]) -> Rows {
        Rows {
            columns: Arc::clone(columns),
            chunks: Vec::new(),
            indexes: unique.iter().cloned().map(UniqueIndex::new).collect(),
            next: 1,
            revision: 0,
            len: 0,
            bytes: 0,
        }
    }

    /// Rows as [`Rows::parts`] told them.
    /// Errors: those of Arrow; [`Refused::Duplicate`].
    pub fn of_parts(
        columns: &SchemaRef,
        unique: &[Unique],
        (next, revision): (i64, u64),
        parts: Vec<(Vec<i64>, RecordBatch)>,
    ) -> Result<Rows, Refused> {
        let mut rows = Rows { next, revision, ..Rows::empty(columns, unique) };
        for (numbers, batch) in parts {
            rows.add(Int64Array::from(numbers), batch)?;
        }
        Ok(rows)
    }

    /// What they are made of: for each batch its numbers, and what comes next.
    pub fn parts(&self) -> ((i64, u64), impl Iterator<Item = (&[i64], &RecordBatch)>) {
        let parts = self.chunks.iter().map(|it| (it.numbers.values().as_ref(), &it.batch));
        ((self.next, self.revision), parts)
    }

    /// Their columns.
    pub fn columns(&self) -> &SchemaRef {
        &self.columns
    }

    /// All of them.
    pub fn batches(&self) -> Vec<RecordBatch> {
        self.chunks.iter().map(|chunk| chunk.batch.clone()).collect()
    }

    /// The numbers of rows from `first` to `last`.
    pub fn numbers_between(&self, first: i64, last: i64) -> Vec<i64> {
        let numbers = self.chunks.iter().flat_map(|chunk| chunk.numbers.values());
        numbers.copied().filter(|number| first <= *number && *number <= last).collect()
    }

    /// Those with a number from `first` to `last`, and maybe some others.
    pub fn batches_between(&self, first: i64, last: i64) -> Vec<RecordBatch> {
        let within = |chunk: &&Arc<Chunk>| {
            let numbers = chunk.numbers.values();
            numbers.first().is_some_and(|own| *own <= last)
                && numbers.last().is_some_and(|own| first <= *own)
        };
        self.chunks.iter().filter(within).map(|chunk| chunk.batch.clone()).collect()
    }

    /// Exactly those with a number from `first` to `last`.
    pub fn slices_between(&self, first: i64, last: i64) -> Vec<RecordBatch> {
        let slice = |chunk: &Arc<Chunk>| {
            let numbers = chunk.numbers.values();
            let from = numbers.partition_point(|number| *number < first);
            let to = numbers.partition_point(|number| *number <= last);
            (from < to).then(|| chunk.batch.slice(from, to - from))
        };
        self.chunks.iter().filter_map(slice).collect()
    }

    /// All of them, with a last column `name` of their numbers.
    /// Errors: those of Arrow.
    pub fn numbered(&self, name: &str) -> Result<(SchemaRef, Vec<RecordBatch>)> {
        let number = Arc::new(Field::new(name, DataType::Int64, false));
        let fields: Vec<FieldRef> = self.columns.fields().iter().cloned().chain([number]).collect();
        let columns: SchemaRef = Arc::new(Schema::new(fields));
        let numbered = |chunk: &Arc<Chunk>| {
            let mut arrays = chunk.batch.columns().to_vec();
            arrays.push(Arc::new(chunk.numbers.clone()));
            RecordBatch::try_new(Arc::clone(&columns), arrays).map_err(failed)
        };
        let batches = self.chunks.iter().map(numbered).collect::<Result<_>>()?;
        Ok((columns, batches))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The memory that they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many rows have come, and how many other changes there have been: with the same number they are the same. It is
    /// the same whether rows came one by one or in one change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The number that the next row gets.
    pub fn next(&self) -> i64 {
        self.next
    }

    /// The number of the first row; the next one where there is none.
    pub fn first(&self) -> i64 {
        let first = self.chunks.first().and_then(|chunk| chunk.numbers.values().first());
        first.copied().unwrap_or(self.next)
    }

    /// How many have a number up to `last`.
    pub fn up_to(&self, last: i64) -> usize {
        let whole = |chunk: &Arc<Chunk>| chunk.numbers.values().partition_point(|it| *it <= last);
        self.chunks.iter().map(whole).sum()
    }

    /// The rows without those up to `last`, which are kept in another place from now on. Unique indexes do not know of it:
    /// there must be none.
    pub fn sealed(&self, last: i64) -> Rows {
        let mut rows = Rows { chunks: Vec::new(), len: 0, bytes: 0, ..self.clone() };
        for chunk in &self.chunks {
            let count = chunk.numbers.len();
            let kept = match chunk.numbers.values().partition_point(|it| *it <= last) {
                0 => Arc::clone(chunk),
                gone if gone == count => continue,
                gone => Arc::new(Chunk::new(
                    chunk.numbers.slice(gone, count - gone),
                    chunk.batch.slice(gone, count - gone),
                )),
            };
            rows.len += kept.numbers.len();
            rows.bytes += kept.bytes;
            rows.chunks.push(kept);
        }
        rows.revision += u64::from(rows.len != self.len);
        rows
    }

    /// The same rows; the next one gets the number `next`.
    pub fn going_on_at(self, next: i64) -> Rows {
        let revision = self.revision + u64::from(next != self.next);
        Rows { next, revision, ..self }
    }

    /// The rows with these numbers, in their order.
    /// Errors: [`Refused::Gone`]; those of Arrow.
    pub fn take(&self, numbers: &[i64]) -> Result<RecordBatch, Refused> {
        let mut places = Vec::with_capacity(numbers.len());
        for number in numbers {
            places.push(self.place(*number).ok_or(Refused::Gone(*number))?);
        }
        if places.is_empty() {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.columns)));
        }
        if self.columns.fields().is_empty() {
            return Ok(without_columns(&self.columns, places.len())?);
        }
        let batches: Vec<&RecordBatch> = self.chunks.iter().map(|chunk| &chunk.batch).collect();
        Ok(interleave_record_batch(&batches, &places).map_err(failed)?)
    }

    /// The keys of rows in the index `oid`; `None` for one that is like no other.
    /// Errors: those of Arrow.
    pub fn keys(&self, oid: u32, batch: &RecordBatch) -> Result<Vec<Option<Key>>> {
        self.index(oid)?.keys(batch)
    }

    /// The keys that these columns, one for each of the index, make in it; `None` where one is NULL.
    /// Errors: those of Arrow.
    pub fn keys_of(&self, oid: u32, columns: &[ArrayRef]) -> Result<Vec<Option<Key>>> {
        let index = self.index(oid)?;
        let own = index.of().columns.iter().zip(columns).map(|(place, array)| {
            let kind = self.columns.fields().get(*place).map(|field| field.data_type());
            match kind {
                Some(kind) if kind != array.data_type() => cast(array, kind).map_err(failed),
                _ => Ok(Arc::clone(array)),
            }
        });
        unique::keys(&own.collect::<Result<Vec<_>>>()?, true)
    }

    /// The row with a key.
    pub fn find(&self, oid: u32, key: &[u8]) -> Option<i64> {
        self.index(oid).ok()?.find(key)
    }

    fn index(&self, oid: u32) -> Result<&UniqueIndex> {
        let found = self.indexes.iter().find(|index| index.of().oid == oid);
        found.ok_or_else(|| Error::Internal(format!("no unique index {oid}")))
    }

    /// The rows after a change.
    pub fn changed(&self, change: &Change) -> Result<Rows, Refused> {
        let mut rows = match change.all {
            true => {
                let unique: Vec<Unique> =
                    self.indexes.iter().map(|index| index.of().clone()).collect();
                Rows { next: self.next, ..Rows::empty(&self.columns, &unique) }
            }
            false => self.clone(),
        };
        let inserted_len = change.inserted.as_ref().map_or(0, |batch| batch.num_rows() as u64);
        let removes = change.all || !change.deleted.is_empty();
        rows.revision = self.revision + inserted_len + u64::from(removes);
        if !change.all {
            rows.remove(&change.deleted)?;
        }
        if let Some(inserted) = &change.inserted {
            let end = i64::try_from(inserted.num_rows())
                .ok()
                .and_then(|count| rows.next.checked_add(count))
                .ok_or_else(|| Error::ProgramLimitExceeded("too many rows".to_owned()))?;
            let numbers = Int64Array::from_iter_values(rows.next..end);
            rows.next = end;
            rows.add(numbers, inserted.clone())?;
        }
        Ok(rows)
    }

    /// The same rows with other columns and unique indexes: each column is one of before, or all NULL.
    /// Errors: [`Refused::Duplicate`]; those of Arrow, also for NULL where a column may not have it.
    pub fn reshaped(
        &self,
        columns: &SchemaRef,
        before: &[Option<usize>],
        unique: &[Unique],
    ) -> Result<Rows, Refused> {
        let same = self.columns == *columns
            && before.iter().enumerate().all(|(index, from)| *from == Some(index));
        let indexes = || self.indexes.iter().map(UniqueIndex::of);
        if same && indexes().eq(unique) {
            return Ok(Rows { revision: self.revision + 1, ..self.clone() });
        }
        let mut parts = Vec::with_capacity(self.chunks.len());
        for chunk in &self.chunks {
            let count = chunk.batch.num_rows();
            let arrays = before.iter().zip(columns.fields()).map(|(from, field)| {
                let own = from.and_then(|index| chunk.batch.columns().get(index));
                own.cloned().unwrap_or_else(|| new_null_array(field.data_type(), count))
            });
            let batch = batch_of(columns, arrays.collect(), count)?;
            parts.push((chunk.numbers.values().to_vec(), batch));
        }
        Rows::of_parts(columns, unique, (self.next, self.revision + 1), parts)
    }

    /// Where a row is: its chunk, and its place in it.
    fn place(&self, number: i64) -> Option<(usize, usize)> {
        let after = self.chunks.partition_point(|chunk| {
            chunk.numbers.values().first().is_some_and(|it| *it <= number)
        });
        let index = after.checked_sub(1)?;
        let within = self.chunks.get(index)?.numbers.values().binary_search(&number).ok()?;
        Some((index, within))
    }

    fn remove(&mut self, numbers: &[i64]) -> Result<(), Refused> {
        let mut gone: std::collections::BTreeMap<usize, Vec<bool>> = Default::default();
        for number in numbers {
            let (chunk, within) = self.place(*number).ok_or(Refused::Gone(*number))?;
            let len = self.chunks.get(chunk).map_or(0, |chunk| chunk.numbers.len());
            let kept = gone.entry(chunk).or_insert_with(|| vec![true; len]);
            if let Some(slot) = kept.get_mut(within) {
                *slot = false;
            }
        }
        for (index, kept) in gone.iter().rev() {
            let Some(chunk) = self.chunks.get(*index).cloned() else { continue };
            let kept = BooleanArray::from(kept.clone());
            let left = arrow::compute::not(&kept).map_err(failed)?;
            let left = filtered(&chunk.batch, &left)?;
            for unique in &mut self.indexes {
                unique.remove(&left)?;
            }
            let numbers = filter(&chunk.numbers, &kept).map_err(failed)?;
            let batch = filtered(&chunk.batch, &kept)?;
            self.len -= left.num_rows();
            self.bytes -= chunk.bytes;
            if batch.num_rows() == 0 {
                self.chunks.remove(*index);
                continue;
            }
            let chunk = Chunk::new(Int64Array::from(numbers.to_data()), batch);
            self.bytes += chunk.bytes;
            if let Some(slot) = self.chunks.get_mut(*index) {
                *slot = Arc::new(chunk);
            }
        }
        Ok(())
    }

    fn add(&mut self, numbers: Int64Array, batch: RecordBatch) -> Result<(), Refused> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        for unique in &mut self.indexes {
            if let Err(row) = unique.add(numbers.values(), &batch)? {
                return Err(Refused::Duplicate { index: unique.of().oid, row });
            }
        }
        self.len += batch.num_rows();
        let chunk = Chunk::new(numbers, batch);
        self.bytes += chunk.bytes;
        self.chunks.push(Arc::new(chunk));
        self.merge()
    }

    /// Puts the last batches together while none is far smaller than the one before it: so each row is copied a few times
    /// at most, and there are few batches.
    fn merge(&mut self) -> Result<(), Refused> {
        while let [.., before, last] = self.chunks.as_slice() {
            let (larger, smaller) = (before.numbers.len(), last.numbers.len());
            if BATCH_ROWS < larger + smaller || 2 * smaller < larger {
                break;
            }
            let numbers = [before.numbers.values().as_ref(), last.numbers.values().as_ref()];
            let numbers = Int64Array::from(numbers.concat());
            let batch = match self.columns.fields().is_empty() {
                true => without_columns(&self.columns, larger + smaller)?,
                false => {
                    concat_batches(&self.columns, [&before.batch, &last.batch]).map_err(failed)?
                }
            };
            let chunk = Chunk::new(numbers, batch);
            self.bytes = self.bytes - before.bytes - last.bytes + chunk.bytes;
            self.chunks.truncate(self.chunks.len() - 2);
            self.chunks.push(Arc::new(chunk));
        }
        Ok(())
    }
}

impl Chunk {
    fn new(numbers: Int64Array, batch: RecordBatch) -> Chunk {
        let bytes = bytes(&batch) + numbers.len() * size_of::<i64>();
        Chunk { numbers, batch, bytes }
    }
}

/// The bytes of rows in memory. Batches may be parts of one buffer, which counts once then.
pub fn bytes(rows: &RecordBatch) -> usize {
    let own = |array: &ArrayRef| match array.data_type() {
        // Arrow does not count what views point to.
        DataType::Utf8View | DataType::BinaryView => array.get_array_memory_size(),
        _ => array
            .to_data()
            .get_slice_memory_size()
            .unwrap_or_else(|_unknown| array.get_array_memory_size()),
    };
    rows.columns().iter().map(own).sum()
}

/// A batch that has its number of rows also without columns.
/// Errors: those of Arrow.
pub fn batch_of(columns: &SchemaRef, arrays: Vec<ArrayRef>, count: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::clone(columns), arrays, &options).map_err(failed)
}

fn without_columns(columns: &SchemaRef, count: usize) -> Result<RecordBatch> {
    batch_of(columns, Vec::new(), count)
}

fn filtered(batch: &RecordBatch, kept: &BooleanArray) -> Result<RecordBatch> {
    match batch.columns().is_empty() {
        true => without_columns(batch.schema_ref(), kept.true_count()),
        false => filter_record_batch(batch, kept).map_err(failed),
    }
}

/// What Arrow says of rows.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn failed(error: arrow::error::ArrowError) -> Error {
    Error::Internal(format!("rows of a table: {error}"))
}
