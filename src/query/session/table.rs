//! CREATE TABLE, DROP TABLE, TRUNCATE, CREATE and DROP INDEX, and comments on what tables have.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use arrow::record_batch::RecordBatch;
use datafusion::sql::sqlparser::ast::Query;

use super::SqlSession;
use super::assigned::Places;
use super::builder::{Builder, check_log, plain};
use super::changed::Target;
use super::completed::of_rows;
use super::define::shown;
use super::temporary::fields_of;
use super::written::{Written, again};
use crate::catalog::change::Change;
use crate::catalog::dependents::Object;
use crate::catalog::roles::Privilege;
use crate::catalog::table::{Constraint, Default, IndexKey, Rule, Table};
use crate::catalog::written::Position;
use crate::error::{Error, Result};
use crate::pg::facts::{Facts, OnCommit, Seen, TEMPORARY_ALIAS, TemporaryTable};
use crate::pg::types;
use crate::query::door::Outcome;
use crate::query::parse::definition::{Content, IndexDefinition, TableDefinition};
use crate::query::parse::{self, Commented, Refused, Relation};
use crate::rows;

/// How often a statement is tried again when another commit comes between.
pub(super) const TRIES_MAX: usize = 20;

impl SqlSession {
    /// CREATE TABLE, also with AS.
    /// Errors: 42P07; 42701, 42P16, 54011 for its columns; those of its types, its expressions and its query; 53200 and 53400
    /// for its rows.
    pub(super) async fn create_table(
        &mut self,
        definition: &TableDefinition,
        text: &Arc<str>,
    ) -> Result<Outcome> {
        self.writable("CREATE TABLE")?;
        let tag = match definition.content {
            Content::Columns(..) => "CREATE TABLE",
            Content::Query { .. } => "CREATE TABLE AS",
        };
        let on_commit = self.temporary_kind(definition)?;
        let facts = self.facts(text);
        let facts = self.indexed(facts).await?;
        let schema = match on_commit {
            Some(_) => None,
            None => Some(self.place(&facts, definition.schema.as_deref(), &definition.name)?),
        };
        let exists = match &schema {
            None => self.has_temporary(&definition.name),
            Some(schema) => schema.has_relation(&definition.name),
        };
        if exists {
            let error = Error::DuplicateTable(definition.name.clone());
            if !definition.if_not_exists {
                return Err(error);
            }
            self.notice("NOTICE", "42P07", format!("{error}, skipping"));
            return Ok(Outcome::Done(tag.to_owned()));
        }
        let queried = match &definition.content {
            Content::Columns(..) => None,
            Content::Query { names, query, data } => {
                Some(self.queried(query, names, *data, text).await?)
            }
        };
        let engine = Arc::clone(&self.engine);
        let owner = self.user.clone();
        let mut builder =
            Builder::new(&engine.catalog, &facts, schema.clone(), &definition.name, &owner)?;
        if let Content::Columns(columns, constraints) = &definition.content {
            for column in columns {
                builder.add_column(column, text)?;
            }
            for constraint in constraints {
                builder.add_constraint(constraint)?;
            }
        }
        for field in queried.iter().flat_map(|(fields, _)| fields) {
            builder.add_field(Arc::clone(field))?;
        }
        if definition.is_log {
            builder.make_log()?;
        }
        let Builder { table, sequences, .. } = builder;
        let mut table = table;
        if on_commit.is_some() {
            self.name_temporary(&mut table);
        }
        let table = Arc::new(table);
        self.check_definition(&table, text).await?;
        let batches = queried.and_then(|(_, batches)| batches);
        let tag = match &batches {
            Some(batches) => {
                let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
                format!("SELECT {count}")
            }
            None => tag.to_owned(),
        };
        let rows = match batches {
            Some(batches) => Some(self.fitting(&table, batches).await?),
            None => None,
        };
        // Those of a log come behind its definition, as all that it gets.
        let (rows, added) = match (table.is_log, rows) {
            (true, Some(rows)) => (None, Some(self.added(&table, rows, None).await?)),
            (_, rows) => (rows, None),
        };
        if let Some(on_commit) = on_commit {
            let none = table.no_rows();
            let change = rows::Change { inserted: rows, ..rows::Change::default() };
            let rows = none.changed(&change);
            let rows = rows.map_err(|refused| self.refusal(&table, &none, &refused))?;
            self.put(TemporaryTable { table, rows: Arc::new(rows), on_commit })?;
            return Ok(Outcome::Done(tag));
        }
        let schema = schema.map(|schema| schema.name.clone()).unwrap_or_default();
        self.define_all("CREATE TABLE", |_, _| {
            let mut changes: Vec<Change> = sequences
                .iter()
                .map(|(sequence, position)| Change::PutSequence {
                    was: None,
                    schema: schema.clone(),
                    sequence: Arc::clone(sequence),
                    position: *position,
                })
                .collect();
            let (table, rows, schema) = (Arc::clone(&table), rows.clone(), schema.clone());
            changes.push(Change::PutTable { was: None, schema, table, seen: None, rows });
            changes.extend(added.clone());
            Ok(changes)
        })
        .await?;
        Ok(Outcome::Done(tag))
    }

