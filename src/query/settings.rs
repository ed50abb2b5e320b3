//! What a session may set and show (PostgreSQL manual, chapter 20), with transactions' semantics: a `SET` is undone
//! by a rollback, a `SET LOCAL` ends with its transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result};
use crate::pg::catalog::settings::{self as postgresql, Known, boolean};
use crate::pg::encode::{DateFormat, DateOrder, DateStyle, IntervalStyle, OutputSettings};
use crate::pg::encodings::{self, Encoding};
use crate::pg::zone::{Zone, offset_name};

/// What `server_version` says; the catalogs are PostgreSQL 15's.
pub const SERVER_VERSION: &str = "15.20";

/// What a setting's value may be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bool,
    Text,
    /// Nobody may change it.
    Fixed,
    /// What PostgreSQL takes.
    Known,
    /// Checked by a function of its own.
    Own(fn(&str) -> Result<String>),
}

/// A setting that is ours, or PostgreSQL's with another value or another rule than there. PostgreSQL's others are kept
/// for the session and shown: nothing here depends on them.
struct Setting {
    /// As `SHOW` and pg_settings write it.
    name: &'static str,
    value: &'static str,
    kind: Kind,
    /// Sent as ParameterStatus.
    reported: bool,
    description: &'static str,
}

const fn setting(
    name: &'static str,
    value: &'static str,
    kind: Kind,
    description: &'static str,
) -> Setting {
    Setting { name, value, kind, reported: false, description }
}

const fn reported(
    name: &'static str,
    value: &'static str,
    kind: Kind,
    description: &'static str,
) -> Setting {
    Setting { name, value, kind, reported: true, description }
}

/// Every such setting, in the order of their names in lower case.
const SETTINGS: &[Setting] = &[
    reported("application_name", "", Kind::Own(plain), "The name a client gives itself."),
    setting("bytea_output", "hex", Kind::Known, "How bytea is written."),
    reported("client_encoding", "UTF8", Kind::Own(encoding), "The client's encoding."),
    setting("config_file", "", Kind::Fixed, "There is none of PostgreSQL's."),
    setting("data_directory", "", Kind::Fixed, "There is none of PostgreSQL's."),
    reported("DateStyle", "ISO, MDY", Kind::Own(date_style), "How dates are written and read."),
    setting("default_transaction_deferrable", "off", Kind::Known, "The mode of new transactions."),
    setting(
        "default_transaction_isolation",
        "read committed",
        Kind::Known,
        "The isolation of new transactions.",
    ),
    reported("default_transaction_read_only", "off", Kind::Known, "The mode of new transactions."),
    setting("extra_float_digits", "1", Kind::Known, "Digits of floating-point output."),
    setting("forebay.pin", "", Kind::Own(pin), "Versions this session means, as `db:version, …`."),
    setting(
        "forebay.sequence_auto_create",
        "off",
        Kind::Bool,
        "Whether `SELECT nextval('name')` makes a sequence that is not there.",
    ),
    setting("forebay.show_versions", "off", Kind::Bool, "Whether versions appear as schemas."),
    reported("forebay.versions", "", Kind::Fixed, "What the last statement read."),
    setting(
        "forebay.view_consistency",
        "strict",
        Kind::Own(consistency),
        "How far views that follow logs must have come.",
    ),
    setting(
        "forebay.view_wait",
        "1s",
        Kind::Own(wait),
        "How long a bounded read waits for a view.",
    ),
    setting("hba_file", "", Kind::Fixed, "There is none of PostgreSQL's."),
    setting("ident_file", "", Kind::Fixed, "There is none of PostgreSQL's."),
    setting(
        "idle_in_transaction_session_timeout",
        "0",
        Kind::Known,
        "Ends a session idle in a transaction.",
    ),
    setting("idle_session_timeout", "0", Kind::Known, "Ends an idle session."),
    reported("in_hot_standby", "off", Kind::Fixed, "Whether this is a standby."),
    reported("integer_datetimes", "on", Kind::Fixed, "Timestamps are whole microseconds."),
    reported("IntervalStyle", "postgres", Kind::Known, "How intervals are written."),
    reported("is_superuser", "on", Kind::Fixed, "Whether the role may do everything."),
    setting("lc_collate", "C", Kind::Fixed, "Order of text: by bytes."),
    setting("lc_ctype", "C.UTF-8", Kind::Fixed, "Classes of characters."),
    setting("lc_messages", "C", Kind::Known, "Accepted without an effect."),
    setting("lc_monetary", "C", Kind::Known, "Accepted without an effect."),
    setting("lc_numeric", "C", Kind::Known, "Accepted without an effect."),
    setting("lc_time", "C", Kind::Known, "Accepted without an effect."),
    setting("lock_timeout", "0", Kind::Known, "How long a statement waits for an advisory lock."),
    setting("max_connections", "10000", Kind::Fixed, "Connections the server takes."),
    setting("password_encryption", "scram-sha-256", Kind::Own(scram), "How passwords are kept."),
    setting("port", "5432", Kind::Fixed, "The port of PostgreSQL clients."),
    setting("role", "none", Kind::Text, "The role in effect."),
    setting("search_path", "\"$user\", public", Kind::Text, "Schemas searched for bare names."),
    reported("server_encoding", "UTF8", Kind::Fixed, "The server's encoding."),
    reported(
        "server_version",
        SERVER_VERSION,
        Kind::Fixed,
        "The version of PostgreSQL we present.",
    ),
    setting("server_version_num", "150020", Kind::Fixed, "The version as a number."),
    reported("session_authorization", "forebay", Kind::Text, "The role that logged in."),
    setting("ssl", "off", Kind::Fixed, "Whether TLS is on."),
    reported(
        "standard_conforming_strings",
        "on",
        Kind::Own(always_on),
        "Whether backslashes are plain in strings.",
    ),
    setting("statement_timeout", "0", Kind::Known, "Ends a statement that runs longer."),
    reported("TimeZone", "UTC", Kind::Own(time_zone), "The session's time zone."),
    setting("transaction_deferrable", "off", Kind::Known, "The mode of this transaction."),
    setting(
        "transaction_isolation",
        "read committed",
        Kind::Known,
        "The isolation of this transaction.",
    ),
    setting("transaction_read_only", "off", Kind::Known, "The mode of this transaction."),
    setting("unix_socket_directories", "", Kind::Fixed, "There are none."),
];

