//! Forebay.

pub mod catalog;
pub mod config;
pub mod error;
pub mod journal;
pub mod pg;
pub mod query;
pub mod store;
pub mod mirror;
pub mod source;
pub mod task;
pub mod wire;
pub mod version;
