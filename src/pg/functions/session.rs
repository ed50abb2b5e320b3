//! Functions that answer from the session and the catalog (PostgreSQL manual, sections 9.26 and 9.28).

use super::cells::{Call, Spec};
use super::{definitions, names, parsers, privileges, regoperators, routines, sequences};
use crate::catalog::roles::Privilege;
use crate::error::{Error, Result};
use crate::pg::catalog::dynamic::GLOBAL_TABLESPACE_OID;
use crate::pg::catalog::dynamic::qualified_name;
use crate::pg::catalog::index::{Entity, type_row};
use crate::pg::catalog::rows::Cell;
use crate::pg::catalog::settings;
use crate::pg::catalog::system_indexes;
use crate::pg::catalog::{acl as catalog_acl, data, updatable};
use crate::pg::facts::{DATABASE_OID, Signal, Wish, signalable};
use crate::pg::types;

macro_rules! specs {
    ($($name:literal [$($takes:literal),*] -> $returns:literal $strict:ident $body:expr;)*) => {
        &[$(Spec { name: $name, takes: &[$($takes),*], returns: $returns, strict: specs!(@$strict), body: $body },)*]
    };
    (@strict) => { true };
    (@called) => { false };
}
pub(super) use specs;

fn text(value: impl Into<Cell>) -> Result<Cell> {
    Ok(value.into())
}

