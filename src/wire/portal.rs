//! Results on their way out: rows pulled from a stream, encoded in slices, written when the socket takes them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use bytes::BytesMut;
use futures::StreamExt as _;

use super::cancel::Armed;
use super::frame::{Channel, FLUSH_BYTES, Halt};
use crate::error::{Error, Result};
use crate::pg::encode::{CopyEncoder, CopyFormat, OutputSettings, RowEncoder};
use crate::pg::types::PgType;
use crate::query::door::{Column, Portal, RowStream, RowsTag};

/// How long a cancelled statement may take to end by itself, so that a commit on its way out is not reported as
/// cancelled. Ten times more would make a cancel slow to answer, a tenth would cut commits short.
const CANCEL_GRACE: std::time::Duration = std::time::Duration::from_millis(100);

/// Rows of the first slice, before their size is known. Rows of a megabyte make 8 MiB of it.
const FIRST_SLICE_ROWS: usize = 8;

/// The most rows in one slice, however small the last ones were.
const SLICE_ROWS_MAX: usize = 1_024;

/// A bound statement and how far it got.
pub(super) struct Bound {
    pub(super) portal: Box<dyn Portal>,
    /// As sent: none, one for all columns, or one for each.
    pub(super) formats: Vec<bool>,
    pub(super) progress: Progress,
}

pub(super) enum Progress {
    Fresh,
    /// Suspended by a row limit.
    Running(Box<Rows>, RowsTag),
    /// All rows were taken; running it again gives none.
    Drained(RowsTag),
    /// Ran, and cannot run twice.
    Done,
}

/// The format of each of `count` columns.
/// Errors: 08P01 when the list is neither empty, nor one, nor one for each.
pub(super) fn spread(formats: &[bool], count: usize) -> Result<Vec<bool>> {
    match formats {
        [] => Ok(vec![false; count]),
        [one] => Ok(vec![*one; count]),
        each if each.len() == count => Ok(each.to_vec()),
        each => Err(Error::Protocol(format!(
            "bind message has {} result formats but query has {count} columns",
            each.len()
        ))),
    }
}

/// The command tag for `count` rows.
pub(super) fn tag_text(tag: &RowsTag, count: u64) -> String {
    match tag {
        RowsTag::Counted(word) => format!("{word} {count}"),
        RowsTag::Plain(word) => (*word).to_owned(),
    }
}

/// Rows that were encoded wait so long for more before they are sent: a log may have none for hours. Nearly all statements
/// are done before.
const FLUSH_AFTER: std::time::Duration = std::time::Duration::from_millis(5);

/// Does `work` while looking after the socket and the cancel token.
/// Errors: what `work` gives; what stopped it; [`Halt::Gone`] when the client has left, which cancels the token.
pub(super) async fn guard<T>(
    channel: &mut Channel,
    armed: &Armed,
    work: impl Future<Output = Result<T>>,
) -> Result<T, Halt> {
    if armed.token.is_cancelled() {
        return Err(armed.halt());
    }
    let mut work = std::pin::pin!(work);
    tokio::select! {
        biased;
        () = armed.token.cancelled() => {}
        done = &mut work => return done.map_err(|error| halt(armed, error)),
        () = channel.attend() => {
            armed.token.cancel();
            return Err(Halt::Gone);
        }
    }
    match tokio::time::timeout(CANCEL_GRACE, work).await {
        Ok(done) => done.map_err(|error| halt(armed, error)),
        Err(_) => Err(armed.halt()),
    }
}

/// An error of the session ends the connection when that is what it says, or when the server's stop caused it.
fn halt(armed: &Armed, error: Error) -> Halt {
    match error.bare() {
        _ if armed.stopped() => armed.halt(),
        Error::AdminShutdown(_) => Halt::Fatal(error),
        _ => Halt::Failed(error),
    }
}

