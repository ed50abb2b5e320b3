//! Broken bytes in every state, from a seed: nobody panics, nobody gets in, and the neighbours notice nothing.

use std::sync::atomic::Ordering;

use super::client::{
    CANCEL, Client, GSS, SSL, V3_0, V3_2, bind_as, close, describe, execute, flush, frame, packet,
    parse, query, startup, sync,
};
use super::{Server, careful, trusting};
use crate::pg::encodings::Encoding;

/// Frames per run. A long tier sets `FUZZ_FRAMES` when it compiles the tests; a million takes some minutes.
const FRAMES: u32 = match option_env!("FUZZ_FRAMES") {
    Some(text) => match u32::from_str_radix(text, 10) {
        Ok(frames) => frames,
        Err(_) => panic!("FUZZ_FRAMES is a number"),
    },
    None => 20_000,
};

/// How many go down one connection before the next is opened, if it lives that long.
const FRAMES_PER_CONNECTION: u32 = 20;

/// A small generator of our own: the same seed gives the same bytes on every version of every crate (SplitMix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("fits")).expect("fits")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A message that was right once.
    fn message(&mut self) -> Vec<u8> {
        let right = [
            query("select 1"),
            query("begin; fail"),
            query("rows 20"),
            parse("", "select $1", &[20]),
            parse("s", "rows 3", &[]),
            bind_as("", "", &[1], &[b"1"], &[1]),
            bind_as("p", "s", &[], &[], &[0]),
            describe(b'S', "s"),
            describe(b'P', "p"),
            execute("p", 1),
            execute("", 0),
            close(b'P', "p"),
            close(b'S', "s"),
            sync(),
            flush(),
            query("copy"),
            frame(b'd', b"1\t2\n"),
            frame(b'c', b""),
            frame(b'f', b"no\0"),
            frame(b'F', b"\0\0\0\x01\0\0\0\0\0\0"),
            frame(b'p', b"SCRAM-SHA-256\0\0\0\0\x0bn,,n=,r=abc"),
        ];
        self.one(&right).clone()
    }

    fn packet(&mut self) -> Vec<u8> {
        let right = [
            startup(V3_0, &[("user", "ann"), ("database", "x"), ("options", "-c a=b")]),
            startup(V3_2, &[("user", "ann"), ("_pq_.x", "y")]),
            packet(SSL, &[]),
            packet(GSS, &[]),
            packet(CANCEL, &[0, 0, 0, 1, 9, 9, 9, 9]),
        ];
        self.one(&right).clone()
    }

    /// What goes out next. Some stay right, so that broken ones are met deep inside a conversation too.
    fn sent(&mut self, state: State) -> Vec<u8> {
        let right = match state {
            State::Unborn if self.below(4) > 0 => self.packet(),
            _ => self.message(),
        };
        if self.below(3) == 0 { right } else { self.broken(right) }
    }

    /// Breaks bytes in one of the ways bytes break.
    fn broken(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        let at = self.below(bytes.len());
        match self.below(8) {
            0 => bytes.truncate(at),
            1 => bytes[at] = self.byte(),
            2 => bytes[at] ^= 1 << self.below(8),
            3 => bytes.insert(at, self.byte()),
            4 => {
                bytes.remove(at);
            }
            5 => bytes.extend(std::iter::repeat_with(|| 0).take(at)),
            6 => {
                // A length or a count that lies, on a border.
                let border = [0_u32, 1, 3, 4, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, u32::MAX];
                let lie = self.one(&border).to_be_bytes();
                for (byte, lie) in bytes.iter_mut().skip(at).zip(lie) {
                    *byte = lie;
                }
            }
            _ => {
                for byte in bytes.iter_mut().skip(at) {
                    *byte = self.byte();
                }
            }
        }
        bytes
    }
}

/// Where in its life a connection meets the broken bytes.
#[derive(Debug, Clone, Copy)]
enum State {
    Unborn,
    Challenged,
    Session,
    Block,
    Skipping,
    Suspended,
}

const STATES: [State; 6] = [
    State::Unborn,
    State::Challenged,
    State::Session,
    State::Block,
    State::Skipping,
    State::Suspended,
];

async fn bring(state: State, open: &Server, careful: &Server) -> Client {
    match state {
        State::Unborn => open.client().await,
        State::Challenged => {
            let mut client = careful.client().await;
            client.send(&startup(V3_0, &[("user", "ann")])).await;
            client
        }
        _ => {
            let mut client = open.session().await;
            match state {
                State::Block => client.send(&query("begin")).await,
                State::Skipping => client.send(&parse("", "syntax", &[])).await,
                State::Suspended => {
                    let open = [parse("s", "rows 9", &[]), bind_as("p", "s", &[], &[], &[])];
                    client.send(&[open.concat(), execute("p", 2)].concat()).await;
                }
                _ => {}
            }
            client
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r4_broken_frames_in_every_state() {
    let seed = 0x00f0_5eba_u64;
    println!("seed {seed:#x}, {FRAMES} frames");
    let (open, careful) = (trusting().await, careful().await);
    let mut neighbour = open.session().await;
    let mut dice = Dice(seed);
    let mut sent = 0;
    while sent < FRAMES {
        let state = *dice.one(&STATES);
        let mut client = bring(state, &open, &careful).await;
        for _ in 0..=dice.below(usize::try_from(FRAMES_PER_CONNECTION).expect("small")) {
            let bytes = dice.sent(state);
            client.try_send(&bytes).await;
            sent += 1;
        }
        if sent % 1_024 < FRAMES_PER_CONNECTION {
            assert_eq!(neighbour.ask("select 1").await.len(), 4, "the neighbour, at frame {sent}");
        }
    }
    open.check_alive().await;
    assert_eq!(careful.fake.seen.opened.load(Ordering::SeqCst), 0, "somebody got in");
    assert_eq!(open.wire.panics() + careful.wire.panics(), 0, "somebody panicked");
}

#[test]
fn r4_decoders_take_any_bytes() {
    let mut dice = Dice(7);
    let mut whole = 0;
    for _ in 0..u64::from(FRAMES) * 10 {
        let right = dice.message();
        let (tag, body) = (right[0], right[5..].to_vec());
        let body = if body.is_empty() { body } else { dice.broken(body) };
        whole += u32::from(super::super::message::decode(tag, body.into(), Encoding::Utf8).is_ok());
    }
    assert!(whole > 0, "some still decode");
}
