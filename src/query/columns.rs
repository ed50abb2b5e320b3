//! The columns of a result as RowDescription tells them: name, table, type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::TableReference;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Cast, Distinct, Expr, ExprSchemable, JoinType, LogicalPlan};

use super::door::Column;
use super::names::Read;
use super::parse::shown;
use super::views;
use crate::pg::apply::{Apply, Kind};
use crate::pg::facts::Facts;
use crate::pg::rewrite::FIRST;
use crate::pg::{functions, types};
use crate::version::placed;

/// The columns as RowDescription tells them.
pub(super) fn columns(plan: &LogicalPlan, reads: &[Read], facts: &Facts) -> Arc<[Column]> {
    let schema: &Schema = plan.schema().as_arrow();
    schema
        .fields()
        .iter()
        .enumerate()
        .map(|(index, field)| {
            let origin = origin(plan, index);
            let viewed = origin.as_ref().and_then(|(reference, name)| {
                let entity = views::entity(reference, facts)?;
                let column = entity.columns.iter().find(|column| column.name == *name)?;
                Some(types::PgType::new(column.type_oid).with_modifier(column.modifier))
            });
            let origin =
                origin.and_then(|(reference, name)| place(&reference, &name, reads, facts));
            let (table_oid, number) = origin.unwrap_or((0, 0));
            let mut pg_type = types::of_field(field);
            if let Some(declared) = viewed {
                pg_type = declared;
            } else if types::element_of(pg_type.oid).is_some()
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

/// The number of `ctid` in every table (PostgreSQL's `SelfItemPointerAttributeNumber`).
const CTID: i16 = -1;

/// The OID of a relation and the number of one of its columns.
pub(super) fn place(
    reference: &TableReference,
    name: &str,
    reads: &[Read],
    facts: &Facts,
) -> Option<(u32, i16)> {
    let (oid, index) = match reads.iter().find(|read| read.reference == *reference) {
        Some(read) => {
            if name == placed::WITHIN {
                return Some((read.oid, CTID));
            }
            let table = read.version.manifest.tables.get(&read.table)?;
            (read.oid, table.schema().index_of(name).ok()?)
        }
        None => {
            let relations = facts.index();
            let relation = match reference.schema() {
                _ if views::is_view(reference) => views::entity(reference, facts)?,
                Some(schema) => relations.named(schema, reference.table())?,
                None => relations.visible(facts, reference.table())?,
            };
            let column = relation.columns.iter().find(|column| column.name == name)?;
            return Some((relation.ids.relation, column.number));
        }
    };
    Some((oid, i16::try_from(index + 1).ok()?))
}

/// The type of a column no table has: PostgreSQL gives it a modifier only where one follows from the expression
/// (`exprTypmod`).
fn computed(plan: &LogicalPlan, index: usize, pg_type: types::PgType) -> types::PgType {
    match modifier(plan, index) {
        Some(modifier) => pg_type.with_modifier(modifier),
        // A decimal always has a precision, which is not the statement's.
        None if matches!(pg_type.oid, types::NUMERIC | types::NUMERIC_ARRAY) => {
            types::PgType::new(pg_type.oid)
        }
        None => pg_type,
    }
}

/// The modifier of output `index` as its expression tells it; `None` where it does not.
fn modifier(plan: &LogicalPlan, index: usize) -> Option<i32> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            Some(types::of_field(scan.projected_schema.field(index)).modifier)
        }
        LogicalPlan::Projection(projection) => {
            modifier_of(projection.expr.get(index)?, &projection.input)
        }
        LogicalPlan::Aggregate(aggregate) => {
            let keys = grouping_set_to_exprlist(&aggregate.group_expr).ok()?;
            match keys.get(index) {
                Some(key) => modifier_of(key, &aggregate.input),
                None => {
                    let before = aggregate.schema.fields().len() - aggregate.aggr_expr.len();
                    let expr = aggregate.aggr_expr.get(index.checked_sub(before)?)?;
                    modifier_of(expr, &aggregate.input)
                }
            }
        }
        LogicalPlan::Union(union) => {
            let mut inputs = union.inputs.iter().map(|input| modifier(input, index));
            let first = inputs.next()??;
            let other = inputs.any(|own| own != Some(first));
            Some(if other { -1 } else { first })
        }
        LogicalPlan::RecursiveQuery(query) => modifier(&query.static_term, index),
        LogicalPlan::Filter(filter) => modifier(&filter.input, index),
        LogicalPlan::Sort(sort) => modifier(&sort.input, index),
        LogicalPlan::Limit(limit) => modifier(&limit.input, index),
        LogicalPlan::SubqueryAlias(alias) => modifier(&alias.input, index),
        LogicalPlan::Distinct(Distinct::All(input)) => modifier(input, index),
        LogicalPlan::Distinct(Distinct::On(on)) => {
            modifier_of(on.select_expr.get(index)?, &on.input)
        }
        LogicalPlan::Window(window) if index < window.input.schema().fields().len() => {
            modifier(&window.input, index)
        }
        LogicalPlan::Join(join) => {
            let left = join.left.schema().fields().len();
            if index < left {
                modifier(&join.left, index)
            } else {
                modifier(&join.right, index - left)
            }
        }
        LogicalPlan::Extension(_) => {
            let (plan, index, _value) = applied(plan, index)?;
            modifier(plan, index)
        }
        _ => None,
    }
}

