//! What the planner refuses, as DataFusion words it.

use super::super::parse::shown;
use super::operands::{no_function, no_operator};
use super::tidy;
use super::types::{pg_name, pg_names};
use crate::error::{Error, Place};

/// Ours for the planner's `text`.
pub(super) fn planned(text: &str, sql: &str) -> Error {
    let has = |part: &str| text.contains(part);
    if let Some((_, qualifier)) = text.split_once("Invalid qualifier ") {
        let table = qualifier.trim().rsplit('.').next().unwrap_or_default();
        let message = format!("missing FROM-clause entry for table \"{table}\"");
        return Error::UndefinedRelation(message).near(Place::Word(table.to_owned()));
    }
    if has("LIMIT must be >") {
        return Error::NegativeRowCount("LIMIT");
    }
    if has("OFFSET must be >") {
        return Error::NegativeRowCount("OFFSET");
    }
    if let Some(error) = not_boolean(text) {
        return error;
    }
    if let Some((_, kinds)) =
        text.split_once("Incompatible inputs for Union: Previous inputs were of type ")
        && let Some((first, rest)) = kinds.split_once(", but got incompatible type ")
        && let Some((second, _)) = rest.split_once(" on column")
    {
        return Error::DatatypeMismatch(format!(
            "UNION types {} and {} cannot be matched",
            pg_name(first),
            pg_name(second)
        ));
    }
    if has("Invalid function") {
        let name = text.split('\'').nth(1).unwrap_or("?");
        return Error::UndefinedFunction(format!("function {name} does not exist"))
            .hint("No function matches the given name and argument types.");
    }
    if let Some(error) = no_function(text, sql) {
        return error;
    }
    if has("Aggregate") && has("WHERE") {
        return Error::Grouping("aggregate functions are not allowed in WHERE".to_owned());
    }
    if has("must appear in the GROUP BY clause")
        || has("must be part of GROUP BY")
        || has("non-aggregate values")
        || has("Column in SELECT must be in GROUP BY")
    {
        let column = text.split('"').nth(1).or_else(|| text.split('\'').nth(1)).unwrap_or("?");
        let column = unqualified(shown(column));
        let bare = column.rsplit('.').next().unwrap_or(column);
        let message = format!(
            "column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function"
        );
        return Error::Grouping(message).near(Place::Column(bare.to_owned()));
    }
    if has("argument to grouping function is not in grouping columns")
        || has("to grouping function is not in")
    {
        let message =
            "arguments to GROUPING must be grouping expressions of the associated query level";
        return Error::Grouping(message.to_owned());
    }
    if let Some(error) = no_operator(text) {
        return error;
    }
    if has("Cannot coerce")
        || has("cannot coerce")
        || has("Cannot infer common")
        || has("Cannot get result type")
        || has("no common type")
        || has("Invalid comparison")
        || has("Unsupported CAST")
        || has("no coercion")
    {
        return Error::OperatorMismatch(format!(
            "operator does not exist: {}",
            pg_names(&tidy(text))
        ));
    }
    if has("Placeholder type could not be resolved") || has("No value found for placeholder") {
        return Error::IndeterminateDatatype(placeholder(text));
    }
    if let Some((_, number)) = text.split_once("zero is not a valid index: $") {
        let number = number.trim().parse().unwrap_or(0);
        return Error::UndefinedParameter(number).near(Place::Word(format!("${number}")));
    }
    if has("Order by column out of bounds") || has("Order by index starts at 1") {
        let number = text.split("specified: ").nth(1).and_then(|rest| rest.split(',').next());
        return Error::InvalidColumnReference(format!(
            "ORDER BY position {} is not in select list",
            number.unwrap_or("0")
        ));
    }
    if let Some((_, rest)) = text.split_once("Cannot find column with position ") {
        let number = rest.split(' ').next().unwrap_or_default();
        let message = format!("GROUP BY position {number} is not in select list");
        return Error::InvalidColumnReference(message);
    }
    if has("For SELECT DISTINCT, ORDER BY expressions") {
        let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
        return Error::InvalidColumnReference(message.to_owned());
    }
    if has("SELECT DISTINCT ON expressions must match initial ORDER BY expressions") {
        return Error::InvalidColumnReference(tidy(text));
    }
    if let Some((_, rest)) = text.split_once("The window ")
        && let Some((name, _)) = rest.split_once(" is not defined")
    {
        return Error::UndefinedObject(format!("window \"{name}\" does not exist"));
    }
    if has("nvalid window frame: start bound") {
        let message = "a window frame whose start is behind its end is not supported";
        return Error::FeatureNotSupported(message.to_owned());
    }
    if has("nvalid window frame: frame offsets") {
        return Error::InvalidFrame("frame starting offset must not be negative".to_owned());
    }
    if let Some((_, rest)) = text.split_once("Source table contains ")
        && let Some((available, rest)) = rest.split_once(" columns but only ")
    {
        let specified = rest.split(' ').next().unwrap_or_default();
        let number = |text: &str| text.parse::<usize>().unwrap_or(0);
        return if number(available) < number(specified) {
            Error::InvalidColumnReference(format!(
                "table has {available} columns available but {specified} columns specified"
            ))
        } else {
            let message = "an alias that names only some of such columns is not supported";
            Error::FeatureNotSupported(message.to_owned())
        };
    }
    if has("Too many columns! The subquery should only return one column") {
        return Error::Syntax("subquery must return only one column".to_owned());
    }
    if has("in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list") {
        return Error::InvalidColumnReference(tidy(text));
    }
    if has("Step cannot be zero") || has("step cannot be zero") {
        return Error::InvalidParameterValue("step size cannot equal zero".to_owned());
    }
    if has("Inconsistent data length across values list") {
        return Error::Syntax("VALUES lists must all be the same length".to_owned());
    }
    if has("have different number of columns")
        || has("must have the same number of columns")
        || has("Union schemas have different number of fields")
    {
        let word = ["INTERSECT", "EXCEPT"].into_iter().find(|word| text.starts_with(word));
        return Error::Syntax(format!(
            "each {} query must have the same number of columns",
            word.unwrap_or("UNION")
        ));
    }
    if has("Projections require unique expression names") || has("have the same name") {
        return Error::DuplicateColumn(tidy(text));
    }
    Error::Planned(tidy(text))
}

