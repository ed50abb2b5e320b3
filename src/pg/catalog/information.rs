//! Rows of `information_schema` (PostgreSQL manual, chapter 37): as there, only what the current user may use.

use std::collections::HashMap;
use std::sync::Arc;

use super::acl::{self, Grant};
use super::data::{self, SystemRelation};
use super::dynamic::{all_roles, named};
use super::index::{Column, Entity, Index, type_cell};
use super::keys::{self, Constraint};
use super::rows::{Cell, Row, row};
use super::{domains, updatable, usages};
use crate::catalog::roles::{BOOTSTRAP_ROLE, Privilege, Target};
use crate::catalog::table::{Action, Default, Identity};
use crate::catalog::written::SequenceType;
use crate::pg::facts::{FOREBAY_SCHEMA, Facts};
use crate::pg::types;

/// `character_octet_length` of a string without a declared length (1 GiB, PostgreSQL's largest field).
const OCTETS_MAX: i32 = 1 << 30;

/// All rows of `relation`.
pub(crate) fn rows(relation: &'static SystemRelation, facts: &Facts) -> Vec<Row> {
    let index = facts.index();
    let usable = || index.all().filter(|entity| readable(facts, entity));
    match relation.name {
        "information_schema_catalog_name" => vec![row![&facts.database]],
        "schemata" => schemata(facts, index),
        "tables" => usable().filter(|e| e.kind != 'S').map(|entity| table(facts, entity)).collect(),
        "columns" => usable()
            .filter(|entity| entity.kind != 'S')
            .flat_map(|entity| columns(relation, facts, entity))
            .collect(),
        "views" => {
            usable().filter(|entity| entity.kind == 'v').map(|entity| view(facts, entity)).collect()
        }
        "element_types" => {
            usable().flat_map(|entity| element_types(relation, facts, entity)).collect()
        }
        "table_constraints" => usable().flat_map(|entity| constraints(facts, entity)).collect(),
        "check_constraints" => {
            let tables = usable().flat_map(|entity| checks(facts, entity));
            tables
                .chain(owned(facts).then(|| domains::checks(facts)).into_iter().flatten())
                .collect()
        }
        "domain_constraints" if owned(facts) => domains::constraints(facts),
        "key_column_usage" => usable().flat_map(|entity| key_columns(facts, entity)).collect(),
        "constraint_column_usage" => {
            usable().flat_map(|entity| constraint_columns(facts, entity)).collect()
        }
        "constraint_table_usage" => {
            usable().flat_map(|entity| constraint_tables(facts, entity)).collect()
        }
        "referential_constraints" => {
            usable().flat_map(|entity| references(facts, entity)).collect()
        }
        "table_privileges" => privileges(facts, index, true),
        "role_table_grants" => privileges(facts, index, false),
        "column_privileges" => column_privileges(facts, index, true),
        "role_column_grants" => column_privileges(facts, index, false),
        "column_udt_usage" => usable().flat_map(|e| usages::of_columns(facts, e)).collect(),
        "column_domain_usage" => usable().flat_map(|e| usages::of_domains(facts, e)).collect(),
        "data_type_privileges" => {
            let columns = usable().flat_map(|entity| usages::described(facts, entity));
            columns.chain(usages::described_system(facts)).collect()
        }
        "domains" => usages::domains(relation, facts),
        "domain_udt_usage" => usages::domain_types(facts),
        "udt_privileges" | "role_udt_grants" => usages::on_types(facts, index),
        "routine_privileges" | "role_routine_grants" => usages::on_routines(facts),
        "enabled_roles" => enabled_roles(facts),
        "applicable_roles" => applicable_roles(facts),
        "sequences" => index
            .relations
            .iter()
            .filter(|entity| entity.kind == 'S' && readable(facts, entity))
            .filter_map(|entity| sequence(facts, entity))
            .collect(),
        "character_sets" => vec![row![
            Cell::Null,
            Cell::Null,
            "UTF8",
            "UCS",
            "UTF8",
            &facts.database,
            "pg_catalog",
            "default"
        ]],
        "collations" => collations(facts),
        "collation_character_set_applicability" => collation_sets(facts),
        "routines" => routines(relation, facts),
        "parameters" => parameters(relation, facts),
        _ => relation.rows().to_vec(),
    }
}

