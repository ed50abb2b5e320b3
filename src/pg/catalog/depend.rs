//! Dependencies (`pg_depend`): what PostgreSQL records when tables are made. Nothing is recorded of what depends on
//! objects of its own that cannot be dropped.

use super::data;
use super::extension;
use super::index::{Entity, Index};
use super::rows::{Row, row};
use crate::pg::facts::FOREBAY_SCHEMA_OID;

/// Rows of `pg_depend` for what the generation has, and for our own extension.
pub(super) fn rows(index: &Index) -> Vec<Row> {
    let made = index.relations.iter().filter(|entity| entity.schema_oid != FOREBAY_SCHEMA_OID);
    made.flat_map(|entity| of(entity)).chain(extension::members(index)).collect()
}

/// A relation is in its schema, its row types are its own, and so is the key, which needs its columns.
fn of(entity: &Entity) -> Vec<Row> {
    let [relations, kinds, constraints, schemas] =
        ["pg_class", "pg_type", "pg_constraint", "pg_namespace"].map(|name| data::table(name).oid);
    let ids = &entity.ids;
    let mut rows = vec![row![relations, ids.relation, 0, schemas, entity.schema_oid, 0, 'n']];
    if ids.row_type != 0 {
        rows.push(row![kinds, ids.row_type, 0, relations, ids.relation, 0, 'i']);
        rows.push(row![kinds, ids.array_type, 0, kinds, ids.row_type, 0, 'i']);
    }
    if let Some((constraint, index)) = entity.key_ids() {
        rows.push(row![relations, index, 0, constraints, constraint, 0, 'i']);
        rows.extend(entity.key.iter().map(|number| {
            row![constraints, constraint, 0, relations, ids.relation, i32::from(*number), 'a']
        }));
    }
    rows
}
