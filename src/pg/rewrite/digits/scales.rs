//! How many digits after the point each value of an expression shows.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::functions::core::expr_fn::greatest;
use datafusion::functions_aggregate::min_max::max_udaf;
use datafusion::logical_expr::expr::{AggregateFunction, ScalarFunction, WindowFunction};
use datafusion::logical_expr::{
    BinaryExpr, Case, Expr, ExprSchemable, Operator, ScalarUDF, WindowFunctionDefinition,
    binary_expr, lit, when,
};

use super::super::common::before_one_type;
use super::super::operators::call;
use super::super::plan::is_bare_numeric;
use super::{bare, shown};
use crate::pg::functions::numerics::{Numerics, function};
use crate::pg::functions::{self, powers};
use crate::pg::numeric;

/// What says how columns are shown, by their indices.
pub(super) type Hidden = BTreeMap<usize, Expr>;

/// How the values of `expr` are shown, over input of `schema` some of whose columns are told by `hidden`: the number of
/// digits, or the texts of an array's elements. `None` where the expression's type tells all.
pub(super) fn of(expr: &Expr, schema: &DFSchema, hidden: &Hidden) -> Result<Option<Expr>> {
    // What is done twice would not be the same.
    if expr.is_volatile() {
        return Ok(None);
    }
    let (typed, own) = (bare(expr), before_one_type(bare(expr)));
    let digits = of_own(own, schema, hidden)?;
    if digits.is_some() || std::ptr::eq(typed, own) {
        return Ok(digits);
    }
    let kinds = (typed.get_type(schema)?, own.get_type(schema)?);
    Ok(match (own_digits(&kinds.0), own_digits(&kinds.1)) {
        (Some(wide), Some(narrow)) if narrow < wide => Some(of_type(own, &kinds.1)),
        _ => None,
    })
}

/// The same of an expression that is of its own type.
fn of_own(expr: &Expr, schema: &DFSchema, hidden: &Hidden) -> Result<Option<Expr>> {
    let of = |expr: &Expr| of(expr, schema, hidden);
    match expr {
        Expr::Column(column) => {
            Ok(schema.maybe_index_of_column(column).and_then(|index| hidden.get(&index).cloned()))
        }
        Expr::Case(case) => {
            let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            let results: Vec<&Expr> = thens.chain(case.else_expr.as_deref()).collect();
            if !is_mixed(&results, schema, hidden)? {
                return Ok(None);
            }
            let mut digits = of_each(&results, schema, hidden)?.into_iter().map(Box::new);
            let whens = case.when_then_expr.iter().map(|(when, _)| when.clone());
            let when_then_expr = whens.zip(digits.by_ref()).collect();
            let expr = case.expr.clone();
            Ok(Some(Expr::Case(Case { expr, when_then_expr, else_expr: digits.next() })))
        }
        Expr::ScalarFunction(function) => of_function(function, schema, hidden),
        Expr::Negative(inner) => of(inner),
        // The number of digits stays as it is.
        Expr::Cast(cast) if is_bare_numeric(&cast.field) => of(&cast.expr),
        Expr::BinaryExpr(binary) => of_operator(binary, schema, hidden),
        _ => Ok(None),
    }
}

fn of_function(
    function: &ScalarFunction,
    schema: &DFSchema,
    hidden: &Hidden,
) -> Result<Option<Expr>> {
    let args: Vec<&Expr> = function.args.iter().collect();
    match (function.name(), args.as_slice()) {
        ("forebay_flatten", [first]) => {
            let texts = of(first, schema, hidden)?;
            return Ok(texts.map(|texts| call(Arc::clone(&function.func), vec![texts])));
        }
        ("abs", [first]) => return of(first, schema, hidden),
        // It is the first, in a type that has room for the digits of both.
        ("nullif", [first, _]) => {
            let whole = Expr::ScalarFunction(function.clone()).get_type(schema)?;
            let whole = own_digits(&whole);
            let own = own_digits(&before_one_type(first).get_type(schema)?);
            return Ok(match whole.is_some() && whole != own {
                true => of_each(&args[..1], schema, hidden)?.pop(),
                false => of(first, schema, hidden)?,
            });
        }
        ("coalesce" | "greatest" | "least" | "make_array", _) => {}
        _ if let Some(counted) = powers::digits_of(&function.func) => {
            return of_terms(counted, &args, schema, hidden);
        }
        (name, [_, _]) if name == Numerics::Over.name() || name == Numerics::Mean.name() => {
            return of_terms(self::function(Numerics::QuotientDigits), &args, schema, hidden);
        }
        (name, [_, _]) if name == Numerics::Times.name() => {
            let digits = of_each(&args, schema, hidden)?.into_iter();
            return Ok(digits.reduce(|left, right| left + right));
        }
        _ => return Ok(None),
    }
    if !is_mixed(&args, schema, hidden)? {
        return Ok(None);
    }
    let digits = of_each(&args, schema, hidden)?;
    if function.name() == "make_array" {
        let texts = args.iter().zip(digits);
        let texts = texts.map(|(arg, digits)| shown(before_one_type(arg).clone(), digits));
        return Ok(Some(call(Arc::clone(&function.func), texts.collect())));
    }
    let whole = Expr::ScalarFunction(function.clone());
    let found = |arg: &Expr| match function.name() {
        "coalesce" => arg.clone().is_not_null(),
        // Of the first that is the greatest, or least.
        _ => binary_expr(whole.clone(), Operator::Eq, arg.clone()),
    };
    let when_then_expr = args.iter().zip(digits);
    let when_then_expr =
        when_then_expr.map(|(arg, digits)| (Box::new(found(arg)), Box::new(digits)));
    let when_then_expr = when_then_expr.collect();
    Ok(Some(Expr::Case(Case { expr: None, when_then_expr, else_expr: None })))
}

