//! The one task that follows: it folds what comes, builds what is new, and saves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::execution::TaskContext;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use futures::{FutureExt, StreamExt};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::incremental::{Content, Incremental, failed};
use super::{Following, Shown, State, saved};
use crate::catalog::generation::{Defined, Generation};
use crate::catalog::table::Stamp;
use crate::catalog::view::View;
use crate::error::{Error, Result};
use crate::query::engine::Engine;
use crate::store::Directory;
use crate::task::Tasks;

/// Numbers of a log that one step looks at: more would keep other views waiting, fewer would plan too often.
const NUMBERS_AT_ONCE: i64 = 1 << 18;

/// Rows of a log after which a view is saved again, and the part of what it has that must have come. Saving writes all that is
/// kept: far fewer would write all the time, far more would make a start read much again.
const SAVE_NUMBERS: i64 = 100_000;
const SAVE_SHARE: usize = 4;

/// How long nothing is looked at where there is no view.
const PAUSE: Duration = Duration::from_millis(20);

/// Memory that the rows of one view, or the states of its groups, may take.
const BYTES_MAX: usize = 256 << 20;

/// A view that is followed.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) key: u64,
    pub(super) plan: Option<Arc<Incremental>>,
    pub(super) log: u32,
    pub(super) redactions: u64,
    pub(super) since: i64,
    pub(super) content: Content,
    pub(super) saved_since: i64,
    pub(super) failed: Option<Error>,
    pub(super) builds: u64,
    /// Whether anything has changed since it was published.
    pub(super) moved: bool,
}

/// The one task.
pub(super) struct Follower {
    pub(super) engine: Weak<Engine>,
    pub(super) following: Arc<Following>,
    pub(super) tasks: Tasks,
    pub(super) directory: Directory,
    pub(super) state: Arc<SessionState>,
    pub(super) cancel: CancellationToken,
    /// The definitions that were looked at last.
    pub(super) defined: Option<Defined>,
    pub(super) live: BTreeMap<u32, Followed>,
    /// Those that take the place of others, or of none, once they have caught up.
    pub(super) building: BTreeMap<u32, Followed>,
}

