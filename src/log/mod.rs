//! Logs: the files that rows of logs are in, and what hands logs to SQL.
//!
//! A log's newest rows are in memory and in the journal, as those of any table. When they are many, they are *sealed*: a
//! Parquet file is written, and one commit puts it in their place. Rows that come in bulk go to a file at once, which their
//! commit names. A segment that a commit names never changes.
//!
//! Owns: `logs/<oid>/` of the state root, and one task that seals. Invariants: a commit names only files that are durable;
//! a file goes only when no generation, no plan and no transaction knows of it.
//! On failure: rows stay in memory and in the journal until their file is written; a file that no commit named is removed
//! at the next start at the latest; a file that is damaged or gone is told of when it is read, and by
//! [`Logs::verify`].
//!
//! Imports: error, config, task, store, catalog, rows, version. Used by: query, server.

mod bounds;
mod newest;
mod segment;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arrow::array::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::physical_plan::ExecutionPlan;

use crate::catalog::change::Change;
use crate::catalog::generation::Generation;
use crate::catalog::log::{Hold, Log, Segment, SegmentFile};
use crate::catalog::table::Table;
pub use newest::NewestRows;
pub use segment::storable;

use crate::catalog::Catalog;
use crate::config;
use crate::error::{Error, Result};
use crate::rows::{self, Rows};
use crate::store::Directory;
use crate::task::Tasks;
use crate::version::objects::{Expected, Objects};

/// The part of [`config::Logs::tail_bytes`] that one statement adds from which on rows go to a file at once: two syncs more,
/// and the journal and the memory are spared.
const BULK_SHARE: usize = 2;

/// Rows of one file. More would make pruning coarse, fewer would make many files.
const SEGMENT_ROWS_MAX: usize = 1 << 20;

/// Segments that become one when each has at most so many rows. Each row is written again twice at most, and there is one
/// file for every few hundred thousand of them. Simulated lives are too short to see so many.
const MERGED_LEN: usize = if cfg!(test) { 3 } else { 8 };
const MERGED_ROWS_MAX: [i64; 2] = [1 << 14, 1 << 17];

/// After a failure, how long until it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How long after a look nothing is looked at: a log grows by less than its limit meanwhile.
const PAUSE: Duration = Duration::from_millis(20);

/// How often a change is tried again when another commit comes between.
const TRIES_MAX: usize = 20;

/// How files of logs are called in the store that plans read them from: no database has such a name.
const MOUNT: &str = ".logs";

/// All logs. Clones of the `Arc` are handles to the same.
#[derive(Debug)]
pub struct Logs {
    catalog: Catalog,
    directory: Directory,
    objects: Arc<Objects>,
    tasks: Tasks,
    tail_bytes: usize,
    /// Files there are, by their log and their name, and what is dead once nobody is going to name them.
    files: Mutex<BTreeMap<(u32, String), Weak<()>>>,
    /// How many files this process has written.
    written: AtomicU64,
}

impl Logs {
    /// Opens the files that the newest generation names, removes all others, and starts to seal.
    /// Errors: 58030. A file that is missing is told in the server log; reading it fails.
    pub fn start(
        config: &config::Logs,
        state_root: &Path,
        catalog: &Catalog,
        objects: &Arc<Objects>,
        tasks: &Tasks,
    ) -> Result<Arc<Logs>> {
        let directory = Directory::open(state_root)?.subdirectory("logs")?;
        let logs = Logs::open(directory, catalog, objects, (tasks, config.tail_bytes.0))?;
        tasks.essential("logs", seal(Arc::clone(&logs)));
        Ok(logs)
    }

    fn open(
        directory: Directory,
        catalog: &Catalog,
        objects: &Arc<Objects>,
        (tasks, tail_bytes): (&Tasks, usize),
    ) -> Result<Arc<Logs>> {
        let logs = Arc::new(Logs {
            catalog: catalog.clone(),
            directory,
            objects: Arc::clone(objects),
            tasks: tasks.clone(),
            tail_bytes,
            files: Mutex::default(),
            written: AtomicU64::new(0),
        });
        let generation = catalog.pin();
        logs.sweep(&generation)?;
        logs.learn(&generation);
        Ok(logs)
    }

    /// The log as DataFusion sees it, with the rows it has now.
    pub fn provider(
        self: &Arc<Self>,
        table: &Arc<Table>,
        rows: &Arc<Rows>,
        log: &Arc<Log>,
    ) -> Arc<dyn TableProvider> {
        Arc::new(table::LogTable::new(table, rows, log))
    }

