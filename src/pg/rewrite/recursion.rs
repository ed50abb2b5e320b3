//! WITH RECURSIVE for all keys at once: the table of what the last round found has the keys beside its columns.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Projection, RecursiveQuery, TableScan,
};

use super::dependent::Keys;

/// The names of keys in that table, before a number.
const KEY: &str = "__forebay_key_";

/// The table of the last round's rows, with keys.
#[derive(Clone)]
pub(super) struct Working {
    name: String,
    scan: LogicalPlan,
}

impl Working {
    pub(super) fn new(name: &str, first: &LogicalPlan) -> Result<Working> {
        let fields = first.schema().fields().iter();
        let fields = fields.map(|field| field.as_ref().clone().with_nullable(true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
        let source = provider_as_source(Arc::new(CteWorkTable::new(name, schema)));
        let scan = LogicalPlanBuilder::scan(name, source, None)?.build()?;
        Ok(Working { name: name.to_owned(), scan })
    }

    fn is_read_by(&self, scan: &TableScan) -> bool {
        let provider = source_as_provider(&scan.source).ok();
        let table = provider.as_ref().and_then(|provider| {
            (provider.as_ref() as &dyn std::any::Any).downcast_ref::<CteWorkTable>()
        });
        table.is_some_and(|table| table.name() == self.name)
    }

    /// `plan` with it in the place of the table that the planner made for it.
    pub(super) fn read_in(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let LogicalPlan::TableScan(own) = &self.scan else { return Ok(plan) };
        let read = plan.transform_up_with_subqueries(|node| {
            let node = match node {
                LogicalPlan::TableScan(scan) if self.is_read_by(&scan) => {
                    let source = Arc::clone(&own.source);
                    LogicalPlanBuilder::scan(scan.table_name, source, scan.projection)?.build()?
                }
                other => other.recompute_schema()?,
            };
            Ok(Transformed::yes(node))
        })?;
        Ok(read.data)
    }

    /// Whether `plan` reads it.
    pub(super) fn is_in(&self, plan: &LogicalPlan) -> bool {
        let found = plan.exists(|plan| {
            Ok(matches!(plan, LogicalPlan::TableScan(scan) if self.is_read_by(scan)))
        });
        found.unwrap_or(true)
    }

    /// The keys and the columns of `scan` out of it; `None` for another table.
    pub(super) fn rows(&self, keys: &Keys, scan: &TableScan) -> Result<Option<LogicalPlan>> {
        if !self.is_read_by(scan) {
            return Ok(None);
        }
        let input = Arc::new(self.scan.clone());
        let all = keys.names().into_iter().enumerate().map(|(at, key)| {
            let own = Column::new(Some(self.name.as_str()), format!("{KEY}{at}"));
            Expr::Column(own).alias_qualified(key.relation, key.name)
        });
        let own = scan.projected_schema.iter().map(|(qualifier, field)| {
            let own = Column::new(Some(self.name.as_str()), field.name());
            Expr::Column(own).alias_qualified(qualifier.cloned(), field.name())
        });
        let columns = all.chain(own).collect();
        Ok(Some(LogicalPlan::Projection(Projection::try_new(columns, input)?)))
    }
}

/// The rows of a recursive query for every key.
pub(super) fn spread(keys: &Keys, query: &RecursiveQuery) -> Result<LogicalPlan> {
    let (start, step) = (&query.static_term, &query.recursive_term);
    let first = named(keys, keys.spread(start)?, start, start)?;
    let working = Working::new(&query.name, &first)?;
    let keys = &keys.within(working);
    let next = named(keys, keys.spread(step)?, step, start)?;
    let rows = LogicalPlanBuilder::from(first)
        .to_recursive_query(query.name.clone(), next, query.is_distinct)?
        .build()?;
    let names = keys.names().into_iter().map(|key| (key.relation, key.name));
    let own =
        query.schema.iter().map(|(qualifier, field)| (qualifier.cloned(), field.name().clone()));
    let columns = rows.schema().columns().into_iter().zip(names.chain(own));
    let columns = columns
        .map(|(column, (qualifier, name))| Expr::Column(column).alias_qualified(qualifier, name));
    let columns: Vec<Expr> = columns.collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(rows))?))
}

/// Keys and columns of `term` under names that differ, those of `first`, of no table.
fn named(
    keys: &Keys,
    plan: LogicalPlan,
    term: &LogicalPlan,
    first: &LogicalPlan,
) -> Result<LogicalPlan> {
    let all = keys.names().into_iter().enumerate();
    let all = all.map(|(at, key)| Expr::Column(key).alias(format!("{KEY}{at}")));
    let own = term.schema().columns().into_iter().zip(first.schema().fields());
    let own = own.map(|(column, field)| Expr::Column(column).alias(field.name()));
    let columns: Vec<Expr> = all.chain(own).collect();
    Ok(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?))
}
