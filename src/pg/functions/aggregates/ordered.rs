//! Ordered-set and hypothetical-set aggregates (orderedsetaggs.c): all values of a group, sorted when it is complete.
//!
//! The planner gives the ordered value first, then what stands in the parentheses. Window functions have the names of
//! hypothetical ones, so [`crate::pg::rewrite`] calls these by another.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{SortOptions, concat, sort_to_indices, take};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use crate::error::Error;

/// Every aggregate of this kind.
pub(super) fn all() -> impl Iterator<Item = Arc<AggregateUDF>> {
    let made = |(name, kind)| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(AggregateUDF::new_from_impl(Ordered { name, kind, signature }))
    };
    [
        ("percentile_cont", Kind::Continuous),
        ("percentile_disc", Kind::Discrete),
        ("mode", Kind::Mode),
        ("hypothetical_rank", Kind::Rank),
        ("hypothetical_dense_rank", Kind::DenseRank),
        ("hypothetical_percent_rank", Kind::PercentRank),
        ("hypothetical_cume_dist", Kind::CumulativeDistribution),
    ]
    .into_iter()
    .map(made)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// A value between those at a fraction of the way.
    Continuous,
    /// The value at a fraction of the way.
    Discrete,
    /// The most frequent value, the first of several.
    Mode,
    /// The place a value would have.
    Rank,
    DenseRank,
    PercentRank,
    CumulativeDistribution,
}

