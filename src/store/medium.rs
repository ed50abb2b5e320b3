//! The calls to the system that [`Directory`](super::Directory) is made of, and in tests their simulation.

use std::fs::OpenOptions;
use std::io::{Result, Write};
use std::path::Path;

#[cfg(test)]
use super::faulty;

/// Where the bytes are.
#[derive(Debug, Clone)]
pub(super) enum Medium {
    /// The local disk.
    Local,
    /// A simulated disk that fails on command.
    #[cfg(test)]
    Faulty(faulty::Disk),
}

/// An open file.
#[derive(Debug)]
pub(super) enum Handle {
    Local(std::fs::File),
    #[cfg(test)]
    Faulty(faulty::Handle),
}

impl Medium {
    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>> {
        match self {
            Medium::Local => std::fs::read(path),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.read(path),
        }
    }

    pub(super) fn size(&self, path: &Path) -> Result<u64> {
        match self {
            Medium::Local => std::fs::metadata(path).map(|found| found.len()),
            #[cfg(test)]
            Medium::Faulty(disk) => Ok(disk.read(path)?.len().try_into().unwrap_or(u64::MAX)),
        }
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        match self {
            Medium::Local => path.is_dir(),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.exists(path),
        }
    }

    pub(super) fn list(&self, path: &Path) -> Result<Vec<String>> {
        match self {
            // Every name of ours is UTF-8: another was not made by us, and is not ours to touch.
            Medium::Local => std::fs::read_dir(path)?
                .map(|entry| Ok(entry?.file_name().into_string().ok()))
                .filter_map(Result::transpose)
                .collect(),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.list(path),
        }
    }

    /// An empty file for appending; an existing one is emptied.
    pub(super) fn create(&self, path: &Path) -> Result<Handle> {
        match self {
            Medium::Local => std::fs::File::create(path).map(Handle::Local),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.create(path).map(Handle::Faulty),
        }
    }

    pub(super) fn open_append(&self, path: &Path) -> Result<Handle> {
        match self {
            Medium::Local => OpenOptions::new().append(true).open(path).map(Handle::Local),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.open_append(path).map(Handle::Faulty),
        }
    }

    pub(super) fn rename(&self, source: &Path, target: &Path) -> Result<()> {
        match self {
            Medium::Local => std::fs::rename(source, target),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.rename(source, target),
        }
    }

    pub(super) fn remove(&self, path: &Path) -> Result<()> {
        match self {
            Medium::Local => std::fs::remove_file(path),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.remove(path),
        }
    }

    pub(super) fn remove_directory(&self, path: &Path) -> Result<()> {
        match self {
            Medium::Local => std::fs::remove_dir(path),
            // Simulated directories cost nothing.
            #[cfg(test)]
            Medium::Faulty(_) => Ok(()),
        }
    }

    pub(super) fn make_directory(&self, path: &Path) -> Result<()> {
        match self {
            Medium::Local => std::fs::create_dir(path),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.make_directory(path),
        }
    }

    pub(super) fn sync_directory(&self, path: &Path) -> Result<()> {
        match self {
            Medium::Local => std::fs::File::open(path)?.sync_all(),
            #[cfg(test)]
            Medium::Faulty(disk) => disk.sync_directory(path),
        }
    }
}

impl Handle {
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Handle::Local(file) => file.write_all(bytes),
            #[cfg(test)]
            Handle::Faulty(handle) => handle.write_all(bytes),
        }
    }

    pub(super) fn sync(&mut self) -> Result<()> {
        match self {
            Handle::Local(file) => file.sync_data(),
            #[cfg(test)]
            Handle::Faulty(handle) => handle.sync(),
        }
    }

    pub(super) fn truncate(&mut self, len: u64) -> Result<()> {
        match self {
            Handle::Local(file) => file.set_len(len),
            #[cfg(test)]
            Handle::Faulty(handle) => handle.truncate(len),
        }
    }
}
