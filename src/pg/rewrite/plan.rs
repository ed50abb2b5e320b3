//! The plan before it is optimised, where every expression's type is known.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion, TreeNodeRewriter};
use datafusion::common::{Column, DFSchema, DataFusionError, ExprSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, GroupingSet, ScalarFunction};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{
    BinaryExpr, Cast, Expr, ExprSchemable, Join, JoinConstraint, JoinType, LogicalPlan, Operator,
    Projection, Unnest, binary_expr, lit,
};

use super::chains::Before;
use super::operators::{call, jsonb_key};
use super::{
    arithmetic, array, common, correlated, digits, equal, kinds, lateral, mixed, patterns, pushed,
    results, scalars, signatures, sortable, terms, ties, told, unions, windows, zones,
};
use crate::error::{Error, Place};
use crate::pg::catalog::rows::{self, tagged};
use crate::pg::facts::Facts;
use crate::pg::functions;
use crate::pg::functions::calendar::convert;
use crate::pg::functions::floats::{self, Floats};
use crate::pg::functions::numerics::{self, Numerics};
use crate::pg::functions::overloads;
use crate::pg::types::{self, MODIFIER_KEY, TYPE_KEY};
use crate::pg::{adt, decode};

/// See [`super::plan()`].
pub(super) fn rewrite(plan: LogicalPlan, facts: &Arc<Facts>, output: bool) -> Result<LogicalPlan> {
    let plan = plan.transform_up_with_subqueries(ties::kept)?.data;
    let plan = if unnests(&plan) { told(plan)? } else { plan };
    let plan = all_casts(plan, facts)?;
    let plan = plan.transform_up_with_subqueries(lateral::flatten)?.data;
    let plan = correlated::decorrelate(plan, facts)?;
    let plan = plan.transform_up_with_subqueries(scalars::told)?.data;
    let plan = plan.transform_up_with_subqueries(equal::by_value)?.data;
    let plan = plan.transform_up_with_subqueries(pushed::kept)?.data;
    if output { names_for_oids(digits::own(plan)?, facts) } else { Ok(plan) }
}

/// Casts of all expressions, and the types of columns. The second term of a recursive query waits for the types of the
/// first.
fn all_casts(plan: LogicalPlan, facts: &Arc<Facts>) -> Result<LogicalPlan> {
    struct Walk<'a>(&'a Arc<Facts>);
    impl TreeNodeRewriter for Walk<'_> {
        type Node = LogicalPlan;
        fn f_down(&mut self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
            let LogicalPlan::RecursiveQuery(query) = node else { return Ok(Transformed::no(node)) };
            let typed = terms::typed(query, self.0, |term| all_casts(term, self.0))?;
            Ok(Transformed::new(typed, true, TreeNodeRecursion::Jump))
        }
        fn f_up(&mut self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
            casts(node, self.0)
        }
    }
    Ok(plan.rewrite_with_subqueries(&mut Walk(facts))?.data)
}

/// Casts of this node's expressions, and the types of its columns where it is a set operation.
fn casts(node: LogicalPlan, facts: &Arc<Facts>) -> Result<Transformed<LogicalPlan>> {
    let zone = facts.setting("TimeZone").unwrap_or("UTC");
    sortable::check(&node)?;
    if let LogicalPlan::Union(union) = node {
        return unions::matched(union, facts);
    }
    let node = kinds::sorted(node)?;
    if let LogicalPlan::Join(mut join) = node {
        joinable(&join)?;
        if unions::is_set_operation(&join) {
            return unions::intersected(join, facts);
        }
        let merged = merged(&mut join, facts)?;
        let mixed = mixed::join(&mut join, zone) | paired(&mut join, facts)? | merged;
        let done = expressions(LogicalPlan::Join(join), facts)?;
        return Ok(if mixed { Transformed::yes(done.data) } else { done });
    }
    expressions(node, facts)
}

/// Gives a column that USING merges of two the type that both have in common, where it is not that of the side whose values
/// it has (`buildMergedJoinVar`). The planner has one column for it and for that of the table: it is of that type too.
/// Returns whether it changed any.
fn merged(join: &mut Join, facts: &Arc<Facts>) -> Result<bool> {
    if join.join_constraint != JoinConstraint::Using {
        return Ok(false);
    }
    let mut changed = false;
    for (index, (left, right)) in join.on.clone().into_iter().enumerate() {
        let (Expr::Column(left), Expr::Column(right)) = (left, right) else { continue };
        let own = |plan: &LogicalPlan, column: &Column| {
            plan.schema().field_from_column(column).map(Arc::clone)
        };
        let (left_field, right_field) = (own(&join.left, &left)?, own(&join.right, &right)?);
        let (one, other) = (types::of_field(&left_field).oid, types::of_field(&right_field).oid);
        let common = if one == other { None } else { told::both(one, other) };
        let Some(common) = common else { continue };
        let bare = |own: &FieldRef| match kept_scale(own.data_type()) {
            Some(kept) if common == types::NUMERIC => {
                Some(Arc::new(tagged(Field::new("", kept, true), "numeric")))
            }
            _ => types::name_of(common).map(|name| Arc::new(rows::field("", name))),
        };
        let (input, column, field) = match join.join_type {
            JoinType::Inner if common != one => {
                let field = right_field.as_ref().clone().with_name("");
                let field = match field.data_type().is_decimal() && field.metadata().is_empty() {
                    true => tagged(field, "numeric"),
                    false => field,
                };
                (&mut join.left, left, Some(Arc::new(field)))
            }
            JoinType::Left if common != one => (&mut join.left, left, bare(&left_field)),
            JoinType::Right if common != other => (&mut join.right, right, bare(&right_field)),
            _ => continue,
        };
        let Some(field) = field else { continue };
        let schema = Arc::clone(input.schema());
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (qualifier, own) in schema.iter() {
            let expr = Expr::from((qualifier, own));
            columns.push(match expr == Expr::Column(column.clone()) {
                true => {
                    let cast = Cast { expr: Box::new(expr), field: Arc::clone(&field) };
                    // It has the digits of the other side.
                    let shown = join.join_type == JoinType::Inner && field.data_type().is_decimal();
                    let cast = match shown {
                        true => Expr::Cast(cast),
                        false => one_cast(cast, &schema, facts)?.data,
                    };
                    cast.alias_qualified(qualifier.cloned(), own.name())
                }
                false => expr,
            });
        }
        if field.data_type().is_floating() {
            // It is not compared as what it becomes: that may be another number.
            let own = format!("{COMPARED}{index}");
            columns.push(Expr::Column(column.clone()).alias(&own));
            let own = Expr::Column(Column::from_name(own));
            if let Some((left, right)) = join.on.get_mut(index) {
                *(if join.join_type == JoinType::Right { right } else { left }) = own;
            }
        }
        *input =
            Arc::new(LogicalPlan::Projection(Projection::try_new(columns, Arc::clone(input))?));
        changed = true;
    }
    Ok(changed)
}

