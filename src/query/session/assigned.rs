//! What INSERT and UPDATE write to: columns, and the expressions that become values of them (PostgreSQL manual, 10.4).

use datafusion::sql::sqlparser::ast::{
    DataType as SqlType, Expr, Ident, Query, SelectItem, SetExpr, Spanned, TableFactor, Value,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::catalog::table::{Default, Identity, Table};
use crate::error::{Error, Result};
use crate::pg::facts::DEFAULT;
use crate::pg::rewrite;
use crate::pg::types::{self, PgType};
use crate::query::door::Column;
use crate::query::parse::{self, Named, Overriding};

/// A column that a statement writes.
#[derive(Clone)]
pub(super) struct Place {
    /// Its index in the table.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) pg_type: PgType,
    /// Its type as a cast says it. Lengths of texts are left to the table: a cast would cut what is too long.
    pub(super) sql_type: SqlType,
    default: Option<Default>,
    identity: Option<Identity>,
}

impl Place {
    /// The value of the column where none is given.
    /// Errors: XX000 for a default that does not parse any more.
    pub(super) fn default(&self) -> Result<Expr> {
        match &self.default {
            None | Some(Default::Generated(_) | Default::Stamped(_)) => {
                Ok(Expr::value(Value::Null))
            }
            Some(Default::Next(oid)) => parse::expression(&format!("nextval({oid}::regclass)")),
            Some(Default::Expression(text)) => parse::expression(text),
        }
    }

    /// Whether its values are not the statement's to give.
    pub(super) fn has_own_values(&self) -> bool {
        self.identity == Some(Identity::Always) || self.generated()
    }

    pub(super) fn is_generated(&self) -> bool {
        self.generated()
    }

    /// Whether the commit gives its values.
    fn stamped(&self) -> bool {
        matches!(self.default, Some(Default::Stamped(_)))
    }

    /// What it is where nothing is said.
    pub(super) fn own_default(&self) -> Option<&Default> {
        self.default.as_ref()
    }

    fn generated(&self) -> bool {
        matches!(self.default, Some(Default::Generated(_) | Default::Stamped(_)))
    }
}

/// The columns of a table as places.
pub(super) struct Places<'a>(&'a Table);

/// Columns that a statement does not name and that have a default.
pub(super) struct Rest(Vec<Place>);

impl<'a> Places<'a> {
    pub(super) fn of(table: &'a Table) -> Places<'a> {
        Places(table)
    }

    /// The columns that an INSERT names; all where it names none.
    /// Errors: 42703; 42701 for one named twice.
    pub(super) fn inserted(&self, columns: &[Named]) -> Result<Vec<Place>> {
        if columns.is_empty() {
            return (0..self.0.columns.fields().len()).map(|index| self.place(index)).collect();
        }
        let mut places: Vec<Place> = Vec::with_capacity(columns.len());
        for column in columns {
            let place = self.named(column)?;
            if places.iter().any(|other| other.index == place.index) {
                return Err(Error::DuplicateColumn(column.name.clone()).at(column.position));
            }
            places.push(place);
        }
        Ok(places)
    }

    /// The columns that an UPDATE names.
    /// Errors: 42703; 42601 for one named twice.
    pub(super) fn updated(&self, columns: &[Named]) -> Result<Vec<Place>> {
        let mut places: Vec<Place> = Vec::with_capacity(columns.len());
        for column in columns {
            let place = self.named(column)?;
            if places.iter().any(|other| other.index == place.index) {
                let message = format!("multiple assignments to same column \"{}\"", column.name);
                return Err(Error::Syntax(message));
            }
            places.push(place);
        }
        Ok(places)
    }

    /// The columns with these places in the table.
    pub(super) fn at(&self, indexes: &[usize]) -> Result<Vec<Place>> {
        indexes.iter().map(|index| self.place(*index)).collect()
    }

    /// The other columns that have a default.
    pub(super) fn defaults(&self, places: &[Place]) -> Result<Rest> {
        let rest = (0..self.0.columns.fields().len())
            .filter(|index| !places.iter().any(|place| place.index == *index))
            .map(|index| self.place(index));
        let mut rest = rest.collect::<Result<Vec<Place>>>()?;
        rest.retain(|place| place.default.is_some() && !place.generated());
        Ok(Rest(rest))
    }

    /// Lets an INSERT give no value to a column that has its own.
    /// Errors: 428C9.
    pub(super) fn override_values(
        &self,
        query: &mut Query,
        places: &[Place],
        overriding: Option<Overriding>,
    ) -> Result<()> {
        for (at, place) in places.iter().enumerate() {
            let own = place.identity.is_some() && overriding == Some(Overriding::User);
            let always =
                place.identity == Some(Identity::Always) && overriding != Some(Overriding::System);
            if !own && !always && !place.generated() {
                continue;
            }
            let mut rows = outputs(query);
            let mut cells = rows.iter_mut().map(|row| row.get_mut(at));
            let default = !rows_are_empty(&cells)
                && cells.all(|cell| match cell {
                    Some(cell) if own => {
                        **cell = Expr::Identifier(Ident::with_quote('"', DEFAULT));
                        true
                    }
                    Some(cell) => marked(cell),
                    None => false,
                });
            if !default {
                let name = &place.name;
                let message = format!("cannot insert a non-DEFAULT value into column \"{name}\"");
                return Err(always_generated(message, place, true));
            }
        }
        Ok(())
    }

    fn named(&self, column: &Named) -> Result<Place> {
        let Ok(index) = self.0.columns.index_of(&column.name) else {
            return Err(Error::UndefinedColumn(format!(
                "column \"{}\" of relation \"{}\" does not exist",
                column.name, self.0.name
            ))
            .at(column.position));
        };
        self.place(index)
    }

    fn place(&self, index: usize) -> Result<Place> {
        let Some(field) = self.0.columns.fields().get(index) else {
            return Err(Error::Internal(format!("no column {index}")));
        };
        let attribute = self.0.attributes.get(index);
        let pg_type = types::of_field(field);
        Ok(Place {
            index,
            name: field.name().clone(),
            pg_type,
            sql_type: written_type(pg_type)?,
            default: attribute.and_then(|attribute| attribute.default.clone()),
            identity: attribute.and_then(|attribute| attribute.identity),
        })
    }
}

fn rows_are_empty<T>(cells: &impl Iterator<Item = T>) -> bool {
    cells.size_hint().1 == Some(0)
}

impl Rest {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.0
    }

