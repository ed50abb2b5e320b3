use super::pattern::{Pattern, Text, plain};
use super::syntax::Options;

fn compiled(pattern: &str) -> Pattern {
    Pattern::compile(pattern, Options::default()).expect("a pattern")
}

/// The whole match and the groups, as PostgreSQL 15 finds them.
fn check(text: &str, pattern: &str, want: Option<&[Option<&str>]>) {
    let text = Text::new(text);
    let found = compiled(pattern).find(&text, 0).expect("within limits");
    let found: Option<Vec<Option<&str>>> = found.map(|captures| {
        captures.into_iter().map(|part| part.map(|part| text.part(part))).collect()
    });
    assert_eq!(found.as_deref(), want, "{pattern}");
}

#[test]
fn the_longest_match_is_taken_and_parts_in_their_order() {
    check("ab", "a|ab", Some(&[Some("ab")]));
    check("abcd", "(a|ab)(c|bcd)", Some(&[Some("abcd"), Some("a"), Some("bcd")]));
    check("abc", "a?(?:ab)?(b?.*)", Some(&[Some("abc"), Some("c")]));
    check("XY1234Z", "Y*([0-9]{1,3})", Some(&[Some("Y123"), Some("123")]));
    check("XY1234Z", "Y*?([0-9]{1,3})", Some(&[Some("Y1"), Some("1")]));
    check(
        "abc01234xyz",
        "(.*)(\\d+)(.*)",
        Some(&[Some("abc01234xyz"), Some("abc0123"), Some("4"), Some("xyz")]),
    );
    check(
        "abc01234xyz",
        "(?:(.*?)(\\d+)(.*)){1,1}",
        Some(&[Some("abc01234xyz"), Some("abc"), Some("01234"), Some("xyz")]),
    );
    check("abab", "(ab|a)*", Some(&[Some("abab"), Some("ab")]));
    check("ab", "(a|ab|b)*", Some(&[Some("ab"), Some("ab")]));
    check("ab", "(a|ab|b)+", Some(&[Some("ab"), Some("b")]));
    check("ab", "(?:(a)|b)*", Some(&[Some("ab"), None]));
    check("a", "(b*?)?", Some(&[Some(""), None]));
    check("b", "(a)?b", Some(&[Some("b"), None]));
}

#[test]
fn long_texts_are_matched() {
    let text = "ab".repeat(2_000);
    let found = compiled("^(a|b)*$").find(&Text::new(&text), 0).expect("within limits");
    assert_eq!(found.and_then(|captures| captures[1]), Some((3_999, 4_000)));
}

#[test]
fn references_and_surroundings_match() {
    check("xabab", "(a.)\\1", Some(&[Some("abab"), Some("ab")]));
    check("ab", "(a)\\1", None);
    check("aabb", "(?:(.)\\1)+", Some(&[Some("aabb"), Some("b")]));
    check("foobar", "foo(?=bar)", Some(&[Some("foo")]));
    check("foobar", "foo(?!bar)", None);
    check("foobar", "(?<=foo)bar", Some(&[Some("bar")]));
    check("a foo", "\\mfoo\\M", Some(&[Some("foo")]));
    check("afoo", "\\mfoo", None);
    check("a\nb", "a.b", Some(&[Some("a\nb")]));
    check("a\nb", "(?n)^b$", Some(&[Some("b")]));
    check("Ab", "(?i)aB", Some(&[Some("Ab")]));
    check("a.b", "***=.b", Some(&[Some(".b")]));
    check("tab\there", "\\t[\\w]+", Some(&[Some("\there")]));
}

#[test]
fn wrong_patterns_are_told_in_postgresql_s_words() {
    for (pattern, want) in [
        ("(", "parentheses () not balanced"),
        ("a)", "parentheses () not balanced"),
        ("[a", "brackets [] not balanced"),
        ("a{2", "braces {} not balanced"),
        ("a{2,1}", "invalid repetition count(s)"),
        ("*", "quantifier operand invalid"),
        ("a**", "quantifier operand invalid"),
        ("[z-a]", "invalid character range"),
        ("[[:x:]]", "invalid character class"),
        ("\\1", "invalid backreference number"),
        ("a\\", "invalid escape \\ sequence"),
    ] {
        let error = Pattern::compile(pattern, Options::default()).expect_err(pattern);
        assert_eq!(error.to_string(), format!("invalid regular expression: {want}"), "{pattern}");
    }
}

#[test]
fn plain_texts_are_known() {
    assert_eq!(plain("^(nation)$"), Some((true, "nation".to_owned(), true)));
    assert_eq!(plain("a\\.b"), Some((false, "a.b".to_owned(), false)));
    assert_eq!(plain("a.b"), None);
}
