//! Dependencies (`pg_depend`): what PostgreSQL records when tables are made. Nothing is recorded of what depends on
//! objects of its own that cannot be dropped.

use super::data;
use super::index::{Entity, Index};
use super::rows::{Row, row};
use super::{extension, rules, views};
use crate::pg::facts::{FOREBAY_SCHEMA_OID, Facts};

/// Rows of `pg_depend` for what the generation has, and for our own extension.
pub(super) fn rows(facts: &Facts, index: &Index) -> Vec<Row> {
    let made = index.relations.iter().filter(|entity| entity.schema_oid != FOREBAY_SCHEMA_OID);
    made.flat_map(|entity| of(entity, facts)).chain(extension::members(index)).collect()
}

/// A relation is in its schema, its row types are its own, and so are its keys, which need their columns. A sequence may go
/// with a column.
fn of(entity: &Entity, facts: &Facts) -> Vec<Row> {
    let [relations, kinds, constraints, schemas] =
        ["pg_class", "pg_type", "pg_constraint", "pg_namespace"].map(|name| data::table(name).oid);
    let ids = &entity.ids;
    let mut rows = vec![row![relations, ids.relation, 0, schemas, entity.schema_oid, 0, 'n']];
    if ids.row_type != 0 {
        rows.push(row![kinds, ids.row_type, 0, relations, ids.relation, 0, 'i']);
        rows.push(row![kinds, ids.array_type, 0, kinds, ids.row_type, 0, 'i']);
    }
    for own in &entity.constraints {
        if own.index != 0 {
            rows.push(row![relations, own.index, 0, constraints, own.oid, 0, 'i']);
        }
        rows.extend(own.columns.iter().map(|number| {
            row![constraints, own.oid, 0, relations, ids.relation, i32::from(*number), 'a']
        }));
        if let Some(to) = &own.reference {
            rows.extend(to.columns.iter().map(|number| {
                row![constraints, own.oid, 0, relations, to.table, i32::from(*number), 'n']
            }));
        }
    }
    let held = |oid: u32| entity.constraints.iter().any(|own| own.index == oid);
    for index in entity.indexes.iter().filter(|index| !held(index.oid)) {
        rows.extend(index.columns.iter().map(|number| {
            row![relations, index.oid, 0, relations, ids.relation, i32::from(*number), 'a']
        }));
    }
    if let Some((table, column)) = entity.sequence.as_ref().and_then(|it| it.owned_by) {
        let kind = if entity.identity { 'i' } else { 'a' };
        rows.push(row![relations, ids.relation, 0, relations, table, i32::from(column), kind]);
    }
    rows.extend(read(entity, facts));
    rows
}

/// A view is its rule's, and that needs the columns that it reads.
fn read(entity: &Entity, facts: &Facts) -> Vec<Row> {
    let Some(view) = &entity.view else { return Vec::new() };
    let [rewrites, relations] = ["pg_rewrite", "pg_class"].map(|name| data::table(name).oid);
    let rule = rules::oid(entity);
    let own = |kind| row![rewrites, rule, 0, relations, entity.ids.relation, 0, kind];
    let mut rows = vec![own('i'), own('n')];
    for reading in &view.reads {
        let Some(other) = views::relation(reading, facts).filter(|other| !other.system()) else {
            continue;
        };
        let oid = other.ids.relation;
        let used = reading.columns.iter().filter(|column| column.used);
        let mut numbers: Vec<i32> = used.map(|column| column.number.into()).collect();
        if numbers.is_empty() {
            numbers.push(0);
        }
        let needs =
            numbers.into_iter().map(|number| row![rewrites, rule, 0, relations, oid, number, 'n']);
        rows.extend(needs);
    }
    rows
}
