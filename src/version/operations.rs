//! What SQL functions, signals and the command line may ask for.
//!
//! What only moves names is one commit, made here in the caller's task: it does not wait behind a load. What needs
//! files goes through the keeper.

use std::sync::Arc;

use futures::future::try_join_all;
use tokio::sync::oneshot;

use super::Versions;
use super::contract::{Difference, differences, violations};
use super::job::Work;
use super::keeper::Request;
use super::load::{away, mount_point};
use super::status::{RefreshRow, previous};
use crate::catalog::generation::{AliasOrigin, Database, Version};
use crate::catalog::{Change, Move};
use crate::error::{Error, Result};
use crate::source::{Kind, check_name, sha256_of};

/// One file after `forebay.verify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCheck {
    /// Its table.
    pub table: String,
    /// Its path below the version.
    pub path: String,
    /// Its size as loaded.
    pub bytes: u64,
    /// Whether it is what was loaded; `None` when no checksum is known, and only its size and time agree.
    pub good: Option<bool>,
    /// What is wrong with it, or why that is not known.
    pub message: String,
}

impl Versions {
    /// Lists one database, or all, loads what is new and complete, and activates it. With `force` also what failed a
    /// moment ago is tried again. Calls that wait share one run. One row per change, and per thing that waits.
    ///
    /// Errors: [`Error::UndefinedSchema`] for a database that exists nowhere. That something cannot be listed or loaded
    /// is a row.
    pub async fn refresh(&self, database: Option<&str>, force: bool) -> Result<Vec<RefreshRow>> {
        let database = database.map(str::to_owned);
        self.ask(|reply| Request::Refresh { database, force, reply }).await
    }

    /// Loads a version without activating it. Loaded already is no error.
    ///
    /// Errors: [`Error::UndefinedObject`] when the source has no such version; [`Error::NotInPrerequisiteState`] when it
    /// is not complete; whatever is wrong with its files.
    pub async fn load(&self, database: &str, version: &str, by: &str) -> Result<()> {
        tracing::info!(database, version, by, "load asked for");
        self.ensure_loaded(database, version).await.map(drop)
    }

    /// Makes a version, or the one an alias names, current, also an older one; loads it first if need be. The schema
    /// contract does not bind an explicit call. Returns its name.
    ///
    /// Errors: as [`Versions::load`]; [`Error::SerializationFailure`] when `expected` is given and another version is
    /// current.
    pub async fn activate(
        &self,
        database: &str,
        version: &str,
        expected: Option<Option<String>>,
        by: &str,
    ) -> Result<String> {
        let version = self.ensure_loaded(database, version).await?.name.clone();
        let step = Move { database: database.to_owned(), version: version.clone(), expected };
        self.move_to(vec![step], "activate", by).await?;
        Ok(version)
    }

    /// Makes the version current that was so before, of those still loaded. A second call goes back one more. Returns
    /// its name.
    ///
    /// Errors: [`Error::NotInPrerequisiteState`] when no earlier version is loaded.
    pub async fn rollback(&self, database: &str, by: &str) -> Result<String> {
        let state = self.database(database)?;
        let Some(version) = previous(&state) else {
            return Err(Error::NotInPrerequisiteState(format!(
                "no earlier version of database \"{database}\" is loaded"
            )));
        };
        let step = Move {
            database: database.to_owned(),
            version: version.clone(),
            // Two operators who press the button at once mean one step.
            expected: Some(state.current.clone()),
        };
        self.move_to(vec![step], "rollback", by).await?;
        Ok(version)
    }

    /// Makes a version of each of several databases current, all in one commit, or none. Loads them first if need be.
    ///
    /// Errors: as [`Versions::activate`]; [`Error::InvalidParameterValue`] for a database named twice.
    pub async fn swap(&self, targets: &[(String, String)], by: &str) -> Result<()> {
        let mut names: Vec<&String> = targets.iter().map(|(database, _)| database).collect();
        names.sort();
        if let Some([twice, _]) = names.array_windows().find(|[one, other]| one == other) {
            return Err(Error::InvalidParameterValue(format!(
                "database \"{twice}\" is named twice"
            )));
        }
        let loads = targets.iter().map(|(database, version)| self.as_move(database, version));
        let moves = try_join_all(loads.collect::<Vec<_>>()).await?;
        if moves.is_empty() {
            return Ok(());
        }
        self.move_to(moves, "swap", by).await
    }

