//! From the text of a message to a closed [`Statement`] enum: only what stands here can ever run.
//!
//! Queries go through sqlparser's PostgreSQL dialect. Everything else (SET, DECLARE, GRANT, …) is read by our own
//! small reader over the same tokens, because sqlparser accepts many dialects' forms and drops parts of some, and
//! because an allow-list that lives in the grammar cannot be forgotten.

mod access;
mod alterations;
mod between;
mod calls;
mod clauses;
mod constraints;
mod copy;
mod cut;
pub mod definition;
mod grammar;
mod inputs;
mod intervals;
mod joins;
mod limits;
mod long;
mod maintenance;
mod outputs;
mod reader;
mod refused;
mod sequences;
mod statement;
mod subscribe;
mod tables;
mod utility;
mod versions;
mod views;
mod words;
mod writes;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Query, Select, SelectItem, SetExpr, Statement as Ast, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::{Error, Result};
pub use copy::CopiedTable;
pub(crate) use cut::{Cut, CutKind, cuts};
pub use limits::Limits;
pub(crate) use outputs::shown;
pub use reader::Reader;
pub use statement::*;
pub use subscribe::{Subscriber, Subscription};
pub(crate) use utility::next_of;

/// Nesting of parentheses and subqueries. PostgreSQL has no such limit but its stack; each level costs sqlparser and
/// the planner some 20 KiB of ours, so ten times more would need other planning threads.
const NESTING_MAX: usize = 200;

/// One statement with its text.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The text as the client wrote it, without the semicolon.
    pub text: String,
    /// How many characters stand before it in what was sent.
    pub before: usize,
    /// What it asks for.
    pub statement: Statement,
    /// Names in it that were cut, as they were.
    pub long_names: Vec<String>,
}

/// A text of ours, which [`parse_known`] takes where names are not longer than PostgreSQL keeps.
pub fn parse(sql: &str, limits: &Limits) -> Result<Vec<Parsed>> {
    parse_known(sql, limits, &|_name| false)
}

/// Splits `sql` at its semicolons and parses every part. Empty parts are dropped. Names are cut to the length PostgreSQL
/// keeps, but for those that are `known` to be longer.
/// Errors: 42601 with a position in `sql`; 54001 and 54000 past `limits`.
pub fn parse_known(
    sql: &str,
    limits: &Limits,
    known: &dyn Fn(&str) -> bool,
) -> Result<Vec<Parsed>> {
    limits.check_text(sql)?;
    if sql.contains('\0') {
        let message = "invalid byte sequence for encoding \"UTF8\": 0x00".to_owned();
        return Err(Error::CharacterNotInRepertoire(message));
    }
    let tokens = tokenize(sql)?;
    limits.check_tokens(&tokens)?;
    let mut tokens = grammar::tokens(sql, tokens)?;
    let mut statements = Vec::new();
    for part in tokens.split_inclusive_mut(|token| token.token == Token::SemiColon) {
        let long_names = long::cut(part, known);
        let (part, closing) = match part.split_last() {
            Some((last, rest)) if last.token == Token::SemiColon => (rest, Some(last)),
            _ => (&*part, None),
        };
        if !part.is_empty() {
            let parsed = one(sql, part).map_err(|error| ended(error, sql, closing))?;
            statements.push(Parsed { long_names, ..parsed });
        }
    }
    Ok(statements)
}

/// One statement.
fn one(sql: &str, part: &[TokenWithSpan]) -> Result<Parsed> {
    let start = part.first().map_or(Location { line: 1, column: 1 }, |first| first.span.start);
    let end = part.last().map_or(start, |last| last.span.end);
    let text = slice(sql, start, end);
    let part = versions::rewrite(&calls::rewrite(sql, part)?)?;
    let part = between::tokens(joins::bracketed(clauses::rewrite(sql, &part)?));
    let part = words::rewrite(part);
    let statement = Reader::new(sql, part).statement(&text)?;
    let before = position(sql, start).saturating_sub(1);
    Ok(Parsed { text, before, statement, long_names: Vec::new() })
}

