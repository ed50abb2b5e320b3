//! Clauses PostgreSQL has and the parser does not know, said in those it knows, before the parser sees them: `TABLE t`,
//! `FROM ONLY t`, `ORDER BY x USING >`, `x ISNULL`. What cannot be said so is refused here with 0A000; the parser would
//! call it a syntax error.

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::keywords::{ALL_KEYWORDS, ALL_KEYWORDS_INDEX, Keyword};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::position;
use crate::error::{Error, Result};
use crate::pg::catalog::data;

/// Rewrites the tokens of one statement of `sql`.
/// Errors: 0A000 for a clause that cannot be said.
pub(super) fn rewrite(sql: &str, tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut index = 0;
    let queries = tokens
        .first()
        .is_some_and(|first| first.token == Token::LParen || is_any(&first.token, BEGINS_QUERY));
    while let Some(token) = tokens.get(index) {
        let here = Here { tokens, index, before: out.last() };
        if let Some(what) = here.refused() {
            return Err(Error::FeatureNotSupported(format!("{what} is not supported"))
                .at(position(sql, token.span.start)));
        }
        if queries && here.operand() && here.has(0, &["NOT"]) && here.has(1, &["NULL"]) {
            // The parser takes it for IS NOT NULL.
            let null = tokens.get(index + 1).unwrap_or(token);
            return Err(super::near(sql, null, None));
        }
        match here.said() {
            Some((words, length)) => {
                let said = words.iter().map(|word| spelled(word, token));
                out.extend(said);
                index += length;
            }
            None => {
                out.push(token.clone());
                index += 1;
            }
        }
    }
    Ok(bracketed(out))
}

/// `ROLLUP ((a)::text, b)`, where the parser takes what begins with a parenthesis for a list, as `ROLLUP (((a)::text), b)`.
fn bracketed(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let (mut opened, mut closed) = (BTreeSet::new(), BTreeSet::new());
    for (index, token) in tokens.iter().enumerate() {
        let sets = is_any(&token.token, &["ROLLUP", "CUBE", "SETS"])
            && tokens.get(index + 1).is_some_and(|next| next.token == Token::LParen);
        let Some(end) = sets.then(|| closing(&tokens, index + 1)).flatten() else { continue };
        let mut start = index + 2;
        while start < end {
            let stop = element_end(&tokens, start, end);
            let list = closing(&tokens, start).is_some_and(|close| close + 1 == stop);
            let begins = tokens.get(start).is_some_and(|token| token.token == Token::LParen);
            if begins && !list {
                opened.insert(start);
                closed.insert(stop);
            }
            start = stop + 1;
        }
    }
    enclosed(tokens, &opened, &closed)
}

/// `tokens` with parentheses opened before those of the numbers `opened`, and closed before those of `closed`.
pub(super) fn enclosed(
    tokens: Vec<TokenWithSpan>,
    opened: &BTreeSet<usize>,
    closed: &BTreeSet<usize>,
) -> Vec<TokenWithSpan> {
    if opened.is_empty() {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len() + 2 * opened.len());
    for (index, token) in tokens.into_iter().enumerate() {
        let own = |own: Token| TokenWithSpan { token: own, span: token.span };
        if closed.contains(&index) {
            out.push(own(Token::RParen));
        }
        if opened.contains(&index) {
            out.push(own(Token::LParen));
        }
        out.push(token);
    }
    out
}

/// Where the parenthesis at `open` is closed.
fn closing(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// Where the element of a list that begins at `start` ends: its comma, or the end of the list.
fn element_end(tokens: &[TokenWithSpan], start: usize, end: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().take(end).skip(start) {
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 => return index,
            _ => {}
        }
    }
    end
}

/// A token of ours in the place of `token`.
fn spelled(word: &str, token: &TokenWithSpan) -> TokenWithSpan {
    let own = match word {
        "*" => Token::Mul,
        "(" => Token::LParen,
        ")" => Token::RParen,
        "1" => Token::Number(word.to_owned(), false),
        word => {
            let index = ALL_KEYWORDS.binary_search(&word).ok();
            let keyword = index.and_then(|index| ALL_KEYWORDS_INDEX.get(index)).copied();
            let keyword = keyword.unwrap_or(Keyword::NoKeyword);
            Token::Word(Word { value: word.to_owned(), quote_style: None, keyword })
        }
    };
    TokenWithSpan { token: own, span: token.span }
}

