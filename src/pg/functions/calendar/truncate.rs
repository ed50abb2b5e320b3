//! `date_trunc` (`timestamp_trunc`, `timestamptz_trunc_internal`, `interval_trunc`).

use arrow::datatypes::IntervalMonthDayNano;

use super::unit::Unit;
use super::{DAY_US, SECOND_US, infinite};
use crate::error::{Error, Result};
use crate::pg::encode::{civil, days_from_civil};
use crate::pg::zone::Zone;

/// The start of the unit a local time is in; `None` for a unit that times are not cut at.
pub(super) fn local(unit: Unit, us: i64) -> Option<i64> {
    if infinite(us).is_some() {
        return Some(us);
    }
    let day = us.div_euclid(DAY_US);
    if let Some(length) = clock_us(unit) {
        return Some(us - us.rem_euclid(length));
    }
    let (year, month, _) = civil(day);
    let (year, month) = match unit {
        Unit::Week => return Some((day - (day + 3).rem_euclid(7)) * DAY_US),
        Unit::Month => (year, month),
        Unit::Quarter => (year, (month - 1) / 3 * 3 + 1),
        Unit::Year => (year, 1),
        Unit::Decade if year > 0 => (year / 10 * 10, 1),
        Unit::Decade => (-((8 - (year - 1)) / 10) * 10, 1),
        Unit::Century if year > 0 => ((year + 99) / 100 * 100 - 99, 1),
        Unit::Century => (-((99 - (year - 1)) / 100) * 100 + 1, 1),
        Unit::Millennium if year > 0 => ((year + 999) / 1_000 * 1_000 - 999, 1),
        Unit::Millennium => (-((999 - (year - 1)) / 1_000) * 1_000 + 1, 1),
        _ => return None,
    };
    days_from_civil(year, month, 1).checked_mul(DAY_US)
}

/// The start of the unit that an instant is in by the calendar of `zone`.
pub(super) fn zoned(unit: Unit, us: i64, zone: Zone) -> Option<i64> {
    if infinite(us).is_some() {
        return Some(us);
    }
    let east_us = i64::from(zone.east_at(us)) * SECOND_US;
    let start = local(unit, us.checked_add(east_us)?)?;
    // Within a day the offset stays what it was: an hour that comes twice is two hours.
    let within_day = clock_us(unit).is_some_and(|length| length < DAY_US);
    let east_us = match within_day {
        true => east_us,
        false => i64::from(zone.east_of_local(start)) * SECOND_US,
    };
    start.checked_sub(east_us)
}

/// An interval without what is smaller than the unit.
pub(super) fn interval(unit: Unit, value: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    let months =
        |length: i32| Some(IntervalMonthDayNano::new(value.months / length * length, 0, 0));
    match unit {
        Unit::Millennium => months(12_000),
        Unit::Century => months(1_200),
        Unit::Decade => months(120),
        Unit::Year => months(12),
        Unit::Quarter => months(3),
        Unit::Month => months(1),
        Unit::Day => Some(IntervalMonthDayNano { nanoseconds: 0, ..value }),
        _ => {
            let length = clock_us(unit)? * 1_000;
            let nanoseconds = value.nanoseconds / length * length;
            Some(IntervalMonthDayNano { nanoseconds, ..value })
        }
    }
}

/// The start of the stretch `stride` long that a moment is in, counted from `origin` (`timestamp_bin`).
pub(super) fn bin(stride: IntervalMonthDayNano, us: i64, origin: i64) -> Result<i64> {
    let overflow = |message: &str| Error::DatetimeOverflow(message.to_owned());
    if infinite(us).is_some() {
        return Ok(us);
    }
    if infinite(origin).is_some() {
        return Err(overflow("origin out of range"));
    }
    if stride.months != 0 {
        return Err(Error::FeatureNotSupported(
            "timestamps cannot be binned into intervals containing months or years".to_owned(),
        ));
    }
    let stride = i64::from(stride.days)
        .checked_mul(DAY_US)
        .and_then(|days| days.checked_add(stride.nanoseconds / 1_000))
        .ok_or_else(super::interval_out_of_range)?;
    if stride <= 0 {
        return Err(overflow("stride must be greater than zero"));
    }
    let since = us.checked_sub(origin).ok_or_else(super::interval_out_of_range)?;
    let start = origin.checked_add(since - since.rem_euclid(stride));
    start.ok_or_else(|| overflow("timestamp out of range"))
}

/// How long a unit of the clock is.
fn clock_us(unit: Unit) -> Option<i64> {
    Some(match unit {
        Unit::Microsecond => 1,
        Unit::Millisecond => 1_000,
        Unit::Second => SECOND_US,
        Unit::Minute => 60 * SECOND_US,
        Unit::Hour => 3_600 * SECOND_US,
        Unit::Day => DAY_US,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{DAY_US, Unit, local, zoned};
    use crate::pg::encode::days_from_civil;

    fn start(year: i64, month: u32, day: u32) -> i64 {
        days_from_civil(year, month, day) * DAY_US
    }

    #[test]
    fn starts_of_units() {
        let check = |unit, from: (i64, u32, u32), want: (i64, u32, u32)| {
            let moment = start(from.0, from.1, from.2) + DAY_US / 3;
            assert_eq!(local(unit, moment), Some(start(want.0, want.1, want.2)), "{unit:?}");
        };
        check(Unit::Week, (2026, 8, 15), (2026, 8, 10));
        check(Unit::Quarter, (2026, 8, 15), (2026, 7, 1));
        check(Unit::Decade, (2026, 8, 15), (2020, 1, 1));
        check(Unit::Century, (2000, 8, 15), (1901, 1, 1));
        check(Unit::Millennium, (2026, 8, 15), (2001, 1, 1));
        check(Unit::Century, (0, 8, 15), (-99, 1, 1));
        assert_eq!(local(Unit::DayOfWeek, 0), None);
        assert_eq!(local(Unit::Day, i64::MAX), Some(i64::MAX));
    }

    #[test]
    fn days_are_the_zones() {
        let zone = super::Zone::Named(chrono_tz::America::New_York);
        let moment = start(2026, 3, 1) + DAY_US / 10;
        let want = start(2026, 2, 28) + 5 * 3_600_000_000;
        assert_eq!(zoned(Unit::Day, moment, zone), Some(want));
    }
}
