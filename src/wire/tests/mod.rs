//! The wire against a scripted door, over real sockets.

mod attack;
mod client;
mod door;
mod fuzz;
mod login;
mod query;
mod stop;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{Wire, start};
use crate::config::Config;
use crate::task::Tasks;
use client::Client;
use door::Fake;

/// Long enough for a loaded machine; a test that passes never waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server of its own for one test.
struct Server {
    wire: Arc<Wire>,
    address: SocketAddr,
    fake: Arc<Fake>,
    tasks: Tasks,
}

fn config(flags: &[(&str, &str)]) -> Config {
    let flags = [("source", "/nowhere"), ("listen", "127.0.0.1:0")].iter().chain(flags);
    let flags: Vec<_> = flags.map(|(key, value)| ((*key).into(), (*value).into())).collect();
    Config::load(None, &flags).expect("test configuration")
}

async fn serve(config: &Config, fake: Fake) -> Server {
    let (fake, tasks) = (Arc::new(fake), Tasks::new());
    let wire = start(config, Arc::<Fake>::clone(&fake), &tasks).await.expect("starts");
    let address = *wire.addresses().first().expect("one address");
    Server { wire: Arc::new(wire), address, fake, tasks }
}

/// No role has a password: loopback is trusted.
async fn trusting() -> Server {
    serve(&config(&[]), Fake::default()).await
}

/// Ann has the password `secret`.
async fn careful() -> Server {
    serve(&config(&[]), Fake::with_passwords()).await
}

impl Server {
    async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Logged in by trust, up to the first ReadyForQuery.
    async fn session(&self) -> Client {
        let mut client = self.client().await;
        client.log_in("ann").await;
        client
    }

    /// The server still answers, and nobody has panicked a listener.
    async fn check_alive(&self) {
        assert!(!self.tasks.stop_token().is_cancelled());
        let mut client = self.session().await;
        assert_eq!(client.ask("select 1").await, ["T c:20", "D 1", "C SELECT 1", "Z I"]);
    }
}

/// Waits until `done` holds; the clock is only a limit.
async fn eventually(what: &str, done: impl Fn() -> bool) {
    let wait = async {
        while !done() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, wait).await.is_ok(), "{what}");
}
