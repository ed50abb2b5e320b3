//! The tables of versions as DataFusion sees them.
//!
//! A version never changes, so what its footers say is gathered once, at its first scan or ahead of it, and kept as long
//! as the version lives: rows, smallest and greatest values, counts of NULL. From them files are left out before they
//! are opened, `count(*)`, `min` and `max` are answered without a scan, and joins find their order.
//!
//! Every file of a plan carries an `Arc` of its version: while a plan, or a stream made from it, can still open a file,
//! nobody removes it.

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::future::ready;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema, SchemaRef};
use chrono::{DateTime, NaiveDate, Utc};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{ColumnStatistics, DFSchema, DataFusionError, ScalarValue, Statistics};
use datafusion::datasource::listing::helpers::expr_applicable_for_cols;
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{
    FileGroup, FileOpenFuture, FileOpener, FileScanConfig, FileScanConfigBuilder, FileSource,
    ParquetSource,
};
use datafusion::datasource::projection::{ProjectionOpener, SplitProjection};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt};
use object_store::{ObjectMeta, ObjectStore};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

use super::decode::{self, Source, damaged};
use super::footers::{self, Footers};
use super::inspect::{Limits, kind_of, parquet_schema};
use super::objects::Objects;
use super::parts::Groups;
use super::placed;
use super::shape::partition_date;
use crate::catalog::generation::Version;
use crate::catalog::manifest::{Compression, Format, Table};
use crate::error::{Error, Result};
use crate::task::Tasks;

type PlanResult<T> = datafusion::common::Result<T>;

/// What is known of the files of all tables in use, shared by all sessions.
#[derive(Debug)]
pub struct Scans {
    objects: Arc<Objects>,
    tasks: Tasks,
    /// By the address of the table, which stays taken as long as its `Weak` is here.
    cells: Mutex<HashMap<usize, (Weak<Table>, FactsCell)>>,
}

type FactsCell = Arc<OnceLock<Arc<Facts>>>;

/// The entries past which [`Scans`] looks for tables that are gone. A tenth would look too often; an entry of a table
/// that is gone costs its statistics, some kilobytes per file.
const SWEEP_LEN: usize = 256;

impl Scans {
    /// Knows nothing yet. The sessions' `RuntimeEnv` must use the registry of the same `objects`.
    pub fn new(objects: Arc<Objects>, tasks: Tasks) -> Arc<Scans> {
        Arc::new(Scans { objects, tasks, cells: Mutex::default() })
    }

    /// Reads the footers of `table` now, so that its first statement need not. The footers stay in `cache`, which
    /// should be that of the sessions' `RuntimeEnv`. Cancel safe: cancelled, nothing is known yet.
    ///
    /// Errors: a file that is gone, changed or damaged.
    pub async fn warm(
        &self,
        database: &str,
        version: &Arc<Version>,
        table: &Arc<Table>,
        cache: Arc<FileMetadataCache>,
    ) -> Result<()> {
        let names = Names::new(database, version, table);
        self.gather(names, self.cell(table), cache).await.map(|_| ())
    }

    fn cell(&self, table: &Arc<Table>) -> FactsCell {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= SWEEP_LEN && cells.len().is_power_of_two() {
            cells.retain(|_, (table, _)| table.strong_count() > 0);
        }
        let entry = cells.entry(Arc::as_ptr(table).addr());
        let (_, cell) = entry.or_insert_with(|| (Arc::downgrade(table), Arc::new(OnceLock::new())));
        Arc::clone(cell)
    }

    fn gather(
        &self,
        names: Names,
        cell: FactsCell,
        cache: Arc<FileMetadataCache>,
    ) -> BoxFuture<'static, Result<Arc<Facts>>> {
        let objects = Arc::clone(&self.objects);
        let gathered = self.tasks.blocking(move || {
            let facts = Facts::gather(&names, &objects, &cache)?;
            Ok(Arc::clone(cell.get_or_init(|| Arc::new(facts))))
        });
        gathered
            .map(|joined| {
                joined.unwrap_or_else(|error| Err(Error::Internal(format!("footers: {error}"))))
            })
            .boxed()
    }
}

