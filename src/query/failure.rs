//! DataFusion's errors as ours: the one place that knows both.
//!
//! Our own errors travel inside DataFusion as `External`. The rest is matched variant by variant; texts are read only
//! where DataFusion keeps the fact nowhere else, and each such text is a test in `tests/slt`.

use arrow::error::ArrowError;
use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::parse::shown;
use crate::error::Error;

/// A refused cast with its place, where there is only one it can be.
fn placed(error: Error, sql: &str) -> Error {
    let place = match error.bare() {
        Error::CannotCoerce(message) if error.notes().position.is_none() => {
            super::places::of_cast(sql, message)
        }
        _ => None,
    };
    match place {
        Some(place) => error.at(place),
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
        DataFusionError::NotImplemented(text) => Error::FeatureNotSupported(tidy(&text)),
        DataFusionError::Plan(text) => planned(&text),
        DataFusionError::Configuration(text) => Error::InvalidParameterValue(tidy(&text)),
        DataFusionError::SchemaError(inner, _) => schema(*inner),
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
        DataFusionError::Plan(text) => planned(text),
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

fn schema(error: SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, valid_fields }
            if field.relation.as_ref().is_some_and(|relation| {
                let known = |valid: &Column| {
                    valid.relation.as_ref().is_some_and(|own| own.table() == relation.table())
                };
                !valid_fields.iter().any(known)
            }) =>
        {
            let table = field.relation.as_ref().map_or("", |relation| relation.table());
            Error::UndefinedRelation(format!("missing FROM-clause entry for table \"{table}\""))
        }
        SchemaError::FieldNotFound { field, .. } => Error::UndefinedColumn(match &field.relation {
            Some(relation) => {
                format!("column {}.{} does not exist", relation.table(), shown(&field.name))
            }
            None => format!("column \"{}\" does not exist", shown(&field.name)),
        }),
        SchemaError::AmbiguousReference { field } => {
            Error::AmbiguousColumn(shown(&field.name).to_owned())
        }
        SchemaError::DuplicateQualifiedField { qualifier, .. } => {
            Error::DuplicateAlias(qualifier.table().to_owned())
        }
        SchemaError::DuplicateUnqualifiedField { name } => {
            Error::AmbiguousColumn(shown(&name).to_owned())
        }
    }
}

fn planned(text: &str) -> Error {
    let has = |part: &str| text.contains(part);
    if let Some((_, qualifier)) = text.split_once("Invalid qualifier ") {
        return Error::UndefinedRelation(format!(
            "missing FROM-clause entry for table \"{}\"",
            qualifier.trim()
        ));
    }
    if has("LIMIT must be >") {
        return Error::NegativeRowCount("LIMIT");
    }
    if has("OFFSET must be >") {
        return Error::NegativeRowCount("OFFSET");
    }
    if let Some((_, kind)) = text.split_once("non-boolean predicate ")
        && let Some((_, kind)) = kind.rsplit_once(" returning ")
    {
        return Error::DatatypeMismatch(format!(
            "argument of WHERE must be type boolean, not type {}",
            pg_names(kind.trim())
        ));
    }
    if let Some((_, kinds)) =
        text.split_once("Incompatible inputs for Union: Previous inputs were of type ")
        && let Some((first, rest)) = kinds.split_once(", but got incompatible type ")
        && let Some((second, _)) = rest.split_once(" on column")
    {
        return Error::DatatypeMismatch(format!(
            "UNION types {} and {} cannot be matched",
            pg_names(first),
            pg_names(second)
        ));
    }
    if has("Invalid function") {
        let name = text.split('\'').nth(1).unwrap_or("?");
        return Error::UndefinedFunction(format!("function {name} does not exist"))
            .hint("No function matches the given name and argument types.");
    }
    if has("No function matches the given name and argument types")
        || has("failed to match any signature")
        || has("Failed to coerce arguments")
        || has("does not support zero arguments")
        || has("expects ") && has("arguments")
    {
        return Error::UndefinedFunction(function_call(text))
            .hint("No function matches the given name and argument types. You might need to add explicit type casts.");
    }
    if has("must appear in the GROUP BY clause")
        || has("must be part of GROUP BY")
        || has("non-aggregate values")
        || has("Column in SELECT must be in GROUP BY")
    {
        let column = text.split('"').nth(1).or_else(|| text.split('\'').nth(1)).unwrap_or("?");
        return Error::Grouping(format!(
            "column \"{}\" must appear in the GROUP BY clause or be used in an aggregate function",
            unqualified(shown(column))
        ));
    }
    if has("Aggregate") && has("WHERE") {
        return Error::Grouping("aggregate functions are not allowed in WHERE".to_owned());
    }
    if has("Cannot coerce")
        || has("cannot coerce")
        || has("Cannot infer common")
        || has("Cannot get result type")
        || has("no common type")
        || has("Invalid comparison")
        || has("Unsupported CAST")
        || has("no coercion")
    {
        return Error::OperatorMismatch(operator_text(text));
    }
    if has("Placeholder type could not be resolved") || has("No value found for placeholder") {
        return Error::IndeterminateDatatype(placeholder(text));
    }
    if has("ORDER BY position")
        || has("Order by column out of bounds")
        || has("not in select list")
        || has("is not in the select list")
    {
        return Error::InvalidColumnReference(tidy(text));
    }
    if has("Union") && has("columns")
        || has("same number of columns")
        || has("UNION queries have different number of columns")
    {
        return Error::Syntax("each UNION query must have the same number of columns".to_owned());
    }
    if has("Projections require unique expression names") || has("have the same name") {
        return Error::DuplicateColumn(tidy(text));
    }
    Error::Planned(tidy(text))
}

