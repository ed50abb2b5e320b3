//! Aggregates of intervals: DataFusion has no average of them, and compares them field by field.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Field, FieldRef, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType,
    IntervalUnit,
};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use super::moments::{divided, length_of};
use crate::error::Error;

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// The aggregate `name` of intervals; `None` where DataFusion's own does as PostgreSQL's.
pub(crate) fn aggregate(name: &str) -> Option<Arc<AggregateUDF>> {
    let kind = match name {
        "avg" => Kind::Average,
        "min" => Kind::Least,
        "max" => Kind::Greatest,
        _ => return None,
    };
    let signature = Signature::exact(vec![INTERVAL], Volatility::Immutable);
    Some(Arc::new(AggregateUDF::new_from_impl(Intervals { kind, signature })))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Average,
    Least,
    Greatest,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Intervals {
    kind: Kind,
    signature: Signature,
}

impl AggregateUDFImpl for Intervals {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Average => "avg",
            Kind::Least => "min",
            Kind::Greatest => "max",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(INTERVAL)
    }

    fn state_fields(&self, _args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let count = Field::new("count", DataType::Int64, false);
        Ok(vec![Arc::new(Field::new("value", INTERVAL, true)), Arc::new(count)])
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Gathered { kind: self.kind, value: None, count: 0 }))
    }
}

/// The sum, or the best of the intervals so far, and how many they were.
#[derive(Debug)]
struct Gathered {
    kind: Kind,
    value: Option<IntervalMonthDayNano>,
    count: i64,
}

impl Gathered {
    fn take(&mut self, interval: IntervalMonthDayNano, count: i64) -> Result<()> {
        self.count = self.count.saturating_add(count);
        let Some(own) = self.value else {
            self.value = Some(interval);
            return Ok(());
        };
        self.value = Some(match self.kind {
            Kind::Average => sum(own, interval).ok_or_else(outside)?,
            Kind::Least if length_of(own) < length_of(interval) => own,
            Kind::Greatest if length_of(own) > length_of(interval) => own,
            _ => interval,
        });
        Ok(())
    }
}

fn sum(left: IntervalMonthDayNano, right: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    Some(IntervalMonthDayNano::new(
        left.months.checked_add(right.months)?,
        left.days.checked_add(right.days)?,
        left.nanoseconds.checked_add(right.nanoseconds)?,
    ))
}

fn outside() -> DataFusionError {
    DataFusionError::External(Box::new(Error::DatetimeOverflow("interval out of range".to_owned())))
}

impl Accumulator for Gathered {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for interval in values[0].as_primitive::<IntervalMonthDayNanoType>().iter().flatten() {
            self.take(interval, 1)?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = match (self.kind, self.value) {
            (Kind::Average, Some(sum)) => {
                Some(divided(sum, self.count as f64).ok_or_else(outside)?)
            }
            (_, value) => value,
        };
        Ok(ScalarValue::IntervalMonthDayNano(value))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::IntervalMonthDayNano(self.value), ScalarValue::from(self.count)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let intervals = states[0].as_primitive::<IntervalMonthDayNanoType>();
        let counts = states[1].as_primitive::<Int64Type>();
        for row in (0..intervals.len()).filter(|row| intervals.is_valid(*row)) {
            self.take(intervals.value(row), counts.value(row))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::IntervalMonthDayNano;
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::Accumulator;

    use super::{Gathered, Kind};

    #[test]
    fn intervals_are_gathered_by_their_lengths() {
        let month = IntervalMonthDayNano::new(1, 0, 0);
        let days = |days| IntervalMonthDayNano::new(0, days, 0);
        let check = |kind, want| {
            let mut gathered = Gathered { kind, value: None, count: 0 };
            for interval in [month, days(29), days(31)] {
                gathered.take(interval, 1).expect("in range");
            }
            let found = gathered.evaluate().expect("in range");
            assert_eq!(found, ScalarValue::IntervalMonthDayNano(Some(want)));
        };
        check(Kind::Least, days(29));
        check(Kind::Greatest, days(31));
        check(Kind::Average, IntervalMonthDayNano::new(0, 30, 0));
    }
}
