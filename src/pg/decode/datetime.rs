//! `date`, `time`, `timestamp` and `timestamptz` parameters (PostgreSQL manual, appendix B).
//!
//! The infinities are the greatest and the least number, as PostgreSQL has them; Arrow has none of its own.

use crate::error::{Error, Result};
use crate::pg::encode::{DateOrder, OutputSettings, civil, days_from_civil};
use crate::pg::types;
use crate::pg::zone::{Zone, posix};

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
/// The Julian day of 1970-01-01.
const JULIAN_OF_1970: i64 = 2_440_588;
pub(super) const EPOCH_US: i64 = EPOCH_DAYS * DAY_US;

/// PostgreSQL's bounds, counted from 2000.
const DATES: std::ops::Range<i64> = -2_451_545..2_145_031_949;
const TIMESTAMPS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

// ---- text

/// `date_in`: days since 1970.
pub(super) fn date(text: &str, settings: &OutputSettings) -> Result<i32> {
    let fields = match Fields::parse(types::DATE, text) {
        Ok(fields) => fields,
        // PostgreSQL passes over an offset after a bare date, and its JDBC driver sends one.
        Err(error) => match text.trim_end().rsplit_once(' ') {
            Some((date, offset)) if is_offset(offset) => Fields::parse(types::DATE, date)?,
            _ => return Err(error),
        },
    };
    if let Some(negative) = fields.infinity(types::DATE, text)? {
        return Ok(if negative { i32::MIN } else { i32::MAX });
    }
    let day = fields.day(types::DATE, text, settings)?;
    checked_date(day)
        .ok_or_else(|| Error::DatetimeOverflow(format!("date out of range: \"{text}\"")))
}

/// `time_in`: microseconds of the day.
pub(super) fn time(text: &str, settings: &OutputSettings) -> Result<i64> {
    let fields = Fields::parse(types::TIME, text)?;
    // The offset of a zone with rules depends on the day.
    if matches!(fields.zone, Some(Zone::Named(_))) && fields.is_empty() {
        return Err(invalid(types::TIME, text));
    }
    fields.time(settings).ok_or_else(|| invalid(types::TIME, text))
}

/// `timetz_in`: microseconds of the day, and how many seconds east of UTC that is. Without a zone it is the session's.
pub(super) fn timetz(text: &str, settings: &OutputSettings) -> Result<(i64, i32)> {
    let fields = Fields::parse(types::TIMETZ, text)?;
    if matches!(fields.zone, Some(Zone::Named(_))) && fields.is_empty() {
        return Err(invalid(types::TIMETZ, text));
    }
    let time_us = fields.time(settings).ok_or_else(|| invalid(types::TIMETZ, text))?;
    let day = match fields.is_empty() {
        true => local_now(settings).div_euclid(DAY_US),
        false => fields.day(types::TIMETZ, text, settings)?,
    };
    let local_us = day.saturating_mul(DAY_US).saturating_add(time_us);
    let zone = fields.zone.as_ref().unwrap_or(&settings.time_zone);
    Ok((time_us, zone.east_of_local(local_us)))
}

/// `timestamp_in`: microseconds since 1970. A time zone in the text is passed over, as in PostgreSQL.
pub(super) fn timestamp(text: &str, settings: &OutputSettings) -> Result<i64> {
    let fields = Fields::parse(types::TIMESTAMP, text)?;
    if let Some(negative) = fields.infinity(types::TIMESTAMP, text)? {
        return Ok(if negative { i64::MIN } else { i64::MAX });
    }
    let day = fields.day(types::TIMESTAMP, text, settings)?;
    let local_us =
        day.checked_mul(DAY_US).and_then(|day| day.checked_add(fields.time(settings).unwrap_or(0)));
    checked_timestamp(local_us).ok_or_else(|| timestamp_out_of_range(text))
}