/// The table as DataFusion sees it. Its schema is the table's own: the columns of the files, then those of the
/// directories.
pub fn provider(
    database: &str,
    version: &Arc<Version>,
    table: &Arc<Table>,
    scans: &Arc<Scans>,
) -> Arc<dyn TableProvider> {
    Arc::new(VersionTable {
        schema: table.schema(),
        places: false,
        names: Names::new(database, version, table),
        cell: scans.cell(table),
        scans: Arc::clone(scans),
    })
}

/// Which table of which version; and the pin on both.
#[derive(Clone)]
struct Names {
    database: String,
    version: Arc<Version>,
    table: Arc<Table>,
}

impl Names {
    fn new(database: &str, version: &Arc<Version>, table: &Arc<Table>) -> Names {
        Names {
            database: database.to_owned(),
            version: Arc::clone(version),
            table: Arc::clone(table),
        }
    }
}

/// Carried by every file of a plan; keeps the version's files on the disk.
struct Pin(#[expect(dead_code, reason = "it is held, not read")] Arc<Version>);

#[derive(Clone)]
pub(super) struct VersionTable {
    names: Names,
    schema: SchemaRef,
    /// Whether the schema ends with the columns of [`placed`].
    places: bool,
    cell: FactsCell,
    scans: Arc<Scans>,
}

impl Debug for VersionTable {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Names { database, version, table } = &self.names;
        write!(formatter, "{database}@{}.{}", version.name, table.name)
    }
}

impl TableProvider for VersionTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    // Written out: `#[async_trait]` would prove `Send` over all of `Expr` here at each build.
    fn scan<'life0, 'life1, 'life2, 'life3, 'async_trait>(
        &'life0 self,
        session: &'life1 dyn Session,
        projection: Option<&'life2 Vec<usize>>,
        filters: &'life3 [Expr],
        limit: Option<usize>,
    ) -> BoxFuture<'async_trait, PlanResult<Arc<dyn ExecutionPlan>>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        'life3: 'async_trait,
        Self: 'async_trait,
    {
        let wish = Wish { session, projection, filters, limit };
        if let Some(facts) = self.cell.get() {
            return ready(self.plan(&wish, facts)).boxed();
        }
        let cache = session.runtime_env().cache_manager.get_file_metadata_cache();
        let gathered = self.scans.gather(self.names.clone(), Arc::clone(&self.cell), cache);
        let planned = move |facts: Result<Arc<Facts>>| {
            let facts = facts.map_err(external)?;
            self.plan(&wish, &facts)
        };
        gathered.map(planned).boxed()
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> PlanResult<Vec<TableProviderFilterPushDown>> {
        let partitions = self.partition_names();
        let kinds = filters.iter().map(|filter| {
            if self.places && placed::is_read(filter) {
                TableProviderFilterPushDown::Unsupported
            } else if expr_applicable_for_cols(&partitions, filter) && !partitions.is_empty() {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Inexact
            }
        });
        Ok(kinds.collect())
    }

    fn statistics(&self) -> Option<Statistics> {
        let found = self.cell.get().map(|facts| facts.statistics.clone());
        if self.places { found.map(placed::statistics) } else { found }
    }
}

/// What a scan was asked for.
struct Wish<'a> {
    session: &'a dyn Session,
    projection: Option<&'a Vec<usize>>,
    filters: &'a [Expr],
    limit: Option<usize>,
}

impl VersionTable {
    fn partition_names(&self) -> Vec<&str> {
        let fields = self.names.table.partition_fields.iter();
        fields.map(|field| field.name().as_str()).collect()
    }

    pub(super) fn format(&self) -> Format {
        self.names.table.format
    }

    /// The same with the columns that tell the places of rows.
    pub(super) fn placed(&self) -> VersionTable {
        VersionTable { schema: placed::schema(&self.schema), places: true, ..self.clone() }
    }

