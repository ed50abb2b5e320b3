//! Materialized views that follow a log: at any moment, whatever happened before, they are what their queries are.

use std::fs;

use super::support::{Client, Dice, PATIENCE, Server, Site, count, eventually, numbered};

/// So few that rows are sealed all the time.
const SMALL: [&str; 2] = ["--logs-tail-bytes", "16KiB"];

const COLUMNS: &str = "k int, s text, n int, m numeric(12,2), b boolean, d date";

/// Rows with few keys and many NULLs.
fn row(dice: &mut Dice) -> String {
    let maybe = |value: String, dice: &mut Dice| match dice.below(6) {
        0 => "NULL".to_owned(),
        _ => value,
    };
    let k = maybe(dice.below(5).to_string(), dice);
    let s = maybe(format!("'s{}'", dice.below(4)), dice);
    let n = maybe((i64::try_from(dice.below(200)).unwrap() - 100).to_string(), dice);
    let m = maybe(format!("{}.{:02}", dice.below(1000), dice.below(100)), dice);
    let b = maybe((dice.below(2) == 0).to_string(), dice);
    let d = maybe(format!("'2026-01-{:02}'", 1 + dice.below(28)), dice);
    format!("({k}, {s}, {n}, {m}, {b}, {d})")
}

fn pick<'a>(of: &[&'a str], dice: &mut Dice) -> &'a str {
    of[usize::try_from(dice.below(u64::try_from(of.len()).unwrap())).unwrap()]
}

/// A query over the log `log`, also with a table of a version.
fn query(dice: &mut Dice) -> String {
    let condition = match dice.below(3) {
        0 => String::new(),
        _ => {
            let conditions = [
                "n > 0",
                "n % 3 = 1",
                "s = 's1'",
                "b",
                "NOT b",
                "k IS NOT NULL",
                "m > 300 OR k = 2",
                "d > '2026-01-10'",
                "_seq % 2 = 0",
                "s LIKE 's%' AND n < 50",
                "k IN (1, 3)",
            ];
            format!(" WHERE {}", pick(&conditions, dice))
        }
    };
    let from = match dice.below(5) {
        0 => "public.log JOIN d.t ON t.id = log.k",
        1 => "public.log LEFT JOIN d.t ON t.id = log.n",
        _ => "public.log",
    };
    let values = [
        "count(*)",
        "count(n)",
        "sum(n)",
        "sum(m)",
        "min(n)",
        "max(s)",
        "avg(n)",
        "avg(m)",
        "bool_and(b)",
        "bool_or(b)",
        "min(d)",
        "max(m)",
        "count(DISTINCT s)",
        "sum(n) FILTER (WHERE b)",
        "count(*) FILTER (WHERE n > 0)",
        "string_agg(s, ',' ORDER BY s, _seq)",
        "array_agg(n ORDER BY _seq)",
        "sum(n * 2 + k)",
    ];
    match dice.below(8) {
        0 => format!("SELECT _seq, k, n * 2 AS n2, upper(s) AS u FROM {from}{condition}"),
        1 => format!(
            "SELECT {}, {} FROM {from}{condition}",
            pick(&values, dice),
            pick(&values, dice)
        ),
        2 => format!("SELECT DISTINCT k, b FROM {from}{condition}"),
        3 => format!(
            "SELECT k, n, rank() OVER (PARTITION BY k ORDER BY n, _seq) FROM {from}{condition}"
        ),
        _ => {
            let keys = pick(
                &["k", "s", "k, b", "d", "n % 5", "coalesce(s, 'none')", "log._seq % 4"],
                dice,
            );
            let having =
                pick(&["", "", " HAVING count(*) > 2", " HAVING sum(n) IS NOT NULL"], dice);
            format!(
                "SELECT {keys}, {}, {} FROM {from}{condition} GROUP BY {keys}{having}",
                pick(&values, dice),
                pick(&values, dice)
            )
        }
    }
}

