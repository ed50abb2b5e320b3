//! INSERT of values that are written out: they become rows without a plan, which takes longer than all the rest. Whatever
//! is not plainly a value of its column is left to the plan, errors among it.

use arrow::array::RecordBatch;
use datafusion::scalar::ScalarValue;
use datafusion::sql::sqlparser::ast::{Expr, Query, SetExpr, UnaryOperator, Value};

use super::SqlSession;
use super::assigned::{Place, Places, marked};
use super::changed::Target;
use super::write::Given;
use super::written::Written;
use crate::catalog::table::Default;
use crate::error::Result;
use crate::pg::decode;
use crate::pg::types;
use crate::query::parse::{self, Change, Overriding};

/// A value as it stands in a statement.
enum Cell<'a> {
    Null,
    /// A string, or a whole number for a column of numbers.
    Text(String),
    Boolean(bool),
    /// `$n`, from 0.
    Parameter(usize),
    /// The next number of a sequence.
    Next(u32),
    /// The moment of the transaction.
    Now,
    /// The same as another expression.
    Of(&'a Place),
}

impl SqlSession {
    /// The rows of such an INSERT; `None` for any other.
    /// Errors: those of sequences.
    pub(super) async fn plain_rows(
        &mut self,
        change: &Change,
        written: &Written,
        parameters: Given<'_>,
    ) -> Result<Option<RecordBatch>> {
        let Change::Insert { columns, overriding, source: Some(source), .. } = change else {
            return Ok(None);
        };
        let all = Places::of(&written.table);
        let Some((rows, places)) = plain(source, &all, columns, *overriding) else {
            return Ok(None);
        };
        let Ok(rest) = all.defaults(&places) else { return Ok(None) };
        let every: Vec<&Place> = places.iter().chain(rest.places()).collect();
        let mut values: Vec<Vec<ScalarValue>> = vec![Vec::with_capacity(rows.len()); every.len()];
        let reading = self.reading();
        for row in rows {
            for (at, place) in every.iter().enumerate() {
                let cell = match row.get(at) {
                    Some(expr) => cell(expr, place),
                    None => Some(Cell::Of(place)),
                };
                let cell = match cell {
                    Some(Cell::Of(place)) => default_cell(place),
                    other => other,
                };
                let Some(cell) = cell else { return Ok(None) };
                let value = match cell {
                    Cell::Next(oid) => match self.numbered_by(oid).await? {
                        Some(number) => ScalarValue::Int64(Some(number)),
                        None => return Ok(None),
                    },
                    other => match value_of(&other, place, parameters, &reading) {
                        Some(value) => value,
                        None => return Ok(None),
                    },
                };
                let kind = written.table.columns.field(place.index).data_type();
                let Some(value) = fitting(value, kind) else { return Ok(None) };
                if let Some(column) = values.get_mut(at) {
                    column.push(value);
                }
            }
        }
        let mut arrays = Vec::with_capacity(values.len());
        for column in values {
            let Ok(array) = ScalarValue::iter_to_array(column) else { return Ok(None) };
            arrays.push(array);
        }
        let count = arrays.first().map_or(0, |array| array.len());
        let output = self.settings.meaning().output.clone();
        let target = Target { table: &written.table, rows: &written.rows, output: &output };
        let places: Vec<Place> = every.into_iter().cloned().collect();
        target.of_arrays(&places, arrays, count).map(Some)
    }

    /// The next number of a sequence; `None` where a plan has to say what is wrong.
    async fn numbered_by(&mut self, oid: u32) -> Result<Option<i64>> {
        let generation = self.generation();
        let Some((_, sequence)) = generation.sequence_by_oid(oid) else { return Ok(None) };
        if !generation.owns(&self.user, &sequence.owner) {
            return Ok(None);
        }
        self.sequences.next_async(sequence).await.map(Some)
    }
}

/// The types of the parameters of such an INSERT, where the client has not said others; `None` for any other.
pub(super) fn parameter_types(
    change: &Change,
    written: &Written,
    declared: &[u32],
) -> Option<Vec<u32>> {
    let Change::Insert { columns, overriding, source: Some(source), conflict: None } = change
    else {
        return None;
    };
    let all = Places::of(&written.table);
    let (rows, places) = plain(source, &all, columns, *overriding)?;
    let mut found = declared.to_vec();
    for row in rows {
        for (expr, place) in row.iter().zip(&places) {
            let Cell::Parameter(number) = cell(expr, place)? else { continue };
            if found.len() <= number {
                found.resize(number + 1, 0);
            }
            let slot = found.get_mut(number)?;
            match *slot {
                0 => *slot = place.pg_type.oid,
                known if known == place.pg_type.oid => {}
                _ => return None,
            }
        }
    }
    (!found.contains(&0)).then_some(found)
}

/// The rows of a query that is a list of them, and the places of their values.
fn plain<'q>(
    query: &'q Query,
    all: &Places<'_>,
    columns: &[parse::Named],
    overriding: Option<Overriding>,
) -> Option<(Vec<&'q [Expr]>, Vec<Place>)> {
    let SetExpr::Values(values) = query.body.as_ref() else { return None };
    if query.with.is_some() || query.order_by.is_some() || query.limit_clause.is_some() {
        return None;
    }
    if query.fetch.is_some() || overriding.is_some() {
        return None;
    }
    let rows: Vec<&[Expr]> = values.rows.iter().map(|row| row.content.as_slice()).collect();
    let count = rows.first()?.len();
    let mut places = all.inserted(columns).ok()?;
    if places.len() < count || (!columns.is_empty() && count < places.len()) {
        return None;
    }
    places.truncate(count);
    let own = |place: &Place| place.has_own_values();
    let even = rows.iter().all(|row| row.len() == count);
    (even && !places.iter().any(own)).then_some((rows, places))
}

