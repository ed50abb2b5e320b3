//! Joins in joins without parentheses: `a JOIN b JOIN c ON p ON q` is `a JOIN (b JOIN c ON p) ON q`, as the parser has it
//! (PostgreSQL manual, 7.2.1.1: JOIN clauses nest).

use std::collections::BTreeSet;

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::clauses::{enclosed, is_any};

/// A join that waits for its condition.
struct Waiting {
    /// Where what it joins begins.
    start: usize,
    /// Whether that is a join, too.
    joins: bool,
}

/// The tokens of a statement with such joins in parentheses.
pub(super) fn bracketed(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let (mut opened, mut closed) = (BTreeSet::new(), BTreeSet::new());
    // Of the parentheses around each place, innermost last.
    let mut levels: Vec<Vec<Waiting>> = vec![Vec::new()];
    for (index, token) in tokens.iter().enumerate() {
        match token.token {
            Token::LParen => levels.push(Vec::new()),
            Token::RParen if 1 < levels.len() => levels.truncate(levels.len() - 1),
            _ => {}
        }
        let Some(waiting) = levels.last_mut() else { continue };
        if is_any(&token.token, &["JOIN"]) {
            waiting.iter_mut().for_each(|outer| outer.joins = true);
            if has_condition(tokens.get(..index).unwrap_or_default()) {
                waiting.push(Waiting { start: index + 1, joins: false });
            }
        } else if is_any(&token.token, &["ON", "USING"]) {
            if let Some(join) = waiting.pop().filter(|join| join.joins) {
                opened.insert(join.start);
                closed.insert(index);
            }
        } else if token.token == Token::Comma || is_any(&token.token, BEHIND_FROM) {
            waiting.clear();
        }
    }
    enclosed(tokens, &opened, &closed)
}

/// Whether the JOIN behind these tokens has a condition.
fn has_condition(before: &[TokenWithSpan]) -> bool {
    let mut kind = before.iter().rev().take_while(|token| {
        is_any(&token.token, &["CROSS", "NATURAL", "INNER", "LEFT", "RIGHT", "FULL", "OUTER"])
    });
    !kind.any(|token| is_any(&token.token, &["CROSS", "NATURAL"]))
}

/// What follows FROM.
const BEHIND_FROM: &[&str] = &[
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "SELECT",
];

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

    fn check(sql: &str, want: &str) {
        let mut tokens =
            Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().expect("tokens");
        tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
        let tokens = super::bracketed(tokens);
        let words: Vec<String> = tokens.iter().map(|token| token.to_string()).collect();
        assert_eq!(words.join(" "), want);
    }

    #[test]
    fn joins_before_a_condition_are_bracketed() {
        check("FROM a JOIN b JOIN c ON p ON q", "FROM a JOIN ( b JOIN c ON p ) ON q");
        check(
            "FROM a LEFT JOIN b JOIN c JOIN d USING ( k ) ON q ON r WHERE s",
            "FROM a LEFT JOIN ( b JOIN ( c JOIN d USING ( k ) ) ON q ) ON r WHERE s",
        );
        check("FROM a JOIN b CROSS JOIN c ON q", "FROM a JOIN ( b CROSS JOIN c ) ON q");
        for same in [
            "SELECT DISTINCT ON ( x ) x FROM a JOIN b ON p LEFT JOIN c ON q ORDER BY x",
            "FROM a NATURAL LEFT JOIN b JOIN c ON q",
            "FROM a , b JOIN ( SELECT 1 FROM c JOIN d ON r ) AS e USING ( k )",
        ] {
            check(same, same);
        }
    }
}
