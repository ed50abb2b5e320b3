//! The state behind a generation, and how a fact changes it. Replaying facts decides nothing: it cannot come out
//! differently, and it needs no manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::Shared;
use super::defined::{Written, positions};
use super::generation::{
    Activation, Alias, AliasMove, AliasOrigin, Database, Defined, Generation, HISTORY_LEN_MAX,
    RelationIds, Version,
};
use super::log::Live;
use super::manifest::{Manifest, Mode};
use super::record::{
    Activate, AddVersion, AliasRecord, DatabaseRecord, DropAlias, Fact, PutRole, RelationRecord,
    RoleRecord, SetAlias, StateRecord, VersionRecord, unknown,
};
use super::roles::{BOOTSTRAP_ROLE, DefaultPrivilege, Grant, Privilege, Role, Target};
use super::stored::Digest;
use super::written::{PUBLIC_SCHEMA, Schema};
use crate::error::{Error, Result};

/// PostgreSQL's first OID for users' objects (`FirstNormalObjectId`).
const FIRST_OID: u32 = 16_384;

/// The format of [`StateRecord`].
const FORMAT: u32 = 5;

/// Database and version.
pub(super) type VersionKey = (String, String);

/// A generation with what only the journal needs to know. Clones share what does not change.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) generation: Generation,
    /// Every version that was added and not removed, also one whose manifest could not be read.
    pub(super) kept: Arc<BTreeMap<VersionKey, Kept>>,
    /// Manifests of versions that are about to be added; in a replay none is here yet.
    pub(super) arriving: BTreeMap<VersionKey, Arc<Manifest>>,
    /// Whether a fact since the last commit changed a definition.
    pub(super) redefined: bool,
    /// What hands out OIDs.
    pub(super) oids: Arc<Oids>,
    /// What may be kept.
    pub(super) limits: Arc<Limits>,
    /// Segments that are in use.
    pub(super) live: Arc<Live>,
}

/// Object identifiers, each handed out once. A transaction has those it takes from the first statement on, whether it
/// commits or not.
#[derive(Debug, Default)]
pub(super) struct Oids(AtomicU32);

impl Oids {
    /// The first of `count` that nobody else gets.
    /// Errors: 54000 when they are used up.
    pub(super) fn take(&self, count: u32) -> Result<u32> {
        let add = |next: u32| next.checked_add(count);
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        taken.ok().ok_or_else(no_more_oids)
    }

    pub(super) fn skip_to(&self, next: u32) {
        self.0.fetch_max(next, Ordering::Relaxed);
    }
}

/// How much may be kept; the settings tell it after the start.
#[derive(Debug)]
pub(super) struct Limits {
    rows_bytes_max: AtomicUsize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { rows_bytes_max: AtomicUsize::new(usize::MAX) }
    }
}

impl Limits {
    /// Bytes that the rows of all tables may take together.
    pub(super) fn rows_bytes_max(&self) -> usize {
        self.rows_bytes_max.load(Ordering::Relaxed)
    }

    pub(super) fn set_rows_bytes_max(&self, bytes: usize) {
        self.rows_bytes_max.store(bytes, Ordering::Relaxed);
    }
}

/// What the journal knows of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) digest: Digest,
    pub(super) loaded_at_us: i64,
}

impl State {
    pub(super) fn empty() -> State {
        State {
            generation: Generation {
                next_oid: FIRST_OID,
                schemas: BTreeMap::from([(PUBLIC_SCHEMA.to_owned(), Arc::new(Schema::public()))]),
                ..Generation::default()
            },
            kept: Arc::default(),
            arriving: BTreeMap::new(),
            redefined: false,
            oids: Arc::default(),
            limits: Arc::default(),
            live: Arc::default(),
        }
    }

    /// What a transaction that is not committed would make of `generation`: only definitions, no versions.
    pub(super) fn draft(generation: &Generation, shared: &Shared) -> State {
        State {
            generation: generation.clone(),
            kept: Arc::default(),
            arriving: BTreeMap::new(),
            redefined: false,
            oids: Arc::clone(&shared.oids),
            limits: Arc::clone(&shared.limits),
            live: Arc::clone(&shared.live),
        }
    }

