//! Arrow batches to the bytes of DataRow and CopyData, as PostgreSQL 15 writes them.
//!
//! Owns how values look: text forms under the session's settings, binary forms, the frames of rows and of COPY.
//! How a column is written is decided once per batch (`cell`); a row then is one jump per value, straight into the
//! output. Invariants: the announced type decides the bytes, whatever encoding the batch has; only whole frames are
//! ever appended. A failure leaves the output after the last whole row, so an error message can follow.
//!
//! Imports: error, pg types, pg decode. Used by: wire.

mod cell;
mod copy;
mod json;
mod list;
mod number;
mod record;
#[cfg(test)]
mod tests;
mod textual;
mod time;
mod values;

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, StringBuilder, new_empty_array};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use bytes::{BufMut, BytesMut};
use datafusion::common::ScalarValue;

pub(crate) use self::cell::is_oid;
use self::cell::{Cell, Style};
pub use self::copy::CopyEncoder;
pub(crate) use self::time::{civil, days_from_civil, instant_with_rules};
use super::encodings::Encoding;
use super::types::{self, PgType};
use super::zone::Zone;
use crate::error::{Error, Result};

/// How a session wants values written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSettings {
    /// The session's time zone.
    pub time_zone: Zone,
    /// What `now` means in a text that is read, in microseconds since 1970.
    pub now_us: i64,
    /// `DateStyle`.
    pub date_style: DateStyle,
    /// `IntervalStyle`.
    pub interval_style: IntervalStyle,
    /// `bytea_output = hex` (the default) or `escape`.
    pub bytea_hex: bool,
    /// `extra_float_digits`; above 0 is the shortest text that reads back equal.
    pub extra_float_digits: i32,
    /// `client_encoding`, for what goes to the client.
    pub encoding: Encoding,
}

impl Default for OutputSettings {
    /// As a fresh session writes them.
    fn default() -> OutputSettings {
        OutputSettings {
            time_zone: Zone::Named(chrono_tz::UTC),
            now_us: 0,
            date_style: DateStyle { format: DateFormat::Iso, order: DateOrder::Mdy },
            interval_style: IntervalStyle::Postgres,
            bytea_hex: true,
            extra_float_digits: 1,
            encoding: Encoding::Utf8,
        }
    }
}

/// `DateStyle`: a format and an order of day and month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateStyle {
    /// `ISO`, `Postgres`, `SQL`, `German`.
    pub format: DateFormat,
    /// `MDY`, `DMY`, `YMD`.
    pub order: DateOrder,
}

/// The format of `DateStyle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's names")]
pub enum DateFormat {
    Iso,
    Postgres,
    Sql,
    German,
}

/// The order of `DateStyle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's names")]
pub enum DateOrder {
    Mdy,
    Dmy,
    Ymd,
}

/// `IntervalStyle`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's names")]
pub enum IntervalStyle {
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

/// The options of `COPY … TO STDOUT` (PostgreSQL manual, COPY).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFormat {
    /// `FORMAT text`
    Text {
        /// Between columns.
        delimiter: u8,
        /// For NULL.
        null: String,
        /// Whether a first line names the columns.
        header: bool,
    },
    /// `FORMAT csv`
    Csv {
        /// Between columns.
        delimiter: u8,
        /// For NULL.
        null: String,
        /// Whether a first line names the columns.
        header: bool,
        /// Around values.
        quote: u8,
        /// Before a quote inside a value.
        escape: u8,
        /// Columns that are always quoted, by position; `None` is all.
        force_quote: Option<Vec<usize>>,
    },
    /// `FORMAT binary`
    Binary,
}

/// Writes rows as DataRow frames.
pub struct RowEncoder {
    columns: Columns,
}

