//! The static half of `pg_catalog`: what every PostgreSQL 15 has, read from the files `sql/system/generate.py` wrote.
//! Each file is decoded at most once, on first use.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, OnceLock};

use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};

use super::rows::{Cell, Row, field};

/// One column of a relation of PostgreSQL's own.
#[derive(Debug)]
pub(crate) struct SystemColumn {
    pub(crate) name: &'static str,
    /// The name of its type.
    pub(crate) kind: &'static str,
    pub(crate) not_null: bool,
    /// Its collation where that is not its type's.
    pub(crate) collation: Option<u32>,
}

/// One relation of PostgreSQL's own schemas.
#[derive(Debug)]
pub(crate) struct SystemRelation {
    pub(crate) schema: &'static str,
    pub(crate) name: &'static str,
    pub(crate) oid: u32,
    pub(crate) row_type: u32,
    /// `r` or `v`.
    pub(crate) kind: char,
    pub(crate) shared: bool,
    pub(crate) acl: Cell,
    /// `pg_class.reloptions`.
    pub(crate) options: Cell,
    pub(crate) columns: Vec<SystemColumn>,
    pub(crate) arrow: SchemaRef,
    rows: OnceLock<Vec<Row>>,
}

impl SystemRelation {
    /// The rows every PostgreSQL has; empty for relations that describe users' objects only.
    pub(crate) fn rows(&self) -> &[Row] {
        self.rows.get_or_init(|| {
            file(self.schema, self.name).map_or_else(Vec::new, |text| decode(text, &self.arrow))
        })
    }

    /// Whether PostgreSQL finds its rows before it can read `pg_class`.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.name, "pg_class" | "pg_type" | "pg_proc" | "pg_attribute")
    }

    /// The position of a column; the names are ours, so a wrong one is our bug.
    pub(crate) fn index(&self, column: &str) -> usize {
        let found = self.columns.iter().position(|known| known.name == column);
        found.expect("a column PostgreSQL 15 has")
    }
}

/// Every relation by schema and name, in the order of their names.
static RELATIONS: LazyLock<BTreeMap<(&'static str, &'static str), SystemRelation>> =
    LazyLock::new(|| {
        let mut relations = BTreeMap::new();
        let mut lines = include_str!("../../../sql/system/columns.txt").lines().peekable();
        while let Some(line) = lines.next() {
            let cells: Vec<&'static str> = line.split('\t').collect();
            let [schema, name, oid, row_type, kind, shared, acl, options] = cells[..] else {
                panic!("columns.txt: {line}");
            };
            let mut columns = Vec::new();
            while let Some(column) = lines.next_if(|line| line.starts_with(' ')) {
                let mut cells = column.trim_start().split('\t');
                columns.push(SystemColumn {
                    name: cells.next().unwrap_or_default(),
                    kind: cells.next().unwrap_or_default(),
                    not_null: cells.next() == Some("t"),
                    collation: cells.next().and_then(|oid| oid.parse().ok()),
                });
            }
            let fields: Vec<FieldRef> = columns
                .iter()
                .map(|column: &SystemColumn| Arc::new(field(column.name, column.kind)))
                .collect();
            let relation = SystemRelation {
                schema,
                name,
                oid: oid.parse().unwrap_or(0),
                row_type: row_type.parse().unwrap_or(0),
                kind: kind.chars().next().unwrap_or('r'),
                shared: shared == "t",
                acl: list(acl, &DataType::Utf8),
                options: list(options, &DataType::Utf8),
                columns,
                arrow: Arc::new(Schema::new(fields)),
                rows: OnceLock::new(),
            };
            relations.insert((schema, name), relation);
        }
        relations
    });

/// The comment on an object of PostgreSQL's own that is in the catalog `class`, or on one of its columns.
pub(crate) fn comment(class: u32, object: u32, column: i64) -> Cell {
    let found = table("pg_description")
        .rows()
        .iter()
        .find(|row| row[0].oid() == object && row[1].oid() == class && row[2].int() == column);
    found.map_or(Cell::Null, |row| row[3].clone())
}

