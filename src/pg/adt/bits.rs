//! `bit` and `bit varying` (varbit.c): a text of `0` and `1`, which sorts as PostgreSQL compares bit strings.

use super::{invalid_binary, too_short};
use crate::error::{Error, Result};

/// `bit_in` and `varbit_in` without a length: digits, behind `b` or none; hexadecimal ones behind `x`.
/// Errors: 22P02 for another digit.
pub(super) fn read(text: &str) -> Result<String> {
    let digits = text.strip_prefix(['x', 'X']);
    let Some(digits) = digits else {
        let digits = text.strip_prefix(['b', 'B']).unwrap_or(text);
        return match digits.chars().find(|digit| !matches!(digit, '0' | '1')) {
            Some(wrong) => Err(no_digit(wrong, "binary")),
            None => Ok(digits.to_owned()),
        };
    };
    let mut bits = String::with_capacity(digits.len() * 4);
    for c in digits.chars() {
        let digit = c.to_digit(16).ok_or_else(|| no_digit(c, "hexadecimal"))?;
        bits.push_str(&format!("{digit:04b}"));
    }
    Ok(bits)
}

fn no_digit(digit: char, base: &str) -> Error {
    Error::MalformedText(format!("\"{digit}\" is not a valid {base} digit"))
}

/// The number of bits, then the bits in whole bytes.
pub(super) fn receive(bytes: &[u8]) -> Result<String> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(too_short)?;
    let length = usize::try_from(i32::from_be_bytes(*length))
        .map_err(|_negative| invalid_binary("invalid length in external bit string"))?;
    if rest.len() < length.div_ceil(8) {
        return Err(too_short());
    }
    if rest.len() > length.div_ceil(8) {
        return Err(invalid_binary("incorrect binary data format in bind parameter"));
    }
    Ok(rest.iter().flat_map(|byte| of_byte(*byte)).take(length).collect())
}

fn of_byte(byte: u8) -> [char; 8] {
    [7, 6, 5, 4, 3, 2, 1, 0].map(|place| if byte >> place & 1 == 1 { '1' } else { '0' })
}

/// See [`receive`].
pub(super) fn send(text: &str) -> Result<Vec<u8>> {
    let bits = read(text)?;
    let length = i32::try_from(bits.len())
        .map_err(|_long| Error::ProgramLimitExceeded("a bit string is too long".to_owned()))?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(bits.as_bytes().chunks(8).map(|chunk| {
        let places = (0..8).rev().zip(chunk);
        places.fold(0, |byte, (place, bit)| byte | u8::from(*bit == b'1') << place)
    }));
    Ok(bytes)
}

/// The bits of a whole number as an explicit cast to `bit(length)` takes them: from the right, its sign before them.
pub(crate) fn of_integer(number: i64, length: usize) -> String {
    let bit = |place: usize| number >> place.min(63) & 1 == 1;
    (0..length).rev().map(|place| if bit(place) { '1' } else { '0' }).collect()
}

/// The number that the bits are, the first being its sign when there are `width` of them.
/// Errors: 22003 for more bits than `width`.
pub(crate) fn to_integer(bits: &str, width: usize, name: &str) -> Result<i64> {
    if bits.len() > width {
        return Err(Error::NumericOutOfRange(format!("{name} out of range")));
    }
    let fill = if bits.len() == width && bits.starts_with('1') { -1 } else { 0 };
    Ok(bits.bytes().fold(fill, |number, bit| number << 1 | i64::from(bit == b'1')))
}

/// The first `length` bits, filled up with zeros when `padded`: an explicit cast to a length.
pub(crate) fn fitted(bits: &str, length: usize, padded: bool) -> String {
    let fill = if padded { length } else { 0 };
    format!("{:0<fill$}", bits.get(..length).unwrap_or(bits))
}

#[cfg(test)]
mod tests {
    use super::{fitted, of_integer, read, receive, send, to_integer};

    #[test]
    fn texts_are_read() {
        assert_eq!(read("101").expect("bits"), "101");
        assert_eq!(read("b01").expect("bits"), "01");
        assert_eq!(read("x1F").expect("bits"), "00011111");
        assert_eq!(read("").expect("bits"), "");
        let words = |text: &str| read(text).expect_err("refused").to_string();
        assert_eq!(words("102"), "\"2\" is not a valid binary digit");
        assert_eq!(words("xG"), "\"G\" is not a valid hexadecimal digit");
    }

    #[test]
    fn the_binary_form_is_read_back() {
        for bits in ["", "1", "101", "11110000", "101010101"] {
            assert_eq!(receive(&send(bits).expect("bytes")).expect("bits"), bits);
        }
        assert_eq!(send("101").expect("bytes"), [0, 0, 0, 3, 0xa0]);
        assert!(receive(&[0, 0, 0, 9, 1]).is_err() && receive(&[0]).is_err());
        assert!(receive(&[0xff, 0, 0, 9, 1]).is_err() && receive(&[0, 0, 0, 1, 1, 1]).is_err());
    }

    #[test]
    fn numbers_are_bits() {
        assert_eq!(of_integer(5, 4), "0101");
        assert_eq!(of_integer(-1, 3), "111");
        assert_eq!(of_integer(-2, 66), format!("{}0", "1".repeat(65)));
        assert_eq!(to_integer("1010", 32, "integer").expect("a number"), 10);
        assert_eq!(to_integer(&"1".repeat(32), 32, "integer").expect("a number"), -1);
        assert_eq!(to_integer(&"1".repeat(64), 64, "bigint").expect("a number"), -1);
        assert!(to_integer(&"0".repeat(33), 32, "integer").is_err());
        assert_eq!(
            (fitted("101", 5, true), fitted("101", 5, false)),
            ("10100".into(), "101".into())
        );
        assert_eq!(fitted("101", 2, true), "10");
    }
}
