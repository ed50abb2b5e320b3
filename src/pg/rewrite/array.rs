//! Arrays: literals of their text, casts of their elements, subscripts, and `ANY` and `ALL` of them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray, ListArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{Column, DFSchema, DataFusionError, Result as DfResult, ScalarValue};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Cast, Expr as PlanExpr, ExprSchemable};
use datafusion::optimizer::analyzer::type_coercion::TypeCoercionRewriter;
use datafusion::physical_expr::create_physical_expr;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, Array, ArrayElemTypeDef, BinaryOperator, CastKind, DataType as SqlType, Expr,
    Function, FunctionArg, FunctionArgExpr, FunctionArguments, Statement, Subscript, Value,
    VisitMut, VisitorMut,
};

use super::operators::call as plan_call;
use super::syntax::{call, function_name, null, plain_operator, text_literal};
use crate::error::{Error, Place, Result};
use crate::pg::decode;
use crate::pg::facts::Facts;
use crate::pg::functions;
use crate::pg::functions::arrays::{Quantifier, quantified as function_of};
use crate::pg::types::MODIFIER_KEY;

// ---- statements

/// `ARRAY[…]::t[]` casts its elements. An empty one is the literal `{}`.
pub(super) fn cast_elements(expr: &mut Expr) {
    let Expr::Cast { expr: inner, data_type, kind: CastKind::Cast | CastKind::DoubleColon, .. } =
        expr
    else {
        return;
    };
    let Some(element) = element_type(data_type) else { return };
    let Some(elements) = literal_elements_mut(inner) else { return };
    if elements.is_empty() {
        **inner = Expr::value(Value::SingleQuotedString("{}".to_owned()));
        return;
    }
    elements.iter_mut().for_each(|item| cast_item(item, element));
}

fn element_type(data_type: &SqlType) -> Option<&SqlType> {
    match data_type {
        SqlType::Array(
            ArrayElemTypeDef::SquareBracket(element, _) | ArrayElemTypeDef::AngleBracket(element),
        ) => element_type(element).or(Some(element)),
        _ => None,
    }
}

fn cast_item(item: &mut Expr, element: &SqlType) {
    if let Some(inner) = literal_elements_mut(item) {
        inner.iter_mut().for_each(|item| cast_item(item, element));
        return;
    }
    let value = std::mem::replace(item, null());
    *item = Expr::Cast {
        kind: CastKind::DoubleColon,
        expr: Box::new(value),
        data_type: element.clone(),
        array: false,
        format: None,
    };
}

fn literal_elements_mut(expr: &mut Expr) -> Option<&mut Vec<Expr>> {
    match expr {
        Expr::Array(Array { elem, .. }) => Some(elem),
        Expr::Nested(inner) => literal_elements_mut(inner),
        _ => None,
    }
}

/// Each `ARRAY[…]` as the call it is planned as, once nothing asks for literals any more. The planner forgets for a literal
/// what is around it: columns of an outer query, WITH, types of parameters.
pub(super) fn as_calls(statement: &mut Statement) {
    struct Literals;

    impl VisitorMut for Literals {
        type Break = Infallible;

        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
            if let Expr::Array(list) = expr {
                *expr = call("make_array", std::mem::take(&mut list.elem));
            }
            ControlFlow::Continue(())
        }
    }

    let ControlFlow::Continue(()) = statement.visit(&mut Literals);
}

/// The elements of `ARRAY[…]`, cast or not.
pub(super) fn literal_elements(expr: &Expr) -> Option<&Vec<Expr>> {
    match expr {
        Expr::Array(Array { elem, .. }) => Some(elem),
        Expr::Nested(inner) => literal_elements(inner),
        Expr::Cast { expr: inner, data_type: SqlType::Array(_), .. } => literal_elements(inner),
        _ => None,
    }
}

/// Errors: 2202E for an `ARRAY[…]` whose arrays are not of one length.
pub(super) fn even(array: &Array) -> Result<()> {
    fn lengths(expr: &Expr) -> Option<Vec<usize>> {
        let Expr::Array(Array { elem, .. }) = expr else { return Some(Vec::new()) };
        let first = elem.first().map(lengths)??;
        Some([vec![elem.len()], first].concat())
    }
    let mut inner = array.elem.iter().filter(|item| literal_elements(item).is_some()).map(lengths);
    let first = inner.next();
    if first.is_some_and(|first| inner.any(|other| other != first)) {
        return Err(Error::ArraySubscript(
            "multidimensional arrays must have array expressions with matching dimensions"
                .to_owned(),
        ));
    }
    Ok(())
}

