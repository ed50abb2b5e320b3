//! sqlx: it describes statements for its macros, asks for plans to find what may be NULL, and pools its connections.

use std::fmt::Write as _;

use futures_util::{TryStreamExt as _, future};
use sqlx::postgres::{PgConnection, PgListener, PgPoolOptions, PgRow};
use sqlx::{
    Acquire as _, Column as _, Connection as _, Either, Executor as _, Row as _, TypeInfo as _,
    ValueRef as _,
};

use crate::{Outcome, Suite};

pub(crate) fn failure(error: &sqlx::Error) -> String {
    match error.as_database_error() {
        Some(e) => format!("{:?} {e} {:?}", e.code(), e.constraint()),
        None => error.to_string(),
    }
}

fn rows(rows: &[PgRow]) -> String {
    let mut out = String::new();
    for row in rows {
        for column in row.columns() {
            let value = row.try_get_raw(column.ordinal()).expect("a column of the row");
            let bytes =
                (!value.is_null()).then(|| value.as_bytes().map(<[u8]>::to_vec).expect("bytes"));
            let text = bytes.map(|bytes| {
                String::from_utf8(bytes.clone()).unwrap_or_else(|_| format!("{bytes:02x?}"))
            });
            write!(out, "{} {} {text:?}|", column.name(), column.type_info().name())
                .expect("memory");
        }
        out.push('\n');
    }
    out
}

/// What `query!` finds out when a program is compiled. `nullable` is told by plans, which each server makes its own way.
async fn described(connection: &mut PgConnection, sql: &str) -> Outcome {
    let described = connection.describe(sql).await?;
    let columns = described
        .columns()
        .iter()
        .map(|column| format!("{} {}", column.name(), column.type_info()));
    let parameters = match described.parameters() {
        Some(Either::Left(kinds)) => {
            kinds.iter().map(|kind| kind.name().to_owned()).collect::<Vec<_>>().join(", ")
        }
        Some(Either::Right(count)) => count.to_string(),
        None => "none".to_owned(),
    };
    let columns: Vec<String> = columns.collect();
    Ok(format!("({parameters}) -> {}", columns.join(", ")))
}

const DESCRIBED: &[&str] = &[
    "SELECT * FROM kinds.kinds WHERE id = $1",
    "SELECT n_nationkey, n_name FROM nation WHERE n_name LIKE $1 AND n_regionkey = ANY($2) LIMIT $3",
    "SELECT count(*), max(o_orderdate), sum(o_totalprice) FROM orders WHERE o_orderdate > $1",
    "SELECT r_name, n_name FROM region LEFT JOIN nation ON n_regionkey = r_regionkey AND n_name = $1",
    "SELECT 1 AS one, 'x' AS text, NULL AS nothing, ARRAY[1.5] AS list",
    "SELECT coalesce($1, n_nationkey) AS a, left(n_name, $2) AS b FROM nation",
    "WITH t AS (SELECT $1::int4 AS a) SELECT a + $2 AS b FROM t",
    "SELECT nope",
    "SELECT region FROM region",
];

