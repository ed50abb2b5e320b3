//! The one object store SQL can reach: the files of mounted versions, by name.
//!
//! A plan names a file `forebay:///<database>/<version>/<path>`, whatever directory it lies in on this member. Only
//! files that a mount lists can be opened, nothing outside its directory, and nothing that is not the file that was
//! loaded: its size, and where it is known its time of change, are checked at each opening. All of it is read-only.
//!
//! Database and version are part of the location, not of the URL's host: DataFusion keeps footers by location alone.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path as DiskPath, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use datafusion::common::exec_err;
use datafusion::datasource::object_store::{ObjectStoreRegistry, ObjectStoreUrl};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    Attributes, CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use url::Url;

use crate::error::{Error, Result};
use crate::task::Tasks;

/// Up to here bytes are read on the thread that asked. From the page cache, opening included, 4 KiB took 6 microseconds
/// in place and 43 through a blocking thread, 1 MiB 73 and 130. At ten times this a read from a cold disk holds up
/// everybody else on the thread; at a tenth most point lookups pay the detour.
const INLINE_BYTES_MAX: u64 = 1 << 20;

/// Ranges this close are read as one.
const GAP_BYTES_MAX: u64 = 8 << 10;

/// The scheme and empty host in front of every location.
const URL: &str = "forebay://";

/// Mounted versions, as an object store. Shared by all sessions.
#[derive(Debug)]
pub struct Objects {
    mounts: RwLock<BTreeMap<(String, String), Arc<Mount>>>,
    tasks: Tasks,
}

/// How a file looked when its version was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its size.
    pub bytes: u64,
    /// Its last change, microseconds since the Unix epoch. `None` where copying made it a new file.
    pub modified_us: Option<i64>,
}

#[derive(Debug)]
struct Mount {
    version: String,
    directory: PathBuf,
    files: BTreeMap<String, Expected>,
}

impl Objects {
    /// A store without files.
    pub fn new(tasks: Tasks) -> Arc<Objects> {
        Arc::new(Objects { mounts: RwLock::default(), tasks })
    }

    /// Makes the files of one version readable. Their paths are below `directory`. Replaces an earlier mount of the
    /// version; what is being read through that one is read to its end.
    pub fn mount(
        &self,
        database: &str,
        version: &str,
        directory: PathBuf,
        files: BTreeMap<String, Expected>,
    ) {
        let mount = Arc::new(Mount { version: version.to_owned(), directory, files });
        let key = (database.to_owned(), version.to_owned());
        self.mounts.write().unwrap_or_else(PoisonError::into_inner).insert(key, mount);
    }

    /// Forgets a version. Whoever still holds its plan gets "file does not exist".
    pub fn unmount(&self, database: &str, version: &str) {
        let key = (database.to_owned(), version.to_owned());
        self.mounts.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// The registry for DataFusion's `RuntimeEnv`: it knows this store and no other, and takes none.
    pub fn registry(self: &Arc<Self>) -> Arc<dyn ObjectStoreRegistry> {
        Arc::new(Registry { objects: Arc::clone(self) })
    }

    /// What plans call this store.
    ///
    /// Errors: never, but for a bug in the constant.
    pub fn url() -> Result<ObjectStoreUrl> {
        ObjectStoreUrl::parse(URL).map_err(|error| Error::Internal(error.to_string()))
    }

    /// Where a file of a version is in this store.
    ///
    /// Errors: [`Error::UndefinedFile`] for a path that cannot be one.
    pub fn location(database: &str, version: &str, path: &str) -> Result<Path> {
        Path::parse(format!("{database}/{version}/{path}")).ok().ok_or_else(|| {
            Error::UndefinedFile(format!("\"{path}\" cannot be a file of a version"))
        })
    }

    /// Opens a file of a mounted version.
    ///
    /// Errors: [`Error::UndefinedFile`] when it is not listed, gone, or not the file that was loaded; [`Error::Io`].
    pub fn open(&self, location: &Path) -> Result<(File, ObjectMeta)> {
        let missing = || Error::UndefinedFile(format!("file \"{location}\" does not exist"));
        let mut parts = location.as_ref().splitn(3, '/').map(str::to_owned);
        let (Some(database), Some(version), Some(path)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(missing());
        };
        let mounts = self.mounts.read().unwrap_or_else(PoisonError::into_inner);
        let mount = mounts.get(&(database, version)).map(Arc::clone);
        drop(mounts);
        let mount = mount.ok_or_else(missing)?;
        let expected = *mount.files.get(&path).ok_or_else(missing)?;
        let (file, modified) = mount.open(&path, expected)?;
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: modified,
            size: expected.bytes,
            e_tag: None,
            version: None,
        };
        Ok((file, meta))
    }

