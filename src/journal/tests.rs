use std::io::ErrorKind;
use std::path::Path;

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

use super::frame::{Checkpoint, FRAME_HEADER_LEN, SEGMENT_HEADER_LEN};
use super::{Journal, Opened, checkpoint_name, segment_name};
use crate::error::Result;
use crate::store::Directory;
use crate::store::faulty::{Call, Crash, Disk, Random};

const ROOT: &str = "/journal";

fn open(disk: &Disk) -> Result<Opened> {
    Journal::open(Directory::open_faulty(Path::new(ROOT), disk)?)
}

fn payload(lsn: u64) -> Vec<u8> {
    format!("commit {lsn} {}", "x".repeat(usize::try_from(lsn % 40).expect("small"))).into_bytes()
}

/// A journal of one-frame writes, numbered from 1.
fn filled(disk: &Disk, frames: u64) -> Journal {
    let mut journal = open(disk).expect("opens").journal;
    for lsn in 1..=frames {
        assert_eq!(journal.append(&[payload(lsn)]).expect("appended"), lsn);
    }
    journal
}

/// Every frame is the one that was written, densely from `first` to `last`.
fn check(opened: &Opened, first: u64, last: u64) {
    let lsns: Vec<u64> = opened.frames.iter().map(|frame| frame.0).collect();
    assert_eq!(lsns, (first..=last).collect::<Vec<_>>());
    assert!(opened.frames.iter().all(|(lsn, bytes)| *bytes == payload(*lsn)));
    assert_eq!(opened.journal.last_lsn(), last);
}

fn segment(first_lsn: u64) -> std::path::PathBuf {
    Path::new(ROOT).join(segment_name(first_lsn))
}

fn segment_bytes(disk: &Disk, first_lsn: u64) -> Vec<u8> {
    let directory = Directory::open_faulty(Path::new(ROOT), disk).expect("opens");
    directory.read(&segment_name(first_lsn)).expect("read").expect("there")
}

#[test]
fn an_empty_journal_opens_twice() {
    let disk = Disk::new(1);
    check(&open(&disk).expect("opens"), 1, 0);
    check(&open(&disk).expect("opens"), 1, 0);
}

#[test]
fn reopening_twice_gives_the_same() {
    let disk = Disk::new(1);
    filled(&disk, 20);
    check(&open(&disk).expect("opens"), 1, 20);
    let mut journal = open(&disk).expect("opens").journal;
    assert_eq!(journal.append(&[payload(21), payload(22)]).expect("a group"), 22);
    check(&open(&disk.crash(Crash::Power)).expect("opens"), 1, 22);
}

#[test]
fn it_works_on_a_real_disk() {
    let root = tempfile::tempdir().expect("a directory");
    let again = || Journal::open(Directory::open(root.path()).expect("opens")).expect("opens");
    let mut journal = again().journal;
    for lsn in 1..=5 {
        journal.append(&[payload(lsn)]).expect("appended");
    }
    journal.checkpoint(b"five").expect("written");
    journal.append(&[payload(6)]).expect("appended");
    drop(journal);
    let opened = again();
    assert_eq!(opened.checkpoint, Some((5, b"five".to_vec())));
    check(&opened, 6, 6);
}

