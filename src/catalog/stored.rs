//! The file of one version's manifest.
//!
//! ```text
//! 0   4  "FBMF"
//! 4   1  format, 1
//! 5   3  zero
//! 8   4  CRC-32C of bytes 0..8 and the rest
//! 12     Protobuf, `record::ManifestRecord`
//! ```
//!
//! It is called `manifests/<database>/<version>@<first 16 digits of its SHA-256>`: a version that is removed and
//! loaded again never overwrites a file that the journal still names.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::ipc::convert::{IpcSchemaEncoder, fb_to_schema};
use arrow::ipc::writer::DictionaryTracker;
use prost::Message;

use super::manifest::{Compression, File, Format, Manifest, Mode, Table};
use super::record::{FileRecord, ManifestRecord, OptionalText, TableRecord, unknown};
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"FBMF\x01\0\0\0";

/// The SHA-256 of a manifest's file.
pub(super) type Digest = [u8; 32];

/// The file of `manifest`.
pub(super) fn encode(manifest: &Manifest) -> Vec<u8> {
    let record = ManifestRecord {
        database: manifest.database.clone(),
        version: manifest.version.clone(),
        mode: match manifest.mode {
            Mode::Direct => 1,
            Mode::Mirror => 2,
        },
        tables: manifest.tables.values().map(|table| encode_table(table)).collect(),
    };
    let payload = record.encode_to_vec();
    let crc = crc32c::crc32c_append(crc32c::crc32c(MAGIC), &payload);
    let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + payload.len());
    bytes.extend(MAGIC);
    bytes.extend(crc.to_le_bytes());
    bytes.extend(payload);
    bytes
}

/// The manifest in `bytes`.
/// Errors: XX001 for damage, F0000 for another release's format; the message says which, not where.
pub(super) fn decode(bytes: &[u8], digest: &Digest) -> Result<Manifest> {
    if sha256(bytes) != *digest {
        return Err(damaged("its SHA-256 is not the one in the journal"));
    }
    let (Some(head), Some(crc), Some(payload)) =
        (bytes.get(..8), bytes.get(8..12), bytes.get(12..))
    else {
        return Err(damaged("it is too short"));
    };
    if head != MAGIC {
        return Err(unknown("manifest format"));
    }
    if crc != crc32c::crc32c_append(crc32c::crc32c(head), payload).to_le_bytes() {
        return Err(damaged("its checksum is wrong"));
    }
    let record = ManifestRecord::decode(payload).map_err(|error| damaged(&error.to_string()))?;
    let tables = record.tables.into_iter().map(|table| {
        let table = decode_table(table)?;
        Ok((table.name.clone(), Arc::new(table)))
    });
    Ok(Manifest {
        database: record.database,
        version: record.version,
        mode: match record.mode {
            1 => Mode::Direct,
            2 => Mode::Mirror,
            other => return Err(unknown(&format!("loading mode {other}"))),
        },
        tables: tables.collect::<Result<BTreeMap<_, _>>>()?,
    })
}

/// The SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    digest
}

/// The name of a manifest's file in its database's directory.
pub(super) fn file_name(version: &str, digest: &Digest) -> String {
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{version}@{hex}")
}

fn encode_table(table: &Table) -> TableRecord {
    let (format, compression) = match table.format {
        Format::Parquet => (1, 0),
        Format::Csv(compression) => (2, encode_compression(compression)),
        Format::Json(compression) => (3, encode_compression(compression)),
        Format::Arrow => (4, 0),
        Format::Avro => (5, 0),
    };
    TableRecord {
        name: table.name.clone(),
        format,
        compression,
        file_schema: encode_schema(&table.file_schema),
        partition_schema: encode_schema(&Schema::new(table.partition_fields.clone())),
        files: table.files.iter().map(encode_file).collect(),
        key: table.key.clone(),
        comment: table.comment.clone(),
        column_comments: table.column_comments.clone(),
    }
}

fn decode_table(record: TableRecord) -> Result<Table> {
    let format = match (record.format, record.compression) {
        (1, 0) => Format::Parquet,
        (2, compression) => Format::Csv(decode_compression(compression)?),
        (3, compression) => Format::Json(decode_compression(compression)?),
        (4, 0) => Format::Arrow,
        (5, 0) => Format::Avro,
        (format, _) => return Err(unknown(&format!("table format {format}"))),
    };
    Ok(Table {
        name: record.name,
        format,
        file_schema: Arc::new(decode_schema(&record.file_schema)?),
        partition_fields: decode_schema(&record.partition_schema)?
            .fields()
            .iter()
            .cloned()
            .collect(),
        files: record.files.into_iter().map(decode_file).collect::<Result<_>>()?,
        key: record.key,
        comment: record.comment,
        column_comments: record.column_comments,
    })
}

fn encode_compression(compression: Compression) -> u32 {
    match compression {
        Compression::Plain => 0,
        Compression::Gzip => 1,
        Compression::Zstd => 2,
    }
}

fn decode_compression(compression: u32) -> Result<Compression> {
    match compression {
        0 => Ok(Compression::Plain),
        1 => Ok(Compression::Gzip),
        2 => Ok(Compression::Zstd),
        other => Err(unknown(&format!("compression {other}"))),
    }
}

fn encode_schema(schema: &Schema) -> Vec<u8> {
    // Without it a dictionary type panics. Only numbers come of it, which reading ignores.
    let mut dictionaries = DictionaryTracker::new(false);
    let mut encoder = IpcSchemaEncoder::new().with_dictionary_tracker(&mut dictionaries);
    encoder.schema_to_fb(schema).finished_data().to_vec()
}

fn decode_schema(bytes: &[u8]) -> Result<Schema> {
    let schema = arrow::ipc::root_as_schema(bytes).map_err(|error| damaged(&error.to_string()))?;
    Ok(fb_to_schema(schema))
}

fn encode_file(file: &File) -> FileRecord {
    FileRecord {
        path: file.path.clone(),
        bytes: file.bytes,
        modified_us: file.modified_us,
        etag: file.etag.clone(),
        sha256: file.sha256.map(|digest| digest.to_vec()),
        rows: file.rows,
        partition_values: file
            .partition_values
            .iter()
            .map(|text| OptionalText { text: text.clone() })
            .collect(),
    }
}

fn decode_file(record: FileRecord) -> Result<File> {
    let sha256 = match record.sha256 {
        None => None,
        Some(bytes) => {
            Some(bytes.try_into().ok().ok_or_else(|| damaged("a SHA-256 has a wrong length"))?)
        }
    };
    Ok(File {
        path: record.path,
        bytes: record.bytes,
        modified_us: record.modified_us,
        etag: record.etag,
        sha256,
        rows: record.rows,
        partition_values: record.partition_values.into_iter().map(|value| value.text).collect(),
    })
}

fn damaged(why: &str) -> Error {
    Error::DataCorrupted(format!("a manifest is damaged: {why}"))
}
