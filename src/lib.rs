//! Forebay serves datasets that others publish as plain files under a source root, in exact versions, to everything
//! that speaks PostgreSQL.
//!
//! # Words
//!
//! *source root*: the foreign place versions are published in, never written to · *database*: its first directory
//! level, a SQL schema · *version*: its second level, immutable · *table*: a directory of files, or files, inside a
//! version · *alias*: a second name for a version · *current version*: what the bare schema name means · *state
//! root*: where we keep what is ours · *journal*: the ordered, durable commits in it; a position is an *LSN* ·
//! *generation*: the immutable value of the catalog as of one LSN; a statement pins exactly one · *pin*: an `Arc`
//! that keeps a version's files alive · *sequence*, *block*: numbers never handed out twice; the unit reserved durably
//! at a time · *table* that users write: its definition is in the catalog, its *rows* are an immutable value beside it ·
//! *view*: a query under a name, planned anew at its use as its owner; a materialized one follows a log, up to its
//! *since* · *log*: a table whose rows are only added, numbered by `_seq`; *segment*: a file of its older rows.
//!
//! # Layers
//!
//! A room imports only rooms on lower layers; `tests/tidy.rs` checks it.
//!
//! | layer | rooms |
//! |---|---|
//! | 1 | [`error`]: every way to say no |
//! | 2 | [`config`], [`task`]: settings; tasks and the clock |
//! | 3 | [`source`], [`store`]: the foreign root; our own durable bytes |
//! | 4 | [`journal`], [`mirror`]: ordered commits; local copies of version files · [`rows`]: what written tables hold |
//! | 5 | [`catalog`]: what the journal says exists |
//! | 6 | [`version`]: discover, load, verify, activate, reap; files to tables · [`sequence`]: numbers handed out once · [`backup`]: all of it elsewhere, and back |
//! | 7 | [`log`]: files of the rows of logs, and logs as tables |
//! | 8 | [`pg`]: PostgreSQL's types, codecs, catalogs and functions |
//! | 9 | [`query`]: SQL text to a stream of rows |
//! | 10 | [`wire`]: the protocol |
//! | 11 | [`server`]; [`cli`] above it |
//!
//! # The path of a query
//!
//! `wire` accepts, cuts frames, authenticates → [`query::door`] → `query::session` → `query::parse` (a closed enum,
//! within limits) → a pinned [`catalog::Generation`] → `query::names` → `query::plan` → `query::privilege` →
//! `query::run`: rows that anything can stop → `pg::encode` writes batches straight to DataRow bytes → the socket.
//! Rows are pulled only when the socket takes them.
//!
//! # The path of a version
//!
//! [`version::Versions`] lists the source (period, SIGHUP, `forebay.refresh()`) → a complete, unseen version is
//! inspected, verified and, in mirror mode, copied → its manifest goes to the state root → the schema contract →
//! one `Activate` commit in the journal → the next generation → new statements see it, running ones keep their pin →
//! the reaper removes local files that nothing pins.
//!
//! # The path of a write
//!
//! A statement becomes [`catalog::Change`]s → the one committer validates them against the newest generation and
//! appends one frame per request, one fdatasync per group → durable, then visible, then acknowledged. A session that is
//! the only one to ask does the same where it is, as long as syncs are quick.
//!
//! Inside a transaction definitions are a draft: a generation that only its session sees, and the changes that made it,
//! which COMMIT sends to the committer as one request. [`sequence`] reserves numbers a block at a time in the same
//! journal; a block moves no definition, so plans and catalogs stay.
//!
//! INSERT, UPDATE and DELETE: queries over the table as it is say which rows come and which go → defaults, generated columns,
//! NOT NULL and checks → [`rows::Change`], which names the rows that go by their numbers → the committer makes it of the
//! newest rows, looks at keys and references, and refuses (40001) when a row that is to go is not there any more. A
//! statement outside of a transaction is tried again then; row locks keep that rare.
//!
//! At READ COMMITTED each statement of a transaction sees what others have committed to written tables before it, as
//! migration tools behind an advisory lock rely on; the versions of databases stay those of its beginning.
//!
//! Rows of a log get their numbers from the committer, so that they follow the order of commits. [`log`] puts the oldest of
//! those in memory into files; `query::following` folds those that come into what materialized views keep.
//!
//! Temporary tables are their session's alone and never get there: each change makes a new immutable value of all of
//! them, and a rollback takes the old one.

pub mod error;

pub mod config;
pub mod task;

pub mod source;
pub mod store;

pub mod journal;
pub mod mirror;
pub mod rows;

pub mod catalog;

pub mod backup;
pub mod sequence;
pub mod version;

pub mod log;

pub mod pg;

pub mod query;

pub mod wire;

pub mod server;

pub mod cli;
