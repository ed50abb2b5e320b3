//! Advisory locks between the sessions of one server (PostgreSQL manual, 13.3.5).
//!
//! Owns: who holds which lock how often, and who waits for whom. Invariants: an exclusive lock has one holder and no
//! sharers beside it but that holder itself; a session that would close a circle of waiting is refused instead (40P01);
//! a session that ends or gives up waiting leaves nothing behind.
//!
//! Imports: error. Used by: query::session, query::row_locks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::error::{Error, Result};

/// Locks one session may hold. PostgreSQL's shared table has room for some thousands in all.
const HELD_LEN_MAX: usize = 10_000;

/// What a lock is on: one big number or two small ones, in one database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) database: String,
    pub(super) number: Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    One(i64),
    Two(i32, i32),
}

/// How a lock is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Shared,
    Exclusive,
}

/// All advisory locks.
#[derive(Debug, Default)]
pub(super) struct Locks {
    table: Mutex<Table>,
    /// Told when a lock is given back.
    released: Notify,
}

#[derive(Debug, Default)]
struct Table {
    /// Holders with how often each holds it.
    held: BTreeMap<Key, BTreeMap<(i32, Mode), usize>>,
    waiting: BTreeMap<i32, (Key, Mode)>,
}

impl Table {
    /// Who stands in the way of `pid`.
    fn in_the_way(&self, pid: i32, key: &Key, mode: Mode) -> Vec<i32> {
        let holders = self.held.get(key).into_iter().flat_map(BTreeMap::keys);
        let against = holders.filter(|(holder, held)| {
            *holder != pid && (mode == Mode::Exclusive || *held == Mode::Exclusive)
        });
        against.map(|(holder, _)| *holder).collect()
    }

    /// Takes it, or tells that somebody holds it. Errors: 54000 past the limit.
    fn take(&mut self, pid: i32, key: &Key, mode: Mode) -> Result<bool> {
        if !self.in_the_way(pid, key, mode).is_empty() {
            return Ok(false);
        }
        let own = |holders: &&BTreeMap<(i32, Mode), usize>| {
            holders.keys().any(|(holder, _)| *holder == pid)
        };
        if !self.held.contains_key(key) && self.held.values().filter(own).count() >= HELD_LEN_MAX {
            return Err(Error::ProgramLimitExceeded("too many advisory locks".to_owned()));
        }
        *self.held.entry(key.clone()).or_default().entry((pid, mode)).or_default() += 1;
        Ok(true)
    }

    /// Whether `pid` waits, through others, for itself.
    fn is_circle(&self, pid: i32) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = vec![pid];
        while let Some(waiter) = next.pop() {
            let Some((key, mode)) = self.waiting.get(&waiter) else { continue };
            for holder in self.in_the_way(waiter, key, *mode) {
                if holder == pid {
                    return true;
                }
                if seen.insert(holder) {
                    next.push(holder);
                }
            }
        }
        false
    }
}

impl Locks {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a lock that is free. Errors: 54000 past the limit.
    pub(super) fn try_take(&self, pid: i32, key: &Key, mode: Mode) -> Result<bool> {
        self.lock().take(pid, key, mode)
    }

