//! Statements and names that mean harm (reliability B.2 S10–S13, A.4 R6): each has its expected refusal, none touches a
//! file, opens a socket or stops the server.

use std::fs;
use std::time::{Duration, Instant};

use super::support::{Client, Site, eventually, numbered, parquet, wide, write_files};

/// How long a refusal may take.
const REFUSAL_MAX: Duration = Duration::from_secs(5);

const NOT_ALLOWED: &[&str] = &["0A000", "42501", "42601"];

/// Statement (`{dir}` is a directory with a canary), SQLSTATEs that are right.
const FILES: &[(&str, &[&str])] = &[
    ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{dir}/canary.csv'", NOT_ALLOWED),
    ("CREATE EXTERNAL TABLE x (a int) STORED AS CSV LOCATION '/etc/passwd'", NOT_ALLOWED),
    ("CREATE EXTERNAL TABLE x STORED AS PARQUET LOCATION 's3://169.254.169.254/x'", NOT_ALLOWED),
    ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION 'http://127.0.0.1:1/x'", NOT_ALLOWED),
    ("COPY (SELECT 1) TO '{dir}/out.csv'", NOT_ALLOWED),
    ("COPY (SELECT 1) TO '{dir}/out.parquet' STORED AS PARQUET", NOT_ALLOWED),
    ("COPY s.t TO '{dir}/out.csv'", NOT_ALLOWED),
    ("COPY s.t TO PROGRAM 'touch {dir}/out'", NOT_ALLOWED),
    ("COPY s.t FROM '{dir}/canary.csv'", &["0A000", "42501", "42809"]),
    ("COPY s.t FROM PROGRAM 'touch {dir}/out'", &["0A000", "42501", "42809"]),
    ("EXPLAIN COPY (SELECT 1) TO '{dir}/out.csv'", NOT_ALLOWED),
    ("EXPLAIN ANALYZE COPY (SELECT 1) TO '{dir}/out.csv'", NOT_ALLOWED),
    ("PREPARE p AS COPY (SELECT 1) TO '{dir}/out.csv'", NOT_ALLOWED),
    ("PREPARE p AS CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '{dir}/canary.csv'", NOT_ALLOWED),
    ("INSERT INTO s.t VALUES (1, 1)", &["0A000", "42501", "42809", "25006", "55000"]),
    (
        "EXPLAIN ANALYZE INSERT INTO s.t VALUES (1, 1)",
        &["0A000", "42501", "42601", "42809", "25006"],
    ),
    ("UPDATE s.t SET id = 1", &["0A000", "42501", "42809", "25006", "55000"]),
    ("DELETE FROM s.t", &["0A000", "42501", "42809", "25006", "55000"]),
    ("TRUNCATE s.t", &["0A000", "42501", "42809", "25006", "42601"]),
    ("DROP TABLE s.t", &["0A000", "42501", "42809", "25006"]),
    ("DROP SCHEMA s", &["0A000", "42501", "25006", "2BP01"]),
    ("CREATE TABLE s.x AS SELECT 1", &["42501"]),
    ("SELECT 1 INTO x", NOT_ALLOWED),
    ("CREATE VIEW s.x AS SELECT 1", &["42501"]),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", NOT_ALLOWED),
    ("CREATE FUNCTION f(int) RETURNS int RETURN $1", NOT_ALLOWED),
    ("CREATE DATABASE x", NOT_ALLOWED),
    ("CREATE CATALOG x", NOT_ALLOWED),
    ("DO $$ BEGIN END $$", NOT_ALLOWED),
    ("CALL f()", &["0A000", "42501", "42601", "42883"]),
    ("LOAD 'x'", NOT_ALLOWED),
    ("ATTACH DATABASE 'x' AS y", NOT_ALLOWED),
    ("PRAGMA x", NOT_ALLOWED),
    // They do nothing.
    ("VACUUM", &["00000", "25001"]),
    ("ANALYZE", &["00000"]),
    ("SELECT * FROM '/etc/passwd'", &["42601", "42P01", "0A000"]),
    ("SELECT * FROM \"/etc/passwd\"", &["42P01"]),
    ("SELECT * FROM \"{dir}/canary.csv\"", &["42P01"]),
    ("SELECT * FROM \"file://{dir}/canary.csv\"", &["42P01"]),
    ("SELECT * FROM read_csv('{dir}/canary.csv')", &["42883", "0A000", "42P01"]),
    ("SELECT * FROM read_parquet('{dir}/canary.csv')", &["42883", "0A000", "42P01"]),
    ("SELECT pg_read_file('{dir}/canary.csv')", &["42883", "42501", "0A000"]),
    ("SELECT lo_import('{dir}/canary.csv')", &["42883", "42501", "0A000"]),
    ("SELECT * FROM \"s@../../canary\".t", &["42P01", "3F000", "42704"]),
    ("SELECT * FROM \"s@/etc\".t", &["42P01", "3F000", "42704"]),
    ("SELECT * FROM \"../s\".t", &["42P01", "3F000"]),
    ("SELECT * FROM \"s@\".t", &["42P01", "3F000", "42704"]),
    ("SELECT * FROM datafusion.public.t", &["42P01", "0A000", "3F000"]),
];

