//! Temporary tables: a session's own, in memory, gone with it (PostgreSQL manual, CREATE TABLE).
//!
//! All of them are one immutable value, so that a transaction goes back by taking the value it began with.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::scalar::ScalarValue;
use futures::StreamExt;

use super::SqlSession;
use super::changed::Target;
use crate::catalog::generation::{Defined, RelationIds};
use crate::error::{Error, Result};
use crate::pg::catalog::index::synthetic;
use crate::pg::facts::{Facts, Names, OnCommit, TEMPORARY_ALIAS, Temporary, TemporaryTable};
use crate::pg::rewrite::Types;
use crate::pg::types::{self, MODIFIER_KEY, PgType, TYPE_KEY};
use crate::query::door::{Column, Outcome};
use crate::query::failure;
use crate::query::parse::{ColumnDefinition, Content, Refused, TableDefinition};
use crate::query::plan::Planned;

/// Columns one table may have (PostgreSQL's `MaxHeapAttributeNumber`).
const COLUMNS_LEN_MAX: usize = 1_600;

/// Temporary tables one session may have; each statement makes catalog rows of all.
const TABLES_LEN_MAX: usize = 10_000;

/// Names that every table has already.
const SYSTEM_COLUMNS: [&str; 6] = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"];

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

    fn count(&mut self) -> u64 {
        self.states += 1;
        self.states
    }
}

/// The bytes of rows in memory. Batches may be parts of one buffer, which counts once then.
fn bytes(rows: &[RecordBatch]) -> usize {
    let own = |array: &ArrayRef| match array.data_type() {
        // Arrow does not count what views point to.
        DataType::Utf8View | DataType::BinaryView => array.get_array_memory_size(),
        _ => array
            .to_data()
            .get_slice_memory_size()
            .unwrap_or_else(|_unknown| array.get_array_memory_size()),
    };
    rows.iter().flat_map(RecordBatch::columns).map(own).sum()
}

impl SqlSession {
    /// CREATE TEMPORARY TABLE, also with AS.
    /// Errors: 42P07; 42701, 42P16, 54011 for its columns; those of its types and its query; 53200 and 53400 for its rows.
    pub(super) async fn create_table(
        &mut self,
        definition: &TableDefinition,
        text: &Arc<str>,
    ) -> Result<Outcome> {
        self.writable("CREATE TABLE")?;
        let own = self.temporary_schema();
        if let Some(schema) = definition.schema.as_deref()
            && schema != TEMPORARY_ALIAS
            && schema != own
        {
            let message = "cannot create temporary relation in non-temporary schema".to_owned();
            return Err(Error::InvalidTableDefinition(message));
        }
        if self.temporary.table(None, &definition.name).is_some() {
            let error = Error::DuplicateTable(definition.name.clone());
            if !definition.if_not_exists {
                return Err(error);
            }
            self.notice("NOTICE", "42P07", format!("{error}, skipping"));
            let tag = match definition.content {
                Content::Columns(_) => "CREATE TABLE",
                Content::Query { .. } => "CREATE TABLE AS",
            };
            return Ok(Outcome::Done(tag.to_owned()));
        }
        let (columns, batches, tag) = match &definition.content {
            Content::Columns(columns) => {
                (schema(columns, text)?, Vec::new(), "CREATE TABLE".to_owned())
            }
            Content::Query { names, query, data } => {
                let planned = self.plan(query, text, &[]).await?;
                if let Some(parameter) = planned.parameter_types.len().checked_sub(1) {
                    return Err(Error::UndefinedParameter(parameter + 1));
                }
                let columns = schema_of(&planned, names)?;
                if *data {
                    let batches = self.gathered(planned, Vec::new()).await?;
                    let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
                    (columns, batches, format!("SELECT {count}"))
                } else {
                    (columns, Vec::new(), "CREATE TABLE AS".to_owned())
                }
            }
        };
        let number = self.temporary.count().to_string();
        let parts = [own.as_str(), definition.name.as_str(), number.as_str()];
        let mut table = TemporaryTable {
            name: definition.name.clone(),
            ids: RelationIds {
                relation: synthetic("relation", &parts),
                row_type: synthetic("row type", &parts),
                array_type: synthetic("array type", &parts),
            },
            columns,
            rows: Vec::new(),
            on_commit: definition.on_commit,
        };
        let output = self.settings.meaning().output.clone();
        let filled = self.engine.plan(move || {
            let target = Target { table: &table, output: &output };
            let fitted =
                |batch: &RecordBatch| target.fitted(batch.columns().to_vec(), batch.num_rows());
            table.rows = batches.iter().map(fitted).collect::<Result<_>>()?;
            Ok(table)
        });
        let table = self.unless_cancelled(filled).await?;
        self.put(table)?;
        Ok(Outcome::Done(tag))
    }