fn sorted(client: &mut Client, sql: &str) -> Vec<String> {
    let answer = client.query(sql);
    assert!(answer.error.is_none(), "{sql}: {:?}", answer.error);
    let mut rows: Vec<String> = answer.rows.iter().map(|row| format!("{row:?}")).collect();
    rows.sort();
    rows
}

#[test]
fn views_are_what_their_queries_are() {
    let cases = count("FOREBAY_TEST_VIEW_CASES", 300);
    let mut dice = Dice::new();
    let site = Site::new();
    site.publish("d", "v1", "t", &numbered(1, 5));
    let mut server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows(&format!("CREATE TABLE public.log ({COLUMNS}) USING log"));
    let mut views: Vec<(String, String)> = Vec::new();
    let (mut checked, mut version, mut number) = (0, 1, 0);
    while checked < cases {
        // Every case looks at all rows.
        if 4_000 < client.one("SELECT count(*) FROM public.log").parse::<u32>().unwrap() {
            client.rows("DROP TABLE public.log CASCADE");
            client.rows(&format!("CREATE TABLE public.log ({COLUMNS}) USING log"));
            views.clear();
        }
        let context = format!("case {checked}, seed {}", dice.seed);
        match dice.below(14) {
            0..=6 => {
                let rows: Vec<String> = (0..=dice.below(9)).map(|_| row(&mut dice)).collect();
                client.rows(&format!("INSERT INTO public.log VALUES {}", rows.join(", ")));
            }
            7 => {
                let sql = "INSERT INTO public.log SELECT g % 5, 's' || g % 3, g, g / 7.0, g % 2 = 0, '2026-02-01' \
                           FROM generate_series(1, 400) AS g ORDER BY g";
                client.rows(sql);
            }
            8 => {
                let number = 1 + dice.below(500);
                client.rows(&format!("SELECT forebay.redact('public.log', {number})"));
            }
            9 if 8 <= views.len() => {
                let (name, _) = views.remove(0);
                client.rows(&format!("DROP MATERIALIZED VIEW public.{name}"));
            }
            9 | 10 => {
                number += 1;
                let (name, query) = (format!("v{number}"), query(&mut dice));
                // Columns without a name of their own may have the same.
                let names: Vec<String> =
                    (1..=columns(&mut client, &query)).map(|at| format!("c{at}")).collect();
                client.rows(&format!(
                    "CREATE MATERIALIZED VIEW public.{name} ({}) AS {query}",
                    names.join(", ")
                ));
                views.push((name, query));
            }
            11 if !views.is_empty() => {
                let name = &views[0].0;
                client.rows(&format!("REFRESH MATERIALIZED VIEW public.{name}"));
            }
            12 => {
                version += 1;
                site.publish("d", &format!("v{version}"), "t", &numbered(version, 3 + version % 3));
                client.rows("SELECT forebay.refresh()");
            }
            13 if dice.below(3) == 0 => {
                match dice.below(2) {
                    0 => server.kill(),
                    _ => {
                        server.signal(rustix::process::Signal::TERM);
                        assert!(server.wait(), "{context}");
                    }
                }
                server = site.serve(&SMALL);
                client = server.connect();
            }
            _ => {}
        }
        for (name, query) in &views {
            let kept = sorted(&mut client, &format!("SELECT * FROM public.{name}"));
            let made = sorted(&mut client, query);
            // A version that has just become current is told once the view is built with it.
            if kept != made && query.contains("d.t") {
                eventually(PATIENCE, query, || {
                    sorted(&mut client, &format!("SELECT * FROM public.{name}")) == made
                });
                continue;
            }
            let lost: Vec<&String> =
                made.iter().filter(|row| !kept.contains(row)).take(3).collect();
            let extra: Vec<&String> =
                kept.iter().filter(|row| !made.contains(row)).take(3).collect();
            let told = format!("{name}: {query}, lost {lost:?}, extra {extra:?}, {context}");
            assert!(kept == made, "{told}");
            checked += 1;
        }
    }
    let modes = client.rows("SELECT DISTINCT mode FROM forebay.views");
    assert!(!modes.is_empty(), "{modes}");
}

