//! Functions that PostgreSQL has for types of its own beside text, found by the types of the arguments (manual, 10.3):
//! `substr` of a bytea, `length` of a bit string. The planner's function of that name, if any, stands behind them for
//! all other types; [`resolved`] leaves one of the two once the types are known.
//!
//! Imports: error, pg::decode, pg::types. Used by: pg::functions, pg::rewrite.

mod bits;
mod bytes;
mod money;
mod multiranges;
mod network;
mod numbers;
mod ranges;
mod texts;
mod times;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, BooleanBuilder, Int16Builder,
    Int32Builder, Int64Array, Int64Builder, StringArray, StringBuilder, new_empty_array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{DFSchema, DataFusionError, Result as DfResult, ScalarValue};
use datafusion::logical_expr::expr::{Placeholder, ScalarFunction};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};

use super::missing;
use crate::error::{Error, Result};
use crate::pg::functions::of_constants;
use crate::pg::types;
use crate::pg::{adt, decode, encode};

/// A function over values of certain types.
pub(super) struct Overload {
    name: &'static str,
    /// The types of its arguments, by number.
    takes: &'static [u32],
    returns: u32,
    calling: Calling,
    body: Body,
}

/// How arguments are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Calling {
    /// NULL in any argument is NULL.
    Strict,
    /// As strict, and of the very types only: PostgreSQL declares it for any range.
    Polymorphic,
    /// The body sees NULL.
    Called,
}

/// Lists overloads as `"name" (TYPE, …) -> TYPE body;`.
macro_rules! overloads {
    ($($name:literal ($($takes:ident),*) -> $returns:ident $body:expr;)*) => {
        &[$($crate::pg::functions::overloads::Overload {
            name: $name,
            takes: &[$($takes),*],
            returns: $returns,
            calling: $crate::pg::functions::overloads::Calling::Strict,
            body: $body,
        },)*]
    };
}
use overloads;

type Body = for<'a> fn(&Row<'a>) -> Result<Datum<'a>>;

/// The arguments of one call.
pub(super) struct Row<'a> {
    columns: &'a [Column],
    index: usize,
}

/// One value as a body returns it, borrowed from its arguments where it can be.
pub(super) enum Datum<'a> {
    Bytes(Cow<'a, [u8]>),
    Text(Cow<'a, str>),
    /// Of any width; a body keeps to the range of the type it returns.
    Int(i64),
    Bool(bool),
    /// A value of any other type, or NULL.
    Value(Option<ScalarValue>),
}

/// One argument in all rows.
enum Column {
    Bytes(BinaryArray),
    Text(StringArray),
    Int(Int64Array),
    /// Of any other type.
    Other(ArrayRef),
}

impl Column {
    fn is_null(&self, index: usize) -> bool {
        match self {
            Column::Bytes(values) => values.is_null(index),
            Column::Text(values) => values.is_null(index),
            Column::Int(values) => values.is_null(index),
            Column::Other(values) => values.is_null(index),
        }
    }
}

impl<'a> Row<'a> {
    /// Argument `index`, a `bytea`.
    fn bytes(&self, index: usize) -> &'a [u8] {
        match self.columns.get(index) {
            Some(Column::Bytes(values)) => values.value(self.index),
            _ => &[],
        }
    }

    /// Argument `index`, of a type whose values are kept as text.
    fn text(&self, index: usize) -> &'a str {
        match self.columns.get(index) {
            Some(Column::Text(values)) => values.value(self.index),
            _ => "",
        }
    }

    /// Argument `index`, a whole number.
    fn int(&self, index: usize) -> i64 {
        match self.columns.get(index) {
            Some(Column::Int(values)) => values.value(self.index),
            _ => 0,
        }
    }

    /// Argument `index` as a value of its type; `None` for NULL.
    fn value(&self, index: usize) -> Result<Option<ScalarValue>> {
        let column = self.columns.get(index).filter(|column| !column.is_null(self.index));
        match column {
            None => Ok(None),
            Some(Column::Int(values)) => {
                Ok(Some(ScalarValue::Int64(Some(values.value(self.index)))))
            }
            Some(Column::Other(values)) => ScalarValue::try_from_array(values, self.index)
                .map(Some)
                .map_err(|error| Error::Internal(error.to_string())),
            Some(_) => Err(Error::Internal("an argument is of another type".to_owned())),
        }
    }

    /// Argument `index`, a text, when the call has so many; `None` inside for NULL.
    fn optional_text(&self, index: usize) -> Option<Option<&'a str>> {
        let column = self.columns.get(index)?;
        Some((!column.is_null(self.index)).then(|| self.text(index)))
    }

    /// Argument `index` when the call has so many.
    fn optional_int(&self, index: usize) -> Option<i64> {
        self.columns.get(index).map(|_| self.int(index))
    }
}

