//! `time with time zone` (date.c): a time of the day and how far its zone is from UTC.

use super::{invalid_binary, too_short};
use crate::error::{Error, Result};
use crate::pg::decode;
use crate::pg::decode::modifier::rounded;
use crate::pg::encode::OutputSettings;
use crate::pg::zone::Zone;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
/// `MAX_TZDISP_HOUR`: the next hour is beyond what an offset may be.
const OFFSET_S: i64 = 16 * 3_600;

/// A time of the day in microseconds, in a zone so many seconds east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeTz {
    pub(crate) time_us: i64,
    pub(crate) east_s: i32,
}

/// `timetz_in`. Errors: 22007, 22008.
pub(crate) fn read(text: &str, settings: &OutputSettings) -> Result<TimeTz> {
    // The canonical text is read most often, and needs no session.
    if let Some(own) = canonical(text) {
        return Ok(own);
    }
    let (time_us, east_s) = decode::timetz(text, settings)?;
    Ok(TimeTz { time_us, east_s })
}

/// `12:34:56.789-05:30` as [`TimeTz`]'s own form has it.
fn canonical(text: &str) -> Option<TimeTz> {
    let at = text.rfind(['+', '-'])?;
    let (time, offset) = text.split_at_checked(at)?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let two = |part: &str| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<i64>().ok()).flatten()
    };
    let clock: Vec<i64> = clock.split(':').map(two).collect::<Option<_>>()?;
    let [hour @ 0..24, minute @ 0..60, second @ 0..60] = clock.as_slice() else { return None };
    let fits = fraction.len() <= 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: i64 = format!("{fraction:0<6}").parse().ok().filter(|_| fits)?;
    let time_us = ((hour * 60 + minute) * 60 + second) * SECOND_US + fraction;
    Some(TimeTz { time_us, east_s: decode::offset(offset)?.ok()? })
}

impl TimeTz {
    /// `timetz_out`
    pub(crate) fn written(self) -> String {
        let (seconds, fraction) =
            (self.time_us.div_euclid(SECOND_US), self.time_us.rem_euclid(SECOND_US));
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let mut text = format!("{hour:02}:{minute:02}:{second:02}");
        if fraction != 0 {
            let digits = format!(".{fraction:06}");
            text.push_str(digits.trim_end_matches('0'));
        }
        let away = self.east_s.unsigned_abs();
        text.push(if self.east_s < 0 { '-' } else { '+' });
        text.push_str(&format!("{:02}", away / 3_600));
        if !away.is_multiple_of(3_600) {
            text.push_str(&format!(":{:02}", away / 60 % 60));
        }
        if !away.is_multiple_of(60) {
            text.push_str(&format!(":{:02}", away % 60));
        }
        text
    }

    /// Microseconds of the day in UTC, of the day before or after where they are.
    pub(crate) fn in_utc(self) -> i64 {
        self.time_us - i64::from(self.east_s) * SECOND_US
    }

    /// Sorts by the moment, then from west to east turned round (`timetz_cmp_internal`).
    pub(super) fn key(self) -> Vec<u8> {
        let zone = self.east_s.wrapping_neg() ^ i32::MIN;
        [&(self.in_utc() ^ i64::MIN).to_be_bytes()[..], &zone.to_be_bytes()].concat()
    }

    pub(super) fn send(self) -> Vec<u8> {
        [&self.time_us.to_be_bytes()[..], &self.east_s.wrapping_neg().to_be_bytes()].concat()
    }

    /// Some microseconds on, round the clock.
    pub(crate) fn moved(self, us: i64) -> TimeTz {
        let time_us = self.time_us.wrapping_add(us % DAY_US).rem_euclid(DAY_US);
        TimeTz { time_us, ..self }
    }

    /// The same moment as a clock so far east shows it.
    pub(crate) fn in_zone(self, east_s: i32) -> TimeTz {
        let time_us = (self.in_utc() + i64::from(east_s) * SECOND_US).rem_euclid(DAY_US);
        TimeTz { time_us, east_s }
    }

    /// With so many digits of seconds.
    pub(crate) fn fitted(self, digits: i32) -> TimeTz {
        TimeTz { time_us: rounded(self.time_us, digits), ..self }
    }

    /// The moment it is on a day counted from 1970, in microseconds (`datetimetz_timestamptz`).
    pub(crate) fn on(self, day: i32) -> Option<i64> {
        i64::from(day).checked_mul(DAY_US)?.checked_add(self.in_utc())
    }
}

/// The time a moment has in a zone.
pub(crate) fn of_moment(moment_us: i64, zone: &Zone) -> TimeTz {
    let east_s = zone.east_at(moment_us);
    let local = moment_us.saturating_add(i64::from(east_s) * SECOND_US);
    TimeTz { time_us: local.rem_euclid(DAY_US), east_s }
}

/// `timetz_recv`. Errors: 22P03, 22008, 22009.
pub(super) fn receive(bytes: &[u8]) -> Result<TimeTz> {
    let (time, zone) = bytes.split_first_chunk::<8>().ok_or_else(too_short)?;
    let (zone, rest) = zone.split_first_chunk::<4>().ok_or_else(too_short)?;
    if !rest.is_empty() {
        return Err(invalid_binary("incorrect binary data format in bind parameter"));
    }
    let (time_us, west_s) = (i64::from_be_bytes(*time), i32::from_be_bytes(*zone));
    if !(0..=DAY_US).contains(&time_us) {
        return Err(Error::DatetimeOverflow("time out of range".to_owned()));
    }
    if !(1 - OFFSET_S..OFFSET_S).contains(&i64::from(west_s)) {
        return Err(Error::InvalidParameterValue("time zone displacement out of range".to_owned()));
    }
    Ok(TimeTz { time_us, east_s: west_s.wrapping_neg() })
}

#[cfg(test)]
mod tests {
    use super::{TimeTz, read, receive};
    use crate::pg::encode::OutputSettings;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let found = read(text, &OutputSettings::default()).expect(text);
        assert_eq!(found.written(), want, "{text}");
        assert_eq!(receive(&found.send()).expect(text), found);
    }

    #[test]
    fn times_with_their_zones() {
        check("12:34:56+02", "12:34:56+02");
        check("12:34:56", "12:34:56+00");
        check("12:34:56.7890-05:30", "12:34:56.789-05:30");
        check("04:05:06 PST", "04:05:06-08");
        check("040506-08", "04:05:06-08");
        check("2026-07-01 12:00 Europe/Berlin", "12:00:00+02");
        check("24:00:00+00", "24:00:00+00");
        for text in ["12:34 Europe/Berlin", "", "25:00+00", "noon"] {
            assert!(read(text, &OutputSettings::default()).is_err(), "{text}");
        }
    }

    #[test]
    fn they_sort_by_the_moment() {
        let of = |text: &str| read(text, &OutputSettings::default()).expect(text).key();
        assert!(of("12:00+02") < of("12:00+01"));
        assert!(of("12:00+02") < of("11:00+01"));
        let noon = TimeTz { time_us: 43_200_000_000, east_s: 3_600 };
        assert_eq!(noon.in_zone(-3_600).written(), "10:00:00-01");
        assert_eq!(noon.moved(-86_400_000_000 / 2 - 1).written(), "23:59:59.999999+01");
    }
}
