//! Roles and privileges through SQL: CREATE, ALTER, DROP ROLE, GRANT, REVOKE, SET ROLE.
//!
//! Each statement is one commit, or a part of its transaction's.

use std::collections::BTreeSet;

use super::{SqlSession, define, is_superuser};
use crate::catalog::Generation;
use crate::catalog::change::{Change, RoleChanges};
use crate::catalog::roles::{BOOTSTRAP_ROLE, DefaultPrivilege, Grant, Privilege, Role, Target};
use crate::error::{Error, Result};
use crate::pg::scram;
use crate::query::clock;
use crate::query::door::Notice;
use crate::query::parse::{Access, AccessTarget, DefaultAccess, RoleOptions, RoleStatement};

impl SqlSession {
    pub(super) async fn role_statement(&mut self, statement: &RoleStatement) -> Result<String> {
        let (changes, tag) = match statement {
            RoleStatement::Create { name, options } => {
                self.may_manage(name, options)?;
                (self.create_role(name, options)?, "CREATE ROLE")
            }
            RoleStatement::Alter { name, options } => {
                let name = self.named_role(name);
                self.may_alter(&name, options)?;
                let mut changes = vec![Change::AlterRole {
                    name: name.clone(),
                    changes: self.role_change(options)?,
                }];
                changes.extend(memberships(&name, options));
                (changes, "ALTER ROLE")
            }
            RoleStatement::Rename { name, to } => {
                self.may_manage(name, &RoleOptions::default())?;
                reserved(to)?;
                let change = RoleChanges { rename: Some(to.clone()), ..RoleChanges::default() };
                (vec![Change::AlterRole { name: name.clone(), changes: change }], "ALTER ROLE")
            }
            RoleStatement::Set { name, setting, value } => {
                let name = self.named_role(name);
                self.may_alter(&name, &RoleOptions::default())?;
                let settings = self.role_settings(&name, setting.as_deref(), value.as_deref())?;
                let change = RoleChanges { settings: Some(settings), ..RoleChanges::default() };
                (vec![Change::AlterRole { name, changes: change }], "ALTER ROLE")
            }
            RoleStatement::Drop { names, if_exists } => {
                (self.drop_roles(names, *if_exists)?, "DROP ROLE")
            }
            RoleStatement::Member { grant, roles, members } => {
                let mut changes = Vec::new();
                for role in roles {
                    self.may_manage(role, &RoleOptions::default())?;
                    for member in members {
                        let (role, member) = (role.clone(), self.named_role(member));
                        changes.push(if *grant {
                            Change::GrantMembership { role, member }
                        } else {
                            Change::RevokeMembership { role, member }
                        });
                    }
                }
                (changes, if *grant { "GRANT ROLE" } else { "REVOKE ROLE" })
            }
        };
        self.writable(tag)?;
        let before = self.generation();
        self.settle(changes).await?;
        let after = self.generation();
        self.warn_of_lockout(&before, &after);
        Ok(tag.to_owned())
    }