/// A statement that lacks its end lacks it at the semicolon, if it has one.
fn ended(error: Error, sql: &str, closing: Option<&TokenWithSpan>) -> Error {
    match (error.bare(), closing) {
        (Error::Syntax(message), Some(closing)) if message == END_OF_INPUT => {
            near(sql, closing, None)
        }
        _ => error,
    }
}

const END_OF_INPUT: &str = "syntax error at end of input";

/// The tokens of `sql` without what is between them.
/// Errors: 42601.
fn tokenize(sql: &str) -> Result<Vec<TokenWithSpan>> {
    let mut tokens = Vec::new();
    let read =
        Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location_into_buf(&mut tokens);
    if let Err(error) = read {
        // What does not end began where the last token did.
        let start = tokens.last().map_or(1, |last| position(sql, last.span.end));
        let rest: String = sql.chars().skip(start - 1).collect();
        return Err(match lexical(&error.message) {
            Some(words) => Error::Syntax(format!("{words} at or near \"{rest}\"")).at(start),
            None => Error::Syntax(format!("syntax error: {}", error.message.to_lowercase()))
                .at(position(sql, error.location)),
        });
    }
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    Ok(tokens)
}

/// The words PostgreSQL uses for sqlparser's lexical errors.
fn lexical(message: &str) -> Option<&'static str> {
    match message {
        "Unterminated string literal" => Some("unterminated quoted string"),
        "Unterminated dollar-quoted string" => Some("unterminated dollar-quoted string"),
        "Unexpected EOF while in a multi-line comment" => Some("unterminated /* comment"),
        text if text.starts_with("Expected close delimiter '\"'") => {
            Some("unterminated quoted identifier")
        }
        _ => None,
    }
}

/// The position in characters from 1 of a place that sqlparser counts in lines and columns.
pub(crate) fn position(sql: &str, location: Location) -> usize {
    if location.line == 0 {
        return 1;
    }
    let line_index = usize::try_from(location.line - 1).unwrap_or(0);
    let before: usize = sql.split('\n').take(line_index).map(|line| line.chars().count() + 1).sum();
    before + usize::try_from(location.column).unwrap_or(1).max(1)
}

fn slice(sql: &str, from: Location, to: Location) -> String {
    let (from, to) = (position(sql, from) - 1, position(sql, to) - 1);
    sql.chars().skip(from).take(to.saturating_sub(from)).collect()
}

/// Parses tokens that begin a query. `sql` is the whole text, for positions.
fn query(sql: &str, tokens: Vec<TokenWithSpan>) -> Result<Box<Query>> {
    let dialect = PostgreSqlDialect {};
    let last = tokens.last().map(|token| token.span.end);
    let tokens = intervals::rewrite(tokens);
    let mut parser =
        Parser::new(&dialect).with_recursion_limit(NESTING_MAX).with_tokens_with_locations(tokens);
    let mut query = parser.parse_query().map_err(|error| failure(sql, &error))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(near(sql, &next, last));
    }
    words::compared(&mut query);
    between::said(&mut query);
    grammar::query(sql, &query)?;
    allow(&query)?;
    outputs::name(&mut query);
    inputs::uncover(&mut query);
    Ok(query)
}

/// Why a statement does not change what a version has.
pub(crate) fn versions_are_read_only(tag: &str) -> Error {
    Error::FeatureNotSupported(format!("{tag} is not supported")).detail("Versions are immutable.")
}

/// A query that we have written ourselves.
/// Errors: XX000 for what is none.
pub(crate) fn query_of(sql: &str) -> Result<Box<Query>> {
    let limits = Limits { text_bytes_max: usize::MAX };
    match parse(sql, &limits)?.pop().map(|parsed| parsed.statement) {
        Some(Statement::Query(query)) => Ok(query),
        _ => Err(Error::Internal(format!("no query: {sql}"))),
    }
}