    async fn read(
        &self,
        file: File,
        location: &Path,
        ranges: Vec<Range<u64>>,
    ) -> object_store::Result<Vec<Bytes>> {
        let total: u64 = ranges.iter().map(|range| range.end.saturating_sub(range.start)).sum();
        let read = if total <= INLINE_BYTES_MAX {
            read_ranges(&file, &ranges)
        } else {
            let read = self.tasks.blocking(move || read_ranges(&file, &ranges)).await;
            read.unwrap_or_else(|error| Err(std::io::Error::other(error)))
        };
        read.map_err(|error| generic(Error::io(format!("read file \"{location}\""), error)))
    }
}

impl Mount {
    fn open(&self, path: &str, expected: Expected) -> Result<(File, DateTime<Utc>)> {
        let failed = |error: rustix::io::Errno| match error {
            rustix::io::Errno::NOENT => {
                Error::UndefinedFile(format!("file \"{path}\" does not exist any more"))
            }
            error => Error::io(format!("open file \"{path}\""), error.into()),
        };
        let file = open_beneath(&self.directory, path).map_err(failed)?;
        let metadata =
            file.metadata().map_err(|error| Error::io(format!("read file \"{path}\""), error))?;
        let modified = metadata.modified().map(DateTime::<Utc>::from).unwrap_or_default();
        let same = metadata.is_file()
            && metadata.len() == expected.bytes
            && expected.modified_us.is_none_or(|expected| expected == modified.timestamp_micros());
        if !same {
            return Err(Error::UndefinedFile(format!(
                "file \"{path}\" changed after version \"{}\" was loaded",
                self.version
            ))
            .hint("Publish changed data as a new version."));
        }
        Ok((file, modified))
    }
}

/// Opens `path` below `directory`; no link leads out of it.
fn open_beneath(directory: &DiskPath, path: &str) -> rustix::io::Result<File> {
    let at = rustix::fs::openat(
        CWD,
        directory,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    // A pipe in the place of a file must not hold us up.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(&at, path, flags, Mode::empty(), resolve) {
        Ok(file) => Ok(File::from(file)),
        // Kernels before 5.6, and some sandboxes, do not know the call.
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
            let found = |error: std::io::Error| {
                rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO)
            };
            let root = directory.canonicalize().map_err(found)?;
            let whole = root.join(path).canonicalize().map_err(found)?;
            if !whole.starts_with(&root) {
                return Err(rustix::io::Errno::XDEV);
            }
            Ok(File::from(rustix::fs::openat(
                CWD,
                &whole,
                flags | OFlags::NOFOLLOW,
                Mode::empty(),
            )?))
        }
        Err(error) => Err(error),
    }
}

/// Reads ranges with few calls; neighbours share one buffer.
fn read_ranges(file: &File, ranges: &[Range<u64>]) -> std::io::Result<Vec<Bytes>> {
    let mut order: Vec<usize> = (0..ranges.len()).collect();
    order.sort_by_key(|at| ranges.get(*at).map(|range| range.start));
    let mut found = vec![Bytes::new(); ranges.len()];
    let mut together: Vec<usize> = Vec::new();
    let mut span = 0_u64..0;
    for at in order {
        let Some(range) = ranges.get(at) else { continue };
        if !together.is_empty() && range.start > span.end.saturating_add(GAP_BYTES_MAX) {
            read_span(file, &span, &together, ranges, &mut found)?;
            together.clear();
        }
        if together.is_empty() {
            span = range.clone();
        }
        span.end = span.end.max(range.end);
        together.push(at);
    }
    if !together.is_empty() {
        read_span(file, &span, &together, ranges, &mut found)?;
    }
    Ok(found)
}

fn read_span(
    file: &File,
    span: &Range<u64>,
    members: &[usize],
    ranges: &[Range<u64>],
    found: &mut [Bytes],
) -> std::io::Result<()> {
    let length = span.end.saturating_sub(span.start);
    let mut buffer = vec![0; usize::try_from(length).map_err(std::io::Error::other)?];
    file.read_exact_at(&mut buffer, span.start)?;
    let buffer = Bytes::from(buffer);
    for at in members {
        if let (Some(range), Some(place)) = (ranges.get(*at), found.get_mut(*at)) {
            let inside = |offset: u64| usize::try_from(offset - span.start).unwrap_or(usize::MAX);
            *place = buffer.slice(inside(range.start)..inside(range.end.max(range.start)));
        }
    }
    Ok(())
}

