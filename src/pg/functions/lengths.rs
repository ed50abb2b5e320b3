//! Texts whose length an argument tells (`repeat`, `lpad`, `rpad`): refused before they are made (PostgreSQL's
//! oracle_compat.c). DataFusion makes what it is asked for, and the process ends.

use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use super::guard;
use crate::error::Error;

/// The functions that are guarded, by DataFusion's names.
pub(crate) const NAMES: &[&str] = &["lpad", "repeat", "rpad"];

/// Bytes of one value that PostgreSQL allocates at most: `MaxAllocSize`.
const VALUE_BYTES_MAX: u64 = 0x3fff_ffff;

/// Bytes of the values of one batch of rows, in memory at once. Ten times more is what a query may hold in all, a tenth
/// refuses values that clients store.
const BATCH_BYTES_MAX: u64 = 256 << 20;

/// Bytes of one letter at most.
const LETTER_BYTES: u64 = 4;

/// `inner` behind a check of the lengths it is asked for.
pub(crate) fn guarded(inner: &Arc<ScalarUDF>) -> Arc<ScalarUDF> {
    guard::guarded(inner, invoked)
}

fn invoked(inner: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
    if let [text, length, ..] = args.args.as_slice() {
        let rows = match (text, length) {
            (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)) => 1,
            _ => args.number_rows,
        };
        let texts = cast(&text.to_array(rows)?, &DataType::Utf8)?;
        let lengths = cast(&length.to_array(rows)?, &DataType::Int64)?;
        check(inner.name() == "repeat", texts.as_string(), lengths.as_primitive::<Int64Type>())
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
    }
    inner.invoke_with_args(args)
}

/// Errors: 54000 for a value longer than any may be; 53200 for more bytes at once than memory should hold.
fn check(
    repeated: bool,
    texts: &StringArray,
    lengths: &Int64Array,
) -> std::result::Result<(), Error> {
    let mut sum = 0_u64;
    for (text, length) in texts.iter().zip(lengths) {
        let (Some(text), Some(length)) = (text, length) else { continue };
        let Ok(count) = u64::try_from(length) else { continue };
        // What a text is padded with has letters of any width.
        let width = if repeated { text.len() as u64 } else { LETTER_BYTES };
        let bytes = count.saturating_mul(width);
        if VALUE_BYTES_MAX - LETTER_BYTES < bytes {
            return Err(Error::ProgramLimitExceeded("requested length too large".to_owned()));
        }
        sum = sum.saturating_add(if repeated { bytes } else { count });
        if BATCH_BYTES_MAX < sum {
            return Err(Error::OutOfMemory("out of memory".to_owned())
                .detail(format!("Texts of {sum} bytes are more than is made at once.")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};

    use super::check;

    fn state(repeated: bool, text: &str, lengths: &[i64]) -> &'static str {
        let texts = StringArray::from(vec![text; lengths.len()]);
        let found = check(repeated, &texts, &Int64Array::from(lengths.to_vec()));
        found.err().map_or("", |error| error.state())
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(state(true, "abc", &[i64::MAX]), "54000");
        assert_eq!(state(true, "abc", &[400_000_000]), "54000");
        assert_eq!(state(true, "", &[2_147_483_647]), "");
        assert_eq!(state(true, "a", &[-1, 10]), "");
        assert_eq!(state(true, "a", &[200_000_000, 200_000_000]), "53200");
        assert_eq!(state(false, "a", &[268_435_455]), "54000");
        assert_eq!(state(false, "a", &[2_000_000]), "");
    }
}
