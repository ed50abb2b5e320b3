//! The plan of a subquery for all of its keys at once.
//!
//! [`Keys::spread`] turns a plan that looks at a row outside of it into one that reads the table of keys ([`apply`]) and
//! has their columns beside its own: its rows for every key. A plan that looks at nothing is crossed with the keys, and
//! what is above it keeps those of one key apart: groups, windows, limits.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{
    Column, DFSchemaRef, DataFusionError, JoinConstraint, Result, ScalarValue,
};
use datafusion::functions_window::row_number::row_number;
use datafusion::logical_expr::expr::Sort as SortKey;
use datafusion::logical_expr::{
    Aggregate, Distinct, DistinctOn, Expr, ExprFunctionExt, Filter, Join, JoinType, Limit,
    LogicalPlan, LogicalPlanBuilder, Operator, Projection, Sort, SubqueryAlias, Union, Unnest,
    Values, Window, binary_expr, cast, lit,
};

use super::recursion::{self, Working};
use crate::error::Error;
use crate::pg::apply::{self, Apply, KEYS, NUMBER};

/// The qualifier of what stands between.
const BETWEEN: &str = "__forebay_between";
/// In it: whether an inner row stands beside a key, the place of a row among those of its key.
const MATCHED: &str = "matched";
const PLACE: &str = "place";

/// What a subquery looks at outside of itself.
pub(super) struct Keys {
    /// By the columns they are of.
    columns: Vec<Column>,
    scan: LogicalPlan,
    /// Of the recursive queries around.
    working: Vec<Working>,
}

pub(super) fn number() -> Expr {
    Expr::Column(Column::new(Some(KEYS), NUMBER))
}

fn between(name: &str) -> Column {
    Column::new(Some(BETWEEN), name)
}

fn refused(what: &str) -> DataFusionError {
    let message = format!("{what} in a subquery that refers to a query around it is not supported");
    DataFusionError::External(Box::new(Error::FeatureNotSupported(message)))
}

fn columns_of(schema: &DFSchemaRef) -> impl Iterator<Item = Expr> {
    schema.columns().into_iter().map(Expr::Column)
}

impl Keys {
    /// References to `columns`, with their fields; more keys may follow, which nothing refers to.
    pub(super) fn new(columns: Vec<Column>, fields: &[FieldRef]) -> Result<Keys> {
        Ok(Keys { columns, scan: apply::scan(fields)?, working: Vec::new() })
    }

    /// The same in the second term of a recursive query.
    pub(super) fn within(&self, working: Working) -> Keys {
        let mut all = self.working.clone();
        all.push(working);
        Keys { columns: self.columns.clone(), scan: self.scan.clone(), working: all }
    }

    /// What the columns of the table of keys are called.
    pub(super) fn names(&self) -> Vec<Column> {
        self.scan.schema().columns()
    }

    /// Whether a plan looks at nothing that differs by keys.
    fn is_free(&self, plan: &LogicalPlan) -> bool {
        plan.all_out_ref_exprs().is_empty()
            && !self.working.iter().any(|working| working.is_in(plan))
    }

    /// The columns of the table of keys.
    fn all(&self) -> impl Iterator<Item = Expr> {
        columns_of(self.scan.schema())
    }

