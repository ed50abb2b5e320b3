//! What a change comes to: it is checked against the newest state and turned into facts, or refused.

use std::collections::BTreeSet;

use super::change::{Change, Move, RoleChanges};
use super::generation::{AliasOrigin, Database, Generation};
use super::manifest::Manifest;
use super::privileges::PUBLIC;
use super::record::{
    Activate, AddVersion, DropAlias, Fact, MoveRecord, PutRole, RoleRecord, SetAlias, SetPaused,
    VersionName,
};
use super::roles::{BOOTSTRAP_ROLE, DefaultPrivilege, Grant, Privilege, Role, Target};
use super::state::{State, schema_of};
use super::stored::Digest;
use super::written::PUBLIC_SCHEMA;
use crate::error::{Error, Result};

/// Words that name a version by themselves.
const RESERVED_ALIASES: [&str; 3] = ["latest", "current", "previous"];

/// PostgreSQL's longest name (`NAMEDATALEN - 1`).
const ROLE_NAME_BYTES_MAX: usize = 63;

/// Every database, for [`Change::SetPaused`].
const EVERY_DATABASE: &str = "*";

impl State {
    /// The facts of one change other than `AddVersion`. None when there is nothing to do.
    pub(super) fn decide(&self, change: Change) -> Result<Vec<Fact>> {
        if let Some(facts) = self.decide_defined(&change) {
            return facts;
        }
        let generation = &self.generation;
        match change {
            Change::AddVersion { .. }
            | Change::CreateSchema { .. }
            | Change::AlterSchema { .. }
            | Change::CommentOnSchema { .. }
            | Change::DropSchema { .. }
            | Change::PutSequence { .. }
            | Change::DropSequence { .. }
            | Change::MoveSequence { .. }
            | Change::PutTable { .. }
            | Change::DropTable { .. }
            | Change::PutView { .. }
            | Change::DropView { .. }
            | Change::AppendSegments { .. }
            | Change::Seal { .. }
            | Change::ReplaceSegments { .. }
            | Change::WriteRows(_) => {
                Err(Error::Internal("a change is decided in another place".to_owned()))
            }
            Change::RemoveVersion { database, version } => self.remove_version(database, version),
            Change::Activate { moves, cause, by } => activate(generation, moves, cause, by),
            Change::SetAlias { database, alias, version, expected, origin, by } => {
                let wish = SetAlias {
                    database,
                    alias,
                    from: None,
                    to: version,
                    of_source: origin == AliasOrigin::Source,
                    by,
                };
                set_alias(generation, wish, expected.as_ref())
            }
            Change::DropAlias { database, alias, expected, by } => {
                let found = database_of(generation, &database)?;
                let Some(from) = found.aliases.get(&alias).map(|it| it.version.clone()) else {
                    return Err(no_alias(&database, &alias));
                };
                if expected.as_ref().is_some_and(|expected| *expected != from) {
                    return Err(alias_moved(&database, &alias, Some(&from)));
                }
                Ok(vec![Fact::DropAlias(DropAlias { database, alias, from, by })])
            }
            Change::DropDatabase { database } => {
                database_of(generation, &database)?;
                Ok(vec![Fact::DropDatabase(database)])
            }
            Change::SetPaused { database, paused } => set_paused(generation, database, paused),
            Change::CreateRole(role) => {
                create_role(generation, role, |count| self.oids.take(count))
            }
            Change::AlterRole { name, changes } => alter_role(generation, &name, changes),
            Change::DropRole { name } => drop_role(generation, name),
            Change::GrantMembership { role, member } => grant_membership(generation, role, &member),
            Change::RevokeMembership { role, member } => {
                revoke_membership(generation, &role, &member)
            }
            Change::Grant(grants) => grant(generation, grants),
            Change::Revoke { target, grantee, privilege, grant_option_only } => {
                let wish = Wish { target, grantee, privilege };
                revoke(generation, &wish, grant_option_only)
            }
            Change::AlterDefaultPrivileges { add, privilege } => {
                alter_defaults(generation, add, &privilege)
            }
        }
    }

