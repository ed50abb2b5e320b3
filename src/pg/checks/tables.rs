//! Names of tables and queries: given once in FROM and WITH, and what a recursive query may be (parse_relation.c,
//! parse_cte.c).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Cte, Ident, LockClause, LockType, ObjectName, ObjectNamePart, Query, Select, SetExpr,
    SetOperator, TableFactor, TableWithJoins, Visit, Visitor,
};

use super::calls::{found, is_aggregate};
use super::{at, width};
use crate::error::{Error, Result};

/// Checks WITH and the locks of one query.
/// Errors: 42712, 42P10, 42P19 and 42P01.
pub(super) fn query(query: &Query) -> Result<()> {
    if let Some(with) = &query.with {
        let mut names: Vec<String> = Vec::new();
        for cte in &with.cte_tables {
            let name = folded(&cte.alias.name);
            if names.contains(&name) {
                let error = Error::DuplicateQuery(name);
                return Err(error.near(at(cte.alias.name.span.start)));
            }
            names.push(name);
            columns(cte)?;
            if with.recursive {
                recursion(cte)?;
            }
        }
    }
    query.locks.iter().try_for_each(|lock| locked(lock, query))
}

/// Errors: 42P10 for more names than columns.
fn columns(cte: &Cte) -> Result<()> {
    let (name, specified) = (&cte.alias.name, cte.alias.columns.len());
    match width(&cte.query.body) {
        Some(available) if available < specified => {
            let message = format!(
                "WITH query \"{}\" has {available} columns available but {specified} columns specified",
                folded(name)
            );
            Err(Error::InvalidColumnReference(message).near(at(name.span.start)))
        }
        _ => Ok(()),
    }
}

/// Errors: 42P19 for a query that reads itself without a UNION to grow by, or aggregates what it reads of itself.
fn recursion(cte: &Cte) -> Result<()> {
    let name = folded(&cte.alias.name);
    if !reads(&cte.query, &name) {
        return Ok(());
    }
    let invalid = |message: String| Error::InvalidRecursion(message);
    let body = cte.query.body.as_ref();
    let SetExpr::SetOperation { op: SetOperator::Union, left, right, .. } = body else {
        let message = format!(
            "recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
        );
        return Err(invalid(message).near(at(cte.alias.name.span.start)));
    };
    if reads(left, &name) {
        let message = format!(
            "recursive reference to query \"{name}\" must not appear within its non-recursive term"
        );
        return Err(invalid(message));
    }
    if let SetExpr::Select(select) = right.as_ref()
        && factors(&select.from).any(|factor| read(factor).as_deref() == Some(&name))
        && let Some(place) =
            found(&select.projection, is_aggregate).or_else(|| found(&select.having, is_aggregate))
    {
        let message = "aggregate functions are not allowed in a recursive query's recursive term";
        return Err(invalid(message.to_owned()).near(place));
    }
    Ok(())
}

/// Whether `node` reads a table by the bare name `name`.
fn reads(node: &impl Visit, name: &str) -> bool {
    struct Search<'a>(&'a str);
    impl Visitor for Search<'_> {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            match read(factor).as_deref() == Some(self.0) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    node.visit(&mut Search(name)).is_break()
}

/// The table that FROM reads by a bare name.
fn read(factor: &TableFactor) -> Option<String> {
    let TableFactor::Table { name, args: None, .. } = factor else { return None };
    match name.0.as_slice() {
        [name] => name.as_ident().map(folded),
        _ => None,
    }
}

/// Errors: 42P01 for a lock of what FROM does not have.
fn locked(lock: &LockClause, query: &Query) -> Result<()> {
    let Some(ident) = lock.of.as_ref().and_then(|name| name.0.first()?.as_ident()) else {
        return Ok(());
    };
    let SetExpr::Select(select) = query.body.as_ref() else { return Ok(()) };
    let name = folded(ident);
    if factors(&select.from).any(|factor| known(factor).is_none_or(|known| known == name)) {
        return Ok(());
    }
    let clause = match lock.lock_type {
        LockType::Share => "FOR SHARE",
        _ => "FOR UPDATE",
    };
    let message = format!("relation \"{name}\" in {clause} clause not found in FROM clause");
    Err(Error::UndefinedRelation(message).near(at(ident.span.start)))
}

/// Checks the FROM of one SELECT.
/// Errors: 42712 for a name that two of its tables have, 42P10 for more names than columns.
pub(super) fn select(select: &Select) -> Result<()> {
    let mut names: Vec<(String, Option<&ObjectName>)> = Vec::new();
    for factor in factors(&select.from) {
        renamed(factor)?;
        let Some(name) = known(factor) else { continue };
        // Without aliases two tables of one name in two schemas can be told apart.
        let table = match factor {
            TableFactor::Table { name, alias: None, args: None, .. } => Some(name),
            _ => None,
        };
        let same = names.iter().find(|(other, _)| *other == name);
        if let Some((_, other)) = same
            && (other.is_none() || table.is_none() || *other == table)
        {
            return Err(Error::DuplicateAlias(name));
        }
        names.push((name, table));
    }
    Ok(())
}

/// Errors: 42P10 for an alias with more names than a query has columns.
fn renamed(factor: &TableFactor) -> Result<()> {
    let TableFactor::Derived { subquery, alias: Some(alias), .. } = factor else { return Ok(()) };
    let specified = alias.columns.len();
    match width(&subquery.body) {
        Some(available) if available < specified => {
            let name = folded(&alias.name);
            Err(Error::InvalidColumnReference(format!(
                "table \"{name}\" has {available} columns available but {specified} columns specified"
            )))
        }
        _ => Ok(()),
    }
}

/// The tables of a FROM, joined or not.
pub(super) fn factors(from: &[TableWithJoins]) -> Box<dyn Iterator<Item = &TableFactor> + '_> {
    Box::new(from.iter().flat_map(|table| {
        let joined = table.joins.iter().map(|join| &join.relation);
        std::iter::once(&table.relation).chain(joined).flat_map(|factor| match factor {
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                factors(std::slice::from_ref(table_with_joins))
            }
            other => Box::new(std::iter::once(other)),
        })
    }))
}

/// What a table of FROM is called.
pub(super) fn known(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. }
        | TableFactor::NestedJoin { alias: Some(alias), .. } => Some(folded(&alias.name)),
        TableFactor::Table { name, .. } => {
            name.0.last().and_then(ObjectNamePart::as_ident).map(folded)
        }
        _ => None,
    }
}

pub(super) fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}
