//! Joins that the planner takes in fewer places than PostgreSQL.
//!
//! A column that USING merges is ambiguous to the planner in WHERE, though nowhere else: there it gets its table. A
//! subquery has no plan in the condition of a join: that of an inner join is part of WHERE just as well.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, Ident, Join, JoinConstraint, JoinOperator, Query, Select, TableFactor,
    TableWithJoins, Value, Visit, VisitMut, Visitor, VisitorMut,
};

use super::syntax::folded;

/// Rewrites the FROM and WHERE of one SELECT.
pub(super) fn select(select: &mut Select) {
    let mut conditions = Vec::new();
    for table in &mut select.from {
        lift(table, &mut conditions);
    }
    for condition in conditions {
        select.selection = Some(match select.selection.take() {
            Some(own) => both(own, condition),
            None => condition,
        });
    }
    if let Some(selection) = &mut select.selection {
        qualify(selection, &merged(&select.from));
    }
}

/// The condition of an inner join, if that is what it is.
fn inner(join: &mut Join) -> Option<&mut Expr> {
    match &mut join.join_operator {
        JoinOperator::Join(JoinConstraint::On(on))
        | JoinOperator::Inner(JoinConstraint::On(on)) => Some(on),
        _ => None,
    }
}

/// Moves conditions with subqueries from inner joins to `conditions`, unless a later join makes rows of NULLs from their
/// result.
fn lift(table: &mut TableWithJoins, conditions: &mut Vec<Expr>) {
    let keeps = |join: &Join| {
        matches!(
            join.join_operator,
            JoinOperator::Join(_)
                | JoinOperator::Inner(_)
                | JoinOperator::Left(_)
                | JoinOperator::LeftOuter(_)
                | JoinOperator::CrossJoin(_)
        )
    };
    let from = table.joins.iter().rposition(|join| !keeps(join)).map_or(0, |last| last + 1);
    for on in table.joins.iter_mut().skip(from).filter_map(inner) {
        let whole = std::mem::replace(on, truth());
        let (subqueries, others): (Vec<Expr>, Vec<Expr>) =
            conjuncts(whole).into_iter().partition(has_subquery);
        if let Some(rest) = others.into_iter().reduce(both) {
            *on = rest;
        }
        conditions.extend(subqueries);
    }
}

fn truth() -> Expr {
    Expr::value(Value::Boolean(true))
}

fn both(left: Expr, right: Expr) -> Expr {
    let nested = |expr| match expr {
        Expr::BinaryOp { op: BinaryOperator::Or, .. } => Expr::Nested(Box::new(expr)),
        other => other,
    };
    let (left, right) = (Box::new(nested(left)), Box::new(nested(right)));
    Expr::BinaryOp { left, op: BinaryOperator::And, right }
}

fn conjuncts(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut all = conjuncts(*left);
            all.extend(conjuncts(*right));
            all
        }
        Expr::Nested(inner) if matches!(*inner, Expr::BinaryOp { op: BinaryOperator::And, .. }) => {
            conjuncts(*inner)
        }
        other => vec![other],
    }
}

fn has_subquery(expr: &Expr) -> bool {
    struct Search;
    impl Visitor for Search {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    expr.visit(&mut Search).is_break()
}

/// What an unqualified name means that USING has merged. Where that cannot be told without the tables' columns the name
/// is left as it is.
fn merged(from: &[TableWithJoins]) -> BTreeMap<String, Expr> {
    let mut names: BTreeMap<String, Option<Expr>> = BTreeMap::new();
    for table in from {
        let mut own: BTreeMap<String, Expr> = BTreeMap::new();
        let mut left = alias(&table.relation);
        for join in &table.joins {
            let right = alias(&join.relation);
            let (operator, columns) = match &join.join_operator {
                JoinOperator::Join(JoinConstraint::Using(columns))
                | JoinOperator::Inner(JoinConstraint::Using(columns)) => ("inner", columns),
                JoinOperator::Left(JoinConstraint::Using(columns))
                | JoinOperator::LeftOuter(JoinConstraint::Using(columns)) => ("left", columns),
                JoinOperator::Right(JoinConstraint::Using(columns))
                | JoinOperator::RightOuter(JoinConstraint::Using(columns)) => ("right", columns),
                JoinOperator::FullOuter(JoinConstraint::Using(columns)) => ("full", columns),
                _ => {
                    left = None;
                    continue;
                }
            };
            for column in columns {
                let Some(column) = column.0.last().and_then(|part| part.as_ident()) else {
                    continue;
                };
                let name = folded(column);
                let of = |table: &Option<Ident>| {
                    let table = table.clone()?;
                    Some(Expr::CompoundIdentifier(vec![table, column.clone()]))
                };
                let before = own.get(&name).cloned().or_else(|| of(&left));
                let meaning = match operator {
                    "right" => of(&right),
                    "full" => before
                        .zip(of(&right))
                        .map(|(left, right)| super::syntax::call("coalesce", vec![left, right])),
                    // Equal on both sides.
                    "inner" => before.or_else(|| of(&right)),
                    _ => before,
                };
                if let Some(meaning) = meaning {
                    own.insert(name, meaning);
                }
            }
            // What stands left of the next join is no single table.
            left = None;
        }
        for (name, meaning) in own {
            // Merged in two items of FROM it is ambiguous indeed.
            names.entry(name).and_modify(|known| *known = None).or_insert(Some(meaning));
        }
    }
    names.into_iter().filter_map(|(name, meaning)| Some((name, meaning?))).collect()
}

/// How the columns of a table are qualified.
fn alias(factor: &TableFactor) -> Option<Ident> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. } => Some(alias.name.clone()),
        TableFactor::Table { name, args: None, .. } => name.0.last()?.as_ident().cloned(),
        _ => None,
    }
}

