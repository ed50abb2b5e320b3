//! `forebay demo`: two versions of TPC-H, generated here, then served.
//!
//! The first version holds nine tenths of the orders, the second all of them, so that results visibly differ and the
//! second is exactly TPC-H at its scale. What both share is hard-linked, as a careful publisher would.
//! A version is written beside its place under a name that is never data, made durable, marked `_SUCCESS` last, and
//! renamed; a run that was interrupted leaves nothing that is served, and the next one starts that version again.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tpchgen::generators as rows;
use tpchgen_arrow as batches;
use tpchgen_arrow::RecordBatchIterator;

use super::say;
use crate::error::{Error, Result};
use crate::task::Clock;

/// The database that is made.
pub(crate) const DATABASE: &str = "tpch";

/// Its versions, older first.
pub(crate) const VERSIONS: [&str; 2] = ["2026-01-01", "2026-02-01"];

/// A second name for the older version, made by a file in the source root: what an alias names is loaded, so that both
/// versions can be read from the first moment.
const ALIAS: &str = "baseline";

/// Rows per row group: large enough for long column runs, small enough that one thread's share of a scan of a file
/// is not all of it. At ten times this the writer holds over 100 MiB per thread; at a tenth footers grow with no gain.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// Files per unit of scale for the two large tables. Each is about 600,000 rows of lineitem, 20 MiB.
const LARGE_FILES: u32 = 10;

/// 600,000 rows of lineitem: a few seconds to make, enough to feel.
const DEFAULT_SCALE: f64 = 0.1;

/// How `_SUCCESS` begins; the scale follows.
const MARK: &str = "tpch scale ";

/// The largest scale accepted; beyond it keys leave the generator's tested range.
const SCALE_MAX: f64 = 1_000.0;

type Batches = Box<dyn RecordBatchIterator>;

/// One table of TPC-H: its name, whether it grows from version to version, and its rows of part `n` of `count`.
struct TableKind {
    name: &'static str,
    grows: bool,
    fixed: bool,
    rows: fn(f64, i32, i32) -> Batches,
}

/// A macro, since the generators share no trait: each turns (scale, part, count) into batches.
macro_rules! table {
    ($name:literal, $generator:ident, $arrow:ident, grows: $grows:literal, fixed: $fixed:literal) => {
        TableKind {
            name: $name,
            grows: $grows,
            fixed: $fixed,
            rows: |scale, part, count| {
                Box::new(batches::$arrow::new(rows::$generator::new(scale, part, count)))
            },
        }
    };
}

const TABLES: [TableKind; 8] = [
    table!("region", RegionGenerator, RegionArrow, grows: false, fixed: true),
    table!("nation", NationGenerator, NationArrow, grows: false, fixed: true),
    table!("supplier", SupplierGenerator, SupplierArrow, grows: false, fixed: false),
    table!("customer", CustomerGenerator, CustomerArrow, grows: false, fixed: false),
    table!("part", PartGenerator, PartArrow, grows: false, fixed: false),
    table!("partsupp", PartSuppGenerator, PartSuppArrow, grows: false, fixed: false),
    table!("orders", OrderGenerator, OrderArrow, grows: true, fixed: false),
    table!("lineitem", LineItemGenerator, LineItemArrow, grows: true, fixed: false),
];

impl TableKind {
    /// How many files hold the whole table at `scale`.
    fn files(&self, scale: f64) -> u32 {
        if self.fixed {
            return 1;
        }
        let units = whole_units(scale);
        if self.grows { units * LARGE_FILES } else { units }
    }

    /// How many of them the older version has.
    fn files_before(&self, scale: f64) -> u32 {
        let files = self.files(scale);
        if self.grows { files - files / LARGE_FILES } else { files }
    }
}

/// `scale` rounded up, at least one.
fn whole_units(scale: f64) -> u32 {
    let mut units = 1;
    while f64::from(units) < scale {
        units += 1;
    }
    units
}

