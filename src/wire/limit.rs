//! Limits on strangers: how many connections may wait to authenticate, and how often anybody may try.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::task::Clock;

/// A connection that has not authenticated for this long makes room for a newcomer when all places are taken. An
/// honest client needs milliseconds; ten times more would let silent connections keep everybody out for as long, a
/// tenth would drop honest clients far away.
const STALE: Duration = Duration::from_secs(1);

/// Buckets kept at once, about 4 MiB. A tenth would be emptied by one large office, ten times more is only memory.
const BUCKETS_MAX: usize = 50_000;

/// The connections that have not authenticated yet, oldest first.
pub(super) struct Lobby {
    places_max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    by_arrival: BTreeMap<u64, (Instant, CancellationToken)>,
    last: u64,
}

/// A place in the lobby; dropping it leaves.
pub(super) struct Place {
    lobby: Arc<Lobby>,
    arrival: u64,
    /// Cancelled when a newcomer was given this place.
    pub(super) evicted: CancellationToken,
}

impl Lobby {
    pub(super) fn new(places_max: usize) -> Lobby {
        Lobby { places_max, waiting: Mutex::default() }
    }

    /// Takes a place. When none is free, whoever waits longest loses theirs if they have had their time; otherwise
    /// the newcomer gets none.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        let now = Clock::instant();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.by_arrival.len() >= self.places_max {
            let oldest = waiting.by_arrival.first_entry()?;
            if now.duration_since(oldest.get().0) < STALE {
                return None;
            }
            oldest.remove().1.cancel();
        }
        waiting.last += 1;
        let (arrival, evicted) = (waiting.last, CancellationToken::new());
        waiting.by_arrival.insert(arrival, (now, evicted.clone()));
        Some(Place { lobby: Arc::clone(self), arrival, evicted })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.lobby.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.by_arrival.remove(&self.arrival);
    }
}

/// Token buckets of attempts to authenticate, by network (/24, /56) and role. A success gives its token back, so
/// only failures count.
pub(super) struct Attempts {
    per_minute: u32,
    hasher: RandomState,
    buckets: Mutex<HashMap<(u64, u64), Bucket>>,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

/// One taken token.
pub(super) struct Attempt((u64, u64));

impl Attempts {
    pub(super) fn new(per_minute: u32) -> Attempts {
        Attempts { per_minute, hasher: RandomState::new(), buckets: Mutex::default() }
    }

    /// Takes a token; `None` when they are used up. Roles are counted whether they exist or not.
    pub(super) fn begin(&self, peer: IpAddr, role: &str) -> Option<Attempt> {
        let key = (network(peer), self.hasher.hash_one(role));
        let capacity = f64::from(self.per_minute);
        let now = Clock::instant();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, bucket| bucket.level(now, capacity) < capacity);
            // Somebody tries roles by the ten thousand; forgetting bounds the memory and costs a minute's count.
            if buckets.len() >= BUCKETS_MAX {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: capacity, filled: now });
        let level = bucket.level(now, capacity);
        if level < 1.0 {
            return None;
        }
        *bucket = Bucket { tokens: level - 1.0, filled: now };
        Some(Attempt(key))
    }

    /// Gives the token of a success back.
    pub(super) fn succeeded(&self, attempt: &Attempt) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(&attempt.0) {
            bucket.tokens += 1.0;
        }
    }
}

impl Bucket {
    fn level(&self, now: Instant, capacity: f64) -> f64 {
        let minutes = now.duration_since(self.filled).as_secs_f64() / 60.0;
        (self.tokens + minutes * capacity).min(capacity)
    }
}

/// The network an address belongs to: what one person easily has the addresses of.
fn network(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u64::from(v4.to_bits() >> 8),
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, ..] = v6.octets();
            u64::from_be_bytes([1, a, b, c, d, e, f, g])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempts, Lobby, network};
    use std::sync::Arc;

    #[test]
    fn tokens_run_out_and_successes_return_them() {
        let attempts = Attempts::new(2);
        let peer = "10.1.2.3".parse().expect("address");
        let neighbour = "10.1.2.77".parse().expect("address");
        let attempt = attempts.begin(peer, "a").expect("first");
        assert!(attempts.begin(neighbour, "a").is_some());
        assert!(attempts.begin(peer, "a").is_none());
        assert!(attempts.begin(peer, "b").is_some(), "another role");
        assert!(attempts.begin("10.1.3.3".parse().expect("address"), "a").is_some());
        attempts.succeeded(&attempt);
        assert!(attempts.begin(peer, "a").is_some());
    }

    #[test]
    fn networks() {
        let net = |text: &str| network(text.parse().expect("address"));
        assert_eq!(net("10.1.2.3"), net("::ffff:10.1.2.4"));
        assert_eq!(net("2001:db8:0:100::1"), net("2001:db8:0:1ff::2"));
        assert_ne!(net("2001:db8:0:100::1"), net("2001:db8:0:200::1"));
    }

    #[test]
    fn a_young_crowd_keeps_newcomers_out() {
        let lobby = Arc::new(Lobby::new(2));
        let first = lobby.enter().expect("free");
        let _second = lobby.enter().expect("free");
        assert!(lobby.enter().is_none());
        drop(first);
        assert!(lobby.enter().is_some());
    }
}
