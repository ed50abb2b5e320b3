//! ALTER TABLE: each part makes another table of the one before it, and all of them become so together.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::FieldRef;
use datafusion::sql::sqlparser::ast::{DataType as SqlType, Expr, Ident, VisitMut, VisitorMut};

use super::SqlSession;
use super::assigned::{Places, written_type};
use super::builder::{Builder, Uses, check_log, columns_of, typed_field};
use super::changed::{Target, internal};
use super::completed::{in_order, of_rows, with_numbers};
use super::table::{TRIES_MAX, no_column, no_constraint, rename_own_index};
use super::written::{Written, again};
use crate::catalog::change::Change;
use crate::catalog::dependents::Object;
use crate::catalog::retyped;
use crate::catalog::table::{Constraint, Default, Rule, Table};
use crate::catalog::written::{Position, Sequence};
use crate::error::{Error, Result};
use crate::pg::facts::{Facts, TemporaryTable};
use crate::pg::types;
use crate::query::door::Outcome;
use crate::query::parse::definition::{
    ColumnChange, ColumnDefinition, ConstraintDefinition, DefaultDefinition, Expression,
    TableAction,
};
use crate::query::parse::{self, Refused};
use crate::rows::{Refused as RowsRefused, Rows, batch_of};

/// A table on its way.
struct Altered {
    /// Its schema; a temporary one has none.
    schema: Option<String>,
    table: Table,
    /// All rows, with the columns that the table has now.
    rows: RecordBatch,
    /// Whether they were looked at: nobody may change them meanwhile.
    looked: bool,
    /// Whether there are other values in them than before.
    rewritten: bool,
    /// Sequences that come.
    sequences: Vec<(Arc<Sequence>, Option<Position>)>,
    /// Sequences that go.
    dropped: Vec<u32>,
    /// Other tables that change with it.
    others: Vec<Change>,
}

impl SqlSession {
    /// ALTER TABLE of tables, and of sequences, which PostgreSQL's dumps use.
    pub(super) async fn alter_table(
        &mut self,
        actions: &Result<Vec<TableAction>>,
        refused: &Refused,
        text: &Arc<str>,
    ) -> Result<Outcome> {
        let done = Outcome::Done(refused.tag.to_owned());
        let mut tries = 0;
        loop {
            if self.alters_view(actions, refused).await? {
                return Ok(done);
            }
            let Some(written) = self.written_first(refused) else {
                if self.alters_sequence(refused).await? {
                    return Ok(done);
                }
                return self.refuse(refused, text).await;
            };
            let actions = actions.as_ref().map_err(Clone::clone)?;
            if written.schema.is_some() {
                self.writable(refused.tag)?;
                let facts = self.facts("");
                self.own_table(&facts, &written.table)?;
            }
            let altered = self.altered(&written, actions, text).await?;
            let deferred = self.deferred();
            match self.put_altered(&written, altered).await {
                Err(error) if !deferred && tries < TRIES_MAX && again(error.bare()) => tries += 1,
                Err(error) => return Err(error),
                Ok(()) => return Ok(done),
            }
        }
    }

    /// The table after all parts.
    async fn altered(
        &mut self,
        written: &Written,
        actions: &[TableAction],
        text: &Arc<str>,
    ) -> Result<Altered> {
        let rows = written.rows.batches();
        let rows = match written.table.columns.fields().is_empty() {
            true => batch_of(&written.table.columns, Vec::new(), written.rows.len())?,
            false => concat_batches(&written.table.columns, &rows).map_err(internal)?,
        };
        let mut altered = Altered {
            schema: written.schema.clone(),
            table: (*written.table).clone(),
            rows,
            looked: false,
            rewritten: false,
            sequences: Vec::new(),
            dropped: Vec::new(),
            others: Vec::new(),
        };
        let since = self.generation().since(written.table.ids.relation);
        for action in actions {
            if let Some(since) = since {
                check_log_action(&altered.table, action, 0 < since)?;
            }
            self.alter(&mut altered, action, text).await?;
        }
        if since.is_some() {
            check_log(&altered.table)?;
        }
        Ok(altered)
    }

