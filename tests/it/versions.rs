//! Versions by name, pinned, rolled back, refused: what DESIGN 3 promises, over a real source root.

use std::fs;
use std::time::Duration;

use arrow::array::{Int64Array, StringArray};
use std::sync::Arc;

use super::support::{Client, Server, Site, batch, eventually, numbered, parquet, write_files};

const VERSION: &str = "SELECT DISTINCT version FROM d.t";

/// A database `d` whose versions v1 and v2 differ in their one column `version`.
fn two_versions() -> Site {
    let site = Site::new();
    site.publish("d", "v1", "t", &numbered(1, 10));
    site.publish("d", "v2", "t", &numbered(2, 10));
    site
}

fn start(site: &Site) -> (Server, Client) {
    let server = site.serve(&[]);
    let mut client = server.connect();
    // Only the newest version is loaded unasked; a site without `d` has nothing to load.
    client.query("SELECT forebay.load('d', 'v1')");
    (server, client)
}

fn publish(site: &Site, client: &mut Client, version: i64) {
    site.publish("d", &format!("v{version}"), "t", &numbered(version, 10));
    client.rows("SELECT forebay.refresh()");
}

/// Runs statements in order and compares all their rows; `ok` is any answer, a state an error.
#[track_caller]
fn check(script: &[(&str, &str)]) {
    let site = two_versions();
    let (_server, mut client) = start(&site);
    for (sql, want) in script {
        let answer = client.query(sql);
        let got = if answer.error.is_some() {
            answer.state().to_owned()
        } else if *want == "ok" {
            "ok".to_owned()
        } else {
            let line = |row: &Vec<Option<String>>| {
                row.iter()
                    .map(|cell| cell.as_deref().unwrap_or("NULL"))
                    .collect::<Vec<_>>()
                    .join("|")
            };
            answer.rows.iter().map(line).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(got, *want, "{sql}: {:?}", answer.error);
    }
}

#[test]
fn the_greatest_version_is_current() {
    check(&[(VERSION, "2"), ("SELECT current_version FROM forebay.databases", "v2")]);
}

#[test]
fn a_quoted_schema_names_a_version() {
    check(&[
        ("SELECT DISTINCT version FROM \"d@v1\".t", "1"),
        ("SELECT DISTINCT version FROM \"d@v2\".t", "2"),
        ("SELECT DISTINCT version FROM \"d@v3\".t", "42704"),
        ("SELECT DISTINCT version FROM \"d@v1\".nope", "42P01"),
        (
            "SELECT a.version, b.version FROM \"d@v1\".t a JOIN \"d@v2\".t b USING (id) WHERE a.id = 1",
            "1|2",
        ),
    ]);
}

#[test]
fn a_clause_names_a_version() {
    check(&[
        ("SELECT DISTINCT version FROM d.t FOR VERSION AS OF 'v1'", "1"),
        ("SELECT DISTINCT version FROM d.t AT (VERSION => 'v1')", "1"),
        ("SELECT DISTINCT x.version FROM d.t FOR VERSION AS OF 'v1' AS x", "1"),
        ("SELECT DISTINCT x.version FROM d.t FOR VERSION AS OF 'v1' x WHERE x.id < 3", "1"),
        (
            "SELECT a.version, b.version FROM d.t AT (VERSION => 'v1') a, d.t b WHERE a.id = 1 AND b.id = 1",
            "1|2",
        ),
        ("SELECT DISTINCT version FROM d.t FOR TIMESTAMP AS OF '2999-01-01'", "2"),
        ("SELECT 'FOR VERSION AS OF' || ' x'", "FOR VERSION AS OF x"),
    ]);
}

#[test]
fn a_version_clause_never_reads_another_version() {
    for sql in [
        "SELECT DISTINCT version FROM d.t FOR VERSION AS OF 'nope'",
        "SELECT DISTINCT version FROM d.t FOR TIMESTAMP AS OF '1999-01-01'",
        "SELECT DISTINCT version FROM d.t FOR SYSTEM_TIME AS OF '1999-01-01'",
        "SELECT DISTINCT version FROM d.t VERSION AS OF 1",
        "SELECT DISTINCT version FROM d.t@v1",
        "SELECT DISTINCT version FROM d.t AT (NOPE => 'v1')",
        "SELECT DISTINCT version FROM d.t FOR VERSION AS OF v1",
    ] {
        let site = two_versions();
        let (_server, mut client) = start(&site);
        let answer = client.query(sql);
        assert!(answer.error.is_some(), "{sql} gave {:?}", answer.rows);
        assert_ne!(answer.state(), "XX000", "{sql}: {:?}", answer.error);
    }
}

#[test]
fn an_alias_is_a_second_name() {
    check(&[
        ("SELECT forebay.set_alias('d', 'prod', 'v1')", "ok"),
        ("SELECT DISTINCT version FROM \"d@prod\".t", "1"),
        ("SELECT alias, version FROM forebay.aliases", "prod|v1"),
        ("SELECT forebay.set_alias('d', 'prod', 'v2', 'v2')", "40001"),
        ("SELECT forebay.set_alias('d', 'prod', 'v2', 'v1')", "ok"),
        ("SELECT DISTINCT version FROM \"d@prod\".t", "2"),
        ("SELECT forebay.set_alias('d', 'prod', 'v7')", "42704"),
        ("SELECT forebay.set_alias('d', 'v1', 'v2')", "42710"),
        ("SELECT count(*) FROM forebay.alias_history", "2"),
        ("SELECT forebay.drop_alias('d', 'prod')", "ok"),
        ("SELECT DISTINCT version FROM \"d@prod\".t", "42704"),
    ]);
}

#[test]
fn a_session_pins_versions() {
    check(&[
        ("SET forebay.pin = 'd:v1'", ""),
        (VERSION, "1"),
        ("SHOW forebay.pin", "d:v1"),
        ("RESET forebay.pin", ""),
        (VERSION, "2"),
        ("BEGIN; SET LOCAL forebay.pin = 'd:v1'", ""),
        (VERSION, "1"),
        ("COMMIT", ""),
        (VERSION, "2"),
        ("SET forebay.pin = 'd:nope'", "42704"),
        ("SET forebay.pin = 'nope:v1'", "42704"),
        (VERSION, "2"),
    ]);
}

#[test]
fn a_connection_pins_versions() {
    let site = two_versions();
    let (server, mut first) = start(&site);
    first.rows("SELECT forebay.set_alias('d', 'prod', 'v1')");
    for (startup, sql) in [
        (vec![("database", "d@v1")], "SELECT DISTINCT version FROM t"),
        (vec![("database", "d@prod")], "SELECT DISTINCT version FROM t"),
        (vec![("database", "forebay"), ("options", "-c forebay.pin=d:v1")], VERSION),
        (vec![("database", "forebay"), ("options", "-cforebay.pin=d:prod")], VERSION),
        (
            vec![("database", "d"), ("options", "-c forebay.pin=d:v1")],
            "SELECT DISTINCT version FROM t",
        ),
    ] {
        let all = [vec![("user", "forebay")], startup].concat();
        let mut client =
            Client::open(server.address, &all).unwrap_or_else(|e| panic!("{all:?}: {e:?}"));
        assert_eq!(client.one(sql), "1", "{all:?}");
    }
    for (database, options, state) in [
        ("d@nope", "", "3D000"),
        ("nope", "", "3D000"),
        ("forebay", "-c forebay.pin=d:nope", "42704"),
        ("forebay", "-c nope=1", "42704"),
    ] {
        let all = [("user", "forebay"), ("database", database), ("options", options)];
        let refused = Client::open(server.address, &all).err().expect("refused");
        assert_eq!(refused[&'C'], state, "{all:?}");
        assert_eq!(refused[&'S'], "FATAL");
    }
}

#[test]
fn a_pinned_alias_resolves_once() {
    check(&[
        ("SELECT forebay.set_alias('d', 'prod', 'v1')", "ok"),
        ("SET forebay.pin = 'd:prod'", ""),
        ("SELECT forebay.set_alias('d', 'prod', 'v2')", "ok"),
        (VERSION, "1"),
        ("RESET forebay.pin; SET forebay.pin = 'd:prod'", ""),
        (VERSION, "2"),
    ]);
}

#[test]
fn a_transaction_keeps_its_versions() {
    let site = two_versions();
    let (server, mut client) = start(&site);
    let mut publisher = server.connect();
    client.rows("BEGIN");
    assert_eq!(client.one(VERSION), "2");
    publish(&site, &mut publisher, 3);
    assert_eq!(publisher.one(VERSION), "3");
    assert_eq!(client.one(VERSION), "2");
    client.rows("DECLARE c CURSOR FOR SELECT version FROM d.t");
    publish(&site, &mut publisher, 4);
    publish(&site, &mut publisher, 5);
    publish(&site, &mut publisher, 6);
    assert_eq!(client.rows("FETCH 2 FROM c"), "2; 2");
    client.rows("COMMIT");
    assert_eq!(client.one(VERSION), "6");
}

#[test]
fn a_cursor_with_hold_keeps_its_versions() {
    let site = two_versions();
    let (server, mut client) = start(&site);
    let mut publisher = server.connect();
    client.rows("BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT version FROM d.t; COMMIT");
    for version in 3..8 {
        publish(&site, &mut publisher, version);
    }
    assert_eq!(client.rows("FETCH 2 FROM c"), "2; 2");
    assert_eq!(client.one(VERSION), "7");
    client.rows("CLOSE c");
}

#[test]
fn a_prepared_statement_follows_the_current_version() {
    let site = two_versions();
    let (_server, mut client) = start(&site);
    client.rows("PREPARE p AS SELECT DISTINCT version FROM d.t");
    assert_eq!(client.one("EXECUTE p"), "2");
    publish(&site, &mut client, 3);
    assert_eq!(client.one("EXECUTE p"), "3");
}

#[test]
fn a_changed_result_type_is_told() {
    let site = two_versions();
    let server = site.serve(&["--versions-on-schema-change", "allow"]);
    let mut client = server.connect();
    client.rows("PREPARE p AS SELECT * FROM d.t WHERE id = 1");
    let texts = StringArray::from(vec!["x"]);
    site.publish(
        "d",
        "v3",
        "t",
        &batch(vec![("id", Arc::new(Int64Array::from(vec![1]))), ("version", Arc::new(texts))]),
    );
    client.rows("SELECT forebay.refresh()");
    let answer = client.query("EXECUTE p");
    assert_eq!(answer.state(), "0A000");
    let error = answer.error.unwrap();
    assert_eq!(error[&'M'], "cached plan must not change result type");
}

#[test]
fn rollback_goes_back_and_stays_there() {
    let site = two_versions();
    let (server, mut client) = start(&site);
    publish(&site, &mut client, 3);
    client.rows("SELECT forebay.rollback('d')");
    assert_eq!(client.one(VERSION), "2");
    client.rows("SELECT forebay.refresh()");
    assert_eq!(client.one(VERSION), "2", "a refresh undid the rollback");
    server.kill();
    let server = site.serve(&[]);
    let mut client = server.connect();
    assert_eq!(client.one(VERSION), "2", "a restart undid the rollback");
    publish(&site, &mut client, 4);
    assert_eq!(client.one(VERSION), "4", "a newer version goes forward");
}

#[test]
fn activate_may_go_anywhere() {
    check(&[
        ("SELECT forebay.activate('d', 'v1')", "ok"),
        (VERSION, "1"),
        ("SELECT forebay.activate('d', 'v2', 'v2')", "40001"),
        ("SELECT forebay.activate('d', 'v2', 'v1')", "ok"),
        (VERSION, "2"),
        ("SELECT forebay.activate('d', 'v9')", "42704"),
        ("SELECT forebay.activate('nope', 'v9')", "42704"),
    ]);
}

#[test]
fn several_databases_swap_in_one_step() {
    let site = two_versions();
    site.publish("e", "v1", "t", &numbered(1, 10));
    site.publish("e", "v2", "t", &numbered(2, 10));
    let (server, mut client) = start(&site);
    client.rows("SELECT forebay.load('e', 'v1')");
    let both = "SELECT (SELECT max(version) FROM d.t), (SELECT max(version) FROM e.t)";
    assert_eq!(client.rows(both), "2|2");
    let mut other = server.connect();
    other.rows("BEGIN");
    assert_eq!(other.rows(both), "2|2");
    client.rows("SELECT forebay.swap('{\"d\": \"v1\", \"e\": \"v1\"}')");
    assert_eq!(client.rows(both), "1|1");
    assert_eq!(client.state("SELECT forebay.swap('{\"d\": \"v2\", \"e\": \"nope\"}')"), "42704");
    assert_eq!(client.rows(both), "1|1", "half a swap");
    assert_eq!(other.rows(both), "2|2");
}

#[test]
fn statements_tell_what_they_read() {
    let site = two_versions();
    let (_server, mut client) = start(&site);
    client.rows("SELECT * FROM \"d@v1\".t WHERE false");
    assert_eq!(client.parameters["forebay.versions"], "d@v1");
    client.rows(VERSION);
    assert_eq!(client.parameters["forebay.versions"], "d@v2");
    assert!(client.rows("EXPLAIN SELECT * FROM d.t").contains("v2"));
}

#[test]
fn hidden_versions_show_on_demand() {
    check(&[
        ("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'd@%'", "0"),
        ("SET forebay.show_versions = on", ""),
        ("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'd@%' ORDER BY 1", "d@v1; d@v2"),
    ]);
}

#[test]
fn a_source_alias_follows_its_file() {
    for name in ["_ALIAS", "_SYMLINK"] {
        let site = two_versions();
        write_files(&site.root().join("d/stable"), &[(name, b" v1\n")]);
        let (_server, mut client) = start(&site);
        assert_eq!(client.one("SELECT DISTINCT version FROM \"d@stable\".t"), "1");
        assert_eq!(client.one(VERSION), "2", "an alias is not a version");
        fs::write(site.root().join("d/stable").join(name), "v2").unwrap();
        client.rows("SELECT forebay.refresh()");
        eventually(Duration::from_secs(5), "the moved alias", || {
            client.rows("SELECT DISTINCT version FROM \"d@stable\".t") == "2"
        });
    }
}

#[test]
fn alias_files_that_loop_are_reported() {
    let site = two_versions();
    write_files(&site.root().join("d/a"), &[("_ALIAS", b"b")]);
    write_files(&site.root().join("d/b"), &[("_ALIAS", b"a")]);
    write_files(&site.root().join("d/c"), &[("_ALIAS", b"../../etc")]);
    let (_server, mut client) = start(&site);
    assert_eq!(client.one(VERSION), "2");
    for alias in ["a", "b", "c"] {
        assert_eq!(client.state(&format!("SELECT * FROM \"d@{alias}\".t")), "42704");
    }
    let issues = client.query("SELECT * FROM forebay.source_issues").rows.len();
    assert!(issues >= 3, "{issues} issues");
}

/// A newest version that must not replace v2: its files, and a word its reason must hold.
#[track_caller]
fn check_refused(files: &[(&str, &[u8])], word: &str) {
    for mode in ["direct", "mirror"] {
        let site = two_versions();
        let server = site.serve(&["--versions-mode", mode]);
        let mut client = server.connect();
        write_files(&site.root().join("d/v3"), files);
        for _ in 0..3 {
            client.query("SELECT forebay.refresh()");
        }
        assert_eq!(client.one(VERSION), "2", "{mode}");
        let reasons = client.rows(
            "SELECT concat(error) FROM forebay.versions WHERE version = 'v3' \
             UNION ALL SELECT concat(error) FROM forebay.loads WHERE version = 'v3' \
             UNION ALL SELECT concat(reason) FROM forebay.source_issues WHERE path LIKE '%v3%'",
        );
        assert!(reasons.to_lowercase().contains(word), "{mode}: the reason is {reasons:?}");
        // And it goes on: a good version after a bad one is taken.
        publish(&site, &mut client, 4);
        assert_eq!(client.one(VERSION), "4", "{mode}");
    }
}

#[test]
fn a_corrupt_version_is_refused() {
    let mut file = parquet(&numbered(3, 10_000));
    let footer = file.len() - 40;
    file[footer..].fill(0xff);
    check_refused(&[("t/part-0.parquet", &file), ("_SUCCESS", b"")], "t/part-0.parquet");
}

#[test]
fn a_truncated_file_is_refused() {
    let file = parquet(&numbered(3, 10_000));
    check_refused(
        &[("t/part-0.parquet", &file[..file.len() / 2]), ("_SUCCESS", b"")],
        "t/part-0.parquet",
    );
}

#[test]
fn a_file_of_nothing_is_refused() {
    check_refused(&[("t/part-0.parquet", b""), ("_SUCCESS", b"")], "t/part-0.parquet");
}

#[test]
fn a_file_of_something_else_is_refused() {
    check_refused(
        &[
            ("t/part-0.parquet", b"this is not Parquet at all, whatever it is called"),
            ("_SUCCESS", b""),
        ],
        "t/part-0.parquet",
    );
}

#[test]
fn an_empty_version_is_refused() {
    check_refused(&[("_SUCCESS", b"")], "no data files");
}

#[test]
fn a_version_of_mixed_formats_is_refused() {
    let file = parquet(&numbered(3, 10));
    check_refused(
        &[("t/a.parquet", &file), ("t/b.csv", b"id,version\n1,3\n"), ("_SUCCESS", b"")],
        "b.csv",
    );
}

#[test]
fn a_version_that_is_still_copied_is_refused() {
    let file = parquet(&numbered(3, 10));
    check_refused(&[("t/a.parquet", &file), ("t/b.parquet.tmp", &file[..10])], "tmp");
}

#[test]
fn a_manifest_is_believed() {
    let file = parquet(&numbered(3, 10));
    let size = file.len();
    let manifest = format!(
        "{{\"files\": [{{\"path\": \"t/a.parquet\", \"size\": {size}, \"sha256\": \"{}\"}}]}}",
        "00".repeat(32)
    );
    check_refused(&[("t/a.parquet", &file), ("_manifest.json", manifest.as_bytes())], "sha-256");
}

#[test]
fn a_dropped_column_is_held_back() {
    let rows = batch(vec![("id", Arc::new(Int64Array::from(vec![1])))]);
    check_refused(&[("t/a.parquet", &parquet(&rows)), ("_SUCCESS", b"")], "version");
}

#[test]
fn a_retyped_column_is_held_back() {
    let rows = batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1]))),
        ("version", Arc::new(StringArray::from(vec!["three"]))),
    ]);
    check_refused(&[("t/a.parquet", &parquet(&rows)), ("_SUCCESS", b"")], "version");
}