    /// The defaults as one row, and their places.
    pub(super) fn into_query(self) -> Result<(Vec<Place>, Box<Query>)> {
        let mut query = parse::query_of("SELECT NULL")?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            let items = self.0.iter().map(|place| place.default().map(SelectItem::UnnamedExpr));
            select.projection = items.collect::<Result<_>>()?;
        }
        Ok((self.0, query))
    }

    /// Adds the defaults to each row of `query`, whose columns are `told` where its outputs are not all there is to it.
    pub(super) fn add_to(self, query: &mut Query, told: Option<&[Column]>) -> Result<Vec<Place>> {
        if let Some(told) = told {
            beneath(query, told)?;
        }
        match query.body.as_mut() {
            SetExpr::Values(values) => {
                for row in &mut values.rows {
                    for place in &self.0 {
                        row.content.push(place.default()?);
                    }
                }
            }
            SetExpr::Select(select) => {
                for place in &self.0 {
                    select.projection.push(SelectItem::UnnamedExpr(place.default()?));
                }
            }
            _ => return Err(Error::Internal("a query has no outputs of its own".to_owned())),
        }
        Ok(self.0)
    }
}

/// Whether an expression stands for the default of its column.
pub(super) fn marked(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(name) if name.value == DEFAULT)
}

/// Lets an UPDATE give no value to a column that has its own.
/// Errors: 428C9.
pub(super) fn check_updated(query: &mut Query, places: &[Place]) -> Result<()> {
    for (at, place) in places.iter().enumerate() {
        if place.identity != Some(Identity::Always) && !place.generated() {
            continue;
        }
        let mut rows = outputs(query);
        let default = rows.iter_mut().all(|row| row.get_mut(at).is_some_and(|cell| marked(cell)));
        if !default {
            let message = format!("column \"{}\" can only be updated to DEFAULT", place.name);
            return Err(always_generated(message, place, false));
        }
    }
    Ok(())
}

fn always_generated(message: String, place: &Place, inserted: bool) -> Error {
    let name = &place.name;
    let error = Error::GeneratedAlways(message);
    if place.stamped() {
        return error.detail(format!("The log gives column \"{name}\" its values."));
    }
    if place.generated() {
        return error.detail(format!("Column \"{name}\" is a generated column."));
    }
    let detail = format!("Column \"{name}\" is an identity column defined as GENERATED ALWAYS.");
    match inserted {
        true => error.detail(detail).hint("Use OVERRIDING SYSTEM VALUE to override."),
        false => error.detail(detail),
    }
}

/// A type as a cast says it, without the length of a text.
pub(super) fn written_type(pg_type: PgType) -> Result<SqlType> {
    let length = matches!(pg_type.oid, types::VARCHAR | types::BPCHAR);
    let modifier = if length { -1 } else { pg_type.modifier };
    let written = types::format_type(pg_type.oid, modifier);
    let parsed = Parser::new(&PostgreSqlDialect {})
        .try_with_sql(&written)
        .and_then(|mut parser| parser.parse_data_type());
    parsed.map_err(|error| Error::Internal(format!("type {written}: {error}")))
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
pub(super) fn casts_within(query: &mut Query) -> bool {
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
    let mut outer = parse::query_of(&sql)?;
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
