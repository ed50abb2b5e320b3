//! A function or cast of one value, done to each element of a list.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::pg::functions::of_constants;
use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::PhysicalExpr;

/// The name of a cast of each element.
pub(super) const NAME: &str = "forebay_elements";

/// `inner`, which makes a text of its argument, for lists.
pub(super) fn function(inner: Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Stable);
    Arc::new(ScalarUDF::new_from_impl(Each { inner, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Each {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Utf8, true))
}

impl ScalarUDFImpl for Each {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(item()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ([value], Some(DataType::List(element))) =
            (args.args.as_slice(), args.arg_fields.first().map(|field| field.data_type()))
        else {
            return plan_err!("{} takes one list", self.name());
        };
        let constant = matches!(value, ColumnarValue::Scalar(_));
        let array = value.to_array(if constant { 1 } else { args.number_rows })?;
        let lists = array.as_list::<i32>();
        let values = Arc::clone(lists.values());
        let number_rows = values.len();
        let texts = self.inner.invoke_with_args(ScalarFunctionArgs {
            args: vec![ColumnarValue::Array(values)],
            arg_fields: vec![Arc::clone(element)],
            number_rows,
            return_field: item(),
            config_options: args.config_options,
        })?;
        let texts = texts.into_array(number_rows)?;
        let texts =
            ListArray::try_new(item(), lists.offsets().clone(), texts, lists.nulls().cloned())?;
        if constant {
            return of_constants(&texts);
        }
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}

/// `one`, an expression over the column `element`, for the elements of lists of any number of dimensions; they become
/// those of `item`.
pub(super) fn expression(one: Arc<dyn PhysicalExpr>, item: FieldRef) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Stable);
    Arc::new(ScalarUDF::new_from_impl(Elements { one, item, signature }))
}

#[derive(Debug, Eq)]
struct Elements {
    one: Arc<dyn PhysicalExpr>,
    item: FieldRef,
    signature: Signature,
}

impl PartialEq for Elements {
    fn eq(&self, other: &Elements) -> bool {
        self.one.as_ref() == other.one.as_ref() && self.item == other.item
    }
}

impl Hash for Elements {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.one.hash(state);
        self.item.hash(state);
    }
}

impl Elements {
    /// A list type with other elements.
    fn of(&self, list: &DataType) -> DataType {
        match list {
            DataType::List(inner)
            | DataType::LargeList(inner)
            | DataType::FixedSizeList(inner, _)
                if inner.data_type().is_list() =>
            {
                DataType::List(Arc::new(Field::new_list_field(self.of(inner.data_type()), true)))
            }
            _ => DataType::List(Arc::clone(&self.item)),
        }
    }

    fn each(&self, lists: &ArrayRef) -> Result<ArrayRef> {
        let lists = match lists.data_type() {
            DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                cast(lists, &DataType::List(Arc::clone(item)))?
            }
            _ => Arc::clone(lists),
        };
        let lists = lists.as_list::<i32>();
        let (values, item) = if lists.values().data_type().is_list() {
            let values = self.each(lists.values())?;
            let item = Field::new_list_field(values.data_type().clone(), true);
            (values, Arc::new(item))
        } else {
            let element = Field::new("element", lists.values().data_type().clone(), true);
            let schema = Arc::new(Schema::new(vec![element]));
            let batch = RecordBatch::try_new(schema, vec![Arc::clone(lists.values())])?;
            let values = self.one.evaluate(&batch)?.into_array(batch.num_rows())?;
            (values, Arc::clone(&self.item))
        };
        let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
        Ok(Arc::new(ListArray::try_new(item, offsets, values, nulls)?))
    }
}

impl ScalarUDFImpl for Elements {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types.first().map_or(DataType::Null, |list| self.of(list)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else { return plan_err!("one list is cast") };
        let constant = matches!(value, ColumnarValue::Scalar(_));
        let lists = value.to_array(if constant { 1 } else { args.number_rows })?;
        let cast = self.each(&lists)?;
        if constant {
            return of_constants(&cast);
        }
        Ok(ColumnarValue::Array(cast))
    }
}
