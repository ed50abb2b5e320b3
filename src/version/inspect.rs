//! What a file holds, and whether it holds what it claims, before anything is served from it.
//!
//! A file is verified as far as its format allows at a cost that does not grow with its rows: Parquet by its footer, by
//! every page header, and by decoding the start of some row groups; Arrow IPC and Avro by walking their blocks; text by
//! its first records. Flipped bits inside a page are seen only by a checksum of the whole file, which is not made here.
//!
//! Nothing a file claims is believed before it was held against the file's size: sizes and counts are checked before
//! anything is allocated for them, and panics of the decoders become errors.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::ipc::{MessageHeader, root_as_footer, root_as_message};
use datafusion::arrow_avro::reader::ReaderBuilder as AvroBuilder;
use datafusion::datasource::physical_plan::parquet::{Int96Coercer, transform_schema_to_view};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};

use super::decode::{self, Source, bytes, damaged};
use super::thrift;
use crate::catalog::manifest::{Compression, Format};
use crate::error::{Error, Result};

/// How much a file may claim before it is refused.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Columns of a table. PostgreSQL stops at 1,600; a planner at ten times this takes seconds.
    pub columns_max: usize,
    /// Types inside types. Decoders recurse; at ten times this they could run out of stack.
    pub depth_max: usize,
    /// The metadata of one file (a Parquet footer, an Arrow message), as stored. At ten times this parsing one takes
    /// gigabytes; a tenth would refuse honest files of 10,000 row groups.
    pub metadata_bytes_max: u64,
    /// One page or buffer, decompressed. Writers make 1 MiB; a scan holds one per column.
    pub page_bytes_max: u64,
    /// One line of text. A scan holds one.
    pub line_bytes_max: u64,
    /// What any compressed text may inflate to, whatever its size.
    pub inflated_base_bytes: u64,
    /// Bytes of text per compressed byte beyond that. Honest data stays below 100; gzip cannot exceed 1,032.
    pub inflated_ratio_max: u64,
    /// Records of a text file that its column types are inferred from.
    pub sample_records: usize,
    /// Text past which the sample ends early.
    pub sample_bytes: u64,
}

impl Limits {
    /// The limits every room uses.
    pub const STANDARD: Limits = Limits {
        columns_max: 4_096,
        depth_max: 32,
        metadata_bytes_max: 64 << 20,
        page_bytes_max: 256 << 20,
        line_bytes_max: 16 << 20,
        inflated_base_bytes: 256 << 20,
        inflated_ratio_max: 1_000,
        sample_records: 20_000,
        sample_bytes: 32 << 20,
    };
}

/// What one file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFacts {
    /// Its columns. A column of a text file that had no value in the sample has the type `Null`. A text file without a
    /// byte has no columns, and no rows either.
    pub schema: SchemaRef,
    /// Its rows, when the format tells them without decoding.
    pub rows: Option<u64>,
}

impl FileFacts {
    /// Writers leave such files for parts without rows.
    fn empty_text() -> FileFacts {
        FileFacts { schema: Arc::new(Schema::empty()), rows: Some(0) }
    }

    fn is_empty_text(&self, format: Format) -> bool {
        matches!(format, Format::Csv(_) | Format::Json(_)) && self.rows == Some(0)
    }
}

/// Row groups of a Parquet file whose start is decoded, evenly spread.
const PROBED_ROW_GROUPS_MAX: usize = 8;
/// Rows of each that are decoded.
const PROBED_ROWS: usize = 1_024;
/// Records looked at first, to learn how long records are.
const FIRST_SAMPLE_RECORDS: usize = 1_000;
/// Parquet spells a list as three nested elements.
const PARQUET_LEVELS_PER_LIST: usize = 3;
/// Bytes some old writers forgot to count into a column chunk (parquet-mr before 1.2.9, PARQUET-816).
const CHUNK_SLACK_BYTES: u64 = 100;

