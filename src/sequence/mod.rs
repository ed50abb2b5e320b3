//! Sequence: numbers that are handed out once.
//!
//! A block of numbers is durable in the journal before its first number leaves. What is left of it lives here: a crash
//! loses it, which leaves a gap and never brings a number twice; a clean stop gives it back.
//!
//! Owns: the open blocks, and what sessions know of the numbers they took. Invariants: of one sequence one block is open,
//! and only while the durable position is the one it left there; numbers are taken under the block's lock alone.
//! On failure: the error is that of the one call, and the block stays as it was.
//!
//! Imports: error, catalog. Used by: pg, query, server.

mod number;
mod session;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

pub use number::Run;
pub(crate) use session::undefined;
pub use session::{Drafted, Session};

use crate::catalog::change::Change;
use crate::catalog::generation::Defined;
use crate::catalog::written::{Position, Sequence};
use crate::catalog::{Catalog, Committed, Generation};
use crate::error::{Error, Result};

/// Numbers reserved at a time. A tenth would sync too often, ten times as many would leave gaps that people notice.
pub const BLOCK_LEN: i64 = 1_000;

/// Blocks given back at a time.
const GROUP_LEN: usize = 256;

/// Below this many open blocks nobody looks for those of sequences that are gone.
const OPEN_LEN_MIN: usize = 64;

/// How often a call tries again when others move the sequence meanwhile.
const TRIES_MAX: usize = 100;

/// The open blocks of all sequences.
#[derive(Debug)]
pub struct Sequences {
    catalog: Catalog,
    block_len: i64,
    open: Mutex<BTreeMap<u32, Arc<Open>>>,
}

/// The open block of one sequence.
#[derive(Debug)]
struct Open {
    block: Mutex<Block>,
    /// One permit, for who moves the durable position: several who find a block empty reserve one.
    moving: Semaphore,
}

/// What of a reservation is left.
#[derive(Debug, Default)]
struct Block {
    /// The definition that was looked up last, and when it was.
    known: Option<(Defined, Arc<Sequence>)>,
    /// The turn of the durable position that reserved it; `None` when no block is open.
    turn: Option<u64>,
    /// The turn that the next reservation will have, while it is on its way: until then nothing of it was taken.
    next_turn: Option<u64>,
    /// The last number taken, or the next one while `is_called` is false.
    last: i64,
    is_called: bool,
    /// How many numbers are left.
    left: i64,
}

impl Sequences {
    /// No block is open yet.
    pub fn new(catalog: &Catalog) -> Sequences {
        Sequences::with_blocks(catalog, BLOCK_LEN)
    }

    fn with_blocks(catalog: &Catalog, block_len: i64) -> Sequences {
        Sequences { catalog: catalog.clone(), block_len, open: Mutex::default() }
    }

    /// The next `count` numbers of a sequence, fewer at its end and at the end of a block; `None` where a block has to be
    /// reserved first.
    /// Errors: 2200H at its end; 42704 when it is gone; 58030 once the journal has failed.
    fn take(&self, oid: u32, count: i64) -> Result<Option<Run>> {
        // A commit that failed may be durable all the same, and have moved the sequence back.
        if let Some(failure) = self.catalog.failure() {
            return Err(failure);
        }
        let newest = self.catalog.pin();
        let open = self.open(oid);
        let mut block = lock(&open.block);
        let sequence = block.definition(&newest, oid)?;
        if block.turn.is_none() || block.turn != newest.positions.get(&oid).map(|now| now.turn) {
            return Ok(None);
        }
        if block.left == 0 {
            return Ok(None);
        }
        let run = number::run(&sequence, block.last, block.is_called, count.min(block.left))?;
        (block.last, block.is_called) = (run.last, true);
        block.left -= run.len(sequence.increment).min(block.left);
        Ok(Some(run))
    }

