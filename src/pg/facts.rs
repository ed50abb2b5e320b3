//! What a statement's catalogs and session functions answer from: one generation, one session, one moment.
//!
//! The session builds one [`Facts`] per statement; it is cheap (shared pointers and short strings) and never changes,
//! so that every relation and function of one statement tells the same story.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;

use datafusion::logical_expr::TableSource;

use crate::catalog::Generation;
use crate::catalog::generation::{Database, RelationIds, Version};
use crate::catalog::manifest::Table;
use crate::catalog::roles::{BOOTSTRAP_ROLE, Privilege, Target};
use crate::catalog::table::Table as WrittenTable;
use crate::catalog::view::View;
use crate::catalog::written::DATABASE_OWNER;
use crate::error::{Error, Result};
use crate::pg::catalog::index::Index;
use crate::rows::Rows;
use crate::sequence;

/// What is read in the place of a log.
#[derive(Clone)]
pub struct Instead {
    /// `pg_class.oid` of the log.
    pub log: u32,
    /// What is read.
    pub source: Arc<dyn TableSource>,
}

impl std::fmt::Debug for Instead {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "instead of {}", self.log)
    }
}

/// What one statement knows of the catalog and of its session.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The pinned generation.
    pub generation: Arc<Generation>,
    /// `current_user`.
    pub user: String,
    /// Whose privileges count where they are not the user's: a view reads with those of its owner.
    pub reader: Option<String>,
    /// `session_user`.
    pub session_user: String,
    /// `current_database()`: the connected `dbname`.
    pub database: String,
    /// The effective search path: existing schemas only. See [`Facts::searched`].
    pub search_path: Vec<String>,
    /// `forebay.show_versions`: whether versions appear as schemas.
    pub show_versions: bool,
    /// The version each pinned database means in this session.
    pub pins: BTreeMap<String, String>,
    /// `pg_backend_pid()`.
    pub pid: i32,
    /// `inet_client_addr()` and port; `None` for a Unix socket.
    pub client: Option<SocketAddr>,
    /// `inet_server_addr()` and port.
    pub server: Option<SocketAddr>,
    /// `now()`, in microseconds since the Unix epoch.
    pub transaction_at_us: i64,
    /// `statement_timestamp()`, in microseconds since the Unix epoch.
    pub statement_at_us: i64,
    /// `pg_postmaster_start_time()`, in microseconds since the Unix epoch.
    pub started_at_us: i64,
    /// Every setting's value by its lower-case name.
    pub settings: Arc<BTreeMap<String, String>>,
    /// `pg_prepared_statements`.
    pub prepared: Arc<[PreparedRow]>,
    /// `pg_cursors`.
    pub cursors: Arc<[CursorRow]>,
    /// `pg_listening_channels()`.
    pub listening: Vec<String>,
    /// `pg_stat_activity`: every live session.
    pub activity: Arc<[ActivityRow]>,
    /// Relations that are no tables of a version: system views of `forebay`, logs, views, sequences.
    pub others: Arc<[OtherRelation]>,
    /// The session's temporary tables, once it has made one.
    pub temporary: Option<Arc<Temporary>>,
    /// What the session knows of sequences.
    pub sequences: Option<Arc<sequence::Session>>,
    /// The table that a statement changes, as its queries see it: under its name with [`CHANGING`].
    pub changing: Option<Arc<Changing>>,
    /// Of a query that is made to follow a log: the log's OID, and what is read in its place.
    pub instead: Option<Instead>,
    /// Where queries leave what they ask to set.
    pub wishes: Wishes<Wish>,
    /// Where queries leave which sessions they ask to stop.
    pub signals: Wishes<Signal>,
    /// What the catalogs look names and OIDs up in; starts empty and fills itself on first use.
    pub names: Names,
}

/// What calls within queries asked for and only the session can do: `set_config` before its next statement, for a query
/// cannot change its session; `pg_terminate_backend` and its like when the statement ends. Clones share the list.
#[derive(Debug, Clone)]
pub struct Wishes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Default for Wishes<T> {
    fn default() -> Wishes<T> {
        Wishes(Arc::default())
    }
}

/// One setting that a query asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// `None` is DEFAULT.
    pub value: Option<String>,
    /// Until the end of the transaction only.
    pub local: bool,
}

