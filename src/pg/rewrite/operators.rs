//! Expressions whose meaning depends on the types of their parts.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawBinaryExpr, RawFieldAccessExpr,
};
use datafusion::logical_expr::{
    Cast, Expr, ExprSchemable, GetFieldAccess, Operator, binary_expr, cast, lit,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::candidates::{self, Argument};
use super::chains::Before;
use super::plan::retyped;
use super::{arithmetic, kinds, signatures, told};
use crate::error::{Error, Place};
use crate::pg::catalog::rows;
use crate::pg::encode::is_oid;
use crate::pg::functions::arrays::Kind;
use crate::pg::functions::overloads;
use crate::pg::{decode, functions, types};

/// Operators and subscripts as PostgreSQL means them.
#[derive(Debug)]
pub(super) struct Operators;

impl ExprPlanner for Operators {
    fn plan_binary_op(
        &self,
        raw: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        let RawBinaryExpr { op, left, right } = raw;
        // Asking for the type of a long chain would write all of it out at each of its links.
        if matches!(op, BinaryOperator::And | BinaryOperator::Or) && is_condition(&left) {
            if is_condition(&right) {
                return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
            }
            let raw = RawBinaryExpr { op: op.clone(), left: lit(true), right: right.clone() };
            if let PlannerResult::Original(raw) = self.plan_binary_op(raw, schema)? {
                return Ok(PlannerResult::Original(RawBinaryExpr { left, ..raw }));
            }
        }
        let mut left = left;
        if let Some(before) = Before::of(&mut left, schema) {
            let raw = RawBinaryExpr { op, left, right };
            return Ok(match self.plan_binary_op(raw, schema)? {
                PlannerResult::Planned(link) => PlannerResult::Planned(before.back(link)?),
                PlannerResult::Original(RawBinaryExpr { op, left, right }) => {
                    let left = before.back(left)?;
                    PlannerResult::Original(RawBinaryExpr { op, left, right })
                }
            });
        }
        let (left, right) = (told::operand(left, schema), told::operand(right, schema));
        let RawBinaryExpr { op, left, right } = sided(RawBinaryExpr { op, left, right }, schema)?;
        if let Some(planned) = quantified(&op, &left, &right, schema) {
            return Ok(PlannerResult::Planned(planned));
        }
        if let Some(planned) = of_json(&op, &left, &right, schema)? {
            return Ok(PlannerResult::Planned(planned));
        }
        if let Some(planned) = json_compared(&op, &left, &right, schema)? {
            return Ok(PlannerResult::Planned(planned));
        }
        if let Some(planned) = kinds::operator(&op, &left, &right, schema)? {
            return Ok(PlannerResult::Planned(planned));
        }
        if let Some(operator) = operator(&op)
            && is_untyped(&left)
            && is_untyped(&right)
        {
            signatures::operator(&operator.to_string(), &left, &right, schema)?;
        }
        let (left_type, right_type) = (left.get_type(schema), right.get_type(schema));
        let (left, right) = match (left_type, right_type) {
            (Ok(list @ DataType::List(_)), _) => {
                let right = beside(right, &list, &left, schema);
                return of_array(op, left, right, schema);
            }
            (_, Ok(list @ DataType::List(_))) => {
                let left = beside(left, &list, &right, schema);
                return of_array(op, left, right, schema);
            }
            (Ok(left_type), Ok(right_type)) => {
                let texts = [&left_type, &right_type].into_iter().any(is_text);
                let rows =
                    matches!((&left_type, &right_type), (DataType::Struct(_), DataType::Struct(_)));
                if op == BinaryOperator::StringConcat && (!texts || rows) {
                    let error = no_operator(&left, "||", &right, schema);
                    return Err(DataFusionError::External(Box::new(error)));
                }
                if op == BinaryOperator::StringConcat {
                    concatenable(&left, &right, schema)?;
                    let left = beside_text(left, &left_type);
                    let right = beside_text(right, &right_type);
                    return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
                }
                // The planner's own `<=>` is IS NOT DISTINCT FROM.
                let foreign = op == BinaryOperator::Spaceship
                    || is_of_json(&op)
                        && is_number(&left, schema)
                        && (is_number(&right, schema) || is_untyped(&right));
                if foreign {
                    let symbol = op.to_string();
                    let error = no_operator(&left, &symbol, &right, schema);
                    let error = error.near(Place::Operator(symbol));
                    return Err(DataFusionError::External(Box::new(error)));
                }
                let Some(operator) = operator(&op) else {
                    if !signatures::is_open(&left, schema) && !signatures::is_open(&right, schema) {
                        signatures::operator(&op.to_string(), &left, &right, schema)?;
                    }
                    if let BinaryOperator::Custom(symbol) = &op {
                        let error = no_operator(&left, symbol, &right, schema);
                        return Err(DataFusionError::External(Box::new(error)));
                    }
                    return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }));
                };
                let left = typed(left, operator, &right_type);
                let right = typed(right, operator, &left_type);
                let (left_type, right_type) = (left.get_type(schema)?, right.get_type(schema)?);
                let (left, left_type) = roomy(left, left_type, &right_type);
                let (right, right_type) = roomy(right, right_type, &left_type);
                let (left, left_type) = arithmetic::lasting(left, left_type, operator, &right_type);
                let (right, right_type) =
                    arithmetic::lasting(right, right_type, operator, &left_type);
                let sides = ((&left, &left_type), (&right, &right_type));
                let times = [&left_type, &right_type].map(|own| matches!(own, DataType::Time64(_)));
                if operator == Operator::Plus && times == [true, true] {
                    let time = types::sql_name(types::TIME);
                    let error = Error::ambiguous_operator(&time, "+", &time);
                    return Err(DataFusionError::External(Box::new(error)));
                }
                if let Some(planned) = arithmetic::of_interval(operator, sides.0, sides.1) {
                    return Ok(PlannerResult::Planned(planned));
                }
                (left, right)
            }
            _ => (left, right),
        };
        if let BinaryOperator::Custom(symbol) = &op {
            let error = no_operator(&left, symbol, &right, schema);
            return Err(DataFusionError::External(Box::new(error)));
        }
        Ok(PlannerResult::Original(RawBinaryExpr { op, left, right }))
    }

    fn plan_field_access(
        &self,
        raw: RawFieldAccessExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let RawFieldAccessExpr { field_access, expr } = raw;
        let (_, field) = expr.to_field(schema)?;
        let kind = types::of_field(&field).oid;
        let key = match field_access {
            GetFieldAccess::ListIndex { key } => key,
            GetFieldAccess::NamedStructField { name } => {
                has_field(&field, &name)?;
                let field_access = GetFieldAccess::NamedStructField { name };
                return Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr }));
            }
            field_access => {
                return Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr }));
            }
        };
        if kind == types::NAME {
            // A name is an array of bytes that counts from 0.
            let text = Expr::Cast(Cast::new(Box::new(expr), DataType::Utf8));
            let letter = call(
                datafusion::functions::unicode::substr(),
                vec![text, *key + lit(1_i64), lit(1_i64)],
            );
            let field = Arc::new(rows::field("", "char"));
            let letter = Expr::Cast(Cast { expr: Box::new(letter), field });
            return Ok(PlannerResult::Planned(letter));
        }
        let composed = field.data_type().is_list()
            || matches!(field.data_type(), DataType::Struct(_) | DataType::Null)
            || matches!(kind, types::INT2VECTOR | types::OIDVECTOR | types::JSONB);
        if !composed {
            let error = Error::no_subscripts(&types::sql_name(kind));
            return Err(DataFusionError::External(Box::new(error)));
        }
        // The two vector types count from 0, arrays from 1; DataFusion's negative subscripts count from the end,
        // PostgreSQL has nothing there.
        let key = match kind {
            types::INT2VECTOR | types::OIDVECTOR => *key + lit(1_i64),
            _ => *key,
        };
        let field_access = GetFieldAccess::ListIndex { key: Box::new(key) };
        Ok(PlannerResult::Original(RawFieldAccessExpr { field_access, expr }))
    }
}

