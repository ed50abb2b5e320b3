//! Time zones: those of the database of zones, whose rules change with the year, and offsets that never do, as POSIX names
//! them (PostgreSQL manual, appendix B.5).

use chrono::{DateTime, LocalResult, NaiveDateTime, Offset as _, TimeDelta, TimeZone};
use chrono_tz::{OffsetName, TZ_VARIANTS, Tz};

use super::encode::instant_with_rules;

const SECOND_US: i64 = 1_000_000;
/// Hours of an offset: a week, as PostgreSQL's own reader of zones has it (`getoffset` in localtime.c).
const HOURS_MAX: i32 = 24 * 7 - 1;
/// Letters of an abbreviation that are kept. PostgreSQL's own have six at most; a longer one is no zone here.
const LETTERS_MAX: usize = 12;

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// One of the database of zones.
    Named(Tz),
    /// An offset that never changes.
    Fixed(Fixed),
}

/// An offset and how it is abbreviated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed {
    east_s: i32,
    letters: [u8; LETTERS_MAX],
}

impl Zone {
    /// Universal time.
    pub const UTC: Zone = Zone::Named(Tz::UTC);

    /// The zone a session is in by that name: one of the database in any case, or an offset as POSIX writes it. `None`
    /// when it is neither.
    pub fn of_session(name: &str) -> Option<Zone> {
        let exact = name.parse().ok();
        exact
            .or_else(|| TZ_VARIANTS.iter().find(|tz| tz.name().eq_ignore_ascii_case(name)).copied())
            .map(Zone::Named)
            .or_else(|| posix(name))
    }

    /// An offset in seconds east of UTC.
    pub fn offset(east_s: i32) -> Zone {
        Zone::Fixed(Fixed { east_s, letters: [0; LETTERS_MAX] })
    }

    /// Whether it is UTC at every instant.
    pub fn is_utc(self) -> bool {
        match self {
            Zone::Named(tz) => matches!(
                tz.name(),
                "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT" | "UCT" | "Etc/UCT" | "Zulu" | "Etc/Zulu"
            ),
            Zone::Fixed(fixed) => fixed.east_s == 0,
        }
    }

    /// Seconds east of UTC at an instant, in microseconds since 1970.
    pub fn east_at(self, unix_us: i64) -> i32 {
        match self {
            Zone::Named(Tz::UTC) => 0,
            Zone::Named(tz) => {
                let instant = instant_with_rules(unix_us.div_euclid(SECOND_US));
                tz.offset_from_utc_datetime(&instant).fix().local_minus_utc()
            }
            Zone::Fixed(fixed) => fixed.east_s,
        }
    }

    /// Seconds east of UTC of a local time. Where a clock skips an hour the offset before it counts, where one repeats an
    /// hour the offset after it (PostgreSQL's `DetermineTimeZoneOffset`).
    pub fn east_of_local(self, local_us: i64) -> i32 {
        let tz = match self {
            Zone::Named(Tz::UTC) => return 0,
            Zone::Named(tz) => tz,
            Zone::Fixed(fixed) => return fixed.east_s,
        };
        let local = instant_with_rules(local_us.div_euclid(SECOND_US));
        match tz.offset_from_local_datetime(&local) {
            LocalResult::Single(offset) => offset.fix().local_minus_utc(),
            LocalResult::Ambiguous(_, after) => after.fix().local_minus_utc(),
            LocalResult::None => {
                let before = local - TimeDelta::days(1);
                tz.offset_from_utc_datetime(&before).fix().local_minus_utc()
            }
        }
    }

    /// The local time of an instant; `None` outside of what chrono counts.
    pub fn local(self, unix_us: i64) -> Option<NaiveDateTime> {
        let local_us = unix_us.checked_add(i64::from(self.east_at(unix_us)) * SECOND_US)?;
        DateTime::from_timestamp_micros(local_us).map(|local| local.naive_utc())
    }

    /// The instant of a local time, in microseconds since 1970.
    pub fn instant(self, local: NaiveDateTime) -> Option<i64> {
        let local_us = local.and_utc().timestamp_micros();
        local_us.checked_sub(i64::from(self.east_of_local(local_us)) * SECOND_US)
    }

