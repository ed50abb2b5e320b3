//! What users make through SQL: schemas and sequences.
//!
//! Inside a transaction a definition is a draft that only its session sees: a generation made of the pinned one, and the
//! changes that COMMIT sends to the catalog together. Outside of one each statement commits by itself, again where another
//! commit came between.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::compute::concat_batches;

use super::SqlSession;
use super::changed::internal;
use crate::catalog::Generation;
use crate::catalog::change::Change;
use crate::catalog::dependents::Object;
use crate::catalog::generation::RelationIds;
use crate::catalog::table::Default;
use crate::catalog::written::{Position, Schema, Sequence};
use crate::error::{Error, Result};
use crate::pg::catalog::index::Entity;
use crate::pg::facts::{FOREBAY_SCHEMA, Facts, TEMPORARY_ALIAS};
use crate::query::parse::{
    Alteration, Commented, Drop, Refused, SchemaStatement, SequenceAlteration, SequenceDefinition,
    SequenceOptions,
};
use crate::rows;

/// How often a statement is tried again when another commit comes between.
const TRIES_MAX: usize = 20;

/// Changes that a transaction may make; each is kept until its end, and by each savepoint. Rows that are inserted one after
/// the other are a few.
const CHANGES_LEN_MAX: usize = 100_000;

/// What a transaction has defined so far.
#[derive(Debug, Clone, core::default::Default)]
pub(super) struct Draft {
    /// The changes, in their order.
    changes: Vec<Change>,
    /// What the catalog is with them; `None` while there are none.
    pub(super) generation: Option<Arc<Generation>>,
}

impl Draft {
    /// Puts the last two changes together where both only insert rows into the same table, and neither is far larger: each
    /// row is copied a few times at most. Whether it did.
    /// Errors: those of Arrow.
    fn merge(&mut self) -> Result<bool> {
        let [.., Change::WriteRows(before), Change::WriteRows(last)] = self.changes.as_slice()
        else {
            return Ok(false);
        };
        let ([(table, first)], [(same, second)]) = (before.as_slice(), last.as_slice()) else {
            return Ok(false);
        };
        let only_inserts = |change: &rows::Change| !change.all && change.deleted.is_empty();
        let (Some(rows), Some(more)) = (&first.inserted, &second.inserted) else {
            return Ok(false);
        };
        let alike = Arc::ptr_eq(table, same) && only_inserts(first) && only_inserts(second);
        if !alike || 2 * more.num_rows() < rows.num_rows() || table.columns.fields().is_empty() {
            return Ok(false);
        }
        let all = concat_batches(&table.columns, [rows, more]).map_err(internal)?;
        let before = i64::try_from(rows.num_rows()).unwrap_or(i64::MAX);
        let first = first.first.or_else(|| Some(second.first? - before));
        let change = rows::Change { inserted: Some(all), first, ..rows::Change::default() };
        let merged = Change::WriteRows(vec![(Arc::clone(table), Arc::new(change))]);
        self.changes.truncate(self.changes.len() - 2);
        self.changes.push(merged);
        Ok(true)
    }
}

impl SqlSession {
    /// Makes one change of definitions; see [`SqlSession::define_all`].
    pub(super) async fn define(
        &mut self,
        command: &str,
        mut change: impl FnMut(&mut SqlSession, &Facts) -> Result<Option<Change>>,
    ) -> Result<()> {
        self.define_all(command, |session, facts| {
            change(session, facts).map(|change| change.into_iter().collect())
        })
        .await
    }

    /// Changes definitions: now, or as a part of the transaction. `changes` makes them of the catalog as the statement
    /// sees it, and none of what is so already.
    /// Errors: 25006; those of `changes` and of the catalog; nothing is changed then.
    pub(super) async fn define_all(
        &mut self,
        command: &str,
        mut changes: impl FnMut(&mut SqlSession, &Facts) -> Result<Vec<Change>>,
    ) -> Result<()> {
        self.writable(command)?;
        let deferred = self.deferred();
        let mut tries = 0;
        loop {
            let facts = self.facts("");
            let facts = self.indexed(facts).await?;
            let changes = changes(self, &facts)?;
            if changes.is_empty() {
                return Ok(());
            }
            if deferred {
                return self.add_to_draft(changes);
            }
            tries += 1;
            match self.sequences.commit(changes).await {
                Err(Error::SerializationFailure(_)) if tries < TRIES_MAX => {}
                other => return other.map(drop),
            }
        }
    }

