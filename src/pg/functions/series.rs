//! `generate_series` as a list (PostgreSQL manual, section 9.25): of integers, numerics and moments. It is what is unnested
//! but for integers between constants, which the planner makes one by one.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Decimal256Array, Int32Array, Int64Array, ListArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal256Type, Field, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType, i256,
};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::calendar::convert;
use super::integers::{whole, wider};
use super::moments::{length_of, moved};
use super::text::settings;
use crate::error::Error;
use crate::pg::encode::OutputSettings;
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;
use crate::pg::types;
use crate::pg::zone::Zone;
use crate::pg::{decode, numeric};

/// The name it is planned under.
pub(super) const NAME: &str = "forebay_series";

const LOCAL: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// Values that the series of one batch of rows may have: they are in memory at once. Ten times more would take a
/// gigabyte, a tenth refuses what people try.
const VALUES_MAX: usize = 1 << 24;

/// The function in the session of `facts`.
pub(super) fn function(facts: &Facts) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Series { settings: settings(facts), signature }))
}

#[derive(Debug, PartialEq, Eq)]
struct Series {
    /// How the session reads literals, and its time zone.
    settings: OutputSettings,
    signature: Signature,
}

impl std::hash::Hash for Series {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// What a series is of.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Integers(DataType),
    /// Numerics of that many digits after the point.
    Numerics(DataType),
    /// `timestamp`, or `timestamptz` when true.
    Moments(bool),
}

impl Kind {
    /// By PostgreSQL's rules for calls of three functions of one name; texts are literals without a type. `None` where
    /// it finds none.
    fn of(types: &[DataType]) -> Option<Kind> {
        let known = || types.iter().filter(|kind| !kind.is_null() && !kind.is_string());
        if !(2..=3).contains(&types.len()) {
            return None;
        }
        if let [.., step] = types
            && types.len() == 3
            && (matches!(step, DataType::Interval(_)) || known().any(is_moment))
        {
            let bounds = types.iter().take(2);
            let fits = |kind: &DataType| kind.is_null() || kind.is_string() || is_moment(kind);
            let step_fits =
                step.is_null() || step.is_string() || matches!(step, DataType::Interval(_));
            if !step_fits || !bounds.clone().all(fits) {
                return None;
            }
            let zoned = bounds.clone().any(|kind| matches!(kind, DataType::Timestamp(_, Some(_))));
            let local = bounds.clone().any(|kind| matches!(kind, DataType::Timestamp(_, None)));
            // The preferred type of its kind decides between dates, and between literals.
            return Some(Kind::Moments(zoned || !local));
        }
        if known().any(DataType::is_decimal) {
            if !known().all(|kind| kind.is_decimal() || whole(kind).is_some()) {
                return None;
            }
            let scale = known().filter_map(scale_of).max().unwrap_or(0);
            let wide = known().any(|kind| matches!(kind, DataType::Decimal256(..)));
            return Some(Kind::Numerics(match wide {
                true => DataType::Decimal256(76, scale),
                false => DataType::Decimal128(38, scale),
            }));
        }
        // At least of 32 bits.
        let mut widest = DataType::Int32;
        for kind in known() {
            widest = wider(&widest, kind)?;
        }
        Some(Kind::Integers(widest))
    }

    fn data_type(&self) -> DataType {
        match self {
            Kind::Integers(kind) | Kind::Numerics(kind) => kind.clone(),
            Kind::Moments(false) => LOCAL,
            Kind::Moments(true) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
            }
        }
    }

    /// The type literals among the arguments are read as, by their places.
    fn oid(&self, place: usize) -> u32 {
        match (self, place) {
            (Kind::Integers(DataType::Int32), _) => types::INT4,
            (Kind::Integers(_), _) => types::INT8,
            (Kind::Numerics(_), _) => types::NUMERIC,
            (Kind::Moments(_), 2) => types::INTERVAL,
            (Kind::Moments(true), _) => types::TIMESTAMPTZ,
            (Kind::Moments(false), _) => types::TIMESTAMP,
        }
    }
}

fn is_moment(kind: &DataType) -> bool {
    matches!(kind, DataType::Timestamp(..) | DataType::Date32)
}

