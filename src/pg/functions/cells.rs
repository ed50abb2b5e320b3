//! Scalar functions over cells: one small body per function, everything around it once.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, FieldRef, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{DataFusionError, Result as DataFusionResult, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::error::Result;
use crate::pg::catalog::rows::{Cell, column, field};
use crate::pg::facts::Facts;
use crate::pg::functions::of_constants;

/// What a function takes, returns and does.
///
/// `takes` holds one letter per argument for each overload: `t` text, `n` a whole number, `b` bool, `a` text or a
/// number (an OID or a name), `d` a numeric, `l` a list, `s` a timestamp, `x` anything.
#[derive(Clone, Copy)]
pub(super) struct Spec {
    pub(super) name: &'static str,
    pub(super) takes: &'static [&'static str],
    /// The internal name of the type it returns.
    pub(super) returns: &'static str,
    /// Whether any NULL argument makes the result NULL without a call.
    pub(super) strict: bool,
    pub(super) body: fn(&Call<'_>) -> Result<Cell>,
}

/// One call of a function.
pub(super) struct Call<'a> {
    pub(super) facts: &'a Facts,
    pub(super) args: &'a [Cell],
    /// The types of the arguments, with their metadata.
    pub(super) fields: &'a [FieldRef],
}

impl Call<'_> {
    /// Argument `index` as text; empty when it is absent or NULL.
    pub(super) fn text(&self, index: usize) -> &str {
        self.args.get(index).map_or("", Cell::text)
    }

    /// Argument `index` as a number; 0 when it is absent or NULL.
    pub(super) fn int(&self, index: usize) -> i64 {
        self.args.get(index).map_or(0, Cell::int)
    }

    /// Argument `index` as an OID.
    pub(super) fn oid(&self, index: usize) -> u32 {
        self.args.get(index).map_or(0, Cell::oid)
    }

    /// Argument `index` as a truth.
    pub(super) fn truth(&self, index: usize) -> bool {
        self.args.get(index).is_some_and(Cell::truth)
    }
}

/// A [`Spec`] as DataFusion calls it.
struct Function {
    spec: Spec,
    facts: Arc<Facts>,
    signature: Signature,
}

/// `spec` for the statement of `facts`. Within one statement its answer never changes.
pub(super) fn make(spec: Spec, facts: &Arc<Facts>) -> Arc<ScalarUDF> {
    udf(spec, facts, Volatility::Stable)
}

/// `spec` for the statement of `facts`, called for each row: it has an effect.
pub(super) fn volatile(spec: Spec, facts: &Arc<Facts>) -> Arc<ScalarUDF> {
    udf(spec, facts, Volatility::Volatile)
}

/// `spec` for any statement. Made twice it is the same function: the planner finds expressions of it again, as those that
/// are grouped by.
pub(super) fn immutable(spec: Spec) -> Arc<ScalarUDF> {
    static NONE: LazyLock<Arc<Facts>> = LazyLock::new(Arc::default);
    udf(spec, &NONE, Volatility::Immutable)
}

fn udf(spec: Spec, facts: &Arc<Facts>, volatility: Volatility) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(volatility);
    Arc::new(ScalarUDF::new_from_impl(Function { spec, facts: Arc::clone(facts), signature }))
}

