//! Tables that users write: what a change of them and of their rows comes to, and how it is folded.

use std::borrow::Cow;
use std::sync::Arc;

use super::change::RowsOf;
use super::defined::{changed, check_name, check_owner, schema_of, still_needed};
use super::defined_view::{check_readers, unread};
use super::generation::Generation;
use super::log::Stamped;
use super::record::Fact;
use super::record_table::{DropTable, PutTable, RowsRecord, WriteRows, WrittenTable};
use super::record_written::DropSequence;
use super::roles::Target;
use super::state::{State, impossible};
use super::table::{Constraint, Table};
use super::written::Schema;
use crate::error::{Error, Result};
use crate::rows::{self, Refused, Rows};

/// Bytes of a log's rows in memory. Segments are made of a thirtieth of it; the rest is for a disk that does not keep up.
const TAIL_BYTES_MAX: usize = 256 << 20;

/// A table that is put, as [`super::Change::PutTable`] says.
pub(super) struct Put<'a> {
    pub(super) was: Option<(&'a str, &'a Arc<Table>)>,
    pub(super) schema: &'a str,
    pub(super) table: &'a Arc<Table>,
    pub(super) seen: Option<u64>,
    pub(super) rows: Option<&'a arrow::array::RecordBatch>,
}

impl State {
    /// Checks changes of rows and makes them, so that nothing has to be done twice. Foreign keys count when all are made.
    /// After an error nothing has changed.
    /// The numbers that rows of logs got.
    /// Errors: 40001 when a table or a row is not as the caller knows it; 23505, 23503; 53400.
    pub(super) fn write_rows(&mut self, all: &[RowsOf], at_us: i64) -> Result<Vec<Stamped>> {
        let before = (Arc::clone(&self.generation.rows), Arc::clone(&self.generation.logs));
        let made = self.write_each(all, at_us).and_then(|stamped| {
            all.iter().try_for_each(|(table, change)| {
                let old = before.0.get(&table.ids.relation);
                old.map_or(Ok(()), |old| {
                    super::references::check(&self.generation, table, old, change)
                })
            })?;
            Ok(stamped)
        });
        if made.is_err() {
            (self.generation.rows, self.generation.logs) = before;
        }
        made
    }

    fn write_each(&mut self, all: &[RowsOf], at_us: i64) -> Result<Vec<Stamped>> {
        let mut stamped = Vec::new();
        for (table, change) in all {
            let oid = table.ids.relation;
            let now = self.generation.table_by_oid(oid).map(|(_, now)| now);
            if now.is_none_or(|now| !Arc::ptr_eq(now, table) && now != table) {
                return Err(changed("table", &table.name));
            }
            let rows = self.generation.rows(oid);
            let rows = rows.ok_or_else(|| changed("rows of table", &table.name))?;
            if change.first.is_some_and(|first| first != rows.next()) {
                return Err(changed("the end of log", &table.name));
            }
            let own = self.stamped(oid, rows, at_us);
            let change = stamped_change(table, change, own)?;
            let after = rows.changed(&change).map_err(|refused| refusal(table, &refused))?;
            self.check_bytes(table, rows, &after)?;
            if let Some(own) = own {
                stamped.push(own);
            }
            self.put_rows(oid, after, own);
            self.note_redaction(oid, &change);
        }
        Ok(stamped)
    }

    /// What the commit gives rows that come; `None` where the table is no log.
    fn stamped(&self, oid: u32, rows: &Rows, at_us: i64) -> Option<Stamped> {
        let log = self.generation.log(oid)?;
        Some(Stamped { table: oid, first: rows.next(), time_us: log.time(at_us) })
    }

    fn put_rows(&mut self, oid: u32, rows: Rows, stamped: Option<Stamped>) {
        Arc::make_mut(&mut self.generation.rows).insert(oid, Arc::new(rows));
        if let Some(stamped) = stamped
            && let Some(log) = Arc::make_mut(&mut self.generation.logs).get_mut(&oid)
        {
            Arc::make_mut(log).last_time_us = stamped.time_us;
        }
    }