    /// Whether a version may be added.
    pub(super) fn check_add(&self, manifest: &Manifest) -> Result<()> {
        let (database, version) = (&manifest.database, &manifest.version);
        check_name("database", database, false)?;
        check_name("version", version, true)?;
        if self.generation.schema(database).is_some() {
            return Err(Error::DuplicateSchema(database.clone())
                .hint("Drop or rename the schema: a database of the same name would hide it."));
        }
        let Some(found) = self.generation.database(database) else { return Ok(()) };
        // A version that was lost may be loaded again.
        if found.versions.contains_key(version) {
            return Err(Error::DuplicateObject(format!(
                "version \"{version}\" of database \"{database}\" already exists"
            )));
        }
        if found.aliases.contains_key(version) {
            return Err(Error::DuplicateObject(format!(
                "alias \"{version}\" of database \"{database}\" already exists"
            ))
            .hint("Drop the alias first: a version of the same name would take its place."));
        }
        Ok(())
    }

    /// The fact of a version whose manifest is in place.
    /// Errors: 54000 when the OIDs are used up.
    pub(super) fn add_fact(&self, manifest: &Manifest, digest: &Digest) -> Result<Fact> {
        let known = self.generation.database(&manifest.database).map(|it| &it.relations);
        let new = manifest
            .tables
            .keys()
            .filter(|name| known.is_none_or(|known| !known.contains_key(*name)));
        let new: Vec<String> = new.cloned().collect();
        let tables = u32::try_from(new.len()).unwrap_or(u32::MAX);
        let oids = tables.saturating_mul(3).saturating_add(u32::from(known.is_none()));
        let first_oid = if oids == 0 { 0 } else { self.oids.take(oids)? };
        Ok(Fact::AddVersion(AddVersion {
            database: manifest.database.clone(),
            version: manifest.version.clone(),
            sha256: digest.to_vec(),
            new_tables: new,
            first_oid,
        }))
    }

    fn remove_version(&self, database: String, version: String) -> Result<Vec<Fact>> {
        let found = database_of(&self.generation, &database)?;
        let key = (database, version);
        if !self.kept.contains_key(&key) {
            return Err(no_version(&key.0, &key.1));
        }
        let (database, version) = key;
        if found.current.as_ref() == Some(&version) {
            return Err(Error::NotInPrerequisiteState(format!(
                "version \"{version}\" of database \"{database}\" is current"
            )));
        }
        if let Some((alias, _)) = found.aliases.iter().find(|(_, it)| it.version == version) {
            return Err(Error::NotInPrerequisiteState(format!(
                "version \"{version}\" of database \"{database}\" is named by alias \"{alias}\""
            ))
            .hint("Move or drop the alias first."));
        }
        Ok(vec![Fact::RemoveVersion(VersionName { database, version })])
    }
}

/// A privilege on something for somebody.
struct Wish {
    target: Target,
    grantee: String,
    privilege: Privilege,
}

fn activate(
    generation: &Generation,
    moves: Vec<Move>,
    cause: String,
    by: String,
) -> Result<Vec<Fact>> {
    let mut seen = BTreeSet::new();
    let mut records = Vec::new();
    for step in moves {
        let database = database_of(generation, &step.database)?;
        if !seen.insert(step.database.clone()) {
            return Err(Error::InvalidParameterValue(format!(
                "database \"{}\" is moved more than once",
                step.database
            )));
        }
        if step.expected.as_ref().is_some_and(|expected| *expected != database.current) {
            return Err(Error::SerializationFailure(format!(
                "the current version of database \"{}\" was changed by another commit",
                step.database
            ))
            .detail(match &database.current {
                Some(current) => format!("It is \"{current}\"."),
                None => "There is none.".to_owned(),
            }));
        }
        if !database.versions.contains_key(&step.version) {
            return Err(no_version(&step.database, &step.version));
        }
        if database.current.as_ref() != Some(&step.version) {
            let (from, to) = (database.current.clone(), step.version);
            records.push(MoveRecord { database: step.database, from, to });
        }
    }
    if records.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Fact::Activate(Activate { moves: records, cause, by })])
}

fn set_alias(
    generation: &Generation,
    mut wish: SetAlias,
    expected: Option<&Option<String>>,
) -> Result<Vec<Fact>> {
    check_name("alias", &wish.alias, true)?;
    if RESERVED_ALIASES.contains(&wish.alias.as_str()) {
        return Err(Error::ReservedName(format!("alias name \"{}\" is reserved", wish.alias)));
    }
    let database = database_of(generation, &wish.database)?;
    if database.versions.contains_key(&wish.alias) {
        return Err(Error::DuplicateObject(format!(
            "version \"{}\" of database \"{}\" already exists",
            wish.alias, wish.database
        )));
    }
    if !database.versions.contains_key(&wish.to) {
        let error = no_version(&wish.database, &wish.to);
        return Err(match database.aliases.contains_key(&wish.to) {
            true => error.detail("It is an alias, and an alias must name a version."),
            false => error,
        });
    }
    let now = database.aliases.get(&wish.alias);
    wish.from = now.map(|alias| alias.version.clone());
    if expected.is_some_and(|expected| *expected != wish.from) {
        return Err(alias_moved(&wish.database, &wish.alias, wish.from.as_deref()));
    }
    let same = now.is_some_and(|alias| {
        alias.version == wish.to && (alias.origin == AliasOrigin::Source) == wish.of_source
    });
    Ok(if same { Vec::new() } else { vec![Fact::SetAlias(wish)] })
}

