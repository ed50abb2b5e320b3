//! The options of COPY, as PostgreSQL's `ProcessCopyOptions` (copy.c) reads and checks them.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::Reader;
use crate::error::{Error, Result};
use crate::pg::encode::CopyFormat;

/// What may be said once of a COPY.
const NAMES: &[&str] = &[
    "format",
    "freeze",
    "delimiter",
    "null",
    "header",
    "quote",
    "escape",
    "force_quote",
    "force_not_null",
    "force_null",
    "encoding",
];

/// The value of an option.
enum Value {
    None,
    One(String),
    /// A list of names; `*` alone is all.
    Columns(Vec<String>),
}

#[derive(Default)]
struct Options {
    given: Vec<&'static str>,
    format: Option<String>,
    delimiter: Option<String>,
    null: Option<String>,
    header: bool,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Vec<String>,
}

impl Reader<'_> {
    /// The format COPY writes, and the columns that are always quoted.
    /// Errors: 42601, 22023 and 0A000 for options that are unknown, doubled or do not go together.
    pub(super) fn copy_options(&mut self) -> Result<(CopyFormat, Vec<String>)> {
        let mut options = Options::default();
        self.accept("WITH");
        if !self.accept_token(&Token::LParen) {
            while !self.at_end() {
                let position = self.position();
                let (name, value) = self.old_copy_option()?;
                options.set(&name, value, position)?;
            }
            return options.build();
        }
        loop {
            let position = self.position();
            let name = self.identifier()?;
            let value = match self.token() {
                Token::Comma | Token::RParen => Value::None,
                Token::LParen | Token::Mul => Value::Columns(self.column_list()?),
                _ => Value::One(self.value()?),
            };
            options.set(&name, value, position)?;
            if !self.accept_token(&Token::Comma) {
                break;
            }
        }
        self.expect_token(&Token::RParen)?;
        options.build()
    }

    /// The form of PostgreSQL before 9.0, which drivers still send: `COPY … TO STDOUT CSV HEADER DELIMITER ','`.
    fn old_copy_option(&mut self) -> Result<(String, Value)> {
        for (words, name) in [
            ("FORCE QUOTE", "force_quote"),
            ("FORCE NOT NULL", "force_not_null"),
            ("FORCE NULL", "force_null"),
        ] {
            if self.accept(words) {
                return Ok((name.to_owned(), Value::Columns(self.column_list()?)));
            }
        }
        for format in ["BINARY", "CSV"] {
            if self.accept(format) {
                return Ok(("format".to_owned(), Value::One(format.to_lowercase())));
            }
        }
        for alone in ["HEADER", "FREEZE"] {
            if self.accept(alone) {
                return Ok((alone.to_lowercase(), Value::None));
            }
        }
        for with_text in ["DELIMITER", "NULL", "QUOTE", "ESCAPE", "ENCODING"] {
            if self.accept(with_text) {
                if with_text != "ENCODING" {
                    self.accept("AS");
                }
                return Ok((with_text.to_lowercase(), Value::One(self.string()?)));
            }
        }
        Err(self.error())
    }

    fn column_list(&mut self) -> Result<Vec<String>> {
        if self.accept_token(&Token::Mul) {
            return Ok(vec!["*".to_owned()]);
        }
        let bracketed = self.accept_token(&Token::LParen);
        let names = self.identifiers()?;
        if bracketed {
            self.expect_token(&Token::RParen)?;
        }
        Ok(names)
    }
}

impl Options {
    fn set(&mut self, name: &str, value: Value, position: usize) -> Result<()> {
        let Some(known) = NAMES.iter().find(|known| **known == name) else {
            return Err(Error::Syntax(format!("option \"{name}\" not recognized")).at(position));
        };
        if self.given.contains(known) {
            return Err(Error::Syntax("conflicting or redundant options".to_owned()).at(position));
        }
        self.given.push(known);
        let wrong = |what: &str| {
            let message = format!("argument to option \"{name}\" must be {what}");
            Error::InvalidParameterValue(message).at(position)
        };
        match (name, value) {
            ("force_quote", Value::Columns(columns)) => self.force_quote = columns,
            ("force_not_null" | "force_null", Value::Columns(_)) => {}
            ("force_quote" | "force_not_null" | "force_null", _) => {
                return Err(wrong("a list of column names"));
            }
            (_, Value::Columns(_)) => return Err(wrong("a single value")),
            ("header", value) => self.header = header(value)?,
            ("freeze", Value::None) => {}
            ("freeze", Value::One(value)) => {
                boolean(&value)
                    .ok_or_else(|| Error::Syntax("freeze requires a Boolean value".to_owned()))?;
            }
            (_, Value::None) => return Err(Error::Syntax(format!("{name} requires a parameter"))),
            ("format", Value::One(format)) => match format.as_str() {
                "text" | "csv" | "binary" => self.format = Some(format),
                _ => {
                    let message = format!("COPY format \"{format}\" not recognized");
                    return Err(Error::InvalidParameterValue(message).at(position));
                }
            },
            ("delimiter", Value::One(value)) => self.delimiter = Some(value),
            ("null", Value::One(value)) => self.null = Some(value),
            ("quote", Value::One(value)) => self.quote = Some(value),
            ("escape", Value::One(value)) => self.escape = Some(value),
            (_, Value::One(encoding)) => match encoding.to_uppercase().as_str() {
                "UTF8" | "UTF-8" | "UNICODE" => {}
                _ => {
                    let message = format!("encoding \"{encoding}\" is not supported");
                    return Err(Error::FeatureNotSupported(message));
                }
            },
        }
        Ok(())
    }

