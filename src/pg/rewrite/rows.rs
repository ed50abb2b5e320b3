//! Comparisons of rows, column by column (PostgreSQL manual, 9.24.5).

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Value};

use super::literals;

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
    use datafusion::sql::sqlparser::ast::UnaryOperator;
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(expr) }
}
