//! Locks on rows that statements change (PostgreSQL manual, 13.3.2): who changes a row that an open transaction has changed
//! waits for its end, and goes on with what it has left.
//!
//! Owns: which session holds which rows, and who waits for whom. Invariants: a row has one holder; a session that would
//! close a circle of waiting is refused instead (40P01); a session that ends or gives up waiting leaves nothing behind. A
//! lock spares work that would be refused at the commit; that nothing is lost is for the catalog to see.
//!
//! Imports: error, query::locks. Used by: query::session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::error::{Error, Result};

/// Rows one session may hold. Who changes more takes none of them: it may be refused at its commit.
const HELD_LEN_MAX: usize = 10_000;

/// A row: its table, and its number.
type Row = (u32, i64);

/// All locks on rows.
#[derive(Debug, Default)]
pub(super) struct RowLocks {
    table: Mutex<Table>,
    /// Told when locks are given back.
    released: Notify,
}

#[derive(Debug, Default)]
struct Table {
    held: BTreeMap<Row, i32>,
    rows: BTreeMap<i32, Vec<Row>>,
    waiting: BTreeMap<i32, Row>,
}

impl Table {
    /// Whether `pid` waits, through others, for itself.
    fn is_circle(&self, pid: i32) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiter = pid;
        while let Some(holder) = self.waiting.get(&waiter).and_then(|row| self.held.get(row)) {
            if *holder == pid {
                return true;
            }
            if !seen.insert(*holder) {
                return false;
            }
            waiter = *holder;
        }
        false
    }
}

impl RowLocks {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes rows of a table, or none of them: then the first that another session holds.
    pub(super) fn take(&self, pid: i32, table: u32, numbers: &[i64]) -> Option<i64> {
        let mut all = self.lock();
        let other =
            |number: &&i64| all.held.get(&(table, **number)).is_some_and(|holder| *holder != pid);
        if let Some(taken) = numbers.iter().find(other) {
            return Some(*taken);
        }
        let own = all.rows.get(&pid).map_or(0, Vec::len);
        if HELD_LEN_MAX < own.saturating_add(numbers.len()) {
            return None;
        }
        for number in numbers {
            if all.held.insert((table, *number), pid).is_none() {
                all.rows.entry(pid).or_default().push((table, *number));
            }
        }
        None
    }

    /// Waits until nobody holds a row, at most `limit`. Dropping the future ends the wait.
    /// Errors: 40P01, 55P03.
    pub(super) async fn wait(
        &self,
        pid: i32,
        row: (u32, i64),
        limit: Option<Duration>,
    ) -> Result<()> {
        struct Waiting<'a>(&'a RowLocks, i32);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.lock().waiting.remove(&self.1);
            }
        }
        let _waiting = Waiting(self, pid);
        let is_free = || {
            let mut table = self.lock();
            if table.held.get(&row).is_none_or(|holder| *holder == pid) {
                return Ok(true);
            }
            table.waiting.insert(pid, row);
            if table.is_circle(pid) { Err(Error::DeadlockDetected) } else { Ok(false) }
        };
        super::locks::wait(&self.released, limit, is_free).await
    }

    /// Gives back all that a session holds.
    pub(super) fn release(&self, pid: i32) {
        let mut table = self.lock();
        let Some(rows) = table.rows.remove(&pid) else { return };
        for row in rows {
            table.held.remove(&row);
        }
        drop(table);
        self.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::RowLocks;

    #[test]
    fn rows_are_taken_together_or_not_at_all() {
        let locks = RowLocks::default();
        assert_eq!(locks.take(1, 7, &[1, 2]), None);
        assert_eq!(locks.take(1, 7, &[2, 3]), None);
        assert_eq!(locks.take(2, 7, &[9, 3]), Some(3));
        assert_eq!(locks.take(2, 8, &[3]), None);
        assert_eq!(locks.take(3, 7, &[9]), None, "what was not taken is free");
        locks.release(1);
        assert_eq!(locks.take(2, 7, &[1, 2, 3]), None);
        locks.release(2);
        locks.release(3);
        assert!(locks.lock().held.is_empty());
    }

    #[tokio::test]
    async fn waiting_ends_by_release_time_or_circle() {
        let locks = RowLocks::default();
        assert_eq!(locks.take(1, 7, &[1]), None);
        assert_eq!(locks.take(2, 7, &[2]), None);
        let limit = Some(Duration::from_millis(20));
        let late = locks.wait(3, (7, 1), limit).await.expect_err("held");
        assert_eq!(late.state(), "55P03");
        let circle = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let refused = locks.wait(2, (7, 1), None).await.expect_err("a circle");
            locks.release(2);
            refused
        };
        let (waited, refused) = tokio::join!(locks.wait(1, (7, 2), None), circle);
        waited.expect("free");
        assert_eq!(refused.state(), "40P01");
        assert!(locks.lock().waiting.is_empty());
    }
}
