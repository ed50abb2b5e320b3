//! Functions that the planner has with another result: its counts are unsigned, it rounds away from zero.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    Expr, ExprSchemable, Operator, WindowFunctionDefinition, binary_expr, cast, lit,
};

use super::arithmetic::is_numeric_pair;
use super::kinds;
use super::operators::{call, jsonb_key};
use super::plan::is_jsonb;
use crate::error::Error;
use crate::pg::functions;
use crate::pg::functions::floats::{self, Floats};
use crate::pg::functions::integers::{self, Operation, whole, wider};
use crate::pg::functions::numerics::{self, Numerics};
use crate::pg::functions::powers;
use crate::pg::functions::{intervals, keys, moments};
use crate::pg::types;

/// A scalar function's result as PostgreSQL types it.
/// Errors: 42883 for `round(double precision, integer)`, which PostgreSQL does not have.
pub(super) fn function(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Expr::ScalarFunction(function) = &expr else { return Ok(Transformed::no(expr)) };
    let types: Option<Vec<DataType>> =
        function.args.iter().map(|arg| arg.get_type(schema).ok()).collect();
    let types = types.unwrap_or_default();
    let arguments = || function.args.clone();
    let inexact = |data_type: &DataType| data_type.is_floating() || whole(data_type).is_some();
    let result = match (function.name(), types.as_slice()) {
        ("regexp_count" | "regexp_instr", _) => DataType::Int32,
        // The planner counts in texts of its aggregates, which may be longer than others, with 64 bits.
        (
            "length" | "char_length" | "character_length" | "octet_length" | "bit_length"
            | "strpos" | "position",
            [DataType::LargeUtf8, ..],
        ) => DataType::Int32,
        ("gcd" | "lcm", [left, right]) => match wider(left, right) {
            // A smallint has no such function of its own.
            Some(DataType::Int16 | DataType::Int32) => DataType::Int32,
            _ => return Ok(Transformed::no(expr)),
        },
        ("greatest" | "least", _) => {
            return Ok(match kinds::greatest(function, schema) {
                Some(keyed) => Transformed::yes(keyed),
                None => Transformed::no(expr),
            });
        }
        ("div", [left, right]) if wider(left, right).is_some() => DataType::Decimal128(38, 0),
        ("div", [left, right]) if is_numeric_pair(left, right) => {
            return Ok(Transformed::yes(call(numerics::function(Numerics::Div), arguments())));
        }
        ("mod", [left, right]) if is_numeric_pair(left, right) => {
            let [left, right] = two(arguments())?;
            return Ok(Transformed::yes(binary_expr(left, Operator::Modulo, right)));
        }
        ("mod", [left, right]) if wider(left, right).is_some() => {
            let modulo = integers::function(Operation::Modulo);
            return Ok(Transformed::yes(call(modulo, arguments())));
        }
        ("abs", [one]) if whole(one).is_some() => {
            let absolute = integers::function(Operation::Absolute);
            return Ok(Transformed::yes(call(absolute, arguments())));
        }
        // A negative integer shows its own 32 bits.
        ("to_hex", [DataType::Int32]) => {
            let [one] = arguments().try_into().map_err(lost)?;
            let bits = binary_expr(
                cast(one, DataType::Int64),
                Operator::BitwiseAnd,
                lit(i64::from(u32::MAX)),
            );
            return Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction {
                func: Arc::clone(&function.func),
                args: vec![bits],
            })));
        }
        ("floor" | "ceil" | "trunc", [one]) if one.is_decimal() => of_scale(one, 0),
        ("round", [one @ DataType::Decimal256(..)]) => of_scale(one, 0),
        // How many digits it has is told by a cast, here by one to the type it is of.
        ("round", [one]) if one.is_decimal() => expr.get_type(schema)?,
        ("trunc", [one, _]) if one.is_decimal() => match digits(&function.args) {
            Some(digits) => of_scale(one, digits.max(0)),
            None => return Ok(Transformed::no(expr)),
        },
        // It has as many digits as are asked for, also where there were fewer.
        ("round", [one, _]) if one.is_decimal() => match digits(&function.args) {
            Some(digits) if scale(one) < digits => of_scale(one, digits),
            Some(_) => expr.get_type(schema)?,
            None => return Ok(Transformed::no(expr)),
        },
        ("signum" | "sign", [one]) if one.is_decimal() => DataType::Decimal128(1, 0),
        ("floor" | "ceil" | "trunc" | "sqrt", [DataType::Float32]) => {
            let [one] = arguments().try_into().map_err(lost)?;
            return Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction {
                func: Arc::clone(&function.func),
                args: vec![cast(one, DataType::Float64)],
            })));
        }
        ("log" | "log10", [one]) if inexact(one) => return own("forebay_dlog10", arguments()),
        ("signum" | "sign", [one]) if inexact(one) => return own("forebay_dsign", arguments()),
        (name, found) if is_numeric_power(name, found) => {
            match powers::function(name, found.len()) {
                Some(power) => return Ok(Transformed::yes(call(power, arguments()))),
                None => return Ok(Transformed::no(expr)),
            }
        }
        ("round", [one, _]) if whole(one).is_some() => {
            let digits = digits(&function.args).unwrap_or(0).max(0);
            let mut args = arguments();
            if let Some(first) = args.first_mut() {
                *first = cast(first.clone(), DataType::Decimal128(38, digits));
            }
            return Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction {
                func: Arc::clone(&function.func),
                args,
            })));
        }
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