    /// What the zone is called at an instant: `CET`, `CEST`.
    pub fn abbreviation(self, unix_us: i64) -> String {
        match self {
            Zone::Named(tz) => {
                let instant = instant_with_rules(unix_us.div_euclid(SECOND_US));
                let offset = tz.offset_from_utc_datetime(&instant);
                match offset.abbreviation() {
                    Some(name) => name.to_owned(),
                    None => shown(offset.fix().local_minus_utc(), ""),
                }
            }
            Zone::Fixed(fixed) => {
                let letters = fixed.letters.iter().take_while(|letter| **letter != 0);
                letters.map(|letter| char::from(*letter)).collect()
            }
        }
    }

    /// A name that Arrow and the planner know the zone by.
    pub fn arrow_name(self) -> String {
        match self {
            Zone::Named(tz) => tz.name().to_owned(),
            Zone::Fixed(fixed) => {
                let east = fixed.east_s.unsigned_abs();
                let sign = if fixed.east_s < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", east / 3_600, east / 60 % 60)
            }
        }
    }
}

/// PostgreSQL's name of the zone that many seconds east of UTC: `<+05:30>-05:30` (`pg_tzset_offset`). `None` when that is
/// more than a week.
pub fn offset_name(east_s: i32) -> Option<String> {
    if east_s.abs() / 3_600 > HOURS_MAX {
        return None;
    }
    let west = shown(-east_s, ":");
    let west = if east_s == 0 { "-00" } else { west.as_str() };
    Some(format!("<{}>{west}", shown(east_s, ":")))
}

/// An offset with minutes and seconds where they are.
fn shown(east_s: i32, between: &str) -> String {
    let sign = if east_s < 0 { '-' } else { '+' };
    let east = east_s.unsigned_abs();
    let mut text = format!("{sign}{:02}", east / 3_600);
    if !east.is_multiple_of(3_600) {
        text.push_str(&format!("{between}{:02}", east / 60 % 60));
    }
    if !east.is_multiple_of(60) {
        text.push_str(&format!("{between}{:02}", east % 60));
    }
    text
}

/// `UTC+3`, `<+03>-03`, `-04:30`. POSIX counts to the west. `None` for what is no offset, and for one with rules of its own
/// for summer.
pub(super) fn posix(text: &str) -> Option<Zone> {
    let (name, rest) = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?,
        None => {
            let rest = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
            (text.strip_suffix(rest)?, rest)
        }
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
    let mut letters = [0; LETTERS_MAX];
    letters.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
    let east_s = -west * ((hours * 60 + minutes) * 60 + seconds);
    Some(Zone::Fixed(Fixed { east_s, letters }))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::{Zone, offset_name, posix};

    fn check(zone: &str, hour: u32, month: u32, day: u32, want: i64) {
        let local =
            NaiveDate::from_ymd_opt(2026, month, day).and_then(|d| d.and_hms_opt(hour, 30, 0));
        let zone = Zone::of_session(zone).expect("a zone");
        let local = local.expect("a time");
        let found = zone.instant(local).expect("in range");
        assert_eq!(local.and_utc().timestamp_micros() - found, want * 3_600_000_000);
    }

    #[test]
    fn local_times_around_a_jump() {
        check("Europe/Berlin", 1, 3, 29, 1);
        check("europe/berlin", 2, 3, 29, 1);
        check("Europe/Berlin", 2, 10, 25, 1);
        check("UTC", 2, 10, 25, 0);
        check("UTC+3", 2, 10, 25, -3);
    }

    #[test]
    fn offsets_count_to_the_west() {
        let check = |text: &str, east_s, name: &str| {
            let zone = posix(text).expect("a zone");
            assert_eq!((zone.east_at(0), zone.abbreviation(0)), (east_s, name.to_owned()));
        };
        check("+03", -10_800, "");
        check("UTC+3", -10_800, "UTC");
        check("<+03>-03", 10_800, "+03");
        check("-04:30", 16_200, "");
        check("3", -10_800, "");
        for wrong in ["", "UTC", "+3:60", "+168", "PST8PDT7", "+1:2:3:4", "ABCDEFGHIJKLM3", "Å3"] {
            assert_eq!(posix(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn offsets_have_names() {
        for (east_s, want) in [
            (0, "<+00>-00"),
            (19_800, "<+05:30>-05:30"),
            (-16_200, "<-04:30>+04:30"),
            (360_000, "<+100>-100"),
        ] {
            let name = offset_name(east_s).expect("in range");
            assert_eq!(name, want);
            assert_eq!(posix(&name).map(|zone| zone.east_at(0)), Some(east_s));
        }
        assert_eq!(offset_name(700_000), None);
        assert_eq!(Zone::offset(-16_200).arrow_name(), "-04:30");
    }
}
