//! LATERAL subqueries without a FROM of their own: they compute from the row beside them, so a projection is enough.
//! The planner has no plan for an outer column in a SELECT list.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, TableReference};
use datafusion::logical_expr::{Expr, JoinType, LogicalPlan, Projection};

/// An output of the subquery, said with the columns beside it.
struct Output {
    qualifier: Option<TableReference>,
    name: String,
    expr: Expr,
}

/// Replaces such a join; any other node is left as it is.
pub(super) fn flatten(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Join(join) = &node else { return Ok(Transformed::no(node)) };
    let plain = join.on.is_empty() && join.filter.is_none() && join.join_type == JoinType::Inner;
    if !plain || !is_lateral(&join.right) {
        return Ok(Transformed::no(node));
    }
    let Some(outputs) = outputs(&join.right, join.left.schema())? else {
        return Ok(Transformed::no(node));
    };
    let mut columns: Vec<Expr> = join.left.schema().columns().into_iter().map(Expr::from).collect();
    for output in outputs {
        columns.push(output.expr.alias_qualified(output.qualifier, output.name));
    }
    let projection = Projection::try_new(columns, Arc::clone(&join.left))?;
    Ok(Transformed::yes(LogicalPlan::Projection(projection)))
}

fn is_lateral(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Subquery(_) => true,
        LogicalPlan::SubqueryAlias(alias) => is_lateral(&alias.input),
        _ => false,
    }
}

/// What a plan of nothing but projections over one empty row computes; `None` for any other.
fn outputs(plan: &LogicalPlan, beside: &DFSchema) -> Result<Option<Vec<Output>>> {
    match plan {
        LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => Ok(Some(Vec::new())),
        LogicalPlan::Subquery(subquery) => outputs(&subquery.subquery, beside),
        LogicalPlan::SubqueryAlias(alias) => {
            let inner = outputs(&alias.input, beside)?;
            Ok(inner.map(|inner| {
                let named =
                    |output: Output| Output { qualifier: Some(alias.alias.clone()), ..output };
                inner.into_iter().map(named).collect()
            }))
        }
        LogicalPlan::Projection(projection) => {
            let Some(inner) = outputs(&projection.input, beside)? else { return Ok(None) };
            let mut outputs = Vec::with_capacity(projection.expr.len());
            for (expr, (qualifier, field)) in projection.expr.iter().zip(projection.schema.iter()) {
                if !row_by_row(expr) {
                    return Ok(None);
                }
                let expr = said(expr.clone(), &inner, beside)?;
                let (qualifier, name) = (qualifier.cloned(), field.name().clone());
                outputs.push(Output { qualifier, name, expr });
            }
            Ok(Some(outputs))
        }
        _ => Ok(None),
    }
}

/// Whether an expression gives one value for one row and nothing in it is a plan of its own.
fn row_by_row(expr: &Expr) -> bool {
    let found = expr.exists(|expr| {
        Ok(matches!(
            expr,
            Expr::ScalarSubquery(_)
                | Expr::Exists(_)
                | Expr::InSubquery(_)
                | Expr::SetComparison(_)
                | Expr::Unnest(_)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
        ) || expr.is_volatile_node())
    });
    !found.unwrap_or(true)
}

/// `expr` with the outputs below it and the columns beside it in place of its columns.
fn said(expr: Expr, inner: &[Output], beside: &DFSchema) -> Result<Expr> {
    let changed = expr.transform_up(|expr| {
        Ok(match expr {
            // One that is not beside belongs to a query further out.
            Expr::OuterReferenceColumn(_, column) if beside.has_column(&column) => {
                Transformed::yes(Expr::Column(column))
            }
            Expr::Column(column) => match inner.iter().find(|output| is(output, &column)) {
                Some(output) => Transformed::yes(output.expr.clone()),
                None => Transformed::no(Expr::Column(column)),
            },
            Expr::Alias(alias) => Transformed::yes(*alias.expr),
            other => Transformed::no(other),
        })
    })?;
    Ok(changed.data)
}

fn is(output: &Output, column: &Column) -> bool {
    output.name == column.name && (column.relation.is_none() || column.relation == output.qualifier)
}
