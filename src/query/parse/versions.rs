//! Version clauses as sugar: `t FOR VERSION AS OF 'x'`, `t VERSION AS OF 'x'`, `t AT (VERSION => 'x')` and
//! `t FOR TIMESTAMP AS OF 'ts'` become the quoted form `"schema@x".t` before the parser sees them, because DataFusion
//! ignores them silently. A timestamp becomes `"schema@@ts".t`, which name resolution turns into the version that
//! was current then. An unqualified table keeps an empty schema before the `@`: the search path finds it.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::is_word;
use crate::error::{Error, Result};

/// What a clause names.
enum Named {
    Version(String),
    Timestamp(String),
}

pub(super) fn rewrite(tokens: &[TokenWithSpan]) -> Result<Vec<TokenWithSpan>> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut index = 0;
    while index < tokens.len() {
        match clause(tokens, index) {
            Some((named, length)) if out.last().is_some_and(is_name) => {
                apply(&mut out, &named)?;
                index += length;
            }
            _ => {
                out.extend(tokens.get(index).cloned().map(plain_string));
                index += 1;
            }
        }
    }
    Ok(out)
}

/// `U&'…'` was decoded by the tokenizer already; the planner knows only plain strings.
fn plain_string(mut token: TokenWithSpan) -> TokenWithSpan {
    if let Token::UnicodeStringLiteral(text) = token.token {
        token.token = Token::SingleQuotedString(text);
    }
    token
}

/// Whether a version clause starts at `index`, and how many tokens it has.
fn clause(tokens: &[TokenWithSpan], index: usize) -> Option<(Named, usize)> {
    let word = |offset: usize, keyword| {
        tokens.get(index + offset).is_some_and(|token| is_word(token, keyword))
    };
    let literal = |offset: usize| match &tokens.get(index + offset)?.token {
        Token::SingleQuotedString(text) => Some(text.clone()),
        Token::Number(text, _) => Some(text.clone()),
        _ => None,
    };
    let start = usize::from(word(0, Keyword::FOR));
    if word(start, Keyword::VERSION) && word(start + 1, Keyword::AS) && word(start + 2, Keyword::OF)
    {
        return Some((Named::Version(literal(start + 3)?), start + 4));
    }
    if start == 1 && word(1, Keyword::TIMESTAMP) && word(2, Keyword::AS) && word(3, Keyword::OF) {
        // An optional type name before the literal: FOR TIMESTAMP AS OF TIMESTAMP '…'.
        let typed = usize::from(word(4, Keyword::TIMESTAMP) || word(4, Keyword::TIMESTAMPTZ));
        return Some((Named::Timestamp(literal(4 + typed)?), 5 + typed));
    }
    let token = |offset: usize| tokens.get(index + offset).map(|token| &token.token);
    if word(0, Keyword::AT)
        && token(1) == Some(&Token::LParen)
        && token(3) == Some(&Token::RArrow)
        && token(5) == Some(&Token::RParen)
    {
        if word(2, Keyword::VERSION) {
            return Some((Named::Version(literal(4)?), 6));
        }
        if word(2, Keyword::TIMESTAMP) {
            return Some((Named::Timestamp(literal(4)?), 6));
        }
    }
    None
}

fn is_name(token: &TokenWithSpan) -> bool {
    matches!(&token.token, Token::Word(_))
}

/// Replaces the table name at the end of `out` by its quoted form.
fn apply(out: &mut Vec<TokenWithSpan>, named: &Named) -> Result<()> {
    let Some(table) = out.pop() else { return Ok(()) };
    let schema = if out.last().is_some_and(|token| token.token == Token::Period) {
        out.pop();
        out.pop()
    } else {
        None
    };
    if out.last().is_some_and(|token| token.token == Token::Period) {
        let message = "cross-database references are not implemented".to_owned();
        return Err(Error::FeatureNotSupported(message));
    }
    let schema_name = schema.as_ref().map_or_else(String::new, folded);
    if schema_name.contains('@') {
        let message = format!("schema \"{schema_name}\" names a version already");
        return Err(Error::Syntax(message));
    }
    let text = match named {
        Named::Version(version) => format!("{schema_name}@{version}"),
        Named::Timestamp(time) => format!("{schema_name}@@{time}"),
    };
    let span = schema.map_or(table.span, |schema| schema.span);
    let quoted = Word { value: text, quote_style: Some('"'), keyword: Keyword::NoKeyword };
    out.push(TokenWithSpan { token: Token::Word(quoted), span });
    out.push(TokenWithSpan { token: Token::Period, span });
    out.push(table);
    Ok(())
}

fn folded(token: &TokenWithSpan) -> String {
    match &token.token {
        Token::Word(word) if word.quote_style.is_some() => word.value.clone(),
        Token::Word(word) => word.value.to_lowercase(),
        _ => String::new(),
    }
}
