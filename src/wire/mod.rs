//! Wire: the PostgreSQL protocol over TCP, 3.0 and 3.2, from accept to the last byte.
//!
//! Owns: the sockets, TLS, authentication, the message codec and the state machine of both query protocols. What a
//! statement means is behind [`crate::query::door`].
//! Invariants: every error before authentication is complete is FATAL and closes; exactly one frame is cut at a time,
//! bounded by its phase, and decoded to its last byte; nothing that came before an encryption answer is read after
//! it; memory follows bytes received, not lengths declared; rows are pulled only when the socket took the ones
//! before; a closed socket, a cancel request and the stop of the server end running work at once.
//! On failure: a start that fails has bound nothing; a reload that fails keeps what was there; a panic ends one
//! connection with XX000.
//!
//! Imports: error, config, task, catalog, pg, query. Used by: server.

mod auth;
mod backend;
mod cancel;
mod connection;
mod frame;
mod limit;
mod message;
mod portal;
mod report;
mod scram;
mod startup;
mod tls;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use ring::rand::{SecureRandom as _, SystemRandom};
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::pg::encodings::Encoding;
use crate::query::door::Door;
use crate::task::{Clock, Tasks};

/// Connections the kernel completes before we accept them. A tenth loses newcomers in a burst; more than the
/// kernel's `somaxconn` (4096) is cut down by it.
const BACKLOG: u32 = 4_096;

/// A peer that answers nothing for this long is gone: idle, then probed.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 6;

/// Bytes that were sent and not acknowledged for this long end the connection.
const USER_TIMEOUT_MS: u32 = 120_000;

/// The wait after accept fails (out of file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long cancelled connections may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// The running room.
pub struct Wire {
    addresses: Vec<SocketAddr>,
    shared: Arc<Shared>,
}

/// What all connections share.
struct Shared {
    door: Arc<dyn Door>,
    limits: config::Wire,
    gate: ArcSwap<Gate>,
    registry: Arc<cancel::Registry>,
    lobby: Arc<limit::Lobby>,
    seats: Arc<Semaphore>,
    attempts: limit::Attempts,
    clock: Clock,
    /// Makes up salts for roles that do not exist.
    mock: [u8; 32],
    /// Newcomers are refused, and connections end when they are at rest.
    draining: AtomicBool,
    /// The time to finish is over.
    expired: AtomicBool,
    /// Connections are dropped where they are.
    killed: CancellationToken,
    /// Sessions that ended by a bug of ours.
    panics: AtomicU64,
    /// Holds a token for each connection that has authenticated; a drain waits for them.
    connections: TaskTracker,
}

/// What a reload replaces. A connection keeps the one it began with.
struct Gate {
    rules: auth::Rules,
    tls: Option<tls::Tls>,
}

impl Gate {
    fn read(config: &Config) -> Result<Gate> {
        Ok(Gate { rules: auth::Rules::read(&config.rule)?, tls: tls::load(&config.tls)? })
    }
}

/// Binds every address and starts to accept.
///
/// Errors: [`Error::Configuration`] for a broken certificate, key or rule; [`Error::Io`] for an address that cannot
/// be bound. Nothing listens then.
pub async fn start(config: &Config, door: Arc<dyn Door>, tasks: &Tasks) -> Result<Wire> {
    let gate = Gate::read(config)?;
    let mut mock = [0; 32];
    SystemRandom::new()
        .fill(&mut mock)
        .map_err(|e| Error::Internal(format!("could not get random bytes: {e}")))?;
    let listeners =
        config.listen.iter().map(|address| listen(*address)).collect::<Result<Vec<_>>>()?;
    let addresses = listeners
        .iter()
        .map(|listener| listener.local_addr().map_err(|e| Error::io("read a local address", e)))
        .collect::<Result<_>>()?;
    let shared = Arc::new(Shared {
        door,
        limits: config.wire.clone(),
        gate: ArcSwap::from_pointee(gate),
        registry: Arc::default(),
        lobby: Arc::new(limit::Lobby::new(config.wire.max_unauthenticated)),
        seats: Arc::new(Semaphore::new(config.wire.max_connections.min(Semaphore::MAX_PERMITS))),
        attempts: limit::Attempts::new(config.wire.max_attempts_per_minute),
        clock: Clock::System,
        mock,
        draining: AtomicBool::new(false),
        expired: AtomicBool::new(false),
        killed: CancellationToken::new(),
        panics: AtomicU64::new(0),
        connections: TaskTracker::new(),
    });
    for listener in listeners {
        tasks.essential("wire accept", accept(listener, Arc::clone(&shared), tasks.clone()));
    }
    let (stop, stopping) = (tasks.stop_token(), Arc::clone(&shared));
    tasks.spawn("wire stop", async move {
        stop.cancelled().await;
        stopping.drain(Duration::ZERO).await;
        // Those who never authenticated have nothing to finish.
        stopping.killed.cancel();
    });
    Ok(Wire { addresses, shared })
}

