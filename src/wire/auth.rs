//! Who may connect from where, and how they prove who they are.
//!
//! Rules work like PostgreSQL's pg_hba.conf: the first that matches decides, and no match means no. Without any rule,
//! loopback is trusted while no role has a password; once one has, loopback gives a password, other addresses give
//! it over TLS, and everything else is refused.
//! Invariant: every error that leaves here ends the connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::frame::{Channel, Halt, Phase, Stream};
use super::limit::{Attempt, Attempts};
use super::message::Body;
use super::scram::Exchange;
use super::startup::Startup;
use super::{Gate, Shared, backend, tls};
use crate::catalog::roles::BOOTSTRAP_ROLE;
use crate::config;
use crate::error::{Error, Result};
use crate::pg::decode::utf8;
use crate::pg::scram::Verifier;
use crate::query::door::{Credentials, Door};
use crate::task::Clock;

/// How long an attempt waits for a token: others that succeed give theirs back within milliseconds, so a pool that
/// opens all its connections at once gets through.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it looks.
const PATIENCE_STEP: Duration = Duration::from_millis(50);

/// How a client proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Trust,
    Scram,
    Cert,
    Reject,
}

/// The rules in order; empty means the defaults.
#[derive(Debug, Default)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// Whether it must be encrypted, or must not.
    tls: Option<bool>,
    databases: Vec<String>,
    users: Vec<String>,
    address: Address,
    method: Method,
}

#[derive(Debug)]
enum Address {
    All,
    Loopback,
    Network { address: IpAddr, bits: u32 },
}

/// Who wants in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Applicant<'a> {
    pub(super) user: &'a str,
    pub(super) database: &'a str,
    pub(super) address: IpAddr,
    pub(super) tls: bool,
}

impl Rules {
    /// Errors: [`Error::Configuration`] for a rule that cannot be meant; no rule is skipped.
    pub(super) fn read(rules: &[config::Rule]) -> Result<Rules> {
        rules.iter().map(Rule::read).collect::<Result<_>>().map(Rules)
    }

    /// `has_passwords`: whether any role has one, which decides the defaults.
    fn decide(&self, who: Applicant<'_>, has_passwords: bool) -> Option<Method> {
        let local = who.address.to_canonical().is_loopback();
        if self.0.is_empty() {
            return match (has_passwords, local, who.tls) {
                (false, true, _) => Some(Method::Trust),
                (true, true, _) | (true, false, true) => Some(Method::Scram),
                _ => None,
            };
        }
        self.0.iter().find(|rule| rule.matches(who)).map(|rule| rule.method)
    }
}

impl Rule {
    fn read(rule: &config::Rule) -> Result<Rule> {
        let wrong = |what: &str, value: &str| {
            Error::Configuration(format!("invalid {what} in a rule: \"{value}\""))
        };
        if let Some(group) = rule.user.iter().find(|user| user.starts_with(['+', '@', '/'])) {
            return Err(wrong("user", group).hint("Name the roles themselves."));
        }
        Ok(Rule {
            tls: match rule.connection.as_str() {
                "host" => None,
                "hostssl" => Some(true),
                "hostnossl" => Some(false),
                other => return Err(wrong("connection", other)),
            },
            databases: rule.database.clone(),
            users: rule.user.clone(),
            address: Address::read(&rule.address).ok_or_else(|| wrong("address", &rule.address))?,
            method: match rule.method.as_str() {
                "trust" => Method::Trust,
                "scram-sha-256" => Method::Scram,
                "cert" if rule.connection == "hostssl" => Method::Cert,
                "cert" => {
                    return Err(wrong("method", "cert")
                        .hint("Certificates come with TLS only: write connection = \"hostssl\"."));
                }
                "reject" => Method::Reject,
                other => return Err(wrong("method", other)),
            },
        })
    }

    fn matches(&self, who: Applicant<'_>) -> bool {
        // A connection may name a version of a database (`sales@2024-01`); a rule for the database covers it.
        let base = who.database.split_once('@').map_or(who.database, |(base, _)| base);
        self.tls.is_none_or(|tls| tls == who.tls)
            && self.databases.iter().any(|database| match database.as_str() {
                "all" => true,
                "sameuser" => who.database == who.user,
                name => name == who.database || name == base,
            })
            && self.users.iter().any(|user| user == "all" || user == who.user)
            && self.address.contains(who.address.to_canonical())
    }
}

