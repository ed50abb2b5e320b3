//! `min` and `max` whose results are of the type PostgreSQL gives them, where the planner's own forget what no Arrow type
//! tells; in groups too NaN is the greatest number.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue};
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature, StatisticsArgs,
};

use crate::pg::catalog::rows::tagged;
use crate::pg::types::{self, TYPE_KEY};

/// The two.
pub(super) fn all() -> [Arc<AggregateUDF>; 2] {
    [min_udaf(), max_udaf()].map(|inner| Arc::new(AggregateUDF::new_from_impl(Extreme { inner })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    inner: Arc<AggregateUDF>,
}

/// The type of the result: that of the values, or what PostgreSQL casts them to where it has no aggregate of theirs.
fn result(oid: u32) -> u32 {
    match oid {
        types::CIDR => types::INET,
        types::VARCHAR | types::NAME | types::CHAR => types::TEXT,
        types::REGPROC
        | types::REGPROCEDURE
        | types::REGOPER
        | types::REGOPERATOR
        | types::REGCLASS
        | types::REGTYPE
        | types::REGCONFIG
        | types::REGDICTIONARY
        | types::REGNAMESPACE
        | types::REGROLE
        | types::REGCOLLATION => types::OID,
        _ => oid,
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        let found = self.inner.inner().return_field(arg_fields)?;
        let Some(own) = arg_fields.first().filter(|own| own.metadata().contains_key(TYPE_KEY))
        else {
            return Ok(found);
        };
        let oid = result(types::of_field(own).oid);
        Ok(match types::name_of(oid) {
            Some(name) if types::of_field(&found).oid != oid => {
                Arc::new(tagged(found.as_ref().clone(), name))
            }
            _ => found,
        })
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
        self.inner.create_sliding_accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        // The planner's own forgets a NaN when another value comes.
        !args.return_field.data_type().is_floating()
            && self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.is_descending()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn value_from_stats(&self, args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.value_from_stats(args)
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}
