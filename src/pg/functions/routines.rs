//! How functions are defined: `pg_get_functiondef` and its kin (PostgreSQL manual, table 9.71; ruleutils.c).

use super::cells::Call;
use super::names;
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::catalog::dynamic::quote_identifier;
use crate::pg::catalog::index::INFORMATION_SCHEMA_OID;
use crate::pg::catalog::rows::Cell;

/// `pg_language.oid` of `internal` and `c`, whose functions cost less than others.
const COMPILED: [u32; 2] = [12, 13];

/// The statement that calls the function, and the types of its parameters (fastpath.c).
///
/// Errors: 42883 when there is none, 0A000 for an aggregate and for one that returns rows.
pub(super) fn calling(oid: u32) -> Result<(String, Vec<u32>)> {
    if names::function_row(oid).is_none() {
        let message = format!("function with OID {oid} does not exist");
        return Err(Error::UndefinedFunction(message));
    }
    let cell = |column| cell(oid, column);
    let name = cell("proname");
    if cell("prokind").text() != "f" || cell("proretset").truth() {
        let message = format!("cannot call function \"{}\" via fastpath interface", name.text());
        return Err(Error::FeatureNotSupported(message));
    }
    let types: Vec<u32> = cell("proargtypes").items().iter().map(Cell::oid).collect();
    let variadic = cell("provariadic").oid() != 0;
    let parameters = (1..=types.len()).map(|number| match variadic && number == types.len() {
        true => format!("VARIADIC ${number}"),
        false => format!("${number}"),
    });
    let parameters = parameters.collect::<Vec<String>>().join(", ");
    let system = cell("pronamespace").oid() != INFORMATION_SCHEMA_OID;
    let schema = if system { "pg_catalog" } else { "information_schema" };
    let call = format!("SELECT {schema}.{}({parameters})", quote_identifier(name.text()));
    Ok((call, types))
}

/// `CREATE OR REPLACE FUNCTION …`
///
/// Errors: 42809 for an aggregate.
pub(super) fn definition(call: &Call<'_>) -> Result<Cell> {
    let oid = call.oid(0);
    if names::function_row(oid).is_none() {
        return Ok(Cell::Null);
    }
    let cell = |column| cell(oid, column);
    let name = cell("proname");
    if cell("prokind").text() == "a" {
        let message = format!("\"{}\" is an aggregate function", name.text());
        return Err(Error::WrongObjectType(message));
    }
    let languages = data::table("pg_language").rows();
    let language = languages.iter().find(|row| row[0].oid() == cell("prolang").oid());
    let language = language.map_or("internal", |row| row[1].text());
    let schema = call.facts.index().schema_name(cell("pronamespace").oid()).unwrap_or("pg_catalog");
    let mut text = format!(
        "CREATE OR REPLACE FUNCTION {schema}.{}({})\n RETURNS {}\n LANGUAGE {language}\n",
        quote_identifier(name.text()),
        arguments(call, true)?.text(),
        result(call)?.text(),
    );
    let attributes = attributes(oid, call);
    if !attributes.is_empty() {
        text.push_str(&attributes);
        text.push('\n');
    }
    match body(call)? {
        Cell::Text(body) => text.push_str(&body),
        _ => {
            text.push_str("AS ");
            if let Cell::Text(file) = cell("probin") {
                text.push_str(&format!("'{}', ", file.replace('\'', "''")));
            }
            let source = cell("prosrc");
            let mut quote = "$function".to_owned();
            while source.text().contains(&quote) {
                quote.push('x');
            }
            text.push_str(&format!("{quote}${}{quote}$", source.text()));
        }
    }
    text.push('\n');
    Ok(Cell::from(text))
}

/// What differs from what CREATE FUNCTION would assume, on one line.
fn attributes(oid: u32, call: &Call<'_>) -> String {
    let cell = |column| cell(oid, column);
    let mut text = String::new();
    for (column, value, words) in [
        ("prokind", "w", " WINDOW"),
        ("provolatile", "i", " IMMUTABLE"),
        ("provolatile", "s", " STABLE"),
        ("proparallel", "s", " PARALLEL SAFE"),
        ("proparallel", "r", " PARALLEL RESTRICTED"),
    ] {
        if cell(column).text() == value {
            text.push_str(words);
        }
    }
    for (column, words) in [
        ("proisstrict", " STRICT"),
        ("prosecdef", " SECURITY DEFINER"),
        ("proleakproof", " LEAKPROOF"),
    ] {
        if cell(column).truth() {
            text.push_str(words);
        }
    }
    let usual = if COMPILED.contains(&cell("prolang").oid()) { 1.0 } else { 100.0 };
    if let Cell::Float(cost) = cell("procost")
        && cost != usual
    {
        text.push_str(&format!(" COST {cost}"));
    }
    if let Cell::Float(rows) = cell("prorows")
        && rows > 0.0
        && rows != 1000.0
    {
        text.push_str(&format!(" ROWS {rows}"));
    }
    let support = cell("prosupport").oid();
    if support != 0 {
        text.push_str(&format!(" SUPPORT {}", names::function_out(support, call.facts)));
    }
    text
}