impl Datum<'_> {
    fn of_bytes(bytes: Vec<u8>) -> Datum<'static> {
        Datum::Bytes(Cow::Owned(bytes))
    }

    fn of_text(text: String) -> Datum<'static> {
        Datum::Text(Cow::Owned(text))
    }

    /// A count of something in memory.
    fn count(count: usize) -> Datum<'static> {
        Datum::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// [`adt::key`] of argument 0 in hexadecimal: the planner has no window frames over bytes.
fn key<'a>(row: &Row<'a>, oid: u32) -> Result<Datum<'a>> {
    let key = adt::key(oid, row.text(0))?;
    Ok(Datum::of_text(key.iter().map(|byte| format!("{byte:02x}")).collect()))
}

/// Every function of this kind.
fn all() -> impl Iterator<Item = &'static Overload> {
    let plain =
        [bytes::ALL, bits::ALL, network::ALL, texts::ALL, money::ALL, numbers::ALL, times::ALL];
    let ranges = ranges::ALL.iter().chain(multiranges::ALL).copied();
    plain.into_iter().chain(ranges).flatten()
}

/// Those of that name; none is usual.
fn named(name: &str) -> &'static [&'static Overload] {
    static BY_NAME: LazyLock<HashMap<&'static str, Vec<&'static Overload>>> = LazyLock::new(|| {
        let mut by_name: HashMap<&'static str, Vec<&'static Overload>> = HashMap::new();
        for overload in all() {
            by_name.entry(overload.name).or_default().push(overload);
        }
        by_name
    });
    BY_NAME.get(name).map_or(&[], Vec::as_slice)
}

/// The function `name`, called at `position` of the statement: ours by the types of the arguments, else `inner`. `None`
/// when none of ours has that name.
pub(crate) fn function(
    name: &str,
    inner: Option<Arc<ScalarUDF>>,
    position: Option<usize>,
) -> Option<Arc<ScalarUDF>> {
    let overloads = named(name);
    (!overloads.is_empty()).then(|| made(name, overloads, inner, position))
}

/// Ours of that name alone, for calls that a rewrite makes. `None` when there is none.
pub(crate) fn own(name: &str) -> Option<Arc<ScalarUDF>> {
    function(name, None, None)
}

fn made(
    name: &str,
    overloads: &'static [&'static Overload],
    inner: Option<Arc<ScalarUDF>>,
    position: Option<usize>,
) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(Overloaded {
        name: name.to_owned(),
        overloads,
        inner,
        position,
        signature: Signature::user_defined(Volatility::Immutable),
    }))
}

/// A call whose arguments' types are known now, as one of the planner's own function where it is that. Of ours `read`
/// makes values of its literals without a type.
/// Errors: those of `read`.
pub(crate) fn resolved(
    mut function: ScalarFunction,
    schema: &DFSchema,
    read: &dyn Fn(&str, u32) -> DfResult<Expr>,
) -> DfResult<ScalarFunction> {
    let Some(overloaded) = overloaded(&function.func) else { return Ok(function) };
    let fields = function.args.iter().map(|arg| Ok(arg.to_field(schema)?.1));
    let fields = fields.collect::<DfResult<Vec<FieldRef>>>()?;
    let unknown: Vec<bool> = function.args.iter().map(is_unknown).collect();
    let Some(overload) = overloaded.ours(&fields, &unknown) else {
        let Some(inner) = &overloaded.inner else {
            // What was taken for a value of ours is a text by now.
            let scalar_arguments: Vec<Option<&ScalarValue>> =
                function.args.iter().map(Expr::as_literal).collect();
            let args = ReturnFieldArgs { arg_fields: &fields, scalar_arguments: &scalar_arguments };
            missing::function(&overloaded.name, overloaded.position)
                .return_field_from_args(args)?;
            return Ok(function);
        };
        if fields_with_udf(&fields, inner.as_ref()).is_err() {
            for (arg, wide) in function.args.iter_mut().zip(widened(&fields)) {
                if wide.data_type() == &DataType::Int32 {
                    *arg = std::mem::take(arg).cast_to(&DataType::Int32, schema)?;
                }
            }
        }
        function.func = Arc::clone(inner);
        return Ok(function);
    };
    for (arg, takes) in function.args.iter_mut().zip(overload.takes) {
        if let Expr::Literal(ScalarValue::Utf8(Some(text)), None) = &*arg
            && !matches!(*takes, types::TEXT | types::NAME)
        {
            *arg = read(text, *takes)?;
        }
    }
    // What is called is known: nothing has to be asked again.
    let position = overloaded.position;
    function.func = made(&overloaded.name.clone(), overloaded.overloads, None, position);
    Ok(function)
}

