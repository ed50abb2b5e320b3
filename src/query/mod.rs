//! Query: SQL text to a stream of rows.
//!
//! Owns: sessions, statements, plans and what runs them. The path of a statement: `session` (what the client may do
//! now) → `parse` (text to a closed enum, within limits) → `names` (what its names mean in the pinned generation) →
//! `plan` → `privilege` → `run` (a stream that anything can stop).
//! Invariants:
//!   1. Only a [`parse::Statement`] ever runs; nothing reaches DataFusion but a query.
//!   2. A statement sees one generation; a transaction block keeps it, but for what others write to tables in READ COMMITTED.
//!   3. A row stream holds the versions it reads, and dropping it stops the work.
//!
//! On failure: the statement ends with a code, its block is failed, the session goes on.
//!
//! Imports: error, config, task, catalog, version, backup, pg. Used by: wire, server.

mod activity;
mod channels;
mod clock;
mod columns;
mod compared;
mod conditions;
mod deadline;
pub mod door;
pub mod engine;
mod explain;
mod failure;
mod following;
mod kept;
mod known;
mod locks;
mod names;
mod numeric;
mod once;
mod ordered;
mod outer;
mod parameters;
pub mod parse;
mod physical;
mod places;
mod plan;
mod postponed;
mod privilege;
mod returned;
mod row_locks;
mod run;
pub mod session;
pub mod settings;
mod snapshots;
pub mod system;
mod through;
mod views;
mod wakes;