pub(super) fn yes(truth: bool) -> &'static str {
    if truth { "YES" } else { "NO" }
}

/// Whether the current user is or stands for the owner of all that is PostgreSQL's.
fn owned(facts: &Facts) -> bool {
    facts.member(&facts.user, BOOTSTRAP_ROLE, true)
}

/// Whether the current user may read the relation.
pub(crate) fn readable(facts: &Facts, entity: &Entity) -> bool {
    match &entity.database {
        None => acl::readable(&acl::of_relation(facts, entity), facts, &facts.user),
        Some(_) if facts.member(&facts.user, &entity.owner, true) => true,
        Some(database) => {
            let target = Target::Table { schema: database.clone(), table: entity.name.clone() };
            facts.granted(&facts.user, &target, Privilege::Select)
        }
    }
}

fn schemata(facts: &Facts, index: &Index) -> Vec<Row> {
    let system = ["information_schema", "pg_catalog", "pg_toast"].into_iter();
    let names = system.chain(index.schemas.keys().map(String::as_str)).filter(|name| {
        let database = name.split_once('@').map_or(*name, |(database, _)| database);
        let target = Target::Schema(database.to_owned());
        let everybody = matches!(database, "information_schema" | "pg_catalog" | FOREBAY_SCHEMA);
        if let Some(schema) = facts.generation.schema(name) {
            return facts.owns(&schema.owner);
        }
        everybody || facts.granted(&facts.user, &target, Privilege::Usage)
    });
    let row = |name: &str| {
        let owner = facts.generation.schema(name).map_or(BOOTSTRAP_ROLE, |it| &it.owner).to_owned();
        let name = name.to_owned();
        row![&facts.database, name, owner, Cell::Null, Cell::Null, Cell::Null, Cell::Null]
    };
    names.map(row).collect()
}

fn table(facts: &Facts, entity: &Entity) -> Row {
    let kind = match entity.kind {
        'v' => "VIEW",
        _ if entity.temporary => "LOCAL TEMPORARY",
        _ => "BASE TABLE",
    };
    row![
        &facts.database,
        &entity.schema,
        &entity.name,
        kind,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        yes(updatable::events(entity) & updatable::INSERT != 0),
        "NO",
        Cell::Null,
    ]
}

fn view(facts: &Facts, entity: &Entity) -> Row {
    let events = updatable::events(entity);
    let changed = updatable::UPDATE | updatable::DELETE;
    row![
        &facts.database,
        &entity.schema,
        &entity.name,
        super::rules::shown(entity, facts).filter(|_| facts.owns(&entity.owner)),
        "NONE",
        yes(events & changed == changed),
        yes(events & updatable::INSERT != 0),
        "NO",
        "NO",
        "NO",
    ]
}

/// The columns that describe a type, under the names information_schema gives them.
pub(super) fn type_columns(facts: &Facts, kind: u32, modifier: i32) -> Vec<(&'static str, Cell)> {
    let base = type_cell(kind, "typbasetype").oid();
    let declared = kind;
    let (kind, modifier) = match base {
        0 => (kind, modifier),
        base => {
            let own = i32::try_from(type_cell(declared, "typtypmod").int());
            (base, own.unwrap_or(modifier))
        }
    };
    let database = || Cell::from(&facts.database);
    let mut columns = vec![
        ("data_type", Cell::from(data_type(kind))),
        ("udt_catalog", database()),
        ("udt_schema", "pg_catalog".into()),
        ("udt_name", type_cell(kind, "typname")),
    ];
    if base != 0 {
        columns.extend([
            ("domain_catalog", database()),
            ("domain_schema", "information_schema".into()),
            ("domain_name", type_cell(declared, "typname")),
        ]);
    }
    columns.extend(collated(facts, type_cell(declared, "typcollation").oid()));
    columns.extend(limits(kind, modifier));
    columns
}