/// Whether the types of a call's arguments still decide what it calls, or what its literals mean.
pub(crate) fn is_open(function: &ScalarFunction) -> bool {
    overloaded(&function.func).is_some_and(|overloaded| {
        overloaded.inner.is_some() || function.args.iter().any(is_text_literal)
    })
}

/// Whether a call is of a function of ours, or may be.
pub(crate) fn is_ours(function: &ScalarFunction) -> bool {
    overloaded(&function.func).is_some()
}

fn is_text_literal(arg: &Expr) -> bool {
    matches!(arg, Expr::Literal(ScalarValue::Utf8(Some(_)), None))
}

fn overloaded(function: &ScalarUDF) -> Option<&Overloaded> {
    let inner: &dyn std::any::Any = function.inner().as_ref();
    inner.downcast_ref::<Overloaded>()
}

fn is_unknown(arg: &Expr) -> bool {
    match arg {
        Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Null, metadata) => {
            metadata.as_ref().is_none_or(|metadata| metadata.inner().is_empty())
        }
        _ => false,
    }
}

/// The overload for arguments of these types: every argument fits, one at least is known to, and most are of the very
/// type. `unknown` tells which are literals without a type.
fn fitting(
    overloads: &'static [&'static Overload],
    fields: &[FieldRef],
    unknown: &[bool],
) -> Option<&'static Overload> {
    let mut best: Option<(usize, &'static Overload)> = None;
    for overload in overloads.iter().filter(|overload| overload.takes.len() == fields.len()) {
        let fits =
            overload.takes.iter().zip(fields).zip(unknown).map(|((takes, field), unknown)| {
                match types::of_field(field).oid {
                    _ if *unknown || field.data_type().is_null() => Some(Fit::Unknown),
                    own if own == *takes => Some(Fit::Exact),
                    own if overload.calling != Calling::Polymorphic && implicit(own, *takes) => {
                        Some(Fit::Implicit)
                    }
                    _ => None,
                }
            });
        let Some(fits) = fits.collect::<Option<Vec<Fit>>>() else { continue };
        let exact = fits.iter().filter(|fit| **fit == Fit::Exact).count();
        if best.is_none_or(|(most, _)| most < exact) {
            best = Some((exact, overload));
        }
    }
    best.map(|(_, overload)| overload)
}

/// Whether an argument of a type other than the planner's functions take tells that the call is ours.
fn telling(fields: &[FieldRef], unknown: &[bool]) -> bool {
    fields.iter().zip(unknown).any(|(field, unknown)| {
        let kind = types::of_field(field).oid;
        let common =
            [types::TEXT, types::VARCHAR, types::BPCHAR, types::NAME, types::INT2, types::INT4];
        !*unknown && !field.data_type().is_null() && !common.contains(&kind)
    })
}

/// What the planner's own function takes arguments of these types as.
fn taken(inner: &ScalarUDF, fields: &[FieldRef]) -> DfResult<Vec<FieldRef>> {
    fields_with_udf(fields, inner).or_else(|_| fields_with_udf(&widened(fields), inner))
}