    /// Applies one fact. Checks before it changes: after an error nothing has changed.
    /// Errors: XX001 for a fact that cannot follow this state; 54000 when the OIDs are used up.
    pub(super) fn fold(&mut self, fact: Fact, at_us: i64) -> Result<()> {
        self.redefined |=
            !matches!(fact, Fact::MoveSequence(_) | Fact::WriteRows(_) | Fact::PutSegments(_));
        match fact {
            Fact::AddVersion(fact) => return self.add_version(fact, at_us),
            Fact::RemoveVersion(fact) => {
                self.database(&fact.database)?.versions.remove(&fact.version);
                Arc::make_mut(&mut self.kept).remove(&(fact.database, fact.version));
            }
            Fact::Activate(fact) => return self.activate(fact, at_us),
            Fact::SetAlias(fact) => return self.set_alias(fact, at_us),
            Fact::DropAlias(fact) => return self.drop_alias(fact, at_us),
            Fact::DropDatabase(name) => self.drop_database(&name),
            Fact::SetPaused(fact) if fact.paused => {
                self.generation.paused.insert(fact.database);
            }
            Fact::SetPaused(fact) => {
                self.generation.paused.remove(&fact.database);
            }
            Fact::PutRole(fact) => return self.put_role(fact),
            Fact::DropRole(name) => {
                self.generation.roles.remove(&name);
            }
            Fact::AddGrant(grant) => {
                let grant = grant.try_into()?;
                Arc::make_mut(&mut self.generation.grants).insert(grant);
            }
            Fact::RemoveGrant(grant) => {
                let grant = grant.try_into()?;
                Arc::make_mut(&mut self.generation.grants).remove(&grant);
            }
            Fact::AddDefault(privilege) => {
                Arc::make_mut(&mut self.generation.default_privileges).insert(privilege.into());
            }
            Fact::RemoveDefault(privilege) => {
                Arc::make_mut(&mut self.generation.default_privileges).remove(&privilege.into());
            }
            Fact::PutSchema(fact) => return self.put_schema(fact),
            Fact::DropSchema(name) => self.drop_schema(&name),
            Fact::PutSequence(fact) => return self.put_sequence(fact),
            Fact::DropSequence(fact) => return self.drop_sequence(&fact),
            Fact::MoveSequence(fact) => self.move_sequence(fact),
            Fact::PutTable(fact) => return self.put_table(fact),
            Fact::DropTable(fact) => return self.drop_table(&fact),
            Fact::WriteRows(fact) => return self.fold_rows(fact, at_us),
            Fact::PutView(fact) => return self.put_view(fact),
            Fact::DropView(fact) => return self.drop_view(&fact),
            Fact::PutSegments(fact) => return self.put_segments(fact),
        }
        Ok(())
    }

    fn add_version(&mut self, fact: AddVersion, at_us: i64) -> Result<()> {
        let digest = digest(&fact.sha256)?;
        let generation = &mut self.generation;
        let mut next_oid = generation.next_oid.max(fact.first_oid);
        let mut take = || {
            let oid = next_oid;
            next_oid = next_oid.checked_add(1).ok_or_else(no_more_oids)?;
            Ok::<u32, Error>(oid)
        };
        let new_oid = match generation.databases.get(&fact.database) {
            None => Some(take()?),
            Some(_) => None,
        };
        let mut ids = Vec::with_capacity(fact.new_tables.len());
        for _ in &fact.new_tables {
            // The order PostgreSQL takes them in.
            ids.push(RelationIds { relation: take()?, array_type: take()?, row_type: take()? });
        }
        let key = (fact.database, fact.version);
        let manifest = self.arriving.remove(&key).unwrap_or_else(|| Arc::new(placeholder(&key)));
        let (database_name, version_name) = &key;
        let version = Version { name: version_name.clone(), loaded_at_us: at_us, manifest };
        let database = generation.databases.entry(database_name.clone()).or_insert_with(|| {
            Arc::new(empty_database(database_name, new_oid.unwrap_or_default()))
        });
        let database = Arc::make_mut(database);
        database.versions.insert(version_name.clone(), Arc::new(version));
        grant_defaults(generation, database_name, &fact.new_tables);
        if !ids.is_empty()
            && let Some(database) = generation.databases.get_mut(database_name)
        {
            let names = fact.new_tables.into_iter();
            Arc::make_mut(&mut Arc::make_mut(database).relations).extend(names.zip(ids));
        }
        generation.next_oid = next_oid;
        Arc::make_mut(&mut self.kept).insert(key, Kept { digest, loaded_at_us: at_us });
        Ok(())
    }

