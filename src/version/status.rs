//! What this room tells about itself: the rows behind the views of schema `forebay`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use super::{Shared, Versions};
use crate::catalog::generation::{Database, Version};
use crate::error::Result;
use crate::source::{Issue, SourceFile};

/// One thing a refresh did or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshRow {
    /// The database; empty for the source root as a whole.
    pub database: String,
    /// `activated`, `loaded`, `held`, `waiting`, `failed`, `alias set`, `alias dropped`, `retired`, `drifted`,
    /// `repaired`, `missing`, `dropped`, `paused`.
    pub action: &'static str,
    /// The version or alias target that was.
    pub from_version: Option<String>,
    /// The version or alias target that is, or that it is about.
    pub to_version: Option<String>,
    /// Why, in words; empty where the action says it all.
    pub message: String,
}

/// Everything as of one moment.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// When the source root was last listed well, microseconds since the Unix epoch.
    pub listed_at_us: Option<i64>,
    /// Why the last listing of the source root failed.
    pub error: Option<String>,
    /// Databases by name, those that exist and those that have only been seen.
    pub databases: Vec<DatabaseStatus>,
    /// Versions by database and name: loaded, seen in the source, or both.
    pub versions: Vec<VersionStatus>,
    /// Loads, oldest first; only the last of those that ended.
    pub loads: Vec<LoadStatus>,
    /// What is not used as it stands in the source root.
    pub source_issues: Vec<Issue>,
    /// What keeps versions.
    pub pins: Vec<PinStatus>,
}

/// One database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseStatus {
    /// Its name.
    pub database: String,
    /// The current version.
    pub current: Option<String>,
    /// What a rollback would go back to.
    pub previous: Option<String>,
    /// Whether the last good listing of the source root had it.
    pub in_source: bool,
    /// Whether newer versions become current by themselves.
    pub auto_activate: bool,
    /// Whether refreshes are paused for it.
    pub paused: bool,
    /// Its last good listing, microseconds since the Unix epoch.
    pub last_listed_at_us: Option<i64>,
    /// Why its last refresh failed.
    pub last_error: Option<String>,
    /// When it is refreshed next by itself, microseconds since the Unix epoch.
    pub next_refresh_at_us: Option<i64>,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Seen in the source and not wanted yet, or not complete yet (then `error` says what it waits for).
    Discovered,
    /// A second name for another version.
    Alias,
    /// Being loaded.
    Loading,
    /// Loaded.
    Ready,
    /// Loaded and current.
    Active,
    /// Loaded, and kept from becoming current by the schema contract.
    Held,
    /// Could not be loaded.
    Failed,
    /// Unloaded while statements still read it.
    Leaving,
}

impl State {
    /// The word of the views.
    pub fn word(self) -> &'static str {
        match self {
            State::Discovered => "discovered",
            State::Alias => "alias",
            State::Loading => "loading",
            State::Ready => "ready",
            State::Active => "active",
            State::Held => "held",
            State::Failed => "failed",
            State::Leaving => "leaving",
        }
    }
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionStatus {
    /// Its database.
    pub database: String,
    /// Its name.
    pub version: String,
    /// Where it stands.
    pub state: State,
    /// `mirror` or `direct`; `None` when not loaded.
    pub mode: Option<&'static str>,
    /// The sum of its files' sizes, where known.
    pub bytes: Option<u64>,
    /// Its files, where known.
    pub files: Option<usize>,
    /// Its rows, when loaded and told by all files.
    pub rows: Option<u64>,
    /// Why it failed, is held, waits, or drifted.
    pub error: Option<String>,
    /// Loads tried since it last succeeded.
    pub attempts: u32,
    /// When the next refresh tries it again, microseconds since the Unix epoch.
    pub retry_at_us: Option<i64>,
    /// Whether the last good listing of its database had it.
    pub in_source: bool,
    /// Whether its files in the source changed after it was loaded.
    pub drifted: bool,
    /// When it was loaded, microseconds since the Unix epoch.
    pub loaded_at_us: Option<i64>,
    /// The youngest of its files, microseconds since the Unix epoch.
    pub source_modified_at_us: Option<i64>,
}

