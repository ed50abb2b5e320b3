//! The immutable value of the whole catalog as of one LSN.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::log::Log;
use super::manifest::Manifest;
use super::roles::{DefaultPrivilege, Grant, Role};
use super::written::{Position, Schema};
use crate::rows::Rows;

/// The whole catalog as of one LSN. A statement pins exactly one; it never changes after it is published.
#[derive(Debug, Clone, Default)]
pub struct Generation {
    /// The journal position this value is folded up to.
    pub lsn: u64,
    /// Which definitions these are: what is made of names, types and privileges holds as long as this does.
    pub defined: Defined,
    /// Databases by name; each is a SQL schema.
    pub databases: BTreeMap<String, Arc<Database>>,
    /// Schemas that users make things in, by name.
    pub schemas: BTreeMap<String, Arc<Schema>>,
    /// How far sequences have come, by OID. A move is no other definition.
    pub positions: Arc<BTreeMap<u32, Position>>,
    /// What tables that users write hold, by OID. A change of rows is no other definition.
    pub rows: Arc<BTreeMap<u32, Arc<Rows>>>,
    /// What logs have beside the rows among those, by OID. A segment more or less is no other definition.
    pub logs: Arc<BTreeMap<u32, Arc<Log>>>,
    /// Roles by name. Empty: loopback connections are the superuser `forebay`.
    pub roles: BTreeMap<String, Arc<Role>>,
    /// What roles were granted on schemas and tables.
    pub grants: Arc<BTreeSet<Grant>>,
    /// What new tables of a schema are granted when they appear (`ALTER DEFAULT PRIVILEGES`).
    pub default_privileges: Arc<BTreeSet<DefaultPrivilege>>,
    /// Databases whose refresh is paused; `*` pauses all. Survives restarts.
    pub paused: BTreeSet<String>,
    /// The next object identifier to hand out; below it all are taken for good.
    pub next_oid: u32,
}

/// A state of all definitions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defined {
    /// The LSN of the last commit that changed a definition.
    pub lsn: u64,
    /// Which draft of a transaction it is, whose changes nobody else sees yet; 0 for what is committed.
    pub draft: u64,
}

/// One first-level directory of the source root.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its name, and the schema's.
    pub name: String,
    /// The schema's OID.
    pub oid: u32,
    /// The version the bare schema name means; `None` until one was activated.
    pub current: Option<String>,
    /// The greatest version ever activated: the current version moves by itself only past it, so that a rollback
    /// is not undone by the next refresh (prior S21).
    pub high_water: Option<String>,
    /// Loaded versions by name, in bytewise order.
    pub versions: BTreeMap<String, Arc<Version>>,
    /// Aliases by name.
    pub aliases: BTreeMap<String, Alias>,
    /// Moves of aliases and their removals, oldest first, bounded by [`HISTORY_LEN_MAX`].
    pub alias_history: Vec<Arc<AliasMove>>,
    /// What was current when, oldest first, bounded by [`HISTORY_LEN_MAX`].
    pub activations: Vec<Arc<Activation>>,
    /// OIDs of every table name this database ever had; a table keeps its OIDs through all versions.
    /// Shared, as there may be many and few commits add one.
    pub relations: Arc<BTreeMap<String, RelationIds>>,
}

/// Moves remembered per database. `FOR TIMESTAMP AS OF` answers only within them; at one activation an hour this is
/// over a year.
pub const HISTORY_LEN_MAX: usize = 10_000;

/// One loaded, immutable version. Dropping the last `Arc` allows its local files to be removed.
#[derive(Debug)]
pub struct Version {
    /// Its name.
    pub name: String,
    /// When it was loaded, in microseconds since the Unix epoch.
    pub loaded_at_us: i64,
    /// What it holds.
    pub manifest: Arc<Manifest>,
}

/// A second name for a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The version it names.
    pub version: String,
    /// `sql` for a function call, `source` for an `_ALIAS` file in the source root.
    pub origin: AliasOrigin,
    /// When it was set, in microseconds since the Unix epoch.
    pub set_at_us: i64,
    /// The role that set it; empty for the source root.
    pub set_by: String,
}

/// Who made an alias; one made by the source root follows its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasOrigin {
    /// `forebay.set_alias`.
    Sql,
    /// An `_ALIAS` or `_SYMLINK` file.
    Source,
}

/// One entry of `forebay.alias_history`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasMove {
    /// The alias.
    pub alias: String,
    /// What it named before.
    pub from: Option<String>,
    /// What it names now; `None` when it was dropped.
    pub to: Option<String>,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// The role that did it; empty for the source root.
    pub by: String,
}

/// One entry of `forebay.activations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// What was current before.
    pub from: Option<String>,
    /// What became current.
    pub to: String,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// The role that did it; empty for a refresh.
    pub by: String,
    /// `refresh`, `activate`, `rollback` or `swap`.
    pub cause: String,
}

/// The identifiers PostgreSQL's catalogs show for one table name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelationIds {
    /// `pg_class.oid`.
    pub relation: u32,
    /// `pg_type.oid` of its row type.
    pub row_type: u32,
    /// `pg_type.oid` of the array of its row type.
    pub array_type: u32,
}

impl Generation {
    /// The database called `name`.
    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(name)
    }
}

impl Database {
    /// The version that is current.
    pub fn current_version(&self) -> Option<&Arc<Version>> {
        self.versions.get(self.current.as_deref()?)
    }

    /// The version called `name`, directly or through an alias. A version wins over an alias of the same name.
    pub fn resolve(&self, name: &str) -> Option<&Arc<Version>> {
        self.versions.get(name).or_else(|| self.versions.get(&self.aliases.get(name)?.version))
    }
}
