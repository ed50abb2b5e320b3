//! Large row groups in parts, so that a scan holds little of one at a time.
//!
//! A Parquet reader fetches what it wants of a row group before it decodes the first row: 100 MiB for a million rows
//! that are read whole, and as much again in each partition. Where the file has an offset index a part of the rows
//! needs only the pages they lie in. A file without one is read by whole row groups.

use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion::datasource::listing::{FileRange, PartitionedFile};
use datafusion::datasource::physical_plan::parquet::ParquetAccessPlan;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};

/// What one part fetches, at most. At ten times this two partitions hold what streaming may cost in all; at a tenth
/// a part of a wide table is less than a page per column, and pages are read twice.
const PART_BYTES: u64 = 8 << 20;

/// The row groups of one file.
#[derive(Debug, Clone)]
pub(super) struct Groups(Arc<[Group]>);

#[derive(Debug)]
struct Group {
    rows: usize,
    /// Where its first page is: a reader takes a group that begins inside its range.
    start: i64,
    /// Stored bytes by column of the table.
    column_bytes: Vec<u64>,
    /// Whether pages can be found without reading those before them.
    indexed: bool,
}

/// Consecutive row groups, or one of `count` parts of the first.
struct Part {
    groups: std::ops::Range<usize>,
    piece: Option<(usize, usize)>,
}

impl Groups {
    /// What the footer says of the columns of `schema`.
    pub(super) fn of(metadata: &ParquetMetaData, schema: &Schema) -> Groups {
        let groups = metadata.row_groups().iter().enumerate().map(|(at, group)| {
            let first = group.columns().first();
            let index = metadata.offset_index().and_then(|index| index.get(at));
            Group {
                rows: usize::try_from(group.num_rows()).unwrap_or(0),
                start: first.map_or(0, |column| {
                    column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset())
                }),
                column_bytes: column_bytes(group, schema),
                indexed: index.is_some_and(|columns| columns.len() == group.num_columns()),
            }
        });
        Groups(groups.collect())
    }

    /// `file` in parts, in the order of its rows. `projection` counts in the table's columns; `None` is all of them.
    pub(super) fn split(
        &self,
        file: &PartitionedFile,
        projection: Option<&Vec<usize>>,
    ) -> Vec<PartitionedFile> {
        let pieces = |group: &Group| {
            let pieces = group.bytes(projection).div_ceil(PART_BYTES);
            let pieces = usize::try_from(pieces).unwrap_or(usize::MAX).min(group.rows);
            if group.indexed { pieces.max(1) } else { 1 }
        };
        if self.0.iter().all(|group| pieces(group) == 1) {
            return vec![file.clone()];
        }
        let mut parts: Vec<Part> = Vec::new();
        for (at, group) in self.0.iter().enumerate() {
            match (pieces(group), parts.last_mut()) {
                (1, Some(Part { groups, piece: None })) => groups.end = at + 1,
                (1, _) => parts.push(Part { groups: at..at + 1, piece: None }),
                (count, _) => parts.extend(
                    (0..count)
                        .map(|piece| Part { groups: at..at + 1, piece: Some((piece, count)) }),
                ),
            }
        }
        parts.iter().map(|part| self.file(file, part, projection)).collect()
    }

    fn file(
        &self,
        file: &PartitionedFile,
        part: &Part,
        projection: Option<&Vec<usize>>,
    ) -> PartitionedFile {
        let mut plan = ParquetAccessPlan::new_none(self.0.len());
        let (mut start, mut end) = (i64::MAX, 0);
        for at in part.groups.clone() {
            let Some(group) = self.0.get(at) else { continue };
            plan.scan(at);
            let (piece, count) = part.piece.unwrap_or((0, 1));
            if count > 1 {
                let (first, last) = (group.rows * piece / count, group.rows * (piece + 1) / count);
                plan.scan_selection(
                    at,
                    RowSelection::from(vec![
                        RowSelector::skip(first),
                        RowSelector::select(last - first),
                        RowSelector::skip(group.rows - last),
                    ]),
                );
            }
            // The range weighs the part against others, and must hold where each group begins: a reader leaves out a group
            // that does not begin in it. Nothing says that groups lie in order.
            start = group.start.min(start);
            let share = group.bytes(projection) / u64::try_from(count).unwrap_or(1);
            end = group.start.max(end) + i64::try_from(share).unwrap_or(0) + 1;
        }
        let mut found = file.clone().with_extension(plan);
        found.range = Some(FileRange { start, end });
        found
    }
}

impl Group {
    fn bytes(&self, projection: Option<&Vec<usize>>) -> u64 {
        match projection {
            None => self.column_bytes.iter().sum(),
            // Columns past those of the file are of its directory.
            Some(columns) => columns.iter().filter_map(|at| self.column_bytes.get(*at)).sum(),
        }
    }
}

fn column_bytes(group: &RowGroupMetaData, schema: &Schema) -> Vec<u64> {
    let mut bytes = vec![0; schema.fields().len()];
    for column in group.columns() {
        let root = column.column_path().parts().first();
        let at = root.and_then(|name| schema.index_of(name).ok());
        if let Some(total) = at.and_then(|at| bytes.get_mut(at)) {
            *total += u64::try_from(column.compressed_size()).unwrap_or(0);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups as their start and bytes, each of 1,000 rows; the parts as start and end of their ranges.
    fn check(groups: &[(i64, u64)], want: &[(i64, i64)]) {
        let group = |(start, bytes): &(i64, u64)| Group {
            rows: 1_000,
            start: *start,
            column_bytes: vec![*bytes],
            indexed: true,
        };
        let groups = Groups(groups.iter().map(group).collect());
        let parts = groups.split(&PartitionedFile::new("t.parquet", 0), None);
        let ranges: Vec<_> = parts
            .iter()
            .map(|part| part.range.as_ref().map_or((0, 0), |range| (range.start, range.end)))
            .collect();
        assert_eq!(ranges, want);
    }

    const LARGE: u64 = 2 * PART_BYTES;

    #[test]
    fn small_groups_stay_together() {
        check(&[(4, 10), (14, 10)], &[(0, 0)]);
    }

    #[test]
    fn every_group_begins_in_the_range_of_its_part() {
        let half = i64::try_from(PART_BYTES).expect("small");
        let large = (100, 100 + half + 1);
        check(&[(100, LARGE), (20, 10), (4, 10)], &[large, large, (4, 42)]);
    }
}
