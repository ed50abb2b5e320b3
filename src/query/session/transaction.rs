//! Transaction blocks: what they pin, what a rollback undoes.

use std::sync::Arc;

use datafusion::common::ScalarValue;

use super::SqlSession;
use super::between::undefined;
use super::define::Draft;
use crate::catalog::Generation;
use crate::catalog::generation::Defined;
use crate::error::{Error, Result};
use crate::pg::facts::Temporary;
use crate::query::channels::Post;
use crate::query::locks::{Key, Mode};
use crate::query::parse::TransactionModes;
use crate::query::settings::Settings;
use crate::query::snapshots::Exported;
use crate::sequence::Drafted;

/// Savepoints one block may have.
const SAVEPOINTS_LEN_MAX: usize = 10_000;

/// An open transaction block.
pub(super) struct Block {
    /// What its statements see.
    pub(super) generation: Arc<Generation>,
    /// Up to where it has seen what others commit.
    seen_lsn: u64,
    /// `now()`.
    pub(super) started_us: i64,
    /// Whether a statement of it failed.
    pub(super) failed: bool,
    /// Settings to go back to.
    before: Settings,
    /// Temporary tables to go back to.
    tables: Option<Arc<Temporary>>,
    /// Savepoints, oldest first.
    savepoints: Vec<Savepoint>,
    /// What its commit does to channels.
    pub(super) posts: Vec<Post>,
    /// Advisory locks that end with it, oldest first.
    pub(super) locks: Vec<(Key, Mode)>,
    /// Snapshots that others may import until it ends.
    exported: Vec<Exported>,
    /// Whether a query ran, after which the isolation can no longer change.
    pub(super) used: bool,
}

/// What stands between two Syncs, or in one simple query, outside of a block: PostgreSQL undoes all of it when one
/// statement fails.
pub(super) struct Implicit {
    /// `now()`.
    pub(super) started_us: i64,
    /// Whether it is several statements of one simple query.
    pub(super) shared: bool,
    /// Settings to go back to, once one has changed.
    before: Option<Settings>,
    /// Temporary tables to go back to.
    tables: Option<Arc<Temporary>>,
}

/// What ROLLBACK TO goes back to.
struct Savepoint {
    name: String,
    settings: Settings,
    tables: Option<Arc<Temporary>>,
    draft: Draft,
    numbers: Drafted,
    posts: usize,
    locks: usize,
}

impl SqlSession {
    /// A statement starts: outside of a block it is in what is sent together.
    pub(super) fn join(&mut self, shared: bool, now_us: i64) {
        if self.block.is_none() && self.implicit.is_none() {
            let tables = self.temporary.now.clone();
            self.implicit = Some(Implicit { started_us: now_us, shared, before: None, tables });
        }
    }

    /// A setting is about to change.
    pub(super) fn remember(&mut self) {
        if self.block.is_none()
            && let Some(implicit) = &mut self.implicit
            && implicit.before.is_none()
        {
            implicit.before = Some(self.settings.clone());
        }
    }

    /// A statement failed: what was sent together with it, outside of a block, has not been.
    pub(super) fn undo(&mut self) {
        let Some(implicit) = self.implicit.take() else { return };
        self.forget_draft();
        self.unlock_rows();
        self.tables_back(implicit.tables);
        if let Some(before) = implicit.before {
            self.go_back(before);
            self.settings_changed();
        }
    }

    /// What was sent together outside of a block is done.
    pub(super) fn end_implicit(&mut self) {
        if self.implicit.take().is_some() {
            self.unlock_rows();
            self.tables_committed();
        }
    }

    /// Settings as they were before a transaction, and the role with them.
    fn go_back(&mut self, before: Settings) {
        let versions = self.settings.own("forebay.versions").to_owned();
        self.settings = before;
        self.settings.force("forebay.versions", versions);
        self.user = match self.settings.own("role") {
            "none" => self.settings.own("session_authorization").to_owned(),
            role => role.to_owned(),
        };
    }

