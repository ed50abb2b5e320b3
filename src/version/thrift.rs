//! As much of Thrift's compact protocol as it takes to distrust a Parquet file.
//!
//! The Parquet reader believes the counts and sizes it finds: it allocates for a list before it has seen its elements,
//! and for a page before it has seen its bytes. So both are walked here first, without allocating anything.
//! Every function gives `None` for bytes that are not what they claim.

/// Structures inside structures. Parquet's own schema stays below ten.
const DEPTH_MAX: u32 = 32;

/// What stands before each page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// Bytes of the page once decompressed.
    pub(super) uncompressed: u64,
    /// Bytes of the page as stored, right after the header.
    pub(super) compressed: u64,
    /// Bytes of the header itself.
    pub(super) header: u64,
}

/// Whether `bytes` hold one whole structure whose every list is as long as it says.
pub(super) fn is_structure(bytes: &[u8]) -> bool {
    Walk { bytes, at: 0 }.skip(STRUCT, 0).is_some()
}

/// How deep the schema of a Parquet footer nests. The reader builds it by recursion, from a flat list in which every
/// element says how many children follow: a million elements with one child each would end the process.
pub(super) fn schema_depth(footer: &[u8]) -> Option<usize> {
    let mut walk = Walk { bytes: footer, at: 0 };
    let mut id = 0;
    while let Some(kind) = walk.field(&mut id)? {
        if (id, kind) == (2, LIST) {
            return walk.depth_of_elements();
        }
        walk.skip(kind, 1)?;
    }
    None
}

/// Reads the page header at the start of `bytes`.
pub(super) fn page_header(bytes: &[u8]) -> Option<PageHeader> {
    let mut walk = Walk { bytes, at: 0 };
    let (mut id, mut uncompressed, mut compressed) = (0, None, None);
    while let Some(kind) = walk.field(&mut id)? {
        match (id, kind) {
            (2, I32) => uncompressed = Some(u64::try_from(walk.signed()?).ok()?),
            (3, I32) => compressed = Some(u64::try_from(walk.signed()?).ok()?),
            _ => walk.skip(kind, 1)?,
        }
    }
    let header = u64::try_from(walk.at).ok()?;
    Some(PageHeader { uncompressed: uncompressed?, compressed: compressed?, header })
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn pass(&mut self, count: usize) -> Option<()> {
        let at = self.at.checked_add(count)?;
        (at <= self.bytes.len()).then(|| self.at = at)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        let half = i64::try_from(value >> 1).ok()?;
        Some(if value & 1 == 0 { half } else { -half - 1 })
    }

    /// The kind of the next field, its number in `id`; `Some(None)` at the end of the structure.
    fn field(&mut self, id: &mut i64) -> Option<Option<u8>> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 0x0f);
        if kind == 0 {
            return Some(None);
        }
        *id = if delta == 0 { self.signed()? } else { id.checked_add(i64::from(delta))? };
        Some(Some(kind))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match kind {
            TRUE | FALSE => Some(()),
            BYTE => self.pass(1),
            I16 | I32 | I64 => self.unsigned().map(|_| ()),
            DOUBLE => self.pass(8),
            UUID => self.pass(16),
            BINARY => {
                let length = usize::try_from(self.unsigned()?).ok()?;
                self.pass(length)
            }
            LIST | SET => {
                let (count, kind) = self.count()?;
                self.skip_elements(count, &[kind], depth)
            }
            MAP => {
                let count = self.unsigned()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                self.skip_elements(count, &[kinds >> 4, kinds & 0x0f], depth)
            }
            STRUCT => {
                let mut id = 0;
                while let Some(kind) = self.field(&mut id)? {
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn count(&mut self) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        match byte >> 4 {
            15 => Some((self.unsigned()?, byte & 0x0f)),
            count => Some((u64::from(count), byte & 0x0f)),
        }
    }

    fn depth_of_elements(&mut self) -> Option<usize> {
        let (count, _) = self.count()?;
        // For each open element the children still to come.
        let mut open: Vec<u64> = Vec::new();
        let mut deepest = 0;
        for _ in 0..count {
            let children = self.children()?;
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            open.push(children);
            deepest = deepest.max(open.len());
        }
        Some(deepest)
    }

    fn children(&mut self) -> Option<u64> {
        let (mut id, mut children) = (0, 0);
        while let Some(kind) = self.field(&mut id)? {
            match (id, kind) {
                (5, I32) => children = u64::try_from(self.signed()?).ok()?,
                _ => self.skip(kind, 1)?,
            }
        }
        Some(children)
    }

    fn skip_elements(&mut self, count: u64, kinds: &[u8], depth: u32) -> Option<()> {
        // Every element takes at least one byte, so a list longer than the rest of the bytes lies.
        if count > u64::try_from(self.bytes.len() - self.at).ok()? {
            return None;
        }
        for _ in 0..count {
            for kind in kinds {
                match *kind {
                    // Inside a list a boolean has a byte of its own.
                    TRUE | FALSE => self.pass(1)?,
                    kind => self.skip(kind, depth + 1)?,
                }
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{PageHeader, is_structure, page_header, schema_depth};

    #[test]
    fn a_page_header_gives_its_sizes() {
        // type = 0, uncompressed = 300, compressed = 100, data page header { num_values = 7 }
        let bytes = [0x15, 0x00, 0x15, 0xd8, 0x04, 0x15, 0xc8, 0x01, 0x2c, 0x15, 0x0e, 0x00, 0x00];
        let header = PageHeader { uncompressed: 300, compressed: 100, header: 13 };
        assert_eq!(page_header(&bytes), Some(header));
        for length in 0..bytes.len() {
            assert_eq!(page_header(bytes.get(..length).expect("shorter")), None);
        }
        assert_eq!(page_header(&[0; 64]), None);
    }

    #[test]
    fn a_schema_tells_its_depth() {
        // field 2: a list of structures, of which each has field 5, its children
        let footer = |children: &[u8]| {
            let mut bytes = vec![0x29, 0xfc, u8::try_from(children.len()).expect("few")];
            for count in children {
                bytes.extend([0x55, count * 2, 0x00]);
            }
            bytes.push(0);
            bytes
        };
        assert_eq!(schema_depth(&footer(&[2, 0, 0])), Some(2));
        assert_eq!(schema_depth(&footer(&[3, 1, 0, 0, 2, 1, 0, 0])), Some(4));
        assert_eq!(schema_depth(&footer(&[1; 100])), Some(100));
        assert_eq!(schema_depth(&footer(&[0])), Some(1));
        assert_eq!(schema_depth(&[0]), None);
    }

    #[test]
    fn a_list_that_lies_is_no_structure() {
        // field 1: a list of 2^28 structures
        assert!(!is_structure(&[0x19, 0xfc, 0x80, 0x80, 0x80, 0x80, 0x01, 0x00, 0x00]));
        // field 1: a list of two empty structures
        assert!(is_structure(&[0x19, 0x2c, 0x00, 0x00, 0x00]));
        // structures in structures without end
        assert!(!is_structure(&[0x1c; 10_000]));
    }
}
