//! PostgreSQL's own settings, from the rows of `pg_settings`: what values they take and how they are shown (guc.c).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::data;
use super::rows::{Cell, Row};
use crate::error::{Error, Result};

/// One setting PostgreSQL has.
pub(crate) struct Known {
    /// As `SHOW` writes it.
    pub(crate) name: &'static str,
    /// What a fresh PostgreSQL shows.
    pub(crate) value: String,
    /// The value's base unit; empty for none.
    unit: &'static str,
    pub(crate) description: &'static str,
    context: &'static str,
    kind: Kind,
}

enum Kind {
    Bool,
    Integer(f64, f64),
    Real(f64, f64),
    Words(&'static [Cell]),
    Text,
}

/// The setting called `name`, in any case.
pub(crate) fn known(name: &str) -> Option<&'static Known> {
    every().get(name).or_else(|| every().get(name.to_ascii_lowercase().as_str()))
}

/// All of them by their names in lower case.
pub(crate) fn every() -> &'static HashMap<String, Known> {
    static EVERY: LazyLock<HashMap<String, Known>> = LazyLock::new(|| {
        let rows = data::table("pg_settings").rows().iter();
        rows.map(|row| (row[0].text().to_ascii_lowercase(), Known::of(row))).collect()
    });
    &EVERY
}

impl Known {
    fn of(row: &'static Row) -> Known {
        let relation = data::table("pg_settings");
        let cell = |column: &str| &row[relation.index(column)];
        let bound = |column: &str| cell(column).text().parse().unwrap_or(0.0);
        let kind = match cell("vartype").text() {
            "bool" => Kind::Bool,
            "integer" => Kind::Integer(bound("min_val"), bound("max_val")),
            "real" => Kind::Real(bound("min_val"), bound("max_val")),
            "enum" => Kind::Words(cell("enumvals").items()),
            _ => Kind::Text,
        };
        let unit = cell("unit").text();
        let value = cell("setting").text();
        let value = match value.parse() {
            Ok(number) if !unit.is_empty() => shown(number, unit),
            _ => value.to_owned(),
        };
        let (name, description) = (row[0].text(), cell("short_desc").text());
        Known { name, value, unit, description, context: cell("context").text(), kind }
    }

    /// Why a session cannot set it, if it cannot.
    pub(crate) fn refusal(&self, superuser: bool) -> Option<Error> {
        let cannot = |how: &str| {
            Some(Error::CannotChangeSetting(format!("parameter \"{}\" cannot be {how}", self.name)))
        };
        match self.context {
            "internal" => cannot("changed"),
            "postmaster" => cannot("changed without restarting the server"),
            "sighup" => cannot("changed now"),
            "backend" | "superuser-backend" => cannot("set after connection start"),
            "superuser" if !superuser => Some(Error::InsufficientPrivilege(format!(
                "permission denied to set parameter \"{}\"",
                self.name
            ))),
            _ => None,
        }
    }

    /// The value as it is kept and shown.
    /// Errors: 22023 for one that the setting cannot have.
    pub(crate) fn check(&self, value: &str) -> Result<String> {
        match self.kind {
            Kind::Text => Ok(value.to_owned()),
            Kind::Bool => {
                boolean(value).map(|on| if on { "on" } else { "off" }.to_owned()).ok_or_else(|| {
                    Error::InvalidParameterValue(format!(
                        "parameter \"{}\" requires a Boolean value",
                        self.name
                    ))
                })
            }
            Kind::Words(words) => self.word(value, words),
            Kind::Integer(min, max) => {
                let number = self.read(value)?.round_ties_even();
                if number.abs() > f64::from(i32::MAX) && max <= f64::from(i32::MAX) {
                    return Err(self.invalid(value).hint("Value exceeds integer range."));
                }
                self.within(number, min, max)
            }
            Kind::Real(min, max) => self.within(self.read(value)?, min, max),
        }
    }

    /// What `pg_settings` says for a value that is shown so: numbers are in the base unit.
    pub(crate) fn base(&self, value: &str) -> String {
        match self.kind {
            Kind::Integer(..) | Kind::Real(..) if !self.unit.is_empty() => {
                self.read(value).map_or_else(|_| value.to_owned(), general)
            }
            _ => value.to_owned(),
        }
    }

    fn invalid(&self, value: &str) -> Error {
        let name = self.name;
        Error::InvalidParameterValue(format!("invalid value for parameter \"{name}\": \"{value}\""))
    }

    fn word(&self, value: &str, words: &[Cell]) -> Result<String> {
        let named = |wanted: &str| {
            words.iter().map(Cell::text).find(|word| word.eq_ignore_ascii_case(wanted))
        };
        // Those that were booleans once take all spellings of one still.
        let spelled = || named("on").and(boolean(value)).map(|on| if on { "on" } else { "off" });
        let found = named(value).or_else(spelled).map(str::to_owned);
        found.ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(Cell::text).collect();
            self.invalid(value).hint(format!("Available values: {}.", words.join(", ")))
        })
    }

    fn within(&self, number: f64, min: f64, max: f64) -> Result<String> {
        if (min..=max).contains(&number) {
            return Ok(shown(number, self.unit));
        }
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let (number, min, max) = (general(number), general(min), general(max));
        Err(Error::InvalidParameterValue(format!(
            "{number}{unit} is outside the valid range for parameter \"{}\" ({min} .. {max})",
            self.name
        )))
    }

    /// A number in the base unit.
    fn read(&self, value: &str) -> Result<f64> {
        let (number, unit) = number(value).ok_or_else(|| self.invalid(value))?;
        if unit.is_empty() {
            return Ok(number);
        }
        let units = units(self.unit).ok_or_else(|| self.invalid(value))?;
        let at = units.names.iter().position(|(name, _)| *name == unit).ok_or_else(|| {
            self.invalid(value)
                .hint(format!("Valid units for this parameter are {}.", units.listed))
        })?;
        let number = number * units.names[at].1 / units.base;
        // A fraction is rounded to a whole number of the next smaller unit.
        let next = units.names.get(at + 1).map(|(_, size)| size / units.base);
        Ok(next.map_or(number, |next| (number / next).round_ties_even() * next))
    }
}

