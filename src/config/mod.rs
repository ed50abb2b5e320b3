//! Settings: one TOML file, the environment and flags become checked types.
//!
//! Owns: the only reads of the environment. The file `forebay.toml` beside this one documents every key and is the
//! defaults: it is read first, then the user's file, the environment and the flags are laid over it, and the result
//! must fit the types below without an unknown key.
//! On failure: [`Error::Configuration`] names the key; nothing has been touched.
//!
//! Imports: error. Used by: every room, each with its own section.

mod units;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::error::Error;
use crate::error::Result;
pub use units::{Bytes, Span};

/// The documented defaults.
pub const SAMPLE: &str = include_str!("forebay.toml");

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The source root, as given.
    pub source: String,
    /// The state root.
    pub state: PathBuf,
    /// Addresses for PostgreSQL clients.
    pub listen: Vec<SocketAddr>,
    /// How versions are found and loaded.
    pub versions: Versions,
    /// Overrides of `versions` per database.
    #[serde(default)]
    pub database: BTreeMap<String, toml::Table>,
    /// Connections.
    pub wire: Wire,
    /// Encryption.
    pub tls: Tls,
    /// Who may connect from where, first match wins.
    #[serde(default)]
    pub rule: Vec<Rule>,
    /// Statements.
    pub query: Query,
    /// Tables that users write.
    pub tables: Tables,
    /// Logs.
    pub logs: Logs,
    /// Copies of what users wrote.
    pub backup: Backup,
    /// The process.
    pub server: Server,
    #[serde(skip)]
    values: BTreeMap<String, String>,
}

/// How versions are found and loaded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Versions {
    pub refresh_period: Span,
    pub completeness: Completeness,
    pub settle: Span,
    pub mode: LoadMode,
    pub on_schema_change: OnSchemaChange,
    pub allow_empty_version: bool,
    pub auto_activate: bool,
    pub keep_versions: usize,
    pub keep_for: Span,
    pub vanish_grace: Span,
    pub max_parallel_loads: usize,
}

/// When a version counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub enum Completeness {
    Settled,
    Success,
    Manifest,
}

/// How files are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub enum LoadMode {
    Direct,
    Mirror,
}

/// The schema contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub enum OnSchemaChange {
    RequireCompatible,
    Warn,
    Allow,
}

/// Connections.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Wire {
    pub max_connections: usize,
    pub max_unauthenticated: usize,
    pub startup_timeout: Span,
    pub max_message_bytes: Bytes,
    pub max_copy_bytes: Bytes,
    pub max_attempts_per_minute: u32,
}

/// Encryption.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_ca: PathBuf,
    pub min_version: String,
}

/// One line of who may connect from where, as in PostgreSQL's pg_hba.conf. Without any rule, loopback may use
/// `scram` (or `trust` while no role has a password) and other addresses `scram` over TLS.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `host` (any), `hostssl` or `hostnossl`.
    pub connection: String,
    /// Database names, or `all`.
    #[serde(default = "all")]
    pub database: Vec<String>,
    /// Roles, or `all`.
    #[serde(default = "all")]
    pub user: Vec<String>,
    /// An address with a prefix length (`10.0.0.0/8`), or `all`, or `loopback`.
    pub address: String,
    /// `trust`, `scram-sha-256`, `cert` or `reject`.
    pub method: String,
}

fn all() -> Vec<String> {
    vec!["all".to_owned()]
}

/// Statements.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Query {
    pub statement_timeout: Span,
    pub idle_in_transaction_session_timeout: Span,
    pub idle_session_timeout: Span,
    pub memory_limit: Bytes,
    pub memory_per_statement: Bytes,
    pub spill_limit: Bytes,
    pub max_running: usize,
    pub max_text_bytes: Bytes,
    pub threads: usize,
}

/// Tables that users write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Tables {
    pub bytes_max: Bytes,
}

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Logs {
    pub tail_bytes: Bytes,
}

/// Copies of what users wrote.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Backup {
    pub location: String,
    pub interval: Span,
    pub keep: usize,
}

/// The process.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "documented in forebay.toml")]
pub struct Server {
    pub drain: Span,
    pub log: String,
    pub log_format: String,
}