/// What PostgreSQL says of how a view, a rule or a check of its own is defined.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) full: String,
    /// Without what people can do without: most parentheses.
    pub(crate) pretty: String,
}

/// The definition of the object with this OID.
pub(crate) fn definition(oid: u32) -> Option<&'static Definition> {
    static DEFINITIONS: LazyLock<HashMap<u32, Definition>> = LazyLock::new(|| {
        let known = lines("definitions").filter_map(|cells| {
            let [oid, text] = cells.as_slice() else { return None };
            Some((oid.parse().ok()?, both(text)))
        });
        known.collect()
    });
    DEFINITIONS.get(&oid)
}

/// Takes two texts in one apart: where they differ, `⟨what the full one has¦what the pretty one has⟩`.
fn both(text: &str) -> Definition {
    let (mut full, mut pretty) = (String::new(), String::new());
    for part in text.split('⟨') {
        let (apart, common) = part.split_once('⟩').unwrap_or(("", part));
        let (first, second) = apart.split_once('¦').unwrap_or_default();
        full.extend([first, common]);
        pretty.extend([second, common]);
    }
    Definition { full, pretty }
}

/// The relation `schema.name`.
pub(crate) fn relation(schema: &str, name: &str) -> Option<&'static SystemRelation> {
    // The map's keys are 'static; a lookup needs its own lifetime, hence the scan by range start.
    RELATIONS.iter().find(|((s, n), _)| *s == schema && *n == name).map(|(_, relation)| relation)
}

/// What `pg_get_keywords()` returns: no relation of its own in PostgreSQL, but scanned like one.
pub(crate) fn keywords() -> &'static SystemRelation {
    static KEYWORDS: LazyLock<SystemRelation> = LazyLock::new(|| {
        let column = |(name, kind)| SystemColumn { name, kind, not_null: false, collation: None };
        let columns = [
            ("word", "text"),
            ("catcode", "char"),
            ("barelabel", "bool"),
            ("catdesc", "text"),
            ("baredesc", "text"),
        ];
        let columns: Vec<SystemColumn> = columns.map(column).into();
        let fields = columns.iter().map(|column| Arc::new(field(column.name, column.kind)));
        SystemRelation {
            schema: "pg_catalog",
            name: "keywords",
            oid: 0,
            row_type: 0,
            kind: 'v',
            shared: false,
            acl: Cell::from(vec!["forebay=arwdDxt/forebay", "=r/forebay"]),
            options: Cell::Null,
            arrow: Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>())),
            columns,
            rows: OnceLock::new(),
        }
    });
    &KEYWORDS
}

/// All relations of `pg_catalog` and `information_schema`.
pub(crate) fn relations() -> impl Iterator<Item = &'static SystemRelation> {
    RELATIONS.values()
}

/// The static rows of `pg_catalog.name`; its name is ours, so a wrong one is our bug.
pub(crate) fn table(name: &str) -> &'static SystemRelation {
    relation("pg_catalog", name).expect("a relation PostgreSQL 15 has")
}

