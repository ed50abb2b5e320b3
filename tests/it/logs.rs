//! Logs over the end of the server and between sessions: a row that was acknowledged is there once, with the number that
//! was told; rows of one statement are there together; numbers follow the order of commits (reliability R8).

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::support::{Answer, Client, Dice, PATIENCE, Server, Site, count, eventually};

const CLIENTS: usize = 8;

/// How long clients are left to themselves before the server ends.
const UNDISTURBED_US_MAX: u64 = 150_000;

/// So few that rows are sealed and go to files all the time.
const SMALL: [&str; 2] = ["--logs-tail-bytes", "16KiB"];

/// Rows of a statement that go to a file at once then.
const BULK_ROWS: usize = 300;

#[test]
fn what_a_log_is_survives_a_kill() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows(
        "CREATE SCHEMA app; CREATE TABLE app.log (id serial, kind text NOT NULL, n int CHECK (n > 0), \
         twice int GENERATED ALWAYS AS (n * 2) STORED) USING log; COMMENT ON COLUMN app.log._seq IS 'said'; \
         INSERT INTO app.log (kind, n) VALUES ('a', 1), ('b', 2); \
         INSERT INTO app.log (kind, n) SELECT 'bulk', g FROM generate_series(1, 2000) AS g ORDER BY g; \
         INSERT INTO app.log (kind, n) VALUES ('c', 3); ALTER TABLE app.log ADD COLUMN more text; \
         ALTER TABLE app.log RENAME kind TO sort; INSERT INTO app.log (sort, more) VALUES ('d', 'e')",
    );
    for step in 0..40 {
        client.rows(&format!(
            "INSERT INTO app.log (sort, more) SELECT 'small', repeat('x', 20) || {step} FROM generate_series(1, 20)"
        ));
    }
    let told = [
        "SELECT _seq, sort, n, twice, more FROM app.log WHERE _seq IN (1, 2, 3, 1003, 2002, 2003, 2004, 2005, 2804) ORDER BY _seq",
        "SELECT count(*), min(_seq), max(_seq), sum(n), count(DISTINCT sort) FROM app.log",
        "SELECT count(*) FROM app.log WHERE _time > now() - interval '1 hour' AND _seq > 1000",
        "SELECT sum(_seq), min(_time), max(_time) FROM app.log",
        "SELECT attname, attnum, attnotnull, attidentity, col_description(attrelid, attnum) FROM pg_attribute \
         WHERE attrelid = 'app.log'::regclass AND attnum > 0 ORDER BY attnum",
    ];
    let before: Vec<String> = told.iter().map(|sql| client.rows(sql)).collect();
    assert_eq!(
        before[0],
        "1|a|1|2|NULL; 2|b|2|4|NULL; 3|bulk|1|2|NULL; 1003|bulk|1001|2002|NULL; 2002|bulk|2000|4000|NULL; \
         2003|c|3|6|NULL; 2004|d|NULL|NULL|e; 2005|small|NULL|NULL|xxxxxxxxxxxxxxxxxxxx0; \
         2804|small|NULL|NULL|xxxxxxxxxxxxxxxxxxxx39"
    );
    assert_eq!(before[1], "2804|1|2804|2001006|6");
    assert_eq!(before[2], "1804");
    sealed(&mut client, "log");
    server.kill();
    for round in 0..2 {
        let server = site.serve(&SMALL);
        let mut client = server.connect();
        let after: Vec<String> = told.iter().map(|sql| client.rows(sql)).collect();
        assert_eq!(after, before);
        let damaged = "SELECT count(*) FROM forebay.verify_log('app.log') WHERE NOT good";
        assert_eq!(client.state(damaged), "42883");
        assert!(!client.rows("SELECT * FROM forebay.verify_log('app.log')").contains("|f|"));
        // The second start reads a checkpoint.
        if round == 0 {
            client.rows("CHECKPOINT");
        }
        server.kill();
    }
}

/// Waits until rows of a log are in a segment that was made of its rows in memory.
fn sealed(client: &mut Client, log: &str) {
    let until = std::time::Instant::now() + PATIENCE;
    let sql = format!("SELECT segments FROM forebay.logs WHERE log = '{log}'");
    while client.one(&sql).parse::<usize>().unwrap() < 2 {
        assert!(std::time::Instant::now() < until, "nothing is sealed");
    }
}

