//! Foreign keys: rows name rows that are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array, new_null_array};
use arrow::compute;

use super::change::RowsOf;
use super::defined_table::referencing;
use super::generation::Generation;
use super::table::{Action, Constraint, ForeignKey, Rule, Table};
use super::written::Schema;
use crate::error::{Error, Result};
use crate::rows::{self, Change, Key, Rows};

/// How far a change may be followed from table to table. Only tables that name each other come near it, and their rows can
/// be chained without an end.
const DEPTH_MAX: usize = 100;

/// Whether, with changes made, each row of a table names one that is there, and no row that is gone is named.
/// Errors: 23503.
pub(super) fn check(
    generation: &Generation,
    table: &Arc<Table>,
    before: &Rows,
    change: &Change,
) -> Result<()> {
    let own = table.ids.relation;
    let Some(after) = generation.rows(own) else { return Ok(()) };
    if let Some(inserted) = &change.inserted {
        for (constraint, key) in table.foreign_keys() {
            let Some((of, rows)) = referenced(generation, key) else { continue };
            let found = find(table, key, of, rows, inserted)?;
            if found.contains(&Found::Missing) {
                return Err(missing(table, &constraint.name, of));
            }
        }
    }
    if !change.all && change.deleted.is_empty() {
        return Ok(());
    }
    for (_, child, constraint) in referencing(generation, own) {
        let Rule::ForeignKey(key) = &constraint.rule else { continue };
        let Some(rows) = generation.rows(child.ids.relation) else { continue };
        let gone = Gone::of(table, key, before, after, change)?;
        if !gone.named_by(child, key, rows)?.is_empty() {
            return Err(still_named(table, &constraint.name, child));
        }
    }
    Ok(())
}

/// The keys of a table that are gone with a change, as a foreign key names them.
struct Gone<'a> {
    before: &'a Rows,
    /// The index they are in, and the columns of the foreign key in its order.
    index: u32,
    order: Vec<usize>,
    /// With the place of the row that had it among those that went.
    keys: BTreeMap<Key, usize>,
}

impl<'a> Gone<'a> {
    fn of(
        table: &Table,
        key: &ForeignKey,
        before: &'a Rows,
        after: &Rows,
        change: &Change,
    ) -> Result<Gone<'a>> {
        let Some((index, order)) = index_of(table, key) else {
            return Err(Error::Internal(format!("no unique index of table {}", table.name)));
        };
        let batches: Vec<RecordBatch> = match change.all {
            true => before.batches(),
            false => before.take(&change.deleted).into_iter().collect(),
        };
        let mut keys = BTreeMap::new();
        for batch in &batches {
            let own = before.keys(index, batch)?.into_iter().enumerate();
            keys.extend(own.filter_map(|(row, key)| {
                let key = key.filter(|key| after.find(index, key).is_none())?;
                Some((key, row))
            }));
        }
        Ok(Gone { before, index, order, keys })
    }

    /// The rows of `child` that name one of them: their numbers, and the place of the row they name.
    fn named_by(&self, child: &Table, key: &ForeignKey, rows: &Rows) -> Result<Vec<(i64, usize)>> {
        let mut named = Vec::new();
        if self.keys.is_empty() {
            return Ok(named);
        }
        for (numbers, batch) in rows.parts().1 {
            let columns = columns_of(child, key, &self.order, batch)?;
            let keys = self.before.keys_of(self.index, &columns)?;
            let found = keys
                .iter()
                .zip(numbers)
                .filter_map(|(key, number)| Some((*number, *self.keys.get(key.as_ref()?)?)));
            named.extend(found);
        }
        Ok(named)
    }
}

impl Generation {
    /// The foreign keys that name rows of a table: schema, table, constraint.
    pub fn referencing(
        &self,
        oid: u32,
    ) -> impl Iterator<Item = (&Arc<Schema>, &Arc<Table>, &Constraint)> {
        referencing(self, oid)
    }

