//! One socket with its two buffers: cuts frames out of what comes in, writes out what was encoded.
//!
//! Invariant: memory follows the bytes that arrived, never the length a frame declares; a frame is handed on whole
//! or not at all. All reads and writes are cancel safe: bytes are either in a buffer or not yet read, and output
//! that was not taken by the socket stays at the front of the buffer.

use std::io;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::message::unknown_type;
use super::report::{self, Severity};
use crate::error::{Error, Result};
use crate::pg::encodings::Encoding;

/// Output past this is written out. A tenth costs a system call per few rows; ten times more is memory per
/// connection that buys nothing, since the socket's own buffer is of this order.
pub(super) const FLUSH_BYTES: usize = 64 << 10;

/// What a connection that waits may keep of each buffer. More would count at 10 000 idle connections; less would
/// allocate for every small statement.
const KEEP_BYTES: usize = 8 << 10;

/// One read, and the smallest input buffer.
const READ_BYTES: usize = 4 << 10;

/// How far a client may send ahead while its statement runs; beyond it the socket pushes back.
const LOOKAHEAD_BYTES: usize = 64 << 10;

/// Output waits this long for more while a statement runs: long enough that a quick statement answers with one
/// write, short enough that nobody sees a slow one's rows arrive late.
const LINGER: Duration = Duration::from_millis(10);

/// How often a socket with unread input is asked whether its other end is gone.
const PROBE_PERIOD: Duration = Duration::from_millis(500);

/// How long a closing connection waits for the client to take its last message.
const FAREWELL: Duration = Duration::from_millis(500);

/// PostgreSQL's `MAX_STARTUP_PACKET_LENGTH`.
pub(super) const STARTUP_BYTES_MAX: usize = 10_000;

/// PostgreSQL's limit on a SASL response.
const AUTHENTICATION_BYTES_MAX: usize = 65_535;

/// PostgreSQL's `PQ_SMALL_MESSAGE_LIMIT`: messages that carry only names.
const SMALL_BYTES_MAX: usize = 10_000;

/// Why a connection does not simply go on.
#[derive(Debug)]
pub(super) enum Halt {
    /// The statement failed; the connection goes on, if it has authenticated.
    Failed(Error),
    /// The connection ends, and the client is told why.
    Fatal(Error),
    /// Nobody is there to be told.
    Gone,
}

/// A socket that fails has nobody behind it any more.
impl From<io::Error> for Halt {
    fn from(_: io::Error) -> Halt {
        Halt::Gone
    }
}

/// One frame after the startup packet.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) tag: u8,
    pub(super) body: Bytes,
}

/// What frames are taken: the largest length of each type, `None` for a type that may not come now.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// Only answers to the server's challenge.
    Authentication,
    /// Any message, at most this long.
    Session(usize),
}

impl Phase {
    fn limit(self, tag: u8) -> Result<usize> {
        match (self, tag) {
            (Phase::Authentication, b'p') => Ok(AUTHENTICATION_BYTES_MAX),
            (Phase::Authentication, other) => {
                Err(Error::Protocol(format!("expected SASL response, got message type {other}")))
            }
            (Phase::Session(max), b'Q' | b'P' | b'B' | b'F' | b'd') => Ok(max),
            (Phase::Session(_), b'D' | b'E' | b'C' | b'H' | b'S' | b'X' | b'c' | b'f') => {
                Ok(SMALL_BYTES_MAX)
            }
            (Phase::Session(_), other) => Err(unknown_type(other)),
        }
    }
}

/// The socket, encrypted or not.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Taken for a handshake that did not succeed.
    Closed,
}

impl Stream {
    pub(super) fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Stream::Plain(stream) => Some(stream),
            Stream::Tls(stream) => Some(stream.get_ref().0),
            Stream::Closed => None,
        }
    }

    async fn read(&mut self, into: &mut BytesMut) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.read_buf(into).await,
            Stream::Tls(stream) => stream.read_buf(into).await,
            Stream::Closed => Ok(0),
        }
    }

    async fn write(&mut self, from: &mut BytesMut) -> io::Result<usize> {
        match self {
            Stream::Plain(stream) => stream.write_buf(from).await,
            Stream::Tls(stream) => stream.write_buf(from).await,
            Stream::Closed => Ok(0),
        }
    }

    /// TLS keeps records of its own until they are flushed.
    async fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Tls(stream) => stream.flush().await,
            Stream::Plain(_) | Stream::Closed => Ok(()),
        }
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.shutdown().await,
            Stream::Tls(stream) => stream.shutdown().await,
            Stream::Closed => Ok(()),
        }
    }
}

/// See the head of this file.
pub(super) struct Channel {
    pub(super) stream: Stream,
    input: BytesMut,
    /// Frames for the client, whole ones up to `mark`.
    pub(super) output: BytesMut,
    mark: Option<usize>,
}

impl Channel {
    pub(super) fn new(stream: TcpStream) -> Channel {
        Channel {
            stream: Stream::Plain(stream),
            input: BytesMut::new(),
            output: BytesMut::new(),
            mark: None,
        }
    }

    /// Reads the next startup packet: its code and what follows it.
    /// Errors: [`Halt::Gone`] at the end of the stream; 08P01 for a length out of bounds.
    pub(super) async fn startup_packet(&mut self) -> Result<(u32, Bytes), Halt> {
        loop {
            if let Some(packet) = self.cut_startup_packet().map_err(Halt::Fatal)? {
                return Ok(packet);
            }
            self.fill().await?;
        }
    }

