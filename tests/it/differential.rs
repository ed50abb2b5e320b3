//! The same statement on Forebay and on a real PostgreSQL, compared byte for byte over the bare wire.
//!
//! `tests/differential/**.sql` holds the statements; each ends with `;` at the end of a line. They run in order on one
//! connection in the simple protocol (text) and on another in the extended one (binary). Compared are column names,
//! types, sizes, typmods, formats and numbers in users' tables, rows, command tags and transaction status; of errors
//! SQLSTATE, position and message. Rows are in order only under a top-level ORDER BY. OIDs that a server assigned
//! itself differ by nature: they compare as equal, and `$oid(tpch.nation)` or `$oid(tpch)` in a statement stands for
//! the one of the server at hand. Schemas that sessions of PostgreSQL leave behind when they had temporary tables are
//! taken out of its rows.
//!
//! Comments between statements are free, but for these: `-- messages: ignored` holds for the file;
//! `-- rows: ignored` holds for the next statement, whose rows tell of the server and not of the data;
//! `-- order: ignored` for one that leaves the order of rows, or of the elements of a JSON array, to the plan or to
//! assigned OIDs; `-- oids: a, b` names columns of the next statement that hold OIDs as numbers of another type.
//!
//! Known differences are lines `differential | FILE | FIRST LINE | REASON` in `tests/data/known.txt`; the second
//! statement with a first line has ` (2)` behind it. `FOREBAY_TEST_REPORT=DIR` writes all differences of a file, known
//! ones too, with both answers. Servers and data are named as for `clients.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use super::support::{Client, Frame, Site, place};

/// One test per file, so that each counts and they run side by side.
macro_rules! files {
    ($($name:ident)* ; $($tool:ident)*) => {
        $(#[test] fn $name() { check(stringify!($name)); })*
        mod tools {
            $(#[test] fn $tool() { super::check(concat!("tools/", stringify!($tool))); })*
        }
        const FILES: &[&str] = &[$(stringify!($name)),* , $(concat!("tools/", stringify!($tool))),*];
    };
}

files! {
    aggregates arrays bytes casts clauses conditionals ctes datetimes errors floats formatting grouping integers
    intervals joins json kinds math numerics operators others patterns sequences sessions sets settings strings
    subqueries system tables temporary texts tpch views windows zones;
    airbyte datagrip dbeaver fdw grafana hasura looker metabase node npgsql pgadmin pgcli pgdump pgjdbc psql python
    sqlalchemy tableau
}

#[test]
fn every_file_is_listed() {
    let mut found = names_in("");
    found.extend(names_in("tools/"));
    assert_eq!(found, FILES);
}

#[test]
fn every_known_difference_names_a_statement() {
    let lost: Vec<_> = FILES
        .iter()
        .flat_map(|file| {
            let names: BTreeSet<_> =
                Script::read(file).statements.into_iter().map(|statement| statement.name).collect();
            let lost = known(file).into_keys().filter(move |name| !names.contains(name));
            lost.map(move |name| format!("{file}: {name}"))
        })
        .collect();
    assert!(lost.is_empty(), "remove from tests/data/known.txt:\n{}", lost.join("\n"));
}

/// The longest name of a statement: enough to find it, and machine-made statements of one line stay readable.
const NAME_LEN_MAX: usize = 120;

/// The first OID a server assigns to what users make (PostgreSQL: `FirstNormalObjectId`).
const ASSIGNED_OID_MIN: u32 = 16_384;

const NAME: u32 = 19;
const FLOAT4: u32 = 700;
const FLOAT8: u32 = 701;

/// json, jsonb: on the wire a text, in binary jsonb after a byte.
const JSON_TYPES: [u32; 2] = [114, 3802];

/// What begins the names of the schemas of temporary tables.
const TEMPORARY: [&str; 2] = ["pg_temp_", "pg_toast_temp_"];

/// oid, regproc, regclass, regtype, regrole, regnamespace: on the wire an OID, or the text of one.
const OID_TYPES: [u32; 6] = [26, 24, 2205, 2206, 4096, 4089];

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "differential"].iter().collect()
}

