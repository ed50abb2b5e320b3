//! `min` and `max`: DataFusion's, with what PostgreSQL's have and they lack.
//!
//! The result is of the type PostgreSQL gives it, which no Arrow type tells. In groups, numbers of floating point are
//! compared by their rank: DataFusion's compare them with `<`, for which NaN is neither below nor above anything, and begin
//! at the greatest finite number, so that they take the infinity of a group for that. What the statistics of a file say of
//! its floating point leaves NaN out, so they answer nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF,
    SetMonotonicity, Signature, StatisticsArgs,
};

use crate::pg::catalog::rows::tagged;
use crate::pg::encode::is_oid;
use crate::pg::types::{self, TYPE_KEY};

/// Both.
pub(super) fn all() -> [Arc<AggregateUDF>; 2] {
    use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
    [max_udaf(), min_udaf()].map(|inner| Arc::new(AggregateUDF::new_from_impl(Extreme { inner })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    inner: Arc<AggregateUDF>,
}

/// The type of the result: that of the values, or what PostgreSQL casts them to where it has no aggregate of theirs.
fn result(oid: u32) -> u32 {
    match oid {
        types::CIDR => types::INET,
        types::VARCHAR | types::NAME | types::CHAR => types::TEXT,
        types::XID | types::CID => oid,
        number if is_oid(number) => types::OID,
        _ => oid,
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        let found = self.inner.inner().return_field(arg_fields)?;
        let Some(own) = arg_fields.first().filter(|own| own.metadata().contains_key(TYPE_KEY))
        else {
            return Ok(found);
        };
        let oid = result(types::of_field(own).oid);
        Ok(match types::name_of(oid) {
            Some(name) if types::of_field(&found).oid != oid => {
                Arc::new(tagged(found.as_ref().clone(), name))
            }
            _ => found,
        })
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.inner().coerce_types(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.inner().state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.inner().accumulator(args)
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn Accumulator>> {
        self.inner.inner().create_sliding_accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.inner().groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        mut args: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let ranks = match args.return_field.data_type() {
            DataType::Float32 => Ranks { of: ranked_singles, back: singles },
            DataType::Float64 => Ranks { of: ranked_doubles, back: doubles },
            _ => return self.inner.inner().create_groups_accumulator(args),
        };
        let whole = match args.return_field.data_type() {
            DataType::Float32 => DataType::Int32,
            _ => DataType::Int64,
        };
        args.return_field = Arc::new(Field::new(self.name(), whole, true));
        let inner = self.inner.inner().create_groups_accumulator(args)?;
        Ok(Box::new(Ranked { ranks, inner }))
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.inner().is_descending()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.inner().order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        self.inner.inner().reverse_expr()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }

    fn value_from_stats(&self, args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        match args.return_type.is_floating() {
            true => None,
            false => self.inner.inner().value_from_stats(args),
        }
    }
}

/// How floating point becomes whole numbers of the same order, and these floating point again.
#[derive(Clone, Copy)]
struct Ranks {
    of: fn(&ArrayRef) -> ArrayRef,
    back: fn(&ArrayRef) -> ArrayRef,
}

/// What `inner` finds among the ranks.
struct Ranked {
    ranks: Ranks,
    inner: Box<dyn GroupsAccumulator>,
}

impl GroupsAccumulator for Ranked {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        let ranks: Vec<ArrayRef> = values.iter().map(self.ranks.of).collect();
        self.inner.update_batch(&ranks, group_indices, opt_filter, total_num_groups)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok((self.ranks.back)(&self.inner.evaluate(emit_to)?))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(self.inner.state(emit_to)?.iter().map(self.ranks.back).collect())
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        let ranks: Vec<ArrayRef> = values.iter().map(self.ranks.of).collect();
        self.inner.merge_batch(&ranks, group_indices, total_num_groups)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let ranks: Vec<ArrayRef> = values.iter().map(self.ranks.of).collect();
        let state = self.inner.convert_to_state(&ranks, opt_filter)?;
        Ok(state.iter().map(self.ranks.back).collect())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.inner.size()
    }
}

fn mapped<From, To>(array: &ArrayRef, map: fn(From::Native) -> To::Native) -> ArrayRef
where
    From: ArrowPrimitiveType,
    To: ArrowPrimitiveType,
{
    let done: PrimitiveArray<To> = array.as_primitive::<From>().unary(map);
    Arc::new(done)
}

fn ranked_doubles(array: &ArrayRef) -> ArrayRef {
    mapped::<Float64Type, Int64Type>(array, |value| match value.is_nan() {
        true => i64::MAX,
        false => turned(value.to_bits().cast_signed()),
    })
}

fn doubles(array: &ArrayRef) -> ArrayRef {
    mapped::<Int64Type, Float64Type>(array, |rank| match rank {
        i64::MAX => f64::NAN,
        rank => f64::from_bits(turned(rank).cast_unsigned()),
    })
}

/// The bits of a number below zero grow as it falls: all but the sign are turned around. Done twice it changes nothing.
fn turned(bits: i64) -> i64 {
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

fn ranked_singles(array: &ArrayRef) -> ArrayRef {
    mapped::<Float32Type, Int32Type>(array, |value| match value.is_nan() {
        true => i32::MAX,
        false => turned_single(value.to_bits().cast_signed()),
    })
}

fn singles(array: &ArrayRef) -> ArrayRef {
    mapped::<Int32Type, Float32Type>(array, |rank| match rank {
        i32::MAX => f32::NAN,
        rank => f32::from_bits(turned_single(rank).cast_unsigned()),
    })
}

/// As [`turned`].
fn turned_single(bits: i32) -> i32 {
    if bits < 0 { bits ^ i32::MAX } else { bits }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Float64Array};
    use arrow::datatypes::{Float64Type, Int64Type};

    use super::{doubles, ranked_doubles};

    #[test]
    fn ranks_are_in_postgresqls_order() {
        let ascending =
            [f64::NEG_INFINITY, f64::MIN, -1.5, -0.0, 0.0, 1e-300, 2.5, f64::INFINITY, f64::NAN];
        let array: ArrayRef = Arc::new(Float64Array::from(ascending.to_vec()));
        let ranks = ranked_doubles(&array);
        let numbers = ranks.as_primitive::<Int64Type>().values();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
        let back = doubles(&ranks);
        let back: Vec<u64> =
            back.as_primitive::<Float64Type>().values().iter().map(|one| one.to_bits()).collect();
        assert_eq!(back, ascending.map(f64::to_bits).to_vec());
    }
}