/// A place in the tokens of a statement.
struct Here<'a> {
    tokens: &'a [TokenWithSpan],
    index: usize,
    /// What stands before it, rewritten.
    before: Option<&'a TokenWithSpan>,
}

impl Here<'_> {
    /// Other words for what begins here, and how many tokens they stand for.
    fn said(&self) -> Option<(&'static [&'static str], usize)> {
        let behind = |words: &[&str]| self.before.is_some_and(|token| is_any(&token.token, words));
        let after = |token: Token| self.before.is_some_and(|before| before.token == token);
        if self.has(0, &["TABLE"]) && (self.has(1, &["ONLY"]) || self.is_table(1)) {
            let begins = self.before.is_none()
                || after(Token::LParen)
                || after(Token::RParen)
                || behind(BEFORE_QUERY);
            return begins.then_some((["SELECT", "*", "FROM"].as_slice(), 1));
        }
        if self.has(0, &["ONLY"]) && (self.is_name(1) || self.token(1) == Some(&Token::LParen)) {
            let table = behind(&["FROM", "JOIN"]) || after(Token::Comma) && self.is_name(1);
            return table.then_some(([].as_slice(), 1));
        }
        if self.has(0, &["USING"]) {
            return match self.token(1)? {
                Token::Lt => Some((["ASC"].as_slice(), 2)),
                Token::Gt => Some((["DESC"].as_slice(), 2)),
                _ => None,
            };
        }
        if self.has(0, &["SELECT"]) && self.ends_query(1) {
            // One row without columns.
            let one = ["SELECT", "FROM", "(", "SELECT", "1", ")", "AS", "forebay_one"].as_slice();
            return Some((one, 1));
        }
        if self.has(0, &["GROUP"]) && self.has(1, &["BY"]) && self.has(2, &["ALL"]) {
            // The default.
            let keys = !matches!(self.token(3), None | Some(Token::RParen))
                && (self.is_table(3) || !matches!(self.token(3), Some(Token::Word(_))));
            return keys.then_some((["GROUP", "BY"].as_slice(), 3));
        }
        if self.operand() && self.token(1) != Some(&Token::LParen) && self.has(0, &["ISNULL"]) {
            return Some((["IS", "NULL"].as_slice(), 1));
        }
        if self.fetches() && self.fetched_ends().is_some_and(|end| self.has(end, &["ONLY"])) {
            // The parser has a constant there alone.
            return Some((["LIMIT"].as_slice(), 2));
        }
        if self.has(0, &["ROW", "ROWS"]) && self.has(1, &["ONLY"]) && self.counted() {
            return Some(([].as_slice(), 2));
        }
        if self.framed() && self.has(0, &["EXCLUDE"]) && self.has(1, &["NO"]) {
            // The default.
            return self.has(2, &["OTHERS"]).then_some(([].as_slice(), 3));
        }
        None
    }

    /// What begins here and cannot be said.
    fn refused(&self) -> Option<&'static str> {
        let closed = self.before.is_some_and(|before| before.token == Token::RParen);
        if self.framed() && self.has(0, &["EXCLUDE"]) && self.has(1, &["CURRENT", "GROUP", "TIES"])
        {
            return Some("EXCLUDE in the frame of a window");
        }
        if self.has(0, &["DISTINCT"]) && behind_group(self.before, self.tokens, self.index) {
            return Some("GROUP BY DISTINCT");
        }
        if self.fetches() && self.fetched_ends().is_some_and(|end| self.has(end, &["WITH"])) {
            return Some("an expression in FETCH FIRST with WITH TIES");
        }
        if closed && self.has(0, &["SEARCH"]) && self.has(1, &["DEPTH", "BREADTH"]) {
            return Some("SEARCH in WITH");
        }
        if closed && self.has(0, &["CYCLE"]) && self.is_name(1) {
            return Some("CYCLE in WITH");
        }
        let reads =
            self.before.is_some_and(|token| is_any(&token.token, &["FROM", "JOIN", "LATERAL"]));
        if reads && self.has(0, &["ROWS"]) && self.has(1, &["FROM"]) {
            return Some("ROWS FROM");
        }
        if closed && self.has(0, &["AS"]) && self.merges() {
            return Some("an alias of the columns that USING merges");
        }
        None
    }

    /// Whether a SELECT that is not more than its first word is over at that place.
    fn ends_query(&self, offset: usize) -> bool {
        match self.token(offset) {
            None | Some(Token::RParen) => true,
            _ => self.has(
                offset,
                &["WHERE", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET"],
            ),
        }
    }

    /// Whether an operand ends before this place.
    fn operand(&self) -> bool {
        self.before.is_some_and(|before| {
            let ends = matches!(
                before.token,
                Token::Word(_)
                    | Token::Number(..)
                    | Token::SingleQuotedString(_)
                    | Token::RParen
                    | Token::RBracket
                    | Token::Placeholder(_)
            );
            ends && !is_any(&before.token, BEFORE_OPERAND)
        })
    }

    /// Whether a frame of a window ends before this place.
    fn framed(&self) -> bool {
        let bounds = ["ROW", "PRECEDING", "FOLLOWING"];
        self.before.is_some_and(|token| is_any(&token.token, &bounds))
    }

    /// Whether the list that ends before this place is that of a USING.
    fn merges(&self) -> bool {
        let Some(open) = self.opened() else { return false };
        let using = self.tokens.get(open.wrapping_sub(1));
        // Behind USING of a DELETE a query may stand.
        let named = self.tokens.get(open + 1..self.index.saturating_sub(1)).unwrap_or_default();
        let named = named.iter().all(|it| matches!(it.token, Token::Word(_) | Token::Comma));
        named && using.is_some_and(|token| is_any(&token.token, &["USING"]))
    }

    /// Whether the parentheses that end before this place are the count of a FETCH FIRST.
    fn counted(&self) -> bool {
        let fetch = self.opened().and_then(|open| open.checked_sub(2));
        fetch.is_some_and(|index| Here { index, ..*self }.fetches())
    }

    /// Where the parentheses that end before this place begin.
    fn opened(&self) -> Option<usize> {
        let before = self.tokens.get(..self.index).unwrap_or_default();
        let mut depth = 0_usize;
        before.iter().rposition(|token| {
            match token.token {
                Token::RParen => depth += 1,
                Token::LParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// Whether a count in parentheses begins here: `FETCH FIRST (`.
    fn fetches(&self) -> bool {
        self.has(0, &["FETCH"])
            && self.has(1, &["FIRST", "NEXT"])
            && self.token(2) == Some(&Token::LParen)
    }

    /// How many tokens behind this place the ROWS of such a count are over.
    fn fetched_ends(&self) -> Option<usize> {
        let mut depth = 0_usize;
        let behind = self.tokens.get(self.index + 2..)?;
        let close = behind.iter().position(|token| {
            match token.token {
                Token::LParen => depth += 1,
                Token::RParen => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })?;
        self.has(close + 3, &["ROW", "ROWS"]).then_some(close + 4)
    }

    fn token(&self, offset: usize) -> Option<&Token> {
        self.tokens.get(self.index + offset).map(|token| &token.token)
    }

    fn has(&self, offset: usize, words: &[&str]) -> bool {
        self.token(offset).is_some_and(|token| is_any(token, words))
    }

    fn is_name(&self, offset: usize) -> bool {
        matches!(self.token(offset), Some(Token::Word(_)))
    }

    fn is_table(&self, offset: usize) -> bool {
        match self.token(offset) {
            Some(Token::Word(word)) => {
                word.quote_style.is_some() || !data::is_no_table(&word.value.to_lowercase())
            }
            _ => false,
        }
    }
}

/// Whether GROUP BY ends before the token at `index`.
fn behind_group(before: Option<&TokenWithSpan>, tokens: &[TokenWithSpan], index: usize) -> bool {
    let group = index.checked_sub(2).and_then(|index| tokens.get(index));
    before.is_some_and(|token| is_any(&token.token, &["BY"]))
        && group.is_some_and(|token| is_any(&token.token, &["GROUP"]))
}

/// What statements begin with that are a query or have one.
const BEGINS_QUERY: &[&str] =
    &["SELECT", "WITH", "VALUES", "TABLE", "EXPLAIN", "DECLARE", "PREPARE", "COPY"];

/// What a query may follow.
const BEFORE_QUERY: &[&str] =
    &["UNION", "INTERSECT", "EXCEPT", "ALL", "DISTINCT", "FOR", "EXPLAIN", "ANALYZE", "VERBOSE"];

/// What a name, rather than an operator, follows.
const BEFORE_OPERAND: &[&str] = &[
    "SELECT",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "ON",
    "HAVING",
    "BY",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "AS",
    "DISTINCT",
    "ALL",
    "IN",
    "BETWEEN",
    "LIKE",
    "ILIKE",
    "IS",
    "RETURNING",
    "VALUES",
    "FROM",
    "TO",
];

/// Whether a token is one of these words, not in quotes.
pub(super) fn is_any(token: &Token, words: &[&str]) -> bool {
    match token {
        Token::Word(word) => {
            word.quote_style.is_none()
                && words.iter().any(|other| word.value.eq_ignore_ascii_case(other))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

    fn rewritten(sql: &str) -> crate::error::Result<String> {
        let mut tokens =
            Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().expect("tokens");
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        let tokens = super::rewrite(sql, &tokens)?;
        Ok(tokens.iter().map(|token| token.to_string()).collect::<Vec<String>>().join(" "))
    }

    fn check(sql: &str, want: &str) {
        assert_eq!(rewritten(sql).expect(sql), want);
    }

    #[test]
    fn clauses_are_said_in_others() {
        check("TABLE t", "SELECT * FROM t");
        check(
            "(table s.t) union all TABLE only t",
            "( SELECT * FROM s . t ) union all SELECT * FROM t",
        );
        check("SELECT 1 FROM ONLY t JOIN ONLY (u) ON true", "SELECT 1 FROM t JOIN ( u ) ON true");
        check(
            "SELECT x FROM t ORDER BY x USING >, y USING <",
            "SELECT x FROM t ORDER BY x DESC , y ASC",
        );
        check(
            "SELECT x FROM t OFFSET (2) ROWS FETCH NEXT (1 + (1)) ROW ONLY",
            "SELECT x FROM t OFFSET ( 2 ) ROWS LIMIT ( 1 + ( 1 ) )",
        );
        check("SELECT", "SELECT FROM ( SELECT 1 ) AS forebay_one");
        check("SELECT x ISNULL, (1) isnull", "SELECT x IS NULL , ( 1 ) IS NULL");
    }

    #[test]
    fn names_stay_names() {
        for sql in [
            "LOCK TABLE t",
            "SELECT x AS table FROM ( a JOIN b USING ( k ) ) AS j",
            "SELECT \"table\" . x FROM t FETCH FIRST 1 ROW ONLY",
            "SELECT isnull ( 1 ) AS isnull FROM a JOIN b USING ( k )",
        ] {
            check(sql, sql);
        }
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for sql in [
            "SELECT sum(x) OVER (ROWS 1 PRECEDING EXCLUDE TIES)",
            "SELECT 1 FROM a JOIN b USING (k, m) AS j",
            "SELECT 1 FROM ROWS FROM (f(1), g(2)) AS t",
            "SELECT 1 FROM a ORDER BY 1 FETCH FIRST (1 + 1) ROWS WITH TIES",
            "WITH RECURSIVE t AS (SELECT 1) SEARCH DEPTH FIRST BY n SET o SELECT 1",
            "WITH RECURSIVE t AS (SELECT 1) CYCLE n SET c USING p SELECT 1",
        ] {
            let error = rewritten(sql).expect_err(sql);
            assert_eq!(error.state(), "0A000", "{sql}");
            assert!(error.notes().position.is_some(), "{sql}");
        }
    }
}
