//! ANALYZE, VACUUM and CHECKPOINT (PostgreSQL manual, SQL commands). The files of a version never change and say what is in
//! them, so there is nothing to do, which tools may ask for.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::Reader;
use super::statement::Statement;
use crate::error::{Error, Result};

/// Options of ANALYZE and VACUUM that change nothing here.
const ANALYZE: &[&str] = &["SKIP_LOCKED"];
const VACUUM: &[&str] = &[
    "ANALYZE",
    "DISABLE_PAGE_SKIPPING",
    "FREEZE",
    "FULL",
    "INDEX_CLEANUP",
    "PARALLEL",
    "PROCESS_TOAST",
    "SKIP_LOCKED",
    "TRUNCATE",
];

impl Reader<'_> {
    /// A statement that begins with `word`, one of the three.
    pub(super) fn maintain(&mut self, word: &str) -> Result<Statement> {
        self.expect(word)?;
        let (tag, options) = match word {
            "ANALYZE" | "ANALYSE" => ("ANALYZE", ANALYZE),
            "VACUUM" => ("VACUUM", VACUUM),
            _ => return Ok(Statement::Maintain { tag: "CHECKPOINT", tables: Vec::new() }),
        };
        if self.accept_token(&Token::LParen) {
            loop {
                self.option(tag, options)?;
                if !self.accept_token(&Token::Comma) {
                    break;
                }
            }
            self.expect_token(&Token::RParen)?;
        } else {
            if tag == "VACUUM" {
                self.accept("FULL");
                self.accept("FREEZE");
            }
            if self.accept("VERBOSE") {
                return Err(verbose(tag));
            }
            if tag == "VACUUM" {
                self.accept("ANALYZE");
            }
        }
        let mut tables = Vec::new();
        while !self.at_end() {
            tables.push(self.table_query()?);
            if !self.accept_token(&Token::Comma) {
                break;
            }
        }
        Ok(Statement::Maintain { tag, tables })
    }

    /// One option, whose value says nothing of interest.
    fn option(&mut self, tag: &str, options: &[&str]) -> Result<()> {
        let position = self.position();
        let name = self.identifier()?;
        if name == "verbose" {
            return Err(verbose(tag));
        }
        if !options.iter().any(|option| option.eq_ignore_ascii_case(&name)) {
            let message = format!("unrecognized {tag} option \"{name}\"");
            return Err(Error::Syntax(message).at(position));
        }
        if !matches!(self.token(), Token::Comma | Token::RParen) {
            self.value()?;
        }
        Ok(())
    }
}

fn verbose(tag: &str) -> Error {
    Error::FeatureNotSupported(format!("{tag} VERBOSE is not supported"))
}