/// Whether `expr` can only be a boolean, whatever its parts are.
pub(super) fn is_condition(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryExpr(binary) => {
            matches!(
                binary.op,
                Operator::And
                    | Operator::Or
                    | Operator::RegexMatch
                    | Operator::RegexIMatch
                    | Operator::RegexNotMatch
                    | Operator::RegexNotIMatch
            ) || arithmetic::compares(binary.op)
        }
        Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::InList(_)
        | Expr::InSubquery(_)
        | Expr::Exists(_)
        | Expr::Between(_)
        | Expr::Like(_) => true,
        _ => false,
    }
}

/// Errors: 42703 for a field that a row does not have, 42809 for one of what is no row.
fn has_field(field: &FieldRef, name: &ScalarValue) -> Result<()> {
    let name = name.to_string();
    let error = match field.data_type() {
        DataType::Struct(fields) if fields.find(&name).is_some() => return Ok(()),
        DataType::Struct(_) => Error::UndefinedColumn(format!(
            "could not identify column \"{name}\" in record data type"
        )),
        DataType::Map(..) | DataType::Null => return Ok(()),
        _ => Error::WrongObjectType(format!(
            "column notation .{name} applied to type {}, which is not a composite type",
            types::sql_name(types::of_field(field).oid)
        )),
    };
    Err(DataFusionError::External(Box::new(error.near(Place::Accessed(format!(".{name}"))))))
}

