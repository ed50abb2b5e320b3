//! Roles and what they were granted.

use std::collections::BTreeSet;

/// The role every loopback connection has while no role exists.
pub const BOOTSTRAP_ROLE: &str = "forebay";

/// One role. Passwords are kept only as SCRAM verifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// `pg_roles.oid`.
    pub oid: u32,
    /// May do everything.
    pub superuser: bool,
    /// May connect.
    pub login: bool,
    /// Has the privileges of the roles it is a member of without `SET ROLE`.
    pub inherit: bool,
    /// May create, alter and drop roles that are not superusers.
    pub create_role: bool,
    /// Connections at once; -1 is no limit.
    pub connection_limit: i32,
    /// PostgreSQL's `SCRAM-SHA-256$…` form.
    pub verifier: Option<String>,
    /// When the password stops working, microseconds since the Unix epoch.
    pub valid_until_us: Option<i64>,
    /// Roles it is a direct member of.
    pub member_of: BTreeSet<String>,
    /// Settings that its sessions start with (`ALTER ROLE … SET`).
    pub settings: Vec<(String, String)>,
}

/// What a privilege is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A schema: a database of the source root, or one that users make things in.
    Schema(String),
    /// One table of a schema, which versions and aliases inherit, one that users write, or one sequence.
    Table {
        /// The schema.
        schema: String,
        /// The table.
        table: String,
    },
}

/// A privilege that can be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// On a schema or a sequence.
    Usage,
    /// On a table or a sequence.
    Select,
    /// On a table that users write, or a sequence.
    Update,
    /// On a schema that users make things in.
    Create,
    /// On a table that users write.
    Insert,
    /// On a table that users write.
    Delete,
    /// On a table that users write.
    Truncate,
    /// On a table that users write: to make a foreign key to it.
    References,
    /// On a table that users write: kept, as there are no triggers.
    Trigger,
}

impl Privilege {
    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Privilege::Usage => "USAGE",
            Privilege::Select => "SELECT",
            Privilege::Update => "UPDATE",
            Privilege::Create => "CREATE",
            Privilege::Insert => "INSERT",
            Privilege::Delete => "DELETE",
            Privilege::Truncate => "TRUNCATE",
            Privilege::References => "REFERENCES",
            Privilege::Trigger => "TRIGGER",
        }
    }
}

/// One granted privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// What it is on.
    pub target: Target,
    /// The role that has it; `public` means everybody.
    pub grantee: String,
    /// The privilege.
    pub privilege: Privilege,
    /// Whether the grantee may grant it on.
    pub grantable: bool,
    /// The role that granted it.
    pub grantor: String,
}

/// `ALTER DEFAULT PRIVILEGES [IN SCHEMA s] GRANT SELECT ON TABLES TO r`: tables that appear with a later version are
/// granted to `grantee`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefaultPrivilege {
    /// The schema, or every schema.
    pub schema: Option<String>,
    /// The role that is granted SELECT; `public` means everybody.
    pub grantee: String,
    /// Whether the grantee may grant it on.
    pub grantable: bool,
}
