//! The byte layout of segments, frames and checkpoints; the map is in the room's contract.

use crc32c::{crc32c, crc32c_append};

/// The format this release writes, and the only one it reads.
pub(super) const FORMAT: u8 = 1;
pub(super) const SEGMENT_MAGIC: [u8; 4] = *b"FBJS";
pub(super) const CHECKPOINT_MAGIC: [u8; 4] = *b"FBJC";
pub(super) const SEGMENT_HEADER_LEN: usize = 24;
pub(super) const FRAME_HEADER_LEN: usize = 28;
pub(super) const CHECKPOINT_HEADER_LEN: usize = 32;

/// The longest payload. A longer one would have to be held in memory several times while it is written and read.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 64 << 20;

/// What a header can be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header<T> {
    /// As written.
    Good(T),
    /// Whole, of a format from another release.
    Format(u8),
    /// Not what was written.
    Damaged,
}

/// The header of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) first_lsn: u64,
    /// The CRC of the frame before its first one.
    pub(super) previous_crc: u32,
}

/// One frame, borrowed from the bytes of its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) lsn: u64,
    /// The LSN of the first frame of the write it was part of.
    pub(super) group_lsn: u64,
    pub(super) previous_crc: u32,
    pub(super) crc: u32,
    pub(super) payload: &'a [u8],
}

/// A checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Checkpoint<'a> {
    pub(super) lsn: u64,
    /// The CRC of the frame `lsn`.
    pub(super) previous_crc: u32,
    pub(super) state: &'a [u8],
}

impl SegmentHeader {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = preamble(SEGMENT_MAGIC);
        bytes.extend(self.first_lsn.to_le_bytes());
        bytes.extend(self.previous_crc.to_le_bytes());
        let crc = crc32c(&bytes);
        bytes.extend(crc.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Header<SegmentHeader> {
        let whole = u32_at(bytes, 20)
            .is_some_and(|crc| bytes.get(..20).is_some_and(|header| crc32c(header) == crc));
        match check_preamble(bytes, SEGMENT_MAGIC, whole) {
            Header::Good(()) => {}
            Header::Format(format) => return Header::Format(format),
            Header::Damaged => return Header::Damaged,
        }
        match (u64_at(bytes, 8), u32_at(bytes, 16)) {
            (Some(first_lsn), Some(previous_crc)) => {
                Header::Good(SegmentHeader { first_lsn, previous_crc })
            }
            _ => Header::Damaged,
        }
    }
}

/// Appends one frame to `bytes` and returns its CRC.
pub(super) fn encode_frame(
    bytes: &mut Vec<u8>,
    lsn: u64,
    group_lsn: u64,
    previous_crc: u32,
    payload: &[u8],
) -> u32 {
    let start = bytes.len();
    // The caller has checked the length against PAYLOAD_BYTES_MAX.
    let len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    bytes.extend(len.to_le_bytes());
    bytes.extend(lsn.to_le_bytes());
    bytes.extend(group_lsn.to_le_bytes());
    bytes.extend(previous_crc.to_le_bytes());
    let header = bytes.get(start..).unwrap_or_default();
    let crc = crc32c_append(crc32c(header), payload);
    bytes.extend(crc.to_le_bytes());
    bytes.extend(payload);
    crc
}

impl Frame<'_> {
    /// The frame at the start of `bytes`; `None` when there is no whole frame.
    pub(super) fn decode(bytes: &[u8]) -> Option<Frame<'_>> {
        let len = usize::try_from(u32_at(bytes, 0)?).ok()?;
        if len > PAYLOAD_BYTES_MAX {
            return None;
        }
        let payload = bytes.get(FRAME_HEADER_LEN..FRAME_HEADER_LEN + len)?;
        let crc = u32_at(bytes, 24)?;
        if crc32c_append(crc32c(bytes.get(..24)?), payload) != crc {
            return None;
        }
        Some(Frame {
            lsn: u64_at(bytes, 4)?,
            group_lsn: u64_at(bytes, 12)?,
            previous_crc: u32_at(bytes, 20)?,
            crc,
            payload,
        })
    }

    /// Its length on the disk.
    pub(super) fn len(&self) -> usize {
        FRAME_HEADER_LEN + self.payload.len()
    }
}

/// Whether a whole frame of a later write than the one that holds `lsn` stands anywhere in `bytes`. A write starts
/// only when the one before is durable, so then `lsn` was durable, and acknowledged.
pub(super) fn later_write_follows(bytes: &[u8], lsn: u64) -> bool {
    // No more frames than this fit: it spares almost every CRC.
    let frames_max = u64::try_from(bytes.len() / FRAME_HEADER_LEN).unwrap_or(u64::MAX);
    let near = lsn..=lsn.saturating_add(frames_max);
    (0..bytes.len()).any(|at| {
        let rest = bytes.get(at..).unwrap_or_default();
        u64_at(rest, 4).is_some_and(|found| near.contains(&found))
            && u64_at(rest, 12).is_some_and(|group| group > lsn && near.contains(&group))
            && Frame::decode(rest).is_some()
    })
}

impl Checkpoint<'_> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = preamble(CHECKPOINT_MAGIC);
        bytes.reserve(CHECKPOINT_HEADER_LEN + self.state.len());
        bytes.extend(self.lsn.to_le_bytes());
        bytes.extend(u64::try_from(self.state.len()).unwrap_or(u64::MAX).to_le_bytes());
        bytes.extend(self.previous_crc.to_le_bytes());
        let crc = crc32c_append(crc32c(&bytes), self.state);
        bytes.extend(crc.to_le_bytes());
        bytes.extend(self.state);
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Header<Checkpoint<'_>> {
        let read = || {
            let state = bytes.get(CHECKPOINT_HEADER_LEN..)?;
            let crc = crc32c_append(crc32c(bytes.get(..28)?), state);
            let whole = crc == u32_at(bytes, 28)?;
            Some(match check_preamble(bytes, CHECKPOINT_MAGIC, whole) {
                Header::Good(()) if u64_at(bytes, 16)? == u64::try_from(state.len()).ok()? => {
                    Header::Good(Checkpoint {
                        lsn: u64_at(bytes, 8)?,
                        previous_crc: u32_at(bytes, 24)?,
                        state,
                    })
                }
                Header::Format(format) => Header::Format(format),
                _ => Header::Damaged,
            })
        };
        read().unwrap_or(Header::Damaged)
    }
}

fn preamble(magic: [u8; 4]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.extend([FORMAT, 0, 0, 0]);
    bytes
}

/// Magic and format. A header that is not whole is damaged whatever its format byte says.
fn check_preamble(bytes: &[u8], magic: [u8; 4], whole: bool) -> Header<()> {
    if bytes.get(..4) != Some(&magic[..]) || !whole {
        return Header::Damaged;
    }
    match bytes.get(4) {
        Some(&FORMAT) => Header::Good(()),
        Some(&other) => Header::Format(other),
        None => Header::Damaged,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}
