//! Types by their PostgreSQL names.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, IntervalUnit, TimeUnit};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::logical_expr::{Cast, Expr};
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType as SqlType, ExactNumberInfo, IntervalFields,
    TimezoneInfo,
};

use crate::error::{Error, Place};
use crate::pg::decode::modifier;
use crate::pg::types::{MODIFIER_KEY, TYPE_KEY, numeric_modifier};

/// Digits of a numeric without a declared precision: as many as a 128-bit decimal has.
const DIGITS_MAX: u8 = 38;
/// Digits after the point of such a numeric. PostgreSQL keeps what is written; ten is enough for money and rates and
/// leaves 28 before the point.
const SCALE_DEFAULT: i8 = 10;
/// The longest declared length of `varchar` (PostgreSQL's `MaxAttrSize`).
const LENGTH_MAX: u64 = 10_485_760;

/// Types by their PostgreSQL names.
#[derive(Debug)]
pub struct Types;

impl TypePlanner for Types {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        let field = field(sql_type).map_err(external)?;
        Ok(Some(Arc::new(if field.metadata().is_empty() { field.with_name(PLAIN) } else { field })))
    }
}

/// The name of a field that a cast has from no other: without one and without metadata the planner keeps what the source
/// of the cast says of its type, and the text of a `jsonb` would still be one.
const PLAIN: &str = "plain";

