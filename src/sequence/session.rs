//! What one session knows of sequences: numbers it has taken and not used, the last ones it used, and those of sequences
//! that nobody else sees yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::{Run, Sequences, lock, number};
use crate::catalog::change::Change;
use crate::catalog::log::Stamped;
use crate::catalog::written::{Position, Sequence};
use crate::error::{Error, Result};

/// A session's part of sequences. Calls from within queries block their thread while a block is reserved.
#[derive(Debug)]
pub struct Session {
    sequences: Arc<Sequences>,
    /// What waits for reservations.
    runtime: tokio::runtime::Handle,
    own: Mutex<Own>,
}

#[derive(Debug, Default)]
struct Own {
    /// The last number of each sequence.
    used: BTreeMap<u32, i64>,
    /// The sequence used last.
    latest: Option<u32>,
    /// Numbers of sequences with CACHE.
    cached: BTreeMap<u32, Cached>,
    /// Where sequences are that this transaction has made or restarted.
    drafted: Drafted,
}

/// Numbers that a session has taken and not used, the next first.
#[derive(Debug)]
struct Cached {
    run: Run,
    /// The definition they were taken by: they end with it.
    sequence: Arc<Sequence>,
}

/// Positions that only one transaction sees.
pub type Drafted = BTreeMap<u32, (Position, Arc<Sequence>)>;

impl Session {
    /// Of a session that has used none yet.
    pub fn new(sequences: &Arc<Sequences>, runtime: tokio::runtime::Handle) -> Session {
        Session { sequences: Arc::clone(sequences), runtime, own: Mutex::default() }
    }

    /// `nextval` of a sequence as the statement sees it.
    /// Errors: 2200H; 42704 when the sequence is gone; 0A000 where this transaction has altered it; those of a commit.
    pub fn next(&self, sequence: &Arc<Sequence>) -> Result<i64> {
        let oid = sequence.ids.relation;
        if let Some(number) = self.next_known(sequence)? {
            return Ok(number);
        }
        self.check_shared(sequence)?;
        let taken = match self.sequences.take(oid, sequence.cache)? {
            Some(run) => run,
            None => self.wait(self.sequences.next(oid, sequence.cache))?,
        };
        Ok(self.use_first(sequence, taken))
    }

    /// The same where nothing may block.
    /// Errors: as [`Session::next`].
    pub async fn next_async(&self, sequence: &Arc<Sequence>) -> Result<i64> {
        let oid = sequence.ids.relation;
        if let Some(number) = self.next_known(sequence)? {
            return Ok(number);
        }
        self.check_shared(sequence)?;
        let taken = self.sequences.next(oid, sequence.cache).await?;
        Ok(self.use_first(sequence, taken))
    }

    /// Others go on by the old definition until the transaction commits: its own numbers would be among theirs.
    fn check_shared(&self, sequence: &Sequence) -> Result<()> {
        let newest = self.sequences.catalog.pin();
        let same = |now: &Sequence| {
            let numbers = |it: &Sequence| (it.increment, it.min, it.max, it.cycle);
            numbers(now) == numbers(sequence)
        };
        match newest.sequence_by_oid(sequence.ids.relation) {
            Some((_, now)) if !same(now) => Err(Error::FeatureNotSupported(format!(
                "nextval of sequence \"{}\" in the transaction that alters it is not supported",
                sequence.name
            ))
            .hint("ALTER SEQUENCE ... RESTART makes the numbers its own.")),
            _ => Ok(()),
        }
    }

    /// A number that the session has already, or that only it sees.
    fn next_known(&self, sequence: &Arc<Sequence>) -> Result<Option<i64>> {
        let oid = sequence.ids.relation;
        let mut own = self.own();
        if let Some(cached) = own.cached.remove(&oid)
            && cached.sequence == *sequence
        {
            return Ok(Some(own.use_first(sequence, cached.run)));
        }
        let Some((position, sequence)) = own.drafted.get_mut(&oid) else { return Ok(None) };
        let run = number::run(sequence, position.last, position.is_called, sequence.cache)?;
        (position.last, position.is_called) = (run.last, true);
        let sequence = Arc::clone(sequence);
        Ok(Some(own.use_first(&sequence, run)))
    }

    fn use_first(&self, sequence: &Arc<Sequence>, run: Run) -> i64 {
        self.own().use_first(sequence, run)
    }

