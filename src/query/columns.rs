//! The columns of a result as RowDescription tells them: name, table, type.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::common::TableReference;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable, JoinType, LogicalPlan};

use super::door::Column;
use super::names::Read;
use super::parse::shown;
use crate::pg::apply::{Apply, Kind};
use crate::pg::{functions, types};

/// The columns as RowDescription tells them.
pub(super) fn columns(plan: &LogicalPlan, reads: &[Read]) -> Arc<[Column]> {
    let schema: &Schema = plan.schema().as_arrow();
    schema
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let origin = origin(plan, index).and_then(|(reference, name)| {
                let read = reads.iter().find(|read| read.reference == reference)?;
                let table = read.version.manifest.tables.get(&read.table)?;
                let number = table.schema().index_of(&name).ok()? + 1;
                Some((read.oid, i16::try_from(number).ok()?))
            });
            let (table_oid, number) = origin.unwrap_or((0, 0));
            let mut pg_type = types::of_field(field);
            if types::element_of(pg_type.oid).is_some()
                && let Some(array) = gathered(plan, index).and_then(types::array_of)
            {
                pg_type = types::PgType::new(array);
            }
            if table_oid == 0 {
                pg_type = computed(plan, index, pg_type);
            }
            Column { name: shown(field.name()).to_owned(), table_oid, number, pg_type }
        })
        .collect()
}

/// The type of a column no table has: PostgreSQL gives a computed numeric no precision unless a cast does.
fn computed(plan: &LogicalPlan, index: usize, pg_type: types::PgType) -> types::PgType {
    match pg_type.oid {
        types::NUMERIC => match plan {
            LogicalPlan::Limit(limit) => computed(&limit.input, index, pg_type),
            LogicalPlan::Sort(sort) => computed(&sort.input, index, pg_type),
            LogicalPlan::Projection(projection)
                if matches!(projection.expr.get(index).map(unaliased), Some(Expr::Cast(cast))
                    if cast.field.metadata().contains_key(types::MODIFIER_KEY)) =>
            {
                pg_type
            }
            _ => types::PgType::new(types::NUMERIC),
        },
        _ => pg_type,
    }
}

/// The element type of an array that output `index` has gathered, where the values themselves do not tell it.
fn gathered(plan: &LogicalPlan, index: usize) -> Option<u32> {
    match plan {
        LogicalPlan::Projection(projection) => {
            gathered_by(projection.expr.get(index)?, &projection.input)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let keys = grouping_set_to_exprlist(&aggregate.group_expr).ok()?;
            if let Some(key) = keys.get(index) {
                return gathered_by(key, &aggregate.input);
            }
            // Behind grouping sets stands their number.
            let before = aggregate.schema.fields().len() - aggregate.aggr_expr.len();
            let expr = aggregate.aggr_expr.get(index.checked_sub(before)?)?;
            gathered_by(expr, &aggregate.input)
        }
        LogicalPlan::Window(window) => {
            let before = window.input.schema().fields().len();
            match index.checked_sub(before) {
                None => gathered(&window.input, index),
                Some(index) => gathered_by(window.window_expr.get(index)?, &window.input),
            }
        }
        LogicalPlan::Filter(filter) => gathered(&filter.input, index),
        LogicalPlan::Sort(sort) => gathered(&sort.input, index),
        LogicalPlan::Limit(limit) => gathered(&limit.input, index),
        LogicalPlan::SubqueryAlias(alias) => gathered(&alias.input, index),
        LogicalPlan::Distinct(distinct) => gathered(distinct.input(), index),
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            match index.checked_sub(left) {
                None => gathered(&join.left, index),
                Some(index) => gathered(&join.right, index),
            }
        }
        LogicalPlan::Extension(_) => {
            let (plan, index, _value) = applied(plan, index)?;
            gathered(plan, index)
        }
        _ => None,
    }
}

fn gathered_by(expr: &Expr, input: &LogicalPlan) -> Option<u32> {
    match unaliased(expr) {
        Expr::Column(column) => gathered(input, input.schema().maybe_index_of_column(column)?),
        Expr::AggregateFunction(function) if function.func.name() == "array_agg" => {
            let (_, field) = function.params.args.first()?.to_field(input.schema()).ok()?;
            field.metadata().contains_key(types::TYPE_KEY).then(|| types::of_field(&field).oid)
        }
        Expr::AggregateFunction(function) => gathered_by(
            function
                .params
                .args
                .first()
                .filter(|_| function.func.name() == functions::SINGLE_VALUE)?,
            input,
        ),
        Expr::ScalarFunction(function)
            if matches!(function.name(), "forebay_array" | "coalesce") =>
        {
            gathered_by(function.args.first()?, input)
        }
        Expr::ScalarSubquery(subquery) => gathered(&subquery.subquery, 0),
        _ => None,
    }
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

/// The plan whose output stands at `index` of a dependent join, its index there, and whether it is a subquery's value.
fn applied(plan: &LogicalPlan, index: usize) -> Option<(&LogicalPlan, usize, bool)> {
    let LogicalPlan::Extension(extension) = plan else { return None };
    let apply = extension.node.as_any().downcast_ref::<Apply>()?;
    let outer = apply.outer.schema().fields().len();
    Some(match index.checked_sub(outer) {
        None => (&apply.outer, index, false),
        // Before its own columns the inner plan has a number.
        Some(index) => (&apply.inner, index + 1, apply.kind == Kind::Single),
    })
}

/// The table and column that output `index` shows unchanged.
fn origin(plan: &LogicalPlan, index: usize) -> Option<(TableReference, String)> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let field = scan.projected_schema.field(index);
            Some((scan.table_name.clone(), field.name().clone()))
        }
        LogicalPlan::Projection(projection) => {
            through(projection.expr.get(index)?, &projection.input)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let keys = grouping_set_to_exprlist(&aggregate.group_expr).ok()?;
            through(keys.get(index)?, &aggregate.input)
        }
        LogicalPlan::Window(window) if index < window.input.schema().fields().len() => {
            origin(&window.input, index)
        }
        LogicalPlan::Filter(filter) => origin(&filter.input, index),
        LogicalPlan::Sort(sort) => origin(&sort.input, index),
        LogicalPlan::Limit(limit) => origin(&limit.input, index),
        LogicalPlan::SubqueryAlias(alias) => origin(&alias.input, index),
        LogicalPlan::Distinct(Distinct::All(input)) => origin(input, index),
        LogicalPlan::Distinct(Distinct::On(on)) => through(on.select_expr.get(index)?, &on.input),
        // The columns of INTERSECT and EXCEPT are no table's.
        LogicalPlan::Join(join)
            if matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti) =>
        {
            None
        }
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            if index < left { origin(&join.left, index) } else { origin(&join.right, index - left) }
        }
        LogicalPlan::Unnest(unnest) => {
            let below = *unnest.dependency_indices.get(index)?;
            let column = unnest.input.schema().columns().into_iter().nth(below)?;
            match unnest.exec_columns.contains(&column) {
                true => None,
                false => origin(&unnest.input, below),
            }
        }
        LogicalPlan::Extension(_) => {
            let (plan, index, value) = applied(plan, index)?;
            if value { None } else { origin(plan, index) }
        }
        _ => None,
    }
}

fn through(expr: &Expr, input: &LogicalPlan) -> Option<(TableReference, String)> {
    match expr {
        Expr::Alias(alias) => through(&alias.expr, input),
        Expr::Column(column) => origin(input, input.schema().maybe_index_of_column(column)?),
        _ => None,
    }
}
