//! Grouping, DISTINCT, joins and set operations over types whose equal values differ in their Arrow form (`jsonb`,
//! `numrange`, `interval`, floating point with its two zeros, arrays and records of them): they go by the keys of the
//! values ([`keys`]), and the first value of a group stands for it. All other types go as they are.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, DataFusionError, Result, TableReference};
use datafusion::functions_aggregate::first_last::first_value;
use datafusion::logical_expr::expr::{InSubquery, Sort};
use datafusion::logical_expr::{
    self, Aggregate, Cast, Distinct, DistinctOn, Expr, ExprSchemable, Join, LogicalPlan,
    Projection, Subquery, Union, Window, WindowFunctionDefinition, lit,
};

use super::operators::call;
use super::unions;
use crate::error::Error;
use crate::pg::functions::floats::{self, Floats};
use crate::pg::functions::{keys, moments};
use crate::pg::types;

/// What the columns of keys, and of the values that stand for them, are named, and a number.
const KEY: &str = "__forebay_key_";
pub(crate) const FIRST: &str = "__forebay_first_";
/// The columns of what is called once.
const CALLED: &str = "__forebay_called_";
/// The column of the numbers of branches.
const BRANCH: &str = "__forebay_branch";

/// One node whose expressions have their types.
/// Errors: 0A000 where no key can stand for the values.
pub(super) fn by_value(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let node = subqueries(node)?;
    let changed = node.transformed;
    let done = match node.data {
        LogicalPlan::Distinct(Distinct::All(input)) if any(input.schema()) => distinct(input)?,
        LogicalPlan::Distinct(Distinct::On(distinct)) => first_rows(distinct)?,
        LogicalPlan::Aggregate(aggregate) => grouped(aggregate, Vec::new())?,
        LogicalPlan::Join(join) => joined(join)?,
        LogicalPlan::Window(window) => partitioned(window)?,
        other => Transformed::no(other),
    };
    Ok(if changed { Transformed::yes(done.data) } else { done })
}

/// Whether a value has to be shown by the first one of its group.
fn is_shown_by_first(field: &Field) -> bool {
    field.data_type().is_floating() || keys::is_needed(field)
}

fn any(schema: &DFSchema) -> bool {
    schema.fields().iter().any(|field| is_shown_by_first(field))
}

/// What `expr` is compared by; `None` where that is itself.
fn key(expr: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let Ok((_, field)) = expr.to_field(schema) else { return Ok(None) };
    if !keys::is_needed(&field) {
        return Ok(None);
    }
    let function = match field.data_type() {
        DataType::Interval(_) => moments::length(),
        _ => keys::function(),
    };
    Ok(Some(call(function, vec![expr.clone()])))
}

/// What `expr` is joined by. Of arrays it is always their key: what DataFusion's hash join tells the scan of one side of the
/// values of the other leaves out equal arrays where elements are NULL (55.2; no upstream issue known).
fn matched(expr: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    match expr.get_type(schema) {
        Ok(list) if list.is_list() => Ok(Some(call(keys::function(), vec![expr.clone()]))),
        _ => key(expr, schema),
    }
}

/// Returns whether it changed anything.
fn become_key(expr: &mut Expr, schema: &DFSchema) -> Result<bool> {
    let key = key(expr, schema)?;
    let changed = key.is_some();
    if let Some(key) = key {
        *expr = key;
    }
    Ok(changed)
}

/// `SELECT DISTINCT` and UNION: the first rows of groups by all columns.
fn distinct(input: Arc<LogicalPlan>) -> Result<Transformed<LogicalPlan>> {
    let columns = input.schema().columns().into_iter().map(Expr::Column).collect();
    let (input, order) = match input.as_ref() {
        LogicalPlan::Union(union) => in_branches(union)?,
        _ => (input, Vec::new()),
    };
    grouped(Aggregate::try_new(input, columns, Vec::new())?, order)
}