/// `timestamptz_in`: microseconds since 1970 in UTC.
pub(super) fn timestamptz(text: &str, settings: &OutputSettings) -> Result<i64> {
    let fields = Fields::parse(types::TIMESTAMPTZ, text)?;
    if let Some(negative) = fields.infinity(types::TIMESTAMPTZ, text)? {
        return Ok(if negative { i64::MIN } else { i64::MAX });
    }
    let day = fields.day(types::TIMESTAMPTZ, text, settings)?;
    let local_us =
        day.checked_mul(DAY_US).and_then(|day| day.checked_add(fields.time(settings).unwrap_or(0)));
    let local_us = local_us.ok_or_else(|| timestamp_out_of_range(text))?;
    if fields.now {
        return Ok(settings.now_us);
    }
    let offset_s = match (&fields.zone, fields.epoch) {
        (_, true) => 0,
        (Some(zone), _) => zone.east_of_local(local_us),
        (None, _) => settings.time_zone.east_of_local(local_us),
    };
    checked_timestamp(local_us.checked_sub(i64::from(offset_s) * SECOND_US))
        .ok_or_else(|| timestamp_out_of_range(text))
}

fn is_offset(text: &str) -> bool {
    text.strip_prefix(['+', '-']).is_some_and(|digits| {
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == ':')
    })
}

/// A date, in days since 1970, that PostgreSQL can have.
pub(crate) fn checked_date(unix_day: i64) -> Option<i32> {
    let day = DATES.contains(&(unix_day - EPOCH_DAYS)).then_some(unix_day)?;
    i32::try_from(day).ok()
}

/// A timestamp that PostgreSQL can have.
pub(crate) fn checked_timestamp(unix_us: Option<i64>) -> Option<i64> {
    unix_us.filter(|us| us.checked_sub(EPOCH_US).is_some_and(|us| TIMESTAMPS.contains(&us)))
}

fn timestamp_out_of_range(text: &str) -> Error {
    Error::DatetimeOverflow(format!("timestamp out of range: \"{text}\""))
}

/// PostgreSQL's input functions speak of types without a zone by their short names.
fn invalid(oid: u32, text: &str) -> Error {
    let kind = match oid {
        types::TIME => "time".to_owned(),
        types::TIMESTAMP => "timestamp".to_owned(),
        other => types::sql_name(other),
    };
    Error::InvalidDatetime { kind, text: text.to_owned() }
}

fn field_out_of_range(text: &str) -> Error {
    Error::DatetimeOverflow(format!("date/time field value out of range: \"{text}\""))
}

// ---- binary

/// `date_recv`.
pub(super) fn date_binary(bytes: [u8; 4]) -> Result<i32> {
    match i32::from_be_bytes(bytes) {
        infinite @ (i32::MIN | i32::MAX) => Ok(infinite),
        day => checked_date(i64::from(day) + EPOCH_DAYS)
            .ok_or_else(|| Error::DatetimeOverflow("date out of range".into())),
    }
}

/// `time_recv`.
pub(super) fn time_binary(bytes: [u8; 8]) -> Result<i64> {
    let time_us = i64::from_be_bytes(bytes);
    match (0..=DAY_US).contains(&time_us) {
        true => Ok(time_us),
        false => Err(Error::DatetimeOverflow("time out of range".into())),
    }
}

/// `timestamp_recv` and `timestamptz_recv`.
pub(super) fn timestamp_binary(bytes: [u8; 8]) -> Result<i64> {
    match i64::from_be_bytes(bytes) {
        infinite @ (i64::MIN | i64::MAX) => Ok(infinite),
        us => checked_timestamp(us.checked_add(EPOCH_US))
            .ok_or_else(|| Error::DatetimeOverflow("timestamp out of range".into())),
    }
}

// ---- the fields of a text

/// A number of a date as it was written: how many digits it has tells a year from a day.
#[derive(Clone, Copy)]
struct Number {
    value: i64,
    len: usize,
}

