//! Named tasks, the clock, and the one way to stop.
//!
//! Every task of the process starts through [`Tasks`], so that `main` can wait for all of them and a stop reaches
//! each. A task that a room cannot live without (`essential`) stops the process when it ends early.
//!
//! Imports: nothing. Used by: every room that waits.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Starts, counts and stops the tasks of one process or test. Clones share one set.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// An empty set.
    pub fn new() -> Tasks {
        Tasks::default()
    }

    /// Cancelled when the process stops; every loop selects on it first.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task whose end means nothing to others (a connection, a load).
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        tracing::trace!(task = name, "task started");
        tokio::spawn(self.tracker.track_future(work))
    }

    /// Starts a task the process cannot live without: when it ends before the stop, everything stops.
    pub fn essential(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let guarded = std::panic::AssertUnwindSafe(work);
        self.spawn(name, async move {
            let ended = futures::FutureExt::catch_unwind(guarded).await;
            if !stop.is_cancelled() {
                tracing::error!(
                    task = name,
                    panicked = ended.is_err(),
                    "an essential task ended; stopping"
                );
                stop.cancel();
            }
        });
    }

    /// Runs CPU-bound or blocking work away from the async threads.
    #[expect(clippy::disallowed_methods, reason = "the one place that blocks")]
    pub fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::task::spawn_blocking(work)
    }

    /// Cancels everything and waits until every task has ended, at most `limit`.
    /// Returns whether all ended in time.
    pub async fn stop(&self, limit: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}

/// The time, which a test may hold in its hand.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// Microseconds since the Unix epoch, moved by a test.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// Microseconds since the Unix epoch.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now_us(&self) -> i64 {
        match self {
            Clock::System => SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
            Clock::Manual(now_us) => {
                i64::try_from(now_us.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
            }
        }
    }

    /// A point for measuring how long something took; never goes back.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn instant() -> Instant {
        Instant::now()
    }
}
