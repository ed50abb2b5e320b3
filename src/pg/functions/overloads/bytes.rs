//! Functions of `bytea` (PostgreSQL manual, section 9.5; varlena.c and oracle_compat.c).

use std::borrow::Cow;

use super::{Datum, Overload, Row, overloads};
use crate::error::{Error, Result};
use crate::pg::encodings::{self, Encoding};
use crate::pg::types::{BOOL, BYTEA, INT4, INT8, NAME, TEXT};

/// Every function of this kind.
pub(super) const ALL: &[Overload] = overloads! {
    "octet_length" (BYTEA) -> INT4 |row| Ok(Datum::count(row.bytes(0).len()));
    "bit_length" (BYTEA) -> INT4 |row| Ok(Datum::Int(length(row.bytes(0)) * 8));
    "length" (BYTEA) -> INT4 |row| Ok(Datum::count(row.bytes(0).len()));
    "length" (BYTEA, NAME) -> INT4 length_in;
    "substr" (BYTEA, INT4) -> BYTEA |row| part(row.bytes(0), row.int(1), None);
    "substr" (BYTEA, INT4, INT4) -> BYTEA |row| part(row.bytes(0), row.int(1), Some(row.int(2)));
    "substring" (BYTEA, INT4) -> BYTEA |row| part(row.bytes(0), row.int(1), None);
    "substring" (BYTEA, INT4, INT4) -> BYTEA |row| part(row.bytes(0), row.int(1), Some(row.int(2)));
    "overlay" (BYTEA, BYTEA, INT4) -> BYTEA overlaid;
    "overlay" (BYTEA, BYTEA, INT4, INT4) -> BYTEA overlaid;
    "position" (BYTEA, BYTEA) -> INT4 |row| Ok(position(row.bytes(0), row.bytes(1)));
    "btrim" (BYTEA, BYTEA) -> BYTEA |row| Ok(trimmed(row, true, true));
    "ltrim" (BYTEA, BYTEA) -> BYTEA |row| Ok(trimmed(row, true, false));
    "rtrim" (BYTEA, BYTEA) -> BYTEA |row| Ok(trimmed(row, false, true));
    "get_byte" (BYTEA, INT4) -> INT4 get_byte;
    "set_byte" (BYTEA, INT4, INT4) -> BYTEA set_byte;
    "get_bit" (BYTEA, INT8) -> INT4 get_bit;
    "set_bit" (BYTEA, INT8, INT4) -> BYTEA set_bit;
    "bit_count" (BYTEA) -> INT8 bit_count;
    "convert_from" (BYTEA, NAME) -> TEXT convert_from;
    "convert_to" (TEXT, NAME) -> BYTEA convert_to;
    "convert" (BYTEA, NAME, NAME) -> BYTEA convert;
    "forebay_byteacat" (BYTEA, BYTEA) -> BYTEA |row| Ok(Datum::of_bytes([row.bytes(0), row.bytes(1)].concat()));
    "like" (BYTEA, BYTEA) -> BOOL |row| like(row.bytes(0), row.bytes(1)).map(Datum::Bool);
    "notlike" (BYTEA, BYTEA) -> BOOL |row| like(row.bytes(0), row.bytes(1)).map(|found| Datum::Bool(!found));
};

/// How many bytes there are, as a number of PostgreSQL's.
fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

/// The range that a start from 1 and a length take of `len` items, as `substring` counts: what lies outside is cut off.
/// Errors: 22011.
pub(super) fn span(len: usize, start: i64, length: Option<i64>) -> Result<std::ops::Range<usize>> {
    if length.is_some_and(|length| length < 0) {
        return Err(Error::SubstringLength);
    }
    let at = |place: i64| usize::try_from(place.max(0)).unwrap_or(usize::MAX).min(len);
    let first = start.saturating_sub(1);
    let end = length.map_or(len, |length| at(first.saturating_add(length)));
    Ok(at(first).min(end)..end)
}

fn part(bytes: &[u8], start: i64, length: Option<i64>) -> Result<Datum<'_>> {
    let span = span(bytes.len(), start, length)?;
    Ok(Datum::Bytes(Cow::Borrowed(bytes.get(span).unwrap_or(&[]))))
}

