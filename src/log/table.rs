//! A log as DataFusion sees it: its segments that a query can want, and its rows in memory.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use chrono::DateTime;
use datafusion::catalog::memory::MemorySourceConfig;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::TableParquetOptions;
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, DataFusionError, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::{
    Expr, Operator, TableProviderFilterPushDown, TableType, ident, lit,
};
use datafusion::physical_expr::expressions::{BinaryExpr, Column};
use datafusion::physical_expr::projection::ProjectionExpr;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use futures::future::{BoxFuture, FutureExt, ready};
use object_store::ObjectMeta;

use super::bounds::Bounds;
use super::segment::{OFFSET, TIME, layout};
use super::{MOUNT, mounted};
use crate::catalog::log::{Log, Segment};
use crate::catalog::table::{Default, Stamp, Table};
use crate::error::Error;
use crate::rows::Rows;
use crate::version::footers::Footers;
use crate::version::objects::Objects;
use crate::version::provider::{balanced, parquet_options};

type PlanResult<T> = datafusion::common::Result<T>;

/// The column of a segment's first number, the same for all its rows.
const FIRST: &str = "first";

/// The column of a segment's one time.
const COMMITTED: &str = "committed";

/// A log and the rows it has.
pub(super) struct LogTable {
    table: Arc<Table>,
    rows: Arc<Rows>,
    log: Arc<Log>,
}

impl LogTable {
    pub(super) fn new(table: &Arc<Table>, rows: &Arc<Rows>, log: &Arc<Log>) -> LogTable {
        LogTable { table: Arc::clone(table), rows: Arc::clone(rows), log: Arc::clone(log) }
    }
}

impl Debug for LogTable {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "log {}", self.table.name)
    }
}

/// Carried by every file of a plan; keeps the file on the disk.
struct Pin(#[expect(dead_code, reason = "it is held, not read")] Arc<Segment>);

impl TableProvider for LogTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table.columns)
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
        let all = (0..self.table.columns.fields().len()).collect();
        let places = projection.cloned().unwrap_or(all);
        let limit = limit.filter(|_| filters.is_empty());
        let bounds = Bounds::of(filters);
        let wish = Wish { session, places, bounds, limit, partitions: None };
        ready(self.plan(&wish)).boxed()
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> PlanResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        let rows = usize::try_from(self.log.rows()).ok()?.checked_add(self.rows.len())?;
        Some(Statistics {
            num_rows: Precision::Exact(rows),
            ..Statistics::new_unknown(&self.table.columns)
        })
    }
}

/// What a scan was asked for.
struct Wish<'a> {
    session: &'a dyn Session,
    places: Vec<usize>,
    bounds: Bounds,
    limit: Option<usize>,
    /// How many at most; `None` leaves it to the session.
    partitions: Option<usize>,
}

