//! One column of a batch, ready to write any of its values in one form: what kind of array meets which PostgreSQL
//! type is decided once per batch, each value then is one jump.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type,
    Int16Type, Int32Type, Int64Type, IntervalUnit, TimeUnit, i256,
};
use bytes::BufMut;

use super::json::{self, JsonCell};
use super::list::{List, Vector};
use super::record::Record;
use super::time::Calendar;
use super::values::{
    Bytes, Integers, Intervals, Runs, Strings, Times, intervals, micros, times, timestamps,
};
use super::{OutputSettings, number, textual, time};
use crate::error::{Error, Result};
use crate::pg::adt;
use crate::pg::decode;
use crate::pg::encodings::Encoding;
use crate::pg::numeric;
use crate::pg::types::{self, PgType};

/// What every writer of one encoder shares.
pub(super) struct Style {
    pub(super) settings: OutputSettings,
    pub(super) calendar: Calendar,
    /// The same inside JSON; there it is `None`.
    json: Option<Box<Style>>,
}

impl Style {
    pub(super) fn new(settings: &OutputSettings) -> Style {
        Style {
            settings: settings.clone(),
            calendar: Calendar::new(settings),
            json: Some(Box::new(Style {
                // JSON is converted as a whole.
                settings: OutputSettings { encoding: Encoding::Utf8, ..settings.clone() },
                calendar: Calendar::xsd(settings),
                json: None,
            })),
        }
    }

    /// The style of values inside JSON.
    pub(super) fn json(&self) -> &Style {
        self.json.as_deref().unwrap_or(self)
    }
}

/// A column of values of one PostgreSQL type, with the form they are written in.
pub(super) struct Cell<'a> {
    nulls: Option<NullBuffer>,
    writer: Writer<'a>,
}

