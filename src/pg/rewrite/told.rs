//! The one type of CASE, COALESCE, NULLIF, GREATEST and LEAST (PostgreSQL manual, 10.5) where the planner's own types do
//! not tell it: names and OIDs, and literals beside arrays.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Case, Cast, Expr, ExprSchemable};

use super::common::is_text;
use super::operators::call;
use super::plan::{is_canonical, is_jsonb, literal, read_beside, retyped};
use super::signatures::implicit;
use super::{cases, kinds};
use crate::error::Error;
use crate::pg::catalog::index::type_cell;
use crate::pg::catalog::rows;
use crate::pg::facts::Facts;
use crate::pg::functions;
use crate::pg::functions::case::{SEARCHED, SIMPLE};
use crate::pg::types::{self, MODIFIER_KEY, TYPE_KEY};

/// Such an expression with its type, which a cast around it tells; any other as it is.
/// Errors: a literal that is not of that type.
pub(super) fn types(
    expr: Expr,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Case(case) => self::case(case, schema, facts),
        Expr::ScalarFunction(function) => self::function(function, schema, facts),
        other => Ok(Transformed::no(other)),
    }
}

/// A CASE with its type, and the literals its operand is compared with read as values of the operand's type.
/// Errors: a literal that is not of that type.
fn case(mut case: Case, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    let mut changed = false;
    if let Some(operand) = &case.expr {
        let own = operand.get_type(schema).unwrap_or(DataType::Null);
        for (when, _) in &mut case.when_then_expr {
            changed |= 0 < read_beside(when, &own, facts)?;
        }
    }
    let common = {
        let (results, complete) = results(&case);
        field(&results, schema, complete)
    };
    let Some(common) = common else {
        let expr = Expr::Case(case);
        return Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) });
    };
    let thens = case.when_then_expr.iter_mut().map(|(_, then)| then);
    for result in thens.chain(&mut case.else_expr) {
        **result = of(std::mem::take(result.as_mut()), &common, schema, facts)?;
    }
    Ok(Transformed::yes(told(Expr::Case(case), common)))
}