    fn activate(&mut self, fact: Activate, at_us: i64) -> Result<()> {
        if let Some(lost) =
            fact.moves.iter().find(|step| self.generation.database(&step.database).is_none())
        {
            return Err(impossible(&format!("activates in \"{}\"", lost.database)));
        }
        for step in fact.moves {
            let database = self.database(&step.database)?;
            // History stays in order of time even when the clock was set back.
            let last_us = database.activations.last().map_or(i64::MIN, |last| last.at_us);
            database.current = Some(step.to.clone());
            database.high_water = database.high_water.take().max(Some(step.to.clone()));
            remember(
                &mut database.activations,
                Activation {
                    from: step.from,
                    to: step.to,
                    at_us: at_us.max(last_us),
                    by: fact.by.clone(),
                    cause: fact.cause.clone(),
                },
            );
        }
        Ok(())
    }

    fn set_alias(&mut self, fact: SetAlias, at_us: i64) -> Result<()> {
        let database = self.database(&fact.database)?;
        let alias = Alias {
            version: fact.to.clone(),
            origin: if fact.of_source { AliasOrigin::Source } else { AliasOrigin::Sql },
            set_at_us: at_us,
            set_by: fact.by.clone(),
        };
        database.aliases.insert(fact.alias.clone(), alias);
        let step =
            AliasMove { alias: fact.alias, from: fact.from, to: Some(fact.to), at_us, by: fact.by };
        remember(&mut database.alias_history, step);
        Ok(())
    }

    fn drop_alias(&mut self, fact: DropAlias, at_us: i64) -> Result<()> {
        let database = self.database(&fact.database)?;
        database.aliases.remove(&fact.alias);
        let step =
            AliasMove { alias: fact.alias, from: Some(fact.from), to: None, at_us, by: fact.by };
        remember(&mut database.alias_history, step);
        Ok(())
    }

    /// What was granted goes with the schema: another database of that name starts with nothing.
    fn drop_database(&mut self, name: &str) {
        let generation = &mut self.generation;
        generation.databases.remove(name);
        generation.paused.remove(name);
        if generation.grants.iter().any(|grant| schema_of(&grant.target) == name) {
            Arc::make_mut(&mut generation.grants).retain(|it| schema_of(&it.target) != name);
        }
        let mentions = |it: &DefaultPrivilege| it.schema.as_deref() == Some(name);
        if generation.default_privileges.iter().any(mentions) {
            Arc::make_mut(&mut generation.default_privileges).retain(|it| !mentions(it));
        }
        Arc::make_mut(&mut self.kept).retain(|key, _| key.0 != name);
    }

    fn put_role(&mut self, fact: PutRole) -> Result<()> {
        let Some(record) = fact.role else { return Err(impossible("puts no role")) };
        let role = Role::from(record);
        self.taken(role.oid)?;
        let generation = &mut self.generation;
        if let Some(old_name) = &fact.old_name {
            rename_role(generation, old_name, &role.name);
        }
        generation.roles.insert(role.name.clone(), Arc::new(role));
        Ok(())
    }

    /// An OID is in use.
    pub(super) fn taken(&mut self, oid: u32) -> Result<()> {
        let after = oid.checked_add(1).ok_or_else(no_more_oids)?;
        self.generation.next_oid = self.generation.next_oid.max(after);
        Ok(())
    }

    /// The database that a fact is about, to be changed.
    fn database(&mut self, name: &str) -> Result<&mut Database> {
        match self.generation.databases.get_mut(name) {
            Some(database) => Ok(Arc::make_mut(database)),
            None => Err(impossible(&format!("is about the database \"{name}\""))),
        }
    }

    /// Gives every kept version its manifest. A version without one is left out, and where it was current, what was
    /// current last takes its place.
    pub(super) fn attach(&mut self, manifests: &BTreeMap<VersionKey, Arc<Manifest>>) {
        for (name, database) in &mut self.generation.databases {
            let database = Arc::make_mut(database);
            database.versions = self
                .kept
                .iter()
                .filter(|(key, _)| key.0 == *name)
                .filter_map(|(key, kept)| {
                    let version = Version {
                        name: key.1.clone(),
                        loaded_at_us: kept.loaded_at_us,
                        manifest: Arc::clone(manifests.get(key)?),
                    };
                    Some((key.1.clone(), Arc::new(version)))
                })
                .collect();
            if let Some(current) = &database.current
                && !database.versions.contains_key(current)
            {
                let fallback = database.fallback().map(str::to_owned);
                tracing::error!(
                    database = name,
                    version = current,
                    fallback,
                    "the current version could not be opened"
                );
                database.current = fallback;
            }
        }
    }

