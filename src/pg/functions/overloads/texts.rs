//! Casts of the short text types (PostgreSQL manual, section 8.3; name.c, char.c).

use std::borrow::Cow;

use super::{Datum, Overload, Row, overloads};
use crate::error::{Error, Result};
use crate::pg::decode;
use crate::pg::types::{CHAR, DATE, INT4, NAME, TEXT, XID};

/// Every function of this kind.
pub(super) const ALL: &[Overload] = overloads! {
    // Of one argument, before which the rewrite put the date of today; the session tells it: see `of_session`.
    "age" (DATE, XID) -> INT4 |_| Err(Error::Internal("age of a transaction without a session".to_owned()));
    // Of a pattern, which the rewrite calls by other names.
    "substring" (TEXT, TEXT) -> TEXT |_| Err(Error::Internal("a pattern is not called".to_owned()));
    "substring" (TEXT, TEXT, TEXT) -> TEXT |_| Err(Error::Internal("a pattern is not called".to_owned()));
    "forebay_name" (TEXT) -> NAME |row| Ok(Datum::Text(Cow::Borrowed(decode::name(row.text(0)))));
    "forebay_char_number" (CHAR) -> INT4 |row| Ok(Datum::Int(number(row.text(0))));
    "forebay_number_char" (INT4) -> CHAR character;
};

/// The byte of a `"char"` with its sign; none is 0.
fn number(text: &str) -> i64 {
    text.bytes().next().map_or(0, |byte| i64::from(i8::from_ne_bytes([byte])))
}

/// Errors: 22003 for a number that is no byte; 0A000 for one that is no text.
fn character<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    match row.int(0) {
        0 => Ok(Datum::Text(Cow::Borrowed(""))),
        number @ 1..128 => {
            let c = u8::try_from(number).ok().map(char::from);
            Ok(Datum::of_text(c.into_iter().collect()))
        }
        -128..0 => {
            Err(Error::FeatureNotSupported("\"char\" beyond ASCII is not supported".to_owned()))
        }
        _ => Err(Error::NumericOutOfRange("\"char\" out of range".to_owned())),
    }
}
