//! Functions whose result takes its type from their arguments.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray, StructArray, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    [Kind::Array, Kind::ExpandArray].map(made).to_vec()
}

fn made(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Shaped { kind, signature }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// `ARRAY(SELECT …)`: an empty array where the aggregate over no rows is NULL.
    Array,
    /// `information_schema._pg_expandarray`: elements with their numbers, from 1.
    ExpandArray,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Shaped {
    kind: Kind,
    signature: Signature,
}

impl ScalarUDFImpl for Shaped {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Array => "forebay_array",
            Kind::ExpandArray => "forebay_expandarray",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match (self.kind, arg_types) {
            (Kind::Array | Kind::ExpandArray, [list @ DataType::List(_)]) => Ok(vec![list.clone()]),
            _ => plan_err!("function {} does not take these arguments", self.name()),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(match (self.kind, arg_types) {
            (Kind::ExpandArray, [DataType::List(item)]) => {
                let pair = DataType::Struct(pair_fields(item));
                DataType::List(Arc::new(Field::new("item", pair, true)))
            }
            (_, [list, ..]) => list.clone(),
            _ => DataType::Null,
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        if self.kind == Kind::Array
            && let [list] = args.arg_fields
        {
            return Ok(Arc::new(list.as_ref().clone().with_name(self.name()).with_nullable(true)));
        }
        let types: Vec<DataType> =
            args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(Arc::new(Field::new(self.name(), self.return_type(&types)?, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut arrays = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            arrays.push(arg.to_array(length)?);
        }
        let result: ArrayRef = match self.kind {
            Kind::Array => Arc::new(without_nulls(arrays[0].as_list::<i32>())?),
            Kind::ExpandArray => Arc::new(expanded(arrays[0].as_list::<i32>())?),
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// The lists with empty ones in place of NULL, their values packed.
fn without_nulls(lists: &ListArray) -> Result<ListArray> {
    let mut lengths = Vec::with_capacity(lists.len());
    let mut picked: Vec<u64> = Vec::new();
    for index in 0..lists.len() {
        let (start, end) = (lists.value_offsets()[index], lists.value_offsets()[index + 1]);
        let range = if lists.is_null(index) { 0..0 } else { start..end };
        lengths.push(range.len());
        picked.extend(range.filter_map(|position| u64::try_from(position).ok()));
    }
    let values = take(lists.values(), &UInt64Array::from(picked), None)?;
    let DataType::List(item) = lists.data_type() else {
        return plan_err!("not a list");
    };
    Ok(ListArray::try_new(Arc::clone(item), OffsetBuffer::from_lengths(lengths), values, None)?)
}

fn pair_fields(item: &FieldRef) -> Fields {
    let element = item.as_ref().clone().with_name("x").with_nullable(true);
    Fields::from(vec![element, Field::new("n", DataType::Int32, true)])
}

fn expanded(lists: &ListArray) -> Result<ListArray> {
    let packed = without_nulls(lists)?;
    let mut numbers = Vec::with_capacity(packed.values().len());
    for index in 0..packed.len() {
        numbers.extend(1..=packed.value_length(index));
    }
    let DataType::List(item) = lists.data_type() else {
        return plan_err!("not a list");
    };
    let fields = pair_fields(item);
    let columns: Vec<ArrayRef> =
        vec![Arc::clone(packed.values()), Arc::new(Int32Array::from(numbers))];
    let pairs = StructArray::try_new(fields.clone(), columns, None)?;
    let item = Arc::new(Field::new("item", DataType::Struct(fields), true));
    Ok(ListArray::try_new(item, packed.offsets().clone(), Arc::new(pairs), None)?)
}
