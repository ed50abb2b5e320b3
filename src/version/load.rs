//! One load: from files in the source root to a manifest whose files are verified and, in mirror mode, ours.

use std::collections::BTreeMap;
use std::io::{Error as IoError, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arrow::datatypes::DataType;
use futures::stream::{self, StreamExt};

use super::Shared;
use super::inspect::{FileFacts, Limits, format_of, inspect};
use super::objects::Expected;
use super::shape::{Shape, TableShape, merge_schemas, shape};
use super::status::{Load, MountPoint};
use crate::catalog::manifest::{File, Manifest, Mode, Table};
use crate::config::LoadMode;
use crate::error::{Error, Result};
use crate::mirror::{Fetch, Loading};
use crate::source::{Contents, Declared, Issue, SourceFile, sha256_of};

/// What is to be loaded.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) database: String,
    pub(super) version: String,
    pub(super) mode: LoadMode,
    pub(super) contents: Contents,
}

/// A load that went well.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) manifest: Arc<Manifest>,
    pub(super) issues: Vec<Issue>,
}

/// A file after it was verified.
struct Verified {
    sha256: Option<[u8; 32]>,
    facts: FileFacts,
}

/// Loads a version: verifies every file, mirrors it if so wanted, and describes it. Nothing is in the catalog yet.
///
/// Errors: that of the file that failed first; [`Error::UndefinedFile`] when the source changed meanwhile. Nothing is
/// left of it on the disk then. Not cancelled by dropping: files in flight are awaited, so that none is written after
/// its directory was removed.
pub(super) async fn load(shared: &Shared, wanted: &Wanted, load: &Arc<Load>) -> Result<Loaded> {
    let Wanted { database, version, mode, contents } = wanted;
    let declared = match contents.manifest {
        true => shared.source.declared(database, version).await?,
        false => None,
    };
    if let Some(declared) = &declared {
        agree(&contents.files, declared)?;
    }
    let shaped = shape(database, files(&contents.files, declared.as_ref()))?;
    let loading = match mode {
        LoadMode::Direct => None,
        LoadMode::Mirror => Some(Arc::new(begin(shared, wanted).await?)),
    };
    let verified = verify_all(shared, wanted, &shaped, loading.as_ref(), load).await?;
    let again = shared.source.contents(database, version).await?;
    if again.is_none_or(|again| again.files != contents.files) {
        return Err(Error::UndefinedFile(format!(
            "version \"{version}\" of database \"{database}\" changed while it was loaded"
        )));
    }
    let issues = shaped.issues.iter().map(|issue| Issue {
        database: Some(database.clone()),
        version: Some(version.clone()),
        path: issue.path.clone(),
        message: issue.reason.clone(),
    });
    let issues = contents.issues.iter().cloned().chain(issues).collect();
    let claims: BTreeMap<&str, u64> = declared
        .iter()
        .flat_map(|declared| &declared.files)
        .filter_map(|file| Some((file.path.as_str(), file.rows?)))
        .collect();
    let mut tables = BTreeMap::new();
    for table in shaped.tables {
        let table = describe(table, &verified, declared.as_ref(), &claims)?;
        tables.insert(table.name.clone(), Arc::new(table));
    }
    if let Some(declared) = &declared
        && let Some(stranger) = declared.tables.keys().find(|name| !tables.contains_key(*name))
    {
        return Err(Error::DataCorrupted(format!(
            "_manifest.json describes table \"{stranger}\", which has no files"
        )));
    }
    let mode = match loading {
        None => Mode::Direct,
        Some(loading) => {
            load.publishing.set(()).ok();
            publish(shared, loading).await?;
            Mode::Mirror
        }
    };
    let manifest = Manifest { database: database.clone(), version: version.clone(), mode, tables };
    Ok(Loaded { manifest: Arc::new(manifest), issues })
}