/// The fields with `int4` for `int2`, which some of the planner's functions do not take.
fn widened(fields: &[FieldRef]) -> Vec<FieldRef> {
    let wide = |field: &FieldRef| match field.data_type() {
        DataType::Int16 => Arc::new(field.as_ref().clone().with_data_type(DataType::Int32)),
        _ => Arc::clone(field),
    };
    fields.iter().map(wide).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Exact,
    Implicit,
    Unknown,
}

/// `left operator right` as a call of ours, `left` left out for one before its only operand; `None` when the types are
/// none of ours. What has no type is first tried as one of the other's (PostgreSQL manual, 10.2), and of two numbers the
/// planner has all operators.
pub(crate) fn operator(sign: &str, operands: Vec<Expr>, schema: &DFSchema) -> Option<Expr> {
    let overloads = named(sign);
    let fields = operands.iter().map(|operand| Ok(operand.to_field(schema)?.1));
    let fields =
        fields.collect::<DfResult<Vec<FieldRef>>>().ok().filter(|_| !overloads.is_empty())?;
    let unknown: Vec<bool> = operands.iter().map(is_unknown).collect();
    // PostgreSQL takes an operand without a type for one of the other's type, where there is such an operator.
    let alike = matches!(sign, "+" | "-" | "*" | "/")
        && unknown.contains(&true)
        && fields.iter().zip(&unknown).any(|(field, unknown)| {
            let kind = field.data_type();
            !*unknown && (kind.is_numeric() || matches!(kind, DataType::Interval(_)))
        });
    let function = made(sign, overloads, None, None);
    let untyped =
        fields.iter().zip(&unknown).any(|(field, own)| *own || field.data_type().is_null());
    if untyped && fields.iter().any(|field| field.data_type().is_numeric()) {
        return None;
    }
    let ours = !alike && telling(&fields, &unknown);
    let takes = fitting(overloads, &fields, &unknown).filter(|_| ours)?.takes;
    let typed = operands.into_iter().zip(takes).map(|(operand, takes)| match operand {
        Expr::Placeholder(Placeholder { id, field: None }) => {
            let field = Arc::new(field("", *takes));
            Expr::Placeholder(Placeholder::new_with_field(id, Some(field)))
        }
        operand => operand,
    });
    Some(Expr::ScalarFunction(ScalarFunction::new_udf(function, typed.collect())))
}

/// Whether PostgreSQL casts one type to the other unasked, as far as our overloads need it.
fn implicit(from: u32, to: u32) -> bool {
    matches!(
        (from, to),
        (types::INT2, types::INT4 | types::INT8)
            | (types::INT4, types::INT8)
            | (types::INT2 | types::INT4 | types::INT8, types::NUMERIC | types::FLOAT8)
            | (types::FLOAT4 | types::NUMERIC, types::FLOAT8)
            | (types::DATE, types::TIMESTAMP)
            | (types::CIDR, types::INET)
            | (types::BIT, types::VARBIT)
            | (types::VARBIT, types::BIT)
            | (types::VARCHAR | types::BPCHAR | types::NAME, types::TEXT)
            | (types::TEXT | types::VARCHAR | types::BPCHAR, types::NAME)
    )
}

/// The field of values of the type `oid`, nullable.
pub(crate) fn field(name: &str, oid: u32) -> Field {
    let field = Field::new(name, decode::data_type(oid), true);
    match types::name_of(oid) {
        Some(kind) if types::of_field(&field).oid != oid => {
            crate::pg::catalog::rows::tagged(field, kind)
        }
        _ => field,
    }
}

#[derive(Debug)]
struct Overloaded {
    name: String,
    overloads: &'static [&'static Overload],
    inner: Option<Arc<ScalarUDF>>,
    position: Option<usize>,
    signature: Signature,
}

impl std::fmt::Debug for Overload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl PartialEq for Overloaded {
    fn eq(&self, other: &Overloaded) -> bool {
        self.name == other.name && self.inner == other.inner
    }
}

impl Eq for Overloaded {}

impl Hash for Overloaded {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Overloaded {
    /// `None` for the planner's own.
    fn ours(&self, fields: &[FieldRef], unknown: &[bool]) -> Option<&'static Overload> {
        let overload = fitting(self.overloads, fields, unknown)?;
        let theirs = self
            .inner
            .as_ref()
            .is_some_and(|inner| !telling(fields, unknown) && taken(inner, fields).is_ok());
        (!theirs).then_some(overload)
    }
}

