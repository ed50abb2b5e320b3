//! Five million rows to a client that reads slowly: memory stays flat, the first row comes at once.

use std::io::Read;
use std::time::{Duration, Instant};

use super::support::{Client, Server, Site, count, message, parquet_of, wide, zeroed};

/// What streaming may add to the server's memory.
const GROWTH_MAX: u64 = 64 << 20;

/// How late the first row of a warm statement may be.
const FIRST_ROW_MAX: Duration = Duration::from_millis(200);

/// What a slow client takes at a time, and how long it then rests: some 30 MB/s.
const SIP: usize = 1 << 16;
const REST: Duration = Duration::from_millis(2);

#[test]
fn memory_stays_flat_under_a_slow_reader() {
    let rows = i64::try_from(count("FOREBAY_TEST_ROWS", 5_000_000)).unwrap();
    let site = Site::alone();
    let file = parquet_of((0..rows / 10_000).map(|block| wide(block * 10_000, 10_000)));
    site.publish_files("s", "v1", &[("big/part-0.parquet", &file)]);
    drop(file);
    let server = site.serve(&[]);
    let mut client = server.connect();
    assert_eq!(client.one("SELECT count(*) FROM s.big"), rows.to_string());
    let mut wrong = Vec::new();
    for how in ["simple", "extended", "binary", "portal", "copy", "copy binary"] {
        // What the first pages cost (caches, threads, allocator) is not streaming.
        client = first_rows(&server, client, how);
        let before = server.resident_bytes();
        let (bytes, peak) = drain(&server, &mut client, how);
        assert!(bytes > u64::try_from(rows).unwrap() * 40, "{how}: only {bytes} bytes came");
        let growth = peak.saturating_sub(before);
        eprintln!("{how}: {} MiB in all, memory grew by {} MiB", bytes >> 20, growth >> 20);
        if growth >= GROWTH_MAX {
            wrong.push(format!("{how}: memory grew by {} MiB", growth >> 20));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_reader_that_stops_holds_nobody_else_up() {
    let site = Site::new();
    let file = parquet_of((0..100).map(|block| wide(block * 10_000, 10_000)));
    site.publish_files("s", "v1", &[("big/part-0.parquet", &file)]);
    let server = site.serve(&[]);
    let mut stuck: Vec<_> = (0..16).map(|_| server.connect()).collect();
    for client in &mut stuck {
        client.ask("SELECT * FROM s.big");
    }
    let mut other = server.connect();
    for _ in 0..20 {
        assert_eq!(other.one("SELECT count(*) FROM s.big WHERE k = 7"), "1000");
    }
}

fn ask(client: &mut Client, how: &str) {
    const SQL: &str = "SELECT * FROM s.big";
    match how {
        "simple" => client.ask(SQL),
        "extended" => client.ask_extended(SQL, false, 0),
        "binary" => client.ask_extended(SQL, true, 0),
        "portal" => portal(client, SQL),
        "copy" => client.ask("COPY s.big TO STDOUT"),
        _ => client.ask("COPY s.big TO STDOUT (FORMAT binary)"),
    }
}

/// One portal read a thousand rows at a time, all executions sent ahead in one pipeline.
fn portal(client: &mut Client, sql: &str) {
    let mut all = message(b'P', &[&[0][..], &zeroed(sql), &[0, 0]].concat());
    all.extend(message(b'B', &[0, 0, 0, 0, 0, 0, 0, 0]));
    for _ in 0..6 {
        all.extend(message(b'E', &[&[0][..], &1_000_000_i32.to_be_bytes()].concat()));
    }
    all.extend(message(b'S', b""));
    client.send_bytes(&all);
}

/// Measures the first row twice over, then leaves the statement by closing the connection.
fn first_rows(server: &Server, mut client: Client, how: &str) -> Client {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let asked = Instant::now();
        ask(&mut client, how);
        while !matches!(client.frame().expect("an open connection").kind, b'D' | b'd') {}
        best = best.min(asked.elapsed());
        client = server.connect();
    }
    eprintln!("{how}: first row after {best:?}");
    assert!(best < FIRST_ROW_MAX, "{how}: first row after {best:?}");
    std::thread::sleep(Duration::from_secs(1));
    client
}

/// Reads everything slowly; how much came, and the most memory the server held meanwhile.
fn drain(server: &Server, client: &mut Client, how: &str) -> (u64, u64) {
    ask(client, how);
    let mut buffer = vec![0; SIP];
    let (mut bytes, mut peak, mut sips) = (0, 0, 0_u32);
    let mut end = [0; 6];
    let stream = client.stream();
    while end != [b'Z', 0, 0, 0, 5, b'I'] {
        let taken = stream.read(&mut buffer).expect("more rows");
        assert!(taken > 0, "{how}: closed after {bytes} bytes");
        bytes += u64::try_from(taken).unwrap();
        end = last(end, &buffer[..taken]);
        sips += 1;
        if sips.is_multiple_of(64) {
            peak = peak.max(server.resident_bytes());
        }
        if taken == SIP || sips.is_multiple_of(8) {
            std::thread::sleep(REST);
        }
    }
    (bytes, peak)
}

/// The last six bytes of a stream that ended in `end` and goes on with `more`.
fn last(end: [u8; 6], more: &[u8]) -> [u8; 6] {
    let joined = [&end[..], &more[more.len().saturating_sub(6)..]].concat();
    joined.last_chunk().copied().unwrap()
}
