//! Forebay: datasets published as plain files, served in exact versions to everything that speaks PostgreSQL.
//!
//! # Words
//!
//! One word per thing, in code, SQL, messages and documents alike.
//!
//! | word | meaning |
//! |---|---|
//! | source root | the foreign place versions are published in; only read |
//! | database | its first directory level; an SQL schema |
//! | version | its second level: an immutable directory of tables; names order bytewise |
//! | table | inside a version: a directory of files, or a file |
//! | alias | a second name for a version of a database; moves atomically |
//! | current version | what the bare schema name means when the session pins nothing |
//! | state root | the local directory where everything written through Forebay is kept |
//! | journal, LSN | the one ordered, durable sequence of commits in the state root; a position in it |
//! | generation | the immutable value of the whole catalog as of one LSN; a statement pins exactly one |
//! | pin | an `Arc` that keeps a version's files |
//! | server log | what the server prints |
//!
//! # Layers
//!
//! A room is a folder whose `mod.rs` is its only door. It imports only rooms above it in this list; rooms of one line
//! do not know each other. `tests/tidy.rs` checks it.
//!
//! ```text
//! error           every way to say no, each with its SQLSTATE
//! config task     settings as checked types; named tasks, the clock, the one way to stop
//! source store    the source root: list, read, never write; our own durable bytes
//! journal mirror  ordered commits over the store; local copies of version files
//! catalog         what the journal says exists, as a Generation
//! version         discover, load, verify, activate, retire; scans of version files
//! pg              PostgreSQL's face: types, encodings, catalogs, functions
//! query           SQL text to a stream of rows; the boxed door that is all the wire sees
//! wire            the protocol: frames, authentication, TLS, messages, cancel
//! server          builds the rooms in order, obeys signals, stops gracefully
//! cli             the subcommands, the demo, everything printed outside the server log
//! ```
//!
//! # Paths
//!
//! **A query.** `wire` accepts, guards frames, authenticates → `query::session` parses to a closed `Statement` and
//! pins a `Generation` → names resolve to tables of exact versions, privileges are checked on the resolved plan →
//! DataFusion plans and runs over `version::provider` → batches go through `pg::encode` straight into DataRow bytes.
//! Rows are pulled only as the socket takes them; cancel, timeout, disconnect and stop are one token in the stream.
//!
//! **A new version.** `version`'s keeper lists the source (a period, SIGHUP, `forebay.refresh()`) → what is complete
//! and unseen is verified, mirrored if so set, and inspected into a manifest → the schema contract → one commit in the
//! journal → the next generation. A failed load never touches what is served.
//!
//! **A change** (role, grant, alias, activation). Validated against the newest generation by the one committer →
//! durable → visible → acknowledged, in this order everywhere.

pub mod error;

pub mod config;
pub mod task;

pub mod source;
pub mod store;

pub mod journal;
pub mod mirror;

pub mod catalog;

pub mod version;

pub mod pg;

pub mod query;

pub mod wire;

pub mod server;

pub mod cli;
