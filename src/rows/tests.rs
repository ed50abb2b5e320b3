use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{Change, Refused, Rows, Unique, decode, encode, schema_bytes, schema_of};

fn columns() -> SchemaRef {
    let kind = [("postgres.type".to_owned(), "int4".to_owned())].into();
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int32, false).with_metadata(kind),
        Field::new("name", DataType::Utf8, true),
    ]))
}

fn batch(rows: &[(i32, Option<&str>)]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(rows.iter().map(|(id, _)| *id).collect::<Int32Array>());
    let names: ArrayRef = Arc::new(rows.iter().map(|(_, name)| *name).collect::<StringArray>());
    RecordBatch::try_new(columns(), vec![ids, names]).unwrap()
}

fn keyed() -> Rows {
    let unique = |oid, column| Unique { oid, columns: vec![column], nulls_distinct: true };
    Rows::empty(&columns(), &[unique(1, 0), unique(2, 1)])
}

fn add(rows: &Rows, new: &[(i32, Option<&str>)]) -> Result<Rows, Refused> {
    rows.changed(&Change { inserted: Some(batch(new)), ..Change::default() })
}

fn ids(rows: &Rows) -> Vec<i32> {
    let of = |batch: &RecordBatch| {
        let ids = batch.column(0).as_any().downcast_ref::<Int32Array>().unwrap();
        ids.values().to_vec()
    };
    rows.batches().iter().flat_map(of).collect()
}

#[test]
fn a_change_makes_another_value() {
    let first = add(&keyed(), &[(1, Some("a")), (2, None), (3, None)]).unwrap();
    let change =
        Change { deleted: vec![2], inserted: Some(batch(&[(2, Some("b"))])), ..Change::default() };
    let second = first.changed(&change).unwrap();
    assert_eq!((ids(&first), ids(&second)), (vec![1, 2, 3], vec![1, 3, 2]));
    assert!(matches!(second.changed(&change), Err(Refused::Gone(2))));
    let emptied = second.changed(&Change { all: true, ..Change::default() }).unwrap();
    assert!(emptied.is_empty() && emptied.bytes() == 0);
    // A number is not used again, so that who saw a row before cannot mean another.
    let third = add(&emptied, &[(1, None)]).unwrap();
    assert!(matches!(third.take(&[1]), Err(Refused::Gone(1))));
    assert_eq!(third.take(&[5]).unwrap(), batch(&[(1, None)]));
}

#[test]
fn keys_are_unique() {
    let rows = add(&keyed(), &[(1, Some("a")), (2, None), (3, None)]).unwrap();
    let row = |result: Result<Rows, Refused>| match result {
        Err(Refused::Duplicate { index, row }) => (index, row),
        other => panic!("{other:?}"),
    };
    assert_eq!(row(add(&rows, &[(4, None), (3, None)])), (1, 1));
    assert_eq!(row(add(&rows, &[(4, Some("x")), (5, Some("x"))])), (2, 1));
    let change =
        Change { deleted: vec![1], inserted: Some(batch(&[(1, Some("a"))])), ..Change::default() };
    let rows = rows.changed(&change).unwrap();
    let keys = rows.keys(2, &batch(&[(9, Some("a")), (9, None)])).unwrap();
    assert_eq!(rows.find(2, keys[0].as_ref().unwrap()), Some(4));
    assert!(keys[1].is_none());
}

#[test]
fn zeros_and_nans_are_one_value_each() {
    let columns = Arc::new(Schema::new(vec![Field::new("x", DataType::Float64, true)]));
    let rows = Rows::empty(&columns, &[Unique { oid: 1, columns: vec![0], nulls_distinct: true }]);
    let add = |values: Vec<f64>| {
        let array: ArrayRef = Arc::new(Float64Array::from(values));
        let inserted = Some(RecordBatch::try_new(Arc::clone(&columns), vec![array]).unwrap());
        rows.changed(&Change { inserted, ..Change::default() })
    };
    assert!(matches!(add(vec![0.0, -0.0]), Err(Refused::Duplicate { row: 1, .. })));
    assert!(matches!(add(vec![f64::NAN, -f64::NAN]), Err(Refused::Duplicate { row: 1, .. })));
}

#[test]
fn single_rows_are_put_together() {
    let mut rows = keyed();
    for id in 0..3_000 {
        rows = add(&rows, &[(id, None)]).unwrap();
    }
    assert_eq!(ids(&rows), (0..3_000).collect::<Vec<i32>>());
    assert!(rows.batches().len() < 14, "{}", rows.batches().len());
    let odd: Vec<i64> = (1..=3_000).filter(|number| number % 2 == 0).collect();
    let rows = rows.changed(&Change { deleted: odd, ..Change::default() }).unwrap();
    assert_eq!(ids(&rows), (0..3_000).step_by(2).collect::<Vec<i32>>());
}

#[test]
fn a_revision_is_the_same_however_rows_came() {
    let together = add(&keyed(), &[(1, None), (2, None)]).unwrap();
    let one_by_one = add(&add(&keyed(), &[(1, None)]).unwrap(), &[(2, None)]).unwrap();
    assert_eq!(together.revision(), one_by_one.revision());
    let fewer = together.changed(&Change { deleted: vec![1], ..Change::default() }).unwrap();
    assert_ne!(fewer.revision(), together.revision());
    let none = together.changed(&Change { all: true, ..Change::default() }).unwrap();
    assert_ne!(none.revision(), together.revision());
}

#[test]
fn parts_and_bytes_make_the_same_rows() {
    let rows = add(&keyed(), &[(1, Some("a")), (2, None), (3, Some("ü"))]).unwrap();
    let rows = rows.changed(&Change { deleted: vec![2], ..Change::default() }).unwrap();
    let again = schema_of(&schema_bytes(&columns())).unwrap();
    assert_eq!(again, columns());
    let (next, parts) = rows.parts();
    let parts = parts.map(|(numbers, batch)| {
        (numbers.to_vec(), decode(&again, &encode(batch).unwrap()).unwrap())
    });
    let unique = [Unique { oid: 1, columns: vec![0], nulls_distinct: true }];
    let read = Rows::of_parts(&again, &unique, next, parts.collect()).unwrap();
    assert_eq!((ids(&read), read.revision()), (vec![1, 3], rows.revision()));
    assert_eq!(read.take(&[3]).unwrap(), batch(&[(3, Some("ü"))]));
    for cut in 0..encode(&batch(&[(1, None)])).unwrap().len() / 2 {
        let bytes = encode(&batch(&[(1, None)])).unwrap();
        assert!(decode(&again, &bytes[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn columns_come_and_go() {
    let rows = add(&keyed(), &[(1, Some("a")), (2, None)]).unwrap();
    let columns = Arc::new(Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("more", DataType::Int32, true),
    ]));
    let rows = rows.reshaped(&columns, &[Some(1), None], &[]).unwrap();
    assert_eq!(rows.take(&[1]).unwrap().column(0).as_ref(), &StringArray::from(vec!["a"]));
    assert_eq!(rows.batches()[0].column(1).null_count(), 2);
}
