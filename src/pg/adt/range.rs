//! Range types (rangetypes.c): two bounds of an element type, each inside or outside, or none.
//!
//! The canonical text has moments in UTC and in ISO form; [`Range::written`] writes it as a session wants it.

use std::cmp::Ordering;

use datafusion::common::ScalarValue;

use super::{invalid_binary, too_short};
use crate::error::{Error, Result};
use crate::pg::encode::{self, OutputSettings};
use crate::pg::{decode, types};

/// A range of the type `oid`; `None` in [`Range::bounds`] is the empty one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    pub(crate) oid: u32,
    pub(crate) bounds: Option<(Bound, Bound)>,
}

/// One end of a range. An end without a value is never reached.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: Option<ScalarValue>,
    pub(crate) inclusive: bool,
    pub(crate) lower: bool,
    /// Sorts as the values do, and no key begins with another.
    key: Vec<u8>,
}

/// The type of the elements of a range type.
pub(crate) fn element_of(oid: u32) -> Option<u32> {
    Some(match oid {
        types::INT4RANGE => types::INT4,
        types::INT8RANGE => types::INT8,
        types::NUMRANGE => types::NUMERIC,
        types::DATERANGE => types::DATE,
        types::TSRANGE => types::TIMESTAMP,
        types::TSTZRANGE => types::TIMESTAMPTZ,
        _ => return None,
    })
}

/// Whether a session's settings tell how ranges of that type are written.
pub(super) fn is_styled(oid: u32) -> bool {
    matches!(oid, types::DATERANGE | types::TSRANGE | types::TSTZRANGE)
}

impl Bound {
    /// A bound before or behind `value`; a missing one is never inside.
    pub(crate) fn new(value: Option<ScalarValue>, inclusive: bool, lower: bool) -> Result<Bound> {
        let key = value.as_ref().map(key).transpose()?.unwrap_or_default();
        Ok(Bound { inclusive: inclusive && value.is_some(), value, lower, key })
    }

    /// The same place as an end of the other side: what one range leaves out the other takes in.
    pub(crate) fn turned(&self) -> Bound {
        Bound { inclusive: !self.inclusive, lower: !self.lower, ..self.clone() }
    }

    /// `range_cmp_bounds`
    pub(crate) fn compare(&self, other: &Bound) -> Ordering {
        // Where a bound without a value lies, and where one beside its value: inside first for a lower one.
        let end = |bound: &Bound| if bound.lower { Ordering::Less } else { Ordering::Greater };
        let side = |bound: &Bound| match (bound.inclusive, bound.lower) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => -1,
        };
        match (&self.value, &other.value) {
            (None, None) => end(self).cmp(&end(other)),
            (None, Some(_)) => end(self),
            (Some(_), None) => end(other).reverse(),
            (Some(_), Some(_)) => {
                self.key.cmp(&other.key).then_with(|| side(self).cmp(&side(other)))
            }
        }
    }

    /// Whether the two have one value.
    fn meets(&self, other: &Bound) -> bool {
        self.value.is_some() && other.value.is_some() && self.key == other.key
    }

    fn sort_key(&self) -> Vec<u8> {
        let side = u8::from(self.inclusive != self.lower);
        match (&self.value, self.lower) {
            (None, true) => vec![0],
            (None, false) => vec![2],
            (Some(_), _) => [&[1], self.key.as_slice(), &[side]].concat(),
        }
    }
}

impl Range {
    /// `make_range`: the empty one when nothing lies between the bounds; of whole numbers and days one that includes its
    /// lower bound only.
    /// Errors: 22000 when the bounds are the wrong way round; 22003, 22008 beyond the type.
    pub(crate) fn new(oid: u32, lower: Bound, upper: Bound) -> Result<Range> {
        let empty = Range { oid, bounds: None };
        if lower.value.is_some() && upper.value.is_some() {
            match lower.key.cmp(&upper.key) {
                Ordering::Greater => {
                    return Err(Error::Data(
                        "range lower bound must be less than or equal to range upper bound"
                            .to_owned(),
                    ));
                }
                Ordering::Equal if !(lower.inclusive && upper.inclusive) => return Ok(empty),
                _ => {}
            }
        }
        let lower = if lower.inclusive { lower } else { moved(lower)? };
        let upper = if upper.inclusive { moved(upper)? } else { upper };
        if lower.meets(&upper) && !(lower.inclusive && upper.inclusive) {
            return Ok(empty);
        }
        Ok(Range { oid, bounds: Some((lower, upper)) })
    }

