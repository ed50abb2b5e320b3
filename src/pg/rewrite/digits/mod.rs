//! Digits after the point of numerics that come from expressions of several scales: of `coalesce(sum(x), 0)`, `CASE`,
//! `VALUES (1), (2.5)`, the columns of a UNION. PostgreSQL shows each value with the digits it had; a decimal of Arrow has
//! one scale for the whole column, which is right for all that is calculated. So beside a column that clients see goes a
//! hidden one: how many digits each of its values shows ([`shown`]); of an array the texts of its elements. Everything
//! below goes on with the numbers.

pub(super) mod scales;
mod texts;

use std::cell::Cell;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::functions_aggregate::first_last::first_value;
use datafusion::logical_expr::{
    Aggregate, Cast, Distinct, Expr, Filter, Join, JoinType, Limit, LogicalPlan,
    LogicalPlanBuilder, Projection, Sort, SubqueryAlias, Union, Unnest, Values, Window,
};

use self::scales::{Hidden, aggregated, is_mixed, of, of_each, own_digits, windowed};
use super::operators::call;
use crate::pg::catalog::rows::tagged;
use crate::pg::functions::numerics::{Numerics, function};

/// What the hidden columns are named, and a number.
const NAME: &str = "__forebay_digits_";

/// A plan whose numeric columns, and whose texts of numerics, show each value's own digits.
pub(super) fn own(plan: LogicalPlan) -> Result<LogicalPlan> {
    let tracker = Tracker { made: Cell::new(0) };
    let plan = texts::written(plan, &tracker)?;
    let fields = plan.schema().fields();
    let wanted: Vec<usize> = (0..fields.len()).filter(|at| is_numeric(&fields[*at])).collect();
    if wanted.is_empty() {
        return Ok(plan);
    }
    let Some(told) = tracker.told(&plan, &wanted)? else { return Ok(plan) };
    let columns = plan.schema().iter().enumerate().map(|(index, (qualifier, field))| {
        let column = Expr::from((qualifier, field));
        let Some(hidden) = told.hidden.get(&index) else { return column };
        let texts = match field.data_type() {
            DataType::List(_) => hidden.clone(),
            _ => shown(column, hidden.clone()),
        };
        Expr::Cast(Cast::new_from_field(Box::new(texts), Arc::new(text_field(field))))
            .alias_qualified(qualifier.cloned(), field.name())
    });
    let columns: Vec<Expr> = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(told.plan))?))
}

/// The text of a number with so many digits after the point.
fn shown(number: Expr, digits: Expr) -> Expr {
    call(function(Numerics::Shown), vec![number, digits])
}

/// Of equal values that are shown as one. PostgreSQL shows the first that it meets; rows have no order here.
fn fewest(digits: Expr) -> Expr {
    first_value(digits.clone(), vec![digits.sort(true, false)])
}

/// Whether it is a numeric, or an array of such.
fn is_numeric(field: &Field) -> bool {
    match field.data_type() {
        DataType::List(item) => is_numeric(item),
        data_type => data_type.is_decimal(),
    }
}

fn ordered_alike(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::WindowFunction(one), Expr::WindowFunction(other)) => {
            one.params.order_by == other.params.order_by
        }
        _ => false,
    }
}

