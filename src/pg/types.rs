//! Which PostgreSQL type an Arrow field is.

use arrow::datatypes::Field;

/// The key in a field's metadata that names a PostgreSQL type Arrow has no type for (`oid`, `name`, `regclass`, …).
pub const TYPE_KEY: &str = "forebay.type";

/// A PostgreSQL type as RowDescription tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgType {
    /// `pg_type.oid`.
    pub oid: u32,
    /// `pg_type.typlen`; -1 is variable.
    pub len: i16,
    /// `atttypmod`; -1 is none.
    pub modifier: i32,
}

/// The PostgreSQL type of `field`.
pub fn of_field(_field: &Field) -> PgType {
    PgType { oid: 25, len: -1, modifier: -1 }
}
