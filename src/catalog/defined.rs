//! Schemas and sequences that users make: what a change of them comes to, and how it is folded. Tables: see
//! [`super::defined_table`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::change::Change;
use super::defined_log::{replace, seal};
use super::defined_table::{Put, drop_table, put_table, referencing};
use super::defined_view::{drop_view, put_view};
use super::generation::Generation;
use super::log::Log;
use super::record::Fact;
use super::record_log::LogRecord;
use super::record_table::{RowsRecord, WrittenTable};
use super::record_view::ViewRecord;
use super::record_written::{
    DropSequence, PositionRecord, PutSchema, PutSequence, SchemaRecord, SequenceRecord,
};
use super::roles::Target;
use super::state::{State, impossible};
use super::view::{Of, View};
use super::written::{DATABASE_OWNER, PUBLIC_SCHEMA, Position, Schema, Sequence};
use crate::error::{Error, Result};
use crate::rows::Rows;

/// PostgreSQL's longest name (`NAMEDATALEN - 1`).
const NAME_BYTES_MAX: usize = 63;

/// Schemas and sequences as a checkpoint has them.
pub(super) struct Written {
    pub(super) schemas: Vec<SchemaRecord>,
    pub(super) sequences: Vec<SequenceRecord>,
    pub(super) tables: Vec<WrittenTable>,
    pub(super) rows: Vec<RowsRecord>,
    pub(super) views: Vec<ViewRecord>,
    pub(super) logs: Vec<LogRecord>,
}

/// Schemas by name, rows by the OID of their table, and logs by theirs.
type Read = (BTreeMap<String, Arc<Schema>>, BTreeMap<u32, Arc<Rows>>, BTreeMap<u32, Arc<Log>>);

impl Written {
    /// Errors: XX001 for what is in a schema that is not there; F0000.
    pub(super) fn read(self) -> Result<Read> {
        // Releases that knew no schemas wrote none.
        let mut schemas = BTreeMap::from([(PUBLIC_SCHEMA.to_owned(), Schema::public())]);
        for record in self.schemas {
            schemas.insert(record.name.clone(), empty_schema(record));
        }
        for record in self.sequences {
            let (schema, sequence) = record.read()?;
            let Some(schema) = schemas.get_mut(&schema) else {
                return Err(impossible(&format!("has a sequence in the schema \"{schema}\"")));
            };
            schema.sequences.insert(sequence.name.clone(), Arc::new(sequence));
        }
        let (mut rows, mut tables) = (BTreeMap::new(), BTreeMap::new());
        for record in self.tables {
            let (schema, table) = record.read()?;
            let Some(schema) = schemas.get_mut(&schema) else {
                return Err(impossible(&format!("has a table in the schema \"{schema}\"")));
            };
            let table = Arc::new(table);
            schema.tables.insert(table.name.clone(), Arc::clone(&table));
            tables.insert(table.ids.relation, table);
        }
        for record in self.rows {
            let Some(table) = tables.get(&record.table) else {
                return Err(impossible(&format!("has rows of the table {}", record.table)));
            };
            rows.insert(record.table, record.read(table)?);
        }
        for record in self.views {
            let (schema, view) = record.read()?;
            let Some(schema) = schemas.get_mut(&schema) else {
                return Err(impossible(&format!("has a view in the schema \"{schema}\"")));
            };
            schema.views.insert(view.name.clone(), Arc::new(view));
        }
        let mut logs = BTreeMap::new();
        for record in self.logs {
            if !tables.get(&record.table).is_some_and(|table| table.is_log) {
                return Err(impossible(&format!("has segments of the table {}", record.table)));
            }
            logs.insert(record.table, record.read()?);
        }
        let schemas = schemas.into_iter().map(|(name, schema)| (name, Arc::new(schema)));
        Ok((schemas.collect(), rows, logs))
    }
}

/// Positions as a checkpoint has them.
pub(super) fn positions(records: Vec<PositionRecord>) -> BTreeMap<u32, Position> {
    records.into_iter().map(|record| (record.oid, record.read())).collect()
}

fn empty_schema(record: SchemaRecord) -> Schema {
    let SchemaRecord { name, oid, owner, comment } = record;
    let (sequences, tables, views) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    Schema { name, oid, owner, comment, sequences, tables, views }
}

