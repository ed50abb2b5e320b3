//! `parse_ident` (PostgreSQL manual, table 9.11).

use super::cells::Call;
use crate::error::{Error, Result};
use crate::pg::catalog::rows::Cell;

/// `parse_ident(text [, strict])`
pub(super) fn parse(call: &Call<'_>) -> Result<Cell> {
    let strict = call.args.len() == 1 || call.truth(1);
    parts(call.text(0), strict).map(Cell::from)
}

/// The parts of a qualified name, folded and without quotes; what follows it counts only when `strict`.
/// Errors: 22023 for what is no name.
fn parts(text: &str, strict: bool) -> Result<Vec<String>> {
    let invalid = |detail: Option<&str>| {
        let message = format!("string is not a valid identifier: \"{text}\"");
        let error = Error::InvalidParameterValue(message);
        match detail {
            Some(detail) => error.detail(detail),
            None => error,
        }
    };
    let mut rest = text.trim_start();
    let mut parts = Vec::new();
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (part, after) = unquoted(quoted)
                    .ok_or_else(|| invalid(Some("String has unclosed double quotes.")))?;
                if part.is_empty() {
                    return Err(invalid(Some("Quoted identifier must not be empty.")));
                }
                (part, after)
            }
            None => match word(rest) {
                Some((word, after)) => (word.to_lowercase(), after),
                None if rest.starts_with('.') => {
                    return Err(invalid(Some("No valid identifier before \".\".")));
                }
                None if !parts.is_empty() => {
                    return Err(invalid(Some("No valid identifier after \".\".")));
                }
                None => return Err(invalid(None)),
            },
        };
        parts.push(part);
        let after = after.trim_start();
        match after.strip_prefix('.') {
            Some(next) => rest = next.trim_start(),
            None if strict && !after.is_empty() => return Err(invalid(None)),
            None => return Ok(parts),
        }
    }
}

/// What stands before the closing quote, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                part.push('"');
                rest = next;
            }
            None => return Some((part, after)),
        }
    }
}

/// The word that begins `text`.
fn word(text: &str) -> Option<(&str, &str)> {
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
    let goes_on = |c: char| begins(c) || c.is_ascii_digit() || c == '$';
    if !text.starts_with(begins) {
        return None;
    }
    text.split_at_checked(text.find(|c| !goes_on(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[track_caller]
    fn check(text: &str, strict: bool, want: &str) {
        let got = parts(text, strict).map(|parts| parts.join("|"));
        assert_eq!(got.unwrap_or_else(|error| error.state().to_owned()), want, "{text}");
    }

    #[test]
    fn names_are_taken_apart() {
        check("tpch.Nation", true, "tpch|nation");
        check(" \"A \"\"b\" . c$1 ", true, "A \"b|c$1");
        check("a.b()", false, "a|b");
        for wrong in ["", "a.", ".a", "a..b", "\"a", "\"\"", "1a", "a.b()", "a b"] {
            check(wrong, true, "22023");
        }
    }
}