#[test]
fn kills_lose_and_double_no_row() {
    let rounds = count("FOREBAY_TEST_LOG_KILLS", 50);
    let mut dice = Dice::new();
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (client int, step int, part int, filler text) USING log");
    server.kill();
    let mut known: Vec<Known> = vec![Known::default(); CLIENTS];
    for round in 0..=rounds {
        let context = format!("round {round}, seed {}", dice.seed);
        let server = site.serve(&SMALL);
        let mut client = server.connect();
        find(&mut client, &mut known, &context);
        if round == rounds {
            break;
        }
        let clients: Vec<Client> = (0..CLIENTS).map(|_| server.connect()).collect();
        let undisturbed = Duration::from_micros(dice.below(UNDISTURBED_US_MAX));
        let checkpoint = dice.below(4) == 0;
        std::thread::scope(|scope| {
            let mut writing = Vec::new();
            for (index, client) in clients.into_iter().enumerate() {
                let first = known[index].done + 1;
                writing.push(scope.spawn(move || append(client, index, first)));
            }
            std::thread::sleep(undisturbed);
            if checkpoint {
                client.query("CHECKPOINT");
            }
            server.kill();
            for (known, client) in known.iter_mut().zip(writing) {
                *known = client.join().unwrap();
            }
        });
    }
    let steps: usize = known.iter().map(|known| known.done).sum();
    assert!(0 < steps, "no step was done");
}

/// What a client knows of its steps.
#[derive(Debug, Clone, Default)]
struct Known {
    /// The last that was acknowledged.
    done: usize,
    /// The one that was asked for when the server ended.
    asked: Option<usize>,
    /// The first number of those of which it was told.
    told: BTreeMap<usize, i64>,
}

/// Appends until the server ends.
fn append(mut client: Client, index: usize, first: usize) -> Known {
    let mut known = Known { done: first - 1, ..Known::default() };
    for step in first.. {
        known.asked = Some(step);
        let rows = parts(step);
        let values = format!(
            "SELECT {index}, {step}, g, repeat('x', 40) FROM generate_series(0, {}) AS g ORDER BY g",
            rows - 1
        );
        let insert = format!("INSERT INTO public.log {values}");
        let single =
            format!("INSERT INTO public.log VALUES ({index}, {step}, 0, 'x') RETURNING _seq");
        let answer = match step % 4 {
            0 if rows == 1 => client.extended(&single, true),
            0 | 1 => client.query(&format!("{insert} RETURNING _seq")),
            2 => client.query(&format!("BEGIN; {insert}; COMMIT")),
            _ => client.query(&insert),
        };
        if !went_well(&answer, if step % 4 == 2 { 3 } else { 1 }) {
            return known;
        }
        let told = answer.rows.first().and_then(|row| row[0].clone());
        if let (true, Some(told)) = (step % 4 == 1, told) {
            known.told.insert(step, told.parse().unwrap());
        }
        known.done = step;
    }
    unreachable!("steps do not end")
}

fn parts(step: usize) -> usize {
    match step % 12 {
        7 => BULK_ROWS,
        other => 1 + other % 5,
    }
}

fn went_well(answer: &Answer, statements: usize) -> bool {
    let known = matches!(answer.state(), "00000" | "57P01");
    assert!(known, "{:?}", answer.error);
    answer.error.is_none() && answer.tags.len() == statements
}

/// Looks at all rows there are: numbers without a gap, statements whole, each client's in its order.
fn find(client: &mut Client, known: &mut [Known], context: &str) {
    let numbers =
        client.rows("SELECT count(*), count(DISTINCT _seq), min(_seq), max(_seq) FROM public.log");
    let numbers: Vec<&str> = numbers.split('|').collect();
    assert!(numbers[0] == numbers[1], "{numbers:?}, {context}");
    assert!(
        numbers[0] == "0" || (numbers[2] == "1" && numbers[3] == numbers[0]),
        "{numbers:?}, {context}"
    );
    let mut found: BTreeMap<usize, BTreeMap<usize, (usize, i64)>> = BTreeMap::new();
    let grouped = "SELECT client, step, count(*), min(_seq), max(_seq) - min(_seq) + 1, count(DISTINCT part), \
                   bool_and(part = _seq - first), count(DISTINCT _time) \
                   FROM (SELECT *, min(_seq) OVER (PARTITION BY client, step) AS first FROM public.log) AS l GROUP BY client, step";
    for row in client.query(grouped).rows {
        let number = |at: usize| row[at].as_ref().unwrap().parse::<usize>().unwrap();
        let (count, first) = (number(2), number(3));
        assert!(count == number(4) && count == number(5), "{row:?}, {context}");
        assert!(row[6].as_deref() == Some("t") && number(7) == 1, "{row:?}, {context}");
        let first = i64::try_from(first).unwrap();
        found.entry(number(0)).or_default().insert(number(1), (count, first));
    }
    for (index, known) in known.iter_mut().enumerate() {
        let own = found.remove(&index).unwrap_or_default();
        let last = own.keys().last().copied().unwrap_or_default();
        let right = last == known.done || Some(last) == known.asked;
        assert!(right, "client {index}: {last} for {known:?}, {context}");
        assert_eq!(own.len(), last, "client {index}, {context}");
        let mut before = 0;
        for (step, (count, first)) in own {
            assert_eq!(count, parts(step), "client {index}, step {step}, {context}");
            assert!(before < first, "client {index}, step {step} came early, {context}");
            before = first;
            if let Some(told) = known.told.get(&step) {
                assert_eq!(*told, first, "client {index}, step {step}, {context}");
            }
        }
        *known = Known { done: last, ..Known::default() };
    }
    assert!(found.is_empty(), "{found:?}, {context}");
}

