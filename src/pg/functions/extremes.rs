//! GREATEST and LEAST of values whose order their Arrow form does not tell: intervals, arrays, and what is kept as text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::functions::core;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::keys;
use crate::pg::functions::of_constants;

/// Of each row the first value that none is greater, or less, than. NULLs do not count.
pub(crate) fn function(greatest: bool) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Extreme { greatest, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    greatest: bool,
    signature: Signature,
}

impl ScalarUDFImpl for Extreme {
    fn name(&self) -> &str {
        if self.greatest { "forebay_greatest" } else { "forebay_least" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        core::greatest().inner().coerce_types(arg_types)
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [first, ..] => Ok(first.clone()),
            [] => plan_err!("{} takes values", self.name()),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let told = args.arg_fields.iter().find(|field| !field.data_type().is_null());
        match told.or(args.arg_fields.first()) {
            Some(field) => Ok(Arc::new(field.as_ref().clone().with_nullable(true))),
            None => plan_err!("{} takes values", self.name()),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let kind = args.return_field.data_type();
        let mut columns: Vec<(ArrayRef, StringArray)> = Vec::with_capacity(args.args.len());
        for (arg, field) in args.args.iter().zip(&args.arg_fields) {
            if !field.data_type().is_null() {
                let array = arg.to_array(length)?;
                let keys = keys::keys(&array, field)?;
                columns.push((array, keys));
            }
        }
        let better = |key: &str, best: &str| if self.greatest { key > best } else { key < best };
        let nothing = new_null_array(kind, 1);
        let places = (0..length).map(|row| {
            let valued = columns.iter().enumerate().filter(|(_, (_, keys))| keys.is_valid(row));
            let keyed = valued.map(|(column, (_, keys))| (column, keys.value(row)));
            let best = keyed.reduce(|best, one| if better(one.1, best.1) { one } else { best });
            best.map_or((columns.len(), 0), |(column, _)| (column, row))
        });
        let places: Vec<(usize, usize)> = places.collect();
        let mut arrays: Vec<&dyn Array> = columns.iter().map(|(array, _)| array.as_ref()).collect();
        arrays.push(nothing.as_ref());
        let values = interleave(&arrays, &places)?;
        if constant {
            return of_constants(&values);
        }
        Ok(ColumnarValue::Array(values))
    }
}
