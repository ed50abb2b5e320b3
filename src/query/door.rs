//! The one boxed door between `wire` and SQL. `wire` sees no plan type, so that its generic code does not re-prove
//! `Send` over all of them (build time), and so that it can be tested against a scripted fake.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::pg::types::PgType;

/// The rows of one result, in order. Ends after the first error. Dropping it stops the work behind it.
pub type RowStream = BoxStream<'static, Result<RecordBatch>>;

/// What the accept loop may ask of SQL.
pub trait Door: Send + Sync + 'static {
    /// What is needed to authenticate `role`: `None` when there is no such role. Never fails for an unknown role, so
    /// that the caller can go through the motions all the same.
    /// Errors: the catalog cannot be read.
    fn credentials(&self, role: &str) -> Result<Option<Credentials>>;

    /// Whether any role with a password exists: then every connection must authenticate.
    fn has_passwords(&self) -> bool;

    /// Opens a session for an authenticated login.
    /// Errors: unknown database (3D000), bad startup option, role that may not log in (28000), too many connections
    /// of the role (53300).
    fn open(&self, login: Login) -> Result<Box<dyn Session>>;
}

/// A role as authentication sees it.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// PostgreSQL's `SCRAM-SHA-256$…` form; without one no password fits.
    pub verifier: Option<String>,
    /// May connect at all.
    pub login: bool,
    /// When the password stops working, microseconds since the Unix epoch.
    pub valid_until_us: Option<i64>,
}

/// An authenticated connection that wants a session.
#[derive(Debug, Clone)]
pub struct Login {
    /// The process number shown to the client (`pg_backend_pid()`), unique among live connections.
    pub pid: i32,
    /// The role.
    pub user: String,
    /// `dbname`, as sent; the user's name when absent.
    pub database: String,
    /// All other startup parameters, `options` among them, as sent.
    pub parameters: Vec<(String, String)>,
    /// Where from; `None` for a Unix socket.
    pub peer: Option<std::net::SocketAddr>,
    /// Where it arrived; `None` for a Unix socket.
    pub server: Option<std::net::SocketAddr>,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// How other sessions stop this one; `None` for a session that nobody can reach.
    pub switch: Option<Arc<dyn Switch>>,
}

/// How one session stops another (`pg_cancel_backend`, `pg_terminate_backend`).
pub trait Switch: std::fmt::Debug + Send + Sync {
    /// Cancels what runs now, as a cancel request would.
    fn cancel(&self);
    /// Ends the connection.
    fn terminate(&self);
}

