//! PostgreSQL's face: its types, their text and binary forms, its catalogs and functions.
//!
//! Imports: error, catalog. Used by: query, wire.

pub mod encode;
pub mod scram;
pub mod types;
