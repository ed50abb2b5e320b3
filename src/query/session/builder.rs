//! A table as a statement defines it, part by part: columns, keys, checks, and the sequences that go with it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{Field, FieldRef, Schema as Columns, SchemaRef};
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{DataType as SqlType, Expr, Visit, Visitor};

use super::define;
use crate::catalog::Catalog;
use crate::catalog::generation::RelationIds;
use crate::catalog::log;
use crate::catalog::table::{
    Action, Attribute, Constraint, Default, ForeignKey, Identity, Index, IndexKey, Rule, Stamp,
    Table,
};
use crate::catalog::written::{Position, Schema, Sequence, SequenceType};
use crate::error::{Error, Result};
use crate::pg::decode;
use crate::pg::facts::Facts;
use crate::pg::rewrite::Types;
use crate::pg::types::{self, PgType};
use crate::query::failure;
use crate::query::parse::definition::{
    ColumnDefinition, ConstraintDefinition, DefaultDefinition, Expression, RuleDefinition,
};
use crate::query::parse::{Named, SequenceOptions};

/// Columns one table may have (PostgreSQL's `MaxHeapAttributeNumber`).
const COLUMNS_LEN_MAX: usize = 1_600;

/// PostgreSQL's longest name (`NAMEDATALEN - 1`).
const NAME_BYTES_MAX: usize = 63;

/// Columns of one index (PostgreSQL's `INDEX_MAX_KEYS`).
const INDEX_KEYS_MAX: usize = 32;

/// Names that every table has already.
const SYSTEM_COLUMNS: [&str; 6] = ["ctid", "xmin", "cmin", "xmax", "cmax", "tableoid"];

/// A table in the making.
pub(super) struct Builder<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) facts: &'a Facts,
    /// Where it is; a temporary one is nowhere.
    pub(super) schema: Option<Arc<Schema>>,
    pub(super) table: Table,
    /// Sequences that are made with it, and where they begin.
    pub(super) sequences: Vec<(Arc<Sequence>, Option<Position>)>,
    /// Names of relations that are made with it.
    names: BTreeSet<String>,
    is_new: bool,
}