/// Refuses a listing that is not what `_manifest.json` declares.
fn agree(listed: &[SourceFile], declared: &Declared) -> Result<()> {
    let sizes: BTreeMap<&str, u64> =
        declared.files.iter().map(|file| (file.path.as_str(), file.bytes)).collect();
    for file in listed {
        let Some(bytes) = sizes.get(file.path.as_str()) else {
            return Err(Error::DataCorrupted(format!(
                "file \"{}\" is not in _manifest.json",
                file.path
            )));
        };
        if *bytes != file.bytes {
            return Err(Error::DataCorrupted(format!(
                "file \"{}\" has {} bytes, _manifest.json declares {bytes}",
                file.path, file.bytes
            )));
        }
    }
    let found = |path: &str| listed.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok();
    match declared.files.iter().find(|file| !found(&file.path)) {
        None => Ok(()),
        Some(file) => Err(Error::DataCorrupted(format!(
            "file \"{}\" of _manifest.json is missing",
            file.path
        ))),
    }
}

fn files(listed: &[SourceFile], declared: Option<&Declared>) -> Vec<File> {
    let digests: BTreeMap<&str, Option<[u8; 32]>> = declared
        .iter()
        .flat_map(|declared| &declared.files)
        .map(|file| (file.path.as_str(), file.digest()))
        .collect();
    let file = |file: &SourceFile| File {
        path: file.path.clone(),
        bytes: file.bytes,
        modified_us: file.modified_us,
        etag: None,
        sha256: digests.get(file.path.as_str()).copied().flatten(),
        rows: None,
        partition_values: Vec::new(),
    };
    listed.iter().map(file).collect()
}

async fn begin(shared: &Shared, wanted: &Wanted) -> Result<Loading> {
    let mirror = shared.mirror.clone();
    let (database, version) = (wanted.database.clone(), wanted.version.clone());
    let directory = shared.source.directory(&database, &version);
    let bytes = wanted.contents.files.iter().map(|file| file.bytes).sum();
    let work = move || {
        let copied_bytes = if mirror.same_device(&directory) { 0 } else { bytes };
        mirror.begin(&database, &version, copied_bytes)
    };
    away(shared, work).await
}

async fn publish(shared: &Shared, loading: Arc<Loading>) -> Result<PathBuf> {
    let loading = Arc::into_inner(loading)
        .ok_or_else(|| Error::Internal("a finished load is still in use".to_owned()))?;
    away(shared, move || loading.publish()).await
}

/// Runs blocking work; a panic in it is a bug that must not end the job.
pub(super) async fn away<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = shared.tasks.blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::Internal(format!("blocking work: {error}"))))
}

/// Verifies all files of all tables, at most as many at once as there are permits. After the first failure the rest is
/// not begun, but what has begun is awaited.
async fn verify_all(
    shared: &Shared,
    wanted: &Wanted,
    shaped: &Shape,
    loading: Option<&Arc<Loading>>,
    load: &Arc<Load>,
) -> Result<BTreeMap<String, Verified>> {
    let failed = Arc::new(AtomicBool::new(false));
    let mut verifications = Vec::new();
    for file in shaped.tables.iter().flat_map(|table| &table.files) {
        let verify = Verify {
            source: shared.source.clone(),
            database: wanted.database.clone(),
            version: wanted.version.clone(),
            file: file.clone(),
            loading: loading.map(Arc::clone),
            load: Arc::clone(load),
            failed: Arc::clone(&failed),
            stop: shared.tasks.stop_token(),
        };
        verifications.push(one_of(shared, verify));
    }
    let at_once = shared.config.load().versions.max_parallel_loads.max(1);
    let mut found: Vec<(String, Result<Verified>)> =
        stream::iter(verifications).buffer_unordered(at_once).collect().await;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    // A file that was skipped because another failed must not hide the reason.
    if let Some((_, Err(error))) =
        found.iter().find(|(_, found)| matches!(found, Err(e) if !is_skip(e)))
    {
        return Err(error.clone());
    }
    found.into_iter().map(|(path, found)| Ok((path, found?))).collect()
}