fn columns(client: &mut Client, query: &str) -> usize {
    client.query(&format!("{query} LIMIT 0")).columns.len()
}

#[test]
fn what_is_kept_is_used_only_where_it_fits() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (k int) USING log");
    client.rows("INSERT INTO public.log SELECT g % 3 FROM generate_series(1, 1000) AS g");
    client
        .rows("CREATE MATERIALIZED VIEW public.v AS SELECT k, count(*) FROM public.log GROUP BY k");
    assert_eq!(stop(server), "");
    let views = site.state().join("views");
    let kept = fs::read_dir(&views).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&kept).unwrap();
    let mut seen = 0;
    let mut told = |why: &str, rows: &str| {
        let server = site.serve(&[]);
        let mut client = server.connect();
        assert_eq!(client.rows("SELECT * FROM public.v ORDER BY k"), rows, "{why}");
        // The log goes on behind that of the server before.
        let log = server.log();
        let all: Vec<&str> = log.lines().filter(|line| line.contains("built anew")).collect();
        let found = all.get(seen).copied().unwrap_or_default();
        seen = all.len();
        assert!(found.contains(why) && (why.is_empty() == found.is_empty()), "{why}: {found}");
        server
    };
    let rows = "0|333; 1|334; 2|333";
    // A kill keeps it from being saved again.
    told("", rows).kill();
    for at in [0, 5, 9, 13, 21, good.len() / 2, good.len() - 1] {
        let mut damaged = good.clone();
        damaged[at] ^= 4;
        fs::write(&kept, &damaged).unwrap();
        told(if at < 8 { "another release" } else { "damaged" }, rows).kill();
    }
    fs::write(&kept, &good[..10]).unwrap();
    told("too short", rows).kill();
    // A log that has less than what is kept, as after a restore.
    let journal = site.state().join("journal");
    let before: Vec<(std::path::PathBuf, Vec<u8>)> = fs::read_dir(&journal)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    fs::write(&kept, &good).unwrap();
    let server = told("", rows);
    server.connect().rows("INSERT INTO public.log VALUES (0), (1)");
    assert_eq!(server.connect().rows("SELECT * FROM public.v ORDER BY k"), "0|334; 1|335; 2|333");
    assert_eq!(stop(server), "");
    for entry in fs::read_dir(&journal).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (path, bytes) in before {
        fs::write(path, bytes).unwrap();
    }
    let server = told("ahead of its log", rows);
    // Another definition, and the first one again: what was kept of the other is of no use, either way.
    let mut client = server.connect();
    for (version, rows) in [(2, "0|333; 1|334; 2|333"), (1, "0|333; 1|334; 2|333")] {
        let before: u64 = client.one("SELECT builds FROM forebay.views").parse().unwrap();
        client.rows(&format!("ALTER MATERIALIZED VIEW public.v SET (version = {version})"));
        eventually(PATIENCE, "another build", || {
            before < client.one("SELECT builds FROM forebay.views").parse().unwrap()
        });
        assert_eq!(client.rows("SELECT * FROM public.v ORDER BY k"), rows);
    }
}

/// Stops a server by itself; what it has to say against it.
fn stop(server: Server) -> &'static str {
    server.signal(rustix::process::Signal::TERM);
    if server.wait() { "" } else { "it failed" }
}

