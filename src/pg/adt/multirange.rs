//! Multirange types (multirangetypes.c): ranges of one type in their order, with something between any two.

use std::cmp::Ordering;

use super::range::{self, Bound, Range};
use super::{invalid_binary, too_short};
use crate::error::{Error, Result};
use crate::pg::encode::OutputSettings;
use crate::pg::types;

/// A multirange of the type `oid`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Multirange {
    pub(crate) oid: u32,
    pub(crate) ranges: Vec<Range>,
}

/// The type of the ranges of a multirange type.
pub(crate) fn range_of(oid: u32) -> Option<u32> {
    Some(match oid {
        types::INT4MULTIRANGE => types::INT4RANGE,
        types::INT8MULTIRANGE => types::INT8RANGE,
        types::NUMMULTIRANGE => types::NUMRANGE,
        types::DATEMULTIRANGE => types::DATERANGE,
        types::TSMULTIRANGE => types::TSRANGE,
        types::TSTZMULTIRANGE => types::TSTZRANGE,
        _ => return None,
    })
}

fn lower(range: &Range) -> Option<&Bound> {
    range.bounds.as_ref().map(|(lower, _)| lower)
}

fn upper(range: &Range) -> Option<&Bound> {
    range.bounds.as_ref().map(|(_, upper)| upper)
}

fn order(left: &Range, right: &Range) -> Ordering {
    left.sort_key().cmp(&right.sort_key())
}

impl Multirange {
    /// `multirange_canonicalize`: sorted, without empty ones, those that touch as one.
    pub(crate) fn new(oid: u32, mut ranges: Vec<Range>) -> Result<Multirange> {
        ranges.retain(|range| range.bounds.is_some());
        ranges.sort_by(order);
        let mut kept: Vec<Range> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match kept.last_mut() {
                Some(last) if last.overlaps(&range) || last.adjoins(&range) => {
                    *last = range::around(last.clone(), range)?;
                }
                _ => kept.push(range),
            }
        }
        Ok(Multirange { oid, ranges: kept })
    }

    /// The smallest range with all of it.
    pub(crate) fn around(&self) -> Result<Range> {
        let oid = range_of(self.oid).unwrap_or(types::INT4RANGE);
        match (self.ranges.first(), self.ranges.last()) {
            (Some(first), Some(last)) => range::around(first.clone(), last.clone()),
            _ => Ok(Range { oid, bounds: None }),
        }
    }

    pub(crate) fn contains_range(&self, range: &Range) -> bool {
        range.bounds.is_none() || self.ranges.iter().any(|own| own.contains_range(range))
    }

    pub(crate) fn contains_all(&self, other: &Multirange) -> bool {
        other.ranges.iter().all(|range| self.contains_range(range))
    }

    pub(crate) fn overlaps(&self, other: &Multirange) -> bool {
        self.ranges.iter().any(|own| other.ranges.iter().any(|range| own.overlaps(range)))
    }

    /// Whether the two touch and have nothing in common, one behind the other.
    pub(crate) fn adjoins(&self, other: &Multirange) -> bool {
        let touch = |one: &Multirange, next: &Multirange| {
            matches!((one.ranges.last(), next.ranges.first()), (Some(last), Some(first))
                if last.adjoins(first) && order(last, first).is_lt())
        };
        touch(self, other) || touch(other, self)
    }

    pub(crate) fn union(&self, other: &Multirange) -> Result<Multirange> {
        Multirange::new(self.oid, [self.ranges.as_slice(), &other.ranges].concat())
    }

    pub(crate) fn intersection(&self, other: &Multirange) -> Result<Multirange> {
        let mut found = Vec::new();
        for own in &self.ranges {
            for range in &other.ranges {
                found.push(range::intersection(own.clone(), range.clone())?);
            }
        }
        Multirange::new(self.oid, found)
    }

    /// What is left of it: each range without each of the others.
    pub(crate) fn without(&self, other: &Multirange) -> Result<Multirange> {
        let mut left = self.ranges.clone();
        for range in &other.ranges {
            let mut parts = Vec::with_capacity(left.len() + 1);
            for own in left {
                parts.extend(range::parts(&own, range)?);
            }
            left = parts;
        }
        Multirange::new(self.oid, left)
    }

    /// Whether all of it lies before all of `other`.
    pub(crate) fn precedes(&self, other: &Multirange) -> bool {
        let ends = self.ranges.last().and_then(upper).zip(other.ranges.first().and_then(lower));
        ends.is_some_and(|(end, start)| end.compare(start).is_lt())
    }

    /// Whether none of it lies behind the end of `other`.
    pub(crate) fn ends_by(&self, other: &Multirange) -> bool {
        let ends = self.ranges.last().and_then(upper).zip(other.ranges.last().and_then(upper));
        ends.is_some_and(|(own, end)| own.compare(end).is_le())
    }

    /// Whether none of it lies before the start of `other`.
    pub(crate) fn starts_from(&self, other: &Multirange) -> bool {
        let starts = self.ranges.first().and_then(lower).zip(other.ranges.first().and_then(lower));
        starts.is_some_and(|(own, start)| own.compare(start).is_ge())
    }

    /// Bytes that sort as multiranges do: range by range, a shorter one first.
    pub(super) fn sort_key(&self) -> Vec<u8> {
        let mut key: Vec<u8> = self.ranges.iter().flat_map(Range::sort_key).collect();
        key.push(0);
        key
    }

    /// `multirange_out`
    pub(crate) fn written(&self, settings: &OutputSettings) -> Result<String> {
        let ranges = self.ranges.iter().map(|range| range.written(settings));
        Ok(format!("{{{}}}", ranges.collect::<Result<Vec<_>>>()?.join(",")))
    }

    /// How many ranges, then each behind its length.
    pub(super) fn send(&self) -> Result<Vec<u8>> {
        let long = |_| Error::ProgramLimitExceeded("a multirange is too long".to_owned());
        let mut bytes = i32::try_from(self.ranges.len()).map_err(long)?.to_be_bytes().to_vec();
        for range in &self.ranges {
            let range = range.send()?;
            bytes.extend(i32::try_from(range.len()).map_err(long)?.to_be_bytes());
            bytes.extend(range);
        }
        Ok(bytes)
    }
}

