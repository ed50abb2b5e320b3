//! The truth about SQL: `tests/slt/*.slt` over a real socket, each file with a server of its own.
//!
//! Every file finds a database `shop` with versions `v1` and `v2` and an alias-free catalog (see [`fixture`]). A file whose
//! first line is `# pg` uses nothing of Forebay's own and must pass against a real PostgreSQL too, when `FOREBAY_TEST_PG`
//! names one. `FOREBAY_TEST_REWRITE=1` rewrites the expectations instead of checking them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Date32Array, Decimal128Array, Int64Array, StringArray};
use sqllogictest::{
    DB, DBOutput, DefaultColumnType, Record, Runner, default_column_validator, default_normalizer,
    default_validator,
};

use super::support::{Client, Site, batch, place};

/// One test per file, so that each counts and they run side by side.
macro_rules! files {
    ($($name:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*
        const FILES: &[&str] = &[$(stringify!($name)),*];
    };
}

files! {
    copy cursors errors explain expressions integers moments names pgcatalog prepared roles select sequences settings system temporary transactions types versions
}

#[test]
fn every_file_is_listed() {
    let mut found: Vec<_> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "slt"].iter().collect()
}

/// `shop`: v1 has three items, v2 five; `v2` is current.
fn fixture(site: &Site) {
    let items = |count: usize| {
        let names = ["lamp", "chair", "table", "shelf", "vase"];
        let notes = [Some("bright"), None, Some("four legs"), None, Some("")];
        let prices = Decimal128Array::from(vec![1_999_i128, 4_950, 12_000, 8_000, 725]);
        let prices = prices.with_precision_and_scale(10, 2).unwrap();
        let days = Date32Array::from(vec![20_513, 20_514, 20_515, 20_516, 20_517]);
        batch(vec![
            ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]))),
            ("name", Arc::new(StringArray::from(names.to_vec()))),
            ("price", Arc::new(prices)),
            ("sold", Arc::new(days)),
            ("note", Arc::new(StringArray::from(notes.to_vec()))),
        ])
        .slice(0, count)
    };
    site.publish("shop", "v1", "items", &items(3));
    site.publish("shop", "v2", "items", &items(5));
}

fn check(name: &str) {
    let file = directory().join(format!("{name}.slt"));
    let site = Site::new();
    fixture(&site);
    let server = site.serve(&[]);
    server.connect().rows("SELECT forebay.load('shop', 'v1')");
    let (engine, address, database) = ("forebay", server.address, "forebay".to_owned());
    run(&file, &Target { engine, address, database });
    let pg = std::fs::read_to_string(&file).unwrap().starts_with("# pg\n");
    if let (true, Ok(dsn)) = (pg, std::env::var("FOREBAY_TEST_PG")) {
        run(&file, &Target::postgres(&dsn));
    }
}

/// Where a file runs.
#[derive(Debug, Clone)]
struct Target {
    /// What `skipif` and `onlyif` call it.
    engine: &'static str,
    address: SocketAddr,
    database: String,
}

impl Target {
    fn postgres(dsn: &str) -> Target {
        let (address, database) = place(dsn);
        Target { engine: "postgres", address, database }
    }
}

fn run(file: &Path, target: &Target) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut runner = Runner::new(|| std::future::ready(Session::connect(target)));
        if target.engine == "forebay" && std::env::var("FOREBAY_TEST_REWRITE").is_ok() {
            let (values, lines) = (default_validator, default_normalizer);
            runner
                .update_test_file(file, " ", values, lines, default_column_validator)
                .await
                .unwrap();
            return;
        }
        let known = if target.engine == "forebay" { known(file) } else { BTreeSet::new() };
        let mut differences = Vec::new();
        for record in sqllogictest::parse_file::<DefaultColumnType>(file).unwrap() {
            let sql = match &record {
                Record::Statement { sql, .. } | Record::Query { sql, .. } => sql.clone(),
                _ => String::new(),
            };
            let expected = known.contains(sql.lines().next().unwrap_or_default());
            match runner.run_async(record).await {
                Err(failure) if !expected => differences.push(failure.display(false).to_string()),
                Ok(_) if expected => differences
                    .push(format!("passes now, remove it from tests/data/known.txt: {sql}")),
                _ => {}
            }
        }
        let count = differences.len();
        assert!(count == 0, "{}: {count} differ\n{}", target.engine, differences.join("\n\n"));
    });
}

/// The first lines of the statements of a file that are known to fail: `slt | file | line | reason` in
/// `tests/data/known.txt`, a list that may only shrink.
fn known(file: &Path) -> BTreeSet<String> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", "known.txt"].iter().collect();
    let prefix = format!("slt | {} | ", file.file_stem().unwrap().to_str().unwrap());
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix)?.rsplit_once(" | "))
        .map(|(line, _reason)| line.to_owned())
        .collect()
}

/// One connection, simple protocol, values as text.
struct Session {
    engine: &'static str,
    client: Client,
}

/// The fields of an ErrorResponse.
#[derive(Debug)]
struct Refusal(BTreeMap<char, String>);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0[&'M'])?;
        for (kind, word) in [('D', "detail"), ('H', "hint"), ('P', "position")] {
            if let Some(text) = self.0.get(&kind) {
                write!(f, " ({word}: {text})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl Session {
    fn connect(target: &Target) -> Result<Session, Refusal> {
        let startup = [("user", "forebay"), ("database", &target.database)];
        let client = Client::open(target.address, &startup).map_err(Refusal)?;
        Ok(Session { engine: target.engine, client })
    }
}

impl DB for Session {
    type Error = Refusal;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Refusal> {
        let answer = self.client.query(sql);
        if let Some(error) = answer.error {
            return Err(Refusal(error));
        }
        if answer.columns.is_empty() && answer.rows.is_empty() {
            let count = answer.tags.last().and_then(|tag| tag.rsplit(' ').next()?.parse().ok());
            return Ok(DBOutput::StatementComplete(count.unwrap_or(0)));
        }
        let cell = |cell: Option<String>| match cell.as_deref() {
            None => "NULL".to_owned(),
            Some("") => "(empty)".to_owned(),
            Some(text) => text.to_owned(),
        };
        let row = |row: Vec<Option<String>>| row.into_iter().map(cell).collect();
        let types = vec![DefaultColumnType::Any; answer.columns.len()];
        Ok(DBOutput::Rows { types, rows: answer.rows.into_iter().map(row).collect() })
    }

    fn engine_name(&self) -> &str {
        self.engine
    }

    fn error_sql_state(error: &Refusal) -> Option<String> {
        error.0.get(&'C').cloned()
    }
}
