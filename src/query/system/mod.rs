//! The schema `forebay`: views of what exists and what happens, and functions that change it.
//!
//! Views are rows built when a scan asks, from the statement's pinned generation and, for what only the process knows
//! (loads, pins, what the source shows), from the moment. Functions have effects, so they never reach a plan: the
//! session sees a call that stands alone and runs it here.
//! Invariants: whoever may connect may read the views, without passwords and without the text of others' statements;
//! only superusers change anything. OIDs of the views follow their place in `views::VIEWS`, which only grows.
//! On failure: an error for the caller; what a function had not committed has not happened.
//!
//! Imports: error, config, task, catalog, version, backup, pg. Used by: query::session, query::names, server.

mod arguments;
mod functions;
#[cfg(test)]
mod tests;
mod views;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;

use super::engine::Engine;
use crate::backup::Backups;
use crate::catalog::generation::RelationIds;
use crate::config::Config;
use crate::pg::catalog::rows;
use crate::pg::facts::{FOREBAY_SCHEMA, Facts, OtherRelation};
use crate::version::Versions;

pub(super) use functions::{Invocation, call, changes, describe, is_of_log};

/// `pg_class.oid` of the first view. PostgreSQL 15 leaves 9000 to 9989 free, three per view are taken.
const FIRST_OID: u32 = 9_000;

/// What the views and functions look at besides the statement's facts. Clones are cheap and mean the same.
#[derive(Clone, Debug)]
pub struct System {
    /// The versions of all databases.
    pub versions: Versions,
    /// The settings.
    pub config: Arc<Config>,
    /// Makes backups.
    pub backups: Arc<Backups>,
}

impl Engine {
    /// The view `name` as one statement sees it; `None` when there is none of that name.
    pub(super) fn system_view(
        &self,
        name: &str,
        facts: &Arc<Facts>,
    ) -> Option<Arc<dyn TableProvider>> {
        views::provider(name, self, facts)
    }

    /// The views as PostgreSQL's catalogs list them.
    #[expect(
        clippy::unused_self,
        reason = "logs and views of users will come from the engine's catalog"
    )]
    pub(super) fn system_relations(&self) -> Arc<[OtherRelation]> {
        static RELATIONS: LazyLock<Arc<[OtherRelation]>> = LazyLock::new(relations);
        Arc::clone(&RELATIONS)
    }
}

fn relations() -> Arc<[OtherRelation]> {
    let numbered = (FIRST_OID..).step_by(3).zip(views::VIEWS);
    numbered
        .map(|(oid, view)| OtherRelation {
            schema: FOREBAY_SCHEMA.to_owned(),
            name: view.name.to_owned(),
            ids: RelationIds { relation: oid, array_type: oid + 1, row_type: oid + 2 },
            kind: 'v',
            columns: schema(view.columns),
            rows: None,
            bytes: 0,
            definition: None,
            comment: Some(view.about.to_owned()),
        })
        .collect()
}

/// Columns as (name, PostgreSQL type).
type Columns = &'static [(&'static str, &'static str)];

fn schema(columns: Columns) -> SchemaRef {
    let fields: Vec<_> = columns.iter().map(|(name, kind)| rows::field(name, kind)).collect();
    Arc::new(Schema::new(fields))
}

/// Sizes and counts as `int8` shows them.
fn whole<T: TryInto<i64>>(count: T) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
