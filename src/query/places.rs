//! Where in a statement's text an error lies that was found in its plan, which has no places.

use datafusion::common::DataFusionError;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::parse::position;
use crate::error::Place;
use crate::pg::{rewrite, types};

/// Tokens a type's name may have.
const TYPE_TOKENS_MAX: usize = 24;

/// The position of `place`. `None` when several such, or none, stand in the text.
pub(super) fn of(sql: &str, place: &Place) -> Option<usize> {
    if let Place::At(line, column) = *place {
        return Some(position(sql, Location { line, column }));
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()?;
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    if let Place::Bracket(line, column) = *place {
        let inside = Location { line, column };
        let opens = |token: &&TokenWithSpan| token.token == Token::LParen;
        let before = tokens.iter().take_while(|token| token.span.start < inside);
        return before.filter(opens).last().map(|token| position(sql, token.span.start));
    }
    if let Place::Accessed(accessor) = place {
        let mut found = (0..tokens.len()).filter_map(|index| accessed(&tokens, index, accessor));
        let only = found.next()?;
        return found.next().is_none().then(|| position(sql, only.span.start));
    }
    if let Place::Column(name) = place {
        return Some(position(sql, column(&tokens, name)?.span.start));
    }
    let mut found = (0..tokens.len()).filter_map(|index| here(&tokens, index, place));
    let only = found.next()?;
    found.next().is_none().then(|| position(sql, only.span.start))
}

/// The token at or behind `index` that `place` means if `index` does.
fn here<'a>(tokens: &'a [TokenWithSpan], index: usize, place: &Place) -> Option<&'a TokenWithSpan> {
    let own = tokens.get(index)?;
    let next = || tokens.get(index + 1).map(|token| &token.token);
    let matches = match place {
        Place::At(..) | Place::Bracket(..) | Place::Accessed(_) | Place::Column(_) => false,
        Place::Constant(value) => match &own.token {
            Token::SingleQuotedString(text)
            | Token::EscapedStringLiteral(text)
            | Token::Number(text, _) => text == value,
            _ => false,
        },
        Place::Operator(symbol) => {
            own.token.to_string() == *symbol && !is_star(tokens, index) && !is_text(&own.token)
        }
        Place::Call(name) => is_named(&own.token, name) && next() == Some(&Token::LParen),
        Place::Word(name) => match &own.token {
            Token::Placeholder(text) => text == name,
            word => is_named(word, name),
        },
        Place::After(keyword) => {
            let behind = is_word(&own.token, keyword);
            let mut rest = tokens.get(index + 1..)?.iter();
            return rest.find(|token| token.token != Token::LParen).filter(|_| behind);
        }
    };
    matches.then_some(own)
}

/// Where the only column `name` begins, or the only `*` of a list.
fn column<'a>(tokens: &'a [TokenWithSpan], name: &str) -> Option<&'a TokenWithSpan> {
    let only = |matches: &dyn Fn(usize) -> bool| {
        let mut found = (0..tokens.len()).filter(|index| matches(*index));
        let only = found.next()?;
        Some(found.next().is_none().then_some(only))
    };
    // Behind AS it is the name of an output or a table.
    let given = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        before.is_some_and(|before| is_word(&before.token, "as"))
    };
    let named = |index: usize| {
        tokens.get(index).is_some_and(|token| is_named(&token.token, name)) && !given(index)
    };
    let star = |index: usize| {
        let listed = index.checked_sub(1).and_then(|before| tokens.get(before));
        is_star(tokens, index) && listed.is_some_and(|before| before.token != Token::LParen)
    };
    let mut index = only(&named).or_else(|| only(&star))??;
    while let Some(before) = index.checked_sub(2)
        && tokens.get(before + 1).is_some_and(|token| token.token == Token::Period)
    {
        index = before;
    }
    tokens.get(index)
}

/// What is accessed by the token at `index`, if that is `[` or the dot of `accessor`.
fn accessed<'a>(
    tokens: &'a [TokenWithSpan],
    index: usize,
    accessor: &str,
) -> Option<&'a TokenWithSpan> {
    let token = &tokens.get(index)?.token;
    let matches = match accessor.strip_prefix('.') {
        Some(name) => *token == Token::Period && is_named(&tokens.get(index + 1)?.token, name),
        None => *token == Token::LBracket,
    };
    let before = tokens.get(index.checked_sub(1)?)?;
    match (&before.token, matches) {
        (Token::RParen, true) => {
            let mut depth = 0_usize;
            let opens = (0..index).rev().find(|at| {
                match tokens.get(*at).map(|token| &token.token) {
                    Some(Token::RParen) => depth += 1,
                    Some(Token::LParen) => depth -= 1,
                    _ => {}
                }
                depth == 0
            })?;
            tokens.get(opens..)?.iter().find(|token| token.token != Token::LParen)
        }
        (Token::Word(word), true) if !word.value.eq_ignore_ascii_case("array") => Some(before),
        _ => None,
    }
}

