//! Catalog: what the journal says exists, as an immutable [`Generation`].
//!
//! Imports: error, config, task, store, journal. Used by: version, pg, query, server.

pub mod generation;
pub mod manifest;
pub mod roles;

pub use generation::Generation;
