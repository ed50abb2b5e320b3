//! Plans that can be stopped.
//!
//! DataFusion's operators give way after so many batches, which may be seconds of work, and only to whoever drops their
//! stream; its joins do not give way at all while they produce (apache/datafusion #19358). So every operator that can
//! produce for long looks before each batch whether its statement was cancelled. A nested loop join that finds nothing
//! produces nothing, and a sort that spills gives nothing away for seconds: there the filter and the keys look, which are
//! evaluated for some thousand rows at a time. The test `it::stop` tells when DataFusion does it by itself.

use std::any::Any;
use std::fmt::{self, Display, Formatter};
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DataFusionError, Result, Statistics, exec_err};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr, ScalarFunctionExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{NestedLoopJoinExec, NestedLoopJoinExecBuilder};
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::pg::functions::is_slow;
use crate::pg::interrupt;

/// Stops a statement; an extension of the context its plan is executed in.
#[derive(Debug)]
pub(super) struct Cancel(pub(super) CancellationToken);

/// Makes plans stoppable. The last rule: others look for the operators it wraps.
#[derive(Debug)]
pub(super) struct Yielding;

impl PhysicalOptimizerRule for Yielding {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|plan| {
            Ok(match produces_for_long(plan.as_ref()) {
                true => Transformed::yes(Arc::new(Stoppable::new(plan)?) as Arc<dyn ExecutionPlan>),
                false => Transformed::no(plan),
            })
        });
        wrapped.map(|done| done.data)
    }

    fn name(&self) -> &str {
        "yielding"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Sources, and operators that make many batches of what they gathered; the others stop with their input.
fn produces_for_long(plan: &dyn ExecutionPlan) -> bool {
    let name = plan.name();
    match plan.children().is_empty() {
        true => !matches!(name, "PlaceholderRowExec" | "EmptyExec"),
        false => {
            name.ends_with("JoinExec")
                || matches!(name, "SortExec" | "AggregateExec" | "SortPreservingMergeExec")
                || name.ends_with("WindowAggExec")
                || matches!(name, "FilterExec" | "ProjectionExec") && calls_slow(plan)
        }
    }
}

/// Whether an expression calls a function that may take seconds for one batch: its loops look at the statement that the
/// poll is for.
fn calls_slow(plan: &dyn ExecutionPlan) -> bool {
    let mut found = false;
    let walked = plan.apply_expressions(&mut |expr| {
        expr.apply(|inner| {
            let function = inner.downcast_ref::<ScalarFunctionExpr>();
            found |= function.is_some_and(|function| is_slow(function.name()));
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })
    });
    found || walked.is_err()
}

/// An operator whose streams end with an error once their statement is cancelled. It stands in the place of `inner`
/// and looks like it, so that EXPLAIN shows what the user knows.
#[derive(Debug)]
struct Stoppable {
    inner: Arc<dyn ExecutionPlan>,
    /// Those of the operator before its expressions were wrapped: what is above it was planned for them.
    properties: Arc<PlanProperties>,
    /// What expressions inside look at.
    seen: Seen,
}

/// Filled when a plan is executed, which plans with a join or a sort are once. Their partitions share it.
type Seen = Arc<OnceLock<CancellationToken>>;

impl Stoppable {
    fn new(plan: Arc<dyn ExecutionPlan>) -> Result<Stoppable> {
        let (properties, seen) = (Arc::clone(plan.properties()), Seen::default());
        let inner = if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
            let filter = join.filter().map(|filter| {
                let (columns, schema) = (filter.column_indices().to_vec(), filter.schema());
                JoinFilter::new(checked(filter.expression(), &seen), columns, Arc::clone(schema))
            });
            Arc::new(NestedLoopJoinExecBuilder::from(join).with_filter(filter).build()?)
        } else if let Some(sort) = plan.downcast_ref::<SortExec>()
            && let Some(sort) = stoppable_sort(sort, &seen)
        {
            Arc::new(sort)
        } else {
            plan
        };
        Ok(Stoppable { inner, properties, seen })
    }

    fn of(&self, inner: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let (properties, seen) = (Arc::clone(&self.properties), Arc::clone(&self.seen));
        Arc::new(Stoppable { inner, properties, seen })
    }
}