    /// Whether the value lies between the bounds.
    pub(crate) fn contains(&self, value: ScalarValue) -> Result<bool> {
        let Some((lower, upper)) = &self.bounds else { return Ok(false) };
        let (first, last) =
            (Bound::new(Some(value.clone()), true, true)?, Bound::new(Some(value), true, false)?);
        Ok(lower.compare(&first).is_le() && upper.compare(&last).is_ge())
    }

    /// Whether all of `other` lies in it.
    pub(crate) fn contains_range(&self, other: &Range) -> bool {
        match (&self.bounds, &other.bounds) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some((lower, upper)), Some((other_lower, other_upper))) => {
                lower.compare(other_lower).is_le() && upper.compare(other_upper).is_ge()
            }
        }
    }

    /// Whether the two have a value in common.
    pub(crate) fn overlaps(&self, other: &Range) -> bool {
        match (&self.bounds, &other.bounds) {
            (Some((lower, upper)), Some((other_lower, other_upper))) => {
                lower.compare(other_upper).is_le() && other_lower.compare(upper).is_le()
            }
            _ => false,
        }
    }

    /// Whether nothing lies between the two, and they have nothing in common.
    pub(crate) fn adjoins(&self, other: &Range) -> bool {
        let touch =
            |upper: &Bound, lower: &Bound| upper.meets(lower) && upper.inclusive != lower.inclusive;
        match (&self.bounds, &other.bounds) {
            (Some((lower, upper)), Some((other_lower, other_upper))) => {
                touch(upper, other_lower) || touch(other_upper, lower)
            }
            _ => false,
        }
    }

    /// Bytes that sort as ranges do: the empty one, then by the lower bound, then by the upper.
    pub(super) fn sort_key(&self) -> Vec<u8> {
        match &self.bounds {
            None => vec![0],
            Some((lower, upper)) => [&[1], lower.sort_key().as_slice(), &upper.sort_key()].concat(),
        }
    }

    /// `range_out`
    pub(crate) fn written(&self, settings: &OutputSettings) -> Result<String> {
        let (Some((lower, upper)), Some(element)) = (&self.bounds, element_of(self.oid)) else {
            return Ok("empty".to_owned());
        };
        let value = |bound: &Bound| -> Result<String> {
            let Some(value) = &bound.value else { return Ok(String::new()) };
            let bytes = encode::value_bytes(value, element, false, settings)?;
            Ok(quoted(decode::utf8(&bytes)?))
        };
        let (open, close) =
            (if lower.inclusive { '[' } else { '(' }, if upper.inclusive { ']' } else { ')' });
        Ok(format!("{open}{},{}{close}", value(lower)?, value(upper)?))
    }

    /// Flags, then each bound that has a value, behind its length.
    pub(super) fn send(&self) -> Result<Vec<u8>> {
        let (Some((lower, upper)), Some(element)) = (&self.bounds, element_of(self.oid)) else {
            return Ok(vec![EMPTY]);
        };
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let mut bytes = vec![
            flag(lower.inclusive, LOWER_INCLUSIVE)
                | flag(upper.inclusive, UPPER_INCLUSIVE)
                | flag(lower.value.is_none(), LOWER_INFINITE)
                | flag(upper.value.is_none(), UPPER_INFINITE),
        ];
        for value in [lower, upper].into_iter().filter_map(|bound| bound.value.as_ref()) {
            let value = encode::value_bytes(value, element, true, &OutputSettings::default())?;
            let length = i32::try_from(value.len())
                .map_err(|_long| Error::ProgramLimitExceeded("a range is too long".to_owned()))?;
            bytes.extend(length.to_be_bytes());
            bytes.extend(value);
        }
        Ok(bytes)
    }
}

fn least(left: Bound, right: Bound) -> Bound {
    if left.compare(&right).is_le() { left } else { right }
}

fn greatest(left: Bound, right: Bound) -> Bound {
    if left.compare(&right).is_ge() { left } else { right }
}

/// The smallest range with both.
pub(crate) fn around(left: Range, right: Range) -> Result<Range> {
    match (left.bounds, right.bounds) {
        (Some((lower, upper)), Some((other_lower, other_upper))) => {
            Range::new(left.oid, least(lower, other_lower), greatest(upper, other_upper))
        }
        (bounds, other) => Ok(Range { oid: left.oid, bounds: bounds.or(other) }),
    }
}

/// What is in both.
pub(crate) fn intersection(left: Range, right: Range) -> Result<Range> {
    let oid = left.oid;
    if !left.overlaps(&right) {
        return Ok(Range { oid, bounds: None });
    }
    match (left.bounds, right.bounds) {
        (Some((lower, upper)), Some((other_lower, other_upper))) => {
            Range::new(oid, greatest(lower, other_lower), least(upper, other_upper))
        }
        _ => Ok(Range { oid, bounds: None }),
    }
}

