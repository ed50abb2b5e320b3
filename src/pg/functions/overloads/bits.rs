//! Functions and operators of bit strings (PostgreSQL manual, section 9.6; varbit.c).

use std::borrow::Cow;

use super::bytes::{around, checked_bit, span};
use super::{Datum, Overload, Row, overloads};
use crate::error::{Error, Result};
use crate::pg::adt::bits;
use crate::pg::types::{BIT, INT2, INT4, INT8, VARBIT};

/// Every function of this kind; operators go by their signs, the cast from a number by ours.
pub(super) const ALL: &[Overload] = overloads! {
    "length" (BIT) -> INT4 |row| Ok(Datum::count(row.text(0).len()));
    "bit_length" (BIT) -> INT4 |row| Ok(Datum::count(row.text(0).len()));
    "octet_length" (BIT) -> INT4 |row| Ok(Datum::count(row.text(0).len().div_ceil(8)));
    "bit_count" (BIT) -> INT8 |row| Ok(Datum::count(row.text(0).matches('1').count()));
    "get_bit" (BIT, INT4) -> INT4 get_bit;
    "set_bit" (BIT, INT4, INT4) -> BIT set_bit;
    "substring" (BIT, INT4) -> BIT |row| part(row.text(0), row.int(1), None);
    "substring" (BIT, INT4, INT4) -> BIT |row| part(row.text(0), row.int(1), Some(row.int(2)));
    "overlay" (BIT, BIT, INT4) -> BIT overlaid;
    "overlay" (BIT, BIT, INT4, INT4) -> BIT overlaid;
    "position" (BIT, BIT) -> INT4 |row| Ok(position(row.text(0), row.text(1)));
    "&" (BIT, BIT) -> BIT |row| joined(row, "AND", |left, right| left && right);
    "|" (BIT, BIT) -> BIT |row| joined(row, "OR", |left, right| left || right);
    "#" (BIT, BIT) -> BIT |row| joined(row, "XOR", |left, right| left != right);
    "~" (BIT) -> BIT |row| Ok(Datum::of_text(row.text(0).chars().map(|bit| digit(bit == '0')).collect()));
    "~" (INT2) -> INT2 |row| Ok(Datum::Int(!row.int(0)));
    "~" (INT4) -> INT4 |row| Ok(Datum::Int(!row.int(0)));
    "~" (INT8) -> INT8 |row| Ok(Datum::Int(!row.int(0)));
    "<<" (BIT, INT4) -> BIT |row| Ok(shifted(row.text(0), row.int(1)));
    ">>" (BIT, INT4) -> BIT |row| Ok(shifted(row.text(0), -row.int(1)));
    "||" (VARBIT, VARBIT) -> VARBIT |row| Ok(Datum::of_text([row.text(0), row.text(1)].concat()));
    "forebay_bit" (BIT, INT4) -> BIT |row| Ok(Datum::of_text(bits::fitted(row.text(0), length(row), true)));
    "forebay_varbit" (VARBIT, INT4) -> VARBIT |row| Ok(Datum::of_text(bits::fitted(row.text(0), length(row), false)));
    "forebay_bit_of" (INT4, INT4) -> BIT |row| Ok(Datum::of_text(bits::of_integer(row.int(0), length(row))));
    "forebay_bit_of" (INT8, INT4) -> BIT |row| Ok(Datum::of_text(bits::of_integer(row.int(0), length(row))));
    "forebay_int4_of" (BIT) -> INT4 |row| bits::to_integer(row.text(0), 32, "integer").map(Datum::Int);
    "forebay_int8_of" (BIT) -> INT8 |row| bits::to_integer(row.text(0), 64, "bigint").map(Datum::Int);
};

fn digit(set: bool) -> char {
    if set { '1' } else { '0' }
}

/// The length a cast is to.
fn length(row: &Row<'_>) -> usize {
    usize::try_from(row.int(1)).unwrap_or(0)
}

fn part(text: &str, start: i64, length: Option<i64>) -> Result<Datum<'_>> {
    let span = span(text.len(), start, length)?;
    Ok(Datum::Text(Cow::Borrowed(text.get(span).unwrap_or(""))))
}

fn overlaid<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (text, new) = (row.text(0), row.text(1));
    let own = i64::try_from(new.len()).unwrap_or(i64::MAX);
    let (before, behind) = around(text.len(), row.int(2), row.optional_int(3).unwrap_or(own))?;
    let cut = |span: std::ops::Range<usize>| text.get(span).unwrap_or("");
    Ok(Datum::of_text([cut(before), new, cut(behind)].concat()))
}

fn position(text: &str, wanted: &str) -> Datum<'static> {
    // In no bits there is nothing, not even nothing.
    let found = text.find(wanted).filter(|_| !text.is_empty());
    Datum::count(found.map_or(0, |index| index + 1))
}

/// Errors: 22026 for bit strings of different lengths.
fn joined<'a>(row: &Row<'a>, word: &str, join: fn(bool, bool) -> bool) -> Result<Datum<'a>> {
    let (left, right) = (row.text(0), row.text(1));
    if left.len() != right.len() {
        let message = format!("cannot {word} bit strings of different sizes");
        return Err(Error::StringLength(message));
    }
    let pairs = left.chars().zip(right.chars());
    Ok(Datum::of_text(pairs.map(|(a, b)| digit(join(a == '1', b == '1'))).collect()))
}

/// Bits moved to the left, or to the right by a number below zero; zeros follow.
fn shifted(text: &str, places: i64) -> Datum<'static> {
    let count = usize::try_from(places.unsigned_abs()).unwrap_or(usize::MAX).min(text.len());
    let zeros = "0".repeat(count);
    Datum::of_text(match places {
        0.. => format!("{}{zeros}", text.get(count..).unwrap_or("")),
        _ => format!("{zeros}{}", text.get(..text.len() - count).unwrap_or("")),
    })
}

/// Errors: 2202E.
fn place(row: &Row<'_>) -> Result<usize> {
    let length = i64::try_from(row.text(0).len()).unwrap_or(i64::MAX);
    let index = row.int(1);
    usize::try_from(index).ok().filter(|_| index < length).ok_or_else(|| {
        let last = length - 1;
        Error::ArraySubscript(format!("bit index {index} out of valid range (0..{last})"))
    })
}

fn get_bit<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let place = place(row)?;
    Ok(Datum::Int(i64::from(row.text(0).as_bytes().get(place) == Some(&b'1'))))
}

fn set_bit<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let place = place(row)?;
    let set = checked_bit(row.int(2))?;
    let bits = row.text(0).chars().enumerate();
    let bits = bits.map(|(index, bit)| if index == place { digit(set) } else { bit });
    Ok(Datum::of_text(bits.collect()))
}

#[cfg(test)]
mod tests {
    use super::super::Datum;
    use super::{position, shifted};

    #[test]
    fn bits_are_moved() {
        let check = |text: &str, places: i64, want: &str| match shifted(text, places) {
            Datum::Text(found) => assert_eq!(found, want, "{text} << {places}"),
            _ => unreachable!(),
        };
        check("101", 1, "010");
        check("101", -1, "010");
        check("101", 5, "000");
        check("101", i64::MIN, "000");
        check("", 1, "");
    }

    #[test]
    fn bits_are_found() {
        let check = |text: &str, wanted: &str, want: i64| match position(text, wanted) {
            Datum::Int(found) => assert_eq!(found, want),
            _ => unreachable!(),
        };
        check("1101", "01", 3);
        check("1101", "", 1);
        check("1101", "00", 0);
        check("", "", 0);
    }
}