/// Verifies one file when one of the permits that all databases share is free.
async fn one_of(shared: &Shared, verify: Verify) -> (String, Result<Verified>) {
    let path = verify.file.path.clone();
    let Ok(permit) = Arc::clone(&shared.files).acquire_owned().await else {
        return (path, Err(Error::Internal("no file permits".to_owned())));
    };
    let verified = away(shared, move || verify.run()).await;
    drop(permit);
    (path, verified)
}

const SKIPPED: &str = "another file of the version failed";

fn is_skip(error: &Error) -> bool {
    matches!(error, Error::QueryCanceled(SKIPPED))
}

/// The verification of one file. Runs on a thread that may block.
struct Verify {
    source: crate::source::Source,
    database: String,
    version: String,
    file: File,
    loading: Option<Arc<Loading>>,
    load: Arc<Load>,
    failed: Arc<AtomicBool>,
    stop: tokio_util::sync::CancellationToken,
}

impl Verify {
    fn run(self) -> Result<Verified> {
        let verified = self.verify();
        match &verified {
            Ok(_) => {
                self.load.files_done.fetch_add(1, Ordering::Relaxed);
                self.load.bytes_done.fetch_add(self.file.bytes, Ordering::Relaxed);
            }
            // Whoever fails after another was only told to stop.
            Err(_) if self.failed.swap(true, Ordering::Relaxed) => {
                return Err(Error::QueryCanceled(SKIPPED));
            }
            Err(_) => {}
        }
        verified
    }

    fn verify(&self) -> Result<Verified> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(Error::QueryCanceled(SKIPPED));
        }
        let path = &self.file.path;
        let directory = self.source.directory(&self.database, &self.version);
        let source = self.source.open_file(&self.database, &self.version, path)?;
        self.unchanged(&source)?;
        let (sha256, place) = match &self.loading {
            Some(loading) => {
                let location = directory.join(path);
                let declared = self.file.sha256;
                let fetch = Fetch { source, location: &location, path, declared };
                let sha256 = loading.fetch(&fetch, |_| self.go_on())?;
                (sha256, loading.directory().join(path))
            }
            None => (self.hash(source)?, directory.join(path)),
        };
        let (_, format) = format_of(path)
            .ok_or_else(|| Error::Internal(format!("the format of \"{path}\" is unknown")))?;
        let facts = inspect(&place, format, &Limits::STANDARD)?;
        Ok(Verified { sha256, facts })
    }

    /// The file is still the one that was listed.
    fn unchanged(&self, file: &std::fs::File) -> Result<()> {
        let path = &self.file.path;
        let meta =
            file.metadata().map_err(|error| Error::io(format!("read file \"{path}\""), error))?;
        let modified_us =
            meta.mtime().saturating_mul(1_000_000).saturating_add(meta.mtime_nsec() / 1_000);
        if meta.len() == self.file.bytes && modified_us == self.file.modified_us {
            return Ok(());
        }
        Err(Error::UndefinedFile(format!("file \"{path}\" changed while it was loaded")))
    }

    /// In place a file is read whole only when there is something to compare with.
    fn hash(&self, mut source: std::fs::File) -> Result<Option<[u8; 32]>> {
        let Some(declared) = self.file.sha256 else { return Ok(None) };
        let path = &self.file.path;
        let (found, _) = sha256_of(&mut source, None, |_| self.go_on())
            .map_err(|error| Error::io(format!("read file \"{path}\""), error))?;
        if found == declared {
            return Ok(Some(found));
        }
        Err(Error::DataCorrupted(format!(
            "file \"{path}\" does not have the SHA-256 that _manifest.json declares"
        )))
    }

    fn go_on(&self) -> std::io::Result<()> {
        if self.stop.is_cancelled() || self.failed.load(Ordering::Relaxed) {
            return Err(IoError::new(ErrorKind::Interrupted, SKIPPED));
        }
        Ok(())
    }
}

