//! CREATE VIEW and ALTER VIEW (PostgreSQL manual, their pages).

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::Reader;
use super::definition::{TableAction, ViewDefinition};
use super::statement::{Refused, Statement};
use super::tables::{unsupported, with_data};
use crate::error::{Error, Result};
use crate::pg::catalog::dynamic::quote_identifier;

/// What may follow `CREATE`: TEMPORARY and its scope.
const KINDS: &[&str] =
    &["OR", "REPLACE", "LOCAL", "GLOBAL", "TEMP", "TEMPORARY", "RECURSIVE", "MATERIALIZED"];

impl Reader<'_> {
    /// Whether `CREATE [OR REPLACE] [[LOCAL | GLOBAL] TEMPORARY] [RECURSIVE] VIEW` stands here.
    pub(super) fn creates_view(&self) -> bool {
        let mut words = (1..).map_while(|offset| self.word_at(offset));
        words.find(|word| !KINDS.contains(&word.as_str())).as_deref() == Some("VIEW")
    }

    /// `whole` is the text of the statement.
    pub(super) fn create_view(&mut self, whole: &str) -> Result<Statement> {
        let start = self.position();
        self.expect("CREATE")?;
        let replace = self.accept("OR REPLACE");
        let _scope = self.accept("LOCAL") || self.accept("GLOBAL");
        let temporary = self.accept("TEMP") || self.accept("TEMPORARY");
        let recursive = self.accept("RECURSIVE");
        let plain = !(replace || temporary || recursive);
        let materialized = plain && self.accept("MATERIALIZED");
        self.expect("VIEW")?;
        let if_not_exists = materialized && self.accept("IF NOT EXISTS");
        let (schema, name) = self.relation_name()?;
        let columns = match self.token() {
            Token::LParen => self.bracketed_names()?,
            _ if recursive => return Err(self.error()),
            _ => Vec::new(),
        };
        if materialized && self.accept("USING") {
            self.identifier()?;
        }
        let options = match self.accept("WITH") {
            true if materialized => self.storage_options()?,
            true => self.view_options()?,
            false => Vec::new(),
        };
        if materialized && self.accept("TABLESPACE") {
            self.tablespace()?;
        }
        self.expect("AS")?;
        if self.at_end() {
            return Err(self.error());
        }
        let from = self.position();
        let remaining = self.remaining();
        let (tokens, option, data) = match materialized {
            true => {
                let (tokens, data) = with_data(remaining.clone());
                let option = remaining.get(tokens.len()).cloned();
                (tokens, option, data)
            }
            false => {
                let (tokens, option) = checked(remaining);
                (tokens, option, true)
            }
        };
        if tokens.is_empty() {
            return Err(self.error());
        }
        let check_option = option.is_some() && !materialized;
        let to = option.map(|token| super::position(self.sql, token.span.start));
        // What stands behind the last token may be a clause that is told by another one.
        let letters = whole.chars().take(to.map_or(usize::MAX, |to| to.saturating_sub(start)));
        let text: String = letters.skip(from.saturating_sub(start)).collect();
        let text = selected(&text, self.sql, &tokens);
        let query = super::query(self.sql, tokens)?;
        let (text, query) = match recursive {
            true => {
                let list: Vec<String> = columns.iter().map(|it| quote_identifier(it)).collect();
                let (own, list) = (quote_identifier(&name), list.join(", "));
                let text =
                    format!("WITH RECURSIVE {own}({list}) AS ({text}) SELECT {list} FROM {own}");
                let query = super::query_of(&text)?;
                (text, query)
            }
            false => (text, query),
        };
        Ok(Statement::CreateView(Box::new(ViewDefinition {
            schema,
            name,
            replace,
            temporary,
            materialized: materialized.then_some(data),
            if_not_exists,
            columns,
            options,
            check_option,
            query,
            text,
        })))
    }

    /// The options of a materialized view: how PostgreSQL would store it means nothing here.
    /// Errors: 22023 for what it does not have.
    fn storage_options(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let mut options = Vec::new();
        loop {
            let name = self.identifier()?;
            let value = match self.accept_token(&Token::Eq) {
                true => self.value()?,
                false => "true".to_owned(),
            };
            match name.as_str() {
                "version" => options.push(format!("{name}={value}")),
                "fillfactor" | "parallel_workers" | "toast_tuple_target" => {}
                name if name.starts_with("autovacuum_") => {}
                _ => {
                    let message = format!("unrecognized parameter \"{name}\"");
                    return Err(Error::InvalidParameterValue(message));
                }
            }
            if self.accept_token(&Token::RParen) {
                return Ok(options);
            }
            self.expect_token(&Token::Comma)?;
        }
    }

    /// `(name = value, …)`, each as the catalog keeps it.
    /// Errors: 22023 for what views do not have.
    fn view_options(&mut self) -> Result<Vec<String>> {
        self.expect_token(&Token::LParen)?;
        let mut options: Vec<String> = Vec::new();
        loop {
            let name = self.identifier()?;
            let value = match self.accept_token(&Token::Eq) {
                true => self.value()?,
                false => "true".to_owned(),
            };
            let boolean = matches!(name.as_str(), "security_barrier" | "security_invoker");
            let truth = crate::pg::catalog::settings::boolean(&value);
            if boolean && truth.is_none() {
                let message = format!("invalid value for boolean option \"{name}\": {value}");
                return Err(Error::InvalidParameterValue(message));
            }
            if name == "check_option" {
                if !matches!(value.as_str(), "local" | "cascaded") {
                    let message =
                        format!("invalid value for enum option \"check_option\": {value}");
                    return Err(Error::InvalidParameterValue(message)
                        .detail("Valid values are \"local\" and \"cascaded\"."));
                }
            } else if !boolean {
                let message = format!("unrecognized parameter \"{name}\"");
                return Err(Error::InvalidParameterValue(message));
            }
            if options.iter().any(|own| own.split('=').next() == Some(name.as_str())) {
                let message = format!("parameter \"{name}\" specified more than once");
                return Err(Error::InvalidParameterValue(message));
            }
            // The privileges that it reads with are told by this word.
            let value = match truth {
                Some(true) if name == "security_invoker" => "true".to_owned(),
                _ => value,
            };
            options.push(format!("{name}={value}"));
            if self.accept_token(&Token::RParen) {
                return Ok(options);
            }
            self.expect_token(&Token::Comma)?;
        }
    }

    /// What stands behind `ALTER VIEW`.
    pub(super) fn alter_view(&mut self, tag: &'static str) -> Result<Statement> {
        let if_exists = self.accept("IF EXISTS");
        let relation = self.named(None)?;
        let action = if self.accept("RENAME TO") {
            TableAction::Rename(self.identifier()?)
        } else if self.accept("RENAME") {
            self.accept("COLUMN");
            let name = self.identifier()?;
            self.expect("TO")?;
            TableAction::RenameColumn { name, to: self.identifier()? }
        } else if self.accept("OWNER TO") {
            TableAction::Owner(self.role()?)
        } else if self.accept("SET SCHEMA") {
            TableAction::SetSchema(self.identifier()?)
        } else if self.accept("SET") {
            TableAction::SetOptions(match tag {
                "ALTER VIEW" => self.view_options()?,
                _ => self.storage_options()?,
            })
        } else if self.accept("RESET") {
            TableAction::ResetOptions(self.bracketed_names()?)
        } else if self.accept("ALTER") {
            return Err(Error::FeatureNotSupported(
                "defaults of a view's columns are not supported".to_owned(),
            ));
        } else {
            return Err(self.error());
        };
        self.end()?;
        let refused = Refused { if_exists, ..Refused::of(tag, relation, unsupported(tag)) };
        Ok(Statement::AlterTable { actions: Ok(vec![action]), refused })
    }
}

