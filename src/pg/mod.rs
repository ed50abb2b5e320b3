//! PostgreSQL's face: its types, their text and binary forms, its catalogs and functions.
//!
//! From the ground up: `types` and `adt` say what values there are, `decode` and `encode` read and write them,
//! `numeric` and `zone` calculate; `catalog` and `functions` answer; `checks`, `rewrite` and `apply` turn PostgreSQL's
//! statements into plans the engine has.
//!
//! Imports: error, catalog. Used by: query, wire.

pub(crate) mod adt;
pub mod apply;
pub mod catalog;
pub mod checks;
pub mod decode;
pub mod encode;
pub(crate) mod encodings;
pub mod facts;
pub mod functions;
pub(crate) mod interrupt;
pub(crate) mod numeric;
pub mod rewrite;
pub mod scram;
pub mod types;
pub mod zone;
