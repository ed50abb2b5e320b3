//! Catalog: what the journal says exists, as an immutable [`Generation`].
//!
//! Imports: error, config, task, store, journal. Used by: version, pg, query, server.

pub mod change;
pub mod generation;
pub mod manifest;
mod privileges;
pub mod roles;

pub use generation::Generation;
pub use change::{Change, Move};
/// t
#[derive(Clone,Debug)]
pub struct Catalog;
impl Catalog {
    /// t
    pub fn pin(&self) -> std::sync::Arc<Generation> { std::sync::Arc::default() }
    /// t
    pub async fn commit(&self, _c: Vec<change::Change>) -> crate::error::Result<std::sync::Arc<Generation>> { Ok(self.pin()) }
    /// t
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> { unimplemented!() }
}
