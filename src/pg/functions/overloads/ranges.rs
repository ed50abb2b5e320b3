//! Functions and operators of ranges (PostgreSQL manual, section 9.20; rangetypes.c).

use datafusion::common::ScalarValue;

use super::{Calling, Datum, Overload, Row, key};
use crate::error::{Error, Result};
use crate::pg::adt::range::{Bound, Range, around, element_of, intersection, parts, read};
use crate::pg::decode;
use crate::pg::encode::{OutputSettings, value_bytes};
use crate::pg::types::{
    BOOL, DATE, DATERANGE, INT4, INT4RANGE, INT8, INT8RANGE, NUMERIC, NUMRANGE, TEXT, TIMESTAMP,
    TIMESTAMPTZ, TSRANGE, TSTZRANGE,
};

/// The functions of one range type; operators go by their signs.
macro_rules! of_range {
    ($name:literal, $range:ident, $element:ident) => {
        of_range!($range:
            $name ($element, $element) -> $range Called constructed::<$range>;
            $name ($element, $element, TEXT) -> $range Called constructed::<$range>;
            "isempty" ($range) -> BOOL Polymorphic |row| Ok(Datum::Bool(range::<$range>(row, 0)?.bounds.is_none()));
            "lower_inc" ($range) -> BOOL Polymorphic |row| of_lower::<$range>(row, |bound| bound.inclusive);
            "upper_inc" ($range) -> BOOL Polymorphic |row| of_upper::<$range>(row, |bound| bound.inclusive);
            "lower_inf" ($range) -> BOOL Polymorphic |row| of_lower::<$range>(row, |bound| bound.value.is_none());
            "upper_inf" ($range) -> BOOL Polymorphic |row| of_upper::<$range>(row, |bound| bound.value.is_none());
            "lower" ($range) -> $element Polymorphic |row| value::<$range>(row, |(lower, _)| lower.value);
            "upper" ($range) -> $element Polymorphic |row| value::<$range>(row, |(_, upper)| upper.value);
            "@>" ($range, $range) -> BOOL Polymorphic |row| both::<$range>(row, |a, b| a.contains_range(b));
            "<@" ($range, $range) -> BOOL Polymorphic |row| both::<$range>(row, |a, b| b.contains_range(a));
            "@>" ($range, $element) -> BOOL Polymorphic |row| contains::<$range>(row, 0, 1);
            "<@" ($element, $range) -> BOOL Polymorphic |row| contains::<$range>(row, 1, 0);
            "&&" ($range, $range) -> BOOL Polymorphic |row| both::<$range>(row, Range::overlaps);
            "-|-" ($range, $range) -> BOOL Polymorphic |row| both::<$range>(row, Range::adjoins);
            "<<" ($range, $range) -> BOOL Polymorphic |row| bounded::<$range>(row, |a, b| a.1.compare(&b.0).is_lt());
            ">>" ($range, $range) -> BOOL Polymorphic |row| bounded::<$range>(row, |a, b| a.0.compare(&b.1).is_gt());
            "&<" ($range, $range) -> BOOL Polymorphic |row| bounded::<$range>(row, |a, b| a.1.compare(&b.1).is_le());
            "&>" ($range, $range) -> BOOL Polymorphic |row| bounded::<$range>(row, |a, b| a.0.compare(&b.0).is_ge());
            "+" ($range, $range) -> $range Polymorphic union::<$range>;
            "*" ($range, $range) -> $range Polymorphic intersected::<$range>;
            "-" ($range, $range) -> $range Polymorphic difference::<$range>;
            "range_merge" ($range, $range) -> $range Polymorphic merged::<$range>;
            "forebay_key" ($range) -> TEXT Strict |row| key(row, $range);
        )
    };
    ($range:ident: $($name:literal ($($takes:ident),*) -> $returns:ident $calling:ident $body:expr;)*) => {
        &[$(Overload {
            name: $name, takes: &[$($takes),*], returns: $returns, calling: Calling::$calling, body: $body,
        },)*]
    };
}

/// Every function of this kind.
pub(super) const ALL: &[&[Overload]] = &[
    of_range!("int4range", INT4RANGE, INT4),
    of_range!("int8range", INT8RANGE, INT8),
    of_range!("numrange", NUMRANGE, NUMERIC),
    of_range!("daterange", DATERANGE, DATE),
    of_range!("tsrange", TSRANGE, TIMESTAMP),
    of_range!("tstzrange", TSTZRANGE, TIMESTAMPTZ),
];

pub(super) fn range<const OID: u32>(row: &Row<'_>, index: usize) -> Result<Range> {
    read(OID, row.text(index), &OutputSettings::default())
}

pub(super) fn written(range: &Range) -> Result<Datum<'static>> {
    range.written(&OutputSettings::default()).map(Datum::of_text)
}

/// An element as the ranges of type `OID` keep it; a numeric with the digits it has.
pub(super) fn element<const OID: u32>(value: &ScalarValue) -> Result<ScalarValue> {
    if OID != NUMRANGE {
        let element = element_of(OID).unwrap_or(TEXT);
        return value
            .cast_to(&decode::data_type(element))
            .map_err(|error| Error::Internal(error.to_string()));
    }
    let settings = OutputSettings::default();
    let text = value_bytes(value, NUMERIC, false, &settings)?;
    decode::parameter(NUMERIC, false, &text, &settings)
}

