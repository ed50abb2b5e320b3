//! What counts in a source root, and what is left out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::name::temporary;
use super::{Contents, Declared, Kind, Names, Source, check_name, check_path};
use crate::task::Tasks;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("has a parent")).expect("directory");
    fs::write(path, text).expect("file");
}

fn source(root: &TempDir) -> Source {
    Source::open(root.path().to_str().expect("UTF-8"), &Tasks::new()).expect("local")
}

fn issue(names: &[super::Issue], path: &str) -> String {
    names.iter().find(|issue| issue.path == path).map_or_else(String::new, |i| i.message.clone())
}

async fn contents(root: &TempDir, version: &str) -> Contents {
    source(root).contents("db", version).await.expect("lists").expect("exists")
}

#[test]
fn names() {
    let good = |kind, name: &str| check_name(kind, name).is_ok();
    for name in ["sales", "Sales_2", "9", "a-b", &"x".repeat(128)] {
        assert!(good(Kind::Database, name), "{name}");
    }
    for name in ["", "..", "../x", "/abs", "a/b", "%2e%2e", ".\u{202e}", "a\0", "-x", "a.b", "é"] {
        assert!(!good(Kind::Database, name), "{name}");
    }
    assert!(!good(Kind::Database, &"x".repeat(129)));
    for name in ["pg_catalog", "pg_x", "PG_Y", "information_schema", "forebay", "public"] {
        assert_eq!(check_name(Kind::Database, name).expect_err(name).state(), "42939");
    }
    for name in ["2026-03-01", "v1.2.3", "1."] {
        assert!(good(Kind::Version, name), "{name}");
    }
    for name in ["..", "a..b", ".a", "a/b", "latest", "current", "v 1"] {
        assert!(!good(Kind::Version, name), "{name}");
    }
}

#[test]
fn paths_stay_inside() {
    for path in ["a.parquet", "t/k=1/part-0.parquet", "ünï.csv"] {
        assert!(check_path(path).is_ok(), "{path}");
    }
    for path in ["", "/a", "a//b", "../a", "a/../b", "a/./b", "_x/a", "a/", "a\\b", "a\nb", "a\0"] {
        assert_eq!(check_path(path).expect_err(path).state(), "XX001", "{path}");
    }
}

#[test]
fn unfinished_names() {
    for name in ["_temporary", "a.tmp", ".a.parquet.Xy12", "a._COPYING_", "_tmp.3", "b.inprogress"]
    {
        assert!(temporary(name), "{name}");
    }
    for name in ["_SUCCESS", "a.parquet", ".part-0.crc", ".DS_Store", "_delta_log", "tmp.csv"] {
        assert!(!temporary(name), "{name}");
    }
}

#[tokio::test]
async fn only_directories_with_good_names_are_databases() {
    let root = TempDir::new().expect("directory");
    for name in ["sales", "Sales", "bad name", "public", "_hidden", ".git", "a.b"] {
        fs::create_dir(root.path().join(name)).expect("directory");
    }
    put(root.path(), "README", "");
    symlink(root.path().join("sales"), root.path().join("link")).expect("link");
    let Names { names, issues } = source(&root).databases().await.expect("lists");
    assert_eq!(names, ["Sales", "sales"]);
    assert!(issue(&issues, "bad name").contains("not a valid name"));
    assert!(issue(&issues, "public").contains("reserved"));
    assert!(issue(&issues, "README").contains("not a directory"));
    assert!(issue(&issues, "link").contains("symbolic links"));
    assert!(issue(&issues, "sales").contains("only in case"));
    assert!(issue(&issues, "_hidden").is_empty());
}

#[tokio::test]
async fn versions_may_have_dots_and_siblings_do_not_mix() {
    let root = TempDir::new().expect("directory");
    put(root.path(), "db/1/a.csv", "x\n");
    put(root.path(), "db/10/b.csv", "x\n");
    put(root.path(), "db/1-old/c.csv", "x\n");
    put(root.path(), "db/v1.2/c.csv", "x\n");
    fs::create_dir(root.path().join("db/latest")).expect("directory");
    let found = source(&root).versions("db").await.expect("lists").expect("exists");
    assert_eq!(found.names, ["1", "1-old", "10", "v1.2"]);
    assert!(issue(&found.issues, "latest").contains("reserved"));
    assert_eq!(contents(&root, "1").await.files.len(), 1);
    assert_eq!(source(&root).versions("none").await.expect("lists"), None);
    assert!(source(&root).versions("../db").await.is_err());
}

