//! `pg_catalog` and `information_schema`: every relation PostgreSQL 15 has, with its exact columns.
//!
//! Rows are PostgreSQL's own (`sql/system/*.txt`, with its OIDs) and those of the pinned generation, made when a
//! scan asks; no data file is ever opened. Relations that describe things Forebay cannot have (triggers, policies,
//! enums, …) exist and are empty. A failure leaves nothing behind: there is no state but decoded static rows.
//!
//! Imports: error, catalog, pg::facts, pg::types. Used by: query.

pub(crate) mod acl;
pub(crate) mod data;
mod depend;
mod domains;
pub(crate) mod dynamic;
mod extension;
pub(crate) mod index;
pub(crate) mod information;
pub(crate) mod keys;
mod provider;
pub(crate) mod rows;
pub(crate) mod rules;
pub(crate) mod settings;
pub(crate) mod system_indexes;
#[cfg(test)]
mod tests;
pub(crate) mod toast;
pub(crate) mod updatable;
mod usages;
pub(crate) mod views;

use std::sync::Arc;

use datafusion::catalog::TableProvider;

use super::facts::Facts;

/// The relation `name` of `pg_catalog` or `information_schema`; `None` when PostgreSQL 15 has none of that name.
pub fn relation(schema: &str, name: &str, facts: &Arc<Facts>) -> Option<Arc<dyn TableProvider>> {
    let relation = match (schema, name) {
        ("pg_catalog", "pg_get_keywords") => data::keywords(),
        _ => data::relation(schema, name)?,
    };
    Some(Arc::new(provider::SystemTable::new(relation, Arc::clone(facts))))
}

/// The relations of `pg_catalog` or `information_schema`, in bytewise order; empty for any other schema.
pub fn relation_names(schema: &str) -> Vec<&'static str> {
    data::relations()
        .filter(|relation| relation.schema == schema)
        .map(|relation| relation.name)
        .collect()
}
