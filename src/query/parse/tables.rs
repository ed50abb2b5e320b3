//! CREATE TEMPORARY TABLE (PostgreSQL manual, CREATE TABLE and CREATE TABLE AS). What temporary tables do not have yet is
//! refused by its name.

use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Reader;
use super::statement::{ColumnDefinition, Content, Statement, TableDefinition};
use crate::error::{Error, Result};
use crate::pg::facts::OnCommit;

/// The words that begin what is said of a column behind its type.
const OF_COLUMNS: &[&str] = &[
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
    "CHECK",
    "REFERENCES",
    "GENERATED",
    "CONSTRAINT",
    "COLLATE",
    "STORAGE",
    "COMPRESSION",
];

/// The words that begin what is said of a table between its columns.
const OF_TABLES: &[&str] =
    &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE"];

/// Types that are a number with a sequence behind it.
const SERIAL: &[&str] = &["SERIAL", "BIGSERIAL", "SMALLSERIAL", "SERIAL2", "SERIAL4", "SERIAL8"];

fn unsupported(what: &str) -> Error {
    Error::FeatureNotSupported(format!("{what} of temporary tables is not supported"))
}

impl Reader<'_> {
    /// Whether `CREATE [LOCAL | GLOBAL] TEMPORARY TABLE` stands here.
    pub(super) fn creates_temporary_table(&self) -> bool {
        let word = |offset| self.word_at(offset).unwrap_or_default();
        let scope = usize::from(matches!(word(1).as_str(), "LOCAL" | "GLOBAL"));
        matches!(word(1 + scope).as_str(), "TEMP" | "TEMPORARY") && word(2 + scope) == "TABLE"
    }

    pub(super) fn temporary_table(&mut self) -> Result<Statement> {
        self.expect("CREATE")?;
        let _scope = self.accept("LOCAL") || self.accept("GLOBAL");
        let _temporary = self.accept("TEMP") || self.accept("TEMPORARY");
        self.expect("TABLE")?;
        let if_not_exists = self.accept("IF NOT EXISTS");
        let mut parts = vec![self.identifier()?];
        while self.accept_token(&Token::Period) {
            parts.push(self.identifier()?);
        }
        let name = parts.pop().unwrap_or_default();
        let schema = parts.pop();
        let bare = self.token() != Token::LParen;
        let listed = !bare && self.lists_names();
        let names = if listed { self.bracketed_names()? } else { Vec::new() };
        let columns = if bare || listed { None } else { Some(self.columns()?) };
        let on_commit = self.storage()?;
        let content = match columns {
            Some(columns) => Content::Columns(columns),
            None => {
                self.expect("AS")?;
                if self.peek().as_deref() == Some("EXECUTE") {
                    return Err(unsupported("EXECUTE as the source"));
                }
                let (tokens, data) = with_data(self.remaining());
                Content::Query { names, query: super::query(self.sql, tokens)?, data }
            }
        };
        Ok(Statement::CreateTable(Box::new(TableDefinition {
            schema,
            name,
            if_not_exists,
            on_commit,
            content,
        })))
    }

    /// Whether the brackets here hold names alone, as before AS.
    fn lists_names(&self) -> bool {
        matches!(self.token_at(2), Token::Comma | Token::RParen)
            && matches!(self.token_at(1), Token::Word(_))
    }

    fn bracketed_names(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let names = self.identifiers()?;
        self.expect_token(&Token::RParen)?;
        Ok(names)
    }

    fn columns(&mut self) -> Result<Vec<ColumnDefinition>> {
        self.expect_token(&Token::LParen)?;
        let mut columns = Vec::new();
        if self.accept_token(&Token::RParen) {
            return Ok(columns);
        }
        loop {
            columns.push(self.column()?);
            if self.accept_token(&Token::RParen) {
                return Ok(columns);
            }
            self.expect_token(&Token::Comma)?;
        }
    }

    fn column(&mut self) -> Result<ColumnDefinition> {
        if let Some(word) = self.peek().filter(|word| OF_TABLES.contains(&word.as_str())) {
            return Err(unsupported(&word));
        }
        let name = self.identifier()?;
        let data_type = self.column_type()?;
        let mut not_null = false;
        loop {
            if self.accept("NOT NULL") {
                not_null = true;
            } else if self.accept("NULL") || self.accept("DEFAULT NULL") {
            } else if let Some(word) =
                self.peek().filter(|word| OF_COLUMNS.contains(&word.as_str()))
            {
                return Err(unsupported(&word));
            } else {
                return Ok(ColumnDefinition { name, data_type, not_null });
            }
        }
    }

    fn column_type(&mut self) -> Result<DataType> {
        if let Some(word) = self.peek().filter(|word| SERIAL.contains(&word.as_str())) {
            return Err(unsupported(&format!("the type {}", word.to_lowercase())));
        }
        let mut own = Vec::new();
        let mut depth = 0_usize;
        loop {
            let word = self.peek();
            let ends = match self.token() {
                Token::EOF => true,
                Token::Comma | Token::RParen => depth == 0,
                _ => word.is_some_and(|word| OF_COLUMNS.contains(&word.as_str())),
            };
            if ends {
                break;
            }
            match self.token() {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            own.extend(self.take());
        }
        if own.is_empty() {
            return Err(self.error());
        }
        let dialect = PostgreSqlDialect {};
        let mut parser = Parser::new(&dialect).with_tokens_with_locations(own);
        let fail = |error| super::failure(self.sql, &error);
        let data_type = parser.parse_data_type().map_err(fail)?;
        let next = parser.peek_token();
        match next.token {
            Token::EOF => Ok(data_type),
            _ => Err(super::near(self.sql, &next, None)),
        }
    }

    /// What stands behind the columns: where PostgreSQL would store it, which means nothing here, and ON COMMIT.
    fn storage(&mut self) -> Result<OnCommit> {
        if let Some(word) = self.peek().filter(|word| {
            matches!(word.as_str(), "INHERITS" | "PARTITION" | "USING" | "TABLESPACE")
        }) {
            return Err(unsupported(&word));
        }
        if self.peek().as_deref() == Some("WITH") && self.token_at(1) == Token::LParen {
            return Err(unsupported("WITH"));
        }
        self.accept("WITHOUT OIDS");
        for (words, on_commit) in [
            ("ON COMMIT PRESERVE ROWS", OnCommit::PreserveRows),
            ("ON COMMIT DELETE ROWS", OnCommit::DeleteRows),
            ("ON COMMIT DROP", OnCommit::Drop),
        ] {
            if self.accept(words) {
                return Ok(on_commit);
            }
        }
        Ok(OnCommit::PreserveRows)
    }
}

/// The query of CREATE TABLE AS without `WITH [NO] DATA`, and whether its rows are taken.
fn with_data(mut tokens: Vec<TokenWithSpan>) -> (Vec<TokenWithSpan>, bool) {
    let ends = |words: &[&str]| {
        let Some(start) = tokens.len().checked_sub(words.len()) else { return false };
        let last = tokens.get(start..).unwrap_or_default();
        last.iter().zip(words).all(|(token, word)| match &token.token {
            Token::Word(own) => own.quote_style.is_none() && own.value.eq_ignore_ascii_case(word),
            _ => false,
        })
    };
    let (count, data) = match (ends(&["WITH", "NO", "DATA"]), ends(&["WITH", "DATA"])) {
        (true, _) => (3, false),
        (_, true) => (2, true),
        _ => (0, true),
    };
    tokens.truncate(tokens.len() - count);
    (tokens, data)
}