/// The columns that USING compares in the place of those it gives.
const COMPARED: &str = "__forebay_compared_";

/// Pairs of columns that USING compares, as `=` compares values of two types. Returns whether it changed any.
fn paired(join: &mut Join, facts: &Arc<Facts>) -> Result<bool> {
    let (left_schema, right_schema) = (join.left.schema(), join.right.schema());
    let mut both = DFSchema::clone(left_schema);
    both.merge(right_schema);
    let mut changed = false;
    for (left, right) in &mut join.on {
        let fields = (left.to_field(left_schema)?.1, right.to_field(right_schema)?.1);
        let told = |field: &FieldRef| {
            let own = types::of_field(field);
            (own.oid, own.modifier)
        };
        let told = (told(&fields.0), told(&fields.1));
        let texts = fields.0.data_type().is_string() && fields.1.data_type().is_string();
        let floats = fields.0.data_type().is_floating() || fields.1.data_type().is_floating();
        if told.0 == told.1 || !texts && !floats {
            continue;
        }
        let (own, other) = (Box::new(left.clone()), Box::new(right.clone()));
        let equal = Expr::BinaryExpr(BinaryExpr { left: own, op: Operator::Eq, right: other });
        if let Expr::BinaryExpr(BinaryExpr { left: own, op: Operator::Eq, right: other }) =
            one(equal, &both, facts)?.data
        {
            (*left, *right) = (*own, *other);
            changed = true;
        }
    }
    Ok(changed)
}

/// Errors: 0A000 for a FULL JOIN by a condition that compares nothing of one side with something of the other.
fn joinable(join: &Join) -> Result<()> {
    let Some(filter) = &join.filter else { return Ok(()) };
    let of = |expr: &Expr, plan: &LogicalPlan| {
        let columns = expr.column_refs();
        !columns.is_empty() && columns.into_iter().all(|column| plan.schema().has_column(column))
    };
    let compares = |condition: &&Expr| match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            of(left, &join.left) && of(right, &join.right)
                || of(left, &join.right) && of(right, &join.left)
        }
        _ => false,
    };
    let conditions = split_conjunction(filter);
    let compared = !join.on.is_empty() || conditions.iter().any(compares);
    let constant = conditions.iter().all(|condition| condition.column_refs().is_empty());
    if join.join_type != JoinType::Full || compared || constant {
        return Ok(());
    }
    let words = "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions";
    Err(DataFusionError::External(Box::new(Error::FeatureNotSupported(words.to_owned()))))
}

/// Casts of this node's expressions; the types below it may have changed.
fn expressions(node: LogicalPlan, facts: &Arc<Facts>) -> Result<Transformed<LogicalPlan>> {
    let node = node.recompute_schema()?;
    let mut schema = DFSchema::empty();
    for input in node.inputs() {
        schema.merge(input.schema());
    }
    if let LogicalPlan::TableScan(scan) = &node {
        schema.merge(&scan.projected_schema);
    }
    let before = Arc::clone(node.schema());
    let named = matches!(
        node,
        LogicalPlan::Projection(_) | LogicalPlan::Aggregate(_) | LogicalPlan::Window(_)
    );
    let sorts = matches!(node, LogicalPlan::Sort(_));
    let changed = node.map_expressions(|expr| {
        if let Expr::GroupingSet(set) = expr {
            return grouping(set, |expr| named_cast(expr, &schema, facts));
        }
        if named {
            return named_cast(expr, &schema, facts);
        }
        let key = expr.transform_up(|expr| one(expr, &schema, facts))?;
        if sorts && let Some(length) = results::sort_key(&key.data, &schema) {
            return Ok(Transformed::yes(length));
        }
        Ok(key)
    })?;
    if !changed.transformed {
        return Ok(changed);
    }
    if let LogicalPlan::Values(values) = changed.data {
        return Ok(Transformed::yes(common::listed(values, facts)?.data));
    }
    let node = changed.data.recompute_schema()?;
    if node.schema().fields().len() != before.fields().len() {
        return Err(DataFusionError::Internal("a rewritten node lost columns".to_owned()));
    }
    Ok(Transformed::yes(node))
}

/// A plan whose unnested elements are of the types their lists say. What stands above reads the types anew.
pub(super) fn told(plan: LogicalPlan) -> Result<LogicalPlan> {
    let told = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Unnest(unnest) => told_elements(unnest),
        other => other.recompute_schema().map(Transformed::yes),
    })?;
    Ok(told.data)
}

/// Whether it takes arrays of several dimensions apart.
pub(super) fn unnests_lists(plan: &LogicalPlan) -> bool {
    any_node(plan, |node| match node {
        LogicalPlan::Unnest(unnest) => {
            unnest.schema.fields().iter().zip(&unnest.dependency_indices).any(|(field, below)| {
                let list = unnest.input.schema().field(*below).data_type();
                field.data_type().is_list() && list != field.data_type()
            })
        }
        _ => false,
    })
}

