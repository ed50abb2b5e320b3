//! Backups: of one moment while others write, whole or refused, and restored to what was (reliability R19, S14).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::support::{Client, PATIENCE, Server, Site, eventually, numbered};

/// So few that rows are sealed and go to files all the time.
const SMALL: [&str; 2] = ["--logs-tail-bytes", "16KiB"];

/// A part of a file that is damaged by itself.
const PAGE_BYTES: usize = 4096;

fn location(site: &Site) -> PathBuf {
    site.path().join("backups")
}

fn back_up(client: &mut Client, site: &Site) -> String {
    let answer =
        client.query(&format!("SELECT * FROM forebay.backup('{}')", location(site).display()));
    assert!(answer.error.is_none(), "{:?}", answer.error);
    answer.rows[0][0].clone().unwrap()
}

/// Loses the state root, and makes it again from the newest backup.
fn lose_and_restore(site: &Site, server: Server) {
    server.kill();
    fs::remove_dir_all(site.state()).unwrap();
    let (done, said) = restore(site, &[]);
    assert!(done, "{said}");
}

fn restore(site: &Site, more: &[&str]) -> (bool, String) {
    let location = location(site).display().to_string();
    site.command(&[&["restore", &location], more].concat(), "")
}

#[test]
fn what_is_restored_is_what_was() {
    let site = Site::new();
    site.publish("d", "v1", "t", &numbered(1, 10));
    site.publish("d", "v2", "t", &numbered(2, 20));
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows(
        "CREATE SCHEMA app; CREATE TABLE app.small (id serial PRIMARY KEY, word text UNIQUE); \
         INSERT INTO app.small (word) VALUES ('a'), ('b'); COMMENT ON TABLE app.small IS 'said'; \
         CREATE TABLE app.log (n int, word text) USING log; CREATE SEQUENCE app.numbers; \
         INSERT INTO app.log SELECT g, 'word ' || g FROM generate_series(1, 3000) AS g; \
         INSERT INTO app.log VALUES (0, 'the newest'); \
         CREATE VIEW app.words AS SELECT word FROM app.small; \
         CREATE MATERIALIZED VIEW app.counted AS SELECT n % 7 AS k, count(*) FROM app.log GROUP BY 1",
    );
    client.rows("CREATE ROLE reader LOGIN");
    client.rows("GRANT USAGE ON SCHEMA app TO reader");
    client.rows("GRANT SELECT ON app.small TO reader");
    client.rows("SELECT forebay.set_alias('d', 'stable', 'v1')");
    let told = [
        "SELECT * FROM app.small ORDER BY id",
        "SELECT count(*), sum(n), min(_seq), max(_seq), min(_time), max(_time) FROM app.log",
        "SELECT * FROM app.words ORDER BY 1",
        "SELECT * FROM app.counted ORDER BY 1",
        "SELECT count(*), max(version) FROM d.t",
        "SELECT count(*), max(version) FROM \"d@stable\".t",
        "SELECT name, current_version, previous_version, high_water FROM forebay.databases ORDER BY 1",
        "SELECT * FROM forebay.aliases ORDER BY 1, 2",
        "SELECT * FROM forebay.roles ORDER BY 1",
        "SELECT * FROM forebay.grants ORDER BY 1, 2, 3, 4, 5",
        "SELECT schema, log, owner, since, last_time, rows, segments, segment_bytes FROM forebay.logs ORDER BY 1, 2",
        "SELECT oid, relname, relkind, relowner, relacl FROM pg_class WHERE relnamespace = 'app'::regnamespace ORDER BY oid",
        "SELECT obj_description('app.small'::regclass)",
    ];
    let before: Vec<String> = told.iter().map(|sql| client.rows(sql)).collect();
    let handed_out: i64 = client.rows("SELECT nextval('app.numbers')").parse().unwrap();
    back_up(&mut client, &site);
    // A restore that was interrupted has left something.
    fs::create_dir(site.path().join("state.restoring")).unwrap();
    fs::write(site.path().join("state.restoring/half"), "").unwrap();
    lose_and_restore(&site, server);
    assert!(!site.path().join("state.restoring").exists());
    let (done, said) = restore(&site, &[]);
    assert!(!done && said.contains("is not empty"), "{said}");

    let server = site.serve(&SMALL);
    let mut client = server.connect();
    for (sql, before) in told.iter().zip(before) {
        assert_eq!(client.rows(sql), before, "{sql}");
    }
    let next: i64 = client.rows("SELECT nextval('app.numbers')").parse().unwrap();
    assert!(handed_out < next, "{next} after {handed_out}");
    let id: i64 =
        client.rows("INSERT INTO app.small (word) VALUES ('c') RETURNING id").parse().unwrap();
    assert!(2 < id, "{id}");
    assert_eq!(client.rows("INSERT INTO app.log VALUES (1, 'later') RETURNING _seq"), "3002");
    assert_eq!(client.query("INSERT INTO app.small (word) VALUES ('a')").state(), "23505");
    let checked = client.query("SELECT * FROM forebay.verify_log('app.log')");
    assert!(
        !checked.rows.is_empty() && checked.rows.iter().all(|row| row[5].as_deref() == Some("t"))
    );
}

