//! The columns of set operations (PostgreSQL manual, 10.5 and 7.4): one type for each, an error where the planner would
//! make texts of them, and ALL, which keeps each row as often as it should.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, NullEquality, Result};
use datafusion::functions_window::row_number::row_number_udwf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::type_coercion::binary::type_union_resolution;
use datafusion::logical_expr::{
    Cast, Distinct, Expr, ExprSchemable, Join, JoinType, LogicalPlan, LogicalPlanBuilder,
    Projection, Union, WindowFunctionDefinition, cast,
};

use super::common::{self, Member};
use crate::pg::facts::Facts;
use crate::pg::types::{self, MODIFIER_KEY};

/// Gives each column of a UNION one type.
/// Errors: 42804 for columns that have none in common; a constant that is not of the others' type.
pub(super) fn matched(union: Union, facts: &Arc<Facts>) -> Result<Transformed<LogicalPlan>> {
    match one_type("UNION", &union.inputs, facts)? {
        Some(inputs) => {
            let union = Union::try_new_with_loose_types(inputs)?;
            Ok(Transformed::yes(LogicalPlan::Union(union)))
        }
        None if has_moved(&union) => {
            let union = Union::try_new_with_loose_types(union.inputs)?;
            Ok(Transformed::yes(LogicalPlan::Union(union)))
        }
        None => Ok(Transformed::no(LogicalPlan::Union(union))),
    }
}

/// Whether all inputs have come to have another type for a column than they were planned with: that of `x::numeric`.
fn has_moved(union: &Union) -> bool {
    union.schema.fields().iter().enumerate().any(|(index, planned)| {
        let of = |input: &Arc<LogicalPlan>| {
            input.schema().fields().get(index).map(|field| field.data_type().clone())
        };
        let mut kinds = union.inputs.iter().map(of);
        let first = kinds.next().flatten();
        first.as_ref() != Some(planned.data_type()) && kinds.all(|kind| kind == first)
    })
}

/// Whether a join is an INTERSECT or EXCEPT: the planner makes them so, and nothing else of that kind.
pub(super) fn is_set_operation(join: &Join) -> bool {
    matches!(join.join_type, JoinType::LeftSemi | JoinType::LeftAnti)
        && join.null_equality == NullEquality::NullEqualsNull
        && join.filter.is_none()
}

/// Gives each column of an INTERSECT or EXCEPT one type, and with ALL numbers equal rows, so that each meets one.
/// Errors: as [`matched`].
pub(super) fn intersected(join: Join, facts: &Arc<Facts>) -> Result<Transformed<LogicalPlan>> {
    let word = match join.join_type {
        JoinType::LeftSemi => "INTERSECT",
        _ => "EXCEPT",
    };
    let inputs = [Arc::clone(&join.left), Arc::clone(&join.right)];
    let typed = one_type(word, &inputs, facts)?;
    let distinct = matches!(join.left.as_ref(), LogicalPlan::Distinct(_));
    if typed.is_none() && distinct {
        // The types of its inputs may have changed.
        return LogicalPlan::Join(join).recompute_schema().map(Transformed::no);
    }
    let [left, right] = match typed.as_deref() {
        Some([left, right]) => [Arc::clone(left), Arc::clone(right)],
        _ => inputs,
    };
    let on = |plan: &LogicalPlan| plan.schema().columns();
    let sides = if distinct { [left, right] } else { [numbered(left)?, numbered(right)?] };
    let [left, right] = sides;
    let (from, to) = (on(&left), on(&right));
    let whole = left.schema().columns();
    let joined = LogicalPlanBuilder::from(Arc::unwrap_or_clone(left)).join_detailed(
        Arc::unwrap_or_clone(right),
        join.join_type,
        (from, to),
        None,
        NullEquality::NullEqualsNull,
    )?;
    if distinct {
        return Ok(Transformed::yes(joined.build()?));
    }
    let own = whole.len().saturating_sub(1);
    let columns = whole.into_iter().take(own).map(Expr::Column);
    Ok(Transformed::yes(joined.project(columns)?.build()?))
}

/// Rows with how many equal ones came before, counted from 1.
fn numbered(plan: Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
    let columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let definition = WindowFunctionDefinition::WindowUDF(row_number_udwf());
    let mut number = WindowFunction::new(definition, Vec::new());
    number.params.partition_by = columns;
    let number = Expr::from(number).alias(NUMBER);
    let numbered = LogicalPlanBuilder::from(Arc::unwrap_or_clone(plan)).window(vec![number])?;
    Ok(Arc::new(numbered.build()?))
}

/// The column that numbers equal rows.
pub(super) const NUMBER: &str = "__forebay_number";

