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
#[cfg(test)]
mod tests;
mod time;

use std::ops::Range;

use arrow::array::{Array, ArrayRef, new_empty_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use bytes::{BufMut, BytesMut};

pub(crate) use self::cell::is_oid;
use self::cell::{Cell, Style};
pub use self::copy::CopyEncoder;
pub(crate) use self::time::{civil, days_from_civil, instant_with_rules};
use super::types::PgType;
use crate::error::{Error, Result};

/// How a session wants values written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputSettings {
    /// The session's time zone.
    pub time_zone: chrono_tz::Tz,
    /// `DateStyle`.
    pub date_style: DateStyle,
    /// `IntervalStyle`.
    pub interval_style: IntervalStyle,
    /// `bytea_output = hex` (the default) or `escape`.
    pub bytea_hex: bool,
    /// `extra_float_digits`; above 0 is the shortest text that reads back equal.
    pub extra_float_digits: i32,
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

/// Writes the length of a frame, itself included, at its start.
fn end_frame(start: usize, out: &mut BytesMut) -> Result<()> {
    let length = cell::length(out.len() - start)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// What both encoders share: the forms of the columns, and one loop over rows.
struct Columns {
    forms: Vec<(PgType, bool)>,
    count: i16,
    style: Style,
    /// Bytes of a row, as seen in the last batch: makes room in one step.
    row_len: usize,
}

impl Columns {
    fn new(
        forms: Vec<(PgType, bool)>,
        schema: &Schema,
        settings: &OutputSettings,
    ) -> Result<Columns> {
        if forms.len() != schema.fields().len() {
            return Err(Error::Internal(format!(
                "{} columns announced for {} columns of data",
                forms.len(),
                schema.fields().len()
            )));
        }
        let count = i16::try_from(forms.len()).map_err(|_wide| {
            Error::ProgramLimitExceeded("a row can have at most 32767 columns".into())
        })?;
        let style = Style::new(settings);
        // What cannot be written is told before the first row.
        for (field, (target, binary)) in schema.fields().iter().zip(&forms) {
            let empty = readable(new_empty_array(field.data_type()), *target, *binary, &style)?;
            Cell::new(&empty, *target, *binary, &style)?;
        }
        Ok(Columns { row_len: 7 + forms.len() * 12, forms, count, style })
    }

    fn encode(
        &mut self,
        batch: &RecordBatch,
        rows: Range<usize>,
        out: &mut BytesMut,
        put_row: impl Fn(&[Cell<'_>], i16, usize, &mut BytesMut) -> Result<()>,
    ) -> Result<()> {
        if batch.num_columns() != self.forms.len() {
            return Err(Error::Internal(format!(
                "{} columns announced for {} columns of data",
                self.forms.len(),
                batch.num_columns()
            )));
        }
        let rows = rows.start.min(batch.num_rows())..rows.end.min(batch.num_rows());
        if rows.is_empty() {
            return Ok(());
        }
        let arrays = batch
            .columns()
            .iter()
            .zip(&self.forms)
            .map(|(column, (target, binary))| {
                let column = column.slice(rows.start, rows.len());
                readable(column, *target, *binary, &self.style)
            })
            .collect::<Result<Vec<_>>>()?;
        let cells = arrays
            .iter()
            .zip(&self.forms)
            .map(|(array, (target, binary))| Cell::new(array, *target, *binary, &self.style))
            .collect::<Result<Vec<_>>>()?;
        let before = out.len();
        out.reserve(rows.len().saturating_mul(self.row_len));
        for row in 0..rows.len() {
            let start = out.len();
            if let Err(error) = put_row(&cells, self.count, row, out) {
                out.truncate(start);
                return Err(error);
            }
        }
        // A sixteenth more, since rows vary.
        let row_len = (out.len() - before) / rows.len();
        self.row_len = row_len + row_len / 16 + 1;
        Ok(())
    }
}

/// The same values in an encoding that can be written as `target`: usually the very same array.
fn readable(array: ArrayRef, target: PgType, binary: bool, style: &Style) -> Result<ArrayRef> {
    let array = match cell::normal(array.data_type()) {
        Some(normal) => cast(&array, &normal)?,
        None => array,
    };
    let failure = Cell::new(&array, target, binary, style).err();
    match (failure, cell::readable(target)) {
        (None, _) => Ok(array),
        (Some(Error::DatatypeMismatch(_)), Some(readable)) => cast(&array, &readable),
        (Some(failure), _) => Err(failure),
    }
}

fn cast(array: &ArrayRef, target: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, target, &options).map_err(|error| match error {
        ArrowError::CastError(message) => Error::DatatypeMismatch(message),
        other => Error::Data(other.to_string()),
    })
}
