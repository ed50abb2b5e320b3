//! `interval` parameters: PostgreSQL's own words, SQL's `1-2 3 4:05:06`, and ISO 8601.

use arrow::datatypes::IntervalMonthDayNano;

use super::datetime::fraction_us;
use super::modifier::field;
use crate::error::{Error, Result};
use crate::pg::encode::{IntervalStyle, OutputSettings};

/// Months of as many years as a field holds.
const YEARS_MAX_MONTHS: i128 = i32::MAX as i128 * 12;
const SECOND_US: i128 = 1_000_000;
const DAY_US: i128 = 86_400 * SECOND_US;

/// `interval_recv`.
pub(super) fn from_binary(bytes: [u8; 16]) -> Result<IntervalMonthDayNano> {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
    let micros = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let nanoseconds = micros.checked_mul(1_000).ok_or_else(out_of_range)?;
    Ok(IntervalMonthDayNano {
        months: i32::from_be_bytes([m, n, o, p]),
        days: i32::from_be_bytes([i, j, k, l]),
        nanoseconds,
    })
}

fn out_of_range() -> Error {
    Error::DatetimeOverflow("interval out of range".into())
}

/// `interval_in`.
pub(super) fn from_text(text: &str, settings: &OutputSettings) -> Result<IntervalMonthDayNano> {
    from_fields(text, field::ALL, settings)
}

/// `interval_in` of a type with fields, which tell what a number without a unit is (see [`super::modifier`]).
pub(super) fn from_fields(
    text: &str,
    fields: i32,
    settings: &OutputSettings,
) -> Result<IntervalMonthDayNano> {
    let invalid = || Error::InvalidDatetime { kind: "interval".into(), text: text.to_owned() };
    let lower = text.trim().to_ascii_lowercase();
    let sum = match lower.strip_prefix('p') {
        Some(iso) => of_iso(iso).ok_or_else(invalid)?,
        None => of_words(&lower, fields, settings.interval_style).ok_or_else(invalid)?,
    };
    let overflow =
        || Error::IntervalFieldOverflow(format!("interval field value out of range: \"{text}\""));
    Ok(IntervalMonthDayNano {
        // Years and months fit in fields of their own, but not together.
        months: i32::try_from(sum.months).map_err(|_wide| match sum.months.abs() {
            0..=YEARS_MAX_MONTHS => out_of_range(),
            _ => overflow(),
        })?,
        days: i32::try_from(sum.days).map_err(|_wide| overflow())?,
        nanoseconds: i64::try_from(sum.micros * 1_000).map_err(|_wide| overflow())?,
    })
}

/// The parts, far wider than they may end: 19 digits of millennia stay in range until the end.
#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    micros: i128,
    /// The units that were named, a bit each: none may be twice.
    seen: u32,
}

/// A number as written: sign, whole part, and the fraction in millionths.
#[derive(Clone, Copy)]
struct Number {
    negative: bool,
    signed: bool,
    whole: i128,
    millionths: i128,
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        let (signed, negative, digits) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(digits), _) => (true, true, digits),
            (None, Some(digits)) => (true, false, digits),
            (None, None) => (false, false, text),
        };
        let digits = if signed { digits.trim_ascii_start() } else { digits };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        // Eighteen digits of any unit are far beyond every limit, and their product still fits.
        if whole.len() + fraction.len() == 0 || whole.len() > 18 || !is_digits(whole) {
            return None;
        }
        let whole = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        Some(Number { negative, signed, whole, millionths: fraction_us(fraction)?.into() })
    }

    fn sign(self) -> i128 {
        if self.negative { -1 } else { 1 }
    }

    /// The number times `factor`, rounded.
    fn times(self, factor: i128) -> i128 {
        let fraction = (self.millionths * factor + SECOND_US / 2) / SECOND_US;
        self.sign() * (self.whole * factor + fraction)
    }
}