    /// Whether each of `rows`, of a table that is about to have `constraint`, names a row that is there.
    /// Errors: 23503.
    pub fn check_references(
        &self,
        table: &Arc<Table>,
        none: &Rows,
        rows: &RecordBatch,
        constraint: &Constraint,
    ) -> Result<()> {
        let Rule::ForeignKey(key) = &constraint.rule else { return Ok(()) };
        let own;
        let of = match key.table == table.ids.relation {
            true => {
                let change = Change { inserted: Some(rows.clone()), ..Change::default() };
                own = none
                    .changed(&change)
                    .map_err(|_double| Error::Internal("rows with a key twice".to_owned()))?;
                Some((&**table, &own))
            }
            false => referenced(self, key),
        };
        let Some((of, there)) = of else { return Ok(()) };
        let found = find(table, key, of, there, rows)?;
        match found.contains(&Found::Missing) {
            true => Err(missing(table, &constraint.name, of)),
            false => Ok(()),
        }
    }

    /// For each of `rows`, that come into a table, the first foreign key that names no row that is there: the constraint, the
    /// row, and the table it names. A session tells it with the key.
    pub fn missing_reference<'a>(
        &'a self,
        table: &'a Table,
        after: &Rows,
        rows: &RecordBatch,
    ) -> Result<Option<(&'a Constraint, usize, &'a Table)>> {
        for (constraint, key) in table.foreign_keys() {
            let of = match key.table == table.ids.relation {
                true => Some((table, after)),
                false => referenced(self, key),
            };
            let Some((of, there)) = of else { continue };
            let found = find(table, key, of, there, rows)?;
            if let Some(row) = found.iter().position(|found| *found == Found::Missing) {
                return Ok(Some((constraint, row, of)));
            }
        }
        Ok(None)
    }

    /// A row of `table`, by its place among those that a change takes away, that rows of another table name which do not
    /// follow it: the constraint, the table that has it, and the place. A session tells it with the key.
    pub fn still_referenced(
        &self,
        table: &Table,
        after: &Rows,
        change: &Change,
        updated: bool,
    ) -> Result<Option<(&Constraint, &Table, usize)>> {
        let Some(before) = self.rows(table.ids.relation) else { return Ok(None) };
        for (_, child, constraint) in referencing(self, table.ids.relation) {
            let Rule::ForeignKey(key) = &constraint.rule else { continue };
            let action = if updated { key.on_update } else { key.on_delete };
            let stays = matches!(action, Action::NoAction | Action::Restrict);
            let own = child.ids.relation == table.ids.relation;
            let rows =
                if own { Some(after) } else { self.rows(child.ids.relation).map(|it| &**it) };
            let Some(rows) = rows.filter(|_| stays) else { continue };
            let gone = Gone::of(table, key, before, after, change)?;
            if let Some((_, place)) = gone.named_by(child, key, rows)?.first() {
                return Ok(Some((constraint, child, *place)));
            }
        }
        Ok(None)
    }

    /// Whether a table has foreign keys, or others have some to it.
    pub fn has_references(&self, table: &Table) -> bool {
        table.foreign_keys().next().is_some()
            || referencing(self, table.ids.relation).next().is_some()
    }

    /// What a change of a table does to those whose rows name its rows and follow them: all changes together. `updated` says
    /// that each row that comes stands in the place of one that goes.
    /// Errors: 0A000 for what we do not do; 54001 past [`DEPTH_MAX`]; those of Arrow.
    pub fn cascades(
        &self,
        table: &Arc<Table>,
        change: Change,
        updated: bool,
    ) -> Result<Vec<RowsOf>> {
        let mut work = self.clone();
        let mut all = Vec::new();
        work.cascade(table, change, updated, (&mut all, 0))?;
        Ok(all)
    }

    fn cascade(
        &mut self,
        table: &Arc<Table>,
        mut change: Change,
        updated: bool,
        (all, depth): (&mut Vec<RowsOf>, usize),
    ) -> Result<()> {
        if DEPTH_MAX < depth {
            let message = format!("foreign keys follow a change over more than {DEPTH_MAX} steps");
            return Err(Error::StatementTooComplex(message));
        }
        let own = table.ids.relation;
        let Some(before) = self.rows(own).cloned() else { return Ok(()) };
        let follows = |key: &ForeignKey| {
            let action = if updated { key.on_update } else { key.on_delete };
            !matches!(action, Action::NoAction | Action::Restrict)
        };
        let keys: Vec<(Arc<Table>, ForeignKey)> = referencing(self, own)
            .filter_map(|(_, child, constraint)| match &constraint.rule {
                Rule::ForeignKey(key) if follows(key) => Some((Arc::clone(child), key.clone())),
                _ => None,
            })
            .collect();
        // Rows of the same table that go with those they name.
        for (_, key) in keys.iter().filter(|(child, _)| child.ids.relation == own) {
            if updated || key.on_delete != Action::Cascade {
                let message =
                    "a foreign key of a table to itself that follows changes is not supported";
                return Err(
                    Error::FeatureNotSupported(message.to_owned()).detail("ON DELETE CASCADE is.")
                );
            }
            while !change.all {
                let Ok(after) = before.changed(&change) else { break };
                let gone = Gone::of(table, key, &before, &after, &change)?;
                let named = gone.named_by(table, key, &after)?;
                if named.is_empty() {
                    break;
                }
                change.deleted.extend(named.into_iter().map(|(number, _)| number));
            }
        }
        // What is wrong with the change itself is told when it is made.
        let Ok(after) = before.changed(&change) else {
            all.push((Arc::clone(table), Arc::new(change)));
            return Ok(());
        };
        Arc::make_mut(&mut self.rows).insert(own, Arc::new(after.clone()));
        let change = Arc::new(change);
        all.push((Arc::clone(table), Arc::clone(&change)));
        for (child, key) in keys.into_iter().filter(|(child, _)| child.ids.relation != own) {
            let Some(rows) = self.rows(child.ids.relation).cloned() else { continue };
            let gone = Gone::of(table, &key, &before, &after, &change)?;
            let named = gone.named_by(&child, &key, &rows)?;
            if named.is_empty() {
                continue;
            }
            let (numbers, places): (Vec<i64>, Vec<usize>) = named.into_iter().unzip();
            let action = if updated { key.on_update } else { key.on_delete };
            let inserted = match (action, updated, &change.inserted) {
                (Action::Cascade, false, _) => None,
                (Action::Cascade, true, Some(new)) => {
                    let own = taken(&rows, &numbers)?;
                    Some(followed(&child, &key, table, &own, (new, &places))?)
                }
                _ => Some(unnamed(&child, &key, &rows, &numbers)?),
            };
            let follows = inserted.is_some();
            let change = Change { deleted: numbers, inserted, ..Change::default() };
            self.cascade(&child, change, follows, (&mut *all, depth + 1))?;
        }
        Ok(())
    }
}

