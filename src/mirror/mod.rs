//! Mirror: our own copies of version files, on the local disk.
//!
//! Owns: `STATE/mirror/<database>/<version>/…`. A version's directory appears by one rename, after every file and
//! directory in it is on disk, and goes by one rename before anything in it is deleted; so a directory of that name is
//! always whole. What is being made or removed has a name starting with a dot.
//! On failure: a load leaves nothing behind ([`Loading`] removes what it made when dropped); after a crash
//! [`Mirror::sweep`] removes it.
//! All functions block: call them through `Tasks::blocking`.
//!
//! Imports: error, source. Used by: version.

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::source::{check_path, sha256_of};

/// Names of what is not whole. No database may start with a dot, so none is ever mistaken for one.
const LOADING: &str = ".loading-";
const REMOVING: &str = ".removing-";

/// Beyond the files' sizes, this share of them must be free before copying starts (reliability R12), for directories,
/// block rounding and whatever else writes meanwhile: one tenth.
const HEADROOM_DIVISOR: u64 = 10;

/// The local copies. Clones mean the same directory.
#[derive(Debug, Clone)]
pub struct Mirror {
    root: PathBuf,
}

/// A copy in the making. Dropped without [`Loading::publish`] it removes what it made.
#[derive(Debug)]
pub struct Loading {
    root: PathBuf,
    directory: PathBuf,
    target: PathBuf,
    published: bool,
}

/// One file to be mirrored.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// The opened source file.
    pub source: File,
    /// Where it lies, for a hard link.
    pub location: &'a Path,
    /// Where it goes, below the version.
    pub path: &'a str,
    /// What its content must hash to, when that is known.
    pub declared: Option<[u8; 32]>,
}

impl Mirror {
    /// The mirror of a state root. Nothing is touched yet.
    pub fn new(state: &Path) -> Mirror {
        Mirror { root: state.join("mirror") }
    }

    /// Where a version's copy is, or would be.
    pub fn directory(&self, database: &str, version: &str) -> PathBuf {
        self.root.join(database).join(version)
    }

    /// Starts a copy. `copied_bytes` is what it may need on this disk: the files' sizes, or 0 where they can be linked.
    /// Errors: [`Error::DiskFull`] when that and a headroom are not free.
    pub fn begin(&self, database: &str, version: &str, copied_bytes: u64) -> Result<Loading> {
        create(&self.root)?;
        let space = rustix::fs::statvfs(&self.root)
            .map_err(|error| Error::io("ask the mirror for free space", error.into()))?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        let needed = copied_bytes.saturating_add(copied_bytes / HEADROOM_DIVISOR);
        if needed > free {
            return Err(Error::DiskFull(format!(
                "could not mirror version \"{version}\" of database \"{database}\": \
                 it needs {needed} bytes, {free} are free"
            )));
        }
        let directory = self.root.join(format!("{LOADING}{database}@{version}"));
        remove(&directory)?;
        create(&directory)?;
        let target = self.directory(database, version);
        Ok(Loading { root: self.root.clone(), directory, target, published: false })
    }

    /// Whether files of `source` can be linked rather than copied.
    pub fn same_device(&self, source: &Path) -> bool {
        let device = |path: &Path| std::fs::metadata(path).map(|meta| meta.dev()).ok();
        let here = self.root.ancestors().find_map(device);
        here.is_some() && here == device(source)
    }

    /// Removes a version's copy. No copy is no error.
    /// Errors: something could not be removed; it no longer has the version's name.
    pub fn remove(&self, database: &str, version: &str) -> Result<()> {
        let directory = self.directory(database, version);
        if !directory.exists() {
            return Ok(());
        }
        let aside = self.root.join(format!("{REMOVING}{database}@{version}"));
        remove(&aside)?;
        std::fs::rename(&directory, &aside)
            .map_err(|error| Error::io(format!("rename \"{}\"", directory.display()), error))?;
        remove(&aside)?;
        // The database's directory goes with its last version; a version that stays is why it cannot go.
        if let Some(parent) = directory.parent() {
            std::fs::remove_dir(parent).ok();
        }
        sync(&self.root)
    }

