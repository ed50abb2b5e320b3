//! LISTEN and NOTIFY between the sessions of one server (PostgreSQL manual, NOTIFY).
//!
//! Owns: who listens to what, and what each listener has not taken yet. Invariants: a notification reaches the mailbox of
//! every session that listens when it is posted, in the order of posting; a mailbox that is full refuses the poster, and
//! then nobody gets anything. A session that ends takes its mailbox with it.
//!
//! Imports: error, query::door. Used by: query::session.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::door::Notification;
use crate::error::{Error, Result};

/// What one session may leave unread. PostgreSQL's queue holds 8 GiB for all sessions; a tenth of ours would fill up while
/// a client is busy for a second, ten times more would let a few sleepers take the server's memory.
const UNREAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// PostgreSQL's limits: `NOTIFY_PAYLOAD_MAX_LENGTH` and `NAMEDATALEN`, each without its last byte.
const PAYLOAD_BYTES_MAX: usize = 7_999;
const CHANNEL_BYTES_MAX: usize = 63;

/// All channels that somebody listens to.
#[derive(Debug, Default)]
pub(super) struct Channels {
    listeners: Mutex<BTreeMap<String, BTreeMap<i32, Arc<Mailbox>>>>,
}

/// What one session has been sent and has not taken.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    unread: Mutex<Unread>,
    /// Told when something arrives.
    pub(super) arrival: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Unread {
    waiting: VecDeque<Notification>,
    bytes: usize,
}

/// What a transaction does to channels when it commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Post {
    /// Begins to listen to a channel.
    Listen(String),
    /// Stops listening; `None` is all.
    Unlisten(Option<String>),
    /// Sends a notification.
    Notify {
        /// To whom.
        channel: String,
        /// What, perhaps nothing.
        payload: String,
    },
}

impl Post {
    /// A notification.
    /// Errors: 22023 for a name or payload that is empty or too long.
    pub(super) fn notify(channel: &str, payload: &str) -> Result<Post> {
        let refused = |message: &str| Err(Error::InvalidParameterValue(message.to_owned()));
        if channel.is_empty() {
            return refused("channel name cannot be empty");
        }
        if channel.len() > CHANNEL_BYTES_MAX {
            return refused("channel name too long");
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            return refused("payload string too long");
        }
        Ok(Post::Notify { channel: channel.to_owned(), payload: payload.to_owned() })
    }
}

impl Post {
    /// The command's tag.
    pub fn tag(&self) -> &'static str {
        match self {
            Post::Listen(_) => "LISTEN",
            Post::Unlisten(_) => "UNLISTEN",
            Post::Notify { .. } => "NOTIFY",
        }
    }
}

fn size(notification: &Notification) -> usize {
    size_of::<Notification>() + notification.channel.len() + notification.payload.len()
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Unread> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything unread, oldest first.
    pub(super) fn take(&self) -> Vec<Notification> {
        let unread = std::mem::take(&mut *self.lock());
        unread.waiting.into()
    }
}

impl Channels {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<i32, Arc<Mailbox>>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what the session `pid` posted in one transaction. Of equal notifications one is sent.
    /// Errors: 54000 when a listener's mailbox is full; nothing is sent and nothing changed then.
    pub(super) fn commit(&self, pid: i32, mailbox: &Arc<Mailbox>, posts: &[Post]) -> Result<()> {
        let mut listeners = self.lock();
        let (mut sent, mut seen, mut bytes) = (Vec::new(), BTreeSet::new(), 0);
        for post in posts {
            if let Post::Notify { channel, payload } = post
                && seen.insert((channel, payload))
            {
                sent.push(post);
                bytes += post_bytes(post);
            }
        }
        let concerned = sent.iter().filter_map(|post| match post {
            Post::Notify { channel, .. } => listeners.get(channel),
            _ => None,
        });
        let full = |mailbox: &Arc<Mailbox>| mailbox.lock().bytes + bytes > UNREAD_BYTES_MAX;
        if concerned.flat_map(BTreeMap::values).any(full) {
            let message = "too many notifications in the NOTIFY queue".to_owned();
            return Err(Error::ProgramLimitExceeded(message));
        }
        for post in posts {
            match post {
                Post::Listen(channel) => {
                    let own = listeners.entry(channel.clone()).or_default();
                    own.insert(pid, Arc::clone(mailbox));
                }
                Post::Unlisten(channel) => leave(&mut listeners, pid, channel.as_deref()),
                Post::Notify { .. } => {}
            }
        }
        for post in sent {
            let Post::Notify { channel, payload } = post else { continue };
            for mailbox in listeners.get(channel).into_iter().flat_map(BTreeMap::values) {
                let notification =
                    Notification { pid, channel: channel.clone(), payload: payload.clone() };
                let mut unread = mailbox.lock();
                unread.bytes += size(&notification);
                unread.waiting.push_back(notification);
                drop(unread);
                mailbox.arrival.notify_one();
            }
        }
        Ok(())
    }