    /// The state as a checkpoint keeps it.
    /// Errors: those of Arrow.
    pub(super) fn to_record(&self) -> Result<StateRecord> {
        let generation = &self.generation;
        Ok(StateRecord {
            format: FORMAT,
            databases: generation.databases.values().map(|it| self.database_record(it)).collect(),
            roles: generation.roles.values().map(|role| RoleRecord::from(&**role)).collect(),
            grants: generation.grants.iter().map(Into::into).collect(),
            default_privileges: generation.default_privileges.iter().map(Into::into).collect(),
            paused: generation.paused.iter().cloned().collect(),
            next_oid: generation.next_oid,
            schemas: generation.schemas.values().map(|schema| (&**schema).into()).collect(),
            sequences: self.sequence_records(),
            positions: self.position_records(),
            tables: self.table_records(),
            rows: self.rows_records()?,
            views: self.view_records(),
            logs: self.log_records(),
        })
    }

    fn database_record(&self, database: &Database) -> DatabaseRecord {
        let kept = self.kept.iter().filter(|(key, _)| key.0 == database.name);
        DatabaseRecord {
            name: database.name.clone(),
            oid: database.oid,
            current: database.current.clone(),
            high_water: database.high_water.clone(),
            versions: kept
                .map(|(key, kept)| VersionRecord {
                    name: key.1.clone(),
                    loaded_at_us: kept.loaded_at_us,
                    sha256: kept.digest.to_vec(),
                })
                .collect(),
            aliases: database
                .aliases
                .iter()
                .map(|(name, alias)| AliasRecord {
                    name: name.clone(),
                    version: alias.version.clone(),
                    of_source: alias.origin == AliasOrigin::Source,
                    set_at_us: alias.set_at_us,
                    set_by: alias.set_by.clone(),
                })
                .collect(),
            alias_history: database.alias_history.iter().map(|step| (&**step).into()).collect(),
            activations: database.activations.iter().map(|step| (&**step).into()).collect(),
            relations: database
                .relations
                .iter()
                .map(|(name, ids)| RelationRecord {
                    name: name.clone(),
                    relation: ids.relation,
                    row_type: ids.row_type,
                    array_type: ids.array_type,
                })
                .collect(),
        }
    }

    /// The state of a checkpoint, still without manifests.
    /// Errors: F0000 for another release's format, XX001.
    pub(super) fn from_record(record: StateRecord) -> Result<State> {
        if FORMAT < record.format {
            return Err(unknown(&format!("catalog format {}", record.format)));
        }
        let mut kept = BTreeMap::new();
        let mut databases = BTreeMap::new();
        for mut database in record.databases {
            for version in std::mem::take(&mut database.versions) {
                let digest = digest(&version.sha256)?;
                let key = (database.name.clone(), version.name);
                kept.insert(key, Kept { digest, loaded_at_us: version.loaded_at_us });
            }
            databases.insert(database.name.clone(), Arc::new(database_of(database)));
        }
        let roles = record.roles.into_iter().map(Role::from);
        let grants: BTreeSet<Grant> =
            record.grants.into_iter().map(Grant::try_from).collect::<Result<_>>()?;
        let defaults = record.default_privileges.into_iter().map(DefaultPrivilege::from);
        let written = Written {
            schemas: record.schemas,
            sequences: record.sequences,
            tables: record.tables,
            rows: record.rows,
            views: record.views,
            logs: record.logs,
        };
        let (schemas, rows, logs) = written.read()?;
        let generation = Generation {
            lsn: 0,
            defined: Defined::default(),
            databases,
            schemas,
            rows: Arc::new(rows),
            logs: Arc::new(logs),
            positions: Arc::new(positions(record.positions)),
            roles: roles.map(|role| (role.name.clone(), Arc::new(role))).collect(),
            grants: Arc::new(grants),
            default_privileges: Arc::new(defaults.collect()),
            paused: record.paused.into_iter().collect(),
            next_oid: record.next_oid,
        };
        let state = State { generation, kept: Arc::new(kept), ..State::empty() };
        for (oid, log) in &*state.generation.logs {
            log.segments.iter().for_each(|segment| state.live.add(*oid, segment));
        }
        Ok(state)
    }
}