/// Makes both versions under `root` unless they are there.
/// Errors: a version made with another scale, or a disk that refuses.
pub(crate) fn prepare(root: &Path, scale: f64) -> Result<()> {
    let database = root.join(DATABASE);
    fs::create_dir_all(&database).map_err(|e| failed("create", &database, e))?;
    let [older, newer] = VERSIONS;
    if !is_ready(&database, older, scale)? {
        publish(&database, older, scale, &|table, target| {
            generate(table, target, scale, 1..=table.files_before(scale))
        })?;
    }
    if !is_ready(&database, newer, scale)? {
        let shared = database.join(older);
        publish(&database, newer, scale, &|table, target| {
            let linked = link_all(&shared.join(table.name), target)?;
            let made =
                generate(table, target, scale, table.files_before(scale) + 1..=table.files(scale))?;
            Ok(Written { linked, ..made })
        })?;
    }
    if database.join(ALIAS).exists() {
        return Ok(());
    }
    begin(&database, ALIAS)?;
    finish(&database, ALIAS, "_ALIAS", &format!("{older}\n"))
}

/// The scale asked for, else that of what is there, else [`DEFAULT_SCALE`].
/// Errors: a scale out of range.
pub(crate) fn scale(root: &Path, asked: Option<f64>) -> Result<f64> {
    let there = || {
        let text =
            fs::read_to_string(root.join(DATABASE).join(VERSIONS[0]).join("_SUCCESS")).ok()?;
        text.trim().strip_prefix(MARK)?.parse().ok()
    };
    let scale = asked.or_else(there).unwrap_or(DEFAULT_SCALE);
    if scale > 0.0 && scale <= SCALE_MAX {
        return Ok(scale);
    }
    Err(Error::Configuration(format!("scale must be above 0 and at most {SCALE_MAX}, not {scale}")))
}

/// Whether both versions and the alias are there.
/// Errors: as [`prepare`], for one made with another scale.
pub(crate) fn is_prepared(root: &Path, scale: f64) -> Result<bool> {
    let database = root.join(DATABASE);
    let [older, newer] = VERSIONS;
    Ok(is_ready(&database, older, scale)?
        && is_ready(&database, newer, scale)?
        && database.join(ALIAS).exists())
}

/// [`prepare`] in a process of its own: the generator keeps 300 MiB of text for as long as its process lives, which
/// a server should not carry.
pub(crate) fn prepare_apart(root: &Path, scale: f64) -> Result<()> {
    let program = std::env::current_exe().map_err(|e| Error::io("find this program", e))?;
    let status = std::process::Command::new(program)
        .args(["demo", "--prepare", "--scale", &scale.to_string(), "--root"])
        .arg(root)
        .status()
        .map_err(|e| Error::io("start the generator", e))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Configuration("could not prepare the demo: the generator failed".to_owned()))
}