/// An expression that stands in the catalog.
/// Errors: those of its syntax.
pub(crate) fn expression(sql: &str) -> Result<Expr> {
    let query = query_of(&format!("SELECT {sql}"))?;
    let item = match *query.body {
        SetExpr::Select(select) => select.projection.into_iter().next(),
        _ => None,
    };
    match item {
        Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) => Ok(expr),
        _ => Err(Error::Internal(format!("no expression: {sql}"))),
    }
}

/// Refuses what sqlparser takes for a query and we do not run.
fn allow(query: &Query) -> Result<()> {
    limits::check_growth(query)?;
    match query.visit(&mut Gate) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

struct Gate;

fn refuse(reason: Option<Error>) -> ControlFlow<Box<Error>> {
    reason.map_or(ControlFlow::Continue(()), |error| ControlFlow::Break(Box::new(error)))
}

fn unsupported(what: &str) -> Error {
    Error::FeatureNotSupported(format!("{what} not supported"))
}

impl Visitor for Gate {
    type Break = Box<Error>;

    fn pre_visit_statement(&mut self, statement: &Ast) -> ControlFlow<Self::Break> {
        let modifies = !matches!(statement, Ast::Query(_));
        refuse(modifies.then(|| unsupported("data-modifying statements in WITH are")))
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let pipes = !query.pipe_operators.is_empty();
        refuse(pipes.then(|| unsupported("pipe operators are")))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let into = select.into.is_some().then(|| unsupported("SELECT INTO is"));
        refuse(into.or_else(|| limits::check_select(select).err()))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        // DataFusion ignores both clauses silently and would answer something else.
        refuse(match factor {
            TableFactor::Table { version: Some(_), .. } => {
                Some(unsupported("this form of a version clause is"))
            }
            TableFactor::Derived { sample: Some(_), .. } => {
                Some(unsupported("TABLESAMPLE of a query is"))
            }
            _ => None,
        })
    }
}

/// PostgreSQL's words for a parse error of sqlparser, which names the token and its place in its text.
fn failure(sql: &str, error: &ParserError) -> Error {
    match error {
        ParserError::RecursionLimitExceeded => {
            Error::StatementTooComplex("stack depth limit exceeded".to_owned())
                .hint(format!("A statement may nest {NESTING_MAX} levels deep."))
        }
        ParserError::TokenizerError(message) => {
            Error::Syntax(format!("syntax error: {}", message.to_lowercase()))
        }
        ParserError::ParserError(message) => {
            let (text, location) = match message.rsplit_once(" at Line: ") {
                Some((text, place)) => (text, place_of(place)),
                None => (message.as_str(), None),
            };
            let Some((_, found)) = text.rsplit_once("found: ") else {
                let plain = Error::Syntax(format!("syntax error: {}", lower_first(text)));
                return match location {
                    Some(location) => plain.at(position(sql, location)),
                    None => plain,
                };
            };
            if found == "EOF" {
                return Error::Syntax(END_OF_INPUT.to_owned()).at(sql.chars().count() + 1);
            }
            let Some(location) = location else {
                return Error::Syntax(format!("syntax error at or near \"{found}\""));
            };
            grammar::without_operand(sql, location).unwrap_or_else(|| {
                Error::Syntax(format!("syntax error at or near \"{found}\""))
                    .at(position(sql, location))
            })
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

fn place_of(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
}

/// `syntax error at or near "x"`, at the token `x`.
fn near(sql: &str, token: &TokenWithSpan, last: Option<Location>) -> Error {
    if token.token == Token::EOF {
        let end = last.map_or_else(|| sql.chars().count() + 1, |end| position(sql, end));
        return Error::Syntax(END_OF_INPUT.to_owned()).at(end);
    }
    let text = slice(sql, token.span.start, token.span.end);
    Error::Syntax(format!("syntax error at or near \"{text}\"")).at(position(sql, token.span.start))
}

/// Whether a token is this unquoted keyword.
fn is_word(token: &TokenWithSpan, keyword: Keyword) -> bool {
    matches!(&token.token, Token::Word(word) if word.quote_style.is_none() && word.keyword == keyword)
}

#[cfg(test)]
mod tests;
