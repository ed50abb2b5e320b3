//! Reads statements that are not queries, token by token.

use datafusion::sql::sqlparser::ast::{DataType, Expr, Query};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{END_OF_INPUT, NESTING_MAX, Statement, near, position};
use crate::error::{Error, Result};

/// A place in the tokens of one statement.
pub struct Reader<'a> {
    pub(super) sql: &'a str,
    tokens: Vec<TokenWithSpan>,
    index: usize,
}

impl<'a> Reader<'a> {
    /// At the first of `tokens`, which come from `sql`.
    pub fn new(sql: &'a str, tokens: Vec<TokenWithSpan>) -> Reader<'a> {
        Reader { sql, tokens, index: 0 }
    }

    /// Reads the whole statement.
    /// Errors: 42601; 0A000, 42501 and 42809 for statements PostgreSQL has and we refuse.
    pub fn statement(mut self, text: &str) -> Result<Statement> {
        let statement = self.any(text)?;
        self.end()?;
        Ok(statement)
    }

    // ---- looking

    /// The token here, in upper case if it is an unquoted word.
    pub(super) fn peek(&self) -> Option<String> {
        self.word_at(0)
    }

    pub(super) fn word_at(&self, offset: usize) -> Option<String> {
        match &self.tokens.get(self.index + offset)?.token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        }
    }

    pub(super) fn token(&self) -> Token {
        self.tokens.get(self.index).map_or(Token::EOF, |token| token.token.clone())
    }

    pub(super) fn token_at(&self, offset: usize) -> Token {
        self.tokens.get(self.index + offset).map_or(Token::EOF, |token| token.token.clone())
    }

    /// The position of the token here, in characters from 1.
    pub(super) fn position(&self) -> usize {
        self.tokens.get(self.index).map_or(1, |token| position(self.sql, token.span.start))
    }

    pub(super) fn at_end(&self) -> bool {
        self.tokens.len() <= self.index
    }

    pub(super) fn remaining(&mut self) -> Vec<TokenWithSpan> {
        let rest = self.tokens.get(self.index..).unwrap_or_default().to_vec();
        self.index = self.tokens.len();
        rest
    }

    // ---- taking

    /// Takes the words if all stand here.
    pub(super) fn accept(&mut self, words: &str) -> bool {
        let here = self.stands(words);
        if here {
            self.index += words.split(' ').count();
        }
        here
    }

    /// Whether the words stand here.
    pub(super) fn stands(&self, words: &str) -> bool {
        let mut words = words.split(' ').enumerate();
        words.all(|(offset, word)| self.word_at(offset).as_deref() == Some(word))
    }

    /// The token here, taken.
    pub(super) fn take(&mut self) -> Option<TokenWithSpan> {
        let token = self.tokens.get(self.index).cloned();
        self.index += usize::from(token.is_some());
        token
    }

    /// The tokens from the `start`th on that were taken.
    pub(super) fn taken(&self, start: usize) -> Vec<TokenWithSpan> {
        self.tokens.get(start..self.index).unwrap_or_default().to_vec()
    }

    /// Goes back to where `index` tokens were taken.
    pub(super) fn back(&mut self, index: usize) {
        self.index = index;
    }

