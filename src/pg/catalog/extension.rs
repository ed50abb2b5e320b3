//! Forebay's own schema and views as an extension: so clients know what a server brings and nobody made, and dumps leave
//! it out. Its OID is below those of users' objects, as that of PostgreSQL's own `plpgsql`.

use super::acl;
use super::data::{self, SystemRelation};
use super::dynamic::named;
use super::index::{Entity, Index};
use super::rows::{Cell, Row, row};
use crate::catalog::written::PUBLIC_SCHEMA_OID;
use crate::pg::facts::{BOOTSTRAP_ROLE_OID, FOREBAY_SCHEMA, FOREBAY_SCHEMA_OID};

/// `pg_extension.oid`; PostgreSQL hands out none between 9000 and 9999.
const EXTENSION_OID: u32 = 9_991;

/// The row of `pg_extension`.
pub(super) fn extensions() -> Vec<Row> {
    let version = env!("CARGO_PKG_VERSION");
    vec![row![
        EXTENSION_OID,
        FOREBAY_SCHEMA,
        BOOTSTRAP_ROLE_OID,
        FOREBAY_SCHEMA_OID,
        false,
        version,
        Cell::Null,
        Cell::Null,
    ]]
}

/// Its row of `pg_description`.
pub(super) fn description() -> Row {
    row![
        EXTENSION_OID,
        class_of("pg_extension"),
        0,
        "databases, versions and the state of this server"
    ]
}

/// Rows of `pg_depend`: what it consists of.
pub(super) fn members(index: &Index) -> Vec<Row> {
    let member = |(class, object): (u32, u32)| {
        row![class, object, 0, class_of("pg_extension"), EXTENSION_OID, 0, 'e']
    };
    objects(index).map(member).collect()
}

/// Rows of `pg_init_privs`: what of it everybody may use from the beginning.
pub(super) fn first_privileges(index: &Index) -> Vec<Row> {
    let schema = row![FOREBAY_SCHEMA_OID, class_of("pg_namespace"), 0, 'e', schema_acl()];
    let views =
        views(index).map(|view| row![view.ids.relation, class_of("pg_class"), 0, 'e', view_acl()]);
    let public = row![PUBLIC_SCHEMA_OID, class_of("pg_namespace"), 0, 'i', acl::of_public()];
    [public, schema].into_iter().chain(views).collect()
}

/// Rows of `pg_available_extensions`: nothing more can be installed than what is.
pub(super) fn available() -> Vec<Row> {
    let extensions = data::table("pg_extension");
    let [name, version] = ["extname", "extversion"].map(|name| extensions.index(name));
    let row = |row: Row| {
        let version = &row[version];
        vec![row[name].clone(), version.clone(), version.clone(), comment(&row)]
    };
    installed().map(row).collect()
}

/// Rows of `pg_available_extension_versions`.
pub(super) fn versions(relation: &SystemRelation) -> Vec<Row> {
    let extensions = data::table("pg_extension");
    let at = |name| extensions.index(name);
    let row = |row: Row| {
        named(
            relation,
            &[
                ("name", row[at("extname")].clone()),
                ("version", row[at("extversion")].clone()),
                ("installed", true.into()),
                ("superuser", true.into()),
                ("trusted", true.into()),
                ("relocatable", row[at("extrelocatable")].clone()),
                ("schema", schema(&row)),
                ("comment", comment(&row)),
            ],
        )
    };
    installed().map(row).collect()
}

/// Rows of `pg_extension`: PostgreSQL's own language, and ours.
fn installed() -> impl Iterator<Item = Row> {
    data::table("pg_extension").rows().iter().cloned().chain(extensions())
}

/// The schema its control file names.
fn schema(row: &Row) -> Cell {
    Cell::from(if row[0].oid() == EXTENSION_OID { FOREBAY_SCHEMA } else { "pg_catalog" })
}

fn comment(row: &Row) -> Cell {
    match row[0].oid() {
        EXTENSION_OID => description()[3].clone(),
        oid => data::comment(class_of("pg_extension"), oid, 0),
    }
}

/// `pg_namespace.nspacl` of its schema: everybody's to use, as PostgreSQL's own.
pub(super) fn schema_acl() -> Cell {
    Cell::from(vec!["forebay=UC/forebay", "=U/forebay"])
}

/// `pg_class.relacl` of its views.
pub(super) fn view_acl() -> Cell {
    Cell::from(vec!["forebay=arwdDxt/forebay", "=r/forebay"])
}

/// The relation that lists an object, and its number there.
fn objects(index: &Index) -> impl Iterator<Item = (u32, u32)> {
    let views = views(index).map(|view| (class_of("pg_class"), view.ids.relation));
    std::iter::once((class_of("pg_namespace"), FOREBAY_SCHEMA_OID)).chain(views)
}

fn views(index: &Index) -> impl Iterator<Item = &Entity> {
    let relations = index.relations.iter().map(AsRef::as_ref);
    relations.filter(|entity: &&Entity| entity.schema_oid == FOREBAY_SCHEMA_OID)
}

fn class_of(catalog: &str) -> u32 {
    data::table(catalog).oid
}