fn modifier_of(expr: &Expr, input: &LogicalPlan) -> Option<i32> {
    match unaliased(expr) {
        Expr::Column(column) => modifier(input, input.schema().maybe_index_of_column(column)?),
        Expr::Cast(cast) => declared(&cast.field)
            .or_else(|| is_kept(cast, input).then(|| modifier_of(&cast.expr, input)).flatten()),
        Expr::Literal(value, _) => match value.data_type() {
            DataType::List(item) => declared(&item),
            _ => None,
        },
        Expr::Case(case) => {
            let otherwise = case.else_expr.as_deref();
            let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
            // A CASE without ELSE may be NULL, which has none.
            otherwise?;
            same_modifier(thens.chain(otherwise), input)
        }
        Expr::ScalarFunction(function) => match function.name() {
            "coalesce" | "greatest" | "least" => same_modifier(function.args.iter(), input),
            "nullif" => modifier_of(function.args.first()?, input),
            functions::ELEMENTS => declared(&expr.to_field(input.schema()).ok()?.1),
            _ => None,
        },
        Expr::AggregateFunction(function)
            if function.func.name() == functions::SINGLE_VALUE || is_first(expr) =>
        {
            modifier_of(function.params.args.first()?, input)
        }
        Expr::ScalarSubquery(subquery) => modifier(&subquery.subquery, 0),
        _ => None,
    }
}

/// The modifier of all expressions; `None` when they have none in common.
fn same_modifier<'a>(
    mut exprs: impl Iterator<Item = &'a Expr>,
    input: &LogicalPlan,
) -> Option<i32> {
    let first = modifier_of(exprs.next()?, input)?;
    exprs.all(|expr| modifier_of(expr, input) == Some(first)).then_some(first)
}

/// The modifier that a field says it has, or its elements have.
fn declared(field: &Field) -> Option<i32> {
    match (field.metadata().get(types::MODIFIER_KEY), field.data_type()) {
        (Some(modifier), _) => modifier.parse().ok(),
        (None, DataType::List(item)) => declared(item),
        _ => None,
    }
}

/// Whether a cast, which tells no modifier, is one that only names the type its value has: not one of the statement's.
fn is_kept(cast: &Cast, input: &LogicalPlan) -> bool {
    !cast.field.metadata().contains_key(types::TYPE_KEY)
        && cast.expr.to_field(input.schema()).is_ok_and(|(_, own)| {
            own.data_type() == cast.field.data_type()
                && types::of_field(&own).oid == types::of_field(&cast.field).oid
        })
}

/// Whether a cast changes neither type nor modifier.
fn is_same(cast: &Cast, input: &LogicalPlan) -> bool {
    cast.expr
        .to_field(input.schema())
        .is_ok_and(|(_, own)| types::of_field(&own) == types::of_field(&cast.field))
}

/// Whether an aggregate stands for a column that rows are grouped by.
fn is_first(expr: &Expr) -> bool {
    matches!(expr, Expr::Alias(alias) if alias.name.starts_with(FIRST))
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
pub(super) fn origin(plan: &LogicalPlan, index: usize) -> Option<(TableReference, String)> {
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
            if let Some(key) = keys.get(index) {
                return through(key, &aggregate.input);
            }
            let before = aggregate.schema.fields().len() - aggregate.aggr_expr.len();
            let expr = aggregate.aggr_expr.get(index.checked_sub(before)?)?;
            match unaliased(expr) {
                Expr::AggregateFunction(function) if is_first(expr) => {
                    through(function.params.args.first()?, &aggregate.input)
                }
                _ => None,
            }
        }
        LogicalPlan::Window(window) if index < window.input.schema().fields().len() => {
            origin(&window.input, index)
        }
        LogicalPlan::Filter(filter) => origin(&filter.input, index),
        LogicalPlan::Sort(sort) => origin(&sort.input, index),
        LogicalPlan::Limit(limit) => origin(&limit.input, index),
        LogicalPlan::SubqueryAlias(alias) if views::is_view(&alias.alias) => {
            let field = alias.schema.field(index);
            Some((alias.alias.clone(), field.name().clone()))
        }
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
        // A cast to the type a value has is none.
        Expr::Cast(cast) if is_same(cast, input) => through(&cast.expr, input),
        Expr::Column(column) => origin(input, input.schema().maybe_index_of_column(column)?),
        Expr::ScalarFunction(function) if function.name() == functions::PLACE => {
            let columns = function.args.first()?.column_refs();
            let within = columns.into_iter().find(|column| column.name == placed::WITHIN)?;
            origin(input, input.schema().maybe_index_of_column(within)?)
        }
        _ => None,
    }
}
