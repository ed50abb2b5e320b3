//! Functions and operators of `json` and `jsonb` (PostgreSQL manual, section 9.16).
//!
//! Owns: what of a JSON text a path reaches, how `jsonb` is changed, and how any value becomes JSON. A `json` keeps the
//! text it had, parts of it too; a `jsonb` is always in its canonical text. What a function is given as an untyped
//! literal is read as the type it takes. Imports: error, pg::decode, pg::encode, pg::facts. Used by: pg::functions,
//! pg::rewrite.

mod build;
mod change;
mod key;
mod path;

use std::borrow::Cow;

pub(super) use self::build::{function, is_building};
pub(super) use self::key::key as key_of;
use super::cells::{Call, Spec};
use super::session::specs;
use crate::error::{Error, Result};
use crate::pg::catalog::rows::Cell;
use crate::pg::decode::json::{self, Kind};
use crate::pg::types::TYPE_KEY;

/// Every function of this kind. Those of `forebay_` stand for operators and for functions that return sets.
pub(super) const SPECS: &[Spec] = specs! {
    "forebay_json_member" ["tt"] -> "json" strict |call| Ok(owned(member(call.text(0), call.text(1))?));
    "forebay_jsonb_member" ["tt"] -> "jsonb" strict |call| Ok(owned(member(call.text(0), call.text(1))?));
    "forebay_json_item" ["tn"] -> "json" strict |call| Ok(owned(item(call.text(0), call.int(1))));
    "forebay_jsonb_item" ["tn"] -> "jsonb" strict |call| Ok(owned(item_or_whole(call.text(0), call.int(1))));
    "forebay_json_member_text" ["tt"] -> "text" strict |call| unquoted(member(call.text(0), call.text(1))?);
    "forebay_json_item_text" ["tn"] -> "text" strict |call| unquoted(item(call.text(0), call.int(1)));
    "forebay_jsonb_item_text" ["tn"] -> "text" strict |call| unquoted(item_or_whole(call.text(0), call.int(1)));
    "forebay_json_path" ["tl", "tt"] -> "json" strict |call| Ok(owned(at_path(call.text(0), &steps_of(call, 1)?)?));
    "forebay_jsonb_path" ["tl", "tt"] -> "jsonb" strict |call| Ok(owned(at_path(call.text(0), &steps_of(call, 1)?)?));
    "forebay_json_path_text" ["tl", "tt"] -> "text" strict |call| unquoted(at_path(call.text(0), &steps_of(call, 1)?)?);
    "json_extract_path" ["tt", "ttt", "tttt", "ttttt"] -> "json" strict extract;
    "jsonb_extract_path" ["tt", "ttt", "tttt", "ttttt"] -> "jsonb" strict extract;
    "json_extract_path_text" ["tt", "ttt", "tttt", "ttttt"] -> "text" strict extract_text;
    "jsonb_extract_path_text" ["tt", "ttt", "tttt", "ttttt"] -> "text" strict extract_text;
    "json_typeof" ["t"] -> "text" strict |call| Ok(Cell::from(json::kind(&plain(call, 0)?).name()));
    "jsonb_typeof" ["t"] -> "text" strict |call| Ok(Cell::from(json::kind(&binary(call, 0)?).name()));
    "json_array_length" ["t"] -> "int4" strict |call| length(&plain(call, 0)?);
    "jsonb_array_length" ["t"] -> "int4" strict |call| length(&binary(call, 0)?);
    "json_strip_nulls" ["t"] -> "json" strict |call| change::without_nulls(&plain(call, 0)?, false);
    "jsonb_strip_nulls" ["t"] -> "jsonb" strict |call| change::without_nulls(&binary(call, 0)?, true);
    "jsonb_pretty" ["t"] -> "text" strict |call| change::pretty(&binary(call, 0)?);
    "jsonb_set" ["tlt", "ttt", "tltb", "tttb"] -> "jsonb" strict change::set;
    "jsonb_set_lax" ["tlt", "ttt", "tltb", "tttb", "tltbt", "tttbt"] -> "jsonb" called change::set_lax;
    "jsonb_insert" ["tlt", "ttt", "tltb", "tttb"] -> "jsonb" strict change::insert;
    "json_object" ["l", "t", "ll", "tt"] -> "json" strict |call| object(call, false);
    "jsonb_object" ["l", "t", "ll", "tt"] -> "jsonb" strict |call| object(call, true);
    // operators of jsonb
    "forebay_jsonb_key" ["t"] -> "text" strict |call| key::key(&binary(call, 0)?).map(Cell::from);
    "forebay_jsonb_scalar" ["tt"] -> "text" strict |call| scalar(&binary(call, 0)?, call.text(1));
    "forebay_jsonb_contains" ["tt"] -> "bool" strict |call| Ok(Cell::Bool(change::contains(&binary(call, 0)?, &binary(call, 1)?)?));
    "forebay_jsonb_has" ["tt"] -> "bool" strict |call| Ok(Cell::Bool(has(call.text(0), call.text(1))?));
    "forebay_jsonb_has_any" ["tl", "tt"] -> "bool" strict |call| has_some(call, false);
    "forebay_jsonb_has_all" ["tl", "tt"] -> "bool" strict |call| has_some(call, true);
    "forebay_jsonb_concat" ["tt"] -> "jsonb" strict |call| change::joined(&binary(call, 0)?, &binary(call, 1)?);
    "forebay_jsonb_without" ["tl", "tt", "tn"] -> "jsonb" strict change::without;
    "forebay_jsonb_without_path" ["tl", "tt"] -> "jsonb" strict change::without_path;
    // functions that return sets, as lists
    "forebay_json_elements" ["t"] -> "_json" strict |call| elements("json_array_elements", &plain(call, 0)?);
    "forebay_jsonb_elements" ["t"] -> "_jsonb" strict |call| elements("jsonb_array_elements", &binary(call, 0)?);
    "forebay_json_elements_text" ["t"] -> "_text" strict |call| elements("json_array_elements_text", &plain(call, 0)?);
    "forebay_jsonb_elements_text" ["t"] -> "_text" strict |call| elements("jsonb_array_elements_text", &binary(call, 0)?);
    "forebay_json_keys" ["t"] -> "_text" strict |call| keys("json_object_keys", &plain(call, 0)?);
    "forebay_jsonb_keys" ["t"] -> "_text" strict |call| keys("jsonb_object_keys", &binary(call, 0)?);
    "forebay_json_names" ["t"] -> "_text" strict |call| names("json_each", &plain(call, 0)?);
    "forebay_json_values" ["t"] -> "_json" strict |call| values("json_each", &plain(call, 0)?, false);
    "forebay_jsonb_names" ["t"] -> "_text" strict |call| names("jsonb_each", &binary(call, 0)?);
    "forebay_jsonb_values" ["t"] -> "_jsonb" strict |call| values("jsonb_each", &binary(call, 0)?, false);
    "forebay_json_texts" ["t"] -> "_text" strict |call| values("json_each_text", &plain(call, 0)?, true);
    "forebay_jsonb_texts" ["t"] -> "_text" strict |call| values("jsonb_each_text", &binary(call, 0)?, true);
    // paths
    "forebay_jsonb_path_exists" ["tt"] -> "bool" strict |call| path::exists(call, true);
    "forebay_jsonb_path_match" ["tt"] -> "bool" strict |call| path::matches(call, true);
    "jsonb_path_exists" ["tt", "ttt", "tttb"] -> "bool" strict |call| path::exists(call, false);
    "jsonb_path_match" ["tt", "ttt", "tttb"] -> "bool" strict |call| path::matches(call, false);
    "forebay_jsonb_path_query" ["tt", "ttt", "tttb"] -> "_jsonb" strict path::query;
    "jsonb_path_query_array" ["tt", "ttt", "tttb"] -> "jsonb" strict path::array;
    "jsonb_path_query_first" ["tt", "ttt", "tttb"] -> "jsonb" strict path::first;
    // records: the value, and the function that is called with it
    "forebay_json_record" ["tt"] -> "json" strict |call| record(&plain(call, 0)?);
    "forebay_jsonb_record" ["tt"] -> "jsonb" strict |call| record(&binary(call, 0)?);
    "forebay_json_records" ["tt"] -> "_json" strict |call| records(&plain(call, 0)?, call.text(1));
    "forebay_jsonb_records" ["tt"] -> "_jsonb" strict |call| records(&binary(call, 0)?, call.text(1));
    // aggregates, over the texts that array_agg gathered
    "forebay_json_agg" ["l"] -> "json" strict |call| Ok(Cell::from(gathered(call, "[", "]")));
    "forebay_jsonb_agg" ["l"] -> "jsonb" strict |call| canonical(&gathered(call, "[", "]"));
    "forebay_json_object_agg" ["l"] -> "json" strict |call| Ok(Cell::from(gathered(call, "{ ", " }")));
    "forebay_jsonb_object_agg" ["l"] -> "jsonb" strict |call| canonical(&gathered(call, "{ ", " }"));
};

