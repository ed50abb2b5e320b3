//! `sum(real)`, which is a `real`: the planner's is in double precision.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float32Type};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use crate::error::Error;

pub(super) fn sum() -> Arc<AggregateUDF> {
    let signature = Signature::exact(vec![DataType::Float32], Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(Sum { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Sum {
    signature: Signature,
}

impl AggregateUDFImpl for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float32)
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Running { sum: None }))
    }
}

/// `float4pl` over the values there are.
#[derive(Debug)]
struct Running {
    sum: Option<f32>,
}

impl Accumulator for Running {
    /// Errors: 22003 where a sum of finite numbers is none.
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<Float32Type>().iter().flatten() {
            let Some(before) = self.sum else {
                self.sum = Some(value);
                continue;
            };
            let sum = before + value;
            if sum.is_infinite() && !before.is_infinite() && !value.is_infinite() {
                let error = Error::NumericOutOfRange("value out of range: overflow".to_owned());
                return Err(DataFusionError::External(Box::new(error)));
            }
            self.sum = Some(sum);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float32(self.sum))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}
