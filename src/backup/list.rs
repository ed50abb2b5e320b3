//! The list of a backup: lines of text, each a file.
//!
//! ```text
//! forebay backup 1
//! made 1795874400000000                      microseconds since the Unix epoch
//! lsn 1234
//! state <SHA-256> <bytes>
//! manifest <SHA-256> <bytes> <database>/<file>
//! log <SHA-256> <bytes> <OID>/<file>
//! end <SHA-256 of all lines before>
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::DateTime;

use crate::catalog::sha256;
use crate::error::{Error, Result};

const FIRST: &str = "forebay backup 1";

/// What a backup is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// When it was asked for, in microseconds since the Unix epoch.
    pub made_us: i64,
    /// The newest commit in it.
    pub lsn: u64,
    /// The state.
    pub state: Entry,
    /// Manifests, by database and file.
    pub manifests: BTreeMap<(String, String), Entry>,
    /// Files of logs, by log and name.
    pub logs: BTreeMap<(u32, String), Entry>,
}

/// One content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: u64,
}

impl Entry {
    /// That of `bytes`.
    pub fn of(bytes: &[u8]) -> Entry {
        Entry { sha256: sha256(bytes), bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX) }
    }

    /// The file it is in.
    pub fn name(&self) -> String {
        hex(&self.sha256)
    }

    fn line(&self) -> String {
        format!("{} {}", hex(&self.sha256), self.bytes)
    }

    fn parse(sha256: &str, bytes: &str) -> Option<Entry> {
        let mut entry = Entry { bytes: bytes.parse().ok()?, ..Entry::default() };
        if sha256.len() != 2 * entry.sha256.len() || !sha256.is_ascii() {
            return None;
        }
        for (byte, at) in entry.sha256.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(sha256.get(at..at + 2)?, 16).ok()?;
        }
        // Only one spelling: a file has one name.
        (hex(&entry.sha256) == sha256).then_some(entry)
    }
}

impl List {
    /// What a backup is called: by its time, so that the newest comes last.
    pub fn name(&self) -> String {
        let time = DateTime::from_timestamp_micros(self.made_us).unwrap_or_default();
        format!("{}-{}", time.format("%Y%m%dT%H%M%S%6fZ"), self.lsn)
    }

    /// All contents.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        std::iter::once(&self.state).chain(self.manifests.values()).chain(self.logs.values())
    }

    /// How many files it has, and how long they are together.
    pub fn size(&self) -> (u64, u64) {
        self.entries().fold((0, 0), |(files, bytes), entry| (files + 1, bytes + entry.bytes))
    }

    /// Errors: 0A000 for a name that a line cannot have.
    pub(super) fn encode(&self) -> Result<String> {
        let mut text = format!(
            "{FIRST}\nmade {}\nlsn {}\nstate {}\n",
            self.made_us,
            self.lsn,
            self.state.line()
        );
        let named = self
            .manifests
            .iter()
            .map(|((database, file), entry)| ("manifest", database.clone(), file, entry));
        let logs =
            self.logs.iter().map(|((log, file), entry)| ("log", log.to_string(), file, entry));
        for (kind, directory, file, entry) in named.chain(logs) {
            if !is_plain(&directory) || !is_plain(file) {
                let message =
                    format!("file name \"{directory}/{file}\" in a backup is not supported");
                return Err(Error::FeatureNotSupported(message));
            }
            // Writing to a string does not fail.
            let _written = writeln!(text, "{kind} {} {directory}/{file}", entry.line());
        }
        let end = hex(&sha256(text.as_bytes()));
        let _written = writeln!(text, "end {end}");
        Ok(text)
    }

    /// Errors: XX001 for damage; F0000 for the format of another release.
    pub(super) fn decode(bytes: &[u8]) -> Result<List> {
        let text = std::str::from_utf8(bytes).map_err(|_bytes| damaged())?;
        if !text.starts_with(FIRST) && text.starts_with("forebay backup ") {
            return Err(Error::IncompatibleState(
                "the backup is of another release of forebay".to_owned(),
            ));
        }
        let (lines, end) = text.rsplit_once("\nend ").ok_or_else(damaged)?;
        let whole = format!("{lines}\n");
        if end != format!("{}\n", hex(&sha256(whole.as_bytes()))) {
            return Err(damaged());
        }
        let mut lines = lines.lines();
        if lines.next() != Some(FIRST) {
            return Err(damaged());
        }
        let mut list = List::default();
        for line in lines {
            list.read(line).ok_or_else(damaged)?;
        }
        Ok(list)
    }

    fn read(&mut self, line: &str) -> Option<()> {
        let (kind, rest) = line.split_once(' ')?;
        match kind {
            "made" => self.made_us = rest.parse().ok()?,
            "lsn" => self.lsn = rest.parse().ok()?,
            "state" => {
                let (sha256, bytes) = rest.split_once(' ')?;
                self.state = Entry::parse(sha256, bytes)?;
            }
            "manifest" | "log" => {
                let mut parts = rest.splitn(3, ' ');
                let entry = Entry::parse(parts.next()?, parts.next()?)?;
                let (directory, file) = parts.next()?.split_once('/')?;
                if !is_plain(directory) || !is_plain(file) {
                    return None;
                }
                let file = file.to_owned();
                match kind {
                    "log" => self.logs.insert((directory.parse().ok()?, file), entry),
                    _ => self.manifests.insert((directory.to_owned(), file), entry),
                };
            }
            _ => return None,
        }
        Some(())
    }
}

/// Whether a name is one of something in a directory, and nothing else.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\n', '\r', '\0'])
}

fn damaged() -> Error {
    Error::DataCorrupted("the list of a backup is damaged".to_owned())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
