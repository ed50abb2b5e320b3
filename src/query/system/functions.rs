//! The functions: what arguments each takes, what columns it gives, and what it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use futures::future::BoxFuture;

use super::{Columns, schema, whole};
use crate::catalog::Generation;
use crate::config::Span;
use crate::error::{Error, Result};
use crate::pg::catalog::rows::{self, Row, row};
use crate::query::engine::Engine;
use crate::version::Versions;

/// One call as the session read it.
#[derive(Debug, Clone)]
pub(in crate::query) struct Invocation {
    /// The function, without its schema, in lower case.
    pub(in crate::query) function: String,
    /// The values given, in order.
    pub(in crate::query) arguments: Vec<ScalarValue>,
    /// Names of those given as `name => value`, by position.
    pub(in crate::query) names: Vec<Option<String>>,
    /// The role that calls.
    pub(in crate::query) by: String,
    /// Whether it may do everything.
    pub(in crate::query) superuser: bool,
    /// What the statement before read: database and version.
    pub(in crate::query) last_versions: Vec<(String, String)>,
}

/// What a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bool,
    /// A `timestamptz`, or a text that is one, or a duration from now on (`2h`, `7d`).
    Moment,
}

/// One parameter of a function.
#[derive(Debug)]
struct Parameter {
    name: &'static str,
    kind: Kind,
    required: bool,
}

const fn needs(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: true }
}

const fn takes(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: false }
}

/// Who may call a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Everybody,
    /// Everybody for versions that are loaded, superusers for others: those are loaded first.
    Loaded,
    Superusers,
}

/// One function of the schema `forebay`.
struct Function {
    name: &'static str,
    parameters: &'static [Parameter],
    columns: Columns,
    access: Access,
    /// Whether it changes what is served, so that it cannot be part of a transaction.
    changes: bool,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Refresh,
    Load,
    Activate,
    Rollback,
    SetAlias,
    DropAlias,
    Swap,
    Hold,
    Pause,
    Resume,
    Unload,
    Verify,
    Diff,
    Check,
    StatementVersions,
}

const DATABASE: Parameter = needs("database", Kind::Text);
const VERSION: Parameter = needs("version", Kind::Text);
const EXPECTED: Parameter = takes("expected", Kind::Text);

/// Shorthand for a function that changes something.
const fn changing(
    name: &'static str,
    parameters: &'static [Parameter],
    columns: Columns,
    what: What,
) -> Function {
    Function { name, parameters, columns, access: Access::Superusers, changes: true, what }
}

/// Shorthand for one that only tells.
const fn telling(
    name: &'static str,
    parameters: &'static [Parameter],
    columns: Columns,
    (access, what): (Access, What),
) -> Function {
    Function { name, parameters, columns, access, changes: false, what }
}