    /// How many tokens were taken.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    pub(super) fn accept_token(&mut self, token: &Token) -> bool {
        let here = self.token() == *token;
        self.index += usize::from(here);
        here
    }

    pub(super) fn expect(&mut self, words: &str) -> Result<()> {
        if self.accept(words) { Ok(()) } else { Err(self.error()) }
    }

    pub(super) fn expect_token(&mut self, token: &Token) -> Result<()> {
        if self.accept_token(token) { Ok(()) } else { Err(self.error()) }
    }

    /// An identifier, folded as PostgreSQL folds it.
    pub(super) fn identifier(&mut self) -> Result<String> {
        let Token::Word(word) = self.token() else { return Err(self.error()) };
        self.index += 1;
        Ok(if word.quote_style.is_some() { word.value } else { word.value.to_lowercase() })
    }

    pub(super) fn identifiers(&mut self) -> Result<Vec<String>> {
        let mut names = vec![self.identifier()?];
        while self.accept_token(&Token::Comma) {
            names.push(self.identifier()?);
        }
        Ok(names)
    }

    /// A role's name; CURRENT_USER and the like are kept in lower case for the session to resolve.
    pub(super) fn role(&mut self) -> Result<String> {
        self.accept("GROUP");
        self.identifier()
    }

    pub(super) fn roles(&mut self) -> Result<Vec<String>> {
        let mut names = vec![self.role()?];
        while self.accept_token(&Token::Comma) {
            names.push(self.role()?);
        }
        Ok(names)
    }

    /// A string constant.
    pub(super) fn string(&mut self) -> Result<String> {
        let text = match self.token() {
            Token::SingleQuotedString(text)
            | Token::EscapedStringLiteral(text)
            | Token::UnicodeStringLiteral(text) => text,
            Token::DollarQuotedString(quoted) => quoted.value,
            _ => return Err(self.error()),
        };
        self.index += 1;
        Ok(text)
    }

    /// A whole number, perhaps negative.
    pub(super) fn integer(&mut self) -> Result<i64> {
        let negative = self.accept_token(&Token::Minus);
        if !negative {
            self.accept_token(&Token::Plus);
        }
        let Token::Number(text, _) = self.token() else { return Err(self.error()) };
        let text = if negative { format!("-{text}") } else { text };
        let value = text.parse().map_err(|_parse| self.error())?;
        self.index += 1;
        Ok(value)
    }

    /// A value of SET or of an option: a word, a string or a number, as text.
    pub(super) fn value(&mut self) -> Result<String> {
        match self.token() {
            Token::Word(word) => {
                self.index += 1;
                Ok(if word.quote_style.is_some() { word.value } else { word.value.to_lowercase() })
            }
            Token::Number(text, _) => {
                self.index += 1;
                Ok(text)
            }
            Token::Minus | Token::Plus => {
                let negative = self.accept_token(&Token::Minus);
                if !negative {
                    self.accept_token(&Token::Plus);
                }
                let Token::Number(text, _) = self.token() else { return Err(self.error()) };
                self.index += 1;
                Ok(if negative { format!("-{text}") } else { text })
            }
            _ => self.string(),
        }
    }

    /// Everything up to the end as a query.
    pub(super) fn query(&mut self) -> Result<Box<Query>> {
        if self.at_end() {
            return Err(self.error());
        }
        let rest = self.remaining();
        super::query(self.sql, rest)
    }

    /// A query in brackets.
    pub(super) fn bracketed_query(&mut self) -> Result<Box<Query>> {
        let inner = self.bracketed()?;
        super::query(self.sql, inner)
    }

    /// The tokens in brackets, without them.
    pub(super) fn bracketed(&mut self) -> Result<Vec<TokenWithSpan>> {
        self.expect_token(&Token::LParen)?;
        let mut depth = 1_usize;
        let mut inner = Vec::new();
        loop {
            let Some(token) = self.tokens.get(self.index).cloned() else {
                return Err(self.error());
            };
            self.index += 1;
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(inner);
            }
            inner.push(token);
        }
    }

    /// Bracketed expressions: the arguments of EXECUTE.
    pub(super) fn arguments(&mut self) -> Result<Vec<Expr>> {
        let dialect = PostgreSqlDialect {};
        let rest = self.remaining();
        let mut parser = Parser::new(&dialect)
            .with_recursion_limit(NESTING_MAX)
            .with_tokens_with_locations(rest);
        let fail = |error| super::failure(self.sql, &error);
        parser.expect_token(&Token::LParen).map_err(fail)?;
        let list = parser.parse_comma_separated(Parser::parse_expr).map_err(fail)?;
        parser.expect_token(&Token::RParen).map_err(fail)?;
        let next = parser.peek_token();
        if next.token != Token::EOF {
            return Err(near(self.sql, &next, None));
        }
        Ok(list)
    }

    /// Bracketed types: the parameters of PREPARE.
    pub(super) fn types(&mut self) -> Result<Vec<DataType>> {
        let mut types = Vec::new();
        if !self.accept_token(&Token::LParen) {
            return Ok(types);
        }
        let dialect = PostgreSqlDialect {};
        loop {
            // A type ends at a comma or a bracket outside its own brackets.
            let mut own = Vec::new();
            let mut depth = 0_usize;
            while let Some(token) = self.tokens.get(self.index).cloned() {
                match token.token {
                    Token::LParen => depth += 1,
                    Token::RParen if depth == 0 => break,
                    Token::RParen => depth -= 1,
                    Token::Comma if depth == 0 => break,
                    _ => {}
                }
                own.push(token);
                self.index += 1;
            }
            let mut parser = Parser::new(&dialect).with_tokens_with_locations(own);
            types.push(parser.parse_data_type().map_err(|e| super::failure(self.sql, &e))?);
            if self.accept_token(&Token::RParen) {
                return Ok(types);
            }
            self.expect_token(&Token::Comma)?;
        }
    }

    pub(super) fn skip(&mut self) {
        self.index += 1;
    }

    /// Errors: 42601 when something is left.
    pub(super) fn end(&self) -> Result<()> {
        if self.at_end() { Ok(()) } else { Err(self.error()) }
    }

    /// A syntax error here.
    pub(super) fn error(&self) -> Error {
        self.error_at(0)
    }

    /// A syntax error some tokens ahead.
    pub(super) fn error_at(&self, offset: usize) -> Error {
        match self.tokens.get(self.index + offset) {
            Some(token) => near(self.sql, token, None),
            None => {
                let end = self
                    .tokens
                    .last()
                    .map_or(self.sql.chars().count() + 1, |last| position(self.sql, last.span.end));
                Error::Syntax(END_OF_INPUT.to_owned()).at(end)
            }
        }
    }
}
