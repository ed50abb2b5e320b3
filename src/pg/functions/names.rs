//! Names to OIDs and back: the input and output functions of `regclass`, `regtype` and their kin
//! (PostgreSQL manual, section 8.19).

use std::sync::Arc;

use super::cells::Call;
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::catalog::dynamic::{all_roles, quote_identifier};
use crate::pg::catalog::index::{Entity, INFORMATION_SCHEMA_OID, type_cell};
use crate::pg::catalog::rows::{Cell, Row};
use crate::pg::catalog::{system_indexes, toast};
use crate::pg::facts::Facts;
use crate::pg::types;

/// `a.b."C d"` as its parts: folded to lower case outside quotes. `None` when it is no list of identifiers.
pub(super) fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim().chars().peekable();
    loop {
        let mut part = String::new();
        if rest.peek() == Some(&'"') {
            rest.next();
            loop {
                match rest.next()? {
                    '"' if rest.peek() == Some(&'"') => {
                        rest.next();
                        part.push('"');
                    }
                    '"' => break,
                    other => part.push(other),
                }
            }
        } else {
            while let Some(c) = rest.next_if(|c| *c != '.') {
                part.push(c.to_ascii_lowercase());
            }
            part = part.trim().to_owned();
            if part.is_empty() || part.contains([' ', '"', '(', ')']) {
                return None;
            }
        }
        parts.push(part);
        match rest.next() {
            None => return Some(parts),
            Some('.') => {}
            Some(_) => return None,
        }
    }
}

/// `schema.name` or `name`; a leading database name must be the connected one.
pub(super) fn qualified(text: &str, facts: &Facts) -> Result<(Option<String>, String)> {
    let mut parts = parts(text).ok_or(Error::InvalidName)?;
    if parts.len() == 3 && parts[0] == facts.database {
        parts.remove(0);
    }
    match <[String; 2]>::try_from(parts) {
        Ok([schema, name]) => Ok((Some(schema), name)),
        Err(parts) => match <[String; 1]>::try_from(parts) {
            Ok([name]) => Ok((None, name)),
            Err(_) => Err(Error::FeatureNotSupported(format!(
                "cross-database references are not implemented: \"{text}\""
            ))),
        },
    }
}

/// Digits are an OID, `-` is none.
fn number(text: &str) -> Option<u32> {
    if text == "-" { Some(0) } else { text.parse().ok() }
}

/// The relation that `text` names, as `regclass` reads it.
pub(super) fn relation(text: &str, facts: &Facts) -> Result<Arc<Entity>> {
    let (schema, name) = qualified(text, facts)?;
    let index = facts.index();
    let found = match &schema {
        Some(schema) => match index.named(schema, &name) {
            Some(found) => Some(found),
            None if index.schema_oid(schema).is_none() && facts.schema(schema).is_none() => {
                return Err(Error::UndefinedSchema(schema.clone()));
            }
            None => None,
        },
        None => index.visible(facts, &name),
    };
    let shown = schema.map_or_else(|| name.clone(), |schema| format!("{schema}.{name}"));
    found.ok_or(Error::UndefinedTable(shown))
}

/// `regclass` from text.
pub(super) fn class_in(text: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    let failed = match relation(text, facts) {
        Ok(found) => return Ok(found.ids.relation),
        Err(error) => error,
    };
    // An index may be meant.
    let (schema, name) = qualified(text, facts)?;
    let index = facts.index();
    let found = index.relations.iter().find(|entity| {
        let here = match &schema {
            Some(schema) => entity.schema == *schema,
            None => facts.search_path.contains(&entity.schema),
        };
        here && entity.indexes.iter().any(|index| index.name == name)
    });
    let found = found.and_then(|entity| entity.indexes.iter().find(|index| index.name == name));
    match found {
        Some(index) => Ok(index.oid),
        None => {
            let found = match schema.as_deref() {
                None | Some("pg_catalog") => system_indexes::by_name(&name).map(|index| index.oid),
                Some("pg_toast") => toast::by_name(&name),
                Some(_) => None,
            };
            found.ok_or(failed)
        }
    }
}

/// Whether what PostgreSQL itself brings in this schema is found by its bare name.
pub(super) fn schema_searched(oid: u32, facts: &Facts) -> bool {
    oid != INFORMATION_SCHEMA_OID
        || facts.search_path.iter().any(|schema| schema == "information_schema")
}

