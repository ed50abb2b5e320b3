//! The indexes of PostgreSQL's own tables, with the constraints they stand for: nothing here is read through them, but
//! clients learn from them what identifies a row.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::data;
use super::dynamic::{BTREE_AM_OID, attribute, named, quote_identifier};
use super::index::{Column, Entity, PG_CATALOG_OID, SYSTEM};
use super::rows::{Cell, Row};
use crate::pg::facts::BOOTSTRAP_ROLE_OID;
use crate::pg::types;

/// One index.
pub(crate) struct SystemIndex {
    pub(crate) oid: u32,
    pub(crate) name: String,
    table: &'static Entity,
    shared: bool,
    tablespace: u32,
    unique: bool,
    primary: bool,
    /// Numbers of its columns.
    key: Vec<i16>,
    collations: Vec<u32>,
    classes: Vec<u32>,
    options: Vec<u32>,
    /// `pg_constraint.oid` and its kind, `p` or `u`.
    constraint: Option<(u32, char)>,
}

/// All of them, by their OIDs.
pub(crate) fn all() -> &'static [SystemIndex] {
    static ALL: LazyLock<Vec<SystemIndex>> =
        LazyLock::new(|| data::lines("indexes").filter_map(|cells| read(&cells)).collect());
    &ALL
}

/// The index with this OID.
pub(crate) fn by_oid(oid: u32) -> Option<&'static SystemIndex> {
    all().iter().find(|index| index.oid == oid)
}

/// The index called so.
pub(crate) fn by_name(name: &str) -> Option<&'static SystemIndex> {
    all().iter().find(|index| index.name == name)
}

/// The index whose constraint has this OID.
pub(crate) fn by_constraint(oid: u32) -> Option<&'static SystemIndex> {
    all().iter().find(|index| index.constraint.is_some_and(|(own, _)| own == oid))
}

/// Whether a table of PostgreSQL's own has an index.
pub(crate) fn indexed(table: u32) -> bool {
    all().iter().any(|index| index.table.ids.relation == table)
}

fn read(cells: &[std::borrow::Cow<'static, str>]) -> Option<SystemIndex> {
    static TABLES: LazyLock<HashMap<u32, &'static Entity>> = LazyLock::new(|| {
        SYSTEM.iter().map(|entity| (entity.ids.relation, entity.as_ref())).collect()
    });
    fn list<T: std::str::FromStr>(cell: &str) -> Vec<T> {
        cell.split_whitespace().filter_map(|number| number.parse().ok()).collect()
    }
    let [
        oid,
        table,
        name,
        shared,
        tablespace,
        unique,
        primary,
        key,
        collations,
        classes,
        options,
        constraint,
        _,
        kind,
    ] = cells
    else {
        return None;
    };
    let constraint = constraint.parse().ok().zip(kind.chars().next());
    Some(SystemIndex {
        oid: oid.parse().ok()?,
        name: name.to_string(),
        table: TABLES.get(&table.parse().ok()?)?,
        shared: shared == "t",
        tablespace: tablespace.parse().ok()?,
        unique: unique == "t",
        primary: primary == "t",
        key: list(key),
        collations: list(collations),
        classes: list(classes),
        options: list(options),
        constraint,
    })
}

impl SystemIndex {
    /// The names of its columns, quoted where they have to be.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.table_columns().map(|column| quote_identifier(&column.name)).collect()
    }

    fn table_columns(&self) -> impl Iterator<Item = &'static Column> {
        let columns = &self.table.columns;
        self.key
            .iter()
            .filter_map(|number| columns.get(usize::try_from(*number).ok()?.checked_sub(1)?))
    }

    /// `CREATE INDEX …` as `pg_get_indexdef` words it; for people without the schema.
    pub(crate) fn definition(&self, pretty: bool) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let schema = if pretty { "" } else { "pg_catalog." };
        let (name, table, columns) = (&self.name, &self.table.name, self.columns().join(", "));
        format!("CREATE {unique}INDEX {name} ON {schema}{table} USING btree ({columns})")
    }

    /// `PRIMARY KEY (…)` or `UNIQUE (…)` as `pg_get_constraintdef` words it.
    pub(crate) fn constraint_definition(&self) -> String {
        let word = if self.primary { "PRIMARY KEY" } else { "UNIQUE" };
        format!("{word} ({})", self.columns().join(", "))
    }

    fn tablespace_name(&self) -> Cell {
        if self.tablespace == 0 { Cell::Null } else { Cell::from("pg_global") }
    }
}

/// A row of `pg_class` for an index, or a table behind one, that PostgreSQL brings; `own` is what differs.
pub(super) fn class_row(own: &[(&str, Cell)]) -> Row {
    let zero = || Cell::Int(0);
    let no = || Cell::Bool(false);
    let mut values = vec![
        ("reltype", zero()),
        ("reloftype", zero()),
        ("relowner", BOOTSTRAP_ROLE_OID.into()),
        ("relpages", zero()),
        ("relallvisible", zero()),
        ("reltoastrelid", zero()),
        ("relpersistence", 'p'.into()),
        ("relchecks", zero()),
        ("relhasindex", no()),
        ("relhasrules", no()),
        ("relhastriggers", no()),
        ("relhassubclass", no()),
        ("relrowsecurity", no()),
        ("relforcerowsecurity", no()),
        ("relispopulated", true.into()),
        ("relreplident", 'n'.into()),
        ("relispartition", no()),
        ("relrewrite", zero()),
        ("relfrozenxid", zero()),
        ("relminmxid", zero()),
    ];
    values.extend(own.iter().cloned());
    named(data::table("pg_class"), &values)
}