#[test]
fn a_dropped_table_is_held_back() {
    check_refused(&[("u/a.parquet", &parquet(&numbered(3, 10))), ("_SUCCESS", b"")], "t");
}

#[test]
fn a_new_column_is_no_obstacle() {
    let site = two_versions();
    let (_server, mut client) = start(&site);
    let rows = batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1]))),
        ("version", Arc::new(Int64Array::from(vec![3]))),
        ("more", Arc::new(Int64Array::from(vec![7]))),
    ]);
    site.publish("d", "v3", "t", &rows);
    client.rows("SELECT forebay.refresh()");
    assert_eq!(client.rows("SELECT version, more FROM d.t"), "3|7");
}

#[test]
fn a_listing_that_fails_deletes_nothing() {
    let site = two_versions();
    let server = site.serve(&["--versions-mode", "mirror"]);
    let mut client = server.connect();
    fs::rename(site.root(), site.path().join("away")).unwrap();
    for _ in 0..4 {
        client.query("SELECT forebay.refresh()");
    }
    assert_eq!(client.one(VERSION), "2");
    drop(server);
    let server = site.serve(&["--versions-mode", "mirror"]);
    let mut client = server.connect();
    assert_eq!(client.one(VERSION), "2", "from the mirror, while the source is away");
    fs::rename(site.path().join("away"), site.root()).unwrap();
    publish(&site, &mut client, 3);
    assert_eq!(client.one(VERSION), "3");
}