impl ScalarUDFImpl for Overloaded {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DfResult<DataType> {
        Err(DataFusionError::Internal(format!("{} is typed by its arguments' fields", self.name)))
    }

    /// What a type means may stand in its field alone, which is not known here: arguments stay as they are.
    fn coerce_types(&self, arg_types: &[DataType]) -> DfResult<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> DfResult<FieldRef> {
        let unknown: Vec<bool> = args
            .arg_fields
            .iter()
            .zip(args.scalar_arguments)
            .map(|(field, literal)| missing::is_unknown(field, *literal))
            .collect();
        if let Some(overload) = self.ours(args.arg_fields, &unknown) {
            return Ok(Arc::new(field(&self.name, overload.returns)));
        }
        let inner = self.inner.as_ref();
        let coerced = inner.map(|inner| (inner, taken(inner, args.arg_fields)));
        match coerced {
            Some((inner, Ok(coerced))) => inner.return_field_from_args(ReturnFieldArgs {
                arg_fields: &coerced,
                scalar_arguments: args.scalar_arguments,
            }),
            _ => missing::function(&self.name, self.position).return_field_from_args(args),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        // Texts that came this far as values of another type are literals without a type, or parameters.
        let fields = args.arg_fields.as_slice();
        let constant = |arg: &ColumnarValue| matches!(arg, ColumnarValue::Scalar(_));
        let unknown: Vec<bool> = fields
            .iter()
            .zip(&args.args)
            .map(|(field, arg)| {
                constant(arg) && field.data_type().is_string() && field.metadata().is_empty()
            })
            .collect();
        // A rewrite has put the planner's own in the place of calls that are not ours.
        let Some(overload) = self.ours(fields, &unknown) else {
            return Err(DataFusionError::Internal(format!("no {} of these types", self.name)));
        };
        let constant = args.args.iter().all(constant);
        let length = if constant { 1 } else { args.number_rows };
        let values = overload
            .call(&args.args, length)
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if constant {
            return of_constants(&values);
        }
        Ok(ColumnarValue::Array(values))
    }
}

impl Overload {
    fn call(&self, args: &[ColumnarValue], length: usize) -> Result<ArrayRef> {
        let broken = |error: DataFusionError| Error::Internal(error.to_string());
        let mut columns = Vec::with_capacity(args.len());
        let mut nulls = None;
        for (arg, takes) in args.iter().zip(self.takes) {
            let array = arg.to_array(length).map_err(broken)?;
            nulls =
                arrow::buffer::NullBuffer::union(nulls.as_ref(), array.logical_nulls().as_ref());
            columns.push(column(&array, *takes)?);
        }
        let mut output = Output::new(self.returns, length);
        for index in 0..length {
            let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(index));
            if null && self.calling != Calling::Called {
                output.push(None)?;
            } else {
                output.push(Some((self.body)(&Row { columns: &columns, index })?))?;
            }
        }
        output.finish()
    }
}

/// An argument of the type `takes`. A text for a type that is none is read as PostgreSQL reads a literal.
fn column(array: &ArrayRef, takes: u32) -> Result<Column> {
    let wanted = match takes {
        types::INT2 | types::INT4 | types::INT8 => DataType::Int64,
        types::NUMERIC if array.data_type().is_decimal() => array.data_type().clone(),
        types::NUMERIC if array.data_type().is_integer() => DataType::Int64,
        other => decode::data_type(other),
    };
    let to = |array: &ArrayRef, data_type: &DataType| {
        cast(array, data_type).map_err(|error| Error::Internal(error.to_string()))
    };
    let array = match array.data_type() {
        text if text.is_string() && takes != types::TEXT => {
            let values = read(to(array, &DataType::Utf8)?.as_string::<i32>(), takes)?;
            if takes == types::NUMERIC { values } else { to(&values, &wanted)? }
        }
        _ => to(array, &wanted)?,
    };
    Ok(match wanted {
        DataType::Int64 => Column::Int(array.as_primitive::<Int64Type>().clone()),
        DataType::Binary => Column::Bytes(array.as_binary::<i32>().clone()),
        DataType::Utf8 => Column::Text(array.as_string::<i32>().clone()),
        _ => Column::Other(array),
    })
}

