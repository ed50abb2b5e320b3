//! Array parameters: `{1,2}` and the binary form. Several dimensions become lists of lists.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{Field, i256};
use datafusion::common::ScalarValue;

use super::{data_type, fixed, null, parameter, too_short, trim};
use crate::error::{Error, Result};
use crate::pg::encode::{OutputSettings, is_oid};
use crate::pg::types;

/// PostgreSQL's `MAXDIM`.
const DIMENSIONS_MAX: usize = 6;

/// Elements in order, outermost dimension first.
struct Elements {
    dimensions: Vec<usize>,
    values: Vec<ScalarValue>,
}

// ---- text

/// `array_in`.
pub(super) fn from_text(
    element: u32,
    text: &str,
    settings: &OutputSettings,
) -> Result<ScalarValue> {
    let parsed = Literal::parse(text)?;
    // Names and numbers of objects cannot share a list: one name makes all of them text.
    let named = is_oid(element)
        && parsed.values.iter().flatten().any(|value| value.parse::<u32>().is_err());
    let read_as = if named { types::TEXT } else { element };
    let values = parsed
        .values
        .iter()
        .map(|value| match value {
            Some(value) => parameter(read_as, false, value.as_bytes(), settings),
            None => Ok(null(read_as)),
        })
        .collect::<Result<Vec<_>>>()?;
    build(read_as, Elements { dimensions: parsed.dimensions, values })
}

/// The elements of an array of texts.
pub(super) fn texts(text: &str) -> Result<Vec<Option<String>>> {
    Literal::parse(text).map(|literal| literal.values)
}

/// `int2vectorin` and `oidvectorin`: numbers with white space between.
pub(super) fn from_vector(
    element: u32,
    text: &str,
    settings: &OutputSettings,
) -> Result<ScalarValue> {
    let values = text
        .split_ascii_whitespace()
        .map(|number| parameter(element, false, number.as_bytes(), settings))
        .collect::<Result<Vec<_>>>()?;
    build(element, Elements { dimensions: vec![values.len()], values })
}

/// An array's text taken apart: the elements without quotes; `None` is NULL.
struct Literal {
    dimensions: Vec<usize>,
    values: Vec<Option<String>>,
}

impl Literal {
    fn parse(text: &str) -> Result<Literal> {
        let malformed =
            |detail: &str| Error::MalformedArray(text.to_owned()).detail(detail.to_owned());
        let mut body = trim(text);
        let mut bounds = Vec::new();
        while let Some(after) = body.strip_prefix('[') {
            let (bound, after) = after
                .split_once(']')
                .ok_or_else(|| malformed("Missing \"]\" after array dimensions."))?;
            let (low, high) = bound.split_once(':').unwrap_or(("1", bound));
            let whole = |text: &str| {
                trim(text).parse::<i32>().map_err(|_text| {
                    malformed("\"[\" must introduce explicitly-specified array dimensions.")
                })
            };
            bounds.push((whole(low)?, whole(high)?));
            body = trim(after);
        }
        if !bounds.is_empty() {
            let after = body
                .strip_prefix('=')
                .ok_or_else(|| malformed("Missing \"=\" after array dimensions."))?;
            body = trim(after);
            if !body.starts_with('{') {
                return Err(malformed("Array contents must start with \"{\"."));
            }
        }
        if !body.starts_with('{') {
            return Err(malformed("Array value must start with \"{\" or dimension information."));
        }
        let parser = Parser {
            rest: body,
            depth: 0,
            counts: Vec::new(),
            lengths: Vec::new(),
            leaf_depth: None,
            values: Vec::new(),
        };
        let literal = parser.run().map_err(malformed)?;
        literal.bounded(&bounds, malformed)?;
        Ok(literal)
    }

