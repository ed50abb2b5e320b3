//! Functions and operators of multiranges (PostgreSQL manual, section 9.20; multirangetypes.c).

use super::ranges::{element, range};
use super::{Calling, Datum, Overload, Row, key};
use crate::error::Result;
use crate::pg::adt::multirange::{Multirange, read};
use crate::pg::adt::range::{Bound, Range};
use crate::pg::encode::OutputSettings;
use crate::pg::types::{
    BOOL, DATE, DATEMULTIRANGE, DATERANGE, INT4, INT4MULTIRANGE, INT4RANGE, INT8, INT8MULTIRANGE,
    INT8RANGE, NUMERIC, NUMMULTIRANGE, NUMRANGE, TEXT, TIMESTAMP, TIMESTAMPTZ, TSMULTIRANGE,
    TSRANGE, TSTZMULTIRANGE, TSTZRANGE,
};

/// The functions of one multirange type; operators go by their signs. A range beside a multirange is one of one range.
macro_rules! of_multirange {
    ($name:literal, $many:ident, $range:ident, $element:ident) => {
        of_multirange!($many:
            $name () -> $many Strict |row| written(&of_ranges::<$many, $range>(row, 0)?);
            $name ($range) -> $many Strict |row| written(&of_ranges::<$many, $range>(row, 1)?);
            $name ($range, $range) -> $many Strict |row| written(&of_ranges::<$many, $range>(row, 2)?);
            $name ($range, $range, $range) -> $many Strict |row| written(&of_ranges::<$many, $range>(row, 3)?);
            "multirange" ($range) -> $many Polymorphic |row| written(&of_ranges::<$many, $range>(row, 1)?);
            "isempty" ($many) -> BOOL Polymorphic |row| Ok(Datum::Bool(many::<$many>(row, 0)?.ranges.is_empty()));
            "lower_inc" ($many) -> BOOL Polymorphic |row| bound::<$many>(row, |(lower, _)| lower.inclusive);
            "upper_inc" ($many) -> BOOL Polymorphic |row| bound::<$many>(row, |(_, upper)| upper.inclusive);
            "lower_inf" ($many) -> BOOL Polymorphic |row| bound::<$many>(row, |(lower, _)| lower.value.is_none());
            "upper_inf" ($many) -> BOOL Polymorphic |row| bound::<$many>(row, |(_, upper)| upper.value.is_none());
            "lower" ($many) -> $element Polymorphic |row| super::ranges::bound_value(many::<$many>(row, 0)?.around()?, |(lower, _)| lower.value);
            "upper" ($many) -> $element Polymorphic |row| super::ranges::bound_value(many::<$many>(row, 0)?.around()?, |(_, upper)| upper.value);
            "range_merge" ($many) -> $range Polymorphic |row| super::ranges::written(&many::<$many>(row, 0)?.around()?);
            "@>" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, Multirange::contains_all);
            "@>" ($many, $range) -> BOOL Polymorphic |row| test(row, many::<$many>, one::<$many, $range>, Multirange::contains_all);
            "@>" ($range, $many) -> BOOL Polymorphic |row| within::<$many>(row, 0, 1);
            "@>" ($many, $element) -> BOOL Polymorphic |row| contains::<$many, $range>(row, 0, 1);
            "<@" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, |a, b| b.contains_all(a));
            "<@" ($range, $many) -> BOOL Polymorphic |row| test(row, one::<$many, $range>, many::<$many>, |a, b| b.contains_all(a));
            "<@" ($many, $range) -> BOOL Polymorphic |row| within::<$many>(row, 1, 0);
            "<@" ($element, $many) -> BOOL Polymorphic |row| contains::<$many, $range>(row, 1, 0);
            "&&" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, Multirange::overlaps);
            "&&" ($many, $range) -> BOOL Polymorphic |row| test(row, many::<$many>, one::<$many, $range>, Multirange::overlaps);
            "&&" ($range, $many) -> BOOL Polymorphic |row| test(row, one::<$many, $range>, many::<$many>, Multirange::overlaps);
            "-|-" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, Multirange::adjoins);
            "-|-" ($many, $range) -> BOOL Polymorphic |row| test(row, many::<$many>, one::<$many, $range>, Multirange::adjoins);
            "-|-" ($range, $many) -> BOOL Polymorphic |row| test(row, one::<$many, $range>, many::<$many>, Multirange::adjoins);
            "<<" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, Multirange::precedes);
            "<<" ($many, $range) -> BOOL Polymorphic |row| test(row, many::<$many>, one::<$many, $range>, Multirange::precedes);
            "<<" ($range, $many) -> BOOL Polymorphic |row| test(row, one::<$many, $range>, many::<$many>, Multirange::precedes);
            ">>" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, |a, b| b.precedes(a));
            ">>" ($many, $range) -> BOOL Polymorphic |row| test(row, many::<$many>, one::<$many, $range>, |a, b| b.precedes(a));
            ">>" ($range, $many) -> BOOL Polymorphic |row| test(row, one::<$many, $range>, many::<$many>, |a, b| b.precedes(a));
            "&<" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, Multirange::ends_by);
            "&<" ($many, $range) -> BOOL Polymorphic |row| test(row, many::<$many>, one::<$many, $range>, Multirange::ends_by);
            "&<" ($range, $many) -> BOOL Polymorphic |row| test(row, one::<$many, $range>, many::<$many>, Multirange::ends_by);
            "&>" ($many, $many) -> BOOL Polymorphic |row| test(row, many::<$many>, many::<$many>, Multirange::starts_from);
            "&>" ($many, $range) -> BOOL Polymorphic |row| test(row, many::<$many>, one::<$many, $range>, Multirange::starts_from);
            "&>" ($range, $many) -> BOOL Polymorphic |row| test(row, one::<$many, $range>, many::<$many>, Multirange::starts_from);
            "+" ($many, $many) -> $many Polymorphic |row| made::<$many>(row, Multirange::union);
            "*" ($many, $many) -> $many Polymorphic |row| made::<$many>(row, Multirange::intersection);
            "-" ($many, $many) -> $many Polymorphic |row| made::<$many>(row, Multirange::without);
            "forebay_key" ($many) -> TEXT Strict |row| key(row, $many);
        )
    };
    ($many:ident: $($name:literal ($($takes:ident),*) -> $returns:ident $calling:ident $body:expr;)*) => {
        &[$(Overload {
            name: $name, takes: &[$($takes),*], returns: $returns, calling: Calling::$calling, body: $body,
        },)*]
    };
}

