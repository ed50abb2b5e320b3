//! Constants beneath outer joins and grouping sets. DataFusion goes on taking a column for constant that these fill with
//! NULL, and leaves out of ORDER BY what is constant: `… LEFT JOIN (… WHERE name = 'ASIA') r … ORDER BY r.name` comes in any
//! order, and a LIMIT gets the wrong rows. So such an input forgets its constants. The test
//! `constants_are_forgotten_by_nobody_else` tells when DataFusion does it by itself.

use std::fmt::{self, Formatter};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};

/// Comes before all rules that look for constants.
#[derive(Debug)]
pub(super) struct OuterConstants;

impl PhysicalOptimizerRule for OuterConstants {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|plan| {
            let filled = filled(plan.as_ref());
            let mut forgets = false;
            let mut inputs = Vec::new();
            for (input, filled) in plan.children().into_iter().zip(filled) {
                let constant = !input.equivalence_properties().constants().is_empty();
                forgets |= filled && constant;
                inputs.push(match filled && constant {
                    true => Arc::new(FilledExec::new(Arc::clone(input))) as Arc<dyn ExecutionPlan>,
                    false => Arc::clone(input),
                });
            }
            if !forgets {
                return Ok(Transformed::no(plan));
            }
            let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
            plan.replace_children(inputs, options).map(Transformed::yes)
        })?;
        Ok(done.data)
    }

    fn name(&self) -> &str {
        "outer_constants"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Which of its inputs a plan fills with NULL; nothing for those it does not.
fn filled(plan: &dyn ExecutionPlan) -> Vec<bool> {
    let kind = if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        *join.join_type()
    } else if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        *join.join_type()
    } else if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
        join.join_type()
    } else {
        let aggregate = plan.downcast_ref::<AggregateExec>();
        let sets = aggregate.is_some_and(|aggregate| aggregate.group_expr().has_grouping_set());
        return if sets { vec![true] } else { Vec::new() };
    };
    match kind {
        JoinType::Left => vec![false, true],
        JoinType::Right => vec![true, false],
        JoinType::Full => vec![true, true],
        _ => Vec::new(),
    }
}

/// The rows of `input`, of which nothing is known.
#[derive(Debug)]
struct FilledExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl FilledExec {
    fn new(input: Arc<dyn ExecutionPlan>) -> FilledExec {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        FilledExec { input, properties: Arc::new(properties) }
    }
}

impl DisplayAs for FilledExec {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "FilledExec")
    }
}

impl ExecutionPlan for FilledExec {
    fn name(&self) -> &str {
        "FilledExec"
    }

    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(FilledExec::new(input))),
            Err(_children) => internal_err!("one side of a join is one plan"),
        }
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

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn constants_are_forgotten_by_nobody_else() {
        let sql = "SELECT b.y FROM (VALUES (1), (2)) a(x) LEFT JOIN (SELECT 2 AS y) b ON a.x = b.y
                   ORDER BY b.y";
        let planned = SessionContext::new().sql(sql).await.unwrap();
        let plan = planned.create_physical_plan().await.unwrap();
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        assert!(!shown.contains("Sort"), "DataFusion sorts now, remove query::outer:\n{shown}");
    }
}
