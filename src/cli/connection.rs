//! A connection to a running server, as any client has one: for subcommands that speak SQL.
//!
//! `sslmode` is libpq's: `disable`, `prefer`, `require`, which encrypt at most, and `verify-full`, which also makes sure
//! of the server by the certificates in `sslrootcert`. What libpq would silently not verify is refused.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config};
use tokio_rustls::TlsConnector;

use crate::error::{Error, Result};

/// Where a server listens when nobody said otherwise.
pub(super) const DEFAULT_URL: &str = "postgres://forebay@127.0.0.1:5432/forebay";

/// How long to wait for each address that does not answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Where and how to connect.
pub(super) struct Target {
    config: Config,
    tls: Tls,
}

impl Target {
    /// Reads a URL; what it leaves out is as in [`DEFAULT_URL`], and `password` is used when it has none.
    /// Errors: what is no URL, an option nobody knows, certificates that cannot be read.
    pub(super) fn new(url: &str, password: Option<String>, name: &str) -> Result<Target> {
        let wrong = |reason: &dyn std::fmt::Display| {
            Error::InvalidParameterValue(format!("invalid connection URL: {reason}"))
        };
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(wrong(&"it does not begin with postgres://"));
        }
        let (url, verified) = verification(url)?;
        let mut config: Config = url.parse().map_err(|e| wrong(&reason(&e)))?;
        let tls = match verified {
            Some(roots) => {
                config.ssl_mode(SslMode::Require);
                Tls::verifying(&roots)?
            }
            None => Tls::encrypting()?,
        };
        if config.get_hosts().is_empty() {
            config.host("127.0.0.1");
        }
        if config.get_user().is_none() {
            config.user("forebay");
        }
        if config.get_dbname().is_none() {
            config.dbname("forebay");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_LIMIT);
        }
        if config.get_application_name().is_none() {
            config.application_name(name);
        }
        if let (None, Some(password)) = (config.get_password(), password) {
            config.password(password);
        }
        Ok(Target { config, tls })
    }

    /// Connects, does `work`, and disconnects.
    /// Errors: no connection; what `work` says.
    pub(super) async fn with<T, W: Future<Output = Result<T>>>(
        self,
        work: impl FnOnce(Client) -> W,
    ) -> Result<T> {
        let (client, connection) = self.config.connect(self.tls).await.map_err(|e| answer(&e))?;
        // The connection ends when `work` has dropped its client. Why it ended before, `work` hears from each call.
        let (_, outcome) = tokio::join!(connection, work(client));
        outcome
    }
}

/// What a server, or the way to it, said: the message with its SQLSTATE, detail and hint.
pub(super) fn answer(error: &tokio_postgres::Error) -> Error {
    answer_at("", error)
}

/// The same of a statement that stands at `place`, which leads the message.
pub(super) fn answer_at(place: &str, error: &tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else {
        return Error::ConnectionFailed(format!("{place}{}", reason(error)));
    };
    let message = format!("{place}{} ({})", said.message(), said.code().code());
    let mut answer = Error::Answered(message);
    if let Some(detail) = said.detail() {
        answer = answer.detail(detail);
    }
    if let Some(hint) = said.hint() {
        answer = answer.hint(hint);
    }
    answer
}

/// An error with its causes in one line.
fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let mut said: Vec<String> = Vec::new();
    for cause in causes.map(ToString::to_string) {
        // Some repeat the cause they have.
        if said.last().is_none_or(|before| !before.contains(&cause)) {
            said.push(cause);
        }
    }
    said.join(": ")
}

/// Takes from `url` what tokio-postgres does not know: returns the rest, and the certificates that verify the server.
fn verification(url: &str) -> Result<(String, Option<PathBuf>)> {
    let Some((place, options)) = url.split_once('?') else {
        return Ok((url.to_owned(), None));
    };
    let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
    for option in options.split('&').filter(|option| !option.is_empty()) {
        // In a URL of libpq a plus is a plus.
        let plain = option.replace('+', "%2B");
        let (key, value) = url::form_urlencoded::parse(plain.as_bytes())
            .next()
            .map_or_else(Default::default, |(key, value)| (key.into_owned(), value.into_owned()));
        match key.as_str() {
            "sslrootcert" => roots = Some(PathBuf::from(value)),
            "sslmode" => mode = Some(value),
            _ => rest.push(option),
        }
    }
    let mode_option = mode.as_ref().map(|mode| format!("sslmode={mode}"));
    let verified = match (mode.as_deref(), roots) {
        (Some("verify-full" | "require"), Some(roots)) => Some(roots),
        (Some("verify-full"), None) => return Err(unverified("verify-full needs sslrootcert")),
        (Some("verify-ca"), _) => return Err(unverified("verify-ca is not supported")),
        (_, Some(_)) => return Err(unverified("sslrootcert needs verify-full")),
        (_, None) => None,
    };
    if verified.is_none() {
        rest.extend(mode_option.as_deref());
    }
    Ok((format!("{place}?{}", rest.join("&")), verified))
}

