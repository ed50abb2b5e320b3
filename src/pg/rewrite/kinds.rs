//! Operators, comparisons and casts of types whose values are kept as canonical texts ([`crate::pg::adt`]): the planner
//! would take them for texts.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, InList, ScalarFunction, Sort};
use datafusion::logical_expr::{
    Between, BinaryExpr, Cast, Distinct, Expr, ExprSchemable, Like, LogicalPlan, Operator,
    binary_expr, lit,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::arithmetic;
use super::operators::{call, is_untyped};
use super::plan::literal;
use crate::error::Error;
use crate::pg::facts::Facts;
use crate::pg::functions::overloads;
use crate::pg::types::{self, BIT, BYTEA, CHAR, CIDR, INET, INT4, INT8, VARBIT};
use crate::pg::{adt, functions};

/// `left op right` where the types are ours and the planner has no such operator of texts; `None` for all others.
/// Errors: 42883 for an operator that PostgreSQL does not have.
pub(super) fn operator(
    op: &BinaryOperator,
    left: &Expr,
    right: &Expr,
    schema: &DFSchema,
) -> Result<Option<Expr>> {
    let Some(sign) = sign(op) else { return Ok(None) };
    let found = overloads::operator(sign, vec![left.clone(), right.clone()], schema);
    if found.is_none() && (is_ours(left, schema) || is_ours(right, schema)) {
        return Err(no_operator(sign, left, right, schema));
    }
    Ok(found)
}

fn sign(op: &BinaryOperator) -> Option<&str> {
    Some(match op {
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::BitwiseAnd => "&",
        BinaryOperator::BitwiseOr => "|",
        BinaryOperator::PGBitwiseXor => "#",
        BinaryOperator::PGBitwiseShiftLeft => "<<",
        BinaryOperator::PGBitwiseShiftRight => ">>",
        BinaryOperator::PGOverlap => "&&",
        BinaryOperator::AtArrow => "@>",
        BinaryOperator::ArrowAt => "<@",
        BinaryOperator::AndLt => "&<",
        BinaryOperator::AndGt => "&>",
        BinaryOperator::Custom(sign) => sign,
        _ => return None,
    })
}

/// The same for operators that the planner has for texts: by now a cast to text is one, whose value is no longer ours.
/// Errors: 42883; literals that are none of the type beside them.
pub(super) fn binary(
    binary: &BinaryExpr,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Option<Expr>> {
    let BinaryExpr { left, op, right } = binary;
    if arithmetic::compares(*op) {
        return compared(*op, left, right, schema, facts);
    }
    let (bytes_left, bytes_right) = (is_bytes(left, schema), is_bytes(right, schema));
    if !is_ours(left, schema) && !is_ours(right, schema) {
        return Ok(None);
    }
    match op {
        Operator::StringConcat => {
            let either =
                [left, right].iter().all(|side| is_untyped(side) || is_bytes(side, schema));
            if (bytes_left || bytes_right) && either {
                return own_call("forebay_byteacat", left, right, facts);
            }
            let sides = vec![left.as_ref().clone(), right.as_ref().clone()];
            let bits = overloads::operator("||", sides, schema);
            // The text of any value may stand beside another text.
            if bits.is_some() || is_text(left, schema) || is_text(right, schema) {
                return Ok(bits);
            }
        }
        Operator::LikeMatch if bytes_left => return own_call("like", left, right, facts),
        Operator::NotLikeMatch if bytes_left => return own_call("notlike", left, right, facts),
        Operator::RegexMatch
        | Operator::RegexIMatch
        | Operator::RegexNotMatch
        | Operator::RegexNotIMatch
        | Operator::LikeMatch
        | Operator::NotLikeMatch
        | Operator::ILikeMatch
        | Operator::NotILikeMatch => {}
        _ => return Ok(None),
    }
    Err(no_operator(&op.to_string(), left, right, schema))
}

/// A call of a function of bytes, its literals read as bytes.
fn own_call(name: &str, left: &Expr, right: &Expr, facts: &Arc<Facts>) -> Result<Option<Expr>> {
    let Some(function) = overloads::own(name) else { return Ok(None) };
    let left = read_beside(left.clone(), BYTEA, facts)?;
    Ok(Some(call(function, vec![left, read_beside(right.clone(), BYTEA, facts)?])))
}

fn is_bytes(expr: &Expr, schema: &DFSchema) -> bool {
    kind(expr, schema) == Some(BYTEA)
}

fn is_ours(expr: &Expr, schema: &DFSchema) -> bool {
    kind(expr, schema).is_some_and(|kind| adt::is_own(kind) || kind == BYTEA)
}

/// Whether `expr` is a text, or is cast to one unasked.
fn is_text(expr: &Expr, schema: &DFSchema) -> bool {
    is_untyped(expr) || kind(expr, schema).is_some_and(|kind| TEXTS.contains(&kind))
}

fn kind(expr: &Expr, schema: &DFSchema) -> Option<u32> {
    let (_, field) = expr.to_field(schema).ok()?;
    Some(types::of_field(&field).oid)
}

/// The type of `expr` when it is one of ours, kept as text.
fn own_kind(expr: &Expr, schema: &DFSchema) -> Option<u32> {
    let (_, field) = expr.to_field(schema).ok()?;
    let kind = types::of_field(&field).oid;
    (adt::is_own(kind) && field.data_type().is_string()).then_some(kind)
}

/// A literal without a type as one of the type `kind`. Errors: those of its input function.
fn read_beside(expr: Expr, kind: u32, facts: &Arc<Facts>) -> Result<Expr> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(Some(text)), None) => {
            literal(&text, Arc::new(overloads::field("", kind)), facts)
        }
        Expr::Literal(ScalarValue::Null, None) => {
            let field = Arc::new(overloads::field("", kind));
            Ok(Expr::Cast(Cast::new_from_field(Box::new(expr), field)))
        }
        other => Ok(other),
    }
}