fn qualify(selection: &mut Expr, meanings: &BTreeMap<String, Expr>) {
    struct Qualify<'a> {
        depth: usize,
        meanings: &'a BTreeMap<String, Expr>,
    }
    impl VisitorMut for Qualify<'_> {
        type Break = ();
        fn pre_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
            self.depth += 1;
            ControlFlow::Continue(())
        }
        fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<()> {
            self.depth -= 1;
            ControlFlow::Continue(())
        }
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            // Inside a subquery the name may be one of its own.
            if self.depth == 0
                && let Expr::Identifier(name) = expr
                && let Some(meaning) = self.meanings.get(&folded(name))
            {
                *expr = meaning.clone();
            }
            ControlFlow::Continue(())
        }
    }
    if !meanings.is_empty() {
        // The visitor never breaks.
        let _done = selection.visit(&mut Qualify { depth: 0, meanings });
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    fn check(from: &str, want: &str) {
        let sql = format!("SELECT 1 FROM {from}");
        let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, &sql).expect("a statement");
        let Some(Statement::Query(query)) = statements.first_mut() else { panic!("no query") };
        let SetExpr::Select(select) = query.body.as_mut() else { panic!("no select") };
        super::select(select);
        assert_eq!(query.to_string(), format!("SELECT 1 FROM {want}"));
    }

    #[test]
    fn merged_columns_get_their_table() {
        check(
            "a JOIN b USING (x) WHERE x = 1 AND y = 2",
            "a JOIN b USING(x) WHERE a.x = 1 AND y = 2",
        );
        check(
            "s.a LEFT JOIN b USING (X) WHERE \"x\" = 1",
            "s.a LEFT JOIN b USING(X) WHERE a.X = 1",
        );
        check(
            "a RIGHT JOIN b AS c USING (x) WHERE x = 1",
            "a RIGHT JOIN b AS c USING(x) WHERE c.x = 1",
        );
        check(
            "a FULL JOIN b USING (x) WHERE x = 1",
            "a FULL JOIN b USING(x) WHERE coalesce(a.x, b.x) = 1",
        );
        check(
            "a JOIN b USING (x) JOIN c USING (x, y) WHERE x = y",
            "a JOIN b USING(x) JOIN c USING(x, y) WHERE a.x = c.y",
        );
        check(
            "a JOIN b USING (x) LEFT JOIN c USING (y) WHERE y = 1",
            "a JOIN b USING(x) LEFT JOIN c USING(y) WHERE y = 1",
        );
        check(
            "a JOIN b USING (x) WHERE EXISTS (SELECT x FROM c)",
            "a JOIN b USING(x) WHERE EXISTS (SELECT x FROM c)",
        );
    }

    #[test]
    fn subqueries_leave_inner_joins() {
        check(
            "a JOIN b ON a.x = b.x AND b.y = (SELECT 1) LEFT JOIN c ON c.x = (SELECT 2) WHERE p OR q",
            "a JOIN b ON a.x = b.x LEFT JOIN c ON c.x = (SELECT 2) WHERE (p OR q) AND b.y = (SELECT 1)",
        );
        check("a JOIN b ON a.x IN (SELECT 1)", "a JOIN b ON true WHERE a.x IN (SELECT 1)");
        check(
            "a JOIN b ON a.x IN (SELECT 1) FULL JOIN c ON true",
            "a JOIN b ON a.x IN (SELECT 1) FULL JOIN c ON true",
        );
    }
}