fn names_in(folder: &str) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(directory().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| format!("{folder}{}", path.file_stem().unwrap().to_str().unwrap()))
        .collect();
    names.sort();
    names
}

/// Files that make what is in the catalogs for everybody to count as long as it lives: temporary tables are in
/// PostgreSQL's, sequences and schemas in both.
const ALONE: &[&str] = &["sequences", "tables", "temporary", "views", "tools/tableau"];
static CATALOGS: RwLock<()> = RwLock::new(());

fn check(file: &str) {
    let _alone =
        ALONE.contains(&file).then(|| CATALOGS.write().unwrap_or_else(PoisonError::into_inner));
    let _beside =
        (!ALONE.contains(&file)).then(|| CATALOGS.read().unwrap_or_else(PoisonError::into_inner));
    let (Ok(root), Ok(dsn)) =
        (std::env::var("FOREBAY_TEST_ROOT"), std::env::var("FOREBAY_TEST_PG"))
    else {
        eprintln!("nothing to compare with: FOREBAY_TEST_ROOT and FOREBAY_TEST_PG are not set");
        return;
    };
    let script = Script::read(file);
    let site = Site::new().over(Path::new(&root));
    let server = site.serve(&[]);
    let (oracle, database) = place(&dsn);
    let (mut forebay, mut postgres) =
        (Side::new(server.address, &database), Side::new(oracle, &database));
    let differences: Vec<_> = script
        .statements
        .iter()
        .map(|statement| {
            let mut differences = String::new();
            for protocol in [Protocol::Simple, Protocol::Extended] {
                let got = forebay.run(statement, protocol);
                let want = postgres.run(statement, protocol);
                let apart = got.status != want.status;
                if apart {
                    // Else all that follows would differ as well, or not at all.
                    forebay.roll_back(protocol);
                    postgres.roll_back(protocol);
                }
                let status = apart.then(|| "transaction status".to_owned());
                if let Some(difference) = script.difference(statement, &got, &want).or(status) {
                    let heading = format!("{protocol:?}: {difference}");
                    writeln!(differences, "{heading}\n  forebay:  {got}\n  postgres: {want}")
                        .unwrap();
                }
            }
            differences
        })
        .collect();
    conclude(file, &script, &differences);
}

/// Prints the count, writes the report and fails over what is not as `known.txt` says.
#[expect(clippy::explicit_write, reason = "the count of a file that passes is to be seen too")]
fn conclude(file: &str, script: &Script, differences: &[String]) {
    let known = known(file);
    let (mut report, mut findings, mut agreeing) = (String::new(), Vec::new(), 0);
    for (Statement { name, sql, .. }, difference) in script.statements.iter().zip(differences) {
        let reason = known.get(name);
        if difference.is_empty() {
            agreeing += 1;
            if reason.is_some() {
                findings.push(format!("agrees now, remove it from tests/data/known.txt: {name}"));
            }
            continue;
        }
        let status = reason.map_or("new", String::as_str);
        writeln!(report, "=== {name}\n{status}\n{sql}\n{difference}").unwrap();
        if reason.is_none() {
            findings.push(format!("{name}\n{difference}"));
        }
    }
    let count = script.statements.len();
    writeln!(std::io::stderr(), "differential {file}: {agreeing} of {count} agree").unwrap();
    if let Ok(directory) = std::env::var("FOREBAY_TEST_REPORT") {
        let path = Path::new(&directory).join(format!("{}.txt", file.replace('/', "-")));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(path, report).unwrap();
    }
    assert!(findings.is_empty(), "{file}: {} findings\n{}", findings.len(), findings.join("\n"));
}

/// Names of the statements of a file that are known to differ, with the reasons.
fn known(file: &str) -> BTreeMap<String, String> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", "known.txt"].iter().collect();
    let prefix = format!("differential | {file} | ");
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix)?.rsplit_once(" | "))
        .map(|(name, reason)| (name.to_owned(), reason.to_owned()))
        .collect()
}

