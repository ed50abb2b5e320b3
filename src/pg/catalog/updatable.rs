//! Which relations may be changed, as PostgreSQL tells it of its kinds of relations (rewriteHandler.c,
//! `relation_is_updatable`): tables always, whoever asks, on a standby too; of views only simple ones. Whether a
//! statement that changes a table runs is another question.

use super::index::Entity;

/// The bit of UPDATE in what [`events`] returns (PostgreSQL's `1 << CMD_UPDATE`).
pub(crate) const UPDATE: i32 = 4;
/// The bit of INSERT.
pub(crate) const INSERT: i32 = 8;
/// The bit of DELETE.
pub(crate) const DELETE: i32 = 16;

/// PostgreSQL's own views that are simple or have rules, and how many of their first columns are columns of a table.
const VIEWS: &[(&str, i32, i32)] = &[
    ("enabled_roles", DELETE, 0),
    ("pg_group", UPDATE | INSERT | DELETE, 2),
    ("pg_settings", UPDATE, 0),
    ("pg_stat_database_conflicts", UPDATE | INSERT | DELETE, 2),
];

/// The kinds of statements that may change a relation, one bit each (`pg_relation_is_updatable`).
pub(crate) fn events(entity: &Entity) -> i32 {
    match entity.kind {
        'r' => UPDATE | INSERT | DELETE,
        'v' => view(entity).map_or(0, |(events, _)| events),
        _ => 0,
    }
}

/// Whether values of a column may be changed (`pg_column_is_updatable`); those that no table lists never.
pub(crate) fn column(entity: &Entity, number: i64) -> bool {
    let listed = 0 < number;
    match entity.kind {
        'r' => listed,
        'v' => listed && view(entity).is_some_and(|(_, columns)| number <= i64::from(columns)),
        _ => false,
    }
}

fn view(entity: &Entity) -> Option<(i32, i32)> {
    let own = VIEWS.iter().find(|(name, ..)| entity.system() && entity.name == *name);
    own.map(|(_, events, columns)| (*events, *columns))
}
