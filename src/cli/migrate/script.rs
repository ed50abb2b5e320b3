//! The statements of a file, with their lines: an error should name the place, and what would end the file's transaction
//! must not run.

use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::{Error, Result};

/// One statement of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// Without its semicolon.
    pub(super) text: &'a str,
    /// Where it begins, from 1.
    pub(super) line: usize,
}

/// Splits `text` at its semicolons, as the server does.
/// Errors: text that does not end (a quote, a comment); a statement that cannot be part of a file's transaction.
pub(super) fn statements<'a>(name: &str, text: &'a str) -> Result<Vec<Statement<'a>>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text)
        .tokenize_with_location()
        .map_err(|e| refused(name, e.location.line, &e.message))?;
    let lines = Lines::new(text);
    let mut statements = Vec::new();
    for part in tokens.split(|token| token.token == Token::SemiColon) {
        let part: Vec<&TokenWithSpan> =
            part.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
        let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
        let (start, end) = (first.span.start, last.span.end);
        if let Some(reason) = unfit(&part) {
            return Err(refused(name, start.line, &reason));
        }
        let text = text.get(lines.offset(start)..lines.offset(end)).unwrap_or_default();
        let line = usize::try_from(start.line).unwrap_or(usize::MAX);
        statements.push(Statement { text, line });
    }
    Ok(statements)
}

fn refused(name: &str, line: u64, reason: &str) -> Error {
    Error::Migration(format!("\"{name}\", line {line}: {reason}"))
}

/// Why a statement cannot be part of a file.
fn unfit(part: &[&TokenWithSpan]) -> Option<String> {
    let words: Vec<String> = part.iter().map_while(|token| word(token)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ends = match words.as_slice() {
        ["ROLLBACK", "TO", ..] | ["ROLLBACK", "WORK" | "TRANSACTION", "TO", ..] => false,
        ["BEGIN" | "START" | "COMMIT" | "END" | "ABORT" | "ROLLBACK", ..] => true,
        ["PREPARE", "TRANSACTION", ..] => true,
        _ => false,
    };
    let first = words.first()?;
    if ends {
        return Some(format!("{first} cannot be here: each file is one transaction by itself"));
    }
    let streams = part
        .iter()
        .any(|token| word(token).is_some_and(|word| matches!(word.as_str(), "STDIN" | "STDOUT")));
    (*first == "COPY" && streams)
        .then(|| "COPY cannot be here: rows do not come from or go to a migration".to_owned())
}

/// A word without quotes, upper case.
fn word(token: &TokenWithSpan) -> Option<String> {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
        _ => None,
    }
}

/// Where lines begin, to find bytes by line and column.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl Lines<'_> {
    fn new(text: &str) -> Lines<'_> {
        let ends = text.match_indices('\n').map(|(at, end)| at + end.len());
        Lines { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The byte at a line and a column in characters, both from 1.
    fn offset(&self, place: Location) -> usize {
        let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let start = self.starts.get(index(place.line)).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        let before = rest.chars().take(index(place.column));
        start + before.map(char::len_utf8).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::statements;

    #[track_caller]
    fn check(text: &str, want: &[(usize, &str)]) {
        let found = statements("0001_a.sql", text).expect("a script");
        let found: Vec<(usize, &str)> = found.iter().map(|s| (s.line, s.text)).collect();
        assert_eq!(found, want, "{text:?}");
    }

    #[test]
    fn statements_have_their_lines() {
        check("", &[]);
        check(";; -- nothing\n/* ; */", &[]);
        check("SELECT 1", &[(1, "SELECT 1")]);
        check(
            "-- first\nSELECT 'ä;\n;' ;\n\n  SELECT \"b;\"\n  FROM t; SELECT $x$;$x$ /* end */",
            &[(2, "SELECT 'ä;\n;'"), (5, "SELECT \"b;\"\n  FROM t"), (6, "SELECT $x$;$x$")],
        );
        check("SELECT E'\\';' ;SELECT 2", &[(1, "SELECT E'\\';'"), (1, "SELECT 2")]);
        check("SAVEPOINT a; ROLLBACK TO a", &[(1, "SAVEPOINT a"), (1, "ROLLBACK TO a")]);
    }

    #[test]
    fn a_file_has_no_transaction_of_its_own() {
        for sql in [
            "BEGIN",
            "begin;",
            "START TRANSACTION",
            "COMMIT AND CHAIN",
            "END",
            "ABORT",
            "ROLLBACK",
            "ROLLBACK WORK",
            "PREPARE TRANSACTION 'a'",
            "COPY t FROM STDIN",
            "COPY t (a) TO STDOUT",
        ] {
            let text = format!("SELECT 1;\n -- here\n {sql}");
            let said = statements("0001_a.sql", &text).expect_err(sql).to_string();
            assert!(said.starts_with("\"0001_a.sql\", line 3: "), "{said}");
        }
        let open = statements("0001_a.sql", "SELECT 1;\nSELECT 'a").expect_err("is open");
        assert!(open.to_string().contains("line 2"), "{open}");
    }
}
