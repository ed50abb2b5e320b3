//! Rows of `pg_catalog` that tell of the generation and of the session.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use chrono::Offset;

use super::acl;
use super::data::{self, SystemRelation};
use super::index::{
    Column, Entity, INFORMATION_SCHEMA_OID, Index, PG_CATALOG_OID, PG_TOAST_OID, SYSTEM, synthetic,
    type_cell,
};
use super::rows::{Cell, Row, row};
use super::{depend, extension, keys, rules, settings, system_indexes, toast};
use crate::catalog::roles::{BOOTSTRAP_ROLE, Role, Target};
use crate::catalog::table::{Default, Identity};
use crate::catalog::written::{PUBLIC_SCHEMA_OID, Sequence, SequenceType};
use crate::pg::facts::{BOOTSTRAP_ROLE_OID, DATABASE_OID, FOREBAY_SCHEMA_OID, Facts};
use crate::pg::types;

pub(super) const HEAP_AM_OID: u32 = 2;
pub(super) const BTREE_AM_OID: u32 = 403;
/// Where the tables are that all databases share.
pub(crate) const GLOBAL_TABLESPACE_OID: u32 = 1_664;
/// `pg_encoding` number of UTF8.
const UTF8: i32 = 6;
/// Bytes of a page; `relpages` counts them.
const PAGE_BYTES: u64 = 8_192;
/// The smallest transaction number; clients only want it to be one.
pub(crate) const FROZEN_XID: i64 = 716;

