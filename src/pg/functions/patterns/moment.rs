//! Dates, times and intervals by a template (`DCH_to_char` in formatting.c).

use std::fmt::Write;

use arrow::datatypes::IntervalMonthDayNano;
use chrono::{Datelike, NaiveDateTime, Timelike};

use super::template::{DAYS, Field, MONTHS, Part, ROMAN, ordinal};
use crate::error::{Error, Result};

/// What a template's fields are taken from.
#[derive(Debug, Clone, Default)]
pub(super) struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    day_of_year: i64,
    /// From Sunday, which is 0.
    weekday: usize,
    iso: Option<(i64, i64)>,
    julian: i64,
    interval: bool,
    /// Abbreviation and seconds east of UTC; none for a time without zone.
    zone: Option<(String, i64)>,
}

/// The Julian day of the day before chrono's first, which is 1.
const JULIAN_OF_DAY_ZERO: i64 = 1_721_425;

impl Moment {
    /// Of a local time in a zone.
    pub(super) fn of_time(time: NaiveDateTime, zone: Option<(String, i64)>) -> Moment {
        let week = time.iso_week();
        Moment {
            year: i64::from(time.year()),
            month: i64::from(time.month()),
            day: i64::from(time.day()),
            hour: i64::from(time.hour()),
            minute: i64::from(time.minute()),
            second: i64::from(time.second()),
            micros: i64::from(time.nanosecond() / 1_000),
            day_of_year: i64::from(time.ordinal()),
            weekday: usize::try_from(time.weekday().num_days_from_sunday()).unwrap_or(0),
            iso: Some((i64::from(week.year()), i64::from(week.week()))),
            julian: i64::from(time.num_days_from_ce()) + JULIAN_OF_DAY_ZERO,
            interval: false,
            zone,
        }
    }

    /// Of an interval.
    pub(super) fn of_interval(interval: IntervalMonthDayNano) -> Moment {
        let months = i64::from(interval.months);
        let time = interval.nanoseconds / 1_000;
        let days = i64::from(interval.days);
        Moment {
            year: months / 12,
            month: months % 12,
            day: days,
            hour: time / 3_600_000_000,
            minute: time / 60_000_000 % 60,
            second: time / 1_000_000 % 60,
            micros: time % 1_000_000,
            day_of_year: months * 30 + days,
            interval: true,
            ..Moment::default()
        }
    }