/// How one value gets into the output. The array type is part of the variant, so a value needs no second jump.
enum Writer<'a> {
    Missing,
    /// Text for a client of another encoding.
    Converted(Box<Cell<'a>>, Encoding),
    Text(Strings<'a>),
    PaddedText(Strings<'a>, usize),
    /// `jsonb` in binary: a version byte before the text.
    VersionedText(Strings<'a>),
    CharBinary(Strings<'a>),
    /// Values whose type has no binary form: told once there is a value.
    Refused(u32),
    /// Text that must be parsed to be sent in binary. Slow, and rare: catalogs keep such columns typed.
    Parsed(Strings<'a>, u32, &'a Style),
    /// The canonical text of a range whose bounds a session's settings tell how to write.
    RangeText(Strings<'a>, u32, &'a Style),
    BoolText(&'a BooleanArray),
    BoolBinary(&'a BooleanArray),
    Int16Text(&'a [i16]),
    Int32Text(&'a [i32]),
    Int64Text(&'a [i64]),
    Int16Binary(&'a [i16]),
    Int32Binary(&'a [i32]),
    Int64Binary(&'a [i64]),
    Integer(Integers<'a>, IntegerForm),
    Float32Text(&'a [f32], i32),
    Float64Text(&'a [f64], i32),
    Float32Binary(&'a [f32]),
    Float64Binary(&'a [f64]),
    DecimalText(&'a [i128], i8),
    DecimalBinary(&'a [i128], i8),
    Decimal256Text(&'a [i256], i8),
    Decimal256Binary(&'a [i256], i8),
    VaryingText(&'a [i256], i8),
    VaryingBinary(&'a [i256], i8),
    ByteaHex(Bytes<'a>),
    ByteaEscape(Bytes<'a>),
    ByteaBinary(Bytes<'a>),
    UuidText(Bytes<'a>),
    UuidBinary(Bytes<'a>),
    /// Bytes announced as text.
    Utf8Bytes(Bytes<'a>),
    DateText(&'a [i32], &'a Calendar),
    DateBinary(&'a [i32]),
    Date64Text(&'a [i64], &'a Calendar),
    Date64Binary(&'a [i64]),
    TimeText(Times<'a>),
    TimeBinary(Times<'a>),
    TimeZoneText(Times<'a>),
    TimeZoneBinary(Times<'a>),
    TimestampText(&'a [i64], TimeUnit, &'a Calendar),
    TimestamptzText(&'a [i64], TimeUnit, &'a Calendar),
    TimestampBinary(&'a [i64], TimeUnit),
    IntervalText(Intervals<'a>, &'a Calendar),
    IntervalBinary(Intervals<'a>),
    ListText(Box<List<'a>>),
    ListBinary(Box<List<'a>>),
    Vector(Box<Vector<'a>>),
    RecordText(Box<Record<'a>>),
    RecordBinary(Box<Record<'a>>),
    Json(Box<JsonCell<'a>>),
    JsonbBinary(Box<JsonCell<'a>>),
    Indexed(Integers<'a>, Box<Cell<'a>>),
    Runs(Runs<'a>, Box<Cell<'a>>),
}

/// The forms an integer can take.
#[derive(Clone, Copy)]
enum IntegerForm {
    Text,
    CharText,
    CharBinary,
    Int2,
    Int4,
    Int8,
    /// `oid` and its aliases: four bytes without a sign.
    Oid,
    Xid8,
    Numeric,
}

/// Whether values of that type are sent in binary as their text.
fn is_text(oid: u32) -> bool {
    matches!(
        oid,
        types::TEXT
            | types::VARCHAR
            | types::BPCHAR
            | types::NAME
            | types::UNKNOWN
            | types::CSTRING
            | types::JSON
            | types::XML
            | types::PG_NODE_TREE
            | types::REFCURSOR
            | types::VOID
    )
}

/// Whether values of that type are a number of an object.
pub(crate) fn is_oid(oid: u32) -> bool {
    matches!(
        oid,
        types::OID
            | types::XID
            | types::CID
            | types::REGPROC
            | types::REGPROCEDURE
            | types::REGOPER
            | types::REGOPERATOR
            | types::REGCLASS
            | types::REGTYPE
            | types::REGCONFIG
            | types::REGDICTIONARY
            | types::REGNAMESPACE
            | types::REGROLE
            | types::REGCOLLATION
    )
}

/// Whether values of that type are composite: the type of a table's rows has a number of its own.
fn is_record(oid: u32) -> bool {
    oid == types::RECORD || types::name_of(oid).is_none()
}

/// The Arrow type from which values of a PostgreSQL type can always be written: for a batch whose type is not the
/// announced one.
pub(super) fn readable(target: PgType) -> Option<DataType> {
    Some(match target.oid {
        types::BOOL => DataType::Boolean,
        types::INT2 => DataType::Int16,
        types::INT4 => DataType::Int32,
        types::INT8 => DataType::Int64,
        oid if is_oid(oid) => DataType::UInt32,
        types::FLOAT4 => DataType::Float32,
        types::FLOAT8 => DataType::Float64,
        // 18 digits after the point are what a double can hold between 0.1 and 1.
        types::NUMERIC => DataType::Decimal256(76, 18),
        types::DATE => DataType::Date32,
        types::TIME | types::TIMETZ => DataType::Time64(TimeUnit::Microsecond),
        types::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        types::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        types::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        _ => return None,
    })
}

/// The same type without the encodings that no writer reads; `None` when there is none inside.
pub(super) fn normal(from: &DataType) -> Option<DataType> {
    let field = |field: &arrow::datatypes::FieldRef| {
        normal(field.data_type())
            .map(|normal| std::sync::Arc::new(field.as_ref().clone().with_data_type(normal)))
    };
    Some(match from {
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::List(element) => DataType::List(field(element)?),
        DataType::LargeList(element) => DataType::LargeList(field(element)?),
        DataType::ListView(element) => DataType::ListView(field(element)?),
        DataType::LargeListView(element) => DataType::LargeListView(field(element)?),
        DataType::FixedSizeList(element, len) => DataType::FixedSizeList(field(element)?, *len),
        DataType::Dictionary(key, value) => {
            DataType::Dictionary(key.clone(), Box::new(normal(value)?))
        }
        DataType::Struct(fields) => {
            if fields.iter().all(|member| normal(member.data_type()).is_none()) {
                return None;
            }
            DataType::Struct(
                fields
                    .iter()
                    .map(|member| field(member).unwrap_or_else(|| std::sync::Arc::clone(member)))
                    .collect(),
            )
        }
        DataType::Map(entries, sorted) => DataType::Map(field(entries)?, *sorted),
        _ => return None,
    })
}

impl<'a> Cell<'a> {
    /// Decides how the values of `array` are written as `target`.
    /// Errors: 42804 when the array cannot be read as that type, 42883 when the type has no binary form.
    pub(super) fn new(
        array: &'a ArrayRef,
        target: PgType,
        binary: bool,
        style: &'a Style,
    ) -> Result<Cell<'a>> {
        if is_oid(types::element_of(target.oid).unwrap_or(target.oid))
            && let Some(pair) = array.as_struct_opt()
            && let [oid, name] = pair.columns()
        {
            return Cell::new(if binary { oid } else { name }, target, binary, style);
        }
        let writer = Writer::new(array.as_ref(), target, binary, style)?.ok_or_else(|| {
            Error::DatatypeMismatch(format!(
                "cannot send data of type {} as {}",
                array.data_type(),
                types::sql_name(target.oid)
            ))
        })?;
        let cell = Cell { nulls: nulls(array.as_ref()), writer };
        let encoding = style.settings.encoding;
        Ok(match encoding.converts() && target.oid != types::BYTEA && cell.is_words() {
            true => Cell {
                nulls: cell.nulls.clone(),
                writer: Writer::Converted(Box::new(cell), encoding),
            },
            false => cell,
        })
    }

    /// Whether it writes text that may have any character, and nothing inside does.
    fn is_words(&self) -> bool {
        matches!(
            self.writer,
            Writer::Text(_)
                | Writer::PaddedText(..)
                | Writer::VersionedText(_)
                | Writer::Utf8Bytes(_)
                | Writer::RangeText(..)
                | Writer::Json(_)
                | Writer::JsonbBinary(_)
        )
    }

    #[inline]
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Whether the text of every value consists of digits, letters and `+-.` only.
    pub(super) fn is_bare(&self) -> bool {
        match &self.writer {
            Writer::BoolText(_)
            | Writer::Int16Text(_)
            | Writer::Int32Text(_)
            | Writer::Int64Text(_)
            | Writer::Integer(_, IntegerForm::Text)
            | Writer::Float32Text(..)
            | Writer::Float64Text(..)
            | Writer::DecimalText(..)
            | Writer::Decimal256Text(..)
            | Writer::VaryingText(..)
            | Writer::UuidText(_) => true,
            Writer::Indexed(_, values) | Writer::Runs(_, values) => values.is_bare(),
            _ => false,
        }
    }

    /// Whether the text of every value is a date, a time or an interval: as bare ones, and ` :/@` beside.
    pub(super) fn is_temporal(&self) -> bool {
        match &self.writer {
            Writer::DateText(..)
            | Writer::Date64Text(..)
            | Writer::TimeText(_)
            | Writer::TimeZoneText(_)
            | Writer::TimestampText(..)
            | Writer::TimestamptzText(..)
            | Writer::IntervalText(..) => true,
            Writer::Indexed(_, values) | Writer::Runs(_, values) => values.is_temporal(),
            _ => false,
        }
    }

    /// A value that is not NULL and is written as it lies in the batch.
    #[inline]
    pub(super) fn text(&self, row: usize) -> Option<&'a str> {
        match &self.writer {
            Writer::Text(strings) => Some(strings.value(row)),
            _ => None,
        }
    }

    /// The bytes of a value that is not NULL.
    pub(super) fn value(&self, row: usize) -> Result<Vec<u8>> {
        let mut value = Vec::new();
        self.put_value(row, &mut value)?;
        Ok(value)
    }

    /// The list behind this column, for another dimension.
    pub(super) fn list(&self) -> Option<&List<'a>> {
        match &self.writer {
            Writer::ListText(list) | Writer::ListBinary(list) => Some(list),
            _ => None,
        }
    }

    /// Appends a value with its length in front, as in DataRow and in binary COPY; -1 for NULL.
    /// On an error the output holds a part of it.
    #[inline]
    pub(super) fn put_field(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        if self.is_null(row) {
            out.put_i32(-1);
            return Ok(());
        }
        // Fixed lengths and texts that lie ready need no second visit to the length.
        match &self.writer {
            Writer::Int32Binary(values) => {
                let [a, b, c, d] = values[row].to_be_bytes();
                out.put_slice(&[0, 0, 0, 4, a, b, c, d]);
            }
            Writer::Int64Binary(values) => {
                let [a, b, c, d, e, f, g, h] = values[row].to_be_bytes();
                out.put_slice(&[0, 0, 0, 8, a, b, c, d, e, f, g, h]);
            }
            Writer::Float64Binary(values) => {
                let [a, b, c, d, e, f, g, h] = values[row].to_be_bytes();
                out.put_slice(&[0, 0, 0, 8, a, b, c, d, e, f, g, h]);
            }
            Writer::Text(strings) => {
                let text = strings.value(row);
                out.put_i32(length(text.len())?);
                out.put_slice(text.as_bytes());
            }
            _ => {
                let start = out.len();
                out.put_i32(0);
                self.put_value(row, out)?;
                let length = length(out.len() - start - 4)?;
                out[start..start + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        Ok(())
    }

    /// Appends the bytes of a value that is not NULL.
    pub(super) fn put_value(&self, row: usize, out: &mut Vec<u8>) -> Result<()> {
        match &self.writer {
            Writer::Missing => {}
            Writer::Converted(cell, encoding) => {
                let value = cell.value(row)?;
                match value.is_ascii() {
                    true => out.put_slice(&value),
                    false => out.put_slice(&encoding.encode(decode::utf8(&value)?)?),
                }
            }
            Writer::Text(strings) => out.put_slice(strings.value(row).as_bytes()),
            Writer::PaddedText(strings, len) => {
                let text = strings.value(row);
                out.put_slice(text.as_bytes());
                out.put_bytes(b' ', len.saturating_sub(text.chars().count()));
            }
            Writer::VersionedText(strings) => {
                out.put_u8(1);
                out.put_slice(strings.value(row).as_bytes());
            }
            Writer::CharBinary(strings) => {
                out.put_u8(strings.value(row).bytes().next().unwrap_or(0));
            }
            Writer::Refused(oid) => return Err(no_binary_form(*oid)),
            Writer::Parsed(strings, oid, style) => {
                put_parsed(strings.value(row), *oid, style, out)?;
            }
            Writer::RangeText(strings, oid, style) => {
                let text = adt::styled(*oid, strings.value(row), &style.settings)?;
                out.put_slice(text.as_bytes());
            }
            Writer::BoolText(array) => out.put_u8(if array.value(row) { b't' } else { b'f' }),
            Writer::BoolBinary(array) => out.put_u8(u8::from(array.value(row))),
            Writer::Int16Text(values) => number::put_integer(values[row], out),
            Writer::Int32Text(values) => number::put_integer(values[row], out),
            Writer::Int64Text(values) => number::put_integer(values[row], out),
            Writer::Int16Binary(values) => out.put_i16(values[row]),
            Writer::Int32Binary(values) => out.put_i32(values[row]),
            Writer::Int64Binary(values) => out.put_i64(values[row]),
            Writer::Integer(values, form) => put_integer(values.value(row), *form, out)?,
            Writer::Float32Text(values, extra) => number::put_float4(values[row], *extra, out),
            Writer::Float64Text(values, extra) => number::put_float8(values[row], *extra, out),
            Writer::Float32Binary(values) => out.put_f32(values[row]),
            Writer::Float64Binary(values) => out.put_f64(values[row]),
            Writer::DecimalText(values, scale) => number::put_decimal(values[row], *scale, out),
            Writer::DecimalBinary(values, scale) => {
                number::put_decimal_binary(values[row], *scale, out);
            }
            Writer::Decimal256Text(values, scale) => {
                number::put_decimal256(values[row], *scale, out);
            }
            Writer::Decimal256Binary(values, scale) => {
                number::put_decimal256_binary(values[row], *scale, out);
            }
            Writer::VaryingText(values, scale) => number::put_varying(values[row], *scale, out),
            Writer::VaryingBinary(values, scale) => {
                number::put_varying_binary(values[row], *scale, out);
            }
            Writer::ByteaHex(bytes) => {
                out.put_slice(b"\\x");
                put_hex(bytes.value(row), out);
            }
            Writer::ByteaEscape(bytes) => put_escaped(bytes.value(row), out),
            Writer::ByteaBinary(bytes) => out.put_slice(bytes.value(row)),
            Writer::UuidText(bytes) => put_uuid(uuid(bytes.value(row))?, out),
            Writer::UuidBinary(bytes) => out.put_slice(uuid(bytes.value(row))?),
            Writer::Utf8Bytes(bytes) => {
                let bytes = bytes.value(row);
                decode::utf8(bytes)?;
                out.put_slice(bytes);
            }
            Writer::DateText(values, calendar) => {
                time::put_date(values[row].into(), calendar, out)?;
            }
            Writer::DateBinary(values) => time::put_date_binary(values[row].into(), out)?,
            Writer::Date64Text(values, calendar) => {
                time::put_date(values[row].div_euclid(86_400_000), calendar, out)?;
            }
            Writer::Date64Binary(values) => {
                time::put_date_binary(values[row].div_euclid(86_400_000), out)?;
            }
            Writer::TimeText(times) => time::put_time(times.micros(row), out)?,
            Writer::TimeBinary(times) => time::put_time_binary(times.micros(row), out)?,
            Writer::TimeZoneText(times) => {
                time::put_time(times.micros(row), out)?;
                out.put_slice(b"+00");
            }
            Writer::TimeZoneBinary(times) => {
                time::put_time_binary(times.micros(row), out)?;
                out.put_i32(0);
            }
            Writer::TimestampText(values, unit, calendar) => {
                let micros = micros(values[row], *unit).ok_or_else(time::timestamp_out_of_range)?;
                time::put_timestamp(micros, calendar, out)?;
            }
            Writer::TimestamptzText(values, unit, calendar) => {
                let micros = micros(values[row], *unit).ok_or_else(time::timestamp_out_of_range)?;
                time::put_timestamptz(micros, calendar, out)?;
            }
            Writer::TimestampBinary(values, unit) => {
                let micros = micros(values[row], *unit).ok_or_else(time::timestamp_out_of_range)?;
                time::put_timestamp_binary(micros, out)?;
            }
            Writer::IntervalText(values, calendar) => {
                time::put_interval(values.value(row)?, calendar.interval_style, out);
            }
            Writer::IntervalBinary(values) => {
                time::put_interval_binary(values.value(row)?, out);
            }
            Writer::ListText(list) => list.put_text(row, out)?,
            Writer::ListBinary(list) => list.put_binary(row, out)?,
            Writer::Vector(vector) => vector.put(row, out)?,
            Writer::RecordText(record) => record.put_text(row, out)?,
            Writer::RecordBinary(record) => record.put_binary(row, out)?,
            Writer::Json(json) => json.put(row, out)?,
            Writer::JsonbBinary(json) => {
                out.put_u8(1);
                json.put(row, out)?;
            }
            Writer::Indexed(keys, values) => values.put_value(keys.index(row), out)?,
            Writer::Runs(runs, values) => values.put_value(runs.index(row), out)?,
        }
        Ok(())
    }
}

/// Where the values are NULL, in whatever way the encoding says so.
pub(super) fn nulls(array: &dyn Array) -> Option<NullBuffer> {
    array.logical_nulls().filter(|nulls| nulls.null_count() > 0)
}

/// A length as the protocol tells it.
pub(super) fn length(len: usize) -> Result<i32> {
    i32::try_from(len).map_err(|_too_long| {
        Error::ProgramLimitExceeded(format!("value of {len} bytes is too long to send"))
    })
}

impl<'a> Writer<'a> {
    /// `None` when no writer reads that array as that type.
    fn new(
        array: &'a dyn Array,
        target: PgType,
        binary: bool,
        style: &'a Style,
    ) -> Result<Option<Writer<'a>>> {
        if target.oid == types::ACLITEM && binary {
            return Err(no_binary_form(target.oid));
        }
        if target.oid == types::ACLITEM_ARRAY && binary {
            return Ok(Some(Writer::Refused(types::ACLITEM)));
        }
        Ok(match array.data_type() {
            DataType::Null => Some(Writer::Missing),
            DataType::Dictionary(_, _) => {
                let Some(dictionary) = array.as_any_dictionary_opt() else { return Ok(None) };
                let values = Cell::new(dictionary.values(), target, binary, style)?;
                Integers::of(dictionary.keys()).map(|keys| Writer::Indexed(keys, Box::new(values)))
            }
            DataType::RunEndEncoded(_, _) => Writer::runs(array, target, binary, style)?,
            DataType::Struct(_) if is_record(target.oid) => {
                let record = Record::new(array, binary, style)?.map(Box::new);
                record.map(|record| match binary {
                    true => Writer::RecordBinary(record),
                    false => Writer::RecordText(record),
                })
            }
            _ if json::is_nested(array.data_type(), target.oid) => {
                let json = Box::new(JsonCell::new(array, style)?);
                Some(match binary && target.oid == types::JSONB {
                    true => Writer::JsonbBinary(json),
                    false => Writer::Json(json),
                })
            }
            data_type if data_type.is_list() => {
                if matches!(target.oid, types::INT2VECTOR | types::OIDVECTOR) {
                    let vector = Vector::new(array, target.oid, binary, style)?;
                    vector.map(|vector| Writer::Vector(Box::new(vector)))
                } else {
                    let list = List::new(array, target, binary && !is_text(target.oid), style)?;
                    list.map(Box::new).map(|list| match binary && !is_text(target.oid) {
                        true => Writer::ListBinary(list),
                        false => Writer::ListText(list),
                    })
                }
            }
            data_type if binary && !is_text(target.oid) => {
                Writer::binary(array, data_type, target, style)
            }
            data_type => Writer::text(array, data_type, target, style),
        })
    }

    fn runs(
        array: &'a dyn Array,
        target: PgType,
        binary: bool,
        style: &'a Style,
    ) -> Result<Option<Writer<'a>>> {
        macro_rules! runs {
            ($($key:ty => $variant:ident),*) => {
                $(if let Some(runs) = array.as_run_opt::<$key>() {
                    let ends = runs.run_ends();
                    let values = Cell::new(runs.values(), target, binary, style)?;
                    let runs = Runs {
                        ends: Integers::$variant(ends.values()),
                        len: ends.values().len(),
                        offset: ends.offset(),
                    };
                    return Ok(Some(Writer::Runs(runs, Box::new(values))));
                })*
            };
        }
        runs!(Int16Type => I16, Int32Type => I32, Int64Type => I64);
        Ok(None)
    }

    fn text(
        array: &'a dyn Array,
        data_type: &DataType,
        target: PgType,
        style: &'a Style,
    ) -> Option<Writer<'a>> {
        if let Some(integers) = Integers::of(array) {
            return match (integers, target.oid) {
                (_, types::CHAR) => Some(Writer::Integer(integers, IntegerForm::CharText)),
                // 1e+15 and -0 are not spelled as integers.
                (_, types::FLOAT4 | types::FLOAT8 | types::BOOL) => None,
                (Integers::I16(values), _) => Some(Writer::Int16Text(values)),
                (Integers::I32(values), _) if !is_oid(target.oid) => {
                    Some(Writer::Int32Text(values))
                }
                (Integers::I64(values), _) => Some(Writer::Int64Text(values)),
                _ => Some(Writer::Integer(integers, IntegerForm::Text)),
            };
        }
        if is_other_number(data_type, target.oid) {
            return None;
        }
        let extra = style.settings.extra_float_digits;
        let calendar = &style.calendar;
        Some(match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                match (Strings::of(array)?, target.oid, usize::try_from(target.modifier - 4)) {
                    (strings, types::BYTEA, _) => Writer::bytea(Bytes::Text(strings), style),
                    (strings, oid, _) if adt::is_styled(oid) => {
                        Writer::RangeText(strings, oid, style)
                    }
                    (strings, types::BPCHAR, Ok(len @ 1..)) => Writer::PaddedText(strings, len),
                    (strings, _, _) => Writer::Text(strings),
                }
            }
            DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_) => match (Bytes::of(array)?, target.oid) {
                (bytes, types::UUID) => Writer::UuidText(bytes),
                (bytes, types::BYTEA) => Writer::bytea(bytes, style),
                (bytes, oid) if is_text(oid) => Writer::Utf8Bytes(bytes),
                _ => return None,
            },
            DataType::Boolean => Writer::BoolText(array.as_boolean_opt()?),
            DataType::Float32 => {
                Writer::Float32Text(array.as_primitive_opt::<Float32Type>()?.values(), extra)
            }
            DataType::Float64 => {
                Writer::Float64Text(array.as_primitive_opt::<Float64Type>()?.values(), extra)
            }
            DataType::Decimal128(_, scale) => {
                Writer::DecimalText(array.as_primitive_opt::<Decimal128Type>()?.values(), *scale)
            }
            DataType::Decimal256(_, scale) if numeric::varies(data_type) => {
                Writer::VaryingText(array.as_primitive_opt::<Decimal256Type>()?.values(), *scale)
            }
            DataType::Decimal256(_, scale) => {
                Writer::Decimal256Text(array.as_primitive_opt::<Decimal256Type>()?.values(), *scale)
            }
            DataType::Date32 if is_date(target.oid) => {
                Writer::DateText(array.as_primitive_opt::<Date32Type>()?.values(), calendar)
            }
            DataType::Date64 if is_date(target.oid) => {
                Writer::Date64Text(array.as_primitive_opt::<Date64Type>()?.values(), calendar)
            }
            DataType::Time32(_) | DataType::Time64(_) => match target.oid {
                types::TIMETZ => Writer::TimeZoneText(times(array)?),
                _ => Writer::TimeText(times(array)?),
            },
            DataType::Timestamp(unit, zone) => match (target.oid, zone) {
                (types::DATE, _) => return None,
                (types::TIMESTAMPTZ, _) => {
                    Writer::TimestamptzText(timestamps(array)?, *unit, calendar)
                }
                (oid, Some(_)) if oid != types::TIMESTAMP => {
                    Writer::TimestamptzText(timestamps(array)?, *unit, calendar)
                }
                _ => Writer::TimestampText(timestamps(array)?, *unit, calendar),
            },
            DataType::Interval(_) | DataType::Duration(_) => {
                Writer::IntervalText(intervals(array)?, calendar)
            }
            _ => return None,
        })
    }

    fn binary(
        array: &'a dyn Array,
        data_type: &DataType,
        target: PgType,
        style: &'a Style,
    ) -> Option<Writer<'a>> {
        if let Some(integers) = Integers::of(array) {
            let form = match (integers, target.oid) {
                (Integers::I16(values), types::INT2) => return Some(Writer::Int16Binary(values)),
                (Integers::I32(values), oid) if oid == types::INT4 || is_oid(oid) => {
                    return Some(Writer::Int32Binary(values));
                }
                (Integers::I64(values), types::INT8) => return Some(Writer::Int64Binary(values)),
                (_, types::INT2) => IntegerForm::Int2,
                (_, types::INT4) => IntegerForm::Int4,
                (_, types::INT8) => IntegerForm::Int8,
                (_, types::XID8) => IntegerForm::Xid8,
                (_, types::CHAR) => IntegerForm::CharBinary,
                (_, types::NUMERIC) => IntegerForm::Numeric,
                (_, oid) if is_oid(oid) => IntegerForm::Oid,
                _ => return None,
            };
            return Some(Writer::Integer(integers, form));
        }
        if let Some(strings) = Strings::of(array) {
            return Some(match target.oid {
                types::BYTEA => Writer::Text(strings),
                types::JSONB => Writer::VersionedText(strings),
                types::CHAR => Writer::CharBinary(strings),
                oid => Writer::Parsed(strings, oid, style),
            });
        }
        Some(match (data_type, target.oid) {
            (DataType::Boolean, types::BOOL) => Writer::BoolBinary(array.as_boolean_opt()?),
            (DataType::Float32, types::FLOAT4) => {
                Writer::Float32Binary(array.as_primitive_opt::<Float32Type>()?.values())
            }
            (DataType::Float64, types::FLOAT8) => {
                Writer::Float64Binary(array.as_primitive_opt::<Float64Type>()?.values())
            }
            (DataType::Decimal128(_, scale), types::NUMERIC) => {
                Writer::DecimalBinary(array.as_primitive_opt::<Decimal128Type>()?.values(), *scale)
            }
            (DataType::Decimal256(_, scale), types::NUMERIC) if numeric::varies(data_type) => {
                Writer::VaryingBinary(array.as_primitive_opt::<Decimal256Type>()?.values(), *scale)
            }
            (DataType::Decimal256(_, scale), types::NUMERIC) => Writer::Decimal256Binary(
                array.as_primitive_opt::<Decimal256Type>()?.values(),
                *scale,
            ),
            (_, types::BYTEA) => Writer::ByteaBinary(Bytes::of(array)?),
            (_, types::UUID) => Writer::UuidBinary(Bytes::of(array)?),
            (DataType::Date32, types::DATE) => {
                Writer::DateBinary(array.as_primitive_opt::<Date32Type>()?.values())
            }
            (DataType::Date64, types::DATE) => {
                Writer::Date64Binary(array.as_primitive_opt::<Date64Type>()?.values())
            }
            (DataType::Time32(_) | DataType::Time64(_), types::TIME) => {
                Writer::TimeBinary(times(array)?)
            }
            (DataType::Time32(_) | DataType::Time64(_), types::TIMETZ) => {
                Writer::TimeZoneBinary(times(array)?)
            }
            (DataType::Timestamp(unit, _), types::TIMESTAMP | types::TIMESTAMPTZ) => {
                Writer::TimestampBinary(timestamps(array)?, *unit)
            }
            (DataType::Interval(_) | DataType::Duration(_), types::INTERVAL) => {
                Writer::IntervalBinary(intervals(array)?)
            }
            _ => return None,
        })
    }

    fn bytea(bytes: Bytes<'a>, style: &Style) -> Writer<'a> {
        match style.settings.bytea_hex {
            true => Writer::ByteaHex(bytes),
            false => Writer::ByteaEscape(bytes),
        }
    }
}

/// Whether a number has to be converted before its text is that of the announced type.
fn is_other_number(data_type: &DataType, oid: u32) -> bool {
    let integer = matches!(oid, types::INT2 | types::INT4 | types::INT8);
    match data_type {
        DataType::Float32 => integer || matches!(oid, types::FLOAT8 | types::NUMERIC),
        DataType::Float64 => integer || matches!(oid, types::FLOAT4 | types::NUMERIC),
        DataType::Decimal128(_, _) | DataType::Decimal256(_, _) => {
            integer || matches!(oid, types::FLOAT4 | types::FLOAT8)
        }
        _ => false,
    }
}

/// A date announced as a timestamp has a time in its text, so it is converted first.
fn is_date(oid: u32) -> bool {
    !matches!(oid, types::TIMESTAMP | types::TIMESTAMPTZ)
}

fn put_integer(value: i128, form: IntegerForm, out: &mut Vec<u8>) -> Result<()> {
    let out_of_range = |name: &str| {
        Error::NumericOutOfRange(format!("value \"{value}\" is out of range for type {name}"))
    };
    match form {
        IntegerForm::Text => number::put_integer(value, out),
        IntegerForm::Numeric => number::put_decimal_binary(value, 0, out),
        IntegerForm::Int2 => {
            out.put_i16(i16::try_from(value).map_err(|_wide| out_of_range("smallint"))?);
        }
        IntegerForm::Int4 => {
            out.put_i32(i32::try_from(value).map_err(|_wide| out_of_range("integer"))?);
        }
        IntegerForm::Int8 => {
            out.put_i64(i64::try_from(value).map_err(|_wide| out_of_range("bigint"))?);
        }
        IntegerForm::Oid => {
            out.put_u32(u32::try_from(value).map_err(|_wide| out_of_range("oid"))?);
        }
        IntegerForm::Xid8 => {
            out.put_u64(u64::try_from(value).map_err(|_wide| out_of_range("xid8"))?);
        }
        IntegerForm::CharText | IntegerForm::CharBinary => {
            let [byte, ..] = i16::try_from(value)
                .ok()
                .filter(|value| (-128..256).contains(value))
                .ok_or_else(|| out_of_range("\"char\""))?
                .to_le_bytes();
            match (form, byte) {
                (IntegerForm::CharBinary, _) => out.put_u8(byte),
                (_, 0) => {}
                (_, 1..=127) => out.put_u8(byte),
                _ => put_octal(byte, out),
            }
        }
    }
    Ok(())
}

fn put_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for chunk in bytes.chunks(64) {
        let mut text = [0; 128];
        for (pair, byte) in text.chunks_exact_mut(2).zip(chunk) {
            pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        out.put_slice(&text[..chunk.len() * 2]);
    }
}

fn put_octal(byte: u8, out: &mut Vec<u8>) {
    out.put_slice(&[b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
}

/// `byteaout` with `bytea_output = escape`.
fn put_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        match byte {
            b'\\' => out.put_slice(b"\\\\"),
            0x20..=0x7e => out.put_u8(*byte),
            _ => put_octal(*byte, out),
        }
    }
}

fn uuid(bytes: &[u8]) -> Result<&[u8]> {
    if bytes.len() == 16 {
        Ok(bytes)
    } else {
        Err(Error::Data(format!("a uuid has 16 bytes, not {}", bytes.len())))
    }
}

fn put_uuid(bytes: &[u8], out: &mut Vec<u8>) {
    for (index, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
        if index > 0 {
            out.put_u8(b'-');
        }
        put_hex(bytes.get(part).unwrap_or(&[]), out);
    }
}

/// Reads a text as `oid` and writes that in binary.
fn put_parsed(text: &str, oid: u32, style: &Style, out: &mut Vec<u8>) -> Result<()> {
    if let Some(bytes) = adt::send(oid, text) {
        out.put_slice(&bytes?);
        return Ok(());
    }
    if let Some(written) = textual::put_binary(text, oid, out) {
        return written;
    }
    let scalar = decode::parameter(oid, false, text.as_bytes(), &style.settings)?;
    let array = scalar
        .to_array_of_size(1)
        .map_err(|error| Error::Internal(format!("could not make an array: {error}")))?;
    match (array.data_type(), oid) {
        // A uuid stays a text when it is read.
        (DataType::Utf8, types::UUID) => {
            let hex = text.bytes().filter_map(|byte| char::from(byte).to_digit(16));
            let digits: Vec<u32> = hex.collect();
            for pair in digits.chunks_exact(2) {
                let [byte, ..] = (pair[0] << 4 | pair[1]).to_le_bytes();
                out.put_u8(byte);
            }
            Ok(())
        }
        (DataType::Utf8, oid) if is_oid(oid) => Err(Error::FeatureNotSupported(format!(
            "cannot send \"{text}\" of type {} in binary form",
            types::sql_name(oid)
        ))),
        (DataType::Utf8, oid) => Err(no_binary_form(oid)),
        _ => Cell::new(&array, PgType::new(oid), true, style)?.put_value(0, out),
    }
}

fn no_binary_form(oid: u32) -> Error {
    Error::UndefinedFunction(format!(
        "no binary output function available for type {}",
        types::sql_name(oid)
    ))
}
