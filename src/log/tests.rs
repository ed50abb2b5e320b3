use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};

use super::segment::{Content, OFFSET};
use super::{Logs, verified};
use crate::catalog::Catalog;
use crate::catalog::change::Change;
use crate::catalog::generation::{Generation, RelationIds};
use crate::catalog::log::Stamped;
use crate::catalog::roles::BOOTSTRAP_ROLE;
use crate::catalog::table::{Attribute, Default, Identity, Stamp, Table};
use crate::rows;
use crate::store::Directory;
use crate::store::faulty::{Crash, Disk, Planted, Random};
use crate::task::{Clock, Tasks};
use crate::version::objects::Objects;

const OID: u32 = 20_000;

fn table() -> Arc<Table> {
    let columns = Schema::new(vec![
        Field::new("v", DataType::Int64, true),
        Field::new("_seq", DataType::Int64, false),
        Field::new("_time", DataType::Timestamp(TimeUnit::Microsecond, None), false),
    ]);
    let attribute = |number, default: Option<Default>, identity| Attribute {
        number,
        default,
        identity,
        comment: None,
    };
    Arc::new(Table {
        name: "log".to_owned(),
        ids: RelationIds { relation: OID, row_type: OID + 1, array_type: OID + 2 },
        owner: BOOTSTRAP_ROLE.to_owned(),
        columns: Arc::new(columns),
        attributes: vec![
            attribute(1, None, None),
            attribute(2, Some(Default::Stamped(Stamp::Seq)), Some(Identity::Always)),
            attribute(3, Some(Default::Stamped(Stamp::Time)), None),
        ],
        last_number: 3,
        constraints: Vec::new(),
        indexes: Vec::new(),
        comment: None,
        is_log: true,
    })
}

/// Rows with these values, and nothing yet that the commit gives.
fn batch(table: &Table, values: &[i64]) -> RecordBatch {
    let values: Int64Array = values.iter().copied().collect();
    let (count, kind) = (values.len(), table.columns.field(2).data_type());
    let none = Arc::new(Int64Array::from(vec![0; count]));
    let times = arrow::compute::cast(&Int64Array::from(vec![0; count]), kind).expect("a time");
    let rows =
        RecordBatch::try_new(Arc::clone(&table.columns), vec![Arc::new(values), none, times]);
    Stamped::NONE.put_on(table, &rows.expect("rows")).expect("stamped")
}

/// What is promised of a log: the value of each number, `None` for one that was redacted.
#[derive(Debug, Clone, PartialEq, Default)]
struct Promise(Vec<Option<i64>>);

/// What a life has left: what was acknowledged, and what else may be so.
#[derive(Debug, Default)]
struct Life {
    kept: Promise,
    asked: Option<Promise>,
}

/// One process on a disk that may die under it.
async fn live(disk: &Disk, random: &mut Random, life: &mut Life) {
    let tasks = Tasks::new();
    let Ok(catalog) = Catalog::open_faulty(disk, Clock::System, &tasks) else {
        return;
    };
    let objects = Objects::new(tasks.clone());
    let opened = Directory::open_faulty(Path::new("/state/logs"), disk)
        .and_then(|directory| Logs::open(directory, &catalog, &objects, (&tasks, 1)));
    if let Ok(logs) = opened {
        for _ in 0..random.below(25) {
            if !step(&catalog, &logs, random, life).await {
                break;
            }
        }
    }
    drop(catalog);
    assert!(tasks.stop(Duration::from_secs(10)).await);
}