/// What a text says, in any order it says it.
#[derive(Default)]
struct Fields {
    numbers: Vec<Number>,
    month: Option<i64>,
    /// The position among the numbers at which the month's name stood.
    month_at: usize,
    /// Year, month and day of a text without separators.
    packed: Option<(i64, i64, i64)>,
    before_christ: bool,
    time_us: Option<i64>,
    zone: Option<Zone>,
    epoch: bool,
    /// `infinity`; true for the one before all others.
    infinity: Option<bool>,
    /// Days from today: `today`, `tomorrow`, `yesterday`.
    from_today: Option<i64>,
    now: bool,
    /// `J2461101`, counted from 1970.
    julian: Option<i64>,
}

/// The text being taken apart.
struct Parser<'a> {
    oid: u32,
    text: &'a str,
    rest: &'a str,
    fields: Fields,
    /// `pm` was seen, or `am`.
    afternoon: Option<bool>,
    /// `T` was seen: digits are a time.
    time_follows: bool,
    /// `J` was seen: digits are a Julian day.
    julian_follows: bool,
}

impl Parser<'_> {
    fn wrong(&self) -> Error {
        invalid(self.oid, self.text)
    }

    fn run(mut self) -> Result<Fields> {
        loop {
            let space = [' ', '\t', '\n', '\r', '\u{b}', '\u{c}', ','];
            self.rest = self.rest.trim_start_matches(space);
            match self.rest.bytes().next() {
                None => break,
                Some(b'0'..=b'9') => self.digits()?,
                Some(b'a'..=b'z' | b'A'..=b'Z') => self.word()?,
                Some(b'+' | b'-') if self.fields.time_us.is_some() => self.offset()?,
                _ if self.rest.trim_end().eq_ignore_ascii_case("-infinity") => {
                    self.fields.infinity = Some(true);
                    self.rest = "";
                }
                _ => return Err(self.wrong()),
            }
        }
        self.apply_afternoon()?;
        if self.julian_follows || self.fields.now && self.fields.time_us.is_some() {
            return Err(self.wrong());
        }
        Ok(self.fields)
    }

    fn is_time(&self) -> bool {
        matches!(self.oid, types::TIME | types::TIMETZ)
    }

    fn offset(&mut self) -> Result<()> {
        let token = take(&mut self.rest, |byte| byte.is_ascii_digit() || b":+-".contains(&byte));
        let offset = offset(token).ok_or_else(|| self.wrong())??;
        self.set_zone(Zone::offset(offset))
    }

    /// What begins with a digit: a time, a date with separators, or a number alone.
    fn digits(&mut self) -> Result<()> {
        let token = take(&mut self.rest, |byte| byte.is_ascii_digit());
        let time_alone = self.is_time() && self.fields.is_empty();
        let time_follows = std::mem::take(&mut self.time_follows);
        if std::mem::take(&mut self.julian_follows) {
            return self.julian(token);
        }
        match self.rest.bytes().next() {
            Some(separator @ (b'-' | b'/')) if time_alone && token.len() == 4 => {
                self.push(token)?;
                self.take_date(separator)
            }
            Some(b':') => {
                let tail =
                    take(&mut self.rest, |byte| byte.is_ascii_digit() || b":.".contains(&byte));
                let time = clock(&[token, tail].concat()).ok_or_else(|| self.wrong())?;
                self.set_time(time)
            }
            _ if time_follows || time_alone && matches!(token.len(), 4 | 6) => {
                // `T040506.789`
                let fraction = take(&mut self.rest, |byte| byte.is_ascii_digit() || byte == b'.');
                let time = packed_clock(token, fraction).ok_or_else(|| self.wrong())?;
                self.set_time(time)
            }
            Some(separator @ (b'-' | b'/' | b'.')) => {
                self.push(token)?;
                self.take_date(separator)
            }
            _ if self.fields.is_empty() && matches!(token.len(), 6 | 8) => {
                self.fields.packed = packed_date(token);
                Ok(())
            }
            _ => self.push(token),
        }
    }

    /// A Julian day, whose fraction is a time.
    fn julian(&mut self, token: &str) -> Result<()> {
        if !self.fields.is_empty() || token.len() > 9 {
            return Err(self.wrong());
        }
        let day: i64 = token.parse().map_err(|_wide| self.wrong())?;
        self.fields.julian = Some(day - JULIAN_OF_1970);
        let fraction = take(&mut self.rest, |byte| byte.is_ascii_digit() || byte == b'.');
        let Some(digits) = fraction.strip_prefix('.') else { return Ok(()) };
        let places = u32::try_from(digits.len()).ok().filter(|places| (1..=18).contains(places));
        let parts = places.and_then(|places| {
            let parts = digits.parse::<i128>().ok()?;
            i64::try_from(parts * i128::from(DAY_US) / 10_i128.pow(places)).ok()
        });
        let time_us = parts.ok_or_else(|| self.wrong())?;
        self.set_time(time_us)
    }

    /// What follows the first number of a date: the separator, a number or a month's name, the same again.
    fn take_date(&mut self, separator: u8) -> Result<()> {
        while self.rest.as_bytes().first() == Some(&separator) {
            take_one(&mut self.rest);
            let digits = take(&mut self.rest, |byte| byte.is_ascii_digit());
            if !digits.is_empty() {
                self.push(digits)?;
                continue;
            }
            let word = take(&mut self.rest, |byte| byte.is_ascii_alphabetic());
            let month = month(&word.to_ascii_lowercase()).ok_or_else(|| self.wrong())?;
            self.set_month(month)?;
        }
        Ok(())
    }

    fn word(&mut self) -> Result<()> {
        let mut after = self.rest;
        let word = take(&mut after, |byte| byte.is_ascii_alphabetic()).to_ascii_lowercase();
        if let Some(month) = month(&word) {
            self.set_month(month)?;
            // `Jan-08-1999`, `Jan. 8`
            self.rest = after.trim_start_matches(['-', '.', '/']);
            return Ok(());
        }
        match word.as_str() {
            "am" | "pm" if self.afternoon.is_some() => return Err(self.wrong()),
            "am" | "pm" => self.afternoon = Some(word == "pm"),
            "ad" | "ce" => {}
            "bc" | "bce" => self.fields.before_christ = true,
            "t" if !self.fields.is_empty() || self.is_time() => self.time_follows = true,
            "epoch" => self.fields.epoch = true,
            "infinity" => self.fields.infinity = Some(false),
            "now" => {
                self.set_today(0)?;
                self.fields.now = true;
            }
            "today" => self.set_today(0)?,
            "tomorrow" => self.set_today(1)?,
            "yesterday" => self.set_today(-1)?,
            "allballs" => {
                self.set_time(0)?;
                self.set_zone(Zone::offset(0))?;
            }
            "j" | "jd" | "julian" if !self.is_time() => self.julian_follows = true,
            _ if is_day_of_week(&word) => {}
            _ => {
                let name = take(&mut self.rest, |byte| {
                    byte.is_ascii_alphanumeric() || b"/_-+".contains(&byte)
                });
                let offset = || {
                    let digits = name.bytes().any(|byte| byte.is_ascii_digit());
                    digits.then(|| posix(name)).flatten().map(Ok)
                };
                let zone = zone(name).or_else(offset).ok_or_else(|| self.wrong())??;
                return self.set_zone(zone);
            }
        }
        self.rest = after;
        Ok(())
    }

    fn push(&mut self, token: &str) -> Result<()> {
        if self.fields.numbers.len() == 3 || token.len() > 9 {
            return Err(self.wrong());
        }
        let value = token.parse().map_err(|_wide| self.wrong())?;
        self.fields.numbers.push(Number { value, len: token.len() });
        Ok(())
    }

    fn set_month(&mut self, month: i64) -> Result<()> {
        self.fields.month_at = self.fields.numbers.len();
        match self.fields.month.replace(month) {
            None => Ok(()),
            Some(_) => Err(self.wrong()),
        }
    }

    fn set_today(&mut self, days: i64) -> Result<()> {
        match self.fields.from_today.replace(days) {
            None => Ok(()),
            Some(_) => Err(self.wrong()),
        }
    }

    fn set_time(&mut self, time_us: i64) -> Result<()> {
        if time_us > DAY_US {
            return Err(field_out_of_range(self.text));
        }
        match self.fields.time_us.replace(time_us) {
            None => Ok(()),
            Some(_) => Err(self.wrong()),
        }
    }

    fn set_zone(&mut self, zone: Zone) -> Result<()> {
        match self.fields.zone.replace(zone) {
            None => Ok(()),
            Some(_) => Err(self.wrong()),
        }
    }

    /// Turns `12:30 am` into half past midnight.
    fn apply_afternoon(&mut self) -> Result<()> {
        let Some(afternoon) = self.afternoon else { return Ok(()) };
        let time_us = self.fields.time_us.ok_or_else(|| self.wrong())?;
        let hour = time_us / (3_600 * SECOND_US);
        if !(1..=12).contains(&hour) {
            return Err(field_out_of_range(self.text));
        }
        let hour_of_day = hour % 12 + if afternoon { 12 } else { 0 };
        self.fields.time_us = Some(time_us + (hour_of_day - hour) * 3_600 * SECOND_US);
        Ok(())
    }
}

