//! Bounds on the text of a statement, checked on its tokens before anything recursive sees it: deep chains of
//! operators and set operations kill the process inside the planner otherwise (apache/datafusion #22229, #22936).

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::is_word;
use crate::error::{Error, Result};

/// What a text may have.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Its length.
    pub text_bytes_max: usize,
}

/// Operators between two commas or parentheses. Planning is quadratic in it: 500 take about 0.3 s, 2,000 take 6 s and
/// 100,000 overflow any stack.
const CHAIN_LEN_MAX: usize = 500;

/// UNION, INTERSECT and EXCEPT in one statement; 2,000 take 9 s to plan and 5,000 overflow the stack.
const SET_OPERATIONS_MAX: usize = 500;

/// Joins written in one statement; the optimizer's join rules are quadratic.
const JOINS_MAX: usize = 500;

/// The depth of brackets that the parser's own limit would find only after it has recursed.
const BRACKETS_MAX: usize = 400;

impl Limits {
    /// Errors: 54000 past the longest text.
    pub fn check_text(&self, sql: &str) -> Result<()> {
        if sql.len() <= self.text_bytes_max {
            return Ok(());
        }
        let message = format!("statement is longer than {} bytes", self.text_bytes_max);
        Err(Error::ProgramLimitExceeded(message)
            .hint("The limit is the setting query.max_text_bytes."))
    }

    /// Errors: 54001 past a chain, a count of set operations or joins, or a depth of brackets.
    pub fn check_tokens(&self, tokens: &[TokenWithSpan]) -> Result<()> {
        let mut chains = vec![0_usize];
        let (mut set_operations, mut joins, mut prefixes) = (0_usize, 0_usize, 0_usize);
        for token in tokens {
            match &token.token {
                Token::LParen | Token::LBracket => chains.push(0),
                Token::RParen | Token::RBracket if 1 < chains.len() => {
                    chains.pop();
                }
                Token::Comma | Token::SemiColon => {
                    if let Some(chain) = chains.last_mut() {
                        *chain = 0;
                    }
                }
                other if operator(other) || connective(token) => {
                    if let Some(chain) = chains.last_mut() {
                        *chain += 1;
                    }
                }
                _ => {}
            }
            set_operations += usize::from(
                is_word(token, Keyword::UNION)
                    || is_word(token, Keyword::INTERSECT)
                    || is_word(token, Keyword::EXCEPT),
            );
            joins += usize::from(is_word(token, Keyword::JOIN));
            // NOT NOT NOT … and CASE nest without any bracket.
            prefixes = if is_word(token, Keyword::NOT) || is_word(token, Keyword::CASE) {
                prefixes + 1
            } else if token.token == Token::SemiColon {
                0
            } else {
                prefixes
            };
            over(
                "operators in one expression",
                chains.last().copied().unwrap_or(0),
                CHAIN_LEN_MAX,
            )?;
            over("set operations", set_operations, SET_OPERATIONS_MAX)?;
            over("joins", joins, JOINS_MAX)?;
            over("NOT and CASE", prefixes, 4 * CHAIN_LEN_MAX)?;
            over("nested brackets", chains.len() - 1, BRACKETS_MAX)?;
        }
        Ok(())
    }
}

fn over(what: &str, count: usize, max: usize) -> Result<()> {
    if count <= max {
        return Ok(());
    }
    Err(Error::StatementTooComplex("stack depth limit exceeded".to_owned())
        .detail(format!("The statement has more than {max} {what}."))
        .hint("Use IN (…), VALUES, or a table for long lists."))
}

fn operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::EOF
            | Token::Word(_)
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::Whitespace(_)
            | Token::Period
            | Token::Colon
            | Token::Placeholder(_)
    )
}

fn connective(token: &TokenWithSpan) -> bool {
    [
        Keyword::AND,
        Keyword::OR,
        Keyword::NOT,
        Keyword::IS,
        Keyword::LIKE,
        Keyword::ILIKE,
        Keyword::COLLATE,
        Keyword::AT,
    ]
    .iter()
    .any(|keyword| is_word(token, *keyword))
}
