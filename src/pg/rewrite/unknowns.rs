//! NULL as an output of a query in a query, and of both sides of a set operation, is a text (`resolveTargetListUnknowns`
//! in parse_target.c; PostgreSQL manual, 10.5). The planner keeps it of no type, which goes with any.

use datafusion::sql::sqlparser::ast::{Expr, Query, SelectItem, SetExpr, Value};

use super::syntax::{cast_to, null};

/// Gives the outputs of a query in FROM, WITH, or an expression their types.
pub(super) fn resolve(query: &mut Query) {
    for index in unknown(&mut query.body) {
        tell(&mut query.body, index);
    }
}

/// Gives the outputs of set operations their types, which are no others'.
pub(super) fn resolve_sides(query: &mut Query) {
    let _left = unknown(&mut query.body);
}

/// The outputs that are NULL of no type yet.
fn unknown(body: &mut SetExpr) -> Vec<usize> {
    match body {
        SetExpr::Select(select) => {
            // Behind a wildcard nobody knows the positions.
            let known = select.projection.iter().map_while(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(is_null(expr))
                }
                _ => None,
            });
            known.enumerate().filter_map(|(index, null)| null.then_some(index)).collect()
        }
        SetExpr::Query(query) => unknown(&mut query.body),
        SetExpr::SetOperation { left, right, .. } => {
            let (of_left, of_right) = (unknown(left), unknown(right));
            for index in of_left.into_iter().filter(|index| of_right.contains(index)) {
                tell(left, index);
                tell(right, index);
            }
            Vec::new()
        }
        SetExpr::Values(values) => {
            let width = values.rows.iter().map(|row| row.len()).min().unwrap_or(0);
            for index in 0..width {
                let column = || values.rows.iter().filter_map(|row| row.content.get(index));
                if column().all(is_null) {
                    let column = values.rows.iter_mut();
                    column.filter_map(|row| row.content.get_mut(index)).for_each(text);
                }
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Makes an output that is NULL a text.
fn tell(body: &mut SetExpr, index: usize) {
    match body {
        SetExpr::Select(select) => {
            if let Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) =
                select.projection.get_mut(index)
            {
                text(expr);
            }
        }
        SetExpr::Query(query) => tell(&mut query.body, index),
        _ => {}
    }
}

fn is_null(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_null(inner),
        Expr::Value(value) => value.value == Value::Null,
        _ => false,
    }
}

fn text(expr: &mut Expr) {
    *expr = cast_to(Box::new(std::mem::replace(expr, null())), "text");
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{Query, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    #[track_caller]
    fn check(resolve: fn(&mut Query), sql: &str, want: &str) {
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, sql).expect("a query").pop();
        let Some(Statement::Query(mut query)) = parsed else { panic!("{sql}") };
        resolve(&mut query);
        assert_eq!(query.to_string(), want, "{sql}");
    }

    #[test]
    fn nulls_that_nothing_gives_a_type_are_texts() {
        use super::{resolve, resolve_sides};
        check(
            resolve,
            "SELECT NULL AS a, 1, (NULL) AS b",
            "SELECT NULL::text AS a, 1, (NULL)::text AS b",
        );
        check(resolve, "SELECT NULL UNION SELECT 1", "SELECT NULL UNION SELECT 1");
        check(resolve_sides, "SELECT NULL", "SELECT NULL");
        check(
            resolve_sides,
            "SELECT NULL AS a UNION SELECT NULL UNION SELECT 1",
            "SELECT NULL::text AS a UNION SELECT NULL::text UNION SELECT 1",
        );
        check(
            resolve_sides,
            "SELECT NULL UNION (SELECT NULL UNION SELECT 1)",
            "SELECT NULL UNION (SELECT NULL UNION SELECT 1)",
        );
        check(
            resolve,
            "VALUES (NULL, 1), (NULL, NULL)",
            "VALUES (NULL::text, 1), (NULL::text, NULL)",
        );
        check(resolve, "SELECT NULL, *, NULL FROM t", "SELECT NULL::text, *, NULL FROM t");
    }
}
