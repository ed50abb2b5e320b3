//! Composite values (PostgreSQL manual, section 8.16.2): `record_out` and `record_send`.

use arrow::array::{Array, AsArray};
use bytes::BufMut;

use super::cell::{Cell, Style, length};
use crate::error::Result;
use crate::pg::types;

/// A column of composite values.
pub(super) struct Record<'a> {
    fields: Vec<(u32, Cell<'a>)>,
}

impl<'a> Record<'a> {
    /// `None` for arrays of anything else.
    pub(super) fn new(
        array: &'a dyn Array,
        binary: bool,
        style: &'a Style,
    ) -> Result<Option<Record<'a>>> {
        let Some(record) = array.as_struct_opt() else { return Ok(None) };
        let fields = record.fields().iter().zip(record.columns()).map(|(field, column)| {
            let target = types::of_field(field);
            Ok((target.oid, Cell::new(column, target, binary, style)?))
        });
        Ok(Some(Record { fields: fields.collect::<Result<Vec<_>>>()? }))
    }

    /// NULL is nothing between commas, an empty text is quoted.
    pub(super) fn put_text(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        out.put_u8(b'(');
        for (index, (_, cell)) in self.fields.iter().enumerate() {
            if index > 0 {
                out.put_u8(b',');
            }
            if !cell.is_null(row) {
                let start = out.len();
                cell.put_value(row, out)?;
                quote_from(start, out);
            }
        }
        out.put_u8(b')');
        Ok(())
    }

    pub(super) fn put_binary(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        out.put_i32(length(self.fields.len())?);
        for (oid, cell) in &self.fields {
            out.put_u32(*oid);
            cell.put_field(row, out)?;
        }
        Ok(())
    }
}

/// Puts quotes around the field at the end of the output when it needs them: empty, or with one of `"\(),` or white
/// space inside.
fn quote_from(start: usize, out: &mut Vec<u8>) {
    let special = |byte: &u8| {
        matches!(byte, b'"' | b'\\' | b'(' | b')' | b',' | b' ' | b'\t' | b'\n' | b'\r' | 11 | 12)
    };
    let text = out.split_off(start);
    if !text.is_empty() && !text.iter().any(special) {
        out.put_slice(&text);
        return;
    }
    out.put_u8(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(byte);
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}
