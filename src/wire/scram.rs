//! The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), with PostgreSQL's refusals.
//!
//! Invariant: an unknown role, a role without a password and an expired password go through the same steps at the
//! same cost as a wrong password, and end in the same words. No key is derived here, so a guess costs the server
//! two HMACs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use ring::digest;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::error::{Error, Result};
use crate::pg::decode::utf8;
use crate::pg::scram::{ITERATIONS, KEY_LEN, SALT_LEN, Verifier, sign};

/// Without channel binding.
pub(super) const PLAIN: &str = "SCRAM-SHA-256";
/// With channel binding.
pub(super) const PLUS: &str = "SCRAM-SHA-256-PLUS";

/// PostgreSQL's `SCRAM_RAW_NONCE_LEN`.
const NONCE_LEN: usize = 18;

/// One attempt of one client.
pub(super) struct Exchange {
    user: String,
    verifier: Verifier,
    /// Fails whatever the client proves.
    doomed: bool,
    /// The channel binding data, when PLUS was offered.
    binding: Option<Bytes>,
    begun: Option<Begun>,
}

/// What the last message is checked against.
struct Begun {
    first_bare: String,
    answer: String,
    nonce: String,
    channel: String,
    bound: bool,
}

impl Exchange {
    /// `verifier` is `None` for whom no password fits; `mock` is the server's secret that makes up a salt for them,
    /// the same for each name every time.
    pub(super) fn new(
        user: &str,
        verifier: Option<Verifier>,
        binding: Option<Bytes>,
        mock: &[u8],
    ) -> Exchange {
        let made_up = sign(mock, user.as_bytes());
        let doomed = verifier.is_none();
        let verifier = verifier.unwrap_or_else(|| Verifier {
            iterations: ITERATIONS,
            salt: made_up.iter().take(SALT_LEN).copied().collect(),
            stored_key: [0; KEY_LEN],
            server_key: [0; KEY_LEN],
        });
        Exchange { user: user.to_owned(), verifier, doomed, binding, begun: None }
    }

