//! Reads the formats that are decoded from front to back (CSV, NDJSON, Arrow IPC, Avro) into the columns asked for.
//!
//! DataFusion's own sources read CSV and Arrow by position: a file that lacks a column, or has two in another order,
//! would give wrong rows. Here every column is found by its name, a missing one is NULL, and an error names its file.
//!
//! Memory is bounded by [`Limits`]: a line, and what a compressed file may inflate to.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use datafusion::arrow_avro::reader::ReaderBuilder as AvroBuilder;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;

use super::inspect::Limits;
use crate::catalog::manifest::{Compression, Format};
use crate::error::{Error, Result};

/// Bytes read from a disk at once.
const READ_BYTES: usize = 256 * 1024;

/// The first bytes of an Arrow IPC file; a stream has none.
pub(super) const ARROW_MAGIC: &[u8] = b"ARROW1";

/// Batches of the columns asked for.
pub(super) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// One file to read.
pub(super) struct Source {
    /// The file, at any position.
    pub(super) file: File,
    /// Its format.
    pub(super) format: Format,
    /// The bytes whose lines are wanted; `None` is all. Only plain NDJSON can be read in parts: a quoted value of CSV may
    /// hold a line break, so that nobody knows where a record begins.
    pub(super) range: Option<Range<u64>>,
}

/// Opens `source` for the columns of `wanted`, in that order; one the file lacks is NULL.
pub(super) fn open(
    mut source: Source,
    wanted: &SchemaRef,
    batch_size: usize,
    limits: &Limits,
) -> Result<Batches, ArrowError> {
    source.file.rewind()?;
    match source.format {
        Format::Csv(compression) => open_csv(&source.file, compression, wanted, batch_size, limits),
        Format::Json(compression) => open_json(source, compression, wanted, batch_size, limits),
        Format::Arrow => open_arrow(source.file, wanted),
        Format::Avro => open_avro(source.file, wanted, batch_size),
        Format::Parquet => Err(ArrowError::NotYetImplemented("Parquet from front to back".into())),
    }
}

/// The text of a file, decompressed, and how much of it was read so far.
pub(super) fn text(
    file: File,
    compression: Compression,
    limits: &Limits,
) -> Result<(BufReader<Bounded>, Arc<AtomicU64>), ArrowError> {
    let stored_bytes = file.metadata()?.len();
    let kind = match compression {
        Compression::Plain => FileCompressionType::UNCOMPRESSED,
        Compression::Gzip => FileCompressionType::GZIP,
        Compression::Zstd => FileCompressionType::ZSTD,
    };
    let inner = kind
        .convert_read(BufReader::with_capacity(READ_BYTES, file))
        .map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
    let total = Arc::new(AtomicU64::new(0));
    let total_max = match compression {
        Compression::Plain => u64::MAX,
        _ => limits
            .inflated_base_bytes
            .saturating_add(stored_bytes.saturating_mul(limits.inflated_ratio_max)),
    };
    let bounded = Bounded {
        inner,
        total: Arc::clone(&total),
        total_max,
        line: 0,
        line_max: limits.line_bytes_max,
    };
    Ok((BufReader::with_capacity(READ_BYTES, bounded), total))
}

/// The names in the header line of a CSV file.
pub(super) fn csv_header(
    file: &File,
    compression: Compression,
    limits: &Limits,
) -> Result<Vec<String>, ArrowError> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    let (reader, _) = text(file, compression, limits)?;
    let format = arrow::csv::reader::Format::default().with_header(true);
    let (schema, _) = format.infer_schema(reader, Some(0))?;
    Ok(schema.fields().iter().map(|field| field.name().clone()).collect())
}

/// A reader that stops a line without end and a compressed file that inflates without end.
pub(super) struct Bounded {
    inner: Box<dyn Read + Send>,
    total: Arc<AtomicU64>,
    total_max: u64,
    line: u64,
    line_max: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        let total = self.total.fetch_add(bytes(count), Ordering::Relaxed) + bytes(count);
        if total > self.total_max {
            return Err(std::io::Error::other("it inflates beyond every measure"));
        }
        match read.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => self.line = bytes(count - at - 1),
            None => self.line += bytes(count),
        }
        if self.line > self.line_max {
            return Err(std::io::Error::other(format!(
                "a line is longer than {} bytes",
                self.line_max
            )));
        }
        Ok(count)
    }
}

/// A count of bytes in memory as a count of bytes on a disk.
pub(super) fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn open_csv(
    file: &File,
    compression: Compression,
    wanted: &SchemaRef,
    batch_size: usize,
    limits: &Limits,
) -> Result<Batches, ArrowError> {
    let names = csv_header(file, compression, limits)?;
    let fields = names.iter().map(|name| match wanted.field_with_name(name) {
        Ok(field) => Field::new(name, field.data_type().clone(), true),
        Err(_) => Field::new(name, DataType::Utf8, true),
    });
    let file_schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let present = present(&file_schema, wanted);
    let mut file = file.try_clone()?;
    file.rewind()?;
    let (reader, _) = text(file, compression, limits)?;
    let batches = arrow::csv::ReaderBuilder::new(file_schema)
        .with_header(true)
        .with_batch_size(batch_size)
        .with_projection(present)
        .build_buffered(reader)?;
    Ok(fitted(batches, wanted))
}