/// What `counted` tells of the terms of a quotient, an average or a power, and of the digits that these show: the result
/// alone lets guess.
fn of_terms(
    counted: Arc<ScalarUDF>,
    args: &[&Expr],
    schema: &DFSchema,
    hidden: &Hidden,
) -> Result<Option<Expr>> {
    for arg in args {
        if own_digits(&arg.get_type(schema)?).is_none() {
            return Ok(None);
        }
    }
    let mut terms: Vec<Expr> = args.iter().map(|arg| (*arg).clone()).collect();
    terms.extend(of_each(args, schema, hidden)?);
    Ok(Some(call(counted, terms)))
}

/// `numeric_add`, `numeric_mul`: quotients have digits by a rule of their own.
fn of_operator(binary: &BinaryExpr, schema: &DFSchema, hidden: &Hidden) -> Result<Option<Expr>> {
    let adds = matches!(binary.op, Operator::Plus | Operator::Minus | Operator::Modulo);
    let sides = [binary.left.as_ref(), binary.right.as_ref()];
    if !adds && binary.op != Operator::Multiply {
        return Ok(None);
    }
    let mut mixed = false;
    for side in sides {
        mixed |= of(side, schema, hidden)?.is_some() || adds && is_guessed(side, schema);
    }
    let exact = sides.iter().all(|side| {
        let found = before_one_type(side).get_type(schema);
        found.is_ok_and(|found| own_digits(&found).is_some() && !found.is_list())
    });
    if !mixed || !exact {
        return Ok(None);
    }
    let digits = of_each(&sides, schema, hidden)?;
    Ok(Some(match adds {
        true => greatest(digits),
        false => digits.into_iter().reduce(|left, right| left + right).unwrap_or_default(),
    }))
}

/// Whether the digits of an expression's values are guessed from each of them: those of a sum may be fewer then than its
/// terms have.
fn is_guessed(expr: &Expr, schema: &DFSchema) -> bool {
    before_one_type(expr).get_type(schema).is_ok_and(|found| numeric::varies(&found))
}

/// How the terms of a sum are shown. Errors: those of [`of`].
fn of_terms_of_sum(term: &Expr, schema: &DFSchema, hidden: &Hidden) -> Result<Option<Expr>> {
    Ok(match of(term, schema, hidden)? {
        None if is_guessed(term, schema) => of_each(&[term], schema, hidden)?.pop(),
        digits => digits,
    })
}

/// How the values of an aggregate are shown: a sum has the most digits of its terms, the least and the greatest value
/// have their own.
pub(super) fn aggregated(expr: &Expr, schema: &DFSchema, hidden: &Hidden) -> Result<Option<Expr>> {
    let Expr::AggregateFunction(aggregate) = expr else { return Ok(None) };
    let [arg] = aggregate.params.args.as_slice() else { return Ok(None) };
    let name = aggregate.func.name();
    if !matches!(name, "sum" | "min" | "max" | "array_agg") {
        return Ok(None);
    }
    let digits = match name {
        "sum" => of_terms_of_sum(arg, schema, hidden)?,
        _ => of(arg, schema, hidden)?,
    };
    let Some(digits) = digits else { return Ok(None) };
    if name == "array_agg" {
        // Of distinct values nobody knows which ones are there.
        if aggregate.params.distinct {
            return Ok(None);
        }
        let mut texts = aggregate.clone();
        texts.params.args = vec![shown(arg.clone(), digits)];
        return Ok(Some(Expr::AggregateFunction(texts)));
    }
    let mut params = aggregate.params.clone();
    if name == "sum" {
        params.args = vec![when(arg.clone().is_not_null(), digits).end()?];
        params.distinct = false;
        let func = max_udaf();
        return Ok(Some(Expr::AggregateFunction(AggregateFunction { func, params })));
    }
    params.args.push(digits);
    (params.distinct, params.order_by) = (false, Vec::new());
    let func = functions::extreme_digits(name == "max");
    Ok(Some(Expr::AggregateFunction(AggregateFunction { func, params })))
}

