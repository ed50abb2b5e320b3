//! `COPY … TO STDOUT`: text, csv and binary (PostgreSQL manual, COPY, "File Formats").

use std::ops::Range;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use bytes::{BufMut, BytesMut};

use super::cell::Cell;
use super::{Columns, CopyFormat, OutputSettings, end_frame};
use crate::error::Result;
use crate::pg::types::PgType;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Writes rows as CopyData frames, one per row.
pub struct CopyEncoder {
    columns: Columns,
    /// The names of the columns and what stands for NULL, in the client's encoding.
    names: Vec<Vec<u8>>,
    null: Vec<u8>,
    format: CopyFormat,
    escapes: Escapes,
    /// Whether the binary signature is still to come: it shares the frame of the first row, as PostgreSQL sends it
    /// and psycopg expects it.
    signature_due: bool,
}

impl CopyEncoder {
    /// Makes ready to write rows of `schema` as `columns`.
    /// Errors: as [`super::RowEncoder::new`].
    pub fn new(
        columns: &[(String, PgType)],
        schema: &Schema,
        format: &CopyFormat,
        settings: &OutputSettings,
    ) -> Result<CopyEncoder> {
        let binary = matches!(format, CopyFormat::Binary);
        let forms = columns.iter().map(|(_, pg_type)| (*pg_type, binary)).collect();
        let encoding = settings.encoding;
        let names = columns.iter().map(|(name, _)| encoding.encode(name));
        let null = match format {
            CopyFormat::Text { null, .. } | CopyFormat::Csv { null, .. } => {
                encoding.encode(null)?
            }
            CopyFormat::Binary => Vec::new(),
        };
        Ok(CopyEncoder {
            columns: Columns::new(forms, schema, settings)?,
            names: names.collect::<Result<_>>()?,
            null,
            format: format.clone(),
            escapes: Escapes::new(format),
            signature_due: matches!(format, CopyFormat::Binary),
        })
    }

    /// Appends what comes before the rows: the line of names as one CopyData frame, or nothing.
    pub fn start(&self, out: &mut BytesMut) {
        let mut frame = Vec::new();
        self.put_start(&mut frame);
        out.put_slice(&frame);
    }

    /// Appends one CopyData frame per row of `rows`.
    /// Errors: as [`super::RowEncoder::encode`].
    pub fn encode(
        &mut self,
        batch: &RecordBatch,
        rows: Range<usize>,
        out: &mut BytesMut,
    ) -> Result<()> {
        let escapes = &self.escapes;
        match &self.format {
            CopyFormat::Binary => {
                let start = out.len();
                let encoded = self.columns.encode(batch, rows, out, put_binary_row);
                if self.signature_due && start < out.len() {
                    self.signature_due = false;
                    put_signature(start, out);
                }
                encoded
            }
            CopyFormat::Text { delimiter, .. } => {
                let line = Line { delimiter: *delimiter, null: &self.null, escapes };
                self.columns
                    .encode(batch, rows, out, |cells, _, row, out| line.put_text(cells, row, out))
            }
            CopyFormat::Csv { delimiter, quote, escape, force_quote, .. } => {
                let null = self.null.as_slice();
                let line = Line { delimiter: *delimiter, null, escapes };
                let alone = self.is_alone();
                let forced = (0..self.names.len())
                    .map(|column| force_quote.as_ref().is_none_or(|some| some.contains(&column)))
                    .collect();
                let csv = Csv { quote: *quote, escape: *escape, null, alone, forced };
                self.columns.encode(batch, rows, out, |cells, _, row, out| {
                    line.put_csv(cells, row, &csv, out)
                })
            }
        }
    }

    /// Appends what comes after the rows: the binary trailer, or nothing.
    pub fn finish(&self, out: &mut BytesMut) {
        if matches!(self.format, CopyFormat::Binary) {
            let start = out.len();
            out.put_slice(&[b'd', 0, 0, 0, 6, 0xff, 0xff]);
            if self.signature_due {
                put_signature(start, out);
            }
        }
    }