    async fn alter(
        &mut self,
        altered: &mut Altered,
        action: &TableAction,
        text: &Arc<str>,
    ) -> Result<()> {
        match action {
            TableAction::Nothing | TableAction::SetOptions(_) | TableAction::ResetOptions(_) => {
                Ok(())
            }
            TableAction::AddColumn { column, constraints, if_not_exists } => {
                if altered.table.number(&column.name).is_some() {
                    let (name, table) = (&column.name, &altered.table.name);
                    let message =
                        format!("column \"{name}\" of relation \"{table}\" already exists");
                    if !if_not_exists {
                        return Err(Error::ColumnTwice(message));
                    }
                    self.notice("NOTICE", "42701", format!("{message}, skipping"));
                    return Ok(());
                }
                self.add_column(altered, column, text).await?;
                for constraint in constraints {
                    self.add_constraint(altered, constraint, text).await?;
                }
                Ok(())
            }
            TableAction::DropColumn { name, if_exists, cascade } => {
                self.drop_column(altered, name, *if_exists, *cascade)
            }
            TableAction::AlterColumn { name, change } => {
                self.alter_column(altered, name, change, text).await
            }
            TableAction::RenameColumn { name, to } => rename_column(altered, name, to),
            TableAction::RenameConstraint { name, to } => {
                let table = &mut altered.table;
                if table.constraints.iter().any(|it| it.name == *to) {
                    let table = &table.name;
                    return Err(Error::DuplicateObject(format!(
                        "constraint \"{to}\" for relation \"{table}\" already exists"
                    )));
                }
                let own = table.constraints.iter_mut().find(|it| it.name == *name);
                let Some(constraint) = own else {
                    return Err(no_table_constraint(name, &table.name));
                };
                match constraint.rule {
                    Rule::PrimaryKey(_) | Rule::Unique(_) => rename_own_index(table, name, to),
                    _ => constraint.name.clone_from(to),
                }
                Ok(())
            }
            TableAction::AddConstraint(constraint) => {
                self.add_constraint(altered, constraint, text).await
            }
            TableAction::DropConstraint { name, if_exists, cascade } => {
                self.drop_constraint(altered, name, *if_exists, *cascade)
            }
            TableAction::Rename(to) => {
                if altered.schema.is_none() && self.has_temporary(to) {
                    return Err(Error::DuplicateTable(to.clone()));
                }
                altered.table.name.clone_from(to);
                Ok(())
            }
            TableAction::SetSchema(to) => {
                let facts = self.facts("");
                let place = self.place(&facts, Some(to), &altered.table.name)?;
                if altered.schema.is_none() {
                    let message = "cannot move objects into or out of temporary schemas";
                    return Err(Error::FeatureNotSupported(message.to_owned()));
                }
                if altered.schema.as_ref() != Some(&place.name)
                    && place.has_relation(&altered.table.name)
                {
                    let (name, schema) = (&altered.table.name, &place.name);
                    let message =
                        format!("relation \"{name}\" already exists in schema \"{schema}\"");
                    return Err(Error::DuplicateRelation(message));
                }
                altered.schema = Some(place.name.clone());
                Ok(())
            }
            TableAction::Owner(owner) => {
                let owner = self.named_role(owner);
                self.may_give_to(&owner)?;
                altered.table.owner = owner;
                Ok(())
            }
        }
    }

