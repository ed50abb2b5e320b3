//! Statements that would change or drop what a version has: they do not run, but say first, as PostgreSQL does, which of
//! the relations they name does not exist.

use datafusion::sql::sqlparser::tokenizer::Token;

use super::statement::{Alteration, Refused, Relation, SequenceOptions, Statement};
use super::writes::Target;
use super::{Limits, Reader, parse};
use crate::error::{Error, Result};

/// The words before the relations, the statement's tag, and what DROP calls them.
const SUBJECTS: &[(&str, &str, Option<&str>)] = &[
    ("INSERT INTO", "INSERT", None),
    ("UPDATE", "UPDATE", None),
    ("DELETE FROM", "DELETE", None),
    ("MERGE INTO", "MERGE", None),
    ("TRUNCATE TABLE", "TRUNCATE TABLE", None),
    ("TRUNCATE", "TRUNCATE TABLE", None),
    ("ALTER TABLE", "ALTER TABLE", None),
    ("REFRESH MATERIALIZED VIEW", "REFRESH", None),
    ("DROP TABLE", "DROP TABLE", Some("table")),
    ("DROP VIEW", "DROP VIEW", Some("view")),
    ("DROP MATERIALIZED VIEW", "DROP MATERIALIZED VIEW", Some("materialized view")),
    ("DROP FOREIGN TABLE", "DROP FOREIGN TABLE", Some("foreign table")),
    ("DROP INDEX", "DROP INDEX", Some("index")),
];

impl Reader<'_> {
    /// Such a statement; `None` for any other.
    /// Errors: why it does not run, when its relations cannot be read.
    pub(super) fn change(&mut self, word: &str) -> Result<Option<Statement>> {
        let error = match self.refused(word) {
            error if error.state() == "42601" => None,
            error => Some(error),
        };
        let Some((_, tag, dropped)) = SUBJECTS.iter().find(|(words, ..)| self.accept(words)) else {
            return Ok(None);
        };
        let error =
            error.unwrap_or_else(|| Error::FeatureNotSupported(format!("{tag} is not supported")));
        self.accept("CONCURRENTLY");
        let if_exists = self.accept("IF EXISTS");
        self.accept("ONLY");
        let placed = matches!(*tag, "INSERT" | "UPDATE" | "DELETE" | "MERGE");
        let mut relations = Vec::new();
        let start = self.index();
        loop {
            let position = placed.then(|| self.position());
            let Ok(relation) = self.named(position) else { return Err(error) };
            relations.push(relation);
            let several = dropped.is_some() || *tag == "TRUNCATE TABLE";
            if !(several && self.accept_token(&Token::Comma)) {
                break;
            }
        }
        let target = Target(self.taken(start));
        let behind = self.index();
        let alteration = if *tag == "ALTER TABLE" { self.alteration()? } else { None };
        let restart = *tag == "TRUNCATE TABLE" && self.accept("RESTART IDENTITY");
        if *tag == "TRUNCATE TABLE" && !restart {
            self.accept("CONTINUE IDENTITY");
        }
        let cascade = (dropped.is_some() || *tag == "TRUNCATE TABLE") && self.cascade();
        let rest = self.remaining();
        let numbers = rest.iter().filter_map(|token| match &token.token {
            Token::Placeholder(name) => name.strip_prefix('$')?.parse::<u16>().ok(),
            _ => None,
        });
        // Only what is planned has parameters.
        let parameters = numbers.max().filter(|_| placed).unwrap_or_default();
        let refused = Refused {
            tag,
            relations,
            dropped: *dropped,
            if_exists,
            parameters: parameters.into(),
            cascade,
            restart,
            alteration,
            error,
        };
        Ok(Some(match *tag {
            "INSERT" | "UPDATE" | "DELETE" => {
                self.back(behind);
                let write = self.write(tag, target).map(Box::new);
                self.remaining();
                Statement::Write { write, refused }
            }
            "ALTER TABLE" => {
                self.back(behind);
                let table = refused.relations.first().map(|it| it.name.clone());
                let actions = match self.table_actions(&table.unwrap_or_default()) {
                    Err(error) if error.state() == "42601" => return Err(error),
                    actions => actions,
                };
                self.remaining();
                Statement::AlterTable { actions, refused }
            }
            _ => Statement::Refused(refused),
        }))
    }

    /// What stands behind `ALTER INDEX`.
    pub(super) fn alter_index(&mut self) -> Result<Statement> {
        let if_exists = self.accept("IF EXISTS");
        let (schema, name) = self.relation_name()?;
        if !self.accept("RENAME TO") {
            return Err(Error::FeatureNotSupported("ALTER INDEX is not supported".to_owned()));
        }
        let to = self.identifier()?;
        Ok(Statement::RenameIndex { schema, name, to, if_exists })
    }

    /// The name of a column behind that of its table.
    pub(super) fn column_name(&mut self) -> Result<(Relation, String)> {
        let mut parts = vec![self.identifier()?];
        while self.accept_token(&Token::Period) {
            parts.push(self.identifier()?);
        }
        let column = parts.pop().unwrap_or_default();
        if parts.is_empty() {
            return Err(Error::Syntax("column name must be qualified".to_owned()));
        }
        Ok((self.relation(parts, None)?, column))
    }

    /// What ALTER TABLE may say of a sequence.
    fn alteration(&mut self) -> Result<Option<Alteration<SequenceOptions>>> {
        Ok(Some(if self.accept("OWNER TO") {
            Alteration::Owner(self.role()?)
        } else if self.accept("RENAME TO") {
            Alteration::Rename(self.identifier()?)
        } else if self.accept("SET SCHEMA") {
            Alteration::SetSchema(self.identifier()?)
        } else {
            return Ok(None);
        }))
    }

    pub(super) fn named(&mut self, position: Option<usize>) -> Result<Relation> {
        let mut parts = vec![self.identifier()?];
        while self.accept_token(&Token::Period) {
            parts.push(self.identifier()?);
        }
        self.relation(parts, position)
    }

    fn relation(&self, mut parts: Vec<String>, position: Option<usize>) -> Result<Relation> {
        let quoted: Vec<String> =
            parts.iter().map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
        let text = format!("SELECT * FROM {}", quoted.join("."));
        let limits = Limits { text_bytes_max: usize::MAX };
        let parsed = parse(&text, &limits)?.pop().map(|parsed| parsed.statement);
        let Some(Statement::Query(query)) = parsed else { return Err(self.error()) };
        let name = parts.pop().unwrap_or_default();
        Ok(Relation { schema: parts.pop(), name, query: Some(query), position })
    }
}