#[test]
fn an_emptied_root_deletes_nothing() {
    let site = two_versions();
    let server = site.serve(&["--versions-mode", "mirror"]);
    let mut client = server.connect();
    fs::remove_dir_all(site.root().join("d")).unwrap();
    for _ in 0..4 {
        client.query("SELECT forebay.refresh()");
    }
    assert_eq!(client.one(VERSION), "2");
}

#[test]
fn files_that_change_after_loading_are_never_read() {
    let site = two_versions();
    let server = site.serve(&["--versions-mode", "mirror"]);
    let mut client = server.connect();
    let changed = site.root().join("d/v2/t/part-0.parquet");
    let other = changed.with_extension("new");
    fs::write(&other, parquet(&numbered(99, 20))).unwrap();
    fs::rename(&other, &changed).unwrap();
    client.rows("SELECT forebay.refresh()");
    assert_eq!(client.rows("SELECT version, count(*) FROM d.t GROUP BY 1"), "2|10");
    let state = "SELECT drifted FROM forebay.versions WHERE database = 'd' AND version = 'v2'";
    eventually(Duration::from_secs(5), "the drift in forebay.versions", || {
        client.rows("SELECT forebay.refresh()");
        client.rows(state) == "t"
    });
}

#[test]
fn direct_files_that_change_are_never_mixed_in() {
    let site = two_versions();
    let (_server, mut client) = start(&site);
    assert_eq!(client.one(VERSION), "2");
    let changed = site.root().join("d/v2/t/part-0.parquet");
    fs::remove_file(&changed).unwrap();
    fs::write(&changed, parquet(&numbered(99, 20))).unwrap();
    let answer = client.query("SELECT version, count(*) FROM d.t GROUP BY 1");
    assert!(
        answer.error.is_some() || answer.rows[0][0].as_deref() == Some("2"),
        "{:?}",
        answer.rows
    );
}