/// Rows of `child` that name the rows that came in the place of those they named.
fn followed(
    child: &Table,
    key: &ForeignKey,
    table: &Table,
    own: &RecordBatch,
    (new, places): (&RecordBatch, &[usize]),
) -> Result<RecordBatch> {
    let mut arrays = own.columns().to_vec();
    let places: UInt64Array = places.iter().map(|place| u64::try_from(*place).ok()).collect();
    for (own, of) in key.columns.iter().zip(&key.referenced) {
        let value = table.place(*of).and_then(|place| new.columns().get(place));
        let slot = child.place(*own).and_then(|place| arrays.get_mut(place));
        if let (Some(value), Some(slot)) = (value, slot) {
            let value = compute::take(value, &places, None).map_err(failed)?;
            *slot = compute::cast(&value, slot.data_type()).map_err(failed)?;
        }
    }
    rows::batch_of(&child.columns, arrays, own.num_rows())
}

/// Rows of `child` that name no row any more.
/// Errors: 23502 where they have to.
fn unnamed(child: &Table, key: &ForeignKey, rows: &Rows, numbers: &[i64]) -> Result<RecordBatch> {
    let mut arrays = taken(rows, numbers)?.columns().to_vec();
    for own in &key.columns {
        let Some(place) = child.place(*own) else { continue };
        let field = child.columns.field(place);
        if !field.is_nullable() {
            let (column, name) = (field.name(), &child.name);
            return Err(Error::NotNullViolation(format!(
                "null value in column \"{column}\" of relation \"{name}\" violates not-null constraint"
            )));
        }
        if let Some(slot) = arrays.get_mut(place) {
            *slot = new_null_array(field.data_type(), numbers.len());
        }
    }
    rows::batch_of(&child.columns, arrays, numbers.len())
}

