//! Functions whose result takes its type from their arguments.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray, StringArray, StructArray,
    UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use super::record::composite;
use crate::pg::functions::of_constants;

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    [Kind::Array, Kind::ExpandArray, Kind::Member, Kind::Options, Kind::Ordinality]
        .map(made)
        .to_vec()
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
    /// A field of the composite values of a list, by its name.
    Member,
    /// `pg_options_to_table`: texts `name=value` as pairs.
    Options,
    /// `WITH ORDINALITY`: numbers, from 1, as many as the longest of the lists has elements.
    Ordinality,
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
            Kind::Member => "forebay_member",
            Kind::Options => "forebay_options",
            Kind::Ordinality => "forebay_ordinality",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        match (self.kind, arg_types) {
            (Kind::Array | Kind::ExpandArray, [list @ DataType::List(_)]) => Ok(vec![list.clone()]),
            (Kind::Member, [list @ DataType::List(_), name]) if name.is_string() => {
                Ok(vec![list.clone(), DataType::Utf8])
            }
            (Kind::Options, [list]) if list.is_list() || list.is_null() => {
                Ok(vec![DataType::new_list(DataType::Utf8, true)])
            }
            (Kind::Ordinality, lists)
                if lists.iter().all(|kind| kind.is_list() || kind.is_null()) =>
            {
                Ok(lists.to_vec())
            }
            _ => plan_err!("function {} does not take these arguments", self.name()),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(match (self.kind, arg_types) {
            (Kind::ExpandArray, [DataType::List(item)]) => {
                let pair = DataType::Struct(pair_fields(item));
                DataType::List(Arc::new(Field::new("item", pair, true)))
            }
            (Kind::Options, _) => DataType::new_list(DataType::Struct(option_fields()), true),
            (Kind::Ordinality, _) => DataType::new_list(DataType::Int64, true),
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
        if self.kind == Kind::Member
            && let ([list, _], [_, Some(name)]) = (args.arg_fields, args.scalar_arguments)
        {
            let name = name.try_as_str().flatten().unwrap_or_default();
            let item =
                Arc::new(member(list.data_type(), name)?.1.as_ref().clone().with_name("item"));
            return Ok(Arc::new(Field::new(self.name(), DataType::List(item), true)));
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
            Kind::Member => Arc::new(members(arrays[0].as_list::<i32>(), &arrays[1])?),
            Kind::Options => Arc::new(options(arrays[0].as_list::<i32>())?),
            Kind::Ordinality => Arc::new(ordinality(&arrays)?),
        };
        if constant {
            return of_constants(&result);
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
    composite(vec![element, Field::new("n", DataType::Int32, true)], 0)
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

/// The position of a field of a list's composite values, and the field.
fn member<'a>(list: &'a DataType, name: &str) -> Result<(usize, &'a FieldRef)> {
    let found = match list {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => fields.find(name),
            _ => None,
        },
        _ => None,
    };
    match found {
        Some(found) => Ok(found),
        None => plan_err!("column \"{name}\" not found in such a type"),
    }
}

fn members(lists: &ListArray, names: &ArrayRef) -> Result<ListArray> {
    let name = if names.is_empty() { "" } else { names.as_string::<i32>().value(0) };
    let (index, field) = member(lists.data_type(), name)?;
    let item = Arc::new(field.as_ref().clone().with_name("item"));
    let values = Arc::clone(lists.values().as_struct().column(index));
    Ok(ListArray::try_new(item, lists.offsets().clone(), values, lists.nulls().cloned())?)
}

fn option_fields() -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    composite(vec![text("option_name"), text("option_value")], 0)
}

fn options(lists: &ListArray) -> Result<ListArray> {
    let texts = lists.values().as_string::<i32>();
    let pairs = texts.iter().map(|text| match text.map(|text| text.split_once('=')) {
        Some(Some((name, value))) => (Some(name), Some(value)),
        _ => (text, None),
    });
    let (names, values): (Vec<Option<&str>>, Vec<Option<&str>>) = pairs.unzip();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from(names)), Arc::new(StringArray::from(values))];
    let pairs: ArrayRef = Arc::new(StructArray::try_new(option_fields(), columns, None)?);
    let item = Arc::new(Field::new_list_field(pairs.data_type().clone(), true));
    Ok(ListArray::try_new(item, lists.offsets().clone(), pairs, lists.nulls().cloned())?)
}

fn ordinality(lists: &[ArrayRef]) -> Result<ListArray> {
    let rows = lists.first().map_or(0, Array::len);
    let mut lengths = vec![0_usize; rows];
    for list in lists.iter().filter_map(|list| list.as_list_opt::<i32>()) {
        for (row, longest) in lengths.iter_mut().enumerate().filter(|(row, _)| list.is_valid(*row))
        {
            let length = usize::try_from(list.value_length(row)).unwrap_or(0);
            *longest = length.max(*longest);
        }
    }
    let numbers = lengths.iter().flat_map(|length| (1_i64..).take(*length));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(numbers));
    let item = Arc::new(Field::new_list_field(DataType::Int64, true));
    Ok(ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), numbers, None)?)
}