/// What is in `left` and not in `right`: up to two ranges.
pub(crate) fn parts(left: &Range, right: &Range) -> Result<Vec<Range>> {
    let (true, Some((lower, upper)), Some((other_lower, other_upper))) =
        (left.overlaps(right), &left.bounds, &right.bounds)
    else {
        return Ok(vec![left.clone()]);
    };
    let mut parts = Vec::with_capacity(2);
    if lower.compare(other_lower).is_lt() {
        parts.push(Range::new(left.oid, lower.clone(), other_lower.turned())?);
    }
    if upper.compare(other_upper).is_gt() {
        parts.push(Range::new(left.oid, other_upper.turned(), upper.clone())?);
    }
    Ok(parts)
}

const EMPTY: u8 = 1;
const LOWER_INCLUSIVE: u8 = 2;
const UPPER_INCLUSIVE: u8 = 4;
const LOWER_INFINITE: u8 = 8;
const UPPER_INFINITE: u8 = 16;

/// A bound of whole numbers or days as one at the next: an excluded lower one then includes, an included upper one
/// excludes. Others stay.
fn moved(bound: Bound) -> Result<Bound> {
    let out = |kind: &str| Error::NumericOutOfRange(format!("{kind} out of range"));
    let next = match bound.value {
        Some(ScalarValue::Int32(Some(value))) => {
            let next = value.checked_add(1).ok_or_else(|| out("integer"))?;
            ScalarValue::Int32(Some(next))
        }
        Some(ScalarValue::Int64(Some(value))) => {
            let next = value.checked_add(1).ok_or_else(|| out("bigint"))?;
            ScalarValue::Int64(Some(next))
        }
        Some(ScalarValue::Date32(Some(value))) => {
            let beyond = || Error::DatetimeOverflow("date out of range".to_owned());
            ScalarValue::Date32(Some(value.checked_add(1).ok_or_else(beyond)?))
        }
        _ => return Ok(bound),
    };
    Bound::new(Some(next), bound.lower, bound.lower)
}

/// See [`Bound::key`]. Errors: 0A000 for a value that no range type has.
fn key(value: &ScalarValue) -> Result<Vec<u8>> {
    let whole = match value {
        ScalarValue::Int32(Some(value)) | ScalarValue::Date32(Some(value)) => i64::from(*value),
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => {
            *value
        }
        ScalarValue::Decimal128(Some(value), _, scale) => {
            return Ok(decimal_key(&value.to_string(), *scale));
        }
        ScalarValue::Decimal256(Some(value), _, scale) => {
            return Ok(decimal_key(&value.to_string(), *scale));
        }
        other => {
            let kind = other.data_type();
            return Err(Error::FeatureNotSupported(format!("ranges of {kind} are not supported")));
        }
    };
    // The sign turned over, negative numbers come before the others.
    Ok((whole ^ i64::MIN).to_be_bytes().to_vec())
}

/// The sign, the count of digits before the point, the digits without zeros at either end; of a negative number all of
/// it turned over.
pub(crate) fn decimal_key(digits: &str, scale: i8) -> Vec<u8> {
    let (negative, digits) = match digits.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, digits),
    };
    let significant = digits.trim_start_matches('0');
    // Of zero no digit is left, which comes between.
    let before = i32::try_from(significant.len()).unwrap_or(i32::MAX) - i32::from(scale);
    let before = if significant.is_empty() { i32::MIN } else { before };
    let mut key = (before ^ i32::MIN).to_be_bytes().to_vec();
    key.extend(significant.trim_end_matches('0').bytes());
    key.push(0);
    if negative {
        key.iter_mut().for_each(|byte| *byte = !*byte);
    }
    key.insert(0, if negative { 0 } else { 1 });
    key
}

/// A bound's text, in quotes where it has to be.
fn quoted(text: &str) -> String {
    let special = |c: char| matches!(c, '"' | '\\' | '(' | ')' | '[' | ']' | ',');
    if !text.is_empty() && !text.contains(|c: char| special(c) || c.is_ascii_whitespace()) {
        return text.to_owned();
    }
    let doubled = text.replace('\\', "\\\\").replace('"', "\"\"");
    format!("\"{doubled}\"")
}