/// A sort that looks before it sorts each batch of those it has gathered. One with a limit gathers little, and shares a
/// filter with the scans below it, which a new one would not.
fn stoppable_sort(sort: &SortExec, seen: &Seen) -> Option<SortExec> {
    if sort.fetch().is_some() {
        return None;
    }
    let keys = sort
        .expr()
        .iter()
        .map(|key| PhysicalSortExpr { expr: checked(&key.expr, seen), options: key.options });
    let sorted = SortExec::new(LexOrdering::new(keys)?, Arc::clone(sort.input()));
    Some(sorted.with_preserve_partitioning(sort.preserve_partitioning()))
}

fn checked(expression: &Arc<dyn PhysicalExpr>, seen: &Seen) -> Arc<dyn PhysicalExpr> {
    Arc::new(Checked { inner: Arc::clone(expression), cancel: Arc::clone(seen) })
}

impl DisplayAs for Stoppable {
    fn fmt_as(&self, kind: DisplayFormatType, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.inner.fmt_as(kind, formatter)
    }
}

impl ExecutionPlan for Stoppable {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn downcast_delegate(&self) -> Option<&dyn ExecutionPlan> {
        Some(self.inner.as_ref())
    }

    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inner.children()
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.inner.apply_expressions(visit)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.of(Arc::clone(&self.inner).replace_children(children, options)?))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.of(Arc::clone(&self.inner).reset_state()?))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let cancel = context.session_config().get_extension::<Cancel>();
        let stream = make_cooperative(self.inner.execute(partition, context)?);
        let Some(cancel) = cancel else { return Ok(stream) };
        self.seen.get_or_init(|| cancel.0.clone());
        Ok(Box::pin(StoppableStream { inner: stream, cancel }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        self.inner.metrics()
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.inner.child_stats_requests(partition)
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        self.inner.statistics_from_inputs(inputs, args)
    }

    /// How a recursive query hands its table of new rows down.
    fn with_new_state(&self, state: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(self.of(self.inner.with_new_state(state)?))
    }
}

struct StoppableStream {
    inner: SendableRecordBatchStream,
    cancel: Arc<Cancel>,
}

impl Stream for StoppableStream {
    type Item = Result<RecordBatch>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<RecordBatch>>> {
        if self.cancel.0.is_cancelled() {
            return Poll::Ready(Some(Err(cancelled())));
        }
        let StoppableStream { inner, cancel } = &mut *self;
        interrupt::during(&cancel.0, || inner.poll_next_unpin(context))
    }
}

impl RecordBatchStream for StoppableStream {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }
}

/// Nobody reads it: who cancelled has stopped listening to the rows.
fn cancelled() -> DataFusionError {
    DataFusionError::Execution("the statement was cancelled".to_owned())
}

/// An expression that fails once its statement is cancelled, and is `inner` until then.
#[derive(Debug, Clone)]
struct Checked {
    inner: Arc<dyn PhysicalExpr>,
    cancel: Seen,
}

impl PartialEq for Checked {
    fn eq(&self, other: &Checked) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Checked {}

impl Hash for Checked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl Display for Checked {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.inner, formatter)
    }
}

impl PhysicalExpr for Checked {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        if self.cancel.get().is_some_and(CancellationToken::is_cancelled) {
            return Err(cancelled());
        }
        self.inner.evaluate(batch)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        match <[_; 1]>::try_from(children) {
            Ok([inner]) => Ok(Arc::new(Checked { inner, cancel: Arc::clone(&self.cancel) })),
            Err(_children) => exec_err!("a checked expression has one child"),
        }
    }

    fn fmt_sql(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(formatter)
    }
}
