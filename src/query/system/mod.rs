//! The schema `forebay`: views over what is loaded and functions that change it (DESIGN 5.3).
use std::sync::Arc;
use arrow::datatypes::{Schema,SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::scalar::ScalarValue;
use crate::error::Result;
use super::engine::Engine;
use crate::pg::facts::{Facts,OtherRelation};
/// What the views and functions need.
pub struct System {
    /// The versions of all databases.
    pub versions: crate::version::Versions,
    /// The settings.
    pub config: Arc<crate::config::Config>,
}
/// One call of a function of ours.
pub struct Invocation {
    /// Its name without the schema, in lower case.
    pub function: String,
    /// The arguments, as given.
    pub arguments: Vec<ScalarValue>,
    /// `name => value` names, by position.
    pub names: Vec<Option<String>>,
    /// The role in effect.
    pub by: String,
    /// Whether it may do everything.
    pub superuser: bool,
    /// `(database, version)` pairs the session's last statement read.
    pub last_versions: Vec<(String, String)>,
}
/// The columns of a function's result (before a plan exists, for Describe). Errors: 42883 for an unknown function.
pub fn describe(_f:&str)->Result<SchemaRef>{Ok(Arc::new(Schema::empty()))}
/// Whether a function changes something, and so may not run inside a transaction block.
pub fn changes(_f:&str)->bool{false}
/// Runs a function. Cancel safe.
/// Errors: 42883 for a wrong name or argument list, 42501 for who may not, the function's own.
pub async fn call(_e:&Arc<Engine>, _i: Invocation)->Result<(SchemaRef,Vec<RecordBatch>)>{ Ok((Arc::new(Schema::empty()),vec![]))}
impl Engine {
    pub(super) fn system_view(&self,_n:&str,_f:&Arc<Facts>)->Option<Arc<dyn datafusion::catalog::TableProvider>>{None}
    pub(super) fn system_relations(&self)->Arc<[OtherRelation]>{Arc::new([])}
}
