//! From the first byte to a startup message: encryption requests, cancel requests, protocol versions.
//!
//! Invariant: nothing the client sent before the answer to an encryption request is ever read after it; whoever
//! sends ahead is refused (CVE-2021-23214).

use bytes::{Buf as _, Bytes};
use tokio_rustls::server::TlsStream;

use super::backend;
use super::frame::{Channel, Halt, Stream};
use super::message::Body;
use super::tls::{self, Tls};
use crate::error::{Error, Result};

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// The first byte of a TLS record that opens a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// The newest protocol we speak, 3.2.
const NEWEST: u32 = (3 << 16) | 2;

/// PostgreSQL 18's bound on the key of a cancel request.
const CANCEL_KEY_MAX: usize = 256;

/// What a connection turned out to be.
pub(super) enum Opening {
    Cancel { pid: i32, secret: Bytes },
    Start(Startup),
}

/// A startup message.
pub(super) struct Startup {
    /// The minor version both sides speak: 0 or 2.
    pub(super) minor: u32,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) parameters: Vec<(String, String)>,
}

/// Reads until there is a startup message or a cancel request, encrypting on the way when asked.
/// Errors: every one is fatal.
pub(super) async fn open(channel: &mut Channel, tls: Option<&Tls>) -> Result<Opening, Halt> {
    if let Some(tls) = tls {
        direct(channel, tls).await?;
    }
    let (mut ssl_asked, mut gss_asked) = (matches!(channel.stream, Stream::Tls(_)), false);
    loop {
        let (code, body) = channel.startup_packet().await?;
        match code {
            SSL_REQUEST if !ssl_asked => {
                ssl_asked = true;
                alone(channel, &body, "SSL")?;
                answer(channel, tls.is_some()).await?;
                if let Some(tls) = tls {
                    encrypt(channel, tls).await?;
                }
            }
            GSS_REQUEST if !gss_asked => {
                gss_asked = true;
                alone(channel, &body, "GSSAPI encryption")?;
                answer(channel, false).await?;
            }
            CANCEL_REQUEST => return cancel(body).map_err(Halt::Fatal),
            version => return start(channel, version, body).map_err(Halt::Fatal),
        }
    }
}

/// TLS from the first byte (`sslnegotiation=direct`); such a client must name the protocol, so that nobody can lead
/// another protocol's client here.
async fn direct(channel: &mut Channel, tls: &Tls) -> Result<(), Halt> {
    let Some(tcp) = channel.stream.tcp() else { return Err(Halt::Gone) };
    let mut first = [0];
    if tcp.peek(&mut first).await? == 0 {
        return Err(Halt::Gone);
    }
    if first != [TLS_HANDSHAKE] {
        return Ok(());
    }
    encrypt(channel, tls).await?;
    match &channel.stream {
        Stream::Tls(stream) if stream.get_ref().1.alpn_protocol() == Some(tls::ALPN) => Ok(()),
        _ => Err(Halt::Fatal(Error::Protocol(
            "received direct SSL connection request without ALPN protocol negotiation extension"
                .to_owned(),
        ))),
    }
}

fn alone(channel: &Channel, body: &Bytes, what: &str) -> Result<(), Halt> {
    if body.is_empty() && !channel.has_input() {
        return Ok(());
    }
    Err(Halt::Fatal(
        Error::Protocol(format!("received unencrypted data after {what} request")).detail(
            "This could be either a client-software bug or evidence of an attempted \
             man-in-the-middle attack.",
        ),
    ))
}

async fn answer(channel: &mut Channel, yes: bool) -> Result<(), Halt> {
    channel.output.extend_from_slice(&backend::encryption_answer(yes));
    channel.flush().await
}

async fn encrypt(channel: &mut Channel, tls: &Tls) -> Result<(), Halt> {
    let tcp = match std::mem::replace(&mut channel.stream, Stream::Closed) {
        Stream::Plain(tcp) => tcp,
        other => {
            channel.stream = other;
            return Err(Halt::Gone);
        }
    };
    let stream: TlsStream<_> = Box::pin(tls.accept(tcp)).await.map_err(|error| {
        tracing::debug!(?error, "a TLS handshake failed");
        Halt::Gone
    })?;
    channel.stream = Stream::Tls(Box::new(stream));
    Ok(())
}

fn cancel(mut body: Bytes) -> Result<Opening> {
    if !(8..=4 + CANCEL_KEY_MAX).contains(&body.len()) {
        return Err(Error::Protocol("invalid length of cancel request packet".to_owned()));
    }
    let pid = body.get_i32();
    Ok(Opening::Cancel { pid, secret: body })
}

fn start(channel: &mut Channel, version: u32, body: Bytes) -> Result<Opening> {
    let (major, minor) = (version >> 16, version & 0xffff);
    if major != 3 {
        return Err(Error::FeatureNotSupported(format!(
            "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2"
        )));
    }
    let mut startup =
        Startup { minor: 0, user: String::new(), database: String::new(), parameters: Vec::new() };
    let unknown = read_parameters(&mut startup, body)?;
    // 3.1 was never published; who asks for it gets what came before it.
    startup.minor = if minor >= 2 { 2 } else { 0 };
    if minor > 2 || !unknown.is_empty() {
        let agreed = NEWEST.min((3 << 16) | startup.minor);
        backend::negotiate_protocol_version(&mut channel.output, agreed, &unknown);
    }
    if startup.user.is_empty() {
        return Err(Error::InvalidAuthorization(
            "no PostgreSQL user name specified in startup packet".to_owned(),
        ));
    }
    if startup.database.is_empty() {
        startup.database.clone_from(&startup.user);
    }
    Ok(Opening::Start(startup))
}

/// Gives the protocol options (`_pq_.…`) nobody here knows.
fn read_parameters(startup: &mut Startup, body: Bytes) -> Result<Vec<String>> {
    let mut unknown = Vec::new();
    let mut body = Body::new(body);
    loop {
        let layout = |error: Error| match error {
            Error::Protocol(_) => Error::Protocol(
                "invalid startup packet layout: expected terminator as last byte".to_owned(),
            ),
            other => other,
        };
        let name = body.text().map_err(layout)?;
        if name.is_empty() {
            body.end().map_err(layout)?;
            return Ok(unknown);
        }
        let value = body.text().map_err(layout)?;
        match name.as_str() {
            "user" => startup.user = value,
            "database" => startup.database = value,
            "replication" => refuse_replication(&value)?,
            _ if name.starts_with("_pq_.") => unknown.push(name),
            _ => startup.parameters.push((name, value)),
        }
    }
}

fn refuse_replication(value: &str) -> Result<()> {
    match value.to_ascii_lowercase().as_str() {
        "false" | "off" | "no" | "0" => Ok(()),
        _ => Err(Error::FeatureNotSupported("replication is not supported".to_owned())),
    }
}
