//! INSERT, UPDATE and DELETE of temporary tables: a query says which rows, and the table is replaced as a whole.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;

use super::SqlSession;
use super::assigned::{Place, all_places, assign, output_place, outputs, placed, places};
use super::changed::{Target, internal};
use crate::error::{Error, Result};
use crate::pg::facts::{Facts, ROW, TemporaryTable};
use crate::pg::rewrite;
use crate::query::door::{Column, Outcome, RowsTag};
use crate::query::parse::{Change, Refused, Write};
use crate::query::plan::Planned;
use crate::query::run::stored;

/// Values of a statement's parameters, and the types they were read as.
#[derive(Clone, Copy, Default)]
pub(super) struct Given<'a> {
    pub(super) values: &'a [ScalarValue],
    pub(super) types: &'a [u32],
}

impl SqlSession {
    /// The temporary table that a statement would change.
    pub(super) fn written(&self, refused: &Refused) -> Option<Arc<TemporaryTable>> {
        let relation = refused.relations.first()?;
        self.temporary.table(relation.schema.as_deref(), &relation.name)
    }

    /// Runs INSERT, UPDATE or DELETE.
    /// Errors: why other tables are not changed; 42703, 42804, 22001, 23502 and those of the queries.
    pub(super) async fn write(
        &mut self,
        write: &Result<Box<Write>>,
        refused: &Refused,
        text: &Arc<str>,
        parameters: Given<'_>,
    ) -> Result<Outcome> {
        let Some(table) = self.written(refused) else { return self.refuse(refused, text).await };
        let write = write.as_ref().map_err(Clone::clone)?;
        let (planned, places) =
            self.plan_change(&write.change, &table, text, parameters.types).await?;
        let batches = match planned {
            Some(planned) => {
                let needed = planned.parameter_types.len();
                let given =
                    parameters.values.get(..needed).ok_or(Error::UndefinedParameter(needed))?;
                self.gathered(planned, given.to_vec()).await?
            }
            None => vec![one_empty_row()?],
        };
        let tag = refused.tag;
        let output = self.settings.meaning().output.clone();
        let own = Arc::clone(&table);
        // Much is copied of a large table, which the network's threads have no time for.
        let changed = self.engine.plan(move || {
            let target = Target { table: &own, output: &output };
            match tag {
                "INSERT" => target.inserted(&places, &batches),
                "UPDATE" => target.updated(&places, &batches),
                _ => target.deleted(&batches),
            }
        });
        let (rows, affected) = self.unless_cancelled(changed).await?;
        let count = affected.num_rows();
        let returned = match &write.returning {
            Some(returning) => {
                let facts = self.changing(&table, text, Arc::clone(&table.columns), vec![affected]);
                let planned = self.plan_with(returning, text, &[], facts).await?;
                if !planned.parameter_types.is_empty() {
                    let message = "a parameter in RETURNING is not supported".to_owned();
                    return Err(Error::FeatureNotSupported(message));
                }
                let columns = Arc::clone(&planned.columns);
                Some((columns, self.gathered(planned, Vec::new()).await?))
            }
            None => None,
        };
        self.put(TemporaryTable { rows, ..(*table).clone() })?;
        Ok(match returned {
            Some((columns, rows)) => {
                let tag = RowsTag::Counted(if tag == "INSERT" { "INSERT 0" } else { tag });
                Outcome::Rows { columns, rows: stored(rows), tag, binary: false }
            }
            None if tag == "INSERT" => Outcome::Done(format!("INSERT 0 {count}")),
            None => Outcome::Done(format!("{tag} {count}")),
        })
    }

