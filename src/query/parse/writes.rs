//! INSERT, UPDATE and DELETE (PostgreSQL manual, their pages), said as queries: of the new rows, of the values and numbers of
//! the rows that change, of the numbers of those that go. What temporary tables do not have yet is refused by its name.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Reader;
use super::statement::{Change, Named, Write};
use crate::error::{Error, Result};
use crate::pg::facts::{CHANGING, ROW};

/// The table a statement changes, as its tokens in FROM.
pub(super) struct Target(pub(super) Vec<TokenWithSpan>);

impl Target {
    /// Marks the table as the one that changes, whose columns go by `alias`, else by its own name.
    fn mark(&mut self, alias: Option<TokenWithSpan>) {
        let Some(last) = self.0.last_mut() else { return };
        let name = last.clone();
        if let Token::Word(word) = &mut last.token {
            if word.quote_style.is_none() {
                word.value = word.value.to_lowercase();
            }
            word.value.push_str(CHANGING);
            (word.quote_style, word.keyword) = (Some('"'), Keyword::NoKeyword);
        }
        self.0.push(keyword("AS"));
        self.0.push(alias.unwrap_or(name));
    }
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

fn row() -> TokenWithSpan {
    TokenWithSpan::wrap(Token::make_word(ROW, Some('"')))
}

impl Reader<'_> {
    /// What stands behind the target of INSERT INTO, UPDATE or DELETE FROM, up to the end.
    /// Errors: 42601; 0A000 for clauses that temporary tables do not have.
    pub(super) fn write(&mut self, tag: &str, mut target: Target) -> Result<Write> {
        if tag != "INSERT" {
            self.accept_token(&Token::Mul);
        }
        self.alias(tag, &mut target)?;
        match tag {
            "INSERT" => self.insert(&target),
            "UPDATE" => self.update(&target),
            _ => self.delete(&target),
        }
    }

    /// `[AS] alias`.
    fn alias(&mut self, tag: &str, target: &mut Target) -> Result<()> {
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
        target.mark(alias);
        Ok(())
    }

    fn insert(&mut self, target: &Target) -> Result<Write> {
        let mut columns = Vec::new();
        let query = self.token_at(1);
        let begins =
            matches!(&query, Token::LParen) || self.word_at(1).is_some_and(|word| is_query(&word));
        if self.token() == Token::LParen && !begins {
            self.expect_token(&Token::LParen)?;
            columns = self.named_columns()?;
            self.expect_token(&Token::RParen)?;
        }
        if self.peek().as_deref() == Some("OVERRIDING") {
            return Err(unsupported("OVERRIDING"));
        }
        let source = if self.accept("DEFAULT VALUES") {
            None
        } else {
            let mut tokens = self.until(&["ON CONFLICT", "RETURNING"], &[]);
            leave_defaults(&mut tokens);
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
        if self.accept("ON CONFLICT") {
            return Err(unsupported("ON CONFLICT of temporary tables"));
        }
        let returning = self.returning(target)?;
        Ok(Write { change: Change::Insert { columns, source }, returning })
    }

    fn update(&mut self, target: &Target) -> Result<Write> {
        self.expect("SET")?;
        let mut columns = Vec::new();
        let mut tokens = vec![keyword("SELECT")];
        loop {
            if self.token() == Token::LParen {
                return Err(unsupported("UPDATE of several columns from one row"));
            }
            columns.push(self.named_column()?);
            self.expect_token(&Token::Eq)?;
            let mut value = self.until(&[","], ENDS);
            if value.is_empty() {
                return Err(self.error());
            }
            if let [only] = value.as_mut_slice()
                && super::is_word(only, Keyword::DEFAULT)
            {
                only.token = Token::make_keyword("NULL");
            }
            tokens.extend(value);
            tokens.push(TokenWithSpan::wrap(Token::Comma));
            if !self.accept_token(&Token::Comma) {
                break;
            }
        }
        tokens.push(row());
        let rows = self.changed("FROM", target, tokens)?;
        let returning = self.returning(target)?;
        Ok(Write { change: Change::Update { columns, rows }, returning })
    }

    fn delete(&mut self, target: &Target) -> Result<Write> {
        let rows = self.changed("USING", target, vec![keyword("SELECT"), row()])?;
        let returning = self.returning(target)?;
        Ok(Write { change: Change::Delete(rows), returning })
    }

    /// The query that `list` begins, of the rows of the target that WHERE leaves.
    fn changed(
        &mut self,
        more: &str,
        target: &Target,
        mut list: Vec<TokenWithSpan>,
    ) -> Result<Box<super::Query>> {
        if self.accept(more) {
            return Err(unsupported(&format!("{more} beside a temporary table that changes")));
        }
        list.push(keyword("FROM"));
        list.extend(target.0.iter().cloned());
        if self.peek().as_deref() == Some("WHERE") {
            if self.word_at(1).as_deref() == Some("CURRENT") {
                return Err(unsupported("WHERE CURRENT OF"));
            }
            list.extend(self.take());
            list.extend(self.until(&[], ENDS));
        }
        super::query(self.sql, list)
    }

    fn returning(&mut self, target: &Target) -> Result<Option<Box<super::Query>>> {
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
        tokens.extend(target.0.iter().cloned());
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

/// `DEFAULT` in a list of VALUES, as no column has another default than NULL.
fn leave_defaults(tokens: &mut [TokenWithSpan]) {
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
            own.token = Token::make_keyword("NULL");
        }
    }
}

fn is_query(word: &str) -> bool {
    matches!(word, "SELECT" | "VALUES" | "WITH" | "TABLE")
}
