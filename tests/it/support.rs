//! What every test of the real program needs: a directory of its own, versions published into it, the program
//! running over it on a free port, and a client that sees every message.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard, mpsc};
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use tempfile::TempDir;

/// The longest any single answer may take. Ten times less fails on a busy machine, ten times more hides a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Tests that measure time or memory run alone; all others share the machine.
static MACHINE: RwLock<()> = RwLock::new(());

/// A number from the environment, for the long tier.
pub(crate) fn count(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a count"))
}

/// The share of the machine a test holds.
enum Share {
    Some(#[expect(dead_code, reason = "held")] RwLockReadGuard<'static, ()>),
    All(#[expect(dead_code, reason = "held")] RwLockWriteGuard<'static, ()>),
}

/// A source root and a state root of one test.
pub(crate) struct Site {
    directory: TempDir,
    root: PathBuf,
    _share: Share,
}

impl Site {
    pub(crate) fn new() -> Site {
        let share = MACHINE.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        Site::with(Share::Some(share))
    }

    /// A site whose test runs while no other does.
    pub(crate) fn alone() -> Site {
        let share = MACHINE.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        Site::with(Share::All(share))
    }

    fn with(share: Share) -> Site {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("root");
        fs::create_dir(&root).unwrap();
        Site { directory, root, _share: share }
    }

    /// The same site over a source root that exists already.
    pub(crate) fn over(mut self, root: &Path) -> Site {
        self.root = root.to_owned();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path().join("state")
    }

    /// Publishes a version with one Parquet table; it appears at once and complete.
    pub(crate) fn publish(&self, database: &str, version: &str, table: &str, rows: &RecordBatch) {
        let bytes = parquet(rows);
        self.publish_files(database, version, &[(&format!("{table}/part-0.parquet"), &bytes)]);
    }

    /// Publishes a version of any files; it appears at once and complete.
    pub(crate) fn publish_files(&self, database: &str, version: &str, files: &[(&str, &[u8])]) {
        let parent = self.root.join(database);
        let hidden = parent.join(format!(".publishing-{version}"));
        write_files(&hidden, files);
        fs::write(hidden.join("_SUCCESS"), "").unwrap();
        fs::rename(&hidden, parent.join(version)).unwrap();
    }

    /// Starts the program with `flags` after the usual ones and waits for its ready line.
    pub(crate) fn serve(&self, flags: &[&str]) -> Server {
        self.try_serve(flags).unwrap_or_else(|said| panic!("the server did not get ready:\n{said}"))
    }

    /// Starts the program; what it printed when it did not get ready.
    pub(crate) fn try_serve(&self, flags: &[&str]) -> Result<Server, String> {
        let log = self.path().join("server.log");
        let errors = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
            .args(["serve", "--listen", "127.0.0.1:0", "--versions-settle", "50ms"])
            .arg("--source")
            .arg(&self.root)
            .arg("--state")
            .arg(self.state())
            .args(flags)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (found, ready) = mpsc::channel();
        let address = |line: String| {
            line.strip_prefix("forebay: ready, postgres on ")?.parse::<SocketAddr>().ok()
        };
        std::thread::spawn(move || {
            while let Some(Ok(line)) = lines.next() {
                address(line).map(|address| found.send(address).ok());
            }
        });
        match ready.recv_timeout(PATIENCE) {
            Ok(address) => Ok(Server { child, address, log }),
            Err(_) => {
                child.kill().ok();
                child.wait().ok();
                Err(fs::read_to_string(&log).unwrap_or_default())
            }
        }
    }

    /// Runs another subcommand over this site's state and gives its exit and what it printed.
    pub(crate) fn command(&self, arguments: &[&str], input: &str) -> (bool, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
            .args(arguments)
            .arg("--state")
            .arg(self.state())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

/// Writes files below `directory`, making directories as needed.
pub(crate) fn write_files(directory: &Path, files: &[(&str, &[u8])]) {
    fs::create_dir_all(directory).unwrap();
    for (path, bytes) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// `rows` rows that all carry the number of their version, beside a row number.
pub(crate) fn numbered(version: i64, rows: i64) -> RecordBatch {
    let ids: Int64Array = (0..rows).collect();
    let versions: Int64Array = (0..rows).map(|_| version).collect();
    batch(vec![("id", Arc::new(ids)), ("version", Arc::new(versions))])
}

/// `rows` rows of a number, a small key and a text of some 40 bytes.
pub(crate) fn wide(start: i64, rows: i64) -> RecordBatch {
    let ids: Int64Array = (start..start + rows).collect();
    let keys: Int64Array = (start..start + rows).map(|id| id % 1000).collect();
    let texts: StringArray = (start..start + rows)
        .map(|id| Some(format!("row {id} of a table that is wide enough")))
        .collect();
    batch(vec![("id", Arc::new(ids)), ("k", Arc::new(keys)), ("s", Arc::new(texts))])
}

pub(crate) fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The bytes of a Parquet file.
pub(crate) fn parquet(rows: &RecordBatch) -> Vec<u8> {
    parquet_of(std::slice::from_ref(rows).iter().cloned())
}

/// The bytes of a Parquet file written batch by batch.
pub(crate) fn parquet_of(batches: impl IntoIterator<Item = RecordBatch>) -> Vec<u8> {
    let mut batches = batches.into_iter().peekable();
    let schema = batches.peek().unwrap().schema();
    let mut bytes = Vec::new();
    let mut writer = parquet::arrow::ArrowWriter::try_new(&mut bytes, schema, None).unwrap();
    for rows in batches {
        writer.write(&rows).unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// A running program. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

impl Server {
    pub(crate) fn connect(&self) -> Client {
        Client::open(self.address, &[("user", "forebay"), ("database", "forebay")]).unwrap()
    }

    /// Kills it as a power failure would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = i32::try_from(self.child.id()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal)
            .unwrap();
    }

    /// Waits for its end and tells whether it exited with zero.
    pub(crate) fn wait(mut self) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(Instant::now() < end, "the server did not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it wrote to its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Memory it holds, in bytes (Linux).
    pub(crate) fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024
    }

    /// CPU it used so far, in hundredths of a second (Linux).
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let field = |index: usize| fields.split_whitespace().nth(index).unwrap().parse::<u64>();
        field(11).unwrap() + field(12).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<_> = log.lines().rev().take(30).collect();
            for line in tail.iter().rev() {
                eprintln!("server log: {line}");
            }
        }
    }
}

/// One message from the server.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) body: Vec<u8>,
}

impl Frame {
    /// The fields of an ErrorResponse or NoticeResponse.
    pub(crate) fn fields(&self) -> BTreeMap<char, String> {
        self.body
            .split(|byte| *byte == 0)
            .filter_map(|field| {
                let (kind, text) = field.split_first()?;
                Some((char::from(*kind), String::from_utf8_lossy(text).into_owned()))
            })
            .collect()
    }
}

/// What a simple query gave.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Option<String>>>,
    pub(crate) tags: Vec<String>,
    /// The fields of the first error.
    pub(crate) error: Option<BTreeMap<char, String>>,
}

impl Answer {
    /// The SQLSTATE, or `00000` when it went well.
    pub(crate) fn state(&self) -> &str {
        self.error.as_ref().map_or("00000", |error| &error[&'C'])
    }
}

/// A client that sends and sees bare messages.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    pub(crate) parameters: BTreeMap<String, String>,
    /// Process number and secret, for a cancel request.
    pub(crate) key: Vec<u8>,
}

impl Client {
    /// A bare connection; nothing is sent.
    pub(crate) fn dial(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client {
            stream: BufReader::with_capacity(1 << 16, stream),
            parameters: BTreeMap::new(),
            key: Vec::new(),
        }
    }

