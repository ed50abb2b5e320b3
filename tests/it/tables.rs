//! Tables that users write over the end of the server and between sessions: what was acknowledged is there once, what
//! several statements or rows do together is there whole or not at all, and a key has one row (reliability R7, R9).

use std::collections::BTreeMap;
use std::time::Duration;

use super::support::{Answer, Client, Dice, Server, Site, count};

const CLIENTS: usize = 8;

/// How long clients are left to themselves before the server ends.
const UNDISTURBED_US_MAX: u64 = 150_000;

#[test]
fn what_a_table_is_survives_a_kill() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows(
        "CREATE SCHEMA app; CREATE TABLE app.kind (code text PRIMARY KEY); \
         CREATE TABLE app.t (id serial PRIMARY KEY, name varchar(10) NOT NULL UNIQUE, kind text REFERENCES app.kind ON DELETE CASCADE, \
         n numeric(8,2) DEFAULT 1.5 CHECK (n > 0), twice numeric(9,2) GENERATED ALWAYS AS (n * 2) STORED); \
         CREATE INDEX by_kind ON app.t (kind DESC); COMMENT ON COLUMN app.t.name IS 'said'; \
         INSERT INTO app.kind VALUES ('x'), ('y'); INSERT INTO app.t (name, kind) VALUES ('a', 'x'), ('b', 'y'), ('c', NULL); \
         UPDATE app.t SET n = 7 WHERE name = 'b'; DELETE FROM app.kind WHERE code = 'x'; \
         ALTER TABLE app.t ADD COLUMN more int DEFAULT 4; ALTER TABLE app.t RENAME name TO called",
    );
    let told = "SELECT id, called, kind, n, twice, more FROM app.t ORDER BY id";
    let rows = "2|b|y|7.00|14.00|4; 3|c|NULL|1.50|3.00|4";
    assert_eq!(client.rows(told), rows);
    let shape = "SELECT attname, attnum, attnotnull, atthasdef, col_description(attrelid, attnum) FROM pg_attribute \
                 WHERE attrelid = 'app.t'::regclass AND attnum > 0 ORDER BY attnum";
    let keys = "SELECT oid, conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'app.t'::regclass ORDER BY conname";
    let indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 't' ORDER BY 1";
    let before: Vec<String> = [shape, keys, indexes].iter().map(|sql| client.rows(sql)).collect();
    server.kill();
    for round in 0..2 {
        let server = site.serve(&[]);
        let mut client = server.connect();
        assert_eq!(client.rows(told), rows);
        let after: Vec<String> =
            [shape, keys, indexes].iter().map(|sql| client.rows(sql)).collect();
        assert_eq!(after, before);
        assert_eq!(client.state("INSERT INTO app.t (called) VALUES ('b')"), "23505");
        assert_eq!(client.state("INSERT INTO app.t (called, kind) VALUES ('z', 'x')"), "23503");
        assert_eq!(client.state("INSERT INTO app.t (called, n) VALUES ('z', 0)"), "23514");
        // The second start reads a checkpoint.
        if round == 0 {
            client.rows("CHECKPOINT");
        }
        server.kill();
    }
}

