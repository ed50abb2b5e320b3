//! One client's session: its settings, transaction, prepared statements and cursors.

mod access;
mod alter;
mod arguments;
mod assigned;
pub(super) mod between;
mod builder;
mod changed;
mod completed;
mod conflict;
mod copied;
mod copied_in;
mod cursor;
mod define;
mod deparse;
mod dependents;
pub mod door;
mod execute;
mod explain;
mod locked;
mod numbers;
mod plain;
mod prepared;
mod refused;
mod subscribed;
mod table;
mod temporary;
mod told;
mod transaction;
mod view;
mod write;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::activity::Presence;
use super::channels::Mailbox;
use super::deadline::Timer;
use super::door::{Login, Notice};
use super::engine::Engine;
use super::known;
use super::parse::Parsed;
use super::plan::Basis;
use super::settings::{self, Meaning, Settings};
use crate::catalog::Generation;
use crate::catalog::generation::{Defined, Version};
use crate::catalog::roles::BOOTSTRAP_ROLE;
use crate::catalog::written::PUBLIC_SCHEMA;
use crate::error::{Error, Result};
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::decode;
use crate::pg::encode::OutputSettings;
use crate::pg::facts::{
    ActivityRow, CursorRow, FOREBAY_SCHEMA, Facts, PreparedRow, Signal, Wish, Wishes,
};
use crate::sequence;
use cursor::Cursor;
use define::Draft;
use prepared::Statement;
use transaction::{Block, Implicit, on_off};

/// The database name every client may use.
const COMMON_DATABASE: &str = "forebay";

/// Prepared statements one session may keep; each costs some KiB at least.
const PREPARED_LEN_MAX: usize = 10_000;

/// Cursors one session may keep open; each may hold batches.
const CURSORS_LEN_MAX: usize = 1_000;

/// A basis, and what it was made of. It holds no generation: an idle session must not keep old files.
struct KnownBasis {
    defined: Defined,
    meaning: Arc<Meaning>,
    user: String,
    basis: Arc<Basis>,
}

/// One client's session. Dropping it ends all it runs.
pub struct SqlSession {
    engine: Arc<Engine>,
    login: Login,
    /// The role in effect (`SET ROLE`).
    user: String,
    settings: Settings,
    /// All settings by name, as the catalogs show them; made when asked for.
    shown: Option<Arc<BTreeMap<String, String>>>,
    /// What plans depend on, as it was when last asked for.
    basis: Option<KnownBasis>,
    /// The session's own tables.
    temporary: temporary::Kept,
    /// What its transaction has defined so far.
    draft: Draft,
    /// What it knows of sequences.
    sequences: Arc<sequence::Session>,
    /// The versions `forebay.pin` names: holding them keeps their files.
    pinned: Vec<Arc<Version>>,
    block: Option<Block>,
    /// What has been sent together so far, outside of a block.
    implicit: Option<Implicit>,
    prepared: BTreeMap<String, Arc<Statement>>,
    cursors: BTreeMap<String, Cursor>,
    notices: Vec<Notice>,
    reported: Vec<(&'static str, String)>,
    /// Whether a reported parameter may have changed since the client was last told.
    settings_moved: bool,
    /// What queries asked to set.
    wishes: Wishes<Wish>,
    signals: Wishes<Signal>,
    token: CancellationToken,
    timer: Option<Timer>,
    presence: Presence,
    /// What other sessions sent.
    mailbox: Arc<Mailbox>,
    /// A COPY FROM whose data is to come.
    copying: Option<copied_in::Copying>,
    /// What the last statement that read a table read.
    last_versions: Vec<(String, String)>,
}

impl SqlSession {
    /// Opens a session for an authenticated login.
    /// Errors: 3D000 for an unknown database, 28000 for a role that may not log in, 53300 past its connection limit,
    /// 22023 and others for a startup option that is wrong.
    pub(super) fn open(engine: &Arc<Engine>, login: Login) -> Result<SqlSession> {
        let generation = engine.catalog.pin();
        let role = generation.roles.get(&login.user);
        if role.is_none() && login.user != BOOTSTRAP_ROLE {
            let message = format!("role \"{}\" does not exist", login.user);
            return Err(Error::InvalidAuthorization(message));
        }
        if role.is_some_and(|role| !role.login) {
            let message = format!("role \"{}\" is not permitted to log in", login.user);
            return Err(Error::InvalidAuthorization(message));
        }
        let mut settings = Settings::new(engine.defaults.clone());
        // As if set for the database: what is set for the role, and what the client asks for, win.
        let (database, _) = named_database(&login.database);
        if generation.database(database).is_some() {
            let path = format!("{}, {PUBLIC_SCHEMA}", quote_identifier(database));
            settings.set_start("search_path", &path)?;
        }
        for (name, value) in role.map(|role| role.settings.as_slice()).unwrap_or_default() {
            settings.set_start(name, value)?;
        }
        start_options(&mut settings, &login)?;
        let superuser = is_superuser(&generation, &login.user);
        settings.force("is_superuser", if superuser { "on" } else { "off" }.to_owned());
        settings.force("session_authorization", login.user.clone());
        settings.force("ssl", if login.tls { "on" } else { "off" }.to_owned());
        let now_us = engine.clock.now_us();
        let presence = engine.sessions.enter(
            ActivityRow {
                pid: login.pid,
                database: login.database.clone(),
                user: login.user.clone(),
                application_name: settings.own("application_name").to_owned(),
                client: login.peer,
                backend_start_us: now_us,
                state_change_us: Some(now_us),
                state: "idle".to_owned(),
                ..ActivityRow::default()
            },
            role.map_or(-1, |role| role.connection_limit),
            login.switch.clone(),
        )?;
        let mut session = SqlSession {
            engine: Arc::clone(engine),
            user: login.user.clone(),
            settings,
            shown: None,
            basis: None,
            temporary: temporary::Kept::new(engine.temporary()),
            draft: Draft::default(),
            sequences: Arc::new(sequence::Session::new(&engine.sequences, engine.compute.clone())),
            pinned: Vec::new(),
            block: None,
            implicit: None,
            prepared: BTreeMap::new(),
            cursors: BTreeMap::new(),
            notices: Vec::new(),
            reported: Vec::new(),
            settings_moved: false,
            wishes: Wishes::default(),
            signals: Wishes::default(),
            token: CancellationToken::new(),
            timer: None,
            presence,
            mailbox: Arc::default(),
            copying: None,
            last_versions: Vec::new(),
            login,
        };
        session.connect_to_database(&generation)?;
        session.resolve_pins()?;
        session.reported = session.settings.reported();
        Ok(session)
    }

