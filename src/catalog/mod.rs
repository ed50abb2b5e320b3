//! Catalog: what the journal says exists, as an immutable [`Generation`].
//!
//! Owns: the journal, the manifests of versions, the lock of the state root, the newest generation.
//! Invariants: a generation is published only once its commit is durable, and a commit is answered only once its
//! generation is published; generations have growing LSNs and never change; OIDs are never handed out twice.
//! On failure: a change that is refused changes nothing, nor do the others of its commit; commits beside it are not
//! touched. When the journal fails, what is published stays readable and every commit is refused until a restart.
//! A version whose manifest is missing or damaged is left out at the start and told of in [`Catalog::opening`].
//!
//! Imports: error, config, task, store, journal, rows. Used by: version, backup, pg, query, server.

pub mod change;
mod committer;
mod decide;
mod defined;
mod defined_log;
mod defined_table;
mod defined_view;
pub mod dependents;
pub mod generation;
pub mod log;
pub mod manifest;
mod privileges;
mod record;
mod record_log;
mod record_table;
mod record_view;
mod record_written;
mod references;
pub mod roles;
mod state;
mod stored;
pub mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_tables;
pub mod view;
pub mod written;

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{mpsc, oneshot, watch};

pub use change::{Change, Move, RoleChanges};
pub use defined_view::retyped;
pub use generation::Generation;
pub use privileges::PUBLIC;
pub use stored::sha256;

use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::store::{Directory, Lock};
use crate::task::{Clock, Tasks};
use committer::{Committer, Desk, Request};
use log::{Live, SegmentFile, Stamped};
use state::{Limits, Oids, State};

/// Requests that wait for the committer. More than a few groups only wait; senders beyond it wait to send.
const QUEUE_LEN_MAX: usize = 1_024;

/// The catalog. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Catalog {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Request>,
    desk: Desk,
}

/// What a commit came to: a generation that has it, and the numbers that rows of logs got.
pub type Committed = (Arc<Generation>, Vec<Stamped>);

/// What a start found wrong, and went on.
#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Versions that are left out. Adding one again, or removing it, settles it.
    pub lost_versions: Vec<LostVersion>,
    /// Bytes of a write that was torn by a crash and never acknowledged.
    pub truncated_bytes: u64,
    /// Checkpoints that were damaged; an older one was used.
    pub damaged_checkpoints: usize,
}

/// A version whose manifest is missing or damaged.
#[derive(Debug, Clone)]
pub struct LostVersion {
    /// Its database.
    pub database: String,
    /// Its name.
    pub version: String,
    /// What is wrong.
    pub reason: Error,
}

/// All there is at one moment, for who keeps it elsewhere.
#[derive(Debug)]
pub struct Snapshot {
    /// The newest commit in it.
    pub lsn: u64,
    /// The state, for [`restore`].
    pub state: Vec<u8>,
    /// Manifests it names, by their directory and file in `manifests`. They go when their versions do.
    pub manifests: Vec<(String, String)>,
    /// Keeps the files of logs that it names.
    generation: Arc<Generation>,
}

impl Snapshot {
    /// Files of logs it names, which stay as long as it is held, each with the OID of its log.
    pub fn log_files(&self) -> impl Iterator<Item = (u32, &SegmentFile)> {
        self.generation
            .logs
            .iter()
            .flat_map(|(oid, log)| log.segments.iter().map(|segment| (*oid, &segment.file)))
    }
}

/// Makes `root`, where the manifests are that `state` names, a state root.
/// Errors: XX001 for a state, or a manifest, that cannot be read; F0000 when a newer release wrote it; 58030, 53100.
pub fn restore(root: &Directory, lsn: u64, state: &[u8]) -> Result<()> {
    committer::check(root, state)?;
    Journal::begin(&root.subdirectory("journal")?, lsn, state)
}

/// What readers see.
#[derive(Debug)]
struct Shared {
    newest: ArcSwap<Generation>,
    changes: watch::Sender<u64>,
    failure: ArcSwapOption<Error>,
    opening: Opening,
    oids: Arc<Oids>,
    limits: Arc<Limits>,
    live: Arc<Live>,
    drafts: AtomicU64,
    /// How many have asked for a commit and wait.
    asking: AtomicUsize,
}

