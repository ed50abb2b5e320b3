//! Reading a journal back: which checkpoint, which segments, and what is a torn tail.

use std::time::Duration;

use super::frame::{
    Checkpoint, Frame, Header, SEGMENT_HEADER_LEN, SegmentHeader, later_write_follows,
};
use super::{Files, Journal, Opened, checkpoint_name, count, segment_name};
use crate::error::{Error, Result};
use crate::store::{Directory, File};

/// Where the frames to be read begin.
#[derive(Debug, Default)]
struct Base {
    lsn: u64,
    crc: u32,
    state: Option<Vec<u8>>,
    damaged_checkpoints: usize,
}

pub(super) fn open(directory: Directory) -> Result<Opened> {
    directory.sweep()?;
    let files = Files::list(&directory)?;
    if files.segments.is_empty() && files.checkpoints.is_empty() {
        let header = SegmentHeader { first_lsn: 1, previous_crc: 0 };
        directory.write(&segment_name(1), &header.encode())?;
        return read(directory, &[1], Base::default());
    }
    let base = base(&directory, &files)?;
    // A checkpoint begins a segment before it is written, so the one that follows it is there.
    let first = files.segments.partition_point(|&lsn| lsn <= base.lsn);
    let segments = files.segments.get(first..).unwrap_or_default();
    if segments.first() != Some(&(base.lsn + 1)) {
        return Err(missing(&directory, base.lsn + 1));
    }
    read(directory, segments, base)
}

/// The newest checkpoint that can be read, or the very beginning.
fn base(directory: &Directory, files: &Files) -> Result<Base> {
    let mut damaged_checkpoints = 0;
    for &lsn in files.checkpoints.iter().rev() {
        let name = checkpoint_name(lsn);
        let bytes = directory.read(&name)?.unwrap_or_default();
        match Checkpoint::decode(&bytes) {
            Header::Good(found) if found.lsn == lsn => {
                let state = Some(found.state.to_vec());
                return Ok(Base { lsn, crc: found.previous_crc, state, damaged_checkpoints });
            }
            Header::Format(format) => return Err(other_format(directory, &name, format)),
            _ => {
                tracing::warn!(
                    file = %directory.path().join(&name).display(),
                    "a checkpoint is damaged; using the one before"
                );
                damaged_checkpoints += 1;
            }
        }
    }
    if damaged_checkpoints > 0 && files.segments.first() != Some(&1) {
        return Err(Error::DataCorrupted(format!(
            "all checkpoints in \"{}\" are damaged",
            directory.path().display()
        ))
        .hint("Restore the state root from a backup."));
    }
    Ok(Base { damaged_checkpoints, ..Base::default() })
}

fn read(directory: Directory, segments: &[u64], base: Base) -> Result<Opened> {
    let mut frames = Vec::new();
    let mut reached = Reached { lsn: base.lsn, crc: base.crc, good_bytes: 0, torn_bytes: 0 };
    let mut bytes = Vec::new();
    let mut bytes_since_checkpoint = 0;
    for (index, &first_lsn) in segments.iter().enumerate() {
        if first_lsn != reached.lsn + 1 {
            return Err(missing(&directory, reached.lsn + 1));
        }
        let name = segment_name(first_lsn);
        bytes = directory.read(&name)?.ok_or_else(|| missing(&directory, first_lsn))?;
        let last = index + 1 == segments.len();
        reached = read_segment(&directory, &bytes, reached, last, &mut frames)?;
        bytes_since_checkpoint += count(reached.good_bytes - SEGMENT_HEADER_LEN);
    }
    let segment_first_lsn = segments.last().copied().unwrap_or(1);
    bytes.truncate(reached.good_bytes);
    if reached.torn_bytes > 0 {
        tracing::warn!(
            file = %directory.path().join(segment_name(segment_first_lsn)).display(),
            bytes = reached.torn_bytes,
            lsn = reached.lsn + 1,
            "the journal ended in a torn write that was never acknowledged; cutting it off"
        );
    }
    let segment = settle(&directory, &segment_name(segment_first_lsn), &bytes)?;
    let journal = Journal {
        directory,
        segment,
        segment_first_lsn,
        segment_bytes: count(reached.good_bytes),
        must_roll: false,
        last_lsn: reached.lsn,
        last_crc: reached.crc,
        checkpoint_lsn: base.lsn,
        bytes_since_checkpoint,
        last_sync: Duration::ZERO,
        failure: None,
    };
    Ok(Opened {
        journal,
        checkpoint: base.state.map(|state| (base.lsn, state)),
        frames,
        truncated_bytes: count(reached.torn_bytes),
        damaged_checkpoints: base.damaged_checkpoints,
    })
}