    pub(super) fn add_to_draft(&mut self, changes: Vec<Change>) -> Result<()> {
        if CHANGES_LEN_MAX < self.draft.changes.len() + changes.len() {
            let message = "too many changes in one transaction".to_owned();
            return Err(Error::ProgramLimitExceeded(message));
        }
        let seen = self.generation();
        let generation = self.engine.catalog.draft(&seen, &changes, self.engine.clock.now_us())?;
        for change in &changes {
            self.sequences.drafted(change);
        }
        self.draft.generation = Some(Arc::new(generation));
        self.draft.changes.extend(changes);
        while self.draft.merge()? {}
        self.basis = None;
        Ok(())
    }

    /// What `base` is with what the transaction has made so far; `None` where that is nothing.
    /// Errors: those of the changes.
    pub(super) fn redrafted(&self, base: &Generation) -> Result<Option<Arc<Generation>>> {
        if self.draft.changes.is_empty() {
            return Ok(None);
        }
        let drafted =
            self.engine.catalog.draft(base, &self.draft.changes, self.engine.clock.now_us())?;
        Ok(Some(Arc::new(drafted)))
    }

    /// Commits what the transaction has defined.
    /// Errors: those of the changes, as others may have made theirs meanwhile; none of them is made then.
    pub(super) async fn settle_draft(&mut self) -> Result<()> {
        let draft = std::mem::take(&mut self.draft);
        if draft.changes.is_empty() {
            return Ok(());
        }
        self.basis = None;
        self.sequences.commit(draft.changes).await.map(drop)
    }

    /// Nothing of it happened.
    pub(super) fn forget_draft(&mut self) {
        if self.draft.generation.is_some() {
            self.draft = Draft::default();
            self.basis = None;
        }
        self.sequences.set_draft(crate::sequence::Drafted::default());
    }

    // ---- schemas

    pub(super) async fn schema_statement(&mut self, statement: &SchemaStatement) -> Result<()> {
        match statement {
            SchemaStatement::Create { name, owner, if_not_exists } => {
                let owner = match owner {
                    Some(owner) => self.named_role(owner),
                    None => self.user.clone(),
                };
                let name = name.as_ref().unwrap_or(&owner).clone();
                let oid = self.engine.catalog.take_oids(1)?;
                self.define("CREATE SCHEMA", |session, facts| {
                    if !session.superuser() {
                        let database = &session.login.database;
                        let message = format!("permission denied for database {database}");
                        return Err(Error::InsufficientPrivilege(message));
                    }
                    if *if_not_exists && facts.has_schema(&name) {
                        let error = Error::DuplicateSchema(name.clone());
                        session.notice("NOTICE", "42P06", format!("{error}, skipping"));
                        return Ok(None);
                    }
                    let (name, owner) = (name.clone(), owner.clone());
                    Ok(Some(Change::CreateSchema { name, oid, owner }))
                })
                .await
            }
            SchemaStatement::Alter { name, change } => {
                let (rename, owner) = match change {
                    Alteration::Rename(to) => (Some(to.clone()), None),
                    Alteration::Owner(owner) => (None, Some(self.named_role(owner))),
                    Alteration::SetSchema(_) => {
                        return Err(Error::Internal("of a schema".to_owned()));
                    }
                    Alteration::Options(none) => match *none {},
                };
                self.define("ALTER SCHEMA", |session, facts| {
                    session.own_schema(facts, name)?;
                    if let Some(owner) = &owner {
                        session.may_give_to(owner)?;
                    }
                    let (name, rename, owner) = (name.clone(), rename.clone(), owner.clone());
                    Ok(Some(Change::AlterSchema { name, rename, owner }))
                })
                .await
            }
        }
    }