/// The ranges before and behind what `overlay` replaces (`bytea_overlay`).
/// Errors: 22011 for a start below 1 or a length below 0, 22003.
pub(super) fn around(
    len: usize,
    start: i64,
    length: i64,
) -> Result<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    if start <= 0 {
        return Err(Error::SubstringLength);
    }
    let behind = start
        .checked_add(length)
        .filter(|end| *end <= i64::from(i32::MAX))
        .ok_or_else(|| Error::NumericOutOfRange("integer out of range".to_owned()))?;
    Ok((span(len, 1, Some(start - 1))?, span(len, behind, None)?))
}

fn overlaid<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (bytes, new) = (row.bytes(0), row.bytes(1));
    let length = row.optional_int(3).unwrap_or_else(|| length(new));
    let (before, behind) = around(bytes.len(), row.int(2), length)?;
    let cut = |span: std::ops::Range<usize>| bytes.get(span).unwrap_or(&[]);
    Ok(Datum::of_bytes([cut(before), new, cut(behind)].concat()))
}

fn position(bytes: &[u8], wanted: &[u8]) -> Datum<'static> {
    if wanted.is_empty() {
        return Datum::Int(1);
    }
    let found = bytes.windows(wanted.len()).position(|window| window == wanted);
    Datum::count(found.map_or(0, |index| index + 1))
}

fn trimmed<'a>(row: &Row<'a>, front: bool, back: bool) -> Datum<'a> {
    let (mut rest, set) = (row.bytes(0), row.bytes(1));
    while let (true, [first, after @ ..]) = (front, rest)
        && set.contains(first)
    {
        rest = after;
    }
    while let (true, [before @ .., last]) = (back, rest)
        && set.contains(last)
    {
        rest = before;
    }
    Datum::Bytes(Cow::Borrowed(rest))
}

/// Errors: 2202E for an index that is none of `len` items.
pub(super) fn checked_index(index: i64, len: i64) -> Result<usize> {
    usize::try_from(index).ok().filter(|_| index < len).ok_or_else(|| {
        Error::ArraySubscript(format!("index {index} out of valid range, 0..{}", len - 1))
    })
}

/// Errors: 22023 for a bit that is neither.
pub(super) fn checked_bit(bit: i64) -> Result<bool> {
    match bit {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::InvalidParameterValue("new bit must be 0 or 1".to_owned())),
    }
}

fn get_byte<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let bytes = row.bytes(0);
    let index = checked_index(row.int(1), length(bytes))?;
    Ok(Datum::Int(bytes.get(index).copied().unwrap_or(0).into()))
}

fn set_byte<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let mut bytes = row.bytes(0).to_vec();
    let index = checked_index(row.int(1), length(&bytes))?;
    // The lowest eight bits of the number are taken.
    let [byte, ..] = row.int(2).to_le_bytes();
    if let Some(place) = bytes.get_mut(index) {
        *place = byte;
    }
    Ok(Datum::of_bytes(bytes))
}

/// The byte that holds a bit, and the bit in it; bits count from the lowest of the first byte.
/// Errors: 2202E.
fn bit_place(row: &Row<'_>) -> Result<(usize, u8)> {
    let index = checked_index(row.int(1), length(row.bytes(0)) * 8)?;
    Ok((index / 8, 1 << (index % 8)))
}

fn get_bit<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (index, mask) = bit_place(row)?;
    let byte = row.bytes(0).get(index).copied().unwrap_or(0);
    Ok(Datum::Int(i64::from(byte & mask != 0)))
}

fn set_bit<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (index, mask) = bit_place(row)?;
    let bit = checked_bit(row.int(2))?;
    let mut bytes = row.bytes(0).to_vec();
    if let Some(place) = bytes.get_mut(index) {
        *place = if bit { *place | mask } else { *place & !mask };
    }
    Ok(Datum::of_bytes(bytes))
}

fn bit_count<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    Ok(Datum::Int(row.bytes(0).iter().map(|byte| i64::from(byte.count_ones())).sum()))
}

fn length_in<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let encoding = encodings::named(row.text(1), "encoding")?;
    encoding.characters(row.bytes(0)).map(Datum::count)
}

