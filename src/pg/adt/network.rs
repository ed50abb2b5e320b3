//! `inet` and `cidr` (network.c, inet_net_pton.c, inet_net_ntop.c, inet_cidr_ntop.c).

use std::fmt;
use std::net::Ipv6Addr;

use super::{invalid, invalid_binary, too_short};
use crate::error::{Error, Result};
use crate::pg::types;

/// An address and how many of its first bits are the network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inet {
    pub(crate) address: Address,
    /// At most as many as the address has.
    pub(crate) mask: u8,
    /// Whether it is a `cidr`, which has no bits behind its mask and always shows it.
    pub(crate) cidr: bool,
}

/// An address of either family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    V4([u8; 4]),
    V6([u8; 16]),
}

/// `PGSQL_AF_INET` and `PGSQL_AF_INET6`: the first byte of the binary form.
const FAMILIES: [u8; 2] = [2, 3];

impl Address {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Address::V4(bytes) => bytes,
            Address::V6(bytes) => bytes,
        }
    }

    /// The address of the family of `self` that has these bytes.
    fn with_bytes(&self, bytes: impl Iterator<Item = u8>) -> Address {
        let mut address = *self;
        let places: &mut [u8] = match &mut address {
            Address::V4(places) => places,
            Address::V6(places) => places,
        };
        for (place, byte) in places.iter_mut().zip(bytes) {
            *place = byte;
        }
        address
    }

    pub(crate) fn bits_max(&self) -> u8 {
        match self {
            Address::V4(_) => 32,
            Address::V6(_) => 128,
        }
    }

    pub(crate) fn family(&self) -> u8 {
        match self {
            Address::V4(_) => 4,
            Address::V6(_) => 6,
        }
    }

    /// As a number.
    pub(crate) fn number(&self) -> u128 {
        self.bytes().iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
    }

    /// The address of that number in the family of `self`; the number has no more bits than that.
    pub(crate) fn with_number(&self, number: u128) -> Address {
        let bytes = number.to_be_bytes();
        self.with_bytes(bytes.into_iter().skip(bytes.len() - self.bytes().len()))
    }

    /// The first `mask` bits set, all others not.
    pub(crate) fn netmask(&self, mask: u8) -> u128 {
        let all = self.all();
        all & !all.checked_shr(u32::from(mask)).unwrap_or(0)
    }

    /// Every bit set.
    pub(crate) fn all(&self) -> u128 {
        u128::MAX >> (128 - u32::from(self.bits_max()))
    }
}

impl Inet {
    /// The address as a host, without a network.
    pub(crate) fn host(address: Address) -> Inet {
        Inet { address, mask: address.bits_max(), cidr: false }
    }

    /// The network it is in.
    pub(crate) fn network(&self) -> Inet {
        let kept = self.address.number() & self.address.netmask(self.mask);
        Inet { address: self.address.with_number(kept), mask: self.mask, cidr: true }
    }

    /// Whether every address of `other` is one of its network.
    pub(crate) fn contains(&self, other: &Inet) -> bool {
        self.mask <= other.mask && self.same_network(other, self.mask)
    }

    /// Whether both are of one family and share the first `mask` bits.
    pub(crate) fn same_network(&self, other: &Inet, mask: u8) -> bool {
        let netmask = self.address.netmask(mask);
        self.address.family() == other.address.family()
            && (self.address.number() ^ other.address.number()) & netmask == 0
    }

    /// The text with its mask even where `inet` leaves it out.
    pub(crate) fn with_mask(&self) -> String {
        format!("{}/{}", self.address, self.mask)
    }

    /// `abbrev`: of a `cidr` without the bytes its network does not reach.
    pub(crate) fn abbreviated(&self) -> String {
        match (self.cidr, self.address) {
            (false, _) => self.to_string(),
            (true, Address::V4(bytes)) => {
                let count = usize::from(self.mask.div_ceil(8)).max(1);
                let parts: Vec<String> = bytes.iter().take(count).map(u8::to_string).collect();
                format!("{}/{}", parts.join("."), self.mask)
            }
            (true, Address::V6(bytes)) => format!("{}/{}", short_v6(bytes, self.mask), self.mask),
        }
    }