/// The statements of a file.
struct Script {
    statements: Vec<Statement>,
    messages_compared: bool,
}

struct Statement {
    /// The first line, made unique within the file.
    name: String,
    sql: String,
    rows_compared: bool,
    /// Whether the statement tells the order of its rows.
    ordered: bool,
    /// Whether elements of JSON arrays are in any order.
    loose: bool,
    /// Columns that hold OIDs in another type.
    oids: Vec<String>,
}

impl Script {
    fn read(file: &str) -> Script {
        let path = directory().join(format!("{file}.sql"));
        let text = std::fs::read_to_string(path).unwrap();
        let mut script = Script { statements: Vec::new(), messages_compared: true };
        let mut counts = BTreeMap::new();
        let (mut lines, mut rows_compared, mut loose, mut oids) = (vec![], true, false, vec![]);
        for line in text.lines() {
            match line {
                "-- messages: ignored" => script.messages_compared = false,
                "-- rows: ignored" => rows_compared = false,
                "-- order: ignored" => loose = true,
                _ if line.starts_with("-- oids: ") => {
                    let names = line.trim_start_matches("-- oids: ");
                    oids = names.split(", ").map(str::to_owned).collect();
                }
                _ if lines.is_empty() && (line.is_empty() || line.starts_with("--")) => {}
                _ => lines.push(line),
            }
            if !line.ends_with(';') || lines.is_empty() {
                continue;
            }
            let sql = lines.join("\n").trim_end_matches(';').to_owned();
            let mut name: String = lines[0].trim().trim_end_matches(';').into();
            name = name.chars().take(NAME_LEN_MAX).collect::<String>().trim_end().to_owned();
            let count = *counts.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
            if count > 1 {
                write!(name, " ({count})").unwrap();
            }
            let ordered = !loose && is_ordered(&sql);
            script.statements.push(Statement { name, sql, rows_compared, ordered, loose, oids });
            (lines, rows_compared, loose, oids) = (vec![], true, false, vec![]);
        }
        assert!(lines.is_empty(), "{file} ends within a statement: {lines:?}");
        script
    }

    /// How an answer differs from the one wanted.
    fn difference(&self, statement: &Statement, got: &Answer, want: &Answer) -> Option<String> {
        if got.closed != want.closed {
            return Some("the connection ended".to_owned());
        }
        let (got_error, want_error) = match (&got.error, &want.error) {
            (None, None) => return rows_difference(statement, got, want),
            (Some(error), None) => return Some(format!("error {}", error[&'C'])),
            (None, Some(error)) => return Some(format!("no error {}", error[&'C'])),
            (Some(got), Some(want)) => (got, want),
        };
        if got_error[&'C'] != want_error[&'C'] {
            return Some(format!("state {} for {}", got_error[&'C'], want_error[&'C']));
        }
        if self.messages_compared && got_error[&'M'] != want_error[&'M'] {
            return Some("message".to_owned());
        }
        // OIDs of different length move what follows them.
        let movable = statement.sql.contains("$oid(");
        (!movable && got_error.get(&'P') != want_error.get(&'P')).then(|| "position".to_owned())
    }
}

/// All that differs, for a wrong name does not make the rows right.
fn rows_difference(statement: &Statement, got: &Answer, want: &Answer) -> Option<String> {
    let field = |answer: &Answer, index: usize| -> Vec<_> {
        answer.columns.iter().map(|column| column.all()[index].clone()).collect()
    };
    let rows = |answer: &Answer| {
        let mut rows = answer.rows.clone();
        for row in &mut rows {
            for (cell, column) in row.iter_mut().zip(&answer.columns) {
                *cell = cell.take().map(|cell| column.comparable(cell, statement));
            }
        }
        if !statement.ordered {
            rows.sort();
        }
        rows
    };
    let mut differences: Vec<_> = Column::FIELDS
        .iter()
        .enumerate()
        .filter(|(index, _)| field(got, *index) != field(want, *index))
        .map(|(_, name)| format!("column {name}"))
        .collect();
    if statement.rows_compared {
        if got.rows.len() != want.rows.len() {
            differences.push(format!("{} rows for {}", got.rows.len(), want.rows.len()));
        } else if rows(got) != rows(want) {
            differences.push("rows".to_owned());
        }
        if got.tags != want.tags {
            differences.push("tag".to_owned());
        }
    }
    (!differences.is_empty()).then(|| differences.join(", "))
}

