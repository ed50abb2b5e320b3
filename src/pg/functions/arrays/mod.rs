//! Functions and operators of arrays (PostgreSQL manual, section 9.19), subscripts, and `ANY` and `ALL` of arrays.
//!
//! Owns: arrays as lists. An array of several dimensions is a list of lists, of as many levels in every row; subscripts
//! count from 1. What such a list cannot hold is refused with 0A000. NULL is an element like any other: it is found and
//! removed, and equal to no other. Imports: error, pg::types. Used by: pg::functions, pg::rewrite.

mod compared;
mod leaves;
mod search;
mod shape;
mod subscript;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::type_coercion::binary::{comparison_coercion, type_union_resolution};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use self::leaves::{depth, leaf_field};
pub(super) use self::shape::check_elements;
use crate::error::Error;
use crate::pg::functions::of_constants;
use crate::pg::types;

/// PostgreSQL's `MAXDIM`.
const DIMENSIONS_MAX: usize = 6;

/// Every function of this kind.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    KINDS.iter().map(|(_, kind)| function(*kind)).chain(compared::all()).collect()
}

/// The function `kind`.
pub(crate) fn function(kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Arrays { kind, signature }))
}

/// What is done with arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// `array_append`, and `array || element`.
    Append,
    /// `array_prepend`, and `element || array`.
    Prepend,
    /// `array_cat`, and `array || array`.
    Cat,
    /// `array_remove`.
    Remove,
    /// `array_replace`.
    Replace,
    /// `array_position`.
    Position,
    /// `array_positions`.
    Positions,
    /// `array_length`.
    Length,
    /// `array_ndims`.
    Dimensions,
    /// `array_dims`.
    Bounds,
    /// `cardinality`.
    Cardinality,
    /// `array_fill`: the value, then the length of each dimension.
    Fill,
    /// `trim_array`.
    Trim,
    /// `&&`
    Overlap,
    /// `@>`
    Contains,
    /// `a[i][j]`: the array, then a subscript per dimension.
    Subscript,
    /// `a[i:j][k:l]`: the array, then two bounds per dimension.
    Slice,
    /// Below 0, 0 or above it, as the first is less than the second, equal or greater.
    Compare,
    /// All elements in one dimension.
    Flatten,
}

const KINDS: &[(&str, Kind)] = &[
    ("array_append", Kind::Append),
    ("array_prepend", Kind::Prepend),
    ("array_cat", Kind::Cat),
    ("array_remove", Kind::Remove),
    ("array_replace", Kind::Replace),
    ("array_position", Kind::Position),
    ("array_positions", Kind::Positions),
    ("array_length", Kind::Length),
    ("array_ndims", Kind::Dimensions),
    ("array_dims", Kind::Bounds),
    ("cardinality", Kind::Cardinality),
    ("forebay_array_fill", Kind::Fill),
    ("trim_array", Kind::Trim),
    ("forebay_array_overlap", Kind::Overlap),
    ("forebay_array_contains", Kind::Contains),
    ("forebay_subscript", Kind::Subscript),
    ("forebay_slice", Kind::Slice),
    ("forebay_array_compare", Kind::Compare),
    ("forebay_flatten", Kind::Flatten),
];

#[derive(Debug, PartialEq, Eq, Hash)]
struct Arrays {
    kind: Kind,
    signature: Signature,
}

pub(crate) use self::compared::{
    Quantifier, function as quantified_function, is_quantified, name as quantified,
};

/// A list of `item` of as many levels as `like`.
fn nested(like: &DataType, item: FieldRef) -> DataType {
    match like {
        DataType::List(inner) if inner.data_type().is_list() => {
            let inner = nested(inner.data_type(), item);
            DataType::List(Arc::new(Field::new_list_field(inner, true)))
        }
        _ => DataType::List(item),
    }
}

/// The type that an array of `element` and a value of type `other` come to have (`anycompatible`); `None` when they
/// cannot be of one type. A text beside elements of another type is a literal, and read as one.
fn common(element: &FieldRef, other: &DataType) -> Option<FieldRef> {
    let own = element.data_type();
    if own == other || other.is_null() {
        return Some(Arc::clone(element));
    }
    let merged = match (own.is_null(), own.is_string(), other.is_string()) {
        (true, _, _) => Some(other.clone()),
        (_, true, true) | (_, false, true) => return Some(Arc::clone(element)),
        _ => type_union_resolution(&[own.clone(), other.clone()]),
    };
    merged.filter(|_| !own.is_string()).map(|merged| Arc::new(Field::new_list_field(merged, true)))
}