impl Catalog {
    /// Opens the state root, made when it is missing, and starts the committer. The lock is held until `tasks` stops
    /// or the last handle is dropped.
    ///
    /// Errors: F0001 when another process has it; F0000 when a newer release wrote it; XX001 for a damaged journal;
    /// 58030, 53100.
    pub async fn open(state_root: &Path, clock: Clock, tasks: &Tasks) -> Result<Catalog> {
        let path = state_root.to_owned();
        let opened = tasks.blocking(move || {
            let root = Directory::open(&path)?;
            let lock = Lock::acquire(&path)?;
            Committer::open(&root, clock, Some(lock))
        });
        let (committer, shared) =
            opened.await.map_err(|error| Error::Internal(error.to_string()))??;
        let (queue, requests) = mpsc::channel(QUEUE_LEN_MAX);
        let stopper = queue.downgrade();
        let desk: Desk = Arc::new(Mutex::new(Some(committer)));
        let serving = committer::serve(Arc::clone(&desk), requests, stopper, tasks.clone());
        tasks.essential("catalog", serving);
        Ok(Catalog { shared, queue, desk })
    }

    /// The same over a simulated disk, without a lock.
    #[cfg(test)]
    pub(crate) fn open_faulty(
        disk: &crate::store::faulty::Disk,
        clock: Clock,
        tasks: &Tasks,
    ) -> Result<Catalog> {
        let root = Directory::open_faulty(Path::new("/state"), disk)?;
        let (committer, shared) = Committer::open(&root, clock, None)?;
        let (queue, requests) = mpsc::channel(QUEUE_LEN_MAX);
        let stopper = queue.downgrade();
        let desk: Desk = Arc::new(Mutex::new(Some(committer)));
        let serving = committer::serve(Arc::clone(&desk), requests, stopper, tasks.clone());
        tasks.essential("catalog", serving);
        Ok(Catalog { shared, queue, desk })
    }

    /// The newest generation. Holding it keeps everything in it.
    pub fn pin(&self) -> Arc<Generation> {
        self.shared.pin()
    }