/// A numeric kept as its text, or an array of such.
fn text_field(field: &Field) -> Field {
    match field.data_type() {
        DataType::List(item) => {
            let item = Arc::new(text_field(item).with_name("item"));
            Field::new("", DataType::List(item), true)
        }
        _ => tagged(Field::new("", DataType::Utf8, true), "numeric"),
    }
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

/// A plan with hidden columns, and what says how values of which of its columns are shown.
struct Told {
    plan: LogicalPlan,
    hidden: Hidden,
}

/// Names hidden columns, no two alike.
struct Tracker {
    made: Cell<usize>,
}

impl Tracker {
    fn name(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("{NAME}{}", self.made.get())
    }

    /// `plan` with hidden columns for as many of the columns `wanted` as need some; `None` when none does.
    fn told(&self, plan: &LogicalPlan, wanted: &[usize]) -> Result<Option<Told>> {
        match plan {
            _ if wanted.is_empty() => Ok(None),
            LogicalPlan::Projection(projection) => self.projected(projection, wanted),
            LogicalPlan::Values(values) => self.listed(values, wanted),
            LogicalPlan::Union(union) => self.united(union, wanted),
            LogicalPlan::Distinct(Distinct::All(input)) => self.distinct(input, wanted),
            LogicalPlan::Aggregate(aggregate) => self.grouped(aggregate, wanted),
            LogicalPlan::Window(window) => self.windowed(window, wanted),
            LogicalPlan::Join(join) => self.joined(join, wanted),
            LogicalPlan::Sort(sort) => self.passed(&sort.input, wanted, |input| {
                let (expr, fetch) = (sort.expr.clone(), sort.fetch);
                Ok(LogicalPlan::Sort(Sort { expr, input, fetch }))
            }),
            LogicalPlan::Limit(limit) => self.passed(&limit.input, wanted, |input| {
                let (skip, fetch) = (limit.skip.clone(), limit.fetch.clone());
                Ok(LogicalPlan::Limit(Limit { skip, fetch, input }))
            }),
            LogicalPlan::Filter(filter) => self.passed(&filter.input, wanted, |input| {
                Ok(LogicalPlan::Filter(Filter::try_new(filter.predicate.clone(), input)?))
            }),
            LogicalPlan::SubqueryAlias(alias) => self.renamed(alias, wanted),
            LogicalPlan::Unnest(unnest) => self.unnested(unnest, wanted),
            _ => Ok(None),
        }
    }

    /// A node whose columns are those of its input.
    fn passed(
        &self,
        input: &LogicalPlan,
        wanted: &[usize],
        build: impl FnOnce(Arc<LogicalPlan>) -> Result<LogicalPlan>,
    ) -> Result<Option<Told>> {
        let Some(told) = self.told(input, wanted)? else { return Ok(None) };
        Ok(Some(Told { plan: build(Arc::new(told.plan))?, hidden: told.hidden }))
    }

    fn renamed(&self, alias: &SubqueryAlias, wanted: &[usize]) -> Result<Option<Told>> {
        let Some(inner) = self.told(&alias.input, wanted)? else { return Ok(None) };
        let name = alias.alias.clone();
        let renamed = |expr: Expr| match expr {
            Expr::Column(column) => Expr::Column(Column::new(Some(name.clone()), column.name)),
            other => other,
        };
        let hidden = inner.hidden.into_iter().map(|(at, expr)| (at, renamed(expr))).collect();
        let plan = SubqueryAlias::try_new(Arc::new(inner.plan), name.clone())?;
        Ok(Some(Told { plan: LogicalPlan::SubqueryAlias(plan), hidden }))
    }

    /// The elements of arrays, whose texts are taken apart beside them.
    fn unnested(&self, unnest: &Unnest, wanted: &[usize]) -> Result<Option<Told>> {
        let source = |at: &usize| unnest.dependency_indices.get(*at).copied();
        let below: Vec<usize> = wanted.iter().filter_map(source).collect();
        let Some(told) = self.told(&unnest.input, &below)? else { return Ok(None) };
        let (mut exec, mut counted) = (unnest.exec_columns.clone(), Vec::new());
        let mut hidden = Hidden::new();
        for at in wanted {
            let Some((own, from)) =
                source(at).and_then(|from| Some((told.hidden.get(&from)?, from)))
            else {
                continue;
            };
            let list = unnest.input.schema().field(from).data_type().is_list();
            let taken = list && !unnest.schema.field(*at).data_type().is_list();
            let (true, Expr::Column(column)) = (taken, own) else {
                hidden.insert(*at, own.clone());
                continue;
            };
            exec.push(column.clone());
            let name = self.name();
            let count = call(function(Numerics::TextScale), vec![own.clone()]);
            counted.push(count.alias(&name));
            hidden.insert(*at, Expr::Column(Column::from_name(name)));
        }
        let mut columns: Vec<Expr> = unnest.schema.iter().map(Expr::from).collect();
        let kept = hidden.values().filter(
            |own| matches!(own, Expr::Column(column) if told.plan.schema().has_column(column)),
        );
        columns.extend(kept.cloned());
        columns.extend(counted);
        let plan = LogicalPlanBuilder::from(told.plan)
            .unnest_columns_with_options(exec, unnest.options.clone())?
            .project(columns)?
            .build()?;
        Ok(Some(Told { plan, hidden }))
    }

    /// The plan below expressions, with hidden columns for the numerics they look at.
    fn below<'a>(
        &self,
        input: &Arc<LogicalPlan>,
        exprs: impl Iterator<Item = &'a Expr>,
    ) -> Result<(Arc<LogicalPlan>, Hidden)> {
        let schema = input.schema();
        let used = exprs.flat_map(Expr::column_refs);
        let mut used: Vec<usize> =
            used.filter_map(|column| schema.maybe_index_of_column(column)).collect();
        used.retain(|index| is_numeric(schema.field(*index)));
        used.sort_unstable();
        used.dedup();
        Ok(match self.told(input, &used)? {
            Some(told) => (Arc::new(told.plan), told.hidden),
            None => (Arc::clone(input), Hidden::new()),
        })
    }

    fn projected(&self, projection: &Projection, wanted: &[usize]) -> Result<Option<Told>> {
        let exprs = || wanted.iter().filter_map(|at| projection.expr.get(*at));
        let (input, below) = self.below(&projection.input, exprs())?;
        let schema = projection.input.schema();
        let mut columns = projection.expr.clone();
        let mut hidden = Hidden::new();
        for at in wanted {
            let expr = projection.expr.get(*at).map(bare);
            if let Some(own) = expr.map(|expr| of(expr, schema, &below)).transpose()?.flatten() {
                let name = self.name();
                columns.push(own.alias(&name));
                hidden.insert(*at, Expr::Column(Column::from_name(name)));
            }
        }
        if hidden.is_empty() {
            return Ok(None);
        }
        let plan = LogicalPlan::Projection(Projection::try_new(columns, input)?);
        Ok(Some(Told { plan, hidden }))
    }

    /// `VALUES` with the digits of each constant.
    fn listed(&self, values: &Values, wanted: &[usize]) -> Result<Option<Told>> {
        let (schema, none) = (DFSchema::empty(), Hidden::new());
        let mut hidden = Hidden::new();
        let mut rows = values.values.clone();
        let mut fields: Vec<(_, FieldRef)> = values
            .schema
            .iter()
            .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
            .collect();
        for at in wanted {
            let column: Option<Vec<&Expr>> = values.values.iter().map(|row| row.get(*at)).collect();
            let Some(column) = column else { continue };
            if values.schema.field(*at).data_type().is_list() || !is_mixed(&column, &schema, &none)?
            {
                continue;
            }
            for (row, digits) in rows.iter_mut().zip(of_each(&column, &schema, &none)?) {
                row.push(digits);
            }
            let name = self.name();
            fields.push((None, Arc::new(Field::new(&name, DataType::Int32, true))));
            hidden.insert(*at, Expr::Column(Column::from_name(name)));
        }
        if hidden.is_empty() {
            return Ok(None);
        }
        let schema = DFSchema::new_with_metadata(fields, values.schema.metadata().clone())?;
        let plan = LogicalPlan::Values(Values { schema: Arc::new(schema), values: rows });
        Ok(Some(Told { plan, hidden }))
    }

    /// UNION: each input's own digits.
    fn united(&self, union: &Union, wanted: &[usize]) -> Result<Option<Told>> {
        let mut inputs: Vec<(Arc<LogicalPlan>, Option<Told>)> =
            Vec::with_capacity(union.inputs.len());
        for input in &union.inputs {
            inputs.push((Arc::clone(input), self.told(input, wanted)?));
        }
        let mixed = |at: &usize| {
            let mut digits = Vec::with_capacity(inputs.len());
            for (input, told) in &inputs {
                let Some(field) = input.schema().fields().get(*at) else { return false };
                let list = field.data_type().is_list();
                match own_digits(field.data_type()) {
                    Some(own) if !list => digits.push(own),
                    None if field.data_type().is_null() => {}
                    _ => return false,
                }
                if told.as_ref().is_some_and(|told| told.hidden.contains_key(at)) {
                    return true;
                }
            }
            digits.windows(2).any(|pair| pair[0] != pair[1])
        };
        let mixed: Vec<usize> = wanted.iter().copied().filter(mixed).collect();
        if mixed.is_empty() {
            return Ok(None);
        }
        let names: Vec<String> = mixed.iter().map(|_| self.name()).collect();
        let mut parts = Vec::with_capacity(inputs.len());
        for (input, told) in inputs {
            let schema = Arc::clone(input.schema());
            let mut columns: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
            let (below, found) = match told {
                Some(told) => (Arc::new(told.plan), told.hidden),
                None => (input, Hidden::new()),
            };
            for (at, name) in mixed.iter().zip(&names) {
                let column = columns.get(*at).cloned().unwrap_or_default();
                let digits = of_each(&[&column], &schema, &found)?.pop().unwrap_or_default();
                columns.push(digits.alias(name));
            }
            parts.push(Arc::new(LogicalPlan::Projection(Projection::try_new(columns, below)?)));
        }
        let plan = LogicalPlan::Union(Union::try_new_with_loose_types(parts)?);
        // The columns of a union have no qualifier but what its first input gave them.
        let hidden = mixed.into_iter().zip(names);
        let hidden = hidden.map(|(at, name)| (at, Expr::Column(Column::from_name(name))));
        Ok(Some(Told { plan, hidden: hidden.collect() }))
    }

    /// DISTINCT: the fewest digits of equal values.
    fn distinct(&self, input: &Arc<LogicalPlan>, wanted: &[usize]) -> Result<Option<Told>> {
        let Some(inner) = self.told(input, wanted)? else { return Ok(None) };
        let groups = input.schema().columns().into_iter().map(Expr::Column).collect();
        let (mut firsts, mut hidden) = (Vec::new(), Hidden::new());
        for (at, expr) in inner.hidden {
            let name = self.name();
            firsts.push(fewest(expr).alias(&name));
            hidden.insert(at, Expr::Column(Column::from_name(name)));
        }
        let plan = Aggregate::try_new(Arc::new(inner.plan), groups, firsts)?;
        Ok(Some(Told { plan: LogicalPlan::Aggregate(plan), hidden }))
    }

    /// GROUP BY: the fewest digits of equal values, and those of aggregates.
    fn grouped(&self, aggregate: &Aggregate, wanted: &[usize]) -> Result<Option<Told>> {
        let sets = matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
        let before = aggregate.schema.fields().len() - aggregate.aggr_expr.len();
        let found = |at: usize| match at.checked_sub(before) {
            None if sets => None,
            None => aggregate.group_expr.get(at),
            Some(index) => aggregate.aggr_expr.get(index),
        };
        let exprs = wanted.iter().filter_map(|at| found(*at));
        let (input, below) = self.below(&aggregate.input, exprs)?;
        let schema = aggregate.input.schema();
        let mut aggregates = aggregate.aggr_expr.clone();
        let mut hidden = Hidden::new();
        for at in wanted {
            let Some(expr) = found(*at).map(bare) else { continue };
            let digits = match at.checked_sub(before) {
                None => of(expr, schema, &below)?.map(fewest),
                Some(_) => aggregated(expr, schema, &below)?,
            };
            if let Some(digits) = digits {
                let name = self.name();
                aggregates.push(digits.alias(&name));
                hidden.insert(*at, Expr::Column(Column::from_name(name)));
            }
        }
        if hidden.is_empty() {
            return Ok(None);
        }
        let plan = Aggregate::try_new(input, aggregate.group_expr.clone(), aggregates)?;
        Ok(Some(Told { plan: LogicalPlan::Aggregate(plan), hidden }))
    }

    fn windowed(&self, window: &Window, wanted: &[usize]) -> Result<Option<Told>> {
        let before = window.input.schema().fields().len();
        let own = |at: &usize| window.window_expr.get(at.checked_sub(before)?);
        // A column is one of what it looks at.
        let columns: Vec<Expr> =
            window.input.schema().columns().into_iter().map(Expr::Column).collect();
        let exprs = wanted.iter().filter_map(|at| own(at).or_else(|| columns.get(*at)));
        let (input, mut hidden) = self.below(&window.input, exprs)?;
        let mut windows = window.window_expr.clone();
        let (mut found, mut apart) = (Hidden::new(), Vec::new());
        for at in wanted {
            let Some(expr) = own(at).map(bare) else { continue };
            if let Some(digits) = windowed(expr, window.input.schema(), &hidden)? {
                let name = self.name();
                // The functions of one node go over the rows in one order.
                let list = if ordered_alike(&digits, expr) { &mut windows } else { &mut apart };
                list.push(digits.alias(&name));
                found.insert(*at, Expr::Column(Column::from_name(name)));
            }
        }
        hidden.retain(|at, _| wanted.contains(at));
        hidden.extend(found);
        if hidden.is_empty() {
            return Ok(None);
        }
        let mut plan = LogicalPlan::Window(Window::try_new(windows, input)?);
        for function in apart {
            plan = LogicalPlan::Window(Window::try_new(vec![function], Arc::new(plan))?);
        }
        Ok(Some(Told { plan, hidden }))
    }

    fn joined(&self, join: &Join, wanted: &[usize]) -> Result<Option<Told>> {
        use JoinType::{Full, Inner, Left, LeftAnti, LeftSemi, Right};
        if !matches!(join.join_type, Inner | Left | Right | Full | LeftAnti | LeftSemi) {
            return Ok(None);
        }
        let before = join.left.schema().fields().len();
        let (left, right): (Vec<usize>, Vec<usize>) =
            wanted.iter().copied().partition(|at| *at < before);
        let right: Vec<usize> = right.into_iter().map(|at| at - before).collect();
        let (left, right) = (self.told(&join.left, &left)?, self.told(&join.right, &right)?);
        if left.is_none() && right.is_none() {
            return Ok(None);
        }
        let mut join = join.clone();
        let mut hidden = Hidden::new();
        if let Some(told) = left {
            join.left = Arc::new(told.plan);
            hidden.extend(told.hidden);
        }
        if let Some(told) = right {
            join.right = Arc::new(told.plan);
            hidden.extend(told.hidden.into_iter().map(|(at, expr)| (at + before, expr)));
        }
        let plan = LogicalPlan::Join(join).recompute_schema()?;
        Ok(Some(Told { plan, hidden }))
    }
}