#[test]
fn a_transaction_that_was_told_numbers_gets_them_or_fails() {
    let site = Site::new();
    let server = site.serve(&[]);
    let (mut one, mut other) = (server.connect(), server.connect());
    one.rows("CREATE TABLE public.log (v text) USING log");
    one.rows("BEGIN");
    assert_eq!(one.one("INSERT INTO public.log VALUES ('a') RETURNING _seq"), "1");
    assert_eq!(one.rows("SELECT _seq, v FROM public.log"), "1|a");
    assert_eq!(other.one("SELECT count(*) FROM public.log"), "0");
    other.rows("INSERT INTO public.log VALUES ('b')");
    assert_eq!(one.state("COMMIT"), "40001");
    one.rows("BEGIN; INSERT INTO public.log VALUES ('c')");
    other.rows("INSERT INTO public.log VALUES ('d')");
    one.rows("COMMIT");
    one.rows("BEGIN; INSERT INTO public.log VALUES ('no'); ROLLBACK");
    assert_eq!(one.rows("SELECT _seq, v FROM public.log ORDER BY 1"), "1|b; 2|d; 3|c");
    // What is more than columns is told before the commit, and holds.
    std::thread::scope(|scope| {
        for mut client in [one, other] {
            scope.spawn(move || {
                for _ in 0..50 {
                    let sql = "INSERT INTO public.log VALUES ('e') RETURNING _seq * 2, _seq";
                    let told = client.rows(sql);
                    let (twice, once) = told.split_once('|').unwrap();
                    assert_eq!(
                        client.one(&format!("SELECT v FROM public.log WHERE _seq * 2 = {twice}")),
                        "e"
                    );
                    assert_eq!(twice.parse::<i64>().unwrap(), 2 * once.parse::<i64>().unwrap());
                }
            });
        }
    });
    let mut client = server.connect();
    assert_eq!(client.rows("SELECT count(*), max(_seq) FROM public.log"), "103|103");
}

#[test]
fn rows_of_a_log_only_come() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (v int, k text DEFAULT 'k') USING log; CREATE TABLE public.t (id int PRIMARY KEY)");
    let mut check = |sql: &str, state: &str| assert_eq!(client.state(sql), state, "{sql}");
    check("UPDATE public.log SET v = 1", "55000");
    check("DELETE FROM public.log", "55000");
    check("TRUNCATE public.log", "55000");
    check("INSERT INTO public.log (_seq) VALUES (1)", "428C9");
    check("INSERT INTO public.log (_seq) OVERRIDING SYSTEM VALUE VALUES (1)", "428C9");
    check("INSERT INTO public.log (_time) VALUES (now())", "428C9");
    check("INSERT INTO public.log VALUES (1, 'k', 5)", "428C9");
    check("COPY public.log (_seq) FROM STDIN", "42P10");
    check("CREATE TABLE public.x (_seq int) USING log", "42701");
    check("CREATE TABLE public.x (id int PRIMARY KEY) USING log", "0A000");
    check("CREATE TABLE public.x (id int UNIQUE) USING log", "0A000");
    check("CREATE TABLE public.x (id int REFERENCES public.t) USING log", "0A000");
    check("CREATE TABLE public.x (id interval) USING log", "0A000");
    check(
        "CREATE TABLE public.x (id int, n bigint GENERATED ALWAYS AS (_seq + 1) STORED) USING log",
        "42P17",
    );
    check("CREATE TABLE public.x (id int CHECK (_time > '2020-01-01')) USING log", "42P17");
    check("CREATE TEMP TABLE x (id int) USING log", "0A000");
    check("CREATE TABLE public.x (id int) USING columnar", "0A000");
    check("CREATE UNIQUE INDEX ON public.log (v)", "0A000");
    check("CREATE INDEX ON public.log (v)", "00000");
    check("ALTER TABLE public.log DROP COLUMN _seq", "0A000");
    check("ALTER TABLE public.log RENAME _time TO t", "0A000");
    check("ALTER TABLE public.log ALTER v SET NOT NULL", "00000");
    check("INSERT INTO public.log VALUES (DEFAULT)", "23502");
    check("INSERT INTO public.log VALUES (1, DEFAULT, DEFAULT, DEFAULT)", "00000");
    check("ALTER TABLE public.log ADD COLUMN more int NOT NULL", "0A000");
    check("ALTER TABLE public.log ADD COLUMN more int DEFAULT 1", "0A000");
    check("ALTER TABLE public.log ALTER v TYPE bigint", "0A000");
    check("ALTER TABLE public.log ADD CHECK (v > 5)", "0A000");
    check("ALTER TABLE public.log ADD PRIMARY KEY (v)", "0A000");
    check("ALTER TABLE public.log ALTER v DROP NOT NULL", "00000");
    check("ALTER TABLE public.log DROP COLUMN k", "00000");
    check("SELECT forebay.redact('public.t', 1)", "42809");
    check("SELECT forebay.redact('public.none', 1)", "42P01");
    check("SELECT forebay.redact('public.log')", "42883");
    check("DROP TABLE public.log", "00000");
    check("SELECT * FROM public.log", "42P01");
}