/// The settings of one session. A clone shares what is unchanged.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What `RESET` goes back to: the server's, the role's and the connection's choices.
    start: Arc<BTreeMap<String, String>>,
    /// What `SET` changed.
    changed: BTreeMap<String, String>,
    /// What `SET LOCAL` changed.
    local: BTreeMap<String, String>,
    /// Emptied by every change.
    meaning: OnceLock<Arc<Meaning>>,
}

/// What every statement asks of the settings, read once after each change: looking a name up costs as much as the rest
/// of a prepared `SELECT 1`.
#[derive(Debug)]
pub struct Meaning {
    /// How values are written.
    pub output: OutputSettings,
    /// `statement_timeout`; 0 is none.
    pub statement_timeout_ms: u64,
    /// `lock_timeout`; 0 is none.
    pub lock_timeout_ms: u64,
    /// `idle_session_timeout`; 0 is none.
    pub idle_session_timeout_ms: u64,
    /// `idle_in_transaction_session_timeout`; 0 is none.
    pub idle_in_transaction_timeout_ms: u64,
}

impl Settings {
    /// With these values to go back to, unchecked: they are the server's own.
    pub fn new(start: BTreeMap<String, String>) -> Settings {
        Settings { start: Arc::new(start), ..Settings::default() }
    }

    /// What they mean. The same value until one of them changes.
    pub fn meaning(&self) -> &Arc<Meaning> {
        self.meaning.get_or_init(|| {
            Arc::new(Meaning {
                output: self.output(),
                statement_timeout_ms: self.ms("statement_timeout"),
                lock_timeout_ms: self.ms("lock_timeout"),
                idle_session_timeout_ms: self.ms("idle_session_timeout"),
                idle_in_transaction_timeout_ms: self.ms("idle_in_transaction_session_timeout"),
            })
        })
    }

    /// The value of `name`.
    /// Errors: 42704 for a name nobody knows.
    pub fn get(&self, name: &str) -> Result<&str> {
        let key = name.to_ascii_lowercase();
        let own = self
            .local
            .get(&key)
            .or_else(|| self.changed.get(&key))
            .or_else(|| self.start.get(&key));
        match own {
            Some(value) => Ok(value),
            None => default(&key).ok_or_else(|| Error::UndefinedSetting(name.to_owned())),
        }
    }