    /// What the end of a transaction does to a temporary table; `None` for a permanent one.
    fn temporary_kind(&self, definition: &TableDefinition) -> Result<Option<OnCommit>> {
        let own = self.temporary_schema();
        let in_own = definition
            .schema
            .as_deref()
            .is_some_and(|schema| schema == TEMPORARY_ALIAS || schema == own);
        match definition.temporary {
            Some(_) if definition.schema.is_some() && !in_own => {
                let message = "cannot create temporary relation in non-temporary schema";
                Err(Error::InvalidTableDefinition(message.to_owned()))
            }
            Some(on_commit) => Ok(Some(on_commit)),
            None => Ok(in_own.then_some(OnCommit::PreserveRows)),
        }
    }

    /// Identifiers of a temporary table: those of the catalog are for what others see.
    fn name_temporary(&mut self, table: &mut Table) {
        use crate::pg::catalog::index::synthetic;
        let number = self.temporary.count().to_string();
        let own = self.temporary_schema();
        let parts = [own.as_str(), table.name.as_str(), number.as_str()];
        table.ids.relation = synthetic("relation", &parts);
        table.ids.row_type = synthetic("row type", &parts);
        table.ids.array_type = synthetic("array type", &parts);
    }

    /// The columns of a query, and its rows.
    async fn queried(
        &mut self,
        query: &Query,
        names: &[String],
        data: bool,
        text: &Arc<str>,
    ) -> Result<(Vec<FieldRef>, Option<Vec<RecordBatch>>)> {
        let planned = self.plan(query, text, &[]).await?;
        if let Some(parameter) = planned.parameter_types.len().checked_sub(1) {
            return Err(Error::UndefinedParameter(parameter + 1));
        }
        let fields = fields_of(&planned, names)?;
        let batches = match data {
            true => Some(self.gathered(planned, Vec::new()).await?),
            false => None,
        };
        Ok((fields, batches))
    }

    /// Rows of a query as those of a table.
    pub(super) async fn fitting(
        &mut self,
        table: &Arc<Table>,
        batches: Vec<RecordBatch>,
    ) -> Result<RecordBatch> {
        let output = self.settings.meaning().output.clone();
        let table = Arc::clone(table);
        let fitted = self.engine.plan(move || {
            let none = table.no_rows();
            let target = Target { table: &table, rows: &none, output: &output };
            let own = |index: &usize| {
                let default = table.attributes.get(*index).and_then(|it| it.default.as_ref());
                !matches!(default, Some(Default::Stamped(_)))
            };
            let indexes: Vec<usize> = (0..table.columns.fields().len()).filter(own).collect();
            let places = Places::of(&table).at(&indexes)?;
            target.fitted(&target.inserted(&places, &batches)?)
        });
        self.unless_cancelled(fitted).await
    }

