//! Lists as PostgreSQL's arrays: `{1,2}` and the binary form, several dimensions, and the two vector types.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;
use bytes::BufMut;

use super::cell::{Cell, Style, length};
use super::number;
use super::values::Integers;
use crate::error::{Error, Result};
use crate::pg::types::{self, PgType};

/// PostgreSQL's `MAXDIM`.
const DIMENSIONS_MAX: usize = 6;

/// Where the elements of each row lie.
pub(super) enum Spans<'a> {
    Small(&'a [i32]),
    Large(&'a [i64]),
    SmallViews(&'a [i32], &'a [i32]),
    LargeViews(&'a [i64], &'a [i64]),
    Fixed(usize),
}

impl<'a> Spans<'a> {
    /// The spans and the elements of a list.
    pub(super) fn of(array: &'a dyn Array) -> Option<(Spans<'a>, &'a ArrayRef)> {
        Some(match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list_opt::<i32>()?;
                (Spans::Small(list.offsets()), list.values())
            }
            DataType::LargeList(_) => {
                let list = array.as_list_opt::<i64>()?;
                (Spans::Large(list.offsets()), list.values())
            }
            DataType::ListView(_) => {
                let list = array.as_list_view_opt::<i32>()?;
                (Spans::SmallViews(list.offsets(), list.sizes()), list.values())
            }
            DataType::LargeListView(_) => {
                let list = array.as_list_view_opt::<i64>()?;
                (Spans::LargeViews(list.offsets(), list.sizes()), list.values())
            }
            DataType::FixedSizeList(_, len) => {
                let list = array.as_fixed_size_list_opt()?;
                (Spans::Fixed(usize::try_from(*len).ok()?), list.values())
            }
            DataType::Map(_, _) => {
                let map = array.as_map_opt()?;
                (Spans::Small(map.offsets()), map.keys())
            }
            _ => return None,
        })
    }

    /// The elements of one row.
    pub(super) fn span(&self, row: usize) -> std::ops::Range<usize> {
        let span = |start: i64, end: i64| {
            usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0)
        };
        match self {
            Spans::Small(offsets) => span(offsets[row].into(), offsets[row + 1].into()),
            Spans::Large(offsets) => span(offsets[row], offsets[row + 1]),
            Spans::SmallViews(offsets, sizes) => {
                let start = i64::from(offsets[row]);
                span(start, start + i64::from(sizes[row]))
            }
            Spans::LargeViews(offsets, sizes) => span(offsets[row], offsets[row] + sizes[row]),
            Spans::Fixed(len) => row * len..(row + 1) * len,
        }
    }
}

/// A column of arrays.
pub(super) struct List<'a> {
    spans: Spans<'a>,
    /// Its elements; lists again for another dimension.
    elements: Cell<'a>,
    element_oid: u32,
    /// Whether no element's text needs quotes.
    bare: bool,
}