/// `multirange_in`. Errors: 22P02, and those of the ranges.
pub(crate) fn read(oid: u32, text: &str, settings: &OutputSettings) -> Result<Multirange> {
    let wrong = |detail: &str| {
        let message = format!("malformed multirange literal: \"{text}\"");
        Err(Error::MalformedText(message).detail(detail))
    };
    let range_oid = range_of(oid).unwrap_or(types::INT4RANGE);
    let mut rest = text.trim_start();
    let Some(inside) = rest.strip_prefix('{') else { return wrong("Missing left brace.") };
    rest = inside.trim_start();
    let mut ranges = Vec::new();
    loop {
        if ranges.is_empty()
            && let Some(after) = rest.strip_prefix('}')
        {
            rest = after;
            break;
        }
        let Some(length) = range_length(rest) else {
            return match rest.is_empty() {
                true => wrong("Unexpected end of input."),
                false => wrong("Expected range start."),
            };
        };
        let Some((range, after)) = length.and_then(|length| rest.split_at_checked(length)) else {
            return wrong("Unexpected end of input.");
        };
        ranges.push(range::read(range_oid, range, settings)?);
        rest = after.trim_start();
        match rest.chars().next() {
            Some(',') => rest = rest.trim_start_matches(',').trim_start(),
            Some('}') => {
                rest = rest.trim_start_matches('}');
                break;
            }
            Some(_) => return wrong("Expected comma or end of multirange."),
            None => return wrong("Unexpected end of input."),
        }
    }
    if !rest.trim_start().is_empty() {
        return wrong("Junk after closing right brace.");
    }
    Multirange::new(oid, ranges)
}

