//! CASE as the planner plans with it. DataFusion's own forgets what a type is beyond Arrow's, so that `CASE … THEN
//! document END` of a `jsonb` would be a text to the operators of a query around it. [`crate::pg::rewrite`] puts these calls
//! in the place of CASE before a statement is planned, and CASE in theirs after it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::pg::catalog::rows::tagged;
use crate::pg::types::TYPE_KEY;

/// `CASE WHEN …`: a condition and a result by turns, and the last result where there is an ELSE.
pub(crate) const SEARCHED: &str = "forebay_case";
/// `CASE x WHEN …`: the same after what is compared.
pub(crate) const SIMPLE: &str = "forebay_case_of";

/// Both of them.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let made = |name| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Chosen { name, signature }))
    };
    vec![made(SEARCHED), made(SIMPLE)]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Chosen {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Chosen {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        internal_err!("a CASE has the type of its results")
    }

    /// That of the first result with a type, as the planner has it.
    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let count = args.arg_fields.len();
        let first = usize::from(self.name == SIMPLE);
        let is_result = |place: usize| {
            let place = place - first;
            place % 2 == 1 || place + 1 == count - first
        };
        let results: Vec<usize> = (first..count).filter(|place| is_result(*place)).collect();
        let field = |place: &usize| &args.arg_fields[*place];
        let typed = results.iter().map(field).find(|field| !field.data_type().is_null());
        let Some(typed) = typed else { return Ok(Arc::new(Field::new("", DataType::Null, true))) };
        let own = Field::new("", typed.data_type().clone(), true);
        let told = results.iter().filter(|place| {
            args.scalar_arguments.get(**place).is_none_or(Option::is_none)
                && !field(place).data_type().is_null()
        });
        let mut names = told.map(|place| field(place).metadata().get(TYPE_KEY));
        let first = names.next().flatten();
        Ok(Arc::new(match first {
            Some(first) if names.all(|name| name == Some(first)) => tagged(own, first),
            _ => own,
        }))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("a CASE was left as a call")
    }
}