impl Sum {
    /// As PostgreSQL, a fraction of a unit goes to the next smaller kind: of years to whole months, of months and
    /// weeks to days, of days to time.
    fn add(&mut self, number: Number, unit: &str) -> Option<()> {
        self.note(bits(unit)?)?;
        match unit {
            "us" | "usec" | "usecs" | "microsecond" | "microseconds" | "usecond" | "useconds" => {
                self.micros += number.times(1);
            }
            "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" | "msecond" | "mseconds" => {
                self.micros += number.times(1_000);
            }
            "s" | "sec" | "secs" | "second" | "seconds" => self.micros += number.times(SECOND_US),
            "m" | "min" | "mins" | "minute" | "minutes" => {
                self.micros += number.times(60 * SECOND_US);
            }
            "h" | "hr" | "hrs" | "hour" | "hours" => self.micros += number.times(3_600 * SECOND_US),
            "d" | "day" | "days" => self.add_days(number, 1),
            "w" | "week" | "weeks" => self.add_days(number, 7),
            "mon" | "mons" | "month" | "months" => {
                self.months += number.sign() * number.whole;
                self.add_days(Number { whole: 0, ..number }, 30);
            }
            "y" | "yr" | "yrs" | "year" | "years" => self.months += number.times(12),
            "dec" | "decs" | "decade" | "decades" => self.months += number.times(120),
            "c" | "cent" | "century" | "centuries" => self.months += number.times(1_200),
            "mil" | "mils" | "millennium" | "millennia" => self.months += number.times(12_000),
            _ => return None,
        }
        Some(())
    }

    /// Errors: units that were named before.
    fn note(&mut self, bits: u32) -> Option<()> {
        let fresh = self.seen & bits == 0;
        self.seen |= bits;
        fresh.then_some(())
    }

    fn add_days(&mut self, number: Number, days: i128) {
        let fraction_us = number.millionths * days * (DAY_US / SECOND_US);
        self.days += number.sign() * (number.whole * days + fraction_us / DAY_US);
        self.micros += number.sign() * (fraction_us % DAY_US);
    }

    fn negate(&mut self) {
        let (months, days, micros) = (-self.months, -self.days, -self.micros);
        *self = Sum { months, days, micros, ..*self };
    }
}

/// `1Y2M3DT4H5M6S` after the `P`.
fn of_iso(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let mut time = false;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('t') {
            if time {
                return None;
            }
            (time, rest) = (true, after);
            continue;
        }
        let len = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at_checked(len)?;
        let number = Number::parse(number)?;
        let mut letters = after.chars();
        let unit = match (letters.next()?, time) {
            ('y', false) => "year",
            ('m', false) => "month",
            ('w', false) => "week",
            ('d', false) => "day",
            ('h', true) => "hour",
            ('m', true) => "minute",
            ('s', true) => "second",
            _ => return None,
        };
        sum.add(number, unit)?;
        rest = letters.as_str();
    }
    Some(sum)
}

/// `1 year 2 mons 3 days 04:05:06`, `@ 1 day ago`, `1-2 3 4:05:06`, `1d 2h`, and a bare number of seconds.
fn of_words(text: &str, fields: i32, style: IntervalStyle) -> Option<Sum> {
    let mut tokens = tokens(text.strip_prefix('@').unwrap_or(text))?;
    if tokens.is_empty() {
        return None;
    }
    let ago = tokens.pop_if(|last| *last == "ago").is_some();
    let mut sum = Sum::default();
    let starts_number = |token: &str| {
        token.bytes().next().is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.'))
    };
    // In SQL's style one sign in front holds for the whole value.
    let leading = style == IntervalStyle::SqlStandard
        && tokens.first().is_some_and(|first| first.starts_with('-'))
        && !tokens.iter().skip(1).any(|token| token.starts_with(['-', '+']));
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if !starts_number(token) {
            return None;
        }
        at += 1;
        let negative = token.starts_with('-') || leading;
        let unsigned = token.strip_prefix(['-', '+']).map_or(*token, str::trim_ascii_start);
        if unsigned.contains(':') {
            let micros = of_clock(unsigned, fields == field::MINUTE | field::SECOND)?;
            sum.note(CLOCK)?;
            sum.micros += if negative { -micros } else { micros };
            continue;
        }
        if let Some((years, months)) = unsigned.split_once('-') {
            let (years, months) = (Number::parse(years)?, Number::parse(months)?);
            if months.whole >= 12 || months.signed || years.millionths + months.millionths > 0 {
                return None;
            }
            let total = years.whole * 12 + months.whole;
            sum.note(bits("month")?)?;
            sum.months += if negative { -total } else { total };
            continue;
        }
        let number = Number { negative, ..Number::parse(token)? };
        match tokens.get(at) {
            Some(unit) if !starts_number(unit) => {
                sum.add(number, unit)?;
                at += 1;
            }
            // `3 4:05:06` are days and a time.
            Some(next) if next.contains(':') => sum.add(number, "day")?,
            // `1 2` as day to hour.
            Some(_) if at + 1 == tokens.len() && unit_of(fields) == "hour" => {
                sum.add(number, "day")?;
            }
            Some(_) => return None,
            None => sum.add(number, unit_of(fields))?,
        }
    }
    if ago {
        sum.negate();
    }
    Some(sum)
}

