//! Columns of functions whose values differ from one call to the next. DataFusion moves a condition on such a column below
//! what calculates it, as the call that it is, and `SELECT x FROM (SELECT random() AS x …) s WHERE x > 0.5` shows other
//! values than it has compared. It moves nothing below an operator that it does not know, so such a calculation gets one
//! above it. The test `conditions_call_again` tells when this can go.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_expr_common::physical_expr::is_volatile;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::ProjectionExec;

use super::through::{Pass, Through};

/// Comes before the rules that move conditions.
#[derive(Debug)]
pub(super) struct CalledOnce;

impl PhysicalOptimizerRule for CalledOnce {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Above the outermost one is nothing that would be moved.
        plan.map_children(|input| {
            input.transform_up(|plan| {
                Ok(match calls(plan.as_ref()) {
                    true => Transformed::yes(Arc::new(Through::<Called>::new(plan)) as _),
                    false => Transformed::no(plan),
                })
            })
        })
        .map(|done| done.data)
    }

    fn name(&self) -> &str {
        "called_once"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Whether a plan calculates columns of such values.
fn calls(plan: &dyn ExecutionPlan) -> bool {
    let Some(projection) = plan.downcast_ref::<ProjectionExec>() else { return false };
    projection.expr().iter().any(|column| is_volatile(&column.expr))
}

/// Rows with values that are not calculated again.
#[derive(Debug)]
struct Called;

impl Pass for Called {
    const NAME: &'static str = "CalledExec";
}

#[cfg(test)]
mod tests {
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn conditions_call_again() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("t.parquet").display().to_string();
        let context = SessionContext::new();
        let written = context.sql(&format!("COPY (VALUES (1), (2)) TO '{file}'")).await.unwrap();
        written.collect().await.unwrap();
        context.register_parquet("t", &file, Default::default()).await.unwrap();
        let sql = "SELECT x FROM (SELECT random() AS x FROM t WHERE column1 > 1) s WHERE x > 0.5";
        let planned = context.sql(sql).await.unwrap();
        let plan = planned.create_physical_plan().await.unwrap();
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        let again = shown.contains("FilterExec: random()");
        assert!(again, "DataFusion keeps the condition above, remove query::once:\n{shown}");
    }
}
