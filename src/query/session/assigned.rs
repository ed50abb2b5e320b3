//! What INSERT and UPDATE write to: columns, and the expressions that become values of them (PostgreSQL manual, 10.4).

use datafusion::sql::sqlparser::ast::{
    DataType as SqlType, Expr, Query, SelectItem, SetExpr, Spanned, TableFactor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, Result};
use crate::pg::facts::TemporaryTable;
use crate::pg::rewrite;
use crate::pg::types::{self, PgType};
use crate::query::door::Column;
use crate::query::parse::{self, Limits, Named};

/// A column that a statement writes.
pub(super) struct Place {
    /// Its index in the table.
    pub(super) index: usize,
    name: String,
    pg_type: PgType,
    /// Its type as a cast says it. Lengths of texts are left to the table: a cast would cut what is too long.
    pub(super) sql_type: SqlType,
}

/// The columns that a statement names.
/// Errors: 42703; 42701 and 42601 for one named twice.
pub(super) fn places(
    table: &TemporaryTable,
    columns: &[Named],
    insert: bool,
) -> Result<Vec<Place>> {
    let mut places: Vec<Place> = Vec::with_capacity(columns.len());
    for column in columns {
        let Ok(index) = table.columns.index_of(&column.name) else {
            return Err(Error::UndefinedColumn(format!(
                "column \"{}\" of relation \"{}\" does not exist",
                column.name, table.name
            ))
            .at(column.position));
        };
        if places.iter().any(|place| place.index == index) {
            if !insert {
                let message = format!("multiple assignments to same column \"{}\"", column.name);
                return Err(Error::Syntax(message));
            }
            return Err(Error::DuplicateColumn(column.name.clone()).at(column.position));
        }
        places.push(place(table, index)?);
    }
    Ok(places)
}

pub(super) fn all_places(table: &TemporaryTable) -> Result<Vec<Place>> {
    (0..table.columns.fields().len()).map(|index| place(table, index)).collect()
}

fn place(table: &TemporaryTable, index: usize) -> Result<Place> {
    let field = table.columns.field(index);
    let pg_type = types::of_field(field);
    let length = matches!(pg_type.oid, types::VARCHAR | types::BPCHAR);
    let modifier = if length { -1 } else { pg_type.modifier };
    let written = types::format_type(pg_type.oid, modifier);
    let parsed = Parser::new(&PostgreSqlDialect {})
        .try_with_sql(&written)
        .and_then(|mut parser| parser.parse_data_type());
    let sql_type = parsed.map_err(|error| Error::Internal(format!("type {written}: {error}")))?;
    Ok(Place { index, name: field.name().clone(), pg_type, sql_type })
}

/// The expressions of a query's outputs, row by row; none where they are not its own.
pub(super) fn outputs(query: &mut Query) -> Vec<Vec<&mut Expr>> {
    match query.body.as_mut() {
        SetExpr::Values(values) => {
            values.rows.iter_mut().map(|row| row.iter_mut().collect()).collect()
        }
        SetExpr::Select(select) => {
            let items = select.projection.iter_mut().map(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(expr)
                }
                _ => None,
            });
            items.collect::<Option<Vec<_>>>().into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Makes the outputs of `query` values of what they are assigned to; whether it changed any.
/// Errors: 42804.
pub(super) fn assign(
    query: &mut Query,
    places: &[Place],
    told: &[Column],
    text: &str,
) -> Result<bool> {
    let mut casts = Vec::with_capacity(places.len());
    for (index, (place, column)) in places.iter().zip(told).enumerate() {
        let (source, target) = (column.pg_type.oid, place.pg_type.oid);
        if !rewrite::assignable(source, target) {
            let own = output_place(query, index);
            return Err(placed(unassignable(place, source), own, text));
        }
        let same = source == target && place.pg_type.modifier == column.pg_type.modifier;
        let length = source == target && matches!(target, types::VARCHAR | types::BPCHAR);
        casts.push((!same && !length).then_some(&place.sql_type));
    }
    if casts.iter().all(Option::is_none) {
        return Ok(false);
    }
    if !casts_within(query) {
        beneath(query, told)?;
    }
    for row in outputs(query) {
        for (cell, cast) in row.into_iter().zip(&casts) {
            if let Some(sql_type) = cast {
                rewrite::cast(cell, sql_type);
            }
        }
    }
    Ok(true)
}

/// Whether a cast of its outputs leaves all else of a query as it is.
fn casts_within(query: &mut Query) -> bool {
    let plain = match query.body.as_ref() {
        SetExpr::Values(_) => true,
        SetExpr::Select(select) => select.distinct.is_none(),
        _ => false,
    };
    plain && query.order_by.is_none() && !outputs(query).is_empty()
}

/// Puts `query` beneath one that names its outputs.
fn beneath(query: &mut Query, told: &[Column]) -> Result<()> {
    let names: Vec<String> = (1..=told.len()).map(|number| format!("column{number}")).collect();
    let names = names.join(", ");
    let sql = format!("SELECT {names} FROM (SELECT NULL) AS \"*SELECT*\" ({names})");
    let limits = Limits { text_bytes_max: usize::MAX };
    let parsed = parse::parse(&sql, &limits)?.pop().map(|parsed| parsed.statement);
    let Some(parse::Statement::Query(mut outer)) = parsed else {
        return Err(Error::Internal("a query is none".to_owned()));
    };
    if let SetExpr::Select(select) = outer.body.as_mut()
        && let Some(from) = select.from.first_mut()
        && let TableFactor::Derived { subquery, .. } = &mut from.relation
    {
        std::mem::swap(subquery.as_mut(), query);
    }
    *query = *outer;
    Ok(())
}

/// Where output `index` of a query stands first.
pub(super) fn output_place(query: &mut Query, index: usize) -> Option<Location> {
    let row = outputs(query).into_iter().next()?;
    row.into_iter().nth(index).map(|expr| expr.span().start)
}

pub(super) fn placed(error: Error, place: Option<Location>, text: &str) -> Error {
    match place.filter(|place| 0 < place.line) {
        Some(place) => error.at(parse::position(text, place)),
        None => error,
    }
}

fn unassignable(place: &Place, source: u32) -> Error {
    let message = format!(
        "column \"{}\" is of type {} but expression is of type {}",
        place.name,
        types::sql_name(place.pg_type.oid),
        types::sql_name(source)
    );
    Error::DatatypeMismatch(message).hint("You will need to rewrite or cast the expression.")
}
