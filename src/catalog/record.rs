//! How commits, checkpoints and manifests are written: Protobuf, by hand, without a compiler of its own.
//!
//! A commit is written as facts, what its changes came to when they were checked, so that a replay decides nothing.
//! Tags are never used twice. A new field must mean nothing when it is missing; a new kind of fact is one that an
//! older release refuses to start with.

use std::collections::BTreeMap;

use super::generation::{Activation, AliasMove};
use super::record_log::{LogRecord, PutSegments};
use super::record_table::{DropTable, PutTable, RowsRecord, WriteRows, WrittenTable};
use super::record_view::{DropView, PutView, ViewRecord};
use super::record_written::{
    DropSequence, PositionRecord, PutSchema, PutSequence, SchemaRecord, SequenceRecord,
};
use super::roles::{DefaultPrivilege, Grant, Privilege, Role, Target};
use crate::error::{Error, Result};

/// One frame of the journal: one commit.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Commit {
    #[prost(int64, tag = "1")]
    pub(super) at_us: i64,
    #[prost(message, repeated, tag = "2")]
    pub(super) facts: Vec<FactRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FactRecord {
    #[prost(
        oneof = "Fact",
        tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24"
    )]
    pub(super) fact: Option<Fact>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Fact {
    #[prost(message, tag = "1")]
    AddVersion(AddVersion),
    #[prost(message, tag = "2")]
    RemoveVersion(VersionName),
    #[prost(message, tag = "3")]
    Activate(Activate),
    #[prost(message, tag = "4")]
    SetAlias(SetAlias),
    #[prost(message, tag = "5")]
    DropAlias(DropAlias),
    #[prost(string, tag = "6")]
    DropDatabase(String),
    #[prost(message, tag = "7")]
    SetPaused(SetPaused),
    #[prost(message, tag = "8")]
    PutRole(PutRole),
    #[prost(string, tag = "9")]
    DropRole(String),
    #[prost(message, tag = "10")]
    AddGrant(GrantRecord),
    #[prost(message, tag = "11")]
    RemoveGrant(GrantRecord),
    #[prost(message, tag = "12")]
    AddDefault(DefaultRecord),
    #[prost(message, tag = "13")]
    RemoveDefault(DefaultRecord),
    #[prost(message, tag = "14")]
    PutSchema(PutSchema),
    #[prost(string, tag = "15")]
    DropSchema(String),
    #[prost(message, tag = "16")]
    PutSequence(PutSequence),
    #[prost(message, tag = "17")]
    DropSequence(DropSequence),
    #[prost(message, tag = "18")]
    MoveSequence(PositionRecord),
    #[prost(message, tag = "19")]
    PutTable(PutTable),
    #[prost(message, tag = "20")]
    DropTable(DropTable),
    #[prost(message, tag = "21")]
    WriteRows(WriteRows),
    #[prost(message, tag = "22")]
    PutView(PutView),
    #[prost(message, tag = "23")]
    DropView(DropView),
    #[prost(message, tag = "24")]
    PutSegments(PutSegments),
}

