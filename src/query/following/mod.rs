//! Following: materialized views whose rows follow those of a log.
//!
//! One task folds what is committed to a log into what is kept for each view of it, and publishes all views together. What
//! is kept is never ahead of the log: it is made of committed rows alone. It is saved now and then, with how far it had come,
//! so that a start need not read the whole log again; a file that is damaged, or is of another definition or of a log that
//! has less, is not used, and the view is built anew. A view that changes is built beside the old one, which is read until
//! the new one has caught up.
//!
//! Owns: what is kept, and `views/` of the state root. Invariants: a reader sees what a view is at one number of its log, at
//! least the one that its statement waits for; two views of a statement are seen at one moment.
//! On failure: a view whose query fails for a row says so to whoever reads it, until the view, or the log, is changed.

mod delta;
mod follower;
mod incremental;
mod read;
mod saved;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use arrow::array::RecordBatch;
use datafusion::execution::TaskContext;
use tokio::sync::{Notify, OnceCell, watch};
use tokio_util::sync::CancellationToken;

use super::engine::Engine;
use crate::catalog::Catalog;
use crate::catalog::generation::Generation;
use crate::catalog::view::View;
use crate::error::{Error, Result};
use crate::store::Directory;
use crate::task::Tasks;
use follower::Follower;
use incremental::{Content, Incremental, TIME_ZONE, failed};

pub(super) use read::{Cut, FollowingTable, Need};

/// How long the end may take. What is not saved then is read again.
const END_LIMIT: Duration = Duration::from_secs(10);

/// What all sessions read.
#[derive(Debug)]
pub(super) struct Following {
    catalog: Catalog,
    published: ArcSwap<Published>,
    /// How often something was published.
    ticks: watch::Sender<u64>,
    /// Views that are to be built anew.
    refresh: Mutex<BTreeSet<u32>>,
    wake: Notify,
    /// Ends it, and tells that it has ended.
    stop: CancellationToken,
    ended: CancellationToken,
}

/// All views at one moment, by their OIDs.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) views: BTreeMap<u32, Arc<Shown>>,
}

/// A view as it is shown.
#[derive(Debug)]
pub(super) struct Shown {
    /// Of which definition.
    pub(super) key: u64,
    pub(super) state: State,
    /// All rows of the log up to this number are in it.
    pub(super) since: i64,
    /// How often rows of the log had been redacted.
    redactions: u64,
    /// Whether states of groups are kept.
    pub(super) groups: bool,
    pub(super) kept_rows: usize,
    pub(super) kept_bytes: usize,
    /// How often it was built.
    pub(super) builds: u64,
    content: Content,
    plan: Option<Arc<Incremental>>,
    rows: OnceCell<Vec<RecordBatch>>,
}

/// How a view is.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// It is read.
    Ready,
    /// It is built, and nothing is there to be read.
    Building,
    /// Its query fails.
    Failed(Error),
}

impl Following {
    /// Nothing is followed yet.
    pub(super) fn new(catalog: &Catalog) -> Arc<Following> {
        Arc::new(Following {
            catalog: catalog.clone(),
            published: ArcSwap::default(),
            ticks: watch::Sender::new(0),
            refresh: Mutex::default(),
            wake: Notify::new(),
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
        })
    }

    /// All views as they are now.
    pub(super) fn published(&self) -> Arc<Published> {
        self.published.load_full()
    }

    /// Tells each time something is published.
    pub(super) fn ticks(&self) -> watch::Receiver<u64> {
        self.ticks.subscribe()
    }

    /// Errors: 42P01 for a view that has been dropped: nobody is going to publish it.
    fn check_there(&self, view: u32) -> Result<()> {
        match self.catalog.pin().view_by_oid(view) {
            Some(_) => Ok(()),
            None => Err(Error::UndefinedTable(view.to_string())),
        }
    }

