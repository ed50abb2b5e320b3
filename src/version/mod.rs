//! Versions: discover, load, verify, activate, reap; and what hands their tables to SQL.
//!
//! Owns: one task (`keeper`) that remembers what the source root shows, and per database one job at a time that lists,
//! loads, activates and retires. The truth about what exists is the catalog's; what is remembered here (failures,
//! waiting versions, progress) is lost with the process and found again by the next refresh.
//! Invariants: a version is in the catalog only after all its files were verified and, in mirror mode, are durable;
//! the current version moves by itself only forward past the high-water mark; local files go only when nothing holds
//! their version's `Arc`; a failed or empty listing removes nothing.
//! On failure: what is served stays served. The reason is in [`Status`] until a later success clears it, and the next
//! refresh tries again.
//!
//! Imports: error, config, task, source, mirror, catalog. Used by: query, server.

mod contract;
mod decode;
pub(crate) mod footers;
mod holds;
pub mod inspect;
mod job;
mod keeper;
mod load;
pub mod objects;
mod operations;
mod parts;
pub mod placed;
pub mod provider;
pub mod shape;
mod start;
mod status;
#[cfg(test)]
#[path = "tests/lifecycle.rs"]
mod tests;
mod thrift;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use tokio::sync::mpsc;

use crate::catalog::Catalog;
use crate::config::Config;
use crate::mirror::Mirror;
use crate::source::Source;
use crate::task::{Clock, Tasks};

pub use contract::{Difference, differences, violations};
pub use operations::FileCheck;
pub use status::{
    DatabaseStatus, LoadStatus, PinKind, PinStatus, RefreshRow, State, Status, VersionStatus,
};

use keeper::{Event, Request};
use objects::Objects;
use status::Memory;

/// Callers that may wait for the keeper's ear; it hears in microseconds, so more means that it is stuck.
const REQUESTS_MAX: usize = 256;

/// Everything this room is built from.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The settings.
    pub config: Arc<Config>,
    /// What exists.
    pub catalog: Catalog,
    /// Where the files of loaded versions are made readable.
    pub objects: Arc<Objects>,
    /// Where tasks start.
    pub tasks: Tasks,
    /// The time.
    pub clock: Clock,
}

/// The versions of all databases. Clones are cheap and mean the same.
#[derive(Debug, Clone)]
pub struct Versions {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
}

/// What the keeper, its jobs and its callers share. Nothing in it is state of its own: `memory` is written by the
/// keeper alone.
#[derive(Debug)]
struct Shared {
    config: ArcSwap<Config>,
    source: Source,
    mirror: Mirror,
    catalog: Catalog,
    objects: Arc<Objects>,
    tasks: Tasks,
    clock: Clock,
    /// One permit per file that is copied or opened, over all databases.
    files: Arc<tokio::sync::Semaphore>,
    memory: ArcSwap<Memory>,
    events: mpsc::Sender<Event>,
    load_id: AtomicU64,
}