impl Wish {
    /// Whether both are of one setting, for as long.
    pub fn same(&self, other: &Wish) -> bool {
        self.name.eq_ignore_ascii_case(&other.name) && self.local == other.local
    }
}

/// A session that a query asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Its process number.
    pub pid: i32,
    /// Whether to end it, or only its statement.
    pub terminate: bool,
    /// Whether there was such a session, and the user may stop it: one that comes later under that number is not meant.
    pub known: bool,
}

/// Whether `user` may stop a session of `owner`.
/// Errors: 42501.
pub fn signalable(owner: &str, user: &str, superuser: bool, terminate: bool) -> Result<()> {
    if owner == user || superuser {
        return Ok(());
    }
    let verb = if terminate { "process is being terminated" } else { "query is being canceled" };
    let message =
        format!("must be a member of the role whose {verb} or member of pg_signal_backend");
    Err(Error::InsufficientPrivilege(message))
}

/// Things that one query may ask for: a setting for every row of a table would take the server's memory.
const WISHES_MAX: usize = 1_000;

impl<T> Wishes<T> {
    /// Adds one, in the place of what was asked for the same thing before.
    /// Errors: 54000 for more than a query may ask for.
    pub fn add(&self, wish: T, same: impl Fn(&T, &T) -> bool) -> Result<()> {
        let mut wishes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wishes.retain(|own| !same(own, &wish));
        if WISHES_MAX <= wishes.len() {
            let message =
                format!("a query cannot change more than {WISHES_MAX} things of sessions");
            return Err(Error::ProgramLimitExceeded(message));
        }
        wishes.push(wish);
        Ok(())
    }

