//! Views over the end of the server, over versions that come, and between roles: what a view means is what it meant when it was
//! made, or an error that says so.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Int32Array, Int64Array, RecordBatch, StringArray};

use super::support::{Client, Site, batch, eventually};

/// `d.t` with a number and a text for each row.
fn rows(numbers: &[i32]) -> RecordBatch {
    let texts: Vec<String> = numbers.iter().map(|number| format!("n{number}")).collect();
    batch(vec![
        ("a", Arc::new(Int32Array::from(numbers.to_vec()))),
        ("b", Arc::new(StringArray::from(texts))),
    ])
}

#[test]
fn what_a_view_is_survives_a_kill() {
    let site = Site::new();
    site.publish("d", "1", "t", &rows(&[1, 2, 3]));
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows(
        "CREATE SCHEMA app; CREATE TABLE app.k (a int PRIMARY KEY, name text); INSERT INTO app.k VALUES (1, 'one'), (2, 'two'); \
         SET search_path = app, d; CREATE VIEW v (num, called) AS SELECT t.a, k.name FROM t JOIN k ON k.a = t.a; \
         CREATE VIEW app.over WITH (security_barrier) AS SELECT * FROM v WHERE num > 1; \
         COMMENT ON VIEW v IS 'said'; COMMENT ON COLUMN v.called IS 'a name'; \
         ALTER TABLE k RENAME TO kind; ALTER TABLE kind RENAME name TO label; ALTER TABLE kind ADD COLUMN more int; \
         CREATE VIEW constant AS SELECT 1 AS a; RESET search_path",
    );
    client.rows("GRANT SELECT ON app.v TO PUBLIC");
    let told = [
        "SELECT * FROM app.v ORDER BY num",
        "SELECT * FROM app.over",
        "SELECT attname, attnum, atttypid::regtype, col_description(attrelid, attnum) FROM pg_attribute \
         WHERE attrelid = 'app.v'::regclass ORDER BY attnum",
        "SELECT relname, relkind, reloptions, relacl, obj_description(oid) FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'v' ORDER BY oid",
        "SELECT pg_get_viewdef('app.v'::regclass), pg_get_viewdef('app.over'::regclass)",
        "SELECT refobjid::regclass, refobjsubid FROM pg_depend JOIN pg_rewrite r ON r.oid = objid WHERE ev_class IN ('app.v'::regclass, 'app.over'::regclass) ORDER BY objid, 1, 2",
    ];
    let all = |client: &mut Client| told.map(|sql| client.rows(sql));
    let before = all(&mut client);
    assert_eq!(before[0], "1|one; 2|two");
    assert_eq!(before[1], "2|two");
    assert!(before[4].contains("kind.label AS called"), "{}", before[4]);
    server.kill();
    for round in 0..2 {
        let server = site.serve(&[]);
        let mut client = server.connect();
        assert_eq!(all(&mut client), before);
        assert_eq!(client.state("DROP TABLE app.kind"), "2BP01");
        assert_eq!(client.state("CREATE TABLE app.v (a int)"), "42P07");
        // The second start reads a checkpoint.
        if round == 0 {
            client.rows("CHECKPOINT");
        }
        server.kill();
    }
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("DROP SCHEMA app CASCADE");
    assert_eq!(client.one("SELECT count(*) FROM pg_views WHERE schemaname = 'app'"), "0");
    server.kill();
    let server = site.serve(&[]);
    let mut client = server.connect();
    assert_eq!(client.state("SELECT * FROM app.v"), "42P01");
}

