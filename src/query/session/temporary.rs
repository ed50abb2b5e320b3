//! Temporary tables: a session's own, in memory, gone with it (PostgreSQL manual, CREATE TABLE).
//!
//! All of them are one immutable value, so that a transaction goes back by taking the value it began with.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::scalar::ScalarValue;
use futures::StreamExt;

use super::SqlSession;
use crate::catalog::generation::Defined;
use crate::catalog::view::View;
use crate::error::{Error, Result};
use crate::pg::facts::{Facts, Names, OnCommit, Temporary, TemporaryTable};
use crate::pg::types::{self, MODIFIER_KEY, PgType, TYPE_KEY};
use crate::query::door::Column;
use crate::query::failure;
use crate::query::plan::Planned;
use crate::rows::bytes;

/// Temporary tables one session may have; each statement makes catalog rows of all.
const TABLES_LEN_MAX: usize = 10_000;

/// What a session keeps of its temporary tables.
pub(super) struct Kept {
    /// As they are now; `None` until the first is made.
    pub(super) now: Option<Arc<Temporary>>,
    /// How many states there have been.
    states: u64,
    /// Their share of the server's memory.
    memory: MemoryReservation,
    bytes_max: usize,
    /// The catalogs that tell of them, and what they were made of.
    names: Option<(Seen, Names)>,
}

/// What the catalogs of a session with temporary tables depend on: definitions, state, `forebay.show_versions`, pins.
type Seen = (Defined, u64, bool, BTreeMap<String, String>);

impl Kept {
    /// None yet, in what `memory` reserves, at most `bytes_max`.
    pub(super) fn new((memory, bytes_max): (MemoryReservation, usize)) -> Kept {
        Kept { now: None, states: 0, memory, bytes_max, names: None }
    }

    /// The table that a statement means by these names.
    pub(super) fn table(&self, schema: Option<&str>, name: &str) -> Option<Arc<TemporaryTable>> {
        let now = self.now.as_ref()?;
        let meant = schema.is_none_or(|schema| now.named(schema));
        now.tables.get(name).filter(|_| meant).cloned()
    }

    /// The catalogs that `facts` are to answer from, where nobody else sees the same.
    pub(super) fn names(&mut self, facts: &Facts) -> Option<Names> {
        let state = facts.temporary.as_ref()?.state;
        let defined = facts.generation.defined;
        let seen: Seen = (defined, state, facts.show_versions, facts.pins.clone());
        if let Some((known, names)) = &self.names
            && *known == seen
        {
            return Some(names.clone());
        }
        let names = Names::default();
        self.names = Some((seen, names.clone()));
        Some(names)
    }

    pub(super) fn count(&mut self) -> u64 {
        self.states += 1;
        self.states
    }
}

impl SqlSession {
    /// A table in the place of the one of its name.
    /// Errors: 53200, 53400.
    pub(super) fn put(&mut self, table: TemporaryTable) -> Result<()> {
        self.change_tables(|all| {
            all.insert(table.table.name.clone(), Arc::new(table));
        })
    }

    pub(super) fn change_tables(
        &mut self,
        change: impl FnOnce(&mut BTreeMap<String, Arc<TemporaryTable>>),
    ) -> Result<()> {
        self.change_temporary(|all| change(&mut all.tables))
    }

    /// Whether a temporary table or view has that name.
    pub(super) fn has_temporary(&self, name: &str) -> bool {
        self.temporary
            .now
            .as_ref()
            .is_some_and(|now| now.tables.contains_key(name) || now.views.contains_key(name))
    }

    /// Changes the session's temporary tables and views.
    /// Errors: 53200, 53400, 54000.
    pub(super) fn change_temporary(&mut self, change: impl FnOnce(&mut Temporary)) -> Result<()> {
        let mut next = match &self.temporary.now {
            Some(now) => (**now).clone(),
            None => Temporary {
                schema: self.temporary_schema(),
                state: 0,
                tables: BTreeMap::new(),
                views: BTreeMap::new(),
            },
        };
        change(&mut next);
        if TABLES_LEN_MAX < next.tables.len() + next.views.len() {
            return Err(Error::ProgramLimitExceeded("too many temporary tables".to_owned()));
        }
        let used = next.tables.values().map(|table| table.rows.bytes()).sum();
        self.check_bytes(used)?;
        self.temporary.memory.try_resize(used).map_err(|error| failure::of(error, ""))?;
        next.state = self.temporary.count();
        self.temporary.now = Some(Arc::new(next));
        self.basis = None;
        Ok(())
    }

    /// Errors: 53400 for more bytes than a session's temporary tables may have.
    fn check_bytes(&self, used: usize) -> Result<()> {
        let max = self.temporary.bytes_max;
        if used <= max {
            return Ok(());
        }
        let message = format!(
            "a statement and the temporary tables of a session cannot have more than {max} bytes"
        );
        Err(Error::ConfigurationLimit(message).hint("The setting is query.memory_per_statement."))
    }

