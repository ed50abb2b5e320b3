//! The footers of Parquet files: read once, kept with their page index, and made honest about NaN.
//!
//! Writers leave NaN out of the smallest and greatest value of a column, and PostgreSQL sorts it after every number. So
//! the greatest value of a floating point column bounds nothing, and who prunes by it loses the rows that hold NaN
//! (apache/parquet-format #196). It is taken out before anybody sees it; the smallest stays.

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::common::DataFusionError;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::{
    CachedParquetMetaData, DFParquetMetadata,
};
use datafusion::datasource::physical_plan::parquet::{
    CachedParquetFileReaderFactory, ParquetFileReaderFactory,
};
use datafusion::execution::cache::cache_manager::{CachedFileMetadataEntry, FileMetadataCache};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::{BoxFuture, FutureExt};
use object_store::{ObjectMeta, ObjectStore};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::basic::{LogicalType, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData, RowGroupMetaData,
};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use super::decode::damaged;
use super::objects::Objects;
use super::provider::cause;
use crate::error::{Error, Result};

/// The footer of a file. Blocks.
/// Errors: a file that is gone, changed or damaged.
pub(super) fn read(
    objects: &Arc<Objects>,
    meta: &ObjectMeta,
    cache: &Arc<FileMetadataCache>,
) -> Result<Arc<ParquetMetaData>> {
    // On a thread that may block; what is read is seldom longer than what the store reads in place.
    futures::executor::block_on(fetch(objects.as_ref(), meta, cache))
}

async fn fetch(
    store: &dyn ObjectStore,
    meta: &ObjectMeta,
    cache: &Arc<FileMetadataCache>,
) -> Result<Arc<ParquetMetaData>> {
    let footer = DFParquetMetadata::new(store, meta)
        .with_file_metadata_cache(Some(Arc::clone(cache)))
        .with_page_index_policy(Some(PageIndexPolicy::Optional))
        .fetch_metadata()
        .await
        .map_err(|error| unreadable(meta, &error))?;
    let floats = floats(&footer);
    if !bounded(&footer, &floats) {
        return Ok(footer);
    }
    let honest = unbounded(&footer, &floats).map_err(|error| unreadable(meta, &error.into()))?;
    let honest = Arc::new(honest);
    let kept = Arc::new(CachedParquetMetaData::new(Arc::clone(&honest)));
    cache.put(&meta.location, CachedFileMetadataEntry::new(meta.clone(), kept));
    Ok(honest)
}

/// Why a footer could not be had: the store's own reason, else that it is no footer.
fn unreadable(meta: &ObjectMeta, error: &DataFusionError) -> Error {
    cause(error).unwrap_or_else(|| damaged(meta.location.as_ref(), "Parquet", error))
}

/// The columns that can hold NaN, by their place among the leaves.
fn floats(footer: &ParquetMetaData) -> Vec<usize> {
    let columns = footer.file_metadata().schema_descr().columns().iter();
    let can = |column: &ColumnDescriptor| {
        matches!(column.physical_type(), Type::FLOAT | Type::DOUBLE)
            || matches!(column.logical_type_ref(), Some(LogicalType::Float16))
    };
    columns.enumerate().filter(|(_, column)| can(column)).map(|(at, _)| at).collect()
}

/// Whether a greatest value of one of `columns` is still there.
fn bounded(footer: &ParquetMetaData, columns: &[usize]) -> bool {
    let in_group = |group: &RowGroupMetaData| {
        let chunks = columns.iter().filter_map(|at| group.columns().get(*at));
        let mut known = chunks.filter_map(ColumnChunkMetaData::statistics);
        known.any(|statistics| statistics.max_bytes_opt().is_some())
    };
    let in_pages = |group: &Vec<ColumnIndexMetaData>| {
        let mut pages = columns.iter().filter_map(|at| group.get(*at));
        pages.any(|index| !matches!(index, ColumnIndexMetaData::NONE))
    };
    footer.row_groups().iter().any(in_group)
        || footer.column_index().is_some_and(|groups| groups.iter().any(in_pages))
}

fn unbounded(
    footer: &ParquetMetaData,
    columns: &[usize],
) -> parquet::errors::Result<ParquetMetaData> {
    let mut builder = footer.clone().into_builder();
    let mut groups = Vec::with_capacity(footer.num_row_groups());
    for group in builder.take_row_groups() {
        let mut chunks = group.columns().to_vec();
        for at in columns {
            if let Some(chunk) = chunks.get_mut(*at) {
                *chunk = without_greatest(chunk.clone())?;
            }
        }
        groups.push(group.into_builder().set_column_metadata(chunks).build()?);
    }
    let mut index = builder.take_column_index();
    for group in index.iter_mut().flatten() {
        for at in columns {
            // It has no way to say that only the smallest values are known.
            if let Some(pages) = group.get_mut(*at) {
                *pages = ColumnIndexMetaData::NONE;
            }
        }
    }
    Ok(builder.set_row_groups(groups).set_column_index(index).build())
}

fn without_greatest(chunk: ColumnChunkMetaData) -> parquet::errors::Result<ColumnChunkMetaData> {
    let smallest = match chunk.statistics() {
        Some(Statistics::Float(known)) => {
            let smallest = known.min_opt().copied();
            Some(Statistics::float(smallest, None, None, known.null_count_opt(), false))
        }
        Some(Statistics::Double(known)) => {
            let smallest = known.min_opt().copied();
            Some(Statistics::double(smallest, None, None, known.null_count_opt(), false))
        }
        _ => None,
    };
    let builder = chunk.into_builder().clear_statistics();
    match smallest {
        Some(smallest) => builder.set_statistics(smallest).build(),
        None => builder.build(),
    }
}

/// Reads files with the footers that are kept. DataFusion's opener asks for a footer without the page index, then reads
/// the index anew for each statement that could use it.
#[derive(Debug)]
pub(crate) struct Footers {
    inner: CachedParquetFileReaderFactory,
    store: Arc<dyn ObjectStore>,
    cache: Arc<FileMetadataCache>,
}

impl Footers {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, cache: Arc<FileMetadataCache>) -> Footers {
        let inner = CachedParquetFileReaderFactory::new(Arc::clone(&store), Arc::clone(&cache));
        Footers { inner, store, cache }
    }
}

impl ParquetFileReaderFactory for Footers {
    fn create_reader(
        &self,
        partition: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> datafusion::common::Result<Box<dyn AsyncFileReader + Send>> {
        let meta = file.object_meta.clone();
        let inner = self.inner.create_reader(partition, file, metadata_size_hint, metrics)?;
        let (store, cache) = (Arc::clone(&self.store), Arc::clone(&self.cache));
        Ok(Box::new(FooterReader { inner, meta, store, cache }))
    }
}

struct FooterReader {
    inner: Box<dyn AsyncFileReader + Send>,
    meta: ObjectMeta,
    store: Arc<dyn ObjectStore>,
    cache: Arc<FileMetadataCache>,
}

impl AsyncFileReader for FooterReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.inner.get_bytes(range)
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        self.inner.get_byte_ranges(ranges)
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            // Not through `inner`: it turns the cause of a failure into text.
            fetch(self.store.as_ref(), &self.meta, &self.cache)
                .await
                .map_err(|error| ParquetError::External(Box::new(error)))
        }
        .boxed()
    }
}