#[test]
fn a_row_can_be_redacted() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows(
        "CREATE TABLE public.log (v text) USING log; INSERT INTO public.log VALUES ('first'), ('secret'), ('third'); \
         INSERT INTO public.log SELECT 'bulk ' || g FROM generate_series(4, 2000) AS g ORDER BY g; \
         INSERT INTO public.log VALUES ('last')",
    );
    let segment = |client: &mut Client| client.one("SELECT segments FROM forebay.logs");
    assert_eq!(segment(&mut client), "1");
    assert_eq!(client.one("SELECT forebay.redact('log', 2)"), "1");
    assert_eq!(client.one("SELECT forebay.redact('log', 2)"), "0");
    assert_eq!(client.one("SELECT forebay.redact('public.log', 1000, 1009)"), "10");
    assert_eq!(client.one("SELECT forebay.redact('log', '3000')"), "0");
    let told = "SELECT count(*), min(_seq), max(_seq), sum(_seq) FROM public.log";
    let left = "1990|1|2001|1992954";
    assert_eq!(client.rows(told), left);
    assert_eq!(
        client.rows("SELECT v FROM public.log WHERE _seq BETWEEN 999 AND 1010 ORDER BY _seq"),
        "bulk 999; bulk 1010"
    );
    assert_eq!(segment(&mut client), "1");
    assert_eq!(client.one("INSERT INTO public.log VALUES ('new') RETURNING _seq"), "2002");
    client.rows("CREATE ROLE other LOGIN");
    client.rows("SET ROLE other");
    assert_eq!(client.state("SELECT forebay.redact('public.log', 1)"), "42501");
    assert_eq!(client.state("SELECT * FROM forebay.verify_log('public.log')"), "42501");
    client.rows("RESET ROLE");
    assert_eq!(client.one("SELECT forebay.redact('log', 4, 2000)"), "1987");
    assert_eq!(segment(&mut client), "0");
    assert_eq!(client.rows("SELECT v FROM public.log ORDER BY _seq"), "first; third; last; new");
    for sql in ["CHECKPOINT", "INSERT INTO public.log VALUES ('newer')", "CHECKPOINT"] {
        client.rows(sql);
    }
    server.kill();
    for file in files(&site.state()) {
        let bytes = fs::read(&file).unwrap();
        let found = bytes.windows(6).any(|window| window == b"secret");
        assert!(!found, "{}", file.display());
    }
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    assert_eq!(
        client.rows("SELECT v FROM public.log ORDER BY _seq"),
        "first; third; last; new; newer"
    );
}

fn files(directory: &PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, mut found): (Vec<PathBuf>, Vec<PathBuf>) =
        entries.partition(|path| path.is_dir());
    found.extend(directories.iter().flat_map(files));
    found
}