/// `a[1][2]` and `a[1:2]` as calls: the types tell later what they are of.
pub(super) fn subscripted(expr: &mut Expr) -> Result<()> {
    let Expr::CompoundFieldAccess { root, access_chain } = expr else { return Ok(()) };
    let own =
        access_chain.iter().rev().take_while(|access| matches!(access, AccessExpr::Subscript(_)));
    let keys = access_chain.split_off(access_chain.len() - own.count());
    if keys.is_empty() {
        return Ok(());
    }
    let root = std::mem::replace(root.as_mut(), null());
    let base = based(root, std::mem::take(access_chain));
    let sliced =
        keys.iter().any(|key| matches!(key, AccessExpr::Subscript(Subscript::Slice { .. })));
    let mut args = vec![base];
    for key in keys {
        match key {
            AccessExpr::Subscript(Subscript::Index { index }) if sliced => {
                args.extend([bound(1), index]);
            }
            AccessExpr::Subscript(Subscript::Index { index }) => args.push(index),
            AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, stride }) => {
                if stride.is_some() {
                    return Err(Error::Syntax("syntax error at or near \":\"".to_owned()));
                }
                args.push(lower_bound.unwrap_or_else(|| bound(i32::MIN)));
                args.push(upper_bound.unwrap_or_else(|| bound(i32::MAX)));
            }
            AccessExpr::Dot(_) => {}
        }
    }
    *expr = call(if sliced { "forebay_slice" } else { "forebay_subscript" }, args);
    Ok(())
}

fn bound(number: i32) -> Expr {
    Expr::value(Value::Number(number.to_string(), false))
}

/// What is subscripted: a value, or a field of a composite one.
fn based(root: Expr, chain: Vec<AccessExpr>) -> Expr {
    match chain.is_empty() {
        true => root,
        false => Expr::CompoundFieldAccess { root: Box::new(root), access_chain: chain },
    }
}

/// `x = ANY (ARRAY[…])` as its comparisons, which the planner knows best; `ANY` and `ALL` of any other array as a call.
/// Errors: 22P02 for a literal that is no array; 0A000 for an operator that cannot be quantified.
pub(super) fn quantified(expr: &mut Expr) -> Result<()> {
    let (left, op, right, quantifier) = match expr {
        Expr::AnyOp { left, compare_op, right, .. } => (left, compare_op, right, Quantifier::Any),
        Expr::AllOp { left, compare_op, right } => (left, compare_op, right, Quantifier::All),
        _ => return Ok(()),
    };
    if let Some(plain) = plain_operator(op)? {
        *op = plain;
    }
    if matches!(right.as_ref(), Expr::Subquery(_)) {
        return Ok(());
    }
    let compared = |list: Vec<Expr>| {
        if let (false, Some(negated)) = (list.is_empty(), listing(op, quantifier)) {
            return Expr::InList { expr: left.clone(), list, negated };
        }
        let terms = list.into_iter().map(|value| Expr::BinaryOp {
            left: left.clone(),
            op: op.clone(),
            right: Box::new(value),
        });
        chain(terms.collect(), quantifier == Quantifier::Any)
    };
    *expr = match elements_of(right)? {
        Some(list) => compared(list),
        None => {
            let (left, right) = (left.as_ref().clone(), right.as_ref().clone());
            called(quantifier, &op.to_string(), left, right)?
        }
    };
    Ok(())
}

/// `x op ANY (array)` as a call. Of a parameter as an operator of that name: its type is that of `x`, which an
/// operator's planner knows.
fn called(quantifier: Quantifier, op: &str, left: Expr, right: Expr) -> Result<Expr> {
    let name = function_of(quantifier, op).ok_or_else(|| {
        Error::FeatureNotSupported(format!("operator {op} with ANY or ALL is not supported"))
    })?;
    let right = match right {
        Expr::Nested(inner) => *inner,
        other => other,
    };
    let parameter = matches!(
        &right,
        Expr::Value(value) if matches!(value.value, Value::Placeholder(_))
    );
    if !parameter {
        return Ok(call(&name, vec![left, right]));
    }
    let op = BinaryOperator::Custom(name);
    Ok(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) })
}

/// Whether `op` over an array is IN, or NOT IN.
fn listing(op: &BinaryOperator, quantifier: Quantifier) -> Option<bool> {
    match (op, quantifier) {
        (BinaryOperator::Eq, Quantifier::Any) => Some(false),
        (BinaryOperator::NotEq, Quantifier::All) => Some(true),
        _ => None,
    }
}

/// The elements of an array that the statement spells out; `None` for any other.
fn elements_of(expr: &Expr) -> Result<Option<Vec<Expr>>> {
    if let Some(text) = text_literal(expr) {
        let value = |element: Option<String>| match element {
            Some(text) => Expr::value(Value::SingleQuotedString(text)),
            None => null(),
        };
        let elements = decode::texts(text);
        let elements = elements.map_err(|error| error.near(Place::Constant(text.to_owned())))?;
        return Ok(Some(elements.into_iter().map(value).collect()));
    }
    let nested = |list: &&Vec<Expr>| list.iter().all(|item| literal_elements(item).is_none());
    Ok(literal_elements(expr).filter(nested).cloned())
}

