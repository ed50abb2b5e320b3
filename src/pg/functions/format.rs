//! `format(text, …)` (PostgreSQL manual, 9.4.1).

use std::hash::{Hash, Hasher};
use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use arrow::array::{Array, AsArray, StringArray, StringBuilder};
use arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::text;
use crate::error::{Error, Result};
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::encode::OutputSettings;
use crate::pg::facts::Facts;

/// The name it is called by.
pub(super) const NAME: &str = "format";

/// [`NAME`] for the statement of `facts`.
pub(super) fn function(facts: &Facts) -> Arc<ScalarUDF> {
    let signature = Signature::variadic_any(Volatility::Stable);
    let settings = text::settings(facts);
    Arc::new(ScalarUDF::new_from_impl(Format { settings, signature }))
}

#[derive(Debug, PartialEq, Eq)]
struct Format {
    settings: OutputSettings,
    signature: Signature,
}

impl Hash for Format {
    fn hash<H: Hasher>(&self, state: &mut H) {
        NAME.hash(state);
    }
}

impl ScalarUDFImpl for Format {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut columns: Vec<StringArray> = Vec::with_capacity(args.args.len());
        for (arg, field) in args.args.iter().zip(&args.arg_fields) {
            let array = arg.to_array(length)?;
            let texts = text::texts(&array, field, &self.settings).map_err(external)?;
            columns.push(texts.as_string::<i32>().clone());
        }
        let Some((formats, values)) = columns.split_first() else {
            return Err(DataFusionError::Internal("format takes a format".to_owned()));
        };
        let mut results = StringBuilder::with_capacity(length, 16 * length);
        for row in 0..length {
            if formats.is_null(row) {
                results.append_null();
                continue;
            }
            let arg = |at: usize| {
                values.get(at).map(|column| column.is_valid(row).then(|| column.value(row)))
            };
            results.append_value(formatted(formats.value(row), &arg).map_err(external)?);
        }
        let results = results.finish();
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&results, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(results)))
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Which argument a number in the format means.
#[derive(Clone, Copy)]
enum Place {
    Next,
    /// From 0.
    At(usize),
}

/// A specifier as it is written.
struct Specifier {
    place: Place,
    left: bool,
    width: Width,
    conversion: char,
}

enum Width {
    Fixed(i32),
    Argument(Place),
}

fn wrong(message: impl Into<String>) -> Error {
    Error::InvalidParameterValue(message.into())
}

/// `arg` gives the argument at a place from 0, `None` past the last.
/// Errors: 22023 for a format that is none, and for too few arguments; 22004 for NULL as an identifier.
fn formatted<'a>(format: &str, arg: &impl Fn(usize) -> Option<Option<&'a str>>) -> Result<String> {
    let mut result = String::with_capacity(format.len());
    let mut chars = format.chars().peekable();
    let mut next = 0;
    let mut take = |place: Place| {
        let at = match place {
            Place::Next => next,
            Place::At(at) => at,
        };
        next = at + 1;
        arg(at).ok_or_else(|| wrong("too few arguments for format()"))
    };
    while let Some(c) = chars.next() {
        if c != '%' {
            result.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            result.push('%');
            continue;
        }
        let specifier = specifier(&mut chars)?;
        let width = match specifier.width {
            Width::Fixed(width) => width,
            Width::Argument(place) => match take(place)? {
                None => 0,
                Some(digits) => digits.trim().parse().map_err(|_digits| Error::InvalidText {
                    kind: "integer".to_owned(),
                    text: digits.to_owned(),
                })?,
            },
        };
        let value = converted(specifier.conversion, take(specifier.place)?)?;
        let missing = usize::try_from(width.unsigned_abs())
            .unwrap_or(0)
            .saturating_sub(value.chars().count());
        let blanks = " ".repeat(missing);
        if specifier.left || width < 0 {
            result.extend([value, blanks]);
        } else {
            result.extend([blanks, value]);
        }
    }
    Ok(result)
}

