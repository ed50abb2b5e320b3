//! What may be asked of the catalog.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::generation::AliasOrigin;
use super::log::{Hold, Segment, SegmentFile};
use super::manifest::Manifest;
use super::roles::{DefaultPrivilege, Grant, Privilege, Role, Target};
use super::table::Table;
use super::view::View;
use super::written::{Position, Sequence};
use crate::rows;

/// One wish. All changes of one commit happen, or none; each is checked after those before it.
///
/// `expected`, where there is one, is what the caller believes to be so: `None` does not check, anything else fails
/// with 40001 when it is not so.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are named like what they are in a generation")]
pub enum Change {
    /// A version was loaded. A database that is new gets an OID, and so do new names of tables, in bytewise order;
    /// new tables are granted what the default privileges say.
    /// Errors: 22023 for a bad name, 42710 when the version is there or an alias has its name.
    AddVersion { manifest: Arc<Manifest> },
    /// A version is to be forgotten. Errors: 42704; 55000 while it is current or an alias names it.
    RemoveVersion { database: String, version: String },
    /// Versions become current, all at once. A move to what is current already changes nothing.
    /// Errors: 42704 unknown database or version, 40001.
    Activate { moves: Vec<Move>, cause: String, by: String },
    /// An alias is made or moved. Errors: 22023 for a bad name, 42939 for `latest`, `current` and `previous`, 42710
    /// when a version has its name, 42704 unknown database or target (an alias is no target), 40001.
    SetAlias {
        database: String,
        alias: String,
        version: String,
        expected: Option<Option<String>>,
        origin: AliasOrigin,
        by: String,
    },
    /// An alias is removed. Errors: 42704, 40001.
    DropAlias { database: String, alias: String, expected: Option<String>, by: String },
    /// A database vanished, with its versions, aliases, grants and default privileges. Errors: 42704.
    DropDatabase { database: String },
    /// Refresh of a database, or with `*` of all, is paused or resumed. The database need not exist yet.
    SetPaused { database: String, paused: bool },
    /// A role is made; without an OID it is given one. Errors: 42710; 42939 for `public`, `none` and `pg_…`; 42704 for a
    /// role it is to be a member of.
    CreateRole(Role),
    /// A role is changed. Errors: 42704; as `CreateRole` for a new name.
    AlterRole { name: String, changes: RoleChanges },
    /// A role is removed. Errors: 42704; 2BP01 while grants, memberships or default privileges mention it.
    DropRole { name: String },
    /// `member` becomes a member of `role`. Errors: 42704; 0LP01 for a loop.
    GrantMembership { role: String, member: String },
    /// `member` is no longer a member of `role`; no error when it was none. Errors: 42704.
    RevokeMembership { role: String, member: String },
    /// Privileges are granted. Errors: 3F000, 42P01, 42704 for what does not exist; 0LP01 for a privilege its target
    /// cannot have and for grant options to `public`.
    Grant(Vec<Grant>),
    /// A privilege, or the option to grant it on, is taken away, whoever granted it; no error when there is none.
    /// Errors: 42704; 2BP01 when the grantee has granted it on.
    Revoke { target: Target, grantee: String, privilege: Privilege, grant_option_only: bool },
    /// A schema is made, with an OID of [`super::Catalog::take_oids`]. Errors: 42P06, also for a database of that name; 42939
    /// for `pg_…` and our own; 42704 for its owner.
    CreateSchema { name: String, oid: u32, owner: String },
    /// A schema gets another name or owner. Errors: 3F000; as `CreateSchema`.
    AlterSchema { name: String, rename: Option<String>, owner: Option<String> },
    /// A schema gets a comment, or none. Errors: 3F000.
    CommentOnSchema { name: String, text: Option<String> },
    /// A schema is removed, with what is in it where `cascade` says so. Errors: 3F000; 2BP01.
    DropSchema { name: String, cascade: bool },
    /// A sequence is made, or one is put in the place of `was`, its schema and definition as the caller knows them.
    /// `position` moves it too; the first always has one. Errors: 3F000, 42P07; 40001 when `was` is not so.
    PutSequence {
        was: Option<(String, Arc<Sequence>)>,
        schema: String,
        sequence: Arc<Sequence>,
        position: Option<Position>,
    },
    /// A sequence is removed. Errors: 40001 when it is not there.
    DropSequence { schema: String, name: String, oid: u32 },
    /// A sequence comes to another position; `position.turn` is the one it is at now. Errors: 40001 when it is not, or the
    /// sequence is gone.
    MoveSequence { oid: u32, position: Position },
    /// A table is made, or one is put in the place of `was`, its schema and definition as the caller knows them. Its rows
    /// keep the columns that have the same number; `rows` are other ones in their place. `seen` is the revision of the rows
    /// that the caller has looked at.
    /// Errors: 3F000, 42P07; 40001 when `was` or `seen` is not so; 23505.
    PutTable {
        was: Option<(String, Arc<Table>)>,
        schema: String,
        table: Arc<Table>,
        seen: Option<u64>,
        rows: Option<RecordBatch>,
    },
    /// A table is removed, with the sequences that go with it. Errors: 40001 when it is not there; 2BP01 while a foreign key
    /// names it.
    DropTable { schema: String, name: String, oid: u32 },
    /// A view is made, or one is put in the place of `was`, its schema and definition as the caller knows them.
    /// Errors: 3F000, 42P07; 40001 when `was` is not so, or what it reads is gone; 42P17 for one that would read itself.
    PutView { was: Option<(String, Arc<View>)>, schema: String, view: Arc<View> },
    /// A view is removed. Errors: 40001 when it is not there; 2BP01 while another view reads it.
    DropView { schema: String, name: String, oid: u32 },
    /// Rows of tables go and come, all of them together. Errors: 40001 when a table or a row that is to go is not as the
    /// caller knows it; 23505, 23503; 53400 beyond the limit of all tables.
    WriteRows(Vec<RowsOf>),
    /// Rows of a log come that are in files already: they are one segment each, behind all rows there are. With `first`,
    /// that is the number the caller believes the first of them gets.
    /// Errors: 40001 when the table, or its end, is not as the caller knows it.
    AppendSegments { table: Arc<Table>, files: Vec<SegmentFile>, first: Option<i64> },
    /// A segment takes the place of the oldest rows of a log in memory. Errors: 40001 when they are not those it has.
    Seal { table: u32, segment: Segment },
    /// Segments of a log go, and another one may come in their place. Errors: 40001 when one is not there.
    ReplaceSegments { table: u32, removed: Vec<String>, added: Option<Segment> },
    /// What tables that appear later are granted. Errors: 3F000, 42704, 0LP01.
    AlterDefaultPrivileges { add: bool, privilege: DefaultPrivilege },
}