    /// The rows of a query, as many as a temporary table could hold.
    /// Errors: its own; 53400.
    pub(super) async fn gathered(
        &mut self,
        planned: Arc<Planned>,
        parameters: Vec<ScalarValue>,
    ) -> Result<Vec<RecordBatch>> {
        let (_, mut rows) = self.open_rows(planned, parameters).await?;
        let (mut batches, mut used) = (Vec::new(), 0);
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            used += bytes(&batch);
            self.check_bytes(used)?;
            batches.push(batch);
        }
        Ok(batches)
    }

    /// The tables as they were before.
    pub(super) fn tables_back(&mut self, before: Option<Arc<Temporary>>) {
        let same = match (&self.temporary.now, &before) {
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        let used =
            before.iter().flat_map(|all| all.tables.values()).map(|table| table.rows.bytes());
        // They had the room before.
        self.temporary.memory.resize(used.sum());
        self.temporary.now = before;
        self.basis = None;
    }

    /// A transaction ended: what ON COMMIT says of the tables.
    pub(super) fn tables_committed(&mut self) {
        let Some(now) = &self.temporary.now else { return };
        let ended = |table: &&Arc<TemporaryTable>| match table.on_commit {
            OnCommit::PreserveRows => false,
            OnCommit::DeleteRows => !table.rows.is_empty(),
            OnCommit::Drop => true,
        };
        let ended: Vec<Arc<TemporaryTable>> = now.tables.values().filter(ended).cloned().collect();
        if ended.is_empty() {
            return;
        }
        let done = self.change_temporary(|all| {
            for table in ended {
                match table.on_commit {
                    OnCommit::Drop => {
                        all.tables.remove(&table.table.name);
                        drop_readers(all, table.table.ids.relation);
                    }
                    _ => {
                        all.tables.insert(table.table.name.clone(), Arc::new(table.emptied()));
                    }
                }
            }
        });
        if let Err(error) = done {
            // Less is kept than before.
            tracing::error!(%error, "temporary tables at the end of a transaction");
        }
    }

    /// DISCARD TEMP.
    pub(super) fn drop_tables(&mut self) -> Result<()> {
        if self.temporary.now.is_none() {
            return Ok(());
        }
        self.change_temporary(|all| {
            all.tables.clear();
            all.views.clear();
        })
    }

    /// Errors: 25006 in a transaction that only reads.
    pub(super) fn writable(&self, command: &str) -> Result<()> {
        if self.read_only() {
            return Err(Error::ReadOnlyTransaction(command.to_owned()));
        }
        Ok(())
    }

    pub(super) fn temporary_schema(&self) -> String {
        format!("pg_temp_{}", self.login.pid)
    }
}

/// Views of a relation that is gone are gone too.
fn drop_readers(all: &mut Temporary, oid: u32) {
    let reads = |view: &Arc<View>| view.reading(oid).is_some();
    let gone: Vec<u32> =
        all.views.values().filter(|view| reads(view)).map(|view| view.ids.relation).collect();
    all.views.retain(|_, view| !reads(view));
    for oid in gone {
        drop_readers(all, oid);
    }
}

/// The columns of a query, the first of them under other names.
/// Errors: 42601 for too many names; 42P16.
pub(super) fn fields_of(planned: &Planned, names: &[String]) -> Result<Vec<FieldRef>> {
    if planned.columns.len() < names.len() {
        return Err(Error::Syntax("too many column names were specified".to_owned()));
    }
    let own = planned.logical().schema();
    let named = planned.columns.iter().map(|column| &column.name);
    let names = names.iter().chain(named.skip(names.len()));
    let fields = own.fields().iter().zip(planned.columns.iter()).zip(names);
    fields.map(|((field, column), name)| stored(field, column, name)).collect()
}

/// A column of a query as one of a table: with the type that clients were told.
fn stored(field: &Field, column: &Column, name: &str) -> Result<FieldRef> {
    let PgType { oid, modifier, .. } = column.pg_type;
    if matches!(oid, types::RECORD | types::RECORD_ARRAY) {
        let message =
            format!("column \"{name}\" has pseudo-type {}", types::sql_name(types::RECORD));
        return Err(Error::InvalidTableDefinition(message));
    }
    let mut metadata = field.metadata().clone();
    if let Some(internal) = types::name_of(oid) {
        metadata.insert(TYPE_KEY.to_owned(), internal.to_owned());
        metadata.insert(MODIFIER_KEY.to_owned(), modifier.to_string());
    }
    let field = Field::new(name, field.data_type().clone(), true).with_metadata(metadata);
    Ok(Arc::new(field))
}
