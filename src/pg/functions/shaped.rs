//! Functions whose result takes its type from their arguments.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int32Array, Int64Array, ListArray, StructArray, UInt64Array,
};
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
    [Kind::Array, Kind::ExpandArray, Kind::Member, Kind::Ordinality, Kind::Row].map(made).to_vec()
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
    /// `WITH ORDINALITY`: numbers, from 1, as many as the longest of the lists has elements.
    Ordinality,
    /// `ROW`: a value of fields, each after its name. They keep what they say of themselves.
    Row,
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
            Kind::Ordinality => "forebay_ordinality",
            Kind::Row => "forebay_row",
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
            (Kind::Ordinality, lists)
                if lists.iter().all(|kind| kind.is_list() || kind.is_null()) =>
            {
                Ok(lists.to_vec())
            }
            (Kind::Row, parts) => Ok(parts.to_vec()),
            _ => plan_err!("function {} does not take these arguments", self.name()),
        }
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(match (self.kind, arg_types) {
            (Kind::ExpandArray, [DataType::List(item)]) => {
                let pair = DataType::Struct(pair_fields(item));
                DataType::List(Arc::new(Field::new("item", pair, true)))
            }
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
        if self.kind == Kind::Row {
            let fields = DataType::Struct(row_fields(&args)?);
            return Ok(Arc::new(Field::new(self.name(), fields, true)));
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
            Kind::Ordinality => Arc::new(ordinality(&arrays)?),
            Kind::Row => {
                let DataType::Struct(fields) = args.return_field.data_type() else {
                    return plan_err!("not a row");
                };
                let columns = arrays.into_iter().skip(1).step_by(2).collect();
                Arc::new(StructArray::try_new_with_length(fields.clone(), columns, None, length)?)
            }
        };
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// The fields of a row by the names before them.
fn row_fields(args: &ReturnFieldArgs<'_>) -> Result<Fields> {
    let pairs =
        args.scalar_arguments.iter().step_by(2).zip(args.arg_fields.iter().skip(1).step_by(2));
    let fields = pairs.map(|(name, field)| match name {
        Some(ScalarValue::Utf8(Some(name))) => {
            Ok(field.as_ref().clone().with_name(name).with_nullable(true))
        }
        _ => plan_err!("a field of a row has no name"),
    });
    fields.collect::<Result<Vec<Field>>>().map(Fields::from)
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