/// `range_in`. Errors: 22P02, and those of the elements.
pub(crate) fn read(oid: u32, text: &str, settings: &OutputSettings) -> Result<Range> {
    let (lower, upper) = match parse(text) {
        Ok(Some(bounds)) => bounds,
        Ok(None) => return Ok(Range { oid, bounds: None }),
        Err(detail) => {
            let error = Error::MalformedText(format!("malformed range literal: \"{text}\""));
            return Err(error.detail(detail));
        }
    };
    let element = element_of(oid).unwrap_or(types::TEXT);
    let bound = |(text, inclusive): (Option<String>, bool), lower: bool| {
        let value = text.map(|text| decode::parameter(element, false, text.as_bytes(), settings));
        Bound::new(value.transpose()?, inclusive, lower)
    };
    Range::new(oid, bound(lower, true)?, bound(upper, false)?)
}

/// A bound's text, if it has one, and whether it is inside.
type BoundText = (Option<String>, bool);

/// The bounds of a range's text, `None` of the empty one; an error is the detail of PostgreSQL's.
fn parse(text: &str) -> std::result::Result<Option<(BoundText, BoundText)>, &'static str> {
    let body = text.trim_ascii_start();
    if let Some(word) = body.get(..5).filter(|word| word.eq_ignore_ascii_case("empty")) {
        let rest = body.get(word.len()..).unwrap_or("");
        return match rest.trim_ascii().is_empty() {
            true => Ok(None),
            false => Err("Junk after \"empty\" key word."),
        };
    }
    let mut chars = body.chars().peekable();
    let lower_inside = match chars.next() {
        Some('[') => true,
        Some('(') => false,
        _ => return Err("Missing left parenthesis or bracket."),
    };
    let lower = bound_text(&mut chars)?;
    match chars.next() {
        Some(',') => {}
        _ => return Err("Missing comma after lower bound."),
    }
    let upper = bound_text(&mut chars)?;
    let upper_inside = match chars.next() {
        Some(']') => true,
        Some(')') => false,
        _ => return Err("Too many commas."),
    };
    match chars.all(|c| c.is_ascii_whitespace()) {
        true => Ok(Some(((lower, lower_inside), (upper, upper_inside)))),
        false => Err("Junk after right parenthesis or bracket."),
    }
}

/// `range_parse_bound`: up to a comma, parenthesis or bracket outside of quotes; nothing at all is no bound.
fn bound_text(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
) -> std::result::Result<Option<String>, &'static str> {
    const END: &str = "Unexpected end of input.";
    if matches!(chars.peek(), Some(',' | ')' | ']')) {
        return Ok(None);
    }
    let (mut bound, mut quoted) = (String::new(), false);
    loop {
        let c = *chars.peek().ok_or(END)?;
        if !quoted && matches!(c, ',' | '(' | ')' | '[' | ']') {
            return Ok(Some(bound));
        }
        chars.next();
        match c {
            '\\' => bound.push(chars.next().ok_or(END)?),
            '"' if !quoted => quoted = true,
            '"' if chars.peek() == Some(&'"') => {
                chars.next();
                bound.push('"');
            }
            '"' => quoted = false,
            other => bound.push(other),
        }
    }
}

/// `range_recv`. Errors: 22P03, and those of the elements.
pub(super) fn receive(oid: u32, bytes: &[u8]) -> Result<Range> {
    let (flags, mut rest) = bytes.split_first().ok_or_else(too_short)?;
    let has = |flag: u8| flags & flag != 0;
    if has(EMPTY) {
        return Ok(Range { oid, bounds: None });
    }
    let element = element_of(oid).unwrap_or(types::TEXT);
    let mut bound = |infinite: bool, inclusive: bool, lower: bool| -> Result<Bound> {
        if infinite {
            return Bound::new(None, false, lower);
        }
        let (length, after) = rest.split_first_chunk::<4>().ok_or_else(too_short)?;
        let length =
            usize::try_from(i32::from_be_bytes(*length)).map_err(|_negative| too_short())?;
        let (value, after) = after.split_at_checked(length).ok_or_else(too_short)?;
        rest = after;
        let value = decode::parameter(element, true, value, &OutputSettings::default())?;
        Bound::new(Some(value), inclusive, lower)
    };
    let lower = bound(has(LOWER_INFINITE), has(LOWER_INCLUSIVE), true)?;
    let upper = bound(has(UPPER_INFINITE), has(UPPER_INCLUSIVE), false)?;
    if !rest.is_empty() {
        return Err(invalid_binary("incorrect binary data format in bind parameter"));
    }
    Range::new(oid, lower, upper)
}

#[cfg(test)]
mod tests {
    use super::{Range, read, receive};
    use crate::pg::encode::OutputSettings;
    use crate::pg::types::{DATERANGE, INT4RANGE, INT8RANGE, NUMRANGE, TSRANGE, TSTZRANGE};