    /// `plan` for every key: the columns of the keys, then its own.
    /// Errors: 0A000 for what cannot be kept apart by keys.
    pub(super) fn spread(&self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        if let LogicalPlan::EmptyRelation(empty) = plan
            && empty.produce_one_row
        {
            return Ok(self.scan.clone());
        }
        if self.is_free(plan) {
            return LogicalPlanBuilder::from(self.scan.clone()).cross_join(plan.clone())?.build();
        }
        match plan {
            LogicalPlan::Projection(projection) => {
                let input = self.spread(&projection.input)?;
                let exprs = self.projected(&projection.expr, &projection.schema)?;
                Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input))?))
            }
            LogicalPlan::Filter(filter) => {
                let input = self.spread(&filter.input)?;
                let predicate = self.told(filter.predicate.clone())?.data;
                Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(input))?))
            }
            LogicalPlan::Subquery(subquery) => self.spread(&subquery.subquery),
            LogicalPlan::SubqueryAlias(alias) => {
                let input = self.spread(&alias.input)?;
                let own = columns_of(alias.input.schema()).zip(alias.schema.iter());
                let own = own.map(|(column, (qualifier, field))| {
                    column.alias_qualified(qualifier.cloned(), field.name())
                });
                let exprs: Vec<Expr> = self.all().chain(own).collect();
                Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input))?))
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                let input = Arc::new(self.spread(&sort.input)?);
                let mut expr = vec![number().sort(true, false)];
                expr.extend(self.sorted(&sort.expr)?);
                Ok(LogicalPlan::Sort(Sort { expr, input, fetch: None }))
            }
            LogicalPlan::Limit(limit) => self.limited(limit, &limit.input),
            LogicalPlan::Aggregate(aggregate) => self.grouped(aggregate),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                Ok(LogicalPlan::Distinct(Distinct::All(Arc::new(self.spread(input)?))))
            }
            LogicalPlan::Distinct(Distinct::On(distinct)) => {
                let input = Arc::new(self.spread(&distinct.input)?);
                let mut on = vec![number()];
                for expr in &distinct.on_expr {
                    on.push(self.told(expr.clone())?.data);
                }
                let select = self.projected(&distinct.select_expr, &distinct.schema)?;
                let sort = match &distinct.sort_expr {
                    None => None,
                    Some(sort) => {
                        let mut keys = vec![number().sort(true, false)];
                        keys.extend(self.sorted(sort)?);
                        Some(keys)
                    }
                };
                let distinct = DistinctOn::try_new(on, select, sort, input)?;
                Ok(LogicalPlan::Distinct(Distinct::On(distinct)))
            }
            LogicalPlan::Window(window) => self.windowed(window),
            LogicalPlan::Join(join) => self.joined(join),
            LogicalPlan::Union(union) => self.united(union),
            LogicalPlan::Values(values) => self.listed(values),
            LogicalPlan::Unnest(unnest) => {
                let input = Arc::new(self.spread(&unnest.input)?);
                let (columns, options) = (unnest.exec_columns.clone(), unnest.options.clone());
                Ok(LogicalPlan::Unnest(Unnest::try_new(input, columns, options)?))
            }
            LogicalPlan::Extension(extension) => {
                match extension.node.as_any().downcast_ref::<Apply>() {
                    Some(apply) if self.is_free(&apply.inner) => {
                        apply.over(self.spread(&apply.outer)?)
                    }
                    _ => Err(refused("such a plan")),
                }
            }
            LogicalPlan::RecursiveQuery(query) => recursion::spread(self, query),
            LogicalPlan::TableScan(scan) => {
                let read = self.working.iter().map(|working| working.rows(self, scan));
                let read = read.filter_map(Result::transpose).next();
                read.unwrap_or_else(|| Err(refused("a scan")))
            }
            other => Err(refused(&other.display().to_string())),
        }
    }

    /// The rows of `plan` behind the numbers of their keys.
    pub(super) fn rows(&self, plan: &LogicalPlan) -> Result<LogicalPlan> {
        let columns = std::iter::once(number()).chain(columns_of(plan.schema()));
        let columns = columns.collect::<Vec<Expr>>();
        let rows = Arc::new(self.spread(plan)?);
        Ok(LogicalPlan::Projection(Projection::try_new(columns, rows)?))
    }

    /// `expr` with keys in place of what it refers to outside.
    pub(super) fn told(&self, expr: Expr) -> Result<Transformed<Expr>> {
        expr.transform_up(|expr| {
            let Expr::OuterReferenceColumn(_, column) = &expr else {
                return Ok(Transformed::no(expr));
            };
            match self.columns.iter().position(|own| own == column) {
                Some(index) => Ok(Transformed::yes(Expr::Column(apply::key(index)))),
                None => Ok(Transformed::no(expr)),
            }
        })
    }

    fn sorted(&self, keys: &[SortKey]) -> Result<Vec<SortKey>> {
        let told = |key: &SortKey| -> Result<SortKey> {
            Ok(SortKey { expr: self.told(key.expr.clone())?.data, ..key.clone() })
        };
        keys.iter().map(told).collect()
    }

    /// The keys, then expressions that keep the names they had.
    fn projected(&self, exprs: &[Expr], schema: &DFSchemaRef) -> Result<Vec<Expr>> {
        let mut projected: Vec<Expr> = self.all().collect();
        for (expr, (qualifier, field)) in exprs.iter().zip(schema.iter()) {
            let told = self.told(expr.clone())?;
            projected.push(if told.transformed {
                told.data.unalias().alias_qualified(qualifier.cloned(), field.name())
            } else {
                told.data
            });
        }
        Ok(projected)
    }

    /// An expression of a node that names its columns after them.
    fn named(&self, expr: &Expr) -> Result<Expr> {
        let told = self.told(expr.clone())?;
        Ok(match expr {
            Expr::Alias(_) => told.data,
            _ if told.transformed => told.data.alias(expr.schema_name().to_string()),
            _ => told.data,
        })
    }

    /// The keys and columns of that schema, out of `plan`, which may have more.
    fn only(&self, plan: LogicalPlan, schema: &DFSchemaRef) -> Result<LogicalPlan> {
        let columns = self.all().chain(columns_of(schema)).collect::<Vec<Expr>>();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
    }

    /// The rows of a LIMIT are the first of each key, by the order of what is below.
    fn limited(&self, limit: &Limit, input: &LogicalPlan) -> Result<LogicalPlan> {
        let below = |input: &Arc<LogicalPlan>| {
            let (skip, fetch) = (limit.skip.clone(), limit.fetch.clone());
            Arc::new(LogicalPlan::Limit(Limit { skip, fetch, input: Arc::clone(input) }))
        };
        let (base, order) = match input {
            // As many rows either way, and the order is nearer.
            LogicalPlan::Projection(projection) => {
                let input = below(&projection.input);
                let projection = Projection::try_new(projection.expr.clone(), input)?;
                return self.spread(&LogicalPlan::Projection(projection));
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let alias = SubqueryAlias::try_new(below(&alias.input), alias.alias.clone())?;
                return self.spread(&LogicalPlan::SubqueryAlias(alias));
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                (sort.input.as_ref(), self.sorted(&sort.expr)?)
            }
            other => (other, Vec::new()),
        };
        let numbered = placed(self.spread(base)?, order)?;
        let place = || Expr::Column(between(PLACE));
        let given = |expr: &Option<Box<Expr>>| -> Result<Option<Expr>> {
            match expr.as_deref() {
                None | Some(Expr::Literal(ScalarValue::Null, _)) => Ok(None),
                Some(expr) => Ok(Some(cast(self.told(expr.clone())?.data, DataType::Int64))),
            }
        };
        let (skip, fetch) = (given(&limit.skip)?, given(&limit.fetch)?);
        let skip = skip.unwrap_or_else(|| lit(0_i64));
        let mut kept = place().gt(skip.clone());
        if let Some(fetch) = fetch {
            let passed = binary_expr(place(), Operator::Minus, skip);
            kept = kept.and(passed.lt_eq(fetch));
        }
        let kept = LogicalPlan::Filter(Filter::try_new(kept, Arc::new(numbered))?);
        self.only(kept, base.schema())
    }

    fn grouped(&self, aggregate: &Aggregate) -> Result<LogicalPlan> {
        let input = self.spread(&aggregate.input)?;
        let mut groups: Vec<Expr> = self.all().collect();
        let mut aggregates = Vec::with_capacity(aggregate.aggr_expr.len());
        for expr in &aggregate.aggr_expr {
            aggregates.push(self.named(expr)?);
        }
        if !aggregate.group_expr.is_empty() {
            for expr in &aggregate.group_expr {
                if matches!(expr, Expr::GroupingSet(_)) {
                    return Err(refused("a grouping set"));
                }
                groups.push(self.named(expr)?);
            }
            let grouped = Aggregate::try_new(Arc::new(input), groups, aggregates)?;
            return Ok(LogicalPlan::Aggregate(grouped));
        }
        // One row for each key, those without inner rows too.
        let own = columns_of(aggregate.input.schema());
        let columns = [
            number().alias_qualified(Some(BETWEEN), NUMBER),
            lit(true).alias_qualified(Some(BETWEEN), MATCHED),
        ];
        let columns = columns.into_iter().chain(own).collect::<Vec<Expr>>();
        let inner = LogicalPlan::Projection(Projection::try_new(columns, Arc::new(input))?);
        let same = number().eq(Expr::Column(between(NUMBER)));
        let joined = LogicalPlanBuilder::from(self.scan.clone())
            .join_on(inner, JoinType::Left, [same])?
            .build()?;
        let aggregates = aggregates.into_iter().map(matched).collect::<Result<Vec<Expr>>>()?;
        Ok(LogicalPlan::Aggregate(Aggregate::try_new(Arc::new(joined), groups, aggregates)?))
    }

    fn windowed(&self, window: &Window) -> Result<LogicalPlan> {
        let input = self.spread(&window.input)?;
        let mut exprs = Vec::with_capacity(window.window_expr.len());
        for expr in &window.window_expr {
            let name = expr.schema_name().to_string();
            let told = self.told(expr.clone())?.data;
            let parted = told.transform_up(|expr| match expr {
                Expr::WindowFunction(mut function) => {
                    function.params.partition_by.push(number());
                    Ok(Transformed::yes(Expr::WindowFunction(function)))
                }
                other => Ok(Transformed::no(other)),
            })?;
            exprs.push(match expr {
                Expr::Alias(_) => parted.data,
                _ => parted.data.alias(name),
            });
        }
        Ok(LogicalPlan::Window(Window::try_new(exprs, Arc::new(input))?))
    }

    fn joined(&self, join: &Join) -> Result<LogicalPlan> {
        let (left_free, right_free) = (self.is_free(&join.left), self.is_free(&join.right));
        // The side that keeps rows without a match needs them for every key.
        let (spread_left, spread_right) = match join.join_type {
            JoinType::Inner => (!left_free || right_free, !right_free),
            JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => (true, !right_free),
            JoinType::Right => (!left_free, true),
            JoinType::Full => (true, true),
            _ => return Err(refused("such a join")),
        };
        let side = |plan: &Arc<LogicalPlan>, spread: bool| -> Result<LogicalPlan> {
            if spread { self.spread(plan) } else { Ok(plan.as_ref().clone()) }
        };
        let mut left = side(&join.left, spread_left)?;
        let mut right = side(&join.right, spread_right)?;
        let mut on = Vec::with_capacity(join.on.len());
        for (left, right) in &join.on {
            on.push((self.told(left.clone())?.data, self.told(right.clone())?.data));
        }
        let both = spread_left && spread_right;
        if both && join.join_type == JoinType::Right {
            left = self.renamed(left, join.left.schema())?;
            on.push((Expr::Column(between(NUMBER)), number()));
        } else if both {
            right = self.renamed(right, join.right.schema())?;
            on.push((number(), Expr::Column(between(NUMBER))));
        }
        let filter = match &join.filter {
            Some(filter) => Some(self.told(filter.clone())?.data),
            None => None,
        };
        let joined = LogicalPlan::Join(Join::try_new(
            Arc::new(left),
            Arc::new(right),
            on,
            filter,
            join.join_type,
            JoinConstraint::On,
            join.null_equality,
            join.null_aware,
        )?);
        let joined = if both && join.join_type == JoinType::Full {
            self.either(joined, &join.schema)?
        } else {
            joined
        };
        self.only(joined, &join.schema)
    }

    /// Keys and columns of that schema, the keys under another name.
    fn renamed(&self, plan: LogicalPlan, schema: &DFSchemaRef) -> Result<LogicalPlan> {
        let keys = self.scan.schema().columns().into_iter().map(|key| {
            let name = key.name.clone();
            Expr::Column(key).alias_qualified(Some(BETWEEN), name)
        });
        let columns = keys.chain(columns_of(schema)).collect::<Vec<Expr>>();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
    }

    /// The keys of a FULL join, whichever side has them.
    fn either(&self, joined: LogicalPlan, schema: &DFSchemaRef) -> Result<LogicalPlan> {
        let keys = self.scan.schema().columns().into_iter().map(|key| {
            let (own, name) = (Expr::Column(between(&key.name)), key.name.clone());
            let either = datafusion::functions::core::expr_fn::coalesce(vec![key.into(), own]);
            either.alias_qualified(Some(KEYS), name)
        });
        let columns = keys.chain(columns_of(schema)).collect::<Vec<Expr>>();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(joined))?))
    }

    fn united(&self, union: &Union) -> Result<LogicalPlan> {
        let mut inputs = Vec::with_capacity(union.inputs.len());
        for input in &union.inputs {
            inputs.push(Arc::new(self.only(self.spread(input)?, input.schema())?));
        }
        self.relabelled(Union::try_new_with_loose_types(inputs)?, &union.schema)
    }

    /// VALUES of rows that look outside: each row is one of every key.
    fn listed(&self, values: &Values) -> Result<LogicalPlan> {
        let mut rows = Vec::with_capacity(values.values.len());
        for row in &values.values {
            let mut columns: Vec<Expr> = self.all().collect();
            for (expr, (qualifier, field)) in row.iter().zip(values.schema.iter()) {
                let told = cast(self.told(expr.clone())?.data, field.data_type().clone());
                columns.push(told.alias_qualified(qualifier.cloned(), field.name()));
            }
            let input = Arc::new(self.scan.clone());
            rows.push(Arc::new(LogicalPlan::Projection(Projection::try_new(columns, input)?)));
        }
        match <[_; 1]>::try_from(rows) {
            Ok([row]) => Ok(Arc::unwrap_or_clone(row)),
            Err(rows) => self.relabelled(Union::try_new_with_loose_types(rows)?, &values.schema),
        }
    }

    /// A union of keys and columns of that schema, under its names.
    fn relabelled(&self, union: Union, schema: &DFSchemaRef) -> Result<LogicalPlan> {
        let names = self.scan.schema().iter().chain(schema.iter());
        let columns = columns_of(&union.schema).zip(names).map(|(column, (qualifier, field))| {
            column.alias_qualified(qualifier.cloned(), field.name())
        });
        let columns: Vec<Expr> = columns.collect();
        let union = Arc::new(LogicalPlan::Union(union));
        Ok(LogicalPlan::Projection(Projection::try_new(columns, union)?))
    }
}