/// A side of `||` with a text on the other: rows are written.
fn beside_text(expr: Expr, data_type: &DataType) -> Expr {
    match data_type {
        DataType::Struct(_) => Expr::Cast(Cast::new(Box::new(expr), DataType::Utf8)),
        _ => expr,
    }
}

/// The type of `expr` when it is JSON.
fn json_type(expr: &Expr, schema: &DFSchema) -> Option<&'static str> {
    let (_, field) = expr.to_field(schema).ok()?;
    // Clients see rows and maps as JSON; to operators they are none.
    if field.data_type().is_nested() {
        return None;
    }
    match types::of_field(&field).oid {
        _ if field.data_type().is_nested() => None,
        types::JSON => Some("json"),
        types::JSONB => Some("jsonb"),
        _ => None,
    }
}

/// Operators of `json` and `jsonb` (PostgreSQL manual, section 9.16.1) as calls of ours.
/// Errors: 42883 for what is taken away from a `jsonb` and is no key.
fn of_json(
    op: &BinaryOperator,
    left: &Expr,
    right: &Expr,
    schema: &DFSchema,
) -> Result<Option<Expr>> {
    let (own, other) = (json_type(left, schema), json_type(right, schema));
    let Some(kind) = own.or(other) else { return Ok(None) };
    if *op == BinaryOperator::Minus && own == Some("jsonb") && !is_open(right) {
        signatures::operator("-", left, right, schema)?;
    }
    Ok(json_call(op, (left, own), (right, other), kind, schema))
}

/// A parameter, or a literal without a type.
fn is_open(expr: &Expr) -> bool {
    is_untyped(expr) || matches!(expr, Expr::Placeholder(_))
}

/// The call that such an operator is, beside `kind` on one side or both; `None` for those of other types.
fn json_call(
    op: &BinaryOperator,
    (left, own): (&Expr, Option<&str>),
    (right, other): (&Expr, Option<&str>),
    kind: &str,
    schema: &DFSchema,
) -> Option<Expr> {
    let (left, right) = (left.clone(), right.clone());
    let found = right.get_type(schema).ok()?;
    let by = |number: &str, name: &str, names: &str| {
        Some(if found.is_integer() {
            number.to_owned()
        } else if found.is_list() {
            names.to_owned()
        } else {
            name.to_owned()
        })
    };
    let jsonb = kind == "jsonb";
    let both = [(own, &left), (other, &right)]
        .into_iter()
        .all(|(kind, side)| kind == Some("jsonb") || is_open(side));
    let name = match op {
        BinaryOperator::Arrow if own.is_some() => {
            let (item, member) = (format!("forebay_{kind}_item"), format!("forebay_{kind}_member"));
            by(&item, &member, &member)
        }
        BinaryOperator::LongArrow if own.is_some() => by(
            &format!("forebay_{kind}_item_text"),
            "forebay_json_member_text",
            "forebay_json_member_text",
        ),
        BinaryOperator::HashArrow if own.is_some() => Some(format!("forebay_{kind}_path")),
        BinaryOperator::HashLongArrow if own.is_some() => Some("forebay_json_path_text".to_owned()),
        BinaryOperator::AtArrow if both => Some("forebay_jsonb_contains".to_owned()),
        BinaryOperator::ArrowAt if both => {
            let contains = functions::of_json("forebay_jsonb_contains");
            return Some(call(contains, vec![right, left]));
        }
        BinaryOperator::Question if jsonb => Some("forebay_jsonb_has".to_owned()),
        BinaryOperator::QuestionPipe if jsonb => Some("forebay_jsonb_has_any".to_owned()),
        BinaryOperator::QuestionAnd if jsonb => Some("forebay_jsonb_has_all".to_owned()),
        BinaryOperator::StringConcat if both => Some("forebay_jsonb_concat".to_owned()),
        BinaryOperator::Minus if jsonb && own.is_some() => Some("forebay_jsonb_without".to_owned()),
        BinaryOperator::AtQuestion if jsonb => Some("forebay_jsonb_path_exists".to_owned()),
        BinaryOperator::AtAt if jsonb => Some("forebay_jsonb_path_match".to_owned()),
        BinaryOperator::HashMinus if jsonb => Some("forebay_jsonb_without_path".to_owned()),
        _ => None,
    }?;
    Some(call(functions::of_json(&name), vec![left, right]))
}