    /// Errors: 53400 when the tables would take too much memory; 53200 when so much of a log waits for its segment.
    fn check_bytes(&self, table: &Table, before: &Rows, after: &Rows) -> Result<()> {
        if after.bytes() <= before.bytes() {
            return Ok(());
        }
        if table.is_log {
            if after.bytes() <= TAIL_BYTES_MAX {
                return Ok(());
            }
            let name = &table.name;
            let message = format!("log \"{name}\" cannot grow before its rows are in segments");
            return Err(Error::OutOfMemory(message)
                .hint("The server log says why they could not be written."));
        }
        let max = self.limits.rows_bytes_max();
        let own = |(oid, rows): (&u32, &Arc<Rows>)| match self.generation.logs.contains_key(oid) {
            true => 0,
            false => rows.bytes(),
        };
        let all: usize = self.generation.rows.iter().map(own).sum();
        if all - before.bytes() + after.bytes() <= max {
            return Ok(());
        }
        let name = &table.name;
        let message =
            format!("table \"{name}\" cannot grow: all tables together can have {max} bytes");
        Err(Error::ConfigurationLimit(message).hint("The setting is tables.bytes_max."))
    }

    pub(super) fn fold_rows(&mut self, fact: WriteRows, at_us: i64) -> Result<()> {
        let oid = fact.table;
        let Some(before) = self.generation.rows(oid) else {
            return Err(impossible(&format!("writes rows of the table {oid}")));
        };
        let stamped = self.stamped(oid, before, at_us);
        let log = stamped.and_then(|_| self.generation.table_by_oid(oid)).map(|(_, log)| log);
        let change = match log {
            Some(log) => stamped_change(log, &fact.read_log(log)?, stamped)?.into_owned(),
            None => fact.read(before)?,
        };
        let after = before.changed(&change).map_err(|refused| {
            impossible(&format!("writes rows of the table {oid} that {}", reason(&refused)))
        })?;
        self.put_rows(oid, after, stamped);
        self.note_redaction(oid, &change);
        Ok(())
    }

    fn note_redaction(&mut self, oid: u32, change: &rows::Change) {
        if !change.deleted.is_empty()
            && self.generation.logs.contains_key(&oid)
            && let Some(log) = Arc::make_mut(&mut self.generation.logs).get_mut(&oid)
        {
            Arc::make_mut(log).redactions += 1;
        }
    }

    pub(super) fn put_table(&mut self, fact: PutTable) -> Result<()> {
        let Some(record) = fact.table else { return Err(impossible("puts no table")) };
        let (schema, table) = record.read()?;
        self.schema_of(&schema)?;
        let oid = table.ids.relation;
        for oid in oids(&table) {
            self.taken(oid)?;
        }
        let old_schema = fact.old_schema.as_ref().unwrap_or(&schema);
        let old_name = fact.old_name.as_ref().unwrap_or(&table.name);
        let before = self.generation.table(old_schema, old_name).cloned();
        let rows = match (&fact.rows, self.generation.rows(oid)) {
            (None, None) => table.no_rows(),
            (None, Some(rows)) => {
                let places: Vec<Option<usize>> = table
                    .attributes
                    .iter()
                    .map(|attribute| before.as_ref()?.place(attribute.number))
                    .collect();
                rows.reshaped(&table.columns, &places, &table.unique())
                    .map_err(|refused| unfoldable(&table, &refused))?
            }
            (Some(bytes), now) => replaced(&table, now.map(Arc::as_ref), bytes)?,
        };
        self.schema_of(old_schema)?.tables.remove(old_name);
        if *old_schema != schema || *old_name != table.name {
            let from = Target::Table { schema: old_schema.clone(), table: old_name.clone() };
            let to = Target::Table { schema: schema.clone(), table: table.name.clone() };
            self.move_grants(|target| {
                if *target == from {
                    target.clone_from(&to);
                }
            });
        }
        if table.is_log && self.generation.log(oid).is_none() {
            Arc::make_mut(&mut self.generation.logs).insert(oid, Arc::default());
        }
        self.schema_of(&schema)?.tables.insert(table.name.clone(), Arc::new(table));
        Arc::make_mut(&mut self.generation.rows).insert(oid, Arc::new(rows));
        Ok(())
    }

