//! INSERT, UPDATE and DELETE: queries say which rows go and which come, and the table's rows change as a whole.

use std::sync::Arc;

use arrow::array::RecordBatchOptions;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{
    Expr, Query, SelectItem, SetExpr, WildcardAdditionalOptions,
};

use super::SqlSession;
use super::assigned::{
    Place, Places, assign, casts_within, check_updated, marked, output_place, outputs, placed,
};
use super::changed::{Target, internal};
use super::written::{Written, again};
use crate::catalog::log::Stamped;
use crate::catalog::roles::Privilege;
use crate::catalog::table::Table;
use crate::error::{Error, Result};
use crate::pg::facts::{Changing, Facts, ROW, Seen};
use crate::pg::rewrite;
use crate::pg::types;
use crate::query::door::{Column, Outcome, RowsTag};
use crate::query::parse::{Change, Refused, Write};
use crate::query::plan::Planned;
use crate::query::run::stored;
use crate::rows::{self, Rows};

/// How often a statement is tried again when another commit comes between.
pub(super) const TRIES_MAX: usize = 100;

/// Values of a statement's parameters, and the types they were read as.
#[derive(Clone, Copy, Default)]
pub(super) struct Given<'a> {
    pub(super) values: &'a [ScalarValue],
    pub(super) types: &'a [u32],
}

/// What a statement runs over, and with.
#[derive(Clone, Copy)]
pub(super) struct Over<'a> {
    pub(super) written: &'a Written,
    pub(super) text: &'a Arc<str>,
    pub(super) parameters: Given<'a>,
}

/// What a statement makes of a table.
pub(super) struct Made {
    pub(super) change: rows::Change,
    /// What the rows are then.
    pub(super) after: Rows,
    /// The rows it counts and returns.
    pub(super) affected: RecordBatch,
}

impl SqlSession {
    /// Runs INSERT, UPDATE or DELETE. Outside of a block it is tried again where another commit came between.
    /// Errors: why other tables are not changed; 42703, 42804, 22001, 23502, 23503, 23505, 23514 and those of the queries.
    pub(super) async fn write(
        &mut self,
        write: &Result<Box<Write>>,
        refused: &Refused,
        text: &Arc<str>,
        parameters: Given<'_>,
    ) -> Result<Outcome> {
        let mut tries = 0;
        loop {
            let Some(written) = self.written_first(refused) else {
                return self.refuse(refused, text).await;
            };
            let write = write.as_ref().map_err(Clone::clone)?;
            let mut privileges = vec![match refused.tag {
                "INSERT" => Privilege::Insert,
                "UPDATE" => Privilege::Update,
                _ => Privilege::Delete,
            }];
            if refused.tag != "INSERT" || write.returning.is_some() {
                privileges.push(Privilege::Select);
            }
            self.may_write(&written, refused.tag, &privileges)?;
            if refused.tag != "INSERT" {
                written.only_grows(if refused.tag == "DELETE" {
                    "delete from"
                } else {
                    "update"
                })?;
            }
            let mut made = self.make(&write.change, &written, text, parameters).await?;
            if self.waited_for_rows(&written, &made.change.deleted).await? {
                continue;
            }
            let count = made.affected.num_rows();
            let mut returned = None;
            let mut late = None;
            if let Some(returning) = &write.returning {
                let deferred = self.deferred();
                // Where it cannot fail, it is told of what the commit has given.
                late = plainly(returning, &written.table.columns)
                    .filter(|_| written.table.is_log && !deferred);
                if late.is_none() {
                    if written.table.is_log {
                        let own = self.foreseen(&written, &made.affected)?;
                        made.change.first = Some(own.0);
                        made.affected = own.1;
                    }
                    returned = Some(self.returned(returning, &written, made.affected, text).await?);
                    made.affected = RecordBatch::new_empty(Arc::clone(&written.table.columns));
                }
            }
            let deferred = self.deferred();
            let updated = matches!(write.change, Change::Update { .. });
            let done = self.change_rows(&written, made.change, made.after, updated).await;
            if !deferred {
                self.unlock_rows();
            }
            match done {
                Err(error) if !deferred && tries < TRIES_MAX && again(error.bare()) => tries += 1,
                Err(error) => return Err(error),
                Ok(stamped) => {
                    if let Some(places) = late {
                        let rows = match stamped {
                            Some(stamped) => stamped.put_on(&written.table, &made.affected)?,
                            None => made.affected,
                        };
                        returned = Some(projected(&written.table, &places, &rows)?);
                    }
                    return Ok(outcome(refused.tag, count, returned));
                }
            }
        }
    }

