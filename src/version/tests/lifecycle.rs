//! The life of versions, from a directory in the source root to files that are gone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::objects::Objects;
use super::{Parts, RefreshRow, State, VersionStatus, Versions};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::error::Result;
use crate::task::{Clock, Tasks};

/// One server's versions over directories, a clock and settings of their own.
struct World {
    root: TempDir,
    settings: BTreeMap<&'static str, String>,
    now_us: Arc<AtomicU64>,
    running: Option<Running>,
}

struct Running {
    tasks: Tasks,
    catalog: Catalog,
    versions: Versions,
    objects: Arc<Objects>,
}

async fn open_catalog(config: &Config, tasks: &Tasks, clock: &Clock) -> Catalog {
    Catalog::open(&config.state, clock.clone(), tasks).await.expect("opens")
}

impl World {
    fn new(settings: &[(&'static str, &str)]) -> World {
        let root = TempDir::new().expect("directory");
        fs::create_dir(root.path().join("source")).expect("directory");
        let mut all: BTreeMap<&'static str, String> = BTreeMap::new();
        let path = |name: &str| root.path().join(name).to_str().expect("UTF-8").to_owned();
        all.insert("source", path("source"));
        all.insert("state", path("state"));
        all.insert("versions.settle", "off".to_owned());
        all.insert("versions.keep_for", "off".to_owned());
        all.extend(settings.iter().map(|(key, value)| (*key, (*value).to_owned())));
        let now_us = Arc::new(AtomicU64::new(1_000_000_000));
        World { root, settings: all, now_us, running: None }
    }

    async fn started(settings: &[(&'static str, &str)]) -> World {
        let mut world = World::new(settings);
        world.start().await.expect("starts");
        world
    }

    async fn start(&mut self) -> Result<()> {
        let flags: Vec<_> =
            self.settings.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        let config = Arc::new(Config::load(None, &flags).expect("valid settings"));
        let tasks = Tasks::new();
        let clock = Clock::Manual(Arc::clone(&self.now_us));
        let catalog = open_catalog(&config, &tasks, &clock).await;
        let objects = Objects::new(tasks.clone());
        let parts = Parts {
            config,
            catalog: catalog.clone(),
            objects: Arc::clone(&objects),
            tasks: tasks.clone(),
            clock,
        };
        match Versions::start(parts).await {
            Ok(versions) => {
                // The first refresh is not a test's; what it found is told once.
                versions.refresh(None, false).await.expect("lists");
                self.running = Some(Running { tasks, catalog, versions, objects });
                Ok(())
            }
            Err(error) => {
                tasks.stop(Duration::from_secs(10)).await;
                Err(error)
            }
        }
    }

    async fn stop(&mut self) {
        let Running { tasks, catalog, versions, objects } = self.running.take().expect("runs");
        drop((versions, objects));
        assert!(tasks.stop(Duration::from_secs(10)).await);
        drop(catalog);
    }

    fn versions(&self) -> &Versions {
        &self.running.as_ref().expect("runs").versions
    }

    fn catalog(&self) -> &Catalog {
        &self.running.as_ref().expect("runs").catalog
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Publishes files of one version the way a careful publisher does: aside, then renamed into place.
    fn publish(&self, version: &str, files: &[(&str, &str)]) {
        let aside = self.path("aside");
        fs::create_dir(&aside).expect("directory");
        for (path, text) in files {
            let path = aside.join(path);
            fs::create_dir_all(path.parent().expect("has one")).expect("directory");
            fs::write(path, text).expect("file");
        }
        let target = self.path("source").join(version);
        fs::create_dir_all(target.parent().expect("has one")).expect("directory");
        fs::rename(aside, target).expect("renamed");
    }

    /// A version whose table `t` has the column `a` with one value.
    fn publish_one(&self, version: &str) {
        self.publish(version, &[("t/p.csv", "a\n1\n")]);
    }

    async fn refresh(&self) -> Vec<RefreshRow> {
        self.versions().refresh(None, false).await.expect("refreshes")
    }

    async fn forced(&self) -> Vec<RefreshRow> {
        self.versions().refresh(None, true).await.expect("refreshes")
    }

    fn current(&self, database: &str) -> Option<String> {
        self.catalog().pin().database(database)?.current.clone()
    }

    fn loaded(&self, database: &str) -> Vec<String> {
        let generation = self.catalog().pin();
        generation
            .database(database)
            .map_or_else(Vec::new, |database| database.versions.keys().cloned().collect())
    }

    fn alias(&self, alias: &str) -> Option<String> {
        let generation = self.catalog().pin();
        Some(generation.database("db")?.aliases.get(alias)?.version.clone())
    }

    fn status(&self, version: &str) -> VersionStatus {
        let status = self.versions().status();
        let found = status.versions.iter().find(|row| row.version == version);
        found.unwrap_or_else(|| panic!("no row of {version}: {:?}", status.versions)).clone()
    }

    fn mirrored(&self, database: &str) -> Vec<String> {
        list(&self.path("state/mirror").join(database))
    }

    fn pass(&self, span: Duration) {
        let us = u64::try_from(span.as_micros()).expect("fits");
        self.now_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Whether the bytes of `db/<version>/t/p.csv` can be opened.
    fn readable(&self, version: &str) -> bool {
        let location = Objects::location("db", version, "t/p.csv").expect("a path");
        self.running.as_ref().expect("runs").objects.open(&location).is_ok()
    }
}

fn list(directory: &Path) -> Vec<String> {
    let Ok(listed) = fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> = listed
        .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

fn actions(rows: &[RefreshRow]) -> Vec<&str> {
    rows.iter().map(|row| row.action).collect()
}

fn manifest(files: &[(&str, &str)]) -> String {
    let lines: Vec<String> = files
        .iter()
        .map(|(path, text)| {
            let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
            let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            format!(r#"{{"path":"{path}","bytes":{},"sha256":"{hex}"}}"#, text.len())
        })
        .collect();
    format!(
        r#"{{"files":[{}],"tables":{{"t":{{"key":["a"],"comment":"numbers"}}}}}}"#,
        lines.join(",")
    )
}

#[tokio::test]
async fn the_newest_good_version_becomes_current() {
    let world = World::started(&[]).await;
    world.publish_one("db/1");
    let rows = world.refresh().await;
    assert_eq!(actions(&rows), ["loaded", "activated"]);
    world.publish_one("db/2");
    world.publish("db/3", &[("t/p.parquet", "not parquet")]);
    let rows = world.refresh().await;
    assert_eq!(actions(&rows), ["failed", "loaded", "activated"]);
    assert_eq!(world.current("db").as_deref(), Some("2"));
    let bad = world.status("3");
    assert_eq!((bad.state, bad.attempts), (State::Failed, 1));
    assert!(bad.error.expect("a reason").contains("p.parquet"));
    assert_eq!(world.status("2").state, State::Active);
    assert_eq!(world.status("1").state, State::Ready);
    assert!(world.readable("2") && world.readable("1") && !world.readable("3"));
    let loads = world.versions().status().loads.clone();
    let phases: Vec<_> = loads.iter().map(|load| (load.version.as_str(), load.phase)).collect();
    assert_eq!(phases, [("1", "done"), ("3", "failed"), ("2", "done")]);
}

#[tokio::test]
async fn a_failed_version_is_tried_again_after_a_while() {
    let world = World::started(&[]).await;
    world.publish("db/1", &[("t/p.parquet", "not parquet")]);
    assert_eq!(actions(&world.refresh().await), ["failed"]);
    assert!(world.refresh().await.is_empty());
    assert_eq!(actions(&world.forced().await), ["failed"]);
    assert_eq!(world.status("1").attempts, 2);
    world.pass(Duration::from_secs(11));
    fs::remove_dir_all(world.path("source/db/1")).expect("removed");
    world.publish_one("db/1");
    assert_eq!(actions(&world.refresh().await), ["loaded", "activated"]);
    let good = world.status("1");
    assert_eq!((good.state, good.attempts, good.error), (State::Active, 0, None));
}

#[tokio::test]
async fn never_back_by_itself() {
    let world = World::started(&[]).await;
    for version in ["db/1", "db/2", "db/3"] {
        world.publish_one(version);
        world.refresh().await;
    }
    let versions = world.versions();
    assert_eq!(versions.rollback("db", "me").await.expect("rolls back"), "2");
    assert!(world.refresh().await.is_empty());
    assert_eq!(world.current("db").as_deref(), Some("2"));
    assert_eq!(versions.rollback("db", "me").await.expect("rolls back"), "1");
    let error = versions.rollback("db", "me").await.expect_err("nothing older");
    assert_eq!(error.state(), "55000");
    fs::remove_dir_all(world.path("source/db/1")).expect("removed");
    world.refresh().await;
    assert_eq!(world.current("db").as_deref(), Some("1"));
    assert!(!world.status("1").in_source);
    world.publish_one("db/25");
    assert!(world.refresh().await.is_empty(), "25 is below the high-water mark 3");
    world.publish_one("db/4");
    world.refresh().await;
    assert_eq!(world.current("db").as_deref(), Some("4"));
}

#[tokio::test]
async fn what_is_complete() {
    for (setting, files, waits_for) in [
        ("settled", &[("t/p.csv", "a\n1\n")][..], ""),
        ("settled", &[("t/p.csv", "a\n1\n"), ("t/q.csv.tmp", "")], "still writing"),
        ("settled", &[("t/p.csv", "a\n1\n"), ("_temporary/x", "")], "still writing"),
        ("settled", &[("_SUCCESS", "")], "no data files"),
        ("settled", &[("t/_x.csv", "a\n1\n")], "no data files"),
        ("success", &[("t/p.csv", "a\n1\n")], "no _SUCCESS"),
        ("success", &[("t/p.csv", "a\n1\n"), ("_SUCCESS", ""), (".p.crc.tmp", "")], ""),
        ("manifest", &[("t/p.csv", "a\n1\n"), ("_SUCCESS", "")], "no _manifest.json"),
    ] {
        let world = World::started(&[("versions.completeness", setting)]).await;
        world.publish("db/1", files);
        world.refresh().await;
        let row = world.status("1");
        assert_eq!(row.state == State::Active, waits_for.is_empty(), "{setting} {files:?} {row:?}");
        assert!(row.error.unwrap_or_default().contains(waits_for), "{setting} {files:?}");
    }
}

#[tokio::test]
async fn an_empty_version_may_be_allowed() {
    let world = World::started(&[("versions.allow_empty_version", "true")]).await;
    world.publish_one("db/1");
    world.refresh().await;
    world.publish("db/2", &[("_SUCCESS", "")]);
    world.refresh().await;
    assert_eq!(world.current("db").as_deref(), Some("2"));
}

#[tokio::test]
async fn manifests_are_believed_only_when_the_files_agree() {
    let good = ("t/p.csv", "a\n1\n");
    for (declared, says) in [
        (manifest(&[good]), ""),
        (manifest(&[("t/p.csv", "a\n2\n")]), "does not have the SHA-256"),
        (manifest(&[("t/p.csv", "a\n12\n")]), "bytes"),
        (manifest(&[good, ("t/q.csv", "a\n")]), "is missing"),
        (manifest(&[]), "is not in _manifest.json"),
        (manifest(&[good]).replace("[\"a\"]", "[\"b\"]"), "no column \"b\""),
        (manifest(&[good]).replace("t/p.csv", "../t/p.csv"), "invalid path"),
    ] {
        for mode in ["direct", "mirror"] {
            let world = World::started(&[("versions.mode", mode)]).await;
            world.publish("db/1", &[good, ("_manifest.json", &declared)]);
            world.refresh().await;
            let row = world.status("1");
            assert_eq!(row.state == State::Active, says.is_empty(), "{declared} {row:?}");
            assert!(row.error.clone().unwrap_or_default().contains(says), "{declared} {row:?}");
            let leftovers = list(&world.path("state/mirror"));
            assert!(says.is_empty() || leftovers.is_empty(), "{leftovers:?}");
        }
    }
    let world = World::started(&[]).await;
    world.publish("db/1", &[good, ("_manifest.json", &manifest(&[good]))]);
    world.refresh().await;
    let generation = world.catalog().pin();
    let version = generation.database("db").and_then(|d| d.current_version()).expect("loaded");
    let table = version.manifest.tables.get("t").expect("a table");
    assert_eq!(
        (table.key.as_slice(), table.comment.as_deref()),
        (&["a".to_owned()][..], Some("numbers"))
    );
    let checks = world.versions().verify("db", "1").await.expect("verifies");
    assert_eq!(checks.first().and_then(|check| check.good), Some(true));
}

#[tokio::test]
async fn alias_files_are_followed() {
    let world = World::started(&[]).await;
    world.publish_one("db/1");
    world.publish_one("db/2");
    world.publish("db/prod", &[("_ALIAS", " 1\n")]);
    world.publish("db/live", &[("_SYMLINK", "prod")]);
    world.publish("db/a", &[("_ALIAS", "b")]);
    world.publish("db/b", &[("_ALIAS", "a")]);
    world.publish("db/none", &[("_ALIAS", "9")]);
    world.publish("db/out", &[("_ALIAS", "../x")]);
    world.refresh().await;
    assert_eq!(world.current("db").as_deref(), Some("2"));
    assert_eq!(world.loaded("db"), ["1", "2"]);
    assert_eq!(world.alias("prod").as_deref(), Some("1"));
    assert_eq!(world.alias("live").as_deref(), Some("1"));
    assert_eq!(world.alias("a").or(world.alias("none")).or(world.alias("out")), None);
    assert_eq!(world.status("prod").state, State::Alias);
    let issues = world.versions().status().source_issues.clone();
    let about = |name: &str| issues.iter().any(|i| i.version.as_deref() == Some(name));
    assert!(about("a") && about("b") && about("none") && about("out") && !about("prod"));
    fs::write(world.path("source/db/prod/_ALIAS"), "2").expect("file");
    fs::remove_dir_all(world.path("source/db/live")).expect("removed");
    let rows = world.refresh().await;
    assert_eq!(actions(&rows), ["alias set", "alias dropped"]);
    assert_eq!((world.alias("prod").as_deref(), world.alias("live")), (Some("2"), None));
}

#[tokio::test]
async fn the_schema_contract_holds_back() {
    let world = World::started(&[]).await;
    world.publish("db/1", &[("t/p.csv", "a,b\n1,x\n"), ("u/p.csv", "a\n1\n")]);
    world.refresh().await;
    world.publish("db/2", &[("t/p.csv", "a,b,c\n1,y,2\n"), ("u/p.csv", "a\n1\n")]);
    world.publish("db/3", &[("t/p.csv", "a\nx\n")]);
    let rows = world.refresh().await;
    assert_eq!(actions(&rows), ["loaded", "held", "loaded", "activated"]);
    assert_eq!(world.current("db").as_deref(), Some("2"));
    let held = world.status("3");
    assert_eq!(held.state, State::Held);
    let reason = held.error.expect("a reason");
    for part in
        ["column \"b\" of table \"t\" was dropped", "table \"u\" was dropped", "changed from"]
    {
        assert!(reason.contains(part), "{reason}");
    }
    assert!(world.refresh().await.is_empty(), "told once");
    assert_eq!(world.versions().check("db", "3").await.expect("checks").len(), 4);
    let diff = world.versions().diff("db", "1", "2").await.expect("compares");
    assert_eq!(
        diff.iter().map(|d| d.words()).collect::<Vec<_>>(),
        ["column \"c\" of table \"t\" was added"]
    );
    world.versions().activate("db", "3", None, "me").await.expect("explicit");
    assert_eq!(world.current("db").as_deref(), Some("3"));
    for setting in ["warn", "allow"] {
        let world = World::started(&[("versions.on_schema_change", setting)]).await;
        world.publish("db/1", &[("t/p.csv", "a,b\n1,x\n")]);
        world.refresh().await;
        world.publish("db/2", &[("t/p.csv", "a\n1\n")]);
        world.refresh().await;
        assert_eq!(world.current("db").as_deref(), Some("2"), "{setting}");
    }
}

#[tokio::test]
async fn auto_activate_off_only_loads() {
    let world = World::started(&[("versions.auto_activate", "false")]).await;
    world.publish_one("db/1");
    world.publish_one("db/2");
    assert_eq!(actions(&world.refresh().await), ["loaded"]);
    assert_eq!((world.current("db"), world.loaded("db")), (None, vec!["2".to_owned()]));
    let activated = world.versions().activate("db", "1", Some(None), "me").await;
    assert_eq!(activated.expect("loads and activates"), "1");
    assert_eq!(world.current("db").as_deref(), Some("1"));
    let again = world.versions().activate("db", "2", Some(None), "me").await;
    assert_eq!(again.expect_err("1 is current").state(), "40001");
}

#[tokio::test]
async fn retention_keeps_what_is_wanted_or_read() {
    let world =
        World::started(&[("versions.keep_versions", "1"), ("versions.mode", "mirror")]).await;
    for version in ["db/1", "db/2", "db/3"] {
        world.publish_one(version);
        world.refresh().await;
    }
    assert_eq!(world.loaded("db"), ["2", "3"]);
    let versions = world.versions();
    versions.set_alias("db", "safe", "2", None, "me").await.expect("set");
    versions.hold("db", "3", Some(i64::MAX), "me").await.expect("held");
    for version in ["db/4", "db/5", "db/6"] {
        world.publish_one(version);
        world.refresh().await;
    }
    assert_eq!(world.loaded("db"), ["2", "3", "5", "6"]);
    let kinds: Vec<_> = versions
        .status()
        .pins
        .iter()
        .filter(|pin| pin.count > 0)
        .map(|pin| (pin.version.clone(), pin.kind.word()))
        .collect();
    for pin in [("2", "alias"), ("3", "hold"), ("6", "current")] {
        assert!(kinds.contains(&(pin.0.to_owned(), pin.1)), "{kinds:?}");
    }
    // A statement that began on version 5 keeps its files, also after the version left the catalog.
    let pinned = world.catalog().pin();
    versions.unload("db", "5", "me").await.expect("unloads");
    world.refresh().await;
    assert_eq!(world.status("5").state, State::Leaving);
    assert!(world.readable("5") && world.mirrored("db").contains(&"5".to_owned()));
    let error = versions.load("db", "5", "me").await.expect_err("still read");
    assert_eq!(error.state(), "55000");
    drop(pinned);
    world.refresh().await;
    versions.load("db", "5", "me").await.expect("free again");
    versions.hold("db", "3", None, "me").await.expect("let go");
    versions.drop_alias("db", "safe", None, "me").await.expect("dropped");
    world.refresh().await;
    assert_eq!(world.loaded("db"), ["5", "6"]);
}

#[tokio::test]
async fn retention_keeps_for_a_time() {
    let settings = [("versions.keep_versions", "0"), ("versions.keep_for", "10min")];
    let world = World::started(&settings).await;
    world.publish_one("db/1");
    world.refresh().await;
    world.pass(Duration::from_secs(3600));
    world.publish_one("db/2");
    world.refresh().await;
    world.pass(Duration::from_secs(599));
    assert!(world.refresh().await.is_empty());
    world.pass(Duration::from_secs(2));
    assert_eq!(actions(&world.refresh().await), ["retired"]);
    assert_eq!(world.loaded("db"), ["2"]);
}

#[tokio::test]
async fn what_cannot_be_unloaded() {
    let world = World::started(&[]).await;
    for version in ["db/1", "db/2", "db/3"] {
        world.publish_one(version);
        world.refresh().await;
    }
    let versions = world.versions();
    versions.set_alias("db", "safe", "1", None, "me").await.expect("set");
    versions.hold("db", "2", Some(i64::MAX), "me").await.expect("held");
    for (version, state) in [("3", "2BP01"), ("1", "2BP01"), ("2", "2BP01"), ("9", "42704")] {
        let error = versions.unload("db", version, "me").await.expect_err(version);
        assert_eq!(error.state(), state, "{version}: {error}");
    }
}

#[tokio::test]
async fn drift_is_told_once_and_never_read() {
    let world = World::started(&[]).await;
    world.publish_one("db/1");
    world.refresh().await;
    fs::write(world.path("source/db/1/t/p.csv"), "a\n1\n2\n").expect("file");
    let rows = world.refresh().await;
    assert_eq!(actions(&rows), ["drifted"]);
    assert!(world.refresh().await.is_empty());
    let row = world.status("1");
    assert!(row.drifted && row.state == State::Active);
    assert_eq!(row.bytes, Some(4));
    assert!(!world.readable("1"), "the new bytes are not served");
}

#[tokio::test]
async fn a_database_vanishes_only_for_good() {
    let world = World::started(&[("versions.vanish_grace", "1h")]).await;
    world.publish_one("db/1");
    world.publish_one("other/1");
    world.refresh().await;
    let source = world.path("source");
    fs::rename(&source, world.path("away")).expect("renamed");
    for _ in 0..5 {
        assert_eq!(actions(&world.refresh().await), ["failed"]);
        world.pass(Duration::from_secs(3600));
    }
    assert!(world.versions().status().error.is_some());
    fs::create_dir(&source).expect("directory");
    for _ in 0..5 {
        assert_eq!(actions(&world.refresh().await), ["missing"]);
        world.pass(Duration::from_secs(3600));
    }
    fs::remove_dir(&source).expect("removed");
    fs::rename(world.path("away"), &source).expect("renamed");
    fs::remove_dir_all(world.path("source/db")).expect("removed");
    for _ in 0..4 {
        assert_eq!(actions(&world.refresh().await), ["missing"]);
    }
    assert_eq!(world.current("db").as_deref(), Some("1"));
    world.pass(Duration::from_secs(3601));
    assert_eq!(actions(&world.refresh().await), ["dropped"]);
    assert_eq!(world.current("db"), None);
    assert_eq!(world.current("other").as_deref(), Some("1"));
    let error = world.versions().refresh(Some("db"), false).await.expect_err("gone");
    assert_eq!(error.state(), "3F000");
    world.publish_one("db/0");
    world.refresh().await;
    assert_eq!(world.current("db").as_deref(), Some("0"), "a new life");
}

#[tokio::test]
async fn a_restart_serves_the_mirror_without_the_source() {
    let mut world = World::started(&[("versions.mode", "mirror")]).await;
    world.publish_one("db/1");
    world.refresh().await;
    world.versions().pause_refresh(Some("db"), "me").await.expect("paused");
    world.versions().hold("db", "1", Some(i64::MAX), "me").await.expect("held");
    world.stop().await;
    fs::rename(world.path("source"), world.path("away")).expect("renamed");
    for litter in ["db/0", ".loading-db@2", "gone/1"] {
        fs::create_dir_all(world.path("state/mirror").join(litter)).expect("directory");
    }
    world.start().await.expect("starts from the mirror");
    assert!(world.readable("1"));
    assert_eq!(list(&world.path("state/mirror")), ["db"]);
    assert_eq!(world.mirrored("db"), ["1"]);
    fs::rename(world.path("away"), world.path("source")).expect("renamed");
    world.publish_one("db/2");
    assert_eq!(actions(&world.refresh().await), ["paused"], "the pause survived");
    assert!(world.versions().unload("db", "1", "me").await.is_err());
    world.versions().resume_refresh(Some("db"), "me").await.expect("resumed");
    world.refresh().await;
    assert_eq!(world.current("db").as_deref(), Some("2"));
    let error = world.versions().unload("db", "1", "me").await.expect_err("the hold survived");
    assert!(error.to_string().contains("held"), "{error}");
}

#[tokio::test]
async fn no_start_without_anything_to_serve() {
    let mut world = World::new(&[]);
    fs::remove_dir(world.path("source")).expect("removed");
    assert!(world.start().await.is_err());
    let inside = world.path("source/state").to_str().expect("UTF-8").to_owned();
    let mut world = World::new(&[]);
    world.settings.insert("state", world.path("source/state").to_str().expect("UTF-8").to_owned());
    assert_eq!(world.start().await.expect_err("inside").state(), "F0000", "{inside}");
    let mut world = World::started(&[]).await;
    world.publish_one("db/1");
    world.refresh().await;
    world.stop().await;
    fs::rename(world.path("source"), world.path("away")).expect("renamed");
    assert!(world.start().await.is_err(), "in place there is nothing to serve");
}

#[tokio::test]
async fn damage_to_a_copy_is_found_and_repaired() {
    let mut world = World::started(&[("versions.mode", "mirror")]).await;
    let files = ("t/p.csv", "a\n1\n");
    world.publish("db/1", &[files, ("_manifest.json", &manifest(&[files]))]);
    world.refresh().await;
    let copy = world.path("state/mirror/db/1/t/p.csv");
    fs::remove_file(&copy).expect("removed");
    fs::write(&copy, "a\n2\n").expect("file");
    let checks = world.versions().verify("db", "1").await.expect("verifies");
    assert_eq!(checks.first().and_then(|check| check.good), Some(false));
    assert!(!world.readable("1"));
    assert_eq!(actions(&world.refresh().await), ["repaired"]);
    assert!(world.readable("1"));
    world.stop().await;
    fs::remove_dir_all(world.path("state/mirror/db/1")).expect("removed");
    world.start().await.expect("starts");
    world.refresh().await;
    assert!(world.readable("1"), "fetched again at the start");
}

#[tokio::test]
async fn several_databases_swap_in_one_commit() {
    let world = World::started(&[("versions.auto_activate", "false")]).await;
    for version in ["a/1", "a/2", "b/1", "b/2"] {
        world.publish_one(version);
    }
    world.refresh().await;
    let targets =
        |a: &str, b: &str| vec![("a".to_owned(), a.to_owned()), ("b".to_owned(), b.to_owned())];
    let before = world.catalog().pin().lsn;
    world.versions().swap(&targets("2", "2"), "me").await.expect("swaps");
    assert_eq!(world.catalog().pin().lsn, before + 1);
    assert!(world.versions().swap(&targets("1", "9"), "me").await.is_err());
    assert_eq!(world.current("a").as_deref(), Some("2"), "all or none");
    world.versions().swap(&targets("1", "1"), "me").await.expect("swaps back");
    let now = (world.current("a"), world.current("b"));
    assert_eq!(now, (Some("1".to_owned()), Some("1".to_owned())));
    let twice = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
    assert_eq!(world.versions().swap(&twice, "me").await.expect_err("twice").state(), "22023");
}

#[tokio::test]
async fn aliases_by_sql() {
    let world = World::started(&[]).await;
    world.publish_one("db/1");
    world.publish_one("db/2");
    world.refresh().await;
    let versions = world.versions();
    let set = |alias: &'static str, version: &'static str, expected: Option<Option<&str>>| {
        let expected = expected.map(|expected| expected.map(str::to_owned));
        async move { versions.set_alias("db", alias, version, expected, "me").await }
    };
    assert_eq!(set("prod", "1", Some(None)).await.expect("loads 1 first"), "1");
    assert_eq!(set("test", "prod", None).await.expect("resolves once"), "1");
    assert_eq!(set("prod", "2", Some(Some("1"))).await.expect("moves"), "2");
    assert_eq!(world.alias("test").as_deref(), Some("1"));
    for (alias, version, expected, state) in [
        ("prod", "1", Some(Some("1")), "40001"),
        ("prod", "9", None, "42704"),
        ("1", "2", None, "42710"),
        ("latest", "1", None, "42939"),
        ("a/b", "1", None, "22023"),
    ] {
        assert_eq!(set(alias, version, expected).await.expect_err(alias).state(), state, "{alias}");
    }
    let mismatch = versions.drop_alias("db", "prod", Some("1".to_owned()), "me").await;
    assert_eq!(mismatch.expect_err("it is 2").state(), "40001");
    versions.drop_alias("db", "prod", Some("2".to_owned()), "me").await.expect("drops");
    assert_eq!(
        versions.drop_alias("db", "prod", None, "me").await.expect_err("gone").state(),
        "42704"
    );
    world.publish("db/test", &[("_ALIAS", "2")]);
    world.refresh().await;
    assert_eq!(world.alias("test").as_deref(), Some("1"), "a file does not take what SQL set");
}

#[tokio::test]
async fn one_bad_database_does_not_stop_the_others() {
    let world = World::started(&[]).await;
    world.publish("bad/1", &[("t/p.parquet", "x")]);
    world.publish_one("good/1");
    world.publish_one("public/1");
    world.publish_one("not a name/1");
    world.refresh().await;
    assert_eq!((world.current("bad"), world.current("good").as_deref()), (None, Some("1")));
    let status = world.versions().status();
    assert_eq!(status.source_issues.len(), 2);
    assert_eq!(status.databases.iter().filter(|row| row.in_source).count(), 2);
}

#[tokio::test]
async fn calls_that_wait_share_a_run() {
    let world = World::started(&[]).await;
    world.publish_one("db/1");
    let calls = (0..100).map(|_| world.versions().refresh(None, false));
    let rows = futures::future::try_join_all(calls).await.expect("refreshes");
    assert_eq!(world.current("db").as_deref(), Some("1"));
    let told = rows.iter().filter(|rows| actions(rows).contains(&"activated")).count();
    assert!(told > 0);
    assert_eq!(world.versions().status().loads.len(), 1);
}

#[tokio::test]
async fn pausing_all_stops_everything_but_explicit_calls() {
    let world = World::started(&[]).await;
    world.publish_one("db/1");
    world.refresh().await;
    world.versions().pause_refresh(None, "me").await.expect("paused");
    world.publish_one("db/2");
    assert_eq!(actions(&world.refresh().await), ["paused"]);
    let one = world.versions().refresh(Some("db"), true).await.expect("answers");
    assert_eq!(actions(&one), ["paused"]);
    world.versions().load("db", "2", "me").await.expect("loads");
    assert_eq!(world.loaded("db"), ["1", "2"]);
    world.versions().resume_refresh(None, "me").await.expect("resumed");
    world.refresh().await;
    assert_eq!(world.current("db").as_deref(), Some("2"));
}
