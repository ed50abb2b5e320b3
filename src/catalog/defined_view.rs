//! Views: what a change of them comes to, and how it is folded.

use std::sync::Arc;

use super::defined::{changed, check_name, check_owner, schema_of, still_needed};
use super::generation::Generation;
use super::record::Fact;
use super::record_view::{DropView, PutView, ViewRecord};
use super::roles::Target;
use super::state::{State, impossible};
use super::table::Table;
use super::view::{Made, Of, View};
use super::written::Schema;
use crate::error::{Error, Result};

impl State {
    pub(super) fn put_view(&mut self, fact: PutView) -> Result<()> {
        let Some(record) = fact.view else { return Err(impossible("puts no view")) };
        let (schema, view) = record.read()?;
        self.schema_of(&schema)?;
        for oid in [view.ids.relation, view.ids.row_type, view.ids.array_type] {
            self.taken(oid)?;
        }
        let old_schema = fact.old_schema.as_ref().unwrap_or(&schema);
        let old_name = fact.old_name.as_ref().unwrap_or(&view.name);
        self.schema_of(old_schema)?.views.remove(old_name);
        if *old_schema != schema || *old_name != view.name {
            let from = Target::Table { schema: old_schema.clone(), table: old_name.clone() };
            let to = Target::Table { schema: schema.clone(), table: view.name.clone() };
            self.move_grants(|target| {
                if *target == from {
                    target.clone_from(&to);
                }
            });
        }
        self.schema_of(&schema)?.views.insert(view.name.clone(), Arc::new(view));
        Ok(())
    }

    pub(super) fn drop_view(&mut self, fact: &DropView) -> Result<()> {
        self.schema_of(&fact.schema)?.views.remove(&fact.name);
        let of = Target::Table { schema: fact.schema.clone(), table: fact.name.clone() };
        self.drop_grants(|target| *target == of);
        Ok(())
    }

    pub(super) fn view_records(&self) -> Vec<ViewRecord> {
        let of_schema = |schema: &Arc<Schema>| {
            let records = schema.views.values().map(|it| ViewRecord::of(&schema.name, it));
            records.collect::<Vec<_>>()
        };
        self.generation.schemas.values().flat_map(of_schema).collect()
    }
}

pub(super) fn put_view(
    generation: &Generation,
    was: Option<(&str, &Arc<View>)>,
    schema: &str,
    view: &Arc<View>,
) -> Result<Vec<Fact>> {
    let found = schema_of(generation, schema)?;
    let (mut old_schema, mut old_name) = (None, None);
    if let Some((from, was)) = was {
        if generation.view(from, &was.name).is_none_or(|now| now != was) {
            return Err(changed("view", &was.name));
        }
        old_schema = (from != schema).then(|| from.to_owned());
        old_name = (was.name != view.name).then(|| was.name.clone());
    } else if generation.view_by_oid(view.ids.relation).is_some() {
        return Err(changed("view", &view.name));
    }
    if was.is_none() || old_schema.is_some() || old_name.is_some() {
        check_name(&view.name)?;
        if found.has_relation(&view.name) {
            return Err(Error::DuplicateTable(view.name.clone()));
        }
    }
    check_owner(generation, &view.owner)?;
    check_reads(generation, view)?;
    let view = Some(ViewRecord::of(schema, view));
    Ok(vec![Fact::PutView(PutView { old_schema, old_name, view })])
}

/// Errors: 40001 for a relation or a column that is gone; 42P17 for a view that would read itself.
fn check_reads(generation: &Generation, view: &View) -> Result<()> {
    for reading in &view.reads {
        let Of::Made(oid) = reading.of else { continue };
        let Some((_, made)) = generation.made_by_oid(oid) else {
            return Err(changed("relation", &reading.name));
        };
        if let Some(lost) = reading.columns.iter().find(|column| {
            column.used && matches!(made, Made::Table(it) if it.place(column.number).is_none())
        }) {
            return Err(changed("column", &lost.name));
        }
    }
    match reads(generation, view, view.ids.relation, &mut Vec::new()) {
        true => Err(recursion(&view.name)),
        false => Ok(()),
    }
}

/// Whether a view reads a relation, itself or through others.
fn reads(generation: &Generation, view: &View, oid: u32, seen: &mut Vec<u32>) -> bool {
    view.reads.iter().any(|reading| {
        let Of::Made(own) = reading.of else { return false };
        if own == oid {
            return true;
        }
        if seen.contains(&own) {
            return false;
        }
        seen.push(own);
        let inner = generation.view_by_oid(own);
        inner.is_some_and(|(_, inner)| reads(generation, inner, oid, seen))
    })
}

fn recursion(name: &str) -> Error {
    Error::InvalidObjectDefinition(format!(
        "infinite recursion detected in rules for relation \"{name}\""
    ))
}

pub(super) fn drop_view(
    generation: &Generation,
    schema: &str,
    name: &str,
    oid: u32,
) -> Result<Vec<Fact>> {
    if generation.view(schema, name).is_none_or(|it| it.ids.relation != oid) {
        return Err(changed("view", name));
    }
    unread(generation, oid, &format!("view {name}"), |_| true)?;
    let (schema, name) = (schema.to_owned(), name.to_owned());
    Ok(vec![Fact::DropView(DropView { schema, name, oid })])
}

/// Whether no view reads the relation that is about to go; of views only those that `counts`.
/// Errors: 2BP01.
pub(super) fn unread(
    generation: &Generation,
    oid: u32,
    what: &str,
    counts: impl Fn(&View) -> bool,
) -> Result<()> {
    let readers = generation.readers(oid).filter(|(_, view)| counts(view));
    let mut readers =
        readers.map(|(_, view)| format!("view {} depends on {what}", view.name)).peekable();
    match readers.peek() {
        Some(_) => Err(still_needed(what, readers)),
        None => Ok(()),
    }
}

/// Whether views find in a table that is put all that they need of the one that was.
/// Errors: 2BP01 for a column that goes, 0A000 for one whose type changes.
pub(super) fn check_readers(generation: &Generation, was: &Table, table: &Table) -> Result<()> {
    let oid = table.ids.relation;
    for attribute in &was.attributes {
        let number = attribute.number;
        let kind = |table: &Table| table.columns.fields().get(table.place(number)?).cloned();
        let of =
            |table: &Table| kind(table).map(|it| (it.data_type().clone(), it.metadata().clone()));
        if of(was) == of(table) {
            continue;
        }
        let name = was.column(number).unwrap_or_default();
        if table.place(number).is_none() {
            let what = format!("column {name} of table {}", was.name);
            unread(generation, oid, &what, |view| view.needs(oid, number))?;
        } else if let Some((_, view)) =
            generation.readers(oid).find(|(_, view)| view.needs(oid, number))
        {
            return Err(retyped(&view.name, name));
        }
    }
    Ok(())
}

/// What PostgreSQL says of a column whose type is to change while a view reads it.
pub fn retyped(view: &str, column: &str) -> Error {
    let message = "cannot alter type of a column used by a view or rule".to_owned();
    Error::FeatureNotSupported(message)
        .detail(format!("rule _RETURN on view {view} depends on column \"{column}\""))
}
