//! COPY of a table, which PostgreSQL looks for by itself: what it says of names has no place in the statement, and
//! views are not copied.

use crate::error::{Error, Result};
use crate::pg::encode::CopyFormat;
use crate::pg::facts::Facts;
use crate::query::door::Column;
use crate::query::parse::CopiedTable;

/// Errors: 42809 for a view; 3F000 for a schema, 42703 and 42701 for columns.
pub(super) fn check(table: &CopiedTable, facts: &Facts) -> Result<()> {
    let index = facts.index();
    let (schema, name) = match table.name.as_slice() {
        [] => return Ok(()),
        [name] => (None, name),
        [.., schema, name] => (Some(schema), name),
    };
    let found = match schema {
        Some(schema) => index.named(schema, name),
        None => index.visible(facts, name),
    };
    let Some(found) = found else {
        return match schema {
            // Versions are schemas too.
            Some(schema) if !schema.contains('@') && index.schema_oid(schema).is_none() => {
                Err(Error::UndefinedSchema(schema.clone()))
            }
            _ => Ok(()),
        };
    };
    if found.kind == 'v' {
        let message = format!("cannot copy from view \"{name}\"");
        return Err(Error::WrongObjectType(message).hint("Try the COPY (SELECT ...) TO variant."));
    }
    if found.kind == 'S' {
        return Err(Error::WrongObjectType(format!("cannot copy from sequence \"{name}\"")));
    }
    for column in &table.columns {
        if !found.columns.iter().any(|known| known.name == *column) {
            return Err(lacks(table, column));
        }
    }
    repeated(&table.columns)
}

/// Turns the names of FORCE_QUOTE into positions.
/// Errors: 42703 for a column that is not there; 42701 for one that is named twice.
pub(super) fn force(
    format: &CopyFormat,
    names: &[String],
    columns: &[Column],
    table: Option<&CopiedTable>,
) -> Result<CopyFormat> {
    let mut format = format.clone();
    let CopyFormat::Csv { force_quote, .. } = &mut format else { return Ok(format) };
    if names.iter().any(|name| name == "*") {
        *force_quote = None;
        return Ok(format);
    }
    let mut positions = Vec::with_capacity(names.len());
    for name in names {
        let position = columns.iter().position(|column| column.name == *name);
        positions.push(position.ok_or_else(|| match table {
            Some(table) => lacks(table, name),
            None => Error::UndefinedColumn(format!("column \"{name}\" does not exist")),
        })?);
    }
    repeated(names)?;
    *force_quote = Some(positions);
    Ok(format)
}

fn lacks(table: &CopiedTable, column: &str) -> Error {
    let relation = table.name.last().map_or("", String::as_str);
    let message = format!("column \"{column}\" of relation \"{relation}\" does not exist");
    Error::UndefinedColumn(message)
}

/// Errors: 42701 for a name that is there twice.
fn repeated(columns: &[String]) -> Result<()> {
    for (place, column) in columns.iter().enumerate() {
        if columns.iter().take(place).any(|earlier| earlier == column) {
            return Err(Error::DuplicateColumn(column.clone()));
        }
    }
    Ok(())
}
