//! What goes with what is dropped: told, or in the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::SqlSession;
use crate::catalog::Generation;
use crate::catalog::change::Change;
use crate::catalog::dependents::{Dependent, Dependents, Object};
use crate::catalog::table::Table;
use crate::catalog::view::{Made, View};
use crate::error::{Error, Result};
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::facts::Facts;
use crate::query::door::Notice;

/// Dependents that one message tells (PostgreSQL's `MAX_REPORTED_DEPS`).
const TOLD_LEN_MAX: usize = 100;

impl SqlSession {
    /// The changes that take away what depends on `roots` before these go themselves; those of them that are views go too.
    /// Errors: 2BP01 without CASCADE.
    pub(super) fn cascaded(
        &mut self,
        facts: &Facts,
        roots: &[Object],
        cascade: bool,
    ) -> Result<Vec<Change>> {
        let own: Vec<Arc<View>> =
            facts.temporary.iter().flat_map(|it| it.views.values()).cloned().collect();
        let Dependents { found, order } = facts.generation.dependents(roots, &own);
        if !found.is_empty() {
            if !cascade {
                return Err(still_needed(facts, roots, &found));
            }
            self.tell_of_cascade(facts, &found);
        }
        let mut changes = Vec::new();
        let mut without: BTreeMap<u32, (String, Arc<Table>, Table)> = BTreeMap::new();
        let mut temporary = Vec::new();
        for object in &order {
            match object {
                Object::Relation(oid) => match facts.generation.view_by_oid(*oid) {
                    Some((schema, view)) => changes.push(Change::DropView {
                        schema: schema.name.clone(),
                        name: view.name.clone(),
                        oid: *oid,
                    }),
                    None => temporary.push(*oid),
                },
                Object::Constraint { table, oid } => {
                    let Some((schema, was)) = facts.generation.table_by_oid(*table) else {
                        continue;
                    };
                    let entry = without
                        .entry(*table)
                        .or_insert_with(|| (schema.name.clone(), Arc::clone(was), (**was).clone()));
                    entry.2.constraints.retain(|own| own.oid != *oid);
                }
                // What is in a schema goes with it, and what is in a column.
                Object::Schema(_) | Object::Column { .. } => {}
            }
        }
        changes.extend(without.into_values().map(|(schema, was, table)| Change::PutTable {
            was: Some((schema.clone(), was)),
            schema,
            table: Arc::new(table),
            seen: None,
            rows: None,
        }));
        if own.iter().any(|view| temporary.contains(&view.ids.relation)) {
            self.change_temporary(|all| {
                all.views.retain(|_, view| !temporary.contains(&view.ids.relation));
            })?;
        }
        Ok(changes)
    }

    /// What goes too, as PostgreSQL tells it.
    fn tell_of_cascade(&mut self, facts: &Facts, dependents: &[Dependent]) {
        let lines = dependents
            .iter()
            .map(|it| format!("drop cascades to {}", described(facts, &it.object)));
        let (message, detail) = match dependents.len() {
            1 => (lines.collect::<String>(), None),
            count => {
                let told: Vec<String> = lines.take(TOLD_LEN_MAX).collect();
                let message = format!("drop cascades to {count} other objects");
                (message, Some(format!("{}{}", told.join("\n"), more(count))))
            }
        };
        self.notices.push(Notice {
            severity: "NOTICE",
            state: "00000",
            message,
            detail,
            hint: None,
        });
    }
}

fn more(count: usize) -> String {
    match count.saturating_sub(TOLD_LEN_MAX) {
        0 => String::new(),
        1 => "\nand 1 other object (see server log for list)".to_owned(),
        more => format!("\nand {more} other objects (see server log for list)"),
    }
}

fn still_needed(facts: &Facts, roots: &[Object], dependents: &[Dependent]) -> Error {
    let lines: Vec<String> = dependents
        .iter()
        .take(TOLD_LEN_MAX)
        .map(|it| {
            let (object, on) = (described(facts, &it.object), described(facts, &it.on));
            format!("{object} depends on {on}")
        })
        .collect();
    let message = match roots {
        [root] => {
            let root = described(facts, root);
            format!("cannot drop {root} because other objects depend on it")
        }
        _ => "cannot drop desired object(s) because other objects depend on them".to_owned(),
    };
    Error::DependentObjectsStillExist(message)
        .detail(format!("{}{}", lines.join("\n"), more(dependents.len())))
        .hint("Use DROP ... CASCADE to drop the dependent objects too.")
}

/// An object in words (PostgreSQL's `getObjectDescription`).
pub(super) fn described(facts: &Facts, object: &Object) -> String {
    let generation: &Generation = &facts.generation;
    match object {
        Object::Schema(name) => format!("schema {}", quote_identifier(name)),
        Object::Relation(oid) => relation(facts, *oid),
        Object::Column { table, number } => {
            let entity = facts.index().relation(*table);
            let column = entity.and_then(|entity| entity.column((*number).into()));
            let column = column.map_or_else(String::new, |column| quote_identifier(&column.name));
            format!("column {column} of {}", relation(facts, *table))
        }
        Object::Constraint { table, oid } => {
            let constraint = generation
                .table_by_oid(*table)
                .and_then(|(_, table)| table.constraints.iter().find(|own| own.oid == *oid));
            let name = constraint.map_or_else(String::new, |own| quote_identifier(&own.name));
            format!("constraint {name} on {}", relation(facts, *table))
        }
    }
}

fn relation(facts: &Facts, oid: u32) -> String {
    let made = facts.generation.made_by_oid(oid).map(|(_, made)| made);
    match facts.index().relation(oid) {
        Some(entity) => {
            let kind = match entity.kind {
                'v' => "view",
                'm' => "materialized view",
                'S' => "sequence",
                _ => "table",
            };
            format!("{kind} {}", entity.shown(facts))
        }
        None => made
            .map_or_else(String::new, |made: Made<'_>| format!("{} {}", made.kind(), made.name())),
    }
}