/// What a role owns is its own under its new name.
pub(super) fn rename_owner(generation: &mut Generation, old_name: &str, new_name: &str) {
    for schema in generation.schemas.values_mut() {
        let owned = |owner: &String| owner == old_name;
        let in_it = schema.sequences.values().any(|it| owned(&it.owner))
            || schema.tables.values().any(|it| owned(&it.owner))
            || schema.views.values().any(|it| owned(&it.owner));
        if !owned(&schema.owner) && !in_it {
            continue;
        }
        let schema = Arc::make_mut(schema);
        if owned(&schema.owner) {
            new_name.clone_into(&mut schema.owner);
        }
        for sequence in schema.sequences.values_mut().filter(|it| it.owner == old_name) {
            new_name.clone_into(&mut Arc::make_mut(sequence).owner);
        }
        for table in schema.tables.values_mut().filter(|it| it.owner == old_name) {
            new_name.clone_into(&mut Arc::make_mut(table).owner);
        }
        for view in schema.views.values_mut().filter(|it| it.owner == old_name) {
            new_name.clone_into(&mut Arc::make_mut(view).owner);
        }
    }
}

/// What `role` owns, as messages say it.
pub(super) fn owned_by<'a>(
    generation: &'a Generation,
    role: &'a str,
) -> impl Iterator<Item = String> + 'a {
    generation.schemas.values().flat_map(move |schema| {
        let own = (schema.owner == role).then(|| format!("owner of schema {}", schema.name));
        let sequences = schema.sequences.values().filter(move |it| it.owner == role);
        let tables = schema.tables.values().filter(move |it| it.owner == role);
        let views = schema.views.values().filter(move |it| it.owner == role);
        own.into_iter()
            .chain(sequences.map(|it| format!("owner of sequence {}", shown(schema, &it.name))))
            .chain(tables.map(|it| format!("owner of table {}", shown(schema, &it.name))))
            .chain(views.map(|it| format!("owner of view {}", shown(schema, &it.name))))
    })
}

/// How messages call a relation.
fn shown(schema: &Schema, name: &str) -> String {
    match schema.name.as_str() {
        PUBLIC_SCHEMA => name.to_owned(),
        schema => format!("{schema}.{name}"),
    }
}

impl State {
    /// The facts of a change of schemas and sequences; `None` for any other change.
    pub(super) fn decide_defined(&self, change: &Change) -> Option<Result<Vec<Fact>>> {
        let generation = &self.generation;
        Some(match change {
            Change::CreateSchema { name, oid, owner } => {
                create_schema(generation, name, *oid, owner)
            }
            Change::AlterSchema { name, rename, owner } => {
                alter_schema(generation, name, rename.as_ref(), owner.as_ref())
            }
            Change::CommentOnSchema { name, text } => schema_of(generation, name).map(|schema| {
                let schema = SchemaRecord { comment: text.clone(), ..(&**schema).into() };
                vec![Fact::PutSchema(PutSchema { old_name: None, schema: Some(schema) })]
            }),
            Change::DropSchema { name, cascade } => drop_schema(generation, name, *cascade),
            Change::PutSequence { was, schema, sequence, position } => {
                let was = was.as_ref().map(|(schema, it)| (schema.as_str(), it));
                put_sequence(generation, was, schema, sequence, *position)
            }
            Change::DropSequence { schema, name, oid } => {
                drop_sequence(generation, schema, name, *oid)
            }
            Change::MoveSequence { oid, position } => move_sequence(generation, *oid, *position),
            Change::PutTable { was, schema, table, seen, rows } => {
                let was = was.as_ref().map(|(schema, it)| (schema.as_str(), it));
                let (seen, rows) = (*seen, rows.as_ref());
                put_table(generation, &Put { was, schema, table, seen, rows })
            }
            Change::DropTable { schema, name, oid } => drop_table(generation, schema, name, *oid),
            Change::PutView { was, schema, view } => {
                let was = was.as_ref().map(|(schema, it)| (schema.as_str(), it));
                put_view(generation, was, schema, view)
            }
            Change::DropView { schema, name, oid } => drop_view(generation, schema, name, *oid),
            Change::Seal { table, segment } => seal(generation, *table, segment),
            Change::ReplaceSegments { table, removed, added } => {
                replace(generation, *table, removed, added.as_ref())
            }
            _ => return None,
        })
    }

