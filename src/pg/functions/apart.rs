//! A function that gives its first argument back. [`crate::pg::rewrite`] puts casts into it, which the planner does not
//! name expressions by, and takes them out again.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::pg::types;

/// Its name.
pub(crate) const CAST: &str = "forebay_cast";

/// The function; its second argument says of what type the cast is. Where that is nothing, the value is one of its type
/// that declares no length.
pub(super) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::any(2, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Apart { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Apart {
    signature: Signature,
}

impl ScalarUDFImpl for Apart {
    fn name(&self) -> &str {
        CAST
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types.first().cloned().unwrap_or(DataType::Null))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let bare = match args.scalar_arguments.get(1) {
            Some(Some(ScalarValue::Utf8(Some(kind)))) => kind.is_empty(),
            _ => false,
        };
        match args.arg_fields.first() {
            Some(field) if bare => Ok(Arc::new(types::unmodified(field))),
            Some(field) => Ok(Arc::clone(field)),
            None => internal_err!("a cast lost its value"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.into_iter().next() {
            Some(value) => Ok(value),
            None => internal_err!("a cast lost its value"),
        }
    }
}