#[test]
fn a_read_says_how_far_a_view_has_to_be() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (k int) USING log");
    client.rows("CREATE MATERIALIZED VIEW public.one AS SELECT count(*) AS c FROM public.log");
    client.rows("CREATE MATERIALIZED VIEW public.two AS SELECT max(_seq) AS m FROM public.log");
    std::thread::scope(|scope| {
        let mut writer = server.connect();
        scope.spawn(move || {
            for _ in 0..200 {
                let seq = writer.one("INSERT INTO public.log VALUES (1) RETURNING _seq");
                assert_eq!(writer.one("SELECT c FROM public.one"), seq);
            }
        });
        for consistency in ["strict", "bounded", "eventual"] {
            let mut reader = server.connect();
            scope.spawn(move || {
                reader.rows(&format!("SET forebay.view_consistency = {consistency}"));
                let mut before = 0;
                for _ in 0..200 {
                    // Two views of one statement are those of one moment.
                    let both = reader.rows("SELECT c, coalesce(m, 0) FROM public.one, public.two");
                    let (one, two) = both.split_once('|').unwrap();
                    assert_eq!(one, two, "{consistency}");
                    let now: i64 = one.parse().unwrap();
                    assert!(before <= now, "{consistency}");
                    before = now;
                }
            });
        }
    });
    let mut refused = |sql: &str, state: &str| assert_eq!(client.state(sql), state, "{sql}");
    refused("SET forebay.view_consistency = 'sometimes'", "22023");
    refused("SET forebay.view_wait = 'long'", "22023");
    // What a transaction has not committed is not in a view.
    client.rows("BEGIN; INSERT INTO public.log VALUES (1)");
    assert_eq!(client.rows("SELECT c FROM public.one"), "200");
    client.rows("COMMIT");
    assert_eq!(client.rows("SELECT c FROM public.one"), "201");
}

#[test]
fn a_view_that_fails_says_so() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (k int) USING log; INSERT INTO public.log VALUES (1)");
    client.rows("CREATE MATERIALIZED VIEW public.v AS SELECT sum(10 / k) AS s FROM public.log");
    client.rows("CREATE MATERIALIZED VIEW public.w AS SELECT count(*) AS c FROM public.log");
    assert_eq!(client.one("SELECT s FROM public.v"), "10");
    client.rows("INSERT INTO public.log VALUES (0)");
    assert_eq!(client.state("SELECT s FROM public.v"), "22012");
    assert_eq!(client.one("SELECT c FROM public.w"), "2");
    assert_eq!(client.one("SELECT state FROM forebay.views WHERE view = 'v'"), "failed");
    assert_eq!(client.state("REFRESH MATERIALIZED VIEW public.v"), "22012");
    client.rows("SELECT forebay.redact('log', 2)");
    assert_eq!(client.one("SELECT s FROM public.v"), "10");
    client.rows("INSERT INTO public.log VALUES (5)");
    assert_eq!(client.one("SELECT s FROM public.v"), "12");
}

