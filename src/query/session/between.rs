//! What sessions do to each other: LISTEN and NOTIFY, advisory locks, LOCK TABLE, stopping one another.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::Query;

use super::SqlSession;
use crate::error::{Error, Result};
use crate::pg::facts::{Signal, signalable};
use crate::pg::types::{self, PgType};
use crate::query::channels::Post;
use crate::query::door::{Column, Notification, Outcome, RowsTag};
use crate::query::locks::{Key, Mode, Number};
use crate::query::parse::Call;
use crate::query::run::stored;

/// What a function of `pg_catalog` that runs here, as a statement of its own, returns; `None` for any other.
pub(in crate::query) fn returns(function: &str) -> Option<u32> {
    Some(match function {
        "pg_notify"
        | "pg_advisory_lock"
        | "pg_advisory_lock_shared"
        | "pg_advisory_xact_lock"
        | "pg_advisory_xact_lock_shared"
        | "pg_advisory_unlock_all" => VOID,
        "pg_try_advisory_lock"
        | "pg_try_advisory_lock_shared"
        | "pg_try_advisory_xact_lock"
        | "pg_try_advisory_xact_lock_shared"
        | "pg_advisory_unlock"
        | "pg_advisory_unlock_shared"
        | "pg_cancel_backend"
        | "pg_terminate_backend" => types::BOOL,
        _ => return None,
    })
}

/// The one column of a call's result.
pub(super) fn column(name: &str, kind: u32) -> Column {
    let len = if kind == VOID { 4 } else { 1 };
    let pg_type = PgType { oid: kind, len, modifier: -1 };
    Column { name: name.to_owned(), table_oid: 0, number: 0, pg_type }
}

/// Notifications, and locks taken, of one transaction; as many as it may have savepoints. Each may cost 8 KiB.
const TRANSACTION_LEN_MAX: usize = 10_000;

/// `void`, which is written as nothing.
const VOID: u32 = 2278;

fn result(call: &Call, value: Option<bool>) -> Result<Outcome> {
    let kind = returns(&call.function).unwrap_or(VOID);
    let array: ArrayRef = match kind {
        VOID => Arc::new(StringArray::from(vec![Some("")])),
        _ => Arc::new(BooleanArray::from(vec![value])),
    };
    let schema = Schema::new(vec![Field::new(&call.alias, array.data_type().clone(), true)]);
    let batch = RecordBatch::try_new(Arc::new(schema), vec![array])
        .map_err(|error| Error::Internal(error.to_string()))?;
    Ok(Outcome::Rows {
        columns: Arc::new([column(&call.alias, kind)]),
        rows: stored(vec![batch]),
        tag: RowsTag::Counted("SELECT"),
        binary: false,
    })
}

impl SqlSession {
    /// Does now what a statement posts, or keeps it for the commit.
    /// Errors: 54000 when a listener's mailbox is full.
    pub(super) fn post(&mut self, post: Post) -> Result<()> {
        match &mut self.block {
            Some(block) if TRANSACTION_LEN_MAX <= block.posts.len() => {
                let message = "too many notifications in one transaction".to_owned();
                Err(Error::ProgramLimitExceeded(message))
            }
            Some(block) => {
                block.posts.push(post);
                Ok(())
            }
            None => self.engine.channels.commit(self.login.pid, &self.mailbox, &[post]),
        }
    }

    /// What has arrived; inside a block nothing is taken.
    pub(super) fn arrived(&mut self) -> Vec<Notification> {
        if self.block.is_some() { Vec::new() } else { self.mailbox.take() }
    }

    /// LOCK TABLE: the tables of a version never change, so there is nothing to wait for. Who writes a table is not kept out
    /// by it: that is refused.
    /// Errors: 25P01 outside of a block; names and privileges as in a query; 0A000.
    pub(super) async fn lock_tables(
        &mut self,
        tables: &[Box<Query>],
        excludes_writers: bool,
        text: &Arc<str>,
    ) -> Result<()> {
        if self.block.is_none() {
            let message = "LOCK TABLE can only be used in transaction blocks".to_owned();
            return Err(Error::NoActiveTransaction(message));
        }
        for table in tables {
            self.plan(table, text, &[]).await?;
            let Some((schema, name)) = self.locked_table(table)? else { continue };
            let written = self.written(schema.as_deref(), &name);
            let shared = written.is_some_and(|written| written.schema.is_some());
            if excludes_writers && shared {
                let message = format!("LOCK TABLE cannot keep others from writing \"{name}\"");
                return Err(Error::FeatureNotSupported(message)
                    .hint("Advisory locks and SELECT FOR UPDATE can keep sessions apart."));
            }
        }
        Ok(())
    }

    /// ANALYZE and VACUUM, which files that never change do not need, and CHECKPOINT, which makes the next start a quick one.
    /// Errors: 25001 for VACUUM in a block, 42501 for CHECKPOINT of who is no superuser, and those of writing it; names and
    /// privileges as in a query.
    pub(super) async fn maintain(
        &mut self,
        tag: &'static str,
        tables: &[Box<Query>],
        text: &Arc<str>,
    ) -> Result<()> {
        match tag {
            "VACUUM" => self.outside_a_block(tag)?,
            "CHECKPOINT" if !self.superuser() => {
                let message =
                    "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT";
                return Err(Error::InsufficientPrivilege(message.to_owned()));
            }
            _ => {}
        }
        for table in tables {
            // The place is one in the query, which is not the client's.
            self.plan(table, text, &[]).await.map_err(|error| error.bare().clone())?;
        }
        if tag == "CHECKPOINT" {
            let engine = Arc::clone(&self.engine);
            self.unless_cancelled(engine.catalog.checkpoint()).await?;
        }
        Ok(())
    }