    fn cut_startup_packet(&mut self) -> Result<Option<(u32, Bytes)>> {
        let Some(head) = self.input.first_chunk::<4>() else { return Ok(None) };
        let len = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if !(8..=STARTUP_BYTES_MAX).contains(&len) {
            return Err(Error::Protocol("invalid length of startup packet".to_owned()));
        }
        if self.input.len() < len {
            return Ok(None);
        }
        let mut packet = self.input.split_to(len).freeze();
        packet.advance(4);
        Ok(Some((packet.get_u32(), packet)))
    }

    /// Whether bytes came behind the packet that was cut last.
    pub(super) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// Cuts the next frame if it is here as a whole.
    /// Errors: 08P01 for a type that may not come in this phase, or a length out of its bounds. The type is judged by
    /// its first byte, the length by the first five, so that nothing is gathered for a frame that will be refused.
    pub(super) fn cut(&mut self, phase: Phase) -> Result<Option<Frame>> {
        let Some(tag) = self.input.first().copied() else { return Ok(None) };
        let limit = phase.limit(tag)?;
        let Some(head) = self.input.first_chunk::<5>() else { return Ok(None) };
        let [_, len @ ..] = *head;
        let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX);
        if len < 4 || len - 4 > limit {
            return Err(Error::Protocol("invalid message length".to_owned()));
        }
        let whole = len + 1;
        if self.input.len() < whole {
            // Twice what has come, so that a long message is not gathered in small steps and a liar gets little.
            let step = self.input.len().max(READ_BYTES);
            self.input.reserve(step.min(whole - self.input.len()));
            return Ok(None);
        }
        let mut body = self.input.split_to(whole).freeze();
        body.advance(5);
        Ok(Some(Frame { tag, body }))
    }

    /// Cuts the next frame, waiting for it. Errors: as [`Channel::cut`], all of them fatal.
    pub(super) async fn frame(&mut self, phase: Phase) -> Result<Frame, Halt> {
        loop {
            if let Some(frame) = self.cut(phase).map_err(Halt::Fatal)? {
                return Ok(frame);
            }
            self.fill().await?;
        }
    }

    /// Reads once. Errors: [`Halt::Gone`] when the other end has closed.
    pub(super) async fn fill(&mut self) -> Result<(), Halt> {
        if self.input.is_empty() && self.input.capacity() > KEEP_BYTES {
            self.input = BytesMut::new();
        }
        if self.input.capacity() == self.input.len() {
            self.input.reserve(READ_BYTES);
        }
        match self.stream.read(&mut self.input).await {
            Ok(0) | Err(_) => Err(Halt::Gone),
            Ok(_) => Ok(()),
        }
    }

    /// Writes out everything. Errors: [`Halt::Gone`].
    pub(super) async fn flush(&mut self) -> Result<(), Halt> {
        debug_assert!(self.mark.is_none(), "half a frame must not leave");
        if self.output.is_empty() {
            return Ok(());
        }
        while !self.output.is_empty() {
            match self.stream.write(&mut self.output).await {
                Ok(0) | Err(_) => return Err(Halt::Gone),
                Ok(_) => {}
            }
        }
        self.stream.flush().await?;
        self.output.clear();
        Ok(())
    }

    /// Gives back memory that only a large statement needed.
    pub(super) fn rest(&mut self) {
        if self.output.is_empty() && self.output.capacity() > KEEP_BYTES {
            self.output = BytesMut::new();
        }
    }

    /// Everything from here on is not a whole frame yet.
    pub(super) fn open_frame(&mut self) {
        self.mark = Some(self.output.len());
    }

    /// All frames are whole again.
    pub(super) fn close_frame(&mut self) {
        self.mark = None;
    }

    /// Takes back what was written since [`Channel::open_frame`].
    pub(super) fn drop_frame(&mut self) {
        if let Some(mark) = self.mark.take() {
            self.output.truncate(mark);
        }
    }

    /// Looks after the socket while a statement runs; ends only when the other end is gone. Takes input ahead up to
    /// a limit, and writes out what waits there for longer than a moment. Cancel safe.
    pub(super) async fn attend(&mut self) {
        if !self.output.is_empty() {
            tokio::time::sleep(LINGER).await;
            if self.flush().await.is_err() {
                return;
            }
        }
        while self.input.len() < LOOKAHEAD_BYTES {
            if self.fill().await.is_err() {
                return;
            }
        }
        // Unread bytes hide the end of the stream from a read, but not from the poller.
        while !self.closed_behind_input().await {
            tokio::time::sleep(PROBE_PERIOD).await;
        }
    }

    async fn closed_behind_input(&self) -> bool {
        let Some(tcp) = self.stream.tcp() else { return true };
        match tcp.ready(Interest::READABLE | Interest::WRITABLE).await {
            Ok(ready) => ready.is_read_closed() || ready.is_write_closed(),
            Err(_) => true,
        }
    }

    /// Says why the connection ends, if there is anything to say, and closes it in a way that lets the client read
    /// it: a socket closed with unread input is reset, and some systems throw away what was sent then.
    pub(super) async fn farewell(&mut self, error: Option<&Error>) {
        self.drop_frame();
        if let Some(error) = error {
            report::error(&mut self.output, Severity::Fatal, error, Encoding::Utf8);
        }
        let close = async {
            self.flush().await?;
            self.stream.shutdown().await?;
            // After an orderly end the client closes first; after an error it may still be sending.
            let mut budget = if error.is_some() { LOOKAHEAD_BYTES } else { 0 };
            while budget > 0 {
                self.input.clear();
                self.fill().await?;
                budget = budget.saturating_sub(self.input.len());
            }
            Ok::<(), Halt>(())
        };
        // Whoever does not take the message in this time does without.
        drop(tokio::time::timeout(FAREWELL, close).await);
    }
}
