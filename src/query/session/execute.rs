//! Runs statements: one line per kind, the work in the file of its noun.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{Expr, Query};
use futures::StreamExt;

use super::SqlSession;
use super::between;
use super::copied;
use super::cursor::Declaration;
use super::prepared::Statement;
use super::write::Given;
use crate::error::{Error, Place, Result};
use crate::pg::catalog::settings::boolean;
use crate::pg::facts::Facts;
use crate::pg::rewrite;
use crate::query::deadline::Timer;
use crate::query::door::{Column, Outcome, RowStream, RowsTag};
use crate::query::parse::{self, Call, CopiedTable, Discard};
use crate::query::plan::{self, Planned};
use crate::query::run::{self, Running, columns_of, stored, text_rows};
use crate::query::{failure, settings, system};

/// How long `pg_sleep` may sleep; PostgreSQL has no limit but its type's.
const SLEEP_SECONDS_MAX: f64 = 1e9;

impl SqlSession {
    /// One statement of a simple query.
    pub(super) async fn run_parsed(&mut self, parsed: &parse::Parsed) -> Result<Outcome> {
        let text: Arc<str> = parsed.text.as_str().into();
        self.starting(&text, &parsed.statement)?;
        match &parsed.statement {
            parse::Statement::Query(query) => {
                if let Some(number) = self.next_alone(query).await? {
                    return Ok(number);
                }
                let locked = self.plan_locked(query, &text, Given::default()).await?;
                let planned = match locked {
                    Some(planned) => planned,
                    None => self.plan(query, &text, &[]).await?,
                };
                // A simple query has no way to give a parameter.
                match planned.parameter_types.len() {
                    0 => self.start(planned, Vec::new()).await,
                    number => Err(failure::placed(
                        Error::UndefinedParameter(number).near(Place::Word(format!("${number}"))),
                        &text,
                    )),
                }
            }
            other => self.utility(other, &text, &[]).await,
        }
    }

    /// A bound statement of the extended protocol.
    pub(super) async fn execute_bound(
        &mut self,
        statement: Arc<Statement>,
        parameters: Vec<ScalarValue>,
    ) -> Result<Outcome> {
        self.starting(&statement.text, &statement.parsed)?;
        match &statement.parsed {
            parse::Statement::Query(query) => {
                if let Some(number) = self.next_alone(query).await? {
                    return Ok(number);
                }
                let given = Given { values: &parameters, types: &statement.parameter_types };
                let planned = match self.plan_locked(query, &statement.text, given).await? {
                    Some(planned) => planned,
                    None => self.current_plan(&statement).await?,
                };
                self.start(planned, parameters).await
            }
            parse::Statement::Write { write, refused } => {
                let given = Given { values: &parameters, types: &statement.parameter_types };
                self.write(write, refused, &statement.text, given).await
            }
            other => {
                let text = Arc::clone(&statement.text);
                self.utility(other, &text, &parameters).await
            }
        }
    }

    /// Errors: 25P02 in a block that failed.
    fn starting(&mut self, text: &Arc<str>, statement: &parse::Statement) -> Result<()> {
        let now_us = self.engine.clock.now_us();
        self.join(false, now_us);
        for wish in self.wishes.take() {
            if self.block.is_some() || !wish.local {
                self.set(&wish.name, wish.value.as_deref(), wish.local)?;
            }
        }
        if let Some(block) = &mut self.block {
            if block.failed && !statement.ends_transaction() {
                return Err(Error::InFailedTransaction);
            }
            block.used |= matches!(
                statement,
                parse::Statement::Query(_)
                    | parse::Statement::Copy { .. }
                    | parse::Statement::Declare { .. }
            );
        }
        self.see_committed();
        let secret = matches!(statement, parse::Statement::Role(_));
        self.presence.update(|row| {
            "active".clone_into(&mut row.state);
            row.query_start_us = Some(now_us);
            row.state_change_us = Some(now_us);
            // Passwords stand in role statements.
            row.query = if secret { "<role statement>".into() } else { Arc::clone(text) };
        });
        Ok(())
    }