#[test]
fn kills_lose_and_double_nothing() {
    let rounds = count("FOREBAY_TEST_TABLE_KILLS", 50);
    let mut dice = Dice::new();
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows(
        "CREATE TABLE public.rows (client int, step int, part int, PRIMARY KEY (client, step, part)); \
         CREATE TABLE public.total (client int PRIMARY KEY, steps int NOT NULL)",
    );
    let all: Vec<String> = (0..CLIENTS).map(|client| format!("({client}, 0)")).collect();
    client.rows(&format!("INSERT INTO public.total VALUES {}", all.join(", ")));
    server.kill();
    // The step each client goes on from, and the one it had asked for when the server ended.
    let mut known: Vec<(usize, Option<usize>)> = vec![(0, None); CLIENTS];
    for round in 0..=rounds {
        let context = format!("round {round}, seed {}", dice.seed);
        let server = site.serve(&[]);
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
                let first = known[index].0 + 1;
                writing.push(scope.spawn(move || write(client, index, first)));
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
    let steps: usize = known.iter().map(|(step, _)| step).sum();
    assert!(0 < steps, "no step was done");
}

/// Each step writes as many rows as its number says, and the total, in one of three ways. Returns the last step that was
/// acknowledged, and the one that was asked for.
fn write(mut client: Client, index: usize, first: usize) -> (usize, Option<usize>) {
    for step in first.. {
        let parts: Vec<String> =
            (0..parts(step)).map(|part| format!("({index}, {step}, {part})")).collect();
        let insert = format!("INSERT INTO public.rows VALUES {}", parts.join(", "));
        let update = format!("UPDATE public.total SET steps = {step} WHERE client = {index}");
        let done = match step % 3 {
            0 => went_well(&client.query(&format!("BEGIN; {insert}; {update}; COMMIT")), 4),
            1 => went_well(&client.query(&format!("{insert}; {update}")), 2),
            _ => ["BEGIN", &update, &insert, "COMMIT"]
                .iter()
                .all(|sql| went_well(&client.extended(sql, false), 1)),
        };
        if !done {
            return (step - 1, Some(step));
        }
    }
    unreachable!("steps do not end")
}

fn parts(step: usize) -> usize {
    1 + step % 7
}

/// Every step that was acknowledged is there whole; the one that was asked for is there whole or not at all; none else is.
fn find(client: &mut Client, known: &mut [(usize, Option<usize>)], context: &str) {
    let mut found: BTreeMap<usize, BTreeMap<usize, usize>> = BTreeMap::new();
    let counted = "SELECT client, step, count(*) FROM public.rows GROUP BY client, step";
    for row in client.query(counted).rows {
        let number = |at: usize| row[at].as_ref().unwrap().parse::<usize>().unwrap();
        found.entry(number(0)).or_default().insert(number(1), number(2));
    }
    let totals = client.rows("SELECT steps FROM public.total ORDER BY client");
    let totals: Vec<usize> = totals.split("; ").map(|line| line.parse().unwrap()).collect();
    for (index, (done, asked)) in known.iter_mut().enumerate() {
        let own = found.remove(&index).unwrap_or_default();
        let last = own.keys().last().copied().unwrap_or_default();
        let right = last == *done || Some(last) == *asked;
        assert!(right, "client {index}: {last} for {done} or {asked:?}, {context}");
        assert_eq!(own.len(), last, "client {index}, {context}");
        for (step, count) in own {
            assert_eq!(count, parts(step), "client {index}, step {step}, {context}");
        }
        assert_eq!(totals[index], last, "client {index}, {context}");
        (*done, *asked) = (last, None);
    }
    assert!(found.is_empty(), "{found:?}, {context}");
}

/// Whether the whole answer to so many statements came. A refusal is a bug, but for the one of a server that stops.
fn went_well(answer: &Answer, statements: usize) -> bool {
    let known = matches!(answer.state(), "00000" | "57P01");
    assert!(known, "{:?}", answer.error);
    answer.error.is_none() && answer.tags.len() == statements
}

#[test]
fn one_of_many_gets_a_key() {
    const SESSIONS: usize = 16;
    const KEYS: usize = 40;
    let site = Site::new();
    let server = site.serve(&[]);
    server.connect().rows("CREATE TABLE public.won (key int PRIMARY KEY, by int); CREATE TABLE public.n (n int); INSERT INTO public.n VALUES (0)");
    std::thread::scope(|scope| {
        for index in 0..SESSIONS {
            let mut client = server.connect();
            scope.spawn(move || {
                for key in 0..KEYS {
                    let state =
                        client.state(&format!("INSERT INTO public.won VALUES ({key}, {index})"));
                    assert!(matches!(state.as_str(), "00000" | "23505"), "{state}");
                    // None of the additions is lost.
                    assert_eq!(client.state("UPDATE public.n SET n = n + 1"), "00000");
                }
            });
        }
    });
    let mut client = server.connect();
    assert_eq!(client.one("SELECT count(*) FROM public.won"), KEYS.to_string());
    assert_eq!(client.one("SELECT n FROM public.n"), (SESSIONS * KEYS).to_string());
}

#[test]
fn a_transaction_sees_its_own_and_what_others_committed() {
    let site = Site::new();
    let server = site.serve(&[]);
    let (mut one, mut other) = (server.connect(), server.connect());
    one.rows("CREATE TABLE public.t (id int PRIMARY KEY, v text); INSERT INTO public.t VALUES (1, 'a'), (2, 'b')");
    let seen = |client: &mut Client| client.rows("SELECT id, v FROM public.t ORDER BY id");
    one.rows("BEGIN");
    one.rows("INSERT INTO public.t VALUES (3, 'mine')");
    other
        .rows("INSERT INTO public.t VALUES (4, 'other'); UPDATE public.t SET v = 'B' WHERE id = 2");
    // READ COMMITTED, PostgreSQL's default.
    assert_eq!(seen(&mut one), "1|a; 2|B; 3|mine; 4|other");
    assert_eq!(seen(&mut other), "1|a; 2|B; 4|other");
    one.rows("COMMIT");
    assert_eq!(seen(&mut other), "1|a; 2|B; 3|mine; 4|other");
    one.rows("BEGIN ISOLATION LEVEL REPEATABLE READ");
    assert_eq!(seen(&mut one), "1|a; 2|B; 3|mine; 4|other");
    other.rows("DELETE FROM public.t WHERE id = 4; UPDATE public.t SET v = 'A' WHERE id = 1");
    assert_eq!(seen(&mut one), "1|a; 2|B; 3|mine; 4|other");
    one.rows("UPDATE public.t SET v = 'late' WHERE id = 1");
    assert_eq!(one.state("COMMIT"), "40001");
    assert_eq!(seen(&mut one), "1|A; 2|B; 3|mine");
    one.rows("BEGIN; CREATE TABLE public.made (a int); INSERT INTO public.made VALUES (1)");
    assert_eq!(other.state("SELECT * FROM public.made"), "42P01");
    assert_eq!(one.one("SELECT a FROM public.made"), "1");
    one.rows("ROLLBACK");
    assert_eq!(one.state("SELECT * FROM public.made"), "42P01");
}

#[test]
fn who_changes_a_changed_row_waits() {
    let site = Site::new();
    let server = site.serve(&[]);
    let (mut one, mut other) = (server.connect(), server.connect());
    one.rows("CREATE TABLE public.t (id int PRIMARY KEY, n int); INSERT INTO public.t VALUES (1, 0), (2, 0)");
    one.rows("BEGIN; UPDATE public.t SET n = n + 1 WHERE id = 1");
    // What it changes is nobody else's.
    other.rows("UPDATE public.t SET n = n + 1 WHERE id = 2");
    assert_eq!(
        other.state("SET lock_timeout = '50ms'; UPDATE public.t SET n = 5 WHERE id = 1"),
        "55P03"
    );
    other.rows("SET lock_timeout = 0");
    std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| other.rows("UPDATE public.t SET n = n + 10 WHERE id = 1 RETURNING n"));
        std::thread::sleep(Duration::from_millis(50));
        one.rows("UPDATE public.t SET n = n + 1 WHERE id = 1; COMMIT");
        assert_eq!(waiting.join().unwrap(), "12");
    });
    let mut other = server.connect();
    one.rows("BEGIN; UPDATE public.t SET n = 1 WHERE id = 1");
    other.rows("BEGIN; UPDATE public.t SET n = 2 WHERE id = 2");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| one.state("UPDATE public.t SET n = 3 WHERE id = 2"));
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(other.state("UPDATE public.t SET n = 4 WHERE id = 1"), "40P01");
        other.rows("ROLLBACK");
        assert_eq!(waiting.join().unwrap(), "00000");
    });
    one.rows("COMMIT");
    assert_eq!(one.rows("SELECT id, n FROM public.t ORDER BY id"), "1|1; 2|3");
}

