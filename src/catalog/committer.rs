//! The one writer: it checks requests against the newest state, makes a group of them durable with one sync, shows
//! the new generation, and only then answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prost::Message;
use tokio::sync::{mpsc, oneshot};

use super::change::Change;
use super::generation::Defined;
use super::log::Stamped;
use super::manifest::Manifest;
use super::record::{Commit, Fact, FactRecord, StateRecord, unknown};
use super::record_table::WriteRows;
use super::state::{Kept, State, VersionKey};
use super::stored::{self, Digest};
use super::{Committed, LostVersion, Opening, Shared, Snapshot};
use crate::error::{Error, Result};
use crate::journal::{self, Journal, Opened};
use crate::store::{Directory, Lock};
use crate::task::{Clock, Tasks};

/// Requests that share one sync. More only makes the first of them wait.
const GROUP_LEN_MAX: usize = 256;

/// Frames and bytes after which a checkpoint is written by itself. They bound what a start replays; a tenth would
/// write the whole state too often.
const CHECKPOINT_FRAMES: u64 = 1_000;
const CHECKPOINT_BYTES: u64 = 8 << 20;

/// A sync that takes no longer may be waited for by a thread that serves the network: waking another takes as long.
const QUICK_SYNC: Duration = Duration::from_micros(400);

/// Bytes of a state that each frame before the next checkpoint stands for: about what it takes to replay one.
const CHECKPOINT_BYTES_PER_FRAME: u64 = 1 << 10;

/// What is asked of the committer.
#[derive(Debug)]
pub(super) enum Request {
    Commit {
        changes: Vec<Change>,
        answer: oneshot::Sender<Result<Committed>>,
    },
    Checkpoint {
        answer: oneshot::Sender<Result<()>>,
    },
    Snapshot {
        answer: oneshot::Sender<Result<Snapshot>>,
    },
    /// A checkpoint may be due.
    Look,
    /// What is asked behind it is refused.
    Stop,
}

/// The committer for who commits where they are, or waits for its thread to; none once that has ended.
pub(super) type Desk = Arc<Mutex<Option<Committer>>>;

/// The owner of the journal and of the newest state.
#[derive(Debug)]
pub(super) struct Committer {
    journal: Journal,
    manifests: Directory,
    clock: Clock,
    /// What is durable; what readers see is the same.
    state: State,
    shared: Arc<Shared>,
    /// Growth since the last checkpoint at which the next is due: frames, bytes.
    due: (u64, u64),
    /// The size of the last checkpoint.
    checkpoint_bytes: u64,
    /// Held as long as we write.
    _lock: Option<Lock>,
}

/// Runs the committer until the stop, then what is queued already, and no more. It has a thread of its own: another one for
/// each group would cost more than all but the sync.
pub(super) async fn serve(
    desk: Desk,
    queue: mpsc::Receiver<Request>,
    stopper: mpsc::WeakSender<Request>,
    tasks: Tasks,
) {
    let stop = tasks.stop_token();
    let mut work = tasks.blocking(move || work(&desk, queue));
    let ended = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        ended = &mut work => Some(ended),
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            // Without a handle nobody asks any more.
            if let Some(stopper) = stopper.upgrade() {
                drop(stopper.send(Request::Stop).await);
            }
            work.await
        }
    };
    // When it panicked, ending early stops the process, and a restart reads what is durable.
    if ended.is_ok() {
        stop.cancelled().await;
    }
}

/// Serves all that is asked, until nobody can ask any more. Others may open the state root then, and the process may live on.
fn work(desk: &Desk, mut queue: mpsc::Receiver<Request>) {
    let mut requests = Vec::new();
    while 0 < queue.blocking_recv_many(&mut requests, GROUP_LEN_MAX) {
        if requests.iter().any(|request| matches!(request, Request::Stop)) {
            queue.close();
        }
        let requests = std::mem::take(&mut requests);
        match desk.lock() {
            Ok(mut committer) => {
                if let Some(committer) = committer.as_mut() {
                    committer.run(requests);
                }
            }
            // It panicked where somebody committed: as if it had here.
            Err(_poisoned) => return,
        }
    }
    drop(desk.lock().unwrap_or_else(PoisonError::into_inner).take());
}

