//! What users make through SQL: schemas, and the sequences in them. Their tables: see [`super::table`]; their views:
//! [`super::view`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::generation::{Generation, RelationIds};
use super::table::Table;
use super::view::View;

/// The schema that is always there.
pub const PUBLIC_SCHEMA: &str = "public";

/// `pg_namespace.oid` of [`PUBLIC_SCHEMA`] (PostgreSQL's `PG_PUBLIC_NAMESPACE`).
pub const PUBLIC_SCHEMA_OID: u32 = 2_200;

/// The owner of [`PUBLIC_SCHEMA`]: the role that stands for who owns the database.
pub const DATABASE_OWNER: &str = "pg_database_owner";

/// A schema that users make things in; a database of the source root is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Its OID.
    pub oid: u32,
    /// The role that may change it and what is in it.
    pub owner: String,
    /// What was said of it.
    pub comment: Option<String>,
    /// Its sequences by name.
    pub sequences: BTreeMap<String, Arc<Sequence>>,
    /// Its tables by name.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// Its views by name.
    pub views: BTreeMap<String, Arc<View>>,
}

/// A sequence as it is defined. How far it has come is not part of it: see [`Position`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Its name.
    pub name: String,
    /// Its identifiers: it has no row type.
    pub ids: RelationIds,
    /// The role that may change it.
    pub owner: String,
    /// `AS`
    pub data_type: SequenceType,
    /// `START`
    pub start: i64,
    /// `INCREMENT`, never 0.
    pub increment: i64,
    /// `MINVALUE`
    pub min: i64,
    /// `MAXVALUE`
    pub max: i64,
    /// `CACHE`: numbers that a session takes at a time, at least 1.
    pub cache: i64,
    /// `CYCLE`
    pub cycle: bool,
    /// What was said of it.
    pub comment: Option<String>,
    /// How often ALTER SEQUENCE changed more than its name, schema or owner: numbers taken before have ended with it.
    pub generation: u32,
    /// `OWNED BY`: the table and the number of its column that it goes with.
    pub owned_by: Option<(u32, i16)>,
}

/// The type of a sequence's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "PostgreSQL's words")]
pub enum SequenceType {
    SmallInt,
    Integer,
    #[default]
    BigInt,
}

/// How far a sequence has come, durably: no number behind `last` has been handed out. After a crash it goes on there, so
/// that numbers may be left out and none comes twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The last number that may have been handed out.
    pub last: i64,
    /// Whether it has been: if not, it is the next one.
    pub is_called: bool,
    /// How often it was moved: who holds numbers of an earlier turn has lost them.
    pub turn: u64,
}

impl Schema {
    pub(super) fn public() -> Schema {
        Schema {
            name: PUBLIC_SCHEMA.to_owned(),
            oid: PUBLIC_SCHEMA_OID,
            owner: DATABASE_OWNER.to_owned(),
            comment: Some("standard public schema".to_owned()),
            sequences: BTreeMap::new(),
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
        }
    }
}

impl SequenceType {
    /// The least and the greatest number.
    pub fn range(self) -> (i64, i64) {
        match self {
            SequenceType::SmallInt => (i64::from(i16::MIN), i64::from(i16::MAX)),
            SequenceType::Integer => (i64::from(i32::MIN), i64::from(i32::MAX)),
            SequenceType::BigInt => (i64::MIN, i64::MAX),
        }
    }

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            SequenceType::SmallInt => "smallint",
            SequenceType::Integer => "integer",
            SequenceType::BigInt => "bigint",
        }
    }
}

impl Generation {
    /// The schema called `name` that users make things in.
    pub fn schema(&self, name: &str) -> Option<&Arc<Schema>> {
        self.schemas.get(name)
    }

    /// The sequence `name` of the schema `schema`.
    pub fn sequence(&self, schema: &str, name: &str) -> Option<&Arc<Sequence>> {
        self.schemas.get(schema)?.sequences.get(name)
    }

    /// The sequence with this OID, and its schema.
    pub fn sequence_by_oid(&self, oid: u32) -> Option<(&Arc<Schema>, &Arc<Sequence>)> {
        self.schemas.values().find_map(|schema| {
            let found = schema.sequences.values().find(|it| it.ids.relation == oid)?;
            Some((schema, found))
        })
    }

    /// Whether `role` may do what only the owner of something may: it is the owner, a member of it, or a superuser.
    pub fn owns(&self, role: &str, owner: &str) -> bool {
        // Whoever owns the database is a superuser here.
        self.is_superuser(role) || (owner != DATABASE_OWNER && self.is_member(role, owner))
    }
}
