//! Arrow's names of types as PostgreSQL's.

use crate::pg::types;

/// PostgreSQL's name of a type as Arrow writes it.
pub(super) fn pg_name(text: &str) -> String {
    if text.starts_with("Struct(") {
        return "record".to_owned();
    }
    match text.parse::<arrow::datatypes::DataType>() {
        Ok(arrow::datatypes::DataType::Null) => "unknown".to_owned(),
        Ok(data_type) => types::sql_name(types::of_data_type(&data_type).oid),
        Err(_other) => pg_names(text),
    }
}

/// Arrow's names of types as PostgreSQL's, in a text for people.
pub(super) fn pg_names(text: &str) -> String {
    [
        ("LargeBinary", "bytea"),
        ("BinaryView", "bytea"),
        ("Binary", "bytea"),
        ("Utf8View", "text"),
        ("LargeUtf8", "text"),
        ("Utf8", "text"),
        ("Int64", "bigint"),
        ("Int32", "integer"),
        ("Int16", "smallint"),
        ("Float64", "double precision"),
        ("Float32", "real"),
        ("Boolean", "boolean"),
        ("Date32", "date"),
        ("Null", "unknown"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (arrow, pg)| text.replace(arrow, pg))
}