fn open_json(
    source: Source,
    compression: Compression,
    wanted: &SchemaRef,
    batch_size: usize,
    limits: &Limits,
) -> Result<Batches, ArrowError> {
    let nullable = wanted.fields().iter().map(|field| field.as_ref().clone().with_nullable(true));
    let builder =
        arrow::json::ReaderBuilder::new(Arc::new(Schema::new(nullable.collect::<Vec<_>>())))
            .with_batch_size(batch_size)
            // A column of texts and numbers was inferred as text.
            .with_coerce_primitive(true);
    let reader: Box<dyn BufRead + Send> = match source.range {
        None => Box::new(text(source.file, compression, limits)?.0),
        Some(range) => {
            let size = source.file.metadata()?.len();
            let start = line_start(&source.file, range.start, size, limits)?;
            let end = line_start(&source.file, range.end, size, limits)?;
            let mut file = source.file;
            file.seek(SeekFrom::Start(start))?;
            let (reader, _) = text(file, compression, limits)?;
            Box::new(reader.take(end.saturating_sub(start)))
        }
    };
    Ok(fitted(builder.build(reader)?, wanted))
}

/// The start of the first line that begins at or after `at`.
fn line_start(file: &File, at: u64, size: u64, limits: &Limits) -> Result<u64, ArrowError> {
    if at == 0 || at >= size {
        return Ok(at.min(size));
    }
    let mut file = file.try_clone()?;
    // From the byte before: when that is a line break, a line begins exactly at `at`.
    file.seek(SeekFrom::Start(at - 1))?;
    let mut reader = BufReader::new(file).take(limits.line_bytes_max);
    let mut skipped = 0;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok((at - 1).saturating_add(skipped).min(size));
        }
        if let Some(found) = buffer.iter().position(|byte| *byte == b'\n') {
            return Ok(at + skipped + bytes(found));
        }
        let count = buffer.len();
        skipped += bytes(count);
        reader.consume(count);
    }
}

fn open_arrow(mut file: File, wanted: &SchemaRef) -> Result<Batches, ArrowError> {
    let (schema, is_file) = arrow_schema(&file)?;
    let present = present(&schema, wanted);
    file.rewind()?;
    let reader = BufReader::with_capacity(READ_BYTES, file);
    if is_file {
        Ok(fitted(FileReader::try_new(reader, Some(present))?, wanted))
    } else {
        Ok(fitted(StreamReader::try_new(reader, Some(present))?, wanted))
    }
}

/// The schema of an Arrow IPC file or stream, and whether it is a file.
pub(super) fn arrow_schema(file: &File) -> Result<(SchemaRef, bool), ArrowError> {
    let mut file = file.try_clone()?;
    let mut magic = [0; 6];
    file.rewind()?;
    let is_file = file.read_exact(&mut magic).is_ok() && magic == ARROW_MAGIC;
    file.rewind()?;
    let reader = BufReader::new(file);
    let schema = if is_file {
        FileReader::try_new(reader, None)?.schema()
    } else {
        StreamReader::try_new(reader, None)?.schema()
    };
    Ok((schema, is_file))
}

fn open_avro(file: File, wanted: &SchemaRef, batch_size: usize) -> Result<Batches, ArrowError> {
    let reader = BufReader::with_capacity(READ_BYTES, file);
    let batches = AvroBuilder::new().with_batch_size(batch_size).build(reader)?;
    Ok(fitted(batches, wanted))
}

/// Which columns of a file are wanted, in the file's order.
fn present(file_schema: &Schema, wanted: &Schema) -> Vec<usize> {
    let indices = 0..file_schema.fields().len();
    indices.filter(|at| wanted.index_of(file_schema.field(*at).name()).is_ok()).collect()
}

fn fitted(
    mut batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    wanted: &SchemaRef,
) -> Batches {
    let wanted = Arc::clone(wanted);
    let mut failed = false;
    Box::new(std::iter::from_fn(move || {
        // Some readers repeat an error for ever.
        if failed {
            return None;
        }
        let next = catch_unwind(AssertUnwindSafe(|| batches.next()))
            .unwrap_or_else(|_| Some(Err(ArrowError::ParseError("the decoder gave up".into()))));
        let batch = next?.and_then(|batch| fit(&batch, &wanted));
        failed = batch.is_err();
        Some(batch)
    }))
}

/// The columns of `wanted` by name: cast where the file has a narrower type, NULL where it has none.
fn fit(batch: &RecordBatch, wanted: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let columns = wanted.fields().iter().map(|field| match batch.column_by_name(field.name()) {
        None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
        Some(column) => cast_with_options(column, field.data_type(), &strict),
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(wanted), columns, &options)
}

/// What went wrong with a file, in the words of whoever found it.
pub(super) fn damaged(path: &str, kind: &str, error: &dyn std::fmt::Display) -> Error {
    Error::DataCorrupted(format!("file \"{path}\" is not valid {kind}")).detail(format!("{error}."))
}