/// The manifest is a file of its own; `new_tables` are the names that get OIDs, in this order.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AddVersion {
    #[prost(string, tag = "1")]
    pub(super) database: String,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) sha256: Vec<u8>,
    #[prost(string, repeated, tag = "4")]
    pub(super) new_tables: Vec<String>,
    /// The first OID they get; 0 is the next one, as releases without schemas of users counted.
    #[prost(uint32, tag = "5")]
    pub(super) first_oid: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct VersionName {
    #[prost(string, tag = "1")]
    pub(super) database: String,
    #[prost(string, tag = "2")]
    pub(super) version: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Activate {
    #[prost(message, repeated, tag = "1")]
    pub(super) moves: Vec<MoveRecord>,
    #[prost(string, tag = "2")]
    pub(super) cause: String,
    #[prost(string, tag = "3")]
    pub(super) by: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MoveRecord {
    #[prost(string, tag = "1")]
    pub(super) database: String,
    #[prost(string, optional, tag = "2")]
    pub(super) from: Option<String>,
    #[prost(string, tag = "3")]
    pub(super) to: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SetAlias {
    #[prost(string, tag = "1")]
    pub(super) database: String,
    #[prost(string, tag = "2")]
    pub(super) alias: String,
    #[prost(string, optional, tag = "3")]
    pub(super) from: Option<String>,
    #[prost(string, tag = "4")]
    pub(super) to: String,
    #[prost(bool, tag = "5")]
    pub(super) of_source: bool,
    #[prost(string, tag = "6")]
    pub(super) by: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DropAlias {
    #[prost(string, tag = "1")]
    pub(super) database: String,
    #[prost(string, tag = "2")]
    pub(super) alias: String,
    #[prost(string, tag = "3")]
    pub(super) from: String,
    #[prost(string, tag = "4")]
    pub(super) by: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SetPaused {
    #[prost(string, tag = "1")]
    pub(super) database: String,
    #[prost(bool, tag = "2")]
    pub(super) paused: bool,
}

/// A role as it is from now on; `old_name` when it had another.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct PutRole {
    #[prost(string, optional, tag = "1")]
    pub(super) old_name: Option<String>,
    #[prost(message, optional, tag = "2")]
    pub(super) role: Option<RoleRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RoleRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(uint32, tag = "2")]
    pub(super) oid: u32,
    #[prost(bool, tag = "3")]
    pub(super) superuser: bool,
    #[prost(bool, tag = "4")]
    pub(super) login: bool,
    #[prost(bool, tag = "5")]
    pub(super) inherit: bool,
    #[prost(bool, tag = "6")]
    pub(super) create_role: bool,
    #[prost(sint32, tag = "7")]
    pub(super) connection_limit: i32,
    #[prost(string, optional, tag = "8")]
    pub(super) verifier: Option<String>,
    #[prost(int64, optional, tag = "9")]
    pub(super) valid_until_us: Option<i64>,
    #[prost(string, repeated, tag = "10")]
    pub(super) member_of: Vec<String>,
    #[prost(message, repeated, tag = "11")]
    pub(super) settings: Vec<Setting>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Setting {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct GrantRecord {
    #[prost(string, tag = "1")]
    pub(super) schema: String,
    #[prost(string, optional, tag = "2")]
    pub(super) table: Option<String>,
    #[prost(string, tag = "3")]
    pub(super) grantee: String,
    /// 1 usage, 2 select, 3 update, 4 create, 5 insert, 6 delete, 7 truncate, 8 references, 9 trigger.
    #[prost(uint32, tag = "4")]
    pub(super) privilege: u32,
    #[prost(bool, tag = "5")]
    pub(super) grantable: bool,
    #[prost(string, tag = "6")]
    pub(super) grantor: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DefaultRecord {
    #[prost(string, optional, tag = "1")]
    pub(super) schema: Option<String>,
    #[prost(string, tag = "2")]
    pub(super) grantee: String,
    #[prost(bool, tag = "3")]
    pub(super) grantable: bool,
}

/// The state of a checkpoint.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StateRecord {
    /// Grows when an older release would lose something by leaving out what it does not know.
    #[prost(uint32, tag = "1")]
    pub(super) format: u32,
    #[prost(message, repeated, tag = "2")]
    pub(super) databases: Vec<DatabaseRecord>,
    #[prost(message, repeated, tag = "3")]
    pub(super) roles: Vec<RoleRecord>,
    #[prost(message, repeated, tag = "4")]
    pub(super) grants: Vec<GrantRecord>,
    #[prost(message, repeated, tag = "5")]
    pub(super) default_privileges: Vec<DefaultRecord>,
    #[prost(string, repeated, tag = "6")]
    pub(super) paused: Vec<String>,
    #[prost(uint32, tag = "7")]
    pub(super) next_oid: u32,
    /// Without `public` as long as that is as it was made.
    #[prost(message, repeated, tag = "8")]
    pub(super) schemas: Vec<SchemaRecord>,
    #[prost(message, repeated, tag = "9")]
    pub(super) sequences: Vec<SequenceRecord>,
    #[prost(message, repeated, tag = "10")]
    pub(super) positions: Vec<PositionRecord>,
    #[prost(message, repeated, tag = "11")]
    pub(super) tables: Vec<WrittenTable>,
    #[prost(message, repeated, tag = "12")]
    pub(super) rows: Vec<RowsRecord>,
    #[prost(message, repeated, tag = "13")]
    pub(super) views: Vec<ViewRecord>,
    #[prost(message, repeated, tag = "14")]
    pub(super) logs: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DatabaseRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(uint32, tag = "2")]
    pub(super) oid: u32,
    #[prost(string, optional, tag = "3")]
    pub(super) current: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(super) high_water: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub(super) versions: Vec<VersionRecord>,
    #[prost(message, repeated, tag = "6")]
    pub(super) aliases: Vec<AliasRecord>,
    #[prost(message, repeated, tag = "7")]
    pub(super) alias_history: Vec<AliasMoveRecord>,
    #[prost(message, repeated, tag = "8")]
    pub(super) activations: Vec<ActivationRecord>,
    #[prost(message, repeated, tag = "9")]
    pub(super) relations: Vec<RelationRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct VersionRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(int64, tag = "2")]
    pub(super) loaded_at_us: i64,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) sha256: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AliasRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    #[prost(bool, tag = "3")]
    pub(super) of_source: bool,
    #[prost(int64, tag = "4")]
    pub(super) set_at_us: i64,
    #[prost(string, tag = "5")]
    pub(super) set_by: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AliasMoveRecord {
    #[prost(string, tag = "1")]
    pub(super) alias: String,
    #[prost(string, optional, tag = "2")]
    pub(super) from: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) to: Option<String>,
    #[prost(int64, tag = "4")]
    pub(super) at_us: i64,
    #[prost(string, tag = "5")]
    pub(super) by: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ActivationRecord {
    #[prost(string, optional, tag = "1")]
    pub(super) from: Option<String>,
    #[prost(string, tag = "2")]
    pub(super) to: String,
    #[prost(int64, tag = "3")]
    pub(super) at_us: i64,
    #[prost(string, tag = "4")]
    pub(super) by: String,
    #[prost(string, tag = "5")]
    pub(super) cause: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct RelationRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(uint32, tag = "2")]
    pub(super) relation: u32,
    #[prost(uint32, tag = "3")]
    pub(super) row_type: u32,
    #[prost(uint32, tag = "4")]
    pub(super) array_type: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ManifestRecord {
    #[prost(string, tag = "1")]
    pub(super) database: String,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    /// 1 direct, 2 mirror.
    #[prost(uint32, tag = "3")]
    pub(super) mode: u32,
    #[prost(message, repeated, tag = "4")]
    pub(super) tables: Vec<TableRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TableRecord {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    /// 1 Parquet, 2 CSV, 3 JSON, 4 Arrow IPC, 5 Avro.
    #[prost(uint32, tag = "2")]
    pub(super) format: u32,
    /// 0 none, 1 gzip, 2 zstd.
    #[prost(uint32, tag = "3")]
    pub(super) compression: u32,
    /// An Arrow IPC schema (`Schema.fbs`).
    #[prost(bytes = "vec", tag = "4")]
    pub(super) file_schema: Vec<u8>,
    /// The same, of the partition columns.
    #[prost(bytes = "vec", tag = "5")]
    pub(super) partition_schema: Vec<u8>,
    #[prost(message, repeated, tag = "6")]
    pub(super) files: Vec<FileRecord>,
    #[prost(string, repeated, tag = "7")]
    pub(super) key: Vec<String>,
    #[prost(string, optional, tag = "8")]
    pub(super) comment: Option<String>,
    #[prost(btree_map = "string, string", tag = "9")]
    pub(super) column_comments: BTreeMap<String, String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FileRecord {
    #[prost(string, tag = "1")]
    pub(super) path: String,
    #[prost(uint64, tag = "2")]
    pub(super) bytes: u64,
    #[prost(int64, tag = "3")]
    pub(super) modified_us: i64,
    #[prost(string, optional, tag = "4")]
    pub(super) etag: Option<String>,
    #[prost(bytes = "vec", optional, tag = "5")]
    pub(super) sha256: Option<Vec<u8>>,
    #[prost(uint64, optional, tag = "6")]
    pub(super) rows: Option<u64>,
    #[prost(message, repeated, tag = "7")]
    pub(super) partition_values: Vec<OptionalText>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OptionalText {
    #[prost(string, optional, tag = "1")]
    pub(super) text: Option<String>,
}

impl From<&Role> for RoleRecord {
    fn from(role: &Role) -> RoleRecord {
        RoleRecord {
            name: role.name.clone(),
            oid: role.oid,
            superuser: role.superuser,
            login: role.login,
            inherit: role.inherit,
            create_role: role.create_role,
            connection_limit: role.connection_limit,
            verifier: role.verifier.clone(),
            valid_until_us: role.valid_until_us,
            member_of: role.member_of.iter().cloned().collect(),
            settings: role
                .settings
                .iter()
                .map(|(name, value)| Setting { name: name.clone(), value: value.clone() })
                .collect(),
        }
    }
}

impl From<RoleRecord> for Role {
    fn from(record: RoleRecord) -> Role {
        Role {
            name: record.name,
            oid: record.oid,
            superuser: record.superuser,
            login: record.login,
            inherit: record.inherit,
            create_role: record.create_role,
            connection_limit: record.connection_limit,
            verifier: record.verifier,
            valid_until_us: record.valid_until_us,
            member_of: record.member_of.into_iter().collect(),
            settings: record.settings.into_iter().map(|it| (it.name, it.value)).collect(),
        }
    }
}

impl From<&Grant> for GrantRecord {
    fn from(grant: &Grant) -> GrantRecord {
        let (schema, table) = match &grant.target {
            Target::Schema(schema) => (schema, None),
            Target::Table { schema, table } => (schema, Some(table.clone())),
        };
        GrantRecord {
            schema: schema.clone(),
            table,
            grantee: grant.grantee.clone(),
            privilege: match grant.privilege {
                Privilege::Usage => 1,
                Privilege::Select => 2,
                Privilege::Update => 3,
                Privilege::Create => 4,
                Privilege::Insert => 5,
                Privilege::Delete => 6,
                Privilege::Truncate => 7,
                Privilege::References => 8,
                Privilege::Trigger => 9,
            },
            grantable: grant.grantable,
            grantor: grant.grantor.clone(),
        }
    }
}

impl TryFrom<GrantRecord> for Grant {
    type Error = Error;

    fn try_from(record: GrantRecord) -> Result<Grant> {
        Ok(Grant {
            target: match record.table {
                None => Target::Schema(record.schema),
                Some(table) => Target::Table { schema: record.schema, table },
            },
            grantee: record.grantee,
            privilege: match record.privilege {
                1 => Privilege::Usage,
                2 => Privilege::Select,
                3 => Privilege::Update,
                4 => Privilege::Create,
                5 => Privilege::Insert,
                6 => Privilege::Delete,
                7 => Privilege::Truncate,
                8 => Privilege::References,
                9 => Privilege::Trigger,
                other => return Err(unknown(&format!("privilege {other}"))),
            },
            grantable: record.grantable,
            grantor: record.grantor,
        })
    }
}

impl From<&DefaultPrivilege> for DefaultRecord {
    fn from(privilege: &DefaultPrivilege) -> DefaultRecord {
        DefaultRecord {
            schema: privilege.schema.clone(),
            grantee: privilege.grantee.clone(),
            grantable: privilege.grantable,
        }
    }
}

impl From<DefaultRecord> for DefaultPrivilege {
    fn from(record: DefaultRecord) -> DefaultPrivilege {
        DefaultPrivilege {
            schema: record.schema,
            grantee: record.grantee,
            grantable: record.grantable,
        }
    }
}

impl From<&AliasMove> for AliasMoveRecord {
    fn from(step: &AliasMove) -> AliasMoveRecord {
        let AliasMove { alias, from, to, at_us, by } = step.clone();
        AliasMoveRecord { alias, from, to, at_us, by }
    }
}

impl From<AliasMoveRecord> for AliasMove {
    fn from(record: AliasMoveRecord) -> AliasMove {
        let AliasMoveRecord { alias, from, to, at_us, by } = record;
        AliasMove { alias, from, to, at_us, by }
    }
}

impl From<&Activation> for ActivationRecord {
    fn from(step: &Activation) -> ActivationRecord {
        let Activation { from, to, at_us, by, cause } = step.clone();
        ActivationRecord { from, to, at_us, by, cause }
    }
}

impl From<ActivationRecord> for Activation {
    fn from(record: ActivationRecord) -> Activation {
        let ActivationRecord { from, to, at_us, by, cause } = record;
        Activation { from, to, at_us, by, cause }
    }
}

/// Something that only a newer release can have written.
pub(super) fn unknown(what: &str) -> Error {
    Error::IncompatibleState(format!(
        "the state root holds a {what} that this release does not know"
    ))
    .hint("Start the release that wrote it, or a newer one.")
}
