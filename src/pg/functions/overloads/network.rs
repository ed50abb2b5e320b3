//! Functions and operators of network addresses (PostgreSQL manual, section 9.12; network.c, mac.c, mac8.c).

use std::borrow::Cow;

use super::{Datum, Overload, Row, key, overloads};
use crate::error::{Error, Result};
use crate::pg::adt::network::{Inet, read};
use crate::pg::adt::tid_of_row;
use crate::pg::types::{BOOL, CIDR, INET, INT4, INT8, MACADDR, MACADDR8, PG_LSN, TEXT, TID};

/// Every function of this kind; operators go by their signs.
pub(super) const ALL: &[Overload] = overloads! {
    "host" (INET) -> TEXT |row| Ok(Datum::of_text(inet(row, 0)?.address.to_string()));
    "text" (INET) -> TEXT |row| Ok(Datum::of_text(inet(row, 0)?.with_mask()));
    "abbrev" (INET) -> TEXT |row| Ok(Datum::of_text(inet(row, 0)?.to_string()));
    "abbrev" (CIDR) -> TEXT |row| Ok(Datum::of_text(read(CIDR, row.text(0))?.abbreviated()));
    "family" (INET) -> INT4 |row| Ok(Datum::Int(inet(row, 0)?.address.family().into()));
    "masklen" (INET) -> INT4 |row| Ok(Datum::Int(inet(row, 0)?.mask.into()));
    "netmask" (INET) -> INET |row| Ok(host(&inet(row, 0)?, |own| own.address.netmask(own.mask)));
    "hostmask" (INET) -> INET |row| Ok(host(&inet(row, 0)?, behind));
    "network" (INET) -> CIDR |row| Ok(Datum::of_text(inet(row, 0)?.network().to_string()));
    "broadcast" (INET) -> INET broadcast;
    "set_masklen" (INET, INT4) -> INET |row| masked(row, inet(row, 0)?);
    "set_masklen" (CIDR, INT4) -> CIDR |row| masked(row, read(CIDR, row.text(0))?);
    "inet_same_family" (INET, INET) -> BOOL |row| both(row, |a, b| a.address.family() == b.address.family());
    "inet_merge" (INET, INET) -> CIDR merged;
    "<<" (INET, INET) -> BOOL |row| both(row, |a, b| b.contains(a) && b.mask < a.mask);
    "<<=" (INET, INET) -> BOOL |row| both(row, |a, b| b.contains(a));
    ">>" (INET, INET) -> BOOL |row| both(row, |a, b| a.contains(b) && a.mask < b.mask);
    ">>=" (INET, INET) -> BOOL |row| both(row, |a, b| a.contains(b));
    "&&" (INET, INET) -> BOOL |row| both(row, |a, b| a.same_network(b, a.mask.min(b.mask)));
    "~" (INET) -> INET |row| changed(&inet(row, 0)?, |number, all| number ^ all);
    "&" (INET, INET) -> INET |row| joined(row, "AND", |a, b| a & b);
    "|" (INET, INET) -> INET |row| joined(row, "OR", |a, b| a | b);
    "+" (INET, INT8) -> INET |row| moved(&inet(row, 0)?, row.int(1).into());
    "+" (INT8, INET) -> INET |row| moved(&inet(row, 1)?, row.int(0).into());
    "-" (INET, INT8) -> INET |row| moved(&inet(row, 0)?, -i128::from(row.int(1)));
    "-" (INET, INET) -> INT8 difference;
    "forebay_key" (INET) -> TEXT |row| key(row, INET);
    "forebay_key" (PG_LSN) -> TEXT |row| key(row, PG_LSN);
    "forebay_key" (TID) -> TEXT |row| key(row, TID);
    "forebay_place" (INT8) -> TID |row| Ok(Datum::of_text(tid_of_row(row.int(0))?));
    "trunc" (MACADDR) -> MACADDR |row| Ok(Datum::of_text(row.text(0).chars().take(9).chain("00:00:00".chars()).collect()));
    "trunc" (MACADDR8) -> MACADDR8 |row| Ok(Datum::of_text(row.text(0).chars().take(9).chain("00:00:00:00:00".chars()).collect()));
};

