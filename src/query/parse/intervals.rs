//! `interval (n) '…'`: the parser reads the precision and forgets it, so the literal becomes the cast it stands for before
//! the parser sees it.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::is_word;

pub(super) fn rewrite(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| is_word(token, Keyword::INTERVAL)) {
        return tokens;
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let cast = match after {
            [open, digits, close, text, ..] if is_word(first, Keyword::INTERVAL) => {
                let shaped = open.token == Token::LParen
                    && matches!(digits.token, Token::Number(..))
                    && close.token == Token::RParen
                    && matches!(text.token, Token::SingleQuotedString(_));
                shaped.then(|| cast([first, open, digits, close], text))
            }
            _ => None,
        };
        match cast {
            Some(cast) => {
                out.extend(cast);
                rest = after.get(4..).unwrap_or_default();
            }
            None => {
                out.push(first.clone());
                rest = after;
            }
        }
    }
    out
}

/// `CAST (text AS interval (n))`
fn cast(of_type: [&TokenWithSpan; 4], text: &TokenWithSpan) -> Vec<TokenWithSpan> {
    let span = of_type[0].span;
    let at = |token| TokenWithSpan { token, span };
    let word = |value: &str, keyword| {
        at(Token::Word(Word { value: value.to_owned(), quote_style: None, keyword }))
    };
    let mut out = vec![word("CAST", Keyword::CAST), at(Token::LParen), text.clone()];
    out.push(word("AS", Keyword::AS));
    out.extend(of_type.into_iter().cloned());
    out.push(at(Token::RParen));
    out
}
