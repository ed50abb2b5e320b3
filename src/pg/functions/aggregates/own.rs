//! Aggregates over values that are kept as canonical texts ([`crate::pg::adt`]): the least and the greatest of those whose
//! texts sort otherwise, sums of `money`, `range_agg` and `range_intersect_agg`.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};

use crate::error::Error;
use crate::pg::adt::multirange::{self, Multirange};
use crate::pg::adt::{self, money, range};
use crate::pg::encode::OutputSettings;
use crate::pg::functions::overloads::field;
use crate::pg::types;

/// Those that statements call by a name the planner has no aggregate of.
pub(super) fn all() -> Vec<Arc<AggregateUDF>> {
    [Kind::Union, Kind::Intersection].map(made).to_vec()
}

/// The aggregate of values of type `oid` that stands for the planner's of that name; `None` where that does as well.
pub(super) fn of(name: &str, oid: u32) -> Option<Arc<AggregateUDF>> {
    let has_extremes = matches!(
        oid,
        types::INET | types::CIDR | types::PG_LSN | types::TID | types::MONEY | types::TIMETZ
    );
    Some(made(match name {
        "min" if has_extremes => Kind::Least,
        "max" if has_extremes => Kind::Greatest,
        "sum" if oid == types::MONEY => Kind::Sum,
        _ => return None,
    }))
}

fn made(kind: Kind) -> Arc<AggregateUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(Own { kind, signature }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Least,
    Greatest,
    /// `sum(money)`
    Sum,
    /// `range_agg`
    Union,
    /// `range_intersect_agg`
    Intersection,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Own {
    kind: Kind,
    signature: Signature,
}

/// The multirange type over ranges, or multiranges, of type `oid`.
fn multirange_of(oid: u32) -> Option<u32> {
    if multirange::range_of(oid).is_some() {
        return Some(oid);
    }
    let name = types::name_of(oid).filter(|_| range::element_of(oid).is_some())?;
    types::by_internal_name(&name.replace("range", "multirange"))
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl AggregateUDFImpl for Own {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Least => "min",
            Kind::Greatest => "max",
            Kind::Sum => "sum",
            Kind::Union => "range_agg",
            Kind::Intersection => "range_intersect_agg",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        let [argument] = arg_fields else { return plan_err!("{} takes one value", self.name()) };
        let oid = types::of_field(argument).oid;
        let returned = match self.kind {
            Kind::Union | Kind::Intersection => {
                let many = multirange_of(oid).ok_or_else(|| {
                    let (name, kind) = (self.name(), types::sql_name(oid));
                    let message = format!("function {name}({kind}) does not exist");
                    external(Error::UndefinedFunction(message).hint(
                        "No function matches the given name and argument types. You might need \
                         to add explicit type casts.",
                    ))
                })?;
                if self.kind == Kind::Union { many } else { oid }
            }
            // An address without a network has a least one that may have one.
            _ if oid == types::CIDR => types::INET,
            _ => oid,
        };
        Ok(Arc::new(field(self.name(), returned)))
    }

    fn state_fields(&self, _args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("state", DataType::Utf8, true))])
    }

    /// Errors: 0A000 for sums of distinct values.
    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct && self.kind == Kind::Sum {
            let message = "sum(DISTINCT money) is not supported".to_owned();
            return Err(external(Error::FeatureNotSupported(message)));
        }
        let own = args.expr_fields.first().map(|field| types::of_field(field).oid);
        let oid = own.unwrap_or(types::TEXT);
        Ok(match self.kind {
            Kind::Least | Kind::Greatest => {
                let greatest = self.kind == Kind::Greatest;
                Box::new(Extreme { oid, greatest, best: None })
            }
            Kind::Sum => Box::new(Sum { cents: None }),
            Kind::Union | Kind::Intersection => {
                let many = multirange_of(oid).unwrap_or(oid);
                Box::new(Ranges { oid, many, kind: self.kind, found: None })
            }
        })
    }
}

