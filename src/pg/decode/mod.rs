//! Bind parameters: from PostgreSQL's text and binary forms to values.
//!
//! Owns the reading of untrusted bytes. Invariants: no input panics, allocates more than a small multiple of its own
//! length, or is taken for a value it does not spell. A failure leaves nothing behind and has PostgreSQL's words and
//! code; the caller adds the parameter's number.
//!
//! Imports: error, pg types, pg encode. Used by: pg encode, query.

mod array;
mod copy;
mod datetime;
mod interval;
pub(crate) mod json;
mod json_error;
pub(crate) mod modifier;
mod numeric;
pub(crate) mod plain;
#[cfg(test)]
mod tests;
mod zone;

pub use self::copy::{CopyReading, copied_binaries, copied_texts};
pub(crate) use self::datetime::{checked_date, checked_timestamp, offset};

use std::borrow::Cow;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;

use super::encode::{OutputSettings, is_oid};
use super::encodings::Encoding;
use super::zone::Zone;
use super::{adt, types};
use crate::error::{Error, Result};

/// The value of a parameter of type `oid`. `settings` are the session's: its time zone for `timestamptz` without
/// one, the order of `DateStyle`, and `IntervalStyle`.
///
/// A `uuid` and a `jsonb` become their canonical text, `json` stays as it is, `numeric` gets the precision it needs, an
/// object's number (`oid`, `regclass`, …) is unsigned, and a `reg…` type given by name stays text.
/// Errors: 22P02, 22007, 22003, 22008 for text that does not spell such a value; 22P03 for wrong bytes; 22021 for
/// text that is not UTF-8; 42883 for a type without a binary form.
pub fn parameter(
    oid: u32,
    binary: bool,
    bytes: &[u8],
    settings: &OutputSettings,
) -> Result<ScalarValue> {
    match (types::element_of(oid), oid, binary) {
        (Some(element), _, true) => array::from_binary(element, bytes, settings),
        (Some(element), _, false) => array::from_text(element, utf8(bytes)?, settings),
        (None, types::INT2VECTOR, false) => array::from_vector(types::INT2, utf8(bytes)?, settings),
        (None, types::OIDVECTOR, false) => array::from_vector(types::OID, utf8(bytes)?, settings),
        (None, types::INT2VECTOR, true) => array::from_binary(types::INT2, bytes, settings),
        (None, types::OIDVECTOR, true) => array::from_binary(types::OID, bytes, settings),
        (None, _, true) => from_binary(oid, &received(oid, bytes, settings.encoding)?),
        (None, _, false) => from_text(oid, utf8(bytes)?, settings),
    }
}

/// The value of a literal of that type and modifier.
/// Errors: as [`parameter`].
pub(crate) fn literal(
    pg_type: types::PgType,
    text: &str,
    settings: &OutputSettings,
) -> Result<ScalarValue> {
    let value = match (pg_type.oid, modifier::fields(pg_type.modifier)) {
        (types::INTERVAL, Some(fields)) => ScalarValue::IntervalMonthDayNano(Some(
            interval::from_fields(utf8(text.as_bytes())?, fields, settings)?,
        )),
        (oid, _) => parameter(oid, false, text.as_bytes(), settings)?,
    };
    Ok(modifier::fitted(value, pg_type))
}

/// A time of the day in microseconds, and how many seconds east of UTC it is. Errors: 22007, 22008.
pub(crate) fn timetz(text: &str, settings: &OutputSettings) -> Result<(i64, i32)> {
    datetime::timetz(text, settings)
}

/// The time zone of that name, as `AT TIME ZONE` reads it.
/// Errors: 22023 for no zone.
pub(crate) fn zone(name: &str) -> Result<Zone> {
    zone::named(name)
}

/// The elements of an array of texts, outermost dimension first.
/// Errors: 22P02 for text that is no array.
pub(crate) fn texts(text: &str) -> Result<Vec<Option<String>>> {
    array::texts(text)
}

/// A `numeric` with the precision it needs. Errors: 22P02, 22003.
pub(crate) fn numeric(text: &str) -> Result<ScalarValue> {
    numeric::from_text(text)
}

/// NULL of the type that values of `oid` get.
pub fn null(oid: u32) -> ScalarValue {
    ScalarValue::try_from(&data_type(oid)).unwrap_or(ScalarValue::Null)
}

