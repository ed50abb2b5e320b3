//! Where aggregates, window functions and functions that return sets may stand (PostgreSQL's parse_agg.c, parse_func.c).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, GroupByExpr, Ident, JoinConstraint, JoinOperator, ObjectNamePart, Query,
    Select, Value, Visit, Visitor,
};

use super::{at, start, windows};
use crate::error::{Error, Place, Result};
use crate::pg::catalog::data::{self, FunctionKinds};

const MOVABLE: &str =
    "You might be able to move the set-returning function into a LATERAL FROM item.";

/// Checks the clauses of one SELECT.
/// Errors: 42803, 42P20 and 0A000 for calls where none may stand; 42704 for a window that is not defined.
pub(super) fn select(select: &Select) -> Result<()> {
    in_clause(&select.selection, "WHERE", Allowed::Nothing)?;
    in_clause(&select.having, "HAVING", Allowed::Aggregates)?;
    for join in select.from.iter().flat_map(|table| &table.joins) {
        if let Some(condition) = condition(&join.join_operator) {
            in_clause(condition, "JOIN conditions", Allowed::Nothing)?;
        }
    }
    if let GroupByExpr::Expressions(keys, _) = &select.group_by {
        in_clause(keys, "GROUP BY", Allowed::Sets)?;
    }
    windows::defined(select)?;
    let mut calls = Found(Vec::new(), is_window, 0);
    // The visitor never breaks.
    let _done = select.projection.visit(&mut calls);
    let windows = calls.0.iter().filter_map(|function| function.over.as_ref());
    windows.into_iter().try_for_each(|over| windows::called(over, select))
}

fn condition(operator: &JoinOperator) -> Option<&Expr> {
    match operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on))
        | JoinOperator::Left(JoinConstraint::On(on))
        | JoinOperator::LeftOuter(JoinConstraint::On(on))
        | JoinOperator::Right(JoinConstraint::On(on))
        | JoinOperator::RightOuter(JoinConstraint::On(on))
        | JoinOperator::FullOuter(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// What of the three kinds a clause takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    Nothing,
    Aggregates,
    Sets,
}

/// Errors: 42803, 42P20 and 0A000 for a call that `clause` does not take.
pub(super) fn in_clause(node: &impl Visit, clause: &str, allowed: Allowed) -> Result<()> {
    if let Some(place) = found(node, is_aggregate).filter(|_| allowed != Allowed::Aggregates) {
        let message = format!("aggregate functions are not allowed in {clause}");
        return Err(Error::Grouping(message).near(place));
    }
    if let Some(place) = found(node, is_window) {
        let message = format!("window functions are not allowed in {clause}");
        return Err(Error::Windowing(message).near(place));
    }
    if let Some(place) = found(node, returns_set).filter(|_| allowed != Allowed::Sets) {
        let message = format!("set-returning functions are not allowed in {clause}");
        return Err(Error::FeatureNotSupported(message).near(place));
    }
    Ok(())
}