    /// Builds a view anew.
    pub(super) fn refresh(&self, view: u32) {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).insert(view);
        self.wake.notify_one();
    }

    fn take_refresh(&self) -> BTreeSet<u32> {
        std::mem::take(&mut *self.refresh.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, views: BTreeMap<u32, Arc<Shown>>) {
        self.published.store(Arc::new(Published { views }));
        self.ticks.send_modify(|ticks| *ticks += 1);
    }
}

/// Starts to follow. It ends with the engine.
/// Errors: 58030 when the directory cannot be made.
pub(super) fn start(engine: &Arc<Engine>, state_root: &Path, tasks: &Tasks) -> Result<()> {
    let directory = Directory::open(state_root)?.subdirectory("views")?;
    directory.sweep()?;
    let follower = Follower {
        engine: Arc::downgrade(engine),
        following: Arc::clone(&engine.following),
        tasks: tasks.clone(),
        directory,
        state: engine.state_of_one(TIME_ZONE),
        cancel: engine.following.stop.clone(),
        defined: None,
        live: BTreeMap::new(),
        building: BTreeMap::new(),
    };
    let (stop, ended) = (tasks.stop_token(), engine.following.ended.clone());
    let work = engine.compute.spawn(follower.run());
    tasks.essential("views", async move {
        // When it panicked, ending early stops the process.
        if work.await.is_ok() {
            ended.cancel();
            stop.cancelled().await;
        }
    });
    Ok(())
}

impl Engine {
    /// The log that a view can follow. Runs on a planning thread.
    /// Errors: those of its query.
    pub(super) fn follows(&self, generation: &Arc<Generation>, view: &View) -> Result<Option<u32>> {
        Ok(Incremental::plan(self, generation, view)?.map(|(log, _)| log))
    }

    /// Follows no more, and saves what is kept: the next start need not read it again.
    pub async fn end_following(&self) {
        self.following.stop.cancel();
        let ended = self.following.ended.cancelled();
        if tokio::time::timeout(END_LIMIT, ended).await.is_err() {
            tracing::warn!("views were not saved in time");
        }
    }

    /// How often a view was built.
    pub(super) fn builds(&self, view: u32) -> u64 {
        self.following.published().views.get(&view).map_or(0, |shown| shown.builds)
    }

    /// Waits until a view can be read; with `builds`, until it was built more often. How many rows it has.
    /// Errors: why it cannot be read.
    pub(super) async fn followed(self: Arc<Self>, view: u32, builds: Option<u64>) -> Result<usize> {
        let mut ticks = self.following.ticks();
        loop {
            ticks.borrow_and_update();
            let published = self.following.published();
            let built = |shown: &Shown| builds.is_none_or(|before| before < shown.builds);
            match published.views.get(&view).filter(|shown| built(shown)) {
                Some(shown) if !matches!(shown.state, State::Building) => {
                    if let State::Failed(error) = &shown.state {
                        return Err(error.clone());
                    }
                    let state = self.state_of_one(TIME_ZONE);
                    let context = self.context(&state, &CancellationToken::new());
                    let shown = Arc::clone(shown);
                    let rows = self.compute.spawn(async move { shown.rows(&context).await }).await;
                    let rows = rows.map_err(|error| Error::Internal(error.to_string()))??;
                    return Ok(rows.iter().map(RecordBatch::num_rows).sum());
                }
                _ => self.following.check_there(view)?,
            }
            if ticks.changed().await.is_err() {
                return Err(Error::AdminShutdown("administrator command"));
            }
        }
    }
}

impl Shown {
    /// The rows of the view.
    /// Errors: why it has none.
    pub(super) async fn rows(&self, context: &Arc<TaskContext>) -> Result<Vec<RecordBatch>> {
        let Some(plan) = &self.plan else {
            return Err(Error::Internal("a view without a plan was read".to_owned()));
        };
        let made = self
            .rows
            .get_or_try_init(|| async { plan.rows(&self.content, context).await.map_err(failed) });
        made.await.cloned()
    }
}
