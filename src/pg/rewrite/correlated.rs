//! Correlated scalar subqueries that DataFusion cannot decorrelate: those that are not one aggregate over equalities.
//!
//! The outer rows are numbered and left-joined with the subquery's source on its condition; one group per outer row
//! then holds the subquery's rows, and an aggregate makes the value: the subquery's own, or `forebay_single`, which
//! refuses a second row as PostgreSQL does (after Neumann and Kemper, "Unnesting Arbitrary Queries", 2015, for the
//! shapes named in [`Unnesting::of`]). A shape that is none of them is left as it is, for DataFusion to refuse.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, DataFusionError, Result, ScalarValue};
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::functions_window::row_number::row_number;
use datafusion::logical_expr::expr::{AggregateFunction, NullTreatment, Sort};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Aggregate, Expr, Filter, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, Projection,
    Subquery, lit,
};

use super::plan::any_node;
use crate::pg::functions;

/// Qualifiers of the columns that stand between.
const OUTER: &str = "__forebay_outer";
const INNER: &str = "__forebay_inner";
const GROUPED: &str = "__forebay_grouped";
const VALUE: &str = "__forebay_value";

/// Replaces every such subquery of this node.
pub(super) fn decorrelate(mut node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let mut changed = false;
    while let Some(subquery) = wanted(&node) {
        match replace(&node, &subquery)? {
            Some(replaced) => {
                node = replaced;
                changed = true;
            }
            None => break,
        }
    }
    Ok(if changed { Transformed::yes(node) } else { Transformed::no(node) })
}

/// The first subquery of this node that is ours to replace.
fn wanted(node: &LogicalPlan) -> Option<Subquery> {
    let input = match node {
        LogicalPlan::Projection(projection) => &projection.input,
        LogicalPlan::Filter(filter) => &filter.input,
        _ => return None,
    };
    let mut found = None;
    let walked = node.apply_expressions(|expr| {
        expr.apply(|expr| {
            if let Expr::ScalarSubquery(subquery) = expr
                && !subquery.outer_ref_columns.is_empty()
                && !simple(subquery)
                && Unnesting::of(input.schema(), subquery).is_some()
            {
                found = Some(subquery.clone());
                return Ok(TreeNodeRecursion::Stop);
            }
            Ok(TreeNodeRecursion::Continue)
        })
    });
    walked.ok().and(found)
}

/// Whether DataFusion decorrelates it by itself: one ungrouped aggregate over rows that equalities choose.
fn simple(subquery: &Subquery) -> bool {
    let mut plan = subquery.subquery.as_ref();
    if any_node(plan, |node| node.expressions().iter().any(correlated_inside)) {
        return false;
    }
    loop {
        plan = match plan {
            LogicalPlan::Projection(projection) if outer_free(&projection.expr) => {
                &projection.input
            }
            LogicalPlan::SubqueryAlias(alias) => &alias.input,
            LogicalPlan::Aggregate(aggregate) => {
                let plain = aggregate.group_expr.is_empty() && outer_free(&aggregate.aggr_expr);
                return plain && equalities_only(&aggregate.input);
            }
            _ => return false,
        };
    }
}

fn equalities_only(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter(filter) => {
            let fine = split_conjunction(&filter.predicate).into_iter().all(|term| match term {
                Expr::BinaryExpr(binary) if binary.op == Operator::Eq => {
                    let outer = |expr: &Expr| matches!(expr, Expr::OuterReferenceColumn(..));
                    let (left, right) = (binary.left.as_ref(), binary.right.as_ref());
                    (outer(left) || !left.contains_outer())
                        && (outer(right) || !right.contains_outer())
                        && !(outer(left) && outer(right))
                }
                other => !other.contains_outer(),
            });
            let nested = filter.predicate.exists(|expr| Ok(is_subquery(expr))).unwrap_or(true);
            fine && !nested && equalities_only(&filter.input)
        }
        LogicalPlan::SubqueryAlias(alias) => equalities_only(&alias.input),
        LogicalPlan::Projection(projection) => {
            outer_free(&projection.expr) && equalities_only(&projection.input)
        }
        other => other.all_out_ref_exprs().is_empty(),
    }
}