    /// The number that the first of the rows that come to a log gets if nobody comes before, and the rows with what they get
    /// then.
    fn foreseen(&self, written: &Written, rows: &RecordBatch) -> Result<(i64, RecordBatch)> {
        let (table, first) = (written.table.ids.relation, written.rows.next());
        let stamped = Stamped { table, first, time_us: self.engine.clock.now_us() };
        Ok((first, stamped.put_on(&written.table, rows)?))
    }

    /// What RETURNING tells of the rows that changed.
    async fn returned(
        &mut self,
        returning: &Query,
        written: &Written,
        affected: RecordBatch,
        text: &Arc<str>,
    ) -> Result<(Arc<[Column]>, Vec<RecordBatch>)> {
        let columns = Arc::clone(&written.table.columns);
        let facts = self.changing(text, Seen { columns, rows: vec![affected] });
        let planned = self.plan_with(returning, text, &[], facts).await?;
        if !planned.parameter_types.is_empty() {
            let message = "a parameter in RETURNING is not supported".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        let columns = Arc::clone(&planned.columns);
        Ok((columns, self.gathered(planned, Vec::new()).await?))
    }

    /// The rows that a statement makes and those that go, checked as far as the session knows.
    async fn make(
        &mut self,
        change: &Change,
        written: &Written,
        text: &Arc<str>,
        parameters: Given<'_>,
    ) -> Result<Made> {
        if let Some(new) = self.plain_rows(change, written, parameters).await? {
            return self.completed_rows(change, Over { written, text, parameters }, new).await;
        }
        let (planned, places) = self.plan_change(change, written, text, parameters.types).await?;
        let batches = match planned {
            Some(planned) => {
                let needed = planned.parameter_types.len();
                let given =
                    parameters.values.get(..needed).ok_or(Error::UndefinedParameter(needed))?;
                self.gathered(planned, given.to_vec()).await?
            }
            None => vec![one_empty_row()?],
        };
        let output = self.settings.meaning().output.clone();
        let own = written.clone();
        if let Change::Delete(_) = change {
            // Much is copied of a large table, which the network's threads have no time for.
            let made = self.engine.plan(move || {
                let target = Target { table: &own.table, rows: &own.rows, output: &output };
                let deleted = target.deleted(&batches);
                let affected =
                    own.rows.take(&deleted).map_err(|refused| target.refused(&refused, None))?;
                let change = rows::Change { deleted, ..rows::Change::default() };
                changed(&target, change, affected)
            });
            return self.unless_cancelled(made).await;
        }
        let is_insert = matches!(change, Change::Insert { .. });
        let shaped = self.engine.plan(move || {
            let target = Target { table: &own.table, rows: &own.rows, output: &output };
            match is_insert {
                true => Ok((Vec::new(), target.inserted(&places, &batches)?)),
                false => target.updated(&places, &batches),
            }
        });
        let (deleted, new) = self.unless_cancelled(shaped).await?;
        if is_insert {
            return self.completed_rows(change, Over { written, text, parameters }, new).await;
        }
        let new = self.completed(written, new, text).await?;
        let output = self.settings.meaning().output.clone();
        let own = written.clone();
        let made = self.engine.plan(move || {
            let target = Target { table: &own.table, rows: &own.rows, output: &output };
            let inserted = (0 < new.num_rows()).then(|| new.clone());
            changed(&target, rows::Change { deleted, inserted, ..rows::Change::default() }, new)
        });
        self.unless_cancelled(made).await
    }

    /// The change that the rows of an INSERT make.
    async fn completed_rows(
        &mut self,
        change: &Change,
        over: Over<'_>,
        new: RecordBatch,
    ) -> Result<Made> {
        let new = self.completed(over.written, new, over.text).await?;
        if let Change::Insert { conflict: Some(conflict), .. } = change {
            return self.unless_conflicting(conflict, over, new).await;
        }
        let inserted = (0 < new.num_rows()).then(|| new.clone());
        let change = rows::Change { inserted, ..rows::Change::default() };
        if over.written.table.is_log {
            // There is no key to look at, and the numbers are the commit's to give.
            let after = (*over.written.rows).clone();
            return Ok(Made { change, after, affected: new });
        }
        let output = self.settings.meaning().output.clone();
        let own = over.written.clone();
        let made = move || {
            let target = Target { table: &own.table, rows: &own.rows, output: &output };
            changed(&target, change, new)
        };
        self.unless_cancelled(self.engine.plan(made)).await
    }

    /// The types of the parameters of such a statement, and the columns it returns.
    pub(super) async fn describe_write(
        &mut self,
        write: &Write,
        refused: &Refused,
        text: &Arc<str>,
        declared: &[u32],
    ) -> Result<(Vec<u32>, Option<Arc<[Column]>>)> {
        let Some(written) = self.written_first(refused) else {
            return Ok((declared.to_vec(), None));
        };
        let plain = super::plain::parameter_types(&write.change, &written, declared);
        let mut parameters = match plain {
            Some(types) => types,
            None => {
                let (planned, _) =
                    self.plan_change(&write.change, &written, text, declared).await?;
                planned.map_or_else(|| declared.to_vec(), |it| it.parameter_types.clone())
            }
        };
        if let Change::Insert { conflict: Some(conflict), .. } = &write.change
            && let Some(update) = &conflict.update
        {
            parameters = self.conflict_parameters(update, &written, text, &parameters).await?;
        }
        let columns = match &write.returning {
            Some(returning) => {
                let columns = Arc::clone(&written.table.columns);
                let facts = self.changing(text, Seen { columns, rows: Vec::new() });
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
        written: &Written,
        text: &Arc<str>,
        declared: &[u32],
    ) -> Result<(Option<Arc<Planned>>, Vec<Place>)> {
        let table = Arc::clone(&written.table);
        match change {
            Change::Delete(rows) => {
                let facts = self.numbered(written, text)?;
                let planned = self.plan_with(rows, text, declared, facts).await?;
                Ok((Some(planned), Vec::new()))
            }
            Change::Update { columns, rows } => {
                let facts = self.numbered(written, text)?;
                let places = Places::of(&table).updated(columns)?;
                let mut rows = rows.clone();
                check_updated(&mut rows, &places)?;
                let (planned, places) =
                    self.plan_assigned(&rows, places, (text, declared), facts).await?;
                Ok((Some(planned), places))
            }
            Change::Insert { columns, overriding, source, .. } => {
                let all = Places::of(&table);
                let mut places = all.inserted(columns)?;
                let Some(source) = source else {
                    let rest = all.defaults(&[])?;
                    if rest.is_empty() {
                        return Ok((None, Vec::new()));
                    }
                    let (places, query) = rest.into_query()?;
                    let facts = self.facts(text);
                    let (planned, places) =
                        self.plan_assigned(&query, places, (text, declared), facts).await?;
                    return Ok((Some(planned), places));
                };
                let mut query = source.clone();
                let facts = self.facts(text);
                // Where the outputs are not the query's own, or stand in an order, a plan tells how many there are.
                let own = outputs(&mut query).first().map(Vec::len);
                let told = match own.filter(|_| casts_within(&mut query)) {
                    Some(_) => None,
                    None => {
                        let facts = Arc::clone(&facts);
                        Some(self.plan_with(&query, text, declared, facts).await?)
                    }
                };
                let given = told.as_ref().map(|told| told.columns.len()).or(own);
                let given = given.unwrap_or_default();
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
                all.override_values(&mut query, &places, *overriding)?;
                let rest = all.defaults(&places)?;
                if !rest.is_empty() {
                    let columns = told.as_ref().map(|told| told.columns.as_ref());
                    places.extend(rest.add_to(&mut query, columns)?);
                }
                let (planned, places) =
                    self.plan_assigned(&query, places, (text, declared), facts).await?;
                Ok((Some(planned), places))
            }
        }
    }

    /// A query whose outputs are assigned to places.
    /// Errors: 42804.
    pub(super) async fn plan_assigned(
        &mut self,
        query: &Query,
        places: Vec<Place>,
        (text, declared): (&Arc<str>, &[u32]),
        facts: Arc<Facts>,
    ) -> Result<(Arc<Planned>, Vec<Place>)> {
        let mut query = Box::new(query.clone());
        for row in outputs(&mut query) {
            for (cell, place) in row.into_iter().zip(&places) {
                if marked(cell) {
                    *cell = place.default()?;
                }
                rewrite::given(cell, &place.sql_type);
            }
        }
        let facts_again = Arc::clone(&facts);
        let mut planned = self.plan_with(&query, text, declared, facts).await?;
        if assign(&mut query, &places, &planned.columns, text)? {
            planned = self.plan_with(&query, text, declared, facts_again).await?;
        }
        Ok((planned, places))
    }

    /// What a statement sees whose rows have numbers.
    pub(super) fn numbered(&mut self, written: &Written, text: &Arc<str>) -> Result<Arc<Facts>> {
        let (columns, rows) = written.rows.numbered(ROW)?;
        Ok(self.changing(text, Seen { columns, rows }))
    }

    /// What a query sees that says which rows of a table change, checks them, or tells of them.
    pub(super) fn changing(&mut self, text: &Arc<str>, target: Seen) -> Arc<Facts> {
        let mut facts = (*self.facts(text)).clone();
        facts.changing = Some(Arc::new(Changing { target, excluded: None }));
        Arc::new(facts)
    }
}

/// The rows after a change.
/// Errors: 23505; 40001.
pub(super) fn changed(
    target: &Target<'_>,
    change: rows::Change,
    affected: RecordBatch,
) -> Result<Made> {
    let after = target.rows.changed(&change);
    let after = after.map_err(|refused| target.refused(&refused, change.inserted.as_ref()))?;
    Ok(Made { change, after, affected })
}

fn outcome(
    tag: &'static str,
    count: usize,
    returned: Option<(Arc<[Column]>, Vec<RecordBatch>)>,
) -> Outcome {
    match returned {
        Some((columns, rows)) => {
            let tag = RowsTag::Counted(if tag == "INSERT" { "INSERT 0" } else { tag });
            Outcome::Rows { columns, rows: stored(rows), tag, binary: false }
        }
        None if tag == "INSERT" => Outcome::Done(format!("INSERT 0 {count}")),
        None => Outcome::Done(format!("{tag} {count}")),
    }
}

/// The places of a table's columns that RETURNING tells and nothing else.
fn plainly(returning: &Query, columns: &SchemaRef) -> Option<Vec<(usize, String)>> {
    let SetExpr::Select(select) = returning.body.as_ref() else { return None };
    let mut places = Vec::new();
    for item in &select.projection {
        let (expr, alias) = match item {
            SelectItem::UnnamedExpr(expr) => (expr, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
            SelectItem::Wildcard(options) if *options == WildcardAdditionalOptions::default() => {
                let all = columns.fields().iter().enumerate();
                places.extend(all.map(|(place, field)| (place, field.name().clone())));
                continue;
            }
            _ => return None,
        };
        let Expr::Identifier(name) = expr else { return None };
        let folded = match name.quote_style {
            Some(_) => name.value.clone(),
            None => name.value.to_lowercase(),
        };
        let place = columns.index_of(&folded).ok()?;
        let alias = alias.map_or(folded, |alias| match alias.quote_style {
            Some(_) => alias.value.clone(),
            None => alias.value.to_lowercase(),
        });
        places.push((place, alias));
    }
    Some(places)
}

/// Columns of rows as an answer.
fn projected(
    table: &Table,
    places: &[(usize, String)],
    rows: &RecordBatch,
) -> Result<(Arc<[Column]>, Vec<RecordBatch>)> {
    let mut columns = Vec::with_capacity(places.len());
    for (place, name) in places {
        let number = table.attributes.get(*place).map_or(0, |attribute| attribute.number);
        columns.push(Column {
            name: name.clone(),
            table_oid: table.ids.relation,
            number,
            pg_type: types::of_field(table.columns.field(*place)),
        });
    }
    let indexes: Vec<usize> = places.iter().map(|(place, _)| *place).collect();
    let rows = rows.project(&indexes).map_err(internal)?;
    Ok((columns.into(), vec![rows]))
}

fn one_empty_row() -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(1));
    let none: SchemaRef = Arc::new(Schema::empty());
    RecordBatch::try_new_with_options(none, Vec::new(), &options).map_err(internal)
}