impl RowEncoder {
    /// Makes ready to write rows of `schema` as `columns`; `formats[i]` is true for binary.
    /// Errors: 42804 and 42883 for a column that cannot be written so; 08P01 when the counts differ.
    pub fn new(
        columns: &[PgType],
        schema: &Schema,
        formats: &[bool],
        settings: &OutputSettings,
    ) -> Result<RowEncoder> {
        let forms = columns.iter().copied().zip(formats.iter().copied()).collect::<Vec<_>>();
        if columns.len() != formats.len() {
            return Err(Error::Protocol(format!(
                "bind message has {} result formats but query has {} columns",
                formats.len(),
                columns.len()
            )));
        }
        Ok(RowEncoder { columns: Columns::new(forms, schema, settings)? })
    }

    /// Appends one DataRow frame ('D', i32 length, i16 count, values) per row of `rows` to `out`. The batch may
    /// have other encodings than the schema told.
    /// Errors: a value that PostgreSQL cannot have (22003, 22008, …); the rows before it are in `out`.
    pub fn encode(
        &mut self,
        batch: &RecordBatch,
        rows: Range<usize>,
        out: &mut BytesMut,
    ) -> Result<()> {
        self.columns.encode(batch, rows, out, |cells, count, row, out| {
            out.put_u8(b'D');
            let start = out.len();
            out.put_i32(0);
            out.put_i16(count);
            for cell in cells {
                cell.put_field(row, out)?;
            }
            end_frame(start, out)
        })
    }
}

/// One value that is not NULL as values of the type `oid` are written, in binary or as text.
/// Errors: 42804 for a value that cannot be written so.
pub(crate) fn value_bytes(
    value: &ScalarValue,
    oid: u32,
    binary: bool,
    settings: &OutputSettings,
) -> Result<Vec<u8>> {
    let array = value
        .to_array_of_size(1)
        .map_err(|error| Error::Internal(format!("could not make an array: {error}")))?;
    Cell::new(&array, PgType::new(oid), binary, &Style::new(settings))?.value(0)
}

/// Every value as `to_json` spells it; `null` for NULL.
/// Errors: 42804 for data that has no PostgreSQL type.
pub(crate) fn json_texts(
    array: &ArrayRef,
    field: &Field,
    settings: &OutputSettings,
) -> Result<StringArray> {
    let style = Style::new(settings);
    let array = match cell::normal(array.data_type()) {
        Some(normal) => {
            arrow::compute::cast(array, &normal).map_err(|error| Error::Data(error.to_string()))?
        }
        None => Arc::clone(array),
    };
    // The array may be of another encoding than the field told.
    let field = field.clone().with_data_type(array.data_type().clone());
    let json = json::JsonCell::of(&array, types::of_field(&field), style.json())?;
    let mut texts = StringBuilder::with_capacity(array.len(), 16 * array.len());
    let mut text = Vec::new();
    for row in 0..array.len() {
        text.clear();
        json.put(row, &mut text)?;
        texts.append_value(super::decode::utf8(&text)?);
    }
    Ok(texts.finish())
}

