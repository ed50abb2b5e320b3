//! ON CONFLICT: rows that come where their key is there already (PostgreSQL manual, INSERT).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{BooleanArray, Int64Array, UInt64Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use super::SqlSession;
use super::assigned::{Places, check_updated};
use super::changed::{Target, internal};
use super::write::{Made, Over, changed};
use super::written::Written;
use crate::catalog::table::Table;
use crate::error::{Error, Result};
use crate::pg::facts::{Changing, ROW, Seen};
use crate::query::parse::{ConflictTarget, ConflictUpdate, OnConflict};
use crate::rows::{self, Rows, batch_of};

/// What becomes of each row that was to come.
struct Sorted {
    /// Those whose key nobody has.
    kept: Vec<bool>,
    /// For each row that is there, by its number, the row that was to come.
    there: BTreeMap<i64, usize>,
}

impl SqlSession {
    /// The change that an INSERT with ON CONFLICT makes of `new`.
    pub(super) async fn unless_conflicting(
        &mut self,
        conflict: &OnConflict,
        over: Over<'_>,
        new: RecordBatch,
    ) -> Result<Made> {
        let written = over.written;
        let indexes = arbiters(&written.table, &conflict.target)?;
        let sorted = sort(&written.rows, &indexes, &new, conflict.update.is_some())?;
        let kept = filter_record_batch(&new, &BooleanArray::from(sorted.kept.clone()))
            .map_err(internal)?;
        let (deleted, changed_rows) = match &conflict.update {
            Some(update) if !sorted.there.is_empty() => {
                self.conflicting(update, over, &new, &sorted).await?
            }
            _ => (Vec::new(), None),
        };
        let affected = match &changed_rows {
            None => kept.clone(),
            Some(changed) => in_order(&sorted, &deleted, &kept, changed)?,
        };
        let all: Vec<&RecordBatch> = [Some(&kept), changed_rows.as_ref()]
            .into_iter()
            .flatten()
            .filter(|batch| 0 < batch.num_rows())
            .collect();
        let inserted = match all.is_empty() {
            true => None,
            false => Some(concat_batches(kept.schema_ref(), all).map_err(internal)?),
        };
        let output = self.settings.meaning().output.clone();
        let target = Target { table: &written.table, rows: &written.rows, output: &output };
        changed(&target, rows::Change { deleted, inserted, ..rows::Change::default() }, affected)
    }

    /// The types of all parameters of an INSERT whose rows have those of `declared`.
    pub(super) async fn conflict_parameters(
        &mut self,
        update: &ConflictUpdate,
        written: &Written,
        text: &Arc<str>,
        declared: &[u32],
    ) -> Result<Vec<u32>> {
        let none = RecordBatch::new_empty(Arc::clone(&written.table.columns));
        let mut facts = (*self.facts(text)).clone();
        facts.changing = Some(Arc::new(Changing {
            target: numbered(&none, &[])?,
            excluded: Some(numbered(&none, &[])?),
        }));
        let places = Places::of(&written.table).updated(&update.columns)?;
        let facts = Arc::new(facts);
        let (planned, _) =
            self.plan_assigned(&update.rows, places, (text, declared), facts).await?;
        let more = planned.parameter_types.get(declared.len()..).unwrap_or_default();
        Ok([declared, more].concat())
    }

    /// DO UPDATE: the numbers of the rows that change, and what they are then.
    async fn conflicting(
        &mut self,
        update: &ConflictUpdate,
        over: Over<'_>,
        new: &RecordBatch,
        sorted: &Sorted,
    ) -> Result<(Vec<i64>, Option<RecordBatch>)> {
        let Over { written, text, parameters } = over;
        let output = self.settings.meaning().output.clone();
        let numbers: Vec<i64> = sorted.there.keys().copied().collect();
        let places: UInt64Array = sorted.there.values().map(|row| Some(*row as u64)).collect();
        let excluded = take_record_batch(new, &places).map_err(internal)?;
        let there = {
            let target = Target { table: &written.table, rows: &written.rows, output: &output };
            written.rows.take(&numbers).map_err(|refused| target.refused(&refused, None))?
        };
        let mut facts = (*self.facts(text)).clone();
        facts.changing = Some(Arc::new(Changing {
            target: numbered(&there, &numbers)?,
            excluded: Some(numbered(&excluded, &numbers)?),
        }));
        let places = Places::of(&written.table).updated(&update.columns)?;
        let mut query = update.rows.clone();
        check_updated(&mut query, &places)?;
        let (planned, places) =
            self.plan_assigned(&query, places, (text, parameters.types), Arc::new(facts)).await?;
        let needed = planned.parameter_types.len();
        let given = parameters.values.get(..needed).ok_or(Error::UndefinedParameter(needed))?;
        let batches = self.gathered(planned, given.to_vec()).await?;
        let (deleted, changed) = {
            let target = Target { table: &written.table, rows: &written.rows, output: &output };
            target.updated(&places, &batches)?
        };
        let changed = self.completed(written, changed, text).await?;
        Ok((deleted, Some(changed)))
    }
}