    /// All of them, in their order; none is left.
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Names and OIDs of a generation, gathered when a statement first asks. Clones share them: statements of one
/// generation, one `forebay.show_versions` and the same pins may have one.
#[derive(Debug, Clone, Default)]
pub struct Names(Arc<OnceLock<Index>>);

/// What PostgreSQL's role `pg_monitor` is a member of.
const OF_MONITOR: [&str; 3] = ["pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"];

/// One row of `pg_prepared_statements`.
#[derive(Debug, Clone, Default)]
pub struct PreparedRow {
    /// Its name.
    pub name: String,
    /// Its text.
    pub statement: String,
    /// When it was prepared, microseconds since the Unix epoch.
    pub prepared_at_us: i64,
    /// Type OIDs of its parameters.
    pub parameter_types: Vec<u32>,
    /// Whether SQL `PREPARE` made it.
    pub from_sql: bool,
}

/// One row of `pg_cursors`.
#[derive(Debug, Clone, Default)]
pub struct CursorRow {
    /// Its name.
    pub name: String,
    /// The text that declared it.
    pub statement: String,
    /// `WITH HOLD`.
    pub holdable: bool,
    /// `BINARY`.
    pub binary: bool,
    /// `SCROLL`.
    pub scrollable: bool,
    /// When it was declared, microseconds since the Unix epoch.
    pub created_at_us: i64,
}

/// One row of `pg_stat_activity`.
#[derive(Debug, Clone, Default)]
pub struct ActivityRow {
    /// Its process number.
    pub pid: i32,
    /// The connected `dbname`.
    pub database: String,
    /// Its role.
    pub user: String,
    /// `application_name`.
    pub application_name: String,
    /// Where from.
    pub client: Option<SocketAddr>,
    /// When it connected, microseconds since the Unix epoch.
    pub backend_start_us: i64,
    /// When its transaction began.
    pub xact_start_us: Option<i64>,
    /// When its latest statement began.
    pub query_start_us: Option<i64>,
    /// When its state last changed.
    pub state_change_us: Option<i64>,
    /// `active`, `idle`, `idle in transaction`, `idle in transaction (aborted)`.
    pub state: String,
    /// Its latest statement.
    pub query: Arc<str>,
}

/// A relation that is not a table of a version.
#[derive(Debug, Clone)]
pub struct OtherRelation {
    /// Its schema: a database, or [`FOREBAY_SCHEMA`].
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its identifiers.
    pub ids: RelationIds,
    /// `pg_class.relkind`: `v` view, `m` materialized view, `r` table, `S` sequence.
    pub kind: char,
    /// Its columns.
    pub columns: SchemaRef,
    /// Its rows, when known.
    pub rows: Option<u64>,
    /// Its size on disk.
    pub bytes: u64,
    /// The text that defines a view.
    pub definition: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
}

/// The temporary tables and views of one session. Never changes: what changes one makes another of these.
#[derive(Debug, Clone)]
pub struct Temporary {
    /// Their schema: `pg_temp_` and the session's process number.
    pub schema: String,
    /// A number that no other state of this session's tables has, for plans hold the rows they read.
    pub state: u64,
    /// By name.
    pub tables: BTreeMap<String, Arc<TemporaryTable>>,
    /// Views, which only their session sees too, by name.
    pub views: BTreeMap<String, Arc<View>>,
}

/// A table that only its session sees, and that ends with it.
#[derive(Debug, Clone)]
pub struct TemporaryTable {
    /// How it is defined.
    pub table: Arc<WrittenTable>,
    /// Its rows.
    pub rows: Arc<Rows>,
    /// What the end of a transaction does to it.
    pub on_commit: OnCommit,
}

/// What the end of a transaction does to a temporary table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "PostgreSQL's words")]
pub enum OnCommit {
    PreserveRows,
    DeleteRows,
    Drop,
}

/// What a session may call the schema of its temporary tables, beside its name.
pub const TEMPORARY_ALIAS: &str = "pg_temp";

/// What follows the name of a table where a statement changes it: elsewhere in the statement the name means the table as it
/// was. A control character, so that no name ends so.
pub const CHANGING: &str = "\u{1}changing";

/// The column with the number of a row of such a table.
pub const ROW: &str = "\u{1}row";

/// The table of the rows that ON CONFLICT keeps from coming.
pub const EXCLUDED: &str = "\u{1}excluded";

/// The name that stands for the default of a column.
pub const DEFAULT: &str = "\u{1}default";

impl Temporary {
    /// Whether `schema` names theirs.
    pub fn named(&self, schema: &str) -> bool {
        schema == TEMPORARY_ALIAS || schema == self.schema
    }
}

impl TemporaryTable {
    /// The same without rows.
    #[must_use]
    pub fn emptied(&self) -> TemporaryTable {
        TemporaryTable { rows: Arc::new(self.table.no_rows()), ..self.clone() }
    }
}

/// A table whose rows change, as the queries see it that say which and how, that check and that tell of them.
#[derive(Debug, Clone)]
pub struct Changing {
    /// Its rows, or those of them that are meant.
    pub target: Seen,
    /// Rows that ON CONFLICT keeps from coming.
    pub excluded: Option<Seen>,
}

/// Rows with their columns.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The columns.
    pub columns: SchemaRef,
    /// The rows.
    pub rows: Vec<RecordBatch>,
}

/// The schema of Forebay's own views and functions (DESIGN 5.3).
pub const FOREBAY_SCHEMA: &str = "forebay";
/// `pg_namespace.oid` of [`FOREBAY_SCHEMA`]; PostgreSQL hands out none between 9000 and 9999 for schemas.
pub const FOREBAY_SCHEMA_OID: u32 = 9_990;
/// `pg_database.oid` of the one database a connection sees: none of PostgreSQL's own, for tools leave those out, and none
/// that the catalog hands out, for tools look for what depends on a number whatever it is of.
pub const DATABASE_OID: u32 = 2_147_483_647;
/// `pg_authid.oid` of the bootstrap role, which owns everything (PostgreSQL's `BOOTSTRAP_SUPERUSERID`).
pub const BOOTSTRAP_ROLE_OID: u32 = 10;

/// `pg_authid.oid` of [`DATABASE_OWNER`].
const DATABASE_OWNER_OID: u32 = 6_171;

/// A schema name taken apart: the database, its version, and whether the name is bare.
#[derive(Debug, Clone)]
pub struct Schema<'a> {
    /// The database.
    pub database: &'a Arc<Database>,
    /// The version the name means.
    pub version: &'a Arc<Version>,
    /// Whether the name is the database's own (current or pinned version), not `database@version`.
    pub bare: bool,
}