/// The unit of a number without one: the smallest field.
fn unit_of(fields: i32) -> &'static str {
    match fields {
        field::YEAR => "year",
        _ if fields & field::SECOND != 0 => "second",
        _ if fields & field::MINUTE != 0 => "minute",
        _ if fields & field::HOUR != 0 => "hour",
        _ if fields & field::DAY != 0 => "day",
        _ => "month",
    }
}

/// Hours, minutes and seconds among [`bits`].
const CLOCK: u32 = 0b11100;

/// The bit of a unit among those that were named.
fn bits(unit: &str) -> Option<u32> {
    let place = match unit {
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" | "usecond" | "useconds" => 0,
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" | "msecond" | "mseconds" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 2,
        "m" | "min" | "mins" | "minute" | "minutes" => 3,
        "h" | "hr" | "hrs" | "hour" | "hours" => 4,
        "d" | "day" | "days" => 5,
        "w" | "week" | "weeks" => 6,
        "mon" | "mons" | "month" | "months" => 7,
        "y" | "yr" | "yrs" | "year" | "years" => 8,
        "dec" | "decs" | "decade" | "decades" => 9,
        "c" | "cent" | "century" | "centuries" => 10,
        "mil" | "mils" | "millennium" | "millennia" => 11,
        _ => return None,
    };
    Some(1 << place)
}

/// Splits at white space and where letters follow a number (`1d`); a sign may stand apart.
fn tokens(text: &str) -> Option<Vec<&str>> {
    let mut tokens = Vec::new();
    let mut words = text;
    loop {
        words = words.trim_ascii_start();
        let signed = words.strip_prefix(['-', '+']);
        let digits = signed.map_or(words, str::trim_ascii_start);
        let skipped = words.len() - digits.len();
        let length = digits.find(|letter: char| letter.is_ascii_whitespace());
        let length = length.map_or(words.len(), |length| skipped + length);
        let (word, after) = words.split_at_checked(length)?;
        words = after;
        if word.is_empty() {
            break;
        }
        let mut rest = word;
        while !rest.is_empty() {
            let letters = rest.starts_with(|first: char| first.is_ascii_alphabetic());
            let end =
                rest.find(|next: char| next.is_ascii_alphabetic() != letters).unwrap_or(rest.len());
            let (token, after) = rest.split_at_checked(end)?;
            tokens.push(token);
            rest = after;
        }
    }
    Some(tokens)
}

/// `4:05`, `4:05:06.7`; hours may be many. Two parts are hours and minutes, or `minutes` and seconds.
fn of_clock(text: &str, minutes: bool) -> Option<i128> {
    let parts: Vec<&str> = text.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        // `05:06.7` are minutes and seconds.
        [first, seconds] if minutes || seconds.contains('.') => ("0", *first, *seconds),
        [hours, minutes] => (*hours, *minutes, "0"),
        [hours, minutes, seconds] => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let [hours, minutes, seconds] =
        [Number::parse(hours)?, Number::parse(minutes)?, Number::parse(seconds)?];
    let whole = hours.millionths == 0 && minutes.millionths == 0;
    let unsigned = !hours.signed && !minutes.signed && !seconds.signed;
    if !whole || !unsigned || minutes.whole > 59 || seconds.whole > 60 {
        return None;
    }
    Some(hours.times(3_600 * SECOND_US) + minutes.times(60 * SECOND_US) + seconds.times(SECOND_US))
}
