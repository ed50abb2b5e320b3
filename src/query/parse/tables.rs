//! CREATE TABLE, also temporary (PostgreSQL manual, CREATE TABLE and CREATE TABLE AS). What tables do not have is refused by
//! its name.

use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Reader;
use super::definition::{
    ColumnDefinition, ConstraintDefinition, Content, DefaultDefinition, TableDefinition,
};
use super::statement::Statement;
use crate::catalog::written::SequenceType;
use crate::error::{Error, Result};
use crate::pg::facts::OnCommit;

/// The words that begin what is said of a column behind its type.
pub(super) const OF_COLUMNS: &[&str] = &[
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
    "USING",
];

/// The words that begin what is said of a table between its columns.
const OF_TABLES: &[&str] =
    &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE"];

pub(super) fn unsupported(what: &str) -> Error {
    Error::FeatureNotSupported(format!("{what} of tables is not supported"))
}

/// A column, and the constraints that stand behind it.
pub(super) type Column = (ColumnDefinition, Vec<ConstraintDefinition>);

impl Reader<'_> {
    /// Whether `CREATE [[LOCAL | GLOBAL] TEMPORARY | UNLOGGED] TABLE` stands here.
    pub(super) fn creates_table(&self) -> bool {
        let word = |offset| self.word_at(offset).unwrap_or_default();
        let scope = usize::from(matches!(word(1).as_str(), "LOCAL" | "GLOBAL"));
        let kind = usize::from(matches!(
            (scope, word(1 + scope).as_str()),
            (_, "TEMP" | "TEMPORARY") | (0, "UNLOGGED")
        ));
        word(1 + scope + kind) == "TABLE" && (scope == 0 || kind == 1)
    }

    pub(super) fn create_table(&mut self) -> Result<Statement> {
        self.expect("CREATE")?;
        let _scope = self.accept("LOCAL") || self.accept("GLOBAL");
        let temporary = self.accept("TEMP") || self.accept("TEMPORARY");
        let _unlogged = self.accept("UNLOGGED");
        self.expect("TABLE")?;
        let if_not_exists = self.accept("IF NOT EXISTS");
        let (schema, name) = self.relation_name()?;
        if matches!(self.peek().as_deref(), Some("OF" | "PARTITION")) {
            return Err(unsupported(&self.peek().unwrap_or_default()));
        }
        let bare = self.token() != Token::LParen;
        let listed = !bare && self.lists_names();
        let names = if listed { self.bracketed_names()? } else { Vec::new() };
        let columns = if bare || listed { None } else { Some(self.columns(&name)?) };
        let (on_commit, is_log) = self.storage(temporary)?;
        let content = match columns {
            Some((columns, constraints)) => Content::Columns(columns, constraints),
            None => {
                self.expect("AS")?;
                if self.peek().as_deref() == Some("EXECUTE") {
                    return Err(unsupported("EXECUTE as the source"));
                }
                let (tokens, data) = with_data(self.remaining());
                Content::Query { names, query: super::query(self.sql, tokens)?, data }
            }
        };
        let temporary = temporary.then_some(on_commit);
        Ok(Statement::CreateTable(Box::new(TableDefinition {
            schema,
            name,
            if_not_exists,
            temporary,
            is_log,
            content,
        })))
    }

    /// Whether the brackets here hold names alone, as before AS.
    fn lists_names(&self) -> bool {
        matches!(self.token_at(2), Token::Comma | Token::RParen)
            && matches!(self.token_at(1), Token::Word(_))
    }

    pub(super) fn bracketed_names(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let names = self.identifiers()?;
        self.expect_token(&Token::RParen)?;
        Ok(names)
    }

    fn columns(
        &mut self,
        table: &str,
    ) -> Result<(Vec<ColumnDefinition>, Vec<ConstraintDefinition>)> {
        self.expect_token(&Token::LParen)?;
        let (mut columns, mut constraints) = (Vec::new(), Vec::new());
        if self.accept_token(&Token::RParen) {
            return Ok((columns, constraints));
        }
        loop {
            match self.peek().filter(|word| OF_TABLES.contains(&word.as_str())) {
                Some(word) if matches!(word.as_str(), "LIKE" | "EXCLUDE") => {
                    return Err(unsupported(&word));
                }
                Some(_) => constraints.push(self.table_constraint()?),
                None => {
                    let (column, own) = self.column(table)?;
                    columns.push(column);
                    constraints.extend(own);
                }
            }
            if self.accept_token(&Token::RParen) {
                return Ok((columns, constraints));
            }
            self.expect_token(&Token::Comma)?;
        }
    }

    /// A column with all that is said of it.
    pub(super) fn column(&mut self, table: &str) -> Result<Column> {
        let position = self.position();
        let name = self.identifier()?;
        let serial = self.serial();
        let data_type = match serial {
            Some(SequenceType::SmallInt) => DataType::SmallInt(None),
            Some(SequenceType::Integer) => DataType::Integer(None),
            Some(SequenceType::BigInt) => DataType::BigInt(None),
            None => self.column_type()?,
        };
        let default = serial.map(DefaultDefinition::Serial);
        let not_null = serial.is_some();
        let mut column = ColumnDefinition { name, data_type, not_null, default };
        let constraints = self.column_constraints(&mut column, (table, position))?;
        Ok((column, constraints))
    }

    fn serial(&mut self) -> Option<SequenceType> {
        let found = match self.peek()?.as_str() {
            "SMALLSERIAL" | "SERIAL2" => SequenceType::SmallInt,
            "SERIAL" | "SERIAL4" => SequenceType::Integer,
            "BIGSERIAL" | "SERIAL8" => SequenceType::BigInt,
            _ => return None,
        };
        self.skip();
        Some(found)
    }

    pub(super) fn column_type(&mut self) -> Result<DataType> {
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

    /// What stands behind the columns: where PostgreSQL would store it, which means nothing here, and ON COMMIT; and whether
    /// it is a log.
    fn storage(&mut self, temporary: bool) -> Result<(OnCommit, bool)> {
        if let Some(word) =
            self.peek().filter(|word| matches!(word.as_str(), "INHERITS" | "PARTITION"))
        {
            return Err(unsupported(&word));
        }
        let mut is_log = false;
        if self.accept("USING") {
            match self.identifier()?.as_str() {
                "heap" => {}
                "log" => is_log = true,
                method => return Err(unsupported(&format!("access method \"{method}\""))),
            }
        }
        if is_log && temporary {
            return Err(Error::FeatureNotSupported("a log cannot be temporary".to_owned()));
        }
        if self.accept("WITH") {
            self.bracketed()?;
        }
        self.accept("WITHOUT OIDS");
        let mut on_commit = OnCommit::PreserveRows;
        for (words, own) in [
            ("ON COMMIT PRESERVE ROWS", OnCommit::PreserveRows),
            ("ON COMMIT DELETE ROWS", OnCommit::DeleteRows),
            ("ON COMMIT DROP", OnCommit::Drop),
        ] {
            if self.accept(words) {
                if !temporary {
                    let message = "ON COMMIT can only be used on temporary tables";
                    return Err(Error::InvalidTableDefinition(message.to_owned()));
                }
                on_commit = own;
            }
        }
        if self.accept("TABLESPACE") {
            self.tablespace()?;
        }
        Ok((on_commit, is_log))
    }

    /// Errors: 42704 for any but those there are always.
    pub(super) fn tablespace(&mut self) -> Result<()> {
        let name = self.identifier()?;
        match name.as_str() {
            "pg_default" => Ok(()),
            _ => Err(Error::UndefinedObject(format!("tablespace \"{name}\" does not exist"))),
        }
    }
}

/// The query of CREATE TABLE AS without `WITH [NO] DATA`, and whether its rows are taken.
pub(super) fn with_data(mut tokens: Vec<TokenWithSpan>) -> (Vec<TokenWithSpan>, bool) {
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
