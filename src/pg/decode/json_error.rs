//! What is wrong with a text that is no JSON, in PostgreSQL's words (`json_errdetail` in jsonapi.c). Only asked for once
//! a text has been refused.

/// The sentence that says it.
pub(super) fn detail(text: &str) -> String {
    let mut lexer = Lexer { rest: text };
    // What each open bracket is; the innermost last.
    let mut open: Vec<Bracket> = Vec::new();
    let mut expected = Expected::Value;
    loop {
        let (token, kind) = match lexer.next() {
            Ok(found) => found,
            Err(detail) => return detail,
        };
        let found = |expected: &str| format!("Expected {expected}, but found \"{token}\".");
        expected = match (expected, kind) {
            (Expected::End, None) => return "The input is valid.".to_owned(),
            (_, None) => return "The input string ended unexpectedly.".to_owned(),
            (Expected::FirstItem, Some(Kind::Mark(']')))
            | (Expected::FirstName, Some(Kind::Mark('}'))) => {
                open.pop();
                after(&open)
            }
            (Expected::Value | Expected::FirstItem, Some(Kind::Mark('['))) => {
                open.push(Bracket::Array);
                Expected::FirstItem
            }
            (Expected::Value | Expected::FirstItem, Some(Kind::Mark('{'))) => {
                open.push(Bracket::Object);
                Expected::FirstName
            }
            (Expected::Value | Expected::FirstItem, Some(Kind::String | Kind::Scalar)) => {
                after(&open)
            }
            (Expected::Value | Expected::FirstItem, _) => return found("JSON value"),
            (Expected::FirstName | Expected::Name, Some(Kind::String)) => Expected::Colon,
            (Expected::FirstName, _) => return found("string or \"}\""),
            (Expected::Name, _) => return found("string"),
            (Expected::Colon, Some(Kind::Mark(':'))) => Expected::Value,
            (Expected::Colon, _) => return found("\":\""),
            (Expected::Next, Some(Kind::Mark(mark))) => match (open.last(), mark) {
                (Some(Bracket::Array), ',') => Expected::Value,
                (Some(Bracket::Object), ',') => Expected::Name,
                (Some(Bracket::Array), ']') | (Some(Bracket::Object), '}') => {
                    open.pop();
                    after(&open)
                }
                (bracket, _) => return found(next_of(bracket)),
            },
            (Expected::Next, _) => return found(next_of(open.last())),
            (Expected::End, _) => return found("end of input"),
        };
    }
}

#[derive(Clone, Copy)]
enum Bracket {
    Array,
    Object,
}

#[derive(Clone, Copy)]
enum Expected {
    Value,
    FirstItem,
    FirstName,
    Name,
    Colon,
    /// A comma or the end of the bracket.
    Next,
    End,
}

fn after(open: &[Bracket]) -> Expected {
    if open.is_empty() { Expected::End } else { Expected::Next }
}

fn next_of(bracket: Option<&Bracket>) -> &'static str {
    match bracket {
        Some(Bracket::Object) => "\",\" or \"}\"",
        _ => "\",\" or \"]\"",
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Mark(char),
    String,
    Scalar,
}

struct Lexer<'a> {
    rest: &'a str,
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

impl<'a> Lexer<'a> {
    /// The next token; without a kind at the end.
    fn next(&mut self) -> Result<(&'a str, Option<Kind>), String> {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(first) = self.rest.chars().next() else { return Ok(("", None)) };
        let kind = match first {
            '{' | '}' | '[' | ']' | ',' | ':' => {
                return Ok((self.take(first.len_utf8()), Some(Kind::Mark(first))));
            }
            '"' => {
                let length = string(self.rest)?;
                return Ok((self.take(length), Some(Kind::String)));
            }
            '-' | '0'..='9' => {
                let number = |c: char| is_word(c) || matches!(c, '.' | '+' | '-');
                let end = self.rest.find(|c| !number(c)).unwrap_or(self.rest.len());
                let word = self.take(end);
                match serde_json::from_str::<serde_json::Number>(word) {
                    Ok(_) => return Ok((word, Some(Kind::Scalar))),
                    Err(_) => return Err(invalid(word)),
                }
            }
            _ => Kind::Scalar,
        };
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let word = self.take(if end == 0 { first.len_utf8() } else { end });
        match word {
            "true" | "false" | "null" => Ok((word, Some(kind))),
            _ => Err(invalid(word)),
        }
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (token, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }
}

fn invalid(token: &str) -> String {
    format!("Token \"{token}\" is invalid.")
}

/// The bytes of the string that begins `text`.
fn string(text: &str) -> Result<usize, String> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok(at + 1),
            '\0'..' ' => {
                return Err(format!(
                    "Character with value 0x{:02x} must be escaped.",
                    u32::from(c)
                ));
            }
            '\\' => match chars.next() {
                Some((_, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't')) => {}
                Some((_, 'u')) => {
                    let digits = chars.by_ref().take(4).filter(|(_, c)| c.is_ascii_hexdigit());
                    if digits.count() < 4 {
                        let message = "\"\\u\" must be followed by four hexadecimal digits.";
                        return Err(message.to_owned());
                    }
                }
                Some((_, other)) => {
                    return Err(format!("Escape sequence \"\\{other}\" is invalid."));
                }
                None => return Err(invalid(text)),
            },
            _ => {}
        }
    }
    Err(invalid(text))
}

#[cfg(test)]
mod tests {
    use super::detail;

    #[test]
    fn what_is_wrong_is_said_as_postgresql_says_it() {
        for (text, want) in [
            ("", "The input string ended unexpectedly."),
            ("{a: 1}", "Token \"a\" is invalid."),
            ("{\"a\": 1", "The input string ended unexpectedly."),
            ("nope", "Token \"nope\" is invalid."),
            ("[1,]", "Expected JSON value, but found \"]\"."),
            ("[1 2]", "Expected \",\" or \"]\", but found \"2\"."),
            ("{1}", "Expected string or \"}\", but found \"1\"."),
            ("{\"a\" 1}", "Expected \":\", but found \"1\"."),
            ("{\"a\":1,}", "Expected string, but found \"}\"."),
            ("{\"a\":1 2}", "Expected \",\" or \"}\", but found \"2\"."),
            ("1 2", "Expected end of input, but found \"2\"."),
            ("01", "Token \"01\" is invalid."),
            ("\"a", "Token \"\"a\" is invalid."),
            ("\"\\x\"", "Escape sequence \"\\x\" is invalid."),
            ("\"\\u12\"", "\"\\u\" must be followed by four hexadecimal digits."),
            ("\"\t\"", "Character with value 0x09 must be escaped."),
            ("'", "Token \"'\" is invalid."),
        ] {
            assert_eq!(detail(text), want, "{text}");
        }
    }
}
