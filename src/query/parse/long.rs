//! Names that are longer than PostgreSQL keeps (manual, 4.1.1).

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::pg::decode;

/// Cuts the names among `tokens`, but for those that are `known` to be longer. Returns the whole ones in their order.
pub(super) fn cut(tokens: &mut [TokenWithSpan], known: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut whole = Vec::new();
    for token in tokens {
        let Token::Word(word) = &mut token.token else { continue };
        let kept = decode::name(&word.value).len();
        if kept == word.value.len() {
            continue;
        }
        if word.quote_style.is_none() {
            word.value.make_ascii_lowercase();
        }
        if !known(&word.value) {
            whole.push(word.value.clone());
            word.value.truncate(kept);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    use super::cut;

    #[track_caller]
    fn check(sql: &str, want: &str, long: usize) {
        let mut tokens =
            Tokenizer::new(&PostgreSqlDialect {}, sql).tokenize_with_location().expect("tokens");
        let whole = cut(&mut tokens, &|name| name.starts_with("known"));
        let text: String = tokens.iter().map(|token| token.token.to_string()).collect();
        assert_eq!((text.as_str(), whole.len()), (want, long), "{sql}");
    }

    #[test]
    fn names_are_cut_between_characters() {
        let x = |count| "x".repeat(count);
        check(&x(63), &x(63), 0);
        check(&format!("{} {}", x(64).to_uppercase(), x(65)), &format!("{} {}", x(63), x(63)), 2);
        check(&format!("\"{}ää\"", x(62)), &format!("\"{}\"", x(62)), 1);
        check(&format!("'{}'", x(70)), &format!("'{}'", x(70)), 0);
        let known = format!("known{}", x(70));
        check(&known, &known, 0);
    }
}