    /// Family, mask, whether a `cidr`, the length of the address, the address.
    pub(super) fn send(&self) -> Vec<u8> {
        let bytes = self.address.bytes();
        let family = FAMILIES[usize::from(self.address.family() == 6)];
        let length = self.address.bits_max() / 8;
        [&[family, self.mask, u8::from(self.cidr), length], bytes].concat()
    }

    /// Sorts as PostgreSQL does: the families, the bits both networks have, the shorter mask first, the address. Each bit
    /// of the network is two, so that the end of one comes before any bit of another.
    pub(super) fn key(&self) -> Vec<u8> {
        const ZERO: u8 = 1;
        const ONE: u8 = 2;
        let bytes = self.address.bytes();
        let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1));
        let symbols =
            bits.take(usize::from(self.mask)).map(|bit| if bit == 1 { ONE } else { ZERO });
        // Four a byte, the end among them; as many bytes for each value of a family.
        let mut packed = vec![0; bytes.len() * 2 + 1];
        for (index, symbol) in symbols.enumerate() {
            if let Some(place) = packed.get_mut(index / 4) {
                *place |= symbol << (6 - index % 4 * 2);
            }
        }
        [&[self.address.family()], packed.as_slice(), bytes].concat()
    }
}

/// `inet_in` and `cidr_in`. Errors: 22P02.
pub(crate) fn read(oid: u32, text: &str) -> Result<Inet> {
    let cidr = oid == types::CIDR;
    let found = match text.contains(':') {
        true => read_v6(text),
        false if cidr => read_v4(text, classful),
        false => read_v4(text, |bytes| (bytes.len() == 4).then_some(32)),
    };
    let (address, mask) = found.ok_or_else(|| invalid(oid, text))?;
    let value = Inet { address, mask, cidr };
    if cidr && value.network() != value {
        return Err(Error::MalformedText(format!("invalid cidr value: \"{text}\""))
            .detail("Value has bits set to right of mask."));
    }
    Ok(value)
}

/// Decimal bytes with points between, fewer than four only where the mask needs no more.
fn read_v4(text: &str, default: impl Fn(&[u8]) -> Option<u8>) -> Option<(Address, u8)> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = address.strip_suffix('.').unwrap_or(address).split('.');
    let bytes = parts.map(|part| part.parse::<u8>().ok().filter(|_| digits(part)));
    let bytes = bytes.collect::<Option<Vec<u8>>>().filter(|bytes| bytes.len() <= 4)?;
    let mask = match mask {
        Some(mask) => mask.parse::<u8>().ok().filter(|bits| *bits <= 32 && digits(mask))?,
        None => default(&bytes)?,
    };
    if bytes.len() < usize::from(mask / 8) && default(&bytes).is_none() {
        return None;
    }
    let filled = bytes.into_iter().chain(std::iter::repeat(0));
    Some((Address::V4([0; 4]).with_bytes(filled), mask))
}

/// The mask of a `cidr` that tells none: that of its class, or of the bytes given when they are more.
fn classful(bytes: &[u8]) -> Option<u8> {
    let class = match bytes.first()? {
        240.. => 32,
        224 if bytes.len() == 1 => return Some(4),
        224.. => 8,
        192.. => 24,
        128.. => 16,
        _ => 8,
    };
    Some(u8::try_from(bytes.len() * 8).unwrap_or(32).max(class))
}

fn read_v6(text: &str) -> Option<(Address, u8)> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    let address: Ipv6Addr = address.parse().ok()?;
    let mask = match mask {
        Some(digits) => {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let zeros = digits.len() > 1 && digits.starts_with('0');
            digits.parse::<u8>().ok().filter(|bits| *bits <= 128 && plain && !zeros)?
        }
        None => 128,
    };
    Some((Address::V6(address.octets()), mask))
}

