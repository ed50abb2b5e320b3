//! Types that Arrow has none for, as PostgreSQL's own `utils/adt` has them: how their texts are read and written, their
//! binary forms, and their order.
//!
//! A value is kept as its one canonical text, so that equal values have equal texts, and a field's metadata tells the
//! type. Where texts do not sort as the values do, [`key`] tells by what they do.
//!
//! Imports: error, pg::types; for the elements of ranges pg::decode and pg::encode. Used by: pg::decode, pg::encode, pg::functions, pg::rewrite.

pub(crate) mod bits;
mod lsn;
mod mac;
pub(crate) mod money;
pub(crate) mod multirange;
pub(crate) mod network;
pub(crate) mod range;
pub(crate) mod timetz;

pub(crate) use self::lsn::tid_of_row;
use self::timetz::TimeTz;
use crate::error::{Error, Result};
use crate::pg::encode::OutputSettings;
use crate::pg::types;

/// The canonical text of the value of type `oid` that `text` spells in a session with `settings`; `None` for types that are none of ours.
/// Errors: 22P02, 22003, as the type's input function has them.
pub(crate) fn read(oid: u32, text: &str, settings: &OutputSettings) -> Option<Result<String>> {
    if range::element_of(oid).is_some() {
        let range = range::read(oid, text, settings);
        return Some(range.and_then(|range| range.written(&OutputSettings::default())));
    }
    if multirange::range_of(oid).is_some() {
        let ranges = multirange::read(oid, text, settings);
        return Some(ranges.and_then(|ranges| ranges.written(&OutputSettings::default())));
    }
    Some(match oid {
        types::INET | types::CIDR => network::read(oid, text).map(|value| value.to_string()),
        types::MONEY => money::read(text).map(money::written),
        types::TIMETZ => timetz::read(text, settings).map(TimeTz::written),
        types::MACADDR | types::MACADDR8 => mac::read(oid, text),
        types::PG_LSN => lsn::read(text).map(lsn::written),
        types::TID => lsn::read_tid(text).map(|(block, row)| lsn::written_tid(block, row)),
        types::BIT | types::VARBIT => bits::read(text),
        _ => return None,
    })
}

/// The canonical text of the value of type `oid` that `bytes` are in binary; `None` for types that are none of ours.
/// Errors: 22P03.
pub(crate) fn receive(oid: u32, bytes: &[u8]) -> Option<Result<String>> {
    if range::element_of(oid).is_some() {
        let range = range::receive(oid, bytes);
        return Some(range.and_then(|range| range.written(&OutputSettings::default())));
    }
    if multirange::range_of(oid).is_some() {
        let ranges = multirange::receive(oid, bytes);
        return Some(ranges.and_then(|ranges| ranges.written(&OutputSettings::default())));
    }
    Some(match oid {
        types::MONEY => money::receive(bytes).map(money::written),
        types::TIMETZ => timetz::receive(bytes).map(TimeTz::written),
        types::INET | types::CIDR => network::receive(oid, bytes).map(|value| value.to_string()),
        types::MACADDR | types::MACADDR8 => mac::receive(oid, bytes),
        types::PG_LSN => lsn::receive(bytes),
        types::TID => lsn::receive_tid(bytes),
        types::BIT | types::VARBIT => bits::receive(bytes),
        _ => return None,
    })
}

/// The binary form of the value of type `oid` whose canonical text is `text`; `None` for types that are none of ours.
/// Errors: as [`read`], for texts of foreign files.
pub(crate) fn send(oid: u32, text: &str) -> Option<Result<Vec<u8>>> {
    if range::element_of(oid).is_some() {
        let range = range::read(oid, text, &OutputSettings::default());
        return Some(range.and_then(|range| range.send()));
    }
    if multirange::range_of(oid).is_some() {
        let ranges = multirange::read(oid, text, &OutputSettings::default());
        return Some(ranges.and_then(|ranges| ranges.send()));
    }
    Some(match oid {
        types::MONEY => money::read(text).map(|cents| cents.to_be_bytes().to_vec()),
        types::TIMETZ => timetz::read(text, &OutputSettings::default()).map(TimeTz::send),
        types::INET | types::CIDR => network::read(oid, text).map(|value| value.send()),
        types::MACADDR | types::MACADDR8 => mac::send(oid, text),
        types::PG_LSN => lsn::read(text).map(|lsn| lsn.to_be_bytes().to_vec()),
        types::TID => lsn::read_tid(text).map(lsn::send_tid),
        types::BIT | types::VARBIT => bits::send(text),
        _ => return None,
    })
}

/// Whether values of that type sort otherwise than their texts.
pub(crate) fn is_keyed(oid: u32) -> bool {
    range::element_of(oid).is_some()
        || multirange::range_of(oid).is_some()
        || matches!(
            oid,
            types::INET | types::CIDR | types::PG_LSN | types::TID | types::MONEY | types::TIMETZ
        )
}

/// Whether values of that type may be equal although their texts differ: those with numbers of several scales in them.
pub(crate) fn has_equal_texts(oid: u32) -> bool {
    matches!(oid, types::NUMRANGE | types::NUMMULTIRANGE)
}

/// Whether a session's settings tell how values of that type are written.
pub(crate) fn is_styled(oid: u32) -> bool {
    range::is_styled(multirange::range_of(oid).unwrap_or(oid))
}

/// The text of a value of a styled type as a session with `settings` sees it.
/// Errors: as [`read`], for texts of foreign files.
pub(crate) fn styled(oid: u32, text: &str, settings: &OutputSettings) -> Result<String> {
    match multirange::range_of(oid) {
        Some(_) => multirange::read(oid, text, &OutputSettings::default())?.written(settings),
        None => range::read(oid, text, &OutputSettings::default())?.written(settings),
    }
}

/// Bytes that sort as the value of type `oid` whose text is `text` does.
/// Errors: as [`read`].
pub(crate) fn key(oid: u32, text: &str) -> Result<Vec<u8>> {
    match oid {
        types::INET | types::CIDR => network::read(oid, text).map(|value| value.key()),
        types::PG_LSN => lsn::read(text).map(|lsn| lsn.to_be_bytes().to_vec()),
        types::TID => lsn::read_tid(text).map(lsn::send_tid),
        oid if range::element_of(oid).is_some() => {
            range::read(oid, text, &OutputSettings::default()).map(|range| range.sort_key())
        }
        oid if multirange::range_of(oid).is_some() => {
            multirange::read(oid, text, &OutputSettings::default()).map(|ranges| ranges.sort_key())
        }
        types::MONEY => money::read(text).map(|cents| (cents ^ i64::MIN).to_be_bytes().to_vec()),
        types::TIMETZ => timetz::read(text, &OutputSettings::default()).map(TimeTz::key),
        _ => Ok(text.as_bytes().to_vec()),
    }
}

/// Whether values of that type are kept as a canonical text that means nothing to the planner: a literal beside one is
/// read as one.
pub(crate) fn is_own(oid: u32) -> bool {
    is_keyed(oid)
        || matches!(
            oid,
            types::UUID | types::MACADDR | types::MACADDR8 | types::BIT | types::VARBIT
        )
}

fn invalid(oid: u32, text: &str) -> Error {
    Error::InvalidText { kind: types::sql_name(oid), text: text.to_owned() }
}

fn invalid_binary(message: &str) -> Error {
    Error::InvalidBinary(message.to_owned())
}

fn too_short() -> Error {
    invalid_binary("insufficient data left in message")
}
/// A place in the log as a number. Errors: 22P02.
pub(crate) fn position(text: &str) -> Result<u64> {
    lsn::read(text)
}