    pub(super) fn drop_table(&mut self, fact: &DropTable) -> Result<()> {
        self.schema_of(&fact.schema)?.tables.remove(&fact.name);
        Arc::make_mut(&mut self.generation.rows).remove(&fact.oid);
        if self.generation.logs.contains_key(&fact.oid) {
            Arc::make_mut(&mut self.generation.logs).remove(&fact.oid);
        }
        let of = Target::Table { schema: fact.schema.clone(), table: fact.name.clone() };
        self.drop_grants(|target| *target == of);
        Ok(())
    }

    pub(super) fn table_records(&self) -> Vec<WrittenTable> {
        let of_schema = |schema: &Arc<Schema>| {
            let records = schema.tables.values().map(|it| WrittenTable::of(&schema.name, it));
            records.collect::<Vec<_>>()
        };
        self.generation.schemas.values().flat_map(of_schema).collect()
    }

    /// Errors: those of Arrow.
    pub(super) fn rows_records(&self) -> Result<Vec<RowsRecord>> {
        self.generation.rows.iter().map(|(table, rows)| RowsRecord::of(*table, rows)).collect()
    }
}

/// A change whose rows have what the commit gives them.
fn stamped_change<'a>(
    table: &Table,
    change: &'a rows::Change,
    stamped: Option<Stamped>,
) -> Result<Cow<'a, rows::Change>> {
    let (Some(stamped), Some(inserted)) = (stamped, &change.inserted) else {
        return Ok(Cow::Borrowed(change));
    };
    let rows = stamped.put_on(table, inserted)?;
    let inserted = rows::batch_of(&table.columns, rows.columns().to_vec(), rows.num_rows())?;
    let inserted = Some(inserted);
    Ok(Cow::Owned(rows::Change { inserted, ..change.clone() }))
}

/// All rows of a table, in the place of those it has.
fn replaced(table: &Table, now: Option<&Rows>, bytes: &[u8]) -> Result<Rows> {
    let inserted = rows::decode(&table.columns, bytes)?;
    // Numbers and changes go on from those of before.
    let next = now.map_or((1, 0), |now| now.parts().0);
    let change = rows::Change { inserted: Some(inserted), ..rows::Change::default() };
    Rows::of_parts(&table.columns, &table.unique(), next, Vec::new())
        .and_then(|none| none.changed(&change))
        .map_err(|refused| unfoldable(table, &refused))
}

/// Every OID that a table has.
fn oids(table: &Table) -> impl Iterator<Item = u32> {
    let ids = table.ids;
    let own = [ids.relation, ids.row_type, ids.array_type].into_iter();
    let constraints = table.constraints.iter().map(|it| it.oid);
    own.chain(constraints).chain(table.indexes.iter().map(|it| it.oid))
}

pub(super) fn put_table(generation: &Generation, put: &Put<'_>) -> Result<Vec<Fact>> {
    let Put { was, schema, table, seen, rows } = *put;
    let found = schema_of(generation, schema)?;
    let oid = table.ids.relation;
    let (mut old_schema, mut old_name) = (None, None);
    let now = generation.rows(oid);
    if let Some((from, was)) = was {
        if generation.table(from, &was.name).is_none_or(|now| now != was) {
            return Err(changed("table", &was.name));
        }
        old_schema = (from != schema).then(|| from.to_owned());
        old_name = (was.name != table.name).then(|| was.name.clone());
        check_readers(generation, was, table)?;
    } else if now.is_some() {
        return Err(changed("table", &table.name));
    }
    if seen.is_some_and(|seen| now.is_none_or(|now| now.revision() != seen)) {
        return Err(changed("rows of table", &table.name));
    }
    check_names(found, was.filter(|(from, _)| *from == schema).map(|(_, was)| was), table)?;
    check_owner(generation, &table.owner)?;
    if let (None, Some(rows), Some((_, was))) = (rows, now, was) {
        // What the fold is going to do must not fail there.
        let places: Vec<Option<usize>> =
            table.attributes.iter().map(|attribute| was.place(attribute.number)).collect();
        rows.reshaped(&table.columns, &places, &table.unique())
            .map_err(|refused| unbuildable(table, &refused))?;
    }
    if let Some(rows) = rows {
        let change = rows::Change { inserted: Some(rows.clone()), ..rows::Change::default() };
        table.no_rows().changed(&change).map_err(|refused| unbuildable(table, &refused))?;
    }
    let rows = rows.map(rows::encode).transpose()?;
    let table = Some(WrittenTable::of(schema, table));
    Ok(vec![Fact::PutTable(PutTable { old_schema, old_name, table, rows })])
}

