//! DataFusion's errors as ours: the one place that knows both.
//!
//! Our own errors travel inside DataFusion as `External`. The rest is matched variant by variant; texts are read only
//! where DataFusion keeps the fact nowhere else, and each such text is a test in `tests/slt`.

mod columns;
mod executed;
mod operands;
mod planned;
mod types;

use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::tokenizer::Location;

use self::columns::schema;
use self::executed::{executed, exhausted, internal};
use self::operands::not_unary;
use self::planned::planned;
use super::places;
use crate::error::Error;

/// An error with its position, where its place is found in the text.
pub(super) fn placed(error: Error, sql: &str) -> Error {
    let notes = error.notes();
    if notes.position.is_some() {
        return error;
    }
    let position = match (error.bare(), &notes.place) {
        (_, Some(place)) => places::of(sql, place),
        (Error::CannotCoerce(message), None) => places::of_cast(sql, message),
        (Error::UndefinedFunction(message), None) => places::of_call(sql, message),
        (Error::UndefinedObject(message) | Error::InvalidParameterValue(message), None) => {
            places::of_type(sql, message)
        }
        _ => None,
    };
    match position {
        Some(position) => error.at(position),
        None => error,
    }
}

/// Ours for `error`. `sql` is the statement's text, for positions.
pub(super) fn of(error: DataFusionError, sql: &str) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(own) => placed(*own, sql),
            Err(other) => match other.downcast::<DataFusionError>() {
                Ok(nested) => of(*nested, sql),
                Err(foreign) => crate::version::provider::cause(foreign.as_ref())
                    .unwrap_or_else(|| internal(&foreign.to_string())),
            },
        },
        DataFusionError::Diagnostic(diagnostic, inner) => {
            if let Some(error) = not_unary(&diagnostic.message) {
                return placed(error, sql);
            }
            let error = of(*inner, sql);
            match diagnostic.span {
                Some(span) if error.notes().position.is_none() && 0 < span.start.line => {
                    let start = span.start;
                    let place = Location { line: start.line, column: start.column };
                    error.at(super::parse::position(sql, place))
                }
                _ => error,
            }
        }
        DataFusionError::Context(_, inner) => of(*inner, sql),
        DataFusionError::Shared(inner) => shared(&inner),
        DataFusionError::Collection(list) => match list.into_iter().next() {
            Some(first) => of(first, sql),
            None => Error::Internal("an empty list of errors".to_owned()),
        },
        DataFusionError::ArrowError(inner, _) => arrow(*inner, sql),
        DataFusionError::ParquetError(inner) => {
            Error::DataCorrupted(format!("could not read a Parquet file: {inner}"))
        }
        DataFusionError::ObjectStore(inner) => store(*inner, sql),
        DataFusionError::IoError(inner) => Error::io("read a file", inner),
        DataFusionError::SQL(inner, _) => Error::Syntax(inner.to_string()),
        DataFusionError::NotImplemented(text) if text.contains("nsupported LIMIT expression") => {
            Error::FeatureNotSupported("LIMIT of a subquery is not supported".to_owned())
        }
        DataFusionError::NotImplemented(text) => Error::FeatureNotSupported(tidy(&text)),
        DataFusionError::Plan(text) => placed(planned(&text, sql), sql),
        DataFusionError::Configuration(text) => Error::InvalidParameterValue(tidy(&text)),
        DataFusionError::SchemaError(inner, _) => placed(schema(*inner), sql),
        DataFusionError::Execution(text) => executed(&text),
        DataFusionError::ExecutionJoin(inner) if inner.is_cancelled() => {
            Error::QueryCanceled("user request")
        }
        DataFusionError::ExecutionJoin(inner) => Error::Internal(inner.to_string()),
        DataFusionError::ResourcesExhausted(text) => exhausted(&text),
        DataFusionError::Internal(text) => internal(&text),
        DataFusionError::Substrait(text) | DataFusionError::Ffi(text) => Error::Internal(text),
    }
}

/// An error several partitions share cannot be taken apart; only what matters is looked at.
fn shared(error: &DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(own) => own.clone(),
            None => internal(&inner.to_string()),
        },
        DataFusionError::Shared(inner) => shared(inner),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => shared(inner),
        DataFusionError::ResourcesExhausted(text) => exhausted(text),
        DataFusionError::Execution(text) => executed(text),
        DataFusionError::Plan(text) => planned(text, ""),
        DataFusionError::ArrowError(inner, _) => arrow_text(inner),
        other => Error::Internal(other.to_string()),
    }
}

