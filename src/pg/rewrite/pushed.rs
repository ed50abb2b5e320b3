//! Conditions above aggregates that have a row for no rows too: of all rows, or of grouping sets. The optimiser moves below
//! them what reads no column, as `(SELECT count(*) FROM t) > 1` or the NULL that is left of `m NOT IN (NULL, 7)`; there it
//! leaves them nothing to gather, and they have that row all the same. It moves nothing below a limit, so they get one that
//! cuts nothing off. The test `a_condition_is_moved_below_an_aggregate` tells when this can go.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder};

/// One node whose conditions stay above such aggregates below it.
pub(super) fn kept(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    match node {
        LogicalPlan::Filter(mut filter) => {
            filter.input = limited(filter.input)?;
            Ok(Transformed::yes(LogicalPlan::Filter(filter)))
        }
        LogicalPlan::Join(mut join) if join.filter.is_some() => {
            join.left = limited(join.left)?;
            join.right = limited(join.right)?;
            Ok(Transformed::yes(LogicalPlan::Join(join)))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// A plan with a limit above each such aggregate.
fn limited(plan: Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
    let limited = Arc::unwrap_or_clone(plan).transform_down(|node| match node {
        LogicalPlan::Aggregate(aggregate) => match rows_max(&aggregate) {
            Some(rows) => {
                let all = LogicalPlanBuilder::from(LogicalPlan::Aggregate(aggregate));
                let all = all.limit(0, Some(rows))?.build()?;
                Ok(Transformed::new(all, true, TreeNodeRecursion::Jump))
            }
            None => Ok(Transformed::no(LogicalPlan::Aggregate(aggregate))),
        },
        LogicalPlan::Limit(_) => Ok(Transformed::new(node, false, TreeNodeRecursion::Jump)),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(Arc::new(limited.data))
}

/// The most rows of an aggregate that has one for no rows; `None` for one that has none then, and for one that what is
/// around it is still to be told apart from.
fn rows_max(aggregate: &Aggregate) -> Option<usize> {
    let sets = aggregate.group_expr.iter().any(|key| matches!(key, Expr::GroupingSet(_)));
    let rows = match aggregate.group_expr.is_empty() {
        true => Some(1),
        false => sets.then(|| usize::try_from(i64::MAX).unwrap_or(usize::MAX)),
    };
    let outer = aggregate.input.exists(|node| Ok(node.contains_outer_reference()));
    rows.filter(|_| !outer.unwrap_or(true))
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn a_condition_is_moved_below_an_aggregate() {
        let ctx = SessionContext::new();
        let sql = "SELECT 1 FROM (SELECT max(x) FROM (VALUES (1)) t(x)) s
                   WHERE (SELECT count(*) FROM (VALUES (1)) u(y)) > 1";
        let rows = ctx.sql(sql).await.expect("a plan").collect().await.expect("rows");
        let count: usize = rows.iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(count, 1, "DataFusion keeps the condition above: this file can go");
    }
}
