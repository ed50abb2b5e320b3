//! Texts read by a template: `to_date`, `to_timestamp` (`DCH_from_char` in formatting.c) and `to_number`.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::template::{DAYS, Field, MONTHS, Part};
use crate::error::{Error, Result};

/// What a text has told so far.
#[derive(Debug, Default)]
struct Told {
    year: Option<i64>,
    before_christ: bool,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    julian: Option<i64>,
    hour: i64,
    half: Option<bool>,
    twelve: bool,
    minute: i64,
    second: i64,
    micros: i64,
    seconds: Option<i64>,
    zone: Option<i64>,
    zone_minutes: i64,
}

/// The local time that `text` tells, and its distance from UTC in seconds where it tells one.
/// Errors: 22007 and 22008 for what does not fit the template or the calendar, 0A000 for fields we do not read.
pub(super) fn moment(text: &str, parts: &[Part]) -> Result<(NaiveDateTime, Option<i64>)> {
    let mut told = Told::default();
    let mut rest = text.trim_start();
    // Separators more in the text than in the template: fields may begin later.
    let mut extra: i64 = 0;
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text { letter, quoted } if !quoted && is_separator(*letter) => {
                extra -= 1;
                if let Some(first) = rest.chars().next().filter(|first| is_separator(*first)) {
                    rest = rest.get(first.len_utf8()..).unwrap_or_default();
                    extra += 1;
                }
            }
            Part::Text { .. } => {
                if 0 < extra {
                    extra -= 1;
                } else if let Some(first) = rest.chars().next() {
                    rest = rest.get(first.len_utf8()..).unwrap_or_default();
                }
            }
            Part::Field(field) => {
                let trimmed = rest.trim_start();
                extra += i64::try_from(rest.len() - trimmed.len()).unwrap_or(0);
                rest = trimmed;
                // A separator before a number that the template did not expect.
                if 0 < extra || index == 0 {
                    rest =
                        rest.trim_start_matches(|c: char| is_separator(c) && c != '-' && c != '+');
                }
                if rest.is_empty() {
                    break;
                }
                let open = field.fill || followed(parts.get(index + 1));
                rest = told.field(field, rest, open)?;
            }
        }
    }
    told.finished(text)
}

fn is_separator(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter.is_ascii_punctuation()
}

/// Whether a number may have any length: nothing that could be its next digit follows.
fn followed(next: Option<&Part>) -> bool {
    match next {
        None => true,
        Some(Part::Text { letter, .. }) => !letter.is_ascii_digit(),
        Some(Part::Field(field)) => {
            matches!(field.word.chars().next(), Some('A' | 'a' | 'B' | 'b' | 'P' | 'p'))
                || matches!(
                    field.word.to_ascii_uppercase().as_str(),
                    "MONTH" | "MON" | "DAY" | "DY"
                )
        }
    }
}

