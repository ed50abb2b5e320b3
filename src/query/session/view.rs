//! CREATE VIEW, ALTER VIEW, DROP VIEW, and comments on views.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{FieldRef, Schema as Columns};

use super::SqlSession;
use super::define::shown;
use super::dependents::described;
use super::temporary::fields_of;
use crate::catalog::change::Change;
use crate::catalog::dependents::Object;
use crate::catalog::generation::RelationIds;
use crate::catalog::view::{Known, Of, Piece, Reading, View};
use crate::error::{Error, Place, Result};
use crate::pg::catalog::index::{Entity, synthetic};
use crate::pg::catalog::views;
use crate::pg::checks::not_updatable;
use crate::pg::facts::{Facts, TEMPORARY_ALIAS};
use crate::pg::types;
use crate::query::door::Outcome;
use crate::query::parse::definition::{TableAction, ViewDefinition};
use crate::query::parse::{self, Commented, Cut, CutKind, Refused, Relation};
use crate::query::plan::Planned;
use crate::query::{failure, views as planned_views};

/// A view that a statement names: its schema, `None` for one that only the session has.
type Found = (Option<String>, Arc<View>);

impl SqlSession {
    /// CREATE VIEW. Its tag: a materialized view that is there to be read tells its rows.
    /// Errors: those of its query; 42601, 42701, 42P16 for its columns; 42P07, 42809 for another relation of its name; 42P17
    /// for one that would read itself.
    pub(super) async fn create_view(
        &mut self,
        definition: &ViewDefinition,
        text: &Arc<str>,
    ) -> Result<String> {
        let command = match definition.materialized {
            Some(_) => "CREATE MATERIALIZED VIEW",
            None => "CREATE VIEW",
        };
        self.writable(command)?;
        let facts = self.facts(text);
        let facts = self.indexed(facts).await?;
        if definition.if_not_exists {
            let place = self.place(&facts, definition.schema.as_deref(), &definition.name)?;
            if place.has_relation(&definition.name) {
                let error = Error::DuplicateTable(definition.name.clone());
                self.notice("NOTICE", "42P07", format!("{error}, skipping"));
                return Ok(command.to_owned());
            }
        }
        let planned = self.plan(&definition.query, text, &[]).await?;
        if let Some(count) = planned.parameter_types.len().checked_sub(1) {
            let number = count + 1;
            let error = Error::UndefinedParameter(number).near(Place::Word(format!("${number}")));
            return Err(failure::placed(error, text));
        }
        let checks = definition.options.iter().any(|option| option.starts_with("check_option="));
        if definition.check_option || checks {
            return Err(unchecked(&definition.text));
        }
        let columns = columns_of(&planned, &definition.columns)?;
        let mut view = self.viewed(definition, &planned, columns, &facts)?;
        let temporary = self.is_temporary(definition, &view, &facts)?;
        self.check_again(&view, &planned, &facts).await?;
        let was = match temporary {
            true => self.temporary.now.as_ref().and_then(|it| it.views.get(&view.name)).cloned(),
            false => None,
        };
        if temporary {
            if self.temporary.table(None, &view.name).is_some() {
                return Err(match definition.replace {
                    true => not_a_view(&view.name),
                    false => Error::DuplicateTable(view.name),
                });
            }
            match was {
                Some(_) if !definition.replace => return Err(Error::DuplicateTable(view.name)),
                Some(was) => replace(&mut view, &was)?,
                None => view.ids = self.temporary_ids(&view.name),
            }
            self.change_temporary(|all| {
                all.views.insert(view.name.clone(), Arc::new(view));
            })?;
            return Ok(command.to_owned());
        }
        if view.materialized {
            let (engine, own) = (Arc::clone(&self.engine), view.clone());
            let generation = Arc::clone(&facts.generation);
            let follows = self.engine.plan(move || engine.follows(&generation, &own));
            view.follows = self.unless_cancelled(follows).await?;
        }
        let first = self.engine.catalog.take_oids(3)?;
        view.ids = RelationIds { relation: first, array_type: first + 1, row_type: first + 2 };
        self.define(command, |session, facts| {
            let schema = session.place(facts, definition.schema.as_deref(), &definition.name)?;
            let mut view = view.clone();
            let was = match schema.views.get(&view.name) {
                Some(was) if definition.replace => {
                    if was.materialized {
                        return Err(not_a_view(&view.name));
                    }
                    session.own_view(facts, was)?;
                    replace(&mut view, was)?;
                    Some((schema.name.clone(), Arc::clone(was)))
                }
                None if definition.replace && schema.has_relation(&view.name) => {
                    return Err(not_a_view(&view.name));
                }
                _ => None,
            };
            let (schema, view) = (schema.name.clone(), Arc::new(view));
            Ok(Some(Change::PutView { was, schema, view }))
        })
        .await?;
        // Its first reader need not wait then. In a transaction it is made when that commits.
        if view.follows.is_some() && definition.materialized == Some(true) && !self.deferred() {
            let engine = Arc::clone(&self.engine);
            let oid = view.ids.relation;
            let rows = self.unless_cancelled(engine.followed(oid, None)).await?;
            return Ok(format!("SELECT {rows}"));
        }
        Ok(command.to_owned())
    }

