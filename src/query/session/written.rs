//! Tables whose rows statements change: which one a name means, who may change it, and how a change becomes so.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;

use super::SqlSession;
use super::changed::Target;
use crate::catalog::change::Change;
use crate::catalog::generation::Generation;
use crate::catalog::log::Stamped;
use crate::catalog::roles::Privilege;
use crate::catalog::table::{Rule, Table};
use crate::error::{Error, Result};
use crate::pg::encode::OutputSettings;
use crate::pg::facts::{OnCommit, TemporaryTable};
use crate::query::parse::Refused;
use crate::rows::{self, Rows};

/// A table whose rows a statement changes.
#[derive(Clone)]
pub(super) struct Written {
    /// Its schema; a temporary one has none.
    pub(super) schema: Option<String>,
    /// How it is defined.
    pub(super) table: Arc<Table>,
    /// Its rows.
    pub(super) rows: Arc<Rows>,
    on_commit: OnCommit,
}

impl Written {
    /// Errors: 55000 where it is a log, whose rows stay as they are.
    pub(super) fn only_grows(&self, verb: &str) -> Result<()> {
        if !self.table.is_log {
            return Ok(());
        }
        let name = &self.table.name;
        Err(Error::NotInPrerequisiteState(format!("cannot {verb} log \"{name}\""))
            .hint("Rows of a log are only added; forebay.redact hides one."))
    }

    fn temporary(table: &TemporaryTable) -> Written {
        Written {
            schema: None,
            table: Arc::clone(&table.table),
            rows: Arc::clone(&table.rows),
            on_commit: table.on_commit,
        }
    }
}

impl SqlSession {
    /// The table that a name means; `None` where it is none that users write.
    pub(super) fn written(&mut self, schema: Option<&str>, name: &str) -> Option<Written> {
        if let Some(table) = self.temporary.table(schema, name) {
            return Some(Written::temporary(&table));
        }
        let facts = self.facts("");
        let (schema, table) = facts.written(schema, name)?;
        let rows = facts.generation.rows(table.ids.relation).cloned()?;
        Some(Written { schema: Some(schema), table, rows, on_commit: OnCommit::PreserveRows })
    }

    /// The table that a statement names first.
    pub(super) fn written_first(&mut self, refused: &Refused) -> Option<Written> {
        let relation = refused.relations.first()?;
        self.written(relation.schema.as_deref(), &relation.name)
    }

    /// Errors: 25006; 42501 without one of the privileges.
    pub(super) fn may_write(
        &self,
        written: &Written,
        tag: &str,
        privileges: &[Privilege],
    ) -> Result<()> {
        // A temporary table is its session's own.
        let Some(schema) = &written.schema else { return Ok(()) };
        self.writable(tag)?;
        let generation = self.generation();
        if !generation.has_schema_privilege(&self.user, schema) {
            let message = format!("permission denied for schema {schema}");
            return Err(Error::InsufficientPrivilege(message));
        }
        let name = &written.table.name;
        let lacking = privileges.iter().any(|privilege| {
            !generation.has_written_privilege(&self.user, schema, name, &[*privilege])
        });
        if lacking {
            return Err(Error::InsufficientPrivilege(format!(
                "permission denied for table {name}"
            )));
        }
        Ok(())
    }

    /// Whether what a statement does comes about with others, at a commit to come.
    pub(super) fn deferred(&self) -> bool {
        self.block.is_some() || self.implicit.as_ref().is_some_and(|implicit| implicit.shared)
    }

    /// Takes the rows that a statement changes until the end of its transaction. Whether another session held one of them: it
    /// has let it go meanwhile, and the rows may be others now.
    /// Errors: 40P01, 55P03, 57014.
    pub(super) async fn waited_for_rows(
        &mut self,
        written: &Written,
        numbers: &[i64],
    ) -> Result<bool> {
        if written.schema.is_none() || numbers.is_empty() {
            return Ok(false);
        }
        let (pid, table) = (self.login.pid, written.table.ids.relation);
        let engine = Arc::clone(&self.engine);
        let Some(taken) = engine.row_locks.take(pid, table, numbers) else { return Ok(false) };
        let limit = self.settings.meaning().lock_timeout_ms;
        let limit = (limit > 0).then(|| Duration::from_millis(limit));
        self.unless_cancelled(engine.row_locks.wait(pid, (table, taken), limit)).await?;
        self.see_committed();
        Ok(true)
    }

    /// The rows that this session's transaction has changed are free.
    pub(super) fn unlock_rows(&self) {
        self.engine.row_locks.release(self.login.pid);
    }

