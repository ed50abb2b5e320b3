//! COALESCE, GREATEST, LEAST and NULLIF as the planner plans with them. They take literals beside values that the planner
//! has no common type for, of dates and arrays, which its own refuse before [`crate::pg::rewrite`] could read the literals;
//! and they are of the PostgreSQL type of their arguments, which the operators of what selects them ask for.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::compute::kernels::cmp::eq;
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use datafusion::functions::core;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::pg::catalog::rows::tagged;
use crate::pg::types::TYPE_KEY;

/// The functions.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let all = [core::coalesce(), core::greatest(), core::least(), core::nullif()].into_iter();
    all.map(|inner| {
        let signature = Signature::user_defined(Volatility::Immutable);
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
        if self.name() == "nullif" && matches!(arg_types, [one, other] if is_pair(one, other)) {
            return Ok(arg_types.to_vec());
        }
        let all = self.planned(arg_types);
        let open = |own: &DataType| matches!(own, DataType::Utf8 | DataType::Null);
        let told: Vec<DataType> = arg_types.iter().filter(|own| !open(own)).cloned().collect();
        if all.is_ok() || told.is_empty() || told.len() == arg_types.len() {
            return all;
        }
        // A text that is no literal is refused when the plan is rewritten.
        let found = self.planned(&told)?;
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
        if let [one, other] = args.args.as_slice()
            && self.name() == "nullif"
            && is_pair(&one.data_type(), &other.data_type())
        {
            return unequal(one, other, args.number_rows);
        }
        self.inner.inner().invoke_with_args(args)
    }
}

/// Whether a NULLIF compares two kinds of integers: the first of them is its type, however wide the other is.
fn is_pair(one: &DataType, other: &DataType) -> bool {
    one.is_signed_integer() && other.is_signed_integer() && one != other
}

/// `one` where it is not equal to `other`.
fn unequal(one: &ColumnarValue, other: &ColumnarValue, rows: usize) -> Result<ColumnarValue> {
    let [one, other] = [one.to_array(rows)?, other.to_array(rows)?];
    let wide = |values: &ArrayRef| cast(values, &DataType::Int64);
    let equal = eq(&wide(&one)?, &wide(&other)?)?;
    Ok(ColumnarValue::Array(nullif(&one, &equal)?))
}

impl OfOneType {
    /// What the planner's own turns its arguments into.
    fn planned(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let field = |own: &DataType| Arc::new(Field::new("", own.clone(), true));
        let fields: Vec<FieldRef> = arg_types.iter().map(field).collect();
        let found = fields_with_udf(&fields, self.inner.as_ref())?;
        Ok(found.iter().map(|field| field.data_type().clone()).collect())
    }

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
