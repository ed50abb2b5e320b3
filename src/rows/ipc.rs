//! Rows and columns as bytes, in Arrow's IPC format. Columns stand beside the definition of their table, so that a row
//! does not repeat them.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::convert::{IpcSchemaEncoder, fb_to_schema};
use arrow::ipc::reader::read_record_batch;
use arrow::ipc::writer::{DictionaryTracker, IpcDataGenerator, IpcWriteOptions};
use arrow::ipc::{root_as_message, root_as_schema};

use super::failed;
use crate::error::{Error, Result};

/// Bytes of the length before a message.
const LENGTH_LEN: usize = 4;

/// A batch without its columns: the length of the message, the message, its buffers.
/// Errors: those of Arrow.
pub fn encode(batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut dictionaries = DictionaryTracker::new(true);
    let options = IpcWriteOptions::default();
    let (_, encoded) = IpcDataGenerator::default()
        .encode(batch, &mut dictionaries, &options, &mut Default::default())
        .map_err(failed)?;
    let message = encoded.ipc_message;
    let length = u32::try_from(message.len())
        .map_err(|_long| Error::ProgramLimitExceeded("rows with too many columns".to_owned()))?;
    let mut bytes = Vec::with_capacity(LENGTH_LEN + message.len() + encoded.arrow_data.len());
    bytes.extend(length.to_le_bytes());
    bytes.extend(message);
    bytes.extend(encoded.arrow_data);
    Ok(bytes)
}

/// What [`encode`] made of a batch of these columns.
/// Errors: XX001.
pub fn decode(columns: &SchemaRef, bytes: &[u8]) -> Result<RecordBatch> {
    let parts = bytes.split_first_chunk::<LENGTH_LEN>().and_then(|(length, rest)| {
        rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
    });
    let Some((message, data)) = parts else { return Err(damaged("they are cut")) };
    let message = root_as_message(message).map_err(damaged)?;
    let Some(batch) = message.header_as_record_batch() else {
        return Err(damaged("they are none"));
    };
    let none = HashMap::new();
    let columns = Arc::clone(columns);
    read_record_batch(&Buffer::from(data), batch, columns, &none, None, &message.version())
        .map_err(damaged)
}

/// Columns as bytes.
pub fn schema_bytes(columns: &Schema) -> Vec<u8> {
    IpcSchemaEncoder::new().schema_to_fb(columns).finished_data().to_vec()
}

/// What [`schema_bytes`] made.
/// Errors: XX001.
pub fn schema_of(bytes: &[u8]) -> Result<SchemaRef> {
    let schema = root_as_schema(bytes).map_err(damaged)?;
    Ok(Arc::new(fb_to_schema(schema)))
}

fn damaged(why: impl std::fmt::Display) -> Error {
    Error::DataCorrupted(format!("rows of a table cannot be read: {why}"))
}
