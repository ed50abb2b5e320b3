//! Values as PostgreSQL's text, for casts: exactly what a client would be sent.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringBuilder};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use bytes::{Buf, BytesMut};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::encode::{
    DateFormat, DateOrder, DateStyle, IntervalStyle, OutputSettings, RowEncoder,
};
use crate::pg::encodings::Encoding;
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;
use crate::pg::types;
use crate::pg::zone::Zone;

/// What plans call the function.
pub(crate) const NAME: &str = "forebay_text";

/// `forebay_text(x)` for the statement of `facts`.
pub(super) fn function(facts: &Facts) -> Arc<ScalarUDF> {
    let signature = Signature::any(1, Volatility::Stable);
    Arc::new(ScalarUDF::new_from_impl(Text { settings: settings(facts), signature }))
}

#[derive(Debug, PartialEq, Eq)]
struct Text {
    settings: OutputSettings,
    signature: Signature,
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// How the session writes values.
pub(super) fn settings(facts: &Facts) -> OutputSettings {
    let own = |name: &str| facts.setting(name).unwrap_or_default();
    let date_style = own("datestyle").to_ascii_lowercase();
    let has = |word: &str| date_style.contains(word);
    OutputSettings {
        time_zone: Zone::of_session(own("timezone")).unwrap_or(Zone::UTC),
        now_us: facts.transaction_at_us,
        date_style: DateStyle {
            format: match () {
                () if has("german") => DateFormat::German,
                () if has("postgres") => DateFormat::Postgres,
                () if has("sql") => DateFormat::Sql,
                () => DateFormat::Iso,
            },
            order: match () {
                () if has("dmy") => DateOrder::Dmy,
                () if has("ymd") => DateOrder::Ymd,
                () => DateOrder::Mdy,
            },
        },
        interval_style: match own("intervalstyle") {
            "postgres_verbose" => IntervalStyle::PostgresVerbose,
            "sql_standard" => IntervalStyle::SqlStandard,
            "iso_8601" => IntervalStyle::Iso8601,
            _ => IntervalStyle::Postgres,
        },
        bytea_hex: own("bytea_output") != "escape",
        extra_float_digits: own("extra_float_digits").parse().unwrap_or(1),
        // Of values inside the server; only what leaves it is in the client's.
        encoding: Encoding::Utf8,
    }
}

impl ScalarUDFImpl for Text {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = matches!(args.args.first(), Some(ColumnarValue::Scalar(_)));
        let (Some(arg), Some(field)) = (args.args.first(), args.arg_fields.first()) else {
            return Err(DataFusionError::Internal("forebay_text takes one argument".to_owned()));
        };
        let array = arg.to_array(if constant { 1 } else { args.number_rows })?;
        let texts = texts(&array, field, &self.settings)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&texts);
        }
        Ok(ColumnarValue::Array(texts))
    }
}

/// The text of every value: the one field of the DataRow it would be.
pub(super) fn texts(
    array: &ArrayRef,
    field: &FieldRef,
    settings: &OutputSettings,
) -> std::result::Result<ArrayRef, Error> {
    /// 'D', the frame's length, the count of fields.
    const FRAME_HEAD_BYTES: usize = 1 + 4 + 2;
    let broken = || Error::Internal("a row could not be read back".to_owned());
    // The array may be of another encoding than the field told.
    let told = field.metadata().clone();
    let field = Field::new("text", array.data_type().clone(), true).with_metadata(told);
    let target = types::of_field(&field);
    let schema = Arc::new(Schema::new(vec![field]));
    let mut encoder = RowEncoder::new(&[target], &schema, &[false], settings)?;
    let batch = RecordBatch::try_new(schema, vec![Arc::clone(array)])
        .map_err(|error| Error::Internal(error.to_string()))?;
    let mut frames = BytesMut::new();
    encoder.encode(&batch, 0..array.len(), &mut frames)?;
    let mut texts = StringBuilder::with_capacity(array.len(), frames.len());
    let mut rest = frames.freeze();
    for _row in 0..array.len() {
        if rest.len() < FRAME_HEAD_BYTES + 4 {
            return Err(broken());
        }
        rest.advance(FRAME_HEAD_BYTES);
        match usize::try_from(rest.get_i32()) {
            // -1 is NULL.
            Err(_negative) => texts.append_null(),
            Ok(length) if length <= rest.len() => {
                let bytes = rest.split_to(length);
                texts.append_value(std::str::from_utf8(&bytes).map_err(|_text| broken())?);
            }
            Ok(_) => return Err(broken()),
        }
    }
    Ok(Arc::new(texts.finish()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, ArrayRef, AsArray, Float64Array, TimestampMicrosecondArray};
    use arrow::datatypes::Field;

    use super::{settings, texts};
    use crate::pg::facts::Facts;

    fn check(array: impl Array + 'static, want: &[Option<&str>]) {
        let field = Arc::new(Field::new("x", array.data_type().clone(), true));
        let array: ArrayRef = Arc::new(array);
        let found = texts(&array, &field, &settings(&Facts::default())).expect("text");
        assert_eq!(found.as_string::<i32>().iter().collect::<Vec<_>>(), want);
    }

    #[test]
    fn values_read_as_clients_see_them() {
        check(
            Float64Array::from(vec![Some(1.0), None, Some(0.1)]),
            &[Some("1"), None, Some("0.1")],
        );
        check(TimestampMicrosecondArray::from(vec![0]), &[Some("1970-01-01 00:00:00")]);
    }
}
