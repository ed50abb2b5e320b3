//! Long chains of operators: `a + b + c + …`. The name of an expression is written out wherever its field is asked for, so
//! asking for that of each link takes the cube of their number. A stand-in of the same type, whose name is short, takes the
//! place of what stands before a link while that is looked at.

use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Expr, ExprSchemable, Operator};

/// Links from which on a chain is a long one. Of a shorter one the whole is looked at, for errors that tell its parts.
const LINKS_MIN: usize = 8;

/// What stands before a link of a long chain, while a stand-in has its place.
pub(super) struct Before {
    expr: Expr,
    stand_in: Expr,
}

impl Before {
    /// Puts a stand-in where `expr` ends a long chain.
    pub(super) fn of(expr: &mut Expr, schema: &DFSchema) -> Option<Before> {
        let mut part = &*expr;
        for _link in 0..LINKS_MIN {
            match part {
                Expr::BinaryExpr(binary) if is_link(binary.op) => part = &binary.left,
                _ => return None,
            }
        }
        let kind = expr.get_type(schema).ok()?;
        if !kind.is_numeric() && !kind.is_string() {
            return None;
        }
        let field = Arc::new(Field::new("", kind, true));
        let stand_in = Expr::ScalarVariable(field, vec!["forebay_chain".to_owned()]);
        let expr = std::mem::replace(expr, stand_in.clone());
        Some(Before { expr, stand_in })
    }

    /// Puts what stands before the link back into what became of it.
    pub(super) fn back(self, link: Expr) -> Result<Expr> {
        let Before { expr, stand_in } = self;
        let put = link.transform_down(|part| {
            Ok(match part == stand_in {
                true => Transformed::new(expr.clone(), true, TreeNodeRecursion::Jump),
                false => Transformed::no(part),
            })
        })?;
        Ok(put.data)
    }
}

fn is_link(op: Operator) -> bool {
    matches!(op, Operator::Plus | Operator::Minus | Operator::Multiply | Operator::StringConcat)
}
