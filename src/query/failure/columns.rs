//! Columns that are not found, with what PostgreSQL says of those that may be meant (`errorMissingColumn` of its
//! parse_relation.c).

use datafusion::common::{Column, SchemaError};

use super::super::parse::shown;
use crate::error::{Error, Place};
use crate::pg::rewrite::MARK;

/// Ours for an error of a name.
pub(super) fn schema(error: SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, valid_fields }
            if field.relation.as_ref().is_some_and(|relation| {
                let known = |valid: &Column| {
                    valid.relation.as_ref().is_some_and(|own| own.table() == relation.table())
                };
                !valid_fields.iter().any(known)
            }) =>
        {
            let table = field.relation.as_ref().map_or("", |relation| relation.table());
            Error::UndefinedRelation(format!("missing FROM-clause entry for table \"{table}\""))
        }
        // The marks of outputs of one name keep them apart.
        SchemaError::FieldNotFound { field, valid_fields }
            if 1 < valid_fields.iter().filter(|valid| is_another(valid, &field)).count() =>
        {
            Error::AmbiguousColumn(field.name.clone()).near(place(&field))
        }
        SchemaError::FieldNotFound { field, valid_fields } => {
            let error = Error::UndefinedColumn(match &field.relation {
                Some(relation) => {
                    format!("column {}.{} does not exist", relation.table(), shown(&field.name))
                }
                None => format!("column \"{}\" does not exist", shown(&field.name)),
            });
            let error = error.near(place(&field));
            match meant(&field, &valid_fields) {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
        SchemaError::AmbiguousReference { field } => {
            Error::AmbiguousColumn(shown(&field.name).to_owned()).near(place(&field))
        }
        SchemaError::DuplicateQualifiedField { qualifier, .. } => {
            Error::DuplicateAlias(qualifier.table().to_owned())
        }
        SchemaError::DuplicateUnqualifiedField { name } => {
            Error::AmbiguousColumn(shown(&name).to_owned())
        }
    }
}

/// Where a name stands in the text: the planner may have kept it.
fn place(field: &Column) -> Place {
    match field.spans().first().map(|span| span.start) {
        Some(start) if 0 < start.line => Place::At(start.line, start.column),
        _ => Place::Column(shown(&field.name).to_owned()),
    }
}

/// Whether `valid` is one of several columns of the name of `field`, which marks keep apart.
fn is_another(valid: &Column, field: &Column) -> bool {
    valid.name != field.name
        && !valid.name.ends_with(MARK)
        && shown(&valid.name) == field.name
        && (field.relation.is_none() || field.relation == valid.relation)
}

/// Letters in which a name that may be meant differs at most (`MAX_FUZZY_DISTANCE`).
const DISTANCE_MAX: usize = 3;

/// The columns that are nearest to a name, if no more than two are.
fn meant(field: &Column, valid_fields: &[Column]) -> Option<String> {
    let name = shown(&field.name);
    let (mut best, mut nearest) = (DISTANCE_MAX + 1, Vec::new());
    for valid in valid_fields {
        // What is of no table is an output.
        let Some(relation) = &valid.relation else { continue };
        let (table, column) = (relation.table(), shown(&valid.name));
        let elsewhere = match &field.relation {
            Some(relation) => distance(relation.table(), table),
            None => 0,
        };
        let own = distance(column, name);
        if best < elsewhere || name.chars().count() / 2 < own {
            continue;
        }
        let all = own + elsewhere;
        if all < best {
            best = all;
            nearest = vec![(table, column)];
        } else if all == best && nearest.len() == 2 {
            // Too many of that distance.
            nearest.clear();
            best = all.checked_sub(1)?;
        } else if all == best && (!nearest.is_empty() || best <= DISTANCE_MAX) {
            nearest.push((table, column));
        }
    }
    let shown = |(table, column): &(&str, &str)| format!("the column \"{table}.{column}\"");
    let columns: Vec<String> = nearest.iter().map(shown).collect();
    let columns = columns.join(" or ");
    (!columns.is_empty()).then(|| format!("Perhaps you meant to reference {columns}."))
}

/// The letters to put in, take out or change to make one name of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut before = index;
        let mut left = index + 1;
        let mut next = vec![left];
        for (own, above) in other.iter().zip(row.iter().skip(1)) {
            let change = before + usize::from(*own != letter);
            left = change.min(above + 1).min(left + 1);
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use datafusion::common::Column;

    use super::{distance, meant};

    #[test]
    fn distances_count_letters() {
        let check = |one: &str, other: &str, want: usize| {
            assert_eq!(distance(one, other), want, "{one} {other}");
        };
        check("name", "name", 0);
        check("nam", "name", 1);
        check("kitten", "sitting", 3);
        check("", "abc", 3);
    }

    #[test]
    fn near_names_are_meant() {
        let fields = ["n_name", "n_nationkey", "n_regionkey"]
            .map(|name| Column::new(Some("nation"), name.to_owned()));
        let check = |field: Column, want: Option<&str>| {
            let want = want.map(|want| format!("Perhaps you meant to reference {want}."));
            assert_eq!(meant(&field, &fields), want, "{field}");
        };
        check(Column::new_unqualified("n_nam"), Some("the column \"nation.n_name\""));
        check(Column::new_unqualified("whatever"), None);
        check(Column::new(Some("nation"), "n_nam"), Some("the column \"nation.n_name\""));
    }
}
