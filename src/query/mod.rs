//! Query: SQL text to a stream of rows.
//!
//! Imports: error, config, task, catalog, version, pg. Used by: wire, server.

pub mod door;
pub mod parse;