pub(crate) async fn cases(suite: &mut Suite) {
    for sql in DESCRIBED {
        suite
            .agree(&format!("sqlx describes: {sql}"), async |dsn| {
                described(&mut PgConnection::connect(&dsn).await?, sql).await
            })
            .await;
    }
    suite
        .agree("sqlx what may be null", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let described = connection
                .describe("SELECT id, label, 1 AS one FROM kinds.kinds WHERE id > $1")
                .await?;
            Ok(format!("{:?}", (0..3).map(|at| described.nullable(at)).collect::<Vec<_>>()))
        })
        .await;
    suite
        .agree("sqlx rows", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let mut out = rows(
                &sqlx::query("SELECT * FROM kinds.kinds ORDER BY id")
                    .fetch_all(&mut connection)
                    .await?,
            );
            for key in [3_i64, 7, 99] {
                let found =
                    sqlx::query("SELECT n_name, n_comment FROM nation WHERE n_nationkey = $1")
                        .bind(key);
                out += &rows(&found.fetch_all(&mut connection).await?);
            }
            Ok(out)
        })
        .await;
    suite
        .agree("sqlx typed rows", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let typed: Vec<(i64, String, Option<bool>, Vec<i32>, sqlx::types::Json<Vec<i32>>)> = sqlx::query_as(
                "SELECT n_nationkey, n_name, NULLIF(n_nationkey < 3, $1), $2::int4[], $3::jsonb FROM nation WHERE n_nationkey = ANY($4) ORDER BY 1",
            )
            .bind(true)
            .bind(vec![1, 2])
            .bind(sqlx::types::Json(vec![3, 4]))
            .bind(vec![1_i64, 4])
            .fetch_all(&mut connection)
            .await?;
            Ok(format!("{typed:?}"))
        })
        .await;
    suite
        .agree("sqlx many parameters", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let asked =
                sqlx::query("SELECT $1 AS a, $2 AS b, $3 AS c, $4 AS d, $5 AS e, $6 AS f, $7 AS g")
                    .bind(1_i16)
                    .bind(2_i32)
                    .bind(3_i64)
                    .bind(0.25_f32)
                    .bind("text")
                    .bind(vec![0_u8, 255])
                    .bind(None::<String>);
            Ok(rows(&asked.fetch_all(&mut connection).await?))
        })
        .await;
    suite
        .agree("sqlx builder", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let mut builder = sqlx::QueryBuilder::new("SELECT * FROM (");
            builder.push_values([(1_i32, "x"), (2, "y")], |mut row, (number, text)| {
                row.push_bind(number).push_bind(text);
            });
            builder.push(") t(a, b) ORDER BY 1 LIMIT ").push_bind(5_i64);
            Ok(rows(&builder.build().fetch_all(&mut connection).await?))
        })
        .await;
    suite
        .agree("sqlx stream", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let mut sum = 0;
            let mut stream = sqlx::query_scalar::<_, i64>("SELECT l_orderkey FROM lineitem")
                .fetch(&mut connection);
            while let Some(key) = stream.try_next().await? {
                sum += key;
            }
            drop(stream);
            Ok(format!(
                "{sum} {}",
                sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&mut connection).await?
            ))
        })
        .await;
    suite
        .agree("sqlx stream left early", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let mut stream =
                sqlx::query_scalar::<_, i64>("SELECT l_orderkey FROM lineitem ORDER BY 1")
                    .fetch(&mut connection);
            let first = stream.try_next().await?;
            drop(stream);
            Ok(format!(
                "{first:?} {}",
                sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&mut connection).await?
            ))
        })
        .await;
    suite
        .agree("sqlx transactions", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let mut transaction = sqlx::Connection::begin(&mut connection).await?;
            let mut inner = transaction.begin().await?;
            let wrong = sqlx::query("SELECT * FROM nowhere")
                .execute(&mut *inner)
                .await
                .map_err(|error| failure(&error))
                .err();
            inner.rollback().await?;
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM nation")
                .fetch_one(&mut *transaction)
                .await?;
            transaction.commit().await?;
            // One that is dropped is rolled back with the next statement.
            drop(sqlx::Connection::begin(&mut connection).await?);
            let (after,): (i32,) = sqlx::query_as("SELECT 1").fetch_one(&mut connection).await?;
            Ok(format!("{wrong:?} {count} {after}"))
        })
        .await;
    suite
        .agree("sqlx several statements", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let found = connection
                .fetch_all("SELECT 1 AS a; SET search_path = tpch; SELECT 'x' AS a")
                .await?;
            let done = connection.execute("SELECT 1; SELECT 2").await?;
            Ok(format!("{} {}", rows(&found), done.rows_affected()))
        })
        .await;
    suite
        .agree("sqlx pool", async |dsn| {
            let pool = PgPoolOptions::new()
                .max_connections(3)
                .test_before_acquire(true)
                .connect(&dsn)
                .await?;
            let asked = (0..60_i32).map(|number| {
                let pool = pool.clone();
                async move {
                    sqlx::query_scalar::<_, i32>("SELECT $1 * 2")
                        .bind(number)
                        .fetch_one(&pool)
                        .await
                }
            });
            let answers = future::try_join_all(asked).await?;
            pool.close().await;
            Ok(format!("{answers:?}"))
        })
        .await;
    suite
        .agree("sqlx copy", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let blocks: Vec<_> = connection
                .copy_out_raw(
                    "COPY (SELECT * FROM nation ORDER BY n_nationkey) TO STDOUT (FORMAT csv)",
                )
                .await?
                .try_collect()
                .await?;
            Ok(String::from_utf8(blocks.concat())?)
        })
        .await;
    suite
        .agree("sqlx listener", async |dsn| {
            let mut listener = PgListener::connect(&dsn).await?;
            listener.listen_all(["news", "other"]).await?;
            let mut connection = PgConnection::connect(&dsn).await?;
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind("news")
                .bind("told")
                .execute(&mut connection)
                .await?;
            let heard = listener.recv().await?;
            Ok(format!("{} {}", heard.channel(), heard.payload()))
        })
        .await;
    suite
        .agree("sqlx errors", async |dsn| {
            let mut connection = PgConnection::connect(&dsn).await?;
            let mut seen = Vec::new();
            for sql in
                ["SELECT 1 / 0", "SELECT 'x'::int4", "SELEC 1", "SELECT n_name + 1 FROM nation"]
            {
                seen.push(
                    sqlx::query(sql)
                        .execute(&mut connection)
                        .await
                        .map_err(|error| failure(&error))
                        .err(),
                );
            }
            Ok(format!("{seen:?}"))
        })
        .await;
}