/// The rows of a union with the numbers of their branches, and the order of these: which branch has its rows first is luck.
fn in_branches(union: &Union) -> Result<(Arc<LogicalPlan>, Vec<Sort>)> {
    let mut branches = Vec::with_capacity(union.inputs.len());
    for (number, branch) in (0_i64..).zip(&union.inputs) {
        let own = branch.schema().columns().into_iter().map(Expr::Column);
        let columns: Vec<Expr> = own.chain([lit(number).alias(BRANCH)]).collect();
        let branch = Projection::try_new(columns, Arc::clone(branch))?;
        branches.push(Arc::new(LogicalPlan::Projection(branch)));
    }
    let union = LogicalPlan::Union(Union::try_new_with_loose_types(branches)?);
    Ok((Arc::new(union), vec![Expr::Column(Column::from_name(BRANCH)).sort(true, false)]))
}

/// `SELECT DISTINCT ON`: the first row of each group in the order of the statement.
fn first_rows(distinct: DistinctOn) -> Result<Transformed<LogicalPlan>> {
    let schema = Arc::clone(distinct.input.schema());
    let mut keyed = false;
    let mut groups = distinct.on_expr.clone();
    for expr in &mut groups {
        keyed |= become_key(expr, &schema)?;
    }
    let told = |field: &FieldRef| unmarked(field.data_type()) != *field.data_type();
    if !keyed && !distinct.schema.fields().iter().any(told) {
        return Ok(Transformed::no(LogicalPlan::Distinct(Distinct::On(distinct))));
    }
    let mut order = distinct.sort_expr.clone().unwrap_or_default();
    for sort in &mut order {
        become_key(&mut sort.expr, &schema)?;
    }
    let group = |index: usize| format!("{KEY}{index}");
    let first = |index: usize| format!("{FIRST}{index}");
    let named = groups.into_iter().enumerate().map(|(index, expr)| expr.alias(group(index)));
    let mut values = Vec::with_capacity(distinct.select_expr.len());
    for (index, expr) in distinct.select_expr.iter().enumerate() {
        values.push(first_of(bare(expr), order.clone(), &schema)?.alias(first(index)));
    }
    let aggregate = Aggregate::try_new(distinct.input, named.collect(), values)?;
    let mut plan = LogicalPlan::Aggregate(aggregate);
    if !order.is_empty() {
        // As many keys as rows are told apart by; they come first in the order.
        let keys = order.into_iter().take(distinct.on_expr.len()).enumerate();
        let expr = keys.map(|(index, sort)| {
            let key = Expr::Column(Column::from_name(group(index)));
            Sort { expr: key, ..sort }
        });
        let expr = expr.collect();
        plan = LogicalPlan::Sort(logical_expr::Sort { expr, input: Arc::new(plan), fetch: None });
    }
    let columns = distinct.schema.iter().enumerate().map(|(index, (qualifier, field))| {
        typed(Expr::Column(Column::from_name(first(index))), field)
            .alias_qualified(qualifier.cloned(), field.name())
    });
    let columns: Vec<Expr> = columns.collect();
    let plan = Projection::try_new(columns, Arc::new(plan))?;
    Ok(Transformed::yes(LogicalPlan::Projection(plan)))
}

/// The first value of a group. The aggregate forgets what the elements of arrays say beyond Arrow's type.
fn first_of(expr: &Expr, order: Vec<Sort>, schema: &DFSchema) -> Result<Expr> {
    let data_type = expr.to_field(schema)?.1.data_type().clone();
    let plain = unmarked(&data_type);
    let expr = match plain == data_type {
        true => expr.clone(),
        false => Expr::Cast(Cast::new(Box::new(expr.clone()), plain)),
    };
    Ok(first_value(expr, order))
}

/// An array's type without that.
fn unmarked(data_type: &DataType) -> DataType {
    match data_type {
        DataType::List(item) => {
            let plain = Field::new(item.name(), unmarked(item.data_type()), item.is_nullable());
            DataType::List(Arc::new(plain))
        }
        other => other.clone(),
    }
}

/// The first value of a group as what its column was.
fn typed(first: Expr, field: &Arc<Field>) -> Expr {
    match field.metadata().is_empty() && unmarked(field.data_type()) == *field.data_type() {
        true => first,
        false => {
            let field = Arc::new(field.as_ref().clone().with_name(""));
            Expr::Cast(Cast::new_from_field(Box::new(first), field))
        }
    }
}

/// The expression without what only names it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

