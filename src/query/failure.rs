//! DataFusion's errors as ours: the one place that knows both.
//!
//! Our own errors travel inside DataFusion as `External`. The rest is matched variant by variant; texts are read only
//! where DataFusion keeps the fact nowhere else, and each such text is a test in `tests/slt`.

use arrow::error::ArrowError;
use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::parse::shown;
use super::places;
use crate::error::{Error, Place};
use crate::pg::types;

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

fn planned(text: &str, sql: &str) -> Error {
    let has = |part: &str| text.contains(part);
    if let Some((_, qualifier)) = text.split_once("Invalid qualifier ") {
        let table = qualifier.trim().rsplit('.').next().unwrap_or_default();
        let message = format!("missing FROM-clause entry for table \"{table}\"");
        return Error::UndefinedRelation(message).near(Place::Word(table.to_owned()));
    }
    if has("LIMIT must be >") {
        return Error::NegativeRowCount("LIMIT");
    }
    if has("OFFSET must be >") {
        return Error::NegativeRowCount("OFFSET");
    }
    if let Some(error) = not_boolean(text) {
        return error;
    }
    if let Some((_, kinds)) =
        text.split_once("Incompatible inputs for Union: Previous inputs were of type ")
        && let Some((first, rest)) = kinds.split_once(", but got incompatible type ")
        && let Some((second, _)) = rest.split_once(" on column")
    {
        return Error::DatatypeMismatch(format!(
            "UNION types {} and {} cannot be matched",
            pg_name(first),
            pg_name(second)
        ));
    }
    if has("Invalid function") {
        let name = text.split('\'').nth(1).unwrap_or("?");
        return Error::UndefinedFunction(format!("function {name} does not exist"))
            .hint("No function matches the given name and argument types.");
    }
    if let Some(error) = no_function(text, sql) {
        return error;
    }
    if has("Aggregate") && has("WHERE") {
        return Error::Grouping("aggregate functions are not allowed in WHERE".to_owned());
    }
    if has("must appear in the GROUP BY clause")
        || has("must be part of GROUP BY")
        || has("non-aggregate values")
        || has("Column in SELECT must be in GROUP BY")
    {
        let column = text.split('"').nth(1).or_else(|| text.split('\'').nth(1)).unwrap_or("?");
        let column = unqualified(shown(column));
        let bare = column.rsplit('.').next().unwrap_or(column);
        let message = format!(
            "column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function"
        );
        return Error::Grouping(message).near(Place::Word(bare.to_owned()));
    }
    if has("argument to grouping function is not in grouping columns")
        || has("to grouping function is not in")
    {
        let message =
            "arguments to GROUPING must be grouping expressions of the associated query level";
        return Error::Grouping(message.to_owned());
    }
    if let Some(error) = no_operator(text) {
        return error;
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
        return Error::OperatorMismatch(format!(
            "operator does not exist: {}",
            pg_names(&tidy(text))
        ));
    }
    if has("Placeholder type could not be resolved") || has("No value found for placeholder") {
        return Error::IndeterminateDatatype(placeholder(text));
    }
    if let Some((_, number)) = text.split_once("zero is not a valid index: $") {
        let number = number.trim().parse().unwrap_or(0);
        return Error::UndefinedParameter(number).near(Place::Word(format!("${number}")));
    }
    if has("Order by column out of bounds") || has("Order by index starts at 1") {
        let number = text.split("specified: ").nth(1).and_then(|rest| rest.split(',').next());
        return Error::InvalidColumnReference(format!(
            "ORDER BY position {} is not in select list",
            number.unwrap_or("0")
        ));
    }
    if let Some((_, rest)) = text.split_once("Cannot find column with position ") {
        let number = rest.split(' ').next().unwrap_or_default();
        let message = format!("GROUP BY position {number} is not in select list");
        return Error::InvalidColumnReference(message);
    }
    if has("For SELECT DISTINCT, ORDER BY expressions") {
        let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
        return Error::InvalidColumnReference(message.to_owned());
    }
    if has("SELECT DISTINCT ON expressions must match initial ORDER BY expressions") {
        return Error::InvalidColumnReference(tidy(text));
    }
    if let Some((_, rest)) = text.split_once("The window ")
        && let Some((name, _)) = rest.split_once(" is not defined")
    {
        return Error::UndefinedObject(format!("window \"{name}\" does not exist"));
    }
    if has("nvalid window frame: start bound") {
        let message = "a window frame whose start is behind its end is not supported";
        return Error::FeatureNotSupported(message.to_owned());
    }
    if has("nvalid window frame: frame offsets") {
        return Error::InvalidFrame("frame starting offset must not be negative".to_owned());
    }
    if let Some((_, rest)) = text.split_once("Source table contains ")
        && let Some((available, rest)) = rest.split_once(" columns but only ")
    {
        let specified = rest.split(' ').next().unwrap_or_default();
        let number = |text: &str| text.parse::<usize>().unwrap_or(0);
        return if number(available) < number(specified) {
            Error::InvalidColumnReference(format!(
                "table has {available} columns available but {specified} columns specified"
            ))
        } else {
            let message = "an alias that names only some of such columns is not supported";
            Error::FeatureNotSupported(message.to_owned())
        };
    }
    if has("Too many columns! The subquery should only return one column") {
        return Error::Syntax("subquery must return only one column".to_owned());
    }
    if has("Inconsistent data length across values list") {
        return Error::Syntax("VALUES lists must all be the same length".to_owned());
    }
    if has("have different number of columns")
        || has("must have the same number of columns")
        || has("Union schemas have different number of fields")
    {
        let word = ["INTERSECT", "EXCEPT"].into_iter().find(|word| text.starts_with(word));
        return Error::Syntax(format!(
            "each {} query must have the same number of columns",
            word.unwrap_or("UNION")
        ));
    }
    if has("Projections require unique expression names") || has("have the same name") {
        return Error::DuplicateColumn(tidy(text));
    }
    Error::Planned(tidy(text))
}

