//! Relations, schemas and types as one statement sees them, found by OID and by name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::datatypes::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::data;
use super::dynamic::{qualified_name, quote_identifier};
use super::keys::{self, Constraint, KeyIndex};
use super::rows::{Cell, Row};
use crate::catalog::generation::RelationIds;
use crate::catalog::roles::BOOTSTRAP_ROLE;
use crate::catalog::table::{Attribute, Default, Identity, Table};
use crate::catalog::view::View;
use crate::catalog::written::{Schema, Sequence};
use crate::pg::facts::{
    CHANGING, FOREBAY_SCHEMA, FOREBAY_SCHEMA_OID, Facts, TEMPORARY_ALIAS, Temporary,
};
use crate::pg::types;

/// `pg_namespace.oid` of `pg_catalog`.
pub(crate) const PG_CATALOG_OID: u32 = 11;
/// `pg_namespace.oid` of `pg_toast`.
pub(crate) const PG_TOAST_OID: u32 = 99;
/// `pg_namespace.oid` of `information_schema` in a fresh PostgreSQL 15 cluster.
pub(crate) const INFORMATION_SCHEMA_OID: u32 = 13_207;

/// A relation of any schema.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) schema: String,
    pub(crate) schema_oid: u32,
    pub(crate) name: String,
    pub(crate) ids: RelationIds,
    /// `pg_class.relkind`.
    pub(crate) kind: char,
    /// Whether only its session sees it.
    pub(crate) temporary: bool,
    pub(crate) columns: Vec<Column>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) indexes: Vec<KeyIndex>,
    /// Whether it has a foreign key, or one names it.
    pub(crate) referring: bool,
    pub(crate) rows: Option<u64>,
    pub(crate) bytes: u64,
    pub(crate) comment: Option<String>,
    pub(crate) definition: Option<String>,
    /// The schema whose grants apply; `None` for relations everybody may read.
    pub(crate) database: Option<String>,
    /// The role that may change it.
    pub(crate) owner: String,
    /// What it is as a view that users make.
    pub(crate) view: Option<Arc<View>>,
    /// What it is as a sequence.
    pub(crate) sequence: Option<Arc<Sequence>>,
    /// Whether it is the sequence of an identity column.
    pub(crate) identity: bool,
}

/// One column of a relation.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) type_oid: u32,
    pub(crate) modifier: i32,
    pub(crate) not_null: bool,
    /// `pg_attribute.attnum`.
    pub(crate) number: i16,
    /// What it is where nothing is said.
    pub(crate) default: Option<Default>,
    pub(crate) identity: Option<Identity>,
    /// Its collation where that is not its type's.
    pub(crate) collation: Option<u32>,
    pub(crate) comment: Option<String>,
}

impl Entity {
    /// Whether PostgreSQL itself brings it.
    pub(crate) fn system(&self) -> bool {
        matches!(self.schema_oid, PG_CATALOG_OID | INFORMATION_SCHEMA_OID)
    }

    /// Its name, with its schema where the name alone would not be found.
    pub(crate) fn shown(&self, facts: &Facts) -> String {
        let visible = facts.index().visible(facts, &self.name);
        match visible.is_some_and(|found| found.ids.relation == self.ids.relation) {
            true => quote_identifier(&self.name),
            false => qualified_name(self),
        }
    }

    /// The columns with these numbers.
    pub(crate) fn numbered(&self, numbers: &[i16]) -> impl Iterator<Item = &Column> {
        numbers.iter().filter_map(|number| self.column(i64::from(*number)))
    }

    /// The column with this number.
    pub(crate) fn column(&self, number: i64) -> Option<&Column> {
        self.columns.iter().find(|column| i64::from(column.number) == number)
    }
}

/// An OID for something the generation keeps none for: the upper half of the numbers, which the catalog never hands
/// out, by a hash of its name, so that it is the same everywhere and always.
pub(crate) fn synthetic(kind: &str, parts: &[&str]) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in std::iter::once(&kind).chain(parts).flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash | 0x8000_0000
}