/// The columns that tell a collation, unless it is the database's or there is none.
fn collated(facts: &Facts, collation: u32) -> Vec<(&'static str, Cell)> {
    /// `pg_collation.oid` of the database's.
    const DEFAULT: u32 = 100;
    let found = data::by_oid("pg_collation").get(&collation).filter(|_| collation != DEFAULT);
    let told = found.map(|row| {
        vec![
            ("collation_catalog", Cell::from(&facts.database)),
            ("collation_schema", "pg_catalog".into()),
            ("collation_name", row[1].clone()),
        ]
    });
    told.unwrap_or_default()
}

/// `ARRAY`, or what `format_type` says.
fn data_type(kind: u32) -> String {
    // The vector types are arrays too.
    let vector = type_cell(kind, "typelem").oid() != 0 && type_cell(kind, "typlen").int() == -1;
    if vector || types::element_of(kind).is_some() {
        return "ARRAY".to_owned();
    }
    match types::name_of(kind) {
        Some(_) => types::sql_name(kind),
        None => type_cell(kind, "typname").text().to_owned(),
    }
}

/// Lengths and precisions (the `_pg_char_max_length` family of information_schema.sql).
pub(crate) fn limits(kind: u32, modifier: i32) -> Vec<(&'static str, Cell)> {
    let number = |precision: i32, radix: i32, scale: Cell| {
        vec![
            ("numeric_precision", Cell::from(precision)),
            ("numeric_precision_radix", Cell::from(radix)),
            ("numeric_scale", scale),
        ]
    };
    match kind {
        types::INT2 => number(16, 2, 0.into()),
        types::INT4 => number(32, 2, 0.into()),
        types::INT8 => number(64, 2, 0.into()),
        types::FLOAT4 => number(24, 2, Cell::Null),
        types::FLOAT8 => number(53, 2, Cell::Null),
        types::NUMERIC if modifier >= 4 => {
            let packed = modifier - 4;
            number((packed >> 16) & 0xffff, 10, Cell::from(((packed & 0x7ff) ^ 1024) - 1024))
        }
        types::NUMERIC => vec![("numeric_precision_radix", 10.into())],
        types::VARCHAR | types::BPCHAR if modifier > 4 => vec![
            ("character_maximum_length", Cell::from(modifier - 4)),
            ("character_octet_length", Cell::from((modifier - 4).saturating_mul(4))),
        ],
        types::VARCHAR | types::BPCHAR | types::TEXT => {
            vec![("character_octet_length", OCTETS_MAX.into())]
        }
        types::DATE => vec![("datetime_precision", 0.into())],
        types::TIME | types::TIMETZ | types::TIMESTAMP | types::TIMESTAMPTZ => {
            vec![("datetime_precision", Cell::from(if modifier < 0 { 6 } else { modifier }))]
        }
        types::INTERVAL => vec![("datetime_precision", 6.into())],
        _ => Vec::new(),
    }
}

fn columns(relation: &SystemRelation, facts: &Facts, entity: &Entity) -> Vec<Row> {
    let owns = facts.owns(&entity.owner);
    let column = |column: &Column| {
        let number = i32::from(column.number);
        let generated = matches!(column.default, Some(Default::Generated(_)));
        let mut values = vec![
            ("table_catalog", Cell::from(&facts.database)),
            ("table_schema", Cell::from(&entity.schema)),
            ("table_name", Cell::from(&entity.name)),
            ("column_name", Cell::from(&column.name)),
            ("ordinal_position", Cell::from(number)),
            ("is_nullable", yes(!column.not_null).into()),
            ("dtd_identifier", Cell::from(number.to_string())),
            ("is_self_referencing", "NO".into()),
            ("is_identity", yes(column.identity.is_some()).into()),
            ("identity_cycle", "NO".into()),
            ("is_generated", if generated { "ALWAYS" } else { "NEVER" }.into()),
            ("is_updatable", yes(updatable::column(entity, number.into())).into()),
        ];
        values.extend(type_columns(facts, column.type_oid, column.modifier));
        values.extend(column.collation.map(|own| collated(facts, own)).unwrap_or_default());
        if let Some(default) = keys::shown_default(facts, column).filter(|_| owns) {
            let name = if generated { "generation_expression" } else { "column_default" };
            values.push((name, Cell::from(default)));
        }
        values.extend(identity(facts, column));
        named(relation, &values)
    };
    entity.columns.iter().map(column).collect()
}

