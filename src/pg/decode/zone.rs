//! Names of time zones beside those of the database of zones: abbreviations, and offsets as POSIX writes them.

use super::datetime::{self, Zone};
use crate::error::{Error, Result};

/// Hours of an offset: a week, as PostgreSQL's own reader of zones has it (`getoffset` in localtime.c).
const HOURS_MAX: i32 = 24 * 7 - 1;

/// See [`super::zone`].
pub(super) fn named(name: &str) -> Result<Zone> {
    let unknown = || Error::InvalidParameterValue(format!("time zone \"{name}\" not recognized"));
    match datetime::zone(name) {
        Some(Ok(zone)) => Ok(zone),
        _ => posix(name).map(Zone::Offset).ok_or_else(unknown),
    }
}

/// `UTC+3`, `<+03>-03`, `-04:30`: seconds east of UTC. POSIX counts to the west. `None` for what is no offset, and for
/// one with rules of its own for summer.
fn posix(text: &str) -> Option<i32> {
    let rest = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?.1,
        None => text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()),
    };
    let (west, digits) = match (rest.strip_prefix('-'), rest.strip_prefix('+')) {
        (Some(digits), _) => (-1, digits),
        (None, Some(digits)) => (1, digits),
        (None, None) => (1, rest),
    };
    let mut parts = [0; 3];
    for (index, part) in digits.split(':').enumerate() {
        let whole = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let limit = if index == 0 { HOURS_MAX } else { 59 };
        let number = part.parse().ok().filter(|number| whole && *number <= limit)?;
        *parts.get_mut(index)? = number;
    }
    let [hours, minutes, seconds] = parts;
    Some(-west * ((hours * 60 + minutes) * 60 + seconds))
}

#[cfg(test)]
mod tests {
    use super::{Zone, named, posix};

    #[test]
    fn offsets_count_to_the_west() {
        assert_eq!(posix("+03"), Some(-10_800));
        assert_eq!(posix("UTC+3"), Some(-10_800));
        assert_eq!(posix("<+03>-03"), Some(10_800));
        assert_eq!(posix("-04:30"), Some(16_200));
        assert_eq!(posix("3"), Some(-10_800));
        for wrong in ["", "UTC", "+3:60", "+168", "PST8PDT7", "+1:2:3:4"] {
            assert_eq!(posix(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn abbreviations_and_names() {
        assert_eq!(named("est").ok(), Some(Zone::Offset(-18_000)));
        assert_eq!(named("europe/berlin").ok(), Some(Zone::Named(chrono_tz::Europe::Berlin)));
        assert!(named("Nowhere").is_err());
    }
}
