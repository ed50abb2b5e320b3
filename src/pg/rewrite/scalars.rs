//! Values of subqueries that read no row around: the planner's physical form of one knows its Arrow type only, and a type
//! of ours that is kept as text would be a text to functions over it. A cast to what the value is tells it.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::{Cast, Expr, LogicalPlan};

use crate::pg::{adt, types};

/// One node whose expressions have their types.
pub(super) fn told(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    node.map_expressions(|expr| {
        expr.transform_up(|expr| {
            let Expr::ScalarSubquery(subquery) = &expr else { return Ok(Transformed::no(expr)) };
            let Some(field) = subquery.subquery.schema().fields().first() else {
                return Ok(Transformed::no(expr));
            };
            if !subquery.outer_ref_columns.is_empty() || !adt::is_own(types::of_field(field).oid) {
                return Ok(Transformed::no(expr));
            }
            let field = Arc::new(field.as_ref().clone().with_name("").with_nullable(true));
            Ok(Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(expr), field))))
        })
    })
}
