//! Functions of whole numbers that PostgreSQL has under names of their own (int.c, int8.c, oid.c).

use super::{Datum, Overload, Row, overloads};
use crate::error::{Error, Result};
use crate::pg::types::{INT2, INT4, INT8};

/// Every function of this kind.
pub(super) const ALL: &[Overload] = overloads! {
    "int2larger" (INT2, INT2) -> INT2 |row| Ok(Datum::Int(row.int(0).max(row.int(1))));
    "int2smaller" (INT2, INT2) -> INT2 |row| Ok(Datum::Int(row.int(0).min(row.int(1))));
    "int4larger" (INT4, INT4) -> INT4 |row| Ok(Datum::Int(row.int(0).max(row.int(1))));
    "int4smaller" (INT4, INT4) -> INT4 |row| Ok(Datum::Int(row.int(0).min(row.int(1))));
    "int8larger" (INT8, INT8) -> INT8 |row| Ok(Datum::Int(row.int(0).max(row.int(1))));
    "int8smaller" (INT8, INT8) -> INT8 |row| Ok(Datum::Int(row.int(0).min(row.int(1))));
    "forebay_oid" (INT8) -> INT8 object;
};

/// `i8tooid`. Errors: 22003 for what 32 bits without a sign do not hold.
fn object<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    match u32::try_from(row.int(0)) {
        Ok(number) => Ok(Datum::Int(number.into())),
        Err(_wide) => Err(Error::NumericOutOfRange("OID out of range".to_owned())),
    }
}