/// One load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadStatus {
    /// Counts up within the process.
    pub id: u64,
    /// The database.
    pub database: String,
    /// The version.
    pub version: String,
    /// `files`, `publish`, `done` or `failed`.
    pub phase: &'static str,
    /// Files it has.
    pub files_total: u64,
    /// Files verified.
    pub files_done: u64,
    /// Bytes of all its files.
    pub bytes_total: u64,
    /// Bytes of the files verified.
    pub bytes_done: u64,
    /// Microseconds since the Unix epoch.
    pub started_at_us: i64,
    /// Microseconds since the Unix epoch.
    pub ended_at_us: Option<i64>,
    /// From 1.
    pub attempt: u32,
    /// Why it failed.
    pub error: Option<String>,
}

/// What keeps a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinKind {
    /// It is current.
    Current,
    /// An alias names it.
    Alias,
    /// `forebay.hold`.
    Hold,
    /// Statements, transactions or cursors that began on an older generation, or after it was unloaded.
    Running,
}

impl PinKind {
    /// The word of the view.
    pub fn word(self) -> &'static str {
        match self {
            PinKind::Current => "current",
            PinKind::Alias => "alias",
            PinKind::Hold => "hold",
            PinKind::Running => "running",
        }
    }
}

/// One reason for keeping a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinStatus {
    /// The database.
    pub database: String,
    /// The version.
    pub version: String,
    /// What keeps it.
    pub kind: PinKind,
    /// The alias.
    pub name: Option<String>,
    /// How many of the kind: generations, for running work.
    pub count: usize,
    /// When it ends by itself, microseconds since the Unix epoch.
    pub until_us: Option<i64>,
}

/// What the keeper remembers. Published as a whole after each change.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    pub(super) listed_at_us: Option<i64>,
    pub(super) error: Option<String>,
    pub(super) issues: Vec<Issue>,
    pub(super) databases: BTreeMap<String, Arc<Known>>,
    pub(super) loads: Vec<Arc<Load>>,
    /// Until when versions are kept, by database and version.
    pub(super) holds: BTreeMap<(String, String), i64>,
    pub(super) departed: Vec<Departed>,
    pub(super) next_refresh_us: Option<i64>,
}

/// What is remembered of one database.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    pub(super) in_source: bool,
    pub(super) names: BTreeSet<String>,
    pub(super) listed_at_us: Option<i64>,
    pub(super) started_at_us: i64,
    pub(super) error: Option<String>,
    pub(super) issues: Vec<Issue>,
    pub(super) versions: BTreeMap<String, Seen>,
}

/// What is remembered of one version.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The last listing and its time, for a version that is not loaded.
    pub(super) listed: Option<(i64, Vec<SourceFile>)>,
    /// What it waits for.
    pub(super) waiting: Option<String>,
    pub(super) error: Option<String>,
    pub(super) attempts: u32,
    pub(super) retry_at_us: i64,
    pub(super) held: Option<String>,
    pub(super) drifted: Option<String>,
    /// What is wrong with its files here.
    pub(super) damaged: Option<String>,
    pub(super) alias_of: Option<String>,
    pub(super) issues: Vec<Issue>,
}

/// A version that is no longer in the catalog and whose files may still be read.
#[derive(Debug, Clone)]
pub(super) struct Departed {
    pub(super) database: String,
    pub(super) version: String,
    pub(super) alive: Weak<Version>,
    pub(super) mirrored: bool,
}

/// One load, written by the job that does it.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) id: u64,
    pub(super) database: String,
    pub(super) version: String,
    pub(super) attempt: u32,
    pub(super) files_total: u64,
    pub(super) bytes_total: u64,
    pub(super) started_at_us: i64,
    pub(super) files_done: AtomicU64,
    pub(super) bytes_done: AtomicU64,
    pub(super) publishing: OnceLock<()>,
    /// When it ended, and why if it failed.
    pub(super) ended: OnceLock<(i64, Option<String>)>,
}