    pub(super) fn refusal(
        &self,
        table: &Table,
        rows: &rows::Rows,
        refused: &rows::Refused,
    ) -> Error {
        let output = self.settings.meaning().output.clone();
        Target { table, rows, output: &output }.refused(refused, None)
    }

    /// Whether defaults, checks and generated columns mean something.
    /// Errors: 42703, 42883, 42804 and others of their expressions.
    pub(super) async fn check_definition(
        &mut self,
        table: &Arc<Table>,
        text: &Arc<str>,
    ) -> Result<()> {
        let columns = Arc::clone(&table.columns);
        let seen = || Seen { columns: Arc::clone(&columns), rows: Vec::new() };
        let mut expressions = Vec::new();
        for (place, attribute) in table.attributes.iter().enumerate() {
            let name = || table.columns.field(place).name().clone();
            match &attribute.default {
                Some(Default::Expression(own)) => {
                    expressions.push((place, own.clone(), name(), false));
                }
                Some(Default::Generated(own)) => {
                    expressions.push((place, own.clone(), name(), true));
                }
                _ => {}
            }
        }
        for (place, own, name, generated) in expressions {
            let sql: Arc<str> = match generated {
                true => of_rows(table, &[&own]).into(),
                false => format!("SELECT {own}").into(),
            };
            let query = parse::query_of(&sql)?;
            let facts = self.changing(text, numbered(seen())?);
            let planned = self.plan_with(&query, &sql, &[], facts).await;
            let planned = planned.map_err(|error| error.nowhere())?;
            let Some(told) = planned.columns.first() else { continue };
            let pg_type = types::of_field(table.columns.field(place));
            let literal = told.pg_type.oid == types::UNKNOWN;
            if !literal && !crate::pg::rewrite::assignable(told.pg_type.oid, pg_type.oid) {
                let (to, from) = (types::sql_name(pg_type.oid), types::sql_name(told.pg_type.oid));
                let what = if generated { "generation" } else { "default" };
                let message = format!(
                    "column \"{name}\" is of type {to} but {what} expression is of type {from}"
                );
                return Err(Error::DatatypeMismatch(message)
                    .hint("You will need to rewrite or cast the expression."));
            }
        }
        for constraint in &table.constraints {
            let Rule::Check(own) = &constraint.rule else { continue };
            let sql: Arc<str> = of_rows(table, &[own]).into();
            let query = parse::query_of(&sql)?;
            let facts = self.changing(text, numbered(seen())?);
            let planned = self.plan_with(&query, &sql, &[], facts).await;
            let planned = planned.map_err(|error| error.nowhere())?;
            let kind = planned.columns.first().map(|column| column.pg_type.oid);
            if let Some(kind) = kind.filter(|kind| *kind != types::BOOL) {
                let kind = types::sql_name(kind);
                let message = format!("argument of CHECK must be type boolean, not type {kind}");
                return Err(Error::DatatypeMismatch(message));
            }
        }
        Ok(())
    }

    // ---- DROP and TRUNCATE

    /// TRUNCATE, DROP TABLE and DROP INDEX of what users write; `None` where nothing that is named is that.
    /// Errors: for the others, why they are not changed.
    pub(super) async fn change_written(
        &mut self,
        refused: &Refused,
        text: &Arc<str>,
    ) -> Result<Option<Outcome>> {
        match (refused.tag, refused.dropped) {
            ("TRUNCATE TABLE", _) => self.truncate(refused, text).await,
            ("REFRESH", _) => self.refresh_view(refused, text).await,
            (_, Some("table")) => self.drop_tables_named(refused, text).await,
            (_, Some("view" | "materialized view")) => self.drop_views_named(refused, text).await,
            (_, Some("index")) => self.drop_indexes(refused).await,
            _ => Ok(None),
        }
    }

