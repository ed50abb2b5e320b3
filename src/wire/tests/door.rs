//! A door that follows a script: the first word of a statement says what it does.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::{BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use futures::future::{BoxFuture, FutureExt as _, pending};
use futures::stream::{self, StreamExt as _};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::pg::encode::{
    CopyFormat, DateFormat, DateOrder, DateStyle, IntervalStyle, OutputSettings,
};
use crate::pg::encodings::Encoding;
use crate::pg::types::PgType;
use crate::pg::zone::Zone;
use crate::query::door::{
    Column, Credentials, Door, Function, Login, Notice, Notification, Outcome, Parameter, Parsed,
    Portal, Prepared, RowStream, RowsTag, Session, TransactionStatus,
};
use crate::task::Tasks;

#[derive(Default)]
pub(super) struct Fake {
    roles: HashMap<&'static str, Credentials>,
    passwords: bool,
    pub(super) seen: Arc<Seen>,
}

/// What the sessions did.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) opened: AtomicUsize,
    /// Statements that began to run.
    pub(super) ran: AtomicUsize,
    /// Endless works that were dropped.
    pub(super) dropped: AtomicUsize,
    /// Batches pulled from `wide`.
    pub(super) pulled: AtomicUsize,
    pub(super) login: Mutex<Option<Login>>,
    tasks: Tasks,
}

impl Fake {
    pub(super) fn with_passwords() -> Fake {
        let verifier = crate::pg::scram::verifier("secret").expect("verifier");
        let ann = Credentials { verifier: Some(verifier), login: true, valid_until_us: None };
        let late = Credentials { valid_until_us: Some(1), ..ann.clone() };
        let bob = Credentials { verifier: None, ..ann.clone() };
        let roles = HashMap::from([("ann", ann), ("late", late), ("bob", bob)]);
        Fake { roles, passwords: true, ..Fake::default() }
    }
}

impl Door for Fake {
    fn credentials(&self, role: &str) -> Result<Option<Credentials>> {
        if role == "unreadable" {
            return Err(Error::Internal("the catalog is on fire".into()));
        }
        if self.passwords {
            return Ok(self.roles.get(role).cloned());
        }
        Ok((role == "ann").then(Credentials::default))
    }

    fn has_passwords(&self) -> bool {
        self.passwords
    }

    fn open(&self, login: Login) -> Result<Box<dyn Session>> {
        if login.database == "nowhere" {
            return Err(Error::UndefinedDatabase(login.database));
        }
        self.seen.opened.fetch_add(1, Ordering::SeqCst);
        let idle_ms = if login.database == "hasty" { 30 } else { 0 };
        *self.seen.login.lock().expect("lock") = Some(login);
        Ok(Box::new(FakeSession {
            seen: Arc::clone(&self.seen),
            status: TransactionStatus::Idle,
            names: HashMap::new(),
            notices: Vec::new(),
            changes: Vec::new(),
            timeout_ms: 0,
            idle_ms,
        }))
    }
}

