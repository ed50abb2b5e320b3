//! What depends on what, for DROP: in the order that PostgreSQL finds and tells it (dependency.c, `findDependentObjects`).

use std::sync::Arc;

use super::defined_table::referencing;
use super::generation::Generation;
use super::table::Rule;
use super::view::View;

/// Something that may be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A schema.
    Schema(String),
    /// A table, a view or a sequence, by its OID.
    Relation(u32),
    /// A column of a table.
    Column {
        /// The table.
        table: u32,
        /// Its number.
        number: i16,
    },
    /// A constraint of a table.
    Constraint {
        /// The table.
        table: u32,
        /// `pg_constraint.oid`
        oid: u32,
    },
}

/// Something that goes with something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// What goes.
    pub object: Object,
    /// What it needs.
    pub on: Object,
}

/// What depends on objects that are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependents {
    /// All of it but those objects, each after what it needs.
    pub found: Vec<Dependent>,
    /// The objects and what depends on them, each before what it needs.
    pub order: Vec<Object>,
}

/// What depends on objects, as it is found.
struct Search<'a> {
    generation: &'a Generation,
    /// Views that only a session has.
    own: &'a [Arc<View>],
    seen: Vec<Object>,
    /// What was found, what depends on it before it.
    found: Vec<Dependent>,
    /// All that was found, in that order.
    order: Vec<Object>,
}

impl Generation {
    /// What depends on `roots`, directly or not; `own` are views that only the session has.
    pub fn dependents(&self, roots: &[Object], own: &[Arc<View>]) -> Dependents {
        let mut search = Search {
            generation: self,
            own,
            seen: Vec::new(),
            found: Vec::new(),
            order: Vec::new(),
        };
        for root in roots {
            search.visit(root, None);
        }
        let Search { mut found, order, .. } = search;
        // A constraint of a table that goes itself goes silently.
        found.retain(|dependent| match &dependent.object {
            Object::Constraint { table, .. } => !order.contains(&Object::Relation(*table)),
            other => !roots.contains(other),
        });
        found.reverse();
        Dependents { found, order }
    }
}

impl Search<'_> {
    fn visit(&mut self, object: &Object, on: Option<&Object>) {
        if self.seen.contains(object) {
            return;
        }
        self.seen.push(object.clone());
        let mut direct = self.direct(object);
        // The newest first.
        direct.sort_unstable_by_key(|(oid, _)| std::cmp::Reverse(*oid));
        for (_, dependent) in direct {
            self.visit(&dependent, Some(object));
        }
        self.order.push(object.clone());
        if let Some(on) = on {
            self.found.push(Dependent { object: object.clone(), on: on.clone() });
        }
    }

    /// What needs an object itself, each with its OID.
    fn direct(&self, object: &Object) -> Vec<(u32, Object)> {
        match object {
            Object::Schema(name) => {
                let Some(schema) = self.generation.schema(name) else { return Vec::new() };
                // A sequence that goes with a table goes with it silently.
                let sequences = schema.sequences.values().filter(|it| it.owned_by.is_none());
                let sequences = sequences.map(|it| it.ids.relation);
                let tables = schema.tables.values().map(|it| it.ids.relation);
                let views = schema.views.values().map(|it| it.ids.relation);
                let all = sequences.chain(tables).chain(views);
                all.map(|oid| (oid, Object::Relation(oid))).collect()
            }
            Object::Relation(oid) => {
                let mut found = self.views(*oid, |_| true);
                found.extend(self.references(*oid, None));
                for (_, sequence) in self.generation.owned_sequences(*oid) {
                    found.extend(self.views(sequence.ids.relation, |_| true));
                }
                found
            }
            Object::Column { table, number } => {
                let mut found = self.views(*table, |view| view.needs(*table, *number));
                found.extend(self.references(*table, Some(*number)));
                found
            }
            Object::Constraint { .. } => Vec::new(),
        }
    }

    fn views(&self, oid: u32, counts: impl Fn(&View) -> bool) -> Vec<(u32, Object)> {
        let own = self.own.iter().filter(|view| view.reading(oid).is_some());
        let views = self.generation.readers(oid).map(|(_, view)| view).chain(own);
        let views = views.filter(|view| counts(view)).map(|view| view.ids.relation);
        views.map(|oid| (oid, Object::Relation(oid))).collect()
    }

    /// The foreign keys of other tables that name rows of a table, by one of its columns or by any.
    fn references(&self, oid: u32, number: Option<i16>) -> Vec<(u32, Object)> {
        let keys = referencing(self.generation, oid).filter_map(|(_, table, constraint)| {
            let Rule::ForeignKey(key) = &constraint.rule else { return None };
            let meant = number.is_none_or(|number| key.referenced.contains(&number));
            let other = table.ids.relation != oid;
            let object = Object::Constraint { table: table.ids.relation, oid: constraint.oid };
            (meant && other).then_some((constraint.oid, object))
        });
        keys.collect()
    }
}
