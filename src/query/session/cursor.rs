//! Cursors: results that are read in parts (PostgreSQL manual, DECLARE and FETCH).
//!
//! A forward-only cursor holds its stream and nothing else. A SCROLL cursor keeps what it has read, so that it can
//! go back. FETCH borrows the cursor's state for as long as its rows are being sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use futures::{FutureExt, StreamExt};

use super::{CURSORS_LEN_MAX, SqlSession};
use crate::error::{Error, Result};
use crate::pg::facts::CursorRow;
use crate::query::door::{Column, Outcome, RowStream, RowsTag};
use crate::query::parse::Direction;

/// An open cursor.
pub(super) struct Cursor {
    pub(super) columns: Arc<[Column]>,
    pub(super) hold: bool,
    pub(super) declared_at_us: i64,
    binary: bool,
    scroll: bool,
    text: String,
    /// Whether rows come as a log gets them.
    follows: bool,
    state: Slot,
}

/// Where the state waits while no FETCH has it.
type Slot = Arc<Mutex<Option<State>>>;

/// Where a cursor stands.
struct State {
    source: Option<RowStream>,
    /// What was read of the source and not yet given out (forward-only), or all that was read (scroll).
    seen: Vec<RecordBatch>,
    /// Rows before the first of `seen`.
    dropped: usize,
    /// 0 is before the first row, n is on row n, one more than all is after the last.
    position: usize,
    scroll: bool,
}

/// What DECLARE says of a cursor.
pub(super) struct Declaration {
    pub(super) name: String,
    pub(super) binary: bool,
    pub(super) scroll: bool,
    pub(super) hold: bool,
    pub(super) text: String,
}

impl Cursor {
    pub(super) fn row(&self, name: &str) -> CursorRow {
        CursorRow {
            name: name.to_owned(),
            statement: self.text.clone(),
            holdable: self.hold,
            binary: self.binary,
            scrollable: self.scroll,
            created_at_us: self.declared_at_us,
        }
    }
}

impl SqlSession {
    /// Opens a cursor over a result.
    /// Errors: 42P03 when it exists; 25P01 outside a block unless it is holdable.
    pub(super) fn declare(
        &mut self,
        declaration: Declaration,
        columns: Arc<[Column]>,
        rows: RowStream,
    ) -> Result<()> {
        if CURSORS_LEN_MAX <= self.cursors.len() {
            return Err(Error::ProgramLimitExceeded("too many open cursors".to_owned()));
        }
        let Declaration { name, binary, scroll, hold, text } = declaration;
        let state = State { source: Some(rows), seen: Vec::new(), dropped: 0, position: 0, scroll };
        let cursor = Cursor {
            columns,
            hold,
            declared_at_us: self.engine.clock.now_us(),
            binary,
            scroll,
            text,
            follows: false,
            state: Arc::new(Mutex::new(Some(state))),
        };
        self.cursors.insert(name, cursor);
        Ok(())
    }

    /// Errors: as [`SqlSession::declare`].
    pub(super) fn check_declaration(&self, declaration: &Declaration) -> Result<()> {
        if !declaration.hold && self.block.is_none() {
            let message = "DECLARE CURSOR can only be used in transaction blocks".to_owned();
            return Err(Error::NoActiveTransaction(message));
        }
        if self.cursors.contains_key(&declaration.name) {
            return Err(Error::DuplicateCursor(declaration.name.clone()));
        }
        Ok(())
    }

    /// From now on the rows of a cursor are told as they come.
    pub(super) fn follow_cursor(&mut self, name: &str) {
        if let Some(cursor) = self.cursors.get_mut(name) {
            cursor.follows = true;
        }
    }

