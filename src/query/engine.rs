//! What all sessions share: DataFusion's runtime and functions, the threads that plan and compute, the limits.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::execution::TaskContext;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::SessionConfig;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::conditions::ConditionsFirst;
use super::deadline::Deadlines;
use super::kept::Kept;
use super::known::Known;
use super::once::CalledOnce;
use super::ordered::BranchOrder;
use super::outer::OuterConstants;
use super::parse::Limits;
use super::physical::{Cancel, Yielding};
use super::settings::write_ms;
use crate::catalog::Catalog;
use crate::catalog::generation::{Defined, Version};
use crate::catalog::manifest::Table;
use crate::config::Query;
use crate::error::{Error, Result};
use crate::log::Logs;
use crate::pg::facts::{Facts, Names};
use crate::sequence::Sequences;
use crate::task::{Clock, Tasks};

/// Makes the provider of one table of one version.
pub type Tables = dyn Fn(&str, &Arc<Version>, &Arc<Table>) -> Arc<dyn TableProvider> + Send + Sync;

/// The stack of a planning thread. The limits of `parse` keep recursion to a fraction of it; the rest is for plans
/// that views and wide expressions make deeper than their text. Only touched pages cost memory.
const PLANNING_STACK_BYTES: usize = 256 << 20;

/// Planning threads. Planning folds constants, so a hostile text can keep one busy for seconds: with as many as cores
/// two such texts would stop everybody else. Each costs only the stack it has touched.
const PLANNERS: usize = 32;

/// Statements that may wait for a planning thread; more answer 53300 at once instead of piling up.
const PLANNING_QUEUE_LEN_MAX: usize = 4_096;

/// Distinct time zones whose session states are kept; a state costs about 100 KiB.
const STATES_LEN_MAX: usize = 64;

/// Generations whose catalogs are kept, as far as pins and settings let them differ. One of 10,000 tables takes some
/// 30 MiB.
const CATALOGS_LEN_MAX: usize = 4;

/// What catalogs of equal keys tell alike.
#[derive(Debug, PartialEq)]
struct CatalogKey {
    defined: Defined,
    show_versions: bool,
    pins: BTreeMap<String, String>,
}

/// Rows DataFusion moves at a time.
const BATCH_ROWS: usize = 8_192;

/// Share of the memory limit for footers and statistics.
const METADATA_CACHE_SHARE: usize = 16;

/// What all sessions share.
pub struct Engine {
    /// What exists.
    pub catalog: Catalog,
    /// Numbers of sequences.
    pub sequences: Arc<Sequences>,
    /// Makes table providers.
    pub tables: Box<Tables>,
    /// Files of logs, and logs as tables.
    pub(super) logs: Arc<Logs>,
    /// Views that follow logs.
    pub(super) following: Arc<super::following::Following>,
    /// Sessions and what they run.
    pub sessions: super::activity::Sessions,
    /// LISTEN and NOTIFY.
    pub(super) channels: super::channels::Channels,
    /// Advisory locks.
    pub(super) locks: super::locks::Locks,
    /// Locks on rows that are changed.
    pub(super) row_locks: super::row_locks::RowLocks,
    /// Snapshots that transactions share.
    pub(super) snapshots: Arc<super::snapshots::Snapshots>,
    /// What the views and functions of the schema `forebay` need.
    pub system: super::system::System,
    pub(super) deadlines: Deadlines,
    pub(super) kept: Kept,
    pub(super) known: Known,
    pub(super) clock: Clock,
    pub(super) limits: Limits,
    pub(super) started_at_us: i64,
    pub(super) defaults: BTreeMap<String, String>,
    pub(super) running: Arc<Semaphore>,
    pub(super) compute: tokio::runtime::Handle,
    runtime: Arc<RuntimeEnv>,
    statement_bytes_max: usize,
    states: Mutex<BTreeMap<String, Arc<SessionState>>>,
    /// Catalogs of the generations seen last, the newest at the end.
    catalogs: Mutex<Vec<(CatalogKey, Names)>>,
    planners: Planners,
    /// Ends the compute threads with the engine.
    _compute: Compute,
}

/// The runtime that statements compute on, apart from the network's.
struct Compute(Option<tokio::runtime::Runtime>);

