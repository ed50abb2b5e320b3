//! JSON texts: their parts as they stand, and the canonical text of `jsonb`.
//!
//! Every function but [`check`] and [`shallow`] relies on valid JSON; of anything else it makes something, but never fails to end.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// How deep values may nest. PostgreSQL's own limit is its stack's, some 6,000; a tenth would refuse what tools send,
/// ten times more would need a stack that our threads do not have.
const DEPTH_MAX: usize = 1_000;
/// The most text one value may become: so many bytes, and so many times its own length. A short number can stand for
/// 131,072 digits, and a list of those would take the server's memory.
const BYTES_MIN: usize = 1 << 20;
const GROWTH_MAX: usize = 4;
/// Digits before and after the point of a `numeric`.
const WHOLE_DIGITS_MAX: usize = 131_072;
const SCALE_MAX: usize = 16_383;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

impl Kind {
    /// As `json_typeof` says it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Object => "object",
            Kind::Array => "array",
            Kind::String => "string",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::Null => "null",
        }
    }
}

/// Checks that `text` is JSON. PostgreSQL speaks of `json` where it is read as `jsonb` too.
/// Errors: 22P02, and as [`shallow`].
pub(crate) fn check(text: &str) -> Result<&str> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => shallow(text),
        Err(_json) => {
            let message = "invalid input syntax for type json".to_owned();
            Err(Error::MalformedText(message).detail(super::json_error::detail(text)))
        }
    }
}

/// Checks that `text` can be walked through.
/// Errors: 54001 when it is nested too deep.
pub(crate) fn shallow(text: &str) -> Result<&str> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            let message = format!("JSON nested deeper than {DEPTH_MAX} levels is not supported");
            return Err(Error::StatementTooComplex(message));
        }
    }
    Ok(text)
}

/// What the value `text` is.
pub(crate) fn kind(text: &str) -> Kind {
    match trim(text).bytes().next() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'n') => Kind::Null,
        _ => Kind::Number,
    }
}

/// The members of an object in their order, their values as they stand; none for any other value.
/// Errors: 22P05 for a name with `\u0000`.
pub(crate) fn members(text: &str) -> Result<Vec<(String, &str)>> {
    let mut members = Vec::new();
    if let Some(mut rest) = trim(text).strip_prefix('{') {
        while trim(rest).starts_with('"') {
            let (name, after) = split(rest);
            let (value, after) = split(trim(after).strip_prefix(':').unwrap_or(after));
            members.push((string(name)?, value));
            rest = trim(after).strip_prefix(',').unwrap_or_default();
        }
    }
    Ok(members)
}

/// The items of an array as they stand; none for any other value.
pub(crate) fn items(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    if let Some(mut rest) = trim(text).strip_prefix('[') {
        while !trim(rest).is_empty() && !trim(rest).starts_with(']') {
            let (item, after) = split(rest);
            items.push(item);
            rest = trim(after).strip_prefix(',').unwrap_or_default();
        }
    }
    items
}