    /// FETCH and MOVE. A cursor that follows a log gives the rows that are there, and waits for one if none is; with a
    /// limit, it waits so long for as many as were asked for.
    /// Errors: 34000 for an unknown cursor; 55000 for going back in a forward-only one.
    pub(super) async fn fetch(
        &mut self,
        name: &str,
        direction: Direction,
        (is_move, timeout_ms): (bool, Option<u64>),
    ) -> Result<Outcome> {
        let cursor = self
            .cursors
            .get(name)
            .ok_or_else(|| Error::UndefinedCursor { kind: "cursor", name: name.to_owned() })?;
        let (columns, binary) = (Arc::clone(&cursor.columns), cursor.binary);
        let patience = match (cursor.follows, timeout_ms) {
            (false, _) => Patience::Endless,
            (true, None) => Patience::ForOne,
            (true, Some(limit)) => {
                Patience::Until(tokio::time::Instant::now() + Duration::from_millis(limit))
            }
        };
        let slot = Arc::clone(&cursor.state);
        let Some(state) = slot.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Err(Error::NotInPrerequisiteState(format!("cursor \"{name}\" is in use")));
        };
        let mut lease = Lease { slot, state: Some(state) };
        let rows = lease.go(direction).await?;
        let rows = match rows {
            Rows::Ready(batches) => super::super::run::stored(batches),
            Rows::Forward(count) => lease.stream(count, patience),
        };
        if !is_move {
            return Ok(Outcome::Rows { columns, rows, tag: RowsTag::Counted("FETCH"), binary });
        }
        let mut rows = rows;
        let mut moved = 0;
        while let Some(batch) = rows.next().await {
            moved += batch?.num_rows();
        }
        Ok(Outcome::Done(format!("MOVE {moved}")))
    }

    /// CLOSE; `None` is ALL.
    pub(super) fn close_cursor(&mut self, name: Option<&str>) -> Result<()> {
        match name {
            None => self.cursors.clear(),
            Some(name) if self.cursors.remove(name).is_some() => {}
            Some(name) => {
                return Err(Error::UndefinedCursor { kind: "cursor", name: name.to_owned() });
            }
        }
        Ok(())
    }
}

/// How long rows are waited for.
#[derive(Clone, Copy)]
enum Patience {
    /// All that were asked for, or the end.
    Endless,
    /// One.
    ForOne,
    /// All that come before.
    Until(tokio::time::Instant),
}

/// What a movement gives.
enum Rows {
    /// Rows that are at hand.
    Ready(Vec<RecordBatch>),
    /// This many rows forward from here, `None` for all, read as they are sent.
    Forward(Option<usize>),
}

/// The state of a cursor while a FETCH has it; given back when dropped.
struct Lease {
    slot: Slot,
    state: Option<State>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = self.state.take();
    }
}

impl Lease {
    fn state(&mut self) -> Result<&mut State> {
        self.state.as_mut().ok_or_else(|| Error::Internal("a cursor lost its state".to_owned()))
    }

    async fn go(&mut self, direction: Direction) -> Result<Rows> {
        let state = self.state()?;
        match direction {
            Direction::Forward(Some(0)) | Direction::Backward(Some(0)) | Direction::Relative(0) => {
                state.current()
            }
            Direction::Forward(None) => Ok(Rows::Forward(None)),
            Direction::Forward(Some(count)) => {
                Ok(Rows::Forward(Some(usize::try_from(count).unwrap_or(usize::MAX))))
            }
            Direction::Backward(count) => {
                let count = count.map_or(usize::MAX, |c| usize::try_from(c).unwrap_or(usize::MAX));
                state.backward(count)
            }
            Direction::Relative(offset) => {
                let target = if offset < 0 {
                    state.position.saturating_sub(size(offset))
                } else {
                    state.position.saturating_add(size(offset))
                };
                state.absolute(target).await
            }
            Direction::Absolute(target) if 0 <= target => state.absolute(size(target)).await,
            Direction::Absolute(target) => {
                let all = state.read_all().await?;
                let target = (all + 1).saturating_sub(size(target));
                state.absolute(target).await
            }
        }
    }

    /// Rows forward, one batch at a time, while the cursor is lent.
    fn stream(self, count: Option<usize>, patience: Patience) -> RowStream {
        let left = count.unwrap_or(usize::MAX);
        let start = (self, left, false);
        futures::stream::try_unfold(start, move |(mut lease, left, begun)| async move {
            if left == 0 {
                return Ok(None);
            }
            let forward = lease.state()?.forward(left);
            let next = match patience {
                Patience::Endless => forward.await?,
                Patience::ForOne if !begun => forward.await?,
                Patience::ForOne => forward.now_or_never().transpose()?.flatten(),
                Patience::Until(end) => match tokio::time::timeout_at(end, forward).await {
                    Ok(next) => next?,
                    Err(_late) => None,
                },
            };
            Ok(next.map(|batch| {
                let left = left - batch.num_rows();
                (batch, (lease, left, true))
            }))
        })
        .boxed()
    }
}

