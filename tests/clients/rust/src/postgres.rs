//! tokio-postgres: values go in the binary form of the types that the server says its parameters have.

use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use futures_util::{StreamExt as _, TryStreamExt as _, future, pin_mut, stream};
use tokio_postgres::types::{FromSql, Kind, ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, IsolationLevel, NoTls, Row, SimpleQueryMessage};

use crate::{SLOW, Suite};

/// A value as its bytes, whatever its type.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Raw, Box<dyn Error + Sync + Send>> {
        Ok(Raw(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

async fn connect(dsn: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

pub(crate) fn failure(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(e) => format!(
            "{} {} {} {:?} {:?} {:?}",
            e.severity(),
            e.code().code(),
            e.message(),
            e.position(),
            e.detail(),
            e.hint()
        ),
        None => format!("{error}: {:?}", error.source().map(ToString::to_string)),
    }
}

/// A type without the OIDs that each server gives by itself.
fn kind(of: &Type) -> String {
    match of.kind() {
        Kind::Composite(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| format!("{} {}", field.name(), kind(field.type_())))
                .collect();
            format!("{} ({})", of, fields.join(", "))
        }
        Kind::Array(element) => format!("{of} of {}", kind(element)),
        _ => format!("{of} {}", of.oid()),
    }
}

fn rows(rows: &[Row]) -> String {
    let mut out = String::new();
    if let Some(first) = rows.first() {
        first.columns().iter().for_each(|column| {
            write!(out, "{} {}, ", column.name(), kind(column.type_())).expect("memory")
        });
    }
    for row in rows {
        let cells = (0..row.len()).map(|at| match row.get::<_, Option<Raw>>(at) {
            Some(Raw(bytes)) => {
                String::from_utf8(bytes.clone()).unwrap_or_else(|_| format!("{bytes:02x?}"))
            }
            None => "NULL".to_owned(),
        });
        write!(out, "\n{}", cells.collect::<Vec<_>>().join("|")).expect("memory");
    }
    out
}

/// A value of any of Rust's types.
type Value = Box<dyn ToSql + Sync>;

macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as Value),*] };
}