    async fn utility(
        &mut self,
        statement: &parse::Statement,
        text: &Arc<str>,
        parameters: &[ScalarValue],
    ) -> Result<Outcome> {
        use parse::Statement as S;
        let done = |tag: &str| Ok(Outcome::Done(tag.to_owned()));
        match statement {
            S::Query(query) => {
                let planned = self.plan(query, text, &[]).await?;
                self.start(planned, parameters.to_vec()).await
            }
            S::Explain { options, query } => self.explain(options, query, text, parameters).await,
            S::ExplainExecute { options, name, arguments } => {
                self.explain_execute(options, name, arguments, text).await
            }
            S::Begin { modes, tag } => self.begin(modes).and_then(|()| done(tag)),
            S::Commit { chain } => self.commit(*chain).await.map(Outcome::Done),
            S::Rollback { chain } => self.rollback(*chain).map(Outcome::Done),
            S::Savepoint(name) => self.savepoint(name.clone()).and_then(|()| done("SAVEPOINT")),
            S::RollbackTo(name) => self.rollback_to(name).and_then(|()| done("ROLLBACK")),
            S::Release(name) => self.release(name).and_then(|()| done("RELEASE")),
            S::SetTransaction(modes) => {
                if self.in_block_or_warn() {
                    self.set_modes(modes)?;
                }
                done("SET")
            }
            S::SetSnapshot(name) => self.import_snapshot(name).and_then(|()| done("SET")),
            S::SetCharacteristics(modes) => {
                self.set_characteristics(modes).and_then(|()| done("SET"))
            }
            S::Set { name, value, local } => {
                self.set(name, value.as_deref(), *local).and_then(|()| done("SET"))
            }
            S::Reset(name) => self.reset(name.as_deref()).and_then(|()| done("RESET")),
            S::Show(name) => self.show(name.as_deref()),
            S::Discard(what) => self.discard(*what).map(Outcome::Done),
            S::Prepare { name, types, query } => {
                let prepared = self.sql_prepare(name, types, query, text).await;
                let statement = prepared.map_err(|error| failure::placed(error, text))?;
                self.keep_statement(name, Arc::new(statement))?;
                done("PREPARE")
            }
            S::Execute { name, arguments } => {
                let done = self.sql_execute(name, arguments, text).await;
                done.map_err(|error| failure::placed(error, text))
            }
            S::Deallocate(name) => self.deallocate(name.as_deref()).map(Outcome::Done),
            S::Declare { name, binary, scroll, hold, query } => {
                let declaration = Declaration {
                    name: name.clone(),
                    binary: *binary,
                    scroll: *scroll,
                    hold: *hold,
                    text: text.to_string(),
                };
                self.check_declaration(&declaration)?;
                let planned = self.plan(query, text, &[]).await?;
                let (columns, rows) = self.open_rows(planned, parameters.to_vec()).await?;
                self.declare(declaration, columns, rows)?;
                done("DECLARE CURSOR")
            }
            S::Fetch { name, direction, is_move, timeout_ms } => {
                self.fetch(name, *direction, (*is_move, *timeout_ms)).await
            }
            S::Close(name) => {
                let tag = if name.is_none() { "CLOSE CURSOR ALL" } else { "CLOSE CURSOR" };
                self.close_cursor(name.as_deref()).and_then(|()| done(tag))
            }
            S::Subscribe { subscription, to } => self.subscribe(subscription, to, text),
            S::Copy { query, table, format, force_quote } => {
                let planned = self.plan_copy(query, table.as_ref(), text, &[]).await?;
                let (columns, rows) = self.open_rows(planned, parameters.to_vec()).await?;
                let format = copied::force(format, force_quote, &columns, table.as_ref())?;
                Ok(Outcome::CopyOut { columns, rows, format })
            }
            S::CopyFrom(from) => self.begin_copy(from, text).await,
            S::Call(call) => self.call(call, text, parameters).await,
            S::Post(post) => {
                let tag = post.tag();
                self.post(post.clone()).and_then(|()| done(tag))
            }
            S::Lock { tables, excludes_writers } => {
                let locked = self.lock_tables(tables, *excludes_writers, text).await;
                locked.and_then(|()| done("LOCK TABLE"))
            }
            S::Maintain { tag, tables } => {
                self.maintain(tag, tables, text).await.and_then(|()| done(tag))
            }
            S::Role(role) => self.role_statement(role).await.map(Outcome::Done),
            S::Access(access) => self.grant_or_revoke(access).await.map(Outcome::Done),
            S::DefaultAccess(access) => self.default_access(access).await.map(Outcome::Done),
            S::CreateTable(definition) => self.create_table(definition, text).await,
            S::CreateView(definition) => {
                self.create_view(definition, text).await.map(Outcome::Done)
            }
            S::CreateIndex { definition, relation } => {
                let created = self.create_index(definition, relation, text).await;
                created.and_then(|()| done("CREATE INDEX"))
            }
            S::RenameIndex { schema, name, to, if_exists } => {
                let renamed = self.rename_index(schema.as_deref(), name, to, *if_exists).await;
                renamed.and_then(|()| done("ALTER INDEX"))
            }
            S::AlterTable { actions, refused } => self.alter_table(actions, refused, text).await,
            S::CreateSequence(definition) => {
                self.create_sequence(definition).await.and_then(|()| done("CREATE SEQUENCE"))
            }
            S::AlterSequence(alteration) => {
                self.alter_sequence(alteration).await.and_then(|()| done("ALTER SEQUENCE"))
            }
            S::Schema(schema) => {
                self.schema_statement(schema).await.and_then(|()| done(statement.word()))
            }
            S::Comment { on, text } => {
                self.comment(on, text.as_ref()).await.and_then(|()| done("COMMENT"))
            }
            S::Drop(drop) => self.drop_defined(drop).await.and_then(|()| done(drop.tag)),
            S::Write { write, refused } => {
                self.write(write, refused, text, Given { values: parameters, types: &[] }).await
            }
            S::Refused(refused) => match self.change_written(refused, text).await? {
                Some(done) => Ok(done),
                None => self.refuse(refused, text).await,
            },
            S::NoEffect("") => Ok(Outcome::Empty),
            S::NoEffect(tag) => done(tag),
        }
    }