    /// Makes the next numbers of a sequence durable, unless somebody else did meanwhile.
    /// Errors: 2200H at its end; 42704 when it is gone; those of a commit.
    async fn reserve(&self, oid: u32) -> Result<()> {
        let open = self.open(oid);
        let _moving = permit(&open).await?;
        let newest = self.catalog.pin();
        let (sequence, start) = {
            let mut block = lock(&open.block);
            let sequence = block.definition(&newest, oid)?;
            let durable = *newest.positions.get(&oid).ok_or_else(|| gone(oid))?;
            let current = block.turn == Some(durable.turn);
            if current && block.left != 0 {
                return Ok(());
            }
            block.next_turn = Some(durable.turn.saturating_add(1));
            (block.last, block.is_called) = (durable.last, durable.is_called);
            (sequence, durable)
        };
        let reserved = self.reserve_behind(&sequence, start).await;
        let mut block = lock(&open.block);
        block.turn = block.next_turn.take().filter(|_| reserved.is_ok());
        // If it was moved again already, the turn tells.
        block.left = reserved?;
        Ok(())
    }

    /// Makes the numbers behind `start` durable, and returns how many.
    async fn reserve_behind(&self, sequence: &Sequence, start: Position) -> Result<i64> {
        // Whole shares of sessions with CACHE: what one takes has no gap in it.
        let shares = self.block_len.saturating_add(sequence.cache - 1) / sequence.cache;
        let count = shares.saturating_mul(sequence.cache);
        let run = number::run(sequence, start.last, start.is_called, count)?;
        let position = Position { last: run.last, is_called: true, turn: start.turn };
        let oid = sequence.ids.relation;
        self.catalog.commit(vec![Change::MoveSequence { oid, position }]).await?;
        Ok(run.len(sequence.increment))
    }

