//! `money` (cash.c) as `lc_monetary` of the C locale and of the United States have it: dollars and cents.

use super::{invalid, invalid_binary, too_short};
use crate::error::{Error, Result};
use crate::pg::types;

/// `cash_in`: cents. A sign before or behind the symbol, or parentheses; the third digit after the point rounds.
/// Errors: 22P02, 22003.
pub(crate) fn read(text: &str) -> Result<i64> {
    let wrong = || invalid(types::MONEY, text);
    let mut rest = text.trim_start();
    let mut negative = false;
    if let Some(behind) = rest.strip_prefix('$') {
        rest = behind.trim_start();
    }
    if let Some(behind) = rest.strip_prefix(['-', '(']) {
        negative = true;
        rest = behind;
    } else if let Some(behind) = rest.strip_prefix('+') {
        rest = behind;
    }
    rest = rest.trim_start();
    rest = rest.strip_prefix('$').unwrap_or(rest).trim_start();
    let (mut value, mut places, mut any) = (0_i128, None::<u32>, false);
    let mut up = false;
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.peek().copied() {
        match (c.to_digit(10), places) {
            // One digit more tells how to round.
            (Some(digit), Some(2)) => {
                up = digit >= 5;
                places = Some(3);
            }
            (Some(_), Some(3)) => {}
            (Some(digit), places_seen) => {
                any = true;
                value = value * 10 + i128::from(digit);
                places = places_seen.map(|places| places + 1);
            }
            (None, None) if c == '.' => places = Some(0),
            (None, _) if c == ',' => {}
            _ => break,
        }
        // Beyond any range, and short of that of the number.
        value = value.min(i128::from(u64::MAX) * 100);
        chars.next();
    }
    let after: String = chars.collect();
    let mut after = after.as_str();
    loop {
        after = after.trim_start();
        after = match after.chars().next() {
            None => break,
            Some(')' | '$') => after.trim_start_matches([')', '$']),
            Some('-') => {
                negative = true;
                after.trim_start_matches('-')
            }
            Some(_) => return Err(wrong()),
        };
    }
    if !any && places.is_none() {
        return Err(wrong());
    }
    for _missing in places.unwrap_or(0).min(2)..2 {
        value *= 10;
    }
    value += i128::from(up);
    let value = if negative { -value } else { value };
    i64::try_from(value).map_err(|_wide| {
        Error::NumericOutOfRange(format!("value \"{text}\" is out of range for type money"))
    })
}

/// `cash_out`: `-$1,234.50`.
pub(crate) fn written(cents: i64) -> String {
    let magnitude = cents.unsigned_abs();
    let whole = (magnitude / 100).to_string();
    let mut grouped = String::with_capacity(whole.len() + 10);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}${grouped}.{:02}", magnitude % 100)
}

/// The number of dollars without symbol and commas.
pub(crate) fn plain(cents: i64) -> String {
    written(cents).chars().filter(|c| !matches!(c, '$' | ',')).collect()
}

pub(super) fn receive(bytes: &[u8]) -> Result<i64> {
    if bytes.len() < 8 {
        return Err(too_short());
    }
    let wrong = |_long| invalid_binary("incorrect binary data format in bind parameter");
    bytes.try_into().map(i64::from_be_bytes).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::{plain, read, written};

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(read(text).map(written).expect(text), want, "{text}");
    }

    #[test]
    fn sums_of_money() {
        check("12.34", "$12.34");
        check("$1,000.50", "$1,000.50");
        check("-5", "-$5.00");
        check("($1.5)", "-$1.50");
        check("  $ 7 ", "$7.00");
        check("0.005", "$0.01");
        check("-0.994", "-$0.99");
        check("1.", "$1.00");
        check(".5", "$0.50");
        check("92233720368547758.07", "$92,233,720,368,547,758.07");
        check("-92233720368547758.08", "-$92,233,720,368,547,758.08");
        assert_eq!(plain(-123_450), "-1234.50");
        for text in ["", "x", "1x", "92233720368547758.08", "$", "1 2"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