impl Follower {
    pub(super) async fn run(mut self) {
        let Some(mut changes) = self.engine.upgrade().map(|engine| engine.catalog.changes()) else {
            return;
        };
        loop {
            changes.borrow_and_update();
            let Some(engine) = self.engine.upgrade() else { return };
            self.step(&engine).await;
            let idle = self.building.is_empty();
            drop(engine);
            if !idle {
                tokio::select! {
                    biased;
                    () = self.cancel.cancelled() => break,
                    () = tokio::task::yield_now() => continue,
                }
            }
            if self.live.is_empty() {
                // Nobody waits for a view: looking at each commit would cost as much as a small one does.
                tokio::select! {
                    biased;
                    () = self.cancel.cancelled() => break,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break,
                changed = changes.changed() => if changed.is_err() { break },
                () = self.following.wake.notified() => {}
            }
        }
        // What is saved at the end need not be read again.
        for (oid, followed) in &mut self.live {
            save((&self.directory, &self.tasks), *oid, followed).await;
        }
    }

    /// Follows all logs to their ends, and builds a step of what is to be built.
    async fn step(&mut self, engine: &Arc<Engine>) {
        let generation = engine.catalog.pin();
        let mut moved = false;
        if self.defined != Some(generation.defined) {
            moved |= self.look(engine, &generation).await;
            self.defined = Some(generation.defined);
        }
        for oid in self.following.take_refresh() {
            if let Some(live) = self.live.get(&oid) {
                self.building.insert(oid, live.anew());
            } else if let Some(building) = self.building.get_mut(&oid) {
                *building = building.anew();
            }
        }
        moved |= self.forget_redacted(&generation);
        for followed in self.live.values_mut() {
            while followed.behind(&generation) && !self.cancel.is_cancelled() {
                advance(engine, &self.state, &generation, followed, &self.cancel).await;
            }
            moved |= std::mem::take(&mut followed.moved);
        }
        let mut done = Vec::new();
        for (oid, followed) in &mut self.building {
            if followed.behind(&generation) {
                advance(engine, &self.state, &generation, followed, &self.cancel).await;
            }
            if !followed.behind(&generation) {
                done.push(*oid);
            }
        }
        for oid in done {
            moved = true;
            if let Some(mut followed) = self.building.remove(&oid) {
                let before = self.live.get(&oid).map_or(followed.builds, |live| live.builds);
                followed.builds = before + 1;
                self.live.insert(oid, followed);
            }
        }
        if moved {
            self.publish();
        }
        let due = |(_, followed): &(&u32, &mut Followed)| followed.due();
        for (oid, followed) in self.live.iter_mut().chain(&mut self.building).filter(due) {
            save((&self.directory, &self.tasks), *oid, followed).await;
        }
    }

    /// Looks at all views after a change of definitions. Whether something is to be published.
    async fn look(&mut self, engine: &Arc<Engine>, generation: &Arc<Generation>) -> bool {
        let mut views: BTreeMap<u32, Arc<View>> = BTreeMap::new();
        for schema in generation.schemas.values() {
            let own = schema.views.values().filter(|view| view.follows.is_some());
            views.extend(own.map(|view| (view.ids.relation, Arc::clone(view))));
        }
        let before = self.live.len() + self.building.len();
        let gone = |oid: &u32| !views.contains_key(oid);
        let unwanted: BTreeSet<u32> =
            self.live.keys().chain(self.building.keys()).copied().filter(gone).collect();
        for oid in unwanted {
            let directory = self.directory.clone();
            let removed = self.tasks.blocking(move || directory.remove(&saved::name(oid))).await;
            if let Ok(Err(error)) = removed {
                tracing::warn!(%error, "could not remove what is kept of a view");
            }
        }
        self.live.retain(|oid, _| views.contains_key(oid));
        self.building.retain(|oid, _| views.contains_key(oid));
        let mut moved = before != self.live.len() + self.building.len();
        for (oid, view) in views {
            let planned = {
                let (engine, generation) = (Arc::clone(engine), Arc::clone(generation));
                let (planner, view) = (Arc::clone(&engine), Arc::clone(&view));
                planner.plan(move || Incremental::plan(&engine, &generation, &view)).await
            };
            let followed = Followed::new(generation, &view, planned);
            let known = self.building.get(&oid).or_else(|| self.live.get(&oid));
            if known.is_some_and(|known| known.key == followed.key && known.failed.is_none()) {
                continue;
            }
            moved = true;
            let followed = match self.live.contains_key(&oid) {
                true => followed,
                false => saved::load(oid, generation, followed, self.saved(oid).await),
            };
            self.building.insert(oid, followed);
        }
        moved
    }

    /// The file of a view.
    async fn saved(&self, oid: u32) -> Result<Option<Vec<u8>>> {
        let directory = self.directory.clone();
        let read = self.tasks.blocking(move || directory.read(&saved::name(oid))).await;
        read.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))
    }

    /// Takes away what has rows in it that were redacted: it is built anew. Whether there was any.
    fn forget_redacted(&mut self, generation: &Generation) -> bool {
        let is_redacted = |followed: &Followed| {
            generation.log(followed.log).is_some_and(|log| log.redactions != followed.redactions)
        };
        let redacted: Vec<u32> =
            self.live.iter().filter(|(_, it)| is_redacted(it)).map(|(oid, _)| *oid).collect();
        for oid in &redacted {
            if let Some(live) = self.live.remove(oid) {
                let redactions = generation.log(live.log).map_or(0, |log| log.redactions);
                let anew = || Followed { redactions, ..live.anew() };
                self.building.entry(*oid).or_insert_with(anew);
            }
        }
        for building in self.building.values_mut().filter(|it| is_redacted(it)) {
            let redactions = generation.log(building.log).map_or(0, |log| log.redactions);
            *building = Followed { redactions, ..building.anew() };
        }
        !redacted.is_empty()
    }

    fn publish(&self) {
        let published = self.following.published();
        let mut views = BTreeMap::new();
        for (oid, followed) in &self.live {
            let same = published.views.get(oid).filter(|shown| followed.is(shown)).cloned();
            views.insert(*oid, same.unwrap_or_else(|| Arc::new(followed.shown(false))));
        }
        for (oid, followed) in &self.building {
            views.entry(*oid).or_insert_with(|| Arc::new(followed.shown(true)));
        }
        self.following.publish(views);
    }
}