    /// The types of the parameters of such a statement, and the columns it returns.
    pub(super) async fn describe_write(
        &mut self,
        write: &Write,
        refused: &Refused,
        text: &Arc<str>,
        declared: &[u32],
    ) -> Result<(Vec<u32>, Option<Arc<[Column]>>)> {
        let Some(table) = self.written(refused) else { return Ok((declared.to_vec(), None)) };
        let (planned, _) = self.plan_change(&write.change, &table, text, declared).await?;
        let parameters =
            planned.map_or_else(|| declared.to_vec(), |planned| planned.parameter_types.clone());
        let columns = match &write.returning {
            Some(returning) => {
                let facts = self.changing(&table, text, Arc::clone(&table.columns), Vec::new());
                let planned = self.plan_with(returning, text, &[], facts).await?;
                Some(Arc::clone(&planned.columns))
            }
            None => None,
        };
        Ok((parameters, columns))
    }

    /// The query of a change, whose columns are those it writes, and the places they go to.
    async fn plan_change(
        &mut self,
        change: &Change,
        table: &TemporaryTable,
        text: &Arc<str>,
        declared: &[u32],
    ) -> Result<(Option<Arc<Planned>>, Vec<Place>)> {
        let (columns, query) = match change {
            Change::Insert { columns, source: None } => {
                return Ok((None, places(table, columns, true)?));
            }
            Change::Insert { columns, source: Some(query) } => (columns, query),
            Change::Update { columns, rows } => (columns, rows),
            Change::Delete(rows) => {
                let facts = self.numbered(table, text)?;
                let planned = self.plan_with(rows, text, declared, facts).await?;
                return Ok((Some(planned), Vec::new()));
            }
        };
        let insert = matches!(change, Change::Insert { .. });
        let facts = if insert { self.facts(text) } else { self.numbered(table, text)? };
        let mut places = places(table, columns, insert)?;
        if insert && columns.is_empty() {
            places = all_places(table)?;
        }
        let mut query = query.clone();
        for row in outputs(&mut query) {
            for (cell, place) in row.into_iter().zip(&places) {
                rewrite::given(cell, &place.sql_type);
            }
        }
        let facts_again = Arc::clone(&facts);
        let mut planned = self.plan_with(&query, text, declared, facts).await?;
        let given = planned.columns.len() - usize::from(!insert);
        if places.len() < given {
            let message = "INSERT has more expressions than target columns".to_owned();
            let extra = output_place(&mut query, places.len());
            return Err(placed(Error::Syntax(message), extra, text));
        }
        if given < places.len() {
            if let Some(missing) = columns.get(given) {
                let message = "INSERT has more target columns than expressions".to_owned();
                return Err(Error::Syntax(message).at(missing.position));
            }
            places.truncate(given);
        }
        if assign(&mut query, &places, &planned.columns, text)? {
            planned = self.plan_with(&query, text, declared, facts_again).await?;
        }
        Ok((Some(planned), places))
    }

    /// What a statement sees whose rows have numbers.
    fn numbered(&mut self, table: &TemporaryTable, text: &Arc<str>) -> Result<Arc<Facts>> {
        let mut fields = table.columns.fields().to_vec();
        fields.push(Arc::new(Field::new(ROW, DataType::Int64, false)));
        let columns: SchemaRef = Arc::new(Schema::new(fields));
        let mut first = 0_i64;
        let mut rows = Vec::with_capacity(table.rows.len());
        for batch in &table.rows {
            let end = first + i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
            let mut arrays = batch.columns().to_vec();
            arrays.push(Arc::new(Int64Array::from_iter_values(first..end)));
            rows.push(RecordBatch::try_new(Arc::clone(&columns), arrays).map_err(internal)?);
            first = end;
        }
        Ok(self.changing(table, text, columns, rows))
    }

    /// What a query sees that says which rows of a table change, or tells those that did.
    fn changing(
        &mut self,
        table: &TemporaryTable,
        text: &Arc<str>,
        columns: SchemaRef,
        rows: Vec<RecordBatch>,
    ) -> Arc<Facts> {
        let mut facts = (*self.facts(text)).clone();
        facts.changing = Some(Arc::new(TemporaryTable { columns, rows, ..table.emptied() }));
        Arc::new(facts)
    }
}

fn one_empty_row() -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)
        .map_err(internal)
}