fn scale_of(kind: &DataType) -> Option<i8> {
    match kind {
        DataType::Decimal128(_, scale) | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

impl ScalarUDFImpl for Series {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        // What does not fit is told once the result is asked for: the planner would reword it here.
        let Some(kind) = Kind::of(arg_types) else { return Ok(arg_types.to_vec()) };
        let coerced = arg_types.iter().enumerate().map(|(place, found)| match (&kind, place) {
            // Read by us: the planner's casts know other spellings.
            _ if found.is_string() => DataType::Utf8,
            (Kind::Moments(_), 2) => INTERVAL,
            (Kind::Integers(kind), _) => kind.clone(),
            _ => found.clone(),
        });
        Ok(coerced.collect())
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let kind = Kind::of(arg_types).ok_or_else(|| missing(arg_types))?;
        Ok(DataType::new_list(kind.data_type(), true))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let types: Vec<DataType> = args.args.iter().map(ColumnarValue::data_type).collect();
        let kind = Kind::of(&types).ok_or_else(|| missing(&types))?;
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut bounds = Vec::with_capacity(args.args.len());
        for (place, arg) in args.args.iter().enumerate() {
            bounds.push(self.bound(&arg.to_array(length)?, &kind, place)?);
        }
        let lists: ArrayRef = Arc::new(series(&bounds, &kind, self.settings.time_zone)?);
        if constant {
            return of_constants(&lists);
        }
        Ok(ColumnarValue::Array(lists))
    }
}

impl Series {
    /// One argument in the type the series is calculated in.
    fn bound(&self, values: &ArrayRef, kind: &Kind, place: usize) -> Result<ArrayRef> {
        let read;
        let values = match values.data_type() {
            DataType::Utf8 => {
                let texts = values.as_string::<i32>();
                let oid = kind.oid(place);
                let values = texts.iter().map(|text| match text {
                    Some(text) => decode::parameter(oid, false, text.as_bytes(), &self.settings),
                    None => Ok(decode::null(oid)),
                });
                let values =
                    values.collect::<std::result::Result<Vec<_>, Error>>().map_err(outside)?;
                read = ScalarValue::iter_to_array(values)?;
                &read
            }
            _ => values,
        };
        let wanted = match (kind, place) {
            (Kind::Integers(_), _) => DataType::Int64,
            (Kind::Numerics(kind), _) => DataType::Decimal256(76, scale_of(kind).unwrap_or(0)),
            (Kind::Moments(_), 2) => INTERVAL,
            (Kind::Moments(zoned), _) => {
                return self.moments(values, *zoned);
            }
        };
        Ok(cast(values, &wanted)?)
    }

    /// Moments in microseconds; a date or a timestamp in a series of instants is local in the session's zone.
    fn moments(&self, values: &ArrayRef, zoned: bool) -> Result<ArrayRef> {
        let values = match values.data_type() {
            DataType::Timestamp(_, None) => cast(values, &LOCAL)?,
            DataType::Timestamp(_, Some(_)) => cast(values, &Kind::Moments(true).data_type())?,
            _ => Arc::clone(values),
        };
        let moments = match zoned {
            true => convert::to_instant(&values, self.settings.time_zone),
            false => convert::to_local(&values),
        };
        Ok(cast(&moments.map_err(outside)?, &LOCAL)?)
    }
}

fn outside(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// As PostgreSQL says that it has no such function.
fn missing(arg_types: &[DataType]) -> DataFusionError {
    let names = arg_types.iter().map(|kind| match kind {
        kind if kind.is_string() || kind.is_null() => "unknown".to_owned(),
        kind => types::sql_name(types::of_data_type(kind).oid),
    });
    outside(Error::no_function("generate_series", &names.collect::<Vec<String>>()))
}

/// Lists under way.
struct Lists<T> {
    values: Vec<T>,
    lengths: Vec<usize>,
    known: Vec<bool>,
}

impl<T: Copy> Lists<T> {
    fn new(rows: usize) -> Lists<T> {
        Lists {
            values: Vec::new(),
            lengths: Vec::with_capacity(rows),
            known: Vec::with_capacity(rows),
        }
    }

    fn null(&mut self) {
        self.lengths.push(0);
        self.known.push(false);
    }

    /// The values from `start` as long as they are `within`. Errors: 54000 for more than memory should hold; those of
    /// `next`.
    fn list(
        &mut self,
        start: T,
        within: impl Fn(T) -> bool,
        next: impl Fn(T) -> std::result::Result<Option<T>, Error>,
    ) -> Result<()> {
        let before = self.values.len();
        let mut value = Some(start);
        while let Some(current) = value.filter(|value| within(*value)) {
            if VALUES_MAX <= self.values.len() {
                let message = "generate_series has too many values".to_owned();
                return Err(outside(
                    Error::ProgramLimitExceeded(message)
                        .detail(format!("At most {VALUES_MAX} are made at once.")),
                ));
            }
            self.values.push(current);
            value = next(current).map_err(outside)?;
        }
        self.lengths.push(self.values.len() - before);
        self.known.push(true);
        Ok(())
    }

    fn finish(self, values: impl FnOnce(Vec<T>) -> Result<ArrayRef>) -> Result<ListArray> {
        let values = values(self.values)?;
        let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(ListArray::try_new(item, offsets, values, Some(NullBuffer::from(self.known)))?)
    }
}

/// Errors: 22023 for a step of zero; 54000 for more values than memory should hold; 22003, 22008 out of range.
fn series(bounds: &[ArrayRef], kind: &Kind, zone: Zone) -> Result<ListArray> {
    let rows = bounds.first().map_or(0, |values| values.len());
    let null = |row: usize| bounds.iter().any(|values| values.is_null(row));
    let no_step =
        || outside(Error::InvalidParameterValue("step size cannot equal zero".to_owned()));
    match kind {
        Kind::Integers(kind) => {
            let bounds: Vec<&Int64Array> =
                bounds.iter().map(|values| values.as_primitive::<Int64Type>()).collect();
            let mut lists = Lists::new(rows);
            for row in 0..rows {
                let bound = |place: usize| bounds.get(place).map_or(1, |values| values.value(row));
                let (stop, step) = (bound(1), bound(2));
                match () {
                    () if null(row) => lists.null(),
                    () if step == 0 => return Err(no_step()),
                    () => lists.list(
                        bound(0),
                        |number| if step > 0 { number <= stop } else { stop <= number },
                        |number| Ok(number.checked_add(step)),
                    )?,
                }
            }
            lists.finish(|numbers| {
                Ok(match kind {
                    DataType::Int32 => {
                        // Between bounds of 32 bits.
                        let numbers =
                            numbers.into_iter().map(|number| i32::try_from(number).unwrap_or(0));
                        Arc::new(Int32Array::from_iter_values(numbers))
                    }
                    _ => Arc::new(Int64Array::from(numbers)),
                })
            })
        }
        Kind::Numerics(kind) => {
            let bounds: Vec<&Decimal256Array> =
                bounds.iter().map(|values| values.as_primitive::<Decimal256Type>()).collect();
            let scale = scale_of(kind).unwrap_or(0);
            let one = numeric::Number { value: i256::ONE, scale: 0 }
                .at(i32::from(scale))
                .ok_or_else(|| outside(numeric::overflow()))?;
            let mut lists = Lists::new(rows);
            for row in 0..rows {
                let bound =
                    |place: usize| bounds.get(place).map_or(one, |values| values.value(row));
                let (stop, step) = (bound(1), bound(2));
                match () {
                    () if null(row) => lists.null(),
                    () if step == i256::ZERO => return Err(no_step()),
                    () => lists.list(
                        bound(0),
                        |number| if step > i256::ZERO { number <= stop } else { stop <= number },
                        |number| Ok(number.checked_add(step)),
                    )?,
                }
            }
            lists.finish(|numbers| {
                Ok(match kind {
                    DataType::Decimal256(..) => Arc::new(
                        Decimal256Array::from(numbers).with_precision_and_scale(76, scale)?,
                    ),
                    _ => {
                        let narrow = numbers.into_iter().map(|number| number.to_i128());
                        let narrow = narrow
                            .collect::<Option<Vec<i128>>>()
                            .ok_or_else(|| outside(numeric::overflow()))?;
                        Arc::new(Decimal128Array::from(narrow).with_precision_and_scale(38, scale)?)
                    }
                })
            })
        }
        Kind::Moments(zoned) => {
            let [start, stop, step] = bounds else { return Err(missing(&[])) };
            let (start, stop) = (
                start.as_primitive::<TimestampMicrosecondType>(),
                stop.as_primitive::<TimestampMicrosecondType>(),
            );
            let step = step.as_primitive::<IntervalMonthDayNanoType>();
            let zone = if *zoned { zone } else { Zone::UTC };
            let mut lists = Lists::new(rows);
            for row in 0..rows {
                if null(row) {
                    lists.null();
                    continue;
                }
                let (stop, step) = (stop.value(row), step.value(row));
                let length = length_of(step);
                if length == 0 {
                    return Err(no_step());
                }
                lists.list(
                    start.value(row),
                    |moment| if length > 0 { moment <= stop } else { stop <= moment },
                    |moment| {
                        let out = || Error::DatetimeOverflow("timestamp out of range".to_owned());
                        moved(zone, moment, step).map(Some).ok_or_else(out)
                    },
                )?;
            }
            lists.finish(|moments| {
                let moments = TimestampMicrosecondArray::from(moments);
                Ok(Arc::new(if *zoned { moments.with_timezone("UTC") } else { moments }))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::{DataType, Int32Type, TimeUnit};

    use super::{Kind, series};
    use crate::pg::zone::Zone;

    fn bounds(start: i64, stop: i64, step: Option<i64>) -> [ArrayRef; 3] {
        [Some(start), Some(stop), step]
            .map(|value| Arc::new(Int64Array::from(vec![value])) as ArrayRef)
    }

    fn check(start: i64, stop: i64, step: Option<i64>, want: &[i32]) {
        let kind = Kind::Integers(DataType::Int32);
        let lists = series(&bounds(start, stop, step), &kind, Zone::UTC).expect("a series");
        let numbers = lists.value(0);
        assert_eq!(numbers.as_primitive::<Int32Type>().values(), want);
        assert_eq!(lists.is_null(0), step.is_none());
    }

    #[test]
    fn series_end_at_their_bounds() {
        check(1, 3, Some(1), &[1, 2, 3]);
        check(3, 1, Some(-2), &[3, 1]);
        check(1, 0, Some(1), &[]);
        check(1, 2, None, &[]);
        check(2_147_483_646, 2_147_483_647, Some(2), &[2_147_483_646]);
    }

    #[test]
    fn series_are_refused() {
        let refused = |stop, step| {
            let kind = Kind::Integers(DataType::Int64);
            series(&bounds(1, stop, Some(step)), &kind, Zone::UTC).is_err()
        };
        assert!(refused(2, 0));
        assert!(refused(i64::MAX, 1));
        assert!(!refused(i64::MAX, i64::MAX));
    }

    #[test]
    fn the_kind_follows_from_what_is_known() {
        let local = DataType::Timestamp(TimeUnit::Microsecond, None);
        let step = super::INTERVAL;
        let of = |types: &[&DataType]| {
            Kind::of(&types.iter().map(|kind| (*kind).clone()).collect::<Vec<_>>())
        };
        assert_eq!(of(&[&local, &DataType::Utf8, &DataType::Utf8]), Some(Kind::Moments(false)));
        assert_eq!(of(&[&DataType::Date32, &DataType::Date32, &step]), Some(Kind::Moments(true)));
        assert_eq!(of(&[&DataType::Utf8, &DataType::Utf8, &step]), Some(Kind::Moments(true)));
        assert_eq!(of(&[&local, &local]), None);
        assert_eq!(
            of(&[&DataType::Decimal128(2, 1), &DataType::Int32]),
            Some(Kind::Numerics(DataType::Decimal128(38, 1)))
        );
        assert_eq!(
            of(&[&DataType::Int16, &DataType::Int64]),
            Some(Kind::Integers(DataType::Int64))
        );
        assert_eq!(of(&[&DataType::Float64, &DataType::Int64]), None);
    }
}