    fn plan(&self, wish: &Wish<'_>, facts: &Facts) -> PlanResult<Arc<dyn ExecutionPlan>> {
        if self.places {
            let uncounted = || external(Error::Internal("a file has not told its rows".to_owned()));
            let files = placed::files(&facts.files).ok_or_else(uncounted)?;
            let statistics = placed::statistics(facts.statistics.clone());
            return self.scanned(wish, &Facts { files, statistics });
        }
        self.scanned(wish, facts)
    }

    fn scanned(&self, wish: &Wish<'_>, facts: &Facts) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let kept = self.kept(wish, facts)?;
        let mut statistics = if kept.len() == facts.files.len() {
            facts.statistics.clone()
        } else {
            let found = kept.iter().filter_map(|file| file.statistics.as_deref());
            merged(found, kept.is_empty(), &self.schema)?
        };
        if wish.limit.is_some() {
            statistics = statistics.to_inexact();
        }
        let partitions = wish.session.config().target_partitions();
        let config =
            FileScanConfigBuilder::new(Objects::url().map_err(external)?, self.source(wish)?)
                .with_file_groups(balanced(parts(kept, wish.projection), partitions))
                .with_statistics(statistics)
                .with_projection_indices(wish.projection.cloned())?
                .with_limit(wish.limit)
                .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// The files that may hold rows that are wanted, each with its pin.
    fn kept(&self, wish: &Wish<'_>, facts: &Facts) -> PlanResult<Vec<PartitionedFile>> {
        let mut keep = vec![true; facts.files.len()];
        let partitions = self.partition_names();
        let (exact, inexact): (Vec<Expr>, Vec<Expr>) =
            wish.filters.iter().cloned().partition(|filter| {
                !partitions.is_empty() && expr_applicable_for_cols(&partitions, filter)
            });
        let only_exact = inexact.is_empty();
        if let Some(filter) = conjunction(exact) {
            self.keep_partitions(wish.session, &filter, facts, &mut keep)?;
        }
        if let Some(filter) = conjunction(inexact)
            && facts.files.len() > 1
            && self.names.table.format == Format::Parquet
        {
            self.keep_statistics(wish.session, &filter, facts, &mut keep)?;
        }
        let mut files = Vec::new();
        let mut rows = 0_usize;
        for (file, keep) in facts.files.iter().zip(keep) {
            if !keep {
                continue;
            }
            // Without a filter every row counts, so that the first files may be enough.
            if only_exact && wish.limit.is_some_and(|limit| rows >= limit) {
                break;
            }
            let counted = file.statistics.as_ref().map(|statistics| statistics.num_rows);
            if let Some(Precision::Exact(count)) = counted {
                rows = rows.saturating_add(count);
            }
            files.push(file.clone().with_extension(Pin(Arc::clone(&self.names.version))));
        }
        Ok(files)
    }

    /// Evaluates a filter of partition columns on the values of all files at once.
    fn keep_partitions(
        &self,
        session: &dyn Session,
        filter: &Expr,
        facts: &Facts,
        keep: &mut [bool],
    ) -> PlanResult<()> {
        let schema = Arc::new(Schema::new(self.names.table.partition_fields.clone()));
        let columns = (0..schema.fields().len()).map(|at| {
            let values = facts.files.iter().filter_map(|file| file.partition_values.get(at));
            ScalarValue::iter_to_array(values.cloned())
        });
        if facts.files.is_empty() {
            return Ok(());
        }
        let columns = columns.collect::<PlanResult<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(facts.files.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?;
        let filter = session.create_physical_expr(filter.clone(), &DFSchema::try_from(schema)?)?;
        let found = filter.evaluate(&batch)?.into_array(facts.files.len())?;
        let Some(found) = found.as_boolean_opt() else { return Ok(()) };
        for (at, keep) in keep.iter_mut().enumerate() {
            *keep &= found.is_valid(at) && found.value(at);
        }
        Ok(())
    }

    /// Leaves out files whose smallest and greatest values show that no row can pass.
    fn keep_statistics(
        &self,
        session: &dyn Session,
        filter: &Expr,
        facts: &Facts,
        keep: &mut [bool],
    ) -> PlanResult<()> {
        use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
        let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        let filter = session.create_physical_expr(filter.clone(), &schema)?;
        let predicate = PruningPredicateBuilder::new()
            .with_file_schema(Arc::clone(&self.schema))
            .try_build(filter);
        // What pruning does not understand it need not decide.
        let Ok(predicate) = predicate else { return Ok(()) };
        let found = facts.files.iter().map(|file| file.statistics.clone().unwrap_or_default());
        let found = PrunableStatistics::new(found.collect(), Arc::clone(&self.schema));
        if let Ok(possible) = predicate.prune(&found) {
            for (keep, possible) in keep.iter_mut().zip(possible) {
                *keep &= possible;
            }
        }
        Ok(())
    }

    fn source(&self, wish: &Wish<'_>) -> PlanResult<Arc<dyn FileSource>> {
        let table = &self.names.table;
        let mut directories = table.partition_fields.clone();
        let mut made = Vec::new();
        if self.places {
            let (before, within) = placed::fields();
            directories.push(before);
            made.push(within);
        }
        let schema = TableSchema::builder(Arc::clone(&table.file_schema))
            .with_table_partition_cols(directories)
            .with_virtual_columns(made)
            .build();
        if table.format != Format::Parquet {
            return Ok(Arc::new(Rows::new(table, schema)));
        }
        let runtime = wish.session.runtime_env();
        let store = runtime.object_store(Objects::url().map_err(external)?)?;
        let cache = runtime.cache_manager.get_file_metadata_cache();
        let options = TableParquetOptions {
            global: wish.session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        Ok(Arc::new(
            ParquetSource::new(schema)
                .with_table_parquet_options(parquet_options(options))
                .with_parquet_file_reader_factory(Arc::new(Footers::new(store, cache))),
        ))
    }
}

/// As [`parquet_schema`] told the columns, so they are read.
pub(crate) fn parquet_options(mut options: TableParquetOptions) -> TableParquetOptions {
    options.global.coerce_int96 = Some("us".to_owned());
    options.global.coerce_int96_tz = None;
    options.global.skip_metadata = true;
    options
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Files with large row groups in parts.
fn parts(files: Vec<PartitionedFile>, projection: Option<&Vec<usize>>) -> Vec<PartitionedFile> {
    let split = |file: PartitionedFile| match file.extension::<Groups>() {
        Some(groups) => groups.split(&file, projection),
        None => vec![file],
    };
    files.into_iter().flat_map(split).collect()
}

/// Spreads files over at most `count` groups of about the same bytes, the largest first; in a group they keep the order
/// of their paths.
pub(crate) fn balanced(files: Vec<PartitionedFile>, count: usize) -> Vec<FileGroup> {
    let count = count.min(files.len()).max(1);
    let mut order: Vec<usize> = (0..files.len()).collect();
    let size = |at: &usize| files.get(*at).map_or(0, PartitionedFile::effective_size);
    order.sort_by_key(|at| std::cmp::Reverse(size(at)));
    let mut totals = vec![0_u64; count];
    let mut owner = vec![0; files.len()];
    for at in order {
        let least = totals.iter().enumerate().min_by_key(|(_, total)| **total);
        let least = least.map_or(0, |(group, _)| group);
        if let (Some(total), Some(owner)) = (totals.get_mut(least), owner.get_mut(at)) {
            // Empty files count as well, else they all land in one group.
            *total = total.saturating_add(size(&at)).saturating_add(1);
            *owner = least;
        }
    }
    let mut groups = vec![Vec::new(); count];
    for (file, owner) in files.into_iter().zip(owner) {
        if let Some(group) = groups.get_mut(owner) {
            group.push(file);
        }
    }
    groups.into_iter().map(FileGroup::new).collect()
}

/// What the footers of one table say.
struct Facts {
    files: Vec<PartitionedFile>,
    statistics: Statistics,
}

impl Debug for Facts {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} files", self.files.len())
    }
}

impl Facts {
    /// Blocks while it reads the footers.
    fn gather(
        names: &Names,
        objects: &Arc<Objects>,
        cache: &Arc<FileMetadataCache>,
    ) -> Result<Facts> {
        let Names { database, version, table } = names;
        let schema = table.schema();
        let mut files = Vec::with_capacity(table.files.len());
        for file in &table.files {
            let meta = ObjectMeta {
                location: Objects::location(database, &version.name, &file.path)?,
                last_modified: DateTime::<Utc>::from_timestamp_micros(file.modified_us)
                    .unwrap_or_default(),
                size: file.bytes,
                e_tag: file.etag.clone(),
                version: None,
            };
            let fields = table.partition_fields.iter().zip(&file.partition_values);
            let values = fields
                .map(|(field, value)| partition_value(field.data_type(), value.as_deref()))
                .collect::<Result<Vec<_>>>()?;
            let mut groups = None;
            let mut statistics = match table.format {
                Format::Parquet => {
                    let metadata = footers::read(objects, &meta, cache)?;
                    groups = Some(Groups::of(&metadata, &table.file_schema));
                    parquet_statistics(&metadata, &table.file_schema)
                        .map_err(|error| damaged(&file.path, kind_of(table.format), &error))?
                }
                _ => unread_statistics(table, file.rows, file.bytes),
            };
            for value in &values {
                statistics.column_statistics.push(constant(value, &statistics.num_rows));
            }
            let mut partitioned =
                PartitionedFile::new_from_meta(meta).with_partition_values(values);
            // Not `with_statistics`: it holds that no partition value is NULL.
            partitioned.statistics = Some(Arc::new(statistics));
            if let Some(groups) = groups {
                partitioned = partitioned.with_extension(groups);
            }
            files.push(partitioned);
        }
        let found = files.iter().filter_map(|file| file.statistics.as_deref());
        let statistics = merged(found, files.is_empty(), &schema)
            .map_err(|error| Error::Internal(format!("statistics: {error}")))?;
        Ok(Facts { files, statistics })
    }
}

fn merged<'a>(
    found: impl Iterator<Item = &'a Statistics>,
    is_empty: bool,
    schema: &Schema,
) -> PlanResult<Statistics> {
    if is_empty {
        let unknown = Statistics::new_unknown(schema);
        return Ok(unknown.with_num_rows(Precision::Exact(0)));
    }
    Statistics::try_merge_iter(found, schema)
}

/// The error of ours that another one wraps, however deep: what a store or decoder of this room reports comes out of
/// DataFusion inside its own errors.
pub fn cause(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut next = Some(error);
    while let Some(found) = next {
        if let Some(error) = found.downcast_ref::<Error>() {
            return Some(error.clone());
        }
        next = found.source();
    }
    None
}

/// A value of a partition column as its type.
fn partition_value(kind: &DataType, value: Option<&str>) -> Result<ScalarValue> {
    let wrong = || {
        Error::DataCorrupted(format!("partition value \"{}\" is not {kind}", value.unwrap_or("")))
    };
    Ok(match kind {
        DataType::Int64 => {
            let number = value.map(|value| value.parse().ok().ok_or_else(wrong));
            ScalarValue::Int64(number.transpose()?)
        }
        DataType::Date32 => {
            let days = |date: NaiveDate| {
                let days = date.signed_duration_since(NaiveDate::default()).num_days();
                i32::try_from(days).ok()
            };
            let date = value.map(|value| partition_date(value).and_then(days).ok_or_else(wrong));
            ScalarValue::Date32(date.transpose()?)
        }
        _ => ScalarValue::Utf8(value.map(str::to_owned)),
    })
}

/// A partition column has one value in all rows of a file.
fn constant(value: &ScalarValue, rows: &Precision<usize>) -> ColumnStatistics {
    if value.is_null() {
        return ColumnStatistics { null_count: *rows, ..ColumnStatistics::new_unknown() };
    }
    ColumnStatistics {
        null_count: Precision::Exact(0),
        max_value: Precision::Exact(value.clone()),
        min_value: Precision::Exact(value.clone()),
        distinct_count: Precision::Exact(1),
        ..ColumnStatistics::new_unknown()
    }
}

fn unread_statistics(table: &Table, rows: Option<u64>, stored_bytes: u64) -> Statistics {
    let rows = rows.and_then(|rows| usize::try_from(rows).ok());
    let mut statistics = Statistics::new_unknown(&table.file_schema);
    statistics.num_rows = rows.map_or(Precision::Absent, Precision::Exact);
    statistics.total_byte_size = Precision::Inexact(usize::try_from(stored_bytes).unwrap_or(0));
    statistics
}

/// The statistics of one file in terms of its table's columns.
///
/// DataFusion calls a value exact that comes from the row groups that have one. Here it is exact only if all have one;
/// and never for floating point, where writers leave out NaN, which PostgreSQL puts last.
fn parquet_statistics(
    metadata: &ParquetMetaData,
    table_schema: &SchemaRef,
) -> PlanResult<Statistics> {
    let file_schema = parquet_schema(metadata).map_err(DataFusionError::from)?;
    let found = DFParquetMetadata::statistics_from_parquet_metadata(metadata, &file_schema)?;
    let descriptor = metadata.file_metadata().schema_descr();
    let columns = table_schema.fields().iter().map(|field| {
        let Ok(at) = file_schema.index_of(field.name()) else {
            return ColumnStatistics {
                null_count: found.num_rows,
                ..ColumnStatistics::new_unknown()
            };
        };
        let Some(mut column) = found.column_statistics.get(at).cloned() else {
            return ColumnStatistics::new_unknown();
        };
        let leaf = (0..descriptor.num_columns()).find(|leaf| {
            let path = descriptor.column(*leaf);
            path.path().parts() == [field.name().clone()]
        });
        let told = Told::of(metadata.row_groups(), leaf);
        if !told.bounds {
            (column.min_value, column.max_value) = (Precision::Absent, Precision::Absent);
        }
        if !told.nulls {
            column.null_count = Precision::Absent;
        }
        column.distinct_count = column.distinct_count.to_inexact();
        column.min_value = as_type(&column.min_value, field.data_type());
        column.max_value = as_type(&column.max_value, field.data_type());
        column
    });
    Ok(Statistics {
        num_rows: found.num_rows,
        total_byte_size: found.total_byte_size,
        column_statistics: columns.collect(),
    })
}

/// Whether every row group says something of a column.
struct Told {
    bounds: bool,
    nulls: bool,
}

impl Told {
    fn of(groups: &[RowGroupMetaData], leaf: Option<usize>) -> Told {
        let Some(leaf) = leaf else { return Told { bounds: false, nulls: false } };
        let mut told = Told { bounds: true, nulls: true };
        for group in groups.iter().filter(|group| group.num_rows() > 0) {
            let statistics = group.columns().get(leaf).and_then(|column| column.statistics());
            let nulls = statistics.and_then(|statistics| statistics.null_count_opt());
            let all_null = nulls.is_some() && nulls == u64::try_from(group.num_rows()).ok();
            told.nulls &= nulls.is_some();
            told.bounds &= all_null
                || statistics.is_some_and(|statistics| {
                    statistics.min_bytes_opt().is_some() && statistics.max_bytes_opt().is_some()
                });
        }
        told
    }
}

fn as_type(bound: &Precision<ScalarValue>, kind: &DataType) -> Precision<ScalarValue> {
    let cast = |value: &ScalarValue| value.cast_to(kind).ok().filter(|value| !value.is_null());
    match bound {
        Precision::Exact(value) => match cast(value) {
            Some(value) if kind.is_floating() => Precision::Inexact(value),
            Some(value) => Precision::Exact(value),
            None => Precision::Absent,
        },
        Precision::Inexact(value) => cast(value).map_or(Precision::Absent, Precision::Inexact),
        Precision::Absent => Precision::Absent,
    }
}

/// The files that are decoded from front to back.
#[derive(Clone)]
struct Rows {
    format: Format,
    schema: TableSchema,
    projection: SplitProjection,
    batch_size: usize,
    metrics: ExecutionPlanMetricsSet,
}

impl Rows {
    fn new(table: &Table, schema: TableSchema) -> Rows {
        Rows {
            format: table.format,
            projection: SplitProjection::unprojected(&schema),
            schema,
            batch_size: 8_192,
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl FileSource for Rows {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        _config: &FileScanConfig,
        _partition: usize,
    ) -> PlanResult<Arc<dyn FileOpener>> {
        let file_schema = self.schema.file_schema();
        let wanted = Arc::new(file_schema.project(&self.projection.file_indices)?);
        let opener = RowsOpener { store, format: self.format, wanted, batch_size: self.batch_size };
        ProjectionOpener::try_new(self.projection.clone(), Arc::new(opener), file_schema)
    }

    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(Rows { batch_size, ..self.clone() })
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        match self.format {
            Format::Parquet => "parquet",
            Format::Csv(_) => "csv",
            Format::Json(_) => "json",
            Format::Arrow => "arrow",
            Format::Avro => "avro",
        }
    }

    fn supports_repartitioning(&self) -> bool {
        self.format == Format::Json(Compression::Plain)
    }

    fn try_pushdown_projection(
        &self,
        projection: &ProjectionExprs,
    ) -> PlanResult<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.schema.file_schema(), &merged);
        Ok(Some(Arc::new(Rows { projection, ..self.clone() })))
    }

