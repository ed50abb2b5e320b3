//! CASE as a call while a statement is planned (see [`crate::pg::functions::case`]), and as itself again.

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Case, Expr, LogicalPlan};
use datafusion::sql::sqlparser::ast::Expr as Ast;

use super::syntax;
use crate::pg::functions::case::{SEARCHED, SIMPLE};

/// A CASE of a statement as a call; anything else as it is.
pub(super) fn called(expr: &mut Ast) {
    let Ast::Case { operand, conditions, else_result, .. } = expr else { return };
    let name = if operand.is_some() { SIMPLE } else { SEARCHED };
    let mut args = Vec::with_capacity(2 * conditions.len() + 2);
    args.extend(operand.take().map(|operand| *operand));
    for when in std::mem::take(conditions) {
        args.extend([when.condition, when.result]);
    }
    args.extend(else_result.take().map(|result| *result));
    *expr = syntax::call(name, args);
}

/// The plan with such calls as what they are. The columns keep their names.
pub(super) fn restored(plan: LogicalPlan) -> Result<LogicalPlan> {
    let restored = plan.transform_up_with_subqueries(|node| {
        let names = NamePreserver::new(&node);
        let node = node.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| {
                Ok(match expr {
                    Expr::ScalarFunction(call) if [SEARCHED, SIMPLE].contains(&call.name()) => {
                        Transformed::yes(Expr::Case(case(call)))
                    }
                    other => Transformed::no(other),
                })
            })?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        if !node.transformed {
            return Ok(node);
        }
        node.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(restored.data)
}

/// The CASE that a call stands for.
pub(super) fn case(call: ScalarFunction) -> Case {
    let simple = call.name() == SIMPLE;
    let mut args = call.args.into_iter().map(Box::new);
    let expr = if simple { args.next() } else { None };
    let mut case = Case { expr, when_then_expr: Vec::new(), else_expr: None };
    while let Some(when) = args.next() {
        match args.next() {
            Some(then) => case.when_then_expr.push((when, then)),
            None => case.else_expr = Some(when),
        }
    }
    case
}
