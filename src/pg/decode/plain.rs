//! Texts in their plainest form, read at once: what a COPY sends and a cast of a column reads a million of. What is not in
//! that form is `None`, and for the readers that know every form, and every error.

use crate::pg::encode::days_from_civil;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;

/// Digits that are in range in any case.
const DIGITS_MAX: usize = 18;

/// `-123`
pub(crate) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let number = number(digits.as_bytes(), 1..=DIGITS_MAX)?;
    Some(if negative { -number } else { number })
}

/// `-12.5e3`; neither an infinity nor what becomes one or zero.
pub(crate) fn double(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E');
    if !bytes.iter().all(plain) || !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let vanished = value == 0.0 && bytes.iter().any(|byte| matches!(byte, b'1'..=b'9'));
    (value.is_finite() && !vanished).then_some(value)
}

/// `2026-11-28` as days since the Unix epoch.
pub(crate) fn date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let [year, month, day] = [0..4, 5..7, 8..10].map(|part| bytes.get(part));
    if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let (year, month, day) = (all(year?)?, all(month?)?, all(day?)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if year == 0 || !(1..=last).contains(&day) {
        return None;
    }
    let [month, day] = [month, day].map(|part| u32::try_from(part).unwrap_or_default());
    i32::try_from(days_from_civil(year, month, day)).ok()
}

/// `2026-11-28 14:00:00.25` as microseconds since the Unix epoch.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let (day, clock) = (text.get(..10)?, text.get(10..)?.as_bytes());
    let [hour, minute, second] = [1..3, 4..6, 7..9].map(|part| clock.get(part));
    let marks = [clock.first(), clock.get(3), clock.get(6)];
    if marks != [Some(&b' '), Some(&b':'), Some(&b':')] {
        return None;
    }
    let (hour, minute, second) = (all(hour?)?, all(minute?)?, all(second?)?);
    if 23 < hour || 59 < minute || 59 < second {
        return None;
    }
    let fraction = match clock.get(9..)? {
        [] => 0,
        [b'.', digits @ ..] => {
            let places = u32::try_from(digits.len()).ok()?;
            number(digits, 1..=6)? * 10_i64.pow(6_u32.checked_sub(places)?)
        }
        _ => return None,
    };
    let clock = ((hour * 60 + minute) * 60 + second) * SECOND_US + fraction;
    Some(i64::from(date(day)?) * DAY_US + clock)
}

fn all(digits: &[u8]) -> Option<i64> {
    number(digits, 1..=DIGITS_MAX)
}

/// Nothing but so many digits, as a number.
fn number(digits: &[u8], lengths: std::ops::RangeInclusive<usize>) -> Option<i64> {
    if !lengths.contains(&digits.len()) {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;

    use super::{date, double, integer, timestamp};
    use crate::pg::decode::parameter;
    use crate::pg::encode::OutputSettings;
    use crate::pg::types;

    /// What the reader of every form says.
    fn known(oid: u32, text: &str) -> Option<ScalarValue> {
        parameter(oid, false, text.as_bytes(), &OutputSettings::default()).ok()
    }

    #[test]
    fn plain_texts_mean_what_they_mean_in_full() {
        let moments = [
            "2026-11-28",
            "2024-02-29",
            "2023-02-29",
            "1900-02-29",
            "2000-02-29",
            "0001-01-01",
            "0000-01-01",
            "9999-12-31",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-11-28 00:00:00",
            "2026-11-28 23:59:59.999999",
            "1969-12-31 23:59:59.5",
            "2026-11-28 24:00:00",
            "2026-11-28 12:60:00",
            "2026-11-28 12:00:60",
            "2026-11-28 12:00:00.",
            "2026-11-28 12:00:00.1234567",
            "2026-11-28T12:00:00",
            "2026-11-28 12:00:00+01",
            "2026-11-2é",
            "",
            "infinity",
            "2026-11-28 1:00:00",
        ];
        for text in moments {
            if let Some(days) = date(text) {
                assert_eq!(
                    known(types::DATE, text),
                    Some(ScalarValue::Date32(Some(days))),
                    "{text}"
                );
            }
            if let Some(us) = timestamp(text) {
                let wanted = ScalarValue::TimestampMicrosecond(Some(us), None);
                assert_eq!(known(types::TIMESTAMP, text), Some(wanted), "{text}");
            }
        }
        assert!(moments.iter().filter(|text| date(text).is_some()).count() > 4);
        assert!(moments.iter().filter(|text| timestamp(text).is_some()).count() > 2);
        let numbers = [
            "0",
            "-0",
            "7",
            "-7",
            "007",
            "999999999999999999",
            "9999999999999999999",
            "+7",
            " 7",
            "7 ",
            "-",
            "",
            "1_0",
            "0x1",
            "1.5",
            "-1.5e3",
            "1e400",
            "1e-400",
            "0e5",
            "0.0",
            ".5",
            "5.",
            "e5",
            "1e",
            "--1",
            "1-1",
            "nan",
            "inf",
            "4.9e-324",
        ];
        for text in numbers {
            if let Some(value) = integer(text) {
                assert_eq!(
                    known(types::INT8, text),
                    Some(ScalarValue::Int64(Some(value))),
                    "{text}"
                );
            }
            if let Some(value) = double(text) {
                assert_eq!(
                    known(types::FLOAT8, text),
                    Some(ScalarValue::Float64(Some(value))),
                    "{text}"
                );
            }
        }
        assert!(numbers.iter().filter(|text| integer(text).is_some()).count() > 5);
        assert!(numbers.iter().filter(|text| double(text).is_some()).count() > 8);
    }
}
