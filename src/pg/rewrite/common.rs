//! One type for several expressions: of CASE, COALESCE, GREATEST, LEAST, an array, a column of a set operation
//! (PostgreSQL manual, 10.5; `select_common_type` in parse_coerce.c). The planner would read one as the other, or make
//! texts of both.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, TableReference};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::type_coercion::binary::type_union_resolution;
use datafusion::logical_expr::type_coercion::other::get_coerce_type_for_case_expression;
use datafusion::logical_expr::{
    Case, Cast, Expr, ExprSchemable, LogicalPlan, Operator, Values, cast,
};

use super::operators::call;
use super::plan::{literal, retyped};
use super::told::both;
use super::types::plainly;
use super::{arithmetic, zones};
use crate::error::{Error, Place};
use crate::pg::catalog::rows::tagged;
use crate::pg::encode::is_oid;
use crate::pg::facts::Facts;
use crate::pg::functions::floats::{self, Floats};
use crate::pg::types;

/// What the branches of a CASE become.
/// Errors: 42804 for branches that have no type in common; a constant that is not of the others' type.
pub(super) fn case(case: Case, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    if case.expr.is_none() {
        case.when_then_expr.iter().try_for_each(|(when, _)| truth(when, schema))?;
    }
    let branches = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
    // PostgreSQL begins with ELSE.
    let exprs: Vec<&Expr> = case.else_expr.iter().map(Box::as_ref).chain(branches).collect();
    let exact = numeric(&exprs, schema).or_else(|| widest(&exprs, schema));
    let resolved = resolved("CASE", &exprs, schema)?;
    let Some(wanted) = exact.clone().or(resolved) else {
        return Ok(Transformed::no(Expr::Case(case)));
    };
    let mut case = case;
    let branches = case.when_then_expr.iter_mut().map(|(_, then)| then.as_mut());
    let mut changed = false;
    for expr in case.else_expr.iter_mut().map(Box::as_mut).chain(branches) {
        changed |= become_one(expr, &wanted, schema, facts)?;
        changed |= widen(expr, wanted.data_type(), schema)?;
        changed |= lengthen(expr, wanted.data_type(), schema)?;
    }
    let expr = Expr::Case(case);
    Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
}

/// Errors: 42804 for a condition of CASE that is no truth.
fn truth(when: &Expr, schema: &DFSchema) -> Result<()> {
    if is_unknown(when) || matches!(when, Expr::Placeholder(_)) {
        return Ok(());
    }
    let Ok((_, field)) = when.to_field(schema) else { return Ok(()) };
    if matches!(field.data_type(), DataType::Boolean | DataType::Null) {
        return Ok(());
    }
    let kind = types::sql_name(types::of_field(&field).oid);
    let message = format!("argument of CASE/WHEN must be type boolean, not type {kind}");
    let error = Error::DatatypeMismatch(message).near(place(when));
    Err(DataFusionError::External(Box::new(error)))
}

/// The numeric that branches of several exact types become: the planner finds it later, and takes the first branch's
/// type for that of the whole until then.
fn numeric(exprs: &[&Expr], schema: &DFSchema) -> Option<FieldRef> {
    let kinds = exprs.iter().filter(|expr| !is_unknown(expr)).map(|expr| expr.get_type(schema));
    numeric_of(kinds.collect::<Result<Vec<DataType>>>().ok()?)
}

/// The type of branches that are integers of several widths, or floating point of both: as [`numeric`].
fn widest(exprs: &[&Expr], schema: &DFSchema) -> Option<FieldRef> {
    let fields = exprs.iter().filter(|expr| !is_unknown(expr)).map(|expr| expr.to_field(schema));
    let mut widest: Option<FieldRef> = None;
    let mut differs = false;
    for field in fields {
        let (_, field) = field.ok()?;
        if field.data_type().is_null() {
            continue;
        }
        let number = field.data_type().is_signed_integer() || field.data_type().is_floating();
        let plain = number && field.metadata().is_empty();
        let Some(before) = &widest else {
            widest = plain.then(|| Arc::clone(&field));
            widest.as_ref()?;
            continue;
        };
        if !plain || field.data_type().is_floating() != before.data_type().is_floating() {
            return None;
        }
        differs |= before.data_type() != field.data_type();
        if before.data_type().primitive_width() < field.data_type().primitive_width() {
            widest = Some(field);
        }
    }
    widest.filter(|_| differs)
}