/// What writers do, and how far they are known to have come.
#[derive(Default)]
struct Written {
    log: AtomicI64,
    table: AtomicI64,
    sequence: AtomicI64,
}

#[test]
fn a_backup_is_of_one_moment() {
    let site = Site::new();
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows(
        "CREATE TABLE public.log (n int8, filler text) USING log; CREATE TABLE public.rows (n int8 PRIMARY KEY); \
         CREATE TABLE public.pairs (log int8, rows int8); INSERT INTO pairs VALUES (0, 0); CREATE SEQUENCE public.numbers",
    );
    let (written, stop) = (Written::default(), AtomicBool::new(false));
    let mut least = (0, 0, 0);
    std::thread::scope(|scope| {
        let (written, stop) = (&written, &stop);
        let mut writer = server.connect();
        scope.spawn(move || {
            // Both in one transaction: a backup has both or none.
            for n in 1.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                writer.rows(&format!(
                    "BEGIN; INSERT INTO log VALUES ({n}, repeat('x', 200)); INSERT INTO rows VALUES ({n}); \
                     UPDATE pairs SET log = {n}, rows = {n}; COMMIT"
                ));
                written.log.store(n, Ordering::SeqCst);
                written.table.store(n, Ordering::SeqCst);
            }
        });
        let mut counter = server.connect();
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let number = counter.rows("SELECT nextval('numbers')").parse().unwrap();
                written.sequence.store(number, Ordering::SeqCst);
            }
        });
        eventually(PATIENCE, "enough rows", || 300 < written.log.load(Ordering::SeqCst));
        for _ in 0..5 {
            least = (
                written.log.load(Ordering::SeqCst),
                written.table.load(Ordering::SeqCst),
                written.sequence.load(Ordering::SeqCst),
            );
            back_up(&mut client, &site);
        }
        stop.store(true, Ordering::Relaxed);
    });
    lose_and_restore(&site, server);
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    let counts = |client: &mut Client, table: &str| -> (i64, i64, i64) {
        let row = client.rows(&format!("SELECT count(*), count(DISTINCT n), max(n) FROM {table}"));
        let numbers: Vec<i64> = row.split('|').map(|number| number.parse().unwrap()).collect();
        (numbers[0], numbers[1], numbers[2])
    };
    let (log, rows) = (counts(&mut client, "log"), counts(&mut client, "rows"));
    assert_eq!(log, rows);
    assert!(log.0 == log.1 && log.1 == log.2, "{log:?}");
    assert!(least.0 <= log.2, "{} acknowledged before, {} restored", least.0, log.2);
    assert_eq!(client.rows("SELECT log, rows FROM pairs"), format!("{0}|{0}", log.2));
    let next: i64 = client.rows("SELECT nextval('numbers')").parse().unwrap();
    assert!(least.2 < next, "{} was handed out before, {next} after", least.2);
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn damage_is_refused() {
    let site = Site::new();
    site.publish("d", "v1", "t", &numbered(1, 10));
    let server = site.serve(&SMALL);
    let mut client = server.connect();
    client.rows(
        "CREATE TABLE public.log (n int, word text) USING log; CREATE TABLE public.small (n int); \
         INSERT INTO log SELECT g, md5(g::text) FROM generate_series(1, 6000) AS g; INSERT INTO small VALUES (1)",
    );
    back_up(&mut client, &site);
    server.kill();
    fs::remove_dir_all(site.state()).unwrap();
    let mut damages = 0;
    let stored = ["files", "backups"].map(|name| files(&location(&site).join(name)));
    for path in stored.concat() {
        let whole = fs::read(&path).unwrap();
        for page in (0..whole.len()).step_by(PAGE_BYTES) {
            let mut damaged = whole.clone();
            damaged[page] ^= 0x10;
            fs::write(&path, damaged).unwrap();
            let (done, said) = restore(&site, &[]);
            assert!(!done && said.contains("damaged"), "byte {page} of {}: {said}", path.display());
            assert!(!site.state().exists() && !site.path().join("state.restoring").exists());
            damages += 1;
        }
        fs::remove_file(&path).unwrap();
        let (done, said) = restore(&site, &[]);
        assert!(!done, "without {}: {said}", path.display());
        fs::write(&path, whole).unwrap();
    }
    assert!(20 < damages, "{damages} pages");
    let (done, said) = restore(&site, &[]);
    assert!(done, "{said}");
}

