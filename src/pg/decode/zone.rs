//! Names of time zones as `AT TIME ZONE` reads them.

use super::datetime;
use crate::error::{Error, Result};
use crate::pg::zone::{Zone, posix};

/// See [`mod@super::zone`].
pub(super) fn named(name: &str) -> Result<Zone> {
    let unknown = || Error::InvalidParameterValue(format!("time zone \"{name}\" not recognized"));
    match datetime::zone(name) {
        Some(Ok(zone)) => Ok(zone),
        _ => posix(name).ok_or_else(unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn abbreviations_come_before_names() {
        let east = |name: &str| named(name).ok().map(|zone| zone.east_at(1_782_864_000_000_000));
        assert_eq!(east("est"), Some(-18_000));
        assert_eq!(east("cet"), Some(3_600));
        assert_eq!(east("europe/berlin"), Some(7_200));
        assert_eq!(east("UTC+3"), Some(-10_800));
        assert_eq!(east("Nowhere"), None);
    }
}