/// Everything one statement can name.
#[derive(Debug)]
pub(crate) struct Index {
    /// Schemas that are not PostgreSQL's: name and OID.
    pub(crate) schemas: BTreeMap<String, u32>,
    /// Relations that are not PostgreSQL's, by schema and name.
    pub(crate) relations: Vec<Arc<Entity>>,
    /// The schema that `pg_temp` means.
    temporary: Option<String>,
    by_oid: HashMap<u32, Arc<Entity>>,
    by_name: HashMap<(String, String), Arc<Entity>>,
    /// Rows of relations that tell of nothing else, made when a statement first asks.
    batches: Mutex<HashMap<BatchKey, RecordBatch>>,
}

/// Schema and name of a relation, and whose view of it: user and database.
type BatchKey = (&'static str, &'static str, Option<(String, String)>);

/// Rows that are kept for one generation: `pg_catalog`, and `information_schema` of a few users.
const BATCHES_LEN_MAX: usize = 256;

/// The columns of every sequence.
pub(crate) static SEQUENCE_COLUMNS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(ArrowSchema::new(vec![
        Field::new("last_value", DataType::Int64, false),
        Field::new("log_cnt", DataType::Int64, false),
        Field::new("is_called", DataType::Boolean, false),
    ]))
});

/// PostgreSQL's own relations.
pub(crate) static SYSTEM: LazyLock<Vec<Arc<Entity>>> = LazyLock::new(|| {
    let types = data::table("pg_type").rows();
    let by_name: HashMap<&str, u32> =
        types.iter().map(|row| (row[1].text(), row[0].oid())).collect();
    let entity = |relation: &data::SystemRelation| {
        let columns = (1_i16..).zip(relation.columns.iter()).map(|(number, column)| Column {
            name: column.name.to_owned(),
            type_oid: by_name.get(column.kind).copied().unwrap_or(types::TEXT),
            modifier: -1,
            not_null: column.not_null,
            number,
            default: None,
            identity: None,
            collation: column.collation,
            comment: None,
        });
        let catalog = relation.schema == "pg_catalog";
        Arc::new(Entity {
            schema: relation.schema.to_owned(),
            schema_oid: if catalog { PG_CATALOG_OID } else { INFORMATION_SCHEMA_OID },
            name: relation.name.to_owned(),
            ids: RelationIds { relation: relation.oid, row_type: relation.row_type, array_type: 0 },
            kind: relation.kind,
            temporary: false,
            columns: columns.collect(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            referring: false,
            rows: None,
            bytes: 0,
            comment: None,
            definition: data::definition(relation.oid).map(|known| known.full.clone()),
            database: None,
            owner: BOOTSTRAP_ROLE.to_owned(),
            view: None,
            sequence: None,
            identity: false,
        })
    };
    data::relations().map(entity).collect()
});

static SYSTEM_BY_OID: LazyLock<HashMap<u32, Arc<Entity>>> = LazyLock::new(|| {
    SYSTEM.iter().map(|entity| (entity.ids.relation, Arc::clone(entity))).collect()
});

impl Index {
    /// Everything `facts` can name.
    pub(crate) fn new(facts: &Facts) -> Index {
        let mut index = Index {
            schemas: BTreeMap::from([(FOREBAY_SCHEMA.to_owned(), FOREBAY_SCHEMA_OID)]),
            relations: Vec::new(),
            temporary: facts.temporary.as_ref().map(|temporary| temporary.schema.clone()),
            by_oid: HashMap::new(),
            by_name: HashMap::new(),
            batches: Mutex::default(),
        };
        for database in facts.generation.databases.values() {
            index.schemas.insert(database.name.clone(), database.oid);
            index.add_version(facts, &database.name, database.oid);
            if facts.show_versions {
                for version in database.versions.keys().chain(database.aliases.keys()) {
                    let schema = format!("{}@{version}", database.name);
                    let oid = synthetic("schema", &[&schema]);
                    index.schemas.insert(schema.clone(), oid);
                    index.add_version(facts, &schema, oid);
                }
            }
        }
        for other in facts.others.iter() {
            let schema_oid = index.schemas.get(&other.schema).copied().unwrap_or(0);
            let own = other.schema == FOREBAY_SCHEMA;
            index.add(Entity {
                schema: other.schema.clone(),
                schema_oid,
                name: other.name.clone(),
                ids: other.ids,
                kind: other.kind,
                temporary: false,
                columns: columns(&other.columns, &BTreeMap::new(), &[]),
                constraints: Vec::new(),
                indexes: Vec::new(),
                referring: false,
                rows: other.rows,
                bytes: other.bytes,
                comment: other.comment.clone(),
                definition: other.definition.clone(),
                database: (!own).then(|| other.schema.clone()),
                owner: BOOTSTRAP_ROLE.to_owned(),
                view: None,
                sequence: None,
                identity: false,
            });
        }
        for schema in facts.generation.schemas.values() {
            index.schemas.insert(schema.name.clone(), schema.oid);
            for sequence in schema.sequences.values() {
                let column = sequence.owned_by.and_then(|(table, number)| {
                    let (_, table) = facts.generation.table_by_oid(table)?;
                    table.attributes.get(table.place(number)?)
                });
                let identity = column.is_some_and(|column| column.identity.is_some());
                index.add_sequence(schema, sequence, identity);
            }
            for view in schema.views.values() {
                index.add_view(schema, view);
            }
            for table in schema.tables.values() {
                let own = table.ids.relation;
                let referring = table.foreign_keys().next().is_some()
                    || facts.generation.referencing(own).next().is_some();
                index.add_table(schema, table, referring);
            }
        }
        if let Some(temporary) = &facts.temporary {
            index.add_temporary(temporary);
        }
        index
    }

    fn add_temporary(&mut self, temporary: &Temporary) {
        let schema_oid = synthetic("schema", &[&temporary.schema]);
        self.schemas.insert(temporary.schema.clone(), schema_oid);
        for table in temporary.tables.values() {
            let (constraints, indexes) = keys::written(&table.table);
            self.add(Entity {
                schema: temporary.schema.clone(),
                schema_oid,
                name: table.table.name.clone(),
                ids: table.table.ids,
                kind: 'r',
                temporary: true,
                columns: written_columns(&table.table),
                constraints,
                indexes,
                referring: false,
                // As long as nobody has counted them.
                rows: None,
                bytes: 0,
                comment: None,
                definition: None,
                database: None,
                owner: BOOTSTRAP_ROLE.to_owned(),
                view: None,
                sequence: None,
                identity: false,
            });
        }
        for view in temporary.views.values() {
            let schema = temporary.schema.clone();
            self.add(Entity { schema, schema_oid, ..viewed(view) });
        }
    }

    fn add_view(&mut self, schema: &Schema, view: &Arc<View>) {
        self.add(Entity {
            schema: schema.name.clone(),
            schema_oid: schema.oid,
            temporary: false,
            database: Some(schema.name.clone()),
            owner: view.owner.clone(),
            ..viewed(view)
        });
    }

    fn add_table(&mut self, schema: &Schema, table: &Table, referring: bool) {
        let (constraints, indexes) = keys::written(table);
        self.add(Entity {
            schema: schema.name.clone(),
            schema_oid: schema.oid,
            name: table.name.clone(),
            ids: table.ids,
            kind: 'r',
            temporary: false,
            columns: written_columns(table),
            constraints,
            indexes,
            referring,
            // They change without another definition: nobody has counted them, as PostgreSQL says of a table that was
            // never analyzed.
            rows: None,
            bytes: 0,
            comment: table.comment.clone(),
            definition: None,
            database: Some(schema.name.clone()),
            owner: table.owner.clone(),
            view: None,
            sequence: None,
            identity: false,
        });
    }

    fn add_sequence(&mut self, schema: &Schema, sequence: &Arc<Sequence>, identity: bool) {
        self.add(Entity {
            schema: schema.name.clone(),
            schema_oid: schema.oid,
            name: sequence.name.clone(),
            ids: sequence.ids,
            kind: 'S',
            temporary: false,
            columns: columns(&SEQUENCE_COLUMNS, &BTreeMap::new(), &[]),
            constraints: Vec::new(),
            indexes: Vec::new(),
            referring: false,
            rows: Some(1),
            bytes: 8_192,
            comment: sequence.comment.clone(),
            definition: None,
            database: Some(schema.name.clone()),
            owner: sequence.owner.clone(),
            view: None,
            sequence: Some(Arc::clone(sequence)),
            identity,
        });
    }

    /// The rows kept under `key`, made by `make` the first time.
    /// Errors: those of `make`.
    pub(crate) fn batch<E>(
        &self,
        key: BatchKey,
        make: impl FnOnce() -> Result<RecordBatch, E>,
    ) -> Result<RecordBatch, E> {
        let kept = || self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(batch) = kept().get(&key) {
            return Ok(batch.clone());
        }
        // Two statements may make the same rows side by side; neither waits for the other.
        let batch = make()?;
        let mut kept = kept();
        if BATCHES_LEN_MAX <= kept.len() {
            kept.clear();
        }
        kept.insert(key, batch.clone());
        Ok(batch)
    }

    /// Adds the tables that `schema` means.
    fn add_version(&mut self, facts: &Facts, schema: &str, schema_oid: u32) {
        let Some(found) = facts.schema(schema) else {
            return;
        };
        for table in found.version.manifest.tables.values() {
            let Some(ids) = found.database.relations.get(&table.name) else {
                continue;
            };
            // A name outside the current version needs OIDs of its own: two rows of pg_class cannot share one.
            let parts = [schema, table.name.as_str()];
            let ids = if found.bare {
                *ids
            } else {
                RelationIds {
                    relation: synthetic("relation", &parts),
                    row_type: synthetic("row type", &parts),
                    array_type: synthetic("array type", &parts),
                }
            };
            let arrow = table.schema();
            let number = |name: &String| {
                let index = arrow.fields().iter().position(|field| field.name() == name)?;
                i16::try_from(index + 1).ok()
            };
            let key: Option<Vec<i16>> = table.key.iter().map(number).collect();
            let (constraints, indexes) =
                keys::declared(schema, &table.name, key.unwrap_or_default());
            self.add(Entity {
                schema: schema.to_owned(),
                schema_oid,
                name: table.name.clone(),
                ids,
                kind: 'r',
                temporary: false,
                columns: columns(&arrow, &table.column_comments, &table.key),
                constraints,
                indexes,
                referring: false,
                rows: table.rows(),
                bytes: table.bytes(),
                comment: table.comment.clone(),
                definition: None,
                database: Some(found.database.name.clone()),
                owner: BOOTSTRAP_ROLE.to_owned(),
                view: None,
                sequence: None,
                identity: false,
            });
        }
    }

    fn add(&mut self, entity: Entity) {
        let entity = Arc::new(entity);
        let name = (entity.schema.clone(), entity.name.clone());
        self.by_oid.insert(entity.ids.relation, Arc::clone(&entity));
        self.by_name.insert(name, Arc::clone(&entity));
        self.relations.push(entity);
    }

    /// All relations, PostgreSQL's own first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Entity>> {
        SYSTEM.iter().chain(&self.relations)
    }

    /// The relation with this OID.
    pub(crate) fn relation(&self, oid: u32) -> Option<&Arc<Entity>> {
        self.by_oid.get(&oid).or_else(|| SYSTEM_BY_OID.get(&oid))
    }

    /// The index with this OID, and its relation.
    pub(crate) fn by_index(&self, oid: u32) -> Option<(&Arc<Entity>, &KeyIndex)> {
        keys::indexes(self, |entity, own| (entity, own)).find(|(_, own)| own.oid == oid)
    }

    /// The constraint with this OID, and its relation.
    pub(crate) fn by_constraint(&self, oid: u32) -> Option<(&Arc<Entity>, &Constraint)> {
        keys::constraints(self, |entity, own| (entity, own)).find(|(_, own)| own.oid == oid)
    }

    /// The relation `schema.name`.
    pub(crate) fn named(&self, schema: &str, name: &str) -> Option<Arc<Entity>> {
        let schema = match &self.temporary {
            Some(own) if schema == TEMPORARY_ALIAS => own,
            _ => schema,
        };
        let name = name.strip_suffix(CHANGING).unwrap_or(name);
        if let Some(found) = self.by_name.get(&(schema.to_owned(), name.to_owned())) {
            return Some(Arc::clone(found));
        }
        SYSTEM.iter().find(|entity| entity.schema == schema && entity.name == name).cloned()
    }

    /// The first relation called `name` along the search path.
    pub(crate) fn visible(&self, facts: &Facts, name: &str) -> Option<Arc<Entity>> {
        facts.searched().find_map(|schema| self.named(schema, name))
    }

    /// The OID of a schema.
    pub(crate) fn schema_oid(&self, name: &str) -> Option<u32> {
        match name {
            "pg_catalog" => Some(PG_CATALOG_OID),
            "information_schema" => Some(INFORMATION_SCHEMA_OID),
            "pg_toast" => Some(PG_TOAST_OID),
            _ => self.schemas.get(name).copied(),
        }
    }

    /// The name of a schema.
    pub(crate) fn schema_name(&self, oid: u32) -> Option<&str> {
        match oid {
            PG_CATALOG_OID => Some("pg_catalog"),
            INFORMATION_SCHEMA_OID => Some("information_schema"),
            PG_TOAST_OID => Some("pg_toast"),
            _ => {
                self.schemas.iter().find(|(_, known)| **known == oid).map(|(name, _)| name.as_str())
            }
        }
    }

    /// The row or row array type with this OID: its relation, and whether it is the array.
    pub(crate) fn row_type(&self, oid: u32) -> Option<(&Arc<Entity>, bool)> {
        let found = self.relations.iter().find_map(|entity| match oid {
            oid if oid == entity.ids.row_type => Some((entity, false)),
            oid if oid == entity.ids.array_type => Some((entity, true)),
            _ => None,
        });
        found.filter(|_| oid != 0)
    }
}

