//! What may fail is computed for the rows that the conditions before it leave: `SELECT a, (b + c) / a … WHERE a <> 0` and
//! `a <> 0 AND b / a > 1` divide by no zero. PostgreSQL promises no order, but keeps it, and statements rely on it.
//! DataFusion moves a projection below a filter where that leaves fewer columns, and evaluates all parts of a condition for
//! all rows. The test `a_value_is_computed_before_its_condition` tells when it leaves projections where they are.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, CastExpr};
use datafusion::physical_expr::projection::update_expr;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr, conjunction, split_conjunction};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::ProjectionExec;

/// Comes after all rules that move projections.
#[derive(Debug)]
pub(super) struct ConditionsFirst;

impl PhysicalOptimizerRule for ConditionsFirst {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_down(|plan| {
            let Some(filter) = plan.downcast_ref::<FilterExec>() else {
                return Ok(Transformed::no(plan));
            };
            let changed = match above(filter)? {
                Some(projection) => Some(projection),
                None => in_steps(filter)?,
            };
            Ok(changed.map_or_else(|| Transformed::no(Arc::clone(&plan)), Transformed::yes))
        })?;
        Ok(done.data)
    }

    fn name(&self) -> &str {
        "conditions_first"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A filter over a projection that may fail, the other way round; `None` for any other.
fn above(filter: &FilterExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(projection) = filter.input().downcast_ref::<ProjectionExec>() else { return Ok(None) };
    let schema = projection.input().schema();
    if !projection.expr().iter().any(|column| may_fail(&column.expr, &schema)) {
        return Ok(None);
    }
    let Some(predicate) = update_expr(filter.predicate(), projection.expr(), true)? else {
        return Ok(None);
    };
    let below = FilterExecBuilder::from(filter)
        .with_input(Arc::clone(projection.input()))
        .with_predicate(predicate)
        .apply_projection(None)?
        .build()?;
    let columns = match filter.projection() {
        Some(kept) => kept.iter().filter_map(|at| projection.expr().get(*at).cloned()).collect(),
        None => projection.expr().to_vec(),
    };
    Ok(Some(Arc::new(ProjectionExec::try_new(columns, Arc::new(below))?)))
}

/// A filter whose parts that may fail see only what its other parts leave; `None` for one that has not both.
fn in_steps(filter: &FilterExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let schema = filter.input().schema();
    let parts = split_conjunction(filter.predicate()).into_iter().cloned();
    let (risky, safe): (Vec<_>, Vec<_>) = parts.partition(|part| may_fail(part, &schema));
    if risky.is_empty() || safe.is_empty() {
        return Ok(None);
    }
    let first = FilterExecBuilder::new(conjunction(safe), Arc::clone(filter.input())).build()?;
    let then = FilterExecBuilder::from(filter)
        .with_input(Arc::new(first))
        .with_predicate(conjunction(risky))
        .build()?;
    Ok(Some(Arc::new(then)))
}

/// Whether a value may fail to be computed.
fn may_fail(expr: &Arc<dyn PhysicalExpr>, schema: &Schema) -> bool {
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>()
        && calculates(*binary.op())
    {
        return true;
    }
    if let Some(cast) = expr.downcast_ref::<CastExpr>() {
        let source = cast.expr().data_type(schema);
        if !source.is_ok_and(|source| fits(&source, cast.cast_type())) {
            return true;
        }
    }
    expr.downcast_ref::<ScalarFunctionExpr>().is_some()
        || expr.children().into_iter().any(|child| may_fail(child, schema))
}

fn calculates(op: Operator) -> bool {
    matches!(
        op,
        Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo
    )
}

/// Whether each value of one type is one of the other.
fn fits(source: &DataType, target: &DataType) -> bool {
    let wider = source.primitive_width() <= target.primitive_width();
    source == target
        || target.is_string()
        || source.is_integer() && (target.is_integer() && wider || target.is_floating())
        || source.is_integer() && target.is_decimal()
        || source.is_floating() && target.is_floating() && wider
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn a_value_is_computed_before_its_condition() {
        let ctx = SessionContext::new();
        let table = "CREATE TABLE t AS SELECT 0 a, 2 b, 3 c UNION ALL SELECT 1, 2, 3";
        ctx.sql(table).await.expect("a plan").collect().await.expect("a table");
        let sql = "SELECT a, (b + c) / a FROM t WHERE a <> 0";
        let rows = ctx.sql(sql).await.expect("a plan").collect().await;
        assert!(rows.is_err(), "DataFusion computes it after: remove `above`");
    }
}