/// Whether the token at `index` stands for all columns or rows, rather than for a multiplication.
fn is_star(tokens: &[TokenWithSpan], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    tokens.get(index).is_some_and(|token| token.token == Token::Mul)
        && before.is_none_or(|before| {
            matches!(before.token, Token::LParen | Token::Comma | Token::Period)
                || is_word(&before.token, "select")
        })
}

fn is_text(token: &Token) -> bool {
    matches!(token, Token::Word(_) | Token::Number(..) | Token::SingleQuotedString(_))
}

/// Whether a token is this name, as PostgreSQL folds it.
fn is_named(token: &Token, name: &str) -> bool {
    match token {
        Token::Word(word) if word.quote_style.is_some() => word.value == name,
        Token::Word(word) => word.value.to_lowercase() == name,
        _ => false,
    }
}

fn is_word(token: &Token, word: &str) -> bool {
    match token {
        Token::Word(own) => own.quote_style.is_none() && own.value.eq_ignore_ascii_case(word),
        _ => false,
    }
}

/// Which arguments of the only call of `name` are constants in quotes, or NULL, without a type.
pub(super) fn untyped_arguments(sql: &str, name: &str) -> Option<Vec<bool>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()?;
    let tokens: Vec<TokenWithSpan> =
        tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).collect();
    let place = Place::Call(name.to_owned());
    let mut found = (0..tokens.len()).filter(|index| here(&tokens, *index, &place).is_some());
    let (call, None) = (found.next()?, found.next()) else { return None };
    let (mut depth, mut arguments, mut length) = (0_usize, Vec::new(), 0_usize);
    let mut untyped = false;
    for token in tokens.iter().skip(call + 2) {
        match &token.token {
            Token::Comma | Token::RParen if depth == 0 => {
                arguments.push(untyped && length == 1);
                if token.token == Token::RParen {
                    return Some(arguments);
                }
                length = 0;
                continue;
            }
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.checked_sub(1)?,
            _ => {}
        }
        let constant =
            matches!(token.token, Token::SingleQuotedString(_) | Token::EscapedStringLiteral(_));
        untyped = constant || is_word(&token.token, "null");
        length += 1;
    }
    None
}

/// The place of the cast that a message `cannot cast type … to …` speaks of: of its `::` or its CAST. `None` when several
/// casts to that type, or none, stand in the text.
pub(super) fn of_cast(sql: &str, message: &str) -> Option<usize> {
    let (_, target) = message.strip_prefix("cannot cast type ")?.rsplit_once(" to ")?;
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()?;
    let mut found = None;
    for (index, token) in tokens.iter().enumerate() {
        let Some(start) = type_start(&tokens, index) else { continue };
        if type_name(tokens.get(start..)?).as_deref() == Some(target)
            && found.replace(position(sql, token.span.start)).is_some()
        {
            return None;
        }
    }
    found
}

/// The place of the type that a message about one speaks of, in a cast. `None` when several types, or none, give it.
pub(super) fn of_type(sql: &str, message: &str) -> Option<usize> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()?;
    let mut found = None;
    for index in 0..tokens.len() {
        let Some(start) = type_start(&tokens, index) else { continue };
        let rest = tokens.get(start..)?;
        let Some(Err(error)) =
            parsed_type(rest).map(|sql_type| rewrite::Types.plan_type_field(&sql_type))
        else {
            continue;
        };
        let said = match &error {
            DataFusionError::External(inner) => inner.to_string() == message,
            _ => false,
        };
        let word = rest.iter().find(|token| !matches!(token.token, Token::Whitespace(_)))?;
        if said && found.replace(position(sql, word.span.start)).is_some() {
            return None;
        }
    }
    found
}

/// The place of the call that a message `function f(…) does not exist` speaks of. `None` when there are several calls, or
/// none.
pub(super) fn of_call(sql: &str, message: &str) -> Option<usize> {
    let (name, _) = message.strip_prefix("function ")?.split_once('(')?;
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().ok()?;
    let mut tokens = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let mut found = None;
    let mut before = tokens.next()?;
    for token in tokens {
        let called = match &before.token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_lowercase() == name,
            Token::Word(word) => word.value == name,
            _ => false,
        };
        if called
            && token.token == Token::LParen
            && found.replace(position(sql, before.span.start)).is_some()
        {
            return None;
        }
        before = token;
    }
    found
}

