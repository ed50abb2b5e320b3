//! Sequences over the end of the server and between sessions: no number leaves twice, a clean stop leaves no gap and a
//! crash one of a block at most (reliability R7).

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use super::support::{Answer, Client, Dice, Server, Site, count};

/// Numbers that are made durable at a time (DESIGN 4.3).
const BLOCK_LEN: i64 = 1_000;

const CLIENTS: usize = 8;

/// Numbers that a client asks for at once now and then, so that blocks end within a round.
const SEVERAL: i64 = 50;

/// How long clients are left to themselves before the server ends.
const UNDISTURBED_US_MAX: u64 = 50_000;

/// What states may tell the loser of two that make the same.
const TAKEN: &[&str] = &["42P06", "42P07", "23505", "40001"];

#[test]
fn a_clean_stop_leaves_no_gap() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE SEQUENCE public.a");
    client.rows("CREATE SEQUENCE public.down INCREMENT -5 MAXVALUE 100");
    client.rows("CREATE SEQUENCE public.moved");
    client.rows("CREATE SEQUENCE public.untouched START 7");
    client.rows("CREATE SEQUENCE public.cached CACHE 10");
    assert_eq!(next(&mut client, "cached"), 1);
    client.rows("SELECT setval('public.moved', 50, false)");
    let mut server = Some(server);
    for round in 0..4 {
        let restarted = server.take().unwrap_or_else(|| site.serve(&[]));
        let mut client = restarted.connect();
        assert_eq!(client.state("SELECT currval('public.untouched')"), "55000");
        for step in 1..=7 {
            assert_eq!(next(&mut client, "a"), round * 7 + step);
        }
        assert_eq!(next(&mut client, "down"), 100 - round * 5);
        assert_eq!(next(&mut client, "moved"), 50 + round);
        if round > 0 {
            // What a session has taken is gone with it.
            assert_eq!(next(&mut client, "cached"), round * 10 + 1);
        }
        stop(restarted);
    }
    let server = site.serve(&[]);
    let mut client = server.connect();
    assert_eq!(client.rows("SELECT last_value, is_called FROM public.a"), "28|t");
    assert_eq!(client.rows("SELECT last_value, is_called FROM public.untouched"), "7|f");
    assert_eq!(next(&mut client, "untouched"), 7);
}

#[test]
fn a_crash_leaves_a_gap_of_a_block_at_most() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    for name in ["a", "moved", "restarted", "dropped"] {
        client.rows(&format!("CREATE SEQUENCE public.{name}"));
        assert_eq!(next(&mut client, name), 1);
    }
    client.rows("CREATE SEQUENCE public.untouched");
    client.rows("CREATE SCHEMA made; CREATE SEQUENCE made.inside START 20");
    client.rows("BEGIN");
    assert_eq!(next(&mut client, "a"), 2);
    client.rows("ROLLBACK");
    client.rows("SELECT setval('public.moved', 5000)");
    client.rows("ALTER SEQUENCE public.restarted RESTART WITH 300 INCREMENT 10");
    client.rows("DROP SEQUENCE public.dropped");
    server.kill();
    let server = site.serve(&[]);
    let mut client = server.connect();
    let mut within = |name: &str, first: i64, step: i64| {
        let number = next(&mut client, name);
        let last = first + BLOCK_LEN * step;
        assert!((first..=last).contains(&number), "{name}: {number} is not in {first}..={last}");
        assert_eq!(next(&mut client, name), number + step);
    };
    within("a", 3, 1);
    within("moved", 5001, 1);
    within("restarted", 300, 10);
    within("untouched", 1, 1);
    assert_eq!(client.state("SELECT nextval('public.dropped')"), "42P01");
    let inside: i64 = client.one("SELECT nextval('made.inside')").parse().unwrap();
    assert!((20..=20 + BLOCK_LEN).contains(&inside), "{inside}");
}