fn outer_free(exprs: &[Expr]) -> bool {
    exprs.iter().all(|expr| !expr.contains_outer())
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_)
    )
}

/// The node with a column in place of `subquery`.
fn replace(node: &LogicalPlan, subquery: &Subquery) -> Result<Option<LogicalPlan>> {
    let input = node.inputs()[0];
    let Some(unnesting) = Unnesting::of(input.schema(), subquery) else {
        return Ok(None);
    };
    let (widened, value) = unnesting.build(input)?;
    let substitute = |expr: Expr| {
        expr.transform_up(|expr| match &expr {
            Expr::ScalarSubquery(found) if found == subquery => {
                Ok(Transformed::yes(Expr::Column(value.clone())))
            }
            _ => Ok(Transformed::no(expr)),
        })
    };
    match node {
        LogicalPlan::Projection(projection) => {
            let mut exprs = Vec::with_capacity(projection.expr.len());
            for (index, expr) in projection.expr.iter().enumerate() {
                let (qualifier, field) = projection.schema.qualified_field(index);
                let done = substitute(expr.clone())?;
                let named = if done.transformed {
                    done.data.unalias().alias_qualified(qualifier.cloned(), field.name())
                } else {
                    done.data
                };
                exprs.push(named);
            }
            Ok(Some(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(widened))?)))
        }
        LogicalPlan::Filter(filter) => {
            let predicate = substitute(filter.predicate.clone())?.data;
            let filtered = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(widened))?);
            let columns: Vec<Expr> =
                input.schema().columns().into_iter().map(Expr::Column).collect();
            Ok(Some(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(filtered))?)))
        }
        _ => Ok(None),
    }
}

/// A subquery taken apart.
struct Unnesting {
    outer: DFSchemaRef,
    /// What it reads, free of outer references.
    base: LogicalPlan,
    /// What chooses its rows, over [`OUTER`] and [`INNER`].
    conditions: Vec<Expr>,
    /// Its ungrouped aggregates, when it has them, over the same.
    aggregates: Vec<Expr>,
    /// Its order, when it takes the first row.
    first_by: Option<Vec<Sort>>,
    /// Its one column: over the same, or over [`GROUPED`] when it aggregates.
    value: Expr,
}

fn outer_column(index: usize) -> Expr {
    Expr::Column(Column::new(Some(OUTER), format!("c{index}")))
}

fn inner_column(index: usize) -> Expr {
    Expr::Column(Column::new(Some(INNER), format!("b{index}")))
}

fn matched() -> Expr {
    Expr::Column(Column::new(Some(INNER), "matched"))
}

impl Unnesting {
    /// Takes apart `[projection | alias | first row [by order]]* [aggregate] [projection | alias | filter]* base`.
    fn of(outer: &DFSchemaRef, subquery: &Subquery) -> Option<Unnesting> {
        let mut chain = Vec::new();
        let mut plan = subquery.subquery.as_ref();
        loop {
            let input = match plan {
                LogicalPlan::Projection(projection) => projection.input.as_ref(),
                LogicalPlan::SubqueryAlias(alias) => alias.input.as_ref(),
                LogicalPlan::Filter(filter) => filter.input.as_ref(),
                LogicalPlan::Sort(sort) => sort.input.as_ref(),
                LogicalPlan::Limit(limit) => limit.input.as_ref(),
                LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => {
                    aggregate.input.as_ref()
                }
                _ => break,
            };
            chain.push(plan);
            plan = input;
        }
        if !plan.all_out_ref_exprs().is_empty() {
            return None;
        }
        let mut unnesting = Unnesting {
            outer: Arc::clone(outer),
            base: plan.clone(),
            conditions: Vec::new(),
            aggregates: Vec::new(),
            first_by: None,
            value: lit(ScalarValue::Null),
        };
        let mut scope: Vec<Expr> = (0..plan.schema().fields().len()).map(inner_column).collect();
        let mut order = Vec::new();
        for node in chain.into_iter().rev() {
            unnesting.step(node, &mut scope, &mut order)?;
        }
        unnesting.value = scope.into_iter().next()?;
        Some(unnesting)
    }