/// All rows of `relation`: PostgreSQL's own, then those of `facts`.
pub(crate) fn rows(relation: &'static SystemRelation, facts: &Facts) -> Vec<Row> {
    if relation.schema == "information_schema" {
        return super::information::rows(relation, facts);
    }
    let index = facts.index();
    let own = match relation.name {
        "pg_namespace" => namespaces(facts, index),
        "pg_class" => {
            let own = index.all().flat_map(|entity| class(facts, entity));
            own.chain(system_indexes::class_rows()).chain(toast::class_rows()).collect()
        }
        "pg_attribute" => {
            let mut rows = attributes(index);
            rows.extend(system_indexes::attribute_rows());
            rows.extend(toast::attribute_rows());
            rows
        }
        "pg_type" => index.relations.iter().flat_map(|entity| row_types(entity)).collect(),
        "pg_database" => vec![database(facts)],
        "pg_authid" => roles(facts).map(|role| authid(&role)).collect(),
        "pg_roles" => all_roles(facts).iter().map(|role| role_view(role, facts)).collect(),
        "pg_user" => users(facts, "********"),
        "pg_shadow" => users(facts, ""),
        "pg_group" => groups(facts),
        "pg_auth_members" => memberships(facts),
        "pg_db_role_setting" => role_settings(facts),
        "pg_default_acl" => default_acls(facts, index),
        "pg_tables" => tables(index),
        "pg_views" => views(facts, index),
        "pg_matviews" => materialized_views(facts, index),
        "pg_index" => {
            let own = keys::indexes(index, |entity, own| keys::index_row(entity, own));
            [system_indexes::index_rows(), toast::index_rows(), own.collect()].concat()
        }
        "pg_indexes" => {
            let own = keys::indexes(index, |entity, own| keys::listed_row(entity, own));
            [system_indexes::listed_rows(), own.collect()].concat()
        }
        "pg_constraint" => {
            let own = |entity, own| keys::constraint_row(index, entity, own);
            let own = keys::constraints(index, |entity: &'_ Arc<Entity>, it| own(entity, it));
            [system_indexes::constraint_rows(), own.collect()].concat()
        }
        "pg_attrdef" => keys::default_rows(facts, index),
        "pg_rewrite" => rules::rows(index),
        "pg_rules" => rules::listed(),
        "pg_available_extensions" => extension::available(),
        "pg_available_extension_versions" => extension::versions(relation),
        "pg_sequence" => sequences(index),
        "pg_sequences" => listed_sequences(facts, index),
        "pg_extension" => extension::extensions(),
        "pg_depend" => depend::rows(facts, index),
        "pg_init_privs" => extension::first_privileges(index),
        "pg_description" => descriptions(facts, index),
        "pg_settings" => return setting_rows(relation, facts),
        "pg_stat_activity" => activity(facts),
        "pg_stat_database" => vec![stat_database(relation, facts)],
        "pg_stat_bgwriter" => {
            let mut row = nothing_counted(relation);
            row[relation.index("stats_reset")] = Cell::from(facts.started_at_us);
            vec![row]
        }
        "pg_prepared_statements" => prepared(facts),
        "pg_cursors" => cursors(facts),
        "pg_stat_user_tables" | "pg_stat_all_tables" => table_statistics(relation, index),
        "pg_stat_user_indexes"
        | "pg_stat_all_indexes"
        | "pg_statio_user_indexes"
        | "pg_statio_all_indexes" => index_statistics(relation, index),
        "pg_stat_gssapi" => gss(relation, facts),
        "pg_statio_user_tables" | "pg_statio_all_tables" => table_io(relation, index),
        "pg_timezone_names" => time_zones(facts),
        _ => Vec::new(),
    };
    // The role `forebay` is in the generation once roles exist; PostgreSQL's own predefined roles always are.
    let mut rows = relation.rows().to_vec();
    rows.extend(own);
    rows
}

/// What the rows of a relation tell of, and so how long they stay the same.
pub(crate) enum Scope {
    /// Of PostgreSQL alone.
    Fixed,
    /// Of the generation.
    Generation,
    /// Of the generation, as one user of one database may see it.
    Reader,
    /// Of the session or the moment too.
    Statement,
}

/// See [`Scope`]; where nothing is said rows are made for each statement.
pub(crate) fn scope(relation: &SystemRelation) -> Scope {
    match (relation.schema, relation.name) {
        (
            "pg_catalog",
            "pg_aggregate" | "pg_am" | "pg_amop" | "pg_amproc" | "pg_cast" | "pg_collation"
            | "pg_operator" | "pg_opclass" | "pg_opfamily" | "pg_proc",
        ) => Scope::Fixed,
        (
            "pg_catalog",
            "pg_namespace" | "pg_class" | "pg_attribute" | "pg_type" | "pg_tables" | "pg_index"
            | "pg_indexes" | "pg_constraint" | "pg_description",
        ) => Scope::Generation,
        ("pg_catalog", "pg_views")
        | (
            "information_schema",
            "tables"
            | "columns"
            | "views"
            | "table_constraints"
            | "key_column_usage"
            | "constraint_column_usage"
            | "table_privileges"
            | "column_privileges"
            | "data_type_privileges"
            | "routine_privileges"
            | "role_routine_grants",
        ) => Scope::Reader,
        _ => Scope::Statement,
    }
}

/// A row whose named columns have these values and whose others are NULL.
pub(crate) fn named(relation: &SystemRelation, values: &[(&str, Cell)]) -> Row {
    let mut row = vec![Cell::Null; relation.columns.len()];
    for (column, value) in values {
        row[relation.index(column)] = value.clone();
    }
    row
}

// ---- schemas, relations, columns, types

fn namespaces(facts: &Facts, index: &Index) -> Vec<Row> {
    let everybody = extension::schema_acl;
    let mut rows = vec![
        row![PG_CATALOG_OID, "pg_catalog", BOOTSTRAP_ROLE_OID, everybody()],
        row![PG_TOAST_OID, "pg_toast", BOOTSTRAP_ROLE_OID, Cell::Null],
        row![INFORMATION_SCHEMA_OID, "information_schema", BOOTSTRAP_ROLE_OID, everybody()],
    ];
    for (name, oid) in &index.schemas {
        if let Some(schema) = facts.generation.schema(name) {
            let owner = facts.role_oid(&schema.owner).unwrap_or(BOOTSTRAP_ROLE_OID);
            let acl = match acl::of(facts, &Target::Schema(name.clone())) {
                Cell::Null if *oid == PUBLIC_SCHEMA_OID => acl::of_public(),
                acl => acl,
            };
            rows.push(row![*oid, name, owner, acl]);
            continue;
        }
        let acl = if *oid == FOREBAY_SCHEMA_OID {
            everybody()
        } else {
            let database = name.split_once('@').map_or(name.as_str(), |(database, _)| database);
            acl::of(facts, &Target::Schema(database.to_owned()))
        };
        rows.push(row![*oid, name, BOOTSTRAP_ROLE_OID, acl]);
    }
    rows
}

/// The rows of `pg_class` for a relation: its own, and that of its key's index.
fn class(facts: &Facts, entity: &Arc<Entity>) -> Vec<Row> {
    let own = data::relation(&entity.schema, &entity.name);
    let table = matches!(entity.kind, 'r' | 'm');
    let stored = table || entity.kind == 'S';
    let owner = facts.role_oid(&entity.owner).unwrap_or(BOOTSTRAP_ROLE_OID);
    let pages = i32::try_from(entity.bytes.div_ceil(PAGE_BYTES)).unwrap_or(i32::MAX);
    #[expect(clippy::cast_precision_loss, reason = "reltuples is a float4 in PostgreSQL too")]
    let tuples = entity.rows.map_or(-1.0, |rows| rows as f64);
    let tuples = if entity.kind == 'v' && entity.view.is_none() { 0.0 } else { tuples };
    let shared = entity.system() && data::table_is_shared(&entity.name);
    // A file of its own tells PostgreSQL where these are.
    let mapped = entity.schema_oid == PG_CATALOG_OID
        && (shared || own.is_some_and(SystemRelation::is_mapped));
    let identity = if table && entity.schema_oid != PG_CATALOG_OID { 'd' } else { 'n' };
    let frozen = if table { FROZEN_XID } else { 0 };
    let mut rows = vec![row![
        entity.ids.relation,
        &entity.name,
        entity.schema_oid,
        entity.ids.row_type,
        0,
        owner,
        if table { HEAP_AM_OID } else { 0 },
        if stored && !mapped { entity.ids.relation } else { 0 },
        if shared { GLOBAL_TABLESPACE_OID } else { 0 },
        pages,
        tuples,
        0,
        toast::of(entity.ids.relation).map_or(0, |toast| toast.oid),
        indexed(entity),
        shared,
        if entity.temporary { 't' } else { 'p' },
        entity.kind,
        entity.columns.last().map_or(0, |column| i32::from(column.number)),
        i32::try_from(entity.constraints.iter().filter(|it| it.kind == 'c').count())
            .unwrap_or(i32::MAX),
        matches!(entity.kind, 'v' | 'm'),
        entity.referring,
        false,
        false,
        false,
        true,
        identity,
        false,
        0,
        frozen,
        if table { 1 } else { 0 },
        acl::of_relation(facts, entity),
        match &entity.view {
            Some(view) if !view.options.is_empty() => Cell::from(view.options.clone()),
            _ => own.map_or(Cell::Null, |relation| relation.options.clone()),
        },
        Cell::Null,
    ]];
    rows.extend(entity.indexes.iter().map(|index| {
        row![
            index.oid,
            &index.name,
            entity.schema_oid,
            0,
            0,
            owner,
            BTREE_AM_OID,
            index.oid,
            0,
            0,
            if tuples < 0.0 { 0.0 } else { tuples },
            0,
            0,
            false,
            false,
            if entity.temporary { 't' } else { 'p' },
            'i',
            i32::try_from(index.columns.len()).unwrap_or(i32::MAX),
            0,
            false,
            false,
            false,
            false,
            false,
            true,
            'n',
            false,
            0,
            0,
            0,
            Cell::Null,
            Cell::Null,
            Cell::Null,
        ]
    }));
    rows
}

fn indexed(entity: &Entity) -> bool {
    !entity.indexes.is_empty() || entity.system() && system_indexes::indexed(entity.ids.relation)
}

fn attributes(index: &Index) -> Vec<Row> {
    let mut rows = Vec::new();
    let acl_at = data::table("pg_attribute").index("attacl");
    for entity in SYSTEM.iter().chain(&index.relations) {
        let relation = entity.ids.relation;
        for column in &entity.columns {
            let number = i32::from(column.number);
            let mut row = attribute(relation, number, column, column.not_null);
            if entity.kind == 'r' && entity.schema_oid == PG_CATALOG_OID {
                row[acl_at] = first_acl(relation, number);
            }
            rows.push(row);
        }
        if matches!(entity.kind, 'r' | 'm' | 'S') {
            let columns = (-6i32..).zip(SYSTEM_COLUMNS.iter());
            rows.extend(columns.map(|(number, column)| attribute(relation, number, column, true)));
        }
        for index in &entity.indexes {
            let columns = (1i32..).zip(entity.numbered(&index.columns));
            let of = |(number, column)| attribute(index.oid, number, &plain(column), false);
            rows.extend(columns.map(of));
        }
    }
    rows
}

/// A column without what only tables have.
fn plain(column: &Column) -> Column {
    Column {
        name: column.name.clone(),
        type_oid: column.type_oid,
        modifier: column.modifier,
        not_null: column.not_null,
        number: column.number,
        default: None,
        identity: None,
        collation: column.collation,
        comment: None,
    }
}

/// Columns every table has and none lists, from the number -6 on.
pub(super) static SYSTEM_COLUMNS: LazyLock<Vec<Column>> = LazyLock::new(|| {
    let columns = [
        ("tableoid", types::OID),
        ("cmax", types::CID),
        ("xmax", types::XID),
        ("cmin", types::CID),
        ("xmin", types::XID),
        ("ctid", types::TID),
    ];
    let column = |(name, type_oid): (&str, u32)| Column {
        name: name.to_owned(),
        type_oid,
        modifier: -1,
        not_null: true,
        number: 0,
        default: None,
        identity: None,
        collation: None,
        comment: None,
    };
    columns.map(column).into()
});

/// What PostgreSQL grants on a column of its own tables from the beginning.
fn first_acl(relation: u32, number: i32) -> Cell {
    static GRANTED: LazyLock<HashMap<(u32, i64), Cell>> = LazyLock::new(|| {
        let rows = data::table("pg_init_privs").rows().iter();
        let of_columns = rows.filter(|row| row[2].int() != 0);
        of_columns.map(|row| ((row[0].oid(), row[2].int()), row[4].clone())).collect()
    });
    GRANTED.get(&(relation, i64::from(number))).cloned().unwrap_or(Cell::Null)
}

pub(super) fn attribute(relation: u32, number: i32, column: &Column, not_null: bool) -> Row {
    let kind = column.type_oid;
    let array = types::element_of(kind).is_some();
    row![
        relation,
        &column.name,
        kind,
        if number < 0 { 0 } else { -1 },
        type_cell(kind, "typlen"),
        number,
        i32::from(array),
        -1,
        column.modifier,
        type_cell(kind, "typbyval"),
        type_cell(kind, "typalign"),
        type_cell(kind, "typstorage"),
        "",
        not_null,
        column.default.is_some() && column.identity.is_none(),
        false,
        match column.identity {
            None => "",
            Some(Identity::Always) => "a",
            Some(Identity::ByDefault) => "d",
        },
        if matches!(column.default, Some(Default::Generated(_))) { "s" } else { "" },
        false,
        true,
        0,
        column.collation.map_or_else(|| type_cell(kind, "typcollation"), Cell::from),
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ]
}

/// The row type of a relation and its array, as PostgreSQL makes them for every table and view.
fn row_types(entity: &Entity) -> Vec<Row> {
    if entity.ids.row_type == 0 {
        return Vec::new();
    }
    let array = row![
        entity.ids.array_type,
        format!("_{}", entity.name),
        entity.schema_oid,
        BOOTSTRAP_ROLE_OID,
        -1,
        false,
        'b',
        'A',
        false,
        true,
        ',',
        0,
        6179, // array_subscript_handler
        entity.ids.row_type,
        0,
        750, // array_in, array_out, array_recv, array_send
        751,
        2400,
        2401,
        0,
        0,
        3816, // array_typanalyze
        'd',
        'x',
        false,
        0,
        -1,
        0,
        0,
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ];
    let row = row![
        entity.ids.row_type,
        &entity.name,
        entity.schema_oid,
        BOOTSTRAP_ROLE_OID,
        -1,
        false,
        'c',
        'C',
        false,
        true,
        ',',
        entity.ids.relation,
        0,
        0,
        entity.ids.array_type,
        2290, // record_in, record_out, record_recv, record_send
        2291,
        2402,
        2403,
        0,
        0,
        0,
        'd',
        'x',
        false,
        0,
        -1,
        0,
        0,
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ];
    vec![array, row]
}

fn tables(index: &Index) -> Vec<Row> {
    let tables = index.all().filter(|entity| entity.kind == 'r');
    let row = |entity: &Arc<Entity>| {
        let space = match data::table_is_shared(&entity.name) && entity.system() {
            true => Cell::from("pg_global"),
            false => Cell::Null,
        };
        let (schema, name, owner) = (&entity.schema, &entity.name, &entity.owner);
        row![schema, name, owner, space, indexed(entity), false, entity.referring, false]
    };
    tables.map(row).collect()
}

fn views(facts: &Facts, index: &Index) -> Vec<Row> {
    let views = index.all().filter(|entity| entity.kind == 'v');
    let row = |entity: &Arc<Entity>| {
        row![&entity.schema, &entity.name, &entity.owner, rules::shown(entity, facts)]
    };
    views.map(row).collect()
}

fn materialized_views(facts: &Facts, index: &Index) -> Vec<Row> {
    let views = index.all().filter(|entity| entity.kind == 'm');
    let row = |entity: &Arc<Entity>| {
        let definition = rules::shown(entity, facts);
        row![&entity.schema, &entity.name, &entity.owner, Cell::Null, false, true, definition]
    };
    views.map(row).collect()
}

fn sequences(index: &Index) -> Vec<Row> {
    let row = |entity: &Arc<Entity>| {
        let it = entity.sequence.as_ref()?;
        let kind = type_of(it);
        let (max, min) = (it.max, it.min);
        Some(row![entity.ids.relation, kind, it.start, it.increment, max, min, it.cache, it.cycle])
    };
    index.relations.iter().filter_map(row).collect()
}

/// The OID of the type of a sequence's numbers.
fn type_of(sequence: &Sequence) -> u32 {
    match sequence.data_type {
        SequenceType::SmallInt => types::INT2,
        SequenceType::Integer => types::INT4,
        SequenceType::BigInt => types::INT8,
    }
}

/// `pg_sequences`: the last number only of those whose numbers the user may see.
fn listed_sequences(facts: &Facts, index: &Index) -> Vec<Row> {
    let row = |entity: &Arc<Entity>| {
        let it = entity.sequence.as_ref()?;
        let at = facts.sequences.as_ref().and_then(|own| own.position(entity.ids.relation));
        let last =
            at.filter(|(_, is_called)| *is_called && super::information::readable(facts, entity));
        Some(row![
            &entity.schema,
            &entity.name,
            &entity.owner,
            type_of(it),
            it.start,
            it.min,
            it.max,
            it.increment,
            it.cycle,
            it.cache,
            last.map(|(last, _)| last)
        ])
    };
    index.relations.iter().filter_map(row).collect()
}

// ---- names and comments

/// `schema.relation`, each quoted where it has to be.
pub(crate) fn qualified_name(entity: &Entity) -> String {
    format!("{}.{}", quote_identifier(&entity.schema), quote_identifier(&entity.name))
}

/// An identifier with quotes where PostgreSQL puts them (`quote_identifier`): unless it is all lower-case letters,
/// digits and underscores, and no keyword that needs them.
pub(crate) fn quote_identifier(name: &str) -> String {
    let plain = name
        .chars()
        .enumerate()
        .all(|(index, c)| c.is_ascii_lowercase() || c == '_' || (index > 0 && c.is_ascii_digit()));
    if plain && !name.is_empty() && !data::reserved(name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

fn descriptions(facts: &Facts, index: &Index) -> Vec<Row> {
    /// `pg_class.oid` of `pg_class`.
    const PG_CLASS: i64 = 1259;
    /// `pg_class.oid` of `pg_namespace`.
    const PG_NAMESPACE: i64 = 2615;
    /// `pg_class.oid` of `pg_constraint`.
    const PG_CONSTRAINT: i64 = 2606;
    let mut rows = vec![extension::description()];
    for schema in facts.generation.schemas.values() {
        if let Some(comment) = &schema.comment {
            rows.push(row![schema.oid, PG_NAMESPACE, 0, comment]);
        }
    }
    for entity in &index.relations {
        if let Some(comment) = &entity.comment {
            rows.push(row![entity.ids.relation, PG_CLASS, 0, comment]);
        }
        for column in &entity.columns {
            if let Some(comment) = &column.comment {
                let number = i32::from(column.number);
                rows.push(row![entity.ids.relation, PG_CLASS, number, comment]);
            }
        }
        for index in &entity.indexes {
            if let Some(comment) = &index.comment {
                rows.push(row![index.oid, PG_CLASS, 0, comment]);
            }
        }
        for constraint in &entity.constraints {
            if let Some(comment) = &constraint.comment {
                rows.push(row![constraint.oid, PG_CONSTRAINT, 0, comment]);
            }
        }
    }
    rows
}

// ---- databases and roles

fn database(facts: &Facts) -> Row {
    row![
        DATABASE_OID,
        &facts.database,
        BOOTSTRAP_ROLE_OID,
        UTF8,
        'c',
        false,
        true,
        -1,
        FROZEN_XID,
        1,
        1663, // pg_default
        // Text is ordered bytewise, and has the letters of Unicode.
        "C",
        "C.UTF-8",
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ]
}

/// The roles of the generation, and the bootstrap role while it is not among them.
fn roles(facts: &Facts) -> impl Iterator<Item = Role> + '_ {
    let bootstrap = (!facts.generation.roles.contains_key(BOOTSTRAP_ROLE)).then(|| Role {
        name: BOOTSTRAP_ROLE.to_owned(),
        oid: BOOTSTRAP_ROLE_OID,
        superuser: true,
        login: true,
        inherit: true,
        create_role: true,
        connection_limit: -1,
        verifier: None,
        valid_until_us: None,
        member_of: std::collections::BTreeSet::new(),
        settings: Vec::new(),
    });
    bootstrap.into_iter().chain(facts.generation.roles.values().map(|role| (**role).clone()))
}

/// Never the password's verifier: whoever has it can pretend to be the server.
fn authid(role: &Role) -> Row {
    // PostgreSQL gives its first role every attribute by name, other superusers only what they are made with.
    let first = role.name == BOOTSTRAP_ROLE;
    row![
        role.oid,
        &role.name,
        role.superuser,
        role.inherit,
        role.create_role || first,
        first,
        role.login,
        first,
        first,
        role.connection_limit,
        Cell::Null,
        role.valid_until_us,
    ]
}

/// Rows of `pg_authid`: PostgreSQL's predefined roles, then ours.
pub(crate) fn all_roles(facts: &Facts) -> Vec<Row> {
    let mut rows = data::table("pg_authid").rows().to_vec();
    rows.extend(roles(facts).map(|role| authid(&role)));
    rows
}

fn configuration(facts: &Facts, name: &str) -> Cell {
    let settings = facts.generation.roles.get(name).map(|role| &role.settings);
    match settings {
        Some(settings) if !settings.is_empty() => {
            let pairs = settings.iter().map(|(name, value)| format!("{name}={value}"));
            Cell::from(pairs.collect::<Vec<String>>())
        }
        _ => Cell::Null,
    }
}

/// A row of `pg_roles` from one of `pg_authid`.
fn role_view(role: &Row, facts: &Facts) -> Row {
    let [
        oid,
        name,
        superuser,
        inherit,
        create_role,
        create_db,
        login,
        replication,
        bypass,
        limit,
        _,
        until,
    ] = role.as_slice()
    else {
        return Vec::new();
    };
    let flags = [superuser, inherit, create_role, create_db, login, replication, limit];
    let mut row = vec![name.clone()];
    row.extend(flags.into_iter().cloned());
    let settings = configuration(facts, name.text());
    row.extend([Cell::from("********"), until.clone(), bypass.clone(), settings, oid.clone()]);
    row
}

fn users(facts: &Facts, password: &'static str) -> Vec<Row> {
    let users = roles(facts).filter(|role| role.login);
    let row = |role: Role| {
        let secret = if password.is_empty() { Cell::Null } else { Cell::from(password) };
        let settings = configuration(facts, &role.name);
        let (first, until) = (role.name == BOOTSTRAP_ROLE, role.valid_until_us);
        row![role.name, role.oid, first, role.superuser, first, first, secret, until, settings]
    };
    users.map(row).collect()
}

fn groups(facts: &Facts) -> Vec<Row> {
    let groups = roles(facts).filter(|role| !role.login);
    let row = |role: Role| {
        let members = roles(facts).filter(|member| member.member_of.contains(&role.name));
        let members: Vec<u32> = members.map(|member| member.oid).collect();
        row![role.name, role.oid, members]
    };
    groups.map(row).collect()
}

fn memberships(facts: &Facts) -> Vec<Row> {
    let mut rows = Vec::new();
    for member in roles(facts) {
        for role in &member.member_of {
            if let Some(oid) = facts.role_oid(role) {
                rows.push(row![oid, member.oid, BOOTSTRAP_ROLE_OID, false]);
            }
        }
    }
    rows
}

fn role_settings(facts: &Facts) -> Vec<Row> {
    let configured = roles(facts).filter(|role| !role.settings.is_empty());
    configured.map(|role| row![0, role.oid, configuration(facts, &role.name)]).collect()
}

fn default_acls(facts: &Facts, index: &Index) -> Vec<Row> {
    let default = &facts.generation.default_privileges;
    let mut schemas: Vec<Option<&str>> =
        default.iter().map(|privilege| privilege.schema.as_deref()).collect();
    schemas.dedup();
    let row = |schema: Option<&str>| {
        let items = default.iter().filter(|privilege| privilege.schema.as_deref() == schema);
        let items = items.map(|privilege| {
            let public = privilege.grantee == "public";
            let grantee = if public { "" } else { &privilege.grantee };
            let star = if privilege.grantable { "*" } else { "" };
            format!("{}=r{star}/forebay", acl::acl_name(grantee))
        });
        // What is for one schema comes on top of what is for all, and that begins with the owner's.
        let owner = schema.is_none().then(|| "forebay=arwdDxt/forebay".to_owned());
        let items: Vec<String> = owner.into_iter().chain(items).collect();
        let oid = synthetic("default acl", &[schema.unwrap_or_default()]);
        let schema = schema.and_then(|name| index.schema_oid(name)).unwrap_or(0);
        row![oid, BOOTSTRAP_ROLE_OID, schema, 'r', items]
    };
    schemas.into_iter().map(row).collect()
}

// ---- the session and the server

/// Settings that SHOW has and lists leave out (`GUC_NO_SHOW_ALL` in guc.c).
const UNLISTED: [&str; 3] = ["is_superuser", "role", "session_authorization"];

/// Every setting PostgreSQL has, with the session's values; then settings only we have.
fn setting_rows(relation: &'static SystemRelation, facts: &Facts) -> Vec<Row> {
    let at = |column| relation.index(column);
    let (setting, source, file) = (at("setting"), at("source"), at("sourcefile"));
    let mut rows = relation.rows().to_vec();
    for row in &mut rows {
        let name = row[0].text().to_ascii_lowercase();
        // Where the values were read from was the file of the cluster the rows came from.
        if row[source].text() == "configuration file" || row[source].text() == "command line" {
            row[source] = Cell::from("default");
        }
        row[file] = Cell::Null;
        row[at("sourceline")] = Cell::Null;
        if let (Some(value), Some(known)) = (facts.settings.get(&name), settings::known(&name)) {
            let value = known.base(value);
            if row[at("context")].text() == "internal" {
                // What the server is: nobody set it.
                row[at("boot_val")] = Cell::from(value.clone());
                row[at("reset_val")] = Cell::from(value.clone());
            } else if value != row[setting].text() {
                row[source] = Cell::from("session");
            }
            row[setting] = Cell::from(value);
        }
    }
    let known =
        |name: &str| relation.rows().iter().any(|row| row[0].text().eq_ignore_ascii_case(name));
    let listed = |name: &str| !known(name) && !UNLISTED.contains(&name);
    for (name, value) in facts.settings.iter().filter(|(name, _)| listed(name)) {
        rows.push(named(
            relation,
            &[
                ("name", name.into()),
                ("setting", value.into()),
                ("category", "Customized Options".into()),
                ("short_desc", "".into()),
                ("context", "user".into()),
                ("vartype", "string".into()),
                ("source", "session".into()),
                ("reset_val", value.into()),
                ("pending_restart", false.into()),
            ],
        ));
    }
    rows
}

fn activity(facts: &Facts) -> Vec<Row> {
    // Without the right to read all statistics a session sees only its own roles' statements.
    let all = facts.member(&facts.user, "pg_read_all_stats", true);
    let sessions = facts.activity.iter().map(|session| {
        let shown = all || facts.member(&facts.user, &session.user, true);
        let hide = |cell: Cell| if shown { cell } else { Cell::Null };
        let query =
            if shown { session.query.to_string() } else { "<insufficient privilege>".to_owned() };
        row![
            DATABASE_OID,
            &session.database,
            session.pid,
            Cell::Null,
            facts.role_oid(&session.user),
            &session.user,
            &session.application_name,
            hide(Cell::from(session.client.map(|client| client.ip().to_string()))),
            Cell::Null,
            hide(Cell::from(session.client.map_or(-1, |client| i32::from(client.port())))),
            hide(Cell::from(session.backend_start_us)),
            hide(Cell::from(session.xact_start_us)),
            hide(Cell::from(session.query_start_us)),
            hide(Cell::from(session.state_change_us)),
            hide(if session.state == "active" { Cell::Null } else { Cell::from("Client") }),
            hide(if session.state == "active" { Cell::Null } else { Cell::from("ClientRead") }),
            hide(Cell::from(&session.state)),
            Cell::Null,
            Cell::Null,
            Cell::Null,
            query,
            hide(Cell::from("client backend")),
        ]
    });
    sessions.collect()
}

/// Counts of what never happens here.
fn nothing_counted(relation: &SystemRelation) -> Row {
    let counts = relation.columns.iter().map(|column| match column.kind {
        "int8" => Cell::Int(0),
        "float8" => Cell::Float(0.0),
        _ => Cell::Null,
    });
    counts.collect()
}

fn stat_database(relation: &SystemRelation, facts: &Facts) -> Row {
    let sessions = i32::try_from(facts.activity.len()).unwrap_or(i32::MAX);
    let mut row = nothing_counted(relation);
    row[0] = Cell::from(DATABASE_OID);
    row[1] = Cell::from(&facts.database);
    row[2] = Cell::from(sessions);
    row
}

fn prepared(facts: &Facts) -> Vec<Row> {
    let statements = facts.prepared.iter().map(|statement| {
        let types = statement.parameter_types.clone();
        let (name, text, at) = (&statement.name, &statement.statement, statement.prepared_at_us);
        row![name, text, at, types, statement.from_sql, 0i64, 0i64]
    });
    statements.collect()
}

fn cursors(facts: &Facts) -> Vec<Row> {
    let cursors = facts.cursors.iter().map(|cursor| {
        let (name, text, at) = (&cursor.name, &cursor.statement, cursor.created_at_us);
        row![name, text, cursor.holdable, cursor.binary, cursor.scrollable, at]
    });
    cursors.collect()
}

fn table_statistics(relation: &SystemRelation, index: &Index) -> Vec<Row> {
    let tables = index.relations.iter().filter(|entity| matches!(entity.kind, 'r' | 'm'));
    let row = |entity: &Arc<Entity>| {
        let mut row = zeroes(relation, entity);
        let live = entity.rows.and_then(|rows| i64::try_from(rows).ok()).unwrap_or(0);
        row[relation.index("n_live_tup")] = Cell::from(live);
        row
    };
    tables.map(row).collect()
}

fn table_io(relation: &SystemRelation, index: &Index) -> Vec<Row> {
    let tables = index.relations.iter().filter(|entity| matches!(entity.kind, 'r' | 'm'));
    tables.map(|entity| zeroes(relation, entity)).collect()
}

/// A row per index, nothing counted.
fn index_statistics(relation: &SystemRelation, index: &Index) -> Vec<Row> {
    let rows = keys::indexes(index, |entity, own| {
        let mut row = zeroes(relation, entity);
        row[relation.index("indexrelid")] = Cell::from(own.oid);
        row[relation.index("schemaname")] = Cell::from(&entity.schema);
        row[relation.index("relname")] = Cell::from(&entity.name);
        row[relation.index("indexrelname")] = Cell::from(&own.name);
        row
    });
    rows.collect()
}

/// No session authenticates or is encrypted by GSSAPI.
fn gss(relation: &SystemRelation, facts: &Facts) -> Vec<Row> {
    let row = |session: &crate::pg::facts::ActivityRow| {
        let no = || Cell::from(false);
        let pid = Cell::from(session.pid);
        named(relation, &[("pid", pid), ("gss_authenticated", no()), ("encrypted", no())])
    };
    facts.activity.iter().map(row).collect()
}

/// A row of statistics about a table: its OID, schema and name, then nothing counted.
fn zeroes(relation: &SystemRelation, entity: &Entity) -> Row {
    let cells = relation.columns.iter().map(|column| match column.kind {
        "int8" => Cell::Int(0),
        _ => Cell::Null,
    });
    let mut row: Row = cells.collect();
    row[0] = Cell::from(entity.ids.relation);
    row[1] = Cell::from(&entity.schema);
    row[2] = Cell::from(&entity.name);
    row
}

fn time_zones(facts: &Facts) -> Vec<Row> {
    let now = chrono::DateTime::from_timestamp_micros(facts.transaction_at_us).unwrap_or_default();
    let row = |zone: &chrono_tz::Tz| {
        let local = now.with_timezone(zone);
        let offset = local.offset();
        let seconds = i64::from(offset.fix().local_minus_utc());
        let summer = chrono_tz::OffsetComponents::dst_offset(offset) != chrono::TimeDelta::zero();
        row![zone.name(), local.format("%Z").to_string(), seconds, summer]
    };
    chrono_tz::TZ_VARIANTS.iter().map(row).collect()
}
