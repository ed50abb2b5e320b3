//! The order of `jsonb` (`compareJsonbContainers`) as texts: two values stand to one another as their keys do, byte by
//! byte. Objects are above arrays, these above truths, numbers, strings and null; of two arrays or objects the one with
//! more in it is greater. A number's key is the same whatever its scale, so that equal values have equal keys.

use std::fmt::Write;

use crate::error::Result;
use crate::pg::decode::json::{self, Kind};

/// Added to the number of a number's whole digits, which is below zero for small fractions; `numeric` has far fewer.
const EXPONENT_ZERO: i64 = 5_000_000;

/// The key of a canonical text.
pub(in crate::pg::functions) fn key(text: &str) -> Result<String> {
    // As a whole value an array without items is less than any other.
    if text == "[]" {
        return Ok("0".to_owned());
    }
    let mut key = String::with_capacity(text.len() + 8);
    put(text, &mut key)?;
    Ok(key)
}

fn put(text: &str, key: &mut String) -> Result<()> {
    match json::kind(text) {
        Kind::Null => key.push('1'),
        Kind::String => {
            key.push('2');
            put_string(&json::string(text)?, key);
        }
        Kind::Number => {
            key.push('3');
            put_number(text, key);
        }
        Kind::Boolean => key.push_str(if text == "true" { "41" } else { "40" }),
        Kind::Array => {
            let items = json::items(text);
            put_count('5', items.len(), key);
            for item in items {
                put(item, key)?;
            }
        }
        Kind::Object => {
            let members = json::members(text)?;
            put_count('6', members.len(), key);
            for (name, value) in members {
                put_string(&name, key);
                put(value, key)?;
            }
        }
    }
    Ok(())
}

/// Text holds no NUL, so one ends it before any other character does.
fn put_string(text: &str, key: &mut String) {
    key.push_str(text);
    key.push('\0');
}

fn put_count(rank: char, count: usize, key: &mut String) {
    // Writing to a string cannot fail.
    let _written = write!(key, "{rank}{count:016x}");
}

/// The sign, how many whole digits there are, and the digits; all turned around below zero.
fn put_number(text: &str, key: &mut String) {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let whole = whole.trim_start_matches('0');
    let digits = format!("{whole}{fraction}");
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let digits = digits.trim_matches('0');
    if digits.is_empty() {
        key.push('1');
        return;
    }
    let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let exponent = EXPONENT_ZERO + length(whole.len()) - length(leading);
    let number = format!("{exponent:07}{digits}");
    if text.starts_with('-') {
        let turned = |c: char| c.to_digit(10).and_then(|digit| char::from_digit(9 - digit, 10));
        key.push('0');
        key.extend(number.chars().filter_map(turned));
        // Fewer digits are nearer to zero.
        key.push('~');
    } else {
        key.push('2');
        key.push_str(&number);
        key.push('\0');
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::key;

    #[test]
    fn keys_are_ordered_as_postgresql_orders_values() {
        for (left, right, want) in [
            ("{\"a\": 1}", "{\"a\": 1.0}", Ordering::Equal),
            ("1", "1.00", Ordering::Equal),
            ("-0", "0.0", Ordering::Equal),
            ("10", "9.5", Ordering::Greater),
            ("-10", "-9.5", Ordering::Less),
            ("-1.5", "-1", Ordering::Less),
            ("1.5", "1", Ordering::Greater),
            ("0.01", "0.1", Ordering::Less),
            ("-0.01", "-0.1", Ordering::Greater),
            ("0.5", "-7", Ordering::Greater),
            ("12", "123", Ordering::Less),
            ("null", "\"a\"", Ordering::Less),
            ("\"a\"", "\"ab\"", Ordering::Less),
            ("[]", "null", Ordering::Less),
            ("[1, 2]", "[3]", Ordering::Greater),
            ("{}", "[1]", Ordering::Greater),
            ("[[]]", "[1]", Ordering::Greater),
            ("true", "false", Ordering::Greater),
            ("{\"b\": 1}", "{\"a\": 2}", Ordering::Greater),
        ] {
            let (own, other) = (key(left).expect("jsonb"), key(right).expect("jsonb"));
            assert_eq!(own.cmp(&other), want, "{left} {right}");
        }
    }
}
