//! Forebay.

pub mod catalog;
pub mod config;
pub mod error;
pub mod journal;
pub mod mirror;
pub mod pg;
pub mod query;
pub mod source;
pub mod store;
pub mod task;
pub mod version;
