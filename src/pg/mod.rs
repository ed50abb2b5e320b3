//! PostgreSQL's face: its types, their text and binary forms, its catalogs and functions.
//!
//! Imports: error, catalog. Used by: query, wire.

pub(crate) mod adt;
pub mod apply;
pub mod catalog;
pub mod checks;
pub mod decode;
pub mod encode;
pub mod facts;
pub mod functions;
pub(crate) mod interrupt;
pub(crate) mod numeric;
pub mod rewrite;
pub mod scram;
pub mod types;
pub mod zone;
