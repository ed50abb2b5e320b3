//! How many digits the greatest or the least numeric shows: of equal ones the last that was met, as in `numeric_larger` and
//! `numeric_smaller`.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal256Type, Field, FieldRef, Int32Type, i256};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use crate::pg::numeric;

/// The aggregate of values and of how many digits each shows.
pub(super) fn digits(greatest: bool) -> Arc<AggregateUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(Digits { greatest, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Digits {
    greatest: bool,
    signature: Signature,
}

impl AggregateUDFImpl for Digits {
    fn name(&self) -> &str {
        if self.greatest { "numeric_max_digits" } else { "numeric_min_digits" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [value, digits] if value.is_decimal() || value.is_integer() => {
                Ok(vec![value.clone(), digits.clone()])
            }
            _ => plan_err!("{} takes numerics and their digits", self.name()),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let scale = args.input_fields.first().map_or(0, |field| scale(field.data_type()));
        Ok(vec![
            Arc::new(Field::new("value", numeric::of_scale(scale), true)),
            Arc::new(Field::new("digits", DataType::Int32, true)),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let scale = args.expr_fields.first().map_or(0, |field| scale(field.data_type()));
        Ok(Box::new(Best { greatest: self.greatest, scale, best: None }))
    }
}

fn scale(data_type: &DataType) -> i8 {
    match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    }
}

#[derive(Debug)]
struct Best {
    greatest: bool,
    scale: i8,
    best: Option<(i256, Option<i32>)>,
}

impl Accumulator for Best {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let numbers = cast(&values[0], &numeric::of_scale(self.scale))?;
        let digits = cast(&values[1], &DataType::Int32)?;
        let digits = digits.as_primitive::<Int32Type>();
        for (row, number) in numbers.as_primitive::<Decimal256Type>().iter().enumerate() {
            let Some(number) = number else { continue };
            let stays = self.best.is_some_and(|(best, _)| match self.greatest {
                true => best > number,
                false => best < number,
            });
            if !stays {
                self.best = Some((number, digits.is_valid(row).then(|| digits.value(row))));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int32(self.best.and_then(|(_, digits)| digits)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let value = self.best.map(|(value, _)| value);
        Ok(vec![ScalarValue::Decimal256(value, 76, self.scale), self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Decimal128Array, Int32Array};
    use datafusion::logical_expr::Accumulator;

    use super::Best;

    #[track_caller]
    fn check(greatest: bool, numbers: &[i128], want: i32) {
        let mut best = Best { greatest, scale: 2, best: None };
        let places = (1..).take(numbers.len());
        let numbers = Decimal128Array::from(numbers.to_vec()).with_precision_and_scale(38, 2);
        let numbers: ArrayRef = Arc::new(numbers.expect("a decimal"));
        let places: ArrayRef = Arc::new(places.collect::<Int32Array>());
        best.update_batch(&[numbers, places]).expect("numbers");
        assert_eq!(best.evaluate().expect("a count").to_string(), want.to_string());
    }

    #[test]
    fn the_last_of_equal_ones_tells() {
        check(true, &[150, 250, 250, 125], 3);
        check(false, &[150, 150, 250], 2);
        check(true, &[1], 1);
    }
}
