//! Cells of system relations, and how they become Arrow columns.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float32Builder, Float64Builder, Int16Builder, Int32Builder,
    Int64Builder, IntervalMonthDayNanoBuilder, ListArray, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, Field, FieldRef, IntervalMonthDayNano, IntervalUnit, Schema, SchemaRef, TimeUnit,
};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::pg::types::{self, MODIFIER_KEY, TYPE_KEY};

/// One value of a system relation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    /// Any whole number: `int2` to `int8`, `oid`, and microseconds of a `timestamptz`.
    Int(i64),
    Float(f64),
    Text(Cow<'static, str>),
    List(Vec<Cell>),
}

/// One row, in the relation's column order.
pub(crate) type Row = Vec<Cell>;

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell::Bool(value)
    }
}

macro_rules! whole {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Cell {
            fn from(value: $kind) -> Cell {
                Cell::Int(i64::from(value))
            }
        }
    )*};
}
whole!(i16, u16, i32, u32, i64);

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        Cell::Float(value)
    }
}

impl From<&'static str> for Cell {
    fn from(value: &'static str) -> Cell {
        Cell::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Cell {
        Cell::Text(Cow::Owned(value))
    }
}

impl From<&String> for Cell {
    fn from(value: &String) -> Cell {
        Cell::Text(Cow::Owned(value.clone()))
    }
}

impl From<char> for Cell {
    fn from(value: char) -> Cell {
        Cell::Text(Cow::Owned(value.to_string()))
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}

impl<T: Into<Cell>> From<Vec<T>> for Cell {
    fn from(values: Vec<T>) -> Cell {
        Cell::List(values.into_iter().map(Into::into).collect())
    }
}

impl Cell {
    pub(crate) fn int(&self) -> i64 {
        match self {
            Cell::Int(value) => *value,
            _ => 0,
        }
    }

    pub(crate) fn oid(&self) -> u32 {
        u32::try_from(self.int()).unwrap_or(0)
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Cell::Text(text) => text,
            _ => "",
        }
    }

    pub(crate) fn truth(&self) -> bool {
        matches!(self, Cell::Bool(true))
    }

    pub(crate) fn items(&self) -> &[Cell] {
        match self {
            Cell::List(items) => items,
            _ => &[],
        }
    }
}

/// Builds one row; each value may be anything a [`Cell`] is made from.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::pg::catalog::rows::Cell::from($value)),*] };
}
pub(crate) use row;

/// The Arrow type that stores the PostgreSQL type `name`, and whether that alone does not tell the PostgreSQL type.
///
/// Identifiers (`oid`, `regproc`, …) are `Int64`: literals, parameters and other columns are compared with them as
/// whole numbers without any cast, and arithmetic on them cannot wrap.
fn storage(name: &str) -> (DataType, bool) {
    match name {
        "bool" => (DataType::Boolean, false),
        "int2" => (DataType::Int16, false),
        "int4" | "cardinal_number" => (DataType::Int32, false),
        "int8" => (DataType::Int64, false),
        "float4" => (DataType::Float32, false),
        "float8" => (DataType::Float64, false),
        "text" => (DataType::Utf8, false),
        "oid" | "xid" | "cid" | "xid8" | "regproc" | "regclass" | "regtype" | "regnamespace"
        | "regrole" | "regprocedure" | "regoper" | "regoperator" | "regcollation" | "regconfig"
        | "regdictionary" => (DataType::Int64, true),
        "timestamptz" | "time_stamp" => {
            (DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))), false)
        }
        "interval" => (DataType::Interval(IntervalUnit::MonthDayNano), false),
        _ => (DataType::Utf8, true),
    }
}

/// A field of the PostgreSQL type `name` (`pg_type.typname`; arrays begin with `_`), nullable.
pub(crate) fn field(column: &str, name: &str) -> Field {
    // The domains of information_schema are told to clients as their base types, with their lengths.
    let modifier = match name {
        "yes_or_no" => Some("7"),
        "time_stamp" => Some("2"),
        _ => None,
    };
    let name = match name {
        "sql_identifier" => "name",
        "character_data" | "yes_or_no" => "varchar",
        "numeric" => "int8",
        other => other,
    };
    let item = match name {
        "int2vector" => Some("int2"),
        "oidvector" => Some("oid"),
        "anyarray" => Some("text"),
        _ => name.strip_prefix('_'),
    };
    if let Some(item) = item {
        let item = field("item", item);
        return tagged(Field::new(column, DataType::List(Arc::new(item)), true), name);
    }
    let (data_type, told) = storage(name);
    let plain = Field::new(column, data_type, true);
    let mut field = if told { tagged(plain, name) } else { plain };
    if let Some(modifier) = modifier {
        field.metadata_mut().insert(MODIFIER_KEY.to_owned(), modifier.to_owned());
    }
    field
}

