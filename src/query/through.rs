//! Operators that hand the rows of one input through, and differ in what they say of them.

use std::fmt::{self, Debug, Formatter};
use std::marker::PhantomData;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::statistics::{ChildStats, StatisticsArgs};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};

/// What such an operator does.
pub(super) trait Pass: Debug + Send + Sync + 'static {
    /// What EXPLAIN calls it.
    const NAME: &'static str;

    /// Its partitions: those of the input.
    fn partitioning(input: &dyn ExecutionPlan) -> Partitioning {
        input.properties().output_partitioning().clone()
    }

    /// The rows of one of them.
    fn rows(
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        input.execute(partition, context)
    }
}

/// The rows of `input`, of whose order and constants nothing is known.
#[derive(Debug)]
pub(super) struct Through<P> {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    pass: PhantomData<P>,
}

impl<P: Pass> Through<P> {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>) -> Through<P> {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            P::partitioning(input.as_ref()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Through { input, properties: Arc::new(properties), pass: PhantomData }
    }
}

impl<P: Pass> DisplayAs for Through<P> {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(P::NAME)
    }
}

impl<P: Pass> ExecutionPlan for Through<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
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
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Through::<P>::new(input))),
            Err(_children) => internal_err!("{} has one input", P::NAME),
        }
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
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        P::rows(&self.input, partition, context)
    }

    fn child_stats_requests(&self, _partition: Option<usize>) -> Vec<ChildStats> {
        vec![ChildStats::At(None)]
    }

    /// How many rows there are in all: joins are planned by that.
    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut known = Statistics::new_unknown(&self.schema());
        if let (Some(input), None) = (inputs.first(), args.partition()) {
            (known.num_rows, known.total_byte_size) = (input.num_rows, input.total_byte_size);
        }
        Ok(Arc::new(known))
    }
}
