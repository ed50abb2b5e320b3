//! The columns of a UNION (PostgreSQL manual, 10.5): one type for each, and an error where the planner would make
//! texts of them.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Union, cast};

use crate::error::Error;
use crate::pg::types;

/// Gives columns of exact numbers beside floating point that type.
/// Errors: 42804 for text beside anything else.
pub(super) fn matched(union: Union) -> Result<Transformed<LogicalPlan>> {
    let width = union.schema.fields().len();
    let mut double = vec![false; width];
    for (index, double) in double.iter_mut().enumerate() {
        let kinds = union.inputs.iter().filter_map(|input| input.schema().fields().get(index));
        let mut first: Option<&DataType> = None;
        let (mut exact, mut floating) = (false, false);
        for field in kinds {
            let kind = field.data_type();
            exact |= kind.is_numeric() && !kind.is_floating();
            floating |= kind.is_floating();
            if kind.is_null() {
                continue;
            }
            let before = *first.get_or_insert(kind);
            if before.is_string() != kind.is_string() {
                return Err(unmatched(before, kind));
            }
        }
        *double = exact && floating;
    }
    if !double.contains(&true) {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let mut inputs = Vec::with_capacity(union.inputs.len());
    for input in union.inputs {
        inputs.push(Arc::new(widened(input, &double)?));
    }
    Ok(Transformed::yes(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?)))
}

fn widened(input: Arc<LogicalPlan>, double: &[bool]) -> Result<LogicalPlan> {
    let columns = input.schema().iter().zip(double).map(|((qualifier, field), double)| {
        let column = Expr::from((qualifier, field));
        if *double {
            cast(column, DataType::Float64).alias_qualified(qualifier.cloned(), field.name())
        } else {
            column
        }
    });
    let columns: Vec<Expr> = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, input)?))
}

fn unmatched(first: &DataType, second: &DataType) -> DataFusionError {
    let name = |kind: &DataType| types::sql_name(types::of_data_type(kind).oid);
    let message = format!("UNION types {} and {} cannot be matched", name(first), name(second));
    DataFusionError::External(Box::new(Error::DatatypeMismatch(message)))
}
