//! The session as `wire` sees it.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::prepared::{Bound, Statement};
use super::{PREPARED_LEN_MAX, SqlSession};
use crate::error::{Error, Result};
use crate::pg::decode;
use crate::pg::encode::OutputSettings;
use crate::query::door::{
    Column, Credentials, Door, Function, Login, Notice, Notification, Outcome, Parameter, Parsed,
    Portal, Prepared, Session, TransactionStatus,
};
use crate::query::engine::Engine;
use crate::query::parse;

/// The engine as the accept loop sees it.
pub struct EngineDoor(pub Arc<Engine>);

impl Door for EngineDoor {
    fn credentials(&self, role: &str) -> Result<Option<Credentials>> {
        let generation = self.0.catalog.pin();
        Ok(generation.roles.get(role).map(|role| Credentials {
            verifier: role.verifier.clone(),
            login: role.login,
            valid_until_us: role.valid_until_us,
        }))
    }

    fn has_passwords(&self) -> bool {
        self.0.catalog.pin().roles.values().any(|role| role.verifier.is_some())
    }

    fn open(&self, login: Login) -> Result<Box<dyn Session>> {
        Ok(Box::new(SqlSession::open(&self.0, login)?))
    }
}

impl Session for SqlSession {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        self.settings.reported()
    }

    fn take_parameter_changes(&mut self) -> Vec<(&'static str, String)> {
        if !std::mem::take(&mut self.settings_moved) {
            return Vec::new();
        }
        let now = self.settings.reported();
        let changes = now.iter().filter(|pair| !self.reported.contains(pair)).cloned().collect();
        self.reported = now;
        changes
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn transaction_status(&self) -> TransactionStatus {
        match &self.block {
            None => TransactionStatus::Idle,
            Some(block) if block.failed => TransactionStatus::Failed,
            Some(_) => TransactionStatus::InBlock,
        }
    }

    fn parse(&mut self, sql: &str) -> Result<Vec<Parsed>> {
        let list = self.engine.known.parse(sql, &self.engine.limits, &self.long_names())?;
        self.tell_cut(&list);
        let one = |index| Parsed { statement: Box::new((Arc::clone(&list), index)) };
        Ok((0..list.len()).map(one).collect())
    }

    fn run(&mut self, parsed: Parsed, alone: bool) -> BoxFuture<'_, Result<Outcome>> {
        async move {
            let parsed = parsed
                .statement
                .downcast::<(Arc<[parse::Parsed]>, usize)>()
                .map_err(|_other| Error::Internal("not a statement of ours".to_owned()))?;
            let (list, index) = *parsed;
            let parsed =
                list.get(index).ok_or_else(|| Error::Internal("no such statement".to_owned()))?;
            self.join(!alone, self.engine.clock.now_us());
            let before = parsed.before;
            self.run_parsed(parsed).await.map_err(|error| match error.notes().position {
                // What was looked for in the statement's own text stands behind those before it.
                Some(position) if position <= before => error.at(position + before),
                _ => error,
            })
        }
        .boxed()
    }

    fn prepare(
        &mut self,
        sql: &str,
        parameter_types: &[u32],
    ) -> BoxFuture<'_, Result<Arc<dyn Prepared>>> {
        let parsed = parse::parse_known(sql, &self.engine.limits, &self.long_names());
        self.tell_cut(parsed.as_deref().unwrap_or_default());
        let declared = parameter_types.to_vec();
        async move {
            let mut list = parsed?;
            if 1 < list.len() {
                let message =
                    "cannot insert multiple commands into a prepared statement".to_owned();
                return Err(Error::Syntax(message));
            }
            let parsed = list.pop().unwrap_or_else(|| parse::Parsed {
                before: 0,
                text: String::new(),
                statement: parse::Statement::NoEffect(""),
                long_names: Vec::new(),
            });
            let statement = self.prepare_parsed(parsed, &declared, false).await?;
            Ok(Arc::new(statement) as Arc<dyn Prepared>)
        }
        .boxed()
    }

    fn bind(
        &mut self,
        prepared: &Arc<dyn Prepared>,
        parameters: Vec<Parameter>,
    ) -> BoxFuture<'_, Result<Box<dyn Portal>>> {
        let bound = self.bind_now(prepared, &parameters);
        std::future::ready(bound).boxed()
    }

    fn function(&self, oid: u32) -> Result<Function> {
        if self.transaction_status() == TransactionStatus::Failed {
            return Err(Error::InFailedTransaction);
        }
        let (call, argument_types) = crate::pg::functions::calling(oid)?;
        Ok(Function { call, argument_types })
    }

    fn execute(&mut self, portal: &mut dyn Portal) -> BoxFuture<'_, Result<Outcome>> {
        let bound = portal
            .as_any()
            .downcast_ref::<Bound>()
            .map(|bound| (Arc::clone(&bound.statement), bound.parameters.clone()));
        async move {
            let (statement, parameters) =
                bound.ok_or_else(|| Error::Internal("not a portal of ours".to_owned()))?;
            self.execute_bound(statement, parameters).await
        }
        .boxed()
    }

    fn named(&self, name: &str) -> Option<Arc<dyn Prepared>> {
        self.prepared.get(name).map(|statement| Arc::clone(statement) as Arc<dyn Prepared>)
    }

    fn keep(&mut self, name: &str, prepared: Arc<dyn Prepared>) -> Result<()> {
        let statement = prepared
            .into_any()
            .downcast::<Statement>()
            .map_err(|_other| Error::Internal("not a statement of ours".to_owned()))?;
        self.keep_statement(name, statement)
    }

    fn forget(&mut self, name: &str) {
        self.prepared.remove(name);
    }

    fn cursor_columns(&self, name: &str) -> Option<Vec<Column>> {
        self.cursors.get(name).map(|cursor| cursor.columns.to_vec())
    }

    fn ended(&mut self, failed: bool) {
        self.timer = None;
        if failed {
            drop(self.wishes.take());
            self.undo();
        }
        for signal in self.signals.take() {
            self.send(signal);
        }
        let now_us = self.engine.clock.now_us();
        let state = match &mut self.block {
            Some(block) => {
                block.failed |= failed;
                if block.failed { "idle in transaction (aborted)" } else { "idle in transaction" }
            }
            None => "idle",
        };
        self.presence.update(|row| {
            state.clone_into(&mut row.state);
            row.state_change_us = Some(now_us);
        });
    }

    fn copy_in(&mut self, data: bytes::Bytes) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(SqlSession::copy_in(self, data))
    }

    fn settle(&mut self) -> BoxFuture<'_, Result<()>> {
        async move {
            match self.block {
                // A block waits for its COMMIT.
                Some(_) => Ok(()),
                None => self.settle_draft().await,
            }
        }
        .boxed()
    }

    fn sync(&mut self) {
        self.timer = None;
        self.end_implicit();
    }

    fn arm(&mut self) -> CancellationToken {
        self.token = CancellationToken::new();
        let limit_ms = self.settings.meaning().statement_timeout_ms;
        self.timer = (0 < limit_ms).then(|| {
            self.engine.deadlines.arm(Duration::from_millis(limit_ms), self.token.clone())
        });
        self.token.clone()
    }

    fn output(&self) -> OutputSettings {
        self.settings.meaning().output.clone()
    }

    fn idle_limits_ms(&self) -> (u64, u64) {
        let meaning = self.settings.meaning();
        (meaning.idle_session_timeout_ms, meaning.idle_in_transaction_timeout_ms)
    }

    fn take_notifications(&mut self) -> Vec<Notification> {
        self.arrived()
    }

    fn arrival(&self) -> Arc<tokio::sync::Notify> {
        Arc::clone(&self.mailbox.arrival)
    }
}

