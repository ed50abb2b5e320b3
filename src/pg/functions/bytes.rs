//! `encode` and `decode` (PostgreSQL manual, table 9.12; encode.c). The planner's own leave out base64's padding and lines.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, Result};
use crate::pg::decode;
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;
use crate::pg::types;

/// Both functions.
pub(super) fn all() -> [Arc<ScalarUDF>; 2] {
    [true, false].map(|encodes| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Coding { encodes, signature }))
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Coding {
    encodes: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Coding {
    fn name(&self) -> &str {
        if self.encodes { "encode" } else { "decode" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let text = |data_type: &DataType| data_type.is_string() || data_type.is_null();
        match arg_types {
            // A literal without a type is read as bytes.
            [value, format] if text(value) && text(format) => {
                Ok(vec![DataType::Utf8, DataType::Utf8])
            }
            [value, format] if self.encodes && value.is_binary() && text(format) => {
                Ok(vec![DataType::Binary, DataType::Utf8])
            }
            _ => plan_err!("function {} does not take these arguments", self.name()),
        }
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(if self.encodes { DataType::Utf8 } else { DataType::Binary })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let [value, format] = args.args.as_slice() else {
            return plan_err!("function {} takes two arguments", self.name());
        };
        let (value, format) = (value.to_array(length)?, format.to_array(length)?);
        let coded = self
            .coded(&value, format.as_string::<i32>())
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&coded);
        }
        Ok(ColumnarValue::Array(coded))
    }
}

impl Coding {
    fn coded(&self, values: &ArrayRef, formats: &StringArray) -> Result<ArrayRef> {
        let pair = |row: usize| !values.is_null(row) && !formats.is_null(row);
        let rows = 0..values.len();
        if !self.encodes {
            let texts = values.as_string::<i32>();
            let decoded: Result<Vec<Option<Vec<u8>>>> = rows
                .map(|row| match pair(row) {
                    true => decoded(texts.value(row), formats.value(row)).map(Some),
                    false => Ok(None),
                })
                .collect();
            return Ok(Arc::new(decoded?.iter().map(Option::as_deref).collect::<BinaryArray>()));
        }
        let bytes = match values.data_type() {
            DataType::Utf8 => read(values)?,
            _ => Arc::clone(values),
        };
        let bytes = bytes.as_binary::<i32>();
        let encoded: Result<Vec<Option<String>>> = rows
            .map(|row| match pair(row) {
                true => encoded(bytes.value(row), formats.value(row)).map(Some),
                false => Ok(None),
            })
            .collect();
        Ok(Arc::new(encoded?.into_iter().collect::<StringArray>()))
    }
}

/// Texts as `bytea`.
fn read(texts: &ArrayRef) -> Result<ArrayRef> {
    let settings = super::text::settings(&Facts::default());
    let texts = cast(texts, &DataType::Utf8).map_err(|error| Error::Internal(error.to_string()))?;
    let bytes: Result<Vec<Option<Vec<u8>>>> = texts
        .as_string::<i32>()
        .iter()
        .map(|text| {
            let Some(text) = text else { return Ok(None) };
            match decode::parameter(types::BYTEA, false, text.as_bytes(), &settings)? {
                ScalarValue::Binary(bytes) => Ok(bytes),
                _ => Ok(None),
            }
        })
        .collect();
    Ok(Arc::new(bytes?.iter().map(Option::as_deref).collect::<BinaryArray>()))
}

fn unknown(format: &str) -> Error {
    Error::InvalidParameterValue(format!("unrecognized encoding: \"{format}\""))
}

fn encoded(bytes: &[u8], format: &str) -> Result<String> {
    Ok(match format.to_ascii_lowercase().as_str() {
        "hex" => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        "base64" => base64(bytes),
        "escape" => bytes
            .iter()
            .map(|byte| match byte {
                b'\\' => "\\\\".to_owned(),
                0 | 0x80.. => format!("\\{byte:03o}"),
                other => char::from(*other).to_string(),
            })
            .collect(),
        _ => return Err(unknown(format)),
    })
}