impl Followed {
    fn new(
        generation: &Generation,
        view: &View,
        planned: Result<Option<(u32, Incremental)>>,
    ) -> Followed {
        let (log, plan, failed) = match planned {
            Ok(Some((log, plan))) => (log, Some(Arc::new(plan)), None),
            Ok(None) => {
                let message = format!("materialized view \"{}\" cannot follow", view.name);
                (view.follows.unwrap_or_default(), None, Some(Error::FeatureNotSupported(message)))
            }
            Err(error) => (view.follows.unwrap_or_default(), None, Some(error)),
        };
        Followed {
            key: saved::key(view, log, plan.as_deref()),
            plan,
            log,
            redactions: generation.log(log).map_or(0, |log| log.redactions),
            since: 0,
            content: Content::default(),
            saved_since: 0,
            failed,
            builds: 0,
            moved: true,
        }
    }

    /// The same with nothing kept.
    fn anew(&self) -> Followed {
        Followed {
            key: self.key,
            plan: self.plan.clone(),
            log: self.log,
            redactions: self.redactions,
            since: 0,
            content: Content::default(),
            saved_since: 0,
            failed: None,
            builds: self.builds,
            moved: true,
        }
    }

    fn behind(&self, generation: &Generation) -> bool {
        let end = generation.since(self.log).unwrap_or_default();
        self.failed.is_none() && self.plan.is_some() && self.since < end
    }

    fn due(&self) -> bool {
        let numbers = self.since.saturating_sub(self.saved_since);
        let rows = i64::try_from(self.content.rows() / SAVE_SHARE).unwrap_or(i64::MAX);
        self.failed.is_none() && SAVE_NUMBERS.max(rows) <= numbers
    }

    fn is(&self, shown: &Shown) -> bool {
        let failed = matches!(shown.state, State::Failed(_));
        let ready = matches!(shown.state, State::Ready);
        shown.key == self.key
            && shown.since == self.since
            && shown.redactions == self.redactions
            && shown.builds == self.builds
            && (ready && self.failed.is_none() || failed && self.failed.is_some())
    }

    fn shown(&self, building: bool) -> Shown {
        Shown {
            key: self.key,
            state: match &self.failed {
                Some(error) => State::Failed(error.clone()),
                None if building => State::Building,
                None => State::Ready,
            },
            since: self.since,
            redactions: self.redactions,
            groups: self.plan.as_ref().is_some_and(|plan| plan.groups()),
            kept_rows: self.content.rows(),
            kept_bytes: self.content.bytes(),
            builds: self.builds,
            content: self.content.clone(),
            plan: self.plan.clone(),
            rows: OnceCell::new(),
        }
    }
}