fn unnests(plan: &LogicalPlan) -> bool {
    let mut found = false;
    let walked = plan.apply_with_subqueries(|node| {
        found |= matches!(node, LogicalPlan::Unnest(_));
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || walked.is_err()
}

/// Elements of lists with what their lists say of their PostgreSQL type, which the planner forgets.
fn told_elements(unnest: Unnest) -> Result<Transformed<LogicalPlan>> {
    let mut told = false;
    let mut columns = Vec::with_capacity(unnest.schema.fields().len());
    for ((qualifier, field), below) in unnest.schema.iter().zip(&unnest.dependency_indices) {
        let column = Expr::from((qualifier, field));
        let item = match unnest.input.schema().field(*below).data_type() {
            DataType::List(item) if item.data_type() == field.data_type() => Some(item),
            _ => None,
        };
        let item = item.filter(|item| !item.metadata().is_empty()).cloned();
        let item = item.or_else(|| element(&unnest.input, *below));
        let item = item.or_else(|| told_by_list(unnest.input.schema().field(*below)));
        let lost = item
            .filter(|item| field.metadata().is_empty() && item.data_type() == field.data_type());
        columns.push(match lost {
            Some(item) => {
                told = true;
                let item = Arc::new(item.as_ref().clone().with_name(""));
                let cast = Expr::Cast(Cast::new_from_field(Box::new(column), item));
                cast.alias_qualified(qualifier.cloned(), field.name())
            }
            None => column,
        });
    }
    let plan = LogicalPlan::Unnest(unnest);
    if !told {
        return Ok(Transformed::no(plan));
    }
    let projection = Projection::try_new(columns, Arc::new(plan))?;
    Ok(Transformed::yes(LogicalPlan::Projection(projection)))
}

/// The field of the elements that column `index` gathers, where the list does not tell it.
fn element(plan: &LogicalPlan, index: usize) -> Option<FieldRef> {
    let LogicalPlan::Projection(projection) = plan else { return None };
    let mut expr = projection.expr.get(index)?;
    while let Expr::Alias(alias) = expr {
        expr = &alias.expr;
    }
    if let Expr::ScalarFunction(function) = expr
        && function.name() == "forebay_flatten"
    {
        expr = function.args.first()?;
    }
    let Expr::ScalarFunction(function) = expr else { return None };
    let first = function.args.first().filter(|_| function.name() == "make_array")?;
    let (_, field) = first.to_field(projection.input.schema()).ok()?;
    (!field.metadata().is_empty()).then_some(field)
}

/// The elements of a list that say nothing of themselves, by the type of the list.
fn told_by_list(list: &Field) -> Option<FieldRef> {
    let DataType::List(item) = list.data_type() else { return None };
    let element = types::element_of(types::of_field(list).oid)
        .filter(|element| !item.data_type().is_nested() && *element != types::of_field(item).oid)?;
    types::name_of(element).map(|name| Arc::new(tagged(item.as_ref().clone(), name)))
}

/// Casts of one output, which keeps the name it had before its expression changed.
fn named_cast(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    if let Expr::AggregateFunction(mut function) = expr {
        if function.func.name() != "grouping" {
            return outermost_cast(Expr::AggregateFunction(function), schema, facts);
        }
        // Its arguments are found among the grouped expressions, by their names too.
        let name = Expr::AggregateFunction(function.clone()).schema_name().to_string();
        let mut changed = false;
        let args = std::mem::take(&mut function.params.args);
        for arg in args {
            let arg = outermost_cast(arg, schema, facts)?;
            changed |= arg.transformed;
            function.params.args.push(arg.data);
        }
        let expr = Expr::AggregateFunction(function);
        return Ok(if changed {
            Transformed::yes(expr.alias(name))
        } else {
            Transformed::no(expr)
        });
    }
    outermost_cast(expr, schema, facts)
}

fn outermost_cast(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    let outermost = matches!(expr, Expr::Alias(_) | Expr::Column(_));
    let name = if outermost { String::new() } else { expr.schema_name().to_string() };
    let done = expr.transform_up(|expr| one(expr, schema, facts))?;
    Ok(done.update_data(|expr| {
        if outermost || expr.schema_name().to_string() == name { expr } else { expr.alias(name) }
    }))
}

/// The expressions of grouping sets have names, the sets have none.
fn grouping(
    set: GroupingSet,
    mut change: impl FnMut(Expr) -> Result<Transformed<Expr>>,
) -> Result<Transformed<Expr>> {
    let mut changed = false;
    let mut each = |exprs: Vec<Expr>| -> Result<Vec<Expr>> {
        let mut done = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let expr = change(expr)?;
            changed |= expr.transformed;
            done.push(expr.data);
        }
        Ok(done)
    };
    let set = match set {
        GroupingSet::Rollup(exprs) => GroupingSet::Rollup(each(exprs)?),
        GroupingSet::Cube(exprs) => GroupingSet::Cube(each(exprs)?),
        GroupingSet::GroupingSets(sets) => {
            let sets = sets.into_iter().map(each).collect::<Result<Vec<Vec<Expr>>>>();
            GroupingSet::GroupingSets(sets?)
        }
    };
    let expr = Expr::GroupingSet(set);
    Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
}

/// An expression made here as if the statement had it.
pub(super) fn typed(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Expr> {
    Ok(expr.transform_up(|expr| one(expr, schema, facts))?.data)
}

/// An expression with the type PostgreSQL gives it.
fn one(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    let told = told::types(expr, schema, facts)?;
    if told.transformed && matches!(told.data, Expr::Cast(_)) {
        return Ok(told);
    }
    let done = cast(told.data, schema, facts)?;
    Ok(if told.transformed { Transformed::yes(done.data) } else { done })
}

fn cast(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(cast) => one_cast(cast, schema, facts),
        Expr::ScalarFunction(mut function)
            if function.name() == functions::CAST && !function.args.is_empty() =>
        {
            Ok(Transformed::yes(function.args.swap_remove(0)))
        }
        Expr::InList(mut list) if is_jsonb(&list.expr, schema) => {
            for part in std::iter::once(list.expr.as_mut()).chain(&mut list.list) {
                *part = jsonb_key(std::mem::replace(part, lit(ScalarValue::Null)));
            }
            Ok(Transformed::yes(Expr::InList(list)))
        }
        Expr::InList(mut list) => {
            let listed = kinds::listed(&mut list, schema, facts)?;
            let own = list.expr.get_type(schema).unwrap_or(DataType::Null);
            let symbol = if list.negated { "<>" } else { "=" };
            for item in &list.list {
                let place = Some(Place::Word("in".to_owned()));
                if let Some(error) = common::mixed(symbol, (&list.expr, item), place, schema) {
                    return Err(error);
                }
            }
            let items = list.list.iter_mut().map(|item| read_beside(item, &own, facts));
            let mut read = items.sum::<Result<usize>>()? > 0 || listed;
            read |=
                unpad_compared(std::iter::once(list.expr.as_mut()).chain(&mut list.list), schema);
            let zone = facts.setting("TimeZone").unwrap_or("UTC");
            if let Some(compared) = arithmetic::listed_moments(&list, schema, zone) {
                return Ok(Transformed::yes(compared));
            }
            let listed = arithmetic::listed(list, &own, schema);
            Ok(if read { Transformed::yes(listed.data) } else { listed })
        }
        Expr::Between(mut range) if is_jsonb(&range.expr, schema) => {
            for part in [range.expr.as_mut(), range.low.as_mut(), range.high.as_mut()] {
                *part = jsonb_key(std::mem::replace(part, lit(ScalarValue::Null)));
            }
            Ok(Transformed::yes(Expr::Between(range)))
        }
        Expr::Between(mut range) => {
            let ranged = kinds::ranged(&mut range, schema, facts)?;
            let own = range.expr.get_type(schema).unwrap_or(DataType::Null);
            let symbols = if range.negated { ["<", ">"] } else { [">=", "<="] };
            for (symbol, bound) in symbols.into_iter().zip([&range.low, &range.high]) {
                let place = Some(Place::Word("between".to_owned()));
                if let Some(error) = common::mixed(symbol, (&range.expr, bound), place, schema) {
                    return Err(error);
                }
            }
            let bounds = [range.low.as_mut(), range.high.as_mut()];
            let bounds = bounds.into_iter().map(|bound| read_beside(bound, &own, facts));
            let read = bounds.sum::<Result<usize>>()? > 0 || ranged;
            let zone = facts.setting("TimeZone").unwrap_or("UTC");
            let ranged = arithmetic::ranged(range, schema, zone);
            Ok(if read { Transformed::yes(ranged.data) } else { ranged })
        }
        Expr::Like(like) => {
            if let Some(call) = kinds::like(&like, schema)? {
                return Ok(Transformed::yes(call));
            }
            let symbol = match (like.negated, like.case_insensitive) {
                (false, false) => "~~",
                (false, true) => "~~*",
                (true, false) => "!~~",
                (true, true) => "!~~*",
            };
            match common::unlike(symbol, (&like.expr, &like.pattern), schema) {
                Some(error) => Err(error),
                None => patterns::like(like, schema),
            }
        }
        Expr::Case(mut case) => {
            let zone = facts.setting("TimeZone").unwrap_or("UTC");
            let mut keyed = kinds::case(&mut case, schema, facts)?;
            if let Some(operand) = case.expr.as_deref_mut() {
                let whens = case.when_then_expr.iter_mut().map(|(when, _)| when.as_mut());
                keyed |= unpad_compared(std::iter::once(operand).chain(whens), schema);
            }
            let mixed = mixed::case(&mut case, schema, zone) || keyed;
            let common = common::case(case, schema, facts)?;
            Ok(if mixed { Transformed::yes(common.data) } else { common })
        }
        Expr::ScalarFunction(function) if let Some(context) = common::context(function.name()) => {
            let array = context == "ARRAY";
            let mut common = common::arguments(function, context, schema, facts)?;
            if array && common.transformed {
                common = Transformed::yes(told::types(common.data, schema, facts)?.data);
            }
            let typed = results::function(common.data, schema)?;
            Ok(if common.transformed { Transformed::yes(typed.data) } else { typed })
        }
        Expr::InSubquery(mut inside) => {
            let zone = facts.setting("TimeZone").unwrap_or("UTC");
            let changed = mixed::subquery(&mut inside, schema, zone)?;
            let expr = Expr::InSubquery(inside);
            Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        Expr::ScalarFunction(function) if patterns::is_substring(&function, schema) => {
            Ok(patterns::substring_of_texts(function))
        }
        Expr::ScalarFunction(mut function) if overloads::is_open(&function) => {
            in_zone(&mut function, schema, facts)?;
            let read = |text: &str, oid| literal(text, Arc::new(overloads::field("", oid)), facts);
            let name = function.name().to_owned();
            let resolved = overloads::resolved(function, schema, &read)?;
            let ours = overloads::is_ours(&resolved);
            if !ours && OF_TEXT.contains(&name.as_str()) {
                kinds::fitting(&name, &resolved.args, schema)?;
            }
            if ours && let Some(own) = of_session(&name, &resolved.args, facts) {
                return Ok(Transformed::yes(own));
            }
            let resolved = Expr::ScalarFunction(resolved);
            match ours {
                true => Ok(Transformed::yes(resolved)),
                false => {
                    let cast = cast(resolved, schema, facts)?.data;
                    Ok(Transformed::yes(zones::function(cast, schema, facts)?.data))
                }
            }
        }
        Expr::Negative(inner) => arithmetic::negative(*inner, schema),
        Expr::ScalarFunction(mut function)
            if OF_TEXT.contains(&function.name())
                && function.args.iter().any(|arg| is_padded(arg, schema)) =>
        {
            let args = std::mem::take(&mut function.args).into_iter();
            let bare = |arg| if is_padded(&arg, schema) { unpadded(arg) } else { arg };
            function.args = args.map(bare).collect();
            Ok(Transformed::yes(Expr::ScalarFunction(function)))
        }
        Expr::ScalarFunction(function)
            if matches!(function.name(), "forebay_row" | "forebay_record") =>
        {
            Ok(named_fields(function, schema, facts))
        }
        Expr::ScalarFunction(function) if functions::strings::writes_arguments(function.name()) => {
            Ok(written_arguments(function, schema, facts))
        }
        Expr::ScalarFunction(function) if functions::makes_json(function.name()) => {
            Expr::ScalarFunction(function)
                .map_children(|value| Ok(json_value(value, schema, facts)))
        }
        Expr::ScalarFunction(function) if functions::strings::casts_arguments(function.name()) => {
            Expr::ScalarFunction(function)
                .map_children(|argument| Ok(written(argument, schema, facts)))
        }
        Expr::ScalarFunction(mut function) if function.name() == "array_to_string" => {
            // Its elements are written as clients see them.
            let texts = match function.args.first() {
                Some(list) => array::texts(list, schema, facts)?,
                None => None,
            };
            let changed = texts.is_some();
            if let (Some(texts), Some(list)) = (texts, function.args.first_mut()) {
                *list = texts;
            }
            let expr = Expr::ScalarFunction(function);
            Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) })
        }
        Expr::ScalarFunction(function) if function.name() == "nullif" => {
            if let Some(compared) = kinds::nullif(&function, schema, facts)? {
                return Ok(Transformed::yes(compared));
            }
            of_values(function, schema, facts)
        }
        Expr::ScalarFunction(function) => of_values(function, schema, facts),
        Expr::AggregateFunction(mut function) => {
            signatures::function(function.func.name(), &function.params.args, schema)?;
            let mut own = kinds::extreme(&mut function, schema)?;
            own |= unpad_gathered(&mut function, schema);
            let joined = kinds::aggregated(&mut function, schema, facts)? || own;
            let ordered = results::ordered(Expr::AggregateFunction(function), schema);
            let typed = results::sum(ordered.data, schema);
            let changed = joined || ordered.transformed;
            Ok(if changed { Transformed::yes(typed.data) } else { typed })
        }
        Expr::WindowFunction(mut function) => {
            signatures::function(function.fun.name(), &function.params.args, schema)?;
            let mut keyed = kinds::ordered(&mut function.params.order_by, schema);
            keyed |= windows::framed(&mut function.params, schema);
            keyed |= windows::of_each_row(&mut function, schema)?;
            let ordered = results::ordered(Expr::WindowFunction(function), schema);
            let typed = results::sum(ordered.data, schema);
            let moving = windows::moving(typed.data);
            let changed = keyed || ordered.transformed || typed.transformed;
            Ok(if changed { Transformed::yes(moving.data) } else { moving })
        }
        Expr::BinaryExpr(binary) if patterns::is_regex(binary.op) => {
            patterns::matched(binary, schema)
        }
        Expr::BinaryExpr(mut binary) => match Before::of(&mut binary.left, schema) {
            Some(before) => {
                let link = linked(binary, schema, facts)?;
                let transformed = link.transformed;
                let link = before.back(link.data)?;
                Ok(if transformed { Transformed::yes(link) } else { Transformed::no(link) })
            }
            None => linked(binary, schema, facts),
        },
        other => Ok(Transformed::no(other)),
    }
}