impl<'a> List<'a> {
    pub(super) fn new(
        array: &'a dyn Array,
        target: PgType,
        binary: bool,
        style: &'a Style,
    ) -> Result<Option<List<'a>>> {
        let Some((spans, values)) = Spans::of(array) else { return Ok(None) };
        let natural = || types::of_data_type(values.data_type());
        let element = match types::element_of(target.oid) {
            // Another dimension has the same type.
            Some(_) if values.data_type().is_list() => target,
            Some(element) => PgType::new(element).with_modifier(target.modifier),
            None => natural(),
        };
        let element_oid = types::element_of(element.oid).unwrap_or(element.oid);
        let elements = Cell::new(values, element, binary, style)?;
        let bare = elements.is_bare();
        Ok(Some(List { spans, elements, element_oid, bare }))
    }

    /// `array_out`. Rows of different length print as they are, though PostgreSQL has no such arrays.
    pub(super) fn put_text(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if self.elements.list().is_some() && !self.has_elements(row) {
            out.put_slice(b"{}");
            return Ok(());
        }
        out.put_u8(b'{');
        for (index, element) in self.spans.span(row).enumerate() {
            if index > 0 {
                out.put_u8(b',');
            }
            if self.elements.is_null(element) {
                out.put_slice(b"NULL");
                continue;
            }
            if let Some(list) = self.elements.list() {
                list.put_text(element, out)?;
                continue;
            }
            let start = out.len();
            self.elements.put_value(element, out)?;
            if !self.bare {
                quote_from(start, out);
            }
        }
        out.put_u8(b'}');
        Ok(())
    }

    /// Whether any innermost element, NULL or not, or any missing list is there.
    fn has_elements(&self, row: usize) -> bool {
        match self.elements.list() {
            None => !self.spans.span(row).is_empty(),
            Some(list) => self
                .spans
                .span(row)
                .any(|element| self.elements.is_null(element) || list.has_elements(element)),
        }
    }

    /// `array_send`.
    pub(super) fn put_binary(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let mut dimensions = Vec::new();
        self.measure(row, 0, &mut dimensions)?;
        let dimensions = if dimensions.contains(&0) { &[][..] } else { &dimensions };
        out.put_i32(length(dimensions.len())?);
        let flags_at = out.len();
        out.put_i32(0);
        out.put_u32(self.element_oid);
        for dimension in dimensions {
            out.put_i32(length(*dimension)?);
            out.put_i32(1);
        }
        if !dimensions.is_empty() && self.put_elements(row, out)? {
            out[flags_at + 3] = 1;
        }
        Ok(())
    }

    /// The length in every dimension. Errors: 22000 when rows differ in length.
    fn measure(&self, row: usize, depth: usize, dimensions: &mut Vec<usize>) -> Result<()> {
        let span = self.spans.span(row);
        match dimensions.get(depth) {
            None if depth >= DIMENSIONS_MAX => {
                return Err(Error::ProgramLimitExceeded(format!(
                    "number of array dimensions exceeds the maximum allowed ({DIMENSIONS_MAX})"
                )));
            }
            None => dimensions.push(span.len()),
            Some(len) if *len != span.len() => return Err(ragged()),
            Some(_) => {}
        }
        let Some(list) = self.elements.list() else { return Ok(()) };
        for element in span {
            if self.elements.is_null(element) {
                return Err(ragged());
            }
            list.measure(element, depth + 1, dimensions)?;
        }
        Ok(())
    }

    /// Returns whether there was a NULL among them.
    fn put_elements(&self, row: usize, out: &mut Vec<u8>) -> Result<bool> {
        let mut null = false;
        for element in self.spans.span(row) {
            match self.elements.list() {
                Some(list) => null |= list.put_elements(element, out)?,
                None => {
                    null |= self.elements.is_null(element);
                    self.elements.put_field(element, out)?;
                }
            }
        }
        Ok(null)
    }
}

fn ragged() -> Error {
    Error::Data("multidimensional arrays must have sub-arrays with matching dimensions".into())
        .detail("A list of lists of different length has no binary form.")
        .hint("Ask for it in text form, or unnest it.")
}

/// Puts quotes around the element at the end of the output when it needs them: empty, `NULL`, or with one of
/// `"\{},` or white space inside.
fn quote_from(start: usize, out: &mut Vec<u8>) {
    let text = &out[start..];
    let special = |byte: &u8| {
        matches!(byte, b'"' | b'\\' | b'{' | b'}' | b',' | b' ' | b'\t' | b'\n' | b'\r' | 11 | 12)
    };
    if !text.is_empty() && !text.iter().any(special) && !text.eq_ignore_ascii_case(b"null") {
        return;
    }
    let text = text.to_vec();
    out.truncate(start);
    out.put_u8(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(byte);
    }
    out.put_u8(b'"');
}

/// A column of `int2vector` or `oidvector`: digits with spaces between, in binary an array counted from 0.
pub(super) struct Vector<'a> {
    spans: Spans<'a>,
    elements: Integers<'a>,
    element_oid: u32,
    fields: Option<Cell<'a>>,
}

impl<'a> Vector<'a> {
    pub(super) fn new(
        array: &'a dyn Array,
        oid: u32,
        binary: bool,
        style: &'a Style,
    ) -> Result<Option<Vector<'a>>> {
        let Some((spans, values)) = Spans::of(array) else { return Ok(None) };
        let Some(elements) = Integers::of(values) else { return Ok(None) };
        let element_oid = if oid == types::INT2VECTOR { types::INT2 } else { types::OID };
        let fields = match binary {
            true => Some(Cell::new(values, PgType::new(element_oid), true, style)?),
            false => None,
        };
        Ok(Some(Vector { spans, elements, element_oid, fields }))
    }

    pub(super) fn put(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        let span = self.spans.span(row);
        let Some(fields) = &self.fields else {
            self.put_text(span, out);
            return Ok(());
        };
        out.put_i32(1);
        out.put_i32(0);
        out.put_u32(self.element_oid);
        out.put_i32(length(span.len())?);
        out.put_i32(0);
        for element in span {
            fields.put_field(element, out)?;
        }
        Ok(())
    }
    fn put_text(&self, span: std::ops::Range<usize>, out: &mut Vec<u8>) {
        for (index, element) in span.enumerate() {
            if index > 0 {
                out.put_u8(b' ');
            }
            number::put_integer(self.elements.value(element), out);
        }
    }
}