static FUNCTIONS: &[Function] = &[
    changing(
        "refresh",
        &[takes("database", Kind::Text), takes("force", Kind::Bool)],
        &[
            ("database", "text"),
            ("action", "text"),
            ("from_version", "text"),
            ("to_version", "text"),
            ("message", "text"),
        ],
        What::Refresh,
    ),
    changing("load", &[DATABASE, VERSION], &[("load", "text")], What::Load),
    changing("activate", &[DATABASE, VERSION, EXPECTED], &[("activate", "text")], What::Activate),
    changing("rollback", &[DATABASE], &[("rollback", "text")], What::Rollback),
    changing(
        "set_alias",
        &[DATABASE, needs("alias", Kind::Text), VERSION, EXPECTED],
        &[("set_alias", "text")],
        What::SetAlias,
    ),
    changing(
        "drop_alias",
        &[DATABASE, needs("alias", Kind::Text), EXPECTED],
        &[("drop_alias", "text")],
        What::DropAlias,
    ),
    changing(
        "swap",
        &[needs("targets", Kind::Text)],
        &[("database", "text"), ("version", "text")],
        What::Swap,
    ),
    changing(
        "hold",
        &[DATABASE, VERSION, takes("until", Kind::Moment)],
        &[("hold", "timestamptz")],
        What::Hold,
    ),
    changing(
        "pause_refresh",
        &[takes("database", Kind::Text)],
        &[("pause_refresh", "bool")],
        What::Pause,
    ),
    changing(
        "resume_refresh",
        &[takes("database", Kind::Text)],
        &[("resume_refresh", "bool")],
        What::Resume,
    ),
    changing("unload", &[DATABASE, VERSION], &[("unload", "text")], What::Unload),
    // Reads every file again: nothing that anybody should make the server do.
    telling(
        "verify",
        &[DATABASE, VERSION],
        &[
            ("table", "text"),
            ("path", "text"),
            ("bytes", "int8"),
            ("good", "bool"),
            ("message", "text"),
        ],
        (Access::Superusers, What::Verify),
    ),
    telling(
        "diff",
        &[DATABASE, needs("old", Kind::Text), needs("new", Kind::Text)],
        &[
            ("table", "text"),
            ("column", "text"),
            ("change", "text"),
            ("old", "text"),
            ("new", "text"),
            ("breaking", "bool"),
        ],
        (Access::Loaded, What::Diff),
    ),
    telling("check", &[DATABASE, VERSION], &[("breaks", "text")], (Access::Loaded, What::Check)),
    telling(
        "statement_versions",
        &[],
        &[("database", "text"), ("version", "text")],
        (Access::Everybody, What::StatementVersions),
    ),
];

/// The columns of a function's result.
/// Errors: 42883 for an unknown name.
pub(in crate::query) fn describe(name: &str) -> Result<SchemaRef> {
    find(name).map(|function| schema(function.columns))
}

/// Whether the function changes what is served; false for an unknown name.
pub(in crate::query) fn changes(name: &str) -> bool {
    find(name).is_ok_and(|function| function.changes)
}

/// Runs one call.
///
/// Errors: 42883 for an unknown name or wrong arguments, 42501 for a role that may not, 22004-like 22023 for a NULL
/// where none may be, and what the operation itself says. Dropping the future leaves what was committed and begun:
/// loads go on.
pub(in crate::query) fn call(
    engine: &Arc<Engine>,
    invocation: Invocation,
) -> BoxFuture<'static, Result<(SchemaRef, Vec<RecordBatch>)>> {
    let versions = engine.system.versions.clone();
    let generation = engine.catalog.pin();
    let now_us = engine.clock.now_us();
    Box::pin(async move {
        let function = find(&invocation.function)?;
        let given = Given::bind(function, &invocation, now_us)?;
        permit(function, &invocation, &given, &generation)?;
        // What a call waits for may be long: the generation must not be kept alive by it.
        drop(generation);
        let rows = run(function, &versions, &given, &invocation).await?;
        let schema = schema(function.columns);
        let batch =
            rows::batch(&schema, &rows, None).map_err(|e| Error::Internal(e.to_string()))?;
        Ok((schema, vec![batch]))
    })
}

