//! Texts that a plan makes of numerics: `x::text`, `concat(x)`, `to_json(x)`. They have the digits a client would see.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    Aggregate, Cast, Expr, ExprSchemable, Filter, LogicalPlan, Projection, Window,
};

use super::scales::{Hidden, of};
use super::{Tracker, bare, is_numeric, shown, text_field};
use crate::pg::functions;
use crate::pg::rewrite::plan::any_expr;

/// A plan whose texts of numerics have each value's own digits.
pub(super) fn written(plan: LogicalPlan, tracker: &Tracker) -> Result<LogicalPlan> {
    if !any_expr(&plan, is_writing) {
        return Ok(plan);
    }
    let written = plan.transform_up_with_subqueries(|node| match node {
        LogicalPlan::Projection(projection) => projected(projection, tracker),
        LogicalPlan::Aggregate(aggregate) => aggregated(aggregate, tracker),
        LogicalPlan::Filter(filter) => filtered(filter, tracker),
        LogicalPlan::Window(window) => windowed(window, tracker),
        other => Ok(Transformed::no(other)),
    })?;
    Ok(written.data)
}

/// Whether it makes texts, or JSON, of its arguments.
fn is_writing(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(function) if {
        let name = function.name();
        name == functions::TEXT || name == functions::ELEMENTS || functions::makes_json(name)
    })
}

fn projected(projection: Projection, tracker: &Tracker) -> Result<Transformed<LogicalPlan>> {
    let schema = projection.input.schema();
    let (input, hidden) = tracker.below(&projection.input, arguments(&projection.expr).iter())?;
    let mut changed = false;
    let mut exprs = Vec::with_capacity(projection.expr.len());
    for expr in &projection.expr {
        let written = rewritten(expr, schema, &hidden)?;
        changed |= written.transformed;
        exprs.push(written.data);
    }
    Ok(match changed {
        true => {
            let projection = Projection::try_new(exprs, input)?;
            Transformed::yes(LogicalPlan::Projection(projection))
        }
        false => Transformed::no(LogicalPlan::Projection(projection)),
    })
}

fn aggregated(aggregate: Aggregate, tracker: &Tracker) -> Result<Transformed<LogicalPlan>> {
    let sets = matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]);
    let mut found = arguments(&aggregate.aggr_expr);
    if !sets {
        found.extend(arguments(&aggregate.group_expr));
    }
    let (input, hidden) = tracker.below(&aggregate.input, found.iter())?;
    let schema = aggregate.input.schema();
    let mut changed = false;
    let mut each = |exprs: &[Expr]| -> Result<Vec<Expr>> {
        let mut done = Vec::with_capacity(exprs.len());
        for expr in exprs {
            let written = rewritten(expr, schema, &hidden)?;
            changed |= written.transformed;
            done.push(written.data);
        }
        Ok(done)
    };
    let groups = if sets { aggregate.group_expr.clone() } else { each(&aggregate.group_expr)? };
    let exprs = each(&aggregate.aggr_expr)?;
    Ok(match changed {
        true => {
            let aggregate = Aggregate::try_new(input, groups, exprs)?;
            Transformed::yes(LogicalPlan::Aggregate(aggregate))
        }
        false => Transformed::no(LogicalPlan::Aggregate(aggregate)),
    })
}

fn filtered(filter: Filter, tracker: &Tracker) -> Result<Transformed<LogicalPlan>> {
    let schema = filter.input.schema();
    let found = arguments(std::slice::from_ref(&filter.predicate));
    let (input, hidden) = tracker.below(&filter.input, found.iter())?;
    let written = rewritten(&filter.predicate, schema, &hidden)?;
    if !written.transformed {
        return Ok(Transformed::no(LogicalPlan::Filter(filter)));
    }
    let columns: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
    let filter = Filter::try_new(bare(&written.data).clone(), input)?;
    let plan = Projection::try_new(columns, Arc::new(LogicalPlan::Filter(filter)))?;
    Ok(Transformed::yes(LogicalPlan::Projection(plan)))
}