    /// The tables that a statement names; `None` where none is one that users write.
    async fn all_written(
        &mut self,
        refused: &Refused,
        text: &Arc<str>,
    ) -> Result<Option<Vec<Written>>> {
        let (mut tables, mut others) = (Vec::<Written>::new(), Vec::new());
        for relation in &refused.relations {
            match self.written(relation.schema.as_deref(), &relation.name) {
                Some(table) => {
                    let oid = table.table.ids.relation;
                    if !tables.iter().any(|other| other.table.ids.relation == oid) {
                        tables.push(table);
                    }
                }
                None => others.push(relation.clone()),
            }
        }
        if tables.is_empty() {
            return Ok(None);
        }
        if !others.is_empty() {
            self.refuse(&Refused { relations: others, ..refused.clone() }, text).await?;
        }
        Ok(Some(tables))
    }

    async fn truncate(&mut self, refused: &Refused, text: &Arc<str>) -> Result<Option<Outcome>> {
        let mut tries = 0;
        loop {
            let Some(mut tables) = self.all_written(refused, text).await? else {
                return Ok(None);
            };
            for table in &tables {
                self.may_write(table, "TRUNCATE TABLE", &[Privilege::Truncate])?;
                table.only_grows("truncate")?;
            }
            self.with_referencing(&mut tables, refused.cascade)?;
            let (mut changes, mut emptied) = (Vec::new(), Vec::new());
            for table in &tables {
                match table.schema {
                    None => {
                        let own = self.temporary.table(None, &table.table.name);
                        if let Some(own) = own {
                            self.put(own.emptied())?;
                        }
                    }
                    Some(_) => emptied.push((
                        Arc::clone(&table.table),
                        Arc::new(rows::Change { all: true, ..rows::Change::default() }),
                    )),
                }
            }
            if !emptied.is_empty() {
                changes.push(Change::WriteRows(emptied));
            }
            if refused.restart {
                changes.extend(self.restarted(&tables));
            }
            let deferred = self.deferred();
            let done = match (changes.is_empty(), deferred) {
                (true, _) => Ok(()),
                (false, true) => self.add_to_draft(changes),
                (false, false) => self.sequences.commit(changes).await.map(drop),
            };
            match done {
                Err(error) if !deferred && tries < TRIES_MAX && again(error.bare()) => tries += 1,
                Err(error) => return Err(error),
                Ok(()) => return Ok(Some(Outcome::Done(refused.tag.to_owned()))),
            }
        }
    }

    /// The tables whose rows name rows of these: with CASCADE they are emptied too, before the others.
    /// Errors: 0A000 without CASCADE.
    fn with_referencing(&mut self, tables: &mut Vec<Written>, cascade: bool) -> Result<()> {
        let generation = self.generation();
        let mut at = 0;
        while let Some(table) = tables.get(at).cloned() {
            at += 1;
            let oid = table.table.ids.relation;
            for (schema, child, _) in generation.referencing(oid) {
                if tables.iter().any(|it| it.table.ids.relation == child.ids.relation) {
                    continue;
                }
                if !cascade {
                    let (by, name) = (&child.name, &table.table.name);
                    let message = "cannot truncate a table referenced in a foreign key constraint";
                    return Err(Error::FeatureNotSupported(message.to_owned())
                        .detail(format!("Table \"{by}\" references \"{name}\"."))
                        .hint(format!(
                            "Truncate table \"{by}\" at the same time, or use TRUNCATE ... CASCADE."
                        )));
                }
                let name = child.name.clone();
                if let Some(found) = self.written(Some(&schema.name), &name) {
                    self.may_write(&found, "TRUNCATE TABLE", &[Privilege::Truncate])?;
                    self.notice(
                        "NOTICE",
                        "00000",
                        format!("truncate cascades to table \"{name}\""),
                    );
                    tables.push(found);
                }
            }
        }
        Ok(())
    }