    pub(super) fn begin(&mut self, modes: &TransactionModes) -> Result<()> {
        if self.block.is_some() {
            let message = "there is already a transaction in progress".to_owned();
            self.notice("WARNING", "25001", message);
            return self.set_modes(modes);
        }
        self.open_block();
        self.set_modes(modes)
    }

    /// A block takes in what the client has sent together with its BEGIN.
    fn open_block(&mut self) {
        let implicit = self.implicit.take();
        let now_us = match &implicit {
            Some(implicit) => implicit.started_us,
            None => self.engine.clock.now_us(),
        };
        let (before, tables) = match implicit {
            Some(implicit) => (implicit.before, implicit.tables),
            None => (None, self.temporary.now.clone()),
        };
        let generation = self.engine.catalog.pin();
        self.block = Some(Block {
            seen_lsn: generation.lsn,
            generation,
            started_us: now_us,
            failed: false,
            before: before.unwrap_or_else(|| self.settings.clone()),
            tables,
            savepoints: Vec::new(),
            posts: Vec::new(),
            locks: Vec::new(),
            exported: Vec::new(),
            used: false,
        });
        for (of, default) in [
            ("transaction_isolation", "default_transaction_isolation"),
            ("transaction_read_only", "default_transaction_read_only"),
            ("transaction_deferrable", "default_transaction_deferrable"),
        ] {
            let value = self.settings.own(default).to_owned();
            self.settings.force(of, value);
        }
        self.presence.update(|row| row.xact_start_us = Some(now_us));
        self.settings_changed();
    }

    /// READ COMMITTED: each statement sees what others have committed of what users write. The versions of databases stay
    /// those of the block's beginning, as they are promised to do at every level.
    pub(super) fn see_committed(&mut self) {
        if self.settings.own("transaction_isolation") != "read committed" {
            return;
        }
        let Some(block) = &self.block else { return };
        let newest = self.engine.catalog.pin();
        if block.failed || newest.lsn == block.seen_lsn {
            return;
        }
        let lsn = newest.lsn;
        let before = &block.generation.databases;
        let same = newest.databases.len() == before.len()
            && newest
                .databases
                .iter()
                .all(|(name, now)| before.get(name).is_some_and(|before| Arc::ptr_eq(before, now)));
        let base = match same {
            true => newest,
            false => {
                let defined =
                    Defined { lsn: newest.defined.lsn, draft: self.engine.catalog.draft_number() };
                let databases = before.clone();
                Arc::new(Generation { databases, defined, ..(*newest).clone() })
            }
        };
        // What this transaction has made comes on top. Where that does not go together any more, COMMIT will tell.
        let Ok(drafted) = self.redrafted(&base) else { return };
        self.draft.generation = drafted;
        if let Some(block) = &mut self.block {
            block.generation = base;
            block.seen_lsn = lsn;
        }
        self.basis = None;
    }

    pub(super) fn set_modes(&mut self, modes: &TransactionModes) -> Result<()> {
        if let Some(level) = modes.isolation {
            if self.block.as_ref().is_some_and(|block| block.used) {
                let message =
                    "SET TRANSACTION ISOLATION LEVEL must be called before any query".to_owned();
                return Err(Error::ActiveTransaction(message));
            }
            self.settings.force("transaction_isolation", level.to_owned());
        }
        if let Some(read_only) = modes.read_only {
            self.settings.force("transaction_read_only", on_off(read_only));
        }
        if let Some(deferrable) = modes.deferrable {
            self.settings.force("transaction_deferrable", on_off(deferrable));
        }
        self.shown = None;
        Ok(())
    }

    /// Whether the transaction that a statement of this moment is in only reads.
    pub(super) fn read_only(&self) -> bool {
        let name = match self.block {
            Some(_) => "transaction_read_only",
            None => "default_transaction_read_only",
        };
        self.settings.own(name) == "on"
    }