/// Lists whose elements are of `types`'s common type, each of its own levels.
fn alike(left: &DataType, right: &DataType) -> Option<[DataType; 2]> {
    match (left, right) {
        (DataType::Null, list) | (list, DataType::Null) => Some([list.clone(), list.clone()]),
        _ => {
            let item = common(&leaf_field(left)?, leaf_field(right)?.data_type())?;
            Some([nested(left, Arc::clone(&item)), nested(right, item)])
        }
    }
}

impl Arrays {
    /// The types the arguments are passed as; `None` when they do not fit.
    fn coerced(&self, given: &[DataType]) -> Option<Vec<DataType>> {
        let is_list = |data_type: &DataType| data_type.is_list() || data_type.is_null();
        let whole = |data_type: &DataType| {
            data_type.is_integer() || data_type.is_null() || data_type.is_string()
        };
        let given: Vec<DataType> = given.iter().map(plain_list).collect();
        Some(match (self.kind, given.as_slice()) {
            (Kind::Append, [list, element]) if is_list(list) => of_element(list, element)?.to_vec(),
            (Kind::Prepend, [element, list]) if is_list(list) => {
                let [list, element] = of_element(list, element)?;
                vec![element, list]
            }
            (Kind::Remove, [list, element]) if is_list(list) => of_element(list, element)?.to_vec(),
            (Kind::Replace, [list, from, to]) if is_list(list) => {
                let [list, _] = of_element(list, from)?;
                let [list, to] = of_element(&list, to)?;
                vec![list, to.clone(), to]
            }
            (Kind::Positions, [list, element]) if is_list(list) => {
                of_element(list, element)?.to_vec()
            }
            (Kind::Position, [list, element, rest @ ..]) if is_list(list) && rest.len() < 2 => {
                let [list, element] = of_element(list, element)?;
                let start = rest.iter().map(|start| whole(start).then_some(DataType::Int64));
                let start = start.collect::<Option<Vec<DataType>>>()?;
                [vec![list, element], start].concat()
            }
            (Kind::Cat | Kind::Overlap | Kind::Contains | Kind::Compare, [left, right])
                if is_list(left) && is_list(right) =>
            {
                alike(left, right)?.to_vec()
            }
            (Kind::Length | Kind::Trim, [list, number]) if is_list(list) && whole(number) => {
                vec![list.clone(), DataType::Int64]
            }
            (Kind::Dimensions | Kind::Bounds | Kind::Cardinality, [list]) if is_list(list) => {
                vec![list.clone()]
            }
            // What is no array is for the planner to refuse, in the words of what is called with it.
            (Kind::Flatten, [any]) => vec![any.clone()],
            (Kind::Fill, [value, lengths @ ..])
                if (1..=DIMENSIONS_MAX).contains(&lengths.len()) && lengths.iter().all(whole) =>
            {
                let mut types = vec![value.clone()];
                types.resize(given.len(), DataType::Int64);
                types
            }
            (Kind::Subscript, [base, keys @ ..]) if base.is_string() => {
                let fits = keys.iter().all(whole);
                let mut types = vec![DataType::Utf8];
                types.resize(given.len(), DataType::Utf8);
                fits.then_some(types)?
            }
            (Kind::Subscript | Kind::Slice, [base, keys @ ..]) if is_list(base) => {
                let fits = keys.iter().all(whole);
                let mut types = vec![base.clone()];
                types.resize(given.len(), DataType::Int64);
                fits.then_some(types)?
            }
            _ => return None,
        })
    }

