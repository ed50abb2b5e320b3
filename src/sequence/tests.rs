use std::sync::Arc;

use super::number::{Run, run};
use super::{Sequences, Session};
use crate::catalog::Catalog;
use crate::catalog::change::Change;
use crate::catalog::generation::RelationIds;
use crate::catalog::written::{Position, Sequence, SequenceType};
use crate::store::faulty::{Crash, Disk, Random};
use crate::task::{Clock, Tasks};

fn sequence(increment: i64, min: i64, max: i64) -> Sequence {
    Sequence {
        name: "s".to_owned(),
        ids: RelationIds { relation: 16_384, row_type: 0, array_type: 0 },
        owner: "forebay".to_owned(),
        data_type: SequenceType::BigInt,
        start: if increment > 0 { min } else { max },
        increment,
        min,
        max,
        cache: 1,
        cycle: false,
        generation: 0,
        comment: None,
        owned_by: None,
    }
}

fn put(sequence: &Sequence, was: Option<&Sequence>, at: Option<(i64, bool)>) -> Change {
    Change::PutSequence {
        was: was.map(|was| ("public".to_owned(), Arc::new(was.clone()))),
        schema: "public".to_owned(),
        sequence: Arc::new(sequence.clone()),
        position: at.map(|(last, is_called)| Position { last, is_called, turn: 0 }),
    }
}

/// Sequences of a state root, whose blocks have ten numbers.
struct Fixture {
    tasks: Tasks,
    sequences: Arc<Sequences>,
}

impl Fixture {
    async fn open(root: &tempfile::TempDir) -> Fixture {
        let tasks = Tasks::new();
        let catalog = Catalog::open(root.path(), Clock::System, &tasks).await.expect("opens");
        Fixture { tasks, sequences: Arc::new(Sequences::with_blocks(&catalog, 10)) }
    }

    async fn close(self) {
        drop(self.sequences);
        assert!(self.tasks.stop(std::time::Duration::from_secs(10)).await);
    }

    fn session(&self) -> Session {
        Session::new(&self.sequences, tokio::runtime::Handle::current())
    }

    async fn numbers(&self, count: usize) -> Vec<i64> {
        let mut numbers = Vec::new();
        for _ in 0..count {
            numbers.push(self.sequences.next(16_384, 1).await.expect("a number").first);
        }
        numbers
    }
}

#[test]
fn runs_end_where_the_sequence_does() {
    let up = sequence(3, 1, 10);
    assert_eq!(run(&up, 1, false, 1).ok(), Some(Run { first: 1, last: 1 }));
    assert_eq!(run(&up, 1, true, 1).ok(), Some(Run { first: 4, last: 4 }));
    assert_eq!(run(&up, 1, true, 100).ok(), Some(Run { first: 4, last: 10 }));
    let error = run(&up, 10, true, 1).expect_err("no more");
    assert_eq!(error.state(), "2200H");
    assert_eq!(error.to_string(), "nextval: reached maximum value of sequence \"s\" (10)");
    let again = Sequence { cycle: true, ..up };
    assert_eq!(run(&again, 10, true, 2).ok(), Some(Run { first: 1, last: 4 }));
    let down = sequence(-2, i64::MIN, -1);
    assert_eq!(run(&down, -1, true, 3).ok(), Some(Run { first: -3, last: -7 }));
    assert_eq!(run(&down, i64::MIN + 1, true, 1).expect_err("no more").state(), "2200H");
    let whole = sequence(1, i64::MIN, i64::MAX);
    let last = Run { first: i64::MAX, last: i64::MAX };
    assert_eq!(run(&whole, i64::MAX - 1, true, i64::MAX).ok(), Some(last));
    assert_eq!(run(&whole, i64::MIN, false, i64::MAX).ok().map(|run| run.last), Some(-2));
}

