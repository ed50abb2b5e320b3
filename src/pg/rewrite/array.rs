//! Array literals: PostgreSQL's `{a,"b c",NULL}` (manual, section 8.15.2).

/// The elements of a one-dimensional array literal; `None` when it is malformed or nested.
pub(super) fn elements(text: &str) -> Option<Vec<Option<String>>> {
    let body = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    if body.trim().is_empty() {
        return Some(elements);
    }
    let mut chars = body.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut element = String::new();
        let mut quoted = false;
        if chars.next_if_eq(&'"').is_some() {
            quoted = true;
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => element.push(chars.next()?),
                    other => element.push(other),
                }
            }
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                match c {
                    '{' | '}' | '"' => return None,
                    '\\' => element.push(chars.next()?),
                    other => element.push(other),
                }
            }
            element.truncate(element.trim_end().len());
            if element.is_empty() {
                return None;
            }
        }
        let null = !quoted && element.eq_ignore_ascii_case("null");
        elements.push((!null).then_some(element));
        match chars.next() {
            None => return Some(elements),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::elements;

    fn check(text: &str, want: Option<&[Option<&str>]>) {
        let found = elements(text);
        let found: Option<Vec<Option<&str>>> =
            found.as_ref().map(|list| list.iter().map(Option::as_deref).collect());
        assert_eq!(found.as_deref(), want, "{text}");
    }

    #[test]
    fn reads_array_literals() {
        check("{}", Some(&[]));
        check("{1, 2}", Some(&[Some("1"), Some("2")]));
        check("{a,\"b, c\",NULL,\"NULL\"}", Some(&[Some("a"), Some("b, c"), None, Some("NULL")]));
        check("{\"a\\\"b\"}", Some(&[Some("a\"b")]));
        check("{{1},{2}}", None);
        check("{1,}", None);
        check("1", None);
    }
}