    /// What an operator or a subscript says to types that do not fit.
    fn misfit(&self, given: &[DataType]) -> Option<Error> {
        let names = names(given);
        match (self.kind, names.as_slice(), given) {
            (Kind::Overlap, [left, right], _) => Some(compared::no_operator(left, "&&", right)),
            (Kind::Compare, [left, right], _) => Some(compared::no_operator(left, "<", right)),
            (Kind::Contains, [left, right], _) => Some(compared::no_operator(left, "@>", right)),
            (Kind::Cat | Kind::Append | Kind::Prepend, [left, right], _) => {
                Some(compared::no_operator(left, "||", right))
            }
            (Kind::Subscript | Kind::Slice, [name, ..], [base, ..]) if !base.is_list() => {
                Some(Error::no_subscripts(name))
            }
            (Kind::Subscript | Kind::Slice, ..) => {
                Some(Error::DatatypeMismatch("array subscript must have type integer".to_owned()))
            }
            _ => None,
        }
    }

    fn result_type(&self, given: &[FieldRef]) -> DataType {
        let data_type = |index: usize| given.get(index).map_or(&DataType::Null, |f| f.data_type());
        match self.kind {
            Kind::Append | Kind::Remove | Kind::Replace | Kind::Trim => data_type(0).clone(),
            Kind::Slice if depth(data_type(0)) == 0 => data_type(0).clone(),
            Kind::Slice => {
                let item = leaf_field(data_type(0)).unwrap_or_else(text_item);
                nested(data_type(0), item)
            }
            Kind::Prepend => data_type(1).clone(),
            Kind::Cat if depth(data_type(0)) < depth(data_type(1)) => data_type(1).clone(),
            Kind::Cat => data_type(0).clone(),
            Kind::Position
            | Kind::Length
            | Kind::Dimensions
            | Kind::Cardinality
            | Kind::Compare => DataType::Int32,
            Kind::Positions => DataType::List(item_of(DataType::Int32)),
            Kind::Bounds => DataType::Utf8,
            Kind::Overlap | Kind::Contains => DataType::Boolean,
            Kind::Fill => {
                // A literal without a type is a text.
                let value = match data_type(0) {
                    DataType::Null => item_of(DataType::Utf8),
                    _ => Arc::new(given[0].as_ref().clone().with_name("item").with_nullable(true)),
                };
                let list = DataType::List(value);
                (2..given.len()).fold(list, |inner, _| DataType::List(item_of(inner)))
            }
            Kind::Subscript => {
                leaf_field(data_type(0)).map_or(DataType::Null, |item| item.data_type().clone())
            }
            Kind::Flatten => match leaf_field(data_type(0)) {
                Some(item) => DataType::List(item),
                None => data_type(0).clone(),
            },
        }
    }
}

fn names(given: &[DataType]) -> Vec<String> {
    given.iter().map(|kind| types::sql_name(types::of_data_type(kind).oid)).collect()
}

fn item_of(data_type: DataType) -> FieldRef {
    Arc::new(Field::new_list_field(data_type, true))
}

fn text_item() -> FieldRef {
    item_of(DataType::Utf8)
}

/// Lists of any encoding as the one we compute with.
fn plain_list(data_type: &DataType) -> DataType {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
            if item.data_type().is_list() =>
        {
            let inner = plain_list(item.data_type());
            DataType::List(Arc::new(item.as_ref().clone().with_data_type(inner)))
        }
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            DataType::List(Arc::clone(item))
        }
        other => other.clone(),
    }
}

/// The types of an array and of one of its elements.
fn of_element(list: &DataType, element: &DataType) -> Option<[DataType; 2]> {
    if list.is_null() {
        return (!element.is_list())
            .then(|| [DataType::List(item_of(element.clone())), element.clone()]);
    }
    if element.is_list() {
        return None;
    }
    let item = common(&leaf_field(list)?, element)?;
    let element = item.data_type().clone();
    Some([nested(list, item), element])
}

