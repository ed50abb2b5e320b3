//! The functions that tell the time, with PostgreSQL's meaning: all but `clock_timestamp` stand still within a
//! transaction (PostgreSQL manual, 9.9.5). They are made per statement around its moment.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use chrono::{NaiveDate, NaiveDateTime, Timelike};
use datafusion::common::{Result as DfResult, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};

use crate::error::{Error, Result};
use crate::pg::adt::timetz;
use crate::pg::catalog::rows;
use crate::pg::decode::modifier;
use crate::pg::encode::OutputSettings;
use crate::pg::facts::Facts;
use crate::pg::types::{self, MODIFIER_KEY, TYPE_KEY};
use crate::pg::zone::Zone;

/// The one that tells a time with its zone.
const CURRENT_TIME: &str = "current_time";

/// A function whose answer is known; an argument tells the digits of its seconds.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Constant {
    name: &'static str,
    value: ScalarValue,
    signature: Signature,
}

impl ScalarUDFImpl for Constant {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DfResult<DataType> {
        Ok(self.value.data_type())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let field = Field::new(self.name, self.value.data_type(), true);
        let digits = args.scalar_arguments.first().copied().flatten().and_then(digits);
        if self.name == CURRENT_TIME {
            let mut field = rows::tagged(field, "timetz");
            if let Some(digits) = digits {
                field.metadata_mut().insert(MODIFIER_KEY.to_owned(), digits.to_string());
            }
            return Ok(Arc::new(field));
        }
        Ok(Arc::new(match digits {
            Some(digits) => {
                let kind = types::name_of(types::of_field(&field).oid).unwrap_or_default();
                let pairs = [(TYPE_KEY, kind.to_owned()), (MODIFIER_KEY, digits.to_string())];
                let pairs = pairs.map(|(key, value)| (key.to_owned(), value));
                field.with_metadata(pairs.into_iter().collect())
            }
            None => field,
        }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let value = self.value.clone();
        let digits = match args.args.first() {
            Some(ColumnarValue::Scalar(argument)) => digits(argument),
            _ => None,
        };
        Ok(ColumnarValue::Scalar(match digits {
            Some(digits) if self.name == CURRENT_TIME => {
                let settings = OutputSettings::default();
                let time = value.try_as_str().flatten().map(|text| timetz::read(text, &settings));
                let time = time.and_then(Result::ok).map(|time| time.fitted(digits).written());
                ScalarValue::Utf8(time)
            }
            Some(digits) => {
                let kind = types::of_data_type(&value.data_type()).with_modifier(digits);
                modifier::fitted(value, kind)
            }
            None => value,
        }))
    }
}

/// Digits of seconds; PostgreSQL warns that there are no more than six.
fn digits(argument: &ScalarValue) -> Option<i32> {
    let digits = match argument {
        ScalarValue::Int32(Some(digits)) => *digits,
        ScalarValue::Int64(Some(digits)) => i32::try_from(*digits).ok()?,
        _ => return None,
    };
    Some(digits.clamp(0, modifier::DIGITS_MAX))
}

/// The function `name` as of `facts`; `None` when it does not tell the time.
pub(super) fn function(name: &str, facts: &Facts) -> Option<Arc<ScalarUDF>> {
    let now_us = facts.transaction_at_us;
    let (name, value) = match name {
        "now" => ("now", zoned(now_us)),
        "current_timestamp" => ("current_timestamp", zoned(now_us)),
        "transaction_timestamp" => ("transaction_timestamp", zoned(now_us)),
        "statement_timestamp" => ("statement_timestamp", zoned(facts.statement_at_us)),
        "clock_timestamp" => ("clock_timestamp", zoned(crate::task::Clock::System.now_us())),
        "localtimestamp" => (
            "localtimestamp",
            ScalarValue::TimestampMicrosecond(Some(us_of(local(now_us, facts)?)), None),
        ),
        "current_date" | "today" => {
            let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
            let days = local(now_us, facts)?.date().signed_duration_since(epoch).num_days();
            ("current_date", ScalarValue::Date32(i32::try_from(days).ok()))
        }
        "current_time" => {
            let zone = Zone::of_session(facts.setting("TimeZone").unwrap_or("UTC"))?;
            let time = timetz::of_moment(now_us, &zone).written();
            (CURRENT_TIME, ScalarValue::Utf8(Some(time)))
        }
        "localtime" => {
            let time = local(now_us, facts)?.time();
            let us = i64::from(time.num_seconds_from_midnight()) * 1_000_000
                + i64::from(time.nanosecond() / 1_000);
            ("localtime", ScalarValue::Time64Microsecond(Some(us)))
        }
        "timeofday" => ("timeofday", ScalarValue::Utf8(Some(time_of_day(facts)?))),
        _ => return None,
    };
    let precise =
        matches!(name, "current_timestamp" | "localtimestamp" | "localtime" | "current_time");
    let signature = match precise {
        true => Signature::one_of(
            vec![
                TypeSignature::Nullary,
                TypeSignature::Exact(vec![DataType::Int32]),
                TypeSignature::Exact(vec![DataType::Int64]),
            ],
            Volatility::Stable,
        ),
        false => Signature::nullary(Volatility::Stable),
    };
    Some(Arc::new(ScalarUDF::new_from_impl(Constant { name, value, signature })))
}

/// As `timeofday` writes the clock: `Sat Feb 17 19:07:32.000126 2001 EST`.
fn time_of_day(facts: &Facts) -> Option<String> {
    let zone = Zone::of_session(facts.setting("TimeZone").unwrap_or("UTC"))?;
    let now_us = crate::task::Clock::System.now_us();
    let local = zone.local(now_us)?.format("%a %b %d %H:%M:%S%.6f %Y");
    Some(format!("{local} {}", zone.abbreviation(now_us)))
}

fn zoned(us: i64) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()))
}

fn local(us: i64, facts: &Facts) -> Option<NaiveDateTime> {
    Zone::of_session(facts.setting("TimeZone").unwrap_or("UTC"))?.local(us)
}

fn us_of(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_micros()
}

/// The instant a text names, in `zone` when it has none of its own; microseconds since the Unix epoch.
/// Errors: 22007.
pub(super) fn parse_timestamp(text: &str, zone: &str) -> Result<i64> {
    let wrong = || Error::InvalidDatetime {
        kind: "timestamp with time zone".to_owned(),
        text: text.to_owned(),
    };
    if let Ok(instant) = chrono::DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
        return Ok(instant.timestamp_micros());
    }
    if let Ok(instant) = chrono::DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z") {
        return Ok(instant.timestamp_micros());
    }
    let naive = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
        .ok_or_else(wrong)?;
    Zone::of_session(zone).unwrap_or(Zone::UTC).instant(naive).ok_or_else(wrong)
}