fn cell<'a>(expr: &Expr, place: &'a Place) -> Option<Cell<'a>> {
    let number = |number: &str, sign: &str| {
        let whole = number.bytes().all(|byte| byte.is_ascii_digit());
        let kind = place.pg_type.oid;
        let integer = matches!(kind, types::INT2 | types::INT4 | types::INT8);
        let other = matches!(kind, types::FLOAT4 | types::FLOAT8 | types::NUMERIC);
        ((whole && integer) || other).then(|| Cell::Text(format!("{sign}{number}")))
    };
    match expr {
        _ if marked(expr) => Some(Cell::Of(place)),
        Expr::Value(value) => match &value.value {
            Value::Null => Some(Cell::Null),
            Value::SingleQuotedString(text) => Some(Cell::Text(text.clone())),
            Value::Number(text, _) => number(text, ""),
            Value::Boolean(truth) if place.pg_type.oid == types::BOOL => {
                Some(Cell::Boolean(*truth))
            }
            Value::Placeholder(name) => {
                let number: usize = name.strip_prefix('$')?.parse().ok()?;
                Some(Cell::Parameter(number.checked_sub(1)?))
            }
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match &**expr {
            Expr::Value(value) => match &value.value {
                Value::Number(text, _) => number(text, "-"),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn default_cell(place: &Place) -> Option<Cell<'_>> {
    match place.own_default() {
        None => Some(Cell::Null),
        Some(Default::Next(oid)) => Some(Cell::Next(*oid)),
        Some(Default::Generated(_) | Default::Stamped(_)) => None,
        Some(Default::Expression(text)) => {
            let moment = matches!(text.as_str(), "now()" | "CURRENT_TIMESTAMP");
            if moment && place.pg_type.oid == types::TIMESTAMPTZ {
                return Some(Cell::Now);
            }
            let expr = parse::expression(text).ok()?;
            let kind = types::format_type(place.pg_type.oid, -1);
            match &expr {
                // As it is kept: a string of the column's own type.
                Expr::Cast { expr, data_type, .. }
                    if data_type.to_string().to_lowercase() == kind =>
                {
                    cell(expr, place)
                }
                other => cell(other, place),
            }
        }
    }
}

fn value_of(
    cell: &Cell<'_>,
    place: &Place,
    parameters: Given<'_>,
    reading: &crate::pg::encode::OutputSettings,
) -> Option<ScalarValue> {
    let pg_type = place.pg_type;
    match cell {
        Cell::Null => Some(decode::null(pg_type.oid)),
        Cell::Boolean(truth) => Some(ScalarValue::Boolean(Some(*truth))),
        Cell::Text(text) => decode::literal(pg_type, text, reading).ok(),
        Cell::Now => {
            let zone = decode::data_type(pg_type.oid);
            let moment = ScalarValue::TimestampMicrosecond(Some(reading.now_us), None);
            moment.cast_to(&zone).ok()
        }
        Cell::Parameter(number) => {
            let same = *parameters.types.get(*number)? == pg_type.oid;
            let fits = same && !decode::modifier::matters(pg_type);
            fits.then(|| parameters.values.get(*number).cloned()).flatten()
        }
        Cell::Next(_) | Cell::Of(_) => None,
    }
}

/// A value as one of the column's own type; `None` where it would not be the same.
fn fitting(value: ScalarValue, kind: &arrow::datatypes::DataType) -> Option<ScalarValue> {
    use arrow::datatypes::DataType;
    if value.data_type() == *kind {
        return Some(value);
    }
    match (&value, kind) {
        (_, DataType::Utf8 | DataType::Boolean) | (_, DataType::Binary) => {
            let text = matches!(
                value.data_type(),
                DataType::Utf8 | DataType::Utf8View | DataType::Null | DataType::Binary
            );
            text.then(|| value.cast_to(kind).ok()).flatten()
        }
        (ScalarValue::Int64(Some(number)), DataType::Int16) => {
            i16::try_from(*number).ok().map(|it| ScalarValue::Int16(Some(it)))
        }
        (ScalarValue::Int64(Some(number)), DataType::Int32) => {
            i32::try_from(*number).ok().map(|it| ScalarValue::Int32(Some(it)))
        }
        (ScalarValue::Decimal128(Some(digits), _, from), DataType::Decimal128(precision, to)) => {
            // Only where no digit is lost.
            let room = u32::try_from(to.checked_sub(*from)?).ok()?;
            let digits = digits.checked_mul(10_i128.checked_pow(room)?)?;
            let limit = 10_i128.checked_pow(u32::from(*precision))?;
            let fits = digits.unsigned_abs() < limit.unsigned_abs();
            fits.then_some(ScalarValue::Decimal128(Some(digits), *precision, *to))
        }
        (value, kind) if value.is_null() => ScalarValue::try_from(kind).ok(),
        _ => None,
    }
}
