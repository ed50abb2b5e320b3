//! PostgreSQL's numeric where DataFusion's decimals fall short: averages and quotients keep at least 16 digits after
//! the point, averages of integers are numeric, sums of bigint do not overflow (PostgreSQL manual, 9.21;
//! `select_div_scale` in numeric.c). DataFusion gives a quotient four digits more than its dividend.

use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{DFSchema, Result as DfResult, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, BinaryExpr, Expr, ExprSchemable,
    GroupsAccumulator, Operator, Signature, Volatility, cast,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// Digits after the point that a quotient keeps at least: `NUMERIC_MIN_SIG_DIGITS`.
const QUOTIENT_SCALE: i8 = 16;

/// DataFusion adds this many digits to the scale of what it divides.
const ADDED_SCALE: i8 = 4;

/// DataFusion's `avg` or `sum` over arguments made wide enough first.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Wide {
    inner: Arc<AggregateUDF>,
    signature: Signature,
    average: bool,
}

/// `avg` and `sum` over `state`'s own, to be registered in their place.
pub(super) fn aggregates(
    find: impl Fn(&str) -> Option<Arc<AggregateUDF>>,
) -> Vec<Arc<AggregateUDF>> {
    [("avg", true), ("sum", false)]
        .into_iter()
        .filter_map(|(name, average)| {
            let inner = find(name)?;
            let signature = Signature::user_defined(Volatility::Immutable);
            Some(Arc::new(AggregateUDF::new_from_impl(Wide { inner, signature, average })))
        })
        .collect()
}

impl Wide {
    fn widened(&self, argument: &DataType) -> Option<DataType> {
        let scale = match argument {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale) => *scale,
            DataType::Int64 | DataType::UInt64 => 0,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
                if self.average =>
            {
                0
            }
            _ => return None,
        };
        let scale = if self.average { scale.max(QUOTIENT_SCALE - ADDED_SCALE) } else { scale };
        Some(DataType::Decimal128(38, scale))
    }
}

impl AggregateUDFImpl for Wide {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        self.inner.return_type(types)
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        match types {
            [one] => match self.widened(one) {
                Some(wide) => Ok(vec![wide]),
                None => inner_coercion(&self.inner, one),
            },
            _ => datafusion::common::plan_err!("{} expects 1 argument", self.name()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> DfResult<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> DfResult<Box<dyn GroupsAccumulator>> {
        self.inner.create_groups_accumulator(args)
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> DfResult<Box<dyn Accumulator>> {
        self.inner.create_sliding_accumulator(args)
    }

    fn default_value(&self, data_type: &DataType) -> DfResult<ScalarValue> {
        self.inner.default_value(data_type)
    }
}

/// What DataFusion's own function makes of a type that needs no widening.
fn inner_coercion(inner: &AggregateUDF, one: &DataType) -> DfResult<Vec<DataType>> {
    match one {
        DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Null => {
            Ok(vec![DataType::Float64])
        }
        DataType::Int8 | DataType::Int16 | DataType::Int32 => Ok(vec![DataType::Int64]),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Ok(vec![DataType::UInt64]),
        DataType::Dictionary(_, value) => inner_coercion(inner, value),
        DataType::Decimal256(..) | DataType::Duration(_) | DataType::Interval(_) => {
            Ok(vec![one.clone()])
        }
        other => datafusion::common::plan_err!(
            "No function matches the given name and argument types '{}({other})'",
            inner.name()
        ),
    }
}

/// Divides decimals with room for 16 digits after the point; EXTRACT gives numeric.
#[derive(Debug)]
pub(super) struct Quotients;

impl ExprPlanner for Quotients {
    fn plan_extract(&self, args: Vec<Expr>) -> DfResult<PlannerResult<Vec<Expr>>> {
        let field = match args.first() {
            Some(Expr::Literal(ScalarValue::Utf8(Some(field)), _)) => field.clone(),
            _ => return Ok(PlannerResult::Original(args)),
        };
        let part = datafusion::functions::datetime::date_part().call(args);
        let numeric = DataType::Decimal128(38, extract_scale(&field));
        Ok(PlannerResult::Planned(cast(part, numeric)))
    }

    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> DfResult<PlannerResult<RawBinaryExpr>> {
        if expr.op != BinaryOperator::Divide {
            return Ok(PlannerResult::Original(expr));
        }
        // A column of an outer query has no type here; DataFusion's own scale has to do then.
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema))
        else {
            return Ok(PlannerResult::Original(expr));
        };
        let (Some(dividend), Some(divisor)) = (scale_of(&left), scale_of(&right)) else {
            return Ok(PlannerResult::Original(expr));
        };
        // An unsigned integer of 64 bits is numeric to PostgreSQL.
        let whole =
            |data_type: &DataType| data_type.is_integer() && !matches!(data_type, DataType::UInt64);
        if whole(&left) && whole(&right) {
            return Ok(PlannerResult::Original(expr));
        }
        let dividend = DataType::Decimal256(76, dividend.max(QUOTIENT_SCALE - ADDED_SCALE));
        let divisor = DataType::Decimal256(76, divisor);
        Ok(PlannerResult::Planned(Expr::BinaryExpr(BinaryExpr::new(
            Box::new(cast(expr.left, dividend)),
            Operator::Divide,
            Box::new(cast(expr.right, divisor)),
        ))))
    }
}

/// The places of what EXTRACT gives for a field: PostgreSQL 15 answers with numeric.
fn extract_scale(field: &str) -> i8 {
    match field.to_ascii_lowercase().as_str() {
        "second" | "seconds" | "epoch" | "julian" => 6,
        "millisecond" | "milliseconds" => 3,
        _ => 0,
    }
}

fn scale_of(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some((*scale).max(0)),
        integer if integer.is_integer() => Some(0),
        _ => None,
    }
}