    /// The sequences of tables where they begin.
    fn restarted(&self, tables: &[Written]) -> Vec<Change> {
        let generation = self.generation();
        let of = tables.iter().flat_map(|it| generation.owned_sequences(it.table.ids.relation));
        of.map(|(schema, sequence)| {
            let position = Position { last: sequence.start, is_called: false, turn: 0 };
            Change::PutSequence {
                was: Some((schema.name.clone(), Arc::clone(sequence))),
                schema: schema.name.clone(),
                sequence: Arc::clone(sequence),
                position: Some(position),
            }
        })
        .collect()
    }

    async fn drop_tables_named(
        &mut self,
        refused: &Refused,
        text: &Arc<str>,
    ) -> Result<Option<Outcome>> {
        let Some(tables) = self.all_written(refused, text).await? else { return Ok(None) };
        self.writable(refused.tag)?;
        let own: Vec<String> = tables
            .iter()
            .filter(|table| table.schema.is_none())
            .map(|table| table.table.name.clone())
            .collect();
        let oids: Vec<u32> = tables.iter().map(|table| table.table.ids.relation).collect();
        let names: Vec<(String, Arc<Table>)> =
            tables.into_iter().filter_map(|table| Some((table.schema?, table.table))).collect();
        let cascade = refused.cascade;
        let roots: Vec<Object> = oids.into_iter().map(Object::Relation).collect();
        if names.is_empty() {
            let facts = self.facts("");
            let facts = self.indexed(facts).await?;
            // Nothing that others see depends on a temporary table.
            self.cascaded(&facts, &roots, cascade)?;
        } else {
            self.define_all(refused.tag, |session, facts| {
                for (_, table) in &names {
                    session.own_table(facts, table)?;
                }
                let mut changes = session.cascaded(facts, &roots, cascade)?;
                for (schema, table) in &names {
                    let (schema, name) = (schema.clone(), table.name.clone());
                    changes.push(Change::DropTable { schema, name, oid: table.ids.relation });
                }
                Ok(changes)
            })
            .await?;
        }
        if !own.is_empty() {
            self.change_tables(|all| all.retain(|name, _| !own.contains(name)))?;
        }
        Ok(Some(Outcome::Done(refused.tag.to_owned())))
    }

    /// Errors: 42501.
    pub(super) fn own_table(&self, facts: &Facts, table: &Table) -> Result<()> {
        if facts.generation.owns(&self.user, &table.owner) {
            return Ok(());
        }
        let message = format!("must be owner of table {}", table.name);
        Err(Error::InsufficientPrivilege(message))
    }

    // ---- indexes

    /// The table with an index of that name, and its schema.
    fn indexed_table(
        &self,
        facts: &Facts,
        schema: Option<&str>,
        name: &str,
    ) -> Option<(String, Arc<Table>)> {
        let own = |schema: &str| {
            let (table, _) = facts.generation.schema(schema)?.index(name)?;
            Some((schema.to_owned(), Arc::clone(table)))
        };
        match schema {
            Some(schema) => own(schema),
            None => facts.search_path.iter().find_map(|schema| own(schema)),
        }
    }

    async fn drop_indexes(&mut self, refused: &Refused) -> Result<Option<Outcome>> {
        let facts = self.facts("");
        let known = refused.relations.iter().any(|relation| {
            self.indexed_table(&facts, relation.schema.as_deref(), &relation.name).is_some()
        });
        if !known {
            return Ok(None);
        }
        self.define_all(refused.tag, |session, facts| {
            let mut changes: Vec<Change> = Vec::new();
            for relation in &refused.relations {
                let schema = relation.schema.as_deref();
                let Some((schema, was)) = session.indexed_table(facts, schema, &relation.name)
                else {
                    let message = format!("index \"{}\" does not exist", relation.name);
                    if !refused.if_exists {
                        return Err(Error::UndefinedObject(message));
                    }
                    session.notice("NOTICE", "00000", format!("{message}, skipping"));
                    continue;
                };
                session.own_table(facts, &was)?;
                let mut table = (*was).clone();
                let oid = table.indexes.iter().find(|it| it.name == relation.name).map(|it| it.oid);
                if let Some(constraint) = oid.and_then(|oid| table.constraint_of(oid)) {
                    return Err(needed(&relation.name, constraint, &table.name));
                }
                table.indexes.retain(|index| index.name != relation.name);
                let was = Some((schema.clone(), was));
                let table = Arc::new(table);
                changes.push(Change::PutTable { was, schema, table, seen: None, rows: None });
            }
            Ok(changes)
        })
        .await?;
        Ok(Some(Outcome::Done(refused.tag.to_owned())))
    }