    fn put_start(&self, out: &mut Vec<u8>) {
        match &self.format {
            CopyFormat::Text { delimiter, header: true, .. } => {
                self.put_header(*delimiter, out, |name, out| {
                    self.escapes.put_escaped(name, out);
                });
            }
            CopyFormat::Csv { delimiter, header: true, quote, escape, .. } => {
                let csv = Csv {
                    quote: *quote,
                    escape: *escape,
                    null: &self.null,
                    alone: self.is_alone(),
                    forced: Vec::new(),
                };
                self.put_header(*delimiter, out, |name, out| {
                    self.escapes.put_quoted(name, &csv, false, out);
                });
            }
            _ => {}
        }
    }

    fn is_alone(&self) -> bool {
        self.names.len() == 1
    }

    fn put_header(&self, delimiter: u8, out: &mut Vec<u8>, put: impl Fn(&[u8], &mut Vec<u8>)) {
        let start = start_frame(out);
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                out.put_u8(delimiter);
            }
            put(name, out);
        }
        out.put_u8(b'\n');
        // Names are at most a few hundred bytes, so the length always fits.
        if end_frame(start, out).is_err() {
            out.truncate(start - 1);
        }
    }
}

/// Puts the signature, no flags and no extension into the frame at `start`, before what it holds.
fn put_signature(start: usize, out: &mut BytesMut) {
    const HEAD_LEN: usize = 5;
    let rest = out.split_off(start + HEAD_LEN);
    let length_at = start + 1..start + HEAD_LEN;
    if let Some(length) = out.get(length_at.clone()).and_then(|b| <[u8; 4]>::try_from(b).ok()) {
        let added = i32::try_from(SIGNATURE.len()).unwrap_or(0) + 8;
        let length = i32::from_be_bytes(length) + added;
        out[length_at].copy_from_slice(&length.to_be_bytes());
    }
    out.put_slice(SIGNATURE);
    out.put_i32(0);
    out.put_i32(0);
    out.unsplit(rest);
}

/// Returns where the length is to be written.
fn start_frame(out: &mut Vec<u8>) -> usize {
    out.put_u8(b'd');
    let start = out.len();
    out.put_i32(0);
    start
}

fn put_binary_row(cells: &[Cell<'_>], count: i16, row: usize, out: &mut Vec<u8>) -> Result<()> {
    let start = start_frame(out);
    out.put_i16(count);
    for cell in cells {
        cell.put_field(row, out)?;
    }
    end_frame(start, out)
}

/// What a line of text or csv needs to know.
struct Line<'a> {
    delimiter: u8,
    null: &'a [u8],
    escapes: &'a Escapes,
}

impl Line<'_> {
    fn put_text(&self, cells: &[Cell<'_>], row: usize, out: &mut Vec<u8>) -> Result<()> {
        let frame = start_frame(out);
        for (column, cell) in cells.iter().enumerate() {
            if !self.put_lead(column, cell, row, out) {
                continue;
            }
            match cell.text(row) {
                Some(text) => self.escapes.put_escaped(text.as_bytes(), out),
                None if self.escapes.is_harmless(cell) => cell.put_value(row, out)?,
                None => {
                    let value = cell.value(row)?;
                    self.escapes.put_escaped(&value, out);
                }
            }
        }
        out.put_u8(b'\n');
        end_frame(frame, out)
    }

    fn put_csv(
        &self,
        cells: &[Cell<'_>],
        row: usize,
        csv: &Csv<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let frame = start_frame(out);
        for (column, (cell, forced)) in cells.iter().zip(&csv.forced).enumerate() {
            if !self.put_lead(column, cell, row, out) {
                continue;
            }
            match cell.text(row) {
                Some(text) => self.escapes.put_quoted(text.as_bytes(), csv, *forced, out),
                None if !*forced && self.escapes.is_harmless(cell) => cell.put_value(row, out)?,
                None => {
                    let value = cell.value(row)?;
                    self.escapes.put_quoted(&value, csv, *forced, out);
                }
            }
        }
        out.put_u8(b'\n');
        end_frame(frame, out)
    }

    /// The delimiter before a value, and the value when it is NULL. Returns whether it is still to be written.
    fn put_lead(&self, column: usize, cell: &Cell<'_>, row: usize, out: &mut Vec<u8>) -> bool {
        if column > 0 {
            out.put_u8(self.delimiter);
        }
        let null = cell.is_null(row);
        if null {
            out.put_slice(self.null);
        }
        !null
    }
}

/// How csv quotes.
struct Csv<'a> {
    quote: u8,
    escape: u8,
    null: &'a [u8],
    /// A single column: there a value `\.` must not look like the end of data.
    alone: bool,
    /// Columns that are always quoted.
    forced: Vec<bool>,
}

