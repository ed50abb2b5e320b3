//! The checks of PostgreSQL's own domains, in which `information_schema` has its columns.

use super::rows::{Row, row};
use crate::pg::facts::Facts;

/// A domain, the check its values meet, and the condition.
const CHECKS: [[&str; 3]; 2] = [
    ["cardinal_number", "cardinal_number_domain_check", "(VALUE >= 0)"],
    [
        "yes_or_no",
        "yes_or_no_check",
        "((VALUE)::text = ANY ((ARRAY['YES'::character varying, 'NO'::character varying])::text[]))",
    ],
];

/// `domain_constraints`.
pub(super) fn constraints(facts: &Facts) -> Vec<Row> {
    let row = |[domain, name, _]: [&'static str; 3]| {
        let (database, schema) = (&facts.database, "information_schema");
        row![database, schema, name, database, schema, domain, "NO", "NO"]
    };
    CHECKS.into_iter().map(row).collect()
}

/// `check_constraints`.
pub(super) fn checks(facts: &Facts) -> Vec<Row> {
    let row = |[_, name, condition]: [&'static str; 3]| {
        row![&facts.database, "information_schema", name, format!("({condition})")]
    };
    CHECKS.into_iter().map(row).collect()
}