    // ---- queries

    /// Plans a query for now.
    pub(super) async fn plan(
        &mut self,
        query: &Query,
        text: &Arc<str>,
        declared: &[u32],
    ) -> Result<Arc<Planned>> {
        let facts = self.facts(text);
        self.plan_with(query, text, declared, facts).await
    }

    /// The plan of what COPY reads.
    pub(super) async fn plan_copy(
        &mut self,
        query: &Query,
        table: Option<&CopiedTable>,
        text: &Arc<str>,
        declared: &[u32],
    ) -> Result<Arc<Planned>> {
        let facts = self.facts(text);
        let Some(table) = table else {
            return self.plan_with(query, text, declared, facts).await;
        };
        let facts = self.indexed(facts).await?;
        copied::check(table, &facts)?;
        self.plan_with(query, text, declared, facts).await.map_err(Error::nowhere)
    }

    pub(super) async fn plan_with(
        &self,
        query: &Query,
        text: &Arc<str>,
        declared: &[u32],
        facts: Arc<Facts>,
    ) -> Result<Arc<Planned>> {
        let engine = Arc::clone(&self.engine);
        let (query, text, declared) = (query.clone(), Arc::clone(text), declared.to_vec());
        let plan = self.engine.plan(move || plan::query(&engine, &facts, &text, &query, &declared));
        Ok(Arc::new(self.unless_cancelled(plan).await?))
    }

    /// Starts a planned query.
    async fn start(
        &mut self,
        planned: Arc<Planned>,
        parameters: Vec<ScalarValue>,
    ) -> Result<Outcome> {
        let (columns, rows) = self.open_rows(planned, parameters).await?;
        Ok(Outcome::Rows { columns, rows, tag: RowsTag::Counted("SELECT"), binary: false })
    }

    pub(super) async fn open_rows(
        &mut self,
        planned: Arc<Planned>,
        parameters: Vec<ScalarValue>,
    ) -> Result<(Arc<[Column]>, RowStream)> {
        if let (true, Some(constant)) = (parameters.is_empty(), planned.constant()) {
            return Ok((Arc::clone(&planned.columns), stored(vec![constant])));
        }
        let physical = self.physical(&planned, parameters).await?;
        let state = self.engine.state(&planned.basis.time_zone);
        let context = self.engine.context(&state, &self.token);
        let running = Running {
            reads: planned.reads.clone(),
            sql: Arc::clone(&planned.sql),
            cancel: self.token.clone(),
        };
        if planned.keeps(&physical)
            && let Some(constant) = run::constant(&physical, &context)
        {
            planned.set_constant(constant.clone());
            return Ok((Arc::clone(&planned.columns), stored(vec![constant])));
        }
        let rows = run::rows(&self.engine, physical, context, running)?;
        self.note_versions(planned.versions());
        Ok((Arc::clone(&planned.columns), self.stoppable(rows)))
    }