fn arrow(error: ArrowError, sql: &str) -> Error {
    match error {
        ArrowError::ExternalError(inner) => of(DataFusionError::External(inner), sql),
        other => arrow_text(&other),
    }
}

fn arrow_text(error: &ArrowError) -> Error {
    match error {
        ArrowError::DivideByZero => Error::DivisionByZero,
        ArrowError::ArithmeticOverflow(text) => {
            let kind = if text.contains("Overflow") && !text.contains("decimal") {
                "integer out of range"
            } else {
                "numeric field overflow"
            };
            Error::NumericOutOfRange(kind.to_owned())
        }
        ArrowError::CastError(text) | ArrowError::ParseError(text) => cast(text),
        ArrowError::ComputeError(text) | ArrowError::InvalidArgumentError(text) => executed(text),
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<Error>() {
            Some(own) => own.clone(),
            None => Error::Data(inner.to_string()),
        },
        ArrowError::MemoryError(text) => Error::OutOfMemory(tidy(text)),
        other => Error::Data(tidy(&other.to_string())),
    }
}

/// `Cannot cast string 'x' to value of Int32 type` and its relatives.
fn cast(text: &str) -> Error {
    let quoted = text.split('\'').nth(1).map(str::to_owned);
    let kind = [
        ("Int8", "smallint"),
        ("Int16", "smallint"),
        ("Int32", "integer"),
        ("Int64", "bigint"),
        ("UInt", "bigint"),
        ("Float32", "real"),
        ("Float64", "double precision"),
        ("Boolean", "boolean"),
        ("Date", "date"),
        ("Timestamp", "timestamp"),
        ("Time", "time"),
        ("Interval", "interval"),
        ("ecimal", "numeric"),
    ]
    .iter()
    .find(|(arrow, _)| text.contains(arrow))
    .map_or("text", |(_, pg)| *pg);
    match quoted {
        Some(value)
            if text.contains("string") || text.contains("parse") || text.contains("pars") =>
        {
            if matches!(kind, "date" | "timestamp" | "time" | "interval") {
                return Error::InvalidDatetime { kind: kind.to_owned(), text: value };
            }
            if is_integer(kind) && value.trim().parse::<i128>().is_ok() {
                let message = format!("value \"{value}\" is out of range for type {kind}");
                return Error::NumericOutOfRange(message);
            }
            Error::InvalidText { kind: kind.to_owned(), text: value }
        }
        _ if text.contains("parsing") && kind != "text" => {
            Error::InvalidText { kind: kind.to_owned(), text: text.to_owned() }
        }
        _ if text.contains("Can't cast value")
            || text.contains("out of range")
            || text.contains("too large")
            || text.contains("overflow") =>
        {
            let message = if is_integer(kind) {
                format!("{kind} out of range")
            } else {
                "numeric field overflow".to_owned()
            };
            Error::NumericOutOfRange(message)
        }
        _ => Error::InvalidText { kind: kind.to_owned(), text: tidy(text) },
    }
}

fn is_integer(kind: &str) -> bool {
    matches!(kind, "smallint" | "integer" | "bigint")
}

fn store(error: object_store::Error, sql: &str) -> Error {
    match error {
        object_store::Error::NotFound { path, .. } => {
            Error::UndefinedFile(format!("could not open file \"{path}\": it is gone"))
        }
        object_store::Error::Generic { source, .. } => of(DataFusionError::External(source), sql),
        other => Error::UndefinedFile(other.to_string()),
    }
}

/// One line, without DataFusion's framing and our own marks.
fn tidy(text: &str) -> String {
    let text = text.split("\n\nbacktrace").next().unwrap_or(text);
    let mut line = String::new();
    let mut marked = false;
    for c in text.chars() {
        match c {
            '\u{1}' => marked = true,
            c if marked && c.is_ascii_digit() => {}
            '\n' | '\r' => {
                marked = false;
                line.push(' ');
            }
            c => {
                marked = false;
                line.push(c);
            }
        }
    }
    let text = line.trim().trim_end_matches('.');
    let mut chars = text.chars();
    let first = chars.next();
    let second = text.chars().nth(1);
    match first {
        // An initialism keeps its case.
        Some(c) if !second.is_some_and(char::is_uppercase) => {
            c.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}