impl Load {
    fn status(&self) -> LoadStatus {
        let ended = self.ended.get();
        LoadStatus {
            id: self.id,
            database: self.database.clone(),
            version: self.version.clone(),
            phase: match ended {
                Some((_, Some(_))) => "failed",
                Some((_, None)) => "done",
                None if self.publishing.get().is_some() => "publish",
                None => "files",
            },
            files_total: self.files_total,
            files_done: self.files_done.load(Ordering::Relaxed),
            bytes_total: self.bytes_total,
            bytes_done: self.bytes_done.load(Ordering::Relaxed),
            started_at_us: self.started_at_us,
            ended_at_us: ended.map(|(at, _)| *at),
            attempt: self.attempt,
            error: ended.and_then(|(_, error)| error.clone()),
        }
    }
}

impl Versions {
    /// Everything as of now: what the catalog has, joined with what is remembered.
    pub fn status(&self) -> Arc<Status> {
        Arc::new(status(&self.shared))
    }
}

fn status(shared: &Shared) -> Status {
    let memory = shared.memory.load_full();
    let generation = shared.catalog.pin();
    let mut status = Status {
        listed_at_us: memory.listed_at_us,
        error: memory.error.clone(),
        loads: memory.loads.iter().map(|load| load.status()).collect(),
        source_issues: memory.issues.clone(),
        ..Status::default()
    };
    let names: BTreeSet<&String> =
        generation.databases.keys().chain(memory.databases.keys()).collect();
    let nothing = Known::default();
    for name in names {
        let database = generation.database(name).map(Arc::as_ref);
        let known = memory.databases.get(name).map_or(&nothing, Arc::as_ref);
        let settings = shared.config.load().versions_of(name);
        let paused = generation.paused.contains(name) || generation.paused.contains("*");
        status.databases.push(DatabaseStatus {
            database: name.clone(),
            current: database.and_then(|database| database.current.clone()),
            previous: database.and_then(previous),
            in_source: known.in_source,
            auto_activate: settings.as_ref().is_ok_and(|settings| settings.auto_activate),
            paused,
            last_listed_at_us: known.listed_at_us,
            last_error: known.error.clone(),
            next_refresh_at_us: memory.next_refresh_us.filter(|_| !paused),
        });
        status.source_issues.extend(known.issues.iter().cloned());
        status.source_issues.extend(known.versions.values().flat_map(|seen| seen.issues.clone()));
        versions(name, database, known, &memory, &mut status);
        if let Some(database) = database {
            pins(name, database, &memory, &mut status.pins);
        }
    }
    for departed in &memory.departed {
        status.pins.push(PinStatus {
            database: departed.database.clone(),
            version: departed.version.clone(),
            kind: PinKind::Running,
            name: None,
            count: departed.alive.strong_count(),
            until_us: None,
        });
    }
    status
}

/// Adds the versions of one database.
fn versions(
    name: &str,
    database: Option<&Database>,
    known: &Known,
    memory: &Memory,
    status: &mut Status,
) {
    let of_it = |departed: &&Departed| departed.database == name;
    let names: BTreeSet<&String> = database
        .iter()
        .flat_map(|database| database.versions.keys())
        .chain(&known.names)
        .chain(memory.departed.iter().filter(of_it).map(|departed| &departed.version))
        .collect();
    let nothing = Seen::default();
    for version in names {
        let seen = known.versions.get(version).unwrap_or(&nothing);
        let loaded = database.and_then(|database| database.versions.get(version));
        let current = database.is_some_and(|database| database.current.as_ref() == Some(version));
        let leaving = memory.departed.iter().filter(of_it).any(|d| d.version == *version);
        let loading = memory.loads.iter().any(|load| {
            load.database == name && load.version == *version && load.ended.get().is_none()
        });
        let state = match loaded {
            Some(_) if current => State::Active,
            Some(_) if seen.held.is_some() => State::Held,
            Some(_) => State::Ready,
            None if loading => State::Loading,
            None if leaving => State::Leaving,
            None if seen.alias_of.is_some() => State::Alias,
            None if seen.error.is_some() => State::Failed,
            None => State::Discovered,
        };
        let mut row = VersionStatus {
            database: name.to_owned(),
            version: version.clone(),
            state,
            mode: None,
            bytes: seen.listed.as_ref().map(|(_, files)| files.iter().map(|f| f.bytes).sum()),
            files: seen.listed.as_ref().map(|(_, files)| files.len()),
            rows: None,
            error: [&seen.damaged, &seen.drifted, &seen.held, &seen.error, &seen.waiting]
                .into_iter()
                .find_map(Clone::clone),
            attempts: seen.attempts,
            retry_at_us: (seen.retry_at_us > 0).then_some(seen.retry_at_us),
            in_source: known.in_source && known.names.contains(version),
            drifted: seen.drifted.is_some(),
            loaded_at_us: None,
            source_modified_at_us: seen
                .listed
                .as_ref()
                .and_then(|(_, files)| files.iter().map(|file| file.modified_us).max()),
        };
        if let Some(loaded) = loaded {
            of_loaded(&mut row, loaded);
        }
        status.versions.push(row);
    }
}

