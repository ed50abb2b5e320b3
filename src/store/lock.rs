//! The lock file: one process per state root.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::error::{Error, Result};

/// The lock file's name in the state root.
const NAME: &str = "forebay.pid";

/// Held while a process owns a state root. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    /// Held open for its lock.
    _file: File,
}

impl Lock {
    /// Takes the lock of the state root at `path` and writes our process number into the file.
    /// Errors: F0001 naming the file and the process that holds it; 58030, 53100.
    pub fn acquire(path: &Path) -> Result<Lock> {
        let path = path.join(NAME);
        let failed = |error| Error::io(format!("lock file \"{}\"", path.display()), error);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&path, &mut file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        Ok(Lock { _file: file })
    }
}

fn held(path: &Path, file: &mut File) -> Error {
    let mut text = String::new();
    let owner = match file.read_to_string(&mut text) {
        Ok(_) if text.trim().parse::<u32>().is_ok() => format!("process {}", text.trim()),
        // The owner has the lock but has not written its number yet.
        _ => "another process".to_owned(),
    };
    Error::LockFileHeld(format!("lock file \"{}\" is held by {owner}", path.display()))
        .hint("Stop that process, or give this one a state root of its own.")
}