impl Kind {
    /// Whether it asks about a value that is not there.
    fn is_hypothetical(self) -> bool {
        !matches!(self, Kind::Continuous | Kind::Discrete | Kind::Mode)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Ordered {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

fn fractions(data_type: &DataType) -> DataType {
    match data_type.is_list() {
        true => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
        false => DataType::Float64,
    }
}

impl AggregateUDFImpl for Ordered {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn supports_within_group_clause(&self) -> bool {
        true
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        // The values are sorted here.
        AggregateOrderSensitivity::Insensitive
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match (self.kind, types) {
            (Kind::Continuous, [value, fraction]) if value.is_numeric() || value.is_null() => {
                Ok(vec![DataType::Float64, fractions(fraction)])
            }
            (Kind::Discrete, [value, fraction]) => Ok(vec![value.clone(), fractions(fraction)]),
            (Kind::Mode, [value]) => Ok(vec![value.clone()]),
            (kind, [value, _]) if kind.is_hypothetical() => Ok(vec![value.clone(); 2]),
            // Without WITHIN GROUP the arguments are those in the parentheses alone.
            (_, types) => plan_err!(
                "No function matches the given name and argument types '{}({})'",
                self.name,
                types.iter().map(DataType::to_string).collect::<Vec<_>>().join(", ")
            ),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let value = types.first().cloned().unwrap_or(DataType::Null);
        let several = types.get(1).is_some_and(DataType::is_list);
        Ok(match self.kind {
            Kind::Continuous => types.get(1).map_or(DataType::Float64, fractions),
            Kind::Discrete if several => {
                DataType::List(Arc::new(Field::new_list_field(value, true)))
            }
            Kind::Discrete | Kind::Mode => value,
            Kind::Rank | Kind::DenseRank => DataType::Int64,
            Kind::PercentRank | Kind::CumulativeDistribution => DataType::Float64,
        })
    }

    fn return_field(&self, fields: &[FieldRef]) -> Result<FieldRef> {
        let types: Vec<DataType> = fields.iter().map(|field| field.data_type().clone()).collect();
        let plain = Field::new(self.name, self.return_type(&types)?, true);
        Ok(match (self.kind, fields) {
            // The value keeps what its column says of its PostgreSQL type.
            (Kind::Discrete | Kind::Mode, [value, ..])
                if plain.data_type() == value.data_type() =>
            {
                Arc::new(plain.with_metadata(value.metadata().clone()))
            }
            _ => Arc::new(plain),
        })
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let of = |index: usize| {
            args.input_fields.get(index).map_or(DataType::Null, |field| field.data_type().clone())
        };
        let values = DataType::List(Arc::new(Field::new_list_field(of(0), true)));
        Ok(vec![
            Arc::new(Field::new("values", values, true)),
            Arc::new(Field::new("direct", of(1), true)),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let of = |index: usize| {
            args.expr_fields.get(index).map_or(DataType::Null, |field| field.data_type().clone())
        };
        let order = args.order_bys.first().map(|sort| sort.options);
        Ok(Box::new(Values {
            kind: self.kind,
            // NULLs come last, and first when the order is turned round.
            options: order.unwrap_or(SortOptions { descending: false, nulls_first: false }),
            value_type: of(0),
            direct_type: of(1),
            parts: Vec::new(),
            direct: None,
            result: args.return_field.data_type().clone(),
        }))
    }
}

/// The values of one group as they came.
#[derive(Debug)]
struct Values {
    kind: Kind,
    options: SortOptions,
    value_type: DataType,
    direct_type: DataType,
    parts: Vec<ArrayRef>,
    /// What stands in the parentheses: the same in every row of a group.
    direct: Option<ScalarValue>,
    result: DataType,
}

impl Values {
    /// In order, without NULLs where they do not count.
    fn sorted(&self) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        let all = match parts.is_empty() {
            true => new_empty_array(&self.value_type),
            false => concat(&parts)?,
        };
        let all = match self.kind.is_hypothetical() {
            true => all,
            false => arrow::compute::filter(&all, &arrow::compute::is_not_null(&all)?)?,
        };
        let indices = sort_to_indices(&all, Some(self.options), None)?;
        Ok(take(&all, &indices, None)?)
    }

    fn at(&self, values: &ArrayRef, fraction: Option<f64>) -> Result<ScalarValue> {
        let item = match &self.result {
            DataType::List(item) => item.data_type(),
            other => other,
        };
        let Some(fraction) = fraction else { return ScalarValue::try_from(item) };
        if !(0.0..=1.0).contains(&fraction) {
            let words = format!("percentile value {fraction} is not between 0 and 1");
            return Err(external(Error::NumericOutOfRange(words)));
        }
        if values.is_empty() {
            return ScalarValue::try_from(item);
        }
        if self.kind == Kind::Continuous {
            return Ok(ScalarValue::Float64(Some(between(values.as_primitive(), fraction))));
        }
        let place = (fraction * count(values.len())).ceil();
        ScalarValue::try_from_array(values, index(place - 1.0).min(values.len() - 1))
    }

    fn percentile(&self) -> Result<ScalarValue> {
        let values = self.sorted()?;
        match &self.direct {
            Some(ScalarValue::List(list)) if list.is_valid(0) => {
                let fractions = list.value(0);
                let fractions = fractions.as_primitive::<Float64Type>();
                let found = fractions
                    .iter()
                    .map(|fraction| self.at(&values, fraction))
                    .collect::<Result<Vec<_>>>()?;
                let found = match found.is_empty() {
                    true => new_empty_array(values.data_type()),
                    false => ScalarValue::iter_to_array(found)?,
                };
                let DataType::List(item) = &self.result else {
                    return plan_err!("percentiles are a list");
                };
                let offsets = OffsetBuffer::from_lengths([found.len()]);
                let list = ListArray::try_new(Arc::clone(item), offsets, found, None)?;
                Ok(ScalarValue::List(Arc::new(list)))
            }
            Some(ScalarValue::Float64(fraction)) => self.at(&values, *fraction),
            _ => ScalarValue::try_from(&self.result),
        }
    }

    fn mode(&self) -> Result<ScalarValue> {
        let values = self.sorted()?;
        let compare = self.comparator(&values, &values)?;
        let (mut best, mut best_count, mut start) = (None, 0, 0);
        for end in 1..=values.len() {
            if end < values.len() && compare(start, end) == Ordering::Equal {
                continue;
            }
            if best_count < end - start {
                (best, best_count) = (Some(start), end - start);
            }
            start = end;
        }
        match best {
            Some(index) => ScalarValue::try_from_array(&values, index),
            None => ScalarValue::try_from(&self.result),
        }
    }

    fn comparator(&self, left: &ArrayRef, right: &ArrayRef) -> Result<Comparator> {
        Ok(arrow::array::make_comparator(left, right, self.options)?)
    }

    fn place(&self) -> Result<ScalarValue> {
        let values = self.sorted()?;
        let value = match &self.direct {
            Some(value) => value.to_array()?,
            None => arrow::array::new_null_array(&self.value_type, 1),
        };
        let compare = self.comparator(&values, &value)?;
        let same = self.comparator(&values, &values)?;
        let before = (0..values.len()).take_while(|row| compare(*row, 0) == Ordering::Less).count();
        let peers =
            (before..values.len()).take_while(|row| compare(*row, 0) == Ordering::Equal).count();
        let rows = count(values.len());
        Ok(match self.kind {
            Kind::Rank => whole(before + 1),
            Kind::DenseRank => {
                let starts = |row: &usize| *row == 0 || same(*row - 1, *row) != Ordering::Equal;
                whole((0..before).filter(starts).count() + 1)
            }
            Kind::PercentRank if values.is_empty() => ScalarValue::Float64(Some(0.0)),
            Kind::PercentRank => ScalarValue::Float64(Some(count(before) / rows)),
            _ => ScalarValue::Float64(Some((count(before + peers) + 1.0) / (rows + 1.0))),
        })
    }
}

type Comparator = arrow::array::DynComparator;

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn whole(number: usize) -> ScalarValue {
    ScalarValue::Int64(i64::try_from(number).ok())
}

/// A count as a number; no group has two to the 53rd rows.
#[expect(
    clippy::cast_precision_loss,
    reason = "the fraction of a count is one of double precision"
)]
fn count(rows: usize) -> f64 {
    rows as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a fraction of a count is within it"
)]
fn index(place: f64) -> usize {
    place.max(0.0) as usize
}

/// `percentile_cont_final_common`.
fn between(values: &Float64Array, fraction: f64) -> f64 {
    let last = values.len() - 1;
    let place = fraction * count(last);
    let (first, second) = (index(place.floor()), index(place.ceil()).min(last));
    let (low, high) = (values.value(first), values.value(second));
    if first == second { low } else { low + (place - place.floor()) * (high - low) }
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(first) = values.first().filter(|first| !first.is_empty()) else { return Ok(()) };
        if let (None, Some(direct)) = (&self.direct, values.get(1)) {
            self.direct = Some(ScalarValue::try_from_array(direct, 0)?);
        }
        self.parts.push(Arc::clone(first));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        match self.kind {
            Kind::Continuous | Kind::Discrete => self.percentile(),
            Kind::Mode => self.mode(),
            _ => self.place(),
        }
    }

    fn size(&self) -> usize {
        size_of_val(self)
            + self.parts.iter().map(|part| part.get_array_memory_size()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        let all = match parts.is_empty() {
            true => new_empty_array(&self.value_type),
            false => concat(&parts)?,
        };
        let item = Arc::new(Field::new_list_field(self.value_type.clone(), true));
        let offsets = OffsetBuffer::from_lengths([all.len()]);
        let list = ListArray::try_new(item, offsets, all, None)?;
        let direct = match &self.direct {
            Some(direct) => direct.clone(),
            None => ScalarValue::try_from(&self.direct_type)?,
        };
        Ok(vec![ScalarValue::List(Arc::new(list)), direct])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        for row in 0..lists.len() {
            let values = lists.value(row);
            if values.is_empty() {
                continue;
            }
            if self.direct.is_none() {
                self.direct = Some(ScalarValue::try_from_array(&states[1], row)?);
            }
            self.parts.push(values);
        }
        Ok(())
    }
}
