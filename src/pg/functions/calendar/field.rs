//! Fields of dates, times, timestamps and intervals (`timestamp_part_common` and its kin).

use arrow::datatypes::IntervalMonthDayNano;

use super::unit::Unit;
use super::{DAY_US, SECOND_US, Value, infinite};
use crate::error::Result;
use crate::pg::encode::{civil, days_from_civil};
use crate::pg::zone::Zone;

/// A field of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Found {
    Whole(i64),
    /// Microseconds within a minute, told as seconds.
    Seconds(i64),
    /// Microseconds within a minute, told as milliseconds.
    Milliseconds(i64),
    /// Microseconds, told as seconds since some moment.
    Elapsed(i64),
    /// A Julian day, and microseconds of it.
    Julian(i64, i64),
    /// Of an infinite moment.
    Infinite {
        negative: bool,
    },
    /// An infinite moment has no such field.
    Nothing,
}

/// Places after the point of a Julian day with its time.
const JULIAN_PLACES: i8 = 20;

/// The Julian day of 1970-01-01.
const JULIAN_OF_1970: i64 = 2_440_588;

/// Places after the point of what EXTRACT gives for a unit of a date (`whole_days`) or another value.
pub(super) fn places(unit: Option<Unit>, whole_days: bool) -> i8 {
    match unit {
        _ if whole_days => 0,
        Some(Unit::Second | Unit::Epoch) => 6,
        Some(Unit::Millisecond) => 3,
        Some(Unit::Julian) => JULIAN_PLACES,
        _ => 0,
    }
}

impl Found {
    /// The number in units of its last place; `None` where there is none. The infinite are no numbers.
    pub(super) fn digits(self) -> Option<i128> {
        match self {
            Found::Whole(value)
            | Found::Seconds(value)
            | Found::Milliseconds(value)
            | Found::Elapsed(value) => Some(i128::from(value)),
            Found::Julian(day, time_us) => {
                let one = 10_i128.pow(JULIAN_PLACES.unsigned_abs().into());
                let whole_day = i128::from(DAY_US);
                let time = (i128::from(time_us) * one + whole_day / 2) / whole_day;
                Some(i128::from(day) * one + time)
            }
            Found::Infinite { .. } | Found::Nothing => None,
        }
    }

    /// The number in double precision, calculated as PostgreSQL does.
    pub(super) fn double(self) -> Option<f64> {
        let split = |us: i64| ((us / SECOND_US) as f64, (us % SECOND_US) as f64);
        match self {
            Found::Whole(value) => Some(value as f64),
            Found::Seconds(us) => {
                let (seconds, rest) = split(us);
                Some(seconds + rest / 1e6)
            }
            Found::Milliseconds(us) => {
                let (seconds, rest) = split(us);
                Some(seconds * 1e3 + rest / 1e3)
            }
            Found::Elapsed(us) => Some(us as f64 / 1e6),
            Found::Julian(day, us) => {
                let (seconds, rest) = split(us);
                Some(day as f64 + (seconds + rest / 1e6) / 86_400.0)
            }
            Found::Infinite { negative } => {
                Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY })
            }
            Found::Nothing => None,
        }
    }
}

/// What a zone so far from UTC has of `unit`.
fn of_zone(unit: Unit, east_s: i64) -> Option<Found> {
    match unit {
        Unit::TimeZone => Some(Found::Whole(east_s)),
        Unit::TimeZoneHour => Some(Found::Whole(east_s / 3_600)),
        Unit::TimeZoneMinute => Some(Found::Whole(east_s / 60 % 60)),
        _ => None,
    }
}

/// The field `unit` of `value`. `zone` is the session's. `None` where values of its type have no such field.
pub(super) fn find(unit: Unit, value: Value, zone: Zone) -> Result<Option<Found>> {
    Ok(match value {
        Value::Date(i32::MIN) => of_infinite(unit, true).filter(|_| has_day(unit)),
        Value::Date(i32::MAX) => of_infinite(unit, false).filter(|_| has_day(unit)),
        Value::Date(day) => of_day(unit, day.into()).filter(|_| has_day(unit)),
        Value::Time(time_us) => of_time(unit, time_us),
        Value::ZonedTime(time) => match unit {
            Unit::TimeZone | Unit::TimeZoneHour | Unit::TimeZoneMinute => {
                of_zone(unit, time.east_s.into())
            }
            Unit::Epoch => Some(Found::Elapsed(time.in_utc())),
            _ => of_time(unit, time.time_us),
        },
        Value::Local(us) => match infinite(us) {
            Some(negative) => of_infinite(unit, negative),
            None => of_local(unit, us).or_else(|| of_epoch(unit, us)),
        },
        Value::Zoned(us) => match infinite(us) {
            Some(negative) => of_infinite(unit, negative),
            None => {
                let east_s = i64::from(zone.east_at(us));
                let local = us.saturating_add(east_s * SECOND_US);
                of_zone(unit, east_s)
                    .or_else(|| of_epoch(unit, us))
                    .or_else(|| of_local(unit, local))
            }
        },
        Value::Interval(interval) => of_interval(unit, interval)?,
    })
}

