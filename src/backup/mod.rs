//! Backup: what users wrote and what says which versions are served, in another directory, and from there again.
//!
//! A *location* holds backups. Each is whole, and takes the room of what changed since the others:
//!
//! ```text
//! files/<SHA-256>            a content, once
//! backups/<time>-<LSN>       the list of what one backup is made of (see `list`)
//! ```
//!
//! A backup has the state as a checkpoint would keep it, the manifests of all versions, and the files of logs. Not in it is
//! what can be made again: copies of the source root's files, and what materialized views keep.
//!
//! Owns: the layout of locations, the task that copies changes to the configured one. Invariants: a backup is of one moment,
//! after all that was acknowledged before it was asked for; its list is written when all its files are durable; nothing is
//! restored but what has the checksums of its list, into a state root that was not there before.
//! On failure: files that no list names, which the next backup to the location removes; of a restore a directory
//! `<state root>.restoring`, which the next one removes.
//!
//! Imports: error, config, task, store, catalog. Used by: query, server, cli.

mod list;
mod restore;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use list::{Entry, List};
pub use restore::{Restored, lists, restore};

use tokio::sync::Semaphore;

use crate::catalog::{Catalog, Snapshot};
use crate::config;
use crate::error::{Error, Result};
use crate::store::{Directory, Lock};
use crate::task::{Clock, Tasks};

const FILES: &str = "files";
const BACKUPS: &str = "backups";

/// How many backups of this process [`Backups::made`] remembers.
const REMEMBERED_MAX: usize = 100;

/// Between two copies of changes, however short the interval is: a busy server has changes at any moment.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// How often a backup begins anew when a version was removed while it was made.
const TRIES_MAX: usize = 10;

/// Makes backups. One at a time.
#[derive(Debug)]
pub struct Backups {
    catalog: Catalog,
    state_root: PathBuf,
    tasks: Tasks,
    clock: Clock,
    /// Its one permit is held while one is made.
    making: Semaphore,
    made: Mutex<VecDeque<Made>>,
    /// What the files of logs are, by their log and their name: they never change.
    known: Arc<Mutex<BTreeMap<(u32, String), Entry>>>,
}

/// What became of one backup.
#[derive(Debug, Clone)]
pub struct Made {
    /// When it began, in microseconds since the Unix epoch.
    pub started_us: i64,
    /// When it ended, likewise.
    pub ended_us: i64,
    /// Where it is, as it was asked for.
    pub location: String,
    /// Whether it was asked for by the settings.
    pub automatic: bool,
    /// What it is, or why there is none.
    pub outcome: Result<Stored>,
}

/// A backup that is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name at its location.
    pub name: String,
    /// The newest commit in it.
    pub lsn: u64,
    /// Files in it, and their bytes.
    pub files: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Bytes that were not at the location before.
    pub new_bytes: u64,
}

impl Backups {
    /// Begins to copy changes to the configured location, if there is one.
    pub fn start(
        config: &config::Backup,
        state_root: &Path,
        catalog: &Catalog,
        (tasks, clock): (&Tasks, &Clock),
    ) -> Result<Arc<Backups>> {
        let backups = Arc::new(Backups {
            catalog: catalog.clone(),
            state_root: std::path::absolute(state_root)
                .map_err(|e| Error::io(format!("find \"{}\"", state_root.display()), e))?,
            tasks: tasks.clone(),
            clock: clock.clone(),
            making: Semaphore::new(1),
            made: Mutex::default(),
            known: Arc::default(),
        });
        if let (false, Some(interval)) = (config.location.is_empty(), config.interval.0) {
            // A location that cannot be is told of now, not at the first change.
            backups.path(&config.location)?;
            tasks.spawn("backups", follow(Arc::clone(&backups), config.clone(), interval));
        }
        Ok(backups)
    }

    /// Makes a backup at `location`, an absolute path or a `file:` URL.
    ///
    /// Errors: 22023 for what is neither, or lies in the state root; 0A000 for other URLs; F0001 while another server makes one
    /// there; XX001 for a damaged file of a log; 53100, 58030. Dropping the future leaves a backup that is whole, or none.
    pub async fn make(&self, location: &str) -> Result<Stored> {
        self.told(location, None).await
    }