/// Which bytes make a value more than itself.
struct Escapes {
    special: [bool; 256],
    /// Whether digits, letters and `+-. :/@` are all ordinary and no number looks like NULL.
    ordinary: bool,
}

impl Escapes {
    fn new(format: &CopyFormat) -> Escapes {
        let mut special = [false; 256];
        let mut mark =
            |bytes: &[u8]| bytes.iter().for_each(|byte| special[usize::from(*byte)] = true);
        let null = match format {
            CopyFormat::Text { delimiter, .. } => {
                mark(&[*delimiter, b'\\', b'\n', b'\r', b'\t', 8, 11, 12]);
                ""
            }
            CopyFormat::Csv { delimiter, quote, null, .. } => {
                mark(&[*delimiter, *quote, b'\n', b'\r']);
                null
            }
            CopyFormat::Binary => "",
        };
        let plain =
            (0..=u8::MAX).filter(|byte| byte.is_ascii_alphanumeric() || b"+-. :/@".contains(byte));
        let ordinary = !plain.into_iter().any(|byte| special[usize::from(byte)])
            && !null.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte == b'@');
        Escapes { special, ordinary }
    }

    /// Whether no value of the column can need an escape.
    fn is_harmless(&self, cell: &Cell<'_>) -> bool {
        self.ordinary && (cell.is_bare() || cell.is_temporal())
    }

    /// The place of the first byte that is not ordinary.
    fn first_special(&self, text: &[u8]) -> Option<usize> {
        let is_special = |byte: &u8| self.special[usize::from(*byte)];
        let (chunks, rest) = text.as_chunks::<8>();
        // Eight look-ups without a branch between them; most text has none to find.
        let dirty = chunks
            .iter()
            .position(|chunk| chunk.iter().fold(false, |found, byte| found | is_special(byte)));
        let (from, last) = match dirty {
            Some(chunk) => (chunk * 8, &chunks[chunk][..]),
            None => (chunks.len() * 8, rest),
        };
        last.iter().position(is_special).map(|at| from + at)
    }

    /// `CopyAttributeOutText`.
    fn put_escaped(&self, mut text: &[u8], out: &mut Vec<u8>) {
        while let Some(at) = self.first_special(text) {
            out.put_slice(&text[..at]);
            let escaped = match text[at] {
                8 => b'b',
                b'\t' => b't',
                b'\n' => b'n',
                11 => b'v',
                12 => b'f',
                b'\r' => b'r',
                byte => byte,
            };
            out.put_slice(&[b'\\', escaped]);
            text = &text[at + 1..];
        }
        out.put_slice(text);
    }

    /// `CopyAttributeOutCSV`.
    fn put_quoted(&self, text: &[u8], csv: &Csv<'_>, forced: bool, out: &mut Vec<u8>) {
        let misread = text == csv.null || (csv.alone && text == b"\\.");
        if !forced && !misread && self.first_special(text).is_none() {
            out.put_slice(text);
            return;
        }
        out.put_u8(csv.quote);
        let mut rest = text;
        let ends = |byte: &u8| *byte == csv.quote || *byte == csv.escape;
        while let Some(at) = rest.iter().position(ends) {
            out.put_slice(&rest[..at]);
            out.put_slice(&[csv.escape, rest[at]]);
            rest = &rest[at + 1..];
        }
        out.put_slice(rest);
        out.put_u8(csv.quote);
    }
}