impl Facts {
    /// What the schema `name` means: `sales` is the pinned, else the current version; `sales@prod` is that version or
    /// alias. `None` when there is no such database, version or alias, or nothing is active yet.
    pub fn schema<'a>(&'a self, name: &str) -> Option<Schema<'a>> {
        if let Some(database) = self.generation.database(name) {
            let version = match self.pins.get(name) {
                Some(pin) => database.resolve(pin)?,
                None => database.current_version()?,
            };
            return Some(Schema { database, version, bare: true });
        }
        let (database, version) = name.split_once('@')?;
        let database = self.generation.database(database)?;
        Some(Schema { database, version: database.resolve(version)?, bare: false })
    }

    /// Whether there is a schema of that name, whatever is in it.
    pub fn has_schema(&self, name: &str) -> bool {
        matches!(name, "pg_catalog" | "information_schema" | FOREBAY_SCHEMA)
            || self.generation.schema(name).is_some()
            || self.schema(name).is_some()
    }

    /// The table `name` of the schema `schema` (see [`Facts::schema`]) with its identifiers.
    pub fn table(&self, schema: &str, name: &str) -> Option<(Arc<Table>, RelationIds)> {
        let found = self.schema(schema)?;
        let table = found.version.manifest.tables.get(name)?;
        let ids = found.database.relations.get(name)?;
        Some((Arc::clone(table), *ids))
    }

    /// The schemas a bare name is looked for in: temporary tables and what is PostgreSQL's own first, unless the search
    /// path has a place for the latter.
    pub(crate) fn searched(&self) -> impl Iterator<Item = &str> {
        let temporary = self.temporary.as_ref().map(|temporary| temporary.schema.as_str());
        let named = self.search_path.iter().any(|schema| schema == "pg_catalog");
        let own = (!named).then_some("pg_catalog");
        temporary.into_iter().chain(own).chain(self.search_path.iter().map(String::as_str))
    }

    /// The temporary table of that name that a statement means by `schema` and `name`.
    pub fn temporary(&self, schema: Option<&str>, name: &str) -> Option<&Arc<TemporaryTable>> {
        let temporary = self.temporary.as_ref()?;
        let meant = schema.is_none_or(|schema| temporary.named(schema));
        temporary.tables.get(name).filter(|_| meant)
    }

    /// The table that users write which a statement means, with its schema; no temporary one. `None` where the name means
    /// something else, or nothing.
    pub fn written(&self, schema: Option<&str>, name: &str) -> Option<(String, Arc<WrittenTable>)> {
        let own = |schema: &str| {
            let table = self.generation.table(schema, name)?;
            Some((schema.to_owned(), Arc::clone(table)))
        };
        if let Some(schema) = schema {
            return own(schema);
        }
        if self.is_temporary(name) {
            return None;
        }
        self.along_the_path(name, own)
    }

    /// The view that a statement means, with its schema. `None` where the name means something else, or nothing.
    pub fn view(&self, schema: Option<&str>, name: &str) -> Option<(String, Arc<View>)> {
        let temporary = |schema: Option<&str>| {
            let temporary = self.temporary.as_ref()?;
            let meant = schema.is_none_or(|schema| temporary.named(schema));
            let view = temporary.views.get(name).filter(|_| meant)?;
            Some((temporary.schema.clone(), Arc::clone(view)))
        };
        let own = |schema: &str| {
            let view = self.generation.view(schema, name)?;
            Some((schema.to_owned(), Arc::clone(view)))
        };
        if let Some(schema) = schema {
            return own(schema).or_else(|| temporary(Some(schema)));
        }
        if self.is_temporary(name) {
            return temporary(None);
        }
        self.along_the_path(name, own)
    }

    /// What the first schema of the search path that has a relation of that name has, if it is what `own` looks for.
    fn along_the_path<T>(&self, name: &str, own: impl Fn(&str) -> Option<T>) -> Option<T> {
        for schema in &self.search_path {
            match own(schema) {
                Some(found) => return Some(found),
                None if self.has_relation(schema, name) => return None,
                None => {}
            }
        }
        None
    }

    /// Whether the session has a temporary table or view of that name.
    fn is_temporary(&self, name: &str) -> bool {
        self.temporary.as_ref().is_some_and(|temporary| {
            temporary.tables.contains_key(name) || temporary.views.contains_key(name)
        })
    }

    /// Whether a schema has a table, a view or a sequence of that name.
    fn has_relation(&self, schema: &str, name: &str) -> bool {
        let generation = &self.generation;
        self.table(schema, name).is_some()
            || generation.table(schema, name).is_some()
            || generation.view(schema, name).is_some()
            || generation.sequence(schema, name).is_some()
    }

    /// The role whose privileges count.
    pub fn reader(&self) -> &str {
        self.reader.as_ref().unwrap_or(&self.user)
    }

    /// The same within a view: names mean what they meant when it was made, and its owner reads.
    pub(crate) fn of_view(&self, view: &View) -> Facts {
        let known = |name: &&String| self.has_schema(name);
        Facts {
            search_path: view.search_path.iter().filter(known).cloned().collect(),
            reader: match view.reads_as_its_owner() {
                true => Some(view.owner.clone()),
                false => self.reader.clone(),
            },
            changing: None,
            ..self.clone()
        }
    }

    /// The first table of a version called `name` along the search path, with its schema. `None` where something that users
    /// make is called so.
    pub fn visible(&self, name: &str) -> Option<(String, Arc<Table>, RelationIds)> {
        if self.is_temporary(name) {
            return None;
        }
        for schema in &self.search_path {
            if let Some((table, ids)) = self.table(schema, name) {
                return Some((schema.clone(), table, ids));
            }
            if self.has_relation(schema, name) {
                return None;
            }
        }
        None
    }

    /// Whether [`Facts::index`] is there already: to make it takes long where there are many tables.
    pub(crate) fn is_indexed(&self) -> bool {
        self.names.0.get().is_some()
    }

    /// Names and OIDs of everything these facts tell of.
    pub(crate) fn index(&self) -> &Index {
        self.names.0.get_or_init(|| Index::new(self))
    }

    /// Whether `member` is `role`, a member of it directly or through others, or a superuser.
    /// `inherited` counts only memberships whose privileges need no `SET ROLE`.
    pub(crate) fn member(&self, member: &str, role: &str, inherited: bool) -> bool {
        if member == role || self.superuser(member) {
            return true;
        }
        let mut seen = vec![member];
        let mut index = 0;
        while let Some(name) = seen.get(index).copied() {
            index += 1;
            let granted: Vec<&str> = match self.generation.roles.get(name) {
                Some(known) if inherited && !known.inherit => continue,
                Some(known) => known.member_of.iter().map(String::as_str).collect(),
                None if name == "pg_monitor" => OF_MONITOR.to_vec(),
                None => continue,
            };
            for next in granted {
                if next == role {
                    return true;
                }
                if !seen.contains(&next) {
                    seen.push(next);
                }
            }
        }
        false
    }

    /// Whether the user may do what only `owner` may.
    pub(crate) fn owns(&self, owner: &str) -> bool {
        self.superuser(&self.user) || self.member(&self.user, owner, true)
    }

    /// Whether `role` was granted `privilege` on `target`, itself, through membership or as everybody.
    pub(crate) fn granted(&self, role: &str, target: &Target, privilege: Privilege) -> bool {
        self.superuser(role)
            || self.generation.grants.iter().any(|grant| {
                grant.privilege == privilege
                    && grant.target == *target
                    && (grant.grantee == "public" || self.member(role, &grant.grantee, true))
            })
    }

    /// The value of the setting `name`, whatever its case.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The OID of the role `name`; the bootstrap role exists even while no role does.
    pub fn role_oid(&self, name: &str) -> Option<u32> {
        match self.generation.roles.get(name) {
            Some(role) => Some(role.oid),
            None if name == BOOTSTRAP_ROLE => Some(BOOTSTRAP_ROLE_OID),
            None if name == DATABASE_OWNER => Some(DATABASE_OWNER_OID),
            None => None,
        }
    }

    /// The role with this OID.
    pub fn role_name(&self, oid: u32) -> Option<&str> {
        let named = self.generation.roles.values().find(|role| role.oid == oid);
        match named {
            Some(role) => Some(&role.name),
            None if oid == BOOTSTRAP_ROLE_OID => Some(BOOTSTRAP_ROLE),
            None => None,
        }
    }

    /// Whether the role `name` may do everything: a superuser, or the bootstrap role while no role exists.
    pub fn superuser(&self, name: &str) -> bool {
        match self.generation.roles.get(name) {
            Some(role) => role.superuser,
            None => name == BOOTSTRAP_ROLE,
        }
    }
}