    /// TRUNCATE and DROP TABLE of temporary tables; `None` where none of those named is one.
    /// Errors: for the others, why they are not changed.
    pub(super) async fn change_temporary(
        &mut self,
        refused: &Refused,
        text: &Arc<str>,
    ) -> Result<Option<Outcome>> {
        if !matches!(refused.tag, "TRUNCATE TABLE" | "DROP TABLE") {
            return Ok(None);
        }
        let (mut tables, mut others) = (Vec::new(), Vec::new());
        for relation in &refused.relations {
            match self.temporary.table(relation.schema.as_deref(), &relation.name) {
                Some(table) => tables.push(table),
                None => others.push(relation.clone()),
            }
        }
        if tables.is_empty() {
            return Ok(None);
        }
        if !others.is_empty() {
            self.refuse(&Refused { relations: others, ..refused.clone() }, text).await?;
        }
        let dropped = refused.dropped.is_some();
        if dropped {
            self.writable(refused.tag)?;
        }
        self.change_tables(|all| {
            for table in tables {
                if dropped {
                    all.remove(&table.name);
                } else {
                    all.insert(table.name.clone(), Arc::new(table.emptied()));
                }
            }
        })?;
        Ok(Some(Outcome::Done(refused.tag.to_owned())))
    }

    /// A table in the place of the one of its name.
    /// Errors: 53200, 53400.
    pub(super) fn put(&mut self, table: TemporaryTable) -> Result<()> {
        self.change_tables(|all| {
            all.insert(table.name.clone(), Arc::new(table));
        })
    }

    fn change_tables(
        &mut self,
        change: impl FnOnce(&mut BTreeMap<String, Arc<TemporaryTable>>),
    ) -> Result<()> {
        let mut next = match &self.temporary.now {
            Some(now) => (**now).clone(),
            None => {
                Temporary { schema: self.temporary_schema(), state: 0, tables: BTreeMap::new() }
            }
        };
        change(&mut next.tables);
        if TABLES_LEN_MAX < next.tables.len() {
            return Err(Error::ProgramLimitExceeded("too many temporary tables".to_owned()));
        }
        let used = next.tables.values().map(|table| bytes(&table.rows)).sum();
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
        let message = format!("temporary tables of a session cannot have more than {max} bytes");
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
            used += bytes(std::slice::from_ref(&batch));
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
            before.iter().flat_map(|all| all.tables.values()).map(|table| bytes(&table.rows));
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
        let done = self.change_tables(|all| {
            for table in ended {
                match table.on_commit {
                    OnCommit::Drop => {
                        all.remove(&table.name);
                    }
                    _ => {
                        all.insert(table.name.clone(), Arc::new(table.emptied()));
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
        self.change_tables(BTreeMap::clear)
    }

    /// Errors: 25006 in a transaction that only reads.
    pub(super) fn writable(&self, command: &str) -> Result<()> {
        if self.read_only() {
            return Err(Error::ReadOnlyTransaction(command.to_owned()));
        }
        Ok(())
    }

    fn temporary_schema(&self) -> String {
        format!("pg_temp_{}", self.login.pid)
    }
}

/// The columns as they are written.
/// Errors: 42701, 54011; those of the types.
fn schema(columns: &[ColumnDefinition], text: &Arc<str>) -> Result<SchemaRef> {
    let mut fields: Vec<FieldRef> = Vec::with_capacity(columns.len());
    for column in columns {
        let planned = Types.plan_type_field(&column.data_type);
        let planned = planned.map_err(|error| failure::of(error, text))?;
        let Some(field) = planned else {
            return Err(Error::Internal(format!("no type of column \"{}\"", column.name)));
        };
        let pg_type = types::of_field(&field);
        supported(&column.name, pg_type)?;
        let field = (*field).clone().with_name(&column.name).with_nullable(!column.not_null);
        fields.push(Arc::new(field));
    }
    checked(fields)
}

/// Errors: 0A000 for types whose values a column would not keep as PostgreSQL does.
fn supported(name: &str, pg_type: PgType) -> Result<()> {
    let reason = match types::element_of(pg_type.oid).unwrap_or(pg_type.oid) {
        types::NUMERIC if pg_type.modifier < 0 => "Give a precision and a scale.",
        types::BIT | types::VARBIT if pg_type.modifier >= 0 => "bit varying without a length is.",
        _ => return Ok(()),
    };
    let kind = types::format_type(pg_type.oid, pg_type.modifier);
    let message = format!("column \"{name}\" of type {kind} in a temporary table is not supported");
    Err(Error::FeatureNotSupported(message).hint(reason))
}

/// The columns of a query, the first of them under other names.
/// Errors: 42601 for too many names; 42701, 42P16, 54011.
fn schema_of(planned: &Planned, names: &[String]) -> Result<SchemaRef> {
    if planned.columns.len() < names.len() {
        return Err(Error::Syntax("too many column names were specified".to_owned()));
    }
    let own = planned.logical().schema();
    let named = planned.columns.iter().map(|column| &column.name);
    let names = names.iter().chain(named.skip(names.len()));
    let fields = own.fields().iter().zip(planned.columns.iter()).zip(names);
    let fields = fields.map(|((field, column), name)| stored(field, column, name));
    checked(fields.collect::<Result<Vec<FieldRef>>>()?)
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

fn checked(fields: Vec<FieldRef>) -> Result<SchemaRef> {
    if COLUMNS_LEN_MAX < fields.len() {
        let message = format!("tables can have at most {COLUMNS_LEN_MAX} columns");
        return Err(Error::TooManyColumns(message));
    }
    for (index, field) in fields.iter().enumerate() {
        let name = field.name();
        if SYSTEM_COLUMNS.contains(&name.as_str()) {
            let message = format!("column name \"{name}\" conflicts with a system column name");
            return Err(Error::ConflictingColumn(message));
        }
        if fields.iter().take(index).any(|other| other.name() == name) {
            return Err(Error::DuplicateColumn(name.clone()));
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}
