//! Forms of function calls that the parser lacks, as forms of the same meaning that it has: `trim(leading from x)`,
//! `trim(from x)`, `substring(x SIMILAR p ESCAPE e)`, `f(VARIADIC x)` as the argument of that name, and
//! `U&'…' UESCAPE 'c'`.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::{is_word, position};
use crate::error::{Error, Result};

/// Rewrites the tokens of one statement of `sql`; all keep their places.
/// Errors: 42601 for a text that its escape character does not fit.
pub(super) fn rewrite(sql: &str, tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    // What each open bracket belongs to.
    let mut open: Vec<Call> = Vec::new();
    let mut rest = tokens.iter().cloned().peekable();
    while let Some(mut token) = rest.next() {
        match &token.token {
            Token::SingleQuotedString(escape) if is_escape(out.as_slice()) => {
                let text = out.len().checked_sub(2).and_then(|at| out.get(at));
                if let Some(Token::UnicodeStringLiteral(text)) = text.map(|text| &text.token) {
                    let wrong = |message: &str| {
                        Error::Syntax(message.to_owned()).at(position(sql, token.span.start))
                    };
                    let mut letters = escape.chars();
                    let (Some(escape), None) = (letters.next(), letters.next()) else {
                        return Err(wrong("invalid Unicode escape character"));
                    };
                    let text = unescaped(text, escape)
                        .ok_or_else(|| wrong("invalid Unicode escape value"))?;
                    out.pop();
                    if let Some(literal) = out.last_mut() {
                        literal.token = Token::SingleQuotedString(text);
                    }
                    continue;
                }
            }
            Token::LParen => open.push(out.last().map_or(Call::Other, called)),
            Token::RParen => {
                open.pop();
            }
            Token::Word(_) if is_variadic(&token, out.last()) => {
                let arrow = TokenWithSpan { token: Token::RArrow, span: token.span };
                out.push(token);
                token = arrow;
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
    Ok(out)
}

/// Whether the word says that the last argument is an array of those that follow.
fn is_variadic(token: &TokenWithSpan, before: Option<&TokenWithSpan>) -> bool {
    matches!(before, Some(before) if matches!(before.token, Token::LParen | Token::Comma))
        && matches!(&token.token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("variadic"))
}

/// Whether what comes next is the escape character of the Unicode text before it.
fn is_escape(before: &[TokenWithSpan]) -> bool {
    match before {
        [.., text, word] => {
            let escape = matches!(
                &word.token,
                Token::Word(word)
                    if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("uescape")
            );
            escape && matches!(text.token, Token::UnicodeStringLiteral(_))
        }
        _ => false,
    }
}

/// A text with the characters its escapes stand for: four hexadecimal digits, or six behind a `+`.
fn unescaped(text: &str, escape: char) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        if c != escape {
            out.push(c);
            continue;
        }
        if letters.next_if_eq(&escape).is_some() {
            out.push(escape);
            continue;
        }
        let count = if letters.next_if_eq(&'+').is_some() { 6 } else { 4 };
        let mut code = 0;
        for _digit in 0..count {
            code = code * 16 + letters.next()?.to_digit(16)?;
        }
        out.push(char::from_u32(code)?);
    }
    Some(out)
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

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn escapes_stand_for_characters() {
        assert_eq!(unescaped("d!0061t!+000061!!", '!').as_deref(), Some("data!"));
        assert_eq!(unescaped("!00", '!'), None);
    }
}