/// The units a setting can be given in.
struct Units {
    /// Greatest first.
    names: &'static [(&'static str, f64)],
    /// The size of the base unit.
    base: f64,
    listed: &'static str,
}

fn units(base: &str) -> Option<Units> {
    const MEMORY: &[(&str, f64)] = &[
        ("TB", 1_099_511_627_776.0),
        ("GB", 1_073_741_824.0),
        ("MB", 1_048_576.0),
        ("kB", 1_024.0),
        ("B", 1.0),
    ];
    const TIME: &[(&str, f64)] = &[
        ("d", 86_400_000.0),
        ("h", 3_600_000.0),
        ("min", 60_000.0),
        ("s", 1_000.0),
        ("ms", 1.0),
        ("us", 0.001),
    ];
    let memory =
        |base| Units { names: MEMORY, base, listed: "\"B\", \"kB\", \"MB\", \"GB\", and \"TB\"" };
    let time = |base| Units {
        names: TIME,
        base,
        listed: "\"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"",
    };
    Some(match base {
        "B" => memory(1.0),
        "kB" => memory(1_024.0),
        "8kB" => memory(8_192.0),
        "MB" => memory(1_048_576.0),
        "ms" => time(1.0),
        "s" => time(1_000.0),
        "min" => time(60_000.0),
        _ => return None,
    })
}

/// A number in its base unit as SHOW prints it: in the greatest unit that divides it.
fn shown(number: f64, unit: &str) -> String {
    let Some(units) = units(unit).filter(|_| 0.0 < number) else { return general(number) };
    let in_unit = |size: f64| number * units.base / size;
    let even = units.names.iter().find(|(_, size)| {
        let scaled = in_unit(*size);
        1.0 <= scaled && (scaled.round_ties_even() / scaled - 1.0).abs() <= 1e-8
    });
    let (name, size) = even.or(units.names.last()).copied().unwrap_or((unit, units.base));
    format!("{}{name}", general(in_unit(size)))
}

/// The number a text begins with and what follows, without blanks around; PostgreSQL reads whole numbers as C does.
fn number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let radix = |prefix: &str, radix: u32| {
        let digits = text.strip_prefix(prefix)?;
        let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
        let (digits, unit) = digits.split_at_checked(end)?;
        let number = u32::from_str_radix(digits, radix).ok()?;
        (!unit.starts_with(['.', 'e', 'E'])).then(|| (f64::from(number), unit.trim()))
    };
    if let Some(read) = radix("0x", 16).or_else(|| radix("0X", 16)).or_else(|| radix("0", 8)) {
        return Some(read);
    }
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).rev();
    for end in ends {
        let Some((digits, unit)) = text.split_at_checked(end) else { continue };
        if digits.ends_with(|c: char| c.is_ascii_digit() || c == '.')
            && let Ok(number) = digits.parse::<f64>()
        {
            return Some((number, unit.trim()));
        }
    }
    None
}

/// C's `%g` where it matters, and whole numbers in full.
fn general(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number}");
    }
    let scientific = format!("{number:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let rounded: f64 = scientific.parse().unwrap_or(number);
        return format!("{rounded}");
    }
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

/// PostgreSQL's booleans: unique prefixes of true, false, yes, no, on, off, and 1 and 0.
pub(crate) fn boolean(text: &str) -> Option<bool> {
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

#[cfg(test)]
mod tests {
    use super::known;

    #[track_caller]
    fn check(name: &str, value: &str, want: &str) {
        let got = known(name).expect("a setting").check(value);
        assert_eq!(got.unwrap_or_else(|error| error.state().to_owned()), want, "{name} = {value}");
    }

    #[test]
    fn numbers_take_units() {
        check("work_mem", "64MB", "64MB");
        check("work_mem", "1024", "1MB");
        check("work_mem", " 1.5 GB ", "1536MB");
        check("work_mem", "0x40", "64kB");
        check("work_mem", "1 parsec", "22023");
        check("work_mem", "1mb", "22023");
        check("work_mem", "63", "22023");
        check("statement_timeout", "1500", "1500ms");
        check("statement_timeout", "120000", "2min");
        check("statement_timeout", "0", "0");
        check("statement_timeout", "-1", "22023");
        check("statement_timeout", "", "22023");
        check("vacuum_cost_delay", "0.5", "500us");
        check("random_page_cost", "1.10", "1.1");
        check("cpu_tuple_cost", "1e-7", "1e-07");
        check("seq_page_cost", "x", "22023");
    }

    #[test]
    fn words_and_booleans() {
        check("jit", "yes", "on");
        check("jit", "maybe", "22023");
        check("synchronous_commit", "LOCAL", "local");
        check("synchronous_commit", "true", "on");
        check("xmloption", "true", "22023");
    }

    #[test]
    fn rows_tell_numbers_in_the_base_unit() {
        let base = |name, value| known(name).expect("a setting").base(value);
        assert_eq!(base("work_mem", "1MB"), "1024");
        assert_eq!(base("statement_timeout", "20s"), "20000");
        assert_eq!(base("application_name", "1MB"), "1MB");
    }
}