/// The Arrow type that values of `oid` get. For `numeric`, whose values differ in it, the type of NULL.
pub fn data_type(oid: u32) -> DataType {
    let list = |element| DataType::List(Field::new_list_field(data_type(element), true).into());
    match oid {
        types::BOOL => DataType::Boolean,
        types::INT2 => DataType::Int16,
        types::INT4 => DataType::Int32,
        types::INT8 => DataType::Int64,
        types::XID8 => DataType::UInt64,
        types::FLOAT4 => DataType::Float32,
        types::FLOAT8 => DataType::Float64,
        types::NUMERIC => DataType::Decimal128(38, 10),
        types::BYTEA => DataType::Binary,
        types::DATE => DataType::Date32,
        types::TIME => DataType::Time64(TimeUnit::Microsecond),
        types::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        types::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        types::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        types::INT2VECTOR => list(types::INT2),
        types::OIDVECTOR => list(types::OID),
        oid if is_oid(oid) => DataType::UInt32,
        oid => types::element_of(oid).map_or(DataType::Utf8, list),
    }
}

/// The field of values of `oid`, which says what they are where the Arrow type does not; `None` for an unknown type.
pub fn field(oid: u32) -> Option<Field> {
    let name = types::name_of(oid)?;
    let field = Field::new("", data_type(oid), true);
    Some(if types::of_field(&field).oid == oid {
        field
    } else {
        field.with_metadata([(types::TYPE_KEY.to_owned(), name.to_owned())].into())
    })
}

/// Bytes as text. Errors: 22021 for what is not UTF-8, and for NUL, which PostgreSQL's text cannot hold.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str> {
    let wrong = |bytes: &[u8]| {
        let hex: Vec<String> = bytes.iter().map(|byte| format!("0x{byte:02x}")).collect();
        Error::CharacterNotInRepertoire(format!(
            "invalid byte sequence for encoding \"UTF8\": {}",
            hex.join(" ")
        ))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let rest = bytes.get(error.valid_up_to()..).unwrap_or(&[]);
        // As many bytes as the first one promises.
        let len = match rest.first() {
            Some(0xc0..=0xdf) => 2,
            Some(0xe0..=0xef) => 3,
            Some(0xf0..=0xf7) => 4,
            _ => 1,
        };
        wrong(rest.get(..len).unwrap_or(rest))
    })?;
    if bytes.contains(&0) { Err(wrong(&[0])) } else { Ok(text) }
}

fn invalid(oid: u32, text: &str) -> Error {
    Error::InvalidText { kind: types::sql_name(oid), text: text.to_owned() }
}

fn out_of_range(oid: u32, text: &str) -> Error {
    let name = types::sql_name(oid);
    Error::NumericOutOfRange(format!("value \"{text}\" is out of range for type {name}"))
}

/// White space as C's `isspace` has it.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}'])
}

fn from_text(oid: u32, text: &str, settings: &OutputSettings) -> Result<ScalarValue> {
    if let Some(canonical) = adt::read(oid, text, settings) {
        return canonical.map(|text| ScalarValue::Utf8(Some(text)));
    }
    Ok(match oid {
        types::BOOL => ScalarValue::Boolean(Some(boolean(text)?)),
        types::INT2 => ScalarValue::Int16(Some(integer(oid, text)?)),
        types::INT4 => ScalarValue::Int32(Some(integer(oid, text)?)),
        types::INT8 => ScalarValue::Int64(Some(integer(oid, text)?)),
        types::XID8 => ScalarValue::UInt64(Some(integer(oid, text)?)),
        types::FLOAT4 => {
            let value = float(oid, text, |text| text.parse::<f32>().ok().map(f64::from))?;
            // It was read as a single, so nothing is lost.
            ScalarValue::Float32(trim(text).parse().ok().or(Some(if value > 0.0 {
                f32::INFINITY
            } else {
                f32::NAN
            })))
        }
        types::FLOAT8 => {
            ScalarValue::Float64(Some(float(oid, text, |text| text.parse::<f64>().ok())?))
        }
        types::NUMERIC => numeric::from_text(text)?,
        types::BYTEA => ScalarValue::Binary(Some(bytea(text)?)),
        types::CHAR => ScalarValue::Utf8(Some(text.chars().take(1).collect())),
        types::NAME => ScalarValue::Utf8(Some(name(text).to_owned())),
        types::UUID => ScalarValue::Utf8(Some(uuid(text)?)),
        types::JSON => ScalarValue::Utf8(Some(json::check(text)?.to_owned())),
        types::JSONB => ScalarValue::Utf8(Some(json::canonical(json::check(text)?)?)),
        types::DATE => ScalarValue::Date32(Some(datetime::date(text, settings)?)),
        types::TIME => ScalarValue::Time64Microsecond(Some(datetime::time(text, settings)?)),
        types::TIMESTAMP => {
            ScalarValue::TimestampMicrosecond(Some(datetime::timestamp(text, settings)?), None)
        }
        types::TIMESTAMPTZ => ScalarValue::TimestampMicrosecond(
            Some(datetime::timestamptz(text, settings)?),
            Some("UTC".into()),
        ),
        types::INTERVAL => {
            ScalarValue::IntervalMonthDayNano(Some(interval::from_text(text, settings)?))
        }
        oid if is_oid(oid) => {
            let digits = trim(text);
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                ScalarValue::UInt32(Some(integer(oid, digits)?))
            } else if matches!(oid, types::OID | types::XID | types::CID) {
                // As PostgreSQL, a small negative number is taken for its bits.
                let [a, b, c, d] = integer::<i32>(oid, text)?.to_ne_bytes();
                ScalarValue::UInt32(Some(u32::from_ne_bytes([a, b, c, d])))
            } else {
                ScalarValue::Utf8(Some(text.to_owned()))
            }
        }
        _ => ScalarValue::Utf8(Some(text.to_owned())),
    })
}