    /// Waits for a lock, at most `limit`. Dropping the future ends the wait.
    /// Errors: 40P01, 55P03, 54000.
    pub(super) async fn take(
        &self,
        pid: i32,
        key: Key,
        mode: Mode,
        limit: Option<Duration>,
    ) -> Result<()> {
        struct Waiting<'a>(&'a Locks, i32);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.lock().waiting.remove(&self.1);
            }
        }
        let _waiting = Waiting(self, pid);
        let granted = || {
            let mut table = self.lock();
            if table.take(pid, &key, mode)? {
                return Ok(true);
            }
            table.waiting.insert(pid, (key.clone(), mode));
            if table.is_circle(pid) { Err(Error::DeadlockDetected) } else { Ok(false) }
        };
        wait(&self.released, limit, granted).await
    }

    /// Gives a lock back once. Returns whether it was held so.
    pub(super) fn release(&self, pid: i32, key: &Key, mode: Mode) -> bool {
        self.release_beyond(0, pid, key, mode)
    }

    /// Gives a lock back once, if it is held more often than `kept`. Returns whether it was.
    pub(super) fn release_beyond(&self, kept: usize, pid: i32, key: &Key, mode: Mode) -> bool {
        let mut table = self.lock();
        let Some(holders) = table.held.get_mut(key) else { return false };
        let Some(count) = holders.get_mut(&(pid, mode)) else { return false };
        if *count <= kept {
            return false;
        }
        *count -= 1;
        if *count == 0 {
            holders.remove(&(pid, mode));
        }
        if holders.is_empty() {
            table.held.remove(key);
        }
        drop(table);
        self.released.notify_waiters();
        true
    }

    /// The session `pid` ends.
    pub(super) fn leave(&self, pid: i32) {
        self.lock().waiting.remove(&pid);
        self.release_all_but(&[], pid);
    }

    /// Gives back all that `pid` holds but `kept`, each as often as it stands there.
    pub(super) fn release_all_but(&self, kept: &[(Key, Mode)], pid: i32) {
        let mut counts: BTreeMap<(&Key, Mode), usize> = BTreeMap::new();
        for (key, mode) in kept {
            *counts.entry((key, *mode)).or_default() += 1;
        }
        let mut table = self.lock();
        table.held.retain(|key, holders| {
            holders.retain(|(holder, mode), count| {
                if *holder == pid {
                    *count = counts.get(&(key, *mode)).copied().unwrap_or(0);
                }
                *count > 0
            });
            !holders.is_empty()
        });
        drop(table);
        self.released.notify_waiters();
    }
}

/// Asks after each release until something is granted, at most for `limit`.
/// Errors: 55P03; those of `granted`.
pub(super) async fn wait(
    released: &Notify,
    limit: Option<Duration>,
    granted: impl Fn() -> Result<bool>,
) -> Result<()> {
    let asked = async {
        loop {
            let told = released.notified();
            tokio::pin!(told);
            // Before the look, so that no release is missed.
            told.as_mut().enable();
            if granted()? {
                return Ok(());
            }
            told.await;
        }
    };
    match limit {
        None => asked.await,
        Some(limit) => tokio::time::timeout(limit, asked)
            .await
            .unwrap_or(Err(Error::LockNotAvailable("lock timeout"))),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Key, Locks, Mode, Number};

    fn key(number: i64) -> Key {
        Key { database: "d".to_owned(), number: Number::One(number) }
    }

    #[test]
    fn exclusive_locks_exclude_others_and_count() {
        let locks = Locks::default();
        let take = |pid, mode| locks.try_take(pid, &key(7), mode).expect("within the limit");
        assert!(take(1, Mode::Exclusive) && take(1, Mode::Exclusive) && take(1, Mode::Shared));
        assert!(!take(2, Mode::Exclusive) && !take(2, Mode::Shared));
        assert!(locks.release(1, &key(7), Mode::Exclusive));
        assert!(!take(2, Mode::Shared), "held once more");
        assert!(locks.release(1, &key(7), Mode::Exclusive));
        assert!(take(2, Mode::Shared) && !take(2, Mode::Exclusive), "shared by both");
        assert!(
            !locks.release(2, &key(7), Mode::Exclusive) && !locks.release(2, &key(8), Mode::Shared)
        );
        locks.leave(1);
        assert!(take(2, Mode::Exclusive));
        locks.leave(2);
        assert!(locks.lock().held.is_empty());
    }

    #[tokio::test]
    async fn waiting_ends_by_release_time_or_circle() {
        let locks = Locks::default();
        assert!(locks.try_take(1, &key(1), Mode::Exclusive).expect("free"));
        assert!(locks.try_take(2, &key(2), Mode::Exclusive).expect("free"));
        let limit = Some(Duration::from_millis(50));
        let late = locks.take(3, key(1), Mode::Shared, limit).await.expect_err("held");
        assert_eq!(late.state(), "55P03");
        let waiter = locks.take(1, key(2), Mode::Exclusive, None);
        let circle = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let refused = locks.take(2, key(1), Mode::Exclusive, None).await.expect_err("a circle");
            assert!(locks.release(2, &key(2), Mode::Exclusive));
            refused
        };
        let (taken, refused) = tokio::join!(waiter, circle);
        taken.expect("taken");
        assert_eq!(refused.state(), "40P01");
        assert!(locks.lock().waiting.is_empty());
    }
}
