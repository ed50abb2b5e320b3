//! Functions and operators that do not take such operands, as the planner words it.

use super::super::places;
use super::types::pg_name;
use crate::error::{Error, Place};
use crate::pg::functions;

/// A call whose arguments no function of that name takes.
pub(super) fn no_function(text: &str, sql: &str) -> Option<Error> {
    let (name, types) = if let Some((_, call)) = text.split_once("name and argument types '")
        && let Some((call, _)) = call.split_once('\'')
        && let Some((name, types)) = call.strip_suffix(')').and_then(|call| call.split_once('('))
    {
        (name, types)
    } else if let Some((_, rest)) = text.split_once("satisfy a call to '")
        && let Some((name, rest)) = rest.split_once("' function: coercion from ")
        && let Some((types, _)) = rest.split_once(" to the signature")
    {
        (name, types)
    } else {
        let (_, rest) = text.split_once('\'')?;
        let (name, rest) = rest.split_once('\'')?;
        if !rest.trim_start().starts_with("does not support zero arguments") {
            return None;
        }
        (name, "")
    };
    let name = functions::called(name);
    let untyped = places::untyped_arguments(sql, name).unwrap_or_default();
    let types = listed(types).into_iter().enumerate().map(|(index, kind)| {
        let kind = pg_name(kind);
        match untyped.get(index) {
            Some(true) if kind == "text" => "unknown".to_owned(),
            _ => kind,
        }
    });
    Some(Error::no_function(name, &types.collect::<Vec<String>>()))
}

/// The parts of a list of types, which may have commas of their own in brackets.
fn listed(types: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, byte) in types.bytes().enumerate() {
        match byte {
            b'(' | b'<' => depth += 1,
            b')' | b'>' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.extend(types.get(start..index));
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.extend(types.get(start..));
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// What stands before the operands in the planner's words for an operator that does not take them.
const BEFORE_OPERANDS: &[&str] = &[
    "arithmetic expression ",
    "arithmetic operation ",
    "comparison operation ",
    "logical boolean operation ",
    "regex operation ",
    "bitwise operation ",
    "common type for bitwise operation ",
    "string concat operation ",
    "AtAt operation ",
    "temporal operation ",
    "decimal operation ",
    "argument type for operation ",
];

/// Operators as the planner writes them.
const OPERATORS: &[&str] = &[
    "AND",
    "OR",
    "IS NOT DISTINCT FROM",
    "IS DISTINCT FROM",
    "NOT LIKE",
    "NOT ILIKE",
    "LIKE",
    "ILIKE",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "~",
    "~*",
    "!~",
    "!~*",
    "~~",
    "~~*",
    "!~~",
    "!~~*",
    "&",
    "|",
    "BIT_XOR",
    ">>",
    "<<",
    "||",
    "@>",
    "<@",
    "@@",
    "->",
    "->>",
    "#>",
    "#>>",
    "#-",
    "?",
    "?|",
    "?&",
];

/// An operator before one operand that does not take it: `- cannot be used with Utf8`.
pub(super) fn not_unary(message: &str) -> Option<Error> {
    let (symbol @ ("+" | "-"), kind) = message.split_once(" cannot be used with ")? else {
        return None;
    };
    let message = format!("operator does not exist: {symbol} {}", pg_name(kind));
    let hint = "No operator matches the given name and argument type. \
                You might need to add an explicit type cast.";
    let place = Place::Operator(symbol.to_owned());
    Some(Error::OperatorMismatch(message).hint(hint).near(place))
}

/// An operator that does not take such operands.
pub(super) fn no_operator(text: &str) -> Option<Error> {
    let operands = BEFORE_OPERANDS.iter().find_map(|before| Some(text.split_once(before)?.1))?;
    let operands = operands.split(" to valid types").next().unwrap_or(operands);
    let (symbol, left, right) = OPERATORS.iter().find_map(|symbol| {
        let (left, right) = operands.split_once(&format!(" {symbol} "))?;
        let right = right.split(": ").next().unwrap_or(right);
        Some((*symbol, pg_name(left), pg_name(right)))
    })?;
    if matches!(symbol, "AND" | "OR") {
        let kind = if left == "boolean" { right } else { left };
        let message = format!("argument of {symbol} must be type boolean, not type {kind}");
        return Some(Error::DatatypeMismatch(message));
    }
    let symbol = match symbol {
        "!=" => "<>",
        "IS DISTINCT FROM" | "IS NOT DISTINCT FROM" => "=",
        "LIKE" => "~~",
        "ILIKE" => "~~*",
        "NOT LIKE" => "!~~",
        "NOT ILIKE" => "!~~*",
        "BIT_XOR" => "#",
        other => other,
    };
    Some(Error::no_operator(&left, symbol, &right))
}
