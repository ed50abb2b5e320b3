//! Server: builds the rooms in order, obeys signals, stops gracefully.
//!
//! Owns: the order of start and stop, the signals, the server log. A start that fails says why and leaves nothing
//! running; a stop lets statements finish for `server.drain`, then ends them, and waits for every task.
//!
//! Imports: error, config, task, catalog, sequence, version, backup, log, query, wire. Used by: cli.

mod telemetry;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::backup::Backups;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::log::Logs;
use crate::query::engine::{Engine, Parts};
use crate::query::session::door::EngineDoor;
use crate::query::system::System;
use crate::sequence::Sequences;
use crate::task::{Clock, Tasks};
use crate::version::objects::Objects;
use crate::version::provider::{self, Scans};
use crate::version::{self, Versions};
use crate::wire::{self, Wire};

/// How long tasks may take to end after the last connection is gone; each only has to notice.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Serves until a signal says stop. `ready` is called with the addresses once queries are answered.
/// Errors: whatever keeps the server from starting.
pub async fn run(config: Config, ready: impl FnOnce(&[SocketAddr])) -> Result<()> {
    telemetry::start(&config.server)?;
    let signals = Signals::listen()?;
    let tasks = Tasks::new();
    let served = serve(config, &tasks, signals, ready).await;
    if !tasks.stop(STOP_LIMIT).await {
        tracing::warn!("some tasks did not end in time");
    }
    served
}

async fn serve(
    config: Config,
    tasks: &Tasks,
    mut signals: Signals,
    ready: impl FnOnce(&[SocketAddr]),
) -> Result<()> {
    let clock = Clock::System;
    let config = Arc::new(config);
    let catalog = Catalog::open(&config.state, clock.clone(), tasks).await?;
    catalog.limit_rows(config.tables.bytes_max.0);
    let objects = Objects::new(tasks.clone());
    let versions = Versions::start(version::Parts {
        config: Arc::clone(&config),
        catalog: catalog.clone(),
        objects: Arc::clone(&objects),
        tasks: tasks.clone(),
        clock: clock.clone(),
    })
    .await?;
    // Whatever is in the source root already is served from the first moment.
    if let Err(error) = versions.refresh(None, false).await {
        tracing::warn!(%error, "the first refresh failed");
    }
    let sequences = Arc::new(Sequences::new(&catalog));
    let scans = Scans::new(Arc::clone(&objects), tasks.clone());
    let logs = Logs::start(&config.logs, &config.state, &catalog, &objects, tasks)?;
    let backups = Backups::start(&config.backup, &config.state, &catalog, (tasks, &clock))?;
    let parts = Parts {
        catalog: catalog.clone(),
        sequences: Arc::clone(&sequences),
        tables: Box::new(move |database, version, table| {
            provider::provider(database, version, table, &scans)
        }),
        logs,
        objects: objects.registry(),
        system: System { versions: versions.clone(), config: Arc::clone(&config), backups },
    };
    let engine = Arc::new(Engine::start(&config.query, &config.state, parts, tasks, &clock)?);
    engine.follow(&config.state, tasks)?;
    let wire = wire::start(&config, Arc::new(EngineDoor(Arc::clone(&engine))), tasks).await?;
    ready(wire.addresses());
    tracing::info!(addresses = ?wire.addresses(), "ready");
    obey(&config, tasks, &mut signals, &wire, &versions).await;
    tracing::info!("stopping");
    tokio::select! {
        () = wire.drain(config.server.drain_limit()) => {}
        () = signals.stop() => tracing::warn!("stopping at once"),
    }
    engine.end_following().await;
    if let Err(error) = sequences.give_back().await {
        tracing::warn!(%error, "sequences will go on behind their blocks");
    }
    catalog.checkpoint().await
}

/// Handles signals until one says stop, or an essential task has ended.
async fn obey(
    config: &Config,
    tasks: &Tasks,
    signals: &mut Signals,
    wire: &Wire,
    versions: &Versions,
) {
    let stop = tasks.stop_token();
    loop {
        let heard = tokio::select! {
            biased;
            () = stop.cancelled() => Heard::Stop,
            heard = signals.next() => heard,
        };
        match heard {
            Heard::Stop => return,
            Heard::Reload => reload(config, tasks, wire, versions),
        }
    }
}

fn reload(config: &Config, tasks: &Tasks, wire: &Wire, versions: &Versions) {
    tracing::info!("reloading");
    if let Err(error) = wire.reload(config) {
        tracing::warn!(%error, "kept the old certificates and rules");
    }
    let versions = versions.clone();
    tasks.spawn("refresh by signal", async move {
        if let Err(error) = versions.refresh(None, false).await {
            tracing::warn!(%error, "refresh failed");
        }
    });
}

/// What a signal asks for.
enum Heard {
    Stop,
    Reload,
}

/// The signals we obey.
struct Signals {
    reload: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Signals> {
        let listen = |kind| signal(kind).map_err(|e| Error::io("listen for signals", e));
        Ok(Signals {
            reload: listen(SignalKind::hangup())?,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::Stop,
            _ = self.interrupt.recv() => Heard::Stop,
            _ = self.reload.recv() => Heard::Reload,
        }
    }

    /// Waits for a second signal to stop.
    async fn stop(&mut self) {
        while matches!(self.next().await, Heard::Reload) {}
    }
}
