//! PostgreSQL's numeric where DataFusion's decimals fall short: averages and quotients have digits of their own
//! ([`crate::pg::numeric`]), averages of integers are numeric, sums of bigint do not overflow (PostgreSQL manual, 9.21).

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, Result as DfResult, ScalarValue};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::logical_expr::expr::{
    AggregateFunction, ScalarFunction, WindowFunction, WindowFunctionParams,
};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::planner::{
    ExprPlanner, PlannerResult, RawAggregateExpr, RawBinaryExpr, RawWindowExpr,
};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, ExprSchemable, GroupsAccumulator, Signature,
    Volatility, WindowFunctionDefinition,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::pg::functions::numerics::{self, Numerics};
use crate::pg::{functions, rewrite, types};

/// The name of the sum that an average is made of.
const AVERAGE: &str = "avg";

/// DataFusion's `sum` over arguments made wide enough first.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Wide {
    inner: Arc<AggregateUDF>,
    signature: Signature,
    /// Whether it is the sum of an average, which errors name.
    average: bool,
}

/// `sum` and the sum of `avg`, to be registered in the place of DataFusion's.
pub(super) fn aggregates(
    find: impl Fn(&str) -> Option<Arc<AggregateUDF>>,
) -> Vec<Arc<AggregateUDF>> {
    let Some(inner) = find("sum") else { return Vec::new() };
    [true, false]
        .into_iter()
        .map(|average| {
            let signature = Signature::user_defined(Volatility::Immutable);
            let wide = Wide { inner: Arc::clone(&inner), signature, average };
            Arc::new(AggregateUDF::new_from_impl(wide))
        })
        .collect()
}

fn widened(argument: &DataType) -> Option<DataType> {
    match argument {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale) => Some(DataType::Decimal128(38, *scale)),
        DataType::Int64 | DataType::UInt64 => Some(DataType::Decimal128(38, 0)),
        _ => None,
    }
}

impl AggregateUDFImpl for Wide {
    fn name(&self) -> &str {
        if self.average { AVERAGE } else { self.inner.name() }
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        // Rewriting gives intervals an average of their own.
        if let [interval @ DataType::Interval(_)] = types {
            return Ok(interval.clone());
        }
        self.inner.return_type(types)
    }

    /// Sums of `money`, which is kept as text, are another function's once the plan is rewritten.
    fn return_field(&self, arg_fields: &[FieldRef]) -> DfResult<FieldRef> {
        let data_types: Vec<DataType> =
            arg_fields.iter().map(|field| field.data_type().clone()).collect();
        match arg_fields {
            [one] if types::of_field(one).oid == types::MONEY && !self.average => {
                Ok(Arc::new(one.as_ref().clone().with_name(self.name()).with_nullable(true)))
            }
            [one] if one.data_type().is_string() => inner_coercion(self.name(), one.data_type())
                .and_then(|_none| self.return_type(&data_types))
                .map(|data_type| Arc::new(Field::new(self.name(), data_type, true))),
            _ => {
                let data_type = self.return_type(&data_types)?;
                Ok(Arc::new(Field::new(self.name(), data_type, true)))
            }
        }
    }