/// Whether a statement has an ORDER BY outside of all parentheses, strings, names and comments.
fn is_ordered(sql: &str) -> bool {
    let mut depth = 0;
    let mut top = String::new();
    let mut rest = sql.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '\'' | '"' => while rest.next().is_some_and(|next| next != char) {},
            '-' if rest.peek() == Some(&'-') => {
                while rest.next().is_some_and(|next| next != '\n') {}
            }
            _ if depth == 0 => top.push(char.to_ascii_uppercase()),
            _ => {}
        }
    }
    let words: Vec<_> = top.split_whitespace().collect();
    words.windows(2).any(|pair| pair == ["ORDER", "BY"])
}

#[test]
fn only_an_order_of_the_whole_counts() {
    for (sql, ordered) in [
        ("SELECT 1 ORDER  by\n1", true),
        ("(SELECT 1 ORDER BY 1)", false),
        ("SELECT 'ORDER BY', \"ORDER BY\", x[1] -- ORDER BY", false),
        ("SELECT ')' FROM (SELECT '(' AS x) y ORDER BY x", true),
    ] {
        assert_eq!(is_ordered(sql), ordered, "{sql}");
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Simple,
    Extended,
}

/// One of the two servers, with a connection for each protocol.
struct Side {
    address: SocketAddr,
    database: String,
    simple: Client,
    extended: Client,
}

impl Side {
    fn new(address: SocketAddr, database: &str) -> Side {
        let (simple, extended) = (connect(address, database), connect(address, database));
        Side { address, database: database.to_owned(), simple, extended }
    }

    fn client(&mut self, protocol: Protocol) -> &mut Client {
        match protocol {
            Protocol::Simple => &mut self.simple,
            Protocol::Extended => &mut self.extended,
        }
    }

    fn roll_back(&mut self, protocol: Protocol) {
        self.client(protocol).query("ROLLBACK");
    }

    fn run(&mut self, statement: &Statement, protocol: Protocol) -> Answer {
        let sql = self.with_oids(&statement.sql);
        let client = self.client(protocol);
        match protocol {
            Protocol::Simple => client.ask(&sql),
            Protocol::Extended => client.ask_extended(&sql, true, 0),
        }
        let answer = Answer::of(&client.frames());
        if answer.closed {
            *self.client(protocol) = connect(self.address, &self.database);
        }
        answer
    }

    /// Puts this server's OIDs where the statement names objects.
    fn with_oids(&self, sql: &str) -> String {
        let mut parts = sql.split("$oid(");
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (object, rest) = part.split_once(')').expect("a closing parenthesis after $oid(");
            let lookup = match object.split_once('.') {
                Some((schema, table)) => format!(
                    "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = '{schema}' AND c.relname = '{table}'"
                ),
                None => format!("SELECT oid FROM pg_namespace WHERE nspname = '{object}'"),
            };
            whole += &connect(self.address, &self.database).one(&lookup);
            whole += rest;
        }
        whole
    }
}

fn connect(address: SocketAddr, database: &str) -> Client {
    // A statement that runs away is a difference of its own and not the end of the file.
    let startup = [("user", "forebay"), ("database", database), ("statement_timeout", "20s")];
    Client::open(address, &startup).unwrap()
}

/// One column of a RowDescription, without the OID of its table. Its number there counts for tables of users only:
/// drivers read it to name the column that a result comes from, and nobody names those of catalogs.
#[derive(Debug, PartialEq)]
struct Column {
    name: String,
    number: i16,
    kind: u32,
    size: i16,
    typmod: i32,
    format: i16,
}

impl Column {
    const FIELDS: [&str; 6] = ["name", "type", "typmod", "format", "size", "number"];

