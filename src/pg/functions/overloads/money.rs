//! Functions and operators of `money` (PostgreSQL manual, section 8.2; cash.c).

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

use super::{Datum, Overload, Row, key, overloads};
use crate::error::{Error, Result};
use crate::pg::adt::money::{plain, read, written};
use crate::pg::types::{FLOAT8, INT8, MONEY, TEXT};

/// Every function of this kind; operators go by their signs.
pub(super) const ALL: &[Overload] = overloads! {
    "+" (MONEY, MONEY) -> MONEY |row| sum(cents(row, 0)?.checked_add(cents(row, 1)?));
    "-" (MONEY, MONEY) -> MONEY |row| sum(cents(row, 0)?.checked_sub(cents(row, 1)?));
    "/" (MONEY, MONEY) -> FLOAT8 ratio;
    "*" (MONEY, INT8) -> MONEY |row| sum(cents(row, 0)?.checked_mul(row.int(1)));
    "*" (INT8, MONEY) -> MONEY |row| sum(cents(row, 1)?.checked_mul(row.int(0)));
    "/" (MONEY, INT8) -> MONEY share;
    "*" (MONEY, FLOAT8) -> MONEY |row| rounded(cents(row, 0)?, |cents| Ok(cents * double(row, 1)?));
    "*" (FLOAT8, MONEY) -> MONEY |row| rounded(cents(row, 1)?, |cents| Ok(cents * double(row, 0)?));
    "/" (MONEY, FLOAT8) -> MONEY |row| rounded(cents(row, 0)?, |cents| over(cents, double(row, 1)?));
    "cashlarger" (MONEY, MONEY) -> MONEY |row| sum(Some(cents(row, 0)?.max(cents(row, 1)?)));
    "cashsmaller" (MONEY, MONEY) -> MONEY |row| sum(Some(cents(row, 0)?.min(cents(row, 1)?)));
    "forebay_money_number" (MONEY) -> TEXT |row| Ok(Datum::of_text(plain(cents(row, 0)?)));
    "forebay_key" (MONEY) -> TEXT |row| key(row, MONEY);
};

fn cents(row: &Row<'_>, index: usize) -> Result<i64> {
    read(row.text(index))
}

/// Argument `index`, a number in double precision.
fn double(row: &Row<'_>, index: usize) -> Result<f64> {
    let value = row.value(index)?.map(|value| value.cast_to(&DataType::Float64));
    match value {
        Some(Ok(ScalarValue::Float64(Some(value)))) => Ok(value),
        _ => Err(Error::Internal("an argument is of another type".to_owned())),
    }
}

/// Errors: 22003 beyond the range.
fn sum(cents: Option<i64>) -> Result<Datum<'static>> {
    cents.map(|cents| Datum::of_text(written(cents))).ok_or_else(out_of_range)
}

fn out_of_range() -> Error {
    Error::NumericOutOfRange("money out of range".to_owned())
}

fn share<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    match row.int(1) {
        0 => Err(Error::DivisionByZero),
        divisor => sum(cents(row, 0)?.checked_div(divisor)),
    }
}

fn over(cents: f64, divisor: f64) -> Result<f64> {
    if divisor == 0.0 { Err(Error::DivisionByZero) } else { Ok(cents / divisor) }
}

fn ratio<'a>(row: &Row<'a>) -> Result<Datum<'a>> {
    let (dividend, divisor) = (cents(row, 0)?, cents(row, 1)?);
    let quotient = over(whole(dividend), whole(divisor))?;
    Ok(Datum::Value(Some(ScalarValue::Float64(Some(quotient)))))
}

/// As C converts a number of 64 bits: to the nearest one in double precision.
#[expect(clippy::cast_precision_loss, reason = "PostgreSQL calculates in double precision")]
fn whole(cents: i64) -> f64 {
    cents as f64
}

fn rounded(cents: i64, work: impl Fn(f64) -> Result<f64>) -> Result<Datum<'static>> {
    let value = work(whole(cents))?.round_ties_even();
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    let digits = format!("{value:.0}");
    sum(digits.parse().ok().filter(|_| fits))
}