    fn coerce_types(&self, types: &[DataType]) -> DfResult<Vec<DataType>> {
        match types {
            [one] if one.is_string() && !self.average => Ok(vec![one.clone()]),
            [one] => match widened(one) {
                Some(wide) => Ok(vec![wide]),
                None if self.average && one.is_integer() => Ok(vec![DataType::Decimal128(38, 0)]),
                None => inner_coercion(self.name(), one),
            },
            _ => datafusion::common::plan_err!("{} expects 1 argument", self.name()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> DfResult<Box<dyn Accumulator>> {
        let bounded = is_double(&args) && !args.is_distinct;
        let own = self.inner.accumulator(args)?;
        Ok(if bounded { functions::bounded_sum(own) } else { own })
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
        match is_double(&args) && !args.is_distinct {
            true => Ok(functions::bounded_sums()),
            false => self.inner.create_groups_accumulator(args),
        }
    }

    fn create_sliding_accumulator(
        &self,
        args: AccumulatorArgs<'_>,
    ) -> DfResult<Box<dyn Accumulator>> {
        let bounded = is_double(&args) && !args.is_distinct;
        let own = self.inner.create_sliding_accumulator(args)?;
        Ok(if bounded { functions::bounded_sum(own) } else { own })
    }

    fn default_value(&self, data_type: &DataType) -> DfResult<ScalarValue> {
        self.inner.default_value(data_type)
    }
}

fn is_double(args: &AccumulatorArgs<'_>) -> bool {
    *args.return_field.data_type() == DataType::Float64
}

/// What DataFusion's own function makes of a type that needs no widening.
fn inner_coercion(name: &str, one: &DataType) -> DfResult<Vec<DataType>> {
    match one {
        DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Null => {
            Ok(vec![DataType::Float64])
        }
        DataType::Int8 | DataType::Int16 | DataType::Int32 => Ok(vec![DataType::Int64]),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Ok(vec![DataType::UInt64]),
        DataType::Dictionary(_, value) => inner_coercion(name, value),
        DataType::Decimal256(..) | DataType::Duration(_) | DataType::Interval(_) => {
            Ok(vec![one.clone()])
        }
        other => datafusion::common::plan_err!(
            "No function matches the given name and argument types '{name}({other})'"
        ),
    }
}

/// Quotients and averages of numerics.
#[derive(Debug)]
pub(super) struct Quotients;

impl ExprPlanner for Quotients {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> DfResult<PlannerResult<RawBinaryExpr>> {
        if expr.op != BinaryOperator::Divide {
            return Ok(PlannerResult::Original(expr));
        }
        // A column of an outer query has no type here: the rewritten plan knows it.
        let (Ok(left), Ok(right)) = (expr.left.get_type(schema), expr.right.get_type(schema))
        else {
            return Ok(PlannerResult::Original(expr));
        };
        Ok(match rewrite::is_numeric_pair(&left, &right) {
            true => PlannerResult::Planned(call(Numerics::Over, expr.left, expr.right)),
            false => PlannerResult::Original(expr),
        })
    }

    /// An average is a sum by a count: PostgreSQL's digits follow from both, and `sum(x)` beside it costs nothing more.
    fn plan_aggregate(&self, raw: RawAggregateExpr) -> DfResult<PlannerResult<RawAggregateExpr>> {
        if raw.func.name() != AVERAGE {
            return Ok(PlannerResult::Original(raw));
        }
        let RawAggregateExpr { func, args, distinct, filter, order_by, null_treatment } = raw;
        let over = |func| {
            Expr::AggregateFunction(AggregateFunction::new_udf(
                func,
                args.clone(),
                distinct,
                filter.clone(),
                order_by.clone(),
                null_treatment,
            ))
        };
        let mean = call(Numerics::Mean, over(func), over(count_udaf()));
        Ok(PlannerResult::Planned(mean))
    }

    fn plan_window(&self, raw: RawWindowExpr) -> DfResult<PlannerResult<RawWindowExpr>> {
        let sum = match &raw.func_def {
            WindowFunctionDefinition::AggregateUDF(func) if func.name() == AVERAGE => {
                Arc::clone(func)
            }
            _ => return Ok(PlannerResult::Original(raw)),
        };
        let over = |func| {
            let raw = raw.clone();
            Expr::WindowFunction(Box::new(WindowFunction {
                fun: WindowFunctionDefinition::AggregateUDF(func),
                params: WindowFunctionParams {
                    args: raw.args,
                    partition_by: raw.partition_by,
                    order_by: raw.order_by,
                    window_frame: raw.window_frame,
                    filter: raw.filter,
                    null_treatment: raw.null_treatment,
                    distinct: raw.distinct,
                },
            }))
        };
        let mean = call(Numerics::Mean, over(sum), over(count_udaf()));
        Ok(PlannerResult::Planned(mean))
    }
}

fn call(operation: Numerics, left: Expr, right: Expr) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(numerics::function(operation), vec![left, right]))
}