#[test]
fn r7_kills_never_repeat_a_number() {
    let rounds = count("FOREBAY_TEST_SEQUENCE_KILLS", 50);
    let mut dice = Dice::new();
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE SEQUENCE public.a; CREATE SEQUENCE public.b; CREATE SEQUENCE public.moved");
    server.kill();
    let mut given = [Given::of("a"), Given::of("b")];
    let mut settings = Settings { kept: vec![1], asked: Vec::new() };
    let asked = AtomicI64::new(0);
    for round in 0..rounds {
        let context = format!("round {round}, seed {}", dice.seed);
        let server = site.serve(&[]);
        let mut client = server.connect();
        for given in &mut given {
            given.go_on(&mut client, &context);
        }
        settings.find(&mut client, &context);
        let clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
        let undisturbed = Duration::from_micros(dice.below(UNDISTURBED_US_MAX));
        let clean = dice.below(5) == 0;
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            let mut calling = Vec::new();
            for (index, client) in clients.into_iter().enumerate() {
                let asked = &asked;
                calling.push(scope.spawn(move || call(client, index, asked)));
            }
            std::thread::sleep(undisturbed);
            if clean {
                stop(server);
            } else {
                server.kill();
            }
            seen.extend(calling.into_iter().map(|client| client.join().unwrap()));
        });
        for (index, given) in given.iter_mut().enumerate() {
            given.gap_max = if clean { 0 } else { BLOCK_LEN };
            for seen in &seen {
                given.add(&seen.numbers[index], &context);
                given.gap_max += seen.waited_for[index];
            }
        }
        settings.add(&seen);
    }
    let server = site.serve(&[]);
    let mut client = server.connect();
    let context = format!("at the end, seed {}", dice.seed);
    settings.find(&mut client, &context);
    for given in &mut given {
        given.go_on(&mut client, &context);
        assert!(given.numbers.len() > rounds * CLIENTS, "only {} numbers", given.numbers.len());
    }
}

/// All numbers that clients were given of a sequence.
struct Given {
    name: &'static str,
    numbers: BTreeSet<i64>,
    /// Numbers that may be lost by now: a block, and what clients waited for, which may have been on its way.
    gap_max: i64,
}

impl Given {
    fn of(name: &'static str) -> Given {
        Given { name, numbers: BTreeSet::new(), gap_max: BLOCK_LEN }
    }

    /// Asks for the first number after a restart.
    fn go_on(&mut self, client: &mut Client, context: &str) {
        let (name, limit) = (self.name, self.gap_max);
        let last = self.numbers.last().copied().unwrap_or_default();
        let number = next(client, name);
        assert!(last < number, "{name}: {number} behind {last}, {context}");
        let gap = number - last - 1;
        assert!(gap <= limit, "{name}: a gap of {gap} before {number} for {limit}, {context}");
        self.numbers.insert(number);
    }

    /// Adds what one session was given.
    fn add(&mut self, numbers: &[i64], context: &str) {
        let name = self.name;
        for pair in numbers.windows(2) {
            let [before, number] = [pair[0], pair[1]];
            assert!(before < number, "{name}: {number} behind {before} in a session, {context}");
        }
        for number in numbers {
            assert!(self.numbers.insert(*number), "{name}: {number} twice, {context}");
        }
    }
}

/// What the sequence that is set may be found at.
struct Settings {
    /// What was found, or what clients were promised last since.
    kept: Vec<i64>,
    /// What clients had asked for when the server ended.
    asked: Vec<i64>,
}

impl Settings {
    fn find(&mut self, client: &mut Client, context: &str) {
        let found: i64 = client.one("SELECT last_value FROM public.moved").parse().unwrap();
        let Settings { kept, asked } = &self;
        let right = kept.contains(&found) || asked.contains(&found);
        assert!(right, "{found} for one of {kept:?} or {asked:?}, {context}");
        *self = Settings { kept: vec![found], asked: Vec::new() };
    }

    fn add(&mut self, seen: &[Seen]) {
        if seen.iter().any(|seen| seen.kept.is_some()) {
            self.kept = seen.iter().filter_map(|seen| seen.kept).collect();
        }
        self.asked = seen.iter().filter_map(|seen| seen.asked).collect();
    }
}

/// What one client saw until its connection ended.
#[derive(Default)]
struct Seen {
    /// Of the two sequences it counts with.
    numbers: [Vec<i64>; 2],
    /// How many numbers it had asked for when the server ended.
    waited_for: [i64; 2],
    kept: Option<i64>,
    asked: Option<i64>,
}

/// Counts with two sequences and sets the third until the server ends; half of the clients in the extended protocol.
fn call(mut client: Client, index: usize, asked: &AtomicI64) -> Seen {
    let mut seen = Seen::default();
    for step in index.. {
        let mut ask = |sql: &str| match index % 2 {
            0 => client.query(sql),
            _ => client.extended(sql, false),
        };
        if step % 16 == 15 {
            let value = asked.fetch_add(1, Ordering::Relaxed) + 1;
            seen.asked = Some(value);
            let answer = ask(&format!("SELECT setval('public.moved', {value})"));
            if !went_well(&answer) {
                return seen;
            }
            seen.kept = seen.asked.take();
            continue;
        }
        let which = step % 2;
        let name = ["a", "b"][which];
        let numbers = if step % 8 == 4 + which { SEVERAL } else { 1 };
        seen.waited_for[which] = numbers;
        let answer =
            ask(&format!("SELECT nextval('public.{name}') FROM generate_series(1, {numbers})"));
        seen.numbers[which].extend(numbers_of(&answer));
        if !went_well(&answer) {
            return seen;
        }
        seen.waited_for[which] = 0;
    }
    seen
}