    /// Works on the table with a builder, and takes what it made.
    fn build(
        &self,
        altered: &mut Altered,
        facts: &Facts,
        work: impl FnOnce(&mut Builder<'_>) -> Result<()>,
    ) -> Result<()> {
        let schema = altered.schema.as_ref();
        let schema = schema.and_then(|name| facts.generation.schema(name)).cloned();
        let mut builder = Builder::of(&self.engine.catalog, facts, schema, altered.table.clone());
        work(&mut builder)?;
        altered.table = builder.table;
        altered.sequences.extend(builder.sequences);
        Ok(())
    }

    async fn add_column(
        &mut self,
        altered: &mut Altered,
        column: &ColumnDefinition,
        text: &Arc<str>,
    ) -> Result<()> {
        let facts = self.facts(text);
        let facts = self.indexed(facts).await?;
        // Rows that are there get their values before NOT NULL counts.
        let loose = ColumnDefinition { not_null: false, ..column.clone() };
        self.build(altered, &facts, |builder| builder.add_column(&loose, text))?;
        let table = Arc::new(altered.table.clone());
        self.check_definition(&table, text).await?;
        let place = table.columns.fields().len().saturating_sub(1);
        let kind = table.columns.field(place).data_type().clone();
        let mut arrays = altered.rows.columns().to_vec();
        arrays.push(arrow::array::new_null_array(&kind, altered.rows.num_rows()));
        let fields: Vec<FieldRef> = table
            .columns
            .fields()
            .iter()
            .map(|field| Arc::new((**field).clone().with_nullable(true)))
            .collect();
        altered.rows = batch_of(&columns_of(fields), arrays, altered.rows.num_rows())?;
        let default = table.attributes.get(place).and_then(|it| it.default.clone());
        if let Some(default) = default
            && 0 < altered.rows.num_rows()
        {
            let sql = match &default {
                // A sequence that only comes with this statement gives its numbers here.
                Default::Next(oid) => {
                    self.number_rows(altered, *oid, place)?;
                    None
                }
                Default::Expression(own) | Default::Generated(own) => Some(own.clone()),
                Default::Stamped(_) => None,
            };
            if let Some(sql) = sql {
                self.rewrite(altered, place, &sql, text).await?;
            }
        }
        if column.not_null || !table.columns.field(place).is_nullable() {
            self.set_not_null(altered, place)?;
        }
        Ok(())
    }

    /// Gives each row the next number of a sequence that this statement makes.
    fn number_rows(&mut self, altered: &mut Altered, oid: u32, place: usize) -> Result<()> {
        let count = altered.rows.num_rows();
        let own = altered.sequences.iter_mut().find(|(it, _)| it.ids.relation == oid);
        let mut numbers = Vec::with_capacity(count);
        match own {
            Some((sequence, Some(position))) => {
                for _ in 0..count {
                    let next = match position.is_called {
                        true => position.last.checked_add(sequence.increment),
                        false => Some(position.last),
                    };
                    let next = next.filter(|it| (sequence.min..=sequence.max).contains(it));
                    let next = next.ok_or_else(|| {
                        let name = &sequence.name;
                        let message = format!(
                            "nextval: reached maximum value of sequence \"{name}\" ({})",
                            sequence.max
                        );
                        Error::SequenceLimit(message)
                    })?;
                    (position.last, position.is_called) = (next, true);
                    numbers.push(next);
                }
            }
            _ => {
                let generation = self.generation();
                let Some((_, sequence)) = generation.sequence_by_oid(oid) else {
                    return Err(Error::Internal(format!("no sequence {oid}")));
                };
                for _ in 0..count {
                    numbers.push(self.sequences.next(sequence)?);
                }
            }
        }
        let array: arrow::array::ArrayRef = Arc::new(arrow::array::Int64Array::from(numbers));
        let kind = altered.table.columns.field(place).data_type();
        let array = arrow::compute::cast(&array, kind).map_err(internal)?;
        altered.put_column(place, array)
    }

    /// Gives a column of all rows the value of an expression of each.
    async fn rewrite(
        &mut self,
        altered: &mut Altered,
        place: usize,
        expression: &str,
        text: &Arc<str>,
    ) -> Result<()> {
        altered.looked = true;
        altered.rewritten = true;
        if altered.rows.num_rows() == 0 {
            return Ok(());
        }
        let sql: Arc<str> = of_rows(&altered.table, &[&expression.to_owned()]).into();
        let query = parse::query_of(&sql)?;
        let places = Places::of(&altered.table).at(&[place])?;
        let facts = self.changing(text, with_numbers(&altered.rows)?);
        let planned = self.plan_assigned(&query, places, (&sql, &[]), facts).await;
        let (planned, places) = planned.map_err(|error| error.nowhere())?;
        let values = in_order(&self.gathered(planned, Vec::new()).await?)?;
        let output = self.settings.meaning().output.clone();
        let none = Rows::empty(&altered.table.columns, &[]);
        let target = Target { table: &altered.table, rows: &none, output: &output };
        let fitted = target.inserted(&places, &[values])?;
        let Some(array) = fitted.columns().get(place) else { return Ok(()) };
        altered.put_column(place, Arc::clone(array))
    }

    /// Errors: 23502 where a row has NULL there.
    fn set_not_null(&self, altered: &mut Altered, place: usize) -> Result<()> {
        altered.looked = true;
        let nulls = altered.rows.columns().get(place).is_some_and(|array| 0 < array.null_count());
        if nulls {
            let (name, table) = (altered.table.columns.field(place).name(), &altered.table.name);
            let message = format!("column \"{name}\" of relation \"{table}\" contains null values");
            return Err(Error::NotNullViolation(message));
        }
        let fields = altered.table.columns.fields().iter().enumerate().map(|(at, field)| {
            match at == place {
                true => Arc::new((**field).clone().with_nullable(false)),
                false => Arc::clone(field),
            }
        });
        altered.table.columns = columns_of(fields.collect());
        Ok(())
    }

    async fn add_constraint(
        &mut self,
        altered: &mut Altered,
        constraint: &ConstraintDefinition,
        text: &Arc<str>,
    ) -> Result<()> {
        let facts = self.facts(text);
        let facts = self.indexed(facts).await?;
        let before = Arc::clone(&altered.table.columns);
        self.build(altered, &facts, |builder| builder.add_constraint(constraint))?;
        // A primary key makes its columns NOT NULL.
        let table = altered.table.clone();
        for (place, field) in table.columns.fields().iter().enumerate() {
            let was = before.fields().get(place).is_some_and(|field| field.is_nullable());
            if was && !field.is_nullable() {
                self.set_not_null(altered, place)?;
            }
        }
        altered.looked = true;
        let table = Arc::new(altered.table.clone());
        self.check_definition(&table, text).await?;
        let Some(new) = table.constraints.last() else { return Ok(()) };
        match &new.rule {
            Rule::Check(_) => {
                let only = Table { constraints: vec![new.clone()], ..(*table).clone() };
                let checked = self.check(&Arc::new(only), &altered.rows, text).await;
                checked.map_err(|error| match error.bare() {
                    Error::CheckViolation(_) => {
                        let (name, table) = (&new.name, &table.name);
                        Error::CheckViolation(format!(
                            "check constraint \"{name}\" of relation \"{table}\" is violated by some row"
                        ))
                    }
                    _ => error,
                })
            }
            Rule::ForeignKey(_) => {
                let rows = Rows::empty(&table.columns, &table.unique());
                let generation = self.generation();
                generation.check_references(&table, &rows, &altered.rows, new)
            }
            Rule::PrimaryKey(_) | Rule::Unique(_) => Ok(()),
        }
    }

    fn drop_column(
        &mut self,
        altered: &mut Altered,
        name: &str,
        if_exists: bool,
        cascade: bool,
    ) -> Result<()> {
        let number = altered.table.number(name);
        let place = number.and_then(|number| altered.table.place(number));
        let (Some(number), Some(place)) = (number, place) else {
            let error = no_column(name, &altered.table.name);
            if !if_exists {
                return Err(error);
            }
            self.notice("NOTICE", "00000", format!("{error}, skipping"));
            return Ok(());
        };
        let generation = self.generation();
        let gone: Vec<u32> = altered
            .table
            .indexes
            .iter()
            .filter(|index| {
                let texts = index.keys.iter().filter_map(|key| key.expression.as_ref());
                let uses = |text: &String| {
                    parse::expression(text)
                        .is_ok_and(|expr| Uses::of(&expr).columns.iter().any(|it| it == name))
                };
                index.keys.iter().any(|key| key.column == number)
                    || texts.chain(index.predicate.as_ref()).any(uses)
            })
            .map(|index| index.oid)
            .collect();
        let facts = self.facts("");
        let table = altered.table.ids.relation;
        let needed = self.cascaded(&facts, &[Object::Column { table, number }], cascade)?;
        altered.others.extend(needed);
        let uses = |constraint: &Constraint| match &constraint.rule {
            Rule::PrimaryKey(index) | Rule::Unique(index) => gone.contains(index),
            Rule::ForeignKey(key) => {
                key.columns.contains(&number)
                    || key.table == altered.table.ids.relation && key.referenced.contains(&number)
            }
            Rule::Check(text) => parse::expression(text)
                .is_ok_and(|expr| Uses::of(&expr).columns.iter().any(|column| column == name)),
        };
        let kept: Vec<Constraint> =
            altered.table.constraints.iter().filter(|it| !uses(it)).cloned().collect();
        for attribute in &altered.table.attributes {
            if let Some(Default::Generated(text)) = &attribute.default
                && attribute.number != number
                && parse::expression(text)
                    .is_ok_and(|expr| Uses::of(&expr).columns.iter().any(|column| column == name))
            {
                let (table, own) = (&altered.table.name, altered.table.column(attribute.number));
                let own = own.unwrap_or_default();
                let message = format!(
                    "cannot drop column {name} of table {table} because other objects depend on it"
                );
                return Err(Error::DependentObjectsStillExist(message)
                    .detail(format!(
                        "column {own} of table {table} depends on column {name} of table {table}"
                    ))
                    .hint("Use DROP ... CASCADE to drop the dependent objects too."));
            }
        }
        altered.table.constraints = kept;
        altered.table.indexes.retain(|index| !gone.contains(&index.oid));
        let relation = altered.table.ids.relation;
        altered.sequences.retain(|(sequence, _)| sequence.owned_by != Some((relation, number)));
        let owned = generation.owned_sequences(relation).into_iter();
        let owned = owned.filter(|(_, it)| it.owned_by == Some((relation, number)));
        altered.dropped.extend(owned.map(|(_, sequence)| sequence.ids.relation));
        altered.table.attributes.remove(place);
        let mut fields = altered.table.columns.fields().to_vec();
        fields.remove(place);
        altered.table.columns = columns_of(fields);
        let mut arrays = altered.rows.columns().to_vec();
        arrays.remove(place);
        let mut fields = altered.rows.schema_ref().fields().to_vec();
        fields.remove(place);
        altered.rows = batch_of(&columns_of(fields), arrays, altered.rows.num_rows())?;
        Ok(())
    }

    /// Takes the foreign keys away that name this column.
    /// Errors: 2BP01 without CASCADE.
    fn drop_referencing(
        &mut self,
        altered: &mut Altered,
        number: i16,
        cascade: bool,
        what: &str,
    ) -> Result<()> {
        let generation = self.generation();
        let own = altered.table.ids.relation;
        for (schema, child, constraint) in generation.referencing(own) {
            let Rule::ForeignKey(key) = &constraint.rule else { continue };
            if child.ids.relation == own || !key.referenced.contains(&number) {
                continue;
            }
            let on = format!("constraint {} on table {}", constraint.name, child.name);
            if !cascade {
                let message = format!("cannot drop {what} because other objects depend on it");
                return Err(Error::DependentObjectsStillExist(message)
                    .detail(format!("{on} depends on {what}"))
                    .hint("Use DROP ... CASCADE to drop the dependent objects too."));
            }
            self.notice("NOTICE", "00000", format!("drop cascades to {on}"));
            let mut without = (**child).clone();
            without.constraints.retain(|it| it.oid != constraint.oid);
            altered.others.push(Change::PutTable {
                was: Some((schema.name.clone(), Arc::clone(child))),
                schema: schema.name.clone(),
                table: Arc::new(without),
                seen: None,
                rows: None,
            });
        }
        Ok(())
    }

    fn drop_constraint(
        &mut self,
        altered: &mut Altered,
        name: &str,
        if_exists: bool,
        cascade: bool,
    ) -> Result<()> {
        let found = altered.table.constraints.iter().find(|it| it.name == *name).cloned();
        let Some(constraint) = found else {
            let error = no_constraint(name, &altered.table.name);
            if !if_exists {
                return Err(error);
            }
            self.notice("NOTICE", "00000", format!("{error}, skipping"));
            return Ok(());
        };
        if let Rule::PrimaryKey(index) | Rule::Unique(index) = constraint.rule {
            let keys = altered.table.index(index).map(|index| index.keys.clone());
            if let Some(key) = keys.unwrap_or_default().first() {
                let what = format!("constraint {name} on table {}", altered.table.name);
                self.drop_referencing(altered, key.column, cascade, &what)?;
            }
            altered.table.indexes.retain(|it| it.oid != index);
        }
        altered.table.constraints.retain(|it| it.oid != constraint.oid);
        Ok(())
    }

    async fn alter_column(
        &mut self,
        altered: &mut Altered,
        name: &str,
        change: &ColumnChange,
        text: &Arc<str>,
    ) -> Result<()> {
        let number = altered.table.number(name);
        let place = number.and_then(|number| altered.table.place(number));
        let (Some(number), Some(place)) = (number, place) else {
            return Err(no_column(name, &altered.table.name));
        };
        match change {
            ColumnChange::Nothing => Ok(()),
            ColumnChange::NotNull(true) => self.set_not_null(altered, place),
            ColumnChange::NotNull(false) => drop_not_null(altered, number, place, name),
            ColumnChange::Default(expression) => {
                let attribute = altered.table.attributes.get(place);
                let table = &altered.table.name;
                if attribute.is_some_and(|it| it.identity.is_some()) {
                    let message =
                        format!("column \"{name}\" of relation \"{table}\" is an identity column");
                    let error = Error::Syntax(message);
                    return Err(match expression {
                        None => error
                            .hint("Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead."),
                        Some(_) => error,
                    });
                }
                if attribute.is_some_and(|it| matches!(it.default, Some(Default::Generated(_)))) {
                    let message =
                        format!("column \"{name}\" of relation \"{table}\" is a generated column");
                    return Err(Error::Syntax(message));
                }
                let facts = self.facts(text);
                let facts = self.indexed(facts).await?;
                let default = expression.clone().map(DefaultDefinition::Expression);
                self.build(altered, &facts, |builder| {
                    builder.set_default(number, default.as_ref())
                })?;
                let table = Arc::new(altered.table.clone());
                self.check_definition(&table, text).await
            }
            ColumnChange::AddIdentity(identity, options) => {
                let field = altered.table.columns.field(place);
                let table = &altered.table.name;
                let attribute = altered.table.attributes.get(place);
                let problem = if field.is_nullable() {
                    Some("must be declared NOT NULL before identity can be added")
                } else if attribute.is_some_and(|it| it.identity.is_some()) {
                    Some("is already an identity column")
                } else if attribute.is_some_and(|it| it.default.is_some()) {
                    Some("already has a default value")
                } else {
                    None
                };
                if let Some(problem) = problem {
                    let message = format!("column \"{name}\" of relation \"{table}\" {problem}");
                    return Err(Error::NotInPrerequisiteState(message));
                }
                let facts = self.facts(text);
                let facts = self.indexed(facts).await?;
                let default = DefaultDefinition::Identity(*identity, options.clone());
                self.build(altered, &facts, |builder| builder.set_default(number, Some(&default)))
            }
            ColumnChange::SetIdentity(identity) => {
                let table = altered.table.name.clone();
                let attribute = altered.table.attributes.get_mut(place);
                let Some(attribute) = attribute.filter(|it| it.identity.is_some()) else {
                    let message = format!(
                        "column \"{name}\" of relation \"{table}\" is not an identity column"
                    );
                    return Err(Error::NotInPrerequisiteState(message));
                };
                attribute.identity = Some(*identity);
                Ok(())
            }
            ColumnChange::DropIdentity { if_exists } => {
                let table = altered.table.name.clone();
                let attribute = altered.table.attributes.get_mut(place);
                let Some(attribute) = attribute.filter(|it| it.identity.is_some()) else {
                    let message = format!(
                        "column \"{name}\" of relation \"{table}\" is not an identity column"
                    );
                    if !if_exists {
                        return Err(Error::NotInPrerequisiteState(message));
                    }
                    self.notice("NOTICE", "00000", format!("{message}, skipping"));
                    return Ok(());
                };
                attribute.identity = None;
                if let Some(Default::Next(oid)) = attribute.default.take() {
                    altered.dropped.push(oid);
                }
                Ok(())
            }
            ColumnChange::Type { data_type, using } => {
                let to = (data_type, using.as_ref());
                self.alter_type(altered, (number, place, name), to, text).await
            }
        }
    }

    async fn alter_type(
        &mut self,
        altered: &mut Altered,
        (number, place, name): (i16, usize, &str),
        (data_type, using): (&SqlType, Option<&Expression>),
        text: &Arc<str>,
    ) -> Result<()> {
        let was = altered.table.columns.field(place).clone();
        let new = typed_field(name, data_type, text)?.with_nullable(was.is_nullable());
        let (from, to) = (types::of_field(&was), types::of_field(&new));
        if using.is_none()
            && from.oid != to.oid
            && !crate::pg::rewrite::assignable(from.oid, to.oid)
        {
            let kind = types::format_type(to.oid, -1);
            let message = format!("column \"{name}\" cannot be cast automatically to type {kind}");
            let quoted = crate::pg::catalog::dynamic::quote_identifier(name);
            let written = types::format_type(to.oid, to.modifier);
            return Err(Error::DatatypeMismatch(message)
                .hint(format!("You might need to specify \"USING {quoted}::{written}\".")));
        }
        let oid = altered.table.ids.relation;
        if let Some(view) = self.reader_of(oid, number) {
            return Err(retyped(&view, name));
        }
        let generated = altered.table.attributes.iter().any(|it| {
            it.number != number
                && matches!(&it.default, Some(Default::Generated(own)) if parse::expression(own)
                    .is_ok_and(|expr| Uses::of(&expr).columns.iter().any(|column| column == name)))
        });
        if generated {
            let message = "cannot alter type of a column used by a generated column".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        let quoted = crate::pg::catalog::dynamic::quote_identifier(name);
        let expression = match using {
            Some(using) => using.text.clone(),
            None => quoted,
        };
        let expression = match using.is_none() && from.oid != to.oid {
            true => format!("{expression}::{}", written_type(to)?),
            false => expression,
        };
        // The expression is of the old column, its value of the new one.
        let values = self.values_as(altered, &new, &expression, text).await?;
        let fields =
            altered.table.columns.fields().iter().enumerate().map(|(at, field)| {
                if at == place { Arc::new(new.clone()) } else { Arc::clone(field) }
            });
        altered.table.columns = columns_of(fields.collect());
        let fields = altered.rows.schema_ref().fields().iter().enumerate().map(|(at, field)| {
            match at == place {
                true => Arc::new(new.clone().with_nullable(true)),
                false => Arc::clone(field),
            }
        });
        let mut arrays = altered.rows.columns().to_vec();
        if let Some(slot) = arrays.get_mut(place) {
            *slot = values;
        }
        altered.rows = batch_of(&columns_of(fields.collect()), arrays, altered.rows.num_rows())?;
        altered.looked = true;
        altered.rewritten = true;
        let table = Arc::new(altered.table.clone());
        self.check_definition(&table, text).await?;
        let checks = table.constraints.iter().any(|it| matches!(it.rule, Rule::Check(_)));
        if checks {
            self.check(&table, &altered.rows, text).await?;
        }
        Ok(())
    }

    /// The values of an expression of each row, as those of `field`.
    async fn values_as(
        &mut self,
        altered: &Altered,
        field: &arrow::datatypes::Field,
        expression: &str,
        text: &Arc<str>,
    ) -> Result<arrow::array::ArrayRef> {
        if altered.rows.num_rows() == 0 {
            return Ok(arrow::array::new_empty_array(field.data_type()));
        }
        let only = Table {
            columns: columns_of(vec![Arc::new(field.clone().with_nullable(true))]),
            attributes: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
            ..altered.table.clone()
        };
        let sql: Arc<str> = of_rows(&altered.table, &[&expression.to_owned()]).into();
        let query = parse::query_of(&sql)?;
        let places = Places::of(&only).at(&[0])?;
        let facts = self.changing(text, with_numbers(&altered.rows)?);
        let planned = self.plan_assigned(&query, places, (&sql, &[]), facts).await;
        let (planned, places) = planned.map_err(|error| error.nowhere())?;
        let values = in_order(&self.gathered(planned, Vec::new()).await?)?;
        let output = self.settings.meaning().output.clone();
        let none = Rows::empty(&only.columns, &[]);
        let target = Target { table: &only, rows: &none, output: &output };
        let fitted = target.inserted(&places, &[values])?;
        let array = fitted.columns().first().cloned();
        array.ok_or_else(|| Error::Internal("an expression without a value".to_owned()))
    }

    /// The rows of a table as another definition has them.
    /// Errors: 23505 with the key that is there twice.
    pub(super) async fn reshaped(&mut self, written: &Written, table: &Arc<Table>) -> Result<Rows> {
        let output = self.settings.meaning().output.clone();
        let (own, table) = (written.clone(), Arc::clone(table));
        let reshaped = self.engine.plan(move || {
            let places: Vec<Option<usize>> =
                table.attributes.iter().map(|it| own.table.place(it.number)).collect();
            let rows = own.rows.reshaped(&table.columns, &places, &table.unique());
            rows.map_err(|refused| {
                let all = concat_batches(&own.table.columns, &own.rows.batches()).ok();
                let target = Target { table: &table, rows: &own.rows, output: &output };
                unbuildable(&target, &refused, all.as_ref())
            })
        });
        self.unless_cancelled(reshaped).await
    }

    /// A temporary table with another definition.
    pub(super) fn put_reshaped(
        &mut self,
        written: &Written,
        table: Arc<Table>,
        rows: Rows,
    ) -> Result<()> {
        let was = self.temporary.table(None, &written.table.name);
        let on_commit = was.map_or(crate::pg::facts::OnCommit::PreserveRows, |was| was.on_commit);
        let name = written.table.name.clone();
        let renamed = table.name != name;
        if renamed {
            self.change_tables(|all| drop(all.remove(&name)))?;
        }
        self.put(TemporaryTable { table, rows: Arc::new(rows), on_commit })
    }

    async fn put_altered(&mut self, written: &Written, altered: Altered) -> Result<()> {
        let Altered { schema, table, rows, looked, rewritten, sequences, dropped, others } =
            altered;
        let table = Arc::new(table);
        let strict = match rewritten || written.schema.is_none() {
            true => Some(batch_of(&table.columns, rows.columns().to_vec(), rows.num_rows())?),
            false => None,
        };
        let output = self.settings.meaning().output.clone();
        let (own, fitted) = (Arc::clone(&table), strict.clone());
        // What is double is told here with its key.
        let checked = self.engine.plan(move || {
            let none = own.no_rows();
            let target = Target { table: &own, rows: &none, output: &output };
            let change = crate::rows::Change {
                inserted: Some(rows.clone()),
                ..crate::rows::Change::default()
            };
            let loose = Rows::empty(rows.schema_ref(), &own.unique());
            loose
                .changed(&change)
                .map_err(|refused| unbuildable(&target, &refused, Some(&rows)))?;
            let change = crate::rows::Change { inserted: fitted, ..crate::rows::Change::default() };
            none.changed(&change).map_err(|refused| target.refused(&refused, None))
        });
        let reshaped = self.unless_cancelled(checked).await?;
        let (Some(from), Some(to)) = (&written.schema, schema) else {
            return self.put_reshaped(written, table, reshaped);
        };
        let mut changes: Vec<Change> = sequences
            .into_iter()
            .map(|(sequence, position)| Change::PutSequence {
                was: None,
                schema: to.clone(),
                sequence,
                position,
            })
            .collect();
        let was = (from.clone(), Arc::clone(&written.table));
        let generation = self.generation();
        if *from != to || written.table.owner != table.owner {
            for (schema, sequence) in generation.owned_sequences(table.ids.relation) {
                let mut moved = (**sequence).clone();
                moved.owner.clone_from(&table.owner);
                changes.push(Change::PutSequence {
                    was: Some((schema.name.clone(), Arc::clone(sequence))),
                    schema: to.clone(),
                    sequence: Arc::new(moved),
                    position: None,
                });
            }
        }
        changes.extend(others);
        if *written.table != *table || *from != to || strict.is_some() {
            changes.push(Change::PutTable {
                was: Some(was),
                schema: to,
                table,
                seen: looked.then(|| written.rows.revision()),
                rows: strict,
            });
        }
        for oid in dropped {
            if let Some((schema, sequence)) = generation.sequence_by_oid(oid) {
                let (schema, name) = (schema.name.clone(), sequence.name.clone());
                changes.push(Change::DropSequence { schema, name, oid });
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        match self.deferred() {
            true => self.add_to_draft(changes),
            false => self.sequences.commit(changes).await.map(drop),
        }
    }
}

impl Altered {
    fn put_column(&mut self, place: usize, array: arrow::array::ArrayRef) -> Result<()> {
        let mut arrays = self.rows.columns().to_vec();
        if let Some(slot) = arrays.get_mut(place) {
            *slot = array;
        }
        self.rows = batch_of(self.rows.schema_ref(), arrays, self.rows.num_rows())?;
        self.looked = true;
        self.rewritten = true;
        Ok(())
    }
}

/// Errors: 0A000 for what would change rows of a log that are there, or what its commits give.
fn check_log_action(log: &Table, action: &TableAction, has_rows: bool) -> Result<()> {
    let unsupported =
        |what: String| Err(Error::FeatureNotSupported(format!("{what} is not supported")));
    let changed = match action {
        TableAction::DropColumn { name, .. }
        | TableAction::AlterColumn { name, .. }
        | TableAction::RenameColumn { name, .. } => Some(name),
        _ => None,
    };
    let place = changed.and_then(|name| log.columns.index_of(name).ok());
    let default = place.and_then(|place| log.attributes.get(place)?.default.as_ref());
    if let (Some(name), Some(Default::Stamped(_))) = (changed, default) {
        return unsupported(format!("changing column \"{name}\" of a log"));
    }
    if !has_rows {
        return Ok(());
    }
    match action {
        TableAction::AddColumn { column, constraints, .. } => {
            let plain = column.default.is_none() && !column.not_null && constraints.is_empty();
            match plain {
                true => Ok(()),
                false => {
                    unsupported("adding a column that is not NULL in the rows of a log".to_owned())
                }
            }
        }
        TableAction::AlterColumn { change, .. } => match &**change {
            ColumnChange::Type { .. } => {
                unsupported("changing the type of a column of a log that has rows".to_owned())
            }
            ColumnChange::NotNull(true)
            | ColumnChange::AddIdentity(..)
            | ColumnChange::SetIdentity(_) => {
                unsupported("SET NOT NULL for a column of a log that has rows".to_owned())
            }
            _ => Ok(()),
        },
        TableAction::AddConstraint(_) => {
            unsupported("adding a constraint to a log that has rows".to_owned())
        }
        _ => Ok(()),
    }
}

fn drop_not_null(altered: &mut Altered, number: i16, place: usize, name: &str) -> Result<()> {
    let key = altered.table.primary_key();
    if key.is_some_and(|(_, index)| index.keys.iter().any(|key| key.column == number)) {
        let message = format!("column \"{name}\" is in a primary key");
        return Err(Error::InvalidTableDefinition(message));
    }
    if altered.table.attributes.get(place).is_some_and(|it| it.identity.is_some()) {
        let table = &altered.table.name;
        let message = format!("column \"{name}\" of relation \"{table}\" is an identity column");
        return Err(Error::Syntax(message));
    }
    let fields =
        altered.table.columns.fields().iter().enumerate().map(|(at, field)| match at == place {
            true => Arc::new((**field).clone().with_nullable(true)),
            false => Arc::clone(field),
        });
    altered.table.columns = columns_of(fields.collect());
    Ok(())
}

fn rename_column(altered: &mut Altered, name: &str, to: &str) -> Result<()> {
    let table = &mut altered.table;
    let Some(place) = table.number(name).and_then(|number| table.place(number)) else {
        return Err(Error::UndefinedColumn(format!("column \"{name}\" does not exist")));
    };
    if table.number(to).is_some() {
        let table = &table.name;
        let message = format!("column \"{to}\" of relation \"{table}\" already exists");
        return Err(Error::ColumnTwice(message));
    }
    let fields = table.columns.fields().iter().enumerate().map(|(at, field)| match at == place {
        true => Arc::new((**field).clone().with_name(to)),
        false => Arc::clone(field),
    });
    table.columns = columns_of(fields.collect());
    for constraint in &mut table.constraints {
        if let Rule::Check(text) = &mut constraint.rule {
            *text = renamed(text, name, to)?;
        }
    }
    for attribute in &mut table.attributes {
        if let Some(Default::Generated(text)) = &mut attribute.default {
            *text = renamed(text, name, to)?;
        }
    }
    for index in &mut table.indexes {
        let texts = index.keys.iter_mut().filter_map(|key| key.expression.as_mut());
        for text in texts.chain(index.predicate.as_mut()) {
            *text = renamed(text, name, to)?;
        }
    }
    let fields = altered.rows.schema_ref().fields().iter().enumerate().map(|(at, field)| {
        match at == place {
            true => Arc::new((**field).clone().with_name(to)),
            false => Arc::clone(field),
        }
    });
    let arrays = altered.rows.columns().to_vec();
    altered.rows = batch_of(&columns_of(fields.collect()), arrays, altered.rows.num_rows())?;
    Ok(())
}

/// An expression in which a column has another name.
fn renamed(text: &str, name: &str, to: &str) -> Result<String> {
    struct Rename<'a>(&'a str, &'a str);
    impl Rename<'_> {
        fn rename(&self, ident: &mut Ident) {
            let same = match ident.quote_style {
                Some(_) => ident.value == self.0,
                None => ident.value.to_lowercase() == self.0,
            };
            if same {
                let quoted = crate::pg::catalog::dynamic::quote_identifier(self.1);
                let quote = quoted.starts_with('"').then_some('"');
                (ident.value, ident.quote_style) = (self.1.to_owned(), quote);
            }
        }
    }
    impl VisitorMut for Rename<'_> {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &mut Expr) -> std::ops::ControlFlow<()> {
            match expr {
                Expr::Identifier(ident) => self.rename(ident),
                Expr::CompoundIdentifier(parts) => {
                    if let Some(ident) = parts.last_mut() {
                        self.rename(ident);
                    }
                }
                _ => {}
            }
            std::ops::ControlFlow::Continue(())
        }
    }
    let mut expr = parse::expression(text)?;
    if !Uses::of(&expr).columns.iter().any(|column| column == name) {
        return Ok(text.to_owned());
    }
    // The visitor never breaks.
    let _done = expr.visit(&mut Rename(name, to));
    Ok(expr.to_string())
}

/// Why a table cannot have its unique indexes over rows.
fn unbuildable(target: &Target<'_>, refused: &RowsRefused, rows: Option<&RecordBatch>) -> Error {
    let RowsRefused::Duplicate { index, row } = refused else {
        return target.refused(refused, None);
    };
    let index = target.table.index(*index);
    let name = index.map_or("?", |index| &index.name);
    let error = Error::UniqueViolation(format!("could not create unique index \"{name}\""));
    let numbers: Vec<i16> =
        index.map_or_else(Vec::new, |index| index.keys.iter().map(|key| key.column).collect());
    match rows {
        Some(rows) => {
            let key = target.key(&numbers, rows, *row);
            error.detail(format!("Key {key} is duplicated."))
        }
        None => error,
    }
}

fn no_table_constraint(name: &str, table: &str) -> Error {
    Error::UndefinedObject(format!("constraint \"{name}\" for table \"{table}\" does not exist"))
}
