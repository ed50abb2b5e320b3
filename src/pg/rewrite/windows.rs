//! Frames of windows that the planner has no ranges for.

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::logical_expr::expr::WindowFunctionParams;
use datafusion::logical_expr::{ExprSchemable, WindowFrame, WindowFrameBound, WindowFrameUnits};

/// A range without offsets ends with the peers of a row, as groups do: so it does for types that the planner calculates no
/// ranges of. Returns whether it changed anything.
pub(super) fn framed(params: &mut WindowFunctionParams, schema: &DFSchema) -> bool {
    let Some(key) = params.order_by.first() else { return false };
    let frame = &params.window_frame;
    let offset = [&frame.start_bound, &frame.end_bound].into_iter().any(|bound| match bound {
        WindowFrameBound::Preceding(offset) | WindowFrameBound::Following(offset) => {
            !offset.is_null()
        }
        WindowFrameBound::CurrentRow => false,
    });
    let lacking = key.expr.get_type(schema).is_ok_and(|found| {
        found.is_binary() || matches!(found, DataType::Time64(_) | DataType::Struct(_))
    });
    if frame.units != WindowFrameUnits::Range || offset || !lacking {
        return false;
    }
    let (start, end) = (frame.start_bound.clone(), frame.end_bound.clone());
    params.window_frame = WindowFrame::new_bounds(WindowFrameUnits::Groups, start, end);
    true
}