/// Checks one expression, whose parts have been checked.
/// Errors: 42803, 42P20, 42809 and 0A000 for a call in a call, and one that is written as another kind's.
pub(super) fn expression(expr: &Expr) -> Result<()> {
    match expr {
        Expr::Function(function) => {
            nested(function)?;
            written(function)
        }
        Expr::Case { .. } => match found(expr, returns_set) {
            Some(place) => {
                let message = "set-returning functions are not allowed in CASE".to_owned();
                Err(Error::FeatureNotSupported(message).hint(MOVABLE).near(place))
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Errors: 42803, 42P20 and 0A000 for a call that stands in one of another kind.
fn nested(function: &Function) -> Result<()> {
    let args = &function.args;
    let sets = |kind: &str| match found(args, returns_set) {
        Some(place) => {
            let message =
                format!("{kind} function calls cannot contain set-returning function calls");
            Err(Error::FeatureNotSupported(message).hint(MOVABLE).near(place))
        }
        None => Ok(()),
    };
    if is_aggregate(function) {
        if let Some(place) = found(args, is_aggregate) {
            let message = "aggregate function calls cannot be nested".to_owned();
            return Err(Error::Grouping(message).near(place));
        }
        if let Some(place) = found(args, is_window) {
            let message = "aggregate function calls cannot contain window function calls";
            return Err(Error::Grouping(message.to_owned()).near(place));
        }
        in_clause(&function.filter, "FILTER", Allowed::Nothing)?;
        return sets("aggregate");
    }
    if is_window(function) {
        if let Some(place) = found(args, is_window) {
            let message = "window function calls cannot be nested".to_owned();
            return Err(Error::Windowing(message).near(place));
        }
        if let Some(place) = found(&function.over, is_window) {
            let message = "window functions are not allowed in window definitions".to_owned();
            return Err(Error::Windowing(message).near(place));
        }
        return sets("window");
    }
    if name(function).as_deref() == Some("coalesce")
        && let Some(place) = found(args, returns_set)
    {
        let message = "set-returning functions are not allowed in COALESCE".to_owned();
        return Err(Error::FeatureNotSupported(message).hint(MOVABLE).near(place));
    }
    Ok(())
}

/// Errors: 42809 and 0A000 for a call written as one of another kind.
fn written(function: &Function) -> Result<()> {
    let FunctionArguments::List(list) = &function.args else { return Ok(()) };
    let place = || at(function.name.0.first()?.as_ident()?.span.start);
    let name = shown(function);
    let star = matches!(
        list.args.as_slice(),
        [FunctionArg::Unnamed(FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_))]
    );
    if star && name != "count" && self::name(function).is_some() {
        // It stands for no argument.
        return Err(match kinds(function).is_some_and(|kinds| kinds.bare) {
            true => Error::WrongObjectType(format!(
                "{name}(*) specified, but {name} is not an aggregate function"
            )),
            false => Error::no_function(&name, &[]),
        }
        .near(place()));
    }
    let Some(kinds) = kinds(function) else { return Ok(()) };
    let wrong = |message: String| Err(Error::WrongObjectType(message).near(place()));
    let distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
    let ordered = list.clauses.iter().any(|c| matches!(c, FunctionArgumentClause::OrderBy(_)));
    if !kinds.aggregate && !kinds.window {
        let said = [
            ("DISTINCT", distinct),
            ("WITHIN GROUP", !function.within_group.is_empty()),
            ("ORDER BY", ordered),
            ("FILTER", function.filter.is_some()),
        ];
        if let Some((clause, _)) = said.into_iter().find(|(_, said)| *said) {
            return wrong(format!("{clause} specified, but {name} is not an aggregate function"));
        }
        if function.over.is_some() {
            return wrong(format!(
                "OVER specified, but {name} is not a window function nor an aggregate function"
            ));
        }
        return Ok(());
    }
    if function.over.is_none() {
        if kinds.window && (!kinds.aggregate || function.within_group.is_empty()) {
            return wrong(format!("window function {name} requires an OVER clause"));
        }
        if name == "count" && list.args.is_empty() {
            let message = "count(*) must be used to call a parameterless aggregate function";
            return wrong(message.to_owned());
        }
        return Ok(());
    }
    let argument = |index: usize| match list.args.get(index) {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) => Some(expr),
        _ => None,
    };
    let below_one = |index: usize| argument(index).is_some_and(is_below_one);
    match name.as_str() {
        "ntile" if below_one(0) => return Err(Error::InvalidNtile),
        "nth_value" if below_one(1) => return Err(Error::InvalidNthValue),
        _ => {}
    }
    let unsupported = |what: &str| {
        let message = format!("{what} is not implemented for window functions");
        Err(Error::FeatureNotSupported(message).near(place()))
    };
    if distinct {
        return unsupported("DISTINCT");
    }
    if ordered {
        return unsupported("aggregate ORDER BY");
    }
    Ok(())
}

/// Whether a constant is a whole number below one.
fn is_below_one(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(&value.value, Value::Number(text, _) if text == "0"),
        other => windows::is_negative(other),
    }
}

// ---- kinds of functions

/// The name of a function of PostgreSQL's own schema.
fn name(function: &Function) -> Option<String> {
    let parts: Vec<&Ident> = function.name.0.iter().filter_map(ObjectNamePart::as_ident).collect();
    let folded = |ident: &Ident| match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    };
    match parts.as_slice() {
        [name] => Some(folded(name)),
        [schema, name] if folded(schema) == "pg_catalog" => Some(folded(name)),
        _ => None,
    }
}

fn shown(function: &Function) -> String {
    function.name.to_string().to_lowercase()
}

fn kinds(function: &Function) -> Option<FunctionKinds> {
    data::function_kinds(&name(function)?)
}

pub(super) fn is_aggregate(function: &Function) -> bool {
    let within = !function.within_group.is_empty();
    function.over.is_none()
        && kinds(function).is_some_and(|kinds| kinds.aggregate && (within || !kinds.window))
}

pub(super) fn is_window(function: &Function) -> bool {
    function.over.is_some()
}

pub(super) fn returns_set(function: &Function) -> bool {
    kinds(function).is_some_and(|kinds| kinds.set)
}

/// The place of the first function that `wanted` knows, outside of subqueries; its own place where it has none.
pub(super) fn found(node: &impl Visit, wanted: fn(&Function) -> bool) -> Option<Option<Place>> {
    let mut search = Found(Vec::new(), wanted, 0);
    // The visitor never breaks.
    let _done = node.visit(&mut search);
    let first = search.0.into_iter().next()?;
    Some(start(&Expr::Function(first)))
}

/// Functions that a test knows, outside of subqueries, innermost first.
struct Found(Vec<Function>, fn(&Function) -> bool, usize);

impl Visitor for Found {
    type Break = ();

    fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.2 += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
        self.2 -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && self.2 == 0
            && (self.1)(function)
        {
            self.0.push(function.clone());
        }
        ControlFlow::Continue(())
    }
}