    /// The text of a template. Errors: 22007 for a field an interval does not have.
    pub(super) fn written(&self, parts: &[Part]) -> Result<String> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text { letter, .. } => text.push(*letter),
                Part::Field(field) => self.field(field, &mut text)?,
            }
        }
        Ok(text)
    }

    fn field(&self, field: &Field, text: &mut String) -> Result<()> {
        let upper = field.word.to_ascii_uppercase();
        if let Some((number, width)) = self.number(&upper) {
            // A sign takes a place of its own, but not beside the days.
            let widened = number < 0 && width > 1 && !matches!(upper.as_str(), "DD" | "DDD");
            let width = match (field.fill, widened) {
                (true, _) => 0,
                (false, true) => width + 1,
                (false, false) => width,
            };
            let digits = format!("{number:0width$}");
            text.push_str(&digits);
            if let Some(mark) = field.ordinal {
                text.push_str(ordinal(&digits, mark));
            }
            return Ok(());
        }
        match upper.as_str() {
            "FX" => {}
            "Y,YYY" => {
                let year = self.shown_year();
                let digits = format!("{},{:03}", year / 1_000, year % 1_000);
                text.push_str(&digits);
                if let Some(mark) = field.ordinal {
                    text.push_str(ordinal(&digits, mark));
                }
            }
            "AM" | "PM" | "A.M." | "P.M." => {
                let afternoon = self.hour % 24 >= 12;
                let word = match (upper.len(), afternoon) {
                    (2, false) => "AM",
                    (2, true) => "PM",
                    (_, false) => "A.M.",
                    (_, true) => "P.M.",
                };
                text.push_str(&cased(word, field.word));
            }
            "TZH" | "TZM" | "OF" | "TZ" => self.zone_field(&upper, field, text)?,
            _ => self.name(&upper, field, text)?,
        }
        Ok(())
    }

    /// Fields that are numbers, with the width they are filled up to.
    fn number(&self, word: &str) -> Option<(i64, usize)> {
        let year = self.shown_year();
        let calendar = !self.interval;
        Some(match word {
            "HH" | "HH12" => (if self.hour % 12 == 0 { 12 } else { self.hour % 12 }, 2),
            "HH24" => (self.hour, 2),
            "MI" => (self.minute, 2),
            "SS" => (self.second, 2),
            "FF1" => (self.micros / 100_000, 1),
            "FF2" => (self.micros / 10_000, 2),
            "FF3" | "MS" => (self.micros / 1_000, 3),
            "FF4" => (self.micros / 100, 4),
            "FF5" => (self.micros / 10, 5),
            "FF6" | "US" => (self.micros, 6),
            "SSSS" | "SSSSS" => (self.hour * 3_600 + self.minute * 60 + self.second, 1),
            "MM" => (self.month, 2),
            "DD" => (self.day, 2),
            "DDD" => (self.day_of_year, 3),
            "WW" => ((self.day_of_year - 1) / 7 + 1, 2),
            "W" => ((self.day - 1) / 7 + 1, 1),
            "Q" if self.month != 0 => ((self.month - 1) / 3 + 1, 1),
            "CC" => {
                let century = match self.year {
                    year if self.interval => year / 100,
                    year if 0 < year => (year - 1) / 100 + 1,
                    year => year / 100 - 1,
                };
                (century, if century.abs() <= 99 { 2 } else { 1 })
            }
            "YYYY" => (year, 4),
            "YYY" => (year % 1_000, 3),
            "YY" => (year % 100, 2),
            "Y" => (year % 10, 1),
            "D" if calendar => (i64::try_from(self.weekday).unwrap_or(0) + 1, 1),
            "ID" if calendar => (self.iso_weekday(), 1),
            "J" if calendar => (self.julian, 1),
            "IW" | "IDDD" | "IYYY" | "IYY" | "IY" | "I" => self.iso_number(word)?,
            _ => return None,
        })
    }

    fn iso_number(&self, word: &str) -> Option<(i64, usize)> {
        let (year, week) = self.iso?;
        let year = if year <= 0 { 1 - year } else { year };
        Some(match word {
            "IW" => (week, 2),
            "IDDD" => ((week - 1) * 7 + self.iso_weekday(), 3),
            "IYYY" => (year, 4),
            "IYY" => (year % 1_000, 3),
            "IY" => (year % 100, 2),
            _ => (year % 10, 1),
        })
    }

    fn iso_weekday(&self) -> i64 {
        if self.weekday == 0 { 7 } else { i64::try_from(self.weekday).unwrap_or(0) }
    }

    /// There is no year 0: the year before 1 is 1 BC.
    fn shown_year(&self) -> i64 {
        if !self.interval && self.year <= 0 { 1 - self.year } else { self.year }
    }

    fn zone_field(&self, upper: &str, field: &Field, text: &mut String) -> Result<()> {
        if self.interval {
            return Err(no_interval());
        }
        let (name, seconds) = self.zone.as_ref().map_or(("", 0), |(name, east)| (name, *east));
        let sign = if seconds < 0 { '-' } else { '+' };
        let (hours, minutes) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60);
        // Writing to a String cannot fail.
        let _written = match upper {
            "TZ" => {
                let name = if field.word == "tz" { name.to_lowercase() } else { name.to_owned() };
                text.push_str(&name);
                Ok(())
            }
            "TZH" => write!(text, "{sign}{hours:02}"),
            "TZM" => write!(text, "{minutes:02}"),
            _ if minutes == 0 => write!(text, "{sign}{hours:02}"),
            _ => write!(text, "{sign}{hours:02}:{minutes:02}"),
        };
        Ok(())
    }

    /// Fields that are names.
    fn name(&self, upper: &str, field: &Field, text: &mut String) -> Result<()> {
        if self.interval {
            return if matches!(upper, "Q" | "RM") {
                Err(Error::FeatureNotSupported(format!(
                    "\"{}\" of an interval without months is not supported",
                    field.word
                )))
            } else {
                Err(no_interval())
            };
        }
        let month = usize::try_from(self.month - 1).unwrap_or(0).min(11);
        let padded = if field.fill || field.localized { 0 } else { 9 };
        let (name, width) = match upper {
            "MONTH" => (MONTHS[month].to_owned(), padded),
            "MON" => (MONTHS[month].chars().take(3).collect(), 0),
            "DAY" => (DAYS[self.weekday].to_owned(), padded),
            "DY" => (DAYS[self.weekday].chars().take(3).collect(), 0),
            "RM" => (ROMAN[month].to_owned(), if field.fill { 0 } else { 4 }),
            "AD" | "BC" => ((if self.year <= 0 { "BC" } else { "AD" }).to_owned(), 0),
            "A.D." | "B.C." => ((if self.year <= 0 { "B.C." } else { "A.D." }).to_owned(), 0),
            _ => {
                return Err(Error::FeatureNotSupported(format!(
                    "\"{}\" is not supported in a template",
                    field.word
                )));
            }
        };
        let name = cased(&name, field.word);
        // Writing to a String cannot fail.
        let _written = write!(text, "{name:<width$}");
        Ok(())
    }
}

/// `name` in the case of `word`: all upper, all lower, or as it is.
fn cased(name: &str, word: &str) -> String {
    let mut letters = word.chars().filter(char::is_ascii_alphabetic);
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_lowercase() && second.is_lowercase() => {
            name.to_lowercase()
        }
        (Some(_), Some(second)) if second.is_lowercase() => name.to_owned(),
        _ => name.to_uppercase(),
    }
}

fn no_interval() -> Error {
    Error::InvalidDatetimeFormat("invalid format specification for an interval value".to_owned())
        .hint("Intervals are not tied to specific calendar dates.")
}
