//! What one version holds: its tables, their schemas and their files. Immutable once written to the state root.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, SchemaRef};

/// Everything a statement needs to know of one version without opening a data file.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The database.
    pub database: String,
    /// The version.
    pub version: String,
    /// How its files are reached.
    pub mode: Mode,
    /// Tables by name.
    pub tables: BTreeMap<String, Arc<Table>>,
}

/// How the files of a version are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In place, in the source root.
    Direct,
    /// In our own copy under the state root.
    Mirror,
}

/// One table of one version.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The format of all its files.
    pub format: Format,
    /// The columns found in the files, in order; a column missing from a file is NULL there.
    pub file_schema: SchemaRef,
    /// The columns that come from `key=value` directories, after the others.
    pub partition_fields: Vec<FieldRef>,
    /// Its files in path order.
    pub files: Vec<File>,
    /// Columns declared unique together in `_manifest.json`.
    pub key: Vec<String>,
    /// A comment declared in `_manifest.json`.
    pub comment: Option<String>,
    /// Comments on columns declared in `_manifest.json`.
    pub column_comments: BTreeMap<String, String>,
}

/// The format of a table's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a header line.
    Csv(Compression),
    /// One JSON object per line.
    Json(Compression),
    /// Arrow IPC, file or stream.
    Arrow,
    /// Apache Avro.
    Avro,
}

/// The compression of a text file, told by its last extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// None.
    Plain,
    /// `.gz`
    Gzip,
    /// `.zst`
    Zstd,
}

/// One file of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// The path below the version's directory, `/`-separated.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Last change, microseconds since the Unix epoch, as the source listed it.
    pub modified_us: i64,
    /// What the source calls this content, where it has such a name.
    pub etag: Option<String>,
    /// SHA-256 of the content, when it was computed or declared.
    pub sha256: Option<[u8; 32]>,
    /// Its rows, when the format tells them cheaply (Parquet, Arrow IPC).
    pub rows: Option<u64>,
    /// Values of the partition columns, as text; `None` is NULL (`__HIVE_DEFAULT_PARTITION__`).
    pub partition_values: Vec<Option<String>>,
}

impl Table {
    /// All columns as SQL shows them: those of the files, then the partition columns.
    pub fn schema(&self) -> SchemaRef {
        let fields = self.file_schema.fields().iter().chain(&self.partition_fields).cloned();
        Arc::new(arrow::datatypes::Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The sum of its files' sizes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The sum of its files' rows, when all are known.
    pub fn rows(&self) -> Option<u64> {
        self.files.iter().map(|file| file.rows).sum()
    }
}
