//! Where in a statement's text an error lies that was found in its plan, which has no places.

use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::parse::position;
use crate::pg::{rewrite, types};

/// Tokens a type's name may have.
const TYPE_TOKENS_MAX: usize = 24;

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

/// Where the type begins of the cast whose operator or word is token `index`.
fn type_start(tokens: &[TokenWithSpan], index: usize) -> Option<usize> {
    let is_word = |token: &Token, word: &str| match token {
        Token::Word(own) => own.quote_style.is_none() && own.value.eq_ignore_ascii_case(word),
        _ => false,
    };
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

/// PostgreSQL's name of the type that `tokens` begin with.
fn type_name(tokens: &[TokenWithSpan]) -> Option<String> {
    let dialect = PostgreSqlDialect {};
    let some = tokens.get(..TYPE_TOKENS_MAX.min(tokens.len()))?.to_vec();
    let parsed = Parser::new(&dialect).with_tokens_with_locations(some).parse_data_type().ok()?;
    let field = rewrite::Types.plan_type_field(&parsed).ok()??;
    Some(types::sql_name(types::of_field(&field).oid))
}

#[cfg(test)]
mod tests {
    use super::of_cast;

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
    fn what_is_not_certain_has_no_place() {
        check("SELECT 1::json, 2::json", "json", None);
        check("SELECT 1::text", "json", None);
        check("SELECT cast, '::json', \"cast\"(1)", "json", None);
        check("SELECT 1::", "json", None);
        check("SELECT CAST(1 AS", "json", None);
        check("SELECT 'open", "json", None);
    }
}