/// An integer or floating point as one of the type `wanted` of several widths. Returns whether it changed.
fn lengthen(expr: &mut Expr, wanted: &DataType, schema: &DFSchema) -> Result<bool> {
    let own = expr.get_type(schema)?;
    let alike = own.is_signed_integer() && wanted.is_signed_integer()
        || own.is_floating() && wanted.is_floating();
    if !alike || own == *wanted {
        return Ok(false);
    }
    *expr = cast(std::mem::take(expr), wanted.clone());
    Ok(true)
}

/// The numeric that values of several exact types become; `None` where they are of one type, or of others.
pub(super) fn numeric_of(mut kinds: Vec<DataType>) -> Option<FieldRef> {
    kinds.retain(|kind| !kind.is_null());
    if kinds.iter().any(|kind| !kind.is_decimal() && !kind.is_integer()) {
        return None;
    }
    if !kinds.iter().any(DataType::is_decimal) || kinds.windows(2).all(|pair| pair[0] == pair[1]) {
        return None;
    }
    let wanted = get_coerce_type_for_case_expression(&kinds, None)?;
    wanted.is_decimal().then(|| Arc::new(Field::new("", wanted, true)))
}

/// An exact number as one of the numeric type `wanted`, where that has all of its digits. Returns whether it changed.
pub(super) fn widen(expr: &mut Expr, wanted: &DataType, schema: &DFSchema) -> Result<bool> {
    let own = expr.get_type(schema)?;
    let digits = |kind: &DataType| match kind {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        whole if whole.is_integer() => Some(0),
        _ => None,
    };
    let fits = digits(&own).zip(digits(wanted)).is_some_and(|(own, wanted)| own <= wanted);
    if !fits || !wanted.is_decimal() || own == *wanted {
        return Ok(false);
    }
    *expr = cast(std::mem::take(expr), wanted.clone());
    Ok(true)
}

/// `VALUES` of numerics whose constants have the digits they were written with, as columns of one type each.
/// What is local among moments is in the session's zone.
pub(super) fn listed(mut values: Values, facts: &Arc<Facts>) -> Result<Transformed<LogicalPlan>> {
    let none = DFSchema::empty();
    let mut fields: Vec<(Option<TableReference>, FieldRef)> = values
        .schema
        .iter()
        .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
        .collect();
    let mut changed = false;
    for (index, (_, field)) in fields.iter_mut().enumerate() {
        let mut column: Vec<&mut Expr> =
            values.values.iter_mut().filter_map(|row| row.get_mut(index)).collect();
        if let Some(zoned) = in_one_zone(&mut column, field.data_type(), facts)? {
            *field = Arc::new(field.as_ref().clone().with_data_type(zoned));
            changed = true;
            continue;
        }
        let told = column.iter().map(|expr| Ok(expr.get_type(&none)? == *field.data_type()));
        let told = told.collect::<Result<Vec<bool>>>()?;
        if !field.data_type().is_decimal() || told.iter().all(|told| *told) {
            continue;
        }
        let kinds = column.iter().map(|expr| before_one_type(expr).get_type(&none));
        let kinds = kinds.collect::<Result<Vec<DataType>>>()?;
        let Some(wanted) = type_union_resolution(&kinds).filter(DataType::is_decimal) else {
            continue;
        };
        for (expr, kind) in column.iter_mut().zip(kinds) {
            let bare = before_one_type(expr).clone();
            **expr = if kind == wanted { bare } else { cast(bare, wanted.clone()) };
        }
        *field = Arc::new(field.as_ref().clone().with_data_type(wanted));
        changed = true;
    }
    if !changed {
        return Ok(Transformed::no(LogicalPlan::Values(values)));
    }
    let metadata = values.schema.metadata().clone();
    values.schema = Arc::new(DFSchema::new_with_metadata(fields, metadata)?);
    Ok(Transformed::yes(LogicalPlan::Values(values)))
}

/// Makes a column of VALUES that the planner has taken for one of moments without time zone, some of which have one, one of
/// those with. Returns their type.
fn in_one_zone(
    column: &mut [&mut Expr],
    own: &DataType,
    facts: &Arc<Facts>,
) -> Result<Option<DataType>> {
    let DataType::Timestamp(_, None) = own else { return Ok(None) };
    let none = DFSchema::empty();
    let before = |expr: &Expr| match expr {
        Expr::Cast(cast) if cast.field.metadata().is_empty() => cast.expr.as_ref().clone(),
        other => other.clone(),
    };
    let kinds = column.iter().map(|expr| before(expr).get_type(&none));
    let kinds = kinds.collect::<Result<Vec<DataType>>>()?;
    let zoned = kinds.iter().find(|kind| matches!(kind, DataType::Timestamp(_, Some(_))));
    let Some(zoned) = zoned.cloned() else { return Ok(None) };
    for (expr, kind) in column.iter_mut().zip(&kinds) {
        let bare = before(expr);
        **expr = match kind == &zoned {
            true => bare,
            false => plainly(zones::cast(bare, kind, &zoned, facts), zoned.clone()),
        };
    }
    Ok(Some(zoned))
}