const SETTINGS: &[(&str, &[&str])] = &[
    ("SET datafusion.runtime.memory_limit = '100G'", &["42501", "42704"]),
    ("SET datafusion.runtime.temp_directory = '{dir}/spill'", &["42501", "42704"]),
    ("SET datafusion.catalog.location = '/etc'", &["42501", "42704"]),
    ("SET datafusion.catalog.create_default_catalog_and_schema = false", &["42501", "42704"]),
    ("SET datafusion.execution.target_partitions = 10000", &["42501", "42704"]),
    ("RESET datafusion.runtime.memory_limit", &["42501", "42704"]),
    ("SET SESSION datafusion.sql_parser.dialect = 'mysql'", &["42501", "42704"]),
    ("SET nope = 1", &["42704"]),
    ("SET nope.nope TO 1", &["00000", "42704"]),
    ("SHOW datafusion.runtime.memory_limit", &["42501", "42704"]),
    (
        "SELECT set_config('datafusion.runtime.memory_limit', '1', false)",
        &["42501", "42704", "42883"],
    ),
    ("SET server_version = '9'", &["55P02", "42501"]),
    ("SET statement_timeout = 'soon'", &["22023"]),
    ("SET client_encoding = 'BIG5'", &["22023", "0A000"]),
];

#[test]
fn statements_that_touch_files_are_refused() {
    let site = Site::new();
    site.publish("s", "v1", "t", &numbered(1, 10));
    let danger = site.path().join("danger");
    write_files(&danger, &[("canary.csv", b"secret\nTOP-SECRET\n")]);
    let server = site.serve(&[]);
    let directory = danger.to_str().unwrap();
    for (sql, states) in FILES.iter().chain(SETTINGS) {
        let sql = sql.replace("{dir}", directory);
        let mut client = server.connect();
        check(&mut client, &sql, states);
        let extended = client.extended(&sql, false);
        refused(&sql, &extended.rows, extended.state(), states);
        let among = client.query(&format!("SELECT 1; {sql}"));
        refused(&sql, &among.rows[among.rows.len().min(1)..], among.state(), states);
        assert_eq!(client.one("SELECT 1"), "1", "after {sql}");
    }
    let left: Vec<_> = fs::read_dir(&danger).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["canary.csv"]);
}

#[test]
fn settings_belong_to_their_session() {
    let site = Site::new();
    site.publish("s", "v1", "t", &numbered(1, 10));
    let server = site.serve(&[]);
    let (mut one, mut other) = (server.connect(), server.connect());
    one.rows("SET TimeZone = 'Asia/Tokyo'; SET statement_timeout = '7s'; SET search_path = s");
    assert_eq!(other.one("SHOW TimeZone"), "UTC");
    assert_eq!(other.one("SHOW statement_timeout"), "5min");
    assert_eq!(other.state("SELECT * FROM t"), "42P01");
    assert_eq!(one.one("SELECT count(*) FROM t"), "10");
    let all = other.query("SHOW ALL");
    assert_eq!(all.state(), "00000");
    let path = site.path().to_str().unwrap();
    let tells = |row: &Vec<Option<String>>| row.iter().flatten().any(|cell| cell.contains(path));
    assert!(!all.rows.iter().any(tells), "SHOW ALL tells a path");
    let inner = |row: &Vec<Option<String>>| row[0].as_deref().unwrap().starts_with("datafusion.");
    assert!(!all.rows.iter().any(inner), "SHOW ALL tells the engine's settings");
}

