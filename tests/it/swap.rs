//! Versions swap under load: each statement's rows are all from one version, nothing fails, nothing is left behind.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::support::{Client, Site, count, eventually, numbered};

const READERS: usize = 64;
const ROWS: i64 = 1_000;

#[test]
fn readers_see_whole_versions_and_never_an_error() {
    let swaps = i64::try_from(count("FOREBAY_TEST_SWAPS", 500)).unwrap();
    let site = Site::alone();
    publish(&site, 0);
    let server = site.serve(&[
        "--versions-mode",
        "mirror",
        "--versions-keep-versions",
        "1",
        "--versions-keep-for",
        "0s",
    ]);
    let stop = AtomicBool::new(false);
    let statements = AtomicUsize::new(0);
    let newest = AtomicI64::new(0);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let client = server.connect();
                let (stop, statements, newest) = (&stop, &statements, &newest);
                scope.spawn(move || {
                    let _stopped = StopOnPanic(stop);
                    read(client, reader, stop, statements, newest);
                })
            })
            .collect();
        let mut publisher = server.connect();
        for version in 1..=swaps {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            publish(&site, version);
            publisher.rows("SELECT forebay.refresh()");
            eventually(Duration::from_secs(20), "the new version", || {
                publisher.one("SELECT max(version) FROM ring.t") == version.to_string()
            });
            newest.store(version, Ordering::SeqCst);
        }
        stop.store(true, Ordering::Relaxed);
        for reader in readers {
            reader.join().expect("a reader");
        }
    });
    assert!(statements.load(Ordering::Relaxed) > READERS * 10, "the readers hardly ran");
    // The current version and the one kept beside it.
    let end = Instant::now() + Duration::from_secs(30);
    let mut keeper = server.connect();
    while parquet_files(&site.state()) > 2 {
        // Versions retire with a refresh; nobody reads any of them now.
        keeper.rows("SELECT forebay.refresh()");
        let left = parquet_files(&site.state());
        assert!(Instant::now() < end, "{left} files are left in the mirror");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.connect().one("SELECT max(version) FROM ring.t"), swaps.to_string());
}

/// One reader: four shapes of statement in turn, each checked to be of one version and never of an older one.
fn read(
    mut client: Client,
    reader: usize,
    stop: &AtomicBool,
    statements: &AtomicUsize,
    newest: &AtomicI64,
) {
    let mut seen = 0;
    let mut turn = reader;
    while !stop.load(Ordering::Relaxed) {
        let floor = seen.max(newest.load(Ordering::SeqCst));
        turn += 1;
        let sql = match turn % 4 {
            0 => "SELECT version, count(*) FROM ring.t GROUP BY version",
            1 => "SELECT version FROM ring.t",
            2 => {
                "SELECT a.version, b.version, count(*) FROM ring.t a JOIN ring.t b USING (id) GROUP BY 1, 2"
            }
            _ => "SELECT min(version), max(version), count(*) FROM ring.t",
        };
        let answer = if turn % 8 < 4 { client.query(sql) } else { client.extended(sql, false) };
        assert!(answer.error.is_none(), "{sql}: {:?}", answer.error);
        let version = answer.rows[0][0].clone().unwrap();
        if turn % 4 == 1 {
            assert_eq!(answer.rows.len(), usize::try_from(ROWS).unwrap());
            assert!(answer.rows.iter().all(|row| row[0].as_ref() == Some(&version)), "torn");
        } else {
            let row = &answer.rows[0];
            assert_eq!(answer.rows.len(), 1, "torn: {:?}", answer.rows);
            assert!(row.len() == 2 || row[0] == row[1], "torn: {row:?}");
            assert_eq!(row.last().unwrap().as_deref(), Some("1000"), "{sql}");
        }
        seen = version.parse().unwrap();
        assert!(seen >= floor, "version {seen} after {floor}");
        statements.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_storm_of_hangups_is_one_refresh_after_another() {
    let site = Site::new();
    publish(&site, 1);
    let server = site.serve(&[]);
    let mut client = server.connect();
    publish(&site, 2);
    for _ in 0..1_000 {
        server.signal(rustix::process::Signal::HUP);
    }
    eventually(Duration::from_secs(20), "the new version", || {
        client.one("SELECT max(version) FROM ring.t") == "2"
    });
}

#[test]
fn a_period_refreshes_by_itself() {
    let site = Site::new();
    publish(&site, 1);
    let server = site.serve(&["--versions-refresh-period", "200ms"]);
    let mut client = server.connect();
    publish(&site, 2);
    eventually(Duration::from_secs(20), "the new version", || {
        client.one("SELECT max(version) FROM ring.t") == "2"
    });
}

fn publish(site: &Site, version: i64) {
    site.publish("ring", &format!("v{version:06}"), "t", &numbered(version, ROWS));
}

fn parquet_files(directory: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => parquet_files(&entry.path()),
            _ => usize::from(entry.path().extension().is_some_and(|it| it == "parquet")),
        })
        .sum()
}

/// Ends the run at once when one reader fails.
struct StopOnPanic<'a>(&'a AtomicBool);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
