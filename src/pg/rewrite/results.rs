//! Functions that the planner has with another result: its counts are unsigned, it rounds away from zero.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::{Expr, ExprSchemable, WindowFunctionDefinition, cast};

use super::operators::call;
use crate::error::Error;
use crate::pg::functions;
use crate::pg::functions::integers::{whole, wider};

/// A scalar function's result as PostgreSQL types it.
/// Errors: 42883 for `round(double precision, integer)`, which PostgreSQL does not have.
pub(super) fn function(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Expr::ScalarFunction(function) = &expr else { return Ok(Transformed::no(expr)) };
    let types: Option<Vec<DataType>> =
        function.args.iter().map(|arg| arg.get_type(schema).ok()).collect();
    let types = types.unwrap_or_default();
    let inexact = |data_type: &DataType| data_type.is_floating() || whole(data_type).is_some();
    let result = match (function.name(), types.as_slice()) {
        (
            "regexp_count" | "regexp_instr" | "array_length" | "array_ndims" | "array_position"
            | "cardinality",
            _,
        ) => DataType::Int32,
        ("gcd" | "lcm", [left, right]) => match wider(left, right) {
            // A smallint has no such function of its own.
            Some(DataType::Int16 | DataType::Int32) => DataType::Int32,
            _ => return Ok(Transformed::no(expr)),
        },
        ("date_part", _) => DataType::Float64,
        ("factorial", _) => DataType::Decimal128(38, 0),
        ("div", [left, right]) if wider(left, right).is_some() => DataType::Decimal128(38, 0),
        ("round", [one]) if inexact(one) => {
            let args = vec![cast(function.args[0].clone(), DataType::Float64)];
            return Ok(Transformed::yes(call(functions::round_to_even(), args)));
        }
        ("round", [one, _]) if one.is_floating() => {
            let name = if *one == DataType::Float32 { "real" } else { "double precision" };
            let error =
                Error::UndefinedFunction(format!("function round({name}, integer) does not exist"))
                    .hint(NO_FUNCTION);
            return Err(DataFusionError::External(Box::new(error)));
        }
        _ => return Ok(Transformed::no(expr)),
    };
    Ok(Transformed::yes(cast(expr, result)))
}

const NO_FUNCTION: &str = "No function matches the given name and argument types. \
     You might need to add explicit type casts.";

/// The sum of integers of at most 32 bits is a bigint. The planner's own `sum` has it so; ours, which is wider, would
/// be taken for one of bigints once its argument has been cast.
pub(super) fn sum(mut expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let small = |args: &[Expr]| match args {
        [one] => one
            .get_type(schema)
            .is_ok_and(|found| matches!(whole(&found), Some(DataType::Int16 | DataType::Int32))),
        _ => false,
    };
    match &mut expr {
        Expr::AggregateFunction(aggregate)
            if aggregate.func.name() == "sum" && small(&aggregate.params.args) =>
        {
            aggregate.func = sum_udaf();
            Transformed::yes(expr)
        }
        Expr::WindowFunction(window) if small(&window.params.args) => match &window.fun {
            WindowFunctionDefinition::AggregateUDF(function) if function.name() == "sum" => {
                window.fun = WindowFunctionDefinition::AggregateUDF(Arc::clone(&sum_udaf()));
                Transformed::yes(expr)
            }
            _ => Transformed::no(expr),
        },
        _ => Transformed::no(expr),
    }
}
