//! Subqueries that DataFusion cannot decorrelate, and LATERAL, as dependent joins ([`Apply`]).
//!
//! DataFusion makes joins of what is most frequent ([`is_native`]): a subquery that refers to nothing outside, one
//! aggregate over rows that equalities choose, IN and EXISTS in WHERE over rows that a filter chooses. Everything else
//! becomes a column beside the node's input: a value, whether there are rows, or what IN, ANY and ALL come to in
//! three-valued logic.

use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, DataFusionError, Result, ScalarValue};
use datafusion::functions_aggregate::count::count;
use datafusion::logical_expr::expr::{
    AggregateFunction, Exists, InSubquery, SetComparison, SetQuantifier,
};
use datafusion::logical_expr::utils::{conjunction, split_conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Aggregate, Distinct, DistinctOn, Expr, ExprSchemable, Filter, Join, JoinType, LogicalPlan,
    LogicalPlanBuilder, Operator, Projection, Sort, SortExpr, Subquery, SubqueryAlias, Union,
    Window, binary_expr, col, lit, not,
};

use super::dependent::{Keys, number};
use super::plan;
use crate::error::Error;
use crate::pg::apply::{self, Apply, Kind, VALUE};
use crate::pg::facts::Facts;
use crate::pg::functions;

/// The column that counts the rows of an EXISTS.
const EXISTING: &str = "__forebay_existing";

/// Replaces such subqueries in `node` and below, also those in other subqueries.
/// Errors: 0A000 for what cannot be.
pub(super) fn decorrelate(node: LogicalPlan, facts: &Arc<Facts>) -> Result<LogicalPlan> {
    // From below: what a subquery of a subquery refers to further out is then part of that one.
    let node = node.map_children(|child| Ok(Transformed::yes(decorrelate(child, facts)?)))?.data;
    let inside = |expr: Expr| {
        expr.transform_up(|expr| {
            on_subquery(expr, |subquery| {
                let plan = decorrelate(Arc::unwrap_or_clone(subquery.subquery), facts)?;
                let outer_ref_columns = plan.all_out_ref_exprs();
                Ok(Subquery { subquery: Arc::new(plan), outer_ref_columns, ..subquery })
            })
        })
    };
    let node = if has_subquery_node(&node) { node.map_expressions(inside)?.data } else { node };
    let node = lateral(node, facts)?;
    if has_subquery_node(&node) { replaced(node, facts) } else { Ok(node) }
}

/// Changes the plan of an expression that is a subquery.
fn on_subquery(
    expr: Expr,
    change: impl FnOnce(Subquery) -> Result<Subquery>,
) -> Result<Transformed<Expr>> {
    Ok(Transformed::yes(match expr {
        Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(change(subquery)?),
        Expr::Exists(exists) => {
            Expr::Exists(Exists { subquery: change(exists.subquery)?, ..exists })
        }
        Expr::InSubquery(inside) => {
            Expr::InSubquery(InSubquery { subquery: change(inside.subquery)?, ..inside })
        }
        Expr::SetComparison(compared) => {
            Expr::SetComparison(SetComparison { subquery: change(compared.subquery)?, ..compared })
        }
        other => return Ok(Transformed::no(other)),
    }))
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::ScalarSubquery(_) | Expr::Exists(_) | Expr::InSubquery(_) | Expr::SetComparison(_)
    )
}

fn has_subquery(expr: &Expr) -> bool {
    expr.exists(|expr| Ok(is_subquery(expr))).unwrap_or(true)
}

/// Whether the node's own expressions hold one.
fn has_subquery_node(node: &LogicalPlan) -> bool {
    let mut found = false;
    let walked = node.apply_expressions(|expr| {
        found |= has_subquery(expr);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || walked.is_err()
}

fn refused(message: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::FeatureNotSupported(message.to_owned())))
}

// ---- what DataFusion does

fn is_correlated(subquery: &Subquery) -> bool {
    !subquery.outer_ref_columns.is_empty()
}