/// Argument `index`, which may have been a `cidr`.
fn inet(row: &Row<'_>, index: usize) -> Result<Inet> {
    read(INET, row.text(index))
}

fn both<'a>(row: &Row<'a>, test: fn(&Inet, &Inet) -> bool) -> Result<Datum<'a>> {
    Ok(Datum::Bool(test(&inet(row, 0)?, &inet(row, 1)?)))
}

fn written(value: Inet) -> Datum<'static> {
    Datum::Text(Cow::Owned(value.to_string()))
}

/// The address of a number, without a network.
fn host(own: &Inet, number: fn(&Inet) -> u128) -> Datum<'static> {
    written(Inet::host(own.address.with_number(number(own))))
}

/// The bits behind the mask set, all others not.
fn behind(own: &Inet) -> u128 {
    own.address.all() & !own.address.netmask(own.mask)
}

fn broadcast<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let own = inet(row, 0)?;
    let last = own.address.number() | behind(&own);
    Ok(written(Inet { address: own.address.with_number(last), ..own }))
}

/// Errors: 22023 for a mask the family does not have; -1 is all of its bits.
fn masked<'a>(row: &Row<'a>, own: Inet) -> Result<Datum<'a>> {
    let asked = row.int(1);
    let bits_max = own.address.bits_max();
    let mask = if asked == -1 { Some(bits_max) } else { u8::try_from(asked).ok() };
    let mask = mask
        .filter(|mask| *mask <= bits_max)
        .ok_or_else(|| Error::InvalidParameterValue(format!("invalid mask length: {asked}")))?;
    let new = Inet { mask, ..own };
    Ok(written(if own.cidr { new.network() } else { new }))
}

/// The smallest network with both. Errors: 22023 for two families.
fn merged<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (left, right) = (inet(row, 0)?, inet(row, 1)?);
    if left.address.family() != right.address.family() {
        let message = "cannot merge addresses from different families";
        return Err(Error::InvalidParameterValue(message.to_owned()));
    }
    let mut mask = left.mask.min(right.mask);
    while !left.same_network(&right, mask) {
        mask -= 1;
    }
    Ok(written(Inet { mask, ..left }.network()))
}

fn changed(own: &Inet, change: fn(u128, u128) -> u128) -> Result<Datum<'static>> {
    let number = change(own.address.number(), own.address.all());
    Ok(written(Inet { address: own.address.with_number(number), ..*own }))
}

/// Errors: 22023 for two families.
fn joined<'a>(row: &Row<'a>, word: &str, join: fn(u128, u128) -> u128) -> Result<Datum<'a>> {
    let (left, right) = (inet(row, 0)?, inet(row, 1)?);
    if left.address.family() != right.address.family() {
        let message = format!("cannot {word} inet values of different sizes");
        return Err(Error::InvalidParameterValue(message));
    }
    let number = join(left.address.number(), right.address.number());
    let mask = left.mask.max(right.mask);
    Ok(written(Inet { address: left.address.with_number(number), mask, cidr: false }))
}

fn out_of_range() -> Error {
    Error::NumericOutOfRange("result is out of range".to_owned())
}

/// Errors: 22003 beyond the addresses there are.
fn moved(own: &Inet, places: i128) -> Result<Datum<'static>> {
    let number = own.address.number().checked_add_signed(places);
    let number = number.filter(|number| *number <= own.address.all()).ok_or_else(out_of_range)?;
    let mut new = Inet { address: own.address.with_number(number), ..*own };
    new.cidr = false;
    Ok(written(new))
}

/// Errors: 22023 for two families, 22003 for more than a bigint holds.
fn difference<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (left, right) = (inet(row, 0)?, inet(row, 1)?);
    if left.address.family() != right.address.family() {
        let message = "cannot subtract inet values of different sizes";
        return Err(Error::InvalidParameterValue(message.to_owned()));
    }
    let (left, right) = (left.address.number(), right.address.number());
    let distance = i64::try_from(left.abs_diff(right)).map_err(|_far| out_of_range())?;
    Ok(Datum::Int(if left < right { -distance } else { distance }))
}