/// Functions whose number of digits a cast around them tells.
const DIGITS_TOLD: &[&str] = &["ceil", "div", "floor", "round", "sign", "signum", "trunc"];

/// A numeric before it was made one of the type that it shares with others: casts of the statement name their type.
pub(super) fn before_one_type(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(cast)
            if cast.field.metadata().is_empty() && cast.field.data_type().is_decimal() =>
        {
            match cast.expr.as_ref() {
                Expr::ScalarFunction(function) if DIGITS_TOLD.contains(&function.name()) => expr,
                inner => before_one_type(inner),
            }
        }
        other => other,
    }
}

/// How PostgreSQL calls what takes arguments of one type; `None` for any other function.
pub(super) fn context(function: &str) -> Option<&'static str> {
    match function {
        "coalesce" => Some("COALESCE"),
        "greatest" => Some("GREATEST"),
        "least" => Some("LEAST"),
        "make_array" => Some("ARRAY"),
        _ => None,
    }
}

/// What the arguments of such a function become.
/// Errors: as [`case`].
pub(super) fn arguments(
    mut function: ScalarFunction,
    context: &str,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Transformed<Expr>> {
    let exprs: Vec<&Expr> = function.args.iter().collect();
    let wanted = resolved(context, &exprs, schema)?;
    let mut changed = false;
    if let Some(wanted) = wanted {
        for expr in &mut function.args {
            changed |= become_one(expr, &wanted, schema, facts)?;
        }
    }
    let expr = Expr::ScalarFunction(function);
    Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
}

/// The type that all expressions should have, where some do not and the planner would not do.
fn resolved(context: &str, exprs: &[&Expr], schema: &DFSchema) -> Result<Option<FieldRef>> {
    let mut fields = Vec::with_capacity(exprs.len());
    for expr in exprs {
        // A parameter's type may not be known yet.
        let Ok((_, field)) = expr.to_field(schema) else { return Ok(None) };
        fields.push((field, is_unknown(expr)));
    }
    let members = fields.iter().zip(exprs).map(|((field, unknown), expr)| Member {
        field,
        unknown: *unknown,
        place: place(expr),
    });
    common(context, members)
}

/// One of the expressions that get one type.
pub(super) struct Member<'a> {
    pub(super) field: &'a FieldRef,
    /// Whether it is a constant without a type.
    pub(super) unknown: bool,
    pub(super) place: Option<Place>,
}

/// The type that all of `members` should have; `None` where the planner finds it too.
/// Errors: 42804 for members of two kinds.
pub(super) fn common<'a>(
    context: &str,
    members: impl Iterator<Item = Member<'a>>,
) -> Result<Option<FieldRef>> {
    let mut wanted: Option<&FieldRef> = None;
    let (mut unknown, mut mixed, mut double) = (false, false, false);
    let mut kinds = Vec::new();
    for member in members {
        if member.unknown || member.field.data_type().is_null() {
            unknown |= member.unknown;
            continue;
        }
        kinds.push(types::of_field(member.field).oid);
        double |= *member.field.data_type() == DataType::Float64;
        let Some(before) = wanted else {
            wanted = Some(member.field);
            continue;
        };
        if kind(before) != kind(member.field) {
            let name = |field: &FieldRef| types::sql_name(types::of_field(field).oid);
            let (one, other) = (name(before), name(member.field));
            let message = format!("{context} types {one} and {other} cannot be matched");
            let error = Error::DatatypeMismatch(message).near(member.place);
            return Err(DataFusionError::External(Box::new(error)));
        }
        if let Some(wider) = wider(before, member.field) {
            mixed = true;
            if wider == Wider::Second {
                wanted = Some(member.field);
            }
        }
    }
    let Some(wanted) = wanted else { return Ok(None) };
    if mixed && wanted.data_type().is_floating() {
        let wide = if double { DataType::Float64 } else { DataType::Float32 };
        return Ok(Some(Arc::new(wanted.as_ref().clone().with_data_type(wide))));
    }
    if kinds.iter().all(|kind| is_text(*kind)) && kinds.windows(2).any(|pair| pair[0] != pair[1]) {
        let kind = kinds.into_iter().map(Some).reduce(|one, other| both(one?, other?)).flatten();
        let name = kind.and_then(types::name_of);
        let plain = Field::new("", DataType::Utf8, true);
        return Ok(name.map(|name| Arc::new(tagged(plain, name))));
    }
    let text = wanted.data_type().is_string() && wanted.metadata().is_empty();
    Ok((mixed || unknown && !text).then(|| Arc::clone(wanted)))
}

