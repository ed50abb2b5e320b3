//! Texts of queries that were parsed lately: clients send the same ones again and again, and parsing one costs more than
//! running a small one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::parse::{self, Limits, Parsed, Statement};
use crate::error::Result;

/// Texts that are kept; when there are more, all are forgotten. A syntax tree takes some fifty times its text.
const TEXTS_LEN_MAX: usize = 512;

/// Longer texts are mostly sent once.
const TEXT_BYTES_MAX: usize = 1 << 10;

/// The texts of one server. What they parse to depends on nothing else.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Box<str>, Arc<[Parsed]>>>);

impl Known {
    /// The statements of `sql`.
    /// Errors: those of [`parse::parse`].
    pub(super) fn parse(&self, sql: &str, limits: &Limits) -> Result<Arc<[Parsed]>> {
        if TEXT_BYTES_MAX < sql.len() {
            return parse::parse(sql, limits).map(Arc::from);
        }
        if let Some(known) = self.texts().get(sql) {
            return Ok(Arc::clone(known));
        }
        let parsed: Arc<[Parsed]> = parse::parse(sql, limits)?.into();
        // Nothing else is sent often, and passwords are to be forgotten.
        if parsed.iter().all(|parsed| matches!(parsed.statement, Statement::Query(_))) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Known, Limits, TEXTS_LEN_MAX};

    #[test]
    fn texts_are_parsed_once_but_for_those_that_are_no_queries() {
        let (known, limits) = (Known::default(), Limits { text_bytes_max: 1 << 20 });
        let parse = |sql: &str| known.parse(sql, &limits).expect("parses");
        assert!(Arc::ptr_eq(&parse("SELECT 1; SELECT 2"), &parse("SELECT 1; SELECT 2")));
        assert_eq!(parse("SELECT 1; SELECT 2").len(), 2);
        let role = "ALTER ROLE ann PASSWORD 'secret'";
        assert!(!Arc::ptr_eq(&parse(role), &parse(role)));
        assert!(known.parse("SELEC", &limits).is_err());
        for number in 0..2 * TEXTS_LEN_MAX {
            parse(&format!("SELECT {number}"));
        }
        assert!(known.texts().len() <= TEXTS_LEN_MAX);
    }
}
