//! The order of `jsonb` (`compareJsonbContainers`): objects above arrays above truths above numbers above strings above
//! null; of two arrays or objects the one with more in it is greater. Takes canonical texts.

use std::cmp::Ordering;

use crate::error::Result;
use crate::pg::decode::json::{self, Kind};

/// How one value stands to another.
pub(super) fn compare(left: &str, right: &str) -> Result<Ordering> {
    if left == right {
        return Ok(Ordering::Equal);
    }
    // An array without items is less than anything, where it is the whole value.
    let empty = |text: &str| text == "[]";
    match (empty(left), empty(right)) {
        (true, false) => return Ok(Ordering::Less),
        (false, true) => return Ok(Ordering::Greater),
        _ => {}
    }
    values(left, right)
}

fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Null => 0,
        Kind::String => 1,
        Kind::Number => 2,
        Kind::Boolean => 3,
        Kind::Array => 4,
        Kind::Object => 5,
    }
}

fn values(left: &str, right: &str) -> Result<Ordering> {
    let (left_kind, right_kind) = (json::kind(left), json::kind(right));
    if left_kind != right_kind {
        return Ok(rank(left_kind).cmp(&rank(right_kind)));
    }
    Ok(match left_kind {
        Kind::Null => Ordering::Equal,
        Kind::Boolean => (left == "true").cmp(&(right == "true")),
        Kind::String => json::string(left)?.cmp(&json::string(right)?),
        Kind::Number => numbers(left, right),
        Kind::Array => {
            let (left, right) = (json::items(left), json::items(right));
            let mut order = left.len().cmp(&right.len());
            for (left, right) in left.iter().zip(&right) {
                if order.is_ne() {
                    break;
                }
                order = values(left, right)?;
            }
            order
        }
        Kind::Object => {
            let (left, right) = (json::members(left)?, json::members(right)?);
            let mut order = left.len().cmp(&right.len());
            for ((left_name, left), (right_name, right)) in left.iter().zip(&right) {
                if order.is_ne() {
                    break;
                }
                order = left_name.cmp(right_name);
                if order.is_eq() {
                    order = values(left, right)?;
                }
            }
            order
        }
    })
}

/// Numbers of any number of digits, whatever their scale.
pub(super) fn numbers(left: &str, right: &str) -> Ordering {
    let parts = |text: &'_ str| -> (bool, String, String) {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let zero = whole.is_empty() && fraction.is_empty();
        (text.starts_with('-') && !zero, whole, fraction)
    };
    let (left, right) = (parts(left), parts(right));
    let size = left.1.len().cmp(&right.1.len());
    let size = size.then_with(|| left.1.cmp(&right.1)).then_with(|| left.2.cmp(&right.2));
    match (left.0, right.0) {
        (true, true) => size.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => size,
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::compare;

    #[test]
    fn values_are_ordered_as_postgresql_orders_them() {
        for (left, right, want) in [
            ("{\"a\": 1}", "{\"a\": 1.0}", Ordering::Equal),
            ("1", "1.00", Ordering::Equal),
            ("-0", "0.0", Ordering::Equal),
            ("10", "9.5", Ordering::Greater),
            ("-10", "-9.5", Ordering::Less),
            ("null", "\"a\"", Ordering::Less),
            ("[]", "null", Ordering::Less),
            ("[1, 2]", "[3]", Ordering::Greater),
            ("{}", "[1]", Ordering::Greater),
            ("true", "false", Ordering::Greater),
            ("{\"b\": 1}", "{\"a\": 2}", Ordering::Greater),
        ] {
            assert_eq!(compare(left, right).expect("canonical"), want, "{left} {right}");
        }
    }
}