impl Drop for Compute {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What an engine is made of.
pub struct Parts {
    /// What exists.
    pub catalog: Catalog,
    /// Numbers of sequences.
    pub sequences: Arc<Sequences>,
    /// Makes table providers.
    pub tables: Box<Tables>,
    /// Files of logs, and logs as tables.
    pub logs: Arc<Logs>,
    /// Knows only our own files.
    pub objects: Arc<dyn ObjectStoreRegistry>,
    /// What the views and functions of the schema `forebay` need.
    pub system: super::system::System,
}

impl Engine {
    /// Builds the engine; spills go to `state_root/spill`, which is emptied first.
    /// Errors: the directory cannot be made, or threads cannot be started.
    pub fn start(
        config: &Query,
        state_root: &Path,
        parts: Parts,
        tasks: &Tasks,
        clock: &Clock,
    ) -> Result<Engine> {
        let spill = state_root.join("spill");
        if spill.exists() {
            std::fs::remove_dir_all(&spill)
                .map_err(|e| Error::io("empty the spill directory", e))?;
        }
        std::fs::create_dir_all(&spill).map_err(|e| Error::io("create the spill directory", e))?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let threads = if config.threads == 0 { cores } else { config.threads };
        let compute = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("forebay-compute")
            .enable_all()
            .build()
            .map_err(|e| Error::io("start the compute threads", e))?;
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(config.memory_limit.0)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_mode(DiskManagerMode::Directories(vec![spill]))
                    .with_max_temp_directory_size(
                        u64::try_from(config.spill_limit.0).unwrap_or(u64::MAX),
                    ),
            )
            .with_cache_manager(
                CacheManagerConfig::default()
                    .with_metadata_cache_limit(config.memory_limit.0 / METADATA_CACHE_SHARE),
            )
            .with_object_store_registry(parts.objects)
            .build_arc()
            .map_err(|e| super::failure::of(e, ""))?;
        let handle = compute.handle().clone();
        Ok(Engine {
            catalog: parts.catalog.clone(),
            sequences: parts.sequences,
            tables: parts.tables,
            logs: parts.logs,
            following: super::following::Following::new(&parts.catalog),
            sessions: super::activity::Sessions::default(),
            channels: super::channels::Channels::default(),
            locks: super::locks::Locks::default(),
            row_locks: super::row_locks::RowLocks::default(),
            snapshots: Arc::default(),
            system: parts.system,
            deadlines: Deadlines::start(tasks),
            kept: Kept::start(&parts.catalog, tasks),
            known: Known::default(),
            clock: clock.clone(),
            limits: Limits { text_bytes_max: config.max_text_bytes.0 },
            started_at_us: clock.now_us(),
            defaults: BTreeMap::from([
                ("statement_timeout".to_owned(), write_ms(config.statement_timeout.ms())),
                (
                    "idle_in_transaction_session_timeout".to_owned(),
                    write_ms(config.idle_in_transaction_session_timeout.ms()),
                ),
                ("idle_session_timeout".to_owned(), write_ms(config.idle_session_timeout.ms())),
            ]),
            running: Arc::new(Semaphore::new(config.max_running)),
            planners: Planners::start(PLANNERS, &handle)?,
            compute: handle,
            runtime,
            statement_bytes_max: config.memory_per_statement.0,
            states: Mutex::new(BTreeMap::new()),
            catalogs: Mutex::default(),
            _compute: Compute(Some(compute)),
        })
    }

    /// Starts what goes on beside all statements.
    /// Errors: 58030.
    pub fn follow(self: &Arc<Self>, state_root: &Path, tasks: &Tasks) -> Result<()> {
        super::wakes::start(self, tasks);
        super::following::start(self, state_root, tasks)
    }

