//! Statements that do not run, for what they say of relations that there are none of.

use std::sync::Arc;

use super::SqlSession;
use crate::error::{Error, Result};
use crate::query::door::Outcome;
use crate::query::parse::{Refused, Relation};

impl SqlSession {
    /// Only a DROP … IF EXISTS of what does not exist is done.
    /// Errors: 42P01, 42704 and 3F000 for what does not exist; why the statement does not run.
    pub(super) async fn refuse(&mut self, refused: &Refused, text: &Arc<str>) -> Result<Outcome> {
        if let Some(error) = self.of_a_sequence(refused).await? {
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

    /// What is wrong with a sequence in the place of a table; `None` where none stands.
    async fn of_a_sequence(&mut self, refused: &Refused) -> Result<Option<Error>> {
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        let index = facts.index();
        let found = |relation: &Relation| match &relation.schema {
            Some(schema) => index.named(schema, &relation.name),
            None => index.visible(&facts, &relation.name),
        };
        let is_sequence = |relation: &&Relation| found(relation).is_some_and(|it| it.kind == 'S');
        let Some(relation) = refused.relations.iter().find(is_sequence) else { return Ok(None) };
        let name = &relation.name;
        Ok(Some(match (refused.tag, refused.dropped) {
            (_, Some("index")) => Error::WrongObjectType(format!("\"{name}\" is not an index")),
            (_, Some(kind)) => Error::WrongObjectType(format!("\"{name}\" is not a {kind}"))
                .hint("Use DROP SEQUENCE to remove a sequence."),
            ("INSERT" | "UPDATE" | "DELETE", _) => {
                Error::WrongObjectType(format!("cannot change sequence \"{name}\""))
            }
            ("TRUNCATE TABLE", _) => Error::WrongObjectType(format!("\"{name}\" is not a table")),
            _ => return Ok(None),
        }))
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
