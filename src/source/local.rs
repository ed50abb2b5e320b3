//! A source root on a local file system. Every function here blocks.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::name::{Kind, hidden, is_shard, reserved, temporary, well_formed};
use super::{ALIAS_FILES, Contents, Issue, MANIFEST_FILE, Names, SUCCESS_FILE, SourceFile};
use crate::error::{Error, Result};

/// Files of one version. A manifest of ten times more would not fit in memory beside queries; a tenth is reached by
/// daily partitions of large tables.
const FILES_MAX: usize = 1_000_000;

/// Directory levels below a version: enough for any partitioning, and a bound for the recursion.
const DEPTH_MAX: usize = 16;

/// An alias file holds one name and white space.
const ALIAS_BYTES_MAX: u64 = 4096;

/// Issues told per listing; the rest would say the same.
const ISSUES_MAX: usize = 1000;

pub(super) fn databases(root: &Path) -> Result<Names> {
    let listed = std::fs::read_dir(root).map_err(|error| {
        Error::io(format!("list the source root \"{}\"", root.display()), error)
    })?;
    names(listed, Kind::Database, None)
        .map_err(|error| Error::io(format!("list the source root \"{}\"", root.display()), error))
}

pub(super) fn versions(root: &Path, database: &str) -> Result<Option<Names>> {
    let action = || format!("list database \"{database}\" in the source root");
    let directory = root.join(database);
    // A link that replaced the directory must not be followed, so its kind is asked first.
    match std::fs::symlink_metadata(&directory) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(action(), error)),
    }
    let listed = std::fs::read_dir(&directory).map_err(|error| Error::io(action(), error))?;
    names(listed, Kind::Version, Some(database))
        .map(Some)
        .map_err(|error| Error::io(action(), error))
}

/// Sorts the entries of one level into usable names and issues. An entry that cannot be read fails the listing: a
/// part of it must not pass for the whole.
fn names(listed: std::fs::ReadDir, kind: Kind, database: Option<&str>) -> std::io::Result<Names> {
    let mut found = Names::default();
    let word = if kind == Kind::Database { "database" } else { "version" };
    let issue = |path: &str, message: String| Issue {
        database: database.map(str::to_owned),
        version: None,
        path: path.to_owned(),
        message,
    };
    for entry in listed {
        let entry = entry?;
        let raw = entry.file_name();
        let lossy = raw.to_string_lossy();
        if hidden(&lossy) {
            continue;
        }
        let kind_of = match entry.file_type() {
            Ok(kind_of) => kind_of,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let message = match raw.to_str() {
            _ if kind_of.is_symlink() => "symbolic links are not followed; ignored".to_owned(),
            _ if !kind_of.is_dir() => format!("not a directory; ignored as a {word}"),
            Some(name) if well_formed(kind, name) => match reserved(kind, name) {
                Some(reason) => format!("the name {reason}; ignored"),
                None => {
                    found.names.push(name.to_owned());
                    continue;
                }
            },
            _ => format!("not a valid name of a {word}; ignored"),
        };
        found.issues.push(issue(&lossy.escape_debug().to_string(), message));
    }
    found.names.sort();
    for (name, twin) in twins(found.names.iter().map(String::as_str)) {
        found.issues.push(issue(&name, format!("differs from \"{twin}\" only in case")));
    }
    found.issues.sort();
    found.issues.truncate(ISSUES_MAX);
    Ok(found)
}

/// Pairs of names that people, and some file systems, take for the same: equal but for case and Unicode form.
fn twins<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut seen: std::collections::BTreeMap<String, &str> = std::collections::BTreeMap::new();
    let mut pairs = Vec::new();
    for name in names {
        let plain = stringprep::saslprep(name)
            .map_or_else(|_| name.to_lowercase(), |plain| plain.to_lowercase());
        match seen.get(&plain) {
            Some(twin) if *twin != name => pairs.push((name.to_owned(), (*twin).to_owned())),
            Some(_) => {}
            None => {
                seen.insert(plain, name);
            }
        }
    }
    pairs
}

/// The alias files of several versions: directory name, then the text, trimmed.
pub(super) fn aliases(
    root: &Path,
    database: &str,
    versions: &[String],
) -> Result<Vec<(String, String)>> {
    let mut aliases = Vec::new();
    for version in versions {
        if let Some(target) = alias(root, database, version)? {
            aliases.push((version.clone(), target));
        }
    }
    Ok(aliases)
}

fn alias(root: &Path, database: &str, version: &str) -> Result<Option<String>> {
    for file in ALIAS_FILES {
        let path = format!("{database}/{version}/{file}");
        if let Some(text) = read_small(root, &path, ALIAS_BYTES_MAX)? {
            return Ok(Some(String::from_utf8_lossy(&text).trim().to_owned()));
        }
    }
    Ok(None)
}

pub(super) fn contents(root: &Path, database: &str, version: &str) -> Result<Option<Contents>> {
    let directory = root.join(database).join(version);
    let action = || format!("list version \"{version}\" of database \"{database}\"");
    match std::fs::symlink_metadata(&directory) {
        Ok(meta) if meta.is_dir() => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(action(), error)),
    }
    let mut walk = Walk { contents: Contents::default(), database, version };
    walk.directory(&directory, "", 0).map_err(|error| match error {
        Stop::Io(error) => Error::io(action(), error),
        Stop::Limit(message) => Error::ProgramLimitExceeded(message),
    })?;
    let mut contents = walk.contents;
    contents.files.sort_by(|a, b| a.path.cmp(&b.path));
    for (path, twin) in twins(contents.files.iter().map(|file| file.path.as_str())) {
        contents.issues.push(Issue {
            database: Some(database.to_owned()),
            version: Some(version.to_owned()),
            path,
            message: format!("differs from \"{twin}\" only in case or Unicode form"),
        });
    }
    contents.issues.sort();
    contents.issues.truncate(ISSUES_MAX);
    contents.alias = alias(root, database, version)?;
    Ok(Some(contents))
}