    pub(super) fn put_schema(&mut self, fact: PutSchema) -> Result<()> {
        let Some(record) = fact.schema else { return Err(impossible("puts no schema")) };
        self.taken(record.oid)?;
        let mut schema = empty_schema(record);
        let old_name = fact.old_name.as_ref().unwrap_or(&schema.name);
        if let Some(old) = self.generation.schemas.remove(old_name) {
            schema.sequences = old.sequences.clone();
            schema.tables = old.tables.clone();
            schema.views = old.views.clone();
        }
        if *old_name != schema.name {
            self.move_grants(|target| match target {
                Target::Schema(own) | Target::Table { schema: own, .. } if own == old_name => {
                    own.clone_from(&schema.name);
                }
                _ => {}
            });
        }
        self.generation.schemas.insert(schema.name.clone(), Arc::new(schema));
        Ok(())
    }

    pub(super) fn drop_schema(&mut self, name: &str) {
        let Some(schema) = self.generation.schemas.remove(name) else { return };
        let positions = Arc::make_mut(&mut self.generation.positions);
        for sequence in schema.sequences.values() {
            positions.remove(&sequence.ids.relation);
        }
        let rows = Arc::make_mut(&mut self.generation.rows);
        for table in schema.tables.values() {
            rows.remove(&table.ids.relation);
        }
        self.drop_grants(|target| super::state::schema_of(target) == name);
    }

    /// Grants on what has another name now.
    pub(super) fn move_grants(&mut self, moved: impl Fn(&mut Target)) {
        let grants = self.generation.grants.iter().cloned().map(|mut grant| {
            moved(&mut grant.target);
            grant
        });
        self.generation.grants = Arc::new(grants.collect());
    }

    /// Grants on what is gone.
    pub(super) fn drop_grants(&mut self, gone: impl Fn(&Target) -> bool) {
        if self.generation.grants.iter().any(|grant| gone(&grant.target)) {
            Arc::make_mut(&mut self.generation.grants).retain(|grant| !gone(&grant.target));
        }
    }

    pub(super) fn put_sequence(&mut self, fact: PutSequence) -> Result<()> {
        let Some(record) = fact.sequence else { return Err(impossible("puts no sequence")) };
        let (schema, sequence) = record.read()?;
        self.schema_of(&schema)?;
        self.taken(sequence.ids.relation)?;
        let old_schema = fact.old_schema.as_ref().unwrap_or(&schema);
        let old_name = fact.old_name.as_ref().unwrap_or(&sequence.name);
        self.schema_of(old_schema)?.sequences.remove(old_name);
        if *old_schema != schema || *old_name != sequence.name {
            let from = Target::Table { schema: old_schema.clone(), table: old_name.clone() };
            let to = Target::Table { schema: schema.clone(), table: sequence.name.clone() };
            self.move_grants(|target| {
                if *target == from {
                    target.clone_from(&to);
                }
            });
        }
        if let Some(position) = fact.position {
            self.move_sequence(position);
        }
        self.schema_of(&schema)?.sequences.insert(sequence.name.clone(), Arc::new(sequence));
        Ok(())
    }

    pub(super) fn drop_sequence(&mut self, fact: &DropSequence) -> Result<()> {
        self.schema_of(&fact.schema)?.sequences.remove(&fact.name);
        Arc::make_mut(&mut self.generation.positions).remove(&fact.oid);
        let of = Target::Table { schema: fact.schema.clone(), table: fact.name.clone() };
        self.drop_grants(|target| *target == of);
        Ok(())
    }

    pub(super) fn move_sequence(&mut self, fact: PositionRecord) {
        Arc::make_mut(&mut self.generation.positions).insert(fact.oid, fact.read());
    }

    /// The schema that a fact is about, to be changed.
    pub(super) fn schema_of(&mut self, name: &str) -> Result<&mut Schema> {
        match self.generation.schemas.get_mut(name) {
            Some(schema) => Ok(Arc::make_mut(schema)),
            None => Err(impossible(&format!("is about the schema \"{name}\""))),
        }
    }

    pub(super) fn sequence_records(&self) -> Vec<SequenceRecord> {
        let of_schema = |schema: &Arc<Schema>| {
            let records = schema.sequences.values().map(|it| SequenceRecord::of(&schema.name, it));
            records.collect::<Vec<_>>()
        };
        self.generation.schemas.values().flat_map(of_schema).collect()
    }