/// A call of any other function.
fn of_values(
    mut function: ScalarFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Transformed<Expr>> {
    signatures::function(function.name(), &function.args, schema)?;
    if OF_TEXT.contains(&function.name()) && !overloads::is_ours(&function) {
        kinds::fitting(function.name(), &function.args, schema)?;
    }
    let searched = kinds::searched(&mut function, schema, facts)?;
    let zone = facts.setting("TimeZone").unwrap_or("UTC");
    let alike = mixed::OF_ONE_TYPE.contains(&function.name())
        && mixed::arguments(&mut function.args, schema, zone);
    let zoned = zones::function(Expr::ScalarFunction(function), schema, facts)?;
    let typed = results::function(zoned.data, schema)?;
    let changed = alike || searched || zoned.transformed;
    Ok(if changed { Transformed::yes(typed.data) } else { typed })
}

pub(super) fn is_jsonb(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| types::of_field(&field).oid == types::JSONB)
}

/// What a function of the session says in the place of one of ours: the age of a transaction.
fn of_session(name: &str, args: &[Expr], facts: &Arc<Facts>) -> Option<Expr> {
    let [Expr::ScalarFunction(today), transaction] = args else { return None };
    let age = name == "age" && today.name() == "current_date";
    let function = age.then(|| functions::session_function("forebay_xid_age", facts)).flatten()?;
    Some(call(function, vec![transaction.clone()]))
}

