//! Passwords as PostgreSQL keeps them: SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677). The password itself is never
//! kept, and checking a proof against a verifier costs two HMACs, no key derivation.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SecureRandom as _;
use ring::{digest, hmac, pbkdf2, rand};

use crate::error::{Error, Result};

/// The bytes of SHA-256, and of every key here.
pub const KEY_LEN: usize = digest::SHA256_OUTPUT_LEN;

/// PostgreSQL's `scram_iterations`. Ten times more makes every login of a libpq client cost tens of milliseconds of
/// its CPU; a tenth makes a stolen verifier ten times cheaper to guess.
pub const ITERATIONS: u32 = 4_096;

/// PostgreSQL's salt length in bytes.
pub const SALT_LEN: usize = 16;

/// Beyond this a verifier would make clients work for minutes; PostgreSQL has no such limit.
const ITERATIONS_MAX: u32 = 10_000_000;

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    /// Rounds of key derivation the client does.
    pub iterations: u32,
    /// The salt, decoded.
    pub salt: Vec<u8>,
    /// Checks the client's proof.
    pub stored_key: [u8; KEY_LEN],
    /// Proves the server to the client.
    pub server_key: [u8; KEY_LEN],
}

impl Verifier {
    /// Derives a verifier from a password, prepared as PostgreSQL does: SASLprep, or the bytes as they are where
    /// SASLprep refuses them.
    pub fn derive(password: &str, salt: &[u8], iterations: NonZeroU32) -> Verifier {
        let prepared = stringprep::saslprep(password).unwrap_or(password.into());
        let mut salted = [0; KEY_LEN];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            iterations,
            salt,
            prepared.as_bytes(),
            &mut salted,
        );
        let client_key = sign(&salted, b"Client Key");
        let mut stored_key = [0; KEY_LEN];
        stored_key.copy_from_slice(digest::digest(&digest::SHA256, &client_key).as_ref());
        let server_key = sign(&salted, b"Server Key");
        Verifier { iterations: iterations.get(), salt: salt.to_vec(), stored_key, server_key }
    }

    /// Reads `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Verifier> {
        let (head, keys) = text.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
        let (iterations, salt) = head.split_once(':')?;
        let (stored_key, server_key) = keys.split_once(':')?;
        let iterations = iterations.parse().ok().filter(|n| (1..=ITERATIONS_MAX).contains(n))?;
        Some(Verifier {
            iterations,
            salt: BASE64.decode(salt).ok().filter(|salt| !salt.is_empty())?,
            stored_key: BASE64.decode(stored_key).ok()?.try_into().ok()?,
            server_key: BASE64.decode(server_key).ok()?.try_into().ok()?,
        })
    }

    /// PostgreSQL's text form.
    pub fn to_text(&self) -> String {
        format!(
            "SCRAM-SHA-256${}:{}${}:{}",
            self.iterations,
            BASE64.encode(&self.salt),
            BASE64.encode(self.stored_key),
            BASE64.encode(self.server_key)
        )
    }
}

/// HMAC-SHA-256.
pub fn sign(key: &[u8], message: &[u8]) -> [u8; KEY_LEN] {
    let mut signature = [0; KEY_LEN];
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    signature.copy_from_slice(tag.as_ref());
    signature
}

/// The verifier to keep for `password` with a fresh salt. A text that is a verifier already is taken as it is, so
/// that dumps of roles load.
///
/// Errors: an empty password (22023); an MD5 hash (0A000); no random bytes (XX000).
pub fn verifier(password: &str) -> Result<String> {
    if password.is_empty() {
        return Err(Error::InvalidParameterValue(
            "empty string is not a valid password".to_owned(),
        ));
    }
    if Verifier::parse(password).is_some() {
        return Ok(password.to_owned());
    }
    let md5 = password.strip_prefix("md5");
    if md5.is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(Error::FeatureNotSupported("md5 passwords are not supported".to_owned())
            .hint("Give the password itself, or a SCRAM-SHA-256 verifier."));
    }
    let mut salt = [0; SALT_LEN];
    rand::SystemRandom::new()
        .fill(&mut salt)
        .map_err(|e| Error::Internal(format!("could not get random bytes: {e}")))?;
    let iterations = NonZeroU32::new(ITERATIONS).expect("the constant is not zero");
    Ok(Verifier::derive(password, &salt, iterations).to_text())
}

#[cfg(test)]
mod tests {
    use super::{BASE64, Verifier, verifier};
    use base64::Engine as _;
    use std::num::NonZeroU32;

    /// The example of RFC 7677, section 3: user `user`, password `pencil`.
    #[test]
    fn rfc_7677() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("base64");
        let made = Verifier::derive("pencil", &salt, NonZeroU32::new(4096).expect("not zero"));
        assert_eq!(
            made.to_text(),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==\
             $WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
        assert!(Verifier::parse(&made.to_text()) == Some(made));
    }

    #[test]
    fn made_verifiers_parse_and_differ() {
        let (one, two) = (verifier("secret").expect("made"), verifier("secret").expect("made"));
        assert_ne!(one, two);
        assert!(Verifier::parse(&one).is_some());
        assert_eq!(verifier(&one).expect("kept"), one);
    }

    #[test]
    fn what_is_not_a_password_is_refused() {
        assert_eq!(verifier("").expect_err("empty").state(), "22023");
        let md5 = format!("md5{}", "0f".repeat(16));
        assert_eq!(verifier(&md5).expect_err("md5").state(), "0A000");
    }

    #[test]
    fn broken_verifiers_do_not_parse() {
        for text in ["", "SCRAM-SHA-256$", "SCRAM-SHA-256$0:AAAA$AA:AA", "SCRAM-SHA-256$4096:$A:B"]
        {
            assert!(Verifier::parse(text).is_none(), "{text}");
        }
    }
}
