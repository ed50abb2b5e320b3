//! How relations, constraints and rules are defined: `pg_get_viewdef` and its kin (PostgreSQL manual, table 9.71).

use std::sync::Arc;

use super::cells::Call;
use super::names;
use super::session::class;
use crate::error::{Error, Result};
use crate::pg::catalog::data::{self, Definition};
use crate::pg::catalog::dynamic::{qualified_name, quote_identifier};
use crate::pg::catalog::index::Entity;
use crate::pg::catalog::keys::{constraint_definition, index_definition};
use crate::pg::catalog::rows::Cell;
use crate::pg::catalog::rules;
use crate::pg::catalog::system_indexes::{self, SystemIndex};
use crate::pg::facts::Facts;

pub(super) fn constraint(call: &Call<'_>) -> Result<Cell> {
    let oid = call.oid(0);
    let own = || system_indexes::by_constraint(oid).map(SystemIndex::constraint_definition);
    if let Some(check) = data::definition(oid) {
        return Ok(Cell::from(written(check.clone(), call.truth(1), call.facts)));
    }
    let found = call.facts.index().by_constraint(oid);
    let definition = found.map(|(entity, own)| {
        let name = |oid| names::class_out(oid, call.facts);
        constraint_definition(call.facts, entity, own, name)
    });
    Ok(Cell::from(definition.or_else(own)))
}

pub(super) fn index(call: &Call<'_>) -> Result<Cell> {
    let nth = usize::try_from(call.int(1) - 1).ok();
    let Some((entity, own)) = call.facts.index().by_index(call.oid(0)) else {
        let index = system_indexes::by_oid(call.oid(0));
        return Ok(Cell::from(index.map(|index| match nth {
            None => index.definition(call.truth(2)),
            Some(nth) => index.columns().into_iter().nth(nth).unwrap_or_default(),
        })));
    };
    if call.int(1) == 0 {
        // Written for people, it has the schema only where the name alone would not be found.
        let bare = call.truth(2) && names::relation_visible(entity, call.facts);
        let table = if bare { quote_identifier(&entity.name) } else { qualified_name(entity) };
        return Ok(Cell::from(index_definition(entity, own, &table)));
    }
    let part = nth.and_then(|at| own.part(entity, at));
    Ok(Cell::from(part.unwrap_or_default()))
}

/// Errors: 0A000 for a width to wrap columns to.
pub(super) fn view(call: &Call<'_>) -> Result<Cell> {
    let oid = class(call, 0)?;
    let pretty = match call.args.get(1) {
        Some(Cell::Int(0)) => true,
        Some(Cell::Int(_)) => {
            let message = "wrapping the columns of a view's definition is not supported";
            return Err(Error::FeatureNotSupported(message.to_owned()));
        }
        _ => call.truth(1),
    };
    let definition =
        call.facts.index().relation(oid).and_then(|entity| rules::view(entity, call.facts));
    Ok(Cell::from(definition.map(|definition| written(definition, pretty, call.facts))))
}

pub(super) fn rule(call: &Call<'_>) -> Result<Cell> {
    let name = |entity: &Arc<Entity>| match names::relation_visible(entity, call.facts) {
        true => quote_identifier(&entity.name),
        false => qualified_name(entity),
    };
    let definition = rules::definition(call.oid(0), call.facts, name);
    Ok(Cell::from(definition.map(|definition| written(definition, call.truth(1), call.facts))))
}

/// A definition as the session would write it: names have no schema where they are found without.
fn written(definition: Definition, pretty: bool, facts: &Facts) -> String {
    let text = if pretty { definition.pretty } else { definition.full };
    match facts.search_path.iter().any(|schema| schema == "information_schema") {
        true => text.replace("information_schema.", ""),
        false => text,
    }
}

/// What an object is, in words.
pub(super) fn object(call: &Call<'_>) -> Result<Cell> {
    // `pg_class.oid` of the catalogs that objects are in.
    const PG_CLASS: u32 = 1259;
    const PG_NAMESPACE: u32 = 2615;
    const PG_TYPE: u32 = 1247;
    const PG_PROC: u32 = 1255;
    const PG_CONSTRAINT: u32 = 2606;
    const PG_LANGUAGE: u32 = 2612;
    let (class, object, column) = (call.oid(0), call.oid(1), call.int(2));
    let (facts, index) = (call.facts, call.facts.index());
    Ok(match class {
        PG_CLASS => {
            let Some(entity) = index.relation(object) else {
                return Ok(Cell::Null);
            };
            let kind = match entity.kind {
                'v' => "view",
                'S' => "sequence",
                _ => "table",
            };
            let relation = format!("{kind} {}", names::class_out(object, facts));
            match entity.column(column) {
                Some(column) => {
                    Cell::from(format!("column {} of {relation}", quote_identifier(&column.name)))
                }
                None => Cell::from(relation),
            }
        }
        PG_NAMESPACE => Cell::from(format!("schema {}", names::schema_out(object, facts))),
        PG_TYPE => Cell::from(format!("type {}", names::type_name(object, facts))),
        PG_LANGUAGE => {
            let row = data::table("pg_language").rows().iter().find(|row| row[0].oid() == object);
            Cell::from(row.map(|row| format!("language {}", quote_identifier(row[1].text()))))
        }
        PG_PROC => Cell::from(format!("function {}", names::procedure_out(object, facts))),
        PG_CONSTRAINT => Cell::from(index.by_constraint(object).map(|(entity, own)| {
            let table = names::class_out(entity.ids.relation, facts);
            format!("constraint {} on table {table}", quote_identifier(&own.name))
        })),
        _ => Cell::Null,
    })
}