/// Whether the relation is found by its bare name.
pub(super) fn relation_visible(entity: &Arc<Entity>, facts: &Facts) -> bool {
    let found = facts.index().visible(facts, &entity.name);
    found.is_some_and(|found| found.ids.relation == entity.ids.relation)
}

/// `regclass` to text.
pub(super) fn class_out(oid: u32, facts: &Facts) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    let index = facts.index();
    if let Some(entity) = index.relation(oid) {
        let name = quote_identifier(&entity.name);
        if relation_visible(entity, facts) {
            return name;
        }
        return format!("{}.{name}", quote_identifier(&entity.schema));
    }
    match index.by_index(oid) {
        Some((entity, own)) if facts.search_path.contains(&entity.schema) => {
            quote_identifier(&own.name)
        }
        Some((entity, own)) => {
            let schema = quote_identifier(&entity.schema);
            format!("{schema}.{}", quote_identifier(&own.name))
        }
        None => match (system_indexes::by_oid(oid), toast::name(oid)) {
            (Some(index), _) => index.name.clone(),
            (None, Some(toast)) => format!("pg_toast.{toast}"),
            (None, None) => oid.to_string(),
        },
    }
}

/// `regtype` from text: any SQL or internal name of a type.
pub(super) fn type_in(text: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    if text.trim().is_empty() {
        return Err(Error::Syntax(format!("invalid type name \"{text}\"")));
    }
    let undefined = || Error::UndefinedObject(format!("type \"{text}\" does not exist"));
    if let Some(element) = text.trim().strip_suffix("[]") {
        let element = type_in(element, facts)?;
        let array = type_cell(element, "typarray").oid();
        return if array == 0 { Err(undefined()) } else { Ok(array) };
    }
    if let Some(oid) = types::by_name(text) {
        return Ok(oid);
    }
    let (schema, name) = qualified(text, facts).map_err(|_unknown| undefined())?;
    let namespace = schema.as_deref().and_then(|schema| facts.index().schema_oid(schema));
    let known = data::table("pg_type").rows().iter().find(|row| {
        let here = match namespace {
            Some(namespace) => row[2].oid() == namespace,
            None => row[2].oid() != INFORMATION_SCHEMA_OID,
        };
        here && row[1].text() == name
    });
    if let Some(row) = known {
        return Ok(row[0].oid());
    }
    let (bare, array) = name.strip_prefix('_').map_or((name.as_str(), false), |name| (name, true));
    let index = facts.index();
    let entity = match &schema {
        Some(schema) => index.named(schema, bare),
        None => index.visible(facts, bare),
    };
    let ids = entity.ok_or_else(undefined)?.ids;
    Ok(if array { ids.array_type } else { ids.row_type })
}

/// `format_type`, for every type there is.
pub(super) fn type_out(oid: u32, modifier: i32, facts: &Facts) -> String {
    if types::name_of(oid).is_some() || oid == 0 {
        return types::format_type(oid, modifier);
    }
    let name = type_cell(oid, "typname");
    if !name.text().is_empty() {
        let element = type_cell(oid, "typelem").oid();
        if element != 0 && type_cell(element, "typarray").oid() == oid {
            return format!("{}[]", type_out(element, modifier, facts));
        }
        let quoted = quote_identifier(name.text());
        let found = schema_searched(type_cell(oid, "typnamespace").oid(), facts);
        return if found { quoted } else { format!("information_schema.{quoted}") };
    }
    match facts.index().row_type(oid) {
        Some((entity, array)) => {
            let name = quote_identifier(&entity.name);
            let name = if relation_visible(entity, facts) {
                name
            } else {
                format!("{}.{name}", quote_identifier(&entity.schema))
            };
            if array { format!("{name}[]") } else { name }
        }
        None => "???".to_owned(),
    }
}

/// PostgreSQL's `format_type_be`: the SQL name of a type, `character` too.
pub(super) fn type_name(oid: u32, facts: &Facts) -> String {
    match oid {
        types::BPCHAR => "character".to_owned(),
        types::BPCHAR_ARRAY => "character[]".to_owned(),
        _ => type_out(oid, -1, facts),
    }
}

