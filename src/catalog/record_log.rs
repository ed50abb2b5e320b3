//! How logs are written; the rules are those of [`super::record`].

use std::sync::Arc;

use super::log::{Log, Segment, SegmentFile};
use super::record::unknown;
use crate::error::Result;

/// Segments of a log go and come.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PutSegments {
    #[prost(uint32, tag = "1")]
    pub(super) table: u32,
    /// Names of files.
    #[prost(string, repeated, tag = "2")]
    pub(super) removed: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    pub(super) added: Vec<SegmentRecord>,
    /// Rows in memory up to this number are in the segments now; 0 for none.
    #[prost(sint64, tag = "4")]
    pub(super) sealed: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SegmentRecord {
    #[prost(string, tag = "1")]
    pub(super) file: String,
    #[prost(sint64, tag = "2")]
    pub(super) rows: i64,
    #[prost(uint64, tag = "3")]
    pub(super) bytes: u64,
    #[prost(fixed32, tag = "4")]
    pub(super) crc32c: u32,
    #[prost(sint64, tag = "5")]
    pub(super) first: i64,
    #[prost(sint64, tag = "6")]
    pub(super) last: i64,
    #[prost(sint64, tag = "7")]
    pub(super) first_time_us: i64,
    #[prost(sint64, tag = "8")]
    pub(super) last_time_us: i64,
    #[prost(bool, tag = "9")]
    pub(super) timed: bool,
}

/// A log in a checkpoint; its newest rows are there as those of any table.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct LogRecord {
    #[prost(uint32, tag = "1")]
    pub(super) table: u32,
    #[prost(message, repeated, tag = "2")]
    pub(super) segments: Vec<SegmentRecord>,
    #[prost(sint64, tag = "3")]
    pub(super) last_time_us: i64,
    #[prost(uint64, tag = "4")]
    pub(super) redactions: u64,
}

impl From<&Segment> for SegmentRecord {
    fn from(segment: &Segment) -> SegmentRecord {
        let SegmentFile { name, rows, bytes, crc32c, hold: _ } = segment.file.clone();
        let (first_time_us, last_time_us) = segment.times_us;
        let (first, last, timed) = (segment.first, segment.last, segment.timed);
        SegmentRecord {
            file: name,
            rows,
            bytes,
            crc32c,
            first,
            last,
            first_time_us,
            last_time_us,
            timed,
        }
    }
}

impl SegmentRecord {
    /// Errors: F0000 for a name that no release gave.
    pub(super) fn read(self) -> Result<Segment> {
        if self.file.is_empty() || self.file.contains(['/', '\0']) || self.file.starts_with('.') {
            return Err(unknown("name of a segment"));
        }
        let SegmentRecord { file: name, rows, bytes, crc32c, .. } = self;
        Ok(Segment {
            file: SegmentFile { name, rows, bytes, crc32c, hold: None },
            first: self.first,
            last: self.last,
            times_us: (self.first_time_us, self.last_time_us),
            timed: self.timed,
        })
    }
}

impl LogRecord {
    pub(super) fn of(table: u32, log: &Log) -> LogRecord {
        let segments = log.segments.iter().map(|segment| (&**segment).into()).collect();
        LogRecord { table, segments, last_time_us: log.last_time_us, redactions: log.redactions }
    }

    /// Errors: F0000.
    pub(super) fn read(self) -> Result<Arc<Log>> {
        let segments = self.segments.into_iter().map(|it| it.read().map(Arc::new));
        let segments = segments.collect::<Result<_>>()?;
        let (last_time_us, redactions) = (self.last_time_us, self.redactions);
        Ok(Arc::new(Log { segments, last_time_us, redactions }))
    }
}
