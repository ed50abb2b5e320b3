//! SUBSCRIBE: the rows of a log in the order of their numbers, those there are and then those that come, as they are
//! committed. What a transaction has not committed it does not tell, nor what it pins.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlanBuilder, ident, lit};
use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::SqlSession;
use super::copied;
use super::cursor::Declaration;
use crate::catalog::generation::{Defined, Generation};
use crate::catalog::log::SEQ;
use crate::catalog::roles::Privilege;
use crate::catalog::table::{Stamp, Table};
use crate::error::{Error, Result};
use crate::pg::facts::{FOREBAY_SCHEMA, Facts};
use crate::pg::types;
use crate::query::door::{Column, Outcome, RowStream, RowsTag};
use crate::query::engine::Engine;
use crate::query::failure;
use crate::query::parse::{Relation, Subscriber, Subscription};
use crate::query::run::{self, Running};
use crate::rows::batch_of;

/// The column that tells rows from marks of progress.
const PROGRESS: &str = "_progress";

/// Numbers that are looked at in one go: more would take memory to sort, fewer would plan more often.
const NUMBERS_AT_ONCE: i64 = 1 << 16;

/// The rows of a log as one subscriber gets them.
struct Subscribed {
    engine: Arc<Engine>,
    /// The role that reads.
    user: String,
    cancel: CancellationToken,
    schema: String,
    table: Arc<Table>,
    time_zone: String,
    /// The definitions under which it was last allowed to.
    defined: Defined,
    changes: watch::Receiver<u64>,
    /// All rows up to this number were told, or are in `rows`.
    since: i64,
    rows: Option<RowStream>,
    up_to: i64,
    left: usize,
    live: bool,
    /// Whether progress is told, and how far it was told last.
    progress: Option<i64>,
}

impl SqlSession {
    /// Runs SUBSCRIBE.
    /// Errors: 42P01; 42809 for what is no log; 42501.
    pub(super) fn subscribe(
        &mut self,
        subscription: &Subscription,
        to: &Subscriber,
        text: &Arc<str>,
    ) -> Result<Outcome> {
        if let Subscriber::Cursor { name, binary, hold } = to {
            let declaration = Declaration {
                name: name.clone(),
                binary: *binary,
                scroll: false,
                hold: *hold,
                text: text.to_string(),
            };
            self.check_declaration(&declaration)?;
            let (columns, rows) = self.subscribed(subscription, CancellationToken::new())?;
            self.declare(declaration, columns, rows)?;
            self.follow_cursor(name);
            return Ok(Outcome::Done("DECLARE CURSOR".to_owned()));
        }
        let (columns, rows) = self.subscribed(subscription, self.token.clone())?;
        let rows = self.stoppable(rows);
        match to {
            Subscriber::Copy(format, force_quote) => {
                let format = copied::force(format, force_quote, &columns, None)?;
                Ok(Outcome::CopyOut { columns, rows, format })
            }
            _ => {
                let tag = RowsTag::Counted("SUBSCRIBE");
                Ok(Outcome::Rows { columns, rows, tag, binary: false })
            }
        }
    }

    /// The columns of a SUBSCRIBE.
    /// Errors: as [`SqlSession::subscribe`].
    pub(super) fn subscribed_columns(
        &mut self,
        subscription: &Subscription,
    ) -> Result<Arc<[Column]>> {
        let (_, table) = self.subscribed_log(subscription)?;
        Ok(columns_of(&table, subscription.progress))
    }

    fn subscribed_log(&mut self, subscription: &Subscription) -> Result<(String, Arc<Table>)> {
        let relation = &subscription.relation;
        let facts = self.facts("");
        let own = facts.written(relation.schema.as_deref(), &relation.name);
        let Some((schema, table)) = own else {
            if is_other(&facts, relation) {
                return Err(no_log(&relation.name));
            }
            let name = match &relation.schema {
                Some(schema) => format!("{schema}.{}", relation.name),
                None => relation.name.clone(),
            };
            return Err(Error::UndefinedTable(name).at(relation.position.unwrap_or_default()));
        };
        check_may_read(&facts.generation, &self.user, &schema, &table)?;
        match table.is_log {
            true => Ok((schema, table)),
            false => Err(no_log(&table.name)),
        }
    }