/// `range_constructor2` and `range_constructor3`: NULL is no bound. Errors: 22000, 42601 for flags that are none.
fn constructed<'a, const OID: u32>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (lower_inside, upper_inside) = match row.optional_text(2) {
        None => (true, false),
        Some(None) => {
            let message = "range constructor flags argument must not be null";
            return Err(Error::Data(message.to_owned()));
        }
        Some(Some("[]")) => (true, true),
        Some(Some("[)")) => (true, false),
        Some(Some("(]")) => (false, true),
        Some(Some("()")) => (false, false),
        Some(Some(_)) => {
            return Err(Error::Syntax("invalid range bound flags".to_owned())
                .hint("Valid values are \"[]\", \"[)\", \"(]\", and \"()\"."));
        }
    };
    let value = |index| row.value(index)?.as_ref().map(element::<OID>).transpose();
    let lower = Bound::new(value(0)?, lower_inside, true)?;
    written(&Range::new(OID, lower, Bound::new(value(1)?, upper_inside, false)?)?)
}

fn of_lower<'a, const OID: u32>(row: &Row<'a>, test: fn(&Bound) -> bool) -> Result<Datum<'a>> {
    Ok(Datum::Bool(range::<OID>(row, 0)?.bounds.is_some_and(|(lower, _)| test(&lower))))
}

fn of_upper<'a, const OID: u32>(row: &Row<'a>, test: fn(&Bound) -> bool) -> Result<Datum<'a>> {
    Ok(Datum::Bool(range::<OID>(row, 0)?.bounds.is_some_and(|(_, upper)| test(&upper))))
}

fn value<'a, const OID: u32>(
    row: &Row<'a>,
    pick: fn((Bound, Bound)) -> Option<ScalarValue>,
) -> Result<Datum<'a>> {
    bound_value(range::<OID>(row, 0)?, pick)
}

/// The value of one end of a range. Errors: 0A000 for a numeric, whose digits no column of one type would keep.
pub(super) fn bound_value(
    range: Range,
    pick: fn((Bound, Bound)) -> Option<ScalarValue>,
) -> Result<Datum<'static>> {
    if range.oid == NUMRANGE {
        let message = "the bounds of a numrange are not supported";
        return Err(Error::FeatureNotSupported(message.to_owned()));
    }
    Ok(match range.bounds.and_then(pick) {
        Some(ScalarValue::Int32(Some(value))) => Datum::Int(value.into()),
        Some(ScalarValue::Int64(Some(value))) => Datum::Int(value),
        value => Datum::Value(value),
    })
}

fn both<'a, const OID: u32>(row: &Row<'a>, test: fn(&Range, &Range) -> bool) -> Result<Datum<'a>> {
    Ok(Datum::Bool(test(&range::<OID>(row, 0)?, &range::<OID>(row, 1)?)))
}

/// A test that is false of the empty range.
fn bounded<'a, const OID: u32>(
    row: &Row<'a>,
    test: fn(&(Bound, Bound), &(Bound, Bound)) -> bool,
) -> Result<Datum<'a>> {
    let (left, right) = (range::<OID>(row, 0)?, range::<OID>(row, 1)?);
    let bounds = left.bounds.as_ref().zip(right.bounds.as_ref());
    Ok(Datum::Bool(bounds.is_some_and(|(left, right)| test(left, right))))
}

fn contains<'a, const OID: u32>(row: &Row<'a>, of: usize, at: usize) -> Result<Datum<'a>> {
    let value = row.value(at)?.as_ref().map(element::<OID>).transpose()?;
    let Some(value) = value else { return Ok(Datum::Value(None)) };
    range::<OID>(row, of)?.contains(value).map(Datum::Bool)
}

fn merged<'a, const OID: u32>(row: &Row<'a>) -> Result<Datum<'a>> {
    written(&around(range::<OID>(row, 0)?, range::<OID>(row, 1)?)?)
}

/// Errors: 22000 when something lies between the two.
fn union<'a, const OID: u32>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (left, right) = (range::<OID>(row, 0)?, range::<OID>(row, 1)?);
    let some = left.bounds.is_some() && right.bounds.is_some();
    if some && !left.overlaps(&right) && !left.adjoins(&right) {
        let message = "result of range union would not be contiguous";
        return Err(Error::Data(message.to_owned()));
    }
    written(&around(left, right)?)
}

fn intersected<'a, const OID: u32>(row: &Row<'a>) -> Result<Datum<'a>> {
    written(&intersection(range::<OID>(row, 0)?, range::<OID>(row, 1)?)?)
}

/// Errors: 22000 when what is left is in two parts.
fn difference<'a, const OID: u32>(row: &Row<'a>) -> Result<Datum<'a>> {
    let mut parts = parts(&range::<OID>(row, 0)?, &range::<OID>(row, 1)?)?.into_iter();
    let first = parts.next().unwrap_or(Range { oid: OID, bounds: None });
    if parts.next().is_some() {
        let message = "result of range difference would not be contiguous";
        return Err(Error::Data(message.to_owned()));
    }
    written(&first)
}
