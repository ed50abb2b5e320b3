//! Functions of texts (PostgreSQL manual, section 9.4) that the planner lacks or has with another meaning.
//!
//! What `concat` and `format` are given is text already: [`crate::pg::rewrite`] puts casts around it that write values
//! as clients see them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{DataFusionError, Result as DfResult, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, Result};
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::functions::of_constants;

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    let made = |(_, kind): &(&str, Kind)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::new_from_impl(Strings { kind: *kind, signature }))
    };
    KINDS.iter().map(made).collect()
}

/// Functions that write each argument as clients see it.
pub(crate) fn writes_arguments(name: &str) -> bool {
    matches!(name, "concat" | "concat_ws" | "format")
}

/// Functions that take any value as its cast to text.
pub(crate) fn casts_arguments(name: &str) -> bool {
    matches!(name, "quote_literal" | "quote_nullable")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Concat,
    ConcatWith,
    Format,
    Chr,
    Upper,
    Lower,
    Initcap,
    QuoteLiteral,
    QuoteNullable,
}

const KINDS: &[(&str, Kind)] = &[
    ("concat", Kind::Concat),
    ("concat_ws", Kind::ConcatWith),
    ("format", Kind::Format),
    ("chr", Kind::Chr),
    ("upper", Kind::Upper),
    ("lower", Kind::Lower),
    ("initcap", Kind::Initcap),
    ("quote_literal", Kind::QuoteLiteral),
    ("quote_nullable", Kind::QuoteNullable),
];

#[derive(Debug, PartialEq, Eq, Hash)]
struct Strings {
    kind: Kind,
    signature: Signature,
}

impl ScalarUDFImpl for Strings {
    fn name(&self) -> &str {
        KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("", |(name, _)| name)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        let text = |data_type: &DataType| match data_type {
            DataType::Dictionary(_, value) => value.is_string(),
            other => other.is_string() || other.is_null(),
        };
        match (self.kind, arg_types) {
            (Kind::Concat, [_, ..]) | (Kind::QuoteLiteral | Kind::QuoteNullable, [_]) => {
                Ok(arg_types.to_vec())
            }
            (Kind::ConcatWith, [separator, _, ..]) if text(separator) => Ok(arg_types.to_vec()),
            (Kind::Format, [template, ..]) if text(template) => Ok(arg_types.to_vec()),
            (Kind::Chr, [number]) if number.is_integer() || text(number) => {
                Ok(vec![DataType::Int64])
            }
            (Kind::Upper | Kind::Lower | Kind::Initcap, [one]) if text(one) => {
                Ok(vec![DataType::Utf8])
            }
            _ => {
                let name = |kind: &DataType| {
                    crate::pg::types::sql_name(crate::pg::types::of_data_type(kind).oid)
                };
                let names: Vec<String> = arg_types.iter().map(name).collect();
                plan_err!("function {}({}) does not exist", self.name(), names.join(", "))
            }
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut columns = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            let array = arg.to_array(length)?;
            columns.push(match self.kind {
                Kind::Chr => array,
                _ => cast(&array, &DataType::Utf8)?,
            });
        }
        let result = self
            .result(&columns, length)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(result))
    }
}

impl Strings {
    fn result(&self, columns: &[ArrayRef], length: usize) -> Result<ArrayRef> {
        if self.kind == Kind::Chr {
            let numbers = columns[0].as_primitive::<Int64Type>();
            let letters = numbers.iter().map(|number| number.map(letter).transpose());
            let letters = letters.collect::<Result<Vec<Option<String>>>>()?;
            return Ok(Arc::new(StringArray::from(letters)));
        }
        let columns: Vec<&StringArray> =
            columns.iter().map(|column| column.as_string::<i32>()).collect();
        let mut texts = StringBuilder::new();
        let mut args = Vec::with_capacity(columns.len());
        for row in 0..length {
            args.clear();
            args.extend(columns.iter().map(|c| c.is_valid(row).then(|| c.value(row))));
            match (self.kind, args.as_slice()) {
                (Kind::Concat, all) => {
                    texts.append_value(all.iter().flatten().copied().collect::<String>());
                }
                (Kind::ConcatWith, [Some(separator), rest @ ..]) => {
                    let parts: Vec<&str> = rest.iter().flatten().copied().collect();
                    texts.append_value(parts.join(separator));
                }
                (Kind::Format, [Some(template), rest @ ..]) => {
                    texts.append_value(formatted(template, rest)?);
                }
                (Kind::Upper, [Some(text)]) => texts.append_value(cased(text, true)),
                (Kind::Lower, [Some(text)]) => texts.append_value(cased(text, false)),
                (Kind::Initcap, [Some(text)]) => texts.append_value(initials_upper(text)),
                (Kind::QuoteLiteral | Kind::QuoteNullable, [Some(text)]) => {
                    texts.append_value(quoted(text));
                }
                (Kind::QuoteNullable, [None]) => texts.append_value("NULL"),
                _ => texts.append_null(),
            }
        }
        Ok(Arc::new(texts.finish()))
    }
}