/// Whether DataFusion makes a value of it by itself: one ungrouped aggregate over rows that equalities choose.
fn is_native_value(subquery: &Subquery) -> bool {
    let mut plan = subquery.subquery.as_ref();
    loop {
        plan = match plan {
            LogicalPlan::Projection(projection) if outer_free(&projection.expr) => {
                &projection.input
            }
            LogicalPlan::SubqueryAlias(alias) => &alias.input,
            LogicalPlan::Aggregate(aggregate) => {
                let plain = aggregate.group_expr.is_empty() && outer_free(&aggregate.aggr_expr);
                return plain && filtered(&aggregate.input, is_equality);
            }
            _ => return false,
        };
    }
}

/// Whether DataFusion makes a semi join of it: rows that a filter chooses.
fn is_native_rows(subquery: &Subquery) -> bool {
    !is_correlated(subquery) || filtered(&subquery.subquery, |_term| true)
}

/// Whether only filters refer to what is outside, with terms that satisfy `fits`.
fn filtered(plan: &LogicalPlan, fits: fn(&Expr) -> bool) -> bool {
    match plan {
        LogicalPlan::Filter(filter) => {
            let terms = split_conjunction(&filter.predicate);
            let mut terms = terms.into_iter().filter(|term| term.contains_outer());
            terms.all(fits) && !has_subquery(&filter.predicate) && filtered(&filter.input, fits)
        }
        LogicalPlan::SubqueryAlias(alias) => filtered(&alias.input, fits),
        LogicalPlan::Projection(projection) => {
            outer_free(&projection.expr) && filtered(&projection.input, fits)
        }
        other => other.all_out_ref_exprs().is_empty(),
    }
}

/// Whether a subquery looks at the rows of `schema` only: DataFusion makes no join of one that looks further out.
fn is_near(subquery: &Subquery, schema: &DFSchema) -> bool {
    subquery.outer_ref_columns.iter().all(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) => schema.has_column(column),
        _ => true,
    })
}

fn looks_near(term: &Expr, schema: &DFSchema) -> bool {
    let far = |expr: &Expr| Ok(subquery_of(expr).is_some_and(|sub| !is_near(sub, schema)));
    !term.exists(far).unwrap_or(true)
}

fn is_equality(term: &Expr) -> bool {
    let outer = |expr: &Expr| matches!(expr, Expr::OuterReferenceColumn(..));
    match term {
        Expr::BinaryExpr(binary) if binary.op == Operator::Eq => {
            let (left, right) = (binary.left.as_ref(), binary.right.as_ref());
            // What is the same for all rows chooses none.
            let inner = |expr: &Expr| !expr.contains_outer() && !expr.column_refs().is_empty();
            (outer(left) && inner(right)) || (outer(right) && inner(left))
        }
        _ => false,
    }
}

fn outer_free(exprs: &[Expr]) -> bool {
    exprs.iter().all(|expr| !expr.contains_outer())
}

/// Whether DataFusion takes a term of WHERE as it is. It makes no difference between false and NULL, which none is only
/// where neither is a row.
fn is_native(term: &Expr) -> bool {
    match term {
        Expr::InSubquery(inside) if inside.negated => {
            // Its join makes a difference between NULL and false for columns only.
            !is_correlated(&inside.subquery) && matches!(inside.expr.as_ref(), Expr::Column(_))
        }
        Expr::Not(inner) if matches!(inner.as_ref(), Expr::Exists(_)) => is_native(inner),
        other => is_native_below(other),
    }
}

fn is_native_below(term: &Expr) -> bool {
    match term {
        Expr::Exists(exists) => is_native_rows(&exists.subquery),
        Expr::InSubquery(inside) => {
            !inside.negated && is_native_rows(&inside.subquery) && !has_subquery(&inside.expr)
        }
        Expr::BinaryExpr(binary) if matches!(binary.op, Operator::And | Operator::Or) => {
            is_native_below(&binary.left) && is_native_below(&binary.right)
        }
        other => {
            let wanted = other.exists(|expr| {
                Ok(match expr {
                    Expr::ScalarSubquery(subquery) => !is_native_scalar(subquery),
                    other => is_subquery(other),
                })
            });
            !wanted.unwrap_or(true)
        }
    }
}

fn is_native_scalar(subquery: &Subquery) -> bool {
    if is_correlated(subquery) { is_native_value(subquery) } else { says_null(subquery) }
}

/// Whether the plan of an uncorrelated value says that it may be NULL, as it is without a row.
fn says_null(subquery: &Subquery) -> bool {
    subquery.subquery.schema().fields().first().is_some_and(|field| field.is_nullable())
}

