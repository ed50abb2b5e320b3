//! Sequence functions (PostgreSQL manual, section 9.17).

use std::sync::Arc;

use super::cells::Call;
use super::session::class;
use crate::catalog::roles::Privilege;
use crate::catalog::written::Sequence;
use crate::error::{Error, Result};
use crate::pg::catalog::index::Entity;
use crate::pg::catalog::rows::Cell;
use crate::sequence::{Session, undefined};

/// The sequence that the first argument names.
/// Errors: no relation of that name or number; 42809 for one that is no sequence.
fn named<'a>(call: &Call<'a>) -> Result<(&'a Entity, &'a Arc<Sequence>)> {
    let oid = class(call, 0)?;
    match call.facts.index().relation(oid) {
        Some(entity) => match &entity.sequence {
            Some(sequence) => Ok((entity, sequence)),
            None => {
                let message = format!("\"{}\" is not a sequence", entity.name);
                Err(Error::WrongObjectType(message))
            }
        },
        None => Err(Error::UndefinedObject(format!("could not open relation with OID {oid}"))),
    }
}

fn session<'a>(call: &Call<'a>) -> Result<&'a Session> {
    let session = call.facts.sequences.as_deref();
    session.ok_or_else(|| Error::Internal("a sequence without a session".to_owned()))
}

/// Errors: 42501 for who is neither the owner nor was granted any of the privileges.
fn check(call: &Call<'_>, entity: &Entity, privileges: &[Privilege]) -> Result<()> {
    let (facts, generation) = (call.facts, &call.facts.generation);
    let (schema, name) = (&entity.schema, &entity.name);
    if !generation.has_schema_privilege(&facts.user, schema) {
        let message = format!("permission denied for schema {schema}");
        return Err(Error::InsufficientPrivilege(message));
    }
    if facts.owns(&entity.owner)
        || generation.has_written_privilege(&facts.user, schema, name, privileges)
    {
        return Ok(());
    }
    let message = format!("permission denied for sequence {}", entity.name);
    Err(Error::InsufficientPrivilege(message))
}

/// Errors: 25006.
fn check_writable(call: &Call<'_>, function: &str) -> Result<()> {
    if call.facts.setting("transaction_read_only") == Some("on") {
        return Err(Error::ReadOnlyTransaction(format!("{function}()")));
    }
    Ok(())
}

/// `nextval`
pub(super) fn next(call: &Call<'_>) -> Result<Cell> {
    let (entity, sequence) = named(call)?;
    check(call, entity, &[Privilege::Usage, Privilege::Update])?;
    check_writable(call, "nextval")?;
    session(call)?.next(sequence).map(Cell::Int)
}

/// `currval`
pub(super) fn current(call: &Call<'_>) -> Result<Cell> {
    let (entity, _) = named(call)?;
    check(call, entity, &[Privilege::Usage, Privilege::Select])?;
    let number = session(call)?.current(entity.ids.relation);
    let what = || undefined(&format!("currval of sequence \"{}\"", entity.name));
    number.map(Cell::Int).ok_or_else(what)
}

/// `lastval`
pub(super) fn latest(call: &Call<'_>) -> Result<Cell> {
    let (oid, number) = session(call)?.latest().ok_or_else(|| undefined("lastval"))?;
    // One that is gone has no last number either.
    let entity = call.facts.index().relation(oid).ok_or_else(|| undefined("lastval"))?;
    check(call, entity, &[Privilege::Usage, Privilege::Select])?;
    Ok(Cell::Int(number))
}

/// `setval`
pub(super) fn set(call: &Call<'_>) -> Result<Cell> {
    let (entity, sequence) = named(call)?;
    check(call, entity, &[Privilege::Update])?;
    check_writable(call, "setval")?;
    let (number, is_called) = (call.int(1), call.args.len() < 3 || call.truth(2));
    if number < sequence.min || sequence.max < number {
        let (name, min, max) = (&sequence.name, sequence.min, sequence.max);
        return Err(Error::NumericOutOfRange(format!(
            "setval: value {number} is out of bounds for sequence \"{name}\" ({min}..{max})"
        )));
    }
    session(call)?.set(entity.ids.relation, number, is_called)?;
    Ok(Cell::Int(number))
}

/// `pg_sequence_last_value`
pub(super) fn last_value(call: &Call<'_>) -> Result<Cell> {
    let (entity, _) = named(call)?;
    check(call, entity, &[Privilege::Usage, Privilege::Select])?;
    let at = session(call)?.position(entity.ids.relation);
    Ok(at.filter(|(_, is_called)| *is_called).map_or(Cell::Null, |(last, _)| Cell::Int(last)))
}
