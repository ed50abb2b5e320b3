//! Bounds on the text of a statement, checked on its tokens before anything recursive sees it: deep chains of
//! operators and set operations kill the process inside the planner otherwise (apache/datafusion #22229, #22936).

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, ObjectNamePart, Query, Select, TableFactor, Visit, Visitor,
};
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

/// PostgreSQL's limit on the columns of a result (`MaxTupleAttributeNumber`).
const OUTPUTS_MAX: usize = 1_664;

/// PostgreSQL's limit on CUBE: each element doubles the grouping sets.
const CUBE_LEN_MAX: usize = 12;

/// Errors: 54011 past the columns of a result or the elements of CUBE, with PostgreSQL's words.
pub(super) fn check_select(select: &Select) -> Result<()> {
    if OUTPUTS_MAX < select.projection.len() {
        let message = format!("target lists can have at most {OUTPUTS_MAX} entries");
        return Err(Error::TooManyColumns(message));
    }
    let GroupByExpr::Expressions(keys, _) = &select.group_by else { return Ok(()) };
    let wide = |key: &Expr| matches!(key, Expr::Cube(sets) if CUBE_LEN_MAX < sets.len());
    if keys.iter().any(wide) {
        let message = format!("CUBE is limited to {CUBE_LEN_MAX} elements");
        return Err(Error::TooManyColumns(message));
    }
    Ok(())
}

/// Tables in a query, counting each use of a common table as all it is made of: the planner copies it into every
/// place. 600 bytes of text can double one into 130,000, which took 23 s to plan.
const TABLES_MAX: usize = 10_000;

/// Common tables in one statement. The planner copies the list of them for each; 5,000 take seconds.
const COMMON_TABLES_MAX: usize = 1_000;

/// Errors: 54001 past the tables a query grows to, or the common tables it names.
pub(super) fn check_growth(query: &Query) -> Result<()> {
    let mut growth = Growth::default();
    match query.visit(&mut growth) {
        ControlFlow::Continue(()) => over("common tables", growth.named.len(), COMMON_TABLES_MAX),
        ControlFlow::Break(()) => over("tables", TABLES_MAX + 1, TABLES_MAX),
    }
}

/// How many tables each common table stands for, and each query that is being visited so far.
#[derive(Default)]
struct Growth {
    /// The names of common tables by the address of their query.
    named: HashMap<*const Query, String>,
    weights: HashMap<String, usize>,
    open: Vec<usize>,
}

impl Growth {
    fn add(&mut self, weight: usize) -> ControlFlow<()> {
        let Some(own) = self.open.last_mut() else { return ControlFlow::Continue(()) };
        *own = own.saturating_add(weight);
        if TABLES_MAX < *own { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Visitor for Growth {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = table.alias.name.value.clone();
            self.named.insert(std::ptr::from_ref(table.query.as_ref()), name);
        }
        self.open.push(0);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let weight = self.open.pop().unwrap_or(0);
        match self.named.get(&std::ptr::from_ref(query)) {
            // Of two tables of one name the heavier counts: which of them is meant where is the planner's business.
            Some(name) => {
                let known = self.weights.entry(name.clone()).or_default();
                *known = weight.max(*known);
                ControlFlow::Continue(())
            }
            None => self.add(weight),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, .. } = factor else { return ControlFlow::Continue(()) };
        let name = name.0.last().and_then(ObjectNamePart::as_ident);
        let weight = name.and_then(|name| self.weights.get(&name.value)).copied();
        self.add(weight.unwrap_or(1).max(1))
    }
}

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
        let mut chains = vec![Chain { len: 0, opened_by: Opener::Text }];
        let (mut set_operations, mut joins, mut prefixes) = (0_usize, 0_usize, 0_usize);
        // Whether the token before ended an operand: then WHEN is no name of a column.
        let mut ended = false;
        let mut qualified = false;
        for token in tokens {
            let branch = ended && BRANCHES.iter().any(|keyword| is_word(token, *keyword));
            let innermost = chains.last().map_or(Opener::Text, |chain| chain.opened_by);
            match &token.token {
                Token::Whitespace(_) => continue,
                // The branches of a CASE are a list; the CASE is one operand of what it stands in.
                _ if is_word(token, Keyword::CASE) && !qualified => {
                    chains.push(Chain { len: 0, opened_by: Opener::Case });
                }
                _ if ended && is_word(token, Keyword::END) && innermost == Opener::Case => {
                    chains.pop();
                }
                Token::LParen | Token::LBracket => {
                    chains.push(Chain { len: 0, opened_by: Opener::Bracket });
                }
                Token::RParen | Token::RBracket => close_bracket(&mut chains),
                other if branch || matches!(other, Token::Comma | Token::SemiColon) => {
                    if let Some(chain) = chains.last_mut() {
                        chain.len = 0;
                    }
                }
                other if operator(other) || connective(token) => {
                    if let Some(chain) = chains.last_mut() {
                        chain.len += 1;
                    }
                }
                _ => {}
            }
            qualified = token.token == Token::Period;
            let closed = matches!(token.token, Token::RParen | Token::RBracket);
            ended = closed || !operator(&token.token) && !connective(token) && !qualified;
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
                chains.last().map_or(0, |chain| chain.len),
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

/// An expression of operators without brackets, as it is read.
struct Chain {
    len: usize,
    opened_by: Opener,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opener {
    Text,
    Bracket,
    Case,
}

/// Ends the innermost bracket, and with it a CASE that was none: `(SELECT 1 AS case)`.
fn close_bracket(chains: &mut Vec<Chain>) {
    while let Some(Chain { opened_by: Opener::Case, .. }) = chains.last() {
        chains.pop();
    }
    if 1 < chains.len() {
        chains.pop();
    }
}

/// What begins a branch of CASE.
const BRANCHES: [Keyword; 3] = [Keyword::WHEN, Keyword::THEN, Keyword::ELSE];

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
