//! The types of parameters that nobody declared, by where they stand (PostgreSQL manual, 10.2 to 10.5): a parameter
//! takes its type as a literal without one would.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, NullEquality, Result};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction, WindowFunction};
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Case, Distinct, Expr, ExprSchemable, LogicalPlan, Operator};

use super::candidates::{self, Argument};
use super::told;
use crate::pg::functions::arrays;
use crate::pg::types;

/// See [`super::parameters()`].
pub(super) fn inferred(plan: &LogicalPlan, declared: &[u32]) -> Result<BTreeMap<usize, u32>> {
    let mut found = Found { declared, types: BTreeMap::new() };
    plan.apply_with_subqueries(|node| {
        match node {
            LogicalPlan::Filter(filter) => found.note(&filter.predicate, types::BOOL),
            LogicalPlan::Union(union) => {
                let parts: Vec<&LogicalPlan> = union.inputs.iter().map(Arc::as_ref).collect();
                found.parts(&parts);
            }
            // INTERSECT and EXCEPT are joins on all columns.
            LogicalPlan::Join(join) if join.null_equality == NullEquality::NullEqualsNull => {
                found.parts(&[&join.left, &join.right]);
            }
            _ => {}
        }
        let schema = merge_schema(&node.inputs());
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                found.look(expr, &schema);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(found.types)
}

#[derive(Debug)]
struct Found<'a> {
    /// The client's types, 0 where it gave none.
    declared: &'a [u32],
    /// The types found, by the numbers of the parameters. The first place that tells one counts.
    types: BTreeMap<usize, u32>,
}

impl Found<'_> {
    fn note(&mut self, expr: &Expr, kind: u32) {
        if let Some(number) = number(expr) {
            self.types.entry(number).or_insert(kind);
        }
    }

    /// The type of `expr`; `None` for a literal or parameter without one.
    fn kind(&self, expr: &Expr, schema: &DFSchema) -> Option<u32> {
        if super::common::is_unknown(expr) {
            return None;
        }
        if let Some(number) = number(expr) {
            let declared = number.checked_sub(1).and_then(|index| self.declared.get(index));
            return declared.copied().filter(|oid| !matches!(*oid, 0 | types::UNKNOWN));
        }
        let (_, field) = expr.to_field(schema).ok()?;
        (!field.data_type().is_null()).then(|| types::of_field(&field).oid)
    }

    /// Notes what `expr` tells of the parameters that stand in it directly.
    fn look(&mut self, expr: &Expr, schema: &DFSchema) {
        match expr {
            Expr::Not(inner)
            | Expr::IsTrue(inner)
            | Expr::IsFalse(inner)
            | Expr::IsUnknown(inner)
            | Expr::IsNotTrue(inner)
            | Expr::IsNotFalse(inner)
            | Expr::IsNotUnknown(inner) => self.note(inner, types::BOOL),
            Expr::BinaryExpr(binary) if matches!(binary.op, Operator::And | Operator::Or) => {
                self.note(&binary.left, types::BOOL);
                self.note(&binary.right, types::BOOL);
            }
            Expr::Case(case) => self.case(case, schema),
            Expr::InList(list) => {
                self.alike(list.list.iter().chain([list.expr.as_ref()]), schema);
            }
            Expr::Between(range) => {
                let sides = [range.expr.as_ref(), range.low.as_ref(), range.high.as_ref()];
                self.alike(sides.into_iter(), schema);
            }
            Expr::Cast(cast) => self.note(&cast.expr, types::of_field(&cast.field).oid),
            Expr::ScalarFunction(function) => self.function(function, schema),
            Expr::AggregateFunction(function) => {
                self.call(function.func.name(), &function.params.args, schema);
            }
            Expr::WindowFunction(window) => {
                let WindowFunction { fun, params } = window.as_ref();
                self.call(fun.name(), &params.args, schema);
            }
            _ => {}
        }
    }

    /// The columns of a set operation, each of one type.
    fn parts(&mut self, parts: &[&LogicalPlan]) {
        let columns = parts.iter().map(|part| part.schema().fields().len()).min().unwrap_or(0);
        let outputs: Vec<&[Expr]> = parts.iter().map(|part| outputs(part)).collect();
        let none = DFSchema::empty();
        for index in 0..columns {
            let open: Vec<&Expr> = outputs
                .iter()
                .filter_map(|exprs| exprs.get(index))
                .map(unaliased)
                .filter(|expr| number(expr).is_some())
                .collect();
            if open.is_empty() {
                continue;
            }
            let kinds = parts.iter().zip(&outputs).filter_map(|(part, exprs)| {
                match exprs.get(index).map(unaliased) {
                    Some(expr) if number(expr).is_some() => self.kind(expr, &none).map(Some),
                    Some(expr) if super::common::is_unknown(expr) => None,
                    _ => {
                        let field = part.schema().fields().get(index)?;
                        (!field.data_type().is_null()).then(|| Some(types::of_field(field).oid))
                    }
                }
            });
            if let Some(Some(common)) = kinds.reduce(|one, other| told::both(one?, other?)) {
                open.into_iter().for_each(|expr| self.note(expr, common));
            }
        }
    }

    fn case(&mut self, case: &Case, schema: &DFSchema) {
        let whens = case.when_then_expr.iter().map(|(when, _)| when.as_ref());
        match &case.expr {
            Some(operand) => self.alike(whens.chain([operand.as_ref()]), schema),
            None => whens.for_each(|when| self.note(when, types::BOOL)),
        }
        let thens = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
        self.alike(case.else_expr.as_deref().into_iter().chain(thens), schema);
    }

    /// Expressions of one type, which those tell that have one.
    fn alike<'a>(&mut self, exprs: impl Iterator<Item = &'a Expr> + Clone, schema: &DFSchema) {
        if !exprs.clone().any(is_placeholder) {
            return;
        }
        let kinds = exprs.clone().filter_map(|expr| self.kind(expr, schema)).map(Some);
        if let Some(Some(common)) = kinds.reduce(|one, other| told::both(one?, other?)) {
            exprs.for_each(|expr| self.note(expr, common));
        }
    }

    fn function(&mut self, function: &ScalarFunction, schema: &DFSchema) {
        let args = function.args.as_slice();
        match (function.name(), args) {
            ("coalesce" | "nullif" | "greatest" | "least" | "make_array", _) => {
                self.alike(args.iter(), schema);
            }
            ("array_has", [list, item]) => self.quantified(item, list, schema),
            ("forebay_subscript" | "forebay_slice" | "array_element", [list, places @ ..])
                if self.kind(list, schema).and_then(types::element_of).is_some() =>
            {
                places.iter().for_each(|place| self.note(place, types::INT4));
            }
            (name, [item, list]) if arrays::is_quantified(name) => {
                self.quantified(item, list, schema);
            }
            (name, _) => {
                let name = name.strip_prefix("forebay_").unwrap_or(name);
                let name = if name == "series" { "generate_series" } else { name };
                self.call(name, args, schema);
            }
        }
    }

    /// The arguments of a call of a function of PostgreSQL's.
    fn call(&mut self, name: &str, args: &[Expr], schema: &DFSchema) {
        if !args.iter().any(is_placeholder) {
            return;
        }
        let known = |arg| self.kind(arg, schema).map_or(Argument::Untyped, Argument::Known);
        let kinds: Vec<Argument> = args.iter().map(known).collect();
        let taken = candidates::arguments(name, &kinds);
        for (arg, kind) in args.iter().zip(taken) {
            if let Some(kind) = kind {
                self.note(arg, kind);
            }
        }
    }

    /// `item op ANY (list)`.
    fn quantified(&mut self, item: &Expr, list: &Expr, schema: &DFSchema) {
        // A literal or parameter without a type beside an array without one is a text.
        let untyped = is_placeholder(list) && self.kind(list, schema).is_none();
        let element = self.kind(item, schema).unwrap_or(types::TEXT);
        if untyped && let Some(array) = types::array_of(element) {
            self.note(list, array);
            self.note(item, element);
        }
        if is_placeholder(item)
            && let Some(element) = self.kind(list, schema).and_then(types::element_of)
        {
            self.note(item, element);
        }
    }
}

/// The expressions that a part of a set operation gives; none where they are not told.
fn outputs(part: &LogicalPlan) -> &[Expr] {
    match part {
        LogicalPlan::Projection(projection) => &projection.expr,
        LogicalPlan::Distinct(Distinct::All(input)) => outputs(input),
        LogicalPlan::SubqueryAlias(alias) => outputs(&alias.input),
        _ => &[],
    }
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}

fn is_placeholder(expr: &Expr) -> bool {
    matches!(expr, Expr::Placeholder(_))
}

/// The number of a parameter that the planner knows no type of.
fn number(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            id.trim_start_matches('$').parse().ok()
        }
        _ => None,
    }
}