fn set_paused(generation: &Generation, database: String, paused: bool) -> Result<Vec<Fact>> {
    if database != EVERY_DATABASE {
        check_name("database", &database, false)?;
    }
    if generation.paused.contains(&database) == paused {
        return Ok(Vec::new());
    }
    Ok(vec![Fact::SetPaused(SetPaused { database, paused })])
}

fn create_role(
    generation: &Generation,
    mut role: Role,
    take_oids: impl Fn(u32) -> Result<u32>,
) -> Result<Vec<Fact>> {
    check_role_name(generation, &role.name)?;
    check_connection_limit(role.connection_limit)?;
    for other in &role.member_of {
        if *other == role.name {
            return Err(membership_loop(other, other));
        }
        role_of(generation, other)?;
    }
    if role.oid == 0 {
        role.oid = take_oids(1)?;
    }
    Ok(vec![put(&role)])
}

fn alter_role(generation: &Generation, name: &str, changes: RoleChanges) -> Result<Vec<Fact>> {
    let mut role = role_of(generation, name)?.clone();
    let RoleChanges {
        rename,
        superuser,
        login,
        inherit,
        create_role,
        connection_limit,
        verifier,
        valid_until_us,
        settings,
    } = changes;
    fn lay<T>(value: Option<T>, onto: &mut T) {
        if let Some(value) = value {
            *onto = value;
        }
    }
    lay(superuser, &mut role.superuser);
    lay(login, &mut role.login);
    lay(inherit, &mut role.inherit);
    lay(create_role, &mut role.create_role);
    lay(connection_limit, &mut role.connection_limit);
    lay(verifier, &mut role.verifier);
    lay(valid_until_us, &mut role.valid_until_us);
    lay(settings, &mut role.settings);
    check_connection_limit(role.connection_limit)?;
    let mut old_name = None;
    if let Some(rename) = rename.filter(|rename| *rename != name) {
        check_role_name(generation, &rename)?;
        old_name = Some(std::mem::replace(&mut role.name, rename));
    }
    Ok(vec![Fact::PutRole(PutRole { old_name, role: Some(RoleRecord::from(&role)) })])
}

fn drop_role(generation: &Generation, name: String) -> Result<Vec<Fact>> {
    role_of(generation, &name)?;
    let describe = |grant: &Grant| match &grant.target {
        Target::Schema(schema) => format!("privileges for schema {schema}"),
        Target::Table { schema, table } if generation.sequence(schema, table).is_some() => {
            format!("privileges for sequence {schema}.{table}")
        }
        Target::Table { schema, table } if generation.view(schema, table).is_some() => {
            format!("privileges for view {schema}.{table}")
        }
        Target::Table { schema, table } => format!("privileges for table {schema}.{table}"),
    };
    let of_grants = generation
        .grants
        .iter()
        .filter(|it| it.grantee == name || it.grantor == name)
        .map(describe);
    let of_defaults = generation
        .default_privileges
        .iter()
        .filter(|privilege| privilege.grantee == name)
        .map(|_| "default privileges".to_owned());
    let of_members = generation
        .roles
        .values()
        .filter(|role| role.member_of.contains(&name))
        .map(|role| format!("membership of role {}", role.name));
    let owned = super::defined::owned_by(generation, &name);
    let mut of_grants: Vec<String> = of_grants.collect();
    // Several privileges on one thing are one dependency.
    of_grants.dedup();
    let mut dependents = of_members.chain(of_defaults).chain(of_grants).chain(owned);
    let shown: Vec<_> = dependents.by_ref().take(DEPENDENTS_SHOWN_MAX).collect();
    if shown.is_empty() {
        drop(dependents);
        return Ok(vec![Fact::DropRole(name)]);
    }
    let more = match dependents.count() {
        0 => String::new(),
        count => format!("\nand {count} other objects"),
    };
    Err(Error::DependentObjectsStillExist(format!(
        "role \"{name}\" cannot be dropped because some objects depend on it"
    ))
    .detail(format!("{}{more}", shown.join("\n"))))
}

