use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema as Columns};

use super::change::Change;
use super::generation::{Generation, RelationIds};
use super::roles::BOOTSTRAP_ROLE;
use super::table::{Action, Attribute, Constraint, ForeignKey, Index, IndexKey, Rule, Table};
use super::tests::{Fixture, put_sequence, sequence};
use crate::rows;

/// A table of two columns, of which the first is its key.
fn table(name: &str, oid: u32) -> Table {
    let columns = Columns::new(vec![
        Field::new("id", DataType::Int32, false),
        Field::new("up", DataType::Int32, true),
    ]);
    let attribute = |number| Attribute { number, default: None, identity: None, comment: None };
    let key = IndexKey { column: 1, expression: None, descending: false, nulls_first: false };
    Table {
        name: name.to_owned(),
        ids: RelationIds { relation: oid, row_type: oid + 1, array_type: oid + 2 },
        owner: BOOTSTRAP_ROLE.to_owned(),
        columns: Arc::new(columns),
        attributes: vec![attribute(1), attribute(2)],
        last_number: 2,
        constraints: vec![Constraint {
            oid: oid + 4,
            name: format!("{name}_pkey"),
            rule: Rule::PrimaryKey(oid + 3),
            comment: None,
        }],
        indexes: vec![Index {
            oid: oid + 3,
            name: format!("{name}_pkey"),
            keys: vec![key],
            predicate: None,
            unique: true,
            nulls_distinct: true,
            method: "btree".to_owned(),
            comment: None,
        }],
        comment: None,
        is_log: false,
    }
}

fn put_table(was: Option<&Arc<Table>>, table: &Arc<Table>, seen: Option<u64>) -> Change {
    let was = was.map(|was| ("public".to_owned(), Arc::clone(was)));
    let (schema, table) = ("public".to_owned(), Arc::clone(table));
    Change::PutTable { was, schema, table, seen, rows: None }
}

fn rows_of(table: &Table, rows: &[(i32, Option<i32>)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(rows.iter().map(|(id, _)| *id).collect::<Int32Array>());
    let ups: ArrayRef = Arc::new(rows.iter().map(|(_, up)| *up).collect::<Int32Array>());
    RecordBatch::try_new(Arc::clone(&table.columns), vec![ids, ups]).expect("rows")
}

fn write(table: &Arc<Table>, deleted: &[i64], rows: &[(i32, Option<i32>)]) -> Change {
    let inserted = (!rows.is_empty()).then(|| rows_of(table, rows));
    let change = rows::Change { deleted: deleted.to_vec(), inserted, ..rows::Change::default() };
    Change::WriteRows(vec![(Arc::clone(table), Arc::new(change))])
}

#[test]
fn tables_are_made_written_and_dropped() {
    let mut fixture = Fixture::new();
    let first = Arc::new(table("t", 20_000));
    let defined = fixture.ok(put_table(None, &first, None)).defined;
    fixture.refused(put_table(None, &Arc::new(table("t", 30_000)), None), "42P07");
    // The index of its key has a name of the same schema.
    fixture.refused(put_table(None, &Arc::new(table("t_pkey", 30_000)), None), "42P07");
    fixture.refused(put_sequence(None, "public", &sequence("t", 30_000)), "42P07");
    // Rows are durable, and no other definition.
    let written = fixture.moved(write(&first, &[], &[(1, None), (2, Some(1))]));
    assert!(written.defined == defined && defined.lsn < written.lsn);
    fixture.refused(write(&first, &[], &[(3, None), (1, None)]), "23505");
    fixture.refused(write(&first, &[7], &[(3, None)]), "40001");
    fixture.moved(write(&first, &[1], &[(1, Some(2))]));
    fixture.refused(write(&first, &[1], &[]), "40001");
    let rows = |generation: &Generation| {
        let rows = generation.rows(20_000).expect("rows");
        let (next, parts) = rows.parts();
        (next, parts.map(|(numbers, batch)| (numbers.to_vec(), batch.clone())).collect::<Vec<_>>())
    };
    let before = rows(&fixture.shared.pin());
    assert_eq!(rows(&fixture.reopen().shared.pin()), before);
    // A definition whose maker has looked at other rows is refused.
    let mut second = (*first).clone();
    second.name = "u".to_owned();
    let second = Arc::new(second);
    let seen = |generation: &Generation| generation.rows(20_000).map(|rows| rows.revision());
    fixture.refused(put_table(Some(&first), &second, seen(&written)), "40001");
    let seen = seen(&fixture.shared.pin());
    let generation = fixture.ok(put_table(Some(&first), &second, seen));
    assert!(generation.table("public", "t").is_none() && generation.table("public", "u").is_some());
    fixture.refused(write(&first, &[], &[(9, None)]), "40001");
    let drop = |name: &str| Change::DropTable {
        schema: "public".to_owned(),
        name: name.to_owned(),
        oid: 20_000,
    };
    fixture.refused(drop("t"), "40001");
    let generation = fixture.ok(drop("u"));
    assert!(generation.rows(20_000).is_none());
}

#[test]
fn rows_name_rows_that_are_there() {
    let mut fixture = Fixture::new();
    let parent = Arc::new(table("parent", 20_000));
    let mut child = table("child", 30_000);
    child.constraints.push(Constraint {
        oid: 30_005,
        name: "child_up_fkey".to_owned(),
        rule: Rule::ForeignKey(ForeignKey {
            columns: vec![2],
            table: 20_000,
            referenced: vec![1],
            on_delete: Action::Cascade,
            on_update: Action::NoAction,
        }),
        comment: None,
    });
    let child = Arc::new(child);
    fixture.ok(put_table(None, &parent, None));
    fixture.ok(put_table(None, &child, None));
    fixture.refused(write(&child, &[], &[(1, Some(5))]), "23503");
    fixture.moved(write(&parent, &[], &[(5, None), (6, None)]));
    fixture.moved(write(&child, &[], &[(1, Some(5)), (2, None), (3, Some(6))]));
    fixture.refused(write(&parent, &[1], &[]), "23503");
    // What follows is done together.
    let generation = fixture.shared.pin();
    let change = rows::Change { deleted: vec![1], ..rows::Change::default() };
    let all = generation.cascades(&parent, change, false).expect("cascades");
    assert_eq!(all.len(), 2);
    let generation = fixture.moved(Change::WriteRows(all));
    assert_eq!(generation.rows(30_000).map(|rows| rows.len()), Some(2));
    let drop =
        Change::DropTable { schema: "public".to_owned(), name: "parent".to_owned(), oid: 20_000 };
    fixture.refused(drop, "2BP01");
}