struct FakeSession {
    seen: Arc<Seen>,
    status: TransactionStatus,
    names: HashMap<String, Arc<dyn Prepared>>,
    notices: Vec<Notice>,
    changes: Vec<(&'static str, String)>,
    timeout_ms: u64,
    idle_ms: u64,
}

struct FakePrepared {
    sql: String,
    parameters: Vec<u32>,
    columns: Option<Vec<Column>>,
}

struct FakePortal {
    sql: String,
    columns: Option<Vec<Column>>,
}

fn column(name: &str, oid: u32) -> Column {
    let pg_type = PgType { oid, len: -1, modifier: -1 };
    Column { name: name.into(), table_oid: 0, number: 0, pg_type }
}

fn returns_rows(sql: &str) -> bool {
    let words = ["select", "rows", "forever", "stuck", "late", "badcell", "rowpanic", "wide"];
    words.iter().any(|word| sql.starts_with(word))
}

fn numbers(values: impl IntoIterator<Item = i64>) -> Result<RecordBatch> {
    let schema = Schema::new(vec![Field::new("c", DataType::Int64, true)]);
    let array = Int64Array::from_iter_values(values);
    Ok(RecordBatch::try_new(Arc::new(schema), vec![Arc::new(array)]).expect("batch"))
}

/// Text that is not all UTF-8.
fn bytes(values: &[&[u8]]) -> Result<RecordBatch> {
    let schema = Schema::new(vec![Field::new("c", DataType::Binary, true)]);
    let array = BinaryArray::from_iter_values(values);
    Ok(RecordBatch::try_new(Arc::new(schema), vec![Arc::new(array)]).expect("batch"))
}

/// Counts its own end.
struct Dropped(Arc<Seen>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl FakeSession {
    fn rows(&self, sql: &str) -> RowStream {
        let number = |n: usize| sql.split(' ').nth(n).and_then(|word| word.parse().ok());
        let dropped = Dropped(Arc::clone(&self.seen));
        match sql.split(' ').next().unwrap_or_default() {
            "rows" => {
                let (count, per) = (number(1).unwrap_or(0), number(2).unwrap_or(7));
                let starts = (0..count).step_by(usize::try_from(per).expect("small"));
                let batches = starts.map(move |at: i64| numbers(at..count.min(at + per)));
                stream::iter(batches.collect::<Vec<_>>()).boxed()
            }
            "forever" => {
                let batches = stream::repeat_with(|| numbers(0..100)).map(move |batch| {
                    let _held = &dropped;
                    batch
                });
                batches.boxed()
            }
            "stuck" => stream::iter([numbers([1])])
                .chain(stream::once(async move {
                    let _held = dropped;
                    pending().await
                }))
                .boxed(),
            "late" => {
                stream::iter([numbers(0..3), Err(Error::DivisionByZero), numbers([9])]).boxed()
            }
            "badcell" => stream::iter([bytes(&[b"a", b"\xff", b"c"])]).boxed(),
            "rowpanic" => stream::iter(0..2)
                .map(|n| if n == 0 { numbers([1]) } else { panic!("scripted") })
                .boxed(),
            "wide" => {
                let seen = Arc::clone(&self.seen);
                let schema = Arc::new(Schema::new(vec![Field::new("c", DataType::Utf8, true)]));
                let text = "x".repeat(10_000);
                let array = Arc::new(StringArray::from_iter_values((0..100).map(|_| &text)));
                let batch = RecordBatch::try_new(schema, vec![array]).expect("batch");
                let batches = stream::repeat_with(move || {
                    let _held = &dropped;
                    seen.pulled.fetch_add(1, Ordering::SeqCst);
                    Ok(batch.clone())
                });
                batches
                    .take(number(1).map_or(200, |n: i64| usize::try_from(n).expect("small")))
                    .boxed()
            }
            _ => stream::iter([numbers([number(1).unwrap_or(1)])]).boxed(),
        }
    }

    async fn outcome(&mut self, sql: &str) -> Result<Outcome> {
        self.seen.ran.fetch_add(1, Ordering::SeqCst);
        if self.status == TransactionStatus::Failed && !sql.starts_with("rollback") {
            return Err(Error::InFailedTransaction);
        }
        if returns_rows(sql) {
            let oid = match sql.split(' ').next() {
                Some("badcell" | "wide") => 25,
                _ => 20,
            };
            let columns: Arc<[Column]> = Arc::new([column("c", oid)]);
            let tag = RowsTag::Counted("SELECT");
            return Ok(Outcome::Rows { columns, rows: self.rows(sql), tag, binary: false });
        }
        match sql.split(' ').next().unwrap_or_default() {
            "begin" => self.status = TransactionStatus::InBlock,
            "commit" | "rollback" => self.status = TransactionStatus::Idle,
            "fail" => return Err(Error::UndefinedTable("t".into()).at(8)),
            "panic" => panic!("scripted"),
            "sleep" => {
                let _held = Dropped(Arc::clone(&self.seen));
                pending::<()>().await;
            }
            "nap" => tokio::time::sleep(Duration::from_millis(100)).await,
            "timeout" => self.timeout_ms = 30,
            "set" => self.changes.push(("TimeZone", "UTC".into())),
            "notice" => self.notices.push(Notice {
                severity: "NOTICE",
                state: "00000",
                message: "hello".into(),
                detail: None,
                hint: None,
            }),
            "copy" | "copylate" => {
                let rows = if sql == "copy" { "rows 3" } else { "late" };
                return Ok(Outcome::CopyOut {
                    columns: Arc::new([column("c", 20)]),
                    rows: self.rows(rows),
                    format: CopyFormat::Text { delimiter: b'\t', null: "\\N".into(), header: true },
                });
            }
            "" => return Ok(Outcome::Empty),
            _ => {}
        }
        Ok(Outcome::Done(sql.to_uppercase()))
    }
}

impl Session for FakeSession {
    fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![("server_version", "15.0".into())]
    }

    fn take_parameter_changes(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.changes)
    }

    fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    fn transaction_status(&self) -> TransactionStatus {
        self.status
    }

    fn parse(&mut self, sql: &str) -> Result<Vec<Parsed>> {
        if sql.starts_with("syntax") {
            return Err(Error::Syntax("syntax error".into()).at(1));
        }
        let texts = sql.split(';').map(str::trim).filter(|text| !text.is_empty());
        Ok(texts.map(|text| Parsed { statement: Box::new(text.to_owned()) }).collect())
    }