/// A comparison of values of ours, or of bytes; `None` for all others.
fn compared(
    op: Operator,
    left: &Expr,
    right: &Expr,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Option<Expr>> {
    let typed_text = |expr: &Expr| !is_untyped(expr) && is_text(expr, schema);
    let (bytes_left, bytes_right) = (is_bytes(left, schema), is_bytes(right, schema));
    if bytes_left && typed_text(right) || typed_text(left) && bytes_right {
        return Err(no_operator(&op.to_string(), left, right, schema));
    }
    let (own, other) = (own_kind(left, schema), own_kind(right, schema));
    let Some(kind) = own.or(other) else { return Ok(None) };
    let read = is_untyped(left) || is_untyped(right);
    let left = read_beside(left.clone(), kind, facts)?;
    let right = read_beside(right.clone(), kind, facts)?;
    if !adt::is_keyed(kind) {
        return Ok(read.then(|| binary_expr(left, op, right)));
    }
    let keys = (keyed(left.clone(), schema), keyed(right.clone(), schema));
    let (Some(left_key), Some(right_key)) = keys else {
        return Err(no_operator(&op.to_string(), &left, &right, schema));
    };
    Ok(Some(binary_expr(left_key, op, right_key)))
}

fn no_operator(sign: &str, left: &Expr, right: &Expr, schema: &DFSchema) -> DataFusionError {
    let error = Error::no_operator(&name(left, schema), sign, &name(right, schema));
    DataFusionError::External(Box::new(error))
}

/// PostgreSQL's name of the type of `expr`.
fn name(expr: &Expr, schema: &DFSchema) -> String {
    match kind(expr, schema) {
        Some(kind) if !is_untyped(expr) => types::sql_name(kind),
        _ => types::sql_name(types::UNKNOWN),
    }
}

/// The types that are text, or are cast to it unasked.
const TEXTS: &[u32] = &[
    types::TEXT,
    types::VARCHAR,
    types::BPCHAR,
    types::NAME,
    CHAR,
    types::UNKNOWN,
    types::CSTRING,
    types::PG_NODE_TREE,
];

/// Errors: 42883 for a call of the function `function` of text with a value of ours, or bytes, which MD5 takes.
pub(super) fn fitting(function: &str, args: &[Expr], schema: &DFSchema) -> Result<()> {
    let first = args.first().and_then(|first| kind(first, schema));
    let own = first.is_some_and(|kind| adt::is_own(kind) || kind == BYTEA);
    if !own || function == "md5" {
        return Ok(());
    }
    let names: Vec<String> = args.iter().map(|arg| name(arg, schema)).collect();
    Err(no_function(function, &names))
}

fn no_function(function: &str, types: &[String]) -> DataFusionError {
    DataFusionError::External(Box::new(Error::no_function(function, types)))
}

/// What values of a type whose texts do not sort as they do are compared by; `None` for any other type.
fn keyed(expr: Expr, schema: &DFSchema) -> Option<Expr> {
    let parameter = matches!(expr, Expr::Placeholder(_));
    let keyed = kind(&expr, schema).is_some_and(adt::is_keyed);
    let function = overloads::own(KEY)?;
    (parameter || keyed).then(|| call(function, vec![expr]))
}

/// The function of [`overloads`] that gives [`adt::key`].
const KEY: &str = "forebay_key";

/// `x IN (…)` by what the values are compared by. Returns whether it changed anything.
/// Errors: literals that are none of the type.
pub(super) fn listed(list: &mut InList, schema: &DFSchema, facts: &Arc<Facts>) -> Result<bool> {
    let Some(kind) = own_kind(&list.expr, schema) else { return Ok(false) };
    let items = list.list.iter_mut().chain(std::iter::once(list.expr.as_mut()));
    each(items, kind, schema, facts)
}

/// `x BETWEEN a AND b`, as [`listed`].
pub(super) fn ranged(range: &mut Between, schema: &DFSchema, facts: &Arc<Facts>) -> Result<bool> {
    let Some(kind) = own_kind(&range.expr, schema) else { return Ok(false) };
    let sides = [range.low.as_mut(), range.high.as_mut(), range.expr.as_mut()];
    each(sides, kind, schema, facts)
}

fn each<'a>(
    exprs: impl IntoIterator<Item = &'a mut Expr>,
    kind: u32,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<bool> {
    for expr in exprs {
        let own = read_beside(std::mem::replace(expr, lit(ScalarValue::Null)), kind, facts)?;
        *expr = match keyed(own.clone(), schema) {
            Some(key) if adt::is_keyed(kind) => key,
            _ => own,
        };
    }
    Ok(true)
}

/// The ORDER BY of a node by what the values sort by.
/// Errors: 0A000 for DISTINCT ON, whose first rows its own order would not find.
pub(super) fn sorted(node: LogicalPlan) -> Result<LogicalPlan> {
    match node {
        LogicalPlan::Sort(mut sort) => {
            ordered(&mut sort.expr, sort.input.schema());
            Ok(LogicalPlan::Sort(sort))
        }
        LogicalPlan::Distinct(Distinct::On(ref distinct)) => {
            let schema = distinct.input.schema();
            let sorts = distinct.sort_expr.iter().flatten();
            let mut kinds = sorts.filter_map(|sort| kind(&sort.expr, schema));
            match kinds.find(|kind| adt::is_keyed(*kind)) {
                Some(kind) => {
                    Err(unsupported(&format!("DISTINCT ON by {}", types::sql_name(kind))))
                }
                None => Ok(node),
            }
        }
        other => Ok(other),
    }
}

fn unsupported(what: &str) -> DataFusionError {
    let error = Error::FeatureNotSupported(format!("{what} is not supported"));
    DataFusionError::External(Box::new(error))
}

/// Errors: 0A000 for the least or greatest of several values whose texts sort otherwise.
pub(super) fn greatest(function: &ScalarFunction, schema: &DFSchema) -> Result<()> {
    let keyed =
        function.args.iter().find_map(|arg| kind(arg, schema).filter(|kind| adt::is_keyed(*kind)));
    match (function.name(), keyed) {
        (name @ ("greatest" | "least"), Some(kind)) => {
            Err(unsupported(&format!("{name} of {}", types::sql_name(kind))))
        }
        _ => Ok(()),
    }
}

/// Errors: 42883 for the least or greatest of a type that has none in PostgreSQL; 0A000 for one whose texts sort
/// otherwise than its values.
pub(super) fn extreme(function: &AggregateFunction, schema: &DFSchema) -> Result<()> {
    let name = function.func.name();
    let ([arg], "min" | "max") = (function.params.args.as_slice(), name) else { return Ok(()) };
    let Some(kind) = kind(arg, schema) else { return Ok(()) };
    let shown = types::sql_name(kind);
    match kind {
        INET | CIDR | types::PG_LSN | types::TID => Err(unsupported(&format!("{name}({shown})"))),
        _ if adt::is_own(kind) || kind == BYTEA => Err(no_function(name, &[shown])),
        _ => Ok(()),
    }
}

/// What an aggregate orders its rows by, and `string_agg` of bytes. Returns whether it changed anything.
/// Errors: a delimiter that is no bytes.
pub(super) fn aggregated(
    function: &mut AggregateFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<bool> {
    let ordered = ordered(&mut function.params.order_by, schema);
    let ([value, delimiter], "string_agg") =
        (function.params.args.as_mut_slice(), function.func.name())
    else {
        return Ok(ordered);
    };
    if kind(value, schema) != Some(BYTEA) {
        return Ok(ordered);
    }
    if let Expr::Literal(ScalarValue::Utf8(Some(text)), None) = &*delimiter {
        *delimiter = literal(text, Arc::new(overloads::field("", BYTEA)), facts)?;
    }
    if value.get_type(schema)? != DataType::Binary {
        let own = value.clone();
        let bytes = Expr::Cast(Cast::new(Box::new(own.clone()), DataType::Binary));
        // What DISTINCT is ordered by stays the same expression.
        let sorts = function.params.order_by.iter_mut().map(|sort| &mut sort.expr);
        sorts.filter(|expr| **expr == own).for_each(|expr| *expr = bytes.clone());
        *value = bytes;
    }
    function.func = functions::joined_bytes();
    Ok(true)
}

/// ORDER BY by what the values sort by. Returns whether it changed anything.
pub(super) fn ordered(sorts: &mut [Sort], schema: &DFSchema) -> bool {
    let mut changed = false;
    // What is the same in all rows orders none.
    for sort in sorts.iter_mut().filter(|sort| !matches!(sort.expr, Expr::Placeholder(_))) {
        if let Some(by) = keyed(sort.expr.clone(), schema) {
            sort.expr = by;
            changed = true;
        }
    }
    changed
}

/// The cast of a value of type `source` to `field` as a call, when the texts of the two types differ. The result may be
/// a text that is yet to be fitted into the type's length.
pub(super) fn cast(expr: &Expr, source: u32, field: &Field) -> Option<Expr> {
    let target = types::of_field(field);
    let of = |name: &str, args: Vec<Expr>| Some(call(overloads::own(name)?, args));
    let length = || lit(target.modifier);
    match (source, target.oid) {
        (BIT | VARBIT, INT4) => of("forebay_int4_of", vec![expr.clone()]),
        (BIT | VARBIT, INT8) => of("forebay_int8_of", vec![expr.clone()]),
        (INT4 | INT8, BIT) => of("forebay_bit_of", vec![expr.clone(), length()]),
        (BIT | VARBIT, BIT) if target.modifier > 0 => {
            of("forebay_bit", vec![expr.clone(), length()])
        }
        (BIT | VARBIT, VARBIT) if target.modifier > 0 => {
            of("forebay_varbit", vec![expr.clone(), length()])
        }
        (INET | CIDR, types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME) => {
            of("text", vec![expr.clone()])
        }
        (INET, CIDR) => of("network", vec![expr.clone()]),
        (CHAR, INT4) => of("forebay_char_number", vec![expr.clone()]),
        (INT4, CHAR) => of("forebay_number_char", vec![expr.clone()]),
        _ => None,
    }
}

/// Whether [`cast`] takes a value of type `source` to the length of `field` at once.
pub(super) fn has_own_cast(source: u32, field: &Field) -> bool {
    matches!(source, BIT | VARBIT | INT4 | INT8) || types::of_field(field).modifier < 0
}

/// The text of a value whose canonical text is not what a cast gives; `None` for other types.
pub(super) fn written(expr: &Expr, schema: &DFSchema, facts: &Facts) -> Option<Expr> {
    let function = match kind(expr, schema)? {
        INET | CIDR => overloads::own("text")?,
        oid if adt::range::is_styled(oid) => functions::text(facts),
        _ => return None,
    };
    Some(call(function, vec![expr.clone()]))
}

/// A cast to a length, as one to the type and one to the length: the field of the first.
pub(super) fn without_length(field: &Field) -> Option<FieldRef> {
    let target = types::of_field(field);
    let has = matches!(target.oid, BIT | VARBIT) && target.modifier > 0;
    has.then(|| Arc::new(overloads::field(field.name(), target.oid)))
}

/// `x LIKE y` of bytes.
/// Errors: 42883 for values of ours, and bytes in any case.
pub(super) fn like(like: &Like, schema: &DFSchema) -> Result<Option<Expr>> {
    let (own, pattern) = (like.expr.as_ref(), like.pattern.as_ref());
    let found = kind(own, schema);
    let sign = match (like.negated, like.case_insensitive) {
        (false, false) => "~~",
        (false, true) => "~~*",
        (true, false) => "!~~",
        (true, true) => "!~~*",
    };
    let refused = || Err(no_operator(sign, own, pattern, schema));
    if found != Some(BYTEA) {
        return if found.is_some_and(adt::is_own) { refused() } else { Ok(None) };
    }
    let bytes = is_untyped(pattern) || kind(pattern, schema) == Some(BYTEA);
    let function = overloads::own(if like.negated { "notlike" } else { "like" });
    match function.filter(|_| bytes && !like.case_insensitive) {
        Some(function) => Ok(Some(call(function, vec![own.clone(), pattern.clone()]))),
        None => refused(),
    }
}