#[test]
fn every_truncation_of_the_last_frame_is_a_torn_tail() {
    let disk = Disk::new(1);
    filled(&disk, 9);
    let start = segment_bytes(&disk, 1).len();
    open(&disk).expect("opens").journal.append(&[payload(10)]).expect("appended");
    let whole = segment_bytes(&disk, 1).len();
    for len in start..whole {
        let copy = disk.copy();
        copy.edit(&segment(1), |bytes| bytes.truncate(len));
        let opened = open(&copy).expect("opens");
        check(&opened, 1, 9);
        assert_eq!(opened.truncated_bytes, u64::try_from(len - start).expect("fits"));
        assert_eq!(open(&copy).expect("opens again").truncated_bytes, 0);
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    let disk = Disk::new(1);
    filled(&disk, 30);
    let whole = segment_bytes(&disk, 1);
    let last_frame = whole.len() - FRAME_HEADER_LEN - payload(30).len();
    for bit in 0..whole.len() * 8 {
        let copy = disk.copy();
        copy.edit(&segment(1), |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        match open(&copy) {
            Ok(opened) => {
                assert!(bit / 8 >= last_frame, "bit {bit} passed unseen");
                check(&opened, 1, 29);
                assert!(opened.truncated_bytes > 0);
            }
            Err(error) => {
                assert!(bit / 8 < last_frame, "bit {bit}: {error}");
                assert_eq!(error.state(), "XX001", "bit {bit}");
                assert!(error.to_string().contains(&segment_name(1)), "{error}");
            }
        }
    }
    assert!(whole.len() * 8 > 10_000, "enough bits for the promise");
}

#[test]
fn damage_names_segment_and_position() {
    let disk = Disk::new(1);
    filled(&disk, 3);
    disk.edit(&segment(1), |bytes| bytes[SEGMENT_HEADER_LEN + FRAME_HEADER_LEN] ^= 1);
    let error = open(&disk).expect_err("damaged").to_string();
    let path = segment(1);
    assert_eq!(error, format!("journal segment \"{}\" is damaged at byte 24", path.display()));
}

#[test]
fn sectors_of_a_group_that_arrive_out_of_order_are_a_torn_tail() {
    let disk = Disk::new(1);
    let mut journal = filled(&disk, 4);
    let start = segment_bytes(&disk, 1).len();
    journal.append(&[payload(5), payload(6), payload(7)]).expect("a group");
    disk.edit(&segment(1), |bytes| bytes[start..start + 8].fill(0));
    check(&open(&disk).expect("opens"), 1, 4);
}

#[test]
fn an_unknown_format_is_refused() {
    let disk = Disk::new(1);
    filled(&disk, 2);
    disk.edit(&segment(1), |bytes| {
        bytes[4] = 9;
        let crc = crc32c::crc32c(&bytes[..20]);
        bytes[20..24].copy_from_slice(&crc.to_le_bytes());
    });
    let error = open(&disk).expect_err("refused");
    assert_eq!(error.state(), "F0000");
    assert!(error.to_string().contains("has journal format 9, this release reads format 1"));

    let disk = Disk::new(1);
    filled(&disk, 2).checkpoint(b"state").expect("written");
    disk.edit(&Path::new(ROOT).join(checkpoint_name(2)), |bytes| {
        bytes[4] = 9;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..28]), &bytes[32..]);
        bytes[28..32].copy_from_slice(&crc.to_le_bytes());
    });
    assert_eq!(open(&disk).expect_err("refused").state(), "F0000");
}

#[test]
fn a_failed_fsync_ends_the_journal() {
    let disk = Disk::new(1);
    let mut journal = filled(&disk, 3);
    disk.fail(Call::Sync, 0, ErrorKind::Other);
    assert_eq!(journal.append(&[payload(4)]).expect_err("EIO").state(), "58030");
    let error = journal.append(&[payload(4)]).expect_err("for good");
    assert!(error.to_string().starts_with("the journal has failed: could not fsync"), "{error}");
    assert_eq!(error.state(), "58030");
    assert!(journal.checkpoint(b"").is_err() && journal.failure().is_some());
    // Whether the frame is found or not, what a restart shows stays, even if the power goes then.
    let disk = disk.crash(Crash::Process);
    let last = open(&disk).expect("opens").journal.last_lsn();
    assert!((3..=4).contains(&last));
    check(&open(&disk.crash(Crash::Power)).expect("opens"), 1, last);
}

#[test]
fn a_full_disk_at_fsync_ends_the_journal_too() {
    let disk = Disk::new(1);
    let mut journal = filled(&disk, 1);
    disk.fail(Call::Sync, 0, ErrorKind::StorageFull);
    assert_eq!(journal.append(&[payload(2)]).expect_err("full").state(), "53100");
    assert_eq!(journal.append(&[payload(2)]).expect_err("for good").state(), "58030");
}

