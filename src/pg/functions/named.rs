//! OIDs beside the names clients see in their place: a client that asks for the binary form gets the OID.

use std::sync::Arc;

use arrow::array::{ArrayRef, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::pg::catalog::rows::tagged;
use crate::pg::functions::of_constants;

/// Pairs of an OID and what `inner` makes of it, told as values of the PostgreSQL type `kind`. Only for a result's own
/// columns: no operator takes a pair.
pub(super) fn function(inner: Arc<ScalarUDF>, kind: &str) -> Arc<ScalarUDF> {
    named(inner, kind, [DataType::Int64, DataType::Utf8])
}

/// The same of lists of OIDs.
pub(super) fn lists(inner: Arc<ScalarUDF>, kind: &str) -> Arc<ScalarUDF> {
    let list = |item| DataType::List(Arc::new(Field::new("item", item, true)));
    named(inner, kind, [list(DataType::Int64), list(DataType::Utf8)])
}

fn named(inner: Arc<ScalarUDF>, kind: &str, parts: [DataType; 2]) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Stable);
    Arc::new(ScalarUDF::new_from_impl(Named { inner, kind: kind.to_owned(), parts, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Named {
    inner: Arc<ScalarUDF>,
    kind: String,
    /// The types of the OID and of the name.
    parts: [DataType; 2],
    signature: Signature,
}

impl Named {
    fn fields(&self) -> Fields {
        let [oid, name] = self.parts.clone();
        Fields::from(vec![Field::new("oid", oid, true), Field::new("name", name, true)])
    }
}

impl ScalarUDFImpl for Named {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(self.fields()))
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let pair = Field::new(self.name(), DataType::Struct(self.fields()), true);
        Ok(Arc::new(tagged(pair, &self.kind)))
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else {
            return plan_err!("{} takes one value", self.name());
        };
        let constant = matches!(value, ColumnarValue::Scalar(_));
        args.number_rows = if constant { 1 } else { args.number_rows };
        let number_rows = args.number_rows;
        let oids = cast(&value.to_array(number_rows)?, &self.parts[0])?;
        args.args = vec![ColumnarValue::Array(Arc::clone(&oids))];
        args.return_field = Arc::new(Field::new("name", self.parts[1].clone(), true));
        let names = self.inner.invoke_with_args(args)?.into_array(number_rows)?;
        let pairs: ArrayRef =
            Arc::new(StructArray::try_new(self.fields(), vec![oids, names], None)?);
        if constant {
            return of_constants(&pairs);
        }
        Ok(ColumnarValue::Array(pairs))
    }
}