#[test]
fn a_segment_that_is_damaged_is_told_of() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    let fill = "CREATE TABLE public.log (v text) USING log; \
                INSERT INTO public.log SELECT 'bulk ' || g FROM generate_series(1, 2000) AS g ORDER BY g";
    client.rows(fill);
    client.rows("INSERT INTO public.log VALUES ('after')");
    let segment = files(&site.state().join("logs")).pop().unwrap();
    let good = fs::read(&segment).unwrap();
    // Damage within is found by whoever looks for it.
    let mut damaged = good.clone();
    damaged[good.len() / 2] ^= 1;
    fs::write(&segment, &damaged).unwrap();
    let told = client.rows("SELECT * FROM forebay.verify_log('log')");
    assert!(told.contains("|f|"), "{told}");
    assert_eq!(client.state("SELECT forebay.redact('log', 5)"), "XX001");
    fs::write(&segment, &good).unwrap();
    assert!(client.rows("SELECT * FROM forebay.verify_log('log')").contains("|t|"));
    server.kill();
    // A file that is gone keeps nobody from reading what is not in it.
    fs::remove_file(&segment).unwrap();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    assert_eq!(client.rows("SELECT v FROM public.log WHERE _seq > 2000"), "after");
    assert_eq!(client.state("SELECT v FROM public.log"), "XX001");
    assert_eq!(client.one("INSERT INTO public.log VALUES ('more') RETURNING _seq"), "2002");
    server.kill();
}

#[test]
fn files_that_nobody_names_go() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    let bulk = "INSERT INTO public.log SELECT 'bulk ' || g FROM generate_series(1, 2000) AS g";
    client.rows(
        "CREATE TABLE public.log (v text) USING log; CREATE TABLE public.other (v text) USING log",
    );
    client.rows(&format!("BEGIN; {bulk}; ROLLBACK; {bulk}"));
    let logs = site.state().join("logs");
    wait_for(&server, || files(&logs).len() == 1);
    // A reader keeps what it reads.
    let mut reader = server.connect();
    reader.rows("BEGIN; DECLARE c CURSOR FOR SELECT v FROM public.log; FETCH 1 c");
    client.rows("DROP TABLE public.log");
    client.rows("INSERT INTO public.other VALUES ('x')");
    assert!(reader.rows("FETCH 1999 c").contains("bulk"));
    reader.rows("COMMIT");
    wait_for(&server, || files(&logs).is_empty());
}

/// Files go with the commits that follow.
fn wait_for(server: &Server, done: impl Fn() -> bool) {
    let until = std::time::Instant::now() + PATIENCE;
    let mut client = server.connect();
    while !done() {
        assert!(std::time::Instant::now() < until, "files are still there");
        client.rows("INSERT INTO public.other VALUES ('x')");
    }
}

#[test]
fn a_subscriber_says_which_rows_it_wants() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows(
        "CREATE TABLE public.log (v text) USING log; \
         INSERT INTO public.log SELECT 'v' || g FROM generate_series(1, 700) AS g ORDER BY g; \
         INSERT INTO public.log VALUES ('v701'), ('v702')",
    );
    let mut check = |options: &str, expected: std::ops::Range<i64>| {
        let answer = client.query(&format!("SUBSCRIBE TO public.log {options}"));
        assert_eq!(answer.state(), "00000", "{options}: {:?}", answer.error);
        let told: Vec<String> = answer.rows.iter().map(|row| row[1].clone().unwrap()).collect();
        let expected: Vec<String> = expected.map(|number| number.to_string()).collect();
        assert_eq!(told, expected, "{options}");
        assert_eq!(answer.tags, [format!("SUBSCRIBE {}", told.len())], "{options}");
    };
    check("WITH (live = false)", 1..703);
    check("WITH (live off, snapshot off)", 703..703);
    check("AFTER 0 WITH (live false)", 1..703);
    check("AFTER -5 WITH (live false)", 1..703);
    check("AFTER 600 WITH (live false, snapshot false)", 601..703);
    check("AFTER 702 WITH (live false)", 703..703);
    check("AFTER 9000 WITH (live false)", 703..703);
    check("UP TO 3", 1..4);
    check("AFTER 698 UP TO 701", 699..702);
    check("AFTER 5 UP TO 5", 6..6);
    check("LIMIT 701", 1..702);
    check("LIMIT 0", 1..1);
    check("AFTER 700 LIMIT 2", 701..703);
    let mut refused = |sql: &str, state: &str| assert_eq!(client.state(sql), state, "{sql}");
    refused("SUBSCRIBE TO public.none", "42P01");
    refused("SUBSCRIBE TO pg_class", "42809");
    refused("SUBSCRIBE TO public.log LIMIT -1", "2201W");
    refused("SUBSCRIBE TO public.log AFTER x", "42601");
    refused("SUBSCRIBE TO public.log WITH (old)", "42601");
    refused("SUBSCRIBE TO public.log WITH (live maybe)", "42601");
    refused("SUBSCRIBE TO public.log WITH (live, live)", "42601");
    refused("BEGIN; DECLARE c SCROLL CURSOR FOR SUBSCRIBE TO public.log", "0A000");
    refused("ROLLBACK; CREATE TABLE public.t (a int); SUBSCRIBE TO public.t", "42809");
    client.rows("CREATE ROLE other LOGIN; SET ROLE other");
    assert_eq!(client.state("SUBSCRIBE TO public.log LIMIT 1"), "42501");
    client.rows("RESET ROLE");
    assert_eq!(
        client.rows("SUBSCRIBE TO public.log AFTER 701 WITH (progress, live = false)"),
        "f|v702|702|".to_owned()
            + &client.one("SELECT _time FROM public.log WHERE _seq = 702")
            + "; t|NULL|702|NULL"
    );
    let binary = client.extended("SUBSCRIBE TO public.log AFTER 701 LIMIT 1", true);
    assert_eq!(
        (binary.columns.as_slice(), binary.rows.len()),
        (&["v", "_seq", "_time"].map(str::to_owned)[..], 1)
    );
}

