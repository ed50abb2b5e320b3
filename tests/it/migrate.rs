//! `forebay migrate`: each file once, in order, whole or not at all; what contradicts the history is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::support::{Server, Site, write_files};

/// A server and a directory of migrations.
struct Project {
    site: Site,
    server: Server,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let site = Site::new();
        let server = site.serve(&[]);
        let project = Project { site, server };
        project.write(files);
        project
    }

    fn directory(&self) -> PathBuf {
        self.site.path().join("migrations")
    }

    fn write(&self, files: &[(&str, &str)]) {
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        write_files(&self.directory(), &files);
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.directory().join(name)).unwrap();
    }

    fn lock_file(&self) -> Option<String> {
        fs::read_to_string(self.directory().join("schema.lock")).ok()
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
        let url = format!("postgres://forebay@{}/forebay", self.server.address);
        command.args(["migrate", &url, "--dir"]).arg(self.directory()).args(flags);
        command
    }

    /// What a run that goes well prints, without what it took: `12 ms` is `_ ms`.
    #[track_caller]
    fn done(&self, flags: &[&str]) -> String {
        let output = self.command(flags).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        timeless(&said(&output))
    }

    /// What a run that fails prints.
    #[track_caller]
    fn refused(&self, flags: &[&str]) -> String {
        let output = self.command(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        timeless(&said(&output))
    }

    fn one(&self, sql: &str) -> String {
        self.server.connect().one(sql)
    }
}