/// Whether values of a type are texts, and may be taken for those of the other such types.
pub(super) fn is_text(oid: u32) -> bool {
    matches!(oid, types::TEXT | types::VARCHAR | types::BPCHAR | types::NAME)
}

/// Of whole numbers those that identify something win, `oid` itself above all: what is cast to it without being told.
fn identifies(field: &FieldRef) -> u8 {
    match types::of_field(field).oid {
        types::OID => 2,
        types::XID | types::CID => 0,
        oid if is_oid(oid) => 1,
        _ => 0,
    }
}

/// Of two types that the planner has another common type for, the one PostgreSQL takes.
#[derive(PartialEq, Eq)]
enum Wider {
    First,
    Second,
}

fn wider(one: &FieldRef, other: &FieldRef) -> Option<Wider> {
    use DataType::{Date32, Timestamp};
    let exact = |data_type: &DataType| data_type.is_numeric() && !data_type.is_floating();
    match (one.data_type(), other.data_type()) {
        (one_type, other_type) if one_type.is_integer() && other_type.is_integer() => {
            match identifies(one).cmp(&identifies(other)) {
                std::cmp::Ordering::Less => Some(Wider::Second),
                std::cmp::Ordering::Equal => None,
                std::cmp::Ordering::Greater => Some(Wider::First),
            }
        }
        (one, other) if exact(one) && other.is_floating() => Some(Wider::Second),
        (one, other) if one.is_floating() && exact(other) => Some(Wider::First),
        (Date32, Timestamp(..)) | (Timestamp(_, None), Timestamp(_, Some(_))) => {
            Some(Wider::Second)
        }
        (Timestamp(..), Date32) | (Timestamp(_, Some(_)), Timestamp(_, None)) => Some(Wider::First),
        _ => None,
    }
}

/// What kind of type it is, as far as values of two kinds never mix (`typcategory`).
fn kind(field: &FieldRef) -> char {
    match field.data_type() {
        DataType::Boolean => 'B',
        text if text.is_string() => match types::of_field(field).oid {
            types::UUID | types::JSON | types::JSONB => 'U',
            _ => 'S',
        },
        number if number.is_numeric() => 'N',
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => 'D',
        DataType::Time32(_) | DataType::Time64(_) => 'D',
        DataType::Interval(_) | DataType::Duration(_) => 'T',
        list if list.is_list() => 'A',
        DataType::Struct(_) => 'P',
        _ => 'U',
    }
}

/// The error of an operator between two kinds of values that PostgreSQL never compares or calculates with each other;
/// the planner would read one as the other. `place` is where the operator stands, if that is not by its symbol.
pub(super) fn mixed(
    symbol: &str,
    (left, right): (&Expr, &Expr),
    place: Option<Place>,
    schema: &DFSchema,
) -> Option<DataFusionError> {
    let known = |expr: &Expr| {
        let waits = matches!(expr, Expr::Placeholder(Placeholder { field: None, .. }));
        let waits = waits || is_unknown(expr);
        let (_, field) = expr.to_field(schema).ok().filter(|_| !waits)?;
        (!field.data_type().is_null()).then_some(field)
    };
    let (one, other) = (known(left)?, known(right)?);
    if !apart(&one, &other) {
        return None;
    }
    let name = |field: &FieldRef| types::sql_name(types::of_field(field).oid);
    let error = Error::no_operator(&name(&one), symbol, &name(&other));
    let error = match place {
        Some(place) => error.near(place),
        None => error,
    };
    Some(DataFusionError::External(Box::new(error)))
}

fn apart(one: &FieldRef, other: &FieldRef) -> bool {
    match (kind(one), kind(other)) {
        ('A', 'A') => match (one.data_type(), other.data_type()) {
            (DataType::List(one), DataType::List(other)) => apart(one, other),
            _ => false,
        },
        (one, other) => one != other && "BNSDT".contains(one) && "BNSDT".contains(other),
    }
}

