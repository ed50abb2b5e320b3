//! Cancel, timeout and a closed socket stop the work within a second, whatever operator it is in; and the server itself
//! stops when told to.

use std::time::{Duration, Instant};

use super::support::{Client, Server, Site, eventually, parquet_of, wide};

/// How long a stop may take until the client knows and the processor is idle.
const STOP_MAX: Duration = Duration::from_secs(1);

/// When to give up waiting for a server that does not stop.
const GIVE_UP: Duration = Duration::from_secs(40);

/// A fifth of a second is 20 ticks for each busy thread; below this many the server is idle.
const WINDOW: Duration = Duration::from_millis(200);
const IDLE_TICKS: u64 = 4;

/// Statements that run for a minute or more, one for each place where work can hide.
const STATEMENTS: [(&str, &str); 11] = [
    (
        "scan",
        "SELECT count(*) FROM s.big a, s.tiny b WHERE repeat(a.s, 20) LIKE '%' || b.s || '%x%y%z'",
    ),
    (
        "sort",
        "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY md5(a.s || b.s)) AS r FROM s.big a, s.tiny b) x",
    ),
    ("hash join", "SELECT count(*) FROM s.big a JOIN s.big b ON a.k = b.k WHERE a.s <> b.s"),
    (
        "hash join of many keys",
        "SELECT count(*) FROM s.big a JOIN s.big b ON a.k = b.k JOIN s.big c ON b.k = c.k",
    ),
    ("nested loop join", "SELECT count(*) FROM s.big a JOIN s.big b ON a.id < b.id AND a.s > b.s"),
    ("cross join", "SELECT sum(a.id + b.id) FROM s.big a CROSS JOIN s.big b"),
    (
        "aggregate",
        "SELECT count(*) FROM (SELECT a.id, b.id % 7 AS m, count(*) FROM s.big a, s.tiny b GROUP BY 1, 2) x",
    ),
    ("distinct strings", "SELECT count(DISTINCT a.s || b.s) FROM s.big a, s.tiny b"),
    (
        "recursion",
        "WITH RECURSIVE t (n) AS (SELECT 1::int8 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    ),
    ("regular expression", "SELECT count(*) FROM s.big WHERE s ~ '(.*)(.*)(.*)\\1x'"),
    (
        "dependent subquery",
        "SELECT count((SELECT max(b.s) FROM s.big b WHERE b.id > a.id)) FROM s.big a",
    ),
];

fn site() -> Site {
    let site = Site::alone();
    let big = parquet_of((0..100).map(|block| wide(block * 10_000, 10_000)));
    let tiny = parquet_of([wide(0, 200)]);
    site.publish_files("s", "v1", &[("big/part-0.parquet", &big), ("tiny/part-0.parquet", &tiny)]);
    site
}

#[test]
fn cancel_stops_work() {
    let site = site();
    let server = site.serve(&[]);
    each(&server, |client| {
        client.cancel(server.address);
        assert_eq!(client.answer().state(), "57014");
    });
}

#[test]
fn a_timeout_stops_work() {
    let site = site();
    let server = site.serve(&[]);
    let mut wrong = Vec::new();
    for (name, sql) in STATEMENTS {
        let mut client = server.connect();
        client.rows("SET statement_timeout = '700ms'");
        let asked = Instant::now();
        let answer = client.query(sql);
        assert_eq!(answer.state(), "57014", "{name}: {:?}", answer.error);
        let took = asked.elapsed();
        assert!(took > Duration::from_millis(600), "{name}: after {took:?}");
        if took > Duration::from_millis(700) + STOP_MAX {
            wrong.push(format!("{name}: told after {took:?}"));
        }
        wrong.extend(busy_too_long(&server, name, Instant::now()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn w7_a_closed_socket_stops_work() {
    let site = site();
    let server = site.serve(&[]);
    each(&server, |client| {
        client.stream().get_mut().shutdown(std::net::Shutdown::Both).unwrap();
    });
}

#[test]
fn w7_a_cancelled_stream_ends_while_rows_flow() {
    let site = site();
    let server = site.serve(&[]);
    let sql = "SELECT a.*, b.* FROM s.big a, s.tiny b";
    for binary in [false, true] {
        let mut client = server.connect();
        client.ask_extended(sql, binary, 0);
        for _ in 0..1_000 {
            client.frame().expect("rows");
        }
        let key = client.key.clone();
        let asked = Instant::now();
        // What is on its way already must be read before the error can come.
        let reader = std::thread::spawn(move || client.answer_only().state().to_owned());
        let mut other = Client::dial(server.address);
        other.key = key;
        other.cancel(server.address);
        assert_eq!(reader.join().unwrap(), "57014");
        assert!(asked.elapsed() < STOP_MAX + STOP_MAX, "{:?}", asked.elapsed());
        assert_eq!(busy_too_long(&server, "stream", Instant::now()), None);
    }
}

#[test]
fn a_timeout_fires_while_a_client_does_not_read() {
    let site = site();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("SET statement_timeout = '1s'");
    client.ask("SELECT a.*, b.* FROM s.big a, s.tiny b");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(client.answer_only().state(), "57014");
}

#[test]
fn a_cancel_of_another_key_does_nothing() {
    let site = Site::new();
    site.publish("s", "v1", "t", &wide(0, 10));
    let server = site.serve(&[]);
    let mut victim = server.connect();
    victim.ask("SELECT pg_sleep(2)");
    for guess in 0..200_u8 {
        let mut attacker = Client::dial(server.address);
        attacker.key.clone_from(&victim.key);
        let last = attacker.key.len() - 1;
        attacker.key[last] ^= guess | 1;
        attacker.cancel(server.address);
    }
    assert_eq!(victim.answer().state(), "00000");
}

#[test]
fn a_stop_lets_statements_finish_and_refuses_newcomers() {
    let site = Site::new();
    site.publish("s", "v1", "t", &wide(0, 10));
    let server = site.serve(&["--server-drain", "20s"]);
    let mut busy = server.connect();
    let mut idle = server.connect();
    busy.ask("SELECT pg_sleep(2)");
    std::thread::sleep(Duration::from_millis(500));
    server.signal(rustix::process::Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    match std::net::TcpStream::connect(server.address) {
        Err(_) => {}
        Ok(_) => {
            let refused =
                Client::open(server.address, &[("user", "forebay")]).err().expect("refused");
            assert_eq!(refused[&'C'], "57P03");
        }
    }
    assert_eq!(busy.answer().state(), "00000");
    let told = idle.frame().expect("a last word");
    assert_eq!(told.fields()[&'C'], "57P01");
    assert!(server.wait(), "exit code");
}

#[test]
fn a_second_stop_is_a_fast_one() {
    let site = site();
    let server = site.serve(&["--server-drain", "60s"]);
    let mut busy = server.connect();
    busy.ask(STATEMENTS[4].1);
    std::thread::sleep(Duration::from_millis(500));
    server.signal(rustix::process::Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    server.signal(rustix::process::Signal::TERM);
    let asked = Instant::now();
    assert_eq!(busy.answer().state(), "57P01");
    server.wait();
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

/// Runs each statement until it is at work, stops it, and sees the processor go idle.
fn each(server: &Server, stop: impl Fn(&mut Client)) {
    let mut wrong = Vec::new();
    for (name, sql) in STATEMENTS {
        let mut client = server.connect();
        client.ask(sql);
        let before = server.cpu_ticks();
        eventually(Duration::from_secs(10), name, || server.cpu_ticks() > before + 40);
        let asked = Instant::now();
        stop(&mut client);
        if asked.elapsed() > STOP_MAX {
            wrong.push(format!("{name}: told after {:?}", asked.elapsed()));
        }
        wrong.extend(busy_too_long(server, name, asked));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Waits until the server is idle; says so when that came too late.
fn busy_too_long(server: &Server, name: &str, asked: Instant) -> Option<String> {
    loop {
        let (start, before) = (Instant::now(), server.cpu_ticks());
        std::thread::sleep(WINDOW);
        let used = server.cpu_ticks() - before;
        let idle_after = start.saturating_duration_since(asked);
        if used <= IDLE_TICKS {
            return (idle_after > STOP_MAX).then(|| format!("{name}: idle after {idle_after:?}"));
        }
        if idle_after > GIVE_UP {
            return Some(format!("{name}: still at work after {idle_after:?}"));
        }
    }
}
