//! The client all benches drive servers with: the PostgreSQL protocol over blocking sockets, reading no more of an
//! answer than the headers of its messages, so that the server is what is measured.
//!
//! `wire COMMAND --host H --port P --user U --database D …` prints one line of `key=value` pairs, times in
//! milliseconds. The commands are listed in [`main`]; `benches/stream`, `benches/connect` and `benches/swap` run it
//! against Forebay and PostgreSQL in turn.

#![expect(clippy::disallowed_methods, reason = "a bench reads the machine's clock and environment")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints")]

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One read from the socket. Larger than a socket buffer gains nothing, smaller costs system calls.
const READ_BYTES: usize = 256 * 1024;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let command = arguments.next().unwrap_or_default();
    let outcome = Options::parse(arguments).and_then(|options| match command.as_str() {
        "stream" => stream(&options),
        "connect" => connect(&options),
        "idle" => idle(&options),
        "prepared" => prepared(&options),
        "steady" => steady(&options),
        "" => Ok("wire: started by benches/stream, benches/connect and benches/swap".to_owned()),
        other => Err(wrong(format!("no command \"{other}\""))),
    });
    match outcome {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("wire: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `--key value` pairs.
struct Options(HashMap<String, String>);

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> io::Result<Options> {
        let mut pairs = HashMap::new();
        while let Some(key) = arguments.next() {
            let (Some(key), Some(value)) = (key.strip_prefix("--"), arguments.next()) else {
                return Err(wrong(format!("expected --key value at \"{key}\"")));
            };
            pairs.insert(key.to_owned(), value);
        }
        Ok(Options(pairs))
    }

    fn text<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.0.get(key).map_or(default, String::as_str)
    }

    fn number(&self, key: &str, default: usize) -> io::Result<usize> {
        let Some(text) = self.0.get(key) else { return Ok(default) };
        text.parse().map_err(|e| wrong(format!("--{key} {text}: {e}")))
    }
}

