//! Operators one behind the other, `a + b - c`, as one function of all that they are between. Calls in calls would have
//! their whole names written out by whoever asks one of them for its type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The function that does `links`, functions of two values of one type, from left to right.
pub(crate) fn function(links: Vec<Arc<ScalarUDF>>) -> Arc<ScalarUDF> {
    let names: Vec<&str> = links.iter().map(|link| link.name()).collect();
    let name = names.join("_");
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Chain { name, links, signature }))
}

/// The functions that such a function does; none where it is no such function.
pub(crate) fn links(function: &ScalarUDF) -> Option<&[Arc<ScalarUDF>]> {
    let inner: &dyn std::any::Any = function.inner().as_ref();
    inner.downcast_ref::<Chain>().map(|chain| chain.links.as_slice())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Chain {
    /// Its links tell two of them apart.
    name: String,
    links: Vec<Arc<ScalarUDF>>,
    signature: Signature,
}

impl ScalarUDFImpl for Chain {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if types.len() != self.links.len() + 1 || types.windows(2).any(|pair| pair[0] != pair[1]) {
            return plan_err!("a chain takes values of one type");
        }
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types.first() {
            Some(first) => Ok(first.clone()),
            None => plan_err!("a chain takes values"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut values = args.args.into_iter();
        let Some(mut done) = values.next() else { return plan_err!("a chain takes values") };
        let field = Arc::new(Field::new("", args.return_field.data_type().clone(), true));
        for (link, next) in self.links.iter().zip(values) {
            done = link.invoke_with_args(ScalarFunctionArgs {
                args: vec![done, next],
                arg_fields: vec![Arc::clone(&field), Arc::clone(&field)],
                number_rows: args.number_rows,
                return_field: Arc::clone(&field),
                config_options: Arc::clone(&args.config_options),
            })?;
        }
        Ok(done)
    }
}