    /// What this process has made, the newest last.
    pub fn made(&self) -> Vec<Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Makes one, removes all but the newest `keep`, and remembers what came of it.
    async fn told(&self, location: &str, keep: Option<usize>) -> Result<Stored> {
        let one = self.making.acquire().await;
        let started_us = self.clock.now_us();
        let outcome = self.make_one(location, keep, started_us).await;
        drop(one);
        let made = Made {
            started_us,
            ended_us: self.clock.now_us(),
            location: location.to_owned(),
            automatic: keep.is_some(),
            outcome: outcome.clone(),
        };
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(made);
        while REMEMBERED_MAX < all.len() {
            all.pop_front();
        }
        outcome
    }

    async fn make_one(&self, location: &str, keep: Option<usize>, at_us: i64) -> Result<Stored> {
        let path = self.path(location)?;
        let mut tries = 0;
        loop {
            // What a snapshot names stays where it is as long as that is held, but for manifests.
            let snapshot = self.catalog.snapshot().await?;
            let (path, state_root) = (path.clone(), self.state_root.clone());
            let known = Arc::clone(&self.known);
            let written = self.tasks.blocking(move || {
                let location = Location::open(&path)?;
                let written = location.store(&snapshot, &state_root, &known, at_us)?;
                if let Some(stored) = &written {
                    location.tidy(keep, &stored.name);
                }
                Ok(written)
            });
            let written = written.await.map_err(|error| Error::Internal(error.to_string()))??;
            tries += 1;
            match written {
                Some(stored) => return Ok(stored),
                None if tries < TRIES_MAX => {}
                None => {
                    let message = "versions were removed all the while";
                    return Err(Error::ObjectInUse(message.to_owned()));
                }
            }
        }
    }

    /// The directory that `location` means.
    fn path(&self, location: &str) -> Result<PathBuf> {
        let path = local(location)?;
        if path.starts_with(&self.state_root) {
            let message = format!("location \"{location}\" lies in the state root");
            return Err(Error::InvalidParameterValue(message));
        }
        Ok(path)
    }
}