fn decoded(text: &str, format: &str) -> Result<Vec<u8>> {
    match format.to_ascii_lowercase().as_str() {
        "hex" => from_hex(text),
        "base64" => from_base64(text),
        "escape" => from_escape(text),
        _ => Err(unknown(format)),
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters of a line.
const LINE_LEN: usize = 76;

/// With padding, and a line end behind each full line, the last one too (`pg_base64_encode`).
fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut line = 0;
    for chunk in bytes.chunks(3) {
        let [first, second, third] =
            [0, 1, 2].map(|at| chunk.get(at).copied().map_or(0, usize::from));
        let digits = [
            first >> 2,
            (first & 3) << 4 | second >> 4,
            (second & 15) << 2 | third >> 6,
            third & 63,
        ];
        for (at, digit) in digits.into_iter().enumerate() {
            text.push(if at > chunk.len() { '=' } else { char::from(BASE64[digit]) });
        }
        line += digits.len();
        if line == LINE_LEN && chunk.len() == 3 {
            text.push('\n');
            line = 0;
        }
    }
    text
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn refused(message: String) -> Error {
    Error::InvalidParameterValue(message)
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let mut digits = Vec::new();
    for c in text.chars().filter(|c| !u8::try_from(*c).is_ok_and(is_blank)) {
        let digit = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        digits.push(digit.ok_or_else(|| refused(format!("invalid hexadecimal digit: \"{c}\"")))?);
    }
    if digits.len() % 2 == 1 {
        return Err(refused("invalid hexadecimal data: odd number of digits".to_owned()));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// `pg_base64_decode`.
fn from_base64(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut group, mut count, mut padding) = (0_u32, 0, 0);
    for c in text.chars().filter(|c| !u8::try_from(*c).is_ok_and(is_blank)) {
        let digit = match BASE64.iter().position(|known| char::from(*known) == c) {
            Some(digit) => u32::try_from(digit).unwrap_or(0),
            None if c == '=' => {
                if padding == 0 && count < 2 {
                    let message = "unexpected \"=\" while decoding base64 sequence".to_owned();
                    return Err(refused(message));
                }
                padding = if padding == 0 { count } else { padding };
                0
            }
            None => {
                let message =
                    format!("invalid symbol \"{c}\" found while decoding base64 sequence");
                return Err(refused(message));
            }
        };
        group = group << 6 | digit;
        count += 1;
        if count == 4 {
            let [_, first, second, third] = group.to_be_bytes();
            bytes.push(first);
            bytes.extend((padding != 2).then_some(second));
            bytes.extend((padding == 0).then_some(third));
            (group, count, padding) = (0, 0, 0);
        }
    }
    if count != 0 {
        return Err(refused("invalid base64 end sequence".to_owned())
            .hint("Input data is missing padding, is truncated, or is otherwise corrupted."));
    }
    Ok(bytes)
}

fn from_escape(text: &str) -> Result<Vec<u8>> {
    let invalid = || Error::MalformedText("invalid input syntax for type bytea".to_owned());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => return Ok(bytes),
            [b'\\', b'\\', rest @ ..] => {
                bytes.push(b'\\');
                rest
            }
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest
            }
            [b'\\', ..] => return Err(invalid()),
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{decoded, encoded};

    fn check(bytes: &[u8], format: &str, text: &str) {
        assert_eq!(encoded(bytes, format).expect("text"), text);
        assert_eq!(decoded(text, format).expect("bytes"), bytes);
    }

    #[test]
    fn bytes_are_written_and_read_back() {
        check(b"\x01\xfe", "hex", "01fe");
        check(b"hello", "base64", "aGVsbG8=");
        check(b"hell", "BASE64", "aGVsbA==");
        check(b"hel", "base64", "aGVs");
        check(b"", "base64", "");
        check(&[0x78; 58], "base64", &format!("{}\neA==", "eHh4".repeat(19)));
        check(&[0x78; 57], "base64", &format!("{}\n", "eHh4".repeat(19)));
        check(b"a\\\0\xff", "escape", "a\\\\\\000\\377");
        assert_eq!(decoded(" 0 1 ", "hex").expect("bytes"), [1]);
    }

    #[test]
    fn what_is_no_text_of_bytes_is_refused() {
        let words =
            |text: &str, format: &str| decoded(text, format).expect_err("refused").to_string();
        assert_eq!(words("0", "hex"), "invalid hexadecimal data: odd number of digits");
        assert_eq!(words("zz", "hex"), "invalid hexadecimal digit: \"z\"");
        assert_eq!(
            words("a!", "base64"),
            "invalid symbol \"!\" found while decoding base64 sequence"
        );
        assert_eq!(words("a=", "base64"), "unexpected \"=\" while decoding base64 sequence");
        assert_eq!(words("aGVsbG8", "base64"), "invalid base64 end sequence");
        assert_eq!(words("\\9", "escape"), "invalid input syntax for type bytea");
        assert_eq!(words("", "nope"), "unrecognized encoding: \"nope\"");
    }
}
