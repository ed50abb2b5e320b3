//! Operators, comparisons and casts of types whose values are kept as canonical texts ([`crate::pg::adt`]): the planner
//! would take them for texts.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, InList, ScalarFunction, Sort};
use datafusion::logical_expr::{
    Between, BinaryExpr, Case, Cast, Distinct, Expr, ExprSchemable, Like, LogicalPlan, Operator,
    binary_expr, lit, when,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::arithmetic;
use super::operators::{call, is_untyped, jsonb_key};
use super::plan::{is_jsonb, is_padded, literal, unpad_compared};
use super::results;
use super::signatures::implicit;
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
        BinaryOperator::Divide => "/",
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
    if matches!(op, Operator::And | Operator::Or) {
        return Ok(None);
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

/// Whether a value is of a type whose operators the planner lacks.
pub(super) fn is_ours(expr: &Expr, schema: &DFSchema) -> bool {
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
    let alike = kind(left, schema) == kind(right, schema);
    if is_composed(left, alike, schema) && is_composed(right, alike, schema) {
        let key = |side: &Expr| call(functions::keys::function(), vec![side.clone()]);
        return Ok(Some(binary_expr(key(left), op, key(right))));
    }
    if is_jsonb(left, schema) || is_jsonb(right, schema) {
        let of = |side: &Expr| read_beside(side.clone(), types::JSONB, facts);
        return Ok(Some(binary_expr(jsonb_key(of(left)?), op, jsonb_key(of(right)?))));
    }
    let (own, other) = (own_kind(left, schema), own_kind(right, schema));
    if let (Some(one), Some(two)) = (own, other)
        && one != two
        && !implicit(one, two)
        && !implicit(two, one)
    {
        return Err(no_operator(&op.to_string(), left, right, schema));
    }
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

/// Whether it is an array that is compared by its key: equal ones may differ in their elements' Arrow form, and a join by
/// arrays themselves would miss some ([`super::equal`]). Arrays of different types (not `alike`) may not compare at all.
fn is_composed(expr: &Expr, alike: bool, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| {
        field.data_type().is_list() && (alike || functions::keys::is_needed(&field))
    })
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
/// Errors: 0A000 for DISTINCT ON such values, which its own order would not find.
pub(super) fn sorted(node: LogicalPlan) -> Result<LogicalPlan> {
    match node {
        LogicalPlan::Sort(mut sort) => {
            ordered(&mut sort.expr, sort.input.schema());
            Ok(LogicalPlan::Sort(sort))
        }
        LogicalPlan::Distinct(Distinct::On(mut distinct)) => {
            let schema = Arc::clone(distinct.input.schema());
            let sorts = distinct.sort_expr.as_deref_mut().unwrap_or_default();
            let count = distinct.on_expr.len().min(sorts.len());
            let (keys, rest) = sorts.split_at_mut(count);
            for sort in keys {
                if is_by_key(&sort.expr, &schema) {
                    let name = name(&sort.expr, &schema);
                    return Err(unsupported(&format!("DISTINCT ON by {name}")));
                }
            }
            for sort in rest.iter_mut() {
                if let Some(key) = results::sort_key(&sort.expr, &schema) {
                    sort.expr = key;
                }
            }
            ordered(rest, &schema);
            Ok(LogicalPlan::Distinct(Distinct::On(distinct)))
        }
        other => Ok(other),
    }
}

/// Whether values of `expr` are told apart by their keys alone.
fn is_by_key(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| {
        let kind = types::of_field(&field).oid;
        functions::keys::is_needed(&field) || adt::is_keyed(kind) && field.data_type().is_string()
    })
}

fn value_key(expr: &mut Expr, kind: u32, facts: &Arc<Facts>) -> Result<()> {
    let own = read_beside(std::mem::replace(expr, lit(ScalarValue::Null)), kind, facts)?;
    *expr = call(functions::keys::function(), vec![own]);
    Ok(())
}

fn is_floating(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema).is_ok_and(|found| found.is_floating())
}

/// `left = right` of numbers.
fn equal(left: Expr, right: Expr, schema: &DFSchema) -> Result<Expr> {
    let (left, right) = (Box::new(left), Box::new(right));
    let equal = BinaryExpr { left, op: Operator::Eq, right };
    arithmetic::binary(equal, schema, "UTC").map(|equal| equal.data)
}

/// The operand of a CASE and what it is compared with by their keys. Returns whether it changed anything.
/// Errors: literals that are none of the type.
pub(super) fn case(case: &mut Case, schema: &DFSchema, facts: &Arc<Facts>) -> Result<bool> {
    let Some(operand) = case.expr.as_deref_mut() else { return Ok(false) };
    if is_floating(operand, schema) && !operand.is_volatile() {
        // The planner's CASE tells the two zeros apart, its comparisons do not.
        let kind = kind(operand, schema).unwrap_or(types::FLOAT8);
        let operand = std::mem::take(operand);
        case.expr = None;
        for (when, _) in &mut case.when_then_expr {
            let value = read_beside(std::mem::take(when.as_mut()), kind, facts)?;
            **when = equal(operand.clone(), value, schema)?;
        }
        return Ok(true);
    }
    let kind = match is_by_key(operand, schema) {
        true => kind(operand, schema),
        false => None,
    };
    let Some(kind) = kind else { return Ok(false) };
    let whens = case.when_then_expr.iter_mut().map(|(when, _)| when.as_mut());
    for side in std::iter::once(operand).chain(whens) {
        value_key(side, kind, facts)?;
    }
    Ok(true)
}

/// `nullif(a, b)` of values that are told apart by their keys; `None` for all others.
/// Errors: a literal that is none of the type.
pub(super) fn nullif(
    function: &ScalarFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Option<Expr>> {
    let ("nullif", [value, other]) = (function.name(), function.args.as_slice()) else {
        return Ok(None);
    };
    let floating = is_floating(value, schema) && !value.is_volatile();
    let padded = is_padded(value, schema) || is_padded(other, schema);
    let keyed = |_: &u32| floating || padded || is_by_key(value, schema);
    let Some(kind) = kind(value, schema).filter(keyed) else { return Ok(None) };
    let (_, field) = value.to_field(schema)?;
    let (mut own, mut compared) = (value.clone(), other.clone());
    let same = match floating {
        true => equal(own, read_beside(compared, kind, facts)?, schema)?,
        false if padded => {
            unpad_compared([&mut own, &mut compared], schema);
            own.eq(compared)
        }
        false => {
            value_key(&mut own, kind, facts)?;
            value_key(&mut compared, kind, facts)?;
            own.eq(compared)
        }
    };
    let null = lit(ScalarValue::try_from(field.data_type())?);
    let expr = Box::new(when(same, null).otherwise(value.clone())?);
    let field = Arc::new(field.as_ref().clone().with_nullable(true));
    Ok(Some(Expr::Cast(Cast { expr, field })))
}

/// Functions that look for elements of arrays, by the keys of the elements where these tell them apart. Returns whether
/// it changed anything.
/// Errors: 0A000 for those that give the elements; literals that are none of their type.
pub(super) fn searched(
    function: &mut ScalarFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<bool> {
    let name = function.name().to_owned();
    let quantified = name.starts_with("forebay_any_") || name.starts_with("forebay_all_");
    let (list_at, lists) = match name.as_str() {
        _ if quantified => (1, 1),
        "array_position" | "array_positions" | "array_remove" | "array_replace" => (0, 1),
        "forebay_array_overlap" | "forebay_array_contains" => (0, 2),
        _ => return Ok(false),
    };
    let Some(list) = function.args.get(list_at) else { return Ok(false) };
    let Ok((_, field)) = list.to_field(schema) else { return Ok(false) };
    let DataType::List(item) = field.data_type() else { return Ok(false) };
    let kind = types::of_field(item).oid;
    let by_key =
        functions::keys::is_needed(item) || adt::is_keyed(kind) && item.data_type().is_string();
    if !by_key || item.data_type().is_list() {
        return Ok(false);
    }
    if matches!(name.as_str(), "array_remove" | "array_replace") {
        return Err(unsupported(&format!("{name} of {}", types::sql_name(kind))));
    }
    for (at, arg) in function.args.iter_mut().enumerate().take(2) {
        if lists == 2 || at == list_at {
            let own = std::mem::replace(arg, lit(ScalarValue::Null));
            *arg = call(functions::keys::of_elements(), vec![own]);
        } else {
            value_key(arg, kind, facts)?;
        }
    }
    Ok(true)
}

fn unsupported(what: &str) -> DataFusionError {
    let error = Error::FeatureNotSupported(format!("{what} is not supported"));
    DataFusionError::External(Box::new(error))
}

/// `greatest` or `least` of values whose order their keys tell; `None` for all others.
pub(super) fn greatest(function: &ScalarFunction, schema: &DFSchema) -> Option<Expr> {
    let greatest = match function.name() {
        "greatest" => true,
        "least" => false,
        _ => return None,
    };
    // Of numbers that are equal PostgreSQL takes the first, which the two zeros tell.
    let told = |own: DataType| own.is_nested() || own.is_floating();
    let told = |arg: &Expr| arg.get_type(schema).is_ok_and(told);
    let keyed = function.args.iter().any(|arg| told(arg) || is_by_key(arg, schema));
    keyed.then(|| call(functions::extremes::function(greatest), function.args.clone()))
}

/// The least, the greatest and the sum of values that are kept as texts. Returns whether it changed anything.
/// Errors: 42883 for a type that has none in PostgreSQL.
pub(super) fn extreme(function: &mut AggregateFunction, schema: &DFSchema) -> Result<bool> {
    let name = function.func.name().to_owned();
    let ([arg], "min" | "max" | "sum") = (function.params.args.as_slice(), name.as_str()) else {
        return Ok(false);
    };
    let Some(kind) = kind(arg, schema) else { return Ok(false) };
    if let Some(own) = functions::own_aggregate(&name, kind) {
        function.func = own;
        return Ok(true);
    }
    match kind {
        types::BOOL | types::JSON | types::JSONB | BYTEA => {}
        _ if adt::is_own(kind) => {}
        _ => return Ok(false),
    }
    Err(no_function(&name, &[types::sql_name(kind)]))
}

/// What an aggregate orders its rows by, and `string_agg` of bytes or by what each row tells. Returns whether it changed
/// anything.
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
        let constant = matches!(delimiter, Expr::Literal(..) | Expr::Placeholder(_));
        if !constant {
            function.func = functions::joined(DataType::Utf8);
        }
        return Ok(ordered || !constant);
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
    function.func = functions::joined(DataType::Binary);
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
        (types::MONEY, types::NUMERIC) => {
            let number = call(overloads::own("forebay_money_number")?, vec![expr.clone()]);
            // Twenty digits hold every sum, two of them cents.
            Some(Expr::Cast(Cast::new(Box::new(number), DataType::Decimal128(20, 2))))
        }
        (types::TIMETZ, types::TIMETZ) if target.modifier >= 0 => {
            of("forebay_timetz", vec![expr.clone(), length()])
        }
        (range, many) if adt::multirange::range_of(many) == Some(range) => {
            of("multirange", vec![expr.clone()])
        }
        (CHAR, INT4) => of("forebay_char_number", vec![expr.clone()]),
        (INT4, CHAR) => of("forebay_number_char", vec![expr.clone()]),
        _ => None,
    }
}

/// Whether [`cast`] takes a value of type `source` to the length of `field` at once.
pub(super) fn has_own_cast(source: u32, field: &Field) -> bool {
    matches!(source, BIT | VARBIT | INT4 | INT8 | types::TIMETZ)
        || types::of_field(field).modifier < 0
}

/// The text of a value whose canonical text is not what a cast gives; `None` for other types.
pub(super) fn written(expr: &Expr, schema: &DFSchema, facts: &Facts) -> Option<Expr> {
    let function = match kind(expr, schema)? {
        INET | CIDR => overloads::own("text")?,
        oid if adt::is_styled(oid) => functions::text(facts),
        _ => return None,
    };
    Some(call(function, vec![expr.clone()]))
}

/// A cast to a length, as one to the type and one to the length: the field of the first.
pub(super) fn without_length(field: &Field) -> Option<FieldRef> {
    let target = types::of_field(field);
    let has = matches!(target.oid, BIT | VARBIT) && target.modifier > 0
        || target.oid == types::TIMETZ && target.modifier >= 0;
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