#[test]
fn a_full_disk_takes_the_write_back_and_the_journal_goes_on() {
    for seed in 0..50 {
        let disk = Disk::new(seed);
        let mut journal = filled(&disk, 3);
        disk.set_full(true);
        assert_eq!(journal.append(&[payload(9), payload(9)]).expect_err("full").state(), "53100");
        check(&open(&disk.crash(Crash::Power)).expect("opens"), 1, 3);
        // A restart on the full disk serves what is there.
        let copy = disk.copy();
        copy.set_full(true);
        check(&open(&copy).expect("opens"), 1, 3);
        disk.set_full(false);
        assert_eq!(journal.append(&[payload(4)]).expect("space again"), 4);
        check(&open(&disk.crash(Crash::Power)).expect("opens"), 1, 4);
    }
}

#[test]
fn a_full_disk_where_a_segment_begins_changes_nothing() {
    let disk = Disk::new(1);
    let mut journal = filled(&disk, 3);
    disk.set_full(true);
    assert_eq!(journal.checkpoint(b"3").expect_err("full").state(), "53100");
    disk.set_full(false);
    journal.append(&[payload(4)]).expect("goes on");
    disk.fail(Call::SyncDirectory, 0, ErrorKind::StorageFull);
    assert!(journal.checkpoint(b"4").is_err());
    journal.append(&[payload(5)]).expect("goes on");
    check(&open(&disk).expect("opens"), 1, 5);
}