impl<'a> Builder<'a> {
    /// A table without columns.
    /// Errors: 54000 when the OIDs are used up.
    pub(super) fn new(
        catalog: &'a Catalog,
        facts: &'a Facts,
        schema: Option<Arc<Schema>>,
        name: &str,
        owner: &str,
    ) -> Result<Builder<'a>> {
        // In the order PostgreSQL takes them in.
        let first = catalog.take_oids(3)?;
        let ids = RelationIds { relation: first, array_type: first + 1, row_type: first + 2 };
        let table = Table {
            name: name.to_owned(),
            ids,
            owner: owner.to_owned(),
            columns: Arc::new(Columns::empty()),
            attributes: Vec::new(),
            last_number: 0,
            constraints: Vec::new(),
            indexes: Vec::new(),
            comment: None,
            is_log: false,
        };
        Ok(Builder { is_new: true, ..Builder::of(catalog, facts, schema, table) })
    }

    /// A table that is there.
    pub(super) fn of(
        catalog: &'a Catalog,
        facts: &'a Facts,
        schema: Option<Arc<Schema>>,
        table: Table,
    ) -> Builder<'a> {
        Builder {
            catalog,
            facts,
            schema,
            table,
            sequences: Vec::new(),
            names: BTreeSet::new(),
            is_new: false,
        }
    }

    fn oid(&self) -> Result<u32> {
        self.catalog.take_oids(1)
    }

    // ---- columns

    /// Adds a column; its constraints come later.
    /// Errors: 42701, 54011; those of its type; 0A000.
    pub(super) fn add_column(&mut self, column: &ColumnDefinition, text: &Arc<str>) -> Result<()> {
        let field = field_of(column, text)?;
        self.add_field(Arc::new(field))?;
        let number = self.table.last_number;
        if let Some(default) = &column.default {
            self.set_default(number, Some(default))?;
        }
        Ok(())
    }

    /// Adds a column of that name and type.
    pub(super) fn add_field(&mut self, field: FieldRef) -> Result<()> {
        let name = field.name();
        if COLUMNS_LEN_MAX <= self.table.columns.fields().len()
            || self.table.last_number == i16::MAX
        {
            let message = format!("tables can have at most {COLUMNS_LEN_MAX} columns");
            return Err(Error::TooManyColumns(message));
        }
        if SYSTEM_COLUMNS.contains(&name.as_str()) {
            let message = format!("column name \"{name}\" conflicts with a system column name");
            return Err(Error::ConflictingColumn(message));
        }
        if self.table.number(name).is_some() {
            return Err(Error::DuplicateColumn(name.clone()));
        }
        let mut fields = self.table.columns.fields().to_vec();
        fields.push(field);
        self.table.columns = Arc::new(Columns::new(fields));
        self.table.last_number += 1;
        self.table.attributes.push(Attribute {
            number: self.table.last_number,
            default: None,
            identity: None,
            comment: None,
        });
        Ok(())
    }

    /// Makes it a log: what the commit gives comes behind its columns.
    /// Errors: 42701 for a column of such a name; 0A000 for what a log cannot have.
    pub(super) fn make_log(&mut self) -> Result<()> {
        for (name, oid, stamp) in
            [(log::SEQ, types::INT8, Stamp::Seq), (log::TIME, types::TIMESTAMPTZ, Stamp::Time)]
        {
            let field = decode::field(oid)
                .unwrap_or_else(|| Field::new(name, decode::data_type(oid), false));
            self.add_field(Arc::new(field.with_name(name).with_nullable(false)))?;
            if let Some(attribute) = self.table.attributes.last_mut() {
                attribute.default = Some(Default::Stamped(stamp));
                attribute.identity = (stamp == Stamp::Seq).then_some(Identity::Always);
            }
        }
        self.table.is_log = true;
        check_log(&self.table)
    }

    /// Puts another field in the place of a column's.
    pub(super) fn set_field(&mut self, place: usize, change: impl Fn(Field) -> Field) {
        let fields = self.table.columns.fields().iter().enumerate().map(|(at, field)| {
            if at == place { Arc::new(change((**field).clone())) } else { Arc::clone(field) }
        });
        self.table.columns = Arc::new(Columns::new(fields.collect::<Vec<FieldRef>>()));
    }

    pub(super) fn set_not_null(&mut self, number: i16) {
        if let Some(place) = self.table.place(number) {
            self.set_field(place, |field| field.with_nullable(false));
        }
    }

    /// What a column is where nothing is said; `None` for NULL.
    pub(super) fn set_default(
        &mut self,
        number: i16,
        default: Option<&DefaultDefinition>,
    ) -> Result<()> {
        let Some(place) = self.table.place(number) else { return Ok(()) };
        let pg_type = types::of_field(self.table.columns.field(place));
        let (default, identity) = match default {
            None => (None, None),
            Some(DefaultDefinition::Expression(expression)) => {
                (self.expression_default(expression, pg_type)?, None)
            }
            Some(DefaultDefinition::Generated(expression)) => {
                (Some(Default::Generated(expression.text.clone())), None)
            }
            Some(DefaultDefinition::Serial(kind)) => {
                let options =
                    SequenceOptions { data_type: Some(*kind), ..SequenceOptions::default() };
                (Some(Default::Next(self.own_sequence(number, &options)?)), None)
            }
            Some(DefaultDefinition::Identity(identity, options)) => {
                let data_type = match pg_type.oid {
                    types::INT2 => SequenceType::SmallInt,
                    types::INT4 => SequenceType::Integer,
                    types::INT8 => SequenceType::BigInt,
                    _ => {
                        let message = "identity column type must be smallint, integer, or bigint";
                        return Err(Error::InvalidParameterValue(message.to_owned()));
                    }
                };
                let options = SequenceOptions { data_type: Some(data_type), ..(**options).clone() };
                (Some(Default::Next(self.own_sequence(number, &options)?)), Some(*identity))
            }
        };
        if let Some(attribute) = self.table.attributes.get_mut(place) {
            attribute.default = default;
            attribute.identity = identity;
        }
        if identity.is_some() {
            self.set_not_null(number);
        }
        Ok(())
    }

    fn expression_default(
        &self,
        expression: &Expression,
        pg_type: PgType,
    ) -> Result<Option<Default>> {
        let uses = Uses::of(&expression.expr);
        if !uses.columns.is_empty() {
            let message = "cannot use column reference in DEFAULT expression".to_owned();
            return Err(Error::FeatureNotSupported(message).at(expression.position));
        }
        if uses.subquery {
            let message = "cannot use subquery in DEFAULT expression".to_owned();
            return Err(Error::FeatureNotSupported(message).at(expression.position));
        }
        if let Some(name) = super::deparse::nextval_of(&expression.expr)
            && let Some(sequence) = crate::pg::functions::sequence_named(&name, self.facts)
        {
            return Ok(Some(Default::Next(sequence.ids.relation)));
        }
        Ok(super::deparse::default(expression, pg_type).map(Default::Expression))
    }

    /// Makes the sequence of a column.
    /// Errors: 0A000 for a temporary table.
    fn own_sequence(&mut self, number: i16, options: &SequenceOptions) -> Result<u32> {
        if self.schema.is_none() {
            let message = "sequences of temporary tables are not supported".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        let column = self.table.column(number).unwrap_or_default().to_owned();
        let name = self.choose(&[&self.table.name.clone(), &column], "seq");
        let ids = RelationIds { relation: self.oid()?, row_type: 0, array_type: 0 };
        let new = Sequence {
            name,
            ids,
            owner: self.table.owner.clone(),
            owned_by: Some((self.table.ids.relation, number)),
            ..define::new_sequence(options)
        };
        let (sequence, position) = define::options(new, options, None)?;
        self.sequences.push((Arc::new(sequence), position));
        Ok(ids.relation)
    }

    // ---- names

    /// A name that no relation of the schema has (PostgreSQL's `ChooseRelationName`).
    pub(super) fn choose(&mut self, parts: &[&str], label: &str) -> String {
        let mut name = made(parts, label);
        let mut count = 0_usize;
        while self.is_relation(&name) {
            count += 1;
            name = made(parts, &format!("{label}{count}"));
        }
        self.names.insert(name.clone());
        name
    }

    fn is_relation(&self, name: &str) -> bool {
        self.names.contains(name)
            || self.table.name == *name
            || self.table.indexes.iter().any(|index| index.name == *name)
            || self.schema.as_ref().is_some_and(|schema| schema.has_relation(name))
    }

    /// A name that no constraint of the table has.
    fn choose_constraint(&self, parts: &[&str], label: &str) -> String {
        let taken = |name: &str| self.table.constraints.iter().any(|it| it.name == *name);
        let mut name = made(parts, label);
        let mut count = 0_usize;
        while taken(&name) {
            count += 1;
            name = made(parts, &format!("{label}{count}"));
        }
        name
    }

    // ---- constraints and indexes

    /// Adds a constraint.
    /// Errors: 42703, 42701, 42P16, 42710; those of what it names.
    pub(super) fn add_constraint(&mut self, constraint: &ConstraintDefinition) -> Result<()> {
        if let Some(name) = &constraint.name
            && self.table.constraints.iter().any(|it| it.name == *name)
        {
            let table = &self.table.name;
            let message = match constraint.rule {
                RuleDefinition::Check(_) if self.is_new => {
                    format!("check constraint \"{name}\" already exists")
                }
                _ => format!("constraint \"{name}\" for relation \"{table}\" already exists"),
            };
            return Err(Error::DuplicateObject(message));
        }
        match &constraint.rule {
            RuleDefinition::PrimaryKey(columns) => {
                let is_new = self.is_new;
                self.check_one_key().map_err(|error| match is_new {
                    true => error.at(constraint.position),
                    false => error,
                })?;
                let numbers = self.key(columns, "primary key", constraint.position)?;
                for number in &numbers {
                    self.set_not_null(*number);
                }
                let name = match &constraint.name {
                    Some(name) => self.named_index(name)?,
                    None => self.choose(&[&self.table.name.clone()], "pkey"),
                };
                let index = self.add_index(name.clone(), plain(&numbers), true, true)?;
                self.push(name, Rule::PrimaryKey(index))
            }
            RuleDefinition::Unique { columns, nulls_distinct } => {
                let numbers = self.key(columns, "unique", constraint.position)?;
                let name = match &constraint.name {
                    Some(name) => self.named_index(name)?,
                    None => {
                        let mut parts = vec![self.table.name.clone()];
                        parts.push(listed(columns.iter().map(|column| column.name.as_str())));
                        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                        self.choose(&parts, "key")
                    }
                };
                let index = self.add_index(name.clone(), plain(&numbers), true, *nulls_distinct)?;
                self.push(name, Rule::Unique(index))
            }
            RuleDefinition::UsingIndex { primary, index } => {
                self.use_index(constraint.name.as_ref(), *primary, index)
            }
            RuleDefinition::Check(expression) => {
                let uses = Uses::of(&expression.expr);
                if uses.subquery {
                    let message = "cannot use subquery in check constraint".to_owned();
                    return Err(Error::FeatureNotSupported(message));
                }
                let name = match &constraint.name {
                    Some(name) => name.clone(),
                    None => {
                        let table = self.table.name.clone();
                        let column = match (&constraint.column, uses.columns.as_slice()) {
                            (Some(column), _) | (None, [column]) => Some(column.clone()),
                            _ => None,
                        };
                        let parts: Vec<&str> =
                            std::iter::once(table.as_str()).chain(column.as_deref()).collect();
                        self.choose_constraint(&parts, "check")
                    }
                };
                self.push(name, Rule::Check(super::deparse::check(expression, &self.table.columns)))
            }
            RuleDefinition::ForeignKey { .. } => self.add_foreign_key(constraint),
        }
    }

    fn check_one_key(&self) -> Result<()> {
        if self.table.primary_key().is_none() {
            return Ok(());
        }
        let name = &self.table.name;
        let message = format!("multiple primary keys for table \"{name}\" are not allowed");
        Err(Error::InvalidTableDefinition(message))
    }

    fn push(&mut self, name: String, rule: Rule) -> Result<()> {
        let oid = self.oid()?;
        self.table.constraints.push(Constraint { oid, name, rule, comment: None });
        Ok(())
    }

    /// The name of an index that a statement gives.
    /// Errors: 42P07.
    pub(super) fn named_index(&mut self, name: &str) -> Result<String> {
        if self.is_relation(name) {
            return Err(Error::DuplicateTable(name.to_owned()));
        }
        self.names.insert(name.to_owned());
        Ok(name.to_owned())
    }

    pub(super) fn add_index(
        &mut self,
        name: String,
        keys: Vec<IndexKey>,
        unique: bool,
        nulls_distinct: bool,
    ) -> Result<u32> {
        if INDEX_KEYS_MAX < keys.len() {
            let message = format!("cannot use more than {INDEX_KEYS_MAX} columns in an index");
            return Err(Error::TooManyColumns(message));
        }
        for key in &keys {
            self.check_comparable(key.column)?;
        }
        let oid = self.oid()?;
        let method = "btree".to_owned();
        let index = Index {
            oid,
            name,
            keys,
            predicate: None,
            unique,
            nulls_distinct,
            method,
            comment: None,
        };
        self.table.indexes.push(index);
        Ok(oid)
    }

    /// Errors: 42704 for a type whose values have no order.
    fn check_comparable(&self, number: i16) -> Result<()> {
        let Some(place) = self.table.place(number) else { return Ok(()) };
        let pg_type = types::of_field(self.table.columns.field(place));
        let kind = match pg_type.oid {
            types::JSON => "json",
            types::XML => "xml",
            types::POINT => "point",
            _ => return Ok(()),
        };
        let message =
            format!("data type {kind} has no default operator class for access method \"btree\"");
        Err(Error::UndefinedObject(message)
            .hint("You must specify an operator class for the index or define a default operator class for the data type."))
    }

    /// The numbers of the columns of a key.
    /// Errors: 42703, 42701.
    fn key(&self, columns: &[Named], what: &str, position: usize) -> Result<Vec<i16>> {
        let mut numbers = Vec::with_capacity(columns.len());
        for column in columns {
            let name = &column.name;
            let Some(number) = self.table.number(name) else {
                let message = format!("column \"{name}\" named in key does not exist");
                return Err(Error::UndefinedColumn(message).at(position));
            };
            if numbers.contains(&number) {
                let message = format!("column \"{name}\" appears twice in {what} constraint");
                return Err(Error::ColumnTwice(message).at(position));
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    fn use_index(&mut self, name: Option<&String>, primary: bool, index: &str) -> Result<()> {
        if primary {
            self.check_one_key()?;
        }
        let Some(at) = self.table.indexes.iter().position(|own| own.name == *index) else {
            let message = format!("index \"{index}\" does not exist");
            return Err(Error::UndefinedObject(message));
        };
        let Some(own) = self.table.indexes.get_mut(at) else { return Ok(()) };
        if !own.unique {
            let message = format!("\"{index}\" is not a unique index");
            return Err(Error::WrongObjectType(message));
        }
        let oid = own.oid;
        if self.table.constraint_of(oid).is_some() {
            let message = format!("index \"{index}\" is already associated with a constraint");
            return Err(Error::NotInPrerequisiteState(message));
        }
        let name = name.map_or_else(|| index.to_owned(), Clone::clone);
        let Some(own) = self.table.indexes.get_mut(at) else { return Ok(()) };
        own.name.clone_from(&name);
        let columns: Vec<i16> = own.keys.iter().map(|key| key.column).collect();
        if primary {
            for column in columns {
                self.set_not_null(column);
            }
        }
        let rule = if primary { Rule::PrimaryKey(oid) } else { Rule::Unique(oid) };
        self.push(name, rule)
    }

    fn add_foreign_key(&mut self, constraint: &ConstraintDefinition) -> Result<()> {
        let RuleDefinition::ForeignKey { columns, schema, table, referenced, on_delete, on_update } =
            &constraint.rule
        else {
            return Ok(());
        };
        if self.schema.is_none() {
            let message = "foreign keys of temporary tables are not supported".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        if [on_delete, on_update].contains(&&Action::SetDefault) {
            let message = "SET DEFAULT of a foreign key is not supported".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        let numbers = self.referencing(columns)?;
        let own = self.schema.as_ref().is_some_and(|own| {
            schema.as_ref().is_none_or(|schema| *schema == own.name) && *table == self.table.name
        });
        let found = match own {
            true => Some(Arc::new(self.table.clone())),
            false => self.facts.written(schema.as_deref(), table).map(|(_, table)| table),
        };
        let Some(of) = found else {
            if self.facts.view(schema.as_deref(), table).is_some() {
                let message = format!("referenced relation \"{table}\" is not a table");
                return Err(Error::WrongObjectType(message));
            }
            let name = define::shown(schema.as_deref(), table);
            return Err(Error::UndefinedTable(name));
        };
        let keys = referenced_key(&of, referenced)?;
        if keys.len() != numbers.len() {
            let message =
                "number of referencing and referenced columns for foreign key disagree".to_owned();
            return Err(Error::InvalidForeignKey(message));
        }
        let label = match &constraint.name {
            Some(name) => name.clone(),
            None => {
                let columns = listed(columns.iter().map(|column| column.name.as_str()));
                let table = self.table.name.clone();
                self.choose_constraint(&[&table, &columns], "fkey")
            }
        };
        self.check_kinds(&label, &numbers, &of, &keys)?;
        let key = ForeignKey {
            columns: numbers,
            table: of.ids.relation,
            referenced: keys,
            on_delete: *on_delete,
            on_update: *on_update,
        };
        self.push(label, Rule::ForeignKey(key))
    }

    fn referencing(&self, columns: &[Named]) -> Result<Vec<i16>> {
        let number = |column: &Named| {
            let name = &column.name;
            let message =
                || format!("column \"{name}\" referenced in foreign key constraint does not exist");
            self.table.number(name).ok_or_else(|| Error::UndefinedColumn(message()))
        };
        columns.iter().map(number).collect()
    }

    /// Errors: 42804 for types that cannot be equal.
    fn check_kinds(&self, label: &str, numbers: &[i16], of: &Table, keys: &[i16]) -> Result<()> {
        for (number, key) in numbers.iter().zip(keys) {
            let kind = |table: &Table, number: i16| {
                let field = table.columns.fields().get(table.place(number)?)?;
                Some((field.name().clone(), types::of_field(field).oid))
            };
            let (Some((name, own)), Some((other_name, other))) =
                (kind(&self.table, *number), kind(of, *key))
            else {
                continue;
            };
            if own != other && class(own) != class(other) {
                let message = format!("foreign key constraint \"{label}\" cannot be implemented");
                let (own, other) = (types::sql_name(own), types::sql_name(other));
                return Err(Error::DatatypeMismatch(message).detail(format!(
                    "Key columns \"{name}\" and \"{other_name}\" are of incompatible types: {own} and {other}."
                )));
            }
        }
        Ok(())
    }
}

/// Types whose values a foreign key may compare.
fn class(oid: u32) -> u32 {
    match oid {
        types::INT2 | types::INT4 | types::INT8 => types::INT8,
        types::TEXT | types::VARCHAR => types::TEXT,
        other => other,
    }
}

/// The key of a table that foreign keys name.
/// Errors: 42704, 42703, 42830.
fn referenced_key(of: &Table, columns: &[String]) -> Result<Vec<i16>> {
    if columns.is_empty() {
        let Some((_, index)) = of.primary_key() else {
            let message = format!("there is no primary key for referenced table \"{}\"", of.name);
            return Err(Error::UndefinedObject(message));
        };
        return Ok(index.keys.iter().map(|key| key.column).collect());
    }
    let mut numbers = Vec::with_capacity(columns.len());
    for name in columns {
        let message =
            || format!("column \"{name}\" referenced in foreign key constraint does not exist");
        numbers.push(of.number(name).ok_or_else(|| Error::UndefinedColumn(message()))?);
    }
    let wanted: BTreeSet<i16> = numbers.iter().copied().collect();
    let key = of.indexes.iter().any(|index| {
        let own: BTreeSet<i16> = index.keys.iter().map(|key| key.column).collect();
        index.unique && own == wanted
    });
    if !key {
        let table = &of.name;
        let message = format!(
            "there is no unique constraint matching given keys for referenced table \"{table}\""
        );
        return Err(Error::InvalidForeignKey(message));
    }
    Ok(numbers)
}

/// Keys in ascending order.
pub(super) fn plain(numbers: &[i16]) -> Vec<IndexKey> {
    let key = |column: &i16| IndexKey {
        column: *column,
        expression: None,
        descending: false,
        nulls_first: false,
    };
    numbers.iter().map(key).collect()
}

/// A name made of parts (PostgreSQL's `makeObjectName`): the longer ones are cut where it would be too long.
fn made(parts: &[&str], label: &str) -> String {
    let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
    let length =
        |parts: &[String]| parts.iter().map(|part| part.len() + 1).sum::<usize>() + label.len();
    while NAME_BYTES_MAX < length(&parts) {
        let Some(longest) = parts.iter_mut().rev().max_by_key(|part| part.len()) else { break };
        if longest.pop().is_none() {
            break;
        }
    }
    parts.push(label.to_owned());
    parts.join("_")
}

/// Names of columns as a part of a name.
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join("_")
}

/// The field of a column as it is written.
/// Errors: those of its type; 0A000.
pub(super) fn field_of(column: &ColumnDefinition, text: &Arc<str>) -> Result<Field> {
    let field = typed_field(&column.name, &column.data_type, text)?;
    Ok(field.with_nullable(!column.not_null))
}

/// A field of the type that `data_type` writes.
/// Errors: those of the type; 0A000.
pub(super) fn typed_field(name: &str, data_type: &SqlType, text: &Arc<str>) -> Result<Field> {
    let planned = Types.plan_type_field(data_type);
    let planned = planned.map_err(|error| failure::of(error, text))?;
    let Some(field) = planned else {
        return Err(Error::Internal(format!("no type of column \"{name}\"")));
    };
    supported(name, types::of_field(&field))?;
    Ok((*field).clone().with_name(name))
}

/// Errors: 0A000 for types whose values a column would not keep as PostgreSQL does.
fn supported(name: &str, pg_type: PgType) -> Result<()> {
    let reason = match types::element_of(pg_type.oid).unwrap_or(pg_type.oid) {
        types::NUMERIC if pg_type.modifier < 0 => "Give a precision and a scale.",
        types::BIT | types::VARBIT if pg_type.modifier >= 0 => "bit varying without a length is.",
        _ => return Ok(()),
    };
    let kind = types::format_type(pg_type.oid, pg_type.modifier);
    let message = format!("column \"{name}\" of type {kind} is not supported");
    Err(Error::FeatureNotSupported(message).hint(reason))
}

/// Errors: 0A000 for what a log cannot have: a key would have to be looked for in all its rows.
pub(super) fn check_log(table: &Table) -> Result<()> {
    let unsupported =
        |what: &str| Err(Error::FeatureNotSupported(format!("{what} of logs are not supported")));
    for constraint in &table.constraints {
        match &constraint.rule {
            Rule::PrimaryKey(_) => return unsupported("primary keys"),
            Rule::Unique(_) => return unsupported("unique constraints"),
            Rule::ForeignKey(_) => return unsupported("foreign keys"),
            Rule::Check(text) => check_stamps("check constraint", text)?,
        }
    }
    if table.indexes.iter().any(|index| index.unique) {
        return unsupported("unique indexes");
    }
    for (attribute, field) in table.attributes.iter().zip(table.columns.fields()) {
        if !crate::log::storable(field.data_type()) {
            let kind = types::sql_name(types::of_field(field).oid);
            return unsupported(&format!("columns of type {kind}"));
        }
        if let Some(Default::Generated(text)) = &attribute.default {
            check_stamps("generation expression", text)?;
        }
    }
    Ok(())
}

/// Errors: 42P17 for an expression of what is not known before the commit.
fn check_stamps(what: &str, text: &str) -> Result<()> {
    let uses = Uses::of(&crate::query::parse::expression(text)?);
    let stamped = uses.columns.iter().find(|name| [log::SEQ, log::TIME].contains(&name.as_str()));
    match stamped {
        None => Ok(()),
        Some(name) => Err(Error::InvalidObjectDefinition(format!(
            "{what} cannot use column \"{name}\", which the commit gives"
        ))),
    }
}

/// What an expression names.
#[derive(Default)]
pub(super) struct Uses {
    /// Columns, each once.
    pub(super) columns: Vec<String>,
    /// Whether it has a query in it.
    pub(super) subquery: bool,
}

impl Uses {
    pub(super) fn of(expr: &Expr) -> Uses {
        let mut uses = Uses::default();
        // The visitor never breaks.
        let _done = expr.visit(&mut uses);
        uses
    }

    fn add(&mut self, name: &datafusion::sql::sqlparser::ast::Ident) {
        let name = match name.quote_style {
            Some(_) => name.value.clone(),
            None => name.value.to_lowercase(),
        };
        if !self.columns.contains(&name) {
            self.columns.push(name);
        }
    }
}

impl Visitor for Uses {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(name) => self.add(name),
            Expr::CompoundIdentifier(parts) => {
                if let Some(name) = parts.last() {
                    self.add(name);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, _: &datafusion::sql::sqlparser::ast::Query) -> ControlFlow<()> {
        self.subquery = true;
        ControlFlow::Continue(())
    }
}

/// The columns of a table as a type of rows for new ones.
pub(super) fn columns_of(fields: Vec<FieldRef>) -> SchemaRef {
    Arc::new(Columns::new(fields))
}