#[test]
fn versions_come_under_views() {
    let site = Site::new();
    site.publish("d", "1", "t", &rows(&[1, 2]));
    let server = site.serve(&["--versions-on-schema-change", "allow"]);
    let mut client = server.connect();
    client.rows(
        "CREATE VIEW public.all_of AS SELECT * FROM d.t; CREATE VIEW public.a_of AS SELECT a FROM d.t; \
         CREATE VIEW public.old AS SELECT * FROM \"d@1\".t; CREATE VIEW public.clause AS SELECT a FROM d.t VERSION AS OF '1'; \
         CREATE VIEW public.counted AS SELECT count(*) AS n FROM d.t WHERE a > 0",
    );
    let next = |client: &mut Client, version: &str, rows: &RecordBatch| {
        site.publish("d", version, "t", rows);
        client.rows("SELECT forebay.refresh()");
        eventually(Duration::from_secs(20), "the new version", || {
            client.one("SELECT current_version FROM forebay.databases") == version
        });
    };
    // Other rows, and a column more before the others.
    next(
        &mut client,
        "2",
        &batch(vec![
            ("new", Arc::new(Int32Array::from(vec![9, 9, 9]))),
            ("a", Arc::new(Int32Array::from(vec![1, 2, 3]))),
            ("b", Arc::new(StringArray::from(vec!["x", "y", "z"]))),
        ]),
    );
    assert_eq!(client.rows("SELECT * FROM public.all_of ORDER BY a"), "1|x; 2|y; 3|z");
    assert_eq!(client.rows("SELECT * FROM public.a_of ORDER BY a"), "1; 2; 3");
    assert_eq!(client.rows("SELECT * FROM public.old ORDER BY a"), "1|n1; 2|n2");
    assert_eq!(client.rows("SELECT * FROM public.clause ORDER BY a"), "1; 2");
    // Another type: only where it would be another one of the view's.
    next(
        &mut client,
        "3",
        &batch(vec![
            ("a", Arc::new(Int64Array::from(vec![1, 2, 3, 4]))),
            ("b", Arc::new(StringArray::from(vec!["x", "y", "z", "w"]))),
        ]),
    );
    let answer = client.query("SELECT * FROM public.a_of");
    assert_eq!(answer.state(), "42804");
    let said = answer.error.expect("an error");
    assert_eq!(said[&'M'], "column \"a\" of view \"a_of\" has wrong type");
    assert_eq!(said[&'D'], "Its query gives bigint, but the view was made with integer.");
    assert_eq!(client.one("SELECT n FROM public.counted"), "4");
    // A column that is gone.
    next(&mut client, "4", &batch(vec![("b", Arc::new(StringArray::from(vec!["x"])))]));
    let answer = client.query("SELECT * FROM public.a_of");
    assert_eq!(answer.state(), "42703");
    let said = answer.error.expect("an error");
    assert_eq!(said[&'M'], "column \"a\" does not exist");
    assert_eq!(said[&'D'], "View \"a_of\" reads it.");
    // It points to the view.
    assert_eq!(said[&'P'], "15");
    assert_eq!(client.state("SELECT * FROM public.all_of"), "42804");
    // A table that is gone.
    site.publish("d", "5", "other", &rows(&[1]));
    client.rows("SELECT forebay.refresh()");
    eventually(Duration::from_secs(20), "the new version", || {
        client.one("SELECT current_version FROM forebay.databases") == "5"
    });
    let answer = client.query("SELECT * FROM public.a_of");
    assert_eq!(answer.state(), "42P01");
    let said = answer.error.expect("an error");
    assert_eq!(said[&'M'], "relation \"d.t\" does not exist");
    assert_eq!(said[&'D'], "View \"a_of\" reads it.");
    assert_eq!(client.rows("SELECT * FROM public.old ORDER BY a"), "1|n1; 2|n2");
    // The catalogs go on.
    assert_eq!(client.one("SELECT count(*) FROM pg_views WHERE schemaname = 'public'"), "5");
    assert_eq!(client.state("DROP VIEW public.a_of, public.all_of"), "00000");
}

#[test]
fn a_view_reads_as_its_owner() {
    let site = Site::new();
    site.publish("d", "1", "t", &rows(&[1, 2]));
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE ROLE ann LOGIN");
    client.rows("CREATE ROLE eve LOGIN");
    client.rows(
        "CREATE SCHEMA app; CREATE TABLE app.k (a int); INSERT INTO app.k VALUES (7); \
         CREATE VIEW app.v AS SELECT k.a, t.b, current_user AS who FROM app.k, d.t WHERE t.a = 1; \
         CREATE VIEW app.invoked WITH (security_invoker) AS SELECT a FROM app.k; CREATE VIEW app.over AS SELECT a FROM app.invoked",
    );
    client.rows("GRANT USAGE, CREATE ON SCHEMA app TO ann");
    client.rows("GRANT USAGE ON SCHEMA app TO eve");
    let open =
        |role| Client::open(server.address, &[("user", role), ("database", "forebay")]).unwrap();
    let (mut ann, mut eve) = (open("ann"), open("eve"));
    assert_eq!(ann.state("SELECT * FROM app.v"), "42501");
    client.rows("GRANT SELECT ON app.v, app.invoked, app.over TO ann");
    assert_eq!(ann.rows("SELECT * FROM app.v"), "7|n1|ann");
    assert_eq!(ann.state("SELECT * FROM app.k"), "42501");
    assert_eq!(ann.state("SELECT * FROM d.t"), "42501");
    assert_eq!(ann.state("SELECT * FROM app.invoked"), "42501");
    // A view reads another one as its owner, who may read what that reads.
    assert_eq!(ann.rows("SELECT * FROM app.over"), "7");
    // A statement that is kept sees what is granted.
    ann.rows("PREPARE p AS SELECT a FROM app.v");
    assert_eq!(ann.rows("EXECUTE p"), "7");
    client.rows("REVOKE SELECT ON app.v FROM ann");
    assert_eq!(ann.state("EXECUTE p"), "42501");
    client.rows("GRANT SELECT ON app.v TO ann");
    // What she makes reads as she does.
    ann.rows("CREATE VIEW app.own AS SELECT a FROM app.v");
    ann.rows("SELECT * FROM app.own");
    client.rows("GRANT SELECT ON app.own TO eve");
    assert_eq!(eve.rows("SELECT * FROM app.own"), "7");
    client.rows("REVOKE SELECT ON app.v FROM ann");
    assert_eq!(eve.state("SELECT * FROM app.own"), "42501");
    assert_eq!(ann.state("CREATE VIEW app.more AS SELECT a FROM app.k"), "42501");
    assert_eq!(ann.state("DROP VIEW app.v"), "42501");
    assert_eq!(ann.state("CREATE OR REPLACE VIEW app.v AS SELECT 1 AS a"), "42501");
    assert_eq!(ann.state("ALTER VIEW app.v RENAME TO w"), "42501");
    assert_eq!(ann.state("COMMENT ON VIEW app.v IS 'x'"), "42501");
    assert_eq!(eve.state("CREATE VIEW app.x AS SELECT 1 AS a"), "42501");
    assert_eq!(client.state("DROP ROLE ann"), "2BP01");
    client.rows("ALTER VIEW app.own OWNER TO eve");
    assert_eq!(client.one("SELECT viewowner FROM pg_views WHERE viewname = 'own'"), "eve");
}

