//! Which numbers and times a query can want of a log, as far as its filters say.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};

use crate::catalog::log::{SEQ, Segment, TIME};

/// Numbers and times, in microseconds since the Unix epoch; both ends belong to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) numbers: (i64, i64),
    pub(super) times_us: (i64, i64),
}

impl Bounds {
    /// Whatever there is.
    pub(super) const ALL: Bounds =
        Bounds { numbers: (i64::MIN, i64::MAX), times_us: (i64::MIN, i64::MAX) };

    /// What filters, all of which have to hold, leave.
    pub(super) fn of(filters: &[Expr]) -> Bounds {
        let mut bounds = Bounds::ALL;
        for filter in filters {
            bounds.narrow(filter);
        }
        bounds
    }

    fn narrow(&mut self, filter: &Expr) {
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                self.narrow(left);
                self.narrow(right);
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                if let (Some(column), Some(value)) = (column(left), value(right)) {
                    self.compare(column, *op, value);
                } else if let (Some(value), Some(column)) = (value(left), column(right))
                    && let Some(op) = op.swap()
                {
                    self.compare(column, op, value);
                }
            }
            Expr::Between(Between { expr, negated: false, low, high }) => {
                if let Some(column) = column(expr) {
                    if let Some(low) = value(low) {
                        self.compare(column, Operator::GtEq, low);
                    }
                    if let Some(high) = value(high) {
                        self.compare(column, Operator::LtEq, high);
                    }
                }
            }
            _ => {}
        }
    }

    fn compare(&mut self, column: &str, op: Operator, value: i64) {
        let range = if column == SEQ { &mut self.numbers } else { &mut self.times_us };
        match op {
            Operator::Eq => *range = (range.0.max(value), range.1.min(value)),
            Operator::Gt => range.0 = range.0.max(value.saturating_add(1)),
            Operator::GtEq => range.0 = range.0.max(value),
            Operator::Lt => range.1 = range.1.min(value.saturating_sub(1)),
            Operator::LtEq => range.1 = range.1.min(value),
            _ => {}
        }
    }

    /// Whether a segment can have a row within.
    pub(super) fn meet(&self, segment: &Segment) -> bool {
        let meet =
            |(low, high): (i64, i64), (first, last): (i64, i64)| first <= high && low <= last;
        meet(self.numbers, (segment.first, segment.last)) && meet(self.times_us, segment.times_us)
    }

    /// Whether all numbers of a segment are within.
    pub(super) fn have_all_of(&self, segment: &Segment) -> bool {
        self.numbers.0 <= segment.first && segment.last <= self.numbers.1
    }
}

/// The name of a column that has bounds.
fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column(column) if column.name == SEQ || column.name == TIME => Some(&column.name),
        _ => None,
    }
}

/// A constant as a number, or as microseconds.
fn value(expr: &Expr) -> Option<i64> {
    let Expr::Literal(value, _) = expr else { return None };
    match value {
        ScalarValue::Int8(Some(value)) => Some((*value).into()),
        ScalarValue::Int16(Some(value)) => Some((*value).into()),
        ScalarValue::Int32(Some(value)) => Some((*value).into()),
        ScalarValue::Int64(Some(value)) | ScalarValue::TimestampMicrosecond(Some(value), _) => {
            Some(*value)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    #[test]
    fn filters_bound_numbers() {
        let check = |filter: Expr, expected: (i64, i64)| {
            assert_eq!(Bounds::of(&[filter]).numbers, expected);
        };
        check(col(SEQ).gt(lit(5_i64)), (6, i64::MAX));
        check(lit(5_i32).gt(col(SEQ)), (i64::MIN, 4));
        check(col(SEQ).eq(lit(7_i64)), (7, 7));
        check(col(SEQ).between(lit(2_i64), lit(3_i64)), (2, 3));
        check(col(SEQ).gt_eq(lit(2_i64)).and(col(SEQ).lt(lit(9_i64))), (2, 8));
        check(col(SEQ).gt(lit(2_i64)).or(col("a").eq(lit(1))), (i64::MIN, i64::MAX));
        check(col("a").gt(lit(5_i64)), (i64::MIN, i64::MAX));
        check(col(SEQ).gt(lit(i64::MAX)), (i64::MAX, i64::MAX));
    }
}