    /// Connects and reads up to the first ReadyForQuery.
    /// Errors: the fields of the ErrorResponse that refused it.
    pub(crate) fn open(
        address: SocketAddr,
        startup: &[(&str, &str)],
    ) -> Result<Client, BTreeMap<char, String>> {
        let mut client = Client::dial(address);
        client.send_startup(startup);
        loop {
            let Some(frame) = client.frame() else {
                panic!("closed without an error during startup");
            };
            match frame.kind {
                b'E' => return Err(frame.fields()),
                b'S' => {
                    let mut parts = frame.body.split(|byte| *byte == 0);
                    let mut text = || String::from_utf8_lossy(parts.next().unwrap()).into_owned();
                    let (name, value) = (text(), text());
                    client.parameters.insert(name, value);
                }
                b'K' => client.key = frame.body,
                b'Z' => return Ok(client),
                b'R' => assert_eq!(frame.body, [0, 0, 0, 0], "trusted"),
                _ => {}
            }
        }
    }

    pub(crate) fn send_startup(&mut self, parameters: &[(&str, &str)]) {
        let mut body = 196_608_i32.to_be_bytes().to_vec();
        for (name, value) in parameters {
            body.extend(zeroed(name));
            body.extend(zeroed(value));
        }
        body.push(0);
        self.send_bytes(&[&length(body.len() + 4)[..], &body].concat());
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        // A server that refuses may close before it has read everything; the answer tells.
        self.stream.get_mut().write_all(bytes).ok();
    }