/// Writes the length of a frame, itself included, at its start.
fn end_frame(start: usize, out: &mut [u8]) -> Result<()> {
    let length = cell::length(out.len() - start)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// Bytes gathered before they go to the output. A plain vector takes small pieces much faster than `BytesMut`, and
/// so few bytes are still in the nearest cache when they are copied; ten times more would not be, with a tenth the
/// copies get small.
const GATHERED_BYTES: usize = 16 * 1024;

/// What both encoders share: the forms of the columns, and one loop over rows.
struct Columns {
    columns: Vec<Column>,
    count: i16,
    style: Style,
    gathered: Vec<u8>,
}

/// One column's type and form, and how the last batch brought it.
struct Column {
    target: PgType,
    binary: bool,
    data_type: DataType,
    /// What that data has to be converted to first; usually nothing.
    readable: Option<DataType>,
}

impl Columns {
    fn new(
        forms: Vec<(PgType, bool)>,
        schema: &Schema,
        settings: &OutputSettings,
    ) -> Result<Columns> {
        if forms.len() != schema.fields().len() {
            return Err(miscounted(forms.len(), schema.fields().len()));
        }
        let count = i16::try_from(forms.len()).map_err(|_wide| {
            Error::ProgramLimitExceeded("a row can have at most 32767 columns".into())
        })?;
        let style = Style::new(settings);
        // What cannot be written is told before the first row.
        let columns = forms
            .into_iter()
            .zip(schema.fields())
            .map(|((target, binary), field)| Column::new(target, binary, field.data_type(), &style))
            .collect::<Result<Vec<_>>>()?;
        Ok(Columns { columns, count, style, gathered: Vec::new() })
    }

    /// `put_row` writes the row of that number from its cells and their count.
    fn encode(
        &mut self,
        batch: &RecordBatch,
        rows: Range<usize>,
        out: &mut BytesMut,
        put_row: impl Fn(&[Cell<'_>], i16, usize, &mut Vec<u8>) -> Result<()>,
    ) -> Result<()> {
        if batch.num_columns() != self.columns.len() {
            return Err(miscounted(self.columns.len(), batch.num_columns()));
        }
        let mut rows = rows.start.min(batch.num_rows())..rows.end.min(batch.num_rows());
        if rows.is_empty() {
            return Ok(());
        }
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            if column.data_type != *array.data_type() {
                *column =
                    Column::new(column.target, column.binary, array.data_type(), &self.style)?;
            }
        }
        let mut converted = Vec::new();
        let mut arrays = batch.columns();
        if self.columns.iter().any(|column| column.readable.is_some()) {
            for (column, array) in self.columns.iter().zip(batch.columns()) {
                converted.push(column.convert(array.slice(rows.start, rows.len()))?);
            }
            arrays = &converted;
            rows = 0..rows.len();
        }
        let cells = self
            .columns
            .iter()
            .zip(arrays)
            .map(|(column, array)| Cell::new(array, column.target, column.binary, &self.style))
            .collect::<Result<Vec<_>>>()?;
        let gathered = &mut self.gathered;
        gathered.clear();
        for row in rows {
            let start = gathered.len();
            if let Err(error) = put_row(&cells, self.count, row, gathered) {
                out.put_slice(gathered.get(..start).unwrap_or(&[]));
                return Err(error);
            }
            if gathered.len() >= GATHERED_BYTES {
                out.put_slice(gathered);
                gathered.clear();
            }
        }
        out.put_slice(gathered);
        // One huge value must not hold its memory until the result ends.
        gathered.clear();
        gathered.shrink_to(4 * GATHERED_BYTES);
        Ok(())
    }
}

impl Column {
    fn new(target: PgType, binary: bool, data_type: &DataType, style: &Style) -> Result<Column> {
        let column = |readable| Column { target, binary, data_type: data_type.clone(), readable };
        let normal = cell::normal(data_type);
        let check = |data_type: &DataType| {
            Cell::new(&new_empty_array(data_type), target, binary, style).map(|_| ())
        };
        match (check(normal.as_ref().unwrap_or(data_type)), cell::readable(target)) {
            (Ok(()), _) => Ok(column(normal)),
            (Err(Error::DatatypeMismatch(message)), Some(readable)) => {
                match can_cast_types(data_type, &readable) {
                    true => check(&readable).map(|()| column(Some(readable))),
                    false => Err(Error::DatatypeMismatch(message)),
                }
            }
            (Err(error), _) => Err(error),
        }
    }

    fn convert(&self, array: ArrayRef) -> Result<ArrayRef> {
        let Some(readable) = &self.readable else { return Ok(array) };
        // A value that does not fit is an error, not NULL.
        let options = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(&array, readable, &options)
            .map_err(|error| Error::Data(error.to_string()))
    }
}

fn miscounted(announced: usize, given: usize) -> Error {
    Error::Internal(format!("{announced} columns announced for {given} columns of data"))
}
