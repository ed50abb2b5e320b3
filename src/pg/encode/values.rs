//! The values of Arrow's arrays, one enum per kind, so that a writer need not know every encoding of it.

use arrow::array::{
    Array, AsArray, BinaryArray, BinaryViewArray, FixedSizeBinaryArray, LargeBinaryArray,
    LargeStringArray, StringArray, StringViewArray,
};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Int8Type, Int16Type, Int32Type, Int64Type, IntervalDayTime,
    IntervalDayTimeType, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit,
    IntervalYearMonthType, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::time::Interval;
use crate::error::{Error, Result};

/// Text in any of Arrow's encodings.
#[derive(Clone, Copy)]
pub(super) enum Strings<'a> {
    Small(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
}

impl<'a> Strings<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Option<Strings<'a>> {
        Some(match array.data_type() {
            DataType::Utf8 => Strings::Small(array.as_string_opt()?),
            DataType::LargeUtf8 => Strings::Large(array.as_string_opt()?),
            DataType::Utf8View => Strings::View(array.as_string_view_opt()?),
            _ => return None,
        })
    }

    #[inline]
    pub(super) fn value(&self, row: usize) -> &'a str {
        match self {
            Strings::Small(array) => array.value(row),
            Strings::Large(array) => array.value(row),
            Strings::View(array) => array.value(row),
        }
    }
}

