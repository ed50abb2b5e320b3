//! The schema contract: what a newer version may change under the statements that are written against the current one.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};

use crate::catalog::manifest::{Manifest, Table};

/// One difference between two versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The column, when it is about one.
    pub column: Option<String>,
    /// `table added`, `table dropped`, `column added`, `column dropped`, `column retyped` or `rows`.
    pub change: &'static str,
    /// What it was: a type or a count of rows.
    pub old: Option<String>,
    /// What it is.
    pub new: Option<String>,
}

impl Difference {
    /// Whether statements written against the old version may fail on the new one.
    pub fn is_breaking(&self) -> bool {
        matches!(self.change, "table dropped" | "column dropped" | "column retyped")
    }

    /// The difference as a sentence's middle, as in `column "x" of table "t" was dropped`.
    pub fn words(&self) -> String {
        let Difference { table, change, .. } = self;
        let column = self.column.as_deref().unwrap_or_default();
        let old = self.old.as_deref().unwrap_or("unknown");
        let new = self.new.as_deref().unwrap_or("unknown");
        match *change {
            "table added" => format!("table \"{table}\" was added"),
            "table dropped" => format!("table \"{table}\" was dropped"),
            "column added" => format!("column \"{column}\" of table \"{table}\" was added"),
            "column dropped" => format!("column \"{column}\" of table \"{table}\" was dropped"),
            "column retyped" => {
                format!("column \"{column}\" of table \"{table}\" changed from {old} to {new}")
            }
            _ => format!("table \"{table}\" had {old} rows and has {new}"),
        }
    }
}

/// All differences from `old` to `new`, by table and column name. Rows are compared where both are known.
pub fn differences(old: &Manifest, new: &Manifest) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, table) in &old.tables {
        match new.tables.get(name) {
            None => found.push(of_table(name, "table dropped")),
            Some(other) => compare(table, other, &mut found),
        }
    }
    for name in new.tables.keys().filter(|name| !old.tables.contains_key(*name)) {
        found.push(of_table(name, "table added"));
    }
    found.sort();
    found
}

/// Why `new` breaks the contract with `old`; empty when it does not.
pub fn violations(old: &Manifest, new: &Manifest) -> Vec<String> {
    differences(old, new).iter().filter(|d| d.is_breaking()).map(Difference::words).collect()
}

fn of_table(name: &str, change: &'static str) -> Difference {
    Difference { table: name.to_owned(), column: None, change, old: None, new: None }
}

fn compare(old: &Table, new: &Table, found: &mut Vec<Difference>) {
    let mut push =
        |column: Option<&String>, change, before: Option<String>, after: Option<String>| {
            found.push(Difference {
                table: old.name.clone(),
                column: column.cloned(),
                change,
                old: before,
                new: after,
            });
        };
    let (before, after) = (columns(&old.schema()), columns(&new.schema()));
    for (name, kind) in &before {
        match after.get(name) {
            None => push(Some(name), "column dropped", Some(kind.to_string()), None),
            Some(other) if other != kind => {
                push(Some(name), "column retyped", Some(kind.to_string()), Some(other.to_string()));
            }
            Some(_) => {}
        }
    }
    for (name, kind) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        push(Some(name), "column added", None, Some(kind.to_string()));
    }
    if let (Some(old_rows), Some(new_rows)) = (old.rows(), new.rows())
        && old_rows != new_rows
    {
        push(None, "rows", Some(old_rows.to_string()), Some(new_rows.to_string()));
    }
}

fn columns(schema: &SchemaRef) -> BTreeMap<String, DataType> {
    schema.fields().iter().map(|f| (f.name().clone(), plain(f.data_type()))).collect()
}

/// A type without what a client cannot see: how text is laid out in memory, dictionaries, the unit of a timestamp.
/// Writers change these from one version to the next without anybody meaning it.
fn plain(kind: &DataType) -> DataType {
    match kind {
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, values) => plain(values),
        DataType::Timestamp(_, zone) => {
            DataType::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(|_| Arc::from("UTC")))
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field, Schema};

    use super::violations;
    use crate::catalog::manifest::{Format, Manifest, Mode, Table};

    fn manifest(columns: &[(&str, DataType)]) -> Manifest {
        let fields: Vec<Field> =
            columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
        let table = Table {
            name: "t".into(),
            format: Format::Parquet,
            file_schema: Arc::new(Schema::new(fields)),
            partition_fields: vec![],
            files: vec![],
            key: vec![],
            comment: None,
            column_comments: BTreeMap::new(),
        };
        Manifest {
            database: "d".into(),
            version: "1".into(),
            mode: Mode::Direct,
            tables: [("t".to_owned(), Arc::new(table))].into(),
        }
    }

    #[test]
    fn what_breaks_and_what_does_not() {
        let old = manifest(&[("a", DataType::Int64), ("b", DataType::Utf8)]);
        let check = |columns: &[(&str, DataType)]| violations(&old, &manifest(columns)).join("; ");
        let text = DataType::Dictionary(DataType::Int32.into(), DataType::LargeUtf8.into());
        assert_eq!(check(&[("b", text), ("a", DataType::Int64), ("c", DataType::Int8)]), "");
        assert_eq!(check(&[("a", DataType::Int64)]), "column \"b\" of table \"t\" was dropped");
        assert_eq!(
            check(&[("a", DataType::Utf8), ("b", DataType::Utf8)]),
            "column \"a\" of table \"t\" changed from Int64 to Utf8"
        );
        let mut none = manifest(&[]);
        none.tables.clear();
        assert_eq!(violations(&old, &none), ["table \"t\" was dropped"]);
        assert!(violations(&none, &old).is_empty());
    }
}
