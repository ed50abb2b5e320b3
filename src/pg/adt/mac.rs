//! `macaddr` and `macaddr8` (mac.c, mac8.c): bytes in hexadecimal, colons between.

use super::{invalid, invalid_binary, too_short};
use crate::error::{Error, Result};
use crate::pg::types;

/// Errors: 22P02 for text that is none, 22003 for a byte above 255.
pub(super) fn read(oid: u32, text: &str) -> Result<String> {
    let bytes = match oid {
        types::MACADDR => six(text)?,
        _ => eight(text).ok_or_else(|| invalid(oid, text))?,
    };
    Ok(written(&bytes))
}

fn written(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

/// Six numbers between colons or hyphens, or twelve digits in groups of equal length.
fn six(text: &str) -> Result<Vec<u8>> {
    let wrong = || invalid(types::MACADDR, text);
    let body = text.trim_ascii();
    let is_hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
    for separator in [':', '-', '.'] {
        let parts: Vec<&str> = body.split(separator).collect();
        if !parts.iter().all(|part| is_hex(part)) {
            continue;
        }
        match (parts.len(), separator) {
            (6, ':' | '-') => {
                let numbers = parts.iter().map(|part| u8::from_str_radix(part, 16));
                return numbers.collect::<std::result::Result<_, _>>().map_err(|_large| {
                    let message = format!("invalid octet value in \"macaddr\" value: \"{text}\"");
                    Error::NumericOutOfRange(message)
                });
            }
            (2, ':' | '-') if parts.iter().all(|part| part.len() == 6) => {}
            (3, '.' | '-') if parts.iter().all(|part| part.len() == 4) => {}
            (1, _) if body.len() == 12 => {}
            _ => continue,
        }
        return pairs(&parts.concat()).ok_or_else(wrong);
    }
    Err(wrong())
}

fn pairs(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = digits.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    digits.chunks(2).map(|pair| u8::try_from(pair.first()? << 4 | pair.get(1)?).ok()).collect()
}

/// Pairs of digits, one kind of separator between any of them; six become eight with `ff:fe` in the middle.
fn eight(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_ascii();
    let separator = body.chars().find(|c| matches!(c, ':' | '-' | '.'));
    let parts: Vec<&str> = match separator {
        Some(separator) => body.split(separator).collect(),
        None => vec![body],
    };
    if parts.iter().any(|part| part.is_empty() || part.len() % 2 == 1) {
        return None;
    }
    let mut bytes = pairs(&parts.concat())?;
    if bytes.len() == 6 {
        bytes.splice(3..3, [0xff, 0xfe]);
    }
    (bytes.len() == 8).then_some(bytes)
}

/// The bytes as they are; a `macaddr8` may come as six.
pub(super) fn receive(oid: u32, bytes: &[u8]) -> Result<String> {
    match (oid, bytes) {
        (types::MACADDR, [_, _, _, _, _, _]) | (types::MACADDR8, [_, _, _, _, _, _, _, _]) => {
            Ok(written(bytes))
        }
        (types::MACADDR8, [a, b, c, d, e, f]) => Ok(written(&[*a, *b, *c, 0xff, 0xfe, *d, *e, *f])),
        (_, short) if short.len() < 8 => Err(too_short()),
        _ => Err(invalid_binary("incorrect binary data format in bind parameter")),
    }
}

pub(super) fn send(oid: u32, text: &str) -> Result<Vec<u8>> {
    match oid {
        types::MACADDR => six(text),
        _ => eight(text).ok_or_else(|| invalid(oid, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, receive, send};
    use crate::pg::types::{MACADDR, MACADDR8};

    #[test]
    fn addresses_are_read_in_every_form() {
        for text in [
            "08:00:2b:01:02:03",
            "08-00-2B-01-02-03",
            " 8:0:2b:1:2:3 ",
            "08002b:010203",
            "08002b-010203",
            "0800.2b01.0203",
            "0800-2b01-0203",
            "08002b010203",
        ] {
            assert_eq!(read(MACADDR, text).expect("an address"), "08:00:2b:01:02:03", "{text}");
        }
        let words = |text: &str| read(MACADDR, text).expect_err("refused").to_string();
        assert_eq!(words("08:00"), "invalid input syntax for type macaddr: \"08:00\"");
        assert_eq!(
            words("100:00:2b:01:02:03"),
            "invalid octet value in \"macaddr\" value: \"100:00:2b:01:02:03\""
        );
        let long = "08:00:2b:01:02:03:04:05";
        assert_eq!(read(MACADDR8, long).expect("an address"), long);
        assert_eq!(read(MACADDR8, "08002b010203").expect("one"), "08:00:2b:ff:fe:01:02:03");
        assert!(read(MACADDR8, "08:00:2b").is_err() && read(MACADDR8, "").is_err());
    }

    #[test]
    fn the_binary_form_is_read_back() {
        for (oid, text) in [(MACADDR, "08:00:2b:01:02:03"), (MACADDR8, "08:00:2b:01:02:03:04:05")] {
            let bytes = send(oid, text).expect("bytes");
            assert_eq!(receive(oid, &bytes).expect("text"), text);
        }
        assert!(receive(MACADDR, &[1]).is_err());
    }
}
