//! Hashes of values as PostgreSQL makes them (hashfn.c, hashfunc.c), which statements use to number advisory locks and
//! to take samples.

use super::cells::{Call, Spec};
use super::session::specs;
use crate::error::Result;
use crate::pg::catalog::rows::Cell;

/// Every function of this kind.
pub(super) const SPECS: &[Spec] = specs! {
    "hashtext" ["t"] -> "int4" strict |call| Ok(signed(State::of(call.text(0).as_bytes(), 0).c));
    "hashtextextended" ["tn"] -> "int8" strict extended;
    "hashint2" ["n"] -> "int4" strict |call| Ok(signed(of_number(low(call.int(0)))));
    "hashint4" ["n"] -> "int4" strict |call| Ok(signed(of_number(low(call.int(0)))));
    "hashint8" ["n"] -> "int4" strict |call| Ok(signed(of_number(folded(call.int(0)))));
};

/// Jenkins' lookup3.
struct State {
    a: u32,
    b: u32,
    c: u32,
}

impl State {
    fn new(length: usize) -> State {
        let start = 0x9e37_79b9_u32.wrapping_add(low_of(length)).wrapping_add(3_923_095);
        State { a: start, b: start, c: start }
    }

    fn of(bytes: &[u8], seed: u64) -> State {
        let mut state = State::new(bytes.len());
        if seed != 0 {
            let [high, low] = halves(seed);
            state.a = state.a.wrapping_add(high);
            state.b = state.b.wrapping_add(low);
            state.mix();
        }
        let (blocks, rest) = bytes.as_chunks::<12>();
        for block in blocks {
            state.add(*block);
            state.mix();
        }
        // Of the rest the lowest byte of `c` is the length's.
        let mut last = [0; 12];
        for (at, byte) in rest.iter().enumerate() {
            if let Some(place) = last.get_mut(if at < 8 { at } else { at + 1 }) {
                *place = *byte;
            }
        }
        state.add(last);
        state.finish();
        state
    }

    fn add(&mut self, [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3]: [u8; 12]) {
        self.a = self.a.wrapping_add(u32::from_le_bytes([a0, a1, a2, a3]));
        self.b = self.b.wrapping_add(u32::from_le_bytes([b0, b1, b2, b3]));
        self.c = self.c.wrapping_add(u32::from_le_bytes([c0, c1, c2, c3]));
    }

    fn mix(&mut self) {
        let State { mut a, mut b, mut c } = *self;
        for [first, second, third] in [[4, 6, 8], [16, 19, 4]] {
            a = a.wrapping_sub(c) ^ c.rotate_left(first);
            c = c.wrapping_add(b);
            b = b.wrapping_sub(a) ^ a.rotate_left(second);
            a = a.wrapping_add(c);
            c = c.wrapping_sub(b) ^ b.rotate_left(third);
            b = b.wrapping_add(a);
        }
        *self = State { a, b, c };
    }

    fn finish(&mut self) {
        let State { mut a, mut b, mut c } = *self;
        c = (c ^ b).wrapping_sub(b.rotate_left(14));
        a = (a ^ c).wrapping_sub(c.rotate_left(11));
        b = (b ^ a).wrapping_sub(a.rotate_left(25));
        c = (c ^ b).wrapping_sub(b.rotate_left(16));
        a = (a ^ c).wrapping_sub(c.rotate_left(4));
        b = (b ^ a).wrapping_sub(a.rotate_left(14));
        c = (c ^ b).wrapping_sub(b.rotate_left(24));
        *self = State { a, b, c };
    }
}

fn extended(call: &Call<'_>) -> Result<Cell> {
    let seed = u64::from_ne_bytes(call.int(1).to_ne_bytes());
    let State { b, c, .. } = State::of(call.text(0).as_bytes(), seed);
    let hash = u64::from(b) << 32 | u64::from(c);
    Ok(Cell::Int(i64::from_ne_bytes(hash.to_ne_bytes())))
}

/// `hash_bytes_uint32`
fn of_number(number: u32) -> u32 {
    let mut state = State::new(4);
    state.a = state.a.wrapping_add(number);
    state.finish();
    state.c
}

/// A `bigint` hashes as the `integer` of its value.
fn folded(value: i64) -> u32 {
    let [high, low] = halves(u64::from_ne_bytes(value.to_ne_bytes()));
    low ^ if value < 0 { !high } else { high }
}

fn low(value: i64) -> u32 {
    let [_, low] = halves(u64::from_ne_bytes(value.to_ne_bytes()));
    low
}

fn low_of(length: usize) -> u32 {
    let [_, low] = halves(u64::try_from(length).unwrap_or(u64::MAX));
    low
}

fn halves(value: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])]
}

fn signed(hash: u32) -> Cell {
    Cell::Int(i64::from(i32::from_ne_bytes(hash.to_ne_bytes())))
}

#[cfg(test)]
mod tests {
    use super::{State, folded, of_number};

    #[test]
    fn hashes_are_those_of_postgresql() {
        let text = |text: &str| i32::from_ne_bytes(State::of(text.as_bytes(), 0).c.to_ne_bytes());
        assert_eq!(text(""), -1_477_818_771);
        assert_eq!(text("a"), 1_075_015_857);
        assert_eq!(text("hello world!"), 1_400_155_871);
        assert_eq!(text("exactly 23 characters.."), -616_175_533);
        let number = |hash: u32| i32::from_ne_bytes(hash.to_ne_bytes());
        assert_eq!(number(of_number(1)), -1_905_060_026);
        assert_eq!(number(of_number(folded(-1))), 385_747_274);
        assert_eq!(number(of_number(folded(1 << 40))), 1_851_357_687);
    }
}
