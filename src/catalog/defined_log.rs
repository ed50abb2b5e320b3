//! Logs: what a change of their segments comes to, and how it is folded.

use std::sync::Arc;

use super::defined::changed;
use super::generation::Generation;
use super::log::{Segment, SegmentFile, Stamped};
use super::record::Fact;
use super::record_log::{LogRecord, PutSegments};
use super::state::{State, impossible};
use super::table::Table;
use crate::error::{Error, Result};

impl State {
    pub(super) fn put_segments(&mut self, fact: PutSegments) -> Result<()> {
        let oid = fact.table;
        let (Some(rows), Some(log)) = (self.generation.rows(oid), self.generation.log(oid)) else {
            return Err(impossible(&format!("puts segments of the log {oid}")));
        };
        let mut log = (**log).clone();
        let before = log.rows();
        log.segments.retain(|segment| !fact.removed.contains(&segment.file.name));
        let mut next = rows.next();
        for record in fact.added {
            let segment = record.read()?;
            next = next.max(segment.last.saturating_add(1));
            log.last_time_us = log.last_time_us.max(segment.times_us.1);
            let segment = Arc::new(segment);
            self.live.add(oid, &segment);
            log.segments.push(segment);
        }
        log.redactions += u64::from(log.rows() < before);
        log.segments.sort_by_key(|segment| segment.first);
        let overlap = log.segments.windows(2).any(|pair| match pair {
            [one, other] => other.first <= one.last,
            _ => false,
        });
        if overlap {
            return Err(impossible(&format!("puts segments of the log {oid} that overlap")));
        }
        let rows = rows.sealed(fact.sealed).going_on_at(next);
        Arc::make_mut(&mut self.generation.rows).insert(oid, Arc::new(rows));
        Arc::make_mut(&mut self.generation.logs).insert(oid, Arc::new(log));
        Ok(())
    }

    pub(super) fn log_records(&self) -> Vec<LogRecord> {
        self.generation.logs.iter().map(|(oid, log)| LogRecord::of(*oid, log)).collect()
    }

    /// Rows in files come behind those there are.
    /// Errors: 40001 when the log is not as the caller knows it, or its next row would not get the number `first`.
    pub(super) fn append_segments(
        &self,
        table: &Arc<Table>,
        files: &[SegmentFile],
        first: Option<i64>,
        at_us: i64,
    ) -> Result<(Fact, Stamped)> {
        let generation = &self.generation;
        let oid = table.ids.relation;
        let now = generation.table_by_oid(oid).map(|(_, now)| now);
        if now.is_none_or(|now| now != table) {
            return Err(changed("table", &table.name));
        }
        let (Some(rows), Some(log)) = (generation.rows(oid), generation.log(oid)) else {
            return Err(changed("rows of table", &table.name));
        };
        if first.is_some_and(|first| first != rows.next()) {
            return Err(changed("the end of log", &table.name));
        }
        let stamped = Stamped { table: oid, first: rows.next(), time_us: log.time(at_us) };
        let mut added = Vec::with_capacity(files.len());
        let mut next = stamped.first;
        for file in files {
            let after = next.checked_add(file.rows).ok_or_else(too_many)?;
            let segment = Segment {
                file: file.clone(),
                first: next,
                last: after - 1,
                times_us: (stamped.time_us, stamped.time_us),
                timed: false,
            };
            added.push((&segment).into());
            next = after;
        }
        let fact = PutSegments { table: oid, removed: Vec::new(), added, sealed: 0 };
        Ok((Fact::PutSegments(fact), stamped))
    }
}

/// A segment takes the place of the oldest rows in memory.
/// Errors: 40001 when they are not those that it has.
pub(super) fn seal(generation: &Generation, oid: u32, segment: &Segment) -> Result<Vec<Fact>> {
    let same = generation.log(oid).is_some()
        && generation.rows(oid).is_some_and(|rows| {
            rows.up_to(segment.last) == usize::try_from(segment.file.rows).unwrap_or(usize::MAX)
        });
    if !same {
        return Err(changed("the log", &oid.to_string()));
    }
    Ok(vec![Fact::PutSegments(PutSegments {
        table: oid,
        removed: Vec::new(),
        added: vec![segment.into()],
        sealed: segment.last,
    })])
}

/// A segment takes the place of others, which have the same rows or more.
/// Errors: 40001 when one of them is not there any more.
pub(super) fn replace(
    generation: &Generation,
    oid: u32,
    removed: &[String],
    added: Option<&Segment>,
) -> Result<Vec<Fact>> {
    let there = |name: &String| {
        generation.log(oid).is_some_and(|log| log.segments.iter().any(|it| it.file.name == *name))
    };
    if !removed.iter().all(there) {
        return Err(changed("the log", &oid.to_string()));
    }
    Ok(vec![Fact::PutSegments(PutSegments {
        table: oid,
        removed: removed.to_vec(),
        added: added.into_iter().map(Into::into).collect(),
        sealed: 0,
    })])
}

pub(super) fn too_many() -> Error {
    Error::ProgramLimitExceeded("too many rows".to_owned())
}
