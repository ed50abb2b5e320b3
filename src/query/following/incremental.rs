//! A view's plan in three parts: what is done with each row of the log by itself, what is kept of that, and what is made of
//! it when somebody reads.
//!
//! ```text
//! top        whatever stands above                        on reading, over all that is kept
//! groups     an aggregate: its states are kept            merged with those of the rows that come
//! bottom     filters, projections, joins with what never  for the rows that come, and only for them
//!            changes
//! ```
//!
//! Without an aggregate right above the bottom, its rows are kept. A plan that reads the log twice, or depends on the moment,
//! the session or on what others write, has no such parts: it is run whenever it is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::SchemaRef;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::common::{DataFusionError, JoinType};
use datafusion::datasource::provider_as_source;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::execution_plan::{
    ChildrenPropertiesMode, ReplaceChildrenOptions, reset_plan_states,
};
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::{ExecutionPlan, collect};

use super::delta::{DeltaExec, DeltaTable, Slot};
use crate::catalog::generation::Generation;
use crate::catalog::view::{Made, Of, View};
use crate::error::{Error, Result};
use crate::pg::catalog::views;
use crate::pg::facts::{Facts, Instead};
use crate::query::engine::Engine;
use crate::query::failure;
use crate::query::names::Read;
use crate::query::parse;
use crate::query::plan;
use crate::query::settings::Settings;
use crate::rows::batch_of;

type PlanResult<T> = datafusion::common::Result<T>;

/// States of groups that are not merged yet, beside as many as there were at the last time: each is merged a few times at
/// most, and few are read twice.
const UNMERGED_ROWS: usize = 8_192;

/// Rows of one batch: smaller ones are put together up to here.
const BATCH_ROWS: usize = 8_192;

/// Operators that do the same to each row of their one input, whatever the others are.
const PER_ROW: [&str; 7] = [
    "FilterExec",
    "ProjectionExec",
    "CoalesceBatchesExec",
    "CoalescePartitionsExec",
    "RepartitionExec",
    "CooperativeExec",
    "UnnestExec",
];

/// The time zone that views are made in: no session is there to have one.
pub(super) const TIME_ZONE: &str = "UTC";

/// A view's plan in parts.
#[derive(Debug)]
pub(super) struct Incremental {
    slot: Slot,
    /// The columns of the log that its rows have, by their numbers: those keep theirs when others go.
    pub(super) columns_read: Vec<i16>,
    /// What is kept of rows that come; an aggregate makes states.
    bottom: Arc<dyn ExecutionPlan>,
    /// The aggregate over all of the log.
    groups: Option<Arc<dyn ExecutionPlan>>,
    /// What stands above what is kept, from below, and which child it is.
    top: Vec<(Arc<dyn ExecutionPlan>, usize)>,
    /// The view's columns.
    columns: SchemaRef,
    /// Versions of databases that it reads.
    pub(super) versions: Vec<(String, String)>,
    /// Holds them.
    _reads: Vec<Read>,
}

/// What is kept of a log's rows. Clones share their rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) batches: Vec<RecordBatch>,
    /// Rows of the batches that were merged last.
    merged_rows: usize,
}

impl Content {
    /// As it was saved.
    pub(super) fn of(batches: Vec<RecordBatch>) -> Content {
        let merged_rows = batches.iter().map(RecordBatch::num_rows).sum();
        Content { batches, merged_rows }
    }

    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.batches.iter().map(crate::rows::bytes).sum()
    }

    /// Adds rows, and puts the last batches together while none is far smaller than the one before it.
    fn add(&mut self, batches: Vec<RecordBatch>) -> PlanResult<()> {
        for batch in batches {
            if batch.num_rows() == 0 {
                continue;
            }
            self.batches.push(batch);
            while let [.., before, last] = self.batches.as_slice() {
                let (larger, smaller) = (before.num_rows(), last.num_rows());
                if BATCH_ROWS < larger + smaller || 2 * smaller < larger {
                    break;
                }
                let both = concat_batches(&before.schema(), [before, last])?;
                self.batches.truncate(self.batches.len() - 2);
                self.batches.push(both);
            }
        }
        Ok(())
    }
}