#[test]
fn changes_are_copied_by_themselves() {
    let site = Site::new();
    let place = location(&site).display().to_string();
    let flags = ["--backup-location", &place, "--backup-interval", "1s", "--backup-keep", "2"];
    let server = site.serve(&[&SMALL[..], &flags].concat());
    let mut client = server.connect();
    client.rows("CREATE TABLE public.log (n int, word text) USING log");
    let lists = || fs::read_dir(location(&site).join("backups")).map_or(0, Iterator::count);
    for n in 0..4 {
        client.rows(&format!(
            "INSERT INTO log SELECT {n}, repeat('x', 100) FROM generate_series(1, 1000)"
        ));
        let lsn = client.rows("SELECT pg_current_wal_lsn()");
        let lsn = i64::from_str_radix(lsn.rsplit_once('/').unwrap().1, 16).unwrap();
        let copied = format!(
            "SELECT count(*) FROM forebay.backups WHERE automatic AND error IS NULL AND lsn >= {lsn}"
        );
        eventually(PATIENCE, "a copy", || client.rows(&copied) != "0");
    }
    assert_eq!(lists(), 2);
    // One list names the files there are, but for those that only the other one names.
    let (done, said) = restore(&site, &["--list"]);
    assert!(done && said.lines().count() == 2, "{said}");
    lose_and_restore(&site, server);
    let server = site.serve(&SMALL);
    assert_eq!(server.connect().rows("SELECT count(*), max(n) FROM log"), "4000|3");
}

#[test]
fn backups_are_refused_where_they_cannot_be() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    let state = site.state().join("backups").display().to_string();
    for (location, state) in [
        ("relative", "22023"),
        ("/a/../b", "22023"),
        (state.as_str(), "22023"),
        ("s3://bucket/backups", "0A000"),
        ("/proc/none", "58030"),
    ] {
        assert_eq!(
            client.query(&format!("SELECT forebay.backup('{location}')")).state(),
            state,
            "{location}"
        );
    }
    assert_eq!(
        client.rows("SELECT count(*), count(error), count(lsn) FROM forebay.backups"),
        "5|5|0"
    );
    client.rows("CREATE ROLE nobody; SET ROLE nobody");
    assert_eq!(client.query("SELECT forebay.backup('/tmp/no')").state(), "42501");
    server.kill();
    fs::remove_dir_all(site.state()).unwrap();
    let (done, said) = site.command(&["restore", "/nowhere/to/be/found"], "");
    assert!(!done && said.contains("there is no backup"), "{said}");
}