    fn subscribed(
        &mut self,
        subscription: &Subscription,
        cancel: CancellationToken,
    ) -> Result<(Arc<[Column]>, RowStream)> {
        let (schema, table) = self.subscribed_log(subscription)?;
        let changes = self.engine.catalog.changes();
        let newest = self.engine.catalog.pin();
        let end = newest.since(table.ids.relation).unwrap_or_default();
        let since = match subscription.after {
            Some(after) => after.max(0),
            None if subscription.snapshot => 0,
            None => end,
        };
        let columns = columns_of(&table, subscription.progress);
        let subscribed = Subscribed {
            engine: Arc::clone(&self.engine),
            user: self.user.clone(),
            cancel,
            schema,
            table,
            time_zone: self.basis().time_zone.clone(),
            defined: newest.defined,
            changes,
            since,
            rows: None,
            up_to: subscription.up_to.unwrap_or(i64::MAX),
            left: subscription.limit.unwrap_or(usize::MAX),
            live: subscription.live,
            progress: subscription.progress.then_some(-1),
        };
        let rows = futures::stream::try_unfold(subscribed, |mut subscribed| async move {
            Ok(subscribed.next().await?.map(|batch| (batch, subscribed)))
        });
        Ok((columns, rows.boxed()))
    }
}

impl Subscribed {
    /// The next rows; `None` at the end of what was asked for.
    /// Errors: 42P01 when the log is dropped, 0A000 when its columns change, 42501 when it may not be read any more; those of
    /// reading.
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.left == 0 {
                return Ok(None);
            }
            if let Some(rows) = &mut self.rows {
                match rows.next().await.transpose()? {
                    Some(batch) if batch.num_rows() == 0 => {}
                    Some(batch) => {
                        let batch = batch.slice(0, batch.num_rows().min(self.left));
                        self.left -= batch.num_rows();
                        return self.told(batch).map(Some);
                    }
                    None => self.rows = None,
                }
                continue;
            }
            self.changes.borrow_and_update();
            let generation = self.engine.catalog.pin();
            self.check(&generation)?;
            let end = generation.since(self.table.ids.relation).unwrap_or_default();
            let end = end.min(self.up_to);
            if self.since < end {
                let last = end.min(self.since.saturating_add(NUMBERS_AT_ONCE));
                self.rows = Some(self.read(&generation, last).await?);
                self.since = last;
                continue;
            }
            drop(generation);
            if let Some(told) = &mut self.progress
                && *told < self.since
            {
                *told = self.since;
                return self.mark().map(Some);
            }
            if !self.live || self.up_to <= self.since || self.changes.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// Whether the log is as it was when it was subscribed to.
    fn check(&mut self, generation: &Generation) -> Result<()> {
        if generation.defined == self.defined {
            return Ok(());
        }
        let oid = self.table.ids.relation;
        let Some((schema, table)) = generation.table_by_oid(oid) else {
            return Err(Error::UndefinedTable(self.table.name.clone()));
        };
        check_may_read(generation, &self.user, &schema.name, table)?;
        if table.columns != self.table.columns {
            let message = "the columns of a log that is subscribed to have changed".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        self.schema.clone_from(&schema.name);
        self.table = Arc::clone(table);
        self.defined = generation.defined;
        Ok(())
    }

    /// Rows from behind `since` up to `last`, in their order.
    async fn read(&mut self, generation: &Generation, last: i64) -> Result<RowStream> {
        let oid = self.table.ids.relation;
        let (Some(log), Some(rows)) = (generation.log(oid), generation.rows(oid)) else {
            return Err(Error::UndefinedTable(self.table.name.clone()));
        };
        if rows.first() <= self.since.saturating_add(1)
            && log.segments.iter().all(|it| it.last <= self.since)
        {
            return Ok(run::stored(rows.slices_between(self.since.saturating_add(1), last)));
        }
        let provider = self.engine.logs.provider(&self.table, rows, log);
        let state = self.engine.state(&self.time_zone);
        let planned = LogicalPlanBuilder::scan("log", provider_as_source(provider), None)
            .and_then(|scan| {
                scan.filter(ident(SEQ).gt(lit(self.since)).and(ident(SEQ).lt_eq(lit(last))))
            })
            .and_then(|scan| scan.sort([ident(SEQ).sort(true, false)])?.build());
        let planned = planned.map_err(|error| failure::of(error, ""))?;
        let plan = state.create_physical_plan(&planned).await;
        let plan = plan.map_err(|error| failure::of(error, ""))?;
        let context = self.engine.context(&state, &self.cancel);
        let running =
            Running { reads: Vec::new(), sql: Arc::from(""), cancel: self.cancel.clone() };
        run::rows(&self.engine, plan, context, running)
    }

    /// Rows as the subscriber sees them.
    fn told(&self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.progress.is_none() {
            return Ok(batch);
        }
        let rows: ArrayRef = Arc::new(BooleanArray::from(vec![false; batch.num_rows()]));
        let arrays = std::iter::once(rows).chain(batch.columns().iter().cloned());
        batch_of(&marked(&self.table), arrays.collect(), batch.num_rows())
    }

    /// A row that tells how far it is.
    fn mark(&self) -> Result<RecordBatch> {
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(BooleanArray::from(vec![true]))];
        let seq = self.table.stamped(Stamp::Seq);
        for (place, field) in self.table.columns.fields().iter().enumerate() {
            arrays.push(match seq == Some(place) {
                true => Arc::new(Int64Array::from(vec![self.since])),
                false => new_null_array(field.data_type(), 1),
            });
        }
        batch_of(&marked(&self.table), arrays, 1)
    }
}