impl Committer {
    /// Reads everything back. The generation is in `Shared` then.
    pub(super) fn open(
        root: &Directory,
        clock: Clock,
        lock: Option<Lock>,
    ) -> Result<(Committer, Arc<Shared>)> {
        let manifests = root.subdirectory("manifests")?;
        let opened = Journal::open(root.subdirectory("journal")?)?;
        let mut state = replay(&opened)?;
        let (found, lost) = read_manifests(&manifests, &state);
        state.attach(&found);
        if let Err(error) = sweep(&manifests, &state) {
            tracing::warn!(%error, "could not remove manifests that nothing names");
        }
        let lsn = opened.journal.last_lsn();
        state.generation.lsn = lsn;
        state.generation.defined = Defined { lsn, draft: 0 };
        state.redefined = false;
        state.oids.skip_to(state.generation.next_oid);
        let opening = Opening {
            lost_versions: lost,
            truncated_bytes: opened.truncated_bytes,
            damaged_checkpoints: opened.damaged_checkpoints,
        };
        let shared = Arc::new(Shared::new(state.generation.clone(), opening, &state));
        let committer = Committer {
            journal: opened.journal,
            manifests,
            clock,
            state,
            shared: Arc::clone(&shared),
            due: (CHECKPOINT_FRAMES, CHECKPOINT_BYTES),
            checkpoint_bytes: 0,
            _lock: lock,
        };
        Ok((committer, shared))
    }

    /// Commits one group of changes where its caller is: the sync is quick here, as far as is known.
    pub(super) fn commit_one(&mut self, changes: Vec<Change>) -> Result<Committed> {
        let mut outcomes = self.commit(vec![changes]);
        outcomes
            .pop()
            .unwrap_or_else(|| Err(Error::Internal("nothing came of a commit".to_owned())))
    }

    /// Whether a sync is likely to be over soon.
    pub(super) fn is_quick(&self) -> bool {
        self.journal.last_sync() <= QUICK_SYNC
    }

    /// Whether the journal has grown so much that a checkpoint should be written.
    pub(super) fn is_due(&self) -> bool {
        let (frames, bytes) = self.journal.since_checkpoint();
        self.journal.failure().is_none() && (self.due.0 <= frames || self.due.1 <= bytes)
    }

    /// Serves one group of requests.
    pub(super) fn run(&mut self, requests: Vec<Request>) {
        let (mut groups, mut commits) = (Vec::new(), Vec::new());
        let (mut checkpoints, mut snapshots) = (Vec::new(), Vec::new());
        for request in requests {
            match request {
                Request::Commit { changes, answer } => {
                    groups.push(changes);
                    commits.push(answer);
                }
                Request::Checkpoint { answer } => checkpoints.push(answer),
                Request::Snapshot { answer } => snapshots.push(answer),
                Request::Look | Request::Stop => {}
            }
        }
        // Somebody who no longer waits for the answer does not need it.
        for (answer, outcome) in commits.into_iter().zip(self.commit(groups)) {
            drop(answer.send(outcome));
        }
        if !checkpoints.is_empty() {
            let outcome = self.checkpoint();
            for answer in checkpoints {
                drop(answer.send(outcome.clone()));
            }
        }
        for answer in snapshots {
            drop(answer.send(self.snapshot()));
        }
        self.checkpoint_if_due();
    }

    /// All there is at this moment.
    fn snapshot(&self) -> Result<Snapshot> {
        let manifests = self.state.kept.iter().map(|((database, version), kept)| {
            (database.clone(), stored::file_name(version, &kept.digest))
        });
        Ok(Snapshot {
            lsn: self.state.generation.lsn,
            state: self.state.to_record()?.encode_to_vec(),
            manifests: manifests.collect(),
            generation: self.shared.pin(),
        })
    }

    /// Commits each group of changes by itself, all with one sync. One outcome per group, in order.
    pub(super) fn commit(&mut self, groups: Vec<Vec<Change>>) -> Vec<Result<Committed>> {
        if let Some(failure) = self.journal.failure() {
            return groups.iter().map(|_| Err(failure.clone())).collect();
        }
        let at_us = self.clock.now_us();
        let mut state = self.state.clone();
        let mut payloads = Vec::new();
        let mut outcomes = Vec::with_capacity(groups.len());
        for changes in groups {
            let prepared = self.prepare(&mut state, changes, at_us);
            outcomes.push(prepared.map(|(payload, stamped)| {
                payloads.extend(payload);
                stamped
            }));
        }
        if !payloads.is_empty() {
            match self.journal.append(&payloads) {
                Ok(lsn) => self.publish(state, lsn),
                // Even a refusal may rest on a request of the same group that did not come about.
                Err(error) => {
                    self.shared.set_failure(self.journal.failure());
                    return outcomes.iter().map(|_| Err(error.clone())).collect();
                }
            }
        }
        let generation = self.shared.pin();
        let committed = |stamped| (Arc::clone(&generation), stamped);
        outcomes.into_iter().map(|it| it.map(committed)).collect()
    }

