//! `_manifest.json`: what a publisher declares about a version, written last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name::check_path;
use crate::error::{Error, Result};

/// The largest manifest read. At about 150 bytes per file this is over 400,000 files; a larger one is more likely not a
/// manifest.
pub(super) const BYTES_MAX: u64 = 64 << 20;

/// The only layout there is. A greater number is refused: it may mean what we would misread.
const FORMAT: u32 = 1;

/// What `_manifest.json` declares. Unknown keys are ignored, so that publishers may keep their own notes in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The layout of the file.
    #[serde(default = "format")]
    pub format: u32,
    /// Every data file.
    pub files: Vec<DeclaredFile>,
    /// What is known about tables beside their files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, DeclaredTable>,
}

/// One data file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredFile {
    /// The path below the version's directory, `/`-separated.
    pub path: String,
    /// Its size.
    #[serde(alias = "size")]
    pub bytes: u64,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub sha256: String,
    /// Its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredTable {
    /// Columns that are unique together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// A comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What is known about columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, DeclaredColumn>,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredColumn {
    /// Its Arrow type, as Arrow writes it (`Int64`, `Timestamp(µs, "UTC")`); the files must agree.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub data_type: Option<String>,
    /// A comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

fn format() -> u32 {
    FORMAT
}

impl Declared {
    /// Reads and checks the text of a `_manifest.json`.
    /// Errors: [`Error::DataCorrupted`] for anything that is not one, also for paths that leave the version.
    pub fn parse(text: &[u8]) -> Result<Declared> {
        let declared: Declared =
            serde_json::from_slice(text).map_err(|error| wrong(&error.to_string()))?;
        if declared.format != FORMAT {
            return Err(wrong(&format!("its format {} is unknown", declared.format)));
        }
        let mut paths = std::collections::BTreeSet::new();
        for file in &declared.files {
            check_path(&file.path)?;
            if file.digest().is_none() {
                return Err(wrong(&format!("the sha256 of \"{}\" is not one", file.path)));
            }
            if !paths.insert(file.path.as_str()) {
                return Err(wrong(&format!("it names \"{}\" twice", file.path)));
            }
        }
        Ok(declared)
    }
}

impl DeclaredFile {
    /// The digest as bytes; `None` when the text is not 64 hexadecimal digits.
    pub fn digest(&self) -> Option<[u8; 32]> {
        let digits = self.sha256.as_bytes();
        let mut digest = [0_u8; 32];
        if digits.len() != digest.len() * 2 {
            return None;
        }
        for (byte, pair) in digest.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            if pair.starts_with('+') {
                return None;
            }
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(digest)
    }
}

fn wrong(reason: &str) -> Error {
    Error::DataCorrupted(format!("invalid _manifest.json: {reason}"))
}