/// The inputs with one type for each column, when some had to change.
fn one_type(
    word: &str,
    inputs: &[Arc<LogicalPlan>],
    facts: &Arc<Facts>,
) -> Result<Option<Vec<Arc<LogicalPlan>>>> {
    let width = inputs.iter().map(|input| input.schema().fields().len()).min().unwrap_or(0);
    let mut wanted: Vec<Option<FieldRef>> = Vec::with_capacity(width);
    for index in 0..width {
        let members = inputs.iter().map(|input| {
            let output = output(input, index);
            Member {
                field: &input.schema().fields()[index],
                unknown: output.is_some_and(common::is_unknown),
                place: output.and_then(common::place),
            }
        });
        let kinds =
            inputs.iter().filter(|input| !output(input, index).is_some_and(common::is_unknown));
        let kinds = kinds.map(|input| input.schema().field(index).data_type().clone());
        let kinds: Vec<DataType> = kinds.collect();
        let exact = common::numeric_of(kinds.clone());
        let unknown =
            inputs.iter().any(|input| output(input, index).is_some_and(common::is_unknown));
        let found = exact.or(common::common(word, members)?);
        // A length is that of all where all have it (`select_common_typmod`); a constant without a type has none.
        let found = found.map(|field| if unknown { bare(&field) } else { field });
        // The planner finds that of a UNION; of the others it takes the first's.
        let wide = || {
            let [first, rest @ ..] = kinds.as_slice() else { return None };
            let differs = word != "UNION" && rest.iter().any(|kind| kind != first);
            let data_type = differs.then(|| type_union_resolution(&kinds)).flatten()?;
            Some(Arc::new(Field::new("", data_type, true)))
        };
        let without_length = || {
            let fields = inputs.iter().map(|input| &input.schema().fields()[index]);
            let lengths = fields.map(|field| field.metadata().get(MODIFIER_KEY));
            let lengths: Vec<Option<&String>> = lengths.collect();
            let differ = lengths.windows(2).any(|pair| pair[0] != pair[1]);
            let first = &inputs.first()?.schema().fields()[index];
            (word != "UNION" && differ).then(|| bare(first))
        };
        wanted.push(found.or_else(wide).or_else(without_length));
    }
    if wanted.iter().all(Option::is_none) {
        return Ok(None);
    }
    let changed = inputs.iter().map(|input| changed(input, &wanted, facts));
    changed.collect::<Result<Vec<_>>>().map(Some)
}

fn bare(field: &FieldRef) -> FieldRef {
    Arc::new(types::unmodified(field))
}

/// The expression of a column where a SELECT has it.
pub(super) fn output(plan: &LogicalPlan, index: usize) -> Option<&Expr> {
    match plan {
        LogicalPlan::Projection(projection) => match projection.expr.get(index)? {
            Expr::Alias(alias) => Some(&alias.expr),
            other => Some(other),
        },
        LogicalPlan::Distinct(Distinct::All(input)) => output(input, index),
        LogicalPlan::SubqueryAlias(alias) => output(&alias.input, index),
        _ => None,
    }
}

/// `plan` with columns of the types `wanted`.
fn changed(
    plan: &Arc<LogicalPlan>,
    wanted: &[Option<FieldRef>],
    facts: &Arc<Facts>,
) -> Result<Arc<LogicalPlan>> {
    match plan.as_ref() {
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let input = changed(input, wanted, facts)?;
            return Ok(Arc::new(LogicalPlan::Distinct(Distinct::All(input))));
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let input = changed(&alias.input, wanted, facts)?;
            let aliased = LogicalPlanBuilder::from(Arc::unwrap_or_clone(input));
            return Ok(Arc::new(aliased.alias(alias.alias.clone())?.build()?));
        }
        _ => {}
    }
    // Constants change where they stand; the rest gets a cast above.
    let (mut exprs, input) = match plan.as_ref() {
        LogicalPlan::Projection(projection) => (projection.expr.clone(), &projection.input),
        _ => (plan.schema().columns().into_iter().map(Expr::Column).collect(), plan),
    };
    let outputs: Vec<Column> = plan.schema().columns();
    for ((expr, wanted), output) in exprs.iter_mut().zip(wanted).zip(outputs) {
        let Some(wanted) = wanted else { continue };
        let named = matches!(expr, Expr::Alias(_));
        let own = match &mut *expr {
            Expr::Alias(alias) => alias.expr.as_mut(),
            other => other,
        };
        let mut changed = common::become_one(own, wanted, input.schema(), facts)?;
        let (kind, plain) = (own.get_type(input.schema())?, wanted.data_type());
        if kind.is_numeric() && plain.is_numeric() && !plain.is_decimal() && kind != *plain {
            *own = cast(std::mem::take(own), plain.clone());
            changed = true;
        }
        let declared = own.to_field(input.schema())?.1;
        if declared.metadata().contains_key(MODIFIER_KEY)
            && *wanted.metadata() == *bare(&declared).metadata()
        {
            let wanted = Arc::new(wanted.as_ref().clone().with_name(""));
            *own = Expr::Cast(Cast::new_from_field(Box::new(std::mem::take(own)), wanted));
            changed = true;
        }
        if (common::widen(own, wanted.data_type(), input.schema())? || changed) && !named {
            let bare = std::mem::replace(expr, Expr::Column(output.clone()));
            *expr = bare.alias_qualified(output.relation, output.name);
        }
    }
    Ok(Arc::new(LogicalPlan::Projection(Projection::try_new(exprs, Arc::clone(input))?)))
}