/// What tells the sequence of an identity column.
fn identity(facts: &Facts, column: &Column) -> Vec<(&'static str, Cell)> {
    let (Some(identity), Some(Default::Next(oid))) = (column.identity, &column.default) else {
        return Vec::new();
    };
    let entity = facts.index().relation(*oid);
    let Some(sequence) = entity.and_then(|entity| entity.sequence.as_ref()) else {
        return Vec::new();
    };
    let kind = match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    };
    vec![
        ("identity_generation", kind.into()),
        ("identity_start", Cell::from(sequence.start.to_string())),
        ("identity_increment", Cell::from(sequence.increment.to_string())),
        ("identity_maximum", Cell::from(sequence.max.to_string())),
        ("identity_minimum", Cell::from(sequence.min.to_string())),
        ("identity_cycle", yes(sequence.cycle).into()),
    ]
}

fn element_types(relation: &SystemRelation, facts: &Facts, entity: &Entity) -> Vec<Row> {
    let arrays = entity
        .columns
        .iter()
        .filter_map(|column| Some((i32::from(column.number), types::element_of(column.type_oid)?)));
    let row = |(number, element): (i32, u32)| {
        named(
            relation,
            &[
                ("object_catalog", Cell::from(&facts.database)),
                ("object_schema", Cell::from(&entity.schema)),
                ("object_name", Cell::from(&entity.name)),
                ("object_type", if entity.kind == 'v' { "VIEW" } else { "TABLE" }.into()),
                ("collection_type_identifier", Cell::from(number.to_string())),
                ("data_type", Cell::from(data_type(element))),
                ("udt_catalog", Cell::from(&facts.database)),
                ("udt_schema", "pg_catalog".into()),
                ("udt_name", type_cell(element, "typname")),
                ("dtd_identifier", Cell::from(format!("a{number}"))),
            ],
        )
    };
    arrays.map(row).collect()
}

// ---- constraints

/// What PostgreSQL calls the constraint of a NOT NULL column in information_schema.
fn not_null_name(entity: &Entity, number: i32) -> String {
    format!("{}_{}_{number}_not_null", entity.schema_oid, entity.ids.relation)
}

fn required(entity: &Entity) -> impl Iterator<Item = (i32, &Column)> {
    let columns = entity.columns.iter().filter(|column| column.not_null);
    columns.map(|column| (i32::from(column.number), column))
}

fn constraints(facts: &Facts, entity: &Arc<Entity>) -> Vec<Row> {
    let row = |name: String, kind: &'static str, distinct: Cell| {
        let (database, schema) = (&facts.database, &entity.schema);
        row![
            database,
            schema,
            name,
            database,
            schema,
            &entity.name,
            kind,
            "NO",
            "NO",
            "YES",
            distinct
        ]
    };
    let keys = entity.constraints.iter().map(|own| {
        let (kind, distinct) = match own.kind {
            'p' => ("PRIMARY KEY", "YES".into()),
            'u' => {
                let held = entity.indexes.iter().find(|index| index.oid == own.index);
                ("UNIQUE", yes(held.is_none_or(|index| index.nulls_distinct)).into())
            }
            'f' => ("FOREIGN KEY", Cell::Null),
            _ => ("CHECK", Cell::Null),
        };
        row(own.name.clone(), kind, distinct)
    });
    let checks = required(entity)
        .filter(|_| matches!(entity.kind, 'r' | 'm'))
        .map(|(number, _)| row(not_null_name(entity, number), "CHECK", Cell::Null));
    keys.chain(checks).collect()
}

