//! Prepared statements, of the protocol and of SQL: one set of names, as in PostgreSQL.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::scalar::ScalarValue;

use super::SqlSession;
use crate::error::{Error, Result};
use crate::pg::{rewrite, types};
use crate::query::door;
use crate::query::door::Column;
use crate::query::kept::Slot;
use crate::query::parse::{self, Parsed};
use crate::query::plan::Planned;
use crate::query::run::{explained_column, text_column};

/// A statement that may run many times.
pub(super) struct Statement {
    pub(super) text: Arc<str>,
    pub(super) parsed: parse::Statement,
    /// The newest plan of a query; replaced when what it depends on changes.
    planned: Arc<Slot>,
    /// What the client said of the parameters.
    declared: Vec<u32>,
    pub(super) parameter_types: Vec<u32>,
    pub(super) columns: Option<Arc<[Column]>>,
    pub(super) prepared_at_us: i64,
    pub(super) from_sql: bool,
}

impl door::Prepared for Statement {
    fn parameter_types(&self) -> &[u32] {
        &self.parameter_types
    }

    fn columns(&self) -> Option<&[Column]> {
        self.columns.as_deref()
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// A statement with its parameters.
pub(super) struct Bound {
    pub(super) statement: Arc<Statement>,
    pub(super) parameters: Vec<ScalarValue>,
    /// Those of its statement, or of what that names by now.
    pub(super) columns: Option<Arc<[Column]>>,
}

impl door::Portal for Bound {
    fn columns(&self) -> Option<&[Column]> {
        self.columns.as_deref()
    }

    fn as_any(&mut self) -> &mut (dyn Any + Send) {
        self
    }
}

impl SqlSession {
    /// Plans a parsed statement as far as it can be before it runs.
    pub(super) async fn prepare_parsed(
        &mut self,
        parsed: Parsed,
        declared: &[u32],
        from_sql: bool,
    ) -> Result<Statement> {
        let text: Arc<str> = parsed.text.into();
        let mut statement = Statement {
            text: Arc::clone(&text),
            parsed: parsed.statement,
            planned: self.engine.kept.slot(),
            declared: declared.to_vec(),
            parameter_types: declared.to_vec(),
            columns: None,
            prepared_at_us: self.engine.clock.now_us(),
            from_sql,
        };
        let failed = self.block.as_ref().is_some_and(|block| block.failed);
        if failed && !statement.parsed.ends_transaction() {
            return Err(Error::InFailedTransaction);
        }
        match &statement.parsed {
            parse::Statement::Query(query) => {
                let planned = self.plan(query, &text, declared).await?;
                statement.parameter_types = planned.parameter_types.clone();
                statement.columns = Some(Arc::clone(&planned.columns));
                statement.planned.set(planned);
            }
            parse::Statement::Copy { query, table, .. } => {
                let planned = self.plan_copy(query, table.as_ref(), &text, declared).await?;
                statement.parameter_types = planned.parameter_types.clone();
                statement.planned.set(planned);
            }
            parse::Statement::Explain { query, options } => {
                let planned = self.plan(query, &text, declared).await?;
                statement.parameter_types = planned.parameter_types.clone();
                statement.columns = Some([explained_column(options)].into());
            }
            parse::Statement::Declare { query, .. } => {
                let planned = self.plan(query, &text, declared).await?;
                statement.parameter_types = planned.parameter_types.clone();
            }
            parse::Statement::Write { write: Ok(write), refused }
                if self.written_first(refused).is_some() =>
            {
                let told = self.describe_write(write, refused, &text, declared).await?;
                (statement.parameter_types, statement.columns) = told;
            }
            other => {
                statement.columns = self.utility_columns(other)?;
                statement.parameter_types = unplanned_parameters(other, declared);
            }
        }
        Ok(statement)
    }

    /// The plan of a prepared query for now: the kept one, or a new one when the catalog or the settings it depends
    /// on moved.
    /// Errors: 0A000 when the result's types changed since the client was told of them.
    pub(super) async fn current_plan(
        &mut self,
        statement: &Arc<Statement>,
    ) -> Result<Arc<Planned>> {
        let basis = self.basis();
        if let Some(planned) = statement.planned.get().filter(|planned| planned.may_run(&basis)) {
            return Ok(planned);
        }
        let facts = self.facts(&statement.text);
        let (parse::Statement::Query(query)
        | parse::Statement::Copy { query, .. }
        | parse::Statement::Explain { query, .. }
        | parse::Statement::Declare { query, .. }) = &statement.parsed
        else {
            return Err(Error::Internal("a statement without a query was planned".to_owned()));
        };
        let planned = self.plan_with(query, &statement.text, &statement.declared, facts).await?;
        let same = statement.columns.as_ref().is_none_or(|columns| {
            !matches!(statement.parsed, parse::Statement::Query(_))
                || columns.len() == planned.columns.len()
                    && columns.iter().zip(planned.columns.iter()).all(|(old, new)| {
                        old.pg_type.oid == new.pg_type.oid && old.name == new.name
                    })
        });
        if !same {
            return Err(Error::CachedPlanChanged);
        }
        statement.planned.set(Arc::clone(&planned));
        Ok(planned)
    }

    /// The columns of a statement that is no query.
    fn utility_columns(&mut self, statement: &parse::Statement) -> Result<Option<Arc<[Column]>>> {
        Ok(match statement {
            parse::Statement::Show(Some(name)) => {
                Some([text_column(&crate::query::settings::spelling(name))].into())
            }
            parse::Statement::Show(None) => {
                Some(["name", "setting", "description"].map(text_column).into())
            }
            // Without the cursor there is nothing to describe; only running it fails.
            parse::Statement::Fetch { .. } => self.named_columns(statement),
            parse::Statement::ExplainExecute { options, .. } => {
                Some([explained_column(options)].into())
            }
            parse::Statement::Execute { name, .. } => {
                if !self.prepared.contains_key(name) {
                    return Err(Error::UndefinedPreparedStatement(name.clone()));
                }
                self.named_columns(statement)
            }
            parse::Statement::Subscribe { subscription, to: parse::Subscriber::Client } => {
                Some(self.subscribed_columns(subscription)?)
            }
            parse::Statement::Call(call) => Some(self.call_columns(call)?.into()),
            _ => None,
        })
    }

    /// The columns of the cursor or the statement that FETCH or EXECUTE names, which may be another each time.
    fn named_columns(&self, statement: &parse::Statement) -> Option<Arc<[Column]>> {
        match statement {
            parse::Statement::Fetch { name, is_move: false, .. } => {
                self.cursors.get(name).map(|cursor| Arc::clone(&cursor.columns))
            }
            parse::Statement::Execute { name, .. } => self.prepared.get(name)?.columns.clone(),
            _ => None,
        }
    }

    /// The columns of the rows that `statement` gives when it is run now.
    pub(super) fn columns_now(&self, statement: &Statement) -> Option<Arc<[Column]>> {
        match statement.parsed {
            parse::Statement::Fetch { .. } | parse::Statement::Execute { .. } => {
                self.named_columns(&statement.parsed)
            }
            _ => statement.columns.clone(),
        }
    }
}

/// The types of the parameters of what is not planned: the client's; in the arguments of a call those the function
/// takes; else text.
fn unplanned_parameters(statement: &parse::Statement, declared: &[u32]) -> Vec<u32> {
    let mut told = BTreeMap::new();
    let count = match statement {
        parse::Statement::Call(call) => {
            if call.schema == "pg_catalog" {
                told = rewrite::call_parameters(&call.function, &call.arguments);
            }
            let numbers = call.arguments.iter().filter_map(|argument| {
                argument.to_string().strip_prefix('$')?.parse::<usize>().ok()
            });
            numbers.max().unwrap_or(0)
        }
        parse::Statement::Refused(refused) | parse::Statement::Write { refused, .. } => {
            refused.parameters
        }
        _ => return declared.to_vec(),
    };
    (0..count.max(declared.len()))
        .map(|index| {
            let own = declared.get(index).copied().filter(|oid| *oid != 0);
            own.or_else(|| told.remove(&(index + 1))).unwrap_or(types::TEXT)
        })
        .collect()
}
