//! The keeper: one task that owns what is remembered, decides what runs, and never waits for it.
//!
//! Listings, jobs and removals run in tasks of their own and come back as [`Event`]s. Calls that ask for the same thing
//! while it waits to begin share one run; a call that comes after it began gets a new one, since what the caller
//! published may have been missed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};

use super::Shared;
use super::holds;
use super::job::{self, Outcome, Work, explain};
use super::load::away;
use super::status::{Departed, Known, Load, Memory, RefreshRow, Refreshed};
use crate::error::{Error, Result};
use crate::source::Names;
use crate::task::Clock;

/// Events under way to the keeper. Senders wait when it is full; the keeper never waits for them.
pub(super) const EVENTS_MAX: usize = 256;

/// Loads shown after they ended. Ten times more is nothing anybody reads; a tenth is one refresh of a large root.
const LOADS_KEPT: usize = 200;

/// Different things waiting to be done to one database. A refresh is one however often it is asked for.
const JOBS_MAX: usize = 64;

/// Good listings without a database before it may be dropped (reliability R15).
const MISSING_LISTINGS_MIN: u32 = 3;

/// How often versions that left are looked at: their readers do not say when they are done.
const REAP_PERIOD: Duration = Duration::from_millis(500);

/// What callers ask of the keeper.
#[derive(Debug)]
pub(super) enum Request {
    /// List one database, or all; and do what follows.
    Refresh { database: Option<String>, force: bool, reply: Reply },
    /// Do something to one database.
    Work { database: String, work: Work, reply: Reply },
    /// Keep a version until then; `None` lets it go.
    Hold { version: (String, String), until_us: Option<i64>, reply: oneshot::Sender<Result<()>> },
    /// The files of a loaded version are not what was loaded.
    Damaged { version: (String, String), message: String },
    /// The settings changed.
    Reconfigured,
}

type Reply = oneshot::Sender<Refreshed>;

/// What comes back to the keeper from what it started.
#[derive(Debug)]
pub(super) enum Event {
    /// A load began.
    Loading(Arc<Load>),
    /// The source root was listed.
    Listed(Result<Names>),
    /// A job ended.
    Done(Box<Outcome>),
    /// The files of these versions are gone.
    Reaped(Vec<(String, String)>),
}

/// Somebody who waits for one or more jobs.
struct Call {
    remaining: usize,
    rows: Vec<RefreshRow>,
    error: Option<Error>,
    /// Whether an error of one database is only a row.
    whole: bool,
    reply: Option<Reply>,
}

#[derive(Default)]
struct Queue {
    running: Option<Vec<u64>>,
    waiting: VecDeque<(Work, Vec<u64>)>,
}

/// A listing of the whole root.
#[derive(Default)]
struct Pass {
    force: bool,
    /// Nobody asked: databases with a period of their own are left alone until theirs is over.
    periodic: bool,
    callers: Vec<u64>,
}

pub(super) struct Keeper {
    shared: Arc<Shared>,
    memory: Memory,
    requests: mpsc::Receiver<Request>,
    events: mpsc::Receiver<Event>,
    queues: BTreeMap<String, Queue>,
    calls: BTreeMap<u64, Call>,
    call_id: u64,
    pass_running: Option<Pass>,
    pass_waiting: Option<Pass>,
    pass_started_us: i64,
    /// Good listings of the root without a database, and when the first of them was.
    missing: BTreeMap<String, (u32, i64)>,
    reaping: BTreeSet<(String, String)>,
    /// Damage told while a job had the database's memory.
    damage: Vec<((String, String), String)>,
}

impl Keeper {
    pub(super) fn new(
        shared: Arc<Shared>,
        memory: Memory,
        requests: mpsc::Receiver<Request>,
        events: mpsc::Receiver<Event>,
    ) -> Keeper {
        Keeper {
            pass_started_us: shared.clock.now_us(),
            shared,
            memory,
            requests,
            events,
            queues: BTreeMap::new(),
            calls: BTreeMap::new(),
            call_id: 0,
            pass_running: None,
            pass_waiting: None,
            missing: BTreeMap::new(),
            reaping: BTreeSet::new(),
            damage: Vec::new(),
        }
    }