/// Whether `version` is there. Versions are immutable, so one made with another scale is never replaced.
fn is_ready(database: &Path, version: &str, scale: f64) -> Result<bool> {
    let place = database.join(version);
    match fs::read_to_string(place.join("_SUCCESS")) {
        Ok(text) if text == mark(scale) => Ok(true),
        Ok(text) => Err(Error::Configuration(format!(
            "could not prepare the demo: \"{}\" holds {}, not scale {scale}",
            place.display(),
            text.trim()
        ))
        .hint(format!("Remove \"{}\", or choose another --root.", database.display()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(failed("read", &place, e)),
    }
}

/// What `_SUCCESS` says.
fn mark(scale: f64) -> String {
    format!("{MARK}{scale}\n")
}

/// Writes one version whole or not at all.
fn publish(
    database: &Path,
    version: &str,
    scale: f64,
    write: &dyn Fn(&TableKind, &Path) -> Result<Written>,
) -> Result<()> {
    let beside = begin(database, version)?;
    for table in &TABLES {
        let started = Clock::instant();
        let target = beside.join(table.name);
        fs::create_dir_all(&target).map_err(|e| failed("create", &target, e))?;
        let written = write(table, &target)?;
        sync_directory(&target)?;
        say::out(&written.line(version, table.name, started.elapsed().as_secs_f64()));
    }
    finish(database, version, "_SUCCESS", &mark(scale))
}

/// Where `name` is made before it is renamed: a name that is never data.
fn making(database: &Path, name: &str) -> PathBuf {
    database.join(format!("_making.{name}"))
}

/// Makes room for `name`; what an interrupted run left there goes.
fn begin(database: &Path, name: &str) -> Result<PathBuf> {
    let beside = making(database, name);
    if beside.exists() {
        fs::remove_dir_all(&beside).map_err(|e| failed("remove", &beside, e))?;
    }
    fs::create_dir_all(&beside).map_err(|e| failed("create", &beside, e))?;
    Ok(beside)
}

/// Puts the file that makes `name` count into it, last, and shows it under its name.
fn finish(database: &Path, name: &str, last: &str, text: &str) -> Result<()> {
    let beside = making(database, name);
    let path = beside.join(last);
    let mut file = File::create(&path).map_err(|e| failed("create", &path, e))?;
    file.write_all(text.as_bytes()).map_err(|e| failed("write", &path, e))?;
    file.sync_all().map_err(|e| failed("sync", &path, e))?;
    sync_directory(&beside)?;
    fs::rename(&beside, database.join(name)).map_err(|e| failed("rename", &beside, e))?;
    sync_directory(database)
}

/// What was written for one table of one version.
#[derive(Default)]
struct Written {
    rows: u64,
    bytes: u64,
    files: usize,
    linked: usize,
}

impl Written {
    /// The one line of progress.
    fn line(&self, version: &str, table: &str, seconds: f64) -> String {
        let place = format!("{DATABASE}/{version}/{table:<8}");
        if self.files == 0 {
            return format!("{place}  as in {}", VERSIONS[0]);
        }
        let more = if self.linked > 0 { " more" } else { "" };
        let plural = if self.files == 1 { "" } else { "s" };
        let kib = self.bytes.div_ceil(1024);
        format!(
            "{place}  {} rows{more} in {} file{plural}, {kib} KiB, {seconds:.1} s",
            self.rows, self.files
        )
    }
}

/// Writes parts `parts` of `table`, several files at once.
fn generate(
    table: &TableKind,
    target: &Path,
    scale: f64,
    parts: std::ops::RangeInclusive<u32>,
) -> Result<Written> {
    let parts: Vec<u32> = parts.collect();
    let count = table.files(scale);
    let next = AtomicUsize::new(0);
    let total: Mutex<Result<Written>> = Mutex::new(Ok(Written::default()));
    let work = || {
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let file = target.join(format!("part-{part:04}.parquet"));
            let outcome = write_part(table, &file, scale, (*part, count));
            let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match (&mut *total, outcome) {
                (Ok(sum), Ok((rows, bytes))) => {
                    sum.rows += rows;
                    sum.bytes += bytes;
                    sum.files += 1;
                }
                (Ok(_), Err(error)) => {
                    *total = Err(error);
                    return;
                }
                (Err(_), _) => return,
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(parts.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Writes part `part.0` of `part.1` batch by batch; memory holds one row group. Returns rows and bytes.
fn write_part(table: &TableKind, path: &Path, scale: f64, part: (u32, u32)) -> Result<(u64, u64)> {
    let number = |n: u32| i32::try_from(n).map_err(|e| Error::Internal(format!("part {n}: {e}")));
    let batches = (table.rows)(scale, number(part.0)?, number(part.1)?);
    let file = File::create(path).map_err(|e| failed("create", path, e))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by("forebay demo".to_owned())
        .build();
    let wrong = |e: parquet::errors::ParquetError| {
        failed("write", path, std::io::Error::other(e.to_string()))
    };
    let mut writer = ArrowWriter::try_new(
        BufWriter::with_capacity(1 << 20, file),
        Arc::clone(batches.schema()),
        Some(properties),
    )
    .map_err(wrong)?;
    let mut rows = 0_u64;
    for batch in batches {
        rows += u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
        writer.write(&batch).map_err(wrong)?;
    }
    let buffered = writer.into_inner().map_err(wrong)?;
    let file = buffered.into_inner().map_err(|e| failed("write", path, e.into_error()))?;
    file.sync_all().map_err(|e| failed("sync", path, e))?;
    let bytes = file.metadata().map_err(|e| failed("read", path, e))?.len();
    Ok((rows, bytes))
}

/// Links every file of `source` into `target`, or copies where the file system cannot link. Returns their count.
fn link_all(source: &Path, target: &Path) -> Result<usize> {
    let entries = fs::read_dir(source).map_err(|e| failed("read", source, e))?;
    let mut count = 0;
    for entry in entries {
        let from = entry.map_err(|e| failed("read", source, e))?.path();
        let Some(name) = from.file_name() else { continue };
        let to = target.join(name);
        if fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to).map_err(|e| failed("copy", &from, e))?;
            let copy = File::open(&to).map_err(|e| failed("open", &to, e))?;
            copy.sync_all().map_err(|e| failed("sync", &to, e))?;
        }
        count += 1;
    }
    Ok(count)
}

/// Makes the names inside `directory` durable.
fn sync_directory(directory: &Path) -> Result<()> {
    File::open(directory)
        .and_then(|handle| handle.sync_all())
        .map_err(|e| failed("sync", directory, e))
}

fn failed(verb: &str, path: &Path, source: std::io::Error) -> Error {
    Error::io(format!("{verb} \"{}\"", path.display()), source)
}

/// Where the demo keeps its own state: beside its root, since no state lies in a source root.
pub(crate) fn state_root(root: &Path) -> PathBuf {
    let mut name = root.file_name().unwrap_or("demo".as_ref()).to_owned();
    name.push("-state");
    root.with_file_name(name)
}

/// What to try, once the server is ready on `address`.
pub(crate) fn invitation(address: std::net::SocketAddr) -> String {
    let newer = VERSIONS[1];
    format!(
        "\n  psql -h {} -p {} -U forebay -d {DATABASE}\n\n\
         \x20 SELECT o_orderpriority, count(*), sum(o_totalprice) FROM orders GROUP BY 1 ORDER BY 1;\n\
         \x20 SELECT (SELECT count(*) FROM \"{DATABASE}@{ALIAS}\".orders) AS {ALIAS},\n\
         \x20        (SELECT count(*) FROM \"{DATABASE}@{newer}\".orders) AS \"{newer}\";\n",
        address.ip(),
        address.port()
    )
}

#[cfg(test)]
mod tests {
    use super::{DATABASE, Error, Path, VERSIONS, is_prepared, prepare, scale, state_root};

    #[test]
    fn two_versions_once_and_never_another_scale() {
        let root = tempfile::tempdir().expect("a directory");
        prepare(root.path(), 0.001).expect("writes");
        assert!(is_prepared(root.path(), 0.001).expect("same scale"));
        assert_eq!(scale(root.path(), None).expect("from what is there"), 0.001);
        let files = |version: &str| {
            let orders = root.path().join(DATABASE).join(version).join("orders");
            std::fs::read_dir(orders).expect("is there").count()
        };
        assert_eq!((files(VERSIONS[0]), files(VERSIONS[1])), (9, 10));
        prepare(root.path(), 0.001).expect("is there already");
        let refused = prepare(root.path(), 0.002).expect_err("versions are immutable");
        assert!(matches!(refused.bare(), Error::Configuration(_)), "{refused}");
        assert!(refused.to_string().contains("scale 0.001"), "{refused}");
    }

    #[test]
    fn what_was_left_half_written_is_written_again() {
        let root = tempfile::tempdir().expect("a directory");
        let half = root.path().join(DATABASE).join(format!("_making.{}", VERSIONS[0]));
        std::fs::create_dir_all(half.join("rubbish")).expect("a directory");
        prepare(root.path(), 0.001).expect("writes");
        assert!(!half.exists());
        assert!(!root.path().join(DATABASE).join(VERSIONS[0]).join("rubbish").exists());
    }

    #[test]
    fn the_state_lies_beside_the_root() {
        for (root, want) in
            [("./demo", "./demo-state"), ("/a/b/", "/a/b-state"), (".", "./demo-state")]
        {
            assert_eq!(state_root(Path::new(root)), Path::new(want), "{root}");
        }
    }

    #[test]
    fn a_scale_out_of_range_is_refused() {
        let root = tempfile::tempdir().expect("a directory");
        for asked in [0.0, -1.0, f64::NAN, 1e9] {
            assert!(scale(root.path(), Some(asked)).is_err());
        }
    }
}
