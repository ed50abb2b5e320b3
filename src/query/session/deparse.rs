//! Defaults and checks as the catalog keeps them: as PostgreSQL would show them where that is simple, else as they are
//! written. Either way they are read again by the same parser.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, UnaryOperator,
    Value,
};

use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::types::{self, PgType};
use crate::query::parse::definition::Expression;

/// A default for a column of `pg_type`; `None` for NULL.
pub(super) fn default(expression: &Expression, pg_type: PgType) -> Option<String> {
    let kind = types::format_type(pg_type.oid, -1);
    Some(match &*expression.expr {
        Expr::Value(value) => match &value.value {
            Value::Null => return None,
            Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => {
                format!("{}::{kind}", quoted(text))
            }
            Value::Boolean(truth) => truth.to_string(),
            _ => expression.text.clone(),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
            Expr::Value(value) if matches!(value.value, Value::Number(..)) => {
                format!("'-{}'::{kind}", value.value)
            }
            _ => expression.text.clone(),
        },
        Expr::Cast { expr, data_type, .. } => match &**expr {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) => {
                    let kind = types::by_name(&data_type.to_string().to_lowercase());
                    let kind = kind.map(|oid| types::format_type(oid, -1));
                    let kind = kind.unwrap_or_else(|| data_type.to_string().to_lowercase());
                    format!("{}::{kind}", quoted(text))
                }
                _ => expression.text.clone(),
            },
            _ => expression.text.clone(),
        },
        Expr::Function(function) => {
            let name = function.name.to_string();
            let bare = matches!(function.args, FunctionArguments::None);
            match bare {
                true => name.to_uppercase(),
                false => with_lower_name(&expression.text, &name),
            }
        }
        _ => expression.text.clone(),
    })
}

/// A check.
pub(super) fn check(expression: &Expression) -> String {
    if let Some(told) = told(&expression.expr) {
        let inner = told.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        return inner.unwrap_or(&told).to_owned();
    }
    let mut text = expression.text.as_str();
    // Brackets around all of it are added where it is shown.
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let mut depth = 0_i32;
        let closes = inner.chars().any(|letter| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            depth < 0
        });
        if closes || inner.contains('\'') {
            break;
        }
        text = inner.trim();
    }
    text.to_owned()
}

/// An expression of columns, numbers and operators as PostgreSQL writes it; `None` for anything whose form depends on types.
fn told(expr: &Expr) -> Option<String> {
    let name = |ident: &Ident| match ident.quote_style {
        Some(_) => quote_identifier(&ident.value),
        None => quote_identifier(&ident.value.to_lowercase()),
    };
    Some(match expr {
        Expr::Identifier(ident) => name(ident),
        Expr::CompoundIdentifier(parts) => name(parts.last()?),
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) => number.clone(),
            Value::Boolean(truth) => truth.to_string(),
            _ => return None,
        },
        Expr::Nested(inner) => told(inner)?,
        Expr::IsNull(inner) => format!("({} IS NULL)", told(inner)?),
        Expr::IsNotNull(inner) => format!("({} IS NOT NULL)", told(inner)?),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => format!("(NOT {})", told(expr)?),
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
            let mut parts = Vec::new();
            joined(expr, op, &mut parts)?;
            format!("({})", parts.join(&format!(" {op} ")))
        }
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::Plus
            | BinaryOperator::Minus
            | BinaryOperator::Multiply
            | BinaryOperator::Gt
            | BinaryOperator::Lt
            | BinaryOperator::GtEq
            | BinaryOperator::LtEq
            | BinaryOperator::Eq
            | BinaryOperator::NotEq => format!("({} {op} {})", told(left)?, told(right)?),
            _ => return None,
        },
        _ => return None,
    })
}

/// The operands of a chain of AND or OR.
fn joined(expr: &Expr, chain: &BinaryOperator, parts: &mut Vec<String>) -> Option<()> {
    match expr {
        Expr::BinaryOp { left, op, right } if op == chain => {
            joined(left, chain, parts)?;
            joined(right, chain, parts)
        }
        other => {
            parts.push(told(other)?);
            Some(())
        }
    }
}

/// The name that `nextval('name')` gives it.
pub(super) fn nextval_of(expr: &Expr) -> Option<String> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.to_string().to_lowercase();
    if name != "nextval" && name != "pg_catalog.nextval" {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else {
        return None;
    };
    let argument = match argument {
        Expr::Cast { expr, .. } => expr,
        other => other,
    };
    match argument {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        Expr::Cast { expr, .. } => match &**expr {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(text) => Some(text.clone()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn with_lower_name(text: &str, name: &str) -> String {
    match text.strip_prefix(name) {
        Some(rest) => format!("{}{rest}", name.to_lowercase()),
        None => text.to_owned(),
    }
}
