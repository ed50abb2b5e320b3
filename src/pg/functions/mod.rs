//! Functions PostgreSQL has and DataFusion lacks.
//!
//! Those that need the session or the catalog are made per statement from its [`Facts`]; the others exist once.
//!
//! Imports: error, catalog, pg::facts, pg::catalog. Used by: query.

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

use super::facts::Facts;

/// Functions whose answer depends on their arguments alone.
pub fn immutable() -> Vec<Arc<ScalarUDF>> {
    Vec::new()
}

/// Aggregates PostgreSQL has and DataFusion lacks.
pub fn aggregates() -> Vec<Arc<AggregateUDF>> {
    Vec::new()
}

/// The function `name` (lower case, without `pg_catalog.`) as this statement sees it; `None` when it needs no session.
pub fn session_function(_name: &str, _facts: &Arc<Facts>) -> Option<Arc<ScalarUDF>> {
    None
}
