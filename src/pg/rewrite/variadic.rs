//! `f(…, VARIADIC array)`: the elements of the array as the last arguments.
//!
//! An array that stands in the statement is spelled out; for any other the function of one array that does the same is
//! called.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

use super::array;
use super::syntax::{call, function_name};
use crate::error::{Error, Result};

/// What a call with a VARIADIC argument comes to; `None` when it has none, or is an ordinary call now.
/// Errors: 0A000 for a function of which no form takes an array.
pub(super) fn called(function: &mut Function) -> Result<Option<Expr>> {
    let FunctionArguments::List(list) = &mut function.args else { return Ok(None) };
    let Some(array) = list.args.last().and_then(array_argument) else { return Ok(None) };
    list.args.pop();
    let name = function_name(&function.name).unwrap_or_default();
    let fixed = EXPANDED.iter().find(|(own, _)| *own == name).map(|(_, fixed)| *fixed);
    if fixed == Some(list.args.len())
        && matches!(array, Expr::Array(_))
        && let Some(items) = array::literal_elements(&array)
    {
        let unnamed = |item: &Expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(item.clone()));
        list.args.extend(items.iter().map(unnamed));
        return Ok(None);
    }
    let mut args = list.args.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    let nulls = |array: Expr| {
        let null = Expr::value(Value::Null);
        call("cardinality", vec![call("array_positions", vec![array, null])])
    };
    let done = match (name.as_str(), args.next(), args.next()) {
        ("json_extract_path", Some(json), None) => call("forebay_json_path", vec![json, array]),
        ("jsonb_extract_path", Some(json), None) => call("forebay_jsonb_path", vec![json, array]),
        ("json_extract_path_text" | "jsonb_extract_path_text", Some(json), None) => {
            call("forebay_json_path_text", vec![json, array])
        }
        ("jsonb_delete", Some(json), None) => call("forebay_jsonb_without", vec![json, array]),
        ("concat", None, None) => {
            let nothing = Expr::value(Value::SingleQuotedString(String::new()));
            call("array_to_string", vec![array, nothing])
        }
        ("concat_ws", Some(separator), None) => call("array_to_string", vec![array, separator]),
        ("num_nulls", None, None) => nulls(array),
        ("num_nonnulls", None, None) => Expr::Nested(Box::new(Expr::BinaryOp {
            left: Box::new(call("cardinality", vec![array.clone()])),
            op: BinaryOperator::Minus,
            right: Box::new(nulls(array)),
        })),
        _ => {
            let message = format!("VARIADIC in a call of {name} is not supported");
            return Err(Error::FeatureNotSupported(message));
        }
    };
    Ok(Some(done))
}

/// The array, which the parser has as the argument of that name.
fn array_argument(arg: &FunctionArg) -> Option<Expr> {
    let (name, arg) = match arg {
        FunctionArg::Named { name, arg, .. } => (name, arg),
        FunctionArg::ExprNamed { name: Expr::Identifier(name), arg, .. } => (name, arg),
        _ => return None,
    };
    match arg {
        FunctionArgExpr::Expr(array) if name.value.eq_ignore_ascii_case("variadic") => {
            Some(array.clone())
        }
        _ => None,
    }
}

/// Functions that take any number of arguments, and how many there are before those.
const EXPANDED: &[(&str, usize)] = &[
    ("concat", 0),
    ("concat_ws", 1),
    ("format", 1),
    ("json_build_array", 0),
    ("json_build_object", 0),
    ("json_extract_path", 1),
    ("json_extract_path_text", 1),
    ("jsonb_build_array", 0),
    ("jsonb_build_object", 0),
    ("jsonb_extract_path", 1),
    ("jsonb_extract_path_text", 1),
    ("num_nonnulls", 0),
    ("num_nulls", 0),
];
