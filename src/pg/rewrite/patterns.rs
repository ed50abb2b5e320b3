//! LIKE, SIMILAR TO and regular expressions.

use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, DataFusionError, Result as DfResult};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr as PlanExpr, ExprSchemable, Like, Operator};
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value, ValueWithSpan};

use super::array;
use super::operators::{call as plan_call, no_operator};
use super::syntax::{call, null, text_literal};
use crate::error::{Error, Result};
use crate::pg::functions;
use crate::pg::functions::regex::Kind;

// ---- statements

/// A pattern with an escape character of its own as one with the backslash, which the planner knows.
/// Errors: 22025 for an escape that is no single character.
pub(super) fn escaped(expr: &mut Expr) -> Result<()> {
    let (Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. }) = expr
    else {
        return Ok(());
    };
    if let Some(escape) = escape_char.take() {
        let own = std::mem::replace(pattern.as_mut(), null());
        **pattern = with_escape(own, escape)?;
    }
    array::quantified_like(expr)
}

fn with_escape(pattern: Expr, escape: ValueWithSpan) -> Result<Expr> {
    let Value::SingleQuotedString(letters) = &escape.value else {
        // A parameter, or a NULL.
        return Ok(call("like_escape", vec![pattern, Expr::Value(escape)]));
    };
    if letters == "\\" {
        return Ok(pattern);
    }
    let mut letters = letters.chars();
    let (escape, None) = (letters.next(), letters.next()) else {
        return Err(Error::InvalidEscape("invalid escape string".to_owned())
            .hint("Escape string must be empty or one character."));
    };
    Ok(match text_literal(&pattern) {
        Some(text) => {
            Expr::value(Value::SingleQuotedString(functions::escaped_pattern(text, escape)))
        }
        None => {
            let escape = escape.map(String::from).unwrap_or_default();
            let escape = Expr::value(Value::SingleQuotedString(escape));
            call("like_escape", vec![pattern, escape])
        }
    })
}

/// `x SIMILAR TO p` as a regular expression.
pub(super) fn similar(expr: &mut Expr) {
    let Expr::SimilarTo { negated, expr: text, pattern, escape_char } = expr else {
        return;
    };
    let mut args = vec![std::mem::replace(pattern.as_mut(), null())];
    if let Some(escape) = escape_char.take() {
        args.push(Expr::Value(escape));
    }
    let matched = Expr::BinaryOp {
        left: Box::new(std::mem::replace(text.as_mut(), null())),
        op: BinaryOperator::PGRegexMatch,
        right: Box::new(call("similar_to_escape", args)),
    };
    let matched = Expr::Nested(Box::new(matched));
    *expr = if *negated {
        Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(matched) }
    } else {
        matched
    };
}

/// `substring(x from 'pattern')`, and with an escape character after it; others take places.
pub(super) fn substring(expr: &mut Expr) {
    let Expr::Substring { expr: text, substring_from: Some(from), substring_for, .. } = expr else {
        return;
    };
    if text_literal(from).is_none() {
        return;
    }
    let text = std::mem::replace(text.as_mut(), null());
    let mut pattern = std::mem::replace(from.as_mut(), null());
    if let Some(escape) = substring_for.take() {
        pattern = call("similar_to_escape", vec![pattern, *escape]);
    }
    *expr = call("forebay_regex_substring", vec![text, pattern]);
}

// ---- plans

/// Whether it is `substring` of a text by a pattern, whose type is known by now.
pub(super) fn is_substring(function: &ScalarFunction, schema: &DFSchema) -> bool {
    let text = |arg: &PlanExpr| arg.get_type(schema).is_ok_and(|found| found.is_string());
    function.name() == "substring" && 1 < function.args.len() && function.args.iter().all(text)
}

/// Such a call by a regular expression.
pub(super) fn substring_of_texts(function: ScalarFunction) -> Transformed<PlanExpr> {
    let mut args = function.args;
    if 2 < args.len()
        && let Some(escaped) = functions::similar_to_escape()
    {
        let pattern = plan_call(escaped, args.split_off(1));
        args.push(pattern);
    }
    Transformed::yes(plan_call(functions::regex::function(Kind::Substring), args))
}

/// Whether it matches a regular expression.
pub(super) fn is_regex(op: Operator) -> bool {
    matches!(
        op,
        Operator::RegexMatch
            | Operator::RegexIMatch
            | Operator::RegexNotMatch
            | Operator::RegexNotIMatch
    )
}

/// The operators of regular expressions as ours.
/// Errors: 42883 for what is no text.
pub(super) fn matched(binary: BinaryExpr, schema: &DFSchema) -> DfResult<Transformed<PlanExpr>> {
    let BinaryExpr { left, op, right } = binary;
    let (kind, negated, name) = match op {
        Operator::RegexIMatch => (Kind::IsFolded, false, "~*"),
        Operator::RegexNotMatch => (Kind::Is, true, "!~"),
        Operator::RegexNotIMatch => (Kind::IsFolded, true, "!~*"),
        _ => (Kind::Is, false, "~"),
    };
    texts(&left, name, &right, schema)?;
    let matched = plan_call(functions::regex::function(kind), vec![*left, *right]);
    Ok(Transformed::yes(if negated { PlanExpr::Not(Box::new(matched)) } else { matched }))
}

/// Errors: 42883 for what is no text.
pub(super) fn like(like: Like, schema: &DFSchema) -> DfResult<Transformed<PlanExpr>> {
    let name = match (like.negated, like.case_insensitive) {
        (false, false) => "~~",
        (true, false) => "!~~",
        (false, true) => "~~*",
        (true, true) => "!~~*",
    };
    texts(&like.expr, name, &like.pattern, schema)?;
    Ok(Transformed::no(PlanExpr::Like(like)))
}

fn texts(left: &PlanExpr, op: &str, right: &PlanExpr, schema: &DFSchema) -> DfResult<()> {
    let fits = |expr: &PlanExpr| {
        expr.get_type(schema).is_ok_and(|found| {
            found.is_string() || found.is_null() || found.is_binary() || dictionary(&found)
        }) || matches!(expr, PlanExpr::Placeholder(_))
    };
    if fits(left) && fits(right) {
        return Ok(());
    }
    Err(DataFusionError::External(Box::new(no_operator(left, op, right, schema))))
}

fn dictionary(data_type: &arrow::datatypes::DataType) -> bool {
    matches!(data_type, arrow::datatypes::DataType::Dictionary(..))
}