impl Incremental {
    /// The parts of a view's plan; `None` where it has none. Runs on a planning thread.
    /// Errors: those of the view's query.
    pub(super) fn plan(
        engine: &Engine,
        generation: &Arc<Generation>,
        view: &View,
    ) -> Result<Option<(u32, Incremental)>> {
        let mut logs = Vec::new();
        if !logs_of(generation, view, &mut logs, 0) || logs.len() != 1 {
            return Ok(None);
        }
        let Some(log) = logs.first().copied() else { return Ok(None) };
        let Some((_, table)) = generation.table_by_oid(log) else { return Ok(None) };
        let slot = Slot::default();
        let delta = DeltaTable::new(&table.columns, &slot);
        let scans = delta.scans();
        let facts = facts(engine, generation, view, log, delta);
        let text: Arc<str> = views::text(view, &facts).into();
        let query = parse::query_of(&text)?;
        let planned = plan::query(engine, &facts, &text, &query, &[])?;
        if !planned.is_constant() {
            return Ok(None);
        }
        let state = engine.state_of_one(TIME_ZONE);
        scans.store(0, Ordering::Relaxed);
        let physical = planned.physical_in(&state, Vec::new())?;
        if scans.load(Ordering::Relaxed) != 1 {
            return Ok(None);
        }
        let versions = planned.reads.iter();
        let versions = versions.map(|read| (read.database.clone(), read.version.name.clone()));
        let fail = |error| failure::of(error, &text);
        let Some(parts) = split(&physical).map_err(fail)? else { return Ok(None) };
        let Parts { places, bottom, groups, top } = parts;
        let number = |place: usize| table.attributes.get(place).map(|it| it.number);
        let columns_read = places.into_iter().filter_map(number).collect();
        Ok(Some((
            log,
            Incremental {
                slot,
                columns_read,
                bottom,
                groups,
                top,
                columns: Arc::clone(&view.columns),
                versions: versions.collect(),
                _reads: planned.reads.clone(),
            },
        )))
    }

    /// Whether states of groups are kept.
    pub(super) fn groups(&self) -> bool {
        self.groups.is_some()
    }

    /// The columns of what is kept.
    pub(super) fn kept_columns(&self) -> SchemaRef {
        self.bottom.schema()
    }

    /// What is kept with rows that come; they have the columns that are read.
    /// Errors: those of evaluating them.
    pub(super) async fn fold(
        &self,
        content: &mut Content,
        rows: Vec<RecordBatch>,
        context: &Arc<TaskContext>,
    ) -> PlanResult<()> {
        self.slot.put(rows);
        let bottom = reset_plan_states(Arc::clone(&self.bottom))?;
        let made = collect(bottom, Arc::clone(context)).await?;
        let Some(groups) = &self.groups else { return content.add(made) };
        content.batches.extend(made.into_iter().filter(|batch| 0 < batch.num_rows()));
        let unmerged = content.rows().saturating_sub(content.merged_rows);
        if unmerged <= content.merged_rows.max(UNMERGED_ROWS) {
            return Ok(());
        }
        let merge = aggregate(groups, AggregateMode::PartialReduce, self.kept(content)?)?;
        content.batches = collect(merge, Arc::clone(context)).await?;
        content.merged_rows = content.rows();
        Ok(())
    }

    /// The rows of the view.
    /// Errors: those of evaluating them.
    pub(super) async fn rows(
        &self,
        content: &Content,
        context: &Arc<TaskContext>,
    ) -> PlanResult<Vec<RecordBatch>> {
        let mut plan = self.kept(content)?;
        if let Some(groups) = &self.groups {
            plan = aggregate(groups, AggregateMode::Final, plan)?;
        }
        for (node, place) in &self.top {
            let mut children: Vec<Arc<dyn ExecutionPlan>> =
                node.children().into_iter().map(Arc::clone).collect();
            if let Some(child) = children.get_mut(*place) {
                *child = plan;
            }
            let recompute = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            plan = Arc::clone(node).replace_children(children, recompute)?;
        }
        let rows = collect(reset_plan_states(plan)?, Arc::clone(context)).await?;
        rows.iter().map(|batch| fitted(batch, &self.columns)).collect()
    }

    fn kept(&self, content: &Content) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let columns = self.kept_columns();
        let kept = std::slice::from_ref(&content.batches);
        Ok(MemorySourceConfig::try_new_exec(kept, columns, None)?)
    }
}

/// A batch with the columns of a view.
fn fitted(batch: &RecordBatch, columns: &SchemaRef) -> PlanResult<RecordBatch> {
    let arrays = batch.columns().iter().zip(columns.fields()).map(|(array, field)| {
        match array.data_type() == field.data_type() {
            true => Ok(Arc::clone(array)),
            false => cast(array, field.data_type()),
        }
    });
    let arrays = arrays.collect::<std::result::Result<Vec<_>, _>>()?;
    batch_of(columns, arrays, batch.num_rows())
        .map_err(|error| DataFusionError::External(Box::new(error)))
}

/// What the query of a view is planned with.
fn facts(
    engine: &Engine,
    generation: &Arc<Generation>,
    view: &View,
    log: u32,
    delta: DeltaTable,
) -> Arc<Facts> {
    let now_us = engine.clock.now_us();
    let mut facts = Facts {
        generation: Arc::clone(generation),
        user: view.owner.clone(),
        session_user: view.owner.clone(),
        transaction_at_us: now_us,
        statement_at_us: now_us,
        started_at_us: engine.started_at_us,
        settings: Arc::new(Settings::new(engine.defaults.clone()).map()),
        others: engine.system_relations(),
        ..Facts::default()
    };
    facts.names = engine.names(&facts);
    let mut facts = facts.of_view(view);
    facts.instead = Some(Instead { log, source: provider_as_source(Arc::new(delta)) });
    Arc::new(facts)
}