impl Wire {
    /// Where it listens, in the order of the setting, with the ports that were picked.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Authenticated connections.
    pub fn connections(&self) -> usize {
        self.shared.registry.count()
    }

    /// Sessions that a bug of ours has ended with XX000 since the start.
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(Ordering::Relaxed)
    }

    /// Takes new rules and reads the TLS files again, for connections from now on.
    /// Errors: as [`start`]; the old ones stay then.
    pub fn reload(&self, config: &Config) -> Result<()> {
        self.shared.gate.store(Arc::new(Gate::read(config)?));
        Ok(())
    }

    /// Ends all connections: newcomers get 57P03, connections at rest 57P01 at once, the others when their
    /// statement is done or, after `limit`, cancelled. Returns when none is left. Cancel safe, and may be called
    /// again with a shorter limit.
    pub async fn drain(&self, limit: Duration) {
        self.shared.drain(limit).await;
    }
}

impl Shared {
    async fn drain(&self, limit: Duration) {
        self.draining.store(true, Ordering::SeqCst);
        self.registry.each(|entry| entry.ending.cancel());
        self.connections.close();
        if !limit.is_zero() && self.all_ended(limit).await {
            return;
        }
        self.expired.store(true, Ordering::SeqCst);
        self.registry.each(|entry| entry.interrupt(cancel::Cause::Stop));
        if !self.all_ended(FAREWELL).await {
            self.killed.cancel();
            self.connections.wait().await;
        }
    }

    async fn all_ended(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.connections.wait()).await.is_ok()
    }

    fn draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    fn expired(&self) -> bool {
        self.expired.load(Ordering::SeqCst)
    }
}

/// Linux hands the options of a listening socket on to the ones it accepts, so a connection costs no call for them.
fn listen(address: SocketAddr) -> Result<TcpListener> {
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.set_nodelay(true)?;
        sockopt::set_socket_keepalive(&socket, true)?;
        sockopt::set_tcp_keepidle(&socket, KEEPALIVE_IDLE)?;
        sockopt::set_tcp_keepintvl(&socket, KEEPALIVE_INTERVAL)?;
        sockopt::set_tcp_keepcnt(&socket, KEEPALIVE_COUNT)?;
        sockopt::set_tcp_user_timeout(&socket, USER_TIMEOUT_MS)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|e| Error::io(format!("listen on \"{address}\""), e))
}

/// Accepts until the process stops, through a drain too: newcomers are then told why they cannot stay.
async fn accept(listener: TcpListener, shared: Arc<Shared>, tasks: Tasks) {
    let stop = tasks.stop_token();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, &shared, &tasks),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, shared: &Arc<Shared>, tasks: &Tasks) {
    let Some(place) = shared.lobby.enter() else {
        refuse(&stream, &connection::crowded());
        return;
    };
    let seat = Arc::clone(&shared.seats).try_acquire_owned().ok();
    let work = connection::serve(stream, peer, Arc::clone(shared), place, seat);
    tasks.spawn("connection", work);
}

/// Tells a newcomer in one call that cannot wait; there is no place to keep them in.
fn refuse(stream: &TcpStream, error: &Error) {
    let mut message = bytes::BytesMut::new();
    report::error(&mut message, report::Severity::Fatal, error, Encoding::Utf8);
    if let Err(error) = stream.try_write(&message) {
        tracing::debug!(%error, "could not tell a newcomer that there is no room");
    }
}