/// The bytes of a value in the server's encoding: the binary form of text is in the client's.
fn received(oid: u32, bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, [u8]>> {
    let words = matches!(
        oid,
        types::NAME
            | types::TEXT
            | types::VARCHAR
            | types::BPCHAR
            | types::UNKNOWN
            | types::CSTRING
            | types::XML
            | types::REFCURSOR
            | types::JSON
            | types::JSONB
            | 0
    );
    Ok(match words && encoding.converts() {
        true => Cow::Owned(encoding.decode(bytes)?.into_owned().into_bytes()),
        false => Cow::Borrowed(bytes),
    })
}

fn from_binary(oid: u32, bytes: &[u8]) -> Result<ScalarValue> {
    if let Some(canonical) = adt::receive(oid, bytes) {
        return canonical.map(|text| ScalarValue::Utf8(Some(text)));
    }
    Ok(match oid {
        types::BOOL => ScalarValue::Boolean(Some(fixed::<1>(bytes)? != [0])),
        types::INT2 => ScalarValue::Int16(Some(i16::from_be_bytes(fixed(bytes)?))),
        types::INT4 => ScalarValue::Int32(Some(i32::from_be_bytes(fixed(bytes)?))),
        types::INT8 => ScalarValue::Int64(Some(i64::from_be_bytes(fixed(bytes)?))),
        types::XID8 => ScalarValue::UInt64(Some(u64::from_be_bytes(fixed(bytes)?))),
        types::FLOAT4 => ScalarValue::Float32(Some(f32::from_be_bytes(fixed(bytes)?))),
        types::FLOAT8 => ScalarValue::Float64(Some(f64::from_be_bytes(fixed(bytes)?))),
        types::NUMERIC => numeric::from_binary(bytes)?,
        types::BYTEA => ScalarValue::Binary(Some(bytes.to_vec())),
        types::CHAR => match fixed::<1>(bytes)? {
            [0] => ScalarValue::Utf8(Some(String::new())),
            byte => ScalarValue::Utf8(Some(utf8(&byte)?.to_owned())),
        },
        types::NAME => ScalarValue::Utf8(Some(name(utf8(bytes)?).to_owned())),
        types::TEXT
        | types::VARCHAR
        | types::BPCHAR
        | types::UNKNOWN
        | types::CSTRING
        | types::XML
        | types::REFCURSOR
        | 0 => ScalarValue::Utf8(Some(utf8(bytes)?.to_owned())),
        types::JSON => ScalarValue::Utf8(Some(json::check(utf8(bytes)?)?.to_owned())),
        types::JSONB => match bytes.split_first() {
            Some((1, text)) => ScalarValue::Utf8(Some(json::canonical(json::check(utf8(text)?)?)?)),
            Some((version, _)) => {
                return Err(Error::InvalidBinary(format!(
                    "unsupported jsonb version number {version}"
                )));
            }
            None => return Err(too_short()),
        },
        types::UUID => {
            let hex = fixed::<16>(bytes)?.map(|byte| format!("{byte:02x}")).concat();
            ScalarValue::Utf8(Some(uuid(&hex)?))
        }
        types::DATE => ScalarValue::Date32(Some(datetime::date_binary(fixed(bytes)?)?)),
        types::TIME => ScalarValue::Time64Microsecond(Some(datetime::time_binary(fixed(bytes)?)?)),
        types::TIMESTAMP => ScalarValue::TimestampMicrosecond(
            Some(datetime::timestamp_binary(fixed(bytes)?)?),
            None,
        ),
        types::TIMESTAMPTZ => ScalarValue::TimestampMicrosecond(
            Some(datetime::timestamp_binary(fixed(bytes)?)?),
            Some("UTC".into()),
        ),
        types::INTERVAL => {
            ScalarValue::IntervalMonthDayNano(Some(interval::from_binary(fixed(bytes)?)?))
        }
        oid if is_oid(oid) => ScalarValue::UInt32(Some(u32::from_be_bytes(fixed(bytes)?))),
        oid => {
            return Err(Error::UndefinedFunction(format!(
                "no binary input function available for type {}",
                types::sql_name(oid)
            )));
        }
    })
}

/// Exactly `N` bytes.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    match bytes.len().cmp(&N) {
        std::cmp::Ordering::Less => Err(too_short()),
        _ => bytes.try_into().map_err(|_long| {
            Error::InvalidBinary("incorrect binary data format in bind parameter".into())
        }),
    }
}

