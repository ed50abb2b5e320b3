//! Which names count in a source root, and which paths stay inside a version.

use crate::error::{Error, Result};

/// A name may become a directory of ours, an SQL identifier and a part of a URL; beyond this length the longest
/// derived file name would pass the 255 bytes of common file systems.
const NAME_LEN_MAX: usize = 128;

/// What a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A first-level directory.
    Database,
    /// A second-level directory.
    Version,
    /// A second name for a version, set by SQL.
    Alias,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Database => "database",
            Kind::Version => "version",
            Kind::Alias => "alias",
        }
    }
}

/// Refuses a name outside `^[A-Za-z0-9_][A-Za-z0-9_-]{0,127}$` (for versions and aliases also dots, but not `..`),
/// and reserved ones.
/// Errors: [`Error::InvalidParameterValue`], [`Error::ReservedName`].
pub fn check_name(kind: Kind, name: &str) -> Result<()> {
    if !well_formed(kind, name) {
        return Err(Error::InvalidParameterValue(format!(
            "invalid name of {} {}: {name:?}",
            article(kind),
            kind.word()
        ))
        .detail(format!(
            "A name has 1 to {NAME_LEN_MAX} letters, digits, \"_\" and \"-\"{}.",
            if kind == Kind::Database { "" } else { ", and single dots" }
        )));
    }
    if let Some(reason) = reserved(kind, name) {
        return Err(Error::ReservedName(format!(
            "unacceptable name of {} {}: \"{name}\" {reason}",
            article(kind),
            kind.word()
        )));
    }
    Ok(())
}

/// Why `name` cannot be used although it is well formed.
pub fn reserved(kind: Kind, name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    match kind {
        Kind::Database if lower.starts_with("pg_") => Some("is reserved for system schemas"),
        Kind::Database => matches!(lower.as_str(), "information_schema" | "forebay" | "public")
            .then_some("is reserved for system schemas"),
        // These words stay free for what every client would take them to mean.
        Kind::Version | Kind::Alias => matches!(lower.as_str(), "latest" | "current" | "previous")
            .then_some("is a reserved word for versions"),
    }
}

/// Names that are never data (prior S5).
pub(super) fn hidden(name: &str) -> bool {
    name.starts_with(['_', '.'])
}

/// Names that writers give to what is not finished. A dot alone is not enough: Hadoop leaves `.part-0.crc` beside
/// finished files, and desktops leave theirs.
pub(super) fn temporary(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let finished_dot = lower.ends_with(".crc")
        || matches!(lower.as_str(), ".ds_store" | ".gitkeep" | ".gitignore" | ".keep");
    (name.starts_with('.') && !finished_dot)
        || lower.starts_with("_temporary")
        || lower.starts_with("_tmp")
        || lower.ends_with("_copying_")
        || [".tmp", ".temp", ".partial", ".inprogress"].iter().any(|end| lower.ends_with(end))
}

/// Directories that only say which member a file is placed on; what is in them is data.
pub(super) fn is_shard(name: &str) -> bool {
    name.starts_with("_shard=")
}

pub(super) fn well_formed(kind: Kind, name: &str) -> bool {
    let dots = kind != Kind::Database;
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    first
        && name.len() <= NAME_LEN_MAX
        && bytes.all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-') || (dots && byte == b'.')
        })
        && !name.contains("..")
}

/// Refuses a path that could leave its version: absolute, empty, with `.` or `..` or a hidden part, or with bytes that
/// file systems and stores read differently.
/// Errors: [`Error::DataCorrupted`].
pub fn check_path(path: &str) -> Result<()> {
    let odd = |c: char| c.is_control() || c == '\\';
    let good = path.len() <= 1024
        && !path.contains(odd)
        && path.split('/').all(|part| !part.is_empty() && (!hidden(part) || is_shard(part)));
    if good {
        return Ok(());
    }
    Err(Error::DataCorrupted(format!("invalid path of a data file: {path:?}")))
}

fn article(kind: Kind) -> &'static str {
    if kind == Kind::Alias { "an" } else { "a" }
}