impl Told {
    fn field<'a>(&mut self, field: &Field, text: &'a str, open: bool) -> Result<&'a str> {
        let upper = field.word.to_ascii_uppercase();
        let number = |length: usize| digits(text, if open { usize::MAX } else { length }, field);
        let (mut rest, value) = match upper.as_str() {
            "YYYY" => number(4)?,
            "YYY" => number(3)?,
            "YY" | "MM" | "DD" | "HH" | "HH12" | "HH24" | "MI" | "SS" | "CC" => number(2)?,
            "DDD" | "MS" => number(3)?,
            "US" | "FF6" => number(6)?,
            "FF1" | "Y" | "Q" => number(1)?,
            "FF2" => number(2)?,
            "FF3" => number(3)?,
            "FF4" => number(4)?,
            "FF5" | "SSSS" | "SSSSS" => number(5)?,
            "J" => digits(text, usize::MAX, field)?,
            "TZH" | "TZM" => digits(text, 3, field)?,
            _ => return self.word(&upper, field, text),
        };
        let read = text.len() - rest.len();
        let fraction = |value: i64| {
            let places = u32::try_from(read).unwrap_or(u32::MAX).min(6);
            value * 10_i64.pow(6 - places)
        };
        match upper.as_str() {
            "YYYY" => self.year = Some(value),
            "YYY" | "YY" | "Y" => self.year = Some(near_2020(value, read)),
            "MM" => self.month = Some(value),
            "DD" => self.day = Some(value),
            "DDD" => self.day_of_year = Some(value),
            "J" => self.julian = Some(value),
            "HH" | "HH12" => {
                if !(1..=12).contains(&value) {
                    return Err(Error::InvalidDatetimeFormat(format!(
                        "hour \"{value}\" is invalid for the 12-hour clock"
                    ))
                    .hint("Use the 24-hour clock, or give an hour between 1 and 12."));
                }
                (self.hour, self.twelve) = (value, true);
            }
            "HH24" => self.hour = value,
            "MI" => self.minute = value,
            "SS" => self.second = value,
            "SSSS" | "SSSSS" => self.seconds = Some(value),
            // A quarter alone says no day.
            "Q" => {}
            "TZH" => self.zone = Some(value * 3_600),
            "TZM" => self.zone_minutes = value,
            "MS" | "US" | "FF1" | "FF2" | "FF3" | "FF4" | "FF5" | "FF6" => {
                self.micros = fraction(value);
            }
            _ => return Err(refused(field)),
        }
        if field.ordinal.is_some() {
            rest = rest.get(2..).unwrap_or_default();
        }
        Ok(rest)
    }

    fn word<'a>(&mut self, upper: &str, field: &Field, text: &'a str) -> Result<&'a str> {
        let one_of = |words: &[&str]| -> Result<(usize, &'a str)> {
            let found = words.iter().enumerate().find_map(|(index, word)| {
                let head = text.get(..word.len())?;
                head.eq_ignore_ascii_case(word).then(|| (index, text.get(word.len()..)))
            });
            match found {
                Some((index, rest)) => Ok((index, rest.unwrap_or_default())),
                None => Err(wrong(text.split_whitespace().next().unwrap_or_default(), field)
                    .detail(
                        "The given value did not match any of the allowed values for this field.",
                    )),
            }
        };
        let short = |names: &[&'static str]| -> Vec<&'static str> {
            names.iter().filter_map(|name| name.get(..3)).collect()
        };
        let (index, rest) = match upper {
            "FX" => return Err(refused(field)),
            "MONTH" => one_of(&MONTHS)?,
            "MON" => one_of(&short(&MONTHS))?,
            "DAY" => one_of(&DAYS)?,
            "DY" => one_of(&short(&DAYS))?,
            "AM" | "PM" => one_of(&["AM", "PM"])?,
            "A.M." | "P.M." => one_of(&["A.M.", "P.M."])?,
            "AD" | "BC" => one_of(&["AD", "BC"])?,
            "A.D." | "B.C." => one_of(&["A.D.", "B.C."])?,
            _ => return Err(refused(field)),
        };
        match upper {
            "MONTH" | "MON" => self.month = i64::try_from(index + 1).ok(),
            "AM" | "PM" | "A.M." | "P.M." => self.half = Some(index == 1),
            "AD" | "BC" | "A.D." | "B.C." => self.before_christ = index == 1,
            _ => {}
        }
        Ok(rest)
    }

    fn finished(mut self, text: &str) -> Result<(NaiveDateTime, Option<i64>)> {
        let outside =
            || Error::DatetimeOverflow(format!("date/time field value out of range: \"{text}\""));
        if let Some(afternoon) = self.half {
            if !self.twelve && !(1..=12).contains(&self.hour) {
                return Err(outside());
            }
            self.hour = self.hour % 12 + if afternoon { 12 } else { 0 };
        } else if self.twelve && self.hour == 12 {
            self.hour = 0;
        }
        let small = |value: i64| u32::try_from(value).ok();
        let time = match self.seconds {
            Some(seconds) => NaiveTime::from_num_seconds_from_midnight_opt(
                small(seconds).ok_or_else(outside)?,
                0,
            ),
            None => small(self.hour)
                .zip(small(self.minute))
                .zip(small(self.second).zip(small(self.micros)))
                .and_then(|((hour, minute), (second, micros))| {
                    NaiveTime::from_hms_micro_opt(hour, minute, second, micros)
                }),
        };
        let time = time.ok_or_else(outside)?;
        let date = self.date().ok_or_else(outside)?;
        let zone = self.zone.map(|hours| {
            hours + if hours < 0 { -60 * self.zone_minutes } else { 60 * self.zone_minutes }
        });
        Ok((date.and_time(time), zone))
    }

    fn date(&self) -> Option<NaiveDate> {
        if let Some(julian) = self.julian {
            // Days since 4714-11-24 BC in the Gregorian calendar.
            return NaiveDate::from_num_days_from_ce_opt(i32::try_from(julian - 1_721_425).ok()?);
        }
        // Without a year it is the year 0, which is 1 BC.
        let year = match self.year {
            Some(0) | None => 0,
            Some(year) if self.before_christ => 1 - year,
            Some(year) => year,
        };
        let year = i32::try_from(year).ok()?;
        if let Some(day) = self.day_of_year {
            return NaiveDate::from_yo_opt(year, u32::try_from(day).ok()?);
        }
        let month = u32::try_from(self.month.unwrap_or(1)).ok()?;
        NaiveDate::from_ymd_opt(year, month, u32::try_from(self.day.unwrap_or(1)).ok()?)
    }
}

/// A year of fewer than four digits is the one nearest to 2020 (`adjust_partial_year_to_2020`).
fn near_2020(year: i64, digits: usize) -> i64 {
    match year {
        _ if 3 < digits => year,
        0..70 => year + 2_000,
        70..100 => year + 1_900,
        100..520 => year + 2_000,
        520..1_000 => year + 1_000,
        other => other,
    }
}

