//! `numeric` parameters. Arrow's decimals hold 76 digits: more before the point is out of range, more after it is
//! rounded away.

use arrow::datatypes::i256;
use datafusion::common::ScalarValue;

use super::{fixed, invalid, too_short, trim};
use crate::error::{Error, Result};
use crate::pg::types;

/// What Decimal256 holds, and the longest scale.
const DIGITS_MAX: usize = 76;

/// `numeric_in`.
pub(super) fn from_text(text: &str) -> Result<ScalarValue> {
    let word = trim(text);
    let (negative, unsigned) = match word.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), "nan" | "inf" | "infinity") {
        return Err(not_finite(word));
    }
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent_of(exponent, text)?),
        None => (lower.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
        return Err(invalid(types::NUMERIC, text));
    }
    let digits = [whole.as_bytes(), fraction.as_bytes()].concat();
    let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(exponent);
    build(negative, digits, scale)
}

fn exponent_of(digits: &str, text: &str) -> Result<i64> {
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(types::NUMERIC, text));
    }
    // An exponent that long is out of any range.
    Ok(digits.parse().unwrap_or(i64::from(i32::MAX)).clamp(-1_000_000, 1_000_000))
}

/// `numeric_recv`.
pub(super) fn from_binary(bytes: &[u8]) -> Result<ScalarValue> {
    let (header, groups) = bytes.split_at_checked(8).ok_or_else(too_short)?;
    let header: [u8; 8] = fixed(header)?;
    let [c0, c1, w0, w1, s0, s1, d0, d1] = header;
    let count = usize::from(u16::from_be_bytes([c0, c1]));
    let weight = i64::from(i16::from_be_bytes([w0, w1]));
    let scale = i64::from(u16::from_be_bytes([d0, d1]));
    let wrong =
        |what: &str| Error::InvalidBinary(format!("invalid {what} in external \"numeric\" value"));
    let negative = match u16::from_be_bytes([s0, s1]) {
        0x0000 => false,
        0x4000 => true,
        0xc000 => return Err(not_finite("NaN")),
        0xd000 => return Err(not_finite("Infinity")),
        0xf000 => return Err(not_finite("-Infinity")),
        _ => return Err(wrong("sign")),
    };
    if scale > 0x3fff {
        return Err(wrong("scale"));
    }
    if groups.len() < count * 2 {
        return Err(too_short());
    }
    if groups.len() > count * 2 {
        return Err(wrong("length"));
    }
    let mut digits = Vec::with_capacity(count * 4);
    for group in groups.chunks_exact(2) {
        let group = u16::from_be_bytes(fixed(group)?);
        if group > 9_999 {
            return Err(wrong("digit"));
        }
        digits.extend_from_slice(format!("{group:04}").as_bytes());
    }
    if digits.is_empty() {
        return build(false, vec![b'0'; usize::try_from(scale).unwrap_or(0) + 1], scale);
    }
    // Digits after the point as the groups have them; the header may ask for fewer or more.
    let group_scale = (i64::try_from(count).unwrap_or(0) - 1 - weight) * 4;
    if group_scale > scale {
        let surplus = usize::try_from(group_scale - scale).unwrap_or(usize::MAX);
        digits.truncate(digits.len().saturating_sub(surplus));
        return build(negative, digits, scale);
    }
    build_with_scale(negative, digits, group_scale, scale)
}

fn not_finite(text: &str) -> Error {
    Error::NumericOutOfRange(format!("numeric value \"{text}\" is not supported"))
}

fn overflow() -> Error {
    Error::NumericOutOfRange("value overflows numeric format".into())
}

fn build(negative: bool, digits: Vec<u8>, scale: i64) -> Result<ScalarValue> {
    build_with_scale(negative, digits, scale, scale.max(0))
}

/// `digits` times ten to the minus `scale`, with at least `wanted` digits after the point where there is room.
fn build_with_scale(
    negative: bool,
    mut digits: Vec<u8>,
    mut scale: i64,
    wanted: i64,
) -> Result<ScalarValue> {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..zeros);
    if digits.is_empty() {
        scale = wanted;
    }
    // Digits before the point; below zero when the number starts after some zeros.
    let whole = i64::try_from(digits.len()).unwrap_or(i64::MAX) - scale;
    let room = i64::try_from(DIGITS_MAX).unwrap_or(76);
    if whole > room && !digits.is_empty() {
        return Err(overflow());
    }
    let target = wanted.max(scale).min(room - whole.max(0)).max(0);
    if target >= scale {
        let append = usize::try_from(target - scale).unwrap_or(0);
        if !digits.is_empty() {
            digits.resize(digits.len() + append, b'0');
        }
    } else {
        let cut = usize::try_from(scale - target).unwrap_or(usize::MAX);
        let kept = digits.len().checked_sub(cut);
        let up = kept.and_then(|kept| digits.get(kept)).is_some_and(|digit| *digit >= b'5');
        digits.truncate(kept.unwrap_or(0));
        if up {
            round_up(&mut digits);
        }
    }
    let scale = i8::try_from(target).map_err(|_wide| overflow())?;
    let precision = digits.len().max(usize::try_from(target).unwrap_or(0)).max(1);
    let precision = u8::try_from(precision).map_err(|_wide| overflow())?;
    if usize::from(precision) > DIGITS_MAX {
        return Err(overflow());
    }
    let text = if digits.is_empty() { "0" } else { super::utf8(&digits)? };
    if precision <= 38 {
        let value: i128 = text.parse().map_err(|_wide| overflow())?;
        let value = if negative { -value } else { value };
        return Ok(ScalarValue::Decimal128(Some(value), precision, scale));
    }
    let value = i256::from_string(text).ok_or_else(overflow)?;
    let value = if negative { value.wrapping_neg() } else { value };
    Ok(ScalarValue::Decimal256(Some(value), precision, scale))
}

fn round_up(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}