    pub(super) async fn physical(
        &mut self,
        planned: &Arc<Planned>,
        parameters: Vec<ScalarValue>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let newest = self.engine.catalog.pin();
        crate::query::privilege::check(&newest, &self.user, &planned.reads)?;
        if let Some(kept) = parameters.is_empty().then(|| planned.ready()).flatten() {
            return Ok(kept);
        }
        let (engine, planned) = (Arc::clone(&self.engine), Arc::clone(planned));
        let plan = self.engine.plan(move || planned.physical(&engine, parameters));
        self.unless_cancelled(plan).await
    }

    /// Waits for `work`, at most until the statement is cancelled.
    pub(super) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => Err(self.cancelled()),
            done = work => done,
        }
    }

    fn cancelled(&self) -> Error {
        let expired = self.timer.as_ref().is_some_and(Timer::expired);
        Error::QueryCanceled(if expired { "statement timeout" } else { "user request" })
    }

    /// `rows` that end with 57014 once the statement is cancelled.
    pub(super) fn stoppable(&self, rows: RowStream) -> RowStream {
        let token = self.token.clone();
        let expired = self.timer.as_ref().map(Timer::watch);
        futures::stream::unfold(Some(rows), move |rows| {
            let (token, expired) = (token.clone(), expired.clone());
            async move {
                let mut rows = rows?;
                tokio::select! {
                    biased;
                    () = token.cancelled() => {
                        let late = expired.is_some_and(|expired| expired());
                        let reason = if late { "statement timeout" } else { "user request" };
                        Some((Err(Error::QueryCanceled(reason)), None))
                    }
                    item = rows.next() => item.map(|item| (item, Some(rows))),
                }
            }
        })
        .boxed()
    }

    // ---- settings

    fn set(&mut self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        if local && self.block.is_none() {
            let message = "SET LOCAL can only be used in transaction blocks".to_owned();
            self.notice("WARNING", "25P01", message);
            return Ok(());
        }
        self.remember();
        match name {
            "role" => return self.set_role(value, local),
            "session_authorization" => return self.set_session_authorization(value, local),
            "transaction_isolation" | "transaction_read_only" if self.block.is_none() => {
                // PostgreSQL sets it for the one statement, which is over then.
                return self.settings.clone().set(name, value, local);
            }
            _ => {}
        }
        let before = self.settings.clone();
        self.settings.set(name, value, local)?;
        if name == "forebay.pin"
            && let Err(error) = self.resolve_pins()
        {
            self.settings = before;
            return Err(error);
        }
        self.settings_changed();
        Ok(())
    }

    fn set_characteristics(&mut self, modes: &parse::TransactionModes) -> Result<()> {
        self.remember();
        if let Some(level) = modes.isolation {
            self.settings.set("default_transaction_isolation", Some(level), false)?;
        }
        for (name, value) in [
            ("default_transaction_read_only", modes.read_only),
            ("default_transaction_deferrable", modes.deferrable),
        ] {
            if let Some(on) = value {
                self.settings.set(name, Some(if on { "on" } else { "off" }), false)?;
            }
        }
        self.settings_changed();
        Ok(())
    }

    fn reset(&mut self, name: Option<&str>) -> Result<()> {
        match name {
            Some(name) => self.set(name, None, false),
            None => {
                self.remember();
                self.settings.reset_all();
                self.resolve_pins()?;
                self.settings_changed();
                Ok(())
            }
        }
    }

    fn show(&mut self, name: Option<&str>) -> Result<Outcome> {
        let tag = RowsTag::Plain("SHOW");
        let Some(name) = name else {
            let rows: Vec<Vec<String>> = self
                .settings
                .all()
                .into_iter()
                .map(|(name, value, text)| vec![name, value, text.to_owned()])
                .collect();
            return text_rows(&["name", "setting", "description"], &rows, tag);
        };
        let value = self.settings.get(name)?.to_owned();
        text_rows(&[&settings::spelling(name)], &[vec![value]], tag)
    }

    fn discard(&mut self, what: Discard) -> Result<String> {
        let tag = match what {
            Discard::Plans => "DISCARD PLANS",
            Discard::Sequences => {
                self.sequences.discard();
                "DISCARD SEQUENCES"
            }
            Discard::Temp => {
                self.drop_tables()?;
                "DISCARD TEMP"
            }
            Discard::All => {
                if self.block.is_some() {
                    let message = "DISCARD ALL cannot run inside a transaction block".to_owned();
                    return Err(Error::ActiveTransaction(message));
                }
                self.cursors.clear();
                self.prepared.clear();
                self.drop_tables()?;
                self.sequences.discard();
                self.engine.channels.leave(self.login.pid);
                self.engine.locks.leave(self.login.pid);
                self.user.clone_from(&self.login.user);
                self.settings.force("session_authorization", self.login.user.clone());
                self.settings.force("role", "none".to_owned());
                self.reset(None)?;
                "DISCARD ALL"
            }
        };
        Ok(tag.to_owned())
    }

    // ---- prepared statements of SQL

    async fn sql_prepare(
        &mut self,
        name: &str,
        types: &[datafusion::sql::sqlparser::ast::DataType],
        query: &Query,
        text: &str,
    ) -> Result<Statement> {
        if self.prepared.contains_key(name) {
            return Err(Error::DuplicatePreparedStatement(name.to_owned()));
        }
        let mut declared = Vec::with_capacity(types.len());
        for data_type in types {
            let written = data_type.to_string().to_lowercase();
            let oid = crate::pg::types::by_name(&written).ok_or_else(|| {
                Error::UndefinedObject(format!("type \"{written}\" does not exist"))
                    .near(Place::Word(written))
            })?;
            declared.push(oid);
        }
        let parsed = parse::Parsed {
            before: 0,
            text: text.to_owned(),
            statement: parse::Statement::Query(Box::new(query.clone())),
            long_names: Vec::new(),
        };
        self.prepare_parsed(parsed, &declared, true).await
    }

    async fn sql_execute(
        &mut self,
        name: &str,
        arguments: &[Expr],
        text: &Arc<str>,
    ) -> Result<Outcome> {
        let (statement, parameters) = self.bind_sql(name, arguments, text).await?;
        Box::pin(self.execute_bound(statement, parameters)).await
    }

    fn deallocate(&mut self, name: Option<&str>) -> Result<String> {
        match name {
            None => {
                self.prepared.clear();
                Ok("DEALLOCATE ALL".to_owned())
            }
            Some(name) => match self.prepared.remove(name) {
                Some(_) => Ok("DEALLOCATE".to_owned()),
                None => Err(Error::UndefinedPreparedStatement(name.to_owned())),
            },
        }
    }

    // ---- calls

    pub(super) fn call_columns(&mut self, call: &Call) -> Result<Vec<Column>> {
        if call.function == "pg_sleep" {
            return Ok(vec![void_column(&call.alias)]);
        }
        if let Some(kind) = between::returns(&call.function) {
            return Ok(vec![between::column(&call.alias, kind)]);
        }
        if matches!(call.function.as_str(), "set_config" | "pg_export_snapshot") {
            return Ok(vec![run::text_column(&call.alias)]);
        }
        let schema = system::describe(&call.function)?;
        Ok(shape(call, &schema).to_vec())
    }

    async fn call(
        &mut self,
        call: &Call,
        text: &Arc<str>,
        parameters: &[ScalarValue],
    ) -> Result<Outcome> {
        let mut arguments = call.arguments.clone();
        if call.schema == "pg_catalog" {
            rewrite::call_literals(&call.function, &mut arguments)
                .map_err(|error| failure::placed(error, text))?;
        }
        let arguments = self.constants(arguments, text, parameters).await?;
        let tag = RowsTag::Counted("SELECT");
        if call.function == "pg_sleep" {
            return self.sleep(call, &arguments);
        }
        if call.function == "set_config" {
            return self.set_config(call, &arguments);
        }
        if call.function == "pg_export_snapshot" {
            return text_rows(&[&call.alias], &[vec![self.export_snapshot(&arguments)?]], tag);
        }
        if between::returns(&call.function).is_some() {
            return self.call_between(call, &arguments).await;
        }
        let changes = system::changes(&call.function);
        if changes && self.block.is_some() {
            let message =
                format!("forebay.{} cannot run inside a transaction block", call.function);
            return Err(Error::ActiveTransaction(message));
        }
        let log = match arguments.first() {
            Some(name) if system::is_of_log(&call.function) => {
                let facts = self.facts("");
                let facts = self.indexed(facts).await?;
                let name = name.try_as_str().flatten();
                name.map(|name| crate::pg::functions::log_named(name, &facts)).transpose()?
            }
            _ => None,
        };
        let invocation = system::Invocation {
            function: call.function.clone(),
            arguments,
            names: call.names.clone(),
            by: self.user.clone(),
            superuser: self.superuser(),
            last_versions: self.last_versions.clone(),
            log,
        };
        let work = system::call(&self.engine, invocation);
        let (schema, batches) = self.unless_cancelled(work).await?;
        let columns = shape(call, &schema);
        Ok(Outcome::Rows { columns, rows: stored(batches), tag, binary: false })
    }

    /// `set_config(name, value, is_local)`; NULL is DEFAULT (PostgreSQL manual, 9.27.1).
    fn set_config(&mut self, call: &Call, arguments: &[ScalarValue]) -> Result<Outcome> {
        let text = |value: &ScalarValue| value.try_as_str().flatten().map(str::to_owned);
        let local = match arguments.get(2) {
            Some(ScalarValue::Boolean(local)) => local.unwrap_or(false),
            Some(other) => text(other).and_then(|t| boolean(&t)).unwrap_or(false),
            None => false,
        };
        let ([name, value, _], true) = (arguments, arguments.len() == 3) else {
            return Err(Error::UndefinedFunction("function set_config does not exist".to_owned())
                .hint("No function matches the given name and argument types."));
        };
        let Some(name) = text(name) else {
            return Err(Error::NullNotAllowed("SET requires parameter name".to_owned()));
        };
        let value = if local && self.block.is_none() {
            // It would be undone when this statement ends.
            let mut settings = self.settings.clone();
            settings.set(&name, text(value).as_deref(), local)?;
            settings.get(&name)?.to_owned()
        } else {
            self.set(&name, text(value).as_deref(), local)?;
            self.settings.get(&name)?.to_owned()
        };
        text_rows(&[&call.alias], &[vec![value]], RowsTag::Counted("SELECT"))
    }

    fn sleep(&self, call: &Call, arguments: &[ScalarValue]) -> Result<Outcome> {
        let undefined = || {
            Error::UndefinedFunction("function pg_sleep does not exist".to_owned())
                .hint("No function matches the given name and argument types.")
        };
        let [argument] = arguments else { return Err(undefined()) };
        let seconds = match argument.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(seconds)) => seconds.unwrap_or(0.0),
            _ => return Err(undefined()),
        };
        let span = Duration::from_secs_f64(seconds.clamp(0.0, SLEEP_SECONDS_MAX));
        let field = Field::new(&call.alias, DataType::Utf8, true);
        let rows = futures::stream::once(async move {
            tokio::time::sleep(span).await;
            let empty: arrow::array::ArrayRef =
                Arc::new(arrow::array::StringArray::from(vec![Some("")]));
            arrow::record_batch::RecordBatch::try_new(
                Arc::new(Schema::new(vec![field])),
                vec![empty],
            )
            .map_err(|e| Error::Internal(e.to_string()))
        })
        .boxed();
        Ok(Outcome::Rows {
            columns: Arc::new([void_column(&call.alias)]),
            rows: self.stoppable(rows),
            tag: RowsTag::Counted("SELECT"),
            binary: false,
        })
    }
}

/// `pg_sleep` returns void, which is written as nothing.
fn void_column(name: &str) -> Column {
    let pg_type = crate::pg::types::PgType { oid: 2278, len: 4, modifier: -1 };
    Column { name: name.to_owned(), table_oid: 0, number: 0, pg_type }
}

/// In SELECT a call is one column called like it; in FROM its own columns.
fn shape(call: &Call, schema: &Schema) -> Arc<[Column]> {
    let mut columns = columns_of(schema).to_vec();
    if let ([column], false) = (columns.as_mut_slice(), call.in_from) {
        column.name.clone_from(&call.alias);
    }
    columns.into()
}
