//! tokio-postgres: the 22 queries of TPC-H in both protocols, their answers equal to PostgreSQL's.
//!
//! `tests/run` names the data (`FOREBAY_TEST_ROOT`) and the PostgreSQL that holds it too (`FOREBAY_TEST_PG`); without them
//! there is nothing to compare with.

use std::path::{Path, PathBuf};

use tokio_postgres::types::{FromSql, Kind, Type};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::support::Site;

#[test]
fn tpch_answers_are_those_of_postgres() {
    let (Ok(root), Ok(oracle)) =
        (std::env::var("FOREBAY_TEST_ROOT"), std::env::var("FOREBAY_TEST_PG"))
    else {
        eprintln!("nothing to compare with: FOREBAY_TEST_ROOT and FOREBAY_TEST_PG are not set");
        return;
    };
    let site = Site::new().over(Path::new(&root));
    let server = site.serve(&[]);
    let dsn = format!(
        "host={} port={} user=forebay dbname=tpch",
        server.address.ip(),
        server.address.port()
    );
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let wrong = runtime.block_on(async move {
        let (left, right) = (connect(&dsn).await, connect(&oracle).await);
        let mut wrong = Vec::new();
        for (name, sql) in queries() {
            let simple = (simple(&left, &sql).await, simple(&right, &sql).await);
            let binary = (binary(&left, &sql).await, binary(&right, &sql).await);
            wrong.extend(
                difference(simple).map(|difference| format!("{name}, simple: {difference}")),
            );
            wrong.extend(
                difference(binary).map(|difference| format!("{name}, binary: {difference}")),
            );
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn queries() -> Vec<(String, String)> {
    let directory: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "data", "tpch"].iter().collect();
    let mut queries: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let sql = std::fs::read_to_string(&path).unwrap();
            (name, sql.trim().trim_end_matches(';').to_owned())
        })
        .collect();
    queries.sort();
    assert_eq!(queries.len(), 22);
    queries
}

/// Column names with types, then rows; numbers of any kind compare as numbers.
#[derive(Debug, Default)]
struct Answer {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

type Outcome = Result<Answer, tokio_postgres::Error>;

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Number(f64),
    Bytes(Vec<u8>),
}

/// How the answer of the server under test differs from PostgreSQL's.
fn difference((got, want): (Outcome, Outcome)) -> Option<String> {
    let (got, want) = match (got, want) {
        (Ok(got), Ok(want)) => (got, want),
        (got, want) => return Some(format!("{:?}, PostgreSQL {:?}", got.err(), want.err())),
    };
    if got.columns != want.columns {
        return Some(format!("{:?}, PostgreSQL has {:?}", got.columns, want.columns));
    }
    if got.rows.len() != want.rows.len() {
        return Some(format!("{} rows, PostgreSQL has {}", got.rows.len(), want.rows.len()));
    }
    let same = |left: &Value, right: &Value| match (left, right) {
        (Value::Number(x), Value::Number(y)) => (x - y).abs() <= 1e-9 * x.abs().max(y.abs()),
        (left, right) => left == right,
    };
    let pairs = got.rows.iter().zip(&want.rows);
    pairs.enumerate().find_map(|(index, (left, right))| {
        let equal = left.len() == right.len() && left.iter().zip(right).all(|(x, y)| same(x, y));
        (!equal).then(|| format!("row {index}: {left:?}, PostgreSQL has {right:?}"))
    })
}

async fn connect(dsn: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(dsn, NoTls).await.unwrap();
    tokio::spawn(async move {
        connection.await.ok();
    });
    client
}

async fn simple(client: &Client, sql: &str) -> Outcome {
    let mut answer = Answer::default();
    for message in client.simple_query(sql).await? {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                answer.columns = columns.iter().map(|column| column.name().to_owned()).collect();
            }
            SimpleQueryMessage::Row(row) => {
                let cell = |index| match row.get(index) {
                    None => Value::Null,
                    Some(text) => {
                        text.parse().map_or_else(|_| Value::Bytes(text.into()), Value::Number)
                    }
                };
                answer.rows.push((0..row.len()).map(cell).collect());
            }
            _ => {}
        }
    }
    Ok(answer)
}

async fn binary(client: &Client, sql: &str) -> Outcome {
    let statement = client.prepare(sql).await?;
    let columns = statement.columns().iter();
    let columns = columns.map(|column| format!("{} {}", column.name(), column.type_())).collect();
    let mut answer = Answer { columns, rows: Vec::new() };
    for row in client.query(&statement, &[]).await? {
        let cells = (0..row.len()).map(|index| row.get::<_, Value>(index));
        answer.rows.push(cells.collect());
    }
    Ok(answer)
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(
        kind: &Type,
        bytes: &'a [u8],
    ) -> Result<Value, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT2 => Value::Number(i16::from_sql(kind, bytes)?.into()),
            Type::INT4 => Value::Number(i32::from_sql(kind, bytes)?.into()),
            Type::INT8 => Value::Number(i64::from_sql(kind, bytes)?.to_string().parse()?),
            Type::FLOAT4 => Value::Number(f32::from_sql(kind, bytes)?.into()),
            Type::FLOAT8 => Value::Number(f64::from_sql(kind, bytes)?),
            Type::NUMERIC => Value::Number(numeric(bytes)),
            _ => Value::Bytes(bytes.to_vec()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Value, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Value::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(kind.kind(), Kind::Simple)
    }
}

/// PostgreSQL's binary numeric: counts and sign, then digits of base 10,000.
fn numeric(bytes: &[u8]) -> f64 {
    let word = |index: usize| i16::from_be_bytes([bytes[2 * index], bytes[2 * index + 1]]);
    let (digits, weight, negative) = (word(0), i32::from(word(1)), word(2) == 0x4000);
    let size: f64 = (0..digits)
        .map(|place| {
            let digit = f64::from(word(4 + usize::try_from(place).unwrap()));
            digit * 10_000_f64.powi(weight - i32::from(place))
        })
        .sum();
    if negative { -size } else { size }
}