#[test]
fn a_subscriber_gets_each_row_once_and_in_order() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (client int, v text) USING log; INSERT INTO public.log VALUES (0, 'before')");
    let rows: i64 = 4 * 60 * 3 + 4 * 300 + 1;
    std::thread::scope(|scope| {
        for (after, first) in [("", 1), ("AFTER 100", 101), ("WITH (snapshot = false)", 2)] {
            let mut reader = server.connect();
            reader.ask(&format!("COPY (SUBSCRIBE TO public.log {after}) TO STDOUT (FORMAT csv)"));
            // It has begun before anybody writes.
            assert_eq!(reader.frame().unwrap().kind, b'H');
            let address = server.address;
            scope.spawn(move || {
                for expected in first..=rows {
                    let frame = reader.frame().unwrap();
                    assert_eq!(frame.kind, b'd', "{frame:?}");
                    let line = String::from_utf8(frame.body).unwrap();
                    assert_eq!(
                        line.split(',').nth(2),
                        Some(expected.to_string().as_str()),
                        "{line}"
                    );
                }
                // It ends once, when it is told to, and the connection goes on.
                reader.cancel(address);
                assert_eq!(reader.answer().state(), "57014");
                assert_eq!(reader.one("SELECT 1"), "1");
            });
        }
        for index in 1..=4 {
            let mut writer = server.connect();
            scope.spawn(move || {
                for step in 0..60 {
                    writer.rows(&format!("INSERT INTO public.log SELECT {index}, repeat('x', 30) FROM generate_series(1, 3)"));
                    if step == 30 {
                        writer.rows(&format!("INSERT INTO public.log SELECT {index}, repeat('y', 30) FROM generate_series(1, 300)"));
                    }
                }
            });
        }
    });
    assert_eq!(client.one("SELECT count(*) FROM public.log"), rows.to_string());
}

