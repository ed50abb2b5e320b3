//! Forms of function calls that the parser lacks, as forms of the same meaning that it has: `trim(leading from x)`,
//! `trim(from x)`, and `substring(x SIMILAR p ESCAPE e)`.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::is_word;

/// Rewrites the tokens of one statement; all keep their places.
pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // What each open bracket belongs to.
    let mut open: Vec<Call> = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(mut token) = rest.next() {
        match &token.token {
            Token::LParen => open.push(out.last().map_or(Call::Other, called)),
            Token::RParen => {
                open.pop();
            }
            Token::Word(_) => match open.last() {
                Some(Call::Trim) if is_word(&token, Keyword::FROM) => {
                    let blank = Token::SingleQuotedString(" ".to_owned());
                    let blank = TokenWithSpan { token: blank, span: token.span };
                    match out.last() {
                        Some(before) if before.token == Token::LParen => {
                            let both = keyword("BOTH", Keyword::BOTH);
                            out.push(TokenWithSpan { token: both, span: token.span });
                            out.push(blank);
                        }
                        Some(before) if is_side(before) => out.push(blank),
                        _ => {}
                    }
                }
                Some(Call::Substring) if is_word(&token, Keyword::SIMILAR) => {
                    let operator = rest.peek().is_some_and(|next| is_word(next, Keyword::TO));
                    if !operator && let Some(call) = open.last_mut() {
                        *call = Call::Similar;
                        token.token = keyword("FROM", Keyword::FROM);
                    }
                }
                Some(Call::Similar) if is_word(&token, Keyword::ESCAPE) => {
                    token.token = keyword("FOR", Keyword::FOR);
                }
                _ => {}
            },
            _ => {}
        }
        out.push(token);
    }
    out
}

/// The calls that are looked into.
#[derive(Clone, Copy)]
enum Call {
    Trim,
    Substring,
    /// A `substring` whose pattern has begun.
    Similar,
    Other,
}

fn called(before: &TokenWithSpan) -> Call {
    if is_word(before, Keyword::TRIM) {
        Call::Trim
    } else if is_word(before, Keyword::SUBSTRING) {
        Call::Substring
    } else {
        Call::Other
    }
}

fn is_side(token: &TokenWithSpan) -> bool {
    [Keyword::LEADING, Keyword::TRAILING, Keyword::BOTH].iter().any(|side| is_word(token, *side))
}

fn keyword(text: &str, keyword: Keyword) -> Token {
    Token::Word(Word { value: text.to_owned(), quote_style: None, keyword })
}
