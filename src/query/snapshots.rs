//! Snapshots that transactions export, so that others see what they see (PostgreSQL manual, 9.27.5): `pg_dump -j` reads
//! one state of everything over many connections. Here a snapshot is a generation of the catalog.
//!
//! Owns: the exported ones, each as long as its transaction. Invariant: a name is never given twice.
//!
//! Imports: catalog. Used by: query::session.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::Generation;

/// All snapshots that transactions export now.
#[derive(Default)]
pub(super) struct Snapshots {
    exported: Mutex<HashMap<String, Arc<Generation>>>,
    last: AtomicU64,
}

/// An exported snapshot; nobody can import it once this is dropped.
pub(super) struct Exported {
    /// What others call it.
    pub(super) name: String,
    snapshots: Arc<Snapshots>,
}

impl Snapshots {
    /// Lets others see `generation`. Names look like PostgreSQL's: the session, a number, the first of its transaction.
    pub(super) fn export(self: &Arc<Self>, pid: i32, generation: &Arc<Generation>) -> Exported {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let name = format!("{pid:08X}-{number:08X}-1");
        self.lock().insert(name.clone(), Arc::clone(generation));
        Exported { name, snapshots: Arc::clone(self) }
    }

    /// What the snapshot of that name shows; `None` when no open transaction exports it.
    pub(super) fn import(&self, name: &str) -> Option<Arc<Generation>> {
        self.lock().get(name).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Generation>>> {
        self.exported.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        self.snapshots.lock().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Snapshots;
    use crate::catalog::Generation;

    #[test]
    fn a_snapshot_lives_as_long_as_it_is_exported() {
        let (snapshots, generation) = (Arc::<Snapshots>::default(), Arc::<Generation>::default());
        let first = snapshots.export(3, &generation);
        let second = snapshots.export(3, &generation);
        assert_eq!(
            (first.name.as_str(), second.name.as_str()),
            ("00000003-00000001-1", "00000003-00000002-1")
        );
        assert!(
            snapshots.import(&first.name).is_some_and(|found| Arc::ptr_eq(&found, &generation))
        );
        let name = first.name.clone();
        drop(first);
        assert!(snapshots.import(&name).is_none() && snapshots.import(&second.name).is_some());
    }
}
