//! COALESCE, GREATEST, LEAST and NULLIF as the planner plans with them. They take literals beside values that the planner
//! has no common type for, of dates and arrays, which its own refuse before [`crate::pg::rewrite`] could read the literals;
//! and they are of the PostgreSQL type of their arguments, which the operators of what selects them ask for.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions::core;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use crate::pg::catalog::rows::tagged;
use crate::pg::types::TYPE_KEY;

/// The functions.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let all = [core::coalesce(), core::greatest(), core::least(), core::nullif()].into_iter();
    all.map(|inner| {
        let signature = inner.signature().clone();
        Arc::new(ScalarUDF::new_from_impl(OfOneType { inner, signature }))
    })
    .collect()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfOneType {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for OfOneType {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let all = self.inner.inner().coerce_types(arg_types);
        let told: Vec<DataType> =
            arg_types.iter().filter(|own| **own != DataType::Utf8).cloned().collect();
        if all.is_ok() || told.is_empty() || told.len() == arg_types.len() {
            return all;
        }
        // A text that is no literal is refused when the plan is rewritten.
        let found = self.inner.inner().coerce_types(&told)?;
        Ok(found.into_iter().cycle().take(arg_types.len()).collect())
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let told = self.told(&args);
        let field = self.inner.inner().return_field_from_args(args)?;
        Ok(match told {
            Some(name) if field.data_type().is_string() => {
                Arc::new(tagged(field.as_ref().clone(), &name))
            }
            _ => field,
        })
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.inner().simplify(args, info)
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.inner().conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.inner.inner().short_circuits()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.inner().invoke_with_args(args)
    }
}

impl OfOneType {
    /// The name of the type of the arguments that are no literals, where they have one beside that of Arrow.
    fn told(&self, args: &ReturnFieldArgs<'_>) -> Option<String> {
        // The second value never comes out of a NULLIF.
        let results = if self.name() == "nullif" { 1 } else { args.arg_fields.len() };
        let typed = args.arg_fields.iter().zip(args.scalar_arguments).take(results);
        let typed =
            typed.filter(|(field, literal)| literal.is_none() && !field.data_type().is_null());
        let mut names = typed.map(|(field, _)| field.metadata().get(TYPE_KEY));
        let first = names.next()??;
        names.all(|name| name == Some(first)).then(|| first.clone())
    }
}