/// One step; whether the process lives on.
async fn step(catalog: &Catalog, logs: &Arc<Logs>, random: &mut Random, life: &mut Life) -> bool {
    let generation = catalog.pin();
    let Some((_, table)) = generation.table_by_oid(OID) else {
        let (schema, table) = ("public".to_owned(), table());
        let put = Change::PutTable { was: None, schema, table, seen: None, rows: None };
        return catalog.commit(vec![put]).await.is_ok();
    };
    let (rows, log) = (generation.rows(OID).expect("rows"), generation.log(OID).expect("a log"));
    match random.below(10) {
        0 => catalog.checkpoint().await.is_ok(),
        1 | 2 => logs.seal(table, rows, log).await.is_ok(),
        3 => {
            logs.reap();
            match random.below(2) {
                0 => true,
                _ => logs.merge(table, rows, log).await.is_ok(),
            }
        }
        4 if !life.kept.0.is_empty() => {
            let first = random.below(life.kept.0.len());
            let last = first + random.below(3);
            let mut asked = life.kept.clone();
            asked.0.iter_mut().skip(first).take(last - first + 1).for_each(|value| *value = None);
            life.asked = Some(asked);
            let number = |place: usize| i64::try_from(place).expect("fits") + 1;
            let done = logs.redact(OID, number(first), number(last)).await.is_ok();
            life.settle(done)
        }
        kind => {
            let count = 1 + random.below(if kind < 7 { 3 } else { 30 });
            let next = i64::try_from(life.kept.0.len()).expect("fits");
            let salt = i64::try_from(random.below(1_000)).expect("fits") * 1_000_000;
            let values: Vec<i64> = (next..).take(count).map(|value| value + salt).collect();
            let mut asked = life.kept.clone();
            asked.0.extend(values.iter().copied().map(Some));
            life.asked = Some(asked);
            let rows = batch(table, &values);
            let change = match kind < 7 {
                true => {
                    let change = rows::Change { inserted: Some(rows), ..rows::Change::default() };
                    Change::WriteRows(vec![(Arc::clone(table), Arc::new(change))])
                }
                false => match logs.write(table, rows).await {
                    Ok(files) => {
                        Change::AppendSegments { table: Arc::clone(table), files, first: None }
                    }
                    Err(_) => return life.settle(false),
                },
            };
            let done = catalog.commit_stamped(vec![change]).await;
            if let Ok((_, stamped)) = &done {
                assert_eq!(stamped.first().map(|it| it.first), Some(next + 1));
            }
            life.settle(done.is_ok())
        }
    }
}

impl Life {
    /// What was asked for is promised, or may be so; whether it was promised.
    fn settle(&mut self, done: bool) -> bool {
        if done && let Some(asked) = self.asked.take() {
            self.kept = asked;
        }
        done
    }
}

/// All rows there are after a crash.
async fn read(disk: &Disk) -> Result<Promise, String> {
    let tasks = Tasks::new();
    let catalog = Catalog::open_faulty(disk, Clock::System, &tasks).map_err(|e| e.to_string())?;
    let generation = catalog.pin();
    let directory = Directory::open_faulty(Path::new("/state/logs"), disk);
    let found = rows_of(&generation, &directory.map_err(|e| e.to_string())?);
    drop(catalog);
    tasks.stop(Duration::from_secs(10)).await;
    found
}

fn rows_of(generation: &Generation, directory: &Directory) -> Result<Promise, String> {
    let (Some(rows), Some(log)) = (generation.rows(OID), generation.log(OID)) else {
        return Ok(Promise::default());
    };
    let since = generation.since(OID).unwrap_or_default();
    let mut all = vec![None; usize::try_from(since).expect("fits")];
    let mut put = |number: i64, value: i64| {
        let place = usize::try_from(number - 1).ok().and_then(|place| all.get_mut(place));
        match place {
            Some(slot @ None) => {
                *slot = Some(value);
                Ok(())
            }
            Some(Some(_)) => Err(format!("{number} is there twice")),
            None => Err(format!("{number} is behind the end")),
        }
    };
    for (numbers, batch) in rows.parts().1 {
        let values = batch.column(0).as_primitive::<Int64Type>();
        for (number, value) in numbers.iter().zip(values.values()) {
            put(*number, *value)?;
        }
    }
    for segment in &log.segments {
        let bytes = verified(directory, OID, &segment.file).map_err(|e| e.to_string())?;
        let content = Content::without(bytes, (0, -1)).map_err(|e| e.to_string())?;
        let told = i64::try_from(content.rows()).expect("fits");
        if told != segment.file.rows {
            return Err(format!("{told} rows where {} were told", segment.file.rows));
        }
        for batch in content.batches() {
            let offsets =
                batch.column_by_name(OFFSET).expect("numbers").as_primitive::<Int64Type>();
            let values = batch.column_by_name("1").expect("values").as_primitive::<Int64Type>();
            for (offset, value) in offsets.values().iter().zip(values.values()) {
                let number = segment.first + offset;
                if segment.last < number {
                    return Err(format!("{number} is behind its segment"));
                }
                put(number, *value)?;
            }
        }
    }
    Ok(Promise(all))
}