    /// `pg_cancel_backend`, `pg_terminate_backend`. Returns whether there was such a session.
    /// Errors: 42501 for a session of another role.
    fn stop_other(&mut self, name: &str, number: Number) -> Result<bool> {
        let pid = match number {
            Number::One(pid) => i32::try_from(pid).unwrap_or(0),
            // The second is how long to wait for the end, which takes no time here.
            Number::Two(pid, _) => pid,
        };
        let terminate = name == "pg_terminate_backend";
        let found = self.engine.sessions.reach(pid);
        if let Some((user, _)) = &found {
            signalable(user, &self.user, self.superuser(), terminate)?;
        }
        Ok(self.send(Signal { pid, terminate, known: found.is_some() }))
    }

    /// Stops a session that this one may stop. Returns whether there was such a session.
    pub(super) fn send(&mut self, Signal { pid, terminate, known }: Signal) -> bool {
        let found = self.engine.sessions.reach(pid).filter(|_| known);
        let Some((_, switch)) = found else {
            let message = format!("PID {pid} is not a PostgreSQL backend process");
            self.notice("WARNING", "01000", message);
            return false;
        };
        match switch {
            Some(switch) if terminate => switch.terminate(),
            Some(switch) => switch.cancel(),
            None => {}
        }
        true
    }

    /// A function for which [`returns`] knows a type.
    /// Errors: 42883 for other arguments; what the function itself refuses.
    pub(super) async fn call_between(
        &mut self,
        call: &Call,
        arguments: &[ScalarValue],
    ) -> Result<Outcome> {
        let name = call.function.as_str();
        if name == "pg_notify" {
            let [channel, payload] = arguments else { return Err(undefined(name)) };
            let text = |value: &ScalarValue| value.try_as_str().flatten().unwrap_or("").to_owned();
            self.post(Post::notify(&text(channel), &text(payload))?)?;
            return result(call, None);
        }
        if name == "pg_advisory_unlock_all" {
            // Those of the transaction stay until its end.
            let kept = self.block.as_ref().map_or(&[][..], |block| &block.locks);
            self.engine.locks.release_all_but(kept, self.login.pid);
            return result(call, None);
        }
        // NULL in, NULL out.
        if arguments.iter().any(ScalarValue::is_null) {
            return result(call, None);
        }
        let number = number(arguments).ok_or_else(|| undefined(name))?;
        if name.ends_with("_backend") {
            return result(call, Some(self.stop_other(name, number)?));
        }
        let key = Key { database: self.login.database.clone(), number };
        let mode = if name.ends_with("_shared") { Mode::Shared } else { Mode::Exclusive };
        let pid = self.login.pid;
        if name.starts_with("pg_advisory_unlock") {
            let of_block = self.block.iter().flat_map(|block| &block.locks);
            let kept = of_block.filter(|(own, held)| *own == key && *held == mode).count();
            let released = self.engine.locks.release_beyond(kept, pid, &key, mode);
            if !released {
                let kind = if mode == Mode::Shared { "ShareLock" } else { "ExclusiveLock" };
                let message = format!("you don't own a lock of type {kind}");
                self.notice("WARNING", "01000", message);
            }
            return result(call, Some(released));
        }
        let of_transaction = name.contains("_xact_");
        if name.starts_with("pg_try_") {
            let taken = self.engine.locks.try_take(pid, &key, mode)?;
            if taken && of_transaction {
                self.keep_to_end(key, mode)?;
            }
            return result(call, Some(taken));
        }
        let limit = self.settings.meaning().lock_timeout_ms;
        let limit = (limit > 0).then(|| Duration::from_millis(limit));
        let engine = Arc::clone(&self.engine);
        self.unless_cancelled(engine.locks.take(pid, key.clone(), mode, limit)).await?;
        if of_transaction {
            self.keep_to_end(key, mode)?;
        }
        result(call, None)
    }

    /// A lock of the transaction: outside of a block that ends with the statement.
    /// Errors: 54000 past the limit.
    fn keep_to_end(&mut self, key: Key, mode: Mode) -> Result<()> {
        match &mut self.block {
            Some(block) if block.locks.len() < TRANSACTION_LEN_MAX => {
                block.locks.push((key, mode));
                return Ok(());
            }
            _ => drop(self.engine.locks.release(self.login.pid, &key, mode)),
        }
        match self.block {
            Some(_) => Err(Error::ProgramLimitExceeded("too many advisory locks".to_owned())),
            None => Ok(()),
        }
    }

    /// Gives back what a block, or the part of it behind a savepoint, has locked.
    pub(super) fn unlock(&self, locks: impl IntoIterator<Item = (Key, Mode)>) {
        for (key, mode) in locks {
            self.engine.locks.release(self.login.pid, &key, mode);
        }
    }
}

fn number(arguments: &[ScalarValue]) -> Option<Number> {
    let whole = |value: &ScalarValue| match value.cast_to(&DataType::Int64) {
        Ok(ScalarValue::Int64(Some(number))) if value.data_type() != DataType::Boolean => {
            Some(number)
        }
        _ => None,
    };
    let small = |value| whole(value).and_then(|number| i32::try_from(number).ok());
    match arguments {
        [one] => whole(one).map(Number::One),
        [first, second] => Some(Number::Two(small(first)?, small(second)?)),
        _ => None,
    }
}

pub(super) fn undefined(name: &str) -> Error {
    Error::UndefinedFunction(format!("function {name} does not exist with these arguments")).hint(
        "No function matches the given name and argument types. You might need to add explicit type casts.",
    )
}