    /// Makes a change of rows: now, or as a part of the transaction. `after` is what the rows are then; `updated` says that
    /// rows that come stand in the place of those that go. What rows of a log got with the commit, where there was one.
    /// Errors: those of the catalog; nothing is changed then.
    pub(super) async fn change_rows(
        &mut self,
        written: &Written,
        change: rows::Change,
        after: Rows,
        updated: bool,
    ) -> Result<Option<Stamped>> {
        if written.schema.is_none() {
            let table = Arc::clone(&written.table);
            let on_commit = written.on_commit;
            self.put(TemporaryTable { table, rows: Arc::new(after), on_commit })?;
            return Ok(None);
        }
        if !change.all && change.deleted.is_empty() && change.inserted.is_none() {
            return Ok(None);
        }
        if let (true, Some(rows)) = (written.table.is_log, &change.inserted) {
            let change = self.added(&written.table, rows.clone(), change.first).await?;
            return self.settled(change).await;
        }
        let generation = self.generation();
        let all = if generation.has_references(&written.table) {
            let (own, output) = (written.clone(), self.settings.meaning().output.clone());
            let followed = self.engine.plan(move || {
                check_references((&generation, &output), &own, &change, &after, updated)?;
                generation.cascades(&own.table, change, updated)
            });
            self.unless_cancelled(followed).await?
        } else {
            vec![(Arc::clone(&written.table), Arc::new(change))]
        };
        self.settled(Change::WriteRows(all)).await
    }

    /// The change that rows of a log come with; many of them are in files before it is made.
    /// Errors: 53100, 58030.
    pub(super) async fn added(
        &mut self,
        log: &Arc<Table>,
        rows: RecordBatch,
        first: Option<i64>,
    ) -> Result<Change> {
        let engine = Arc::clone(&self.engine);
        if engine.logs.are_bulk(&rows) {
            let files = self.unless_cancelled(engine.logs.write(log, rows)).await?;
            return Ok(Change::AppendSegments { table: Arc::clone(log), files, first });
        }
        let inserted = (0 < rows.num_rows()).then_some(rows);
        let change = rows::Change { inserted, first, ..rows::Change::default() };
        Ok(Change::WriteRows(vec![(Arc::clone(log), Arc::new(change))]))
    }

    async fn settled(&mut self, change: Change) -> Result<Option<Stamped>> {
        if self.deferred() {
            self.add_to_draft(vec![change])?;
            return Ok(None);
        }
        Ok(self.sequences.commit(vec![change]).await?.pop())
    }
}

/// Tells of a row that names none, or that is named and goes, with its key. What others have made meanwhile is for the
/// catalog to see.
/// Errors: 23503.
fn check_references(
    (generation, output): (&Generation, &OutputSettings),
    written: &Written,
    change: &rows::Change,
    after: &Rows,
    updated: bool,
) -> Result<()> {
    let table = &written.table;
    let target = Target { table, rows: &written.rows, output };
    if let Some(rows) = &change.inserted
        && let Some((constraint, row, of)) = generation.missing_reference(table, after, rows)?
        && let Rule::ForeignKey(key) = &constraint.rule
    {
        let (name, constraint) = (&table.name, &constraint.name);
        let message = format!(
            "insert or update on table \"{name}\" violates foreign key constraint \"{constraint}\""
        );
        let key = target.key(&key.columns, rows, row);
        return Err(Error::ForeignKeyViolation(message)
            .detail(format!("Key {key} is not present in table \"{}\".", of.name)));
    }
    if let Some((constraint, child, place)) =
        generation.still_referenced(table, after, change, updated)?
        && let Rule::ForeignKey(key) = &constraint.rule
    {
        let (name, constraint, by) = (&table.name, &constraint.name, &child.name);
        let message = format!(
            "update or delete on table \"{name}\" violates foreign key constraint \"{constraint}\" on table \"{by}\""
        );
        let gone = match change.all {
            true => None,
            false => written.rows.take(&change.deleted).ok(),
        };
        let key = gone.map(|rows| target.key(&key.referenced, &rows, place));
        let key = key.map_or_else(|| "Key".to_owned(), |key| format!("Key {key}"));
        return Err(Error::ForeignKeyViolation(message)
            .detail(format!("{key} is still referenced from table \"{by}\".")));
    }
    Ok(())
}

/// Whether a statement that failed so comes about when it is tried again on what others have made meanwhile.
pub(super) fn again(error: &Error) -> bool {
    matches!(
        error,
        Error::SerializationFailure(_) | Error::UniqueViolation(_) | Error::ForeignKeyViolation(_)
    )
}
