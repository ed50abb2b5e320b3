//! Functions whose answer depends on their arguments alone.

use super::cells::{Call, Spec};
use super::session::specs;
use crate::error::{Error, Result};
use crate::pg::catalog::rows::Cell;
use crate::pg::encodings;
use crate::pg::types;

/// Every function of this kind.
pub(super) const SPECS: &[Spec] = specs! {
    "pg_size_pretty" ["n", "d"] -> "text" strict |call| Ok(Cell::from(size_pretty(&call.args[0])));
    "pg_size_bytes" ["t"] -> "int8" strict |call| size_bytes(call.text(0)).map(Cell::from);
    "pg_encoding_to_char" ["n"] -> "name" strict encoding_name;
    "pg_char_to_encoding" ["t"] -> "int4" strict |call| Ok(Cell::from(encoding_number(call.text(0)).unwrap_or(-1)));
    "array_upper" ["ln"] -> "int4" strict array_upper;
    "array_lower" ["ln"] -> "int4" strict array_lower;
    "forebay_subscripts" ["ln", "lnb"] -> "_int4" strict subscripts;
    "forebay_base_type" ["n"] -> "oid" strict |call| Ok(Cell::from(base_type(call.oid(0))));
    "pg_typeof" ["x"] -> "regtype" called |call| Ok(Cell::from(type_of(call)));
    "pg_column_size" ["x"] -> "int4" strict |call| Ok(Cell::from(value_size(call)));
    "pg_collation_for" ["x"] -> "text" strict collation_for;
    "forebay_option_names" ["l"] -> "_text" strict |call| Ok(options(&call.args[0], |(name, _)| Cell::from(name)));
    "forebay_option_values" ["l"] -> "_text" strict |call| Ok(options(&call.args[0], |(_, value)| Cell::from(value)));
    "parse_ident" ["t", "tb"] -> "_text" strict super::identifiers::parse;
    "similar_to_escape" ["t", "tt"] -> "text" strict similar_to_escape;
    "like_escape" ["tt"] -> "text" strict like_escape;
    "quote_ident" ["t"] -> "text" strict |call| Ok(Cell::from(crate::pg::catalog::dynamic::quote_identifier(call.text(0))));
    // What `rewrite` puts around a count of rows that ties add to; it finds it again in the plan.
    "forebay_with_ties" ["n"] -> "int8" strict |call| Ok(Cell::from(call.int(0)));
    "forebay_int2vector_out" ["l"] -> "text" strict |call| Ok(Cell::from(vector(&call.args[0])));
};

/// `pg_size_pretty` (PostgreSQL's dbsize.c): a unit is left at ten times its size, rounding half away from zero.
fn size_pretty(bytes: &Cell) -> String {
    const LIMIT: i128 = 10 * 1024;
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB", "PB"];
    let (text, bytes) = match bytes {
        Cell::Int(bytes) => (bytes.to_string(), i128::from(*bytes)),
        digits => {
            let whole = digits.text().split('.').next().and_then(|whole| whole.parse().ok());
            (digits.text().to_owned(), whole.unwrap_or(0))
        }
    };
    if bytes.abs() < LIMIT {
        return format!("{text} bytes");
    }
    // One bit more than the unit is kept, to round by.
    let mut halves = bytes / 512;
    for (position, unit) in UNITS.iter().enumerate() {
        if halves.abs() < 2 * LIMIT - 1 || position + 1 == UNITS.len() {
            let rounded = (halves.abs() + 1) / 2 * halves.signum();
            return format!("{rounded} {unit}");
        }
        halves /= 1024;
    }
    String::new()
}

/// `pg_size_bytes`: a number and a unit of 1024 times the one before.
fn size_bytes(text: &str) -> Result<i64> {
    const UNITS: &[(&str, i32)] =
        &[("bytes", 0), ("b", 0), ("kb", 1), ("mb", 2), ("gb", 3), ("tb", 4), ("pb", 5)];
    let word = text.trim();
    let end =
        word.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let invalid = || Error::InvalidParameterValue(format!("invalid size: \"{text}\""));
    let number: f64 = number.trim().parse().map_err(|_text| invalid())?;
    let unit = unit.trim().to_ascii_lowercase();
    let known = UNITS.iter().find(|(name, _)| unit.is_empty() || *name == unit);
    let (_, power) = known.ok_or_else(|| {
        invalid()
            .detail(format!("Invalid size unit: \"{unit}\"."))
            .hint("Valid units are \"bytes\", \"B\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")
    })?;
    let bytes = (number * 1024_f64.powi(*power)).round();
    // Below two to the 63 every whole number of this kind is one of 64 bits.
    format!("{bytes:.0}")
        .parse()
        .map_err(|_large| Error::NumericOutOfRange("bigint out of range".to_owned()))
}

