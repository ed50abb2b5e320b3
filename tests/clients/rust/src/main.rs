//! Drivers of Rust against Forebay, their answers compared with PostgreSQL's.
//!
//! Arguments: DSN of the server under test, DSN of PostgreSQL. Prints one line per failed case and, last, the line that
//! `tests/run` counts by.

mod postgres;
mod sqlx;

use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;

/// Long enough for every case on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

const SLOW: &str = "SELECT count(*) FROM lineitem a, lineitem b, lineitem c \
    WHERE a.l_comment < b.l_comment AND b.l_comment < c.l_comment";

/// What a program sees of a server, as text.
type Outcome = Result<String, Box<dyn Error>>;

/// Both servers and what was counted.
struct Suite {
    server: String,
    oracle: String,
    /// Cases known to differ: lines `suite | case | reason` of tests/data/known.txt.
    known: HashSet<String>,
    passed: u32,
    failed: u32,
}

impl Suite {
    /// A case of what `body` makes of either server: the same.
    async fn agree(&mut self, name: &str, body: impl AsyncFn(String) -> Outcome) {
        let got = told(body(self.server.clone())).await;
        let want = told(body(self.oracle.clone())).await;
        match (got == want, self.known.contains(&format!("rust | {name}"))) {
            (true, false) => self.passed += 1,
            (false, true) => println!("known difference: {name}"),
            (true, true) => {
                self.failed += 1;
                println!("FAILED {name}: agrees now, remove it from tests/data/known.txt");
            }
            (false, false) => {
                self.failed += 1;
                println!("FAILED {name}: {got:.700}, PostgreSQL has {want:.700}");
            }
        }
    }
}

/// The outcome, or how it failed.
async fn told(outcome: impl Future<Output = Outcome>) -> String {
    match tokio::time::timeout(PATIENCE, outcome).await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => failure(error.as_ref()),
        Err(_elapsed) => "no end".to_owned(),
    }
}

/// What a program sees of an error of either driver.
fn failure(error: &(dyn Error + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<tokio_postgres::Error>() {
        return postgres::failure(error);
    }
    match error.downcast_ref::<::sqlx::Error>() {
        Some(error) => sqlx::failure(error),
        None => error.to_string(),
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(server), Some(oracle)) = (args.next(), args.next()) else {
        panic!("which servers?");
    };
    let known =
        std::fs::read_to_string("tests/data/known.txt").expect("run where Forebay's sources are");
    let known =
        known.lines().filter_map(|line| Some(line.rsplit_once(" | ")?.0.to_owned())).collect();
    let mut suite = Suite { server, oracle, known, passed: 0, failed: 0 };
    postgres::cases(&mut suite).await;
    sqlx::cases(&mut suite).await;
    println!("{} passed, {} failed, 0 skipped", suite.passed, suite.failed);
    std::process::exit(i32::from(suite.failed > 0));
}
