//! Logs: tables whose rows are only added. The newest rows are in memory as those of any table; older ones are in files,
//! the segments, each with a range of numbers of its own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{FieldRef, Schema};

use super::generation::Generation;
use super::table::{Default, Stamp, Table};
use crate::error::{Error, Result};
use crate::rows::batch_of;

/// The name of the column of numbers.
pub const SEQ: &str = "_seq";

/// The name of the column of times.
pub const TIME: &str = "_time";

/// What a log has beside its newest rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// Its segments, by their numbers; no two have one in common.
    pub segments: Vec<Arc<Segment>>,
    /// The greatest `_time` there was, in microseconds since the Unix epoch: times never go back when a clock does.
    pub last_time_us: i64,
    /// How often rows were taken out: what was made of them holds as long as this does.
    pub redactions: u64,
}

/// Rows of a log in a file that never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The file.
    pub file: SegmentFile,
    /// The least number it may have. The file counts from it.
    pub first: i64,
    /// The greatest number it may have.
    pub last: i64,
    /// The least and the greatest `_time`, in microseconds since the Unix epoch. Where the file has no times they are the
    /// same, and those of all rows.
    pub times_us: (i64, i64),
    /// Whether the file has times.
    pub timed: bool,
}

/// The file of a segment, which need not be one yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentFile {
    /// Its name in the directory of its log.
    pub name: String,
    /// How many rows it has.
    pub rows: i64,
    /// Its size.
    pub bytes: u64,
    /// CRC-32C of all its bytes.
    pub crc32c: u32,
    /// Of a file that no commit names yet.
    pub hold: Option<Hold>,
}

/// Keeps a file that no commit names yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hold(Arc<()>);

impl Hold {
    /// Dead once all clones of it are gone.
    pub fn downgrade(&self) -> Weak<()> {
        Arc::downgrade(&self.0)
    }
}

/// Segments that a generation has which somebody holds, the newest one among them.
#[derive(Debug, Default)]
pub(super) struct Live(Mutex<BTreeMap<FileKey, Vec<Weak<Segment>>>>);

/// A log, and the name of a file of it.
type FileKey = (u32, String);

impl Live {
    pub(super) fn add(&self, table: u32, segment: &Arc<Segment>) {
        let mut live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = live.entry((table, segment.file.name.clone())).or_default();
        own.retain(|segment| 0 < segment.strong_count());
        own.push(Arc::downgrade(segment));
    }

    /// Whether there is one of that name.
    pub(super) fn has(&self, table: u32, name: &str) -> bool {
        let mut live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (table, name.to_owned());
        let held = live.get(&key).is_some_and(|own| own.iter().any(|it| 0 < it.strong_count()));
        if !held {
            live.remove(&key);
        }
        held
    }
}

/// The numbers that rows got with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamped {
    /// `pg_class.oid` of the log.
    pub table: u32,
    /// The first; each row has one more than the one before.
    pub first: i64,
    /// Their `_time`, in microseconds since the Unix epoch.
    pub time_us: i64,
}

impl Log {
    /// The rows in all segments.
    pub fn rows(&self) -> i64 {
        self.segments.iter().map(|segment| segment.file.rows).sum()
    }

    /// The bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.file.bytes).sum()
    }

    /// The time of a commit at `at_us`.
    pub(super) fn time(&self, at_us: i64) -> i64 {
        self.last_time_us.max(at_us)
    }
}

impl Generation {
    /// What the log with this OID has beside its newest rows; `None` where it is none.
    pub fn log(&self, oid: u32) -> Option<&Arc<Log>> {
        self.logs.get(&oid)
    }

    /// The greatest number of a log; 0 before its first row.
    pub fn since(&self, oid: u32) -> Option<i64> {
        self.logs.get(&oid)?;
        Some(self.rows(oid)?.next() - 1)
    }
}

impl Stamped {
    /// Numbers and times of rows that have none yet: they are never shown.
    pub const NONE: Stamped = Stamped { table: 0, first: 0, time_us: 0 };

    /// The rows of `table` with their numbers and times. Other values in these columns are not looked at.
    /// Errors: those of Arrow.
    pub fn put_on(&self, table: &Table, rows: &RecordBatch) -> Result<RecordBatch> {
        let count = rows.num_rows();
        let mut arrays = rows.columns().to_vec();
        for (place, stamp) in stamps(table) {
            let field = table.columns.field(place);
            let array: ArrayRef = match stamp {
                Stamp::Seq => Arc::new(Int64Array::from_iter_values((self.first..).take(count))),
                Stamp::Time => {
                    let times = TimestampMicrosecondArray::from_value(self.time_us, count);
                    cast(&times, field.data_type()).map_err(failed)?
                }
            };
            if let Some(slot) = arrays.get_mut(place) {
                *slot = array;
            }
        }
        // Whether NULL is where it may not be is not known everywhere.
        let own = rows.schema_ref().fields().iter().zip(table.columns.fields());
        let fields = own.zip(&table.attributes).map(|((rows, table), attribute)| {
            let stamped = matches!(attribute.default, Some(Default::Stamped(_)));
            Arc::clone(if stamped { table } else { rows })
        });
        let columns = Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>()));
        batch_of(&columns, arrays, count)
    }
}

/// The columns that the commit gives, and what it gives them.
pub(super) fn stamps(table: &Table) -> impl Iterator<Item = (usize, Stamp)> {
    table.attributes.iter().enumerate().filter_map(|(place, attribute)| match attribute.default {
        Some(Default::Stamped(stamp)) => Some((place, stamp)),
        _ => None,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: arrow::error::ArrowError) -> Error {
    Error::Internal(format!("rows of a log: {error}"))
}