    /// Sets an alias, new or not, to a version, or to the one another alias names; loads it first if need be. Returns
    /// the version.
    ///
    /// Errors: as [`Versions::load`]; [`Error::DuplicateObject`] when a version has that name; a name that is reserved
    /// or malformed; [`Error::SerializationFailure`] when `expected` is given and is not what the alias names now.
    #[expect(clippy::too_many_arguments, reason = "one per argument of forebay.set_alias")]
    pub async fn set_alias(
        &self,
        database: &str,
        alias: &str,
        version: &str,
        expected: Option<Option<String>>,
        by: &str,
    ) -> Result<String> {
        check_name(Kind::Alias, alias)?;
        let memory = self.shared.memory.load();
        let known = memory.databases.get(database);
        let in_source = known.is_some_and(|known| {
            let is_alias = known.versions.get(alias).is_some_and(|seen| seen.alias_of.is_some());
            known.names.contains(alias) && !is_alias
        });
        let loaded = self.database(database).is_ok_and(|state| state.versions.contains_key(alias));
        if in_source || loaded {
            return Err(Error::DuplicateObject(format!(
                "a version \"{alias}\" of database \"{database}\" exists already"
            )));
        }
        let version = self.ensure_loaded(database, version).await?.name.clone();
        let change = Change::SetAlias {
            database: database.to_owned(),
            alias: alias.to_owned(),
            version: version.clone(),
            expected,
            origin: AliasOrigin::Sql,
            by: by.to_owned(),
        };
        self.shared.catalog.commit(vec![change]).await?;
        tracing::info!(database, alias, version, by, "alias set");
        Ok(version)
    }

    /// Drops an alias. One that a file in the source root made comes back with the next refresh.
    ///
    /// Errors: [`Error::UndefinedObject`]; [`Error::SerializationFailure`] as for [`Versions::set_alias`].
    pub async fn drop_alias(
        &self,
        database: &str,
        alias: &str,
        expected: Option<String>,
        by: &str,
    ) -> Result<()> {
        if !self.database(database)?.aliases.contains_key(alias) {
            return Err(Error::UndefinedObject(format!(
                "alias \"{alias}\" of database \"{database}\" does not exist"
            )));
        }
        let change = Change::DropAlias {
            database: database.to_owned(),
            alias: alias.to_owned(),
            expected,
            by: by.to_owned(),
        };
        self.shared.catalog.commit(vec![change]).await?;
        tracing::info!(database, alias, by, "alias dropped");
        Ok(())
    }

    /// Keeps a loaded version at least until `until_us` (microseconds since the Unix epoch), whatever retention says;
    /// `None` lets it go. Survives restarts.
    ///
    /// Errors: [`Error::UndefinedObject`] when it is not loaded; the hold cannot be saved.
    pub async fn hold(
        &self,
        database: &str,
        version: &str,
        until_us: Option<i64>,
        by: &str,
    ) -> Result<()> {
        let version = self.loaded(database, version)?.name.clone();
        tracing::info!(database, version, until_us, by, "hold");
        let version = (database.to_owned(), version);
        self.ask(|reply| Request::Hold { version, until_us, reply }).await
    }

    /// Stops refreshes of a database, or all, until [`Versions::resume_refresh`], also over restarts. What is asked for
    /// by name still loads.
    ///
    /// Errors: [`Error::UndefinedSchema`]; the commit's.
    pub async fn pause_refresh(&self, database: Option<&str>, by: &str) -> Result<()> {
        self.set_paused(database, true, by).await
    }

