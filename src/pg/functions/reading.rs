//! Texts read as values of a type, for casts: exactly as a parameter of that text would be.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveBuilder, StringArray, new_empty_array};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::decode::plain;
use crate::pg::encode::OutputSettings;
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;
use crate::pg::types;
use crate::pg::{adt, decode};

/// `forebay_read_…(text)` for values of type `oid`; `None` for types whose texts the planner's own cast reads alike, and
/// for those whose values are not all of one Arrow type.
pub(super) fn function(oid: u32, facts: &Facts) -> Option<Arc<ScalarUDF>> {
    let read = matches!(
        oid,
        types::BOOL
            | types::INT2
            | types::INT4
            | types::INT8
            | types::FLOAT4
            | types::FLOAT8
            | types::BYTEA
            | types::UUID
            | types::JSON
            | types::JSONB
            | types::DATE
            | types::TIME
            | types::TIMESTAMP
            | types::TIMESTAMPTZ
            | types::INTERVAL
    ) || adt::is_own(oid)
        || types::element_of(oid).is_some_and(|element| {
            // Those of numeric are not all of one Arrow type.
            element != types::NUMERIC && element != types::OID
        });
    read.then(|| {
        Arc::new(ScalarUDF::new_from_impl(Reading {
            oid,
            name: format!("forebay_read_{}", types::sql_name(oid).replace(' ', "_")),
            settings: super::text::settings(facts),
            // 'today' and the session's zone are part of what a text means.
            signature: Signature::string(1, Volatility::Stable),
        }))
    })
}

/// Whether `name` is that of the function of a type whose texts may mean the moment they are read at.
pub(super) fn of_moments(name: &str) -> bool {
    let of_type = |oid| name == format!("forebay_read_{}", types::sql_name(oid).replace(' ', "_"));
    name.starts_with("forebay_read_")
        && [types::DATE, types::TIME, types::TIMESTAMP, types::TIMESTAMPTZ].into_iter().any(of_type)
}

#[derive(Debug, PartialEq, Eq)]
struct Reading {
    oid: u32,
    name: String,
    settings: OutputSettings,
    signature: Signature,
}

impl Hash for Reading {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Reading {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(decode::data_type(self.oid))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = matches!(args.args.first(), Some(ColumnarValue::Scalar(_)));
        let Some(arg) = args.args.first() else {
            return Err(DataFusionError::Internal(format!("{} takes one argument", self.name)));
        };
        let values = self.values(&arg.to_array(if constant { 1 } else { args.number_rows })?)?;
        if constant {
            return of_constants(&values);
        }
        Ok(ColumnarValue::Array(values))
    }
}

impl Reading {
    /// Errors: 0A000 for an array of several dimensions: a column's arrays have as many as its type.
    fn flat(&self, value: ScalarValue) -> crate::error::Result<ScalarValue> {
        let wanted = decode::data_type(self.oid);
        let nested =
            |kind: &DataType| matches!(kind, DataType::List(item) if item.data_type().is_list());
        if !wanted.is_list() || value.data_type() == wanted {
            return Ok(value);
        }
        if nested(&value.data_type()) {
            let message = "a cast from text to an array of several dimensions is not supported";
            return Err(Error::FeatureNotSupported(message.to_owned()));
        }
        value.cast_to(&wanted).map_err(|error| Error::Internal(error.to_string()))
    }

    /// The values of texts that are all in the plainest form of a number or a moment.
    fn plain_values(&self, texts: &StringArray) -> Option<ArrayRef> {
        let whole = plain::integer;
        match self.oid {
            types::INT2 => {
                each::<Int16Type>(texts, |text| whole(text).and_then(|it| it.try_into().ok()))
            }
            types::INT4 => {
                each::<Int32Type>(texts, |text| whole(text).and_then(|it| it.try_into().ok()))
            }
            types::INT8 => each::<Int64Type>(texts, whole),
            types::FLOAT8 => each::<Float64Type>(texts, plain::double),
            types::DATE => each::<Date32Type>(texts, plain::date),
            types::TIMESTAMP => each::<TimestampMicrosecondType>(texts, plain::timestamp),
            _ => None,
        }
    }

    fn values(&self, texts: &ArrayRef) -> Result<ArrayRef> {
        if texts.is_empty() {
            return Ok(new_empty_array(&decode::data_type(self.oid)));
        }
        let texts = cast(texts, &DataType::Utf8)?;
        if let Some(values) = self.plain_values(texts.as_string::<i32>()) {
            return Ok(values);
        }
        let values = texts.as_string::<i32>().iter().map(|text| match text {
            Some(text) => decode::parameter(self.oid, false, text.as_bytes(), &self.settings)
                .and_then(|value| self.flat(value))
                .map_err(|error| DataFusionError::External(Box::new(error))),
            None => Ok(decode::null(self.oid)),
        });
        ScalarValue::iter_to_array(values.collect::<Result<Vec<ScalarValue>>>()?)
    }
}

fn each<T: ArrowPrimitiveType>(
    texts: &StringArray,
    read: impl Fn(&str) -> Option<T::Native>,
) -> Option<ArrayRef> {
    let mut values = PrimitiveBuilder::<T>::with_capacity(texts.len());
    for text in texts {
        match text {
            Some(text) => values.append_value(read(text)?),
            None => values.append_null(),
        }
    }
    Some(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};
    use datafusion::common::ScalarValue;

    use super::Reading;
    use crate::pg::facts::Facts;
    use crate::pg::types;
    use datafusion::logical_expr::{Signature, Volatility};

    fn read(oid: u32, texts: &[Option<&str>]) -> datafusion::common::Result<ArrayRef> {
        let reading = Reading {
            oid,
            name: "reading".to_owned(),
            settings: super::super::text::settings(&Facts::default()),
            signature: Signature::string(1, Volatility::Stable),
        };
        let texts: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        reading.values(&texts)
    }

    #[test]
    fn texts_are_read_as_parameters_are() {
        let days = read(types::DATE, &[Some("Jan 2 1970"), None]).expect("dates");
        assert_eq!(ScalarValue::try_from_array(&days, 0).ok(), Some(ScalarValue::Date32(Some(1))));
        assert!(days.is_null(1));
        let keys = read(types::UUID, &[Some("A0EEBC99-9C0B4EF8BB6D-6BB9BD380A11")]).expect("uuid");
        let want = ScalarValue::from("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
        assert_eq!(ScalarValue::try_from_array(&keys, 0).ok(), Some(want));
        assert!(read(types::INT4, &[Some("seven")]).is_err());
        assert_eq!(read(types::INT8, &[]).expect("none").len(), 0);
    }
}