/// What a `jsonb` is compared and ordered by.
pub(super) fn jsonb_key(expr: Expr) -> Expr {
    call(functions::of_json("forebay_jsonb_key"), vec![expr])
}

/// Comparisons of `jsonb`, which are not those of its text; `json` has none.
fn json_compared(
    op: &BinaryOperator,
    left: &Expr,
    right: &Expr,
    schema: &DFSchema,
) -> Result<Option<Expr>> {
    let Some(operator) = operator(op).filter(|operator| arithmetic::compares(*operator)) else {
        return Ok(None);
    };
    let kinds = (json_type(left, schema), json_type(right, schema));
    match kinds {
        (Some("json"), _) | (_, Some("json")) => {
            let error = no_operator(left, &op.to_string(), right, schema);
            Err(DataFusionError::External(Box::new(error)))
        }
        (Some(_), other) | (other, Some(_)) => {
            let fits = [left, right].into_iter().any(is_open);
            if other.is_none() && !fits {
                let error = no_operator(left, &op.to_string(), right, schema);
                return Err(DataFusionError::External(Box::new(error)));
            }
            Ok(Some(binary_expr(jsonb_key(left.clone()), operator, jsonb_key(right.clone()))))
        }
        _ => Ok(None),
    }
}

/// Operators that only JSON, arrays and ranges have.
fn is_of_json(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Arrow
            | BinaryOperator::LongArrow
            | BinaryOperator::HashArrow
            | BinaryOperator::HashLongArrow
            | BinaryOperator::AtArrow
            | BinaryOperator::ArrowAt
    )
}

/// A number, or a date or time. Of a text it may not be known yet that it is JSON.
fn is_number(expr: &Expr, schema: &DFSchema) -> bool {
    !matches!(expr, Expr::Placeholder(_))
        && expr.to_field(schema).is_ok_and(|(_, field)| {
            let kind = field.data_type();
            field.metadata().is_empty() && (kind.is_numeric() || kind.is_temporal())
        })
}

/// A numeric with room for the digits of the one beside it, and its type.
fn roomy(expr: Expr, own: DataType, other: &DataType) -> (Expr, DataType) {
    match arithmetic::roomy(&own, other) {
        Some(narrow) => (cast(expr, narrow.clone()), narrow),
        None => (expr, own),
    }
}

/// Whether `||` joins it to whatever is beside it.
fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, value) => is_text(value),
        other => other.is_string() || other.is_binary() || other.is_null() || other.is_nested(),
    }
}

pub(super) fn is_untyped(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Null, None))
}

pub(super) fn operator(op: &BinaryOperator) -> Option<Operator> {
    Some(match op {
        BinaryOperator::Plus => Operator::Plus,
        BinaryOperator::Minus => Operator::Minus,
        BinaryOperator::Multiply => Operator::Multiply,
        BinaryOperator::Divide => Operator::Divide,
        BinaryOperator::Modulo => Operator::Modulo,
        BinaryOperator::Eq => Operator::Eq,
        BinaryOperator::NotEq => Operator::NotEq,
        BinaryOperator::Lt => Operator::Lt,
        BinaryOperator::LtEq => Operator::LtEq,
        BinaryOperator::Gt => Operator::Gt,
        BinaryOperator::GtEq => Operator::GtEq,
        _ => return None,
    })
}