    /// REFRESH MATERIALIZED VIEW: it is built anew, and read as it was until then.
    /// Errors: 42P01, 42809; 42501; why it cannot be built.
    pub(super) async fn refresh_view(
        &mut self,
        refused: &Refused,
        text: &Arc<str>,
    ) -> Result<Option<Outcome>> {
        let facts = self.facts(text);
        let facts = self.indexed(facts).await?;
        let [relation] = refused.relations.as_slice() else { return Ok(None) };
        let Some((_, view)) = self.view_named(&facts, relation) else {
            return match named(&facts, relation) {
                Some(_) => Err(not_materialized(&relation.name)),
                None => {
                    let name = shown(relation.schema.as_deref(), &relation.name);
                    Err(Error::UndefinedTable(name))
                }
            };
        };
        check_kind(&view, "REFRESH")?;
        self.own_view(&facts, &view)?;
        self.writable("REFRESH MATERIALIZED VIEW")?;
        if view.follows.is_some() {
            let engine = Arc::clone(&self.engine);
            let before = engine.builds(view.ids.relation);
            engine.following.refresh(view.ids.relation);
            self.unless_cancelled(engine.followed(view.ids.relation, Some(before))).await?;
        }
        Ok(Some(Outcome::Done("REFRESH MATERIALIZED VIEW".to_owned())))
    }

    /// A view without identifiers.
    fn viewed(
        &self,
        definition: &ViewDefinition,
        planned: &Planned,
        columns: Vec<FieldRef>,
        facts: &Facts,
    ) -> Result<View> {
        let query = parse::query_of(&definition.text)?;
        let cuts = parse::cuts(&query, &definition.text);
        let used = planned_views::used(planned.logical(), &planned.reads, facts);
        let Cuttings { written, reads, pieces } = pieces(&definition.text, &cuts, &used, facts);
        let told = super::told::of(&query, &written, &reads, columns.len());
        Ok(View {
            name: definition.name.clone(),
            ids: RelationIds { relation: 0, row_type: 0, array_type: 0 },
            owner: self.user.clone(),
            column_comments: vec![None; columns.len()],
            columns: Arc::new(Columns::new(columns)),
            query: pieces,
            told: told.unwrap_or_default(),
            reads,
            search_path: facts.search_path.clone(),
            options: definition.options.clone(),
            comment: None,
            materialized: definition.materialized.is_some(),
            follows: None,
        })
    }