/// Where the type begins of the cast whose operator or word is token `index`.
fn type_start(tokens: &[TokenWithSpan], index: usize) -> Option<usize> {
    match &tokens.get(index)?.token {
        Token::DoubleColon => Some(index + 1),
        token if is_word(token, "cast") => {
            let mut depth = 0_usize;
            for (at, token) in tokens.iter().enumerate().skip(index + 1) {
                match &token.token {
                    Token::LParen => depth += 1,
                    Token::RParen => depth = depth.checked_sub(1).filter(|depth| *depth > 0)?,
                    token if depth == 1 && is_word(token, "as") => return Some(at + 1),
                    Token::Whitespace(_) => {}
                    _ if depth == 0 => return None,
                    _ => {}
                }
            }
            None
        }
        _ => None,
    }
}

/// The type that `tokens` begin with.
fn parsed_type(tokens: &[TokenWithSpan]) -> Option<DataType> {
    let dialect = PostgreSqlDialect {};
    let some = tokens.get(..TYPE_TOKENS_MAX.min(tokens.len()))?.to_vec();
    Parser::new(&dialect).with_tokens_with_locations(some).parse_data_type().ok()
}

/// PostgreSQL's name of the type that `tokens` begin with.
fn type_name(tokens: &[TokenWithSpan]) -> Option<String> {
    let field = rewrite::Types.plan_type_field(&parsed_type(tokens)?).ok()??;
    Some(types::sql_name(types::of_field(&field).oid))
}

#[cfg(test)]
mod tests {
    use super::{of, of_call, of_cast, of_type};
    use crate::error::Place;

    fn check(sql: &str, target: &str, want: Option<usize>) {
        let message = format!("cannot cast type integer to {target}");
        assert_eq!(of_cast(sql, &message), want, "{sql}");
    }

    #[test]
    fn the_only_cast_to_a_type_is_found() {
        check("SELECT '7'::int4::json", "json", Some(17));
        check("SELECT 'é', 7 :: timestamp with time zone", "timestamp with time zone", Some(15));
        check("SELECT CAST(f(1, 2) AS int4[])", "integer[]", Some(8));
        check("SELECT 7::\nuuid, CAST(x AS date)", "date", Some(18));
    }

    #[test]
    fn the_only_such_token_is_the_place() {
        let check = |sql: &str, place: Place, want: Option<usize>| {
            assert_eq!(of(sql, &place), want, "{sql}: {place:?}");
        };
        check("SELECT 1 + 'é' || x", Place::Operator("||".to_owned()), Some(16));
        check("SELECT *, a * b, count(*)", Place::Operator("*".to_owned()), Some(13));
        check("SELECT a + b + c", Place::Operator("+".to_owned()), None);
        check("SELECT 'x', Upper(upper)", Place::Call("upper".to_owned()), Some(13));
        check("SELECT 1 = 'a', '1'", Place::Constant("a".to_owned()), Some(12));
        check("SELECT 1, '1'", Place::Constant("1".to_owned()), None);
        check("SELECT $1, $12", Place::Word("$1".to_owned()), Some(8));
        check("SELECT \n1 WHERE ((x))", Place::After("where"), Some(19));
        check("SELECT\n é", Place::At(2, 2), Some(9));
        check("SELECT f(1), ( SELECT 2)", Place::Bracket(1, 16), Some(14));
    }

    #[test]
    fn types_and_calls_are_found() {
        let unknown = "type \"nosuch\" does not exist";
        assert_eq!(of_type("SELECT '1'::int4:: nosuch", unknown), Some(20));
        assert_eq!(of_type("SELECT CAST('x' AS nosuch)", unknown), Some(20));
        assert_eq!(of_type("SELECT 'x'::nosuch, 'y'::nosuch", unknown), None);
        let short = "length for type varchar must be at least 1";
        assert_eq!(of_type("SELECT 'x'::varchar(0), 'y'::varchar(1)", short), Some(13));
        let missing = "function max(uuid) does not exist";
        assert_eq!(of_call("SELECT max, MAX (x)", missing), Some(13));
        assert_eq!(of_call("SELECT max(x), max(y)", missing), None);
        assert_eq!(of_call("SELECT 'max('", missing), None);
    }

    #[test]
    fn what_is_not_certain_has_no_place() {
        check("SELECT 1::json, 2::json", "json", None);
        check("SELECT 1::text", "json", None);
        check("SELECT cast, '::json', \"cast\"(1)", "json", None);
        check("SELECT 1::", "json", None);
        check("SELECT CAST(1 AS", "json", None);
        check("SELECT 'open", "json", None);
    }
}