impl Address {
    fn read(text: &str) -> Option<Address> {
        match text {
            "all" => return Some(Address::All),
            "loopback" => return Some(Address::Loopback),
            _ => {}
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Address::Network { address, bits })
    }

    fn contains(&self, peer: IpAddr) -> bool {
        match *self {
            Address::All => true,
            Address::Loopback => peer.is_loopback(),
            Address::Network { address, bits } => match (address, peer) {
                (IpAddr::V4(net), IpAddr::V4(peer)) => {
                    (net.to_bits() ^ peer.to_bits()).leading_zeros() >= bits
                }
                (IpAddr::V6(net), IpAddr::V6(peer)) => {
                    (net.to_bits() ^ peer.to_bits()).leading_zeros() >= bits
                }
                _ => false,
            },
        }
    }
}

/// Lets the client prove that it is `startup.user`, and says AuthenticationOk.
/// Errors: every one is fatal; whether the role exists shows in none of them where a password is asked.
pub(super) async fn authenticate(
    channel: &mut Channel,
    shared: &Shared,
    gate: &Gate,
    startup: &Startup,
    peer: SocketAddr,
) -> Result<(), Halt> {
    let who = Applicant {
        user: &startup.user,
        database: &startup.database,
        address: peer.ip(),
        tls: matches!(channel.stream, Stream::Tls(_)),
    };
    let has_passwords = shared.door.has_passwords();
    match gate.rules.decide(who, has_passwords) {
        None => return Err(Halt::Fatal(refused("no rule allows", who))),
        Some(Method::Reject) => return Err(Halt::Fatal(refused("a rule rejects", who))),
        Some(Method::Trust) => trust(&shared.door, who, has_passwords).map_err(Halt::Fatal)?,
        Some(Method::Cert) => certify(channel, &shared.door, who).map_err(Halt::Fatal)?,
        Some(Method::Scram) => {
            let attempt = admitted(&shared.attempts, who).await.map_err(Halt::Fatal)?;
            let binding = gate.tls.as_ref().filter(|_| who.tls).and_then(|tls| tls.binding.clone());
            scram(channel, shared, who, binding).await?;
            shared.attempts.succeeded(&attempt);
        }
    }
    backend::authentication_ok(&mut channel.output);
    Ok(())
}

fn refused(what: &str, who: Applicant<'_>) -> Error {
    let Applicant { user, database, address, tls } = who;
    let encryption = if tls { "SSL encryption" } else { "no encryption" };
    Error::InvalidAuthorization(format!(
        "{what} host \"{address}\", user \"{user}\", database \"{database}\", {encryption}"
    ))
}

fn trust(door: &Arc<dyn Door>, who: Applicant<'_>, has_passwords: bool) -> Result<()> {
    if credentials(door, who.user)?.is_some() || (who.user == BOOTSTRAP_ROLE && !has_passwords) {
        return Ok(());
    }
    Err(Error::InvalidAuthorization(format!("role \"{}\" does not exist", who.user)).hint(
        "Connect as \"forebay\", the superuser while no role has a password, and create the role.",
    ))
}

fn certify(channel: &Channel, door: &Arc<dyn Door>, who: Applicant<'_>) -> Result<()> {
    let name = match &channel.stream {
        Stream::Tls(stream) => tls::client_name(stream),
        Stream::Plain(_) | Stream::Closed => None,
    };
    let Some(name) = name else {
        return Err(Error::InvalidAuthorization(
            "connection requires a valid client certificate".to_owned(),
        ));
    };
    if name != who.user || credentials(door, who.user)?.is_none() {
        return Err(Error::InvalidAuthorization(format!(
            "certificate authentication failed for user \"{}\"",
            who.user
        )));
    }
    Ok(())
}

/// A role store that cannot be read refuses everybody, and keeps its reasons for the server log.
fn credentials(door: &Arc<dyn Door>, user: &str) -> Result<Option<Credentials>> {
    door.credentials(user).map_err(|error| {
        tracing::error!(?error, "could not look up a role");
        Error::InvalidAuthorization("could not look up the role".to_owned())
    })
}

async fn admitted(attempts: &Attempts, who: Applicant<'_>) -> Result<Attempt> {
    let deadline = Clock::instant() + PATIENCE;
    loop {
        if let Some(attempt) = attempts.begin(who.address, who.user) {
            return Ok(attempt);
        }
        if Clock::instant() >= deadline {
            return Err(Error::InvalidAuthorization(format!(
                "too many authentication attempts for user \"{}\"",
                who.user
            )));
        }
        tokio::time::sleep(PATIENCE_STEP).await;
    }
}

