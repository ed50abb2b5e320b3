//! What fails while a statement runs, as DataFusion words it.

use super::{cast, tidy};
use crate::error::Error;

pub(super) fn executed(text: &str) -> Error {
    let has = |part: &str| text.contains(part);
    if has("Divide by zero") || has("division by zero") {
        return Error::DivisionByZero;
    }
    if has("more than one row") {
        return Error::CardinalityViolation;
    }
    if has("egular expression") || has("regex parse error") {
        return Error::InvalidRegularExpression(irregular(text));
    }
    if let Some(error) = of_function(text) {
        return error;
    }
    if has("negative count not allowed") || has("overlay start position") {
        return Error::NegativeSubstring;
    }
    if has("field position must not be zero") {
        return Error::InvalidParameterValue("field position must not be zero".to_owned());
    }
    if has("too large to store") {
        return Error::NumericOutOfRange("numeric field overflow".to_owned());
    }
    if has("Overflow") || has("overflow") || has("out of range") {
        return Error::NumericOutOfRange(if has("ecimal") || has("numeric") {
            "numeric field overflow".to_owned()
        } else {
            "bigint out of range".to_owned()
        });
    }
    if has("cast") || has("parse") || has("Parser error") {
        return cast(text);
    }
    Error::Data(tidy(text))
}

/// What is wrong with a regular expression, in the words of PostgreSQL's regerrs.h.
fn irregular(text: &str) -> String {
    let words = [
        ("unclosed group", "parentheses () not balanced"),
        ("unopened group", "parentheses () not balanced"),
        ("unclosed character class", "brackets [] not balanced"),
        ("unclosed counted repetition", "braces {} not balanced"),
        ("repetition operator missing", "quantifier operand invalid"),
        ("invalid repetition count range", "invalid repetition count(s)"),
        ("repetition quantifier expects", "invalid repetition count(s)"),
        ("invalid character class range", "invalid character range"),
        ("incomplete escape sequence", "invalid escape \\ sequence"),
        ("unrecognized escape sequence", "invalid escape \\ sequence"),
        ("POSIX character class not found", "invalid character class"),
        ("exceeds size limit", "regular expression is too complex"),
    ];
    let known = words.iter().find(|(own, _)| text.contains(own));
    known.map_or_else(|| tidy(text), |(_, words)| (*words).to_owned())
}

/// The planner's functions that say why they refuse a value.
fn of_function(text: &str) -> Option<Error> {
    let invalid = |message: &str| Some(Error::InvalidParameterValue(message.to_owned()));
    if text.contains("field position must not be zero") {
        return invalid("field position must not be zero");
    }
    if text.contains("tep can't be 0") {
        return invalid("step size cannot equal zero");
    }
    if text.contains("factorial of a negative number is undefined") {
        let message = "factorial of a negative number is undefined".to_owned();
        return Some(Error::NumericOutOfRange(message));
    }
    if let Some((_, number)) = text.split_once("nvalid Unicode scalar value: ") {
        let number = number.trim();
        let message = format!("requested character too large for encoding: {number}");
        return Some(Error::ProgramLimitExceeded(message));
    }
    None
}

pub(super) fn exhausted(text: &str) -> Error {
    if text.contains("temporary disk") || text.contains("spill") && text.contains("limit") {
        return Error::ConfigurationLimit("temporary file size exceeds the spill limit".to_owned())
            .hint("The limit is the setting query.spill_limit.");
    }
    Error::OutOfMemory("out of memory".to_owned())
        .detail("The statement needs more memory than it may have.")
        .hint("The limits are the settings query.memory_limit and query.memory_per_statement.")
}

pub(super) fn internal(text: &str) -> Error {
    if text.contains("more than one row") {
        return Error::CardinalityViolation;
    }
    if text.contains("egular expression") || text.contains("regex parse error") {
        return Error::InvalidRegularExpression(irregular(text));
    }
    Error::Internal(tidy(text))
}