fn encoding_name(call: &Call<'_>) -> Result<Cell> {
    let name = usize::try_from(call.int(0)).ok().and_then(encodings::name);
    Ok(Cell::from(name.unwrap_or("")))
}

/// PostgreSQL's number of an encoding, by any spelling of its name.
fn encoding_number(name: &str) -> Option<i32> {
    encodings::number(name).and_then(|number| i32::try_from(number).ok())
}

fn array_upper(call: &Call<'_>) -> Result<Cell> {
    let length = dimension(&call.args[0], call.int(1));
    Ok(length.map_or(Cell::Null, |length| Cell::Int(length + first(call) - 1)))
}

fn array_lower(call: &Call<'_>) -> Result<Cell> {
    let length = dimension(&call.args[0], call.int(1));
    Ok(length.map_or(Cell::Null, |_| Cell::Int(first(call))))
}

/// The type a domain is over, through domains over domains; 0 for a type that is no domain.
fn base_type(oid: u32) -> u32 {
    let mut base = 0;
    let mut next = crate::pg::catalog::index::type_cell(oid, "typbasetype").oid();
    while next != 0 {
        base = next;
        next = crate::pg::catalog::index::type_cell(next, "typbasetype").oid();
    }
    base
}

/// `generate_subscripts` as a list.
fn subscripts(call: &Call<'_>) -> Result<Cell> {
    let length = dimension(&call.args[0], call.int(1)).unwrap_or(0);
    let mut numbers: Vec<i64> = (0..length).map(|number| number + first(call)).collect();
    if call.truth(2) {
        numbers.reverse();
    }
    Ok(Cell::from(numbers))
}

/// The first subscript: the two vector types count from 0.
fn first(call: &Call<'_>) -> i64 {
    let kind = call.fields.first().map_or(0, |field| types::of_field(field).oid);
    i64::from(!matches!(kind, types::INT2VECTOR | types::OIDVECTOR))
}

/// The length of an array along a dimension; `None` when it has no such dimension.
fn dimension(cell: &Cell, number: i64) -> Option<i64> {
    let items = cell.items();
    if items.is_empty() || number < 1 {
        return None;
    }
    if number == 1 {
        return i64::try_from(items.len()).ok();
    }
    items.first().and_then(|item| dimension(item, number - 1))
}

fn type_of(call: &Call<'_>) -> u32 {
    call.fields.first().map_or(types::UNKNOWN, |field| types::of_field(field).oid)
}

/// The collation of a value's type. Errors: 42804 for a type that has none.
fn collation_for(call: &Call<'_>) -> Result<Cell> {
    let kind = type_of(call);
    if kind == types::UNKNOWN {
        return Ok(Cell::Null);
    }
    let collation = crate::pg::catalog::index::type_cell(kind, "typcollation").oid();
    match crate::pg::catalog::data::by_oid("pg_collation").get(&collation) {
        Some(row) => Ok(Cell::from(crate::pg::catalog::dynamic::quote_identifier(row[1].text()))),
        None => Err(Error::DatatypeMismatch(format!(
            "collations are not supported by type {}",
            types::sql_name(kind)
        ))),
    }
}

/// Bytes as PostgreSQL would store the value: those of a fixed length by their type.
fn value_size(call: &Call<'_>) -> i32 {
    match types::PgType::new(type_of(call)).len {
        length @ 1.. => i32::from(length),
        _ => column_size(&call.args[0]),
    }
}

/// Bytes as PostgreSQL would store the value: numbers by their width, text with its one-byte header.
fn column_size(cell: &Cell) -> i32 {
    match cell {
        Cell::Null => 0,
        Cell::Bool(_) => 1,
        Cell::Int(_) | Cell::Float(_) => 8,
        Cell::Text(text) => {
            let header = if text.len() < 127 { 1 } else { 4 };
            i32::try_from(text.len()).unwrap_or(i32::MAX).saturating_add(header)
        }
        Cell::List(items) => items.iter().map(column_size).fold(24, i32::saturating_add),
    }
}

/// One part of each `name=value` of a list of options; those without a value have NULL.
fn options(list: &Cell, part: fn((String, Option<String>)) -> Cell) -> Cell {
    let pair = |option: &Cell| match option.text().split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (option.text().to_owned(), None),
    };
    Cell::List(list.items().iter().map(|option| part(pair(option))).collect())
}

fn vector(cell: &Cell) -> String {
    cell.items().iter().map(|item| item.int().to_string()).collect::<Vec<String>>().join(" ")
}