/// Dependents that a message lists, PostgreSQL's `MAX_REPORTED_DEPS`.
pub(super) const DEPENDENTS_SHOWN_MAX: usize = 100;

fn grant_membership(generation: &Generation, role: String, member: &str) -> Result<Vec<Fact>> {
    role_of(generation, &role)?;
    let mut changed = role_of(generation, member)?.clone();
    if generation.is_member(&role, member) {
        return Err(membership_loop(&role, member));
    }
    Ok(if changed.member_of.insert(role) { vec![put(&changed)] } else { Vec::new() })
}

fn revoke_membership(generation: &Generation, role: &str, member: &str) -> Result<Vec<Fact>> {
    role_of(generation, role)?;
    let mut changed = role_of(generation, member)?.clone();
    Ok(if changed.member_of.remove(role) { vec![put(&changed)] } else { Vec::new() })
}

fn grant(generation: &Generation, grants: Vec<Grant>) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for grant in grants {
        check_grantee(generation, &grant.grantee, grant.grantable)?;
        check_target(generation, &grant.target, grant.privilege)?;
        let same = |it: &&Grant| it.grantor == grant.grantor;
        let held: Vec<_> = generation
            .granted(&grant.target, &grant.grantee, grant.privilege)
            .filter(same)
            .collect();
        if held.iter().any(|held| held.grantable || !grant.grantable) {
            continue;
        }
        facts.extend(held.into_iter().map(|held| Fact::RemoveGrant(held.into())));
        facts.push(Fact::AddGrant((&grant).into()));
    }
    Ok(facts)
}

fn revoke(generation: &Generation, wish: &Wish, grant_option_only: bool) -> Result<Vec<Fact>> {
    check_grantee(generation, &wish.grantee, false)?;
    // It is no grant that could be taken away, and must not seem to be.
    let public = matches!(&wish.target, Target::Schema(schema) if schema == PUBLIC_SCHEMA);
    if public && wish.grantee == PUBLIC && wish.privilege == Privilege::Usage {
        let message = "revoking USAGE on schema public from PUBLIC is not supported".to_owned();
        return Err(Error::FeatureNotSupported(message));
    }
    let held: Vec<_> = generation
        .granted(&wish.target, &wish.grantee, wish.privilege)
        .filter(|held| held.grantable || !grant_option_only)
        .collect();
    if held.iter().any(|held| held.grantable) && granted_on(generation, wish) {
        return Err(Error::DependentObjectsStillExist("dependent privileges exist".to_owned())
            .hint("Revoke them first."));
    }
    let mut facts = Vec::new();
    for held in held {
        facts.push(Fact::RemoveGrant(held.into()));
        if grant_option_only {
            facts.push(Fact::AddGrant((&Grant { grantable: false, ..held.clone() }).into()));
        }
    }
    Ok(facts)
}

/// Whether the grantee has granted on what it holds, by nothing but the option it would lose.
fn granted_on(generation: &Generation, wish: &Wish) -> bool {
    wish.grantee != BOOTSTRAP_ROLE
        && !generation.is_superuser(&wish.grantee)
        && generation.grants.iter().any(|it| {
            it.target == wish.target && it.privilege == wish.privilege && it.grantor == wish.grantee
        })
}

fn alter_defaults(
    generation: &Generation,
    add: bool,
    privilege: &DefaultPrivilege,
) -> Result<Vec<Fact>> {
    check_grantee(generation, &privilege.grantee, privilege.grantable)?;
    if let Some(schema) = &privilege.schema
        && generation.database(schema).is_none()
    {
        return Err(Error::UndefinedSchema(schema.clone()));
    }
    // With and without the grant option are one privilege: the last word counts.
    let held = [true, false]
        .map(|grantable| DefaultPrivilege { grantable, ..privilege.clone() })
        .into_iter()
        .filter(|it| generation.default_privileges.contains(it) && (!add || it != privilege));
    let mut facts: Vec<_> = held.map(|it| Fact::RemoveDefault((&it).into())).collect();
    if add && !generation.default_privileges.contains(privilege) {
        facts.push(Fact::AddDefault(privilege.into()));
    }
    Ok(facts)
}

fn put(role: &Role) -> Fact {
    Fact::PutRole(PutRole { old_name: None, role: Some(role.into()) })
}

