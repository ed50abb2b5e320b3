//! Authentication: SCRAM with and without channel binding, certificates, rules, limits.

use std::num::NonZeroU32;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::{Buf as _, BufMut as _};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use ring::digest;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::client::{Client, SSL, V3_0, frame, packet, short, startup};
use super::door::Fake;
use super::{Server, careful, config, serve, trusting};
use crate::config::{Config, Rule};
use crate::pg::scram::{Verifier, sign};

/// What an attempt sends, where it differs from an honest one.
pub(super) struct Attempt {
    pub(super) user: &'static str,
    pub(super) password: &'static str,
    pub(super) mechanism: &'static str,
    /// The gs2 header, and the binding data behind it in client-final.
    pub(super) header: &'static str,
    pub(super) binding: Option<Vec<u8>>,
    /// Changes client-final before it is signed.
    pub(super) spoil: fn(String) -> String,
}

impl Attempt {
    pub(super) fn plain(user: &'static str, password: &'static str) -> Attempt {
        let (mechanism, header) = ("SCRAM-SHA-256", "n,,");
        Attempt { user, password, mechanism, header, binding: None, spoil: |said| said }
    }

    fn plus(client: &Client) -> Attempt {
        let leaf = client.server.as_deref().expect("a certificate");
        let hash = digest::digest(&digest::SHA256, leaf).as_ref().to_vec();
        Attempt {
            mechanism: "SCRAM-SHA-256-PLUS",
            header: "p=tls-server-end-point,,",
            binding: Some(hash),
            ..Attempt::plain("ann", "secret")
        }
    }

    /// Goes through the exchange; what the server said from the end of it, or up to its refusal.
    pub(super) async fn run(self, client: &mut Client) -> Vec<String> {
        client.send(&startup(V3_0, &[("user", self.user)])).await;
        match client.frame().await {
            Some((b'R', body)) if body.starts_with(&10_u32.to_be_bytes()) => {}
            Some((tag, body)) => {
                return [vec![short(tag, &body)], client.rest().await].concat();
            }
            None => return vec!["closed".into()],
        }
        let first_bare = "n=,r=abc";
        let first = format!("{}{first_bare}", self.header);
        let mut body = [self.mechanism.as_bytes(), &[0]].concat();
        body.put_u32(u32::try_from(first.len()).expect("short"));
        body.put_slice(first.as_bytes());
        client.send(&frame(b'p', &body)).await;
        let server_first = match client.frame().await {
            Some((b'R', mut body)) => {
                assert_eq!(body.get_u32(), 11);
                String::from_utf8(body.to_vec()).expect("text")
            }
            Some((tag, body)) => return [vec![short(tag, &body)], client.rest().await].concat(),
            None => return vec!["closed".into()],
        };
        let field = |name: &str| {
            let mut fields = server_first.split(',');
            fields.find_map(|field| field.strip_prefix(name)).expect("a field").to_owned()
        };
        let channel = [self.header.as_bytes(), &self.binding.unwrap_or_default()].concat();
        let said = format!("c={},r={}", BASE64.encode(channel), field("r="));
        let said = (self.spoil)(said);
        let salt = BASE64.decode(field("s=")).expect("base64");
        let iterations: NonZeroU32 = field("i=").parse().expect("a number");
        let proof = proof(
            self.password,
            (&salt, iterations),
            &format!("{first_bare},{server_first},{said}"),
        );
        client.send(&frame(b'p', format!("{said},p={proof}").as_bytes())).await;
        client.ready().await
    }
}

fn proof(password: &str, (salt, iterations): (&[u8], NonZeroU32), text: &str) -> String {
    let mut salted = [0; 32];
    let algorithm = ring::pbkdf2::PBKDF2_HMAC_SHA256;
    ring::pbkdf2::derive(algorithm, iterations, salt, password.as_bytes(), &mut salted);
    let key = sign(&salted, b"Client Key");
    let stored = Verifier::derive(password, salt, iterations).stored_key;
    let signature = sign(&stored, text.as_bytes());
    BASE64.encode(key.iter().zip(signature).map(|(k, s)| k ^ s).collect::<Vec<_>>())
}

/// What a login that works is told.
const IN: [&str; 5] = ["R 12", "R 0", "S server_version=15.0", "K", "Z I"];

#[tokio::test]
async fn a_password_that_is_right() {
    let server = careful().await;
    let mut client = server.client().await;
    assert_eq!(Attempt::plain("ann", "secret").run(&mut client).await, IN);
    assert_eq!(client.ask("select 1").await.len(), 4);
}