    /// Whether a value of this column is an OID that a server gave away, `number` where its type is no OID's.
    fn assigns(&self, cell: &[u8], number: bool) -> bool {
        let oid = match (self.format, cell.len()) {
            (0, _) => std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok()),
            (_, 8) => cell.try_into().ok().map(u64::from_be_bytes),
            _ => cell.try_into().ok().map(|bytes| u64::from(u32::from_be_bytes(bytes))),
        };
        let holds = number || OID_TYPES.contains(&self.kind);
        holds && oid.is_some_and(|oid| oid >= u64::from(ASSIGNED_OID_MIN))
    }

    /// A value as it compares, where the statement leaves something open.
    fn comparable(&self, cell: Vec<u8>, statement: &Statement) -> Vec<u8> {
        if statement.oids.contains(&self.name) && self.assigns(&cell, true) {
            return b"(assigned)".to_vec();
        }
        if self.is_nan(&cell) {
            return b"NaN".to_vec();
        }
        if !statement.loose || !JSON_TYPES.contains(&self.kind) {
            return cell;
        }
        let text = cell.strip_prefix(b"\x01").unwrap_or(&cell);
        let Ok(mut value) = serde_json::from_slice(text) else { return cell };
        sort(&mut value);
        value.to_string().into_bytes()
    }

    /// Whether it is no number: the sign of one is the processor's, by the operation that it came from.
    fn is_nan(&self, cell: &[u8]) -> bool {
        match (self.kind, self.format) {
            (FLOAT4, 1) => cell.try_into().is_ok_and(|bytes| f32::from_be_bytes(bytes).is_nan()),
            (FLOAT8, 1) => cell.try_into().is_ok_and(|bytes| f64::from_be_bytes(bytes).is_nan()),
            _ => false,
        }
    }

    /// As texts, in the order of [`Column::FIELDS`].
    fn all(&self) -> [String; 6] {
        let assigned = ASSIGNED_OID_MIN <= self.kind;
        [
            self.name.clone(),
            if assigned { "(assigned)".to_owned() } else { self.kind.to_string() },
            self.typmod.to_string(),
            self.format.to_string(),
            self.size.to_string(),
            self.number.to_string(),
        ]
    }
}

/// All that a server said to one statement.
#[derive(Debug, Default)]
struct Answer {
    columns: Vec<Column>,
    rows: Vec<Vec<Option<Vec<u8>>>>,
    tags: Vec<String>,
    error: Option<BTreeMap<char, String>>,
    /// ReadyForQuery's transaction status: idle, in a transaction, in a failed one.
    status: u8,
    /// The connection ended before ReadyForQuery.
    closed: bool,
}

impl Answer {
    fn of(frames: &[Frame]) -> Answer {
        let mut answer = Answer { closed: true, ..Answer::default() };
        for frame in frames {
            match frame.kind {
                b'T' => answer.columns = columns(&frame.body),
                b'D' => answer.rows.push(row(&frame.body, &answer.columns)),
                b'd' => answer.rows.push(vec![Some(frame.body.clone())]),
                b'C' | b'I' => answer.tags.push(Reader(&frame.body).text()),
                b'E' if answer.error.is_none() => answer.error = Some(frame.fields()),
                b'Z' => {
                    answer.status = frame.body[0];
                    answer.closed = false;
                }
                _ => {}
            }
        }
        answer.leave_out_temporary();
        answer
    }

    /// Takes out what rows tell of schemas of temporary tables: they stay when their sessions are over.
    fn leave_out_temporary(&mut self) {
        let found = self.rows.len();
        self.rows.retain(|row| {
            let mut names = row.iter().zip(&self.columns).filter(|(_, column)| column.kind == NAME);
            !names.any(|(cell, _)| {
                let name = cell.as_deref().and_then(|cell| std::str::from_utf8(cell).ok());
                TEMPORARY.iter().any(|prefix| name.is_some_and(|name| name.starts_with(prefix)))
            })
        });
        let left = self.rows.len();
        if left < found {
            let (before, after) = (format!("SELECT {found}"), format!("SELECT {left}"));
            self.tags
                .iter_mut()
                .filter(|tag| **tag == before)
                .for_each(|tag| tag.clone_from(&after));
        }
    }
}

