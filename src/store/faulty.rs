//! A simulated disk for tests: bytes and names are durable only once synced, faults come on command, and a crash
//! keeps a seeded part of what was not synced.
//!
//! Modelled: a write that a full disk cuts short; a sync that fails and marks the pages clean all the same, so that
//! a second sync would lie; sectors that arrive out of order; names that arrive late but in order.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sectors are written whole or not at all.
const SECTOR: usize = 512;

/// A disk. Clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
}

/// A file on it, open for appending.
#[derive(Debug)]
pub(crate) struct Handle {
    disk: Disk,
    inode: usize,
    appends: bool,
}

/// What a fault can be laid on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Write,
    Sync,
    Rename,
    SyncDirectory,
}

/// What a fault of the code that stands above the disk forgets to sync, to see whether a simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    /// What is appended to a file is acknowledged before it is synced.
    Appends,
    /// A file is put in place before its content is synced.
    Files,
    /// A file is taken to be in place before its directory is synced.
    Names,
}

/// What is left after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process died: all it wrote is there.
    Process,
    /// The power went: of what was not synced, any sectors may be there.
    Power,
}

#[derive(Debug, Default)]
struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    directories: BTreeMap<PathBuf, ()>,
    /// Changes of names that no sync has reached, oldest first.
    pending: Vec<NameChange>,
    faults: Vec<(Call, u64, ErrorKind)>,
    /// Calls that change something until the process dies.
    calls_left: Option<u64>,
    /// A call after the one it died in was made.
    dead: bool,
    full: bool,
    planted: Option<Planted>,
    random: Random,
}

#[derive(Debug, Default, Clone)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// What was written and not synced, by offset. A truncation does not take it back: the disk may have it.
    dirty: Vec<(usize, Vec<u8>)>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Add(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
}

/// SplitMix64.
#[derive(Debug, Clone, Default)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("fits");
        usize::try_from(self.next() % bound).expect("fits")
    }
}

impl Disk {
    pub(crate) fn new(seed: u64) -> Disk {
        let mut state = State { random: Random(seed), ..State::default() };
        state.directories.insert(PathBuf::from("/"), ());
        Disk { state: Arc::new(Mutex::new(state)) }
    }

    /// The `skip`-th next such call (0 is the next) fails.
    pub(crate) fn fail(&self, call: Call, skip: u64, kind: ErrorKind) {
        self.state().faults.push((call, skip, kind));
    }

    /// Whether writes find no space.
    /// Plants a fault.
    pub(crate) fn plant(&self, planted: Option<Planted>) {
        self.state().planted = planted;
    }

    pub(crate) fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    /// The process dies in the middle of the `calls`-th next call that changes something.
    pub(crate) fn kill_after(&self, calls: u64) {
        self.state().calls_left = Some(calls);
    }

    /// What a new process finds on the disk.
    pub(crate) fn crash(&self, crash: Crash) -> Disk {
        let mut old = self.state();
        let old = &mut *old;
        let mut random = Random(old.random.next());
        let mut new = State {
            directories: old.directories.clone(),
            planted: old.planted,
            ..State::default()
        };
        match crash {
            Crash::Process => {
                new.names = old.names.clone();
                // A new process must not trust that what it reads is durable.
                new.inodes = old.inodes.clone();
                new.durable_names = old.durable_names.clone();
                new.pending = old.pending.clone();
            }
            Crash::Power => {
                let kept = random.below(old.pending.len() + 1);
                let mut names = old.durable_names.clone();
                for change in old.pending.iter().take(kept) {
                    change.apply(&mut names);
                }
                new.inodes = old.inodes.iter().map(|inode| inode.crash(&mut random)).collect();
                new.durable_names = names.clone();
                new.names = names;
            }
        }
        new.random = random;
        Disk { state: Arc::new(Mutex::new(new)) }
    }

    /// Changes bytes behind everybody's back.
    pub(crate) fn edit(&self, path: &Path, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let index = *state.names.get(path).expect("the file exists");
        let inode = state.inodes.get_mut(index).expect("the inode exists");
        edit(&mut inode.now);
        inode.durable = inode.now.clone();
        inode.dirty.clear();
    }

    /// A copy that shares nothing.
    pub(crate) fn copy(&self) -> Disk {
        self.crash(Crash::Process)
    }

    pub(super) fn read(&self, path: &Path) -> Result<Vec<u8>> {
        let state = self.state();
        let index = state.names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(state.inodes.get(*index).ok_or(ErrorKind::NotFound)?.now.clone())
    }

    pub(super) fn exists(&self, path: &Path) -> bool {
        self.state().directories.contains_key(path)
    }

    pub(super) fn list(&self, path: &Path) -> Result<Vec<String>> {
        let state = self.state();
        let inside = state.names.keys().chain(state.directories.keys());
        Ok(inside
            .filter(|name| name.parent() == Some(path))
            .filter_map(|name| Some(name.file_name()?.to_str()?.to_owned()))
            .collect())
    }

    pub(super) fn make_directory(&self, path: &Path) -> Result<()> {
        let mut state = self.state();
        state.step()?;
        state.directories.insert(path.to_owned(), ());
        Ok(())
    }

    pub(super) fn create(&self, path: &Path) -> Result<Handle> {
        let mut state = self.state();
        state.step()?;
        let inode = state.inodes.len();
        state.inodes.push(Inode::default());
        state.change(NameChange::Add(path.to_owned(), inode));
        Ok(Handle { disk: self.clone(), inode, appends: false })
    }

    pub(super) fn open_append(&self, path: &Path) -> Result<Handle> {
        let inode = *self.state().names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(Handle { disk: self.clone(), inode, appends: true })
    }

