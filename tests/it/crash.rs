//! kill -9 at any moment of a load or an alias change: the restarted server serves what was acknowledged last.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::support::{Answer, Client, Dice, Server, Site, count, numbered};

/// What a client was promised, and what it had asked for when the server died.
#[derive(Debug, Clone, Default, PartialEq)]
struct Promise {
    kept: Option<i64>,
    asked: Option<i64>,
}

impl Promise {
    fn allows(&self, found: Option<i64>) -> bool {
        found == self.kept || (self.asked.is_some() && found == self.asked)
    }
}

#[derive(Debug, Default)]
struct Promises {
    alias: Promise,
    current: Promise,
}

/// How far publishing and acknowledged loading have come.
struct Progress {
    published: AtomicI64,
    loaded: AtomicI64,
}

#[test]
fn a_restart_serves_the_last_acknowledged_state() {
    let rounds = count("FOREBAY_TEST_KILLS", 20);
    let mut dice = Dice::new();
    let site = Site::new();
    for version in 1..=4 {
        publish(&site, version);
    }
    let progress = Progress { published: AtomicI64::new(4), loaded: AtomicI64::new(4) };
    let mut promises = Promises::default();
    let mode = ["direct", "mirror"];
    for round in 0..rounds {
        let server = serve(&site, mode[round % 2]);
        let mut client = server.connect();
        let found = (alias(&mut client), current(&mut client));
        let context = format!("round {round}, seed {}: {found:?}, {promises:?}", dice.seed);
        if round > 0 {
            assert!(promises.alias.allows(found.0), "alias, {context}");
            assert!(promises.current.allows(found.1), "current version, {context}");
        }
        promises.alias = Promise { kept: found.0, asked: None };
        promises.current = Promise { kept: found.1, asked: None };
        let shared = Mutex::new(std::mem::take(&mut promises));
        let delay = Duration::from_millis(dice.below(150));
        let address = server.address;
        std::thread::scope(|scope| {
            scope.spawn(|| change(address, &shared, progress.loaded.load(Ordering::Relaxed)));
            scope.spawn(|| load(address, &site, &progress));
            std::thread::sleep(delay);
            server.kill();
        });
        promises = shared.into_inner().unwrap();
    }
    let server = serve(&site, "direct");
    let mut client = server.connect();
    let found = (alias(&mut client), current(&mut client));
    assert!(promises.alias.allows(found.0) && promises.current.allows(found.1), "{found:?}");
}

fn serve(site: &Site, mode: &str) -> Server {
    let keep = ["--versions-keep-versions", "1000", "--versions-auto-activate", "false"];
    site.serve(&[&["--versions-mode", mode][..], &keep].concat())
}

/// Moves the alias and the current version until the server dies.
fn change(address: SocketAddr, promises: &Mutex<Promises>, loaded: i64) {
    let Some(mut client) = connect(address) else { return };
    for step in 0_i64.. {
        let version = 1 + (step * 7) % loaded;
        let name = name(version);
        // A version that was passed over while its load was cut short is loaded when asked for.
        if !went_well(&client.query(&format!("SELECT forebay.load('d', '{name}')"))) {
            return;
        }
        promises.lock().unwrap().alias.asked = Some(version);
        let done = client.query(&format!("SELECT forebay.set_alias('d', 'prod', '{name}')"));
        if !went_well(&done) {
            return;
        }
        promises.lock().unwrap().alias = Promise { kept: Some(version), asked: None };
        promises.lock().unwrap().current.asked = Some(version);
        if !went_well(&client.query(&format!("SELECT forebay.activate('d', '{name}')"))) {
            return;
        }
        promises.lock().unwrap().current = Promise { kept: Some(version), asked: None };
    }
}

/// Loads a new version or two until the server dies.
fn load(address: SocketAddr, site: &Site, progress: &Progress) {
    let Some(mut client) = connect(address) else { return };
    for _ in 0..2 {
        let version = progress.published.fetch_add(1, Ordering::Relaxed) + 1;
        publish(site, version);
        if !went_well(&client.query("SELECT forebay.refresh()")) {
            return;
        }
        progress.loaded.store(version, Ordering::Relaxed);
    }
}

fn connect(address: SocketAddr) -> Option<Client> {
    // The server may be dead already: then there is nothing to change.
    std::panic::catch_unwind(|| {
        Client::open(address, &[("user", "forebay"), ("database", "forebay")]).ok()
    })
    .ok()
    .flatten()
}

/// Whether it was acknowledged. A refusal is a bug, a closed connection is the kill.
fn went_well(answer: &Answer) -> bool {
    assert!(answer.error.is_none(), "{:?}", answer.error);
    !answer.tags.is_empty()
}

fn alias(client: &mut Client) -> Option<i64> {
    version_of(client, "SELECT max(version) FROM \"d@prod\".t")
}

fn current(client: &mut Client) -> Option<i64> {
    version_of(client, "SELECT max(version) FROM d.t")
}

fn version_of(client: &mut Client, sql: &str) -> Option<i64> {
    let answer = client.query(sql);
    match answer.state() {
        "00000" => Some(answer.rows[0][0].as_ref().unwrap().parse().unwrap()),
        "42P01" | "3F000" | "42704" | "55000" => None,
        _ => panic!("{sql}: {:?}", answer.error),
    }
}

fn name(version: i64) -> String {
    format!("v{version:06}")
}

fn publish(site: &Site, version: i64) {
    site.publish("d", &name(version), "t", &numbered(version, 10));
}
