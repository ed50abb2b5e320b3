//! Defaults and checks as the catalog keeps them: as PostgreSQL would show them where that is simple, else as they are
//! written. Either way they are read again by the same parser.

use arrow::datatypes::Schema as Columns;
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
            Value::Boolean(truth) => truth.to_string(),
            other => match string(other) {
                Some(text) => constant(text, pg_type.oid),
                None => expression.text.clone(),
            },
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
            Expr::Value(value) if matches!(value.value, Value::Number(..)) => {
                format!("'-{}'::{kind}", value.value)
            }
            _ => expression.text.clone(),
        },
        Expr::Cast { expr, data_type, .. } => match &**expr {
            Expr::Value(value) => match string(&value.value) {
                Some(text) => {
                    let written = data_type.to_string().to_lowercase();
                    match types::by_name(&written) {
                        Some(oid) => constant(text, oid),
                        None => format!("{}::{written}", quoted(text)),
                    }
                }
                None => expression.text.clone(),
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

fn string(value: &Value) -> Option<&String> {
    match value {
        Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => Some(text),
        Value::DollarQuotedString(quoted) => Some(&quoted.value),
        _ => None,
    }
}

/// A string as a constant of a type.
fn constant(text: &str, oid: u32) -> String {
    let whole = text.parse::<i32>().is_ok_and(|number| 0 <= number);
    let digits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    match (oid, text) {
        (types::BOOL, "1" | "t" | "true" | "y" | "yes" | "on") => "true".to_owned(),
        (types::BOOL, "0" | "f" | "false" | "n" | "no" | "off") => "false".to_owned(),
        (types::INT4, number) if whole => number.trim_start_matches('+').to_owned(),
        (types::NUMERIC, number) if digits => number.to_owned(),
        _ => format!("{}::{}", quoted(text), types::format_type(oid, -1)),
    }
}

/// A check of a table with these columns, without the brackets around all of it: they are added where it is shown.
pub(super) fn check(expression: &Expression, columns: &Columns) -> String {
    match told(&expression.expr, columns) {
        Some(told) => bare(&told.text).to_owned(),
        None => bare(&expression.text).to_owned(),
    }
}

/// What an index of a table with these columns is made of.
pub(super) fn key(expression: &Expression, columns: &Columns) -> String {
    match told(&expression.expr, columns) {
        Some(told) => told.text,
        None => bare(&expression.text).to_owned(),
    }
}

/// A text without brackets around all of it.
fn bare(mut text: &str) -> &str {
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        let (mut depth, mut quoted) = (0_i32, false);
        let closes = inner.chars().any(|letter| {
            match letter {
                '\'' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => (),
            }
            depth < 0
        });
        if closes || quoted {
            break;
        }
        text = inner.trim();
    }
    text
}

/// An expression as PostgreSQL writes it, and its type.
struct Told {
    text: String,
    oid: u32,
}

impl Told {
    fn of(text: String, oid: u32) -> Told {
        Told { text, oid }
    }

    /// As an operand where text is asked for.
    fn into_text(self) -> Told {
        match self.oid {
            types::VARCHAR => Told::of(format!("({})::text", self.text), types::TEXT),
            _ => self,
        }
    }
}

/// An expression of columns, constants and common operators; `None` for anything else, which stays as it is written.
fn told(expr: &Expr, columns: &Columns) -> Option<Told> {
    let column = |ident: &Ident| {
        let name = match ident.quote_style {
            Some(_) => ident.value.clone(),
            None => ident.value.to_lowercase(),
        };
        let field = columns.field_with_name(&name).ok()?;
        Some(Told::of(quote_identifier(&name), types::of_field(field).oid))
    };
    Some(match expr {
        Expr::Identifier(ident) => column(ident)?,
        Expr::CompoundIdentifier(parts) => column(parts.last()?)?,
        Expr::Nested(inner) => told(inner, columns)?,
        Expr::Value(value) => match &value.value {
            Value::Number(number, _) if number.parse::<i32>().is_ok() => {
                Told::of(number.clone(), types::INT4)
            }
            Value::Number(number, _) if number.contains('.') => {
                Told::of(number.clone(), types::NUMERIC)
            }
            Value::Boolean(truth) => Told::of(truth.to_string(), types::BOOL),
            other => Told::of(string(other)?.clone(), types::UNKNOWN),
        },
        Expr::IsNull(inner) => {
            Told::of(format!("({} IS NULL)", known(inner, columns)?.text), types::BOOL)
        }
        Expr::IsNotNull(inner) => {
            Told::of(format!("({} IS NOT NULL)", known(inner, columns)?.text), types::BOOL)
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
            Told::of(format!("(NOT {})", known(expr, columns)?.text), types::BOOL)
        }
        Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
            let mut parts = Vec::new();
            joined(expr, op, columns, &mut parts)?;
            Told::of(format!("({})", parts.join(&format!(" {op} "))), types::BOOL)
        }
        Expr::BinaryOp { left, op, right } => {
            let compares = match op {
                BinaryOperator::Gt
                | BinaryOperator::Lt
                | BinaryOperator::GtEq
                | BinaryOperator::LtEq
                | BinaryOperator::Eq
                | BinaryOperator::NotEq => true,
                BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply => false,
                _ => return None,
            };
            let (left, right) = alike(told(left, columns)?, told(right, columns)?)?;
            let oid = if compares { types::BOOL } else { left.oid };
            Told::of(format!("({} {op} {})", left.text, right.text), oid)
        }
        Expr::InList { expr, list, negated } => {
            let item = told(expr, columns)?;
            in_list(item, list, *negated)?
        }
        Expr::Function(function) => {
            let name = function.name.to_string().to_lowercase();
            if !matches!(name.as_str(), "length" | "char_length" | "lower" | "upper" | "btrim") {
                return None;
            }
            let FunctionArguments::List(list) = &function.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice()
            else {
                return None;
            };
            let argument = known(argument, columns)?.into_text();
            if argument.oid != types::TEXT {
                return None;
            }
            let oid = if name.ends_with("length") { types::INT4 } else { types::TEXT };
            Told::of(format!("{name}({})", argument.text), oid)
        }
        _ => return None,
    })
}