fn checks(facts: &Facts, entity: &Arc<Entity>) -> Vec<Row> {
    let tables = required(entity).filter(|_| matches!(entity.kind, 'r' | 'm'));
    let row = |(number, column): (i32, &Column)| {
        let clause = format!("{} IS NOT NULL", column.name);
        row![&facts.database, &entity.schema, not_null_name(entity, number), clause]
    };
    let own = entity.constraints.iter().filter_map(|own| {
        let check = own.check.as_ref()?;
        Some(row![&facts.database, &entity.schema, &own.name, format!("(({check}))")])
    });
    own.chain(tables.map(row)).collect()
}

fn key_columns(facts: &Facts, entity: &Arc<Entity>) -> Vec<Row> {
    let (database, schema) = (&facts.database, &entity.schema);
    let keys = entity.constraints.iter().filter(|own| matches!(own.kind, 'p' | 'u' | 'f'));
    let rows = keys.flat_map(|own| {
        (1i32..).zip(entity.numbered(&own.columns)).map(move |(position, column)| {
            row![
                database,
                schema,
                &own.name,
                database,
                schema,
                &entity.name,
                &column.name,
                position,
                referenced_position(facts, own, position)
            ]
        })
    });
    rows.collect()
}

/// The place in the key it names of a foreign key's column.
fn referenced_position(facts: &Facts, own: &Constraint, position: i32) -> Cell {
    let found = own.reference.as_ref().and_then(|to| {
        let at = usize::try_from(position).ok()?.checked_sub(1)?;
        let number = to.columns.get(at)?;
        let entity = facts.index().relation(to.table)?;
        let mut wanted = to.columns.clone();
        wanted.sort_unstable();
        let key = entity.indexes.iter().find(|index| {
            let mut own = index.columns.clone();
            own.sort_unstable();
            index.unique && own == wanted
        })?;
        let place = key.columns.iter().position(|column| column == number)?;
        i32::try_from(place + 1).ok()
    });
    Cell::from(found)
}

/// The columns that constraints of a relation use: of a foreign key those that it names.
fn constraint_columns(facts: &Facts, entity: &Arc<Entity>) -> Vec<Row> {
    let (database, schema) = (&facts.database, &entity.schema);
    let rows = entity.constraints.iter().flat_map(|own| {
        let (of, numbers) = match &own.reference {
            Some(to) => (facts.index().relation(to.table), to.columns.as_slice()),
            None => (Some(entity), own.columns.as_slice()),
        };
        let columns =
            of.into_iter().flat_map(move |of| of.numbered(numbers).map(move |column| (of, column)));
        columns.map(move |(of, column)| {
            row![database, &of.schema, &of.name, &column.name, database, schema, &own.name]
        })
    });
    rows.collect()
}

fn constraint_tables(facts: &Facts, entity: &Arc<Entity>) -> Vec<Row> {
    let (database, schema) = (&facts.database, &entity.schema);
    let rows = entity.constraints.iter().filter(|own| own.kind != 'c').map(|own| {
        let to = own.reference.as_ref().and_then(|to| facts.index().relation(to.table));
        let of = to.unwrap_or(entity);
        row![database, &of.schema, &of.name, database, schema, &own.name]
    });
    rows.collect()
}

/// `referential_constraints`.
fn references(facts: &Facts, entity: &Arc<Entity>) -> Vec<Row> {
    let (database, schema) = (&facts.database, &entity.schema);
    let rows = entity.constraints.iter().filter_map(|own| {
        let to = own.reference.as_ref()?;
        let of = facts.index().relation(to.table)?;
        let mut wanted = to.columns.clone();
        wanted.sort_unstable();
        let key = of.constraints.iter().find(|key| {
            let mut own = key.columns.clone();
            own.sort_unstable();
            key.index != 0 && own == wanted
        });
        let name = key.map_or(Cell::Null, |key| Cell::from(&key.name));
        let (update, delete) = (action(to.on_update), action(to.on_delete));
        Some(row![database, schema, &own.name, database, &of.schema, name, "NONE", update, delete])
    });
    rows.collect()
}

