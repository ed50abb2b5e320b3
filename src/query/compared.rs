//! Constants that are compared, without what their types say beyond Arrow's.
//!
//! The optimiser compares the literals of `a = 1 AND a <> 1` and of `a IN (1, 2)` with each other, and takes two for
//! different values where only their metadata differs: one of a cast to `name` and one of a text.

use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Cast, Expr, ExprSchemable, LogicalPlan, Operator};

/// The plan with such constants. Its last rewrite: nothing looks at their types any more.
pub(super) fn bare(plan: LogicalPlan) -> Result<LogicalPlan> {
    let bare = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        node.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(comparison)?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })
    })?;
    Ok(bare.data)
}

fn comparison(mut expr: Expr) -> Result<Transformed<Expr>> {
    let mut changed = false;
    match &mut expr {
        Expr::BinaryExpr(binary) if matches!(binary.op, Operator::Eq | Operator::NotEq) => {
            changed |= side(&mut binary.left)?;
            changed |= side(&mut binary.right)?;
        }
        Expr::InList(list) => {
            for item in &mut list.list {
                changed |= side(item)?;
            }
        }
        _ => {}
    }
    Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
}

/// Takes what the type of a constant says away. Returns whether there was anything.
fn side(expr: &mut Expr) -> Result<bool> {
    match expr {
        Expr::Column(_) | Expr::Literal(_, None) => return Ok(false),
        Expr::Literal(_, metadata) => {
            *metadata = None;
            return Ok(true);
        }
        _ if !is_constant(expr)? => return Ok(false),
        _ => {}
    }
    let (_, field) = expr.to_field(&DFSchema::empty())?;
    if field.metadata().is_empty() {
        return Ok(false);
    }
    // A cast to a field that has a name leaves none of the metadata, one to a type alone would keep it.
    let field = Arc::new(Field::new("constant", field.data_type().clone(), true));
    *expr = Expr::Cast(Cast { expr: Box::new(std::mem::take(expr)), field });
    Ok(true)
}

/// Whether the optimiser may make a literal of it.
fn is_constant(expr: &Expr) -> Result<bool> {
    let depends = expr.exists(|expr| {
        Ok(!matches!(
            expr,
            Expr::Literal(..)
                | Expr::Cast(_)
                | Expr::TryCast(_)
                | Expr::BinaryExpr(_)
                | Expr::Negative(_)
                | Expr::Case(_)
                | Expr::ScalarFunction(_)
        ))
    })?;
    Ok(!depends && !expr.is_volatile())
}