#[tokio::test]
async fn a_real_client_logs_in() {
    let server = careful().await;
    let text = format!("host=127.0.0.1 port={} user=ann password=secret", server.address.port());
    let (client, connection) =
        tokio_postgres::connect(&text, tokio_postgres::NoTls).await.expect("connects");
    server.tasks.spawn("client", connection);
    let rows = client.query("select 5", &[]).await.expect("runs");
    assert_eq!(rows.first().map(|row| row.get::<_, i64>(0)), Some(5));
}

#[tokio::test]
async fn s5_wrong_unknown_expired_and_without_password_sound_the_same() {
    let server = careful().await;
    for user in ["ann", "nobody", "late", "bob"] {
        let password = if user == "ann" { "wrong" } else { "secret" };
        let heard = Attempt::plain(user, password).run(&mut server.client().await).await;
        assert_eq!(heard, ["E FATAL 28P01", "closed"], "{user}");
    }
}

#[tokio::test]
async fn s5_an_unknown_role_has_the_same_salt_every_time() {
    let server = careful().await;
    let challenge = async |user: &str| {
        let mut client = server.client().await;
        client.send(&startup(V3_0, &[("user", user)])).await;
        client.until(b'R').await;
        let body = b"SCRAM-SHA-256\0\0\0\0\x0bn,,n=,r=abc";
        client.send(&frame(b'p', body)).await;
        let (_, body) = client.frame().await.expect("a challenge");
        String::from_utf8_lossy(&body).split(',').skip(1).collect::<Vec<_>>().join(",")
    };
    assert_eq!(challenge("nobody").await, challenge("nobody").await);
    assert_ne!(challenge("nobody").await, challenge("nobody2").await);
    assert_eq!(challenge("nobody").await.len(), challenge("ann").await.len());
}

#[tokio::test]
async fn a_login_needs_its_database() {
    let server = trusting().await;
    let mut client = server.client().await;
    client.send(&startup(V3_0, &[("user", "ann"), ("database", "nowhere")])).await;
    assert_eq!(client.rest().await, ["R 0", "E FATAL 3D000", "closed"]);
}

#[tokio::test]
async fn trust_knows_existing_roles_and_the_first_one() {
    for (user, first) in [("ann", "R 0"), ("forebay", "R 0"), ("root", "E FATAL 28000")] {
        let server = trusting().await;
        let mut client = server.client().await;
        client.send(&startup(V3_0, &[("user", user)])).await;
        assert_eq!(client.until(first.as_bytes()[0]).await, [first], "{user}");
    }
}

// ---- TLS

/// Certificates of one test, in files.
struct Files {
    folder: tempfile::TempDir,
    authority: Issuer<'static, KeyPair>,
}