/// `field` that says it is of the PostgreSQL type `name`.
pub(crate) fn tagged(field: Field, name: &str) -> Field {
    field.with_metadata(HashMap::from([(TYPE_KEY.to_owned(), name.to_owned())]))
}

/// What an element of a list is, where only the list may tell its type; `None` for no list.
pub(crate) fn element(list: &Field) -> Option<FieldRef> {
    let DataType::List(item) = list.data_type() else { return None };
    let told = types::element_of(types::of_field(list).oid).and_then(types::name_of);
    Some(match told {
        Some(name) if !item.metadata().contains_key(TYPE_KEY) => {
            Arc::new(tagged(item.as_ref().clone(), name))
        }
        _ => Arc::clone(item),
    })
}

/// The columns of one batch from rows of `schema`'s width.
pub(crate) fn batch(
    schema: &SchemaRef,
    rows: &[Row],
    projection: Option<&Vec<usize>>,
) -> Result<RecordBatch, ArrowError> {
    let every: Vec<usize>;
    let picked = match projection {
        Some(picked) => picked,
        None => {
            every = (0..schema.fields().len()).collect();
            &every
        }
    };
    let mut columns = Vec::with_capacity(picked.len());
    let mut fields: Vec<FieldRef> = Vec::with_capacity(picked.len());
    for &index in picked {
        let field = &schema.fields()[index];
        columns.push(column(field, rows.iter().map(|row| row.get(index).unwrap_or(&Cell::Null)))?);
        fields.push(Arc::clone(field));
    }
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
}

/// One column of cells.
pub(crate) fn column<'a>(
    field: &FieldRef,
    cells: impl Iterator<Item = &'a Cell>,
) -> Result<ArrayRef, ArrowError> {
    macro_rules! build {
        ($builder:expr, $cell:ident => $value:expr) => {{
            let mut builder = $builder;
            for $cell in cells {
                builder.append_option($value);
            }
            Arc::new(builder.finish())
        }};
    }
    Ok(match field.data_type() {
        DataType::Boolean => build!(BooleanBuilder::new(), cell => match cell {
            Cell::Bool(value) => Some(*value),
            _ => None,
        }),
        DataType::Int16 => {
            build!(Int16Builder::new(), cell => whole(cell).map(|value| i16::try_from(value).unwrap_or(i16::MAX)))
        }
        DataType::Int32 => {
            build!(Int32Builder::new(), cell => whole(cell).map(|value| i32::try_from(value).unwrap_or(i32::MAX)))
        }
        DataType::Int64 => build!(Int64Builder::new(), cell => whole(cell)),
        DataType::Float32 => build!(Float32Builder::new(), cell => {
            #[expect(clippy::cast_possible_truncation, reason = "reltuples and procost are float4 in PostgreSQL too")]
            fraction(cell).map(|value| value as f32)
        }),
        DataType::Float64 => build!(Float64Builder::new(), cell => fraction(cell)),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let builder = TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone());
            build!(builder, cell => whole(cell))
        }
        // Seconds: the only intervals in system relations are offsets of time zones.
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            build!(IntervalMonthDayNanoBuilder::new(), cell => whole(cell).map(|seconds| {
                IntervalMonthDayNano::new(0, 0, seconds * 1_000_000_000)
            }))
        }
        DataType::List(item) => {
            let mut lengths = Vec::new();
            let mut valid = Vec::new();
            let mut items = Vec::new();
            for cell in cells {
                valid.push(matches!(cell, Cell::List(_)));
                lengths.push(cell.items().len());
                items.extend(cell.items());
            }
            let values = column(item, items.into_iter())?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            let nulls = NullBuffer::from(valid);
            Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, Some(nulls))?)
        }
        _ => build!(StringBuilder::new(), cell => match cell {
            Cell::Text(text) => Some(text.as_ref()),
            _ => None,
        }),
    })
}

fn whole(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(value) => Some(*value),
        _ => None,
    }
}

fn fraction(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(value) => Some(*value),
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of rows are estimates in PostgreSQL too"
        )]
        Cell::Int(value) => Some(*value as f64),
        _ => None,
    }
}