#[test]
fn checkpoints_trim_and_fall_back() {
    let disk = Disk::new(1);
    let mut journal = filled(&disk, 5);
    journal.checkpoint(b"five").expect("written");
    journal.append(&[payload(6), payload(7)]).expect("appended");
    check(&open(&disk).expect("opens"), 6, 7);
    journal.checkpoint(b"seven").expect("written");
    journal.append(&[payload(8)]).expect("appended");
    journal.checkpoint(b"eight").expect("written");
    journal.append(&[payload(9)]).expect("appended");
    let names = Directory::open_faulty(Path::new(ROOT), &disk).expect("opens").list();
    let kept = [checkpoint_name(7), checkpoint_name(8), segment_name(8), segment_name(9)];
    assert_eq!(names.expect("listed"), {
        let mut kept = kept.to_vec();
        kept.sort();
        kept
    });
    let opened = open(&disk).expect("opens");
    assert_eq!(opened.checkpoint, Some((8, b"eight".to_vec())));
    check(&opened, 9, 9);

    // Every flipped bit of the newest one is seen and costs nothing.
    let state: &[u8] = b"eight";
    let bits = Checkpoint { lsn: 8, previous_crc: 0, state }.encode().len() * 8;
    for bit in 0..bits {
        let copy = disk.copy();
        let newest = Path::new(ROOT).join(checkpoint_name(8));
        copy.edit(&newest, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let mut opened = open(&copy).expect("falls back");
        assert_eq!(opened.checkpoint, Some((7, b"seven".to_vec())));
        assert_eq!(opened.damaged_checkpoints, 1);
        check(&opened, 8, 9);
        opened.journal.append(&[payload(10)]).expect("goes on");
        opened.journal.checkpoint(b"ten").expect("written");
        check(&open(&copy).expect("opens"), 11, 10);
    }
    for lsn in [7, 8] {
        disk.edit(&Path::new(ROOT).join(checkpoint_name(lsn)), |bytes| bytes[30] ^= 1);
    }
    assert_eq!(open(&disk).expect_err("nothing to fall back to").state(), "XX001");
}

#[test]
fn a_missing_segment_is_refused() {
    let disk = Disk::new(1);
    let mut journal = filled(&disk, 5);
    journal.checkpoint(b"five").expect("written");
    let directory = Directory::open_faulty(Path::new(ROOT), &disk).expect("opens");
    directory.remove(&segment_name(6)).expect("removed");
    let error = open(&disk).expect_err("refused");
    assert_eq!(error.state(), "XX001");
    assert!(error.to_string().ends_with("is missing"), "{error}");
}

#[test]
fn a_segment_that_has_grown_is_followed_by_another() {
    let disk = Disk::new(1);
    let mut journal = open(&disk).expect("opens").journal;
    let big = vec![7; 9 << 20];
    for _ in 0..4 {
        journal.append(std::slice::from_ref(&big)).expect("appended");
    }
    let files = super::Files::list(&Directory::open_faulty(Path::new(ROOT), &disk).expect("opens"));
    assert_eq!(files.expect("listed").segments, [1, 3]);
    assert_eq!(open(&disk).expect("opens").frames.len(), 4);
    // Damage in a segment that is not the last one is never a torn tail.
    disk.edit(&segment(1), |bytes| bytes.truncate(bytes.len() - 1));
    assert_eq!(open(&disk).expect_err("refused").state(), "XX001");
}

#[test]
fn a_commit_that_is_too_long_is_refused() {
    let disk = Disk::new(1);
    let mut journal = filled(&disk, 1);
    let long = vec![0; super::frame::PAYLOAD_BYTES_MAX + 1];
    assert_eq!(journal.append(&[long]).expect_err("too long").state(), "54000");
    journal.append(&[payload(2)]).expect("goes on");
}

/// One process' life: groups of appends and checkpoints, and after how many calls it dies.
fn lives() -> impl Strategy<Value = Vec<(Vec<u8>, u64, bool)>> {
    let steps = prop::collection::vec(0..6_u8, 0..12);
    prop::collection::vec((steps, 1..60_u64, any::<bool>()), 1..6)
}

proptest! {
    /// Whatever is acknowledged is found after any crash, and nothing is found that was not written.
    #[test]
    fn acknowledged_frames_survive(seed in any::<u64>(), lives in lives()) {
        let mut disk = Disk::new(seed);
        let mut random = Random(seed);
        let mut durable = 0;
        for (steps, calls, power) in lives {
            disk.kill_after(calls);
            if let Ok(opened) = open(&disk) {
                let mut journal = opened.journal;
                let shown = journal.last_lsn();
                prop_assert!(shown >= durable);
                durable = shown;
                for step in steps {
                    if step == 0 {
                        drop(journal.checkpoint(&journal.last_lsn().to_le_bytes()));
                        continue;
                    }
                    let next = journal.last_lsn() + 1;
                    let group: Vec<_> = (next..next + u64::from(step)).map(payload).collect();
                    let Ok(lsn) = journal.append(&group) else { break };
                    prop_assert_eq!(lsn, next + u64::from(step) - 1);
                    durable = lsn;
                }
            }
            disk = disk.crash(if power { Crash::Power } else { Crash::Process });
            let opened = open(&disk.copy()).expect("a crash never damages the journal");
            let first = opened.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.0) + 1;
            if let Some((lsn, state)) = &opened.checkpoint {
                prop_assert_eq!(state.as_slice(), &lsn.to_le_bytes());
            }
            prop_assert!(opened.journal.last_lsn() >= durable);
            check(&opened, first, opened.journal.last_lsn());
            // Tear the file a little more than the crash did: only the last write may go.
            if random.below(4) == 0 && let Some((lsn, _)) = opened.frames.last() {
                let damaged = disk.copy();
                let name = super::Files::list(&Directory::open_faulty(Path::new(ROOT), &damaged).expect("opens"))
                    .expect("listed").segments.last().copied().expect("one");
                damaged.edit(&segment(name), |bytes| bytes.truncate(bytes.len().saturating_sub(1).max(SEGMENT_HEADER_LEN)));
                prop_assert!(open(&damaged).expect("a torn tail").journal.last_lsn() <= *lsn);
            }
        }
    }
}