    /// Tells those that listen to a channel something that no session has sent. One whose mailbox is full is told the next
    /// time.
    pub(super) fn tell(&self, channel: &str, payload: &str) {
        let listeners = self.lock();
        for mailbox in listeners.get(channel).into_iter().flat_map(BTreeMap::values) {
            let notification =
                Notification { pid: 0, channel: channel.to_owned(), payload: payload.to_owned() };
            let mut unread = mailbox.lock();
            if UNREAD_BYTES_MAX < unread.bytes + size(&notification) {
                continue;
            }
            unread.bytes += size(&notification);
            unread.waiting.push_back(notification);
            drop(unread);
            mailbox.arrival.notify_one();
        }
    }

    /// The channels the session `pid` listens to.
    pub(super) fn of(&self, pid: i32) -> Vec<String> {
        let listeners = self.lock();
        let own = listeners.iter().filter(|(_, sessions)| sessions.contains_key(&pid));
        own.map(|(channel, _)| channel.clone()).collect()
    }

    /// The session `pid` ends.
    pub(super) fn leave(&self, pid: i32) {
        leave(&mut self.lock(), pid, None);
    }
}

fn post_bytes(post: &Post) -> usize {
    match post {
        Post::Notify { channel, payload } => {
            size_of::<Notification>() + channel.len() + payload.len()
        }
        _ => 0,
    }
}

fn leave(
    listeners: &mut BTreeMap<String, BTreeMap<i32, Arc<Mailbox>>>,
    pid: i32,
    channel: Option<&str>,
) {
    listeners.retain(|name, sessions| {
        if channel.is_none_or(|channel| channel == name) {
            sessions.remove(&pid);
        }
        !sessions.is_empty()
    });
}

#[cfg(test)]
mod tests {
    use super::{Channels, Mailbox, Post, UNREAD_BYTES_MAX};
    use std::sync::Arc;

    fn notify(payload: &str) -> Post {
        Post::notify("c", payload).expect("a notification")
    }

    fn payloads(mailbox: &Mailbox) -> Vec<String> {
        mailbox.take().into_iter().map(|taken| taken.payload).collect()
    }

    #[test]
    fn listeners_get_each_notification_of_a_transaction_once_and_in_order() {
        let (channels, one, two) = (Channels::default(), Arc::default(), Arc::default());
        channels.commit(1, &one, &[Post::Listen("c".into())]).expect("listens");
        let posts = [notify("a"), notify("b"), notify("a"), Post::Listen("c".into())];
        channels.commit(2, &two, &posts).expect("sent");
        assert_eq!(payloads(&one), ["a", "b"]);
        assert_eq!(payloads(&two), ["a", "b"], "who begins to listen in it hears it");
        assert_eq!(channels.of(2), ["c"]);
        channels.commit(2, &two, &[Post::Unlisten(None), notify("x")]).expect("sent");
        assert_eq!((payloads(&one), payloads(&two)), (vec!["x".to_owned()], vec![]));
        channels.leave(1);
        assert!(channels.lock().is_empty());
    }

    #[test]
    fn a_full_mailbox_refuses_the_poster() {
        let (channels, sleeper, poster) = (Channels::default(), Arc::default(), Arc::default());
        channels.commit(1, &sleeper, &[Post::Listen("c".into())]).expect("listens");
        let payload = "x".repeat(7_999);
        let mut sent = 0;
        let refused = loop {
            match channels.commit(2, &poster, &[notify(&payload)]) {
                Ok(()) => sent += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(refused.state(), "54000");
        assert!(sent * payload.len() > UNREAD_BYTES_MAX / 2);
        assert_eq!(sleeper.take().len(), sent);
        channels.commit(2, &poster, &[notify(&payload)]).expect("room again");
    }

    #[test]
    fn names_and_payloads_have_limits() {
        let state = |channel: &str, payload: &str| {
            Post::notify(channel, payload).expect_err("refused").state()
        };
        assert_eq!(state("", ""), "22023");
        assert_eq!(state(&"c".repeat(64), ""), "22023");
        assert_eq!(state("c", &"x".repeat(8_000)), "22023");
    }
}