    pub(crate) fn send(&mut self, kind: u8, body: &[u8]) {
        self.send_bytes(&message(kind, body));
    }

    /// The next message; `None` when the server has closed.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 5];
        match self.stream.read_exact(&mut head) {
            Ok(()) => {}
            Err(e) if matches!(e.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                return None;
            }
            Err(e) => panic!("no answer from the server: {e}"),
        }
        let size = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; usize::try_from(size).unwrap() - 4];
        match self.stream.read_exact(&mut body) {
            Ok(()) => Some(Frame { kind: head[0], body }),
            Err(e) if matches!(e.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
                None
            }
            Err(e) => panic!("half an answer from the server: {e}"),
        }
    }

    /// All messages up to ReadyForQuery or the end of the connection.
    pub(crate) fn frames(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame() {
            let kind = frame.kind;
            frames.push(frame);
            if kind == b'Z' {
                break;
            }
        }
        frames
    }

    /// Sends a simple query without waiting.
    pub(crate) fn ask(&mut self, sql: &str) {
        self.send(b'Q', &zeroed(sql));
    }

    /// Reads the answer to what was sent, up to ReadyForQuery.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = Answer::default();
        while let Some(frame) = self.frame() {
            match frame.kind {
                b'T' => answer.columns = column_names(&frame.body),
                b'D' => answer.rows.push(values(&frame.body)),
                b'C' => answer.tags.push(text(&frame.body)),
                b'E' if answer.error.is_none() => answer.error = Some(frame.fields()),
                b'S' => {
                    let mut parts = frame.body.split(|byte| *byte == 0);
                    let mut next = || String::from_utf8_lossy(parts.next().unwrap()).into_owned();
                    let (name, value) = (next(), next());
                    self.parameters.insert(name, value);
                }
                b'Z' => break,
                _ => {}
            }
        }
        answer
    }

    /// Reads up to ReadyForQuery and keeps the error but no rows.
    pub(crate) fn answer_only(&mut self) -> Answer {
        let mut answer = Answer::default();
        while let Some(frame) = self.frame() {
            match frame.kind {
                b'C' => answer.tags.push(text(&frame.body)),
                b'E' if answer.error.is_none() => answer.error = Some(frame.fields()),
                b'Z' => break,
                _ => {}
            }
        }
        answer
    }

    /// Runs a simple query.
    pub(crate) fn query(&mut self, sql: &str) -> Answer {
        self.ask(sql);
        self.answer()
    }

    /// Runs a statement through Parse, Bind, Describe, Execute and Sync.
    pub(crate) fn extended(&mut self, sql: &str, binary: bool) -> Answer {
        self.ask_extended(sql, binary, 0);
        self.answer()
    }

    /// Sends a statement in the extended protocol with a row limit, without waiting.
    pub(crate) fn ask_extended(&mut self, sql: &str, binary: bool, limit: i32) {
        let mut all = message(b'P', &[&[0][..], &zeroed(sql), &[0, 0]].concat());
        let formats: &[u8] = if binary { &[0, 1, 0, 1] } else { &[0, 0] };
        all.extend(message(b'B', &[&[0, 0, 0, 0, 0, 0][..], formats].concat()));
        all.extend(message(b'D', b"P\0"));
        all.extend(message(b'E', &[&[0][..], &limit.to_be_bytes()].concat()));
        all.extend(message(b'S', b""));
        self.send_bytes(&all);
    }

    /// The one value of a statement that must go well.
    #[track_caller]
    pub(crate) fn one(&mut self, sql: &str) -> String {
        let answer = self.query(sql);
        assert!(answer.error.is_none(), "{sql}: {:?}", answer.error);
        assert_eq!(answer.rows.len(), 1, "{sql}: {:?}", answer.rows);
        answer.rows[0][0].clone().unwrap_or_else(|| "NULL".to_owned())
    }

    /// The rows of a statement that must go well, values joined by `|`, rows by `; `.
    #[track_caller]
    pub(crate) fn rows(&mut self, sql: &str) -> String {
        let answer = self.query(sql);
        assert!(answer.error.is_none(), "{sql}: {:?}", answer.error);
        let line = |row: &Vec<Option<String>>| {
            let cells: Vec<_> = row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
            cells.join("|")
        };
        answer.rows.iter().map(line).collect::<Vec<_>>().join("; ")
    }

    /// The SQLSTATE of a statement, or `00000`.
    pub(crate) fn state(&mut self, sql: &str) -> String {
        self.query(sql).state().to_owned()
    }

    /// Sends a cancel request for this connection over one of its own.
    pub(crate) fn cancel(&self, address: SocketAddr) {
        let mut other = Client::dial(address);
        let body = [&80_877_102_i32.to_be_bytes()[..], &self.key].concat();
        other.send_bytes(&[&length(body.len() + 4)[..], &body].concat());
        other.frame();
    }

    pub(crate) fn stream(&mut self) -> &mut BufReader<TcpStream> {
        &mut self.stream
    }
}