/// `array_agg(DISTINCT x)` where values of `x` are equal whose forms differ, or sort by something else: PostgreSQL gathers
/// them in an order of `x`, and so those that are equal stand together, and the first of them stays. What it stands in
/// is a projection above; `None` where there is no such aggregate.
fn first_of_equal(aggregate: &mut Aggregate) -> Result<Option<Vec<Expr>>> {
    let schema = Arc::clone(aggregate.input.schema());
    let width = aggregate.group_expr.len();
    let mut columns: Vec<Expr> = aggregate.schema.iter().map(Expr::from).collect();
    let mut found = false;
    if columns.len() != width + aggregate.aggr_expr.len() {
        return Ok(None);
    }
    for (expr, column) in aggregate.aggr_expr.iter_mut().zip(columns.iter_mut().skip(width)) {
        let Expr::AggregateFunction(function) = bare(expr) else { continue };
        let params = &function.params;
        let ([arg], [sort]) = (params.args.as_slice(), params.order_by.as_slice()) else {
            continue;
        };
        let gathers = params.distinct && function.func.name() == "array_agg";
        let key = key(arg, &schema)?;
        let plain = key.is_none() && unnamed(&sort.expr)? == unnamed(arg)?;
        if !gathers || plain || !is_of(&sort.expr, arg)? {
            continue;
        }
        let sort = Sort { expr: key.unwrap_or_else(|| sort.expr.clone()), ..sort.clone() };
        let mut function = function.clone();
        (function.params.distinct, function.params.order_by) = (false, vec![sort]);
        let (qualifier, name) = column.qualified_name();
        *expr = Expr::AggregateFunction(function).alias(&name);
        let kept = call(keys::first_of_equal(), vec![column.clone()]);
        *column = kept.alias_qualified(qualifier, name);
        found = true;
    }
    Ok(found.then_some(columns))
}

/// Whether `sort` is `value`, or what it is sorted by. Both were planned apart, so that names in them may differ.
fn is_of(sort: &Expr, value: &Expr) -> Result<bool> {
    if unnamed(sort)? == unnamed(value)? {
        return Ok(true);
    }
    match bare(sort) {
        Expr::ScalarFunction(function) => match function.args.as_slice() {
            [only] => is_of(only, value),
            _ => Ok(false),
        },
        _ => Ok(false),
    }
}

/// The text of an expression without what only names its parts.
fn unnamed(expr: &Expr) -> Result<String> {
    let bare = expr.clone().transform_up(|expr| match expr {
        Expr::Alias(alias) => Ok(Transformed::yes(*alias.expr)),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(bare.data.to_string())
}

/// GROUP BY; `order` tells which of equal values is the first.
/// Errors: 0A000 for grouping sets, and for DISTINCT in aggregates that show values.
fn grouped(aggregate: Aggregate, order: Vec<Sort>) -> Result<Transformed<LogicalPlan>> {
    let mut aggregate = called_once(aggregate)?;
    let input = Arc::clone(&aggregate.input);
    let within = input.schema();
    if let Some(columns) = first_of_equal(&mut aggregate)? {
        let Aggregate { input, group_expr, aggr_expr, .. } = aggregate;
        let plan = grouped(Aggregate::try_new(input, group_expr, aggr_expr)?, order)?.data;
        let plan = Projection::try_new(columns, Arc::new(plan))?;
        return Ok(Transformed::yes(LogicalPlan::Projection(plan)));
    }
    let mut counted = false;
    let names: Vec<(Option<TableReference>, Arc<Field>)> = aggregate
        .schema
        .iter()
        .map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)))
        .collect();
    let width = aggregate.group_expr.len();
    for (expr, (_, field)) in aggregate.aggr_expr.iter_mut().zip(names.iter().skip(width)) {
        if let Some(own) = distinct_values(expr, within)? {
            *expr = own.alias(field.name());
            counted = true;
        }
    }
    if let [Expr::GroupingSet(set)] = aggregate.group_expr.as_slice() {
        for expr in set.distinct_expr() {
            if key(expr, within)?.is_some() {
                let (_, field) = expr.to_field(within)?;
                let kind = types::sql_name(types::of_field(&field).oid);
                return Err(unsupported(&format!("grouping sets of type {kind}")));
            }
        }
        return rebuilt(aggregate, counted);
    }
    let (mut groups, mut seen, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    let mut columns = Vec::with_capacity(names.len());
    for (expr, (qualifier, field)) in aggregate.group_expr.iter().zip(&names) {
        if !is_shown_by_first(expr.to_field(within)?.1.as_ref()) {
            groups.push(expr.clone());
            columns.push(Expr::from((qualifier.as_ref(), field)));
            continue;
        }
        let own = bare(expr).clone();
        // The same expression twice is one group.
        let before = seen.iter().position(|seen| *seen == own);
        let first = format!("{FIRST}{}", before.unwrap_or(seen.len()));
        if before.is_none() {
            shown.push(first_of(&own, order.clone(), within)?.alias(first.clone()));
            let group = format!("{KEY}{}", seen.len());
            groups.push(key(&own, within)?.unwrap_or_else(|| own.clone()).alias(group));
            seen.push(own);
        }
        columns.push(
            typed(Expr::Column(Column::from_name(first)), field)
                .alias_qualified(qualifier.clone(), field.name()),
        );
    }
    if shown.is_empty() {
        return rebuilt(aggregate, counted);
    }
    let rest = names.iter().skip(width);
    columns.extend(rest.map(|(qualifier, field)| Expr::from((qualifier.as_ref(), field))));
    aggregate.aggr_expr.extend(shown);
    let aggregate = Aggregate::try_new(input, groups, aggregate.aggr_expr)?;
    let plan = Projection::try_new(columns, Arc::new(LogicalPlan::Aggregate(aggregate)))?;
    Ok(Transformed::yes(LogicalPlan::Projection(plan)))
}