    /// Errors: 3F000; 42501 for a schema of somebody else, and for those of the source root.
    pub(super) fn own_schema(&self, facts: &Facts, name: &str) -> Result<()> {
        match facts.generation.schema(name) {
            Some(schema) if facts.generation.owns(&self.user, &schema.owner) => Ok(()),
            Some(_) => {
                let message = format!("must be owner of schema {name}");
                Err(Error::InsufficientPrivilege(message))
            }
            None if facts.has_schema(name) => Err(published(name)),
            None => Err(Error::UndefinedSchema(name.to_owned())),
        }
    }

    /// Errors: 42501 for a role that this one could not become.
    pub(super) fn may_give_to(&self, owner: &str) -> Result<()> {
        if self.generation().may_become(&self.user, owner) {
            return Ok(());
        }
        Err(Error::InsufficientPrivilege(format!("must be member of role \"{owner}\"")))
    }

    /// The schema where something of that name is made.
    /// Errors: 3F000; 42501; 0A000 for temporary ones.
    pub(super) fn place(
        &self,
        facts: &Facts,
        schema: Option<&str>,
        made: &str,
    ) -> Result<Arc<Schema>> {
        let generation = &facts.generation;
        let found = match schema {
            Some(name) => match generation.schema(name) {
                Some(found) => found,
                None if name == TEMPORARY_ALIAS => {
                    let message =
                        "permanent relations in a temporary schema are not supported".to_owned();
                    return Err(Error::FeatureNotSupported(message));
                }
                None if matches!(name, "pg_catalog" | "information_schema" | FOREBAY_SCHEMA) => {
                    let message = format!("permission denied to create \"{name}.{made}\"");
                    return Err(Error::InsufficientPrivilege(message)
                        .detail("System catalog modifications are currently disallowed."));
                }
                None if facts.has_schema(name) => return Err(published(name)),
                None => return Err(Error::UndefinedSchema(name.to_owned())),
            },
            // A schema of the source root on the path is for reading alone.
            None => facts
                .search_path
                .iter()
                .find_map(|name| generation.schema(name))
                .ok_or(Error::NoSchemaSelected)?,
        };
        let owns = generation.owns(&self.user, &found.owner);
        if !owns && !generation.may_create(&self.user, &found.name) {
            let message = format!("permission denied for schema {}", found.name);
            return Err(Error::InsufficientPrivilege(message));
        }
        Ok(Arc::clone(found))
    }

    // ---- sequences

    pub(super) async fn create_sequence(&mut self, definition: &SequenceDefinition) -> Result<()> {
        let relation = self.engine.catalog.take_oids(1)?;
        let ids = RelationIds { relation, row_type: 0, array_type: 0 };
        self.define("CREATE SEQUENCE", |session, facts| {
            let schema = session.place(facts, definition.schema.as_deref(), &definition.name)?;
            if schema.has_relation(&definition.name) {
                let error = Error::DuplicateTable(definition.name.clone());
                if !definition.if_not_exists {
                    return Err(error);
                }
                session.notice("NOTICE", "42P07", format!("{error}, skipping"));
                return Ok(None);
            }
            let new = Sequence {
                name: definition.name.clone(),
                ids,
                owner: session.user.clone(),
                ..new_sequence(&definition.options)
            };
            let (sequence, position) = options(new, &definition.options, None)?;
            Ok(Some(Change::PutSequence {
                was: None,
                schema: schema.name.clone(),
                sequence: Arc::new(sequence),
                position,
            }))
        })
        .await
    }