/// `RETURN …` of a function that has no text.
pub(super) fn body(call: &Call<'_>) -> Result<Cell> {
    Ok(Cell::from(told("proc_bodies", call.oid(0))))
}

/// A function's arguments as CREATE FUNCTION lists them, with or without their defaults.
pub(super) fn arguments(call: &Call<'_>, defaults: bool) -> Result<Cell> {
    let oid = call.oid(0);
    if names::function_row(oid).is_none() {
        return Ok(Cell::Null);
    }
    if defaults && let Some(told) = told("proc_defaults", oid) {
        return Ok(Cell::from(told));
    }
    let (inputs, every) = (cell(oid, "proargtypes"), cell(oid, "proallargtypes"));
    let (modes, argument_names) = (cell(oid, "proargmodes"), cell(oid, "proargnames"));
    let kinds = if every == Cell::Null { inputs.items() } else { every.items() };
    let direct = direct_arguments(oid);
    let mut list = String::new();
    let mut printed = 0;
    let mut positions: Vec<usize> = (0..kinds.len()).collect();
    // A hypothetical-set aggregate takes after ORDER BY what it takes before.
    if direct == Some(kinds.len())
        && let Some(last) = kinds.len().checked_sub(1)
    {
        positions.push(last);
    }
    for position in positions {
        let mode = modes.items().get(position).map_or("i", Cell::text);
        if mode == "t" {
            continue;
        }
        if direct == Some(printed) {
            list.push_str(if printed == 0 { "ORDER BY " } else { " ORDER BY " });
        } else if printed > 0 {
            list.push_str(", ");
        }
        printed += 1;
        list.push_str(match mode {
            "o" => "OUT ",
            "b" => "INOUT ",
            "v" => "VARIADIC ",
            _ => "",
        });
        let name = argument_names.items().get(position).map_or("", Cell::text);
        if !name.is_empty() {
            list.push_str(&quote_identifier(name));
            list.push(' ');
        }
        let kind = kinds.get(position).map_or(0, Cell::oid);
        list.push_str(&names::type_name(kind, call.facts));
    }
    Ok(Cell::from(list))
}

/// How many arguments an ordered-set aggregate takes before ORDER BY; `None` for any other function.
fn direct_arguments(oid: u32) -> Option<usize> {
    let aggregates = data::table("pg_aggregate");
    let row = aggregates.rows().iter().find(|row| row[0].oid() == oid)?;
    (row[1].text() != "n").then(|| usize::try_from(row[2].int()).ok()).flatten()
}

/// What a function returns, as CREATE FUNCTION says it.
pub(super) fn result(call: &Call<'_>) -> Result<Cell> {
    let oid = call.oid(0);
    if names::function_row(oid).is_none() || cell(oid, "prokind").text() == "p" {
        return Ok(Cell::Null);
    }
    let (modes, every) = (cell(oid, "proargmodes"), cell(oid, "proallargtypes"));
    let columns: Vec<usize> = modes
        .items()
        .iter()
        .enumerate()
        .filter(|(_, mode)| mode.text() == "t")
        .map(|(position, _)| position)
        .collect();
    if !columns.is_empty() {
        let argument_names = cell(oid, "proargnames");
        let column = |position: &usize| {
            let name = argument_names.items().get(*position).map_or("", Cell::text).to_owned();
            let kind = every.items().get(*position).map_or(0, Cell::oid);
            format!("{} {}", quote_identifier(&name), names::type_name(kind, call.facts))
        };
        let columns: Vec<String> = columns.iter().map(column).collect();
        return Ok(Cell::from(format!("TABLE({})", columns.join(", "))));
    }
    let kind = names::type_name(cell(oid, "prorettype").oid(), call.facts);
    let set = if cell(oid, "proretset").truth() { "SETOF " } else { "" };
    Ok(Cell::from(format!("{set}{kind}")))
}

fn cell(oid: u32, column: &str) -> Cell {
    let at = data::table("pg_proc").index(column);
    names::function_row(oid).map_or(Cell::Null, |row| row[at].clone())
}

/// What the file `name` tells of the function.
fn told(name: &str, oid: u32) -> Option<String> {
    let wanted = oid.to_string();
    let cells = data::lines(name).find(|cells| cells.first().is_some_and(|oid| *oid == wanted))?;
    cells.get(1).map(ToString::to_string)
}