/// A text that grows with a count, made by `left`, `middle` repeated, `right`.
struct Bomb {
    name: &'static str,
    sql: String,
    states: &'static [&'static str],
}

const TOO_COMPLEX: &[&str] = &["54001", "54000"];
const MAY_PASS: &[&str] = &["00000", "54001", "54000", "53200", "53400"];

fn bombs() -> Vec<Bomb> {
    let bomb = |name, sql, states| Bomb { name, sql, states };
    let chain = |item: &str, between: &str, count: usize| vec![item; count].join(between);
    let nested = |left: &str, right: &str, count: usize| {
        format!("SELECT {}1{}", left.repeat(count), right.repeat(count))
    };
    let doubling = |levels: usize| {
        let mut sql = "WITH t0 AS (SELECT 1 AS a)".to_owned();
        for level in 1..=levels {
            let below = level - 1;
            sql += &format!(", t{level} AS (SELECT x.a FROM t{below} x CROSS JOIN t{below} y)");
        }
        format!("{sql} SELECT count(*) FROM t{levels}")
    };
    vec![
        bomb("sum of 1,000", format!("SELECT {}", chain("1", " + ", 1_000)), MAY_PASS),
        bomb("sum of 100,000", format!("SELECT {}", chain("1", " + ", 100_000)), TOO_COMPLEX),
        bomb("or of 10,000", format!("SELECT {}", chain("1 = 2", " OR ", 10_000)), TOO_COMPLEX),
        bomb("and of 10,000", format!("SELECT {}", chain("1 = 1", " AND ", 10_000)), TOO_COMPLEX),
        bomb("concatenation of 20,000", format!("SELECT {}", chain("'a'", " || ", 20_000)), TOO_COMPLEX),
        bomb("union of 5,000", chain("SELECT 1", " UNION ALL ", 5_000), TOO_COMPLEX),
        bomb("union of 5,000 distinct", chain("SELECT 1", " UNION ", 5_000), TOO_COMPLEX),
        bomb("except of 5,000", chain("SELECT 1", " EXCEPT ", 5_000), TOO_COMPLEX),
        bomb("parentheses", nested("(", ")", 10_000), TOO_COMPLEX),
        bomb("subqueries", nested("(SELECT ", ")", 5_000), TOO_COMPLEX),
        bomb("functions", nested("abs(", ")", 10_000), TOO_COMPLEX),
        bomb("minus signs", nested("- ", "", 10_000), TOO_COMPLEX),
        bomb("nots", nested("NOT ", " = 1", 10_000), TOO_COMPLEX),
        bomb("casts", format!("SELECT 1{}", "::int8".repeat(10_000)), TOO_COMPLEX),
        bomb("cases", nested("CASE WHEN true THEN ", " END", 5_000), TOO_COMPLEX),
        bomb("brackets", format!("SELECT {}1{}", "ARRAY[".repeat(5_000), "]".repeat(5_000)), TOO_COMPLEX),
        bomb("subscripts", format!("SELECT (ARRAY[1]){}", "[1]".repeat(10_000)), &["54001", "54000", "42804", "42883"]),
        bomb("derived tables", format!("{}SELECT 1{}", "SELECT * FROM (".repeat(3_000), ") x".repeat(3_000)), TOO_COMPLEX),
        bomb("joins", format!("SELECT 1 FROM {}", (0..2_000).map(|n| format!("s.t t{n}")).collect::<Vec<_>>().join(" CROSS JOIN ")), TOO_COMPLEX),
        bomb("common tables", format!("WITH {} SELECT 1", (0..5_000).map(|n| format!("c{n} AS (SELECT 1)")).collect::<Vec<_>>().join(", ")), TOO_COMPLEX),
        bomb("doubling common tables", doubling(17), TOO_COMPLEX),
        bomb("columns", format!("SELECT {}", chain("1", ", ", 20_000)), &["54011"]),
        bomb("a list of 100,000", format!("SELECT count(*) FROM s.t WHERE id IN ({})", (0..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",")), &["00000", "54001", "57014"]),
        bomb("ten megabytes", format!("SELECT '{}'", "x".repeat(10 << 20)), &["54000", "54001"]),
        bomb("a comment of two megabytes", format!("SELECT 1 /*{}*/", "x".repeat(2 << 20)), &["54000", "54001"]),
        bomb("nested comments", format!("SELECT 1 {}{}", "/*".repeat(50_000), "*/".repeat(50_000)), &["00000", "54001", "42601"]),
        bomb("statements", chain("SELECT 1", ";", 20_000), &["00000", "54000", "54001"]),
        bomb("a huge repeat", "SELECT repeat('x', 2000000000)".to_owned(), &["54000", "53200", "22003", "22023", "57014"]),
        bomb("repeats of repeats", "SELECT length(repeat(repeat('x', 100000), 100000))".to_owned(), &["54000", "53200", "22003", "22023", "57014"]),
        bomb("a regular expression", "SELECT 'a' ~ '((a{1000}){1000}){1000}'".to_owned(), &["2201B", "54000", "54001"]),
        bomb("a backtracking expression", format!("SELECT '{}' ~ '(a*)*b'", "a".repeat(1_000)), &["00000", "2201B"]),
        bomb("a long array", "SELECT array_length(array_agg(a.id), 1) FROM s.wide a, s.wide b, s.wide c".to_owned(), &["53200", "57014", "54000"]),
        bomb("parameters", "SELECT $70000".to_owned(), &["42P02", "42P18", "54000", "08P01", "42601"]),
        bomb("parameter zero", "SELECT $0".to_owned(), &["42P02", "42601", "42P18", "42000"]),
        bomb("an identifier", format!("SELECT * FROM \"{}\"", "x".repeat(100_000)), &["42P01", "42622"]),
        bomb("a number", format!("SELECT {}", "9".repeat(100_000)), &["22003", "54000", "00000", "42601", "0A000"]),
        bomb("an exponent", "SELECT 1e1000000::numeric".to_owned(), &["22003", "0A000", "54000"]),
        bomb("grouping sets", format!("SELECT count(*) FROM s.t GROUP BY CUBE ({})", (0..30).map(|n| format!("id + {n}")).collect::<Vec<_>>().join(", ")), &["54011"]),
        bomb("an endless recursion", "WITH RECURSIVE t (n) AS (SELECT 1::int8 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t".to_owned(), &["57014"]),
    ]
}

