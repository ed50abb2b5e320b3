use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};

use super::rows::{Cell, batch};
use super::{data, dynamic};
use crate::catalog::Generation;
use crate::catalog::generation::{Database, RelationIds, Version};
use crate::catalog::manifest::{Format, Manifest, Mode, Table};
use crate::pg::facts::Facts;

/// One database `sales` with one keyed and commented table `orders`.
fn facts() -> Facts {
    let table = Table {
        name: "orders".to_owned(),
        format: Format::Parquet,
        file_schema: Arc::new(Schema::new(vec![
            Field::new("id", DataType::Int64, false),
            Field::new("amount", DataType::Decimal128(12, 2), true),
        ])),
        partition_fields: Vec::new(),
        files: Vec::new(),
        key: vec!["id".to_owned()],
        comment: Some("All orders".to_owned()),
        column_comments: BTreeMap::from([("amount".to_owned(), "In euro".to_owned())]),
    };
    let manifest = Manifest {
        database: "sales".to_owned(),
        version: "v1".to_owned(),
        mode: Mode::Direct,
        tables: BTreeMap::from([("orders".to_owned(), Arc::new(table))]),
    };
    let version = Version { name: "v1".to_owned(), loaded_at_us: 0, manifest: Arc::new(manifest) };
    let ids = RelationIds { relation: 16_385, row_type: 16_386, array_type: 16_387 };
    let database = Database {
        name: "sales".to_owned(),
        oid: 16_384,
        current: Some("v1".to_owned()),
        high_water: None,
        versions: BTreeMap::from([("v1".to_owned(), Arc::new(version))]),
        aliases: BTreeMap::new(),
        alias_history: Vec::new(),
        activations: Vec::new(),
        relations: Arc::new(BTreeMap::from([("orders".to_owned(), ids)])),
    };
    let generation = Generation {
        databases: BTreeMap::from([("sales".to_owned(), Arc::new(database))]),
        ..Generation::default()
    };
    Facts {
        generation: Arc::new(generation),
        user: "forebay".to_owned(),
        database: "forebay".to_owned(),
        show_versions: true,
        ..Facts::default()
    }
}

#[test]
fn every_row_is_as_wide_as_its_relation() {
    let facts = facts();
    for relation in data::relations() {
        let rows = dynamic::rows(relation, &facts);
        for row in &rows {
            assert_eq!(row.len(), relation.columns.len(), "{}: {row:?}", relation.name);
        }
        assert!(batch(&relation.arrow, &rows, None).is_ok(), "{}", relation.name);
    }
}

#[test]
fn oids_are_of_one_row_each() {
    let facts = facts();
    for name in ["pg_class", "pg_type", "pg_namespace", "pg_constraint", "pg_proc", "pg_authid"] {
        let mut oids: Vec<u32> =
            dynamic::rows(data::table(name), &facts).iter().map(|row| row[0].oid()).collect();
        let count = oids.len();
        oids.sort_unstable();
        oids.dedup();
        assert_eq!(oids.len(), count, "{name}");
    }
}

#[test]
fn a_table_is_in_the_catalog() {
    let facts = facts();
    let rows = dynamic::rows(data::table("pg_attribute"), &facts);
    let of_table = rows.iter().filter(|row| row[0] == Cell::from(16_385));
    // Below 0 are the columns that every table has.
    let own: Vec<_> = of_table.filter(|row| row[5].int() > 0).collect();
    let shown: Vec<(&str, u32, i64)> =
        own.iter().map(|row| (row[1].text(), row[2].oid(), row[8].int())).collect();
    // numeric(12,2) is 1700 with modifier (12 << 16 | 2) + 4.
    assert_eq!(shown, [("id", 20, -1), ("amount", 1700, 786_438)]);
}
