//! What PostgreSQL's scanner and grammar refuse and the parser takes.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CastKind, Expr, Function, FunctionArguments, JoinConstraint,
    JoinOperator, ObjectName, Query, Select, SetExpr, Spanned, Subscript, TableFactor, Value,
    Visit, Visitor,
};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::{near, position, slice};
use crate::error::{Error, Place, Result};
use crate::pg::catalog::data;

/// Checks the tokens of a text and joins strings that only a line break parts.
/// Errors: 42601.
pub(super) fn tokens(sql: &str, tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>> {
    let junk = (0..tokens.len()).find_map(|index| junk(sql, tokens.get(index..)?));
    if let Some(error) = junk {
        return Err(error);
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Some(before) = out.last_mut() else {
            out.push(token);
            continue;
        };
        match (&mut before.token, &token.token) {
            (
                Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text),
                Token::SingleQuotedString(more),
            ) => {
                if before.span.end.line == token.span.start.line {
                    return Err(near(sql, &token, None));
                }
                text.push_str(more);
                before.span.end = token.span.end;
                continue;
            }
            // The parser takes these for `=` and others.
            (Token::Div, Token::Div) if before.span.end == token.span.start => {
                before.token = Token::CustomBinaryOperator("//".to_owned());
                before.span.end = token.span.end;
                continue;
            }
            (Token::Word(word), Token::Mul) if is_bare(word, "DISTINCT") => {
                let call = out.iter().rev().nth(1).map(|token| &token.token);
                if call == Some(&Token::LParen) {
                    return Err(near(sql, &token, None));
                }
            }
            (Token::Word(word), Token::Word(next))
                if is_bare(word, "NULLS") && is_bare(next, "OVER") =>
            {
                let treated = out.iter().rev().nth(1).is_some_and(|token| match &token.token {
                    Token::Word(word) => is_bare(word, "IGNORE") || is_bare(word, "RESPECT"),
                    _ => false,
                });
                if let (true, Some(nulls)) = (treated, out.last()) {
                    return Err(near(sql, nulls, None));
                }
            }
            _ => {}
        }
        if let Token::Word(word) = &token.token
            && word.quote_style.is_some()
            && word.value.is_empty()
        {
            let message = "zero-length delimited identifier at or near \"\"\"\"".to_owned();
            return Err(Error::Syntax(message).at(position(sql, token.span.start)));
        }
        out.push(operator(token));
    }
    Ok(out)
}

/// The error of a number that goes on with what belongs to none, such as `1_000`, `0x10` and `1a`: the tokenizer reads some of
/// these as numbers of other dialects.
fn junk(sql: &str, tokens: &[TokenWithSpan]) -> Option<Error> {
    let [number, rest @ ..] = tokens else { return None };
    let written = match &number.token {
        // These digits are told apart by underscores.
        Token::Number(text, _) if text.contains('_') => 0,
        Token::Number(text, _) => text.len(),
        // Of `x'10'` three more are written.
        Token::HexStringLiteral(text) => text.len() + 3,
        _ => return None,
    };
    let span = number.span;
    let width = usize::try_from(span.end.column.saturating_sub(span.start.column)).ok()?;
    let word = match rest {
        [next, ..] if next.span.start == span.end && matches!(next.token, Token::Word(_)) => {
            Some(next)
        }
        _ => None,
    };
    if span.start.line != span.end.line || width == written && word.is_none() {
        return None;
    }
    let text = slice(sql, span.start, word.map_or(span.end, |word| word.span.end));
    let message = format!("trailing junk after numeric literal at or near \"{text}\"");
    Some(Error::Syntax(message).at(position(sql, span.start)))
}

/// An operator that PostgreSQL does not have as one of its name, which the parser would give a meaning.
fn operator(token: TokenWithSpan) -> TokenWithSpan {
    let symbol = match token.token {
        Token::DoubleEq => "==",
        Token::Spaceship => "<=>",
        _ => return token,
    };
    TokenWithSpan { token: Token::CustomBinaryOperator(symbol.to_owned()), span: token.span }
}