/// The error of LIKE between values that are no texts.
pub(super) fn unlike(
    symbol: &str,
    (left, right): (&Expr, &Expr),
    schema: &DFSchema,
) -> Option<DataFusionError> {
    let name = |expr: &Expr| {
        let (_, field) = expr.to_field(schema).ok()?;
        let text = field.data_type().is_string() || field.data_type().is_null();
        let shown = match is_unknown(expr) {
            true => "unknown".to_owned(),
            false => types::sql_name(types::of_field(&field).oid),
        };
        Some((text || matches!(kind(&field), 'U' | 'A' | 'P'), shown))
    };
    let ((left_fits, left), (right_fits, right)) = (name(left)?, name(right)?);
    if left_fits && right_fits {
        return None;
    }
    let word = if symbol.ends_with('*') { "ilike" } else { "like" };
    let error = Error::no_operator(&left, symbol, &right).near(Place::Word(word.to_owned()));
    Some(DataFusionError::External(Box::new(error)))
}

/// A constant in quotes that has no type of its own.
pub(super) fn is_unknown(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(_), None))
}

/// Whether Arrow rounds twice from one type to the other: a decimal's digits, and their quotient by a power of ten. Read
/// from its digits a number is the nearest. Up to 15 digits and the power of 22 are exact as `float8`, and so is the rest.
pub(super) fn is_rounded(decimal: &DataType, float: &DataType) -> bool {
    let exact = matches!(decimal, DataType::Decimal128(0..=15, 0..=22));
    float.is_floating() && decimal.is_decimal() && !(exact && *float == DataType::Float64)
}

/// A numeric as the floating point number that is nearest to its digits.
pub(super) fn nearest(expr: Expr, float: &DataType) -> Expr {
    let kind = if *float == DataType::Float32 { Floats::Single } else { Floats::Double };
    call(floats::function(kind), vec![expr])
}

/// Makes `expr` one of type `wanted`. Returns whether that changed it.
pub(super) fn become_one(
    expr: &mut Expr,
    wanted: &FieldRef,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<bool> {
    if let Expr::Literal(ScalarValue::Utf8(Some(text)), None) = &*expr {
        let text = text.clone();
        // Of a numeric it keeps the digits it has.
        let field = match arithmetic::beside(Operator::Eq, wanted.data_type()) {
            Some(field) => Arc::new(field),
            None => Arc::clone(wanted),
        };
        *expr = literal(&text, field, facts)?;
        return Ok(true);
    }
    let (_, field) = expr.to_field(schema)?;
    let own = field.data_type().clone();
    let (source, target) = (types::of_field(&field).oid, types::of_field(wanted).oid);
    if own.is_string() && is_text(source) && is_text(target) && source != target {
        *expr = retyped(std::mem::take(expr), source, target);
        return Ok(true);
    }
    if own.is_null()
        || wider(&field, wanted).is_none() && own.is_floating() == wanted.data_type().is_floating()
    {
        return Ok(false);
    }
    if identifies(wanted) != 0 {
        let bare = std::mem::replace(expr, Expr::Literal(ScalarValue::Null, None));
        *expr = Expr::Cast(Cast::new_from_field(Box::new(bare), Arc::clone(wanted)));
        return Ok(true);
    }
    if own == *wanted.data_type() {
        return Ok(false);
    }
    let bare = std::mem::replace(expr, Expr::Literal(ScalarValue::Null, None));
    let moved = zones::cast(bare, &own, wanted.data_type(), facts);
    let moved = match is_rounded(&own, wanted.data_type()) {
        true => nearest(moved, wanted.data_type()),
        false => moved,
    };
    *expr = plainly(moved, wanted.data_type().clone());
    Ok(true)
}

/// Where an expression begins, as far as it can be told.
pub(super) fn place(expr: &Expr) -> Option<Place> {
    match expr {
        Expr::Alias(alias) => place(&alias.expr),
        Expr::Column(column) => {
            let start = column.spans().first()?.start;
            (0 < start.line).then_some(Place::At(start.line, start.column))
        }
        Expr::Literal(value, _) => match value {
            ScalarValue::Utf8(Some(text)) => Some(Place::Constant(text.clone())),
            ScalarValue::Int32(Some(number)) => Some(Place::Constant(number.to_string())),
            ScalarValue::Int64(Some(number)) => Some(Place::Constant(number.to_string())),
            ScalarValue::Boolean(Some(truth)) => Some(Place::Word(truth.to_string())),
            _ => None,
        },
        Expr::Cast(Cast { expr, .. }) => place(expr),
        Expr::BinaryExpr(binary) => place(&binary.left),
        Expr::ScalarFunction(function) => Some(Place::Call(function.name().to_owned())),
        Expr::AggregateFunction(function) => Some(Place::Call(function.func.name().to_owned())),
        _ => None,
    }
}