    /// Errors: 42601 and 0A000 for what binary rows have not.
    fn check_binary(&self) -> Result<()> {
        if self.format.as_deref() != Some("binary") {
            return Ok(());
        }
        let said = |word: &str| format!("cannot specify {word} in BINARY mode");
        if self.delimiter.is_some() {
            return Err(Error::Syntax(said("DELIMITER")));
        }
        if self.null.is_some() {
            return Err(Error::Syntax(said("NULL")));
        }
        if self.header { Err(Error::FeatureNotSupported(said("HEADER"))) } else { Ok(()) }
    }

    /// Errors: 0A000 for what only CSV has.
    fn check_without_csv(&self) -> Result<()> {
        for (option, what) in [
            ("quote", "quote"),
            ("escape", "escape"),
            ("force_quote", "force quote"),
            ("force_not_null", "force not null"),
            ("force_null", "force null"),
        ] {
            if self.given.contains(&option) {
                let message = format!("COPY {what} available only in CSV mode");
                return Err(Error::FeatureNotSupported(message));
            }
        }
        Ok(())
    }

    fn build(self) -> Result<(CopyFormat, Vec<String>)> {
        let refused = |message: &str| Err(Error::FeatureNotSupported(message.to_owned()));
        let invalid = |message: String| Err(Error::InvalidParameterValue(message));
        let csv = self.format.as_deref() == Some("csv");
        self.check_binary()?;
        let delimiter =
            self.delimiter.clone().unwrap_or_else(|| if csv { "," } else { "\t" }.to_owned());
        let null = self.null.clone().unwrap_or_else(|| if csv { "" } else { "\\N" }.to_owned());
        let byte = |text: &str| match text.as_bytes() {
            [byte] => Some(*byte),
            _ => None,
        };
        let Some(delimiter) = byte(&delimiter) else {
            return refused("COPY delimiter must be a single one-byte character");
        };
        if matches!(delimiter, b'\r' | b'\n') {
            return invalid("COPY delimiter cannot be newline or carriage return".to_owned());
        }
        if null.contains(['\r', '\n']) {
            let message = "COPY null representation cannot use newline or carriage return";
            return invalid(message.to_owned());
        }
        let shown = char::from(delimiter);
        if !csv
            && (matches!(delimiter, b'\\' | b'.')
                || shown.is_ascii_lowercase()
                || shown.is_ascii_digit())
        {
            return invalid(format!("COPY delimiter cannot be \"{shown}\""));
        }
        if !csv {
            self.check_without_csv()?;
        }
        let Some(quote) = byte(self.quote.as_deref().unwrap_or("\"")) else {
            return refused("COPY quote must be a single one-byte character");
        };
        if csv && delimiter == quote {
            return invalid("COPY delimiter and quote must be different".to_owned());
        }
        let Some(escape) = self.escape.as_deref().map_or(Some(quote), byte) else {
            return refused("COPY escape must be a single one-byte character");
        };
        for (option, what) in [("force_not_null", "force not null"), ("force_null", "force null")] {
            if self.given.contains(&option) {
                return refused(&format!("COPY {what} only available using COPY FROM"));
            }
        }
        if null.contains(shown) {
            return refused("COPY delimiter must not appear in the NULL specification");
        }
        if csv && null.contains(char::from(quote)) {
            return refused("CSV quote character must not appear in the NULL specification");
        }
        let header = self.header;
        let format = match self.format.as_deref() {
            Some("binary") => CopyFormat::Binary,
            Some("csv") => {
                let force_quote = Some(Vec::new());
                CopyFormat::Csv { delimiter, null, header, quote, escape, force_quote }
            }
            _ => CopyFormat::Text { delimiter, null, header },
        };
        Ok((format, self.force_quote))
    }
}

/// Errors: 42601; 0A000 for `match`, which is of COPY FROM.
fn header(value: Value) -> Result<bool> {
    let Value::One(value) = value else { return Ok(true) };
    if value.eq_ignore_ascii_case("match") {
        let message = "cannot use \"match\" with HEADER in COPY TO".to_owned();
        return Err(Error::FeatureNotSupported(message));
    }
    boolean(&value)
        .ok_or_else(|| Error::Syntax("header requires a Boolean value or \"match\"".to_owned()))
}

/// PostgreSQL's `defGetBoolean`.
fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "1" => Some(true),
        "false" | "off" | "0" => Some(false),
        _ => None,
    }
}