    /// Errors: 22P02 for bounds that are not those of the elements; 0A000 for those that do not begin at 1, since the
    /// subscripts of a list always do.
    fn bounded(&self, bounds: &[(i32, i32)], malformed: impl Fn(&str) -> Error) -> Result<()> {
        if bounds.is_empty() {
            return Ok(());
        }
        let length = |(low, high): &(i32, i32)| {
            usize::try_from(i64::from(*high) - i64::from(*low) + 1).unwrap_or(0)
        };
        if !bounds.iter().map(length).eq(self.dimensions.iter().copied()) {
            return Err(malformed("Specified array dimensions do not match array contents."));
        }
        if bounds.iter().any(|(low, _)| *low != 1) {
            return Err(Error::FeatureNotSupported(
                "an array whose lower bound is not 1 is not supported".to_owned(),
            ));
        }
        Ok(())
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
    /// Items seen in the open brace of each depth.
    counts: Vec<usize>,
    /// The length in each dimension, as soon as one brace of it has closed.
    lengths: Vec<Option<usize>>,
    /// The depth at which elements stand; they all stand at the same.
    leaf_depth: Option<usize>,
    values: Vec<Option<String>>,
}

const UNEVEN: &str = "Multidimensional arrays must have sub-arrays with matching dimensions.";
const DEEP: &str = "The number of array dimensions exceeds the maximum allowed (6).";
const JUNK: &str = "Junk after closing right brace.";
const UNEXPECTED: &str = "Unexpected array element.";
const END: &str = "Unexpected end of input.";

impl Parser<'_> {
    /// One turn per element or empty brace, with the braces before and after it.
    fn run(mut self) -> Result<Literal, &'static str> {
        loop {
            while self.peek() == Some('{') {
                self.open()?;
            }
            match self.peek() {
                None => return Err(END),
                // Only right after its opening brace: otherwise an element is missing.
                Some('}') if self.counts.last() == Some(&0) => {}
                Some('}' | ',') => return Err(UNEXPECTED),
                Some(_) => self.leaf()?,
            }
            while self.peek() == Some('}') {
                self.close()?;
            }
            match (self.depth, self.next()) {
                (0, None) => return self.end(),
                (0, Some(_)) => return Err(JUNK),
                (_, Some(',')) => {}
                (_, Some(_)) => return Err(UNEXPECTED),
                (_, None) => return Err(END),
            }
        }
    }

    fn open(&mut self) -> Result<(), &'static str> {
        self.next();
        if self.leaf_depth.is_some_and(|depth| depth <= self.depth) {
            return Err(UNEVEN);
        }
        if self.depth == DIMENSIONS_MAX {
            return Err(DEEP);
        }
        self.depth += 1;
        self.counts.push(0);
        if self.lengths.len() < self.depth {
            self.lengths.push(None);
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), &'static str> {
        self.next();
        let count = self.counts.pop().ok_or(UNEXPECTED)?;
        let known = self.lengths.get_mut(self.depth.wrapping_sub(1)).ok_or(UNEVEN)?;
        if known.is_some_and(|known| known != count) {
            return Err(UNEVEN);
        }
        *known = Some(count);
        self.depth -= 1;
        self.count();
        Ok(())
    }

    fn leaf(&mut self) -> Result<(), &'static str> {
        let value = self.element()?;
        if self.leaf_depth.is_some_and(|depth| depth != self.depth) {
            return Err(UNEVEN);
        }
        self.leaf_depth = Some(self.depth);
        self.values.push(value);
        self.count();
        Ok(())
    }

    fn end(self) -> Result<Literal, &'static str> {
        if self.leaf_depth.is_some_and(|depth| depth != self.lengths.len()) {
            return Err(UNEVEN);
        }
        // As in PostgreSQL 15, several empty braces are no array.
        if self.values.is_empty() && self.lengths.len() > 1 {
            return Err(UNEXPECTED);
        }
        // An array without elements has no dimensions.
        let dimensions = match self.values.is_empty() {
            true => Vec::new(),
            false => self.lengths.into_iter().flatten().collect(),
        };
        Ok(Literal { dimensions, values: self.values })
    }

    fn count(&mut self) {
        if let Some(count) = self.counts.last_mut() {
            *count += 1;
        }
    }

    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches(is_space);
        self.rest.chars().next()
    }

    fn element(&mut self) -> Result<Option<String>, &'static str> {
        let mut value = String::new();
        if self.rest.starts_with('"') {
            self.next();
            loop {
                match self.next().ok_or(END)? {
                    '"' => return Ok(Some(value)),
                    '\\' => value.push(self.next().ok_or(END)?),
                    character => value.push(character),
                }
            }
        }
        // Trailing space does not count, unless it is escaped.
        let mut kept = 0;
        let mut escaped = false;
        loop {
            match self.rest.chars().next().ok_or(END)? {
                ',' | '}' => break,
                '{' | '"' => return Err(UNEXPECTED),
                '\\' => {
                    self.next();
                    value.push(self.next().ok_or(END)?);
                    kept = value.len();
                    escaped = true;
                }
                character if is_space(character) => {
                    self.next();
                    value.push(character);
                }
                character => {
                    self.next();
                    value.push(character);
                    kept = value.len();
                }
            }
        }
        value.truncate(kept);
        let null = !escaped && value.eq_ignore_ascii_case("null");
        Ok(if null { None } else { Some(value) })
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

// ---- binary