    /// Removes whatever is not in `keep` (database, version), on both levels: what a crash left, and versions nothing
    /// refers to any more. Returns the names removed.
    /// Errors: the mirror cannot be listed. What cannot be removed is left for the next start.
    pub fn sweep(&self, keep: &BTreeSet<(String, String)>) -> Result<Vec<String>> {
        let mut surplus = Vec::new();
        for database in list(&self.root)? {
            if keep.iter().any(|(kept, _)| *kept == database) {
                let versions = list(&self.root.join(&database))?.into_iter();
                let versions = versions.map(|version| (database.clone(), version));
                surplus
                    .extend(versions.filter(|key| !keep.contains(key)).map(|(d, v)| d + "/" + &v));
            } else {
                surplus.push(database);
            }
        }
        surplus.retain(|path| remove(&self.root.join(path)).is_ok());
        Ok(surplus)
    }
}

impl Loading {
    /// Where the files are while the copy is made.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Brings one file: a hard link, else a reflink, else a copy. It keeps the time of its last change, and is on disk
    /// when this returns. Returns the SHA-256 of its content where that was computed: always for a copy, else when it
    /// is declared. `progress` hears the size of each part that was read, and may stop it.
    /// Errors: [`Error::DataCorrupted`] for content that is not what was declared; [`Error::DiskFull`];
    /// [`Error::Io`].
    pub fn fetch(
        &self,
        fetch: &Fetch<'_>,
        mut progress: impl FnMut(u64) -> std::io::Result<()>,
    ) -> Result<Option<[u8; 32]>> {
        check_path(fetch.path)?;
        let target = self.directory.join(fetch.path);
        let failed = |error| Error::io(format!("mirror file \"{}\"", fetch.path), error);
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        let meta = fetch.source.metadata().map_err(failed)?;
        let linked = link(fetch.location, &target, &meta).map_err(failed)?;
        let digest = if linked {
            None
        } else {
            copy(&fetch.source, &target, &meta, &mut progress).map_err(failed)?
        };
        let digest = match (digest, fetch.declared) {
            (None, Some(_)) => {
                let mut file = File::open(&target).map_err(failed)?;
                Some(sha256_of(&mut file, None, &mut progress).map_err(failed)?.0)
            }
            (digest, _) => digest,
        };
        if let (Some(found), Some(declared)) = (digest, fetch.declared)
            && found != declared
        {
            return Err(Error::DataCorrupted(format!(
                "file \"{}\" does not have the SHA-256 that _manifest.json declares",
                fetch.path
            )));
        }
        Ok(digest)
    }

    /// Makes the copy the version's: every directory to disk, then one rename. A copy that is there is replaced.
    /// Errors: as the file system; the version's name is not taken then.
    pub fn publish(mut self) -> Result<PathBuf> {
        sync_tree(&self.directory)?;
        let parent = self.target.parent().unwrap_or(&self.root).to_owned();
        create(&parent)?;
        if self.target.exists() {
            let name = self.target.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let aside = self.root.join(format!("{REMOVING}replaced@{name}"));
            remove(&aside)?;
            std::fs::rename(&self.target, &aside)
                .map_err(|error| Error::io("move an old copy aside", error))?;
            remove(&aside)?;
        }
        std::fs::rename(&self.directory, &self.target).map_err(|error| {
            Error::io(format!("rename to \"{}\"", self.target.display()), error)
        })?;
        self.published = true;
        sync(&parent)?;
        sync(&self.root)?;
        Ok(self.target.clone())
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        if !self.published
            && let Err(error) = remove(&self.directory)
        {
            tracing::warn!(%error, "an unfinished copy stays until the next start");
        }
    }
}

/// Whether `target` is now a hard link to the file that was opened, not to what its name means by now.
fn link(location: &Path, target: &Path, meta: &Metadata) -> std::io::Result<bool> {
    if std::fs::hard_link(location, target).is_err() {
        return Ok(false);
    }
    let made = std::fs::symlink_metadata(target)?;
    if made.dev() == meta.dev() && made.ino() == meta.ino() {
        File::open(target)?.sync_all()?;
        return Ok(true);
    }
    std::fs::remove_file(target)?;
    Ok(false)
}

fn copy(
    mut source: &File,
    target: &Path,
    meta: &Metadata,
    progress: impl FnMut(u64) -> std::io::Result<()>,
) -> std::io::Result<Option<[u8; 32]>> {
    let mut file = File::create_new(target)?;
    let digest = if rustix::fs::ioctl_ficlone(&file, source).is_ok() {
        None
    } else {
        let (digest, bytes) = sha256_of(&mut source, Some(&mut file), progress)?;
        if bytes != meta.len() {
            return Err(std::io::Error::other("its size changed while it was copied"));
        }
        Some(digest)
    };
    // The time goes along, so that a later change of the copy is seen just like one of the original.
    file.set_modified(meta.modified()?)?;
    file.sync_all()?;
    Ok(digest)
}