/// Some lives of one disk.
async fn lives(seed: u64, planted: Option<Planted>) -> Result<usize, String> {
    let mut random = Random(seed);
    let mut disk = Disk::new(seed);
    disk.plant(planted);
    let mut life = Life::default();
    for _ in 0..3 {
        disk.kill_after(1 + random.next() % 90);
        live(&disk, &mut random, &mut life).await;
        disk = disk.crash([Crash::Power, Crash::Process][random.below(2)]);
        // Who has started and read it has made durable what it read.
        let found = read(&disk).await?;
        let asked = life.asked.take().is_some_and(|asked| asked == found);
        if !asked && found != life.kept {
            return Err(format!("{found:?} for {:?}", life.kept));
        }
        life.kept = found;
        // A second start sees the same.
        let copy = disk.copy();
        let again = (read(&copy).await?, read(&copy).await?);
        if again.0 != life.kept || again.1 != life.kept {
            return Err("another start sees something else".to_owned());
        }
    }
    Ok(life.kept.0.len())
}

/// Wherever the process dies, each row that was acknowledged is there once under its number, and rows of one commit are
/// there together or not at all.
#[tokio::test]
async fn kills_at_any_point_lose_and_double_no_row() {
    let mut rows = 0;
    for seed in 0..2_000 {
        let found = lives(seed, None).await;
        rows += found.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    assert!(10_000 < rows, "most lives should add rows: {rows}");
}

#[tokio::test]
async fn faults_that_are_planted_are_found() {
    for planted in [Planted::Appends, Planted::Files, Planted::Names] {
        let mut found = None;
        for seed in 0..2_000 {
            if lives(seed, Some(planted)).await.is_err() {
                found = Some(seed);
                break;
            }
        }
        assert!(found.is_some(), "{planted:?} is not found");
    }
}

/// A file that is named in this moment is not one that nobody names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_kept_while_they_come_to_be_named() {
    let (disk, tasks) = (Disk::new(1), Tasks::new());
    let catalog = Catalog::open_faulty(&disk, Clock::System, &tasks).expect("opens");
    let directory = Directory::open_faulty(Path::new("/state/logs"), &disk).expect("opens");
    let objects = Objects::new(tasks.clone());
    let logs = Logs::open(directory, &catalog, &objects, (&tasks, 1)).expect("opens");
    let put = |table| Change::PutTable {
        was: None,
        schema: "public".to_owned(),
        table,
        seen: None,
        rows: None,
    };
    catalog.commit(vec![put(table())]).await.expect("made");
    let (reaping, stop) = (Arc::clone(&logs), tasks.stop_token());
    let reaper = tasks.blocking(move || {
        while !stop.is_cancelled() {
            reaping.reap();
        }
    });
    for value in 0..500 {
        let table = Arc::clone(catalog.pin().table_by_oid(OID).expect("a log").1);
        let files = logs.write(&table, batch(&table, &[value])).await.expect("written");
        let change = Change::AppendSegments { table, files, first: None };
        catalog.commit(vec![change]).await.expect("committed");
    }
    let found = logs.verify(OID).await.expect("verified");
    drop(catalog);
    // It would go on for ever beside a test that fails.
    assert!(tasks.stop(Duration::from_secs(10)).await);
    reaper.await.expect("ended");
    let damaged = found.iter().filter(|(_, damage)| damage.is_some()).count();
    assert_eq!((found.len(), damaged), (500, 0));
}
