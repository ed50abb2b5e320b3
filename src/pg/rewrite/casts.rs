//! Aggregates and window functions of values that are cast. The planner leaves casts out of the names of its columns, and
//! would have two of one name for `sum(x), sum(x::numeric)`; an argument with a name of its own keeps them apart.

use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawAggregateExpr, RawWindowExpr,
};

/// Names what is cast in calls of aggregates and window functions.
#[derive(Debug)]
pub(super) struct Casts;

impl ExprPlanner for Casts {
    fn plan_aggregate(&self, mut raw: RawAggregateExpr) -> Result<PlannerResult<RawAggregateExpr>> {
        raw.args = raw.args.into_iter().map(named).collect::<Result<_>>()?;
        raw.filter = raw.filter.map(|filter| named(*filter).map(Box::new)).transpose()?;
        Ok(PlannerResult::Original(raw))
    }

    fn plan_window(&self, mut raw: RawWindowExpr) -> Result<PlannerResult<RawWindowExpr>> {
        raw.args = raw.args.into_iter().map(named).collect::<Result<_>>()?;
        raw.filter = raw.filter.map(|filter| named(*filter).map(Box::new)).transpose()?;
        Ok(PlannerResult::Original(raw))
    }
}

/// `expr` by its whole text when it casts something of the rows. Constants stay what they are: some functions look at them.
fn named(expr: Expr) -> Result<Expr> {
    let mut casts = false;
    let mut reads = false;
    expr.apply(|part| {
        casts |= matches!(part, Expr::Cast(_) | Expr::TryCast(_));
        reads |= matches!(part, Expr::Column(_) | Expr::OuterReferenceColumn(..));
        Ok(TreeNodeRecursion::Continue)
    })?;
    let name = (casts && reads).then(|| expr.to_string());
    Ok(match name {
        Some(name) => expr.alias(name),
        None => expr,
    })
}
