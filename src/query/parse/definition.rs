//! What statements say of tables: CREATE, ALTER, indexes (PostgreSQL manual, CREATE TABLE, ALTER TABLE, CREATE INDEX).

use datafusion::sql::sqlparser::ast::{DataType, Expr, Query};

use super::statement::{Named, SequenceOptions};
use crate::catalog::table::{Action, Identity};
use crate::catalog::written::SequenceType;
use crate::pg::facts::OnCommit;

/// What CREATE TABLE makes.
#[derive(Debug, Clone)]
pub struct TableDefinition {
    /// Its schema, if named.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Where there is such a table already, a notice is enough.
    pub if_not_exists: bool,
    /// Of a temporary table, what the end of a transaction does to it.
    pub temporary: Option<OnCommit>,
    /// `USING log`
    pub is_log: bool,
    /// Its columns.
    pub content: Content,
}

/// What tells the columns of a new table.
#[derive(Debug, Clone)]
pub enum Content {
    /// Each is written.
    Columns(Vec<ColumnDefinition>, Vec<ConstraintDefinition>),
    /// They are a query's, whose rows it begins with.
    Query {
        /// Names for the first of them.
        names: Vec<String>,
        /// The query.
        query: Box<Query>,
        /// `WITH NO DATA` takes no rows.
        data: bool,
    },
}

/// A column of CREATE TABLE.
#[derive(Debug, Clone)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
    /// `NOT NULL`.
    pub not_null: bool,
    /// What it is where nothing is said.
    pub default: Option<DefaultDefinition>,
}

/// The value of a column where none is given.
#[derive(Debug, Clone)]
pub enum DefaultDefinition {
    /// `DEFAULT expression`
    Expression(Expression),
    /// `GENERATED ALWAYS AS (expression) STORED`
    Generated(Expression),
    /// `serial` and its like.
    Serial(SequenceType),
    /// `GENERATED … AS IDENTITY`
    Identity(Identity, Box<SequenceOptions>),
}

/// An expression that is kept.
#[derive(Debug, Clone)]
pub struct Expression {
    /// As it is written.
    pub text: String,
    /// As it is read.
    pub expr: Box<Expr>,
    /// Where it begins.
    pub position: usize,
}

/// A constraint of a new table, or a new constraint.
#[derive(Debug, Clone)]
pub struct ConstraintDefinition {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where errors about it point to.
    pub position: usize,
    /// What it says.
    pub rule: RuleDefinition,
    /// The column that it stands behind.
    pub column: Option<String>,
}

/// What a constraint says.
#[derive(Debug, Clone)]
pub enum RuleDefinition {
    /// PRIMARY KEY
    PrimaryKey(Vec<Named>),
    /// UNIQUE
    Unique {
        /// The columns.
        columns: Vec<Named>,
        /// `NULLS NOT DISTINCT` is false.
        nulls_distinct: bool,
    },
    /// PRIMARY KEY or UNIQUE USING INDEX.
    UsingIndex {
        /// PRIMARY KEY
        primary: bool,
        /// The index.
        index: String,
    },
    /// CHECK
    Check(Expression),
    /// FOREIGN KEY, REFERENCES
    ForeignKey {
        /// The columns.
        columns: Vec<Named>,
        /// The schema of the table they name a row of.
        schema: Option<String>,
        /// The table.
        table: String,
        /// Its columns; none are its primary key.
        referenced: Vec<String>,
        /// `ON DELETE`
        on_delete: Action,
        /// `ON UPDATE`
        on_update: Action,
    },
}

/// One part of ALTER TABLE.
#[derive(Debug, Clone)]
pub enum TableAction {
    /// ADD COLUMN
    AddColumn {
        /// The column.
        column: Box<ColumnDefinition>,
        /// What is said behind it.
        constraints: Vec<ConstraintDefinition>,
        /// That there is one is a notice.
        if_not_exists: bool,
    },
    /// DROP COLUMN
    DropColumn {
        /// Its name.
        name: String,
        /// That there is none is a notice.
        if_exists: bool,
        /// CASCADE
        cascade: bool,
    },
    /// ALTER COLUMN
    AlterColumn {
        /// Its name.
        name: String,
        /// The change.
        change: Box<ColumnChange>,
    },
    /// RENAME COLUMN
    RenameColumn {
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
    },
    /// RENAME CONSTRAINT
    RenameConstraint {
        /// Its name.
        name: String,
        /// Its new name.
        to: String,
    },
    /// ADD CONSTRAINT
    AddConstraint(ConstraintDefinition),
    /// DROP CONSTRAINT
    DropConstraint {
        /// Its name.
        name: String,
        /// That there is none is a notice.
        if_exists: bool,
        /// CASCADE
        cascade: bool,
    },
    /// RENAME TO
    Rename(String),
    /// SET SCHEMA
    SetSchema(String),
    /// OWNER TO
    Owner(String),
    /// SET of a view: each as `name=value`.
    SetOptions(Vec<String>),
    /// RESET of a view.
    ResetOptions(Vec<String>),
    /// What means nothing here: where PostgreSQL would store it, and how.
    Nothing,
}

/// What ALTER COLUMN changes.
#[derive(Debug, Clone)]
pub enum ColumnChange {
    /// TYPE
    Type {
        /// The new type.
        data_type: DataType,
        /// USING
        using: Option<Expression>,
    },
    /// SET DEFAULT, DROP DEFAULT
    Default(Option<Expression>),
    /// SET NOT NULL, DROP NOT NULL
    NotNull(bool),
    /// ADD GENERATED
    AddIdentity(Identity, Box<SequenceOptions>),
    /// SET GENERATED
    SetIdentity(Identity),
    /// DROP IDENTITY
    DropIdentity {
        /// That there is none is a notice.
        if_exists: bool,
    },
    /// SET STATISTICS and its like.
    Nothing,
}

/// What CREATE VIEW makes.
#[derive(Debug, Clone)]
pub struct ViewDefinition {
    /// Its schema, if named.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// OR REPLACE
    pub replace: bool,
    /// TEMPORARY
    pub temporary: bool,
    /// MATERIALIZED; whether it is to be filled before the statement ends.
    pub materialized: Option<bool>,
    /// Where there is such a relation already, a notice is enough.
    pub if_not_exists: bool,
    /// The names of its first columns.
    pub columns: Vec<String>,
    /// `WITH (…)`, each as `name=value`.
    pub options: Vec<String>,
    /// WITH CHECK OPTION
    pub check_option: bool,
    /// The query.
    pub query: Box<Query>,
    /// Its text.
    pub text: String,
}

/// What CREATE INDEX makes.
#[derive(Debug, Clone)]
pub struct IndexDefinition {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// That there is one is a notice.
    pub if_not_exists: bool,
    /// UNIQUE
    pub unique: bool,
    /// `NULLS NOT DISTINCT` is false.
    pub nulls_distinct: bool,
    /// The access method.
    pub method: String,
    /// What it orders by.
    pub keys: Vec<KeyDefinition>,
    /// WHERE
    pub predicate: Option<Expression>,
}

/// One part of an index's key.
#[derive(Debug, Clone)]
pub struct KeyDefinition {
    /// A column, or an expression.
    pub of: Result<Named, Expression>,
    /// DESC
    pub descending: bool,
    /// NULLS FIRST
    pub nulls_first: bool,
}
