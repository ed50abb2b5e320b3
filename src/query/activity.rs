//! Which sessions live and what each runs: what `pg_stat_activity` shows.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::pg::facts::ActivityRow;
use crate::query::door::Switch;

/// All live sessions by process number. Locked for moments only.
#[derive(Debug, Default)]
pub struct Sessions {
    rows: Mutex<BTreeMap<i32, Live>>,
}

#[derive(Debug)]
struct Live {
    row: Arc<Mutex<ActivityRow>>,
    switch: Option<Arc<dyn Switch>>,
}

/// One session's row; leaving the list is its drop.
#[derive(Debug)]
pub(super) struct Presence {
    pid: i32,
    row: Arc<Mutex<ActivityRow>>,
}

impl Sessions {
    /// Adds a session. `limit` bounds the sessions of its role; below zero is no limit.
    /// Errors: 53300 past the limit.
    pub(super) fn enter(
        &self,
        row: ActivityRow,
        limit: i32,
        switch: Option<Arc<dyn Switch>>,
    ) -> Result<Presence> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(limit) = usize::try_from(limit) {
            let same = rows.values().filter(|other| lock(&other.row).user == row.user).count();
            if limit <= same {
                let message = format!("too many connections for role \"{}\"", row.user);
                return Err(Error::TooManyConnections(message));
            }
        }
        let pid = row.pid;
        let row = Arc::new(Mutex::new(row));
        rows.insert(pid, Live { row: Arc::clone(&row), switch });
        Ok(Presence { pid, row })
    }

    /// A copy of every row, in the order of process numbers.
    pub fn rows(&self) -> Vec<ActivityRow> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.values().map(|live| lock(&live.row).clone()).collect()
    }

    /// The role of the session `pid`, and how to stop it; `None` when there is no such session.
    pub(super) fn reach(&self, pid: i32) -> Option<(String, Option<Arc<dyn Switch>>)> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.get(&pid).map(|live| (lock(&live.row).user.clone(), live.switch.clone()))
    }

    /// Removes a session.
    pub(super) fn leave(&self, presence: &Presence) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).remove(&presence.pid);
    }
}

impl Presence {
    /// Changes the row.
    pub(super) fn update(&self, change: impl FnOnce(&mut ActivityRow)) {
        change(&mut lock(&self.row));
    }
}

fn lock(row: &Mutex<ActivityRow>) -> std::sync::MutexGuard<'_, ActivityRow> {
    row.lock().unwrap_or_else(PoisonError::into_inner)
}