    /// Allows refreshes of a database, or all, again. Does not refresh by itself.
    ///
    /// Errors: as [`Versions::pause_refresh`].
    pub async fn resume_refresh(&self, database: Option<&str>, by: &str) -> Result<()> {
        self.set_paused(database, false, by).await
    }

    /// Takes a version out of the catalog. Its files go when nothing reads them any more.
    ///
    /// Errors: [`Error::UndefinedObject`]; [`Error::DependentObjectsStillExist`] when it is current, held, or an alias
    /// names it.
    pub async fn unload(&self, database: &str, version: &str, by: &str) -> Result<()> {
        let state = self.database(database)?;
        let version = self.loaded(database, version)?.name.clone();
        let key = (database.to_owned(), version.clone());
        let now_us = self.shared.clock.now_us();
        let held = self.shared.memory.load().holds.get(&key).is_some_and(|until| *until > now_us);
        let alias = state.aliases.iter().find(|(_, alias)| alias.version == version);
        let reason = if state.current.as_ref() == Some(&version) {
            "it is current".to_owned()
        } else if let Some((alias, _)) = alias {
            format!("alias \"{alias}\" names it")
        } else if held {
            "it is held".to_owned()
        } else {
            tracing::info!(database, version, by, "unload asked for");
            let database = database.to_owned();
            drop(state);
            let work = Work::Unload { version };
            return self.ask(|reply| Request::Work { database, work, reply }).await.map(drop);
        };
        Err(Error::DependentObjectsStillExist(format!(
            "cannot unload version \"{version}\" of database \"{database}\": {reason}"
        )))
    }

    /// Reads all files of a loaded version again and compares them with their checksums. One row per file, by table
    /// and path. A version with a wrong file is fetched again by the next refresh, where it is mirrored.
    ///
    /// Errors: [`Error::UndefinedObject`] when it is not loaded.
    pub async fn verify(&self, database: &str, version: &str) -> Result<Vec<FileCheck>> {
        let version = self.loaded(database, version)?;
        let (directory, expected) = mount_point(&self.shared, &version.manifest);
        let stop = self.shared.tasks.stop_token();
        let manifest = Arc::clone(&version.manifest);
        let rows = away(&self.shared, move || {
            let tables = manifest.tables.values();
            let all = tables.flat_map(|table| table.files.iter().map(move |file| (table, file)));
            let mut rows = Vec::new();
            for (table, file) in all {
                stop.is_cancelled().then(stopping).map_or(Ok(()), Err)?;
                let expected = expected.get(&file.path).copied();
                let (good, message) = check_file(&directory.join(&file.path), file, expected);
                rows.push(FileCheck {
                    table: table.name.clone(),
                    path: file.path.clone(),
                    bytes: file.bytes,
                    good,
                    message,
                });
            }
            Ok(rows)
        })
        .await?;
        if let Some(bad) = rows.iter().find(|row| row.good == Some(false)) {
            let message = format!("file \"{}\": {}", bad.path, bad.message);
            tracing::warn!(database, version = version.name, message, "verification failed");
            let version = (database.to_owned(), version.name.clone());
            self.send(Request::Damaged { version, message }).await?;
        }
        Ok(rows)
    }

    /// What differs between two versions, loaded or not: tables, columns, counts of rows.
    ///
    /// Errors: as [`Versions::load`].
    pub async fn diff(&self, database: &str, old: &str, new: &str) -> Result<Vec<Difference>> {
        let old = self.ensure_loaded(database, old).await?;
        let new = self.ensure_loaded(database, new).await?;
        Ok(differences(&old.manifest, &new.manifest))
    }

    /// What activating a version would break, in words; empty when nothing. Loads it.
    ///
    /// Errors: as [`Versions::load`].
    pub async fn check(&self, database: &str, version: &str) -> Result<Vec<String>> {
        let next = self.ensure_loaded(database, version).await?;
        let state = self.database(database)?;
        let current = state.current_version();
        Ok(current.map_or_else(Vec::new, |current| violations(&current.manifest, &next.manifest)))
    }

    // ---- below the operations