#[test]
fn kept_plans_see_another_view() {
    let site = Site::new();
    let server = site.serve(&[]);
    let (mut one, mut other) = (server.connect(), server.connect());
    one.rows("CREATE TABLE public.t (a int, b int); INSERT INTO public.t VALUES (1, 10), (2, 20); CREATE VIEW public.v AS SELECT a FROM public.t");
    one.rows(
        "PREPARE p AS SELECT * FROM public.v ORDER BY 1; PREPARE q AS SELECT sum(a) FROM public.v",
    );
    assert_eq!(one.rows("EXECUTE p"), "1; 2");
    other.rows("CREATE OR REPLACE VIEW public.v AS SELECT a + 5 AS a FROM public.t");
    assert_eq!(one.rows("EXECUTE p"), "6; 7");
    other.rows("CREATE OR REPLACE VIEW public.v AS SELECT a, b FROM public.t");
    assert_eq!(one.state("EXECUTE p"), "0A000");
    assert_eq!(one.rows("EXECUTE q"), "3");
    other.rows("INSERT INTO public.t VALUES (3, 30)");
    assert_eq!(one.rows("EXECUTE q"), "6");
    // What a transaction has made is its own until it commits.
    one.rows("BEGIN");
    one.rows("DROP VIEW public.v");
    assert_eq!(other.one("SELECT count(*) FROM public.v"), "3");
    one.rows("CREATE VIEW public.v AS SELECT 1 AS one");
    assert_eq!(one.rows("SELECT * FROM public.v"), "1");
    one.rows("COMMIT");
    assert_eq!(other.rows("SELECT * FROM public.v"), "1");
    assert_eq!(one.state("EXECUTE q"), "42703");
}

#[test]
fn views_on_views_end_somewhere() {
    let site = Site::new();
    let server = site.serve(&[]);
    let mut client = server.connect();
    client.rows("CREATE VIEW public.v0 AS SELECT 1 AS a");
    for number in 1..=8 {
        let below = number - 1;
        client.rows(&format!(
            "CREATE VIEW public.v{number} AS SELECT x.a FROM public.v{below} x JOIN public.v{below} y ON x.a = y.a"
        ));
    }
    assert_eq!(client.one("SELECT a FROM public.v8"), "1");
    let mut state = String::new();
    for number in 9..=30 {
        let below = number - 1;
        state = client.state(&format!(
            "CREATE VIEW public.v{number} AS SELECT x.a FROM public.v{below} x JOIN public.v{below} y ON x.a = y.a"
        ));
        if state != "00000" {
            break;
        }
    }
    assert_eq!(state, "54001");
    // One that would read itself through others.
    assert_eq!(
        client.state("CREATE OR REPLACE VIEW public.v0 AS SELECT a FROM public.v8"),
        "42P17"
    );
    assert_eq!(
        client.state("CREATE OR REPLACE VIEW public.v0 AS SELECT a FROM public.v0"),
        "42P17"
    );
    client.rows("DROP VIEW public.v0 CASCADE");
    assert_eq!(client.one("SELECT count(*) FROM pg_views WHERE schemaname = 'public'"), "0");
}