/// One session: its settings, prepared statements, cursors and transaction. Owned by one connection.
///
/// Every method may be called in any transaction state; the session decides. A method that returns a future has
/// copied what it needs only where it says `'static`. The caller runs one at a time.
pub trait Session: Send {
    /// The parameters to report after login (`server_version`, `TimeZone`, …).
    fn parameters(&self) -> Vec<(&'static str, String)>;

    /// Reported parameters that changed since the last call.
    fn take_parameter_changes(&mut self) -> Vec<(&'static str, String)>;

    /// Notices raised since the last call, oldest first.
    fn take_notices(&mut self) -> Vec<Notice>;

    /// For ReadyForQuery.
    fn transaction_status(&self) -> TransactionStatus;

    /// Splits and parses a simple query. An empty text gives no statements.
    /// Errors: 42601 with a position; nothing has run then.
    fn parse(&mut self, sql: &str) -> Result<Vec<Parsed>>;

    /// Runs one statement of a simple query. `alone` is false when the text had several statements: they share one
    /// implicit transaction that [`Session::sync`] ends.
    fn run(&mut self, parsed: Parsed, alone: bool) -> BoxFuture<'_, Result<Outcome>>;

    /// Plans one statement for the extended protocol. `parameter_types` holds the client's OIDs, 0 where it left
    /// one open. Errors: 42601 for several statements.
    fn prepare(
        &mut self,
        sql: &str,
        parameter_types: &[u32],
    ) -> BoxFuture<'_, Result<Arc<dyn Prepared>>>;

    /// Binds parameters: makes a portal that [`Session::execute`] runs. Formats of results are the caller's affair.
    /// Errors: a wrong count is 08P01; a value that does not parse as its type is 22P02, 22P03 and so on.
    fn bind(
        &mut self,
        prepared: &Arc<dyn Prepared>,
        parameters: Vec<Parameter>,
    ) -> BoxFuture<'_, Result<Box<dyn Portal>>>;

    /// What calls the function with that `pg_proc.oid`.
    /// Errors: 42883 when there is none, 0A000 when it is not one that gives one value, 25P02 in a failed block.
    fn function(&self, oid: u32) -> Result<Function>;

    /// Runs a portal. The rows come as a stream that the caller may pull slowly or in parts.
    fn execute(&mut self, portal: &mut dyn Portal) -> BoxFuture<'_, Result<Outcome>>;

    /// Ends a `COPY FROM STDIN` that the last statement began, with all that the client sent.
    fn copy_in(&mut self, data: bytes::Bytes) -> BoxFuture<'_, Result<Outcome>>;

    /// A prepared statement by SQL name, for `Describe` and `Bind` of one made with PREPARE; and the other way round
    /// the wire tells the session the names it keeps, so that `DEALLOCATE` and `EXECUTE` see one set.
    fn named(&self, name: &str) -> Option<Arc<dyn Prepared>>;

    /// Keeps a prepared statement under `name` (not empty). Errors: 42P05 when it exists.
    fn keep(&mut self, name: &str, prepared: Arc<dyn Prepared>) -> Result<()>;

    /// Forgets a prepared statement; an unknown name is no error (protocol Close).
    fn forget(&mut self, name: &str);

    /// A cursor made with DECLARE, for `Describe` and `Execute` of a portal of that name.
    fn cursor_columns(&self, name: &str) -> Option<Vec<Column>>;

    /// Tells the session that a statement ended: all its rows were taken, or it failed. A failure inside a block
    /// fails the block.
    fn ended(&mut self, failed: bool);

    /// Makes durable what the implicit transaction defined, before [`Session::sync`] and only if nothing in it failed.
    /// Errors: what others did meanwhile; nothing of it happened then.
    fn settle(&mut self) -> BoxFuture<'_, Result<()>>;

    /// Ends the implicit transaction: after each simple query and at Sync.
    fn sync(&mut self);

    /// Arms the cancellation of the next statement and gives its token. It is cancelled by the caller (a cancel
    /// request, a closed socket, the stop of the server), and by the session when `statement_timeout` runs out.
    fn arm(&mut self) -> CancellationToken;

    /// How output is written in this session.
    fn output(&self) -> crate::pg::encode::OutputSettings;

    /// Limits on idling, in milliseconds; 0 is none: outside a transaction, inside one.
    fn idle_limits_ms(&self) -> (u64, u64);

    /// Notifications that arrived since the last call, oldest first; none inside a transaction block.
    fn take_notifications(&mut self) -> Vec<Notification>;

    /// Told when a notification arrives.
    fn arrival(&self) -> Arc<tokio::sync::Notify>;
}

/// One parsed statement of a simple query.
pub struct Parsed {
    /// What only `query` can read.
    pub statement: Box<dyn std::any::Any + Send>,
}

/// A planned statement.
pub trait Prepared: Send + Sync {
    /// The parameters' type OIDs, after inference.
    fn parameter_types(&self) -> &[u32];
    /// The columns it returns; `None` when it returns no rows at all.
    fn columns(&self) -> Option<&[Column]>;
    /// For downcasting inside `query`.
    fn as_any(&self) -> &(dyn std::any::Any + Send + Sync);
    /// For downcasting inside `query`.
    fn into_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync>;
}

/// A function that is called by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The statement that calls it, with a parameter for each argument.
    pub call: String,
    /// The type OIDs of its arguments.
    pub argument_types: Vec<u32>,
}

/// A bound statement.
pub trait Portal: Send {
    /// The columns it returns; `None` when it returns no rows at all.
    fn columns(&self) -> Option<&[Column]>;
    /// For downcasting inside `query`.
    fn as_any(&mut self) -> &mut (dyn std::any::Any + Send);
}

/// One parameter of Bind.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Whether the bytes are in binary form.
    pub binary: bool,
    /// `None` is NULL.
    pub value: Option<bytes::Bytes>,
}

/// One column of a result, as RowDescription tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// PostgreSQL's name for it.
    pub name: String,
    /// `pg_class.oid` of the table it comes from unchanged; 0 otherwise.
    pub table_oid: u32,
    /// Its number in that table, from 1; 0 otherwise.
    pub number: i16,
    /// Its type.
    pub pg_type: PgType,
}

/// What running a statement gives.
pub enum Outcome {
    /// Rows. The command tag is `tag` followed by their count (`SELECT 5`, `FETCH 5`), or `tag` alone.
    Rows {
        /// The shape of the rows.
        columns: Arc<[Column]>,
        /// The rows.
        rows: RowStream,
        /// The command.
        tag: RowsTag,
        /// Forces the binary form (a BINARY cursor in the simple protocol).
        binary: bool,
    },
    /// `COPY (query) TO STDOUT`.
    CopyOut {
        /// The shape of the rows.
        columns: Arc<[Column]>,
        /// The rows.
        rows: RowStream,
        /// How they are written.
        format: crate::pg::encode::CopyFormat,
    },
    /// `COPY table FROM STDIN`: [`Session::copy_in`] takes what the client sends.
    CopyIn {
        /// How many columns are copied.
        columns: usize,
        /// Whether in binary form.
        binary: bool,
    },
    /// No rows; the whole command tag.
    Done(String),
    /// The empty statement.
    Empty,
}

/// The command tag of a statement that returns rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsTag {
    /// The word, then the count of rows.
    Counted(&'static str),
    /// The word alone (`SHOW`, `EXPLAIN`).
    Plain(&'static str),
}

/// A notice or warning for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE`, `WARNING`, `INFO`.
    pub severity: &'static str,
    /// SQLSTATE.
    pub state: &'static str,
    /// The message.
    pub message: String,
    /// A sentence with the facts.
    pub detail: Option<String>,
    /// A sentence with advice.
    pub hint: Option<String>,
}

/// What NOTIFY sent to this session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The process number of the session that sent it.
    pub pid: i32,
    /// The channel.
    pub channel: String,
    /// The payload, perhaps empty.
    pub payload: String,
}

/// Where a session stands, for ReadyForQuery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// `I`
    Idle,
    /// `T`
    InBlock,
    /// `E`
    Failed,
}
