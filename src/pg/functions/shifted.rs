//! `lag` and `lead` by an offset, or with a default, that each row tells (PostgreSQL manual, 9.22): the planner's own take
//! constants only.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl,
};

/// The window function of that name; `None` for any but these two.
pub(super) fn function(name: &str) -> Option<Arc<WindowUDF>> {
    let ahead = match name {
        "lag" => false,
        "lead" => true,
        _ => return None,
    };
    let signature = Signature::user_defined(Volatility::Immutable);
    Some(Arc::new(WindowUDF::new_from_impl(Shifted { ahead, signature })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Shifted {
    /// Whether it looks at later rows.
    ahead: bool,
    signature: Signature,
}

impl WindowUDFImpl for Shifted {
    fn name(&self) -> &str {
        if self.ahead { "lead" } else { "lag" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let wanted = |value: &DataType| vec![value.clone(), DataType::Int64, value.clone()];
        match arg_types {
            [DataType::Null, _, default] => Ok(wanted(default)),
            [value, rest @ ..] if rest.len() < 3 => {
                Ok(wanted(value).into_iter().take(arg_types.len()).collect())
            }
            _ => plan_err!("{} takes a value, an offset and a default", self.name()),
        }
    }

    fn field(&self, args: WindowUDFFieldArgs<'_>) -> Result<FieldRef> {
        let fields = args.input_fields();
        let typed = fields.first().filter(|field| !field.data_type().is_null());
        let Some(field) = typed.or(fields.get(2)).or(fields.first()) else {
            return plan_err!("{} takes a value", self.name());
        };
        Ok(Arc::new(field.as_ref().clone().with_name(args.name()).with_nullable(true)))
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs<'_>,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Shifting { ahead: self.ahead }))
    }
}

#[derive(Debug)]
struct Shifting {
    ahead: bool,
}

impl PartitionEvaluator for Shifting {
    fn evaluate_all(&mut self, values: &[ArrayRef], num_rows: usize) -> Result<ArrayRef> {
        let [value, rest @ ..] = values else { return plan_err!("a window without a value") };
        let offsets = rest.first().map(|offsets| offsets.as_primitive::<Int64Type>());
        let null = new_null_array(value.data_type(), 1);
        let default = rest.get(1);
        let mut found = Vec::with_capacity(num_rows);
        for row in 0..num_rows {
            let offset = match offsets {
                Some(offsets) if offsets.is_null(row) => None,
                Some(offsets) => Some(offsets.value(row)),
                None => Some(1),
            };
            let place = offset.map(|offset| {
                let row = i64::try_from(row).ok()?;
                let other =
                    if self.ahead { row.checked_add(offset) } else { row.checked_sub(offset) };
                usize::try_from(other?).ok().filter(|other| *other < num_rows)
            });
            found.push(match place {
                Some(Some(other)) => (0, other),
                Some(None) if default.is_some() => (2, row),
                _ => (1, 0),
            });
        }
        let mut sources = vec![value.as_ref(), null.as_ref()];
        sources.extend(default.map(AsRef::as_ref));
        Ok(interleave(&sources, &found)?)
    }
}