    /// Whether a block is open, for a statement that means nothing outside of one.
    pub(super) fn in_block_or_warn(&mut self) -> bool {
        if self.block.is_none() {
            let message = "SET TRANSACTION can only be used in transaction blocks".to_owned();
            self.notice("WARNING", "25P01", message);
        }
        self.block.is_some()
    }

    /// `pg_export_snapshot()`: the name that others know what this transaction sees by. Outside of a block it ends with
    /// the statement.
    /// Errors: 25001 behind a savepoint; 54000 past the limit; 42883 for arguments.
    pub(super) fn export_snapshot(&mut self, arguments: &[ScalarValue]) -> Result<String> {
        if !arguments.is_empty() {
            return Err(undefined("pg_export_snapshot"));
        }
        let (snapshots, pid) = (Arc::clone(&self.engine.snapshots), self.login.pid);
        let Some(block) = &mut self.block else {
            return Ok(snapshots.export(pid, &self.generation()).name.clone());
        };
        if !block.savepoints.is_empty() {
            let message = "cannot export a snapshot from a subtransaction".to_owned();
            return Err(Error::ActiveTransaction(message));
        }
        if SAVEPOINTS_LEN_MAX <= block.exported.len() {
            return Err(Error::ProgramLimitExceeded("too many exported snapshots".to_owned()));
        }
        let exported = snapshots.export(pid, &block.generation);
        let name = exported.name.clone();
        block.exported.push(exported);
        block.used = true;
        Ok(name)
    }

    /// SET TRANSACTION SNAPSHOT: from now on this transaction sees what the one sees that exported it.
    /// Errors: 25001 after a query; 0A000 where each statement sees anew; 22023 for a name that no open transaction has.
    pub(super) fn import_snapshot(&mut self, name: &str) -> Result<()> {
        self.in_block_or_warn();
        let late = |block: &Block| block.used || !block.savepoints.is_empty();
        if self.block.as_ref().is_some_and(late) {
            let message = "SET TRANSACTION SNAPSHOT must be called before any query".to_owned();
            return Err(Error::ActiveTransaction(message));
        }
        let level = self.settings.own("transaction_isolation");
        if !matches!(level, "repeatable read" | "serializable") {
            let message = "a snapshot-importing transaction must have isolation level SERIALIZABLE or REPEATABLE READ";
            return Err(Error::FeatureNotSupported(message.to_owned()));
        }
        let Some(generation) = self.engine.snapshots.import(name) else {
            let message = format!("invalid snapshot identifier: \"{name}\"");
            return Err(Error::InvalidParameterValue(message));
        };
        if let Some(block) = &mut self.block {
            block.generation = generation;
            block.used = true;
        }
        self.settings_changed();
        self.resolve_pins()
    }

    /// COMMIT. A block that failed rolls back and says so in its tag.
    /// Errors: those of what it defined, which others may have changed meanwhile; then all of it is rolled back.
    pub(super) async fn commit(&mut self, chain: bool) -> Result<String> {
        let Some(block) = &self.block else {
            if !chain {
                self.settle_draft().await?;
            }
            return self.outside(chain, "COMMIT");
        };
        let failed = block.failed;
        if !failed && let Err(error) = self.settle_draft().await {
            self.close_block(false);
            return Err(error);
        }
        let Some(block) = &self.block else { return Ok("COMMIT".to_owned()) };
        if !failed && !block.posts.is_empty() {
            let sent = self.engine.channels.commit(self.login.pid, &self.mailbox, &block.posts);
            if let Err(error) = sent {
                self.close_block(false);
                return Err(error);
            }
        }
        self.close_block(!failed);
        if chain {
            self.open_block();
        }
        Ok(if failed { "ROLLBACK" } else { "COMMIT" }.to_owned())
    }

