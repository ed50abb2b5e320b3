//! Lengths and precisions of a type with its modifier, which `information_schema` is defined with and tools call
//! themselves (PostgreSQL's information_schema.sql).

use super::cells::{Call, Spec};
use super::session::specs;
use crate::error::Result;
use crate::pg::catalog::information;
use crate::pg::catalog::rows::Cell;

/// Every function of this kind.
pub(super) const SPECS: &[Spec] = specs! {
    "information_schema._pg_char_max_length" ["nn"] -> "int4" strict |call| limit(call, "character_maximum_length");
    "information_schema._pg_char_octet_length" ["nn"] -> "int4" strict |call| limit(call, "character_octet_length");
    "information_schema._pg_numeric_precision" ["nn"] -> "int4" strict |call| limit(call, "numeric_precision");
    "information_schema._pg_numeric_precision_radix" ["nn"] -> "int4" strict |call| limit(call, "numeric_precision_radix");
    "information_schema._pg_numeric_scale" ["nn"] -> "int4" strict |call| limit(call, "numeric_scale");
    "information_schema._pg_datetime_precision" ["nn"] -> "int4" strict |call| limit(call, "datetime_precision");
};

fn limit(call: &Call<'_>, wanted: &str) -> Result<Cell> {
    let kind = u32::try_from(call.int(0)).unwrap_or(0);
    let modifier = i32::try_from(call.int(1)).unwrap_or(-1);
    let found = information::limits(kind, modifier).into_iter().find(|(name, _)| *name == wanted);
    Ok(found.map_or(Cell::Null, |(_, value)| value))
}
