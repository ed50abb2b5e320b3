//! Versions: discover, load, verify, activate, reap; and what hands their tables to SQL.
//!
//! Imports: error, config, task, source, mirror, catalog. Used by: query, server.

mod decode;
pub mod inspect;
pub mod objects;
pub mod provider;
pub mod shape;
mod thrift;
