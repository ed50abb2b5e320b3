//! Jobs: what is done to one database, one after the other: refresh it, load or unload a version, drop it.
//!
//! A job works on its own copy of what is remembered of the database and hands it back with its [`Outcome`]; the keeper
//! runs at most one job per database. The catalog is changed by commits that stand on their own, so a job that ends
//! anywhere leaves nothing half done.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Shared;
use super::contract::violations;
use super::keeper::Event;
use super::load::{self, Loaded, Wanted, away};
use super::status::{Departed, Known, RefreshRow, Refreshed, Seen};
use crate::catalog::generation::{AliasOrigin, Database, Version};
use crate::catalog::manifest::{Manifest, Mode};
use crate::catalog::{Change, Move};
use crate::config::{self, Completeness, LoadMode, OnSchemaChange};
use crate::error::{Error, Result};
use crate::source::{Contents, Issue, Kind, Names, check_name};

/// Newer versions looked at per refresh, greatest first. When this many are all bad, the publisher is at fault, and
/// looking at ten times more would only keep the disk busy; one would let a single bad version block its good
/// predecessor.
const CANDIDATES_MAX: usize = 16;

/// Alias files that may be followed to a version. A chain of two says that somebody renames; more is a mistake.
const ALIAS_HOPS_MAX: usize = 4;

/// The first wait after a failed load, doubled with each further one up to the second. Ten times more would keep a
/// repaired version waiting for minutes; a tenth would read a broken large file over and over.
const RETRY_MIN_US: i64 = 5_000_000;
const RETRY_MAX_US: i64 = 3_600_000_000;

/// The cause of activations that nobody asked for.
const BY_REFRESH: &str = "refresh";

/// What is to be done to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Work {
    /// List it, and do what follows from that. Forced: also what failed a moment ago.
    Refresh { force: bool },
    /// Load one version, whatever its name, without activating it.
    Load { version: String },
    /// Take a loaded version out of the catalog.
    Unload { version: String },
    /// Take the database out of the catalog: it vanished from the source.
    Drop,
}

/// What a job hands back.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) database: String,
    pub(super) known: Known,
    pub(super) departed: Vec<Departed>,
    pub(super) rows: Refreshed,
}

/// One job at work.
pub(super) struct Job<'a> {
    shared: &'a Shared,
    database: &'a str,
    settings: config::Versions,
    known: Known,
    /// Versions whose files may still be read although they were unloaded.
    leaving: BTreeSet<String>,
    departed: Vec<Departed>,
    rows: Vec<RefreshRow>,
}

/// Does `work` and tells how it went.
pub(super) async fn run(
    shared: Arc<Shared>,
    database: String,
    known: Known,
    leaving: BTreeSet<String>,
    work: Work,
) -> Outcome {
    let settings = match shared.config.load().versions_of(&database) {
        Ok(settings) => settings,
        Err(error) => {
            return Outcome { database, known, departed: Vec::new(), rows: Err(error) };
        }
    };
    let mut job = Job {
        shared: &shared,
        database: &database,
        settings,
        known,
        leaving,
        departed: Vec::new(),
        rows: Vec::new(),
    };
    let done = match &work {
        Work::Refresh { force } => job.refresh(*force).await,
        Work::Load { version } => job.load_named(version).await,
        Work::Unload { version } => job.unload(version).await,
        Work::Drop => job.drop_database().await,
    };
    let Job { known, departed, rows, .. } = job;
    Outcome { database: database.clone(), known, departed, rows: done.map(|()| rows) }
}