impl Fields {
    fn parse(oid: u32, text: &str) -> Result<Fields> {
        let fields = Fields::default();
        let (time_follows, julian_follows) = (false, false);
        Parser { oid, text, rest: text, fields, afternoon: None, time_follows, julian_follows }
            .run()
    }

    /// Whether no part of a date was seen.
    fn is_empty(&self) -> bool {
        self.numbers.is_empty()
            && self.month.is_none()
            && self.packed.is_none()
            && self.julian.is_none()
            && self.from_today.is_none()
    }

    /// Whether the text says infinity, and if so, whether the one before all others.
    fn infinity(&self, oid: u32, text: &str) -> Result<Option<bool>> {
        // As in PostgreSQL, a time beside it means nothing.
        let alone = self.is_empty() && self.zone.is_none() && !self.epoch;
        match self.infinity {
            Some(_) if !alone => Err(invalid(oid, text)),
            infinity => Ok(infinity),
        }
    }

    /// Microseconds of the day; `None` when the text names no time.
    fn time(&self, settings: &OutputSettings) -> Option<i64> {
        if self.now {
            return Some(local_now(settings).rem_euclid(DAY_US));
        }
        self.time_us
    }

    /// Days since 1970.
    fn day(&self, oid: u32, text: &str, settings: &OutputSettings) -> Result<i64> {
        if self.epoch {
            return match self.is_empty() && self.time_us.is_none() {
                true => Ok(0),
                false => Err(invalid(oid, text)),
            };
        }
        let alone = self.numbers.is_empty() && self.month.is_none() && self.packed.is_none();
        match (self.julian, self.from_today) {
            (None, None) => {}
            (Some(day), None) if alone => return Ok(day),
            (None, Some(days)) if alone => {
                return Ok(local_now(settings).div_euclid(DAY_US) + days);
            }
            _ => return Err(invalid(oid, text)),
        }
        let (year, month, day) = self.date(settings).ok_or_else(|| invalid(oid, text))?;
        let year = match (self.before_christ, year) {
            (true, 1..) => 1 - year,
            (false, 1..) => year,
            _ => return Err(field_out_of_range(text)),
        };
        let (Ok(month @ 1..=12), Ok(day @ 1..=31)) = (u32::try_from(month), u32::try_from(day))
        else {
            return Err(field_out_of_range(text)
                .hint("Perhaps you need a different \"datestyle\" setting."));
        };
        let unix_day = days_from_civil(year, month, day);
        // A day past the end of its month comes back as another date.
        if civil(unix_day) == (year, month, day) {
            Ok(unix_day)
        } else {
            Err(field_out_of_range(text))
        }
    }

