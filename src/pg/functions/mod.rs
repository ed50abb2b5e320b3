//! Functions PostgreSQL has and DataFusion lacks.
//!
//! Those that need the session or the catalog are made per statement from its [`Facts`]; the others exist once.
//! A function here keeps no state and a failure is its statement's alone.
//!
//! Imports: error, catalog, pg::facts, pg::catalog, pg::types. Used by: query.

mod acl;
mod aggregates;
mod apart;
pub(crate) mod arrays;
mod bytes;
pub(in crate::pg) mod calendar;
pub(crate) mod case;
mod cells;
pub(crate) mod chain;
mod definitions;
mod degrees;
pub(crate) mod domain;
mod each;
pub(crate) mod extremes;
pub(crate) mod floats;
mod gathered;
mod guard;
mod hashes;
mod identifiers;
pub(crate) mod integers;
pub(crate) mod intervals;
mod joined;
mod json;
pub(crate) mod keys;
pub(crate) mod lengths;
mod marked;
pub(crate) mod missing;
pub(crate) mod moments;
mod named;
mod names;
pub(crate) mod numerics;
mod of_one_type;
pub(crate) mod overloads;
mod parsers;
mod patterns;
pub(crate) mod plain;
pub(crate) mod powers;
mod privileges;
mod reading;
pub(crate) mod recomputed;
mod record;
pub(crate) mod regex;
mod regoperators;
mod routines;
mod sequences;
mod series;
mod session;
mod shaped;
mod shifted;
pub(crate) mod strings;
mod text;
mod transactions;
mod type_limits;
mod zone;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::{Result as DataFusionResult, ScalarValue};
use datafusion::logical_expr::{AggregateUDF, ColumnarValue, ScalarUDF, WindowUDF};

pub(crate) use self::aggregates::{bounded_sum, bounded_sums};
pub(crate) use self::apart::CAST;
pub(crate) use self::marked::function as marked;
pub(crate) use self::text::NAME as TEXT;
use super::facts::Facts;
use super::types::{self, TYPE_KEY};
use crate::catalog::table::Table;
use crate::catalog::written::Sequence;
use crate::error::{self, Error};

/// The result of a function whose arguments are all constants: the first value of `array`.
///
/// [`ScalarValue::try_from_array`] makes a list's elements anew, and what their field tells of PostgreSQL's type is lost.
pub(in crate::pg) fn of_constants(array: &dyn Array) -> DataFusionResult<ColumnarValue> {
    Ok(ColumnarValue::Scalar(match array.as_list_opt::<i32>() {
        Some(lists) => ScalarValue::List(Arc::new(lists.slice(0, 1))),
        None => ScalarValue::try_from_array(array, 0)?,
    }))
}

/// Functions whose answer depends on their arguments alone.
pub fn immutable() -> Vec<Arc<ScalarUDF>> {
    let specs = plain::SPECS.iter().chain(json::SPECS);
    let specs = specs.chain(type_limits::SPECS).chain(hashes::SPECS);
    let plain = specs.map(|spec| cells::immutable(*spec));
    plain
        .chain(shaped::all())
        .chain(bytes::all())
        .chain(record::all())
        .chain(arrays::all())
        .chain(numerics::all())
        .chain(degrees::all())
        .chain([zone::at_time_zone(), apart::function()])
        .chain(case::all())
        .chain(of_one_type::all())
        .chain(regex::all())
        .chain(strings::all())
        .collect()
}

/// Aggregates PostgreSQL has and DataFusion lacks, and those that [`super::rewrite`] puts into statements.
pub fn aggregates() -> Vec<Arc<AggregateUDF>> {
    let mut all = aggregates::all();
    all.extend(gathered::all());
    all
}

/// The name of [`element_cast`].
pub(crate) const ELEMENTS: &str = each::NAME;

/// The function that makes `ctid` of the number of a row in its table.
pub(crate) const PLACE: &str = "forebay_place";