fn said(output: &Output) -> String {
    let bytes = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn timeless(said: &str) -> String {
    let mut lines = Vec::new();
    for line in said.lines() {
        let mut words: Vec<&str> = line.split(' ').collect();
        if let [.., number, "ms"] = words.as_mut_slice() {
            *number = "_";
        }
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

const FIRST: (&str, &str) = (
    "0001_init.sql",
    "-- the first\nCREATE SCHEMA app;\nCREATE TABLE app.item (id serial PRIMARY KEY, name text NOT NULL UNIQUE);\n\
     INSERT INTO app.item (name) VALUES ('a;b'), ('c');\n",
);
const SECOND: (&str, &str) = (
    "0002_add_price.sql",
    "ALTER TABLE app.item ADD COLUMN price numeric(8,2) DEFAULT 1.5 CHECK (price > 0);\nCREATE INDEX by_price ON app.item (price DESC);\n",
);

const COUNT: &str = "SELECT count(*) FROM public.forebay_migrations";

#[test]
fn files_are_applied_once() {
    let project = Project::new(&[FIRST, SECOND]);
    assert_eq!(
        project.done(&["--status"]),
        "0001_init.sql       pending\n0002_add_price.sql  pending\n0 applied, 2 pending"
    );
    let dry = "public.forebay_migrations  to create: it is not there\n\
               0001_init.sql       to apply: nothing is applied yet\n\
               0002_add_price.sql  to apply: nothing is applied yet\n2 to apply";
    assert_eq!(project.done(&["--dry-run"]), dry);
    assert_eq!(
        project.one("SELECT count(*) FROM pg_class WHERE relname = 'forebay_migrations'"),
        "0"
    );
    assert_eq!(project.lock_file(), None);
    assert_eq!(
        project.done(&["--target", "1"]),
        "0001_init.sql       applied  _ ms\n1 applied, _ ms"
    );
    assert_eq!(project.lock_file(), None);
    assert_eq!(
        project.done(&["--dry-run", "--target", "1"]),
        "0002_add_price.sql  not to apply: it is above the target"
    );
    assert_eq!(
        project.done(&["--dry-run"]),
        "0002_add_price.sql  to apply: it is above 0001, the last that is applied\n1 to apply"
    );
    assert_eq!(
        project.done(&[]),
        "0002_add_price.sql  applied  _ ms\nschema.lock         written\n1 applied, _ ms"
    );
    assert_eq!(project.done(&[]), "");
    assert_eq!(project.done(&["--dry-run"]), "");
    assert_eq!(project.one("SELECT sum(price) FROM app.item"), "3.00");
    let rows = "SELECT number, name, length(checksum), applied_at <= now(), 0 <= duration_ms \
                FROM public.forebay_migrations ORDER BY number";
    assert_eq!(
        project.server.connect().rows(rows),
        "1|0001_init.sql|64|t|t; 2|0002_add_price.sql|64|t|t"
    );
    let status = project.done(&["--status"]);
    assert!(status.ends_with("2 applied, 0 pending"), "{status}");
    // Only the ends of lines differ.
    project.write(&[(FIRST.0, &FIRST.1.replace('\n', "\r\n"))]);
    assert_eq!(project.done(&[]), "");
    // Another table knows nothing of it, and is made where it is asked for.
    let again = project.done(&["--dry-run", "--table", "app.done"]);
    assert!(again.starts_with("app.done            to create"), "{again}");
}

#[test]
fn a_failing_file_leaves_nothing_behind() {
    let project = Project::new(&[FIRST]);
    project.write(&[
        (
            "0002_wrong.sql",
            "CREATE TABLE app.more (a int);\n\nINSERT INTO app.item (name)\n  VALUES ('c');\n",
        ),
        ("0003_last.sql", "CREATE TABLE app.last (a int)"),
    ]);
    assert_eq!(
        project.refused(&[]),
        "0001_init.sql   applied  _ ms\n\
         forebay: could not migrate: \"0002_wrong.sql\", line 3: duplicate key value violates unique constraint \"item_name_key\" (23505)\n  \
         Key (name)=(c) already exists."
    );
    assert_eq!(project.one(COUNT), "1");
    assert_eq!(project.server.connect().state("SELECT * FROM app.more"), "42P01");
    let hinted = "SELECT 1;\nCREATE TABLE app.more (a int); SELECT lower(true)";
    project.write(&[("0002_wrong.sql", hinted)]);
    let told = project.refused(&[]);
    assert!(
        told.contains("\"0002_wrong.sql\", line 2: function lower(boolean) does not exist (42883)"),
        "{told}"
    );
    assert!(told.contains("\n  hint: No function matches"), "{told}");
    assert_eq!(project.server.connect().state("SELECT * FROM app.more"), "42P01");
    // What a file sets is its own affair.
    let mended = "SET search_path = app; CREATE TABLE more (a int)";
    project.write(&[("0002_wrong.sql", mended)]);
    assert_eq!(
        project.done(&[]),
        "0002_wrong.sql  applied  _ ms\n0003_last.sql   applied  _ ms\nschema.lock     written\n2 applied, _ ms"
    );
    assert_eq!(project.one(COUNT), "3");
}

#[test]
fn what_contradicts_the_history_is_refused() {
    let project = Project::new(&[FIRST, SECOND]);
    project.done(&[]);
    let third = ("0003_third.sql", "CREATE TABLE app.third (a int)");
    project.write(&[third]);
    let check = |said: &str| {
        let want = format!("forebay: could not migrate: {said}");
        assert_eq!(project.refused(&[]), want);
        assert_eq!(project.refused(&["--dry-run"]), want);
        assert_eq!(project.one(COUNT), "2");
    };
    project.write(&[(FIRST.0, "SELECT 1")]);
    check("\"0001_init.sql\" was edited after it was applied");
    let status = project.refused(&["--status"]);
    assert!(status.contains("0003_third.sql      pending\n2 applied, 1 pending\n"), "{status}");
    project.remove(FIRST.0);
    check("\"0001_init.sql\" was applied and is missing");
    project.write(&[FIRST, ("0000_early.sql", "SELECT 1")]);
    check("\"0000_early.sql\" has a number below 0002, which is applied");
    project.remove("0000_early.sql");
    project.write(&[("3_third.sql", "SELECT 1")]);
    check("\"3_third.sql\" is misnamed: a migration is NNNN_name.sql");
    project.remove("3_third.sql");
    project.write(&[("0003_again.sql", "SELECT 1")]);
    check("\"0003_third.sql\" has the number 0003 of \"0003_again.sql\"");
    project.remove("0003_again.sql");
    project.write(&[("0004_own.sql", "BEGIN;\nCREATE TABLE app.own (a int);\nCOMMIT")]);
    check("\"0004_own.sql\", line 1: BEGIN cannot be here: each file is one transaction by itself");
    project.remove("0004_own.sql");
    let target = project.refused(&["--target", "9"]);
    assert_eq!(target, "forebay: could not migrate: no migration has the number 0009");
    assert_eq!(
        project.done(&[]),
        "0003_third.sql      applied  _ ms\nschema.lock         written\n1 applied, _ ms"
    );
}

#[test]
fn two_at_once_apply_each_file_once() {
    let project = Project::new(&[FIRST, SECOND]);
    // Both wait for this one, so that neither is done before the other begins.
    let mut holder = project.server.connect();
    holder.rows("SELECT pg_advisory_lock(7377579439060836724)");
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let mut command = project.command(&[]);
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_advisory_lock(%'";
    super::support::eventually(super::support::PATIENCE, "both wait", || {
        project.one(waiting) == "2"
    });
    drop(holder);
    let mut applied = 0;
    for run in runs {
        let output = run.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        applied += said(&output).matches(".sql").count();
    }
    assert_eq!(applied, 2);
    assert_eq!(project.one(COUNT), "2");
    assert_eq!(project.one("SELECT count(*) FROM app.item"), "2");
}

#[test]
fn the_lock_file_tells_of_a_change() {
    let project = Project::new(&[FIRST, SECOND]);
    let refused = project.refused(&["--locked", "--dry-run"]);
    assert!(refused.contains("schema.lock\" does not exist, and --locked needs it"), "{refused}");
    project.done(&[]);
    let kept = project.lock_file().unwrap();
    assert_eq!(
        kept,
        "# The schemas that the migrations beside this file make. `forebay migrate` writes it.\n\
         app schema\n\
         app.item table\n\
         app.item column id integer NOT NULL DEFAULT nextval('app.item_id_seq'::regclass)\n\
         app.item column name text NOT NULL\n\
         app.item column price numeric(8,2) DEFAULT 1.5\n\
         app.item constraint item_name_key UNIQUE (name)\n\
         app.item constraint item_pkey PRIMARY KEY (id)\n\
         app.item constraint item_price_check CHECK ((price > (0)::numeric))\n\
         app.item index CREATE INDEX by_price ON app.item USING btree (price DESC)\n\
         app.item_id_seq sequence integer START 1 INCREMENT 1 MINVALUE 1 MAXVALUE 2147483647 CACHE 1\n\
         public schema\n"
    );
    assert_eq!(project.done(&["--locked"]), "");
    project.write(&[(
        "0003_more.sql",
        "ALTER TABLE app.item DROP COLUMN price; CREATE TABLE app.more (a int)",
    )]);
    let diff = "\n  - app.item column price numeric(8,2) DEFAULT 1.5\n  \
                - app.item constraint item_price_check CHECK ((price > (0)::numeric))\n  \
                - app.item index CREATE INDEX by_price ON app.item USING btree (price DESC)\n  \
                + app.more table\n  + app.more column a integer\n  \
                hint: Run `forebay migrate` without --locked, and commit the file.";
    let rehearsed = project.refused(&["--dry-run", "--locked"]);
    assert!(
        rehearsed.contains("schema.lock\" is out of date") && rehearsed.ends_with(diff),
        "{rehearsed}"
    );
    // It was rolled back.
    assert_eq!(project.one("SELECT sum(price) FROM app.item"), "3.00");
    assert_eq!(project.one(COUNT), "2");
    let applied = project.refused(&["--locked"]);
    assert!(applied.ends_with(diff), "{applied}");
    assert_eq!(project.one(COUNT), "3");
    assert_eq!(project.lock_file().unwrap(), kept);
    assert_eq!(project.done(&[]), "schema.lock         written");
    assert_eq!(project.done(&["--locked"]), "");
}

#[test]
fn a_server_can_be_verified() {
    let site = Site::new();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (site.path().join("s.pem"), site.path().join("s.key"));
    fs::write(&certificate, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let server = site.serve(&["--tls-certificate", &certificate, "--tls-key", &key]);
    let project = Project { site, server };
    project.write(&[FIRST]);
    let run = |host: &str, options: &str| {
        let port = project.server.address.port();
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
        command.args(["migrate", &format!("postgres://{host}:{port}/?{options}"), "--dir"]);
        let output = command.arg(project.directory()).arg("--status").output().unwrap();
        (output.status.success(), said(&output))
    };
    let verified = format!("sslmode=verify-full&sslrootcert={certificate}");
    for options in ["sslmode=require", "sslmode=require&sslnegotiation=direct", &verified] {
        let (done, said) = run("localhost", options);
        assert!(done, "{options}: {said}");
    }
    // Encrypted to somebody else is refused; without verification nobody asks.
    let (done, said) = run("127.0.0.1", &verified);
    assert!(!done && said.contains("certificate not valid for name"), "{said}");
    assert!(run("127.0.0.1", "sslmode=require").0);
}

#[test]
fn who_cannot_connect_is_told_why() {
    let project = Project::new(&[FIRST]);
    let run = |url: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
        let output = command.args(["migrate", url, "--dir"]).arg(project.directory()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        said(&output)
    };
    let address = project.server.address;
    let nobody = run(&format!("postgres://nobody@{address}/forebay"));
    assert!(nobody.contains("(28000)"), "{nobody}");
    let encrypted = run(&format!("postgres://{address}/?sslmode=require"));
    assert!(encrypted.contains("TLS"), "{encrypted}");
    let url = run("host=localhost");
    assert!(url.contains("it does not begin with postgres://"), "{url}");
}