/// A call whose arguments are of one type, with that type.
/// Errors: a literal that is not of that type.
fn function(
    mut function: ScalarFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Transformed<Expr>> {
    let results: Vec<&Expr> = match function.name() {
        "coalesce" | "greatest" | "least" => function.args.iter().collect(),
        "make_array" => return array(function, schema, facts),
        // Those of jsonb, and of what is padded, are compared by value, which is more than a type.
        "nullif" if function.args.first().is_some_and(|first| is_compared(first, schema)) => {
            return Ok(Transformed::no(Expr::ScalarFunction(function)));
        }
        // The second value never comes out of it.
        "nullif" => function.args.iter().take(1).collect(),
        _ => return Ok(Transformed::no(Expr::ScalarFunction(function))),
    };
    if let Some(error) = unmatched(&function, schema) {
        return Err(error);
    }
    let is_json = |arg: &Expr| {
        let own = arg.to_field(schema).ok().map(|(_, field)| types::of_field(&field).oid);
        own == Some(types::JSON) && !is_unknown(arg)
    };
    if matches!(function.name(), "greatest" | "least") && function.args.iter().any(is_json) {
        let message = "could not identify a comparison function for type json".to_owned();
        return Err(DataFusionError::External(Box::new(Error::UndefinedFunction(message))));
    }
    let Some(mut common) = field(&results, schema, true) else {
        return Ok(Transformed::no(Expr::ScalarFunction(function)));
    };
    if function.name() == "nullif" && types::of_field(&common).oid == types::VARCHAR {
        // It is what `=` compares.
        common = Arc::new(rows::tagged(Field::new("", DataType::Utf8, true), "text"));
    }
    for arg in &mut function.args {
        *arg = of(std::mem::take(arg), &common, schema, facts)?;
    }
    let expr = kinds::greatest(&function, schema);
    Ok(Transformed::yes(told(expr.unwrap_or(Expr::ScalarFunction(function)), common)))
}

fn is_compared(expr: &Expr, schema: &DFSchema) -> bool {
    let padded = |(_, field): (_, FieldRef)| types::of_field(&field).oid == types::BPCHAR;
    is_jsonb(expr, schema) || expr.to_field(schema).is_ok_and(padded)
}

/// Such an expression as an operand, whose operators its type tells; its literals are read later. Any other as it is.
pub(super) fn operand(expr: Expr, schema: &DFSchema) -> Expr {
    match of_results(&expr, schema) {
        Some(common) => told(expr, common),
        None => expr,
    }
}

/// The type of such an expression; `None` for any other, and where the planner tells it.
fn of_results(expr: &Expr, schema: &DFSchema) -> Option<FieldRef> {
    match expr {
        Expr::Case(case) => {
            let (results, complete) = results(case);
            field(&results, schema, complete)
        }
        Expr::ScalarFunction(function) => {
            let results: Vec<&Expr> = match function.name() {
                "coalesce" | "greatest" | "least" => function.args.iter().collect(),
                "nullif" => function.args.iter().take(1).collect(),
                SEARCHED | SIMPLE => {
                    return of_results(&Expr::Case(cases::case(function.clone())), schema);
                }
                _ => return None,
            };
            field(&results, schema, true)
        }
        _ => None,
    }
}

/// What a CASE may be, and whether that is all. PostgreSQL looks at the ELSE first.
fn results(case: &Case) -> (Vec<&Expr>, bool) {
    let otherwise = case.else_expr.as_deref();
    let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
    (otherwise.into_iter().chain(thens).collect(), otherwise.is_some())
}

/// An array of values whose type their fields alone tell, with that type.
/// Errors: a literal that is not of that type.
fn array(
    mut function: ScalarFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Transformed<Expr>> {
    let elements: Vec<&Expr> = function.args.iter().collect();
    let common = field(&elements, schema, true).filter(|field| !field.data_type().is_list());
    let common = common.or_else(|| alike(&elements, schema));
    let Some(common) = common else {
        return Ok(Transformed::no(Expr::ScalarFunction(function)));
    };
    let read = is_read(&common);
    for arg in &mut function.args {
        if read && let Expr::Literal(ScalarValue::Utf8(Some(text)), None) = &*arg {
            *arg = literal(text, Arc::clone(&common), facts)?;
        }
        *arg = of(std::mem::take(arg), &common, schema, facts)?;
    }
    let item = Arc::new(common.as_ref().clone().with_name("item").with_nullable(true));
    let list = Arc::new(Field::new("", DataType::List(item), true));
    Ok(Transformed::yes(told(Expr::ScalarFunction(function), list)))
}

/// The field of elements that are of one such type, which the planner has as another's; with their length if that is one.
fn alike(elements: &[&Expr], schema: &DFSchema) -> Option<FieldRef> {
    let told = elements.iter().filter(|element| !is_unknown(element));
    let fields = told.map(|element| Some(element.to_field(schema).ok()?.1));
    let fields = fields.collect::<Option<Vec<FieldRef>>>()?;
    let first = fields.first()?;
    let own = types::of_field(first);
    let one_type = fields.iter().all(|field| {
        field.data_type() == first.data_type() && types::of_field(field).oid == own.oid
    });
    if !one_type || !first.metadata().contains_key(TYPE_KEY) {
        return None;
    }
    let one_length = fields.len() == elements.len()
        && fields.iter().all(|field| types::of_field(field).modifier == own.modifier);
    match own.oid {
        types::NUMERIC if one_length => Some(Arc::clone(first)),
        types::BPCHAR if one_length => Some(Arc::clone(first)),
        types::BPCHAR => Some(Arc::new(types::unmodified(first))),
        _ => None,
    }
}

/// Whether texts of that type have a form of their own.
fn is_read(field: &Field) -> bool {
    is_canonical(types::of_field(field).oid)
}

/// Whether a COALESCE has a text beside an array, which would become an array of the one text.
fn unmatched(function: &ScalarFunction, schema: &DFSchema) -> Option<DataFusionError> {
    let told = function.args.iter().filter(|arg| !is_unknown(arg));
    let fields: Vec<FieldRef> =
        told.filter_map(|arg| arg.to_field(schema).ok().map(|(_, field)| field)).collect();
    let kind = |field: &FieldRef| types::sql_name(types::of_field(field).oid);
    let list = fields.iter().find(|field| field.data_type().is_list())?;
    let text = fields.iter().find(|field| field.data_type().is_string())?;
    let mut sides = [list, text];
    sides.sort_by_key(|side| fields.iter().position(|field| Arc::ptr_eq(field, side)));
    let [one, other] = sides.map(kind);
    let word = function.name().to_uppercase();
    let message = format!("{word} types {one} and {other} cannot be matched");
    Some(DataFusionError::External(Box::new(Error::DatatypeMismatch(message))))
}

/// The field all of `results` can be; `None` where the planner finds it out by itself. `complete`: there is no NULL
/// beside them that nobody wrote.
fn field(results: &[&Expr], schema: &DFSchema, complete: bool) -> Option<FieldRef> {
    let mut fields = Vec::with_capacity(results.len());
    for result in results {
        if !is_unknown(result) {
            let own = of_results(result, schema);
            fields.push(own.or_else(|| Some(result.to_field(schema).ok()?.1))?);
        }
    }
    let written = fields.len() < results.len();
    let told = |field: &FieldRef| {
        field.data_type().is_list() && written
            || field.metadata().contains_key(TYPE_KEY) && is_told(types::of_field(field).oid)
    };
    if !fields.iter().any(told) {
        return None;
    }
    let kinds = fields.iter().map(|field| types::of_field(field).oid);
    let kind = kinds.map(Some).reduce(|one, other| both(one?, other?))??;
    let first = fields.first()?;
    if fields.iter().all(|field| field.data_type().is_list()) {
        return Some(Arc::clone(first));
    }
    if !is_told(kind) {
        return None;
    }
    let mut common = rows::field("", types::name_of(kind)?);
    let modifier = |field: &Field| field.metadata().get(MODIFIER_KEY).cloned();
    if complete
        && !written
        && let Some(own) = modifier(first)
        && fields.iter().all(|field| modifier(field).as_ref() == Some(&own))
    {
        common.metadata_mut().insert(MODIFIER_KEY.to_owned(), own);
    }
    Some(Arc::new(common))
}

/// Whether a value of that type is told apart by its field's metadata alone.
fn is_told(kind: u32) -> bool {
    if let Some(element) = types::element_of(kind) {
        return is_told(element);
    }
    match kind {
        types::NUMERIC | types::TEXT | types::RECORD => false,
        // The planner has them; catalogs alone keep them as texts.
        types::DATE | types::TIME | types::TIMESTAMP | types::TIMESTAMPTZ | types::INTERVAL => {
            false
        }
        _ => types::name_of(kind).is_some_and(|name| {
            let field = rows::field("", name);
            field.metadata().contains_key(TYPE_KEY)
                && matches!(field.data_type(), DataType::Utf8 | DataType::Int64)
        }),
    }
}

/// A literal whose type nobody wrote.
fn is_unknown(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Null, None))
}