/// The same of window functions that give one of the values, and of sums.
pub(super) fn windowed(expr: &Expr, schema: &DFSchema, hidden: &Hidden) -> Result<Option<Expr>> {
    let Expr::WindowFunction(window) = expr else { return Ok(None) };
    let name = window.fun.name();
    let Some(arg) = window.params.args.first() else { return Ok(None) };
    let count = window.params.args.len();
    let picks = matches!(name, "first_value" | "last_value") && count == 1
        || matches!(name, "lag" | "lead" | "nth_value") && count <= 2;
    let extreme = matches!(name, "min" | "max");
    if !picks && !extreme && name != "sum" {
        return Ok(None);
    }
    let digits = match name {
        "sum" => of_terms_of_sum(arg, schema, hidden)?,
        _ => of(arg, schema, hidden)?,
    };
    let Some(digits) = digits else { return Ok(None) };
    let greatest = name == "max";
    let mut window = WindowFunction { fun: window.fun.clone(), params: window.params.clone() };
    if extreme {
        let own = functions::extreme_digits(greatest);
        let moves = !window.params.window_frame.start_bound.is_unbounded();
        let own = if moves { functions::recomputed::function(&own) } else { own };
        window.fun = WindowFunctionDefinition::AggregateUDF(own);
        window.params.args.push(digits);
        window.params.distinct = false;
        return Ok(Some(Expr::WindowFunction(Box::new(window))));
    }
    if !picks {
        window.fun = WindowFunctionDefinition::AggregateUDF(max_udaf());
    }
    let there = arg.clone().is_not_null();
    if let Some(first) = window.params.args.first_mut() {
        *first = if picks { digits } else { when(there, digits).end()? };
    }
    Ok(Some(Expr::WindowFunction(Box::new(window))))
}

/// Whether the values would be shown with digits of different numbers. Errors: those of [`of`].
pub(super) fn is_mixed(exprs: &[&Expr], schema: &DFSchema, hidden: &Hidden) -> Result<bool> {
    let (mut digits, mut numeric, mut mixed) = (Vec::new(), false, false);
    for expr in exprs {
        let Ok(found) = before_one_type(expr).get_type(schema) else { return Ok(false) };
        match own_digits(&found) {
            _ if found.is_null() => continue,
            Some(own) => digits.push(own),
            None => return Ok(false),
        }
        numeric |= !found.is_integer();
        mixed |= of(expr, schema, hidden)?.is_some();
    }
    Ok(mixed || numeric && digits.windows(2).any(|pair| pair[0] != pair[1]))
}

/// Digits after the point of a type's values; `None` for what is no exact number.
pub(in crate::pg::rewrite) fn own_digits(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, digits)
        | DataType::Decimal64(_, digits)
        | DataType::Decimal128(_, digits)
        | DataType::Decimal256(_, digits) => Some(*digits),
        whole if whole.is_integer() => Some(0),
        _ => None,
    }
}

/// How many digits each of the expressions shows. Errors: those of [`of`].
pub(super) fn of_each(exprs: &[&Expr], schema: &DFSchema, hidden: &Hidden) -> Result<Vec<Expr>> {
    let each = exprs.iter().map(|expr| {
        if let Some(digits) = of(expr, schema, hidden)? {
            return Ok(digits);
        }
        let own = before_one_type(bare(expr));
        Ok(of_type(own, &own.get_type(schema)?))
    });
    each.collect()
}

/// How many digits an expression of type `found` shows, as far as that tells.
fn of_type(expr: &Expr, found: &DataType) -> Expr {
    match own_digits(found) {
        Some(_) if numeric::varies(found) => call(function(Numerics::Scale), vec![expr.clone()]),
        Some(digits) => lit(i32::from(digits)),
        None => lit(ScalarValue::Int32(None)),
    }
}