/// Whether argument `index` says that it is JSON already.
fn is_read(call: &Call<'_>, index: usize) -> bool {
    call.fields.get(index).is_some_and(|field| {
        matches!(field.metadata().get(TYPE_KEY).map(String::as_str), Some("json" | "jsonb"))
    })
}

/// Argument `index` as `json`.
fn plain<'a>(call: &'a Call<'_>, index: usize) -> Result<Cow<'a, str>> {
    let text = call.text(index);
    if is_read(call, index) {
        json::shallow(text)?
    } else {
        json::check(text)?
    };
    Ok(Cow::Borrowed(text))
}

/// Argument `index` as `jsonb`.
fn binary<'a>(call: &'a Call<'_>, index: usize) -> Result<Cow<'a, str>> {
    let text = call.text(index);
    if is_read(call, index) {
        return json::shallow(text).map(Cow::Borrowed);
    }
    Ok(Cow::Owned(json::canonical(json::check(text)?)?))
}

fn canonical(text: &str) -> Result<Cell> {
    json::canonical(text).map(Cell::from)
}

fn owned(text: Option<&str>) -> Cell {
    Cell::from(text.map(str::to_owned))
}

/// The member of a name; of equal names the last one counts.
fn member<'a>(text: &'a str, name: &str) -> Result<Option<&'a str>> {
    let found = json::members(text)?.into_iter().rev().find(|(member, _)| member == name);
    Ok(found.map(|(_, value)| value))
}

