//! INSERT, UPDATE and DELETE (PostgreSQL manual, their pages), said as queries: of the new rows, of the values and numbers of
//! the rows that change, of the numbers of those that go. What we do not have yet is refused by its name.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Reader;
use super::statement::{
    Change, ConflictTarget, ConflictUpdate, Named, OnConflict, Overriding, Write,
};
use crate::error::{Error, Result};
use crate::pg::facts::{CHANGING, DEFAULT, EXCLUDED, ROW};

/// The table a statement changes, as its tokens in FROM.
pub(super) struct Target(pub(super) Vec<TokenWithSpan>);

impl Target {
    /// Marks the table as the one that changes, whose columns go by `alias`, else by its own name. Returns that.
    fn mark(&mut self, alias: Option<TokenWithSpan>) -> Option<TokenWithSpan> {
        let last = self.0.last_mut()?;
        let name = last.clone();
        if let Token::Word(word) = &mut last.token {
            if word.quote_style.is_none() {
                word.value = word.value.to_lowercase();
            }
            word.value.push_str(CHANGING);
            (word.quote_style, word.keyword) = (Some('"'), Keyword::NoKeyword);
        }
        self.0.push(keyword("AS"));
        let called = alias.unwrap_or(name);
        self.0.push(called.clone());
        Some(called)
    }
}

/// The table a statement changes, and what its columns go by.
struct Called {
    target: Target,
    called: TokenWithSpan,
}

/// Words that end an expression where it is not in brackets, and that have no place behind a change.
const ENDS: &[&str] = &[
    "AS",
    "EXCEPT",
    "FETCH",
    "FOR",
    "FROM",
    "GROUP",
    "HAVING",
    "INTERSECT",
    "LIMIT",
    "OFFSET",
    "ORDER",
    "RETURNING",
    "UNION",
    "WHERE",
    "WINDOW",
];

fn unsupported(what: &str) -> Error {
    Error::FeatureNotSupported(format!("{what} is not supported"))
}

fn keyword(word: &str) -> TokenWithSpan {
    TokenWithSpan::wrap(Token::make_keyword(word))
}

fn word(name: &str) -> TokenWithSpan {
    TokenWithSpan::wrap(Token::make_word(name, Some('"')))
}

fn sign(token: Token) -> TokenWithSpan {
    TokenWithSpan::wrap(token)
}