/// In other nodes than projections and filters DataFusion makes a value of none.
fn never(_subquery: &Subquery) -> bool {
    false
}

// ---- nodes

/// The node with columns in place of the subqueries in its expressions.
fn replaced(node: LogicalPlan, facts: &Arc<Facts>) -> Result<LogicalPlan> {
    match node {
        LogicalPlan::Filter(filter) => {
            let schema = Arc::clone(filter.input.schema());
            let (native, others): (Vec<Expr>, Vec<Expr>) =
                split_conjunction_owned(filter.predicate)
                    .into_iter()
                    .partition(|term| is_native(term) && looks_near(term, &schema));
            let mut input = Arc::unwrap_or_clone(filter.input);
            if let Some(native) = conjunction(native) {
                input = LogicalPlan::Filter(Filter::try_new(native, Arc::new(input))?);
            }
            if others.is_empty() {
                return Ok(input);
            }
            let mut beside = Beside { plan: input, facts };
            let mut terms = Vec::with_capacity(others.len());
            for term in others {
                terms.push(match beside.matching(term)? {
                    Matching::Column(term) => term,
                    Matching::Other(term) => beside.values(term, is_native_scalar)?.data,
                });
            }
            let predicate = conjunction(terms).unwrap_or_else(|| lit(true));
            let plan = LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(beside.plan))?);
            only(plan, &schema)
        }
        LogicalPlan::Projection(projection) => {
            let mut beside = Beside { plan: Arc::unwrap_or_clone(projection.input), facts };
            let mut exprs = Vec::with_capacity(projection.expr.len());
            for (expr, (qualifier, field)) in
                projection.expr.into_iter().zip(projection.schema.iter())
            {
                let done = beside.values(expr, is_native_scalar)?;
                exprs.push(if done.transformed {
                    done.data.unalias().alias_qualified(qualifier.cloned(), field.name())
                } else {
                    done.data
                });
            }
            let input = Arc::new(beside.plan);
            Ok(LogicalPlan::Projection(Projection::try_new(exprs, input)?))
        }
        LogicalPlan::Aggregate(aggregate) => {
            let mut beside = Beside { plan: Arc::unwrap_or_clone(aggregate.input), facts };
            let groups = beside.named(aggregate.group_expr)?;
            let aggregates = beside.named(aggregate.aggr_expr)?;
            let input = Arc::new(beside.plan);
            Ok(LogicalPlan::Aggregate(Aggregate::try_new(input, groups, aggregates)?))
        }
        LogicalPlan::Window(window) => {
            let mut beside = Beside { plan: Arc::unwrap_or_clone(window.input), facts };
            let exprs = beside.named(window.window_expr)?;
            let input = Arc::new(beside.plan);
            let plan = Window::try_new(exprs, input)?;
            only(LogicalPlan::Window(plan), &window.schema)
        }
        LogicalPlan::Sort(sort) => {
            let schema = Arc::clone(sort.input.schema());
            let input = widened(Arc::unwrap_or_clone(sort.input), &sort.expr)?;
            let mut beside = Beside { plan: input, facts };
            let mut expr = Vec::with_capacity(sort.expr.len());
            for key in sort.expr {
                let value = beside.values(key.expr.clone(), never)?.data;
                expr.push(SortExpr { expr: value, ..key });
            }
            let input = Arc::new(beside.plan);
            only(LogicalPlan::Sort(Sort { expr, input, fetch: sort.fetch }), &schema)
        }
        LogicalPlan::Distinct(Distinct::On(distinct)) => {
            let mut beside = Beside { plan: Arc::unwrap_or_clone(distinct.input), facts };
            let mut on = Vec::with_capacity(distinct.on_expr.len());
            for expr in distinct.on_expr {
                on.push(beside.values(expr, never)?.data);
            }
            let select = beside.named(distinct.select_expr)?;
            let sort = distinct.sort_expr;
            let distinct = DistinctOn::try_new(on, select, sort, Arc::new(beside.plan))?;
            Ok(LogicalPlan::Distinct(Distinct::On(distinct)))
        }
        LogicalPlan::Join(join) => conditioned(join, facts),
        other => Ok(other),
    }
}

