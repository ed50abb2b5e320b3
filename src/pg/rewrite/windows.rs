//! Window functions that the planner has for constants only, and frames that it has no ranges for.

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionParams};
use datafusion::logical_expr::{
    Expr, ExprSchemable, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowFunctionDefinition,
    cast,
};

use super::common;
use crate::pg::functions;

/// A range without offsets ends with the peers of a row, as groups do: so it does for types that the planner calculates no
/// ranges of. One with offsets has room for them. Returns whether it changed anything.
pub(super) fn framed(params: &mut WindowFunctionParams, schema: &DFSchema) -> bool {
    let Some(key) = params.order_by.first_mut() else { return false };
    let frame = &params.window_frame;
    let offset = [&frame.start_bound, &frame.end_bound].into_iter().any(|bound| match bound {
        WindowFrameBound::Preceding(offset) | WindowFrameBound::Following(offset) => {
            !offset.is_null()
        }
        WindowFrameBound::CurrentRow => false,
    });
    if frame.units == WindowFrameUnits::Range && offset {
        // Past the last number of a type the planner counts to the end of the rows.
        let roomy = match key.expr.get_type(schema) {
            Ok(DataType::Int16 | DataType::Int32) => DataType::Int64,
            Ok(DataType::Int64) => DataType::Decimal128(38, 0),
            _ => return false,
        };
        key.expr = cast(std::mem::take(&mut key.expr), roomy);
        return true;
    }
    let lacking = key.expr.get_type(schema).is_ok_and(|found| {
        found.is_binary() || matches!(found, DataType::Time64(_) | DataType::Struct(_))
    });
    if frame.units != WindowFrameUnits::Range || !lacking {
        return false;
    }
    let (start, end) = (frame.start_bound.clone(), frame.end_bound.clone());
    params.window_frame = WindowFrame::new_bounds(WindowFrameUnits::Groups, start, end);
    true
}

/// A window function; an aggregate over a frame that rows leave need not know how to take them back.
pub(super) fn moving(mut expr: Expr) -> Transformed<Expr> {
    if let Expr::WindowFunction(function) = &mut expr
        && !function.params.window_frame.start_bound.is_unbounded()
        && let WindowFunctionDefinition::AggregateUDF(aggregate) = &mut function.fun
    {
        *aggregate = functions::recomputed::function(aggregate);
        return Transformed::yes(expr);
    }
    Transformed::no(expr)
}

/// `lag`, `lead` and `string_agg` by what each row tells. Returns whether it changed anything.
pub(super) fn of_each_row(function: &mut WindowFunction, schema: &DFSchema) -> Result<bool> {
    let args = &mut function.params.args;
    let constant = |arg: &Expr| matches!(arg, Expr::Literal(value, _) if !value.is_null());
    let shifts = matches!(function.fun.name(), "lag" | "lead");
    let mut changed = false;
    if let [value, _, default] = args.as_mut_slice()
        && shifts
    {
        changed = of_one_type(value, default, schema)?;
    }
    if args.iter().skip(1).all(constant) {
        return Ok(changed);
    }
    let texts =
        args.first().is_some_and(|arg| arg.get_type(schema).is_ok_and(|own| own.is_string()));
    if shifts && let Some(own) = functions::shifted(function.fun.name()) {
        function.fun = WindowFunctionDefinition::WindowUDF(own);
        changed = true;
    } else if function.fun.name() == "string_agg" && texts {
        let own = functions::joined(DataType::Utf8);
        function.fun = WindowFunctionDefinition::AggregateUDF(own);
        changed = true;
    }
    Ok(changed)
}

/// Two numbers as ones of a type. Returns whether that changed one.
fn of_one_type(one: &mut Expr, other: &mut Expr, schema: &DFSchema) -> Result<bool> {
    let (one_type, other_type) = (one.get_type(schema)?, other.get_type(schema)?);
    if one_type == other_type || !one_type.is_numeric() || !other_type.is_numeric() {
        return Ok(false);
    }
    let kinds = vec![one_type.clone(), other_type.clone()];
    let wanted = match one_type.is_floating() || other_type.is_floating() {
        true => Some(DataType::Float64),
        false => common::numeric_of(kinds).map(|field| field.data_type().clone()),
    };
    let Some(wanted) = wanted else { return Ok(false) };
    for (side, own) in [(one, one_type), (other, other_type)] {
        if own != wanted {
            *side = cast(std::mem::take(side), wanted.clone());
        }
    }
    Ok(true)
}