/// PostgreSQL's `select_common_type` of two; `None` when there is none.
pub(super) fn both(one: u32, other: u32) -> Option<u32> {
    if one == other {
        return Some(one);
    }
    let category = |kind| type_cell(kind, "typcategory");
    if category(one) != category(other) || types::element_of(one).is_some() {
        return None;
    }
    let stays = type_cell(one, "typispreferred").truth();
    let moves = !stays && implicit(one, other) && !implicit(other, one);
    Some(if moves { other } else { one })
}

/// `expr` as a value that `common` stores.
fn of(expr: Expr, common: &FieldRef, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Expr> {
    let stored = common.data_type();
    if let Expr::Literal(ScalarValue::Utf8(Some(text)), None) = &expr {
        return match stored {
            DataType::Utf8 if !is_read(common) => Ok(expr),
            _ => literal(text, Arc::clone(common), facts),
        };
    }
    if let Ok((_, own)) = expr.to_field(schema) {
        let (source, target) = (types::of_field(&own).oid, types::of_field(common).oid);
        if own.data_type().is_string() && source != target && is_text(source) && is_text(target) {
            return Ok(retyped(expr, source, target));
        }
    }
    match expr.get_type(schema) {
        Ok(own) if own == *stored || own.is_null() => Ok(expr),
        _ => Ok(Expr::Cast(Cast::new(Box::new(expr), stored.clone()))),
    }
}

/// `expr` as a value of `field`.
pub(super) fn told(expr: Expr, field: FieldRef) -> Expr {
    // Arrow's own type tells a numeric; its digits are looked for below a cast.
    let element = types::of_field(&field).oid;
    if field.data_type().is_list() && types::element_of(element) != Some(types::NUMERIC) {
        return call(functions::marked(field), vec![expr]);
    }
    Expr::Cast(Cast { expr: Box::new(expr), field })
}

#[cfg(test)]
mod tests {
    use super::both;
    use crate::pg::types::{self, by_name};

    #[track_caller]
    fn check(one: &str, other: &str, want: &str) {
        let kind = |name| by_name(name).expect("a type");
        let found = both(kind(one), kind(other)).map(types::sql_name);
        assert_eq!(found.unwrap_or_default(), want, "{one}, {other}");
    }

    #[test]
    fn one_type_of_two() {
        check("name", "text", "name");
        check("text", "name", "text");
        check("integer", "oid", "oid");
        check("oid", "integer", "oid");
        check("regproc", "oid", "regproc");
        check("varchar", "text", "character varying");
        check("text", "varchar", "text");
        check("character", "varchar", "character");
        check("smallint", "real", "real");
        check("real", "numeric", "real");
        check("name", "oid", "");
        check("name[]", "text[]", "");
    }
}
