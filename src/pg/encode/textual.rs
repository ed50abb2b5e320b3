//! Types whose values are kept as their text, in binary: `inet`, `cidr`, `macaddr`, `pg_lsn`, `tid` and snapshots.

use std::net::IpAddr;

use bytes::BufMut;

use crate::error::{Error, Result};
use crate::pg::types;

/// PostgreSQL's `PGSQL_AF_INET` and `PGSQL_AF_INET6`.
const FAMILIES: [u8; 2] = [2, 3];

/// Writes `text` as the binary form of the type `oid`; `None` for a type that is none of these.
/// Errors: the text is not of that type.
pub(super) fn put_binary(text: &str, oid: u32, out: &mut Vec<u8>) -> Option<Result<()>> {
    let written = match oid {
        types::INET | types::CIDR => put_inet(text, oid == types::CIDR, out),
        types::MACADDR => put_macaddr(text, out),
        types::PG_LSN => put_lsn(text, out),
        types::TID => put_tid(text, out),
        types::PG_SNAPSHOT | types::TXID_SNAPSHOT => put_snapshot(text, out),
        _ => return None,
    };
    Some(written.ok_or_else(|| {
        let name = types::sql_name(oid);
        Error::MalformedText(format!("invalid input syntax for type {name}: \"{text}\""))
    }))
}

/// `network_send`: the family, the bits of the mask, whether it is a `cidr`, the address.
fn put_inet(text: &str, cidr: bool, out: &mut Vec<u8>) -> Option<()> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let (family, octets) = match address.parse().ok()? {
        IpAddr::V4(address) => (FAMILIES[0], address.octets().to_vec()),
        IpAddr::V6(address) => (FAMILIES[1], address.octets().to_vec()),
    };
    let length = u8::try_from(octets.len()).ok()?;
    let bits = bits.unwrap_or(8 * length);
    if 8 * length < bits {
        return None;
    }
    out.put_slice(&[family, bits, u8::from(cidr), length]);
    out.put_slice(&octets);
    Some(())
}

/// `macaddr_send`: the six bytes.
fn put_macaddr(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let bytes: Option<Vec<u8>> =
        text.split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    let bytes = bytes.filter(|bytes| bytes.len() == 6)?;
    out.put_slice(&bytes);
    Some(())
}

/// `pg_lsn_send`: both halves.
fn put_lsn(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let (high, low) = text.split_once('/')?;
    let half = |digits| u32::from_str_radix(digits, 16).ok();
    let (high, low) = (half(high)?, half(low)?);
    out.put_u32(high);
    out.put_u32(low);
    Some(())
}

/// `tidsend`: the block, the place in it.
fn put_tid(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let (block, place) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    let (block, place): (u32, u16) = (block.parse().ok()?, place.parse().ok()?);
    out.put_u32(block);
    out.put_u16(place);
    Some(())
}

/// `pg_snapshot_send`: how many are under way, the bounds, those.
fn put_snapshot(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut parts = text.split(':');
    let number = |text: &str| text.parse::<u64>().ok();
    let (xmin, xmax) = (number(parts.next()?)?, number(parts.next()?)?);
    let listed = parts.next()?.split(',').filter(|one| !one.is_empty());
    let running: Vec<u64> = listed.map(number).collect::<Option<_>>()?;
    out.put_u32(u32::try_from(running.len()).ok()?);
    for one in [xmin, xmax].into_iter().chain(running) {
        out.put_u64(one);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::put_binary;
    use crate::pg::types;

    #[track_caller]
    fn check(text: &str, oid: u32, want: &[u8]) {
        let mut out = Vec::new();
        let written = put_binary(text, oid, &mut out).expect("one of these types");
        assert_eq!(written.is_ok(), !want.is_empty(), "{text}");
        if written.is_ok() {
            assert_eq!(out, want, "{text}");
        }
    }

    #[test]
    fn addresses() {
        check("127.0.0.1", types::INET, &[2, 32, 0, 4, 127, 0, 0, 1]);
        check("10.0.0.0/8", types::CIDR, &[2, 8, 1, 4, 10, 0, 0, 0]);
        let one = [&[3, 128, 0, 16][..], &[0; 15], &[1]].concat();
        check("::1", types::INET, &one);
        check("10.0.0.0/33", types::INET, &[]);
        check("08:00:2b:01:02:03", types::MACADDR, &[8, 0, 0x2b, 1, 2, 3]);
        check("08:00", types::MACADDR, &[]);
        check("16/B374D848", types::PG_LSN, &[0, 0, 0, 0x16, 0xb3, 0x74, 0xd8, 0x48]);
        check("(1,2)", types::TID, &[0, 0, 0, 1, 0, 2]);
        check("(1)", types::TID, &[]);
        check(
            "1:2:",
            types::PG_SNAPSHOT,
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2],
        );
    }
}