/// Terms joined by OR (`any`) or AND; no terms are false or true.
fn chain(mut terms: Vec<Expr>, any: bool) -> Expr {
    if terms.is_empty() {
        return Expr::value(Value::Boolean(!any));
    }
    let op = if any { BinaryOperator::Or } else { BinaryOperator::And };
    // Halves of halves: a thousand terms are ten levels deep, not a thousand.
    while 1 < terms.len() {
        let mut joined = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => {
                    Expr::BinaryOp { left: Box::new(left), op: op.clone(), right: Box::new(right) }
                }
                None => left,
            });
        }
        terms = joined;
    }
    Expr::Nested(Box::new(terms.pop().unwrap_or_else(null)))
}

/// `x LIKE ANY (array)`, and `LIKE ALL`, which the parser takes for a pattern that calls `all`.
pub(super) fn quantified_like(expr: &mut Expr) -> Result<()> {
    let insensitive = matches!(expr, Expr::ILike { .. });
    let (Expr::Like { negated, expr: value, pattern, any, .. }
    | Expr::ILike { negated, expr: value, pattern, any, .. }) = expr
    else {
        return Ok(());
    };
    let (quantifier, list) = match pattern.as_ref() {
        list if *any => (Quantifier::Any, list),
        Expr::Function(function) => match of_all(function) {
            Some(list) => (Quantifier::All, list),
            None => return Ok(()),
        },
        _ => return Ok(()),
    };
    let list = match list {
        Expr::Tuple(items) => Some(items.clone()),
        Expr::Nested(inner) => elements_of(inner)?,
        other => elements_of(other)?,
    };
    let op = match (insensitive, *negated) {
        (false, false) => "~~",
        (false, true) => "!~~",
        (true, false) => "~~*",
        (true, true) => "!~~*",
    };
    let Some(list) = list else {
        let (value, pattern) = (value.as_ref().clone(), pattern.as_ref().clone());
        let pattern = match &pattern {
            Expr::Function(function) => of_all(function).cloned().unwrap_or(pattern),
            _ => pattern,
        };
        *expr = called(quantifier, op, value, pattern)?;
        return Ok(());
    };
    let like = expr.clone();
    let terms = list.into_iter().map(|item| {
        let mut term = like.clone();
        if let Expr::Like { pattern, any, .. } | Expr::ILike { pattern, any, .. } = &mut term {
            **pattern = item;
            *any = false;
        }
        term
    });
    *expr = chain(terms.collect(), quantifier == Quantifier::Any);
    Ok(())
}

/// The argument of a call of `all`, which no function is named.
fn of_all(function: &Function) -> Option<&Expr> {
    let name = function_name(&function.name)?;
    match &function.args {
        FunctionArguments::List(list) if name == "all" => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(list))] => Some(list),
            _ => None,
        },
        _ => None,
    }
}

/// `array_fill(x, ARRAY[2, 3])`: the number of its dimensions is part of our type.
/// Errors: 0A000 for lengths that the statement does not spell out, and for lower bounds.
pub(super) fn filled(args: &[FunctionArg]) -> Result<Option<Expr>> {
    let exprs = args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    let Some(exprs) = exprs.collect::<Option<Vec<&Expr>>>() else { return Ok(None) };
    let refused = |what: &str| Err(Error::FeatureNotSupported(format!("array_fill with {what}")));
    match exprs.as_slice() {
        [value, lengths] => match elements_of(lengths)? {
            Some(lengths) => {
                let args = [vec![(*value).clone()], lengths].concat();
                Ok(Some(call("forebay_array_fill", args)))
            }
            None => refused("lengths that are no constant is not supported"),
        },
        [_, _, _] => refused("lower bounds is not supported"),
        _ => Ok(None),
    }
}

// ---- plans

/// An array literal's value as one of type `list`, with as many dimensions as it has.
pub(super) fn literal(value: &ScalarValue, list: &DataType) -> DfResult<ScalarValue> {
    let wanted = shaped(list, &value.data_type());
    let cast = value.cast_to(&wanted)?;
    // A cast keeps what the elements say of themselves where they are stored alike.
    let ScalarValue::List(lists) = &cast else { return Ok(cast) };
    Ok(ScalarValue::List(Arc::new(told(lists, &wanted)?)))
}

/// The lists with the fields of `wanted`, which is stored as they are.
fn told(lists: &ListArray, wanted: &DataType) -> DfResult<ListArray> {
    let DataType::List(item) = wanted else { return Ok(lists.clone()) };
    let values: ArrayRef = match lists.values().as_list_opt::<i32>() {
        Some(inner) => Arc::new(told(inner, item.data_type())?),
        None => Arc::clone(lists.values()),
    };
    let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
    Ok(ListArray::try_new(Arc::clone(item), offsets, values, nulls)?)
}