enum Stop {
    Io(std::io::Error),
    Limit(String),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Stop {
        Stop::Io(error)
    }
}

struct Walk<'a> {
    contents: Contents,
    database: &'a str,
    version: &'a str,
}

impl Walk<'_> {
    fn directory(&mut self, directory: &Path, below: &str, depth: usize) -> Result<(), Stop> {
        if depth > DEPTH_MAX {
            return Err(Stop::Limit(format!(
                "more than {DEPTH_MAX} directories deep: \"{below}\""
            )));
        }
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let raw = entry.file_name();
            let Some(name) = raw.to_str() else {
                self.issue(below, &raw.to_string_lossy(), "the name is not UTF-8; ignored");
                continue;
            };
            match entry.metadata() {
                Ok(meta)
                    if meta.is_dir() && !temporary(name) && (!hidden(name) || is_shard(name)) =>
                {
                    self.directory(&entry.path(), &join(below, name), depth + 1)?;
                }
                Ok(meta) => self.entry(name, &meta, below)?,
                // It went away between the two calls: exactly what a version in the making looks like.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.contents.temporary = Some(join(below, name));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn entry(&mut self, name: &str, meta: &std::fs::Metadata, below: &str) -> Result<(), Stop> {
        if temporary(name) {
            self.contents.temporary = Some(join(below, name));
        } else if meta.is_symlink() {
            self.issue(below, name, "symbolic links are not followed; ignored");
        } else if hidden(name) {
            if below.is_empty() && meta.is_file() {
                self.contents.success |= name == SUCCESS_FILE;
                self.contents.manifest |= name == MANIFEST_FILE;
            }
        } else if !meta.is_file() {
            self.issue(below, name, "not a regular file; never opened");
        } else if super::check_path(name).is_err() {
            self.issue(below, name, "the name has characters that are not allowed; ignored");
        } else {
            if self.contents.files.len() == FILES_MAX {
                return Err(Stop::Limit(format!(
                    "version \"{}\" of database \"{}\" has more than {FILES_MAX} files",
                    self.version, self.database
                )));
            }
            self.contents.files.push(SourceFile {
                path: join(below, name),
                bytes: meta.len(),
                modified_us: meta
                    .mtime()
                    .saturating_mul(1_000_000)
                    .saturating_add(meta.mtime_nsec() / 1_000),
            });
        }
        Ok(())
    }

    fn issue(&mut self, below: &str, name: &str, message: &str) {
        if self.contents.issues.len() < ISSUES_MAX {
            self.contents.issues.push(Issue {
                database: Some(self.database.to_owned()),
                version: Some(self.version.to_owned()),
                path: join(below, &name.escape_debug().to_string()),
                message: message.to_owned(),
            });
        }
    }
}

fn join(below: &str, name: &str) -> String {
    if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") }
}

/// Reads a small regular file; `None` when there is none.
pub(super) fn read_small(root: &Path, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>> {
    let action = || format!("read file \"{path}\" in the source root");
    let file = match open_beneath(root, path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(action(), error)),
    };
    let mut text = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut text).map_err(|error| Error::io(action(), error))?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(Error::ProgramLimitExceeded(format!(
            "file \"{path}\" in the source root has more than {bytes_max} bytes"
        )));
    }
    Ok(Some(text))
}

/// Opens a regular file below `root`, part by part, so that no part may be a symbolic link, whoever replaces it when.
/// Without blocking: opening a FIFO would wait for a writer.
pub(super) fn open_beneath(root: &Path, path: &str) -> std::io::Result<File> {
    let directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = rustix::fs::open(root, directory, Mode::empty())?;
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        if matches!(part, "" | "." | "..") {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let flags = match parts.peek() {
            Some(_) => directory,
            None => OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC,
        };
        at = rustix::fs::openat(&at, part, flags | OFlags::NOFOLLOW, Mode::empty())?;
    }
    let file = File::from(at);
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok(file)
}

/// SHA-256 and size of what is left of `file`, writing it to `copy` on the way when there is one. Blocks.
/// `progress` hears the size of each part and may stop it all with an error.
pub fn sha256_of(
    file: &mut impl Read,
    mut copy: Option<&mut File>,
    mut progress: impl FnMut(u64) -> std::io::Result<()>,
) -> std::io::Result<([u8; 32], u64)> {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    // As large as the file systems' read-ahead; larger buffers measured no faster and leave the cache.
    let mut buffer = vec![0_u8; 256 << 10];
    let mut total = 0_u64;
    loop {
        let count = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let part = buffer.get(..count).unwrap_or_default();
        context.update(part);
        if let Some(copy) = copy.as_deref_mut() {
            std::io::Write::write_all(copy, part)?;
        }
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        total += count;
        progress(count)?;
    }
    let mut digest = [0_u8; 32];
    digest.copy_from_slice(context.finish().as_ref());
    Ok((digest, total))
}