fn convert_from<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let source = encodings::named(row.text(1), "source encoding")?;
    source.decode(row.bytes(0)).map(Datum::Text)
}

fn convert_to<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let target = encodings::named(row.text(1), "destination encoding")?;
    target.encode(row.text(0)).map(|bytes| Datum::Bytes(Cow::Owned(bytes)))
}

fn convert<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let source = encodings::named(row.text(1), "source encoding")?;
    let target = encodings::named(row.text(2), "destination encoding")?;
    let bytes = row.bytes(0);
    match (source, target) {
        // What has no encoding is not converted; it must be of the other.
        (Encoding::Ascii, other) | (other, Encoding::Ascii) => other.verify(bytes)?,
        (source, target) if source == target => source.verify(bytes)?,
        (Encoding::Utf8, _) | (_, Encoding::Utf8) => {
            let text = source.decode(bytes)?;
            return target.encode(&text).map(Datum::of_bytes);
        }
        (source, target) => {
            source.verify(bytes)?;
            return Err(Error::UndefinedFunction(format!(
                "default conversion function for encoding \"{}\" to \"{}\" does not exist",
                source.name(),
                target.name()
            )));
        }
    }
    Ok(Datum::Bytes(Cow::Borrowed(bytes)))
}

/// `LIKE` over bytes (like_match.c): a wildcard stands for bytes. Errors: 22025 for an escape at the end.
fn like(bytes: &[u8], pattern: &[u8]) -> Result<bool> {
    let dangling =
        || Error::InvalidEscape("LIKE pattern must not end with escape character".into());
    let (mut text, mut pattern) = (bytes, pattern);
    // Where to go on when the last `%` has to take one byte more.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        let matched = match (pattern, text) {
            ([], []) => return Ok(true),
            ([b'%', after @ ..], _) => {
                retry = Some((after, text));
                pattern = after;
                continue;
            }
            ([b'\\'], [_, ..]) => return Err(dangling()),
            ([b'\\', wanted, after @ ..], [found, rest @ ..]) if wanted == found => {
                Some((after, rest))
            }
            ([b'\\', ..], _) => None,
            ([b'_', after @ ..], [_, rest @ ..]) => Some((after, rest)),
            ([wanted, after @ ..], [found, rest @ ..]) if wanted == found => Some((after, rest)),
            _ => None,
        };
        (pattern, text) = match (matched, retry) {
            (Some(next), _) => next,
            (None, Some((after, [_, rest @ ..]))) => {
                retry = Some((after, rest));
                (after, rest)
            }
            (None, _) => return Ok(false),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{around, like, span};

    #[test]
    fn spans_are_cut_to_what_there_is() {
        for (start, length, want) in [
            (2, Some(2), 1..3),
            (-1, Some(3), 0..1),
            (5, None, 4..4),
            (i64::from(i32::MAX), Some(i64::from(i32::MAX)), 4..4),
            (0, None, 0..4),
            (-5, Some(2), 0..0),
        ] {
            assert_eq!(span(4, start, length).expect("a span"), want, "{start} {length:?}");
        }
        assert!(span(4, 2, Some(-1)).is_err());
        assert_eq!(around(3, 2, -1).expect("spans"), (0..1, 0..3));
        assert_eq!(around(3, 10, 2).expect("spans"), (0..3, 3..3));
        assert!(around(3, 0, 1).is_err() && around(3, i64::from(i32::MAX), 2).is_err());
    }

    #[test]
    fn bytes_match_patterns() {
        let check = |text: &str, pattern: &str| like(text.as_bytes(), pattern.as_bytes()).ok();
        for (text, pattern, want) in [
            ("AB", "A%", true),
            ("AB", "_", false),
            ("AB", "__", true),
            ("abcabd", "%abd", true),
            ("aab", "%a_", true),
            ("a%", "a\\%", true),
            ("ab", "a\\%", false),
            ("", "", true),
            ("", "%%", true),
            ("a", "", false),
        ] {
            assert_eq!(check(text, pattern), Some(want), "{text} LIKE {pattern}");
        }
        assert_eq!(check("a", "a\\"), Some(false));
        assert_eq!(check("ab", "a\\"), None);
    }
}