    fn range(oid: u32, text: &str) -> Range {
        read(oid, text, &OutputSettings::default()).expect(text)
    }

    fn check(oid: u32, text: &str, want: &str) {
        let found = range(oid, text);
        assert_eq!(found.written(&OutputSettings::default()).expect(text), want, "{text}");
        assert_eq!(receive(oid, &found.send().expect("binary")).expect("binary"), found, "{text}");
    }

    #[test]
    fn ranges_are_canonical() {
        check(INT4RANGE, "[1,5]", "[1,6)");
        check(INT4RANGE, "(1,5]", "[2,6)");
        check(INT4RANGE, "(1,2)", "empty");
        check(INT4RANGE, "[,]", "(,)");
        check(INT4RANGE, " [ 1 , 5 ) ", "[1,5)");
        check(INT4RANGE, "EMPTY ", "empty");
        check(INT8RANGE, "(,5]", "(,6)");
        check(NUMRANGE, "(1.50,2]", "(1.50,2]");
        check(NUMRANGE, "[1\"\",1]", "[1,1]");
        check(DATERANGE, "[2026-01-01,2026-02-01]", "[2026-01-01,2026-02-02)");
        check(TSRANGE, "(\"2026-01-01 00:00\",)", "(\"2026-01-01 00:00:00\",)");
        check(TSTZRANGE, "[2026-01-01 00:00+02,)", "[\"2025-12-31 22:00:00+00\",)");
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let detail = |text: &str| {
            let error = read(INT4RANGE, text, &OutputSettings::default()).expect_err(text);
            (error.to_string(), error.notes().detail.unwrap_or_default())
        };
        for (text, want) in [
            ("[1,5", "Unexpected end of input."),
            ("1,5]", "Missing left parenthesis or bracket."),
            ("[1;5]", "Missing comma after lower bound."),
            ("[1,5] x", "Junk after right parenthesis or bracket."),
            ("[1,5,6]", "Too many commas."),
            ("", "Missing left parenthesis or bracket."),
            ("empty)", "Junk after \"empty\" key word."),
            ("[\"1,\"\",2]", "Unexpected end of input."),
        ] {
            assert_eq!(detail(text), (format!("malformed range literal: \"{text}\""), want.into()));
        }
        let words = |text: &str| detail(text).0;
        assert_eq!(
            words("[5,1]"),
            "range lower bound must be less than or equal to range upper bound"
        );
        assert_eq!(words("[2147483647,2147483647]"), "integer out of range");
        assert_eq!(words("[a,5]"), "invalid input syntax for type integer: \"a\"");
        for bytes in [&[][..], &[2], &[2, 0, 0, 0, 9, 1], &[24, 0], &[2, 255, 255, 255, 255]] {
            assert!(receive(INT4RANGE, bytes).is_err());
        }
    }

    #[test]
    fn ranges_sort() {
        let sorted = |oid: u32, texts: &[&str]| {
            assert!(texts.iter().map(|text| range(oid, text).sort_key()).is_sorted(), "{texts:?}");
        };
        sorted(INT4RANGE, &["empty", "(,1)", "(,)", "[-1,5)", "[0,1)", "[1,5)", "[1,6)", "[1,)"]);
        sorted(
            NUMRANGE,
            &["(,-1)", "[-10,0)", "[-1.5,0)", "[-1,0)", "[-0.001,0)", "[0,1)", "[0.01,1)"],
        );
        sorted(NUMRANGE, &["[0.1,1)", "[0.15,1)", "[1,5)", "[1,5]", "(1,5)", "[9,10)", "[10,11)"]);
        assert_eq!(range(NUMRANGE, "[1,5]").sort_key(), range(NUMRANGE, "[1.0,5.00]").sort_key());
    }

    #[test]
    fn ranges_are_compared() {
        let of = |text: &str| range(NUMRANGE, text);
        assert!(
            of("[1,5)").contains_range(&of("[2,5)")) && !of("[1,5)").contains_range(&of("[2,5]"))
        );
        assert!(
            of("[1,5)").contains_range(&of("empty")) && !of("empty").contains_range(&of("[1,2)"))
        );
        assert!(of("[1,5]").overlaps(&of("[5,6)")) && !of("[1,5)").overlaps(&of("[5,6)")));
        assert!(of("[1,5)").adjoins(&of("[5,6)")) && !of("[1,5)").adjoins(&of("(5,6)")));
        assert!(of("(5,6)").adjoins(&of("[1,5]")) && !of("(,)").adjoins(&of("(,)")));
    }
}