/// `inet_recv` and `cidr_recv`. Errors: 22P03.
pub(super) fn receive(oid: u32, bytes: &[u8]) -> Result<Inet> {
    let name = types::sql_name(oid);
    let wrong =
        |what: &str| invalid_binary(&format!("invalid {what} in external \"{name}\" value"));
    let ([family, mask, _, length], rest) = bytes.split_first_chunk::<4>().ok_or_else(too_short)?;
    let address = match family {
        2 => Address::V4([0; 4]),
        3 => Address::V6([0; 16]),
        _ => return Err(wrong("address family")),
    };
    if *mask > address.bits_max() {
        return Err(wrong("bits"));
    }
    if usize::from(*length) != address.bytes().len() {
        return Err(wrong("length"));
    }
    if rest.len() < address.bytes().len() {
        return Err(too_short());
    }
    if rest.len() > address.bytes().len() {
        return Err(invalid_binary("incorrect binary data format in bind parameter"));
    }
    let address = address.with_bytes(rest.iter().copied());
    let value = Inet { address, mask: *mask, cidr: oid == types::CIDR };
    if value.cidr && value.network() != value {
        return Err(invalid_binary("invalid external \"cidr\" value")
            .detail("Value has bits set to right of mask."));
    }
    Ok(value)
}

impl fmt::Display for Inet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match !self.cidr && self.mask == self.address.bits_max() {
            true => self.address.fmt(f),
            false => f.write_str(&self.with_mask()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::V4([a, b, c, d]) => write!(f, "{a}.{b}.{c}.{d}"),
            Address::V6(bytes) => f.write_str(&long_v6(*bytes)),
        }
    }
}

fn words(bytes: [u8; 16]) -> [u16; 8] {
    Ipv6Addr::from(bytes).segments()
}

/// The first of the longest runs of words that are zero: where it starts and how many.
fn zeros(words: &[u16]) -> (usize, usize) {
    let mut best = (0, 0);
    let mut run = (0, 0);
    for (index, word) in words.iter().enumerate() {
        run = match (*word, run) {
            (0, (_, 0)) => (index, 1),
            (0, (start, count)) => (start, count + 1),
            _ => (0, 0),
        };
        if run.1 > best.1 {
            best = run;
        }
    }
    best
}

/// `inet_net_ntop_ipv6`: an address of the old family inside shows as one.
fn long_v6(bytes: [u8; 16]) -> String {
    let words = words(bytes);
    let (start, count) = zeros(&words);
    let [.., a, b, c, d] = bytes;
    let inside = match (start, count, words[5]) {
        (0, 6, _) => Some("::"),
        (0, 5, 0xffff) => Some("::ffff:"),
        _ => None,
    };
    if let Some(before) = inside {
        return format!("{before}{a}.{b}.{c}.{d}");
    }
    let hex = |words: &[u16]| {
        words.iter().map(|word| format!("{word:x}")).collect::<Vec<String>>().join(":")
    };
    if count < 2 {
        return hex(&words);
    }
    let (before, rest) = words.split_at(start);
    format!("{}::{}", hex(before), hex(rest.get(count..).unwrap_or(&[])))
}