    /// The value of a setting of ours.
    pub fn own(&self, name: &'static str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether a boolean setting of ours is on.
    pub fn on(&self, name: &'static str) -> bool {
        self.own(name) == "on"
    }

    /// Sets `name`; `None` is DEFAULT.
    /// Errors: 42704 for a name nobody knows, 55P02 for one that cannot change, 42501 for one of superusers, 22023 for
    /// a wrong value.
    pub fn set(&mut self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        let key = name.to_ascii_lowercase();
        if let (None, Some(known)) = (find(&key), postgresql::known(&key))
            && let Some(refusal) = known.refusal(self.on("is_superuser"))
        {
            return Err(refusal);
        }
        let value = match value {
            Some(value) => check(&key, value)?,
            None => {
                check_known(&key)?;
                let start = self.start.get(&key).map(String::as_str);
                start.or_else(|| default(&key)).unwrap_or_default().to_owned()
            }
        };
        self.meaning.take();
        if local {
            self.local.insert(key, value);
        } else {
            self.local.remove(&key);
            self.changed.insert(key, value);
        }
        Ok(())
    }

    /// Sets a value that clients cannot (`is_superuser`, `forebay.versions`).
    pub fn force(&mut self, name: &'static str, value: String) {
        self.meaning.take();
        let key = name.to_ascii_lowercase();
        self.local.remove(&key);
        self.changed.insert(key, value);
    }

    /// The same until the transaction ends.
    pub fn force_local(&mut self, name: &'static str, value: String) {
        self.meaning.take();
        self.local.insert(name.to_ascii_lowercase(), value);
    }

    /// Chooses what `RESET name` goes back to (startup packet, `ALTER ROLE … SET`).
    /// Errors: as [`Settings::set`].
    pub fn set_start(&mut self, name: &str, value: &str) -> Result<()> {
        let key = name.to_ascii_lowercase();
        let value = check(&key, value)?;
        self.meaning.take();
        Arc::make_mut(&mut self.start).insert(key, value);
        Ok(())
    }

    /// `RESET ALL`.
    pub fn reset_all(&mut self) {
        let fixed =
            |key: &str| find(key).is_some_and(|setting| matches!(setting.kind, Kind::Fixed));
        let keep = |key: &str| {
            fixed(key)
                || matches!(key, "role" | "session_authorization")
                || key.starts_with("transaction_")
        };
        self.meaning.take();
        self.changed.retain(|key, _| keep(key));
        self.local.retain(|key, _| keep(key));
    }

    /// Forgets what `SET LOCAL` changed.
    pub fn end_transaction(&mut self) {
        self.meaning.take();
        self.local.clear();
        for key in ["transaction_isolation", "transaction_read_only", "transaction_deferrable"] {
            self.changed.remove(key);
        }
    }

    /// Every setting: name, value, description; in the order of names.
    pub fn all(&self) -> Vec<(String, String, &'static str)> {
        let postgresql = postgresql::every().iter().filter(|(key, _)| find(key).is_none());
        let mut rows: Vec<(String, String, &'static str)> = SETTINGS
            .iter()
            .map(|s| (s.name, s.description))
            .chain(postgresql.map(|(_, known)| (known.name, known.description)))
            .map(|(name, description)| (name.to_owned(), self.own(name).to_owned(), description))
            .collect();
        let custom = self.chosen().filter(|(key, _)| is_custom(key));
        rows.extend(custom.map(|(key, value)| (key.clone(), value.clone(), "")));
        rows.sort_by_key(|(name, ..)| name.to_ascii_lowercase());
        rows
    }

    /// The values by lower-case names, without PostgreSQL's own that have its defaults.
    pub fn map(&self) -> BTreeMap<String, String> {
        let ours = SETTINGS.iter().map(|setting| setting.name.to_ascii_lowercase());
        let mut map: BTreeMap<String, String> =
            ours.map(|key| (key.clone(), self.get(&key).unwrap_or_default().to_owned())).collect();
        map.extend(self.chosen().map(|(key, value)| (key.clone(), value.clone())));
        map
    }

    /// What the server, the connection or the session chose.
    fn chosen(&self) -> impl Iterator<Item = (&String, &String)> {
        let first = |key: &String, maps: &[&BTreeMap<String, String>]| {
            maps.iter().all(|map| !map.contains_key(key))
        };
        let start =
            self.start.iter().filter(move |(key, _)| first(key, &[&self.changed, &self.local]));
        let changed = self.changed.iter().filter(move |(key, _)| first(key, &[&self.local]));
        start.chain(changed).chain(&self.local)
    }

    /// Those sent as ParameterStatus.
    pub fn reported(&self) -> Vec<(&'static str, String)> {
        SETTINGS
            .iter()
            .filter(|setting| setting.reported)
            .map(|setting| (setting.name, self.own(setting.name).to_owned()))
            .collect()
    }

    /// A setting in milliseconds.
    fn ms(&self, name: &'static str) -> u64 {
        let base = postgresql::known(name).map(|known| known.base(self.own(name)));
        base.and_then(|ms| ms.parse().ok()).unwrap_or(0)
    }

    fn output(&self) -> OutputSettings {
        OutputSettings {
            time_zone: Zone::of_session(self.own("TimeZone")).unwrap_or(Zone::UTC),
            now_us: 0,
            date_style: parse_date_style(self.own("DateStyle"))
                .unwrap_or(DateStyle { format: DateFormat::Iso, order: DateOrder::Mdy }),
            interval_style: match self.own("IntervalStyle") {
                "postgres_verbose" => IntervalStyle::PostgresVerbose,
                "sql_standard" => IntervalStyle::SqlStandard,
                "iso_8601" => IntervalStyle::Iso8601,
                _ => IntervalStyle::Postgres,
            },
            bytea_hex: self.own("bytea_output") == "hex",
            extra_float_digits: self.own("extra_float_digits").parse().unwrap_or(1),
            encoding: encodings::named(self.own("client_encoding"), "encoding")
                .unwrap_or(Encoding::Utf8),
        }
    }
}

/// PostgreSQL's spelling of a setting's name.
pub fn spelling(name: &str) -> String {
    let known = || postgresql::known(name).map(|known| known.name);
    let own = find(&name.to_ascii_lowercase()).map(|setting| setting.name);
    own.or_else(known).unwrap_or(name).to_owned()
}

fn find(key: &str) -> Option<&'static Setting> {
    let key = match key {
        "time zone" => "timezone",
        other => other,
    };
    SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(key))
}