/// The static row of a type.
pub(crate) fn type_row(oid: u32) -> Option<&'static Row> {
    data::by_oid("pg_type").get(&oid).copied()
}

/// One column of a static type row by its name.
pub(crate) fn type_cell(oid: u32, column: &str) -> Cell {
    let index = data::table("pg_type").index(column);
    type_row(oid).and_then(|row| row.get(index)).cloned().unwrap_or(Cell::Null)
}

/// Whether PostgreSQL casts a value of one type to another when asked to: of the same type, from or to a string, or by
/// an entry of `pg_cast`. A domain is its base type. Arrays are cast by their elements, which the caller knows.
pub(crate) fn casts(from: u32, to: u32) -> bool {
    static CASTS: LazyLock<HashSet<(u32, u32)>> = LazyLock::new(|| {
        let pg_cast = data::table("pg_cast");
        let (source, target) = (pg_cast.index("castsource"), pg_cast.index("casttarget"));
        pg_cast.rows().iter().map(|row| (row[source].oid(), row[target].oid())).collect()
    });
    let base = |oid| match type_cell(oid, "typbasetype").oid() {
        0 => oid,
        base => base,
    };
    // Beside strings the types that no value keeps: unknown and cstring.
    let is_string = |oid| matches!(type_cell(oid, "typcategory"), Cell::Text(text) if matches!(&*text, "S" | "X" | "P"));
    let (from, to) = (base(from), base(to));
    from == to || CASTS.contains(&(from, to)) || is_string(from) || is_string(to)
}