fn action(action: Action) -> &'static str {
    match action {
        Action::NoAction => "NO ACTION",
        Action::Restrict => "RESTRICT",
        Action::Cascade => "CASCADE",
        Action::SetNull => "SET NULL",
        Action::SetDefault => "SET DEFAULT",
    }
}

// ---- privileges and roles

/// Grants on tables: with those to everybody (`table_privileges`), or only to roles (`role_table_grants`).
fn privileges(facts: &Facts, index: &Index, public: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for entity in index.all() {
        for Grant { grantor, grantee, privilege, grantable } in grants(facts, entity, public) {
            rows.push(row![
                grantor,
                grantee,
                &facts.database,
                &entity.schema,
                &entity.name,
                privilege,
                yes(grantable),
                yes(privilege == "SELECT")
            ]);
        }
    }
    rows
}

fn column_privileges(facts: &Facts, index: &Index, public: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for entity in index.all() {
        let grants = grants(facts, entity, public);
        let grants = grants.iter().filter(|grant| OF_COLUMNS.contains(&grant.privilege));
        for Grant { grantor, grantee, privilege, grantable } in grants {
            rows.extend(entity.columns.iter().map(|column| {
                row![
                    grantor,
                    grantee,
                    &facts.database,
                    &entity.schema,
                    &entity.name,
                    &column.name,
                    *privilege,
                    yes(*grantable)
                ]
            }));
        }
    }
    rows
}

/// The privileges of tables that columns have as well.
const OF_COLUMNS: &[&str] = &["INSERT", "SELECT", "UPDATE", "REFERENCES"];

/// The privileges on a relation, as far as the user is one of the two.
fn grants(facts: &Facts, entity: &Entity, public: bool) -> Vec<Grant> {
    let items = acl::items(&acl::of_relation(facts, entity), &[acl::OWNER_OF_TABLE]);
    acl::granted(facts, &items, public)
}

fn enabled_roles(facts: &Facts) -> Vec<Row> {
    let roles =
        all_roles(facts).into_iter().filter(|role| facts.member(&facts.user, role[1].text(), true));
    roles.map(|role| vec![role[1].clone()]).collect()
}

fn applicable_roles(facts: &Facts) -> Vec<Row> {
    let mut rows = Vec::new();
    if facts.member(&facts.user, BOOTSTRAP_ROLE, true) {
        // Whoever owns the database is a member without a grant.
        rows.push(row![BOOTSTRAP_ROLE, "pg_database_owner", "NO"]);
    }
    for role in facts.generation.roles.values() {
        if facts.member(&facts.user, &role.name, true) {
            rows.extend(role.member_of.iter().map(|granted| row![&role.name, granted, "NO"]));
        }
    }
    rows
}

fn sequence(facts: &Facts, entity: &Entity) -> Option<Row> {
    let sequence = entity.sequence.as_ref()?;
    let bits = match sequence.data_type {
        SequenceType::SmallInt => 16,
        SequenceType::Integer => 32,
        SequenceType::BigInt => 64,
    };
    Some(row![
        &facts.database,
        &entity.schema,
        &entity.name,
        sequence.data_type.name(),
        bits,
        2,
        0,
        sequence.start.to_string(),
        sequence.min.to_string(),
        sequence.max.to_string(),
        sequence.increment.to_string(),
        yes(sequence.cycle)
    ])
}

// ---- collations and routines

fn collations(facts: &Facts) -> Vec<Row> {
    let rows = data::table("pg_collation").rows().iter();
    rows.map(|row| row![&facts.database, "pg_catalog", row[1].clone(), "NO PAD"]).collect()
}

fn collation_sets(facts: &Facts) -> Vec<Row> {
    let rows = data::table("pg_collation").rows().iter();
    let row = |row: &Row| {
        row![&facts.database, "pg_catalog", row[1].clone(), Cell::Null, Cell::Null, "UTF8"]
    };
    rows.map(row).collect()
}

pub(super) fn schema_of(row: &Row) -> &'static str {
    let catalog = row[2].oid() == super::index::PG_CATALOG_OID;
    if catalog { "pg_catalog" } else { "information_schema" }
}