    /// One node of the chain, from below.
    fn step(
        &mut self,
        node: &LogicalPlan,
        scope: &mut Vec<Expr>,
        order: &mut Vec<Sort>,
    ) -> Option<()> {
        match node {
            LogicalPlan::SubqueryAlias(_) => {}
            LogicalPlan::Projection(projection) => {
                let schema = projection.input.schema();
                let exprs = projection.expr.iter();
                *scope = exprs
                    .map(|expr| self.translate(expr.clone().unalias(), schema, scope))
                    .collect::<Option<Vec<Expr>>>()?;
            }
            LogicalPlan::Filter(filter) => {
                if !self.aggregates.is_empty() || self.first_by.is_some() {
                    return None;
                }
                let schema = filter.input.schema();
                for term in split_conjunction(&filter.predicate) {
                    self.conditions.push(self.translate(term.clone(), schema, scope)?);
                }
            }
            LogicalPlan::Sort(sort) => {
                let schema = sort.input.schema();
                *order = sort
                    .expr
                    .iter()
                    .map(|key| {
                        let expr = self.translate(key.expr.clone(), schema, scope)?;
                        Some(Sort { expr, ..key.clone() })
                    })
                    .collect::<Option<Vec<Sort>>>()?;
            }
            LogicalPlan::Limit(limit) => {
                let none = |expr: &Option<Box<Expr>>| match expr.as_deref() {
                    None => true,
                    Some(expr) => *expr == lit(0_i64),
                };
                let one = limit.fetch.as_deref() == Some(&lit(1_i64));
                if !one || !none(&limit.skip) {
                    return None;
                }
                // The first of one row is that row.
                if self.aggregates.is_empty() && self.first_by.is_none() {
                    self.first_by = Some(std::mem::take(order));
                }
            }
            LogicalPlan::Aggregate(aggregate) => {
                if !self.aggregates.is_empty() || self.first_by.is_some() {
                    return None;
                }
                let schema = aggregate.input.schema();
                let exprs = aggregate.aggr_expr.iter();
                self.aggregates = exprs
                    .map(|expr| self.translate(expr.clone().unalias(), schema, scope))
                    .collect::<Option<Vec<Expr>>>()?;
                *scope = (0..self.aggregates.len())
                    .map(|index| Expr::Column(Column::new(Some(GROUPED), format!("a{index}"))))
                    .collect();
            }
            _ => return None,
        }
        Some(())
    }

    /// `expr` of a node over `schema`, whose columns are `scope`, in our columns.
    fn translate(&self, expr: Expr, schema: &DFSchemaRef, scope: &[Expr]) -> Option<Expr> {
        let missing = || DataFusionError::Internal("a column of another level".to_owned());
        let translated = expr.transform_up(|expr| match &expr {
            Expr::Column(column) => {
                let index = schema.maybe_index_of_column(column).ok_or_else(missing)?;
                Ok(Transformed::yes(scope.get(index).cloned().ok_or_else(missing)?))
            }
            Expr::OuterReferenceColumn(_, column) => {
                let index = self.outer.maybe_index_of_column(column).ok_or_else(missing)?;
                Ok(Transformed::yes(outer_column(index)))
            }
            Expr::ScalarSubquery(subquery) => {
                let subquery = self.nested(subquery, schema, scope)?;
                Ok(Transformed::yes(Expr::ScalarSubquery(subquery)))
            }
            Expr::Exists(exists) => {
                let mut exists = exists.clone();
                exists.subquery = self.nested(&exists.subquery, schema, scope)?;
                Ok(Transformed::yes(Expr::Exists(exists)))
            }
            Expr::InSubquery(inside) => {
                let mut inside = inside.clone();
                inside.subquery = self.nested(&inside.subquery, schema, scope)?;
                Ok(Transformed::yes(Expr::InSubquery(inside)))
            }
            _ => Ok(Transformed::no(expr)),
        });
        translated.ok().map(|done| done.data)
    }