/// The rule of names: `^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`, for databases without the dot. They are parts of paths.
fn check_name(what: &str, name: &str, dots: bool) -> Result<()> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let fits = name.len() <= 128
        && name.bytes().next().is_some_and(word)
        && name.bytes().all(|byte| word(byte) || byte == b'-' || (dots && byte == b'.'));
    if fits {
        return Ok(());
    }
    let also = if dots { "points, " } else { "" };
    Err(Error::InvalidParameterValue(format!("invalid {what} name: \"{name}\"")).hint(format!(
        "Names have 1 to 128 letters, digits, {also}underscores and hyphens, and begin with a letter, digit or \
         underscore."
    )))
}

fn check_role_name(generation: &Generation, name: &str) -> Result<()> {
    if name == PUBLIC || name == "none" {
        return Err(Error::ReservedName(format!("role name \"{name}\" is reserved")));
    }
    if name.starts_with("pg_") {
        return Err(Error::ReservedName(format!("role name \"{name}\" is reserved"))
            .detail("Role names starting with \"pg_\" are reserved."));
    }
    if name.is_empty() || name.len() > ROLE_NAME_BYTES_MAX || name.contains('\0') {
        return Err(Error::InvalidParameterValue(format!("invalid role name: \"{name}\"")));
    }
    if generation.role(name).is_some() {
        return Err(Error::DuplicateObject(format!("role \"{name}\" already exists")));
    }
    Ok(())
}

fn check_connection_limit(limit: i32) -> Result<()> {
    if limit < -1 {
        return Err(Error::InvalidParameterValue(format!("invalid connection limit: {limit}")));
    }
    Ok(())
}

fn check_grantee(generation: &Generation, grantee: &str, grantable: bool) -> Result<()> {
    if grantee != PUBLIC {
        return role_of(generation, grantee).map(|_| ());
    }
    if grantable {
        return Err(Error::InvalidGrant("grant options can only be granted to roles".to_owned()));
    }
    Ok(())
}

fn check_target(generation: &Generation, target: &Target, privilege: Privilege) -> Result<()> {
    let schema = schema_of(target);
    let (database, written) = (generation.database(schema), generation.schema(schema));
    if database.is_none() && written.is_none() {
        return Err(Error::UndefinedSchema(schema.to_owned()));
    }
    let (fits, kind) = match target {
        Target::Schema(_) => {
            let creates = privilege == Privilege::Create && written.is_some();
            (creates || privilege == Privilege::Usage, "schema")
        }
        Target::Table { table, .. } => {
            if written.is_some_and(|schema| schema.sequences.contains_key(table)) {
                use Privilege::{Select, Update, Usage};
                (matches!(privilege, Usage | Select | Update), "sequence")
            } else if written
                .is_some_and(|it| it.tables.contains_key(table) || it.views.contains_key(table))
            {
                (!matches!(privilege, Privilege::Create | Privilege::Usage), "relation")
            } else if database.is_some_and(|database| database.relations.contains_key(table)) {
                (privilege == Privilege::Select, "table")
            } else {
                return Err(Error::UndefinedTable(format!("{schema}.{table}")));
            }
        }
    };
    let word = privilege.name();
    match fits {
        true => Ok(()),
        false => Err(Error::InvalidGrant(format!("invalid privilege type {word} for {kind}"))),
    }
}

fn role_of<'a>(generation: &'a Generation, name: &str) -> Result<&'a Role> {
    let missing = || Error::UndefinedObject(format!("role \"{name}\" does not exist"));
    generation.role(name).map(|role| &**role).ok_or_else(missing)
}

fn database_of<'a>(generation: &'a Generation, name: &str) -> Result<&'a Database> {
    let missing = || Error::UndefinedObject(format!("database \"{name}\" does not exist"));
    generation.database(name).map(|database| &**database).ok_or_else(missing)
}

fn no_version(database: &str, version: &str) -> Error {
    Error::UndefinedObject(format!(
        "version \"{version}\" of database \"{database}\" does not exist"
    ))
}

fn no_alias(database: &str, alias: &str) -> Error {
    Error::UndefinedObject(format!("alias \"{alias}\" of database \"{database}\" does not exist"))
}

fn alias_moved(database: &str, alias: &str, now: Option<&str>) -> Error {
    Error::SerializationFailure(format!(
        "alias \"{alias}\" of database \"{database}\" was changed by another commit"
    ))
    .detail(match now {
        Some(version) => format!("It names \"{version}\"."),
        None => "It does not exist.".to_owned(),
    })
}

fn membership_loop(role: &str, member: &str) -> Error {
    Error::InvalidGrant(format!("role \"{role}\" is a member of role \"{member}\""))
}