    /// `dbname=sales@prod` pins the version.
    fn connect_to_database(&mut self, generation: &Generation) -> Result<()> {
        let name = self.login.database.clone();
        if name == COMMON_DATABASE
            || name == self.login.user && generation.database(&name).is_none()
        {
            return Ok(());
        }
        let unknown = || Error::UndefinedDatabase(name.clone());
        let (database, version) = named_database(&name);
        let found = generation.database(database).ok_or_else(unknown)?;
        if let Some(version) = version {
            let version = found.resolve(version).ok_or_else(unknown)?;
            let others = settings::parse_pins(self.settings.own("forebay.pin")).unwrap_or_default();
            let mut pins = vec![format!("{database}:{}", version.name)];
            pins.extend(
                others
                    .into_iter()
                    .filter(|(other, _)| other != database)
                    .map(|(other, version)| format!("{other}:{version}")),
            );
            self.settings.set_start("forebay.pin", &pins.join(", "))?;
        }
        Ok(())
    }

    /// Turns the names in `forebay.pin` into versions: an alias resolves once, here.
    /// Errors: 42704 for a database or version nobody knows; the setting is unchanged then.
    fn resolve_pins(&mut self) -> Result<()> {
        let text = self.settings.own("forebay.pin").to_owned();
        let pairs = settings::parse_pins(&text).unwrap_or_default();
        let generation = self.generation();
        let mut versions = Vec::new();
        let mut resolved = Vec::new();
        for (database, version) in pairs {
            let found = generation.database(&database).ok_or_else(|| {
                Error::UndefinedObject(format!("database \"{database}\" does not exist"))
            })?;
            let found = found.resolve(&version).ok_or_else(|| {
                Error::UndefinedObject(format!(
                    "version \"{version}\" of database \"{database}\" does not exist"
                ))
            })?;
            resolved.push(format!("{database}:{}", found.name));
            versions.push(Arc::clone(found));
        }
        self.pinned = versions;
        let resolved = resolved.join(", ");
        if resolved != text {
            self.settings.force("forebay.pin", resolved);
        }
        Ok(())
    }