impl ScalarUDFImpl for Arrays {
    fn name(&self) -> &str {
        KINDS.iter().find(|(_, kind)| *kind == self.kind).map_or("forebay_array", |(name, _)| name)
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        if let Some(coerced) = self.coerced(arg_types) {
            return Ok(coerced);
        }
        if self.misfit(arg_types).is_some() {
            // Told once the result is asked for: the planner would reword it here.
            return Ok(arg_types.to_vec());
        }
        plan_err!("function {}({}) does not exist", self.name(), names(arg_types).join(", "))
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        let fields: Vec<FieldRef> =
            arg_types.iter().map(|kind| Arc::new(Field::new("", kind.clone(), true))).collect();
        Ok(self.result_type(&fields))
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<DataType> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        if self.coerced(&types).is_none()
            && let Some(error) = self.misfit(&types)
        {
            return Err(external(error));
        }
        let first = args.arg_fields.first();
        if self.kind == Kind::Subscript
            && let Some(base) = first
        {
            return subscript::field(self.name(), base, args.arg_fields.len() - 1).map(Arc::new);
        }
        let result = Field::new(self.name(), self.result_type(args.arg_fields), true);
        Ok(Arc::new(match first {
            // The elements stay what they are, and so does the type of the array.
            Some(list) if self.kind == Kind::Flatten => {
                result.with_metadata(list.metadata().clone())
            }
            _ => result,
        }))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let mut arrays = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            arrays.push(arg.to_array(length)?);
        }
        let result = self.result(&arrays, &args.arg_fields, args.return_field.data_type())?;
        if constant {
            return of_constants(&result);
        }
        Ok(ColumnarValue::Array(result))
    }
}

impl Arrays {
    fn result(
        &self,
        arrays: &[ArrayRef],
        fields: &[FieldRef],
        wanted: &DataType,
    ) -> Result<ArrayRef> {
        let from = first_subscript(fields);
        let list = |index: usize| arrays[index].as_list_opt::<i32>();
        match self.kind {
            Kind::Append => shape::joined(&arrays[0], &shape::singles(&arrays[1], wanted)?, wanted),
            Kind::Prepend => {
                shape::joined(&shape::singles(&arrays[0], wanted)?, &arrays[1], wanted)
            }
            Kind::Cat => shape::joined(&arrays[0], &arrays[1], wanted),
            Kind::Fill => shape::filled(arrays, wanted),
            Kind::Overlap | Kind::Contains | Kind::Compare => {
                let (Some(left), Some(right)) = (list(0), list(1)) else {
                    return Ok(arrow::array::new_null_array(wanted, arrays[0].len()));
                };
                match self.kind {
                    Kind::Compare => search::ordered(left, right),
                    kind => search::related(left, right, kind == Kind::Contains),
                }
            }
            _ => {
                let Some(lists) = list(0) else {
                    let own = fields.first().map(|field| types::of_field(field).oid);
                    if self.kind == Kind::Subscript && own == Some(types::NAME) {
                        return subscript::letters(arrays);
                    }
                    if self.kind == Kind::Subscript && arrays[0].data_type().is_string() {
                        return subscript::members(arrays);
                    }
                    return Ok(arrow::array::new_null_array(wanted, arrays[0].len()));
                };
                match self.kind {
                    Kind::Remove => search::removed(lists, &arrays[1]),
                    Kind::Replace => search::replaced(lists, &arrays[1], &arrays[2]),
                    Kind::Position => search::position(lists, &arrays[1], arrays.get(2), from),
                    Kind::Positions => search::positions(lists, &arrays[1], from),
                    Kind::Length => shape::length(lists, &arrays[1]),
                    Kind::Dimensions => shape::dimensions(lists),
                    Kind::Bounds => shape::bounds(lists, from),
                    Kind::Cardinality => shape::cardinality(lists),
                    Kind::Trim => shape::trimmed(lists, &arrays[1]),
                    Kind::Subscript => subscript::elements(lists, &arrays[1..], from, wanted),
                    Kind::Slice => subscript::slices(lists, &arrays[1..], from, wanted),
                    _ if depth(arrays[0].data_type()) == 1 => Ok(Arc::clone(&arrays[0])),
                    _ => leaves::flattened(lists),
                }
            }
        }
    }
}

/// The first subscript of the array in front: the two vector types count from 0.
fn first_subscript(fields: &[FieldRef]) -> i64 {
    let kind = fields.first().map_or(0, |field| types::of_field(field).oid);
    i64::from(!matches!(kind, types::INT2VECTOR | types::OIDVECTOR))
}

fn external(error: Error) -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::External(Box::new(error))
}

/// The type two values are compared as.
fn comparable(left: &DataType, right: &DataType) -> Option<DataType> {
    if left.is_string() != right.is_string() && !left.is_null() && !right.is_null() {
        // A text beside another type is a literal.
        return Some(if left.is_string() { right.clone() } else { left.clone() });
    }
    comparison_coercion(left, right)
}