/// `chr`
/// Errors: 54000 for NUL and for what is no character; 22023 below zero.
fn letter(number: i64) -> Result<String> {
    let refused = |message: String| Err(Error::ProgramLimitExceeded(message));
    match (number, u32::try_from(number).ok().and_then(char::from_u32)) {
        (0, _) => refused("null character not permitted".to_owned()),
        (_, Some(letter)) => Ok(letter.to_string()),
        (..0, None) => {
            Err(Error::InvalidParameterValue("character number must be positive".to_owned()))
        }
        (0x11_0000.., None) => {
            refused(format!("requested character too large for encoding: {number}"))
        }
        _ => refused(format!("requested character not valid for encoding: {number}")),
    }
}

/// A text in one case, letter for letter: one that becomes several (`ß`) stays, as in C's `towupper`.
fn cased(text: &str, upper: bool) -> String {
    if text.is_ascii() {
        return if upper { text.to_ascii_uppercase() } else { text.to_ascii_lowercase() };
    }
    text.chars().map(|letter| cased_letter(letter, upper)).collect()
}

fn cased_letter(letter: char, upper: bool) -> char {
    let mut mapped: Box<dyn Iterator<Item = char>> =
        if upper { Box::new(letter.to_uppercase()) } else { Box::new(letter.to_lowercase()) };
    match (mapped.next(), mapped.next()) {
        (Some(one), None) => one,
        _ => letter,
    }
}

/// `initcap`: the first of each run of letters and digits in upper case, the others in lower.
fn initials_upper(text: &str) -> String {
    let mut inside = false;
    let cased = text.chars().map(|letter| {
        let cased = cased_letter(letter, !inside);
        inside = letter.is_alphanumeric();
        cased
    });
    cased.collect()
}

/// `format` (PostgreSQL manual, section 9.4.1).
/// Errors: 22023 for a template that is none or wants more than it is given; 22004 for NULL as a name.
fn formatted(template: &str, args: &[Option<&str>]) -> Result<String> {
    let mut reader = Template { rest: template, args, next: 0 };
    let mut out = String::with_capacity(template.len());
    while let Some((before, after)) = reader.rest.split_once('%') {
        out.push_str(before);
        reader.rest = after;
        reader.specifier(&mut out)?;
    }
    out.push_str(reader.rest);
    Ok(out)
}

struct Template<'a> {
    rest: &'a str,
    args: &'a [Option<&'a str>],
    /// The index of the next argument that is not asked for by its number.
    next: usize,
}

fn refused(message: impl Into<String>) -> Error {
    Error::InvalidParameterValue(message.into())
}

fn unterminated() -> Error {
    refused("unterminated format() type specifier").hint("For a single \"%\" use \"%%\".")
}