fn size(number: i64) -> usize {
    usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX)
}

impl State {
    /// Rows that were read so far.
    fn known(&self) -> usize {
        self.dropped + self.seen.iter().map(RecordBatch::num_rows).sum::<usize>()
    }

    /// Reads one more batch. Returns whether there was one.
    async fn read(&mut self) -> Result<bool> {
        let Some(source) = self.source.as_mut() else { return Ok(false) };
        match source.next().await {
            Some(batch) => {
                self.seen.push(batch?);
                Ok(true)
            }
            None => {
                self.source = None;
                Ok(false)
            }
        }
    }

    async fn read_all(&mut self) -> Result<usize> {
        if !self.scroll {
            return Err(forward_only());
        }
        while self.read().await? {}
        Ok(self.known())
    }

    /// At most `count` of the rows after the position, as many as one batch holds.
    async fn forward(&mut self, count: usize) -> Result<Option<RecordBatch>> {
        while self.known() <= self.position {
            if !self.read().await? {
                self.position = self.known() + 1;
                return Ok(None);
            }
        }
        let mut before = self.dropped;
        for batch in &self.seen {
            let rows = batch.num_rows();
            if self.position < before + rows {
                let offset = self.position - before;
                let part = batch.slice(offset, count.min(rows - offset));
                self.position += part.num_rows();
                if !self.scroll {
                    self.forget();
                }
                return Ok(Some(part));
            }
            before += rows;
        }
        Ok(None)
    }

    /// Drops batches that a forward-only cursor has passed.
    fn forget(&mut self) {
        while let Some(first) = self.seen.first() {
            let rows = first.num_rows();
            // The row the cursor is on stays, for FETCH 0.
            if self.position <= self.dropped + rows {
                return;
            }
            self.dropped += rows;
            self.seen.remove(0);
        }
    }

    fn row(&self, number: usize) -> Option<RecordBatch> {
        let mut before = self.dropped;
        for batch in &self.seen {
            let rows = batch.num_rows();
            if before < number && number <= before + rows {
                return Some(batch.slice(number - before - 1, 1));
            }
            before += rows;
        }
        None
    }

    fn current(&self) -> Result<Rows> {
        Ok(Rows::Ready(self.row(self.position).into_iter().collect()))
    }

    /// Row `target` alone, and the cursor on it.
    async fn absolute(&mut self, target: usize) -> Result<Rows> {
        if target < self.position && !self.scroll {
            return Err(forward_only());
        }
        while self.known() < target {
            if !self.read().await? {
                self.position = self.known() + 1;
                return Ok(Rows::Ready(Vec::new()));
            }
            if !self.scroll {
                self.position = self.known().min(target);
                self.forget();
            }
        }
        self.position = target;
        self.current()
    }

    /// Rows before the position, the nearest first.
    fn backward(&mut self, count: usize) -> Result<Rows> {
        if !self.scroll {
            return Err(forward_only());
        }
        let last = self.position.min(self.known() + 1);
        let first = last.saturating_sub(count).max(1);
        let mut batches = Vec::new();
        let mut end = self.known();
        for batch in self.seen.iter().rev() {
            let start = end - batch.num_rows();
            // Rows start+1 ..= end are in this batch.
            let (from, to) = (first.max(start + 1), end.min(last.saturating_sub(1)));
            if from <= to {
                let indices: Result<Vec<u32>, _> =
                    (from..=to).rev().map(|row| u32::try_from(row - start - 1)).collect();
                let indices = indices.map_err(|e| Error::Internal(e.to_string()))?;
                let taken = take_record_batch(batch, &arrow::array::UInt32Array::from(indices))
                    .map_err(|e| Error::Internal(e.to_string()))?;
                batches.push(taken);
            }
            end = start;
        }
        let moved: usize = batches.iter().map(RecordBatch::num_rows).sum();
        self.position = if moved < count { 0 } else { first };
        Ok(Rows::Ready(batches))
    }
}

fn forward_only() -> Error {
    Error::NotInPrerequisiteState("cursor can only scan forward".to_owned())
        .hint("Declare it with SCROLL option to enable backward scan.")
}
