//! From a backup to a state root.

use std::path::{Path, PathBuf};

use super::{BACKUPS, Entry, FILES, List, local};
use crate::catalog;
use crate::error::{Error, Result};
use crate::store::Directory;

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub name: String,
    /// The newest commit in it.
    pub lsn: u64,
    /// Files that were written, and their bytes.
    pub files: u64,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// The backups at a location, the oldest first, each with why it cannot be read if it cannot.
/// Errors: 58P01 where there are none; those of [`local`]; 58030.
pub fn lists(location: &str) -> Result<Vec<(String, Result<List>)>> {
    let backups = existing(&local(location)?, BACKUPS)?;
    let names = backups.list()?.into_iter();
    let lists = names.map(|name| {
        let list = backups.read(&name).and_then(|bytes| List::decode(&bytes.unwrap_or_default()));
        (name, list)
    });
    Ok(lists.collect())
}

/// Makes the state root `state` from the backup `name`, the newest without one. All of it is checked first, and the state
/// root is there as a whole or not at all.
///
/// Errors: 55000 for a state root that has something; 58P01 for a backup that is not there; XX001 for damage; F0000 for one of
/// another release; 53100, 58030.
pub fn restore(location: &str, name: Option<&str>, state: &Path) -> Result<Restored> {
    vacant(state)?;
    let path = local(location)?;
    let (backups, files) = (existing(&path, BACKUPS)?, existing(&path, FILES)?);
    let name = match name {
        Some(name) => name.to_owned(),
        None => backups.list()?.pop().ok_or_else(|| missing(&path, BACKUPS))?,
    };
    let text = backups.list()?.contains(&name).then(|| backups.read(&name)).transpose()?.flatten();
    let text = text.ok_or_else(|| missing(&path.join(BACKUPS), &name))?;
    let list = List::decode(&text).map_err(|error| error.detail(format!("It is \"{name}\".")))?;

    let making = beside(state);
    remove(&making)?;
    let written = write(&list, &files, &making);
    if let Err(error) = written.and_then(|()| put_in_place(&making, state)) {
        // What cannot be removed now is removed by the next one.
        drop(remove(&making));
        return Err(error);
    }
    let (files, bytes) = list.size();
    Ok(Restored { name, lsn: list.lsn, files, bytes })
}

fn write(list: &List, files: &Directory, making: &Path) -> Result<()> {
    let root = Directory::open(making)?;
    root.keep_private()?;
    let manifests = root.subdirectory("manifests")?;
    for ((database, file), entry) in &list.manifests {
        manifests.subdirectory(database)?.write(file, &checked(files, entry)?)?;
    }
    let logs = root.subdirectory("logs")?;
    for ((log, file), entry) in &list.logs {
        logs.subdirectory(&log.to_string())?.write(file, &checked(files, entry)?)?;
    }
    // The state comes last: without it nothing is a state root.
    catalog::restore(&root, list.lsn, &checked(files, &list.state)?)
}

/// A content that is what its list says.
fn checked(files: &Directory, entry: &Entry) -> Result<Vec<u8>> {
    let path = files.path().join(entry.name());
    let damaged =
        |what: &str| Error::DataCorrupted(format!("file \"{}\" is {what}", path.display()));
    let bytes = files.read(&entry.name())?.ok_or_else(|| damaged("missing"))?;
    if Entry::of(&bytes) != *entry {
        return Err(damaged("damaged").hint("Restore another backup (--list shows them)."));
    }
    Ok(bytes)
}

/// Errors: 55000 where something is.
fn vacant(state: &Path) -> Result<()> {
    let failed = |error| Error::io(format!("read directory \"{}\"", state.display()), error);
    match std::fs::read_dir(state) {
        Ok(mut found) => match found.next() {
            None => Ok(()),
            Some(_) => {
                let message = format!("state root \"{}\" is not empty", state.display());
                Err(Error::NotInPrerequisiteState(message)
                    .hint("Restore into a new directory, and serve that."))
            }
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Where a state root is made before it has its name.
fn beside(state: &Path) -> PathBuf {
    let mut name = state.file_name().unwrap_or_default().to_owned();
    name.push(".restoring");
    state.with_file_name(name)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("remove directory \"{}\"", path.display()), error))
        }
        _ => Ok(()),
    }
}

fn put_in_place(making: &Path, state: &Path) -> Result<()> {
    let failed = |error| Error::io(format!("create directory \"{}\"", state.display()), error);
    // A directory takes the place of an empty one.
    std::fs::rename(making, state).map_err(failed)?;
    let parent = state.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = std::fs::File::open(parent.unwrap_or(Path::new("."))).map_err(failed)?;
    parent.sync_all().map_err(failed)
}

/// Errors: 58P01.
fn existing(path: &Path, name: &str) -> Result<Directory> {
    let path = path.join(name);
    if !path.is_dir() {
        return Err(missing(path.parent().unwrap_or(&path), name));
    }
    Directory::open(&path)
}

fn missing(path: &Path, name: &str) -> Error {
    Error::UndefinedFile(format!("there is no backup \"{}\"", path.join(name).display()))
}