    /// Whether a view is the session's own: it is said to be, or reads what is.
    /// Errors: 42P16 for another schema.
    fn is_temporary(
        &mut self,
        definition: &ViewDefinition,
        view: &View,
        facts: &Facts,
    ) -> Result<bool> {
        let own = self.temporary_schema();
        let in_own = definition
            .schema
            .as_deref()
            .is_some_and(|schema| schema == TEMPORARY_ALIAS || schema == own);
        let reads = view
            .reads
            .iter()
            .any(|it| views::relation(it, facts).is_some_and(|entity| entity.temporary));
        let temporary = definition.temporary || in_own || reads;
        if temporary && view.materialized {
            let message = "materialized views must not use temporary objects".to_owned();
            return Err(Error::FeatureNotSupported(message));
        }
        if reads && !definition.temporary && !in_own {
            let message = format!("view \"{}\" will be a temporary view", view.name);
            self.notice("NOTICE", "00000", message);
        }
        if temporary && definition.schema.is_some() && !in_own {
            let message = "cannot create temporary relation in non-temporary schema";
            return Err(Error::InvalidTableDefinition(message.to_owned()));
        }
        Ok(temporary)
    }

    fn temporary_ids(&mut self, name: &str) -> RelationIds {
        let number = self.temporary.count().to_string();
        let own = self.temporary_schema();
        let parts = [own.as_str(), name, number.as_str()];
        RelationIds {
            relation: synthetic("relation", &parts),
            row_type: synthetic("row type", &parts),
            array_type: synthetic("array type", &parts),
        }
    }

    /// Whether the text that is kept means what the statement's means.
    /// Errors: 0A000 where it does not.
    async fn check_again(&self, view: &View, planned: &Planned, facts: &Arc<Facts>) -> Result<()> {
        let within = Arc::new(facts.of_view(view));
        let text: Arc<str> = views::text(view, &within).into();
        let query = parse::query_of(&text)?;
        let again = self.plan_with(&query, &text, &[], within).await;
        let same = again.as_ref().is_ok_and(|again| {
            again.columns.len() == planned.columns.len()
                && again
                    .columns
                    .iter()
                    .zip(planned.columns.iter())
                    .all(|(one, other)| one.pg_type == other.pg_type)
        });
        if same {
            return Ok(());
        }
        let message = "this query is not supported as a view's".to_owned();
        let error = Error::FeatureNotSupported(message);
        Err(match again {
            Err(why) => error.detail(format!("With the schemas of its tables: {why}.")),
            Ok(_) => error,
        })
    }

    // ---- ALTER and COMMENT

    /// The view that a statement names.
    pub(super) fn view_named(&self, facts: &Facts, relation: &Relation) -> Option<Found> {
        let (schema, view) = facts.view(relation.schema.as_deref(), &relation.name)?;
        let own = facts.temporary.as_ref().is_some_and(|temporary| temporary.schema == schema);
        Some(((!own).then_some(schema), view))
    }

    /// Errors: 42501.
    fn own_view(&self, facts: &Facts, view: &View) -> Result<()> {
        if facts.generation.owns(&self.user, &view.owner) {
            return Ok(());
        }
        let message = format!("must be owner of view {}", view.name);
        Err(Error::InsufficientPrivilege(message))
    }

    /// A view that needs a column of a relation, as messages call it.
    pub(super) fn reader_of(&mut self, oid: u32, number: i16) -> Option<String> {
        let facts = self.facts("");
        let own = facts.temporary.iter().flat_map(|it| it.views.values());
        let views = facts.generation.readers(oid).map(|(_, view)| view).chain(own);
        let found = views.into_iter().find(|view| view.needs(oid, number))?;
        let told = described(&facts, &Object::Relation(found.ids.relation));
        Some(told.trim_start_matches("view ").to_owned())
    }