    /// Plans of one partition each, whose rows one after the other are those of a log with numbers from `numbers.0` to
    /// `numbers.1` in their order, and maybe some others at either end. They have the columns at `places`.
    /// Errors: those of DataFusion.
    pub fn in_order(
        &self,
        (table, rows, log): (&Arc<Table>, &Arc<Rows>, &Arc<Log>),
        session: &dyn Session,
        numbers: (i64, i64),
        places: &[usize],
    ) -> datafusion::common::Result<Vec<Arc<dyn ExecutionPlan>>> {
        table::LogTable::new(table, rows, log).in_order(session, numbers, places)
    }

    /// Whether so many rows go to a file at once.
    pub fn are_bulk(&self, rows: &RecordBatch) -> bool {
        self.tail_bytes / BULK_SHARE <= rows::bytes(rows)
    }

    /// Writes rows into files, for a change that is going to name them; they have no numbers yet.
    /// Errors: 53100, 58030; what is left behind then goes soon.
    pub async fn write(&self, table: &Arc<Table>, rows: RecordBatch) -> Result<Vec<SegmentFile>> {
        let mut files = Vec::new();
        let mut from = 0;
        while from < rows.num_rows() {
            let count = SEGMENT_ROWS_MAX.min(rows.num_rows() - from);
            let part = segment::Content::unnumbered(table, &rows.slice(from, count))?;
            let number = self.written.fetch_add(1, Ordering::Relaxed);
            // With a restart between, the journal has gone on, or the file of that name was swept.
            let name = format!("load-{:020}-{number:06}.parquet", self.catalog.pin().lsn);
            files.push(self.put(table.ids.relation, name, part).await?);
            from += count;
        }
        Ok(files)
    }

    /// Reads all files of a log again, and tells what is wrong with each that is not as it was written.
    /// Errors: 42P01 for a log that is gone.
    pub async fn verify(&self, table: u32) -> Result<Vec<(Arc<Segment>, Option<Error>)>> {
        let generation = self.catalog.pin();
        let log = Arc::clone(generation.log(table).ok_or_else(|| gone(table))?);
        drop(generation);
        let mut told = Vec::with_capacity(log.segments.len());
        for segment in &log.segments {
            let (directory, own) = (self.directory.clone(), Arc::clone(segment));
            let read = self.tasks.blocking(move || verified(&directory, table, &own.file));
            let read = read.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
            told.push((Arc::clone(segment), read.err()));
        }
        Ok(told)
    }

    /// Takes the rows with numbers from `first` to `last` out of a log, and tells how many there were. Their numbers are not
    /// given again. What the journal has of them goes when it is trimmed, with the second checkpoint from then on.
    /// Errors: 42P01 for a log that is gone; XX001 for a file that is damaged; those of a commit.
    pub async fn redact(&self, table: u32, first: i64, last: i64) -> Result<i64> {
        let mut tries = 0;
        loop {
            let generation = self.catalog.pin();
            let (Some(log), Some(rows), Some((_, own))) =
                (generation.log(table), generation.rows(table), generation.table_by_oid(table))
            else {
                return Err(gone(table));
            };
            let mut changes = Vec::new();
            let deleted = rows.numbers_between(first, last);
            let mut count = i64::try_from(deleted.len()).unwrap_or(i64::MAX);
            if !deleted.is_empty() {
                let change = rows::Change { deleted, ..rows::Change::default() };
                changes.push(Change::WriteRows(vec![(Arc::clone(own), Arc::new(change))]));
            }
            for segment in &log.segments {
                if segment.first <= last && first <= segment.last {
                    let (gone, change) = self.without(table, segment, (first, last)).await?;
                    count += gone;
                    changes.extend(change);
                }
            }
            tries += 1;
            match self.catalog.commit(changes).await {
                // Rows were sealed meanwhile.
                Err(Error::SerializationFailure(_)) if tries < TRIES_MAX => {}
                Err(error) => return Err(error),
                Ok(_) => return Ok(count),
            }
        }
    }