impl Files {
    fn new() -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("key");
        let certificate = params.self_signed(&key).expect("certificate");
        std::fs::write(folder.path().join("ca.pem"), certificate.pem()).expect("written");
        let files = Files { folder, authority: Issuer::new(params, key) };
        let (certificate, key) = files.make("localhost");
        files.write("server.pem", &pem("CERTIFICATE", &certificate));
        files.write("server.key", &pem("PRIVATE KEY", key.secret_der()));
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o600);
        std::fs::set_permissions(&path, mode).expect("mode");
    }

    fn make(&self, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let mut params = CertificateParams::new(vec!["localhost".into()]).expect("params");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("key");
        let certificate = params.signed_by(&key, &self.authority).expect("signed");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("key");
        (certificate.der().clone(), key)
    }

    fn config(&self) -> Config {
        let text = |path: PathBuf| path.to_str().expect("text").to_owned();
        config(&[
            ("tls.certificate", &text(self.path("server.pem"))),
            ("tls.key", &text(self.path("server.key"))),
            ("tls.client_ca", &text(self.path("ca.pem"))),
        ])
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

async fn encrypted(rules: &[Rule]) -> (Files, Server) {
    let files = Files::new();
    let mut config = files.config();
    config.rule = rules.to_vec();
    let server = serve(&config, Fake::with_passwords()).await;
    (files, server)
}

async fn tls(server: &Server) -> Client {
    Client::tls(server.address, false, false, None).await.expect("encrypted")
}

fn rule(connection: &str, method: &str) -> Rule {
    Rule {
        connection: connection.into(),
        database: vec!["all".into()],
        user: vec!["all".into()],
        address: "all".into(),
        method: method.into(),
    }
}

#[tokio::test]
async fn plus_binds_the_channel() {
    let (_files, server) = encrypted(&[]).await;
    let mut client = tls(&server).await;
    assert_eq!(Attempt::plus(&client).run(&mut client).await, IN);
    assert_eq!(client.ask("rows 20000 8192").await.len(), 20_003);
    let mut client = tls(&server).await;
    assert_eq!(Attempt::plain("ann", "secret").run(&mut client).await, IN);
}

#[tokio::test]
async fn s4_downgrades_and_broken_bindings() {
    let (_files, server) = encrypted(&[]).await;
    let mut client = tls(&server).await;
    let downgrade = Attempt { header: "y,,", ..Attempt::plain("ann", "secret") };
    assert_eq!(downgrade.run(&mut client).await, ["E FATAL 28000", "closed"]);
    let mut client = tls(&server).await;
    let other = Attempt { binding: Some(vec![7; 32]), ..Attempt::plus(&client) };
    assert_eq!(other.run(&mut client).await, ["E FATAL 28000", "closed"]);
    let mut client = tls(&server).await;
    let unbound = Attempt { header: "n,,", binding: None, ..Attempt::plus(&client) };
    assert_eq!(unbound.run(&mut client).await, ["E FATAL 08P01", "closed"]);
    let mut client = tls(&server).await;
    let unique = Attempt { header: "p=tls-unique,,", ..Attempt::plus(&client) };
    assert_eq!(unique.run(&mut client).await, ["E FATAL 08P01", "closed"]);
}

#[tokio::test]
async fn s4_what_does_not_fit_the_exchange() {
    let server = careful().await;
    let honest = || Attempt::plain("ann", "secret");
    let cases = [
        (Attempt { mechanism: "SCRAM-SHA-256-PLUS", ..honest() }, "08P01"),
        (Attempt { mechanism: "PLAIN", ..honest() }, "08P01"),
        (Attempt { header: "p=tls-server-end-point,,", ..honest() }, "08P01"),
        (Attempt { header: "n,a=root,", ..honest() }, "0A000"),
        (Attempt { header: "x,,", ..honest() }, "08P01"),
        (Attempt { spoil: |said| said.replace("r=abc", "r=abd"), ..honest() }, "08P01"),
        (Attempt { spoil: |said| said.replace("c=biws", "c=eSws"), ..honest() }, "08P01"),
        (Attempt { spoil: |said| format!("{said},x=1"), ..honest() }, ""),
    ];
    for (attempt, state) in cases {
        let name = format!("{} {}", attempt.mechanism, attempt.header);
        let heard = attempt.run(&mut server.client().await).await;
        match state {
            "" => assert_eq!(heard, IN, "an extension that may be ignored"),
            state => assert_eq!(heard, [&format!("E FATAL {state}"), "closed"], "{name}"),
        }
    }
}

#[tokio::test]
async fn a_client_without_tls_support_may_say_y() {
    let server = careful().await;
    let attempt = Attempt { header: "y,,", ..Attempt::plain("ann", "secret") };
    assert_eq!(attempt.run(&mut server.client().await).await, IN);
}

#[tokio::test]
async fn s3_a_stripped_connection_asks_for_no_password() {
    let (_files, server) = encrypted(&[rule("hostssl", "scram-sha-256")]).await;
    let mut client = server.client().await;
    client.send(&startup(V3_0, &[("user", "ann")])).await;
    assert_eq!(client.rest().await, ["E FATAL 28000", "closed"]);
}

#[tokio::test]
async fn direct_tls_needs_alpn() {
    let (_files, server) = encrypted(&[]).await;
    let mut client = Client::tls(server.address, true, true, None).await.expect("encrypted");
    assert_eq!(Attempt::plus(&client).run(&mut client).await, IN);
    let mut client = Client::tls(server.address, true, false, None).await.expect("encrypted");
    assert_eq!(client.rest().await, ["E FATAL 08P01", "closed"]);
}

#[tokio::test]
async fn s7_certificates() {
    let (files, server) = encrypted(&[rule("hostssl", "cert")]).await;
    let log_in = async |identity| {
        let Ok(mut client) = Client::tls(server.address, false, false, identity).await else {
            return vec!["closed".to_owned()];
        };
        client.try_send(&startup(V3_0, &[("user", "ann")])).await;
        client.ready().await
    };
    assert_eq!(log_in(Some(files.make("ann"))).await.last().map(String::as_str), Some("Z I"));
    assert_eq!(log_in(Some(files.make("bob"))).await, ["E FATAL 28000", "closed"]);
    assert_eq!(log_in(None).await, ["E FATAL 28000", "closed"]);
    let stranger = Files::new().make("ann");
    assert_eq!(log_in(Some(stranger)).await, ["closed"]);
}

#[tokio::test]
async fn broken_files_stop_the_start_and_spare_a_reload() {
    let (files, server) = encrypted(&[]).await;
    let config = files.config();
    let good = std::fs::read_to_string(files.path("server.key")).expect("read");
    for broken in ["", "nonsense", &pem("PRIVATE KEY", b"xx")] {
        files.write("server.key", broken);
        assert!(start(&config).await.is_err(), "{broken:?}");
        assert_eq!(server.wire.reload(&config).expect_err("refused").state(), "F0000");
    }
    files.write("server.key", &good);
    let everybody = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644);
    std::fs::set_permissions(files.path("server.key"), everybody).expect("mode");
    assert!(start(&config).await.is_err(), "a key everybody can read");
    let mut client = tls(&server).await;
    assert_eq!(Attempt::plus(&client).run(&mut client).await, IN);
}

