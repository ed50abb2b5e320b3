//! The arguments of EXECUTE, and of calls that run outside a plan.

use std::sync::Arc;

use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, SetExpr, Spanned};
use futures::StreamExt;

use super::SqlSession;
use super::prepared::Statement;
use crate::error::{Error, Place, Result};
use crate::pg::{decode, rewrite, types};
use crate::query::failure;
use crate::query::parse::{self, Limits};
use crate::query::plan::Planned;

impl SqlSession {
    /// The prepared statement `name` with the values of its parameters, which stand in `text`.
    /// Errors: 26000 for none of that name; 42601 for another number of arguments; 42804 for one of a type that is not
    /// assigned to that of its parameter.
    pub(super) async fn bind_sql(
        &mut self,
        name: &str,
        arguments: &[Expr],
        text: &Arc<str>,
    ) -> Result<(Arc<Statement>, Vec<ScalarValue>)> {
        let statement = self
            .prepared
            .get(name)
            .cloned()
            .ok_or_else(|| Error::UndefinedPreparedStatement(name.to_owned()))?;
        let expected = statement.parameter_types.len();
        if expected != arguments.len() {
            return Err(Error::Syntax(format!(
                "wrong number of parameters for prepared statement \"{name}\""
            ))
            .detail(format!("Expected {expected} parameters but got {}.", arguments.len())));
        }
        if arguments.is_empty() {
            return Ok((statement, Vec::new()));
        }
        let mut assigned = arguments.to_vec();
        let mut planned = self.plan_constants(assigned.clone(), text).await?;
        if let Some(parameter) = planned.parameter_types.len().checked_sub(1) {
            return Err(Error::UndefinedParameter(parameter + 1));
        }
        let mut number = 0;
        for ((argument, column), wanted) in
            assigned.iter_mut().zip(planned.columns.iter()).zip(&statement.parameter_types)
        {
            number += 1;
            if !rewrite::assigned(argument, column.pg_type.oid, *wanted) {
                return Err(unassignable(number, argument, column.pg_type.oid, *wanted, text));
            }
        }
        if assigned != arguments {
            planned = self.plan_constants(assigned, text).await?;
        }
        let values = self.run_constants(planned, &[]).await?;
        let output = self.reading();
        let mut parameters = Vec::with_capacity(values.len());
        for (value, oid) in values.into_iter().zip(&statement.parameter_types) {
            parameters.push(match &value {
                // A literal without a type becomes what the parameter is.
                ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
                    decode::parameter(*oid, false, text.as_bytes(), &output)
                        .map_err(|error| error.near(Place::Constant(text.clone())))?
                }
                ScalarValue::Null | ScalarValue::Utf8(None) => decode::null(*oid),
                _ => value,
            });
        }
        Ok((statement, parameters))
    }

    /// The values of constant expressions of `text`, with `parameters` for their placeholders.
    pub(super) async fn constants(
        &mut self,
        expressions: Vec<Expr>,
        text: &Arc<str>,
        parameters: &[ScalarValue],
    ) -> Result<Vec<ScalarValue>> {
        if expressions.is_empty() {
            return Ok(Vec::new());
        }
        let planned = self.plan_constants(expressions, text).await?;
        self.run_constants(planned, parameters).await
    }

    /// A query of the expressions, which stay as they were parsed: errors tell their places in `text`.
    async fn plan_constants(
        &mut self,
        expressions: Vec<Expr>,
        text: &Arc<str>,
    ) -> Result<Arc<Planned>> {
        let limits = Limits { text_bytes_max: usize::MAX };
        let Some(parse::Statement::Query(mut query)) =
            parse::parse("SELECT NULL", &limits)?.pop().map(|parsed| parsed.statement)
        else {
            return Err(Error::Internal("a query is none".to_owned()));
        };
        if let SetExpr::Select(select) = query.body.as_mut() {
            let named = |(index, expr): (usize, Expr)| SelectItem::ExprWithAlias {
                expr,
                alias: Ident::new(format!("_{index}")),
            };
            select.projection = expressions.into_iter().enumerate().map(named).collect();
        }
        self.plan(&query, text, &[]).await
    }

    async fn run_constants(
        &mut self,
        planned: Arc<Planned>,
        parameters: &[ScalarValue],
    ) -> Result<Vec<ScalarValue>> {
        let needed = planned.parameter_types.len();
        let given = parameters.get(..needed).ok_or(Error::UndefinedParameter(needed))?.to_vec();
        let sql = Arc::clone(&planned.sql);
        let (_, mut rows) = self.open_rows(planned, given).await?;
        let Some(batch) = rows.next().await else { return Ok(Vec::new()) };
        batch?
            .columns()
            .iter()
            .map(|column| {
                ScalarValue::try_from_array(column, 0).map_err(|error| failure::of(error, &sql))
            })
            .collect()
    }
}

fn unassignable(number: usize, argument: &Expr, source: u32, target: u32, text: &str) -> Error {
    let (source, target) = (types::sql_name(source), types::sql_name(target));
    let message = format!(
        "parameter ${number} of type {source} cannot be coerced to the expected type {target}"
    );
    let error =
        Error::DatatypeMismatch(message).hint("You will need to rewrite or cast the expression.");
    let place = argument.span().start;
    if place.line == 0 { error } else { error.at(parse::position(text, place)) }
}