/// Lists of the elements of `list`, of as many dimensions as `value`.
fn shaped(list: &DataType, value: &DataType) -> DataType {
    match (list, value) {
        (DataType::List(item), _) if item.data_type().is_list() => shaped(item.data_type(), value),
        (DataType::List(_), DataType::List(own)) if own.data_type().is_list() => {
            let inner = shaped(list, own.data_type());
            DataType::List(Arc::new(Field::new_list_field(inner, true)))
        }
        (DataType::List(item), DataType::List(own)) if item.data_type().is_decimal() => {
            let bare = super::plan::is_bare_numeric(item);
            let kept = if bare { own.data_type() } else { item.data_type() };
            let item = item.as_ref().clone().with_data_type(kept.clone()).with_nullable(true);
            DataType::List(Arc::new(item))
        }
        _ => list.clone(),
    }
}

/// The field of an array's elements.
fn leaf(data_type: &DataType) -> Option<&FieldRef> {
    match data_type {
        DataType::List(item) if item.data_type().is_list() => leaf(item.data_type()),
        DataType::List(item) => Some(item),
        _ => None,
    }
}

/// Whether the elements have a declared length.
pub(super) fn is_modified(list: &DataType) -> bool {
    leaf(list).is_some_and(|item| item.metadata().contains_key(MODIFIER_KEY))
}

/// `list` without that length.
pub(super) fn unmodified(list: &DataType) -> DataType {
    match list {
        DataType::List(item) if item.data_type().is_list() => {
            let inner = unmodified(item.data_type());
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(inner)))
        }
        DataType::List(item) => {
            let bare = Field::new("item", item.data_type().clone(), true);
            DataType::List(Arc::new(bare))
        }
        other => other.clone(),
    }
}

/// A cast of an array to an array, element by element as single values are cast; `None` where the elements stay as they
/// are. Errors: as those casts have.
pub(super) fn cast(
    expr: &PlanExpr,
    source: &DataType,
    target: &DataType,
    facts: &Arc<Facts>,
    one_cast: impl Fn(Cast, &DFSchema, &Arc<Facts>) -> DfResult<PlanExpr>,
) -> DfResult<Option<PlanExpr>> {
    let (Some(from), Some(to)) = (leaf(source), leaf(target)) else { return Ok(None) };
    if from.data_type() == to.data_type() && from.metadata() == to.metadata() {
        return Ok(None);
    }
    let element = from.as_ref().clone().with_name("element").with_nullable(true);
    let schema = DFSchema::try_from(Schema::new(vec![element]))?;
    let column = Box::new(PlanExpr::Column(Column::from_name("element")));
    let one = one_cast(Cast { expr: column, field: Arc::clone(to) }, &schema, facts)?;
    let one = one.rewrite(&mut TypeCoercionRewriter::new(&schema))?.data;
    // A cast that changes nothing of its values still says what they are.
    each(&one, &schema, expr, to.metadata()).map(Some)
}

/// An array with its elements as clients see them; `None` for one of texts or whole numbers.
pub(super) fn texts(
    list: &PlanExpr,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> DfResult<Option<PlanExpr>> {
    let Ok(source) = list.get_type(schema) else { return Ok(None) };
    let Some(from) = leaf(&source) else { return Ok(None) };
    if from.data_type().is_string() || from.data_type().is_integer() || from.data_type().is_null() {
        return Ok(None);
    }
    let element = from.as_ref().clone().with_name("element").with_nullable(true);
    let schema = DFSchema::try_from(Schema::new(vec![element]))?;
    let column = PlanExpr::Column(Column::from_name("element"));
    each(&plan_call(functions::text(facts), vec![column]), &schema, list, &HashMap::new()).map(Some)
}

/// `one`, of the column of `schema`, done to each element of `list`, whose field then has `metadata` too.
fn each(
    one: &PlanExpr,
    schema: &DFSchema,
    list: &PlanExpr,
    metadata: &HashMap<String, String>,
) -> DfResult<PlanExpr> {
    let context = PhysicalPlanningContext::default();
    let physical = create_physical_expr(one, schema, &ExecutionProps::new(), &context)?;
    let item = physical.return_field(schema.as_arrow())?;
    let mut item = item.as_ref().clone().with_name("item").with_nullable(true);
    item.metadata_mut().extend(metadata.clone());
    let item = Arc::new(item);
    Ok(plan_call(functions::element_cast(physical, item), vec![list.clone()]))
}

/// Errors: 0A000, since a list cannot tell later how many dimensions it has.
pub(super) fn refused() -> DataFusionError {
    let message = "cast from text to an array is not supported".to_owned();
    DataFusionError::External(Box::new(Error::FeatureNotSupported(message)))
}