    pub(super) async fn alter_sequence(&mut self, alteration: &SequenceAlteration) -> Result<()> {
        let SequenceAlteration { schema, name, if_exists, change } = alteration;
        self.define("ALTER SEQUENCE", |session, facts| {
            let Some(entity) = session.sequence_named(facts, schema.as_deref(), name)? else {
                let missing = match schema {
                    Some(schema) if !facts.has_schema(schema) => {
                        Error::UndefinedSchema(schema.clone())
                    }
                    _ => Error::UndefinedTable(shown(schema.as_deref(), name)),
                };
                if !if_exists {
                    return Err(missing);
                }
                session.notice("NOTICE", "00000", format!("{missing}, skipping"));
                return Ok(None);
            };
            let (schema, was) = session.own_sequence(facts, &entity)?;
            let mut to = schema.clone();
            let mut sequence = (*was).clone();
            let mut position = None;
            match change {
                Alteration::Options(wanted) => {
                    let at = session.sequences.position(was.ids.relation);
                    (sequence, position) = options(sequence, wanted, at)?;
                    sequence.generation = sequence.generation.saturating_add(1);
                }
                Alteration::Rename(name) => sequence.name.clone_from(name),
                Alteration::SetSchema(name) => {
                    let place = session.place(facts, Some(name), &was.name)?;
                    if place.name == schema {
                        return Ok(None);
                    }
                    if place.has_relation(&was.name) {
                        let (name, schema) = (&was.name, &place.name);
                        let message =
                            format!("relation \"{name}\" already exists in schema \"{schema}\"");
                        return Err(Error::DuplicateRelation(message));
                    }
                    to.clone_from(&place.name);
                }
                Alteration::Owner(owner) => {
                    let owner = session.named_role(owner);
                    session.may_give_to(&owner)?;
                    sequence.owner = owner;
                }
            }
            let was = Some((schema, was));
            let sequence = Arc::new(sequence);
            Ok(Some(Change::PutSequence { was, schema: to, sequence, position }))
        })
        .await
    }

    /// ALTER TABLE of a sequence, which PostgreSQL's dumps use. Returns whether it was that.
    /// Errors: those of ALTER SEQUENCE.
    pub(super) async fn alters_sequence(&mut self, refused: &Refused) -> Result<bool> {
        let ([relation], Some(change)) = (refused.relations.as_slice(), &refused.alteration) else {
            return Ok(false);
        };
        let (schema, name) = (relation.schema.clone(), relation.name.clone());
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        let found = self.sequence_named(&facts, schema.as_deref(), &name);
        if !matches!(found, Ok(Some(_))) {
            return Ok(false);
        }
        let (if_exists, change) = (refused.if_exists, change.clone());
        self.alter_sequence(&SequenceAlteration { schema, name, if_exists, change }).await?;
        Ok(true)
    }

    /// COMMENT ON what users make.
    pub(super) async fn comment(&mut self, on: &Commented, text: Option<&String>) -> Result<()> {
        self.define("COMMENT", |session, facts| match on {
            Commented::Schema(name) => {
                session.own_schema(facts, name)?;
                let (name, text) = (name.clone(), text.cloned());
                Ok(Some(Change::CommentOnSchema { name, text }))
            }
            Commented::Table(..)
            | Commented::View(_)
            | Commented::Column(..)
            | Commented::Index(..)
            | Commented::Constraint(..) => session.comment_on_table(facts, on, text),
            Commented::Sequence(schema, name) => {
                let schema = schema.as_deref();
                let entity = session.sequence_named(facts, schema, name)?;
                let entity = entity.ok_or_else(|| Error::UndefinedTable(shown(schema, name)))?;
                let (schema, was) = session.own_sequence(facts, &entity)?;
                let sequence = Arc::new(Sequence { comment: text.cloned(), ..(*was).clone() });
                let was = Some((schema.clone(), was));
                Ok(Some(Change::PutSequence { was, schema, sequence, position: None }))
            }
        })
        .await
    }

    /// DROP SEQUENCE, DROP SCHEMA.
    pub(super) async fn drop_defined(&mut self, drop: &Drop) -> Result<()> {
        self.define_all(drop.tag, |session, facts| {
            let mut changes: Vec<Change> = Vec::with_capacity(drop.names.len());
            let mut seen = BTreeSet::new();
            for (schema, name) in &drop.names {
                let dropped = match drop.tag {
                    "DROP SCHEMA" => session.dropped_schema(facts, name, drop.cascade),
                    _ => session.dropped_sequence(facts, schema.as_deref(), name),
                };
                match dropped {
                    // One that is named twice is dropped once.
                    Ok(change) if seen.insert(format!("{change:?}")) => changes.push(change),
                    Ok(_) => {}
                    Err(error @ (Error::UndefinedSchema(_) | Error::UndefinedRelation(_)))
                        if drop.if_exists =>
                    {
                        session.notice("NOTICE", "00000", format!("{error}, skipping"));
                    }
                    Err(error) => return Err(error),
                }
            }
            let roots = changes.iter().filter_map(|change| match change {
                Change::DropSchema { name, .. } => Some(Object::Schema(name.clone())),
                Change::DropSequence { oid, .. } => Some(Object::Relation(*oid)),
                _ => None,
            });
            let roots: Vec<Object> = roots.collect();
            let mut all = session.cascaded(facts, &roots, drop.cascade)?;
            all.extend(changes);
            Ok(all)
        })
        .await
    }