fn specifier(chars: &mut Peekable<Chars<'_>>) -> Result<Specifier> {
    let unterminated =
        || wrong("unterminated format() type specifier").hint("For a single \"%\" use \"%%\".");
    let mut place = Place::Next;
    let mut width = Width::Fixed(0);
    let mut left = false;
    match number(chars)? {
        Some(first) if chars.next_if_eq(&'$').is_some() => {
            place = position(first)?;
            left = flags(chars);
            if let Some(wide) = number(chars)? {
                width = Width::Fixed(wide);
            }
        }
        Some(wide) => width = Width::Fixed(wide),
        None => {
            left = flags(chars);
            if let Some(wide) = number(chars)? {
                width = Width::Fixed(wide);
            }
        }
    }
    if chars.next_if_eq(&'*').is_some() {
        width = Width::Argument(match number(chars)? {
            None => Place::Next,
            Some(wide) => {
                chars
                    .next_if_eq(&'$')
                    .ok_or_else(|| wrong("width argument position must be ended by \"$\""))?;
                position(wide)?
            }
        });
    }
    let conversion = chars.next().ok_or_else(unterminated)?;
    if !matches!(conversion, 's' | 'I' | 'L') {
        let message = format!("unrecognized format() type specifier \"{conversion}\"");
        return Err(wrong(message).hint("For a single \"%\" use \"%%\"."));
    }
    Ok(Specifier { place, left, width, conversion })
}

fn flags(chars: &mut Peekable<Chars<'_>>) -> bool {
    let mut left = false;
    while chars.next_if_eq(&'-').is_some() {
        left = true;
    }
    left
}

fn number(chars: &mut Peekable<Chars<'_>>) -> Result<Option<i32>> {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    if digits.is_empty() {
        return Ok(None);
    }
    digits
        .parse()
        .map(Some)
        .map_err(|_large| Error::NumericOutOfRange("number is out of range".to_owned()))
}

fn position(number: i32) -> Result<Place> {
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    at.map(Place::At)
        .ok_or_else(|| wrong("format specifies argument 0, but arguments are numbered from 1"))
}

fn converted(conversion: char, value: Option<&str>) -> Result<String> {
    match (conversion, value) {
        ('I', None) => {
            let message = "null values cannot be formatted as an SQL identifier";
            Err(Error::NullNotAllowed(message.to_owned()))
        }
        ('I', Some(name)) => Ok(quote_identifier(name)),
        ('L', None) => Ok("NULL".to_owned()),
        ('L', Some(text)) => Ok(quoted(text)),
        (_, value) => Ok(value.unwrap_or_default().to_owned()),
    }
}

/// `quote_literal`
fn quoted(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') {
        return format!("E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("'{doubled}'")
}

#[cfg(test)]
mod tests {
    use super::formatted;

    #[track_caller]
    fn check(format: &str, args: &[Option<&str>], want: &str) {
        let got = formatted(format, &|at| args.get(at).copied());
        assert_eq!(got.unwrap_or_else(|error| error.state().to_owned()), want, "{format}");
    }

    #[test]
    fn specifiers() {
        let args = &[Some("a"), Some("B c"), None];
        check("%s %I %L%%", args, "a \"B c\" NULL%");
        check("%2$I %1$L %s", args, "\"B c\" 'a' B c");
        check(
            "|%5s|%-5s|%-*s|",
            &[Some("a"), Some("b"), Some("3"), Some("c")],
            "|    a|b    |c  |",
        );
        check("%*2$s|", &[Some("a"), Some("-3"), Some("b")], "b  |");
        check("%L", &[Some("it's \\")], "E'it''s \\\\'");
        check("%s", &[None], "");
    }

    #[test]
    fn wrong_formats_are_refused() {
        check("%s", &[], "22023");
        check("%", &[], "22023");
        check("%x", &[Some("a")], "22023");
        check("%0$s", &[Some("a")], "22023");
        check("%I", &[None], "22004");
    }
}