impl<'a> Template<'a> {
    fn take(&mut self, mark: char) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn number(&mut self) -> Result<Option<usize>> {
        let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, after) = self.rest.split_at(digits);
        self.rest = after;
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse::<i32>().ok().and_then(|number| usize::try_from(number).ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(refused("number is out of range")),
        }
    }

    /// The argument of a number from 1, or the next one.
    fn argument(&mut self, number: Option<usize>) -> Result<Option<&'a str>> {
        let index = match number {
            Some(0) => {
                return Err(refused(
                    "format specifies argument 0, but arguments are numbered from 1",
                ));
            }
            Some(number) => number - 1,
            None => self.next,
        };
        self.next = index + 1;
        let found = self.args.get(index).copied();
        found.ok_or_else(|| refused("too few arguments for format()"))
    }

    /// What follows a `%`.
    fn specifier(&mut self, out: &mut String) -> Result<()> {
        if self.take('%') {
            out.push('%');
            return Ok(());
        }
        let mut number = self.number()?;
        let mut width = None;
        if number.is_some() && !self.take('$') {
            width = number.take();
        }
        let mut left = false;
        if width.is_none() {
            while self.take('-') {
                left = true;
            }
            width = self.number()?;
            if width.is_none() && self.take('*') {
                let own = self.number()?;
                if own.is_some() && !self.take('$') {
                    return Err(refused("width argument position must be ended by \"$\""));
                }
                let given = self.argument(own)?.unwrap_or("0");
                let given: i64 = given.trim().parse().map_err(|_text| Error::InvalidText {
                    kind: "integer".to_owned(),
                    text: given.to_owned(),
                })?;
                left |= given < 0;
                width = usize::try_from(given.unsigned_abs()).ok();
            }
        }
        let mut letters = self.rest.chars();
        let kind = letters.next().ok_or_else(unterminated)?;
        self.rest = letters.as_str();
        if !matches!(kind, 's' | 'I' | 'L') {
            return Err(refused(format!("unrecognized format() type specifier \"{kind}\""))
                .hint("For a single \"%\" use \"%%\"."));
        }
        let value = match (kind, self.argument(number)?) {
            ('I', None) => {
                let message = "null values cannot be formatted as an SQL identifier".to_owned();
                return Err(Error::NullNotAllowed(message));
            }
            ('I', Some(text)) => quote_identifier(text),
            ('L', None) => "NULL".to_owned(),
            ('L', Some(text)) => quoted(text),
            (_, text) => text.unwrap_or_default().to_owned(),
        };
        let blanks = width.unwrap_or(0).saturating_sub(value.chars().count());
        if WIDTH_MAX < blanks {
            return Err(Error::ProgramLimitExceeded("requested length too large".to_owned()));
        }
        let blanks = " ".repeat(blanks);
        let (before, after) = if left { ("", blanks.as_str()) } else { (blanks.as_str(), "") };
        out.push_str(before);
        out.push_str(&value);
        out.push_str(after);
        Ok(())
    }
}

/// Blanks before or after one value at most; PostgreSQL stops at a gigabyte, of its own memory.
const WIDTH_MAX: usize = 10_000_000;

/// `quote_literal`
fn quoted(text: &str) -> String {
    let escaped = text.contains('\\');
    let inner = text.replace('\'', "''").replace('\\', "\\\\");
    format!("{}'{inner}'", if escaped { "E" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::{cased, formatted, initials_upper, letter};

    fn check(template: &str, args: &[Option<&str>], want: Result<&str, &str>) {
        let found = formatted(template, args).map_err(|error| error.state().to_owned());
        assert_eq!(found.as_deref().map_err(String::as_str), want, "{template}");
    }

    #[test]
    fn templates_are_filled() {
        check("%s %I %L %%", &[Some("a"), Some("B c"), Some("it's")], Ok("a \"B c\" 'it''s' %"));
        check("%2$s %1$s %s", &[Some("a"), Some("b")], Ok("b a b"));
        check(
            "%5s|%-5s|%*s",
            &[Some("a"), Some("b"), Some("-3"), Some("c")],
            Ok("    a|b    |c  "),
        );
        check("%L", &[Some("a\\b")], Ok("E'a\\\\b'"));
        check("%s%L", &[None, None], Ok("NULL"));
        check("%I", &[None], Err("22004"));
        check("%s", &[], Err("22023"));
        check("%x", &[Some("a")], Err("22023"));
        check("%", &[Some("a")], Err("22023"));
    }

    #[test]
    fn letters_change_case_one_by_one() {
        assert_eq!(cased("straße É", true), "STRAßE É");
        assert_eq!(cased("ÀB", false), "àb");
        assert_eq!(initials_upper("hello-wORLD 2ND ßa"), "Hello-World 2nd ßa");
        assert_eq!(letter(8364).ok().as_deref(), Some("€"));
        assert_eq!(letter(0).map_err(|error| error.state()), Err("54000"));
        assert_eq!(letter(-1).map_err(|error| error.state()), Err("22023"));
    }
}