    /// ALTER VIEW, and ALTER TABLE of a view. Returns whether it was that.
    /// Errors: 42809 for what is no view, and for what views do not have; 42701, 42703, 42P07.
    pub(super) async fn alters_view(
        &mut self,
        actions: &Result<Vec<TableAction>>,
        refused: &Refused,
    ) -> Result<bool> {
        let [relation] = refused.relations.as_slice() else { return Ok(false) };
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        let Some((schema, was)) = self.view_named(&facts, relation) else {
            let other = named(&facts, relation).is_some_and(|it| !matches!(it.kind, 'v' | 'm'));
            return match refused.tag {
                "ALTER VIEW" if other => Err(not_a_view(&relation.name)),
                "ALTER MATERIALIZED VIEW" if other => Err(not_materialized(&relation.name)),
                _ => Ok(false),
            };
        };
        check_kind(&was, refused.tag)?;
        let actions = actions.as_ref().map_err(Clone::clone)?;
        self.own_view(&facts, &was)?;
        let Some(schema) = schema else {
            let (_, view) = self.altered_view(&facts, "", &was, actions)?;
            let taken = view.name != was.name
                && (self.temporary.table(None, &view.name).is_some()
                    || facts
                        .temporary
                        .as_ref()
                        .is_some_and(|it| it.views.contains_key(&view.name)));
            if taken {
                return Err(Error::DuplicateTable(view.name));
            }
            self.change_temporary(|all| {
                all.views.remove(&was.name);
                all.views.insert(view.name.clone(), Arc::new(view));
            })?;
            return Ok(true);
        };
        self.define(refused.tag, |session, facts| {
            let Some(was) = facts.generation.view(&schema, &was.name).cloned() else {
                return Err(Error::UndefinedTable(shown(Some(&schema), &was.name)));
            };
            session.own_view(facts, &was)?;
            let (to, view) = session.altered_view(facts, &schema, &was, actions)?;
            if *was == view && to == schema {
                return Ok(None);
            }
            let was = Some((schema.clone(), was));
            Ok(Some(Change::PutView { was, schema: to, view: Arc::new(view) }))
        })
        .await?;
        Ok(true)
    }

    /// The view as it is after all parts, and its schema.
    fn altered_view(
        &self,
        facts: &Facts,
        schema: &str,
        was: &Arc<View>,
        actions: &[TableAction],
    ) -> Result<(String, View)> {
        let (mut to, mut view) = (schema.to_owned(), (**was).clone());
        for action in actions {
            match action {
                TableAction::Rename(name) => view.name.clone_from(name),
                TableAction::RenameColumn { name, to } => rename_column(&mut view, name, to)?,
                TableAction::SetSchema(name) => {
                    let place = self.place(facts, Some(name), &view.name)?;
                    if schema.is_empty() {
                        let message = "cannot move objects into or out of temporary schemas";
                        return Err(Error::FeatureNotSupported(message.to_owned()));
                    }
                    if place.name != to && place.has_relation(&view.name) {
                        let (name, schema) = (&view.name, &place.name);
                        let message =
                            format!("relation \"{name}\" already exists in schema \"{schema}\"");
                        return Err(Error::DuplicateRelation(message));
                    }
                    to.clone_from(&place.name);
                }
                TableAction::Owner(owner) => {
                    let owner = self.named_role(owner);
                    self.may_give_to(&owner)?;
                    view.owner = owner;
                }
                TableAction::SetOptions(options) => {
                    if options.iter().any(|option| option.starts_with("check_option=")) {
                        return Err(unchecked(&views::text(&view, facts)));
                    }
                    let name = |option: &str| option.split('=').next().map(str::to_owned);
                    for option in options {
                        view.options.retain(|own| name(own) != name(option));
                        view.options.push(option.clone());
                    }
                }
                TableAction::ResetOptions(names) => {
                    let gone = |own: &String| {
                        names.iter().any(|name| own.split('=').next() == Some(name.as_str()))
                    };
                    view.options.retain(|own| !gone(own));
                }
                other => return Err(no_such_action(other, &view.name)),
            }
        }
        Ok((to, view))
    }