/// The table a file's name makes it part of, or the name itself, and its format. `None` for any other extension.
pub fn format_of(name: &str) -> Option<(String, Format)> {
    let known: [(&[&str], Format); 9] = [
        (&[".parquet", ".pq"], Format::Parquet),
        (&[".csv"], Format::Csv(Compression::Plain)),
        (&[".csv.gz"], Format::Csv(Compression::Gzip)),
        (&[".csv.zst"], Format::Csv(Compression::Zstd)),
        (&[".json", ".ndjson", ".jsonl"], Format::Json(Compression::Plain)),
        (&[".json.gz", ".ndjson.gz", ".jsonl.gz"], Format::Json(Compression::Gzip)),
        (&[".json.zst", ".ndjson.zst", ".jsonl.zst"], Format::Json(Compression::Zstd)),
        (&[".arrow", ".arrows", ".ipc", ".feather"], Format::Arrow),
        (&[".avro"], Format::Avro),
    ];
    let lower = name.to_ascii_lowercase();
    known.iter().find_map(|(extensions, format)| {
        let extension = extensions.iter().find(|extension| lower.ends_with(**extension))?;
        let stem = name.get(..name.len() - extension.len())?;
        (!stem.is_empty()).then(|| (stem.to_owned(), *format))
    })
}

/// Opens one local file and verifies it as far as its format allows. Blocks; memory is bounded by `limits`.
///
/// Errors: [`Error::DataCorrupted`] for bytes that are not what they claim, [`Error::FeatureNotSupported`] for a valid
/// file beyond a limit or of a kind nobody reads here, [`Error::Io`]. Each names the file.
pub fn inspect(path: &Path, format: Format, limits: &Limits) -> Result<FileFacts> {
    let name = path.display().to_string();
    let file =
        File::open(path).map_err(|error| Error::io(format!("open file \"{name}\""), error))?;
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Err(Error::DataCorrupted(format!("\"{name}\" is not a regular file")));
    }
    let probe = Probe { name: &name, file, format, limits };
    let facts = catch_unwind(AssertUnwindSafe(|| probe.run()))
        .unwrap_or_else(|_| Err(damaged(&name, kind_of(format), &"The decoder gave up on it")))?;
    if !facts.is_empty_text(format) {
        probe_schema(&name, &facts.schema, limits)?;
    }
    Ok(facts)
}

/// What a format is called in a message.
pub(super) fn kind_of(format: Format) -> &'static str {
    match format {
        Format::Parquet => "Parquet",
        Format::Csv(_) => "CSV",
        Format::Json(_) => "NDJSON",
        Format::Arrow => "Arrow IPC",
        Format::Avro => "Avro",
    }
}

fn probe_schema(name: &str, schema: &Schema, limits: &Limits) -> Result<()> {
    let count = schema.fields().len();
    if count == 0 {
        return Err(Error::FeatureNotSupported(format!("file \"{name}\" has no columns")));
    }
    if count > limits.columns_max {
        return Err(Error::FeatureNotSupported(format!(
            "file \"{name}\" has {count} columns, more than {}",
            limits.columns_max
        )));
    }
    let mut names = std::collections::BTreeSet::new();
    for field in schema.fields() {
        if field.name().is_empty() {
            return Err(Error::FeatureNotSupported(format!(
                "file \"{name}\" has a column without a name"
            )));
        }
        if !names.insert(field.name()) {
            return Err(Error::FeatureNotSupported(format!(
                "file \"{name}\" has two columns named \"{}\"",
                field.name()
            )));
        }
        if depth(field.data_type()) > limits.depth_max {
            return Err(Error::FeatureNotSupported(format!(
                "column \"{}\" of file \"{name}\" is nested deeper than {}",
                field.name(),
                limits.depth_max
            )));
        }
    }
    Ok(())
}

fn depth(kind: &DataType) -> usize {
    match kind {
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::ListView(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _)
        | DataType::Map(field, _) => 1 + depth(field.data_type()),
        DataType::Struct(fields) => {
            1 + fields.iter().map(|field| depth(field.data_type())).max().unwrap_or(0)
        }
        DataType::Dictionary(_, value) => 1 + depth(value),
        DataType::RunEndEncoded(_, value) => 1 + depth(value.data_type()),
        DataType::Union(fields, _) => {
            1 + fields.iter().map(|(_, field)| depth(field.data_type())).max().unwrap_or(0)
        }
        _ => 0,
    }
}

