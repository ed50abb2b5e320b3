//! Tables that users write: how they are defined. Their rows are no part of it: see [`crate::rows`].

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::generation::{Generation, RelationIds};
use super::written::{Schema, Sequence};
use crate::rows::{Rows, Unique};

/// A table as it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its identifiers.
    pub ids: RelationIds,
    /// The role that may change it.
    pub owner: String,
    /// Its columns with their types; one that is not nullable is NOT NULL.
    pub columns: SchemaRef,
    /// What else there is to say of each column.
    pub attributes: Vec<Attribute>,
    /// The number of the column that was added last; none is used twice.
    pub last_number: i16,
    /// Its keys and checks.
    pub constraints: Vec<Constraint>,
    /// Its indexes. Those of keys are among them.
    pub indexes: Vec<Index>,
    /// What was said of it.
    pub comment: Option<String>,
    /// Whether it is a log: rows are only added, and the commit gives each its `_seq` and `_time`.
    pub is_log: bool,
}

/// What a column has beside name and type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `pg_attribute.attnum`: columns keep theirs when others go.
    pub number: i16,
    /// What it is where an INSERT says nothing.
    pub default: Option<Default>,
    /// `GENERATED … AS IDENTITY`
    pub identity: Option<Identity>,
    /// What was said of it.
    pub comment: Option<String>,
}

/// The value of a column where none is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Default {
    /// The next number of the sequence with this OID.
    Next(u32),
    /// An expression, in SQL.
    Expression(String),
    /// An expression of the row's other columns, in SQL: `GENERATED ALWAYS AS (…) STORED`.
    Generated(String),
    /// Of a log: what the commit gives.
    Stamped(Stamp),
}

/// What the commit gives the rows of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// `_seq`: the number of the row, one more than the one before.
    Seq,
    /// `_time`: when it was committed.
    Time,
}

/// Who gives the numbers of an identity column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Its sequence alone.
    Always,
    /// Its sequence where the statement does not.
    ByDefault,
}

/// A rule for the rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// `pg_constraint.oid`
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// What it says.
    pub rule: Rule,
    /// What was said of it.
    pub comment: Option<String>,
}

/// What a constraint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The columns of the index with this OID are the primary key.
    PrimaryKey(u32),
    /// The columns of the index with this OID are unique.
    Unique(u32),
    /// An expression, in SQL, that is true or NULL.
    Check(String),
    /// The columns name a row of another table.
    ForeignKey(ForeignKey),
}

/// Columns that name a row of a table by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// Their numbers.
    pub columns: Vec<i16>,
    /// `pg_class.oid` of the table.
    pub table: u32,
    /// The numbers of the columns they are equal to, which have a unique index.
    pub referenced: Vec<i16>,
    /// What happens when that row goes.
    pub on_delete: Action,
    /// What happens when its key changes.
    pub on_update: Action,
}

/// What happens to rows that name another row which goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, core::default::Default)]
#[expect(missing_docs, reason = "PostgreSQL's words")]
pub enum Action {
    #[default]
    NoAction,
    Restrict,
    Cascade,
    SetNull,
    SetDefault,
}

/// An index. Only unique ones do something; the others are there because tools make them and look for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// `pg_class.oid`
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Its columns, in their order.
    pub keys: Vec<IndexKey>,
    /// `WHERE`: the rows that are in it, in SQL.
    pub predicate: Option<String>,
    /// Whether no two rows have the same key.
    pub unique: bool,
    /// `NULLS NOT DISTINCT` is false.
    pub nulls_distinct: bool,
    /// The access method it was asked for with.
    pub method: String,
    /// What was said of it.
    pub comment: Option<String>,
}

