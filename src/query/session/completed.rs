//! What the table itself says of rows that come: generated columns, NOT NULL, checks.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array};
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use super::SqlSession;
use super::assigned::Places;
use super::changed::{Target, internal};
use super::written::Written;
use crate::catalog::table::{Constraint, Default, Rule, Table};
use crate::error::Result;
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::facts::{CHANGING, ROW, Seen};
use crate::query::parse;
use crate::rows::batch_of;

/// So few rows are looked at where they are: another thread would cost more.
pub(super) const FEW_ROWS: usize = 256;

impl SqlSession {
    /// Rows with all that the table says of them, and checked.
    /// Errors: 23502, 23514, 22001; those of the expressions.
    pub(super) async fn completed(
        &mut self,
        written: &Written,
        new: RecordBatch,
        text: &Arc<str>,
    ) -> Result<RecordBatch> {
        let new = self.generated(written, new).await?;
        let new = if new.num_rows() <= FEW_ROWS {
            let output = &self.settings.meaning().output;
            Target { table: &written.table, rows: &written.rows, output }.fitted(&new)?
        } else {
            let output = self.settings.meaning().output.clone();
            let own = written.clone();
            let fitted = self.engine.plan(move || {
                Target { table: &own.table, rows: &own.rows, output: &output }.fitted(&new)
            });
            self.unless_cancelled(fitted).await?
        };
        self.check(&written.table, &new, text).await?;
        Ok(new)
    }

    /// Rows with the values of generated columns.
    async fn generated(&mut self, written: &Written, new: RecordBatch) -> Result<RecordBatch> {
        let table = &written.table;
        let expressions = table.attributes.iter().enumerate();
        let expressions: Vec<(usize, &String)> = expressions
            .filter_map(|(place, attribute)| match &attribute.default {
                Some(Default::Generated(text)) => Some((place, text)),
                _ => None,
            })
            .collect();
        if expressions.is_empty() || new.num_rows() == 0 {
            return Ok(new);
        }
        let (indexes, texts): (Vec<usize>, Vec<&String>) = expressions.into_iter().unzip();
        let sql: Arc<str> = of_rows(table, &texts).into();
        let query = parse::query_of(&sql)?;
        let places = Places::of(table).at(&indexes)?;
        let facts = self.changing(&sql, with_numbers(&new)?);
        let (planned, places) = self
            .plan_assigned(&query, places, (&sql, &[]), facts)
            .await
            .map_err(|it| it.nowhere())?;
        let values = in_order(&self.gathered(planned, Vec::new()).await?)?;
        let mut arrays = new.columns().to_vec();
        for (place, array) in places.iter().zip(values.columns()) {
            if let Some(slot) = arrays.get_mut(place.index) {
                *slot = match array.data_type() == slot.data_type() {
                    true => Arc::clone(array),
                    false => arrow::compute::cast(array, slot.data_type()).map_err(internal)?,
                };
            }
        }
        batch_of(new.schema_ref(), arrays, new.num_rows())
    }

    /// Errors: 23514 for the first row that a check is false for.
    pub(super) async fn check(
        &mut self,
        table: &Arc<Table>,
        rows: &RecordBatch,
        text: &Arc<str>,
    ) -> Result<()> {
        let mut checks: Vec<(&Constraint, &String)> = table
            .constraints
            .iter()
            .filter_map(|constraint| match &constraint.rule {
                Rule::Check(text) => Some((constraint, text)),
                _ => None,
            })
            .collect();
        if checks.is_empty() || rows.num_rows() == 0 {
            return Ok(());
        }
        // PostgreSQL asks them in this order.
        checks.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        let texts: Vec<&String> = checks.iter().map(|(_, text)| *text).collect();
        let sql: Arc<str> = of_rows(table, &texts).into();
        let query = parse::query_of(&sql)?;
        let facts = self.changing(text, with_numbers(rows)?);
        let planned =
            self.plan_with(&query, &sql, &[], facts).await.map_err(|error| error.nowhere())?;
        let answers = in_order(&self.gathered(planned, Vec::new()).await?)?;
        let broken = |at: usize| {
            let answers = answers.columns().get(at)?.as_boolean_opt()?;
            (0..answers.len()).find(|row| answers.is_valid(*row) && !answers.value(*row))
        };
        let first = checks
            .iter()
            .enumerate()
            .filter_map(|(at, (constraint, _))| Some((broken(at)?, &constraint.name)))
            .min_by_key(|(row, _)| *row);
        match first {
            Some((row, constraint)) => {
                let output = self.settings.meaning().output.clone();
                let none = table.no_rows();
                let target = Target { table, rows: &none, output: &output };
                Err(target.unchecked(constraint, rows, row))
            }
            None => Ok(()),
        }
    }
}

/// The query of expressions for each of the rows that a statement changes, with their numbers.
pub(super) fn of_rows(table: &Table, expressions: &[&String]) -> String {
    let list: Vec<String> = expressions.iter().map(|text| format!("({text})")).collect();
    let name = table.name.replace('"', "\"\"");
    let alias = quote_identifier(&table.name);
    format!("SELECT {}, \"{ROW}\" FROM \"{name}{CHANGING}\" AS {alias}", list.join(", "))
}

/// Rows with numbers from 0 on: a query need not keep their order.
pub(super) fn with_numbers(rows: &RecordBatch) -> Result<Seen> {
    let mut fields: Vec<Field> =
        rows.schema_ref().fields().iter().map(|field| (**field).clone()).collect();
    fields.push(Field::new(ROW, DataType::Int64, false));
    let columns = Arc::new(Schema::new(fields));
    let count = i64::try_from(rows.num_rows()).unwrap_or(i64::MAX);
    let mut arrays = rows.columns().to_vec();
    arrays.push(Arc::new(Int64Array::from_iter_values(0..count)));
    let batch = batch_of(&columns, arrays, rows.num_rows())?;
    Ok(Seen { columns, rows: vec![batch] })
}

/// The rows of a query in the order of their numbers, which stand last.
pub(super) fn in_order(batches: &[RecordBatch]) -> Result<RecordBatch> {
    let Some(first) = batches.first() else {
        return Ok(RecordBatch::new_empty(Arc::new(Schema::empty())));
    };
    let all = concat_batches(first.schema_ref(), batches).map_err(internal)?;
    let Some(numbers) = all.columns().last() else { return Ok(all) };
    let order = sort_to_indices(numbers, None, None).map_err(internal)?;
    take_record_batch(&all, &order).map_err(internal)
}