/// What a setting is when nobody has chosen.
fn default(key: &str) -> Option<&'static str> {
    find(key)
        .map(|setting| setting.value)
        .or_else(|| postgresql::known(key).map(|known| known.value.as_str()))
}

/// As in PostgreSQL, a name with a dot whose first part nobody owns is the client's own.
fn is_custom(key: &str) -> bool {
    key.contains('.') && !key.starts_with("forebay.") && !key.starts_with("datafusion.")
}

/// Errors: nobody knows that name.
fn check_known(key: &str) -> Result<()> {
    if key.starts_with("datafusion.") {
        let message = format!("permission denied to set parameter \"{key}\"");
        return Err(Error::InsufficientPrivilege(message));
    }
    if is_custom(key) || find(key).is_some() || postgresql::known(key).is_some() {
        return Ok(());
    }
    Err(Error::UndefinedSetting(key.to_owned()))
}

/// The value as it is kept.
fn check(key: &str, value: &str) -> Result<String> {
    check_known(key)?;
    let known = |known: &Known| known.check(value);
    let Some(setting) = find(key) else {
        return postgresql::known(key).map_or_else(|| Ok(value.to_owned()), known);
    };
    match setting.kind {
        Kind::Fixed => {
            Err(postgresql::known(key).and_then(|known| known.refusal(true)).unwrap_or_else(|| {
                let message = format!("parameter \"{}\" cannot be changed", setting.name);
                Error::CannotChangeSetting(message)
            }))
        }
        Kind::Text => Ok(value.to_owned()),
        Kind::Bool => {
            let message = format!("parameter \"{}\" requires a Boolean value", setting.name);
            let on = boolean(value).ok_or(Error::InvalidParameterValue(message))?;
            Ok(if on { "on" } else { "off" }.to_owned())
        }
        Kind::Known => postgresql::known(key).map_or_else(|| Ok(value.to_owned()), known),
        Kind::Own(check) => check(value),
    }
}

