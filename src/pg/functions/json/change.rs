//! `jsonb` compared and changed. Everything here takes canonical texts and gives canonical texts.

use super::{Call, binary, refused, steps_of};
use crate::error::{Error, Result};
use crate::pg::catalog::rows::Cell;
use crate::pg::decode::json::{self, Kind};

/// The place of item `number` among `count`, from the end below 0.
pub(super) fn place(count: usize, number: i64) -> Option<usize> {
    let count = i64::try_from(count).ok()?;
    let at = if number < 0 { count.checked_add(number)? } else { number };
    (0..count).contains(&at).then(|| usize::try_from(at).ok()).flatten()
}

fn object<'a>(members: impl IntoIterator<Item = (String, &'a str)>) -> String {
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| format!("{}: {value}", json::quoted(&name)))
        .collect();
    format!("{{{}}}", members.join(", "))
}

fn array(items: &[&str]) -> String {
    format!("[{}]", items.join(", "))
}

/// `@>`.
pub(super) fn contains(whole: &str, part: &str) -> Result<bool> {
    // The one exception: an array contains a scalar that is one of its items.
    if json::kind(whole) == Kind::Array && !is_container(part) {
        return Ok(json::items(whole).into_iter().any(|item| same_scalar(item, part)));
    }
    contains_strictly(whole, part)
}

