//! A client that says exactly what a test wants, byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::PATIENCE;

pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

pub(super) struct Client {
    socket: Box<dyn Socket>,
    input: BytesMut,
    pub(super) pid: i32,
    pub(super) secret: Bytes,
    /// The certificate the server showed.
    pub(super) server: Option<Bytes>,
}

pub(super) fn frame(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    out.put_u32(u32::try_from(body.len() + 4).expect("short"));
    out.put_slice(body);
    out
}

fn z(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

pub(super) fn query(sql: &str) -> Vec<u8> {
    frame(b'Q', &z(sql))
}

pub(super) fn parse(name: &str, sql: &str, types: &[u32]) -> Vec<u8> {
    let mut body = [z(name), z(sql)].concat();
    body.put_u16(u16::try_from(types.len()).expect("few"));
    types.iter().for_each(|oid| body.put_u32(*oid));
    frame(b'P', &body)
}

pub(super) fn bind_as(
    portal: &str,
    statement: &str,
    formats: &[i16],
    values: &[&[u8]],
    results: &[i16],
) -> Vec<u8> {
    let mut body = [z(portal), z(statement)].concat();
    let count = |len: usize| u16::try_from(len).expect("few");
    body.put_u16(count(formats.len()));
    formats.iter().for_each(|format| body.put_i16(*format));
    body.put_u16(count(values.len()));
    for value in values {
        body.put_u32(u32::try_from(value.len()).expect("short"));
        body.put_slice(value);
    }
    body.put_u16(count(results.len()));
    results.iter().for_each(|format| body.put_i16(*format));
    frame(b'B', &body)
}

pub(super) fn bind(portal: &str, statement: &str) -> Vec<u8> {
    bind_as(portal, statement, &[], &[], &[])
}

pub(super) fn describe(kind: u8, name: &str) -> Vec<u8> {
    frame(b'D', &[vec![kind], z(name)].concat())
}

pub(super) fn close(kind: u8, name: &str) -> Vec<u8> {
    frame(b'C', &[vec![kind], z(name)].concat())
}

pub(super) fn execute(portal: &str, rows: i32) -> Vec<u8> {
    let mut body = z(portal);
    body.put_i32(rows);
    frame(b'E', &body)
}

pub(super) fn sync() -> Vec<u8> {
    frame(b'S', &[])
}

pub(super) fn flush() -> Vec<u8> {
    frame(b'H', &[])
}

pub(super) fn packet(code: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    out.put_u32(u32::try_from(body.len() + 8).expect("short"));
    out.put_u32(code);
    out.put_slice(body);
    out
}

pub(super) fn startup(version: u32, pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut body: Vec<u8> = pairs.iter().flat_map(|(k, v)| [z(k), z(v)].concat()).collect();
    body.push(0);
    packet(version, &body)
}

pub(super) const V3_0: u32 = 196_608;
pub(super) const V3_2: u32 = 196_610;
pub(super) const SSL: u32 = 80_877_103;
pub(super) const GSS: u32 = 80_877_104;
pub(super) const CANCEL: u32 = 80_877_102;

impl Client {
    pub(super) async fn connect(address: SocketAddr) -> Client {
        let socket = TcpStream::connect(address).await.expect("connects");
        socket.set_nodelay(true).expect("option");
        Client::over(Box::new(socket), None)
    }

    fn over(socket: Box<dyn Socket>, server: Option<Bytes>) -> Client {
        Client { socket, input: BytesMut::new(), pid: 0, secret: Bytes::new(), server }
    }

    /// Encrypts, after SSLRequest or at once.
    pub(super) async fn tls(
        address: SocketAddr,
        direct: bool,
        alpn: bool,
        identity: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    ) -> std::io::Result<Client> {
        let mut socket = TcpStream::connect(address).await?;
        if !direct {
            socket.write_all(&packet(SSL, &[])).await?;
            assert_eq!(socket.read_u8().await?, b'S');
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody));
        let mut config = match identity {
            Some((certificate, key)) => {
                builder.with_client_auth_cert(vec![certificate], key).expect("identity")
            }
            None => builder.with_no_client_auth(),
        };
        if alpn {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        let name = ServerName::try_from("localhost").expect("name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await?;
        let server = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let server = server.map(|certificate| Bytes::copy_from_slice(certificate));
        Ok(Client::over(Box::new(stream), server))
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.expect("sends");
        self.socket.flush().await.expect("sends");
    }

    /// For what may meet a closed socket.
    pub(super) async fn try_send(&mut self, bytes: &[u8]) {
        if self.socket.write_all(bytes).await.is_ok() {
            self.socket.flush().await.ok();
        }
    }

    pub(super) async fn byte(&mut self) -> Option<u8> {
        while self.input.is_empty() {
            if !self.fill().await {
                return None;
            }
        }
        Some(self.input.get_u8())
    }

    async fn fill(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.input);
        let read = tokio::time::timeout(PATIENCE, read).await.expect("an answer in time");
        matches!(read, Ok(len) if len > 0)
    }

    fn cut(&mut self) -> Option<(u8, Bytes)> {
        let [tag, len @ ..] = *self.input.first_chunk::<5>()?;
        let whole = usize::try_from(u32::from_be_bytes(len)).expect("fits") + 1;
        if self.input.len() < whole {
            return None;
        }
        let mut body = self.input.split_to(whole).freeze();
        body.advance(5);
        Some((tag, body))
    }

    /// The next frame; `None` when the server has closed.
    pub(super) async fn frame(&mut self) -> Option<(u8, Bytes)> {
        loop {
            if let Some(frame) = self.cut() {
                return Some(frame);
            }
            if !self.fill().await {
                assert!(self.input.is_empty(), "the server closed inside a frame");
                return None;
            }
        }
    }

    /// Frames up to one of type `tag`, in short form; ends early, with `closed`, when the server closes.
    pub(super) async fn until(&mut self, last: u8) -> Vec<String> {
        let mut heard = Vec::new();
        while let Some((tag, body)) = self.frame().await {
            if tag == b'K' {
                self.pid = body.clone().get_i32();
                self.secret = body.slice(4..);
            }
            heard.push(short(tag, &body));
            if tag == last {
                return heard;
            }
        }
        heard.push("closed".into());
        heard
    }

    pub(super) async fn ready(&mut self) -> Vec<String> {
        self.until(b'Z').await
    }

    /// Everything up to the close.
    pub(super) async fn rest(&mut self) -> Vec<String> {
        self.until(0).await
    }

    pub(super) async fn ask(&mut self, sql: &str) -> Vec<String> {
        self.send(&query(sql)).await;
        self.ready().await
    }

    pub(super) async fn say(&mut self, messages: &[Vec<u8>]) -> Vec<String> {
        self.send(&messages.concat()).await;
        self.ready().await
    }

    pub(super) async fn log_in(&mut self, user: &str) {
        self.send(&startup(V3_0, &[("user", user)])).await;
        let heard = self.ready().await;
        assert_eq!(heard.last().map(String::as_str), Some("Z I"), "{heard:?}");
    }
}

/// A frame as tests write it: `D 1|2`, `E ERROR 42P01 8`, `Z I`.
pub(super) fn short(tag: u8, body: &[u8]) -> String {
    let mut body = Bytes::copy_from_slice(body);
    let text = match tag {
        b'E' | b'N' => {
            let fields: Vec<_> = body
                .split(|byte| *byte == 0)
                .filter_map(|field| field.split_first())
                .map(|(code, value)| (*code, String::from_utf8_lossy(value).into_owned()))
                .collect();
            let field = |code| fields.iter().find(|field| field.0 == code).map(|field| &*field.1);
            let words: Vec<_> =
                [field(b'S'), field(b'C'), field(b'P')].into_iter().flatten().collect();
            if std::env::args().any(|argument| argument == "--nocapture") {
                println!("{:?}", field(b'M'));
            }
            words.join(" ")
        }
        b'Z' => char::from(body.get_u8()).into(),
        b'C' | b'S' => String::from_utf8_lossy(&body).trim_end_matches('\0').replace('\0', "="),
        b'D' => row(body),
        b'T' => columns(body),
        b't' => format!("{}", body.get_u16()),
        b'V' => String::from_utf8_lossy(body.get(4..).unwrap_or_default()).into(),
        b'd' => String::from_utf8_lossy(&body).trim_end().into(),
        b'R' => body.get_u32().to_string(),
        b'H' => body.get_u8().to_string(),
        b'v' => format!("{} {}", body.get_u32() & 0xffff, body.get_u32()),
        _ => String::new(),
    };
    format!("{} {text}", char::from(tag)).trim_end().to_owned()
}

fn row(mut body: Bytes) -> String {
    let values = (0..body.get_u16()).map(|_| match usize::try_from(body.get_i32()) {
        Ok(len) => match body.split_to(len) {
            binary if binary.first() == Some(&0) => format!("{binary:02x?}").replace("b\"", ""),
            text => String::from_utf8_lossy(&text).into_owned(),
        },
        Err(_) => "-".into(),
    });
    values.collect::<Vec<_>>().join("|")
}

fn columns(mut body: Bytes) -> String {
    let columns = (0..body.get_u16()).map(|_| {
        let name = body.iter().position(|byte| *byte == 0).expect("terminated");
        let name = String::from_utf8_lossy(&body.split_to(name)).into_owned();
        body.advance(7);
        let oid = body.get_u32();
        body.advance(6);
        let binary = if body.get_i16() == 1 { ":binary" } else { "" };
        format!("{name}:{oid}{binary}")
    });
    columns.collect::<Vec<_>>().join("|")
}

/// Trusts every server: the tests look at the certificate themselves.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
