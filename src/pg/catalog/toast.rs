//! The TOAST of PostgreSQL's own tables: tables where it keeps long values, each with an index. They have no rows here,
//! and users' tables need none, but lists of relations have them.

use std::sync::LazyLock;

use super::data::{self, SystemRelation};
use super::dynamic::{BTREE_AM_OID, FROZEN_XID, GLOBAL_TABLESPACE_OID, HEAP_AM_OID};
use super::dynamic::{SYSTEM_COLUMNS, attribute};
use super::index::{Column, PG_TOAST_OID};
use super::rows::{Cell, Row};
use super::system_indexes::{class_row, index_row};
use crate::pg::types;

/// `pg_opclass.oid` of `oid_ops` and `int4_ops`, by which the index orders chunks.
const CLASSES: [u32; 2] = [1_981, 1_978];

/// The TOAST of one table.
pub(crate) struct Toast {
    table: u32,
    pub(crate) oid: u32,
    index: u32,
    shared: bool,
    /// Whether a file of its own tells PostgreSQL where it is.
    mapped: bool,
}

/// All of them, by the OIDs of their tables.
fn all() -> &'static [Toast] {
    static ALL: LazyLock<Vec<Toast>> = LazyLock::new(|| {
        let toast = |table: u32, oid, index| {
            let own = data::relations().find(|relation| relation.oid == table);
            let shared = own.is_some_and(|own| own.shared);
            let mapped = shared || own.is_some_and(SystemRelation::is_mapped);
            Toast { table, oid, index, shared, mapped }
        };
        let read = |cells: Vec<std::borrow::Cow<'static, str>>| {
            let [table, oid, index] = cells.as_slice() else { return None };
            Some(toast(table.parse().ok()?, oid.parse().ok()?, index.parse().ok()?))
        };
        data::lines("toast").filter_map(read).collect()
    });
    &ALL
}

/// The TOAST of the table with this OID.
pub(crate) fn of(table: u32) -> Option<&'static Toast> {
    all().iter().find(|toast| toast.table == table)
}

/// The name of the TOAST table or index with this OID, which is in the schema `pg_toast`.
pub(crate) fn name(oid: u32) -> Option<String> {
    all().iter().find_map(|toast| match oid {
        oid if oid == toast.oid => Some(toast.name()),
        oid if oid == toast.index => Some(toast.index_name()),
        _ => None,
    })
}

/// The OID of the TOAST table or index of that name.
pub(crate) fn by_name(name: &str) -> Option<u32> {
    all().iter().find_map(|toast| match name {
        name if name == toast.name() => Some(toast.oid),
        name if name == toast.index_name() => Some(toast.index),
        _ => None,
    })
}

impl Toast {
    fn name(&self) -> String {
        format!("pg_toast_{}", self.table)
    }

    fn index_name(&self) -> String {
        format!("{}_index", self.name())
    }

    /// A row of `pg_class`; `own` is what tells the table from its index.
    fn class_row(&self, oid: u32, own: &[(&str, Cell)]) -> Row {
        let mut values = vec![
            ("oid", oid.into()),
            ("relnamespace", PG_TOAST_OID.into()),
            ("relfilenode", if self.mapped { 0 } else { oid }.into()),
            ("reltablespace", if self.shared { GLOBAL_TABLESPACE_OID } else { 0 }.into()),
            ("reltuples", Cell::Float(0.0)),
            ("relisshared", self.shared.into()),
        ];
        values.extend(own.iter().cloned());
        class_row(&values)
    }
}

/// Rows of `pg_class`.
pub(super) fn class_rows() -> Vec<Row> {
    let rows = |toast: &Toast| {
        let table = [
            ("relname", toast.name().into()),
            ("relam", HEAP_AM_OID.into()),
            ("relhasindex", true.into()),
            ("relkind", 't'.into()),
            ("relnatts", Cell::Int(3)),
            ("relfrozenxid", FROZEN_XID.into()),
            ("relminmxid", Cell::Int(1)),
        ];
        let index = [
            ("relname", toast.index_name().into()),
            ("relam", BTREE_AM_OID.into()),
            ("relkind", 'i'.into()),
            ("relnatts", Cell::Int(2)),
        ];
        [toast.class_row(toast.oid, &table), toast.class_row(toast.index, &index)]
    };
    all().iter().flat_map(rows).collect()
}

/// Rows of `pg_attribute`: pieces of a value are numbered within it.
pub(super) fn attribute_rows() -> Vec<Row> {
    /// `pg_attribute.attstorage` of a piece, which is never put away again.
    const PLAIN: char = 'p';
    let storage = data::table("pg_attribute").index("attstorage");
    let column = |(name, type_oid): (&str, u32)| Column {
        name: name.to_owned(),
        type_oid,
        modifier: -1,
        not_null: false,
        number: 0,
        default: None,
        identity: None,
        collation: None,
        comment: None,
    };
    let columns =
        [("chunk_id", types::OID), ("chunk_seq", types::INT4), ("chunk_data", types::BYTEA)]
            .map(column);
    let mut rows = Vec::new();
    for toast in all() {
        let system = (-6i32..).zip(SYSTEM_COLUMNS.iter());
        rows.extend(system.map(|(number, column)| attribute(toast.oid, number, column, true)));
        let own = || (1i32..).zip(&columns);
        rows.extend(own().map(|(number, column)| {
            let mut row = attribute(toast.oid, number, column, false);
            row[storage] = PLAIN.into();
            row
        }));
        let keys = own().take(CLASSES.len());
        rows.extend(keys.map(|(number, column)| attribute(toast.index, number, column, false)));
    }
    rows
}

/// Rows of `pg_index`.
pub(super) fn index_rows() -> Vec<Row> {
    let row = |toast: &Toast| {
        index_row(&[
            ("indexrelid", toast.index.into()),
            ("indrelid", toast.oid.into()),
            ("indnatts", Cell::Int(2)),
            ("indnkeyatts", Cell::Int(2)),
            ("indisunique", true.into()),
            ("indisprimary", true.into()),
            ("indkey", vec![1i32, 2].into()),
            ("indcollation", vec![0i32; 2].into()),
            ("indclass", CLASSES.to_vec().into()),
            ("indoption", vec![0i32; 2].into()),
        ])
    };
    all().iter().map(row).collect()
}