/// Folds the next rows of its log into a view.
async fn advance(
    engine: &Engine,
    state: &Arc<SessionState>,
    generation: &Generation,
    followed: &mut Followed,
    cancel: &CancellationToken,
) {
    let Some(plan) = followed.plan.clone() else { return };
    let end = generation.since(followed.log).unwrap_or_default();
    let last = end.min(followed.since.saturating_add(NUMBERS_AT_ONCE));
    let context = engine.context(state, cancel);
    let mut content = followed.content.clone();
    let log = Source { engine, state, generation, log: followed.log };
    let folded = async {
        let rows = log.rows((followed.since, last), &plan.columns_read, &context).await?;
        plan.fold(&mut content, rows, &context).await.map_err(failed)
    };
    followed.moved = true;
    // A panic inside an operator concerns this view only.
    let folded = std::panic::AssertUnwindSafe(folded).catch_unwind().await;
    let folded = folded.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        tracing::error!(panic = text, "a view panicked while it followed");
        Err(Error::Internal("execution failed".to_owned()))
    });
    match folded {
        Ok(()) if content.bytes() <= BYTES_MAX => {
            followed.content = content;
            followed.since = last;
        }
        Ok(()) => {
            let message = format!("a materialized view can have {BYTES_MAX} bytes");
            followed.failed = Some(Error::ConfigurationLimit(message));
        }
        Err(_) if cancel.is_cancelled() => {}
        Err(error) => {
            tracing::warn!(%error, log = followed.log, "a view cannot follow");
            followed.failed = Some(error);
        }
    }
}

/// A log that rows are read of.
struct Source<'a> {
    engine: &'a Engine,
    state: &'a SessionState,
    generation: &'a Generation,
    log: u32,
}

impl Source<'_> {
    /// Rows behind `after` up to `last`, in their order, with the columns of these numbers.
    /// Errors: those of reading them.
    async fn rows(
        &self,
        (after, last): (i64, i64),
        columns: &[i16],
        context: &Arc<TaskContext>,
    ) -> Result<Vec<RecordBatch>> {
        let (oid, generation) = (self.log, self.generation);
        let (Some((_, table)), Some(rows), Some(log)) =
            (generation.table_by_oid(oid), generation.rows(oid), generation.log(oid))
        else {
            return Err(Error::UndefinedTable(oid.to_string()));
        };
        let Some(seq) = table.stamped(Stamp::Seq) else {
            return Err(Error::Internal(format!("the log {oid} has no numbers")));
        };
        // Its numbers are read too, to leave out what is at either end.
        let mut wanted = Vec::with_capacity(columns.len() + 1);
        for number in columns {
            let place = table.place(*number);
            let gone = || Error::Internal(format!("the log {oid} has no column {number}"));
            wanted.push(place.ok_or_else(gone)?);
        }
        wanted.push(seq);
        let numbers = (after.saturating_add(1), last);
        let logs = &self.engine.logs;
        let plans = logs.in_order((table, rows, log), self.state, numbers, &wanted);
        let mut found = Vec::new();
        for plan in plans.map_err(failed)? {
            found.extend(within(plan, numbers, context).await.map_err(failed)?);
        }
        Ok(found)
    }
}

/// The rows of a plan with such numbers, which stand last and grow; without them.
async fn within(
    plan: Arc<dyn ExecutionPlan>,
    (first, last): (i64, i64),
    context: &Arc<TaskContext>,
) -> datafusion::common::Result<Vec<RecordBatch>> {
    let mut stream = plan.execute(0, Arc::clone(context))?;
    let mut found = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let Some(count) = batch.num_columns().checked_sub(1) else { continue };
        let numbers = batch.column(count).as_primitive::<Int64Type>().values();
        let from = numbers.partition_point(|number| *number < first);
        let to = numbers.partition_point(|number| *number <= last);
        if from < to {
            let places: Vec<usize> = (0..count).collect();
            found.push(batch.slice(from, to - from).project(&places)?);
        }
    }
    Ok(found)
}

/// Saves what is kept. That it could not is told; the next time tries again.
async fn save((directory, tasks): (&Directory, &Tasks), oid: u32, followed: &mut Followed) {
    let Some(plan) = followed.plan.clone() else { return };
    if followed.failed.is_some() {
        return;
    }
    let head =
        saved::Head { key: followed.key, since: followed.since, redactions: followed.redactions };
    let (content, directory) = (followed.content.clone(), directory.clone());
    let written = tasks.blocking(move || {
        let bytes = saved::encode(&head, &plan, &content)?;
        directory.write(&saved::name(oid), &bytes)
    });
    let written = written.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
    followed.saved_since = followed.since;
    if let Err(error) = written {
        tracing::warn!(%error, "could not save what is kept of a view");
    }
}