    /// The generation a statement sees: what its transaction has made of it, the open transaction's, else the newest.
    fn generation(&self) -> Arc<Generation> {
        match (&self.draft.generation, &self.block) {
            (Some(draft), _) => Arc::clone(draft),
            (None, Some(block)) => Arc::clone(&block.generation),
            (None, None) => self.engine.catalog.pin(),
        }
    }

    /// When the transaction began that a statement of this moment is in.
    fn transaction_at_us(&self, now_us: i64) -> i64 {
        match (&self.block, &self.implicit) {
            (Some(block), _) => block.started_us,
            (None, Some(implicit)) => implicit.started_us,
            (None, None) => now_us,
        }
    }

    /// How the values of parameters are read.
    pub(super) fn reading(&self) -> OutputSettings {
        let now_us = self.transaction_at_us(self.engine.clock.now_us());
        OutputSettings { now_us, ..self.settings.meaning().output.clone() }
    }

    /// What a statement's catalogs and functions answer from.
    fn facts(&mut self, sql: &str) -> Arc<Facts> {
        let generation = self.generation();
        let now_us = self.engine.clock.now_us();
        let pins: BTreeMap<String, String> = settings::parse_pins(self.settings.own("forebay.pin"))
            .unwrap_or_default()
            .into_iter()
            .collect();
        let shown = match &self.shown {
            Some(shown) => Arc::clone(shown),
            None => {
                let mut shown = self.settings.map();
                shown.insert("transaction_read_only".to_owned(), on_off(self.read_only()));
                let shown = Arc::new(shown);
                self.shown = Some(Arc::clone(&shown));
                shown
            }
        };
        let mut facts = Facts {
            user: self.user.clone(),
            session_user: self.settings.own("session_authorization").to_owned(),
            database: self.login.database.clone(),
            search_path: Vec::new(),
            show_versions: self.settings.on("forebay.show_versions"),
            pins,
            pid: self.login.pid,
            client: self.login.peer,
            server: self.login.server,
            transaction_at_us: self.transaction_at_us(now_us),
            statement_at_us: now_us,
            started_at_us: self.engine.started_at_us,
            settings: shown,
            generation,
            temporary: self.temporary.now.clone(),
            sequences: Some(Arc::clone(&self.sequences)),
            wishes: self.wishes.clone(),
            signals: self.signals.clone(),
            ..Facts::default()
        };
        // These rows cost as much as there are sessions, and almost no statement looks at them.
        let lower = sql.to_ascii_lowercase();
        if lower.contains("pg_stat") || lower.contains("forebay.") {
            facts.activity = self.engine.sessions.rows().into();
        }
        if lower.contains("pg_prepared_statements") {
            facts.prepared = self.prepared_rows();
        }
        if lower.contains("pg_cursors") {
            facts.cursors = self.cursor_rows();
        }
        if lower.contains("pg_listening_channels") {
            facts.listening = self.engine.channels.of(self.login.pid);
        }
        facts.others = self.engine.system_relations();
        facts.names = self.temporary.names(&facts).unwrap_or_else(|| self.engine.names(&facts));
        facts.search_path = self.search_path(&facts);
        Arc::new(facts)
    }

    /// The same with all names gathered: on a planning thread, as that takes long where there are many tables.
    /// Errors: 53300 when too many wait to be planned.
    async fn indexed(&self, facts: Arc<Facts>) -> Result<Arc<Facts>> {
        if facts.is_indexed() {
            return Ok(facts);
        }
        let gathering = self.engine.plan(move || {
            facts.index();
            Ok(facts)
        });
        gathering.await
    }

    /// What the plan of a statement depends on now.
    fn basis(&mut self) -> Arc<Basis> {
        let defined = self.generation().defined;
        let meaning = self.settings.meaning();
        if let Some(known) = &self.basis
            && known.defined == defined
            && Arc::ptr_eq(&known.meaning, meaning)
            && known.user == self.user
        {
            return Arc::clone(&known.basis);
        }
        let (meaning, user) = (Arc::clone(meaning), self.user.clone());
        let basis = Arc::new(Basis::of(&self.facts("")));
        self.basis = Some(KnownBasis { defined, meaning, user, basis: Arc::clone(&basis) });
        basis
    }

