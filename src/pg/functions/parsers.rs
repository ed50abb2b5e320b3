//! What text search parsers tell apart (PostgreSQL manual, section 9.13.3). There is one, and nothing is parsed with it.

use super::cells::Call;
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::catalog::rows::Cell;

/// The columns of `ts_token_type(parser)`, each as a list.
pub(super) fn token_numbers(call: &Call<'_>) -> Result<Cell> {
    let numbers = tokens(call, 0)?.into_iter().filter_map(|number| number.parse::<i32>().ok());
    Ok(Cell::from(numbers.collect::<Vec<i32>>()))
}

pub(super) fn token_names(call: &Call<'_>) -> Result<Cell> {
    Ok(Cell::from(tokens(call, 1)?))
}

pub(super) fn token_descriptions(call: &Call<'_>) -> Result<Cell> {
    Ok(Cell::from(tokens(call, 2)?))
}

/// Errors: no such parser.
fn tokens(call: &Call<'_>, column: usize) -> Result<Vec<String>> {
    let mut parsers = data::table("pg_ts_parser").rows().iter();
    let (found, missing) = match &call.args[0] {
        Cell::Text(name) => (
            parsers.any(|row| row[1].text() == name.trim_start_matches("pg_catalog.")),
            format!("text search parser \"{name}\" does not exist"),
        ),
        number => (
            parsers.any(|row| row[0].oid() == number.oid()),
            format!("cache lookup failed for text search parser {}", number.oid()),
        ),
    };
    if !found {
        return Err(Error::UndefinedObject(missing));
    }
    let rows = data::lines("ts_token_type");
    Ok(rows.filter_map(|cells| cells.get(column).map(ToString::to_string)).collect())
}
