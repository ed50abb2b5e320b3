//! `LISTEN "log"`: who listens to the name of a log is told, soon after rows have come, up to which number: a wake-up for
//! those that poll. The rows themselves are SUBSCRIBE's.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::engine::Engine;
use crate::task::Tasks;

/// Commits within this time are told of together.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts to tell. It ends with the engine.
pub(super) fn start(engine: &Arc<Engine>, tasks: &Tasks) {
    let (mut changes, stop) = (engine.catalog.changes(), tasks.stop_token());
    let engine = Arc::downgrade(engine);
    tasks.spawn("wakes", async move {
        let mut told = BTreeMap::new();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
            if !tell(&engine, &mut told) {
                return;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    });
}

/// Tells of the logs that have more than was told; whether the engine is still there.
fn tell(engine: &Weak<Engine>, told: &mut BTreeMap<u32, i64>) -> bool {
    let Some(engine) = engine.upgrade() else { return false };
    let generation = engine.catalog.pin();
    told.retain(|oid, _| generation.logs.contains_key(oid));
    for schema in generation.schemas.values() {
        for table in schema.tables.values().filter(|table| table.is_log) {
            let oid = table.ids.relation;
            let since = generation.since(oid).unwrap_or_default();
            if told.insert(oid, since).is_some_and(|before| since <= before) || since == 0 {
                continue;
            }
            engine.channels.tell(&table.name, &since.to_string());
            engine.channels.tell(&format!("{}.{}", schema.name, table.name), &since.to_string());
        }
    }
    true
}
