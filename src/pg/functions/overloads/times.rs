//! Functions and operators of `time with time zone` (PostgreSQL manual, section 9.9; date.c).

use datafusion::common::ScalarValue;

use super::{Datum, Overload, Row, key, overloads};
use crate::error::{Error, Result};
use crate::pg::adt::timetz::{TimeTz, of_moment, read};
use crate::pg::decode;
use crate::pg::encode::OutputSettings;
use crate::pg::types::{DATE, INT4, INTERVAL, TEXT, TIME, TIMESTAMPTZ, TIMETZ};
use crate::task::Clock;

/// Every function of this kind; operators go by their signs.
pub(super) const ALL: &[Overload] = overloads! {
    "+" (TIMETZ, INTERVAL) -> TIMETZ |row| moved(row, 0, 1, false);
    "+" (INTERVAL, TIMETZ) -> TIMETZ |row| moved(row, 1, 0, false);
    "-" (TIMETZ, INTERVAL) -> TIMETZ |row| moved(row, 0, 1, true);
    "+" (DATE, TIMETZ) -> TIMESTAMPTZ |row| moment(row, 0, 1);
    "+" (TIMETZ, DATE) -> TIMESTAMPTZ |row| moment(row, 1, 0);
    "timezone" (TEXT, TIMETZ) -> TIMETZ by_name;
    "timezone" (INTERVAL, TIMETZ) -> TIMETZ by_offset;
    "timezone" (TEXT, TIME) -> TIMETZ without_zone;
    "timezone" (INTERVAL, TIME) -> TIMETZ without_zone;
    "forebay_timetz" (TIMETZ, INT4) -> TIMETZ fitted;
    "forebay_key" (TIMETZ) -> TEXT |row| key(row, TIMETZ);
};

fn time(row: &Row<'_>, index: usize) -> Result<TimeTz> {
    read(row.text(index), &OutputSettings::default())
}

fn written(time: TimeTz) -> Result<Datum<'static>> {
    Ok(Datum::of_text(time.written()))
}

fn moved<'a>(row: &Row<'a>, time_at: usize, by: usize, back: bool) -> Result<Datum<'a>> {
    let us = match row.value(by)? {
        Some(ScalarValue::IntervalMonthDayNano(Some(interval))) => interval.nanoseconds / 1_000,
        _ => 0,
    };
    written(time(row, time_at)?.moved(if back { us.wrapping_neg() } else { us }))
}

/// Errors: 22008 beyond the range of timestamps.
fn moment<'a>(row: &Row<'a>, date_at: usize, time_at: usize) -> Result<Datum<'a>> {
    let moment = match row.value(date_at)? {
        Some(ScalarValue::Date32(Some(i32::MIN))) => Some(i64::MIN),
        Some(ScalarValue::Date32(Some(i32::MAX))) => Some(i64::MAX),
        Some(ScalarValue::Date32(Some(day))) => {
            decode::checked_timestamp(time(row, time_at)?.on(day))
        }
        _ => None,
    };
    let moment =
        moment.ok_or_else(|| Error::DatetimeOverflow("timestamp out of range".to_owned()))?;
    Ok(Datum::Value(Some(ScalarValue::TimestampMicrosecond(Some(moment), Some("UTC".into())))))
}

/// `timetz_izone`. Errors: 22023 for months or days.
fn by_offset<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let Some(ScalarValue::IntervalMonthDayNano(Some(interval))) = row.value(0)? else {
        return Ok(Datum::Value(None));
    };
    if interval.months != 0 || interval.days != 0 {
        let message = "interval time zone must not include months or days".to_owned();
        return Err(Error::InvalidParameterValue(message));
    }
    let east_s = i32::try_from(interval.nanoseconds / 1_000_000_000).unwrap_or(0);
    written(time(row, 1)?.in_zone(east_s))
}

/// `timetz_zone`: in summer or winter time, whichever it is now. Errors: 22023 for no zone.
fn by_name<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let zone = decode::zone(row.text(0))?;
    let now = of_moment(Clock::System.now_us(), &zone);
    written(time(row, 1)?.in_zone(now.east_s))
}

/// A rewrite has made such a time one of the session's zone, which is not known here.
fn without_zone<'a>(_row: &Row<'a>) -> Result<Datum<'a>> {
    Err(Error::Internal("a time without a zone".to_owned()))
}

fn fitted<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let digits = i32::try_from(row.int(1)).unwrap_or(6);
    written(time(row, 0)?.fitted(digits))
}