/// A schema without the remarks of whoever wrote it: two files that differ only in those are alike.
fn bare(schema: &Schema) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), field.is_nullable()));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

struct Probe<'a> {
    name: &'a str,
    file: File,
    format: Format,
    limits: &'a Limits,
}

impl Probe<'_> {
    fn run(&self) -> Result<FileFacts> {
        match self.format {
            Format::Parquet => self.parquet(),
            Format::Csv(compression) => self.csv(compression),
            Format::Json(compression) => self.json(compression),
            Format::Arrow => self.arrow(),
            Format::Avro => self.avro(),
        }
    }

    fn damaged(&self, error: &dyn std::fmt::Display) -> Error {
        damaged(self.name, kind_of(self.format), error)
    }

    fn size(&self) -> Result<u64> {
        let metadata = self.file.metadata();
        metadata
            .map(|metadata| metadata.len())
            .map_err(|error| Error::io(format!("read file \"{}\"", self.name), error))
    }

    /// `length` bytes at `at`; both were claimed by the file.
    fn read(&self, at: u64, length: u64) -> Result<Vec<u8>> {
        let end = at.checked_add(length);
        if end.is_none_or(|end| end > self.size().unwrap_or(0))
            || length > self.limits.metadata_bytes_max
        {
            return Err(self.damaged(&"It points past its end"));
        }
        let mut buffer = vec![0; usize::try_from(length).unwrap_or(0)];
        self.file
            .read_exact_at(&mut buffer, at)
            .map_err(|error| Error::io(format!("read file \"{}\"", self.name), error))?;
        Ok(buffer)
    }

    /// The file once more, for a decoder that wants it for itself.
    fn again(&self) -> Result<File> {
        let failed = |error| Error::io(format!("read file \"{}\"", self.name), error);
        let mut file = self.file.try_clone().map_err(failed)?;
        file.rewind().map_err(failed)?;
        Ok(file)
    }

    fn array<const N: usize>(&self, at: u64) -> Result<[u8; N]> {
        let found = self.read(at, bytes(N))?;
        found.try_into().ok().ok_or_else(|| self.damaged(&"It ends too early"))
    }

    fn bounded(&self, part: &str, length: u64) -> Result<()> {
        if length <= self.limits.page_bytes_max {
            return Ok(());
        }
        Err(Error::FeatureNotSupported(format!(
            "file \"{}\" has a {part} of {length} bytes, more than {}",
            self.name, self.limits.page_bytes_max
        )))
    }

    // ---- Parquet

    fn parquet(&self) -> Result<FileFacts> {
        let size = self.size()?;
        if size < 12 {
            return Err(self.damaged(&"It is too short"));
        }
        let tail: [u8; 8] = self.array(size - 8)?;
        let [a, b, c, d, magic @ ..] = tail;
        if &magic == b"PARE" {
            return Err(Error::FeatureNotSupported(format!("file \"{}\" is encrypted", self.name)));
        }
        if &magic != b"PAR1" {
            return Err(self.damaged(&"It does not end like one"));
        }
        let footer_length = u64::from(u32::from_le_bytes([a, b, c, d]));
        let footer_start = (size - 8).checked_sub(footer_length);
        let Some(footer_start) = footer_start.filter(|start| *start >= 4) else {
            return Err(self.damaged(&"Its footer is longer than the file"));
        };
        let footer = self.read(footer_start, footer_length)?;
        if !thrift::is_structure(&footer) {
            return Err(self.damaged(&"Its footer does not parse"));
        }
        let depth = thrift::schema_depth(&footer)
            .ok_or_else(|| self.damaged(&"Its footer has no schema"))?;
        if depth > self.limits.depth_max.saturating_mul(PARQUET_LEVELS_PER_LIST) {
            return Err(Error::FeatureNotSupported(format!(
                "the schema of file \"{}\" is nested {depth} levels deep",
                self.name
            )));
        }
        let metadata = ParquetMetaDataReader::decode_metadata(&footer)
            .map_err(|error| self.damaged(&error))?;
        drop(footer);
        let rows = self.parquet_layout(&metadata, footer_start)?;
        let metadata = Arc::new(metadata);
        let reader = ArrowReaderMetadata::try_new(Arc::clone(&metadata), ArrowReaderOptions::new())
            .map_err(|error| self.damaged(&error))?;
        probe_schema(self.name, reader.schema(), self.limits)?;
        self.parquet_probe(&reader)?;
        let schema = parquet_schema(&metadata).map_err(|error| self.damaged(&error))?;
        Ok(FileFacts { schema, rows: Some(rows) })
    }

    /// Holds every size and offset of the footer against the file, and gives the rows.
    fn parquet_layout(&self, metadata: &ParquetMetaData, footer_start: u64) -> Result<u64> {
        let mut rows = 0_u64;
        for group in metadata.row_groups() {
            let group_rows = u64::try_from(group.num_rows()).ok();
            rows = group_rows
                .and_then(|group_rows| rows.checked_add(group_rows))
                .ok_or_else(|| self.damaged(&"A row group has fewer than no rows"))?;
            let columns = if group.num_rows() > 0 { group.columns() } else { &[] };
            for column in columns {
                self.parquet_chunk(column, footer_start)?;
            }
        }
        if u64::try_from(metadata.file_metadata().num_rows()).ok() != Some(rows) {
            return Err(self.damaged(&"Its row groups do not add up to its rows"));
        }
        Ok(rows)
    }

    /// Walks the pages of one column chunk: they must follow each other without a gap to its end.
    fn parquet_chunk(&self, column: &ColumnChunkMetaData, footer_start: u64) -> Result<()> {
        let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let (Ok(start), Ok(length)) =
            (u64::try_from(start), u64::try_from(column.compressed_size()))
        else {
            return Err(self.damaged(&"A column begins before the file"));
        };
        let end = start.checked_add(length).filter(|end| start >= 4 && *end <= footer_start);
        let Some(end) = end else {
            return Err(self.damaged(&"A column ends after the file"));
        };
        let mut at = start;
        while at < end {
            let page = self.page_header(at, footer_start)?;
            self.bounded("page", page.uncompressed)?;
            at = at.saturating_add(page.header).saturating_add(page.compressed);
        }
        if at > end.saturating_add(CHUNK_SLACK_BYTES) {
            return Err(self.damaged(&"The pages of a column do not fit into it"));
        }
        Ok(())
    }

    fn page_header(&self, at: u64, footer_start: u64) -> Result<thrift::PageHeader> {
        // Nearly all headers fit into the first read; one with long statistics needs more.
        for length in [128, 8 << 10, 1 << 20] {
            let length = length.min(footer_start.saturating_sub(at));
            if let Some(header) = thrift::page_header(&self.read(at, length)?) {
                return Ok(header);
            }
        }
        Err(self.damaged(&"A page has no header"))
    }

    /// Decodes the start of some row groups, one column at a time, so that memory is bounded by two pages.
    fn parquet_probe(&self, reader: &ArrowReaderMetadata) -> Result<()> {
        let metadata = reader.metadata();
        let groups = metadata.num_row_groups();
        let descriptor = metadata.file_metadata().schema_descr();
        let step = groups.div_ceil(PROBED_ROW_GROUPS_MAX).max(1);
        let last = groups.checked_sub(1).filter(|last| last % step != 0);
        for group in (0..groups).step_by(step).chain(last) {
            for column in 0..descriptor.root_schema().get_fields().len() {
                self.parquet_start(reader, group, ProjectionMask::roots(descriptor, [column]))?;
            }
        }
        Ok(())
    }

    fn parquet_start(
        &self,
        reader: &ArrowReaderMetadata,
        group: usize,
        columns: ProjectionMask,
    ) -> Result<()> {
        let batches =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.again()?, reader.clone())
                .with_row_groups(vec![group])
                .with_projection(columns)
                .with_batch_size(PROBED_ROWS)
                .with_limit(PROBED_ROWS)
                .build()
                .map_err(|error| self.damaged(&error))?;
        for batch in batches {
            batch.map_err(|error| self.damaged(&error))?;
        }
        Ok(())
    }

    // ---- text

    fn csv(&self, compression: Compression) -> Result<FileFacts> {
        let header = decode::csv_header(&self.file, compression, self.limits)
            .map_err(|error| self.damaged(&error))?;
        if header.is_empty() {
            return Ok(FileFacts::empty_text());
        }
        let (schema, _) = self.sample(compression, |reader, records| {
            let format = arrow::csv::reader::Format::default().with_header(true);
            format.infer_schema(reader, Some(records))
        })?;
        let fields = schema.fields().iter().map(|field| {
            let kind = match field.data_type() {
                // Seconds in the sample say nothing about fractions after it; PostgreSQL keeps microseconds.
                DataType::Timestamp(
                    TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond,
                    zone,
                ) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
                kind => kind.clone(),
            };
            Field::new(field.name(), kind, true)
        });
        Ok(FileFacts { schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())), rows: None })
    }

    fn json(&self, compression: Compression) -> Result<FileFacts> {
        let (schema, found) = self.sample(compression, |reader, records| {
            arrow::json::reader::infer_json_schema(reader, Some(records))
        })?;
        if found == 0 {
            return Ok(FileFacts::empty_text());
        }
        Ok(FileFacts { schema: bare(&schema), rows: None })
    }

    /// The schema and the records it was inferred from. Infers twice: from a few records, then from as many as `sample_bytes` are likely to hold.
    fn sample(
        &self,
        compression: Compression,
        infer: impl Fn(BufReader<decode::Bounded>, usize) -> Result<(Schema, usize), ArrowError>,
    ) -> Result<(Schema, usize)> {
        let first = FIRST_SAMPLE_RECORDS.min(self.limits.sample_records);
        let pass = |records| -> Result<(Schema, usize, u64), ArrowError> {
            let mut file = self.file.try_clone()?;
            file.rewind()?;
            let (reader, total) = decode::text(file, compression, self.limits)?;
            let (schema, found) = infer(reader, records)?;
            Ok((schema, found, total.load(Ordering::Relaxed)))
        };
        let (schema, found, total) = pass(first).map_err(|error| self.damaged(&error))?;
        if found < first {
            return Ok((schema, found));
        }
        let per_record = (total / bytes(found).max(1)).max(1);
        let more = usize::try_from(self.limits.sample_bytes / per_record).unwrap_or(usize::MAX);
        let more = more.min(self.limits.sample_records);
        if more <= found {
            return Ok((schema, found));
        }
        let (schema, found, _) = pass(more).map_err(|error| self.damaged(&error))?;
        Ok((schema, found))
    }

    // ---- Arrow IPC

    fn arrow(&self) -> Result<FileFacts> {
        let magic = self.array::<6>(0);
        let rows = if magic.is_ok_and(|magic| magic == decode::ARROW_MAGIC) {
            self.arrow_file()?
        } else {
            self.arrow_stream()?
        };
        let (schema, _) = decode::arrow_schema(&self.file).map_err(|error| self.damaged(&error))?;
        probe_schema(self.name, &schema, self.limits)?;
        let schema = bare(&schema);
        self.decode_start(&schema)?;
        Ok(FileFacts { schema, rows: Some(rows) })
    }

    fn arrow_file(&self) -> Result<u64> {
        let size = self.size()?;
        let tail: [u8; 10] = self.array(size.saturating_sub(10))?;
        let [a, b, c, d, magic @ ..] = tail;
        if magic != decode::ARROW_MAGIC {
            return Err(self.damaged(&"It does not end like one"));
        }
        let footer_length = u64::from(u32::from_le_bytes([a, b, c, d]));
        let footer_start = size.saturating_sub(10).saturating_sub(footer_length);
        let footer = self.read(footer_start, footer_length)?;
        let footer = root_as_footer(&footer).map_err(|error| self.damaged(&error))?;
        let batches = footer.recordBatches().into_iter().flatten();
        let mut rows = 0_u64;
        for block in footer.dictionaries().into_iter().flatten().chain(batches) {
            let (Ok(at), Ok(metadata), Ok(body)) = (
                u64::try_from(block.offset()),
                u64::try_from(block.metaDataLength()),
                u64::try_from(block.bodyLength()),
            ) else {
                return Err(self.damaged(&"A block begins before the file"));
            };
            let end = at.checked_add(metadata).and_then(|at| at.checked_add(body));
            if end.is_none_or(|end| end > footer_start) {
                return Err(self.damaged(&"A block ends after the file"));
            }
            let message = self.read(at, metadata)?;
            // Since format version 4 the length follows a marker; before, it came first.
            let message = message
                .strip_prefix(&[0xff; 4])
                .unwrap_or(&message)
                .get(4..)
                .ok_or_else(|| self.damaged(&"A block has no header"))?;
            rows = rows.saturating_add(self.arrow_message(message, at + metadata, Some(body))?.0);
        }
        Ok(rows)
    }

    fn arrow_stream(&self) -> Result<u64> {
        let size = self.size()?;
        let (mut at, mut rows, mut messages) = (0_u64, 0_u64, 0_u64);
        while at < size {
            let mut length: [u8; 4] = self.array(at)?;
            at += 4;
            if length == [0xff; 4] {
                length = self.array(at)?;
                at += 4;
            }
            let length = u64::from(u32::from_le_bytes(length));
            if length == 0 {
                break;
            }
            let message = self.read(at, length)?;
            at += length;
            let (message_rows, body) = self.arrow_message(&message, at, None)?;
            rows = rows.saturating_add(message_rows);
            at = at.saturating_add(body);
            messages += 1;
        }
        if messages == 0 || at > size {
            return Err(self.damaged(&"It ends too early"));
        }
        Ok(rows)
    }

    /// The rows of one message and the length of its body, once every buffer was found inside that body.
    fn arrow_message(
        &self,
        message: &[u8],
        body_start: u64,
        body_length: Option<u64>,
    ) -> Result<(u64, u64)> {
        let message = root_as_message(message).map_err(|error| self.damaged(&error))?;
        let body = u64::try_from(message.bodyLength()).unwrap_or(u64::MAX);
        let past_end =
            body_start.checked_add(body).is_none_or(|end| end > self.size().unwrap_or(0));
        if past_end || body_length.is_some_and(|expected| expected < body) {
            return Err(self.damaged(&"A block is longer than the file"));
        }
        let (batch, counts) = match message.header_type() {
            MessageHeader::RecordBatch => (message.header_as_record_batch(), true),
            MessageHeader::DictionaryBatch => (
                message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data()),
                false,
            ),
            _ => return Ok((0, body)),
        };
        let Some(batch) = batch else {
            return Err(self.damaged(&"A block has no header"));
        };
        for buffer in batch.buffers().into_iter().flatten() {
            let (Ok(at), Ok(length)) =
                (u64::try_from(buffer.offset()), u64::try_from(buffer.length()))
            else {
                return Err(self.damaged(&"A buffer begins before its block"));
            };
            if at.checked_add(length).is_none_or(|end| end > body) {
                return Err(self.damaged(&"A buffer ends after its block"));
            }
            if batch.compression().is_some() && length >= 8 {
                let inflated = i64::from_le_bytes(self.array(body_start + at)?);
                // -1 stands for a buffer that is stored as it is.
                let inflated = u64::try_from(inflated).unwrap_or(0);
                self.bounded("buffer", inflated)?;
            }
        }
        let rows = u64::try_from(batch.length())
            .ok()
            .ok_or_else(|| self.damaged(&"A block has fewer than no rows"))?;
        Ok((if counts { rows } else { 0 }, body))
    }

    // ---- Avro

    fn avro(&self) -> Result<FileFacts> {
        let rows = self.avro_blocks()?;
        let reader = AvroBuilder::new()
            .build(BufReader::new(self.again()?))
            .map_err(|error| self.damaged(&error))?;
        let schema = bare(&reader.schema());
        drop(reader);
        probe_schema(self.name, &schema, self.limits)?;
        self.decode_start(&schema)?;
        Ok(FileFacts { schema, rows: Some(rows) })
    }

    /// Walks the blocks by their sizes and gives the rows they claim.
    fn avro_blocks(&self) -> Result<u64> {
        let size = self.size()?;
        let mut walk = Avro { reader: BufReader::new(self.again()?), at: 0, size };
        let sync = walk.header().ok_or_else(|| self.damaged(&"Its header does not parse"))?;
        let mut rows = 0_u64;
        while walk.at < size {
            let (count, length) =
                walk.block(sync).ok_or_else(|| self.damaged(&"A block is cut off"))?;
            self.bounded("block", length)?;
            rows = rows.saturating_add(count);
        }
        Ok(rows)
    }

    fn decode_start(&self, schema: &SchemaRef) -> Result<()> {
        let source = Source { file: self.again()?, format: self.format, range: None };
        let mut batches = decode::open(source, schema, PROBED_ROWS, self.limits)
            .map_err(|error| self.damaged(&error))?;
        if let Some(batch) = batches.next() {
            batch.map_err(|error| self.damaged(&error))?;
        }
        Ok(())
    }
}