/// Keys that differ from one call to the next are columns below: what shows a group looks at them a second time.
fn called_once(mut aggregate: Aggregate) -> Result<Aggregate> {
    if !aggregate.group_expr.iter().any(Expr::is_volatile) {
        return Ok(aggregate);
    }
    let mut columns: Vec<Expr> = aggregate.input.schema().iter().map(Expr::from).collect();
    for (number, key) in aggregate.group_expr.iter_mut().enumerate() {
        if key.is_volatile() && !matches!(key, Expr::GroupingSet(_)) {
            let (name, column) = (key.schema_name().to_string(), format!("{CALLED}{number}"));
            columns.push(std::mem::take(key).unalias().alias(&column));
            *key = Expr::Column(Column::from_name(column)).alias(name);
        }
    }
    let input = Arc::new(LogicalPlan::Projection(Projection::try_new(columns, aggregate.input)?));
    Aggregate::try_new(input, aggregate.group_expr, aggregate.aggr_expr)
}

fn rebuilt(aggregate: Aggregate, changed: bool) -> Result<Transformed<LogicalPlan>> {
    if !changed {
        return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
    }
    let Aggregate { input, group_expr, aggr_expr, .. } = aggregate;
    let aggregate = Aggregate::try_new(input, group_expr, aggr_expr)?;
    Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
}

/// `count(DISTINCT x)` as one of the keys. Errors: 0A000 for an aggregate that shows the values.
fn distinct_values(expr: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let done = expr.clone().transform_up(|expr| {
        let Expr::AggregateFunction(mut function) = expr else { return Ok(Transformed::no(expr)) };
        if !function.params.distinct || matches!(function.func.name(), "min" | "max") {
            return Ok(Transformed::no(Expr::AggregateFunction(function)));
        }
        let mut changed = false;
        for arg in &mut function.params.args {
            changed |= become_key(arg, schema)?;
        }
        let name = function.func.name();
        match name {
            _ if !changed => Ok(Transformed::no(Expr::AggregateFunction(function))),
            "count" => Ok(Transformed::yes(Expr::AggregateFunction(function))),
            _ => Err(unsupported(&format!("DISTINCT in {name} of such values"))),
        }
    })?;
    Ok(done.transformed.then_some(done.data))
}

