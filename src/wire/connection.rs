//! One connection from accept to close: startup, then the state machine of both query protocols.
//!
//! Invariant: a [`Connection`] exists only after authentication, so no statement can run before it. Every way out
//! passes through [`serve`], which says goodbye once.

use std::any::Any;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::cancel::{Armed, Registered};
use super::frame::{Channel, FLUSH_BYTES, Frame, Halt, Phase, Stream};
use super::limit::Place;
use super::message::{self, Bind, FunctionCall, Message, Named};
use super::portal::{Bound, Progress, Rows, guard, spread, tag_text};
use super::report::{self, Severity};
use super::startup::{Opening, Startup};
use super::{Shared, auth, backend, startup};
use crate::error::{Error, Result};
use crate::pg::encode::CopyFormat;
use crate::query::door::{
    Column, Login, Outcome, Parsed, Prepared, RowsTag, Session, TransactionStatus,
};

/// Portals of one transaction. PostgreSQL has no limit; ours keeps a client that never ends its transaction from
/// gathering streams. A tenth would be near what a driver with many open cursors uses.
const PORTALS_MAX: usize = 4_096;

/// The secret of a cancel request: what protocol 3.0 has room for, and what 3.2 is for.
const SHORT_SECRET_LEN: usize = 4;
const LONG_SECRET_LEN: usize = 32;

/// What a newcomer hears when too many others have not authenticated.
pub(super) fn crowded() -> Error {
    Error::TooManyConnections("too many connections are authenticating".to_owned())
}

/// Serves one connection to its end. `place` is among those who have not authenticated; `seat` is its part of
/// `max_connections`, `None` when all are taken.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    place: Place,
    seat: Option<OwnedSemaphorePermit>,
) {
    let mut channel = Box::new(Channel::new(stream));
    let ended = tokio::select! {
        biased;
        () = shared.killed.cancelled() => return,
        ended = AssertUnwindSafe(drive(&mut channel, peer, &shared, place, seat)).catch_unwind() => ended,
    };
    let error = match ended {
        Ok(Ok(())) => None,
        Ok(Err(Halt::Gone)) => return,
        Ok(Err(Halt::Failed(error) | Halt::Fatal(error))) => Some(error),
        Err(panic) => {
            shared.panics.fetch_add(1, Ordering::Relaxed);
            tracing::error!(panic = ?words(&*panic), "a session panicked");
            Some(Error::Internal("the session met a bug and ends".to_owned()))
        }
    };
    if let Some(error) = &error {
        tracing::debug!(%peer, state = error.state(), "a connection ends with an error");
    }
    let goodbye = Box::pin(channel.farewell(error.as_ref()));
    tokio::select! {
        biased;
        () = shared.killed.cancelled() => {}
        () = goodbye => {}
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words")
}

async fn drive(
    channel: &mut Channel,
    peer: SocketAddr,
    shared: &Arc<Shared>,
    place: Place,
    seat: Option<OwnedSemaphorePermit>,
) -> Result<(), Halt> {
    let limit = shared.limits.startup_timeout.0.unwrap_or(Duration::MAX);
    let entered = {
        let entering = Box::pin(enter(channel, peer, shared, seat.is_some()));
        tokio::select! {
            biased;
            () = place.evicted.cancelled() => Err(Halt::Fatal(crowded())),
            entered = tokio::time::timeout(limit, entering) => entered
                .unwrap_or(Err(Halt::Fatal(Error::AuthenticationTimeout))),
        }
    };
    drop(place);
    let Some((login, registered, alive)) = entered? else { return Ok(()) };
    let session = shared.door.open(login).map_err(Halt::Fatal)?;
    let mut connection = Connection {
        channel,
        session,
        registered,
        shared: Arc::clone(shared),
        unnamed: None,
        portals: HashMap::new(),
        armed: None,
        skipping: false,
        resting: false,
        owed: false,
        _alive: alive,
    };
    connection.greet();
    connection.run().await
}

/// Startup and authentication; `None` when it was a cancel request.
async fn enter(
    channel: &mut Channel,
    peer: SocketAddr,
    shared: &Arc<Shared>,
    seated: bool,
) -> Result<Option<(Login, Registered, TaskTrackerToken)>, Halt> {
    let gate = shared.gate.load_full();
    let startup = match startup::open(channel, gate.tls.as_ref()).await? {
        Opening::Start(startup) => startup,
        Opening::Cancel { pid, secret } => {
            shared.registry.cancel(pid, &secret);
            return Ok(None);
        }
    };
    if shared.draining() {
        return Err(Halt::Fatal(Error::CannotConnectNow("shutting down")));
    }
    if !seated {
        return Err(Halt::Fatal(Error::TooManyConnections(
            "sorry, too many clients already".to_owned(),
        )));
    }
    auth::authenticate(channel, shared, &gate, &startup, peer).await?;
    let secret_len = if startup.minor >= 2 { LONG_SECRET_LEN } else { SHORT_SECRET_LEN };
    let registered = shared.registry.register(secret_len).map_err(Halt::Fatal)?;
    let alive = shared.connections.token();
    // A drain that began since then has not seen this connection in the registry.
    if shared.draining() {
        return Err(Halt::Fatal(Error::CannotConnectNow("shutting down")));
    }
    let Startup { user, database, parameters, .. } = startup;
    let tls = matches!(channel.stream, Stream::Tls(_));
    let (pid, switch) = (registered.entry().pid, Some(registered.switch()));
    let server = channel.stream.tcp().and_then(|stream| stream.local_addr().ok());
    let peer = Some(peer);
    let login = Login { pid, user, database, parameters, peer, server, tls, switch };
    Ok(Some((login, registered, alive)))
}

/// An authenticated connection.
struct Connection<'a> {
    channel: &'a mut Channel,
    session: Box<dyn Session>,
    registered: Registered,
    shared: Arc<Shared>,
    /// The unnamed prepared statement.
    unnamed: Option<Arc<dyn Prepared>>,
    portals: HashMap<String, Bound>,
    /// From the first message of a statement to its end.
    armed: Option<Armed>,
    /// After an error in the extended protocol, until Sync.
    skipping: bool,
    /// ReadyForQuery was the last word.
    resting: bool,
    /// A ReadyForQuery that may not have left: some clients wait for it with the next message begun.
    owed: bool,
    _alive: TaskTrackerToken,
}