/// A view as its session's own, which is in no schema yet.
fn viewed(view: &Arc<View>) -> Entity {
    let own = columns(&view.columns, &BTreeMap::new(), &[]);
    let comments = view.column_comments.iter().cloned().chain(std::iter::repeat(None));
    let columns = own.into_iter().zip(comments);
    Entity {
        schema: String::new(),
        schema_oid: 0,
        name: view.name.clone(),
        ids: view.ids,
        kind: if view.materialized { 'm' } else { 'v' },
        temporary: true,
        columns: columns.map(|(column, comment)| Column { comment, ..column }).collect(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        referring: false,
        rows: None,
        bytes: 0,
        comment: view.comment.clone(),
        definition: None,
        database: None,
        owner: BOOTSTRAP_ROLE.to_owned(),
        view: Some(Arc::clone(view)),
        sequence: None,
        identity: false,
    }
}

fn written_columns(table: &Table) -> Vec<Column> {
    let column = |(own, attribute): (Column, &Attribute)| Column {
        number: attribute.number,
        default: attribute.default.clone(),
        identity: attribute.identity,
        comment: attribute.comment.clone(),
        ..own
    };
    let own = columns(&table.columns, &BTreeMap::new(), &[]);
    own.into_iter().zip(&table.attributes).map(column).collect()
}

fn columns(schema: &SchemaRef, comments: &BTreeMap<String, String>, key: &[String]) -> Vec<Column> {
    let column = |(number, field): (i16, &Arc<Field>)| {
        let kind = types::of_field(field);
        Column {
            name: field.name().clone(),
            type_oid: kind.oid,
            modifier: kind.modifier,
            not_null: !field.is_nullable() || key.contains(field.name()),
            number,
            default: None,
            identity: None,
            collation: None,
            comment: comments.get(field.name()).cloned(),
        }
    };
    (1_i16..).zip(schema.fields()).map(column).collect()
}