impl std::fmt::Debug for Function {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.spec.name)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Function) -> bool {
        self.spec.name == other.spec.name && Arc::ptr_eq(&self.facts, &other.facts)
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.spec.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(field(self.spec.name, self.spec.returns).data_type().clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(field(self.spec.name, self.spec.returns)))
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        let fitting = self.spec.takes.iter().filter(|takes| takes.len() == arg_types.len());
        for takes in fitting {
            let pairs = takes.chars().zip(arg_types);
            let coerced: Option<Vec<DataType>> =
                pairs.map(|(letter, data_type)| coerce(letter, data_type)).collect();
            if let Some(coerced) = coerced {
                return Ok(coerced);
            }
        }
        let names: Vec<String> = arg_types
            .iter()
            .map(|kind| crate::pg::types::sql_name(crate::pg::types::of_data_type(kind).oid))
            .collect();
        plan_err!("function {}({}) does not exist", self.spec.name, names.join(", "))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        // What has an effect has it for each row.
        let constant = self.signature.volatility != Volatility::Volatile
            && args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut columns = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            columns.push(cells(&arg.to_array(length)?)?);
        }
        let mut results = Vec::with_capacity(length);
        let mut row = Vec::with_capacity(columns.len());
        for index in 0..length {
            row.clear();
            row.extend(columns.iter_mut().map(|column| {
                column.get_mut(index).map_or(Cell::Null, |cell| std::mem::replace(cell, Cell::Null))
            }));
            if self.spec.strict && row.contains(&Cell::Null) {
                results.push(Cell::Null);
                continue;
            }
            let call = Call { facts: &self.facts, args: &row, fields: &args.arg_fields };
            let result = (self.spec.body)(&call);
            results.push(result.map_err(|error| DataFusionError::External(Box::new(error)))?);
        }
        let array = column(&args.return_field, results.iter())?;
        if constant {
            return of_constants(&array);
        }
        Ok(ColumnarValue::Array(array))
    }
}

/// The type an argument is passed as; `None` when it does not fit the letter.
fn coerce(letter: char, data_type: &DataType) -> Option<DataType> {
    let text = matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null
    );
    let whole = data_type.is_integer();
    match letter {
        't' if text => Some(DataType::Utf8),
        'n' if text || whole => Some(DataType::Int64),
        'a' if whole => Some(DataType::Int64),
        'a' if text => Some(DataType::Utf8),
        'd' if data_type.is_decimal() => Some(data_type.clone()),
        'b' if text || *data_type == DataType::Boolean => Some(DataType::Boolean),
        'l' if data_type.is_list() || *data_type == DataType::Null => Some(data_type.clone()),
        's' if matches!(data_type, DataType::Timestamp(_, Some(_))) => {
            Some(DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC"))))
        }
        'x' => Some(data_type.clone()),
        _ => None,
    }
}

/// An array's values as cells. Types that have no cell become their Arrow text, which only functions that take
/// anything (`x`) ever see.
pub(super) fn cells(array: &ArrayRef) -> DataFusionResult<Vec<Cell>> {
    let data_type = array.data_type();
    let value = |index: usize, cell: Cell| if array.is_null(index) { Cell::Null } else { cell };
    let every = 0..array.len();
    Ok(match data_type {
        DataType::Null => vec![Cell::Null; array.len()],
        DataType::Boolean => {
            let values = array.as_boolean();
            every.map(|index| value(index, Cell::Bool(values.value(index)))).collect()
        }
        _ if data_type.is_integer() => {
            let wide = cast(array, &DataType::Int64)?;
            let values = wide.as_primitive::<Int64Type>();
            every.map(|index| value(index, Cell::Int(values.value(index)))).collect()
        }
        DataType::Float16 | DataType::Float32 | DataType::Float64 => {
            let wide = cast(array, &DataType::Float64)?;
            let values = wide.as_primitive::<Float64Type>();
            every.map(|index| value(index, Cell::Float(values.value(index)))).collect()
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            every.map(|index| value(index, Cell::Int(values.value(index)))).collect()
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(_, _) => {
            let lists = as_list(array)?;
            let mut items = Vec::with_capacity(array.len());
            for index in every {
                let list = if lists.is_null(index) {
                    Cell::Null
                } else {
                    Cell::List(cells(&lists.value(index))?)
                };
                items.push(list);
            }
            items
        }
        DataType::Struct(_) => {
            let shown = ArrayFormatter::try_new(array.as_ref(), &FormatOptions::default())?;
            every
                .map(|index| value(index, Cell::Text(Cow::Owned(shown.value(index).to_string()))))
                .collect()
        }
        _ => {
            let text = cast(array, &DataType::Utf8)?;
            let values = text.as_string::<i32>();
            every
                .map(|index| value(index, Cell::Text(Cow::Owned(values.value(index).to_owned()))))
                .collect()
        }
    })
}

fn as_list(array: &ArrayRef) -> DataFusionResult<ListArray> {
    let item = match array.data_type() {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Arc::clone(item)
        }
        other => Arc::new(Field::new("item", other.clone(), true)),
    };
    Ok(cast(array, &DataType::List(item))?.as_list::<i32>().clone())
}