    /// ROLLBACK.
    pub(super) fn rollback(&mut self, chain: bool) -> Result<String> {
        if self.block.is_none() {
            if self.implicit.as_ref().is_some_and(|implicit| implicit.shared) {
                self.undo();
            }
            return self.outside(chain, "ROLLBACK");
        }
        self.close_block(false);
        if chain {
            self.open_block();
        }
        Ok("ROLLBACK".to_owned())
    }

    fn outside(&mut self, chain: bool, tag: &str) -> Result<String> {
        if chain {
            let message = format!("{tag} AND CHAIN can only be used in transaction blocks");
            return Err(Error::NoActiveTransaction(message));
        }
        let message = "there is no transaction in progress".to_owned();
        self.notice("WARNING", "25P01", message);
        // Either ends what was sent together before it.
        self.end_implicit();
        Ok(tag.to_owned())
    }

    /// Ends the block: its cursors go, and with a rollback its settings.
    pub(super) fn close_block(&mut self, keep: bool) {
        let Some(block) = self.block.take() else { return };
        self.forget_draft();
        self.unlock_rows();
        self.unlock(block.locks);
        if keep {
            self.tables_committed();
        } else {
            self.tables_back(block.tables);
            self.go_back(block.before);
        }
        self.settings.end_transaction();
        self.become_role();
        // Holdable cursors of a block that failed never existed.
        let started_us = block.started_us;
        self.cursors
            .retain(|_, cursor| cursor.hold && (keep || cursor.declared_at_us < started_us));
        self.presence.update(|row| row.xact_start_us = None);
        self.settings_changed();
        // The names were resolved when they were set; only which of them hold may have changed.
        if let Err(error) = self.resolve_pins() {
            self.notice("WARNING", error.state(), error.to_string());
        }
    }

    pub(super) fn savepoint(&mut self, name: String) -> Result<()> {
        let (settings, tables) = (self.settings.clone(), self.temporary.now.clone());
        let (draft, numbers) = (self.draft.clone(), self.sequences.draft());
        let block = self.block_for("SAVEPOINT")?;
        if SAVEPOINTS_LEN_MAX <= block.savepoints.len() {
            return Err(Error::ProgramLimitExceeded("too many savepoints".to_owned()));
        }
        let (posts, locks) = (block.posts.len(), block.locks.len());
        block.savepoints.push(Savepoint { name, settings, tables, draft, numbers, posts, locks });
        Ok(())
    }

    pub(super) fn rollback_to(&mut self, name: &str) -> Result<()> {
        let block = self.block_for("ROLLBACK TO SAVEPOINT")?;
        let Some(index) = block.savepoints.iter().rposition(|own| own.name == name) else {
            return Err(Error::UndefinedSavepoint(name.to_owned()));
        };
        block.savepoints.truncate(index + 1);
        block.failed = false;
        if let Some(savepoint) = block.savepoints.last() {
            block.posts.truncate(savepoint.posts);
            let locks = block.locks.split_off(savepoint.locks);
            let tables = savepoint.tables.clone();
            let (draft, numbers) = (savepoint.draft.clone(), savepoint.numbers.clone());
            self.settings = savepoint.settings.clone();
            self.draft = draft;
            self.sequences.set_draft(numbers);
            self.unlock(locks);
            self.tables_back(tables);
        }
        self.become_role();
        self.settings_changed();
        Ok(())
    }

    pub(super) fn release(&mut self, name: &str) -> Result<()> {
        let block = self.block_for("RELEASE SAVEPOINT")?;
        let Some(index) = block.savepoints.iter().rposition(|own| own.name == name) else {
            return Err(Error::UndefinedSavepoint(name.to_owned()));
        };
        block.savepoints.truncate(index);
        Ok(())
    }

    fn block_for(&mut self, what: &str) -> Result<&mut Block> {
        self.block.as_mut().ok_or_else(|| {
            Error::NoActiveTransaction(format!("{what} can only be used in transaction blocks"))
        })
    }
}

pub(super) fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}