fn invalid(name: &str, value: &str) -> Error {
    Error::InvalidParameterValue(format!("invalid value for parameter \"{name}\": \"{value}\""))
}

/// As SHOW writes it: the greatest unit that divides it.
pub(super) fn write_ms(ms: u64) -> String {
    for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)] {
        if ms != 0 && ms.is_multiple_of(size) {
            return format!("{}{unit}", ms / size);
        }
    }
    if ms == 0 { "0".to_owned() } else { format!("{ms}ms") }
}

/// Every byte that is no printable ASCII becomes `?` (`pg_clean_ascii`).
fn plain(value: &str) -> Result<String> {
    let clean = |byte: u8| if matches!(byte, b' '..=b'~') { char::from(byte) } else { '?' };
    Ok(value.bytes().map(clean).collect())
}

/// Errors: 22023 for an unknown encoding, 0A000 for one of several bytes that is not UTF-8.
fn encoding(value: &str) -> Result<String> {
    match encodings::named(value, "encoding") {
        Ok(encoding) => Ok(encoding.name().to_owned()),
        Err(Error::FeatureNotSupported(_)) => Err(Error::FeatureNotSupported(format!(
            "conversion between {value} and UTF8 is not supported"
        ))),
        Err(_unknown) => Err(invalid("client_encoding", value)),
    }
}

fn scram(value: &str) -> Result<String> {
    if value.eq_ignore_ascii_case("scram-sha-256") {
        return Ok("scram-sha-256".to_owned());
    }
    Err(invalid("password_encryption", value).hint("Available values: scram-sha-256."))
}

fn always_on(value: &str) -> Result<String> {
    match boolean(value) {
        Some(true) => Ok("on".to_owned()),
        Some(false) => Err(Error::FeatureNotSupported(
            "standard_conforming_strings cannot be turned off".to_owned(),
        )),
        None => Err(Error::InvalidParameterValue(
            "parameter \"standard_conforming_strings\" requires a Boolean value".to_owned(),
        )),
    }
}

/// A zone by its name in any case or as POSIX has it, or hours east of UTC (`check_timezone`).
fn time_zone(value: &str) -> Result<String> {
    let wrong = || invalid("TimeZone", value);
    if let Ok(hours) = value.trim().parse::<f64>()
        && hours.is_finite()
    {
        let outside = || wrong().detail("UTC timezone offset is out of range.");
        let seconds = seconds_of(hours).ok_or_else(outside)?;
        return offset_name(seconds).ok_or_else(outside);
    }
    match Zone::of_session(value) {
        Some(Zone::Named(zone)) => Ok(zone.name().to_owned()),
        Some(Zone::Fixed(_)) => Ok(value.to_owned()),
        None => Err(wrong()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the limit is far below 31 bits")]
fn seconds_of(hours: f64) -> Option<i32> {
    let seconds = hours * 3_600.0;
    (seconds.abs() < 1e8).then_some(seconds as i32)
}

fn date_style(value: &str) -> Result<String> {
    let style = parse_date_style(value).ok_or_else(|| invalid("DateStyle", value))?;
    let format = match style.format {
        DateFormat::Iso => "ISO",
        DateFormat::Postgres => "Postgres",
        DateFormat::Sql => "SQL",
        DateFormat::German => "German",
    };
    let order = match style.order {
        DateOrder::Mdy => "MDY",
        DateOrder::Dmy => "DMY",
        DateOrder::Ymd => "YMD",
    };
    Ok(format!("{format}, {order}"))
}

fn parse_date_style(text: &str) -> Option<DateStyle> {
    let mut style = DateStyle { format: DateFormat::Iso, order: DateOrder::Mdy };
    for word in text.split(',') {
        match word.trim().to_ascii_lowercase().as_str() {
            "iso" => style.format = DateFormat::Iso,
            "postgres" => style.format = DateFormat::Postgres,
            "sql" => style.format = DateFormat::Sql,
            "german" => {
                style.format = DateFormat::German;
                style.order = DateOrder::Dmy;
            }
            "mdy" | "us" | "noneuro" | "noneuropean" => style.order = DateOrder::Mdy,
            "dmy" | "euro" | "european" => style.order = DateOrder::Dmy,
            "ymd" => style.order = DateOrder::Ymd,
            _ => return None,
        }
    }
    Some(style)
}

fn consistency(value: &str) -> Result<String> {
    match value.to_ascii_lowercase().as_str() {
        known @ ("strict" | "bounded" | "eventual") => Ok(known.to_owned()),
        _ => Err(invalid("forebay.view_consistency", value)
            .hint("Available values: strict, bounded, eventual.")),
    }
}

fn wait(value: &str) -> Result<String> {
    match crate::config::Span::parse(value) {
        Some(_) => Ok(value.to_owned()),
        None => Err(invalid("forebay.view_wait", value).hint("Write 500ms, 10s or 1min.")),
    }
}

/// The form of `forebay.pin`; whether the names exist is for the session to check.
fn pin(value: &str) -> Result<String> {
    match parse_pins(value) {
        Some(_) => Ok(value.to_owned()),
        None => Err(invalid("forebay.pin", value)
            .hint("Write database:version, …, for example 'sales:prod, hr:2026-02'.")),
    }
}

/// The pairs of `forebay.pin`.
pub fn parse_pins(text: &str) -> Option<Vec<(String, String)>> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (database, version) = pair.split_once(':')?;
            let (database, version) = (database.trim(), version.trim());
            let whole = !database.is_empty() && !version.is_empty();
            whole.then(|| (database.to_owned(), version.to_owned()))
        })
        .collect()
}

