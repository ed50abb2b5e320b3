//! SELECT … FOR UPDATE of tables that users write (PostgreSQL manual, SELECT, "The Locking Clause"): the rows are locked
//! until the end of the transaction, and are read as they are then. Rows of versions never change: there is nothing to lock.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, LimitClause, NonBlock, ObjectName, ObjectNamePart, Query, SelectItem, SetExpr,
    TableAlias, TableFactor, Value, Visit, Visitor,
};

use super::SqlSession;
use super::changed::Target;
use super::write::Given;
use super::written::Written;
use crate::catalog::roles::Privilege;
use crate::error::{Error, Result};
use crate::pg::facts::{CHANGING, Facts, ROW, Seen};
use crate::query::plan::Planned;

impl SqlSession {
    /// The plan of a query that locks rows, and the rows locked; `None` for any other.
    /// Errors: 0A000 for a join with a table that users write; 25006, 42501; 55P03, 40P01, 57014; those of the query.
    pub(super) async fn plan_locked(
        &mut self,
        query: &Query,
        text: &Arc<str>,
        given: Given<'_>,
    ) -> Result<Option<Arc<Planned>>> {
        // Outside of a block the locks would end with the statement.
        if query.locks.is_empty() || !self.deferred() {
            return Ok(None);
        }
        let Some((schema, name)) = self.locked_table(query)? else { return Ok(None) };
        loop {
            let Some(written) = self.written(schema.as_deref(), &name) else { return Ok(None) };
            if written.schema.is_none() {
                return Ok(None);
            }
            let tag = "SELECT FOR UPDATE";
            self.may_write(&written, tag, &[Privilege::Select, Privilege::Update])?;
            let Some(found) = self.lock_found(query, &written, text, given).await? else {
                self.see_committed();
                continue;
            };
            let output = self.settings.meaning().output.clone();
            let rows = written.rows.take(&found).map_err(|refused| {
                Target { table: &written.table, rows: &written.rows, output: &output }
                    .refused(&refused, None)
            })?;
            let columns = Arc::clone(&written.table.columns);
            let facts = self.changing(text, Seen { columns, rows: vec![rows] });
            let mut own = query.clone();
            mark(&mut own);
            own.locks.clear();
            // They are those that the limit left.
            own.limit_clause = None;
            own.fetch = None;
            return self.plan_with(&own, text, given.types, facts).await.map(Some);
        }
    }

    /// Takes the rows that a query finds; `None` when another session held one of them, and they may be others now.
    async fn lock_found(
        &mut self,
        query: &Query,
        written: &Written,
        text: &Arc<str>,
        given: Given<'_>,
    ) -> Result<Option<Vec<i64>>> {
        let policy = query.locks.iter().find_map(|lock| lock.nonblock);
        let skips = policy == Some(NonBlock::SkipLocked);
        let limit = match (skips, &query.limit_clause) {
            (false, _) | (true, None) => None,
            (true, Some(clause)) => Some(limit_of(clause, given.values)?),
        };
        let numbers = self.found(query, written, (text, given), skips).await?;
        let (pid, table) = (self.login.pid, written.table.ids.relation);
        let engine = Arc::clone(&self.engine);
        if skips {
            let mut free = Vec::new();
            for number in numbers {
                if limit.is_some_and(|limit| limit <= free.len()) {
                    break;
                }
                if engine.row_locks.take(pid, table, &[number]).is_none() {
                    free.push(number);
                }
            }
            return Ok(Some(free));
        }
        if policy == Some(NonBlock::Nowait) {
            if engine.row_locks.take(pid, table, &numbers).is_some() {
                let name = &written.table.name;
                let message = format!("could not obtain lock on row in relation \"{name}\"");
                return Err(Error::RowNotAvailable(message));
            }
            return Ok(Some(numbers));
        }
        match self.waited_for_rows(written, &numbers).await? {
            true => Ok(None),
            false => Ok(Some(numbers)),
        }
    }