impl Connection<'_> {
    fn greet(&mut self) {
        let encoding = self.session.output().encoding;
        for (name, value) in self.session.parameters() {
            backend::parameter_status(&mut self.channel.output, name, &value, encoding);
        }
        let entry = self.registered.entry();
        backend::backend_key_data(&mut self.channel.output, entry.pid, &entry.secret);
        self.ready();
    }

    async fn run(&mut self) -> Result<(), Halt> {
        loop {
            let Frame { tag, body } = match self.next().await {
                // A client that closes without Terminate is no news.
                Err(Halt::Gone) => return Ok(()),
                frame => frame?,
            };
            if self.skipping && !matches!(tag, b'S' | b'X') {
                continue;
            }
            self.resting = false;
            match message::decode(tag, body, self.session.output().encoding) {
                Ok(Message::Terminate) => return Ok(()),
                Ok(message) => self.handle(message).await?,
                Err(error @ Error::Protocol(_)) => return Err(Halt::Fatal(error)),
                Err(error) => self.reject(tag, &error),
            }
            if self.channel.output.len() >= FLUSH_BYTES {
                self.channel.flush().await?;
            }
        }
    }

    /// The next frame. Output goes out when there is nothing more to do for it: one write for all that a pipeline
    /// of messages gave.
    async fn next(&mut self) -> Result<Frame, Halt> {
        let phase = Phase::Session(self.shared.limits.max_message_bytes.0);
        loop {
            if self.resting && self.registered.entry().ending.is_cancelled() {
                return Err(Halt::Fatal(Error::AdminShutdown("administrator command")));
            }
            if let Some(frame) = self.channel.cut(phase).map_err(Halt::Fatal)? {
                return Ok(frame);
            }
            if self.resting {
                self.notifications();
            }
            if self.resting || self.skipping || self.owed {
                self.channel.flush().await?;
                self.channel.rest();
                self.owed = false;
            }
            self.wait().await?;
        }
    }

    /// Waits for input, at rest with the limits on idling.
    async fn wait(&mut self) -> Result<(), Halt> {
        let ending = &self.registered.entry().ending;
        if !self.resting {
            // In the middle of a pipeline: the client has more to say. A stop gives it as long as a statement.
            return tokio::select! {
                biased;
                () = self.shared.killed.cancelled() => Err(Halt::Gone),
                filled = self.channel.fill() => filled,
            };
        }
        let (outside_ms, inside_ms) = self.session.idle_limits_ms();
        let (limit_ms, which) = match self.session.transaction_status() {
            TransactionStatus::Idle => (outside_ms, "idle-session"),
            TransactionStatus::InBlock | TransactionStatus::Failed => {
                (inside_ms, "idle-in-transaction")
            }
        };
        let arrival = self.session.arrival();
        tokio::select! {
            biased;
            // The caller looks at the token again.
            () = ending.cancelled() => Ok(()),
            filled = self.channel.fill() => filled,
            // The caller sends what has arrived.
            () = arrival.notified() => Ok(()),
            () = tokio::time::sleep(Duration::from_millis(limit_ms)), if limit_ms > 0 => {
                Err(Halt::Fatal(Error::IdleTimeout(which)))
            }
        }
    }

    /// Does what one message asks. A statement that fails is reported here and does not reach the caller.
    async fn handle(&mut self, message: Message) -> Result<(), Halt> {
        let done = match message {
            Message::Query(sql) => return Box::pin(self.query(&sql)).await,
            Message::FunctionCall(call) => return Box::pin(self.function_call(call)).await,
            // PostgreSQL ignores copy data outside of a copy: it may still be under way when the copy fails.
            Message::Copy => return Ok(()),
            Message::Sync => {
                self.skipping = false;
                self.finish_query();
                return Ok(());
            }
            Message::Flush => return self.channel.flush().await,
            Message::Parse { name, sql, parameter_types } => {
                Box::pin(self.parse(name, &sql, &parameter_types)).await
            }
            Message::Bind(bind) => Box::pin(self.bind(bind)).await,
            Message::Describe(what) => self.describe(&what).map_err(Halt::Failed),
            Message::Execute { portal, rows_max } => {
                Box::pin(self.execute(&portal, rows_max)).await
            }
            Message::Close(what) => Box::pin(self.close(what)).await,
            Message::Terminate => return Ok(()),
        };
        match done {
            Err(Halt::Failed(error)) => {
                self.fail(&error);
                self.skipping = true;
                Ok(())
            }
            other => other,
        }
    }

    /// Refuses a message that was whole but whose text was not.
    fn reject(&mut self, tag: u8, error: &Error) {
        self.fail(error);
        if tag == b'Q' {
            self.finish_query();
        } else {
            self.skipping = true;
        }
    }

    /// Reports an error and lets the session know, so that an open block fails.
    fn fail(&mut self, error: &Error) {
        self.armed = None;
        self.notices();
        let encoding = self.session.output().encoding;
        report::error(&mut self.channel.output, Severity::Error, error, encoding);
        self.session.ended(true);
    }

    /// Ends a simple query, or what stands between two Syncs.
    fn finish_query(&mut self) {
        self.armed = None;
        self.session.sync();
        if self.session.transaction_status() == TransactionStatus::Idle {
            self.portals.clear();
        }
        self.ready();
    }

    fn ready(&mut self) {
        self.notices();
        for (name, value) in self.session.take_parameter_changes() {
            let encoding = self.session.output().encoding;
            backend::parameter_status(&mut self.channel.output, name, &value, encoding);
        }
        self.notifications();
        backend::ready_for_query(&mut self.channel.output, self.session.transaction_status());
        self.resting = true;
        self.owed = true;
    }

    fn notices(&mut self) {
        for notice in self.session.take_notices() {
            let encoding = self.session.output().encoding;
            report::notice(&mut self.channel.output, &notice, encoding);
        }
    }

    fn notifications(&mut self) {
        for notification in self.session.take_notifications() {
            let encoding = self.session.output().encoding;
            backend::notification_response(&mut self.channel.output, &notification, encoding);
        }
    }

    /// Makes the statement stoppable, once for all its messages.
    fn arm(&mut self) -> Result<(), Halt> {
        if self.armed.is_none() {
            let token = self.session.arm();
            self.armed = Some(self.registered.arm(token));
        }
        // The stop has passed by the registry already.
        if self.shared.expired() {
            return Err(Halt::Fatal(Error::AdminShutdown("administrator command")));
        }
        Ok(())
    }

    /// A statement has ended well. `before` is the transaction's state before it: portals die with a transaction.
    fn ended(&mut self, before: TransactionStatus) {
        self.armed = None;
        self.session.ended(false);
        let after = self.session.transaction_status();
        if before != TransactionStatus::Idle && after == TransactionStatus::Idle {
            self.portals.clear();
        }
    }

    // ---- simple protocol

    async fn query(&mut self, sql: &str) -> Result<(), Halt> {
        self.unnamed = None;
        self.portals.remove("");
        match self.statements(sql).await {
            Ok(()) => {
                if let Err(error) = self.session.settle().await {
                    self.fail(&error);
                }
            }
            Err(Halt::Failed(error)) => self.fail(&error),
            other => return other,
        }
        self.finish_query();
        Ok(())
    }

    async fn statements(&mut self, sql: &str) -> Result<(), Halt> {
        let parsed = self.session.parse(sql).map_err(Halt::Failed)?;
        if parsed.is_empty() {
            backend::empty_query_response(&mut self.channel.output);
        }
        let alone = parsed.len() == 1;
        for statement in parsed {
            self.statement(statement, alone).await?;
        }
        Ok(())
    }

    async fn statement(&mut self, parsed: Parsed, alone: bool) -> Result<(), Halt> {
        self.arm()?;
        let before = self.session.transaction_status();
        let Connection { channel, session, armed, .. } = self;
        let Some(armed) = armed else { return Err(unarmed()) };
        let outcome = guard(channel, armed, session.run(parsed, alone)).await?;
        self.notices();
        match outcome {
            Outcome::Rows { columns, rows, tag, binary } => {
                let formats = vec![binary; columns.len()];
                let encoding = self.session.output().encoding;
                backend::row_description(&mut self.channel.output, &columns, &formats, encoding)
                    .map_err(Halt::Failed)?;
                let mut rows = Rows::new(columns, rows, formats);
                let sent = self.send(&mut rows, 0).await?;
                drop(rows);
                self.complete(&tag, sent.count);
            }
            other => self.plain(other).await?,
        }
        self.ended(before);
        Ok(())
    }

    /// Sends what is the same in both protocols.
    async fn plain(&mut self, outcome: Outcome) -> Result<(), Halt> {
        match outcome {
            Outcome::CopyOut { columns, rows, format } => {
                let binary = format == CopyFormat::Binary;
                backend::copy_out_response(&mut self.channel.output, &columns, binary)
                    .map_err(Halt::Failed)?;
                let mut rows = Rows::copy(columns, rows, format);
                let sent = self.send(&mut rows, 0).await?;
                drop(rows);
                backend::copy_done(&mut self.channel.output);
                self.complete(&RowsTag::Counted("COPY"), sent.count);
            }
            Outcome::CopyIn { columns, binary } => {
                backend::copy_in_response(&mut self.channel.output, columns, binary)
                    .map_err(Halt::Failed)?;
                let data = self.copied().await?;
                let Connection { channel, session, armed, .. } = self;
                let Some(armed) = armed else { return Err(unarmed()) };
                let outcome = guard(channel, armed, session.copy_in(data)).await?;
                self.notices();
                if let Outcome::Done(tag) = outcome {
                    backend::command_complete(&mut self.channel.output, &tag);
                }
            }
            Outcome::Done(tag) => backend::command_complete(&mut self.channel.output, &tag),
            Outcome::Empty => backend::empty_query_response(&mut self.channel.output),
            Outcome::Rows { .. } => {
                return Err(Halt::Failed(Error::Internal("rows are sent elsewhere".to_owned())));
            }
        }
        Ok(())
    }

    /// What the client sends for a COPY, up to its end.
    /// Errors: 57014 when it gives up; 53400 past the limit; 08P01 for another message.
    async fn copied(&mut self) -> Result<bytes::Bytes, Halt> {
        let mut data = bytes::BytesMut::new();
        self.channel.flush().await?;
        let max = self.shared.limits.max_copy_bytes.0;
        loop {
            let Some(armed) = &self.armed else { return Err(unarmed()) };
            let token = armed.token.clone();
            let frame = tokio::select! {
                biased;
                () = token.cancelled() => None,
                frame = self.next() => Some(frame?),
            };
            let Some(Frame { tag, body }) = frame else {
                return Err(self.armed.as_ref().map_or_else(unarmed, Armed::halt));
            };
            match tag {
                b'd' if max < data.len() + body.len() => {
                    let message = format!("COPY of more than {max} bytes at once");
                    let error = Error::ConfigurationLimit(message);
                    return Err(Halt::Failed(error.hint("The setting is wire.max_copy_bytes.")));
                }
                b'd' => data.extend_from_slice(&body),
                b'c' => return Ok(data.freeze()),
                b'f' => {
                    let text = String::from_utf8_lossy(&body);
                    let message =
                        format!("COPY from stdin failed: {}", text.trim_end_matches('\0'));
                    return Err(Halt::Failed(Error::CopyFailed(message)));
                }
                // PostgreSQL passes over them: a driver may send them before it knows that a copy has begun.
                b'H' | b'S' => {}
                other => {
                    let message =
                        format!("unexpected message type 0x{other:02X} during COPY from stdin");
                    return Err(Halt::Fatal(Error::Protocol(message)));
                }
            }
        }
    }

    async fn send(&mut self, rows: &mut Rows, rows_max: u32) -> Result<super::portal::Sent, Halt> {
        let settings = self.session.output();
        let Some(armed) = &self.armed else { return Err(unarmed()) };
        rows.send(self.channel, armed, &settings, rows_max).await
    }

    fn complete(&mut self, tag: &RowsTag, count: u64) {
        self.notices();
        backend::command_complete(&mut self.channel.output, &tag_text(tag, count));
    }

    // ---- function calls

    async fn function_call(&mut self, call: FunctionCall) -> Result<(), Halt> {
        match self.call(call).await {
            Ok(()) => {}
            Err(Halt::Failed(error)) => self.fail(&error),
            other => return other,
        }
        self.finish_query();
        Ok(())
    }

    async fn call(&mut self, call: FunctionCall) -> Result<(), Halt> {
        let FunctionCall { function, format_count, arguments, binary } = call;
        let function = self.session.function(function).map_err(Halt::Failed)?;
        let (count, wanted) = (arguments.len(), function.argument_types.len());
        if count != wanted {
            return Err(Halt::Failed(Error::Protocol(format!(
                "function call message contains {count} arguments but function requires {wanted}"
            ))));
        }
        if format_count > 1 && format_count != count {
            return Err(Halt::Failed(Error::Protocol(format!(
                "function call message contains {format_count} argument formats but {count} arguments"
            ))));
        }
        self.arm()?;
        let before = self.session.transaction_status();
        let settings = self.session.output();
        let Connection { channel, session, armed, .. } = self;
        let Some(armed) = armed else { return Err(unarmed()) };
        let prepare = session.prepare(&function.call, &function.argument_types);
        let prepared = guard(channel, armed, prepare).await?;
        let mut portal = guard(channel, armed, session.bind(&prepared, arguments)).await?;
        let outcome = guard(channel, armed, session.execute(portal.as_mut())).await?;
        let Outcome::Rows { columns, rows, .. } = outcome else {
            return Err(Halt::Failed(Error::Internal("a call without a value".to_owned())));
        };
        let mut rows = Rows::new(columns, rows, vec![binary]);
        let value = rows.value(channel, armed, &settings).await?;
        drop(rows);
        self.notices();
        backend::function_call_response(&mut self.channel.output, &value);
        self.ended(before);
        Ok(())
    }

    // ---- extended protocol

    async fn parse(&mut self, name: String, sql: &str, types: &[u32]) -> Result<(), Halt> {
        if name.is_empty() {
            self.unnamed = None;
        } else if self.session.named(&name).is_some() {
            return Err(Halt::Failed(Error::DuplicatePreparedStatement(name)));
        }
        self.arm()?;
        let Connection { channel, session, armed, .. } = self;
        let Some(armed) = armed else { return Err(unarmed()) };
        let prepared = guard(channel, armed, session.prepare(sql, types)).await?;
        if name.is_empty() {
            self.unnamed = Some(prepared);
        } else {
            self.session.keep(&name, prepared).map_err(Halt::Failed)?;
        }
        self.notices();
        backend::parse_complete(&mut self.channel.output);
        Ok(())
    }

    fn prepared(&self, name: &str) -> Result<Arc<dyn Prepared>> {
        let found = if name.is_empty() { self.unnamed.clone() } else { self.session.named(name) };
        found.ok_or_else(|| Error::UndefinedPreparedStatement(name.to_owned()))
    }

    async fn bind(&mut self, bind: Bind) -> Result<(), Halt> {
        let prepared = self.prepared(&bind.statement).map_err(Halt::Failed)?;
        self.check_bind(&bind, prepared.as_ref()).map_err(Halt::Failed)?;
        self.arm()?;
        let Connection { channel, session, armed, .. } = self;
        let Some(armed) = armed else { return Err(unarmed()) };
        let portal = guard(channel, armed, session.bind(&prepared, bind.parameters)).await?;
        let columns = portal.columns().map_or(0, <[Column]>::len);
        if bind.result_formats.len() > 1 {
            spread(&bind.result_formats, columns).map_err(Halt::Failed)?;
        }
        let bound = Bound { portal, formats: bind.result_formats, progress: Progress::Fresh };
        self.portals.insert(bind.portal, bound);
        self.notices();
        backend::bind_complete(&mut self.channel.output);
        Ok(())
    }

    fn check_bind(&mut self, bind: &Bind, prepared: &dyn Prepared) -> Result<()> {
        let Bind { portal, statement, parameters, format_count, .. } = bind;
        let count = parameters.len();
        if *format_count > 1 && *format_count != count {
            return Err(Error::Protocol(format!(
                "bind message has {format_count} parameter formats but {count} parameters"
            )));
        }
        let wanted = prepared.parameter_types().len();
        if count != wanted {
            return Err(Error::Protocol(format!(
                "bind message supplies {count} parameters, but prepared statement \
                 \"{statement}\" requires {wanted}"
            )));
        }
        if portal.is_empty() {
            // The one it replaces ends before the new one begins.
            self.portals.remove("");
        } else if self.portals.contains_key(portal) || self.session.cursor_columns(portal).is_some()
        {
            return Err(Error::DuplicateCursor(portal.clone()));
        }
        if self.portals.len() >= PORTALS_MAX {
            return Err(Error::ProgramLimitExceeded("too many open portals".to_owned())
                .hint("Close portals, or send Sync."));
        }
        Ok(())
    }

    fn describe(&mut self, what: &Named) -> Result<()> {
        match what {
            Named::Statement(name) => {
                let prepared = self.prepared(name)?;
                let out = &mut self.channel.output;
                backend::parameter_description(out, prepared.parameter_types())?;
                self.describe_columns(prepared.columns(), &[])
            }
            Named::Portal(name) => {
                if let Some(columns) = self.cursor(name) {
                    return self.describe_columns(Some(&columns), &[]);
                }
                let Some(bound) = self.portals.remove(name) else { return Err(no_portal(name)) };
                let described = self.describe_columns(bound.portal.columns(), &bound.formats);
                self.portals.insert(name.clone(), bound);
                described
            }
        }
    }

    fn describe_columns(&mut self, columns: Option<&[Column]>, formats: &[bool]) -> Result<()> {
        let Some(columns) = columns else {
            backend::no_data(&mut self.channel.output);
            return Ok(());
        };
        let formats = spread(formats, columns.len())?;
        let encoding = self.session.output().encoding;
        backend::row_description(&mut self.channel.output, columns, &formats, encoding)
    }

    /// The columns of an SQL cursor of that name, unless a portal has it.
    fn cursor(&self, name: &str) -> Option<Vec<Column>> {
        if name.is_empty() || self.portals.contains_key(name) {
            return None;
        }
        self.session.cursor_columns(name)
    }

    async fn execute(&mut self, name: &str, rows_max: u32) -> Result<(), Halt> {
        if self.cursor(name).is_some() {
            return self.fetch(name, rows_max).await;
        }
        // A portal that fails stays out: it cannot be run again.
        let Some(mut bound) = self.portals.remove(name) else {
            return Err(Halt::Failed(no_portal(name)));
        };
        let before = self.session.transaction_status();
        match std::mem::replace(&mut bound.progress, Progress::Done) {
            Progress::Fresh => {
                self.arm()?;
                let Connection { channel, session, armed, .. } = self;
                let Some(armed) = armed else { return Err(unarmed()) };
                let work = session.execute(bound.portal.as_mut());
                let outcome = guard(channel, armed, work).await?;
                self.notices();
                if let Outcome::Rows { columns, rows, tag, .. } = outcome {
                    let formats = spread(&bound.formats, columns.len()).map_err(Halt::Failed)?;
                    let rows = Box::new(Rows::new(columns, rows, formats));
                    bound.progress = self.page(rows, tag, rows_max, before).await?;
                } else {
                    self.plain(outcome).await?;
                    self.ended(before);
                }
            }
            Progress::Running(rows, tag) => {
                self.arm()?;
                bound.progress = self.page(rows, tag, rows_max, before).await?;
            }
            Progress::Drained(tag) => {
                self.complete(&tag, 0);
                bound.progress = Progress::Drained(tag);
            }
            Progress::Done => {
                return Err(Halt::Failed(Error::NotInPrerequisiteState(format!(
                    "portal \"{name}\" cannot be run"
                ))));
            }
        }
        // It may have ended its own transaction, and every portal with it.
        let over = before != TransactionStatus::Idle
            && self.session.transaction_status() == TransactionStatus::Idle;
        if !over {
            self.portals.insert(name.to_owned(), bound);
        }
        Ok(())
    }

    /// Sends the next rows of a portal.
    async fn page(
        &mut self,
        mut rows: Box<Rows>,
        tag: RowsTag,
        rows_max: u32,
        before: TransactionStatus,
    ) -> Result<Progress, Halt> {
        let sent = self.send(&mut rows, rows_max).await?;
        if !sent.all {
            backend::portal_suspended(&mut self.channel.output);
            // The pause belongs to the client: nothing runs that could be cancelled.
            self.armed = None;
            return Ok(Progress::Running(rows, tag));
        }
        drop(rows);
        self.complete(&tag, sent.count);
        self.ended(before);
        Ok(Progress::Drained(tag))
    }

    /// Executes an SQL cursor as a portal, which is what it is in PostgreSQL.
    async fn fetch(&mut self, cursor: &str, rows_max: u32) -> Result<(), Halt> {
        let count = if rows_max == 0 { "ALL".to_owned() } else { rows_max.to_string() };
        let sql = format!("FETCH FORWARD {count} FROM {}", quoted(cursor));
        let parsed = self.session.parse(&sql).map_err(Halt::Failed)?;
        let before = self.session.transaction_status();
        for statement in parsed {
            self.arm()?;
            let Connection { channel, session, armed, .. } = self;
            let Some(armed) = armed else { return Err(unarmed()) };
            let outcome = guard(channel, armed, session.run(statement, true)).await?;
            self.notices();
            let Outcome::Rows { columns, rows, binary, .. } = outcome else {
                self.plain(outcome).await?;
                continue;
            };
            let formats = vec![binary; columns.len()];
            let mut rows = Rows::new(columns, rows, formats);
            let sent = self.send(&mut rows, 0).await?;
            drop(rows);
            if rows_max > 0 && sent.count >= u64::from(rows_max) {
                backend::portal_suspended(&mut self.channel.output);
            } else {
                self.complete(&RowsTag::Counted("SELECT"), sent.count);
            }
            self.ended(before);
        }
        Ok(())
    }

    async fn close(&mut self, what: Named) -> Result<(), Halt> {
        match what {
            Named::Statement(name) if name.is_empty() => self.unnamed = None,
            Named::Statement(name) => self.session.forget(&name),
            Named::Portal(name) => {
                if self.cursor(&name).is_some() {
                    self.close_cursor(&name).await?;
                }
                // A portal closed before its last row has ended all the same.
                let closed = self.portals.remove(&name);
                if closed.is_some_and(|bound| matches!(bound.progress, Progress::Running(..))) {
                    self.session.ended(false);
                }
            }
        }
        backend::close_complete(&mut self.channel.output);
        Ok(())
    }

    async fn close_cursor(&mut self, name: &str) -> Result<(), Halt> {
        let sql = format!("CLOSE {}", quoted(name));
        for statement in self.session.parse(&sql).map_err(Halt::Failed)? {
            self.arm()?;
            let Connection { channel, session, armed, .. } = self;
            let Some(armed) = armed else { return Err(unarmed()) };
            guard(channel, armed, session.run(statement, true)).await?;
        }
        Ok(())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn no_portal(name: &str) -> Error {
    Error::UndefinedCursor { kind: "portal", name: name.to_owned() }
}

fn unarmed() -> Halt {
    Halt::Fatal(Error::Internal("a statement runs that nobody can stop".to_owned()))
}
