//! Values in an IN list that rows tell. The planner of operators takes a list for constant whose values are one each for
//! no rows, as that of a CASE is, and finds those in all rows. So such a list is told as the comparisons it stands for. The
//! test `a_list_is_taken_for_constant` tells when this can go.

use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{Expr, Operator, binary_expr};

/// An expression of the optimised plan.
pub(super) fn by_row(expr: Expr) -> Transformed<Expr> {
    let Expr::InList(list) = expr else { return Transformed::no(expr) };
    let told = |item: &Expr| !matches!(item, Expr::Column(_)) && item.any_column_refs();
    if list.expr.is_volatile() || !list.list.iter().any(told) {
        return Transformed::no(Expr::InList(list));
    }
    let op = if list.negated { Operator::NotEq } else { Operator::Eq };
    let compared: Vec<Expr> = list
        .list
        .iter()
        .map(|item| binary_expr(list.expr.as_ref().clone(), op, item.clone()))
        .collect();
    let one = if list.negated { conjunction(compared) } else { disjunction(compared) };
    one.map_or_else(|| Transformed::no(Expr::InList(list)), Transformed::yes)
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn a_list_is_taken_for_constant() {
        let ctx = SessionContext::new();
        let sql = "SELECT x FROM (VALUES (1), (2)) t(x) WHERE 1 IN (CASE WHEN x = 2 THEN 1 END, 3)";
        let rows = ctx.sql(sql).await.expect("a plan").collect().await.expect("rows");
        let count: usize = rows.iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(count, 2, "DataFusion looks at each row: this file can go");
    }
}
