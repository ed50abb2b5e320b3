//! Journal: the one ordered, durable sequence of commits.
//!
//! Owns: the files of one directory, segments `<first LSN>.segment` and checkpoints `<LSN>.checkpoint`, the numbers
//! written with 20 digits. LSNs are dense and begin at 1. Everything is little-endian.
//!
//! ```text
//! segment     0  4  "FBJS"                     frame       0  4  length of the payload
//!             4  1  format, 1                              4  8  LSN
//!             5  3  zero                                  12  8  LSN of the first frame of the same write
//!             8  8  LSN of its first frame                20  4  CRC of the frame before (0 before LSN 1)
//!            16  4  CRC of the frame before that          24  4  CRC-32C of bytes 0..24 and the payload
//!            20  4  CRC-32C of bytes 0..20                28     payload
//!            24     frames
//!
//! checkpoint  0  4  "FBJC"                    16  8  length of the state
//!             4  1  format, 1                 24  4  CRC of the frame LSN
//!             5  3  zero                      28  4  CRC-32C of bytes 0..28 and the state
//!             8  8  LSN                       32     state
//! ```
//!
//! Invariants: [`Journal::append`] returns only what `fdatasync` has made durable; frames stand in one chain of CRCs
//! through all segments; a checkpoint at LSN `n` starts the segment `n + 1` first, so no write ever crosses one.
//!
//! What a failure leaves behind: a torn tail. A write begins only when the one before is durable, so bytes that do
//! not decode belong to the last write, which nobody was told of, unless a frame of a later write follows. The first
//! is truncated with a warning and counted; the second, and any damage in a segment that is not the last, is refused
//! with XX001. No program can tell a torn last write from one that was damaged later.
//! A full disk (53100) takes the whole write back, and the next one may succeed. Any other error, above all one from
//! fsync, ends the journal: it acknowledges nothing more until a restart has read what is on the disk.
//!
//! Imports: error, task, store. Used by: catalog.

mod frame;
mod open;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::error::{Error, Result};
use crate::store::{Directory, File};
use crate::task::Clock;
pub(crate) use frame::PAYLOAD_BYTES_MAX;
use frame::{Checkpoint, SegmentHeader};

/// A segment that has grown past this is followed by another. It bounds what is rewritten at a start and what damage
/// can take along; ten times more makes a start slow, a tenth makes many files.
const SEGMENT_BYTES_MAX: u64 = 16 << 20;

/// The one writer of a journal.
#[derive(Debug)]
pub struct Journal {
    directory: Directory,
    segment: File,
    /// The first LSN of the open segment.
    segment_first_lsn: u64,
    segment_bytes: u64,
    /// A new segment was begun and it is not known whether it is in place.
    must_roll: bool,
    last_lsn: u64,
    last_crc: u32,
    checkpoint_lsn: u64,
    bytes_since_checkpoint: u64,
    last_sync: Duration,
    failure: Option<Error>,
}

/// What [`Journal::open`] found.
#[derive(Debug)]
pub struct Opened {
    /// The journal, ready for the next commit.
    pub journal: Journal,
    /// The newest readable checkpoint: its LSN and the state as it was given.
    pub checkpoint: Option<(u64, Vec<u8>)>,
    /// LSN and payload of every frame after the checkpoint, in order.
    pub frames: Vec<(u64, Vec<u8>)>,
    /// The bytes of a torn tail that were cut off; 0 after a clean stop.
    pub truncated_bytes: u64,
    /// Newer checkpoints that were damaged and passed over.
    pub damaged_checkpoints: usize,
}

impl Journal {
    /// Opens the journal in `directory`; an empty directory becomes an empty journal. What it returns is durable:
    /// the last segment is written anew, since after a failed fsync the system may show pages that are not on disk.
    ///
    /// Errors: XX001 naming segment and position for damage before the tail, a missing segment, or checkpoints all
    /// damaged; F0000 for a format of another release; 58030, 53100.
    pub fn open(directory: Directory) -> Result<Opened> {
        open::open(directory)
    }

    /// Begins a journal in an empty directory whose first checkpoint is `state` at `lsn`. There is a journal once it
    /// returns, and none after an error.
    /// Errors: 58030, 53100.
    pub fn begin(directory: &Directory, lsn: u64, state: &[u8]) -> Result<()> {
        let header = SegmentHeader { first_lsn: lsn + 1, previous_crc: 0 };
        directory.write(&segment_name(lsn + 1), &header.encode())?;
        let checkpoint = Checkpoint { lsn, previous_crc: 0, state };
        directory.write(&checkpoint_name(lsn), &checkpoint.encode())
    }

    /// Makes one frame of each payload durable, all in one write and one `fdatasync`, and returns the last LSN.
    /// All or nothing: after an error none counts, though after a failure of the disk a restart may find them.
    ///
    /// Errors: 54000 for a payload that is too long; 53100 when the disk is full, and the journal goes on; anything
    /// else is final, and every later call answers 58030.
    pub fn append(&mut self, payloads: &[Vec<u8>]) -> Result<u64> {
        self.check()?;
        if payloads.is_empty() {
            return Ok(self.last_lsn);
        }
        if let Some(long) = payloads.iter().find(|it| it.len() > PAYLOAD_BYTES_MAX) {
            return Err(Error::ProgramLimitExceeded(format!(
                "a commit of {} bytes exceeds the limit of {} bytes",
                long.len(),
                PAYLOAD_BYTES_MAX
            )));
        }
        if self.must_roll || self.segment_bytes > SEGMENT_BYTES_MAX {
            self.roll()?;
        }
        let group_lsn = self.last_lsn + 1;
        let (mut lsn, mut crc, mut bytes) = (self.last_lsn, self.last_crc, Vec::new());
        for payload in payloads {
            lsn += 1;
            crc = frame::encode_frame(&mut bytes, lsn, group_lsn, crc, payload);
        }
        if let Err(error) = self.segment.append(&bytes) {
            return Err(self.take_back(error));
        }
        let begun = Clock::instant();
        if let Err(error) = self.segment.sync() {
            return Err(self.fail(error));
        }
        self.last_sync = begun.elapsed();
        let len = count(bytes.len());
        self.segment_bytes += len;
        self.bytes_since_checkpoint += len;
        (self.last_lsn, self.last_crc) = (lsn, crc);
        Ok(lsn)
    }

