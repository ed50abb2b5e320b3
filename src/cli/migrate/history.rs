//! The table that says what was applied.

use std::time::Duration;

use tokio_postgres::Client;

use crate::cli::connection::answer;
use crate::error::{Error, Result};

/// Its name, unless another is asked for.
const DEFAULT_TABLE: &str = "forebay_migrations";

/// Where the table is, or will be.
pub(super) struct History {
    pub(super) schema: String,
    pub(super) table: String,
}

/// One row of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) number: i64,
    /// Of the file, as it was then.
    pub(super) name: String,
    /// As [`super::files::File::checksum`].
    pub(super) checksum: String,
    /// UTC, for people.
    pub(super) applied_at: String,
    pub(super) duration_ms: i64,
}

impl History {
    /// The table `asked` for, as `schema.table` or `table`; it need not be there. Without a schema it is in the first one
    /// of the search path that is among `written`.
    /// Errors: no such schema in the search path.
    pub(super) async fn find(
        client: &Client,
        asked: Option<&str>,
        written: &[String],
    ) -> Result<History> {
        let asked = asked.unwrap_or(DEFAULT_TABLE);
        if let Some((schema, table)) = asked.split_once('.') {
            return Ok(History { schema: schema.to_owned(), table: table.to_owned() });
        }
        let path = "SELECT unnest(current_schemas(false))::text";
        for row in client.query(path, &[]).await.map_err(|e| answer(&e))? {
            let schema: String = row.try_get(0).map_err(|e| answer(&e))?;
            if written.contains(&schema) {
                return Ok(History { schema, table: asked.to_owned() });
            }
        }
        Err(Error::NoSchemaSelected.hint("Name a schema, as in --table public.forebay_migrations."))
    }

    /// Its name for people.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// Its name in SQL.
    fn quoted(&self) -> String {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        format!("{}.{}", quoted(&self.schema), quoted(&self.table))
    }

    /// Whether it is there.
    pub(super) async fn exists(&self, client: &Client) -> Result<bool> {
        let sql = "SELECT 1 FROM pg_catalog.pg_class c \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname = $1::text AND c.relname = $2::text";
        let found = client.query(sql, &[&self.schema, &self.table]).await;
        Ok(!found.map_err(|e| answer(&e))?.is_empty())
    }

    /// Its rows, lowest number first; none when it is not there.
    pub(super) async fn rows(&self, client: &Client) -> Result<Vec<Applied>> {
        if !self.exists(client).await? {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT number, name, checksum, \
             to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), duration_ms \
             FROM {} ORDER BY number",
            self.quoted()
        );
        let mut rows = Vec::new();
        for row in client.query(&sql, &[]).await.map_err(|e| answer(&e))? {
            let applied = || {
                Ok(Applied {
                    number: row.try_get(0)?,
                    name: row.try_get(1)?,
                    checksum: row.try_get(2)?,
                    applied_at: row.try_get(3)?,
                    duration_ms: row.try_get(4)?,
                })
            };
            rows.push(applied().map_err(|e| answer(&e))?);
        }
        Ok(rows)
    }

    /// Writes a row, in the transaction of its file; the first makes the table.
    pub(super) async fn record(
        &self,
        client: &Client,
        file: &super::files::File,
        duration: Duration,
    ) -> Result<()> {
        if !self.exists(client).await? {
            let sql = format!(
                "CREATE TABLE {} (number bigint PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, \
                 applied_at timestamptz NOT NULL DEFAULT now(), duration_ms bigint NOT NULL)",
                self.quoted()
            );
            client.batch_execute(&sql).await.map_err(|e| answer(&e))?;
        }
        let sql = format!(
            "INSERT INTO {} (number, name, checksum, duration_ms) VALUES ($1, $2, $3, $4)",
            self.quoted()
        );
        let duration_ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        client
            .execute(&sql, &[&file.number, &file.name, &file.checksum, &duration_ms])
            .await
            .map_err(|e| answer(&e))?;
        Ok(())
    }
}
