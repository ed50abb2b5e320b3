//! SQL/JSON paths (PostgreSQL manual, section 9.16.2): `@?`, `@@`, `jsonb_path_query` and its kin.
//!
//! Owns: paths and what they lead to. Values are canonical texts. What of a path we do not have, arithmetic and dates, is
//! refused with 0A000.

mod evaluate;
mod syntax;

use self::evaluate::{Failure, Walk};
use super::{Call, binary};
use crate::error::{Error, Result};
use crate::pg::catalog::rows::Cell;
use crate::pg::decode::json;

/// What the path leads to; `None` when it fails and failing is to be passed over.
/// Errors: 42601 for a path that is none; those of SQL/JSON (2203x) unless the call is silent.
fn found(call: &Call<'_>, silent: bool) -> Result<Option<Vec<String>>> {
    let target = binary(call, 0)?;
    let path = syntax::parse(call.text(1))?;
    let variables = if call.args.len() > 2 { binary(call, 2)? } else { "{}".into() };
    if json::kind(&variables) != json::Kind::Object {
        return Err(Error::InvalidParameterValue("\"vars\" argument is not an object".to_owned())
            .detail(
                "Jsonpath parameters should be encoded as key-value pairs of \"vars\" object.",
            ));
    }
    let silent = silent || call.truth(3);
    match Walk::new(path.lax, &target, &variables).root(&path.root) {
        Ok(found) => Ok(Some(found)),
        Err(Failure::OfPath(_)) if silent => Ok(None),
        Err(Failure::OfPath(error) | Failure::Other(error)) => Err(error),
    }
}

/// `jsonb_path_exists`, and `@?`, which is silent.
pub(super) fn exists(call: &Call<'_>, silent: bool) -> Result<Cell> {
    Ok(found(call, silent)?.map_or(Cell::Null, |found| Cell::Bool(!found.is_empty())))
}

/// `jsonb_path_match`, and `@@`, which is silent.
pub(super) fn matches(call: &Call<'_>, silent: bool) -> Result<Cell> {
    let silent = silent || call.truth(3);
    let Some(found) = found(call, silent)? else { return Ok(Cell::Null) };
    match found.iter().map(String::as_str).collect::<Vec<&str>>().as_slice() {
        ["true"] => Ok(Cell::Bool(true)),
        ["false"] => Ok(Cell::Bool(false)),
        ["null"] => Ok(Cell::Null),
        _ if silent => Ok(Cell::Null),
        _ => Err(Error::SqlJson("22038", "single boolean result is expected".to_owned())),
    }
}

/// `jsonb_path_query`, as a list.
pub(super) fn query(call: &Call<'_>) -> Result<Cell> {
    Ok(Cell::from(found(call, false)?.unwrap_or_default()))
}

/// `jsonb_path_query_array`
pub(super) fn array(call: &Call<'_>) -> Result<Cell> {
    let found = found(call, false)?.unwrap_or_default();
    Ok(Cell::from(format!("[{}]", found.join(", "))))
}

/// `jsonb_path_query_first`
pub(super) fn first(call: &Call<'_>) -> Result<Cell> {
    Ok(Cell::from(found(call, false)?.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests {
    use super::syntax::parse;
    use super::{Failure, Walk};

    fn check(target: &str, path: &str, want: Result<&[&str], &str>) {
        let path = parse(path).expect("a path");
        let found = Walk::new(path.lax, target, "{\"x\": 2}").root(&path.root);
        let found = found.map_err(|failure| match failure {
            Failure::OfPath(error) | Failure::Other(error) => error.state().to_owned(),
        });
        let found =
            found.as_ref().map(|found| found.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.as_deref().map_err(|state| state.as_str()), want, "{target}");
    }

    #[test]
    fn paths_lead_to_values() {
        check("{\"a\": [1, 2, 3]}", "$.a[*] ? (@ > 1)", Ok(&["2", "3"]));
        check("{\"a\": [1, 2, 3]}", "$.a[0, last]", Ok(&["1", "3"]));
        check("{\"a\": [1, 2, 3]}", "$.a[1 to last]", Ok(&["2", "3"]));
        check("[{\"a\": 1}, {\"a\": 2}]", "$.a", Ok(&["1", "2"]));
        check("[{\"a\": 1}]", "strict $.a", Err("2203A"));
        check("{\"a\": 1}", "$.b", Ok(&[]));
        check("{\"a\": 1}", "strict $.b", Err("2203A"));
        check("{\"a\": {\"b\": 1}}", "$.**", Ok(&["{\"a\": {\"b\": 1}}", "{\"b\": 1}", "1"]));
        check("{\"a\": 2}", "$.a == $x", Ok(&["true"]));
        check("{\"a\": \"x\"}", "$.a > 1", Ok(&["null"]));
        check("{\"a\": \"abc\"}", "$ ? (@.a like_regex \"^A\" flag \"i\").a", Ok(&["\"abc\""]));
        check("{\"a\": \"abc\"}", "$.a ? (@ starts with \"ab\")", Ok(&["\"abc\""]));
        check("[1, [2]]", "$[*].type()", Ok(&["\"number\"", "\"array\""]));
        check("[-1.5]", "$[*].abs()", Ok(&["1.5"]));
        check("[-1.5]", "$[*].floor()", Ok(&["-2"]));
        check("{\"a\": 1}", "!exists($.b) && (1 == 1)", Ok(&["true"]));
        check("{\"a\": 1}", "-$.a", Ok(&["-1"]));
    }

    #[test]
    fn what_is_no_path_is_told() {
        let state = |text: &str| parse(text).map(drop).map_err(|error| error.state());
        assert_eq!(state("$.a[*"), Err("42601"));
        assert_eq!(state("$ ? (@)"), Err("42601"));
        assert_eq!(state("$.a + 1"), Err("0A000"));
        assert_eq!(state("$.a.datetime()"), Err("0A000"));
        assert_eq!(state(&"(".repeat(500)), Err("54001"));
    }
}