impl LogTable {
    fn plan(&self, wish: &Wish<'_>) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let wanted = self.log.segments.iter().filter(|segment| wish.bounds.meet(segment));
        let (whole, partly): (Vec<&Arc<Segment>>, Vec<&Arc<Segment>>) =
            wanted.partition(|segment| wish.bounds.have_all_of(segment));
        let (timed, untimed): (Vec<_>, Vec<_>) = whole.into_iter().partition(|it| it.timed);
        let mut parts = Vec::new();
        for segments in [timed, untimed] {
            if !segments.is_empty() {
                parts.push(self.files(wish, &segments, None)?);
            }
        }
        for segment in partly {
            parts.push(self.files(wish, &[segment], Some(wish.bounds.numbers))?);
        }
        let (first, last) = wish.bounds.numbers;
        let tail = self.rows.batches_between(first, last);
        if !tail.is_empty() || parts.is_empty() {
            parts.push(self.memory(wish, tail)?);
        }
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => UnionExec::try_new(parts),
        }
    }

    /// Rows in memory.
    fn memory(
        &self,
        wish: &Wish<'_>,
        batches: Vec<RecordBatch>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let (columns, places) = (Arc::clone(&self.table.columns), wish.places.clone());
        Ok(MemorySourceConfig::try_new_exec(&[batches], columns, Some(places))?)
    }

    /// Rows of segments that are alike; with `numbers`, at least all those with one of them.
    fn files(
        &self,
        wish: &Wish<'_>,
        segments: &[&Arc<Segment>],
        numbers: Option<(i64, i64)>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let timed = segments.first().is_some_and(|segment| segment.timed);
        let columns = Columns::of(&self.table, timed);
        let (wanted, projection) = columns.of_places(&self.table, &wish.places)?;
        let url = Objects::url().map_err(external)?;
        let runtime = wish.session.runtime_env();
        let store = runtime.object_store(&url)?;
        let cache = runtime.cache_manager.get_file_metadata_cache();
        let options = TableParquetOptions {
            global: wish.session.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let mut source = ParquetSource::new(columns.schema())
            .with_table_parquet_options(parquet_options(options))
            .with_parquet_file_reader_factory(Arc::new(Footers::new(store, cache)));
        if let (Some((low, high)), Some(segment)) = (numbers, segments.first()) {
            let offset = |number: i64| lit(number.saturating_sub(segment.first));
            let filter = ident(OFFSET).gt_eq(offset(low)).and(ident(OFFSET).lt_eq(offset(high)));
            let schema = DFSchema::try_from(Arc::clone(columns.schema().table_schema()))?;
            let filter = wish.session.create_physical_expr(filter, &schema)?;
            source = source.with_predicate(filter);
        }
        let mut files = Vec::with_capacity(segments.len());
        let mut rows = 0_usize;
        for segment in segments {
            // Without a filter every row counts, so that the first files may be enough.
            if wish.limit.is_some_and(|limit| limit <= rows) {
                break;
            }
            rows = rows.saturating_add(usize::try_from(segment.file.rows).unwrap_or(usize::MAX));
            files.push(columns.file(&self.table, segment)?);
        }
        let exact = numbers.is_none() && wish.limit.is_none();
        let statistics = Statistics {
            num_rows: if exact { Precision::Exact(rows) } else { Precision::Inexact(rows) },
            ..Statistics::new_unknown(columns.schema().table_schema())
        };
        let partitions = wish.session.config().target_partitions();
        let partitions = wish.partitions.unwrap_or(partitions);
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(balanced(files, partitions))
            .with_statistics(statistics)
            .with_projection_indices(Some(wanted))?
            .with_limit(wish.limit)
            .build();
        let scan = DataSourceExec::from_data_source(config);
        Ok(Arc::new(ProjectionExec::try_new(projection, scan)?))
    }
}

impl LogTable {
    /// A number that at least `count` rows do not exceed; `None` where that leaves nothing out.
    pub(super) fn first(&self, count: usize) -> Option<i64> {
        let mut parts = self.parts();
        parts.sort_by_key(|part| part.1);
        let mut rows = 0_usize;
        parts.into_iter().find_map(|(_, last, own)| {
            rows = rows.saturating_add(own);
            (count <= rows).then_some(last)
        })
    }

    /// A number that at least `count` rows reach; `None` where that leaves nothing out.
    pub(super) fn last(&self, count: usize) -> Option<i64> {
        let mut parts = self.parts();
        parts.sort_by_key(|part| std::cmp::Reverse(part.0));
        let mut rows = 0_usize;
        parts.into_iter().find_map(|(first, _, own)| {
            rows = rows.saturating_add(own);
            (count <= rows).then_some(first)
        })
    }

    /// The first and the last number of each part, and how many rows it has.
    fn parts(&self) -> Vec<(i64, i64, usize)> {
        let rows = |rows: i64| usize::try_from(rows).unwrap_or(usize::MAX);
        let segments = self.log.segments.iter();
        let segments = segments.map(|it| (it.first, it.last, rows(it.file.rows)));
        let memory =
            self.rows.parts().1.filter_map(|(numbers, _)| {
                Some((*numbers.first()?, *numbers.last()?, numbers.len()))
            });
        segments.chain(memory).collect()
    }

    /// Plans of one partition each, whose rows one after the other are those with numbers from `first` to `last` in their
    /// order, and maybe some others at either end.
    pub(super) fn in_order(
        &self,
        session: &dyn Session,
        (first, last): (i64, i64),
        places: &[usize],
    ) -> PlanResult<Vec<Arc<dyn ExecutionPlan>>> {
        let bounds = Bounds { numbers: (first, last), ..Bounds::ALL };
        let wish =
            Wish { session, places: places.to_vec(), bounds, limit: None, partitions: Some(1) };
        let mut plans = Vec::new();
        let mut alike: Vec<&Arc<Segment>> = Vec::new();
        let mut next = first;
        for segment in self.log.segments.iter().filter(|segment| bounds.meet(segment)) {
            let memory = self.rows.slices_between(next, segment.first.saturating_sub(1));
            let whole = bounds.have_all_of(segment);
            let continues = alike.last().is_some_and(|before| before.timed == segment.timed);
            if !(alike.is_empty() || continues && whole && memory.is_empty()) {
                plans.push(self.files(&wish, &std::mem::take(&mut alike), None)?);
            }
            if !memory.is_empty() {
                plans.push(self.memory(&wish, memory)?);
            }
            match whole {
                true => alike.push(segment),
                false => plans.push(self.files(&wish, &[segment], Some((first, last)))?),
            }
            next = segment.last.saturating_add(1);
        }
        if !alike.is_empty() {
            plans.push(self.files(&wish, &alike, None)?);
        }
        let memory = self.rows.slices_between(next, last);
        if !memory.is_empty() {
            plans.push(self.memory(&wish, memory)?);
        }
        Ok(plans)
    }
}