    /// `setval`, when the number was checked.
    /// Errors: 42704 when the sequence is gone; those of a commit.
    pub fn set(&self, oid: u32, last: i64, is_called: bool) -> Result<()> {
        {
            let mut own = self.own();
            own.cached.remove(&oid);
            if let Some((position, _)) = own.drafted.get_mut(&oid) {
                (position.last, position.is_called) = (last, is_called);
                if is_called {
                    own.used.insert(oid, last);
                }
                return Ok(());
            }
        }
        self.wait(self.sequences.set(oid, last, is_called))?;
        if is_called {
            self.own().used.insert(oid, last);
        }
        Ok(())
    }

    /// `currval`; `None` when this session has used no number of it.
    pub fn current(&self, oid: u32) -> Option<i64> {
        self.own().used.get(&oid).copied()
    }

    /// The sequence used last and its number.
    pub fn latest(&self) -> Option<(u32, i64)> {
        let own = self.own();
        let oid = own.latest?;
        Some((oid, *own.used.get(&oid)?))
    }

    /// Where a sequence is, as this session sees it.
    pub fn position(&self, oid: u32) -> Option<(i64, bool)> {
        let drafted = self.own().drafted.get(&oid).map(|(at, _)| (at.last, at.is_called));
        drafted.or_else(|| self.sequences.position(oid))
    }

    /// How far a sequence is durable: the last number reserved, and whether one is.
    pub fn reserved(&self, oid: u32) -> Option<(i64, bool)> {
        let durable = self.sequences.catalog.pin().positions.get(&oid).copied()?;
        Some((durable.last, durable.is_called))
    }

    /// DISCARD SEQUENCES.
    pub fn discard(&self) {
        let mut own = self.own();
        own.used.clear();
        own.latest = None;
        own.cached.clear();
    }

    /// A change of this transaction: its own sequences are where it says.
    pub fn drafted(&self, change: &Change) {
        let mut own = self.own();
        match change {
            Change::PutSequence { sequence, position, .. } => {
                let oid = sequence.ids.relation;
                own.cached.remove(&oid);
                let at = position.or_else(|| own.drafted.get(&oid).map(|(at, _)| *at));
                if let Some(at) = at {
                    own.drafted.insert(oid, (at, Arc::clone(sequence)));
                }
            }
            Change::DropSequence { oid, .. } => drop(own.drafted.remove(oid)),
            _ => {}
        }
    }

    /// What a savepoint goes back to.
    pub fn draft(&self) -> Drafted {
        self.own().drafted.clone()
    }

    /// Goes back to it.
    pub fn set_draft(&self, drafted: Drafted) {
        let mut own = self.own();
        let before = std::mem::replace(&mut own.drafted, drafted);
        for oid in before.keys() {
            own.cached.remove(oid);
        }
    }

    /// Commits the changes of a transaction, its own sequences where they have come to. The numbers that rows of logs got.
    /// Errors: those of the changes.
    pub async fn commit(&self, mut changes: Vec<Change>) -> Result<Vec<Stamped>> {
        let drafted = std::mem::take(&mut self.own().drafted);
        for change in &mut changes {
            if let Change::PutSequence { sequence, position: Some(position), .. } = change
                && let Some((at, _)) = drafted.get(&sequence.ids.relation)
            {
                *position = *at;
            }
        }
        self.sequences.commit(changes).await.map(|(_, stamped)| stamped)
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        // Queries run on threads of the compute runtime, which may be told that one of them blocks.
        tokio::task::block_in_place(|| self.runtime.block_on(work))
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        lock(&self.own)
    }
}

impl Own {
    /// The first number of a run; the others are for later.
    fn use_first(&mut self, sequence: &Arc<Sequence>, run: Run) -> i64 {
        let oid = sequence.ids.relation;
        if run.first != run.last {
            let rest = Run { first: run.first.saturating_add(sequence.increment), ..run };
            self.cached.insert(oid, Cached { run: rest, sequence: Arc::clone(sequence) });
        }
        self.used.insert(oid, run.first);
        self.latest = Some(oid);
        run.first
    }
}

/// Errors: 55000 for a number this session has not taken.
pub(crate) fn undefined(what: &str) -> Error {
    Error::NotInPrerequisiteState(format!("{what} is not yet defined in this session"))
}