/// How long the range at the start of `text` is; `None` inside when it does not end, `None` where none starts.
fn range_length(text: &str) -> Option<Option<usize>> {
    const EMPTY: &str = "empty";
    let first = text.chars().next()?;
    if !matches!(first, '[' | '(') {
        let empty = text.get(..EMPTY.len()).is_some_and(|word| word.eq_ignore_ascii_case(EMPTY));
        return empty.then_some(Some(EMPTY.len()));
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ']' | ')' if !quoted => return Some(Some(at + 1)),
            _ => {}
        }
    }
    Some(None)
}

/// `multirange_recv`. Errors: 22P03, and those of the ranges.
pub(super) fn receive(oid: u32, bytes: &[u8]) -> Result<Multirange> {
    let (count, mut rest) = bytes.split_first_chunk::<4>().ok_or_else(too_short)?;
    let mut ranges = Vec::new();
    for _each in 0..u32::from_be_bytes(*count) {
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (range, after) = after.split_at_checked(length).ok_or_else(too_short)?;
        ranges.push(range::receive(range_of(oid).unwrap_or(types::INT4RANGE), range)?);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(invalid_binary("incorrect binary data format in bind parameter"));
    }
    Multirange::new(oid, ranges)
}

#[cfg(test)]
mod tests {
    use super::{Multirange, read, receive};
    use crate::pg::encode::OutputSettings;
    use crate::pg::types::{INT4MULTIRANGE, NUMMULTIRANGE, TSMULTIRANGE};

    fn of(text: &str) -> Multirange {
        read(INT4MULTIRANGE, text, &OutputSettings::default()).expect(text)
    }

    fn written(found: &Multirange) -> String {
        found.written(&OutputSettings::default()).expect("a text")
    }

    #[track_caller]
    fn check(oid: u32, text: &str, want: &str) {
        let found = read(oid, text, &OutputSettings::default()).expect(text);
        assert_eq!(written(&found), want, "{text}");
        assert_eq!(receive(oid, &found.send().expect("binary")).expect("binary"), found);
    }

    #[test]
    fn ranges_that_touch_are_one() {
        check(INT4MULTIRANGE, "{[1,3),[5,9)}", "{[1,3),[5,9)}");
        check(INT4MULTIRANGE, " { [5,9], [1,3), empty } ", "{[1,3),[5,10)}");
        check(INT4MULTIRANGE, "{[1,3),[2,5],[6,7)}", "{[1,7)}");
        check(INT4MULTIRANGE, "{}", "{}");
        check(INT4MULTIRANGE, "{(,1),[1,)}", "{(,)}");
        check(NUMMULTIRANGE, "{(1.0,2.50],(2.5,3)}", "{(1.0,3)}");
        check(
            TSMULTIRANGE,
            "{[2026-01-01,2026-01-02)}",
            "{[\"2026-01-01 00:00:00\",\"2026-01-02 00:00:00\")}",
        );
    }

    #[test]
    fn sets_of_numbers() {
        let (one, other) = (of("{[1,10),[20,30)}"), of("{[5,25)}"));
        assert_eq!(written(&one.union(&other).expect("a union")), "{[1,30)}");
        assert_eq!(written(&one.intersection(&other).expect("a part")), "{[5,10),[20,25)}");
        assert_eq!(written(&one.without(&other).expect("a rest")), "{[1,5),[25,30)}");
        assert_eq!(written(&other.without(&one).expect("a rest")), "{[10,20)}");
        assert!(one.overlaps(&other) && !one.contains_all(&other));
        assert!(one.sort_key() < of("{[1,10),[20,30),[40,50)}").sort_key());
        assert!(of("{[1,2)}").precedes(&of("{[5,6)}")));
        assert!(of("{[1,5)}").adjoins(&of("{[5,6)}")));
    }

    #[test]
    fn what_is_no_multirange_is_refused() {
        for text in ["", "[1,2)", "{[1,2)", "{1,2}", "{[1,2)} x", "{[1,2);[3,4)}", "{[1,2),}"] {
            assert!(read(INT4MULTIRANGE, text, &OutputSettings::default()).is_err(), "{text}");
        }
    }
}
