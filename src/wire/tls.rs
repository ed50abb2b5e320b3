//! Encryption: a server configuration from PEM files, all of it or none.
//!
//! On failure: [`Error::Configuration`] names the file. There is no way from a broken file to a server that speaks
//! plaintext instead: the start, or the reload, fails.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ring::digest;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::config;
use crate::error::{Error, Result};

/// The protocol clients must name when they start with TLS at once (PostgreSQL manual, "SSL Session Encryption").
pub(super) const ALPN: &[u8] = b"postgresql";

/// One loaded set of files.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<ServerConfig>,
    /// The channel binding data `tls-server-end-point` (RFC 5929); `None` when the certificate's signature has no
    /// hash of its own, as with Ed25519 and RSASSA-PSS.
    pub(super) binding: Option<Bytes>,
}

/// Loads what the section names; `None` when it names no certificate.
pub(super) fn load(section: &config::Tls) -> Result<Option<Tls>> {
    if section.certificate.as_os_str().is_empty() {
        return Ok(None);
    }
    let versions: &[&rustls::SupportedProtocolVersion] = match section.min_version.as_str() {
        "1.2" => &[&rustls::version::TLS13, &rustls::version::TLS12],
        "1.3" => &[&rustls::version::TLS13],
        other => {
            return Err(Error::Configuration(format!(
                "invalid value for \"tls.min_version\": \"{other}\""
            )));
        }
    };
    let chain = certificates(&section.certificate)?;
    let binding = chain.first().and_then(|leaf| end_point_hash(leaf));
    let key = private_key(&section.key)?;
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|e| refused(&section.certificate, &e))?;
    let builder = if section.client_ca.as_os_str().is_empty() {
        builder.with_no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&section.client_ca)? {
            roots.add(certificate).map_err(|e| refused(&section.client_ca, &e))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .allow_unauthenticated() // the rules say who needs one
            .build()
            .map_err(|e| refused(&section.client_ca, &e))?;
        builder.with_client_cert_verifier(verifier)
    };
    let mut config =
        builder.with_single_cert(chain, key).map_err(|e| refused(&section.certificate, &e))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    // As in PostgreSQL no session is resumed: a reload must hold for every new connection.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Some(Tls { config: Arc::new(config), binding }))
}

impl Tls {
    /// Does the handshake.
    pub(super) async fn accept(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).await
    }
}

/// The common name of the certificate the client showed; it has been verified by the handshake.
pub(super) fn client_name(stream: &TlsStream<TcpStream>) -> Option<String> {
    let leaf = stream.get_ref().1.peer_certificates()?.first()?;
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let mut names = leaf.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?.to_owned();
    // Two names would let a certificate pass for either.
    names.next().is_none().then_some(name)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read(path)?;
    let found = CertificateDer::pem_slice_iter(&pem)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|e| refused(path, &e))?;
    if found.is_empty() {
        return Err(refused(path, &"no certificate found"));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let pem = read(path)?;
    let mode = std::fs::metadata(path).map_err(|e| refused(path, &e))?.permissions().mode();
    if mode & 0o007 != 0 {
        return Err(Error::Configuration(format!(
            "private key file \"{}\" can be read by everybody",
            path.display()
        ))
        .hint("Take the permissions of others away, as in chmod 0600."));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|e| refused(path, &e))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| refused(path, &e))
}

fn refused(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::Configuration(format!("could not load \"{}\": {why}", path.display()))
}

/// RFC 5929, section 4.1: the hash of the certificate's own signature, with SHA-256 for the ones that are broken.
fn end_point_hash(leaf: &[u8]) -> Option<Bytes> {
    let (_, certificate) = X509Certificate::from_der(leaf).ok()?;
    let algorithm = match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        // md5, sha1 and sha256 with RSA; ECDSA with sha1 and sha256
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => &digest::SHA256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => &digest::SHA384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => &digest::SHA512,
        _ => return None,
    };
    Some(Bytes::copy_from_slice(digest::digest(algorithm, leaf).as_ref()))
}
