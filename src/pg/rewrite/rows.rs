//! Rows: their comparisons, column by column (PostgreSQL manual, 9.23.5 and 9.24.5), with subqueries too, and where they
//! stand as values.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query,
    SelectItem, TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, UnaryOperator, Value,
};

use super::literals;
use super::syntax::{call, cast_to, function_name, selecting};
use crate::error::{Error, Result};

/// The alias of a subquery that a row is compared with.
pub(super) const COMPARED: &str = "__forebay_compared";

/// `(a, b) op (c, d)`; `None` for anything else.
pub(super) fn compared(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Expr> {
    let (left, right) = (items(left)?, items(right)?);
    if left.len() != right.len() || left.is_empty() {
        return None;
    }
    match op {
        BinaryOperator::Eq => Some(equal(left, right)),
        BinaryOperator::NotEq => Some(not(equal(left, right))),
        BinaryOperator::Lt | BinaryOperator::LtEq | BinaryOperator::Gt | BinaryOperator::GtEq => {
            Some(ordered(left, op, right))
        }
        _ => None,
    }
}

/// `(a, b) BETWEEN (c, d) AND (e, f)`; `None` for anything else.
pub(super) fn ranged(expr: &Expr) -> Option<Expr> {
    let Expr::Between { expr: row, negated, low, high } = expr else { return None };
    let above = compared(row, &BinaryOperator::GtEq, low)?;
    let below = compared(row, &BinaryOperator::LtEq, high)?;
    let both = nested(pair(nested(above), BinaryOperator::And, nested(below)));
    Some(if *negated { not(both) } else { both })
}

/// Errors: 42601 for a comparison of rows of different length.
pub(super) fn matched(left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<()> {
    let compares = matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    );
    match (items(left), items(right)) {
        (Some(left), Some(right)) if compares && left.len() != right.len() => {
            Err(Error::Syntax("unequal number of entries in row expressions".to_owned()))
        }
        _ => Ok(()),
    }
}

/// `(a, b) [NOT] IN ((1, 2), (3, 4))`; `None` for anything else.
pub(super) fn listed(row: &Expr, list: &[Expr], negated: bool) -> Option<Expr> {
    let row = items(row)?;
    let mut terms = Vec::with_capacity(list.len());
    for other in list {
        let other = items(other).filter(|other| other.len() == row.len())?;
        terms.push(equal(row, other));
    }
    let any = joined(terms, &BinaryOperator::Or)?;
    Some(if negated { not(any) } else { any })
}

/// `(a, b) [NOT] IN (SELECT …)`, `(a, b) = ANY (SELECT …)`, `(a, b) = (SELECT …)` and their kin; `None` for anything else.
/// The comparison moves into the subquery: whether it is true for any row then is a question of one column.
pub(super) fn compared_with_query(expr: &Expr) -> Option<Expr> {
    let any = |row, op, query| {
        let right = Box::new(Expr::Subquery(Box::new(comparing(row, op, query)?)));
        let left = Box::new(Expr::value(Value::Boolean(true)));
        Some(Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, is_some: false })
    };
    match expr {
        Expr::InSubquery { expr: row, subquery, negated } => {
            let any = any(row, &BinaryOperator::Eq, subquery)?;
            Some(if *negated { not(nested(any)) } else { nested(any) })
        }
        Expr::AnyOp { left, compare_op, right, .. } => any(left, compare_op, query(right)?),
        Expr::AllOp { left, compare_op, right } => {
            let query = comparing(left, compare_op, query(right)?)?;
            let right = Box::new(Expr::Subquery(Box::new(query)));
            let left = Box::new(Expr::value(Value::Boolean(true)));
            Some(Expr::AllOp { left, compare_op: BinaryOperator::Eq, right })
        }
        Expr::BinaryOp { left, op, right } => {
            Some(Expr::Subquery(Box::new(comparing(left, op, query(right)?)?)))
        }
        _ => None,
    }
}

fn query(expr: &Expr) -> Option<&Query> {
    match expr {
        Expr::Subquery(query) => Some(query),
        Expr::Nested(inner) => query(inner),
        _ => None,
    }
}

/// `SELECT row op (c1, c2) FROM (query) AS compared (c1, c2)`
fn comparing(row: &Expr, op: &BinaryOperator, query: &Query) -> Option<Query> {
    let names: Vec<Ident> =
        (1..=items(row)?.len()).map(|number| Ident::new(format!("__forebay_c{number}"))).collect();
    let table = Ident::new(COMPARED);
    let columns =
        names.iter().map(|name| Expr::CompoundIdentifier(vec![table.clone(), name.clone()]));
    let truth = compared(row, op, &Expr::Tuple(columns.collect()))?;
    let mut outer = selecting(vec![SelectItem::UnnamedExpr(truth)]);
    let columns =
        names.into_iter().map(|name| TableAliasColumnDef { name, data_type: None }).collect();
    let alias = TableAlias { explicit: true, name: table, columns, at: None };
    let relation = TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query.clone()),
        alias: Some(alias),
        sample: None,
    };
    if let datafusion::sql::sqlparser::ast::SetExpr::Select(select) = outer.body.as_mut() {
        select.from = vec![TableWithJoins { relation, joins: Vec::new() }];
    }
    Some(outer)
}

