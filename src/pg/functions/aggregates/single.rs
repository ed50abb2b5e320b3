//! The aggregate that stands for a scalar subquery: the one value there is, NULL for none, an error for several.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, UInt64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use crate::error::Error;

/// The name [`crate::pg::rewrite`] writes.
pub(crate) const NAME: &str = "forebay_single";

/// The aggregate.
pub(super) fn aggregate() -> Arc<AggregateUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(Single { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Single {
    signature: Signature,
}

impl AggregateUDFImpl for Single {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types.first().cloned().unwrap_or(DataType::Null))
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        // The value keeps what its column says of its PostgreSQL type.
        Ok(match arg_fields.first() {
            Some(field) => Arc::new(field.as_ref().clone().with_name(NAME).with_nullable(true)),
            None => Arc::new(Field::new(NAME, DataType::Null, true)),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let value = Field::new("value", args.return_field.data_type().clone(), true);
        Ok(vec![Arc::new(value), Arc::new(Field::new("count", DataType::UInt64, false))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let value = ScalarValue::try_from(args.return_field.data_type())?;
        Ok(Box::new(One { value, count: 0 }))
    }
}

#[derive(Debug)]
struct One {
    value: ScalarValue,
    count: u64,
}

impl One {
    fn take(&mut self, values: &ArrayRef, index: usize, count: u64) -> Result<()> {
        self.count = self.count.saturating_add(count);
        if self.count > 1 {
            return Err(DataFusionError::External(Box::new(Error::CardinalityViolation)));
        }
        if count == 1 {
            self.value = ScalarValue::try_from_array(values, index)?;
        }
        Ok(())
    }
}

impl Accumulator for One {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for index in 0..values[0].len() {
            self.take(&values[0], index, 1)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value.clone())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.value.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value.clone(), ScalarValue::from(self.count)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let counts = states[1].as_primitive::<UInt64Type>();
        for index in 0..counts.len() {
            self.take(&states[0], index, counts.value(index))?;
        }
        Ok(())
    }
}