fn create(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)
        .map_err(|error| Error::io(format!("create directory \"{}\"", directory.display()), error))
}

fn remove(path: &Path) -> Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(format!("remove \"{}\"", path.display()), error))
        }
        _ => Ok(()),
    }
}

fn list(directory: &Path) -> Result<Vec<String>> {
    let failed = |error| Error::io(format!("list directory \"{}\"", directory.display()), error);
    let listed = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in listed {
        names.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn sync_tree(directory: &Path) -> Result<()> {
    for name in list(directory)? {
        let path = directory.join(name);
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    sync(directory)
}

fn sync(directory: &Path) -> Result<()> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(|error| {
        Error::io(format!("make directory \"{}\" durable", directory.display()), error)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::{self, File};
    use std::path::Path;

    use tempfile::TempDir;

    use super::{Fetch, Loading, Mirror};
    use crate::error::Result;

    fn fetch(
        loading: &Loading,
        from: &Path,
        declared: Option<[u8; 32]>,
    ) -> Result<Option<[u8; 32]>> {
        let source = File::open(from).expect("source file");
        loading.fetch(&Fetch { source, location: from, path: "t/a.csv", declared }, |_| Ok(()))
    }

    fn rooms() -> (TempDir, Mirror) {
        let root = TempDir::new().expect("directory");
        fs::write(root.path().join("a.csv"), "x\n1\n").expect("file");
        let mirror = Mirror::new(&root.path().join("state"));
        (root, mirror)
    }

    #[test]
    fn a_version_appears_whole() {
        let (root, mirror) = rooms();
        let loading = mirror.begin("db", "1", 0).expect("space");
        fetch(&loading, &root.path().join("a.csv"), None).expect("mirrored");
        assert!(!mirror.directory("db", "1").exists());
        let directory = loading.publish().expect("renamed");
        assert_eq!(fs::read(directory.join("t/a.csv")).expect("there"), b"x\n1\n");
        assert_eq!(super::list(&root.path().join("state/mirror")).expect("lists"), ["db"]);
        mirror.remove("db", "1").expect("removed");
        assert!(super::list(&root.path().join("state/mirror")).expect("lists").is_empty());
    }

    #[test]
    fn a_failed_load_leaves_nothing() {
        let (root, mirror) = rooms();
        let loading = mirror.begin("db", "1", 0).expect("space");
        let error =
            fetch(&loading, &root.path().join("a.csv"), Some([0; 32])).expect_err("differs");
        assert_eq!(error.state(), "XX001");
        drop(loading);
        assert!(super::list(&root.path().join("state/mirror")).expect("lists").is_empty());
        assert_eq!(mirror.begin("db", "1", u64::MAX / 2).expect_err("too large").state(), "53100");
    }

    #[test]
    fn a_copy_is_hashed_and_keeps_its_time() {
        let (root, _mirror) = rooms();
        let from = root.path().join("a.csv");
        let source = File::open(&from).expect("file");
        let meta = source.metadata().expect("meta");
        let target = root.path().join("copy");
        let digest = super::copy(&source, &target, &meta, |_| Ok(())).expect("copied");
        let copied = fs::metadata(&target).expect("meta");
        assert_eq!(copied.modified().expect("time"), meta.modified().expect("time"));
        // A file system that clones files leaves nothing to hash.
        let expected = ring::digest::digest(&ring::digest::SHA256, b"x\n1\n");
        assert!(digest.is_none_or(|digest| digest == expected.as_ref()));
        assert_eq!(fs::read(&target).expect("there"), b"x\n1\n");
    }

    #[test]
    fn the_sweep_removes_what_nothing_refers_to() {
        let (root, mirror) = rooms();
        for path in ["db/1", "db/2", "gone/1", ".loading-db@3", ".removing-db@0"] {
            fs::create_dir_all(root.path().join("state/mirror").join(path)).expect("directory");
        }
        let keep = BTreeSet::from([("db".to_owned(), "2".to_owned())]);
        let removed = mirror.sweep(&keep).expect("lists");
        assert_eq!(removed, [".loading-db@3", ".removing-db@0", "db/1", "gone"]);
        assert!(mirror.directory("db", "2").exists());
    }
}
