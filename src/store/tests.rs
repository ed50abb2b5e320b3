use std::io::ErrorKind;
use std::path::Path;

use super::faulty::{Call, Crash, Disk};
use super::{Directory, Lock};

#[test]
fn a_second_lock_names_the_path_and_the_process() {
    let root = tempfile::tempdir().expect("a directory");
    let first = Lock::acquire(root.path()).expect("free");
    let error = Lock::acquire(root.path()).expect_err("held");
    let path = root.path().join("forebay.pid");
    let pid = std::process::id();
    assert_eq!(
        error.to_string(),
        format!("lock file \"{}\" is held by process {pid}", path.display())
    );
    assert_eq!(error.state(), "F0001");
    drop(first);
    Lock::acquire(root.path()).expect("free again");
}

#[test]
fn local_files_are_written_read_listed_appended_and_removed() {
    let root = tempfile::tempdir().expect("a directory");
    let directory = Directory::open(&root.path().join("a/b")).expect("made");
    directory.write("x", b"one").expect("written");
    directory.write("x", b"two").expect("replaced");
    let mut file = directory.append_to("x").expect("open");
    file.append(b"+three").expect("appended");
    file.sync().expect("synced");
    assert_eq!(directory.read("x").expect("read").as_deref(), Some(&b"two+three"[..]));
    file.truncate(3).expect("cut");
    file.append(b"!").expect("appended at the new end");
    assert_eq!(directory.read("x").expect("read").as_deref(), Some(&b"two!"[..]));
    assert_eq!(directory.list().expect("listed"), ["x"]);
    directory.remove("x").expect("removed");
    directory.remove("x").expect("a missing file is no error");
    assert_eq!(directory.read("x").expect("read"), None);
}

#[test]
fn leftovers_are_hidden_and_swept() {
    let root = tempfile::tempdir().expect("a directory");
    std::fs::write(root.path().join(".x.tmp"), b"half").expect("written");
    let directory = Directory::open(root.path()).expect("open");
    assert!(directory.list().expect("listed").is_empty());
    assert_eq!(directory.sweep().expect("swept"), 1);
    assert!(!root.path().join(".x.tmp").exists());
}

/// A file is whole, old or new, wherever the process dies or the power goes.
#[test]
fn an_atomic_write_is_all_or_nothing() {
    for seed in 0..500 {
        let disk = Disk::new(seed);
        let directory = Directory::open_faulty(Path::new("/s"), &disk).expect("open");
        let (old, new) = (vec![b'o'; 3000], vec![b'n'; 5000]);
        directory.write("x", &old).expect("written");
        disk.kill_after(1 + seed % 6);
        let acknowledged = directory.write("x", &new).is_ok();
        let crash = if seed % 2 == 0 { Crash::Power } else { Crash::Process };
        let after = Directory::open_faulty(Path::new("/s"), &disk.crash(crash)).expect("open");
        let found = after.read("x").expect("read").expect("there");
        assert!(found == new || (found == old && !acknowledged), "seed {seed}");
    }
}

#[test]
fn faults_have_their_codes() {
    let disk = Disk::new(1);
    let directory = Directory::open_faulty(Path::new("/s"), &disk).expect("open");
    for call in [Call::Write, Call::Sync, Call::Rename, Call::SyncDirectory] {
        disk.fail(call, 0, ErrorKind::Other);
        assert_eq!(directory.write("x", b"1").expect_err("fails").state(), "58030", "{call:?}");
    }
    disk.set_full(true);
    assert_eq!(directory.write("x", b"1").expect_err("full").state(), "53100");
    disk.set_full(false);
    directory.write("x", b"1").expect("space again");
}