#[test]
fn for_update_holds_rows() {
    let site = Site::new();
    let server = site.serve(&[]);
    let (mut one, mut other) = (server.connect(), server.connect());
    one.rows("CREATE TABLE public.jobs (id int PRIMARY KEY, done boolean DEFAULT false); INSERT INTO public.jobs SELECT generate_series(1, 4)");
    let next =
        "SELECT id FROM public.jobs WHERE NOT done ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED";
    one.rows("BEGIN");
    assert_eq!(one.one(next), "1");
    other.rows("BEGIN");
    assert_eq!(other.one(next), "2");
    assert_eq!(other.state("SELECT * FROM public.jobs WHERE id = 1 FOR UPDATE NOWAIT"), "55P03");
    other.rows("ROLLBACK; BEGIN");
    one.rows("UPDATE public.jobs SET done = true WHERE id = 1");
    std::thread::scope(|scope| {
        // Who waits reads what the other has made of the row.
        let waiting = scope.spawn(|| {
            other.rows("SELECT id, done FROM public.jobs AS j WHERE j.id = 1 FOR UPDATE")
        });
        std::thread::sleep(Duration::from_millis(50));
        one.rows("COMMIT");
        assert_eq!(waiting.join().unwrap(), "1|t");
    });
    other.rows("COMMIT");
    one.rows("BEGIN");
    assert_eq!(
        one.rows("SELECT id FROM public.jobs WHERE id > 2 ORDER BY id DESC FOR SHARE"),
        "4; 3"
    );
    let joined = "SELECT * FROM public.jobs a JOIN public.jobs b ON a.id = b.id FOR UPDATE";
    assert_eq!(one.state(joined), "0A000");
    one.rows("ROLLBACK; BEGIN READ ONLY");
    assert_eq!(one.state("SELECT * FROM public.jobs FOR UPDATE"), "25006");
}

