//! Store: our own durable bytes, below one directory, the state root.
//!
//! Owns: [`Directory`] with a few durable primitives (write a file atomically, append and sync, read, list, remove)
//! and the lock file that keeps a second process out.
//! Invariants: after [`Directory::write`] returns, the file has either its whole old or its whole new content, also
//! after a power loss; after [`File::sync`] returns, all that was appended before is durable. Nothing here retries.
//! On failure: a half-written temporary file whose name begins with a dot; it is never listed, and
//! [`Directory::sweep`] removes it at the next start.
//!
//! Imports: error. Used by: journal, catalog, backup, server.

#[cfg(test)]
pub(crate) mod faulty;
mod lock;
mod medium;
#[cfg(test)]
mod tests;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
pub use lock::Lock;
use medium::{Handle, Medium};

/// A directory whose files we own. Clones name the same directory.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    medium: Medium,
}

/// A file open for appending. Dropping it does not sync.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    handle: Handle,
}

impl Directory {
    /// Opens `path` on the local disk; makes it, and whatever is missing above it, durably.
    pub fn open(path: &Path) -> Result<Directory> {
        let directory = Directory { path: path.to_owned(), medium: Medium::Local };
        directory.make(path)?;
        Ok(directory)
    }

    /// The same on a simulated disk.
    #[cfg(test)]
    pub(crate) fn open_faulty(path: &Path, disk: &faulty::Disk) -> Result<Directory> {
        let medium = Medium::Faulty(disk.clone());
        let directory = Directory { path: path.to_owned(), medium };
        directory.make(path)?;
        Ok(directory)
    }

    /// The directory `name` inside this one, made durably when it is missing.
    pub fn subdirectory(&self, name: &str) -> Result<Directory> {
        let directory = Directory { path: self.path.join(name), medium: self.medium.clone() };
        directory.make(&directory.path)?;
        Ok(directory)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole content of a file; `None` when there is no such file.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path.join(name);
        match self.medium.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read file", &path, error)),
        }
    }

    /// The length of a file; `None` when there is no such file.
    pub fn size(&self, name: &str) -> Result<Option<u64>> {
        let path = self.path.join(name);
        match self.medium.size(&path) {
            Ok(size) => Ok(Some(size)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read file", &path, error)),
        }
    }

    /// Lets nobody in but the user that we run as.
    pub fn keep_private(&self) -> Result<()> {
        let own = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&self.path, own)
            .map_err(|error| failed("protect directory", &self.path, error))
    }

    /// Names of files and directories in it, in bytewise order, without those that begin with a dot.
    pub fn list(&self) -> Result<Vec<String>> {
        let mut names = self.list_all()?;
        names.retain(|name| !name.starts_with('.'));
        Ok(names)
    }

    /// Puts a file in place as a whole: temporary file, sync, rename, sync of the directory.
    ///
    /// Errors: 53100 without space, 58030 otherwise. The name then has its old content, or, when only the last sync
    /// failed, maybe its new one.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let target = self.path.join(name);
        let temporary = self.path.join(format!(".{name}.tmp"));
        let written = self
            .medium
            .create(&temporary)
            .and_then(|mut handle| {
                handle.write_all(bytes)?;
                handle.sync()
            })
            .and_then(|()| self.medium.rename(&temporary, &target));
        if let Err(error) = written {
            // Best effort: the sweep at the next start removes what this cannot.
            drop(self.medium.remove(&temporary));
            return Err(failed("write file", &target, error));
        }
        self.sync()
    }

    /// Opens an existing file for appending.
    pub fn append_to(&self, name: &str) -> Result<File> {
        let path = self.path.join(name);
        match self.medium.open_append(&path) {
            Ok(handle) => Ok(File { path, handle }),
            Err(error) => Err(failed("open file", &path, error)),
        }
    }

    /// Removes a file. That it is gone is durable only after the next sync of the directory: a file that comes back
    /// after a power loss must do no harm. A missing file is no error.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        match self.medium.remove(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(failed("remove file", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Removes the directory `name` if it is empty; otherwise, or if it is missing, does nothing.
    pub fn remove_empty(&self, name: &str) {
        drop(self.medium.remove_directory(&self.path.join(name)));
    }

    /// Removes temporary files that an earlier process left behind. Returns how many.
    pub fn sweep(&self) -> Result<usize> {
        let mut count = 0;
        for name in self.list_all()? {
            if name.starts_with('.') && name.ends_with(".tmp") {
                self.remove(&name)?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Makes names that were added or removed durable.
    fn sync(&self) -> Result<()> {
        self.medium
            .sync_directory(&self.path)
            .map_err(|error| failed("fsync directory", &self.path, error))
    }

    fn list_all(&self) -> Result<Vec<String>> {
        let mut names = self
            .medium
            .list(&self.path)
            .map_err(|error| failed("list directory", &self.path, error))?;
        names.sort_unstable();
        Ok(names)
    }

    /// Makes `path` and its missing parents; the parent of each is synced, so that none vanishes with a power loss.
    fn make(&self, path: &Path) -> Result<()> {
        if self.medium.exists(path) {
            return Ok(());
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            self.make(parent)?;
        }
        self.medium
            .make_directory(path)
            .and_then(|()| self.medium.sync_directory(parent.unwrap_or(Path::new("."))))
            .map_err(|error| failed("create directory", path, error))
    }
}

impl File {
    /// Writes `bytes` at the end. After an error a part of them may be there.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.handle.write_all(bytes).map_err(|error| failed("write file", &self.path, error))
    }

    /// Makes all that was appended durable. After an error nobody knows what is: never call it again, since the
    /// system may have dropped the pages and would now answer success (<https://wiki.postgresql.org/wiki/Fsync_Errors>).
    pub fn sync(&mut self) -> Result<()> {
        self.handle.sync().map_err(|error| failed("fsync file", &self.path, error))
    }

    /// Cuts the file to its first `len` bytes.
    pub fn truncate(&mut self, len: u64) -> Result<()> {
        self.handle.truncate(len).map_err(|error| failed("truncate file", &self.path, error))
    }
}

fn failed(action: &str, path: &Path, error: std::io::Error) -> Error {
    Error::io(format!("{action} \"{}\"", path.display()), error)
}