/// Every function of this kind.
pub(super) const ALL: &[&[Overload]] = &[
    of_multirange!("int4multirange", INT4MULTIRANGE, INT4RANGE, INT4),
    of_multirange!("int8multirange", INT8MULTIRANGE, INT8RANGE, INT8),
    of_multirange!("nummultirange", NUMMULTIRANGE, NUMRANGE, NUMERIC),
    of_multirange!("datemultirange", DATEMULTIRANGE, DATERANGE, DATE),
    of_multirange!("tsmultirange", TSMULTIRANGE, TSRANGE, TIMESTAMP),
    of_multirange!("tstzmultirange", TSTZMULTIRANGE, TSTZRANGE, TIMESTAMPTZ),
];

fn many<const OID: u32>(row: &Row<'_>, index: usize) -> Result<Multirange> {
    read(OID, row.text(index), &OutputSettings::default())
}

/// A range as a multirange.
fn one<const OID: u32, const RANGE: u32>(row: &Row<'_>, index: usize) -> Result<Multirange> {
    Multirange::new(OID, vec![range::<RANGE>(row, index)?])
}

fn of_ranges<const OID: u32, const RANGE: u32>(row: &Row<'_>, count: usize) -> Result<Multirange> {
    let ranges = (0..count).map(|index| range::<RANGE>(row, index));
    Multirange::new(OID, ranges.collect::<Result<_>>()?)
}

fn written(ranges: &Multirange) -> Result<Datum<'static>> {
    ranges.written(&OutputSettings::default()).map(Datum::of_text)
}

type Reader = fn(&Row<'_>, usize) -> Result<Multirange>;

fn test<'a>(
    row: &Row<'a>,
    left: Reader,
    right: Reader,
    holds: fn(&Multirange, &Multirange) -> bool,
) -> Result<Datum<'a>> {
    Ok(Datum::Bool(holds(&left(row, 0)?, &right(row, 1)?)))
}

/// Whether a range has all of a multirange, gaps as well.
fn within<'a, const OID: u32>(row: &Row<'a>, range_at: usize, many_at: usize) -> Result<Datum<'a>> {
    let around = many::<OID>(row, many_at)?.around()?;
    let outer =
        crate::pg::adt::range::read(around.oid, row.text(range_at), &OutputSettings::default())?;
    Ok(Datum::Bool(outer.contains_range(&around)))
}

fn contains<'a, const OID: u32, const RANGE: u32>(
    row: &Row<'a>,
    of: usize,
    at: usize,
) -> Result<Datum<'a>> {
    let value = row.value(at)?.as_ref().map(element::<RANGE>).transpose()?;
    let Some(value) = value else { return Ok(Datum::Value(None)) };
    for range in &many::<OID>(row, of)?.ranges {
        if range.contains(value.clone())? {
            return Ok(Datum::Bool(true));
        }
    }
    Ok(Datum::Bool(false))
}

/// A test of the ends of all of it; false of an empty one.
fn bound<'a, const OID: u32>(
    row: &Row<'a>,
    test: fn(&(Bound, Bound)) -> bool,
) -> Result<Datum<'a>> {
    let Range { bounds, .. } = many::<OID>(row, 0)?.around()?;
    Ok(Datum::Bool(bounds.as_ref().is_some_and(test)))
}

fn made<'a, const OID: u32>(
    row: &Row<'a>,
    work: fn(&Multirange, &Multirange) -> Result<Multirange>,
) -> Result<Datum<'a>> {
    written(&work(&many::<OID>(row, 0)?, &many::<OID>(row, 1)?)?)
}
