//! A system relation as DataFusion scans it.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::data::SystemRelation;
use super::dynamic::Scope;
use super::{acl, dynamic, rows};
use crate::error::Error;
use crate::pg::facts::Facts;

/// One relation of PostgreSQL's schemas as one statement sees it.
pub(crate) struct SystemTable {
    relation: &'static SystemRelation,
    facts: Arc<Facts>,
}

/// Relations of which everybody may read some columns, and nothing but those is in them here.
const OF_COLUMNS: &[&str] = &["pg_subscription"];

impl SystemTable {
    pub(crate) fn new(relation: &'static SystemRelation, facts: Arc<Facts>) -> SystemTable {
        SystemTable { relation, facts }
    }

    fn plan(&self, projection: Option<&Vec<usize>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.check()?;
        let source = MemorySourceConfig::try_new_exec(
            &[vec![self.batch()?]],
            Arc::clone(&self.relation.arrow),
            projection.cloned(),
        )?;
        Ok(source)
    }

    /// Errors: 42501 for a relation that is not the user's to read.
    fn check(&self) -> Result<()> {
        let SystemRelation { name, kind, acl, .. } = self.relation;
        if OF_COLUMNS.contains(name) || acl::readable(acl, &self.facts, self.facts.reader()) {
            return Ok(());
        }
        let kind = if *kind == 'v' { "view" } else { "table" };
        let error = Error::InsufficientPrivilege(format!("permission denied for {kind} {name}"));
        Err(DataFusionError::External(Box::new(error)))
    }

    /// Its rows, from those kept where others may have asked before.
    fn batch(&self) -> Result<RecordBatch> {
        static FIXED: LazyLock<Mutex<HashMap<&'static str, RecordBatch>>> =
            LazyLock::new(Mutex::default);
        let SystemRelation { schema, name, .. } = self.relation;
        let make = || {
            let rows = dynamic::rows(self.relation, &self.facts);
            Ok(rows::batch(&self.relation.arrow, &rows, None)?)
        };
        match dynamic::scope(self.relation) {
            Scope::Fixed => {
                let kept = || FIXED.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(batch) = kept().get(name) {
                    return Ok(batch.clone());
                }
                let batch = make()?;
                kept().insert(name, batch.clone());
                Ok(batch)
            }
            Scope::Generation => self.facts.index().batch((schema, name, None), make),
            Scope::Reader => {
                // How names are written in defaults depends on the path.
                let path = self.facts.search_path.join("\0");
                let reader = (self.facts.user.clone(), format!("{}\0{path}", self.facts.database));
                self.facts.index().batch((schema, name, Some(reader)), make)
            }
            Scope::Statement => make(),
        }
    }
}

impl fmt::Debug for SystemTable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.relation.schema, self.relation.name)
    }
}

impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.relation.arrow)
    }

    fn table_type(&self) -> TableType {
        if self.relation.kind == 'v' { TableType::View } else { TableType::Base }
    }

    fn scan<'life0, 'life1, 'life2, 'life3, 'async_trait>(
        &'life0 self,
        _state: &'life1 dyn Session,
        projection: Option<&'life2 Vec<usize>>,
        _filters: &'life3 [Expr],
        _limit: Option<usize>,
    ) -> Pin<Box<dyn Future<Output = Result<Arc<dyn ExecutionPlan>>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        'life3: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(self.plan(projection)))
    }
}