    pub(super) fn position_records(&self) -> Vec<PositionRecord> {
        let positions = self.generation.positions.iter();
        positions.map(|(oid, position)| PositionRecord::of(*oid, *position)).collect()
    }
}

fn create_schema(generation: &Generation, name: &str, oid: u32, owner: &str) -> Result<Vec<Fact>> {
    check_new_schema(generation, name)?;
    check_owner(generation, owner)?;
    let (name, owner) = (name.to_owned(), owner.to_owned());
    let schema = SchemaRecord { name, oid, owner, comment: None };
    Ok(vec![Fact::PutSchema(PutSchema { old_name: None, schema: Some(schema) })])
}

fn alter_schema(
    generation: &Generation,
    name: &str,
    rename: Option<&String>,
    owner: Option<&String>,
) -> Result<Vec<Fact>> {
    let found = schema_of(generation, name)?;
    let mut schema = SchemaRecord::from(&**found);
    if let Some(rename) = rename {
        check_new_schema(generation, rename)?;
        schema.name.clone_from(rename);
    }
    if let Some(owner) = owner {
        check_owner(generation, owner)?;
        schema.owner.clone_from(owner);
    }
    let old_name = rename.map(|_| name.to_owned());
    Ok(vec![Fact::PutSchema(PutSchema { old_name, schema: Some(schema) })])
}

fn drop_schema(generation: &Generation, name: &str, cascade: bool) -> Result<Vec<Fact>> {
    let schema = schema_of(generation, name)?;
    if name == PUBLIC_SCHEMA {
        return Err(Error::DependentObjectsStillExist(format!(
            "cannot drop schema {name} because it is required by the database system"
        )));
    }
    if !cascade {
        // A sequence that goes with a table is told of with it.
        let sequences = schema.sequences.values().filter(|it| it.owned_by.is_none());
        let sequences = sequences.map(|it| ("sequence", it.ids.relation, &it.name));
        let tables = schema.tables.values().map(|it| ("table", it.ids.relation, &it.name));
        let views = schema.views.values().map(|it| ("view", it.ids.relation, &it.name));
        let mut each: Vec<_> = sequences.chain(tables).chain(views).collect();
        each.sort_unstable_by_key(|(_, oid, _)| *oid);
        if !each.is_empty() {
            let each = each.into_iter();
            let each =
                each.map(|(kind, _, it)| format!("{kind} {name}.{it} depends on schema {name}"));
            return Err(still_needed(&format!("schema {name}"), each));
        }
    }
    let outside = schema.tables.values().find_map(|table| {
        referencing(generation, table.ids.relation).find(|(own, ..)| own.name != name)
    });
    if let Some((_, table, constraint)) = outside {
        let each = format!("constraint {} on table {} depends on it", constraint.name, table.name);
        return Err(still_needed(&format!("schema {name}"), std::iter::once(each)));
    }
    let reader = generation.schemas.values().filter(|other| other.name != name).find_map(|other| {
        let reads = |view: &&Arc<View>| {
            let own = view.reads.iter().filter_map(|reading| match reading.of {
                Of::Made(oid) => generation.made_by_oid(oid),
                Of::Named(..) => None,
            });
            own.into_iter().any(|(schema, _)| schema.name == name)
        };
        other.views.values().find(reads).map(|view| (other, view))
    });
    if let Some((other, view)) = reader {
        let each = format!("view {}.{} depends on schema {name}", other.name, view.name);
        return Err(still_needed(&format!("schema {name}"), std::iter::once(each)));
    }
    Ok(vec![Fact::DropSchema(name.to_owned())])
}

/// 2BP01 with what depends on `object`.
pub(super) fn still_needed(object: &str, dependents: impl Iterator<Item = String>) -> Error {
    let mut dependents = dependents;
    let shown: Vec<String> =
        dependents.by_ref().take(super::decide::DEPENDENTS_SHOWN_MAX).collect();
    let more = match dependents.count() {
        0 => String::new(),
        count => format!("\nand {count} other objects"),
    };
    Error::DependentObjectsStillExist(format!(
        "cannot drop {object} because other objects depend on it"
    ))
    .detail(format!("{}{more}", shown.join("\n")))
    .hint("Use DROP ... CASCADE to drop the dependent objects too.")
}

