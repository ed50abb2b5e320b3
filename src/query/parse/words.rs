//! Forms of PostgreSQL's grammar that the parser lacks, said in those it has before it sees them.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Value, VisitMut,
    VisitorMut,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::is_word;
use crate::pg::rewrite::ALL_FIELDS;

/// Rewrites the tokens of one statement; those that stay keep their places.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let literal = |pair: &[TokenWithSpan]| typed_literal(pair).is_some();
    let special = tokens.iter().any(is_candidate)
        || tokens.windows(2).any(literal)
        || tokens.windows(3).any(all_fields)
        || tokens.windows(2).any(distinct_from);
    if !special {
        return tokens;
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some(first) = rest.first() {
        let length = only(&out, rest)
            .or_else(|| qualified_substring(rest))
            .or_else(|| collation_for(rest, &mut out))
            .or_else(|| literal_of_type(rest, &mut out))
            .or_else(|| quantified_operator(rest, &mut out))
            .or_else(|| columns_of_row(rest, &mut out))
            .or_else(|| fields_of_value(rest, &mut out))
            .or_else(|| compared_operand(rest, &mut out));
        match length {
            Some(length) => rest = rest.get(length..).unwrap_or_default(),
            None => {
                out.push(first.clone());
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out
}

/// Almost no statement has one of these words.
fn is_candidate(token: &TokenWithSpan) -> bool {
    [Keyword::ONLY, Keyword::COLLATION, Keyword::OPERATOR, Keyword::SUBSTRING]
        .into_iter()
        .any(|keyword| is_word(token, keyword))
}

fn word_at(tokens: &[TokenWithSpan], index: usize, keyword: Keyword) -> bool {
    tokens.get(index).is_some_and(|token| is_word(token, keyword))
}

fn at(tokens: &[TokenWithSpan], index: usize) -> &Token {
    tokens.get(index).map_or(&Token::EOF, |token| &token.token)
}

fn is_pg_catalog(token: &Token) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none()
        && word.value.eq_ignore_ascii_case("pg_catalog"))
}

/// `FROM ONLY t`: no table has children.
fn only(out: &[TokenWithSpan], rest: &[TokenWithSpan]) -> Option<usize> {
    let table = word_at(rest, 0, Keyword::ONLY) && matches!(at(rest, 1), Token::Word(_));
    let before = out.last()?;
    let listed = is_word(before, Keyword::FROM)
        || is_word(before, Keyword::JOIN)
        || before.token == Token::Comma;
    (table && listed).then_some(1)
}

/// `pg_catalog.substring(…)`: the parser takes the call for one of its own form when it has no schema only.
fn qualified_substring(rest: &[TokenWithSpan]) -> Option<usize> {
    let call = is_pg_catalog(at(rest, 0))
        && *at(rest, 1) == Token::Period
        && word_at(rest, 2, Keyword::SUBSTRING)
        && *at(rest, 3) == Token::LParen;
    call.then_some(2)
}

/// `COLLATION FOR (x)` is `pg_collation_for(x)`.
fn collation_for(rest: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) -> Option<usize> {
    let here = word_at(rest, 0, Keyword::COLLATION)
        && word_at(rest, 1, Keyword::FOR)
        && *at(rest, 2) == Token::LParen;
    let span = rest.first()?.span;
    here.then(|| {
        let word = Word {
            value: "pg_collation_for".to_owned(),
            quote_style: None,
            keyword: Keyword::NoKeyword,
        };
        out.push(TokenWithSpan { token: Token::Word(word), span });
        2
    })
}

/// Types whose name before a string the parser takes for a column.
const TYPES: &[&str] = &[
    "bpchar",
    "cid",
    "cidr",
    "cstring",
    "inet",
    "macaddr",
    "name",
    "oid",
    "pg_lsn",
    "pg_snapshot",
    "refcursor",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "tid",
    "txid_snapshot",
    "xid",
    "xid8",
];

/// The name and the text of `type 'text'`.
fn typed_literal(rest: &[TokenWithSpan]) -> Option<(&TokenWithSpan, &TokenWithSpan)> {
    let [name, text, ..] = rest else { return None };
    let (Token::Word(word), Token::SingleQuotedString(_)) = (&name.token, &text.token) else {
        return None;
    };
    let known = match word.quote_style {
        None => TYPES.iter().any(|known| word.value.eq_ignore_ascii_case(known)),
        // Quoted, it is the one-byte type.
        Some(_) => word.value == "char" || TYPES.contains(&word.value.as_str()),
    };
    known.then_some((name, text))
}

/// `type 'text'` is `'text'::type`.
fn literal_of_type(rest: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) -> Option<usize> {
    let (name, text) = typed_literal(rest)?;
    if out.last().is_some_and(|before| before.token == Token::Period) {
        return None;
    }
    let cast = TokenWithSpan { token: Token::DoubleColon, span: name.span };
    out.extend([text.clone(), cast, name.clone()]);
    Some(2)
}

/// `OPERATOR(pg_catalog.=) ANY (…)`: the parser quantifies bare operators only. Before a value the form stays, for it
/// binds otherwise than the operator itself.
fn quantified_operator(rest: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) -> Option<usize> {
    if !word_at(rest, 0, Keyword::OPERATOR) || *at(rest, 1) != Token::LParen {
        return None;
    }
    let start = if is_pg_catalog(at(rest, 2)) && *at(rest, 3) == Token::Period { 4 } else { 2 };
    let quantified = [Keyword::ANY, Keyword::ALL, Keyword::SOME]
        .into_iter()
        .any(|keyword| word_at(rest, start + 2, keyword));
    let operator = rest.get(start)?;
    if *at(rest, start + 1) != Token::RParen || !quantified {
        return None;
    }
    out.push(operator.clone());
    Some(start + 2)
}

/// The name in `(t).*`.
fn row_columns(rest: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    let [open, name, close, period, all, ..] = rest else { return None };
    let named = matches!(name.token, Token::Word(_));
    let form = [&open.token, &close.token, &period.token, &all.token];
    let wanted = [&Token::LParen, &Token::RParen, &Token::Period, &Token::Mul];
    (named && form == wanted).then_some(name)
}

/// `(t).*` in a list is `t.*`.
fn columns_of_row(rest: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) -> Option<usize> {
    let name = row_columns(rest)?;
    lists(out.last()?).then(|| {
        out.push(name.clone());
        3
    })
}

/// `).*`
fn all_fields(form: &[TokenWithSpan]) -> bool {
    let [close, period, all] = form else { return false };
    [&close.token, &period.token, &all.token] == [&Token::RParen, &Token::Period, &Token::Mul]
}

/// `(f(x)).*` in a list is `(f(x))` under a name that says so.
fn fields_of_value(rest: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) -> Option<usize> {
    let [period, all, ..] = rest else { return None };
    if [&period.token, &all.token] != [&Token::Period, &Token::Mul] {
        return None;
    }
    let open = opening(out)?;
    if !lists(out.get(open.checked_sub(1)?)?) {
        return None;
    }
    let word = |value: &str, quote_style, keyword| TokenWithSpan {
        token: Token::Word(Word { value: value.to_owned(), quote_style, keyword }),
        span: all.span,
    };
    out.push(word("AS", None, Keyword::AS));
    out.push(word(ALL_FIELDS, Some('"'), Keyword::NoKeyword));
    Some(2)
}

/// `DISTINCT FROM`
fn distinct_from(form: &[TokenWithSpan]) -> bool {
    word_at(form, 0, Keyword::DISTINCT) && word_at(form, 1, Keyword::FROM)
}

/// `a IS NOT DISTINCT FROM b AND c`: the parser takes all of `b AND c` for the operand. So it sees an operator it knows
/// where it ends, which [`compared`] takes back.
fn compared_operand(rest: &[TokenWithSpan], out: &mut Vec<TokenWithSpan>) -> Option<usize> {
    if !distinct_from(rest) {
        return None;
    }
    let negated = is_word(out.last()?, Keyword::NOT);
    let start = out.len().checked_sub(if negated { 2 } else { 1 })?;
    if !is_word(out.get(start)?, Keyword::IS) {
        return None;
    }
    let operand = operand(rest.get(2..)?)?;
    let length = 2 + operand.len();
    let span = operand.first()?.span;
    let token = |token| TokenWithSpan { token, span };
    let word = |value: &str, keyword| {
        token(Token::Word(Word { value: value.to_owned(), quote_style: None, keyword }))
    };
    let inner = rewrite(operand.to_vec());
    out.truncate(start);
    out.extend([token(Token::Spaceship), word(OPERAND, Keyword::NoKeyword), token(Token::LParen)]);
    out.extend(inner);
    out.push(token(Token::RParen));
    if !negated {
        out.extend([
            word("IS", Keyword::IS),
            word("NOT", Keyword::NOT),
            word("TRUE", Keyword::TRUE),
        ]);
    }
    Some(length)
}

/// Stands around the operand; no statement can say it.
const OPERAND: &str = "\u{1}operand";

/// Takes back what [`rewrite`] made of IS DISTINCT FROM.
pub(super) fn compared(query: &mut Query) {
    struct Compared;
    impl VisitorMut for Compared {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            match expr {
                Expr::BinaryOp { left, op: BinaryOperator::Spaceship, right } => {
                    if let Some(operand) = operand_of(right) {
                        let (left, null) = (left.as_mut(), Expr::value(Value::Null));
                        let left = std::mem::replace(left, null);
                        *expr = Expr::IsNotDistinctFrom(Box::new(left), Box::new(operand));
                    }
                }
                Expr::IsNotTrue(inner) => {
                    if let Expr::IsNotDistinctFrom(left, right) = inner.as_ref() {
                        *expr = Expr::IsDistinctFrom(left.clone(), right.clone());
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    // The visitor never breaks.
    let _done = query.visit(&mut Compared);
}

fn operand_of(expr: &Expr) -> Option<Expr> {
    let Expr::Function(function) = expr else { return None };
    let name = function.name.0.first()?.as_ident()?;
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(operand))] if name.value == OPERAND => {
            Some(operand.clone())
        }
        _ => None,
    }
}

/// What stands before the next AND or OR; `None` where the expression ends before.
fn operand(tokens: &[TokenWithSpan]) -> Option<&[TokenWithSpan]> {
    let (mut depth, mut between) = (0_usize, false);
    for (index, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.checked_sub(1)?,
            _ if is_word(token, Keyword::CASE) => depth += 1,
            _ if is_word(token, Keyword::END) => depth = depth.checked_sub(1)?,
            _ if depth != 0 => {}
            Token::Comma | Token::SemiColon => return None,
            _ if is_word(token, Keyword::BETWEEN) => between = true,
            _ if is_word(token, Keyword::AND) && between => between = false,
            _ if is_word(token, Keyword::AND) || is_word(token, Keyword::OR) => {
                return tokens.get(..index);
            }
            _ if ENDS.iter().any(|keyword| is_word(token, *keyword)) => return None,
            _ => {}
        }
    }
    None
}

/// Words that end an expression, or stand between two.
const ENDS: &[Keyword] = &[
    Keyword::AS,
    Keyword::ASC,
    Keyword::CROSS,
    Keyword::DESC,
    Keyword::ELSE,
    Keyword::EXCEPT,
    Keyword::FETCH,
    Keyword::FROM,
    Keyword::FULL,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::INNER,
    Keyword::INTERSECT,
    Keyword::JOIN,
    Keyword::LIMIT,
    Keyword::NATURAL,
    Keyword::NULLS,
    Keyword::OFFSET,
    Keyword::ORDER,
    Keyword::THEN,
    Keyword::UNION,
    Keyword::WHEN,
    Keyword::WHERE,
    Keyword::WINDOW,
];

/// Where the bracket opens that the last token closes.
fn opening(out: &[TokenWithSpan]) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in out.iter().enumerate().rev() {
        match token.token {
            Token::RParen => depth += 1,
            Token::LParen => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return (token.token == Token::LParen).then_some(index);
        }
    }
    None
}