    fn apply_expressions(
        &self,
        visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> PlanResult<TreeNodeRecursion>,
    ) -> PlanResult<TreeNodeRecursion> {
        datafusion::physical_plan::apply_expression_roots(self.projection.source.iter(), visit)
    }
}

struct RowsOpener {
    store: Arc<dyn ObjectStore>,
    format: Format,
    wanted: SchemaRef,
    batch_size: usize,
}

impl FileOpener for RowsOpener {
    fn open(&self, file: PartitionedFile) -> PlanResult<FileOpenFuture> {
        let store = Arc::clone(&self.store);
        let (format, wanted, batch_size) = (self.format, Arc::clone(&self.wanted), self.batch_size);
        Ok(async move {
            // The whole of `file` moves into the stream: it carries the pin.
            let path = file.object_meta.location.to_string();
            let failed =
                move |error: &dyn fmt::Display| external(damaged(&path, kind_of(format), error));
            let found = open_local(store.as_ref(), &file).await?;
            let range = file.range.as_ref().map(byte_range);
            let source = Source { file: found, format, range };
            let batches = decode::open(source, &wanted, batch_size, &Limits::STANDARD)
                .map_err(|error| failed(&error))?;
            let batches = batches.map(move |batch| {
                let _pin = &file;
                batch.map_err(|error| failed(&error))
            });
            Ok(stream::iter(batches).boxed())
        }
        .boxed())
    }
}

fn byte_range(range: &FileRange) -> Range<u64> {
    let at = |offset: i64| u64::try_from(offset).unwrap_or(0);
    at(range.start)..at(range.end)
}

async fn open_local(store: &dyn ObjectStore, file: &PartitionedFile) -> PlanResult<std::fs::File> {
    let location = &file.object_meta.location;
    let found = store.get_opts(location, object_store::GetOptions::default()).await?;
    match found.payload {
        object_store::GetResultPayload::File(file, _) => Ok(file),
        object_store::GetResultPayload::Stream(_) => {
            Err(external(Error::Internal(format!("file \"{location}\" is not a local file"))))
        }
    }
}

#[cfg(test)]
#[path = "tests/provider.rs"]
mod tests;