/// `schema.table.column` without the schema, as PostgreSQL names columns.
fn unqualified(column: &str) -> &str {
    match column.rmatch_indices('.').nth(1) {
        Some((dot, _)) => column.get(dot + 1..).unwrap_or(column),
        None => column,
    }
}

fn function_call(text: &str) -> String {
    let call = text.split('\'').skip(1).step_by(2).find(|call| call.contains('('));
    match call {
        Some(call) => format!("function {} does not exist", pg_names(call)),
        None => tidy(text),
    }
}

/// Arrow's names of types as PostgreSQL's, in a text for people.
fn pg_names(text: &str) -> String {
    [
        ("Utf8View", "text"),
        ("LargeUtf8", "text"),
        ("Utf8", "text"),
        ("Int64", "bigint"),
        ("Int32", "integer"),
        ("Int16", "smallint"),
        ("Float64", "double precision"),
        ("Float32", "real"),
        ("Boolean", "boolean"),
        ("Date32", "date"),
        ("Null", "unknown"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (arrow, pg)| text.replace(arrow, pg))
}

fn operator_text(text: &str) -> String {
    if let Some((_, operands)) = text.split_once("arithmetic expression ")
        && let Some((operands, _)) = operands.split_once(" to valid types")
    {
        return format!("operator does not exist: {}", pg_names(operands));
    }
    format!("operator does not exist: {}", pg_names(&tidy(text)))
}

fn placeholder(text: &str) -> usize {
    let digits: String = text
        .split('$')
        .nth(1)
        .unwrap_or_default()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(1)
}

fn executed(text: &str) -> Error {
    let has = |part: &str| text.contains(part);
    if has("Divide by zero") || has("division by zero") {
        return Error::DivisionByZero;
    }
    if has("more than one row") {
        return Error::CardinalityViolation;
    }
    if has("egular expression") || has("regex parse error") {
        return Error::InvalidRegularExpression(tidy(text));
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

fn exhausted(text: &str) -> Error {
    if text.contains("temporary disk") || text.contains("spill") && text.contains("limit") {
        return Error::ConfigurationLimit("temporary file size exceeds the spill limit".to_owned())
            .hint("The limit is the setting query.spill_limit.");
    }
    Error::OutOfMemory("out of memory".to_owned())
        .detail("The statement needs more memory than it may have.")
        .hint("The limits are the settings query.memory_limit and query.memory_per_statement.")
}

fn internal(text: &str) -> Error {
    if text.contains("more than one row") {
        return Error::CardinalityViolation;
    }
    if text.contains("egular expression") || text.contains("regex parse error") {
        return Error::InvalidRegularExpression(tidy(text));
    }
    Error::Internal(tidy(text))
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
