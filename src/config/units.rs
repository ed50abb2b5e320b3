//! Durations and sizes as people write them.

use std::time::Duration;

use serde::Deserialize;
use serde::de::Error as _;

/// A duration, or `None` for `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Option<Duration>);

/// A size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub usize);

impl Span {
    /// Reads `500ms`, `10s`, `5min`, `1h`, `7d`, `off`.
    pub fn parse(text: &str) -> Option<Span> {
        if text == "off" || text == "0" {
            return Some(Span(None));
        }
        let (count, unit) = split(text)?;
        let unit_ms = match unit {
            "ms" => 1,
            "s" => 1_000,
            "min" | "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        Some(Span(Some(Duration::from_millis(count.checked_mul(unit_ms)?))))
    }

    /// Milliseconds; 0 for `off`.
    pub fn ms(self) -> u64 {
        self.0.map_or(0, |span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Bytes {
    /// Reads `64KiB`, `16MiB`, `2GiB`, `100B`, and PostgreSQL's `kB`, `MB`, `GB` with the same meaning.
    pub fn parse(text: &str) -> Option<Bytes> {
        let (count, unit) = split(text)?;
        let shift = match unit {
            "" | "B" => 0,
            "KiB" | "kB" => 10,
            "MiB" | "MB" => 20,
            "GiB" | "GB" => 30,
            _ => return None,
        };
        usize::try_from(count.checked_mul(1 << shift)?).ok().map(Bytes)
    }
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    Some((count.parse().ok()?, unit.trim()))
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Span, D::Error> {
        let text = String::deserialize(input)?;
        Span::parse(&text).ok_or_else(|| D::Error::custom(format!("not a duration: \"{text}\"")))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(input)?;
        Bytes::parse(&text).ok_or_else(|| D::Error::custom(format!("not a size: \"{text}\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Span};

    #[test]
    fn spans_and_sizes() {
        assert_eq!(Span::parse("5min").map(Span::ms), Some(300_000));
        assert_eq!(Span::parse("off").map(Span::ms), Some(0));
        assert_eq!(Span::parse("soon"), None);
        assert_eq!(Bytes::parse("2GiB"), Some(Bytes(2 << 30)));
        assert_eq!(Bytes::parse("99999999999GiB"), None);
    }
}