    /// Makes changes now, or as a part of the transaction.
    async fn settle(&mut self, changes: Vec<Change>) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.deferred() {
            return self.add_to_draft(changes);
        }
        self.engine.catalog.commit(changes).await.map(drop)
    }

    /// The first password makes everybody authenticate: then somebody who may do everything should have one.
    fn warn_of_lockout(&mut self, before: &Generation, after: &Generation) {
        let locked = |generation: &Generation| {
            let mut roles = generation.roles.values();
            let any = roles.clone().any(|role| role.verifier.is_some());
            any && !roles.any(|role| role.superuser && role.login && role.verifier.is_some())
        };
        if !locked(before) && locked(after) {
            self.notices.push(Notice {
                severity: "WARNING",
                state: "01000",
                message:
                    "connections must authenticate from now on, and no superuser has a password"
                        .to_owned(),
                detail: None,
                hint: Some(
                    "Create a superuser with a password before this session ends.".to_owned(),
                ),
            });
        }
    }

    pub(super) fn outside_a_block(&self, what: &str) -> Result<()> {
        if self.block.is_none() {
            return Ok(());
        }
        let message = format!("{what} cannot run inside a transaction block");
        Err(Error::ActiveTransaction(message))
    }

    fn create_role(&self, name: &str, options: &RoleOptions) -> Result<Vec<Change>> {
        reserved(name)?;
        let verifier = match &options.password {
            Some(Some(password)) => Some(verifier(password)?),
            _ => None,
        };
        let role = Role {
            name: name.to_owned(),
            oid: self.engine.catalog.take_oids(1)?,
            superuser: options.superuser.unwrap_or(false),
            login: options.login.unwrap_or(false),
            inherit: options.inherit.unwrap_or(true),
            create_role: options.create_role.unwrap_or(false),
            connection_limit: options.connection_limit.unwrap_or(-1),
            verifier,
            valid_until_us: self.valid_until(options)?.flatten(),
            member_of: BTreeSet::new(),
            settings: Vec::new(),
        };
        let mut changes = vec![Change::CreateRole(role)];
        changes.extend(memberships(name, options));
        Ok(changes)
    }

    fn role_change(&self, options: &RoleOptions) -> Result<RoleChanges> {
        let verifier = match &options.password {
            Some(Some(password)) => Some(Some(verifier(password)?)),
            Some(None) => Some(None),
            None => None,
        };
        Ok(RoleChanges {
            superuser: options.superuser,
            login: options.login,
            inherit: options.inherit,
            create_role: options.create_role,
            connection_limit: options.connection_limit,
            verifier,
            valid_until_us: self.valid_until(options)?,
            ..RoleChanges::default()
        })
    }

    fn valid_until(&self, options: &RoleOptions) -> Result<Option<Option<i64>>> {
        match options.valid_until.as_deref() {
            None => Ok(None),
            Some("infinity") => Ok(Some(None)),
            Some(text) => {
                let at_us = clock::parse_timestamp(text, self.settings.own("TimeZone"))?;
                Ok(Some(Some(at_us)))
            }
        }
    }

    fn role_settings(
        &self,
        name: &str,
        setting: Option<&str>,
        value: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        let generation = self.generation();
        let role = generation.roles.get(name).ok_or_else(|| unknown_role(name))?;
        let Some(setting) = setting else { return Ok(Vec::new()) };
        let mut settings: Vec<(String, String)> =
            role.settings.iter().filter(|(own, _)| own != setting).cloned().collect();
        if let Some(value) = value {
            self.settings.clone().set(setting, Some(value), false)?;
            settings.push((setting.to_owned(), value.to_owned()));
        }
        Ok(settings)
    }

    fn drop_roles(&mut self, names: &[String], if_exists: bool) -> Result<Vec<Change>> {
        let generation = self.generation();
        let mut changes = Vec::new();
        for name in names {
            if !generation.roles.contains_key(name) {
                if !if_exists {
                    return Err(unknown_role(name));
                }
                self.notice("NOTICE", "00000", format!("role \"{name}\" does not exist, skipping"));
                continue;
            }
            self.may_manage(name, &RoleOptions::default())?;
            if *name == self.user || *name == self.login.user {
                return Err(Error::ObjectInUse("current user cannot be dropped".to_owned()));
            }
            changes.push(Change::DropRole { name: name.clone() });
        }
        Ok(changes)
    }

    /// Superusers may do all; CREATEROLE may manage roles that are not superusers.
    fn may_manage(&self, name: &str, options: &RoleOptions) -> Result<()> {
        if self.superuser() {
            return Ok(());
        }
        let generation = self.generation();
        let able = generation.roles.get(&self.user).is_some_and(|role| role.create_role);
        let above = options.superuser == Some(true) || is_superuser(&generation, name);
        if able && !above {
            return Ok(());
        }
        let message = if above {
            "must be superuser to create or alter superusers"
        } else {
            "permission denied to create, alter or drop role"
        };
        Err(Error::InsufficientPrivilege(message.to_owned()))
    }

    /// Everybody may change their own password and settings.
    fn may_alter(&self, name: &str, options: &RoleOptions) -> Result<()> {
        let only_own = name == self.user
            && options.superuser.is_none()
            && options.login.is_none()
            && options.inherit.is_none()
            && options.create_role.is_none()
            && options.connection_limit.is_none()
            && options.valid_until.is_none();
        if only_own { Ok(()) } else { self.may_manage(name, options) }
    }

    pub(super) async fn grant_or_revoke(&mut self, access: &Access) -> Result<String> {
        let tag = if access.grant { "GRANT" } else { "REVOKE" };
        self.writable(tag)?;
        let targets = self.expand(&access.targets).await?;
        for target in &targets {
            self.may_grant(target)?;
            self.check_privileges(target, &access.privileges)?;
        }
        let mut changes = Vec::new();
        let mut grants = Vec::new();
        for target in targets {
            let privileges = match access.privileges.as_slice() {
                [] => self.all_privileges(&target),
                some => some.to_vec(),
            };
            for privilege in privileges {
                for grantee in &access.grantees {
                    let grantee = self.grantee(grantee)?;
                    if access.grant {
                        grants.push(Grant {
                            target: target.clone(),
                            grantee,
                            privilege,
                            grantable: access.grant_option,
                            grantor: self.user.clone(),
                        });
                    } else {
                        changes.push(Change::Revoke {
                            target: target.clone(),
                            grantee,
                            privilege,
                            grant_option_only: access.grant_option,
                        });
                    }
                }
            }
        }
        if !grants.is_empty() {
            changes.push(Change::Grant(grants));
        }
        self.settle(changes).await?;
        Ok(tag.to_owned())
    }

    /// Errors: 0A000 for a privilege to change what a version has.
    fn check_privileges(&self, target: &Target, privileges: &[Privilege]) -> Result<()> {
        let Target::Table { schema, table } = target else { return Ok(()) };
        let generation = self.generation();
        let written = generation.table(schema, table).is_some()
            || generation.view(schema, table).is_some()
            || generation.sequence(schema, table).is_some();
        match privileges.iter().find(|it| !written && **it != Privilege::Select) {
            Some(privilege) => {
                let message = format!("privilege {} is not supported", privilege.name());
                Err(Error::FeatureNotSupported(message)
                    .detail("Versions are read-only: USAGE and SELECT can be granted."))
            }
            None => Ok(()),
        }
    }

    /// What ALL PRIVILEGES are on a target.
    fn all_privileges(&self, target: &Target) -> Vec<Privilege> {
        let generation = self.generation();
        match target {
            Target::Schema(name) if generation.schema(name).is_some() => {
                vec![Privilege::Usage, Privilege::Create]
            }
            Target::Schema(_) => vec![Privilege::Usage],
            Target::Table { schema, table } if generation.sequence(schema, table).is_some() => {
                vec![Privilege::Usage, Privilege::Select, Privilege::Update]
            }
            Target::Table { schema, table }
                if generation.table(schema, table).is_some()
                    || generation.view(schema, table).is_some() =>
            {
                use Privilege::{Delete, Insert, References, Select, Trigger, Truncate, Update};
                vec![Insert, Select, Update, Delete, Truncate, References, Trigger]
            }
            Target::Table { .. } => vec![Privilege::Select],
        }
    }

    /// Every target with its schema; `ALL TABLES` as the tables of every loaded version.
    async fn expand(&mut self, targets: &[AccessTarget]) -> Result<Vec<Target>> {
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        let generation = self.generation();
        let known = |schema: &str| {
            generation.database(schema).ok_or_else(|| Error::UndefinedSchema(schema.to_owned()))
        };
        let mut list = Vec::new();
        for target in targets {
            match target {
                AccessTarget::One(Target::Schema(schema)) => {
                    if generation.schema(schema).is_none() {
                        known(schema)?;
                    }
                    list.push(Target::Schema(schema.clone()));
                }
                AccessTarget::One(Target::Table { schema, table }) => {
                    let schema = if schema.is_empty() {
                        let written = facts.written(None, table).map(|(schema, _)| schema);
                        written
                            .or_else(|| facts.view(None, table).map(|(schema, _)| schema))
                            .or_else(|| facts.visible(table).map(|(schema, ..)| schema))
                            .ok_or_else(|| Error::UndefinedTable(table.clone()))?
                    } else {
                        schema.clone()
                    };
                    let written = generation.sequence(&schema, table).is_some()
                        || generation.view(&schema, table).is_some()
                        || generation.table(&schema, table).is_some();
                    let missing = || match generation.schema(&schema) {
                        Some(_) => Ok(true),
                        None => known(&schema).map(|own| !own.relations.contains_key(table)),
                    };
                    if !written && missing()? {
                        return Err(Error::UndefinedTable(format!("{schema}.{table}")));
                    }
                    list.push(Target::Table { schema, table: table.clone() });
                }
                AccessTarget::AllTables(schema) if generation.schema(schema).is_some() => {
                    let written = generation.schema(schema).into_iter();
                    let tables =
                        written.flat_map(|schema| schema.tables.keys().chain(schema.views.keys()));
                    list.extend(tables.map(|table| Target::Table {
                        schema: schema.clone(),
                        table: table.clone(),
                    }));
                }
                AccessTarget::AllTables(schema) => {
                    let tables = known(schema)?.relations.keys();
                    list.extend(tables.map(|table| Target::Table {
                        schema: schema.clone(),
                        table: table.clone(),
                    }));
                }
                AccessTarget::Sequence { schema, name } => {
                    let schema = (!schema.is_empty()).then_some(schema.as_str());
                    let entity = self.sequence_named(&facts, schema, name)?;
                    let entity =
                        entity.ok_or_else(|| Error::UndefinedTable(define::shown(schema, name)))?;
                    let (schema, table) = (entity.schema.clone(), entity.name.clone());
                    list.push(Target::Table { schema, table });
                }
                AccessTarget::AllSequences(schema) => {
                    let found = generation.schema(schema);
                    let found = found.ok_or_else(|| Error::UndefinedSchema(schema.clone()))?;
                    list.extend(
                        found.sequences.keys().map(|name| Target::Table {
                            schema: schema.clone(),
                            table: name.clone(),
                        }),
                    );
                }
            }
        }
        Ok(list)
    }

    fn may_grant(&self, target: &Target) -> Result<()> {
        if self.superuser() {
            return Ok(());
        }
        let generation = self.generation();
        let owner = generation.owner(target);
        let held = generation.owns(&self.user, owner)
            || generation.grants.iter().any(|grant| {
                grant.grantee == self.user && grant.grantable && grant.target == *target
            });
        if held {
            return Ok(());
        }
        let what = match target {
            Target::Schema(schema) => format!("schema {schema}"),
            Target::Table { schema, table } if generation.sequence(schema, table).is_some() => {
                format!("sequence {table}")
            }
            Target::Table { schema, table } if generation.view(schema, table).is_some() => {
                format!("view {table}")
            }
            Target::Table { table, .. } => format!("table {table}"),
        };
        Err(Error::InsufficientPrivilege(format!("permission denied for {what}")))
    }

    pub(super) async fn default_access(&mut self, access: &DefaultAccess) -> Result<String> {
        self.writable("ALTER DEFAULT PRIVILEGES")?;
        if !self.superuser() {
            let message = "permission denied to change default privileges".to_owned();
            return Err(Error::InsufficientPrivilege(message));
        }
        let generation = self.generation();
        let schemas: Vec<Option<String>> = if access.schemas.is_empty() {
            vec![None]
        } else {
            access.schemas.iter().cloned().map(Some).collect()
        };
        let mut changes = Vec::new();
        for schema in schemas {
            if let Some(name) = &schema
                && generation.database(name).is_none()
            {
                return Err(Error::UndefinedSchema(name.clone()));
            }
            for grantee in &access.grantees {
                changes.push(Change::AlterDefaultPrivileges {
                    add: access.grant,
                    privilege: DefaultPrivilege {
                        schema: schema.clone(),
                        grantee: self.grantee(grantee)?,
                        grantable: access.grant_option,
                    },
                });
            }
        }
        self.settle(changes).await?;
        Ok("ALTER DEFAULT PRIVILEGES".to_owned())
    }

    fn grantee(&self, name: &str) -> Result<String> {
        let name = self.named_role(name);
        let generation = self.generation();
        if name == "public" || generation.roles.contains_key(&name) {
            return Ok(name);
        }
        Err(unknown_role(&name))
    }

    pub(super) fn named_role(&self, name: &str) -> String {
        match name {
            "current_user" | "current_role" | "user" => self.user.clone(),
            "session_user" => self.settings.own("session_authorization").to_owned(),
            other => other.to_owned(),
        }
    }

    /// SET ROLE; a member may become the roles it is in.
    pub(super) fn set_role(&mut self, value: Option<&str>, local: bool) -> Result<()> {
        let login = self.settings.own("session_authorization").to_owned();
        let generation = self.generation();
        if let Some(to) = value
            && to != "none"
            && to != login
        {
            known_role(&generation, to)?;
            if !is_superuser(&generation, &login)
                && !generation.member_of(&login).iter().any(|role| role == to)
            {
                let message = format!("permission denied to set role \"{to}\"");
                return Err(Error::InsufficientPrivilege(message));
            }
        }
        let value = value.unwrap_or("none").to_owned();
        if local {
            self.settings.force_local("role", value);
        } else {
            self.settings.force("role", value);
        }
        self.become_role();
        self.settings_changed();
        Ok(())
    }

    /// Becomes the role that the settings name, which may be another after the end of a transaction.
    pub(super) fn become_role(&mut self) {
        let role = match self.settings.own("role") {
            "none" => self.settings.own("session_authorization"),
            role => role,
        };
        let role = role.to_owned();
        let superuser = is_superuser(&self.generation(), &role);
        self.settings.force("is_superuser", if superuser { "on" } else { "off" }.to_owned());
        self.user = role;
    }

    /// SET SESSION AUTHORIZATION: only who logged in as a superuser may become another.
    pub(super) fn set_session_authorization(
        &mut self,
        value: Option<&str>,
        local: bool,
    ) -> Result<()> {
        let to = match value {
            None | Some("default") => self.login.user.clone(),
            Some(name) => name.to_owned(),
        };
        let generation = self.generation();
        if to != self.login.user {
            if !is_superuser(&generation, &self.login.user) {
                let message = "permission denied to set session authorization".to_owned();
                return Err(Error::InsufficientPrivilege(message));
            }
            known_role(&generation, &to)?;
        }
        if local {
            self.settings.force_local("session_authorization", to);
        } else {
            self.settings.force("session_authorization", to);
        }
        self.set_role(None, local)
    }
}