impl Config {
    /// Lays `file`, the environment and `flags` (dotted key, value) over the defaults.
    /// Errors: [`Error::Configuration`] for an unreadable file, an unknown key or a value of a wrong kind.
    pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<Config> {
        let mut tree: toml::Table =
            toml::from_str(SAMPLE).map_err(|e| Error::Internal(e.to_string()))?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|e| {
                Error::Configuration(format!(
                    "could not read configuration file \"{}\": {e}",
                    path.display()
                ))
            })?;
            let given: toml::Table = toml::from_str(&text).map_err(|e| wrong(&e))?;
            overlay(&mut tree, given);
        }
        for key in keys() {
            if let Some(value) = environment(&key) {
                set(&mut tree, &key, &value)?;
            }
        }
        for (key, value) in flags {
            set(&mut tree, key, value)?;
        }
        let values = written(&tree);
        let mut config: Config = toml::Value::Table(tree).try_into().map_err(|e| wrong(&e))?;
        config.values = values;
        config.check()?;
        Ok(config)
    }

    /// Every scalar key with its value as written, by key.
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// The section `versions` as it holds for `database`.
    pub fn versions_of(&self, database: &str) -> Result<Versions> {
        let Some(over) = self.database.get(database) else { return Ok(self.versions.clone()) };
        self.versions.with(over).map_err(|error| {
            Error::Configuration(format!("in section \"database.{database}\": {error}"))
        })
    }

    fn check(&self) -> Result<()> {
        if self.source.is_empty() {
            return Err(Error::Configuration("source must be set".to_owned())
                .hint("Give --source PATH, or source = \"PATH\" in the configuration file."));
        }
        for name in self.database.keys() {
            self.versions_of(name)?;
        }
        if self.tls.certificate.as_os_str().is_empty() != self.tls.key.as_os_str().is_empty() {
            return Err(Error::Configuration(
                "tls.certificate and tls.key must be set together".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Versions {
    fn with(&self, over: &toml::Table) -> Result<Versions> {
        let sample: toml::Table =
            toml::from_str(SAMPLE).map_err(|e| Error::Internal(e.to_string()))?;
        let keys =
            sample.get("versions").and_then(toml::Value::as_table).cloned().unwrap_or_default();
        if let Some(unknown) = over.keys().find(|key| !keys.contains_key(*key)) {
            return Err(Error::Configuration(format!("unknown key \"{unknown}\"")));
        }
        let mut section = self.clone();
        for (key, value) in over {
            section.set(key, value.clone())?;
        }
        Ok(section)
    }

    fn set(&mut self, key: &str, value: toml::Value) -> Result<()> {
        fn read<T: serde::de::DeserializeOwned>(value: toml::Value, into: &mut T) -> Result<()> {
            *into = value.try_into().map_err(|e| wrong(&e))?;
            Ok(())
        }
        match key {
            "refresh_period" => read(value, &mut self.refresh_period),
            "completeness" => read(value, &mut self.completeness),
            "settle" => read(value, &mut self.settle),
            "mode" => read(value, &mut self.mode),
            "on_schema_change" => read(value, &mut self.on_schema_change),
            "allow_empty_version" => read(value, &mut self.allow_empty_version),
            "auto_activate" => read(value, &mut self.auto_activate),
            "keep_versions" => read(value, &mut self.keep_versions),
            "keep_for" => read(value, &mut self.keep_for),
            "vanish_grace" => read(value, &mut self.vanish_grace),
            _ => Err(Error::Configuration(format!("\"{key}\" cannot be set for one database"))),
        }
    }
}

/// Every scalar key of the defaults, dotted (`wire.max_connections`).
pub fn keys() -> Vec<String> {
    let tree: toml::Table = toml::from_str(SAMPLE).unwrap_or_default();
    let mut keys = Vec::new();
    for (name, value) in &tree {
        match value {
            toml::Value::Table(section) => {
                keys.extend(section.keys().map(|key| format!("{name}.{key}")))
            }
            _ => keys.push(name.clone()),
        }
    }
    keys
}

/// The sentences that document `key` in the sample file. Keys that follow each other under one comment share it.
pub fn explain(key: &str) -> String {
    let (section, last) = key.rsplit_once('.').unwrap_or(("", key));
    let mut here = "";
    let mut comment = Vec::new();
    let mut used = false;
    for line in SAMPLE.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            if used {
                comment.clear();
            }
            used = false;
            comment.push(text);
        } else if let Some(name) = line.strip_prefix('[') {
            here = name.trim_end_matches(']');
            comment.clear();
        } else if line.is_empty() {
            comment.clear();
        } else {
            used = true;
            if here == section && line.split(" = ").next() == Some(last) {
                return comment.join(" ");
            }
        }
    }
    String::new()
}

#[expect(clippy::disallowed_methods, reason = "the only room that reads the environment")]
fn environment(key: &str) -> Option<String> {
    std::env::var(format!("FOREBAY_{}", key.replace('.', "_").to_uppercase())).ok()
}

/// Writes a value given as text; lists are comma-separated.
fn set(tree: &mut toml::Table, key: &str, text: &str) -> Result<()> {
    let (table, last) = match key.split_once('.') {
        Some((section, last)) => {
            let Some(toml::Value::Table(table)) = tree.get_mut(section) else {
                return Err(Error::Configuration(format!("unknown key \"{key}\"")));
            };
            (table, last)
        }
        None => (tree, key),
    };
    let value = match table.get(last) {
        Some(toml::Value::Boolean(_)) => text.parse().map(toml::Value::Boolean).ok(),
        Some(toml::Value::Integer(_)) => text.parse().map(toml::Value::Integer).ok(),
        Some(toml::Value::Array(_)) => Some(
            text.split(',').map(|item| toml::Value::from(item.trim())).collect::<Vec<_>>().into(),
        ),
        Some(_) => Some(toml::Value::from(text)),
        None => return Err(Error::Configuration(format!("unknown key \"{key}\""))),
    };
    let value = value
        .ok_or_else(|| Error::Configuration(format!("invalid value for \"{key}\": \"{text}\"")))?;
    table.insert(last.to_owned(), value);
    Ok(())
}

/// The values of [`keys`] as text; lists are comma-separated.
fn written(tree: &toml::Table) -> BTreeMap<String, String> {
    fn text(value: &toml::Value) -> String {
        match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
            other => other.to_string(),
        }
    }
    let of = |key: &str| match key.split_once('.') {
        Some((section, last)) => tree.get(section)?.get(last),
        None => tree.get(key),
    };
    keys().into_iter().filter_map(|key| Some((key.clone(), text(of(&key)?)))).collect()
}

fn overlay(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(above)) => overlay(under, above),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn wrong(error: &toml::de::Error) -> Error {
    Error::Configuration(error.message().to_owned())
}

impl Server {
    /// How long statements may finish after SIGTERM.
    pub fn drain_limit(&self) -> Duration {
        self.drain.0.unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Error, explain, keys};

    fn load(flags: &[(&str, &str)]) -> Result<Config, Error> {
        let flags: Vec<_> = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Config::load(None, &flags)
    }

    #[test]
    fn the_sample_is_the_defaults() {
        let config = load(&[("source", "/data")]).expect("defaults are valid");
        assert_eq!(config.versions.keep_versions, 2);
        assert_eq!(config.wire.max_message_bytes.0, 64 << 20);
        assert!(config.versions.refresh_period.0.is_none());
        let value = |key: &str| config.values().get(key).map(String::as_str);
        assert_eq!(value("wire.max_connections"), Some("10000"));
        assert_eq!(value("listen"), Some("127.0.0.1:5432"));
    }

    #[test]
    fn every_key_is_explained() {
        for key in keys() {
            let text = explain(&key);
            assert!(!text.is_empty(), "{key}");
            assert!(text.len() < 200, "{key} has the comments of others too: {text}");
        }
        assert_eq!(
            explain("source").split('.').next(),
            Some("Where versions are published: a path or a `file://` URL")
        );
        assert_eq!(explain("tls.key"), explain("tls.certificate"));
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_refused() {
        assert!(load(&[("sauce", "/data")]).expect_err("unknown").to_string().contains("sauce"));
        assert!(load(&[("source", "/d"), ("versions.settle", "soon")]).is_err());
        assert!(load(&[]).expect_err("no source").to_string().contains("source must be set"));
    }
}