    /// CREATE INDEX.
    /// Errors: 42P01, 42809 for what is no table that users write; 42P07; 42703; 23505.
    pub(super) async fn create_index(
        &mut self,
        definition: &IndexDefinition,
        relation: &Relation,
        text: &Arc<str>,
    ) -> Result<()> {
        let mut tries = 0;
        loop {
            let Some(written) = self.written(relation.schema.as_deref(), &relation.name) else {
                return Err(self.no_table(relation, "CREATE INDEX", text).await);
            };
            self.writable("CREATE INDEX")?;
            let facts = self.facts(text);
            let facts = self.indexed(facts).await?;
            if written.schema.is_some() {
                self.own_table(&facts, &written.table)?;
            }
            let engine = Arc::clone(&self.engine);
            let schema = written.schema.as_ref();
            let schema = schema.and_then(|name| facts.generation.schema(name)).cloned();
            let was = Arc::clone(&written.table);
            let mut builder = Builder::of(&engine.catalog, &facts, schema.clone(), (*was).clone());
            let keys = index_keys(&was, definition)?;
            let name = match &definition.name {
                Some(name) => {
                    let there = schema.as_ref().is_some_and(|schema| schema.has_relation(name))
                        || was.indexes.iter().any(|index| index.name == *name);
                    if there && definition.if_not_exists {
                        let error = Error::DuplicateTable(name.clone());
                        self.notice("NOTICE", "42P07", format!("{error}, skipping"));
                        return Ok(());
                    }
                    builder.named_index(name)?
                }
                None => {
                    // An expression goes by the function it calls.
                    let columns = keys.iter().map(|key| match &key.expression {
                        Some(text) => text.split_once('(').map_or("expr", |(name, _)| name),
                        None => was.column(key.column).unwrap_or_default(),
                    });
                    let columns = columns.map(|name| {
                        if name.contains(' ') || name.is_empty() { "expr" } else { name }
                    });
                    let columns = super::builder::listed(columns);
                    builder.choose(&[&was.name, &columns], "idx")
                }
            };
            builder.add_index(name, keys, definition.unique, definition.nulls_distinct)?;
            let mut table = builder.table;
            if let (Some(index), Some(predicate)) =
                (table.indexes.last_mut(), &definition.predicate)
            {
                index.predicate = Some(super::deparse::check(predicate, &was.columns));
            }
            if table.is_log {
                check_log(&table)?;
            }
            let table = Arc::new(table);
            self.check_index(&table, text).await?;
            let reshaped = self.reshaped(&written, &table).await?;
            let Some(schema) = written.schema.clone() else {
                return self.put_reshaped(&written, table, reshaped);
            };
            let was = Some((schema.clone(), was));
            let change = Change::PutTable { was, schema, table, seen: None, rows: None };
            let deferred = self.deferred();
            let done = match deferred {
                true => self.add_to_draft(vec![change]),
                false => self.sequences.commit(vec![change]).await.map(drop),
            };
            match done {
                Err(error) if !deferred && tries < TRIES_MAX && again(error.bare()) => tries += 1,
                other => return other,
            }
        }
    }