/// `oidvectortypes`: the types of a function's arguments.
pub(super) fn vector_types(call: &Call<'_>) -> Result<Cell> {
    let oids = call.args[0].items().iter().map(Cell::oid);
    let names: Vec<String> = oids.map(|oid| type_name(oid, call.facts)).collect();
    Ok(Cell::from(names.join(", ")))
}

/// `regtype` to text: an unknown OID stays a number.
pub(super) fn regtype_out(oid: u32, facts: &Facts) -> String {
    match type_name(oid, facts) {
        name if name == "???" => oid.to_string(),
        name => name,
    }
}

/// `regproc` from text: the name must be unique.
pub(super) fn function_in(text: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    let found = functions(text, facts)?;
    match found.as_slice() {
        [] => Err(Error::UndefinedFunction(format!("function \"{text}\" does not exist"))),
        [row] => Ok(row[0].oid()),
        _ => Err(Error::AmbiguousFunction(format!("more than one function named \"{text}\""))),
    }
}

fn functions(text: &str, facts: &Facts) -> Result<Vec<&'static Row>> {
    let (schema, name) = qualified(text, facts)?;
    let namespace = match &schema {
        Some(schema) => {
            let found = facts.index().schema_oid(schema);
            if found.is_none() && facts.schema(schema).is_none() {
                return Err(Error::UndefinedSchema(schema.clone()));
            }
            Some(found)
        }
        None => None,
    };
    let rows = data::table("pg_proc").rows().iter();
    let found = rows.filter(|row| {
        let own = row[2].oid();
        let here = namespace.map_or_else(|| schema_searched(own, facts), |oid| oid == Some(own));
        here && row[1].text() == name
    });
    Ok(found.collect())
}

/// The types in a list of arguments: commas inside of brackets and quotes part none.
fn argument_types(list: &str) -> Vec<String> {
    let (mut types, mut depth, mut quoted) = (vec![String::new()], 0, false);
    for c in list.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        match types.last_mut() {
            Some(last) if c != ',' || quoted || depth != 0 => last.push(c),
            _ => types.push(String::new()),
        }
    }
    if list.trim().is_empty() { Vec::new() } else { types }
}

/// `regprocedure` from text: `lower(text)`.
pub(super) fn procedure_in(text: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    let undefined = || Error::UndefinedFunction(format!("function \"{text}\" does not exist"));
    let (name, rest) = text
        .split_once('(')
        .ok_or_else(|| Error::Syntax("expected a left parenthesis".to_owned()))?;
    let list = rest
        .trim_end()
        .strip_suffix(')')
        .ok_or_else(|| Error::Syntax("expected a right parenthesis".to_owned()))?;
    let mut wanted = Vec::new();
    for kind in argument_types(list) {
        wanted.push(type_in(kind.trim(), facts)?);
    }
    let at = data::table("pg_proc").index("proargtypes");
    let found = functions(name, facts)?.into_iter().find(|row| {
        let types = row[at].items();
        types.len() == wanted.len()
            && types.iter().zip(&wanted).all(|(known, wanted)| known.oid() == *wanted)
    });
    Ok(found.ok_or_else(undefined)?[0].oid())
}

/// The row of `pg_proc` with this OID.
pub(super) fn function_row(oid: u32) -> Option<&'static Row> {
    data::by_oid("pg_proc").get(&oid).copied()
}

/// `regproc` to text: qualified when the bare name would not come back to it.
pub(super) fn function_out(oid: u32, facts: &Facts) -> String {
    if oid == 0 {
        return "-".to_owned();
    }
    let Some(row) = function_row(oid) else {
        return oid.to_string();
    };
    let name = quote_identifier(row[1].text());
    let unique = function_in(row[1].text(), facts).is_ok_and(|found| found == oid);
    let schema = facts.index().schema_name(row[2].oid()).unwrap_or("pg_catalog");
    if unique { name } else { format!("{schema}.{name}") }
}

/// `regprocedure` to text.
pub(super) fn procedure_out(oid: u32, facts: &Facts) -> String {
    let Some(row) = function_row(oid) else {
        return function_out(oid, facts);
    };
    let at = data::table("pg_proc").index("proargtypes");
    let kinds = row[at].items().iter().map(|kind| type_name(kind.oid(), facts));
    let list = kinds.collect::<Vec<String>>().join(",");
    let found = schema_searched(row[2].oid(), facts);
    let schema = if found { "" } else { "information_schema." };
    format!("{schema}{}({list})", quote_identifier(row[1].text()))
}

