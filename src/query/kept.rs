//! Plans that prepared statements keep, and their end: a plan holds the versions it reads, so an idle session with an
//! old plan would keep old files for as long as it lives. Every new generation empties the slots of older ones; the
//! statement is planned again when it next runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::plan::Planned;
use crate::catalog::Catalog;
use crate::catalog::generation::Defined;
use crate::task::Tasks;

/// All slots that live.
#[derive(Clone, Default)]
pub(super) struct Kept {
    slots: Arc<Mutex<Vec<Weak<Slot>>>>,
}

/// The newest plan of one statement.
#[derive(Default)]
pub(super) struct Slot(Mutex<Option<Arc<Planned>>>);

impl Slot {
    pub(super) fn get(&self) -> Option<Arc<Planned>> {
        lock(&self.0).clone()
    }

    pub(super) fn set(&self, planned: Arc<Planned>) {
        *lock(&self.0) = Some(planned);
    }
}

impl Kept {
    /// Starts the task that empties slots when the catalog moves.
    pub(super) fn start(catalog: &Catalog, tasks: &Tasks) -> Kept {
        let kept = Kept::default();
        let (own, stop, mut changes) = (kept.clone(), tasks.stop_token(), catalog.changes());
        let catalog = catalog.clone();
        tasks.essential("plan expiry", async move {
            let mut last = Defined::default();
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    changed = changes.changed() => if changed.is_err() { return },
                }
                // A sequence that moves makes no plan older.
                let newest = catalog.pin().defined;
                if last != newest {
                    own.expire(newest);
                    last = newest;
                }
            }
        });
        kept
    }

    /// A slot that is emptied when its plan is outdated.
    pub(super) fn slot(&self) -> Arc<Slot> {
        let slot = Arc::new(Slot::default());
        let mut slots = lock(&self.slots);
        // Statements end without telling: what is gone is swept whenever the list would have to grow.
        if slots.len() == slots.capacity() {
            slots.retain(|slot| 0 < slot.strong_count());
        }
        slots.push(Arc::downgrade(&slot));
        drop(slots);
        slot
    }

    fn expire(&self, newest: Defined) {
        let mut outdated = Vec::new();
        lock(&self.slots).retain(|slot| match slot.upgrade() {
            Some(slot) => {
                let old = slot.get().is_some_and(|planned| planned.basis.defined < newest);
                outdated.extend(old.then(|| lock(&slot.0).take()).flatten());
                true
            }
            None => false,
        });
        // Dropped here, outside the lock: a plan may be large.
        drop(outdated);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