#[test]
fn rows_that_name_each_other_are_followed_so_far() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows(
        "CREATE TABLE public.a (id int PRIMARY KEY, up int); \
         CREATE TABLE public.b (id int PRIMARY KEY, up int REFERENCES public.a ON DELETE CASCADE); \
         ALTER TABLE public.a ADD FOREIGN KEY (up) REFERENCES public.b ON DELETE CASCADE",
    );
    let chain = |client: &mut Client, first: i32, len: i32| {
        client.rows(&format!("INSERT INTO public.a VALUES ({first}, NULL)"));
        for id in first + 1..first + len {
            client.rows(&format!(
                "INSERT INTO public.b VALUES ({id}, {id} - 1); INSERT INTO public.a VALUES ({id}, {id})"
            ));
        }
    };
    chain(&mut client, 0, 40);
    chain(&mut client, 1000, 80);
    client.rows("DELETE FROM public.a WHERE id = 0");
    assert_eq!(client.state("DELETE FROM public.a WHERE id = 1000"), "54001");
    assert_eq!(client.one("SELECT count(*) FROM public.a"), "80");
    assert_eq!(client.one("SELECT count(*) FROM public.b"), "79");
}

#[test]
fn lock_table_promises_nothing_it_does_not_keep() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.jobs (id int); CREATE TEMPORARY TABLE own (id int)");
    client.rows("BEGIN");
    client.rows("LOCK TABLE public.jobs IN ACCESS SHARE MODE; LOCK public.jobs IN ROW EXCLUSIVE MODE; LOCK own");
    for mode in ["", " IN SHARE MODE", " IN SHARE ROW EXCLUSIVE MODE", " IN ACCESS EXCLUSIVE MODE"]
    {
        assert_eq!(client.state(&format!("LOCK TABLE public.jobs{mode}")), "0A000", "{mode}");
        client.rows("ROLLBACK; BEGIN");
    }
}

#[test]
fn many_small_inserts_are_one_transaction() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.t (id int PRIMARY KEY, v text); BEGIN");
    for id in 0..600 {
        client.rows(&format!("INSERT INTO public.t VALUES ({id}, 'x')"));
        if id == 300 {
            client.rows("SAVEPOINT half");
        }
    }
    assert_eq!(client.one("SELECT count(*) FROM public.t"), "600");
    client.rows("ROLLBACK TO half");
    client.rows("INSERT INTO public.t VALUES (9999, 'last'); COMMIT");
    server.kill();
    let server = site.serve(&[]);
    let mut client = server.connect();
    assert_eq!(client.rows("SELECT count(*), sum(id) FROM public.t"), "302|55149");
}

#[test]
fn inserts_and_alterations_are_one_transaction() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("BEGIN; CREATE TABLE public.t (id int, v text)");
    for id in 0..3 {
        client.rows(&format!("INSERT INTO public.t VALUES ({id}, 'x')"));
    }
    client.rows("ALTER TABLE public.t ALTER id SET NOT NULL");
    client.rows("ALTER TABLE public.t ADD w int NOT NULL DEFAULT 7");
    client.rows("INSERT INTO public.t VALUES (3, 'y'); INSERT INTO public.t VALUES (4, 'y')");
    client.rows("ALTER TABLE public.t ALTER id TYPE bigint; UPDATE public.t SET w = w + 1");
    client.rows("ALTER TABLE public.t ADD UNIQUE (id); COMMIT");
    server.kill();
    let server = site.serve(&[]);
    let mut client = server.connect();
    assert_eq!(client.rows("SELECT count(*), sum(id), sum(w) FROM public.t"), "5|10|40");
}

#[test]
fn tables_have_a_limit_that_names_itself() {
    let site = Site::new();
    let server = site.serve(&["--tables-bytes-max", "100KiB"]);
    limited(&server);
}

fn limited(server: &Server) {
    let mut client = server.connect();
    client.rows("CREATE TABLE public.big (id int PRIMARY KEY, v text)");
    let fill =
        "INSERT INTO public.big SELECT g, repeat('x', 100) FROM generate_series(1, 10000) AS g";
    let answer = client.query(fill);
    assert_eq!(answer.state(), "53400");
    assert!(format!("{:?}", answer.error).contains("tables.bytes_max"), "{:?}", answer.error);
    assert_eq!(client.one("SELECT count(*) FROM public.big"), "0");
    client.rows("INSERT INTO public.big VALUES (1, 'fits')");
    assert_eq!(client.one("SELECT count(*) FROM public.big"), "1");
}