    fn dropped_schema(&self, facts: &Facts, name: &str, cascade: bool) -> Result<Change> {
        self.own_schema(facts, name)?;
        Ok(Change::DropSchema { name: name.to_owned(), cascade })
    }

    fn dropped_sequence(&self, facts: &Facts, schema: Option<&str>, name: &str) -> Result<Change> {
        if let Some(schema) = schema
            && !facts.has_schema(schema)
        {
            return Err(Error::UndefinedSchema(schema.to_owned()));
        }
        let named = self.sequence_named(facts, schema, name).map_err(|error| {
            match facts.view(schema, name) {
                Some(_) => error.hint("Use DROP VIEW to remove a view."),
                None => error,
            }
        });
        let Some(entity) = named? else {
            return Err(Error::UndefinedRelation(format!("sequence \"{name}\" does not exist")));
        };
        let (schema, sequence) = self.own_sequence(facts, &entity)?;
        let (name, oid) = (sequence.name.clone(), sequence.ids.relation);
        check_unused(facts, &name, oid)?;
        Ok(Change::DropSequence { schema, name, oid })
    }

    /// The sequence of that name.
    /// Errors: 42809 for another relation.
    pub(super) fn sequence_named(
        &self,
        facts: &Facts,
        schema: Option<&str>,
        name: &str,
    ) -> Result<Option<Arc<Entity>>> {
        let index = facts.index();
        let entity = match schema {
            Some(schema) => index.named(schema, name),
            None => index.visible(facts, name),
        };
        match entity {
            Some(entity) if entity.kind != 'S' => {
                Err(Error::WrongObjectType(format!("\"{name}\" is not a sequence")))
            }
            entity => Ok(entity),
        }
    }

    /// A sequence that this role may change, with its schema.
    /// Errors: 42501.
    fn own_sequence(&self, facts: &Facts, entity: &Entity) -> Result<(String, Arc<Sequence>)> {
        let generation = &facts.generation;
        let Some(sequence) = generation.sequence(&entity.schema, &entity.name) else {
            return Err(Error::Internal(format!("no sequence {}", entity.name)));
        };
        if !generation.owns(&self.user, &sequence.owner) {
            let message = format!("must be owner of sequence {}", entity.name);
            return Err(Error::InsufficientPrivilege(message));
        }
        Ok((entity.schema.clone(), Arc::clone(sequence)))
    }
}

/// Errors: 2BP01 while a column takes its numbers from a sequence.
fn check_unused(facts: &Facts, name: &str, oid: u32) -> Result<()> {
    let tables = facts.generation.schemas.values().flat_map(|schema| schema.tables.values());
    for table in tables {
        let own = Some(Default::Next(oid));
        let Some(attribute) = table.attributes.iter().find(|it| it.default == own) else {
            continue;
        };
        let (column, table) = (table.column(attribute.number).unwrap_or_default(), &table.name);
        if attribute.identity.is_some() {
            let message = format!(
                "cannot drop sequence {name} because column {column} of table {table} requires it"
            );
            return Err(Error::DependentObjectsStillExist(message)
                .hint(format!("You can drop column {column} of table {table} instead.")));
        }
        let message = format!("cannot drop sequence {name} because other objects depend on it");
        let detail = format!(
            "default value for column {column} of table {table} depends on sequence {name}"
        );
        return Err(Error::DependentObjectsStillExist(message)
            .detail(detail)
            .hint("Use DROP ... CASCADE to drop the dependent objects too."));
    }
    Ok(())
}

/// A sequence before its options are known.
pub(super) fn new_sequence(options: &SequenceOptions) -> Sequence {
    Sequence {
        name: String::new(),
        ids: RelationIds { relation: 0, row_type: 0, array_type: 0 },
        owner: String::new(),
        data_type: options.data_type.unwrap_or_default(),
        start: 0,
        increment: 1,
        min: 0,
        max: 0,
        cache: 1,
        cycle: false,
        generation: 0,
        comment: None,
        owned_by: None,
    }
}