fn of_loaded(row: &mut VersionStatus, loaded: &Version) {
    let tables = || loaded.manifest.tables.values();
    row.mode = Some(match loaded.manifest.mode {
        crate::catalog::manifest::Mode::Direct => "direct",
        crate::catalog::manifest::Mode::Mirror => "mirror",
    });
    row.bytes = Some(tables().map(|table| table.bytes()).sum());
    row.files = Some(tables().map(|table| table.files.len()).sum());
    row.rows = tables().map(|table| table.rows()).sum();
    row.loaded_at_us = Some(loaded.loaded_at_us);
    row.source_modified_at_us =
        tables().flat_map(|table| &table.files).map(|file| file.modified_us).max();
}

/// Adds what keeps the versions of one database.
fn pins(name: &str, database: &Database, memory: &Memory, pins: &mut Vec<PinStatus>) {
    let mut push = |version: &str, kind, alias: Option<&String>, count, until_us| {
        pins.push(PinStatus {
            database: name.to_owned(),
            version: version.to_owned(),
            kind,
            name: alias.cloned(),
            count,
            until_us,
        });
    };
    if let Some(current) = &database.current {
        push(current, PinKind::Current, None, 1, None);
    }
    for (alias, target) in &database.aliases {
        push(&target.version, PinKind::Alias, Some(alias), 1, None);
    }
    for ((of, version), until_us) in &memory.holds {
        if of == name {
            push(version, PinKind::Hold, None, 1, Some(*until_us));
        }
    }
    for (version, loaded) in &database.versions {
        // One count is the catalog's own; any other is an older generation that something still reads.
        let others = Arc::strong_count(loaded).saturating_sub(1);
        if others > 0 {
            push(version, PinKind::Running, None, others, None);
        }
    }
}

/// What a rollback goes back to: the version that was current before the current one and is still loaded. A rollback
/// is not itself a step to go back to, so that two of them go back two steps.
pub(super) fn previous(database: &Database) -> Option<String> {
    let mut steps: Vec<&str> = Vec::new();
    for activation in &database.activations {
        if activation.cause == "rollback" {
            while steps.pop().is_some_and(|step| step != activation.to) {}
        } else if steps.is_empty()
            && let Some(from) = &activation.from
        {
            steps.push(from);
        }
        steps.push(&activation.to);
    }
    let current = database.current.as_deref();
    steps
        .into_iter()
        .rev()
        .find(|step| Some(*step) != current && database.versions.contains_key(*step))
        // A version that somebody loaded beside the first one was never current, and is still what lies before it.
        .or_else(|| {
            let older = database.versions.keys().map(String::as_str).rev();
            older.into_iter().find(|name| current.is_some_and(|current| *name < current))
        })
        .map(str::to_owned)
}

impl RefreshRow {
    pub(super) fn new(database: &str, action: &'static str, message: impl Into<String>) -> Self {
        RefreshRow {
            database: database.to_owned(),
            action,
            from_version: None,
            to_version: None,
            message: message.into(),
        }
    }

    pub(super) fn from(mut self, version: Option<&str>) -> Self {
        self.from_version = version.map(str::to_owned);
        self
    }

    pub(super) fn to(mut self, version: &str) -> Self {
        self.to_version = Some(version.to_owned());
        self
    }
}

/// What a refresh gives its callers.
pub(super) type Refreshed = Result<Vec<RefreshRow>>;

/// A directory and what is expected in it, of a version that is mounted.
pub(super) type MountPoint = (PathBuf, BTreeMap<String, super::objects::Expected>);