/// A SELECT list with what subqueries in ORDER BY refer to beside it, which the planner leaves out.
fn widened(input: LogicalPlan, keys: &[SortExpr]) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(projection) = &input else { return Ok(input) };
    let mut missing: Vec<Expr> = Vec::new();
    let below = projection.input.schema();
    for key in keys {
        key.expr.apply(|expr| {
            let referred = subquery_of(expr).into_iter().flat_map(|sub| &sub.outer_ref_columns);
            for column in referred {
                if let Expr::OuterReferenceColumn(_, column) = column
                    && !projection.schema.has_column(column)
                    && below.has_column(column)
                    && !missing.contains(&Expr::Column(column.clone()))
                {
                    missing.push(Expr::Column(column.clone()));
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    if missing.is_empty() {
        return Ok(input);
    }
    let exprs = projection.expr.iter().cloned().chain(missing).collect();
    let projection = Projection::try_new(exprs, Arc::clone(&projection.input))?;
    Ok(LogicalPlan::Projection(projection))
}

/// A join whose condition holds subqueries: they become columns of the side they refer to.
fn conditioned(mut join: Join, facts: &Arc<Facts>) -> Result<LogicalPlan> {
    let schema = Arc::clone(&join.schema);
    let mut left = Beside { plan: Arc::unwrap_or_clone(join.left), facts };
    let mut right = Beside { plan: Arc::unwrap_or_clone(join.right), facts };
    let changed = |expr: Expr| {
        expr.transform_up(|expr| {
            if !is_subquery(&expr) || matches!(&expr, Expr::ScalarSubquery(s) if !is_correlated(s))
            {
                return Ok(Transformed::no(expr));
            }
            let mut columns = expr.column_refs().into_iter().cloned().collect::<Vec<Column>>();
            if let Some(subquery) = subquery_of(&expr) {
                let referred = subquery.outer_ref_columns.iter().filter_map(|expr| match expr {
                    Expr::OuterReferenceColumn(_, column) => Some(column.clone()),
                    _ => None,
                });
                columns.extend(referred);
            }
            let of = |plan: &LogicalPlan| {
                columns.iter().filter(|column| plan.schema().has_column(column)).count()
            };
            match (of(&left.plan), of(&right.plan)) {
                (_, 0) => left.values(expr, never),
                (0, _) => right.values(expr, never),
                _ => Err(refused(
                    "a subquery in the condition of a join that refers to both sides is not supported",
                )),
            }
        })
    };
    join.filter = join.filter.map(changed).transpose()?.map(|done| done.data);
    join.left = Arc::new(left.plan);
    join.right = Arc::new(right.plan);
    let joined = Join::try_new(
        join.left,
        join.right,
        join.on,
        join.filter,
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?;
    only(LogicalPlan::Join(joined), &schema)
}

fn subquery_of(expr: &Expr) -> Option<&Subquery> {
    match expr {
        Expr::ScalarSubquery(subquery) => Some(subquery),
        Expr::Exists(exists) => Some(&exists.subquery),
        Expr::InSubquery(inside) => Some(&inside.subquery),
        Expr::SetComparison(compared) => Some(&compared.subquery),
        _ => None,
    }
}

/// `plan` with the columns of `schema` only.
fn only(plan: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan> {
    if plan.schema().fields().len() == schema.fields().len() {
        return Ok(plan);
    }
    let columns: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

// ---- LATERAL

/// A join whose right side refers to its left as a dependent one.
fn lateral(node: LogicalPlan, facts: &Arc<Facts>) -> Result<LogicalPlan> {
    let LogicalPlan::Join(join) = node else { return Ok(node) };
    let Some(right) = opened(&join.right) else { return Ok(LogicalPlan::Join(join)) };
    let left = join.left.schema();
    let beside = right.all_out_ref_exprs().iter().any(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) => left.has_column(column),
        _ => false,
    });
    if !beside {
        let right = Arc::new(right);
        return Ok(LogicalPlan::Join(Join { right, ..join }));
    }
    let kind = match join.join_type {
        JoinType::Inner => Kind::Rows,
        JoinType::Left => Kind::RowsOrNulls,
        _ => return Err(refused("LATERAL in such a join is not supported")),
    };
    let schema = Arc::clone(&join.schema);
    let pairs = join.on.into_iter().map(|(left, right)| left.eq(right));
    let condition = conjunction(pairs.chain(join.filter));
    let inner = match condition {
        None => right,
        Some(condition) => {
            let outward = condition.transform_up(|expr| match &expr {
                Expr::Column(column) if !right.schema().has_column(column) => {
                    outward(left, column).map(Transformed::yes)
                }
                _ => Ok(Transformed::no(expr)),
            })?;
            LogicalPlan::Filter(Filter::try_new(outward.data, Arc::new(right))?)
        }
    };
    let mut beside = Beside { plan: Arc::unwrap_or_clone(join.left), facts };
    beside.rows(&inner, kind)?;
    only(beside.plan, &schema)
}

/// A column of the row outside.
fn outward(schema: &DFSchema, column: &Column) -> Result<Expr> {
    let (qualifier, field) = schema.qualified_field(schema.index_of_column(column)?);
    Ok(Expr::OuterReferenceColumn(Arc::clone(field), Column::from((qualifier, field))))
}

/// What a plan that may look outside is inside.
fn opened(plan: &LogicalPlan) -> Option<LogicalPlan> {
    match plan {
        LogicalPlan::Subquery(subquery) => Some(subquery.subquery.as_ref().clone()),
        LogicalPlan::SubqueryAlias(alias) => {
            let inner = Arc::new(opened(&alias.input)?);
            let alias = SubqueryAlias::try_new(inner, alias.alias.clone()).ok()?;
            Some(LogicalPlan::SubqueryAlias(alias))
        }
        _ => None,
    }
}

// ---- columns

/// A plan that gets columns beside its own.
struct Beside<'a> {
    plan: LogicalPlan,
    facts: &'a Arc<Facts>,
}

/// A term of WHERE.
enum Matching {
    /// A subquery's that is true where a row matches, and false or NULL where none does.
    Column(Expr),
    Other(Expr),
}

impl Beside<'_> {
    /// Expressions that name their columns.
    fn named(&mut self, exprs: Vec<Expr>) -> Result<Vec<Expr>> {
        let mut named = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let name = expr.schema_name().to_string();
            let aliased = matches!(expr, Expr::Alias(_) | Expr::GroupingSet(_));
            let done = self.values(expr, never)?;
            named.push(if done.transformed && !aliased {
                done.data.alias(name)
            } else {
                done.data
            });
        }
        Ok(named)
    }

    /// `expr` with columns in place of its subqueries, but for values that satisfy `kept`.
    fn values(&mut self, expr: Expr, kept: fn(&Subquery) -> bool) -> Result<Transformed<Expr>> {
        expr.transform_up(|expr| match expr {
            Expr::ScalarSubquery(subquery) if !is_correlated(&subquery) => nullable(subquery),
            Expr::ScalarSubquery(subquery)
                if kept(&subquery) && is_near(&subquery, self.plan.schema()) =>
            {
                Ok(Transformed::no(Expr::ScalarSubquery(subquery)))
            }
            Expr::ScalarSubquery(subquery) => {
                let plan = subquery.subquery;
                self.column(&plan, Kind::Single, |keys, _given| keys.rows(&plan), &[])
                    .map(Transformed::yes)
            }
            Expr::Exists(exists) if !is_correlated(&exists.subquery) => existence(exists),
            Expr::Exists(exists) => {
                let plan = exists.subquery.subquery;
                let found =
                    self.column(&plan, Kind::Exists, |keys, _given| keys.rows(&plan), &[])?;
                Ok(Transformed::yes(if exists.negated { not(found) } else { found }))
            }
            Expr::InSubquery(inside) => {
                let found = self.any(*inside.expr, Operator::Eq, &inside.subquery)?;
                Ok(Transformed::yes(if inside.negated { not(found) } else { found }))
            }
            Expr::SetComparison(compared) => {
                let SetComparison { expr, subquery, op, quantifier } = compared;
                let found = match quantifier {
                    SetQuantifier::Any => self.any(*expr, op, &subquery)?,
                    // True for all is not false for any.
                    SetQuantifier::All => match op.negate() {
                        Some(op) => not(self.any(*expr, op, &subquery)?),
                        None => return Err(refused("ALL with such an operator is not supported")),
                    },
                };
                Ok(Transformed::yes(found))
            }
            other => Ok(Transformed::no(other)),
        })
    }

    /// A term of WHERE: where only a match matters, the rows that match are looked for.
    fn matching(&mut self, term: Expr) -> Result<Matching> {
        let (expr, op, subquery) = match term {
            Expr::InSubquery(inside) if !inside.negated => {
                (*inside.expr, Operator::Eq, inside.subquery)
            }
            Expr::SetComparison(compared) if compared.quantifier == SetQuantifier::Any => {
                (*compared.expr, compared.op, compared.subquery)
            }
            other => return Ok(Matching::Other(other)),
        };
        let expr = self.values(expr, is_native_scalar)?.data;
        let facts = Arc::clone(self.facts);
        let plan = subquery.subquery;
        let found = self.column(
            &plan,
            Kind::Exists,
            |keys, given| {
                let rows = keys.spread(&plan)?;
                let truth = compared(given, op, &rows, &plan, &facts)?;
                Ok(LogicalPlan::Filter(Filter::try_new(truth, Arc::new(rows))?))
            },
            &[expr],
        )?;
        Ok(Matching::Column(found))
    }

    /// `expr op ANY (subquery)`
    fn any(&mut self, expr: Expr, op: Operator, subquery: &Subquery) -> Result<Expr> {
        let plan = &subquery.subquery;
        let facts = Arc::clone(self.facts);
        let truths = |truth: Expr, rows: LogicalPlan| {
            let columns = vec![number(), truth.alias_qualified(Some(VALUE), "truth")];
            Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(rows))?))
        };
        if is_correlated(subquery) || op != Operator::Eq {
            return self.column(
                plan,
                Kind::Any,
                |keys, given| {
                    let rows = keys.spread(plan)?;
                    truths(compared(given, op, &rows, plan, &facts)?, rows)
                },
                &[expr],
            );
        }
        // Equal ones are found by a hash. NULLs are in question for every key, a NULL key where there is a row.
        self.column(
            plan,
            Kind::Any,
            |keys, given| {
                let own = own_column(plan)?;
                let rows = keys.spread(plan)?;
                let same = compared(given, op, &rows, plan, &facts)?;
                let same = LogicalPlan::Filter(Filter::try_new(same, Arc::new(rows))?);
                let unknown = LogicalPlanBuilder::from(plan.as_ref().clone())
                    .filter(own.is_null())?
                    .limit(0, Some(1))?
                    .build()?;
                let some = LogicalPlanBuilder::from(plan.as_ref().clone()).limit(0, Some(1))?;
                let some = keys.spread(&some.build()?)?;
                let some = Filter::try_new(given_key(given).is_null(), Arc::new(some))?;
                let null = || lit(ScalarValue::Boolean(None));
                let parts = [
                    truths(lit(true), same)?,
                    truths(null(), keys.spread(&unknown)?)?,
                    truths(null(), LogicalPlan::Filter(some))?,
                ];
                let union = Union::try_new(parts.into_iter().map(Arc::new).collect())?;
                Ok(LogicalPlan::Union(union))
            },
            &[expr],
        )
    }

    /// Adds what `inner` makes of the rows of `plan` for each key as one column. `given` are further keys, after those
    /// the plan refers to; `inner` gets the index of the first of them.
    fn column(
        &mut self,
        plan: &LogicalPlan,
        kind: Kind,
        inner: impl FnOnce(&Keys, usize) -> Result<LogicalPlan>,
        given: &[Expr],
    ) -> Result<Expr> {
        let name = format!("value{}", self.plan.schema().fields().len());
        let (keys, inner) = self.inner(plan, inner, given)?;
        let outer = std::mem::take(&mut self.plan);
        self.plan = Apply::plan(outer, inner, keys, kind, &name)?;
        Ok(Expr::Column(Apply::value(&name)))
    }

    /// Adds the rows of `plan`.
    fn rows(&mut self, plan: &LogicalPlan, kind: Kind) -> Result<()> {
        let (keys, inner) = self.inner(plan, |keys, _given| keys.rows(plan), &[])?;
        let outer = std::mem::take(&mut self.plan);
        self.plan = Apply::plan(outer, inner, keys, kind, "")?;
        Ok(())
    }

    /// The keys as columns of our plan, and what `inner` makes of them.
    fn inner(
        &mut self,
        plan: &LogicalPlan,
        inner: impl FnOnce(&Keys, usize) -> Result<LogicalPlan>,
        given: &[Expr],
    ) -> Result<(Vec<Expr>, LogicalPlan)> {
        let mut referred = Vec::new();
        let mut keys: Vec<Expr> = Vec::new();
        for expr in plan.all_out_ref_exprs() {
            let Expr::OuterReferenceColumn(_, column) = &expr else { continue };
            keys.push(match self.plan.schema().has_column(column) {
                true => Expr::Column(column.clone()),
                // Of a query further out.
                false => expr.clone(),
            });
            referred.push(column.clone());
        }
        keys.extend(given.iter().cloned());
        let keys = self.columns(keys)?;
        let fields = keys
            .iter()
            .map(|key| Ok(key.to_field(self.plan.schema())?.1))
            .collect::<Result<Vec<FieldRef>>>()?;
        let first = referred.len();
        let inner = inner(&Keys::new(referred, &fields)?, first)?;
        Ok((keys, inner))
    }

    /// Columns that hold these expressions.
    fn columns(&mut self, exprs: Vec<Expr>) -> Result<Vec<Expr>> {
        let plain = |expr: &Expr| matches!(expr, Expr::Column(_));
        if exprs.iter().all(plain) {
            return Ok(exprs);
        }
        let schema = Arc::clone(self.plan.schema());
        let mut all: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
        let mut columns = Vec::with_capacity(exprs.len());
        for expr in exprs {
            if plain(&expr) {
                columns.push(expr);
                continue;
            }
            let name = format!("key{}", all.len());
            all.push(expr.alias_qualified(Some(VALUE), &name));
            columns.push(Expr::Column(Apply::value(&name)));
        }
        let input = Arc::new(std::mem::take(&mut self.plan));
        self.plan = LogicalPlan::Projection(Projection::try_new(all, input)?);
        Ok(columns)
    }
}