    /// How many rows of a segment have such numbers, and the change that takes them out.
    async fn without(
        &self,
        table: u32,
        segment: &Arc<Segment>,
        (first, last): (i64, i64),
    ) -> Result<(i64, Option<Change>)> {
        let (directory, own) = (self.directory.clone(), Arc::clone(segment));
        let read = self.tasks.blocking(move || {
            let bytes = verified(&directory, table, &own.file)?;
            let offsets = (first.saturating_sub(own.first), last.saturating_sub(own.first));
            segment::Content::without(bytes, offsets)
        });
        let content = read.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))?;
        let left = i64::try_from(content.rows()).unwrap_or(i64::MAX);
        if left == segment.file.rows {
            return Ok((0, None));
        }
        let removed = vec![segment.file.name.clone()];
        let added = match left {
            0 => None,
            _ => {
                let number = self.written.fetch_add(1, Ordering::Relaxed);
                let lsn = self.catalog.pin().lsn;
                let name = format!("kept-{lsn:020}-{number:06}.parquet");
                let file = self.put(table, name, content).await?;
                Some(Segment { file, ..(**segment).clone() })
            }
        };
        let change = Change::ReplaceSegments { table, removed, added };
        Ok((segment.file.rows - left, Some(change)))
    }

    /// Writes one file and makes it readable.
    async fn put(
        &self,
        table: u32,
        name: String,
        content: segment::Content,
    ) -> Result<SegmentFile> {
        let hold = Hold::default();
        lock(&self.files).insert((table, name.clone()), hold.downgrade());
        let directory = self.directory.clone();
        let written = self.tasks.blocking(move || {
            let rows = i64::try_from(content.rows()).unwrap_or(i64::MAX);
            let bytes = content.encode()?;
            directory.subdirectory(&table.to_string())?.write(&name, &bytes)?;
            let crc32c = crc32c::crc32c(&bytes);
            let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            Ok(SegmentFile { name, rows, bytes, crc32c, hold: Some(hold) })
        });
        let written = written.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
        // What a failure has left is held by nobody, and reaped.
        if let Ok(file) = &written {
            self.mount(table, file);
        }
        written
    }

    fn mount(&self, table: u32, file: &SegmentFile) {
        let expected = Expected { bytes: file.bytes, modified_us: None };
        let directory = self.directory.path().join(table.to_string());
        let files = BTreeMap::from([(file.name.clone(), expected)]);
        self.objects.mount(MOUNT, &mounted(table, &file.name), directory, files);
    }

    fn forget(&self, key: &(u32, String)) {
        self.objects.unmount(MOUNT, &mounted(key.0, &key.1));
        let removed = self
            .directory
            .subdirectory(&key.0.to_string())
            .and_then(|directory| directory.remove(&key.1));
        if let Err(error) = removed {
            tracing::warn!(%error, "could not remove a file of a log");
        }
        self.directory.remove_empty(&key.0.to_string());
        lock(&self.files).remove(key);
    }

    /// Removes files that no commit names.
    fn sweep(&self, generation: &Generation) -> Result<()> {
        for log in self.directory.list()? {
            let directory = self.directory.subdirectory(&log)?;
            directory.sweep()?;
            let named: BTreeSet<&str> = log
                .parse()
                .ok()
                .and_then(|oid: u32| generation.log(oid))
                .into_iter()
                .flat_map(|log| log.segments.iter().map(|segment| segment.file.name.as_str()))
                .collect();
            for name in directory.list()? {
                if !named.contains(name.as_str()) {
                    directory.remove(&name)?;
                }
            }
            self.directory.remove_empty(&log);
        }
        Ok(())
    }

    /// Makes the files of a generation readable.
    fn learn(&self, generation: &Generation) {
        for (oid, log) in &*generation.logs {
            for segment in &log.segments {
                let path = self.directory.path().join(oid.to_string()).join(&segment.file.name);
                let found = std::fs::metadata(&path).map(|found| found.len());
                if !found.as_ref().is_ok_and(|len| *len == segment.file.bytes) {
                    tracing::error!(file = %path.display(), "a file of a log is missing or damaged");
                }
                self.mount(*oid, &segment.file);
                lock(&self.files).insert((*oid, segment.file.name.clone()), Weak::new());
            }
        }
    }

    /// Removes files that nobody wants any more.
    fn reap(&self) {
        // Who was going to name a file has done so before its hold is dead.
        let unheld: Vec<(u32, String)> = lock(&self.files)
            .iter()
            .filter(|(_, hold)| hold.strong_count() == 0)
            .map(|(key, _)| key.clone())
            .collect();
        for key in unheld {
            if !self.catalog.segment_lives(key.0, &key.1) {
                self.forget(&key);
            }
        }
    }

    /// Puts segments that are small and stand beside each other into one.
    async fn merge(&self, table: &Arc<Table>, rows: &Arc<Rows>, log: &Arc<Log>) -> Result<()> {
        let Some(parts) = mergeable(rows, log) else { return Ok(()) };
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return Ok(()) };
        let oid = table.ids.relation;
        let (directory, own, wanted) = (self.directory.clone(), parts.to_vec(), Arc::clone(table));
        let read = self.tasks.blocking(move || {
            let bytes = |part: &Arc<Segment>| verified(&directory, oid, &part.file);
            let files = own.iter().map(|part| Ok((Arc::clone(part), bytes(part)?)));
            segment::Content::merged(&wanted, files.collect::<Result<_>>()?)
        });
        let content = read.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))?;
        let times_us = content.times_us();
        let name = format!("{:020}-{:020}.parquet", first.first, last.last);
        let file = self.put(oid, name, content).await?;
        let added = Segment { file, first: first.first, last: last.last, times_us, timed: true };
        let removed = parts.iter().map(|part| part.file.name.clone()).collect();
        let change = Change::ReplaceSegments { table: oid, removed, added: Some(added) };
        self.catalog.commit(vec![change]).await?;
        Ok(())
    }

    /// Seals the oldest rows of a log.
    async fn seal(&self, table: &Arc<Table>, rows: &Arc<Rows>, log: &Arc<Log>) -> Result<()> {
        let Some((first, last, content)) = segment::Content::oldest(table, rows, log)? else {
            return Ok(());
        };
        let times_us = content.times_us();
        let oid = table.ids.relation;
        let file = self.put(oid, format!("{first:020}-{last:020}.parquet"), content).await?;
        let segment = Segment { file, first, last, times_us, timed: true };
        self.catalog.commit(vec![Change::Seal { table: oid, segment }]).await?;
        Ok(())
    }
}