/// Copies changes to the configured location until the server stops: a while after the first change, so that many are in
/// one backup, and again after a failure.
async fn follow(backups: Arc<Backups>, config: config::Backup, interval: Duration) {
    let stop = backups.tasks.stop_token();
    let mut changes = backups.catalog.changes();
    let mut copied = None;
    loop {
        let newest = *changes.borrow_and_update();
        if copied != Some(newest) {
            let told = tokio::select! {
                () = stop.cancelled() => return,
                told = backups.told(&config.location, Some(config.keep)) => told,
            };
            match told {
                Ok(stored) => copied = Some(stored.lsn),
                Err(error) => {
                    tracing::warn!(%error, location = config.location, "could not copy changes");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(interval.max(INTERVAL_MIN)) => {}
            }
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

/// The directory that a location on the local disk means.
/// Errors: 22023 for a path that is not absolute; 0A000 for another URL.
fn local(location: &str) -> Result<PathBuf> {
    let path = match location.split_once("://") {
        Some(("file", path)) => path,
        Some((scheme, _)) => {
            return Err(Error::FeatureNotSupported(format!(
                "backups to {scheme}: URLs are not supported"
            )));
        }
        None => location,
    };
    let path = PathBuf::from(path);
    if !path.is_absolute() || path.components().any(|part| part.as_os_str() == "..") {
        let message = format!("location \"{location}\" is not an absolute path");
        return Err(Error::InvalidParameterValue(message));
    }
    Ok(path)
}

/// A directory with backups, and nobody else who makes or removes some.
struct Location {
    files: Directory,
    backups: Directory,
    _alone: Lock,
}

impl Location {
    /// Opens it, and makes what is missing.
    fn open(path: &Path) -> Result<Location> {
        let root = Directory::open(path)?;
        // What is swept below is nobody's then.
        let alone = Lock::acquire(path)?;
        let location = Location {
            files: root.subdirectory(FILES)?,
            backups: root.subdirectory(BACKUPS)?,
            _alone: alone,
        };
        for directory in [&location.files, &location.backups] {
            directory.keep_private()?;
            directory.sweep()?;
        }
        Ok(location)
    }

    /// Writes all that a snapshot names, and its list when that is durable. `None` when a manifest was removed meanwhile.
    fn store(
        &self,
        snapshot: &Snapshot,
        state_root: &Path,
        known: &Mutex<BTreeMap<(u32, String), Entry>>,
        at_us: i64,
    ) -> Result<Option<Stored>> {
        let mut new_bytes = 0;
        let mut list = List { made_us: at_us, lsn: snapshot.lsn, ..List::default() };
        let root = Directory::open(state_root)?;
        list.state = self.put(&snapshot.state, &mut new_bytes)?;
        let manifests = root.subdirectory("manifests")?;
        for (database, name) in &snapshot.manifests {
            let Some(bytes) = manifests.subdirectory(database)?.read(name)? else {
                manifests.remove_empty(database);
                return Ok(None);
            };
            let entry = self.put(&bytes, &mut new_bytes)?;
            list.manifests.insert((database.clone(), name.clone()), entry);
        }
        let logs = root.subdirectory("logs")?;
        for (log, file) in snapshot.log_files() {
            let key = (log, file.name.clone());
            let learnt = known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
            let entry = match learnt {
                Some(entry) if self.has(&entry)? => entry,
                _ => {
                    let directory = logs.subdirectory(&log.to_string())?;
                    let bytes = directory.read(&file.name)?.unwrap_or_default();
                    if crc32c::crc32c(&bytes) != file.crc32c {
                        let path = directory.path().join(&file.name);
                        let message = format!("file \"{}\" of a log is damaged", path.display());
                        return Err(Error::DataCorrupted(message));
                    }
                    self.put(&bytes, &mut new_bytes)?
                }
            };
            list.logs.insert(key, entry);
        }
        // Files that are gone are forgotten.
        known.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&list.logs);
        let name = list.name();
        self.backups.write(&name, list.encode()?.as_bytes())?;
        let (files, bytes) = list.size();
        Ok(Some(Stored { name, lsn: list.lsn, files, bytes, new_bytes }))
    }

    /// Puts a content in place, unless it is there.
    fn put(&self, bytes: &[u8], new_bytes: &mut u64) -> Result<Entry> {
        let entry = Entry::of(bytes);
        // One that is damaged is written again.
        if self.files.read(&entry.name())?.as_deref() != Some(bytes) {
            self.files.write(&entry.name(), bytes)?;
            *new_bytes += entry.bytes;
        }
        Ok(entry)
    }

    /// Whether a content is there, by its size: a restore looks closer.
    fn has(&self, entry: &Entry) -> Result<bool> {
        Ok(self.files.size(&entry.name())? == Some(entry.bytes))
    }

    /// Removes all but the newest `keep` backups, and what no backup names. `newest` stays in any case. A failure is told in
    /// the server log.
    fn tidy(&self, keep: Option<usize>, newest: &str) {
        if let Err(error) = self.try_tidy(keep, newest) {
            tracing::warn!(%error, "could not remove what no backup needs");
        }
    }

    fn try_tidy(&self, keep: Option<usize>, newest: &str) -> Result<()> {
        let mut names = self.backups.list()?;
        let surplus = keep.map_or(0, |keep| names.len().saturating_sub(keep.max(1)));
        for name in names.drain(..surplus).filter(|name| name != newest) {
            self.backups.remove(&name)?;
        }
        let mut named = BTreeSet::new();
        for name in self.backups.list()? {
            let text = self.backups.read(&name)?.unwrap_or_default();
            // Of a list that does not tell its files nothing is removed.
            named.extend(List::decode(&text)?.entries().map(Entry::name));
        }
        for file in self.files.list()?.into_iter().filter(|file| !named.contains(file)) {
            self.files.remove(&file)?;
        }
        Ok(())
    }
}
