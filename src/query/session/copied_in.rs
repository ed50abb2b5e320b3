//! COPY FROM STDIN: what a client sends becomes rows as those of an INSERT.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{SelectItem, SetExpr};

use super::SqlSession;
use super::assigned::{Place, Places};
use super::changed::Target;
use super::completed::in_order;
use super::write::{Made, TRIES_MAX};
use super::written::{Written, again};
use crate::catalog::roles::Privilege;
use crate::error::{Error, Result};
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::decode::{self, CopyReading};
use crate::pg::encode::{CopyFormat, OutputSettings};
use crate::pg::facts::{CHANGING, ROW, Seen};
use crate::pg::rewrite;
use crate::query::door::Outcome;
use crate::query::parse::{self, CopyFrom};
use crate::rows::{self, batch_of};

/// A COPY whose data is still to come.
pub(super) struct Copying {
    from: CopyFrom,
    text: Arc<str>,
}

impl SqlSession {
    /// Begins a COPY FROM STDIN; [`SqlSession::copy_in`] ends it.
    /// Errors: 42P01, 42809 for what is no table that users write; 42501; 42703, 42701, 428C9 for its columns.
    pub(super) async fn begin_copy(&mut self, from: &CopyFrom, text: &Arc<str>) -> Result<Outcome> {
        let Some(written) = self.written_first(&from.refused) else {
            return self.refuse(&from.refused, text).await;
        };
        self.may_write(&written, "COPY FROM", &[Privilege::Insert])?;
        let columns = places(&written, from).map_err(|error| error.nowhere())?.len();
        let binary = from.format == CopyFormat::Binary;
        self.copying = Some(Copying { from: from.clone(), text: Arc::clone(text) });
        Ok(Outcome::CopyIn { columns, binary })
    }

    /// Ends a COPY FROM STDIN with all that the client sent.
    /// Errors: 22P04 for what is not of its format; those of an INSERT.
    pub(super) async fn copy_in(&mut self, data: Bytes) -> Result<Outcome> {
        let Some(Copying { from, text }) = self.copying.take() else {
            return Err(Error::Internal("no COPY has begun".to_owned()));
        };
        let mut tries = 0;
        loop {
            let Some(written) = self.written_first(&from.refused) else {
                return self.refuse(&from.refused, &text).await;
            };
            let places = places(&written, &from)?;
            let output = self.reading();
            let (own, sent) = ((from.clone(), places.clone()), data.clone());
            let read = self.engine.plan(move || read(&own.0, &own.1, sent, &output));
            let read = self.unless_cancelled(read).await?;
            let new = self.copied_rows(&written, places, read, &text).await?;
            let new = self.completed(&written, new, &text).await?;
            let count = new.num_rows();
            let output = self.settings.meaning().output.clone();
            let own = written.clone();
            let made = self.engine.plan(move || {
                let target = Target { table: &own.table, rows: &own.rows, output: &output };
                let inserted = (0 < new.num_rows()).then(|| new.clone());
                let change = rows::Change { inserted, ..rows::Change::default() };
                match own.table.is_log {
                    true => Ok(Made { change, after: (*own.rows).clone(), affected: new }),
                    false => super::write::changed(&target, change, new),
                }
            });
            let made = self.unless_cancelled(made).await?;
            let deferred = self.deferred();
            match self.change_rows(&written, made.change, made.after, false).await {
                Err(error) if !deferred && tries < TRIES_MAX && again(error.bare()) => tries += 1,
                Err(error) => return Err(error),
                Ok(_) => return Ok(Outcome::Done(format!("COPY {count}"))),
            }
        }
    }