/// The item of a number from 0, or from the end below that.
fn item(text: &str, number: i64) -> Option<&str> {
    let items = json::items(text);
    change::place(items.len(), number).and_then(|at| items.get(at).copied())
}

/// The same of a `jsonb`, which is an array of one item when it is neither array nor object.
fn item_or_whole(text: &str, number: i64) -> Option<&str> {
    match json::kind(text) {
        Kind::Array | Kind::Object => item(text, number),
        _ => matches!(number, 0 | -1).then_some(text),
    }
}

/// A value as text: a string without quotes, NULL for `null`.
fn unquoted(value: Option<&str>) -> Result<Cell> {
    let Some(value) = value else { return Ok(Cell::Null) };
    Ok(match json::kind(value) {
        Kind::Null => Cell::Null,
        Kind::String => Cell::from(json::string(value)?),
        _ => owned(Some(value)),
    })
}

/// What the steps of `path` lead to.
pub(super) fn at_path<'a>(text: &'a str, path: &[Option<String>]) -> Result<Option<&'a str>> {
    let mut value = text;
    for step in path {
        let Some(step) = step else { return Ok(None) };
        let next = match json::kind(value) {
            Kind::Object => member(value, step)?,
            Kind::Array => step.trim().parse().ok().and_then(|number| item(value, number)),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// Argument `index`, an array of texts or the text of one, as its elements.
fn steps_of(call: &Call<'_>, index: usize) -> Result<Vec<Option<String>>> {
    let texts = |cells: &[Cell]| {
        let text = |cell: &Cell| match cell {
            Cell::Null => None,
            cell => Some(cell.text().to_owned()),
        };
        cells.iter().map(text).collect()
    };
    match call.args.get(index) {
        Some(Cell::Text(text)) => crate::pg::decode::texts(text),
        Some(cell) => Ok(texts(cell.items())),
        None => Ok(Vec::new()),
    }
}

fn steps(call: &Call<'_>) -> Vec<Option<String>> {
    (1..call.args.len()).map(|index| Some(call.text(index).to_owned())).collect()
}

fn extract(call: &Call<'_>) -> Result<Cell> {
    let text = plain(call, 0)?;
    Ok(owned(at_path(&text, &steps(call))?))
}

fn extract_text(call: &Call<'_>) -> Result<Cell> {
    let text = plain(call, 0)?;
    unquoted(at_path(&text, &steps(call))?)
}

/// A number or truth as text, for a cast to the type of that name.
/// Errors: 22023 for a value of another kind.
fn scalar(text: &str, target: &str) -> Result<Cell> {
    let kind = json::kind(text);
    let wanted = if target == "boolean" { Kind::Boolean } else { Kind::Number };
    if kind == wanted {
        return Ok(owned(Some(text)));
    }
    let name = if kind == Kind::Number { "numeric" } else { kind.name() };
    Err(refused(format!("cannot cast jsonb {name} to type {target}")))
}

fn refused(message: impl Into<String>) -> Error {
    Error::InvalidParameterValue(message.into())
}

fn length(text: &str) -> Result<Cell> {
    match json::kind(text) {
        Kind::Array => Ok(Cell::Int(i64::try_from(json::items(text).len()).unwrap_or(i64::MAX))),
        Kind::Object => Err(refused("cannot get array length of a non-array")),
        _ => Err(refused("cannot get array length of a scalar")),
    }
}

/// Whether a name is one of an object's, or a string one of an array's.
fn has(text: &str, name: &str) -> Result<bool> {
    let is_name = |value: &&str| json::string(value).is_ok_and(|string| string == name);
    Ok(match json::kind(text) {
        Kind::Object => member(text, name)?.is_some(),
        Kind::Array => json::items(text).iter().any(is_name),
        Kind::String => is_name(&text),
        _ => false,
    })
}

fn has_some(call: &Call<'_>, all: bool) -> Result<Cell> {
    let text = call.text(0);
    let mut found = Vec::new();
    for name in steps_of(call, 1)?.into_iter().flatten() {
        found.push(has(text, &name)?);
    }
    Ok(Cell::Bool(if all { found.iter().all(|has| *has) } else { found.contains(&true) }))
}

/// `json_object`: names and values in turn, or in two arrays.
fn object(call: &Call<'_>, is_binary: bool) -> Result<Cell> {
    let first = steps_of(call, 0)?;
    let pairs: Vec<(Option<String>, Option<String>)> = if call.args.len() == 2 {
        let second = steps_of(call, 1)?;
        if first.len() != second.len() {
            return Err(Error::ArraySubscript("mismatched array dimensions".to_owned()));
        }
        first.into_iter().zip(second).collect()
    } else {
        if first.len() % 2 == 1 {
            let message = "array must have even number of elements".to_owned();
            return Err(Error::ArraySubscript(message));
        }
        first.chunks(2).map(|pair| (pair[0].clone(), pair.get(1).cloned().flatten())).collect()
    };
    let mut members = Vec::new();
    for (name, value) in pairs {
        let Some(name) = name else {
            return Err(Error::NullNotAllowed("null value not allowed for object key".to_owned()));
        };
        let value = value.map_or_else(|| "null".to_owned(), |value| json::quoted(&value));
        members.push(format!("{} : {value}", json::quoted(&name)));
    }
    let text = format!("{{{}}}", members.join(", "));
    if is_binary { canonical(&text) } else { Ok(Cell::from(text)) }
}

fn elements(function: &str, text: &str) -> Result<Cell> {
    let (binary, as_text) = (function.starts_with("jsonb"), function.ends_with("_text"));
    let what = match json::kind(text) {
        Kind::Array => None,
        Kind::Object if binary => Some("cannot extract elements from an object".to_owned()),
        _ if binary => Some("cannot extract elements from a scalar".to_owned()),
        Kind::Object => Some(format!("cannot call {function} on a non-array")),
        _ => Some(format!("cannot call {function} on a scalar")),
    };
    if let Some(message) = what {
        return Err(refused(message));
    }
    let mut cells = Vec::new();
    for item in json::items(text) {
        cells.push(if as_text { unquoted(Some(item))? } else { owned(Some(item)) });
    }
    Ok(Cell::List(cells))
}

fn keys(function: &str, text: &str) -> Result<Cell> {
    match json::kind(text) {
        Kind::Object => {
            let members = json::members(text)?;
            Ok(Cell::List(members.into_iter().map(|(name, _)| Cell::from(name)).collect()))
        }
        Kind::Array => Err(refused(format!("cannot call {function} on an array"))),
        _ => Err(refused(format!("cannot call {function} on a scalar"))),
    }
}

fn parts<'a>(function: &str, text: &'a str) -> Result<Vec<(String, &'a str)>> {
    match json::kind(text) {
        Kind::Object => json::members(text),
        _ if function.starts_with("jsonb") => {
            Err(refused(format!("cannot call {function} on a non-object")))
        }
        Kind::Array => Err(refused("cannot deconstruct an array as an object")),
        _ => Err(refused("cannot deconstruct a scalar")),
    }
}

fn names(function: &str, text: &str) -> Result<Cell> {
    Ok(Cell::from(parts(function, text)?.into_iter().map(|(name, _)| name).collect::<Vec<_>>()))
}

fn values(function: &str, text: &str, as_text: bool) -> Result<Cell> {
    let mut cells = Vec::new();
    for (_, value) in parts(function, text)? {
        cells.push(if as_text { unquoted(Some(value))? } else { owned(Some(value)) });
    }
    Ok(Cell::List(cells))
}

/// Errors: 22023 for a value that is no object.
fn record(text: &str) -> Result<Cell> {
    match json::kind(text) {
        Kind::Object => Ok(owned(Some(text))),
        Kind::Array => Err(refused("cannot call populate_composite on an array")),
        _ => Err(refused("cannot call populate_composite on a scalar")),
    }
}

/// Errors: 22023 for a value that is no array of objects.
fn records(text: &str, function: &str) -> Result<Cell> {
    match json::kind(text) {
        Kind::Array => {}
        Kind::Object if function.starts_with("jsonb") => {
            return Err(refused(format!("cannot call {function} on a non-array")));
        }
        Kind::Object => return Err(refused(format!("cannot call {function} on an object"))),
        _ if function.starts_with("jsonb") => {
            return Err(refused(format!("cannot call {function} on a non-array")));
        }
        _ => return Err(refused(format!("cannot call {function} on a scalar"))),
    }
    let items = json::items(text);
    if items.iter().any(|item| json::kind(item) != Kind::Object) {
        let message = format!("argument of {function} must be an array of objects");
        return Err(refused(message));
    }
    Ok(Cell::List(items.into_iter().map(|item| owned(Some(item))).collect()))
}

/// The texts of a list between two brackets.
fn gathered(call: &Call<'_>, open: &str, close: &str) -> String {
    let texts: Vec<&str> = call.args[0].items().iter().map(Cell::text).collect();
    // Arrays and rows bring a line end in front, which the first of them does not need.
    format!("{open}{}{close}", texts.join(", ").trim_start())
}

#[cfg(test)]
mod tests {
    use super::at_path;

    fn check(text: &str, path: &[&str], want: Option<&str>) {
        let steps: Vec<_> = path.iter().map(|step| Some((*step).to_owned())).collect();
        assert_eq!(at_path(text, &steps).expect("a path"), want);
    }

    #[test]
    fn paths_lead_through_objects_and_arrays() {
        let text = r#"{"a": {"b": [1, 2.50]}, "a\"": null, "c": 1, "c": 2}"#;
        check(text, &["a", "b", "1"], Some("2.50"));
        check(text, &["a", "b", "-2"], Some("1"));
        check(text, &["a", "b", "2"], None);
        check(text, &["a", "b", "x"], None);
        check(text, &["a\""], Some("null"));
        check(text, &["c"], Some("2"));
        check(text, &["c", "d"], None);
        check(text, &[], Some(text));
    }
}