/// Rows being sent. Dropping it stops the work behind them.
pub(super) struct Rows {
    columns: Arc<[Column]>,
    stream: RowStream,
    sink: Sink,
    batch: Option<RecordBatch>,
    /// The first row of `batch` that was not sent.
    next: usize,
    slice_rows: usize,
}

/// How rows are written.
enum Sink {
    Rows { formats: Vec<bool>, encoder: Option<RowEncoder> },
    Copy { format: CopyFormat, encoder: Option<Box<CopyEncoder>> },
}

/// How a pull ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) count: u64,
    /// No row is left.
    pub(super) all: bool,
}

impl Rows {
    pub(super) fn new(columns: Arc<[Column]>, stream: RowStream, formats: Vec<bool>) -> Rows {
        Rows::with(columns, stream, Sink::Rows { formats, encoder: None })
    }

    pub(super) fn copy(columns: Arc<[Column]>, stream: RowStream, format: CopyFormat) -> Rows {
        Rows::with(columns, stream, Sink::Copy { format, encoder: None })
    }

    fn with(columns: Arc<[Column]>, stream: RowStream, sink: Sink) -> Rows {
        Rows { columns, stream, sink, batch: None, next: 0, slice_rows: FIRST_SLICE_ROWS }
    }

    /// Sends at most `rows_max` rows, 0 is all. Like PostgreSQL it does not look whether a row follows the last one
    /// asked for. A copy is opened and closed here, and knows no limit.
    pub(super) async fn send(
        &mut self,
        channel: &mut Channel,
        armed: &Armed,
        settings: &OutputSettings,
        rows_max: u32,
    ) -> Result<Sent, Halt> {
        let mut left = if rows_max == 0 {
            usize::MAX
        } else {
            usize::try_from(rows_max).unwrap_or(usize::MAX)
        };
        let mut count = 0;
        while left > 0 {
            let Some(batch) = self.pull(channel, armed, settings).await? else {
                self.finish(channel, settings).map_err(Halt::Failed)?;
                return Ok(Sent { count, all: true });
            };
            let end = batch.num_rows().min(self.next + self.slice_rows.min(left));
            let sent = end - self.next;
            self.encode(&batch, end, channel).map_err(Halt::Failed)?;
            left -= sent;
            count += u64::try_from(sent).unwrap_or(0);
            self.next = end;
            if end < batch.num_rows() {
                self.batch = Some(batch);
            }
            if channel.output.len() >= FLUSH_BYTES {
                flush(channel, armed).await?;
            }
        }
        Ok(Sent { count, all: false })
    }

    /// The only value of the only row, with its length before it.
    pub(super) async fn value(
        &mut self,
        channel: &mut Channel,
        armed: &Armed,
        settings: &OutputSettings,
    ) -> Result<BytesMut, Halt> {
        /// What a DataRow has before its values: its type, its length, their count.
        const HEAD_BYTES: usize = 1 + 4 + 2;
        let mut row = BytesMut::new();
        while let Some(batch) = self.pull(channel, armed, settings).await? {
            let rows = 0..batch.num_rows();
            self.sink.encode(&batch, rows, &mut row).map_err(Halt::Failed)?;
        }
        if row.len() <= HEAD_BYTES {
            return Err(Halt::Failed(Error::Internal("a call without a value".to_owned())));
        }
        Ok(row.split_off(HEAD_BYTES))
    }

    /// The batch that has rows to send.
    async fn pull(
        &mut self,
        channel: &mut Channel,
        armed: &Armed,
        settings: &OutputSettings,
    ) -> Result<Option<RecordBatch>, Halt> {
        if let Some(batch) = self.batch.take() {
            return Ok(Some(batch));
        }
        let stream = &mut self.stream;
        let mut next = None;
        if !channel.output.is_empty() {
            let waited = async {
                match tokio::time::timeout(FLUSH_AFTER, stream.next()).await {
                    Ok(item) => Ok(Some(item.transpose()?)),
                    Err(_late) => Ok(None),
                }
            };
            next = guard(channel, armed, waited).await?;
            if next.is_none() {
                flush(channel, armed).await?;
            }
        }
        let next = match next {
            Some(next) => next,
            None => guard(channel, armed, async { stream.next().await.transpose() }).await?,
        };
        if let Some(batch) = &next {
            self.next = 0;
            self.sink
                .open(&self.columns, &batch.schema(), settings, &mut channel.output)
                .map_err(Halt::Failed)?;
        }
        Ok(next)
    }

