//! Start: what was loaded before is served again before anything else, whether the source root is there or not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::keeper::{EVENTS_MAX, Keeper, Request};
use super::load::{away, mount, mount_point};
use super::status::{Known, Memory, MountPoint};
use super::{Parts, REQUESTS_MAX, Shared, Versions, holds};
use crate::catalog::Generation;
use crate::catalog::manifest::Mode;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::mirror::Mirror;
use crate::source::Source;

/// A kept version, and where its files must be.
type Kept = (String, String, Mode, MountPoint);

impl Versions {
    /// Makes all kept versions readable, removes copies nothing refers to, starts the keeper and a first refresh, and
    /// returns without waiting for that refresh.
    ///
    /// Errors: [`Error::Configuration`] for a source root of an unknown kind or one that holds the state root; the
    /// listing's error when the source root cannot be listed and nothing is mirrored.
    pub async fn start(parts: Parts) -> Result<Versions> {
        let Parts { config, catalog, objects, tasks, clock } = parts;
        let source = Source::open(&config.source, &tasks)?;
        let state = std::path::absolute(&config.state)
            .map_err(|error| Error::io("resolve the state root", error))?;
        if state.starts_with(source.root()) {
            return Err(Error::Configuration(format!(
                "the state root \"{}\" lies in the source root",
                state.display()
            )));
        }
        let (event_sender, events) = mpsc::channel(EVENTS_MAX);
        let (requests, request_receiver) = mpsc::channel(REQUESTS_MAX);
        let shared = Arc::new(Shared {
            source,
            mirror: Mirror::new(&state),
            catalog,
            objects,
            tasks: tasks.clone(),
            clock,
            files: Arc::new(Semaphore::new(config.versions.max_parallel_loads.max(1))),
            memory: ArcSwap::default(),
            events: event_sender,
            load_id: AtomicU64::new(1),
            config: ArcSwap::new(config),
        });
        let memory = shared.restore().await?;
        shared.probe(&memory).await?;
        shared.memory.store(Arc::new(memory.clone()));
        let keeper = Keeper::new(Arc::clone(&shared), memory, request_receiver, events);
        tasks.essential("versions", keeper.run());
        let versions = Versions { shared, requests };
        // What comes of it is in the status; nobody waits for the answer.
        let (reply, _) = oneshot::channel();
        versions.send(Request::Refresh { database: None, force: false, reply }).await?;
        Ok(versions)
    }

    /// Takes new settings: they hold from the next refresh on. The roots stay what they are.
    pub async fn reconfigure(&self, config: Arc<Config>) {
        self.shared.config.store(config);
        // Only wakes the keeper, whose timer depends on the settings.
        self.requests.send(Request::Reconfigured).await.ok();
    }
}

impl Shared {
    async fn restore(&self) -> Result<Memory> {
        let generation = self.catalog.pin();
        let mut kept: Vec<Kept> = Vec::new();
        for (database, version) in all(&generation) {
            let manifest = &version.manifest;
            kept.push((
                database.clone(),
                version.name.clone(),
                manifest.mode,
                mount_point(self, manifest),
            ));
            // Also when files are missing: each open says so, and it may be that they come back.
            mount(self, manifest);
        }
        let mirrored: BTreeSet<(String, String)> = kept
            .iter()
            .filter(|(_, _, mode, _)| *mode == Mode::Mirror)
            .map(|(database, version, ..)| (database.clone(), version.clone()))
            .collect();
        let (mirror, state) = (self.mirror.clone(), self.config.load().state.clone());
        let work = move || {
            match mirror.sweep(&mirrored) {
                Ok(removed) if removed.is_empty() => {}
                Ok(removed) => tracing::info!(?removed, "copies that nothing refers to are gone"),
                Err(error) => tracing::warn!(%error, "the mirror could not be swept"),
            }
            let damaged = kept.iter().filter_map(|(database, version, _, place)| {
                Some((database.clone(), version.clone(), damage(place)?))
            });
            Ok((damaged.collect::<Vec<_>>(), holds::read(&state)?))
        };
        let (damaged, holds) = away(self, work).await?;
        let mut databases: BTreeMap<String, Known> =
            generation.databases.keys().map(|name| (name.clone(), Known::default())).collect();
        for (database, version, message) in damaged {
            tracing::warn!(database, version, message, "files of a loaded version are missing");
            let known = databases.entry(database).or_default();
            known.versions.entry(version).or_default().damaged = Some(message);
        }
        let databases = databases.into_iter().map(|(name, known)| (name, Arc::new(known)));
        Ok(Memory { databases: databases.collect(), holds, ..Memory::default() })
    }

    /// Without its source the server is of use only if it has copies to serve.
    async fn probe(&self, memory: &Memory) -> Result<()> {
        let Err(error) = self.source.databases().await else { return Ok(()) };
        let generation = self.catalog.pin();
        let served = all(&generation).any(|(database, version)| {
            let known = memory.databases.get(database);
            let seen = known.and_then(|known| known.versions.get(&version.name));
            version.manifest.mode == Mode::Mirror && seen.is_none_or(|s| s.damaged.is_none())
        });
        if !served {
            return Err(error.hint("Nothing is mirrored either, so there is nothing to serve."));
        }
        tracing::warn!(%error, "the source root cannot be listed; serving the mirror");
        Ok(())
    }
}

fn all(
    generation: &Generation,
) -> impl Iterator<Item = (&String, &Arc<crate::catalog::generation::Version>)> {
    let databases = generation.databases.iter();
    databases.flat_map(|(name, database)| database.versions.values().map(move |v| (name, v)))
}

/// What is wrong with the files of a version, as far as their names and sizes tell.
fn damage((directory, files): &MountPoint) -> Option<String> {
    files.iter().find_map(|(path, expected)| {
        match std::fs::symlink_metadata(directory.join(path)) {
            Ok(meta) if meta.is_file() && meta.len() == expected.bytes => None,
            Ok(_) => Some(format!("file \"{path}\" is not what was loaded")),
            Err(error) => Some(format!("file \"{path}\" cannot be read: {error}")),
        }
    })
}
