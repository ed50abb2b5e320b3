//! `has_*_privilege` and `pg_has_role` (PostgreSQL manual, table 9.70), from what the generation granted.

use super::cells::Call;
use super::names;
use super::session::{class, known_column, may_read};
use crate::catalog::roles::{Privilege, Target};
use crate::catalog::written::PUBLIC_SCHEMA_OID;
use crate::error::{Error, Result};
use crate::pg::catalog::data;
use crate::pg::catalog::index::Entity;
use crate::pg::catalog::index::type_row;
use crate::pg::catalog::rows::Cell;
use crate::pg::facts::{DATABASE_OID, FOREBAY_SCHEMA};

/// The role a call is about, and where its other arguments begin: with a role first there is one argument more.
/// `None` when the role is given by an OID nobody has.
fn subject(call: &Call<'_>, without: usize) -> Result<(Option<String>, usize)> {
    if call.args.len() == without {
        return Ok((Some(call.facts.user.clone()), 0));
    }
    match &call.args[0] {
        Cell::Text(name) if name.as_ref() == "public" => Ok((Some("public".to_owned()), 1)),
        Cell::Text(name) => {
            names::role(name, call.facts)?;
            Ok((Some(name.to_string()), 1))
        }
        _ => Ok((names::role_name(call.oid(0), call.facts), 1)),
    }
}

/// The privileges a text asks for; any of them is enough. Each may end with ` WITH GRANT OPTION`.
/// Errors: a word that is none of `known`.
fn wanted(text: &str, known: &[&str]) -> Result<Vec<(String, bool)>> {
    let parse = |word: &str| {
        let upper = word.trim().to_ascii_uppercase();
        let (name, option) = match upper.strip_suffix(" WITH GRANT OPTION") {
            Some(name) => (name.to_owned(), true),
            None => (upper.clone(), false),
        };
        if known.contains(&name.as_str()) {
            Ok((name, option))
        } else {
            let word = word.trim();
            Err(Error::InvalidParameterValue(format!("unrecognized privilege type: \"{word}\"")))
        }
    };
    text.split(',').map(parse).collect()
}

fn granted(
    call: &Call<'_>,
    user: &str,
    target: &Target,
    privilege: Privilege,
    option: bool,
) -> bool {
    let facts = call.facts;
    facts.superuser(user)
        || facts.generation.grants.iter().any(|grant| {
            let mine = grant.grantee == "public" || facts.member(user, &grant.grantee, true);
            mine && grant.target == *target
                && grant.privilege == privilege
                && (grant.grantable || !option)
        })
}

/// `has_schema_privilege`
pub(super) fn schema(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    let privileges = wanted(call.text(at + 1), &["CREATE", "USAGE"])?;
    let name = match &call.args[at] {
        Cell::Text(name) => {
            let index = call.facts.index();
            if index.schema_oid(name).is_none() && call.facts.schema(name).is_none() {
                return Err(Error::UndefinedSchema(name.to_string()));
            }
            name.to_string()
        }
        _ => match call.facts.index().schema_name(call.oid(at)) {
            Some(name) => name.to_owned(),
            None => return Ok(Cell::Null),
        },
    };
    let Some(user) = user else {
        return Ok(Cell::Bool(false));
    };
    let system = matches!(name.as_str(), "pg_catalog" | "information_schema" | FOREBAY_SCHEMA);
    let database = name.split_once('@').map_or(name.as_str(), |(database, _)| database);
    let target = Target::Schema(database.to_owned());
    let written = call.facts.generation.schema(&name);
    let has = privileges.iter().any(|(privilege, option)| {
        if call.facts.superuser(&user) {
            return true;
        }
        if let Some(schema) = written {
            let everybody = schema.oid == PUBLIC_SCHEMA_OID && privilege == "USAGE" && !option;
            let target = Target::Schema(name.clone());
            let wanted = if privilege == "USAGE" { Privilege::Usage } else { Privilege::Create };
            return everybody
                || call.facts.member(&user, &schema.owner, true)
                || granted(call, &user, &target, wanted, *option);
        }
        privilege == "USAGE"
            && ((system && !option) || granted(call, &user, &target, Privilege::Usage, *option))
    });
    Ok(Cell::Bool(has))
}