/// The name of [`single_value`].
pub(crate) const SINGLE_VALUE: &str = aggregates::SINGLE_VALUE;

/// The aggregate that stands for a scalar subquery.
pub(crate) fn single_value() -> Arc<AggregateUDF> {
    aggregates::single_value()
}

/// How many digits the greatest, or the least, of numerics shows, of the values and the digits that each shows.
pub(crate) fn extreme_digits(greatest: bool) -> Arc<AggregateUDF> {
    aggregates::extreme_digits(greatest)
}

/// `sum(real)`, which the rewrite puts in the place of the planner's.
pub(crate) fn sum_of_reals() -> Arc<AggregateUDF> {
    aggregates::sum_of_reals()
}

/// The aggregate of values of type `oid`, kept as texts, that the rewrite puts in the place of the planner's of that name.
pub(crate) fn own_aggregate(name: &str, oid: u32) -> Option<Arc<AggregateUDF>> {
    aggregates::own(name, oid)
}

/// `string_agg` of `bytea`, or by a delimiter that each row tells, which the rewrite puts in the place of the planner's.
pub(crate) fn joined(data_type: DataType) -> Arc<AggregateUDF> {
    joined::aggregate(data_type)
}

/// `lag` or `lead` by an offset that each row tells, which the rewrite puts in the place of the planner's.
pub(crate) fn shifted(name: &str) -> Option<Arc<WindowUDF>> {
    shifted::function(name)
}

/// `similar_to_escape`
pub(crate) fn similar_to_escape() -> Option<Arc<ScalarUDF>> {
    let spec = plain::SPECS.iter().find(|spec| spec.name == "similar_to_escape")?;
    Some(cells::immutable(*spec))
}

/// The function `name` (lower case, without `pg_catalog.`) as this statement sees it; `None` when it needs no session.
pub fn session_function(name: &str, facts: &Arc<Facts>) -> Option<Arc<ScalarUDF>> {
    static BY_NAME: LazyLock<HashMap<&'static str, &'static cells::Spec>> = LazyLock::new(|| {
        let specs = session::SPECS.iter().chain(transactions::SPECS);
        specs.map(|spec| (spec.name, spec)).collect()
    });
    let acts = matches!(
        name,
        "set_config"
            | "pg_cancel_backend"
            | "pg_terminate_backend"
            | "nextval"
            | "currval"
            | "lastval"
            | "setval"
    );
    let made = if acts { cells::volatile } else { cells::make };
    let spec = BY_NAME.get(name).map(|spec| made(**spec, facts));
    spec.or_else(|| patterns::function(name, facts))
        .or_else(|| json::function(name, facts))
        .or_else(|| (name == acl::EXPLODE).then(|| acl::explode(facts)))
}

/// The sequence of that name whose numbers the user may take.
pub(crate) fn sequence_named(name: &str, facts: &Facts) -> Option<Arc<Sequence>> {
    let oid = names::class_in(name, facts).ok()?;
    let entity = facts.index().relation(oid)?;
    facts.owns(&entity.owner).then(|| entity.sequence.clone())?
}

/// The log that a text names.
/// Errors: 42P01; 42809 for what is no log.
pub(crate) fn log_named(name: &str, facts: &Facts) -> error::Result<Arc<Table>> {
    let (schema, own) = names::qualified(name, facts)?;
    match facts.written(schema.as_deref(), &own) {
        Some((_, table)) if table.is_log => Ok(table),
        Some(_) => Err(Error::WrongObjectType(format!("\"{own}\" is not a log"))),
        None => Err(Error::UndefinedTable(name.to_owned())),
    }
}

/// The schema and the name that a text means, if nothing has that name.
pub(crate) fn missing_relation(name: &str, facts: &Facts) -> Option<(Option<String>, String)> {
    names::class_in(name, facts).err()?;
    names::qualified(name, facts).ok()
}