/// Errors: 22023, for the role is the value of a setting here.
fn known_role(generation: &Generation, name: &str) -> Result<()> {
    if generation.roles.contains_key(name) {
        return Ok(());
    }
    Err(Error::InvalidParameterValue(format!("role \"{name}\" does not exist")))
}

fn unknown_role(name: &str) -> Error {
    Error::UndefinedObject(format!("role \"{name}\" does not exist"))
}

fn reserved(name: &str) -> Result<()> {
    if name == "public" || name == "none" || name.starts_with("pg_") || name == BOOTSTRAP_ROLE {
        return Err(Error::ReservedName(format!("role name \"{name}\" is reserved")));
    }
    Ok(())
}

/// A password that is a verifier already is kept as it is (pg_dumpall writes them so).
fn verifier(password: &str) -> Result<String> {
    if password.starts_with("SCRAM-SHA-256$") {
        return Ok(password.to_owned());
    }
    scram::verifier(password)
}

fn memberships(name: &str, options: &RoleOptions) -> Vec<Change> {
    let into = options
        .in_roles
        .iter()
        .map(|role| Change::GrantMembership { role: role.clone(), member: name.to_owned() });
    let members = options
        .members
        .iter()
        .map(|member| Change::GrantMembership { role: name.to_owned(), member: member.clone() });
    into.chain(members).collect()
}