/// Rows of `pg_catalog.name` by their `oid`, which is their first column.
pub(crate) fn by_oid(name: &'static str) -> &'static HashMap<u32, &'static Row> {
    static INDEXES: LazyLock<BTreeMap<&'static str, OnceLock<HashMap<u32, &'static Row>>>> =
        LazyLock::new(|| {
            let names = ["pg_type", "pg_proc", "pg_operator", "pg_collation", "pg_authid"];
            names.into_iter().map(|name| (name, OnceLock::new())).collect()
        });
    let index = INDEXES.get(name).expect("a relation that is indexed");
    index.get_or_init(|| table(name).rows().iter().map(|row| (row[0].oid(), row)).collect())
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        fn text(name: &str) -> Option<&'static str> {
            match name {
                $($name => Some(include_str!(concat!("../../../sql/system/", $name, ".txt"))),)*
                _ => None,
            }
        }
    };
}
files!(
    "pg_type",
    "pg_proc",
    "pg_operator",
    "pg_cast",
    "pg_aggregate",
    "pg_amop",
    "pg_amproc",
    "pg_am",
    "pg_init_privs",
    "pg_language",
    "pg_tablespace",
    "pg_collation",
    "pg_range",
    "pg_opclass",
    "pg_opfamily",
    "pg_conversion",
    "pg_ts_config",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
    "pg_description",
    "pg_authid",
    "pg_auth_members",
    "pg_settings",
    "pg_timezone_abbrevs",
    "pg_constraint",
    "pg_depend",
    "pg_extension",
    "pg_rewrite",
    "pg_ts_config_map",
    "definitions",
    "proc_bodies",
    "proc_defaults",
    "ts_token_type",
    "indexes",
    "toast",
    "keywords",
    "information_schema.sql_features",
    "information_schema.sql_implementation_info",
    "information_schema.sql_parts",
    "information_schema.sql_sizing",
);

fn file(schema: &str, name: &str) -> Option<&'static str> {
    if schema == "pg_catalog" { text(name) } else { text(&format!("{schema}.{name}")) }
}

/// The lines of a file that is no relation, as texts.
pub(crate) fn lines(name: &str) -> impl Iterator<Item = Vec<Cow<'static, str>>> {
    let text = text(name).unwrap_or_default();
    text.lines()
        .map(|line| line.split('\t').map(|cell| unescape(cell).unwrap_or_default()).collect())
}

fn decode(text: &'static str, schema: &SchemaRef) -> Vec<Row> {
    let rows = text.lines().map(|line| {
        let cells = line.split('\t').zip(schema.fields());
        cells.map(|(cell, field)| value(cell, field.data_type())).collect()
    });
    rows.collect()
}

/// One cell of COPY text as the storage type `data_type`.
fn value(cell: &'static str, data_type: &DataType) -> Cell {
    if cell == "\\N" {
        return Cell::Null;
    }
    match data_type {
        DataType::Boolean => Cell::Bool(cell == "t"),
        DataType::Int16 | DataType::Int32 | DataType::Int64 => {
            cell.parse().map_or(Cell::Int(0), Cell::Int)
        }
        DataType::Float32 | DataType::Float64 => cell.parse().map_or(Cell::Null, Cell::Float),
        DataType::Interval(_) => Cell::Int(seconds(cell)),
        DataType::List(item) => list(cell, item.data_type()),
        _ => unescape(cell).map_or(Cell::Null, Cell::Text),
    }
}

/// A list: `{a,"b c"}`, or numbers between blanks for int2vector and oidvector.
fn list(cell: &'static str, item: &DataType) -> Cell {
    if cell == "\\N" {
        return Cell::Null;
    }
    let Some(body) = cell.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Cell::List(cell.split_whitespace().map(|part| value(part, item)).collect());
    };
    let body = unescape(body).unwrap_or_default();
    let mut items = Vec::new();
    let mut rest = body.chars().peekable();
    while rest.peek().is_some() {
        let mut part = String::new();
        let mut quoted = false;
        while let Some(c) = rest.next() {
            match c {
                '"' => quoted = !quoted,
                '\\' => part.extend(rest.next()),
                ',' if !quoted => break,
                other => part.push(other),
            }
        }
        items.push(match item {
            DataType::Utf8 => Cell::Text(Cow::Owned(part)),
            _ => part.parse().map_or(Cell::Null, Cell::Int),
        });
    }
    Cell::List(items)
}

/// `-03:30:00` in seconds.
fn seconds(text: &str) -> i64 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    sign * digits.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap_or(0))
}

