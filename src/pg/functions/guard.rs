//! Functions of DataFusion behind checks of what they are given: their names and types stay, only the call is ours.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// A call of the function in the place of its own.
type Invoke = fn(&ScalarUDF, ScalarFunctionArgs) -> Result<ColumnarValue>;

/// `inner`, called by `invoke`.
pub(super) fn guarded(inner: &Arc<ScalarUDF>, invoke: Invoke) -> Arc<ScalarUDF> {
    let inner = Arc::clone(inner);
    Arc::new(ScalarUDF::new_from_impl(Guarded { inner, invoke }))
}

#[derive(Debug)]
struct Guarded {
    inner: Arc<ScalarUDF>,
    invoke: Invoke,
}

/// A function has one guard.
impl PartialEq for Guarded {
    fn eq(&self, other: &Guarded) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Guarded {}

impl Hash for Guarded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl ScalarUDFImpl for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        (self.invoke)(&self.inner, args)
    }
}
