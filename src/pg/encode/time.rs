//! Dates, times and intervals as PostgreSQL writes them (`EncodeDateOnly`, `EncodeDateTime`, `EncodeInterval`).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::BufMut;
use chrono::{DateTime, NaiveDateTime};

use super::number::{pair, put_integer};
use super::{DateFormat, DateOrder, IntervalStyle, OutputSettings};
use crate::error::{Error, Result};
use crate::pg::zone::Zone;

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL counts from.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_US: i64 = EPOCH_DAYS as i64 * DAY_US;
const DAY_US: i64 = 86_400 * SECOND_US;
const DAY_S: i64 = 86_400;
const SECOND_US: i64 = 1_000_000;

/// PostgreSQL's bounds, counted from 2000: 4713-11-24 BC to 5874897-12-31, and to 294276-12-31.
const DATE_MIN: i32 = -2_451_545;
const DATE_END: i32 = 2_145_031_949;
const TIMESTAMP_MIN: i64 = -211_813_488_000_000_000;
const TIMESTAMP_END: i64 = 9_223_371_331_200_000_000;

/// What the text of dates and times depends on, made ready once per encoder.
pub(super) struct Calendar {
    format: DateFormat,
    order: DateOrder,
    pub(super) interval_style: IntervalStyle,
    /// As inside JSON: ISO, a `T` between date and time, minutes in every offset (XML Schema).
    xsd: bool,
    zone: Offsets,
}

impl Calendar {
    pub(super) fn new(settings: &OutputSettings) -> Calendar {
        Calendar {
            format: settings.date_style.format,
            order: settings.date_style.order,
            interval_style: settings.interval_style,
            xsd: false,
            zone: Offsets::new(settings.time_zone),
        }
    }

    /// The form dates and times have inside JSON.
    pub(super) fn xsd(settings: &OutputSettings) -> Calendar {
        Calendar { format: DateFormat::Iso, xsd: true, ..Calendar::new(settings) }
    }
}

// ---- the time zone

/// A time zone with the offsets of days seen lately: looking one up costs more than writing the whole value.
struct Offsets {
    zone: Zone,
    utc: bool,
    /// By day modulo the length: the day in the upper 32 bits, the offset in seconds in the lower.
    days: OnceLock<Box<[AtomicI64]>>,
}

/// Days kept. 1024 cover values spread over three years (8 KiB); with a tenth random days of one year would miss,
/// with ten times the table would push data out of the first-level cache.
const DAYS_LEN: usize = 1024;

/// An entry for no day: a day far out of range.
const NO_DAY: i64 = i64::MIN;

impl Offsets {
    fn new(zone: Zone) -> Offsets {
        Offsets { zone, utc: zone.is_utc(), days: OnceLock::new() }
    }

    /// Seconds east of UTC at that instant.
    fn offset_s(&self, unix_us: i64) -> i32 {
        if self.utc {
            return 0;
        }
        let day = unix_us.div_euclid(DAY_US);
        let days =
            self.days.get_or_init(|| (0..DAYS_LEN).map(|_| AtomicI64::new(NO_DAY)).collect());
        let slot = usize::try_from(day.rem_euclid(1024)).ok().and_then(|at| days.get(at));
        if let Some(slot) = slot {
            let [o0, o1, o2, o3, d0, d1, d2, d3] = slot.load(Ordering::Relaxed).to_le_bytes();
            if i64::from(i32::from_le_bytes([d0, d1, d2, d3])) == day {
                return i32::from_le_bytes([o0, o1, o2, o3]);
            }
        }
        let first = self.look_up(day * DAY_S);
        let last = self.look_up((day + 1) * DAY_S - 1);
        if first != last {
            // A day with a change is looked up every time.
            return self.look_up(unix_us.div_euclid(SECOND_US));
        }
        if let (Some(slot), Ok(day)) = (slot, i32::try_from(day)) {
            let ([o0, o1, o2, o3], [d0, d1, d2, d3]) = (first.to_le_bytes(), day.to_le_bytes());
            let entry = i64::from_le_bytes([o0, o1, o2, o3, d0, d1, d2, d3]);
            slot.store(entry, Ordering::Relaxed);
        }
        first
    }

    fn look_up(&self, unix_s: i64) -> i32 {
        self.zone.east_at(unix_s.saturating_mul(SECOND_US))
    }

    fn put_abbreviation(&self, unix_us: i64, line: &mut Line) {
        line.push(self.zone.abbreviation(unix_us).as_bytes());
    }
}