    pub(super) fn rename(&self, source: &Path, target: &Path) -> Result<()> {
        let mut state = self.state();
        state.step()?;
        state.fault(Call::Rename)?;
        state.change(NameChange::Rename(source.to_owned(), target.to_owned()));
        Ok(())
    }

    pub(super) fn remove(&self, path: &Path) -> Result<()> {
        let mut state = self.state();
        state.step()?;
        if !state.names.contains_key(path) {
            return Err(ErrorKind::NotFound.into());
        }
        state.change(NameChange::Remove(path.to_owned()));
        Ok(())
    }

    pub(super) fn sync_directory(&self, path: &Path) -> Result<()> {
        let mut state = self.state();
        state.step()?;
        if state.planted == Some(Planted::Names) {
            return Ok(());
        }
        state.fault(Call::SyncDirectory)?;
        let inside = |name: &Path| name.parent() == Some(path);
        let (done, left) =
            std::mem::take(&mut state.pending).into_iter().partition(|change: &NameChange| {
                match change {
                    NameChange::Add(name, _)
                    | NameChange::Remove(name)
                    | NameChange::Rename(_, name) => inside(name),
                }
            });
        state.pending = left;
        let done: Vec<NameChange> = done;
        for change in done {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handle {
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        let mut state = self.disk.state();
        let mut failure = state.step().and_then(|()| state.fault(Call::Write)).err();
        if failure.is_none() && state.full {
            failure = Some(ErrorKind::StorageFull.into());
        }
        let len = match &failure {
            None => bytes.len(),
            Some(_) if state.dead => 0,
            Some(_) => state.random.below(bytes.len() + 1),
        };
        let inode = state.inodes.get_mut(self.inode).ok_or(ErrorKind::NotFound)?;
        let written: Vec<u8> = bytes.iter().take(len).copied().collect();
        inode.now.extend(&written);
        inode.dirty.push((inode.now.len() - len, written));
        failure.map_or(Ok(()), Err)
    }

    pub(super) fn sync(&mut self) -> Result<()> {
        let mut state = self.disk.state();
        state.step()?;
        let forgotten = match self.appends {
            true => Planted::Appends,
            false => Planted::Files,
        };
        if state.planted == Some(forgotten) {
            return Ok(());
        }
        let fault = state.fault(Call::Sync);
        let inode = state.inodes.get_mut(self.inode).ok_or(ErrorKind::NotFound)?;
        let dirty = std::mem::take(&mut inode.dirty);
        if fault.is_ok() {
            inode.durable.resize(inode.now.len(), 0);
            for (start, bytes) in dirty {
                let kept = inode.now.len().saturating_sub(start).min(bytes.len());
                inode.persist(start, &bytes[..kept]);
            }
        }
        fault
    }

    pub(super) fn truncate(&mut self, len: u64) -> Result<()> {
        let mut state = self.disk.state();
        state.step()?;
        let len = usize::try_from(len).expect("fits");
        state.inodes.get_mut(self.inode).ok_or(ErrorKind::NotFound)?.now.truncate(len);
        Ok(())
    }
}

impl State {
    /// Counts a call that changes something; a dead process does nothing more.
    fn step(&mut self) -> Result<()> {
        let Some(left) = &mut self.calls_left else { return Ok(()) };
        if *left == 0 {
            self.dead = true;
            return Err(Error::other("the process is dead"));
        }
        *left -= 1;
        if *left == 0 { Err(Error::other("the process died")) } else { Ok(()) }
    }

    fn fault(&mut self, call: Call) -> Result<()> {
        let mut due = None;
        for (index, fault) in self.faults.iter_mut().enumerate().filter(|(_, f)| f.0 == call) {
            if fault.1 == 0 {
                due = Some((index, fault.2));
                break;
            }
            fault.1 = fault.1.saturating_sub(1);
        }
        let Some((index, kind)) = due else { return Ok(()) };
        self.faults.remove(index);
        Err(kind.into())
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            NameChange::Add(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            NameChange::Rename(source, target) => {
                if let Some(inode) = names.remove(source) {
                    names.insert(target.clone(), inode);
                }
            }
            NameChange::Remove(name) => {
                names.remove(name);
            }
        }
    }
}

impl Inode {
    fn persist(&mut self, start: usize, bytes: &[u8]) {
        let end = start + bytes.len();
        self.durable.resize(self.durable.len().max(end), 0);
        self.durable[start..end].copy_from_slice(bytes);
    }

    /// The inode after a power loss: some of its dirty sectors, and any length that they allow.
    fn crash(&self, random: &mut Random) -> Inode {
        let mut left = self.clone();
        // Half the time a prefix arrived, as on most file systems; otherwise any sectors.
        let prefix = random.below(2) == 0;
        for (start, bytes) in self.dirty_sectors() {
            match (prefix, random.below(4)) {
                (true, 0) => {
                    left.persist(start, &bytes[..random.below(bytes.len() + 1)]);
                    break;
                }
                (false, 0 | 1) => {}
                _ => left.persist(start, bytes),
            }
        }
        if random.below(3) == 0 {
            // A truncation that no sync followed may have arrived or not.
            left.durable.truncate(self.now.len().max(1));
        }
        left.now = left.durable.clone();
        left.dirty.clear();
        left
    }

    /// What is dirty, cut at the bounds of sectors.
    fn dirty_sectors(&self) -> Vec<(usize, &[u8])> {
        let mut sectors = Vec::new();
        for (start, bytes) in &self.dirty {
            let mut at = 0;
            while at < bytes.len() {
                let next = (((start + at) / SECTOR + 1) * SECTOR - start).min(bytes.len());
                sectors.push((start + at, &bytes[at..next]));
                at = next;
            }
        }
        sectors
    }
}