/// The same, unless it is a string without a type.
fn known(expr: &Expr, columns: &Columns) -> Option<Told> {
    told(expr, columns).filter(|told| told.oid != types::UNKNOWN)
}

/// Two operands as ones of one type.
fn alike(left: Told, right: Told) -> Option<(Told, Told)> {
    let (left, right) = match (left.oid, right.oid) {
        (types::UNKNOWN, types::UNKNOWN) => return None,
        (types::UNKNOWN, _) => {
            let right = right.into_text();
            (Told::of(constant(&left.text, right.oid), right.oid), right)
        }
        (_, types::UNKNOWN) => {
            let left = left.into_text();
            let constant = constant(&right.text, left.oid);
            (Told { ..left }, Told::of(constant, types::UNKNOWN))
        }
        _ => (left.into_text(), right.into_text()),
    };
    let numeric = |it: &Told| it.oid == types::NUMERIC;
    let whole = |it: &Told| matches!(it.oid, types::INT2 | types::INT4 | types::INT8);
    let cast = |it: Told| Told::of(format!("({})::numeric", it.text), types::NUMERIC);
    match (numeric(&left), numeric(&right)) {
        (true, false) if whole(&right) => Some((left, cast(right))),
        (false, true) if whole(&left) => Some((cast(left), right)),
        (true, true) => Some((left, right)),
        _ => {
            let fit = left.oid == right.oid
                || right.oid == types::UNKNOWN
                || (whole(&left) && whole(&right));
            fit.then_some((left, right))
        }
    }
}

/// `item IN (…)`, which PostgreSQL keeps as a comparison with an array.
fn in_list(item: Told, list: &[Expr], negated: bool) -> Option<Told> {
    let mut items = Vec::with_capacity(list.len());
    for expr in list {
        let Expr::Value(value) = expr else { return None };
        items.push(match (&value.value, item.oid) {
            (Value::Number(number, _), types::INT4) => number.clone(),
            (other, types::TEXT) => format!("{}::text", quoted(string(other)?)),
            (other, types::VARCHAR) => {
                format!("{}::character varying", quoted(string(other)?))
            }
            _ => return None,
        });
    }
    let list = format!("ARRAY[{}]", items.join(", "));
    let list = match item.oid {
        types::VARCHAR => format!("({list})::text[]"),
        _ => list,
    };
    let (operator, every) = if negated { ("<>", "ALL") } else { ("=", "ANY") };
    let (item, brackets) = match item.oid {
        types::VARCHAR => (item.into_text().text, format!("({list})")),
        _ => (item.text, format!("({list})")),
    };
    Some(Told::of(format!("({item} {operator} {every} {brackets})"), types::BOOL))
}

/// The operands of a chain of AND or OR.
fn joined(
    expr: &Expr,
    chain: &BinaryOperator,
    columns: &Columns,
    parts: &mut Vec<String>,
) -> Option<()> {
    match expr {
        Expr::BinaryOp { left, op, right } if op == chain => {
            joined(left, chain, columns, parts)?;
            joined(right, chain, columns, parts)
        }
        other => {
            parts.push(known(other, columns)?.text);
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