/// `ROW(a, b)` as `(a, b)`.
pub(super) fn constructed(function: &Function) -> Option<Expr> {
    let [name] = function.name.0.as_slice() else { return None };
    let name = name.as_ident()?;
    let FunctionArguments::List(list) = &function.args else { return None };
    if name.quote_style.is_some() || !name.value.eq_ignore_ascii_case("row") {
        return None;
    }
    let values = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    Some(Expr::Tuple(values.collect::<Option<Vec<Expr>>>()?))
}

/// The keys that a key of GROUP BY stands for.
pub(super) fn ungrouped(key: Expr) -> Vec<Expr> {
    match key {
        Expr::Tuple(items) => items,
        other => vec![other],
    }
}

/// A row that stands where a value does.
pub(super) fn as_value(expr: &mut Expr) {
    match expr {
        Expr::Nested(inner) => as_value(inner),
        Expr::Tuple(items) => {
            let fields = std::mem::take(items).into_iter().map(|mut item| {
                as_value(&mut item);
                literals::typed(&mut item);
                literals::signed(&mut item);
                match &item {
                    // A literal without a type has none inside a row either.
                    Expr::Value(value)
                        if matches!(value.value, Value::SingleQuotedString(_) | Value::Null) =>
                    {
                        cast_to(Box::new(item), "unknown")
                    }
                    _ => item,
                }
            });
            *expr = call("forebay_row", fields.collect());
        }
        _ => {}
    }
}

/// `(a, b) IS [NOT] NULL`: all of them are, or none is.
pub(super) fn null_test(expr: &Expr) -> Option<Expr> {
    let (inner, null) = match expr {
        Expr::IsNull(inner) => (inner.as_ref(), true),
        Expr::IsNotNull(inner) => (inner.as_ref(), false),
        _ => return None,
    };
    let items = match inner {
        Expr::Nested(inner) => fields(inner)?,
        other => fields(other)?,
    };
    let tests = items.into_iter().map(|item| {
        let item = Box::new(item);
        if null { Expr::IsNull(item) } else { Expr::IsNotNull(item) }
    });
    let all = joined(tests.collect(), &BinaryOperator::And);
    Some(all.unwrap_or_else(|| Expr::value(Value::Boolean(true))))
}

/// The fields of a row, also of one that is a value already.
fn fields(row: &Expr) -> Option<Vec<Expr>> {
    match row {
        Expr::Tuple(items) => Some(items.clone()),
        Expr::Function(function) if function_name(&function.name)? == "forebay_row" => {
            let FunctionArguments::List(list) = &function.args else { return None };
            let values = list.args.iter().map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            });
            values.collect()
        }
        _ => None,
    }
}

/// `(a, b) IS [NOT] DISTINCT FROM (c, d)`
pub(super) fn distinct(expr: &Expr) -> Option<Expr> {
    let (left, right, negated) = match expr {
        Expr::IsDistinctFrom(left, right) => (left, right, false),
        Expr::IsNotDistinctFrom(left, right) => (left, right, true),
        _ => return None,
    };
    let (left, right) = (items(left)?, items(right)?);
    if left.len() != right.len() {
        return None;
    }
    let pairs = left.iter().zip(right).map(|(left, right)| {
        let (left, right) = (Box::new(left.clone()), Box::new(right.clone()));
        Expr::IsDistinctFrom(left, right)
    });
    let any = joined(pairs.collect(), &BinaryOperator::Or)?;
    Some(if negated { not(any) } else { any })
}

fn items(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Tuple(items) => Some(items),
        _ => None,
    }
}

fn equal(left: &[Expr], right: &[Expr]) -> Expr {
    let pairs = left.iter().zip(right);
    let terms = pairs.map(|(left, right)| term(left, BinaryOperator::Eq, right)).collect();
    joined(terms, &BinaryOperator::And).unwrap_or_else(|| Expr::value(Value::Boolean(true)))
}

/// The first columns that differ decide.
fn ordered(left: &[Expr], op: &BinaryOperator, right: &[Expr]) -> Expr {
    let strict = match op {
        BinaryOperator::LtEq => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::Gt,
        other => other.clone(),
    };
    let pairs: Vec<(&Expr, &Expr)> = left.iter().zip(right).collect();
    let mut rest: Option<Expr> = None;
    for (left, right) in pairs.into_iter().rev() {
        rest = Some(match rest {
            None => term(left, op.clone(), right),
            Some(rest) => {
                let same = term(left, BinaryOperator::Eq, right);
                let later = nested(pair(same, BinaryOperator::And, rest));
                nested(pair(term(left, strict.clone(), right), BinaryOperator::Or, later))
            }
        });
    }
    rest.unwrap_or_else(|| Expr::value(Value::Boolean(true)))
}

fn term(left: &Expr, op: BinaryOperator, right: &Expr) -> Expr {
    let typed = |expr: &Expr| {
        let mut expr = expr.clone();
        literals::typed(&mut expr);
        literals::signed(&mut expr);
        expr
    };
    let (left, right) = (typed(left), typed(right));
    compared(&left, &op, &right).unwrap_or_else(|| pair(left, op, right))
}

fn pair(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

fn joined(terms: Vec<Expr>, op: &BinaryOperator) -> Option<Expr> {
    terms.into_iter().reduce(|left, right| pair(left, op.clone(), right)).map(nested)
}

fn nested(expr: Expr) -> Expr {
    Expr::Nested(Box::new(expr))
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }
}
