use super::*;

fn file(path: &str) -> File {
    File {
        path: path.to_owned(),
        bytes: 1,
        modified_us: 0,
        etag: None,
        sha256: None,
        rows: None,
        partition_values: Vec::new(),
    }
}

fn spelled(shape: &Shape) -> String {
    let mut lines = Vec::new();
    for table in &shape.tables {
        let fields = table.partition_fields.iter();
        let fields: Vec<String> =
            fields.map(|field| format!("{} {}", field.name(), field.data_type())).collect();
        let files: Vec<String> = table
            .files
            .iter()
            .map(|file| match file.partition_values.as_slice() {
                [] => file.path.clone(),
                values => {
                    let values = values.iter().map(|value| value.as_deref().unwrap_or("NULL"));
                    format!("{}[{}]", file.path, values.collect::<Vec<_>>().join(","))
                }
            })
            .collect();
        lines.push(format!("{}({}): {}", table.name, fields.join(", "), files.join(" ")));
    }
    lines.extend(shape.issues.iter().map(|issue| format!("! {}", issue.path)));
    lines.join("; ")
}

#[track_caller]
fn check(paths: &[&str], expected: &str) {
    let files = paths.iter().map(|path| file(path)).collect();
    let found = match shape("sales", files) {
        Ok(shape) => spelled(&shape),
        Err(error) => format!("{} {error}", error.state()),
    };
    assert_eq!(found, expected);
}

#[test]
fn directories_and_files_are_tables() {
    check(
        &["orders/a.parquet", "orders/deep/b.parquet"],
        "orders(): orders/a.parquet orders/deep/b.parquet",
    );
    check(&["people.csv", "t.json.gz"], "people(): people.csv; t(): t.json.gz");
    check(
        &["part-00000-x.snappy.parquet", "part-00001-x.snappy.parquet", "rates.csv"],
        "rates(): rates.csv; sales(): part-00000-x.snappy.parquet part-00001-x.snappy.parquet",
    );
    check(
        &["orders/part-0.parquet", "orders/part-1.parquet"],
        "orders(): orders/part-0.parquet orders/part-1.parquet",
    );
    check(&["orders.parquet/part-0.parquet"], "orders(): orders.parquet/part-0.parquet");
    check(&["o.csv/a.csv", "o/a.csv"], "0A000 table \"o\" is made by both \"o.csv/\" and \"o/\"");
    check(&["part-0", "part-1.crc"], "! part-0; ! part-1.crc");
    check(&[], "");
}

#[test]
fn hidden_names_are_never_data() {
    check(
        &[
            "_SUCCESS",
            "_manifest.json",
            ".x.csv",
            "t/_tmp/a.csv",
            "t/.b.csv",
            "t/a.csv",
            "_t/a.csv",
        ],
        "t(): t/a.csv",
    );
    check(
        &["t/_shard=001/a.csv", "t/_shard=002/a.csv"],
        "t(): t/_shard=001/a.csv t/_shard=002/a.csv",
    );
    check(&["t/_shard=x/a.csv"], "");
}

#[test]
fn odd_names_are_left_out() {
    check(
        &["a b.csv", "readme.txt", "-x.csv", "x.y.csv", "é.csv", "t.csv"],
        "t(): t.csv; ! -x.csv; ! a b.csv; ! readme.txt; ! x.y.csv; ! é.csv",
    );
    check(
        &["../t.csv", "t//a.csv", "./t.csv", "t/\u{202e}a.csv", "t/a\u{0}.csv", "t\\a.csv"],
        "! ../t.csv; ! ./t.csv; ! t//a.csv; ! t/a\u{0}.csv; ! t/\u{202e}a.csv; ! t\\a.csv",
    );
    check(&["t/a.csv", "t/notes.md"], "t(): t/a.csv; ! t/notes.md");
    let long = "x".repeat(129);
    check(&[&format!("{long}.csv")], &format!("! {long}.csv"));
}

#[test]
fn key_value_directories_are_columns() {
    check(
        &["t/y=2024/m=01/a.csv", "t/y=2025/m=02/a.csv"],
        "t(y Int64, m Int64): t/y=2024/m=01/a.csv[2024,01] t/y=2025/m=02/a.csv[2025,02]",
    );
    check(&["t/d=2024-02-29/a.csv"], "t(d Date32): t/d=2024-02-29/a.csv[2024-02-29]");
    check(&["t/d=2024-02-30/a.csv"], "t(d Utf8): t/d=2024-02-30/a.csv[2024-02-30]");
    check(
        &["t/k=1/a.csv", "t/k=__HIVE_DEFAULT_PARTITION__/a.csv"],
        "t(k Int64): t/k=1/a.csv[1] t/k=__HIVE_DEFAULT_PARTITION__/a.csv[NULL]",
    );
    check(
        &["t/k=a%20b%2Fc/a.csv", "t/k=%zz/a.csv"],
        "t(k Utf8): t/k=%zz/a.csv[%zz] t/k=a%20b%2Fc/a.csv[a b/c]",
    );
    check(
        &["t/k=__HIVE_DEFAULT_PARTITION__/a.csv"],
        "t(k Utf8): t/k=__HIVE_DEFAULT_PARTITION__/a.csv[NULL]",
    );
    check(
        &["t/=1/a.csv", "t/k=1/k=2/a.csv", "t/k=1/b.csv"],
        "t(k Int64): t/k=1/b.csv[1]; ! t/=1/a.csv; ! t/k=1/k=2/a.csv",
    );
}