/// Whether a name that is no table of users is that of something else.
fn is_other(facts: &Facts, relation: &Relation) -> bool {
    let name = &relation.name;
    let is_in = |schema: &str| {
        let system = matches!(schema, "pg_catalog" | "information_schema" | FOREBAY_SCHEMA);
        let version = facts.schema(schema).map(|found| &found.version.manifest.tables);
        system
            || facts.generation.view(schema, name).is_some()
            || version.is_some_and(|tables| tables.contains_key(name))
    };
    match &relation.schema {
        Some(schema) => is_in(schema),
        None => {
            facts.temporary(None, name).is_some()
                || name.starts_with("pg_")
                || facts.search_path.iter().any(|schema| is_in(schema))
        }
    }
}

fn no_log(name: &str) -> Error {
    Error::WrongObjectType(format!("\"{name}\" is not a log"))
        .hint("CREATE TABLE … USING log makes a table that can be subscribed to.")
}

/// Errors: 42501.
fn check_may_read(generation: &Generation, user: &str, schema: &str, table: &Table) -> Result<()> {
    if !generation.has_schema_privilege(user, schema) {
        let message = format!("permission denied for schema {schema}");
        return Err(Error::InsufficientPrivilege(message));
    }
    let name = &table.name;
    if !generation.has_written_privilege(user, schema, name, &[Privilege::Select]) {
        let message = format!("permission denied for table {name}");
        return Err(Error::InsufficientPrivilege(message));
    }
    Ok(())
}

/// The columns of rows with marks of progress between them.
fn marked(table: &Table) -> SchemaRef {
    let first: FieldRef = Arc::new(Field::new(PROGRESS, DataType::Boolean, false));
    let own = table.columns.fields().iter();
    let loose = own.map(|field| Arc::new((**field).clone().with_nullable(true)));
    Arc::new(Schema::new(std::iter::once(first).chain(loose).collect::<Vec<FieldRef>>()))
}

fn columns_of(table: &Table, progress: bool) -> Arc<[Column]> {
    let mark = progress.then(|| Column {
        name: PROGRESS.to_owned(),
        table_oid: 0,
        number: 0,
        pg_type: types::PgType::new(types::BOOL),
    });
    let own = table.columns.fields().iter().zip(&table.attributes);
    let own = own.map(|(field, attribute)| Column {
        name: field.name().clone(),
        table_oid: table.ids.relation,
        number: attribute.number,
        pg_type: types::of_field(field),
    });
    mark.into_iter().chain(own).collect()
}