/// A cast to an Arrow type alone, whatever the source says of its own.
pub(super) fn plainly(expr: Expr, data_type: DataType) -> Expr {
    let field = plain(data_type).with_name(PLAIN);
    Expr::Cast(Cast { expr: Box::new(expr), field: Arc::new(field) })
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// The last part of a type's name in lower case, without `pg_catalog.`; `None` for one of another schema or none.
pub(super) fn bare_name(sql_type: &SqlType) -> Option<String> {
    match sql_type {
        SqlType::Regclass => Some("regclass".to_owned()),
        SqlType::Custom(name, _) => {
            let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
            let folded = |ident: &datafusion::sql::sqlparser::ast::Ident| match ident.quote_style {
                Some(_) => ident.value.clone(),
                None => ident.value.to_ascii_lowercase(),
            };
            match parts.as_slice() {
                // Quoted, it is the one-byte type; the bare word is SQL's and never gets here.
                [ident] => Some(folded(ident)),
                [schema, ident] if folded(schema) == "pg_catalog" => Some(folded(ident)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn plain(data_type: DataType) -> Field {
    Field::new("", data_type, true)
}

fn tagged(data_type: DataType, name: &str, modifier: Option<i32>) -> Field {
    let mut metadata = HashMap::from([(TYPE_KEY.to_owned(), name.to_owned())]);
    if let Some(modifier) = modifier {
        metadata.insert(MODIFIER_KEY.to_owned(), modifier.to_string());
    }
    plain(data_type).with_metadata(metadata)
}

/// The field a type is planned as.
/// Errors: 42704 for an unknown type, 0A000 for one we do not have, 22023 for a modifier out of range.
pub(super) fn field(sql_type: &SqlType) -> std::result::Result<Field, Error> {
    let zone = || Some(Arc::from("UTC"));
    Ok(match sql_type {
        SqlType::Bool | SqlType::Boolean => plain(DataType::Boolean),
        SqlType::SmallInt(None) | SqlType::Int2(None) => plain(DataType::Int16),
        SqlType::Int(None) | SqlType::Integer(None) | SqlType::Int4(None) => plain(DataType::Int32),
        SqlType::BigInt(None) | SqlType::Int8(None) => plain(DataType::Int64),
        SqlType::Real | SqlType::Float4 => plain(DataType::Float32),
        SqlType::Float8 | SqlType::DoublePrecision | SqlType::Double(ExactNumberInfo::None) => {
            plain(DataType::Float64)
        }
        SqlType::Float(ExactNumberInfo::Precision(digits)) => match digits {
            1..=24 => plain(DataType::Float32),
            25..=53 => plain(DataType::Float64),
            0 => return Err(invalid("precision for type float must be at least 1 bit")),
            _ => return Err(invalid("precision for type float must be less than 54 bits")),
        },
        SqlType::Float(_) => plain(DataType::Float64),
        SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => numeric(info)?,
        SqlType::Text => plain(DataType::Utf8),
        SqlType::Varchar(length)
        | SqlType::CharacterVarying(length)
        | SqlType::CharVarying(length)
        | SqlType::Nvarchar(length) => string("varchar", length.as_ref())?,
        SqlType::Char(None) | SqlType::Character(None) => tagged(DataType::Utf8, "bpchar", Some(5)),
        SqlType::Char(length) | SqlType::Character(length) => string("bpchar", length.as_ref())?,
        SqlType::Bytea => plain(DataType::Binary),
        SqlType::Date => plain(DataType::Date32),
        SqlType::Time(precision, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            moment(DataType::Time64(TimeUnit::Microsecond), "time", *precision)
        }
        SqlType::Time(precision, _) => {
            tagged(DataType::Utf8, "timetz", precision.map(seconds_digits))
        }
        SqlType::Timestamp(precision, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            moment(DataType::Timestamp(TimeUnit::Microsecond, None), "timestamp", *precision)
        }
        SqlType::Timestamp(precision, _) => {
            moment(DataType::Timestamp(TimeUnit::Microsecond, zone()), "timestamptz", *precision)
        }
        SqlType::Interval { fields: None, precision: None } => {
            plain(DataType::Interval(IntervalUnit::MonthDayNano))
        }
        SqlType::Interval { fields, precision } => {
            let digits = precision.map(seconds_digits);
            let modifier = modifier::of_interval(interval_fields(fields.as_ref()), digits);
            tagged(DataType::Interval(IntervalUnit::MonthDayNano), "interval", Some(modifier))
        }
        SqlType::JSON => tagged(DataType::Utf8, "json", None),
        SqlType::JSONB => tagged(DataType::Utf8, "jsonb", None),
        SqlType::Bit(length) => bits("bit", Some(length.unwrap_or(1)))?,
        SqlType::BitVarying(length) | SqlType::VarBit(length) => bits("varbit", *length)?,
        SqlType::TsVector => return Err(unsupported("tsvector")),
        SqlType::TsQuery => return Err(unsupported("tsquery")),
        SqlType::GeometricType(kind) => {
            return Err(unsupported(&kind.to_string().to_ascii_lowercase()));
        }
        SqlType::Uuid => tagged(DataType::Utf8, "uuid", None),
        SqlType::Array(
            ArrayElemTypeDef::SquareBracket(element, _)
            | ArrayElemTypeDef::AngleBracket(element)
            | ArrayElemTypeDef::Parenthesis(element),
        ) => array(field(element)?),
        other => match bare_name(other) {
            Some(name) => named(&name)?,
            None => return Err(unknown(other)),
        },
    })
}

fn unsupported(name: &str) -> Error {
    Error::FeatureNotSupported(format!("type {name} is not supported"))
}

fn unknown(sql_type: &SqlType) -> Error {
    let name = sql_type.to_string().to_ascii_lowercase();
    Error::UndefinedObject(format!("type \"{name}\" does not exist")).near(Place::Word(name))
}

fn invalid(message: &str) -> Error {
    Error::InvalidParameterValue(message.to_owned())
}

/// A type by its internal name.
fn named(name: &str) -> std::result::Result<Field, Error> {
    if let Some(element) = name.strip_prefix('_') {
        return Ok(array(named(element)?));
    }
    let zone = || Some(Arc::from("UTC"));
    Ok(match name {
        "bool" => plain(DataType::Boolean),
        "int2" => plain(DataType::Int16),
        "int4" => plain(DataType::Int32),
        "int8" => plain(DataType::Int64),
        "float4" => plain(DataType::Float32),
        "float8" => plain(DataType::Float64),
        "numeric" => numeric(&ExactNumberInfo::None)?,
        "text" => plain(DataType::Utf8),
        "bytea" => plain(DataType::Binary),
        "date" => plain(DataType::Date32),
        "time" => plain(DataType::Time64(TimeUnit::Microsecond)),
        "timestamp" => plain(DataType::Timestamp(TimeUnit::Microsecond, None)),
        "timestamptz" => plain(DataType::Timestamp(TimeUnit::Microsecond, zone())),
        "interval" => plain(DataType::Interval(IntervalUnit::MonthDayNano)),
        "oid" | "xid" | "cid" | "xid8" | "regclass" | "regtype" | "regproc" | "regprocedure"
        | "regoper" | "regoperator" | "regnamespace" | "regrole" | "regcollation" | "regconfig"
        | "regdictionary" => tagged(DataType::Int64, name, None),
        "varchar" | "bpchar" | "name" | "char" | "json" | "jsonb" | "uuid" | "inet" | "cidr"
        | "macaddr" | "macaddr8" | "int4range" | "int8range" | "numrange" | "daterange"
        | "tsrange" | "tstzrange" | "int4multirange" | "int8multirange" | "nummultirange"
        | "datemultirange" | "tsmultirange" | "tstzmultirange" | "money" | "timetz" | "pg_lsn"
        | "pg_snapshot" | "txid_snapshot" | "tid" | "bit" | "varbit" | "pg_node_tree"
        | "aclitem" | "refcursor" | "cstring" | "unknown" | "xml" => {
            tagged(DataType::Utf8, name, None)
        }
        "int2vector" => crate::pg::catalog::rows::field("", "int2vector"),
        "oidvector" => crate::pg::catalog::rows::field("", "oidvector"),
        known if crate::pg::types::by_internal_name(known).is_some() => {
            return Err(unsupported(known));
        }
        other => {
            let message = format!("type \"{other}\" does not exist");
            return Err(Error::UndefinedObject(message).near(Place::Word(other.to_owned())));
        }
    })
}

/// An array of `element`: a list whose item says what it is.
fn array(element: Field) -> Field {
    // A list of lists is the same type in PostgreSQL, with one more dimension.
    plain(DataType::List(Arc::new(element.with_name("item"))))
}

fn numeric(info: &ExactNumberInfo) -> std::result::Result<Field, Error> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => {
            // Told as numeric without a modifier: the scale is ours, not the statement's.
            let data_type = DataType::Decimal128(DIGITS_MAX, SCALE_DEFAULT);
            return Ok(tagged(data_type, "numeric", None));
        }
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    if !(1..=1000).contains(&precision) {
        return Err(invalid(&format!("NUMERIC precision {precision} must be between 1 and 1000")));
    }
    let (Ok(digits), Ok(places)) = (u8::try_from(precision), i8::try_from(scale)) else {
        return Err(too_wide(precision));
    };
    let data_type = match digits {
        1..=38 => DataType::Decimal128(digits, places),
        39..=76 => DataType::Decimal256(digits, places),
        _ => return Err(too_wide(precision)),
    };
    Ok(tagged(data_type, "numeric", Some(numeric_modifier(digits, places))))
}

fn too_wide(precision: u64) -> Error {
    Error::FeatureNotSupported(format!("numeric precision {precision} is not supported"))
        .hint("At most 76 digits are kept.")
}

fn string(name: &str, length: Option<&CharacterLength>) -> std::result::Result<Field, Error> {
    let Some(CharacterLength::IntegerLength { length, .. }) = length else {
        return Ok(tagged(DataType::Utf8, name, None));
    };
    let shown = if name == "bpchar" { "char" } else { name };
    match i32::try_from(*length) {
        Ok(0) => Err(invalid(&format!("length for type {shown} must be at least 1"))),
        Ok(characters) if *length <= LENGTH_MAX => {
            Ok(tagged(DataType::Utf8, name, Some(characters + 4)))
        }
        _ => Err(invalid(&format!("length for type {shown} cannot exceed {LENGTH_MAX}"))),
    }
}

/// A bit string of a length in bits.
fn bits(name: &str, length: Option<u64>) -> std::result::Result<Field, Error> {
    /// PostgreSQL's `MaxAttrSize` in bits.
    const BITS_MAX: u64 = LENGTH_MAX * 8;
    let Some(length) = length else { return Ok(tagged(DataType::Utf8, name, None)) };
    match i32::try_from(length) {
        Ok(0) => Err(invalid(&format!("length for type {name} must be at least 1"))),
        Ok(bits) if length <= BITS_MAX => Ok(tagged(DataType::Utf8, name, Some(bits))),
        _ => Err(invalid(&format!("length for type {name} cannot exceed {BITS_MAX}"))),
    }
}

fn moment(data_type: DataType, name: &str, precision: Option<u64>) -> Field {
    match precision {
        None => plain(data_type),
        Some(digits) => tagged(data_type, name, Some(seconds_digits(digits))),
    }
}

/// Digits of seconds; PostgreSQL warns that there are no more than six.
fn seconds_digits(digits: u64) -> i32 {
    i32::try_from(digits).map_or(modifier::DIGITS_MAX, |digits| digits.min(modifier::DIGITS_MAX))
}

/// The bits of an interval's fields.
fn interval_fields(fields: Option<&IntervalFields>) -> i32 {
    use modifier::field::{ALL, DAY, HOUR, MINUTE, MONTH, SECOND, YEAR};
    let Some(fields) = fields else { return ALL };
    match fields {
        IntervalFields::Year => YEAR,
        IntervalFields::Month => MONTH,
        IntervalFields::Day => DAY,
        IntervalFields::Hour => HOUR,
        IntervalFields::Minute => MINUTE,
        IntervalFields::Second => SECOND,
        IntervalFields::YearToMonth => YEAR | MONTH,
        IntervalFields::DayToHour => DAY | HOUR,
        IntervalFields::DayToMinute => DAY | HOUR | MINUTE,
        IntervalFields::DayToSecond => DAY | HOUR | MINUTE | SECOND,
        IntervalFields::HourToMinute => HOUR | MINUTE,
        IntervalFields::HourToSecond => HOUR | MINUTE | SECOND,
        IntervalFields::MinuteToSecond => MINUTE | SECOND,
    }
}