fn windowed(window: Window, tracker: &Tracker) -> Result<Transformed<LogicalPlan>> {
    let schema = window.input.schema();
    let (input, hidden) = tracker.below(&window.input, arguments(&window.window_expr).iter())?;
    let mut changed = false;
    let mut exprs = Vec::with_capacity(window.window_expr.len());
    for expr in &window.window_expr {
        let written = rewritten(expr, schema, &hidden)?;
        changed |= written.transformed;
        exprs.push(written.data);
    }
    if !changed {
        return Ok(Transformed::no(LogicalPlan::Window(window)));
    }
    let columns: Vec<Expr> = window.schema.columns().into_iter().map(Expr::Column).collect();
    let plan = LogicalPlan::Window(Window::try_new(exprs, input)?);
    Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?)))
}

/// What texts are made of in `exprs`.
fn arguments(exprs: &[Expr]) -> Vec<Expr> {
    let mut found = Vec::new();
    for expr in exprs {
        // The visitor never fails.
        let _done = expr.exists(|part| {
            if is_writing(part)
                && let Expr::ScalarFunction(function) = part
            {
                found.extend(function.args.iter().cloned());
            }
            Ok(false)
        });
    }
    found
}

/// `expr` under the name it had, with texts of each value's own digits.
fn rewritten(expr: &Expr, schema: &DFSchema, hidden: &Hidden) -> Result<Transformed<Expr>> {
    let name = expr.schema_name().to_string();
    let written = expr.clone().transform_up(|part| {
        if !is_writing(&part) {
            return Ok(Transformed::no(part));
        }
        let Expr::ScalarFunction(mut function) = part else { return Ok(Transformed::no(part)) };
        if function.name() == functions::ELEMENTS {
            return elements(&function, schema, hidden);
        }
        let mut changed = false;
        for argument in &mut function.args {
            changed |= told(argument, schema, hidden)?;
        }
        let call = Expr::ScalarFunction(function);
        Ok(if changed { Transformed::yes(call) } else { Transformed::no(call) })
    })?;
    let outermost = matches!(expr, Expr::Alias(_));
    Ok(match written.transformed && !outermost {
        true => written.update_data(|expr| expr.alias(name)),
        false => written,
    })
}

/// The texts of an array's elements, where that is what they are made into.
fn elements(
    function: &ScalarFunction,
    schema: &DFSchema,
    hidden: &Hidden,
) -> Result<Transformed<Expr>> {
    let whole = Expr::ScalarFunction(function.clone());
    let (_, made) = whole.to_field(schema)?;
    let texts = match (function.args.first(), made.data_type()) {
        (Some(list), DataType::List(item)) if item.data_type().is_string() => {
            let numeric = is_numeric(&list.to_field(schema)?.1);
            if numeric { of(list, schema, hidden)? } else { None }
        }
        _ => None,
    };
    Ok(match texts {
        Some(texts) => {
            let made = Arc::new(made.as_ref().clone().with_name(""));
            Transformed::yes(Expr::Cast(Cast::new_from_field(Box::new(texts), made)))
        }
        None => Transformed::no(whole),
    })
}

/// Puts the text of a numeric in its place where its type does not tell the digits. Returns whether it did.
fn told(argument: &mut Expr, schema: &DFSchema, hidden: &Hidden) -> Result<bool> {
    let Ok((_, field)) = argument.to_field(schema) else { return Ok(false) };
    if let (Expr::ScalarFunction(row), DataType::Struct(_)) = (&mut *argument, field.data_type()) {
        let mut changed = false;
        for value in &mut row.args {
            changed |= told(value, schema, hidden)?;
        }
        return Ok(changed);
    }
    if !is_numeric(&field) {
        return Ok(false);
    }
    let Some(digits) = of(argument, schema, hidden)? else { return Ok(false) };
    let texts = match field.data_type() {
        DataType::List(_) => digits,
        _ => shown(argument.clone(), digits),
    };
    *argument = Expr::Cast(Cast::new_from_field(Box::new(texts), Arc::new(text_field(&field))));
    Ok(true)
}