/// Address and database of a DSN of the form `postgresql://forebay@HOST:PORT/DATABASE`.
pub(crate) fn place(dsn: &str) -> (SocketAddr, String) {
    let (_, place) = dsn.rsplit_once('@').expect("a user in the DSN");
    let (address, database) = place.split_once('/').expect("a database in the DSN");
    (address.parse().expect("HOST:PORT in the DSN"), database.to_owned())
}

/// Waits until `holds`, up to `limit`.
#[track_caller]
pub(crate) fn eventually(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < end, "{what} did not come true within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &length(body.len() + 4), body].concat()
}

pub(crate) fn zeroed(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap().to_be_bytes()
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body.split(|byte| *byte == 0).next().unwrap()).into_owned()
}

fn column_names(body: &[u8]) -> Vec<String> {
    let mut rest = &body[2..];
    let mut names = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        names.push(String::from_utf8_lossy(&rest[..end]).into_owned());
        rest = &rest[end + 19..];
    }
    names
}

fn values(body: &[u8]) -> Vec<Option<String>> {
    let mut rest = &body[2..];
    let mut row = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let size = i32::from_be_bytes(*head);
        let Ok(size) = usize::try_from(size) else {
            row.push(None);
            rest = tail;
            continue;
        };
        row.push(Some(String::from_utf8_lossy(&tail[..size]).into_owned()));
        rest = &tail[size..];
    }
    row
}

/// A small random sequence; its seed is part of every failure message.
#[derive(Debug)]
pub(crate) struct Dice {
    pub(crate) seed: u64,
    state: u64,
}

impl Dice {
    /// From `FOREBAY_TEST_SEED`, or from the time.
    pub(crate) fn new() -> Dice {
        let seed = std::env::var("FOREBAY_TEST_SEED").map_or_else(
            |_| {
                let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
                u64::from(now.subsec_nanos()) << 20 | 1
            },
            |text| text.parse().expect("a seed"),
        );
        eprintln!("FOREBAY_TEST_SEED={seed}");
        Dice { seed, state: seed | 1 }
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % limit
    }

    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    pub(crate) fn index(&mut self, limit: usize) -> usize {
        usize::try_from(self.below(u64::try_from(limit).unwrap())).unwrap()
    }
}