fn contains_strictly(whole: &str, part: &str) -> Result<bool> {
    match (json::kind(whole), json::kind(part)) {
        (Kind::Object, Kind::Object) => {
            let members = json::members(whole)?;
            for (name, value) in json::members(part)? {
                let Some((_, own)) = members.iter().find(|(own, _)| *own == name) else {
                    return Ok(false);
                };
                if !contains_strictly(own, value)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Kind::Array, Kind::Array) => {
            let items = json::items(whole);
            for wanted in json::items(part) {
                let mut found = false;
                for item in &items {
                    found = found || contains_strictly(item, wanted)?;
                }
                if !found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Ok(same_scalar(whole, part)),
    }
}

fn is_container(text: &str) -> bool {
    matches!(json::kind(text), Kind::Object | Kind::Array)
}

/// Numbers are equal whatever their scale.
fn same_scalar(left: &str, right: &str) -> bool {
    match (json::kind(left), json::kind(right)) {
        (Kind::Number, Kind::Number) => {
            super::key::key(left).ok().is_some_and(|key| super::key::key(right).ok() == Some(key))
        }
        (left_kind, right_kind) => left_kind == right_kind && !is_container(left) && left == right,
    }
}

/// `||`.
pub(super) fn joined(left: &str, right: &str) -> Result<Cell> {
    if (json::kind(left), json::kind(right)) == (Kind::Object, Kind::Object) {
        let members = json::members(left)?.into_iter().chain(json::members(right)?);
        // Of equal names the right one stays.
        return json::canonical(&object(members)).map(Cell::from);
    }
    let items = |text| if json::kind(text) == Kind::Array { json::items(text) } else { vec![text] };
    Ok(Cell::from(array(&[items(left), items(right)].concat())))
}

/// `-`: without a name, a number, or several names.
pub(super) fn without(call: &Call<'_>) -> Result<Cell> {
    let whole = binary(call, 0)?;
    let kind = json::kind(&whole);
    if !matches!(kind, Kind::Object | Kind::Array) {
        return Err(refused("cannot delete from scalar"));
    }
    let names = match call.args.get(1) {
        Some(Cell::Int(number)) => {
            if kind == Kind::Object {
                return Err(refused("cannot delete from object using integer index"));
            }
            let mut items = json::items(&whole);
            if let Some(at) = place(items.len(), *number) {
                items.remove(at);
            }
            return Ok(Cell::from(array(&items)));
        }
        Some(Cell::Text(name)) => vec![Some(name.to_string())],
        _ => steps_of(call, 1)?,
    };
    let named = |name: &str| names.iter().flatten().any(|own| own == name);
    if kind == Kind::Object {
        let kept = json::members(&whole)?.into_iter().filter(|(name, _)| !named(name));
        return Ok(Cell::from(object(kept)));
    }
    let is_named = |item: &&str| {
        json::kind(item) == Kind::String && json::string(item).is_ok_and(|s| named(&s))
    };
    let kept: Vec<&str> = json::items(&whole).into_iter().filter(|item| !is_named(item)).collect();
    Ok(Cell::from(array(&kept)))
}

/// What is done at the end of a path.
#[derive(Clone, Copy)]
enum Edit<'a> {
    Set { value: &'a str, create: bool },
    Insert { value: &'a str, after: bool },
    Remove,
}

/// `#-`.
pub(super) fn without_path(call: &Call<'_>) -> Result<Cell> {
    edited(&binary(call, 0)?, &steps_of(call, 1)?, Edit::Remove)
}

/// `jsonb_set`.
pub(super) fn set(call: &Call<'_>) -> Result<Cell> {
    let (value, create) = (binary(call, 2)?, call.args.len() < 4 || call.truth(3));
    edited(&binary(call, 0)?, &steps_of(call, 1)?, Edit::Set { value: &value, create })
}

/// `jsonb_set_lax`: `jsonb_set`, and what to do when the value is NULL.
/// Errors: 22004 when that is to raise an exception; 22023 for a word that says nothing.
pub(super) fn set_lax(call: &Call<'_>) -> Result<Cell> {
    let missing = |index: usize| call.args.get(index).is_some_and(|arg| *arg == Cell::Null);
    if missing(0) || missing(1) || missing(3) {
        return Ok(Cell::Null);
    }
    let treatment = if call.args.len() < 5 { "use_json_null" } else { call.text(4) };
    let (whole, steps) = (binary(call, 0)?, steps_of(call, 1)?);
    let create = call.args.len() < 4 || call.truth(3);
    if missing(4) {
        return Err(unknown_treatment());
    }
    if !missing(2) {
        let value = binary(call, 2)?;
        return edited(&whole, &steps, Edit::Set { value: &value, create });
    }
    match treatment {
        "use_json_null" => edited(&whole, &steps, Edit::Set { value: "null", create }),
        "delete_key" => edited(&whole, &steps, Edit::Remove),
        "return_target" => Ok(Cell::from(whole.into_owned())),
        "raise_exception" => Err(Error::NullNotAllowed("JSON value must not be null".to_owned())
            .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
            .hint(
                "To avoid, either change the null_value_treatment argument or ensure that an SQL \
                 NULL is not passed.",
            )),
        _ => Err(unknown_treatment()),
    }
}

fn unknown_treatment() -> Error {
    refused(
        "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \
         \"raise_exception\"",
    )
}

/// `jsonb_insert`.
pub(super) fn insert(call: &Call<'_>) -> Result<Cell> {
    let value = binary(call, 2)?;
    let edit = Edit::Insert { value: &value, after: call.truth(3) };
    edited(&binary(call, 0)?, &steps_of(call, 1)?, edit)
}

fn edited(whole: &str, path: &[Option<String>], edit: Edit<'_>) -> Result<Cell> {
    if !is_container(whole) {
        return Err(refused(match edit {
            Edit::Remove => "cannot delete path in scalar",
            _ => "cannot set path in scalar",
        }));
    }
    put(whole, path, 1, edit).map(Cell::from)
}

/// `position` counts the steps from 1.
/// Errors: 22004 for a step that is NULL, where the path leads as far.
fn put(whole: &str, path: &[Option<String>], position: usize, edit: Edit<'_>) -> Result<String> {
    let Some((step, rest)) = path.split_first() else { return Ok(whole.to_owned()) };
    let Some(step) = step else {
        let message = format!("path element at position {position} is null");
        return Err(Error::NullNotAllowed(message));
    };
    match json::kind(whole) {
        Kind::Object => put_member(whole, step, rest, position, edit),
        Kind::Array => {
            let number = step.trim().parse::<i64>().map_err(|_text| {
                Error::MalformedText(format!(
                    "path element at position {position} is not an integer: \"{step}\""
                ))
            })?;
            put_item(whole, number, rest, position, edit)
        }
        _ => Ok(whole.to_owned()),
    }
}

fn put_member(
    whole: &str,
    name: &str,
    rest: &[Option<String>],
    position: usize,
    edit: Edit<'_>,
) -> Result<String> {
    let mut members = json::members(whole)?;
    let at = members.iter().position(|(own, _)| own == name);
    let inner;
    match (at, edit) {
        (Some(at), _) if !rest.is_empty() => {
            inner = put(members[at].1, rest, position + 1, edit)?;
            members[at].1 = &inner;
        }
        (Some(at), Edit::Remove) => drop(members.remove(at)),
        (Some(at), Edit::Set { value, .. }) => members[at].1 = value,
        (Some(_), Edit::Insert { .. }) => {
            return Err(refused("cannot replace existing key")
                .hint("Try using the function jsonb_set to replace key value."));
        }
        (None, Edit::Set { value, create: true } | Edit::Insert { value, .. })
            if rest.is_empty() =>
        {
            members.push((name.to_owned(), value));
        }
        (None, _) => {}
    }
    json::canonical(&object(members))
}

fn put_item(
    whole: &str,
    number: i64,
    rest: &[Option<String>],
    position: usize,
    edit: Edit<'_>,
) -> Result<String> {
    let mut items = json::items(whole);
    let at = place(items.len(), number);
    let inner;
    match (at, edit) {
        (Some(at), _) if !rest.is_empty() => {
            inner = put(items[at], rest, position + 1, edit)?;
            items[at] = &inner;
        }
        (Some(at), Edit::Remove) => drop(items.remove(at)),
        (Some(at), Edit::Set { value, .. }) => items[at] = value,
        (Some(at), Edit::Insert { value, after }) => items.insert(at + usize::from(after), value),
        (None, Edit::Set { value, create: true } | Edit::Insert { value, .. })
            if rest.is_empty() =>
        {
            let end = if number < 0 { 0 } else { items.len() };
            items.insert(end, value);
        }
        (None, _) => {}
    }
    Ok(array(&items))
}

/// `json_strip_nulls`: a `json` loses its blanks too.
pub(super) fn without_nulls(text: &str, is_binary: bool) -> Result<Cell> {
    let stripped = stripped(text)?;
    Ok(Cell::from(if is_binary { json::canonical(&stripped)? } else { stripped }))
}

fn stripped(text: &str) -> Result<String> {
    Ok(match json::kind(text) {
        Kind::Object => {
            let mut members = Vec::new();
            for (name, value) in json::members(text)? {
                if json::kind(value) != Kind::Null {
                    members.push(format!("{}:{}", json::quoted(&name), stripped(value)?));
                }
            }
            format!("{{{}}}", members.join(","))
        }
        Kind::Array => {
            let items: Result<Vec<String>> = json::items(text).into_iter().map(stripped).collect();
            format!("[{}]", items?.join(","))
        }
        Kind::String => json::quoted(&json::string(text.trim())?),
        _ => text.trim().to_owned(),
    })
}

/// `jsonb_pretty`: four blanks for each level.
pub(super) fn pretty(text: &str) -> Result<Cell> {
    let mut out = String::new();
    put_pretty(text, 0, &mut out)?;
    Ok(Cell::from(out))
}

fn put_pretty(text: &str, level: usize, out: &mut String) -> Result<()> {
    let (open, close, parts) = match json::kind(text) {
        Kind::Object => {
            let members = json::members(text)?.into_iter();
            let named = members.map(|(name, value)| (format!("{}: ", json::quoted(&name)), value));
            ('{', '}', named.collect::<Vec<_>>())
        }
        Kind::Array => {
            ('[', ']', json::items(text).into_iter().map(|item| (String::new(), item)).collect())
        }
        _ => {
            out.push_str(text);
            return Ok(());
        }
    };
    let line = |level: usize| format!("\n{}", "    ".repeat(level));
    out.push(open);
    for (index, (name, value)) in parts.into_iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        out.push_str(&line(level + 1));
        out.push_str(&name);
        put_pretty(value, level + 1, out)?;
    }
    out.push_str(&line(level));
    out.push(close);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Edit, contains, edited, joined, pretty};

    #[test]
    fn containment_is_postgresqls() {
        let check = |whole: &str, part: &str, want: bool| {
            assert_eq!(contains(whole, part).expect("jsonb"), want, "{whole} @> {part}");
        };
        check(r#"{"a": 1, "b": [1, 2]}"#, r#"{"b": [2]}"#, true);
        check(r#"{"a": {"b": 1}}"#, r#"{"b": 1}"#, false);
        check("[1, 2, [1, 3]]", "[1, 3]", false);
        check("[1, 2, [1, 3]]", "[[1, 3]]", true);
        check("[1, 2]", "1", true);
        check("[[1]]", "[1]", false);
        check("1", "[1]", false);
        check("1.0", "1", true);
        check(r#""1""#, "1", false);
        check("[1, 1]", "[1, 1, 1]", true);
        check("{}", "{}", true);
    }

    #[test]
    fn values_are_set_inserted_and_removed() {
        let check = |whole: &str, path: &[&str], edit: Edit<'_>, want: &str| {
            let path: Vec<_> = path.iter().map(|step| Some((*step).to_owned())).collect();
            assert_eq!(edited(whole, &path, edit).expect("jsonb").text(), want);
        };
        let set = Edit::Set { value: "9", create: true };
        check(r#"{"bb": 1}"#, &["a"], set, r#"{"a": 9, "bb": 1}"#);
        check(r#"{"a": [1, 2]}"#, &["a", "-1"], set, r#"{"a": [1, 9]}"#);
        check("[1]", &["7"], set, "[1, 9]");
        check("[1]", &["-7"], set, "[9, 1]");
        check(r#"{"a": 1}"#, &["x", "y"], set, r#"{"a": 1}"#);
        check(r#"{"a": 1}"#, &["b"], Edit::Set { value: "9", create: false }, r#"{"a": 1}"#);
        check("[1, 2]", &["1"], Edit::Insert { value: "9", after: false }, "[1, 9, 2]");
        check("[1, 2]", &["1"], Edit::Insert { value: "9", after: true }, "[1, 2, 9]");
        check(r#"{"a": {"b": 1, "c": 2}}"#, &["a", "b"], Edit::Remove, r#"{"a": {"c": 2}}"#);
        let missing = [Some("a".to_owned())];
        assert_eq!(edited("[1]", &missing, set).expect_err("no number").state(), "22P02");
        assert_eq!(edited("1", &missing, set).expect_err("a scalar").state(), "22023");
    }

    #[test]
    fn joining_and_writing() {
        let join = |left, right| joined(left, right).expect("jsonb").text().to_owned();
        assert_eq!(join(r#"{"a": 1}"#, r#"{"a": 2, "b": 3}"#), r#"{"a": 2, "b": 3}"#);
        assert_eq!(join("[1]", "2"), "[1, 2]");
        assert_eq!(join("{}", "[1]"), "[{}, 1]");
        let text = pretty(r#"{"a": [1, {}]}"#).expect("jsonb");
        assert_eq!(text.text(), "{\n    \"a\": [\n        1,\n        {\n        }\n    ]\n}");
    }
}