#[test]
fn texts_that_explode_are_refused_in_time() {
    let site = Site::alone();
    let (tables, wide) = (parquet(&numbered(1, 10)), parquet(&wide(0, 2_000)));
    site.publish_files("s", "v1", &[("t/t.parquet", &tables), ("wide/w.parquet", &wide)]);
    let mut server = site.serve(&["--query-statement-timeout", "4s"]);
    let mut wrong = Vec::new();
    for Bomb { name, sql, states } in bombs() {
        for protocol in ["simple", "extended"] {
            let mut client = server.connect();
            let asked = Instant::now();
            let answer = if protocol == "simple" {
                client.query(&sql)
            } else {
                client.extended(&sql, false)
            };
            let took = asked.elapsed();
            // A syntax error is the extended protocol's right answer to several statements.
            let several =
                name == "statements" && protocol == "extended" && answer.state() == "42601";
            if !several && !states.contains(&answer.state()) {
                wrong.push(format!("{name}, {protocol}: {} {:?}", answer.state(), answer.error));
            }
            // Twenty thousand small statements run one after the other: that takes time and harms nobody.
            if took > REFUSAL_MAX && name != "statements" {
                wrong.push(format!("{name}, {protocol}: after {took:?}"));
            }
            assert!(server.alive(), "{name}, {protocol}: the server died");
        }
        let after = server.connect().query("SELECT count(*) FROM s.t");
        if after.error.is_some() {
            wrong.push(format!("after {name}: {:?}", after.error));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!server.log().contains("panicked"), "a panic in the log");
}

#[test]
fn names_that_lead_astray_are_ignored_and_reported() {
    let site = Site::new();
    let file = parquet(&numbered(1, 10));
    site.publish_files("s", "v1", &[("t/t.parquet", &file)]);
    let root = site.root();
    let long = "x".repeat(200);
    let odd = [
        "-dash",
        "with space",
        "..x",
        "%2e%2e",
        "\u{202e}gpj",
        "cafe\u{301}",
        &long,
        "semi;colon",
        "quote\"d",
    ];
    for name in odd {
        write_files(&root.join("s").join(name), &[("t/t.parquet", &file), ("_SUCCESS", b"")]);
        write_files(&root.join(name).join("v1"), &[("t/t.parquet", &file), ("_SUCCESS", b"")]);
    }
    // Never data, and nobody needs telling.
    write_files(&root.join("s/_tmp"), &[("t/t.parquet", &file), ("_SUCCESS", b"")]);
    write_files(&root.join("s/.hidden"), &[("t/t.parquet", &file), ("_SUCCESS", b"")]);
    // A link out of the root, and a pipe that would block a reader for ever.
    write_files(&site.path().join("outside"), &[("t/t.parquet", &file), ("_SUCCESS", b"")]);
    std::os::unix::fs::symlink(site.path().join("outside"), root.join("s/v9_link")).unwrap();
    write_files(&root.join("s/v8_pipe"), &[("_SUCCESS", b"")]);
    fs::create_dir(root.join("s/v8_pipe/t")).unwrap();
    let pipe = root.join("s/v8_pipe/t/t.parquet");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let server = site.serve(&["--versions-mode", "mirror"]);
    let mut client = server.connect();
    assert_eq!(client.rows("SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' AND nspname NOT IN ('information_schema', 'forebay', 'public')"), "s");
    assert_eq!(client.one("SELECT count(*) FROM s.t"), "10");
    assert_eq!(client.one("SELECT current_version FROM forebay.databases WHERE name = 's'"), "v1");
    eventually(Duration::from_secs(10), "rows in forebay.source_issues", || {
        client.query("SELECT * FROM forebay.source_issues").rows.len() >= 6
    });
    for name in ["v9_link", "with space", "%2e%2e"] {
        assert_eq!(client.query(&format!("SELECT * FROM \"s@{name}\".t")).rows.len(), 0, "{name}");
    }
    let mirrored = fs::read_dir(site.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = mirrored.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["outside", "root", "server.log", "state"]);
}

#[test]
fn names_in_functions_are_data() {
    let site = Site::new();
    site.publish("s", "v1", "t", &numbered(1, 10));
    let server = site.serve(&[]);
    let mut client = server.connect();
    for name in
        ["../x", "/etc", "a/b", "x'; DROP TABLE t; --", "", "..", ".", "a\nb", "latest", "current"]
    {
        let name = name.replace('\'', "''");
        for sql in [
            format!("SELECT forebay.set_alias('s', '{name}', 'v1')"),
            format!("SELECT forebay.set_alias('s', 'prod', '{name}')"),
            format!("SELECT forebay.activate('s', '{name}')"),
            format!("SELECT forebay.activate('{name}', 'v1')"),
            format!("SELECT forebay.load('s', '{name}')"),
        ] {
            let state = client.state(&sql);
            assert!(
                ["22023", "42704", "42939", "3F000", "42P01", "42602", "42710"]
                    .contains(&state.as_str()),
                "{sql}: {state}"
            );
        }
    }
    assert_eq!(client.one("SELECT count(*) FROM s.t"), "10");
    assert_eq!(client.rows("SELECT alias FROM forebay.aliases"), "");
}

#[track_caller]
fn check(client: &mut Client, sql: &str, states: &[&str]) {
    let asked = Instant::now();
    let answer = client.query(sql);
    refused(sql, &answer.rows, answer.state(), states);
    assert!(asked.elapsed() < REFUSAL_MAX, "{sql}: after {:?}", asked.elapsed());
}

#[track_caller]
fn refused(sql: &str, rows: &[Vec<Option<String>>], state: &str, states: &[&str]) {
    assert!(states.contains(&state), "{sql}: {state}, should be one of {states:?}");
    let told = |row: &Vec<Option<String>>| {
        row.iter().flatten().any(|cell| cell.contains("SECRET") || cell.contains("root:"))
    };
    assert!(!rows.iter().any(told), "{sql} told a file's content");
}