/// Rows that are written sooner than they are handed to another thread.
const FEW_ROWS: usize = 128;
const FEW_BYTES: usize = 32 << 10;

impl Change {
    /// Whether making it costs less than handing it to another thread, but for the sync.
    pub(super) fn is_small(&self) -> bool {
        let few = |change: &rows::Change| {
            let inserted = change.inserted.as_ref();
            let rows = inserted.map_or(0, RecordBatch::num_rows) + change.deleted.len();
            !change.all
                && rows <= FEW_ROWS
                && inserted.is_none_or(|new| rows::bytes(new) <= FEW_BYTES)
        };
        match self {
            Change::WriteRows(all) => all.iter().all(|(_, change)| few(change)),
            Change::MoveSequence { .. } => true,
            _ => false,
        }
    }

    /// What keeps the files that it names.
    pub(super) fn holds(&self) -> Vec<Hold> {
        let files: Vec<&SegmentFile> = match self {
            Change::AppendSegments { files, .. } => files.iter().collect(),
            Change::Seal { segment, .. } => vec![&segment.file],
            Change::ReplaceSegments { added, .. } => added.iter().map(|it| &it.file).collect(),
            _ => Vec::new(),
        };
        files.into_iter().filter_map(|file| file.hold.clone()).collect()
    }
}

/// A table, and what its rows become.
pub type RowsOf = (Arc<Table>, Arc<rows::Change>);

/// One database's part of an activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The database.
    pub database: String,
    /// What becomes current: a version, not an alias.
    pub version: String,
    /// What the caller believes to be current.
    pub expected: Option<Option<String>>,
}

/// What of a role changes; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of Role")]
pub struct RoleChanges {
    /// The new name; grants, memberships and default privileges follow it.
    pub rename: Option<String>,
    pub superuser: Option<bool>,
    pub login: Option<bool>,
    pub inherit: Option<bool>,
    pub create_role: Option<bool>,
    pub connection_limit: Option<i32>,
    pub verifier: Option<Option<String>>,
    pub valid_until_us: Option<Option<i64>>,
    pub settings: Option<Vec<(String, String)>>,
}