impl Job<'_> {
    fn current_state(&self) -> Option<Arc<Database>> {
        self.shared.catalog.pin().database(self.database).map(Arc::clone)
    }

    fn loaded(&self, version: &str) -> Option<Arc<Version>> {
        self.current_state()?.versions.get(version).map(Arc::clone)
    }

    fn seen(&mut self, version: &str) -> &mut Seen {
        self.known.versions.entry(version.to_owned()).or_default()
    }

    fn tell(&mut self, row: RefreshRow) {
        let RefreshRow { database, action, from_version, to_version, message } = &row;
        let (from, to) = (from_version.as_deref(), to_version.as_deref());
        match *action {
            "failed" | "held" | "drifted" => {
                tracing::warn!(database, from, to, message, "version {action}");
            }
            "waiting" => tracing::debug!(database, from, to, message, "version {action}"),
            _ => tracing::info!(database, from, to, message, "version {action}"),
        }
        self.rows.push(row);
    }

    fn row(&self, action: &'static str, message: impl Into<String>) -> RefreshRow {
        RefreshRow::new(self.database, action, message)
    }

    async fn refresh(&mut self, force: bool) -> Result<()> {
        self.known.started_at_us = self.shared.clock.now_us();
        let listed = match self.shared.source.versions(self.database).await {
            Ok(listed) => listed,
            Err(error) => {
                // Nothing is concluded from a listing that failed (prior S23, S24).
                self.known.error = Some(explain(&error));
                let row = self.row("failed", explain(&error));
                self.tell(row);
                return Ok(());
            }
        };
        let Some(Names { names, issues }) = listed else {
            self.known.in_source = false;
            if self.current_state().is_none() {
                return Err(Error::UndefinedSchema(self.database.to_owned()));
            }
            let row = self.row("missing", "it is not in the source root; nothing is removed yet");
            self.tell(row);
            return Ok(());
        };
        self.known.in_source = true;
        self.known.error = None;
        self.known.issues = issues;
        self.known.listed_at_us = Some(self.shared.clock.now_us());
        self.known.names = names.iter().cloned().collect();
        self.forget_gone();
        self.compare_loaded().await;
        let aliases = self.alias_files(&names).await;
        self.advance(&names, &aliases, force).await?;
        self.follow_aliases(&aliases, &names, force).await?;
        self.retire().await
    }

    /// Forgets what was remembered of versions that are neither loaded nor in the source.
    fn forget_gone(&mut self) {
        // The generation goes with this function: kept longer, it would count as a reader of every version it has.
        let database = self.current_state();
        let loaded =
            |name: &String| database.as_ref().is_some_and(|kept| kept.versions.contains_key(name));
        let names = &self.known.names;
        self.known.versions.retain(|name, _| names.contains(name) || loaded(name));
    }

    /// Compares the files of loaded versions with what the source lists now: a version is never re-read, so a change
    /// can only be told (prior S26). Damaged copies are fetched again.
    async fn compare_loaded(&mut self) {
        let Some(database) = self.current_state() else { return };
        for (name, version) in &database.versions {
            if !self.known.names.contains(name) {
                continue;
            }
            let Ok(Some(contents)) = self.shared.source.contents(self.database, name).await else {
                continue;
            };
            let drift = drift(&version.manifest, &contents);
            let before = self.seen(name).drifted.clone();
            if drift.is_some() && before.is_none() {
                let message = drift.clone().unwrap_or_default();
                let row = self.row("drifted", message).to(name);
                self.tell(row);
            }
            self.seen(name).drifted = drift;
            if self.seen(name).damaged.is_some() {
                self.repair(version, contents).await;
            }
        }
    }

    /// Fetches the files of a loaded, mirrored version again.
    async fn repair(&mut self, version: &Arc<Version>, contents: Contents) {
        if version.manifest.mode != Mode::Mirror {
            // In place there is nothing to fetch: the files are back when they look as they did.
            if self.seen(&version.name).drifted.is_none() {
                self.seen(&version.name).damaged = None;
            }
            return;
        }
        let done = self.fetch(&version.name, LoadMode::Mirror, contents).await;
        let done = done.and_then(|loaded| {
            if same_files(&loaded.manifest, &version.manifest) {
                return Ok(());
            }
            Err(Error::DataCorrupted("the source has other files than were loaded".to_owned()))
        });
        match done {
            Ok(()) => {
                load::mount(self.shared, &version.manifest);
                self.seen(&version.name).damaged = None;
                let row = self.row("repaired", "its files were mirrored again").to(&version.name);
                self.tell(row);
            }
            Err(error) => {
                self.seen(&version.name).damaged = Some(explain(&error));
                let row = self.row("failed", explain(&error)).to(&version.name);
                self.tell(row);
            }
        }
    }

    /// Alias files and the versions they mean in the end.
    async fn alias_files(&mut self, names: &[String]) -> Vec<(String, String)> {
        let listed = match self.shared.source.aliases(self.database, names).await {
            Ok(listed) => listed,
            Err(error) => {
                self.known.error = Some(explain(&error));
                let row = self.row("failed", explain(&error));
                self.tell(row);
                // Without knowing all, none is moved or dropped: those that are set stay.
                return self.aliases_as_they_are();
            }
        };
        let mut aliases = Vec::new();
        for (name, text) in &listed {
            let target = resolve(text, &listed).and_then(|target| match names.contains(&target) {
                true => Ok(target),
                false => Err(format!("names version {target:?}, which does not exist")),
            });
            let seen = self.seen(name);
            seen.alias_of = Some(text.clone());
            match target {
                Ok(target) => aliases.push((name.clone(), target)),
                Err(message) => {
                    let issue = Issue {
                        database: Some(self.database.to_owned()),
                        version: Some(name.clone()),
                        path: crate::source::ALIAS_FILES[0].to_owned(),
                        message: format!("{message}; ignored"),
                    };
                    self.known.issues.push(issue);
                    // A file that is wrong for a moment does not take the alias away.
                    aliases.extend(
                        self.aliases_as_they_are().into_iter().filter(|(alias, _)| alias == name),
                    );
                }
            }
        }
        let is_alias = |name: &str| listed.iter().any(|(alias, _)| alias == name);
        for (name, seen) in &mut self.known.versions {
            if !is_alias(name) {
                seen.alias_of = None;
            }
        }
        aliases
    }

    fn aliases_as_they_are(&self) -> Vec<(String, String)> {
        let Some(database) = self.current_state() else { return Vec::new() };
        let of_source = database.aliases.iter().filter(|(_, a)| a.origin == AliasOrigin::Source);
        of_source.map(|(name, alias)| (name.clone(), alias.version.clone())).collect()
    }

    /// Moves the current version forward, if something newer is good.
    async fn advance(
        &mut self,
        names: &[String],
        aliases: &[(String, String)],
        force: bool,
    ) -> Result<()> {
        let database = self.current_state();
        let floor = database
            .as_ref()
            .and_then(|database| database.high_water.clone().max(database.current.clone()));
        let newer: Vec<&String> = names
            .iter()
            .rev()
            .filter(|name| floor.as_ref().is_none_or(|floor| *name > floor))
            .filter(|name| !aliases.iter().any(|(alias, _)| alias == *name))
            .filter(|name| self.known.versions.get(*name).is_none_or(|s| s.alias_of.is_none()))
            .take(CANDIDATES_MAX)
            .collect();
        for name in newer {
            if self.loaded(name).is_none() && !self.try_load(name, force).await? {
                continue;
            }
            if !self.settings.auto_activate {
                break;
            }
            if self.try_activate(name).await? {
                break;
            }
        }
        Ok(())
    }

    /// Loads a version if it is complete and its time has come. Returns whether it is loaded. That it is not is no
    /// error: the next one may be.
    async fn try_load(&mut self, version: &str, force: bool) -> Result<bool> {
        let now_us = self.shared.clock.now_us();
        if !force && self.seen(version).retry_at_us > now_us {
            return Ok(false);
        }
        let contents = match self.complete(version).await {
            Ok(Ok(contents)) => contents,
            Ok(Err(waiting)) => {
                let row = self.row("waiting", waiting.clone()).to(version);
                self.tell(row);
                let seen = self.seen(version);
                seen.waiting = Some(waiting);
                seen.error = None;
                return Ok(false);
            }
            Err(error) => {
                self.load_failed(version, &error);
                return Ok(false);
            }
        };
        match self.load_version(version, contents).await {
            Ok(()) => Ok(true),
            // A stop of the process is no fault of the version.
            Err(error) if self.shared.tasks.stop_token().is_cancelled() => Err(error),
            Err(error) => {
                self.load_failed(version, &error);
                Ok(false)
            }
        }
    }

    fn load_failed(&mut self, version: &str, error: &Error) {
        let now_us = self.shared.clock.now_us();
        let message = explain(error);
        let seen = self.seen(version);
        seen.attempts += 1;
        let doublings = seen.attempts.saturating_sub(1).min(16);
        let wait_us = RETRY_MIN_US.saturating_mul(1 << doublings).min(RETRY_MAX_US);
        seen.retry_at_us = now_us.saturating_add(wait_us);
        seen.waiting = None;
        seen.error = Some(message.clone());
        let row = self.row("failed", message).to(version);
        self.tell(row);
    }

    /// The contents of a version that counts (DESIGN 3.2), or what it waits for.
    async fn complete(&mut self, version: &str) -> Result<Result<Contents, String>> {
        let (first, first_us) = match self.list(version).await? {
            Ok(contents) => (contents, self.shared.clock.now_us()),
            Err(waiting) => return Ok(Err(waiting)),
        };
        let before = self.seen(version).listed.replace((first_us, first.files.clone()));
        let declared = first.manifest
            || (first.success && self.settings.completeness != Completeness::Manifest);
        if declared {
            return Ok(Ok(first));
        }
        match self.settings.completeness {
            Completeness::Manifest => return Ok(Err("it has no _manifest.json".to_owned())),
            Completeness::Success => return Ok(Err("it has no _SUCCESS".to_owned())),
            Completeness::Settled => {}
        }
        let settle = self.settings.settle.0.unwrap_or_default();
        let settle_us = i64::try_from(settle.as_micros()).unwrap_or(i64::MAX);
        if let Some((listed_us, files)) = before
            && files == first.files
            && first_us.saturating_sub(listed_us) >= settle_us
        {
            return Ok(Ok(first));
        }
        let stop = self.shared.tasks.stop_token();
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(Err("the server is stopping".to_owned())),
            () = tokio::time::sleep(settle) => {}
        }
        let second = match self.list(version).await? {
            Ok(contents) => contents,
            Err(waiting) => return Ok(Err(waiting)),
        };
        self.seen(version).listed = Some((self.shared.clock.now_us(), second.files.clone()));
        if second.files == first.files {
            return Ok(Ok(second));
        }
        Ok(Err("its files are still changing".to_owned()))
    }

    /// One listing, and what speaks against it whatever else is there.
    async fn list(&mut self, version: &str) -> Result<Result<Contents, String>> {
        let listed = self.shared.source.contents(self.database, version).await?;
        let Some(contents) = listed else {
            return Ok(Err("it is not in the source root".to_owned()));
        };
        self.seen(version).issues = contents.issues.clone();
        if contents.alias.is_some() {
            return Ok(Err("it is an alias".to_owned()));
        }
        // Who says that all is written may leave litter behind; for the others a temporary name tells of a writer.
        let declared = contents.manifest || contents.success;
        if let Some(name) = contents.temporary.as_ref().filter(|_| !declared) {
            return Ok(Err(format!("somebody is still writing \"{name}\"")));
        }
        if contents.files.is_empty() && !self.settings.allow_empty_version {
            return Ok(Err("it has no data files".to_owned()));
        }
        Ok(Ok(contents))
    }

    /// Loads a complete version into the catalog and makes its files readable.
    async fn load_version(&mut self, version: &str, contents: Contents) -> Result<()> {
        if self.leaving.contains(version) {
            return Err(Error::NotInPrerequisiteState(format!(
                "version \"{version}\" of database \"{}\" was unloaded and is still being read",
                self.database
            )));
        }
        let started = crate::task::Clock::instant();
        let (mode, files) = (self.settings.mode, contents.files.len());
        let loaded = self.fetch(version, mode, contents).await?;
        self.seen(version).issues = loaded.issues;
        // First readable, then visible: a statement that sees the version must be able to open its files.
        load::mount(self.shared, &loaded.manifest);
        let change = Change::AddVersion { manifest: Arc::clone(&loaded.manifest) };
        if let Err(error) = self.shared.catalog.commit(vec![change]).await {
            self.shared.objects.unmount(self.database, version);
            self.forget_copy(version, loaded.manifest.mode).await;
            return Err(error);
        }
        let seen = self.seen(version);
        *seen = Seen { issues: std::mem::take(&mut seen.issues), ..Seen::default() };
        let took = started.elapsed();
        let row = self.row("loaded", format!("{files} files in {took:.1?}")).to(version);
        self.tell(row);
        Ok(())
    }

    async fn forget_copy(&self, version: &str, mode: Mode) {
        if mode != Mode::Mirror {
            return;
        }
        let (mirror, database) = (self.shared.mirror.clone(), self.database.to_owned());
        let version = version.to_owned();
        let removed = away(self.shared, move || mirror.remove(&database, &version)).await;
        if let Err(error) = removed {
            tracing::warn!(%error, "a copy stays until the next start");
        }
    }

    /// Verifies and, in mirror mode, copies; tells `forebay.loads` about it.
    async fn fetch(&mut self, version: &str, mode: LoadMode, contents: Contents) -> Result<Loaded> {
        let wanted = Wanted {
            database: self.database.to_owned(),
            version: version.to_owned(),
            mode,
            contents,
        };
        let attempt = self.seen(version).attempts + 1;
        let entry = load::begin_load(self.shared, &wanted, attempt);
        // A keeper that is gone means that the process stops.
        self.shared.events.send(Event::Loading(Arc::clone(&entry))).await.ok();
        let done = load::load(self.shared, &wanted, &entry).await;
        let error = done.as_ref().err().map(explain);
        entry.ended.set((self.shared.clock.now_us(), error)).ok();
        done
    }

    /// Makes a loaded version current, if the contract allows it. Returns whether it is.
    async fn try_activate(&mut self, version: &str) -> Result<bool> {
        let Some(database) = self.current_state() else { return Ok(false) };
        let Some(next) = database.versions.get(version) else { return Ok(false) };
        if let Some(broken) = self.broken(&database, next) {
            match self.settings.on_schema_change {
                OnSchemaChange::RequireCompatible => {
                    self.hold_back(version, &database, broken);
                    return Ok(false);
                }
                OnSchemaChange::Warn => {
                    tracing::warn!(database = self.database, version, broken, "schema changed");
                }
                OnSchemaChange::Allow => {}
            }
        }
        let step = Move {
            database: self.database.to_owned(),
            version: version.to_owned(),
            // Whoever moved it meanwhile knew what they did.
            expected: Some(database.current.clone()),
        };
        let change =
            Change::Activate { moves: vec![step], cause: BY_REFRESH.to_owned(), by: String::new() };
        match self.shared.catalog.commit(vec![change]).await {
            Ok(_) => {
                self.seen(version).held = None;
                let from = database.current.as_deref();
                let row = self.row("activated", "").from(from).to(version);
                self.tell(row);
                Ok(true)
            }
            Err(error) if error.state() == "40001" => {
                let row = self.row("waiting", explain(&error)).to(version);
                self.tell(row);
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    fn hold_back(&mut self, version: &str, database: &Database, broken: String) {
        // Told once, not at every refresh.
        if self.seen(version).held.is_none() {
            let from = database.current.as_deref();
            let row = self.row("held", broken.clone()).from(from).to(version);
            self.tell(row);
        }
        self.seen(version).held = Some(broken);
    }

    /// Why the contract with the current version is broken.
    fn broken(&self, database: &Database, next: &Version) -> Option<String> {
        let current = database.current_version()?;
        // An empty version drops every table; that it may is said by a setting of its own.
        if next.manifest.tables.is_empty() && self.settings.allow_empty_version {
            return None;
        }
        let found = violations(&current.manifest, &next.manifest);
        (!found.is_empty()).then(|| found.join("; "))
    }

    /// Sets the aliases that files in the source ask for, and drops those whose files are gone.
    async fn follow_aliases(
        &mut self,
        aliases: &[(String, String)],
        names: &[String],
        force: bool,
    ) -> Result<()> {
        for (alias, target) in aliases {
            self.follow_alias(alias, target, force).await?;
        }
        let Some(database) = self.current_state() else { return Ok(()) };
        if names.is_empty() {
            return Ok(());
        }
        for (alias, set) in &database.aliases {
            let gone =
                set.origin == AliasOrigin::Source && !aliases.iter().any(|(name, _)| name == alias);
            if !gone {
                continue;
            }
            let change = Change::DropAlias {
                database: self.database.to_owned(),
                alias: alias.clone(),
                expected: Some(set.version.clone()),
                by: String::new(),
            };
            let done = self.shared.catalog.commit(vec![change]).await;
            let row =
                self.row("alias dropped", format!("alias \"{alias}\"")).from(Some(&set.version));
            self.tell_unless_late(row, done)?;
        }
        Ok(())
    }

    async fn follow_alias(&mut self, alias: &str, target: &str, force: bool) -> Result<()> {
        let database = self.current_state();
        let set = database.as_ref().and_then(|database| database.aliases.get(alias));
        let clash = match set {
            Some(set) if set.origin == AliasOrigin::Sql => {
                Some("an alias of this name was set by SQL")
            }
            _ if database
                .as_ref()
                .is_some_and(|database| database.versions.contains_key(alias)) =>
            {
                Some("a version of this name is loaded")
            }
            _ => None,
        };
        if let Some(clash) = clash {
            self.known.issues.push(Issue {
                database: Some(self.database.to_owned()),
                version: Some(alias.to_owned()),
                path: crate::source::ALIAS_FILES[0].to_owned(),
                message: format!("{clash}; the file is ignored"),
            });
            return Ok(());
        }
        if set.is_some_and(|set| set.version == target) {
            return Ok(());
        }
        let from = set.map(|set| set.version.clone());
        if self.loaded(target).is_none() && !self.try_load(target, force).await? {
            return Ok(());
        }
        let change = Change::SetAlias {
            database: self.database.to_owned(),
            alias: alias.to_owned(),
            version: target.to_owned(),
            expected: Some(from.clone()),
            origin: AliasOrigin::Source,
            by: String::new(),
        };
        let done = self.shared.catalog.commit(vec![change]).await;
        let row = self.row("alias set", format!("alias \"{alias}\""));
        self.tell_unless_late(row.from(from.as_deref()).to(target), done)
    }

    /// Tells of a commit, unless somebody else got there first: the next refresh sees what they did.
    fn tell_unless_late<T>(&mut self, row: RefreshRow, done: Result<T>) -> Result<()> {
        match done {
            Ok(_) => self.tell(row),
            Err(error) if error.state() == "40001" => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Takes versions out of the catalog that nothing keeps.
    async fn retire(&mut self) -> Result<()> {
        let Some(database) = self.current_state() else { return Ok(()) };
        for name in self.retired(&database) {
            self.remove(&database, &name).await?;
            let row = self.row("retired", "no rule keeps it").from(Some(&name));
            self.tell(row);
        }
        Ok(())
    }

    fn retired(&self, database: &Database) -> Vec<String> {
        let now_us = self.shared.clock.now_us();
        let keep_for_us =
            i64::try_from(self.settings.keep_for.ms().saturating_mul(1_000)).unwrap_or(i64::MAX);
        let memory = self.shared.memory.load();
        let kept_otherwise = |name: &String, version: &Arc<Version>| {
            let held = memory.holds.get(&(self.database.to_owned(), name.clone()));
            database.current.as_ref() == Some(name)
                || database.aliases.values().any(|alias| alias.version == *name)
                || held.is_some_and(|until_us| *until_us > now_us)
                // One count is the catalog's; another is an older generation that is being read.
                || Arc::strong_count(version) > 1
        };
        let last_us = |name: &String, version: &Arc<Version>| {
            // It was current until something else became current.
            let ended = database.activations.iter().rev().find(|a| a.from.as_ref() == Some(name));
            ended.map_or(version.loaded_at_us, |ended| ended.at_us).max(version.loaded_at_us)
        };
        let floor = database.high_water.clone().max(database.current.clone());
        let is_newer = |name: &String| floor.as_ref().is_none_or(|floor| name > floor);
        let (newer, older): (Vec<_>, Vec<_>) = database
            .versions
            .iter()
            .rev()
            .filter(|(name, version)| !kept_otherwise(name, version))
            .partition(|(name, _)| is_newer(name));
        let newer = newer.into_iter().skip(CANDIDATES_MAX);
        let older = older.into_iter().skip(self.settings.keep_versions);
        newer
            .chain(older)
            .filter(|(name, version)| last_us(name, version).saturating_add(keep_for_us) <= now_us)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Takes one version out of the catalog; its files go when nothing reads them any more.
    async fn remove(&mut self, database: &Database, name: &str) -> Result<()> {
        let change =
            Change::RemoveVersion { database: self.database.to_owned(), version: name.to_owned() };
        self.shared.catalog.commit(vec![change]).await?;
        if let Some(version) = database.versions.get(name) {
            self.depart(version);
        }
        self.known.versions.remove(name);
        Ok(())
    }

    fn depart(&mut self, version: &Arc<Version>) {
        self.leaving.insert(version.name.clone());
        self.departed.push(Departed {
            database: self.database.to_owned(),
            version: version.name.clone(),
            alive: Arc::downgrade(version),
            mirrored: version.manifest.mode == Mode::Mirror,
        });
    }

    /// Loads one version because somebody asked for it by name.
    async fn load_named(&mut self, version: &str) -> Result<()> {
        check_name(Kind::Version, version)?;
        if self.loaded(version).is_some() {
            return Ok(());
        }
        self.known.in_source |= self.shared.source.versions(self.database).await?.is_some();
        let contents = match self.complete(version).await? {
            Ok(contents) => contents,
            Err(_) if self.shared.source.contents(self.database, version).await?.is_none() => {
                self.known.versions.remove(version);
                return Err(Error::UndefinedObject(format!(
                    "version \"{version}\" of database \"{}\" does not exist",
                    self.database
                )));
            }
            Err(waiting) => {
                self.seen(version).waiting = Some(waiting.clone());
                return Err(Error::NotInPrerequisiteState(format!(
                    "version \"{version}\" of database \"{}\" is not complete: {waiting}",
                    self.database
                )));
            }
        };
        self.known.names.insert(version.to_owned());
        self.load_version(version, contents).await.inspect_err(|error| {
            self.load_failed(version, error);
        })
    }

    async fn unload(&mut self, version: &str) -> Result<()> {
        let Some(database) = self.current_state() else {
            return Err(Error::UndefinedSchema(self.database.to_owned()));
        };
        self.remove(&database, version).await?;
        let row = self.row("retired", "it was unloaded").from(Some(version));
        self.tell(row);
        Ok(())
    }

    async fn drop_database(&mut self) -> Result<()> {
        let Some(database) = self.current_state() else { return Ok(()) };
        let change = Change::DropDatabase { database: self.database.to_owned() };
        self.shared.catalog.commit(vec![change]).await?;
        for version in database.versions.values() {
            self.depart(version);
        }
        self.known = Known::default();
        let message = "it vanished from the source root";
        let row = self.row("dropped", message).from(database.current.as_deref());
        self.tell(row);
        Ok(())
    }
}

/// Follows alias files to the name of a version.
fn resolve(text: &str, listed: &[(String, String)]) -> Result<String, String> {
    let mut name = text;
    for _ in 0..ALIAS_HOPS_MAX {
        if check_name(Kind::Version, name).is_err() {
            return Err(format!("names {name:?}, which is not a name of a version"));
        }
        match listed.iter().find(|(alias, _)| alias == name) {
            None => return Ok(name.to_owned()),
            Some((_, next)) => name = next,
        }
    }
    Err(format!("names {text:?}, which leads in a circle or through too many aliases"))
}

/// How the source differs from what was loaded.
fn drift(manifest: &Manifest, contents: &Contents) -> Option<String> {
    for file in manifest.tables.values().flat_map(|table| &table.files) {
        let found = contents
            .files
            .binary_search_by(|listed| listed.path.cmp(&file.path))
            .ok()
            .and_then(|at| contents.files.get(at));
        let what = match found {
            None => "is gone from the source",
            Some(found) if found.bytes != file.bytes => "has another size in the source",
            Some(found) if found.modified_us != file.modified_us => {
                "was written again in the source"
            }
            Some(_) => continue,
        };
        return Some(format!("file \"{}\" {what} since it was loaded", file.path));
    }
    None
}

fn same_files(one: &Manifest, other: &Manifest) -> bool {
    let files = |manifest: &Manifest| -> Vec<(String, u64, i64)> {
        let files = manifest.tables.values().flat_map(|table| &table.files);
        files.map(|file| (file.path.clone(), file.bytes, file.modified_us)).collect()
    };
    let digests_agree = one
        .tables
        .values()
        .flat_map(|table| &table.files)
        .zip(other.tables.values().flat_map(|table| &table.files))
        .all(|(one, other)| match (one.sha256, other.sha256) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        });
    files(one) == files(other) && digests_agree
}

/// An error with its detail, as one line.
pub(super) fn explain(error: &Error) -> String {
    match error.notes().detail {
        Some(detail) => format!("{error}: {}", detail.trim_end_matches('.')),
        None => error.to_string(),
    }
}
