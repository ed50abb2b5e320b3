//! The dependent join as it runs.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, UInt64Array, new_null_array,
};
use arrow::compute::{cast, concat_batches, interleave, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use arrow::row::{RowConverter, SortField};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{
    ChildrenPropertiesMode, ReplaceChildrenOptions, reset_plan_states,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use futures::{StreamExt, TryStreamExt};

use super::keys::{NUMBER, bound};
use super::node::Kind;
use crate::error::Error;

/// Outer rows per run of the inner plan. Ten times more would hold too much of what belongs to them in memory, a tenth
/// would run the inner plan, which may read whole tables, too often.
const PORTION_ROWS: usize = 65_536;

/// Runs `inner` for portions of the rows of `outer`, whose order it keeps. The inner plan is no child: rules that look
/// at the whole plan must not change it, see [`super::planner`].
#[derive(Debug)]
pub(super) struct ApplyExec {
    outer: Arc<dyn ExecutionPlan>,
    inner: Arc<dyn ExecutionPlan>,
    keys: Vec<usize>,
    kind: Kind,
    properties: Arc<PlanProperties>,
}

impl ApplyExec {
    /// `schema` has the columns of `outer`, then the names of those that are added.
    pub(super) fn new(
        outer: Arc<dyn ExecutionPlan>,
        inner: Arc<dyn ExecutionPlan>,
        keys: Vec<usize>,
        kind: Kind,
        schema: &Schema,
    ) -> Result<ApplyExec> {
        let outer_schema = outer.schema();
        let inner_schema = inner.schema();
        let width = outer_schema.fields().len();
        let added = schema.fields().iter().skip(width).enumerate().map(|(index, field)| {
            // The inner plan may know better than it said before it was optimised.
            let known = match kind {
                Kind::Exists | Kind::Any => field.data_type(),
                _ => inner_schema.field(index + 1).data_type(),
            };
            Arc::new(field.as_ref().clone().with_data_type(known.clone()))
        });
        let fields: Vec<FieldRef> = outer_schema.fields().iter().cloned().chain(added).collect();
        let schema = Arc::new(Schema::new(fields));
        let orderings = outer.equivalence_properties().oeq_class().iter().cloned();
        let properties = PlanProperties::new(
            EquivalenceProperties::new_with_orderings(schema, orderings),
            outer.output_partitioning().clone(),
            outer.pipeline_behavior(),
            outer.boundedness(),
        );
        Ok(ApplyExec { outer, inner, keys, kind, properties: Arc::new(properties) })
    }
}

impl DisplayAs for ApplyExec {
    fn fmt_as(&self, _kind: DisplayFormatType, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApplyExec: {:?}, keys={:?}", self.kind, self.keys)
    }
}

impl ExecutionPlan for ApplyExec {
    fn name(&self) -> &str {
        "ApplyExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.outer]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
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
            Ok([outer]) => {
                let (inner, keys) = (Arc::clone(&self.inner), self.keys.clone());
                Ok(Arc::new(ApplyExec::new(outer, inner, keys, self.kind, &self.schema())?))
            }
            Err(_children) => internal_err!("a dependent join has one child"),
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
        let reservation =
            MemoryConsumer::new(format!("ApplyExec[{partition}]")).register(context.memory_pool());
        let run = Run {
            outer: self.outer.execute(partition, Arc::clone(&context))?.fuse(),
            inner: Arc::clone(&self.inner),
            keys: self.keys.clone(),
            kind: self.kind,
            schema: self.schema(),
            batch_rows: context.session_config().batch_size(),
            context,
            reservation,
            pending: None,
        };
        let batches = futures::stream::try_unfold(run, |mut run| async move {
            Ok(run.next().await?.map(|batch| (batch, run)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}

/// One partition of it.
struct Run {
    outer: futures::stream::Fuse<SendableRecordBatchStream>,
    inner: Arc<dyn ExecutionPlan>,
    keys: Vec<usize>,
    kind: Kind,
    schema: SchemaRef,
    batch_rows: usize,
    context: Arc<TaskContext>,
    reservation: MemoryReservation,
    pending: Option<Joined>,
}

impl Run {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(joined) = &mut self.pending {
                if let Some(batch) = joined.next(&self.schema, self.batch_rows)? {
                    return Ok(Some(batch));
                }
                self.pending = None;
                self.reservation.free();
            }
            let Some(outer) = self.portion().await? else { return Ok(None) };
            self.pending = Some(self.join(outer).await?);
        }
    }

    /// The next outer rows; `None` after the last.
    async fn portion(&mut self) -> Result<Option<RecordBatch>> {
        let mut batches = Vec::new();
        let mut rows = 0;
        while rows < PORTION_ROWS
            && let Some(batch) = self.outer.next().await
        {
            let batch = batch?;
            rows += batch.num_rows();
            self.reservation.try_grow(batch.get_array_memory_size())?;
            batches.push(batch);
        }
        match batches.first() {
            None => Ok(None),
            Some(first) => Ok(Some(concat_batches(&first.schema(), &batches)?)),
        }
    }

    async fn join(&mut self, outer: RecordBatch) -> Result<Joined> {
        let keys = Keys::of(&outer, &self.keys)?;
        let told = keys.told(&outer, &self.keys, &self.inner)?;
        let plan = bound(reset_plan_states(Arc::clone(&self.inner))?, told)?;
        let mut rows = plan.execute(0, Arc::clone(&self.context))?;
        let values = match self.kind {
            Kind::Exists => {
                let mut found = vec![false; keys.count];
                while let Some(batch) = rows.try_next().await? {
                    for number in numbers(&batch)? {
                        *slot(&mut found, number)? = true;
                    }
                }
                Values::Column(Arc::new(BooleanArray::from(found)))
            }
            Kind::Any => {
                let mut found = vec![Some(false); keys.count];
                while let Some(batch) = rows.try_next().await? {
                    let truths = batch.column(1).as_boolean_opt();
                    for (row, number) in numbers(&batch)?.enumerate() {
                        let truth = truths
                            .filter(|truths| truths.is_valid(row))
                            .map(|truths| truths.value(row));
                        let known = slot(&mut found, number)?;
                        // True over NULL, NULL over false.
                        *known = match (*known, truth) {
                            (Some(true), _) | (_, Some(true)) => Some(true),
                            (None, _) | (_, None) => None,
                            (Some(false), Some(false)) => Some(false),
                        };
                    }
                }
                Values::Column(Arc::new(BooleanArray::from(found)))
            }
            Kind::Single | Kind::Rows | Kind::RowsOrNulls => {
                let mut batches = Vec::new();
                while let Some(batch) = rows.try_next().await? {
                    self.reservation.try_grow(batch.get_array_memory_size())?;
                    batches.push(batch);
                }
                Values::Rows(Rows::new(&batches, &rows.schema(), keys.count, self.kind)?)
            }
        };
        Ok(Joined { outer, numbers: keys.numbers, values, row: 0, taken: 0 })
    }
}

/// Which key each row of a portion has: equal ones have one number.
struct Keys {
    numbers: Vec<usize>,
    count: usize,
    /// A row of each.
    first: UInt64Array,
}

impl Keys {
    fn of(outer: &RecordBatch, columns: &[usize]) -> Result<Keys> {
        let columns: Vec<&ArrayRef> = columns.iter().map(|index| outer.column(*index)).collect();
        let types = columns.iter().map(|column| SortField::new(column.data_type().clone()));
        let types: Vec<SortField> = types.collect();
        if columns.is_empty() {
            let first = UInt64Array::from(vec![0]);
            return Ok(Keys { numbers: vec![0; outer.num_rows()], count: 1, first });
        }
        let mut numbers = Vec::with_capacity(outer.num_rows());
        let mut first = Vec::new();
        if RowConverter::supports_fields(&types) {
            let columns: Vec<ArrayRef> = columns.into_iter().map(Arc::clone).collect();
            let rows = RowConverter::new(types)?.convert_columns(&columns)?;
            let mut known: HashMap<&[u8], usize> = HashMap::new();
            let rows: Vec<_> = rows.iter().collect();
            for (index, row) in rows.iter().enumerate() {
                let next = known.len();
                let number = *known.entry(row.as_ref()).or_insert(next);
                if number == next {
                    first.push(u64::try_from(index).unwrap_or(u64::MAX));
                }
                numbers.push(number);
            }
        } else {
            numbers.extend(0..outer.num_rows());
            first.extend((0..).take(outer.num_rows()));
        }
        Ok(Keys { numbers, count: first.len(), first: UInt64Array::from(first) })
    }

    /// The rows of the table of keys.
    fn told(
        &self,
        outer: &RecordBatch,
        columns: &[usize],
        inner: &Arc<dyn ExecutionPlan>,
    ) -> Result<RecordBatch> {
        let numbers = (0..).take(self.count).collect::<Vec<i64>>();
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(numbers))];
        let mut fields = vec![Field::new(NUMBER, DataType::Int64, false)];
        let wanted = super::keys::types(inner);
        for (index, column) in columns.iter().enumerate() {
            let mut values = take(outer.column(*column), &self.first, None)?;
            // What a union or a case comes to may be known only after the keys were.
            if let Some(wanted) = wanted.get(&index).filter(|wanted| *wanted != values.data_type())
            {
                values = cast(&values, wanted)?;
            }
            fields.push(Field::new(super::keys::key(index).name, values.data_type().clone(), true));
            arrays.push(values);
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}

/// The key each row of an inner batch belongs to.
fn numbers(batch: &RecordBatch) -> Result<impl Iterator<Item = usize>> {
    match batch.column(0).as_primitive_opt::<Int64Type>() {
        Some(numbers) => Ok(numbers
            .values()
            .iter()
            .map(|number| usize::try_from(*number).unwrap_or(usize::MAX))
            .collect::<Vec<usize>>()
            .into_iter()),
        None => internal_err!("inner rows without numbers"),
    }
}

fn slot<T>(slots: &mut [T], number: usize) -> Result<&mut T> {
    match slots.get_mut(number) {
        Some(slot) => Ok(slot),
        None => internal_err!("an inner row of no outer row"),
    }
}

enum Values {
    /// One for each key.
    Column(ArrayRef),
    Rows(Rows),
}

/// The inner rows by their keys.
struct Rows {
    /// Columns of batches; the last batch is one row of NULLs.
    columns: Vec<Vec<ArrayRef>>,
    /// Batch and row, those of one key next to each other, in the order they came.
    places: Vec<(usize, usize)>,
    /// Which of `places` belong to each key.
    ranges: Vec<Range<usize>>,
}

impl Rows {
    /// Errors: 21000 when only one row may be.
    fn new(batches: &[RecordBatch], schema: &SchemaRef, count: usize, kind: Kind) -> Result<Rows> {
        let mut lengths = vec![0_usize; count];
        for batch in batches {
            for number in numbers(batch)? {
                *slot(&mut lengths, number)? += 1;
            }
        }
        if kind == Kind::Single && lengths.iter().any(|length| *length > 1) {
            return Err(DataFusionError::External(Box::new(Error::CardinalityViolation)));
        }
        let nulls = (batches.len(), 0);
        let mut ranges = Vec::with_capacity(count);
        let mut end = 0;
        for length in lengths {
            let kept = if kind == Kind::Rows { length } else { length.max(1) };
            ranges.push(end..end + kept);
            end += kept;
        }
        let mut places = vec![nulls; end];
        let mut next: Vec<usize> = ranges.iter().map(|range| range.start).collect();
        for (index, batch) in batches.iter().enumerate() {
            for (row, number) in numbers(batch)?.enumerate() {
                let next = slot(&mut next, number)?;
                *slot(&mut places, *next)? = (index, row);
                *next += 1;
            }
        }
        let columns = schema.fields().iter().enumerate().skip(1).map(|(index, field)| {
            let own = batches.iter().map(|batch| Arc::clone(batch.column(index)));
            own.chain([new_null_array(field.data_type(), 1)]).collect()
        });
        Ok(Rows { columns: columns.collect(), places, ranges })
    }
}

/// A portion with what belongs to it, on its way out.
struct Joined {
    outer: RecordBatch,
    numbers: Vec<usize>,
    values: Values,
    /// The outer row that is next.
    row: usize,
    /// How many of its inner rows are out.
    taken: usize,
}

impl Joined {
    fn next(&mut self, schema: &SchemaRef, batch_rows: usize) -> Result<Option<RecordBatch>> {
        if self.outer.num_rows() <= self.row {
            return Ok(None);
        }
        let (length, outer, added) = match &self.values {
            Values::Column(values) => {
                let end = self.outer.num_rows().min(self.row + batch_rows);
                let numbers = self.numbers[self.row..end].iter();
                let numbers = numbers.map(|number| u64::try_from(*number).unwrap_or(u64::MAX));
                let added = take(values, &UInt64Array::from_iter_values(numbers), None)?;
                let outer = self.outer.slice(self.row, end - self.row);
                self.row = end;
                (outer.num_rows(), outer.columns().to_vec(), vec![added])
            }
            Values::Rows(rows) => {
                let mut picked = Vec::new();
                let mut places = Vec::new();
                while places.len() < batch_rows
                    && let Some(number) = self.numbers.get(self.row)
                {
                    let range = rows.ranges[*number].clone();
                    let start = range.start + self.taken;
                    let end = range.end.min(start + batch_rows - places.len());
                    places.extend_from_slice(&rows.places[start..end]);
                    picked.resize(places.len(), u64::try_from(self.row).unwrap_or(u64::MAX));
                    self.taken += end - start;
                    if end == range.end {
                        self.row += 1;
                        self.taken = 0;
                    }
                }
                let picked = UInt64Array::from(picked);
                let outer = self.outer.columns().iter().map(|column| take(column, &picked, None));
                let outer = outer.collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
                let added = rows.columns.iter().map(|column| {
                    let column: Vec<&dyn Array> = column.iter().map(AsRef::as_ref).collect();
                    interleave(&column, &places)
                });
                let added = added.collect::<std::result::Result<Vec<ArrayRef>, _>>()?;
                (picked.len(), outer, added)
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(length));
        let columns = outer.into_iter().chain(added).collect();
        Ok(Some(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?))
    }
}