const ON_TABLES: &[&str] =
    &["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "USAGE", "RULE"];

/// `has_sequence_privilege`
pub(super) fn sequence(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    let oid = class(call, at)?;
    let privileges = wanted(call.text(at + 1), &["USAGE", "SELECT", "UPDATE"])?;
    let Some(entity) = call.facts.index().relation(oid) else { return Ok(Cell::Null) };
    if entity.kind != 'S' {
        let name = match &call.args[at] {
            Cell::Text(name) => name.to_string(),
            _ => entity.name.clone(),
        };
        return Err(Error::WrongObjectType(format!("\"{name}\" is not a sequence")));
    }
    let has = user.is_some_and(|user| {
        call.facts.superuser(&user)
            || call.facts.member(&user, &entity.owner, true)
            || privileges.iter().any(|(privilege, option)| {
                let target =
                    Target::Table { schema: entity.schema.clone(), table: entity.name.clone() };
                let privilege = match privilege.as_str() {
                    "SELECT" => Privilege::Select,
                    "UPDATE" => Privilege::Update,
                    _ => Privilege::Usage,
                };
                granted(call, &user, &target, privilege, *option)
            })
    });
    Ok(Cell::Bool(has))
}

/// `has_table_privilege`, `has_any_column_privilege`
pub(super) fn table(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    on_relation(call, user, at, call.text(at + 1))
}

/// `has_column_privilege`: columns have no grants of their own.
pub(super) fn column(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 3)?;
    let oid = class(call, at)?;
    let Some(entity) = call.facts.index().relation(oid) else {
        return Ok(Cell::Null);
    };
    match &call.args[at + 1] {
        Cell::Text(name) => known_column(entity, name)?,
        number => {
            if entity.column(number.int()).is_none() {
                return Ok(Cell::Null);
            }
        }
    }
    on_relation(call, user, at, call.text(at + 2))
}

fn on_relation(call: &Call<'_>, user: Option<String>, at: usize, text: &str) -> Result<Cell> {
    let oid = class(call, at)?;
    let privileges = wanted(text, ON_TABLES)?;
    let Some(entity) = call.facts.index().relation(oid) else {
        return Ok(Cell::Null);
    };
    let Some(user) = user else {
        return Ok(Cell::Bool(false));
    };
    let has = privileges.iter().any(|(privilege, option)| {
        if call.facts.superuser(&user) {
            return true;
        }
        if entity.kind == 'r' && call.facts.generation.table(&entity.schema, &entity.name).is_some()
        {
            return call.facts.member(&user, &entity.owner, true)
                || on_written(call, &user, entity, privilege, *option);
        }
        match (&entity.database, privilege.as_str(), option) {
            (Some(database), "SELECT", true) => {
                let target = Target::Table { schema: database.clone(), table: entity.name.clone() };
                granted(call, &user, &target, Privilege::Select, true)
            }
            (_, "SELECT", false) => may_read(call, &user, entity),
            _ => false,
        }
    });
    Ok(Cell::Bool(has))
}

/// Whether a user was granted a privilege on a table that users write.
fn on_written(call: &Call<'_>, user: &str, entity: &Entity, privilege: &str, option: bool) -> bool {
    use Privilege::{Delete, Insert, References, Select, Trigger, Truncate, Update};
    let target = Target::Table { schema: entity.schema.clone(), table: entity.name.clone() };
    [Select, Insert, Update, Delete, Truncate, References, Trigger]
        .into_iter()
        .filter(|own| own.name() == privilege)
        .any(|own| granted(call, user, &target, own, option))
}

/// `has_database_privilege`: everybody may connect; nobody makes schemas but superusers.
pub(super) fn database(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    let privileges = wanted(call.text(at + 1), &["CREATE", "CONNECT", "TEMPORARY", "TEMP"])?;
    match &call.args[at] {
        Cell::Text(name) if name.as_ref() != call.facts.database => {
            return Err(Error::UndefinedDatabase(name.to_string()));
        }
        Cell::Int(oid) if *oid != i64::from(DATABASE_OID) => return Ok(Cell::Null),
        _ => {}
    }
    let superuser = user.is_some_and(|user| call.facts.superuser(&user));
    let connect = privileges.iter().any(|(privilege, option)| privilege == "CONNECT" && !option);
    Ok(Cell::Bool(superuser || connect))
}

/// `has_function_privilege`: every function is everybody's.
pub(super) fn function(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    let privileges = wanted(call.text(at + 1), &["EXECUTE"])?;
    let oid = match &call.args[at] {
        Cell::Text(name) => names::procedure_in(name, call.facts)?,
        _ => call.oid(at),
    };
    let Some(row) = names::function_row(oid) else { return Ok(Cell::Null) };
    let superuser = user.is_some_and(|user| call.facts.superuser(&user));
    // Those that tell of the machine PostgreSQL leaves to superusers.
    let everybody = row[data::table("pg_proc").index("proacl")] == Cell::Null;
    Ok(Cell::Bool(superuser || everybody && privileges.iter().any(|(_, option)| !option)))
}