    /// Runs until the process stops. Cancel safe: everything durable is in the catalog and the mirror.
    pub(super) async fn run(mut self) {
        let stop = self.shared.tasks.stop_token();
        let mut reap = tokio::time::interval(REAP_PERIOD);
        reap.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let wait = self.until_refresh();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(event) = self.events.recv() => self.event(event),
                request = self.requests.recv() => match request {
                    Some(request) => self.request(request).await,
                    // The last handle is gone, so nobody can ask; what is loaded is still served.
                    None => return stop.cancelled().await,
                },
                _ = reap.tick(), if !self.memory.departed.is_empty() => self.reap(),
                () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {
                    self.pass(Pass { periodic: true, ..Pass::default() });
                }
            }
            self.start_jobs();
            self.publish();
        }
    }

    fn publish(&self) {
        self.shared.memory.store(Arc::new(self.memory.clone()));
    }

    // ---- what callers ask

    async fn request(&mut self, request: Request) {
        match request {
            Request::Refresh { database: None, force, reply } => {
                let caller = self.call(true, reply);
                self.pass(Pass { force, periodic: false, callers: vec![caller] });
            }
            Request::Refresh { database: Some(database), force, reply } => {
                let caller = self.call(false, reply);
                self.enqueue(&database, Work::Refresh { force }, Some(caller));
                self.end(caller);
            }
            Request::Work { database, work, reply } => {
                let caller = self.call(false, reply);
                self.enqueue(&database, work, Some(caller));
                self.end(caller);
            }
            Request::Hold { version, until_us, reply } => {
                let done = self.hold(version, until_us).await;
                reply.send(done).ok();
            }
            Request::Damaged { version, message } => {
                self.damage.push((version, message));
                self.mark_damage();
            }
            Request::Reconfigured => {}
        }
    }

    async fn hold(&mut self, version: (String, String), until_us: Option<i64>) -> Result<()> {
        let now_us = self.shared.clock.now_us();
        let mut next = self.memory.holds.clone();
        next.retain(|_, until_us| *until_us > now_us);
        match until_us {
            Some(until_us) => next.insert(version, until_us),
            None => next.remove(&version),
        };
        let (state, saved) = (self.shared.config.load().state.clone(), next.clone());
        // Durable first: a hold that was promised must not be lost with the process.
        away(&self.shared, move || holds::save(&state, &saved)).await?;
        self.memory.holds = next;
        Ok(())
    }

    /// A new caller, who waits for one thing: that [`Keeper::end`] is called.
    fn call(&mut self, whole: bool, reply: Reply) -> u64 {
        self.call_id += 1;
        let call = Call { remaining: 1, rows: Vec::new(), error: None, whole, reply: Some(reply) };
        self.calls.insert(self.call_id, call);
        self.call_id
    }

    /// One thing a caller waited for is over.
    fn end(&mut self, caller: u64) {
        let Some(call) = self.calls.get_mut(&caller) else { return };
        call.remaining -= 1;
        if call.remaining > 0 {
            return;
        }
        if let Some(mut call) = self.calls.remove(&caller)
            && let Some(reply) = call.reply.take()
        {
            let result = call.error.map_or(Ok(call.rows), Err);
            // Whoever no longer listens does not mind.
            reply.send(result).ok();
        }
    }

    fn add_rows(&mut self, callers: &[u64], rows: &[RefreshRow]) {
        for caller in callers {
            if let Some(call) = self.calls.get_mut(caller) {
                call.rows.extend_from_slice(rows);
            }
        }
    }

    // ---- the root

    /// Starts a listing of the root, or joins the one that has not begun.
    fn pass(&mut self, pass: Pass) {
        match &mut self.pass_waiting {
            Some(waiting) => {
                waiting.force |= pass.force;
                waiting.periodic &= pass.periodic;
                waiting.callers.extend(pass.callers);
            }
            None => self.pass_waiting = Some(pass),
        }
        self.start_pass();
    }

    fn start_pass(&mut self) {
        if self.pass_running.is_some() {
            return;
        }
        let Some(pass) = self.pass_waiting.take() else { return };
        self.pass_started_us = self.shared.clock.now_us();
        if self.shared.catalog.pin().paused.contains("*") {
            let row = RefreshRow::new("", "paused", "refreshes are paused");
            self.add_rows(&pass.callers, &[row]);
            pass.callers.into_iter().for_each(|caller| self.end(caller));
            return;
        }
        self.pass_running = Some(pass);
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn("version-list", async move {
            let listed = shared.source.databases().await;
            shared.events.send(Event::Listed(listed)).await.ok();
        });
    }

    fn listed(&mut self, listed: Result<Names>) {
        let Some(pass) = self.pass_running.take() else { return };
        match listed {
            Ok(names) => self.listed_well(names, &pass),
            Err(error) => {
                let message = explain(&error);
                tracing::warn!(message, "the source root could not be listed");
                self.add_rows(&pass.callers, &[RefreshRow::new("", "failed", message.clone())]);
                self.memory.error = Some(message);
            }
        }
        pass.callers.into_iter().for_each(|caller| self.end(caller));
        self.start_pass();
    }

    fn listed_well(&mut self, found: Names, pass: &Pass) {
        let now_us = self.shared.clock.now_us();
        let Names { names, issues } = found;
        self.memory.listed_at_us = Some(now_us);
        self.memory.error = None;
        self.memory.issues = issues;
        let generation = self.shared.catalog.pin();
        self.memory
            .databases
            .retain(|name, _| names.contains(name) || generation.databases.contains_key(name));
        if names.is_empty() && !generation.databases.is_empty() {
            // An empty root is a mount that is missing more often than data that is meant to go (prior S23).
            let message = "the listing of the source root is empty; nothing is removed";
            tracing::warn!(message);
            self.add_rows(&pass.callers, &[RefreshRow::new("", "missing", message)]);
            return;
        }
        for name in generation.databases.keys().filter(|name| !names.contains(*name)) {
            self.is_missing(name, now_us, pass);
        }
        for name in &names {
            self.missing.remove(name);
            let known = self.memory.databases.entry(name.clone()).or_default();
            if pass.periodic && !is_due(&self.shared, name, known, now_us) {
                continue;
            }
            self.enqueue_for_all(name, &Work::Refresh { force: pass.force }, &pass.callers);
        }
    }

    fn is_missing(&mut self, name: &str, now_us: i64, pass: &Pass) {
        let (count, first_us) = {
            let entry = self.missing.entry(name.to_owned()).or_insert((0, now_us));
            entry.0 = entry.0.saturating_add(1);
            *entry
        };
        let known = self.memory.databases.entry(name.to_owned()).or_default();
        Arc::make_mut(known).in_source = false;
        let grace = self
            .shared
            .config
            .load()
            .versions_of(name)
            .ok()
            .and_then(|settings| settings.vanish_grace.0)
            .and_then(|grace| i64::try_from(grace.as_micros()).ok());
        let over = grace.is_some_and(|grace_us| now_us.saturating_sub(first_us) >= grace_us);
        if over && count >= MISSING_LISTINGS_MIN {
            self.enqueue_for_all(name, &Work::Drop, &pass.callers);
            return;
        }
        let message =
            format!("not in the source root, listed {count} times without it; still served");
        self.add_rows(&pass.callers, &[RefreshRow::new(name, "missing", message)]);
    }

    /// How long until the next refresh that nobody asks for.
    fn until_refresh(&mut self) -> Option<Duration> {
        // A clock in a test's hand moves nobody by itself.
        let Clock::System = self.shared.clock else { return None };
        let config = self.shared.config.load();
        let periods = config
            .database
            .keys()
            .filter_map(|name| config.versions_of(name).ok()?.refresh_period.0)
            .chain(config.versions.refresh_period.0);
        let next = periods
            .min()
            .and_then(|period| i64::try_from(period.as_micros()).ok())
            .map(|period_us| self.pass_started_us.saturating_add(period_us));
        self.memory.next_refresh_us = next;
        // One that is under way ends first, however long the root takes to list.
        let next = next.filter(|_| self.pass_running.is_none())?;
        let wait_us = next.saturating_sub(self.shared.clock.now_us()).max(0);
        Some(Duration::from_micros(wait_us.unsigned_abs()))
    }

    // ---- one database

    fn enqueue_for_all(&mut self, database: &str, work: &Work, callers: &[u64]) {
        self.enqueue(database, work.clone(), None);
        for caller in callers {
            self.enqueue(database, work.clone(), Some(*caller));
        }
    }

    /// Makes `caller` wait for `work`, which it shares with whoever asked for the same before it began.
    fn enqueue(&mut self, database: &str, work: Work, caller: Option<u64>) {
        let paused = self.shared.catalog.pin();
        let is_paused = paused.paused.contains(database) || paused.paused.contains("*");
        if is_paused && matches!(work, Work::Refresh { .. } | Work::Drop) {
            let row = RefreshRow::new(database, "paused", "refreshes are paused");
            self.add_rows(caller.as_slice(), &[row]);
            return;
        }
        let queue = self.queues.entry(database.to_owned()).or_default();
        match queue.waiting.iter().position(|(waiting, _)| is_same(waiting, &work)) {
            Some(at) => queue.join(at, &work, caller),
            None if queue.waiting.len() < JOBS_MAX => {
                queue.waiting.push_back((work, caller.into_iter().collect()));
            }
            None => {
                let Some(call) = caller.and_then(|caller| self.calls.get_mut(&caller)) else {
                    return;
                };
                call.error = Some(Error::ConfigurationLimit(format!(
                    "more than {JOBS_MAX} operations wait for database \"{database}\""
                )));
                return;
            }
        }
        if let Some(call) = caller.and_then(|caller| self.calls.get_mut(&caller)) {
            call.remaining += 1;
        }
    }

    /// Starts what waits, where nothing runs. A database whose files are just being removed waits for that: its next
    /// job may want to write them.
    fn start_jobs(&mut self) {
        let reaped: BTreeSet<&String> = self.reaping.iter().map(|(database, _)| database).collect();
        let mut starts = Vec::new();
        for (database, queue) in &mut self.queues {
            if queue.running.is_none()
                && !reaped.contains(database)
                && let Some((work, callers)) = queue.waiting.pop_front()
            {
                queue.running = Some(callers);
                starts.push((database.clone(), work));
            }
        }
        for (database, work) in starts {
            self.start_job(database, work);
        }
    }

    fn start_job(&mut self, database: String, work: Work) {
        let known =
            self.memory.databases.get(&database).map_or_else(Known::default, |k| (**k).clone());
        let of_it = self.memory.departed.iter().filter(|departed| departed.database == database);
        let leaving = of_it.map(|departed| departed.version.clone()).collect();
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn("version-job", async move {
            let run = job::run(Arc::clone(&shared), database.clone(), known.clone(), leaving, work);
            let ended = AssertUnwindSafe(Box::pin(run)).catch_unwind().await;
            let outcome = ended.unwrap_or_else(|_panic| Outcome {
                database,
                known,
                departed: Vec::new(),
                rows: Err(Error::Internal("a job on versions panicked".to_owned())),
            });
            shared.events.send(Event::Done(Box::new(outcome))).await.ok();
        });
    }

    // ---- what comes back

    fn event(&mut self, event: Event) {
        match event {
            Event::Loading(load) => {
                self.memory.loads.push(load);
                let ended = |load: &Arc<Load>| load.ended.get().is_some();
                let count = self.memory.loads.iter().filter(|load| ended(load)).count();
                let mut surplus = count.saturating_sub(LOADS_KEPT);
                self.memory.loads.retain(|load| {
                    let drop = surplus > 0 && ended(load);
                    surplus -= usize::from(drop);
                    !drop
                });
            }
            Event::Listed(listed) => self.listed(listed),
            Event::Done(outcome) => self.done(*outcome),
            Event::Reaped(versions) => {
                for (database, version) in versions {
                    self.forget_departed(&database, &version);
                    self.reaping.remove(&(database, version));
                }
            }
        }
    }

    fn forget_departed(&mut self, database: &str, version: &str) {
        self.memory.departed.retain(|d| d.database != database || d.version != version);
    }

    fn done(&mut self, outcome: Outcome) {
        let Outcome { database, known, departed, rows } = outcome;
        let exists = self.shared.catalog.pin().databases.contains_key(&database);
        if exists || known.in_source {
            self.memory.databases.insert(database.clone(), Arc::new(known));
        } else {
            self.memory.databases.remove(&database);
        }
        self.memory.departed.extend(departed);
        let callers = self
            .queues
            .get_mut(&database)
            .and_then(|queue| queue.running.take())
            .unwrap_or_default();
        if let Err(error) = &rows {
            tracing::warn!(database, error = explain(error), "an operation on versions failed");
        }
        for caller in &callers {
            let Some(call) = self.calls.get_mut(caller) else { continue };
            match &rows {
                Ok(rows) => call.rows.extend_from_slice(rows),
                Err(error) if call.whole => {
                    call.rows.push(RefreshRow::new(&database, "failed", explain(error)));
                }
                Err(error) => call.error = Some(error.clone()),
            }
        }
        self.mark_damage();
        self.reap();
        // Whoever waited finds the memory as the job left it.
        self.publish();
        callers.into_iter().for_each(|caller| self.end(caller));
    }

    fn mark_damage(&mut self) {
        for ((database, version), message) in std::mem::take(&mut self.damage) {
            if self.queues.get(&database).is_some_and(|queue| queue.running.is_some()) {
                self.damage.push(((database, version), message));
                continue;
            }
            let known = self.memory.databases.entry(database).or_default();
            Arc::make_mut(known).versions.entry(version).or_default().damaged = Some(message);
        }
    }

    /// Removes the files of versions that left and that nothing reads any more.
    fn reap(&mut self) {
        let free = |departed: &&Departed| departed.alive.strong_count() == 0;
        let free: Vec<Departed> = self.memory.departed.iter().filter(free).cloned().collect();
        let mut reaped = Vec::new();
        for departed in free {
            let key = (departed.database.clone(), departed.version.clone());
            if self.reaping.insert(key.clone()) {
                self.shared.objects.unmount(&departed.database, &departed.version);
                reaped.push((key, departed.mirrored));
            }
        }
        if reaped.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        self.shared.tasks.spawn("version-reap", async move {
            let mirror = shared.mirror.clone();
            let keys = reaped.iter().map(|(key, _)| key.clone()).collect();
            let work = move || {
                let mirrored = reaped.iter().filter(|(_, mirrored)| *mirrored);
                mirrored.map(|((database, version), _)| mirror.remove(database, version)).collect()
            };
            let removed: Result<Vec<()>> = away(&shared, work).await;
            if let Err(error) = removed {
                tracing::warn!(%error, "a copy stays until the next start");
            }
            shared.events.send(Event::Reaped(keys)).await.ok();
        });
    }
}

impl Queue {
    /// Adds a caller to what waits at `at`.
    fn join(&mut self, at: usize, work: &Work, caller: Option<u64>) {
        let Some((waiting, callers)) = self.waiting.get_mut(at) else { return };
        if let (Work::Refresh { force }, Work::Refresh { force: also }) = (waiting, work) {
            *force |= *also;
        }
        callers.extend(caller);
    }
}

/// Whether one run of it serves both.
fn is_same(one: &Work, other: &Work) -> bool {
    one == other || matches!((one, other), (Work::Refresh { .. }, Work::Refresh { .. }))
}

/// Whether a database's own period is over; a tenth of it early counts, since the root's timer is not exact.
fn is_due(shared: &Shared, name: &str, known: &Known, now_us: i64) -> bool {
    let period = shared.config.load().versions_of(name).ok().and_then(|s| s.refresh_period.0);
    let period_us = period.and_then(|period| i64::try_from(period.as_micros()).ok());
    period_us.is_some_and(|us| now_us.saturating_sub(known.started_at_us) >= us - us / 10)
}