    /// The schemas of `search_path` that exist.
    fn search_path(&self, facts: &Facts) -> Vec<String> {
        settings::parse_path(self.settings.own("search_path"))
            .into_iter()
            // Where a role is called like our own schema, that is not meant.
            .filter(|name| name != "$user" || self.user != FOREBAY_SCHEMA)
            .map(|name| if name == "$user" { self.user.clone() } else { name })
            .filter(|name| {
                facts.schema(name).is_some()
                    || facts.generation.schema(name).is_some()
                    || matches!(name.as_str(), FOREBAY_SCHEMA | "information_schema" | "pg_catalog")
            })
            .collect()
    }

    fn prepared_rows(&self) -> Arc<[PreparedRow]> {
        self.prepared
            .iter()
            .map(|(name, statement)| PreparedRow {
                name: name.clone(),
                statement: statement.text.to_string(),
                prepared_at_us: statement.prepared_at_us,
                parameter_types: statement.parameter_types.clone(),
                from_sql: statement.from_sql,
            })
            .collect()
    }

    fn cursor_rows(&self) -> Arc<[CursorRow]> {
        self.cursors.iter().map(|(name, cursor)| cursor.row(name)).collect()
    }

    /// Which names longer than PostgreSQL's are those of something in the sources.
    fn long_names(&self) -> impl Fn(&str) -> bool + use<> {
        let generation = self.generation();
        move |name| known::is_of_source(&generation, name)
    }

    /// Tells which names were cut.
    fn tell_cut(&mut self, parsed: &[Parsed]) {
        for name in parsed.iter().flat_map(|parsed| &parsed.long_names) {
            let kept = decode::name(name);
            let message = format!("identifier \"{name}\" will be truncated to \"{kept}\"");
            self.notice("NOTICE", "42622", message);
        }
    }

    fn notice(&mut self, severity: &'static str, state: &'static str, message: String) {
        self.notices.push(Notice { severity, state, message, detail: None, hint: None });
    }

    /// After any change of settings: what depends on them.
    fn settings_changed(&mut self) {
        self.shown = None;
        self.settings_moved = true;
        let name = self.settings.own("application_name").to_owned();
        self.presence.update(|row| row.application_name = name);
    }

    /// Remembers what a statement reads, for the client and `forebay.statement_versions()`.
    fn note_versions(&mut self, versions: Vec<(String, String)>) {
        if versions.is_empty() || versions == self.last_versions {
            return;
        }
        let text: Vec<String> =
            versions.iter().map(|(database, version)| format!("{database}@{version}")).collect();
        self.settings.force("forebay.versions", text.join(", "));
        self.last_versions = versions;
        self.shown = None;
        self.settings_moved = true;
    }

    /// Whether the role in effect may do everything.
    fn superuser(&self) -> bool {
        is_superuser(&self.generation(), &self.user)
    }
}

impl Drop for SqlSession {
    fn drop(&mut self) {
        self.token.cancel();
        self.engine.channels.leave(self.login.pid);
        self.engine.locks.leave(self.login.pid);
        self.engine.row_locks.release(self.login.pid);
        self.engine.sessions.leave(&self.presence);
    }
}

fn is_superuser(generation: &Generation, role: &str) -> bool {
    generation.is_superuser(role)
}

/// The database that `dbname` names, and the version where it does.
fn named_database(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((database, version)) => (database, Some(version)),
        None => (name, None),
    }
}

/// The startup packet's settings: named ones, then those in `options`.
fn start_options(settings: &mut Settings, login: &Login) -> Result<()> {
    for (name, value) in &login.parameters {
        match name.as_str() {
            "user" | "database" | "replication" => {}
            "options" => {
                for (name, value) in options(value)? {
                    settings.set_start(&name, &value)?;
                }
            }
            name if name.starts_with("_pq_.") => {}
            name => settings.set_start(name, value)?,
        }
    }
    Ok(())
}

/// `-c name=value`, `-cname=value`, `--name=value`; a backslash keeps a space (PostgreSQL manual, 34.1.2).
fn options(text: &str) -> Result<Vec<(String, String)>> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.extend(chars.next()),
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    let mut pairs = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let pair = if word == "-c" {
            words.next().unwrap_or_default()
        } else if let Some(rest) = word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            rest.to_owned()
        } else {
            let message = format!("invalid command-line argument for server process: {word}");
            return Err(Error::Syntax(message));
        };
        let Some((name, value)) = pair.split_once('=') else {
            let message = format!("-c {pair} requires a value");
            return Err(Error::Syntax(message));
        };
        pairs.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(pairs)
}