/// Statements with parameters of the types that PostgreSQL finds for them: a value of any other is refused by the driver.
fn asked() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("SELECT * FROM kinds.kinds ORDER BY id", values![]),
        ("SELECT n_name FROM nation WHERE n_nationkey = $1", values![7_i64]),
        (
            "SELECT n_name FROM nation WHERE n_nationkey = ANY($1) ORDER BY 1",
            values![vec![1_i64, 5]],
        ),
        (
            "SELECT n_name FROM nation WHERE n_name = ANY($1) OR n_name LIKE $2 ORDER BY 1",
            values![vec!["CHINA"], "F%"],
        ),
        (
            "SELECT n_name FROM nation WHERE n_nationkey BETWEEN $1 AND $2 ORDER BY n_name LIMIT $3 OFFSET $4",
            values![3_i64, 9_i64, 2_i64, 1_i64],
        ),
        (
            "SELECT n_nationkey + $1 AS a, $2 - n_nationkey AS b, -n_nationkey * $3 AS c FROM nation ORDER BY 1 LIMIT 2",
            values![1_i64, 9_i64, 2_i64],
        ),
        (
            "SELECT left(n_name, $1), repeat(n_name, $2), split_part(n_name, $3, $4), lpad(n_name, $5, $6) FROM nation ORDER BY 1",
            values![3_i32, 2_i32, "A", 1_i32, 20_i32, "."],
        ),
        (
            "SELECT coalesce($1, n_nationkey), nullif(n_nationkey, $2), greatest(n_nationkey, $3) FROM nation ORDER BY n_nationkey LIMIT 3",
            values![None::<i64>, 1_i64, 2_i64],
        ),
        ("SELECT CASE WHEN $1 THEN $2 ELSE 'no' END, NOT $3", values![true, "yes", false]),
        ("SELECT count(*) FROM orders WHERE $1 AND o_clerk > $2", values![true, "Clerk#000000500"]),
        (
            "SELECT $1::int2, $2::int4, $3::float4, $4::float8, $5::bool, $6::text, $7::bytea",
            values![1_i16, 2_i32, 0.5_f32, 0.1_f64, true, "x", vec![0_u8, 255]],
        ),
        (
            "SELECT a, b FROM unnest($1::int4[], $2::text[]) t(a, b)",
            values![vec![1_i32, 2], vec!["x", "y"]],
        ),
        (
            "SELECT ARRAY[1, 2] || $1, ARRAY[1, 2] @> $2, array_append(ARRAY['a'], $3)",
            values![vec![3_i32], vec![1_i32], "b"],
        ),
        ("SELECT g FROM generate_series($1::int4, $2::int4) g", values![1_i32, 4_i32]),
        (
            "SELECT '{\"a\": [1, {\"b\": 2}]}'::jsonb -> $1, '{\"a\": {\"b\": 1}}'::jsonb #>> $2, '{\"a\": 1}'::jsonb ? $3",
            values!["a", vec!["a", "b"], "a"],
        ),
        (
            "SELECT abs($1), sqrt($2), round($3), power($4, 2), log($5)",
            values![-1.5_f64, 2.0_f64, 2.5_f64, 3.0_f64, 100.0_f64],
        ),
        (
            "SELECT to_timestamp($1), make_date($2, $3, $4), encode($5, 'hex')",
            values![1.7e9_f64, 2024_i32, 2_i32, 29_i32, vec![1_u8, 171]],
        ),
        (
            "SELECT n_name || $1 || $2 AS a, concat(n_name, $3::text) AS b FROM nation ORDER BY 1 LIMIT 1",
            values!["-", "x", "y"],
        ),
        (
            "SELECT lag(n_name, $1) OVER (ORDER BY n_nationkey), ntile($2) OVER (ORDER BY n_nationkey) FROM nation ORDER BY n_nationkey",
            values![2_i32, 4_i32],
        ),
        ("SELECT a, b FROM (VALUES (1, 'x'), ($1, $2)) t(a, b) ORDER BY 1", values![2_i32, "y"]),
        ("SELECT 1 AS a UNION ALL SELECT $1 ORDER BY 1", values![2_i32]),
        (
            "SELECT (SELECT r_name FROM region WHERE r_regionkey = $1), EXISTS (SELECT 1 FROM nation WHERE n_name = $2)",
            values![2_i64, "CHINA"],
        ),
        (
            "SELECT n_regionkey, count(*) FROM nation GROUP BY 1 HAVING count(*) > $1 ORDER BY 1",
            values![3_i64],
        ),
        (
            "SELECT relname FROM pg_class WHERE relname = ANY($1) AND relkind = $2 ORDER BY 1",
            values![vec!["nation", "region"], b'r' as i8],
        ),
        ("SELECT $1", values!["text"]),
        ("SELECT region FROM region ORDER BY r_regionkey", values![]),
    ]
}

/// Statements whose parameters no type of the driver's own goes with, or that fail.
const DESCRIBED: &[&str] = &[
    "SELECT * FROM kinds.kinds WHERE id = $1",
    "SELECT count(*) FROM orders WHERE o_orderdate >= $1 AND o_totalprice < $2",
    "SELECT o_totalprice * $1, round(o_totalprice, $2) FROM orders",
    "SELECT now() - $1::interval, date_trunc($2, now()), o_orderdate - $3 FROM orders",
    "SELECT '{}'::jsonb @> $1, '{}'::jsonb || $2",
    "SELECT '[1,2)'::int4range @> $1, int8range($2, $3), '10.0.0.0/8'::inet >> $4",
    "SELECT jsonb_array_length($1), json_typeof($2)",
    "SELECT set_config($1, $2, $3)",
    "SELECT pg_sleep($1)",
    "SELECT obj_description($1, 'pg_class'), format_type($2, $3)",
    "SELECT $1::regclass, $2::oid",
    "SELECT nope FROM nation WHERE n_name = $1",
    "SELECT * FROM nowhere",
    "SELEC 1",
    "SELECT $2::int4",
    "SELECT n_name FROM nation WHERE n_nationkey = 'x'",
];