async fn run(
    function: &Function,
    versions: &Versions,
    given: &Given,
    invocation: &Invocation,
) -> Result<Vec<Row>> {
    let by = invocation.by.as_str();
    let one = |value: String| Ok(vec![row![value]]);
    match function.what {
        What::Refresh => {
            let rows = versions.refresh(given.maybe("database"), given.truth("force")).await?;
            let rows = rows.into_iter().map(|found| {
                let message = (!found.message.is_empty()).then_some(found.message);
                let database = (!found.database.is_empty()).then_some(found.database);
                row![database, found.action, found.from_version, found.to_version, message]
            });
            Ok(rows.collect())
        }
        What::Load => {
            let version = given.text("version");
            versions.load(given.text("database"), version, by).await?;
            one(version.to_owned())
        }
        What::Activate => {
            let (database, version) = (given.text("database"), given.text("version"));
            one(versions.activate(database, version, given.expected(), by).await?)
        }
        What::Rollback => one(versions.rollback(given.text("database"), by).await?),
        What::SetAlias => {
            let (database, alias) = (given.text("database"), given.text("alias"));
            let version = given.text("version");
            one(versions.set_alias(database, alias, version, given.expected(), by).await?)
        }
        What::DropAlias => {
            let (database, alias) = (given.text("database"), given.text("alias"));
            // There is no "nothing" to expect of an alias that is dropped: NULL is no opinion.
            let expected = given.maybe("expected").map(str::to_owned);
            versions.drop_alias(database, alias, expected, by).await?;
            one(alias.to_owned())
        }
        What::Swap => {
            let targets = targets(given.text("targets"))?;
            versions.swap(&targets, by).await?;
            Ok(targets.into_iter().map(|(database, version)| row![database, version]).collect())
        }
        What::Hold => {
            let until_us = given.moment("until");
            versions.hold(given.text("database"), given.text("version"), until_us, by).await?;
            Ok(vec![row![until_us]])
        }
        What::Pause => {
            versions.pause_refresh(given.maybe("database"), by).await?;
            Ok(vec![row![true]])
        }
        What::Resume => {
            versions.resume_refresh(given.maybe("database"), by).await?;
            Ok(vec![row![true]])
        }
        What::Unload => {
            let version = given.text("version");
            versions.unload(given.text("database"), version, by).await?;
            one(version.to_owned())
        }
        What::Verify => {
            let files = versions.verify(given.text("database"), given.text("version")).await?;
            let rows = files.into_iter().map(|file| {
                let message = (!file.message.is_empty()).then_some(file.message);
                row![file.table, file.path, whole(file.bytes), file.good, message]
            });
            Ok(rows.collect())
        }
        What::Diff => {
            let (old, new) = (given.text("old"), given.text("new"));
            let found = versions.diff(given.text("database"), old, new).await?;
            let rows = found.into_iter().map(|found| {
                let breaking = found.is_breaking();
                row![found.table, found.column, found.change, found.old, found.new, breaking]
            });
            Ok(rows.collect())
        }
        What::Check => {
            let broken = versions.check(given.text("database"), given.text("version")).await?;
            Ok(broken.into_iter().map(|what| row![what]).collect())
        }
        What::StatementVersions => {
            let read = invocation.last_versions.iter();
            Ok(read.map(|(database, version)| row![database, version]).collect())
        }
    }
}

/// Errors: 42501.
fn permit(
    function: &Function,
    invocation: &Invocation,
    given: &Given,
    generation: &Generation,
) -> Result<()> {
    let allowed = match function.access {
        Access::Everybody => true,
        Access::Superusers => false,
        Access::Loaded => {
            let database = generation.database(given.text("database"));
            let is_loaded = |name: &str| {
                // An argument this function does not have asks for nothing.
                given.maybe(name).is_none_or(|version| {
                    database.is_some_and(|database| database.resolve(version).is_some())
                })
            };
            ["version", "old", "new"].into_iter().all(is_loaded)
        }
    };
    if allowed || invocation.superuser {
        return Ok(());
    }
    let message = format!("permission denied for function {}", function.name);
    Err(Error::InsufficientPrivilege(message)
        .detail(format!("Only superusers may call forebay.{} so.", function.name)))
}

fn find(name: &str) -> Result<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name).ok_or_else(|| {
        Error::UndefinedFunction(format!("function forebay.{name} does not exist"))
            .hint("A function of schema forebay stands alone: SELECT forebay.f(…) or SELECT * FROM forebay.f(…).")
    })
}

/// `{"sales": "2026-03-01", "hr": "prod"}`.
fn targets(text: &str) -> Result<Vec<(String, String)>> {
    let parsed: Result<BTreeMap<String, String>, _> = serde_json::from_str(text);
    let wrong = |e: serde_json::Error| {
        Error::InvalidText { kind: "json".to_owned(), text: text.to_owned() }
            .detail(format!("{e}."))
            .hint("Give an object of databases and versions, as in {\"sales\": \"2026-03-01\"}.")
    };
    Ok(parsed.map_err(wrong)?.into_iter().collect())
}

