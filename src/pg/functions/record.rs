//! Composite values: `ROW(…)`, and rows of tables (PostgreSQL manual, sections 4.2.13 and 8.16.5).

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::pg::functions::of_constants;
use crate::pg::types::{ROW_TYPE_KEY, TYPE_KEY};

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    [Kind::Row, Kind::Whole].map(made).to_vec()
}

fn made(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Record { kind, signature }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// `forebay_row(value, …)`: its fields are `f1` and so on.
    Row,
    /// `forebay_record(type, there, name, value, …)`: the number of the row's type, 0 for none, whether there is a row at
    /// all, then fields with their names.
    Whole,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Record {
    kind: Kind,
    signature: Signature,
}

impl Record {
    fn field(&self, args: &[FieldRef], constants: &[Option<&ScalarValue>]) -> Result<Field> {
        let (row_type, fields): (i64, Vec<Field>) = match self.kind {
            Kind::Row => {
                let named = args.iter().enumerate().map(|(index, field)| {
                    field.as_ref().clone().with_name(format!("f{}", index + 1)).with_nullable(true)
                });
                (0, named.collect())
            }
            Kind::Whole => {
                let mut fields = Vec::with_capacity(args.len() / 2);
                let named = args.iter().zip(constants).skip(2).collect::<Vec<_>>();
                for pair in named.chunks(2) {
                    let [(_, Some(name)), (field, _)] = pair else {
                        return plan_err!("forebay_record takes names before values");
                    };
                    let name = name.try_as_str().flatten().unwrap_or_default();
                    fields.push(field.as_ref().clone().with_name(name).with_nullable(true));
                }
                let row_type = match constants.first() {
                    Some(Some(ScalarValue::Utf8(Some(number)))) => number.parse().unwrap_or(0),
                    _ => 0,
                };
                (row_type, fields)
            }
        };
        let metadata = HashMap::from([(TYPE_KEY.to_owned(), "record".to_owned())]);
        let record = DataType::Struct(composite(fields, row_type));
        Ok(Field::new(self.name(), record, self.kind == Kind::Whole).with_metadata(metadata))
    }
}

/// The fields of composite values, which tell that they are some: a struct of a file is JSON. What gathers, chooses and
/// unnests values keeps their type, but not what is said beside it.
pub(super) fn composite(fields: Vec<Field>, row_type: i64) -> Fields {
    let told = fields.into_iter().enumerate().map(|(index, field)| {
        let mut metadata = field.metadata().clone();
        metadata.remove(ROW_TYPE_KEY);
        if index == 0 {
            metadata.insert(ROW_TYPE_KEY.to_owned(), row_type.to_string());
        }
        field.with_metadata(metadata)
    });
    told.collect()
}

impl ScalarUDFImpl for Record {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Row => "forebay_row",
            Kind::Whole => "forebay_record",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Err(DataFusionError::Internal("a record depends on the names of its fields".to_owned()))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.field(args.arg_fields, args.scalar_arguments).map(Arc::new)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::Struct(fields) = args.return_field.data_type() else {
            return plan_err!("a record is a struct");
        };
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let values: Vec<&ColumnarValue> = match self.kind {
            Kind::Row => args.args.iter().collect(),
            Kind::Whole => args.args.iter().skip(3).step_by(2).collect(),
        };
        let nulls = match (self.kind, args.args.get(1)) {
            (Kind::Whole, Some(there)) => {
                let there = there.to_array(length)?;
                Some(NullBuffer::new(there.as_boolean().values().clone()))
            }
            _ => None,
        };
        let mut columns = Vec::with_capacity(values.len());
        for (value, field) in values.into_iter().zip(fields) {
            let column = value.to_array(length)?;
            // The value may be of another encoding than the field told.
            columns.push(arrow::compute::cast(&column, field.data_type())?);
        }
        let record = match fields.is_empty() {
            true => StructArray::new_empty_fields(length, nulls),
            false => StructArray::try_new(fields.clone(), columns, nulls)?,
        };
        let record: ArrayRef = Arc::new(record);
        if constant {
            return of_constants(&record);
        }
        Ok(ColumnarValue::Array(record))
    }
}