#[test]
fn pausing_survives_a_restart() {
    let site = two_versions();
    let (server, mut client) = start(&site);
    client.rows("SELECT forebay.pause_refresh()");
    server.kill();
    let server = site.serve(&["--versions-refresh-period", "100ms"]);
    let mut client = server.connect();
    site.publish("d", "v3", "t", &numbered(3, 10));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(client.one(VERSION), "2");
    client.rows("SELECT forebay.resume_refresh()");
    eventually(Duration::from_secs(10), "the version published meanwhile", || {
        client.one(VERSION) == "3"
    });
}

#[test]
fn every_text_format_is_read() {
    let site = Site::new();
    let csv = b"id,name,price,day\n1,one,1.5,2026-03-01\n2,\"t,wo\",,2026-03-02\n";
    let json = b"{\"id\": 1, \"name\": \"one\", \"price\": 1.5}\n{\"id\": 2, \"name\": \"t,wo\", \"price\": null}\n";
    let mut arrow = Vec::new();
    let rows = numbered(7, 2);
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut arrow, &rows.schema()).unwrap();
    writer.write(&rows).unwrap();
    writer.finish().unwrap();
    drop(writer);
    site.publish_files(
        "f",
        "v1",
        &[
            ("c/part.csv", csv),
            ("j/part.json", json),
            ("n/part.ndjson", json),
            ("a/part.arrow", &arrow),
            ("p/year=2025/x.parquet", &parquet(&numbered(1, 2))),
            ("p/year=2026/x.parquet", &parquet(&numbered(2, 2))),
            ("single.csv", csv),
        ],
    );
    let (_server, mut client) = start(&site);
    assert_eq!(
        client.rows("SELECT id, name, price, day FROM f.c ORDER BY id"),
        "1|one|1.5|2026-03-01; 2|t,wo|NULL|2026-03-02"
    );
    assert_eq!(
        client.rows("SELECT id, name, price FROM f.j ORDER BY id"),
        "1|one|1.5; 2|t,wo|NULL"
    );
    assert_eq!(client.rows("SELECT count(*) FROM f.n"), "2");
    assert_eq!(client.rows("SELECT * FROM f.a ORDER BY id"), "0|7; 1|7");
    assert_eq!(
        client.rows("SELECT id, version, year FROM f.p ORDER BY year, id"),
        "0|1|2025; 1|1|2025; 0|2|2026; 1|2|2026"
    );
    assert_eq!(client.rows("SELECT name FROM f.single WHERE id = 2"), "t,wo");
}

#[test]
fn the_oids_of_a_table_survive_versions_and_restarts() {
    let site = two_versions();
    let (server, mut client) = start(&site);
    let sql = "SELECT 'd.t'::regclass::oid";
    let oid = client.one(sql);
    publish(&site, &mut client, 3);
    assert_eq!(client.one(sql), oid);
    server.kill();
    assert_eq!(site.serve(&[]).connect().one(sql), oid);
}