    /// Year, month and day, by name, by length and by the order of `DateStyle`.
    fn date(&self, settings: &OutputSettings) -> Option<(i64, i64, i64)> {
        if let Some((year, month, day)) = self.packed {
            return (self.numbers.is_empty() && self.month.is_none()).then_some((year, month, day));
        }
        let full_year = |number: Number| match number {
            Number { value: value @ 0..70, len: 1 | 2 } if !self.before_christ => value + 2_000,
            Number { value: value @ 70..100, len: 1 | 2 } if !self.before_christ => value + 1_900,
            Number { value, .. } => value,
        };
        match (self.month, self.numbers.as_slice()) {
            (Some(month), [first, second]) => {
                let year_first = first.len > 2
                    || (settings.date_style.order == DateOrder::Ymd
                        && second.len <= 2
                        && self.month_at > 0);
                match year_first {
                    true => Some((full_year(*first), month, second.value)),
                    false => Some((full_year(*second), month, first.value)),
                }
            }
            (None, [first, second, third]) => {
                if first.len > 2 {
                    return Some((full_year(*first), second.value, third.value));
                }
                Some(match settings.date_style.order {
                    DateOrder::Ymd => (full_year(*first), second.value, third.value),
                    DateOrder::Dmy => (full_year(*third), second.value, first.value),
                    DateOrder::Mdy => (full_year(*third), first.value, second.value),
                })
            }
            // `1999.008`: the day of the year.
            (None, [year, day]) if year.len > 2 && day.len == 3 => {
                let start = days_from_civil(year.value, 1, 1);
                let (of, month, day) = civil(start + day.value - 1);
                (of == year.value).then_some((of, i64::from(month), i64::from(day)))
            }
            _ => None,
        }
    }
}

