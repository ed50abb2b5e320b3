//! Statements that do not run, for what they say of relations that there are none of.

use std::sync::Arc;

use super::SqlSession;
use crate::catalog::view::View;
use crate::error::{Error, Result};
use crate::pg::catalog::index::Entity;
use crate::pg::catalog::views;
use crate::pg::checks::not_updatable;
use crate::pg::facts::Facts;
use crate::query::door::Outcome;
use crate::query::parse::{self, Refused, Relation};

impl SqlSession {
    /// Only a DROP … IF EXISTS of what does not exist is done.
    /// Errors: 42P01, 42704 and 3F000 for what does not exist; why the statement does not run.
    pub(super) async fn refuse(&mut self, refused: &Refused, text: &Arc<str>) -> Result<Outcome> {
        if let Some(error) = self.of_another_kind(refused).await? {
            return Err(error);
        }
        for relation in &refused.relations {
            let missing = match refused.dropped {
                Some(kind) => self.undroppable(kind, relation, text).await,
                None => self.lacking(relation, text).await,
            };
            match missing {
                None => return Err(refused.error.clone()),
                Some(error) if !refused.if_exists => return Err(error),
                Some(error) => {
                    let message = format!("{error}, skipping");
                    self.notice("NOTICE", "00000", message);
                }
            }
        }
        match refused.relations.is_empty() {
            true => Err(refused.error.clone()),
            false => Ok(Outcome::Done(refused.tag.to_owned())),
        }
    }

    /// What is wrong with a sequence or a view in the place of a table, or with a table in that of a view; `None` where each
    /// is what it should be.
    async fn of_another_kind(&mut self, refused: &Refused) -> Result<Option<Error>> {
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        for relation in &refused.relations {
            let Some(found) = super::view::named(&facts, relation) else { continue };
            let (name, kind) = (&relation.name, word(&found));
            if let Some(wanted) = refused.dropped.filter(|wanted| *wanted != kind) {
                let article = if wanted == "index" { "an" } else { "a" };
                let error = Error::WrongObjectType(format!("\"{name}\" is not {article} {wanted}"));
                let hint = format!("Use DROP {} to remove a {kind}.", kind.to_ascii_uppercase());
                return Ok(Some(match (wanted, kind) {
                    ("index", "sequence") => error,
                    _ => error.hint(hint),
                }));
            }
            let error = match (refused.tag, kind) {
                ("INSERT" | "UPDATE" | "DELETE", "sequence") => {
                    Error::WrongObjectType(format!("cannot change sequence \"{name}\""))
                }
                ("TRUNCATE TABLE", "sequence" | "view") => {
                    Error::WrongObjectType(format!("\"{name}\" is not a table"))
                }
                ("CREATE INDEX", "view") => {
                    let message = format!("cannot create index on relation \"{name}\"");
                    Error::WrongObjectType(message)
                        .detail("This operation is not supported for views.")
                }
                ("INSERT" | "UPDATE" | "DELETE", "view") => match &found.view {
                    Some(view) => unchangeable(refused.tag, view, &facts),
                    None => continue,
                },
                _ => continue,
            };
            return Ok(Some(error));
        }
        Ok(None)
    }

    /// How DROP says that what it names does not exist.
    async fn undroppable(
        &mut self,
        kind: &str,
        relation: &Relation,
        text: &Arc<str>,
    ) -> Option<Error> {
        if let Some(schema) = &relation.schema
            && !self.has_schema(schema, text)
        {
            return Some(Error::UndefinedSchema(schema.clone()));
        }
        self.lacking(relation, text).await?;
        let message = format!("{kind} \"{}\" does not exist", relation.name);
        Some(match kind {
            "index" => Error::UndefinedObject(message),
            _ => Error::UndefinedRelation(message),
        })
    }

    fn has_schema(&mut self, name: &str, text: &Arc<str>) -> bool {
        matches!(name, "pg_catalog" | "information_schema" | "public")
            || name == crate::pg::facts::FOREBAY_SCHEMA
            || self.facts(text).schema(name).is_some()
    }

    /// That a relation does not exist; `None` where it does.
    async fn lacking(&mut self, relation: &Relation, text: &Arc<str>) -> Option<Error> {
        let query = relation.query.as_ref()?;
        let Err(error) = self.plan(query, text, &[]).await else { return None };
        let missing = match error.bare() {
            missing @ Error::UndefinedTable(_) => missing.clone(),
            _ => return None,
        };
        Some(match relation.position {
            Some(position) => missing.at(position),
            None => missing,
        })
    }
}

/// What a relation is, in a word.
fn word(entity: &Entity) -> &'static str {
    match entity.kind {
        'v' => "view",
        'm' => "materialized view",
        'S' => "sequence",
        _ => "table",
    }
}

/// Why no rows change through a view.
fn unchangeable(tag: &str, view: &View, facts: &Facts) -> Error {
    let name = &view.name;
    let (message, doing, event) = match tag {
        "INSERT" => (format!("cannot insert into view \"{name}\""), "inserting into", "INSERT"),
        "UPDATE" => (format!("cannot update view \"{name}\""), "updating", "UPDATE"),
        _ => (format!("cannot delete from view \"{name}\""), "deleting from", "DELETE"),
    };
    let query = parse::query_of(&views::text(view, facts));
    match query.ok().and_then(|query| not_updatable(&query)) {
        Some(why) => Error::NotInPrerequisiteState(message).detail(why).hint(format!(
            "To enable {doing} the view, provide an INSTEAD OF {event} trigger or an unconditional ON {event} DO INSTEAD rule."
        )),
        None => Error::FeatureNotSupported(message)
            .detail("Views are not updatable here.")
            .hint("Change the table that it reads instead."),
    }
}
