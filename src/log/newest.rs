//! `ORDER BY _seq DESC LIMIT n`: how many rows stand behind each number is known, so that only the last segments are read.

use std::any::Any;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, LogicalPlan, Sort, SortExpr, TableScan, ident, lit};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::table::LogTable;
use crate::catalog::log::SEQ;

/// Leaves out of a log what cannot be among the first or the last rows that are asked for.
#[derive(Debug)]
pub struct NewestRows;

impl OptimizerRule for NewestRows {
    fn name(&self) -> &str {
        "newest_rows"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Sort(sort) = plan else { return Ok(Transformed::no(plan)) };
        let (Some(count), [key]) = (sort.fetch, sort.expr.as_slice()) else {
            return Ok(Transformed::no(LogicalPlan::Sort(sort)));
        };
        let SortExpr { expr: Expr::Column(column), asc, .. } = key else {
            return Ok(Transformed::no(LogicalPlan::Sort(sort)));
        };
        let bounded = bounded(&sort.input, &column.name, (count, *asc));
        Ok(match bounded {
            Some(input) => {
                Transformed::yes(LogicalPlan::Sort(Sort { input: input.into(), ..sort }))
            }
            None => Transformed::no(LogicalPlan::Sort(sort)),
        })
    }
}

/// The plan with a bound at the log that it reads; `None` where it is no log, or has one.
fn bounded(plan: &LogicalPlan, name: &str, wanted: (usize, bool)) -> Option<LogicalPlan> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let own = projection.expr.iter().find_map(|expr| match expr {
                Expr::Column(column) if column.name == name => Some(&column.name),
                Expr::Alias(alias) if alias.name == name => match alias.expr.as_ref() {
                    Expr::Column(column) => Some(&column.name),
                    _ => None,
                },
                _ => None,
            })?;
            let input = bounded(&projection.input, own, wanted)?;
            plan.with_new_exprs(plan.expressions(), vec![input]).ok()
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let input = bounded(&alias.input, name, wanted)?;
            plan.with_new_exprs(Vec::new(), vec![input]).ok()
        }
        LogicalPlan::TableScan(scan) if name == SEQ && scan.filters.is_empty() => {
            let provider = source_as_provider(&scan.source).ok()?;
            let log: &LogTable = (provider.as_ref() as &dyn Any).downcast_ref()?;
            let (count, asc) = wanted;
            let filter = match asc {
                true => ident(SEQ).lt_eq(lit(log.first(count)?)),
                false => ident(SEQ).gt_eq(lit(log.last(count)?)),
            };
            let filters = vec![filter];
            Some(LogicalPlan::TableScan(TableScan { filters, ..scan.clone() }))
        }
        _ => None,
    }
}