fn is_bare(word: &datafusion::sql::sqlparser::tokenizer::Word, text: &str) -> bool {
    word.quote_style.is_none() && word.value.eq_ignore_ascii_case(text)
}

/// The error behind a question mark at `place`, if there is one: to PostgreSQL it is an operator, so what is missing is
/// what it works on. To the parser it is one too, yet none that begins an expression.
pub(super) fn without_operand(sql: &str, place: Location) -> Option<Error> {
    let tokens = super::tokenize(sql).ok()?;
    let index = tokens.iter().position(|token| token.span.start == place)?;
    if tokens.get(index)?.token.to_string() != "?" {
        return None;
    }
    let Some(next) = tokens.get(index + 1) else {
        let end = tokens.last().map_or(1, |last| position(sql, last.span.end));
        return Some(Error::Syntax("syntax error at end of input".to_owned()).at(end));
    };
    let ends = match &next.token {
        Token::Word(word) if word.quote_style.is_none() => {
            let word = word.value.to_lowercase();
            let starts = ["array", "case", "cast", "false", "not", "null", "true"];
            data::is_no_table(&word) && !is_value(&word) && !starts.contains(&word.as_str())
        }
        Token::Comma
        | Token::RParen
        | Token::RBracket
        | Token::SemiColon
        | Token::DoubleColon
        | Token::Eq
        | Token::Neq
        | Token::Lt
        | Token::LtEq
        | Token::Gt
        | Token::GtEq
        | Token::Mul
        | Token::Div => true,
        _ => false,
    };
    ends.then(|| near(sql, next, None))
}

/// Checks a parsed query.
/// Errors: 42601.
pub(super) fn query(sql: &str, query: &Query) -> Result<()> {
    match query.visit(&mut Grammar { sql }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

/// The parts a table's name may have: the database, the schema, the table.
const DOTTED_MAX: usize = 3;

struct Grammar<'a> {
    sql: &'a str,
}

impl Grammar<'_> {
    /// A syntax error at the first token at or behind `location`.
    fn behind(&self, location: Location) -> Error {
        let tokens = super::tokenize(self.sql).unwrap_or_default();
        match tokens.iter().find(|token| location <= token.span.start) {
            Some(token) if token.token != Token::SemiColon => near(self.sql, token, None),
            _ => {
                let end = tokens.iter().take_while(|token| token.span.start < location).last();
                let end = end.map_or(1, |token| position(self.sql, token.span.end));
                Error::Syntax("syntax error at end of input".to_owned()).at(end)
            }
        }
    }
}

impl Grammar<'_> {
    /// The bracket that opens a subscript.
    fn bracket(&self, access: &AccessExpr) -> Option<TokenWithSpan> {
        let AccessExpr::Subscript(subscript) = access else { return None };
        let inside = match subscript {
            Subscript::Index { index } => index,
            Subscript::Slice { lower_bound, upper_bound, .. } => {
                lower_bound.as_ref().or(upper_bound.as_ref())?
            }
        };
        let start = inside.span().start;
        let tokens = super::tokenize(self.sql).unwrap_or_default().into_iter();
        let before = tokens.take_while(|token| token.span.start < start);
        before.filter(|token| token.token == Token::LBracket).last()
    }
}

