//! Structs, maps and unions as JSON text, spelled as `to_json` spells values: numbers bare, dates and times in ISO
//! form, everything else quoted.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use bytes::BufMut;

use super::cell::{Cell, Style, is_oid, nulls};
use super::list::Spans;
use super::values::Strings;
use crate::error::{Error, Result};
use crate::pg::types::{self, PgType};

/// Whether an array of that type becomes JSON text: it has members, or it is a list asked for as JSON.
pub(super) fn is_nested(data_type: &DataType, oid: u32) -> bool {
    match data_type {
        DataType::Struct(_) | DataType::Map(_, _) | DataType::Union(_, _) => true,
        _ => data_type.is_list() && matches!(oid, types::JSON | types::JSONB),
    }
}

/// A column of JSON values.
pub(super) struct JsonCell<'a> {
    nulls: Option<NullBuffer>,
    node: Node<'a>,
}

enum Node<'a> {
    Null,
    Bool(&'a arrow::array::BooleanArray),
    /// Digits as they are, or JSON.
    Number(Cell<'a>),
    /// `NaN` and the infinities are no numbers in JSON.
    Float(Cell<'a>),
    Quoted(Cell<'a>),
    Text(Strings<'a>),
    List(Spans<'a>, Box<JsonCell<'a>>),
    /// Each member after its name ([`lead_in`]).
    Object(Vec<(Vec<u8>, JsonCell<'a>)>),
    Map(Spans<'a>, Cell<'a>, Box<JsonCell<'a>>),
    Union(&'a arrow::array::UnionArray, Vec<(i8, JsonCell<'a>)>),
}

impl<'a> JsonCell<'a> {
    pub(super) fn new(array: &'a dyn Array, style: &'a Style) -> Result<JsonCell<'a>> {
        let style = style.json();
        let node = match array.data_type() {
            DataType::Struct(fields) => {
                let Some(object) = array.as_struct_opt() else { return Err(unreadable(array)) };
                let members = fields
                    .iter()
                    .zip(object.columns())
                    .enumerate()
                    .map(|(index, (field, column))| {
                        Ok((
                            lead_in(index, field.name()),
                            JsonCell::of(column, types::of_field(field), style)?,
                        ))
                    })
                    .collect::<Result<Vec<_>>>()?;
                Node::Object(members)
            }
            DataType::Map(_, _) => match (Spans::of(array), array.as_map_opt()) {
                (Some((spans, keys)), Some(map)) => {
                    let key = types::of_data_type(keys.data_type());
                    let value = types::of_data_type(map.values().data_type());
                    let values = Box::new(JsonCell::of(map.values(), value, style)?);
                    Node::Map(spans, Cell::new(keys, key, false, style)?, values)
                }
                _ => return Err(unreadable(array)),
            },
            DataType::Union(fields, _) => {
                let Some(union) = array.as_union_opt() else { return Err(unreadable(array)) };
                let children = fields
                    .iter()
                    .map(|(id, field)| {
                        let child = JsonCell::of(union.child(id), types::of_field(field), style)?;
                        Ok((id, child))
                    })
                    .collect::<Result<Vec<_>>>()?;
                Node::Union(union, children)
            }
            _ => match Spans::of(array) {
                Some((spans, values)) => {
                    let element = types::of_data_type(values.data_type());
                    Node::List(spans, Box::new(JsonCell::of(values, element, style)?))
                }
                None => return Err(unreadable(array)),
            },
        };
        Ok(JsonCell { nulls: nulls(array), node })
    }

    pub(super) fn of(
        array: &'a ArrayRef,
        pg_type: PgType,
        style: &'a Style,
    ) -> Result<JsonCell<'a>> {
        if let Some(strings) = Strings::of(array) {
            // JSON inside JSON is not quoted, and neither is a numeric that is kept as its text.
            let bare = matches!(pg_type.oid, types::JSON | types::JSONB | types::NUMERIC);
            let node = match bare {
                true => Node::Number(Cell::new(array, pg_type, false, style)?),
                false => Node::Text(strings),
            };
            return Ok(JsonCell { nulls: nulls(array), node });
        }
        let data_type = array.data_type();
        if is_oid(pg_type.oid) && matches!(data_type, DataType::Struct(_)) {
            // A name beside its number.
            let node = Node::Quoted(Cell::new(array, pg_type, false, style)?);
            return Ok(JsonCell { nulls: nulls(array), node });
        }
        if is_nested(data_type, types::JSON) {
            return JsonCell::new(array, style);
        }
        let value = || Cell::new(array, pg_type, false, style);
        let node = match (data_type, pg_type.oid) {
            (DataType::Null, _) => Node::Null,
            (DataType::Boolean, _) => match array.as_boolean_opt() {
                Some(booleans) => Node::Bool(booleans),
                None => return Err(unreadable(array)),
            },
            (_, types::INT2 | types::INT4 | types::INT8 | types::NUMERIC) => Node::Number(value()?),
            (_, types::FLOAT4 | types::FLOAT8) => Node::Float(value()?),
            _ => Node::Quoted(value()?),
        };
        Ok(JsonCell { nulls: nulls(array), node })
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Appends the JSON text of one value; `null` for NULL.
    pub(super) fn put(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if self.is_null(row) {
            out.put_slice(b"null");
            return Ok(());
        }
        match &self.node {
            Node::Null => out.put_slice(b"null"),
            Node::Bool(array) => out.put_slice(if array.value(row) { b"true" } else { b"false" }),
            Node::Number(cell) => cell.put_value(row, out)?,
            Node::Float(cell) => {
                let start = out.len();
                cell.put_value(row, out)?;
                if out[start..].iter().any(|byte| matches!(byte, b'N' | b'I')) {
                    requote_from(start, out);
                }
            }
            Node::Quoted(cell) => {
                let start = out.len();
                cell.put_value(row, out)?;
                requote_from(start, out);
            }
            Node::Text(strings) => put_string(strings.value(row).as_bytes(), out),
            Node::List(spans, elements) => put_list(spans.span(row), elements, out)?,
            Node::Object(members) => {
                for (name, member) in members {
                    out.put_slice(name);
                    member.put(row, out)?;
                }
                out.put_slice(if members.is_empty() { b"{}" } else { b"}" });
            }
            Node::Map(spans, keys, values) => put_map(spans.span(row), keys, values, out)?,
            Node::Union(union, children) => {
                let id = union.type_id(row);
                match children.iter().find(|(child, _)| *child == id) {
                    Some((_, child)) => child.put(union.value_offset(row), out)?,
                    None => out.put_slice(b"null"),
                }
            }
        }
        Ok(())
    }
}

/// The name of a member and what stands before it: `{"name":` or `,"name":`.
fn lead_in(index: usize, name: &str) -> Vec<u8> {
    let mut text = Vec::new();
    text.put_u8(if index == 0 { b'{' } else { b',' });
    put_string(name.as_bytes(), &mut text);
    text.put_u8(b':');
    text
}

fn put_list(span: Range<usize>, elements: &JsonCell<'_>, out: &mut Vec<u8>) -> Result<()> {
    out.put_u8(b'[');
    for (index, element) in span.enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        elements.put(element, out)?;
    }
    out.put_u8(b']');
    Ok(())
}

fn put_map(
    span: Range<usize>,
    keys: &Cell<'_>,
    values: &JsonCell<'_>,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.put_u8(b'{');
    for (index, entry) in span.enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        let start = out.len();
        if !keys.is_null(entry) {
            keys.put_value(entry, out)?;
        }
        requote_from(start, out);
        out.put_u8(b':');
        values.put(entry, out)?;
    }
    out.put_u8(b'}');
    Ok(())
}

fn unreadable(array: &dyn Array) -> Error {
    Error::DatatypeMismatch(format!("cannot send data of type {} as json", array.data_type()))
}

/// Quotes what was written since `start`.
fn requote_from(start: usize, out: &mut Vec<u8>) {
    let text = out.split_off(start);
    put_string(&text, out);
}

/// `escape_json`.
fn put_string(text: &[u8], out: &mut Vec<u8>) {
    out.put_u8(b'"');
    let mut clean_from = 0;
    for (at, byte) in text.iter().enumerate() {
        let control;
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            8 => b"\\b",
            12 => b"\\f",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=31 => {
                control = format!("\\u{byte:04x}");
                control.as_bytes()
            }
            _ => continue,
        };
        out.put_slice(&text[clean_from..at]);
        out.put_slice(escaped);
        clean_from = at + 1;
    }
    out.put_slice(&text[clean_from..]);
    out.put_u8(b'"');
}