/// Whether the whole answer came. A refusal is a bug, but for the one of a server that stops.
fn went_well(answer: &Answer) -> bool {
    let known = matches!(answer.state(), "00000" | "57P01");
    assert!(known, "{:?}", answer.error);
    answer.error.is_none() && !answer.tags.is_empty()
}

fn numbers_of(answer: &Answer) -> impl Iterator<Item = i64> {
    answer.rows.iter().map(|row| row[0].as_ref().unwrap().parse().unwrap())
}

#[test]
fn sessions_take_numbers_apart() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut one = server.connect();
    let mut other = server.connect();
    one.rows("CREATE SEQUENCE public.cached CACHE 10");
    let mut take = |first: bool, numbers: std::ops::RangeInclusive<i64>| {
        let client = if first { &mut one } else { &mut other };
        for number in numbers {
            assert_eq!(next(client, "cached"), number);
        }
    };
    take(true, 1..=3);
    take(false, 11..=20);
    take(true, 4..=10);
    take(false, 21..=21);
    take(true, 31..=32);
    assert_eq!(one.one("SELECT last_value FROM public.cached"), "40");
    other.rows("ALTER SEQUENCE public.cached RESTART WITH 100");
    assert_eq!(next(&mut other, "cached"), 100);
    let mut third = server.connect();
    assert_eq!(next(&mut third, "cached"), 110);
    assert_eq!(third.rows("SELECT currval('public.cached'), lastval()"), "110|110");
    assert_eq!(one.rows("SELECT currval('public.cached'), lastval()"), "32|32");
    // What it has left is from before the restart.
    assert_eq!(next(&mut one, "cached"), 120);
}

#[test]
fn many_sessions_at_once_get_all_numbers_once() {
    const SESSIONS: usize = 32;
    const EACH: usize = 200;
    let site = Site::new();
    let server = site.serve(&[]);
    server.connect().rows("CREATE SEQUENCE public.a");
    let mut given = Given::of("a");
    std::thread::scope(|scope| {
        let mut counting = Vec::new();
        for index in 0..SESSIONS {
            let mut client = server.connect();
            counting.push(scope.spawn(move || {
                let sql = "SELECT nextval('public.a')";
                let mut numbers = Vec::with_capacity(EACH);
                while numbers.len() < EACH {
                    let answer = match index % 2 {
                        0 => client.query(sql),
                        _ => client.extended(sql, false),
                    };
                    assert!(answer.error.is_none(), "{:?}", answer.error);
                    numbers.extend(numbers_of(&answer));
                }
                numbers
            }));
        }
        for numbers in counting {
            given.add(&numbers.join().unwrap(), "at once");
        }
    });
    let all: BTreeSet<i64> = (1..).take(SESSIONS * EACH).collect();
    assert!(given.numbers == all, "numbers are missing");
}

#[test]
fn of_two_that_make_one_name_one_wins() {
    let site = Site::new();
    let server = site.serve(&[]);
    for (kind, found) in [
        ("SEQUENCE public.", "pg_class WHERE relkind = 'S' AND relname"),
        ("SCHEMA ", "pg_namespace WHERE nspname"),
    ] {
        for round in 0..20 {
            let name = format!("made_{round}");
            // Alone, and in a transaction.
            let whole = round % 2 == 0;
            let create = format!("CREATE {kind}{name}");
            let start = Barrier::new(2);
            let states: Vec<String> = std::thread::scope(|scope| {
                let making =
                    [(), ()].map(|()| scope.spawn(|| make(&server, &create, whole, &start)));
                making.map(|making| making.join().unwrap()).into()
            });
            let won = states.iter().filter(|state| *state == "00000").count();
            let lost = states.iter().filter(|state| TAKEN.contains(&state.as_str())).count();
            assert_eq!((won, lost), (1, 1), "{create}: {states:?}");
            let mut client = server.connect();
            assert_eq!(client.one(&format!("SELECT count(*) FROM {found} = '{name}'")), "1");
        }
    }
}

/// Runs it once both are ready; the first SQLSTATE that is not `00000`.
fn make(server: &Server, create: &str, whole: bool, start: &Barrier) -> String {
    let mut client = server.connect();
    let statements: &[&str] = if whole { &["BEGIN", create, "COMMIT"] } else { &[create] };
    start.wait();
    let states = statements.iter().map(|sql| client.state(sql));
    states.into_iter().find(|state| state != "00000").unwrap_or_else(|| "00000".to_owned())
}

fn next(client: &mut Client, name: &str) -> i64 {
    client.one(&format!("SELECT nextval('public.{name}')")).parse().unwrap()
}

/// Stops it as an operator would.
fn stop(server: Server) {
    server.signal(Signal::TERM);
    assert!(server.wait(), "exit code");
}
