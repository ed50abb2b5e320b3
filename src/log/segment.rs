//! What is in the file of a segment, a Parquet file of these columns:
//!
//! | column | what |
//! |---|---|
//! | `0` | the row's number less the first of the segment; the numbers of a file that is written ahead of its commit are not known yet |
//! | `1`, `2`, … | the columns of the log that have these numbers in `pg_attribute`: names may change |
//! | `t` | `_time`, where the rows have it already; otherwise it is that of the commit |

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::compute::{cast, filter_record_batch, max, min};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::catalog::log::{Log, Segment};
use crate::catalog::table::{Default, Stamp, Table};
use crate::error::{Error, Result};
use crate::rows::{Rows, batch_of};

/// The column of numbers.
pub(super) const OFFSET: &str = "0";

/// The column of times.
pub(super) const TIME: &str = "t";

/// Rows of a row group: what is read at once, and what pruning leaves out.
const GROUP_ROWS: usize = 1 << 17;

/// The rows of one file.
pub(super) struct Content {
    columns: SchemaRef,
    batches: Vec<RecordBatch>,
}

/// The columns of a log's files, with the place in the log of each that has one.
pub(super) fn layout(table: &Table, timed: bool) -> Vec<(FieldRef, Option<usize>)> {
    let mut columns = vec![(Arc::new(Field::new(OFFSET, DataType::Int64, false)), None)];
    for (place, attribute) in table.attributes.iter().enumerate() {
        let field = table.columns.field(place);
        match attribute.default {
            Some(Default::Stamped(Stamp::Seq)) => {}
            Some(Default::Stamped(Stamp::Time)) if timed => {
                columns.push((Arc::new(field.clone().with_name(TIME)), Some(place)));
            }
            Some(Default::Stamped(Stamp::Time)) => {}
            _ => {
                let own = field.clone().with_name(attribute.number.to_string());
                columns.push((Arc::new(own), Some(place)));
            }
        }
    }
    columns
}

/// The columns without what the fields say of PostgreSQL's types, which is the catalog's to know.
fn bare(columns: &[(FieldRef, Option<usize>)]) -> SchemaRef {
    let bare = |(field, _): &(FieldRef, Option<usize>)| {
        Field::new(field.name(), field.data_type().clone(), field.is_nullable())
    };
    Arc::new(Schema::new(columns.iter().map(bare).collect::<Vec<Field>>()))
}

/// A column of rows of a segment, in a file that begins at the number `first`.
fn moved(rows: &RecordBatch, field: &Field, segment: &Segment, first: i64) -> Result<ArrayRef> {
    let count = rows.num_rows();
    match (field.name().as_str(), rows.column_by_name(field.name())) {
        (OFFSET, Some(own)) => {
            let numbers = own.as_primitive::<Int64Type>().values().iter();
            let numbers = numbers.map(|offset| offset + segment.first - first);
            Ok(Arc::new(Int64Array::from_iter_values(numbers)))
        }
        (_, Some(own)) => Ok(Arc::clone(own)),
        (TIME, None) => {
            let times = TimestampMicrosecondArray::from(vec![segment.times_us.0; count]);
            let times = cast(&times, field.data_type());
            times.map_err(|error| Error::Internal(format!("segment of a log: {error}")))
        }
        (_, None) => Ok(new_null_array(field.data_type(), count)),
    }
}

/// Whether a column of this type can be in a file.
pub fn storable(kind: &DataType) -> bool {
    match kind {
        // Parquet has no such interval (apache/arrow-rs, `arrow_writer`).
        DataType::Interval(_) => false,
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => storable(field.data_type()),
        DataType::Struct(fields) => fields.iter().all(|field| storable(field.data_type())),
        _ => true,
    }
}

impl Content {
    /// Rows that have neither numbers nor times yet.
    pub(super) fn unnumbered(table: &Table, rows: &RecordBatch) -> Result<Content> {
        let columns = layout(table, false);
        let count = i64::try_from(rows.num_rows()).unwrap_or(i64::MAX);
        let offsets = Arc::new(Int64Array::from_iter_values(0..count));
        Content::of(&columns, vec![(offsets, rows.clone())])
    }