/// The logs that a view reads, also through views; false where it reads what may change otherwise.
fn logs_of(generation: &Generation, view: &View, logs: &mut Vec<u32>, depth: usize) -> bool {
    const DEPTH_MAX: usize = 100;
    depth < DEPTH_MAX
        && view.reads.iter().all(|reading| {
            let Of::Made(oid) = &reading.of else { return true };
            match generation.made_by_oid(*oid) {
                Some((_, Made::Table(table))) if table.is_log => {
                    if !logs.contains(oid) {
                        logs.push(*oid);
                    }
                    true
                }
                Some((_, Made::View(within))) if !within.materialized => {
                    logs_of(generation, within, logs, depth + 1)
                }
                _ => false,
            }
        })
}

/// The parts of a plan.
struct Parts {
    places: Vec<usize>,
    bottom: Arc<dyn ExecutionPlan>,
    groups: Option<Arc<dyn ExecutionPlan>>,
    top: Vec<(Arc<dyn ExecutionPlan>, usize)>,
}

fn split(root: &Arc<dyn ExecutionPlan>) -> PlanResult<Option<Parts>> {
    let mut path = Vec::new();
    let Some(leaf) = find(root, &mut path) else { return Ok(None) };
    let Some(delta) = leaf.downcast_ref::<DeltaExec>() else { return Ok(None) };
    let places = delta.places().to_vec();
    // From the leaf up.
    path.reverse();
    let linear = path.iter().take_while(|(node, place)| is_linear(node, *place)).count();
    let mut bottom = match linear.checked_sub(1).and_then(|last| path.get(last)) {
        Some((node, _)) => Arc::clone(node),
        None => leaf,
    };
    let mut above = linear;
    let mut groups = None;
    if let Some((node, _)) = path.get(linear)
        && let Some(own) = node.downcast_ref::<AggregateExec>()
        && own.group_expr().is_single()
        && own.limit_options().is_none()
        && matches!(own.mode(), AggregateMode::Single | AggregateMode::SinglePartitioned)
    {
        bottom = aggregate(node, AggregateMode::Partial, bottom)?;
        groups = Some(Arc::clone(node));
        above += 1;
    }
    let top = path.split_off(above);
    Ok(Some(Parts { places, bottom, groups, top }))
}

/// The one leaf that gives rows of the log, and the operators above it from the root on.
fn find(
    node: &Arc<dyn ExecutionPlan>,
    path: &mut Vec<(Arc<dyn ExecutionPlan>, usize)>,
) -> Option<Arc<dyn ExecutionPlan>> {
    if node.is::<DeltaExec>() {
        return Some(Arc::clone(node));
    }
    for (place, child) in node.children().into_iter().enumerate() {
        path.push((Arc::clone(node), place));
        if let Some(leaf) = find(child, path) {
            return Some(leaf);
        }
        path.pop();
    }
    None
}

/// Whether an operator makes of each row of this child the same, whatever other rows there are.
fn is_linear(node: &Arc<dyn ExecutionPlan>, place: usize) -> bool {
    use JoinType::{Inner, Left, LeftAnti, LeftSemi, Right, RightAnti, RightSemi};
    let keeps = |kind: &JoinType| match place {
        0 => matches!(kind, Inner | Left | LeftSemi | LeftAnti),
        _ => matches!(kind, Inner | Right | RightSemi | RightAnti),
    };
    if node.fetch().is_some() {
        return false;
    }
    if let Some(join) = node.downcast_ref::<HashJoinExec>() {
        return keeps(join.join_type());
    }
    if let Some(join) = node.downcast_ref::<NestedLoopJoinExec>() {
        return keeps(join.join_type());
    }
    node.is::<CrossJoinExec>() || PER_ROW.contains(&node.name())
}

/// The aggregate of a node in another mode, over another input.
fn aggregate(
    node: &Arc<dyn ExecutionPlan>,
    mode: AggregateMode,
    input: Arc<dyn ExecutionPlan>,
) -> PlanResult<Arc<dyn ExecutionPlan>> {
    let Some(own) = node.downcast_ref::<AggregateExec>() else {
        return datafusion::common::internal_err!("no aggregate");
    };
    let partial = mode == AggregateMode::Partial;
    let group_by = if partial { own.group_expr().clone() } else { own.group_expr().as_final() };
    let filters = match partial {
        true => own.filter_expr().to_vec(),
        false => vec![None; own.aggr_expr().len()],
    };
    let aggregates = own.aggr_expr().to_vec();
    let made =
        AggregateExec::try_new(mode, group_by, aggregates, filters, input, own.input_schema())?;
    Ok(Arc::new(made))
}

/// The error of a plan as one of ours.
pub(super) fn failed(error: DataFusionError) -> Error {
    failure::of(error, "")
}