impl SqlSession {
    fn bind_now(
        &self,
        prepared: &Arc<dyn Prepared>,
        parameters: &[Parameter],
    ) -> Result<Box<dyn Portal>> {
        let statement = Arc::clone(prepared)
            .into_any()
            .downcast::<Statement>()
            .map_err(|_other| Error::Internal("not a statement of ours".to_owned()))?;
        let expected = statement.parameter_types.len();
        if expected != parameters.len() {
            return Err(Error::Protocol(format!(
                "bind message supplies {} parameters, but prepared statement \"\" requires {expected}",
                parameters.len()
            )));
        }
        let output = self.reading();
        let mut values = Vec::with_capacity(parameters.len());
        for (parameter, oid) in parameters.iter().zip(&statement.parameter_types) {
            values.push(match parameter.value.as_deref() {
                Some(bytes) => decode::parameter(*oid, parameter.binary, bytes, &output)?,
                None => decode::null(*oid),
            });
        }
        let columns = self.columns_now(&statement);
        Ok(Box::new(Bound { statement, parameters: values, columns }))
    }

    /// Keeps a statement under a name.
    /// Errors: 42P05 when it is taken, 54000 past the limit.
    pub(super) fn keep_statement(&mut self, name: &str, statement: Arc<Statement>) -> Result<()> {
        if self.prepared.contains_key(name) {
            return Err(Error::DuplicatePreparedStatement(name.to_owned()));
        }
        if PREPARED_LEN_MAX <= self.prepared.len() {
            return Err(Error::ProgramLimitExceeded("too many prepared statements".to_owned()));
        }
        self.prepared.insert(name.to_owned(), statement);
        Ok(())
    }
}
