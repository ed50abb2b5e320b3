//! The units that EXTRACT, `date_trunc` and their kin take (`deltatktbl` and `datetktbl` in datetime.c).

/// A unit of time or another part of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    TimeZone,
    TimeZoneHour,
    TimeZoneMinute,
    Julian,
    IsoYear,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    Epoch,
    /// A word with a meaning of its own, which is no unit.
    Reserved,
}

/// As many letters of a word as PostgreSQL looks at (`TOKMAXLEN`).
const LETTERS_MAX: usize = 10;

impl Unit {
    /// A unit that intervals are written with, in lower case.
    pub(super) fn of_interval(word: &str) -> Option<Unit> {
        let word: String = word.chars().take(LETTERS_MAX).collect();
        Some(match word.as_str() {
            "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecon" => Unit::Microsecond,
            "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecon" => Unit::Millisecond,
            "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
            "d" | "day" | "days" => Unit::Day,
            "w" | "week" | "weeks" => Unit::Week,
            "mon" | "mons" | "month" | "months" => Unit::Month,
            "qtr" | "quarter" => Unit::Quarter,
            "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
            "dec" | "decs" | "decade" | "decades" => Unit::Decade,
            "c" | "cent" | "century" | "centuries" => Unit::Century,
            "mil" | "mils" | "millennium" | "millennia" => Unit::Millennium,
            "timezone" => Unit::TimeZone,
            "timezone_h" => Unit::TimeZoneHour,
            "timezone_m" => Unit::TimeZoneMinute,
            _ => return None,
        })
    }

    /// A unit, or another part of a moment, in lower case.
    pub(super) fn of_moment(word: &str) -> Option<Unit> {
        Unit::of_interval(word).or_else(|| {
            Some(match word {
                "j" | "jd" | "julian" => Unit::Julian,
                "isoyear" => Unit::IsoYear,
                "dow" => Unit::DayOfWeek,
                "isodow" => Unit::IsoDayOfWeek,
                "doy" => Unit::DayOfYear,
                "epoch" => Unit::Epoch,
                "now" | "today" | "tomorrow" | "yesterday" | "infinity" | "-infinity"
                | "allballs" => Unit::Reserved,
                _ => return None,
            })
        })
    }
}
