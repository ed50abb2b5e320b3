//! `string_agg` of `bytea`: the planner's own would make texts of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::expressions::Literal;

use crate::error::Error;

/// The aggregate; its delimiter is a constant.
pub(super) fn aggregate() -> Arc<AggregateUDF> {
    let types = vec![DataType::Binary, DataType::Binary];
    let signature = Signature::exact(types, Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(Joined { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    signature: Signature,
}

/// What `array_agg` returns, which gathers the values.
fn list() -> FieldRef {
    Arc::new(Field::new("list", DataType::new_list(DataType::Binary, true), true))
}

/// All but the second: what orders the values stands behind it.
fn gathered<T: Clone>(values: &[T]) -> Vec<T> {
    let kept = values.iter().enumerate().filter(|(index, _)| *index != 1);
    kept.map(|(_, value)| value.clone()).collect()
}

impl AggregateUDFImpl for Joined {
    fn name(&self) -> &str {
        "string_agg"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let input_fields = gathered(args.input_fields);
        array_agg_udaf().state_fields(StateFieldsArgs {
            input_fields: &input_fields,
            return_field: list(),
            ..args
        })
    }

    /// Errors: 0A000 for a delimiter that is no constant.
    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let literal = args.exprs.get(1).and_then(|expr| expr.downcast_ref::<Literal>());
        let delimiter = match literal.map(Literal::value) {
            Some(ScalarValue::Binary(bytes)) => bytes.clone().unwrap_or_default(),
            Some(ScalarValue::Null) => Vec::new(),
            _ => {
                let message = "a delimiter of string_agg that is no constant is not supported";
                let error = Error::FeatureNotSupported(message.to_owned());
                return Err(DataFusionError::External(Box::new(error)));
            }
        };
        let values = array_agg_udaf().accumulator(AccumulatorArgs {
            exprs: &gathered(args.exprs),
            expr_fields: &gathered(args.expr_fields),
            return_field: list(),
            ..args
        })?;
        Ok(Box::new(Joining { values, delimiter }))
    }
}

#[derive(Debug)]
struct Joining {
    values: Box<dyn Accumulator>,
    delimiter: Vec<u8>,
}

impl Accumulator for Joining {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.update_batch(&gathered(values))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let ScalarValue::List(list) = self.values.evaluate()? else {
            return plan_err!("array_agg returned no list");
        };
        let values = list.values();
        if values.null_count() == values.len() {
            return Ok(ScalarValue::Binary(None));
        }
        let bytes: Vec<&[u8]> = values.as_binary::<i32>().iter().flatten().collect();
        Ok(ScalarValue::Binary(Some(bytes.join(self.delimiter.as_slice()))))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.size() + self.delimiter.capacity()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.values.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.values.merge_batch(states)
    }
}