/// One of ours in the place of DataFusion's.
fn own(name: &str, args: Vec<Expr>) -> Result<Transformed<Expr>> {
    let function = functions::of_float(name).ok_or_else(|| lost(Vec::new()))?;
    let args = args.into_iter().map(|arg| cast(arg, DataType::Float64)).collect();
    Ok(Transformed::yes(call(function, args)))
}

/// Powers, roots and logarithms are numeric when an argument is and none is floating point; a logarithm to any base
/// is numeric only.
fn is_numeric_power(name: &str, types: &[DataType]) -> bool {
    let exact = types.iter().all(|own| own.is_decimal() || own.is_integer());
    let numeric = types.iter().any(DataType::is_decimal);
    match (name, types) {
        ("log", [_, _]) => exact,
        ("sqrt" | "exp" | "ln" | "log" | "log10", [_]) | ("power" | "pow", [_, _]) => {
            exact && numeric
        }
        _ => false,
    }
}

/// The type of a numeric with other digits after the point, and room for all before it.
fn of_scale(own: &DataType, digits: i8) -> DataType {
    match own {
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => {
            let whole = precision.saturating_sub(scale.unsigned_abs()).saturating_add(1);
            let wanted = whole.saturating_add(digits.unsigned_abs());
            DataType::Decimal128(wanted.clamp(1, 38), digits)
        }
        DataType::Decimal256(precision, scale) => {
            let whole = precision.saturating_sub(scale.unsigned_abs()).saturating_add(1);
            let wanted = whole.saturating_add(digits.unsigned_abs());
            DataType::Decimal256(wanted.clamp(1, 76), digits)
        }
        _ => DataType::Decimal256(76, digits),
    }
}

fn scale(own: &DataType) -> i8 {
    match own {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    }
}

/// The second argument, when it is a literal: how many digits to keep.
fn digits(args: &[Expr]) -> Option<i8> {
    let mut second = args.get(1)?;
    while let Expr::Cast(cast) = second {
        second = &cast.expr;
    }
    match second {
        Expr::Literal(ScalarValue::Int32(Some(digits)), _) => i8::try_from(*digits).ok(),
        Expr::Literal(ScalarValue::Int64(Some(digits)), _) => i8::try_from(*digits).ok(),
        _ => None,
    }
}

fn two(args: Vec<Expr>) -> Result<[Expr; 2]> {
    args.try_into().map_err(lost)
}

fn lost(_args: Vec<Expr>) -> DataFusionError {
    DataFusionError::Internal("a function lost an argument".to_owned())
}

const NO_FUNCTION: &str = "No function matches the given name and argument types. \
     You might need to add explicit type casts.";

