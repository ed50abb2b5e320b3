//! A function of one value, done to each element of a list.

use std::sync::Arc;

use arrow::array::{Array, AsArray, ListArray};
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// `inner`, which makes a text of its argument, for lists.
pub(super) fn function(inner: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Stable);
    Arc::new(ScalarUDF::new_from_impl(Each { inner, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Each {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Utf8, true))
}

impl ScalarUDFImpl for Each {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(item()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ([value], Some(DataType::List(element))) =
            (args.args.as_slice(), args.arg_fields.first().map(|field| field.data_type()))
        else {
            return plan_err!("{} takes one list", self.name());
        };
        let constant = matches!(value, ColumnarValue::Scalar(_));
        let array = value.to_array(if constant { 1 } else { args.number_rows })?;
        let lists = array.as_list::<i32>();
        let values = Arc::clone(lists.values());
        let number_rows = values.len();
        let texts = self.inner.invoke_with_args(ScalarFunctionArgs {
            args: vec![ColumnarValue::Array(values)],
            arg_fields: vec![Arc::clone(element)],
            number_rows,
            return_field: item(),
            config_options: args.config_options,
        })?;
        let texts = texts.into_array(number_rows)?;
        let texts =
            ListArray::try_new(item(), lists.offsets().clone(), texts, lists.nulls().cloned())?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&texts, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}