async fn start(config: &Config) -> crate::error::Result<super::Wire> {
    super::start(config, std::sync::Arc::new(Fake::default()), &crate::task::Tasks::new()).await
}

#[tokio::test]
async fn a_reload_changes_certificate_and_rules() {
    let (files, server) = encrypted(&[]).await;
    let before = tls(&server).await.server;
    let (certificate, key) = files.make("localhost");
    files.write("server.pem", &pem("CERTIFICATE", &certificate));
    files.write("server.key", &pem("PRIVATE KEY", key.secret_der()));
    let mut config = files.config();
    config.rule = vec![rule("host", "reject")];
    server.wire.reload(&config).expect("reloaded");
    let mut client = tls(&server).await;
    assert_ne!(client.server, before);
    client.send(&startup(V3_0, &[("user", "ann")])).await;
    assert_eq!(client.rest().await, ["E FATAL 28000", "closed"]);
}

#[tokio::test]
async fn a_server_without_tls_says_no() {
    let server = trusting().await;
    let mut client = server.client().await;
    client.send(&packet(SSL, &[])).await;
    assert_eq!(client.byte().await, Some(b'N'));
    client.send(&packet(super::client::GSS, &[])).await;
    assert_eq!(client.byte().await, Some(b'N'));
    client.log_in("ann").await;
}

// ---- limits

#[tokio::test]
async fn s6_guesses_run_out_before_any_crypto() {
    let server =
        serve(&config(&[("wire.max_attempts_per_minute", "3")]), Fake::with_passwords()).await;
    // Right ones cost nothing.
    for _ in 0..10 {
        assert_eq!(Attempt::plain("ann", "secret").run(&mut server.client().await).await, IN);
    }
    for _ in 0..3 {
        let heard = Attempt::plain("ann", "wrong").run(&mut server.client().await).await;
        assert_eq!(heard, ["E FATAL 28P01", "closed"]);
    }
    let heard = Attempt::plain("ann", "secret").run(&mut server.client().await).await;
    assert_eq!(heard, ["E FATAL 28000", "closed"]);
}

#[tokio::test]
async fn r2_silent_connections_time_out_and_make_room() {
    let flags = [("wire.max_unauthenticated", "2"), ("wire.startup_timeout", "3s")];
    let server = serve(&config(&flags), Fake::default()).await;
    let (mut one, mut two) = (server.client().await, server.client().await);
    // The accept loop takes them in order, so a refused third shows that both have their places.
    let mut three = server.client().await;
    assert_eq!(three.rest().await, ["E FATAL 53300", "closed"]);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let _honest = server.session().await;
    assert_eq!(one.rest().await, ["E FATAL 53300", "closed"], "the oldest made room");
    assert_eq!(two.rest().await, ["E FATAL 57014", "closed"], "the other had its time");
}

#[tokio::test]
async fn too_many_connections() {
    let server = serve(&config(&[("wire.max_connections", "1")]), Fake::default()).await;
    let first = server.session().await;
    let mut second = server.client().await;
    second.send(&startup(V3_0, &[("user", "ann")])).await;
    assert_eq!(second.rest().await, ["E FATAL 53300", "closed"]);
    drop(first);
    super::eventually("the seat is free", || server.wire.connections() == 0).await;
    let _third = server.session().await;
}
