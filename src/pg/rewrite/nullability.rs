//! Casts that say whether their values may be NULL.
//!
//! A cast to a type with a mark of PostgreSQL's (`::varchar`) has a field of its own, which the planner of operators takes
//! at its word, while the logical plan goes by the value that is cast. Where the two differ it refuses to group by it.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan};

use super::listed;

/// The optimised plan with casts that agree with their values, and lists that are looked at for each row.
pub(super) fn settled(plan: LogicalPlan) -> Result<LogicalPlan> {
    let settled = plan.transform_up_with_subqueries(|node| {
        let mut schema = DFSchema::empty();
        for input in node.inputs() {
            schema.merge(input.schema());
        }
        if let LogicalPlan::TableScan(scan) = &node {
            schema.merge(&scan.projected_schema);
        }
        node.map_expressions(|expr| {
            expr.transform_up(|expr| {
                let listed = listed::by_row(expr);
                let one = one(listed.data, &schema);
                Ok(if listed.transformed { Transformed::yes(one.data) } else { one })
            })
        })
    });
    settled.map(|settled| settled.data)
}

fn one(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let Expr::Cast(Cast { expr: value, field }) = expr else { return Transformed::no(expr) };
    let nullable = value.nullable(schema).unwrap_or(true);
    // A field without anything of its own goes by the value already.
    let own = !field.name().is_empty() || !field.metadata().is_empty() || !field.is_nullable();
    if !own || field.is_nullable() == nullable {
        return Transformed::no(Expr::Cast(Cast { expr: value, field }));
    }
    let field = Arc::new(field.as_ref().clone().with_nullable(nullable));
    Transformed::yes(Expr::Cast(Cast { expr: value, field }))
}
