//! The physical plan of a dependent join.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use datafusion::catalog::Session;
use datafusion::common::{Result, internal_err, plan_err};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::ApplyExec;
use super::node::Apply;

/// DataFusion's planner of queries, with dependent joins.
#[derive(Debug)]
pub struct Planner;

impl QueryPlanner for Planner {
    fn create_physical_plan<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        plan: &'life1 LogicalPlan,
        session: &'life2 dyn Session,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Applies)]);
            planner.create_physical_plan(plan, session).await
        })
    }
}

#[derive(Debug)]
struct Applies;

impl ExtensionPlanner for Applies {
    fn plan_extension<
        'life0,
        'life1,
        'life2,
        'life3,
        'life4,
        'life5,
        'life6,
        'life7,
        'async_trait,
    >(
        &'life0 self,
        _planner: &'life1 dyn PhysicalPlanner,
        node: &'life2 dyn UserDefinedLogicalNode,
        _logical_inputs: &'life3 [&'life4 LogicalPlan],
        physical_inputs: &'life5 [Arc<dyn ExecutionPlan>],
        session: &'life6 dyn Session,
        _context: &'life7 PhysicalPlanningContext,
    ) -> Pin<Box<dyn Future<Output = Result<Option<Arc<dyn ExecutionPlan>>>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        'life3: 'async_trait,
        'life4: 'async_trait,
        'life5: 'async_trait,
        'life6: 'async_trait,
        'life7: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(planned(node, physical_inputs, session)))
    }
}

fn planned(
    node: &dyn UserDefinedLogicalNode,
    inputs: &[Arc<dyn ExecutionPlan>],
    session: &dyn Session,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(apply) = node.as_any().downcast_ref::<Apply>() else { return Ok(None) };
    let [outer, inner] = inputs else { return internal_err!("a dependent join has two inputs") };
    let keys = apply.keys.iter().map(|key| match key {
        Expr::Column(column) => apply.outer.schema().index_of_column(column),
        other => plan_err!("{other} is no column of a dependent join"),
    });
    let keys = keys.collect::<Result<Vec<usize>>>()?;
    let inner = optimised(Arc::clone(inner), session)?;
    let schema = apply.schema.as_arrow();
    Ok(Some(Arc::new(ApplyExec::new(Arc::clone(outer), inner, keys, apply.kind, schema)?)))
}

/// The inner plan as it runs, several times over: so nothing may be learned in one run that does not hold in the next,
/// as filters that joins and sorts make while they run (`ExecutionPlan::reset_state` keeps those that scans got).
fn optimised(
    mut plan: Arc<dyn ExecutionPlan>,
    session: &dyn Session,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut options = session.config_options().clone();
    options.optimizer.enable_dynamic_filter_pushdown = false;
    options.optimizer.enable_topk_dynamic_filter_pushdown = false;
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.optimizer.enable_aggregate_dynamic_filter_pushdown = false;
    for rule in session.physical_optimizers() {
        plan = rule.optimize(plan, &options)?;
    }
    Ok(match plan.output_partitioning().partition_count() {
        1 => plan,
        _ => Arc::new(CoalescePartitionsExec::new(plan)),
    })
}