fn put_sequence(
    generation: &Generation,
    was: Option<(&str, &Arc<Sequence>)>,
    schema: &str,
    sequence: &Arc<Sequence>,
    position: Option<Position>,
) -> Result<Vec<Fact>> {
    let found = schema_of(generation, schema)?;
    let oid = sequence.ids.relation;
    let (mut old_schema, mut old_name) = (None, None);
    if let Some((from, was)) = was {
        if generation.sequence(from, &was.name).is_none_or(|now| now != was) {
            return Err(changed("sequence", &was.name));
        }
        old_schema = (from != schema).then(|| from.to_owned());
        old_name = (was.name != sequence.name).then(|| was.name.clone());
    } else if generation.positions.contains_key(&oid) {
        return Err(changed("sequence", &sequence.name));
    }
    let moves = was.is_none() || old_schema.is_some() || old_name.is_some();
    if moves {
        check_name(&sequence.name)?;
        if found.has_relation(&sequence.name) {
            return Err(Error::DuplicateTable(sequence.name.clone()));
        }
    }
    check_owner(generation, &sequence.owner)?;
    let turn = generation.positions.get(&oid).map_or(0, |now| now.turn);
    let position = position.map(|position| {
        PositionRecord::of(oid, Position { turn: turn.saturating_add(1), ..position })
    });
    let sequence = Some(SequenceRecord::of(schema, sequence));
    Ok(vec![Fact::PutSequence(PutSequence { old_schema, old_name, sequence, position })])
}

fn drop_sequence(generation: &Generation, schema: &str, name: &str, oid: u32) -> Result<Vec<Fact>> {
    let found = generation.sequence(schema, name).filter(|it| it.ids.relation == oid);
    if found.is_none() {
        return Err(changed("sequence", name));
    }
    super::defined_view::unread(generation, oid, &format!("sequence {name}"), |_| true)?;
    let (schema, name) = (schema.to_owned(), name.to_owned());
    Ok(vec![Fact::DropSequence(DropSequence { schema, name, oid })])
}

fn move_sequence(generation: &Generation, oid: u32, position: Position) -> Result<Vec<Fact>> {
    if generation.positions.get(&oid).is_none_or(|now| now.turn != position.turn) {
        return Err(changed("position of sequence", &oid.to_string()));
    }
    let turn = position.turn.saturating_add(1);
    let record = PositionRecord::of(oid, Position { turn, ..position });
    Ok(vec![Fact::MoveSequence(record)])
}

pub(super) fn changed(what: &str, name: &str) -> Error {
    Error::SerializationFailure(format!("{what} \"{name}\" was changed by another commit"))
}

pub(super) fn schema_of<'a>(generation: &'a Generation, name: &str) -> Result<&'a Arc<Schema>> {
    let missing = || Error::UndefinedSchema(name.to_owned());
    generation.schema(name).ok_or_else(missing)
}

fn check_new_schema(generation: &Generation, name: &str) -> Result<()> {
    check_name(name)?;
    if name.starts_with("pg_") {
        let message = format!("unacceptable schema name \"{name}\"");
        return Err(Error::ReservedName(message)
            .detail("The prefix \"pg_\" is reserved for system schemas."));
    }
    let system = matches!(name, "information_schema" | "forebay");
    if system || generation.schema(name).is_some() || generation.database(name).is_some() {
        return Err(Error::DuplicateSchema(name.to_owned()));
    }
    Ok(())
}

/// Errors: 22023 for what is no name: names that would be written with `@` are those of versions.
pub(super) fn check_name(name: &str) -> Result<()> {
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
    if fits && !name.contains(['\0', '@', '\u{1}']) {
        return Ok(());
    }
    Err(Error::InvalidParameterValue(format!("invalid name: \"{name}\""))
        .hint("Names have 1 to 63 bytes, and no @."))
}

pub(super) fn check_owner(generation: &Generation, owner: &str) -> Result<()> {
    use super::roles::BOOTSTRAP_ROLE;
    let known =
        matches!(owner, BOOTSTRAP_ROLE | DATABASE_OWNER) || generation.role(owner).is_some();
    match known {
        true => Ok(()),
        false => Err(Error::UndefinedObject(format!("role \"{owner}\" does not exist"))),
    }
}