    fn run(&mut self, parsed: Parsed, _alone: bool) -> BoxFuture<'_, Result<Outcome>> {
        let sql = parsed.statement.downcast::<String>().expect("ours");
        if let Some(fetch) = sql.strip_prefix("FETCH FORWARD ") {
            let rows = fetch.split(' ').next().unwrap_or_default().replace("ALL", "5");
            let sql = format!("rows {rows}");
            return async move { self.outcome(&sql).await }.boxed();
        }
        async move { self.outcome(&sql).await }.boxed()
    }

    fn prepare(
        &mut self,
        sql: &str,
        parameter_types: &[u32],
    ) -> BoxFuture<'_, Result<Arc<dyn Prepared>>> {
        let sql = sql.to_owned();
        let columns = returns_rows(&sql).then(|| vec![column("c", 20)]);
        let mut parameters = parameter_types.to_vec();
        parameters.resize(sql.matches('$').count(), 25);
        async move {
            if sql.starts_with("syntax") {
                return Err(Error::Syntax("syntax error".into()));
            }
            Ok(Arc::new(FakePrepared { sql, parameters, columns }) as Arc<dyn Prepared>)
        }
        .boxed()
    }

    fn bind(
        &mut self,
        prepared: &Arc<dyn Prepared>,
        parameters: Vec<Parameter>,
    ) -> BoxFuture<'_, Result<Box<dyn Portal>>> {
        let prepared = prepared.as_any().downcast_ref::<FakePrepared>().expect("ours");
        let mut sql = prepared.sql.clone();
        for (index, parameter) in parameters.iter().enumerate() {
            let text = String::from_utf8(parameter.value.clone().unwrap_or_default().to_vec());
            sql = sql.replace(&format!("${}", index + 1), &text.expect("text"));
        }
        let columns = prepared.columns.clone();
        async move { Ok(Box::new(FakePortal { sql, columns }) as Box<dyn Portal>) }.boxed()
    }

    fn function(&self, oid: u32) -> Result<Function> {
        match oid {
            1 => Ok(Function { call: "rows $1".to_owned(), argument_types: vec![23] }),
            _ => Err(Error::UndefinedFunction(format!("function with OID {oid} does not exist"))),
        }
    }

    fn execute(&mut self, portal: &mut dyn Portal) -> BoxFuture<'_, Result<Outcome>> {
        let sql = portal.as_any().downcast_ref::<FakePortal>().expect("ours").sql.clone();
        async move { self.outcome(&sql).await }.boxed()
    }

    fn named(&self, name: &str) -> Option<Arc<dyn Prepared>> {
        self.names.get(name).cloned()
    }

    fn keep(&mut self, name: &str, prepared: Arc<dyn Prepared>) -> Result<()> {
        self.names.insert(name.to_owned(), prepared);
        Ok(())
    }

    fn forget(&mut self, name: &str) {
        self.names.remove(name);
    }

    fn cursor_columns(&self, name: &str) -> Option<Vec<Column>> {
        (name == "cursor").then(|| vec![column("c", 20)])
    }

    fn ended(&mut self, failed: bool) {
        if failed && self.status == TransactionStatus::InBlock {
            self.status = TransactionStatus::Failed;
        }
    }

    fn copy_in(&mut self, _data: bytes::Bytes) -> BoxFuture<'_, Result<Outcome>> {
        std::future::ready(Err(Error::Internal("nothing is copied here".to_owned()))).boxed()
    }

    fn settle(&mut self) -> BoxFuture<'_, Result<()>> {
        std::future::ready(Ok(())).boxed()
    }

    fn sync(&mut self) {}

    fn arm(&mut self) -> CancellationToken {
        let token = CancellationToken::new();
        if self.timeout_ms > 0 {
            let (token, limit) = (token.clone(), Duration::from_millis(self.timeout_ms));
            self.seen.tasks.spawn("timeout", async move {
                tokio::time::sleep(limit).await;
                token.cancel();
            });
        }
        token
    }

    fn output(&self) -> OutputSettings {
        OutputSettings {
            time_zone: Zone::UTC,
            now_us: 0,
            date_style: DateStyle { format: DateFormat::Iso, order: DateOrder::Mdy },
            interval_style: IntervalStyle::Postgres,
            bytea_hex: true,
            extra_float_digits: 1,
            encoding: Encoding::Utf8,
        }
    }

    fn idle_limits_ms(&self) -> (u64, u64) {
        (self.idle_ms, self.idle_ms)
    }

    fn take_notifications(&mut self) -> Vec<Notification> {
        Vec::new()
    }

    fn arrival(&self) -> Arc<tokio::sync::Notify> {
        Arc::default()
    }
}

impl Prepared for FakePrepared {
    fn parameter_types(&self) -> &[u32] {
        &self.parameters
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

impl Portal for FakePortal {
    fn columns(&self) -> Option<&[Column]> {
        self.columns.as_deref()
    }

    fn as_any(&mut self) -> &mut (dyn Any + Send) {
        self
    }
}
