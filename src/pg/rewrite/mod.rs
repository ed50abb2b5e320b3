//! PostgreSQL constructs that DataFusion's planner lacks, said in those it has. An answer never changes: what cannot
//! be said is refused with 0A000.
//!
//! Imports: error, pg::types. Used by: query.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::logical_expr::planner::{ExprPlanner, TypePlanner};
use datafusion::sql::sqlparser::ast::{DataType, Statement};

use crate::error::Result;

/// Rewrites one parsed statement in place, before planning.
/// Errors: 0A000 for a construct that cannot be said.
pub fn statement(_statement: &mut Statement) -> Result<()> {
    Ok(())
}

/// Expression planners to register before DataFusion's own: subscripts of `int2vector`, operators.
pub fn expr_planners() -> Vec<Arc<dyn ExprPlanner>> {
    Vec::new()
}

/// Types by their PostgreSQL names.
#[derive(Debug)]
pub struct Types;

impl TypePlanner for Types {
    fn plan_type_field(
        &self,
        _sql_type: &DataType,
    ) -> datafusion::common::Result<Option<FieldRef>> {
        Ok(None)
    }
}
