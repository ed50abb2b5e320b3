//! Transactions, snapshots and positions in the log (PostgreSQL manual, 9.27.9 and 9.84): a commit of the journal counts
//! as a transaction, its position as one in the write-ahead log.

use super::cells::{Call, Spec};
use super::session::specs;
use crate::error::{Error, Result};
use crate::pg::adt;
use crate::pg::catalog::dynamic::FROZEN_XID;
use crate::pg::catalog::rows::Cell;

/// Transactions below are PostgreSQL's own and always over (`FirstNormalTransactionId`).
const FIRST_NORMAL: i64 = 3;

const NULL: fn(&Call<'_>) -> Result<Cell> = |_| Ok(Cell::Null);

/// Every function of this kind.
pub(super) const SPECS: &[Spec] = specs! {
    "txid_current" [""] -> "int8" strict |call| Ok(Cell::Int(next(call)));
    "pg_current_xact_id" [""] -> "xid8" strict |call| Ok(Cell::Int(next(call)));
    "txid_current_if_assigned" [""] -> "int8" strict NULL;
    "pg_current_xact_id_if_assigned" [""] -> "xid8" strict NULL;
    "txid_current_snapshot" [""] -> "txid_snapshot" strict |call| Ok(Cell::from(snapshot(call)));
    "pg_current_snapshot" [""] -> "pg_snapshot" strict |call| Ok(Cell::from(snapshot(call)));
    "txid_snapshot_xmin" ["t"] -> "int8" strict |call| bounds(call.text(0)).map(|(xmin, _)| Cell::Int(xmin));
    "pg_snapshot_xmin" ["t"] -> "xid8" strict |call| bounds(call.text(0)).map(|(xmin, _)| Cell::Int(xmin));
    "txid_snapshot_xmax" ["t"] -> "int8" strict |call| bounds(call.text(0)).map(|(_, xmax)| Cell::Int(xmax));
    "pg_snapshot_xmax" ["t"] -> "xid8" strict |call| bounds(call.text(0)).map(|(_, xmax)| Cell::Int(xmax));
    "pg_export_snapshot" [""] -> "text" strict |_| Err(Error::FeatureNotSupported("snapshots cannot be exported".to_owned()));
    "txid_visible_in_snapshot" ["nt"] -> "bool" strict visible;
    "pg_visible_in_snapshot" ["nt"] -> "bool" strict visible;
    "forebay_xid_age" ["n"] -> "int4" strict |call| Ok(Cell::Int(age(call)));
    "txid_status" ["n"] -> "text" strict status;
    "pg_xact_status" ["n"] -> "text" strict status;
    "pg_current_wal_lsn" [""] -> "pg_lsn" strict position;
    "pg_current_wal_insert_lsn" [""] -> "pg_lsn" strict position;
    "pg_current_wal_flush_lsn" [""] -> "pg_lsn" strict position;
    "pg_wal_lsn_diff" ["tt"] -> "int8" strict distance;
    "pg_last_wal_receive_lsn" [""] -> "pg_lsn" strict NULL;
    "pg_last_wal_replay_lsn" [""] -> "pg_lsn" strict NULL;
    "pg_last_xact_replay_timestamp" [""] -> "timestamptz" strict NULL;
};

/// The number the next transaction would have: it moves with every commit.
fn next(call: &Call<'_>) -> i64 {
    // Tables are older than any commit.
    i64::try_from(call.facts.generation.lsn).unwrap_or(i64::MAX).saturating_add(FROZEN_XID + 1)
}

/// None is ever under way: a commit is one step.
fn snapshot(call: &Call<'_>) -> String {
    let next = next(call);
    format!("{next}:{next}:")
}

fn bounds(snapshot: &str) -> Result<(i64, i64)> {
    let mut parts = snapshot.split(':').map(|part| part.parse().ok());
    match (parts.next(), parts.next()) {
        (Some(Some(xmin)), Some(Some(xmax))) if xmin <= xmax => Ok((xmin, xmax)),
        _ => {
            let kind = "pg_snapshot".to_owned();
            Err(Error::InvalidText { kind, text: snapshot.to_owned() })
        }
    }
}

fn visible(call: &Call<'_>) -> Result<Cell> {
    let (transaction, text) = (call.int(0), call.text(1));
    let (xmin, xmax) = bounds(text)?;
    let running = || {
        text.rsplit(':')
            .next()
            .is_some_and(|listed| listed.split(',').any(|one| one.parse() == Ok(transaction)))
    };
    Ok(Cell::Bool(transaction < xmin || transaction < xmax && !running()))
}

/// What became of a transaction. Errors: 22023 for one that has not begun.
fn status(call: &Call<'_>) -> Result<Cell> {
    let transaction = call.int(0);
    if transaction == 0 {
        return Ok(Cell::Null);
    }
    if FIRST_NORMAL <= transaction && next(call) <= transaction {
        let message = format!("transaction ID {transaction} is in the future");
        return Err(Error::InvalidParameterValue(message));
    }
    Ok(Cell::from("committed"))
}

/// How many transactions ago one was (`xid_age`): PostgreSQL's own are older than any.
fn age(call: &Call<'_>) -> i64 {
    let transaction = call.int(0);
    if transaction < FIRST_NORMAL {
        return i64::from(i32::MAX);
    }
    // Numbers of transactions wrap around.
    let wrapped = (next(call) - transaction).rem_euclid(1 << 32);
    if wrapped < 1 << 31 { wrapped } else { wrapped - (1 << 32) }
}

/// How many bytes of the log lie between two places. Its type in PostgreSQL is numeric, to which the rewrite casts it.
/// Errors: 22P02; 22003 for a distance that PostgreSQL's own log never has.
fn distance(call: &Call<'_>) -> Result<Cell> {
    let [first, second] = [0, 1].map(|index| adt::position(call.text(index)));
    let (first, second) = (i128::from(first?), i128::from(second?));
    let bytes = i64::try_from(first - second);
    bytes.map(Cell::Int).map_err(|_wide| Error::NumericOutOfRange("bigint out of range".to_owned()))
}

fn position(call: &Call<'_>) -> Result<Cell> {
    let lsn = call.facts.generation.lsn;
    Ok(Cell::from(format!("{:X}/{:X}", lsn >> 32, lsn & u64::from(u32::MAX))))
}

#[cfg(test)]
mod tests {
    use super::bounds;

    #[test]
    fn snapshots_have_bounds() {
        assert_eq!(bounds("10:20:10,14").ok(), Some((10, 20)));
        assert_eq!(bounds("10:10:").ok(), Some((10, 10)));
        for wrong in ["", "10", "20:10:", "x:y:"] {
            assert!(bounds(wrong).is_err(), "{wrong}");
        }
    }
}