/// A string without quotes and escapes.
/// Errors: 22P05 for `\u0000`, which no text can hold.
pub(crate) fn string(token: &str) -> Result<String> {
    let string: String = serde_json::from_str(token).map_err(|_json| {
        // The one thing that a checked string can lack.
        Error::MalformedText("invalid input syntax for type json".to_owned())
            .detail("Unicode low surrogate must follow a high surrogate.")
    })?;
    if string.contains('\0') {
        let message = "unsupported Unicode escape sequence".to_owned();
        return Err(
            Error::UntranslatableCharacter(message).detail("\\u0000 cannot be converted to text.")
        );
    }
    Ok(string)
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `text` with `separator` in place of the commas between what is right inside it.
pub(crate) fn separated(text: &str, separator: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for c in text.chars() {
        let mark = !in_string;
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' | '[' if mark => depth += 1,
            '}' | ']' if mark => depth = depth.saturating_sub(1),
            ',' if mark && depth == 1 => {
                out.push_str(separator);
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The value that begins `text`, and what follows it.
fn split(text: &str) -> (&str, &str) {
    let text = trim(text);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let is_scalar = !text.starts_with(['{', '[', '"']);
    for (at, byte) in text.bytes().enumerate() {
        if is_scalar {
            if matches!(byte, b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r') {
                return text.split_at(at.max(1));
            }
            continue;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && !in_string {
            return text.split_at(at + 1);
        }
    }
    (text, "")
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// PostgreSQL's text of a `jsonb` that [`shallow`] has passed. Of equal names the last one stays, names are ordered by length and then bytes, and
/// numbers are written as `numeric`.
/// Errors: 22P05 for `\u0000`, 22003 for numbers beyond `numeric`, 54000 for size.
pub(crate) fn canonical(text: &str) -> Result<String> {
    let mut out = String::with_capacity(text.len());
    let bytes_max = BYTES_MIN.saturating_add(text.len().saturating_mul(GROWTH_MAX));
    put_canonical(text, bytes_max, &mut out)?;
    Ok(out)
}

fn put_canonical(text: &str, bytes_max: usize, out: &mut String) -> Result<()> {
    match kind(text) {
        Kind::Object => {
            let named = members(text)?.into_iter();
            let ordered: BTreeMap<_, _> =
                named.map(|(name, value)| ((name.len(), name), value)).collect();
            out.push('{');
            for (index, ((_, name), value)) in ordered.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(&quoted(name));
                out.push_str(": ");
                put_canonical(value, bytes_max, out)?;
            }
            out.push('}');
        }
        Kind::Array => {
            out.push('[');
            for (index, item) in items(text).into_iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                put_canonical(item, bytes_max, out)?;
            }
            out.push(']');
        }
        Kind::String => out.push_str(&quoted(&string(trim(text))?)),
        Kind::Boolean | Kind::Null => out.push_str(trim(text)),
        Kind::Number => out.push_str(&number(trim(text))?),
    }
    if out.len() > bytes_max {
        return Err(Error::ProgramLimitExceeded(format!(
            "total size of jsonb object elements exceeds the maximum of {bytes_max} bytes"
        )));
    }
    Ok(())
}

/// A JSON number as `numeric_out` writes it.
fn number(word: &str) -> Result<String> {
    let too_large = || Error::NumericOutOfRange("value overflows numeric format".to_owned());
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().map_err(|_long| too_large())?;
    let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX) - i64::from(exponent);
    let mut digits = format!("{whole}{fraction}");
    if scale < 0 {
        let zeros = usize::try_from(-scale).unwrap_or(usize::MAX);
        if zeros > WHOLE_DIGITS_MAX {
            return Err(too_large());
        }
        digits.push_str(&"0".repeat(zeros));
    }
    let scale = usize::try_from(scale.max(0)).unwrap_or(usize::MAX);
    if scale > SCALE_MAX {
        return Err(too_large());
    }
    let missing = (scale + 1).saturating_sub(digits.len());
    digits.insert_str(0, &"0".repeat(missing));
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let whole = whole.trim_start_matches('0');
    if whole.len() > WHOLE_DIGITS_MAX {
        return Err(too_large());
    }
    let zero = whole.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    let sign = if word.starts_with('-') && !zero { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale > 0 { "." } else { "" };
    Ok(format!("{sign}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::{canonical, items, members};

    fn check(text: &str, want: &str) {
        assert_eq!(canonical(text).expect("jsonb"), want);
    }

    #[test]
    fn values_are_written_as_postgresql_writes_them() {
        check(" [1,2 , 3] ", "[1, 2, 3]");
        check("[]", "[]");
        check("{ }", "{}");
        check(r#"{"bb":1,"a":{"x":[true,null]},"bb":2}"#, r#"{"a": {"x": [true, null]}, "bb": 2}"#);
        check(r#""\u0041\"\\ é\n""#, r#""A\"\\ é\n""#);
        check(r#"{"a\"}":"]"}"#, r#"{"a\"}": "]"}"#);
    }

    #[test]
    fn numbers_are_numeric() {
        check(
            "[1.50, 1e5, 1.5e1, 1.50e1, 1E-5, -0, -0.0, -12.5e-1, 0.1]",
            "[1.50, 100000, 15, 15.0, 0.00001, 0, 0.0, -1.25, 0.1]",
        );
    }

    #[test]
    fn parts_are_as_they_stand() {
        assert_eq!(items(r#"[ 1.0 ,[2,"]"], {"a" : 3} ]"#), ["1.0", r#"[2,"]"]"#, r#"{"a" : 3}"#]);
        let found = members(r#"{ "a" : [1 , 2], "a":"x" }"#).expect("members");
        assert_eq!(found, [("a".to_owned(), "[1 , 2]"), ("a".to_owned(), r#""x""#)]);
        assert_eq!(items("{}").len() + members("[]").expect("none").len(), 0);
    }

    #[test]
    fn what_jsonb_cannot_hold_is_refused() {
        let state = |text: &str| canonical(text).expect_err("refused").state();
        assert_eq!(state(r#""\u0000""#), "22P05");
        assert_eq!(state("1e200000"), "22003");
        assert_eq!(state("1e99999999999"), "22003");
        assert_eq!(state("1e-20000"), "22003");
        assert_eq!(state(&format!("[{}1]", "1e131071, ".repeat(100))), "54000");
        assert_eq!(canonical("[1e131071, 2]").expect("jsonb").len(), 131_072 + 5);
        let deep = "[".repeat(2_000) + &"]".repeat(2_000);
        assert_eq!(super::check(&deep).expect_err("deep").state(), "54001");
    }

    #[test]
    fn what_is_no_json_ends() {
        for text in ["", "[", "{", "{\"", "[\"\\", "{\"a\"", "[,", "{,}", "]", "}", "é", "[é", "{:"]
        {
            let _made = (canonical(text), items(text), members(text));
        }
    }
}