    async fn as_move(&self, database: &str, version: &str) -> Result<Move> {
        let version = self.ensure_loaded(database, version).await?.name.clone();
        Ok(Move { database: database.to_owned(), version, expected: None })
    }

    async fn move_to(&self, moves: Vec<Move>, cause: &str, by: &str) -> Result<()> {
        for Move { database, version, .. } in &moves {
            tracing::info!(database, version, cause, by, "version activated");
        }
        let change = Change::Activate { moves, cause: cause.to_owned(), by: by.to_owned() };
        self.shared.catalog.commit(vec![change]).await.map(drop)
    }

    async fn set_paused(&self, database: Option<&str>, paused: bool, by: &str) -> Result<()> {
        if let Some(name) = database
            && !self.shared.memory.load().databases.contains_key(name)
        {
            self.database(name)?;
        }
        let database = database.unwrap_or("*").to_owned();
        tracing::info!(database, paused, by, "refreshes paused or resumed");
        let change = Change::SetPaused { database, paused };
        self.shared.catalog.commit(vec![change]).await.map(drop)
    }

    fn database(&self, name: &str) -> Result<Arc<Database>> {
        let generation = self.shared.catalog.pin();
        generation
            .database(name)
            .map(Arc::clone)
            .ok_or_else(|| Error::UndefinedSchema(name.to_owned()))
    }

    fn loaded(&self, database: &str, version: &str) -> Result<Arc<Version>> {
        self.database(database)?.resolve(version).map(Arc::clone).ok_or_else(|| {
            Error::UndefinedObject(format!(
                "version \"{version}\" of database \"{database}\" is not loaded"
            ))
        })
    }

    /// A version by name or alias, loaded now if it was not.
    async fn ensure_loaded(&self, database: &str, version: &str) -> Result<Arc<Version>> {
        if let Ok(version) = self.loaded(database, version) {
            return Ok(version);
        }
        check_name(Kind::Database, database)?;
        check_name(Kind::Version, version)?;
        let (of, work) = (database.to_owned(), Work::Load { version: version.to_owned() });
        self.ask(|reply| Request::Work { database: of, work, reply }).await?;
        self.loaded(database, version)
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T>>) -> Request,
    ) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        self.send(request(sender)).await?;
        receiver.await.unwrap_or_else(|_gone| Err(stopping()))
    }

    pub(super) async fn send(&self, request: Request) -> Result<()> {
        self.requests.send(request).await.map_err(|_gone| stopping())
    }
}

fn stopping() -> Error {
    Error::AdminShutdown("administrator command")
}

/// Compares one file with what was loaded.
fn check_file(
    path: &std::path::Path,
    file: &crate::catalog::manifest::File,
    expected: Option<super::objects::Expected>,
) -> (Option<bool>, String) {
    let read = || -> std::io::Result<(u64, Option<i64>, [u8; 32])> {
        let mut opened = std::fs::File::open(path)?;
        let meta = opened.metadata()?;
        let modified = meta.modified()?.duration_since(std::time::SystemTime::UNIX_EPOCH).ok();
        let modified_us = modified.and_then(|since| i64::try_from(since.as_micros()).ok());
        let (digest, _) = sha256_of(&mut opened, None, |_| Ok(()))?;
        Ok((meta.len(), modified_us, digest))
    };
    let wrong = |message: &str| (Some(false), message.to_owned());
    match (read(), file.sha256) {
        (Err(error), _) => (Some(false), format!("could not be read: {error}")),
        (Ok((bytes, ..)), _) if bytes != file.bytes => wrong("its size is not what was loaded"),
        (Ok((_, _, found)), Some(sha256)) if found != sha256 => wrong("its SHA-256 differs"),
        (Ok(_), Some(_)) => (Some(true), String::new()),
        (Ok((_, modified_us, _)), None) => {
            let loaded_us = expected.and_then(|expected| expected.modified_us);
            if loaded_us.is_some() && modified_us != loaded_us {
                return wrong("it was written again after it was loaded");
            }
            (None, "no checksum is known; its size and time agree".to_owned())
        }
    }
}