/// A name as messages write it.
pub(super) fn shown(schema: Option<&str>, name: &str) -> String {
    schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"))
}

/// A schema of the source root, or PostgreSQL's own.
fn published(name: &str) -> Error {
    let error = Error::InsufficientPrivilege(format!("permission denied for schema {name}"));
    if matches!(name, "pg_catalog" | "information_schema" | FOREBAY_SCHEMA) {
        return error;
    }
    error
        .detail("It is a database of the source root, which is never written to.")
        .hint("Name another schema, such as public.")
}

/// A sequence with what a statement says of it, as PostgreSQL's `init_params` does. `at` is where it is: last number, and
/// whether that was taken; `None` for a new one.
/// Errors: 22023.
pub(super) fn options(
    mut sequence: Sequence,
    wanted: &SequenceOptions,
    at: Option<(i64, bool)>,
) -> Result<(Sequence, Option<Position>)> {
    let invalid = Error::InvalidParameterValue;
    let is_new = at.is_none();
    let (old_least, old_greatest) = sequence.data_type.range();
    // Bounds that were the old type's become the new one's.
    let (mut new_min, mut new_max) = (is_new, is_new);
    if let Some(data_type) = wanted.data_type
        && !is_new
    {
        new_max = sequence.increment > 0 && sequence.max == old_greatest;
        new_min = sequence.increment < 0 && sequence.min == old_least;
        sequence.data_type = data_type;
    }
    let name = sequence.data_type.name();
    let (least, greatest) = sequence.data_type.range();
    if let Some(increment) = wanted.increment {
        if increment == 0 {
            return Err(invalid("INCREMENT must not be zero".to_owned()));
        }
        sequence.increment = increment;
    }
    let rises = sequence.increment > 0;
    if let Some(cycle) = wanted.cycle {
        sequence.cycle = cycle;
    }
    match wanted.max {
        Some(Some(max)) => sequence.max = max,
        Some(None) => sequence.max = if rises { greatest } else { -1 },
        None if new_max => sequence.max = if rises { greatest } else { -1 },
        None => {}
    }
    if sequence.max < least || greatest < sequence.max {
        let max = sequence.max;
        return Err(invalid(format!(
            "MAXVALUE ({max}) is out of range for sequence data type {name}"
        )));
    }
    match wanted.min {
        Some(Some(min)) => sequence.min = min,
        Some(None) => sequence.min = if rises { 1 } else { least },
        None if new_min => sequence.min = if rises { 1 } else { least },
        None => {}
    }
    if sequence.min < least || greatest < sequence.min {
        let min = sequence.min;
        return Err(invalid(format!(
            "MINVALUE ({min}) is out of range for sequence data type {name}"
        )));
    }
    let (min, max) = (sequence.min, sequence.max);
    if max <= min {
        return Err(invalid(format!("MINVALUE ({min}) must be less than MAXVALUE ({max})")));
    }
    match wanted.start {
        Some(start) => sequence.start = start,
        None if is_new => sequence.start = if rises { min } else { max },
        None => {}
    }
    let within = |word: &str, number: i64| {
        if number < min {
            return Err(invalid(format!(
                "{word} value ({number}) cannot be less than MINVALUE ({min})"
            )));
        }
        if max < number {
            return Err(invalid(format!(
                "{word} value ({number}) cannot be greater than MAXVALUE ({max})"
            )));
        }
        Ok(())
    };
    within("START", sequence.start)?;
    let position = match (wanted.restart, at) {
        (Some(restart), _) => Some((restart.unwrap_or(sequence.start), false)),
        (None, None) => Some((sequence.start, false)),
        (None, Some(_)) => None,
    };
    if let Some((last, _)) = position.or(at) {
        within("RESTART", last)?;
    }
    if let Some(cache) = wanted.cache {
        if cache <= 0 {
            return Err(invalid(format!("CACHE ({cache}) must be greater than zero")));
        }
        sequence.cache = cache;
    }
    let position = position.map(|(last, is_called)| Position { last, is_called, turn: 0 });
    Ok((sequence, position))
}