/// The instant whose rules hold at `unix_s`. The tables of rules end in 2100; the last rule repeats forever, so a
/// later year has the rules of one of the years 2060 to 2087 that begins on the same weekday and is as long.
pub(crate) fn instant_with_rules(unix_s: i64) -> NaiveDateTime {
    const TABLES_END_YEAR: i64 = 2_088;
    let (year, _, _) = civil(unix_s.div_euclid(DAY_S));
    let unix_s = if year < TABLES_END_YEAR {
        unix_s
    } else {
        let start = days_from_civil(year, 1, 1);
        let length = days_from_civil(year + 1, 1, 1) - start;
        let like = |candidate: &i64| {
            let candidate_start = days_from_civil(*candidate, 1, 1);
            (candidate_start - start) % 7 == 0
                && days_from_civil(candidate + 1, 1, 1) - candidate_start == length
        };
        let twin = (2_060..TABLES_END_YEAR).find(like).unwrap_or(2_060);
        unix_s - (start - days_from_civil(twin, 1, 1)) * DAY_S
    };
    DateTime::from_timestamp(unix_s, 0).map_or(NaiveDateTime::MIN, |instant| instant.naive_utc())
}

// ---- the calendar

/// Year (0 is 1 BC), month and day of a day counted from 1970-01-01 in the proleptic Gregorian calendar
/// (Hinnant, "chrono-compatible low-level date algorithms").
pub(crate) fn civil(unix_day: i64) -> (i64, u32, u32) {
    let shifted = unix_day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = u32::try_from(shifted.rem_euclid(146_097)).unwrap_or(0);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (i64::from(year_of_era) + era * 400 + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil`].
pub(crate) fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_index = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_index + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// One value being written, on the stack: a single copy into the output at the end.
struct Line {
    bytes: [u8; 80],
    len: usize,
}

impl Line {
    fn new() -> Line {
        Line { bytes: [0; 80], len: 0 }
    }

    fn push(&mut self, part: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + part.len()) {
            room.copy_from_slice(part);
            self.len += part.len();
        }
    }

    fn push_pair(&mut self, value: u32) {
        self.push(&pair(value));
    }

    fn push_year(&mut self, year: i64) {
        let year = if year > 0 { year } else { 1 - year };
        match u32::try_from(year) {
            Ok(year) if year < 10_000 => {
                self.push_pair(year / 100);
                self.push_pair(year % 100);
            }
            _ => self.push(itoa::Buffer::new().format(year).as_bytes()),
        }
    }

    fn push_bc(&mut self, year: i64) {
        if year <= 0 {
            self.push(b" BC");
        }
    }

    /// A part of a date and what follows it.
    fn push_part(&mut self, value: u32, after: &[u8]) {
        self.push_pair(value);
        self.push(after);
    }

    /// The time of a day in microseconds.
    fn push_time(&mut self, time_us: i64) {
        let seconds = u32::try_from(time_us / SECOND_US).unwrap_or(0);
        let fraction = u32::try_from(time_us % SECOND_US).unwrap_or(0);
        let [hour, minute, second] = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map(pair);
        self.push(&[hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1]]);
        self.push_fraction(fraction);
    }

    /// `.25` for 250,000 microseconds; nothing for none.
    fn push_fraction(&mut self, micros: u32) {
        if micros > 0 {
            let [a, b, c] = [micros / 10_000, micros / 100 % 100, micros % 100].map(pair);
            self.push(&[b'.', a[0], a[1], b[0], b[1], c[0], c[1]]);
            while self.bytes[self.len - 1] == b'0' {
                self.len -= 1;
            }
        }
    }

    /// `+00`, `+05:30`, `-04:56:02`: minutes and seconds only where they are.
    fn push_offset(&mut self, offset_s: i32, between: &[u8]) {
        self.push(if offset_s < 0 { b"-" } else { b"+" });
        let offset = offset_s.unsigned_abs();
        self.push_pair(offset / 3_600 % 100);
        if !offset.is_multiple_of(3_600) {
            self.push(between);
            self.push_pair(offset / 60 % 60);
        }
        if !offset.is_multiple_of(60) {
            self.push(between);
            self.push_pair(offset % 60);
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.put_slice(&self.bytes[..self.len]);
    }
}

// ---- dates

/// The word for the least and the greatest number, which stand for the infinities.
fn infinity(value: i64, least: i64, greatest: i64) -> Option<&'static [u8]> {
    match value {
        _ if value == least => Some(b"-infinity"),
        _ if value == greatest => Some(b"infinity"),
        _ => None,
    }
}

/// Days from 2000, where PostgreSQL can count.
fn pg_day(unix_day: i64) -> Result<i32> {
    if let Ok(infinite @ (i32::MIN | i32::MAX)) = i32::try_from(unix_day) {
        return Ok(infinite);
    }
    i32::try_from(unix_day - i64::from(EPOCH_DAYS))
        .ok()
        .filter(|day| (DATE_MIN..DATE_END).contains(day))
        .ok_or_else(|| Error::DatetimeOverflow("date out of range".into()))
}

/// `date_out`.
pub(super) fn put_date(unix_day: i64, calendar: &Calendar, out: &mut Vec<u8>) -> Result<()> {
    if let Some(word) = infinity(unix_day, i32::MIN.into(), i32::MAX.into()) {
        out.put_slice(word);
        return Ok(());
    }
    pg_day(unix_day)?;
    let (year, month, day) = civil(unix_day);
    if let (DateFormat::Iso, Ok(short @ 1..10_000)) = (calendar.format, u32::try_from(year)) {
        let [a, b, c, d] = [short / 100, short % 100, month, day].map(pair);
        out.put_slice(&[a[0], a[1], b[0], b[1], b'-', c[0], c[1], b'-', d[0], d[1]]);
        return Ok(());
    }
    let mut line = Line::new();
    push_date(&mut line, (year, month, day), calendar);
    line.push_bc(year);
    line.put(out);
    Ok(())
}

fn push_date(line: &mut Line, (year, month, day): (i64, u32, u32), calendar: &Calendar) {
    let separator: &[u8] = match calendar.format {
        DateFormat::Iso => {
            line.push_year(year);
            line.push(b"-");
            line.push_part(month, b"-");
            return line.push_pair(day);
        }
        DateFormat::German => b".",
        DateFormat::Sql => b"/",
        DateFormat::Postgres => b"-",
    };
    if calendar.order == DateOrder::Dmy || calendar.format == DateFormat::German {
        line.push_part(day, separator);
        line.push_part(month, separator);
    } else {
        line.push_part(month, separator);
        line.push_part(day, separator);
    }
    line.push_year(year);
}

/// `date_send`.
pub(super) fn put_date_binary(unix_day: i64, out: &mut Vec<u8>) -> Result<()> {
    out.put_i32(pg_day(unix_day)?);
    Ok(())
}

// ---- times

fn checked_time(time_us: i64) -> Result<i64> {
    // 24:00:00 is a time in PostgreSQL.
    match (0..=DAY_US).contains(&time_us) {
        true => Ok(time_us),
        false => Err(Error::DatetimeOverflow("time out of range".into())),
    }
}

/// `time_out`.
pub(super) fn put_time(time_us: i64, out: &mut Vec<u8>) -> Result<()> {
    let mut line = Line::new();
    line.push_time(checked_time(time_us)?);
    line.put(out);
    Ok(())
}

/// `time_send`.
pub(super) fn put_time_binary(time_us: i64, out: &mut Vec<u8>) -> Result<()> {
    out.put_i64(checked_time(time_us)?);
    Ok(())
}

// ---- timestamps

fn pg_timestamp(unix_us: i64) -> Result<i64> {
    if matches!(unix_us, i64::MIN | i64::MAX) {
        return Ok(unix_us);
    }
    unix_us
        .checked_sub(EPOCH_US)
        .filter(|us| (TIMESTAMP_MIN..TIMESTAMP_END).contains(us))
        .ok_or_else(timestamp_out_of_range)
}

/// What a timestamp beyond PostgreSQL's bounds is answered with.
pub(super) fn timestamp_out_of_range() -> Error {
    Error::DatetimeOverflow("timestamp out of range".into())
}

/// `timestamp_send` and `timestamptz_send`.
pub(super) fn put_timestamp_binary(unix_us: i64, out: &mut Vec<u8>) -> Result<()> {
    out.put_i64(pg_timestamp(unix_us)?);
    Ok(())
}

/// `timestamp_out`.
pub(super) fn put_timestamp(unix_us: i64, calendar: &Calendar, out: &mut Vec<u8>) -> Result<()> {
    if let Some(word) = infinity(unix_us, i64::MIN, i64::MAX) {
        out.put_slice(word);
        return Ok(());
    }
    pg_timestamp(unix_us)?;
    put_local(unix_us, None, calendar, out);
    Ok(())
}

/// `timestamptz_out`: in the session's time zone.
pub(super) fn put_timestamptz(unix_us: i64, calendar: &Calendar, out: &mut Vec<u8>) -> Result<()> {
    if let Some(word) = infinity(unix_us, i64::MIN, i64::MAX) {
        out.put_slice(word);
        return Ok(());
    }
    pg_timestamp(unix_us)?;
    let offset_s = calendar.zone.offset_s(unix_us);
    let local_us = unix_us + i64::from(offset_s) * SECOND_US;
    put_local(local_us, Some((unix_us, offset_s)), calendar, out);
    Ok(())
}

/// `EncodeDateTime`. `zone` holds the instant and its offset.
fn put_local(local_us: i64, zone: Option<(i64, i32)>, calendar: &Calendar, out: &mut Vec<u8>) {
    let (unix_day, time_us) = (local_us.div_euclid(DAY_US), local_us.rem_euclid(DAY_US));
    let date @ (year, month, day) = civil(unix_day);
    let mut line = Line::new();
    if calendar.format == DateFormat::Postgres {
        const DAYS: [&[u8]; 7] = [b"Thu ", b"Fri ", b"Sat ", b"Sun ", b"Mon ", b"Tue ", b"Wed "];
        const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
        line.push(DAYS[usize::try_from(unix_day.rem_euclid(7)).unwrap_or(0)]);
        let month_at = (month as usize - 1) * 3;
        let month = &MONTHS[month_at..month_at + 3];
        if calendar.order == DateOrder::Dmy {
            line.push_part(day, b" ");
            line.push(month);
        } else {
            line.push(month);
            line.push(b" ");
            line.push_pair(day);
        }
        line.push(b" ");
        line.push_time(time_us);
        line.push(b" ");
        line.push_year(year);
    } else {
        push_date(&mut line, date, calendar);
        line.push(if calendar.xsd { b"T" } else { b" " });
        line.push_time(time_us);
    }
    match (zone, calendar.format) {
        (None, _) => {}
        (Some((_, offset_s)), DateFormat::Iso) => {
            line.push_offset(offset_s, b":");
            if calendar.xsd && offset_s % 3_600 == 0 {
                line.push(b":00");
            }
        }
        (Some((unix_us, _)), _) => {
            line.push(b" ");
            calendar.zone.put_abbreviation(unix_us, &mut line);
        }
    }
    line.push_bc(year);
    line.put(out);
}

// ---- intervals

/// An interval as PostgreSQL keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) months: i32,
    pub(super) days: i32,
    pub(super) micros: i64,
}

/// `interval_send`.
pub(super) fn put_interval_binary(interval: Interval, out: &mut Vec<u8>) {
    out.put_i64(interval.micros);
    out.put_i32(interval.days);
    out.put_i32(interval.months);
}

/// `interval_out`.
pub(super) fn put_interval(interval: Interval, style: IntervalStyle, out: &mut Vec<u8>) {
    let parts = Parts {
        year: i64::from(interval.months / 12),
        month: i64::from(interval.months % 12),
        day: i64::from(interval.days),
        hour: interval.micros / (3_600 * SECOND_US),
        minute: interval.micros / (60 * SECOND_US) % 60,
        second: interval.micros / SECOND_US % 60,
        fraction: interval.micros % SECOND_US,
    };
    match style {
        IntervalStyle::Postgres => parts.put_postgres(out),
        IntervalStyle::PostgresVerbose => parts.put_verbose(out),
        IntervalStyle::SqlStandard => parts.put_sql(out),
        IntervalStyle::Iso8601 => parts.put_iso(out),
    }
}

struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
}

impl Parts {
    fn all(&self) -> [i64; 7] {
        [self.year, self.month, self.day, self.hour, self.minute, self.second, self.fraction]
    }

    fn time(&self) -> [i64; 4] {
        [self.hour, self.minute, self.second, self.fraction]
    }

    /// `AppendSeconds`: without a sign.
    fn put_seconds(&self, fill: bool, out: &mut Vec<u8>) {
        let mut line = Line::new();
        let second = u32::try_from(self.second.unsigned_abs()).unwrap_or(0);
        if fill || second >= 10 {
            line.push_pair(second);
        } else {
            line.push(&pair(second)[1..]);
        }
        line.push_fraction(u32::try_from(self.fraction.unsigned_abs()).unwrap_or(0));
        line.put(out);
    }

    /// `04:05:06.7` without a sign.
    fn put_clock(&self, fill_hour: bool, out: &mut Vec<u8>) {
        let hour = self.hour.unsigned_abs();
        if fill_hour && hour < 10 {
            out.put_u8(b'0');
        }
        put_integer(hour, out);
        out.put_u8(b':');
        out.put_slice(&pair(u32::try_from(self.minute.unsigned_abs()).unwrap_or(0)));
        out.put_u8(b':');
        self.put_seconds(true, out);
    }

    fn put_postgres(&self, out: &mut Vec<u8>) {
        let (mut zero, mut before) = (true, false);
        for (value, unit) in [(self.year, "year"), (self.month, "mon"), (self.day, "day")] {
            if value == 0 {
                continue;
            }
            if !zero {
                out.put_u8(b' ');
            }
            if before && value > 0 {
                out.put_u8(b'+');
            }
            put_integer(value, out);
            out.put_u8(b' ');
            out.put_slice(unit.as_bytes());
            if value != 1 {
                out.put_u8(b's');
            }
            (zero, before) = (false, value < 0);
        }
        if zero || self.time() != [0; 4] {
            if !zero {
                out.put_u8(b' ');
            }
            if self.time().iter().any(|part| *part < 0) {
                out.put_u8(b'-');
            } else if before {
                out.put_u8(b'+');
            }
            self.put_clock(true, out);
        }
    }

    fn put_verbose(&self, out: &mut Vec<u8>) {
        let (mut zero, mut before) = (true, false);
        out.put_u8(b'@');
        for (mut value, unit) in [
            (self.year, "year"),
            (self.month, "mon"),
            (self.day, "day"),
            (self.hour, "hour"),
            (self.minute, "min"),
        ] {
            if value == 0 {
                continue;
            }
            if zero {
                before = value < 0;
                value = value.abs();
            } else if before {
                value = -value;
            }
            out.put_u8(b' ');
            put_integer(value, out);
            out.put_u8(b' ');
            out.put_slice(unit.as_bytes());
            if value != 1 {
                out.put_u8(b's');
            }
            zero = false;
        }
        if self.second != 0 || self.fraction != 0 {
            out.put_u8(b' ');
            match (self.second < 0 || self.fraction < 0, zero, before) {
                (true, true, _) => before = true,
                (true, false, false) | (false, _, true) => out.put_u8(b'-'),
                _ => {}
            }
            self.put_seconds(false, out);
            let plural = self.second.abs() != 1 || self.fraction != 0;
            out.put_slice(if plural { b" secs" } else { b" sec" });
            zero = false;
        }
        if zero {
            out.put_slice(b" 0");
        }
        if before {
            out.put_slice(b" ago");
        }
    }

    fn put_sql(&self, out: &mut Vec<u8>) {
        let negative = self.all().iter().any(|part| *part < 0);
        let positive = self.all().iter().any(|part| *part > 0);
        let year_month = self.year != 0 || self.month != 0;
        let day_time = self.day != 0 || self.time() != [0; 4];
        let minus = |part: bool| if part { b'-' } else { b'+' };
        if !negative && !positive {
            out.put_u8(b'0');
        } else if (negative && positive) || (year_month && day_time) {
            // Every part has its sign: one in front could not tell them apart.
            out.put_u8(minus(self.year < 0 || self.month < 0));
            put_integer(self.year.abs(), out);
            out.put_u8(b'-');
            put_integer(self.month.abs(), out);
            out.put_slice(&[b' ', minus(self.day < 0)]);
            put_integer(self.day.abs(), out);
            out.put_slice(&[b' ', minus(self.time().iter().any(|part| *part < 0))]);
            self.put_clock(false, out);
        } else {
            if negative {
                out.put_u8(b'-');
            }
            if year_month {
                put_integer(self.year.abs(), out);
                out.put_u8(b'-');
                return put_integer(self.month.abs(), out);
            }
            if self.day != 0 {
                put_integer(self.day.abs(), out);
                out.put_u8(b' ');
            }
            self.put_clock(false, out);
        }
    }

    fn put_iso(&self, out: &mut Vec<u8>) {
        if self.all() == [0; 7] {
            return out.put_slice(b"PT0S");
        }
        let put_part = |value: i64, unit: u8, out: &mut Vec<u8>| {
            if value != 0 {
                put_integer(value, out);
                out.put_u8(unit);
            }
        };
        out.put_u8(b'P');
        put_part(self.year, b'Y', out);
        put_part(self.month, b'M', out);
        put_part(self.day, b'D', out);
        if self.time() != [0; 4] {
            out.put_u8(b'T');
        }
        put_part(self.hour, b'H', out);
        put_part(self.minute, b'M', out);
        if self.second != 0 || self.fraction != 0 {
            if self.second < 0 || self.fraction < 0 {
                out.put_u8(b'-');
            }
            self.put_seconds(false, out);
            out.put_u8(b'S');
        }
    }
}