    /// The mechanisms to offer, best first.
    pub(super) fn mechanisms(&self) -> &'static [&'static str] {
        if self.binding.is_some() { &[PLUS, PLAIN] } else { &[PLAIN] }
    }

    /// Takes client-first, gives server-first.
    /// Errors: 08P01, 28000 and 0A000 as PostgreSQL has them.
    pub(super) fn first(&mut self, mechanism: &str, message: &[u8]) -> Result<String> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new()
            .fill(&mut nonce)
            .map_err(|e| Error::Internal(format!("could not get random bytes: {e}")))?;
        let plus = self.chosen(mechanism)?;
        let message = utf8(message)?;
        let (flag, rest) = message.split_once(',').ok_or_else(|| malformed("no gs2 header"))?;
        let (identity, bare) = rest.split_once(',').ok_or_else(|| malformed("no gs2 header"))?;
        self.check_flag(flag, plus)?;
        if identity.starts_with("a=") {
            return Err(Error::FeatureNotSupported(
                "client uses authorization identity, but it is not supported".to_owned(),
            ));
        }
        if !identity.is_empty() {
            return Err(malformed("unexpected attribute in the gs2 header"));
        }
        let mut attributes = bare.split(',');
        match attributes.next() {
            Some(name) if name.starts_with("n=") => {}
            Some(name) if name.starts_with("m=") => {
                return Err(Error::FeatureNotSupported(
                    "client requires an unsupported SCRAM extension".to_owned(),
                ));
            }
            _ => return Err(malformed("no user name")),
        }
        let theirs = attributes.next().and_then(|attribute| attribute.strip_prefix("r="));
        let theirs = theirs.ok_or_else(|| malformed("no nonce"))?;
        if theirs.is_empty() || !theirs.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Protocol("non-printable characters in SCRAM nonce".to_owned()));
        }
        let nonce = format!("{theirs}{}", BASE64.encode(nonce));
        let salt = BASE64.encode(&self.verifier.salt);
        let answer = format!("r={nonce},s={salt},i={}", self.verifier.iterations);
        let mut channel = format!("{flag},,").into_bytes();
        if plus {
            channel.extend_from_slice(self.binding.as_deref().unwrap_or_default());
        }
        self.begun = Some(Begun {
            first_bare: bare.to_owned(),
            answer: answer.clone(),
            nonce,
            channel: BASE64.encode(channel),
            bound: plus,
        });
        Ok(answer)
    }

    /// Takes client-final, gives server-final: the client has proved that it knows the password.
    /// Errors: 28P01 when it has not; 08P01 and 28000 as PostgreSQL has them. There is one try.
    pub(super) fn last(&mut self, message: &[u8]) -> Result<String> {
        let begun = self.begun.take().ok_or_else(|| malformed("no exchange has begun"))?;
        let message = utf8(message)?;
        let (said, proof) = message.rsplit_once(",p=").ok_or_else(|| malformed("no proof"))?;
        let mut attributes = said.split(',');
        let channel = attributes.next().and_then(|attribute| attribute.strip_prefix("c="));
        let channel = channel.ok_or_else(|| malformed("no channel binding"))?;
        if channel != begun.channel {
            return Err(if begun.bound {
                Error::InvalidAuthorization("SCRAM channel binding check failed".to_owned())
            } else {
                Error::Protocol(
                    "unexpected SCRAM channel-binding attribute in client-final-message".to_owned(),
                )
            });
        }
        let nonce = attributes.next().and_then(|attribute| attribute.strip_prefix("r="));
        if nonce.ok_or_else(|| malformed("no nonce"))? != begun.nonce {
            return Err(Error::Protocol("invalid SCRAM response".to_owned())
                .detail("Nonce does not match."));
        }
        let proof = BASE64.decode(proof).ok().filter(|proof| proof.len() == KEY_LEN);
        let proof = proof.ok_or_else(|| malformed("malformed proof"))?;

        let text = format!("{},{},{said}", begun.first_bare, begun.answer);
        let signature = sign(&self.verifier.stored_key, text.as_bytes());
        let client_key: Vec<_> = proof.iter().zip(signature).map(|(p, s)| p ^ s).collect();
        let stored_key = digest::digest(&digest::SHA256, &client_key);
        let proved = same(stored_key.as_ref(), &self.verifier.stored_key);
        let answer = sign(&self.verifier.server_key, text.as_bytes());
        if !proved || self.doomed {
            return Err(Error::InvalidPassword(self.user.clone()));
        }
        Ok(format!("v={}", BASE64.encode(answer)))
    }

    fn chosen(&self, mechanism: &str) -> Result<bool> {
        match mechanism {
            PLAIN => Ok(false),
            PLUS if self.binding.is_some() => Ok(true),
            _ => Err(Error::Protocol(
                "client selected an invalid SASL authentication mechanism".to_owned(),
            )),
        }
    }

    /// The flag must fit the mechanism, or somebody in between has changed one of them.
    fn check_flag(&self, flag: &str, plus: bool) -> Result<()> {
        match (flag, plus) {
            ("n", false) => Ok(()),
            ("y", false) if self.binding.is_none() => Ok(()),
            ("y", false) => Err(Error::InvalidAuthorization(
                "SCRAM channel binding negotiation error".to_owned(),
            )
            .detail(
                "The client supports SCRAM channel binding but thinks the server does not. \
                 However, this server does support channel binding.",
            )),
            ("n" | "y", true) => Err(malformed(
                "the client selected SCRAM-SHA-256-PLUS without channel binding data",
            )),
            ("p=tls-server-end-point", true) => Ok(()),
            (_, true) if flag.starts_with("p=") => {
                Err(Error::Protocol("unsupported SCRAM channel-binding type".to_owned()))
            }
            (_, false) if flag.starts_with("p=") => {
                Err(malformed("the client selected SCRAM-SHA-256 but sent channel binding data"))
            }
            _ => Err(malformed("unexpected channel-binding flag")),
        }
    }
}

fn malformed(what: &str) -> Error {
    Error::Protocol("malformed SCRAM message".to_owned()).detail(format!("Reason: {what}."))
}

/// Compares without telling by its time where the first difference is.
pub(super) fn same(one: &[u8], two: &[u8]) -> bool {
    let differing =
        one.iter().zip(two).fold(0, |bits, (a, b)| std::hint::black_box(bits | (a ^ b)));
    one.len() == two.len() && differing == 0
}