/// A literal or parameter without a type takes one from what stands beside it (PostgreSQL manual, 10.2); of a parameter
/// that is compared the planner thinks alike.
fn typed(expr: Expr, op: Operator, other: &DataType) -> Expr {
    match (&expr, arithmetic::beside(op, other)) {
        (Expr::Literal(ScalarValue::Utf8(Some(_)), None), Some(field)) => {
            Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::new(field)))
        }
        (Expr::Placeholder(Placeholder { id, field: None }), Some(field))
            if op.is_numerical_operators() =>
        {
            Expr::Placeholder(Placeholder::new_with_field(id.clone(), Some(Arc::new(field))))
        }
        _ => expr,
    }
}

/// `expr` as an array like the one beside it, `other` of type `list`, when it is a literal or a parameter without a type
/// of its own.
fn beside(expr: Expr, list: &DataType, other: &Expr, schema: &DFSchema) -> Expr {
    match &expr {
        Expr::Literal(ScalarValue::Utf8(Some(_)) | ScalarValue::Null, None) => {
            Expr::Cast(Cast::new(Box::new(expr), list.clone()))
        }
        Expr::Placeholder(Placeholder { field: None, .. }) => {
            let oid = other.to_field(schema).ok().map(|(_, field)| types::of_field(&field).oid);
            parameter(expr, oid)
        }
        _ => expr,
    }
}

/// A parameter without a type as one of type `oid`; anything else as it is.
fn parameter(expr: Expr, oid: Option<u32>) -> Expr {
    let field = oid.and_then(decode::field).map(Arc::new);
    match (expr, field) {
        (Expr::Placeholder(Placeholder { id, field: None }), Some(field)) => {
            Expr::Placeholder(Placeholder::new_with_field(id, Some(field)))
        }
        (expr, _) => expr,
    }
}

/// An operand without a type as one of the type that PostgreSQL's operator takes there (manual, 10.2): a parameter, and
/// where the planner would take it for a text a literal too. What stands beside numbers and lists is found below.
/// Errors: 42725 for what may be a date, a time or an interval.
fn sided(raw: RawBinaryExpr, schema: &DFSchema) -> Result<RawBinaryExpr> {
    let RawBinaryExpr { op, left, right } = raw;
    let any = |fits: &dyn Fn(&Expr) -> bool| fits(&left) || fits(&right);
    let ours = any(&|side| kinds::is_ours(side, schema));
    let number = any(&|side| side.get_type(schema).is_ok_and(|found| found.is_numeric()));
    let lists = any(&|side| side.get_type(schema).is_ok_and(|found| found.is_list()));
    let moments = any(&|side| side.get_type(schema).is_ok_and(|found| found.is_temporal()));
    let own = operator(&op);
    let calculates = own.is_some_and(|own| !arithmetic::compares(own));
    let read = calculates && (ours || moments) || is_of_numbers(&op) && number;
    let open = |side: &Expr| {
        matches!(side, Expr::Placeholder(Placeholder { field: None, .. }))
            || read && matches!(side, Expr::Literal(ScalarValue::Utf8(Some(_)), None))
    };
    let json = any(&|side| json_type(side, schema).is_some());
    // Of two texts it is likeliest.
    if op == BinaryOperator::StringConcat && open(&left) && open(&right) {
        let [left, right] = [left, right].map(|side| parameter(side, Some(types::TEXT)));
        return Ok(RawBinaryExpr { op, left, right });
    }
    let here = own.is_none() || ours || json || calculates && moments;
    if open(&left) == open(&right) || lists || !here {
        return Ok(RawBinaryExpr { op, left, right });
    }
    let argument = |side: &Expr| match side.to_field(schema) {
        _ if open(side) || is_untyped(side) => Argument::Untyped,
        Ok((_, field)) => Argument::Known(types::of_field(&field).oid),
        Err(_) => Argument::Hidden,
    };
    let (symbol, arguments) = (op.to_string(), [argument(&left), argument(&right)]);
    if calculates && moments && candidates::is_ambiguous_operator(&symbol, arguments) {
        let [left, right] =
            arguments.map(|own| types::sql_name(own.known().unwrap_or(types::UNKNOWN)));
        let error = Error::ambiguous_operator(&left, &symbol, &right);
        return Err(DataFusionError::External(Box::new(error)));
    }
    let taken = candidates::operands(&symbol, arguments);
    let typed = |side: Expr, index: usize| match taken.get(index).copied().flatten() {
        Some(kind) if open(&side) && is_untyped(&side) => {
            let field = Arc::new(overloads::field("", kind));
            Expr::Cast(Cast::new_from_field(Box::new(side), field))
        }
        kind => parameter(side, kind),
    };
    let (left, right) = (typed(left, 0), typed(right, 1));
    Ok(RawBinaryExpr { op, left, right })
}

