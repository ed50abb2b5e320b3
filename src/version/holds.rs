//! Holds: versions somebody asked to keep until a time. A small file of their own, replaced as a whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

const FILE: &str = "holds.json";

/// Until when, microseconds since the Unix epoch, by database and version.
pub(super) type Holds = BTreeMap<(String, String), i64>;

#[derive(Serialize, Deserialize)]
struct Line {
    database: String,
    version: String,
    until_us: i64,
}

/// Writes all holds: aside, to disk, then renamed over the old file. Blocks.
/// Errors: the file system's; the old file is whole then.
pub(super) fn save(state: &Path, holds: &Holds) -> Result<()> {
    let lines: Vec<Line> = holds
        .iter()
        .map(|((database, version), until_us)| Line {
            database: database.clone(),
            version: version.clone(),
            until_us: *until_us,
        })
        .collect();
    let text = serde_json::to_vec_pretty(&lines)
        .map_err(|error| Error::Internal(format!("writing holds: {error}")))?;
    let aside = state.join(format!(".{FILE}"));
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(state)?;
        let mut file = File::create(&aside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&aside, state.join(FILE))?;
        File::open(state)?.sync_all()
    };
    write().map_err(|error| Error::io("save holds in the state root", error))
}

/// Reads all holds; none when there is no file. Blocks.
/// Errors: [`Error::DataCorrupted`] for a file that is not one.
pub(super) fn read(state: &Path) -> Result<Holds> {
    let path = state.join(FILE);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Holds::new()),
        Err(error) => return Err(Error::io(format!("read \"{}\"", path.display()), error)),
    };
    let lines: Vec<Line> = serde_json::from_slice(&text).map_err(|error| {
        Error::DataCorrupted(format!("\"{}\" is damaged: {error}", path.display()))
    })?;
    Ok(lines.into_iter().map(|line| ((line.database, line.version), line.until_us)).collect())
}