    /// Writes `state`, everything folded up to the last LSN, and removes what two checkpoints back needed. The
    /// checkpoint before stays, with the frames since: a damaged newest one falls back to it.
    ///
    /// Errors: as [`Journal::append`]; when only the checkpoint itself cannot be written, the journal goes on.
    pub fn checkpoint(&mut self, state: &[u8]) -> Result<()> {
        self.check()?;
        if self.last_lsn == self.checkpoint_lsn {
            return Ok(());
        }
        if self.segment_first_lsn <= self.last_lsn || self.must_roll {
            self.roll()?;
        }
        let checkpoint = Checkpoint { lsn: self.last_lsn, previous_crc: self.last_crc, state };
        self.directory.write(&checkpoint_name(self.last_lsn), &checkpoint.encode())?;
        let kept_lsn = std::mem::replace(&mut self.checkpoint_lsn, self.last_lsn);
        self.bytes_since_checkpoint = 0;
        if let Err(error) = self.trim(kept_lsn) {
            tracing::warn!(%error, "could not remove old parts of the journal; the next checkpoint tries again");
        }
        Ok(())
    }

    /// The LSN of the newest durable frame; 0 before the first.
    pub fn last_lsn(&self) -> u64 {
        self.last_lsn
    }

    /// How long the last sync took; nothing before the first.
    pub fn last_sync(&self) -> Duration {
        self.last_sync
    }

    /// Frames and bytes since the last checkpoint.
    pub fn since_checkpoint(&self) -> (u64, u64) {
        (self.last_lsn - self.checkpoint_lsn, self.bytes_since_checkpoint)
    }

    /// Why the journal takes no more commits, if it does not.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    fn check(&self) -> Result<()> {
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// After a write that failed: cuts the segment back to its last good frame, durably, so that what was refused
    /// cannot appear after a crash.
    fn take_back(&mut self, error: Error) -> Error {
        if !matches!(error.bare(), Error::DiskFull(_)) {
            return self.fail(error);
        }
        match self.segment.truncate(self.segment_bytes).and_then(|()| self.segment.sync()) {
            Ok(()) => error,
            Err(second) => self.fail(second),
        }
    }

    /// Begins the next segment. Without space nothing has changed and the next append tries again.
    fn roll(&mut self) -> Result<()> {
        self.must_roll = true;
        let header = SegmentHeader { first_lsn: self.last_lsn + 1, previous_crc: self.last_crc };
        let name = segment_name(header.first_lsn);
        let opened = self
            .directory
            .write(&name, &header.encode())
            .and_then(|()| self.directory.append_to(&name));
        match opened {
            Ok(segment) => self.segment = segment,
            Err(error) if matches!(error.bare(), Error::DiskFull(_)) => return Err(error),
            Err(error) => return Err(self.fail(error)),
        }
        self.segment_first_lsn = header.first_lsn;
        self.segment_bytes = count(frame::SEGMENT_HEADER_LEN);
        self.must_roll = false;
        Ok(())
    }

    /// Ends the journal; `error` is told once as it is, later calls get what is known of it.
    fn fail(&mut self, error: Error) -> Error {
        tracing::error!(%error, detail = error.notes().detail, "the journal has failed; no commit will succeed until a restart");
        let failure = Error::JournalFailed(format!("the journal has failed: {error}"))
            .hint("Check the disk of the state root, then restart the server.");
        let failure = match error.notes().detail {
            Some(detail) => failure.detail(detail),
            None => failure,
        };
        self.failure = Some(failure);
        error
    }

    /// Removes checkpoints other than the newest and the one at `kept_lsn`, and segments before the latter.
    fn trim(&self, kept_lsn: u64) -> Result<()> {
        let files = Files::list(&self.directory)?;
        for lsn in files.checkpoints {
            if lsn != self.checkpoint_lsn && lsn != kept_lsn {
                self.directory.remove(&checkpoint_name(lsn))?;
            }
        }
        for pair in files.segments.windows(2) {
            if let &[first_lsn, next_lsn] = pair
                && next_lsn <= kept_lsn + 1
            {
                self.directory.remove(&segment_name(first_lsn))?;
            }
        }
        Ok(())
    }
}

/// The files of a journal by their LSNs, ascending.
#[derive(Debug, Default)]
struct Files {
    segments: Vec<u64>,
    checkpoints: Vec<u64>,
}

impl Files {
    fn list(directory: &Directory) -> Result<Files> {
        let mut files = Files::default();
        for name in directory.list()? {
            let kind = name.rsplit_once('.').map(|(lsn, kind)| (lsn.parse::<u64>(), kind));
            match kind {
                Some((Ok(lsn), "segment")) if name == segment_name(lsn) => files.segments.push(lsn),
                Some((Ok(lsn), "checkpoint")) if name == checkpoint_name(lsn) => {
                    files.checkpoints.push(lsn);
                }
                _ => tracing::warn!(file = name, "a file in the journal is not part of it"),
            }
        }
        Ok(files)
    }
}

fn segment_name(first_lsn: u64) -> String {
    format!("{first_lsn:020}.segment")
}

fn checkpoint_name(lsn: u64) -> String {
    format!("{lsn:020}.checkpoint")
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