    /// The LSN of the newest generation, each time it changes. The generation is there before its LSN is told.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changes.subscribe()
    }

    /// Commits all of `changes` or none, in order, and returns a generation that has them. Durable, then visible,
    /// then acknowledged. Changes that come to nothing make no commit.
    ///
    /// Cancel safe in this sense: dropped while it waits, the commit happens wholly or not at all.
    /// Errors: as [`Change`] says; 53100 when the disk is full, and a later commit may succeed; 58030 once the
    /// journal has failed; 54000 for too many changes at once; 57P01 when the process stops.
    pub async fn commit(&self, changes: Vec<Change>) -> Result<Arc<Generation>> {
        Ok(self.commit_stamped(changes).await?.0)
    }

    /// As [`Catalog::commit`], and the numbers that rows of logs got, in the order of the changes.
    pub async fn commit_stamped(&self, changes: Vec<Change>) -> Result<Committed> {
        let asking = Asking::begin(&self.shared.asking);
        let changes = match self.commit_here(changes, &asking) {
            Ok(done) => return done,
            Err(changes) => changes,
        };
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Commit { changes, answer }).await?;
        answered.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Commits a small change on this thread when nobody else commits and syncs are quick: no thread is woken for it, and
    /// none for its answer. Gives the changes back otherwise.
    fn commit_here(
        &self,
        changes: Vec<Change>,
        asking: &Asking<'_>,
    ) -> std::result::Result<Result<Committed>, Vec<Change>> {
        // Many who ask share a sync.
        if !asking.is_alone() || !changes.iter().all(Change::is_small) {
            return Err(changes);
        }
        let Ok(mut desk) = self.desk.try_lock() else { return Err(changes) };
        let Some(committer) = desk.as_mut().filter(|committer| committer.is_quick()) else {
            return Err(changes);
        };
        let done = committer.commit_one(changes);
        if committer.is_due() {
            // A full queue looks by itself.
            drop(self.queue.try_send(Request::Look));
        }
        Ok(done)
    }

    /// The first of `count` object identifiers that nobody else gets, also if nothing is made with them.
    /// Errors: 54000 when they are used up.
    pub fn take_oids(&self, count: u32) -> Result<u32> {
        self.shared.oids.take(count)
    }

    /// What `generation` would be with `changes` at a moment, for the transaction that is going to commit them.
    /// Versions are not changed so.
    /// Errors: as [`Change`] says.
    pub fn draft(
        &self,
        generation: &Generation,
        changes: &[Change],
        at_us: i64,
    ) -> Result<Generation> {
        let mut state = State::draft(generation, &self.shared);
        for change in changes {
            match change {
                Change::WriteRows(all) => {
                    state.write_rows(all, at_us)?;
                }
                Change::AppendSegments { table, files, first } => {
                    let (fact, _) = state.append_segments(table, files, *first, at_us)?;
                    state.fold(fact, at_us)?;
                }
                change => {
                    for fact in state.decide(change.clone())? {
                        state.fold(fact, at_us)?;
                    }
                }
            }
        }
        if state.redefined {
            state.generation.defined.draft = self.draft_number();
        }
        Ok(state.generation)
    }

    /// A number that no other draft has.
    pub fn draft_number(&self) -> u64 {
        self.shared.drafts.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether a generation that somebody holds, the newest one among them, has a segment of that name.
    pub fn segment_lives(&self, table: u32, name: &str) -> bool {
        self.shared.live.has(table, name)
    }

    /// How many bytes the rows of all tables that users write may take together.
    pub fn limit_rows(&self, bytes_max: usize) {
        self.shared.limits.set_rows_bytes_max(bytes_max);
    }

    /// Writes a checkpoint now. It also happens by itself as the journal grows.
    /// Errors: as [`Catalog::commit`]; the older checkpoint and the journal stay.
    pub async fn checkpoint(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Checkpoint { answer }).await?;
        answered.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// All there is, after whatever was acknowledged before.
    /// Errors: 57P01 when the process stops.
    pub async fn snapshot(&self) -> Result<Snapshot> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Snapshot { answer }).await?;
        answered.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Why nothing can be committed any more, if so: then the process is not healthy.
    pub fn failure(&self) -> Option<Error> {
        self.shared.failure.load().as_deref().cloned()
    }

    /// What the start found wrong.
    pub fn opening(&self) -> &Opening {
        &self.shared.opening
    }

    async fn ask(&self, request: Request) -> Result<()> {
        self.queue.send(request).await.ok().ok_or_else(stopping)
    }
}

/// One of those who have asked for a commit and have no answer yet.
struct Asking<'a>(&'a AtomicUsize);

impl Asking<'_> {
    fn begin(all: &AtomicUsize) -> Asking<'_> {
        all.fetch_add(1, Ordering::Relaxed);
        Asking(all)
    }

    fn is_alone(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    fn new(generation: Generation, opening: Opening, state: &State) -> Shared {
        let changes = watch::Sender::new(generation.lsn);
        Shared {
            newest: ArcSwap::from_pointee(generation),
            changes,
            failure: ArcSwapOption::empty(),
            opening,
            oids: Arc::clone(&state.oids),
            limits: Arc::clone(&state.limits),
            live: Arc::clone(&state.live),
            drafts: AtomicU64::new(0),
            asking: AtomicUsize::new(0),
        }
    }

    fn pin(&self) -> Arc<Generation> {
        self.newest.load_full()
    }

    fn publish(&self, generation: Generation) {
        let lsn = generation.lsn;
        self.newest.store(Arc::new(generation));
        self.changes.send_replace(lsn);
    }

    fn set_failure(&self, failure: Option<&Error>) {
        if let Some(failure) = failure {
            self.failure.store(Some(Arc::new(failure.clone())));
        }
    }
}

fn stopping() -> Error {
    Error::AdminShutdown("administrator command")
}