fn unverified(reason: &str) -> Error {
    Error::InvalidParameterValue(format!("invalid \"sslmode\" of the connection URL: {reason}"))
        .hint("Use sslmode=verify-full with sslrootcert=FILE, or sslmode=require to encrypt only.")
}

/// How to encrypt.
#[derive(Clone)]
struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    fn verifying(roots: &Path) -> Result<Tls> {
        let failed = |e: &dyn std::fmt::Display| {
            let message = format!("could not read certificates \"{}\": {e}", roots.display());
            Error::Configuration(message)
        };
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(roots).map_err(|e| failed(&e))? {
            let certificate = certificate.map_err(|e| failed(&e))?;
            store.add(certificate).map_err(|e| failed(&e))?;
        }
        if store.is_empty() {
            return Err(failed(&"no certificate found"));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(&e))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Tls::of(config))
    }

    fn encrypting() -> Result<Tls> {
        let provider = Arc::new(default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::Internal(format!("tls: {e}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody { provider }))
            .with_no_client_auth();
        Ok(Tls::of(config))
    }

    fn of(mut config: ClientConfig) -> Tls {
        // What a server wants to hear when TLS begins at once.
        config.alpn_protocols = vec![b"postgresql".to_vec()];
        Tls { config: Arc::new(config) }
    }
}

/// Takes every certificate, as libpq does up to `require`; that the server has its key is still made sure of.
#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl<S> MakeTlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Self::Error> {
        let name = ServerName::try_from(host)?.to_owned();
        Ok(Handshake { config: Arc::clone(&self.config), name })
    }
}

/// A handshake with one server, still to be done.
struct Handshake {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl<S> TlsConnect<S> for Handshake
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = std::io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let handshake = TlsConnector::from(self.config).connect(self.name, stream);
        Box::pin(async { handshake.await.map(Encrypted) })
    }
}

/// A stream that is encrypted: rustls's own, with the trait tokio-postgres asks for.
struct Encrypted<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, target)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        source: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, source)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio_postgres::config::SslMode;

    use super::{Target, verification};

    #[test]
    fn a_url_says_how_to_encrypt() {
        let check = |options: &str, want: Option<(&str, Option<&str>)>| {
            let found = verification(&format!("postgres://h/d?{options}")).ok();
            let found = found.as_ref().map(|(url, roots)| (url.as_str(), roots.as_deref()));
            let want = want.map(|(rest, roots)| (format!("postgres://h/d?{rest}"), roots));
            let want = want.as_ref().map(|(url, roots)| (url.as_str(), roots.map(Path::new)));
            assert_eq!(found, want, "{options}");
        };
        check("", Some(("", None)));
        check(
            "sslmode=require&options=-c%20a%3Db",
            Some(("options=-c%20a%3Db&sslmode=require", None)),
        );
        check("sslmode=verify-full&sslrootcert=a%2Fb+c", Some(("", Some("a/b+c"))));
        check("sslmode=require&sslrootcert=a", Some(("", Some("a"))));
        for wrong in ["sslmode=verify-full", "sslmode=verify-ca&sslrootcert=a", "sslrootcert=a"] {
            check(wrong, None);
        }
    }

    #[test]
    fn what_a_url_leaves_out_has_defaults() {
        let target = |url| Target::new(url, Some("file's".to_owned()), "forebay test");
        let config = target("postgres://").expect("all of it is left out").config;
        assert_eq!((config.get_user(), config.get_dbname()), (Some("forebay"), Some("forebay")));
        assert_eq!(config.get_password(), Some(&b"file's"[..]));
        assert_eq!(config.get_ssl_mode(), SslMode::Prefer);
        let config = target("postgresql://ann:s%40@db:6000/sales?sslmode=require");
        let config = config.expect("a URL").config;
        assert_eq!((config.get_user(), config.get_dbname()), (Some("ann"), Some("sales")));
        assert_eq!(config.get_password(), Some(&b"s@"[..]));
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
        for wrong in ["host=localhost", "postgres://h/d?sslmode=maybe", "postgres://h/d?colour=red"]
        {
            assert!(target(wrong).is_err(), "{wrong}");
        }
    }
}
