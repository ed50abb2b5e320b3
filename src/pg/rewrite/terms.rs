//! The two terms of a recursive query: each column is of the type it has in the first, which PostgreSQL insists on
//! (`analyzeCTE` in parse_cte.c). The planner casts what the second finds to that type, digits and all.
//!
//! Numerics have room to grow in the digits before the point. Those after it are as many as the first term tells, in every
//! round: where the second finds more, the query is refused.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    Cast, Expr, ExprSchemable, LogicalPlan, Projection, RecursiveQuery,
};
use datafusion::sql::sqlparser::ast::{
    self, GroupByExpr, Ident, Query, SelectItem, SetExpr, Spanned, Value,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::common::{self, Member};
use super::digits::scales::own_digits;
use super::recursion::Working;
use super::syntax::{call, null};
use super::unions::output;
use crate::error::{Error, Place};
use crate::pg::encode::is_oid;
use crate::pg::facts::Facts;
use crate::pg::types::{self, MODIFIER_KEY, PgType};
use crate::pg::{functions, numeric};

/// Digits before the point that a column has room for; with more the planner finds no type beside other numerics.
const WHOLE_DIGITS: u8 = 56;

/// Puts the outputs of first terms into calls that say where they stand, and the casts of second terms into such that
/// [`typed`] can tell from the planner's.
pub(super) fn tell_outputs(query: &mut Query) {
    let Some(with) = query.with.as_mut().filter(|with| with.recursive) else { return };
    for cte in &mut with.cte_tables {
        let SetExpr::SetOperation { left, right, .. } = cte.query.body.as_mut() else { continue };
        tell_each(left, |expr| {
            let Location { line, column } = expr.span().start;
            (line != 0).then(|| format!("{line} {column}"))
        });
        tell_each(right, |expr| match expr {
            ast::Expr::Cast { data_type, .. } => Some(data_type.to_string()),
            _ => None,
        });
    }
}

fn tell_each(body: &mut SetExpr, told: impl Fn(&ast::Expr) -> Option<String>) {
    let select = match body {
        SetExpr::Select(select) => select,
        SetExpr::Query(query) => return tell_each(&mut query.body, told),
        _ => return,
    };
    // A key of GROUP BY is found by its text.
    if !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty()) {
        return;
    }
    for item in &mut select.projection {
        let (expr, alias) = match item {
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.clone())),
            SelectItem::UnnamedExpr(expr) => {
                let alias = column_name(expr);
                (expr, alias)
            }
            _ => continue,
        };
        let Some(told) = told(expr) else { continue };
        let told = ast::Expr::value(Value::SingleQuotedString(told));
        let expr = call(functions::CAST, vec![std::mem::replace(expr, null()), told]);
        *item = match alias {
            Some(alias) => SelectItem::ExprWithAlias { expr, alias },
            None => SelectItem::UnnamedExpr(expr),
        };
    }
}

fn column_name(expr: &ast::Expr) -> Option<Ident> {
    match expr {
        ast::Expr::Identifier(name) => Some(name.clone()),
        ast::Expr::CompoundIdentifier(parts) => parts.last().cloned(),
        _ => None,
    }
}

/// A recursive query whose terms are of the same types. `cast` gives the expressions of a plan PostgreSQL's types.
/// Errors: 42804 for a column whose type in the first term is not that of both; 0A000 for a numeric that gets more digits
/// after the point.
pub(super) fn typed(
    query: RecursiveQuery,
    facts: &Arc<Facts>,
    mut cast: impl FnMut(LogicalPlan) -> Result<LogicalPlan>,
) -> Result<LogicalPlan> {
    let RecursiveQuery { name, static_term, recursive_term, is_distinct, .. } = query;
    let places: Vec<Option<Place>> =
        (0..static_term.schema().fields().len()).map(|index| place(&static_term, index)).collect();
    let start = roomy(cast(Arc::unwrap_or_clone(static_term))?)?;
    let step = uncast(Arc::unwrap_or_clone(recursive_term))?;
    let step = cast(Working::new(&name, &start)?.read_in(step)?)?;
    let step = matched(&name, (&start, &places), step, facts)?;
    let query = RecursiveQuery::try_new(name, Arc::new(start), Arc::new(step), is_distinct)?;
    Ok(LogicalPlan::RecursiveQuery(query))
}