fn database_of(record: DatabaseRecord) -> Database {
    let alias = |it: AliasRecord| {
        let origin = if it.of_source { AliasOrigin::Source } else { AliasOrigin::Sql };
        let (set_at_us, set_by) = (it.set_at_us, it.set_by);
        (it.name, Alias { version: it.version, origin, set_at_us, set_by })
    };
    let relation = |RelationRecord { name, relation, row_type, array_type }| {
        (name, RelationIds { relation, row_type, array_type })
    };
    Database {
        name: record.name,
        oid: record.oid,
        current: record.current,
        high_water: record.high_water,
        versions: BTreeMap::new(),
        aliases: record.aliases.into_iter().map(alias).collect(),
        alias_history: record.alias_history.into_iter().map(|it| Arc::new(it.into())).collect(),
        activations: record.activations.into_iter().map(|it| Arc::new(it.into())).collect(),
        relations: Arc::new(record.relations.into_iter().map(relation).collect()),
    }
}

/// Gives tables that are new what the default privileges say. The owner of everything is who grants it.
fn grant_defaults(generation: &mut Generation, schema: &str, tables: &[String]) {
    let defaults = Arc::clone(&generation.default_privileges);
    let mut due = defaults
        .iter()
        .filter(|it| it.schema.as_deref().is_none_or(|only| only == schema))
        .peekable();
    if tables.is_empty() || due.peek().is_none() {
        return;
    }
    let grants = Arc::make_mut(&mut generation.grants);
    for privilege in due {
        grants.extend(tables.iter().map(|table| Grant {
            target: Target::Table { schema: schema.to_owned(), table: table.clone() },
            grantee: privilege.grantee.clone(),
            privilege: Privilege::Select,
            grantable: privilege.grantable,
            grantor: BOOTSTRAP_ROLE.to_owned(),
        }));
    }
}

fn rename_role(generation: &mut Generation, old_name: &str, new_name: &str) {
    let renamed = |name: &mut String| {
        if name == old_name {
            new_name.clone_into(name);
        }
    };
    generation.roles.remove(old_name);
    for role in generation.roles.values_mut().filter(|role| role.member_of.contains(old_name)) {
        let role = Arc::make_mut(role);
        role.member_of.remove(old_name);
        role.member_of.insert(new_name.to_owned());
    }
    let grants = generation.grants.iter().cloned().map(|mut grant| {
        renamed(&mut grant.grantee);
        renamed(&mut grant.grantor);
        grant
    });
    generation.grants = Arc::new(grants.collect());
    let defaults = generation.default_privileges.iter().cloned().map(|mut privilege| {
        renamed(&mut privilege.grantee);
        privilege
    });
    generation.default_privileges = Arc::new(defaults.collect());
    super::defined::rename_owner(generation, old_name, new_name);
}

/// Appends to a history and forgets what is oldest.
fn remember<T>(history: &mut Vec<Arc<T>>, step: T) {
    history.push(Arc::new(step));
    let over = history.len().saturating_sub(HISTORY_LEN_MAX);
    history.drain(..over);
}

/// The schema that a target is or is in.
pub(super) fn schema_of(target: &Target) -> &str {
    match target {
        Target::Schema(schema) | Target::Table { schema, .. } => schema,
    }
}

fn empty_database(name: &str, oid: u32) -> Database {
    Database {
        name: name.to_owned(),
        oid,
        current: None,
        high_water: None,
        versions: BTreeMap::new(),
        aliases: BTreeMap::new(),
        alias_history: Vec::new(),
        activations: Vec::new(),
        relations: Arc::default(),
    }
}

/// Stands for a manifest while a replay does not know yet which ones it will need.
fn placeholder(key: &VersionKey) -> Manifest {
    Manifest {
        database: key.0.clone(),
        version: key.1.clone(),
        mode: Mode::Direct,
        tables: BTreeMap::new(),
    }
}

fn digest(bytes: &[u8]) -> Result<Digest> {
    bytes.try_into().ok().ok_or_else(|| impossible("names no SHA-256"))
}

fn no_more_oids() -> Error {
    Error::ProgramLimitExceeded("all object identifiers are used up".to_owned())
}

pub(super) fn impossible(what: &str) -> Error {
    Error::DataCorrupted(format!(
        "a commit in the journal cannot follow those before it: it {what}"
    ))
}
