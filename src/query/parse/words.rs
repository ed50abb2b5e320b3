//! Forms of PostgreSQL's grammar that the parser lacks, said in those it has before it sees them.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::is_word;

/// Rewrites the tokens of one statement; those that stay keep their places.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let literal = |pair: &[TokenWithSpan]| typed_literal(pair).is_some();
    let special = tokens.iter().any(is_candidate)
        || tokens.windows(2).any(literal)
        || tokens.windows(5).any(|form| row_columns(form).is_some());
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
            .or_else(|| columns_of_row(rest, &mut out));
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
    let before = out.last()?;
    let listed = before.token == Token::Comma
        || [Keyword::SELECT, Keyword::ALL, Keyword::DISTINCT]
            .into_iter()
            .any(|keyword| is_word(before, keyword));
    listed.then(|| {
        out.push(name.clone());
        3
    })
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
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
        check("inet '::1', \"char\" 'a'", "'::1' :: inet , 'a' :: \"char\"");
        check("a.oid 'x', text 'x'", "a . oid 'x' , text 'x'");
    }
}
