//! Places: `pg_lsn` in the log (pg_lsn.c), `tid` of a row in its table (tid.c).

use super::{invalid, invalid_binary, too_short};
use crate::error::{Error, Result};
use crate::pg::types;

/// `16/B374D848`: two numbers of up to eight hexadecimal digits. Errors: 22P02.
pub(super) fn read(text: &str) -> Result<u64> {
    let half = |digits: &str| {
        let fits = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        u64::from_str_radix(digits, 16).ok().filter(|_| fits)
    };
    let halves = text.split_once('/').and_then(|(high, low)| Some((half(high)?, half(low)?)));
    halves.map(|(high, low)| high << 32 | low).ok_or_else(|| invalid(types::PG_LSN, text))
}

pub(super) fn written(lsn: u64) -> String {
    format!("{:X}/{:X}", lsn >> 32, lsn & 0xffff_ffff)
}

pub(super) fn receive(bytes: &[u8]) -> Result<String> {
    Ok(written(u64::from_be_bytes(fixed(bytes)?)))
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    if bytes.len() < N {
        return Err(too_short());
    }
    let wrong = || invalid_binary("incorrect binary data format in bind parameter");
    bytes.try_into().map_err(|_long| wrong())
}

/// `(42,7)`: a block and a row in it. Errors: 22P02.
pub(super) fn read_tid(text: &str) -> Result<(u32, u16)> {
    let body = text.trim_ascii().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let pair = body.and_then(|body| body.split_once(','));
    let numbers = pair.and_then(|(block, row)| Some((block.parse().ok()?, row.parse().ok()?)));
    numbers.ok_or_else(|| invalid(types::TID, text))
}

pub(super) fn written_tid(block: u32, row: u16) -> String {
    format!("({block},{row})")
}

/// The rows of a block of a table of ours: as many as one of PostgreSQL's holds at most (`MaxHeapTuplesPerPage` of blocks
/// of 8 KiB). Ten times more would not fit the number of a row in a block.
const BLOCK_ROWS: i64 = 291;

/// The place of row `number` of a table, counted from 0. Errors: 54000 past the last block there may be.
pub(crate) fn tid_of_row(number: i64) -> Result<String> {
    let block = u32::try_from(number / BLOCK_ROWS).ok();
    let row = u16::try_from(number % BLOCK_ROWS + 1).ok();
    let place = block.zip(row).map(|(block, row)| written_tid(block, row));
    place
        .ok_or_else(|| Error::ProgramLimitExceeded("a table has too many rows for ctid".to_owned()))
}

pub(super) fn receive_tid(bytes: &[u8]) -> Result<String> {
    let [a, b, c, d, e, f] = fixed(bytes)?;
    Ok(written_tid(u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f])))
}

pub(super) fn send_tid((block, row): (u32, u16)) -> Vec<u8> {
    [&block.to_be_bytes()[..], &row.to_be_bytes()[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::{read, read_tid, receive, receive_tid, send_tid, tid_of_row, written, written_tid};

    #[test]
    fn places_in_the_log() {
        for text in ["0/16B3748", "FFFFFFFF/FFFFFFFF", "0/0"] {
            let lsn = read(text).expect("a place");
            assert_eq!(written(lsn), text);
            assert_eq!(receive(&lsn.to_be_bytes()).expect("a place"), text);
        }
        assert_eq!(read("16/b374d848").map(written).expect("a place"), "16/B374D848");
        for text in ["", "0", "0/", "/0", "0/123456789", "g/0", "0/0 ", "+1/0"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn places_in_a_table() {
        let place = read_tid("(42,7)").expect("a place");
        assert_eq!(place, (42, 7));
        assert_eq!(receive_tid(&send_tid(place)).expect("a place"), written_tid(42, 7));
        assert!(read_tid("(1,70000)").is_err() && read_tid("1,2").is_err());
        let places = [0, 290, 291, 1_000].map(|row| tid_of_row(row).expect("a place"));
        assert_eq!(places, ["(0,1)", "(0,291)", "(1,1)", "(3,128)"]);
        assert!(tid_of_row(i64::MAX).is_err());
    }
}