/// The unique indexes whose keys are meant.
/// Errors: 42703; 42P10 for columns that are no key; 42704 for a constraint that is none.
pub(super) fn arbiters(table: &Table, target: &ConflictTarget) -> Result<Vec<u32>> {
    let unique = || table.indexes.iter().filter(|index| index.unique);
    match target {
        ConflictTarget::Any => Ok(unique().map(|index| index.oid).collect()),
        ConflictTarget::Columns(columns) => {
            let mut numbers = BTreeSet::new();
            for column in columns {
                let number = table.number(&column.name).ok_or_else(|| {
                    let message = format!("column \"{}\" does not exist", column.name);
                    Error::UndefinedColumn(message).at(column.position)
                })?;
                numbers.insert(number);
            }
            let same = |keys: BTreeSet<i16>| keys == numbers;
            let found: Vec<u32> = unique()
                .filter(|index| same(index.keys.iter().map(|key| key.column).collect()))
                .map(|index| index.oid)
                .collect();
            if found.is_empty() {
                let message = "there is no unique or exclusion constraint matching the ON CONFLICT specification";
                return Err(Error::InvalidColumnReference(message.to_owned()));
            }
            Ok(found)
        }
        ConflictTarget::Constraint(name) => {
            let own = unique().find(|index| {
                table.constraint_of(index.oid).is_some_and(|constraint| constraint.name == *name)
            });
            let missing = || {
                let table = &table.name;
                let message = format!("constraint \"{name}\" for table \"{table}\" does not exist");
                Error::UndefinedObject(message)
            };
            Ok(vec![own.ok_or_else(missing)?.oid])
        }
    }
}

/// Errors: 21000 for a row that would be changed twice.
fn sort(rows: &Rows, indexes: &[u32], new: &RecordBatch, updates: bool) -> Result<Sorted> {
    let mut keys = Vec::with_capacity(indexes.len());
    for index in indexes {
        keys.push((*index, rows.keys(*index, new)?, BTreeSet::new()));
    }
    let mut sorted = Sorted { kept: Vec::with_capacity(new.num_rows()), there: BTreeMap::new() };
    for row in 0..new.num_rows() {
        let own = |keys: &[Option<rows::Key>]| keys.get(row).cloned().flatten();
        let there = keys.iter().find_map(|(index, keys, _)| rows.find(*index, &own(keys)?));
        let again =
            keys.iter().any(|(_, keys, seen)| own(keys).is_some_and(|it| seen.contains(&it)));
        let twice = there.is_some_and(|number| sorted.there.contains_key(&number));
        if updates && (again || twice) {
            let message = "ON CONFLICT DO UPDATE command cannot affect row a second time";
            return Err(Error::ChangedTwice(message.to_owned()).hint(
                "Ensure that no rows proposed for insertion within the same command have duplicate constrained values.",
            ));
        }
        let kept = there.is_none() && !again;
        sorted.kept.push(kept);
        if let Some(number) = there {
            sorted.there.insert(number, row);
        }
        if kept {
            for (_, keys, seen) in &mut keys {
                seen.extend(own(keys));
            }
        }
    }
    Ok(sorted)
}

/// Rows with the numbers of those that are there.
fn numbered(batch: &RecordBatch, numbers: &[i64]) -> Result<Seen> {
    let mut fields: Vec<Field> =
        batch.schema_ref().fields().iter().map(|field| (**field).clone()).collect();
    fields.push(Field::new(ROW, DataType::Int64, false));
    let columns = Arc::new(Schema::new(fields));
    let mut arrays = batch.columns().to_vec();
    arrays.push(Arc::new(Int64Array::from(numbers.to_vec())));
    let rows = vec![batch_of(&columns, arrays, numbers.len())?];
    Ok(Seen { columns, rows })
}

/// All rows that came or changed, in the order of those that were to come.
fn in_order(
    sorted: &Sorted,
    numbers: &[i64],
    kept: &RecordBatch,
    changed: &RecordBatch,
) -> Result<RecordBatch> {
    let came = sorted.kept.iter().enumerate().filter(|(_, kept)| **kept).map(|(row, _)| row);
    let others = numbers.iter().filter_map(|number| sorted.there.get(number).copied());
    let mut order: Vec<(usize, u64)> = came.chain(others).zip(0..).collect();
    order.sort_unstable();
    let order: UInt64Array = order.into_iter().map(|(_, place)| Some(place)).collect();
    let all = concat_batches(kept.schema_ref(), [kept, changed]).map_err(internal)?;
    take_record_batch(&all, &order).map_err(internal)
}
