//! The functions: what arguments each takes, what columns it gives, and what it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use futures::future::BoxFuture;

use super::arguments::{Given, Kind, Parameter, needs, takes};
use super::{Columns, System, schema, whole};
use crate::catalog::Generation;
use crate::catalog::table::Table as WrittenTable;
use crate::error::{Error, Result};
use crate::pg::catalog::rows::{self, Row, row};
use crate::query::engine::Engine;

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
    /// Of a function whose first argument is a log, the log it means.
    pub(in crate::query) log: Option<Arc<WrittenTable>>,
}

/// Who may call a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Everybody,
    /// Who owns the log.
    Owner,
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
    VerifyLog,
    Redact,
    Backup,
}

const DATABASE: Parameter = needs("database", Kind::Text);
const LOG: Parameter = needs("log", Kind::Text);
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
    telling(
        "verify_log",
        &[LOG],
        &[
            ("segment", "text"),
            ("first_seq", "int8"),
            ("last_seq", "int8"),
            ("rows", "int8"),
            ("bytes", "int8"),
            ("good", "bool"),
            ("message", "text"),
        ],
        (Access::Owner, What::VerifyLog),
    ),
    changing(
        "backup",
        &[needs("location", Kind::Text)],
        &[
            ("name", "text"),
            ("lsn", "int8"),
            ("files", "int8"),
            ("bytes", "int8"),
            ("new_bytes", "int8"),
        ],
        What::Backup,
    ),
    Function {
        access: Access::Owner,
        ..changing(
            "redact",
            &[LOG, needs("first", Kind::Number), takes("last", Kind::Number)],
            &[("redact", "int8")],
            What::Redact,
        )
    },
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

/// Whether the first argument of the function is a log; false for an unknown name.
pub(in crate::query) fn is_of_log(name: &str) -> bool {
    let first = find(name).ok().and_then(|function| function.parameters.first());
    first.is_some_and(|parameter| parameter.name == LOG.name)
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
    let engine = Arc::clone(engine);
    let generation = engine.catalog.pin();
    let now_us = engine.clock.now_us();
    Box::pin(async move {
        let function = find(&invocation.function)?;
        let given = Given::bind(function.parameters, &invocation, now_us)?;
        permit(function, &invocation, &given, &generation)?;
        // What a call waits for may be long: the generation must not be kept alive by it.
        drop(generation);
        let rows = match &invocation.log {
            Some(log) => run_on_log(function, &engine, (log, &given)).await?,
            None => run(function, &engine.system, &given, &invocation).await?,
        };
        let schema = schema(function.columns);
        let batch =
            rows::batch(&schema, &rows, None).map_err(|e| Error::Internal(e.to_string()))?;
        Ok((schema, vec![batch]))
    })
}

async fn run(
    function: &Function,
    system: &System,
    given: &Given,
    invocation: &Invocation,
) -> Result<Vec<Row>> {
    let versions = &system.versions;
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
        What::Backup => {
            let stored = system.backups.make(given.text("location")).await?;
            let (files, bytes) = (whole(stored.files), whole(stored.bytes));
            let (lsn, new_bytes) = (whole(stored.lsn), whole(stored.new_bytes));
            Ok(vec![row![&stored.name, lsn, files, bytes, new_bytes]])
        }
        What::VerifyLog | What::Redact => Err(Error::Internal("no log is named".to_owned())),
    }
}

async fn run_on_log(
    function: &Function,
    engine: &Engine,
    (log, given): (&Arc<WrittenTable>, &Given),
) -> Result<Vec<Row>> {
    let oid = log.ids.relation;
    if let What::Redact = function.what {
        let first = given.number("first").unwrap_or_default();
        let last = given.number("last").unwrap_or(first);
        return Ok(vec![row![engine.logs.redact(oid, first, last).await?]]);
    }
    let checked = engine.logs.verify(oid).await?;
    let told = checked.into_iter().map(|(segment, damage)| {
        let file = &segment.file;
        row![
            &file.name,
            segment.first,
            segment.last,
            file.rows,
            whole(file.bytes),
            damage.is_none(),
            damage.map(|error| error.to_string())
        ]
    });
    Ok(told.collect())
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
        Access::Owner => {
            let log = invocation.log.as_ref();
            log.is_some_and(|log| generation.owns(&invocation.by, &log.owner))
        }
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
    if let (Access::Owner, Some(log)) = (function.access, &invocation.log) {
        return Err(Error::InsufficientPrivilege(format!("must be owner of log {}", log.name)));
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
            log: None,
        };
        let given: Result<Given, Error> = find(function)
            .and_then(|function| Given::bind(function.parameters, &invocation, now_us));
        match given {
            Ok(given) => {
                let shown = given.iter().map(|(name, value)| match value {
                    Some(value) => format!("{name}={value:?}"),
                    None => format!("{name}=NULL"),
                });
                shown.collect::<Vec<_>>().join(" ")
            }
            Err(error) => format!("{} {error}", error.state()),
        }
    }
}