fn too_short() -> Error {
    Error::InvalidBinary("insufficient data left in message".into())
}

/// `boolin`: any prefix of `true`, `false`, `yes`, `no`; `on`, `of`, `off`; `1`, `0`.
fn boolean(text: &str) -> Result<bool> {
    let word = trim(text).to_ascii_lowercase();
    let prefix = |of: &str| !word.is_empty() && of.starts_with(word.as_str());
    if prefix("true") || prefix("yes") || word == "on" || word == "1" {
        Ok(true)
    } else if prefix("false") || prefix("no") || word == "off" || word == "of" || word == "0" {
        Ok(false)
    } else {
        Err(invalid(types::BOOL, text))
    }
}

fn integer<T: std::str::FromStr>(oid: u32, text: &str) -> Result<T> {
    let word = trim(text);
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(oid, text));
    }
    word.parse().map_err(|_wide| out_of_range(oid, text))
}

/// `parse` reads in the width of the type, so that what does not fit shows as infinite or zero.
fn float(oid: u32, text: &str, parse: impl Fn(&str) -> Option<f64>) -> Result<f64> {
    let word = trim(text);
    let value = parse(word).ok_or_else(|| invalid(oid, text))?;
    let digits = |of: std::ops::RangeInclusive<u8>| {
        let mantissa = word.split(['e', 'E']).next().unwrap_or("");
        mantissa.bytes().any(|byte| of.contains(&byte))
    };
    if (value.is_infinite() && digits(b'0'..=b'9')) || (value == 0.0 && digits(b'1'..=b'9')) {
        let name = types::sql_name(oid);
        return Err(Error::NumericOutOfRange(format!(
            "\"{word}\" is out of range for type {name}"
        )));
    }
    Ok(value)
}

/// `byteain`: `\x` and hexadecimal digits, or the escape form.
fn bytea(text: &str) -> Result<Vec<u8>> {
    let Some(hex) = text.strip_prefix("\\x") else { return bytea_escape(text) };
    let mut bytes = Vec::with_capacity(hex.len() / 2);
    let mut chars = hex.chars();
    while let Some(first) = chars.next() {
        if matches!(first, ' ' | '\t' | '\n' | '\r') {
            continue;
        }
        let wrong = |digit: char| {
            Error::InvalidParameterValue(format!("invalid hexadecimal digit: \"{digit}\""))
        };
        let high = first.to_digit(16).ok_or_else(|| wrong(first))?;
        let second = chars.next().ok_or_else(|| {
            Error::InvalidParameterValue("invalid hexadecimal data: odd number of digits".into())
        })?;
        let low = second.to_digit(16).ok_or_else(|| wrong(second))?;
        bytes.extend(u8::try_from(high * 16 + low));
    }
    Ok(bytes)
}

fn bytea_escape(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            (b'\\', _) => {
                let message = "invalid input syntax for type bytea".to_owned();
                return Err(Error::MalformedText(message));
            }
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    Ok(bytes)
}

/// PostgreSQL cuts names at 63 bytes, never inside a character.
pub(crate) fn name(text: &str) -> &str {
    text.get(..text.floor_char_boundary(63)).unwrap_or(text)
}

/// `uuid_in`: 32 hexadecimal digits, a hyphen allowed after every four, braces around allowed.
fn uuid(text: &str) -> Result<String> {
    let inner = match text.strip_prefix('{') {
        Some(open) => open.strip_suffix('}').ok_or_else(|| invalid(types::UUID, text))?,
        None => text,
    };
    let mut canonical = String::with_capacity(36);
    let mut digits = 0;
    let mut hyphen_allowed = false;
    for byte in inner.bytes() {
        if byte == b'-' && hyphen_allowed {
            hyphen_allowed = false;
            continue;
        }
        if !byte.is_ascii_hexdigit() || digits == 32 {
            return Err(invalid(types::UUID, text));
        }
        if matches!(digits, 8 | 12 | 16 | 20) {
            canonical.push('-');
        }
        canonical.push(char::from(byte.to_ascii_lowercase()));
        digits += 1;
        hyphen_allowed = digits % 4 == 0 && digits < 32;
    }
    if digits == 32 { Ok(canonical) } else { Err(invalid(types::UUID, text)) }
}