#[test]
fn runs_know_their_length() {
    assert_eq!(Run { first: 4, last: 10 }.len(3), 3);
    assert_eq!(Run { first: -4, last: -9 }.len(-1), 6);
    assert_eq!(Run { first: i64::MIN, last: i64::MAX }.len(1), i64::MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_that_starts_again_does_so_at_the_end_of_a_block() {
    let root = tempfile::tempdir().expect("a directory");
    let fixture = Fixture::open(&root).await;
    let made = Sequence { cycle: true, ..sequence(1, 1, 3) };
    fixture.sequences.commit(vec![put(&made, None, Some((1, false)))]).await.expect("made");
    assert_eq!(fixture.numbers(8).await, [1, 2, 3, 1, 2, 3, 1, 2]);
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_a_gap_and_a_stop_none() {
    let root = tempfile::tempdir().expect("a directory");
    let fixture = Fixture::open(&root).await;
    fixture
        .sequences
        .commit(vec![put(&sequence(1, 1, 100), None, Some((1, false)))])
        .await
        .expect("made");
    assert_eq!(fixture.numbers(3).await, [1, 2, 3]);
    assert_eq!(fixture.sequences.position(16_384), Some((3, true)));
    // Nothing is given back, as in a crash.
    fixture.close().await;

    let fixture = Fixture::open(&root).await;
    assert_eq!(fixture.sequences.position(16_384), Some((10, true)));
    assert_eq!(fixture.numbers(2).await, [11, 12]);
    fixture.sequences.give_back().await.expect("given back");
    fixture.close().await;

    let fixture = Fixture::open(&root).await;
    assert_eq!(fixture.numbers(9).await, [13, 14, 15, 16, 17, 18, 19, 20, 21]);
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_takes_the_open_block_away() {
    let root = tempfile::tempdir().expect("a directory");
    let fixture = Fixture::open(&root).await;
    let sequences = &fixture.sequences;
    let made = sequence(1, 1, 100);
    sequences.commit(vec![put(&made, None, Some((1, false)))]).await.expect("made");
    assert_eq!(fixture.numbers(2).await, [1, 2]);
    sequences.set(16_384, 10, true).await.expect("set");
    assert_eq!(fixture.numbers(1).await, [11]);
    // To where the block ended, which is no reason to go on in it.
    sequences.set(16_384, 20, true).await.expect("set");
    assert_eq!(fixture.numbers(1).await, [21]);
    // Another definition goes on where the numbers are, not behind the block.
    let wider = Sequence { increment: 5, ..made.clone() };
    sequences.commit(vec![put(&wider, Some(&made), None)]).await.expect("altered");
    assert_eq!(fixture.numbers(2).await, [26, 31]);
    // One that does not come about changes nothing.
    let stale = sequences.commit(vec![put(&made, Some(&made), None)]).await;
    assert_eq!(stale.expect_err("refused").state(), "40001");
    assert_eq!(fixture.numbers(1).await, [36]);
    let dropped =
        Change::DropSequence { schema: "public".to_owned(), name: "s".to_owned(), oid: 16_384 };
    sequences.commit(vec![dropped]).await.expect("dropped");
    assert_eq!(sequences.next(16_384, 1).await.expect_err("gone").state(), "42704");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_swept() {
    let root = tempfile::tempdir().expect("a directory");
    let fixture = Fixture::open(&root).await;
    let sequences = &fixture.sequences;
    for oid in 20_000..20_300 {
        let ids = RelationIds { relation: oid, row_type: 0, array_type: 0 };
        let made = Sequence { ids, ..sequence(1, 1, 100) };
        sequences.commit(vec![put(&made, None, Some((1, false)))]).await.expect("made");
        assert_eq!(sequences.next(oid, 1).await.expect("a number").first, 1);
        let (schema, name) = ("public".to_owned(), "s".to_owned());
        sequences.commit(vec![Change::DropSequence { schema, name, oid }]).await.expect("dropped");
    }
    let open = super::lock(&sequences.open).len();
    assert!(open <= super::OPEN_LEN_MIN, "{open}");
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_handed_out_once() {
    let root = tempfile::tempdir().expect("a directory");
    let fixture = Fixture::open(&root).await;
    let made = Arc::new(Sequence { cache: 3, ..sequence(1, 1, i64::MAX) });
    fixture.sequences.commit(vec![put(&made, None, Some((1, false)))]).await.expect("made");
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let (session, made) = (fixture.session(), Arc::clone(&made));
        tasks.push(fixture.tasks.spawn("session", async move {
            let mut own = Vec::new();
            for _ in 0..100 {
                own.push(session.next_async(&made).await.expect("a number"));
            }
            assert!(own.is_sorted(), "{own:?}");
            own
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("ends"));
    }
    all.sort_unstable();
    let count = all.len();
    all.dedup();
    assert_eq!((count, all.len()), (1_600, 1_600));
    fixture.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_keeps_what_it_cached_and_its_transaction_its_own() {
    let root = tempfile::tempdir().expect("a directory");
    let fixture = Fixture::open(&root).await;
    let made = Arc::new(Sequence { cache: 4, ..sequence(1, 1, 100) });
    let (one, two) = (fixture.session(), fixture.session());
    let change = put(&made, None, Some((1, false)));
    one.drafted(&change);
    assert_eq!(one.next(&made).ok(), Some(1));
    assert_eq!(one.position(16_384), Some((4, true)));
    assert_eq!(two.position(16_384), None);
    one.commit(vec![change]).await.expect("commits");
    let next = |session: &Session| session.next(&made).expect("a number");
    assert_eq!([next(&one), next(&two), next(&one)], [2, 5, 3]);
    assert_eq!((one.current(16_384), one.latest()), (Some(3), Some((16_384, 3))));
    one.set(16_384, 50, true).expect("set");
    assert_eq!([next(&one), next(&two)], [51, 6]);
    one.discard();
    assert_eq!((one.current(16_384), one.latest()), (None, None));
    // What is rolled back was nobody's.
    one.drafted(&put(&made, Some(&made), Some((7, false))));
    assert_eq!(one.next(&made).ok(), Some(7));
    one.set_draft(Default::default());
    assert_eq!(one.next(&made).ok(), Some(55));
    // Another definition ends what was taken by the old one.
    let again = Arc::new(Sequence { generation: 1, ..(*made).clone() });
    let change = put(&again, Some(&made), Some((90, false)));
    fixture.sequences.commit(vec![change]).await.expect("restarts");
    assert_eq!([one.next(&again).ok(), two.next(&again).ok()], [Some(90), Some(94)]);
    fixture.close().await;
}

/// What one process handed out on a disk that may die under it: the numbers, in their order.
async fn live(disk: &Disk, random: &mut Random) -> Vec<i64> {
    let tasks = Tasks::new();
    let mut numbers = Vec::new();
    let Ok(catalog) = Catalog::open_faulty(disk, Clock::System, &tasks) else { return numbers };
    let sequences = Arc::new(Sequences::with_blocks(&catalog, 10));
    let session = Session::new(&sequences, tokio::runtime::Handle::current());
    let mut made = Arc::new(sequence(1, 1, i64::MAX));
    match catalog.pin().sequence("public", "s") {
        Some(found) => made = Arc::clone(found),
        None => {
            let change = put(&made, None, Some((1, false)));
            drop(sequences.commit(vec![change]).await);
        }
    }
    for _ in 0..random.below(40) {
        match random.below(12) {
            // Another definition goes on where the numbers are.
            0 => {
                let cache = 1 + i64::try_from(random.below(4)).expect("fits");
                let generation = made.generation + 1;
                let next = Arc::new(Sequence { cache, generation, ..(*made).clone() });
                if sequences.commit(vec![put(&next, Some(&made), None)]).await.is_ok() {
                    made = next;
                }
            }
            1 => drop(catalog.checkpoint().await),
            2 => drop(sequences.give_back().await),
            _ => numbers.extend(session.next_async(&made).await.ok()),
        }
    }
    if random.below(3) == 0 {
        drop(sequences.give_back().await);
    }
    drop((session, sequences, catalog));
    assert!(tasks.stop(std::time::Duration::from_secs(10)).await);
    numbers
}

/// Wherever the process dies, no number comes twice, they grow, and what is left out is no more than the blocks and the
/// shares of sessions that were open.
#[tokio::test]
async fn kills_at_any_point_bring_no_number_twice() {
    let mut handed_out = 0;
    for seed in 0..2_000 {
        let mut random = Random(seed);
        let mut disk = Disk::new(seed);
        let (mut last, mut deaths) = (0, 0);
        for _ in 0..4 {
            disk.kill_after(1 + random.next() % 60);
            let numbers = live(&disk, &mut random).await;
            disk = disk.crash([Crash::Power, Crash::Process][random.below(2)]);
            for number in numbers {
                assert!(last < number, "seed {seed}: {number} behind {last}");
                let left_out = number - last - 1;
                assert!(left_out <= 16 * (deaths + 1), "seed {seed}: {number} behind {last}");
                (last, deaths) = (number, 0);
            }
            deaths += 1;
        }
        handed_out += usize::from(0 < last);
    }
    assert!(1_000 < handed_out, "most lives should hand out numbers: {handed_out}");
}