/// Segments, one behind the other and with no row in memory between them, that are better one.
fn mergeable<'a>(rows: &Rows, log: &'a Log) -> Option<&'a [Arc<Segment>]> {
    let apart = |parts: &[Arc<Segment>]| match (parts.first(), parts.last()) {
        (Some(first), Some(last)) => rows.up_to(first.first) != rows.up_to(last.last),
        _ => true,
    };
    let small = |parts: &[Arc<Segment>], max: i64| parts.iter().all(|it| it.file.rows <= max);
    MERGED_ROWS_MAX.iter().find_map(|max| {
        let mut all = log.segments.windows(MERGED_LEN);
        all.find(|parts| small(parts, *max) && !apart(parts))
    })
}

/// Seals what is due until the stop.
async fn seal(logs: Arc<Logs>) {
    let stop = logs.tasks.stop_token();
    let mut changes = logs.catalog.changes();
    loop {
        let generation = logs.catalog.pin();
        let mut failed = false;
        for (oid, log) in &*generation.logs {
            let Some(rows) = generation.rows(*oid) else { continue };
            let due = logs.tail_bytes <= rows.bytes();
            if !due && mergeable(rows, log).is_none() {
                continue;
            }
            let Some((_, table)) = generation.table_by_oid(*oid) else { continue };
            let done = match due {
                true => logs.seal(table, rows, log).await,
                false => logs.merge(table, rows, log).await,
            };
            match done {
                // Somebody changed the log meanwhile: it is looked at again at once.
                Ok(()) | Err(Error::SerializationFailure(_)) => {}
                Err(error) => {
                    failed = true;
                    tracing::warn!(log = table.name, %error, "could not put rows of a log into a file");
                }
            }
        }
        drop(generation);
        let reaping = Arc::clone(&logs);
        if logs.tasks.blocking(move || reaping.reap()).await.is_err() {
            return;
        }
        // Looking at each commit would cost as much as a small one does.
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(RETRY), if failed => {}
            changed = changes.changed(), if !failed => if changed.is_err() { return },
        }
    }
}

/// A file, if it is what was written.
/// Errors: XX001, 58030.
fn verified(directory: &Directory, table: u32, file: &SegmentFile) -> Result<Vec<u8>> {
    let damaged = |what: &str| {
        let name = &file.name;
        Error::DataCorrupted(format!("segment \"{name}\" of the log {table} is {what}"))
    };
    let bytes = directory.subdirectory(&table.to_string())?.read(&file.name)?;
    let bytes = bytes.ok_or_else(|| damaged("missing"))?;
    match crc32c::crc32c(&bytes) == file.crc32c {
        true => Ok(bytes),
        false => Err(damaged("damaged")),
    }
}

fn gone(table: u32) -> Error {
    Error::UndefinedTable(table.to_string())
}

/// What the store calls the one file of a mount.
fn mounted(table: u32, name: &str) -> String {
    format!("{table}-{name}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