/// The columns of files, and behind them those that are the same for all rows of one.
struct Columns {
    files: Vec<(FieldRef, Option<usize>)>,
    schema: TableSchema,
}

impl Columns {
    fn of(table: &Table, timed: bool) -> Columns {
        let files = layout(table, timed);
        let fields: Vec<FieldRef> = files.iter().map(|(field, _)| Arc::clone(field)).collect();
        let mut constants =
            vec![Arc::new(Field::new(FIRST, arrow::datatypes::DataType::Int64, false))];
        if !timed && let Some(place) = table.stamped(Stamp::Time) {
            let field = table.columns.field(place).clone().with_name(COMMITTED);
            constants.push(Arc::new(field));
        }
        let schema = TableSchema::builder(Arc::new(Schema::new(fields)))
            .with_table_partition_cols(constants)
            .build();
        Columns { files, schema }
    }

    fn schema(&self) -> TableSchema {
        self.schema.clone()
    }

    /// The file of a segment, with its pin.
    fn file(&self, table: &Table, segment: &Arc<Segment>) -> PlanResult<PartitionedFile> {
        let oid = table.ids.relation;
        let name = &segment.file.name;
        let meta = ObjectMeta {
            location: Objects::location(MOUNT, &mounted(oid, name), name).map_err(external)?,
            last_modified: DateTime::default(),
            size: segment.file.bytes,
            e_tag: None,
            version: None,
        };
        let mut values = vec![ScalarValue::Int64(Some(segment.first))];
        if !segment.timed
            && let Some(place) = table.stamped(Stamp::Time)
        {
            let time = ScalarValue::Int64(Some(segment.times_us.0));
            values.push(time.cast_to(table.columns.field(place).data_type())?);
        }
        let mut file = PartitionedFile::new_from_meta(meta)
            .with_partition_values(values)
            .with_extension(Pin(Arc::clone(segment)));
        let mut statistics = Statistics::new_unknown(self.schema.table_schema());
        let rows = usize::try_from(segment.file.rows).unwrap_or(usize::MAX);
        statistics.num_rows = Precision::Exact(rows);
        file.statistics = Some(Arc::new(statistics));
        Ok(file)
    }

    /// What to read for the columns of the log at these places, and how they are made of it.
    fn of_places(
        &self,
        table: &Table,
        places: &[usize],
    ) -> PlanResult<(Vec<usize>, Vec<ProjectionExpr>)> {
        let schema = self.schema.table_schema();
        let (mut wanted, mut made) = (Vec::new(), Vec::with_capacity(places.len()));
        let mut read = |name: &str| -> PlanResult<Arc<dyn PhysicalExpr>> {
            let index = schema.index_of(name)?;
            let at = wanted.iter().position(|own| *own == index).unwrap_or_else(|| {
                wanted.push(index);
                wanted.len() - 1
            });
            Ok(Arc::new(Column::new(name, at)))
        };
        for place in places {
            let alias = table.columns.field(*place).name().clone();
            let default = table.attributes.get(*place).and_then(|it| it.default.as_ref());
            let expr = match default {
                Some(Default::Stamped(Stamp::Seq)) => {
                    let (offset, first) = (read(OFFSET)?, read(FIRST)?);
                    Arc::new(BinaryExpr::new(offset, Operator::Plus, first))
                        as Arc<dyn PhysicalExpr>
                }
                Some(Default::Stamped(Stamp::Time)) => {
                    let timed = self.files.iter().any(|(field, _)| field.name() == TIME);
                    read(if timed { TIME } else { COMMITTED })?
                }
                _ => {
                    let own = self.files.iter().find(|(_, own)| *own == Some(*place));
                    let Some((field, _)) = own else {
                        let message = format!("column \"{alias}\" is not in segments");
                        return Err(external(Error::Internal(message)));
                    };
                    read(field.name())?
                }
            };
            made.push(ProjectionExpr { expr, alias });
        }
        Ok((wanted, made))
    }
}

fn external(error: Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}