/// Runs `--sql` once and counts its rows. `--mode` is `simple`, `text` or `binary` (extended protocol), `copy` (any
/// COPY TO STDOUT), or `fetch` (text, `--fetch` rows at a time).
fn stream(options: &Options) -> io::Result<String> {
    let mut wire = Wire::open(options)?;
    let sql = options.text("sql", "SELECT 1");
    let fetch = options.number("fetch", 1000)?;
    let started = Instant::now();
    let mut tally = Tally::new(started);
    match options.text("mode", "simple") {
        "simple" | "copy" => {
            wire.send(&query(sql))?;
            wire.until_ready(&mut tally)?;
        }
        "text" => {
            wire.send(&[parse(sql), bind(0), describe(), execute(0), sync()].concat())?;
            wire.until_ready(&mut tally)?;
        }
        "binary" => {
            wire.send(&[parse(sql), bind(1), describe(), execute(0), sync()].concat())?;
            wire.until_ready(&mut tally)?;
        }
        "fetch" => {
            wire.send(&query("BEGIN"))?;
            wire.until_ready(&mut Tally::new(started))?;
            wire.send(&[parse(sql), bind(0), execute(fetch), sync()].concat())?;
            while wire.until_ready(&mut tally)? == Ended::Suspended {
                wire.send(&[execute(fetch), sync()].concat())?;
            }
            wire.send(&query("COMMIT"))?;
            wire.until_ready(&mut Tally::new(started))?;
        }
        other => return Err(wrong(format!("no mode \"{other}\""))),
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(format!(
        "rows={} bytes={} first_ms={:.3} total_ms={:.3}",
        tally.rows,
        tally.bytes,
        tally.first.map_or(0.0, |first| first.as_secs_f64() * 1e3),
        seconds * 1e3
    ))
}

/// Opens and closes `--count` connections on `--threads` threads.
fn connect(options: &Options) -> io::Result<String> {
    let count = options.number("count", 500)?;
    let threads = options.number("threads", 1)?;
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let latencies = on_threads(threads, |_| {
        let mut latencies = Vec::new();
        while next.fetch_add(1, Ordering::Relaxed) < count {
            let started = Instant::now();
            Wire::open(options)?.send(&message(b'X', &[]))?;
            latencies.push(started.elapsed());
        }
        Ok(latencies)
    })?;
    Ok(summary(latencies, started.elapsed()))
}

/// Holds `--count` connections that have each run one statement, says so, and waits for a line on standard input.
fn idle(options: &Options) -> io::Result<String> {
    let count = options.number("count", 1000)?;
    let mut wires = Vec::with_capacity(count);
    for _ in 0..count {
        let mut wire = Wire::open(options)?;
        wire.send(&query(options.text("sql", "SELECT 1")))?;
        wire.until_ready(&mut Tally::new(Instant::now()))?;
        wires.push(wire);
    }
    println!("open={count}");
    io::stdin().read_line(&mut String::new())?;
    Ok(format!("closed={}", wires.len()))
}

/// Runs the prepared `--sql` `--count` times on each of `--threads` connections.
fn prepared(options: &Options) -> io::Result<String> {
    let count = options.number("count", 5000)?;
    let threads = options.number("threads", 1)?;
    let started = Instant::now();
    let latencies = on_threads(threads, |_| {
        let mut wire = Wire::open(options)?;
        wire.send(&[parse_as("s", options.text("sql", "SELECT 1")), sync()].concat())?;
        wire.until_ready(&mut Tally::new(Instant::now()))?;
        let call = [bind_to("s", 0), execute(0), sync()].concat();
        let mut latencies = Vec::with_capacity(count);
        for _ in 0..count {
            let started = Instant::now();
            wire.send(&call)?;
            wire.until_ready(&mut Tally::new(started))?;
            latencies.push(started.elapsed());
        }
        Ok(latencies)
    })?;
    Ok(summary(latencies, started.elapsed()))
}

/// Runs `--sql` again and again on `--threads` connections until a line comes on standard input, and prints one line
/// per run: start in microseconds since the Unix epoch, duration in microseconds, `ok` or `error`, the first row.
/// Runs that fail are reported and the load goes on.
fn steady(options: &Options) -> io::Result<String> {
    let stop = AtomicBool::new(false);
    let sql = query(options.text("sql", "SELECT 1"));
    let work = |_| {
        let mut wire = Wire::open(options)?;
        let mut runs = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let started = Instant::now();
            let mut tally = Tally::new(started);
            let outcome = wire.send(&sql).and_then(|()| wire.until_ready(&mut tally));
            let taken = started.elapsed().as_micros();
            match outcome {
                Ok(_) => runs.push(format!("{} {taken} ok {}", at.as_micros(), tally.first_row)),
                Err(error) => {
                    runs.push(format!("{} {taken} error {error}", at.as_micros()));
                    wire = Wire::open(options)?;
                }
            }
        }
        Ok(runs)
    };
    let runs = std::thread::scope(|scope| {
        scope.spawn(|| {
            println!("running");
            let read = io::stdin().read_line(&mut String::new());
            stop.store(true, Ordering::Relaxed);
            read
        });
        on_threads(options.number("threads", 4)?, work)
    })?;
    Ok(runs.join("\n"))
}

/// Runs `work` on threads and gathers what they return.
fn on_threads<T: Send>(
    threads: usize,
    work: impl Fn(usize) -> io::Result<Vec<T>> + Sync,
) -> io::Result<Vec<T>> {
    let work = &work;
    std::thread::scope(|scope| {
        let handles: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
        let mut all = Vec::new();
        for handle in handles {
            all.extend(handle.join().map_err(|_panic| wrong("a thread panicked".to_owned()))??);
        }
        Ok(all)
    })
}

fn summary(mut latencies: Vec<Duration>, elapsed: Duration) -> String {
    latencies.sort_unstable();
    let at = |share: usize| {
        let index = (latencies.len() * share / 1000).min(latencies.len().saturating_sub(1));
        latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    };
    let count = u32::try_from(latencies.len()).unwrap_or(u32::MAX);
    format!(
        "count={count} per_s={:.1} p50_ms={:.4} p99_ms={:.4} max_ms={:.4}",
        f64::from(count) / elapsed.as_secs_f64(),
        at(500),
        at(990),
        at(1000)
    )
}

/// How an answer ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// All rows were sent.
    Complete,
    /// More rows wait in the portal.
    Suspended,
}

/// What was seen of an answer.
struct Tally {
    started: Instant,
    first: Option<Duration>,
    first_row: String,
    rows: usize,
    bytes: usize,
}

impl Tally {
    fn new(started: Instant) -> Tally {
        Tally { started, first: None, first_row: String::new(), rows: 0, bytes: 0 }
    }
}

