//! A function that does not exist: it says so once the types of its arguments are known, as PostgreSQL does. One that
//! PostgreSQL has is said not to be supported.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::error::Error;
use crate::pg::catalog::data;
use crate::pg::types;

/// A function `name`, or an operator before its operand, called at `position` of the statement.
pub(crate) fn function(name: &str, position: Option<usize>) -> Arc<ScalarUDF> {
    missing(name, position, Lack::Function)
}

/// A function of the schema `name`, which does not exist, called at `position` of the statement.
pub(crate) fn schema(name: &str, position: Option<usize>) -> Arc<ScalarUDF> {
    missing(name, position, Lack::Schema)
}

/// A function that PostgreSQL has by the name `name` and we have not, called at `position` of the statement.
pub(crate) fn unsupported(name: &str, position: Option<usize>) -> Arc<ScalarUDF> {
    missing(name, position, Lack::Support)
}

/// What there is none of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Lack {
    Function,
    Schema,
    Support,
}

fn missing(name: &str, position: Option<usize>, lack: Lack) -> Arc<ScalarUDF> {
    let signature = Signature::one_of(
        vec![
            datafusion::logical_expr::TypeSignature::Nullary,
            datafusion::logical_expr::TypeSignature::VariadicAny,
        ],
        Volatility::Immutable,
    );
    let name = name.to_owned();
    Arc::new(ScalarUDF::new_from_impl(Missing { name, position, signature, lack }))
}

/// Whether an argument is a literal without a type.
pub(super) fn is_unknown(field: &FieldRef, literal: Option<&ScalarValue>) -> bool {
    matches!(literal, Some(ScalarValue::Utf8(_) | ScalarValue::Null)) && field.metadata().is_empty()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Missing {
    name: String,
    position: Option<usize>,
    signature: Signature,
    lack: Lack,
}

impl Missing {
    fn refused<T>(&self, types: &[String]) -> Result<T> {
        let operator = !self.name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let call = || format!("{}({})", self.name, types.join(", "));
        let takes =
            || data::function_kinds(&self.name).is_some_and(|kinds| kinds.takes(types.len()));
        let error = match self.lack {
            Lack::Schema => Error::UndefinedSchema(self.name.clone()),
            Lack::Support if takes() => {
                Error::FeatureNotSupported(format!("function {} is not supported", call()))
            }
            Lack::Function | Lack::Support if operator => {
                let call = format!("{} {}", self.name, types.join(", "));
                Error::OperatorMismatch(format!("operator does not exist: {call}")).hint(
                    "No operator matches the given name and argument type. \
                     You might need to add an explicit type cast.",
                )
            }
            Lack::Function | Lack::Support => Error::no_function(&self.name, types),
        };
        let error = match self.position {
            Some(position) => error.at(position),
            None => error,
        };
        Err(DataFusionError::External(Box::new(error)))
    }
}

impl ScalarUDFImpl for Missing {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        self.refused(&[])
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let literals = args.scalar_arguments.iter();
        let names: Vec<String> = args
            .arg_fields
            .iter()
            .zip(literals)
            .map(|(field, literal)| match is_unknown(field, *literal) {
                true => types::sql_name(types::UNKNOWN),
                false => types::sql_name(types::of_field(field).oid),
            })
            .collect();
        self.refused(&names)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.refused(&[])
    }
}
