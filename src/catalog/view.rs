//! Views: queries that have a name.
//!
//! A view means what it meant when it was made, as in PostgreSQL, which keeps OIDs and no names: its text is kept in pieces,
//! and between them stand the relations that it reads, by their OIDs and with the columns that they had then. So relations
//! and columns may get other names, and columns may be added. Tables that are published have no such identity: they are
//! found by their names.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;

use super::generation::{Generation, RelationIds};
use super::table::Table;
use super::written::{Schema, Sequence};

/// A view as it is defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// Its identifiers.
    pub ids: RelationIds,
    /// The role that may change it, and with whose privileges it reads.
    pub owner: String,
    /// Its columns with their types; the number of each is its place, from 1.
    pub columns: SchemaRef,
    /// What was said of each column.
    pub column_comments: Vec<Option<String>>,
    /// The query as it was written.
    pub query: Vec<Piece>,
    /// The query as PostgreSQL would write it; empty where that is not known.
    pub told: Vec<Piece>,
    /// What it reads.
    pub reads: Vec<Reading>,
    /// Where names are looked for that are not among `reads`.
    pub search_path: Vec<String>,
    /// `WITH (…)`, each as `name=value`.
    pub options: Vec<String>,
    /// What was said of it.
    pub comment: Option<String>,
    /// Whether its rows are kept, as far as that can be, and follow those of what it reads.
    pub materialized: bool,
    /// The log that they follow; `None` where they are made anew each time.
    pub follows: Option<u32>,
}

/// A part of a view's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The same always.
    Text(String),
    /// A relation in FROM.
    Relation {
        /// Which of [`View::reads`].
        reading: usize,
        /// Whether the text behind it gives it another name.
        aliased: bool,
    },
    /// What qualifies a column: the name that a relation in FROM has.
    Qualifier(usize),
    /// A column of a relation, with what qualifies it.
    Column {
        /// Which of [`View::reads`].
        reading: usize,
        /// Which of its columns.
        column: usize,
        /// The alias that the relation has in FROM.
        alias: Option<String>,
        /// Which column of the view it is, where it stands for one.
        output: Option<usize>,
    },
    /// The name of a column of the view, behind its expression.
    Name(usize),
    /// Only where all brackets are written.
    Bracket(String),
}

/// A relation that a view reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Which one.
    pub of: Of,
    /// What the text calls it.
    pub name: String,
    /// The columns that the view knows, in their order.
    pub columns: Vec<Known>,
}

/// How a view finds a relation again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// What users make, by its OID.
    Made(u32),
    /// A table of a database or what PostgreSQL brings, by schema and name.
    Named(String, String),
}

/// A column of a relation as a view knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its name at the time.
    pub name: String,
    /// Its number; names tell columns that are published.
    pub number: i16,
    /// `pg_type.oid` of its type at the time.
    pub type_oid: u32,
    /// The modifier of its type.
    pub modifier: i32,
    /// Whether the view needs it.
    pub used: bool,
}

/// Something made in a schema that may be read.
#[derive(Debug, Clone, Copy)]
pub enum Made<'a> {
    /// A table.
    Table(&'a Arc<Table>),
    /// A view.
    View(&'a Arc<View>),
    /// A sequence.
    Sequence(&'a Arc<Sequence>),
}

impl Made<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Made::Table(table) => &table.name,
            Made::View(view) => &view.name,
            Made::Sequence(sequence) => &sequence.name,
        }
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Made::Table(_) => "table",
            Made::View(view) => view.kind(),
            Made::Sequence(_) => "sequence",
        }
    }
}

impl View {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        if self.materialized { "materialized view" } else { "view" }
    }

    /// Whether it reads with the privileges of its owner: unless `security_invoker` is on.
    pub fn reads_as_its_owner(&self) -> bool {
        !self.options.iter().any(|option| option == "security_invoker=true")
    }

    /// What it reads of the relation with this OID.
    pub fn reading(&self, oid: u32) -> Option<&Reading> {
        self.reads.iter().find(|reading| reading.of == Of::Made(oid))
    }

    /// Whether it needs a column of the relation with this OID.
    pub fn needs(&self, oid: u32, number: i16) -> bool {
        let used = |reading: &Reading| {
            reading.columns.iter().any(|column| column.used && column.number == number)
        };
        self.reads.iter().any(|reading| reading.of == Of::Made(oid) && used(reading))
    }
}

impl Generation {
    /// The view `name` of the schema `schema`.
    pub fn view(&self, schema: &str, name: &str) -> Option<&Arc<View>> {
        self.schemas.get(schema)?.views.get(name)
    }

    /// The view with this OID, and its schema.
    pub fn view_by_oid(&self, oid: u32) -> Option<(&Arc<Schema>, &Arc<View>)> {
        self.schemas.values().find_map(|schema| {
            let found = schema.views.values().find(|it| it.ids.relation == oid)?;
            Some((schema, found))
        })
    }

    /// What users have made and may be read that has this OID, and its schema.
    pub fn made_by_oid(&self, oid: u32) -> Option<(&Arc<Schema>, Made<'_>)> {
        let table = self.table_by_oid(oid).map(|(schema, it)| (schema, Made::Table(it)));
        let view = || self.view_by_oid(oid).map(|(schema, it)| (schema, Made::View(it)));
        let sequence =
            || self.sequence_by_oid(oid).map(|(schema, it)| (schema, Made::Sequence(it)));
        table.or_else(view).or_else(sequence)
    }

    /// The views that read a relation, with their schemas.
    pub fn readers(&self, oid: u32) -> impl Iterator<Item = (&Arc<Schema>, &Arc<View>)> {
        self.schemas.values().flat_map(move |schema| {
            let views = schema.views.values().filter(move |view| view.reading(oid).is_some());
            views.map(move |view| (schema, view))
        })
    }
}