/// The text of a query with `TABLE t` as `SELECT * FROM t`, where the name has a place of its own.
fn selected(text: &str, sql: &str, tokens: &[TokenWithSpan]) -> String {
    let place = |token: &TokenWithSpan| super::position(sql, token.span.start);
    let first = tokens.first().map_or(1, place);
    let mut letters: Vec<char> = text.chars().collect();
    for token in tokens.iter().rev().filter(|token| super::is_word(token, Keyword::TABLE)) {
        let from = place(token).saturating_sub(first);
        let to = from + "TABLE".len();
        if to <= letters.len() {
            letters.splice(from..to, "SELECT * FROM".chars());
        }
    }
    letters.into_iter().collect()
}

/// The tokens of a query without `WITH [CASCADED | LOCAL] CHECK OPTION`, and the first of these.
fn checked(mut tokens: Vec<TokenWithSpan>) -> (Vec<TokenWithSpan>, Option<TokenWithSpan>) {
    for words in [
        &["WITH", "CHECK", "OPTION"] as &[&str],
        &["WITH", "CASCADED", "CHECK", "OPTION"],
        &["WITH", "LOCAL", "CHECK", "OPTION"],
    ] {
        let Some(start) = tokens.len().checked_sub(words.len()) else { continue };
        let end = tokens.get(start..).unwrap_or_default();
        let stands = end.iter().zip(words).all(|(token, word)| {
            matches!(&token.token, Token::Word(own)
                if own.quote_style.is_none() && own.value.eq_ignore_ascii_case(word))
        });
        if stands {
            let option = end.first().cloned();
            tokens.truncate(start);
            return (tokens, option);
        }
    }
    (tokens, None)
}
