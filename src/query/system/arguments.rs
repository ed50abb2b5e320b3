//! Arguments of the functions: what was given, by the names of the parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;

use super::functions::Invocation;
use crate::config::Span;
use crate::error::{Error, Result};

/// What a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bool,
    Number,
    /// A `timestamptz`, or a text that is one, or a duration from now on (`2h`, `7d`).
    Moment,
}

/// One parameter of a function.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

pub(super) const fn needs(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: true }
}

pub(super) const fn takes(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: false }
}

/// The arguments of one call by the names of their parameters; those left out are not in it.
#[derive(Debug)]
pub(super) struct Given(BTreeMap<&'static str, Option<Value>>);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Bool(bool),
    Number(i64),
    /// Microseconds since the Unix epoch.
    Moment(i64),
}

impl Given {
    /// Errors: 42883 for too many, missing, unknown, doubled or wrongly typed arguments; 22023 for NULL where a value is
    /// needed; 22P02 for a text that is not what it should be.
    pub(super) fn bind(
        parameters: &'static [Parameter],
        invocation: &Invocation,
        now_us: i64,
    ) -> Result<Given> {
        let mut given = BTreeMap::new();
        let mut positions = parameters.iter();
        for (index, argument) in invocation.arguments.iter().enumerate() {
            let parameter = match invocation.names.get(index).and_then(Option::as_ref) {
                Some(name) => parameters.iter().find(|parameter| parameter.name == name),
                None => positions.next(),
            };
            let Some(parameter) = parameter else { return Err(mismatch(parameters, invocation)) };
            if argument.is_null() && parameter.required {
                return Err(Error::InvalidParameterValue(format!(
                    "argument \"{}\" of forebay.{} must not be null",
                    parameter.name, invocation.function
                )));
            }
            let value = match argument.is_null() {
                true => None,
                false => Some(
                    convert(parameter.kind, argument, now_us)?
                        .ok_or_else(|| mismatch(parameters, invocation))?,
                ),
            };
            if given.insert(parameter.name, value).is_some() {
                return Err(mismatch(parameters, invocation));
            }
        }
        let missing =
            |parameter: &&Parameter| parameter.required && !given.contains_key(parameter.name);
        if parameters.iter().any(|parameter| missing(&parameter)) {
            return Err(mismatch(parameters, invocation));
        }
        Ok(Given(given))
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&&'static str, &Option<Value>)> {
        self.0.iter()
    }

    /// A text, when there is one.
    pub(super) fn maybe(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Some(Value::Text(text))) => Some(text),
            _ => None,
        }
    }

    /// A required text: `bind` has made sure of it.
    pub(super) fn text(&self, name: &str) -> &str {
        self.maybe(name).unwrap_or_default()
    }

    pub(super) fn truth(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Some(Value::Bool(true))))
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Some(Value::Number(number))) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn moment(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Some(Value::Moment(us))) => Some(*us),
            _ => None,
        }
    }

    /// What the caller takes to be so now: left out is no opinion, NULL is "nothing".
    pub(super) fn expected(&self) -> Option<Option<String>> {
        self.0.get("expected").map(|_| self.maybe("expected").map(str::to_owned))
    }
}

/// `None` for a type that does not fit.
fn convert(kind: Kind, argument: &ScalarValue, now_us: i64) -> Result<Option<Value>> {
    let text = argument.try_as_str().flatten();
    Ok(match (kind, text) {
        (Kind::Text, text) => text.map(|text| Value::Text(text.to_owned())),
        (Kind::Bool, None) => match argument {
            ScalarValue::Boolean(Some(value)) => Some(Value::Bool(*value)),
            _ => None,
        },
        (Kind::Bool, Some(text)) => match text.to_ascii_lowercase().as_str() {
            "t" | "true" | "on" | "yes" | "1" => Some(Value::Bool(true)),
            "f" | "false" | "off" | "no" | "0" => Some(Value::Bool(false)),
            _ => return Err(invalid("boolean", text)),
        },
        (Kind::Number, Some(text)) => match text.trim().parse() {
            Ok(number) => Some(Value::Number(number)),
            Err(_) => return Err(invalid("bigint", text)),
        },
        (Kind::Number, None) => match argument.data_type().is_integer() {
            true => match argument.cast_to(&DataType::Int64) {
                Ok(ScalarValue::Int64(number)) => number.map(Value::Number),
                _ => None,
            },
            false => None,
        },
        (Kind::Moment, Some(text)) => Some(Value::Moment(moment(text, now_us)?)),
        (Kind::Moment, None) => match argument.data_type() {
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
                instant(argument).map(Value::Moment)
            }
            _ => None,
        },
    })
}

/// A time, or a duration from now on.
fn moment(text: &str, now_us: i64) -> Result<i64> {
    if let Some(Span(Some(span))) = Span::parse(text) {
        let span_us = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        return Ok(now_us.saturating_add(span_us));
    }
    instant(&ScalarValue::from(text)).ok_or_else(|| invalid("timestamp with time zone", text))
}

fn instant(value: &ScalarValue) -> Option<i64> {
    let kind = DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")));
    match value.cast_to(&kind) {
        Ok(ScalarValue::TimestampMicrosecond(us, _)) => us,
        _ => None,
    }
}

fn invalid(kind: &str, text: &str) -> Error {
    Error::InvalidText { kind: kind.to_owned(), text: text.to_owned() }
}

/// PostgreSQL's words for arguments that fit no function.
fn mismatch(parameters: &[Parameter], invocation: &Invocation) -> Error {
    let types = invocation.arguments.iter().enumerate().map(|(index, argument)| {
        let kind = type_name(&argument.data_type());
        match invocation.names.get(index).and_then(Option::as_ref) {
            Some(name) => format!("{name} => {kind}"),
            None => kind.to_owned(),
        }
    });
    let list = types.collect::<Vec<_>>().join(", ");
    let name = &invocation.function;
    Error::UndefinedFunction(format!("function forebay.{name}({list}) does not exist"))
        .hint(usage(parameters))
}

/// What would have fitted.
fn usage(parameters: &[Parameter]) -> String {
    let parameters = parameters.iter().map(|parameter| match parameter.required {
        true => parameter.name.to_owned(),
        false => format!("[{}]", parameter.name),
    });
    format!("It takes ({}).", parameters.collect::<Vec<_>>().join(", "))
}

fn type_name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "boolean",
        DataType::Int8 | DataType::Int16 => "smallint",
        DataType::Int32 => "integer",
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => "bigint",
        DataType::Float32 => "real",
        DataType::Float64 => "double precision",
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => "numeric",
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text",
        DataType::Timestamp(_, None) => "timestamp without time zone",
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Interval(_) => "interval",
        _ => "unknown",
    }
}