    /// A subquery of the subquery: its references to our level now mean our columns.
    fn nested(
        &self,
        subquery: &Subquery,
        schema: &DFSchemaRef,
        scope: &[Expr],
    ) -> Result<Subquery> {
        let missing = || DataFusionError::Internal("a reference to no plain column".to_owned());
        let moved = |expr: Expr| {
            expr.transform_up(|expr| {
                let Expr::OuterReferenceColumn(field, column) = &expr else {
                    return Ok(Transformed::no(expr));
                };
                let here = schema.maybe_index_of_column(column).and_then(|index| scope.get(index));
                let there = self.outer.maybe_index_of_column(column).map(outer_column);
                match here.cloned().or(there) {
                    Some(Expr::Column(column)) => {
                        Ok(Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(field), column)))
                    }
                    _ => Err(missing()),
                }
            })
        };
        let plan = subquery.subquery.as_ref().clone();
        if any_node(&plan, |node| {
            node.expressions()
                .iter()
                .any(|expr| expr.exists(|expr| Ok(is_subquery(expr))).unwrap_or(true))
        }) {
            return Err(missing());
        }
        let plan = plan.transform_up(|node| node.map_expressions(moved))?.data;
        let mut outer_ref_columns = Vec::new();
        for reference in &subquery.outer_ref_columns {
            outer_ref_columns.push(moved(reference.clone())?.data);
        }
        Ok(Subquery { subquery: Arc::new(plan), outer_ref_columns, spans: subquery.spans.clone() })
    }

    /// `input` with one column more: the subquery's value.
    fn build(self, input: &LogicalPlan) -> Result<(LogicalPlan, Column)> {
        let width = self.outer.fields().len();
        let numbered = LogicalPlanBuilder::from(input.clone())
            .window(vec![row_number().alias("forebay_row")])?
            .build()?;
        let mut columns = Vec::with_capacity(width + 1);
        for (index, (qualifier, field)) in numbered.schema().iter().enumerate() {
            let name = if index < width { format!("c{index}") } else { "row".to_owned() };
            columns
                .push(Expr::Column((qualifier, field).into()).alias_qualified(Some(OUTER), name));
        }
        let outer = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(numbered))?);

        let mut columns = Vec::new();
        for (index, (qualifier, field)) in self.base.schema().iter().enumerate() {
            let column = Expr::Column((qualifier, field).into());
            columns.push(column.alias_qualified(Some(INNER), format!("b{index}")));
        }
        columns.push(lit(true).alias_qualified(Some(INNER), "matched"));
        let mut inner = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(self.base))?);

        let about_outer = |expr: &Expr| {
            let outer = |column: &Column| {
                column.relation.as_ref().is_some_and(|name| name.table() == OUTER)
            };
            let referred = expr.column_refs().into_iter().any(outer);
            referred
                || expr.exists(|expr| Ok(is_subquery(expr) && !uncorrelated(expr))).unwrap_or(true)
        };
        let (joining, own): (Vec<Expr>, Vec<Expr>) =
            self.conditions.into_iter().partition(about_outer);
        if let Some(own) = conjunction(own) {
            inner = LogicalPlan::Filter(Filter::try_new(own, Arc::new(inner))?);
        }
        let condition = conjunction(joining).unwrap_or_else(|| lit(true));
        let joined =
            LogicalPlanBuilder::from(outer).join_on(inner, JoinType::Left, [condition])?.build()?;

        let groups: Vec<Expr> = (0..width)
            .map(outer_column)
            .chain([Expr::Column(Column::new(Some(OUTER), "row"))])
            .collect();
        let aggregating = !self.aggregates.is_empty();
        let (joined, aggregates) = if aggregating {
            let mut columns: Vec<Expr> =
                joined.schema().columns().into_iter().map(Expr::Column).collect();
            let before = columns.len();
            let filtered = self.aggregates.into_iter();
            let filtered = filtered.map(|expr| only_matched(hoisted(expr, &mut columns)));
            let filtered: Vec<Expr> = filtered.collect();
            let source = if columns.len() == before {
                joined
            } else {
                LogicalPlan::Projection(Projection::try_new(columns, Arc::new(joined))?)
            };
            (source, filtered)
        } else {
            // The value is a column first: it may itself hold a subquery, whose turn comes next.
            let mut columns: Vec<Expr> =
                joined.schema().columns().into_iter().map(Expr::Column).collect();
            columns.push(self.value.clone().alias_qualified(Some(VALUE), "own"));
            let valued = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(joined))?);
            let own = Expr::Column(Column::new(Some(VALUE), "own"));
            let function = match &self.first_by {
                Some(order) => AggregateFunction::new_udf(
                    first_value_udaf(),
                    vec![own],
                    false,
                    Some(Box::new(matched())),
                    order.clone(),
                    Some(NullTreatment::RespectNulls),
                ),
                None => AggregateFunction::new_udf(
                    functions::single_value(),
                    vec![own],
                    false,
                    Some(Box::new(matched())),
                    Vec::new(),
                    None,
                ),
            };
            (valued, vec![Expr::AggregateFunction(function)])
        };
        let grouped =
            LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(joined), groups, aggregates)?);

        let result = |index: usize| {
            let (qualifier, field) = grouped.schema().qualified_field(width + 1 + index);
            Expr::Column((qualifier, field).into())
        };
        let value = if aggregating {
            let placed = self.value.transform_up(|expr| match &expr {
                Expr::Column(column)
                    if column.relation.as_ref().is_some_and(|name| name.table() == GROUPED) =>
                {
                    let index = column.name.trim_start_matches('a').parse().unwrap_or(0);
                    Ok(Transformed::yes(result(index)))
                }
                _ => Ok(Transformed::no(expr)),
            });
            placed?.data
        } else {
            result(0)
        };
        let mut columns = Vec::with_capacity(width + 1);
        for (index, (qualifier, field)) in self.outer.iter().enumerate() {
            columns.push(outer_column(index).alias_qualified(qualifier.cloned(), field.name()));
        }
        let name = format!("v{width}");
        columns.push(value.alias_qualified(Some(VALUE), &name));
        let plan = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(grouped))?);
        Ok((plan, Column::new(Some(VALUE), name)))
    }
}