/// A row of `pg_index` for an index that PostgreSQL brings; `own` is what differs.
pub(super) fn index_row(own: &[(&str, Cell)]) -> Row {
    let no = || Cell::Bool(false);
    let yes = || Cell::Bool(true);
    let mut values = vec![
        ("indnullsnotdistinct", no()),
        ("indisexclusion", no()),
        ("indimmediate", yes()),
        ("indisclustered", no()),
        ("indisvalid", yes()),
        ("indcheckxmin", no()),
        ("indisready", yes()),
        ("indislive", yes()),
        ("indisreplident", no()),
    ];
    values.extend(own.iter().cloned());
    named(data::table("pg_index"), &values)
}

/// Rows of `pg_class`.
pub(crate) fn class_rows() -> Vec<Row> {
    let row = |index: &SystemIndex| {
        class_row(&[
            ("oid", index.oid.into()),
            ("relname", (&index.name).into()),
            ("relnamespace", PG_CATALOG_OID.into()),
            ("relam", BTREE_AM_OID.into()),
            ("relfilenode", if index.shared { Cell::Int(0) } else { index.oid.into() }),
            ("reltablespace", index.tablespace.into()),
            ("reltuples", Cell::Float(-1.0)),
            ("relisshared", index.shared.into()),
            ("relkind", 'i'.into()),
            ("relnatts", count(&index.key)),
        ])
    };
    all().iter().map(row).collect()
}

/// Rows of `pg_attribute`.
pub(crate) fn attribute_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for index in all() {
        let columns = (1i32..).zip(index.table_columns().zip(&index.collations));
        for (number, (column, collation)) in columns {
            // A btree keeps a name as the text before its first zero byte.
            let stored =
                if column.type_oid == types::NAME { types::CSTRING } else { column.type_oid };
            let column = Column {
                name: column.name.clone(),
                type_oid: stored,
                modifier: -1,
                not_null: false,
                number: 0,
                default: None,
                identity: None,
                collation: Some(*collation),
                comment: None,
            };
            rows.push(attribute(index.oid, number, &column, false));
        }
    }
    rows
}

/// Rows of `pg_index`.
pub(crate) fn index_rows() -> Vec<Row> {
    let row = |index: &SystemIndex| {
        index_row(&[
            ("indexrelid", index.oid.into()),
            ("indrelid", index.table.ids.relation.into()),
            ("indnatts", count(&index.key)),
            ("indnkeyatts", count(&index.key)),
            ("indisunique", index.unique.into()),
            ("indisprimary", index.primary.into()),
            ("indkey", index.key.clone().into()),
            ("indcollation", index.collations.clone().into()),
            ("indclass", index.classes.clone().into()),
            ("indoption", index.options.clone().into()),
        ])
    };
    all().iter().map(row).collect()
}

/// Rows of `pg_constraint`.
pub(crate) fn constraint_rows() -> Vec<Row> {
    let relation = data::table("pg_constraint");
    let zero = || Cell::Int(0);
    let blank = || Cell::from(' ');
    let row = |index: &SystemIndex| {
        let (oid, kind) = index.constraint?;
        Some(named(
            relation,
            &[
                ("oid", oid.into()),
                ("conname", (&index.name).into()),
                ("connamespace", PG_CATALOG_OID.into()),
                ("contype", kind.into()),
                ("condeferrable", false.into()),
                ("condeferred", false.into()),
                ("convalidated", true.into()),
                ("conrelid", index.table.ids.relation.into()),
                ("contypid", zero()),
                ("conindid", index.oid.into()),
                ("conparentid", zero()),
                ("confrelid", zero()),
                ("confupdtype", blank()),
                ("confdeltype", blank()),
                ("confmatchtype", blank()),
                ("conislocal", true.into()),
                ("coninhcount", zero()),
                ("connoinherit", true.into()),
                ("conkey", index.key.clone().into()),
            ],
        ))
    };
    all().iter().filter_map(row).collect()
}

/// Rows of `pg_indexes`.
pub(crate) fn listed_rows() -> Vec<Row> {
    let relation = data::table("pg_indexes");
    let row = |index: &SystemIndex| {
        named(
            relation,
            &[
                ("schemaname", "pg_catalog".into()),
                ("tablename", (&index.table.name).into()),
                ("indexname", (&index.name).into()),
                ("tablespace", index.tablespace_name()),
                ("indexdef", index.definition(false).into()),
            ],
        )
    };
    all().iter().map(row).collect()
}

fn count(key: &[i16]) -> Cell {
    Cell::from(i32::try_from(key.len()).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{all, by_name};

    #[test]
    fn indexes_of_the_catalogs() {
        assert_eq!(all().len(), 122);
        let index = by_name("pg_class_relname_nsp_index").expect("an index");
        assert_eq!(index.constraint_definition(), "UNIQUE (relname, relnamespace)");
        assert_eq!(
            index.definition(false),
            "CREATE UNIQUE INDEX pg_class_relname_nsp_index ON pg_catalog.pg_class USING btree \
             (relname, relnamespace)"
        );
    }
}