fn read(texts: &StringArray, oid: u32) -> Result<ArrayRef> {
    let settings = encode::OutputSettings::default();
    let values = texts.iter().map(|text| match text {
        Some(text) => decode::parameter(oid, false, text.as_bytes(), &settings),
        None => Ok(decode::null(oid)),
    });
    let values = values.collect::<Result<Vec<ScalarValue>>>()?;
    if values.is_empty() {
        return Ok(new_empty_array(&decode::data_type(oid)));
    }
    ScalarValue::iter_to_array(values).map_err(|error| Error::Internal(error.to_string()))
}

/// The results of all rows.
enum Output {
    Bytes(BinaryBuilder),
    Text(StringBuilder),
    Int(Int64Builder),
    Small(Int32Builder),
    Least(Int16Builder),
    Bool(BooleanBuilder),
    Other(Vec<ScalarValue>, DataType),
}

impl Output {
    fn new(oid: u32, length: usize) -> Output {
        match oid {
            types::BYTEA => Output::Bytes(BinaryBuilder::with_capacity(length, 0)),
            types::INT8 => Output::Int(Int64Builder::with_capacity(length)),
            types::INT4 => Output::Small(Int32Builder::with_capacity(length)),
            types::INT2 => Output::Least(Int16Builder::with_capacity(length)),
            types::BOOL => Output::Bool(BooleanBuilder::with_capacity(length)),
            other => match decode::data_type(other) {
                DataType::Utf8 => Output::Text(StringBuilder::with_capacity(length, 0)),
                data_type => Output::Other(Vec::with_capacity(length), data_type),
            },
        }
    }

    fn push(&mut self, value: Option<Datum<'_>>) -> Result<()> {
        let value = value.filter(|value| !matches!(value, Datum::Value(None)));
        match (self, value) {
            (Output::Other(values, _), Some(Datum::Value(Some(value)))) => values.push(value),
            (Output::Other(values, data_type), None) => {
                let null = ScalarValue::try_from(&*data_type);
                values.push(null.map_err(|error| Error::Internal(error.to_string()))?);
            }
            (Output::Bytes(builder), Some(Datum::Bytes(bytes))) => builder.append_value(bytes),
            (Output::Text(builder), Some(Datum::Text(text))) => builder.append_value(text),
            (Output::Int(builder), Some(Datum::Int(number))) => builder.append_value(number),
            (Output::Small(builder), Some(Datum::Int(number))) => {
                let number = i32::try_from(number)
                    .map_err(|_wide| Error::NumericOutOfRange("integer out of range".to_owned()))?;
                builder.append_value(number);
            }
            (Output::Least(builder), Some(Datum::Int(number))) => {
                let number = i16::try_from(number).map_err(|_wide| {
                    Error::NumericOutOfRange("smallint out of range".to_owned())
                })?;
                builder.append_value(number);
            }
            (Output::Bool(builder), Some(Datum::Bool(truth))) => builder.append_value(truth),
            (Output::Bytes(builder), None) => builder.append_null(),
            (Output::Text(builder), None) => builder.append_null(),
            (Output::Int(builder), None) => builder.append_null(),
            (Output::Small(builder), None) => builder.append_null(),
            (Output::Least(builder), None) => builder.append_null(),
            (Output::Bool(builder), None) => builder.append_null(),
            _ => return Err(Error::Internal("a function returned another type".to_owned())),
        }
        Ok(())
    }

    fn finish(self) -> Result<ArrayRef> {
        Ok(match self {
            Output::Other(values, data_type) if values.is_empty() => new_empty_array(&data_type),
            Output::Other(values, _) => ScalarValue::iter_to_array(values)
                .map_err(|error| Error::Internal(error.to_string()))?,
            Output::Bytes(mut builder) => Arc::new(builder.finish()),
            Output::Text(mut builder) => Arc::new(builder.finish()),
            Output::Int(mut builder) => Arc::new(builder.finish()),
            Output::Small(mut builder) => Arc::new(builder.finish()),
            Output::Least(mut builder) => Arc::new(builder.finish()),
            Output::Bool(mut builder) => Arc::new(builder.finish()),
        })
    }
}