    /// DataFusion's state for sessions in `time_zone`; shared, since nothing else of it differs between sessions.
    pub(super) fn state(&self, time_zone: &str) -> Arc<SessionState> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = states.get(time_zone) {
            return Arc::clone(state);
        }
        let state = Arc::new(build_state(time_zone, &self.runtime, None));
        if STATES_LEN_MAX <= states.len() {
            states.clear();
        }
        states.insert(time_zone.to_owned(), Arc::clone(&state));
        state
    }

    /// The same for plans that run in one piece.
    pub(super) fn state_of_one(&self, time_zone: &str) -> Arc<SessionState> {
        Arc::new(build_state(time_zone, &self.runtime, Some(1)))
    }

    /// The catalogs that `facts` are to answer from, shared with all statements that see the same.
    pub(super) fn names(&self, facts: &Facts) -> Names {
        let key = CatalogKey {
            defined: facts.generation.defined,
            show_versions: facts.show_versions,
            pins: facts.pins.clone(),
        };
        let mut catalogs = self.catalogs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, names)) = catalogs.iter().find(|(known, _)| *known == key) {
            return names.clone();
        }
        if CATALOGS_LEN_MAX <= catalogs.len() {
            catalogs.remove(0);
        }
        let names = Names::default();
        catalogs.push((key, names.clone()));
        names
    }

    /// Room for the temporary tables of one session, as much as one statement may use.
    pub(super) fn temporary(&self) -> (MemoryReservation, usize) {
        let memory = MemoryConsumer::new("temporary tables").register(&self.runtime.memory_pool);
        (memory, self.statement_bytes_max)
    }

    /// What one statement executes in: its own share of memory, the common caches and spill directory. `cancel` stops it.
    pub(super) fn context(
        &self,
        state: &SessionState,
        cancel: &CancellationToken,
    ) -> Arc<TaskContext> {
        let pool = Share {
            parent: Arc::clone(&self.runtime.memory_pool),
            used: AtomicUsize::new(0),
            max: self.statement_bytes_max,
        };
        let runtime = RuntimeEnv { memory_pool: Arc::new(pool), ..(*self.runtime).clone() };
        Arc::new(TaskContext::new(
            None,
            String::new(),
            state.config().clone().with_extension(Arc::new(Cancel(cancel.clone()))),
            Default::default(),
            Default::default(),
            Default::default(),
            Default::default(),
            Arc::new(runtime),
        ))
    }

    /// Runs `work` on a planning thread: it may recurse deeply and take long.
    /// Errors: 53300 when too many wait; what `work` gives.
    pub(super) async fn plan<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (send, receive) = oneshot::channel();
        self.planners.submit(Box::new(move || {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            let done = done.unwrap_or_else(|panic| Err(Error::Internal(panicked(&panic))));
            // The session may have gone away; its plan is dropped here, where the stack is large.
            drop(send.send(done));
        }))?;
        match receive.await {
            Ok(done) => done,
            Err(_gone) => Err(Error::Internal("a planning thread ended".to_owned())),
        }
    }
}

/// The text of a panic, for the one client it concerns.
fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a statement panicked while it was planned");
    "planning failed".to_owned()
}

fn build_state(
    time_zone: &str,
    runtime: &Arc<RuntimeEnv>,
    partitions: Option<usize>,
) -> SessionState {
    let mut config = SessionConfig::new()
        .with_batch_size(BATCH_ROWS)
        .with_information_schema(false)
        .with_create_default_catalog_and_schema(false);
    if let Some(partitions) = partitions {
        config = config.with_target_partitions(partitions);
    }
    let options = config.options_mut();
    let zone = crate::pg::zone::Zone::of_session(time_zone);
    options.execution.time_zone =
        Some(zone.map_or_else(|| "UTC".to_owned(), |zone| zone.arrow_name()));
    options.execution.parquet.pushdown_filters = false;
    // Files are left out by what `min(a)` of `min(a), max(a + 1)` has found, for the other one too, and again when the plan
    // runs the next time: `aggregates_still_filter_for_each_other` tells when that is mended.
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    // The limit of a sort is moved below windows into an aggregate, and they see fewer rows:
    // `limits_still_pass_windows` tells when that is mended.
    options.optimizer.enable_topk_aggregation = false;
    // A cast to a type with a modifier may be NULL to the physical plan and not to the logical one, which the check takes
    // for a fault; what follows goes by the physical plan.
    options.execution.skip_physical_aggregate_schema_check = true;
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.collect_spans = true;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(Arc::clone(runtime))
        .with_default_features()
        .with_query_planner(Arc::new(crate::pg::apply::Planner))
        .with_optimizer_rule(Arc::new(crate::log::NewestRows))
        .with_physical_optimizer_rules(physical_rules())
        .with_physical_optimizer_rule(Arc::new(ConditionsFirst))
        .with_physical_optimizer_rule(Arc::new(BranchOrder))
        .with_physical_optimizer_rule(Arc::new(Yielding))
        .build();
    register(&mut state);
    state
}

/// DataFusion's own, after what makes its joins and calls safe for them.
fn physical_rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::new().rules;
    rules.insert(0, Arc::new(OuterConstants));
    rules.insert(0, Arc::new(CalledOnce));
    rules
}

