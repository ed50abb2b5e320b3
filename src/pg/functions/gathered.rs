//! `array_agg` whose result says what its elements are, where the planner's own forgets what no Arrow type tells; and both it
//! and `string_agg` of distinct values in any order, where the planner's own know only the first that is asked for. Arrays
//! are gathered only where they make one array.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_aggregate::string_agg::string_agg_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature,
};
use datafusion::physical_expr::PhysicalSortExpr;
use datafusion::scalar::ScalarValue;

use super::arrays::check_elements;
use crate::pg::catalog::rows::tagged;
use crate::pg::types::{self, TYPE_KEY};

/// The aggregates.
pub(super) fn all() -> [Arc<AggregateUDF>; 2] {
    [array_agg_udaf(), string_agg_udaf()].map(of)
}

fn of(inner: Arc<AggregateUDF>) -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::new_from_impl(Gathered { inner }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Gathered {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for Gathered {
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
        let gathered = self.inner.inner().return_field(arg_fields)?;
        if !gathered.data_type().is_list() {
            return Ok(gathered);
        }
        let element = arg_fields.first().filter(|field| field.metadata().contains_key(TYPE_KEY));
        let array = element.and_then(|field| types::array_of(types::of_field(field).oid));
        Ok(match array.and_then(types::name_of) {
            Some(name) => Arc::new(tagged(gathered.as_ref().clone(), name)),
            None => gathered,
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        // Both sort by themselves: several of one query may each have an order.
        match self.inner.order_sensitivity() {
            AggregateOrderSensitivity::HardRequirement => {
                AggregateOrderSensitivity::SoftRequirement
            }
            other => other,
        }
    }

    fn with_beneficial_ordering(
        self: Arc<Self>,
        beneficial_ordering: bool,
    ) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        if !self.is_ordered() {
            return Ok(Some(Arc::new(Gathered { inner: Arc::clone(&self.inner) })));
        }
        let inner = self.inner.as_ref().clone().with_beneficial_ordering(beneficial_ordering)?;
        Ok(inner.map(|inner| Arc::new(Gathered { inner: Arc::new(inner) }) as _))
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if of_arrays(&args) {
            return Ok(Box::new(Arrays(self.values(args)?)));
        }
        self.values(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        match self.inner.reverse_udf() {
            _ if !self.is_ordered() => ReversedUDAF::NotSupported,
            ReversedUDAF::Reversed(inner) => ReversedUDAF::Reversed(of(inner)),
            other => other,
        }
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        !of_arrays(&args) && self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn supports_null_handling_clause(&self) -> bool {
        self.inner.supports_null_handling_clause()
    }
}

fn of_arrays(args: &AccumulatorArgs<'_>) -> bool {
    args.expr_fields.first().is_some_and(|field| field.data_type().is_list())
}

impl Gathered {
    /// Whether it takes rows that come in its order as they come; the other one sorts them.
    fn is_ordered(&self) -> bool {
        self.inner.order_sensitivity().is_beneficial()
    }

    fn values(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if !(args.is_distinct && args.is_reversed) {
            return self.inner.accumulator(args);
        }
        // Distinct values are sorted when all are there: in the order that was asked for, not in that of the rows.
        let order_bys: Vec<PhysicalSortExpr> =
            args.order_bys.iter().map(PhysicalSortExpr::reverse).collect();
        let args = AccumulatorArgs { order_bys: &order_bys, is_reversed: false, ..args };
        self.inner.accumulator(args)
    }
}

/// Gathers arrays.
#[derive(Debug)]
struct Arrays(Box<dyn Accumulator>);

impl Accumulator for Arrays {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(values)
    }

    /// Errors: 22004 and 2202E for arrays that make none.
    fn evaluate(&mut self) -> Result<ScalarValue> {
        let gathered = self.0.evaluate()?;
        if let ScalarValue::List(all) = &gathered
            && all.is_valid(0)
            && let Some(lists) = all.value(0).as_list_opt::<i32>()
        {
            check_elements(lists)?;
        }
        Ok(gathered)
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.0.supports_retract_batch()
    }
}
