//! `forebay migrate`: applies files of SQL to a running server, each once, in order, whole or not at all.
//!
//! Owns: the names of files, the table of what was applied, the lock file of schemas. Invariant: a file and its row in the
//! table are one transaction, and all of it happens under one advisory lock.
//! On failure: nothing of the failed file is there, and those before it are; the same command goes on once it is mended.
//! What contradicts the history is refused before anything runs.

mod files;
mod history;
mod schemas;
mod script;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use tokio_postgres::Client;

use super::connection::{DEFAULT_URL, Target, answer, answer_at};
use super::{password, say};
use crate::error::Result;
use crate::task::Clock;
use files::{File, Plan};
use history::{Applied, History};
use script::Statement;

/// The advisory lock all migrations take, whatever their table: a number nobody takes by chance.
const LOCK: i64 = i64::from_be_bytes(*b"fbmigrat");

pub(super) fn command() -> Command {
    let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("migrate")
        .about("Apply migrations, files NNNN_name.sql, to a running server")
        .arg(Arg::new("url").value_name("URL").default_value(DEFAULT_URL).help("The server"))
        .arg(password::argument(
            "The password, where URL has none, is the first line of FILE; `-` is standard input",
        ))
        .arg(
            Arg::new("dir")
                .long("dir")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .default_value("migrations")
                .help("Where the files are"),
        )
        .arg(Arg::new("table").long("table").value_name("[SCHEMA.]TABLE").help(
            "Where to keep what was applied [default: forebay_migrations, \
             in the first schema of the search path that can be written]",
        ))
        .arg(
            Arg::new("target")
                .long("target")
                .value_name("NUMBER")
                .value_parser(value_parser!(i64).range(0..))
                .help("The last one to apply; schema.lock is left alone when more follow"),
        )
        .arg(flag("dry-run", "Print what would be applied, and why; change nothing"))
        .arg(
            flag(
                "locked",
                "Fail when schema.lock, beside the files, is not what they make; do not write it. \
             With --dry-run they run in a transaction that is rolled back",
            )
            .conflicts_with("target"),
        )
        .arg(
            flag("status", "List all files and whether they were applied")
                .conflicts_with_all(["dry-run", "locked", "target"]),
        )
}

pub(super) fn run(arguments: &ArgMatches) -> Result<()> {
    let text = |name| arguments.get_one::<String>(name).cloned();
    let url = text("url").unwrap_or_default();
    let target = Target::new(&url, password::given(arguments)?, "forebay migrate")?;
    let directory = arguments.get_one::<PathBuf>("dir").cloned().unwrap_or_default();
    let migration = Migration {
        // What can be told without a server is told without one.
        files: files::read(&directory)?,
        directory,
        table: text("table"),
        target: arguments.get_one::<i64>("target").copied(),
        locked: arguments.get_flag("locked"),
    };
    let migration = &migration;
    super::block_on(target.with(|client| async move {
        if arguments.get_flag("status") {
            migration.status(&client).await
        } else if arguments.get_flag("dry-run") {
            alone(&client, migration.rehearse(&client)).await
        } else {
            alone(&client, migration.apply(&client)).await
        }
    }))
}

/// What was asked for.
struct Migration {
    files: Vec<File>,
    directory: PathBuf,
    table: Option<String>,
    target: Option<i64>,
    locked: bool,
}

impl Migration {
    /// Applies what is not applied.
    async fn apply(&self, client: &Client) -> Result<()> {
        let (history, rows) = self.history(client).await?;
        let plan = files::plan(&self.files, &rows, self.target)?;
        let scripts = scripts(&plan)?;
        let started = Clock::instant();
        for (file, statements) in &scripts {
            let duration = apply(client, &history, file, statements).await?;
            self.tell(&file.name, &format!("applied  {} ms", duration.as_millis()));
        }
        if !self.files.is_empty() && plan.later.is_empty() {
            let schemas = schemas::text(client, &history).await?;
            if self.locked {
                schemas::compare(&self.directory, &schemas)?;
            } else if schemas::write(&self.directory, &schemas)? {
                self.tell(schemas::FILE, "written");
            }
        }
        if !scripts.is_empty() {
            say::out(&format!("{} applied, {} ms", scripts.len(), started.elapsed().as_millis()));
        }
        Ok(())
    }

    /// Tells what [`Migration::apply`] would do.
    async fn rehearse(&self, client: &Client) -> Result<()> {
        let (history, rows) = self.history(client).await?;
        let plan = files::plan(&self.files, &rows, self.target)?;
        let scripts = scripts(&plan)?;
        if !scripts.is_empty() && !history.exists(client).await? {
            self.tell(&history.name(), "to create: it is not there");
        }
        let why = rows.last().map_or_else(
            || "nothing is applied yet".to_owned(),
            |last| format!("it is above {:04}, the last that is applied", last.number),
        );
        for (file, _) in &scripts {
            self.tell(&file.name, &format!("to apply: {why}"));
        }
        for file in &plan.later {
            self.tell(&file.name, "not to apply: it is above the target");
        }
        if self.locked {
            schemas::compare(&self.directory, &rehearsed(client, &history, &scripts).await?)?;
        }
        if !scripts.is_empty() {
            say::out(&format!("{} to apply", scripts.len()));
        }
        Ok(())
    }