/// PostgreSQL's functions that DataFusion lacks, or has with another meaning: the later registration wins.
fn register(state: &mut SessionState) {
    use crate::pg::functions::{domain, lengths};
    use datafusion::execution::FunctionRegistry;
    datafusion_pg_functions::register_all(state);
    for function in crate::pg::functions::immutable() {
        let name = function.name().to_owned();
        if let Err(error) = state.register_udf(function) {
            tracing::error!(function = name, %error, "could not register a function");
        }
    }
    let domains = domain::NAMES.iter().map(|name| (name, domain::guarded as fn(&_) -> _));
    let lengths = lengths::NAMES.iter().map(|name| (name, lengths::guarded as fn(&_) -> _));
    for (name, guarded) in domains.chain(lengths) {
        if let Some(inner) = state.scalar_functions().get(*name).cloned()
            && let Err(error) = state.register_udf(guarded(&inner))
        {
            tracing::error!(function = name, %error, "could not register a function");
        }
    }
    let wide = super::numeric::aggregates(|name| state.aggregate_functions().get(name).cloned());
    for function in crate::pg::functions::aggregates().into_iter().chain(wide) {
        let name = function.name().to_owned();
        if let Err(error) = state.register_udaf(function) {
            tracing::error!(function = name, %error, "could not register a function");
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads with large stacks.
struct Planners {
    queue: mpsc::SyncSender<Job>,
}

impl Planners {
    fn start(count: usize, compute: &tokio::runtime::Handle) -> Result<Planners> {
        let (queue, jobs) = mpsc::sync_channel::<Job>(PLANNING_QUEUE_LEN_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for index in 0..count {
            let jobs = Arc::clone(&jobs);
            let compute = compute.clone();
            std::thread::Builder::new()
                .name(format!("forebay-plan-{index}"))
                .stack_size(PLANNING_STACK_BYTES)
                .spawn(move || {
                    let _inside = compute.enter();
                    while let Some(job) = next(&jobs) {
                        job();
                    }
                })
                .map_err(|e| Error::io("start a planning thread", e))?;
        }
        Ok(Planners { queue })
    }

    fn submit(&self, job: Job) -> Result<()> {
        self.queue.try_send(job).map_err(|_full| {
            Error::TooManyConnections("too many statements wait to be planned".to_owned())
        })
    }
}

fn next(jobs: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// One statement's part of the common pool.
#[derive(Debug)]
struct Share {
    parent: Arc<dyn MemoryPool>,
    used: AtomicUsize,
    max: usize,
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "share({} of {})", self.used.load(Ordering::Relaxed), self.max)
    }
}

impl MemoryPool for Share {
    fn name(&self) -> &str {
        "share"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.parent.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.parent.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.used.fetch_add(additional, Ordering::Relaxed);
        self.parent.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.used.fetch_sub(shrink, Ordering::Relaxed);
        self.parent.shrink(reservation, shrink);
    }

    fn try_grow(
        &self,
        reservation: &MemoryReservation,
        additional: usize,
    ) -> Result<(), DataFusionError> {
        let used = self.used.fetch_add(additional, Ordering::Relaxed);
        let grown = if used.saturating_add(additional) <= self.max {
            self.parent.try_grow(reservation, additional)
        } else {
            Err(DataFusionError::ResourcesExhausted("the statement's share is used up".to_owned()))
        };
        if grown.is_err() {
            self.used.fetch_sub(additional, Ordering::Relaxed);
        }
        grown
    }

    fn reserved(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.max)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::execution::session_state::SessionStateBuilder;
    use datafusion::physical_plan::ExecutionPlan;
    use datafusion::prelude::SessionContext;

    fn filters(plan: &Arc<dyn ExecutionPlan>) -> bool {
        !plan.dynamic_expressions_produced().is_empty() || plan.children().into_iter().any(filters)
    }

    #[tokio::test]
    async fn aggregates_still_filter_for_each_other() {
        let state = SessionStateBuilder::new()
            .with_default_features()
            .with_physical_optimizer_rules(Vec::new())
            .build();
        let context = SessionContext::new_with_state(state);
        let sql = "SELECT min(a), max(a + 1) FROM (VALUES (1), (2)) t(a)";
        let plan = context.sql(sql).await.unwrap().create_physical_plan().await.unwrap();
        assert!(filters(&plan), "DataFusion leaves it be now: remove the option of build_state");
    }

    #[tokio::test]
    async fn limits_still_pass_windows() {
        let sql =
            "SELECT a, count(*) OVER () FROM (SELECT DISTINCT a FROM (VALUES (1), (2)) t(a)) s
                   ORDER BY a LIMIT 1";
        let plan = SessionContext::new().sql(sql).await.unwrap();
        let plan = plan.create_physical_plan().await.unwrap();
        let shown = datafusion::physical_plan::displayable(plan.as_ref()).indent(false).to_string();
        let limited = shown.lines().any(|line| line.contains("Aggregate") && line.contains("lim="));
        assert!(limited, "DataFusion leaves it be now: remove the option of build_state");
    }
}