fn given_key(index: usize) -> Expr {
    Expr::Column(apply::key(index))
}

/// The one column of a subquery.
/// Errors: 42601 for several.
fn own_column(plan: &LogicalPlan) -> Result<Expr> {
    match plan.schema().columns().as_slice() {
        [own] => Ok(Expr::Column(own.clone())),
        _ => {
            let error = Error::Syntax("subquery has too many columns".to_owned());
            Err(DataFusionError::External(Box::new(error)))
        }
    }
}

/// Key `given` compared with the one column of `plan`, over its `rows` beside keys.
fn compared(
    given: usize,
    op: Operator,
    rows: &LogicalPlan,
    plan: &LogicalPlan,
    facts: &Arc<Facts>,
) -> Result<Expr> {
    plan::typed(binary_expr(given_key(given), op, own_column(plan)?), rows.schema(), facts)
}

/// A value of no row around, which is NULL without a row even where its column never is.
fn nullable(subquery: Subquery) -> Result<Transformed<Expr>> {
    if says_null(&subquery) {
        return Ok(Transformed::no(Expr::ScalarSubquery(subquery)));
    }
    let own = own_column(&subquery.subquery)?;
    let name = subquery.subquery.schema().field(0).name().clone();
    let single = AggregateFunction::new_udf(
        functions::single_value(),
        vec![own],
        false,
        None,
        Vec::new(),
        None,
    );
    let single = Expr::AggregateFunction(single).alias(name);
    let plan = Aggregate::try_new(subquery.subquery, Vec::new(), vec![single])?;
    let subquery = Subquery { subquery: Arc::new(LogicalPlan::Aggregate(plan)), ..subquery };
    Ok(Transformed::yes(Expr::ScalarSubquery(subquery)))
}

/// An EXISTS of no row around counts rows, once. One is enough.
fn existence(exists: Exists) -> Result<Transformed<Expr>> {
    let Exists { subquery, negated } = exists;
    let op = if negated { Operator::Eq } else { Operator::NotEq };
    let plan = LogicalPlanBuilder::from(subquery.subquery)
        .limit(0, Some(1))?
        .aggregate(Vec::<Expr>::new(), vec![count(lit(1_i64)).alias(EXISTING)])?
        .project(vec![binary_expr(col(EXISTING), op, lit(0_i64)).alias(EXISTING)])?
        .build()?;
    Ok(Transformed::yes(Expr::ScalarSubquery(Subquery {
        subquery: Arc::new(plan),
        outer_ref_columns: Vec::new(),
        spans: subquery.spans,
    })))
}
