//! UNION ALL in the order of its branches. SQL promises none, but PostgreSQL has it, and whoever writes a list as a
//! union of constants relies on it; DataFusion takes rows from whichever branch has some first.
//!
//! The partitions of one branch still compute side by side, as PostgreSQL's workers would.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::Partitioning;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::{StreamExt, TryStreamExt};

use super::through::{Pass, Through};

/// Takes the branches of a union in their order where they would be merged in any.
#[derive(Debug)]
pub(super) struct BranchOrder;

impl PhysicalOptimizerRule for BranchOrder {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let merged = plan.transform_up(|plan| {
            let Some(merge) = plan.downcast_ref::<CoalescePartitionsExec>() else {
                return Ok(Transformed::no(plan));
            };
            let Some(union) = branches(merge.input())? else {
                return Ok(Transformed::no(plan));
            };
            let ordered = Arc::new(Through::<Branches>::new(union));
            Ok(Transformed::yes(match merge.fetch() {
                Some(rows) => Arc::new(GlobalLimitExec::new(ordered, 0, Some(rows))),
                None => ordered,
            }))
        })?;
        let plan = merged.data;
        // What has several partitions at the top is merged when it is run.
        Ok(match branches(&plan)? {
            Some(union) => Arc::new(Through::<Branches>::new(union)),
            None => plan,
        })
    }

    fn name(&self) -> &str {
        "branch_order"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A union, or what does something to each row of one or gathers its rows, so that every branch is one partition; `None` for other plans.
fn branches(plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let inputs = plan.children();
    let inputs = match (plan.name(), inputs.as_slice()) {
        ("UnionExec", branches) => {
            branches.iter().map(|branch| merged(branch)).collect::<Result<_>>()?
        }
        ("ProjectionExec" | "FilterExec" | "CoalesceBatchesExec" | "LocalLimitExec", [input]) => {
            match branches(input)? {
                Some(input) => vec![input],
                None => return Ok(None),
            }
        }
        ("AggregateExec", [input]) if gathers(plan) => match branches(input)? {
            Some(input) => vec![input],
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
    Arc::clone(plan).replace_children(inputs, options).map(Some)
}

/// Whether each partition is gathered by itself, without groups, into what shows the order of its rows.
fn gathers(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else { return false };
    let ordered =
        |name: &str| matches!(name, "array_agg" | "string_agg" | "first_value" | "last_value");
    *aggregate.mode() == AggregateMode::Partial
        && aggregate.group_expr().is_empty()
        && aggregate.aggr_expr().iter().any(|expr| ordered(expr.fun().name()))
}

/// One branch as one partition.
fn merged(branch: &Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    if branch.output_partitioning().partition_count() == 1 {
        return Ok(Arc::clone(branch));
    }
    Ok(match branches(branch)? {
        Some(union) => Arc::new(Through::<Branches>::new(union)),
        None => Arc::new(CoalescePartitionsExec::new(Arc::clone(branch))),
    })
}

/// The partitions of an input, one after the other.
#[derive(Debug)]
struct Branches;

impl Pass for Branches {
    const NAME: &'static str = "OrderedExec";

    fn partitioning(_input: &dyn ExecutionPlan) -> Partitioning {
        Partitioning::UnknownPartitioning(1)
    }

    fn rows(
        input: &Arc<dyn ExecutionPlan>,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (input, schema) = (Arc::clone(input), input.schema());
        let branches = 0..input.output_partitioning().partition_count();
        // A branch starts when those before it are done: a limit may never come to it.
        let streams = futures::stream::iter(branches)
            .map(move |branch| input.execute(branch, Arc::clone(&context)));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, streams.try_flatten())))
    }
}