/// Where an output of a first term stands.
fn place(plan: &LogicalPlan, index: usize) -> Option<Place> {
    let LogicalPlan::Projection(projection) = plan else { return None };
    let mut expr = projection.expr.get(index)?;
    while let Expr::Alias(alias) = expr {
        expr = &alias.expr;
    }
    match expr {
        Expr::Column(column) => {
            place(&projection.input, projection.input.schema().maybe_index_of_column(column)?)
        }
        Expr::ScalarFunction(function) if function.name() == functions::CAST => {
            let Some(Expr::Literal(ScalarValue::Utf8(Some(place)), _)) = function.args.get(1)
            else {
                return None;
            };
            let (line, column) = place.split_once(' ')?;
            Some(Place::At(line.parse().ok()?, column.parse().ok()?))
        }
        _ => None,
    }
}

/// The expressions of a plan's columns, and what they are made of.
fn columns(plan: LogicalPlan) -> (Vec<Expr>, Arc<LogicalPlan>) {
    match plan {
        LogicalPlan::Projection(projection) => (projection.expr, projection.input),
        other => {
            let columns = other.schema().columns().into_iter().map(Expr::Column).collect();
            (columns, Arc::new(other))
        }
    }
}

/// Rows whose numerics may become long ones.
fn roomy(plan: LogicalPlan) -> Result<LogicalPlan> {
    let schema = Arc::clone(plan.schema());
    let wide: Vec<Option<DataType>> = schema.fields().iter().map(|field| room(field)).collect();
    if wide.iter().all(Option::is_none) {
        return Ok(plan);
    }
    let columns = schema.iter().zip(wide).map(|((qualifier, field), wide)| {
        let column = Expr::from((qualifier, field));
        match wide {
            Some(wide) => {
                let wide = Arc::new(field.as_ref().clone().with_name("").with_data_type(wide));
                Expr::Cast(Cast::new_from_field(Box::new(column), wide))
                    .alias_qualified(qualifier.cloned(), field.name())
            }
            None => column,
        }
    });
    let columns = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

/// The type of a numeric with room; `None` for one that declares how long it is, and for other types.
fn room(field: &Field) -> Option<DataType> {
    let declared = field.metadata().contains_key(MODIFIER_KEY);
    let data_type = field.data_type();
    if declared || !data_type.is_decimal() || numeric::varies(data_type) {
        return None;
    }
    let digits = own_digits(data_type)?;
    let wide = DataType::Decimal256(WHOLE_DIGITS.checked_add(digits.unsigned_abs())?, digits);
    (wide != *data_type).then_some(wide)
}

/// The second term without the casts by which the planner made its columns those of the first.
fn uncast(plan: LogicalPlan) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(projection) = plan else { return Ok(plan) };
    let exprs = projection.expr.into_iter().map(|expr| match expr {
        Expr::Alias(mut alias) => {
            *alias.expr = inner(*alias.expr);
            Expr::Alias(alias)
        }
        other => inner(other),
    });
    Ok(LogicalPlan::Projection(Projection::try_new(exprs.collect(), projection.input)?))
}

fn inner(expr: Expr) -> Expr {
    match expr {
        Expr::Cast(cast) if cast.field.metadata().is_empty() => *cast.expr,
        other => other,
    }
}

