//! Forebay.

pub mod catalog;
pub mod cli;
pub mod config;
pub mod error;
pub mod journal;
pub mod mirror;
pub mod pg;
pub mod query;
pub mod server;
pub mod source;
pub mod store;
pub mod task;
pub mod version;
pub mod wire;