    /// Whether the expressions of the index that was added last mean something.
    /// Errors: those of the expressions.
    async fn check_index(&mut self, table: &Arc<Table>, text: &Arc<str>) -> Result<()> {
        let Some(index) = table.indexes.last() else { return Ok(()) };
        let expressions = index.keys.iter().filter_map(|key| key.expression.as_ref());
        let all: Vec<&String> = expressions.chain(index.predicate.as_ref()).collect();
        if all.is_empty() {
            return Ok(());
        }
        let sql: Arc<str> = of_rows(table, &all).into();
        let query = parse::query_of(&sql)?;
        let seen = Seen { columns: Arc::clone(&table.columns), rows: Vec::new() };
        let facts = self.changing(text, numbered(seen)?);
        let planned = self.plan_with(&query, &sql, &[], facts).await;
        planned.map(|_| ()).map_err(|error| error.nowhere())
    }

    /// Why a name is no table that users write.
    pub(super) async fn no_table(
        &mut self,
        relation: &Relation,
        tag: &'static str,
        text: &Arc<str>,
    ) -> Error {
        let refused = Refused::of(tag, relation.clone(), parse::versions_are_read_only(tag));
        match self.refuse(&refused, text).await {
            Err(error) => error,
            Ok(_) => Error::Internal(format!("{tag} of nothing")),
        }
    }

    /// ALTER INDEX RENAME TO.
    pub(super) async fn rename_index(
        &mut self,
        schema: Option<&str>,
        name: &str,
        to: &str,
        if_exists: bool,
    ) -> Result<()> {
        self.define("ALTER INDEX", |session, facts| {
            let Some((schema, was)) = session.indexed_table(facts, schema, name) else {
                let error = Error::UndefinedTable(shown(schema, name));
                if !if_exists {
                    return Err(error);
                }
                session.notice("NOTICE", "00000", format!("{error}, skipping"));
                return Ok(None);
            };
            session.own_table(facts, &was)?;
            let mut table = (*was).clone();
            rename_own_index(&mut table, name, to);
            let was = Some((schema.clone(), was));
            let table = Arc::new(table);
            Ok(Some(Change::PutTable { was, schema, table, seen: None, rows: None }))
        })
        .await
    }

    // ---- comments

    /// COMMENT ON TABLE, COLUMN, INDEX and CONSTRAINT.
    pub(super) fn comment_on_table(
        &mut self,
        facts: &Facts,
        on: &Commented,
        text: Option<&String>,
    ) -> Result<Option<Change>> {
        if let Some(view) = self.commented_view(facts, on)? {
            return self.comment_on_view(facts, view, on, text);
        }
        let found = match on {
            Commented::Table(relation)
            | Commented::Column(relation, _)
            | Commented::Constraint(relation, _) => {
                facts.written(relation.schema.as_deref(), &relation.name)
            }
            Commented::Index(schema, name) => self.indexed_table(facts, schema.as_deref(), name),
            Commented::Schema(_) | Commented::Sequence(..) | Commented::View(_) => None,
        };
        let Some((schema, was)) = found else {
            return Err(match on {
                Commented::Table(relation)
                | Commented::Column(relation, _)
                | Commented::Constraint(relation, _) => {
                    let known = match &relation.schema {
                        Some(schema) => facts.table(schema, &relation.name).is_some(),
                        None => facts.visible(&relation.name).is_some(),
                    };
                    match known {
                        true => parse::versions_are_read_only("COMMENT"),
                        false => {
                            Error::UndefinedTable(shown(relation.schema.as_deref(), &relation.name))
                        }
                    }
                }
                Commented::Index(schema, name) => {
                    Error::UndefinedTable(shown(schema.as_deref(), name))
                }
                _ => Error::Internal("a comment on nothing".to_owned()),
            });
        };
        self.own_table(facts, &was)?;
        let mut table = (*was).clone();
        let text = text.cloned();
        match on {
            Commented::Column(_, name) => {
                let place = table.number(name).and_then(|number| table.place(number));
                let Some(attribute) = place.and_then(|place| table.attributes.get_mut(place))
                else {
                    return Err(no_column(name, &was.name));
                };
                attribute.comment = text;
            }
            Commented::Constraint(_, name) => {
                let own = table.constraints.iter_mut().find(|own| own.name == *name);
                let Some(constraint) = own else {
                    return Err(no_constraint(name, &was.name));
                };
                constraint.comment = text;
            }
            Commented::Index(_, name) => {
                if let Some(index) = table.indexes.iter_mut().find(|own| own.name == *name) {
                    index.comment = text;
                }
            }
            _ => table.comment = text,
        }
        let was = Some((schema.clone(), was));
        let table = Arc::new(table);
        Ok(Some(Change::PutTable { was, schema, table, seen: None, rows: None }))
    }
}