impl Visitor for Grammar<'_> {
    type Break = Box<Error>;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        for join in select.from.iter().flat_map(|table| &table.joins) {
            let end = join.relation.span().end;
            if lacks_condition(&join.join_operator) && 0 < end.line {
                return ControlFlow::Break(Box::new(self.behind(end)));
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            // They do not associate.
            Expr::BinaryOp { left, op, .. } if compares(op) => match left.as_ref() {
                Expr::BinaryOp { op: inner, .. } if compares(inner) => {
                    let end = left.span().end;
                    if 0 < end.line {
                        return ControlFlow::Break(Box::new(self.behind(end)));
                    }
                }
                _ => {}
            },
            Expr::CompoundFieldAccess { root, access_chain } if !has_subscripts(root) => {
                let bracket = access_chain.first().and_then(|access| self.bracket(access));
                if let Some(bracket) = bracket {
                    return ControlFlow::Break(Box::new(near(self.sql, &bracket, None)));
                }
            }
            Expr::Function(function) if lacks_arguments(function) => {
                let start = function.name.span().start;
                let mut tokens = super::tokenize(self.sql).unwrap_or_default().into_iter();
                let closing =
                    tokens.find(|token| start < token.span.start && token.token == Token::RParen);
                if let Some(closing) = closing {
                    return ControlFlow::Break(Box::new(near(self.sql, &closing, None)));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        let Some(first) = relation.0.first().and_then(|part| part.as_ident()) else {
            return ControlFlow::Continue(());
        };
        if DOTTED_MAX < relation.0.len() {
            let message = format!("improper qualified name (too many dotted names): {relation}");
            let at = position(self.sql, first.span.start);
            return ControlFlow::Break(Box::new(Error::Syntax(message).at(at)));
        }
        let word = first.value.to_lowercase();
        if first.quote_style.is_some() || first.span.start.line == 0 || is_value(&word) {
            return ControlFlow::Continue(());
        }
        match data::is_no_table(&word) {
            true => ControlFlow::Break(Box::new(self.behind(first.span.start))),
            false => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        let TableFactor::Derived { subquery, alias: None, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let (what, example, start) = match subquery.body.as_ref() {
            SetExpr::Values(values) => {
                let first = values.rows.first().and_then(|row| row.first());
                ("VALUES", "VALUES", first.map(|expr| expr.span().start))
            }
            _ => ("subquery", "SELECT", Some(subquery.span().start)),
        };
        let error = Error::Syntax(format!("{what} in FROM must have an alias"))
            .hint(format!("For example, FROM ({example} ...) [AS] foo."));
        let place = start.map(|start| Place::Bracket(start.line, start.column));
        let position = place
            .filter(|_| what == "subquery")
            .and_then(|place| crate::query::places::of(self.sql, &place));
        ControlFlow::Break(Box::new(match position {
            Some(position) => error.at(position),
            None => error,
        }))
    }
}

fn compares(op: &BinaryOperator) -> bool {
    matches!(
        op,
        BinaryOperator::Eq
            | BinaryOperator::NotEq
            | BinaryOperator::Lt
            | BinaryOperator::LtEq
            | BinaryOperator::Gt
            | BinaryOperator::GtEq
    )
}

/// Whether the grammar has subscripts of such an expression (`c_expr`); others need brackets around them.
fn has_subscripts(expr: &Expr) -> bool {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Nested(_) | Expr::Subquery(_) | Expr::CompoundFieldAccess { .. } => true,
        Expr::Value(value) => matches!(value.value, Value::Placeholder(_)),
        // Of a type they say the dimensions.
        Expr::Cast { kind, .. } => *kind == CastKind::DoubleColon,
        _ => false,
    }
}

/// Whether it is one of the calls of the grammar that need arguments, without any.
fn lacks_arguments(function: &Function) -> bool {
    let [part] = function.name.0.as_slice() else { return false };
    let Some(name) = part.as_ident().filter(|name| name.quote_style.is_none()) else {
        return false;
    };
    let name = name.value.to_lowercase();
    matches!(name.as_str(), "coalesce" | "greatest" | "least" | "nullif")
        && matches!(&function.args, FunctionArguments::List(list) if list.args.is_empty())
}

/// Whether a join has neither ON nor USING and needs one.
fn lacks_condition(operator: &JoinOperator) -> bool {
    matches!(
        operator,
        JoinOperator::Join(JoinConstraint::None)
            | JoinOperator::Inner(JoinConstraint::None)
            | JoinOperator::Left(JoinConstraint::None)
            | JoinOperator::LeftOuter(JoinConstraint::None)
            | JoinOperator::Right(JoinConstraint::None)
            | JoinOperator::RightOuter(JoinConstraint::None)
            | JoinOperator::FullOuter(JoinConstraint::None)
    )
}

/// Reserved words that are calls, and so may stand in FROM.
fn is_value(word: &str) -> bool {
    word.starts_with("current_")
        || matches!(word, "session_user" | "user" | "localtime" | "localtimestamp")
}
