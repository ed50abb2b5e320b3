//! The source root: the foreign place versions are published in. It is listed and read, never written.
//!
//! Owns: what is a database, a version and a file there (rules of names, hidden names, completeness), and the safe
//! way to open a file below the root. Never follows a symbolic link and never opens anything that is not a regular
//! file; what is left out is told as an [`Issue`].
//! On failure: an [`Error`] about the listing or file asked for, nothing else changes. A failed or empty listing means
//! nothing about what exists; only the caller may conclude, and only from good listings.
//!
//! Imports: error, task. Used by: mirror, version.

mod declared;
mod local;
mod name;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::task::Tasks;

pub use declared::{Declared, DeclaredColumn, DeclaredFile, DeclaredTable};
pub use local::sha256_of;
pub use name::{Kind, check_name, check_path, reserved};

/// The file that tells that a version is complete and what is in it.
pub const MANIFEST_FILE: &str = "_manifest.json";
/// The file that tells that a version is complete.
pub const SUCCESS_FILE: &str = "_SUCCESS";
/// The files that make a version directory a second name for another version; Sequins called it the latter.
pub const ALIAS_FILES: [&str; 2] = ["_ALIAS", "_SYMLINK"];

/// A source root. Clones are cheap and mean the same root.
#[derive(Debug, Clone)]
pub struct Source {
    root: PathBuf,
    tasks: Tasks,
}

/// Something in the source root that is not used as it stands, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// The database, when the thing lies in one.
    pub database: Option<String>,
    /// The version, when the thing lies in one.
    pub version: Option<String>,
    /// The name that is meant, below the version, database or root.
    pub path: String,
    /// What is wrong and what is done about it.
    pub message: String,
}

/// Names found in one directory level, sorted bytewise, and what was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Usable names.
    pub names: Vec<String>,
    /// What was left out or is doubtful.
    pub issues: Vec<Issue>,
}

/// Everything below one version's directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Data files in path order.
    pub files: Vec<SourceFile>,
    /// Whether `_SUCCESS` is there.
    pub success: bool,
    /// Whether `_manifest.json` is there.
    pub manifest: bool,
    /// The text of the alias file, trimmed, when there is one.
    pub alias: Option<String>,
    /// A name that tells that somebody is still writing.
    pub temporary: Option<String>,
    /// What was left out.
    pub issues: Vec<Issue>,
}

/// One data file as the source lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path below the version's directory, `/`-separated.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Last change, microseconds since the Unix epoch.
    pub modified_us: i64,
}

impl Source {
    /// A root from the setting `source`: a path or a `file://` URL. Nothing is read yet.
    /// Errors: [`Error::Configuration`] for another scheme or a URL without an absolute path.
    pub fn open(location: &str, tasks: &Tasks) -> Result<Source> {
        Ok(Source { root: root_of(location)?, tasks: tasks.clone() })
    }

    /// The root as an absolute path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a version's files are.
    pub fn directory(&self, database: &str, version: &str) -> PathBuf {
        self.root.join(database).join(version)
    }

    /// The databases.
    /// Errors: the root cannot be listed.
    pub async fn databases(&self) -> Result<Names> {
        let root = self.root.clone();
        self.away(move || local::databases(&root)).await
    }

    /// The versions of a database, aliases among them. `None`: there is no such directory, which means nothing unless
    /// the root lists well.
    /// Errors: the directory cannot be listed.
    pub async fn versions(&self, database: &str) -> Result<Option<Names>> {
        check_name(Kind::Database, database)?;
        let (root, database) = (self.root.clone(), database.to_owned());
        self.away(move || local::versions(&root, &database)).await
    }

    /// What is in a version. `None`: there is no such directory.
    /// Errors: something below it cannot be listed, or is beyond a limit (54000).
    pub async fn contents(&self, database: &str, version: &str) -> Result<Option<Contents>> {
        check_name(Kind::Database, database)?;
        check_name(Kind::Version, version)?;
        let (root, database, version) =
            (self.root.clone(), database.to_owned(), version.to_owned());
        self.away(move || local::contents(&root, &database, &version)).await
    }

    /// Those of `versions` that are second names: the directory's name, then the text of its alias file, trimmed.
    /// Errors: an alias file cannot be read.
    pub async fn aliases(
        &self,
        database: &str,
        versions: &[String],
    ) -> Result<Vec<(String, String)>> {
        let (root, database, versions) =
            (self.root.clone(), database.to_owned(), versions.to_vec());
        self.away(move || local::aliases(&root, &database, &versions)).await
    }

    /// What `_manifest.json` declares. `None`: the version has none.
    /// Errors: it cannot be read, is not valid, or names a path outside the version (XX001).
    pub async fn declared(&self, database: &str, version: &str) -> Result<Option<Declared>> {
        let path = format!("{database}/{version}/{MANIFEST_FILE}");
        let root = self.root.clone();
        let text = self.away(move || local::read_small(&root, &path, declared::BYTES_MAX)).await?;
        text.map(|text| Declared::parse(&text)).transpose()
    }

    /// Opens a file of a version for reading. Blocks: call it through [`Tasks::blocking`].
    /// Errors: it is gone, not a regular file, or behind a symbolic link.
    pub fn open_file(&self, database: &str, version: &str, path: &str) -> Result<File> {
        check_path(path)?;
        let path = format!("{database}/{version}/{path}");
        local::open_beneath(&self.root, &path)
            .map_err(|error| Error::io(format!("open file \"{path}\" in the source root"), error))
    }

    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.tasks
            .blocking(work)
            .await
            .unwrap_or_else(|error| Err(Error::Internal(format!("listing the source: {error}"))))
    }
}

/// The local path a setting names.
fn root_of(location: &str) -> Result<PathBuf> {
    let path = match location.split_once("://") {
        None => PathBuf::from(location),
        Some(("file", path)) if path.starts_with('/') => PathBuf::from(path),
        Some(("file", _)) => {
            return Err(Error::Configuration(format!("source \"{location}\" names a host"))
                .hint("Write file:///path with three slashes."));
        }
        Some((scheme, _)) => {
            return Err(Error::Configuration(format!(
                "source roots of scheme \"{scheme}\" are not supported yet"
            ))
            .hint("Give a local path or a file:// URL."));
        }
    };
    std::path::absolute(&path)
        .map_err(|error| Error::io(format!("resolve the source root \"{location}\""), error))
}
