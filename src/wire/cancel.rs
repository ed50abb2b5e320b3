//! Live connections by process number: who may cancel what, and who must be told that the server stops.
//!
//! Invariant: a statement is reached only with the secret its own client was given, compared in constant time, and
//! whoever asks is never told whether it worked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio_util::sync::CancellationToken;

use super::frame::Halt;
use super::scram::same;
use crate::error::{Error, Result};
use crate::query::door::Switch;

/// Who stopped a statement, when it was not its own timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Client = 1,
    Stop = 2,
}

/// All live connections that have authenticated.
#[derive(Default)]
pub(super) struct Registry(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    by_pid: BTreeMap<i32, Arc<Entry>>,
    last_pid: i32,
}

/// One connection as others see it.
pub(super) struct Entry {
    pub(super) pid: i32,
    pub(super) secret: Box<[u8]>,
    /// Cancelled when the server stops: the connection ends as soon as it is at rest.
    pub(super) ending: CancellationToken,
    running: Mutex<Option<CancellationToken>>,
    cause: AtomicU8,
}

/// A connection's place in the registry; dropping it leaves.
pub(super) struct Registered {
    registry: Arc<Registry>,
    entry: Arc<Entry>,
}

impl Registry {
    /// Makes a process number that no live connection has, and a secret of `secret_len` bytes.
    /// Errors: no random bytes.
    pub(super) fn register(self: &Arc<Self>, secret_len: usize) -> Result<Registered> {
        let mut secret = vec![0; secret_len].into_boxed_slice();
        SystemRandom::new()
            .fill(&mut secret)
            .map_err(|e| Error::Internal(format!("could not get random bytes: {e}")))?;
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pid = loop {
            entries.last_pid = entries.last_pid.checked_add(1).unwrap_or(1);
            if !entries.by_pid.contains_key(&entries.last_pid) {
                break entries.last_pid;
            }
        };
        let entry = Arc::new(Entry {
            pid,
            secret,
            ending: CancellationToken::new(),
            running: Mutex::default(),
            cause: AtomicU8::new(0),
        });
        entries.by_pid.insert(pid, Arc::clone(&entry));
        Ok(Registered { registry: Arc::clone(self), entry })
    }

    /// Stops the statement that runs at `pid` now, if `secret` is its own.
    pub(super) fn cancel(&self, pid: i32, secret: &[u8]) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.by_pid.get(&pid).filter(|entry| same(&entry.secret, secret)) {
            entry.interrupt(Cause::Client);
        }
    }

    /// Calls `each` for every live connection.
    pub(super) fn each(&self, each: impl Fn(&Entry)) {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.by_pid.values().for_each(|entry| each(entry));
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_pid.len()
    }
}

impl Entry {
    /// Cancels what runs; nothing is kept for later when nothing does.
    pub(super) fn interrupt(&self, cause: Cause) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = running.as_ref() {
            // A token that is cancelled already (a timeout) keeps its own cause.
            if !token.is_cancelled() {
                self.cause.store(cause as u8, Ordering::Release);
            }
            token.cancel();
        }
    }
}

impl std::fmt::Debug for Entry {
    /// Without the secret.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Entry").field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Switch for Entry {
    fn cancel(&self) {
        self.interrupt(Cause::Client);
    }

    fn terminate(&self) {
        self.ending.cancel();
        self.interrupt(Cause::Stop);
    }
}

impl Registered {
    /// How other sessions stop this one.
    pub(super) fn switch(&self) -> Arc<dyn Switch> {
        Arc::clone(&self.entry) as Arc<dyn Switch>
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Makes a statement reachable by its token until the result is dropped.
    pub(super) fn arm(&self, token: CancellationToken) -> Armed {
        let mut running = self.entry.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.entry.cause.store(0, Ordering::Release);
        *running = Some(token.clone());
        Armed { entry: Arc::clone(&self.entry), token }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let mut entries = self.registry.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.by_pid.remove(&self.entry.pid);
    }
}

/// A statement that can be stopped.
pub(super) struct Armed {
    entry: Arc<Entry>,
    pub(super) token: CancellationToken,
}

impl Armed {
    /// Whether the server's stop is what stopped it.
    pub(super) fn stopped(&self) -> bool {
        self.entry.cause.load(Ordering::Acquire) == Cause::Stop as u8
    }

    /// What to tell the client of a cancelled statement.
    pub(super) fn halt(&self) -> Halt {
        let cause = self.entry.cause.load(Ordering::Acquire);
        if cause == Cause::Stop as u8 {
            Halt::Fatal(Error::AdminShutdown("administrator command"))
        } else if cause == Cause::Client as u8 {
            Halt::Failed(Error::QueryCanceled("user request"))
        } else {
            Halt::Failed(Error::QueryCanceled("statement timeout"))
        }
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        *self.entry.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ring::rand::{SecureRandom as _, SystemRandom};
    use tokio_util::sync::CancellationToken;

    use super::Registry;

    /// As many as fit into a fifth of a second here, and into an hour over a fast network.
    const GUESSES: usize = 1_000_000;

    #[test]
    fn s9_a_million_guesses_stop_nothing() {
        for secret_len in [4, 32] {
            let registry = Arc::new(Registry::default());
            let [victim, other] = [(); 2].map(|()| registry.register(secret_len).expect("random"));
            let token = CancellationToken::new();
            let _armed = victim.arm(token.clone());
            let (pid, random) = (victim.entry().pid, SystemRandom::new());
            let mut guess = vec![0; secret_len];
            for at in 0..GUESSES {
                random.fill(&mut guess).expect("random");
                // One in 4,300 runs would guess a short secret; that is its owner's risk, not this test's.
                if *guess != *victim.entry().secret {
                    registry.cancel(pid, &guess);
                }
                registry.cancel(pid, &guess[..at % secret_len]);
            }
            registry.cancel(pid, &other.entry().secret);
            registry.cancel(other.entry().pid, &victim.entry().secret);
            assert!(!token.is_cancelled());
            registry.cancel(pid, &victim.entry().secret);
            assert!(token.is_cancelled());
        }
    }
}
