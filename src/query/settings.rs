//! What a session may set and show (PostgreSQL manual, chapter 20), with transactions' semantics: a `SET` is undone
//! by a rollback, a `SET LOCAL` ends with its transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Result};
use crate::pg::encode::{DateFormat, DateOrder, DateStyle, IntervalStyle, OutputSettings};

/// What `server_version` says; the catalogs are PostgreSQL 15's.
pub const SERVER_VERSION: &str = "15.18";

/// What a setting's value may be.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Bool,
    /// Between two bounds.
    Int(i64, i64),
    /// Milliseconds, written with PostgreSQL's units.
    Ms,
    /// One of these words.
    Word(&'static [&'static str]),
    Text,
    /// Nobody may change it.
    Fixed,
    /// Checked by a function of its own.
    Own(fn(&str) -> Result<String>),
}

/// One setting.
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

const LEVELS: &[&str] =
    &["debug5", "debug4", "debug3", "debug2", "debug1", "log", "notice", "warning", "error"];
const ISOLATION: &[&str] =
    &["serializable", "repeatable read", "read committed", "read uncommitted"];

/// Every setting, in the order of their names in lower case.
const SETTINGS: &[Setting] = &[
    reported("application_name", "", Kind::Text, "The name a client gives itself."),
    setting(
        "backslash_quote",
        "safe_encoding",
        Kind::Word(&["safe_encoding", "on", "off"]),
        "Whether \\' is a quote.",
    ),
    setting("bytea_output", "hex", Kind::Word(&["hex", "escape"]), "How bytea is written."),
    setting("check_function_bodies", "on", Kind::Bool, "Accepted without an effect."),
    reported("client_encoding", "UTF8", Kind::Own(encoding), "The client's encoding; only UTF8."),
    setting("client_min_messages", "notice", Kind::Word(LEVELS), "The least severe message sent."),
    setting("cursor_tuple_fraction", "0.1", Kind::Text, "Accepted without an effect."),
    reported("DateStyle", "ISO, MDY", Kind::Own(date_style), "How dates are written and read."),
    setting("default_table_access_method", "heap", Kind::Text, "Accepted without an effect."),
    setting("default_tablespace", "", Kind::Text, "Accepted without an effect."),
    setting("default_transaction_deferrable", "off", Kind::Bool, "The mode of new transactions."),
    setting(
        "default_transaction_isolation",
        "read committed",
        Kind::Word(ISOLATION),
        "The isolation of new transactions.",
    ),
    reported("default_transaction_read_only", "off", Kind::Bool, "The mode of new transactions."),
    setting("enable_hashjoin", "on", Kind::Bool, "Accepted without an effect."),
    setting("enable_indexscan", "on", Kind::Bool, "Accepted without an effect."),
    setting("enable_mergejoin", "on", Kind::Bool, "Accepted without an effect."),
    setting("enable_nestloop", "on", Kind::Bool, "Accepted without an effect."),
    setting("enable_seqscan", "on", Kind::Bool, "Accepted without an effect."),
    setting("escape_string_warning", "on", Kind::Bool, "Accepted without an effect."),
    setting("extra_float_digits", "1", Kind::Int(-15, 3), "Digits of floating-point output."),
    setting("forebay.pin", "", Kind::Own(pin), "Versions this session means, as `db:version, …`."),
    setting("forebay.show_versions", "off", Kind::Bool, "Whether versions appear as schemas."),
    reported("forebay.versions", "", Kind::Fixed, "What the last statement read."),
    setting("geqo", "on", Kind::Bool, "Accepted without an effect."),
    setting(
        "idle_in_transaction_session_timeout",
        "0",
        Kind::Ms,
        "Ends a session idle in a transaction.",
    ),
    setting("idle_session_timeout", "0", Kind::Ms, "Ends an idle session."),
    reported("in_hot_standby", "off", Kind::Fixed, "Whether this is a standby."),
    reported("integer_datetimes", "on", Kind::Fixed, "Timestamps are whole microseconds."),
    reported(
        "IntervalStyle",
        "postgres",
        Kind::Word(&["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
        "How intervals are written.",
    ),
    reported("is_superuser", "on", Kind::Fixed, "Whether the role may do everything."),
    setting("jit", "off", Kind::Bool, "Accepted without an effect."),
    setting("lc_collate", "C", Kind::Fixed, "Order of text: by bytes."),
    setting("lc_ctype", "C.UTF-8", Kind::Fixed, "Classes of characters."),
    setting("lc_messages", "C", Kind::Text, "Accepted without an effect."),
    setting("lc_monetary", "C", Kind::Text, "Accepted without an effect."),
    setting("lc_numeric", "C", Kind::Text, "Accepted without an effect."),
    setting("lc_time", "C", Kind::Text, "Accepted without an effect."),
    setting("lock_timeout", "0", Kind::Ms, "How long a statement waits for an advisory lock."),
    setting("log_statement", "none", Kind::Text, "Accepted without an effect."),
    setting("max_connections", "10000", Kind::Fixed, "Connections the server takes."),
    setting(
        "max_identifier_length",
        "63",
        Kind::Fixed,
        "PostgreSQL's limit; names here may be longer.",
    ),
    setting("max_index_keys", "32", Kind::Fixed, "PostgreSQL's limit."),
    setting(
        "password_encryption",
        "scram-sha-256",
        Kind::Word(&["scram-sha-256"]),
        "How passwords are kept.",
    ),
    setting(
        "plan_cache_mode",
        "auto",
        Kind::Word(&["auto", "force_generic_plan", "force_custom_plan"]),
        "Accepted without an effect.",
    ),
    setting("port", "5432", Kind::Fixed, "The port of PostgreSQL clients."),
    setting("role", "none", Kind::Text, "The role in effect."),
    setting("row_security", "on", Kind::Bool, "Accepted without an effect."),
    setting("search_path", "\"$user\", public", Kind::Text, "Schemas searched for bare names."),
    reported("server_encoding", "UTF8", Kind::Fixed, "The server's encoding."),
    reported(
        "server_version",
        SERVER_VERSION,
        Kind::Fixed,
        "The version of PostgreSQL we present.",
    ),
    setting("server_version_num", "150018", Kind::Fixed, "The version as a number."),
    reported("session_authorization", "forebay", Kind::Text, "The role that logged in."),
    setting("ssl", "off", Kind::Fixed, "Whether TLS is on."),
    reported(
        "standard_conforming_strings",
        "on",
        Kind::Own(always_on),
        "Whether backslashes are plain in strings.",
    ),
    setting("statement_timeout", "0", Kind::Ms, "Ends a statement that runs longer."),
    setting("synchronize_seqscans", "on", Kind::Bool, "Accepted without an effect."),
    setting("synchronous_commit", "on", Kind::Text, "Accepted without an effect."),
    setting("temp_buffers", "8MB", Kind::Text, "Accepted without an effect."),
    reported("TimeZone", "UTC", Kind::Own(time_zone), "The session's time zone."),
    setting("timezone_abbreviations", "Default", Kind::Text, "Accepted without an effect."),
    setting("transaction_deferrable", "off", Kind::Bool, "The mode of this transaction."),
    setting(
        "transaction_isolation",
        "read committed",
        Kind::Word(ISOLATION),
        "The isolation of this transaction.",
    ),
    setting("transaction_read_only", "off", Kind::Bool, "The mode of this transaction."),
    setting("transform_null_equals", "off", Kind::Bool, "Accepted without an effect."),
    setting("work_mem", "4MB", Kind::Text, "Accepted without an effect."),
    setting("xmlbinary", "base64", Kind::Text, "Accepted without an effect."),
    setting("xmloption", "content", Kind::Text, "Accepted without an effect."),
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
            None => find(&key)
                .map(|setting| setting.value)
                .ok_or_else(|| Error::UndefinedSetting(name.to_owned())),
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
    /// Errors: 42704 for a name nobody knows, 55P02 for one that cannot change, 22023 for a wrong value.
    pub fn set(&mut self, name: &str, value: Option<&str>, local: bool) -> Result<()> {
        let key = name.to_ascii_lowercase();
        let value = match value {
            Some(value) => check(&key, value)?,
            None => {
                check_known(&key)?;
                match self.start.get(&key) {
                    Some(value) => value.clone(),
                    None => find(&key).map(|setting| setting.value.to_owned()).unwrap_or_default(),
                }
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
        self.changed.insert(name.to_ascii_lowercase(), value);
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
        let mut rows: Vec<(String, String, &'static str)> = SETTINGS
            .iter()
            .map(|s| (s.name.to_owned(), self.own(s.name).to_owned(), s.description))
            .collect();
        let custom = self.changed.iter().chain(&self.local).filter(|(key, _)| find(key).is_none());
        rows.extend(custom.map(|(key, value)| (key.clone(), value.clone(), "")));
        rows.sort_by_key(|(name, ..)| name.to_ascii_lowercase());
        rows.dedup_by(|a, b| a.0 == b.0);
        rows
    }

    /// Every setting's value by its lower-case name.
    pub fn map(&self) -> BTreeMap<String, String> {
        self.all().into_iter().map(|(name, value, _)| (name.to_ascii_lowercase(), value)).collect()
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
        parse_ms(self.own(name)).unwrap_or(0)
    }

    fn output(&self) -> OutputSettings {
        OutputSettings {
            time_zone: zone(self.own("TimeZone")).unwrap_or(chrono_tz::UTC),
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
        }
    }
}

/// PostgreSQL's spelling of a setting's name.
pub fn spelling(name: &str) -> String {
    find(&name.to_ascii_lowercase()).map_or_else(|| name.to_owned(), |s| s.name.to_owned())
}

fn find(key: &str) -> Option<&'static Setting> {
    let key = match key {
        "time zone" => "timezone",
        other => other,
    };
    SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(key))
}

fn check_known(key: &str) -> Result<&'static Setting> {
    if key.starts_with("datafusion.") {
        let message = format!("permission denied to set parameter \"{key}\"");
        return Err(Error::InsufficientPrivilege(message));
    }
    find(key).ok_or_else(|| Error::UndefinedSetting(key.to_owned()))
}

/// The value as it is kept.
fn check(key: &str, value: &str) -> Result<String> {
    // As in PostgreSQL, a name with a dot whose first part nobody owns is the client's own.
    if key.contains('.') && !key.starts_with("forebay.") && !key.starts_with("datafusion.") {
        return Ok(value.to_owned());
    }
    let setting = check_known(key)?;
    let wrong = || invalid(setting.name, value);
    match setting.kind {
        Kind::Fixed => {
            let message = format!("parameter \"{}\" cannot be changed", setting.name);
            Err(Error::CannotChangeSetting(message))
        }
        Kind::Text => Ok(value.to_owned()),
        Kind::Bool => {
            parse_bool(value).map(|on| if on { "on" } else { "off" }.to_owned()).ok_or_else(|| {
                Error::InvalidParameterValue(format!(
                    "parameter \"{}\" requires a Boolean value",
                    setting.name
                ))
            })
        }
        Kind::Int(min, max) => {
            let number: i64 = value.trim().parse().map_err(|_parse| wrong())?;
            if (min..=max).contains(&number) {
                Ok(number.to_string())
            } else {
                Err(Error::InvalidParameterValue(format!(
                    "{number} is outside the valid range for parameter \"{}\" ({min} .. {max})",
                    setting.name
                )))
            }
        }
        Kind::Ms => parse_ms(value).map(write_ms).ok_or_else(wrong),
        Kind::Word(words) => {
            let lower = value.to_ascii_lowercase();
            words
                .iter()
                .find(|word| **word == lower)
                .map(|word| (*word).to_owned())
                .ok_or_else(|| wrong().hint(format!("Available values: {}.", words.join(", "))))
        }
        Kind::Own(check) => check(value),
    }
}

fn invalid(name: &str, value: &str) -> Error {
    Error::InvalidParameterValue(format!("invalid value for parameter \"{name}\": \"{value}\""))
}

/// PostgreSQL's booleans: unique prefixes of true, false, yes, no, on, off, and 1 and 0.
pub fn parse_bool(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "on" | "1" => Some(true),
        "of" | "off" | "0" => Some(false),
        "" => None,
        other if "true".starts_with(other) || "yes".starts_with(other) => Some(true),
        other if "false".starts_with(other) || "no".starts_with(other) => Some(false),
        _ => None,
    }
}

fn parse_ms(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "us" => return number.parse::<u64>().ok().map(|us| us / 1000),
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|ms| *ms <= 2_147_483_647)
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

fn encoding(value: &str) -> Result<String> {
    let plain: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.to_ascii_uppercase().as_str() {
        "UTF8" | "UNICODE" => Ok("UTF8".to_owned()),
        // ASCII text is UTF-8 already, and PostgreSQL does not convert for it either.
        "SQLASCII" => Ok("SQL_ASCII".to_owned()),
        _ => Err(Error::FeatureNotSupported(format!(
            "conversion between {value} and UTF8 is not supported"
        ))),
    }
}

fn always_on(value: &str) -> Result<String> {
    match parse_bool(value) {
        Some(true) => Ok("on".to_owned()),
        Some(false) => Err(Error::FeatureNotSupported(
            "standard_conforming_strings cannot be turned off".to_owned(),
        )),
        None => Err(Error::InvalidParameterValue(
            "parameter \"standard_conforming_strings\" requires a Boolean value".to_owned(),
        )),
    }
}

fn time_zone(value: &str) -> Result<String> {
    zone(value).map(|zone| zone.name().to_owned()).ok_or_else(|| invalid("TimeZone", value))
}

/// A zone by its name in any case, or a whole number of hours east of UTC.
pub fn zone(text: &str) -> Option<chrono_tz::Tz> {
    let text = text.trim();
    if let Ok(zone) = text.parse() {
        return Some(zone);
    }
    if let Ok(hours) = text.parse::<i32>() {
        // POSIX names count westward.
        let name = match hours {
            0 => "UTC".to_owned(),
            east @ 1..=14 => format!("Etc/GMT-{east}"),
            west @ -12..=-1 => format!("Etc/GMT+{}", -west),
            _ => return None,
        };
        return name.parse().ok();
    }
    if matches!(text.to_ascii_lowercase().as_str(), "z" | "zulu" | "utc" | "gmt") {
        return Some(chrono_tz::UTC);
    }
    chrono_tz::TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(text)).copied()
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
        check("client_encoding", "LATIN1", "0A000");
        check("extra_float_digits", "4", "22023");
        check("jit", "yes", "on");
        check("server_version", "16", "55P02");
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
        settings.set("jit", Some("on"), true).expect("valid");
        assert!(settings.on("jit"));
        settings.end_transaction();
        assert!(!settings.on("jit"));
    }

    #[test]
    fn search_paths() {
        assert_eq!(parse_path("\"$user\", public, \"A b\",X"), ["$user", "public", "A b", "x"]);
        assert_eq!(parse_path(""), Vec::<String>::new());
    }
}
