//! Checks the shape of our own code. Runs in milliseconds with every test run, needs no tool beyond cargo, and prints
//! what to do about each finding.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from the ground up. A room imports only rooms on lower layers.
const LAYERS: &[&[&str]] = &[
    &["error"],
    &["config", "task"],
    &["source", "store"],
    &["journal", "mirror", "rows"],
    &["catalog"],
    &["version", "sequence", "backup"],
    &["log"],
    &["pg"],
    &["query"],
    &["wire"],
    &["server"],
    &["cli"],
];

/// A screen is about 60 lines; past eight screens a file may hide a second noun. Guidance: reported, never a failure.
const FILE_LINES_GUIDE: usize = 500;

#[test]
fn tidy() {
    let mut findings = Vec::new();
    for path in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&path).expect("sources are UTF-8");
        note_length(&path, &text);
        check_imports(&path, &text, &mut findings);
        check_contract(&path, &text, &mut findings);
        check_door(&path, &text, &mut findings);
        check_leftovers(&path, &text, &mut findings);
    }
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// A room that is in no layer would be checked by nothing.
#[test]
fn every_room_has_a_layer() {
    let map = fs::read_to_string("src/lib.rs").expect("the map is readable");
    let rooms = map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let lost: Vec<&str> = rooms.filter(|room| layer(room).is_none()).collect();
    assert!(lost.is_empty(), "add to LAYERS: {lost:?}");
}

fn note_length(path: &Path, text: &str) {
    let lines = text.split("\n#[cfg(test)]").next().unwrap_or(text).lines().count();
    if FILE_LINES_GUIDE < lines && !path.ends_with("tests.rs") {
        eprintln!("{}: {lines} lines, is a noun missing?", path.display());
    }
}

fn check_imports(path: &Path, text: &str, findings: &mut Vec<String>) {
    let Some(own) = room(path) else { return };
    for target in imported_rooms(text) {
        if target != own && layer(&own) <= layer(&target) {
            findings.push(format!("{}: {own} must not import {target}", path.display()));
        }
    }
    if text.contains("crate::{") {
        findings.push(format!("{}: write one `use crate::…` per module", path.display()));
    }
}

/// A room's door says what it owns, whom it needs and whom it serves; a door inside a room says at least what it is.
fn check_contract(path: &Path, text: &str, findings: &mut Vec<String>) {
    if !path.ends_with("mod.rs") || path.ends_with("tests/mod.rs") {
        return;
    }
    let is_room_door = path.iter().count() == "src/room/mod.rs".split('/').count();
    let complete = text.contains("//! Imports:") && text.contains("Used by:");
    if !text.starts_with("//!") || (is_room_door && !complete) {
        findings.push(format!(
            "{}: open with the room's contract, `Imports:` and `Used by:` in it",
            path.display()
        ));
    }
}

/// The wire's generic code must not see plan types: `Send` proofs would dominate the build.
fn check_door(path: &Path, text: &str, findings: &mut Vec<String>) {
    if room(path).as_deref() == Some("wire") && text.contains("datafusion::") {
        findings.push(format!("{}: extend query::door instead", path.display()));
    }
}

fn check_leftovers(path: &Path, text: &str, findings: &mut Vec<String>) {
    for word in ["TODO", "FIXME", "XXX:"] {
        if text.contains(word) {
            findings.push(format!("{}: {word} does not reach main", path.display()));
        }
    }
}

/// `src/wire/auth.rs` is in room `wire`, `src/error.rs` in `error`, `src/lib.rs` in none.
fn room(path: &Path) -> Option<String> {
    let first = path.strip_prefix("src").ok()?.iter().next()?.to_str()?;
    let name = first.trim_end_matches(".rs");
    layer(name).map(|_| name.to_owned())
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// Code only: a doc comment may point anywhere.
fn imported_rooms(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .filter_map(|rest| rest.split(|c: char| c != '_' && !c.is_alphanumeric()).next())
        .filter(|name| layer(name).is_some())
        .map(str::to_owned)
        .collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("folder is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        paths.into_iter().partition(|path| path.is_dir());
    let nested = folders.iter().flat_map(|folder| rust_files(folder));
    let rust = files.into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "rs"));
    rust.chain(nested).collect()
}