pub(crate) async fn cases(suite: &mut Suite) {
    for (sql, values) in asked() {
        suite
            .agree(&format!("tokio-postgres: {sql}"), async |dsn| {
                let client = connect(&dsn).await?;
                let statement = client.prepare(sql).await?;
                let parameters: Vec<_> = values.iter().map(AsRef::as_ref).collect();
                let told: Vec<String> = statement.params().iter().map(kind).collect();
                let answer = client.query(&statement, &parameters).await?;
                Ok(format!("{}\n{}", told.join(", "), rows(&answer)))
            })
            .await;
    }
    for sql in DESCRIBED {
        suite
            .agree(&format!("tokio-postgres prepares: {sql}"), async |dsn| {
                let statement = connect(&dsn).await?.prepare(sql).await?;
                let parameters: Vec<String> = statement.params().iter().map(kind).collect();
                let columns = statement
                    .columns()
                    .iter()
                    .map(|column| format!("{} {}", column.name(), kind(column.type_())));
                Ok(format!(
                    "{} -> {}",
                    parameters.join(", "),
                    columns.collect::<Vec<_>>().join(", ")
                ))
            })
            .await;
    }
    suite
        .agree("tokio-postgres moments", async |dsn| {
            let client = connect(&dsn).await?;
            let moment = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
            let row = client
                .query_one("SELECT $1::timestamptz, $2::timestamp, $1 < now()", &[&moment, &moment])
                .await?;
            Ok(format!(
                "{:?} {:?} {}",
                row.get::<_, SystemTime>(0),
                row.get::<_, SystemTime>(1),
                row.get::<_, bool>(2)
            ))
        })
        .await;
    suite
        .agree("tokio-postgres json", async |dsn| {
            let client = connect(&dsn).await?;
            let value = serde_json::json!({ "a": [1, null, "x"] });
            let row = client
                .query_one("SELECT $1::jsonb, $1::jsonb -> 'a', $2::json", &[&value, &value])
                .await?;
            let cell = |at: usize| row.get::<_, serde_json::Value>(at).to_string();
            Ok([cell(0), cell(1), cell(2)].join(" "))
        })
        .await;
    suite
        .agree("tokio-postgres stream", async |dsn| {
            let client = connect(&dsn).await?;
            let stream = client
                .query_raw(
                    "SELECT l_orderkey, l_comment FROM lineitem WHERE l_orderkey > $1",
                    [&100_i64],
                )
                .await?;
            pin_mut!(stream);
            let (mut count, mut sum, mut length) = (0, 0, 0);
            while let Some(row) = stream.try_next().await? {
                count += 1;
                sum += row.get::<_, i64>(0);
                length += row.get::<_, &str>(1).len();
            }
            Ok(format!("{count} {sum} {length} {:?}", stream.rows_affected()))
        })
        .await;
    suite
        .agree("tokio-postgres portals", async |dsn| {
            let mut client = connect(&dsn).await?;
            let transaction = client.transaction().await?;
            let portal = transaction
                .bind("SELECT n_name FROM nation WHERE n_nationkey > $1 ORDER BY 1", &[&2_i64])
                .await?;
            let mut sizes = Vec::new();
            loop {
                let part = transaction.query_portal(&portal, 9).await?;
                sizes.push(part.len());
                if part.len() < 9 {
                    break;
                }
            }
            transaction.commit().await?;
            Ok(format!("{sizes:?}"))
        })
        .await;
    suite
        .agree("tokio-postgres transactions", async |dsn| {
            let mut client = connect(&dsn).await?;
            let built = client
                .build_transaction()
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true);
            let mut transaction = built.start().await?;
            let shown = transaction.query_one("SHOW transaction_isolation", &[]).await?;
            let inner = transaction.savepoint("deeper").await?;
            let wrong = inner
                .query("SELECT 1 / $1::int4", &[&0_i32])
                .await
                .map_err(|error| failure(&error))
                .err();
            inner.rollback().await?;
            let after = transaction.query_one("SELECT count(*) FROM nation", &[]).await?;
            transaction.rollback().await?;
            Ok(format!("{} {wrong:?} {}", shown.get::<_, &str>(0), after.get::<_, i64>(0)))
        })
        .await;
    suite
        .agree("tokio-postgres many at once", async |dsn| {
            let client = connect(&dsn).await?;
            let statement = client
                .prepare("SELECT $1::int4 * 2, r_name FROM region WHERE r_regionkey = $2")
                .await?;
            let asked = (0..100_i32).map(|number| {
                let (client, statement) = (&client, &statement);
                async move {
                    let row =
                        client.query_one(statement, &[&number, &i64::from(number % 5)]).await?;
                    Ok::<_, tokio_postgres::Error>(format!(
                        "{} {}",
                        row.get::<_, i32>(0),
                        row.get::<_, &str>(1)
                    ))
                }
            });
            Ok(future::try_join_all(asked).await?.join(", "))
        })
        .await;
    suite
        .agree("tokio-postgres simple queries", async |dsn| {
            let client = connect(&dsn).await?;
            let messages = client.simple_query("SELECT 1 AS a, NULL AS b; SET search_path = tpch; SELECT n_name FROM nation ORDER BY 1 LIMIT 2").await?;
            let told = messages.iter().map(|message| match message {
                SimpleQueryMessage::Row(row) => format!("{:?}", (0..row.len()).map(|at| row.get(at)).collect::<Vec<_>>()),
                SimpleQueryMessage::CommandComplete(count) => format!("done {count}"),
                _ => "columns".to_owned(),
            });
            Ok(told.collect::<Vec<_>>().join(", "))
        })
        .await;
    suite
        .agree("tokio-postgres copy", async |dsn| {
            let client = connect(&dsn).await?;
            let copied = client
                .copy_out(
                    "COPY (SELECT * FROM orders ORDER BY o_orderkey) TO STDOUT (FORMAT binary)",
                )
                .await?;
            let blocks: Vec<_> = copied.try_collect().await?;
            Ok(format!("{:02x?}", blocks.concat()))
        })
        .await;
    suite
        .agree("tokio-postgres cancel", async |dsn| {
            let client = connect(&dsn).await?;
            let token = client.cancel_token();
            let stopped = async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                token.cancel_query(NoTls).await
            };
            let (ended, stopped) = future::join(client.batch_execute(SLOW), stopped).await;
            stopped?;
            let after = client.query_one("SELECT 1", &[]).await?;
            Ok(format!("{:?} {}", ended.map_err(|error| failure(&error)), after.get::<_, i32>(0)))
        })
        .await;
    suite
        .agree("tokio-postgres notifications", async |dsn| {
            let (client, mut connection) = tokio_postgres::connect(&dsn, NoTls).await?;
            let mut messages =
                stream::poll_fn(move |context| connection.poll_message(context)).boxed();
            let sent = async {
                client.batch_execute("LISTEN news").await?;
                client.query("SELECT pg_notify($1, $2)", &[&"news", &"told"]).await
            };
            let heard = async {
                while let Some(message) = messages.next().await {
                    if let AsyncMessage::Notification(heard) = message? {
                        return Ok(format!("{} {}", heard.channel(), heard.payload()));
                    }
                }
                Ok::<_, tokio_postgres::Error>("nothing".to_owned())
            };
            let (sent, heard) = future::join(sent, heard).await;
            sent?;
            Ok(heard?)
        })
        .await;
    suite
        .agree("tokio-postgres options", async |dsn| {
            let client =
                connect(&format!("{dsn}?application_name=suite&options=-c%20search_path%3Dkinds"))
                    .await?;
            let row = client
                .query_one("SELECT current_setting('application_name'), count(*) FROM kinds", &[])
                .await?;
            Ok(format!("{} {}", row.get::<_, &str>(0), row.get::<_, i64>(1)))
        })
        .await;
}