/// One connection.
struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Wire {
    /// Connects and logs in where no password is asked.
    fn open(options: &Options) -> io::Result<Wire> {
        let host = options.text("host", "127.0.0.1");
        let port = options.text("port", "5432");
        let stream = TcpStream::connect(format!("{host}:{port}"))?;
        stream.set_nodelay(true)?;
        let mut wire = Wire { stream, buffer: vec![0; READ_BYTES], start: 0, end: 0 };
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        for text in [
            "user",
            options.text("user", "forebay"),
            "database",
            options.text("database", "forebay"),
        ] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        body.push(0);
        let mut startup = length(body.len() + 4);
        startup.extend_from_slice(&body);
        wire.send(&startup)?;
        wire.until_ready(&mut Tally::new(Instant::now()))?;
        Ok(wire)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Takes messages until ReadyForQuery. An ErrorResponse is an error once the server is ready again, or gone.
    fn until_ready(&mut self, tally: &mut Tally) -> io::Result<Ended> {
        let mut failure = None;
        let mut ended = Ended::Complete;
        loop {
            let next = self.next();
            let (kind, body) = match (next, failure.take()) {
                (Ok(message), earlier) => {
                    failure = earlier;
                    message
                }
                (Err(_), Some(told)) => return Err(told),
                (Err(gone), None) => return Err(gone),
            };
            match kind {
                b'D' | b'd' => {
                    if tally.rows == 0 {
                        tally.first = Some(tally.started.elapsed());
                        tally.first_row = printable(body);
                    }
                    tally.rows += 1;
                    tally.bytes += body.len();
                }
                b's' => ended = Ended::Suspended,
                b'E' => failure = Some(wrong(printable(body))),
                b'R' if body != [0, 0, 0, 0] => {
                    return Err(wrong("the server asks for a password".to_owned()));
                }
                b'Z' => return failure.map_or(Ok(ended), Err),
                _ => {}
            }
        }
    }

    /// The next message: its type and its body.
    fn next(&mut self) -> io::Result<(u8, &[u8])> {
        let header = self.need(5)?;
        let (kind, size) = match self.buffer.get(header..header + 5) {
            Some(&[kind, a, b, c, d]) => (kind, u32::from_be_bytes([a, b, c, d])),
            _ => return Err(wrong("no header".to_owned())),
        };
        let size = usize::try_from(size).map_err(|e| wrong(e.to_string()))?;
        let at = self.need(size + 1)?;
        self.start = at + size + 1;
        Ok((kind, self.buffer.get(at + 5..self.start).unwrap_or_default()))
    }

    /// Reads until `count` bytes are in the buffer and says where they begin.
    fn need(&mut self, count: usize) -> io::Result<usize> {
        while self.end - self.start < count {
            if self.buffer.len() - self.start < count.max(READ_BYTES / 2) {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
                if self.buffer.len() < count + READ_BYTES {
                    self.buffer.resize(count + READ_BYTES, 0);
                }
            }
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            let got = self.stream.read(room)?;
            if got == 0 {
                return Err(wrong("the server closed the connection".to_owned()));
            }
            self.end += got;
        }
        Ok(self.start)
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind];
    bytes.extend_from_slice(&length(body.len() + 4));
    bytes.extend_from_slice(body);
    bytes
}

fn length(bytes: usize) -> Vec<u8> {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes().to_vec()
}

fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &[sql.as_bytes(), &[0]].concat())
}

fn parse(sql: &str) -> Vec<u8> {
    parse_as("", sql)
}

fn parse_as(name: &str, sql: &str) -> Vec<u8> {
    message(b'P', &[name.as_bytes(), &[0], sql.as_bytes(), &[0], &[0, 0]].concat())
}

fn bind(format: u8) -> Vec<u8> {
    bind_to("", format)
}

/// The portal is the unnamed one; all result columns are in `format`.
fn bind_to(statement: &str, format: u8) -> Vec<u8> {
    let tail = [0, 0, 0, 0, 0, 0, 1, 0, format];
    message(b'B', &[&[0], statement.as_bytes(), tail.as_slice()].concat())
}

fn describe() -> Vec<u8> {
    message(b'D', b"P\0")
}

fn execute(limit: usize) -> Vec<u8> {
    message(b'E', &[vec![0], length(limit)].concat())
}

fn sync() -> Vec<u8> {
    message(b'S', &[])
}

fn printable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let kept = text.chars().map(|c| if c.is_control() || c == ' ' { '_' } else { c });
    kept.take(400).collect()
}

fn wrong(message: String) -> io::Error {
    io::Error::other(message)
}