    /// The next numbers of a sequence, at most `count`.
    /// Errors: as [`Sequences::take`] and [`Sequences::reserve`]; 40001 when others keep moving it.
    pub async fn next(&self, oid: u32, count: i64) -> Result<Run> {
        for _ in 0..TRIES_MAX {
            if let Some(run) = self.take(oid, count)? {
                return Ok(run);
            }
            match self.reserve(oid).await {
                Err(Error::SerializationFailure(_)) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::SerializationFailure("the sequence is moved all the time".to_owned()))
    }

    /// Moves a sequence: the next number is `last`, or the one behind it if `is_called`.
    /// Errors: 42704 when it is gone; those of a commit; 40001 when others keep moving it.
    pub async fn set(&self, oid: u32, last: i64, is_called: bool) -> Result<()> {
        let open = self.open(oid);
        for _ in 0..TRIES_MAX {
            let _moving = permit(&open).await?;
            let turn = self.catalog.pin().positions.get(&oid).ok_or_else(|| gone(oid))?.turn;
            let position = Position { last, is_called, turn };
            match self.catalog.commit(vec![Change::MoveSequence { oid, position }]).await {
                Err(Error::SerializationFailure(_)) => {}
                other => return other.map(|_| ()),
            }
        }
        Err(Error::SerializationFailure("the sequence is moved all the time".to_owned()))
    }

    /// Where a sequence is for everybody: its last number, and whether that was taken. `None` when it is gone.
    pub fn position(&self, oid: u32) -> Option<(i64, bool)> {
        let durable = *self.catalog.pin().positions.get(&oid)?;
        let open = self.known(oid);
        let block = open.as_ref().map(|open| lock(&open.block));
        Some(match block {
            Some(block) if [block.turn, block.next_turn].contains(&Some(durable.turn)) => {
                (block.last, block.is_called)
            }
            _ => (durable.last, durable.is_called),
        })
    }

    /// Commits changes of a transaction. Sequences that get another definition without another position go on where they
    /// are, not behind their block.
    /// Errors: those of the changes; what is left of blocks stays as it was then.
    pub async fn commit(&self, mut changes: Vec<Change>) -> Result<Committed> {
        let mut oids: Vec<u32> = changes.iter().filter_map(continues).collect();
        // Locks are taken in one order, so that two transactions never wait for each other.
        oids.sort_unstable();
        oids.dedup();
        let open: Vec<Arc<Open>> = oids.iter().map(|oid| self.open(*oid)).collect();
        let mut moving = Vec::with_capacity(open.len());
        for open in &open {
            moving.push(permit(open).await?);
        }
        let mut closed = Vec::with_capacity(open.len());
        for (oid, open) in oids.iter().zip(&open) {
            closed.push(self.close(*oid, open));
        }
        for change in &mut changes {
            let Some(oid) = continues(change) else { continue };
            let index = oids.binary_search(&oid).unwrap_or_default();
            if let Change::PutSequence { position, .. } = change
                && let Some(Closed { at: Some(at), .. }) = closed.get(index)
            {
                *position = Some(*at);
            }
        }
        let committed = self.catalog.commit_stamped(changes).await;
        if committed.is_err() {
            for (open, closed) in open.iter().zip(closed) {
                lock(&open.block).left = closed.left;
            }
        }
        drop(moving);
        committed
    }

    /// Gives back what is left of all blocks, at the end.
    /// Errors: those of a commit.
    pub async fn give_back(&self) -> Result<()> {
        let all: Vec<(u32, Arc<Open>)> =
            lock(&self.open).iter().map(|(oid, open)| (*oid, Arc::clone(open))).collect();
        let mut changes = Vec::new();
        for (oid, open) in all {
            let _moving = permit(&open).await?;
            if let Closed { at: Some(position), left } = self.close(oid, &open)
                && left != 0
            {
                changes.push(Change::MoveSequence { oid, position });
            }
        }
        // Each by itself, for that one of them is gone says nothing of the others; those of a group share one sync.
        for group in changes.chunks(GROUP_LEN) {
            let commits = group.iter().map(|change| self.catalog.commit(vec![change.clone()]));
            for committed in futures::future::join_all(commits).await {
                match committed {
                    Err(error @ Error::SerializationFailure(_)) => {
                        tracing::debug!(%error, "a block was not given back");
                    }
                    other => drop(other?),
                }
            }
        }
        Ok(())
    }

    /// Takes away what is left of a block, and tells where it was. Under the `moving` lock.
    fn close(&self, oid: u32, open: &Open) -> Closed {
        let durable = self.catalog.pin().positions.get(&oid).copied();
        let mut block = lock(&open.block);
        let left = std::mem::take(&mut block.left);
        let current = durable.filter(|durable| block.turn == Some(durable.turn));
        let (last, is_called) = (block.last, block.is_called);
        Closed { at: current.map(|durable| Position { last, is_called, turn: durable.turn }), left }
    }

    fn open(&self, oid: u32) -> Arc<Open> {
        let mut open = lock(&self.open);
        if let Some(known) = open.get(&oid) {
            return Arc::clone(known);
        }
        // Sequences end without telling: those that are gone are swept when most are.
        let positions = &self.catalog.pin().positions;
        if OPEN_LEN_MIN.max(2 * positions.len()) <= open.len() {
            open.retain(|oid, _| positions.contains_key(oid));
        }
        Arc::clone(open.entry(oid).or_default())
    }

    fn known(&self, oid: u32) -> Option<Arc<Open>> {
        lock(&self.open).get(&oid).cloned()
    }
}

/// A block that nothing is taken from.
struct Closed {
    /// Where it was; `None` when no block was open.
    at: Option<Position>,
    /// How many numbers were left.
    left: i64,
}

/// The sequence that a change defines anew without saying where it goes on.
fn continues(change: &Change) -> Option<u32> {
    match change {
        Change::PutSequence { sequence, position: None, .. } => Some(sequence.ids.relation),
        _ => None,
    }
}

impl Default for Open {
    fn default() -> Open {
        Open { block: Mutex::default(), moving: Semaphore::new(1) }
    }
}

async fn permit(open: &Open) -> Result<SemaphorePermit<'_>> {
    open.moving.acquire().await.map_err(|closed| Error::Internal(closed.to_string()))
}

impl Block {
    /// The sequence as it is defined in `newest`.
    /// Errors: 42704 when it is gone.
    fn definition(&mut self, newest: &Generation, oid: u32) -> Result<Arc<Sequence>> {
        match &self.known {
            Some((defined, sequence)) if *defined == newest.defined => Ok(Arc::clone(sequence)),
            _ => {
                let (_, sequence) = newest.sequence_by_oid(oid).ok_or_else(|| gone(oid))?;
                self.known = Some((newest.defined, Arc::clone(sequence)));
                Ok(Arc::clone(sequence))
            }
        }
    }
}

fn gone(oid: u32) -> Error {
    Error::UndefinedObject(format!("could not open relation with OID {oid}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
