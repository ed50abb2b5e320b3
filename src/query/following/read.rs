//! A view that follows a log, as a statement reads it: it waits until the view has come as far as the statement asks.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result as PlanResult, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::future::{BoxFuture, FutureExt, ready};
use futures::{StreamExt, TryStreamExt};
use tokio::sync::OnceCell;

use super::{Following, Published, State};
use crate::error::{Error, Result};

/// The views of one statement, seen at one moment.
#[derive(Debug, Default)]
pub(in crate::query) struct Cut {
    needs: Mutex<Vec<Need>>,
    taken: OnceCell<Arc<Published>>,
}

/// A view that a statement reads.
#[derive(Debug, Clone, Copy)]
pub(in crate::query) struct Need {
    pub(in crate::query) view: u32,
    /// The number of its log that it has to have come to.
    pub(in crate::query) since: i64,
    /// How often rows of the log had been redacted: those must not be shown again.
    pub(in crate::query) redactions: u64,
}

impl Cut {
    fn need(&self, need: Need) {
        self.needs.lock().unwrap_or_else(PoisonError::into_inner).push(need);
    }

    /// All views, when each that the statement reads is far enough, or it has waited for so long.
    async fn take(
        &self,
        following: &Following,
        patience: Option<Duration>,
    ) -> Result<Arc<Published>> {
        let needs = self.needs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let taken = self.taken.get_or_try_init(|| async {
            let waited = reached(following, &needs, true);
            match patience {
                None => waited.await,
                Some(limit) => match tokio::time::timeout(limit, waited).await {
                    Ok(reached) => reached,
                    // What is there has to do; where there is nothing yet, that is waited for.
                    Err(_late) => reached(following, &needs, false).await,
                },
            }
        });
        taken.await.cloned()
    }
}

/// All views, when those that are needed are there and, with `far`, far enough.
/// Errors: why one of them cannot be read; 57P01 when the process stops.
async fn reached(following: &Following, needs: &[Need], far: bool) -> Result<Arc<Published>> {
    let mut ticks = following.ticks();
    loop {
        ticks.borrow_and_update();
        let published = following.published();
        let mut ready = true;
        for need in needs {
            let Some(shown) = published.views.get(&need.view) else {
                following.check_there(need.view)?;
                ready = false;
                continue;
            };
            match &shown.state {
                State::Failed(error) => return Err(error.clone()),
                State::Building => ready = false,
                State::Ready => {
                    ready &= need.redactions <= shown.redactions;
                    ready &= !far || need.since <= shown.since;
                }
            }
        }
        if ready {
            return Ok(published);
        }
        if ticks.changed().await.is_err() {
            return Err(Error::AdminShutdown("administrator command"));
        }
    }
}

/// What a statement reads of a view.
pub(in crate::query) struct FollowingTable {
    pub(in crate::query) columns: SchemaRef,
    pub(in crate::query) following: Arc<Following>,
    pub(in crate::query) cut: Arc<Cut>,
    pub(in crate::query) need: Need,
    /// How long that is waited for; `None` as long as it takes.
    pub(in crate::query) patience: Option<Duration>,
}

impl Debug for FollowingTable {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "materialized view {}", self.need.view)
    }
}

impl TableProvider for FollowingTable {
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
    ) -> BoxFuture<'async_trait, PlanResult<Arc<dyn ExecutionPlan>>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        'life3: 'async_trait,
        Self: 'async_trait,
    {
        self.cut.need(self.need);
        let all = (0..self.columns.fields().len()).collect();
        let places: Vec<usize> = projection.cloned().unwrap_or(all);
        let made = self.columns.project(&places).map(|columns| {
            let properties = PlanProperties::new(
                EquivalenceProperties::new(Arc::new(columns)),
                Partitioning::UnknownPartitioning(1),
                EmissionType::Incremental,
                Boundedness::Bounded,
            );
            Arc::new(FollowingExec {
                following: Arc::clone(&self.following),
                cut: Arc::clone(&self.cut),
                view: self.need.view,
                patience: self.patience,
                places,
                properties: Arc::new(properties),
            }) as Arc<dyn ExecutionPlan>
        });
        ready(made.map_err(DataFusionError::from)).boxed()
    }
}

/// Waits for a view, and gives its rows.
#[derive(Debug)]
struct FollowingExec {
    following: Arc<Following>,
    cut: Arc<Cut>,
    view: u32,
    patience: Option<Duration>,
    places: Vec<usize>,
    properties: Arc<PlanProperties>,
}

impl FollowingExec {
    async fn rows(
        following: Arc<Following>,
        cut: Arc<Cut>,
        (view, patience): (u32, Option<Duration>),
        context: Arc<TaskContext>,
    ) -> PlanResult<Vec<RecordBatch>> {
        let external = |error: Error| DataFusionError::External(Box::new(error));
        let published = cut.take(&following, patience).await.map_err(external)?;
        let Some(shown) = published.views.get(&view) else {
            return internal_err!("the view {view} is gone");
        };
        shown.rows(&context).await.map_err(external)
    }
}

impl DisplayAs for FollowingExec {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "FollowingExec: view={}", self.view)
    }
}

impl ExecutionPlan for FollowingExec {
    fn name(&self) -> &str {
        "FollowingExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> PlanResult<TreeNodeRecursion>,
    ) -> PlanResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("a view that follows has no child"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("a view that follows has no child"),
        }
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> PlanResult<SendableRecordBatchStream> {
        let columns = self.schema();
        let (following, cut) = (Arc::clone(&self.following), Arc::clone(&self.cut));
        let places = self.places.clone();
        let rows = FollowingExec::rows(following, cut, (self.view, self.patience), context);
        let batches = futures::stream::once(rows)
            .map_ok(|rows| futures::stream::iter(rows.into_iter().map(PlanResult::Ok)))
            .try_flatten()
            .map(move |batch: PlanResult<RecordBatch>| Ok(batch?.project(&places)?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(columns, batches)))
    }
}