/// An operator of numbers that [`operator`] leaves out.
fn is_of_numbers(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::BitwiseAnd
            | BinaryOperator::BitwiseOr
            | BinaryOperator::PGBitwiseXor
            | BinaryOperator::PGBitwiseShiftLeft
            | BinaryOperator::PGBitwiseShiftRight
            | BinaryOperator::PGExp
    )
}

/// `x op ANY ($1)`, which [`super::array`] says as an operator, as the call it is: the parameter is an array of what `x`
/// is compared as.
fn quantified(op: &BinaryOperator, left: &Expr, right: &Expr, schema: &DFSchema) -> Option<Expr> {
    let BinaryOperator::Custom(name) = op else { return None };
    let function = functions::arrays::quantified_function(name)?;
    let (_, field) = left.to_field(schema).ok()?;
    let compared = match types::of_field(&field).oid {
        types::VARCHAR => types::TEXT,
        oid if is_oid(oid) && !matches!(oid, types::XID | types::CID) => types::OID,
        oid => oid,
    };
    let list = parameter(right.clone(), types::array_of(compared));
    Some(call(function, vec![left.clone(), list]))
}

/// Operators of arrays (PostgreSQL manual, section 9.19) as calls of ours.
fn of_array(
    op: BinaryOperator,
    left: Expr,
    right: Expr,
    schema: &DFSchema,
) -> Result<PlannerResult<RawBinaryExpr>> {
    if op == BinaryOperator::StringConcat {
        return joined(left, right, schema);
    }
    alike(&op, &left, &right, schema)?;
    let (kind, args) = match op {
        BinaryOperator::PGOverlap => (Kind::Overlap, vec![left, right]),
        BinaryOperator::AtArrow => (Kind::Contains, vec![left, right]),
        BinaryOperator::ArrowAt => (Kind::Contains, vec![right, left]),
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => {
            let compare = functions::arrays::function(Kind::Compare);
            let order = call(compare, vec![left, right]);
            let planned = operator(&op).map(|operator| binary_expr(order, operator, lit(0_i32)));
            return planned.map(PlannerResult::Planned).ok_or_else(|| {
                DataFusionError::Internal("an operator that compares nothing".to_owned())
            });
        }
        op => return Ok(PlannerResult::Original(RawBinaryExpr { op, left, right })),
    };
    Ok(PlannerResult::Planned(call(functions::arrays::function(kind), args)))
}

/// Errors: 42883 for two arrays whose elements are of two types (`anyarray`).
fn alike(op: &BinaryOperator, left: &Expr, right: &Expr, schema: &DFSchema) -> Result<()> {
    let array = |side: &Expr| {
        let (_, field) = side.to_field(schema).ok().filter(|_| !is_open(side))?;
        let own = types::of_field(&field).oid;
        (is_vector(own) || types::element_of(own).is_some()).then_some(own)
    };
    match (array(left), array(right)) {
        (Some(one), Some(other)) if one != other => {
            let error = no_operator(left, &op.to_string(), right, schema);
            Err(DataFusionError::External(Box::new(error)))
        }
        _ => Ok(()),
    }
}

/// `||` of an array and an element or another array.
fn joined(left: Expr, right: Expr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
    let is_list = |expr: &Expr| expr.get_type(schema).is_ok_and(|found| found.is_list());
    let kind = match (is_list(&left), is_list(&right)) {
        (true, true) => Kind::Cat,
        (true, false) => Kind::Append,
        _ => Kind::Prepend,
    };
    let common = joint(&left, &right, schema)?;
    let padded = common.as_deref().map(types::of_field).and_then(|own| types::element_of(own.oid));
    let (left, right) = match padded {
        Some(types::BPCHAR) => (left, right),
        _ => (unpadded(left.clone(), &right, schema), unpadded(right, &left, schema)),
    };
    let array = call(functions::arrays::function(kind), vec![left, right]);
    Ok(PlannerResult::Planned(match common {
        Some(field) => told::told(array, field),
        None => array,
    }))
}