#[test]
fn a_cursor_follows_a_log() {
    let site = Site::new();
    let server = site.serve(&[]);
    let (mut client, mut writer) = (server.connect(), server.connect());
    client.rows("CREATE TABLE public.log (v text) USING log; INSERT INTO public.log VALUES ('a'), ('b'), ('c')");
    client.rows("BEGIN; DECLARE c CURSOR FOR SUBSCRIBE TO public.log WITH (progress)");
    let seen = |rows: &str| {
        let rows = rows.split("; ").filter(|row| !row.is_empty());
        rows.map(|row| row.split('|').nth(1).unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(seen(&client.rows("FETCH 2 c")), "a b");
    assert_eq!(seen(&client.rows("FETCH 10 c WITH (TIMEOUT '50ms')")), "c NULL");
    assert_eq!(client.rows("FETCH 10 c WITH (TIMEOUT = '1ms')"), "");
    client.ask("FETCH 10 c");
    writer.rows("INSERT INTO public.log VALUES ('d')");
    let answer = client.answer();
    assert_eq!(answer.rows[0][1].as_deref(), Some("d"), "{:?}", answer.rows);
    assert_eq!(client.state("FETCH 1 c WITH (TIMEOUT 'soon')"), "22023");
    client.rows("ROLLBACK");
    client.rows("DECLARE h CURSOR WITH HOLD FOR SUBSCRIBE TO public.log AFTER 3");
    assert_eq!(client.rows("FETCH h").split('|').next(), Some("d"));
    writer.rows("DROP TABLE public.log");
    assert_eq!(client.state("FETCH h"), "42P01");
}

#[test]
fn a_subscription_ends_with_what_it_reads() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (v text) USING log");
    client.rows("CREATE ROLE other LOGIN");
    client.rows("GRANT SELECT ON public.log TO other");
    let check = |client: &mut Client, change: &str, state: &str| {
        let mut reader = server.connect();
        reader.rows("SET ROLE other");
        reader.ask("COPY (SUBSCRIBE TO public.log) TO STDOUT");
        assert_eq!(reader.frame().unwrap().kind, b'H');
        client.rows(change);
        assert_eq!(reader.answer().state(), state, "{change}");
    };
    check(&mut client, "REVOKE SELECT ON public.log FROM other", "42501");
    client.rows("GRANT SELECT ON public.log TO other");
    check(&mut client, "ALTER TABLE public.log RENAME v TO w", "0A000");
    check(&mut client, "DROP TABLE public.log", "42P01");
}

#[test]
fn a_full_disk_refuses_and_goes_on() {
    let site = Site::new();
    let Some(disk) = SmallDisk::mount(&site.state()) else { return };
    let ballast = site.state().join("ballast");
    fs::write(&ballast, vec![1; 8 << 20]).unwrap();
    let server = site.serve(&["--logs-tail-bytes", "1MiB"]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (v text) USING log; CREATE TABLE public.t (id int PRIMARY KEY, v text)");
    client.rows("CREATE SEQUENCE public.s");
    client.rows("CREATE MATERIALIZED VIEW public.v AS SELECT count(*) AS c FROM public.log");
    let mut dice = Dice::new();
    let (mut rows, mut full) = (0, 0);
    // Small rows go to the journal, many at once to a file: each kind of write meets the end of the disk.
    for step in 0..20_000 {
        let (count, words) = if step % 20 == 19 { (8, 6_000) } else { (3, 60) };
        let mut text = || {
            // Nothing that can be compressed much.
            let word = |_| format!("{:016x}", dice.below(u64::MAX));
            format!("('{}')", (0..words).map(word).collect::<String>())
        };
        let values: Vec<String> = (0..count).map(|_| text()).collect();
        match client.state(&format!("INSERT INTO public.log VALUES {}", values.join(", "))).as_str()
        {
            "00000" => rows += count,
            "53100" => full += 1,
            other => panic!("{other}, {rows} rows"),
        }
        if 20 < full {
            break;
        }
    }
    assert!(20 < full && 0 < rows, "{full} refusals, {rows} rows");
    let told = |client: &mut Client| {
        client.rows("SELECT count(*), min(_seq), max(_seq), count(DISTINCT _seq) FROM public.log")
    };
    let all = |rows: i32| format!("{rows}|1|{rows}|{rows}");
    assert_eq!(told(&mut client), all(rows));
    assert_eq!(client.one("SELECT c FROM public.v"), rows.to_string());
    // With room again it goes on by itself.
    fs::remove_file(&ballast).unwrap();
    eventually(PATIENCE, "rows are taken again", || {
        client.state("INSERT INTO public.log VALUES ('again')") == "00000"
    });
    client.rows("INSERT INTO public.t VALUES (1, 'a')");
    assert_eq!(client.one("SELECT nextval('public.s')"), "1");
    assert_eq!(told(&mut client), all(rows + 1));
    server.kill();
    let server = site.serve(&[]);
    let mut client = server.connect();
    assert_eq!(told(&mut client), all(rows + 1));
    assert_eq!(client.one("SELECT c FROM public.v"), (rows + 1).to_string());
    assert!(!client.rows("SELECT * FROM forebay.verify_log('log')").contains("|f|"));
    server.kill();
    drop(disk);
}

/// A file system of its own that is soon full.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where nobody may mount one, which is told; in CI somebody has to.
    fn mount(path: &std::path::Path) -> Option<SmallDisk> {
        fs::create_dir_all(path).unwrap();
        let size = ["-t", "tmpfs", "-o", "size=24m", "tmpfs"];
        let mounted = std::process::Command::new("mount").args(size).arg(path).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(SmallDisk(path.to_owned()));
        }
        assert!(std::env::var_os("CI").is_none(), "a small file system cannot be mounted");
        eprintln!("skipped: a small file system cannot be mounted");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        std::process::Command::new("umount").arg("-l").arg(&self.0).status().ok();
    }
}