/// `array_recv`.
pub(super) fn from_binary(
    element: u32,
    bytes: &[u8],
    settings: &OutputSettings,
) -> Result<ScalarValue> {
    let mut rest = bytes;
    let count = take_i32(&mut rest)?;
    let dimension_count = usize::try_from(count).map_err(|_negative| {
        Error::InvalidBinary(format!("invalid number of dimensions: {count}"))
    })?;
    if dimension_count > DIMENSIONS_MAX {
        return Err(Error::ProgramLimitExceeded(format!(
            "number of array dimensions ({count}) exceeds the maximum allowed ({DIMENSIONS_MAX})"
        )));
    }
    if !matches!(take_i32(&mut rest)?, 0 | 1) {
        return Err(Error::InvalidBinary("invalid array flags".into()));
    }
    let [a, b, c, d] = take_i32(&mut rest)?.to_be_bytes();
    let sent = u32::from_be_bytes([a, b, c, d]);
    if sent != element {
        return Err(Error::DatatypeMismatch(format!(
            "binary data has array element type {sent} ({}) instead of expected {element} ({})",
            types::sql_name(sent),
            types::sql_name(element)
        )));
    }
    let mut dimensions = Vec::with_capacity(dimension_count);
    for _ in 0..dimension_count {
        let len = usize::try_from(take_i32(&mut rest)?).map_err(|_negative| wrong_format())?;
        take_i32(&mut rest)?;
        dimensions.push(len);
    }
    let total = dimensions.iter().try_fold(1_usize, |total, len| total.checked_mul(*len));
    let total = if dimensions.is_empty() { 0 } else { total.ok_or_else(wrong_format)? };
    // Every element takes at least its length, so a lie about their number is found before anything is allocated.
    if total > rest.len() / 4 {
        return Err(too_short());
    }
    let mut values = Vec::with_capacity(total);
    for _ in 0..total {
        values.push(match usize::try_from(take_i32(&mut rest)?) {
            Ok(len) => {
                let (value, after) = rest.split_at_checked(len).ok_or_else(too_short)?;
                rest = after;
                parameter(element, true, value, settings)?
            }
            Err(_negative) => null(element),
        });
    }
    if !rest.is_empty() {
        return Err(wrong_format());
    }
    if total == 0 {
        dimensions.clear();
    }
    build(element, Elements { dimensions, values })
}

fn wrong_format() -> Error {
    Error::InvalidBinary("incorrect binary data format in bind parameter".into())
}

fn take_i32(rest: &mut &[u8]) -> Result<i32> {
    let (head, after) = rest.split_at_checked(4).ok_or_else(too_short)?;
    *rest = after;
    Ok(i32::from_be_bytes(fixed(head)?))
}

// ---- lists

fn build(element: u32, elements: Elements) -> Result<ScalarValue> {
    let Elements { dimensions, mut values } = elements;
    if element == types::NUMERIC {
        unify_decimals(&mut values)?;
    }
    let mut array: ArrayRef = match values.first().map(ScalarValue::data_type) {
        None => new_empty_array(&data_type(element)),
        Some(_) => ScalarValue::iter_to_array(values)
            .map_err(|error| Error::Internal(format!("could not make an array: {error}")))?,
    };
    // From the innermost dimension outwards; the outermost takes everything.
    for len in dimensions.iter().skip(1).rev() {
        let count = array.len().checked_div(*len).unwrap_or(0);
        array = Arc::new(list_of(array, std::iter::repeat_n(*len, count)));
    }
    let len = array.len();
    Ok(ScalarValue::List(Arc::new(list_of(array, std::iter::once(len)))))
}

fn list_of(values: ArrayRef, lengths: impl IntoIterator<Item = usize>) -> ListArray {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    ListArray::new(field, OffsetBuffer::from_lengths(lengths), values, None)
}

/// Gives all numbers the longest scale among them, and room for the longest whole part.
fn unify_decimals(values: &mut [ScalarValue]) -> Result<()> {
    let overflow = || Error::NumericOutOfRange("value overflows numeric format".into());
    let parts = |value: &ScalarValue| match value {
        ScalarValue::Decimal128(Some(value), precision, scale) => {
            Some((i256::from_i128(*value), *precision, *scale))
        }
        ScalarValue::Decimal256(Some(value), precision, scale) => {
            Some((*value, *precision, *scale))
        }
        _ => None,
    };
    let (mut whole, mut scale) = (0, 0);
    for (_, value_precision, value_scale) in values.iter().filter_map(parts) {
        whole = whole.max(i16::from(value_precision) - i16::from(value_scale));
        scale = scale.max(value_scale);
    }
    let precision = u8::try_from((whole + i16::from(scale)).max(1)).map_err(|_wide| overflow())?;
    if precision > 76 {
        return Err(overflow());
    }
    for value in values {
        let scaled = match parts(value) {
            None => None,
            Some((value, _, value_scale)) => {
                let power = u32::try_from(scale - value_scale).unwrap_or(0);
                let factor = i256::from_i128(10).checked_pow(power).ok_or_else(overflow)?;
                Some(value.checked_mul(factor).ok_or_else(overflow)?)
            }
        };
        *value = if precision <= 38 {
            let narrow = scaled.map(|scaled| scaled.to_i128().ok_or_else(overflow)).transpose()?;
            ScalarValue::Decimal128(narrow, precision, scale)
        } else {
            ScalarValue::Decimal256(scaled, precision, scale)
        };
    }
    Ok(())
}
