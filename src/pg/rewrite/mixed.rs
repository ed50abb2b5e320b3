//! Timestamps with and without time zone and dates side by side, where one type has to be found for all: those without are
//! local in the session's zone (PostgreSQL manual, 10.5). The planner would take them in UTC, or all as without.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::{Case, InSubquery};
use datafusion::logical_expr::{Expr, ExprSchemable, Join, LogicalPlan, Projection, Subquery, lit};

use super::plan::unpad_compared;
use super::zones;

/// Functions whose arguments are all of one type.
pub(super) const OF_ONE_TYPE: &[&str] = &["coalesce", "greatest", "least", "make_array", "nullif"];

/// Makes all of one type. Returns whether anything changed.
pub(super) fn arguments(exprs: &mut [Expr], schema: &DFSchema, time_zone: &str) -> bool {
    alike(exprs.iter_mut().collect(), schema, time_zone)
}

/// Makes the results of a CASE, and what it compares, of one type each. Returns whether anything changed.
pub(super) fn case(case: &mut Case, schema: &DFSchema, time_zone: &str) -> bool {
    let (whens, results): (Vec<&mut Expr>, Vec<&mut Expr>) =
        case.when_then_expr.iter_mut().map(|(when, then)| (when.as_mut(), then.as_mut())).unzip();
    let results = results.into_iter().chain(case.else_expr.as_deref_mut()).collect();
    let changed = alike(results, schema, time_zone);
    match case.expr.as_deref_mut() {
        Some(compared) => {
            let compared = std::iter::once(compared).chain(whens).collect();
            alike(compared, schema, time_zone) || changed
        }
        None => changed,
    }
}

fn alike(exprs: Vec<&mut Expr>, schema: &DFSchema, time_zone: &str) -> bool {
    let kinds: Vec<DataType> =
        exprs.iter().map(|expr| expr.get_type(schema).unwrap_or(DataType::Null)).collect();
    if !kinds.iter().any(is_zoned) {
        return false;
    }
    let mut changed = false;
    for (expr, kind) in exprs.into_iter().zip(&kinds) {
        if is_local(kind) {
            let local = std::mem::replace(expr, lit(0));
            *expr = zones::moment(&local, kind, time_zone);
            changed = true;
        }
    }
    changed
}

fn is_zoned(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, Some(_)))
}

fn is_local(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(_, None) | DataType::Date32)
}

/// A query with the columns that `wanted` tells as timestamps with time zone.
fn instants(input: Arc<LogicalPlan>, wanted: &[bool], time_zone: &str) -> Result<LogicalPlan> {
    let columns = input.schema().iter().zip(wanted).map(|((qualifier, field), wanted)| {
        let column = Expr::from((qualifier, field));
        if *wanted && is_local(field.data_type()) {
            zones::moment(&column, field.data_type(), time_zone)
                .alias_qualified(qualifier.cloned(), field.name())
        } else {
            column
        }
    });
    let columns: Vec<Expr> = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, input)?))
}

/// `x IN (SELECT y …)` with both sides of one type. Returns whether anything changed.
pub(super) fn subquery(
    inside: &mut InSubquery,
    schema: &DFSchema,
    time_zone: &str,
) -> Result<bool> {
    let own = inside.expr.get_type(schema).unwrap_or(DataType::Null);
    let column = inside.subquery.subquery.schema().fields().first();
    let Some(listed) = column.map(|field| field.data_type().clone()) else { return Ok(false) };
    if unpadded(inside, schema)? {
        return Ok(true);
    }
    if is_zoned(&listed) && is_local(&own) {
        *inside.expr = zones::moment(&inside.expr, &own, time_zone);
        return Ok(true);
    }
    if !is_zoned(&own) || !is_local(&listed) {
        return Ok(false);
    }
    let plan = instants(Arc::clone(&inside.subquery.subquery), &[true], time_zone)?;
    inside.subquery = Subquery { subquery: Arc::new(plan), ..inside.subquery.clone() };
    Ok(true)
}

/// `x IN (SELECT y …)` with a `character` on a side, without the blanks at the ends. Returns whether it is one.
fn unpadded(inside: &mut InSubquery, schema: &DFSchema) -> Result<bool> {
    let plan = Arc::clone(&inside.subquery.subquery);
    let Some(column) = plan.schema().columns().into_iter().next() else { return Ok(false) };
    if inside.expr.get_type(schema).is_err() {
        return Ok(false);
    }
    // Only what it is named tells the column apart from those of the query around.
    let name = Column::from_name("__forebay_listed");
    let (_, field) = Expr::Column(column.clone()).to_field(plan.schema())?;
    let field = field.as_ref().clone().with_name(&name.name);
    let listed = DFSchema::from_unqualified_fields(vec![field].into(), HashMap::new())?;
    let mut compared = Expr::Column(name.clone());
    let both = schema.join(&listed)?;
    if !unpad_compared([inside.expr.as_mut(), &mut compared], &both) {
        return Ok(false);
    }
    let named = Projection::try_new(vec![Expr::Column(column).alias(&name.name)], plan)?;
    let named = Arc::new(LogicalPlan::Projection(named));
    let plan = LogicalPlan::Projection(Projection::try_new(vec![compared], named)?);
    inside.subquery = Subquery { subquery: Arc::new(plan), ..inside.subquery.clone() };
    Ok(true)
}

/// Makes the pairs that a join compares of one type each. Returns whether anything changed.
pub(super) fn join(join: &mut Join, time_zone: &str) -> bool {
    let mut changed = false;
    for (left, right) in &mut join.on {
        let kind = |expr: &Expr, plan: &LogicalPlan| {
            expr.get_type(plan.schema()).unwrap_or(DataType::Null)
        };
        let (own, other) = (kind(left, &join.left), kind(right, &join.right));
        if is_zoned(&own) && is_local(&other) {
            *right = zones::moment(right, &other, time_zone);
            changed = true;
        } else if is_local(&own) && is_zoned(&other) {
            *left = zones::moment(left, &own, time_zone);
            changed = true;
        }
    }
    changed
}