const NULL: fn(&Call<'_>) -> Result<Cell> = |_| Ok(Cell::Null);
const NOTHING_COUNTED: fn(&Call<'_>) -> Result<Cell> = |_| Ok(Cell::Int(0));
const NEVER: fn(&Call<'_>) -> Result<Cell> = |_| Ok(Cell::Bool(false));
/// Objects PostgreSQL itself brings are all in `pg_catalog`, which is always searched.
const VISIBLE: fn(&Call<'_>) -> Result<Cell> = |_| Ok(Cell::Bool(true));

/// Every function of this kind.
pub(super) const SPECS: &[Spec] = specs! {
    // who and where
    "current_user" [""] -> "name" strict |call| text(&call.facts.user);
    "user" [""] -> "name" strict |call| text(&call.facts.user);
    "current_role" [""] -> "name" strict |call| text(&call.facts.user);
    "acldefault" ["tn"] -> "_aclitem" strict super::acl::default;
    "makeaclitem" ["nntb"] -> "aclitem" strict super::acl::make;
    "oidvectortypes" ["l"] -> "text" strict names::vector_types;
    "forebay_listening" [""] -> "_text" strict |call| Ok(Cell::from(call.facts.listening.clone()));
    "pg_notification_queue_usage" [""] -> "float8" strict |_| Ok(Cell::Float(0.0));
    "session_user" [""] -> "name" strict |call| text(&call.facts.session_user);
    "current_database" [""] -> "name" strict |call| text(&call.facts.database);
    "current_catalog" [""] -> "name" strict |call| text(&call.facts.database);
    "current_schema" [""] -> "name" strict |call| text(call.facts.search_path.first().cloned());
    "current_schemas" ["b"] -> "_name" strict current_schemas;
    "version" [""] -> "text" strict version;
    "pg_backend_pid" [""] -> "int4" strict |call| text(call.facts.pid);
    "current_setting" ["t", "tb"] -> "text" strict current_setting;
    "set_config" ["ttb"] -> "text" called set_config;
    "pg_cancel_backend" ["n"] -> "bool" strict |call| signal(call, false);
    "pg_terminate_backend" ["n", "nn"] -> "bool" strict |call| signal(call, true);
    "pg_is_in_recovery" [""] -> "bool" strict NEVER;
    "pg_is_wal_replay_paused" [""] -> "bool" strict NEVER;
    "pg_postmaster_start_time" [""] -> "timestamptz" strict |call| text(call.facts.started_at_us);
    "pg_conf_load_time" [""] -> "timestamptz" strict |call| text(call.facts.started_at_us);
    "inet_client_addr" [""] -> "inet" strict |call| text(call.facts.client.map(|at| at.ip().to_string()));
    "inet_client_port" [""] -> "int4" strict |call| text(call.facts.client.map(|at| at.port()));
    "inet_server_addr" [""] -> "inet" strict |call| text(call.facts.server.map(|at| at.ip().to_string()));
    "inet_server_port" [""] -> "int4" strict |call| text(call.facts.server.map(|at| at.port()));
    "pg_my_temp_schema" [""] -> "oid" strict |call| Ok(Cell::from(my_temporary_schema(call)));
    "pg_is_other_temp_schema" ["n"] -> "bool" strict NEVER;
    "pg_jit_available" [""] -> "bool" strict NEVER;
    "pg_blocking_pids" ["n"] -> "_int4" strict |_| Ok(Cell::List(Vec::new()));
    "pg_safe_snapshot_blocking_pids" ["n"] -> "_int4" strict |_| Ok(Cell::List(Vec::new()));
    "getdatabaseencoding" [""] -> "name" strict |_| text("UTF8");
    "pg_client_encoding" [""] -> "name" strict |call| text(call.facts.setting("client_encoding").unwrap_or("UTF8").to_owned());
    "pg_tablespace_location" ["n"] -> "text" strict |_| text("");
    "pg_tablespace_databases" ["n"] -> "oid" strict |_| text(DATABASE_OID);

    // visible along the search path
    "pg_table_is_visible" ["n"] -> "bool" strict table_visible;
    "pg_type_is_visible" ["n"] -> "bool" strict type_visible;
    "pg_function_is_visible" ["n"] -> "bool" strict function_visible;
    "pg_operator_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_opclass_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_opfamily_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_collation_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_conversion_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_statistics_obj_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_ts_config_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_ts_dict_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_ts_parser_is_visible" ["n"] -> "bool" strict VISIBLE;
    "pg_ts_template_is_visible" ["n"] -> "bool" strict VISIBLE;

    // definitions
    "pg_get_userbyid" ["n"] -> "name" strict user_by_id;
    "format_type" ["nn"] -> "text" called format_type;
    "pg_get_expr" ["tn", "tnb"] -> "text" strict |call| text(call.text(0).to_owned());
    "pg_get_constraintdef" ["n", "nb"] -> "text" strict definitions::constraint;
    "pg_get_indexdef" ["n", "nnb"] -> "text" strict definitions::index;
    "pg_get_viewdef" ["a", "ab", "an"] -> "text" strict definitions::view;
    "pg_get_functiondef" ["n"] -> "text" strict routines::definition;
    "pg_get_function_arguments" ["n"] -> "text" strict |call| routines::arguments(call, true);
    "pg_get_function_identity_arguments" ["n"] -> "text" strict |call| routines::arguments(call, false);
    "pg_get_function_result" ["n"] -> "text" strict routines::result;
    "pg_get_function_sqlbody" ["n"] -> "text" strict routines::body;
    "pg_get_function_arg_default" ["nn"] -> "text" strict NULL;
    "pg_get_partkeydef" ["n"] -> "text" strict NULL;
    "pg_get_partition_constraintdef" ["n"] -> "text" strict NULL;
    "pg_get_ruledef" ["n", "nb"] -> "text" strict definitions::rule;
    "pg_get_triggerdef" ["n", "nb"] -> "text" strict NULL;
    "pg_get_statisticsobjdef" ["n"] -> "text" strict NULL;
    "pg_get_statisticsobjdef_columns" ["n"] -> "text" strict NULL;
    "pg_get_serial_sequence" ["tt"] -> "text" strict serial_sequence;
    "pg_get_replica_identity_index" ["n"] -> "regclass" strict NULL;
    "pg_relation_is_publishable" ["a"] -> "bool" strict publishable;
    "pg_relation_is_updatable" ["ab"] -> "int4" strict updatable_events;
    "pg_column_is_updatable" ["anb"] -> "bool" strict updatable_column;
    "pg_describe_object" ["nnn"] -> "text" strict definitions::object;
    "row_security_active" ["a"] -> "bool" strict NEVER;
    "pg_indexam_has_property" ["nt"] -> "bool" strict NULL;
    "pg_index_has_property" ["at"] -> "bool" strict NULL;
    "pg_index_column_has_property" ["ant"] -> "bool" strict index_column_property;
    "pg_relation_filenode" ["a"] -> "oid" strict |call| text(class(call, 0)?);
    "pg_relation_filepath" ["a"] -> "text" strict NULL;
    "pg_partition_root" ["a"] -> "regclass" strict NULL;

    // sequences
    "nextval" ["a"] -> "int8" strict sequences::next;
    "currval" ["a"] -> "int8" strict sequences::current;
    "setval" ["an", "anb"] -> "int8" strict sequences::set;
    "lastval" [""] -> "int8" strict sequences::latest;
    "pg_sequence_last_value" ["a"] -> "int8" strict sequences::last_value;

    // large objects: there are none
    "lo_get" ["n", "nnn"] -> "bytea" strict large_object;
    "lo_open" ["nn"] -> "int4" strict large_object;
    "lo_unlink" ["n"] -> "int4" strict large_object;
    "lo_export" ["nt"] -> "int4" strict large_object;
    "lo_put" ["nna"] -> "void" strict large_object;
    "lo_close" ["n"] -> "int4" strict descriptor;
    "loread" ["nn"] -> "bytea" strict descriptor;
    "lowrite" ["na"] -> "int4" strict descriptor;
    "lo_lseek" ["nnn"] -> "int4" strict descriptor;
    "lo_lseek64" ["nnn"] -> "int8" strict descriptor;
    "lo_tell" ["n"] -> "int4" strict descriptor;
    "lo_tell64" ["n"] -> "int8" strict descriptor;
    "lo_truncate" ["nn"] -> "int4" strict descriptor;
    "lo_truncate64" ["nn"] -> "int4" strict descriptor;
    "lo_creat" ["n"] -> "oid" strict new_large_object;
    "lo_create" ["n"] -> "oid" strict new_large_object;
    "lo_from_bytea" ["na"] -> "oid" strict new_large_object;
    "lo_import" ["t", "tn"] -> "oid" strict new_large_object;

    // comments
    "obj_description" ["n", "nt"] -> "text" strict obj_description;
    "col_description" ["nn"] -> "text" strict col_description;
    "shobj_description" ["nt"] -> "text" strict NULL;

    // privileges
    "has_schema_privilege" ["at", "aat"] -> "bool" strict privileges::schema;
    "has_table_privilege" ["at", "aat"] -> "bool" strict privileges::table;
    "has_any_column_privilege" ["at", "aat"] -> "bool" strict privileges::table;
    "has_column_privilege" ["aat", "aaat"] -> "bool" strict privileges::column;
    "has_sequence_privilege" ["at", "aat"] -> "bool" strict privileges::sequence;
    "has_database_privilege" ["at", "aat"] -> "bool" strict privileges::database;
    "has_function_privilege" ["at", "aat"] -> "bool" strict privileges::function;
    "has_type_privilege" ["at", "aat"] -> "bool" strict privileges::kind;
    "has_language_privilege" ["at", "aat"] -> "bool" strict privileges::language;
    "has_tablespace_privilege" ["at", "aat"] -> "bool" strict privileges::tablespace;
    "has_foreign_data_wrapper_privilege" ["at", "aat"] -> "bool" strict privileges::wrapper;
    "has_server_privilege" ["at", "aat"] -> "bool" strict privileges::server;
    "has_parameter_privilege" ["tt", "att"] -> "bool" strict privileges::of_owner;
    "pg_has_role" ["at", "aat"] -> "bool" strict privileges::role;

    // sizes
    "pg_relation_size" ["a", "at"] -> "int8" strict relation_size;
    "pg_table_size" ["a"] -> "int8" strict relation_size;
    "pg_total_relation_size" ["a"] -> "int8" strict relation_size;
    "forebay_partitions" ["a"] -> "_regclass" strict partitions;
    "forebay_partition_parents" ["a"] -> "_regclass" strict partitions;
    "forebay_partition_leaves" ["a"] -> "_bool" strict partitions;
    "forebay_partition_levels" ["a"] -> "_int4" strict partitions;
    "forebay_token_numbers" ["a"] -> "_int4" strict parsers::token_numbers;
    "forebay_token_names" ["a"] -> "_text" strict parsers::token_names;
    "forebay_token_descriptions" ["a"] -> "_text" strict parsers::token_descriptions;
    "pg_indexes_size" ["a"] -> "int8" strict NOTHING_COUNTED;
    "pg_database_size" ["a"] -> "int8" strict database_size;
    "pg_tablespace_size" ["a"] -> "int8" strict tablespace_size;

    // statistics
    "pg_stat_get_live_tuples" ["n"] -> "int8" strict live_tuples;
    "pg_stat_get_dead_tuples" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_numscans" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_tuples_returned" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_tuples_fetched" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_tuples_inserted" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_tuples_updated" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_tuples_deleted" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_tuples_hot_updated" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_mod_since_analyze" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_blocks_fetched" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_blocks_hit" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_last_vacuum_time" ["n"] -> "timestamptz" strict NULL;
    "pg_stat_get_last_autovacuum_time" ["n"] -> "timestamptz" strict NULL;
    "pg_stat_get_last_analyze_time" ["n"] -> "timestamptz" strict NULL;
    "pg_stat_get_last_autoanalyze_time" ["n"] -> "timestamptz" strict NULL;
    "pg_stat_get_db_numbackends" ["n"] -> "int4" strict |call| text(i32::try_from(call.facts.activity.len()).unwrap_or(i32::MAX));
    "pg_stat_get_db_xact_commit" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_get_db_xact_rollback" ["n"] -> "int8" strict NOTHING_COUNTED;
    "pg_stat_reset" [""] -> "void" strict |_| text("");
    "pg_stat_reset_shared" ["t"] -> "void" strict reset_shared;
    "pg_stat_reset_single_table_counters" ["n"] -> "void" strict |_| text("");
    "pg_stat_clear_snapshot" [""] -> "void" strict |_| text("");

    // names and OIDs; `to_*` answer NULL where a cast fails
    "to_regclass" ["t"] -> "regclass" strict |call| soft(names::class_in(call.text(0), call.facts));
    "to_regtype" ["t"] -> "regtype" strict |call| soft(names::type_in(call.text(0), call.facts));
    "to_regproc" ["t"] -> "regproc" strict |call| soft(names::function_in(call.text(0), call.facts));
    "to_regprocedure" ["t"] -> "regprocedure" strict |call| soft(names::procedure_in(call.text(0), call.facts));
    "to_regoper" ["t"] -> "regoper" strict |call| soft(regoperators::name_in(call.text(0), call.facts));
    "to_regoperator" ["t"] -> "regoperator" strict |call| soft(regoperators::signature_in(call.text(0), call.facts));
    "to_regnamespace" ["t"] -> "regnamespace" strict |call| soft(names::schema_in(call.text(0), call.facts));
    "to_regrole" ["t"] -> "regrole" strict |call| soft(names::role_in(call.text(0), call.facts));
    "to_regcollation" ["t"] -> "regcollation" strict |call| soft(names::collation_in(call.text(0), call.facts));
    "forebay_regclass" ["a"] -> "regclass" strict |call| hard(call, names::class_in);
    "forebay_regtype" ["a"] -> "regtype" strict |call| hard(call, names::type_in);
    "forebay_regproc" ["a"] -> "regproc" strict |call| hard(call, names::function_in);
    "forebay_regprocedure" ["a"] -> "regprocedure" strict |call| hard(call, names::procedure_in);
    "forebay_regoper" ["a"] -> "regoper" strict |call| hard(call, regoperators::name_in);
    "forebay_regoperator" ["a"] -> "regoperator" strict |call| hard(call, regoperators::signature_in);
    "forebay_regnamespace" ["a"] -> "regnamespace" strict |call| hard(call, names::schema_in);
    "forebay_regrole" ["a"] -> "regrole" strict |call| hard(call, names::role_in);
    "forebay_regcollation" ["a"] -> "regcollation" strict |call| hard(call, names::collation_in);
    "forebay_regconfig" ["a"] -> "regconfig" strict |call| hard(call, names::configuration_in);
    "forebay_regdictionary" ["a"] -> "regdictionary" strict |call| hard(call, names::dictionary_in);
    "forebay_regconfig_text" ["a"] -> "text" strict |call| out(call, names::configuration_in, names::configuration_out);
    "forebay_regdictionary_text" ["a"] -> "text" strict |call| out(call, names::dictionary_in, names::dictionary_out);
    "forebay_regclass_text" ["a"] -> "text" strict |call| out(call, names::class_in, names::class_out);
    "forebay_regtype_text" ["a"] -> "text" strict |call| out(call, names::type_in, names::regtype_out);
    "forebay_regproc_text" ["a"] -> "text" strict |call| out(call, names::function_in, names::function_out);
    "forebay_regprocedure_text" ["a"] -> "text" strict |call| out(call, names::procedure_in, names::procedure_out);
    "forebay_regoper_text" ["a"] -> "text" strict |call| out(call, regoperators::name_in, regoperators::name_out);
    "forebay_regoperator_text" ["a"] -> "text" strict |call| out(call, regoperators::signature_in, regoperators::signature_out);
    "forebay_regnamespace_text" ["a"] -> "text" strict |call| out(call, names::schema_in, names::schema_out);
    "forebay_regrole_text" ["a"] -> "text" strict |call| out(call, names::role_in, names::role_out);
    "forebay_regcollation_text" ["a"] -> "text" strict |call| out(call, names::collation_in, names::collation_out);
};

fn soft(found: Result<u32>) -> Result<Cell> {
    match found.as_ref().map_err(Error::bare) {
        Ok(oid) => Ok(Cell::from(*oid)),
        Err(Error::Syntax(_)) => Ok(found?.into()),
        Err(_) => Ok(Cell::Null),
    }
}

type Input = fn(&str, &crate::pg::facts::Facts) -> Result<u32>;
type Output = fn(u32, &crate::pg::facts::Facts) -> String;

/// A name or OID to an OID.
fn hard(call: &Call<'_>, input: Input) -> Result<Cell> {
    match &call.args[0] {
        Cell::Text(name) => Ok(Cell::from(input(name, call.facts)?)),
        number => Ok(number.clone()),
    }
}

/// A name or OID to the name.
fn out(call: &Call<'_>, input: Input, output: Output) -> Result<Cell> {
    let oid = hard(call, input)?.oid();
    Ok(Cell::from(output(oid, call.facts)))
}

/// Argument `index` as a relation's OID: a number, or a name that must exist.
pub(super) fn class(call: &Call<'_>, index: usize) -> Result<u32> {
    match call.args.get(index) {
        Some(Cell::Text(name)) => names::class_in(name, call.facts),
        _ => Ok(call.oid(index)),
    }
}

fn current_schemas(call: &Call<'_>) -> Result<Cell> {
    let path: Vec<String> = match call.truth(0) {
        true => call.facts.searched().map(str::to_owned).collect(),
        false => call.facts.search_path.clone(),
    };
    Ok(Cell::from(path))
}

/// 0 until the session makes its first temporary table.
fn my_temporary_schema(call: &Call<'_>) -> u32 {
    let schema = call.facts.temporary.as_ref().map(|temporary| temporary.schema.as_str());
    schema.and_then(|schema| call.facts.index().schema_oid(schema)).unwrap_or(0)
}

fn version(call: &Call<'_>) -> Result<Cell> {
    // Drivers read the number after the first word; people see what it really is.
    let postgresql = call.facts.setting("server_version").unwrap_or("15.0").to_owned();
    let number = postgresql.split_whitespace().next().unwrap_or("15.0").to_owned();
    let own = env!("CARGO_PKG_VERSION");
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    Ok(Cell::from(format!("PostgreSQL {number} (Forebay {own}) on {arch}-{os}, 64-bit")))
}

fn current_setting(call: &Call<'_>) -> Result<Cell> {
    let name = call.text(0);
    if let Some(value) = call.facts.setting(name) {
        return Ok(Cell::from(value.to_owned()));
    }
    // Settings of PostgreSQL that nothing here depends on keep its defaults.
    match settings::known(name) {
        Some(known) => Ok(Cell::from(known.value.clone())),
        None if call.truth(1) => Ok(Cell::Null),
        None => Err(Error::UndefinedSetting(name.to_owned())),
    }
}

/// `set_config` within a query: the session heeds it before its next statement. Settings that are checked by the session
/// alone are refused here.
fn set_config(call: &Call<'_>) -> Result<Cell> {
    let name = call.text(0);
    if call.args[0] == Cell::Null {
        return Err(Error::NullNotAllowed("SET requires parameter name".to_owned()));
    }
    let value = match &call.args[1] {
        Cell::Null => None,
        value => Some(value.text().to_owned()),
    };
    if name.eq_ignore_ascii_case("role") {
        return set_role(call, value);
    }
    let custom = name.contains('.') && !name.starts_with("forebay.");
    let of_session = OF_SESSION.iter().any(|own| own.eq_ignore_ascii_case(name));
    let known = settings::known(name).filter(|_| !of_session);
    let shown = match (known, &value) {
        (Some(known), value) => {
            if let Some(refusal) = known.refusal(call.facts.setting("is_superuser") == Some("on")) {
                return Err(refusal);
            }
            value.as_ref().map_or_else(|| Ok(known.value.clone()), |value| known.check(value))?
        }
        (None, value) if custom => value.clone().unwrap_or_default(),
        _ if of_session || name.starts_with("forebay.") => {
            let message = format!("set_config of \"{name}\" is not supported inside a query");
            return Err(Error::FeatureNotSupported(message).hint("Use SET."));
        }
        _ => return Err(Error::UndefinedSetting(name.to_owned())),
    };
    let (name, local) = (name.to_owned(), call.truth(2));
    call.facts.wishes.add(Wish { name, value, local }, Wish::same)?;
    Ok(Cell::from(shown))
}

/// `pg_cancel_backend` and `pg_terminate_backend` of each row of a query: the session does it when the statement ends.
/// Whether there is such a session is as of its start; one that comes later is not meant.
/// Errors: 42501 for a session of another role.
fn signal(call: &Call<'_>, terminate: bool) -> Result<Cell> {
    let (facts, pid) = (call.facts, i32::try_from(call.int(0)).unwrap_or(0));
    let found = facts.activity.iter().find(|row| row.pid == pid);
    if let Some(row) = found {
        signalable(&row.user, &facts.user, facts.setting("is_superuser") == Some("on"), terminate)?;
    }
    let known = found.is_some();
    facts.signals.add(Signal { pid, terminate, known }, Signal::eq)?;
    Ok(Cell::Bool(known))
}

/// Errors: 22023 for a role nobody knows, 42501 for one the session may not become.
fn set_role(call: &Call<'_>, value: Option<String>) -> Result<Cell> {
    let to = value.unwrap_or_else(|| "none".to_owned());
    let (facts, login) = (call.facts, &call.facts.session_user);
    if to != "none" && to != *login {
        if !facts.generation.roles.contains_key(&to) {
            return Err(Error::InvalidParameterValue(format!("role \"{to}\" does not exist")));
        }
        if !facts.member(login, &to, false) {
            let message = format!("permission denied to set role \"{to}\"");
            return Err(Error::InsufficientPrivilege(message));
        }
    }
    let (name, value) = ("role".to_owned(), Some(to.clone()));
    call.facts.wishes.add(Wish { name, value, local: call.truth(2) }, Wish::same)?;
    Ok(Cell::from(to))
}

/// Settings whose values only the session can check.
const OF_SESSION: &[&str] = &[
    "client_encoding",
    "DateStyle",
    "password_encryption",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
];

// ---- visible along the search path

fn table_visible(call: &Call<'_>) -> Result<Cell> {
    let index = call.facts.index();
    let of_index = || index.by_index(call.oid(0)).map(|(entity, _)| entity);
    Ok(match index.relation(call.oid(0)).or_else(of_index) {
        Some(entity) => Cell::Bool(names::relation_visible(entity, call.facts)),
        None => Cell::from(system_indexes::by_oid(call.oid(0)).map(|_| true)),
    })
}

fn type_visible(call: &Call<'_>) -> Result<Cell> {
    if let Some(row) = type_row(call.oid(0)) {
        return Ok(Cell::Bool(names::schema_searched(row[2].oid(), call.facts)));
    }
    Ok(match call.facts.index().row_type(call.oid(0)) {
        Some((entity, _)) => Cell::Bool(names::relation_visible(entity, call.facts)),
        None => Cell::Null,
    })
}

fn function_visible(call: &Call<'_>) -> Result<Cell> {
    let row = names::function_row(call.oid(0));
    Ok(Cell::from(row.map(|row| names::schema_searched(row[2].oid(), call.facts))))
}

// ---- definitions

fn user_by_id(call: &Call<'_>) -> Result<Cell> {
    let oid = call.oid(0);
    let name = names::role_name(oid, call.facts);
    Ok(Cell::from(name.unwrap_or_else(|| format!("unknown (OID={oid})"))))
}

fn format_type(call: &Call<'_>) -> Result<Cell> {
    if call.args[0] == Cell::Null {
        return Ok(Cell::Null);
    }
    let modifier = match &call.args[1] {
        Cell::Int(modifier) => i32::try_from(*modifier).unwrap_or(-1),
        _ => -1,
    };
    // A NULL modifier asks for the plain name: `character`, not `bpchar`.
    match (&call.args[1], call.oid(0)) {
        (Cell::Null, types::BPCHAR) => return text("character"),
        (Cell::Null, types::BPCHAR_ARRAY) => return text("character[]"),
        _ => {}
    }
    Ok(Cell::from(names::type_out(call.oid(0), modifier, call.facts)))
}

/// Whether it is a table of the user's, which is all a publication asks for.
fn publishable(call: &Call<'_>) -> Result<Cell> {
    let oid = class(call, 0)?;
    let entity = call.facts.index().relation(oid);
    Ok(Cell::from(entity.map(|entity| entity.kind == 'r' && entity.database.is_some())))
}

/// Nothing is said against what is no relation.
fn updatable_events(call: &Call<'_>) -> Result<Cell> {
    let entity = call.facts.index().relation(class(call, 0)?);
    Ok(Cell::Int(entity.map_or(0, |entity| updatable::events(entity).into())))
}

fn updatable_column(call: &Call<'_>) -> Result<Cell> {
    let entity = call.facts.index().relation(class(call, 0)?);
    let number = call.int(1);
    Ok(Cell::Bool(entity.is_some_and(|entity| updatable::column(entity, number))))
}

fn serial_sequence(call: &Call<'_>) -> Result<Cell> {
    let entity = names::relation(call.text(0), call.facts)?;
    known_column(&entity, call.text(1))?;
    let column = entity.columns.iter().find(|column| column.name == call.text(1));
    let owner = column.map(|column| (entity.ids.relation, column.number));
    let index = call.facts.index();
    let found = index.relations.iter().find(|other| {
        other.sequence.as_ref().is_some_and(|it| it.owned_by.is_some() && it.owned_by == owner)
    });
    Ok(Cell::from(found.map(|found| qualified_name(found))))
}

/// Errors: no such column.
pub(super) fn known_column(entity: &Entity, name: &str) -> Result<()> {
    if entity.columns.iter().any(|column| column.name == name) {
        return Ok(());
    }
    let relation = &entity.name;
    Err(Error::UndefinedColumn(format!(
        "column \"{name}\" of relation \"{relation}\" does not exist"
    )))
}

fn index_column_property(call: &Call<'_>) -> Result<Cell> {
    let known = call.facts.index().by_index(class(call, 0)?).is_some();
    // What a btree index of plain ascending columns has (PostgreSQL manual, table 9.74).
    Ok(match call.text(2).to_ascii_lowercase().as_str() {
        _ if !known => Cell::Null,
        "asc" | "nulls_last" | "orderable" | "returnable" | "search_array" | "search_nulls" => {
            Cell::Bool(true)
        }
        "desc" | "nulls_first" | "distance_orderable" => Cell::Bool(false),
        _ => Cell::Null,
    })
}

// ---- large objects

fn large_object(call: &Call<'_>) -> Result<Cell> {
    Err(Error::UndefinedObject(format!("large object {} does not exist", call.oid(0))))
}

/// What takes a number that `lo_open` gave: it gives none.
fn descriptor(call: &Call<'_>) -> Result<Cell> {
    Err(Error::UndefinedObject(format!("invalid large-object descriptor: {}", call.int(0))))
}

fn new_large_object(_: &Call<'_>) -> Result<Cell> {
    Err(Error::FeatureNotSupported("large objects are not supported".to_owned()))
}

/// Nothing is counted, so there is nothing to reset. Errors: 22023 for a word that names no statistics.
fn reset_shared(call: &Call<'_>) -> Result<Cell> {
    let target = call.text(0);
    if matches!(target, "archiver" | "bgwriter" | "recovery_prefetch" | "wal") {
        return text("");
    }
    let message = format!("unrecognized reset target: \"{target}\"");
    Err(Error::InvalidParameterValue(message)
        .hint("Target must be \"archiver\", \"bgwriter\", \"recovery_prefetch\", or \"wal\"."))
}

// ---- comments

fn obj_description(call: &Call<'_>) -> Result<Cell> {
    let object = call.oid(0);
    let comment = |entity: &std::sync::Arc<Entity>| Cell::from(entity.comment.clone());
    let of_relation = || match call.facts.index().relation(object) {
        Some(entity) => comment(entity),
        None => {
            let index = call.facts.index().by_index(object);
            Cell::from(index.and_then(|(_, own)| own.comment.clone()))
        }
    };
    let of_constraint = || {
        let found = call.facts.index().by_constraint(object);
        found.and_then(|(_, own)| own.comment.clone())
    };
    let of_schema = || {
        let mut schemas = call.facts.generation.schemas.values();
        schemas.find(|schema| schema.oid == object)?.comment.clone()
    };
    if call.args.len() == 1 {
        let rows = data::table("pg_description").rows();
        let found = rows.iter().find(|row| row[0].oid() == object && row[2].int() == 0);
        if let Some(comment) = of_schema() {
            return text(comment);
        }
        return Ok(found.map_or_else(of_relation, |row| row[3].clone()));
    }
    match call.text(1) {
        "pg_class" => Ok(of_relation()),
        "pg_namespace" if of_schema().is_some() => text(of_schema()),
        "pg_constraint" if of_constraint().is_some() => text(of_constraint()),
        catalog => {
            let class = data::relation("pg_catalog", catalog);
            Ok(class.map_or(Cell::Null, |class| data::comment(class.oid, object, 0)))
        }
    }
}

fn col_description(call: &Call<'_>) -> Result<Cell> {
    let Some(entity) = call.facts.index().relation(call.oid(0)) else {
        return Ok(Cell::Null);
    };
    let column = entity.column(call.int(1));
    Ok(Cell::from(column.and_then(|column| column.comment.clone())))
}

// ---- sizes

fn relation_size(call: &Call<'_>) -> Result<Cell> {
    if call.args.len() == 2 && call.text(1) != "main" {
        return Ok(Cell::Int(0));
    }
    let (oid, index) = (class(call, 0)?, call.facts.index());
    Ok(match index.relation(oid) {
        Some(entity) => Cell::Int(i64::try_from(entity.bytes).unwrap_or(i64::MAX)),
        // An index takes no room: it only says what a table's key is.
        None if index.by_index(oid).is_some() || system_indexes::by_oid(oid).is_some() => {
            Cell::Int(0)
        }
        None => Cell::Null,
    })
}

/// What everybody's files take is in the default tablespace; the tables that databases would share take nothing.
///
/// Errors: no tablespace of that name.
fn tablespace_size(call: &Call<'_>) -> Result<Cell> {
    let found = data::table("pg_tablespace").rows().iter().find(|row| match &call.args[0] {
        Cell::Text(name) => row[1].text() == name.as_ref(),
        number => row[0].oid() == number.oid(),
    });
    match (found, &call.args[0]) {
        (Some(row), _) if row[0].oid() == GLOBAL_TABLESPACE_OID => Ok(Cell::Int(0)),
        (Some(_), _) => Ok(database_bytes(call)),
        (None, Cell::Text(name)) => {
            Err(Error::UndefinedObject(format!("tablespace \"{name}\" does not exist")))
        }
        (None, _) => Ok(Cell::Null),
    }
}

fn database_size(call: &Call<'_>) -> Result<Cell> {
    if let Cell::Text(name) = &call.args[0]
        && name.as_ref() != call.facts.database
    {
        return Err(Error::UndefinedDatabase(name.to_string()));
    }
    Ok(database_bytes(call))
}

fn database_bytes(call: &Call<'_>) -> Cell {
    let sum: u64 = call.facts.index().relations.iter().map(|entity| entity.bytes).sum();
    Cell::Int(i64::try_from(sum).unwrap_or(i64::MAX))
}

/// No table has partitions, so that PostgreSQL would list none either.
///
/// Errors: no relation of that name.
fn partitions(call: &Call<'_>) -> Result<Cell> {
    class(call, 0)?;
    Ok(Cell::List(Vec::new()))
}

fn live_tuples(call: &Call<'_>) -> Result<Cell> {
    let entity = call.facts.index().relation(call.oid(0));
    let rows = entity.and_then(|entity| entity.rows).unwrap_or(0);
    Ok(Cell::Int(i64::try_from(rows).unwrap_or(i64::MAX)))
}

/// Whether the current user may see what everybody may, used where nothing was granted on.
pub(super) fn may_read(call: &Call<'_>, user: &str, entity: &Entity) -> bool {
    match &entity.database {
        None => {
            let acl = catalog_acl::of_relation(call.facts, entity);
            catalog_acl::readable(&acl, call.facts, user)
        }
        Some(database) => {
            let target = crate::catalog::roles::Target::Table {
                schema: database.clone(),
                table: entity.name.clone(),
            };
            call.facts.granted(user, &target, Privilege::Select)
        }
    }
}
