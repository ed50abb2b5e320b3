//! What a view reads in the place of the log that it follows: rows that are put there for each run of its plan.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::memory::MemoryStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::future::{BoxFuture, FutureExt, ready};

/// Where the rows of the next run are put. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Vec<RecordBatch>>>);

impl Slot {
    /// Puts rows there; they have the columns that the plan reads.
    pub(super) fn put(&self, rows: Vec<RecordBatch>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rows;
    }

    fn take(&self) -> Vec<RecordBatch> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A log whose rows are those in a slot.
pub(super) struct DeltaTable {
    columns: SchemaRef,
    slot: Slot,
    /// How often a plan reads it.
    scans: Arc<AtomicUsize>,
}

impl DeltaTable {
    pub(super) fn new(columns: &SchemaRef, slot: &Slot) -> DeltaTable {
        DeltaTable { columns: Arc::clone(columns), slot: slot.clone(), scans: Arc::default() }
    }

    /// How often plans read it, counted from now on.
    pub(super) fn scans(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.scans)
    }
}

impl Debug for DeltaTable {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("rows of a log")
    }
}

impl TableProvider for DeltaTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.columns)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    // Written out: `#[async_trait]` would prove `Send` over all of `Expr` here at each build.
    fn scan<'life0, 'life1, 'life2, 'life3, 'async_trait>(
        &'life0 self,
        _session: &'life1 dyn Session,
        projection: Option<&'life2 Vec<usize>>,
        _filters: &'life3 [Expr],
        _limit: Option<usize>,
    ) -> BoxFuture<'async_trait, Result<Arc<dyn ExecutionPlan>>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        'life3: 'async_trait,
        Self: 'async_trait,
    {
        self.scans.fetch_add(1, Ordering::Relaxed);
        let all = (0..self.columns.fields().len()).collect();
        let places = projection.cloned().unwrap_or(all);
        let made = DeltaExec::new(&self.columns, places, &self.slot);
        ready(made.map(|exec| Arc::new(exec) as Arc<dyn ExecutionPlan>)).boxed()
    }
}

/// Gives the rows of a slot, once.
#[derive(Debug)]
pub(super) struct DeltaExec {
    /// The columns of the log that it gives.
    places: Vec<usize>,
    slot: Slot,
    properties: Arc<PlanProperties>,
}

impl DeltaExec {
    fn new(columns: &SchemaRef, places: Vec<usize>, slot: &Slot) -> Result<DeltaExec> {
        let columns: SchemaRef = Arc::new(columns.project(&places)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(columns),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(DeltaExec { places, slot: slot.clone(), properties: Arc::new(properties) })
    }

    /// The columns of the log that it gives.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }
}

impl DisplayAs for DeltaExec {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeltaExec")
    }
}

impl ExecutionPlan for DeltaExec {
    fn name(&self) -> &str {
        "DeltaExec"
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
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("rows of a log have no child"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("rows of a log have no child"),
        }
    }

    fn execute(
        &self,
        _partition: usize,
        _context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream, DataFusionError> {
        Ok(Box::pin(MemoryStream::try_new(self.slot.take(), self.schema(), None)?))
    }
}