/// `inet_cidr_ntop_ipv6`, whose bits behind the mask are zero: words the mask does not reach are left out.
fn short_v6(bytes: [u8; 16], mask: u8) -> String {
    if mask == 0 {
        return "::".to_owned();
    }
    let words = words(bytes);
    let shown = usize::from(mask.div_ceil(16)).max(2);
    let shown = words.get(..shown).unwrap_or(&words);
    let (start, count) = zeros(shown);
    let inside = count != shown.len()
        && start == 0
        && (count == 6
            || count == 5 && words[5] == 0xffff
            || count == 7 && bytes[14] != 0 && bytes[15] != 1);
    let mut text = String::new();
    for (index, word) in shown.iter().enumerate() {
        if (start..start + count).contains(&index) {
            text.push_str(if index == start { ":" } else { "" });
            text.push_str(if index + 1 == shown.len() { ":" } else { "" });
        } else if inside && index > 5 {
            let [high, low] = word.to_be_bytes();
            text.push_str(&format!("{}{high}", if index == 6 { ":" } else { "." }));
            // The last byte is left out where the mask does not reach it.
            if index != 7 || mask > 120 {
                text.push_str(&format!(".{low}"));
            }
        } else {
            text.push_str(if text.is_empty() { "" } else { ":" });
            text.push_str(&format!("{word:x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{read, receive};
    use crate::pg::types::{CIDR, INET};

    fn check(oid: u32, text: &str, want: &str) {
        let value = read(oid, text).expect(text);
        assert_eq!(value.to_string(), want, "{text}");
        assert_eq!(receive(oid, &value.send()).expect("binary"), value);
    }

    #[test]
    fn addresses_are_written_as_postgresql_does() {
        check(INET, "192.168.0.1", "192.168.0.1");
        check(INET, "10.0.0.01/08", "10.0.0.1/8");
        check(INET, "10.1/16", "10.1.0.0/16");
        check(INET, "::1:2", "::0.1.0.2");
        check(INET, "::2", "::2");
        check(INET, "::", "::");
        check(INET, "::ffff:1.2.3.4", "::ffff:1.2.3.4");
        check(INET, "1:0:0:2:0:0:0:0/64", "1:0:0:2::/64");
        check(INET, "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7");
        check(CIDR, "10", "10.0.0.0/8");
        check(CIDR, "10.1", "10.1.0.0/16");
        check(CIDR, "128.1", "128.1.0.0/16");
        check(CIDR, "192.168.1", "192.168.1.0/24");
        check(CIDR, "224", "224.0.0.0/4");
        check(CIDR, "240.1", "240.1.0.0/32");
        check(CIDR, "::/0", "::/0");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "nope",
            "",
            "10",
            "10.0.0.1/33",
            "10.0.0.1/",
            " 10.0.0.1",
            "256.0.0.1",
            "1.2.3.4.5",
            "10.1/24",
            "::1/064",
            "::1/129",
            "::1/+1",
            "1.+2.3.4",
            ":",
            "1::2::3",
        ] {
            assert!(read(INET, text).is_err(), "{text}");
        }
        let error = read(CIDR, "192.168.0.1/24").expect_err("bits behind the mask");
        assert_eq!(error.to_string(), "invalid cidr value: \"192.168.0.1/24\"");
        assert!(receive(INET, &[4, 32, 0, 4, 1, 2, 3, 4]).is_err());
        assert!(receive(INET, &[2, 33, 0, 4, 1, 2, 3, 4]).is_err());
        assert!(receive(INET, &[2, 32, 0, 4, 1, 2, 3]).is_err());
        assert!(receive(CIDR, &[2, 8, 1, 4, 1, 2, 3, 4]).is_err());
    }

    #[test]
    fn networks_are_abbreviated() {
        for (text, want) in [
            ("::1/128", "::1/128"),
            ("2001:db8::/32", "2001:db8/32"),
            ("0.0.0.0/0", "0/0"),
            ("::/0", "::/0"),
            ("10.1.128.0/17", "10.1.128/17"),
            ("::ffff:1.2.3.0/120", "::ffff:1.2.3/120"),
            ("::1.2.0.0/112", "::1.2/112"),
            ("fe80::/10", "fe80::/10"),
        ] {
            assert_eq!(read(CIDR, text).expect(text).abbreviated(), want);
        }
    }

    #[test]
    fn keys_sort_as_addresses_do() {
        // As PostgreSQL sorts them.
        let sorted = [
            "10.0.0.0/8",
            "10.1.0.0/8",
            "10.0.0.0/16",
            "10.0.0.0",
            "10.0.0.9",
            "10.0.0.10",
            "11.0.0.0/8",
            "255.255.255.255",
            "::",
            "::1",
            "ffff::/16",
            "ffff::",
        ];
        let keys = sorted.map(|text| read(INET, text).expect(text).key());
        assert!(keys.is_sorted());
    }
}
