//! Outputs that have an effect, or differ from call to call, behind ORDER BY: PostgreSQL orders the rows first, unless it is
//! by such an output, so that `SELECT nextval('s'), name … ORDER BY name` numbers them in their order, and calls nothing for
//! rows that LIMIT leaves out.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Sort};

/// `plan` with such outputs above the sorts they stood below.
pub(super) fn behind_sorts(plan: LogicalPlan) -> Result<LogicalPlan> {
    let done = plan.transform_up_with_subqueries(|plan| {
        let LogicalPlan::Sort(sort) = &plan else { return Ok(Transformed::no(plan)) };
        let LogicalPlan::Projection(outputs) = sort.input.as_ref() else {
            return Ok(Transformed::no(plan));
        };
        Ok(match postponed(sort, outputs) {
            Some(postponed) => Transformed::yes(postponed),
            None => Transformed::no(plan),
        })
    });
    done.map(|done| done.data)
}

/// `None` where nothing is to be postponed, or the rows are ordered by it.
fn postponed(sort: &Sort, outputs: &Projection) -> Option<LogicalPlan> {
    if !outputs.expr.iter().any(Expr::is_volatile) {
        return None;
    }
    let (mut below, mut above) = (Vec::new(), Vec::new());
    let mut late: Vec<Column> = Vec::new();
    for (index, expr) in outputs.expr.iter().enumerate() {
        let (relation, field) = outputs.schema.qualified_field(index);
        let column = Column::new(relation.cloned(), field.name());
        if expr.is_volatile() {
            above.push(expr.clone());
            late.push(column);
        } else {
            below.push(expr.clone());
            above.push(Expr::Column(column));
        }
    }
    let by_late = |key: &Expr| {
        key.is_volatile() || key.column_refs().iter().any(|column| late.contains(column))
    };
    if sort.expr.iter().any(|key| by_late(&key.expr)) {
        return None;
    }
    for expr in outputs.expr.iter().filter(|expr| expr.is_volatile()) {
        let mut columns: Vec<&Column> = expr.column_refs().into_iter().collect();
        columns.sort();
        for column in columns {
            let needed = Expr::Column(column.clone());
            if !below.contains(&needed) {
                below.push(needed);
            }
        }
    }
    // Two columns of one name are left as they were.
    let below = Projection::try_new(below, Arc::clone(&outputs.input)).ok()?;
    let input = Arc::new(LogicalPlan::Projection(below));
    let sorted = LogicalPlan::Sort(Sort { expr: sort.expr.clone(), input, fetch: sort.fetch });
    let schema = Arc::clone(&outputs.schema);
    let above = Projection::try_new_with_schema(above, Arc::new(sorted), schema).ok()?;
    Some(LogicalPlan::Projection(above))
}
