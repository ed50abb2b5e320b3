//! Aggregates over moving frames that cannot take a row back: they are computed anew over the rows of each frame, as
//! PostgreSQL does without an inverse transition function.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef};
use arrow::compute::concat;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};

/// `inner`, which may move along with any frame.
pub(crate) fn function(inner: &Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::new_from_impl(Recomputed { inner: Arc::clone(inner) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Recomputed {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for Recomputed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        self.inner.return_field(arg_fields)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn is_nullable(&self) -> bool {
        self.inner.is_nullable()
    }

    fn default_value(&self, data_type: &DataType) -> Result<ScalarValue> {
        self.inner.default_value(data_type)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        // An infinity that was added is not taken back, and neither are digits that were lost.
        let inexact = args.return_field.data_type().is_floating();
        let exact = !inexact || matches!(self.name(), "min" | "max");
        let moving = Moving::new(&self.inner, &args);
        let own = self.inner.create_sliding_accumulator(args)?;
        Ok(if exact && own.supports_retract_batch() { own } else { Box::new(moving) })
    }
}

/// The rows of the frame, and what makes an accumulator of them.
#[derive(Debug)]
struct Moving {
    inner: Arc<AggregateUDF>,
    /// One array for each argument.
    rows: Vec<ArrayRef>,
    schema: SchemaRef,
    return_field: FieldRef,
    name: String,
    ignore_nulls: bool,
    is_reversed: bool,
    is_distinct: bool,
    order_bys: Vec<PhysicalSortExpr>,
    exprs: Vec<Arc<dyn PhysicalExpr>>,
    expr_fields: Vec<FieldRef>,
}

impl Moving {
    fn new(inner: &Arc<AggregateUDF>, args: &AccumulatorArgs<'_>) -> Moving {
        let schema: Schema = args.schema.clone();
        Moving {
            inner: Arc::clone(inner),
            rows: Vec::new(),
            schema: Arc::new(schema),
            return_field: Arc::clone(&args.return_field),
            name: args.name.to_owned(),
            ignore_nulls: args.ignore_nulls,
            is_reversed: args.is_reversed,
            is_distinct: args.is_distinct,
            order_bys: args.order_bys.to_vec(),
            exprs: args.exprs.to_vec(),
            expr_fields: args.expr_fields.to_vec(),
        }
    }

    fn computed(&self) -> Result<Box<dyn Accumulator>> {
        let mut accumulator = self.inner.accumulator(AccumulatorArgs {
            return_field: Arc::clone(&self.return_field),
            schema: &self.schema,
            ignore_nulls: self.ignore_nulls,
            order_bys: &self.order_bys,
            is_reversed: self.is_reversed,
            name: &self.name,
            is_distinct: self.is_distinct,
            exprs: &self.exprs,
            expr_fields: &self.expr_fields,
        })?;
        let count = self.rows.first().map_or(0, |rows| rows.len());
        // A sum of floating point depends on the order in which rows are added: PostgreSQL adds one after the other.
        let step = if self.return_field.data_type().is_floating() { 1 } else { count.max(1) };
        for from in (0..count).step_by(step) {
            let rows = self.rows.iter().map(|rows| rows.slice(from, step.min(count - from)));
            accumulator.update_batch(&rows.collect::<Vec<_>>())?;
        }
        Ok(accumulator)
    }
}

impl Accumulator for Moving {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        if self.rows.is_empty() {
            self.rows = values.to_vec();
            return Ok(());
        }
        for (rows, new) in self.rows.iter_mut().zip(values) {
            *rows = concat(&[rows.as_ref(), new.as_ref()])?;
        }
        Ok(())
    }

    /// A frame moves forward: what leaves it came first.
    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let count = values.first().map_or(0, |left| left.len());
        for rows in &mut self.rows {
            let count = count.min(rows.len());
            *rows = rows.slice(count, rows.len() - count);
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.computed()?.evaluate()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.computed()?.state()
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        internal_err!("a frame is computed in one place")
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rows.iter().map(|rows| rows.get_array_memory_size()).sum::<usize>()
    }
}