/// The moment of the transaction in the session's zone.
fn local_now(settings: &OutputSettings) -> i64 {
    let east_s = i64::from(settings.time_zone.east_at(settings.now_us));
    settings.now_us.saturating_add(east_s * SECOND_US)
}

/// The longest start of `rest` that `is` accepts, which it loses. Only ASCII is accepted by any caller.
fn take<'a>(rest: &mut &'a str, is: impl Fn(u8) -> bool) -> &'a str {
    let len = rest.bytes().take_while(|byte| byte.is_ascii() && is(*byte)).count();
    let (token, after) = rest.split_at_checked(len).unwrap_or(("", *rest));
    *rest = after;
    token
}

fn take_one(rest: &mut &str) {
    let mut chars = rest.chars();
    chars.next();
    *rest = chars.as_str();
}

/// `04:05`, `04:05:06.789` in microseconds; more than 24 hours when it is beyond the day.
fn clock(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let number = |part: &str| {
        (matches!(part.len(), 1 | 2) && part.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| part.parse::<i64>().ok())
            .flatten()
    };
    let hour = number(parts.next()?)?;
    let minute = number(parts.next()?)?;
    let (second, fraction_us) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
            (number(second)?, fraction_us(fraction)?)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    of_clock(hour, minute, second, fraction_us)
}

/// `0405`, `040506` and a fraction.
fn packed_clock(digits: &str, fraction: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let fraction_us = fraction_us(fraction.strip_prefix('.').unwrap_or(fraction))?;
    match digits.len() {
        2 => of_clock(number(0..2)?, 0, 0, fraction_us),
        4 => of_clock(number(0..2)?, number(2..4)?, 0, fraction_us),
        6 => of_clock(number(0..2)?, number(2..4)?, number(4..6)?, fraction_us),
        _ => None,
    }
}

/// A value past the end of the day stands for a field out of range.
fn of_clock(hour: i64, minute: i64, second: i64, fraction_us: i64) -> Option<i64> {
    let time_us = ((hour * 60 + minute) * 60 + second) * SECOND_US + fraction_us;
    let in_range = minute < 60 && second <= 60;
    Some(if in_range { time_us } else { i64::MAX })
}

/// Microseconds of the digits after a point, rounded.
pub(super) fn fraction_us(digits: &str) -> Option<i64> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(7);
    let tenths = padded.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    Some((tenths + 5) / 10)
}

