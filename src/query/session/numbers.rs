//! `SELECT nextval('s')` by itself, which is most of what sequences are asked for: it needs no plan.

use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::sql::sqlparser::ast::Query;

use super::SqlSession;
use crate::catalog::written::Sequence;
use crate::error::{Error, Result};
use crate::pg::facts::Facts;
use crate::pg::functions;
use crate::pg::types::{self, PgType};
use crate::query::door::{Column, Outcome, RowsTag};
use crate::query::parse::{self, SequenceDefinition, SequenceOptions};
use crate::query::run::stored;

impl SqlSession {
    /// The answer to a query that is nothing but a call of `nextval`; `None` for any other, and for one that is going to
    /// be refused, which is for the plan to say.
    /// Errors: 2200H; those of a commit.
    pub(super) async fn next_alone(&mut self, query: &Query) -> Result<Option<Outcome>> {
        let Some((name, alias)) = parse::next_of(query) else { return Ok(None) };
        if self.read_only() {
            return Ok(None);
        }
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        let found = match functions::sequence_named(name, &facts) {
            None if self.settings.on("forebay.sequence_auto_create") => {
                self.create_missing(name, &facts).await?
            }
            found => found,
        };
        let Some(sequence) = found else { return Ok(None) };
        let sequences = Arc::clone(&self.sequences);
        let number = self.unless_cancelled(sequences.next_async(&sequence)).await?;
        let field = Field::new(alias, DataType::Int64, true);
        let array = Arc::new(Int64Array::from(vec![number]));
        let row = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array])
            .map_err(|error| Error::Internal(error.to_string()))?;
        let pg_type = PgType { oid: types::INT8, len: 8, modifier: -1 };
        let column = Column { name: alias.to_owned(), table_oid: 0, number: 0, pg_type };
        Ok(Some(Outcome::Rows {
            columns: Arc::new([column]),
            rows: stored(vec![row]),
            tag: RowsTag::Counted("SELECT"),
            binary: false,
        }))
    }

    /// `forebay.sequence_auto_create`: a sequence for a name that nothing has.
    /// Errors: those of CREATE SEQUENCE.
    async fn create_missing(&mut self, name: &str, facts: &Facts) -> Result<Option<Arc<Sequence>>> {
        let Some((schema, own)) = functions::missing_relation(name, facts) else { return Ok(None) };
        let definition = SequenceDefinition {
            schema,
            name: own,
            // Somebody else may make it at the same moment.
            if_not_exists: true,
            options: SequenceOptions::default(),
        };
        let told = self.notices.len();
        self.create_sequence(&definition).await?;
        self.notices.truncate(told);
        let facts = self.facts("");
        let facts = self.indexed(facts).await?;
        Ok(functions::sequence_named(name, &facts))
    }
}