/// What values of `key` are sorted by where it is not themselves: the lengths of intervals, the keys of arrays, records and
/// `jsonb`, floating point with one zero and one NaN.
pub(super) fn sort_key(key: &Expr, schema: &DFSchema) -> Option<Expr> {
    match key.get_type(schema) {
        Ok(DataType::Interval(_)) => Some(call(moments::length(), vec![key.clone()])),
        Ok(DataType::Float32 | DataType::Float64) => {
            Some(call(floats::function(Floats::Order), vec![key.clone()]))
        }
        // NULL is the greatest element.
        Ok(DataType::List(_)) => Some(call(keys::function(), vec![key.clone()])),
        Ok(composite @ DataType::Struct(_)) if is_record(&composite) => {
            Some(call(keys::function(), vec![key.clone()]))
        }
        Ok(_) if is_jsonb(key, schema) => Some(jsonb_key(key.clone())),
        _ => None,
    }
}

fn is_record(composite: &DataType) -> bool {
    types::of_data_type(composite).oid != types::JSON
}

/// Aggregates whose result is the same in any order of their rows, but for the last digits of floating point.
const INDIFFERENT: &[&str] = &[
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "corr",
    "count",
    "covar",
    "covar_pop",
    "covar_samp",
    "max",
    "min",
    "regr_avgx",
    "regr_avgy",
    "regr_count",
    "regr_intercept",
    "regr_r2",
    "regr_slope",
    "regr_sxx",
    "regr_sxy",
    "regr_syy",
    "stddev",
    "stddev_pop",
    "sum",
    "var",
    "var_pop",
];

/// The order of an aggregate's or a window's rows.
pub(super) fn ordered(mut expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let keys = match &mut expr {
        // The planner's own fail in groups when they are given an order they do not need.
        Expr::AggregateFunction(aggregate)
            if !aggregate.params.order_by.is_empty()
                && !aggregate.params.distinct
                && INDIFFERENT.contains(&aggregate.func.name()) =>
        {
            aggregate.params.order_by.clear();
            return Transformed::yes(expr);
        }
        Expr::AggregateFunction(aggregate) => &mut aggregate.params.order_by,
        Expr::WindowFunction(window) => &mut window.params.order_by,
        _ => return Transformed::no(expr),
    };
    let mut changed = false;
    for key in keys {
        if let Some(length) = sort_key(&key.expr, schema) {
            key.expr = length;
            changed = true;
        }
    }
    if changed { Transformed::yes(expr) } else { Transformed::no(expr) }
}

/// Aggregates of intervals are ours, and so is the sum of reals. The sum of integers of at most 32 bits is a bigint. The
/// planner's own `sum` has it so; ours, which is wider, would be taken for one of bigints once its argument has been cast.
pub(super) fn sum(mut expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    // Ours counts all values, once each.
    let own = |args: &[Expr], plain: bool| match args {
        [one] => match one.get_type(schema).ok()? {
            DataType::Float32 if plain => Some(functions::sum_of_reals()),
            found => match whole(&found) {
                Some(DataType::Int16 | DataType::Int32) => Some(sum_udaf()),
                _ => None,
            },
        },
        _ => None,
    };
    if let Expr::AggregateFunction(aggregate) = &mut expr
        && let [one] = aggregate.params.args.as_slice()
        && matches!(one.get_type(schema), Ok(DataType::Interval(_)))
        && let Some(own) = intervals::aggregate(aggregate.func.name())
    {
        aggregate.func = own;
        return Transformed::yes(expr);
    }
    match &mut expr {
        Expr::AggregateFunction(aggregate)
            if aggregate.func.name() == "sum"
                && let Some(own) = own(&aggregate.params.args, !aggregate.params.distinct) =>
        {
            aggregate.func = own;
            Transformed::yes(expr)
        }
        Expr::WindowFunction(window) => {
            let params = &window.params;
            let plain = !params.distinct;
            match &window.fun {
                WindowFunctionDefinition::AggregateUDF(function)
                    if function.name() == "sum"
                        && let Some(own) = own(&params.args, plain) =>
                {
                    window.fun = WindowFunctionDefinition::AggregateUDF(own);
                    Transformed::yes(expr)
                }
                _ => Transformed::no(expr),
            }
        }
        _ => Transformed::no(expr),
    }
}
