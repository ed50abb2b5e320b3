//! The table of keys that an inner plan reads.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Column, Result, internal_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};

/// What the table is called in plans.
pub(crate) const KEYS: &str = "__forebay_keys";
/// Its first column: the keys' numbers within one portion of outer rows.
pub(crate) const NUMBER: &str = "number";

/// The column of key `index`.
pub(crate) fn key(index: usize) -> Column {
    Column::new(Some(KEYS), format!("key{index}"))
}

/// A scan of keys of these types.
pub(crate) fn scan(fields: &[FieldRef]) -> Result<LogicalPlan> {
    let columns = fields.iter().enumerate().map(|(index, field)| {
        field.as_ref().clone().with_name(key(index).name).with_nullable(true)
    });
    let number = Field::new(NUMBER, DataType::Int64, false);
    let schema = Schema::new(std::iter::once(number).chain(columns).collect::<Vec<Field>>());
    let source = provider_as_source(Arc::new(Keys { schema: Arc::new(schema) }));
    LogicalPlanBuilder::scan(KEYS, source, None)?.build()
}

#[derive(Debug)]
struct Keys {
    schema: SchemaRef,
}

impl TableProvider for Keys {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
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
        let columns =
            projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        Box::pin(std::future::ready(KeysExec::new(&self.schema, columns)))
    }
}

/// Gives the keys it was told of last, see [`bound`].
#[derive(Debug)]
struct KeysExec {
    columns: Vec<usize>,
    rows: Option<Arc<RecordBatch>>,
    properties: Arc<PlanProperties>,
}

impl KeysExec {
    #[expect(clippy::new_ret_no_self, reason = "planners hand plans around as trait objects")]
    fn new(schema: &SchemaRef, columns: Vec<usize>) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(schema.project(&columns)?);
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Ok(Arc::new(KeysExec { columns, rows: None, properties }))
    }
}

/// `plan` over these keys.
pub(super) fn bound(
    plan: Arc<dyn ExecutionPlan>,
    rows: RecordBatch,
) -> Result<Arc<dyn ExecutionPlan>> {
    use datafusion::common::tree_node::{Transformed, TreeNode};
    let rows: Arc<dyn Any + Send + Sync> = Arc::new(rows);
    let told = plan.transform_down(|plan| {
        Ok(match plan.with_new_state(Arc::clone(&rows)) {
            Some(told) => Transformed::yes(told),
            None => Transformed::no(plan),
        })
    });
    Ok(told?.data)
}

/// The types `plan` reads keys as, by their index.
pub(super) fn types(plan: &Arc<dyn ExecutionPlan>) -> HashMap<usize, DataType> {
    let mut types = HashMap::new();
    let mut plans = vec![plan];
    while let Some(plan) = plans.pop() {
        plans.extend(plan.children());
        if let Some(keys) = plan.downcast_ref::<KeysExec>() {
            let schema = keys.schema();
            let read = keys.columns.iter().zip(schema.fields());
            let read = read.filter_map(|(column, field)| {
                Some((column.checked_sub(1)?, field.data_type().clone()))
            });
            types.extend(read);
        }
    }
    types
}

impl DisplayAs for KeysExec {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeysExec")
    }
}

impl ExecutionPlan for KeysExec {
    fn name(&self) -> &str {
        "KeysExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
    }

    fn execute(
        &self,
        _partition: usize,
        _context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let Some(rows) = &self.rows else {
            return internal_err!("keys are read before they are told");
        };
        let rows = rows.project(&self.columns)?;
        Ok(Box::pin(MemoryStream::try_new(vec![rows], self.schema(), None)?))
    }

    fn with_new_state(&self, state: Arc<dyn Any + Send + Sync>) -> Option<Arc<dyn ExecutionPlan>> {
        let rows = state.downcast::<RecordBatch>().ok()?;
        let (columns, properties) = (self.columns.clone(), Arc::clone(&self.properties));
        Some(Arc::new(KeysExec { columns, rows: Some(rows), properties }))
    }
}