    /// The view that COMMENT is on, or whose column it is on; `None` where that is something else.
    /// Errors: 42P01; 42809 for what is no view, and for a view that is called a table.
    pub(super) fn commented_view(&self, facts: &Facts, on: &Commented) -> Result<Option<Found>> {
        let (Commented::View(relation)
        | Commented::Table(relation)
        | Commented::Column(relation, _)) = on
        else {
            return Ok(None);
        };
        let found = self.view_named(facts, relation);
        match (on, found) {
            (Commented::Table(_), Some(_)) => {
                Err(Error::WrongObjectType(format!("\"{}\" is not a table", relation.name)))
            }
            (_, Some(found)) => Ok(Some(found)),
            (Commented::View(_), None) => Err(match named(facts, relation) {
                Some(entity) if entity.kind == 'v' => {
                    let message = format!("must be owner of view {}", entity.name);
                    Error::InsufficientPrivilege(message)
                }
                Some(_) => not_a_view(&relation.name),
                None => Error::UndefinedTable(shown(relation.schema.as_deref(), &relation.name)),
            }),
            _ => Ok(None),
        }
    }

    /// COMMENT ON a view or a column of one.
    /// Errors: 42501, 42703.
    pub(super) fn comment_on_view(
        &mut self,
        facts: &Facts,
        (schema, was): Found,
        on: &Commented,
        text: Option<&String>,
    ) -> Result<Option<Change>> {
        self.own_view(facts, &was)?;
        let mut view = (*was).clone();
        match on {
            Commented::Column(_, name) => {
                let place = view.columns.index_of(name).ok();
                let slot = place.and_then(|place| view.column_comments.get_mut(place));
                *slot.ok_or_else(|| super::table::no_column(name, &was.name))? = text.cloned();
            }
            _ => view.comment = text.cloned(),
        }
        let view = Arc::new(view);
        let Some(schema) = schema else {
            self.change_temporary(|all| drop(all.views.insert(view.name.clone(), view)))?;
            return Ok(None);
        };
        let was = Some((schema.clone(), was));
        Ok(Some(Change::PutView { was, schema, view }))
    }

    // ---- DROP

    /// DROP VIEW of views that users make; `None` where none of those named is one.
    /// Errors: for the others, why they are not dropped; 2BP01.
    pub(super) async fn drop_views_named(
        &mut self,
        refused: &Refused,
        text: &Arc<str>,
    ) -> Result<Option<Outcome>> {
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        let (mut found, mut others) = (Vec::<Found>::new(), Vec::new());
        for relation in &refused.relations {
            let own = self.view_named(&facts, relation);
            if let Some((_, view)) = &own {
                check_kind(view, refused.tag)?;
            }
            match own {
                Some(view) if found.iter().any(|own| own.1.ids == view.1.ids) => {}
                Some(view) => found.push(view),
                None => others.push(relation.clone()),
            }
        }
        if found.is_empty() {
            return Ok(None);
        }
        if !others.is_empty() {
            self.refuse(&Refused { relations: others, ..refused.clone() }, text).await?;
        }
        let roots: Vec<Object> =
            found.iter().map(|(_, view)| Object::Relation(view.ids.relation)).collect();
        let made: Vec<Found> = found.into_iter().filter(|(schema, _)| schema.is_some()).collect();
        if made.is_empty() {
            self.cascaded(&facts, &roots, refused.cascade)?;
        } else {
            self.define_all(refused.tag, |session, facts| {
                for (_, view) in &made {
                    session.own_view(facts, view)?;
                }
                session.cascaded(facts, &roots, refused.cascade)
            })
            .await?;
        }
        Ok(Some(Outcome::Done(refused.tag.to_owned())))
    }
}

/// The relation that a statement names, whatever it is.
pub(super) fn named(facts: &Facts, relation: &Relation) -> Option<Arc<Entity>> {
    match &relation.schema {
        Some(schema) => facts.index().named(schema, &relation.name),
        None => facts.index().visible(facts, &relation.name),
    }
}