/// An operator between values of any types.
fn linked(binary: BinaryExpr, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    match kinds::binary(&binary, schema, facts)? {
        Some(ours) => Ok(Transformed::yes(ours)),
        None => operation(binary, schema, facts),
    }
}

/// An operator between values of the planner's own types.
fn operation(
    mut binary: BinaryExpr,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Transformed<Expr>> {
    signatures::operator(&binary.op.to_string(), &binary.left, &binary.right, schema)?;
    if binary.op == Operator::StringConcat {
        // Beside a list it joins lists.
        let lists = |expr: &Expr| expr.get_type(schema).is_ok_and(|found| found.is_list());
        if lists(&binary.left) || lists(&binary.right) {
            return Ok(Transformed::no(Expr::BinaryExpr(binary)));
        }
        let left = written(*binary.left, schema, facts);
        let right = written(*binary.right, schema, facts);
        let changed = left.transformed || right.transformed;
        (*binary.left, *binary.right) = (left.data, right.data);
        let expr = Expr::BinaryExpr(binary);
        return Ok(if changed { Transformed::yes(expr) } else { Transformed::no(expr) });
    }
    if arithmetic::compares(binary.op) {
        let symbol = match binary.op {
            Operator::NotEq => "<>".to_owned(),
            Operator::IsDistinctFrom | Operator::IsNotDistinctFrom => "=".to_owned(),
            op => op.to_string(),
        };
        let sides = (binary.left.as_ref(), binary.right.as_ref());
        if let Some(error) = common::mixed(&symbol, sides, None, schema) {
            return Err(error);
        }
        if unpad_compared([binary.left.as_mut(), binary.right.as_mut()], schema) {
            return Ok(Transformed::yes(Expr::BinaryExpr(binary)));
        }
    }
    let zone = facts.setting("TimeZone").unwrap_or("UTC");
    arithmetic::binary(binary, schema, zone)
}

fn one_cast(cast: Cast, schema: &DFSchema, facts: &Arc<Facts>) -> Result<Transformed<Expr>> {
    if let Some(literal) = arithmetic::folded(&cast) {
        return Ok(Transformed::yes(literal));
    }
    let Cast { expr, mut field } = cast;
    let Ok((_, found)) = expr.to_field(schema) else {
        return Ok(Transformed::no(Expr::Cast(Cast { expr, field })));
    };
    arithmetic::castable(&found, &field)?;
    let told = found.metadata().contains_key(TYPE_KEY) && field.metadata().is_empty();
    let listed =
        || types::name_of(types::of_field(&field).oid).filter(|_| field.data_type().is_list());
    if told && let Some(name) = plain_name(field.data_type()).or_else(listed) {
        // A field that says nothing would keep the type of the source.
        let metadata = [(TYPE_KEY.to_owned(), name.to_owned())].into_iter().collect();
        field = Arc::new(field.as_ref().clone().with_metadata(metadata));
    }
    let own = types::of_field(&found).oid;
    if own == types::BPCHAR
        && types::of_field(&field).oid == own
        && !field.metadata().contains_key(MODIFIER_KEY)
    {
        // It keeps the blanks at its end.
        return Ok(Transformed::no(Expr::Cast(Cast { expr, field })));
    }
    if !kinds::has_own_cast(own, &field)
        && let Some(unfitted) = kinds::without_length(&field)
    {
        let whole = one_cast(Cast { expr, field: unfitted }, schema, facts)?.data;
        return one_cast(Cast { expr: Box::new(whole), field }, schema, facts);
    }
    if types::of_field(&found).oid == types::JSONB
        && let Some(scalar) = jsonb_scalar(&expr, &field, schema, facts)?
    {
        return Ok(Transformed::yes(scalar));
    }
    if let Some(done) = kinds::cast(&expr, own, &field) {
        let (_, found) = done.to_field(schema)?;
        let same = types::of_field(&found).oid == types::of_field(&field).oid;
        let done = Cast { expr: Box::new(done), field };
        return match same && !is_bare_numeric(&done.field) {
            true => Ok(Transformed::yes(Expr::Cast(done))),
            false => Ok(Transformed::yes(one_cast(done, schema, facts)?.data)),
        };
    }
    let source = found.data_type().clone();
    let target = field.data_type();
    if matches!(expr.as_ref(), Expr::Placeholder(_))
        && source.is_decimal()
        && is_bare_numeric(&field)
    {
        // Its value keeps the digits it comes with.
        return Ok(Transformed::yes(*expr));
    }
    let read = matches!(expr.as_ref(), Expr::Literal(ScalarValue::Utf8(_), _));
    if !read && decode::modifier::matters(types::of_field(&field)) {
        return fitted_moment(*expr, field, schema, facts).map(Transformed::yes);
    }
    let text = source.is_string();
    let kind = types::of_field(&field).oid;
    let canonical = is_canonical(kind);
    if text
        && !is_already(&expr, kind, schema)
        && let Some(reading) = functions::reading(kind, facts)
        && !matches!(expr.as_ref(), Expr::Placeholder(_) | Expr::Literal(..))
    {
        let values = Box::new(call(reading, vec![*expr]));
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: values, field })));
    }
    let expr = Box::new(zones::cast(*expr, &source, target, facts));
    if target.is_string() && !(text && canonical) {
        // Only the texts proper have a cast of their own from it.
        let mut written = match source == DataType::Boolean && kind == types::NAME {
            true => Transformed::yes(call(functions::text(facts), vec![*expr])),
            false => written(*expr, schema, facts),
        };
        if canonical && let Some(reading) = functions::reading(kind, facts) {
            let text = match written.data.get_type(schema)?.is_string() {
                true => written.data,
                false => Expr::Cast(Cast::new(Box::new(written.data), DataType::Utf8)),
            };
            written = Transformed::yes(call(reading, vec![text]));
        }
        let fitted = fitted(written.data, &field);
        let changed = told || written.transformed || fitted.transformed;
        let cast = Expr::Cast(Cast { expr: Box::new(fitted.data), field });
        return Ok(if changed { Transformed::yes(cast) } else { Transformed::no(cast) });
    }
    if let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = expr.as_ref() {
        return literal(text, field, facts).map(Transformed::yes);
    }
    if let DataType::List(item) = target
        && item.data_type().is_string()
        && let Some(names) = functions::names_text(&found, facts)
    {
        let names = Box::new(call(names, vec![*expr]));
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: names, field })));
    }
    if target.is_list() && text {
        // Arrow would make a list of the one text.
        if !matches!(expr.as_ref(), Expr::Placeholder(_)) {
            let reading = functions::reading(kind, facts).ok_or_else(array::refused)?;
            let values = Box::new(call(reading, vec![*expr]));
            return Ok(Transformed::yes(Expr::Cast(Cast { expr: values, field })));
        }
    }
    if let Some(each) = array::cast(&expr, &source, target, facts, |cast, schema, facts| {
        one_cast(cast, schema, facts).map(|cast| cast.data)
    })? {
        return Ok(Transformed::yes(each));
    }
    if source.is_list() && target.is_list() {
        // The elements are of that type already, in as many dimensions as they are.
        return Ok(Transformed::yes(*expr));
    }
    if kind == types::OID
        && let Some(number) = oid_of(&expr, own)
    {
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(number), field })));
    }
    // Both have 32 bits, and the cast changes none of them.
    if *target == DataType::Int32 && types::of_field(&found).oid == types::OID {
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(wrapped(*expr)), field })));
    }
    if common::is_rounded(&source, target) {
        let nearest = Box::new(common::nearest(*expr, target));
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: nearest, field })));
    }
    // Arrow cuts off what PostgreSQL rounds: floating point to even, numeric away from zero.
    if target.is_integer() && source.is_floating() {
        let wide = Expr::Cast(Cast::new(expr, DataType::Float64));
        let rounded = call(functions::round_to_even(), vec![wide]);
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(rounded), field })));
    }
    if target.is_integer()
        && let DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) =
            source
        && scale > 0
    {
        let digits = precision.saturating_sub(scale.unsigned_abs()).saturating_add(1).max(1);
        let whole = match digits {
            ..=38 => DataType::Decimal128(digits, 0),
            _ => DataType::Decimal256(digits.min(76), 0),
        };
        let whole = Expr::Cast(Cast::new(expr, whole));
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(whole), field })));
    }
    if is_bare_numeric(&field) && (source.is_floating() || source.is_string()) {
        let read = call(numerics::function(Numerics::Read), vec![*expr]);
        let field = Arc::new(field.as_ref().clone().with_data_type(read.get_type(schema)?));
        return Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(read), field })));
    }
    if *target == DataType::Float32 && source == DataType::Float64 {
        return Ok(Transformed::yes(call(floats::function(Floats::Narrow), vec![*expr])));
    }
    if is_bare_numeric(&field) && source.is_decimal() && matches!(*expr, Expr::Placeholder(_)) {
        // Its digits are those of its value, which nobody knows yet.
        return Ok(Transformed::yes(*expr));
    }
    if is_bare_numeric(&field)
        && let Some(kept) = kept_scale(&source)
    {
        let field = Arc::new(field.as_ref().clone().with_data_type(kept));
        return Ok(Transformed::yes(Expr::Cast(Cast { expr, field })));
    }
    let cast = Expr::Cast(Cast { expr, field });
    Ok(if told { Transformed::yes(cast) } else { Transformed::no(cast) })
}