/// The name of a function that no other has.
pub(super) fn routine(row: &Row) -> Cell {
    Cell::from(format!("{}_{}", row[1].text(), row[0].oid()))
}

fn routines(relation: &SystemRelation, facts: &Facts) -> Vec<Row> {
    let functions = data::table("pg_proc");
    let at = |column| functions.index(column);
    let (kind, result, volatility) = (at("prokind"), at("prorettype"), at("provolatile"));
    let (strict, source, language) = (at("proisstrict"), at("prosrc"), at("prolang"));
    let database = || Cell::from(&facts.database);
    let rows = functions.rows().iter().map(|row| {
        let mut values = vec![
            ("specific_catalog", database()),
            ("specific_schema", schema_of(row).into()),
            ("specific_name", routine(row)),
            ("routine_catalog", database()),
            ("routine_schema", schema_of(row).into()),
            ("routine_name", row[1].clone()),
            ("routine_type", if row[kind].text() == "f" { "FUNCTION".into() } else { Cell::Null }),
            ("data_type", Cell::from(data_type(row[result].oid()))),
            ("type_udt_catalog", database()),
            ("type_udt_schema", "pg_catalog".into()),
            ("type_udt_name", type_cell(row[result].oid(), "typname")),
            ("dtd_identifier", "0".into()),
            ("routine_body", if row[language].oid() == 14 { "SQL" } else { "EXTERNAL" }.into()),
            ("routine_definition", row[source].clone()),
            (
                "external_language",
                if row[language].oid() == 14 { "SQL" } else { "INTERNAL" }.into(),
            ),
            ("parameter_style", "GENERAL".into()),
            ("is_deterministic", yes(row[volatility].text() == "i").into()),
            ("sql_data_access", "MODIFIES".into()),
            ("is_null_call", yes(row[strict].truth()).into()),
            ("schema_level_routine", "YES".into()),
            ("max_dynamic_result_sets", 0.into()),
            ("security_type", "INVOKER".into()),
            ("as_locator", "NO".into()),
            ("is_udt_dependent", "NO".into()),
        ];
        if row[kind].text() != "f" {
            values.retain(|(column, _)| *column != "routine_type");
        }
        named(relation, &values)
    });
    rows.collect()
}

fn parameters(relation: &SystemRelation, facts: &Facts) -> Vec<Row> {
    let functions = data::table("pg_proc");
    let at = |column| functions.index(column);
    let (inputs, all) = (at("proargtypes"), at("proallargtypes"));
    let (modes, names) = (at("proargmodes"), at("proargnames"));
    let modes_by_letter =
        HashMap::from([("i", "IN"), ("o", "OUT"), ("b", "INOUT"), ("v", "IN"), ("t", "OUT")]);
    let database = || Cell::from(&facts.database);
    let mut rows = Vec::new();
    for row in functions.rows() {
        let every = row[all].items();
        let kinds = if every.is_empty() { row[inputs].items() } else { every };
        for (number, (position, kind)) in (1i32..).zip(kinds.iter().enumerate()) {
            let mode = row[modes].items().get(position).map_or("i", Cell::text);
            let name = row[names].items().get(position).filter(|name| !name.text().is_empty());
            rows.push(named(
                relation,
                &[
                    ("specific_catalog", database()),
                    ("specific_schema", schema_of(row).into()),
                    ("specific_name", routine(row)),
                    ("ordinal_position", number.into()),
                    ("parameter_mode", modes_by_letter.get(mode).copied().into()),
                    ("is_result", "NO".into()),
                    ("as_locator", "NO".into()),
                    ("parameter_name", name.cloned().unwrap_or(Cell::Null)),
                    ("data_type", Cell::from(data_type(kind.oid()))),
                    ("udt_catalog", database()),
                    ("udt_schema", "pg_catalog".into()),
                    ("udt_name", type_cell(kind.oid(), "typname")),
                    ("dtd_identifier", Cell::from(number.to_string())),
                ],
            ));
        }
    }
    rows
}