/// Rows without any, with numbers.
fn numbered(seen: Seen) -> Result<Seen> {
    super::completed::with_numbers(&RecordBatch::new_empty(seen.columns))
}

fn needed(index: &str, constraint: &Constraint, table: &str) -> Error {
    let constraint = &constraint.name;
    let message = format!(
        "cannot drop index {index} because constraint {constraint} on table {table} requires it"
    );
    Error::DependentObjectsStillExist(message)
        .hint(format!("You can drop constraint {constraint} on table {table} instead."))
}

/// An index and the constraint it belongs to have one name.
pub(super) fn rename_own_index(table: &mut Table, name: &str, to: &str) {
    let own = table.indexes.iter_mut().find(|index| index.name == *name);
    let Some(index) = own else { return };
    to.clone_into(&mut index.name);
    let oid = index.oid;
    let of = |rule: &Rule| matches!(rule, Rule::PrimaryKey(own) | Rule::Unique(own) if *own == oid);
    if let Some(constraint) = table.constraints.iter_mut().find(|it| of(&it.rule)) {
        to.clone_into(&mut constraint.name);
    }
}

fn index_keys(table: &Table, definition: &IndexDefinition) -> Result<Vec<IndexKey>> {
    let partial = definition.predicate.is_some() || definition.keys.iter().any(|it| it.of.is_err());
    if definition.unique && partial {
        let message = "a unique index with WHERE or on an expression is not supported".to_owned();
        return Err(Error::FeatureNotSupported(message));
    }
    if !matches!(definition.method.as_str(), "btree" | "hash" | "gin" | "gist" | "brin" | "spgist")
    {
        let message = format!("access method \"{}\" does not exist", definition.method);
        return Err(Error::UndefinedObject(message));
    }
    if definition.method != "btree" {
        let message =
            format!("an index with the access method {} is not supported", definition.method);
        return Err(Error::FeatureNotSupported(message));
    }
    let mut keys = Vec::with_capacity(definition.keys.len());
    for key in &definition.keys {
        let column = match &key.of {
            Ok(column) => column,
            Err(expression) => {
                keys.push(IndexKey {
                    column: 0,
                    expression: Some(super::deparse::key(expression, &table.columns)),
                    descending: key.descending,
                    nulls_first: key.nulls_first,
                });
                continue;
            }
        };
        let Some(number) = table.number(&column.name) else {
            let message = format!("column \"{}\" does not exist", column.name);
            return Err(Error::UndefinedColumn(message));
        };
        let own = plain(&[number]).into_iter().map(|own| IndexKey {
            descending: key.descending,
            nulls_first: key.nulls_first,
            ..own
        });
        keys.extend(own);
    }
    Ok(keys)
}

pub(super) fn no_column(name: &str, table: &str) -> Error {
    Error::UndefinedColumn(format!("column \"{name}\" of relation \"{table}\" does not exist"))
}

pub(super) fn no_constraint(name: &str, table: &str) -> Error {
    Error::UndefinedObject(format!("constraint \"{name}\" of relation \"{table}\" does not exist"))
}
