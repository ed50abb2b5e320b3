//! From a physical plan to a stream of rows that anything can stop.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_expr::projection::ProjectionExpr;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::door::{Column, Outcome, RowStream, RowsTag};
use super::engine::Engine;
use super::failure;
use super::names::Read;
use super::parse::{Explain, ExplainFormat};
use crate::error::{Error, Result};
use crate::pg::types::{self, PgType};

/// Batches between the computing and the sending side. More only adds memory; fewer makes them wait for each other.
const BATCHES_AHEAD: usize = 2;

/// Runs `plan`. The stream holds `reads`, so that their files stay until it is dropped; dropping it stops the work.
pub(super) fn rows(
    engine: &Engine,
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    statement: Running,
) -> Result<RowStream> {
    if computes_nothing(&plan) {
        let stream = execute_stream(plan, context).map_err(|e| failure::of(e, &statement.sql))?;
        return Ok(stream
            .map(move |item| item.map_err(|e| failure::of(e, &statement.sql)))
            .boxed());
    }
    let (send, mut receive) = mpsc::channel(BATCHES_AHEAD);
    let permits = Arc::clone(&engine.running);
    engine.compute.spawn(async move {
        let drive = drive(plan, context, statement, permits, send.clone());
        // A panic inside an operator concerns this statement only.
        if let Err(panic) = std::panic::AssertUnwindSafe(drive).catch_unwind().await {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            tracing::error!(panic = text, "a statement panicked while it ran");
            drop(send.send(Err(Error::Internal("execution failed".to_owned()))).await);
        }
    });
    Ok(futures::stream::poll_fn(move |task| receive.poll_recv(task)).boxed())
}

/// What a running statement holds and obeys.
pub(super) struct Running {
    /// Its tables: their versions' files stay while this lives.
    pub(super) reads: Vec<Read>,
    /// Its text.
    pub(super) sql: Arc<str>,
    /// Stops it.
    pub(super) cancel: CancellationToken,
}

async fn drive(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    statement: Running,
    permits: Arc<tokio::sync::Semaphore>,
    send: mpsc::Sender<Result<RecordBatch>>,
) {
    let mut stream = match execute_stream(plan, context) {
        Ok(stream) => stream,
        Err(error) => {
            drop(send.send(Err(failure::of(error, &statement.sql))).await);
            return;
        }
    };
    loop {
        // A statement whose client reads slowly holds no permit: it computes nothing then.
        let room = tokio::select! {
            biased;
            () = statement.cancel.cancelled() => return,
            room = send.reserve() => room,
        };
        let Ok(room) = room else { return };
        let item = tokio::select! {
            biased;
            () = statement.cancel.cancelled() => return,
            () = send.closed() => return,
            item = next(&mut stream, &permits) => item,
        };
        match item {
            Some(Ok(batch)) if batch.num_rows() == 0 => {}
            Some(Ok(batch)) => room.send(Ok(batch)),
            Some(Err(error)) => {
                room.send(Err(failure::of(error, &statement.sql)));
                return;
            }
            None => break,
        }
    }
    drop(statement.reads);
}

async fn next(
    stream: &mut datafusion::execution::SendableRecordBatchStream,
    permits: &tokio::sync::Semaphore,
) -> Option<datafusion::common::Result<RecordBatch>> {
    let _permit = permits.acquire().await;
    stream.next().await
}

/// Plans so small that another thread would cost more than they do: `SELECT 1`.
fn computes_nothing(plan: &Arc<dyn ExecutionPlan>) -> bool {
    match plan.name() {
        "PlaceholderRowExec" | "EmptyExec" => true,
        "ProjectionExec" => plan.children().into_iter().all(computes_nothing),
        _ => false,
    }
}

/// The rows of a plan that does nothing but name literals.
pub(super) fn constant(
    plan: &Arc<dyn ExecutionPlan>,
    context: &Arc<TaskContext>,
) -> Option<RecordBatch> {
    let projection = plan.downcast_ref::<ProjectionExec>()?;
    let named = |expr: &ProjectionExpr| expr.expr.is::<Literal>();
    if projection.input().name() != "PlaceholderRowExec" || !projection.expr().iter().all(named) {
        return None;
    }
    let mut rows = execute_stream(Arc::clone(plan), Arc::clone(context)).ok()?;
    // Its one row is there at once; nothing is lost when it is not.
    rows.next().now_or_never()??.ok()
}

/// A column of text.
pub(super) fn text_column(name: &str) -> Column {
    let pg_type = types::of_field(&Field::new(name, DataType::Utf8, true));
    Column { name: name.to_owned(), table_oid: 0, number: 0, pg_type }
}

/// Rows of text that are there already.
pub(super) fn text_rows(names: &[&str], rows: &[Vec<String>], tag: RowsTag) -> Result<Outcome> {
    let fields: Vec<Field> =
        names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let arrays = (0..names.len())
        .map(|column| {
            let values = rows.iter().map(|row| row.get(column).map(String::as_str));
            Arc::new(values.collect::<StringArray>()) as ArrayRef
        })
        .collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Outcome::Rows {
        columns: names.iter().map(|name| text_column(name)).collect(),
        rows: stored(vec![batch]),
        tag,
        binary: false,
    })
}

/// The column of an EXPLAIN.
pub(super) fn explained_column(options: &Explain) -> Column {
    let mut column = text_column("QUERY PLAN");
    match options.format {
        ExplainFormat::Json => column.pg_type = PgType::new(types::JSON),
        ExplainFormat::Xml => column.pg_type = PgType::new(types::XML),
        ExplainFormat::Text | ExplainFormat::Yaml => {}
    }
    column
}

/// Batches as a stream.
pub(super) fn stored(batches: Vec<RecordBatch>) -> RowStream {
    futures::stream::iter(batches.into_iter().map(Ok)).boxed()
}

/// The columns of batches that no plan made.
pub(super) fn columns_of(schema: &Schema) -> Arc<[Column]> {
    schema
        .fields()
        .iter()
        .map(|field| {
            let pg_type: PgType = types::of_field(field);
            Column { name: field.name().clone(), table_oid: 0, number: 0, pg_type }
        })
        .collect()
}