/// What should be a truth and is none.
fn not_boolean(text: &str) -> Option<Error> {
    let wanted = |clause: &str, kind: &str| {
        let kind = pg_name(kind.trim());
        format!("argument of {clause} must be type boolean, not type {kind}")
    };
    if let Some((_, kind)) = text.split_once("non-boolean predicate ")
        && let Some((_, kind)) = kind.rsplit_once(" returning ")
    {
        let error = Error::DatatypeMismatch(wanted("WHERE", kind));
        return Some(error.near(Place::After("where")));
    }
    if let Some((_, kind)) = text.split_once("Join condition must be boolean type, but got ") {
        let error = Error::DatatypeMismatch(wanted("JOIN/ON", kind));
        return Some(error.near(Place::After("on")));
    }
    if let Some((_, kind)) = text.split_once("'NOT' requires a boolean expression, got ") {
        let error = Error::DatatypeMismatch(wanted("NOT", kind));
        return Some(error.near(Place::After("not")));
    }
    None
}

/// A call whose arguments no function of that name takes.
fn no_function(text: &str, sql: &str) -> Option<Error> {
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
    // Planned under a name of ours.
    let name = if name == "forebay_series" { "generate_series" } else { name };
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
fn not_unary(message: &str) -> Option<Error> {
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
fn no_operator(text: &str) -> Option<Error> {
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

/// PostgreSQL's name of a type as Arrow writes it.
fn pg_name(text: &str) -> String {
    if text.starts_with("Struct(") {
        return "record".to_owned();
    }
    match text.parse::<arrow::datatypes::DataType>() {
        Ok(arrow::datatypes::DataType::Null) => "unknown".to_owned(),
        Ok(data_type) => types::sql_name(types::of_data_type(&data_type).oid),
        Err(_other) => pg_names(text),
    }
}

/// `schema.table.column` without the schema, as PostgreSQL names columns.
fn unqualified(column: &str) -> &str {
    match column.rmatch_indices('.').nth(1) {
        Some((dot, _)) => column.get(dot + 1..).unwrap_or(column),
        None => column,
    }
}

/// Arrow's names of types as PostgreSQL's, in a text for people.
fn pg_names(text: &str) -> String {
    [
        ("LargeBinary", "bytea"),
        ("BinaryView", "bytea"),
        ("Binary", "bytea"),
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
        return Error::InvalidRegularExpression(irregular(text));
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