/// Fields of an infinite moment: what goes on growing is infinite, what repeats is nothing
/// (`NonFiniteTimestampTzPart`).
fn of_infinite(unit: Unit, negative: bool) -> Option<Found> {
    match unit {
        Unit::Year
        | Unit::Decade
        | Unit::Century
        | Unit::Millennium
        | Unit::Julian
        | Unit::IsoYear
        | Unit::Epoch => Some(Found::Infinite { negative }),
        Unit::Reserved => None,
        _ => Some(Found::Nothing),
    }
}

/// Whether a date has the field.
fn has_day(unit: Unit) -> bool {
    !matches!(
        unit,
        Unit::Microsecond
            | Unit::Millisecond
            | Unit::Second
            | Unit::Minute
            | Unit::Hour
            | Unit::TimeZone
            | Unit::TimeZoneHour
            | Unit::TimeZoneMinute
            | Unit::Reserved
    )
}

fn of_epoch(unit: Unit, us: i64) -> Option<Found> {
    (unit == Unit::Epoch).then_some(Found::Elapsed(us))
}

fn of_local(unit: Unit, us: i64) -> Option<Found> {
    let (day, time_us) = (us.div_euclid(DAY_US), us.rem_euclid(DAY_US));
    match unit {
        Unit::Julian => Some(Found::Julian(day + JULIAN_OF_1970, time_us)),
        Unit::Epoch => None,
        _ => of_clock(unit, time_us).or_else(|| of_day(unit, day)),
    }
}

fn of_time(unit: Unit, time_us: i64) -> Option<Found> {
    of_clock(unit, time_us).or_else(|| of_epoch(unit, time_us))
}

/// Hours and less of a time or an interval.
fn of_clock(unit: Unit, time_us: i64) -> Option<Found> {
    let minute_us = 60 * SECOND_US;
    Some(match unit {
        Unit::Microsecond => Found::Whole(time_us % minute_us),
        Unit::Millisecond => Found::Milliseconds(time_us % minute_us),
        Unit::Second => Found::Seconds(time_us % minute_us),
        Unit::Minute => Found::Whole(time_us / minute_us % 60),
        Unit::Hour => Found::Whole(time_us / (60 * minute_us)),
        _ => return None,
    })
}

fn of_day(unit: Unit, day: i64) -> Option<Found> {
    let (year, month, day_of_month) = civil(day);
    let month = i64::from(month);
    // Monday is 1.
    let weekday = (day + 3).rem_euclid(7) + 1;
    Some(Found::Whole(match unit {
        Unit::Day => day_of_month.into(),
        Unit::Week => iso_week(day).1,
        Unit::Month => month,
        Unit::Quarter => (month - 1) / 3 + 1,
        // There is no year 0: it is 1 BC, which is -1.
        Unit::Year => shown(year),
        Unit::IsoYear => shown(iso_week(day).0),
        Unit::Decade if year >= 0 => year / 10,
        Unit::Decade => -((8 - (year - 1)) / 10),
        Unit::Century if year > 0 => (year + 99) / 100,
        Unit::Century => -((99 - (year - 1)) / 100),
        Unit::Millennium if year > 0 => (year + 999) / 1_000,
        Unit::Millennium => -((999 - (year - 1)) / 1_000),
        Unit::Julian => day + JULIAN_OF_1970,
        Unit::DayOfWeek => weekday % 7,
        Unit::IsoDayOfWeek => weekday,
        Unit::DayOfYear => day - days_from_civil(year, 1, 1) + 1,
        Unit::Epoch => day * 86_400,
        _ => return None,
    }))
}

fn shown(year: i64) -> i64 {
    if year > 0 { year } else { year - 1 }
}