/// What should be a truth and is none.
fn not_boolean(text: &str) -> Option<Error> {
    let wanted = |clause: &str, kind: &str| {
        let kind = pg_name(kind.trim());
        format!("argument of {clause} must be type boolean, not type {kind}")
    };
    if let Some((_, kind)) = text.split_once("non-boolean predicate ")
        && let Some((_, kind)) = kind.rsplit_once(" returning ")
    {
        let error = Error::DatatypeMismatch(wanted("WHERE", kind));
        return Some(error.near(Place::After("where")));
    }
    if let Some((_, kind)) = text.split_once("Join condition must be boolean type, but got ") {
        let error = Error::DatatypeMismatch(wanted("JOIN/ON", kind));
        return Some(error.near(Place::After("on")));
    }
    if let Some((_, kind)) = text.split_once("'NOT' requires a boolean expression, got ") {
        let error = Error::DatatypeMismatch(wanted("NOT", kind));
        return Some(error.near(Place::After("not")));
    }
    None
}

/// `schema.table.column` without the schema, as PostgreSQL names columns.
fn unqualified(column: &str) -> &str {
    match column.rmatch_indices('.').nth(1) {
        Some((dot, _)) => column.get(dot + 1..).unwrap_or(column),
        None => column,
    }
}

fn placeholder(text: &str) -> usize {
    let digits: String = text
        .split('$')
        .nth(1)
        .unwrap_or_default()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(1)
}