/// Undoes COPY's escapes; `None` is NULL.
fn unescape(cell: &'static str) -> Option<Cow<'static, str>> {
    if cell == "\\N" {
        return None;
    }
    if !cell.contains('\\') {
        return Some(Cow::Borrowed(cell));
    }
    let mut text = String::with_capacity(cell.len());
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some(other) => text.push(other),
            None => {}
        }
    }
    Some(Cow::Owned(text))
}

/// What functions of one name there are.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FunctionKinds {
    pub(crate) plain: bool,
    pub(crate) aggregate: bool,
    pub(crate) window: bool,
    /// Whether one of them returns a set.
    pub(crate) set: bool,
    /// Whether a plain one takes no argument.
    pub(crate) bare: bool,
    /// The fewest and the most arguments that one of them takes; none where there is none of that name.
    arguments: Option<(usize, usize)>,
}

impl FunctionKinds {
    /// Whether one of them may take so many arguments.
    pub(crate) fn takes(&self, count: usize) -> bool {
        self.arguments.is_some_and(|(fewest, most)| (fewest..=most).contains(&count))
    }
}

/// What functions PostgreSQL has by the name `name`; `None` for none.
pub(crate) fn function_kinds(name: &str) -> Option<FunctionKinds> {
    static KINDS: LazyLock<HashMap<String, FunctionKinds>> = LazyLock::new(|| {
        let table = table("pg_proc");
        let [name, kind, set, arguments, defaults, variadic] =
            ["proname", "prokind", "proretset", "proargtypes", "pronargdefaults", "provariadic"]
                .map(|name| table.index(name));
        let mut kinds: HashMap<String, FunctionKinds> = HashMap::new();
        for row in table.rows() {
            let Cell::Text(name) = &row[name] else { continue };
            let own = kinds.entry(name.to_string()).or_default();
            match &row[kind] {
                Cell::Text(kind) if kind == "a" => own.aggregate = true,
                Cell::Text(kind) if kind == "w" => own.window = true,
                _ => {
                    own.plain = true;
                    own.bare |= matches!(&row[arguments], Cell::List(types) if types.is_empty());
                }
            }
            own.set |= row[set] == Cell::Bool(true);
            let count = row[arguments].items().len();
            let given = usize::try_from(row[defaults].int()).unwrap_or(0);
            let most = if row[variadic].oid() == 0 { count } else { usize::MAX };
            let (least, before) = own.arguments.unwrap_or((count, most));
            own.arguments = Some((least.min(count.saturating_sub(given)), before.max(most)));
        }
        kinds
    });
    KINDS.get(name).copied()
}

/// Whether PostgreSQL keeps the relation `pg_catalog.name` once for all databases.
pub(crate) fn table_is_shared(name: &str) -> bool {
    relation("pg_catalog", name).is_some_and(|relation| relation.shared)
}

/// Whether `word` is a keyword that needs quotes to be an identifier: any but the unreserved ones.
pub(crate) fn reserved(word: &str) -> bool {
    static WORDS: LazyLock<std::collections::HashSet<Cow<'static, str>>> = LazyLock::new(|| {
        let quoted = lines("keywords").filter(|cells| cells.get(1).is_some_and(|code| code != "U"));
        quoted.filter_map(|cells| cells.into_iter().next()).collect()
    });
    WORDS.contains(word)
}

/// Whether `word` is a keyword that cannot be the name of a table without quotes.
pub(crate) fn is_no_table(word: &str) -> bool {
    static WORDS: LazyLock<std::collections::HashSet<Cow<'static, str>>> = LazyLock::new(|| {
        let reserved = |code: &Cow<'static, str>| matches!(code.as_ref(), "R" | "T");
        let quoted = lines("keywords").filter(|cells| cells.get(1).is_some_and(reserved));
        quoted.filter_map(|cells| cells.into_iter().next()).collect()
    });
    WORDS.contains(word)
}
