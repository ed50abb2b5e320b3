//! ROLLUP and CUBE of a key that they name twice, as the grouping sets they stand for (PostgreSQL manual, 7.2.4): the
//! planner would have two columns of one name.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::ast::Expr;

/// Spells such a key of GROUP BY out.
pub(super) fn spelled_out(key: &mut Expr) {
    let (Expr::Rollup(parts) | Expr::Cube(parts)) = &*key else { return };
    if once(parts.iter().flatten()).len() == parts.iter().flatten().count() {
        return;
    }
    let sets: Vec<Vec<&Vec<Expr>>> = match key {
        Expr::Cube(_) => subsets(parts),
        _ => (0..=parts.len()).rev().map(|length| parts.iter().take(length).collect()).collect(),
    };
    let sets = sets.into_iter().map(|set| once(set.into_iter().flatten()));
    *key = Expr::GroupingSets(sets.collect());
}

/// All subsets, the whole first. Their number is limited by that of the elements of a CUBE.
fn subsets(parts: &[Vec<Expr>]) -> Vec<Vec<&Vec<Expr>>> {
    let Some((first, rest)) = parts.split_first() else { return vec![Vec::new()] };
    let without = subsets(rest);
    let with = without.iter().map(|set| {
        let mut set = set.clone();
        set.insert(0, first);
        set
    });
    let mut all: Vec<Vec<&Vec<Expr>>> = with.collect();
    all.extend(without);
    all
}

/// Each expression once.
fn once<'a>(exprs: impl Iterator<Item = &'a Expr>) -> Vec<Expr> {
    let mut seen = BTreeSet::new();
    exprs.filter(|expr| seen.insert(expr.to_string())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{GroupByExpr, SetExpr, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[track_caller]
    fn check(key: &str, want: &str) {
        let sql = format!("SELECT 1 FROM t GROUP BY {key}");
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, &sql).expect("a query").pop();
        let Some(Statement::Query(query)) = parsed else { panic!("{sql}") };
        let SetExpr::Select(select) = *query.body else { panic!("{sql}") };
        let mut select = *select;
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            keys.iter_mut().for_each(super::spelled_out);
        }
        assert_eq!(select.group_by.to_string(), format!("GROUP BY {want}"));
    }

    #[test]
    fn keys_named_twice_are_spelled_out() {
        check("ROLLUP (a, b)", "ROLLUP (a, b)");
        check("ROLLUP (a, a)", "GROUPING SETS ((a), (a), ())");
        check("CUBE (a, a)", "GROUPING SETS ((a), (a), (a), ())");
        check("CUBE ((a, b), a)", "GROUPING SETS ((a, b), (a, b), (a), ())");
    }
}