/// Whether an item of a list may follow.
fn lists(before: &TokenWithSpan) -> bool {
    before.token == Token::Comma
        || [Keyword::SELECT, Keyword::ALL, Keyword::DISTINCT]
            .into_iter()
            .any(|keyword| is_word(before, keyword))
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::{Expr, SetExpr};
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::parser::Parser;
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

    use super::rewrite;

    #[track_caller]
    fn check(sql: &str, want: &str) {
        let mut tokens =
            Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().expect("tokens");
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        let words: Vec<String> =
            rewrite(tokens).iter().map(|token| token.token.to_string()).collect();
        assert_eq!(words.join(" "), want, "{sql}");
    }

    #[test]
    fn forms_the_parser_lacks() {
        check("FROM ONLY a, only b JOIN ONLY c", "FROM a , b JOIN c");
        check("SELECT only(1), \"only\"", "SELECT only ( 1 ) , \"only\"");
        check("pg_catalog.substring(a, b)", "substring ( a , b )");
        check("COLLATION FOR (a)", "pg_collation_for ( a )");
        check("a OPERATOR(pg_catalog.=) ANY (b)", "a = ANY ( b )");
        check("a OPERATOR(+) b", "a OPERATOR ( + ) b");
        check("SELECT (a).*, (b).* FROM f(c).*", "SELECT a . * , b . * FROM f ( c ) . *");
        check("a IS DISTINCT FROM b.c", "a IS DISTINCT FROM b . c");
        check(
            "SELECT a IS DISTINCT FROM b FROM c WHERE d AND e",
            "SELECT a IS DISTINCT FROM b FROM c WHERE d AND e",
        );
        check("SELECT DISTINCT from_a AND b", "SELECT DISTINCT from_a AND b");
        check("SELECT (f(a)).* FROM b", "SELECT ( f ( a ) ) AS \"\u{1}*\" FROM b");
        check("inet '::1', \"char\" 'a'", "'::1' :: inet , 'a' :: \"char\"");
        check("a.oid 'x', text 'x'", "a . oid 'x' , text 'x'");
    }

    #[test]
    fn operands_of_distinct_end_where_they_end() {
        let check = |sql: &str, want: &str| {
            let mut tokens =
                Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().unwrap();
            tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
            let mut parser =
                Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(rewrite(tokens));
            let mut query = parser.parse_query().unwrap();
            super::compared(&mut query);
            let mut ands = query.to_string();
            if let SetExpr::Select(select) = query.body.as_ref()
                && let Some(Expr::BinaryOp { left, op, right }) = &select.selection
            {
                ands = format!("({left}) {op} ({right})");
            }
            assert_eq!(ands, want, "{sql}");
        };
        let where_ = |text: &str| format!("SELECT 1 WHERE {text}");
        check(
            &where_("a IS NOT DISTINCT FROM f(b, c) + 1 AND d"),
            "(a IS NOT DISTINCT FROM f(b, c) + 1) AND (d)",
        );
        check(
            &where_("x AND a + 1 IS DISTINCT FROM b OR c"),
            "(x AND a + 1 IS DISTINCT FROM b) OR (c)",
        );
        check(
            &where_("a IS DISTINCT FROM CASE WHEN b AND c THEN d END AND e IS DISTINCT FROM g"),
            "(a IS DISTINCT FROM CASE WHEN b AND c THEN d END) AND (e IS DISTINCT FROM g)",
        );
        check("SELECT a IS DISTINCT FROM b", "SELECT a IS DISTINCT FROM b");
    }
}