fn joined(mut join: Join) -> Result<Transformed<LogicalPlan>> {
    let mut changed = false;
    for (left, right) in &mut join.on {
        let keys = (matched(left, join.left.schema())?, matched(right, join.right.schema())?);
        match keys {
            (None, None) => {}
            (Some(left_key), Some(right_key)) => {
                (*left, *right) = (left_key, right_key);
                changed = true;
            }
            // One side is filled up with blanks to a length.
            (left_key, right_key) => {
                let of = |expr: &Expr| call(keys::function(), vec![expr.clone()]);
                let (left_key, right_key) =
                    (left_key.unwrap_or_else(|| of(left)), right_key.unwrap_or_else(|| of(right)));
                (*left, *right) = (left_key, right_key);
                changed = true;
            }
        }
    }
    let plan = LogicalPlan::Join(join);
    Ok(if changed { Transformed::yes(plan) } else { Transformed::no(plan) })
}

/// PARTITION BY.
fn partitioned(mut window: Window) -> Result<Transformed<LogicalPlan>> {
    let input = Arc::clone(&window.input);
    let schema = input.schema();
    let mut changed = false;
    for (expr, field) in
        window.window_expr.iter_mut().zip(window.schema.fields().iter().skip(schema.fields().len()))
    {
        let own = std::mem::take(expr);
        let done = own.transform_up(|expr| {
            let Expr::WindowFunction(mut function) = expr else {
                return Ok(Transformed::no(expr));
            };
            let mut keyed = false;
            for expr in &mut function.params.partition_by {
                keyed |= become_key(expr, schema)?;
                // The rows that ALL numbers are grouped again above, where the planner would miss their order.
                let numbers = field.name() == unions::NUMBER;
                if !numbers && expr.get_type(schema).is_ok_and(|found| found.is_floating()) {
                    *expr = call(floats::function(Floats::Order), vec![std::mem::take(expr)]);
                    keyed = true;
                }
            }
            if function.params.distinct
                && let WindowFunctionDefinition::AggregateUDF(_) = &function.fun
            {
                for arg in &function.params.args {
                    if key(arg, schema)?.is_some() {
                        return Err(unsupported("DISTINCT of such values in a window"));
                    }
                }
            }
            let expr = Expr::WindowFunction(function);
            Ok(if keyed { Transformed::yes(expr) } else { Transformed::no(expr) })
        })?;
        changed |= done.transformed;
        *expr = match done.transformed && !matches!(done.data, Expr::Alias(_)) {
            true => done.data.alias(field.name()),
            false => done.data,
        };
    }
    if !changed {
        return Ok(Transformed::no(LogicalPlan::Window(window)));
    }
    Ok(Transformed::yes(LogicalPlan::Window(Window::try_new(window.window_expr, input)?)))
}

/// `x IN (SELECT y …)` in the expressions of a node.
fn subqueries(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    if !matches!(node, LogicalPlan::Filter(_) | LogicalPlan::Projection(_) | LogicalPlan::Join(_)) {
        return Ok(Transformed::no(node));
    }
    let mut schema = DFSchema::empty();
    for input in node.inputs() {
        schema.merge(input.schema());
    }
    node.map_expressions(|expr| {
        expr.transform_up(|expr| match expr {
            Expr::InSubquery(inside) => listed(inside, &schema),
            other => Ok(Transformed::no(other)),
        })
    })
}

fn listed(inside: InSubquery, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let InSubquery { expr, subquery, negated } = inside;
    let below = Arc::clone(&subquery.subquery);
    let column = below.schema().columns().into_iter().next().map(Expr::Column);
    let keys = match &column {
        Some(column) => (matched(&expr, schema)?, matched(column, below.schema())?),
        None => (None, None),
    };
    let (Some(own), Some(listed)) = keys else {
        let same = InSubquery { expr, subquery, negated };
        return Ok(Transformed::no(Expr::InSubquery(same)));
    };
    let plan = LogicalPlan::Projection(Projection::try_new(vec![listed], below)?);
    let subquery = Subquery { subquery: Arc::new(plan), ..subquery };
    let keyed = InSubquery { expr: Box::new(own), subquery, negated };
    Ok(Transformed::yes(Expr::InSubquery(keyed)))
}

fn unsupported(what: &str) -> DataFusionError {
    DataFusionError::External(Box::new(Error::FeatureNotSupported(format!(
        "{what} is not supported"
    ))))
}