/// Where the objects of a kind are listed, and what one is called.
type Listed = (&'static str, &'static str, &'static str);

/// `has_type_privilege`: every type is everybody's.
pub(super) fn kind(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    let privileges = wanted(call.text(at + 1), &["USAGE"])?;
    let oid = match &call.args[at] {
        Cell::Text(name) => names::type_in(name, call.facts)?,
        _ => call.oid(at),
    };
    if type_row(oid).is_none() && call.facts.index().row_type(oid).is_none() {
        return Ok(Cell::Null);
    }
    let superuser = user.is_some_and(|user| call.facts.superuser(&user));
    Ok(Cell::Bool(superuser || privileges.iter().any(|(_, option)| !option)))
}

/// `has_language_privilege`: those that are trusted are everybody's.
pub(super) fn language(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    let privileges = wanted(call.text(at + 1), &["USAGE"])?;
    if !listed(call, at, ("pg_language", "lanname", "language"))? {
        return Ok(Cell::Null);
    }
    let superuser = user.is_some_and(|user| call.facts.superuser(&user));
    Ok(Cell::Bool(superuser || privileges.iter().any(|(_, option)| !option)))
}

/// `has_tablespace_privilege`: only superusers make anything.
pub(super) fn tablespace(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    wanted(call.text(at + 1), &["CREATE"])?;
    if !listed(call, at, ("pg_tablespace", "spcname", "tablespace"))? {
        return Ok(Cell::Null);
    }
    Ok(Cell::Bool(user.is_some_and(|user| call.facts.superuser(&user))))
}

/// `has_foreign_data_wrapper_privilege`: there are none.
pub(super) fn wrapper(call: &Call<'_>) -> Result<Cell> {
    none(call, "foreign-data wrapper")
}

/// `has_server_privilege`: there are none.
pub(super) fn server(call: &Call<'_>) -> Result<Cell> {
    none(call, "server")
}

fn none(call: &Call<'_>, kind: &str) -> Result<Cell> {
    let (_, at) = subject(call, 2)?;
    wanted(call.text(at + 1), &["USAGE"])?;
    match &call.args[at] {
        Cell::Text(name) => {
            Err(Error::UndefinedObject(format!("{kind} \"{name}\" does not exist")))
        }
        _ => Ok(Cell::Null),
    }
}

/// Whether there is such an object.
/// Errors: 42704 for a name that nobody has.
fn listed(call: &Call<'_>, at: usize, (relation, column, kind): Listed) -> Result<bool> {
    let rows = data::table(relation);
    let index = rows.index(column);
    match &call.args[at] {
        Cell::Text(name) => {
            match rows.rows().iter().any(|row| row[index].text() == name.as_ref()) {
                true => Ok(true),
                false => Err(Error::UndefinedObject(format!("{kind} \"{name}\" does not exist"))),
            }
        }
        _ => Ok(rows.rows().iter().any(|row| row[0].oid() == call.oid(at))),
    }
}

/// `has_parameter_privilege`: superusers alone set what is not everybody's.
pub(super) fn of_owner(call: &Call<'_>) -> Result<Cell> {
    let (user, _) = subject(call, 2)?;
    Ok(Cell::Bool(user.is_some_and(|user| call.facts.superuser(&user))))
}

/// `pg_has_role`: MEMBER counts every membership, USAGE only those that need no `SET ROLE`.
pub(super) fn role(call: &Call<'_>) -> Result<Cell> {
    let (user, at) = subject(call, 2)?;
    let role = match &call.args[at] {
        Cell::Text(name) => {
            names::role(name, call.facts)?;
            Some(name.to_string())
        }
        _ => names::role_name(call.oid(at), call.facts),
    };
    let (Some(user), Some(role)) = (user, role) else {
        return Ok(Cell::Null);
    };
    let mut has = false;
    for word in call.text(at + 1).split(',') {
        let upper = word.trim().to_ascii_uppercase();
        let (name, _) = upper.split_once(" WITH ").unwrap_or((&upper, ""));
        has |= match name {
            "MEMBER" => call.facts.member(&user, &role, false),
            "USAGE" => call.facts.member(&user, &role, true),
            _ => {
                let word = word.trim();
                let message = format!("unrecognized privilege type: \"{word}\"");
                return Err(Error::InvalidParameterValue(message));
            }
        };
    }
    Ok(Cell::Bool(has))
}