    /// Lists all files, then says what is wrong with them.
    async fn status(&self, client: &Client) -> Result<()> {
        let (_, rows) = self.history(client).await?;
        let mut lines: Vec<(i64, &str, String)> = Vec::new();
        for row in &rows {
            let said = format!("applied  {}  {} ms", row.applied_at, row.duration_ms);
            lines.push((row.number, &row.name, said));
        }
        for file in &self.files {
            if rows.iter().all(|row| row.number != file.number) {
                lines.push((file.number, &file.name, "pending".to_owned()));
            }
        }
        lines.sort();
        let pending = lines.len().saturating_sub(rows.len());
        for (_, name, said) in lines {
            self.tell(name, &said);
        }
        say::out(&format!("{} applied, {pending} pending", rows.len()));
        files::refused(&files::complaints(&self.files, &rows))
    }

    /// The table of what was applied, and its rows.
    async fn history(&self, client: &Client) -> Result<(History, Vec<Applied>)> {
        let written = schemas::written(client).await?;
        let history = History::find(client, self.table.as_deref(), &written).await?;
        let rows = history.rows(client).await?;
        Ok((history, rows))
    }

    /// Prints a line about a file, in columns.
    fn tell(&self, name: &str, said: &str) {
        let names = self.files.iter().map(|file| file.name.chars().count());
        let width = names.chain([schemas::FILE.len()]).max().unwrap_or_default();
        say::out(&format!("{name:width$}  {said}"));
    }
}

/// Does `work` while no other migration runs.
async fn alone(client: &Client, work: impl Future<Output = Result<()>>) -> Result<()> {
    let asked = client.query_one(&format!("SELECT pg_try_advisory_lock({LOCK})"), &[]).await;
    let free: bool = asked.and_then(|row| row.try_get(0)).map_err(|e| answer(&e))?;
    if !free {
        say::out("waiting for another migration to end");
        let waited = client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await;
        waited.map_err(|e| answer(&e))?;
    }
    let outcome = work.await;
    // The end of the session would do this too, but some time after this process is gone: the next would find the lock
    // taken. What failed before is what to tell, and a lost connection lost the lock.
    let ended = match client.batch_execute("ROLLBACK").await {
        Ok(()) => client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await,
        failed => failed,
    };
    outcome.and(ended.map_err(|e| answer(&e)))
}

/// The statements of all files to apply. Errors: as [`script::statements`].
fn scripts<'a>(plan: &Plan<'a>) -> Result<Vec<(&'a File, Vec<Statement<'a>>)>> {
    let script = |file: &&'a File| Ok((*file, script::statements(&file.name, &file.text)?));
    plan.pending.iter().map(script).collect()
}

/// Applies one file and writes its row, in one transaction, which is left open by a failure. Returns how long its
/// statements took.
async fn apply(
    client: &Client,
    history: &History,
    file: &File,
    statements: &[Statement<'_>],
) -> Result<Duration> {
    let started = Clock::instant();
    client.batch_execute("BEGIN").await.map_err(|e| answer(&e))?;
    run_all(client, file, statements).await?;
    let duration = started.elapsed();
    history.record(client, file, duration).await?;
    let committed = client.batch_execute("COMMIT").await;
    committed.map_err(|e| answer_at(&format!("\"{}\", at its end: ", file.name), &e))?;
    Ok(duration)
}

/// What the schemas would be after `scripts`. Leaves a transaction that is to be rolled back.
async fn rehearsed(
    client: &Client,
    history: &History,
    scripts: &[(&File, Vec<Statement<'_>>)],
) -> Result<String> {
    client.batch_execute("BEGIN").await.map_err(|e| answer(&e))?;
    for (file, statements) in scripts {
        run_all(client, file, statements).await?;
    }
    schemas::text(client, history).await
}

/// Runs the statements of a file.
/// Errors: what the first that fails says, with its place.
async fn run_all(client: &Client, file: &File, statements: &[Statement<'_>]) -> Result<()> {
    for statement in statements {
        let place = format!("\"{}\", line {}: ", file.name, statement.line);
        let ran = client.batch_execute(statement.text).await;
        ran.map_err(|e| answer_at(&place, &e))?;
    }
    // A role and settings of one file are not the next one's.
    client.batch_execute("RESET ROLE; RESET ALL").await.map_err(|e| answer(&e))
}