/// Whether an expression holds a subquery that refers to what is around it.
fn correlated_inside(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(is_subquery(expr) && !uncorrelated(expr))).unwrap_or(true)
}

fn uncorrelated(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarSubquery(subquery) => subquery.outer_ref_columns.is_empty(),
        Expr::Exists(exists) => exists.subquery.outer_ref_columns.is_empty(),
        Expr::InSubquery(inside) => inside.subquery.outer_ref_columns.is_empty(),
        _ => false,
    }
}

/// An aggregate whose arguments with subqueries are columns of their own: those have their turn below it.
fn hoisted(expr: Expr, columns: &mut Vec<Expr>) -> Expr {
    let Expr::AggregateFunction(mut function) = expr else {
        return expr;
    };
    for arg in &mut function.params.args {
        if correlated_inside(arg) {
            let name = format!("x{}", columns.len());
            let column = Expr::Column(Column::new(Some(VALUE), name.clone()));
            let value = std::mem::replace(arg, column);
            columns.push(value.alias_qualified(Some(VALUE), name));
        }
    }
    Expr::AggregateFunction(function)
}

/// An aggregate that skips the row an outer row without a match has.
fn only_matched(expr: Expr) -> Expr {
    match expr {
        Expr::AggregateFunction(mut function) => {
            let filter = function.params.filter.take();
            let filter = filter.map_or_else(matched, |filter| filter.and(matched()));
            function.params.filter = Some(Box::new(filter));
            Expr::AggregateFunction(function)
        }
        other => other,
    }
}