/// A number of at most `length` characters at the front of `text`.
fn digits<'a>(text: &'a str, length: usize, field: &Field) -> Result<(&'a str, i64)> {
    let signed = usize::from(text.starts_with(['-', '+']));
    let count = text.bytes().skip(signed).take_while(u8::is_ascii_digit).count();
    let end = (signed + count).min(length);
    let number = text.get(..end).and_then(|digits| digits.parse().ok());
    match number {
        Some(number) => Ok((text.get(end..).unwrap_or_default(), number)),
        None => {
            let shown: String = text.chars().take(length.min(4)).collect();
            Err(wrong(&shown, field).detail("Value must be an integer."))
        }
    }
}

fn wrong(value: &str, field: &Field) -> Error {
    Error::InvalidDatetimeFormat(format!("invalid value \"{value}\" for \"{}\"", field.word))
}

fn refused(field: &Field) -> Error {
    Error::FeatureNotSupported(format!("\"{}\" cannot be read from a text yet", field.word))
}

/// The digits after the point in a number template.
pub(super) fn places(template: &str) -> i8 {
    let upper = template.to_ascii_uppercase();
    let after = upper.split_once(['.', 'D']).map_or("", |(_, after)| after);
    i8::try_from(after.matches(['9', '0']).count().min(38)).unwrap_or(0)
}

/// The number in `text` by a template of digits, points, commas and signs; `None` for an empty template.
/// Errors: 0A000 for marks we do not read, 22P02 for a text without digits.
pub(super) fn number(text: &str, template: &str) -> Result<Option<String>> {
    let mut plain = template.to_ascii_uppercase();
    for word in ["FM", "PR", "MI", "PL", "SG", "TH"] {
        plain = plain.replace(word, "");
    }
    if let Some(mark) = plain.chars().find(|mark| !"90.,DGSL $".contains(*mark)) {
        return Err(Error::FeatureNotSupported(format!(
            "\"{mark}\" is not supported in a number template"
        )));
    }
    let places = usize::try_from(places(template)).unwrap_or(0);
    let (mut number, mut after, mut point) = (String::new(), 0, false);
    let negative = text.contains('-') || text.trim_start().starts_with('<');
    for letter in text.chars() {
        match letter {
            '0'..='9' if !point => number.push(letter),
            '0'..='9' if after < places => {
                number.push(letter);
                after += 1;
            }
            '.' if !point && plain.contains(['.', 'D']) => {
                point = true;
                number.push('.');
            }
            '.' => break,
            _ => {}
        }
    }
    if template.is_empty() {
        return Ok(None);
    }
    if !number.contains(|letter: char| letter.is_ascii_digit()) {
        // What is left of it is the place of its sign.
        let text = if negative { "-" } else { " " }.to_owned();
        return Err(Error::InvalidText { kind: "numeric".to_owned(), text });
    }
    Ok(Some(if negative { format!("-{number}") } else { number }))
}

#[cfg(test)]
mod tests {
    use super::super::template::parts;
    use super::{moment, number};

    fn check(text: &str, template: &str, want: &str) {
        let parts = parts(template).expect("a template");
        let (found, _) = moment(text, &parts).expect("a moment");
        assert_eq!(found.to_string(), want, "{text}");
    }

    #[test]
    fn texts_by_templates() {
        check("05 Dec 2000", "DD Mon YYYY", "2000-12-05 00:00:00");
        check("20260301", "YYYYMMDD", "2026-03-01 00:00:00");
        check("2026-3-1 9:5", "YYYY-MM-DD HH24:MI", "2026-03-01 09:05:00");
        check("01/02/26 03:04 PM", "DD/MM/YY HH12:MI AM", "2026-02-01 15:04:00");
        check("2026-060", "YYYY-DDD", "2026-03-01 00:00:00");
        check("12:30:15.25", "HH24:MI:SS.MS", "0000-01-01 12:30:15.250");
        let wrong = |text, template| {
            let parts = parts(template).expect("a template");
            moment(text, &parts).err().map(|error| error.state())
        };
        assert_eq!(wrong("2026-13-01", "YYYY-MM-DD"), Some("22008"));
        assert_eq!(wrong("x", "YYYY"), Some("22007"));
        assert_eq!(wrong("26", "IYYY"), Some("0A000"));
    }

    #[test]
    fn numbers_by_templates() {
        let check = |text, template, want| {
            assert_eq!(number(text, template).expect("a template").as_deref(), want);
        };
        check("12,454.8-", "99G999D9S", Some("-12454.8"));
        check("-34,338,492", "99G999G999", Some("-34338492"));
        check("abc", "", None);
        let error = number("abc", "99").expect_err("no digits");
        assert_eq!(error.to_string(), "invalid input syntax for type numeric: \" \"");
    }
}
