//! What uses types, and who may use types and functions, in `information_schema`.

use super::acl::{self, Item};
use super::data::{self, SystemRelation};
use super::dynamic::named;
use super::index::{Column, Entity, Index, type_cell};
use super::information::{routine, schema_of, type_columns, yes};
use super::rows::{Cell, Row, row};
use crate::catalog::roles::BOOTSTRAP_ROLE;
use crate::pg::facts::Facts;

/// Everybody may use a type and call a function (`acldefault`).
const USABLE: [&str; 2] = ["=U/forebay", "forebay=U/forebay"];
const CALLABLE: [&str; 2] = ["=X/forebay", "forebay=X/forebay"];

/// The types of a table's columns: of a domain the one below it. They are PostgreSQL's own, so only their owner sees them.
pub(super) fn of_columns(facts: &Facts, entity: &Entity) -> Vec<Row> {
    let owns = facts.member(&facts.user, BOOTSTRAP_ROLE, true);
    let columns = entity.columns.iter().filter(|_| owns && entity.kind != 'S');
    let row = |column: &Column| {
        let base = type_cell(column.type_oid, "typbasetype").oid();
        let kind = if base == 0 { column.type_oid } else { base };
        row![
            &facts.database,
            "pg_catalog",
            type_cell(kind, "typname"),
            &facts.database,
            &entity.schema,
            &entity.name,
            &column.name
        ]
    };
    columns.map(row).collect()
}

/// The columns whose types are domains.
pub(super) fn of_domains(facts: &Facts, entity: &Entity) -> Vec<Row> {
    let owns = facts.member(&facts.user, BOOTSTRAP_ROLE, true);
    let is_domain = |kind| type_cell(kind, "typbasetype").oid() != 0;
    let columns = entity.columns.iter().filter(|column| owns && is_domain(column.type_oid));
    let row = |column: &Column| {
        row![
            &facts.database,
            "information_schema",
            type_cell(column.type_oid, "typname"),
            &facts.database,
            &entity.schema,
            &entity.name,
            &column.name
        ]
    };
    columns.map(row).collect()
}

/// `data_type_privileges` of a relation's columns.
pub(super) fn described(facts: &Facts, entity: &Entity) -> Vec<Row> {
    let columns = entity.columns.iter().filter(|_| entity.kind != 'S');
    let row = |column: &Column| {
        let number = usize::try_from(column.number).unwrap_or_default();
        row![&facts.database, &entity.schema, &entity.name, "TABLE", number_text(number)]
    };
    columns.map(row).collect()
}

/// `data_type_privileges` of PostgreSQL's own domains and functions.
pub(super) fn described_system(facts: &Facts) -> Vec<Row> {
    let row = |schema: &'static str, name: Cell, kind: &'static str, number: usize| {
        row![&facts.database, schema, name, kind, number_text(number)]
    };
    let mut rows: Vec<Row> = domain_rows()
        .map(|domain| row("information_schema", domain[1].clone(), "DOMAIN", 1))
        .collect();
    let functions = data::table("pg_proc");
    let (inputs, all) = (functions.index("proargtypes"), functions.index("proallargtypes"));
    for function in functions.rows() {
        let every = function[all].items().len();
        let count = if every == 0 { function[inputs].items().len() } else { every };
        let numbers = 0..=count;
        let (schema, name) = (schema_of(function), routine(function));
        rows.extend(numbers.map(|number| row(schema, name.clone(), "ROUTINE", number)));
    }
    rows
}

fn number_text(number: usize) -> String {
    number.to_string()
}

fn domain_rows() -> impl Iterator<Item = &'static Row> {
    let types = data::table("pg_type");
    let kind = types.index("typtype");
    types.rows().iter().filter(move |row| row[kind].text() == "d")
}

/// `domains`.
pub(super) fn domains(relation: &SystemRelation, facts: &Facts) -> Vec<Row> {
    let row = |domain: &Row| {
        let kind = domain[0].oid();
        let modifier = i32::try_from(type_cell(kind, "typtypmod").int()).unwrap_or(-1);
        let mut values = vec![
            ("domain_catalog", Cell::from(&facts.database)),
            ("domain_schema", "information_schema".into()),
            ("domain_name", domain[1].clone()),
            ("domain_default", type_cell(kind, "typdefault")),
            ("dtd_identifier", "1".into()),
        ];
        let described = type_columns(facts, kind, modifier);
        values.extend(described.into_iter().filter(|(name, _)| !name.starts_with("domain_")));
        named(relation, &values)
    };
    domain_rows().map(row).collect()
}

/// `domain_udt_usage`.
pub(super) fn domain_types(facts: &Facts) -> Vec<Row> {
    let row = |domain: &Row| {
        let base = type_cell(domain[0].oid(), "typbasetype").oid();
        let (database, own) = (&facts.database, domain[1].clone());
        row![
            database,
            "pg_catalog",
            type_cell(base, "typname"),
            database,
            "information_schema",
            own
        ]
    };
    let owns = facts.member(&facts.user, BOOTSTRAP_ROLE, true);
    domain_rows().filter(|_| owns).map(row).collect()
}

/// Privileges on the row types of relations.
pub(super) fn on_types(facts: &Facts, index: &Index) -> Vec<Row> {
    let mut rows = Vec::new();
    for entity in index.all().filter(|entity| entity.kind != 'S') {
        let acl = type_cell(entity.ids.row_type, "typacl");
        for grant in acl::granted(facts, &acl::items(&acl, &USABLE), true) {
            rows.push(row![
                grant.grantor,
                grant.grantee,
                &facts.database,
                &entity.schema,
                &entity.name,
                "TYPE USAGE",
                yes(grant.grantable)
            ]);
        }
    }
    rows
}

/// Privileges on functions.
pub(super) fn on_routines(facts: &Facts) -> Vec<Row> {
    let functions = data::table("pg_proc");
    let acl = functions.index("proacl");
    let mut rows = Vec::new();
    for function in functions.rows() {
        let items: Vec<Item> = acl::items(&function[acl], &CALLABLE);
        for grant in acl::granted(facts, &items, true) {
            let (database, schema) = (&facts.database, schema_of(function));
            rows.push(row![
                grant.grantor,
                grant.grantee,
                database,
                schema,
                routine(function),
                database,
                schema,
                function[1].clone(),
                "EXECUTE",
                yes(grant.grantable)
            ]);
        }
    }
    rows
}