/// A cast to a date or time type with a modifier: one to the type, made fit.
fn fitted_moment(
    expr: Expr,
    field: FieldRef,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Expr> {
    let plain = Arc::new(field.as_ref().clone().with_metadata(Default::default()));
    let value = one_cast(Cast { expr: Box::new(expr), field: plain }, schema, facts)?.data;
    let function = convert::fitting(types::of_field(&field).modifier);
    Ok(Expr::Cast(Cast { expr: Box::new(call(function, vec![value])), field }))
}

/// A number or truth of `jsonb`; `None` for a cast to any other type.
fn jsonb_scalar(
    expr: &Expr,
    field: &FieldRef,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Result<Option<Expr>> {
    let target = field.data_type();
    if !(target.is_numeric() || *target == DataType::Boolean) {
        return Ok(None);
    }
    // A number that stands in the statement keeps its digits.
    if let Expr::Cast(Cast { expr: inner, .. }) = expr
        && let Expr::Literal(ScalarValue::Utf8(Some(text)), _) = inner.as_ref()
        && decode::json::kind(text) == decode::json::Kind::Number
        && target.is_decimal()
    {
        return literal(text, Arc::clone(field), facts).map(Some);
    }
    let name = types::sql_name(types::of_field(field).oid);
    let scalar = functions::of_json("forebay_jsonb_scalar");
    let mut text = call(scalar, vec![expr.clone(), lit(name)]);
    if target.is_integer() {
        // It is rounded, as numeric is.
        text = Expr::Cast(Cast::new(Box::new(text), DataType::Decimal128(38, 10)));
    }
    let cast = Cast { expr: Box::new(text), field: Arc::clone(field) };
    one_cast(cast, schema, facts).map(|cast| Some(cast.data))
}

/// A time or a date that is shown at another zone is one of the session's zone.
fn in_zone(function: &mut ScalarFunction, schema: &DFSchema, facts: &Arc<Facts>) -> Result<()> {
    if function.name() != "timezone" {
        return Ok(());
    }
    if let [_, moment] = function.args.as_mut_slice() {
        let zoned = match moment.get_type(schema) {
            Ok(DataType::Time64(_)) => types::TIMETZ,
            Ok(DataType::Date32) => types::TIMESTAMPTZ,
            _ => return Ok(()),
        };
        let field = Arc::new(overloads::field("", zoned));
        let expr = Box::new(std::mem::replace(moment, lit(ScalarValue::Null)));
        *moment = one_cast(Cast { expr, field }, schema, facts)?.data;
    }
    Ok(())
}

/// A number without a sign as the number with one that has the same 32 bits.
fn wrapped(number: Expr) -> Expr {
    let step = |left, op, right: i64| binary_expr(left, op, lit(right));
    let number = Expr::Cast(Cast::new(Box::new(number), DataType::Int64));
    let turned = step(step(number, Operator::Plus, 1 << 31), Operator::Modulo, 1 << 32);
    step(turned, Operator::Minus, 1 << 31)
}

/// A number of type `source` as the number of an object: of an integer the same 32 bits. `None` for other types.
fn oid_of(expr: &Expr, source: u32) -> Option<Expr> {
    let wide = Expr::Cast(Cast::new(Box::new(expr.clone()), DataType::Int64));
    match source {
        types::INT2 | types::INT4 => {
            Some(binary_expr(wide, Operator::BitwiseAnd, lit(i64::from(u32::MAX))))
        }
        types::INT8 => Some(call(overloads::own("forebay_oid")?, vec![wide])),
        _ => None,
    }
}

/// The fields of a row as clients see them: names in place of OIDs.
fn named_fields(
    mut function: ScalarFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Transformed<Expr> {
    let mut named = false;
    let args = std::mem::take(&mut function.args).into_iter();
    let name = |arg: Expr| match arg.to_field(schema) {
        Ok((_, field)) => match functions::output(&field, facts) {
            Some(output) => {
                named = true;
                call(output, vec![arg])
            }
            None => arg,
        },
        Err(_) => arg,
    };
    function.args = args.map(name).collect();
    let expr = Expr::ScalarFunction(function);
    if named { Transformed::yes(expr) } else { Transformed::no(expr) }
}

/// The name of the type that values of `data_type` are of when nothing says otherwise; `None` for lists, and for numeric,
/// whose name without a precision would mean that the digits stay.
fn plain_name(data_type: &DataType) -> Option<&'static str> {
    if data_type.is_list() || data_type.is_decimal() {
        return None;
    }
    types::name_of(types::of_data_type(data_type).oid)
}

/// Whether values of that type are texts of a form of their own.
pub(super) fn is_canonical(kind: u32) -> bool {
    matches!(kind, types::JSON | types::JSONB) || adt::is_own(kind)
}

/// Whether the text of `expr` is one of that type, which was read once.
fn is_already(expr: &Expr, kind: u32, schema: &DFSchema) -> bool {
    expr.to_field(schema).is_ok_and(|(_, field)| types::of_field(&field).oid == kind)
}

/// Reads `expr` as a value of the type it is compared with when it is a literal without a type. Returns how many it read.
pub(super) fn read_beside(expr: &mut Expr, other: &DataType, facts: &Arc<Facts>) -> Result<usize> {
    if let Expr::Literal(ScalarValue::Utf8(Some(text)), None) = &*expr
        && let Some(field) = arithmetic::beside(Operator::Eq, other)
    {
        *expr = literal(text, Arc::new(field), facts)?;
        return Ok(1);
    }
    Ok(0)
}

/// A literal as PostgreSQL reads it: a parameter of that text and type would be the same value.
pub(super) fn literal(text: &str, field: FieldRef, facts: &Arc<Facts>) -> Result<Expr> {
    let settings = functions::value_settings(facts);
    let value = decode::literal(types::of_field(&field), text, &settings).map_err(|error| {
        let place = Place::Constant(text.to_owned());
        DataFusionError::External(Box::new(error.near(place)))
    })?;
    if field.data_type().is_list() {
        if let Some(array) = numerics_listed(text, &field, facts)? {
            return Ok(array);
        }
        let value = array::literal(&value, field.data_type())?;
        let list = value.data_type();
        let plain = Expr::Literal(value, None);
        if matches!(types::of_field(&field).oid, types::INT2VECTOR | types::OIDVECTOR) {
            return Ok(Expr::Cast(Cast { expr: Box::new(plain), field }));
        }
        // What a length of the elements cuts off is cut off by casts.
        return fitted_elements(plain, &list, facts);
    }
    let field = if is_bare_numeric(&field) {
        Arc::new(field.as_ref().clone().with_data_type(value.data_type()))
    } else {
        field
    };
    let value = value.cast_to(field.data_type())?;
    if field.metadata().is_empty() {
        return Ok(Expr::Literal(value, None));
    }
    Ok(Expr::Cast(Cast { expr: Box::new(Expr::Literal(value, None)), field }))
}

/// An array of numerics of several numbers of digits as one of constants, each of which keeps its own; `None` for others.
fn numerics_listed(text: &str, field: &FieldRef, facts: &Arc<Facts>) -> Result<Option<Expr>> {
    let DataType::List(item) = field.data_type() else { return Ok(None) };
    if !item.data_type().is_decimal() || !is_bare_numeric(item) {
        return Ok(None);
    }
    let Some(texts) = types::array_of(types::TEXT) else { return Ok(None) };
    let texts = types::PgType::new(texts);
    let texts = decode::literal(texts, text, &functions::value_settings(facts));
    let Ok(ScalarValue::List(lists)) = texts else { return Ok(None) };
    let Some(texts) = lists.values().as_string_opt::<i32>() else { return Ok(None) };
    let elements = texts.iter().map(|text| match text {
        Some(text) => literal(text, Arc::clone(item), facts),
        None => Ok(lit(ScalarValue::Null)),
    });
    let elements = elements.collect::<Result<Vec<Expr>>>()?;
    let none = DFSchema::empty();
    let kinds = elements.iter().map(|element| element.get_type(&none));
    let Some(common) = common::numeric_of(kinds.collect::<Result<_>>()?) else { return Ok(None) };
    let mut array = Vec::with_capacity(elements.len());
    for element in elements {
        let bare = match element {
            Expr::Cast(cast) => *cast.expr,
            other => other,
        };
        array.push(Expr::Cast(Cast::new(Box::new(bare), common.data_type().clone())));
    }
    Ok(Some(call(datafusion::functions_nested::make_array::make_array_udf(), array)))
}

/// An array whose elements are of a declared length, cut to it.
fn fitted_elements(expr: Expr, list: &DataType, facts: &Arc<Facts>) -> Result<Expr> {
    let modified = array::is_modified(list);
    let each = match modified {
        true => {
            array::cast(&expr, &array::unmodified(list), list, facts, |cast, schema, facts| {
                one_cast(cast, schema, facts).map(|cast| cast.data)
            })?
        }
        false => None,
    };
    Ok(each.unwrap_or(expr))
}

/// Whether a cast's target is `numeric` without a precision, whose values keep the digits they have.
pub(super) fn is_bare_numeric(field: &FieldRef) -> bool {
    let metadata = field.metadata();
    metadata.get(TYPE_KEY).is_some_and(|name| name == "numeric")
        && !metadata.contains_key(MODIFIER_KEY)
}

/// The decimal that holds a value of `source` with as many digits after the point as it has.
fn kept_scale(source: &DataType) -> Option<DataType> {
    match source {
        DataType::Decimal128(..) | DataType::Decimal256(..) => Some(source.clone()),
        whole if whole.is_integer() => Some(DataType::Decimal128(20, 0)),
        _ => None,
    }
}

/// A value as PostgreSQL's text. Whole numbers and truths read alike in Arrow and are left to the cast.
fn written(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Transformed<Expr> {
    if let Ok((_, field)) = expr.to_field(schema)
        && let Some(function) = functions::name_text(&field, facts)
    {
        return Transformed::yes(call(function, vec![expr]));
    }
    if let Ok((_, field)) = expr.to_field(schema)
        && let Some(function) = functions::names_text(&field, facts)
    {
        let names = call(function, vec![expr]);
        return Transformed::yes(call(functions::text(facts), vec![names]));
    }
    if let Some(text) = kinds::written(&expr, schema, facts) {
        return Transformed::yes(text);
    }
    if is_padded(&expr, schema) {
        return Transformed::yes(unpadded(expr));
    }
    match expr.get_type(schema) {
        Ok(source)
            if !source.is_string()
                && !source.is_integer()
                && !matches!(source, DataType::Boolean | DataType::Null) =>
        {
            Transformed::yes(call(functions::text(facts), vec![expr]))
        }
        _ => Transformed::no(expr),
    }
}

/// A value of which JSON has the text: an object's name for its OID, a range in the session's style.
fn json_value(expr: Expr, schema: &DFSchema, facts: &Arc<Facts>) -> Transformed<Expr> {
    let Ok((_, field)) = expr.to_field(schema) else { return Transformed::no(expr) };
    let names =
        functions::name_text(&field, facts).or_else(|| functions::names_text(&field, facts));
    let styled = adt::is_styled(types::of_field(&field).oid);
    match names.or_else(|| styled.then(|| functions::text(facts))) {
        Some(function) => Transformed::yes(call(function, vec![expr])),
        None => Transformed::no(expr),
    }
}

/// A call whose arguments are written as clients see them.
fn written_arguments(
    mut function: ScalarFunction,
    schema: &DFSchema,
    facts: &Arc<Facts>,
) -> Transformed<Expr> {
    let mut changed = false;
    for arg in &mut function.args {
        let own = std::mem::replace(arg, lit(ScalarValue::Null));
        let truth = own.get_type(schema).is_ok_and(|found| found == DataType::Boolean);
        let text = match truth {
            true => Transformed::yes(call(functions::text(facts), vec![own])),
            // An address without a length of its network has none here, unlike in a cast.
            false if is_padded(&own, schema) || is_address(&own, schema) => Transformed::no(own),
            false => written(own, schema, facts),
        };
        changed |= text.transformed;
        *arg = text.data;
    }
    let call = Expr::ScalarFunction(function);
    if changed { Transformed::yes(call) } else { Transformed::no(call) }
}

/// Whether `expr` is a `character`: blanks at its end mean nothing.
pub(super) fn is_padded(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema)
        .is_ok_and(|(_, field)| field.metadata().get(TYPE_KEY).is_some_and(|name| name == "bpchar"))
}

/// A text of the type `source` as one of the type `target`, of any length.
pub(super) fn retyped(expr: Expr, source: u32, target: u32) -> Expr {
    let bare = if source == types::BPCHAR { unpadded(expr) } else { expr };
    let name = types::name_of(target).unwrap_or("text");
    let field = Arc::new(tagged(Field::new("", DataType::Utf8, true), name));
    Expr::Cast(Cast::new_from_field(Box::new(fitted(bare, &field).data), field))
}

fn unpadded(expr: Expr) -> Expr {
    call(datafusion::functions::string::rtrim(), vec![expr])
}

/// `string_agg` of a `character` is one of texts. Returns whether it is such a one.
fn unpad_gathered(function: &mut AggregateFunction, schema: &DFSchema) -> bool {
    let params = &mut function.params;
    let Some(value) = params.args.first_mut() else { return false };
    if function.func.name() != "string_agg" || !is_padded(value, schema) {
        return false;
    }
    let own = value.clone();
    *value = unpadded(own.clone());
    // What DISTINCT is ordered by stays the same expression.
    let sorts = params.order_by.iter_mut().map(|sort| &mut sort.expr);
    sorts.filter(|expr| **expr == own).for_each(|expr| *expr = unpadded(own.clone()));
    true
}

/// What is compared, without the blanks at the end of a `character` and of literals read as one. Returns whether there
/// was one.
pub(super) fn unpad_compared<'a>(
    exprs: impl IntoIterator<Item = &'a mut Expr>,
    schema: &DFSchema,
) -> bool {
    let mut exprs: Vec<&mut Expr> = exprs.into_iter().collect();
    if !exprs.iter().any(|expr| is_padded(expr, schema)) {
        return false;
    }
    // A `character varying` beside it is taken for one, a `text` is not.
    let varying = |expr: &Expr| {
        expr.to_field(schema).is_ok_and(|(_, field)| types::of_field(&field).oid == types::VARCHAR)
    };
    for expr in &mut exprs {
        let literal = matches!(expr, Expr::Literal(ScalarValue::Utf8(_), None));
        if literal || is_padded(expr, schema) || varying(expr) {
            **expr = unpadded(std::mem::replace(expr, lit(ScalarValue::Null)));
        }
    }
    true
}

fn is_address(expr: &Expr, schema: &DFSchema) -> bool {
    expr.to_field(schema)
        .is_ok_and(|(_, field)| matches!(types::of_field(&field).oid, types::INET | types::CIDR))
}

/// Functions of text, to which PostgreSQL casts a `character` first.
const OF_TEXT: &[&str] = &[
    "ascii",
    "btrim",
    "character_length",
    "initcap",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "md5",
    "repeat",
    "replace",
    "reverse",
    "right",
    "rpad",
    "split_part",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "translate",
    "upper",
];

/// An explicit cast to a string of a length cuts off what is over; `char(n)` is filled up with blanks.
fn fitted(expr: Expr, field: &FieldRef) -> Transformed<Expr> {
    let metadata = field.metadata();
    let modifier = metadata.get(MODIFIER_KEY).and_then(|digits| digits.parse::<i64>().ok());
    let kind = metadata.get(TYPE_KEY).map(String::as_str);
    // A field that says nothing would keep the type of the source.
    let plain = tagged(Field::new("", DataType::Utf8, true), "text");
    let text = |expr| Expr::Cast(Cast::new_from_field(Box::new(expr), Arc::new(plain)));
    if kind == Some("name")
        && let Some(cut) = overloads::own("forebay_name")
    {
        return Transformed::yes(call(cut, vec![text(expr)]));
    }
    let length = match (kind, modifier) {
        (Some("varchar" | "bpchar"), Some(modifier)) => modifier - 4,
        (Some("char"), _) => 1,
        _ => return Transformed::no(expr),
    };
    let cut = call(datafusion::functions::unicode::left(), vec![text(expr), lit(length)]);
    if kind == Some("bpchar") {
        return Transformed::yes(call(
            datafusion::functions::unicode::rpad(),
            vec![cut, lit(length)],
        ));
    }
    Transformed::yes(cut)
}

/// Names in place of OIDs in the columns clients see.
fn names_for_oids(plan: LogicalPlan, facts: &Arc<Facts>) -> Result<LogicalPlan> {
    let mut any = false;
    let columns = plan.schema().iter().map(|(qualifier, field)| {
        let column = Expr::Column((qualifier, field).into());
        match functions::output(field, facts) {
            Some(function) => {
                any = true;
                call(function, vec![column]).alias_qualified(qualifier.cloned(), field.name())
            }
            None => column,
        }
    });
    let columns: Vec<Expr> = columns.collect();
    if !any {
        return Ok(plan);
    }
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}

/// Whether any expression of any node, subqueries included, satisfies `test`.
pub(super) fn any_expr(plan: &LogicalPlan, mut test: impl FnMut(&Expr) -> bool) -> bool {
    any_node(plan, |node| {
        let mut found = false;
        let walked = node.apply_expressions(|expr| {
            found |= expr.exists(|inner| Ok(test(inner)))?;
            Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        found || walked.is_err()
    })
}

/// Whether any node below or at `plan`, subqueries included, satisfies `test`.
fn any_node(plan: &LogicalPlan, mut test: impl FnMut(&LogicalPlan) -> bool) -> bool {
    let mut found = false;
    let walked = plan.apply_with_subqueries(|node| {
        found |= test(node);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || walked.is_err()
}
