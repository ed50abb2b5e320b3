//! What a type's modifier does to its values: digits of seconds, fields of an interval (`AdjustTimestampForTypmod` and
//! its kin).

use arrow::datatypes::IntervalMonthDayNano;
use datafusion::common::ScalarValue;

use super::datetime::EPOCH_US;
use crate::pg::types::{self, PgType};

/// Digits after the point of seconds: PostgreSQL keeps microseconds (`MAX_TIMESTAMP_PRECISION`).
pub(crate) const DIGITS_MAX: i32 = 6;

/// The bits of an interval's fields in its modifier (`INTERVAL_MASK`).
pub(crate) mod field {
    pub(crate) const MONTH: i32 = 1 << 1;
    pub(crate) const YEAR: i32 = 1 << 2;
    pub(crate) const DAY: i32 = 1 << 3;
    pub(crate) const HOUR: i32 = 1 << 10;
    pub(crate) const MINUTE: i32 = 1 << 11;
    pub(crate) const SECOND: i32 = 1 << 12;
    /// No field is named: all are kept.
    pub(crate) const ALL: i32 = 0x7fff;
}

/// The modifier of an interval: its fields, and digits of seconds if they are told.
pub(crate) fn of_interval(fields: i32, digits: Option<i32>) -> i32 {
    fields << 16 | digits.map_or(0xffff, |digits| digits.min(DIGITS_MAX))
}

/// The fields an interval's modifier names; `None` when it names none.
pub(crate) fn fields(modifier: i32) -> Option<i32> {
    let fields = modifier >> 16 & field::ALL;
    (modifier >= 0 && fields != field::ALL).then_some(fields)
}

/// Whether values of the type are changed by its modifier.
pub(crate) fn matters(pg_type: PgType) -> bool {
    pg_type.modifier >= 0
        && matches!(
            pg_type.oid,
            types::TIME | types::TIMESTAMP | types::TIMESTAMPTZ | types::INTERVAL
        )
}

/// A value as its type's modifier has it; others stay as they are.
pub(crate) fn fitted(value: ScalarValue, pg_type: PgType) -> ScalarValue {
    if !matters(pg_type) {
        return value;
    }
    let digits = pg_type.modifier;
    match value {
        ScalarValue::Time64Microsecond(Some(us)) => {
            ScalarValue::Time64Microsecond(Some(rounded(us, digits)))
        }
        ScalarValue::TimestampMicrosecond(Some(us), zone) => {
            ScalarValue::TimestampMicrosecond(Some(timestamp(us, digits)), zone)
        }
        ScalarValue::IntervalMonthDayNano(Some(value)) => {
            ScalarValue::IntervalMonthDayNano(Some(interval(value, pg_type.modifier)))
        }
        other => other,
    }
}

/// Microseconds with so many digits of seconds, rounded away from zero.
pub(crate) fn rounded(us: i64, digits: i32) -> i64 {
    let places = u32::try_from(DIGITS_MAX - digits).unwrap_or(0);
    let unit = 10_i64.pow(places.min(6));
    let half = unit / 2;
    match us.checked_add(if us < 0 { -half } else { half }) {
        Some(raised) => raised / unit * unit,
        None => us,
    }
}

/// A timestamp, in microseconds since 1970, with so many digits: it is rounded away from the year 2000.
pub(crate) fn timestamp(us: i64, digits: i32) -> i64 {
    match us {
        // The infinities.
        i64::MIN | i64::MAX => us,
        _ => us.checked_sub(EPOCH_US).map_or(us, |us| rounded(us, digits) + EPOCH_US),
    }
}

/// An interval without what its modifier leaves out.
pub(crate) fn interval(value: IntervalMonthDayNano, modifier: i32) -> IntervalMonthDayNano {
    use field::{DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
    let named = fields(modifier).unwrap_or(SECOND);
    let mut us = value.nanoseconds / 1_000;
    let (mut months, mut days) = (value.months, value.days);
    // The smallest field named is where the value ends.
    let unit = match named {
        _ if named & SECOND != 0 => 1,
        _ if named & MINUTE != 0 => 60_000_000,
        _ if named & HOUR != 0 => 3_600_000_000,
        _ => {
            us = 0;
            1
        }
    };
    if named & (DAY | HOUR | MINUTE | SECOND) == 0 {
        days = 0;
    }
    if named & !YEAR == 0 && named & MONTH == 0 {
        months = months / 12 * 12;
    }
    us = us / unit * unit;
    let digits = modifier & 0xffff;
    if modifier >= 0 && digits != 0xffff {
        us = rounded(us, digits);
    }
    IntervalMonthDayNano::new(months, days, us.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::IntervalMonthDayNano;

    use super::{EPOCH_US, field, interval, of_interval, rounded, timestamp};

    #[test]
    fn seconds_are_rounded_away_from_zero() {
        for (us, digits, want) in [
            (56_789_000, 0, 57_000_000),
            (56_500_000, 0, 57_000_000),
            (-56_500_000, 0, -57_000_000),
            (56_789_123, 3, 56_789_000),
            (56_789_123, 6, 56_789_123),
            (i64::MAX, 0, i64::MAX),
        ] {
            assert_eq!(rounded(us, digits), want);
        }
        assert_eq!(timestamp(EPOCH_US - 500_000, 0), EPOCH_US - 1_000_000);
        assert_eq!(timestamp(i64::MIN, 0), i64::MIN);
    }

    #[test]
    fn fields_of_intervals() {
        let whole = IntervalMonthDayNano::new(14, 3, 3_723_500_000_000);
        let check = |fields, digits, want: (i32, i32, i64)| {
            let modifier = of_interval(fields, digits);
            let want = IntervalMonthDayNano::new(want.0, want.1, want.2 * 1_000_000);
            assert_eq!(interval(whole, modifier), want);
        };
        check(field::YEAR, None, (12, 0, 0));
        check(field::YEAR | field::MONTH, None, (14, 0, 0));
        check(field::DAY, None, (14, 3, 0));
        check(field::DAY | field::HOUR, None, (14, 3, 3_600_000));
        check(field::HOUR | field::MINUTE, None, (14, 3, 3_720_000));
        check(field::SECOND, Some(0), (14, 3, 3_724_000));
        check(field::ALL, None, (14, 3, 3_723_500));
    }
}