/// For reports: one line, at most a dozen rows.
impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.closed {
            write!(f, "(closed) ")?;
        }
        if let Some(error) = &self.error {
            write!(f, "{} {}", error[&'C'], error[&'M'])?;
            for (kind, word) in [('P', "position"), ('D', "detail"), ('H', "hint")] {
                if let Some(text) = error.get(&kind) {
                    write!(f, " ({word}: {text})")?;
                }
            }
            return Ok(());
        }
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|Column { name, kind, typmod, number, .. }| {
                format!("{name} {kind}({typmod}) #{number}")
            })
            .collect();
        write!(f, "{} {}", self.tags.join(" "), columns.join(", "))?;
        for row in self.rows.iter().take(12) {
            let cells: Vec<_> = row.iter().map(|cell| printable(cell.as_deref())).collect();
            write!(f, " [{}]", cells.join("|"))?;
        }
        Ok(())
    }
}

fn printable(cell: Option<&[u8]>) -> String {
    let Some(bytes) = cell else { return "NULL".to_owned() };
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|char| char == '\0') => text.escape_debug().to_string(),
        _ => bytes.iter().fold("x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}

/// Reads a message body from the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn text(&mut self) -> String {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        let text = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        text
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) = self.0.split_first_chunk().expect("a whole message");
        self.0 = tail;
        *head
    }
}

fn columns(body: &[u8]) -> Vec<Column> {
    let mut reader = Reader(body);
    let count = u16::from_be_bytes(reader.bytes());
    let column = |_| {
        let name = reader.text();
        let table = u32::from_be_bytes(reader.bytes());
        let number = i16::from_be_bytes(reader.bytes());
        Column {
            name,
            number: if table < ASSIGNED_OID_MIN { 0 } else { number },
            kind: u32::from_be_bytes(reader.bytes()),
            size: i16::from_be_bytes(reader.bytes()),
            typmod: i32::from_be_bytes(reader.bytes()),
            format: i16::from_be_bytes(reader.bytes()),
        }
    };
    (0..count).map(column).collect()
}

fn row(body: &[u8], columns: &[Column]) -> Vec<Option<Vec<u8>>> {
    let mut reader = Reader(body);
    let count = u16::from_be_bytes(reader.bytes());
    let cell = |index: u16| {
        let size = usize::try_from(i32::from_be_bytes(reader.bytes())).ok()?;
        let (cell, rest) = reader.0.split_at(size);
        reader.0 = rest;
        let assigned =
            columns.get(usize::from(index)).is_some_and(|column| column.assigns(cell, false));
        Some(if assigned { b"(assigned)".to_vec() } else { unnumbered(cell) })
    };
    (0..count).map(cell).collect()
}

/// A value without the OIDs in the name that `information_schema` gives to a NOT NULL: `16384_16385_1_not_null`.
fn unnumbered(cell: &[u8]) -> Vec<u8> {
    let masked = std::str::from_utf8(cell).ok().and_then(|text| {
        let parts: Vec<&str> = text.strip_suffix("_not_null")?.split('_').collect();
        let [schema, table, column] = *parts else { return None };
        let [schema, table]: [u32; 2] = [schema.parse().ok()?, table.parse().ok()?];
        let assigned = ASSIGNED_OID_MIN <= schema && ASSIGNED_OID_MIN <= table;
        assigned.then(|| format!("(assigned)_{column}_not_null"))
    });
    masked.map_or_else(|| cell.to_vec(), String::into_bytes)
}

/// Puts the elements of all arrays into the order of their texts.
fn sort(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(elements) => {
            elements.iter_mut().for_each(sort);
            elements.sort_by_key(ToString::to_string);
        }
        serde_json::Value::Object(members) => members.values_mut().for_each(sort),
        _ => {}
    }
}
