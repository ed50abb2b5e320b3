//! `string_agg` of `bytea`, of which the planner's own would make texts, and by a delimiter that each row tells, where the
//! planner's own takes a constant.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

/// The aggregate of values of `data_type`, Utf8 or Binary.
pub(super) fn aggregate(data_type: DataType) -> Arc<AggregateUDF> {
    let signature =
        Signature::exact(vec![data_type.clone(), data_type.clone()], Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(Joined { data_type, signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Joined {
    data_type: DataType,
    signature: Signature,
}

/// A value and the delimiter before it.
fn parts(data_type: &DataType) -> Fields {
    let part = |name| Field::new(name, data_type.clone(), true);
    Fields::from(vec![part("value"), part("delimiter")])
}

fn pair(data_type: &DataType) -> FieldRef {
    Arc::new(Field::new("pair", DataType::Struct(parts(data_type)), true))
}

/// What `array_agg` returns, which gathers the pairs.
fn list(data_type: &DataType) -> FieldRef {
    let pairs = DataType::new_list(pair(data_type).data_type().clone(), true);
    Arc::new(Field::new("list", pairs, true))
}

/// `pair` in the place of the first two: what orders the values stands behind them.
fn gathered<T: Clone>(pair: T, values: &[T]) -> Vec<T> {
    std::iter::once(pair).chain(values.iter().skip(2).cloned()).collect()
}

impl AggregateUDFImpl for Joined {
    fn name(&self) -> &str {
        "string_agg"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.data_type.clone())
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let input_fields = gathered(pair(&self.data_type), args.input_fields);
        array_agg_udaf().state_fields(StateFieldsArgs {
            input_fields: &input_fields,
            return_field: list(&self.data_type),
            is_distinct: false,
            ..args
        })
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let Some(first) = args.exprs.first() else { return plan_err!("string_agg of nothing") };
        let distinct = args.is_distinct;
        let values = array_agg_udaf().accumulator(AccumulatorArgs {
            is_distinct: false,
            exprs: &gathered(Arc::clone(first), args.exprs),
            expr_fields: &gathered(pair(&self.data_type), args.expr_fields),
            return_field: list(&self.data_type),
            ..args
        })?;
        Ok(Box::new(Joining { values, distinct, data_type: self.data_type.clone() }))
    }
}

#[derive(Debug)]
struct Joining {
    values: Box<dyn Accumulator>,
    /// Whether each pair counts once: where it is first.
    distinct: bool,
    data_type: DataType,
}

impl Joining {
    fn paired(&self, values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
        let [value, delimiter, ..] = values else { return plan_err!("string_agg of nothing") };
        let columns = vec![Arc::clone(value), Arc::clone(delimiter)];
        let pairs = StructArray::try_new(parts(&self.data_type), columns, None)?;
        Ok(gathered(Arc::new(pairs), values))
    }
}

impl Accumulator for Joining {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let paired = self.paired(values)?;
        self.values.update_batch(&paired)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let ScalarValue::List(list) = self.values.evaluate()? else {
            return plan_err!("array_agg returned no list");
        };
        let pairs = list.values().as_struct_opt();
        let [values, delimiters] = pairs.map_or(&[][..], StructArray::columns) else {
            return ScalarValue::try_from(&self.data_type);
        };
        let bytes = |column: &ArrayRef| cast(column, &DataType::Binary);
        let (values, delimiters) = (bytes(values)?, bytes(delimiters)?);
        let (values, delimiters): (&BinaryArray, &BinaryArray) =
            (values.as_binary(), delimiters.as_binary());
        let mut joined: Option<Vec<u8>> = None;
        let mut seen = HashSet::new();
        for (value, delimiter) in values.iter().zip(delimiters) {
            let Some(value) = value else { continue };
            if self.distinct && !seen.insert((value, delimiter)) {
                continue;
            }
            match &mut joined {
                None => joined = Some(value.to_vec()),
                Some(joined) => {
                    joined.extend_from_slice(delimiter.unwrap_or_default());
                    joined.extend_from_slice(value);
                }
            }
        }
        ScalarValue::Binary(joined).cast_to(&self.data_type)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.values.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.values.merge_batch(states)
    }
}