    /// Writes a checkpoint.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        let bytes = self.state.to_record()?.encode_to_vec();
        self.checkpoint_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let written = self.journal.checkpoint(&bytes);
        self.shared.set_failure(self.journal.failure());
        written
    }

    /// The newest state as a checkpoint would keep it.
    #[cfg(test)]
    pub(super) fn state_record(&self) -> StateRecord {
        self.state.to_record().unwrap()
    }

    fn checkpoint_if_due(&mut self) {
        if !self.is_due() {
            return;
        }
        let (frames, bytes) = self.journal.since_checkpoint();
        if let Err(error) = self.checkpoint() {
            // The journal only grows meanwhile: wait for as much again before the next try.
            self.due = (frames + CHECKPOINT_FRAMES, bytes + CHECKPOINT_BYTES);
            tracing::warn!(%error, frames, "could not write a checkpoint");
            return;
        }
        // A large state is written when as much again stands in the journal, not more often.
        let size = self.checkpoint_bytes;
        let frames = CHECKPOINT_FRAMES.max(size / CHECKPOINT_BYTES_PER_FRAME);
        self.due = (frames, CHECKPOINT_BYTES.max(size));
    }

    /// Folds one request into `state` and gives its frame; `None` when it changes nothing. After an error `state` is
    /// as it was.
    fn prepare(
        &self,
        state: &mut State,
        changes: Vec<Change>,
        at_us: i64,
    ) -> Result<(Option<Vec<u8>>, Vec<Stamped>)> {
        // A single change is checked before it is folded, so it needs no way back.
        let before = (changes.len() > 1).then(|| state.clone());
        let prepared = self.fold(state, changes, at_us).and_then(|(facts, stamped)| {
            if facts.is_empty() {
                return Ok((None, stamped));
            }
            let payload = Commit { at_us, facts }.encode_to_vec();
            if payload.len() > journal::PAYLOAD_BYTES_MAX {
                return Err(Error::ProgramLimitExceeded(format!(
                    "a commit of {} bytes exceeds the limit of {} bytes",
                    payload.len(),
                    journal::PAYLOAD_BYTES_MAX
                )));
            }
            Ok((Some(payload), stamped))
        });
        if let (Err(_), Some(before)) = (&prepared, before) {
            *state = before;
        }
        prepared
    }

    /// The facts of changes, all folded, and the numbers that rows of logs got.
    fn fold(
        &self,
        state: &mut State,
        changes: Vec<Change>,
        at_us: i64,
    ) -> Result<(Vec<FactRecord>, Vec<Stamped>)> {
        let (mut records, mut stamped) = (Vec::new(), Vec::new());
        for change in changes {
            // Until the state knows of them, nobody may take files for what nobody names.
            let _held = change.holds();
            let facts = match change {
                Change::AddVersion { manifest } => vec![self.add(state, manifest)?],
                Change::WriteRows(all) => {
                    stamped.extend(state.write_rows(&all, at_us)?);
                    for (table, change) in &all {
                        let fact = WriteRows::of(table, change)?;
                        records.push(FactRecord { fact: Some(Fact::WriteRows(fact)) });
                    }
                    continue;
                }
                Change::AppendSegments { table, files, first } => {
                    let (fact, own) = state.append_segments(&table, &files, first, at_us)?;
                    stamped.push(own);
                    vec![fact]
                }
                change => state.decide(change)?,
            };
            for fact in facts {
                records.push(FactRecord { fact: Some(fact.clone()) });
                state.fold(fact, at_us)?;
            }
        }
        Ok((records, stamped))
    }

    /// Puts the manifest in place. If the commit fails after all, a later start sweeps it.
    fn add(&self, state: &mut State, manifest: Arc<Manifest>) -> Result<Fact> {
        state.check_add(&manifest)?;
        let bytes = stored::encode(&manifest);
        let digest = stored::sha256(&bytes);
        self.manifests
            .subdirectory(&manifest.database)?
            .write(&stored::file_name(&manifest.version, &digest), &bytes)?;
        let fact = state.add_fact(&manifest, &digest)?;
        state.arriving.insert((manifest.database.clone(), manifest.version.clone()), manifest);
        Ok(fact)
    }

    /// Shows what has become durable, then removes files that nothing names any more.
    fn publish(&mut self, mut state: State, lsn: u64) {
        state.generation.lsn = lsn;
        if std::mem::take(&mut state.redefined) {
            state.generation.defined = Defined { lsn, draft: 0 };
        }
        self.shared.publish(state.generation.clone());
        let old = std::mem::replace(&mut self.state, state);
        if Arc::ptr_eq(&old.kept, &self.state.kept) {
            return;
        }
        for (key, kept) in &*old.kept {
            if self.state.kept.get(key).is_none_or(|now| now.digest != kept.digest) {
                self.forget(key, &kept.digest);
            }
        }
    }

    fn forget(&self, key: &VersionKey, digest: &Digest) {
        let removed = self
            .manifests
            .subdirectory(&key.0)
            .and_then(|directory| directory.remove(&stored::file_name(&key.1, digest)));
        if let Err(error) = removed {
            tracing::warn!(%error, "could not remove the manifest of a removed version");
        }
        self.manifests.remove_empty(&key.0);
    }
}