    /// Rows of what was read, with the defaults of all other columns.
    async fn copied_rows(
        &mut self,
        written: &Written,
        mut places: Vec<Place>,
        read: Seen,
        text: &Arc<str>,
    ) -> Result<RecordBatch> {
        let names: Vec<String> = places.iter().map(|place| quote_identifier(&place.name)).collect();
        let name = written.table.name.replace('"', "\"\"");
        let sql: Arc<str> = format!("SELECT {} FROM \"{name}{CHANGING}\"", list(&names)).into();
        let mut query = parse::query_of(&sql)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            for (item, place) in select.projection.iter_mut().zip(&places) {
                if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item
                {
                    rewrite::cast(expr, &place.sql_type);
                }
            }
        }
        let rest = Places::of(&written.table).defaults(&places)?;
        // The number of the row stays last.
        let number = match query.body.as_mut() {
            SetExpr::Select(select) => select.projection.pop(),
            _ => None,
        };
        places.extend(rest.add_to(&mut query, None)?);
        if let (Some(number), SetExpr::Select(select)) = (number, query.body.as_mut()) {
            select.projection.push(number);
        }
        let facts = self.changing(text, read);
        let planned = self.plan_assigned(&query, places, (&sql, &[]), facts).await;
        let (planned, places) = planned.map_err(|error| error.nowhere())?;
        let all = in_order(&self.gathered(planned, Vec::new()).await?)?;
        let output = self.settings.meaning().output.clone();
        let target = Target { table: &written.table, rows: &written.rows, output: &output };
        target.inserted(&places, &[all])
    }
}

fn list(names: &[String]) -> String {
    let own = names.iter().map(|name| format!("{name}, ")).collect::<String>();
    format!("{own}\"{ROW}\"")
}

/// The columns that are copied.
/// Errors: 42703, 42701; 42P10 for a generated one.
fn places(written: &Written, from: &CopyFrom) -> Result<Vec<Place>> {
    let all = Places::of(&written.table);
    let mut places = all.inserted(&from.columns)?;
    match from.columns.is_empty() {
        // An identity takes what is sent, as PostgreSQL's does.
        true => places.retain(|place| !place.is_generated()),
        false => {
            if let Some(place) = places.iter().find(|place| place.is_generated()) {
                let name = &place.name;
                let message = format!("column \"{name}\" is a generated column");
                return Err(Error::InvalidColumnReference(message)
                    .detail("Generated columns cannot be used in COPY."));
            }
        }
    }
    Ok(places)
}

/// What was sent as columns, of text or of the table's types, with the numbers of rows.
fn read(from: &CopyFrom, places: &[Place], data: Bytes, output: &OutputSettings) -> Result<Seen> {
    let mut fields = Vec::with_capacity(places.len() + 1);
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(places.len() + 1);
    let count;
    if from.format == CopyFormat::Binary {
        let rows = decode::copied_binaries(data, places.len())?;
        count = rows.len();
        for (at, place) in places.iter().enumerate() {
            let oid = place.pg_type.oid;
            let value = |row: &Vec<Option<Bytes>>| match row.get(at) {
                Some(Some(bytes)) => decode::parameter(oid, true, bytes, output),
                _ => Ok(decode::null(oid)),
            };
            let values = rows.iter().map(value).collect::<Result<Vec<ScalarValue>>>()?;
            let field = decode::field(oid).map(|field| field.with_name(&place.name));
            let field =
                field.unwrap_or_else(|| Field::new(&place.name, decode::data_type(oid), true));
            let array = match values.is_empty() {
                true => arrow::array::new_empty_array(field.data_type()),
                false => ScalarValue::iter_to_array(values)
                    .map_err(|error| Error::Internal(format!("copied values: {error}")))?,
            };
            fields.push(field.with_data_type(array.data_type().clone()).with_nullable(true));
            arrays.push(array);
        }
    } else {
        let named = |names: &[String]| -> Vec<bool> {
            places.iter().map(|place| names.contains(&place.name)).collect()
        };
        let reading = CopyReading {
            columns: places.iter().map(|place| place.name.clone()).collect(),
            header_match: from.header_match,
            force_not_null: named(&from.force_not_null),
            force_null: named(&from.force_null),
        };
        let columns = decode::copied_texts(&data, &from.format, &reading)?;
        count = columns.first().map_or(0, Array::len);
        for (place, column) in places.iter().zip(columns) {
            fields.push(Field::new(&place.name, DataType::Utf8, true));
            arrays.push(Arc::new(column));
        }
    }
    fields.push(Field::new(ROW, DataType::Int64, false));
    let last = i64::try_from(count).unwrap_or(i64::MAX);
    arrays.push(Arc::new(Int64Array::from_iter_values(0..last)));
    let columns = Arc::new(Schema::new(fields));
    let batch = batch_of(&columns, arrays, count)?;
    Ok(Seen { columns, rows: vec![batch] })
}