/// Errors: 42P07 for a name that another relation of the schema has.
fn check_names(schema: &Schema, was: Option<&Arc<Table>>, table: &Table) -> Result<()> {
    let own = |name: &str| {
        was.is_some_and(|was| was.name == name || was.indexes.iter().any(|it| it.name == name))
    };
    let mut names: Vec<&String> =
        std::iter::once(&table.name).chain(table.indexes.iter().map(|it| &it.name)).collect();
    for name in &names {
        check_name(name)?;
        if !own(name) && schema.has_relation(name) {
            return Err(Error::DuplicateTable((*name).clone()));
        }
    }
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => {
            Err(Error::DuplicateTable(pair.first().map_or_else(String::new, |it| (*it).clone())))
        }
        None => Ok(()),
    }
}

pub(super) fn drop_table(
    generation: &Generation,
    schema: &str,
    name: &str,
    oid: u32,
) -> Result<Vec<Fact>> {
    let Some(found) = generation.table(schema, name).filter(|it| it.ids.relation == oid) else {
        return Err(changed("table", name));
    };
    let dependents: Vec<String> = referencing(generation, oid)
        .filter(|(_, table, _)| table.ids.relation != oid)
        .map(|(_, table, constraint)| {
            format!(
                "constraint {} on table {} depends on table {name}",
                constraint.name, table.name
            )
        })
        .collect();
    if !dependents.is_empty() {
        return Err(still_needed(&format!("table {}", found.name), dependents.into_iter()));
    }
    unread(generation, oid, &format!("table {name}"), |_| true)?;
    for (_, sequence) in generation.owned_sequences(oid) {
        unread(generation, sequence.ids.relation, &format!("table {name}"), |_| true)?;
    }
    let sequences = generation.owned_sequences(oid).into_iter().map(|(schema, sequence)| {
        let (schema, name) = (schema.name.clone(), sequence.name.clone());
        Fact::DropSequence(DropSequence { schema, name, oid: sequence.ids.relation })
    });
    let (schema, name) = (schema.to_owned(), name.to_owned());
    let table = Fact::DropTable(DropTable { schema, name, oid });
    Ok(sequences.chain([table]).collect())
}

/// The foreign keys that name rows of a table: schema, table, constraint.
pub(super) fn referencing(
    generation: &Generation,
    oid: u32,
) -> impl Iterator<Item = (&Arc<Schema>, &Arc<Table>, &Constraint)> {
    generation.schemas.values().flat_map(move |schema| {
        schema.tables.values().flat_map(move |table| {
            let keys = table.foreign_keys().filter(move |(_, key)| key.table == oid);
            keys.map(move |(constraint, _)| (schema, table, constraint))
        })
    })
}

fn reason(refused: &Refused) -> String {
    match refused {
        Refused::Gone(number) => format!("are gone: {number}"),
        Refused::Duplicate { index, .. } => format!("are double in the index {index}"),
        Refused::Failed(error) => error.to_string(),
    }
}

/// Why rows cannot change so.
fn refusal(table: &Table, refused: &Refused) -> Error {
    match refused {
        Refused::Gone(_) => changed("a row of table", &table.name),
        Refused::Duplicate { index, .. } => {
            let name = table.index(*index).map_or("?", |index| &index.name);
            let message = format!("duplicate key value violates unique constraint \"{name}\"");
            Error::UniqueViolation(message)
        }
        Refused::Failed(error) => error.clone(),
    }
}

/// Why a table cannot have such columns and indexes.
fn unbuildable(table: &Table, refused: &Refused) -> Error {
    match refused {
        Refused::Duplicate { index, .. } => {
            let name = table.index(*index).map_or("?", |index| &index.name);
            Error::UniqueViolation(format!("could not create unique index \"{name}\""))
        }
        other => refusal(table, other),
    }
}

/// Rows that what stands in the journal cannot have made.
pub(super) fn unfoldable(table: &Table, refused: &Refused) -> Error {
    impossible(&format!("puts the table {} with rows that {}", table.name, reason(refused)))
}