/// Whether a state can be read, and all manifests that it names.
/// Errors: XX001, F0000.
pub(super) fn check(root: &Directory, state: &[u8]) -> Result<()> {
    let record = StateRecord::decode(state).map_err(|error| undecodable(&error))?;
    let (_, lost) = read_manifests(&root.subdirectory("manifests")?, &State::from_record(record)?);
    lost.into_iter().next().map_or(Ok(()), |lost| Err(lost.reason))
}

/// The state of the checkpoint with all frames after it, still without manifests.
fn replay(opened: &Opened) -> Result<State> {
    let mut state = match &opened.checkpoint {
        None => State::empty(),
        Some((lsn, bytes)) => StateRecord::decode(bytes.as_slice())
            .map_err(|error| undecodable(&error))
            .and_then(State::from_record)
            .map_err(|error| error.detail(format!("It stands in the checkpoint at LSN {lsn}.")))?,
    };
    for (lsn, payload) in &opened.frames {
        fold_frame(&mut state, payload)
            .map_err(|error| error.detail(format!("It stands in the journal at LSN {lsn}.")))?;
    }
    Ok(state)
}

fn fold_frame(state: &mut State, payload: &[u8]) -> Result<()> {
    let commit = Commit::decode(payload).map_err(|error| undecodable(&error))?;
    for record in commit.facts {
        // Protobuf leaves out what it does not know: a newer release has kinds that we do not.
        let fact = record.fact.ok_or_else(|| unknown("kind of change"))?;
        state.fold(fact, commit.at_us)?;
    }
    Ok(())
}

/// Manifests of all kept versions, and the versions whose manifest cannot be had.
fn read_manifests(
    manifests: &Directory,
    state: &State,
) -> (BTreeMap<VersionKey, Arc<Manifest>>, Vec<LostVersion>) {
    let (mut found, mut lost) = (BTreeMap::new(), Vec::new());
    for (key, kept) in &*state.kept {
        match read_manifest(manifests, key, kept) {
            Ok(manifest) => {
                found.insert(key.clone(), Arc::new(manifest));
            }
            Err(error) => {
                let (database, version) = key.clone();
                tracing::error!(database, version, %error, "a version is left out");
                lost.push(LostVersion { database, version, reason: error });
            }
        }
    }
    (found, lost)
}

fn read_manifest(manifests: &Directory, key: &VersionKey, kept: &Kept) -> Result<Manifest> {
    let directory = manifests.subdirectory(&key.0)?;
    let name = stored::file_name(&key.1, &kept.digest);
    let path = directory.path().join(&name);
    let noted = |error: Error| error.detail(format!("The file is \"{}\".", path.display()));
    let bytes = directory
        .read(&name)?
        .ok_or_else(|| noted(Error::DataCorrupted("a manifest is missing".to_owned())))?;
    let manifest = stored::decode(&bytes, &kept.digest).map_err(noted)?;
    if (&manifest.database, &manifest.version) != (&key.0, &key.1) {
        return Err(noted(Error::DataCorrupted("a manifest is another version's".to_owned())));
    }
    Ok(manifest)
}

/// Removes manifests that the journal does not name: those of commits that failed and of versions removed right
/// before a crash.
fn sweep(manifests: &Directory, state: &State) -> Result<()> {
    let named: BTreeSet<(String, String)> = state
        .kept
        .iter()
        .map(|(key, kept)| (key.0.clone(), stored::file_name(&key.1, &kept.digest)))
        .collect();
    for database in manifests.list()? {
        let directory = manifests.subdirectory(&database)?;
        directory.sweep()?;
        for name in directory.list()? {
            if !named.contains(&(database.clone(), name.clone())) {
                directory.remove(&name)?;
            }
        }
        manifests.remove_empty(&database);
    }
    Ok(())
}

fn undecodable(error: &prost::DecodeError) -> Error {
    Error::DataCorrupted(format!("a record of the state root does not decode: {error}"))
}