// ---- arguments

/// The arguments of one call by the names of their parameters; those left out are not in it.
#[derive(Debug)]
struct Given(BTreeMap<&'static str, Option<Value>>);

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Bool(bool),
    /// Microseconds since the Unix epoch.
    Moment(i64),
}

impl Given {
    /// Errors: 42883 for too many, missing, unknown, doubled or wrongly typed arguments; 22023 for NULL where a value is
    /// needed; 22P02 for a text that is not what it should be.
    fn bind(function: &Function, invocation: &Invocation, now_us: i64) -> Result<Given> {
        let mut given = BTreeMap::new();
        let mut positions = function.parameters.iter();
        for (index, argument) in invocation.arguments.iter().enumerate() {
            let parameter = match invocation.names.get(index).and_then(Option::as_ref) {
                Some(name) => function.parameters.iter().find(|parameter| parameter.name == name),
                None => positions.next(),
            };
            let Some(parameter) = parameter else { return Err(mismatch(invocation)) };
            if argument.is_null() && parameter.required {
                return Err(Error::InvalidParameterValue(format!(
                    "argument \"{}\" of forebay.{} must not be null",
                    parameter.name, function.name
                )));
            }
            let value = match argument.is_null() {
                true => None,
                false => Some(
                    convert(parameter.kind, argument, now_us)?
                        .ok_or_else(|| mismatch(invocation))?,
                ),
            };
            if given.insert(parameter.name, value).is_some() {
                return Err(mismatch(invocation));
            }
        }
        let missing =
            |parameter: &&Parameter| parameter.required && !given.contains_key(parameter.name);
        if function.parameters.iter().any(|parameter| missing(&parameter)) {
            return Err(mismatch(invocation));
        }
        Ok(Given(given))
    }

    /// A text, when there is one.
    fn maybe(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Some(Value::Text(text))) => Some(text),
            _ => None,
        }
    }

    /// A required text: `bind` has made sure of it.
    fn text(&self, name: &str) -> &str {
        self.maybe(name).unwrap_or_default()
    }

    fn truth(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Some(Value::Bool(true))))
    }

    fn moment(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Some(Value::Moment(us))) => Some(*us),
            _ => None,
        }
    }

    /// What the caller takes to be so now: left out is no opinion, NULL is "nothing".
    fn expected(&self) -> Option<Option<String>> {
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
fn mismatch(invocation: &Invocation) -> Error {
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
        .hint(usage(name))
}

/// What would have fitted.
fn usage(name: &str) -> String {
    let Ok(function) = find(name) else { return String::new() };
    let parameters = function.parameters.iter().map(|parameter| match parameter.required {
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

#[cfg(test)]
pub(super) mod testing {
    use super::{Error, Given, Invocation, Result, ScalarValue, find};

    /// Binds a call and writes its arguments as `name=value`, or the SQLSTATE and message.
    pub(in crate::query::system) fn bound(
        function: &str,
        arguments: &[(Option<&str>, ScalarValue)],
        now_us: i64,
    ) -> String {
        let invocation = Invocation {
            function: function.to_owned(),
            arguments: arguments.iter().map(|(_, value)| value.clone()).collect(),
            names: arguments.iter().map(|(name, _)| name.map(str::to_owned)).collect(),
            by: "ann".to_owned(),
            superuser: true,
            last_versions: Vec::new(),
        };
        let given: Result<Given, Error> =
            find(function).and_then(|function| Given::bind(function, &invocation, now_us));
        match given {
            Ok(Given(values)) => {
                let shown = values.iter().map(|(name, value)| match value {
                    Some(value) => format!("{name}={value:?}"),
                    None => format!("{name}=NULL"),
                });
                shown.collect::<Vec<_>>().join(" ")
            }
            Err(error) => format!("{} {error}", error.state()),
        }
    }
}