fn texts(values: &ArrayRef) -> Result<ArrayRef> {
    Ok(cast(values, &DataType::Utf8)?)
}

/// The least or greatest value, as its text, by its key.
#[derive(Debug)]
struct Extreme {
    oid: u32,
    greatest: bool,
    best: Option<(Vec<u8>, String)>,
}

impl Accumulator for Extreme {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = texts(&values[0])?;
        for text in values.as_string::<i32>().iter().flatten() {
            let key = adt::key(self.oid, text).map_err(external)?;
            let better = self.best.as_ref().is_none_or(|(best, _)| match self.greatest {
                true => *best < key,
                false => key < *best,
            });
            if better {
                self.best = Some((key, text.to_owned()));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8(self.best.as_ref().map(|(_, text)| text.clone())))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.best.as_ref().map_or(0, |(key, text)| key.len() + text.len())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}

/// `cash_pl` over all values.
#[derive(Debug)]
struct Sum {
    cents: Option<i64>,
}

impl Sum {
    /// Errors: 22003 beyond the range.
    fn add(&mut self, values: &ArrayRef) -> Result<()> {
        let values = texts(values)?;
        for text in values.as_string::<i32>().iter().flatten() {
            let cents = money::read(text).map_err(external)?;
            let sum = cents.checked_add(self.cents.unwrap_or(0));
            self.cents = Some(sum.ok_or_else(|| {
                external(Error::NumericOutOfRange("money out of range".to_owned()))
            })?);
        }
        Ok(())
    }
}

impl Accumulator for Sum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.add(&values[0])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Utf8(self.cents.map(money::written)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}

/// What is in any, or in all, of the ranges.
#[derive(Debug)]
struct Ranges {
    oid: u32,
    many: u32,
    kind: Kind,
    found: Option<Multirange>,
}

impl Ranges {
    fn read(&self, oid: u32, text: &str) -> crate::error::Result<Multirange> {
        let settings = OutputSettings::default();
        match multirange::range_of(oid) {
            Some(_) => multirange::read(oid, text, &settings),
            None => Multirange::new(self.many, vec![range::read(oid, text, &settings)?]),
        }
    }

    fn take(&mut self, oid: u32, values: &ArrayRef) -> Result<()> {
        let values = texts(values)?;
        let mut union = Vec::new();
        for text in values.as_string::<i32>().iter().flatten() {
            let own = self.read(oid, text).map_err(external)?;
            match (&self.found, self.kind) {
                (Some(found), Kind::Intersection) => {
                    self.found = Some(found.intersection(&own).map_err(external)?);
                }
                (None, Kind::Intersection) => self.found = Some(own),
                _ => {
                    self.found.get_or_insert(Multirange { oid: self.many, ranges: Vec::new() });
                    union.extend(own.ranges);
                }
            }
        }
        if let Some(found) = self.found.take_if(|_found| !union.is_empty()) {
            let joined = Multirange { oid: self.many, ranges: union };
            // One sort for all of a batch.
            let all = [found.ranges, joined.ranges].concat();
            self.found = Some(Multirange::new(self.many, all).map_err(external)?);
        }
        Ok(())
    }
}

impl Accumulator for Ranges {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.take(self.oid, &values[0])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Some(found) = &self.found else { return Ok(ScalarValue::Utf8(None)) };
        let settings = OutputSettings::default();
        let one = self.kind == Kind::Intersection && multirange::range_of(self.oid).is_none();
        let text = match one {
            true => found.around().and_then(|range| range.written(&settings)),
            false => found.written(&settings),
        };
        Ok(ScalarValue::Utf8(Some(text.map_err(external)?)))
    }

    fn size(&self) -> usize {
        let ranges = self.found.as_ref().map_or(0, |found| found.ranges.len());
        size_of_val(self) + ranges * size_of::<range::Range>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let text = self.found.as_ref().map(|found| found.written(&OutputSettings::default()));
        Ok(vec![ScalarValue::Utf8(text.transpose().map_err(external)?)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.take(self.many, &states[0])
    }
}
