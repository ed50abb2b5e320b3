//! `FETCH FIRST n ROWS WITH TIES`: the rows whose rank by the order is at most `n`.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, Result};
use datafusion::functions_window::rank::rank_udwf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{
    Expr, Limit, LogicalPlan, LogicalPlanBuilder, Operator, Projection, Sort,
    WindowFunctionDefinition, binary_expr, cast, col,
};

use crate::error::Error;

/// The function around a count of rows that ties add to. It is gone before a plan runs.
pub(super) const MARK: &str = "forebay_with_ties";

/// The column with the rank of a row.
const RANK: &str = "__forebay_rank";

/// A limit with ties as a filter of ranks.
/// Errors: 0A000 where the order is not to be found.
pub(super) fn kept(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Limit(limit) = node else { return Ok(Transformed::no(node)) };
    let Some(count) = counted(&limit) else {
        return Ok(Transformed::no(LogicalPlan::Limit(limit)));
    };
    // The rows that are skipped are among those counted.
    let last = match &limit.skip {
        Some(skip) => binary_expr(whole(count), Operator::Plus, whole(skip.as_ref().clone())),
        None => whole(count),
    };
    let input = ranked(&limit.input, &last)?;
    if limit.skip.is_none() {
        return Ok(Transformed::yes(input));
    }
    let skipped = Limit { skip: limit.skip, fetch: None, input: Arc::new(input) };
    Ok(Transformed::yes(LogicalPlan::Limit(skipped)))
}

fn whole(count: Expr) -> Expr {
    cast(count, DataType::Int64)
}

/// The count of rows when ties add to it.
fn counted(limit: &Limit) -> Option<Expr> {
    match limit.fetch.as_deref()? {
        Expr::ScalarFunction(function) if function.name() == MARK => function.args.first().cloned(),
        _ => None,
    }
}

/// `plan`, which is sorted, with the rows up to the rank `last`.
fn ranked(plan: &LogicalPlan, last: &Expr) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let input = Arc::new(ranked(&projection.input, last)?);
            Ok(LogicalPlan::Projection(Projection::try_new(projection.expr.clone(), input)?))
        }
        LogicalPlan::Sort(sort) => {
            let columns: Vec<Expr> =
                sort.input.schema().columns().into_iter().map(Expr::Column).collect();
            let definition = WindowFunctionDefinition::WindowUDF(rank_udwf());
            let mut rank = WindowFunction::new(definition, Vec::new());
            rank.params.order_by = sort.expr.clone();
            let within = binary_expr(whole(col(RANK)), Operator::LtEq, last.clone());
            let rows = LogicalPlanBuilder::from(Arc::clone(&sort.input))
                .window(vec![Expr::from(rank).alias(RANK)])?
                .filter(within)?
                .project(columns)?
                .build()?;
            let (expr, fetch) = (sort.expr.clone(), sort.fetch);
            Ok(LogicalPlan::Sort(Sort { expr, input: Arc::new(rows), fetch }))
        }
        _ => {
            let message = "WITH TIES of such a query is not supported".to_owned();
            Err(DataFusionError::External(Box::new(Error::FeatureNotSupported(message))))
        }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{LogicalPlanBuilder, lit};

    #[test]
    fn other_limits_stay() {
        let plan = LogicalPlanBuilder::empty(true)
            .limit_by_expr(None, Some(lit(1_i64)))
            .and_then(LogicalPlanBuilder::build)
            .expect("a plan");
        let kept = super::kept(plan).expect("kept");
        assert!(!kept.transformed);
    }
}
