//! Windows and their frames (`transformWindowDefinitions` of PostgreSQL's parse_clause.c, `opt_frame_clause` of gram.y).

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, NamedWindowExpr, Select, UnaryOperator, Value, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowSpec, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::{at, start};
use crate::error::{Error, Place, Result};

/// Checks the windows that a SELECT names.
/// Errors: 42P20 for one that is defined twice, or as PostgreSQL does not define windows.
pub(super) fn defined(select: &Select) -> Result<()> {
    for (index, window) in select.named_window.iter().enumerate() {
        let same = |other: &&Ident| other.value.eq_ignore_ascii_case(&window.0.value);
        let before = select.named_window.iter().take(index).map(|window| &window.0);
        if let Some(name) = before.clone().find(same) {
            let message = format!("window \"{}\" is already defined", name.value);
            return Err(Error::Windowing(message).near(at(window.0.span.start)));
        }
        if let NamedWindowExpr::WindowSpec(own) = &window.1 {
            spec(own, select)?;
        }
    }
    Ok(())
}

/// Checks the window of one call.
/// Errors: 42704 for a name that no window has; 42P20 and 22013 as [`defined`].
pub(super) fn called(over: &WindowType, select: &Select) -> Result<()> {
    match over {
        WindowType::NamedWindow(name) => found(name, select).map(drop),
        WindowType::WindowSpec(own) => spec(own, select),
    }
}

fn found<'a>(name: &Ident, select: &'a Select) -> Result<&'a NamedWindowExpr> {
    let known = |own: &Ident| own.value.eq_ignore_ascii_case(&name.value);
    match select.named_window.iter().find(|window| known(&window.0)) {
        Some(window) => Ok(&window.1),
        None => {
            let message = format!("window \"{}\" does not exist", name.value);
            Err(Error::UndefinedObject(message).near(at(name.span.start)))
        }
    }
}

fn spec(spec: &WindowSpec, select: &Select) -> Result<()> {
    let mut ordered = spec.order_by.len();
    if let Some(name) = &spec.window_name {
        let Location { line, column } = name.span.start;
        let place = (0 < line).then_some(Place::Bracket(line, column));
        let invalid = |message: String| Err(Error::Windowing(message).near(place.clone()));
        let name_shown = &name.value;
        if !spec.partition_by.is_empty() {
            return invalid(format!(
                "cannot override PARTITION BY clause of window \"{name_shown}\""
            ));
        }
        if let NamedWindowExpr::WindowSpec(base) = found(name, select)? {
            if !base.order_by.is_empty() && !spec.order_by.is_empty() {
                return invalid(format!(
                    "cannot override ORDER BY clause of window \"{name_shown}\""
                ));
            }
            if base.window_frame.is_some() {
                return invalid(format!(
                    "cannot copy window \"{name_shown}\" because it has a frame clause"
                ));
            }
            ordered += base.order_by.len();
        }
    }
    spec.window_frame.iter().try_for_each(|own| frame(own, ordered))
}

fn frame(frame: &WindowFrame, ordered: usize) -> Result<()> {
    use WindowFrameBound::{CurrentRow, Following, Preceding};
    let current = CurrentRow;
    let (from, to) = (&frame.start_bound, frame.end_bound.as_ref().unwrap_or(&current));
    let place = match (from, to) {
        (CurrentRow, Preceding(Some(offset))) => start(offset),
        _ => None,
    };
    let message = match (from, to) {
        (Following(None), _) => "frame start cannot be UNBOUNDED FOLLOWING",
        (_, Preceding(None)) => "frame end cannot be UNBOUNDED PRECEDING",
        (CurrentRow, Preceding(Some(_))) => {
            "frame starting from current row cannot have preceding rows"
        }
        (Following(Some(_)), Preceding(Some(_))) => {
            "frame starting from following row cannot have preceding rows"
        }
        (Following(Some(_)), CurrentRow) => {
            "frame starting from following row cannot end with current row"
        }
        _ => "",
    };
    if !message.is_empty() {
        return Err(Error::Windowing(message.to_owned()).near(place));
    }
    for (bound, which) in [(from, "starting"), (to, "ending")] {
        let (Preceding(Some(offset)) | Following(Some(offset))) = bound else { continue };
        match frame.units {
            WindowFrameUnits::Range if ordered != 1 => {
                let message =
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column";
                return Err(Error::Windowing(message.to_owned()));
            }
            WindowFrameUnits::Groups if ordered == 0 => {
                let message = "GROUPS mode requires an ORDER BY clause".to_owned();
                return Err(Error::Windowing(message));
            }
            _ => {}
        }
        if is_null(offset) {
            let message = format!("frame {which} offset must not be null");
            return Err(Error::NullNotAllowed(message));
        }
        if is_negative(offset) && !matches!(frame.units, WindowFrameUnits::Range) {
            let message = format!("frame {which} offset must not be negative");
            return Err(Error::InvalidFrame(message));
        }
    }
    Ok(())
}

fn is_null(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if value.value == Value::Null)
}

/// Whether a constant is below zero.
pub(super) fn is_negative(expr: &Expr) -> bool {
    match expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            matches!(expr.as_ref(), Expr::Value(value) if matches!(value.value, Value::Number(..)))
        }
        _ => false,
    }
}