/// The function `name` in the session's time zone, on whose settings alone it depends; `None` when it is none of these.
pub fn zoned_function(name: &str, facts: &Facts) -> Option<Arc<ScalarUDF>> {
    calendar::function(name, facts)
        .or_else(|| (name == series::NAME).then(|| series::function(facts)))
}

/// How a statement calls the function that is planned as `name`.
pub(crate) fn called(name: &str) -> &str {
    match name {
        series::NAME => "generate_series",
        "character_length" => "length",
        _ => name,
    }
}

/// The function that writes any value as PostgreSQL's text in this session.
pub(crate) fn text(facts: &Facts) -> Arc<ScalarUDF> {
    text::function(facts)
}

/// The function that reads texts as values of type `oid` in this session; `None` where none is needed or there is none.
pub(crate) fn reading(oid: u32, facts: &Facts) -> Option<Arc<ScalarUDF>> {
    reading::function(oid, facts)
}

/// Whether the function `name` reads texts as dates or times.
pub(crate) fn reads_moments(name: &str) -> bool {
    reading::of_moments(name)
}

/// The function `name` of [`json`]; the names are ours, so a wrong one is our bug.
pub(crate) fn of_json(name: &str) -> Arc<ScalarUDF> {
    let spec = json::SPECS.iter().find(|spec| spec.name == name);
    cells::immutable(*spec.expect("a function of ours"))
}

/// Whether the function `name` makes JSON of any value.
pub(crate) fn makes_json(name: &str) -> bool {
    json::is_building(name)
}

/// A function of floating point that DataFusion has with other digits.
pub(crate) fn of_float(name: &str) -> Option<Arc<ScalarUDF>> {
    degrees::all().find(|function| function.name() == name)
}

/// A cast of one value, an expression over the column `element`, as one of arrays to those of `item`.
pub(crate) fn element_cast(
    one: Arc<dyn datafusion::physical_expr::PhysicalExpr>,
    item: FieldRef,
) -> Arc<ScalarUDF> {
    each::expression(one, item)
}

/// Errors: as the input function of the type `kind` (`regclass`, `regtype`, …) has them for a name it does not find.
pub(crate) fn check_object(kind: &str, text: &str, facts: &Facts) -> error::Result<()> {
    match kind {
        "regclass" => names::class_in(text, facts),
        "regtype" => names::type_in(text, facts),
        "regproc" => names::function_in(text, facts),
        "regprocedure" => names::procedure_in(text, facts),
        "regnamespace" => names::schema_in(text, facts),
        "regrole" => names::role_in(text, facts),
        "regcollation" => names::collation_in(text, facts),
        "regconfig" => names::configuration_in(text, facts),
        "regdictionary" => names::dictionary_in(text, facts),
        _ => Ok(0),
    }
    .map(drop)
}

/// The statement that calls the function with that `pg_proc.oid`, and the types of its parameters.
///
/// Errors: 42883 when there is none, 0A000 when it is not one that gives one value.
pub(crate) fn calling(oid: u32) -> error::Result<(String, Vec<u32>)> {
    routines::calling(oid)
}

/// Whether one call of the function may take seconds: those of regular expressions, which look at [`super::interrupt`].
pub(crate) fn is_slow(name: &str) -> bool {
    regex::is_one(name)
}

/// How the session reads and writes values.
pub(crate) fn value_settings(facts: &Facts) -> super::encode::OutputSettings {
    text::settings(facts)
}

/// The zone a session is in first, then a moment: a local time in it as an instant, or the other way round.
pub(crate) fn in_session_zone() -> Arc<ScalarUDF> {
    zone::in_session_zone()
}

/// See [`plain::escaped_pattern`].
pub(crate) fn escaped_pattern(pattern: &str, escape: Option<char>) -> String {
    plain::escaped_pattern(pattern, escape)
}