fn describe(
    shaped: TableShape,
    verified: &BTreeMap<String, Verified>,
    declared: Option<&Declared>,
    claims: &BTreeMap<&str, u64>,
) -> Result<Table> {
    let TableShape { name, format, partition_fields, mut files } = shaped;
    let mut schemas = Vec::new();
    for file in &mut files {
        let Some(found) = verified.get(&file.path) else {
            return Err(Error::Internal(format!("file \"{}\" was not verified", file.path)));
        };
        schemas.push((file.path.clone(), Arc::clone(&found.facts.schema)));
        file.sha256 = found.sha256;
        file.rows = found.facts.rows;
        match (file.rows, claims.get(file.path.as_str()).copied()) {
            (Some(rows), Some(claimed)) if rows != claimed => {
                return Err(Error::DataCorrupted(format!(
                    "file \"{}\" has {rows} rows, _manifest.json declares {claimed}",
                    file.path
                )));
            }
            (None, claimed) => file.rows = claimed,
            _ => {}
        }
    }
    let file_schema = merge_schemas(&name, format, &partition_fields, &schemas)?;
    let mut table = Table {
        name,
        format,
        file_schema,
        partition_fields,
        files,
        key: Vec::new(),
        comment: None,
        column_comments: BTreeMap::new(),
    };
    if let Some(declared) = declared.and_then(|declared| declared.tables.get(&table.name)) {
        declare(&mut table, declared)?;
    }
    Ok(table)
}

/// Takes over what the publisher says of a table, after holding it against what the files say.
fn declare(table: &mut Table, declared: &crate::source::DeclaredTable) -> Result<()> {
    let schema = table.schema();
    let wrong = |message: String| {
        Error::DataCorrupted(format!(
            "_manifest.json does not fit table \"{}\": {message}",
            table.name
        ))
    };
    for name in declared.key.iter().chain(declared.columns.keys()) {
        if schema.field_with_name(name).is_err() {
            return Err(wrong(format!("it has no column \"{name}\"")));
        }
    }
    for (name, column) in &declared.columns {
        let (Some(claimed), Ok(field)) = (&column.data_type, schema.field_with_name(name)) else {
            continue;
        };
        let claimed = DataType::from_str(claimed)
            .map_err(|_unreadable| wrong(format!("\"{claimed}\" is not a type")))?;
        if &claimed != field.data_type() {
            let found = field.data_type();
            return Err(wrong(format!("column \"{name}\" is {found}, not {claimed}")));
        }
    }
    table.key = declared.key.clone();
    table.comment = declared.comment.clone();
    table.column_comments = declared
        .columns
        .iter()
        .filter_map(|(name, column)| Some((name.clone(), column.comment.clone()?)))
        .collect();
    Ok(())
}

/// Where the files of a loaded version are, and how they must look.
pub(super) fn mount_point(shared: &Shared, manifest: &Manifest) -> MountPoint {
    let Manifest { database, version, .. } = manifest;
    let directory = match manifest.mode {
        Mode::Direct => shared.source.directory(database, version),
        Mode::Mirror => shared.mirror.directory(database, version),
    };
    let expected = |file: &File| {
        let expected = Expected { bytes: file.bytes, modified_us: Some(file.modified_us) };
        (file.path.clone(), expected)
    };
    let files = manifest.tables.values().flat_map(|table| &table.files).map(expected).collect();
    (directory, files)
}

/// Makes the files of a loaded version readable.
pub(super) fn mount(shared: &Shared, manifest: &Manifest) {
    let (directory, files) = mount_point(shared, manifest);
    shared.objects.mount(&manifest.database, &manifest.version, directory, files);
}

/// A new entry for `forebay.loads`.
pub(super) fn begin_load(shared: &Shared, wanted: &Wanted, attempt: u32) -> Arc<Load> {
    let files = &wanted.contents.files;
    Arc::new(Load {
        id: shared.load_id.fetch_add(1, Ordering::Relaxed),
        database: wanted.database.clone(),
        version: wanted.version.clone(),
        attempt,
        files_total: u64::try_from(files.len()).unwrap_or(u64::MAX),
        bytes_total: files.iter().map(|file| file.bytes).sum(),
        started_at_us: shared.clock.now_us(),
        files_done: AtomicU64::new(0),
        bytes_done: AtomicU64::new(0),
        publishing: std::sync::OnceLock::new(),
        ended: std::sync::OnceLock::new(),
    })
}