/// The second term with the types of the first. Errors: those of [`typed`].
fn matched(
    name: &str,
    (start, places): (&LogicalPlan, &[Option<Place>]),
    step: LogicalPlan,
    facts: &Arc<Facts>,
) -> Result<LogicalPlan> {
    let (mut exprs, input) = columns(step);
    for (index, (expr, field)) in exprs.iter_mut().zip(start.schema().fields()).enumerate() {
        let named = matches!(expr, Expr::Alias(_));
        let name_before = expr.schema_name().to_string();
        let own = match &mut *expr {
            Expr::Alias(alias) => alias.expr.as_mut(),
            other => other,
        };
        // A parameter's type may not be known yet.
        let Ok((_, found)) = own.to_field(input.schema()) else { continue };
        let place = places.get(index).cloned().flatten();
        let unknown = output(start, index).is_some_and(common::is_unknown);
        let members = [
            Member { field, unknown, place: place.clone() },
            Member { field: &found, unknown: common::is_unknown(own), place: common::place(own) },
        ];
        let unknown = members.iter().any(|member| member.unknown);
        common::common("UNION", members.into_iter())?;
        if !unknown && !found.data_type().is_null() {
            check(name, index, (field, &found))
                .map_err(|error| DataFusionError::External(Box::new(error.near(place))))?;
        }
        let mut cast = common::become_one(own, field, input.schema(), facts)?;
        if !is_alike(&own.to_field(input.schema())?.1, field) {
            let field = Arc::new(field.as_ref().clone().with_name(""));
            *own = Expr::Cast(Cast::new_from_field(Box::new(std::mem::take(own)), field));
            cast = true;
        }
        if cast && !named {
            *expr = std::mem::take(expr).alias(name_before);
        }
    }
    Ok(LogicalPlan::Projection(Projection::try_new(exprs, input)?))
}

fn is_alike(one: &FieldRef, other: &FieldRef) -> bool {
    one.data_type() == other.data_type() && one.metadata() == other.metadata()
}

/// Errors: those of [`typed`], of one column.
fn check(
    name: &str,
    index: usize,
    (first, second): (&FieldRef, &FieldRef),
) -> crate::error::Result<()> {
    let (own, found) = (declared(first), declared(second));
    let overall = overall(own, found);
    if overall != own {
        let shown = |kind: PgType| types::format_type(kind.oid, kind.modifier);
        let message = format!(
            "recursive query \"{name}\" column {} has type {} in non-recursive term but type {} overall",
            index + 1,
            shown(own),
            shown(overall),
        );
        let hint = "Cast the output of the non-recursive term to the correct type.";
        return Err(Error::DatatypeMismatch(message).hint(hint));
    }
    let digits = |field: &FieldRef| own_digits(field.data_type());
    let grows = own.modifier == -1
        && first.data_type().is_decimal()
        && digits(first).zip(digits(second)).is_some_and(|(first, second)| first < second);
    if grows {
        let message = format!(
            "column {} of recursive query \"{name}\" gets more digits after the point than its first term has, which is not supported",
            index + 1
        );
        let hint = "Cast it to a numeric of enough digits in both terms, or to double precision.";
        return Err(Error::FeatureNotSupported(message).hint(hint));
    }
    Ok(())
}

/// The type of a column with the modifier that a cast declared. The length of a decimal of Arrow is none.
fn declared(field: &FieldRef) -> PgType {
    let kind = types::of_field(field);
    match field.metadata().contains_key(MODIFIER_KEY) {
        true => kind,
        false => PgType::new(kind.oid),
    }
}

/// The type of both (`select_common_type` and `select_common_typmod`).
fn overall(first: PgType, second: PgType) -> PgType {
    if first.oid == second.oid {
        return if first.modifier == second.modifier { first } else { PgType::new(first.oid) };
    }
    let wider = match (types::element_of(first.oid), types::element_of(second.oid)) {
        (Some(first), Some(second)) => is_wider(first, second),
        _ => is_wider(first.oid, second.oid),
    };
    PgType::new(if wider { second.oid } else { first.oid })
}

/// Whether a value of the first type is one of the second without being told, and not the other way round.
fn is_wider(first: u32, second: u32) -> bool {
    const NUMBERS: &[u32] =
        &[types::INT2, types::INT4, types::INT8, types::NUMERIC, types::FLOAT4, types::FLOAT8];
    const MOMENTS: &[u32] = &[types::DATE, types::TIMESTAMP, types::TIMESTAMPTZ];
    let whole = |oid| matches!(oid, types::INT2 | types::INT4 | types::INT8);
    let behind = |list: &[u32]| {
        let place = |oid| list.iter().position(|known| *known == oid);
        place(first).zip(place(second)).is_some_and(|(first, second)| first < second)
    };
    behind(NUMBERS) || behind(MOMENTS) || whole(first) && is_oid(second)
}