    /// The numbers of the rows that a query finds, in its order.
    async fn found(
        &mut self,
        query: &Query,
        written: &Written,
        (text, given): (&Arc<str>, Given<'_>),
        without_limit: bool,
    ) -> Result<Vec<i64>> {
        let mut own = query.clone();
        let alias = mark(&mut own);
        own.locks.clear();
        if without_limit {
            own.limit_clause = None;
            own.fetch = None;
        }
        if let (SetExpr::Select(select), Some(alias)) = (own.body.as_mut(), alias) {
            let number = Expr::CompoundIdentifier(vec![alias, Ident::with_quote('"', ROW)]);
            // `*` would have it too.
            select.projection.retain(|item| {
                !matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
            });
            select.projection.push(SelectItem::UnnamedExpr(number));
        }
        let facts: Arc<Facts> = self.numbered(written, text)?;
        let planned = self.plan_with(&own, text, given.types, facts).await?;
        let needed = planned.parameter_types.len();
        let values = given.values.get(..needed).ok_or(Error::UndefinedParameter(needed))?;
        let batches = self.gathered(planned, values.to_vec()).await?;
        let numbers = batches.iter().filter_map(|batch| batch.columns().last());
        Ok(numbers.flat_map(|it| it.as_primitive::<Int64Type>().values().to_vec()).collect())
    }

    /// The one table of FROM, if users write it.
    /// Errors: 0A000 where it stands beside others, or beneath.
    pub(super) fn locked_table(
        &mut self,
        query: &Query,
    ) -> Result<Option<(Option<String>, String)>> {
        let SetExpr::Select(select) = query.body.as_ref() else { return Ok(None) };
        let mut names = Names(Vec::new());
        // The visitor never breaks.
        let _done = select.from.visit(&mut names);
        let facts = self.facts("");
        let mut written = names
            .0
            .into_iter()
            .filter(|(schema, name)| facts.written(schema.as_deref(), name).is_some());
        let Some(found) = written.next() else { return Ok(None) };
        let alone = match select.from.as_slice() {
            [only] => only.joins.is_empty() && matches!(only.relation, TableFactor::Table { .. }),
            _ => false,
        };
        match alone {
            true => Ok(Some(found)),
            false => Err(Error::FeatureNotSupported(
                "FOR UPDATE and FOR SHARE of a join with a table that is written are not supported"
                    .to_owned(),
            )),
        }
    }
}

/// Marks the table of a query as the one whose rows are meant. Returns what it goes by.
fn mark(query: &mut Query) -> Option<Ident> {
    let SetExpr::Select(select) = query.body.as_mut() else { return None };
    let TableFactor::Table { name, alias, .. } = &mut select.from.first_mut()?.relation else {
        return None;
    };
    let ObjectNamePart::Identifier(last) = name.0.last_mut()? else { return None };
    let own = last.clone();
    let folded = folded(last);
    *last = Ident::with_quote('"', format!("{folded}{CHANGING}"));
    let called = alias.get_or_insert_with(|| TableAlias {
        explicit: true,
        name: own,
        columns: Vec::new(),
        at: None,
    });
    Some(called.name.clone())
}

fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

/// How many rows a LIMIT leaves.
/// Errors: 0A000 for what is no number, and for OFFSET.
fn limit_of(clause: &LimitClause, parameters: &[ScalarValue]) -> Result<usize> {
    let refused = || {
        let message = "this LIMIT beside SKIP LOCKED is not supported".to_owned();
        Error::FeatureNotSupported(message)
    };
    let LimitClause::LimitOffset { limit: Some(limit), offset: None, .. } = clause else {
        return Err(refused());
    };
    let Expr::Value(value) = limit else { return Err(refused()) };
    match &value.value {
        Value::Number(number, _) => number.parse().map_err(|_long| refused()),
        Value::Placeholder(name) => {
            let at = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
            let value = at.and_then(|at| parameters.get(at.checked_sub(1)?));
            match value.and_then(|value| value.cast_to(&arrow::datatypes::DataType::Int64).ok()) {
                Some(ScalarValue::Int64(Some(number))) => {
                    usize::try_from(number).map_err(|_negative| refused())
                }
                _ => Err(refused()),
            }
        }
        _ => Err(refused()),
    }
}

/// The names of tables, with their schemas.
struct Names(Vec<(Option<String>, String)>);

impl Visitor for Names {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let mut parts: Vec<String> = name
            .0
            .iter()
            .filter_map(|part| match part {
                ObjectNamePart::Identifier(ident) => Some(folded(ident)),
                ObjectNamePart::Function(_) => None,
            })
            .collect();
        if let Some(name) = parts.pop() {
            self.0.push((parts.pop(), name));
        }
        ControlFlow::Continue(())
    }
}
