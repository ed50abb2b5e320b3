use std::collections::BTreeSet;

use datafusion::common::ScalarValue;

use super::functions::testing::bound;
use super::{describe, relations, views};

/// 2026-01-01 00:00 UTC.
const NOW_US: i64 = 1_767_225_600_000_000;

#[track_caller]
fn check(function: &str, arguments: &[(Option<&str>, ScalarValue)], want: &str) {
    assert_eq!(bound(function, arguments, NOW_US), want, "{function}");
}

fn text(value: &str) -> (Option<&'static str>, ScalarValue) {
    (None, ScalarValue::from(value))
}

fn named<'a>(name: &'a str, value: &str) -> (Option<&'a str>, ScalarValue) {
    (Some(name), ScalarValue::from(value))
}

const NULL: (Option<&str>, ScalarValue) = (None, ScalarValue::Null);

#[test]
fn arguments_bind_by_place_and_by_name() {
    check("load", &[text("a"), text("1")], "database=Text(\"a\") version=Text(\"1\")");
    check(
        "load",
        &[named("version", "1"), named("database", "a")],
        "database=Text(\"a\") version=Text(\"1\")",
    );
    check("refresh", &[], "");
    check("refresh", &[NULL, (None, ScalarValue::from(true))], "database=NULL force=Bool(true)");
    check("refresh", &[named("force", "on")], "force=Bool(true)");
}

#[test]
fn nothing_expected_is_not_no_expectation() {
    let three = [text("a"), text("1"), NULL];
    check("activate", &three, "database=Text(\"a\") expected=NULL version=Text(\"1\")");
}

#[test]
fn wrong_lists_are_undefined_functions() {
    check("load", &[text("a")], "42883 function forebay.load(text) does not exist");
    check(
        "rollback",
        &[text("a"), text("b")],
        "42883 function forebay.rollback(text, text) does not exist",
    );
    check(
        "load",
        &[text("a"), (None, ScalarValue::from(5_i64))],
        "42883 function forebay.load(text, bigint) does not exist",
    );
    check(
        "load",
        &[text("a"), named("revision", "1")],
        "42883 function forebay.load(text, revision => text) does not exist",
    );
    check(
        "load",
        &[text("a"), named("database", "b")],
        "42883 function forebay.load(text, database => text) does not exist",
    );
    check("reload", &[], "42883 function forebay.reload does not exist");
}

#[test]
fn null_is_refused_where_a_value_is_needed() {
    check("rollback", &[NULL], "22023 argument \"database\" of forebay.rollback must not be null");
}

#[test]
fn a_hold_ends_at_a_time_or_after_a_while() {
    let until = |value: &str| [text("a"), text("1"), text(value)];
    let want = |us: i64| format!("database=Text(\"a\") until=Moment({us}) version=Text(\"1\")");
    check("hold", &until("2h"), &want(NOW_US + 7_200_000_000));
    check("hold", &until("2026-01-01T00:00:01Z"), &want(NOW_US + 1_000_000));
    check(
        "hold",
        &until("soon"),
        "22P02 invalid input syntax for type timestamp with time zone: \"soon\"",
    );
}

#[test]
fn every_function_has_columns_and_every_view_its_own_oids() {
    assert!(describe("refresh").is_ok_and(|schema| schema.fields().len() == 5));
    let relations = relations();
    assert_eq!(relations.len(), views::VIEWS.len());
    let oids: BTreeSet<u32> = relations
        .iter()
        .flat_map(|relation| {
            [relation.ids.relation, relation.ids.row_type, relation.ids.array_type]
        })
        .collect();
    assert_eq!(oids.len(), 3 * relations.len());
    assert!(oids.last().is_some_and(|last| *last < 9_990), "room before the schema's own");
}