/// `19990108` and `990108`.
fn packed_date(digits: &str) -> Option<(i64, i64, i64)> {
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    match digits.len() {
        8 => Some((number(0..4)?, number(4..6)?, number(6..8)?)),
        6 => {
            let year = number(0..2)?;
            let year = if year < 70 { year + 2_000 } else { year + 1_900 };
            Some((year, number(2..4)?, number(4..6)?))
        }
        _ => None,
    }
}

fn month(word: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let at = MONTHS.iter().position(|month| {
        *month == word || month.get(..3) == Some(word) || (word == "sept" && *month == "september")
    })?;
    i64::try_from(at + 1).ok()
}

fn is_day_of_week(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    matches!(word, "tues" | "weds" | "thur" | "thurs")
        || DAYS.iter().any(|day| *day == word || day.get(..3) == Some(word))
}

/// `+05`, `-0530`, `+05:30:15` in seconds east of UTC; `None` for what is no offset.
pub(crate) fn offset(token: &str) -> Option<Result<i32>> {
    let (negative, digits) = match token.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, token.strip_prefix('+').unwrap_or(token)),
    };
    let number = |text: &str| match text.len() {
        1 | 2 if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<i32>().ok(),
        _ => None,
    };
    let parts: Vec<&str> = match digits.len() {
        _ if digits.contains(':') => digits.split(':').collect(),
        3 | 4 => <[&str; 2]>::from(digits.split_at_checked(digits.len() - 2)?).to_vec(),
        5 | 6 => {
            let (head, second) = digits.split_at_checked(digits.len() - 2)?;
            let (hour, minute) = head.split_at_checked(head.len() - 2)?;
            vec![hour, minute, second]
        }
        _ => vec![digits],
    };
    let numbers = parts.into_iter().map(number).collect::<Option<Vec<_>>>()?;
    let [hour, minute, second] = match numbers.as_slice() {
        [hour] => [*hour, 0, 0],
        [hour, minute] => [*hour, *minute, 0],
        [hour, minute, second] => [*hour, *minute, *second],
        _ => return None,
    };
    if hour > 15 || minute > 59 || second > 59 {
        return Some(Err(Error::DatetimeOverflow(format!(
            "time zone displacement out of range: \"{token}\""
        ))));
    }
    let seconds = (hour * 60 + minute) * 60 + second;
    Some(Ok(if negative { -seconds } else { seconds }))
}

/// An abbreviation (PostgreSQL's default set, the usual part of it) or the name of a zone in any case; `None` for
/// what is neither.
pub(super) fn zone(name: &str) -> Option<Result<Zone>> {
    const ABBREVIATIONS: &[(&str, i32)] = &[
        ("z", 0),
        ("zulu", 0),
        ("utc", 0),
        ("ut", 0),
        ("gmt", 0),
        ("wet", 0),
        ("west", 60),
        ("bst", 60),
        ("cet", 60),
        ("met", 60),
        ("cest", 120),
        ("mest", 120),
        ("eet", 120),
        ("eest", 180),
        ("msk", 180),
        ("ist", 120),
        ("jst", 540),
        ("kst", 540),
        ("aest", 600),
        ("aedt", 660),
        ("nzst", 720),
        ("nzdt", 780),
        ("ast", -240),
        ("adt", -180),
        ("est", -300),
        ("edt", -240),
        ("cst", -360),
        ("cdt", -300),
        ("mst", -420),
        ("mdt", -360),
        ("pst", -480),
        ("pdt", -420),
        ("akst", -540),
        ("akdt", -480),
        ("hst", -600),
    ];
    let lower = name.to_ascii_lowercase();
    if let Some((_, minutes)) = ABBREVIATIONS.iter().find(|(word, _)| *word == lower) {
        return Some(Ok(Zone::offset(minutes * 60)));
    }
    match Zone::of_session(name) {
        Some(zone @ Zone::Named(_)) => Some(Ok(zone)),
        _ if name.contains('/') => {
            Some(Err(Error::InvalidParameterValue(format!("time zone \"{lower}\" not recognized"))))
        }
        _ => None,
    }
}
