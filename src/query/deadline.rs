//! Statement timeouts: one task for all sessions, so that a statement that ends in time wakes nobody.
//!
//! Nearly every statement has a timeout and nearly none reaches it. A task per statement would wake another thread
//! twice for each; here arming is an insert under a lock, and the task is woken only for a deadline earlier than the
//! one it sleeps towards.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::task::{Clock, Tasks};

/// How long the task sleeps when nothing is armed; any deadline wakes it earlier.
const IDLE_SLEEP: Duration = Duration::from_secs(3_600);

/// All armed deadlines.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    earlier: Notify,
    number: AtomicU64,
}

#[derive(Debug, Default)]
struct Queue {
    armed: BTreeMap<(Instant, u64), Armed>,
    /// When the task wakes by itself.
    wakes_at: Option<Instant>,
}

#[derive(Debug)]
struct Armed {
    statement: CancellationToken,
    expired: Arc<AtomicBool>,
}

/// Cancels a statement when its time is over. Dropping it disarms it.
#[derive(Debug)]
pub(super) struct Timer {
    shared: Arc<Shared>,
    key: (Instant, u64),
    expired: Arc<AtomicBool>,
}

impl Deadlines {
    /// Starts the task that watches them.
    pub(super) fn start(tasks: &Tasks) -> Deadlines {
        let deadlines = Deadlines::default();
        let (shared, stop) = (Arc::clone(&deadlines.shared), tasks.stop_token());
        tasks.essential("statement timeouts", async move {
            loop {
                let wakes_at = shared.expire();
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = shared.earlier.notified() => {}
                    () = tokio::time::sleep_until(wakes_at.into()) => {}
                }
            }
        });
        deadlines
    }

    /// Cancels `statement` after `limit`.
    pub(super) fn arm(&self, limit: Duration, statement: CancellationToken) -> Timer {
        let number = self.shared.number.fetch_add(1, Ordering::Relaxed);
        let key = (Clock::instant() + limit, number);
        let expired = Arc::new(AtomicBool::new(false));
        let mut queue = self.shared.lock();
        queue.armed.insert(key, Armed { statement, expired: Arc::clone(&expired) });
        if queue.wakes_at.is_none_or(|wakes_at| key.0 < wakes_at) {
            queue.wakes_at = Some(key.0);
            self.shared.earlier.notify_one();
        }
        drop(queue);
        Timer { shared: Arc::clone(&self.shared), key, expired }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cancels what is due and says when to look again.
    fn expire(&self) -> Instant {
        let now = Clock::instant();
        let mut queue = self.lock();
        while let Some(first) = queue.armed.first_entry()
            && first.key().0 <= now
        {
            let armed = first.remove();
            armed.expired.store(true, Ordering::Release);
            armed.statement.cancel();
        }
        let next = queue.armed.keys().next().map_or(now + IDLE_SLEEP, |(at, _)| *at);
        queue.wakes_at = Some(next);
        next
    }
}

impl Timer {
    /// Tells later whether the time ran out, when the timer itself is gone.
    pub(super) fn watch(&self) -> impl Fn() -> bool + Clone + Send + 'static {
        let expired = Arc::clone(&self.expired);
        move || expired.load(Ordering::Acquire)
    }

    /// Whether the time ran out.
    pub(super) fn expired(&self) -> bool {
        self.expired.load(Ordering::Acquire)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.shared.lock().armed.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::Deadlines;
    use crate::task::Tasks;

    #[tokio::test]
    async fn only_what_is_due_and_armed_is_cancelled() {
        let tasks = Tasks::new();
        let deadlines = Deadlines::start(&tasks);
        let [late, soon, disarmed] = std::array::from_fn(|_| CancellationToken::new());
        let _late = deadlines.arm(Duration::from_secs(300), late.clone());
        let timer = deadlines.arm(Duration::from_millis(1), soon.clone());
        drop(deadlines.arm(Duration::from_millis(1), disarmed.clone()));
        tokio::time::timeout(Duration::from_secs(10), soon.cancelled()).await.expect("is due");
        assert!(timer.expired());
        assert!(!late.is_cancelled() && !disarmed.is_cancelled());
        tasks.stop(Duration::from_secs(1)).await;
    }
}