fn single(text: &str) -> Result<String> {
    match parts(text).as_deref() {
        Some([name]) => Ok(name.clone()),
        _ => Err(Error::InvalidName),
    }
}

/// `regnamespace` from text.
pub(super) fn schema_in(text: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    let name = single(text)?;
    facts.index().schema_oid(&name).ok_or(Error::UndefinedSchema(name))
}

/// `regnamespace` to text.
pub(super) fn schema_out(oid: u32, facts: &Facts) -> String {
    match facts.index().schema_name(oid) {
        Some(name) => quote_identifier(name),
        None if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
    }
}

/// The OID of a role, PostgreSQL's predefined ones among them.
/// Errors: no such role.
pub(super) fn role(name: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = facts.role_oid(name) {
        return Ok(oid);
    }
    let known = data::table("pg_authid").rows().iter().find(|row| row[1].text() == name);
    let undefined = || Error::UndefinedObject(format!("role \"{name}\" does not exist"));
    Ok(known.ok_or_else(undefined)?[0].oid())
}

/// The name of the role with this OID.
pub(super) fn role_name(oid: u32, facts: &Facts) -> Option<String> {
    let rows = all_roles(facts);
    rows.iter().find(|row| row[0].oid() == oid).map(|row| row[1].text().to_owned())
}

/// `regrole` from text.
pub(super) fn role_in(text: &str, facts: &Facts) -> Result<u32> {
    match number(text) {
        Some(oid) => Ok(oid),
        None => role(&single(text)?, facts),
    }
}

/// `regrole` to text.
pub(super) fn role_out(oid: u32, facts: &Facts) -> String {
    match role_name(oid, facts) {
        Some(name) => quote_identifier(&name),
        None if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
    }
}

/// `regcollation` from text.
pub(super) fn collation_in(text: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    let (_, name) = qualified(text, facts)?;
    let found = data::table("pg_collation").rows().iter().find(|row| row[1].text() == name);
    let undefined = || {
        Error::UndefinedObject(format!("collation \"{text}\" for encoding \"UTF8\" does not exist"))
    };
    Ok(found.ok_or_else(undefined)?[0].oid())
}

/// `regcollation` to text.
pub(super) fn collation_out(oid: u32, _facts: &Facts) -> String {
    match data::by_oid("pg_collation").get(&oid) {
        Some(row) => quote_identifier(row[1].text()),
        None if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
    }
}

/// `regconfig` from text.
pub(super) fn configuration_in(text: &str, facts: &Facts) -> Result<u32> {
    search_object(text, "pg_ts_config", "configuration", facts)
}

/// `regconfig` to text.
pub(super) fn configuration_out(oid: u32, _facts: &Facts) -> String {
    search_object_name(oid, "pg_ts_config")
}

/// `regdictionary` from text.
pub(super) fn dictionary_in(text: &str, facts: &Facts) -> Result<u32> {
    search_object(text, "pg_ts_dict", "dictionary", facts)
}

/// `regdictionary` to text.
pub(super) fn dictionary_out(oid: u32, _facts: &Facts) -> String {
    search_object_name(oid, "pg_ts_dict")
}

/// What the text search has by that name in `catalog`; all of it is PostgreSQL's own.
fn search_object(text: &str, catalog: &'static str, what: &str, facts: &Facts) -> Result<u32> {
    if let Some(oid) = number(text) {
        return Ok(oid);
    }
    let (schema, name) = qualified(text, facts)?;
    let own = schema.is_none_or(|schema| schema == "pg_catalog");
    let mut rows = data::table(catalog).rows().iter();
    let found = rows.find(|row| own && row[1].text() == name);
    let undefined =
        || Error::UndefinedObject(format!("text search {what} \"{text}\" does not exist"));
    Ok(found.ok_or_else(undefined)?[0].oid())
}

fn search_object_name(oid: u32, catalog: &'static str) -> String {
    match data::table(catalog).rows().iter().find(|row| row[0].oid() == oid) {
        Some(row) => quote_identifier(row[1].text()),
        None if oid == 0 => "-".to_owned(),
        None => oid.to_string(),
    }
}
