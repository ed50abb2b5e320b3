//! `regoper` and `regoperator` (PostgreSQL manual, 8.19): all operators are in `pg_catalog`.

use super::names::{type_in, type_name};
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::catalog::rows::Row;
use crate::pg::facts::Facts;

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

fn bare(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix("pg_catalog.").unwrap_or(name)
}

fn undefined(text: &str) -> Error {
    Error::UndefinedFunction(format!("operator does not exist: {text}"))
}

/// `regoper` from text: the name must be unique.
pub(super) fn name_in(text: &str, _facts: &Facts) -> Result<u32> {
    match (text.trim(), number(text)) {
        ("0", _) => return Ok(0),
        (_, Some(oid)) => return Ok(oid),
        _ => {}
    }
    let name = bare(text);
    let mut found = data::table("pg_operator").rows().iter().filter(|row| row[1].text() == name);
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row[0].oid()),
        (Some(_), Some(_)) => {
            Err(Error::AmbiguousFunction(format!("more than one operator named {text}")))
        }
        _ => Err(undefined(text)),
    }
}

/// `regoper` to text: qualified when the bare name would not come back to it.
pub(super) fn name_out(oid: u32, facts: &Facts) -> String {
    let Some(row) = operator(oid) else { return oid.to_string() };
    let name = row[1].text();
    match name_in(name, facts) {
        Ok(_) => name.to_owned(),
        Err(_) => format!("pg_catalog.{name}"),
    }
}

/// `regoperator` from text: `=(integer,integer)`, NONE for the missing side of a prefix operator.
pub(super) fn signature_in(text: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    let (name, rest) = text
        .split_once('(')
        .ok_or_else(|| Error::Syntax("expected a left parenthesis".to_owned()))?;
    let list = rest
        .trim_end()
        .strip_suffix(')')
        .ok_or_else(|| Error::Syntax("expected a right parenthesis".to_owned()))?;
    let mut sides = Vec::new();
    for side in list.split(',').map(str::trim) {
        let none = side.eq_ignore_ascii_case("none");
        sides.push(if none { 0 } else { type_in(side, facts)? });
    }
    let [left, right] = sides.as_slice() else {
        return Err(match sides.len() {
            1 => Error::Syntax("missing argument".to_owned())
                .hint("Use NONE to denote the missing argument of a unary operator."),
            _ => Error::Syntax("too many arguments".to_owned())
                .hint("Provide two argument types for operator."),
        });
    };
    let name = bare(name);
    let (left_at, right_at) = sides_at();
    let found = data::table("pg_operator").rows().iter().find(|row| {
        row[1].text() == name && row[left_at].oid() == *left && row[right_at].oid() == *right
    });
    found.map(|row| row[0].oid()).ok_or_else(|| undefined(text))
}

/// `regoperator` to text.
pub(super) fn signature_out(oid: u32, facts: &Facts) -> String {
    let Some(row) = operator(oid) else { return oid.to_string() };
    let (left_at, right_at) = sides_at();
    let side = |at: usize| match row[at].oid() {
        0 => "NONE".to_owned(),
        kind => type_name(kind, facts),
    };
    format!("{}({},{})", row[1].text(), side(left_at), side(right_at))
}

fn operator(oid: u32) -> Option<&'static Row> {
    data::by_oid("pg_operator").get(&oid).copied()
}

fn sides_at() -> (usize, usize) {
    let operators = data::table("pg_operator");
    (operators.index("oprleft"), operators.index("oprright"))
}