fn generic(error: Error) -> object_store::Error {
    match error.bare() {
        Error::UndefinedFile(message) if message.contains("does not exist") => {
            object_store::Error::NotFound { path: message.clone(), source: Box::new(error) }
        }
        _ => object_store::Error::Generic { store: "forebay", source: Box::new(error) },
    }
}

fn read_only<T>() -> object_store::Result<T> {
    let source = Box::new(Error::FeatureNotSupported("files of versions are read-only".into()));
    Err(object_store::Error::NotSupported { source })
}

impl Display for Objects {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(URL)
    }
}

impl ObjectStore for Objects {
    fn get_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        options: GetOptions,
    ) -> BoxFuture<'async_trait, object_store::Result<GetResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        async move {
            let (file, meta) = self.open(location).map_err(generic)?;
            options.check_preconditions(&meta)?;
            let range = match &options.range {
                None => 0..meta.size,
                Some(range) => range.as_range(meta.size).map_err(|error| {
                    generic(Error::UndefinedFile(format!("file \"{location}\": {error}")))
                })?,
            };
            let attributes = Attributes::default();
            let asked = options.head || options.range.is_none();
            let payload = if asked {
                // Whoever wants it all decodes it from front to back, by its own pace.
                GetResultPayload::File(file, PathBuf::from(location.as_ref()))
            } else {
                let bytes = self.read(file, location, vec![range.clone()]).await?;
                GetResultPayload::Stream(stream::iter(bytes.into_iter().map(Ok)).boxed())
            };
            Ok(GetResult { payload, meta, range, attributes })
        }
        .boxed()
    }

    fn get_ranges<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        location: &'life1 Path,
        ranges: &'life2 [Range<u64>],
    ) -> BoxFuture<'async_trait, object_store::Result<Vec<Bytes>>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        async move {
            let (file, meta) = self.open(location).map_err(generic)?;
            if ranges.iter().any(|range| range.end > meta.size) {
                return Err(generic(Error::DataCorrupted(format!(
                    "file \"{location}\" is shorter than what it points to"
                ))));
            }
            self.read(file, location, ranges.to_vec()).await
        }
        .boxed()
    }

    fn put_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        _location: &'life1 Path,
        _payload: PutPayload,
        _options: PutOptions,
    ) -> BoxFuture<'async_trait, object_store::Result<PutResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        std::future::ready(read_only()).boxed()
    }

    fn put_multipart_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        _location: &'life1 Path,
        _options: PutMultipartOptions,
    ) -> BoxFuture<'async_trait, object_store::Result<Box<dyn MultipartUpload>>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        std::future::ready(read_only()).boxed()
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        locations.map(|_| read_only()).boxed()
    }

    fn list(&self, _prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        stream::empty().boxed()
    }

    fn list_with_delimiter<'life0, 'life1, 'async_trait>(
        &'life0 self,
        _prefix: Option<&'life1 Path>,
    ) -> BoxFuture<'async_trait, object_store::Result<ListResult>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        let nothing = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
        std::future::ready(Ok(nothing)).boxed()
    }

    fn copy_opts<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        _source: &'life1 Path,
        _target: &'life2 Path,
        _options: CopyOptions,
    ) -> BoxFuture<'async_trait, object_store::Result<()>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        std::future::ready(read_only()).boxed()
    }
}

/// Gives out [`Objects`] and nothing else.
#[derive(Debug)]
struct Registry {
    objects: Arc<Objects>,
}

impl ObjectStoreRegistry for Registry {
    fn register_store(
        &self,
        _url: &Url,
        _store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> datafusion::common::Result<Arc<dyn ObjectStore>> {
        if url.scheme() == "forebay" && url.host_str().unwrap_or_default().is_empty() {
            Ok(Arc::clone(&self.objects) as Arc<dyn ObjectStore>)
        } else {
            exec_err!("cannot reach \"{}\": only files of versions can be read", url.scheme())
        }
    }
}

#[cfg(test)]
#[path = "tests/objects.rs"]
mod tests;