/// The columns of a Parquet file as they are served: texts and bytes as views, which scans fill without copying, and
/// 96-bit timestamps in microseconds, since nanoseconds do not reach the dates Spark writes.
pub(super) fn parquet_schema(
    metadata: &ParquetMetaData,
) -> Result<SchemaRef, parquet::errors::ParquetError> {
    let file_metadata = metadata.file_metadata();
    let schema = parquet::arrow::parquet_to_arrow_schema(
        file_metadata.schema_descr(),
        file_metadata.key_value_metadata(),
    )?;
    let coerced =
        Int96Coercer::new(file_metadata.schema_descr(), &schema, &TimeUnit::Microsecond).coerce();
    Ok(bare(&transform_schema_to_view(&coerced.unwrap_or(schema))))
}

/// The framing of an Avro object container file (specification 1.11, "Object Container Files").
struct Avro<R> {
    reader: R,
    at: u64,
    size: u64,
}

impl<R: Read + Seek> Avro<R> {
    fn header(&mut self) -> Option<[u8; 16]> {
        (self.array::<4>()? == *b"Obj\x01").then_some(())?;
        loop {
            let mut count = self.long()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                count = count.checked_neg()?;
                self.long()?;
            }
            for _ in 0..count {
                self.pass_bytes()?;
                self.pass_bytes()?;
            }
        }
        self.array()
    }

    /// The rows of a block and its length.
    fn block(&mut self, sync: [u8; 16]) -> Option<(u64, u64)> {
        let count = u64::try_from(self.long()?).ok()?;
        let length = u64::try_from(self.long()?).ok()?;
        self.pass(length)?;
        (self.array()? == sync).then_some((count, length))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut found = [0; N];
        self.reader.read_exact(&mut found).ok()?;
        self.at += bytes(N);
        Some(found)
    }

    fn long(&mut self) -> Option<i64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return i64::try_from(value >> 1)
                    .ok()
                    .map(|half| half ^ -i64::from(value % 2 == 1));
            }
        }
        None
    }

    fn pass_bytes(&mut self) -> Option<()> {
        let length = u64::try_from(self.long()?).ok()?;
        self.pass(length)
    }

    fn pass(&mut self, length: u64) -> Option<()> {
        let at = self.at.checked_add(length).filter(|at| *at <= self.size)?;
        self.reader.seek(SeekFrom::Start(at)).ok()?;
        self.at = at;
        Some(())
    }
}

#[cfg(test)]
#[path = "tests/inspect.rs"]
pub(in crate::version) mod tests;