impl Reader<'_> {
    /// What stands behind the target of INSERT INTO, UPDATE or DELETE FROM, up to the end.
    /// Errors: 42601; 0A000 for clauses that we do not have.
    pub(super) fn write(&mut self, tag: &str, mut target: Target) -> Result<Write> {
        if tag != "INSERT" {
            self.accept_token(&Token::Mul);
        }
        let called = self.alias(tag, &mut target)?;
        let called = called.ok_or_else(|| self.error())?;
        let target = Called { target, called };
        match tag {
            "INSERT" => self.insert(&target),
            "UPDATE" => self.update(&target),
            _ => self.delete(&target),
        }
    }

    /// `[AS] alias`.
    fn alias(&mut self, tag: &str, target: &mut Target) -> Result<Option<TokenWithSpan>> {
        let named = self.accept("AS");
        let word = self.peek();
        let here = match (tag, word.as_deref()) {
            _ if named => true,
            ("INSERT", _) => false,
            (_, Some("SET" | "USING" | "WHERE" | "RETURNING")) => false,
            _ => matches!(self.token(), Token::Word(_)),
        };
        if here && !matches!(self.token(), Token::Word(_)) {
            return Err(self.error());
        }
        let alias = if here { self.take() } else { None };
        Ok(target.mark(alias))
    }

    fn insert(&mut self, target: &Called) -> Result<Write> {
        let mut columns = Vec::new();
        let query = self.token_at(1);
        let begins =
            matches!(&query, Token::LParen) || self.word_at(1).is_some_and(|word| is_query(&word));
        if self.token() == Token::LParen && !begins {
            self.expect_token(&Token::LParen)?;
            columns = self.named_columns()?;
            self.expect_token(&Token::RParen)?;
        }
        let overriding = if self.accept("OVERRIDING SYSTEM VALUE") {
            Some(Overriding::System)
        } else if self.accept("OVERRIDING USER VALUE") {
            Some(Overriding::User)
        } else {
            None
        };
        let source = if self.accept("DEFAULT VALUES") {
            None
        } else {
            let mut tokens = self.until(&["ON CONFLICT", "RETURNING"], &[]);
            mark_defaults(&mut tokens);
            let Some(first) = tokens.first() else { return Err(self.error()) };
            let starts = match &first.token {
                Token::Word(word) => is_query(&word.value.to_uppercase()),
                token => *token == Token::LParen,
            };
            if !starts {
                return Err(super::near(self.sql, first, None));
            }
            Some(super::query(self.sql, tokens)?)
        };
        let position = self.position();
        let conflict = match self.accept("ON CONFLICT") {
            true => Some(Box::new(self.on_conflict(target, position)?)),
            false => None,
        };
        let returning = self.returning(target)?;
        let change = Change::Insert { columns, overriding, source, conflict };
        Ok(Write { change, returning })
    }

    fn on_conflict(&mut self, target: &Called, on: usize) -> Result<OnConflict> {
        let position = self.position();
        let keys = if self.token() == Token::LParen {
            let mut columns = self.bracketed_columns()?;
            // PostgreSQL points to the whole list.
            columns.iter_mut().for_each(|column| column.position = position);
            if self.stands("WHERE") {
                return Err(unsupported("ON CONFLICT with a predicate"));
            }
            ConflictTarget::Columns(columns)
        } else if self.accept("ON CONSTRAINT") {
            ConflictTarget::Constraint(self.identifier()?)
        } else {
            ConflictTarget::Any
        };
        self.expect("DO")?;
        if self.accept("NOTHING") {
            return Ok(OnConflict { target: keys, update: None });
        }
        self.expect("UPDATE")?;
        if matches!(keys, ConflictTarget::Any) {
            let message =
                "ON CONFLICT DO UPDATE requires inference specification or constraint name";
            return Err(Error::Syntax(message.to_owned())
                .at(on)
                .hint("For example, ON CONFLICT (column_name)."));
        }
        self.expect("SET")?;
        let (columns, mut tokens) = self.assignments()?;
        tokens.extend([target.called.clone(), sign(Token::Period), word(ROW), keyword("FROM")]);
        tokens.extend(target.target.0.iter().cloned());
        // The row that is there, and the one that was to come, which has its number.
        tokens.extend([keyword("JOIN"), word(EXCLUDED), keyword("AS"), word("excluded")]);
        tokens.extend([keyword("ON"), target.called.clone(), sign(Token::Period), word(ROW)]);
        tokens.extend([sign(Token::Eq), word("excluded"), sign(Token::Period), word(ROW)]);
        if self.stands("WHERE") {
            tokens.extend(self.take());
            tokens.extend(self.until(&[], ENDS));
        }
        let rows = super::query(self.sql, tokens)?;
        Ok(OnConflict { target: keys, update: Some(ConflictUpdate { columns, rows }) })
    }

    /// What stands behind SET: the columns, and their values as the outputs of a query.
    fn assignments(&mut self) -> Result<(Vec<Named>, Vec<TokenWithSpan>)> {
        let mut columns = Vec::new();
        let mut tokens = vec![keyword("SELECT")];
        loop {
            if self.token() == Token::LParen {
                self.row_assignment(&mut columns, &mut tokens)?;
            } else {
                columns.push(self.named_column()?);
                self.expect_token(&Token::Eq)?;
                let value = self.until(&[","], ENDS);
                tokens.extend(self.assigned(value)?);
                tokens.push(sign(Token::Comma));
            }
            if !self.accept_token(&Token::Comma) {
                return Ok((columns, tokens));
            }
        }
    }

    /// `(a, b) = (1, 2)`, also with ROW.
    fn row_assignment(
        &mut self,
        columns: &mut Vec<Named>,
        tokens: &mut Vec<TokenWithSpan>,
    ) -> Result<()> {
        self.expect_token(&Token::LParen)?;
        let named = self.named_columns()?;
        self.expect_token(&Token::RParen)?;
        self.expect_token(&Token::Eq)?;
        self.accept("ROW");
        let position = self.position();
        if self.token() != Token::LParen || self.word_at(1).is_some_and(|word| is_query(&word)) {
            return Err(unsupported("UPDATE of several columns from a query"));
        }
        let inner = self.bracketed()?;
        let mut values = Reader::new(self.sql, inner);
        let mut count = 0;
        while !values.at_end() {
            let value = values.until(&[","], &[]);
            tokens.extend(values.assigned(value)?);
            tokens.push(sign(Token::Comma));
            count += 1;
            values.accept_token(&Token::Comma);
        }
        if count != named.len() {
            let message = "number of columns does not match number of values".to_owned();
            return Err(Error::Syntax(message).at(position));
        }
        columns.extend(named);
        Ok(())
    }

    /// A value of SET, which may be DEFAULT.
    fn assigned(&self, mut value: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>> {
        if value.is_empty() {
            return Err(self.error());
        }
        if let [only] = value.as_mut_slice()
            && super::is_word(only, Keyword::DEFAULT)
        {
            only.token = Token::make_word(DEFAULT, Some('"'));
        }
        Ok(value)
    }

    fn update(&mut self, target: &Called) -> Result<Write> {
        self.expect("SET")?;
        let (columns, mut tokens) = self.assignments()?;
        tokens.extend([target.called.clone(), sign(Token::Period), word(ROW)]);
        let rows = self.changed("FROM", target, tokens)?;
        let returning = self.returning(target)?;
        Ok(Write { change: Change::Update { columns, rows }, returning })
    }

    fn delete(&mut self, target: &Called) -> Result<Write> {
        let number = [target.called.clone(), sign(Token::Period), word(ROW)];
        let list = [vec![keyword("SELECT")], number.to_vec()].concat();
        let rows = self.changed("USING", target, list)?;
        let returning = self.returning(target)?;
        Ok(Write { change: Change::Delete(rows), returning })
    }

    /// The query that `list` begins, of the rows of the target that WHERE leaves.
    fn changed(
        &mut self,
        more: &str,
        target: &Called,
        mut list: Vec<TokenWithSpan>,
    ) -> Result<Box<super::Query>> {
        list.push(keyword("FROM"));
        list.extend(target.target.0.iter().cloned());
        if self.accept(more) {
            list.push(sign(Token::Comma));
            let others = self.until(&["WHERE", "RETURNING"], &[]);
            if others.is_empty() {
                return Err(self.error());
            }
            list.extend(others);
        }
        if self.peek().as_deref() == Some("WHERE") {
            if self.word_at(1).as_deref() == Some("CURRENT") {
                return Err(unsupported("WHERE CURRENT OF"));
            }
            list.extend(self.take());
            list.extend(self.until(&[], ENDS));
        }
        super::query(self.sql, list)
    }

    fn returning(&mut self, target: &Called) -> Result<Option<Box<super::Query>>> {
        if !self.accept("RETURNING") {
            self.end()?;
            return Ok(None);
        }
        if self.at_end() || self.stands("DISTINCT") || self.stands("ALL") {
            return Err(self.error());
        }
        let mut tokens = vec![keyword("SELECT")];
        loop {
            tokens.extend(self.until(&[], ENDS));
            if !self.stands("AS") {
                break;
            }
            tokens.extend(self.take());
        }
        self.end()?;
        tokens.push(keyword("FROM"));
        tokens.extend(target.target.0.iter().cloned());
        super::query(self.sql, tokens).map(Some)
    }

    fn named_columns(&mut self) -> Result<Vec<Named>> {
        let mut columns = vec![self.named_column()?];
        while self.accept_token(&Token::Comma) {
            columns.push(self.named_column()?);
        }
        Ok(columns)
    }

    fn named_column(&mut self) -> Result<Named> {
        let position = self.position();
        let name = self.identifier()?;
        if matches!(self.token(), Token::Period | Token::LBracket) {
            return Err(unsupported("writing a part of a column"));
        }
        Ok(Named { name, position })
    }

    /// The tokens up to one of `ends` or `more` outside of brackets, which stays; a comma may be one. The FROM of IS DISTINCT
    /// FROM is none.
    fn until(&mut self, ends: &[&str], more: &[&str]) -> Vec<TokenWithSpan> {
        let mut tokens: Vec<TokenWithSpan> = Vec::new();
        let mut depth = 0_usize;
        while !self.at_end() {
            let compares =
                tokens.last().is_some_and(|last| super::is_word(last, Keyword::DISTINCT));
            let ended = ends.iter().chain(more).any(|end| match *end {
                "," => self.token() == Token::Comma,
                "FROM" if compares => false,
                words => self.stands(words),
            });
            if depth == 0 && ended {
                break;
            }
            match self.token() {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            tokens.extend(self.take());
        }
        tokens
    }
}

/// `DEFAULT` in a list of VALUES, as the name that stands for it.
fn mark_defaults(tokens: &mut [TokenWithSpan]) {
    if !tokens.first().is_some_and(|first| super::is_word(first, Keyword::VALUES)) {
        return;
    }
    for index in 1..tokens.len() {
        let alone = match (tokens.get(index - 1), tokens.get(index + 1)) {
            (Some(before), Some(behind)) => {
                matches!(before.token, Token::LParen | Token::Comma)
                    && matches!(behind.token, Token::RParen | Token::Comma)
            }
            _ => false,
        };
        if let Some(own) = tokens.get_mut(index)
            && alone
            && super::is_word(own, Keyword::DEFAULT)
        {
            own.token = Token::make_word(DEFAULT, Some('"'));
        }
    }
}

fn is_query(word: &str) -> bool {
    matches!(word, "SELECT" | "VALUES" | "WITH" | "TABLE")
}
