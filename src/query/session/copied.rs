//! COPY of a relation, which PostgreSQL looks for by itself: what it says of names has no place in the statement, and
//! views are not copied.

use crate::error::{Error, Result};
use crate::pg::facts::Facts;
use crate::query::parse::Copied;

/// Errors: 42809 for a view; 3F000 for a schema, 42703 and 42701 for columns.
pub(super) fn check(copied: &Copied, facts: &Facts) -> Result<()> {
    let index = facts.index();
    let found = match &copied.schema {
        Some(schema) => index.named(schema, &copied.name),
        None => index.visible(facts, &copied.name),
    };
    let Some(found) = found else {
        return match &copied.schema {
            // Versions are schemas too.
            Some(schema) if !schema.contains('@') && index.schema_oid(schema).is_none() => {
                Err(Error::UndefinedSchema(schema.clone()))
            }
            _ => Ok(()),
        };
    };
    if found.kind == 'v' {
        let message = format!("cannot copy from view \"{}\"", copied.name);
        return Err(Error::WrongObjectType(message).hint("Try the COPY (SELECT ...) TO variant."));
    }
    for (place, name) in copied.columns.iter().enumerate() {
        if !found.columns.iter().any(|column| column.name == *name) {
            return Err(Error::UndefinedColumn(format!(
                "column \"{name}\" of relation \"{}\" does not exist",
                copied.name
            )));
        }
        if copied.columns.iter().take(place).any(|before| before == name) {
            return Err(Error::DuplicateColumn(name.clone()));
        }
    }
    Ok(())
}