    /// The rows of a file without those whose numbers, less the first of the segment, are within `first` and `last`.
    /// Errors: XX001 for a file that is damaged.
    pub(super) fn without(bytes: Vec<u8>, (first, last): (i64, i64)) -> Result<Content> {
        let damaged = |error: &dyn std::fmt::Display| {
            Error::DataCorrupted(format!("a segment of a log cannot be read: {error}"))
        };
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes));
        let reader = reader.map_err(|e| damaged(&e))?;
        let columns = Arc::clone(reader.schema());
        let mut batches = Vec::new();
        for batch in reader.build().map_err(|e| damaged(&e))? {
            let batch = batch.map_err(|e| damaged(&e))?;
            let offsets = batch.column_by_name(OFFSET).and_then(|it| it.as_primitive_opt());
            let offsets: &Int64Array = offsets.ok_or_else(|| damaged(&"it has no numbers"))?;
            let kept = offsets.iter().map(|it| it.map(|it| it < first || last < it));
            let kept = filter_record_batch(&batch, &BooleanArray::from_iter(kept));
            batches.push(kept.map_err(|e| damaged(&e))?);
        }
        Ok(Content { columns, batches })
    }

    /// The rows of segments, one behind the other, as those of one. Columns that the log has no more are left out.
    /// Errors: XX001 for a file that is damaged.
    pub(super) fn merged(table: &Table, parts: Vec<(Arc<Segment>, Vec<u8>)>) -> Result<Content> {
        let schema = bare(&layout(table, true));
        let first = parts.first().map_or(0, |(segment, _)| segment.first);
        let mut batches = Vec::new();
        for (segment, bytes) in parts {
            // None has a number below the first.
            for batch in &Content::without(bytes, (0, -1))?.batches {
                let array = |field: &FieldRef| moved(batch, field, &segment, first);
                let arrays = schema.fields().iter().map(array).collect::<Result<_>>()?;
                batches.push(batch_of(&schema, arrays, batch.num_rows())?);
            }
        }
        Ok(Content { columns: schema, batches })
    }

    /// The oldest rows of a log in memory, up to the next segment: their first and last numbers, and the rows.
    pub(super) fn oldest(
        table: &Table,
        rows: &Rows,
        log: &Log,
    ) -> Result<Option<(i64, i64, Content)>> {
        let first = rows.first();
        let next = log.segments.iter().find(|segment| first < segment.first);
        let before = next.map_or(i64::MAX, |segment| segment.first);
        let mut last = first;
        let mut parts = Vec::new();
        for (numbers, batch) in rows.parts().1 {
            let count = numbers.partition_point(|number| *number < before);
            let Some(own) = numbers.get(..count).filter(|own| !own.is_empty()) else { break };
            last = own.last().copied().unwrap_or(last);
            let offsets = Int64Array::from_iter_values(own.iter().map(|number| number - first));
            parts.push((Arc::new(offsets), batch.slice(0, count)));
        }
        if parts.is_empty() {
            return Ok(None);
        }
        Ok(Some((first, last, Content::of(&layout(table, true), parts)?)))
    }

    fn of(
        columns: &[(FieldRef, Option<usize>)],
        parts: Vec<(Arc<Int64Array>, RecordBatch)>,
    ) -> Result<Content> {
        let schema = bare(columns);
        let mut batches = Vec::with_capacity(parts.len());
        for (offsets, rows) in parts {
            let arrays = columns.iter().map(|(_, place)| {
                let own = place.and_then(|place| rows.columns().get(place));
                own.map_or_else(|| Arc::clone(&offsets) as ArrayRef, Arc::clone)
            });
            batches.push(batch_of(&schema, arrays.collect(), offsets.len())?);
        }
        Ok(Content { columns: schema, batches })
    }

    #[cfg(test)]
    pub(super) fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The least and the greatest time, in microseconds since the Unix epoch.
    pub(super) fn times_us(&self) -> (i64, i64) {
        let (mut least, mut greatest) = (i64::MAX, i64::MIN);
        for batch in &self.batches {
            let times = batch.column_by_name(TIME).and_then(|it| cast(it, &DataType::Int64).ok());
            let Some(times) = times else { continue };
            let times = times.as_primitive::<Int64Type>();
            least = least.min(min(times).unwrap_or(least));
            greatest = greatest.max(max(times).unwrap_or(greatest));
        }
        (least, greatest)
    }

    /// The bytes of the file.
    /// Errors: those of Parquet.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let offset = ColumnPath::from(OFFSET);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_column_dictionary_enabled(offset.clone(), false)
            .set_column_encoding(offset, Encoding::DELTA_BINARY_PACKED)
            .build();
        let written = || -> Result<Vec<u8>, ParquetError> {
            let mut bytes = Vec::new();
            let mut writer =
                ArrowWriter::try_new(&mut bytes, Arc::clone(&self.columns), Some(properties))?;
            for batch in &self.batches {
                writer.write(batch)?;
            }
            writer.close()?;
            Ok(bytes)
        };
        written().map_err(|error| Error::Internal(format!("segment of a log: {error}")))
    }
}