#[test]
fn a_materialized_view_is_one_to_clients() {
    let site = Site::new();
    site.publish("d", "v1", "t", &numbered(1, 5));
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows(
        "CREATE TABLE public.log (k int) USING log; INSERT INTO public.log VALUES (1), (2), (2)",
    );
    let created = client.query(
        "CREATE MATERIALIZED VIEW public.v AS SELECT k, count(*) AS c FROM public.log GROUP BY k",
    );
    assert_eq!(created.tags, ["SELECT 2"]);
    let empty =
        client.query("CREATE MATERIALIZED VIEW public.w AS SELECT k FROM public.log WITH NO DATA");
    assert_eq!(empty.tags, ["CREATE MATERIALIZED VIEW"]);
    assert_eq!(client.one("SELECT count(*) FROM public.w"), "3");
    client.rows("CREATE MATERIALIZED VIEW public.x AS SELECT id FROM d.t");
    assert_eq!(client.one("SELECT count(*) FROM public.x"), "5");
    assert_eq!(
        client.rows("SELECT view, mode FROM forebay.views ORDER BY 1"),
        "v|groups; w|rows; x|recomputed"
    );
    assert_eq!(client.rows("SELECT relkind FROM pg_class WHERE oid = 'public.v'::regclass"), "m");
    assert_eq!(client.rows("SELECT matviewname FROM pg_matviews ORDER BY 1"), "v; w; x");
    let mut check = |sql: &str, state: &str| assert_eq!(client.state(sql), state, "{sql}");
    check("CREATE MATERIALIZED VIEW public.v AS SELECT 1 AS a", "42P07");
    check("CREATE MATERIALIZED VIEW IF NOT EXISTS public.v AS SELECT 1 AS a", "00000");
    check("CREATE OR REPLACE VIEW public.v AS SELECT 1 AS a", "42809");
    check("DROP VIEW public.v", "42809");
    check("ALTER VIEW public.v RENAME TO y", "42809");
    check("REFRESH MATERIALIZED VIEW public.log", "42809");
    check("REFRESH MATERIALIZED VIEW public.none", "42P01");
    check("INSERT INTO public.v VALUES (1, 2)", "42809");
    check("DROP TABLE public.log", "2BP01");
    check("CREATE VIEW public.plain AS SELECT * FROM public.v", "00000");
    check("SELECT * FROM public.plain", "00000");
    check("DROP MATERIALIZED VIEW public.plain", "42809");
    check("ALTER MATERIALIZED VIEW public.v RENAME TO vv", "00000");
    check("SELECT * FROM public.vv", "00000");
    check("COMMENT ON MATERIALIZED VIEW public.vv IS 'said'", "00000");
    check("CREATE ROLE other LOGIN", "00000");
    check("SET ROLE other", "00000");
    check("SELECT * FROM public.vv", "42501");
    check("REFRESH MATERIALIZED VIEW public.vv", "42501");
    check("RESET ROLE", "00000");
    check("REFRESH MATERIALIZED VIEW CONCURRENTLY public.vv", "00000");
    check(
        "BEGIN; CREATE MATERIALIZED VIEW public.z AS SELECT max(k) AS m FROM public.log; COMMIT",
        "00000",
    );
    check("SELECT * FROM public.z", "00000");
    check("DROP TABLE public.log CASCADE", "00000");
    assert_eq!(client.rows("SELECT view FROM forebay.views"), "x");
    let views = site.state().join("views");
    eventually(PATIENCE, "what was kept is gone", || fs::read_dir(&views).unwrap().count() == 0);
}

#[test]
fn a_view_stays_right_while_its_log_changes() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (a int, k int, n int) USING log");
    client.rows("INSERT INTO public.log VALUES (7, 1, 10), (7, 2, 20), (7, 1, 30)");
    client.rows(
        "CREATE MATERIALIZED VIEW public.v AS SELECT k, sum(n) AS s FROM public.log GROUP BY k",
    );
    let mut holds = |sql: &str, rows: &str| {
        client.rows(sql);
        assert_eq!(client.rows("SELECT * FROM public.v ORDER BY k"), rows, "{sql}");
    };
    holds("SELECT 1", "1|40; 2|20");
    // A column before those that the view reads: theirs stand elsewhere then.
    holds("ALTER TABLE public.log DROP COLUMN a", "1|40; 2|20");
    holds("INSERT INTO public.log VALUES (2, 5)", "1|40; 2|25");
    holds("ALTER TABLE public.log ADD COLUMN a int", "1|40; 2|25");
    holds("INSERT INTO public.log (a, k, n) VALUES (1, 1, 1)", "1|41; 2|25");
    assert_eq!(client.state("ALTER TABLE public.log DROP COLUMN n"), "2BP01");
}

#[test]
fn a_transaction_reads_the_view_that_it_made() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (k int) USING log; INSERT INTO public.log VALUES (1)");
    client.rows("BEGIN");
    client.rows("CREATE MATERIALIZED VIEW public.v AS SELECT count(*) AS c FROM public.log");
    assert_eq!(client.one("SELECT c FROM public.v"), "1");
    client.rows("ROLLBACK");
    assert_eq!(client.state("SELECT c FROM public.v"), "42P01");
    client.rows("CREATE TEMPORARY TABLE brief (k int)");
    for (sql, state) in [
        ("CREATE MATERIALIZED VIEW public.v AS SELECT k FROM brief", "0A000"),
        ("CREATE MATERIALIZED VIEW public.v WITH (unknown = 1) AS SELECT 1 AS a", "22023"),
    ] {
        assert_eq!(client.state(sql), state, "{sql}");
    }
}
