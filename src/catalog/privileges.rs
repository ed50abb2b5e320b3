//! Questions about roles and what they may do.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::generation::{Database, Generation};
use super::roles::{BOOTSTRAP_ROLE, Grant, Privilege, Role, Target};
use super::written::PUBLIC_SCHEMA;

/// Everybody, as a grantee.
pub const PUBLIC: &str = "public";

impl Generation {
    /// The role called `name`.
    pub fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.get(name)
    }

    /// The roles whose privileges `role` has without `SET ROLE`: itself, and what it is a member of, on and on, each
    /// step from a role that inherits.
    pub fn member_of(&self, role: &str) -> BTreeSet<String> {
        self.reach(role, |role| role.inherit)
    }

    /// Whether `role` may `SET ROLE target`: it is a superuser, that role, or a member of it, inheriting or not.
    pub fn may_become(&self, role: &str, target: &str) -> bool {
        self.is_superuser(role) || self.is_member(role, target)
    }

    /// Whether `role` is `target` or a member of it, inheriting or not.
    pub fn is_member(&self, role: &str, target: &str) -> bool {
        self.reach(role, |_| true).contains(target)
    }

    /// Whether `role` may do everything. So may the bootstrap role until a superuser exists that can log in: the
    /// first `CREATE ROLE` must not lock out the one who runs it. Whether anybody may connect as the bootstrap role
    /// is for authentication to say.
    pub fn is_superuser(&self, role: &str) -> bool {
        match self.role(role) {
            Some(role) => role.superuser,
            None => {
                role == BOOTSTRAP_ROLE
                    && !self.roles.values().any(|role| role.superuser && role.login)
            }
        }
    }

    /// Whether `role` has USAGE on `schema`. A schema that does not exist is nobody's but a superuser's.
    pub fn has_schema_privilege(&self, role: &str, schema: &str) -> bool {
        // PostgreSQL grants it to everybody when it makes the schema.
        schema == PUBLIC_SCHEMA
            || self.has(role, &Target::Schema(schema.to_owned()), Privilege::Usage, false)
    }

    /// Whether `role` has SELECT on a table; USAGE on its schema is a question of its own, as in PostgreSQL.
    pub fn has_table_privilege(&self, role: &str, schema: &str, table: &str) -> bool {
        let target = Target::Table { schema: schema.to_owned(), table: table.to_owned() };
        self.has(role, &target, Privilege::Select, false)
    }

    /// Whether `role` may make things in a schema.
    pub fn may_create(&self, role: &str, schema: &str) -> bool {
        self.has(role, &Target::Schema(schema.to_owned()), Privilege::Create, false)
    }

    /// Whether `role` may grant a privilege on.
    pub fn may_grant(&self, role: &str, target: &Target, privilege: Privilege) -> bool {
        self.has(role, target, privilege, true)
    }

    /// The name of the version that was current in `database` at a time in microseconds since the Unix epoch. It may
    /// have been removed since. `None` before the first activation that is remembered.
    pub fn version_at(&self, database: &str, time_us: i64) -> Option<&str> {
        let activations = &self.database(database)?.activations;
        let after = activations.partition_point(|activation| activation.at_us <= time_us);
        activations.get(after.checked_sub(1)?).map(|activation| activation.to.as_str())
    }

    fn has(&self, role: &str, target: &Target, privilege: Privilege, grantable: bool) -> bool {
        if self.is_superuser(role) {
            return true;
        }
        // The bootstrap role owns all databases and tables; a session as a role that is gone has nothing, not even
        // what everybody has.
        if self.role(role).is_none() && role != BOOTSTRAP_ROLE {
            return false;
        }
        let roles = self.member_of(role);
        roles.contains(self.owner(target))
            || roles.iter().map(String::as_str).chain([PUBLIC]).any(|grantee| {
                self.granted(target, grantee, privilege).any(|grant| grant.grantable || !grantable)
            })
    }

    /// Whether `role` has one of the privileges on what is in a schema that users make things in.
    pub fn has_written_privilege(
        &self,
        role: &str,
        schema: &str,
        relation: &str,
        privileges: &[Privilege],
    ) -> bool {
        let target = Target::Table { schema: schema.to_owned(), table: relation.to_owned() };
        privileges.iter().any(|privilege| self.has(role, &target, *privilege, false))
    }

    /// The role that a schema, table, view or sequence belongs to.
    pub fn owner(&self, target: &Target) -> &str {
        match target {
            Target::Schema(schema) => self.schema(schema).map(|it| &it.owner),
            Target::Table { schema, table } => {
                let written = self.table(schema, table).map(|it| &it.owner);
                written
                    .or_else(|| self.view(schema, table).map(|it| &it.owner))
                    .or_else(|| self.sequence(schema, table).map(|it| &it.owner))
            }
        }
        .map_or(BOOTSTRAP_ROLE, String::as_str)
    }

    /// The grants of one privilege on one target to one grantee.
    pub(super) fn granted<'a>(
        &'a self,
        target: &'a Target,
        grantee: &'a str,
        privilege: Privilege,
    ) -> impl Iterator<Item = &'a Grant> {
        let first = Grant {
            target: target.clone(),
            grantee: grantee.to_owned(),
            privilege,
            grantable: false,
            grantor: String::new(),
        };
        self.grants.range(first..).take_while(move |grant| {
            grant.target == *target && grant.grantee == grantee && grant.privilege == privilege
        })
    }

    fn reach(&self, role: &str, passes: impl Fn(&Role) -> bool) -> BTreeSet<String> {
        let mut found = BTreeSet::from([role.to_owned()]);
        let mut next = vec![role.to_owned()];
        while let Some(name) = next.pop() {
            let Some(role) = self.role(&name).filter(|role| passes(role)) else { continue };
            next.extend(
                role.member_of.iter().filter(|name| found.insert((*name).clone())).cloned(),
            );
        }
        found
    }
}

impl Database {
    /// What was current last and is still loaded: what a lost current version falls back to.
    pub(super) fn fallback(&self) -> Option<&str> {
        let history = self.activations.iter().rev();
        history
            .flat_map(|activation| [Some(&activation.to), activation.from.as_ref()])
            .flatten()
            .find(|version| self.versions.contains_key(*version))
            .map(String::as_str)
    }
}
