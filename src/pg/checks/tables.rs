//! Names of tables and queries, given once in FROM and WITH, and what may be locked (PostgreSQL's parse_relation.c,
//! analyze.c).

use datafusion::sql::sqlparser::ast::{
    Cte, GroupByExpr, Ident, LockClause, LockType, ObjectName, ObjectNamePart, Query, Select,
    SetExpr, TableFactor, TableWithJoins,
};

use super::calls::{found, is_aggregate, is_window, returns_set};
use super::recursion::recursion;
use super::volatile::copied;
use super::{at, width};
use crate::error::{Error, Result};
use crate::pg::catalog::data;

/// Checks WITH and the locks of one query.
/// Errors: 42712, 42P10, 42P19, 42P01 and 0A000.
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
        copied(query)?;
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

/// The table that FROM reads by a bare name.
pub(super) fn read(factor: &TableFactor) -> Option<String> {
    let TableFactor::Table { name, args: None, .. } = factor else { return None };
    match name.0.as_slice() {
        [name] => name.as_ident().map(folded),
        _ => None,
    }
}

/// Errors: 42P01 for a lock of what FROM does not have, 0A000 for one of rows that are no table's.
fn locked(lock: &LockClause, query: &Query) -> Result<()> {
    let clause = match lock.lock_type {
        LockType::Share => "FOR SHARE",
        LockType::Update => "FOR UPDATE",
    };
    let refused = |what: &str| {
        let message = format!("{clause} is not allowed with {what}");
        Err(Error::FeatureNotSupported(message))
    };
    let select = match query.body.as_ref() {
        SetExpr::Select(select) => select,
        SetExpr::SetOperation { .. } => return refused("UNION/INTERSECT/EXCEPT"),
        _ => return Ok(()),
    };
    if select.distinct.is_some() {
        return refused("DISTINCT clause");
    }
    if !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty()) {
        return refused("GROUP BY clause");
    }
    if select.having.is_some() {
        return refused("HAVING clause");
    }
    if found(&select.projection, is_aggregate).is_some() {
        return refused("aggregate functions");
    }
    if found(&select.projection, is_window).is_some() {
        return refused("window functions");
    }
    if found(&select.projection, returns_set).is_some() {
        return refused("set-returning functions in the target list");
    }
    let Some(ident) = lock.of.as_ref().and_then(|name| name.0.first()?.as_ident()) else {
        return Ok(());
    };
    let name = folded(ident);
    if factors(&select.from).any(|factor| known(factor).is_none_or(|known| known == name)) {
        return Ok(());
    }
    let message = format!("relation \"{name}\" in {clause} clause not found in FROM clause");
    Err(Error::UndefinedRelation(message).near(at(ident.span.start)))
}

/// Checks the FROM of one SELECT.
/// Errors: 42712 for a name that two of its tables have, 42P10 for more names than columns.
pub(super) fn select(select: &Select) -> Result<()> {
    let mut names: Vec<(String, Option<&ObjectName>)> = Vec::new();
    for factor in factors(&select.from) {
        renamed(factor)?;
        called(factor)?;
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

/// Errors: 42803 and 42P20 for a function in FROM that is none of rows or values.
fn called(factor: &TableFactor) -> Result<()> {
    let (TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. }) =
        factor
    else {
        return Ok(());
    };
    let [part] = name.0.as_slice() else { return Ok(()) };
    let Some(ident) = part.as_ident() else { return Ok(()) };
    let Some(kinds) = data::function_kinds(&folded(ident)) else { return Ok(()) };
    let place = at(ident.span.start);
    if kinds.aggregate && !kinds.plain {
        let message = "aggregate functions are not allowed in functions in FROM".to_owned();
        return Err(Error::Grouping(message).near(place));
    }
    if kinds.window && !kinds.plain {
        let message = format!("window function {} requires an OVER clause", folded(ident));
        return Err(Error::WrongObjectType(message).near(place));
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
