//! NATURAL JOIN as the USING it stands for, where the columns of both sides are known: only then `*` gives them in
//! PostgreSQL's order. Both name columns that each side has once.

use datafusion::sql::sqlparser::ast::{
    Ident, JoinConstraint, JoinOperator, ObjectName, Select, TableFactor, TableWithJoins,
};

use super::outputs::shown;
use super::syntax::folded;
use crate::error::{Error, Result};

/// Whether a SELECT has a join that names columns.
pub(super) fn any(select: &Select) -> bool {
    let joins = select.from.iter().flat_map(|table| &table.joins);
    joins.map(|join| constraint(&join.join_operator)).any(|constraint| {
        matches!(constraint, Some(JoinConstraint::Natural | JoinConstraint::Using(_)))
    })
}

/// Spells out the joins of one item of FROM; `columns` tells those of a table or subquery.
/// Errors: 42702 for a common column that a side has several times, 42703 for one that it does not have, 42701 for one that
/// is named twice.
pub(super) fn spell_out(
    table: &mut TableWithJoins,
    columns: &impl Fn(&TableFactor) -> Option<Vec<String>>,
) -> Result<()> {
    let mut left = columns(&table.relation);
    for join in &mut table.joins {
        let right = columns(&join.relation);
        let (Some(before), Some(own)) = (left.take(), right) else { return Ok(()) };
        let mut shared = Vec::new();
        if let Some(constraint) = constraint_mut(&mut join.join_operator) {
            match constraint {
                JoinConstraint::Natural => {
                    shared = before.iter().filter(|name| own.contains(name)).cloned().collect();
                    for name in &shared {
                        once(name, "left", &before)?;
                        once(name, "right", &own)?;
                    }
                    if !shared.is_empty() {
                        let name = |name: &String| {
                            ObjectName::from(vec![Ident::with_quote('"', name.as_str())])
                        };
                        *constraint = JoinConstraint::Using(shared.iter().map(name).collect());
                    }
                }
                JoinConstraint::Using(names) => {
                    let last = |name: &ObjectName| name.0.last()?.as_ident().map(folded);
                    for name in names.iter().filter_map(last) {
                        if shared.contains(&name) {
                            return Err(Error::DuplicateCommonColumn(name));
                        }
                        once(&name, "left", &before)?;
                        once(&name, "right", &own)?;
                        shared.push(name);
                    }
                }
                JoinConstraint::On(_) | JoinConstraint::None => {}
            }
        }
        let rest = before.into_iter().chain(own).filter(|name| !shared.contains(name));
        let rest: Vec<String> = rest.collect();
        left = Some([shared, rest].concat());
    }
    Ok(())
}

/// Checks that a side has a column that is to be merged, and once.
fn once(name: &str, side: &'static str, columns: &[String]) -> Result<()> {
    match columns.iter().filter(|column| shown(column) == name).count() {
        0 => Err(Error::UndefinedColumn(format!(
            "column \"{name}\" specified in USING clause does not exist in {side} table"
        ))),
        1 => Ok(()),
        _ => Err(Error::AmbiguousCommonColumn { name: name.to_owned(), side }),
    }
}

macro_rules! constraint_of {
    ($operator:expr) => {
        match $operator {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint) => Some(constraint),
            _ => None,
        }
    };
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    constraint_of!(operator)
}

fn constraint_mut(operator: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    constraint_of!(operator)
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{SetExpr, Statement, TableFactor};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;

    use super::spell_out;

    /// The letters of a table's name are its columns.
    #[track_caller]
    fn check(from: &str, want: &str) {
        let sql = format!("SELECT * FROM {from}");
        let parsed = Parser::parse_sql(&PostgreSqlDialect {}, &sql);
        let Some(Statement::Query(query)) = parsed.expect("a query").pop() else { panic!("{sql}") };
        let SetExpr::Select(mut select) = *query.body else { panic!("{sql}") };
        let columns = |factor: &TableFactor| match factor {
            TableFactor::Table { name, .. } => {
                Some(name.to_string().chars().map(String::from).collect())
            }
            _ => None,
        };
        for table in &mut select.from {
            spell_out(table, &columns).unwrap();
        }
        assert_eq!(select.from[0].to_string(), want);
    }

    #[test]
    fn natural_joins_are_spelled_out() {
        check("ab NATURAL JOIN bc", "ab JOIN bc USING(\"b\")");
        check("ab NATURAL LEFT JOIN cb NATURAL JOIN cd", {
            "ab LEFT JOIN cb USING(\"b\") JOIN cd USING(\"c\")"
        });
        check("ab NATURAL JOIN cd", "ab NATURAL JOIN cd");
        check("ab NATURAL JOIN (SELECT 1) AS x", "ab NATURAL JOIN (SELECT 1) AS x");
    }
}
