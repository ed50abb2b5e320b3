//! The file of what is kept of a view.
//!
//! ```text
//! 0   4  "FBVW"
//! 4   1  format, 1
//! 5   3  zero
//! 8   4  CRC-32C of bytes 0..8 and the rest
//! 12  8  the key: what it was made of
//! 20  8  since: all rows of the log up to this number are in it
//! 28  8  how often rows of the log had been redacted
//! 36     an Arrow IPC stream
//! ```
//!
//! It is called `views/<oid>`. It can always be made again: whatever is not as it should be is not used.

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::follower::Followed;
use super::incremental::{Content, Incremental};
use crate::catalog::generation::Generation;
use crate::catalog::view::View;
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"FBVW\x01\0\0\0";

/// Grows when what is kept for the same view is another than it was.
const CONTENT: u32 = 1;

/// The name of a view's file.
pub(super) fn name(oid: u32) -> String {
    oid.to_string()
}

/// What a view is made of: with another key, what is kept is of no use.
pub(super) fn key(view: &View, log: u32, plan: Option<&Incremental>) -> u64 {
    let (query, reads) = (&view.query, &view.reads);
    let known = (&view.owner, &view.search_path, &view.options);
    let mut text = format!("{CONTENT} {log} {known:?} {query:?} {reads:?}");
    told(&view.columns, &mut text);
    if let Some(plan) = plan {
        text.push_str(&format!("{:?} {:?}", plan.versions, plan.columns_read));
        told(&plan.kept_columns(), &mut text);
    }
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(first)
}

/// Columns as a text that is always the same.
fn told(columns: &Schema, text: &mut String) {
    for field in columns.fields() {
        let metadata: BTreeMap<_, _> = field.metadata().iter().collect();
        let (name, kind, nullable) = (field.name(), field.data_type(), field.is_nullable());
        text.push_str(&format!("\n{name} {kind} {nullable} {metadata:?}"));
    }
}

/// What stands before the rows.
pub(super) struct Head {
    pub(super) key: u64,
    pub(super) since: i64,
    pub(super) redactions: u64,
}

/// The bytes of a view's file.
/// Errors: those of Arrow.
pub(super) fn encode(head: &Head, plan: &Incremental, content: &Content) -> Result<Vec<u8>> {
    let mut payload = Vec::new();
    payload.extend(head.key.to_le_bytes());
    payload.extend(head.since.to_le_bytes());
    payload.extend(head.redactions.to_le_bytes());
    write(&mut payload, plan, content)
        .map_err(|error| Error::Internal(format!("what is kept of a view: {error}")))?;
    let crc = crc32c::crc32c_append(crc32c::crc32c(MAGIC), &payload);
    let mut bytes = Vec::with_capacity(MAGIC.len() + 4 + payload.len());
    bytes.extend(MAGIC);
    bytes.extend(crc.to_le_bytes());
    bytes.extend(payload);
    Ok(bytes)
}

fn write(bytes: &mut Vec<u8>, plan: &Incremental, content: &Content) -> Result<(), ArrowError> {
    let mut writer = StreamWriter::try_new(bytes, &plan.kept_columns())?;
    for batch in &content.batches {
        writer.write(batch)?;
    }
    writer.finish()
}

/// The view with what was saved of it, if that is of any use.
pub(super) fn load(
    oid: u32,
    generation: &Generation,
    followed: Followed,
    file: Result<Option<Vec<u8>>>,
) -> Followed {
    let bytes = match file {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return followed,
        Err(error) => {
            tracing::warn!(%error, "what is kept of a view cannot be read: it is built anew");
            return followed;
        }
    };
    match read(&bytes, &followed, generation.since(followed.log).unwrap_or_default()) {
        Ok((since, batches)) => {
            let content = Content::of(batches);
            Followed { since, saved_since: since, content, ..followed }
        }
        Err(why) => {
            tracing::warn!(view = oid, why, "what is kept of a view is not used: it is built anew");
            followed
        }
    }
}

fn read(
    bytes: &[u8],
    followed: &Followed,
    end: i64,
) -> std::result::Result<(i64, Vec<RecordBatch>), &'static str> {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else { return Err("it is too short") };
    let Some((crc, payload)) = rest.split_first_chunk::<4>() else {
        return Err("it is too short");
    };
    if head != MAGIC {
        return Err("it is of another release");
    }
    if crc32c::crc32c_append(crc32c::crc32c(head), payload) != u32::from_le_bytes(*crc) {
        return Err("it is damaged");
    }
    let number =
        |payload: &[u8], at: usize| -> Option<[u8; 8]> { payload.get(at..at + 8)?.try_into().ok() };
    let (Some(key), Some(since), Some(redactions), Some(stream)) =
        (number(payload, 0), number(payload, 8), number(payload, 16), payload.get(24..))
    else {
        return Err("it is too short");
    };
    if u64::from_le_bytes(key) != followed.key {
        return Err("it was made of something else");
    }
    if u64::from_le_bytes(redactions) != followed.redactions {
        return Err("rows of its log were redacted since");
    }
    let since = i64::from_le_bytes(since);
    if end < since {
        return Err("it is ahead of its log");
    }
    let Some(plan) = &followed.plan else { return Err("the view has no plan") };
    let reader =
        StreamReader::try_new(Cursor::new(stream), None).map_err(|_arrow| "it is damaged")?;
    let batches: std::result::Result<Vec<RecordBatch>, _> = reader.collect();
    let batches = batches.map_err(|_arrow| "it is damaged")?;
    let same = batches.iter().all(|batch| {
        let (one, other) = (batch.schema(), plan.kept_columns());
        one.fields()
            .iter()
            .map(|field| field.data_type())
            .eq(other.fields().iter().map(|field| field.data_type()))
    });
    match same {
        true => Ok((since, batches)),
        false => Err("it has other columns"),
    }
}