/// An element as it goes into `array`: a text has no padding, which `char(n)` has.
fn unpadded(element: Expr, array: &Expr, schema: &DFSchema) -> Expr {
    let oid =
        |side: &Expr| side.to_field(schema).ok().map(|(_, field)| types::of_field(&field).oid);
    let text = oid(array).and_then(types::element_of).filter(|kind| *kind != types::BPCHAR);
    match (oid(&element), text) {
        (Some(types::BPCHAR), Some(kind)) => retyped(element, types::BPCHAR, kind),
        _ => element,
    }
}

/// The array that two such sides become, where the planner would make one of text of them (`anycompatible`).
/// Errors: 42883 where their elements have no common type.
fn joint(left: &Expr, right: &Expr, schema: &DFSchema) -> Result<Option<FieldRef>> {
    let element = |side: &Expr| {
        let (_, field) = side.to_field(schema).ok().filter(|_| !is_open(side))?;
        let own = types::of_field(&field).oid;
        (own != types::UNKNOWN).then(|| types::element_of(own).unwrap_or(own))
    };
    let (Some(one), Some(other)) = (element(left), element(right)) else { return Ok(None) };
    if is_vector(one) || is_vector(other) {
        let message = format!("|| of an {} is not supported", types::sql_name(types::INT2VECTOR));
        let error = Error::FeatureNotSupported(message);
        return Err(DataFusionError::External(Box::new(error)));
    }
    match told::both(one, other) {
        Some(common) if one != other && is_marked(common) => {
            let name = types::array_of(common).and_then(types::name_of);
            Ok(name.map(|name| Arc::new(rows::field("", name))))
        }
        Some(_) => Ok(None),
        None => {
            let error = no_operator(left, "||", right, schema);
            Err(DataFusionError::External(Box::new(error)))
        }
    }
}

/// Arrays that count from 0.
fn is_vector(oid: u32) -> bool {
    matches!(oid, types::INT2VECTOR | types::OIDVECTOR)
}

/// Whether arrays of that type are told apart by a mark.
fn is_marked(kind: u32) -> bool {
    matches!(kind, types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME | types::OID)
}

/// Refuses `||` of a `"char"` and a text: PostgreSQL has one of two texts and one of a text and anything, and `"char"` is
/// cast to text as readily as it is anything.
/// Errors: 42725.
fn concatenable(left: &Expr, right: &Expr, schema: &DFSchema) -> Result<()> {
    let kind = |expr: &Expr| match expr {
        expr if is_untyped(expr) => types::UNKNOWN,
        // One without a mark keeps that of its value until the plan is rewritten.
        Expr::Cast(Cast { field, .. }) => types::of_field(field).oid,
        expr => expr.to_field(schema).map_or(0, |(_, field)| types::of_field(&field).oid),
    };
    let kinds = [kind(left), kind(right)];
    let text = [types::TEXT, types::VARCHAR, types::NAME, types::UNKNOWN, types::CHAR];
    if !kinds.contains(&types::CHAR) || !kinds.iter().all(|kind| text.contains(kind)) {
        return Ok(());
    }
    let [left_name, right_name] = kinds.map(types::sql_name);
    let message = format!("operator is not unique: {left_name} || {right_name}");
    let error = Error::AmbiguousFunction(message).hint(
        "Could not choose a best candidate operator. You might need to add explicit type casts.",
    );
    Err(DataFusionError::External(Box::new(error.near(Place::Operator("||".to_owned())))))
}

/// What PostgreSQL says of an operator that the types do not have.
pub(super) fn no_operator(left: &Expr, op: &str, right: &Expr, schema: &DFSchema) -> Error {
    let name = |expr: &Expr| {
        if is_untyped(expr) {
            return "unknown".to_owned();
        }
        let field = expr.to_field(schema).ok().map(|(_, field)| types::of_field(&field).oid);
        field.map_or_else(|| "unknown".to_owned(), types::sql_name)
    };
    Error::no_operator(&name(left), op, &name(right))
}

/// A call of `function`.
pub(super) fn call(function: Arc<datafusion::logical_expr::ScalarUDF>, args: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(function, args))
}