    /// Encodes rows up to `end`. A row that fails leaves the rows before it, whole, as in PostgreSQL; a panic leaves
    /// half a row, which the mark takes back.
    fn encode(&mut self, batch: &RecordBatch, end: usize, channel: &mut Channel) -> Result<()> {
        let (rows, before) = (self.next..end, channel.output.len());
        let count = rows.len();
        channel.open_frame();
        let encoded = self.sink.encode(batch, rows, &mut channel.output);
        channel.close_frame();
        encoded?;
        if count == 0 {
            return Ok(());
        }
        let bytes = (channel.output.len() - before).max(1);
        let fitting = FLUSH_BYTES.saturating_mul(count) / bytes;
        self.slice_rows = fitting.clamp(1, (self.slice_rows * 8).min(SLICE_ROWS_MAX));
        Ok(())
    }

    fn finish(&mut self, channel: &mut Channel, settings: &OutputSettings) -> Result<()> {
        let out = &mut channel.output;
        if let Sink::Copy { encoder: None, .. } = self.sink {
            // No batch came, and so no schema; the header wants only the names.
            let fields = self.columns.iter().map(|c| Field::new(&c.name, DataType::Null, true));
            let schema = Schema::new(fields.collect::<Vec<_>>());
            self.sink.open(&self.columns, &schema, settings, out)?;
        }
        if let Sink::Copy { encoder: Some(encoder), .. } = &mut self.sink {
            encoder.finish(out);
        }
        Ok(())
    }
}

/// Writes out, unless the statement is cancelled first; what the socket did not take stays in the buffer.
async fn flush(channel: &mut Channel, armed: &Armed) -> Result<(), Halt> {
    let flushed = tokio::select! {
        biased;
        () = armed.token.cancelled() => return Err(armed.halt()),
        flushed = channel.flush() => flushed,
    };
    if flushed.is_err() {
        armed.token.cancel();
    }
    flushed
}

impl Sink {
    /// Makes the encoder once the shape of the rows is known.
    fn open(
        &mut self,
        columns: &[Column],
        schema: &Schema,
        settings: &OutputSettings,
        out: &mut BytesMut,
    ) -> Result<()> {
        match self {
            Sink::Rows { encoder: Some(_), .. } | Sink::Copy { encoder: Some(_), .. } => {}
            Sink::Rows { formats, encoder } => {
                let types: Vec<PgType> = columns.iter().map(|column| column.pg_type).collect();
                *encoder = Some(RowEncoder::new(&types, schema, formats, settings)?);
            }
            Sink::Copy { format, encoder } => {
                let columns: Vec<_> =
                    columns.iter().map(|column| (column.name.clone(), column.pg_type)).collect();
                let made = Box::new(CopyEncoder::new(&columns, schema, format, settings)?);
                made.start(out);
                *encoder = Some(made);
            }
        }
        Ok(())
    }

    fn encode(
        &mut self,
        batch: &RecordBatch,
        rows: std::ops::Range<usize>,
        out: &mut BytesMut,
    ) -> Result<()> {
        match self {
            Sink::Rows { encoder: Some(encoder), .. } => encoder.encode(batch, rows, out),
            Sink::Copy { encoder: Some(encoder), .. } => encoder.encode(batch, rows, out),
            _ => Err(Error::Internal("rows without an encoder".to_owned())),
        }
    }
}
