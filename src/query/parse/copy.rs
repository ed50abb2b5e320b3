//! COPY … TO STDOUT and COPY … FROM STDIN with their options (PostgreSQL manual, COPY): what is refused, in the order and words of PostgreSQL.

use datafusion::sql::sqlparser::ast::Query;
use datafusion::sql::sqlparser::tokenizer::Token;

use super::Reader;
use super::statement::{CopyFrom, Named, Refused, Relation, Statement};
use super::subscribe::Subscriber;
use crate::error::{Error, Result};
use crate::pg::encode::CopyFormat;
use crate::pg::encodings;

/// The encoding of everything here.
const UTF8: &str = "UTF8";

impl Reader<'_> {
    pub(super) fn copy(&mut self) -> Result<Statement> {
        self.expect("COPY")?;
        if self.token() == Token::LParen && self.word_at(1).as_deref() == Some("SUBSCRIBE") {
            return self.copy_subscription();
        }
        let start = self.index();
        let (query, table) = if self.token() == Token::LParen {
            (self.bracketed_query()?, None)
        } else {
            let table = self.copied_table()?;
            (self.all_of(&table)?, Some(table))
        };
        if table.is_some() && self.accept("FROM") {
            let end = self.index();
            self.back(start);
            let relation = self.named(None)?;
            let columns = match self.token() {
                Token::LParen => self.bracketed_columns()?,
                _ => Vec::new(),
            };
            self.back(end);
            return self.copy_from(relation, columns);
        }
        let (format, force_quote) = self.stdout()?;
        Ok(Statement::Copy { query, table, format, force_quote })
    }

    fn copy_subscription(&mut self) -> Result<Statement> {
        self.expect_token(&Token::LParen)?;
        let subscription = Box::new(self.subscription()?);
        self.expect_token(&Token::RParen)?;
        let (format, force_quote) = self.stdout()?;
        let to = Subscriber::Copy(format, force_quote);
        Ok(Statement::Subscribe { subscription, to })
    }

    /// `TO STDOUT` with its options: how rows are written, and columns to force quotes on.
    fn stdout(&mut self) -> Result<(CopyFormat, Vec<String>)> {
        self.expect("TO")?;
        if !self.accept("STDOUT") {
            let message = "permission denied to COPY to a file or an external program".to_owned();
            return Err(Error::InsufficientPrivilege(message)
                .hint("Use COPY … TO STDOUT, or psql's \\copy."));
        }
        self.copy_options()?.build(false)
    }

    /// What stands behind `COPY table FROM`.
    fn copy_from(&mut self, relation: Relation, columns: Vec<Named>) -> Result<Statement> {
        if !self.accept("STDIN") {
            let message = "permission denied to COPY from a file or an external program".to_owned();
            return Err(Error::InsufficientPrivilege(message)
                .hint("Use COPY … FROM STDIN, or psql's \\copy."));
        }
        let options = self.copy_options()?;
        let header_match = options.header_match;
        let force_not_null = options.force_not_null.clone().unwrap_or_default();
        let force_null = options.force_null.clone().unwrap_or_default();
        let (format, _) = options.build(true)?;
        if self.stands("WHERE") {
            return unsupported("COPY FROM with WHERE is not supported");
        }
        let refused = Refused::of("INSERT", relation, self.refused("INSERT"));
        Ok(Statement::CopyFrom(Box::new(CopyFrom {
            columns,
            format,
            header_match,
            force_not_null,
            force_null,
            refused,
        })))
    }

    /// A table as the query for all of it.
    pub(super) fn table_query(&mut self) -> Result<Box<Query>> {
        let table = self.copied_table()?;
        self.all_of(&table)
    }

    /// `table (columns)`.
    fn copied_table(&mut self) -> Result<CopiedTable> {
        let mut name = vec![self.identifier()?];
        while self.accept_token(&Token::Period) {
            name.push(self.identifier()?);
        }
        let mut columns = Vec::new();
        if self.accept_token(&Token::LParen) {
            columns = self.identifiers()?;
            self.expect_token(&Token::RParen)?;
        }
        Ok(CopiedTable { name, columns })
    }

    /// The query that COPY of a table stands for.
    fn all_of(&self, table: &CopiedTable) -> Result<Box<Query>> {
        let list = |names: &[String], separator: &str| {
            let quoted = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\"")));
            quoted.collect::<Vec<_>>().join(separator)
        };
        let columns = match table.columns.as_slice() {
            [] => "*".to_owned(),
            columns => list(columns, ", "),
        };
        let text = format!("SELECT {columns} FROM {}", list(&table.name, "."));
        let limits = super::Limits { text_bytes_max: usize::MAX };
        match super::parse(&text, &limits)?.pop().map(|parsed| parsed.statement) {
            Some(Statement::Query(query)) => Ok(query),
            _ => Err(self.error()),
        }
    }

    fn copy_options(&mut self) -> Result<CopyOptions> {
        let mut options = CopyOptions::default();
        if self.stands("WHERE") {
            return Ok(options);
        }
        self.accept("WITH");
        if self.accept_token(&Token::LParen) {
            loop {
                let position = self.position();
                let name = self.identifier()?;
                let value = self.copy_option()?;
                options.set(&name, value).map_err(|refusal| refusal.at(position))?;
                if !self.accept_token(&Token::Comma) {
                    break;
                }
            }
            self.expect_token(&Token::RParen)?;
        } else {
            self.old_copy_options(&mut options)?;
        }
        Ok(options)
    }

    /// What stands behind the name of an option.
    fn copy_option(&mut self) -> Result<Argument> {
        Ok(match self.token() {
            Token::Comma | Token::RParen => Argument::Nothing,
            Token::Mul | Token::LParen => Argument::Columns(self.column_list()?),
            _ => Argument::Value(self.value()?),
        })
    }

    /// The form of PostgreSQL before 9.0, which drivers still send: `COPY … TO STDOUT CSV HEADER DELIMITER ','`.
    fn old_copy_options(&mut self, options: &mut CopyOptions) -> Result<()> {
        while !self.at_end() {
            let position = self.position();
            let (name, value) = if self.accept("BINARY") {
                ("format".to_owned(), Argument::Value("binary".to_owned()))
            } else if self.accept("CSV") {
                ("format".to_owned(), Argument::Value("csv".to_owned()))
            } else if self.accept("HEADER") {
                ("header".to_owned(), Argument::Nothing)
            } else if self.accept("FORCE QUOTE") {
                ("force_quote".to_owned(), Argument::Columns(self.column_list()?))
            } else if self.accept("FORCE NOT NULL") {
                ("force_not_null".to_owned(), Argument::Columns(self.column_list()?))
            } else if self.accept("FORCE NULL") {
                ("force_null".to_owned(), Argument::Columns(self.column_list()?))
            } else if self.accept("FREEZE") {
                ("freeze".to_owned(), Argument::Nothing)
            } else {
                let old = matches!(
                    self.peek().as_deref(),
                    Some("DELIMITER" | "NULL" | "QUOTE" | "ESCAPE" | "ENCODING")
                );
                if !old {
                    return Err(self.error());
                }
                let name = self.identifier()?;
                self.accept("AS");
                (name, Argument::Value(self.string()?))
            };
            options.set(&name, value).map_err(|refusal| refusal.at(position))?;
        }
        Ok(())
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

/// The table of COPY table (columns).
#[derive(Debug, Clone)]
pub struct CopiedTable {
    /// Its name, in parts.
    pub name: Vec<String>,
    /// The columns that are listed; none means all.
    pub columns: Vec<String>,
}

/// The value of an option.
enum Argument {
    Nothing,
    Value(String),
    Columns(Vec<String>),
}

#[derive(Default)]
struct CopyOptions {
    format: Option<Format>,
    freeze: Option<bool>,
    delimiter: Option<String>,
    null: Option<String>,
    header: Option<bool>,
    header_match: bool,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Option<Vec<String>>,
    force_not_null: Option<Vec<String>>,
    force_null: Option<Vec<String>>,
    encoding: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Csv,
    Binary,
}

/// An error about one option, which PostgreSQL may point at.
enum Refusal {
    There(Error),
    Anywhere(Error),
}

impl Refusal {
    fn at(self, position: usize) -> Error {
        match self {
            Refusal::There(error) => error.at(position),
            Refusal::Anywhere(error) => error,
        }
    }
}

impl CopyOptions {
    fn set(&mut self, name: &str, argument: Argument) -> Result<(), Refusal> {
        match name {
            "format" => {
                once(&mut self.format)?;
                self.format = Some(format(&value(name, argument)?)?);
            }
            "freeze" => {
                once(&mut self.freeze)?;
                self.freeze = Some(boolean(name, &argument)?);
            }
            "delimiter" => word(&mut self.delimiter, name, argument)?,
            "null" => word(&mut self.null, name, argument)?,
            "header" => {
                once(&mut self.header)?;
                let (header, header_match) = header(&argument)?;
                self.header = Some(header);
                self.header_match = header_match;
            }
            "quote" => word(&mut self.quote, name, argument)?,
            "escape" => word(&mut self.escape, name, argument)?,
            "force_quote" => columns(&mut self.force_quote, name, argument)?,
            "force_not_null" => columns(&mut self.force_not_null, name, argument)?,
            "force_null" => columns(&mut self.force_null, name, argument)?,
            "encoding" => {
                once(&mut self.encoding)?;
                self.encoding = Some(encoding(value(name, argument)?)?);
            }
            _ => {
                let error = Error::Syntax(format!("option \"{name}\" not recognized"));
                return Err(Refusal::There(error));
            }
        }
        Ok(())
    }

    /// PostgreSQL's `ProcessCopyOptions`, behind the loop.
    fn build(self, from: bool) -> Result<(CopyFormat, Vec<String>)> {
        if self.header_match && !from {
            return unsupported("cannot use \"match\" with HEADER in COPY TO");
        }
        let format = self.format.unwrap_or(Format::Text);
        let (csv, binary) = (format == Format::Csv, format == Format::Binary);
        if binary && self.delimiter.is_some() {
            return Err(Error::Syntax("cannot specify DELIMITER in BINARY mode".to_owned()));
        }
        if binary && self.null.is_some() {
            return Err(Error::Syntax("cannot specify NULL in BINARY mode".to_owned()));
        }
        let delimiter = self.delimiter.unwrap_or_else(|| if csv { "," } else { "\t" }.to_owned());
        let null = self.null.unwrap_or_else(|| if csv { "" } else { "\\N" }.to_owned());
        let header = self.header.unwrap_or(false);
        let delimiter = match one_byte("delimiter", &delimiter)? {
            b'\r' | b'\n' => return invalid("COPY delimiter cannot be newline or carriage return"),
            byte if !csv && UNSAFE_DELIMITERS.contains(&byte) => {
                return invalid(&format!("COPY delimiter cannot be \"{delimiter}\""));
            }
            byte => byte,
        };
        if null.contains(['\r', '\n']) {
            return invalid("COPY null representation cannot use newline or carriage return");
        }
        if binary && header {
            return unsupported("cannot specify HEADER in BINARY mode");
        }
        if !csv && self.quote.is_some() {
            return unsupported("COPY quote available only in CSV mode");
        }
        let quote = one_byte("quote", self.quote.as_deref().unwrap_or("\""))?;
        if csv && delimiter == quote {
            return invalid("COPY delimiter and quote must be different");
        }
        if !csv && self.escape.is_some() {
            return unsupported("COPY escape available only in CSV mode");
        }
        let escape = match &self.escape {
            Some(escape) => one_byte("escape", escape)?,
            None => quote,
        };
        if !csv && self.force_quote.is_some() {
            return unsupported("COPY force quote available only in CSV mode");
        }
        if from && self.force_quote.is_some() {
            return unsupported("COPY force quote only available using COPY TO");
        }
        for (forced, what) in
            [(&self.force_not_null, "force not null"), (&self.force_null, "force null")]
        {
            match forced {
                Some(_) if csv && from => {}
                Some(_) if csv => {
                    return unsupported(&format!("COPY {what} only available using COPY FROM"));
                }
                Some(_) => {
                    return unsupported(&format!("COPY {what} available only in CSV mode"));
                }
                None => {}
            }
        }
        if null.as_bytes().contains(&delimiter) {
            return unsupported("COPY delimiter must not appear in the NULL specification");
        }
        if csv && null.as_bytes().contains(&quote) {
            return unsupported("CSV quote character must not appear in the NULL specification");
        }
        if let Some(name) = self.encoding
            && encodings::number(&name) != encodings::number(UTF8)
        {
            return unsupported(&format!("COPY in encoding \"{name}\" is not supported"));
        }
        let force_quote = Some(Vec::new());
        let format = match format {
            Format::Text => CopyFormat::Text { delimiter, null, header },
            Format::Csv => CopyFormat::Csv { delimiter, null, header, quote, escape, force_quote },
            Format::Binary => CopyFormat::Binary,
        };
        Ok((format, self.force_quote.unwrap_or_default()))
    }
}

/// What escapes or ends mean something else in rows of text.
const UNSAFE_DELIMITERS: &[u8] = b"\\.abcdefghijklmnopqrstuvwxyz0123456789";

fn once<T>(known: &mut Option<T>) -> Result<(), Refusal> {
    if known.is_none() {
        return Ok(());
    }
    Err(Refusal::There(Error::Syntax("conflicting or redundant options".to_owned())))
}

fn word(known: &mut Option<String>, name: &str, argument: Argument) -> Result<(), Refusal> {
    once(known)?;
    *known = Some(value(name, argument)?);
    Ok(())
}

fn columns(known: &mut Option<Vec<String>>, name: &str, argument: Argument) -> Result<(), Refusal> {
    once(known)?;
    // Only quotes can be forced on all columns at once in PostgreSQL 15.
    *known = Some(match argument {
        Argument::Columns(list) if name == "force_quote" || list != ["*"] => list,
        _ => {
            let message = format!("argument to option \"{name}\" must be a list of column names");
            return Err(Refusal::There(Error::InvalidParameterValue(message)));
        }
    });
    Ok(())
}

/// PostgreSQL's `defGetString`.
fn value(name: &str, argument: Argument) -> Result<String, Refusal> {
    match argument {
        Argument::Value(value) => Ok(value),
        Argument::Columns(list) => Ok(list.join(",")),
        Argument::Nothing => {
            Err(Refusal::Anywhere(Error::Syntax(format!("{name} requires a parameter"))))
        }
    }
}

/// PostgreSQL's `defGetBoolean`.
fn boolean(name: &str, argument: &Argument) -> Result<bool, Refusal> {
    match on_or_off(argument) {
        Some(on) => Ok(on),
        None => Err(Refusal::Anywhere(Error::Syntax(format!("{name} requires a Boolean value")))),
    }
}

/// PostgreSQL's `defGetCopyHeaderChoice`.
fn header(argument: &Argument) -> Result<(bool, bool), Refusal> {
    match argument {
        Argument::Value(value) if value.eq_ignore_ascii_case("match") => Ok((true, true)),
        _ => match on_or_off(argument) {
            Some(on) => Ok((on, false)),
            None => {
                let message = "header requires a Boolean value or \"match\"".to_owned();
                Err(Refusal::Anywhere(Error::Syntax(message)))
            }
        },
    }
}

fn on_or_off(argument: &Argument) -> Option<bool> {
    match argument {
        Argument::Nothing => Some(true),
        Argument::Value(value) => match value.to_lowercase().as_str() {
            "true" | "on" | "1" => Some(true),
            "false" | "off" | "0" => Some(false),
            _ => None,
        },
        Argument::Columns(_) => None,
    }
}

fn format(name: &str) -> Result<Format, Refusal> {
    match name {
        "text" => Ok(Format::Text),
        "csv" => Ok(Format::Csv),
        "binary" => Ok(Format::Binary),
        _ => {
            let message = format!("COPY format \"{name}\" not recognized");
            Err(Refusal::There(Error::InvalidParameterValue(message)))
        }
    }
}

fn encoding(name: String) -> Result<String, Refusal> {
    if encodings::number(&name).is_some() {
        return Ok(name);
    }
    let message = "argument to option \"encoding\" must be a valid encoding name".to_owned();
    Err(Refusal::There(Error::InvalidParameterValue(message)))
}

fn one_byte(what: &str, value: &str) -> Result<u8> {
    match value.as_bytes() {
        [byte] => Ok(*byte),
        _ => unsupported(&format!("COPY {what} must be a single one-byte character")),
    }
}

fn unsupported<T>(message: &str) -> Result<T> {
    Err(Error::FeatureNotSupported(message.to_owned()))
}

fn invalid<T>(message: &str) -> Result<T> {
    Err(Error::InvalidParameterValue(message.to_owned()))
}