/// `plan` with the places of its rows among those of their key.
fn placed(plan: LogicalPlan, order: Vec<SortKey>) -> Result<LogicalPlan> {
    let place = row_number().partition_by(vec![number()]);
    let place = if order.is_empty() { place } else { place.order_by(order) }.build()?;
    let counted = Expr::Column(Column::from_name(place.schema_name().to_string()));
    let counted = cast(counted, DataType::Int64).alias_qualified(Some(BETWEEN), PLACE);
    let columns = columns_of(plan.schema()).chain([counted]).collect::<Vec<Expr>>();
    let windowed = LogicalPlan::Window(Window::try_new(vec![place], Arc::new(plan))?);
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(windowed))?))
}

/// An aggregate that skips the row a key without inner rows has.
fn matched(expr: Expr) -> Result<Expr> {
    let only = || Expr::Column(between(MATCHED));
    let name = expr.schema_name().to_string();
    let filtered = expr.transform_up(|expr| match expr {
        Expr::AggregateFunction(mut function) => {
            let filter = function.params.filter.take();
            let filter = filter.map_or_else(only, |filter| filter.and(only()));
            function.params.filter = Some(Box::new(filter));
            Ok(Transformed::yes(Expr::AggregateFunction(function)))
        }
        other => Ok(Transformed::no(other)),
    });
    let filtered = filtered?.data;
    Ok(match filtered {
        Expr::Alias(_) => filtered,
        other => other.alias(name),
    })
}
