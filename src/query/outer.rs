//! Constants beneath outer joins, grouping sets and unions. DataFusion goes on taking a column for constant that these fill with
//! NULL, and leaves out of ORDER BY what is constant: `… LEFT JOIN (… WHERE name = 'ASIA') r … ORDER BY r.name` comes in any
//! order, and a LIMIT gets the wrong rows. So such an input forgets its constants. A union has
//! a constant of each branch: what sorts its branches leaves it out, and yet one filter for all of them skips the rows that
//! the branch with the best rows for the other keys puts behind. The tests `constants_are_forgotten_by_nobody_else` and
//! `a_sort_leaves_out_the_constants_of_branches` tell when DataFusion does it by itself.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};

use super::through::{Pass, Through};

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
            // Joins below may come to know of more constants, of an input of one row for example.
            let sets = plan.downcast_ref::<AggregateExec>().is_some();
            for (input, filled) in plan.children().into_iter().zip(filled) {
                let constant = sets || !input.equivalence_properties().constants().is_empty();
                forgets |= filled && constant;
                inputs.push(match filled && constant {
                    true => Arc::new(Through::<Filled>::new(Arc::clone(input)))
                        as Arc<dyn ExecutionPlan>,
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

/// Which of its inputs a plan fills with NULL, or with rows of another; nothing for those it does not.
fn filled(plan: &dyn ExecutionPlan) -> Vec<bool> {
    let kind = if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        *join.join_type()
    } else if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        *join.join_type()
    } else if let Some(join) = plan.downcast_ref::<SortMergeJoinExec>() {
        join.join_type()
    } else if plan.downcast_ref::<UnionExec>().is_some() {
        return vec![true; plan.children().len()];
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

/// Rows that are filled with NULL above.
#[derive(Debug)]
struct Filled;

impl Pass for Filled {
    const NAME: &'static str = "FilledExec";
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

    #[tokio::test]
    async fn a_sort_leaves_out_the_constants_of_branches() {
        let sql = "SELECT * FROM (SELECT 2 AS x, a.y FROM (VALUES (1), (2)) a(y)
                   UNION ALL SELECT 1, b.y FROM (VALUES (3), (4)) b(y)) s ORDER BY x, y LIMIT 1";
        let planned = SessionContext::new().sql(sql).await.unwrap();
        let plan = planned.create_physical_plan().await.unwrap();
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        let left_out = shown.contains("TopK(fetch=1), expr=[y@1");
        assert!(left_out, "DataFusion sorts by it, unions need no query::outer:\n{shown}");
    }
}