/// The function that rounds to a whole number as PostgreSQL's casts from floating point do: ties to even.
pub(crate) fn round_to_even() -> Arc<ScalarUDF> {
    datafusion::logical_expr::create_udf(
        "forebay_rint",
        vec![DataType::Float64],
        DataType::Float64,
        datafusion::logical_expr::Volatility::Immutable,
        Arc::new(|args| {
            use arrow::datatypes::Float64Type;
            let constant = matches!(args.first(), Some(ColumnarValue::Scalar(_)));
            let arrays = ColumnarValue::values_to_arrays(args)?;
            let rounded = arrays[0]
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(f64::round_ties_even);
            if constant {
                return of_constants(&rounded);
            }
            Ok(ColumnarValue::Array(Arc::new(rounded)))
        }),
    )
    .into()
}

/// The function that turns OIDs into the text of the names they stand for.
pub(crate) fn name_text(field: &FieldRef, facts: &Arc<Facts>) -> Option<Arc<ScalarUDF>> {
    named_spec(field).map(|spec| cells::make(*spec, facts))
}

/// The function that turns lists of OIDs into lists of the names they stand for.
pub(crate) fn names_text(field: &FieldRef, facts: &Arc<Facts>) -> Option<Arc<ScalarUDF>> {
    match field.data_type() {
        DataType::List(_) => {
            element_spec(field).map(|spec| each::function(cells::make(*spec, facts)))
        }
        _ => None,
    }
}

/// The function that turns a column's OIDs into the names clients see in its place, for the outermost projection:
/// `Some` for columns of `regclass`, `regtype` and their kin. Its result keeps the OID beside the name, for clients that
/// ask for the binary form, and still says it is of that type.
pub fn output(field: &FieldRef, facts: &Arc<Facts>) -> Option<Arc<ScalarUDF>> {
    if let DataType::List(_) = field.data_type() {
        let kind = types::name_of(types::of_field(field).oid)?;
        return element_spec(field)
            .map(|spec| named::lists(each::function(cells::make(*spec, facts)), kind));
    }
    let kind = field.metadata().get(TYPE_KEY)?;
    named_spec(field).map(|spec| named::function(cells::make(*spec, facts), kind))
}

fn named_spec(field: &FieldRef) -> Option<&'static cells::Spec> {
    if field.data_type().is_nested() || !field.data_type().is_integer() {
        return None;
    }
    spec_of(field.metadata().get(TYPE_KEY)?)
}

/// The same for the elements of a list: it or its item says what they are.
fn element_spec(field: &FieldRef) -> Option<&'static cells::Spec> {
    let DataType::List(item) = field.data_type() else { return None };
    if !item.data_type().is_integer() {
        return None;
    }
    spec_of(types::name_of(types::element_of(types::of_field(field).oid)?)?)
}

fn spec_of(kind: &str) -> Option<&'static cells::Spec> {
    session::SPECS.iter().find(|spec| {
        spec.name.strip_prefix("forebay_").and_then(|rest| rest.strip_suffix("_text")) == Some(kind)
    })
}

#[cfg(test)]
mod tests {
    use arrow::array::{ListArray, StringArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

    use super::*;

    /// What [`of_constants`] is for; once `anew` keeps its field too, it can be DataFusion's own.
    #[test]
    fn a_list_of_constants_keeps_what_its_elements_are() -> DataFusionResult<()> {
        let names = HashMap::from([(TYPE_KEY.to_owned(), "name".to_owned())]);
        let item = Arc::new(Field::new("item", DataType::Utf8, true).with_metadata(names));
        let texts = Arc::new(StringArray::from(vec!["a", "b"]));
        let list = ListArray::try_new(item, OffsetBuffer::from_lengths([2]), texts, None)?;
        assert_eq!(of_constants(&list)?.data_type(), *list.data_type());
        let anew = ScalarValue::try_from_array(&list, 0)?;
        assert_ne!(anew.data_type(), *list.data_type());
        Ok(())
    }
}
