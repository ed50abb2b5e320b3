//! A list whose elements are of a PostgreSQL type that their Arrow type does not tell. A cast would say it, but DataFusion's
//! cast of one constant list forgets the field of its elements, and the rows are refused that it comes out of.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::of_constants;

/// The function that gives its argument, a list, as one of `field`.
pub(crate) fn function(field: FieldRef) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Marked { field, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Marked {
    field: FieldRef,
    signature: Signature,
}

impl ScalarUDFImpl for Marked {
    fn name(&self) -> &str {
        "forebay_marked"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let nullable = args.arg_fields.first().is_none_or(|field| field.is_nullable());
        Ok(Arc::new(self.field.as_ref().clone().with_nullable(nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.as_slice() {
            [ColumnarValue::Array(list)] => {
                Ok(ColumnarValue::Array(marked(list, self.field.data_type())?))
            }
            [ColumnarValue::Scalar(list)] => {
                of_constants(&marked(&list.to_array()?, self.field.data_type())?)
            }
            _ => internal_err!("a list lost its mark"),
        }
    }
}

/// `list` with the fields of `wanted` at each of its levels.
fn marked(list: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    let DataType::List(item) = wanted else {
        return Ok(arrow::compute::cast(list, wanted)?);
    };
    let Some(own) = list.as_list_opt::<i32>() else {
        return Ok(arrow::compute::cast(list, wanted)?);
    };
    let values = marked(own.values(), item.data_type())?;
    let (offsets, nulls) = (own.offsets().clone(), own.nulls().cloned());
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, nulls)?))
}