/// A SIMILAR TO pattern as a regular expression (PostgreSQL's `similar_escape_internal`).
fn similar_to_escape(call: &Call<'_>) -> Result<Cell> {
    let escape = if call.args.len() == 2 { call.text(1) } else { "\\" };
    let mut letters = escape.chars();
    let (escape, rest) = (letters.next(), letters.next());
    if rest.is_some() {
        return Err(Error::Data("invalid escape string".to_owned())
            .hint("Escape string must be empty or one character."));
    }
    Ok(Cell::from(similar_pattern(call.text(0), escape)?))
}

fn like_escape(call: &Call<'_>) -> Result<Cell> {
    let mut letters = call.text(1).chars();
    let (escape, None) = (letters.next(), letters.next()) else {
        return Err(Error::InvalidEscape("invalid escape string".to_owned())
            .hint("Escape string must be empty or one character."));
    };
    Ok(Cell::from(escaped_pattern(call.text(0), escape)))
}

/// A LIKE pattern whose escape character is `escape` as one whose escape character is the backslash (`do_like_escape`).
pub(crate) fn escaped_pattern(pattern: &str, escape: Option<char>) -> String {
    let mut result = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        if !escaped && Some(c) == escape {
            result.push('\\');
            escaped = true;
            continue;
        }
        if !escaped && c == '\\' {
            result.push('\\');
        }
        result.push(c);
        escaped = false;
    }
    result
}

/// See [`similar_to_escape`]. Two `#"`, when `#` is the escape, stand around the part that `substring` returns: what is
/// before it is as short as can be.
/// Errors: 2200C for a third.
pub(crate) fn similar_pattern(pattern: &str, escape: Option<char>) -> Result<String> {
    let mut regex = String::from("^(?:");
    let (mut escaped, mut bracket, mut separators) = (false, false, 0);
    for c in pattern.chars() {
        if escaped {
            match (c, bracket, separators) {
                ('"', false, 0) => regex.push_str("){1,1}?("),
                ('"', false, 1) => regex.push_str("){1,1}(?:"),
                ('"', false, _) => {
                    return Err(Error::InvalidUseOfEscape(
                        "SQL regular expression may not contain more than two \
                         escape-double-quote separators"
                            .to_owned(),
                    ));
                }
                // Any other escaped character stands for itself; a letter is not told from a class of them there.
                (c, ..) => {
                    regex.push('\\');
                    regex.push(c);
                }
            }
            separators += i32::from(c == '"' && !bracket);
            escaped = false;
        } else if Some(c) == escape {
            escaped = true;
        } else if bracket {
            if c == '\\' {
                regex.push('\\');
            }
            regex.push(c);
            bracket = c != ']';
        } else {
            match c {
                '%' => regex.push_str(".*"),
                '_' => regex.push('.'),
                '(' => regex.push_str("(?:"),
                '\\' | '.' | '^' | '$' => {
                    regex.push('\\');
                    regex.push(c);
                }
                '[' => {
                    bracket = true;
                    regex.push(c);
                }
                other => regex.push(other),
            }
        }
    }
    regex.push_str(")$");
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::{escaped_pattern, similar_pattern, size_pretty};
    use crate::pg::catalog::rows::Cell;

    #[test]
    fn patterns_take_the_backslash() {
        assert_eq!(escaped_pattern("a/_b\\%", Some('/')), "a\\_b\\\\%");
        assert_eq!(escaped_pattern("a//", Some('/')), "a\\/");
        assert_eq!(escaped_pattern("a\\", None), "a\\\\");
    }

    #[test]
    fn sizes_read_as_postgresql_prints_them() {
        for (bytes, want) in [
            (0, "0 bytes"),
            (10_239, "10239 bytes"),
            (10_240, "10 kB"),
            (-1_234_567_890, "-1177 MB"),
            (1 << 40, "1024 GB"),
            (i64::MAX, "8192 PB"),
        ] {
            assert_eq!(size_pretty(&Cell::Int(bytes)), want);
        }
        let numeric = |digits: &str| size_pretty(&Cell::from(digits.to_owned()));
        assert_eq!(numeric("123456789012.5"), "115 GB");
        assert_eq!(numeric("10239.5"), "10239.5 bytes");
    }

    #[test]
    fn similar_patterns_match_whole_texts() {
        let check = |pattern: &str, escape: char, want: &str| {
            assert_eq!(similar_pattern(pattern, Some(escape)).expect("a pattern"), want);
        };
        check("a_%(b|c)", '\\', "^(?:a..*(?:b|c))$");
        check("a\\%.b", '\\', "^(?:a\\%\\.b)$");
        check("%#\"o_b#\"%", '#', "^(?:.*){1,1}?(o.b){1,1}(?:.*)$");
        assert!(similar_pattern("#\"#\"#\"", Some('#')).is_err());
    }
}