/// One column or expression of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexKey {
    /// Its number in the table; 0 for an expression.
    pub column: i16,
    /// The expression, in SQL.
    pub expression: Option<String>,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST`
    pub nulls_first: bool,
}

impl Table {
    /// The place of the column with this number.
    pub fn place(&self, number: i16) -> Option<usize> {
        self.attributes.iter().position(|attribute| attribute.number == number)
    }

    /// The number of the column `name`.
    pub fn number(&self, name: &str) -> Option<i16> {
        let place = self.columns.fields().iter().position(|field| field.name() == name)?;
        self.attributes.get(place).map(|attribute| attribute.number)
    }

    /// The name of the column with this number.
    pub fn column(&self, number: i16) -> Option<&str> {
        Some(self.columns.fields().get(self.place(number)?)?.name())
    }

    /// The place of a column that the commit gives.
    pub fn stamped(&self, stamp: Stamp) -> Option<usize> {
        let own = Some(Default::Stamped(stamp));
        self.attributes.iter().position(|attribute| attribute.default == own)
    }

    /// What its rows have to keep unique.
    pub fn unique(&self) -> Vec<Unique> {
        let unique = self.indexes.iter().filter(|index| index.unique);
        let of = |index: &Index| Unique {
            oid: index.oid,
            columns: index.keys.iter().filter_map(|key| self.place(key.column)).collect(),
            nulls_distinct: index.nulls_distinct,
        };
        unique.map(of).collect()
    }

    /// Its rows while it has none.
    pub fn no_rows(&self) -> Rows {
        Rows::empty(&self.columns, &self.unique())
    }

    /// The index with this OID.
    pub fn index(&self, oid: u32) -> Option<&Index> {
        self.indexes.iter().find(|index| index.oid == oid)
    }

    /// The primary key: its constraint and its index.
    pub fn primary_key(&self) -> Option<(&Constraint, &Index)> {
        self.constraints.iter().find_map(|constraint| match constraint.rule {
            Rule::PrimaryKey(index) => Some((constraint, self.index(index)?)),
            _ => None,
        })
    }

    /// The constraint that an index belongs to.
    pub fn constraint_of(&self, index: u32) -> Option<&Constraint> {
        self.constraints.iter().find(|constraint| {
            matches!(constraint.rule, Rule::PrimaryKey(own) | Rule::Unique(own) if own == index)
        })
    }

    /// The tables that its rows name rows of.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&Constraint, &ForeignKey)> {
        self.constraints.iter().filter_map(|constraint| match &constraint.rule {
            Rule::ForeignKey(key) => Some((constraint, key)),
            _ => None,
        })
    }
}

impl Schema {
    /// Whether a relation has that name: tables, indexes, sequences and views share them.
    pub fn has_relation(&self, name: &str) -> bool {
        self.sequences.contains_key(name)
            || self.tables.contains_key(name)
            || self.views.contains_key(name)
            || self.tables.values().any(|it| it.indexes.iter().any(|index| index.name == name))
    }

    /// The table with an index of that name, and the index.
    pub fn index(&self, name: &str) -> Option<(&Arc<Table>, &Index)> {
        self.tables.values().find_map(|table| {
            let index = table.indexes.iter().find(|index| index.name == name)?;
            Some((table, index))
        })
    }
}

impl Generation {
    /// The table `name` of the schema `schema`.
    pub fn table(&self, schema: &str, name: &str) -> Option<&Arc<Table>> {
        self.schemas.get(schema)?.tables.get(name)
    }

    /// The table with this OID, and its schema.
    pub fn table_by_oid(&self, oid: u32) -> Option<(&Arc<Schema>, &Arc<Table>)> {
        self.schemas.values().find_map(|schema| {
            let found = schema.tables.values().find(|it| it.ids.relation == oid)?;
            Some((schema, found))
        })
    }

    /// The rows of a table.
    pub fn rows(&self, oid: u32) -> Option<&Arc<Rows>> {
        self.rows.get(&oid)
    }

    /// The sequences that go with a table, and their schemas.
    pub fn owned_sequences(&self, table: u32) -> Vec<(&Arc<Schema>, &Arc<Sequence>)> {
        let of = |it: &&Arc<Sequence>| it.owned_by.is_some_and(|(owner, _)| owner == table);
        let schemas = self.schemas.values();
        schemas
            .flat_map(|schema| schema.sequences.values().filter(of).map(move |it| (schema, it)))
            .collect()
    }
}