#[tokio::test]
async fn contents_tell_data_from_the_rest() {
    let root = TempDir::new().expect("directory");
    put(root.path(), "db/1/t/k=1/part-0.parquet", "12345");
    put(root.path(), "db/1/_SUCCESS", "");
    put(root.path(), "db/1/_metadata/x.parquet", "");
    put(root.path(), "db/1/.part-0.crc", "");
    symlink("/etc/passwd", root.path().join("db/1/passwd.csv")).expect("link");
    let fifo = root.path().join("db/1/pipe.csv");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .expect("fifo");
    let found = contents(&root, "1").await;
    assert_eq!(found.files.len(), 1);
    assert_eq!(
        found.files.first().map(|f| (f.path.as_str(), f.bytes)),
        Some(("t/k=1/part-0.parquet", 5))
    );
    assert!(found.success && !found.manifest && found.temporary.is_none());
    assert!(issue(&found.issues, "passwd.csv").contains("symbolic links"));
    assert!(issue(&found.issues, "pipe.csv").contains("not a regular file"));
    let source = source(&root);
    assert!(source.open_file("db", "1", "t/k=1/part-0.parquet").is_ok());
    for path in ["passwd.csv", "pipe.csv", "../1/_SUCCESS", "none.csv"] {
        assert!(source.open_file("db", "1", path).is_err(), "{path}");
    }
}

#[tokio::test]
async fn writers_at_work_are_seen() {
    let root = TempDir::new().expect("directory");
    put(root.path(), "db/1/t/part-0.parquet.tmp", "1");
    put(root.path(), "db/1/t/part-1.parquet", "1");
    let found = contents(&root, "1").await;
    assert_eq!(found.temporary.as_deref(), Some("t/part-0.parquet.tmp"));
    assert_eq!(found.files.len(), 1);
}

#[tokio::test]
async fn alias_files() {
    let root = TempDir::new().expect("directory");
    put(root.path(), "db/prod/_ALIAS", "  2026-03-01 \n");
    put(root.path(), "db/old/_SYMLINK", "2025\n");
    put(root.path(), "db/1/a.csv", "");
    assert_eq!(contents(&root, "prod").await.alias.as_deref(), Some("2026-03-01"));
    assert_eq!(contents(&root, "old").await.alias.as_deref(), Some("2025"));
    assert_eq!(contents(&root, "1").await.alias, None);
}

#[test]
fn manifests_are_checked() {
    let sha = "ab".repeat(32);
    let text = |path: &str, sha: &str| {
        format!(r#"{{"files":[{{"path":"{path}","size":3,"sha256":"{sha}"}}],"note":1}}"#)
    };
    let good = Declared::parse(text("t/a.csv", &sha).as_bytes()).expect("valid");
    assert_eq!(good.files.first().and_then(|file| file.digest()), Some([0xab; 32]));
    for bad in [
        text("../../etc/passwd", &sha),
        text("/etc/passwd", &sha),
        text("t/a.csv", "abcd"),
        text("t/a.csv", &"+a".repeat(32)),
        r#"{"format":2,"files":[]}"#.to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
    ] {
        assert_eq!(Declared::parse(bad.as_bytes()).expect_err(&bad).state(), "XX001", "{bad}");
    }
}

#[test]
fn roots() {
    let tasks = Tasks::new();
    let root = |location: &str| Source::open(location, &tasks).map(|s| s.root().to_owned());
    assert_eq!(root("file:///data").expect("local"), Path::new("/data"));
    assert!(root("data").expect("local").is_absolute());
    assert!(root("file://host/data").is_err());
    for scheme in ["s3://b/p", "hdfs://n/p", "gs://b/p", "https://x/"] {
        let error = root(scheme).expect_err("not local");
        assert!(error.to_string().contains("not supported yet"), "{error}");
    }
}