/// How far reading has come.
#[derive(Debug, Clone, Copy)]
struct Reached {
    lsn: u64,
    crc: u32,
    /// Of the segment read last.
    good_bytes: usize,
    torn_bytes: usize,
}

fn read_segment(
    directory: &Directory,
    bytes: &[u8],
    before: Reached,
    last: bool,
    frames: &mut Vec<(u64, Vec<u8>)>,
) -> Result<Reached> {
    let name = segment_name(before.lsn + 1);
    let expected = SegmentHeader { first_lsn: before.lsn + 1, previous_crc: before.crc };
    match SegmentHeader::decode(bytes) {
        Header::Good(header) if header == expected => {}
        Header::Format(format) => return Err(other_format(directory, &name, format)),
        // Segments are put in place whole, so a header is never torn.
        _ => return Err(damaged(directory, &name, 0)),
    }
    let (mut lsn, mut crc, mut at) = (before.lsn, before.crc, SEGMENT_HEADER_LEN);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(Reached { lsn, crc, good_bytes: at, torn_bytes: 0 });
        }
        match Frame::decode(rest) {
            Some(frame) if frame.lsn == lsn + 1 && frame.previous_crc == crc => {
                frames.push((frame.lsn, frame.payload.to_vec()));
                (lsn, crc, at) = (frame.lsn, frame.crc, at + frame.len());
            }
            None if last && !later_write_follows(rest, lsn + 1) => {
                return Ok(Reached { lsn, crc, good_bytes: at, torn_bytes: rest.len() });
            }
            // A whole frame that is not the next one was never written here.
            _ => return Err(damaged(directory, &name, at)),
        }
    }
}

/// Makes the last segment hold exactly `bytes`, durably, and opens it.
fn settle(directory: &Directory, name: &str, bytes: &[u8]) -> Result<File> {
    match directory.write(name, bytes) {
        // A full disk must not keep the server from starting to serve what is there.
        Err(error) if matches!(error.bare(), Error::DiskFull(_)) => {
            let mut file = directory.append_to(name)?;
            file.truncate(count(bytes.len()))?;
            file.sync()?;
            Ok(file)
        }
        written => written.and_then(|()| directory.append_to(name)),
    }
}

fn damaged(directory: &Directory, name: &str, at: usize) -> Error {
    Error::DataCorrupted(format!(
        "journal segment \"{}\" is damaged at byte {at}",
        directory.path().join(name).display()
    ))
    .detail("Commits that were acknowledged stand there or after it, so the journal is not used.")
    .hint("Restore the state root from a backup.")
}

fn missing(directory: &Directory, lsn: u64) -> Error {
    Error::DataCorrupted(format!(
        "journal segment \"{}\" is missing",
        directory.path().join(segment_name(lsn)).display()
    ))
    .hint("Restore the state root from a backup.")
}

fn other_format(directory: &Directory, name: &str, format: u8) -> Error {
    Error::IncompatibleState(format!(
        "\"{}\" has journal format {format}, this release reads format {}",
        directory.path().join(name).display(),
        super::frame::FORMAT
    ))
    .hint("Start the release that wrote it.")
}
