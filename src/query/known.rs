//! Texts of queries that were parsed lately: clients send the same ones again and again, and parsing one costs more than
//! running a small one.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::parse::{self, Limits, Parsed, Statement};
use crate::catalog::Generation;
use crate::catalog::generation::Database;
use crate::catalog::manifest::{Manifest, Table};
use crate::error::Result;

/// Texts that are kept; when there are more, all are forgotten. A syntax tree takes some fifty times its text.
const TEXTS_LEN_MAX: usize = 512;

/// Longer texts are mostly sent once.
const TEXT_BYTES_MAX: usize = 1 << 10;

/// The texts of one server. What they parse to depends on nothing else; those with long names are not kept.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Box<str>, Arc<[Parsed]>>>);

impl Known {
    /// The statements of `sql`. `is_known` tells of a name that is longer than PostgreSQL's whether it is one nevertheless.
    /// Errors: those of [`parse::parse_known`].
    pub(super) fn parse(
        &self,
        sql: &str,
        limits: &Limits,
        is_known: &dyn Fn(&str) -> bool,
    ) -> Result<Arc<[Parsed]>> {
        if TEXT_BYTES_MAX < sql.len() {
            return parse::parse_known(sql, limits, is_known).map(Arc::from);
        }
        if let Some(known) = self.texts().get(sql) {
            return Ok(Arc::clone(known));
        }
        let asked = Cell::new(false);
        let ask = |name: &str| {
            asked.set(true);
            is_known(name)
        };
        let parsed: Arc<[Parsed]> = parse::parse_known(sql, limits, &ask)?.into();
        // Nothing else is sent often, and passwords are to be forgotten. Long names may be others' later.
        let queries = parsed.iter().all(|parsed| matches!(parsed.statement, Statement::Query(_)));
        if queries && !asked.get() {
            let mut texts = self.texts();
            let full = TEXTS_LEN_MAX <= texts.len();
            let forgotten = full.then(|| std::mem::take(&mut *texts));
            texts.insert(sql.into(), Arc::clone(&parsed));
            drop(texts);
            // Outside of the lock: they may be large.
            drop(forgotten);
        }
        Ok(parsed)
    }

    fn texts(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, Arc<[Parsed]>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a database, one of its versions, tables or columns has this name. Those of files may be longer than PostgreSQL's.
pub(super) fn is_of_source(generation: &Generation, name: &str) -> bool {
    let (schema, version) = match name.split_once('@') {
        Some((schema, version)) => (schema, Some(version)),
        None => (name, None),
    };
    let has = |(of, database): (&String, &Arc<Database>)| {
        let called = of == schema && version.is_none_or(|name| database.resolve(name).is_some());
        called || database.versions.values().any(|version| has_name(&version.manifest, name))
    };
    generation.databases.iter().any(has)
}

/// Whether a table or a column of it has this name.
fn has_name(manifest: &Manifest, name: &str) -> bool {
    let has_column = |table: &Table| {
        let partitions = table.partition_fields.iter().any(|field| field.name() == name);
        partitions || table.file_schema.index_of(name).is_ok()
    };
    manifest.tables.iter().any(|(own, table)| own == name || has_column(table))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Known, Limits, TEXTS_LEN_MAX};

    #[test]
    fn texts_are_parsed_once_but_for_those_that_are_no_queries() {
        let (known, limits) = (Known::default(), Limits { text_bytes_max: 1 << 20 });
        let none = |_name: &str| false;
        let parse = |sql: &str| known.parse(sql, &limits, &none).expect("parses");
        assert!(Arc::ptr_eq(&parse("SELECT 1; SELECT 2"), &parse("SELECT 1; SELECT 2")));
        assert_eq!(parse("SELECT 1; SELECT 2").len(), 2);
        let role = "ALTER ROLE ann PASSWORD 'secret'";
        assert!(!Arc::ptr_eq(&parse(role), &parse(role)));
        assert!(known.parse("SELEC", &limits, &none).is_err());
        for number in 0..2 * TEXTS_LEN_MAX {
            parse(&format!("SELECT {number}"));
        }
        assert!(known.texts().len() <= TEXTS_LEN_MAX);
    }
}
