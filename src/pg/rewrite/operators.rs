//! Expressions whose meaning depends on the types of their parts.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr,
};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, lit};

use super::plan::array_literal;
use crate::pg::types;

/// Operators and subscripts as PostgreSQL means them.
#[derive(Debug)]
pub(super) struct Operators;

impl ExprPlanner for Operators {
    fn plan_binary_op(
        &self,
        raw: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        // An untyped literal beside an array is an array literal.
        let (left_type, right_type) = (left.get_type(schema), right.get_type(schema));
        let (left, right) = match (left_type, right_type) {
            (Ok(list @ DataType::List(_)), _) => (left, beside(right, &list)?),
            (_, Ok(list @ DataType::List(_))) => (beside(left, &list)?, right),
            _ => (left, right),
        };
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }

    fn plan_field_access(
        &self,
        raw: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let RawFieldAccessExpr { field_access, expr } = raw;
        let GetFieldAccess::ListIndex { key } = field_access else {
            return Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr }));
        };
        let (_, field) = expr.to_field(schema)?;
        let kind = types::of_field(&field).oid;
        // The two vector types count from 0, arrays from 1; DataFusion's negative subscripts count from the end,
        // PostgreSQL has nothing there.
        let key = match kind {
            types::INT2VECTOR | types::OIDVECTOR => *key + lit(1_i64),
            _ => *key,
        };
        let field_access = GetFieldAccess::ListIndex { key: Box::new(key) };
        Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr }))
    }
}

/// `expr` as an array when it is a literal without a type of its own.
fn beside(expr: Expr, list: &DataType) -> Result<Expr> {
    match &expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), None) => match array_literal(text, list)? {
            Some(array) => Ok(Expr::Literal(array, None)),
            None => Ok(expr),
        },
        _ => Ok(expr),
    }
}

/// A call of `function`.
pub(super) fn call(
    function: std::sync::Arc<datafusion::logical_expr::ScalarUDF>,
    args: Vec<Expr>,
) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(function, args))
}