/// The ISO year and week of a day: those of its week's Thursday.
fn iso_week(day: i64) -> (i64, i64) {
    let thursday = day - (day + 3).rem_euclid(7) + 3;
    let (year, _, _) = civil(thursday);
    (year, (thursday - days_from_civil(year, 1, 1)) / 7 + 1)
}

fn of_interval(unit: Unit, interval: IntervalMonthDayNano) -> Result<Option<Found>> {
    let months = i64::from(interval.months);
    let (years, months) = (months / 12, months % 12);
    let time_us = interval.nanoseconds / 1_000;
    Ok(Some(Found::Whole(match unit {
        Unit::Day => interval.days.into(),
        Unit::Month => months,
        Unit::Quarter => months / 3 + 1,
        Unit::Year => years,
        Unit::Decade => years / 10,
        Unit::Century => years / 100,
        Unit::Millennium => years / 1_000,
        Unit::Epoch => {
            // A year is 365.25 days, a month of the rest 30.
            let days = (years * 1_461 + months * 120 + i64::from(interval.days) * 4) * (DAY_US / 4);
            let whole = days.checked_add(time_us).ok_or_else(super::interval_out_of_range)?;
            return Ok(Some(Found::Elapsed(whole)));
        }
        _ => return Ok(of_clock(unit, time_us)),
    })))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::IntervalMonthDayNano;

    use super::{Found, Unit, Value, find};

    fn check(unit: Unit, value: Value, want: Option<Found>) {
        let zone = super::Zone::Named(chrono_tz::Europe::Berlin);
        assert_eq!(find(unit, value, zone).expect("in range"), want, "{unit:?} of {value:?}");
    }

    #[test]
    fn fields_of_days() {
        // 2026-03-15, a Sunday.
        let day = Value::Date(20_527);
        for (unit, want) in [
            (Unit::Day, 15),
            (Unit::Week, 11),
            (Unit::Quarter, 1),
            (Unit::Decade, 202),
            (Unit::Century, 21),
            (Unit::Millennium, 3),
            (Unit::Julian, 2_461_115),
            (Unit::DayOfWeek, 0),
            (Unit::IsoDayOfWeek, 7),
            (Unit::DayOfYear, 74),
        ] {
            check(unit, day, Some(Found::Whole(want)));
        }
        check(Unit::Hour, day, None);
        // The first day of all, and the day before it.
        let day = Value::Date(-719_162);
        for (unit, want) in
            [(Unit::Year, 1), (Unit::Century, 1), (Unit::Millennium, 1), (Unit::Decade, 0)]
        {
            check(unit, day, Some(Found::Whole(want)));
        }
        let day = Value::Date(-719_163);
        for (unit, want) in
            [(Unit::Year, -1), (Unit::Century, -1), (Unit::Millennium, -1), (Unit::Decade, 0)]
        {
            check(unit, day, Some(Found::Whole(want)));
        }
        check(Unit::Year, Value::Date(i32::MIN), Some(Found::Infinite { negative: true }));
        check(Unit::Month, Value::Date(i32::MAX), Some(Found::Nothing));
    }

    #[test]
    fn fields_of_moments() {
        // 2026-03-15 12:34:56.789 UTC.
        let us = 1_773_578_096_789_000;
        check(Unit::Second, Value::Local(us), Some(Found::Seconds(56_789_000)));
        check(Unit::Hour, Value::Local(us), Some(Found::Whole(12)));
        check(Unit::Hour, Value::Zoned(us), Some(Found::Whole(13)));
        check(Unit::TimeZone, Value::Zoned(us), Some(Found::Whole(3_600)));
        check(Unit::TimeZone, Value::Local(us), None);
        check(Unit::Epoch, Value::Zoned(us), Some(Found::Elapsed(us)));
        check(Unit::Julian, Value::Local(0), Some(Found::Julian(2_440_588, 0)));
        assert_eq!(Found::Seconds(56_789_000).double(), Some(56.789));
        assert_eq!(Found::Julian(1, 43_200_000_000).digits(), Some(150_000_000_000_000_000_000));
    }

    #[test]
    fn fields_of_intervals() {
        let interval = Value::Interval(IntervalMonthDayNano::new(14, 1, -1_500_000_000));
        check(Unit::Quarter, interval, Some(Found::Whole(1)));
        check(Unit::Second, interval, Some(Found::Seconds(-1_500_000)));
        check(Unit::Week, interval, None);
        let year = Value::Interval(IntervalMonthDayNano::new(12, 0, 0));
        check(Unit::Epoch, year, Some(Found::Elapsed(31_557_600_000_000)));
    }
}