fn taken(rows: &Rows, numbers: &[i64]) -> Result<RecordBatch> {
    rows.take(numbers).map_err(|_gone| Error::Internal("rows that are there are gone".to_owned()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: arrow::error::ArrowError) -> Error {
    Error::Internal(format!("rows of a table: {error}"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A row has it, or it is NULL in part.
    There,
    Missing,
}

fn referenced<'a>(generation: &'a Generation, key: &ForeignKey) -> Option<(&'a Table, &'a Rows)> {
    let (_, table) = generation.table_by_oid(key.table)?;
    Some((table, generation.rows(key.table)?))
}

/// The index that the key of `of` is looked up in, and its columns in the order of the index.
fn index_of(of: &Table, key: &ForeignKey) -> Option<(u32, Vec<usize>)> {
    of.indexes.iter().filter(|index| index.unique).find_map(|index| {
        if index.keys.len() != key.referenced.len() {
            return None;
        }
        let places = index
            .keys
            .iter()
            .map(|own| key.referenced.iter().position(|number| *number == own.column));
        Some((index.oid, places.collect::<Option<Vec<usize>>>()?))
    })
}

/// For each of `batch`, rows of `table`, whether the row that it names is there.
pub(super) fn find(
    table: &Table,
    key: &ForeignKey,
    of: &Table,
    rows: &Rows,
    batch: &RecordBatch,
) -> Result<Vec<Found>> {
    let Some((index, order)) = index_of(of, key) else {
        return Err(Error::Internal(format!("no unique index of table {}", of.name)));
    };
    let columns = columns_of(table, key, &order, batch)?;
    let keys = rows.keys_of(index, &columns)?;
    let found = |key: &Option<Key>| match key {
        Some(key) if rows.find(index, key).is_none() => Found::Missing,
        _ => Found::There,
    };
    let found = keys.iter().map(found);
    Ok(found.collect())
}

/// The columns of a foreign key, in the order of the index.
fn columns_of(
    table: &Table,
    key: &ForeignKey,
    order: &[usize],
    batch: &RecordBatch,
) -> Result<Vec<ArrayRef>> {
    let column = |at: &usize| {
        let place = table.place(*key.columns.get(*at)?)?;
        batch.columns().get(place).cloned()
    };
    order
        .iter()
        .map(column)
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Error::Internal(format!("no columns of a foreign key of {}", table.name)))
}

fn missing(table: &Table, constraint: &str, of: &Table) -> Error {
    let name = &table.name;
    Error::ForeignKeyViolation(format!(
        "insert or update on table \"{name}\" violates foreign key constraint \"{constraint}\""
    ))
    .detail(format!("Key is not present in table \"{}\".", of.name))
}

fn still_named(table: &Table, constraint: &str, child: &Table) -> Error {
    let (name, by) = (&table.name, &child.name);
    Error::ForeignKeyViolation(format!(
        "update or delete on table \"{name}\" violates foreign key constraint \"{constraint}\" on table \"{by}\""
    ))
    .detail(format!("Key is still referenced from table \"{by}\"."))
}