#[test]
fn the_newest_rows_are_read_from_the_end() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (v int) USING log");
    for step in 0..12 {
        let rows = if step % 3 == 0 { 1_500 } else { 7 };
        client.rows(&format!(
            "INSERT INTO public.log SELECT g FROM generate_series(1, {rows}) AS g ORDER BY g"
        ));
    }
    client.rows("SELECT forebay.redact('log', 6000, 6040)");
    let all: Vec<i64> = {
        let rows = client.rows("SELECT _seq FROM public.log");
        let mut all: Vec<i64> = rows.split("; ").map(|row| row.parse().unwrap()).collect();
        all.sort_unstable();
        all
    };
    for count in [0, 1, 3, 14, 15, 40, 1_600, 5_000, 9_000] {
        let told = |rows: Vec<i64>| rows.iter().map(i64::to_string).collect::<Vec<_>>().join("; ");
        let newest: Vec<i64> = all.iter().rev().take(count).copied().collect();
        let oldest: Vec<i64> = all.iter().take(count).copied().collect();
        let offset: Vec<i64> = all.iter().rev().skip(3).take(count).copied().collect();
        let mut check = |sql: String, expected: &[i64]| {
            assert_eq!(client.rows(&sql), told(expected.to_vec()), "{sql}");
        };
        check(format!("SELECT _seq FROM public.log ORDER BY _seq DESC LIMIT {count}"), &newest);
        check(format!("SELECT _seq FROM public.log ORDER BY _seq LIMIT {count}"), &oldest);
        check(
            format!(
                "SELECT n FROM (SELECT v, _seq AS n FROM public.log) AS q ORDER BY n DESC LIMIT {count}"
            ),
            &newest,
        );
        check(
            format!("SELECT _seq FROM public.log ORDER BY _seq DESC LIMIT {count} OFFSET 3"),
            &offset,
        );
        let odd: Vec<i64> =
            all.iter().rev().filter(|seq| **seq % 2 == 1).take(count).copied().collect();
        check(
            format!(
                "SELECT _seq FROM public.log WHERE _seq % 2 = 1 ORDER BY _seq DESC LIMIT {count}"
            ),
            &odd,
        );
    }
    // Most files are not even opened.
    let files = |client: &mut Client, sql: &str| {
        client.rows(&format!("EXPLAIN {sql}")).matches(".parquet/").count()
    };
    let every = files(&mut client, "SELECT max(v + 0) FROM public.log");
    let few = files(&mut client, "SELECT * FROM public.log ORDER BY _seq DESC LIMIT 3");
    assert!(few < every && every >= 4, "{few} of {every}");
}

#[test]
fn small_segments_become_one() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (v text, n int) USING log");
    let mut rows = 0;
    for step in 1..=60 {
        // Some go to the journal first, and some to a file at once.
        let count = if step % 2 == 0 { 300 } else { 60 };
        client.rows(&format!(
            "INSERT INTO public.log SELECT repeat('x', 40), g FROM generate_series(1, {count}) AS g ORDER BY g"
        ));
        rows += count;
        if step == 30 {
            client.rows("SELECT forebay.redact('log', 100, 109)");
            client.rows("ALTER TABLE public.log ADD COLUMN more int");
            rows -= 10;
        }
    }
    let segments = "SELECT segments FROM forebay.logs";
    eventually(PATIENCE, "few segments", || client.one(segments).parse::<u32>().unwrap() < 20);
    let told = "SELECT count(*), count(DISTINCT _seq), min(_seq), max(_seq), sum(n), count(more) FROM public.log";
    let sums: i32 = 30 * (300 * 301 / 2 + 60 * 61 / 2) - (40..50).sum::<i32>();
    let expected = format!("{rows}|{rows}|1|{}|{sums}|0", rows + 10);
    assert_eq!(client.rows(told), expected);
    assert_eq!(
        client.rows("SELECT count(*) FROM (SELECT _time < lag(_time) OVER (ORDER BY _seq) AS back FROM public.log) AS q WHERE back"),
        "0"
    );
    let logs = site.state().join("logs");
    let count: usize = client.one(segments).parse().unwrap();
    eventually(PATIENCE, "the small files are gone", || files(&logs).len() <= count + 1);
    server.kill();
    let server = site.serve(&SMALL);
    assert_eq!(server.connect().rows(told), expected);
}

#[test]
fn who_listens_to_a_log_is_woken() {
    let site = Site::new();
    let server = site.serve(&[]);
    let (mut listener, mut writer) = (server.connect(), server.connect());
    writer.rows("CREATE TABLE public.log (v int) USING log");
    listener.rows("LISTEN log");
    writer.rows("INSERT INTO public.log VALUES (1), (2), (3)");
    let told = loop {
        let frame = listener.frame().unwrap();
        if frame.kind == b'A' {
            break String::from_utf8_lossy(&frame.body[4..]).replace('\0', " ");
        }
    };
    assert_eq!(told, "log 3 ");
}