#[test]
fn what_would_be_wrong_is_refused() {
    check(
        &["t/a.csv", "t/b.parquet"],
        "0A000 table \"t\" mixes formats: file \"t/a.csv\" is CSV, file \"t/b.parquet\" is Parquet",
    );
    check(
        &["t/a.csv", "t/b.csv.gz"],
        "0A000 table \"t\" mixes formats: file \"t/a.csv\" is CSV, file \"t/b.csv.gz\" is CSV (gzip)",
    );
    check(
        &["t.csv", "t.parquet"],
        "0A000 table \"t\" mixes formats: file \"t.csv\" is CSV, file \"t.parquet\" is Parquet",
    );
    check(
        &["t/k=1/a.csv", "t/b.csv"],
        "0A000 table \"t\" mixes partition keys: file \"t/k=1/a.csv\" has not those of file \"t/b.csv\"",
    );
    check(
        &["t/k=1/a.csv", "t/j=1/b.csv"],
        "0A000 table \"t\" mixes partition keys: file \"t/k=1/a.csv\" has not those of file \"t/j=1/b.csv\"",
    );
    check(
        &["T/a.csv", "t/a.csv"],
        "0A000 tables \"T\" and \"t\" differ in upper and lower case only",
    );
    check(&["t/a.csv", "t.csv"], "0A000 table \"t\" is made by both \"t\" and \"t/\"");
    check(
        &["sales.csv", "part-0.csv"],
        "0A000 table \"sales\" is made by both \"part-*\" and \"sales\"",
    );
    check(
        &["t/a.txt"],
        "0A000 table \"t\" has no file of a known format, only such as \"t/a.txt\"",
    );
}

fn schema(columns: &[(&str, DataType)]) -> SchemaRef {
    let fields = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[track_caller]
fn merge(format: Format, schemas: &[&[(&str, DataType)]], expected: &str) {
    let partition = [Arc::new(Field::new("p", DataType::Int64, true))];
    let files: Vec<(String, SchemaRef)> = schemas
        .iter()
        .enumerate()
        .map(|(at, columns)| (format!("f{at}"), schema(columns)))
        .collect();
    let found = match merge_schemas("t", format, &partition, &files) {
        Ok(schema) => {
            let fields = schema.fields().iter().map(|field| {
                let null = if field.is_nullable() { "?" } else { "" };
                format!("{} {}{null}", field.name(), field.data_type())
            });
            fields.collect::<Vec<_>>().join(", ")
        }
        Err(error) => format!("{} {error}", error.state()),
    };
    assert_eq!(found, expected);
}

#[test]
fn schemas_meet_without_loss() {
    use crate::catalog::manifest::Compression::Plain;
    use DataType::{
        Boolean, Date32, Float32, Float64, Int32, Int64, Null, UInt32, UInt64, Utf8, Utf8View,
    };
    let parquet = Format::Parquet;
    merge(
        parquet,
        &[&[("a", Int32), ("b", Utf8View)], &[("c", Boolean), ("a", Int64)]],
        "a Int64, b Utf8View?, c Boolean?",
    );
    merge(parquet, &[&[("a", Int32)], &[("a", UInt32)]], "a Int64");
    merge(parquet, &[&[("a", Float32)], &[("a", Float64)]], "a Float64");
    merge(parquet, &[&[("a", Null)], &[("a", Date32)]], "a Date32");
    merge(
        parquet,
        &[&[("a", Int64)], &[("a", UInt64)]],
        "42804 column \"a\" of table \"t\" is Int64 in file \"f0\" and UInt64 in file \"f1\"",
    );
    merge(
        parquet,
        &[&[("a", Int64)], &[("a", Float64)]],
        "42804 column \"a\" of table \"t\" is Int64 in file \"f0\" and Float64 in file \"f1\"",
    );
    merge(
        parquet,
        &[&[("a", Int64)], &[("a", Utf8View)]],
        "42804 column \"a\" of table \"t\" is Int64 in file \"f0\" and Utf8View in file \"f1\"",
    );
    merge(
        parquet,
        &[&[("p", Int64)]],
        "0A000 column \"p\" of file \"f0\" has the name of a partition column",
    );
    let milli = DataType::Timestamp(TimeUnit::Millisecond, None);
    let micro = DataType::Timestamp(TimeUnit::Microsecond, None);
    merge(parquet, &[&[("a", milli)], &[("a", micro)]], "a Timestamp(µs)");
    let csv = Format::Csv(Plain);
    merge(csv, &[&[("a", Int64)], &[("a", Float64)]], "a Float64");
    merge(csv, &[&[("a", Int64)], &[("a", Date32)]], "a Utf8");
    merge(csv, &[&[("a", Null)], &[("a", Null), ("b", Utf8)]], "a Utf8, b Utf8?");
}