/// The columns of a view.
/// Errors: 42601 for too many names; 42701; 42P16.
fn columns_of(planned: &Planned, names: &[String]) -> Result<Vec<FieldRef>> {
    if planned.columns.len() < names.len() {
        let message = "CREATE VIEW specifies more column names than columns".to_owned();
        return Err(Error::Syntax(message));
    }
    let fields = fields_of(planned, names)?;
    let mut seen = BTreeSet::new();
    match fields.iter().find(|field| !seen.insert(field.name())) {
        Some(twice) => Err(Error::DuplicateColumn(twice.name().clone())),
        None => Ok(fields),
    }
}

/// A text that is cut where it names relations.
struct Cuttings {
    /// The names that are written there, schemas where there are any.
    written: Vec<(Option<String>, String)>,
    /// What each of them means.
    reads: Vec<Reading>,
    pieces: Vec<Piece>,
}

fn pieces(text: &str, cuts: &[Cut], used: &BTreeSet<(u32, i16)>, facts: &Facts) -> Cuttings {
    let (mut reads, mut written) = (Vec::<Reading>::new(), Vec::<(Option<String>, String)>::new());
    let mut pieces = Vec::new();
    let mut at = 0;
    let slice = |from: usize, to: usize| -> String {
        text.chars().skip(from).take(to.saturating_sub(from)).collect()
    };
    for cut in cuts {
        let key = (cut.schema.clone(), cut.name.clone());
        let reading = match written.iter().position(|own| *own == key) {
            Some(known) => known,
            None => {
                let index = facts.index();
                let entity = match &cut.schema {
                    Some(schema) => index.named(schema, &cut.name),
                    None => index.visible(facts, &cut.name),
                };
                // A column of a value, or what names find at each use.
                let Some(entity) = entity else { continue };
                reads.push(reading_of(&entity, &cut.name, used, facts));
                written.push(key);
                reads.len() - 1
            }
        };
        pieces.push(Piece::Text(slice(at, cut.from)));
        pieces.push(match cut.kind {
            CutKind::Bare => Piece::Relation { reading, aliased: false },
            CutKind::Aliased => Piece::Relation { reading, aliased: true },
            CutKind::Qualifier => Piece::Qualifier(reading),
        });
        at = cut.to;
    }
    pieces.push(Piece::Text(slice(at, usize::MAX)));
    pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
    Cuttings { written, reads, pieces }
}

fn reading_of(entity: &Entity, name: &str, used: &BTreeSet<(u32, i16)>, facts: &Facts) -> Reading {
    let oid = entity.ids.relation;
    let made = entity.temporary || facts.generation.made_by_oid(oid).is_some();
    let of = match made {
        true => Of::Made(oid),
        false => Of::Named(entity.schema.clone(), entity.name.clone()),
    };
    let columns = entity.columns.iter().map(|column| Known {
        name: column.name.clone(),
        number: column.number,
        type_oid: column.type_oid,
        modifier: column.modifier,
        used: used.contains(&(oid, column.number)),
    });
    Reading { of, name: name.to_owned(), columns: columns.collect() }
}

/// Makes a new definition the one of a view that is there.
/// Errors: 42P16 for columns that are other ones.
fn replace(view: &mut View, was: &View) -> Result<()> {
    let (old, new) = (was.columns.fields(), view.columns.fields());
    if new.len() < old.len() {
        let message = "cannot drop columns from view".to_owned();
        return Err(Error::InvalidTableDefinition(message));
    }
    for (old, new) in old.iter().zip(new) {
        if old.name() != new.name() {
            let (from, to) = (old.name(), new.name());
            let message = format!("cannot change name of view column \"{from}\" to \"{to}\"");
            return Err(Error::InvalidTableDefinition(message).hint(
                "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
            ));
        }
        let (from, to) = (types::of_field(old), types::of_field(new));
        if (from.oid, from.modifier) != (to.oid, to.modifier) {
            let name = old.name();
            let [from, to] = [from, to].map(|kind| types::format_type(kind.oid, kind.modifier));
            let message =
                format!("cannot change data type of view column \"{name}\" from {from} to {to}");
            return Err(Error::InvalidTableDefinition(message));
        }
    }
    let comments = was.column_comments.iter().cloned().chain(std::iter::repeat(None));
    view.column_comments = comments.take(new.len()).collect();
    view.ids = was.ids;
    view.owner.clone_from(&was.owner);
    view.comment.clone_from(&was.comment);
    Ok(())
}