/// Bytes in any of Arrow's encodings; text counts as its bytes.
#[derive(Clone, Copy)]
pub(super) enum Bytes<'a> {
    Small(&'a BinaryArray),
    Large(&'a LargeBinaryArray),
    View(&'a BinaryViewArray),
    Fixed(&'a FixedSizeBinaryArray),
    Text(Strings<'a>),
}

impl<'a> Bytes<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Option<Bytes<'a>> {
        Some(match array.data_type() {
            DataType::Binary => Bytes::Small(array.as_binary_opt()?),
            DataType::LargeBinary => Bytes::Large(array.as_binary_opt()?),
            DataType::BinaryView => Bytes::View(array.as_binary_view_opt()?),
            DataType::FixedSizeBinary(_) => Bytes::Fixed(array.as_fixed_size_binary_opt()?),
            _ => Bytes::Text(Strings::of(array)?),
        })
    }

    pub(super) fn value(&self, row: usize) -> &'a [u8] {
        match self {
            Bytes::Small(array) => array.value(row),
            Bytes::Large(array) => array.value(row),
            Bytes::View(array) => array.value(row),
            Bytes::Fixed(array) => array.value(row),
            Bytes::Text(strings) => strings.value(row).as_bytes(),
        }
    }
}

/// Integers of any width.
#[derive(Clone, Copy)]
pub(super) enum Integers<'a> {
    I8(&'a [i8]),
    I16(&'a [i16]),
    I32(&'a [i32]),
    I64(&'a [i64]),
    U8(&'a [u8]),
    U16(&'a [u16]),
    U32(&'a [u32]),
    U64(&'a [u64]),
}

impl<'a> Integers<'a> {
    pub(super) fn of(array: &'a dyn Array) -> Option<Integers<'a>> {
        Some(match array.data_type() {
            DataType::Int8 => Integers::I8(array.as_primitive_opt::<Int8Type>()?.values()),
            DataType::Int16 => Integers::I16(array.as_primitive_opt::<Int16Type>()?.values()),
            DataType::Int32 => Integers::I32(array.as_primitive_opt::<Int32Type>()?.values()),
            DataType::Int64 => Integers::I64(array.as_primitive_opt::<Int64Type>()?.values()),
            DataType::UInt8 => Integers::U8(array.as_primitive_opt::<UInt8Type>()?.values()),
            DataType::UInt16 => Integers::U16(array.as_primitive_opt::<UInt16Type>()?.values()),
            DataType::UInt32 => Integers::U32(array.as_primitive_opt::<UInt32Type>()?.values()),
            DataType::UInt64 => Integers::U64(array.as_primitive_opt::<UInt64Type>()?.values()),
            _ => return None,
        })
    }

    pub(super) fn value(&self, row: usize) -> i128 {
        match self {
            Integers::I8(values) => values[row].into(),
            Integers::I16(values) => values[row].into(),
            Integers::I32(values) => values[row].into(),
            Integers::I64(values) => values[row].into(),
            Integers::U8(values) => values[row].into(),
            Integers::U16(values) => values[row].into(),
            Integers::U32(values) => values[row].into(),
            Integers::U64(values) => values[row].into(),
        }
    }

    pub(super) fn index(&self, row: usize) -> usize {
        usize::try_from(self.value(row)).unwrap_or(usize::MAX)
    }
}

/// Times of a day.
#[derive(Clone, Copy)]
pub(super) enum Times<'a> {
    Seconds(&'a [i32]),
    Millis(&'a [i32]),
    Micros(&'a [i64]),
    Nanos(&'a [i64]),
}

impl Times<'_> {
    pub(super) fn micros(&self, row: usize) -> i64 {
        match self {
            Times::Seconds(values) => i64::from(values[row]) * 1_000_000,
            Times::Millis(values) => i64::from(values[row]) * 1_000,
            Times::Micros(values) => values[row],
            Times::Nanos(values) => values[row].div_euclid(1_000),
        }
    }
}

/// Intervals and durations.
#[derive(Clone, Copy)]
pub(super) enum Intervals<'a> {
    Months(&'a [i32]),
    DayTime(&'a [IntervalDayTime]),
    MonthDayNano(&'a [IntervalMonthDayNano]),
    Duration(&'a [i64], TimeUnit),
}

impl Intervals<'_> {
    pub(super) fn value(&self, row: usize) -> Result<Interval> {
        Ok(match self {
            Intervals::Months(values) => Interval { months: values[row], days: 0, micros: 0 },
            Intervals::DayTime(values) => Interval {
                months: 0,
                days: values[row].days,
                micros: i64::from(values[row].milliseconds) * 1_000,
            },
            Intervals::MonthDayNano(values) => Interval {
                months: values[row].months,
                days: values[row].days,
                micros: values[row].nanoseconds / 1_000,
            },
            Intervals::Duration(values, unit) => Interval {
                months: 0,
                days: 0,
                micros: micros(values[row], *unit)
                    .ok_or_else(|| Error::DatetimeOverflow("interval out of range".into()))?,
            },
        })
    }
}

/// The rows at which runs of equal values end.
#[derive(Clone, Copy)]
pub(super) struct Runs<'a> {
    pub(super) ends: Integers<'a>,
    pub(super) len: usize,
    pub(super) offset: usize,
}

impl Runs<'_> {
    pub(super) fn index(&self, row: usize) -> usize {
        let row = self.offset + row;
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low.midpoint(high);
            if self.ends.index(middle) <= row {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Microseconds, rounded down; `None` beyond 64 bits.
pub(super) fn micros(value: i64, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Second => value.checked_mul(1_000_000),
        TimeUnit::Millisecond => value.checked_mul(1_000),
        TimeUnit::Microsecond => Some(value),
        TimeUnit::Nanosecond => Some(value.div_euclid(1_000)),
    }
}

pub(super) fn times(array: &dyn Array) -> Option<Times<'_>> {
    Some(match array.data_type() {
        DataType::Time32(TimeUnit::Second) => {
            Times::Seconds(array.as_primitive_opt::<Time32SecondType>()?.values())
        }
        DataType::Time32(_) => {
            Times::Millis(array.as_primitive_opt::<Time32MillisecondType>()?.values())
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            Times::Micros(array.as_primitive_opt::<Time64MicrosecondType>()?.values())
        }
        _ => Times::Nanos(array.as_primitive_opt::<Time64NanosecondType>()?.values()),
    })
}

pub(super) fn timestamps(array: &dyn Array) -> Option<&[i64]> {
    let DataType::Timestamp(unit, _) = array.data_type() else { return None };
    Some(match unit {
        TimeUnit::Second => array.as_primitive_opt::<TimestampSecondType>()?.values(),
        TimeUnit::Millisecond => array.as_primitive_opt::<TimestampMillisecondType>()?.values(),
        TimeUnit::Microsecond => array.as_primitive_opt::<TimestampMicrosecondType>()?.values(),
        TimeUnit::Nanosecond => array.as_primitive_opt::<TimestampNanosecondType>()?.values(),
    })
}

pub(super) fn intervals(array: &dyn Array) -> Option<Intervals<'_>> {
    Some(match array.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            Intervals::Months(array.as_primitive_opt::<IntervalYearMonthType>()?.values())
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            Intervals::DayTime(array.as_primitive_opt::<IntervalDayTimeType>()?.values())
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            Intervals::MonthDayNano(array.as_primitive_opt::<IntervalMonthDayNanoType>()?.values())
        }
        DataType::Duration(unit) => {
            let values: &[i64] = match unit {
                TimeUnit::Second => array.as_primitive_opt::<DurationSecondType>()?.values(),
                TimeUnit::Millisecond => {
                    array.as_primitive_opt::<DurationMillisecondType>()?.values()
                }
                TimeUnit::Microsecond => {
                    array.as_primitive_opt::<DurationMicrosecondType>()?.values()
                }
                TimeUnit::Nanosecond => {
                    array.as_primitive_opt::<DurationNanosecondType>()?.values()
                }
            };
            Intervals::Duration(values, *unit)
        }
        _ => return None,
    })
}
