//! `x BETWEEN SYMMETRIC a AND b`, which the parser does not know. Its tokens become a call around the first bound, and the
//! call becomes what PostgreSQL's grammar makes of it: one of two ranges.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, VisitMut,
    VisitorMut,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::clauses::{enclosed, is_any};

/// What is called with the first bound.
const SYMMETRIC: &str = "forebay_symmetric";

/// The tokens of a statement as the parser takes them.
pub(super) fn tokens(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let (mut opened, mut closed) = (BTreeSet::new(), BTreeSet::new());
    let mut out = Vec::with_capacity(tokens.len());
    let mut between = false;
    // Where bounds that are called may end: how many parentheses and CASEs are around them.
    let mut bounds: Vec<usize> = Vec::new();
    let mut depth = 0_usize;
    for mut token in tokens {
        let word = std::mem::replace(&mut between, is_any(&token.token, &["BETWEEN"]));
        if word && is_any(&token.token, &["ASYMMETRIC"]) {
            continue;
        }
        if word && is_any(&token.token, &["SYMMETRIC"]) {
            let value = SYMMETRIC.to_owned();
            token.token =
                Token::Word(Word { value, quote_style: None, keyword: Keyword::NoKeyword });
            opened.insert(out.len() + 1);
            bounds.push(depth);
        }
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            _ if is_any(&token.token, &["CASE"]) => depth += 1,
            _ if is_any(&token.token, &["END"]) => depth = depth.saturating_sub(1),
            _ if is_any(&token.token, &["AND"]) && bounds.last() == Some(&depth) => {
                bounds.pop();
                closed.insert(out.len());
            }
            _ => {}
        }
        out.push(token);
    }
    enclosed(out, &opened, &closed)
}

/// Says what such a call means.
pub(super) fn said(query: &mut Query) {
    struct Say;
    impl VisitorMut for Say {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if let Some(ranges) = ranges(expr) {
                *expr = ranges;
            }
            ControlFlow::Continue(())
        }
    }
    // The visitor never breaks.
    let _done = query.visit(&mut Say);
}

/// `x BETWEEN a AND b OR x BETWEEN b AND a`
fn ranges(expr: &Expr) -> Option<Expr> {
    let Expr::Between { expr: value, negated, low, high } = expr else { return None };
    let Expr::Function(function) = low.as_ref() else { return None };
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(low))] = list.args.as_slice() else {
        return None;
    };
    if function.name.to_string() != SYMMETRIC {
        return None;
    }
    let range = |low: &Expr, high: &Expr| {
        let (low, high) = (Box::new(low.clone()), Box::new(high.clone()));
        Box::new(Expr::Between { expr: value.clone(), negated: *negated, low, high })
    };
    let op = if *negated { BinaryOperator::And } else { BinaryOperator::Or };
    let (left, right) = (range(low, high), range(high, low));
    Some(Expr::Nested(Box::new(Expr::BinaryOp { left, op, right })))
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

    fn check(sql: &str, want: &str) {
        let dialect = PostgreSqlDialect {};
        let mut tokens = Tokenizer::new(&dialect, sql).tokenize_with_location().expect("tokens");
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        let mut parser = Parser::new(&dialect).with_tokens_with_locations(super::tokens(tokens));
        let mut query = parser.parse_query().expect(sql);
        super::said(&mut query);
        assert_eq!(query.to_string(), want);
    }

    #[test]
    fn bounds_in_any_order_are_two_ranges() {
        check(
            "SELECT x BETWEEN SYMMETRIC 9 AND f(1) AND y",
            "SELECT (x BETWEEN 9 AND f(1) OR x BETWEEN f(1) AND 9) AND y",
        );
        check(
            "SELECT x NOT BETWEEN SYMMETRIC CASE WHEN a AND b THEN 1 END AND 2",
            "SELECT (x NOT BETWEEN CASE WHEN a AND b THEN 1 END AND 2 \
             AND x NOT BETWEEN 2 AND CASE WHEN a AND b THEN 1 END)",
        );
        check("SELECT x BETWEEN ASYMMETRIC 1 AND 2", "SELECT x BETWEEN 1 AND 2");
    }
}