/// The names in a `search_path`, folded and unquoted.
pub fn parse_path(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut name = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                name.push('"');
            }
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => {
                push_name(&mut names, &mut name, &mut was_quoted);
            }
            c if quoted => name.push(c),
            c => name.extend(c.to_lowercase()),
        }
    }
    push_name(&mut names, &mut name, &mut was_quoted);
    names
}

fn push_name(names: &mut Vec<String>, name: &mut String, was_quoted: &mut bool) {
    let whole =
        if *was_quoted { name.trim_matches(' ').to_owned() } else { name.trim().to_owned() };
    if !whole.is_empty() {
        names.push(whole);
    }
    name.clear();
    *was_quoted = false;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{SETTINGS, Settings, parse_path};

    /// Sets and shows, or gives the code.
    #[track_caller]
    fn check(name: &str, value: &str, want: &str) {
        let mut settings = Settings::new(BTreeMap::new());
        let got = match settings.set(name, Some(value), false) {
            Ok(()) => settings.get(name).expect("was set").to_owned(),
            Err(error) => error.state().to_owned(),
        };
        assert_eq!(got, want, "{name} = {value}");
    }

    #[test]
    fn values_are_checked_and_normalised() {
        check("timezone", "europe/berlin", "Europe/Berlin");
        check("TimeZone", "Mars/Base", "22023");
        check("datestyle", "german", "German, DMY");
        check("statement_timeout", "1500", "1500ms");
        check("statement_timeout", "2min", "2min");
        check("statement_timeout", "x", "22023");
        check("client_encoding", "utf-8", "UTF8");
        check("client_encoding", "latin-1", "LATIN1");
        check("application_name", "café\t", "caf???");
        check("client_encoding", "SJIS", "0A000");
        check("extra_float_digits", "4", "22023");
        check("jit", "yes", "on");
        check("server_version", "16", "55P02");
        check("block_size", "1", "55P02");
        check("wal_level", "logical", "55P02");
        check("autovacuum", "off", "55P02");
        check("work_mem", "1024", "1MB");
        check("client_encoding", "nope", "22023");
        check("nonsense", "1", "42704");
        check("my.own", "1", "1");
        check("datafusion.execution.batch_size", "1", "42501");
        check("forebay.pin", "sales", "22023");
    }

    #[test]
    fn names_are_in_order() {
        let names: Vec<String> = SETTINGS.iter().map(|s| s.name.to_ascii_lowercase()).collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted);
    }

    #[test]
    fn local_ends_with_the_transaction() {
        let mut settings = Settings::new(BTreeMap::new());
        settings.set("jit", Some("off"), true).expect("valid");
        assert!(!settings.on("jit"));
        settings.end_transaction();
        assert!(settings.on("jit"));
    }

    #[test]
    fn search_paths() {
        assert_eq!(parse_path("\"$user\", public, \"A b\",X"), ["$user", "public", "A b", "x"]);
        assert_eq!(parse_path(""), Vec::<String>::new());
    }
}