fn rename_column(view: &mut View, name: &str, to: &str) -> Result<()> {
    let Ok(place) = view.columns.index_of(name) else {
        return Err(Error::UndefinedColumn(format!("column \"{name}\" does not exist")));
    };
    if view.columns.index_of(to).is_ok() {
        let view = &view.name;
        let message = format!("column \"{to}\" of relation \"{view}\" already exists");
        return Err(Error::ColumnTwice(message));
    }
    let fields = view.columns.fields().iter().enumerate().map(|(at, field)| match at == place {
        true => Arc::new((**field).clone().with_name(to)),
        false => Arc::clone(field),
    });
    view.columns = Arc::new(Columns::new(fields.collect::<Vec<FieldRef>>()));
    Ok(())
}

fn no_such_action(action: &TableAction, name: &str) -> Error {
    use crate::query::parse::definition::ColumnChange;
    let words = match action {
        TableAction::AddColumn { .. } => "ADD COLUMN",
        TableAction::DropColumn { .. } => "DROP COLUMN",
        TableAction::AddConstraint(_) => "ADD CONSTRAINT",
        TableAction::DropConstraint { .. } => "DROP CONSTRAINT",
        TableAction::RenameConstraint { .. } => "RENAME CONSTRAINT",
        TableAction::AlterColumn { change, .. } => match &**change {
            ColumnChange::Type { .. } => "ALTER COLUMN ... SET DATA TYPE",
            ColumnChange::NotNull(true) => "ALTER COLUMN ... SET NOT NULL",
            ColumnChange::NotNull(false) => "ALTER COLUMN ... DROP NOT NULL",
            ColumnChange::Default(_) => {
                let message = "defaults of a view's columns are not supported".to_owned();
                return Error::FeatureNotSupported(message);
            }
            _ => "ALTER COLUMN",
        },
        _ => "SET",
    };
    let message = format!("ALTER action {words} cannot be performed on relation \"{name}\"");
    Error::WrongObjectType(message).detail("This operation is not supported for views.")
}

/// Errors: 42809 for a view of the other kind than a statement is for; ALTER TABLE is for both.
fn check_kind(view: &View, tag: &str) -> Result<()> {
    match (tag, view.materialized) {
        ("ALTER VIEW" | "DROP VIEW", true) => {
            let error = not_a_view(&view.name);
            Err(match tag {
                "DROP VIEW" => {
                    error.hint("Use DROP MATERIALIZED VIEW to remove a materialized view.")
                }
                _ => error.hint("Use ALTER MATERIALIZED VIEW instead."),
            })
        }
        ("DROP MATERIALIZED VIEW", false) => {
            Err(not_materialized(&view.name).hint("Use DROP VIEW to remove a view."))
        }
        ("ALTER MATERIALIZED VIEW" | "REFRESH", false) => Err(not_materialized(&view.name)),
        _ => Ok(()),
    }
}

fn not_materialized(name: &str) -> Error {
    Error::WrongObjectType(format!("\"{name}\" is not a materialized view"))
}

pub(super) fn not_a_view(name: &str) -> Error {
    Error::WrongObjectType(format!("\"{name}\" is not a view"))
}

/// Why rows that come through a view are not checked.
fn unchecked(text: &str) -> Error {
    let message = "WITH CHECK OPTION is supported only on automatically updatable views";
    let error = Error::FeatureNotSupported(message.to_owned());
    match parse::query_of(text).ok().and_then(|query| not_updatable(&query)) {
        Some(why) => error.hint(why),
        None => Error::FeatureNotSupported("WITH CHECK OPTION is not supported".to_owned())
            .detail("Views are not updatable here."),
    }
}