async fn scram(
    channel: &mut Channel,
    shared: &Shared,
    who: Applicant<'_>,
    binding: Option<Bytes>,
) -> Result<(), Halt> {
    let verifier = usable(credentials(&shared.door, who.user).map_err(Halt::Fatal)?, &shared.clock);
    let mut exchange = Exchange::new(who.user, verifier, binding, &shared.mock);
    backend::authentication_sasl(&mut channel.output, exchange.mechanisms());
    channel.flush().await?;
    let (mechanism, first) =
        initial(channel.frame(Phase::Authentication).await?.body).map_err(Halt::Fatal)?;
    let answer = exchange.first(&mechanism, &first).map_err(Halt::Fatal)?;
    backend::authentication_sasl_continue(&mut channel.output, &answer);
    channel.flush().await?;
    let last = channel.frame(Phase::Authentication).await?.body;
    let answer = exchange.last(&last).map_err(Halt::Fatal)?;
    backend::authentication_sasl_final(&mut channel.output, &answer);
    Ok(())
}

/// The verifier, where a password may be used at all.
fn usable(credentials: Option<Credentials>, clock: &Clock) -> Option<Verifier> {
    let credentials = credentials?;
    let expired = credentials.valid_until_us.is_some_and(|until| until < clock.now_us());
    Verifier::parse(&credentials.verifier?).filter(|_| !expired)
}

/// SASLInitialResponse: the mechanism and client-first.
fn initial(body: Bytes) -> Result<(String, Bytes)> {
    let mut body = Body::new(body);
    let mechanism = body.text()?;
    let response = body.value()?;
    body.end()?;
    let response = response.filter(|response| !response.is_empty()).ok_or_else(|| {
        Error::Protocol("malformed SCRAM message".to_owned())
            .detail("Reason: the initial response is missing.")
    })?;
    utf8(&response)?;
    Ok((mechanism, response))
}

#[cfg(test)]
mod tests {
    use super::{Applicant, Method, Rules};
    use crate::config;

    fn rule(line: &str) -> config::Rule {
        let [connection, database, user, address, method] =
            line.split(' ').collect::<Vec<_>>().try_into().expect("five fields");
        config::Rule {
            connection: connection.into(),
            database: vec![database.into()],
            user: vec![user.into()],
            address: address.into(),
            method: method.into(),
        }
    }

    fn check(rules: &[&str], user: &str, address: &str, tls: bool) -> Option<Method> {
        let rules: Vec<_> = rules.iter().map(|line| rule(line)).collect();
        let who =
            Applicant { user, database: "sales@v1", address: address.parse().expect("ip"), tls };
        Rules::read(&rules).expect("rules").decide(who, true)
    }

    #[test]
    fn first_match_wins_and_no_match_is_no() {
        let rules = [
            "host all mallory all reject",
            "hostssl sales all 10.0.0.0/8 scram-sha-256",
            "host all all loopback trust",
        ];
        assert_eq!(check(&rules, "mallory", "127.0.0.1", true), Some(Method::Reject));
        assert_eq!(check(&rules, "ann", "10.255.0.1", true), Some(Method::Scram));
        assert_eq!(check(&rules, "ann", "::ffff:10.1.1.1", true), Some(Method::Scram));
        assert_eq!(check(&rules, "ann", "10.255.0.1", false), None);
        assert_eq!(check(&rules, "ann", "11.0.0.1", true), None);
        assert_eq!(check(&rules, "ann", "::1", false), Some(Method::Trust));
    }

    #[test]
    fn defaults() {
        let decide = |address: &str, tls, passwords| {
            let address = address.parse().expect("ip");
            Rules::default()
                .decide(Applicant { user: "ann", database: "d", address, tls }, passwords)
        };
        assert_eq!(decide("127.0.0.1", false, false), Some(Method::Trust));
        assert_eq!(decide("192.0.2.1", true, false), None);
        assert_eq!(decide("127.0.0.1", false, true), Some(Method::Scram));
        assert_eq!(decide("192.0.2.1", true, true), Some(Method::Scram));
        assert_eq!(decide("192.0.2.1", false, true), None);
    }

    #[test]
    fn rules_that_cannot_be_meant_stop_the_start() {
        for line in [
            "local all all all trust",
            "host all all 10.0.0.0/33 trust",
            "host all all everywhere trust",
            "host all all all md5",
            "host all all all cert",
            "host all +staff all trust",
        ] {
            assert!(Rules::read(&[rule(line)]).is_err(), "{line}");
        }
    }
}
